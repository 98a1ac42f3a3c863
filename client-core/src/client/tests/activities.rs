//! Activities, seats and notices as drivers and keepers live them.

use std::sync::Arc;

use yizhan_proto::{DocumentId, EntryId, PersonId, Role, Timestamp};

use crate::client::{ActivityEntry, ActivityUpdate, Client, EnrolEntry, NoticeEntry, ScanEntry};
use crate::error::ClientError;
use crate::model::activity::{self, Choice, Lease, Options, Sort, State};
use crate::model::enrolment::{self, Mark, Outcome, Reason, ScanResult, Seat};
use crate::model::notice::Level;
use crate::model::{Command, RefusalCode};
use crate::store::tests::world::{MORNING, Relay, TestClock, entry, station_id, sync};
use crate::store::{ActivityFilter, EnrolmentFilter, NoticeFilter};

const HOUR: i64 = 60 * 60 * 1_000;

struct Phone {
    client: Client,
    clock: Arc<TestClock>,
}

impl Phone {
    fn new(seed: u64) -> Self {
        let clock = Arc::new(TestClock::new(seed));
        let client = Client::in_memory(clock.clone()).unwrap();
        Self { client, clock }
    }

    fn paired(seed: u64, relay: &mut Relay, roles: Vec<Role>) -> Self {
        let mut phone = Self::new(seed);
        relay.pair(&mut phone.client.store, roles, &phone.clock);
        phone.sync(relay);
        phone
    }

    fn sync(&mut self, relay: &mut Relay) {
        self.client.return_expired_leases().unwrap();
        let applied = sync(&mut self.client.store, relay, &self.clock);
        assert_eq!((applied.refused, applied.set_aside), (0, 0), "{applied:?}");
    }

    fn person(&self) -> PersonId {
        self.client.device().unwrap().person
    }

    /// Asks for a seat for somebody else.
    fn enrol(
        &mut self,
        activity: DocumentId,
        driver: u8,
        from_lease: bool,
    ) -> Result<DocumentId, ClientError> {
        let person = PersonId::from_bytes([driver; 16]);
        self.client.enrol(EnrolEntry {
            activity,
            driver: Some((person, format!("司机{driver}"))),
            own_name: None,
            from_lease,
        })
    }

    fn enrol_self(&mut self, activity: DocumentId) -> Result<DocumentId, ClientError> {
        self.client.enrol(EnrolEntry {
            activity,
            driver: None,
            own_name: Some("李师傅".to_owned()),
            from_lease: false,
        })
    }

    fn seat(&self, id: DocumentId) -> Option<Seat> {
        self.client.enrolment(id).unwrap().enrolment.standing.seat
    }
}

fn refusal<T: std::fmt::Debug>(result: Result<T, ClientError>) -> RefusalCode {
    match result {
        Err(ClientError::Refused(refusal)) => refusal.code,
        other => panic!("not refused: {other:?}"),
    }
}

fn after(hours: i64) -> Timestamp {
    Timestamp::from_ms(MORNING + hours * HOUR)
}

fn clinic() -> ActivityEntry {
    ActivityEntry {
        station: station_id(),
        sort: Sort::Quiz,
        title: "安全知识竞赛".to_owned(),
        text: Some("圆桌课堂".to_owned()),
        starts_at: after(4),
        ends_at: after(6),
        place: None,
        capacity: Some(3),
        state: State::Open,
        quiz_draw: Some(2),
    }
}

/// A keeper who announced an activity, a driver who has heard of it, and the relay.
fn announced() -> (Relay, Phone, Phone, DocumentId) {
    let mut relay = Relay::new();
    let mut keeper = Phone::paired(1, &mut relay, vec![Role::Keeper(station_id())]);
    let activity = keeper.client.create_activity(clinic()).unwrap();
    keeper.sync(&mut relay);
    let driver = Phone::paired(2, &mut relay, vec![Role::Driver]);
    (relay, keeper, driver, activity)
}

fn decide(request: EntryId, n: u8, outcome: Outcome, reason: Option<Reason>) -> Command {
    Command::Enrolment(enrolment::Command::Decide {
        entry: entry(n),
        request,
        outcome,
        number: Some(1),
        reason,
        at: after(0),
    })
}

