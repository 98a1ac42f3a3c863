//! Activities and notices: made, changed and read; who may do what, and with which values.

use yizhan_proto::{DeviceId, DocumentId, Kind, StationId};

use super::super::activity::{
    self, Activity, Choice, Lease, NewActivity, Options, SeatEvent, Sort, State,
};
use super::super::notice::{self, Level, NewNotice, Notice};
use super::super::testing::*;
use super::super::{Command, RefusalCode, Verdict, inspect};
use super::authors::refused;

pub(super) const ACTIVITY: u8 = 120;
pub(super) const NOTICE: u8 = 121;

pub(super) fn plain_activity(by: u8) -> NewActivity {
    NewActivity {
        region: region(),
        station: station_id(),
        sort: Sort::Quiz,
        title: "安全知识竞赛".into(),
        text: Some("圆桌课堂,现场抽题".into()),
        starts_at: at(600),
        ends_at: at(720),
        place: Some("二楼大厅".into()),
        capacity: Some(40),
        state: State::Open,
        quiz_draw: Some(2),
        by: person(by),
    }
}

pub(super) fn announce(by: u8) -> Command {
    Command::Activity(activity::Command::Create(plain_activity(by)))
}

pub(super) fn question(n: u8, answer: Choice, by: u8) -> Command {
    Command::Activity(activity::Command::AddQuestion {
        entry: entry(n),
        text: format!("第 {n} 题"),
        options: Options {
            a: "二小时".into(),
            b: "四小时".into(),
            c: Some("六小时".into()),
            d: None,
        },
        answer,
        by: person(by),
        at: at(i64::from(n)),
    })
}

fn ask_lease(by: u8, device: DeviceId) -> Command {
    Command::Activity(activity::Command::AskLease {
        entry: entry(90),
        seats: 5,
        until: at(500),
        device,
        by: person(by),
        at: at(20),
    })
}

fn grant() -> Lease {
    Lease {
        entry: entry(91),
        ask: entry(90),
        device: device(KEEPER),
        seats: 3,
        until: at(500),
        at: at(21),
    }
}

fn give_back(by: u8) -> Command {
    Command::Activity(activity::Command::ReturnLease {
        entry: entry(92),
        lease: entry(91),
        used: 1,
        lost: false,
        by: person(by),
        at: at(501),
    })
}

/// With an open activity of the tests' station.
pub(super) fn with_activity() -> Shelf {
    let mut shelf = Shelf::furnished();
    shelf.accepts(document(ACTIVITY), &author(KEEPER), &announce(KEEPER));
    shelf
}

pub(super) fn read_activity(shelf: &Shelf) -> Activity {
    Activity::read(&shelf.open(document(ACTIVITY), Kind::Activity)).unwrap()
}

fn edit(command: activity::Command) -> Command {
    Command::Activity(command)
}

#[test]
fn an_activity_is_announced_changed_and_read() {
    let mut shelf = with_activity();
    let id = document(ACTIVITY);
    let leader = author(LEADER);
    shelf.accepts(
        id,
        &leader,
        &edit(activity::Command::Reschedule {
            starts_at: at(630),
            ends_at: at(720),
        }),
    );
    shelf.accepts(id, &leader, &edit(activity::Command::SetCapacity(60)));
    shelf.accepts(id, &author(KEEPER), &question(80, Choice::B, KEEPER));
    shelf.accepts(
        id,
        &leader,
        &edit(activity::Command::SetState(State::Closed)),
    );
    let read = read_activity(&shelf);
    assert_eq!(read.station, station_id());
    assert_eq!(read.region, Some(region()));
    assert_eq!(read.sort, Some(Sort::Quiz));
    assert_eq!(read.title.value.as_deref(), Some("安全知识竞赛"));
    assert_eq!(
        (read.starts_at.value, read.ends_at.value),
        (Some(at(630)), Some(at(720)))
    );
    assert_eq!(read.capacity.value, Some(60));
    assert_eq!(read.state.value, Some(State::Closed));
    assert_eq!(read.questions.len(), 1);
    assert_eq!(read.questions[0].answer, Choice::B);
    assert_eq!(read.questions[0].options.of(Choice::D), None);
    assert_eq!(read.by, Some(person(KEEPER)));
}

