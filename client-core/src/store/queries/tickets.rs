//! Tickets and the notes on them.

use std::collections::{BTreeMap, BTreeSet};

use rusqlite::{Connection, Row, ToSql, params};
use yizhan_proto::{DeskKey, DocumentId, EntryId, PersonId, StationId, Timestamp};

use super::super::documents;
use super::super::opened::Opened;
use super::super::sql::{bytes, bytes_opt, small_opt, time, uint};
use super::super::{
    FindError, Store, StoreError, TicketDetail, TicketFilter, TicketReview, TicketRow,
};
use super::{HELD, STATION_NAME, UNSENT, infos, limit, open, station_name};
use crate::model::Routing;
use crate::model::case_note::CaseNote;
use crate::model::ticket::fold::Step;
use crate::model::ticket::{Class, Due};

/// Links followed for one group.
const GROUP_MAX: usize = 1_000;

impl Store {
    /// Tickets: of a desk or a person those due first, otherwise the newest first. `relay_now` is
    /// the relay's time as it is estimated here: what was due before has been missed.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn tickets(
        &self,
        filter: &TicketFilter,
        relay_now: Timestamp,
    ) -> Result<Vec<TicketRow>, StoreError> {
        self.read(|connection| select(connection, filter, relay_now))
    }

    /// One ticket, with the desk's notes and its changes.
    ///
    /// # Errors
    /// [`FindError`] if it is not here or cannot be opened.
    pub fn ticket(&self, id: DocumentId, relay_now: Timestamp) -> Result<TicketDetail, FindError> {
        self.read(|connection| match open(connection, "ticket", id)? {
            (Opened::Ticket(ticket), rows) => {
                let due = ticket.clocks.next(&ticket.state);
                let station = match ticket.station {
                    Some(station) => station_name(connection, station)?,
                    None => None,
                };
                Ok(TicketDetail {
                    station_name: station,
                    due,
                    breached: due.is_some_and(|(_, at)| at < relay_now),
                    group: group(connection, id)?,
                    notes: notes(connection, id)?,
                    ticket: *ticket,
                    changes: infos(&rows),
                })
            }
            _ => Err(FindError::None {
                what: "ticket",
                text: id.to_string(),
            }),
        })
    }

    /// Events that do not count and that nobody has looked at, oldest first; of one desk, or of all
    /// tickets held here.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn ticket_reviews(&self, desk: Option<&DeskKey>) -> Result<Vec<TicketReview>, StoreError> {
        self.read(|connection| {
            let mut statement = connection.prepare_cached(
                "SELECT v.id, v.title, r.entry, r.type, r.why, r.sentence, r.by, r.at
                 FROM ticket_reviews r JOIN tickets_view v ON v.document = r.document
                 WHERE ?1 IS NULL OR v.desk = ?1 ORDER BY r.at, r.entry",
            )?;
            let rows = statement.query_map([desk.map(DeskKey::as_str)], |row| {
                Ok(TicketReview {
                    ticket: bytes(row, 0, DocumentId::from_bytes)?,
                    title: row.get(1)?,
                    entry: bytes(row, 2, EntryId::from_bytes)?,
                    event: row.get(3)?,
                    why: row.get(4)?,
                    sentence: row.get(5)?,
                    by: bytes(row, 6, PersonId::from_bytes)?,
                    at: time(row, 7)?,
                })
            })?;
            Ok(rows.collect::<Result<_, _>>()?)
        })
    }

    /// Who a document concerns, as its outline says; `None` if it is not here.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn routing(&self, id: DocumentId) -> Result<Option<Routing>, StoreError> {
        self.read(|connection| {
            let row = documents::find(connection, id)?;
            let outline = row.map(|row| row.outline()).transpose()?.flatten();
            Ok(outline.map(|outline| outline.routing))
        })
    }

    /// How many open tickets everybody has who has any.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn ticket_load(&self) -> Result<BTreeMap<PersonId, u32>, StoreError> {
        self.read(|connection| {
            let mut statement = connection.prepare_cached(
                "SELECT person, COUNT(*) FROM ticket_pairs WHERE open = 1 GROUP BY person",
            )?;
            let rows = statement.query_map([], |row| {
                let person = bytes(row, 0, PersonId::from_bytes)?;
                Ok((person, small_opt(row, 1)?.unwrap_or(u32::MAX)))
            })?;
            Ok(rows.collect::<Result<_, _>>()?)
        })
    }
}