#[test]
fn a_driver_asks_offline_and_everybody_sees_what_the_relay_decides() {
    let (mut relay, mut keeper, mut driver, activity) = announced();
    let id = driver.enrol_self(activity).unwrap();
    assert_eq!(driver.seat(id), Some(Seat::Requested));
    assert_eq!(
        refusal(driver.enrol_self(activity)),
        RefusalCode::NothingChanged
    );
    let rows = driver
        .client
        .activities(&ActivityFilter::default())
        .unwrap();
    assert_eq!(
        (rows[0].own_seat, rows[0].taken),
        (Some(Seat::Requested), 0)
    );
    driver.sync(&mut relay);

    let request = driver.client.enrolment(id).unwrap().enrolment.requests[0].entry;
    relay.write(id, &decide(request, 1, Outcome::Accepted, None));
    driver.sync(&mut relay);
    keeper.sync(&mut relay);
    let accepted = Some(Seat::Accepted { number: Some(1) });
    assert_eq!((driver.seat(id), keeper.seat(id)), (accepted, accepted));
    let roster = EnrolmentFilter {
        activity: Some(activity),
        ..EnrolmentFilter::default()
    };
    let roster = keeper.client.enrolments(&roster).unwrap();
    assert_eq!(roster.len(), 1);
    assert_eq!(
        (roster[0].seat, roster[0].driver_name.as_str()),
        (accepted, "李师傅")
    );
    assert_eq!(roster[0].title.as_deref(), Some("安全知识竞赛"));
    let rows = keeper
        .client
        .activities(&ActivityFilter::default())
        .unwrap();
    assert_eq!((rows[0].taken, rows[0].own_seat), (1, None));

    driver.client.cancel_enrolment(id).unwrap();
    assert_eq!(driver.seat(id), Some(Seat::Cancelled));
    assert_eq!(
        refusal(driver.client.cancel_enrolment(id)),
        RefusalCode::NothingChanged
    );
    // And again, in the same document.
    assert_eq!(driver.enrol_self(activity).unwrap(), id);
    assert_eq!(driver.seat(id), Some(Seat::Requested));
}

#[test]
fn a_driver_and_a_keeper_who_never_met_make_one_enrolment() {
    for keeper_first in [true, false] {
        let (mut relay, mut keeper, mut driver, activity) = announced();
        let of = driver.person();
        let own = driver.enrol_self(activity).unwrap();
        let twin = keeper
            .client
            .enrol(EnrolEntry {
                activity,
                driver: Some((of, "李师傅".to_owned())),
                own_name: None,
                from_lease: false,
            })
            .unwrap();
        assert_eq!(own, twin);
        let mut phones = [&mut keeper, &mut driver];
        if !keeper_first {
            phones.reverse();
        }
        for _ in 0..2 {
            for phone in &mut phones {
                phone.sync(&mut relay);
            }
        }
        let read = |phone: &Phone| phone.client.enrolment(own).unwrap().enrolment;
        assert_eq!(read(&keeper), read(&driver));
        assert_eq!(read(&keeper).requests.len(), 2);
        assert_eq!(keeper.client.status().unwrap().unsent_changes, 0);
        assert_eq!(driver.client.status().unwrap().unsent_changes, 0);
    }
}

/// The keeper's device holds a lease of two seats until an hour from the morning.
fn leased() -> (Relay, Phone, DocumentId) {
    let (mut relay, mut keeper, _, activity) = announced();
    let ask = keeper.client.ask_lease(activity, 2, after(1)).unwrap();
    assert_eq!(
        refusal(keeper.enrol(activity, 50, true)),
        RefusalCode::LeaseSpent
    );
    keeper.sync(&mut relay);
    let lease = Lease {
        entry: entry(70),
        ask,
        device: keeper.client.device().unwrap().device,
        seats: 2,
        until: after(1),
        at: after(0),
    };
    relay.write(
        activity,
        &Command::Activity(activity::Command::Grant(lease)),
    );
    keeper.sync(&mut relay);
    (relay, keeper, activity)
}

