//! The clocks of tickets: due times, written into each ticket by the relay's own hand in the job
//! that accepts what moved it; and what time alone brings about.
//!
//! Beside each ticket stands a row with where it is and what is due, from which counts are made
//! and which says what to close. It follows from the ticket's outline and its own past.

mod calendar;
mod dues;
mod file;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use yizhan_client_core::model::ticket::Command as Edit;
use yizhan_client_core::model::{Command, Inspected, Refusal, RefusalCode, gate};
use yizhan_proto::sync::ForgetReason;
use yizhan_proto::{DeskKey, DocumentId, Kind, Scope, Timestamp};

use super::accept::Incoming;
use super::own::{Hand, OwnError, open};
use super::{Relay, from_write, membership, retention};
use crate::error::RelayError;
use crate::store::rows::TicketClockRow;
use crate::store::{LogTx, StoreError};
pub use calendar::{Allowances, Calendar};
pub use file::CalendarError;

/// Tickets that one job closes: a few milliseconds for each, and other jobs wait meanwhile.
const CLOSED_AT_ONCE: u32 = 50;

/// Notes on one ticket: all of them move in the job that moves the ticket, so that no desk reads
/// what is not there for it any more, and other jobs wait meanwhile.
const NOTES_MAX: u32 = 500;

impl Relay {
    /// What time alone brings about: closes tickets that were resolved so long before `now` that
    /// nobody will object, a bounded number of them, goes on deciding about seats and erasing,
    /// ends sharings, and lets go what grew too old.
    /// Whether more is to be done.
    ///
    /// # Errors
    /// [`RelayError`] of the first of these that failed; the others were done.
    pub async fn tick(&self, now: Timestamp) -> Result<bool, RelayError> {
        // What fails in one of them stands in the way of no other: a disk that has no room to rewrite
        // what was erased does not keep a station's tablet from forgetting.
        let parts = [
            self.settle_seats().await,
            self.go_on_erasing(now).await,
            self.place_documents(now).await,
            self.grow_old(now).await,
            self.close_due(now).await,
        ];
        let mut more = false;
        let mut failed = None;
        for part in parts {
            match part {
                Ok(part) => more |= part,
                Err(error) => failed = failed.or(Some(error)),
            }
        }
        failed.map_or(Ok(more), Err)
    }

    async fn close_due(&self, now: Timestamp) -> Result<bool, RelayError> {
        let due = self
            .inner
            .readers
            .read(move |snapshot| snapshot.is_ticket_to_close(now))
            .await
            .map_err(super::from_read)?;
        if !due {
            return Ok(false);
        }
        let relay = self.clone();
        let job = move |tx: &mut LogTx<'_>| relay.close_tickets(tx, now);
        let closed = self.inner.writer.write(job).await;
        closed.map_err(from_write::<RelayError, RelayError>)
    }

    fn close_tickets(&self, tx: &mut LogTx<'_>, now: Timestamp) -> Result<bool, RelayError> {
        let hand = self.hand();
        let due = tx.tickets_to_close(now, CLOSED_AT_ONCE)?;
        let more = due.len() == CLOSED_AT_ONCE as usize;
        for ticket in due {
            if let Err(error) = close(tx, &hand, ticket) {
                match error {
                    OwnError::Store(error) => return Err(error.into()),
                    OwnError::Refused(_) | OwnError::Unreadable(_) => {
                        tracing::error!(%ticket, %error, "a ticket could not be closed; it stays");
                        tx.leave_ticket_open(ticket)?;
                        continue;
                    }
                }
            }
            self.wind(tx, &hand, ticket)?;
            if tx.tickets_to_close(now, 1)?.first() == Some(&ticket) {
                // It was closed, and does not count as closed: nothing would come of another try.
                tx.leave_ticket_open(ticket)?;
            }
        }
        Ok(more)
    }

    /// Follows a change that was accepted: winds the clock of its ticket, and takes notes along.
    pub(super) fn follow_ticket(
        &self,
        tx: &mut LogTx<'_>,
        incoming: &Incoming,
    ) -> Result<(), StoreError> {
        if incoming.kind == Kind::CaseNote {
            return self.follow_note(tx, incoming);
        }
        if incoming.kind != Kind::Ticket {
            return Ok(());
        }
        self.wind(tx, &self.hand(), incoming.document)
    }

    /// Sets the clock of a ticket by where it stands, and writes into it what changed.
    fn wind(&self, tx: &mut LogTx<'_>, hand: &Hand, id: DocumentId) -> Result<(), StoreError> {
        let row = tx.document(id)?;
        let Some(state) = row
            .as_ref()
            .and_then(|row| row.outline.facts.ticket.as_ref())
        else {
            return Ok(());
        };
        let before = tx.ticket_clock(id)?;
        if before.as_ref().is_some_and(|row| stands_as(row, state)) {
            return Ok(());
        }
        let after = dues::dues(&self.inner.calendar, id, before.as_ref(), state, hand.now);
        tx.put_ticket_clock(&after)?;
        if let Some(before) = before.as_ref().filter(|before| before.desk != after.desk) {
            for note in tx.ticket_notes(id)? {
                move_note(tx, note, &before.desk, &after.desk)?;
            }
        }
        match tell(tx, hand, id, before.as_ref(), &after) {
            Ok(()) => Ok(()),
            Err(OwnError::Store(error)) => Err(error),
            Err(error @ (OwnError::Refused(_) | OwnError::Unreadable(_))) => {
                // The row has them: counts are right, phones go by the times they have.
                tracing::error!(ticket = %id, %error, "due times could not be written");
                Ok(())
            }
        }
    }