#[test]
fn hosts_announce_and_nobody_else() {
    for (who, expected) in [
        (KEEPER, None),
        (MEDIC, None),
        (LEADER, None),
        (DRIVER, Some(RefusalCode::AuthorUnrelated)),
        (OTHER_KEEPER, Some(RefusalCode::AuthorUnrelated)),
        (RELAY, Some(RefusalCode::FieldForbidden)),
    ] {
        let mut shelf = Shelf::furnished();
        let verdict = shelf.edit(document(ACTIVITY), &author(who), &announce(who));
        match (verdict, expected) {
            (Verdict::Accept(_), None) => {}
            (Verdict::Refuse(refusal), Some(code)) => assert_eq!(refusal.code, code, "{who}"),
            (verdict, _) => panic!("{who}: {verdict:?}"),
        }
    }
}

#[test]
fn an_activity_is_held_in_the_region_of_its_station() {
    // The coordinator of one region does not announce at another region's station, nor a keeper
    // in another region's directory.
    let mut elsewhere = plain_activity(OTHER_KEEPER);
    elsewhere.region = "banan".parse().unwrap();
    let shelf = Shelf::furnished();
    let command = edit(activity::Command::Create(elsewhere.clone()));
    assert_eq!(
        refused(&shelf, ACTIVITY, OTHER_KEEPER, &command),
        RefusalCode::ReferenceMismatch
    );
    elsewhere.by = person(KEEPER);
    let command = edit(activity::Command::Create(elsewhere));
    assert_eq!(
        refused(&shelf, ACTIVITY, KEEPER, &command),
        RefusalCode::ReferenceMismatch
    );
    let mut nowhere = plain_activity(LEADER);
    nowhere.station = StationId::from_bytes([98; 16]);
    let command = edit(activity::Command::Create(nowhere));
    assert_eq!(
        refused(&shelf, ACTIVITY, LEADER, &command),
        RefusalCode::ReferenceUnknown
    );
}

#[test]
fn what_an_activity_says_is_in_range() {
    let new = |change: fn(&mut NewActivity)| {
        let mut new = plain_activity(KEEPER);
        change(&mut new);
        edit(activity::Command::Create(new))
    };
    for (command, expected) in [
        (new(|it| it.capacity = Some(0)), RefusalCode::ValueRange),
        (
            new(|it| it.capacity = Some(100_001)),
            RefusalCode::ValueRange,
        ),
        (new(|it| it.quiz_draw = Some(0)), RefusalCode::ValueRange),
        (new(|it| it.quiz_draw = Some(51)), RefusalCode::ValueRange),
        (new(|it| it.title = " ".into()), RefusalCode::ValueUnlisted),
        (
            new(|it| it.place = Some("长".repeat(86))),
            RefusalCode::ValueTooLong,
        ),
        (
            new(|it| it.ends_at = at(599)),
            RefusalCode::ValueContradiction,
        ),
        (new(|it| it.by = person(DRIVER)), RefusalCode::ValueNotSelf),
    ] {
        let shelf = Shelf::furnished();
        assert_eq!(
            refused(&shelf, ACTIVITY, KEEPER, &command),
            expected,
            "{command:?}"
        );
    }
    // Ends when it begins: allowed. More questions drawn than there are: allowed.
    let mut shelf = Shelf::furnished();
    let command = new(|it| {
        it.ends_at = it.starts_at;
        it.quiz_draw = Some(50);
    });
    shelf.accepts(document(ACTIVITY), &author(KEEPER), &command);
}

#[test]
fn an_activity_does_not_end_before_it_begins_also_when_only_one_of_the_two_is_moved() {
    let mut shelf = with_activity();
    // Automerge writes only what differs: the end alone, then the beginning alone.
    for (starts_at, ends_at) in [(at(600), at(599)), (at(721), at(720))] {
        let command = edit(activity::Command::Reschedule { starts_at, ends_at });
        assert_eq!(
            refused(&shelf, ACTIVITY, KEEPER, &command),
            RefusalCode::ValueContradiction
        );
    }
    let command = edit(activity::Command::Reschedule {
        starts_at: at(720),
        ends_at: at(720),
    });
    shelf.accepts(document(ACTIVITY), &author(KEEPER), &command);
}

