//! Bundles against the structure of FHIR R4, and against what a doctor is to read in them.

use std::collections::BTreeSet;

use proptest::prelude::*;
use yizhan_proto::{ActorId, DeviceId, EntryId, Incarnation, Kind, PersonId, StationId};

use super::*;
use crate::model::check::{Command as CheckCommand, Comparator, NewCheck, Reading, ReadingValue};
use crate::model::{Command, Document};

const TAKEN_MS: i64 = 1_795_000_000_000;

fn options(with_name: bool) -> FhirOptions<'static> {
    FhirOptions {
        time: &|_| "2026-11-18T22:26:40+08:00".to_owned(),
        now: Timestamp::from_ms(TAKEN_MS),
        with_name,
    }
}

fn entry(n: usize) -> EntryId {
    EntryId::from_bytes([u8::try_from(n).unwrap(); 16])
}

fn made(n: u8, readings: Vec<(Item, ReadingValue)>, replaces: Option<u8>) -> Check {
    let id = |n: u8| DocumentId::from_bytes([n; 16]);
    let by = PersonId::from_bytes([2; 16]);
    let new = NewCheck {
        driver: PersonId::from_bytes([1; 16]),
        station: StationId::from_bytes([100; 16]),
        visit: None,
        consent: id(102),
        by,
        taken_at: Timestamp::from_ms(TAKEN_MS),
        readings: (1..)
            .zip(readings)
            .map(|(n, (item, value))| Reading {
                entry: entry(n),
                item,
                value,
            })
            .collect(),
        advice: Vec::new(),
        note: Some("夜里开车".to_owned()),
        replaces: replaces.map(|n| (id(n), "写错了".to_owned())),
    };
    let mut document = Document::begin(id(n), Kind::Check).unwrap();
    let actor = ActorId::new(DeviceId::from_bytes([2; 16]), Incarnation(1));
    let now = Timestamp::from_ms(TAKEN_MS);
    let command = Command::Check(CheckCommand::Create(new));
    document.write(actor, now, &command).unwrap();
    Check::read(&document).unwrap()
}

fn number(item: Item, entered: &str) -> (Item, ReadingValue) {
    let (unit, comparator) = (item.unit().to_owned(), None);
    let entered = entered.to_owned();
    (
        item,
        ReadingValue::Quantity {
            entered,
            unit,
            comparator,
        },
    )
}

/// Whether a value is one of its type, by the structure of R4; says where it is not.
fn conforms(structure: &Value, name: &str, value: &Value, path: &str) -> Result<(), String> {
    let text = |wrong: &str| value.as_str().ok_or(format!("{path}: {wrong}"));
    match name {
        "string" => text("a string").and_then(|text| {
            let fits = !text.trim().is_empty();
            fits.then_some(()).ok_or(format!("{path}: empty"))
        }),
        "code" => text("a code").and_then(|text| {
            let fits = !text.is_empty() && text.trim() == text && !text.contains("  ");
            fits.then_some(()).ok_or(format!("{path}: {text:?}"))
        }),
        "uri" => text("a URI").and_then(|text| {
            let fits = !text.is_empty() && !text.contains(char::is_whitespace);
            fits.then_some(()).ok_or(format!("{path}: {text:?}"))
        }),
        "id" => text("an id").and_then(|text| {
            let good = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'.';
            let fits = (1..=64).contains(&text.len()) && text.bytes().all(good);
            fits.then_some(()).ok_or(format!("{path}: {text:?}"))
        }),
        // To the second at least, with an offset.
        "instant" | "dateTime" => text("a time").and_then(|text| {
            let fits = text.len() >= 20 && text.as_bytes()[10] == b'T';
            let offset = text.ends_with('Z') || text.as_bytes()[text.len() - 6] == b'+';
            (fits && offset)
                .then_some(())
                .ok_or(format!("{path}: {text}"))
        }),
        "decimal" => value
            .as_f64()
            .map(|_| ())
            .ok_or(format!("{path}: no number")),
        "integer" => value
            .as_i64()
            .map(|_| ())
            .ok_or(format!("{path}: not whole")),
        _ => object(structure, name, value, path),
    }
}

