//! Everything about the device's person as one JSON object: a person's right to their own data,
//! on the phone, offline. One document in memory at a time.

mod csv;
pub mod fhir;
mod raw;
mod typed;

use std::io::Write;

use rusqlite::Connection;
use serde_json::{Value, json};

use super::changes::{self, ChangeRow};
use super::device::Device;
use super::opened::{self, Opened};
use super::sql::count;
use super::{ChangeInfo, ChangeState, Store, StoreError, device, documents};

impl Store {
    /// Writes everything about this device's person as one JSON object: documents as they are read
    /// and as raw fields of their changes, unsent and refused ones marked. Offline; one document in
    /// memory at a time. Returns the number of documents.
    ///
    /// # Errors
    /// [`StoreError::Export`] if the writer fails.
    pub fn export(&self, writer: &mut dyn Write) -> Result<u64, StoreError> {
        self.read(|connection| {
            let device = device::load(connection)?;
            let due = due(connection, &device)?;
            let head = header(&device).to_string();
            // The object is left open for the documents.
            let head = head.strip_suffix('}').unwrap_or(&head);
            write!(writer, "{head},\"documents\":[").map_err(StoreError::Export)?;
            for (at, n) in due.iter().enumerate() {
                let separator = if at == 0 { "\n" } else { ",\n" };
                let document = document(connection, *n)?;
                write!(writer, "{separator}{document}").map_err(StoreError::Export)?;
            }
            writeln!(writer, "\n]}}").map_err(StoreError::Export)?;
            writer.flush().map_err(StoreError::Export)?;
            Ok(count(due.len()))
        })
    }
}

fn header(device: &Device) -> Value {
    let people: Vec<String> = device.people().iter().map(ToString::to_string).collect();
    json!({
        "format": "yizhan export 1",
        "device": device.id.to_string(),
        "person": device.person().to_string(),
        "also_known_as": people,
        "name": device.identity.as_ref().map(|identity| identity.name.as_str()),
        "relay": device.relay_url.as_deref(),
    })
}

/// Documents of one of the screens' tables that are about the person.
fn about(
    connection: &Connection,
    device: &Device,
    view: &'static str,
) -> Result<Vec<i64>, StoreError> {
    let people = device.people();
    let marks = vec!["?"; people.len()].join(", ");
    let mut statement = connection.prepare(&format!(
        "SELECT document FROM {view} WHERE driver IN ({marks}) ORDER BY document"
    ))?;
    let people = people.iter().map(yizhan_proto::PersonId::as_bytes);
    let rows = statement.query_map(rusqlite::params_from_iter(people), |row| row.get(0))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Documents about the person, and those with own work that the relay does not have or that
/// cannot be read here. Other people's documents that a keeper holds are not part of it.
fn due(connection: &Connection, device: &Device) -> Result<Vec<i64>, StoreError> {
    let people = device.people();
    // Numbered, because all tables ask about the same people.
    let marks: Vec<String> = (1..=people.len()).map(|at| format!("?{at}")).collect();
    let marks = marks.join(", ");
    let mut statement = connection.prepare(&format!(
        "SELECT document FROM visits_view WHERE driver IN ({marks})
         UNION SELECT document FROM checks_view WHERE driver IN ({marks})
         UNION SELECT document FROM consents_view WHERE driver IN ({marks})
         UNION SELECT document FROM enrolments_view WHERE driver IN ({marks})
         UNION SELECT document FROM tickets_view WHERE driver IN ({marks})
         UNION SELECT document FROM changes WHERE own <> 0 AND state IN (0, 2, 3) AND state <> 1
         UNION SELECT d.n FROM documents d JOIN changes c ON c.document = d.n
               WHERE d.set_aside IS NOT NULL AND c.own <> 0
         ORDER BY 1"
    ))?;
    let people = people.iter().map(yizhan_proto::PersonId::as_bytes);
    let rows = statement.query_map(rusqlite::params_from_iter(people), |row| row.get(0))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

fn document(connection: &Connection, n: i64) -> Result<Value, StoreError> {
    let Some(row) = documents::by_number(connection, n)? else {
        return Ok(Value::Null);
    };
    let rows = changes::of_document(connection, n)?;
    let shown = opened::open(row.id, row.kind, &rows);
    let held = rows.iter().any(|row| !row.is_shown());
    // With what was refused, as the person meant it.
    let draft = held
        .then(|| {
            let all = rows.iter().map(|row| row.bytes.as_slice());
            crate::model::Document::open(row.id, row.kind, all).ok()
        })
        .flatten();
    let (read, fields) = match &shown {
        Ok(shown) => (
            Opened::read(shown, &rows)
                .ok()
                .map(|opened| typed::of(&opened)),
            raw::fields(shown),
        ),
        Err(_) => (None, Value::Null),
    };
    let keep_bytes = shown.is_err();
    Ok(json!({
        "id": row.id.to_string(),
        "kind": row.kind.name(),
        "as_shown": read,
        "fields": fields,
        "fields_with_refused": draft.as_ref().map(raw::fields),
        "cannot_be_opened": shown.as_ref().err().map(ToString::to_string),
        "changes": rows.iter().map(|row| change(row, keep_bytes)).collect::<Vec<_>>(),
    }))
}

fn change(row: &ChangeRow, keep_bytes: bool) -> Value {
    let info: ChangeInfo = row.info();
    let bytes = (keep_bytes || !row.is_shown()).then(|| hex(&row.bytes));
    json!({
        "change": info.change.to_string(),
        "device": info.device.to_string(),
        "own": info.own,
        "state": state_name(info.state),
        "device_time_ms": info.device_time.as_ms(),
        "relay_time_ms": info.relay_time.map(yizhan_proto::Timestamp::as_ms),
        "sequence": info.sequence.map(yizhan_proto::Sequence::get),
        "skew_ms": info.skew_ms,
        "reason": info.reason.map(|reason| reason.to_string()),
        "bytes_hex": bytes,
    })
}

const fn state_name(state: ChangeState) -> &'static str {
    match state {
        ChangeState::Unsent => "unsent",
        ChangeState::Acknowledged => "acknowledged",
        ChangeState::Refused => "refused",
        ChangeState::Quarantined => "quarantined",
        ChangeState::Unconfirmed => "unconfirmed",
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
