//! What the commands of `ticket` and `case_note` put where.

use automerge::ScalarValue;
use yizhan_proto::{EntryId, PersonId, Timestamp};

use super::{Writer, Written, ms};
use crate::model::case_note::NewNote;
use crate::model::ticket::{Act, Command, NewTicket};

type Values = Vec<(&'static str, ScalarValue)>;

impl Writer<'_> {
    pub(super) fn ticket(&mut self, command: &Command) -> Written {
        match command {
            Command::Raise(new) => self.new_ticket(new),
            Command::Act { entry, by, at, act } => self.act(*entry, *by, *at, act),
            Command::Close { entry, by, at } => self.act(*entry, *by, *at, &Act::Close),
            Command::Comment {
                entry,
                by,
                at,
                text,
            } => {
                let mut values = signed(*by, *at);
                values.push(("text", text.as_str().into()));
                self.entry("comments", *entry, values)
            }
            Command::AddParty {
                entry,
                by,
                at,
                role,
                name,
                contact,
            } => {
                let mut values = vec![
                    ("role", role.as_str().into()),
                    ("name", name.as_str().into()),
                ];
                some(&mut values, "contact", contact.clone());
                values.extend(signed(*by, *at));
                self.entry("parties", *entry, values)
            }
            Command::SetClocks {
                verify_due,
                response_due,
                solution_due,
                paused,
            } => {
                self.put_some("verify_due", verify_due.map(ms))?;
                self.put_some("response_due", response_due.map(ms))?;
                self.put_some("solution_due", solution_due.map(ms))?;
                self.put_some("clock_paused", *paused)
            }
        }
    }

    fn new_ticket(&mut self, new: &NewTicket) -> Written {
        self.put("driver", new.driver.to_string())?;
        self.put("driver_name", new.driver_name.as_str())?;
        self.put("region", new.region.as_str())?;
        self.put("desk", new.desk.as_str())?;
        self.put_some("station", new.station.map(|station| station.to_string()))?;
        self.put_some("visit", new.visit.map(|visit| visit.to_string()))?;
        self.put_some(
            "activity",
            new.activity.map(|activity| activity.to_string()),
        )?;
        self.put("class", new.class.as_str())?;
        self.put("title", new.title.as_str())?;
        self.put("text", new.text.as_str())?;
        self.put("raised_at", ms(new.raised_at))?;
        self.put_some("about", new.about.map(|about| about.to_string()))?;
        self.put_some("about_text", new.about_text.clone())?;
        self.put_some("phone", new.phone.clone())?;
        self.put("by", new.by.to_string())
    }

    fn act(&mut self, entry: EntryId, by: PersonId, at: Timestamp, act: &Act) -> Written {
        let mut values = vec![("type", act.event_type().as_str().into())];
        values.extend(signed(by, at));
        values.extend(said(act));
        self.entry("events", entry, values)
    }

    pub(super) fn case_note(&mut self, new: &NewNote) -> Written {
        self.put("desk", new.desk.as_str())?;
        self.put("region", new.region.as_str())?;
        self.put("ticket", new.ticket.to_string())?;
        self.put("by", new.by.to_string())?;
        self.put("at", ms(new.at))?;
        self.put("text", new.text.as_str())
    }
}

fn signed(by: PersonId, at: Timestamp) -> Values {
    vec![("by", by.to_string().into()), ("at", ms(at))]
}

fn some(values: &mut Values, field: &'static str, value: Option<impl Into<ScalarValue>>) {
    values.extend(value.map(|value| (field, value.into())));
}

/// What a step says, field by field.
fn said(act: &Act) -> Values {
    let mut values = Values::new();
    match act {
        Act::Verify {
            class, priority, ..
        } => {
            some(&mut values, "class", class.map(|class| class.as_str()));
            values.push(("priority", priority.as_str().into()));
        }
        Act::Reject { reason } | Act::Reopen { reason } => {
            values.push(("reason", reason.as_str().into()));
        }
        Act::Withdraw { reason } => some(&mut values, "reason", reason.clone()),
        Act::Assign {
            first,
            second,
            desk,
            instead_of,
        } => {
            values.push(("first", first.to_string().into()));
            some(
                &mut values,
                "second",
                second.map(|second| second.to_string()),
            );
            values.push(("desk", desk.as_str().into()));
            some(
                &mut values,
                "instead_of",
                instead_of.map(|one| one.to_string()),
            );
        }
        Act::Resolve {
            amount_fen,
            outcome,
            ..
        } => {
            let fen = amount_fen.map(|fen| i64::try_from(fen).unwrap_or(i64::MAX));
            some(&mut values, "amount_fen", fen);
            some(
                &mut values,
                "outcome",
                outcome.map(|outcome| outcome.as_str()),
            );
        }
        Act::Rate { rating, .. } => values.push(("rating", i64::from(*rating).into())),
        Act::Escalate {
            desk,
            region,
            reason,
            instead_of,
        } => {
            values.push(("desk", desk.as_str().into()));
            values.push(("region", region.as_str().into()));
            some(&mut values, "reason", reason.clone());
            some(
                &mut values,
                "instead_of",
                instead_of.map(|one| one.to_string()),
            );
        }
        Act::Link { ticket } => values.push(("ticket", ticket.to_string().into())),
        Act::Review { event, .. } => values.push(("event", event.to_string().into())),
        Act::Start | Act::Ask { .. } | Act::Answer { .. } | Act::Close => {}
    }
    worded(act, &mut values);
    values
}

/// The words of a step. Reasons stand under their own name; everything else said is `text`.
fn worded(act: &Act, values: &mut Values) {
    match act {
        Act::Ask { text } | Act::Answer { text } | Act::Resolve { text, .. } => {
            values.push(("text", text.as_str().into()));
        }
        Act::Verify { text, .. } | Act::Rate { text, .. } | Act::Review { text, .. } => {
            some(values, "text", text.clone());
        }
        Act::Reject { .. }
        | Act::Assign { .. }
        | Act::Start
        | Act::Close
        | Act::Withdraw { .. }
        | Act::Reopen { .. }
        | Act::Escalate { .. }
        | Act::Link { .. } => {}
    }
}
