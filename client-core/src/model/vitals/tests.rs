//! Every border of the rule set, and what people type.

use super::*;

#[test]
fn blood_pressure_has_its_borders() {
    use Level::{Grade1, Grade2, Grade3, HighNormal, Normal};
    for (systolic, level) in [
        (70.0, Normal),
        (119.0, Normal),
        (120.0, HighNormal),
        (139.0, HighNormal),
        (140.0, Grade1),
        (159.0, Grade1),
        (160.0, Grade2),
        (179.0, Grade2),
        (180.0, Grade3),
        (300.0, Grade3),
    ] {
        assert_eq!(
            pressure_level(Some(systolic), Some(60.0)),
            Some(level),
            "{systolic}"
        );
        assert_eq!(
            pressure_level(Some(systolic), None),
            Some(level),
            "{systolic}"
        );
    }
    for (diastolic, level) in [
        (40.0, Normal),
        (79.0, Normal),
        (80.0, HighNormal),
        (89.0, HighNormal),
        (90.0, Grade1),
        (99.0, Grade1),
        (100.0, Grade2),
        (109.0, Grade2),
        (110.0, Grade3),
        (180.0, Grade3),
    ] {
        assert_eq!(
            pressure_level(Some(110.0), Some(diastolic)),
            Some(level),
            "{diastolic}"
        );
        assert_eq!(
            pressure_level(None, Some(diastolic)),
            Some(level),
            "{diastolic}"
        );
    }
    assert_eq!(pressure_level(Some(150.0), Some(100.0)), Some(Grade2));
    assert_eq!(pressure_level(None, None), None);
}

#[test]
fn glucose_has_its_borders() {
    use Level::{Crisis, High, Low, Normal};
    for item in [
        Item::GlucoseRandom,
        Item::GlucoseAfterMeal,
        Item::GlucoseFasting,
    ] {
        let high_from = if item == Item::GlucoseFasting {
            7.0
        } else {
            11.1
        };
        for (value, level) in [
            (1.7, Low),
            (3.8, Low),
            (3.9, Normal),
            (high_from - 0.1, Normal),
            (high_from, High),
            (16.6, High),
            (16.7, Crisis),
            (55.5, Crisis),
        ] {
            assert_eq!(glucose_level(item, value), Some(level), "{item} {value}");
        }
    }
    assert_eq!(glucose_level(Item::Pulse, 4.0), None);
}

#[test]
fn a_crisis_is_grade_3_or_glucose_at_either_end() {
    let crises: Vec<_> = Level::ALL
        .iter()
        .filter(|level| is_crisis(**level))
        .collect();
    assert_eq!(crises, [&Level::Grade3, &Level::Low, &Level::Crisis]);
}

#[test]
fn what_is_possible_and_what_is_usual_have_their_borders() {
    for (item, least, most, low, high) in [
        (Item::Systolic, 70.0, 300.0, 90.0, 179.0),
        (Item::Diastolic, 40.0, 180.0, 60.0, 109.0),
        (Item::Pulse, 30.0, 250.0, 50.0, 120.0),
        (Item::GlucoseRandom, 1.7, 55.5, 3.9, 11.0),
        (Item::GlucoseFasting, 1.7, 55.5, 3.9, 6.9),
        (Item::GlucoseAfterMeal, 1.7, 55.5, 3.9, 11.0),
    ] {
        for value in [least, most, low, high] {
            assert!(check_value(item, value).is_ok());
        }
        for value in [least - 0.1, most + 0.1, f64::NAN, f64::INFINITY, -1.0] {
            assert_eq!(
                check_value(item, value).unwrap_err().code,
                RefusalCode::ValueRange
            );
        }
        assert!(!needs_confirmation(item, low) && !needs_confirmation(item, high));
        assert!(needs_confirmation(item, low - 0.1) && needs_confirmation(item, high + 0.1));
    }
    assert!(!needs_confirmation(Item::Neck, 1e9));
}

#[test]
fn what_people_type_is_read() {
    for (typed, number, comparator) in [
        ("126", Some(126.0), None),
        (" 6.3 ", Some(6.3), None),
        ("１２６", Some(126.0), None),
        ("６．３", Some(6.3), None),
        ("６。３", Some(6.3), None),
        ("6,3", Some(6.3), None),
        ("HI", None, Some(Comparator::Above)),
        ("lo", None, Some(Comparator::Below)),
        ("ＨＩ", None, Some(Comparator::Above)),
        (">33.3", Some(33.3), Some(Comparator::Above)),
        ("＜ 1.7", Some(1.7), Some(Comparator::Below)),
    ] {
        assert_eq!(parse_entered(typed), Some((number, comparator)), "{typed}");
    }
    for typed in [
        "",
        "-5",
        "+5",
        "1e3",
        "inf",
        "NaN",
        "1.2.3",
        ".5",
        "5.",
        "六",
        "120/80",
        ">",
        "12345678901234567",
    ] {
        assert_eq!(parse_entered(typed), None, "{typed}");
    }
}

#[test]
fn milligrams_become_millimoles() {
    let value = |entered, unit| canonical(Item::GlucoseRandom, entered, unit, None);
    for (entered, expected) in [
        ("126", 6.99),
        ("70", 3.88),
        ("71", 3.94),
        ("300.6", 16.68),
        ("301", 16.71),
    ] {
        let found = value(entered, "mg/dL").unwrap();
        assert!(
            (found.value - expected).abs() < 1e-9,
            "{entered}: {}",
            found.value
        );
    }
    assert_eq!(value("5.6", "mmol/L").unwrap().value, 5.6);
    assert_eq!(
        value("1000.2", "mg/dL").unwrap_err().code,
        RefusalCode::ValueRange
    );
    assert_eq!(
        value("5.6", "g/L").unwrap_err().code,
        RefusalCode::ValueUnlisted
    );
    let pulse = canonical(Item::Pulse, "70", "mg/dL", None);
    assert_eq!(pulse.unwrap_err().code, RefusalCode::ValueUnlisted);
    let neck = canonical(Item::Neck, "3", "", None);
    assert_eq!(neck.unwrap_err().code, RefusalCode::ValueType);
}

#[test]
fn high_and_low_keep_their_comparator() {
    let glucose =
        |entered, comparator| canonical(Item::GlucoseRandom, entered, "mmol/L", comparator);
    let above = Some(Comparator::Above);
    for (entered, comparator, value) in [
        ("HI", None, 33.3),
        ("33.3", above, 33.3),
        (">30", above, 30.0),
    ] {
        let found = glucose(entered, comparator).unwrap();
        assert_eq!((found.value, found.comparator), (value, above));
        assert_eq!(
            glucose_level(Item::GlucoseRandom, found.value),
            Some(Level::Crisis)
        );
    }
    let low = glucose("LO", None).unwrap();
    assert_eq!((low.value, low.comparator), (1.7, Some(Comparator::Below)));
    assert_eq!(
        glucose("LO", above).unwrap_err().code,
        RefusalCode::ValueContradiction
    );
    let pulse = canonical(Item::Pulse, "HI", "/min", None);
    assert_eq!(pulse.unwrap_err().code, RefusalCode::ValueType);
}
