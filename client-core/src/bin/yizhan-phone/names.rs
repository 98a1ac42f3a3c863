//! What a person means by a name, the beginning of an id, or `last`.

use yizhan_client_core::Client;
use yizhan_client_core::error::ClientError;
use yizhan_client_core::store::{
    ActivityFilter, AttachmentRow, ConsentFilter, EnrolmentFilter, NoticeFilter, StationRow,
    TicketFilter, VisitFilter,
};
use yizhan_proto::{ChangeHash, DocumentId, EntryId, Kind, PersonId, RegionKey, StationId};

use crate::failure::Failure;

/// Characters of an id that are needed at least.
const PREFIX_CHARS_MIN: usize = 4;
/// Ids named when several fit.
const FITS_MAX: usize = 8;

/// A visit.
pub(crate) fn visit(client: &Client, text: &str) -> Result<DocumentId, Failure> {
    let limit = u32::from(text == "last");
    let rows = client.visits(&VisitFilter {
        limit,
        ..VisitFilter::default()
    })?;
    document("visit", text, rows.iter().map(|row| row.id))
}

/// A check.
pub(crate) fn check(client: &Client, text: &str) -> Result<DocumentId, Failure> {
    document("check", text, client.check_ids()?.into_iter())
}

/// A consent.
pub(crate) fn consent(client: &Client, text: &str) -> Result<DocumentId, Failure> {
    let rows = client.consents(&ConsentFilter::default())?;
    document("consent", text, rows.iter().map(|row| row.id))
}

/// An activity; `last` is the one that begins last.
pub(crate) fn activity(client: &Client, text: &str) -> Result<DocumentId, Failure> {
    let rows = client.activities(&ActivityFilter::default())?;
    document("activity", text, rows.iter().rev().map(|row| row.id))
}

/// An enrolment.
pub(crate) fn enrolment(client: &Client, text: &str) -> Result<DocumentId, Failure> {
    let rows = client.enrolments(&EnrolmentFilter::default())?;
    document("enrolment", text, rows.iter().map(|row| row.id))
}

/// A notice; `last` is the newest.
pub(crate) fn notice(client: &Client, text: &str) -> Result<DocumentId, Failure> {
    let mut rows = client.notices(&NoticeFilter::default())?;
    rows.sort_by_key(|row| std::cmp::Reverse((row.published_at, row.id)));
    document("notice", text, rows.iter().map(|row| row.id))
}

/// A lease of an activity: by its id, or this device's only one that has not been returned.
pub(crate) fn lease(
    client: &Client,
    activity: DocumentId,
    text: Option<&str>,
) -> Result<EntryId, Failure> {
    if let Some(text) = text {
        let leases = client.activity(activity)?.leases;
        return match text.parse() {
            Ok(lease) => Ok(lease),
            Err(_) => only_one("lease", text, leases.iter().map(|lease| lease.lease)),
        };
    }
    let mut leases = client.leases()?;
    leases.retain(|lease| lease.activity == activity);
    match leases.as_slice() {
        [lease] => Ok(lease.lease),
        [] => Err(Failure::NotFound(
            "this device holds no lease of that activity; sync first if it has asked for one"
                .to_owned(),
        )),
        _ => Err(Failure::usage(
            "this device holds several leases of that activity; say which, as `activity show` lists them",
        )),
    }
}

/// A region's key.
pub(crate) fn region(text: &str) -> Result<RegionKey, Failure> {
    text.parse().map_err(|_| {
        Failure::usage(format!(
            "{text:?} is not a region's key: 1 to 32 of a-z, 0-9, -"
        ))
    })
}

/// A driver's name, which must be known.
pub(crate) fn driver_name(name: Option<String>) -> Result<String, Failure> {
    name.filter(|name| !name.trim().is_empty()).ok_or_else(|| {
        Failure::usage("the driver's name is not known on this phone; give it with --name")
    })
}

/// A ticket.
pub(crate) fn ticket(client: &Client, text: &str) -> Result<DocumentId, Failure> {
    let limit = u32::from(text == "last");
    let rows = client.tickets(&TicketFilter {
        limit,
        ..TicketFilter::default()
    })?;
    document("ticket", text, rows.iter().map(|row| row.id))
}

