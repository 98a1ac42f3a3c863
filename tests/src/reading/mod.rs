//! A document as people read it, in the reference's words, through the model's typed reads.

mod activities;
mod tickets;

use std::collections::BTreeSet;

use yizhan_client_core::model::Document;
use yizhan_client_core::model::activity::Activity;
use yizhan_client_core::model::case_note::CaseNote;
use yizhan_client_core::model::check::Check;
use yizhan_client_core::model::consent::Consent;
use yizhan_client_core::model::document::{Register, Unreadable};
use yizhan_client_core::model::enrolment::Enrolment;
use yizhan_client_core::model::notice::Notice;
use yizhan_client_core::model::order::Order;
use yizhan_client_core::model::station::Station;
use yizhan_client_core::model::ticket::Ticket;
use yizhan_client_core::model::visit::Visit;
use yizhan_proto::Kind;

use crate::reference::Visible;

/// What a document shows.
///
/// # Errors
/// [`Unreadable`] as the model says it, also for a kind that these worlds have not.
pub fn visible(document: &Document) -> Result<Visible, Unreadable> {
    match document.kind() {
        Kind::Station => Station::read(document).map(|station| of_station(&station)),
        Kind::Visit => Visit::read(document).map(|visit| of_visit(&visit)),
        Kind::Check => Check::read(document).map(|check| of_check(&check)),
        Kind::Consent => Consent::read(document).map(|consent| of_consent(&consent)),
        Kind::Activity => Activity::read(document).map(|read| activities::activity(&read)),
        // What was entered does not depend on the order of the folds.
        Kind::Enrolment => {
            Enrolment::read(document, &Order::default()).map(|read| activities::enrolment(&read))
        }
        Kind::Notice => Notice::read(document).map(|read| activities::notice(&read)),
        Kind::Ticket => {
            Ticket::read(document, &Order::default()).map(|read| tickets::ticket(&read))
        }
        Kind::CaseNote => CaseNote::read(document).map(|read| tickets::case_note(&read)),
        Kind::Unknown(_) => Err(Unreadable(format!("a {}", document.kind()))),
    }
}

/// How many fields of a document show a conflict.
#[must_use]
pub fn conflicts(visible: &Visible) -> usize {
    visible.values().filter(|values| values.len() > 1).count()
}

#[allow(
    clippy::needless_pass_by_value,
    reason = "reads better where it is called"
)]
fn put(visible: &mut Visible, field: impl Into<String>, value: impl ToString) {
    visible
        .entry(field.into())
        .or_default()
        .insert(value.to_string());
}

fn put_register<T>(
    visible: &mut Visible,
    field: &str,
    register: &Register<T>,
    word: impl Fn(&T) -> String,
) {
    let values: BTreeSet<String> = register
        .value
        .iter()
        .chain(&register.others)
        .map(word)
        .collect();
    if !values.is_empty() {
        visible.insert(field.to_owned(), values);
    }
}

fn of_station(station: &Station) -> Visible {
    let mut visible = Visible::new();
    put_register(&mut visible, "name", &station.name, String::clone);
    put_register(&mut visible, "address", &station.address, String::clone);
    put_register(
        &mut visible,
        "beds_total",
        &station.beds_total,
        u32::to_string,
    );
    put_register(
        &mut visible,
        "beds_free",
        &station.beds_free,
        u32::to_string,
    );
    put_register(&mut visible, "hours", &station.hours, String::clone);
    put_register(&mut visible, "phone", &station.phone, String::clone);
    put_register(&mut visible, "open", &station.open, bool::to_string);
    put_register(&mut visible, "notice", &station.notice, String::clone);
    visible
}

fn of_visit(visit: &Visit) -> Visible {
    let mut visible = Visible::new();
    put(&mut visible, "driver", visit.driver);
    put(&mut visible, "driver_name", &visit.driver_name);
    put(&mut visible, "station", visit.station);
    put(&mut visible, "arrived_at", visit.arrived_at.as_ms());
    if let Some(code) = &visit.code {
        put(&mut visible, "showing", code.nonce);
    }
    if let Some(plate) = &visit.vehicle_plate {
        put(&mut visible, "vehicle_plate", plate);
    }
    for asked in &visit.requested {
        put(
            &mut visible,
            format!("requested/{}", asked.entry),
            &asked.service,
        );
    }
    for given in &visit.services {
        let by = given.by.map(|by| by.to_string()).unwrap_or_default();
        put(
            &mut visible,
            format!("services/{}", given.entry),
            format!(
                "{} x{} by {by} at {}",
                given.service,
                given.quantity,
                given.at.as_ms()
            ),
        );
    }
    put_register(&mut visible, "left_at", &visit.left_at, |at| {
        at.as_ms().to_string()
    });
    put_register(&mut visible, "note", &visit.note, String::clone);
    put_register(
        &mut visible,
        "keeper_note",
        &visit.keeper_note,
        String::clone,
    );
    put_register(&mut visible, "rating", &visit.rating, u8::to_string);
    visible
}

fn of_check(check: &Check) -> Visible {
    let mut visible = Visible::new();
    put(&mut visible, "driver", check.driver);
    put(&mut visible, "station", check.station);
    if let Some(by) = check.by {
        put(&mut visible, "by", by);
    }
    if let Some(consent) = check.consent {
        put(&mut visible, "consent", consent);
    }
    put(&mut visible, "taken_at", check.taken_at.as_ms());
    for measured in &check.measurements {
        let value = match (&measured.absent, &measured.finding) {
            (Some(reason), _) => format!("absent: {reason}"),
            (None, Some(finding)) => format!("{finding} {}", measured.pain.unwrap_or_default()),
            (None, None) => measured.entered.clone(),
        };
        put(
            &mut visible,
            format!("readings/{}", measured.entry),
            format!("{:?} {value}", measured.item),
        );
    }
    if let Some((replaced, why)) = &check.replaces {
        put(&mut visible, "replaces", format!("{replaced} {why}"));
    }
    if let Some(note) = &check.note {
        put(&mut visible, "note", note);
    }
    visible
}

fn of_consent(consent: &Consent) -> Visible {
    let mut visible = Visible::new();
    put(&mut visible, "driver", consent.driver);
    put(&mut visible, "station", consent.station);
    if let Some(purpose) = consent.purpose {
        put(&mut visible, "purpose", format!("{purpose:?}"));
    }
    put(&mut visible, "given_at", consent.given_at.as_ms());
    put_register(&mut visible, "withdrawn_at", &consent.withdrawn_at, |at| {
        at.as_ms().to_string()
    });
    visible
}
