//! Accepting and rejecting. Each portion is one job of the writer: a relay that dies has all of a
//! portion or nothing of it, and the same command again goes on.

use yizhan_proto::limits::DECISION_REASON_BYTES_MAX;
use yizhan_proto::sync::{Outcome, Reason};
use yizhan_proto::{ChangeHash, DeviceId, DocumentId, PersonId, Sequence, Timestamp};

use super::super::accept::{Arrival, Writer};
use super::super::audit::operator;
use super::super::seats::Told;
use super::super::{Relay, from_write};
use super::{Again, Named, QuarantineError, in_order};
use crate::audit::{Action, Detail, Event, Subject};
use crate::store::rows::{DecisionRow, HeldOf, HeldRow, Verdict};
use crate::store::{LogTx, StoreError};
use yizhan_client_core::model::{Refusal, RefusalCode};

/// Changes that one command may name.
const NAMED_MAX: usize = 256;
/// Changes decided in one job, besides those that build on them.
const PORTION: u32 = 64;

/// Which changes a command is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Which {
    /// These, by the beginnings of their hashes.
    Named(Vec<String>),
    /// All that wait of one device.
    Device(DeviceId),
    /// All that wait of one person, under any of their ids.
    Person(PersonId),
}

/// What became of one change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Became {
    /// It is in its document, under this sequence.
    Accepted(Sequence),
    /// It had been accepted before; nothing was done.
    AcceptedBefore,
    /// It is rejected; its author is told with the next sync.
    Rejected,
    /// It had been rejected before; nothing was done.
    RejectedBefore,
    /// It cannot be accepted, and waits as before.
    Stays(Reason),
}

/// One change, and what became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decided {
    /// The change.
    pub change: ChangeHash,
    /// Its document.
    pub document: DocumentId,
    /// What became of it.
    pub became: Became,
}

/// On whose word, when, and why.
#[derive(Debug, Clone)]
struct Word {
    by: Option<PersonId>,
    at: Timestamp,
    reason: Option<String>,
}

impl Word {
    /// The decision as the audit log has it: what about, whose work it was, and on whose word, if not
    /// the operator's own.
    fn entry(&self, row: &HeldRow, action: Action) -> Event {
        let event = operator(self.at, action)
            .to(Subject::Document(row.document))
            .about(row.person);
        match self.by {
            Some(person) => event.detail(Detail::word(&format!("person:{person}"))),
            None => event,
        }
    }

    fn on(&self, row: &HeldRow, verdict: Verdict) -> DecisionRow {
        DecisionRow {
            document: row.document,
            hash: row.hash,
            device: row.device,
            person: row.person,
            verdict,
            by: self.by,
            at: self.at,
            reason: self.reason.clone(),
        }
    }
}

impl Relay {
    /// Accepts changes that wait, and what builds on them; `by` is on whose word, if not the
    /// operator's own. One that cannot enter stays, with the reason. Again: nothing changes.
    ///
    /// # Errors
    /// [`QuarantineError`]; of a command that names changes, nothing was decided then. One for all
    /// of somebody goes in portions, and what is done stays done.
    pub async fn accept_quarantined(
        &self,
        which: Which,
        by: Option<PersonId>,
    ) -> Result<Vec<Decided>, QuarantineError> {
        let word = self.word(by, None)?;
        let named = match which {
            Which::Named(texts) => named(&texts)?,
            Which::Device(device) => return self.accept_all(HeldOf::Device(device), &word).await,
            Which::Person(person) => {
                let known = self.person(person);
                let known = known.ok_or(QuarantineError::NoPerson(person))?;
                let mut decided = Vec::new();
                for id in std::iter::once(known.id).chain(known.aliases) {
                    decided.extend(self.accept_all(HeldOf::Person(id), &word).await?);
                }
                return Ok(decided);
            }
        };
        let relay = self.clone();
        self.decide(move |tx, told| {
            let mut decided = Vec::new();
            for named in &named {
                match find(tx, named)? {
                    Found::Waits(row) => {
                        relay.accept_one(tx, told, row, &word, &mut decided)?;
                    }
                    Found::Decided(before) => decided.push(before),
                }
            }
            Ok(decided)
        })
        .await
    }

