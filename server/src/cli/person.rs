//! `yizhan person …` and `yizhan pair`.

use std::path::Path;

use super::args::{Pair, Person as Command};
use super::relay::{Relay, named, part};
use super::{Failure, Output, text};
use crate::admin::{NewPairCode, NewPerson, PairCode, Person, Station};

pub(super) fn obey(data: &Path, command: Command, output: &mut Output) -> Result<(), Failure> {
    match command {
        Command::Add { name, roles } => add(data, name, roles, output),
        Command::List => list(data, output),
    }
}

fn add(data: &Path, name: String, roles: Vec<String>, output: &mut Output) -> Result<(), Failure> {
    let person: Person = Relay::find(data)?.post("people", &NewPerson { name, roles })?;
    output.say(&person, |person| {
        format!(
            "added {} ({})\nPair a phone: yizhan pair {}",
            person.name, person.id, person.id
        )
    })
}

fn list(data: &Path, output: &mut Output) -> Result<(), Failure> {
    let relay = Relay::find(data)?;
    let people: Vec<Person> = relay.get("people")?;
    let stations: Vec<Station> = if output.is_json() {
        Vec::new()
    } else {
        relay.get("stations")?
    };
    output.say(&people, |people| {
        if people.is_empty() {
            return "nobody yet; add somebody: yizhan person add --name NAME --role driver"
                .to_owned();
        }
        let rows: Vec<Vec<String>> = people
            .iter()
            .map(|person| {
                let roles: Vec<String> = person
                    .roles
                    .iter()
                    .map(|role| with_key(role, &stations))
                    .collect();
                vec![
                    person.id.clone(),
                    person.name.clone(),
                    roles.join(" "),
                    text::local(&person.created_at),
                ]
            })
            .collect();
        text::table(&["ID", "NAME", "ROLES", "ADDED"], &rows)
    })
}

/// A role with its station's key in place of the id.
fn with_key(role: &str, stations: &[Station]) -> String {
    role.split_once('@')
        .and_then(|(word, id)| {
            let station = stations.iter().find(|station| station.id == id)?;
            Some(format!("{word}@{}", station.key))
        })
        .unwrap_or_else(|| role.to_owned())
}

pub(super) fn pair(data: &Path, pair: &Pair, output: &mut Output) -> Result<(), Failure> {
    let relay = Relay::find(data)?;
    let people: Vec<Person> = relay.get("people")?;
    let person = named("person", &pair.person, &people, |p| &p.id, |p| &p.name)?;
    let code: PairCode = relay.post(
        &format!("people/{}/pair-codes", part(&person.id)),
        &NewPairCode {
            ttl_s: Some(pair.ttl),
        },
    )?;
    let colours = output.is_terminal();
    output.say(&code, |code| {
        let url = code.url.split("/pair?").next().unwrap_or_default();
        format!(
            "{}\n{}: code {}, good once, until {}\nScan it with the phone, or type there:\n  yizhan-phone --home ./my-phone pair {url} {}",
            text::qr(&code.url, colours),
            code.name,
            code.code,
            text::local(&code.expires_at),
            code.code
        )
    })
}
