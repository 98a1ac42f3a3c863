//! Erasure: a person or a document goes for good, from every table, file and phone.
//!
//! Ordering one closes the subject in the same job: nothing of it is taken from then on, neither from
//! phones nor by the relay's own hand. Deleting follows in portions (`carry`). What stays is the ledger:
//! ids, a ground, times and numbers. See docs/adr/0009-erasure.md.

mod carry;
mod closed;
mod plan;
mod receipt;

use std::collections::BTreeMap;

use yizhan_client_core::model::gate;
use yizhan_proto::{DocumentId, EntryId, Kind, PersonId, Timestamp};

use super::accept::Incoming;
use super::{Relay, audit, from_write, random, unix_ms};
use crate::error::ErasureError;
use crate::store::rows::{ErasureRow, Subject};
use crate::store::{LogTx, StoreError};
pub(super) use carry::Erasing;
pub(super) use closed::is_closed;
use plan::{Found, Waiting, plan};
pub use receipt::{LedgerEntry, Receipt};

/// Bytes of a ground.
pub const GROUND_BYTES_MAX: usize = 1024;
/// Milliseconds of a day.
const DAY_MS: i64 = 24 * 60 * 60 * 1000;

impl Relay {
    /// Erases a person, with every document about them, or a document with what only makes sense
    /// with it. When this returns, nothing of it is taken any more; the rest goes on by
    /// [`Relay::tick`], and the receipt says how far it is. What was erased before: the receipt of
    /// that, and nothing more happens.
    ///
    /// # Errors
    /// [`ErasureError`]; nothing was erased then.
    pub async fn erase(&self, subject: Subject, ground: &str) -> Result<Receipt, ErasureError> {
        let ground = checked(ground)?;
        let clock = &*self.inner.clock;
        let id = EntryId::new_v7(unix_ms(clock), random(clock)?);
        let now = clock.now();
        let kept_ms = DAY_MS.saturating_mul(self.inner.backup_days.into());
        let relay = self.clone();
        let job = move |tx: &mut LogTx<'_>| {
            let subject = match subject {
                Subject::Person(person) => Subject::Person(canonical(tx, person)?),
                Subject::Document(_) => subject,
            };
            if let Some(before) = ordered(tx, subject)? {
                return Ok(before);
            }
            let row = ErasureRow {
                id,
                subject,
                ground,
                at: now,
                backups_expire_at: now.saturating_add_ms(kept_ms),
                changes: 0,
                quarantined: 0,
                attachments: 0,
                parts_kept: None,
                rows_gone_at: None,
                bytes_gone_at: None,
            };
            relay.order(tx, &row, now)?;
            Ok(id)
        };
        let written = self.inner.writer.write(job).await;
        let id = written.map_err(from_write::<ErasureError, ErasureError>)?;
        self.erasure(id).await
    }

    /// Carries out again what a ledger says, after a backup from before was put back; what is known
    /// already is left alone. Returns how many erasures were not.
    ///
    /// # Errors
    /// [`ErasureError`]; nothing was carried out then.
    pub async fn replay_erasures(&self, ledger: Vec<LedgerEntry>) -> Result<u64, ErasureError> {
        for entry in &ledger {
            checked(&entry.erasure.ground)?;
        }
        let relay = self.clone();
        let now = self.inner.clock.now();
        let job = move |tx: &mut LogTx<'_>| -> Result<u64, ErasureError> {
            let mut new = 0;
            for entry in &ledger {
                if tx.erasure(entry.erasure.id)?.is_none() {
                    relay.order_again(tx, entry, now)?;
                    new += 1;
                }
            }
            Ok(new)
        };
        let written = self.inner.writer.write(job).await;
        written.map_err(from_write::<ErasureError, ErasureError>)
    }

    /// Closes the subject, and everything that goes with it.
    fn order(
        &self,
        tx: &mut LogTx<'_>,
        row: &ErasureRow,
        now: Timestamp,
    ) -> Result<(), ErasureError> {
        let (people, documents) = match row.subject {
            Subject::Person(person) => {
                let people = ids(tx, person)?;
                let documents = tx.documents_about(&people)?;
                (people, documents)
            }
            Subject::Document(document) => (Vec::new(), vec![(document, kind_of(tx, document)?)]),
        };
        let taken = taken(tx, &people, documents)?;
        tx.put_erasure(row)?;
        audit::begun(tx, row, now)?;
        self.close(tx, row, &people, &taken, now)
    }

    /// Closes what a ledger names, and what is found about its people besides.
    fn order_again(
        &self,
        tx: &mut LogTx<'_>,
        entry: &LedgerEntry,
        now: Timestamp,
    ) -> Result<(), ErasureError> {
        let mut people = entry.people.clone();
        if let Subject::Person(person) = entry.erasure.subject {
            people.extend(ids(tx, person)?);
            people.sort_unstable();
            people.dedup();
        }
        let mut documents = entry.documents.clone();
        documents.extend(tx.documents_about(&people)?);
        let taken = taken(tx, &people, documents)?;
        tx.put_erasure(&entry.erasure)?;
        audit::begun(tx, &entry.erasure, now)?;
        self.close(tx, &entry.erasure, &people, &taken, now)
    }

    fn close(
        &self,
        tx: &mut LogTx<'_>,
        row: &ErasureRow,
        people: &[PersonId],
        documents: &BTreeMap<DocumentId, Kind>,
        now: Timestamp,
    ) -> Result<(), ErasureError> {
        for (document, kind) in documents {
            tx.close_document(row.id, *document, *kind, row.at)?;
        }
        for person in people {
            tx.close_person(row.id, *person)?;
        }
        if let Subject::Person(person) = row.subject {
            tx.empty_person(person, now)?;
        }
        self.inner.erasing.begin();
        Ok(())
    }
}

