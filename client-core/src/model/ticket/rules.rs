//! Who writes what in a ticket. Whether a step counts is left to the [`fold`](super::fold): what
//! somebody did is never refused because somebody else was faster.

use yizhan_proto::{DeskKey, PersonId, RegionKey};

use super::event::{self, EventType, Says};
use super::fold::{State, handles, step};
use super::{Class, Outcome, PartyRole, Priority};
use crate::model::draft::{Draft, Fields};
use crate::model::outline::{Facts, Routing};
use crate::model::rules::{Container, Field, Holds, Table, What, When, Who, field, id_of};
use crate::model::{Refusal, RefusalCode, attachment};

const RAISES: Who = Who::DRIVER.or(Who::KEEPER);
const STAFF: Who = Who::KEEPER.or(Who::SPECIALIST).or(Who::COORDINATOR);
const DESK: Who = Who::SPECIALIST.or(Who::COORDINATOR);
const PEOPLE: Who = Who::DRIVER.or(STAFF);
const ANYBODY: Who = PEOPLE.or(Who::RELAY);

const FIELDS: &[Field] = &[
    field("id", RAISES, When::Needed, What::OwnId),
    field("kind", RAISES, When::Needed, What::OwnKind),
    field("schema", RAISES, When::Needed, What::OwnSchema),
    field("driver", RAISES, When::Needed, What::Id),
    field("driver_name", RAISES, When::Needed, What::Label),
    field("region", RAISES, When::Needed, What::Region),
    field("desk", RAISES, When::Needed, What::Desk),
    field("station", RAISES, When::Once, What::Id),
    field("visit", RAISES, When::Once, What::Id),
    field("activity", RAISES, When::Once, What::Id),
    field("class", RAISES, When::Needed, What::Listed(Class::TEXTS)),
    field("title", RAISES, When::Needed, What::Label),
    field("text", RAISES, When::Needed, What::Prose),
    field("raised_at", RAISES, When::Needed, What::Time),
    field("about", RAISES, When::Once, What::Id),
    field("about_text", RAISES, When::Once, What::Label),
    field("phone", RAISES, When::Once, What::Label),
    field("by", RAISES, When::Needed, What::Author),
    field("verify_due", Who::RELAY, When::Always, What::Time),
    field("response_due", Who::RELAY, When::Always, What::Time),
    field("solution_due", Who::RELAY, When::Always, What::Time),
    field("clock_paused", Who::RELAY, When::Always, What::Flag),
];

/// What is recovered at most, in fen.
const AMOUNT_FEN_MAX: i64 = 1_000_000_000_000;

const EVENT: &[Field] = &[
    field(
        "type",
        ANYBODY,
        When::Needed,
        What::Listed(EventType::TEXTS),
    ),
    field("by", ANYBODY, When::Needed, What::Author),
    field("at", ANYBODY, When::Needed, What::Time),
    field("class", STAFF, When::Once, What::Listed(Class::TEXTS)),
    field("priority", STAFF, When::Once, What::Listed(Priority::TEXTS)),
    field("first", DESK, When::Once, What::Id),
    field("second", DESK, When::Once, What::Id),
    field("desk", DESK, When::Once, What::Desk),
    field("region", Who::COORDINATOR, When::Once, What::Region),
    field("instead_of", Who::COORDINATOR, When::Once, What::Id),
    field("text", PEOPLE, When::Once, What::Prose),
    field(
        "amount_fen",
        DESK,
        When::Once,
        What::Whole(0, AMOUNT_FEN_MAX),
    ),
    field("outcome", DESK, When::Once, What::Listed(Outcome::TEXTS)),
    field("reason", PEOPLE, When::Once, What::Prose),
    field("rating", Who::DRIVER, When::Once, What::Whole(1, 5)),
    field("ticket", STAFF, When::Once, What::Id),
    field("event", STAFF, When::Once, What::Id),
];

const COMMENT: &[Field] = &[
    field("by", PEOPLE, When::Needed, What::Author),
    field("at", PEOPLE, When::Needed, What::Time),
    field("text", PEOPLE, When::Needed, What::Prose),
];