#[test]
fn the_right_answer_is_one_of_those_offered() {
    let shelf = with_activity();
    let command = question(80, Choice::D, KEEPER);
    assert_eq!(
        refused(&shelf, ACTIVITY, KEEPER, &command),
        RefusalCode::ValueContradiction
    );
    assert_eq!(
        refused(&shelf, ACTIVITY, KEEPER, &question(80, Choice::A, LEADER)),
        RefusalCode::ValueNotSelf
    );
    // A driver may do nothing here; the relay has a part, but not this one.
    assert_eq!(
        refused(&shelf, ACTIVITY, DRIVER, &question(80, Choice::A, DRIVER)),
        RefusalCode::AuthorUnrelated
    );
    assert_eq!(
        refused(&shelf, ACTIVITY, RELAY, &question(80, Choice::A, RELAY)),
        RefusalCode::FieldForbidden
    );
}

#[test]
fn a_lease_is_asked_for_by_its_device_granted_by_the_relay_and_returned() {
    let mut shelf = with_activity();
    let id = document(ACTIVITY);
    let other = ask_lease(KEEPER, device(MEDIC));
    assert_eq!(
        refused(&shelf, ACTIVITY, KEEPER, &other),
        RefusalCode::ValueNotSelf
    );
    shelf.accepts(id, &author(KEEPER), &ask_lease(KEEPER, device(KEEPER)));
    let command = edit(activity::Command::Grant(grant()));
    for who in [KEEPER, LEADER] {
        assert_eq!(
            refused(&shelf, ACTIVITY, who, &command),
            RefusalCode::FieldForbidden
        );
    }
    shelf.accepts(id, &author(RELAY), &command);
    let read = read_activity(&shelf);
    let live = |minutes| -> Vec<_> {
        read.live_leases(device(KEEPER), at(minutes))
            .copied()
            .collect()
    };
    assert_eq!(live(499), [grant()]);
    assert_eq!(live(500), []);
    assert_eq!(read.live_leases(device(MEDIC), at(1)).count(), 0);
    assert_eq!(read.lease_asks[0].seats, 5);
    shelf.accepts(id, &author(LEADER), &give_back(LEADER));
    let read = read_activity(&shelf);
    assert!(read.is_returned(entry(91)));
    assert_eq!(read.live_leases(device(KEEPER), at(1)).count(), 0);
    assert_eq!(
        (read.lease_returns[0].used, read.lease_returns[0].lost),
        (1, false)
    );
}

#[test]
fn the_relay_learns_from_a_change_alone_what_it_means_for_seats() {
    let mut shelf = Shelf::furnished();
    let id = document(ACTIVITY);
    let mut told = |who: u8, command: &Command| {
        shelf.accepts(id, &author(who), command);
        let chunk = shelf.documents[&id].changes.last().unwrap();
        activity::seat_events(&inspect(chunk).unwrap())
    };
    assert_eq!(
        told(KEEPER, &announce(KEEPER)),
        [SeatEvent::Capacity(40), SeatEvent::State(State::Open)]
    );
    assert_eq!(told(KEEPER, &question(80, Choice::A, KEEPER)), []);
    assert_eq!(
        told(LEADER, &edit(activity::Command::SetCapacity(7))),
        [SeatEvent::Capacity(7)]
    );
    assert_eq!(
        told(KEEPER, &ask_lease(KEEPER, device(KEEPER))),
        [SeatEvent::LeaseAsked {
            ask: entry(90),
            seats: 5,
            until: at(500),
            device: device(KEEPER),
        }]
    );
    assert_eq!(told(RELAY, &edit(activity::Command::Grant(grant()))), []);
    assert_eq!(
        told(KEEPER, &give_back(KEEPER)),
        [SeatEvent::LeaseReturned {
            lease: entry(91),
            used: 1,
            lost: false,
        }]
    );
    assert_eq!(
        told(KEEPER, &edit(activity::Command::SetState(State::Cancelled))),
        [SeatEvent::State(State::Cancelled)]
    );
}

