//! An activity with a quiz and seats, and a driver's enrolment in it.

use yizhan_client_core::model::Command;
use yizhan_client_core::model::activity::{self, Choice, NewActivity, Options, Sort, State};
use yizhan_client_core::model::enrolment::{
    self, Ask, First, NewEnrolment, NewRequest, NewScan, ScanResult,
};
use yizhan_proto::DocumentId;

use super::{
    ACTIVITY, DRIVER, KEEPER, RELAY, at, author, document, entry, person, region, station_id,
};

pub(super) fn an_activity() -> Vec<(u8, DocumentId, Command)> {
    use activity::Command as C;
    let of = |command| (KEEPER, document(ACTIVITY), Command::Activity(command));
    let create = C::Create(NewActivity {
        region: region(),
        station: station_id(),
        sort: Sort::Quiz,
        title: "圆桌党课".into(),
        text: Some("知识竞答".into()),
        starts_at: at(100),
        ends_at: at(220),
        place: Some("大厅".into()),
        capacity: Some(40),
        state: State::Open,
        quiz_draw: Some(3),
        by: person(KEEPER),
    });
    let question = C::AddQuestion {
        entry: entry(9),
        text: "几小时必须休息?".into(),
        options: Options {
            a: "2".into(),
            b: "4".into(),
            c: Some("6".into()),
            d: None,
        },
        answer: Choice::B,
        by: person(KEEPER),
        at: at(1),
    };
    let lease = C::AskLease {
        entry: entry(10),
        seats: 5,
        until: at(200),
        device: author(KEEPER).device,
        by: person(KEEPER),
        at: at(2),
    };
    vec![
        of(create),
        of(question),
        of(C::SetCapacity(60)),
        of(C::SetQuizDraw(1)),
        of(lease),
        of(C::SetState(State::Closed)),
    ]
}

pub(super) fn an_enrolment() -> Vec<(u8, DocumentId, Command)> {
    use enrolment::Command as C;
    let id = enrolment::id_of(document(ACTIVITY), person(DRIVER));
    let of = |who, command| (who, id, Command::Enrolment(command));
    let request = |n, what| NewRequest {
        entry: entry(n),
        what,
        lease: None,
        by: person(DRIVER),
        at: at(3),
    };
    let create = C::Create(NewEnrolment {
        driver: person(DRIVER),
        driver_name: "王师傅".into(),
        activity: document(ACTIVITY),
        station: station_id(),
        first: First::Request(request(1, Ask::Enrol)),
    });
    let decide = C::Decide {
        entry: entry(2),
        request: entry(1),
        outcome: enrolment::Outcome::Accepted,
        number: Some(1),
        reason: None,
        at: at(4),
    };
    let scan = NewScan {
        entry: entry(11),
        nonce: entry(12),
        result: ScanResult::Ok,
        code: Some("YZ1:abc".into()),
        by: person(KEEPER),
        at: at(101),
    };
    let answer = C::Answer {
        entry: entry(14),
        question: entry(9),
        choice: Choice::B,
        at: at(110),
    };
    let feedback = C::Feedback {
        rating: 5,
        text: Some("讲得很清楚".into()),
    };
    vec![
        of(DRIVER, create),
        of(RELAY, decide),
        of(KEEPER, C::Scan(scan)),
        of(DRIVER, answer),
        of(DRIVER, C::Grade { score: 1, asked: 1 }),
        of(DRIVER, feedback),
        of(KEEPER, C::Certify("ZY-2026-017".into())),
        of(DRIVER, C::Request(request(13, Ask::Cancel))),
    ]
}