const PARTY: &[Field] = &[
    field("role", PEOPLE, When::Needed, What::Listed(PartyRole::TEXTS)),
    field("name", PEOPLE, When::Needed, What::Label),
    field("contact", PEOPLE, When::Once, What::Label),
    field("by", PEOPLE, When::Needed, What::Author),
    field("at", PEOPLE, When::Needed, What::Time),
];

/// Where the events stand among the containers.
const EVENTS: usize = 0;

/// Who writes what in a ticket.
pub(crate) const RULES: Table = Table {
    fields: FIELDS,
    containers: &[
        Container {
            name: "events",
            who: ANYBODY,
            when: When::Always,
            holds: Holds::Entries(EVENT),
        },
        Container {
            name: "comments",
            who: PEOPLE,
            when: When::Always,
            holds: Holds::Entries(COMMENT),
        },
        Container {
            name: "parties",
            who: PEOPLE,
            when: When::Always,
            holds: Holds::Entries(PARTY),
        },
        Container {
            name: attachment::CONTAINER,
            who: attachment::WHO_FOR_TICKET,
            when: When::Always,
            holds: Holds::Entries(attachment::FIELDS_FOR_TICKET),
        },
    ],
    routing: |draft| Routing {
        driver: draft.root().person("driver"),
        station: draft.root().station("station"),
        desk: draft.root().desk("desk"),
        region: draft.root().region("region"),
    },
    facts,
    create,
    edit,
    reroute: Some(reroute),
    twins: false,
};

/// What one sort of event is made of, besides `type`, `by` and `at`, and who makes it.
struct Shape {
    who: Who,
    needed: &'static [&'static str],
    may: &'static [&'static str],
}

const fn shape(event: EventType) -> Shape {
    let (who, needed, may): (Who, &[&str], &[&str]) = match event {
        EventType::Verify => (STAFF, &["priority"], &["class", "text"]),
        EventType::Reject => (STAFF, &["reason"], &[]),
        EventType::Assign => (DESK, &["first", "desk"], &["second", "instead_of"]),
        EventType::Start => (DESK, &[], &[]),
        EventType::Ask => (STAFF, &["text"], &[]),
        EventType::Answer => (RAISES, &["text"], &[]),
        EventType::Resolve => (DESK, &["text"], &["amount_fen", "outcome"]),
        EventType::Close => (Who::RELAY, &[], &[]),
        EventType::Rate => (Who::DRIVER, &["rating"], &["text"]),
        EventType::Withdraw => (Who::DRIVER, &[], &["reason"]),
        EventType::Reopen => (Who::DRIVER, &["reason"], &[]),
        EventType::Escalate => (
            Who::COORDINATOR,
            &["desk", "region"],
            &["reason", "instead_of"],
        ),
        EventType::Link => (STAFF, &["ticket"], &[]),
        EventType::Review => (STAFF, &["event"], &["text"]),
    };
    Shape { who, needed, may }
}

impl Says for Fields<'_> {
    fn says(&self, field: &str) -> Option<String> {
        self.text(field).map(str::to_owned)
    }

    fn counts(&self, field: &str) -> Option<i64> {
        self.whole(field)
    }
}

fn create(draft: &Draft<'_>) -> Result<(), Refusal> {
    let root = draft.root();
    if root.has("about") && root.id("about") == root.id("driver") {
        return Err(Refusal::new(RefusalCode::ValueContradiction)
            .at("about")
            .bound("another person than the driver"));
    }
    events(draft, root.person("about"))
}

fn edit(draft: &Draft<'_>, facts: &Facts) -> Result<(), Refusal> {
    events(draft, facts.ticket.as_ref().and_then(|state| state.about))
}

/// Checks the new events, each by itself.
fn events(draft: &Draft<'_>, about: Option<PersonId>) -> Result<(), Refusal> {
    for (key, fields) in draft.entries(EVENTS, EVENT) {
        let at = |refusal: Refusal| {
            let path = refusal.path.clone().unwrap_or_default();
            refusal.at(format!("events/{key}/{path}"))
        };
        let Some(event) = fields.text("type").and_then(EventType::from_text) else {
            continue;
        };
        shaped(draft, event, fields).map_err(at)?;
        impartial(draft, event, fields, about).map_err(at)?;
    }
    Ok(())
}

