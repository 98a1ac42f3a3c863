//! Checks as FHIR R4: a Bundle (`collection`) of Observations, for whoever takes them along to a
//! doctor. Offline, about this device's person only, and without a name unless it is asked for.
//!
//! - Blood pressure is one panel (LOINC 85354-9) with two components; one that was not taken has a
//!   `dataAbsentReason`. `HI` and `LO` of a meter are a `comparator`.
//! - Neck and lumbar have no LOINC code that says the same; their codes are local:
//!   [`ITEMS`] (`neck`, `lumbar`, `pain`), and the findings [`FINDINGS`] (`normal`, `tight`,
//!   `tender`, `limited`, `radiating`).
//! - `interpretation` gives the level as stored, in a code system named after the rule set
//!   (`urn:yizhan:codesystem:level:cn-2024`), and beside it HL7's own letter where one says the same.
//! - A check is never changed: a correction is another one. So the correction has the status
//!   `corrected` and names what it replaces by R4's extension `observation-replaces`, and what was
//!   replaced has the status `entered-in-error`. `derivedFrom` would say that the new value was
//!   computed from the wrong one, and `amended` that something was added.

use std::io::Write;

use rusqlite::Connection;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use yizhan_proto::{DocumentId, Timestamp};

use super::super::changes;
use super::super::documents;
use super::super::opened::{self, Opened};
use super::super::sql::count;
use super::super::{Store, StoreError, device};
use super::about;
use crate::model::check::{Check, Measurement};
use crate::model::vitals::{self, Item, Level, PRESSURE_PANEL_LOINC};

/// The code system of what is measured and has no LOINC code.
pub const ITEMS: &str = "urn:yizhan:codesystem:item";
/// The code system of what is found at neck and lumbar.
pub const FINDINGS: &str = "urn:yizhan:codesystem:finding";
/// What the code system of a rule set's levels begins with.
pub const LEVELS: &str = "urn:yizhan:codesystem:level:";
/// The system of people's ids.
pub const PEOPLE: &str = "urn:yizhan:person";

const LOINC: &str = "http://loinc.org";
const UCUM: &str = "http://unitsofmeasure.org";
const CATEGORIES: &str = "http://terminology.hl7.org/CodeSystem/observation-category";
const ABSENT: &str = "http://terminology.hl7.org/CodeSystem/data-absent-reason";
const LETTERS: &str = "http://terminology.hl7.org/CodeSystem/v3-ObservationInterpretation";
const REPLACES: &str = "http://hl7.org/fhir/StructureDefinition/observation-replaces";

/// How a bundle is to be written.
#[derive(Clone, Copy)]
pub struct FhirOptions<'a> {
    /// A time as RFC 3339 with the offset of the place: `2026-11-21T17:45:00+08:00`.
    pub time: &'a dyn Fn(Timestamp) -> String,
    /// When it is written.
    pub now: Timestamp,
    /// Whether the person's name stands in it.
    pub with_name: bool,
}

impl Store {
    /// Writes the checks of this device's person as a FHIR R4 Bundle. Returns how many checks.
    ///
    /// # Errors
    /// [`StoreError::Export`] if the writer fails.
    pub fn export_fhir(
        &self,
        writer: &mut dyn Write,
        options: FhirOptions<'_>,
    ) -> Result<u64, StoreError> {
        self.read(|connection| {
            let device = device::load(connection)?;
            let mut checks = Vec::new();
            for n in about(connection, &device, "checks_view")? {
                checks.extend(check(connection, n)?);
            }
            let identity = device.identity.as_ref();
            let name = identity.map(|identity| identity.name.as_str());
            let name = name.filter(|_| options.with_name);
            let bundle = bundle(&checks, name, options);
            serde_json::to_writer_pretty(&mut *writer, &bundle)
                .map_err(|error| StoreError::Export(error.into()))?;
            writeln!(writer).map_err(StoreError::Export)?;
            writer.flush().map_err(StoreError::Export)?;
            Ok(count(checks.len()))
        })
    }
}

fn check(connection: &Connection, n: i64) -> Result<Option<Check>, StoreError> {
    let Some(row) = documents::by_number(connection, n)? else {
        return Ok(None);
    };
    let rows = changes::of_document(connection, n)?;
    let read =
        opened::open(row.id, row.kind, &rows).and_then(|document| Opened::read(&document, &rows));
    Ok(match read {
        Ok(Opened::Check(check)) => Some(*check),
        Ok(_) | Err(_) => None,
    })
}

