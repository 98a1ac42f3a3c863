//! What people do with their phones, chosen by chance: the same choices for the same seed.

mod program;

use yizhan_client_core::error::ClientError;
use yizhan_client_core::model::check::{Comparator, Reading, ReadingValue};
use yizhan_client_core::model::consent::Purpose;
use yizhan_client_core::model::station::FACILITIES;
use yizhan_client_core::model::vitals::Item;
use yizhan_client_core::model::{Refusal, RefusalCode};
use yizhan_client_core::store::{ConsentFilter, VisitFilter};
use yizhan_client_core::transport::Transport;
use yizhan_proto::{DocumentId, PersonId, Role, StationId};

use crate::chance::Chance;
use crate::phone::Phone;

pub use program::Program;

/// What came of an action.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Did {
    /// Something was entered in this document.
    Entered(DocumentId),
    /// The phone refused it at the tap.
    RefusedAtTap(RefusalCode),
    /// There was nothing to do it to.
    Nothing,
}

/// Where people are and whom they may meet.
#[derive(Debug, Clone, Default)]
pub struct Places {
    /// All stations.
    pub stations: Vec<StationId>,
    /// Drivers, by id and name.
    pub drivers: Vec<(PersonId, String)>,
    /// What there is beside visits; with nothing of it, every choice is as if there were no such
    /// thing.
    pub program: Program,
}

/// Notes people write.
const NOTES: &[&str] = &[
    "夜里到站没有热饭",
    "卸货点附近停车难",
    "热水器修好了",
    "轮胎有点漏气,想检查",
    "路上下雪,晚到两小时",
    "谢谢照顾",
    "parking lot B is full",
];

/// Advice that goes with a check.
const ADVICE: &[&str] = &["rest", "drink_water", "see_doctor", "less_salt"];

/// Lets the phone's owner do one thing.
///
/// # Panics
/// If the phone fails in another way than by refusing at the tap.
pub fn act<T: Transport>(phone: &mut Phone<T>, places: &Places, chance: &mut Chance) -> Did {
    let roles = phone.roles();
    let mut jobs: Vec<Job> = vec![Job::Drive];
    for role in &roles {
        match role {
            Role::Keeper(station) => jobs.extend([Job::Keep(*station); 2]),
            Role::Health(station) => jobs.extend([Job::Check(*station); 2]),
            Role::Driver
            | Role::Specialist(_)
            | Role::Coordinator(_)
            | Role::Operator
            | Role::Other(_) => {}
        }
    }
    let only_driver = jobs.len() == 1;
    let job = if only_driver {
        Job::Drive
    } else {
        jobs[1 + chance.index(jobs.len() - 1)]
    };
    let program = !places.program.is_empty() && (roles_of_desk(&roles) || chance.one_in(2));
    let done = match job {
        _ if program => program::take_part(phone, places, chance),
        Job::Drive => drive(phone, places, chance),
        Job::Keep(station) => keep(phone, station, places, chance),
        Job::Check(station) => check(phone, station, places, chance),
    };
    match done {
        Ok(Some(document)) => Did::Entered(document),
        Ok(None) => Did::Nothing,
        Err(ClientError::Refused(Refusal { code, .. })) => Did::RefusedAtTap(code),
        // Not on this phone yet: its first sync is still to come.
        Err(ClientError::NotFound(_)) => Did::Nothing,
        Err(other) => panic!("{}: {other}", phone.name()),
    }
}

/// Whether somebody's work is to answer requests.
fn roles_of_desk(roles: &[Role]) -> bool {
    roles.iter().any(|role| matches!(role, Role::Specialist(_)))
}

#[derive(Clone, Copy)]
enum Job {
    Drive,
    Keep(StationId),
    Check(StationId),
}

type Done = Result<Option<DocumentId>, ClientError>;

fn drive<T: Transport>(phone: &mut Phone<T>, places: &Places, chance: &mut Chance) -> Done {
    let me = phone.person();
    let mine = phone.visits(&VisitFilter {
        driver: Some(me),
        ..VisitFilter::default()
    });
    let visit = (!mine.is_empty()).then(|| chance.pick(&mine).id);
    match (chance.below(12), visit) {
        (0..=2, _) | (_, None) => phone.log_visit(*chance.pick(&places.stations)).map(Some),
        (3, Some(visit)) => phone.leave(visit).map(Some),
        (4 | 5, Some(visit)) => phone
            .ask_for(visit, chance.pick::<&str>(FACILITIES), 1 + quantity(chance))
            .map(Some),
        (6 | 7, Some(visit)) => {
            let note = note(chance);
            phone.note(visit, &note).map(Some)
        }
        (8, Some(visit)) => phone.rate(visit, stars(chance)).map(Some),
        (9 | 10, Some(_)) => {
            let purpose = *chance.pick(&[Purpose::HealthRecord, Purpose::Visits]);
            phone
                .give_consent(*chance.pick(&places.stations), purpose)
                .map(Some)
        }
        (_, Some(_)) => {
            let given = phone.consents(&ConsentFilter {
                driver: Some(me),
                ..ConsentFilter::default()
            });
            if given.is_empty() {
                return Ok(None);
            }
            phone.withdraw(chance.pick(&given).id).map(Some)
        }
    }
}

