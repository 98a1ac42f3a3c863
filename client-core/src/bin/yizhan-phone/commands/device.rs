//! `device …`, `store …`, `person …`, and what is said of a phone that erased itself.

use std::fmt::Write as _;
use std::path::Path;

use serde_json::json;
use yizhan_client_core::Client;
use yizhan_client_core::client::confirm_wipe;
use yizhan_client_core::error::ClientError;
use yizhan_client_core::store::{DatabaseKey, WipedNote, encrypt, is_home};
use yizhan_client_core::transport::http::HttpTransport;

use super::sync;
use crate::args::{Command, DeviceCommand, PersonCommand, StoreCommand};
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

/// `person …`: a coordinator, or one of the two, says that two drivers are one.
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
    let waits = merged.waits.unwrap_or(false);
    let value = json!({
        "id": merged.person.to_string(),
        "name": merged.name,
        "aliases": aliases,
        "waits": waits,
    });
    output.result(&value, || {
        if waits {
            "noted; they are one when all three have said so within an hour: the coordinator, and\n\
             each of the two on a phone of their own. If a phone is lost, ask the operator\n"
                .to_owned()
        } else {
            format!(
                "{} is one person from now on; nothing was rewritten\n",
                merged.name
            )
        }
    })
}

/// The key of a file: 32 bytes, or 64 hexadecimal digits.
pub(crate) fn database_key(file: &Path) -> Result<DatabaseKey, Failure> {
    let shown = file.display();
    let kept = std::fs::read(file)
        .map_err(|error| Failure::usage(format!("the key file {shown} cannot be read: {error}")))?;
    if let Ok(key) = <[u8; 32]>::try_from(kept.as_slice()) {
        return Ok(DatabaseKey(key));
    }
    let wrong = || {
        Failure::usage(format!(
            "the key file {shown} holds neither 32 bytes nor 64 hexadecimal digits"
        ))
    };
    let digits = std::str::from_utf8(&kept).map_err(|_| wrong())?.trim();
    if digits.len() != 64 || !digits.is_ascii() {
        return Err(wrong());
    }
    let mut key = [0; 32];
    for (byte, at) in key.iter_mut().zip((0..).step_by(2)) {
        *byte = u8::from_str_radix(&digits[at..at + 2], 16).map_err(|_| wrong())?;
    }
    Ok(DatabaseKey(key))
}

/// `store …`: the files themselves, before anything opens them.
pub(crate) fn store(
    home: &Path,
    command: &StoreCommand,
    key: Option<DatabaseKey>,
    output: Output,
) -> Result<(), Failure> {
    let StoreCommand::Encrypt = command;
    let key = key.ok_or_else(|| Failure::usage("name the key: --key-file FILE"))?;
    if !is_home(home) {
        return Err(Failure::NotFound(format!(
            "there is no store in {} to encrypt; a new one is made so with --key-file FILE",
            home.display()
        )));
    }
    encrypt(home, &key).map_err(|error| Failure::from(ClientError::from(error)))?;
    let value = json!({ "id": home.display().to_string() });
    output.result(&value, || {
        "the store is encrypted; whoever loses its key loses what is not at the relay\n".to_owned()
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