    /// Rejects changes that wait, and what builds on them, for a reason that their authors are told.
    /// Again: nothing changes.
    ///
    /// # Errors
    /// [`QuarantineError`]; nothing was decided then.
    pub async fn reject_quarantined(
        &self,
        changes: &[String],
        reason: &str,
        by: Option<PersonId>,
    ) -> Result<Vec<Decided>, QuarantineError> {
        let reason = reason.trim();
        if reason.is_empty() || reason.len() > DECISION_REASON_BYTES_MAX {
            return Err(QuarantineError::Invalid(format!(
                "a rejection needs a reason, of at most {DECISION_REASON_BYTES_MAX} bytes: its author reads it"
            )));
        }
        if reason.chars().any(char::is_control) {
            return Err(QuarantineError::Invalid(
                "the reason is one line of text".to_owned(),
            ));
        }
        let word = self.word(by, Some(reason.to_owned()))?;
        let named = named(changes)?;
        self.decide(move |tx, _| {
            let mut decided = Vec::new();
            for named in &named {
                match find(tx, named)? {
                    Found::Waits(row) => reject_one(tx, &row, &word, &mut decided)?,
                    Found::Decided(before) => decided.push(before),
                }
            }
            Ok(decided)
        })
        .await
    }

    fn word(&self, by: Option<PersonId>, reason: Option<String>) -> Result<Word, QuarantineError> {
        let by = match by {
            None => None,
            Some(id) => Some(self.person(id).ok_or(QuarantineError::NoPerson(id))?.id),
        };
        Ok(Word {
            by,
            at: self.inner.clock.now(),
            reason,
        })
    }

    async fn accept_all(&self, of: HeldOf, word: &Word) -> Result<Vec<Decided>, QuarantineError> {
        let mut all: Vec<Decided> = Vec::new();
        let mut after = 0;
        loop {
            let (relay, word) = (self.clone(), word.clone());
            let done: Vec<ChangeHash> = all.iter().map(|decided| decided.change).collect();
            let (decided, last) = self
                .decide(move |tx, told| {
                    let mut decided = Vec::new();
                    let rows = tx.waiting(of, after, PORTION)?;
                    let last = rows.last().map(|row| row.arrived);
                    for row in rows {
                        // It may have followed what it builds on, or stay as it did a moment ago.
                        let told_of = done.contains(&row.hash)
                            || decided.iter().any(|it: &Decided| it.change == row.hash);
                        if !told_of && tx.is_quarantined(row.document, row.hash)? {
                            relay.accept_one(tx, told, row, &word, &mut decided)?;
                        }
                    }
                    Ok((decided, last))
                })
                .await?;
            all.extend(decided);
            match last {
                Some(last) => after = last,
                None => return Ok(all),
            }
        }
    }