#[test]
fn two_capacities_set_apart_are_both_shown_and_one_is_in_force_everywhere() {
    let shelf = with_activity();
    let id = document(ACTIVITY);
    let set = |who: u8, seats: u32| {
        let command = edit(activity::Command::SetCapacity(seats));
        shelf.write(id, &author(who), &command).unwrap()
    };
    let (low, high) = (set(KEEPER, 10), set(LEADER, 50));
    let mut reads = Vec::new();
    for order in [
        [(KEEPER, &low), (LEADER, &high)],
        [(LEADER, &high), (KEEPER, &low)],
    ] {
        let mut shelf = shelf.clone();
        for (who, chunk) in order {
            let verdict = shelf.push(id, Kind::Activity, &author(who), chunk);
            assert!(matches!(verdict, Verdict::Accept(_)), "{verdict:?}");
        }
        reads.push(read_activity(&shelf));
    }
    assert_eq!(reads[0], reads[1]);
    assert!(reads[0].capacity.is_conflict());
}

fn plain_notice(by: u8) -> NewNotice {
    NewNotice {
        region: Some(region()),
        station: Some(station_id()),
        title: "今晚停水".into(),
        text: "22:00 到 6:00\n请提前洗澡".into(),
        level: Level::Warning,
        published_at: at(0),
        until: Some(at(600)),
        by: person(by),
    }
}

fn publish(new: NewNotice) -> Command {
    Command::Notice(notice::Command::Publish(new))
}

fn read_notice(shelf: &Shelf, id: DocumentId) -> Notice {
    Notice::read(&shelf.open(id, Kind::Notice)).unwrap()
}

#[test]
fn a_notice_is_published_read_and_taken_back() {
    let mut shelf = Shelf::furnished();
    let id = document(NOTICE);
    shelf.accepts(id, &author(KEEPER), &publish(plain_notice(KEEPER)));
    let read = read_notice(&shelf, id);
    assert_eq!(
        (read.title.as_str(), read.level),
        ("今晚停水", Level::Warning)
    );
    assert!(read.is_in_force(at(600)));
    assert!(!read.is_in_force(at(601)));
    let withdraw = Command::Notice(notice::Command::Withdraw {
        withdrawn_at: at(5),
    });
    for who in [DRIVER, OTHER_KEEPER] {
        assert_eq!(
            refused(&shelf, NOTICE, who, &withdraw),
            RefusalCode::AuthorUnrelated
        );
    }
    shelf.accepts(id, &author(LEADER), &withdraw);
    assert!(!read_notice(&shelf, id).is_in_force(at(6)));
}

#[test]
fn a_keeper_speaks_for_the_own_station_and_a_coordinator_for_the_region() {
    let change = |by: u8, change: fn(&mut NewNotice)| {
        let mut new = plain_notice(by);
        change(&mut new);
        (by, publish(new))
    };
    let shelf = Shelf::furnished();
    for (by, command) in [
        change(KEEPER, |_| {}),
        change(KEEPER, |it| it.region = None),
        change(LEADER, |_| {}),
        change(LEADER, |it| it.station = None),
        change(LEADER, |it| it.until = None),
    ] {
        shelf
            .clone()
            .accepts(document(NOTICE), &author(by), &command);
    }
    for ((by, command), expected) in [
        (
            change(KEEPER, |it| it.station = None),
            RefusalCode::AuthorUnrelated,
        ),
        (
            change(LEADER, |it| it.region = None),
            RefusalCode::AuthorUnrelated,
        ),
        (change(DRIVER, |_| {}), RefusalCode::AuthorUnrelated),
        (
            change(KEEPER, |it| it.region = Some("banan".parse().unwrap())),
            RefusalCode::ReferenceMismatch,
        ),
        (
            change(KEEPER, |it| it.until = Some(at(-1))),
            RefusalCode::ValueContradiction,
        ),
        (
            change(KEEPER, |it| it.by = person(LEADER)),
            RefusalCode::ValueNotSelf,
        ),
        (
            change(KEEPER, |it| it.title = String::new()),
            RefusalCode::ValueUnlisted,
        ),
    ] {
        assert_eq!(
            refused(&shelf, NOTICE, by, &command),
            expected,
            "{command:?}"
        );
    }
}
