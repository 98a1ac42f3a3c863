//! One event of a ticket: what it says, and how that stands in its entry.

use yizhan_proto::{DeskKey, DocumentId, EntryId, PersonId, RegionKey, Timestamp};

use super::{Class, Outcome, Priority};
use crate::model::codes::text_codes;

/// What sort of event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[allow(missing_docs, reason = "the names are the domain's own words, see Act")]
pub enum EventType {
    Verify,
    Reject,
    Assign,
    Start,
    Ask,
    Answer,
    Resolve,
    Close,
    Rate,
    Withdraw,
    Reopen,
    Escalate,
    Link,
    Review,
}

text_codes!(EventType {
    Verify = "verify",
    Reject = "reject",
    Assign = "assign",
    Start = "start",
    Ask = "ask",
    Answer = "answer",
    Resolve = "resolve",
    Close = "close",
    Rate = "rate",
    Withdraw = "withdraw",
    Reopen = "reopen",
    Escalate = "escalate",
    Link = "link",
    Review = "review",
});

/// What an event says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Act {
    /// The request is in order (a keeper of the station, a specialist or coordinator of the desk).
    Verify {
        /// What it is really about; `None`: as raised.
        class: Option<Class>,
        /// How soon.
        priority: Priority,
        /// In words.
        text: Option<String>,
    },
    /// The request is not one to be handled (as for [`Act::Verify`]).
    Reject {
        /// Why.
        reason: String,
    },
    /// A pair is to handle it: a specialist or coordinator; only a coordinator where others were
    /// assigned before.
    Assign {
        /// One of the pair.
        first: PersonId,
        /// The other.
        second: Option<PersonId>,
        /// The desk for which they handle it.
        desk: DeskKey,
        /// The assignment that it takes the place of.
        instead_of: Option<EntryId>,
    },
    /// Handling starts (either of the pair).
    Start,
    /// The driver is asked something, and the clock stands still (either of the pair; anybody of
    /// the desk or station while nobody is assigned).
    Ask {
        /// The question.
        text: String,
    },
    /// What was asked is answered (the driver, or a keeper for the driver).
    Answer {
        /// The answer.
        text: String,
    },
    /// It is done (either of the pair).
    Resolve {
        /// What was done.
        text: String,
        /// What was recovered for the driver, in fen, up to 10^12.
        amount_fen: Option<u64>,
        /// What came of a dispute.
        outcome: Option<Outcome>,
    },
    /// Nobody objected for seven days (the relay).
    Close,
    /// The driver's rating, 1–5; closes what is resolved.
    Rate {
        /// 1–5.
        rating: u8,
        /// In words.
        text: Option<String>,
    },
    /// The driver takes it back.
    Withdraw {
        /// Why.
        reason: Option<String>,
    },
    /// The driver does not accept the solution.
    Reopen {
        /// Why.
        reason: String,
    },
    /// Another desk is to answer it (a coordinator).
    Escalate {
        /// Which.
        desk: DeskKey,
        /// The region of that desk.
        region: RegionKey,
        /// Why.
        reason: Option<String>,
        /// The escalation that it takes the place of, or follows on.
        instead_of: Option<EntryId>,
    },
    /// It is about the same as another ticket (anybody of the desk or station).
    Link {
        /// The other.
        ticket: DocumentId,
    },
    /// Somebody of the desk or station has looked at an event that does not count.
    Review {
        /// Which.
        event: EntryId,
        /// What follows from it.
        text: Option<String>,
    },
}

impl Act {
    /// Its sort.
    #[must_use]
    pub const fn event_type(&self) -> EventType {
        match self {
            Self::Verify { .. } => EventType::Verify,
            Self::Reject { .. } => EventType::Reject,
            Self::Assign { .. } => EventType::Assign,
            Self::Start => EventType::Start,
            Self::Ask { .. } => EventType::Ask,
            Self::Answer { .. } => EventType::Answer,
            Self::Resolve { .. } => EventType::Resolve,
            Self::Close => EventType::Close,
            Self::Rate { .. } => EventType::Rate,
            Self::Withdraw { .. } => EventType::Withdraw,
            Self::Reopen { .. } => EventType::Reopen,
            Self::Escalate { .. } => EventType::Escalate,
            Self::Link { .. } => EventType::Link,
            Self::Review { .. } => EventType::Review,
        }
    }