#[test]
fn seats_of_a_lease_are_given_offline_and_no_more_than_there_are() {
    let (_, mut keeper, activity) = leased();
    let one = keeper.enrol(activity, 50, true).unwrap();
    assert_eq!(keeper.seat(one), Some(Seat::Leased));
    // Who waits for the relay's word gets a seat of the lease all the same; the other way it
    // changes nothing.
    let two = keeper.enrol(activity, 51, false).unwrap();
    assert_eq!(keeper.seat(two), Some(Seat::Requested));
    assert_eq!(keeper.enrol(activity, 51, true).unwrap(), two);
    assert_eq!(keeper.seat(two), Some(Seat::Leased));
    assert_eq!(
        refusal(keeper.enrol(activity, 51, false)),
        RefusalCode::NothingChanged
    );
    assert_eq!(
        refusal(keeper.enrol(activity, 52, true)),
        RefusalCode::LeaseSpent
    );
    let detail = keeper.client.activity(activity).unwrap();
    assert_eq!((detail.taken, detail.leases[0].used), (2, 2));
}

/// The relay may hear of the second driver first; then the seat would have been promised twice.
#[test]
fn a_seat_of_a_lease_is_given_away_once_also_if_it_is_given_up_again() {
    let (mut relay, mut keeper, activity) = leased();
    let one = keeper.enrol(activity, 50, true).unwrap();
    keeper.client.cancel_enrolment(one).unwrap();
    let used = |keeper: &Phone| keeper.client.activity(activity).unwrap().leases[0].used;
    assert_eq!(used(&keeper), 1);
    // Also who changes their mind takes another one.
    assert_eq!(keeper.enrol(activity, 50, true).unwrap(), one);
    assert_eq!((keeper.seat(one), used(&keeper)), (Some(Seat::Leased), 2));
    assert_eq!(
        refusal(keeper.enrol(activity, 52, true)),
        RefusalCode::LeaseSpent
    );
    keeper.sync(&mut relay);
    keeper.client.cancel_enrolment(one).unwrap();
    keeper.sync(&mut relay);
    assert_eq!(used(&keeper), 2);
    keeper.clock.pass(HOUR);
    keeper.client.return_expired_leases().unwrap();
    let shown = keeper.client.activity(activity).unwrap();
    assert_eq!(shown.activity.lease_returns[0].used, 2);
}

#[test]
fn a_lease_that_has_ended_gives_nothing_and_goes_back_once() {
    let (mut relay, mut keeper, activity) = leased();
    keeper.enrol(activity, 50, true).unwrap();
    keeper.clock.pass(HOUR - 1_000);
    assert_eq!(keeper.client.return_expired_leases().unwrap(), 0);
    keeper.clock.pass(1_000);
    assert_eq!(
        refusal(keeper.enrol(activity, 51, true)),
        RefusalCode::LeaseSpent
    );
    assert_eq!(keeper.client.return_expired_leases().unwrap(), 1);
    assert_eq!(keeper.client.return_expired_leases().unwrap(), 0);
    let returned = keeper
        .client
        .activity(activity)
        .unwrap()
        .activity
        .lease_returns;
    assert_eq!(
        (returned.len(), returned[0].used, returned[0].lost),
        (1, 1, false)
    );
    keeper.sync(&mut relay);
    assert!(keeper.client.activity(activity).unwrap().leases[0].returned);
}

#[test]
fn the_end_of_a_lease_is_told_by_the_relays_clock() {
    let (mut relay, mut keeper, _) = leased();
    // This device's clock is an hour ahead: the lease has not ended yet.
    keeper.clock.pass(HOUR);
    keeper
        .client
        .store
        .connection_for_tests()
        .execute("UPDATE device SET clock_offset_ms = 3600000", [])
        .unwrap();
    assert_eq!(keeper.client.return_expired_leases().unwrap(), 0);
    keeper.clock.pass(HOUR);
    assert_eq!(keeper.client.return_expired_leases().unwrap(), 1);
    keeper.sync(&mut relay);
}