/// The bundle of these checks.
fn bundle(checks: &[Check], name: Option<&str>, options: FhirOptions<'_>) -> Value {
    let mut entries = Vec::new();
    for check in checks {
        let replaced = checks.iter().any(|other| {
            let names = other.replaces.as_ref().map(|(id, _)| *id);
            names == Some(check.id) && other.driver == check.driver
        });
        for (id, mut resource) in observations(check) {
            let of_check = frame(check, replaced, name, options);
            merge(&mut resource, of_check);
            if let Some((before, reason)) = &check.replaces {
                let before = checks.iter().find(|other| other.id == *before);
                let same = before.and_then(|before| same_observation(before, check, &id));
                if let Some(same) = same {
                    let target = json!({ "reference": format!("urn:uuid:{same}") });
                    resource["extension"] = json!([{ "url": REPLACES, "valueReference": target }]);
                }
                push_note(&mut resource, reason);
            }
            if let Some(note) = &check.note {
                push_note(&mut resource, note);
            }
            resource["id"] = json!(id);
            entries.push(json!({ "fullUrl": format!("urn:uuid:{id}"), "resource": resource }));
        }
    }
    let mut bundle = json!({
        "resourceType": "Bundle",
        "type": "collection",
        "timestamp": (options.time)(options.now),
    });
    // FHIR knows no empty list.
    if !entries.is_empty() {
        bundle["entry"] = Value::Array(entries);
    }
    bundle
}

/// What all observations of a check have.
fn frame(check: &Check, replaced: bool, name: Option<&str>, options: FhirOptions<'_>) -> Value {
    let status = match (replaced, &check.replaces) {
        (true, _) => "entered-in-error",
        (false, Some(_)) => "corrected",
        (false, None) => "final",
    };
    let person = |id: String| json!({ "system": PEOPLE, "value": id });
    let mut frame = json!({
        "resourceType": "Observation",
        "status": status,
        "subject": { "type": "Patient", "identifier": person(check.driver.to_string()) },
        "effectiveDateTime": (options.time)(check.taken_at),
    });
    if let Some(name) = name.filter(|name| !name.trim().is_empty()) {
        frame["subject"]["display"] = json!(name);
    }
    if let Some(by) = check.by {
        let by = person(by.to_string());
        frame["performer"] = json!([{ "type": "Practitioner", "identifier": by }]);
    }
    frame
}

fn merge(resource: &mut Value, more: Value) {
    if let (Value::Object(resource), Value::Object(more)) = (resource, more) {
        resource.extend(more);
    }
}

fn push_note(resource: &mut Value, text: &str) {
    if text.trim().is_empty() {
        return;
    }
    let note = json!({ "text": text });
    match resource.get_mut("note").and_then(Value::as_array_mut) {
        Some(notes) => notes.push(note),
        None => resource["note"] = json!([note]),
    }
}

/// The observation of an earlier check that is about the same as one of a later check.
fn same_observation(before: &Check, check: &Check, id: &str) -> Option<String> {
    let later = (names(check).into_iter()).find(|name| observation_id(check.id, name) == id)?;
    let has = names(before).contains(&later);
    has.then(|| observation_id(before.id, later))
}

/// The names of a check's observations.
fn names(check: &Check) -> Vec<&'static str> {
    let mut names: Vec<&str> = check
        .measurements
        .iter()
        .map(|one| name_of(one.item))
        .collect();
    names.dedup();
    names
}

const fn name_of(item: Item) -> &'static str {
    match item {
        Item::Systolic | Item::Diastolic => "pressure",
        Item::Pulse
        | Item::GlucoseRandom
        | Item::GlucoseFasting
        | Item::GlucoseAfterMeal
        | Item::Neck
        | Item::Lumbar => item.as_str(),
    }
}

/// The id of an observation: the same in every export of the check.
fn observation_id(check: DocumentId, name: &str) -> String {
    let mut hash = Sha256::new();
    hash.update(b"yizhan observation 1");
    hash.update(check.as_bytes());
    hash.update(name.as_bytes());
    let digest: [u8; 32] = hash.finalize().into();
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&digest[..16]);
    uuid::Builder::from_custom_bytes(bytes)
        .into_uuid()
        .to_string()
}

/// The observations of a check, without what [`frame`] gives them.
fn observations(check: &Check) -> Vec<(String, Value)> {
    let mut all = Vec::new();
    for name in names(check) {
        let measured: Vec<&Measurement> = (check.measurements.iter())
            .filter(|one| name_of(one.item) == name)
            .collect();
        let resource = match measured.as_slice() {
            [one] if one.item.is_spine() => Some(spine(one)),
            [one] if name != "pressure" => quantity(check, one),
            _ => pressure(check, &measured),
        };
        all.extend(resource.map(|resource| (observation_id(check.id, name), resource)));
    }
    all
}