    /// What it says in words: a reason, a question, an answer, what was done.
    #[must_use]
    pub fn text(&self) -> Option<&str> {
        match self {
            Self::Reject { reason: text }
            | Self::Reopen { reason: text }
            | Self::Ask { text }
            | Self::Answer { text }
            | Self::Resolve { text, .. } => Some(text),
            Self::Verify { text, .. }
            | Self::Rate { text, .. }
            | Self::Review { text, .. }
            | Self::Withdraw { reason: text }
            | Self::Escalate { reason: text, .. } => text.as_deref(),
            Self::Assign { .. } | Self::Start | Self::Close | Self::Link { .. } => None,
        }
    }
}

/// One event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// Its entry.
    pub entry: EntryId,
    /// Who wrote it.
    pub by: PersonId,
    /// When, by the device's clock.
    pub at: Timestamp,
    /// When the relay received it, if it is known to have.
    pub received_at: Option<Timestamp>,
    /// What it says.
    pub act: Act,
}

impl Event {
    /// The time that counts: the relay's if there is one.
    #[must_use]
    pub fn when(&self) -> Timestamp {
        self.received_at.unwrap_or(self.at)
    }
}

/// The fields of an entry, wherever they come from.
pub(super) trait Says {
    /// A text.
    fn says(&self, field: &str) -> Option<String>;
    /// A whole number.
    fn counts(&self, field: &str) -> Option<i64>;
}

/// Reads an event from the fields of its entry; `None` if it is none that this version knows.
pub(super) fn read(
    entry: EntryId,
    fields: &impl Says,
    received_at: Option<Timestamp>,
) -> Option<Event> {
    Some(Event {
        entry,
        by: parsed(fields, "by")?,
        at: Timestamp::from_ms(fields.counts("at")?),
        received_at,
        act: act(EventType::from_text(&fields.says("type")?)?, fields)?,
    })
}

fn parsed<T: std::str::FromStr>(fields: &impl Says, field: &str) -> Option<T> {
    fields.says(field)?.parse().ok()
}

fn act(event_type: EventType, fields: &impl Says) -> Option<Act> {
    let text = |field| fields.says(field);
    Some(match event_type {
        EventType::Verify => Act::Verify {
            class: text("class").and_then(|class| Class::from_text(&class)),
            priority: Priority::from_text(&text("priority")?)?,
            text: text("text"),
        },
        EventType::Reject => Act::Reject {
            reason: text("reason")?,
        },
        EventType::Assign => Act::Assign {
            first: parsed(fields, "first")?,
            second: parsed(fields, "second"),
            desk: parsed(fields, "desk")?,
            instead_of: parsed(fields, "instead_of"),
        },
        EventType::Start => Act::Start,
        EventType::Ask => Act::Ask {
            text: text("text")?,
        },
        EventType::Answer => Act::Answer {
            text: text("text")?,
        },
        EventType::Resolve => Act::Resolve {
            text: text("text")?,
            amount_fen: fields
                .counts("amount_fen")
                .and_then(|fen| u64::try_from(fen).ok()),
            outcome: text("outcome").and_then(|outcome| Outcome::from_text(&outcome)),
        },
        EventType::Close => Act::Close,
        EventType::Rate => Act::Rate {
            rating: u8::try_from(fields.counts("rating")?).ok()?,
            text: text("text"),
        },
        EventType::Withdraw => Act::Withdraw {
            reason: text("reason"),
        },
        EventType::Reopen => Act::Reopen {
            reason: text("reason")?,
        },
        EventType::Escalate => Act::Escalate {
            desk: parsed(fields, "desk")?,
            region: parsed(fields, "region")?,
            reason: text("reason"),
            instead_of: parsed(fields, "instead_of"),
        },
        EventType::Link => Act::Link {
            ticket: parsed(fields, "ticket")?,
        },
        EventType::Review => Act::Review {
            event: parsed(fields, "event")?,
            text: text("text"),
        },
    })
}
