//! `yizhan device …`.

use std::path::Path;

use super::args::Device as Command;
use super::relay::{Relay, named, part};
use super::{Failure, Output, text};
use crate::admin::{Device, Person};

pub(super) fn obey(data: &Path, command: Command, output: &mut Output) -> Result<(), Failure> {
    match command {
        Command::List => list(data, output),
        Command::Revoke { device, wipe } => revoke(data, &device, wipe, output),
    }
}

fn list(data: &Path, output: &mut Output) -> Result<(), Failure> {
    let relay = Relay::find(data)?;
    let devices: Vec<Device> = relay.get("devices")?;
    let people: Vec<Person> = if output.is_json() {
        Vec::new()
    } else {
        relay.get("people")?
    };
    output.say(&devices, |devices| {
        if devices.is_empty() {
            return "no devices yet; pair one: yizhan pair PERSON".to_owned();
        }
        let name = |id: &str| {
            people
                .iter()
                .find(|person| person.id == id)
                .map_or_else(|| id.to_owned(), |person| person.name.clone())
        };
        let time = |time: &Option<String>| time.as_deref().map(text::local).unwrap_or_default();
        let rows: Vec<Vec<String>> = devices
            .iter()
            .map(|device| {
                vec![
                    device.id.clone(),
                    name(&device.person),
                    device.label.clone(),
                    text::local(&device.created_at),
                    time(&device.last_seen_at),
                    time(&device.revoked_at),
                    wiped(device),
                ]
            })
            .collect();
        text::table(
            &[
                "ID",
                "PERSON",
                "LABEL",
                "PAIRED",
                "LAST SEEN",
                "REVOKED",
                "WIPED",
            ],
            &rows,
        )
    })
}

/// When it was wiped, or that it is to be.
fn wiped(device: &Device) -> String {
    match (&device.wiped_at, &device.wipe_ordered_at) {
        (Some(at), _) => text::local(at),
        (None, Some(_)) => "at next contact".to_owned(),
        (None, None) => String::new(),
    }
}

fn revoke(data: &Path, device: &str, wipe: bool, output: &mut Output) -> Result<(), Failure> {
    let relay = Relay::find(data)?;
    let devices: Vec<Device> = relay.get("devices")?;
    let device = named("device", device, &devices, |d| &d.id, |d| &d.label)?;
    let verb = if wipe { "wipe" } else { "revoke" };
    let path = format!("devices/{}/{verb}", part(&device.id));
    let revoked: Device = relay.post(&path, &serde_json::json!({}))?;
    output.say(&revoked, |device| {
        let then = match (&device.wiped_at, &device.wipe_ordered_at) {
            (Some(at), _) => format!("; it erased itself on {}", text::local(at)),
            (None, Some(_)) => "; it erases itself at its next contact".to_owned(),
            (None, None) => String::new(),
        };
        format!("revoked {}; what it sent stays{then}", device.id)
    })
}
