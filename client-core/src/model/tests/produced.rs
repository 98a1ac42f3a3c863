//! Whatever a command produces from plausible values, the gate accepts from the right author and
//! refuses from every wrong one, and it reads back as it was meant.

use proptest::prelude::*;
use yizhan_proto::{EntryId, Timestamp};

use super::super::check::{ADVICE, Check, FINDINGS, NewCheck, Reading, ReadingValue};
use super::super::consent::{Consent, Purpose};
use super::super::station::{FACILITIES, NewStation, Station, StationType};
use super::super::testing::*;
use super::super::visit::{Source, Visit};
use super::super::vitals::{self, Item};
use super::super::{Command, Verdict, consent, station, visit};

fn label() -> impl Strategy<Value = String> {
    "[a-zA-Z0-9 \u{4e00}-\u{9fa5}·-]{0,40}[a-z\u{4e00}-\u{9fa5}]"
}

fn prose() -> impl Strategy<Value = String> {
    "[\\PC\n\t]{0,400}"
}

fn time() -> impl Strategy<Value = Timestamp> {
    (Timestamp::EARLIEST.as_ms()..Timestamp::LATEST.as_ms()).prop_map(Timestamp::from_ms)
}

fn code(codes: &'static [&'static str]) -> impl Strategy<Value = String> {
    proptest::sample::select(codes).prop_map(str::to_owned)
}

fn entries() -> impl Strategy<Value = Vec<EntryId>> {
    proptest::collection::btree_set(any::<[u8; 16]>(), 0..20)
        .prop_map(|ids| ids.into_iter().map(EntryId::from_bytes).collect())
}

fn new_station() -> impl Strategy<Value = NewStation> {
    (
        (
            "[a-z0-9-]{1,64}",
            label(),
            proptest::sample::select(StationType::ALL),
        ),
        proptest::collection::vec(code(FACILITIES), 0..40),
        (
            proptest::option::of(-90.0..=90.0),
            proptest::option::of(-180.0..=180.0),
        ),
        proptest::option::of(prose()),
        (
            proptest::option::of(0_u32..=10_000),
            proptest::option::of(0_u32..=10_000),
        ),
        (proptest::option::of(prose()), proptest::option::of(prose())),
    )
        .prop_map(
            |((key, name, station_type), facilities, place, address, beds, contact)| NewStation {
                key,
                name,
                region: region(),
                station_type,
                facilities,
                lat: place.0,
                lon: place.1,
                address,
                rooms: beds.0,
                beds_total: beds.1,
                hours: contact.0,
                phone: contact.1,
            },
        )
}

/// Something typed that is possible for the item.
fn typed(item: Item) -> impl Strategy<Value = (String, String)> {
    let bounds = item.possible().unwrap();
    (bounds.least..=bounds.most, any::<bool>()).prop_map(move |(value, in_mg)| {
        if item.is_glucose() && in_mg {
            let mg = (value * vitals::MG_DL_PER_MMOL_L).clamp(31.0, 1_000.0);
            (format!("{mg:.0}"), "mg/dL".to_owned())
        } else if item.is_glucose() {
            (format!("{value:.1}"), item.unit().to_owned())
        } else {
            (format!("{value:.0}"), item.unit().to_owned())
        }
    })
}

fn reading(item: Item) -> BoxedStrategy<Reading> {
    let entry = entry(item as u8 + 1);
    let with = move |value| Reading { entry, item, value };
    if item.is_spine() {
        return (code(FINDINGS), 0_u8..=10)
            .prop_map(move |(finding, pain)| with(ReadingValue::Spine { finding, pain }))
            .boxed();
    }
    typed(item)
        .prop_map(move |(entered, unit)| {
            with(ReadingValue::Quantity {
                entered,
                unit,
                comparator: None,
            })
        })
        .boxed()
}

fn new_check() -> impl Strategy<Value = NewCheck> {
    let any_of = [
        Item::Pulse,
        Item::GlucoseRandom,
        Item::GlucoseFasting,
        Item::GlucoseAfterMeal,
        Item::Neck,
        Item::Lumbar,
    ];
    let items = proptest::sample::subsequence(any_of.to_vec(), 1..=6)
        .prop_flat_map(|items| items.into_iter().map(reading).collect::<Vec<_>>());
    let pressure = proptest::option::of((reading(Item::Systolic), 0_u32..=100));
    let advice = proptest::collection::vec(code(ADVICE), 0..20);
    let note = proptest::option::of(prose());
    (items, pressure, advice, time(), note).prop_map(
        |(mut readings, pressure, advice, taken_at, note)| {
            if let Some((systolic, less)) = pressure {
                let ReadingValue::Quantity { entered, .. } = &systolic.value else {
                    unreachable!()
                };
                let high: u32 = entered.parse().unwrap();
                let low = high.saturating_sub(less).clamp(40, 180);
                readings.push(quantity(40, Item::Diastolic, &low.to_string()));
                readings.push(systolic);
            }
            NewCheck {
                taken_at,
                readings,
                advice,
                note,
                ..plain_check()
            }
        },
    )
}