fn object(structure: &Value, name: &str, value: &Value, path: &str) -> Result<(), String> {
    let elements = structure[name]
        .as_object()
        .ok_or(format!("no type {name}"))?;
    let fields = value.as_object().ok_or(format!("{path}: no {name}"))?;
    if fields.is_empty() {
        return Err(format!("{path}: empty"));
    }
    for field in fields.keys() {
        if !elements.contains_key(field) {
            return Err(format!("{path}.{field}: {name} has no such element"));
        }
    }
    let choices = fields
        .keys()
        .filter(|field| field.starts_with("value") && *field != "value");
    if choices.count() > 1 {
        return Err(format!("{path}: more than one value[x]"));
    }
    for (element, says) in elements {
        let path = format!("{path}.{element}");
        let mut words = says.as_str().unwrap().split(' ');
        let bounds = words.next().unwrap();
        let of = words.next().unwrap();
        let listed: Vec<&str> = words
            .next()
            .map(|list| list.split('|').collect())
            .unwrap_or_default();
        let values: Vec<&Value> = match (fields.get(element), bounds.ends_with('*')) {
            (None, _) => Vec::new(),
            (Some(Value::Array(values)), true) if !values.is_empty() => values.iter().collect(),
            (Some(_), true) => return Err(format!("{path}: a list of one or more")),
            (Some(value), false) => vec![value],
        };
        if bounds.starts_with('1') && values.is_empty() {
            return Err(format!("{path}: missing"));
        }
        for value in values {
            conforms(structure, of, value, &path)?;
            if !listed.is_empty() && !listed.contains(&value.as_str().unwrap_or_default()) {
                return Err(format!("{path}: {value} is not in the value set"));
            }
        }
    }
    Ok(())
}

/// Structure, and the invariants and codes that structure does not say.
fn check_bundle(bundle: &Value) -> Result<(), String> {
    let structure: Value = serde_json::from_str(include_str!("r4.json")).unwrap();
    conforms(&structure, "Bundle", bundle, "Bundle")?;
    let mut urls = BTreeSet::new();
    for entry in bundle["entry"].as_array().into_iter().flatten() {
        let resource = &entry["resource"];
        if !urls.insert(entry["fullUrl"].to_string()) {
            return Err("bdl-7: a fullUrl twice".to_owned());
        }
        if entry["fullUrl"] != json!(format!("urn:uuid:{}", resource["id"].as_str().unwrap())) {
            return Err("fullUrl and id disagree".to_owned());
        }
        let parts = resource["component"].as_array();
        for part in parts.into_iter().flatten().chain([resource]) {
            let has_value = ["valueQuantity", "valueCodeableConcept", "valueInteger"]
                .iter()
                .any(|value| part.get(value).is_some());
            if has_value && part.get("dataAbsentReason").is_some() {
                return Err("obs-6: a value and why there is none".to_owned());
            }
            if !has_value
                && part.get("dataAbsentReason").is_none()
                && part.get("component").is_none()
            {
                return Err("neither a value nor why there is none".to_owned());
            }
            let coding = &part["code"]["coding"][0];
            let unit = match coding["code"].as_str().unwrap_or_default() {
                "8480-6" | "8462-4" => "mm[Hg]",
                "8867-4" => "/min",
                "14743-9" | "14770-2" | "14760-3" => "mmol/L",
                "85354-9" | "neck" | "lumbar" | "pain" => continue,
                other => return Err(format!("no code of ours: {other}")),
            };
            let quantity = &part["valueQuantity"];
            if quantity.is_object() && (quantity["code"] != unit || quantity["system"] != UCUM) {
                return Err(format!("{quantity} is not in {unit}"));
            }
        }
    }
    Ok(())
}

#[test]
fn a_doctor_reads_pressure_glucose_and_neck_without_a_name() {
    let check = made(
        1,
        vec![
            number(Item::Systolic, "182"),
            (
                Item::Diastolic,
                ReadingValue::Absent {
                    reason: "袖带松了".into(),
                },
            ),
            number(Item::GlucoseFasting, "HI"),
            (
                Item::Neck,
                ReadingValue::Spine {
                    finding: "tight".into(),
                    pain: 3,
                },
            ),
        ],
        None,
    );
    let told = bundle(std::slice::from_ref(&check), None, options(false));
    check_bundle(&told).unwrap();
    let resource = |n: usize| told["entry"][n]["resource"].clone();
    let panel = resource(0);
    assert_eq!(panel["code"]["coding"][0]["code"], "85354-9");
    assert_eq!(panel["component"][0]["valueQuantity"]["value"], 182.0);
    let absent = &panel["component"][1]["dataAbsentReason"];
    assert_eq!(
        (&absent["coding"][0]["code"], &absent["text"]),
        (&json!("not-performed"), &json!("袖带松了"))
    );
    let level = &panel["interpretation"][0]["coding"];
    assert_eq!(
        level[0],
        json!({ "system": "urn:yizhan:codesystem:level:cn-2024", "code": "grade_3" })
    );
    assert_eq!(level[1]["code"], "HH");
    assert_eq!(panel["effectiveDateTime"], "2026-11-18T22:26:40+08:00");
    let glucose = resource(1);
    assert_eq!(glucose["code"]["coding"][0]["code"], "14770-2");
    assert_eq!(glucose["valueQuantity"]["comparator"], ">");
    let neck = resource(2);
    assert_eq!(neck["valueCodeableConcept"]["coding"][0]["code"], "tight");
    assert_eq!(neck["component"][0]["valueInteger"], 3);
    assert!(panel["subject"].get("display").is_none());
    let named = bundle(&[check], Some("李师傅"), options(true));
    assert_eq!(
        named["entry"][0]["resource"]["subject"]["display"],
        "李师傅"
    );
}

