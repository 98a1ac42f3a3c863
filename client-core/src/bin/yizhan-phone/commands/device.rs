//! `device …`, `person …`, and what is said of a phone that erased itself.

use std::fmt::Write as _;
use std::path::Path;

use serde_json::json;
use yizhan_client_core::Client;
use yizhan_client_core::client::confirm_wipe;
use yizhan_client_core::store::WipedNote;
use yizhan_client_core::transport::http::HttpTransport;

use super::sync;
use crate::args::{Command, DeviceCommand, PersonCommand};
use crate::failure::Failure;
use crate::names;
use crate::output::Output;

pub(crate) fn run(
    client: &mut Client,
    command: &DeviceCommand,
    output: Output,
) -> Result<(), Failure> {
    match command {
        DeviceCommand::RotateKey => {
            let mut transport = HttpTransport::new(sync::relay(client)?);
            let key = client.rotate_key(&mut transport)?;
            let key = key.iter().fold(String::new(), |mut text, byte| {
                // Writing to a String cannot fail.
                let _ = write!(text, "{byte:02x}");
                text
            });
            let device = client.device()?.device.to_string();
            let value = json!({ "id": device, "public_key": key });
            output.result(&value, || {
                format!("{device} has a new key; codes shown before stay good\n")
            })
        }
    }
}

/// `person …`: a coordinator says that two drivers are one.
pub(crate) fn person(
    client: &mut Client,
    command: &PersonCommand,
    output: Output,
) -> Result<(), Failure> {
    let PersonCommand::Merge { keep, other } = command;
    let (keep, _) = names::person(client, keep)?;
    let (other, _) = names::person(client, other)?;
    let mut transport = HttpTransport::new(sync::relay(client)?);
    // Renews the access, and shows the coordinator what both are before they are one.
    client.sync(&mut transport)?;
    let merged = client.merge_people(&mut transport, keep, other)?;
    let aliases: Vec<String> = merged.aliases.iter().map(ToString::to_string).collect();
    let value = json!({ "id": merged.person.to_string(), "name": merged.name, "aliases": aliases });
    output.result(&value, || {
        format!(
            "{} is one person from now on; nothing was rewritten\n",
            merged.name
        )
    })
}

/// A phone that erased itself tells its relay so when it is to sync, if it has not yet. What the
/// relay answers changes nothing here.
pub(crate) fn tell_if_wiped(home: &Path, command: &Command) {
    let Ok(Some(note)) = WipedNote::find(home) else {
        return;
    };
    if note.is_told || !matches!(command, Command::Sync { .. }) {
        return;
    }
    if let Some(Ok(relay)) = note.relay_url.map(|url| url.parse()) {
        let _ = confirm_wipe(home, &mut HttpTransport::new(relay));
    }
}