    async fn decide<T: Send + 'static>(
        &self,
        decide: impl FnOnce(&mut LogTx<'_>, &mut Told) -> Result<T, QuarantineError> + Send + 'static,
    ) -> Result<T, QuarantineError> {
        let relay = self.clone();
        let job = move |tx: &mut LogTx<'_>| -> Result<_, QuarantineError> {
            let mut told = Told::default();
            let decided = decide(tx, &mut told)?;
            relay.seat_beside(tx, &mut told)?;
            Ok((decided, told))
        };
        let written = self.inner.writer.write(job).await;
        let (decided, told) = written.map_err(from_write::<_, QuarantineError>)?;
        told.count();
        Ok(decided)
    }

    /// Accepts one change, and what builds on it and waits for nothing else.
    fn accept_one(
        &self,
        tx: &mut LogTx<'_>,
        told: &mut Told,
        row: HeldRow,
        word: &Word,
        decided: &mut Vec<Decided>,
    ) -> Result<(), StoreError> {
        let document = row.document;
        let root = row.hash;
        let became = self.enter(tx, told, &Again::new(row), word)?;
        let entered = matches!(became, Became::Accepted(_));
        decided.push(Decided {
            change: root,
            document,
            became,
        });
        if !entered {
            return Ok(());
        }
        let mut family = vec![root];
        let held = RefusalCode::DependencyHeld.as_str();
        for again in in_order(tx.held_of_document(document)?) {
            if again.row.rejected || again.row.reason.code != held || !again.builds_on(&family) {
                continue;
            }
            let became = self.enter(tx, told, &again, word)?;
            if matches!(became, Became::Accepted(_)) {
                family.push(again.row.hash);
            }
            decided.push(Decided {
                change: again.row.hash,
                document,
                became,
            });
        }
        Ok(())
    }

    /// Puts one change through the gate as its author could once have written it.
    fn enter(
        &self,
        tx: &mut LogTx<'_>,
        told: &mut Told,
        again: &Again,
        word: &Word,
    ) -> Result<Became, StoreError> {
        let row = &again.row;
        let Some(author) = self.inner.directory.former(row.person, row.device) else {
            let gone = Refusal::new(RefusalCode::AuthorUnrelated);
            return Ok(Became::Stays(Reason::from(&gone)));
        };
        if tx.is_erased(row.document)? {
            let erased = Refusal::new(RefusalCode::DocumentErased);
            return Ok(Became::Stays(Reason::from(&erased)));
        }
        let writer = Writer {
            pardoned: true,
            ..Writer::of(&author)
        };
        // When it came, and not when somebody looked at it: that is what its author could do.
        let arrival = Arrival {
            device: row.device,
            person: author.person,
            received_at: row.received_at,
            now: word.at,
            skew_ms: row.skew_ms,
            // What a person lets in is not held up for want of room.
            quotas: None,
            begun_max: None,
        };
        Ok(
            match self.admit(tx, told, writer, arrival, &again.incoming)? {
                Outcome::Accepted(stored) | Outcome::Duplicate(stored) => {
                    tx.remove_quarantine(row.document, row.hash)?;
                    tx.put_decision(&word.on(row, Verdict::Accepted))?;
                    tx.audit(&word.entry(row, Action::QuarantineAccepted))?;
                    Became::Accepted(stored.sequence)
                }
                Outcome::Refused(reason)
                | Outcome::Quarantined(reason)
                | Outcome::Later(reason) => Became::Stays(reason),
                Outcome::Needs(_) | Outcome::Unknown(_) => {
                    let gap = Refusal::new(RefusalCode::SequenceGap);
                    Became::Stays(Reason::from(&gap))
                }
            },
        )
    }
}

/// Rejects one change, and what builds on it.
fn reject_one(
    tx: &mut LogTx<'_>,
    row: &HeldRow,
    word: &Word,
    decided: &mut Vec<Decided>,
) -> Result<(), StoreError> {
    let document = row.document;
    let mut family = vec![row.hash];
    for again in in_order(tx.held_of_document(document)?) {
        let is_root = again.row.hash == row.hash;
        if again.row.rejected || !(is_root || again.builds_on(&family)) {
            continue;
        }
        family.push(again.row.hash);
        tx.put_decision(&word.on(&again.row, Verdict::Rejected))?;
        tx.audit(&word.entry(&again.row, Action::QuarantineRejected))?;
        decided.push(Decided {
            change: again.row.hash,
            document,
            became: Became::Rejected,
        });
    }
    Ok(())
}

fn named(texts: &[String]) -> Result<Vec<Named>, QuarantineError> {
    if texts.is_empty() || texts.len() > NAMED_MAX {
        return Err(QuarantineError::Invalid(format!(
            "name 1 to {NAMED_MAX} changes at once"
        )));
    }
    texts.iter().map(|text| Named::parse(text)).collect()
}

enum Found {
    Waits(HeldRow),
    Decided(Decided),
}

fn find(tx: &LogTx<'_>, named: &Named) -> Result<Found, QuarantineError> {
    let held = named.only(tx.held_between(named.range)?)?;
    if let Some(row) = held {
        if !row.rejected {
            return Ok(Found::Waits(row));
        }
        return Ok(Found::Decided(Decided {
            change: row.hash,
            document: row.document,
            became: Became::RejectedBefore,
        }));
    }
    let decided = named.only(tx.decided_between(named.range)?)?;
    let row = decided.ok_or_else(|| QuarantineError::NotFound(named.text.clone()))?;
    Ok(Found::Decided(Decided {
        change: row.hash,
        document: row.document,
        became: match row.verdict {
            Verdict::Accepted => Became::AcceptedBefore,
            Verdict::Rejected => Became::RejectedBefore,
        },
    }))
}
