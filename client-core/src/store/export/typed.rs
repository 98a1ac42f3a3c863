//! A document as this version reads it. Times are milliseconds since 1970 UTC.

mod activities;
mod tickets;

use serde_json::{Value, json};
use yizhan_proto::Timestamp;

use super::super::opened::Opened;
use crate::model::check::{Check, Comparator, Measurement};
use crate::model::consent::{Consent, Purpose};
use crate::model::document::Register;
use crate::model::station::{Station, StationType};
use crate::model::visit::{Service, Source, Visit};
use crate::model::vitals::Level;

pub(super) fn of(opened: &Opened) -> Value {
    match opened {
        Opened::Station(station) => of_station(station),
        Opened::Visit(visit) => of_visit(visit),
        Opened::Check(check) => of_check(check),
        Opened::Consent(consent) => of_consent(consent),
        Opened::Activity(activity) => activities::of_activity(activity),
        Opened::Enrolment(enrolment) => activities::of_enrolment(enrolment),
        Opened::Notice(notice) => activities::of_notice(notice),
        Opened::Ticket(ticket) => tickets::of_ticket(ticket),
        Opened::CaseNote(note) => tickets::of_note(note),
    }
}

fn text(id: Option<impl ToString>) -> Option<String> {
    id.map(|id| id.to_string())
}

fn ms(time: Option<Timestamp>) -> Option<i64> {
    time.map(Timestamp::as_ms)
}

/// The value, or all of them where people disagree.
fn register<T: Clone>(register: &Register<T>, show: impl Fn(T) -> Value) -> Value {
    let shown = register.value.clone().map_or(Value::Null, &show);
    if register.others.is_empty() {
        return shown;
    }
    let others: Vec<Value> = register.others.iter().cloned().map(show).collect();
    json!({ "value": shown, "others": others })
}

fn of_station(station: &Station) -> Value {
    json!({
        "key": station.key,
        "name": register(&station.name, |name| json!(name)),
        "region": text(station.region.as_ref()),
        "type": station.station_type.map(StationType::as_str),
        "facilities": station.facilities,
        "place": station.place.map(|(lat, lon)| json!([lat, lon])),
        "address": register(&station.address, |address| json!(address)),
        "beds_total": register(&station.beds_total, |beds| json!(beds)),
        "beds_free": register(&station.beds_free, |beds| json!(beds)),
        "hours": register(&station.hours, |hours| json!(hours)),
        "phone": register(&station.phone, |phone| json!(phone)),
        "open": register(&station.open, |open| json!(open)),
        "notice": register(&station.notice, |notice| json!(notice)),
    })
}

fn of_visit(visit: &Visit) -> Value {
    json!({
        "driver": visit.driver.to_string(),
        "driver_name": visit.driver_name,
        "station": visit.station.to_string(),
        "arrived_at_ms": visit.arrived_at.as_ms(),
        "left_at_ms": register(&visit.left_at, |at| json!(at.as_ms())),
        "source": visit.source.map(Source::as_str),
        "vehicle_plate": visit.vehicle_plate,
        "requested": visit.requested.iter().map(service).collect::<Vec<_>>(),
        "services": visit.services.iter().map(service).collect::<Vec<_>>(),
        "note": register(&visit.note, |note| json!(note)),
        "keeper_note": register(&visit.keeper_note, |note| json!(note)),
        "rating": register(&visit.rating, |rating| json!(rating)),
        "code": text(visit.code.as_ref()),
    })
}

fn service(service: &Service) -> Value {
    json!({
        "service": service.service,
        "quantity": service.quantity,
        "by": text(service.by),
        "at_ms": service.at.as_ms(),
    })
}

fn of_check(check: &Check) -> Value {
    let replaces = check.replaces.as_ref();
    json!({
        "driver": check.driver.to_string(),
        "station": check.station.to_string(),
        "visit": text(check.visit),
        "consent": text(check.consent),
        "by": text(check.by),
        "taken_at_ms": check.taken_at.as_ms(),
        "measurements": check.measurements.iter().map(measurement).collect::<Vec<_>>(),
        "pressure_level": check.pressure_level.map(Level::as_str),
        "glucose_level": check.glucose_level.map(Level::as_str),
        "rule_set": check.rule_set,
        "crisis": check.crisis,
        "advice": check.advice,
        "note": check.note,
        "replaces": replaces.map(|(id, _)| id.to_string()),
        "replaces_reason": replaces.map(|(_, reason)| reason.as_str()),
    })
}

fn measurement(measurement: &Measurement) -> Value {
    json!({
        "item": measurement.item.as_str(),
        "value": measurement.value,
        "unit": measurement.unit,
        "entered": measurement.entered,
        "comparator": measurement.comparator.map(Comparator::as_str),
        "absent": measurement.absent,
        "finding": measurement.finding,
        "pain": measurement.pain,
    })
}

fn of_consent(consent: &Consent) -> Value {
    json!({
        "driver": consent.driver.to_string(),
        "station": consent.station.to_string(),
        "purpose": consent.purpose.map(Purpose::as_str),
        "given_at_ms": consent.given_at.as_ms(),
        "witness": text(consent.witness),
        "share_with": text(consent.share_with),
        "until_ms": ms(consent.until),
        "withdrawn_at_ms": register(&consent.withdrawn_at, |at| json!(at.as_ms())),
    })
}
