//! Finding out who enrolled in what: an enrolment's id follows from the activity and the driver, both
//! of whom many know.

use yizhan_client_core::model::activity::State;
use yizhan_client_core::model::enrolment::{self, Ask, First, NewEnrolment, NewRequest};
use yizhan_client_core::model::visit;
use yizhan_proto::sync::{Outcome, Push, Receipt};
use yizhan_proto::{DocumentId, EntryId, Kind, PersonId, StationId, Timestamp};

use super::super::phone::{Edit, Phone};
use super::super::seats::Class;
use super::said;
use crate::relay::{Quotas, Relay, RelayOptions};

fn asks(phone: &Phone, class: &Class, station: StationId, driver: PersonId) -> enrolment::Command {
    let request = NewRequest {
        entry: EntryId::from_bytes([5; 16]),
        what: Ask::Enrol,
        lease: None,
        by: phone.identity.person,
        at: Timestamp::from_ms(super::MORNING_MS),
    };
    enrolment::Command::Create(NewEnrolment {
        driver,
        driver_name: "某人".into(),
        activity: class.activity,
        station,
        first: First::Request(request),
    })
}

fn arrives(driver: PersonId, station: StationId) -> visit::Command {
    visit::Command::CheckIn {
        driver,
        driver_name: "某人".into(),
        station,
        arrived_at: Timestamp::from_ms(super::MORNING_MS),
        source: visit::Source::DriverApp,
        vehicle_plate: None,
        requested: Vec::new(),
    }
}

/// What is answered, without the ids and hashes of what was asked.
fn answers(receipts: &[Receipt]) -> Vec<String> {
    let answer = |receipt: &Receipt| match &receipt.outcome {
        Outcome::Refused(reason) => {
            format!(
                "refused {} {:?} {:?}",
                reason.code, reason.path, reason.bound
            )
        }
        Outcome::Later(reason) => format!("later {} {:?}", reason.code, reason.bound),
        Outcome::Needs(hashes) => format!("needs {}", hashes.len()),
        other @ (Outcome::Accepted(_)
        | Outcome::Duplicate(_)
        | Outcome::Quarantined(_)
        | Outcome::Unknown(_)) => format!("{other:?}"),
    };
    receipts.iter().map(answer).collect()
}

/// Everything a prober can send to the id of somebody's enrolment.
async fn probes(phone: &mut Phone, class: &Class, driver: PersonId) -> Vec<String> {
    let id = enrolment::id_of(class.activity, driver);
    let me = phone.identity.person;
    let mut found = Vec::new();
    let mut tries: Vec<Edit> = Vec::new();
    for station in class.world.stations {
        for who in [driver, me] {
            tries.push(Edit::from(asks(phone, class, station, who)));
            tries.push(Edit::from(arrives(who, station)));
        }
    }
    for edit in tries {
        phone.edit(id, edit);
        let pushes = std::mem::take(&mut phone.unsent);
        phone.documents.remove(&id);
        let unknown = Push {
            kind: Kind::from_code(200),
            ..pushes[0].clone()
        };
        for push in pushes.into_iter().chain([unknown]) {
            phone.unsent = vec![push];
            found.extend(answers(&phone.push().await));
            phone.unsent.clear();
        }
    }
    // A second change, of an enrolment of the prober's own, under this id.
    let own = enrolment::id_of(class.activity, me);
    phone.edit(
        own,
        Edit::from(asks(phone, class, class.world.stations[0], me)),
    );
    let again = NewRequest {
        entry: EntryId::from_bytes([6; 16]),
        what: Ask::Cancel,
        lease: None,
        by: me,
        at: Timestamp::from_ms(super::MORNING_MS),
    };
    phone.edit(own, enrolment::Command::Request(again));
    for mut push in std::mem::take(&mut phone.unsent) {
        push.document = id;
        phone.unsent = vec![push];
        found.extend(answers(&phone.push().await));
    }
    phone.unsent.clear();
    phone.documents.remove(&own);
    found
}

/// Whether somebody enrolled is answered by nothing: not by a driver, not by a keeper of another
/// station, and not when the day's allowance is used up.
#[tokio::test]
async fn nobody_learns_who_enrolled_by_trying_the_id() {
    let mut class = Class::new(5, State::Open).await;
    let mut drivers = class.drivers(3).await;
    let mut thief = drivers.pop().unwrap();
    let absent = drivers.pop().unwrap().identity.person;
    let mut there = drivers.pop().unwrap();
    class.enrol_now(&mut there).await;
    let there = there.identity.person;
    let mut keeper = class.world.keeper(1).await;
    for phone in [&mut thief, &mut keeper] {
        phone.sync(0).await;
        let (yes, no) = (
            probes(phone, &class, there).await,
            probes(phone, &class, absent).await,
        );
        assert_eq!(yes, no);
        assert!(
            yes.iter().all(|answer| !answer.starts_with("Accepted")),
            "{yes:?}"
        );
    }

    let relay = class.world.relay.clone();
    tokio::task::spawn_blocking(move || relay.shutdown())
        .await
        .unwrap();
    let options = RelayOptions {
        quotas: Quotas {
            person_documents_per_day_max: 1,
            ..Quotas::default()
        },
        ..RelayOptions::default()
    };
    let clock = std::sync::Arc::clone(&class.world.clock);
    let relay = Relay::open(class.world.folder.path(), clock, &options).unwrap();
    thief.reach(relay);
    for n in [0x31, 0x32] {
        let visit = DocumentId::from_bytes([n; 16]);
        thief.check_in(visit, class.world.stations[0]);
    }
    assert_eq!(
        said(&thief.push().await),
        ["accepted", "later: quota.person_documents"]
    );
    thief.unsent.clear();
    let (yes, no) = (
        probes(&mut thief, &class, there).await,
        probes(&mut thief, &class, absent).await,
    );
    assert_eq!(yes, no, "with no room left");
}

/// Somebody puts a visit of their own where another driver's enrolment is to be: it is not taken, and
/// the driver enrols.
#[tokio::test]
async fn nobody_keeps_a_driver_from_an_activity_by_taking_the_id_of_their_enrolment() {
    let mut class = Class::new(5, State::Open).await;
    let mut drivers = class.drivers(2).await;
    let (mut thief, mut li) = (drivers.pop().unwrap(), drivers.pop().unwrap());
    let id = enrolment::id_of(class.activity, li.identity.person);
    let mine = arrives(thief.identity.person, class.world.stations[0]);
    thief.edit(id, mine);
    assert_eq!(said(&thief.push().await), ["document.identity"]);
    class.enrol_now(&mut li).await;
    assert_eq!(li.unsent, []);
}
