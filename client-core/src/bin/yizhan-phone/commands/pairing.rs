//! `pair`, `register`, `whoami`.

use std::fs::File;
use std::io::{BufRead as _, Read as _};
use std::path::Path;

use serde_json::json;
use yizhan_client_core::Client;
use yizhan_client_core::transport::http::HttpTransport;
use yizhan_client_core::transport::{Link, LinkKind, RelayUrl};
use yizhan_proto::Role;
use yizhan_proto::identity::Identity;
use yizhan_proto::outside::OUTSIDE_TOKEN_BYTES_MAX;

use super::facts;
use crate::failure::Failure;
use crate::output::{Output, labelled};

/// Bytes of a line that is read: far more than a QR says.
const LINE_BYTES_MAX: u64 = 4 * 1024;

pub(crate) fn pair(
    client: &mut Client,
    url: &str,
    code: Option<&str>,
    label: &str,
    output: Output,
) -> Result<(), Failure> {
    let (relay, code) = match code {
        Some("-") => (url.parse()?, typed_in()?),
        Some(code) => (url.parse()?, code.to_owned()),
        None if url == "-" => link(&typed_in()?, LinkKind::Pair)?,
        None => link(url, LinkKind::Pair)?,
    };
    warn_if_readable(&relay, output);
    let mut transport = HttpTransport::new(relay.clone());
    let identity = client.pair(&mut transport, &relay, &code, label)?;
    greet(client, &identity, &relay, output)
}

pub(crate) fn pair_outside(
    client: &mut Client,
    url: &str,
    token_file: &Path,
    label: &str,
    output: Output,
) -> Result<(), Failure> {
    let relay: RelayUrl = url.parse()?;
    warn_if_readable(&relay, output);
    let mut token = String::new();
    // One byte more than a token may have, so that the relay says so of a longer one.
    File::open(token_file)
        .and_then(|file| {
            file.take(OUTSIDE_TOKEN_BYTES_MAX as u64 + 1)
                .read_to_string(&mut token)
        })
        .map_err(|error| {
            Failure::usage(format!("{} cannot be read: {error}", token_file.display()))
        })?;
    let mut transport = HttpTransport::new(relay.clone());
    let identity = client.pair_outside(&mut transport, &relay, token.trim(), label)?;
    greet(client, &identity, &relay, output)
}

pub(crate) fn register(
    client: &mut Client,
    url: &str,
    name: &str,
    label: &str,
    output: Output,
) -> Result<(), Failure> {
    let (relay, code) = link(url, LinkKind::Register)?;
    warn_if_readable(&relay, output);
    let mut transport = HttpTransport::new(relay.clone());
    let identity = client.register(&mut transport, &relay, &code, name, label)?;
    greet(client, &identity, &relay, output)
}

/// A line of standard input: what stands in a command can be seen by others on this machine.
fn typed_in() -> Result<String, Failure> {
    let mut line = String::new();
    let input = std::io::stdin().lock();
    let read = input.take(LINE_BYTES_MAX).read_line(&mut line);
    let line = line.trim();
    if read.is_err() || line.is_empty() {
        return Err(Failure::usage(
            "standard input has no line with the code; type or pipe it there",
        ));
    }
    Ok(line.to_owned())
}

/// What a QR says, if it is of the kind that is wanted here.
fn link(url: &str, wanted: LinkKind) -> Result<(RelayUrl, String), Failure> {
    let link: Link = url.parse()?;
    if link.kind == wanted {
        return Ok((link.relay, link.code));
    }
    Err(Failure::usage(match link.kind {
        LinkKind::Pair => "this is the QR of a pairing; use `yizhan-phone pair` with it",
        LinkKind::Register => {
            "this is the standing QR of a station; use `yizhan-phone register` with it"
        }
    }))
}

fn warn_if_readable(relay: &RelayUrl, output: Output) {
    if relay.is_readable_on_the_way() && !output.json {
        output.remark(&format!(
            "warning: {relay} is plain HTTP: others on the way can read what is sent; use https where you can"
        ));
    }
}

fn greet(
    client: &Client,
    identity: &Identity,
    relay: &RelayUrl,
    output: Output,
) -> Result<(), Failure> {
    let device = client.device()?;
    let roles = roles(&identity.roles);
    let value = json!({
        "id": identity.person.to_string(),
        "name": identity.name,
        "roles": roles,
        "device": device.device.to_string(),
        "relay": relay.as_str(),
    });
    let shown = roles_for_people(client, &identity.roles)?;
    output.result(&value, || {
        format!(
            "this phone acts for {} ({shown}) at {relay}; next: yizhan-phone sync\n",
            identity.name
        )
    })
}

fn roles(roles: &[Role]) -> Vec<String> {
    roles.iter().map(Role::to_string).collect()
}

/// Roles for people: with the keys of the stations that this phone knows.
fn roles_for_people(client: &Client, roles: &[Role]) -> Result<String, Failure> {
    let stations = client.stations()?;
    let named: Vec<String> = roles
        .iter()
        .map(|role| {
            let text = role.to_string();
            let key = text.split_once('@').and_then(|(name, id)| {
                let row = stations.iter().find(|row| row.id.to_string() == id)?;
                Some(format!("{name}@{}", row.key))
            });
            key.unwrap_or(text)
        })
        .collect();
    Ok(named.join(", "))
}

pub(crate) fn whoami(client: &Client, output: Output) -> Result<(), Failure> {
    let device = client.device()?;
    let identity = device.identity.as_ref();
    let name = identity.map(|identity| identity.name.clone());
    let roles = identity.map_or_else(Vec::new, |identity| roles(&identity.roles));
    let scopes: Vec<String> = identity.map_or_else(Vec::new, |identity| {
        identity.scopes.iter().map(ToString::to_string).collect()
    });
    let shown = match identity {
        Some(identity) => roles_for_people(client, &identity.roles)?,
        None => String::new(),
    };
    let value = json!({
        "id": device.person.to_string(),
        "name": name,
        "roles": roles,
        "scopes": scopes,
        "device": device.device.to_string(),
        "provisional": device.provisional.to_string(),
        "paired": identity.is_some(),
        "relay": device.relay_url,
        "epoch": facts::text(device.epoch),
    });
    output.result(&value, || {
        let mut text = labelled("person", &device.person.to_string());
        match &name {
            Some(name) => text.push_str(&labelled("name", name)),
            None => text.push_str(&labelled(
                "name",
                "none yet: this phone is not paired; what it writes is kept and sent once it is",
            )),
        }
        if !shown.is_empty() {
            text.push_str(&labelled("roles", &shown));
        }
        text.push_str(&labelled("device", &device.device.to_string()));
        if let Some(relay) = &device.relay_url {
            text.push_str(&labelled("relay", relay));
        }
        text
    })
}