fn select(
    connection: &Connection,
    filter: &TicketFilter,
    relay_now: Timestamp,
) -> Result<Vec<TicketRow>, StoreError> {
    let driver = filter.driver.as_ref().map(PersonId::as_bytes);
    let station = filter.station.as_ref().map(StationId::as_bytes);
    let assigned = filter.assigned.as_ref().map(PersonId::as_bytes);
    let desk = filter.desk.as_ref().map(DeskKey::as_str);
    let (limit, now) = (limit(filter.limit), relay_now.as_ms());
    let mut params: Vec<(&str, &dyn ToSql)> = vec![(":limit", &limit), (":now", &now)];
    let (mut from, mut conditions) = ("tickets_view v", String::from("1"));
    let mut order = "v.raised_at DESC, v.document DESC";
    if let Some(desk) = &desk {
        conditions.push_str(" AND v.desk = :desk");
        params.push((":desk", desk));
        order = "v.desk, v.open DESC, v.due_at, v.document";
    }
    if let Some(assigned) = &assigned {
        from = "ticket_pairs p JOIN tickets_view v ON v.document = p.document";
        conditions.push_str(" AND p.person = :assigned");
        params.push((":assigned", assigned));
        order = "p.open DESC, p.due_at, p.document";
    }
    if let Some(driver) = &driver {
        conditions.push_str(" AND v.driver = :driver");
        params.push((":driver", driver));
    }
    if let Some(station) = &station {
        conditions.push_str(" AND v.station = :station");
        params.push((":station", station));
    }
    if filter.open {
        let open = if assigned.is_some() { "p" } else { "v" };
        conditions.push_str(&format!(" AND {open}.open = 1"));
    }
    let mut statement = connection.prepare_cached(&format!(
        "SELECT d.id, v.driver, v.driver_name, v.desk, v.region, v.station, {STATION_NAME}, v.class,
                v.title, v.urgent, v.step, v.cycle, v.first, v.second, v.waiting, v.paused, v.due,
                v.due_at, v.due IS NOT NULL AND v.due_at < :now, v.raised_at, v.rating, v.recovered,
                v.reviews, v.conflict, {UNSENT}, {HELD}
         FROM {from} JOIN documents d ON d.n = v.document
         WHERE {conditions} ORDER BY {order} LIMIT :limit"
    ))?;
    let rows = statement.query_map(params.as_slice(), read)?;
    Ok(rows.collect::<Result<_, _>>()?)
}

fn read(row: &Row<'_>) -> rusqlite::Result<TicketRow> {
    let code = |column| row.get::<_, Option<String>>(column);
    let due = match code(16)?.as_deref().and_then(Due::from_text) {
        Some(due) => Some((due, time(row, 17)?)),
        None => None,
    };
    Ok(TicketRow {
        id: bytes(row, 0, DocumentId::from_bytes)?,
        driver: bytes(row, 1, PersonId::from_bytes)?,
        driver_name: row.get(2)?,
        desk: row.get(3)?,
        region: row.get(4)?,
        station: bytes_opt(row, 5, StationId::from_bytes)?,
        station_name: row.get(6)?,
        class: code(7)?.as_deref().and_then(Class::from_text),
        title: row.get(8)?,
        urgent: row.get(9)?,
        step: code(10)?.as_deref().and_then(Step::from_text),
        cycle: small_opt(row, 11)?.unwrap_or(1),
        first: bytes_opt(row, 12, PersonId::from_bytes)?,
        second: bytes_opt(row, 13, PersonId::from_bytes)?,
        waiting: row.get(14)?,
        paused: row.get(15)?,
        due,
        breached: row.get(18)?,
        raised_at: time(row, 19)?,
        rating: small_opt(row, 20)?,
        recovered_fen: uint(row.get(21)?),
        reviews: small_opt(row, 22)?.unwrap_or(u32::MAX),
        conflict: row.get(23)?,
        unsent: row.get(24)?,
        held: row.get(25)?,
    })
}

/// All tickets that links lead to, in either direction; none if there is no link.
fn group(connection: &Connection, id: DocumentId) -> Result<Vec<DocumentId>, StoreError> {
    let mut statement = connection.prepare_cached(
        "SELECT other FROM ticket_links WHERE one = ?1
         UNION SELECT one FROM ticket_links WHERE other = ?1",
    )?;
    let mut found = BTreeSet::from([id]);
    let mut ahead = vec![id];
    while let Some(next) = ahead.pop() {
        let rows = statement.query_map(params![next.as_bytes()], |row| {
            bytes(row, 0, DocumentId::from_bytes)
        })?;
        for linked in rows {
            let linked = linked?;
            if found.len() < GROUP_MAX && found.insert(linked) {
                ahead.push(linked);
            }
        }
    }
    if found.len() < 2 {
        found.clear();
    }
    Ok(found.into_iter().collect())
}

fn notes(connection: &Connection, ticket: DocumentId) -> Result<Vec<CaseNote>, StoreError> {
    let mut statement = connection.prepare_cached(
        "SELECT d.id FROM case_notes_view n JOIN documents d ON d.n = n.document
         WHERE n.ticket = ?1 ORDER BY n.at, n.document",
    )?;
    let ids: Vec<DocumentId> = statement
        .query_map(params![ticket.as_bytes()], |row| {
            bytes(row, 0, DocumentId::from_bytes)
        })?
        .collect::<Result<_, _>>()?;
    // A note that cannot be opened is listed among what was set aside.
    Ok(ids
        .into_iter()
        .filter_map(|id| match open(connection, "case note", id) {
            Ok((Opened::CaseNote(note), _)) => Some(*note),
            Ok(_) | Err(_) => None,
        })
        .collect())
}
