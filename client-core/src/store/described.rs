//! Edits in a few words, for lists of what was refused or waits.

use crate::model::{
    Command, activity, case_note, check, consent, enrolment, notice, station, ticket, visit,
};

/// What an edit does, in a few words, for lists of what was refused.
pub(super) fn describe(command: &Command) -> String {
    match command {
        Command::Station(command) => match command {
            station::Command::Create(new) => format!("new station {}", new.name),
            station::Command::Describe { .. } => "station described".to_owned(),
            station::Command::SetFacility { facility, offered } => {
                let verb = if *offered { "offers" } else { "does not offer" };
                format!("station {verb} {facility}")
            }
            station::Command::SetBedsFree(beds) => format!("station has {beds} beds free"),
            station::Command::SetHours(_) => "station's hours".to_owned(),
            station::Command::SetPhone(_) => "station's phone number".to_owned(),
            station::Command::SetOpen(true) => "station opened".to_owned(),
            station::Command::SetOpen(false) => "station closed".to_owned(),
            station::Command::SetNotice(_) => "station's notice".to_owned(),
        },
        Command::Visit(command) => match command {
            visit::Command::CheckIn { driver_name, .. } => format!("visit of {driver_name}"),
            visit::Command::CheckInByCode { .. } => "visit by check-in code".to_owned(),
            visit::Command::CheckOut { .. } => "departure".to_owned(),
            visit::Command::Request {
                service, quantity, ..
            } => format!("{service} × {quantity} asked for"),
            visit::Command::Serve {
                service, quantity, ..
            } => format!("{service} × {quantity} given"),
            visit::Command::SetNote(_) => "driver's note".to_owned(),
            visit::Command::SetKeeperNote(_) => "keeper's note".to_owned(),
            visit::Command::Rate(rating) => format!("rating {rating}"),
        },
        Command::Check(check::Command::Create(new)) => {
            let items: Vec<&str> = new.readings.iter().map(|r| r.item.as_str()).collect();
            format!("health check: {}", items.join(", "))
        }
        Command::Consent(consent::Command::Give { purpose, .. }) => {
            format!("consent to {purpose}")
        }
        Command::Consent(consent::Command::Withdraw { .. }) => "consent withdrawn".to_owned(),
        Command::Activity(command) => activity(command).to_owned(),
        Command::Enrolment(command) => enrolment(command).to_owned(),
        Command::Notice(notice::Command::Publish(new)) => format!("notice {}", new.title),
        Command::Attach { attachment, .. } => format!("attachment {}", attachment.name),
        Command::Notice(notice::Command::Withdraw { .. }) => "notice withdrawn".to_owned(),
        Command::Ticket(command) => ticket(command),
        Command::CaseNote(case_note::Command::Create(_)) => "case note".to_owned(),
    }
}

const fn activity(command: &activity::Command) -> &'static str {
    match command {
        activity::Command::Create(_) => "new activity",
        activity::Command::Describe { .. } => "activity described",
        activity::Command::Reschedule { .. } => "activity moved",
        activity::Command::SetCapacity(_) => "activity's seats",
        activity::Command::SetState(_) => "activity's state",
        activity::Command::SetQuizDraw(_) => "questions for each driver",
        activity::Command::AddQuestion { .. } => "question",
        activity::Command::AskLease { .. } => "seats asked for",
        activity::Command::Grant(_) => "seats granted",
        activity::Command::ReturnLease { .. } => "seats returned",
    }
}

const fn enrolment(command: &enrolment::Command) -> &'static str {
    match command {
        enrolment::Command::Create(_) => "enrolment",
        enrolment::Command::Request(_) => "enrolment asked for or given up",
        enrolment::Command::Decide { .. } => "seat decided",
        enrolment::Command::Scan(_) => "attendance",
        enrolment::Command::Answer { .. } => "answer",
        enrolment::Command::Grade { .. } => "quiz graded",
        enrolment::Command::Feedback { .. } => "feedback",
        enrolment::Command::Certify(_) => "certificate",
    }
}

fn ticket(command: &ticket::Command) -> String {
    match command {
        ticket::Command::Raise(new) => format!("request {}", new.title),
        ticket::Command::Act { act, .. } => format!("request: {}", act.event_type()),
        ticket::Command::Close { .. } => "request closed".to_owned(),
        ticket::Command::Comment { .. } => "comment".to_owned(),
        ticket::Command::AddParty { name, .. } => format!("party {name}"),
        ticket::Command::SetClocks { .. } => "due times".to_owned(),
    }
}
