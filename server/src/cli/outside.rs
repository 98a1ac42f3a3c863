//! `yizhan person link`, `unlink`, `links`: who somebody of the outside identity provider is here.

use std::path::Path;

use super::relay::{Relay, named, part};
use super::{Failure, Output, text};
use crate::admin::{OutsideLink, OutsideSubject, Person};

pub(super) fn link(
    data: &Path,
    person: &str,
    subject: &OutsideSubject,
    output: &mut Output,
) -> Result<(), Failure> {
    let relay = Relay::find(data)?;
    let people: Vec<Person> = relay.get("people")?;
    let person = named("person", person, &people, |p| &p.id, |p| &p.name)?;
    let path = format!("people/{}/outside", part(&person.id));
    let link: OutsideLink = relay.post(&path, subject)?;
    output.say(&link, |link| {
        format!(
            "{} of {} is {} ({})",
            link.subject, link.issuer, person.name, link.id
        )
    })
}

pub(super) fn unlink(
    data: &Path,
    subject: &OutsideSubject,
    output: &mut Output,
) -> Result<(), Failure> {
    let gone: OutsideSubject = Relay::find(data)?.post("outside/unlink", subject)?;
    output.say(&gone, |gone| {
        format!(
            "{} is linked to nobody; phones that were paired stay: yizhan device list",
            gone.subject
        )
    })
}

pub(super) fn list(data: &Path, output: &mut Output) -> Result<(), Failure> {
    let links: Vec<OutsideLink> = Relay::find(data)?.get("outside")?;
    output.say(&links, |links| {
        if links.is_empty() {
            return "nobody is linked; see: yizhan person link --help".to_owned();
        }
        let rows: Vec<Vec<String>> = links
            .iter()
            .map(|link| {
                vec![
                    link.id.clone(),
                    link.issuer.clone(),
                    link.subject.clone(),
                    text::local(&link.linked_at),
                ]
            })
            .collect();
        text::table(&["PERSON", "ISSUER", "SUBJECT", "LINKED"], &rows)
    })
}
