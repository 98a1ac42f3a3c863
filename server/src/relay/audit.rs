//! The audit log: what is entered, and what is told of it.
//!
//! Entered is what somebody with power over others did (the operator's orders, roles, devices,
//! quarantine, erasure), what a device tried and may not, and who looked at whose health check.
//! Accepted changes are not: the log of changes already says of each who made it, on which device,
//! and when, and is told beside the entries of a document ([`Relay::audit_list`]). Whatever is
//! entered is entered in the transaction of what it records, so there is both or neither.

mod allowance;
mod entered;

use yizhan_client_core::model::RefusalCode;
use yizhan_proto::audit::{CheckRead, CheckReads, ReadsEntered};
use yizhan_proto::limits::AUDIT_READS_MAX;
use yizhan_proto::sync::Reason;
use yizhan_proto::{DeviceId, DocumentId, Kind, PersonId, Timestamp};

pub(super) use allowance::Allowance;
pub(super) use entered::{Shares, begun, done, forgotten, linked, rekeyed, role, station};

use super::accept::Arrival;
use super::types::Caller;
use super::{Relay, from_read, from_write};
use crate::audit::{Action, By, ChainHash, Detail, Event, Subject};
use crate::error::{DeviceError, RelayError};
pub use crate::store::{AuditFilter, AuditRow, ChangeMade};
use crate::store::{LogTx, StoreError};

/// Refusals of one device that are entered in one hour; the rest is only counted. A person who
/// tries what they may not is seen by the first of them.
const REFUSALS_PER_HOUR_MAX: u32 = 100;
/// Reads by one device that are entered in one hour, of what it may read and again as many of what
/// it may not; the rest is to be sent again. An honest tablet has so many only when it was offline
/// for long, or after its keeper's role ended.
const READS_PER_HOUR_MAX: u32 = 4_096;
/// Keys that one device may go over to in one hour: each is entered, and the former one is kept.
const KEYS_PER_HOUR_MAX: u32 = 12;
/// Changes told beside the entries of a document.
const CHANGES_MAX: u32 = 200;

/// Entries and, of one document, who made its changes; both newest first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AuditListing {
    /// Entries.
    pub entries: Vec<AuditRow>,
    /// Accepted changes of the document asked for.
    pub changes: Vec<ChangeMade>,
}

/// How often a device may fill the log with what it may not do.
#[derive(Debug, Default)]
pub(super) struct Allowances {
    refusals: Allowance,
    reads: Allowance,
    strays: Allowance,
    keys: Allowance,
}

impl Relay {
    /// Entries that fit, newest first; of a document also who made its changes.
    ///
    /// # Errors
    /// [`RelayError`] if the store fails.
    pub async fn audit_list(&self, filter: AuditFilter) -> Result<AuditListing, RelayError> {
        let read = self.inner.readers.read(move |snapshot| {
            let document = filter.document.filter(|_| filter.before.is_none());
            Ok::<_, StoreError>(AuditListing {
                entries: snapshot.audit_list(&filter)?,
                changes: document.map_or_else(
                    || Ok(Vec::new()),
                    |document| snapshot.changes_made(document, CHANGES_MAX),
                )?,
            })
        });
        read.await.map_err(from_read)
    }

    /// Entries behind the one numbered `after`, rising: the chain, a portion at a time.
    ///
    /// # Errors
    /// [`RelayError`] if the store fails.
    pub async fn audit_chain(&self, after: u64, limit: u32) -> Result<Vec<AuditRow>, RelayError> {
        let readers = &self.inner.readers;
        let read = readers.read(move |snapshot| snapshot.audit_chain(after, limit));
        read.await.map_err(from_read)
    }

    /// How many entries there are, and the hash of the last.
    ///
    /// # Errors
    /// [`RelayError`] if the store fails.
    pub async fn audit_head(&self) -> Result<(u64, ChainHash), RelayError> {
        let read = self.inner.readers.read(|snapshot| snapshot.audit_head());
        let head = read.await.map_err(from_read)?;
        head.ok_or(RelayError::Internal("the audit log was not begun"))
    }

    /// Enters something that the holder of the operator's key did and that changes nothing else: a
    /// report, an export. Returns the entry's number.
    ///
    /// # Errors
    /// [`RelayError`] if the store fails; then it must not be done.
    pub async fn audit_operator(
        &self,
        action: Action,
        subject: Option<Subject>,
        detail: Detail,
    ) -> Result<u64, RelayError> {
        let event = Event {
            subject,
            detail: Some(detail),
            ..Event::new(self.inner.clock.now(), By::Operator, action)
        };
        let job = move |tx: &mut LogTx<'_>| Ok::<_, RelayError>(tx.audit(&event)?);
        self.inner.writer.write(job).await.map_err(from_write)
    }

    /// Enters that what [`Relay::audit_operator`] entered was not done after all.
    ///
    /// # Errors
    /// [`RelayError`] if the store fails.
    pub async fn audit_failed(
        &self,
        action: Action,
        subject: Option<Subject>,
        why: Detail,
    ) -> Result<u64, RelayError> {
        let event = Event {
            subject,
            ..operator(self.inner.clock.now(), action).refused(why)
        };
        let job = move |tx: &mut LogTx<'_>| Ok::<_, RelayError>(tx.audit(&event)?);
        self.inner.writer.write(job).await.map_err(from_write)
    }