/// An event of a ticket.
pub(crate) fn ticket_event(
    client: &Client,
    ticket: DocumentId,
    text: &str,
) -> Result<EntryId, Failure> {
    let events = client.ticket(ticket)?.ticket.events;
    only_one(
        "event",
        text,
        events.iter().map(|folded| folded.event.entry),
    )
}

/// A document of a kind, by the time it was made: the latest first.
pub(crate) fn of_kind(
    client: &Client,
    what: &str,
    kind: Kind,
    text: &str,
) -> Result<DocumentId, Failure> {
    document(what, text, client.document_ids(kind)?.into_iter())
}

/// An attachment among those here, the latest first.
pub(crate) fn attachment(rows: &[AttachmentRow], text: &str) -> Result<EntryId, Failure> {
    if text == "last" {
        return rows.first().map(|row| row.entry).ok_or_else(|| {
            Failure::NotFound("there is no attachment on this phone yet; sync first".to_owned())
        });
    }
    match text.parse() {
        Ok(entry) => Ok(entry),
        Err(_) => only_one("attachment", text, rows.iter().map(|row| row.entry)),
    }
}

/// A document among candidates, the latest first.
fn document(
    what: &str,
    text: &str,
    mut candidates: impl Iterator<Item = DocumentId>,
) -> Result<DocumentId, Failure> {
    if text == "last" {
        return candidates.next().ok_or_else(|| {
            Failure::NotFound(format!(
                "there is no {what} on this phone yet; record one, or sync first"
            ))
        });
    }
    // A whole id needs no list: whether it is here is found out by whoever reads it.
    match text.parse() {
        Ok(id) => Ok(id),
        Err(_) => only_one(what, text, candidates),
    }
}

/// The only candidate whose text begins as typed.
pub(crate) fn only_one<T: ToString>(
    what: &str,
    text: &str,
    candidates: impl Iterator<Item = T>,
) -> Result<T, Failure> {
    let prefix = text.to_ascii_lowercase();
    let could_be_id = prefix.bytes().all(|b| b.is_ascii_hexdigit() || b == b'-');
    if !could_be_id || prefix.len() < PREFIX_CHARS_MIN {
        return Err(Failure::usage(format!(
            "{text:?} names no {what}: give four or more characters of its id as the list shows it (`last` is the latest)"
        )));
    }
    let mut fits: Vec<T> = candidates
        .filter(|id| id.to_string().starts_with(&prefix))
        .collect();
    match fits.len() {
        0 => Err(Failure::NotFound(format!(
            "no {what} on this phone begins with {text}; look at the list, or sync first"
        ))),
        1 => Ok(fits.remove(0)),
        _ => {
            let named: Vec<String> = fits.iter().take(FITS_MAX).map(T::to_string).collect();
            Err(Failure::NotFound(format!(
                "{text} fits several: {}; give more of the id",
                named.join(", ")
            )))
        }
    }
}

/// A station: key, id, whole name, or the beginning of its id.
pub(crate) fn station(client: &Client, text: &str) -> Result<StationRow, Failure> {
    let error = match client.station(text) {
        Ok(row) => return Ok(row),
        Err(error) => error,
    };
    let ClientError::NotFound(_) = &error else {
        return Err(error.into());
    };
    let rows = client.stations()?;
    match only_one("station", text, rows.iter().map(|row| row.id)) {
        Ok(id) => rows
            .into_iter()
            .find(|row| row.id == id)
            .ok_or_else(|| error.into()),
        Err(_) => Err(error.into()),
    }
}

/// A station's id and a name to show. A whole id is taken even if the station is not here yet: a
/// phone that was never online can write all the same.
pub(crate) fn station_id(client: &Client, text: &str) -> Result<(StationId, String), Failure> {
    match station(client, text) {
        Ok(row) => Ok((row.id, row.name)),
        Err(failure) => match text.parse::<StationId>() {
            Ok(id) => Ok((id, id.to_string())),
            Err(_) => Err(failure),
        },
    }
}

