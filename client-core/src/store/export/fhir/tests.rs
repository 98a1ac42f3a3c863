//! Bundles against the structure of FHIR R4, and against what a doctor is to read in them.

use std::collections::BTreeSet;

use proptest::prelude::*;
use yizhan_proto::Kind;

use super::*;
use crate::model::Verdict;
use crate::model::check::{Comparator, NewCheck, Reading, ReadingValue};
use crate::model::testing::{self, Shelf};

mod r4;

const TAKEN_MS: i64 = 1_795_000_000_000;

fn options(with_name: bool) -> FhirOptions<'static> {
    FhirOptions {
        time: &|_| "2026-11-18T22:26:40+08:00".to_owned(),
        now: Timestamp::from_ms(TAKEN_MS),
        with_name,
    }
}

/// A check as the relay accepts it; `None` if its gate refuses it.
fn accepted(
    shelf: &mut Shelf,
    n: u8,
    readings: Vec<(Item, ReadingValue)>,
    replaces: Option<u8>,
) -> Option<Check> {
    let readings = (60..).zip(readings);
    let new = NewCheck {
        readings: readings
            .map(|(n, (item, value))| Reading {
                entry: testing::entry(n),
                item,
                value,
            })
            .collect(),
        advice: Vec::new(),
        note: Some("夜里开车".to_owned()),
        replaces: replaces.map(|n| (testing::document(n), "写错了".to_owned())),
        ..testing::plain_check()
    };
    let (id, medic) = (testing::document(n), testing::author(testing::MEDIC));
    let verdict = shelf.edit(id, &medic, &testing::new_check(new));
    let accepted = matches!(verdict, Verdict::Accept(_));
    accepted.then(|| Check::read(&shelf.open(id, Kind::Check)).unwrap())
}

fn made(n: u8, readings: Vec<(Item, ReadingValue)>) -> Check {
    accepted(&mut Shelf::furnished(), n, readings, None).expect("the gate accepts it")
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

/// Structure, and the invariants and codes that structure does not say.
fn check_bundle(bundle: &Value) -> Result<(), String> {
    r4::conforms("Bundle", bundle, "Bundle")?;
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
    let mut shelf = Shelf::furnished();
    let wrong = accepted(&mut shelf, 1, vec![number(Item::Pulse, "170")], None).unwrap();
    let right = accepted(&mut shelf, 2, vec![number(Item::Pulse, "70")], Some(1)).unwrap();
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

    /// Whatever the gate accepts makes a bundle that R4 knows.
    #[test]
    fn every_check_makes_a_valid_bundle(readings in reading(), again in any::<bool>()) {
        prop_assume!(!readings.is_empty());
        let mut shelf = Shelf::furnished();
        let check = accepted(&mut shelf, 1, readings.clone(), None);
        prop_assume!(check.is_some());
        let mut checks: Vec<Check> = check.into_iter().collect();
        if again {
            let correction = accepted(&mut shelf, 2, readings, Some(1));
            checks.push(correction.expect("the gate accepts the same readings again"));
        }
        let told = bundle(&checks, None, options(false));
        prop_assert_eq!(check_bundle(&told), Ok(()), "{}", told);
    }
}