#[test]
fn a_lost_devices_lease_is_returned_by_somebody_else_and_only_as_lost() {
    let (mut relay, mut keeper, activity) = leased();
    keeper.enrol(activity, 50, true).unwrap();
    let mut other = Phone::paired(3, &mut relay, vec![Role::Keeper(station_id())]);
    let lease = entry(70);
    assert_eq!(
        refusal(other.client.return_lease(activity, lease, false)),
        RefusalCode::ValueNotSelf
    );
    assert_eq!(
        refusal(other.client.return_lease(activity, entry(71), true)),
        RefusalCode::ReferenceUnknown
    );
    other.client.return_lease(activity, lease, true).unwrap();
    assert_eq!(
        refusal(other.client.return_lease(activity, lease, true)),
        RefusalCode::NothingChanged
    );
    let returned = other
        .client
        .activity(activity)
        .unwrap()
        .activity
        .lease_returns;
    assert_eq!((returned[0].used, returned[0].lost), (0, true));
}

fn question(keeper: &mut Phone, activity: DocumentId, right: Choice) -> EntryId {
    let options = Options {
        a: "二小时".to_owned(),
        b: "四小时".to_owned(),
        c: None,
        d: None,
    };
    keeper
        .client
        .add_question(activity, "连续驾驶几小时必须休息?", options, right)
        .unwrap()
}

#[test]
fn a_quiz_is_drawn_answered_and_graded_the_same_on_every_device() {
    let (mut relay, mut keeper, mut driver, activity) = announced();
    for right in [Choice::A, Choice::B, Choice::A, Choice::B] {
        question(&mut keeper, activity, right);
    }
    keeper.sync(&mut relay);
    let id = driver.enrol_self(activity).unwrap();
    driver.sync(&mut relay);
    let sheet = driver.client.quiz(id).unwrap();
    assert_eq!((sheet.questions.len(), sheet.grade.asked), (2, 2));
    let [(one, _), (two, _)] = &sheet.questions[..] else {
        panic!("{sheet:?}")
    };
    let wrong = if two.answer == Choice::A {
        Choice::B
    } else {
        Choice::A
    };
    driver.client.answer(id, one.entry, one.answer).unwrap();
    assert_eq!(
        refusal(driver.client.answer(id, one.entry, one.answer)),
        RefusalCode::FieldImmutable
    );
    assert_eq!(
        refusal(driver.client.answer(id, two.entry, Choice::C)),
        RefusalCode::ValueUnlisted
    );
    assert_eq!(
        refusal(driver.client.answer(id, entry(99), Choice::A)),
        RefusalCode::ValueUnlisted
    );
    let grade = driver.client.answer(id, two.entry, wrong).unwrap();
    assert_eq!((grade.asked, grade.answered, grade.score), (2, 2, 1));
    driver
        .client
        .give_feedback(id, 5, Some("讲得清楚".to_owned()))
        .unwrap();
    driver.sync(&mut relay);
    keeper.sync(&mut relay);
    let detail = keeper.client.enrolment(id).unwrap();
    assert_eq!(detail.grade, Some(grade));
    assert_eq!(detail.enrolment.quiz_score.value, Some(1));
    assert_eq!(detail.enrolment.quiz_asked.value, Some(2));
    let rows = keeper
        .client
        .enrolments(&EnrolmentFilter::default())
        .unwrap();
    assert_eq!((rows[0].quiz, rows[0].rating), (Some((1, 2)), Some(5)));
    let hits = keeper.client.search("讲得清楚", 5).unwrap();
    assert_eq!(hits[0].document, id);
}

#[test]
fn two_tablets_issue_the_same_certificate() {
    let (mut relay, mut keeper, mut driver, activity) = announced();
    let id = driver.enrol_self(activity).unwrap();
    driver.sync(&mut relay);
    let mut other = Phone::paired(3, &mut relay, vec![Role::Keeper(station_id())]);
    keeper.sync(&mut relay);
    let numbers = [&mut keeper, &mut other].map(|phone| phone.client.certify(id, None).unwrap());
    assert_eq!(numbers[0], numbers[1]);
    assert!(numbers[0].starts_with("tianning-2026"), "{}", numbers[0]);
    for phone in [&mut keeper, &mut other] {
        phone.sync(&mut relay);
    }
    keeper.sync(&mut relay);
    let certificate = keeper.client.enrolment(id).unwrap().enrolment.certificate;
    assert!(!certificate.is_conflict(), "the same number is no conflict");
    assert_eq!(
        refusal(driver.client.certify(id, Some("1".to_owned()))),
        RefusalCode::FieldForbidden
    );
}

