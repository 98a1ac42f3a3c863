//! The audit log's rows: appended in the transaction of what they record, never touched again.

use rusqlite::types::Value;
use rusqlite::{Connection, Row, params, params_from_iter};
use yizhan_proto::{ActorId, DeviceId, DocumentId, EntryId, PersonId, Sequence, Timestamp};

use super::StoreError;
use super::convert::{bytes, sequence, signed, timestamp, unsigned};
use super::log::LogTx;
use super::open::Birth;
use super::queries::{all, first};
use super::readers::Snapshot;
use crate::audit::{self, Action, By, ChainHash, Detail, Event, Subject};

/// People that one question may be about: a person and all ids they go by.
const PEOPLE_MAX: usize = 64;

/// An entry as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditRow {
    /// Its number, from 1.
    pub n: u64,
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// Its hash.
    pub hash: ChainHash,
    /// Whether the columns by which it is found say what its bytes say.
    pub findable: bool,
}

/// What to list of the log.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AuditFilter {
    /// Not before.
    pub since: Option<Timestamp>,
    /// By or about any of these ids of one person; empty: anybody.
    pub people: Vec<PersonId>,
    /// By or about this device.
    pub device: Option<DeviceId>,
    /// About this document.
    pub document: Option<DocumentId>,
    /// Of this action.
    pub action: Option<String>,
    /// Only entries before this one.
    pub before: Option<u64>,
    /// At most so many.
    pub limit: u32,
}

/// An accepted change, as the log of changes shows who made it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChangeMade {
    /// Its number.
    pub sequence: Sequence,
    /// Who pushed it.
    pub person: PersonId,
    /// The device that wrote it.
    pub device: DeviceId,
    /// When the relay took it.
    pub received_at: Timestamp,
}

impl LogTx<'_> {
    /// Enters something in the audit log, in this very transaction. Returns its number.
    ///
    /// # Errors
    /// [`StoreError`] if the store fails.
    pub fn audit(&mut self, event: &Event) -> Result<u64, StoreError> {
        append(self.connection, event)
    }

    /// Whether something that a device uploads was entered before.
    ///
    /// # Errors
    /// [`StoreError`] if the store fails.
    pub fn is_audited(&self, device: DeviceId, entry: EntryId) -> Result<bool, StoreError> {
        let sql = "SELECT 1 FROM audit WHERE device = ?1 AND entry = ?2 AND entry IS NOT NULL";
        let mut statement = self.connection.prepare_cached(sql)?;
        Ok(statement.exists(params![device.as_bytes(), entry.as_bytes()])?)
    }
}

impl Snapshot<'_> {
    /// The last entry's number and hash.
    ///
    /// # Errors
    /// [`StoreError`] if the store fails.
    pub fn audit_head(&self) -> Result<Option<(u64, ChainHash)>, StoreError> {
        head(self.connection)
    }

    /// Entries behind `after`, rising, at most `limit`.
    ///
    /// # Errors
    /// [`StoreError`] if the store fails.
    pub fn audit_chain(&self, after: u64, limit: u32) -> Result<Vec<AuditRow>, StoreError> {
        let sql = format!("SELECT {COLUMNS} FROM audit WHERE n > ?1 ORDER BY n LIMIT ?2");
        all(self.connection, &sql, params![signed(after), limit], read)
    }

    /// Entries that fit, newest first.
    ///
    /// # Errors
    /// [`StoreError`] if the store fails.
    pub fn audit_list(&self, filter: &AuditFilter) -> Result<Vec<AuditRow>, StoreError> {
        let (conditions, values) = conditions(filter);
        let sql = format!(
            "SELECT {COLUMNS} FROM audit WHERE {conditions} ORDER BY n DESC LIMIT {}",
            filter.limit
        );
        all(self.connection, &sql, params_from_iter(values), read)
    }

    /// Who made the changes of a document, newest first.
    ///
    /// # Errors
    /// [`StoreError`] if the store fails.
    pub fn changes_made(
        &self,
        document: DocumentId,
        limit: u32,
    ) -> Result<Vec<ChangeMade>, StoreError> {
        all(
            self.connection,
            "SELECT seq, person, actor, received_at FROM changes WHERE doc = ?1
             ORDER BY seq DESC LIMIT ?2",
            params![document.as_bytes(), limit],
            |row| {
                Ok(ChangeMade {
                    sequence: sequence(row, 0)?,
                    person: PersonId::from_bytes(bytes(row, 1)?),
                    device: device_of(&row.get::<_, Vec<u8>>(2)?)?,
                    received_at: timestamp(row, 3)?,
                })
            },
        )
    }
}

const COLUMNS: &str = "n, bytes, hash, at, action, person, device, subject, about, entry";

/// The log's first entry, if it has none; and that the store came from a backup, if it did. In the
/// transaction in which the relay gets its identity.
pub(super) fn begin(
    connection: &Connection,
    birth: Birth,
    restored: bool,
) -> Result<(), StoreError> {
    let entry = |action| {
        Event::new(birth.at, By::Relay, action)
            .to(Subject::Device(birth.device))
            .detail(Detail::word(&birth.epoch.to_string()))
    };
    if head(connection)?.is_none() {
        append(connection, &entry(Action::RelayBegan))?;
    }
    if restored {
        append(connection, &entry(Action::RelayRestored))?;
    }
    Ok(())
}