/// Accepted from `right`, refused from everybody else.
fn only_from(
    shelf: &mut Shelf,
    id: u8,
    right: &[u8],
    command: &Command,
) -> Result<(), TestCaseError> {
    for who in [DRIVER, KEEPER, MEDIC, LEADER, RELAY, STRANGER, OTHER_KEEPER] {
        if !right.contains(&who) {
            let verdict = shelf.clone().edit(document(id), &author(who), command);
            prop_assert!(matches!(verdict, Verdict::Refuse(_)), "{who}: {verdict:?}");
        }
    }
    let verdict = shelf.edit(document(id), &author(right[0]), command);
    prop_assert!(matches!(verdict, Verdict::Accept(_)), "{verdict:?}");
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(96) })]

    #[test]
    fn any_station(new in new_station()) {
        let mut shelf = Shelf::default();
        let command = Command::Station(station::Command::Create(new.clone()));
        only_from(&mut shelf, STATION, &[LEADER, RELAY], &command)?;
        let read = Station::read(&shelf.open(document(STATION), command.kind())).unwrap();
        prop_assert_eq!(read.key, new.key);
        prop_assert_eq!(read.name.value, Some(new.name));
        prop_assert_eq!(read.place, new.lat.zip(new.lon));
        prop_assert_eq!(read.address.value, new.address);
        let mut facilities = new.facilities;
        facilities.sort();
        facilities.dedup();
        prop_assert_eq!(read.facilities, facilities);
    }

    #[test]
    fn any_visit(
        (driver_name, plate) in (label(), proptest::option::of(label())),
        arrived_at in time(),
        stay_ms in 0_i64..1_000_000_000,
        entries in entries(),
        service in code(FACILITIES),
        (note, quantity, rating) in (prose(), 1_u32..=1_000, 1_u8..=5),
    ) {
        let mut shelf = Shelf::furnished();
        let id = 110;
        let check_in = Command::Visit(visit::Command::CheckIn {
            driver: person(DRIVER),
            driver_name: driver_name.clone(),
            station: station_id(),
            arrived_at,
            source: Source::Qr,
            vehicle_plate: plate.clone(),
            requested: entries.iter().map(|entry| (*entry, service.clone())).collect(),
        });
        only_from(&mut shelf, id, &[DRIVER], &check_in)?;
        let left_at = arrived_at.saturating_add_ms(stay_ms);
        if left_at.is_plausible() {
            let check_out = Command::Visit(visit::Command::CheckOut { left_at });
            only_from(&mut shelf, id, &[KEEPER, DRIVER, MEDIC], &check_out)?;
        }
        let serve = Command::Visit(visit::Command::Serve {
            entry: entry(200), service: service.clone(), quantity, by: person(KEEPER), at: arrived_at,
        });
        only_from(&mut shelf, id, &[KEEPER], &serve)?;
        only_from(&mut shelf, id, &[DRIVER], &Command::Visit(visit::Command::SetNote(note.clone())))?;
        only_from(&mut shelf, id, &[DRIVER], &Command::Visit(visit::Command::Rate(rating)))?;
        let read = Visit::read(&shelf.open(document(id), check_in.kind())).unwrap();
        prop_assert_eq!(read.driver_name, driver_name);
        prop_assert_eq!(read.vehicle_plate, plate);
        prop_assert_eq!(read.arrived_at, arrived_at);
        prop_assert_eq!(read.note.value, Some(note));
        prop_assert_eq!(read.rating.value, Some(rating));
        prop_assert_eq!(read.requested.len(), entries.len());
        prop_assert_eq!(read.services[0].quantity, quantity);
    }

    #[test]
    fn any_check(new in new_check()) {
        let mut shelf = Shelf::furnished();
        let command = super::super::testing::new_check(new.clone());
        only_from(&mut shelf, CHECK, &[MEDIC], &command)?;
        let read = Check::read(&shelf.open(document(CHECK), command.kind())).unwrap();
        prop_assert_eq!(read.measurements.len(), new.readings.len());
        prop_assert_eq!(read.taken_at, new.taken_at);
        prop_assert_eq!(read.note, new.note);
        let crisis = [read.pressure_level, read.glucose_level];
        let any_low = read.measurements.iter().any(|m| m.item.is_glucose() && m.value < Some(3.9));
        prop_assert_eq!(read.crisis, any_low || crisis.into_iter().flatten().any(vitals::is_crisis));
    }

    #[test]
    fn any_consent(
        purpose in proptest::sample::select(Purpose::ALL),
        given_at in time(),
        days in 0_i64..10_000,
        withdrawn_at in time(),
    ) {
        let mut shelf = Shelf::furnished();
        let until = given_at.saturating_add_ms(days * 86_400_000);
        prop_assume!(until.is_plausible());
        let give = Command::Consent(consent::Command::Give {
            driver: person(DRIVER),
            station: station_id(),
            purpose,
            given_at,
            witness: None,
            share_with: (purpose == Purpose::Share).then(station_id),
            until: Some(until),
        });
        only_from(&mut shelf, 110, &[DRIVER], &give)?;
        let read = |shelf: &Shelf| Consent::read(&shelf.open(document(110), give.kind())).unwrap();
        prop_assert!(read(&shelf).is_in_force(until));
        prop_assert!(!read(&shelf).is_in_force(until.saturating_add_ms(1)));
        let withdraw = Command::Consent(consent::Command::Withdraw { withdrawn_at });
        only_from(&mut shelf, 110, &[DRIVER, KEEPER, MEDIC], &withdraw)?;
        prop_assert!(!read(&shelf).is_in_force(given_at));
        let kept = &shelf.documents[&document(110)];
        prop_assert_eq!(kept.outline.facts.withdrawn_at, Some(withdrawn_at));
    }
}