#[test]
fn scans_are_recorded_and_a_walk_in_is_told_from_a_seat() {
    let (mut relay, mut keeper, mut driver, activity) = announced();
    let own = driver.enrol_self(activity).unwrap();
    driver.sync(&mut relay);
    let request = driver.client.enrolment(own).unwrap().enrolment.requests[0].entry;
    relay.write(own, &decide(request, 1, Outcome::Accepted, None));
    keeper.sync(&mut relay);
    let scan = |driver: PersonId, nonce: u8, result| ScanEntry {
        activity,
        driver,
        driver_name: "王师傅".to_owned(),
        nonce: [nonce; 16],
        result,
        code: Some("YZ1:abc".to_owned()),
    };
    let enrolled = driver.person();
    let first = keeper
        .client
        .record_scan(scan(enrolled, 1, ScanResult::Ok))
        .unwrap();
    assert_eq!(
        (first.enrolment, first.result, first.mark),
        (own, ScanResult::Ok, Mark::Counted)
    );
    let again = keeper
        .client
        .record_scan(scan(enrolled, 2, ScanResult::Ok))
        .unwrap();
    assert_eq!(again.mark, Mark::Duplicate);
    let stranger = PersonId::from_bytes([60; 16]);
    let walk_in = keeper
        .client
        .record_scan(scan(stranger, 3, ScanResult::Ok))
        .unwrap();
    assert_eq!(
        (walk_in.result, walk_in.mark),
        (ScanResult::WalkIn, Mark::Counted)
    );
    let failed = PersonId::from_bytes([61; 16]);
    let expired = keeper
        .client
        .record_scan(scan(failed, 4, ScanResult::Expired))
        .unwrap();
    assert_eq!(expired.mark, Mark::Failed);
    let rows = keeper
        .client
        .enrolments(&EnrolmentFilter::default())
        .unwrap();
    let row = |id| rows.iter().find(|row| row.id == id).unwrap();
    assert_eq!((row(own).walk_in, row(own).duplicates), (false, 1));
    assert!(row(own).attended_at.is_some());
    assert!(row(walk_in.enrolment).walk_in && row(walk_in.enrolment).seat.is_none());
    assert_eq!(row(expired.enrolment).failed_scans, 1);
    assert_eq!(row(expired.enrolment).attended_at, None);
    keeper.sync(&mut relay);
}

#[test]
fn lists_show_what_was_asked_for_in_order() {
    let (mut relay, mut keeper, _, activity) = announced();
    let later = ActivityEntry {
        title: "法律咨询".to_owned(),
        starts_at: after(48),
        ends_at: after(50),
        ..clinic()
    };
    let later = keeper.client.create_activity(later).unwrap();
    let list = |keeper: &Phone, filter: &ActivityFilter| -> Vec<DocumentId> {
        let rows = keeper.client.activities(filter).unwrap();
        rows.iter().map(|row| row.id).collect()
    };
    let upcoming = ActivityFilter {
        upcoming: true,
        region: Some("changzhou".parse().unwrap()),
        station: Some(station_id()),
        limit: 0,
    };
    assert_eq!(list(&keeper, &upcoming), [activity, later]);
    keeper.clock.pass(6 * HOUR);
    assert_eq!(
        list(&keeper, &upcoming),
        [activity, later],
        "its last moment"
    );
    keeper.clock.pass(1);
    assert_eq!(list(&keeper, &upcoming), [later]);
    let elsewhere = ActivityFilter {
        region: Some("banan".parse().unwrap()),
        ..ActivityFilter::default()
    };
    assert!(list(&keeper, &elsewhere).is_empty());
    assert_eq!(keeper.client.search("法律", 5).unwrap()[0].document, later);
    let update = ActivityUpdate {
        ends_at: Some(after(51)),
        capacity: Some(9),
        ..ActivityUpdate::default()
    };
    assert_eq!(keeper.client.update_activity(later, update).unwrap(), 2);
    let detail = keeper.client.activity(later).unwrap();
    assert_eq!(detail.activity.ends_at.value, Some(after(51)));
    assert_eq!(detail.activity.starts_at.value, Some(after(48)));
    assert_eq!(detail.station_key.as_deref(), Some("tianning"));
    keeper
        .client
        .set_activity_state(later, State::Cancelled)
        .unwrap();
    keeper.sync(&mut relay);
}