/// The author may take this step, and the entry has what belongs to it and nothing else.
fn shaped(draft: &Draft<'_>, event: EventType, fields: Fields<'_>) -> Result<(), Refusal> {
    let shape = shape(event);
    if !draft.who.meets(shape.who) {
        return Err(Refusal::new(RefusalCode::FieldForbidden)
            .at("type")
            .bound(format!("not {event}")));
    }
    if let Some(name) = shape.needed.iter().find(|name| !fields.has(name)) {
        return Err(Refusal::new(RefusalCode::FieldMissing).at(*name));
    }
    let common = ["type", "by", "at"];
    let belongs = |name: &str| {
        common.contains(&name) || shape.needed.contains(&name) || shape.may.contains(&name)
    };
    let stray = EVENT
        .iter()
        .find(|field| fields.has(field.name) && !belongs(field.name));
    if let Some(field) = stray {
        return Err(Refusal::new(RefusalCode::ValueContradiction)
            .at(field.name)
            .bound(format!("not with {event}")));
    }
    let is_empty = |name: &&str| fields.text(name).is_some_and(|text| text.trim().is_empty());
    if let Some(name) = shape.needed.iter().find(|name| is_empty(name)) {
        return Err(Refusal::new(RefusalCode::FieldMissing).at(*name));
    }
    // Who may write a field depends on the step: a specialist assigns first, a coordinator anew.
    let forbidden = EVENT
        .iter()
        .find(|field| fields.has(field.name) && !field.who.meets(draft.who));
    if let Some(field) = forbidden {
        return Err(Refusal::new(RefusalCode::FieldForbidden).at(field.name));
    }
    if fields.has("second") && fields.id("second") == fields.id("first") {
        return Err(Refusal::new(RefusalCode::ValueContradiction)
            .at("second")
            .bound("two different people"));
    }
    Ok(())
}

/// The person complained about has no part in handling the ticket.
fn impartial(
    draft: &Draft<'_>,
    event: EventType,
    fields: Fields<'_>,
    about: Option<PersonId>,
) -> Result<(), Refusal> {
    let Some(about) = about else {
        return Ok(());
    };
    let conflicted = |field: &str| Err(Refusal::new(RefusalCode::TicketConflicted).at(field));
    if handles(event) && draft.author.is_some_and(|author| author.is(about)) {
        return conflicted("by");
    }
    match ["first", "second"]
        .iter()
        .find(|field| fields.person(field) == Some(about))
    {
        Some(field) => conflicted(field),
        None => Ok(()),
    }
}

/// The state from this change on: the events of a change in the order in which they stand in it.
fn facts(draft: &Draft<'_>, before: &Facts) -> Facts {
    let mut state = before.ticket.clone().or_else(|| raised(draft));
    for (key, fields) in draft.entries(EVENTS, EVENT) {
        let entry = id_of(key).map(yizhan_proto::EntryId::from_bytes);
        let event = entry.and_then(|entry| event::read(entry, &fields, draft.received_at));
        if let (Some(now), Some(event)) = (&state, event)
            && let Ok(next) = step(now, &event)
        {
            state = Some(next);
        }
    }
    Facts {
        ticket: state,
        ..before.clone()
    }
}

fn raised(draft: &Draft<'_>) -> Option<State> {
    let root = draft.root();
    Some(State::raised(
        root.desk("desk")?,
        root.region("region")?,
        Class::from_text(root.text("class")?)?,
        root.person("about"),
        draft.received_at.or(root.time("raised_at"))?,
    ))
}

/// The escalations among the new events: entry, desk and region.
pub(crate) fn escalations<'d>(
    draft: &'d Draft<'_>,
) -> impl Iterator<Item = (&'d str, Option<DeskKey>, Option<RegionKey>)> {
    draft
        .entries(EVENTS, EVENT)
        .filter(|(_, fields)| fields.text("type") == Some(EventType::Escalate.as_str()))
        .map(|(entry, fields)| (entry, fields.desk("desk"), fields.region("region")))
}

/// An escalation that counts takes the ticket to another desk.
fn reroute(facts: &Facts, routing: &Routing) -> Option<Routing> {
    let state = facts.ticket.as_ref()?;
    (routing.desk.as_ref() != Some(&state.desk) || routing.region.as_ref() != Some(&state.region))
        .then(|| Routing {
            desk: Some(state.desk.clone()),
            region: Some(state.region.clone()),
            ..routing.clone()
        })
}
