//! `keeper …`: whose turn it is on a shared tablet.

use std::io::{self, Write as _};
use std::path::Path;
use std::sync::Arc;

use serde_json::{Value, json};
use yizhan_client_core::Client;
use yizhan_client_core::clock::SystemClock;
use yizhan_client_core::tablet::{KeeperInfo, Pin, Profile, Tablet, TabletError};
use yizhan_client_core::transport::http::HttpTransport;

use super::sync;
use crate::args::KeeperCommand;
use crate::failure::Failure;
use crate::output::{Output, count, table};

pub(crate) fn run(home: &Path, command: &KeeperCommand, output: Output) -> Result<(), Failure> {
    let clock = SystemClock::new();
    let tablet = || Tablet::at(home).ok_or(TabletError::NotShared);
    match command {
        KeeperCommand::Add { name, pin } => {
            let pin = ask(
                pin.as_deref(),
                &format!("PIN for {name} (4 to 12 digits)"),
                output,
            )?;
            Tablet::add(home, name, &pin, &clock)?;
            let value = json!({ "id": name.trim() });
            output.result(&value, || {
                format!("{name} added; next: yizhan-phone keeper switch {name}, then pair\n")
            })
        }
        KeeperCommand::List => list(&tablet()?, output),
        KeeperCommand::Switch { name, pin, no_sync } => {
            let tablet = tablet()?;
            let pin = ask(pin.as_deref(), &format!("PIN of {name}"), output)?;
            let before = tablet.current().ok();
            let profile = tablet.switch(name, &pin, &clock)?;
            let value = json!({ "id": profile.name });
            output.result(&value, || format!("it is the turn of {}\n", profile.name))?;
            let before = before.filter(|before| before.home != profile.home);
            send_later(before, *no_sync, output)
        }
        KeeperCommand::Lock { no_sync } => {
            let tablet = tablet()?;
            let before = tablet.current().ok();
            tablet.lock()?;
            output.result(&json!({ "locked": true }), || {
                "the tablet is locked\n".to_owned()
            })?;
            send_later(before, *no_sync, output)
        }
        KeeperCommand::Remove { name, pin } => {
            let pin = pin.as_deref().map(Pin::read).transpose()?;
            remove(&tablet()?, name, pin.as_ref(), output)
        }
        KeeperCommand::SetPin { name, pin, new_pin } => {
            let tablet = tablet()?;
            let old = ask(pin.as_deref(), &format!("PIN of {name} so far"), output)?;
            let new = ask(new_pin.as_deref(), "new PIN (4 to 12 digits)", output)?;
            tablet.set_pin(name, &old, &new, &clock)?;
            output.result(&json!({ "id": name }), || format!("{name} has a new PIN\n"))
        }
    }
}

/// Sends what waits, if the keeper is there to open the profile, and removes it.
fn remove(tablet: &Tablet, name: &str, pin: Option<&Pin>, output: Output) -> Result<(), Failure> {
    let mut key = None;
    match pin {
        Some(pin) => {
            let profile = tablet.unlock(name, pin, &SystemClock::new())?;
            key.clone_from(&profile.keys.database);
            send_later(Some(profile), false, output)?;
        }
        // Not whoever passes by: somebody has to be there who keeps this tablet.
        None => drop(tablet.current()?),
    }
    let device = tablet.remove(name, key.as_ref())?;
    let name = name.trim();
    let device = device.map(|device| device.to_string());
    output.result(&json!({ "id": name, "device": device }), || {
        let then = device.as_ref().map_or_else(String::new, |device| {
            format!("; have the device revoked at the relay: yizhan device revoke {device}")
        });
        format!("{name} keeps this tablet no more, and nothing of theirs is on it{then}\n")
    })
}

/// What waits on a tablet, for whoever stands before it.
pub(crate) fn waiting(tablet: &Tablet, output: Output) -> Result<(), Failure> {
    let keepers = tablet.keepers()?;
    let is_locked = !keepers.iter().any(|keeper| keeper.is_current);
    let value = json!({ "locked": is_locked, "keepers": values(&keepers) });
    output.result(&value, || {
        let mut text = String::new();
        if is_locked {
            text.push_str("the tablet is locked; open it: yizhan-phone keeper switch NAME\n");
        }
        for keeper in keepers.iter().filter(|keeper| !keeper.is_current) {
            if let Some(unsent) = keeper.unsent.filter(|unsent| *unsent > 0) {
                let verb = if unsent == 1 { "waits" } else { "wait" };
                let unsent = count(unsent, "change");
                text.push_str(&format!(
                    "{unsent} of {} {verb} for their PIN\n",
                    keeper.name
                ));
            }
        }
        text
    })
}

fn list(tablet: &Tablet, output: Output) -> Result<(), Failure> {
    let keepers = tablet.keepers()?;
    output.result(&values(&keepers), || {
        let rows: Vec<Vec<String>> = keepers
            .iter()
            .map(|keeper| {
                let turn = if keeper.is_current { "open" } else { "locked" };
                let unsent = keeper
                    .unsent
                    .map_or_else(|| "?".to_owned(), |n| n.to_string());
                vec![keeper.name.clone(), turn.to_owned(), unsent]
            })
            .collect();
        table(&["keeper", "profile", "unsent"], &rows, "nobody yet")
    })
}

fn values(keepers: &[KeeperInfo]) -> Value {
    let value = |keeper: &KeeperInfo| {
        json!({
            "id": keeper.name,
            "open": keeper.is_current,
            "unsent_changes": keeper.unsent,
        })
    };
    keepers.iter().map(value).collect()
}

/// Sends what the keeper before has not sent, if there is coverage. It was locked before, so
/// nothing waits for this; whatever does not go stays for that keeper's next turn.
fn send_later(before: Option<Profile>, no_sync: bool, output: Output) -> Result<(), Failure> {
    let Some(before) = before.filter(|_| !no_sync) else {
        return Ok(());
    };
    let mut client = Client::open_with(&before.home, Arc::new(SystemClock::new()), &before.keys)?;
    if client.status()?.unsent_changes == 0 {
        return Ok(());
    }
    let sent = match sync::relay(&client) {
        Ok(relay) => client.sync(&mut HttpTransport::new(relay)).is_ok(),
        Err(_) => false,
    };
    let unsent = client.status()?.unsent_changes;
    if !sent && unsent > 0 && !output.json {
        let unsent = count(unsent, "change");
        output.remark(&format!(
            "{unsent} of {} could not be sent; nothing is lost: it goes at their next turn",
            before.name
        ));
    }
    Ok(())
}

/// A PIN that was given, or is asked for.
fn ask(given: Option<&str>, what: &str, output: Output) -> Result<Pin, Failure> {
    if let Some(given) = given {
        return Ok(Pin::read(given)?);
    }
    if !output.can_ask() {
        return Err(Failure::usage(
            "the PIN is needed: --pin PIN, or the variable YIZHAN_PIN",
        ));
    }
    let mut err = io::stderr();
    let mut typed = String::new();
    let asked = write!(err, "{what}: ").and_then(|()| err.flush());
    let read = asked.and_then(|()| io::stdin().read_line(&mut typed));
    match read {
        Ok(_) => Ok(Pin::read(&typed)?),
        Err(error) => Err(Failure::Output(error)),
    }
}