fn keep<T: Transport>(
    phone: &mut Phone<T>,
    station: StationId,
    places: &Places,
    chance: &mut Chance,
) -> Done {
    let here = phone.visits(&VisitFilter {
        station: Some(station),
        ..VisitFilter::default()
    });
    let visit = (!here.is_empty()).then(|| chance.pick(&here).id);
    match (chance.below(10), visit) {
        (0..=3, Some(visit)) => phone
            .serve(visit, chance.pick::<&str>(FACILITIES), quantity(chance))
            .map(Some),
        (4, Some(visit)) => {
            let note = note(chance);
            phone.keeper_note(visit, &note).map(Some)
        }
        (5, Some(visit)) => phone.leave(visit).map(Some),
        (6, _) => {
            let beds = u32::try_from(chance.below(40)).unwrap_or(0);
            phone.set_beds_free(station, beds).map(Some)
        }
        (7, _) => {
            let notice = note(chance);
            phone.set_notice(station, &notice).map(Some)
        }
        _ if places.drivers.is_empty() => Ok(None),
        (8, _) => {
            let (driver, _) = *chance.pick(&places.drivers);
            phone
                .witness_consent(driver, station, Purpose::HealthRecord)
                .map(Some)
        }
        _ => {
            let (driver, name) = chance.pick(&places.drivers).clone();
            phone.log_visit_of(driver, &name, station).map(Some)
        }
    }
}

fn check<T: Transport>(
    phone: &mut Phone<T>,
    station: StationId,
    places: &Places,
    chance: &mut Chance,
) -> Done {
    if places.drivers.is_empty() {
        return Ok(None);
    }
    let (driver, _) = *chance.pick(&places.drivers);
    let Some(consent) = phone.consent_for_checks(driver, station) else {
        // Asked for first, and witnessed on the spot.
        return phone
            .witness_consent(driver, station, Purpose::HealthRecord)
            .map(Some);
    };
    let readings = readings(phone, chance);
    let advice = vec![(*chance.pick(ADVICE)).to_owned()];
    phone
        .take_check(driver, station, consent, readings, advice)
        .map(Some)
}

/// One set of readings: most are ordinary, some are crises, some print HI or LO, a few are typed
/// wrong and must be refused at the tap.
fn readings<T: Transport>(phone: &mut Phone<T>, chance: &mut Chance) -> Vec<Reading> {
    let mut readings = Vec::new();
    let mut add = |item, value| {
        readings.push(Reading {
            entry: phone.new_entry(),
            item,
            value,
        });
    };
    let (systolic, diastolic) = match chance.below(12) {
        0 => (182 + chance.between(0, 40), 112),
        1 => (20, 10),
        _ => (105 + chance.between(0, 50), 65 + chance.between(0, 30)),
    };
    add(Item::Systolic, number(systolic.to_string(), "mm[Hg]"));
    add(Item::Diastolic, number(diastolic.to_string(), "mm[Hg]"));
    if chance.one_in(2) {
        add(
            Item::Pulse,
            number((55 + chance.between(0, 50)).to_string(), "/min"),
        );
    }
    match chance.below(16) {
        0 => add(
            Item::GlucoseRandom,
            ReadingValue::Quantity {
                entered: "33.3".to_owned(),
                unit: "mmol/L".to_owned(),
                comparator: Some(Comparator::Above),
            },
        ),
        1 => add(
            Item::GlucoseRandom,
            ReadingValue::Quantity {
                entered: "1.7".to_owned(),
                unit: "mmol/L".to_owned(),
                comparator: Some(Comparator::Below),
            },
        ),
        2..=4 => add(
            Item::GlucoseFasting,
            number((80 + chance.between(0, 60)).to_string(), "mg/dL"),
        ),
        5..=8 => add(
            Item::GlucoseFasting,
            number(
                format!("{}.{}", 4 + chance.below(4), chance.below(10)),
                "mmol/L",
            ),
        ),
        _ => {}
    }
    if chance.one_in(3) {
        add(
            Item::Neck,
            ReadingValue::Spine {
                finding: "tight".to_owned(),
                pain: u8::try_from(chance.below(8)).unwrap_or(0),
            },
        );
    }
    readings
}

fn number(entered: String, unit: &str) -> ReadingValue {
    ReadingValue::Quantity {
        entered,
        unit: unit.to_owned(),
        comparator: None,
    }
}

/// Mostly a few; now and then more than anybody gives out, which the tap refuses.
fn quantity(chance: &mut Chance) -> u32 {
    if chance.one_in(20) {
        5_000
    } else {
        1 + u32::try_from(chance.below(4)).unwrap_or(0)
    }
}

/// Mostly 1 to 5; now and then 9, which the tap refuses.
fn stars(chance: &mut Chance) -> u8 {
    if chance.one_in(15) {
        9
    } else {
        1 + u8::try_from(chance.below(5)).unwrap_or(0)
    }
}

fn note(chance: &mut Chance) -> String {
    format!("{} {}", chance.pick(NOTES), chance.below(1_000))
}
