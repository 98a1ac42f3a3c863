//! Activities, enrolments and notices.

use serde_json::{Value, json};
use yizhan_proto::Timestamp;

use super::{ms, register, text};
use crate::model::activity::{Activity, Question, Sort, State};
use crate::model::enrolment::{Answer, Decision, Enrolment, Reason, Request, Scan, Seat};
use crate::model::notice::Notice;

pub(super) fn of_activity(activity: &Activity) -> Value {
    json!({
        "region": text(activity.region.as_ref()),
        "station": activity.station.to_string(),
        "type": activity.sort.map(Sort::as_str),
        "title": register(&activity.title, |title| json!(title)),
        "text": register(&activity.text, |text| json!(text)),
        "starts_at_ms": register(&activity.starts_at, |at| json!(at.as_ms())),
        "ends_at_ms": register(&activity.ends_at, |at| json!(at.as_ms())),
        "place": register(&activity.place, |place| json!(place)),
        "capacity": register(&activity.capacity, |seats| json!(seats)),
        "state": register(&activity.state, |state: State| json!(state.as_str())),
        "quiz_draw": register(&activity.quiz_draw, |drawn| json!(drawn)),
        "by": text(activity.by),
        "questions": activity.questions.iter().map(question).collect::<Vec<_>>(),
    })
}

fn question(question: &Question) -> Value {
    json!({
        "entry": question.entry.to_string(),
        "text": question.text,
        "a": question.options.a,
        "b": question.options.b,
        "c": question.options.c,
        "d": question.options.d,
        "answer": question.answer.as_str(),
    })
}

pub(super) fn of_enrolment(enrolment: &Enrolment) -> Value {
    let seat = enrolment.standing.seat;
    json!({
        "driver": enrolment.driver.to_string(),
        "driver_name": enrolment.driver_name,
        "activity": enrolment.activity.to_string(),
        "station": enrolment.station.to_string(),
        "seat": seat.map(Seat::as_str),
        "seat_number": seat.and_then(Seat::number),
        "seat_reason": seat.and_then(Seat::reason).map(Reason::as_str),
        "requests": enrolment.requests.iter().map(request).collect::<Vec<_>>(),
        "decisions": enrolment.decisions.iter().map(decision).collect::<Vec<_>>(),
        "scans": enrolment.scans.iter().map(scan).collect::<Vec<_>>(),
        "answers": enrolment.answers.iter().map(answer).collect::<Vec<_>>(),
        "quiz_score": register(&enrolment.quiz_score, |score| json!(score)),
        "quiz_asked": register(&enrolment.quiz_asked, |asked| json!(asked)),
        "feedback_rating": register(&enrolment.feedback_rating, |rating| json!(rating)),
        "feedback": register(&enrolment.feedback, |text| json!(text)),
        "certificate": register(&enrolment.certificate, |number| json!(number)),
    })
}

fn request(request: &Request) -> Value {
    json!({
        "entry": request.entry.to_string(),
        "what": request.what.as_str(),
        "by": text(request.by),
        "at_ms": request.at.as_ms(),
    })
}

fn decision(decision: &Decision) -> Value {
    json!({
        "request": decision.request.to_string(),
        "outcome": decision.outcome.as_str(),
        "number": decision.number,
        "reason": decision.reason.map(Reason::as_str),
        "at_ms": decision.at.as_ms(),
    })
}

fn scan(scan: &Scan) -> Value {
    json!({
        "at_ms": scan.at.as_ms(),
        "by": text(scan.by),
        "result": scan.result.as_str(),
        "mark": scan.mark.as_str(),
    })
}

fn answer(answer: &Answer) -> Value {
    json!({
        "question": answer.question.to_string(),
        "choice": answer.choice.as_str(),
        "at_ms": answer.at.as_ms(),
    })
}

pub(super) fn of_notice(notice: &Notice) -> Value {
    json!({
        "region": text(notice.region.as_ref()),
        "station": text(notice.station),
        "title": notice.title,
        "text": notice.text,
        "level": notice.level.as_str(),
        "by": text(notice.by),
        "published_at_ms": notice.published_at.as_ms(),
        "until_ms": ms(notice.until),
        "withdrawn_at_ms": register(&notice.withdrawn_at, |at: Timestamp| json!(at.as_ms())),
    })
}

#[cfg(test)]
mod tests {
    use crate::model::activity::{Command as ActivityCommand, NewActivity};
    use crate::model::enrolment::{self, Ask, First, NewEnrolment, NewRequest};
    use crate::model::notice::{Command as NoticeCommand, Level, NewNotice};
    use crate::model::testing::{KEEPER, LEADER, actor, at, author, document, entry, person};
    use crate::model::testing::{region, station_id};
    use crate::model::{Command, Document, Order};

    use super::*;

    /// A document that this person makes.
    fn made(id: yizhan_proto::DocumentId, by: u8, command: &Command) -> Document {
        let mut document = Document::begin(id, command.kind()).unwrap();
        let written = document.write(actor(&author(by)), at(0), command);
        written.unwrap();
        document
    }

    #[test]
    fn activity_enrolment_and_notice_are_told_as_they_are_read() {
        let activity = Command::Activity(ActivityCommand::Create(NewActivity {
            region: region(),
            station: station_id(),
            sort: Sort::Lecture,
            title: "道路货运安全".to_owned(),
            text: None,
            starts_at: at(60),
            ends_at: at(120),
            place: Some("会议室".to_owned()),
            capacity: Some(30),
            state: State::Open,
            quiz_draw: Some(3),
            by: person(KEEPER),
        }));
        let read = Activity::read(&made(document(1), KEEPER, &activity)).unwrap();
        let told = of_activity(&read);
        assert_eq!(
            (&told["title"], &told["type"]),
            (&json!("道路货运安全"), &json!("lecture"))
        );
        assert_eq!(
            (&told["capacity"], &told["quiz_draw"]),
            (&json!(30), &json!(3))
        );
        assert_eq!(told["starts_at_ms"], at(60).as_ms());

        let request = NewRequest {
            entry: entry(60),
            what: Ask::Enrol,
            lease: None,
            by: person(KEEPER),
            at: at(5),
        };
        let enrol = Command::Enrolment(enrolment::Command::Create(NewEnrolment {
            driver: person(1),
            driver_name: "王师傅".to_owned(),
            activity: document(1),
            station: station_id(),
            first: First::Request(request),
        }));
        let id = enrolment::id_of(document(1), person(1));
        let read = Enrolment::read(&made(id, KEEPER, &enrol), &Order::default()).unwrap();
        let told = of_enrolment(&read);
        assert_eq!(
            (&told["driver_name"], &told["seat"]),
            (&json!("王师傅"), &json!("requested"))
        );
        assert_eq!(told["requests"][0]["at_ms"], at(5).as_ms());
        assert_eq!(told["decisions"], json!([]));

        let publish = Command::Notice(NoticeCommand::Publish(NewNotice {
            region: Some(region()),
            station: None,
            title: "大雾".to_owned(),
            text: "高速封闭".to_owned(),
            level: Level::Urgent,
            published_at: at(0),
            until: Some(at(600)),
            by: person(LEADER),
        }));
        let told = of_notice(&Notice::read(&made(document(3), LEADER, &publish)).unwrap());
        assert_eq!(
            (&told["text"], &told["level"]),
            (&json!("高速封闭"), &json!("urgent"))
        );
        assert_eq!(told["until_ms"], at(600).as_ms());
        assert_eq!(told["withdrawn_at_ms"], Value::Null);
    }
}