    /// A note belongs where its ticket lies, also if it was written before that moved on.
    fn follow_note(&self, tx: &mut LogTx<'_>, incoming: &Incoming) -> Result<(), StoreError> {
        let Ok(change) = &incoming.inspected else {
            return Ok(());
        };
        for ticket in gate::references(Kind::CaseNote, change) {
            tx.put_ticket_note(ticket, incoming.document)?;
            let lies_with = tx
                .document(ticket)?
                .filter(|row| row.outline.kind == Kind::Ticket)
                .and_then(|row| row.outline.routing.desk.clone());
            let note = tx.document(incoming.document)?;
            let written_at = note.and_then(|row| row.outline.routing.desk.clone());
            if let Some((from, to)) = written_at.zip(lies_with).filter(|(from, to)| from != to) {
                move_note(tx, incoming.document, &from, &to)?;
            }
        }
        retention::look_again(tx, incoming.document, self.inner.clock.now())
    }
}

/// What is said of a new note on a ticket that has so many that they would not follow it to another
/// desk in one job.
pub(super) fn room_for_note(
    tx: &LogTx<'_>,
    incoming: &Incoming,
    change: &Inspected,
) -> Result<Option<Refusal>, StoreError> {
    if incoming.kind != Kind::CaseNote {
        return Ok(None);
    }
    for ticket in gate::references(Kind::CaseNote, change) {
        if tx.ticket_has_notes(ticket, NOTES_MAX)? {
            return Ok(Some(
                Refusal::new(RefusalCode::DocumentFull)
                    .at("ticket")
                    .bound(format!("{NOTES_MAX} notes on one ticket")),
            ));
        }
    }
    Ok(None)
}

/// Whether nothing happened that a clock goes by.
fn stands_as(row: &TicketClockRow, state: &yizhan_client_core::model::ticket::fold::State) -> bool {
    let responded = match row.next {
        Some((crate::store::rows::DueStep::Response, _)) => false,
        Some(_) | None => true,
    };
    row.desk == state.desk
        && row.step == state.step as u8
        && row.cycle == state.cycle
        && row.left.is_some() == state.is_paused()
        && (responded || state.responded_at.is_none())
}

fn close(tx: &mut LogTx<'_>, hand: &Hand, ticket: DocumentId) -> Result<(), OwnError> {
    let entry = hand
        .new_entry()
        .map_err(|error| OwnError::Unreadable(error.to_string()))?;
    let mut document = open(tx, ticket, Kind::Ticket)?;
    let edit = Edit::Close {
        entry,
        by: hand.person(),
        at: hand.now,
    };
    hand.write(tx, &mut document, &Command::Ticket(edit))?;
    Ok(())
}

/// Writes into a ticket what is new about its clock.
fn tell(
    tx: &mut LogTx<'_>,
    hand: &Hand,
    ticket: DocumentId,
    before: Option<&TicketClockRow>,
    after: &TicketClockRow,
) -> Result<(), OwnError> {
    let new = |of: fn(&TicketClockRow) -> Option<Timestamp>| {
        of(after).filter(|due| before.and_then(of) != Some(*due))
    };
    let stood = before.is_some_and(|row| row.left.is_some());
    let edit = Edit::SetClocks {
        verify_due: new(|row| row.verify_due),
        response_due: new(|row| row.response_due),
        solution_due: new(|row| row.solution_due),
        paused: (after.left.is_some() != stood).then_some(after.left.is_some()),
    };
    let nothing = Edit::SetClocks {
        verify_due: None,
        response_due: None,
        solution_due: None,
        paused: None,
    };
    if edit == nothing {
        return Ok(());
    }
    let mut document = open(tx, ticket, Kind::Ticket)?;
    hand.write(tx, &mut document, &Command::Ticket(edit))?;
    Ok(())
}

/// A note leaves one desk and joins another.
fn move_note(
    tx: &mut LogTx<'_>,
    note: DocumentId,
    from: &DeskKey,
    to: &DeskKey,
) -> Result<(), StoreError> {
    let Some(before) = tx.document(note)? else {
        return Ok(());
    };
    let sequence = tx.next_sequence();
    let (from, to) = (Scope::Desk(from.clone()), Scope::Desk(to.clone()));
    let left = membership::left(&before, &from, ForgetReason::Left, sequence);
    let row = left.as_ref().unwrap_or(&before);
    let Some(after) = membership::joined(row, &to, sequence).or(left) else {
        return Ok(());
    };
    tx.allot_sequence();
    tx.put_document(note, Some(Arc::clone(&before)), after)
}