#[test]
fn a_correction_says_what_it_replaces_and_the_replaced_is_marked() {
    let wrong = made(1, vec![number(Item::Pulse, "170")], None);
    let right = made(2, vec![number(Item::Pulse, "70")], Some(1));
    let told = bundle(&[wrong, right], None, options(false));
    check_bundle(&told).unwrap();
    let (wrong, right) = (&told["entry"][0], &told["entry"][1]["resource"]);
    assert_eq!(wrong["resource"]["status"], "entered-in-error");
    assert_eq!(right["status"], "corrected");
    assert_eq!(
        right["extension"][0]["valueReference"]["reference"],
        wrong["fullUrl"]
    );
    assert_eq!(right["note"][0]["text"], "写错了");
    let nothing = bundle(&[], None, options(false));
    assert!(nothing.get("entry").is_none());
    check_bundle(&nothing).unwrap();
}

fn reading() -> impl Strategy<Value = Vec<(Item, ReadingValue)>> {
    let number = |item: Item, values: std::ops::Range<u32>, tenths: bool| {
        let comparator = prop_oneof![
            4 => Just(None),
            1 => Just(Some(Comparator::Above)),
            1 => Just(Some(Comparator::Below)),
        ];
        (values, comparator).prop_map(move |(value, comparator)| {
            let entered = if tenths {
                format!("{}.{}", value / 10, value % 10)
            } else {
                value.to_string()
            };
            let unit = item.unit().to_owned();
            (
                item,
                ReadingValue::Quantity {
                    entered,
                    unit,
                    comparator,
                },
            )
        })
    };
    let spine = |item: Item| {
        let finding = proptest::sample::select(crate::model::check::FINDINGS);
        (finding, 0..=10_u8).prop_map(move |(finding, pain)| {
            let finding = finding.to_owned();
            (item, ReadingValue::Spine { finding, pain })
        })
    };
    let absent = |item: Item| {
        "[a-z 一-龥]{0,9}x".prop_map(move |reason| (item, ReadingValue::Absent { reason }))
    };
    let option = proptest::option::of::<BoxedStrategy<(Item, ReadingValue)>>;
    let pressure = prop_oneof![
        (
            number(Item::Systolic, 181..300, false),
            number(Item::Diastolic, 40..180, false)
        )
            .prop_map(|(a, b)| vec![a, b]),
        (
            number(Item::Systolic, 70..300, false),
            absent(Item::Diastolic)
        )
            .prop_map(|(a, b)| vec![a, b]),
        (
            absent(Item::Systolic),
            number(Item::Diastolic, 40..180, false)
        )
            .prop_map(|(a, b)| vec![a, b]),
        Just(Vec::new()),
    ];
    let rest = (
        option(number(Item::Pulse, 30..250, false).boxed()),
        option(number(Item::GlucoseRandom, 17..555, true).boxed()),
        option(number(Item::GlucoseFasting, 17..555, true).boxed()),
        option(number(Item::GlucoseAfterMeal, 17..555, true).boxed()),
        option(spine(Item::Neck).boxed()),
        option(spine(Item::Lumbar).boxed()),
    );
    (pressure, rest).prop_map(|(mut all, (a, b, c, d, e, f))| {
        all.extend([a, b, c, d, e, f].into_iter().flatten());
        all
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever can be measured makes a bundle that R4 knows.
    #[test]
    fn every_check_makes_a_valid_bundle(readings in reading(), again in any::<bool>()) {
        prop_assume!(!readings.is_empty());
        let mut checks = vec![made(1, readings.clone(), None)];
        if again {
            checks.push(made(2, readings, Some(1)));
        }
        let told = bundle(&checks, None, options(false));
        prop_assert_eq!(check_bundle(&told), Ok(()), "{}", told);
    }
}