    /// Enters reads of health checks that a device tells of. The same read is entered once.
    ///
    /// A read of what the person may not read (any more) is entered as refused: that it was shown on
    /// the device is what the device says, and worth a question.
    ///
    /// # Errors
    /// [`RelayError`]; nothing was entered.
    pub async fn enter_reads(
        &self,
        caller: &Caller,
        request: CheckReads,
    ) -> Result<ReadsEntered, RelayError> {
        if !request.version.is_supported() {
            return Err(RelayError::UnsupportedVersion {
                found: request.version,
            });
        }
        if request.reads.len() > AUDIT_READS_MAX {
            return Err(RelayError::Limit {
                limit: "AUDIT_READS_MAX",
                bound: AUDIT_READS_MAX as u64,
                found: request.reads.len() as u64,
            });
        }
        let device = caller.device;
        let relay = self.clone();
        let job = move |tx: &mut LogTx<'_>| -> Result<_, RelayError> {
            let caller = relay.inner.directory.caller(device)?;
            let now = relay.inner.clock.now();
            let mut entries = Vec::with_capacity(request.reads.len());
            for read in &request.reads {
                if tx.is_audited(device, read.entry)? || relay.enter_read(tx, &caller, read, now)? {
                    entries.push(read.entry);
                }
            }
            Ok(ReadsEntered { entries })
        };
        self.inner.writer.write(job).await.map_err(from_write)
    }

    /// Enters one read; says whether it did.
    fn enter_read(
        &self,
        tx: &mut LogTx<'_>,
        caller: &Caller,
        read: &CheckRead,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let row = tx.document(read.document)?;
        let scopes = &caller.identity.scopes;
        let may = row.as_ref().is_some_and(|row| {
            let mut members = row.members.iter();
            row.outline.kind == Kind::Check
                && members.any(|member| member.left.is_none() && scopes.contains(&member.scope))
        });
        let audit = &self.inner.audit;
        let allowance = if may { &audit.reads } else { &audit.strays };
        if !allowance.take(caller.device, now, READS_PER_HOUR_MAX) {
            return Ok(false);
        }
        let driver = row.and_then(|row| row.outline.routing.driver);
        let by = By::Device(caller.person, caller.device);
        let mut event = Event {
            about: known_as(tx, driver)?,
            read_at: Some(read.at),
            entry: Some(read.entry),
            ..Event::new(now, by, Action::CheckRead)
                .to(Subject::Document(read.document))
                .detail(Detail::word(read.screen.as_str()))
        };
        if !may {
            event = event.refused(Detail::word(RefusalCode::AuthorUnrelated.as_str()));
        }
        tx.audit(&event)?;
        Ok(true)
    }

    /// That a device may go over to one more key in this hour.
    pub(super) fn may_rekey(&self, device: DeviceId, now: Timestamp) -> Result<(), DeviceError> {
        if self.inner.audit.keys.take(device, now, KEYS_PER_HOUR_MAX) {
            return Ok(());
        }
        Err(DeviceError::TooOften {
            bound: KEYS_PER_HOUR_MAX.into(),
            retry_after_ms: Allowance::renewed_in_ms(now),
        })
    }

    /// Enters a refusal, if it is one of what its author may not do. What is wrong in itself (a value
    /// out of range, a damaged change) is the phone's to show, and is not entered.
    pub(super) fn audit_refusal(
        &self,
        tx: &mut LogTx<'_>,
        arrival: Arrival,
        document: DocumentId,
        reason: &Reason,
    ) -> Result<(), StoreError> {
        let of_rights = OF_RIGHTS.iter().any(|code| code.as_str() == reason.code);
        let now = arrival.now;
        let refusals = &self.inner.audit.refusals;
        if !of_rights || !refusals.take(arrival.device, now, REFUSALS_PER_HOUR_MAX) {
            return Ok(());
        }
        let row = tx.document(document)?;
        let driver = row.and_then(|row| row.outline.routing.driver);
        let code = Detail::word(&reason.code);
        let event = Event {
            about: known_as(tx, driver)?,
            ..Event::new(now, by(arrival), Action::ChangeRefused)
                .to(Subject::Document(document))
                .refused(code)
        };
        tx.audit(&event)?;
        Ok(())
    }
}

/// Refusals that say that somebody tried what they may not.
const OF_RIGHTS: [RefusalCode; 7] = [
    RefusalCode::ActorForeign,
    RefusalCode::IdentityMismatch,
    RefusalCode::DocumentErased,
    RefusalCode::FieldForbidden,
    RefusalCode::AuthorUnrelated,
    RefusalCode::ValueNotSelf,
    RefusalCode::TicketConflicted,
];

/// Enters that a change waits for a person to decide.
pub(super) fn quarantined(
    tx: &mut LogTx<'_>,
    arrival: Arrival,
    document: DocumentId,
    reason: &Reason,
) -> Result<(), StoreError> {
    let event = Event::new(arrival.now, by(arrival), Action::ChangeQuarantined)
        .to(Subject::Document(document))
        .detail(Detail::word(&reason.code));
    tx.audit(&event)?;
    Ok(())
}

/// Something that the holder of the operator's key did.
pub(super) const fn operator(at: Timestamp, action: Action) -> Event {
    Event::new(at, By::Operator, action)
}

pub(super) const fn by(arrival: Arrival) -> By {
    By::Device(arrival.person, arrival.device)
}

/// The id that a person is known by first.
fn known_as(tx: &LogTx<'_>, person: Option<PersonId>) -> Result<Option<PersonId>, StoreError> {
    match person {
        Some(person) => Ok(Some(tx.person_of_alias(person)?.unwrap_or(person))),
        None => Ok(None),
    }
}
