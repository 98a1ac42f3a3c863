//! The fields that a command writes, in words of the reference's own.

mod activities;
mod tickets;

use yizhan_client_core::model::{Command, case_note, check, consent, station, visit};
use yizhan_proto::checkin::CheckInCode;

/// The fields a command writes, and what it writes there, in words of the reference's own.
#[must_use]
pub fn writes(command: &Command) -> Vec<(String, String)> {
    match command {
        Command::Station(command) => station_writes(command),
        Command::Visit(command) => visit_writes(command),
        Command::Check(check::Command::Create(new)) => check_writes(new),
        Command::Consent(command) => consent_writes(command),
        Command::Activity(command) => activities::activity(command),
        Command::Enrolment(command) => activities::enrolment(command),
        Command::Notice(command) => activities::notice(command),
        Command::Ticket(command) => tickets::ticket(command),
        Command::CaseNote(case_note::Command::Create(new)) => tickets::case_note(new),
        // What a reader shows of it is its own list: not predicted.
        Command::Attach { .. } => Vec::new(),
    }
}

#[allow(
    clippy::needless_pass_by_value,
    reason = "reads better where it is called"
)]
fn one(field: &str, value: impl ToString) -> Vec<(String, String)> {
    vec![(field.to_owned(), value.to_string())]
}

fn station_writes(command: &station::Command) -> Vec<(String, String)> {
    use station::Command as C;
    match command {
        // Made by the relay at an import, never by a phone of these worlds.
        C::Create(_) => Vec::new(),
        C::Describe {
            name,
            address,
            beds_total,
            ..
        } => [
            name.as_ref().map(|name| ("name", name.clone())),
            address.as_ref().map(|address| ("address", address.clone())),
            beds_total.map(|beds| ("beds_total", beds.to_string())),
        ]
        .into_iter()
        .flatten()
        .map(|(field, value)| (field.to_owned(), value))
        .collect(),
        // Shown as one list without conflicts: not predicted.
        C::SetFacility { .. } => Vec::new(),
        C::SetBedsFree(beds) => one("beds_free", beds),
        C::SetHours(hours) => one("hours", hours),
        C::SetPhone(phone) => one("phone", phone),
        C::SetOpen(open) => one("open", open),
        C::SetNotice(notice) => one("notice", notice),
    }
}

fn visit_writes(command: &visit::Command) -> Vec<(String, String)> {
    use visit::Command as C;
    match command {
        C::CheckIn {
            driver,
            driver_name,
            station,
            arrived_at,
            source: _,
            vehicle_plate,
            requested,
        } => {
            let mut writes = one("driver", driver);
            writes.extend(one("driver_name", driver_name));
            writes.extend(one("station", station));
            writes.extend(one("arrived_at", arrived_at.as_ms()));
            if let Some(plate) = vehicle_plate {
                writes.extend(one("vehicle_plate", plate));
            }
            for (entry, service) in requested {
                writes.extend(one(&format!("requested/{entry}"), service));
            }
            writes
        }
        C::CheckInByCode {
            code,
            station,
            arrived_at,
            vehicle_plate,
            requested,
        } => {
            let shown = CheckInCode::from_text(code).expect("the phone took it for a code");
            let mut writes = visit_writes(&C::CheckIn {
                driver: shown.certificate.person,
                driver_name: shown.certificate.name,
                station: *station,
                arrived_at: *arrived_at,
                source: visit::Source::Qr,
                vehicle_plate: vehicle_plate.clone(),
                requested: requested.clone(),
            });
            writes.extend(one("showing", shown.nonce));
            writes
        }
        C::CheckOut { left_at } => one("left_at", left_at.as_ms()),
        C::Request { entry, service, .. } => one(&format!("requested/{entry}"), service),
        C::Serve {
            entry,
            service,
            quantity,
            by,
            at,
        } => one(
            &format!("services/{entry}"),
            format!("{service} x{quantity} by {by} at {}", at.as_ms()),
        ),
        C::SetNote(note) => one("note", note),
        C::SetKeeperNote(note) => one("keeper_note", note),
        C::Rate(stars) => one("rating", stars),
    }
}

fn check_writes(new: &check::NewCheck) -> Vec<(String, String)> {
    let mut writes = one("driver", new.driver);
    writes.extend(one("station", new.station));
    writes.extend(one("by", new.by));
    writes.extend(one("consent", new.consent));
    writes.extend(one("taken_at", new.taken_at.as_ms()));
    for reading in &new.readings {
        let value = match &reading.value {
            check::ReadingValue::Quantity { entered, .. } => entered.clone(),
            check::ReadingValue::Absent { reason } => format!("absent: {reason}"),
            check::ReadingValue::Spine { finding, pain } => format!("{finding} {pain}"),
        };
        writes.extend(one(
            &format!("readings/{}", reading.entry),
            format!("{:?} {value}", reading.item),
        ));
    }
    if let Some((replaced, why)) = &new.replaces {
        writes.extend(one("replaces", format!("{replaced} {why}")));
    }
    if let Some(note) = &new.note {
        writes.extend(one("note", note));
    }
    writes
}

fn consent_writes(command: &consent::Command) -> Vec<(String, String)> {
    match command {
        consent::Command::Give {
            driver,
            station,
            purpose,
            given_at,
            ..
        } => {
            let mut writes = one("driver", driver);
            writes.extend(one("station", station));
            writes.extend(one("purpose", format!("{purpose:?}")));
            writes.extend(one("given_at", given_at.as_ms()));
            writes
        }
        consent::Command::Withdraw { withdrawn_at } => one("withdrawn_at", withdrawn_at.as_ms()),
    }
}
