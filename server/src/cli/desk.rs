//! `yizhan desk …`.

use std::path::Path;

use super::args::{Desk as Command, DeskMembers};
use super::relay::{Relay, named, part};
use super::{Failure, Output, text};
use crate::admin::{Desk, NewDesk, NewDeskMember, Person, Removed, Station};

pub(super) fn obey(data: &Path, command: Command, output: &mut Output) -> Result<(), Failure> {
    match command {
        Command::Add {
            key,
            name,
            region,
            parent,
            station,
            classes,
        } => {
            let new = NewDesk {
                id: key,
                name,
                region,
                parent,
                station,
                classes,
            };
            let desk: Desk = Relay::find(data)?.post("desks", &new)?;
            output.say(&desk, |desk| {
                format!(
                    "desk {} ({}) is there\nWho belongs to it: yizhan desk member add {} NAME",
                    desk.name, desk.id, desk.id
                )
            })
        }
        Command::List => list(data, output),
        Command::Show { desk } => {
            let desks: Vec<Desk> = Relay::find(data)?.get("desks")?;
            let desk = named("desk", &desk, &desks, |d| &d.id, |d| &d.name)?;
            output.say(desk, shown)
        }
        Command::Member(command) => member(data, command, output),
        Command::Remove { desk } => {
            let removed: Removed = Relay::find(data)?.delete(&format!("desks/{}", part(&desk)))?;
            output.say(&removed, |removed| {
                format!("desk {} is removed", removed.id)
            })
        }
    }
}

fn member(data: &Path, command: DeskMembers, output: &mut Output) -> Result<(), Failure> {
    let relay = Relay::find(data)?;
    let people: Vec<Person> = relay.get("people")?;
    let who = |text: &str| {
        named("person", text, &people, |p| &p.id, |p| &p.name).map(|person| person.id.clone())
    };
    let desk: Desk = match command {
        DeskMembers::Add {
            desk,
            person,
            coordinator,
            classes,
        } => {
            let new = NewDeskMember {
                person: who(&person)?,
                coordinator,
                classes,
            };
            relay.post(&format!("desks/{}/members", part(&desk)), &new)?
        }
        DeskMembers::Remove { desk, person } => {
            let path = format!("desks/{}/members/{}", part(&desk), part(&who(&person)?));
            relay.delete(&path)?
        }
    };
    output.say(&desk, shown)
}

fn list(data: &Path, output: &mut Output) -> Result<(), Failure> {
    let relay = Relay::find(data)?;
    let desks: Vec<Desk> = relay.get("desks")?;
    let stations: Vec<Station> = if output.is_json() {
        Vec::new()
    } else {
        relay.get("stations")?
    };
    output.say(&desks, |desks| {
        if desks.is_empty() {
            return "no desks yet; add one: yizhan desk add KEY --name NAME --region REGION"
                .to_owned();
        }
        let rows: Vec<Vec<String>> = tree(desks)
            .into_iter()
            .map(|(branch, desk)| row(&branch, desk, &stations))
            .collect();
        text::table(
            &[
                "DESK", "NAME", "REGION", "STATION", "PEOPLE", "OPEN", "LATE",
            ],
            &rows,
        )
    })
}

fn row(branch: &str, desk: &Desk, stations: &[Station]) -> Vec<String> {
    let station = desk.station.as_deref().unwrap_or_default();
    let known = stations.iter().find(|known| known.id == station);
    vec![
        format!("{branch}{}", desk.id),
        desk.name.clone(),
        desk.region.clone(),
        known.map_or(station, |known| &known.key).to_owned(),
        desk.members.len().to_string(),
        desk.open_tickets.to_string(),
        desk.breached.to_string(),
    ]
}

/// The desks from the top down, each with the branch that leads to it.
fn tree(desks: &[Desk]) -> Vec<(String, &Desk)> {
    fn grow<'a>(
        desks: &'a [Desk],
        parent: Option<&str>,
        trunk: &str,
        found: &mut Vec<(String, &'a Desk)>,
    ) {
        let mut under = desks
            .iter()
            .filter(|desk| desk.parent.as_deref() == parent)
            .peekable();
        while let Some(desk) = under.next() {
            let (branch, further) = match (parent, under.peek()) {
                (None, _) => (String::new(), String::new()),
                (Some(_), Some(_)) => (format!("{trunk}├ "), format!("{trunk}│ ")),
                (Some(_), None) => (format!("{trunk}└ "), format!("{trunk}  ")),
            };
            // A listing that is no tree would never end.
            if found.len() < desks.len() {
                found.push((branch, desk));
                grow(desks, Some(&desk.id), &further, found);
            }
        }
    }
    let mut found = Vec::new();
    grow(desks, None, "", &mut found);
    found
}

fn shown(desk: &Desk) -> String {
    let or_all = |classes: &[String]| {
        if classes.is_empty() {
            "all classes".to_owned()
        } else {
            classes.join(" ")
        }
    };
    let mut text = format!(
        "{} ({})\nregion {}, under {}, answers {}\n{} open tickets, {} late\n",
        desk.name,
        desk.id,
        desk.region,
        desk.parent.as_deref().unwrap_or("nobody"),
        or_all(&desk.classes),
        desk.open_tickets,
        desk.breached
    );
    if desk.members.is_empty() {
        text.push_str(&format!(
            "nobody belongs to it yet: yizhan desk member add {} NAME\n",
            desk.id
        ));
        return text;
    }
    let rows: Vec<Vec<String>> = desk
        .members
        .iter()
        .map(|member| {
            let duty = if member.coordinator {
                "coordinator"
            } else {
                "specialist"
            };
            vec![
                member.id.clone(),
                member.name.clone(),
                duty.to_owned(),
                or_all(&member.classes),
            ]
        })
        .collect();
    text.push_str(&text::table(&["ID", "NAME", "DUTY", "CLASSES"], &rows));
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn desk(id: &str, parent: Option<&str>) -> Desk {
        Desk {
            id: id.to_owned(),
            name: format!("{id} 专班"),
            region: "changzhou".to_owned(),
            parent: parent.map(str::to_owned),
            station: None,
            classes: Vec::new(),
            members: Vec::new(),
            open_tickets: 0,
            breached: 0,
        }
    }

    #[test]
    fn desks_are_listed_from_the_province_down_to_the_station() {
        let desks = [
            desk("city", Some("province")),
            desk("east", Some("north")),
            desk("north", Some("city")),
            desk("other", None),
            desk("province", None),
            desk("south", Some("city")),
        ];
        let lines: Vec<String> = tree(&desks)
            .into_iter()
            .map(|(branch, desk)| format!("{branch}{}", desk.id))
            .collect();
        assert_eq!(
            lines,
            [
                "other",
                "province",
                "└ city",
                "  ├ north",
                "  │ └ east",
                "  └ south"
            ]
        );
    }

    #[test]
    fn a_listing_that_is_no_tree_ends() {
        let desks = [desk("a", Some("b")), desk("b", Some("a")), desk("c", None)];
        assert_eq!(tree(&desks).len(), 1);
    }
}
