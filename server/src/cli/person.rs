//! `yizhan person …` and `yizhan pair`.

use std::path::Path;

use super::args::{Pair, Person as Command, PersonRole};
use super::relay::{Relay, named, part};
use super::{Failure, Output, outside, text};
use crate::admin::{
    Duplicate, Merge, NewPairCode, NewPerson, OutsideSubject, PairCode, Person, RoleMove, RoleText,
    Station,
};

pub(super) fn obey(data: &Path, command: Command, output: &mut Output) -> Result<(), Failure> {
    match command {
        Command::Add { name, roles } => add(data, name, roles, output),
        Command::List => list(data, output),
        Command::Role(command) => role(data, command, output),
        Command::Duplicates => duplicates(data, output),
        Command::Link {
            person,
            issuer,
            subject,
        } => outside::link(data, &person, &OutsideSubject { issuer, subject }, output),
        Command::Unlink { issuer, subject } => {
            outside::unlink(data, &OutsideSubject { issuer, subject }, output)
        }
        Command::Links => outside::list(data, output),
        Command::Merge { keep, other } => merge(data, &keep, &other, output),
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

fn role(data: &Path, command: PersonRole, output: &mut Output) -> Result<(), Failure> {
    let relay = Relay::find(data)?;
    let people: Vec<Person> = relay.get("people")?;
    let who = |text: &str| named("person", text, &people, |p| &p.id, |p| &p.name);
    let person: Person = match command {
        PersonRole::Add { person, role } => {
            let path = format!("people/{}/roles", part(&who(&person)?.id));
            relay.post(&path, &RoleText { role })?
        }
        PersonRole::Move { person, from, to } => {
            let path = format!("people/{}/roles/move", part(&who(&person)?.id));
            relay.post(&path, &RoleMove { from, to })?
        }
        PersonRole::End { person, role } => {
            let id = part(&who(&person)?.id);
            relay.delete(&format!("people/{id}/roles/{}", part(&role)))?
        }
    };
    output.say(&person, |person| {
        let roles = match person.roles.as_slice() {
            [] => "none".to_owned(),
            roles => roles.join(" "),
        };
        format!("{} ({}) has the roles: {roles}", person.name, person.id)
    })
}

fn duplicates(data: &Path, output: &mut Output) -> Result<(), Failure> {
    let pairs: Vec<Duplicate> = Relay::find(data)?.get("duplicates")?;
    output.say(&pairs, |pairs| {
        if pairs.is_empty() {
            return "nobody seems to be there twice".to_owned();
        }
        let rows: Vec<Vec<String>> = pairs
            .iter()
            .map(|pair| {
                vec![
                    pair.first.id.clone(),
                    pair.first.name.clone(),
                    pair.other.id.clone(),
                    pair.other.name.clone(),
                    pair.why.join(" "),
                ]
            })
            .collect();
        let table = text::table(&["KEEP", "NAME", "OTHER", "NAME", "SAME"], &rows);
        format!("{table}\nMake one person of two: yizhan person merge KEEP OTHER")
    })
}

fn merge(data: &Path, keep: &str, other: &str, output: &mut Output) -> Result<(), Failure> {
    let relay = Relay::find(data)?;
    let people: Vec<Person> = relay.get("people")?;
    let keep = named("person", keep, &people, |p| &p.id, |p| &p.name)?;
    // Who was merged before is no longer listed, but may be named by id.
    let other = match named("person", other, &people, |p| &p.id, |p| &p.name) {
        Ok(person) => person.id.clone(),
        Err(_) if other.len() == 36 => other.to_owned(),
        Err(failure) => return Err(failure),
    };
    let path = format!("people/{}/merge", part(&keep.id));
    let person: Person = relay.post(&path, &Merge { other })?;
    output.say(&person, |person| {
        format!(
            "{} ({}) is one person, with {} other ids",
            person.name,
            person.id,
            person.aliases.len()
        )
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
