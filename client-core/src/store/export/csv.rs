//! Everything about the device's person as CSV, for a spreadsheet: a file for each kind, UTF-8
//! with a byte order mark (spreadsheets take Chinese for something else without it). A text that
//! begins like a formula gets `'` before it. Columns are only ever added, at the end.

use std::io::Write;

use rusqlite::Connection;
use yizhan_proto::Timestamp;

use super::super::opened::{self, Opened};
use super::super::sql::count;
use super::super::{Store, StoreError, changes, device, documents};
use super::due;
use crate::model::check::{Check, Comparator};
use crate::model::consent::{Consent, Purpose};
use crate::model::enrolment::{Enrolment, Seat};
use crate::model::report::spreadsheet_safe;
use crate::model::ticket::Ticket;
use crate::model::visit::{Service, Visit};
use crate::model::vitals::Level;

/// Names of the files, and their columns.
const FILES: [(&str, &[&str]); 6] = [
    (
        "visits.csv",
        &[
            "id",
            "station",
            "arrived_at",
            "left_at",
            "vehicle_plate",
            "rating",
            "note",
            "keeper_note",
        ],
    ),
    (
        "services.csv",
        &["visit", "asked_or_given", "service", "quantity", "at"],
    ),
    (
        "checks.csv",
        &[
            "id",
            "station",
            "taken_at",
            "item",
            "value",
            "unit",
            "comparator",
            "entered",
            "absent",
            "finding",
            "pain",
            "pressure_level",
            "glucose_level",
            "rule_set",
            "crisis",
            "advice",
            "note",
            "replaces",
            "replaces_reason",
        ],
    ),
    (
        "consents.csv",
        &[
            "id",
            "station",
            "purpose",
            "given_at",
            "until",
            "withdrawn_at",
            "share_with",
            "witness",
        ],
    ),
    (
        "enrolments.csv",
        &[
            "id",
            "activity",
            "station",
            "seat",
            "attended_at",
            "quiz_score",
            "quiz_asked",
            "feedback_rating",
            "feedback",
            "certificate",
        ],
    ),
    (
        "tickets.csv",
        &[
            "id",
            "station",
            "desk",
            "class",
            "title",
            "text",
            "raised_at",
            "state",
            "resolved_at",
            "ended_at",
            "rating",
            "recovered_yuan",
        ],
    ),
];
const MARK: &[u8] = "\u{feff}".as_bytes();

type File = csv::Writer<Box<dyn Write>>;

/// The files, as far as they are written.
struct Folder<'a> {
    files: Vec<File>,
    time: &'a dyn Fn(Timestamp) -> String,
}

impl Store {
    /// Writes everything about this device's person as CSV: `open` is given the name of each file,
    /// and makes it; `time` puts a time into words. Returns the number of documents.
    ///
    /// # Errors
    /// [`StoreError::Export`] if a file cannot be made or written.
    pub fn export_csv(
        &self,
        open: &mut dyn FnMut(&str) -> std::io::Result<Box<dyn Write>>,
        time: &dyn Fn(Timestamp) -> String,
    ) -> Result<u64, StoreError> {
        self.read(|connection| {
            let device = device::load(connection)?;
            let due = due(connection, &device)?;
            let mut files = Vec::new();
            for (name, columns) in FILES {
                let mut file = open(name).map_err(StoreError::Export)?;
                file.write_all(MARK).map_err(StoreError::Export)?;
                let mut file = csv::Writer::from_writer(file);
                file.write_record(columns).map_err(failed)?;
                files.push(file);
            }
            let mut folder = Folder { files, time };
            for n in &due {
                folder.document(connection, *n)?;
            }
            for file in &mut folder.files {
                file.flush().map_err(StoreError::Export)?;
            }
            Ok(count(due.len()))
        })
    }
}

fn failed(error: csv::Error) -> StoreError {
    StoreError::Export(error.into())
}

fn text(value: Option<impl ToString>) -> String {
    value.map_or_else(String::new, |value| value.to_string())
}

fn safe(value: impl AsRef<str>) -> String {
    spreadsheet_safe(value.as_ref()).into_owned()
}

fn safe_or_empty(value: Option<&String>) -> String {
    value.map_or_else(String::new, safe)
}

