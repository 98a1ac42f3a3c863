//! Activities, enrolments and notices, as people read them.
//!
//! What the relay itself writes (leases granted, decisions about seats) is no person's entry and is
//! left out.

use yizhan_client_core::model::activity::Activity;
use yizhan_client_core::model::enrolment::Enrolment;
use yizhan_client_core::model::notice::Notice;
use yizhan_proto::{PersonId, Timestamp};

use super::{put, put_register};
use crate::reference::Visible;

fn who(by: Option<PersonId>) -> String {
    by.map(|by| by.to_string()).unwrap_or_default()
}

fn ms(at: &Timestamp) -> String {
    at.as_ms().to_string()
}

pub(super) fn activity(activity: &Activity) -> Visible {
    let mut visible = Visible::new();
    if let Some(region) = &activity.region {
        put(&mut visible, "region", region);
    }
    put(&mut visible, "station", activity.station);
    if let Some(sort) = activity.sort {
        put(&mut visible, "type", sort);
    }
    put_register(&mut visible, "title", &activity.title, String::clone);
    put_register(&mut visible, "text", &activity.text, String::clone);
    put_register(&mut visible, "starts_at", &activity.starts_at, ms);
    put_register(&mut visible, "ends_at", &activity.ends_at, ms);
    put_register(&mut visible, "place", &activity.place, String::clone);
    put_register(&mut visible, "capacity", &activity.capacity, u32::to_string);
    put_register(&mut visible, "state", &activity.state, ToString::to_string);
    put_register(
        &mut visible,
        "quiz_draw",
        &activity.quiz_draw,
        u32::to_string,
    );
    if let Some(by) = activity.by {
        put(&mut visible, "by", by);
    }
    for asked in &activity.questions {
        put(
            &mut visible,
            format!("questions/{}", asked.entry),
            format!(
                "{} {:?} {} by {} at {}",
                asked.text,
                asked.options,
                asked.answer,
                who(asked.by),
                ms(&asked.at)
            ),
        );
    }
    for ask in &activity.lease_asks {
        put(
            &mut visible,
            format!("lease_asks/{}", ask.entry),
            format!(
                "{} for {} until {} by {} at {}",
                ask.seats,
                ask.device,
                ms(&ask.until),
                who(ask.by),
                ms(&ask.at)
            ),
        );
    }
    for back in &activity.lease_returns {
        put(
            &mut visible,
            format!("lease_returns/{}", back.entry),
            format!(
                "{} used {} lost {} by {} at {}",
                back.lease,
                back.used,
                back.lost,
                who(back.by),
                ms(&back.at)
            ),
        );
    }
    visible
}

pub(super) fn enrolment(enrolment: &Enrolment) -> Visible {
    let mut visible = Visible::new();
    put(&mut visible, "driver", enrolment.driver);
    put(&mut visible, "activity", enrolment.activity);
    put(&mut visible, "station", enrolment.station);
    for request in &enrolment.requests {
        let lease = request.lease.map(|lease| lease.to_string());
        put(
            &mut visible,
            format!("requests/{}", request.entry),
            format!(
                "{} {} by {} at {}",
                request.what,
                lease.unwrap_or_default(),
                who(request.by),
                ms(&request.at)
            ),
        );
    }
    for scan in &enrolment.scans {
        put(
            &mut visible,
            format!("scans/{}", scan.entry),
            format!(
                "{} {} {} by {} at {}",
                scan.nonce,
                scan.result,
                scan.code.as_deref().unwrap_or_default(),
                who(scan.by),
                ms(&scan.at)
            ),
        );
    }
    for answer in &enrolment.answers {
        put(
            &mut visible,
            format!("answers/{}", answer.entry),
            format!(
                "{} {} at {}",
                answer.question,
                answer.choice,
                ms(&answer.at)
            ),
        );
    }
    let (score, asked) = (&enrolment.quiz_score, &enrolment.quiz_asked);
    put_register(&mut visible, "quiz_score", score, u32::to_string);
    put_register(&mut visible, "quiz_asked", asked, u32::to_string);
    let rating = &enrolment.feedback_rating;
    put_register(&mut visible, "feedback_rating", rating, u8::to_string);
    put_register(&mut visible, "feedback", &enrolment.feedback, String::clone);
    let certificate = &enrolment.certificate;
    put_register(&mut visible, "certificate", certificate, String::clone);
    visible
}

pub(super) fn notice(notice: &Notice) -> Visible {
    let mut visible = Visible::new();
    if let Some(region) = &notice.region {
        put(&mut visible, "region", region);
    }
    if let Some(station) = notice.station {
        put(&mut visible, "station", station);
    }
    put(&mut visible, "title", &notice.title);
    put(&mut visible, "text", &notice.text);
    put(&mut visible, "level", notice.level);
    put(&mut visible, "published_at", ms(&notice.published_at));
    if let Some(until) = &notice.until {
        put(&mut visible, "until", ms(until));
    }
    if let Some(by) = notice.by {
        put(&mut visible, "by", by);
    }
    put_register(&mut visible, "withdrawn_at", &notice.withdrawn_at, ms);
    visible
}
