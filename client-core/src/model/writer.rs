//! Commands carried out as Automerge operations: one command, one transaction, one change.
//!
//! Values are put as they are given; whether they are allowed is the gate's decision. Deterministic:
//! the same document, actor, time and command give the same bytes.

use automerge::legacy::OpId;
use automerge::transaction::{CommitOptions, Transactable, Transaction};
use automerge::{
    ActorId as AutomergeActor, AutomergeError, ObjId, ObjType, ROOT, ReadDoc, ScalarValue,
};
use std::panic::{AssertUnwindSafe, catch_unwind};
use yizhan_proto::{ActorId, EntryId, Timestamp};

use self::settle::{Resolved, settle};
use super::genesis::Genesis;
use super::{Command, Document, Refusal, RefusalCode};
use super::{case_note, check};

mod activities;
mod attachments;
mod enrolments;
mod kinds;
mod notices;
mod settle;
mod tickets;

/// Carries out a command. See [`Document::write`].
pub(super) fn write(
    document: &mut Document,
    actor: ActorId,
    now: Timestamp,
    command: &Command,
) -> Result<Vec<u8>, Refusal> {
    if command.kind() != document.kind {
        return Err(Refusal::new(RefusalCode::IdentityMismatch)
            .at("kind")
            .bound(document.kind.name()));
    }
    let exists = matches!(document.automerge.get(ROOT, "id"), Ok(Some(_)));
    match (command.creates(), exists) {
        (true, true) => return Err(Refusal::new(RefusalCode::DocumentExists)),
        (false, false) => return Err(Refusal::new(RefusalCode::FieldMissing).at("id")),
        (true, false) | (false, true) => {}
    }
    let (id, kind) = (document.id.to_string(), document.kind);
    let automerge = &mut document.automerge;
    automerge.set_actor(AutomergeActor::from(actor.as_bytes().as_slice()));
    // A panic leaves the document in pieces; by contract the caller drops it after any refusal.
    let written = catch_unwind(AssertUnwindSafe(|| {
        let mut tx = Writer {
            tx: automerge.transaction(),
            resolved: Vec::new(),
        };
        if command.creates() {
            tx.put("id", id)?;
            tx.put("kind", kind.name())?;
            tx.put(
                "schema",
                i64::from(Genesis::of(kind).map_or(1, Genesis::newest)),
            )?;
        }
        match command {
            Command::Station(command) => tx.station(command)?,
            Command::Visit(command) => tx.visit(command)?,
            Command::Check(check::Command::Create(new)) => tx.check(new)?,
            Command::Consent(command) => tx.consent(command)?,
            Command::Activity(command) => tx.activity(command)?,
            Command::Enrolment(command) => tx.enrolment(command)?,
            Command::Notice(command) => tx.notice(command)?,
            Command::Ticket(command) => tx.ticket(command)?,
            Command::CaseNote(case_note::Command::Create(new)) => tx.case_note(new)?,
            Command::Attach { attachment, .. } => tx.attach(attachment)?,
        }
        let options = CommitOptions::default().with_time(now.as_ms());
        let hash = tx.tx.commit_with(options).0;
        Ok::<_, Failure>((hash, tx.resolved))
    }));
    let (hash, resolved) = match written {
        Ok(Ok((Some(hash), resolved))) => (hash, resolved),
        Ok(Ok((None, _))) => return Err(Refusal::new(RefusalCode::NothingChanged)),
        Ok(Err(Failure::Refused(refusal))) => return Err(refusal),
        Ok(Err(Failure::Automerge(e))) => {
            return Err(Refusal::new(RefusalCode::PathUnknown).bound(e.to_string()));
        }
        Err(_) => return Err(Refusal::new(RefusalCode::ChangeMalformed)),
    };
    let unwritten = || Refusal::new(RefusalCode::ChangeMalformed);
    let change = document
        .automerge
        .get_change_by_hash(&hash)
        .ok_or_else(unwritten)?;
    if resolved.is_empty() {
        return Ok(change.raw_bytes().to_vec());
    }
    let automerge = &mut document.automerge;
    catch_unwind(AssertUnwindSafe(|| settle(automerge, &change, &resolved)))
        .map_err(|_| unwritten())?
        .map_err(|_| unwritten())
}

enum Failure {
    Automerge(AutomergeError),
    Refused(Refusal),
}

impl From<AutomergeError> for Failure {
    fn from(e: AutomergeError) -> Self {
        Self::Automerge(e)
    }
}

type Written = Result<(), Failure>;

struct Writer<'a> {
    tx: Transaction<'a>,
    resolved: Vec<Resolved>,
}

fn ms(time: Timestamp) -> ScalarValue {
    ScalarValue::Timestamp(time.as_ms())
}

impl Writer<'_> {
    fn put(&mut self, field: &str, value: impl Into<ScalarValue>) -> Written {
        self.put_in(&ROOT, field, value.into())
    }

    fn put_in(&mut self, object: &ObjId, key: &str, value: ScalarValue) -> Written {
        let standing = self.tx.get_all(object, key)?;
        if standing.len() > 1 {
            let ids = standing.into_iter().filter_map(|(_, id)| match id {
                ObjId::Id(counter, actor, _) => Some(OpId(counter, actor)),
                ObjId::Root => None,
            });
            let replaces = ids.collect();
            self.resolved.push(Resolved {
                key: key.to_owned(),
                value: value.clone(),
                replaces,
            });
        }
        Ok(self.tx.put(object, key, value)?)
    }

    fn put_some(&mut self, field: &str, value: Option<impl Into<ScalarValue>>) -> Written {
        value.map_or(Ok(()), |value| self.put(field, value))
    }

    /// A container that the genesis made.
    fn container(&self, name: &str) -> Result<ObjId, Failure> {
        match self.tx.get(ROOT, name)? {
            Some((value, object)) if value.is_object() => Ok(object),
            Some(_) | None => Err(Failure::Refused(
                Refusal::new(RefusalCode::GenesisMissing).at(name),
            )),
        }
    }

    /// Makes an entry and fills it.
    fn entry(
        &mut self,
        container: &str,
        entry: EntryId,
        values: Vec<(&str, ScalarValue)>,
    ) -> Written {
        let container = self.container(container)?;
        let key = entry.to_string();
        if self.tx.get(&container, &key)?.is_some() {
            return Err(Failure::Refused(
                Refusal::new(RefusalCode::FieldImmutable).at(key),
            ));
        }
        let object = self.tx.put_object(&container, key, ObjType::Map)?;
        for (field, value) in values {
            self.tx.put(&object, field, value)?;
        }
        Ok(())
    }

    fn flags<'c>(
        &mut self,
        container: &str,
        codes: impl Iterator<Item = &'c str>,
        set: bool,
    ) -> Written {
        let container = self.container(container)?;
        for code in codes {
            if code.is_empty() {
                return Err(Failure::Refused(Refusal::new(RefusalCode::ValueUnlisted)));
            }
            self.put_in(&container, code, set.into())?;
        }
        Ok(())
    }
}
