//! What is entered in activities, enrolments and notices.

use yizhan_client_core::model::activity::{self, NewActivity};
use yizhan_client_core::model::enrolment::{self, First, NewEnrolment, NewRequest, NewScan};
use yizhan_client_core::model::notice;

use super::one;

type Writes = Vec<(String, String)>;

/// A value that may have been left out.
fn maybe(field: &str, value: Option<impl ToString>) -> Writes {
    value.map_or_else(Vec::new, |value| one(field, value))
}

pub(super) fn activity(command: &activity::Command) -> Writes {
    use activity::Command as C;
    match command {
        C::Create(new) => created(new),
        C::Describe { title, text, place } => [
            maybe("title", title.as_ref()),
            maybe("text", text.as_ref()),
            maybe("place", place.as_ref()),
        ]
        .concat(),
        C::Reschedule { starts_at, ends_at } => [
            one("starts_at", starts_at.as_ms()),
            one("ends_at", ends_at.as_ms()),
        ]
        .concat(),
        C::SetCapacity(seats) => one("capacity", seats),
        C::SetState(state) => one("state", state),
        C::SetQuizDraw(questions) => one("quiz_draw", questions),
        C::AddQuestion {
            entry,
            text,
            options,
            answer,
            by,
            at,
        } => one(
            &format!("questions/{entry}"),
            format!("{text} {options:?} {answer} by {by} at {}", at.as_ms()),
        ),
        C::AskLease {
            entry,
            seats,
            until,
            device,
            by,
            at,
        } => one(
            &format!("lease_asks/{entry}"),
            format!(
                "{seats} for {device} until {} by {by} at {}",
                until.as_ms(),
                at.as_ms()
            ),
        ),
        // The relay's, never a person's.
        C::Grant(_) => Vec::new(),
        C::ReturnLease {
            entry,
            lease,
            used,
            lost,
            by,
            at,
        } => one(
            &format!("lease_returns/{entry}"),
            format!("{lease} used {used} lost {lost} by {by} at {}", at.as_ms()),
        ),
    }
}

fn created(new: &NewActivity) -> Writes {
    [
        one("region", &new.region),
        one("station", new.station),
        one("type", new.sort),
        one("title", &new.title),
        maybe("text", new.text.as_ref()),
        one("starts_at", new.starts_at.as_ms()),
        one("ends_at", new.ends_at.as_ms()),
        maybe("place", new.place.as_ref()),
        maybe("capacity", new.capacity),
        one("state", new.state),
        maybe("quiz_draw", new.quiz_draw),
        one("by", new.by),
    ]
    .concat()
}

pub(super) fn enrolment(command: &enrolment::Command) -> Writes {
    use enrolment::Command as C;
    match command {
        C::Create(new) => enrolled(new),
        C::Request(new) => request(new),
        // The relay's, never a person's.
        C::Decide { .. } => Vec::new(),
        C::Scan(new) => scan(new),
        C::Answer {
            entry,
            question,
            choice,
            at,
        } => one(
            &format!("answers/{entry}"),
            format!("{question} {choice} at {}", at.as_ms()),
        ),
        C::Grade { score, asked } => [one("quiz_score", score), one("quiz_asked", asked)].concat(),
        C::Feedback { rating, text } => [
            one("feedback_rating", rating),
            maybe("feedback", text.as_ref()),
        ]
        .concat(),
        C::Certify(number) => one("certificate", number),
    }
}

/// Two people may make it apart from each other, and may write the driver's name differently: only
/// one of the names is shown, and it is not predicted which.
fn enrolled(new: &NewEnrolment) -> Writes {
    let mut writes = one("driver", new.driver);
    writes.extend(one("activity", new.activity));
    writes.extend(one("station", new.station));
    writes.extend(match &new.first {
        First::Request(new) => request(new),
        First::Scan(new) => scan(new),
    });
    writes
}

fn request(new: &NewRequest) -> Writes {
    let lease = new.lease.map(|lease| lease.to_string()).unwrap_or_default();
    one(
        &format!("requests/{}", new.entry),
        format!("{} {lease} by {} at {}", new.what, new.by, new.at.as_ms()),
    )
}

fn scan(new: &NewScan) -> Writes {
    let code = new.code.as_deref().unwrap_or_default();
    one(
        &format!("scans/{}", new.entry),
        format!(
            "{} {} {code} by {} at {}",
            new.nonce,
            new.result,
            new.by,
            new.at.as_ms()
        ),
    )
}

pub(super) fn notice(command: &notice::Command) -> Writes {
    match command {
        notice::Command::Publish(new) => [
            maybe("region", new.region.as_ref()),
            maybe("station", new.station),
            one("title", &new.title),
            one("text", &new.text),
            one("level", new.level),
            one("published_at", new.published_at.as_ms()),
            maybe("until", new.until.map(yizhan_proto::Timestamp::as_ms)),
            one("by", new.by),
        ]
        .concat(),
        notice::Command::Withdraw { withdrawn_at } => one("withdrawn_at", withdrawn_at.as_ms()),
    }
}