#[test]
fn a_notice_reaches_whom_it_is_for_and_the_urgent_comes_first() {
    let (mut relay, mut keeper, mut driver, _) = announced();
    let entry = |region: bool, title: &str, level, until| NoticeEntry {
        region: region.then(|| "changzhou".parse().unwrap()),
        station: Some(station_id()),
        title: title.to_owned(),
        text: "请注意".to_owned(),
        level,
        until,
    };
    let info = keeper
        .client
        .publish_notice(entry(true, "停水", Level::Info, None))
        .unwrap();
    keeper.clock.pass(1);
    let urgent = keeper
        .client
        .publish_notice(entry(true, "封路", Level::Urgent, Some(after(2))))
        .unwrap();
    keeper.clock.pass(1);
    let staff = keeper
        .client
        .publish_notice(entry(false, "排班", Level::Info, None))
        .unwrap();
    keeper.sync(&mut relay);
    driver.sync(&mut relay);
    let in_force = NoticeFilter {
        in_force: true,
        ..NoticeFilter::default()
    };
    let ids = |phone: &Phone| -> Vec<DocumentId> {
        let rows = phone.client.notices(&in_force).unwrap();
        rows.iter().map(|row| row.id).collect()
    };
    assert_eq!(ids(&keeper), [urgent, staff, info]);
    assert_eq!(
        ids(&driver),
        [urgent, info],
        "keepers' own notices are theirs"
    );
    assert_eq!(
        refusal(driver.client.withdraw_notice(info)),
        RefusalCode::AuthorUnrelated
    );
    keeper.client.withdraw_notice(info).unwrap();
    assert_eq!(
        refusal(keeper.client.withdraw_notice(info)),
        RefusalCode::NothingChanged
    );
    keeper.sync(&mut relay);
    driver.sync(&mut relay);
    assert_eq!(ids(&driver), [urgent]);
    driver.clock.pass(2 * HOUR + 1);
    assert!(ids(&driver).is_empty());
    let all = driver.client.notices(&NoticeFilter::default()).unwrap();
    assert_eq!(all.len(), 2);
}

#[test]
fn rows_go_with_their_document_and_come_back_with_a_rebuild() {
    let (_, mut keeper, activity) = leased();
    let id = keeper.enrol(activity, 50, true).unwrap();
    let before = keeper
        .client
        .enrolments(&EnrolmentFilter::default())
        .unwrap();
    let lists = keeper
        .client
        .activities(&ActivityFilter::default())
        .unwrap();
    keeper
        .client
        .store
        .connection_for_tests()
        .execute_batch(
            "UPDATE documents SET view = 0;
             DELETE FROM enrolments_view; DELETE FROM activities_view; DELETE FROM leases_view;",
        )
        .unwrap();
    assert!(
        keeper
            .client
            .enrolments(&EnrolmentFilter::default())
            .unwrap()
            .is_empty()
    );
    while keeper.client.rebuild_views_step(2).unwrap() > 0 {}
    assert_eq!(
        keeper
            .client
            .enrolments(&EnrolmentFilter::default())
            .unwrap(),
        before
    );
    assert_eq!(
        keeper
            .client
            .activities(&ActivityFilter::default())
            .unwrap(),
        lists
    );
    assert_eq!(keeper.client.leases().unwrap().len(), 1);
    assert_eq!(before[0].id, id);
}
