//! The rows of a ticket.

use rusqlite::{Transaction, params};
use yizhan_proto::{DocumentId, PersonId, StationId, Timestamp};

use super::lines;
use crate::model::ticket::{Priority, Ticket};
use crate::store::StoreError;
use crate::store::search::Indexed;
use crate::store::sql::int;

/// As the due time of a ticket of which nothing is due: it comes last.
const NEVER: i64 = i64::MAX;

pub(super) fn write(tx: &Transaction<'_>, n: i64, ticket: &Ticket) -> Result<Indexed, StoreError> {
    let due = ticket.clocks.next(&ticket.state);
    let due_at = due.map_or(NEVER, |(_, at)| at.as_ms());
    write_ticket(tx, n, ticket, due_at)?;
    write_pair(tx, n, ticket, due_at)?;
    write_links(tx, n, ticket)?;
    write_reviews(tx, n, ticket)?;
    Ok(Indexed {
        title: ticket.title.clone(),
        text: lines(
            [&ticket.title, &ticket.text, &ticket.driver_name]
                .into_iter()
                .chain(&ticket.about_text)
                .map(String::as_str)
                .chain(ticket.comments.iter().map(|comment| comment.text.as_str()))
                .chain(ticket.parties.iter().map(|party| party.name.as_str()))
                .chain(
                    ticket
                        .events
                        .iter()
                        .filter_map(|folded| folded.event.act.text()),
                ),
        ),
    })
}

fn write_ticket(
    tx: &Transaction<'_>,
    n: i64,
    ticket: &Ticket,
    due_at: i64,
) -> Result<(), StoreError> {
    let (state, clocks) = (&ticket.state, &ticket.clocks);
    let conflict = clocks.verify_due.is_conflict()
        || clocks.response_due.is_conflict()
        || clocks.solution_due.is_conflict();
    tx.prepare_cached(
        "INSERT OR REPLACE INTO tickets_view (document, id, driver, driver_name, region, desk,
             station, visit, activity, class, title, urgent, step, open, cycle, first, second, about,
             waiting, paused, due, due_at, raised_at, resolved_at, ended_at, rating, recovered,
             reviews, conflict)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18,
             ?19, ?20, ?21, ?22, ?23, ?24, ?25, ?26, ?27, ?28, ?29)",
    )?
    .execute(params![
        n,
        ticket.id.as_bytes(),
        ticket.driver.as_bytes(),
        ticket.driver_name,
        state.region.as_str(),
        state.desk.as_str(),
        ticket.station.as_ref().map(StationId::as_bytes),
        ticket.visit.as_ref().map(DocumentId::as_bytes),
        ticket.activity.as_ref().map(DocumentId::as_bytes),
        state.class.as_str(),
        ticket.title,
        state.priority == Priority::Urgent,
        state.step.as_str(),
        state.step.is_open(),
        state.cycle,
        state.first.as_ref().map(PersonId::as_bytes),
        state.second.as_ref().map(PersonId::as_bytes),
        state.about.as_ref().map(PersonId::as_bytes),
        state.waiting,
        clocks.paused || state.is_paused(),
        clocks.next(state).map(|(due, _)| due.as_str()),
        due_at,
        ticket.raised_at.as_ms(),
        state.resolved_at.map(Timestamp::as_ms),
        state.ended_at.map(Timestamp::as_ms),
        state.rating,
        int(ticket.recovered_fen()),
        i64::try_from(ticket.to_review().count()).unwrap_or(i64::MAX),
        conflict,
    ])?;
    Ok(())
}

fn write_pair(
    tx: &Transaction<'_>,
    n: i64,
    ticket: &Ticket,
    due_at: i64,
) -> Result<(), StoreError> {
    tx.prepare_cached("DELETE FROM ticket_pairs WHERE document = ?1")?
        .execute([n])?;
    let mut insert = tx.prepare_cached(
        "INSERT OR IGNORE INTO ticket_pairs (person, open, due_at, document) VALUES (?1, ?2, ?3, ?4)",
    )?;
    let state = &ticket.state;
    for person in state.first.iter().chain(&state.second) {
        insert.execute(params![person.as_bytes(), state.step.is_open(), due_at, n])?;
    }
    Ok(())
}

fn write_links(tx: &Transaction<'_>, n: i64, ticket: &Ticket) -> Result<(), StoreError> {
    tx.prepare_cached("DELETE FROM ticket_links WHERE document = ?1")?
        .execute([n])?;
    let mut insert =
        tx.prepare_cached("INSERT INTO ticket_links (document, one, other) VALUES (?1, ?2, ?3)")?;
    for other in &ticket.links {
        insert.execute(params![n, ticket.id.as_bytes(), other.as_bytes()])?;
    }
    Ok(())
}

fn write_reviews(tx: &Transaction<'_>, n: i64, ticket: &Ticket) -> Result<(), StoreError> {
    tx.prepare_cached("DELETE FROM ticket_reviews WHERE document = ?1")?
        .execute([n])?;
    let mut insert = tx.prepare_cached(
        "INSERT OR REPLACE INTO ticket_reviews (document, entry, type, why, sentence, by, at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    )?;
    for folded in ticket.to_review() {
        let Some(superseded) = folded.superseded else {
            continue;
        };
        insert.execute(params![
            n,
            folded.event.entry.as_bytes(),
            superseded.event.as_str(),
            superseded.why.as_str(),
            superseded.to_string(),
            folded.event.by.as_bytes(),
            folded.event.when().as_ms(),
        ])?;
    }
    Ok(())
}