fn append(connection: &Connection, event: &Event) -> Result<u64, StoreError> {
    let (n, before) = match head(connection)? {
        Some((last, hash)) => (last + 1, hash),
        None => match (&event.subject, &event.detail) {
            (Some(Subject::Device(device)), Some(epoch)) => (
                1,
                audit::begin_of(*device, epoch.as_str()).ok_or_else(unbegun)?,
            ),
            _ => return Err(unbegun()),
        },
    };
    let encoded = audit::encode(n, event);
    let hash = audit::follow(&before, &encoded);
    let found = Findable::of(event);
    connection
        .prepare_cached(
            "INSERT INTO audit(n, at, action, person, device, subject, about, entry, bytes, hash)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
        )?
        .execute(params![
            signed(n),
            found.at,
            found.action,
            found.person,
            found.device,
            found.subject,
            found.about,
            found.entry,
            encoded,
            hash.as_bytes(),
        ])?;
    Ok(n)
}

fn unbegun() -> StoreError {
    StoreError::bug("the audit log was not begun")
}

fn head(connection: &Connection) -> Result<Option<(u64, ChainHash)>, StoreError> {
    first(
        connection,
        "SELECT n, hash FROM audit ORDER BY n DESC LIMIT 1",
        [],
        |row| Ok((unsigned(row, 0)?, ChainHash::from_bytes(bytes(row, 1)?))),
    )
}

/// The columns by which an entry is found.
#[derive(Debug, PartialEq, Eq)]
struct Findable {
    at: i64,
    action: String,
    person: Option<Vec<u8>>,
    device: Option<Vec<u8>>,
    subject: Option<String>,
    about: Option<Vec<u8>>,
    entry: Option<Vec<u8>>,
}

impl Findable {
    fn of(event: &Event) -> Self {
        let (person, device) = match event.by {
            By::Operator | By::Relay => (None, None),
            By::Device(person, device) => (Some(person), Some(device)),
        };
        Self {
            at: event.at.as_ms(),
            action: event.action.as_str().to_owned(),
            person: person.map(|id| id.as_bytes().to_vec()),
            device: device.map(|id| id.as_bytes().to_vec()),
            subject: event.subject.as_ref().map(ToString::to_string),
            about: event.about.map(|id| id.as_bytes().to_vec()),
            entry: event.entry.map(|id| id.as_bytes().to_vec()),
        }
    }
}

fn read(row: &Row<'_>) -> Result<AuditRow, StoreError> {
    let n = unsigned(row, 0)?;
    let encoded: Vec<u8> = row.get(1)?;
    let columns = Findable {
        at: row.get(3)?,
        action: row.get(4)?,
        person: row.get(5)?,
        device: row.get(6)?,
        subject: row.get(7)?,
        about: row.get(8)?,
        entry: row.get(9)?,
    };
    let findable = audit::decode(&encoded)
        .is_ok_and(|(number, event)| number == n && Findable::of(&event) == columns);
    Ok(AuditRow {
        n,
        hash: ChainHash::from_bytes(bytes(row, 2)?),
        bytes: encoded,
        findable,
    })
}

/// The device that an actor writes on.
fn device_of(actor: &[u8]) -> Result<DeviceId, StoreError> {
    ActorId::from_slice(actor)
        .map(|actor| actor.device())
        .map_err(|_| StoreError::damaged("an actor of the wrong length"))
}

/// What an entry must be like, as SQL, with its values in order.
fn conditions(filter: &AuditFilter) -> (String, Vec<Value>) {
    let mut text = String::from("1");
    let mut values: Vec<Value> = Vec::new();
    let mut and = |condition: &str, more: Vec<Value>| {
        text.push_str(" AND ");
        text.push_str(condition);
        values.extend(more);
    };
    if let Some(since) = filter.since {
        and("at >= ?", vec![since.as_ms().into()]);
    }
    if !filter.people.is_empty() {
        let people = &filter.people[..filter.people.len().min(PEOPLE_MAX)];
        let marks = vec!["?"; people.len()].join(", ");
        let ids = || people.iter().map(|id| Value::from(id.as_bytes().to_vec()));
        let subjects = people
            .iter()
            .map(|id| Value::from(Subject::Person(*id).to_string()));
        and(
            &format!("(person IN ({marks}) OR about IN ({marks}) OR subject IN ({marks}))"),
            ids().chain(ids()).chain(subjects).collect(),
        );
    }
    if let Some(device) = filter.device {
        let id = Value::from(device.as_bytes().to_vec());
        let subject = Value::from(Subject::Device(device).to_string());
        and("(device = ? OR subject = ?)", vec![id, subject]);
    }
    if let Some(document) = filter.document {
        // A station is a document, too, and is entered as a station.
        let id = document.to_string();
        let subjects = [format!("document:{id}"), format!("station:{id}")];
        and("subject IN (?, ?)", subjects.map(Value::from).to_vec());
    }
    if let Some(action) = &filter.action {
        and("action = ?", vec![action.clone().into()]);
    }
    if let Some(before) = filter.before {
        and("n < ?", vec![signed(before).into()]);
    }
    (text, values)
}
