//! Activities, enrolments and notices.

use serde_json::{Value, json};
use yizhan_proto::Timestamp;

use super::{ms, register, text};
use crate::model::activity::{Activity, Question, Sort, State};
use crate::model::enrolment::{Answer, Enrolment, Reason, Request, Scan, Seat};
use crate::model::notice::Notice;

pub(super) fn of_activity(activity: &Activity) -> Value {
    json!({
        "region": text(activity.region.as_ref()),
        "station": activity.station.to_string(),
        "type": activity.sort.map(Sort::as_str),
        "title": register(&activity.title, |title| json!(title)),
        "text": register(&activity.text, |text| json!(text)),
        "starts_at": register(&activity.starts_at, |at| json!(at.as_ms())),
        "ends_at": register(&activity.ends_at, |at| json!(at.as_ms())),
        "place": register(&activity.place, |place| json!(place)),
        "capacity": register(&activity.capacity, |seats| json!(seats)),
        "state": register(&activity.state, |state: State| json!(state.as_str())),
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
        "what": request.what.as_str(),
        "by": text(request.by),
        "at": request.at.as_ms(),
    })
}

fn scan(scan: &Scan) -> Value {
    json!({
        "at": scan.at.as_ms(),
        "by": text(scan.by),
        "result": scan.result.as_str(),
        "mark": scan.mark.as_str(),
    })
}

fn answer(answer: &Answer) -> Value {
    json!({
        "question": answer.question.to_string(),
        "choice": answer.choice.as_str(),
        "at": answer.at.as_ms(),
    })
}

pub(super) fn of_notice(notice: &Notice) -> Value {
    json!({
        "region": text(notice.region.as_ref()),
        "station": text(notice.station),
        "title": notice.title,
        "text": notice.text,
        "level": notice.level.as_str(),
        "published_at": notice.published_at.as_ms(),
        "until": ms(notice.until),
        "withdrawn_at": register(&notice.withdrawn_at, |at: Timestamp| json!(at.as_ms())),
    })
}