fn pressure(check: &Check, measured: &[&Measurement]) -> Option<Value> {
    let components: Vec<Value> = measured
        .iter()
        .filter_map(|one| {
            let mut component = json!({ "code": code(one.item) });
            merge(&mut component, valued(one)?);
            Some(component)
        })
        .collect();
    let mut panel = json!({
        "category": category("vital-signs"),
        "code": { "coding": [{ "system": LOINC, "code": PRESSURE_PANEL_LOINC }], "text": "blood pressure" },
        "component": components,
    });
    if let Some(level) = check.pressure_level {
        panel["interpretation"] = interpretation(level, &check.rule_set);
    }
    (!components.is_empty()).then_some(panel)
}

fn quantity(check: &Check, one: &Measurement) -> Option<Value> {
    let is_glucose = one.item.is_glucose();
    let category = category(if is_glucose {
        "laboratory"
    } else {
        "vital-signs"
    });
    let mut resource = json!({ "category": category, "code": code(one.item) });
    merge(&mut resource, valued(one)?);
    if let Some(level) = glucose_level(check, one).filter(|_| is_glucose) {
        resource["interpretation"] = interpretation(level, &check.rule_set);
    }
    Some(resource)
}

/// The level of one glucose value: the stored one, or, where a check has several, of which only
/// the gravest is stored, what the rule set gives, if it is the one known here.
fn glucose_level(check: &Check, one: &Measurement) -> Option<Level> {
    let several = check
        .measurements
        .iter()
        .filter(|one| one.item.is_glucose());
    if several.count() == 1 {
        return check.glucose_level;
    }
    let value = one.value.filter(|_| check.rule_set == vitals::RULE_SET)?;
    vitals::glucose_level(one.item, value)
}

fn spine(one: &Measurement) -> Value {
    let mut resource = json!({ "category": category("exam"), "code": code(one.item) });
    match &one.finding {
        Some(finding) => {
            let coding = json!([{ "system": FINDINGS, "code": finding }]);
            resource["valueCodeableConcept"] = json!({ "coding": coding, "text": finding });
        }
        None => resource["dataAbsentReason"] = absent("unknown", None),
    }
    if let Some(pain) = one.pain {
        let coding = json!([{ "system": ITEMS, "code": "pain" }]);
        let code = json!({ "coding": coding, "text": "pain, 0 to 10" });
        resource["component"] = json!([{ "code": code, "valueInteger": pain }]);
    }
    resource
}

/// The value, or why there is none; `None` if neither is known.
fn valued(one: &Measurement) -> Option<Value> {
    let Some(value) = one.value.filter(|value| value.is_finite()) else {
        let reason = absent("not-performed", one.absent.as_deref());
        return Some(json!({ "dataAbsentReason": reason }));
    };
    let unit = one.item.unit();
    let mut quantity = json!({ "value": value, "unit": unit, "system": UCUM, "code": unit });
    if let Some(comparator) = one.comparator {
        quantity["comparator"] = json!(comparator.as_str());
    }
    Some(json!({ "valueQuantity": quantity }))
}

fn absent(code: &str, text: Option<&str>) -> Value {
    let mut reason = json!({ "coding": [{ "system": ABSENT, "code": code }] });
    if let Some(text) = text.filter(|text| !text.trim().is_empty()) {
        reason["text"] = json!(text);
    }
    reason
}

fn category(code: &str) -> Value {
    json!([{ "coding": [{ "system": CATEGORIES, "code": code }] }])
}

fn code(item: Item) -> Value {
    let coding = match item.loinc() {
        Some(code) => json!({ "system": LOINC, "code": code }),
        None => json!({ "system": ITEMS, "code": item.as_str() }),
    };
    json!({ "coding": [coding], "text": item.as_str().replace('_', " ") })
}

fn interpretation(level: Level, rule_set: &str) -> Value {
    let mut coding =
        vec![json!({ "system": format!("{LEVELS}{rule_set}"), "code": level.as_str() })];
    let letter = match level {
        Level::Normal => Some("N"),
        // Between normal and high: HL7 has no letter for it.
        Level::HighNormal => None,
        Level::Grade1 | Level::Grade2 | Level::High => Some("H"),
        Level::Grade3 | Level::Crisis => Some("HH"),
        Level::Low => Some("LL"),
    };
    coding.extend(letter.map(|letter| json!({ "system": LETTERS, "code": letter })));
    json!([{ "coding": coding, "text": level.as_str().replace('_', " ") }])
}

#[cfg(test)]
mod tests;