impl Folder<'_> {
    fn document(&mut self, connection: &Connection, n: i64) -> Result<(), StoreError> {
        let Some(row) = documents::by_number(connection, n)? else {
            return Ok(());
        };
        let rows = changes::of_document(connection, n)?;
        let read = opened::open(row.id, row.kind, &rows)
            .and_then(|document| Opened::read(&document, &rows));
        // What cannot be read is in the JSON, as bytes.
        match read {
            Ok(Opened::Visit(visit)) => self.visit(&visit),
            Ok(Opened::Check(check)) => self.check(&check),
            Ok(Opened::Consent(consent)) => self.consent(&consent),
            Ok(Opened::Enrolment(enrolment)) => self.enrolment(&enrolment),
            Ok(Opened::Ticket(ticket)) => self.ticket(&ticket),
            Ok(
                Opened::Station(_) | Opened::Activity(_) | Opened::Notice(_) | Opened::CaseNote(_),
            )
            | Err(_) => Ok(()),
        }
    }

    fn write<const N: usize>(
        &mut self,
        file: usize,
        record: [String; N],
    ) -> Result<(), StoreError> {
        let Some(file) = self.files.get_mut(file) else {
            return Ok(());
        };
        file.write_record(record).map_err(failed)
    }

    fn at(&self, time: Option<Timestamp>) -> String {
        time.map_or_else(String::new, self.time)
    }

    fn visit(&mut self, visit: &Visit) -> Result<(), StoreError> {
        let record = [
            visit.id.to_string(),
            visit.station.to_string(),
            self.at(Some(visit.arrived_at)),
            self.at(visit.left_at.value),
            safe_or_empty(visit.vehicle_plate.as_ref()),
            text(visit.rating.value),
            safe_or_empty(visit.note.value.as_ref()),
            safe_or_empty(visit.keeper_note.value.as_ref()),
        ];
        self.write(0, record)?;
        let asked = visit.requested.iter().map(|service| ("asked", service));
        let given = visit.services.iter().map(|service| ("given", service));
        for (what, service) in asked.chain(given) {
            let Service {
                service: code,
                quantity,
                at,
                ..
            } = service;
            let record = [
                visit.id.to_string(),
                what.to_owned(),
                safe(code),
                quantity.to_string(),
                self.at(Some(*at)),
            ];
            self.write(1, record)?;
        }
        Ok(())
    }

    /// One line a measurement.
    fn check(&mut self, check: &Check) -> Result<(), StoreError> {
        let replaces = check.replaces.as_ref();
        for one in &check.measurements {
            let record = [
                check.id.to_string(),
                check.station.to_string(),
                self.at(Some(check.taken_at)),
                one.item.to_string(),
                text(one.value),
                one.unit.clone(),
                text(one.comparator.map(Comparator::as_str)),
                safe(&one.entered),
                safe_or_empty(one.absent.as_ref()),
                safe_or_empty(one.finding.as_ref()),
                text(one.pain),
                text(check.pressure_level.map(Level::as_str)),
                text(check.glucose_level.map(Level::as_str)),
                safe(&check.rule_set),
                check.crisis.to_string(),
                safe(check.advice.join(" ")),
                safe_or_empty(check.note.as_ref()),
                text(replaces.map(|(id, _)| id)),
                safe_or_empty(replaces.map(|(_, reason)| reason)),
            ];
            self.write(2, record)?;
        }
        Ok(())
    }

    fn consent(&mut self, consent: &Consent) -> Result<(), StoreError> {
        let record = [
            consent.id.to_string(),
            consent.station.to_string(),
            text(consent.purpose.map(Purpose::as_str)),
            self.at(Some(consent.given_at)),
            self.at(consent.until),
            self.at(opened::withdrawn_at(consent)),
            text(consent.share_with),
            text(consent.witness),
        ];
        self.write(3, record)
    }

    fn enrolment(&mut self, enrolment: &Enrolment) -> Result<(), StoreError> {
        let record = [
            enrolment.id.to_string(),
            enrolment.activity.to_string(),
            enrolment.station.to_string(),
            text(enrolment.standing.seat.map(Seat::as_str)),
            self.at(enrolment.attendance().map(|scan| scan.at)),
            text(enrolment.quiz_score.value),
            text(enrolment.quiz_asked.value),
            text(enrolment.feedback_rating.value),
            safe_or_empty(enrolment.feedback.value.as_ref()),
            safe_or_empty(enrolment.certificate.value.as_ref()),
        ];
        self.write(4, record)
    }

    fn ticket(&mut self, ticket: &Ticket) -> Result<(), StoreError> {
        let state = &ticket.state;
        let fen = ticket.recovered_fen();
        let record = [
            ticket.id.to_string(),
            text(ticket.station),
            state.desk.to_string(),
            state.class.to_string(),
            safe(&ticket.title),
            safe(&ticket.text),
            self.at(Some(ticket.raised_at)),
            state.step.to_string(),
            self.at(state.resolved_at),
            self.at(state.ended_at),
            text(state.rating),
            format!("{}.{:02}", fen / 100, fen % 100),
        ];
        self.write(5, record)
    }
}
