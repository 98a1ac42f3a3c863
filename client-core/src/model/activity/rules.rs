//! Who writes what in an activity.

use yizhan_proto::DeviceId;

use super::{Choice, Sort, State};
use crate::model::attachment;
use crate::model::draft::{Draft, Fields};
use crate::model::outline::{Facts, Routing};
use crate::model::rules::{Field, Table, What, When, Who, entries, field};
use crate::model::{Refusal, RefusalCode};

const HOST: Who = Who::KEEPER.or(Who::COORDINATOR);
const RELAY: Who = Who::RELAY;
const SEATS: What = What::Whole(1, 100_000);
const DRAWN: What = What::Whole(1, 50);
const LEASED: What = What::Whole(0, 1_000);

const FIELDS: &[Field] = &[
    field("id", HOST, When::Needed, What::OwnId),
    field("kind", HOST, When::Needed, What::OwnKind),
    field("schema", HOST, When::Needed, What::OwnSchema),
    field("region", HOST, When::Needed, What::Region),
    field("station", HOST, When::Needed, What::Id),
    field("type", HOST, When::Needed, What::Listed(Sort::TEXTS)),
    field("title", HOST, When::Always, What::Label),
    field("text", HOST, When::Always, What::Prose),
    field("starts_at", HOST, When::Always, What::Time),
    field("ends_at", HOST, When::Always, What::Time),
    field("place", HOST, When::Always, What::Label),
    field("capacity", HOST, When::Always, SEATS),
    field("state", HOST, When::Always, What::Listed(State::TEXTS)),
    field("quiz_draw", HOST, When::Always, DRAWN),
    field("by", HOST, When::Needed, What::Author),
];

const QUESTIONS: &[Field] = &[
    field("text", HOST, When::Needed, What::Prose),
    field("a", HOST, When::Needed, What::Label),
    field("b", HOST, When::Needed, What::Label),
    field("c", HOST, When::Once, What::Label),
    field("d", HOST, When::Once, What::Label),
    field("answer", HOST, When::Needed, What::Listed(Choice::TEXTS)),
    field("by", HOST, When::Needed, What::Author),
    field("at", HOST, When::Needed, What::Time),
];

pub(super) const ASKS: &[Field] = &[
    field("seats", HOST, When::Needed, What::Whole(1, 1_000)),
    field("until", HOST, When::Needed, What::Time),
    field("device", HOST, When::Needed, What::Id),
    field("by", HOST, When::Needed, What::Author),
    field("at", HOST, When::Needed, What::Time),
];

const LEASES: &[Field] = &[
    field("ask", RELAY, When::Needed, What::Id),
    field("device", RELAY, When::Needed, What::Id),
    field("seats", RELAY, When::Needed, LEASED),
    field("until", RELAY, When::Needed, What::Time),
    field("at", RELAY, When::Needed, What::Time),
];

pub(super) const RETURNS: &[Field] = &[
    field("lease", HOST, When::Needed, What::Id),
    field("used", HOST, When::Needed, LEASED),
    field("lost", HOST, When::Needed, What::Flag),
    field("by", HOST, When::Needed, What::Author),
    field("at", HOST, When::Needed, What::Time),
];

const QUESTIONS_AT: usize = 0;
pub(super) const ASKS_AT: usize = 1;
pub(super) const RETURNS_AT: usize = 3;

/// Who writes what in an activity.
pub(crate) const RULES: Table = Table {
    fields: FIELDS,
    containers: &[
        entries("questions", HOST, QUESTIONS),
        entries("lease_asks", HOST, ASKS),
        entries("leases", RELAY, LEASES),
        entries("lease_returns", HOST, RETURNS),
        entries(attachment::CONTAINER, HOST, attachment::FIELDS_FOR_ACTIVITY),
    ],
    routing: |draft| Routing {
        region: draft.root().region("region"),
        station: draft.root().station("station"),
        ..Routing::default()
    },
    // When it begins and ends, as last said: an edit of one of the two is checked against the other.
    facts: |draft, before| Facts {
        began_at: draft.root().time("starts_at").or(before.began_at),
        until: draft.root().time("ends_at").or(before.until),
        ..before.clone()
    },
    create,
    edit,
    reroute: None,
    twins: false,
};

fn create(draft: &Draft<'_>) -> Result<(), Refusal> {
    for name in ["title", "starts_at", "ends_at", "state"] {
        if !draft.root().has(name) {
            return Err(Refusal::new(RefusalCode::FieldMissing).at(name));
        }
    }
    check(draft, &Facts::default())
}

fn edit(draft: &Draft<'_>, facts: &Facts) -> Result<(), Refusal> {
    check(draft, facts)
}

fn check(draft: &Draft<'_>, facts: &Facts) -> Result<(), Refusal> {
    let root = draft.root();
    let starts_at = root.time("starts_at").or(facts.began_at);
    let ends_at = root.time("ends_at").or(facts.until);
    let moved = root.has("starts_at") || root.has("ends_at");
    if moved && ends_at < starts_at {
        return Err(Refusal::new(RefusalCode::ValueContradiction)
            .at("ends_at")
            .bound("not before starts_at"));
    }
    for (key, question) in draft.entries(QUESTIONS_AT, QUESTIONS) {
        check_question(key, &question)?;
    }
    // Each is answered by a change of its own, while everybody else waits.
    if draft.entries(ASKS_AT, ASKS).nth(1).is_some() {
        return Err(Refusal::new(RefusalCode::ValueContradiction)
            .at("lease_asks")
            .bound("one in a change"));
    }
    // A lease is for the device that asks: no other would know that it holds one.
    for (key, ask) in draft.entries(ASKS_AT, ASKS) {
        if ask.id("device").map(DeviceId::from_bytes) != Some(draft.change.actor.device()) {
            let path = format!("lease_asks/{key}/device");
            return Err(Refusal::new(RefusalCode::ValueNotSelf).at(path));
        }
    }
    Ok(())
}

/// The right answer is one of those offered.
fn check_question(key: &str, question: &Fields<'_>) -> Result<(), Refusal> {
    match question.text("answer") {
        Some(answer) if question.has(answer) => Ok(()),
        Some(_) | None => Err(Refusal::new(RefusalCode::ValueContradiction)
            .at(format!("questions/{key}/answer"))
            .bound("one of the options offered")),
    }
}