/// A driver: `me`, an id or its beginning, or a name as it stands in a visit on this phone.
pub(crate) fn person(client: &Client, text: &str) -> Result<(PersonId, Option<String>), Failure> {
    let author = client.author()?;
    if text == "me" {
        return Ok((author.person, None));
    }
    let mut known: Vec<(PersonId, Option<String>)> = vec![(author.person, None)];
    known.extend(author.aliases.iter().map(|alias| (*alias, None)));
    for row in client.visits(&VisitFilter::default())? {
        known.push((row.driver, Some(row.driver_name)));
    }
    for row in client.enrolments(&EnrolmentFilter::default())? {
        known.push((row.driver, Some(row.driver_name)));
    }
    for row in client.consents(&ConsentFilter::default())? {
        known.push((row.driver, None));
    }
    for row in client.tickets(&TicketFilter::default())? {
        known.push((row.driver, Some(row.driver_name)));
        known.extend(row.first.iter().chain(&row.second).map(|one| (*one, None)));
    }
    let name_of = |person: PersonId| {
        known
            .iter()
            .find_map(|(id, name)| name.clone().filter(|_| *id == person))
    };
    if let Ok(person) = text.parse() {
        return Ok((person, name_of(person)));
    }
    let mut named: Vec<PersonId> = known
        .iter()
        .filter(|(_, name)| name.as_deref() == Some(text))
        .map(|(person, _)| *person)
        .collect();
    named.sort_unstable();
    named.dedup();
    let person = match named.as_slice() {
        [person] => *person,
        [] => {
            let mut ids: Vec<PersonId> = known.iter().map(|(person, _)| *person).collect();
            ids.sort_unstable();
            ids.dedup();
            let Ok(person) = only_one("person", text, ids.into_iter()) else {
                return Err(Failure::NotFound(format!(
                    "nobody on this phone is called {text:?}; give the driver's id (`yizhan-phone whoami` on their phone shows it)"
                )));
            };
            person
        }
        several => {
            let ids: Vec<String> = several.iter().map(PersonId::to_string).collect();
            return Err(Failure::NotFound(format!(
                "{text:?} fits several: {}; say which by the id",
                ids.join(", ")
            )));
        }
    };
    Ok((person, name_of(person)))
}

/// A held change, by the beginning of its hash.
pub(crate) fn held(client: &Client, text: &str) -> Result<ChangeHash, Failure> {
    let held = client.held()?;
    match text.parse() {
        Ok(hash) => Ok(hash),
        Err(_) => only_one("held change", text, held.iter().map(|held| held.change)),
    }
}

/// As much of an id as people need: a document's and a person's begin with their time of making.
pub(crate) fn short(id: &impl ToString) -> String {
    id.to_string().chars().take(13).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(first: u8, last: u8) -> DocumentId {
        let mut bytes = [first; 16];
        bytes[15] = last;
        DocumentId::from_bytes(bytes)
    }

    #[test]
    fn a_beginning_names_what_it_fits_alone() {
        let ids = [id(0xaa, 1), id(0xaa, 2), id(0xbb, 3)];
        for (text, expected) in [
            ("last", Ok(ids[0])),
            ("bbbb", Ok(ids[2])),
            ("BBBBBBBB-BB", Ok(ids[2])),
            ("aaaa", Err(3)),
            ("cccc", Err(3)),
            ("bbb", Err(2)),
            ("", Err(2)),
            ("站长", Err(2)),
            ("last one", Err(2)),
        ] {
            let found = document("visit", text, ids.into_iter());
            assert_eq!(
                found.map_err(|failure| failure.exit_code()),
                expected,
                "{text}"
            );
        }
        let whole = id(0xcc, 9);
        let found = document("visit", &whole.to_string(), ids.into_iter());
        assert_eq!(
            found.ok(),
            Some(whole),
            "a whole id is looked up by the store"
        );
        let none = document("visit", "last", [].into_iter());
        assert_eq!(none.map_err(|failure| failure.exit_code()), Err(3));
    }
}