/// A ground without blank ends.
fn checked(ground: &str) -> Result<String, ErasureError> {
    let ground = ground.trim();
    if (1..=GROUND_BYTES_MAX).contains(&ground.len()) && !ground.chars().any(char::is_control) {
        return Ok(ground.to_owned());
    }
    Err(ErasureError::Invalid(format!(
        "the ground has {} bytes; one line of 1 to {GROUND_BYTES_MAX} is wanted, and nothing in it \
         that is to be erased",
        ground.len()
    )))
}

/// The person of an id or alias, also one who is erased.
fn canonical(tx: &LogTx<'_>, id: PersonId) -> Result<PersonId, ErasureError> {
    if let Some(person) = tx.person_of_alias(id)? {
        return Ok(person);
    }
    match tx.person(id)? {
        Some(person) => Ok(person.id),
        None => Err(ErasureError::NotFound(format!("no person {id}"))),
    }
}

/// All ids of a person.
fn ids(tx: &LogTx<'_>, person: PersonId) -> Result<Vec<PersonId>, StoreError> {
    let row = tx.person(person)?;
    let aliases = row.map_or_else(Vec::new, |row| row.aliases);
    Ok(std::iter::once(person).chain(aliases).collect())
}

/// The erasure that took the subject before.
fn ordered(tx: &LogTx<'_>, subject: Subject) -> Result<Option<EntryId>, StoreError> {
    match subject {
        Subject::Person(person) => tx.erasure_of_person(person),
        Subject::Document(document) => tx.erasure_of(document),
    }
}

/// The kind of a document that can be erased alone.
fn kind_of(tx: &mut LogTx<'_>, document: DocumentId) -> Result<Kind, ErasureError> {
    let kind = match tx.document(document)? {
        Some(row) => Some(row.outline.kind),
        None => tx
            .quarantined()?
            .into_iter()
            .find(|(waiting, ..)| *waiting == document)
            .map(|(_, kind, ..)| kind),
    };
    match kind {
        Some(Kind::Station) => Err(ErasureError::Invalid(
            "a station is a place, and nobody's own: it is closed, not erased".to_owned(),
        )),
        Some(kind) => Ok(kind),
        None => Err(ErasureError::NotFound(format!("no document {document}"))),
    }
}

/// All that goes with these documents and people.
fn taken(
    tx: &mut LogTx<'_>,
    people: &[PersonId],
    documents: Vec<(DocumentId, Kind)>,
) -> Result<BTreeMap<DocumentId, Kind>, StoreError> {
    let mut found = Found {
        documents,
        ..Found::default()
    };
    for (document, kind) in &found.documents {
        if *kind == Kind::Ticket {
            found.notes.extend(tx.ticket_notes(*document)?);
        }
    }
    for (document, kind, change) in tx.quarantined()? {
        if tx.document(document)?.is_some() {
            continue;
        }
        let incoming = Incoming::inspect(yizhan_proto::sync::Push {
            document,
            kind,
            change,
        });
        if let Ok(change) = &incoming.inspected {
            found.waiting.push(Waiting {
                document,
                kind,
                about: gate::driver(change),
                refers: gate::references(kind, change),
            });
        }
    }
    Ok(plan(people, &found))
}
