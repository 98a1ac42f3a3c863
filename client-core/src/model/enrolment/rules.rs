//! Who writes what in an enrolment.

use super::attendance::ScanResult;
use super::seat::{Ask, Outcome, Reason};
use crate::model::activity::Choice;
use crate::model::draft::Draft;
use crate::model::outline::{Facts, Routing};
use crate::model::rules::{Field, Table, What, When, Who, entries, field};
use crate::model::{Refusal, RefusalCode};

const DRIVER: Who = Who::DRIVER;
const KEEPER: Who = Who::KEEPER;
const RELAY: Who = Who::RELAY;
const BOTH: Who = DRIVER.or(KEEPER);
const SCANS_CODES: Who = KEEPER.or(Who::HEALTH);
/// Also who scans the code of a driver who never asked for a seat.
const ALL: Who = BOTH.or(SCANS_CODES);

const FIELDS: &[Field] = &[
    field("id", ALL, When::Needed, What::OwnId),
    field("kind", ALL, When::Needed, What::OwnKind),
    field("schema", ALL, When::Needed, What::OwnSchema),
    field("driver", ALL, When::Needed, What::Id),
    field("driver_name", ALL, When::Needed, What::Label),
    field("activity", ALL, When::Needed, What::Id),
    field("station", ALL, When::Needed, What::Id),
    field("quiz_score", DRIVER, When::Always, What::Whole(0, 50)),
    field("quiz_asked", DRIVER, When::Always, What::Whole(1, 50)),
    field("feedback_rating", DRIVER, When::Always, What::Whole(1, 5)),
    field("feedback", DRIVER, When::Always, What::Prose),
    field("certificate", KEEPER, When::Always, What::Label),
];

pub(super) const REQUESTS: &[Field] = &[
    field("what", BOTH, When::Needed, What::Listed(Ask::TEXTS)),
    field("lease", KEEPER, When::Once, What::Id),
    field("by", BOTH, When::Needed, What::Author),
    field("at", BOTH, When::Needed, What::Time),
];

const DECISIONS: &[Field] = &[
    field("request", RELAY, When::Needed, What::Id),
    field("outcome", RELAY, When::Needed, What::Listed(Outcome::TEXTS)),
    field("number", RELAY, When::Once, What::Whole(1, 100_000_000)),
    field("reason", RELAY, When::Once, What::Listed(Reason::TEXTS)),
    field("at", RELAY, When::Needed, What::Time),
];

const SCANS: &[Field] = &[
    field("nonce", SCANS_CODES, When::Needed, What::Id),
    field(
        "result",
        SCANS_CODES,
        When::Needed,
        What::Listed(ScanResult::TEXTS),
    ),
    field("code", SCANS_CODES, When::Once, What::Prose),
    field("by", SCANS_CODES, When::Needed, What::Author),
    field("at", SCANS_CODES, When::Needed, What::Time),
];

const ANSWERS: &[Field] = &[
    field("question", DRIVER, When::Needed, What::Id),
    field("choice", DRIVER, When::Needed, What::Listed(Choice::TEXTS)),
    field("at", DRIVER, When::Needed, What::Time),
];

pub(super) const REQUESTS_AT: usize = 0;
const SCANS_AT: usize = 2;

/// Who writes what in an enrolment.
pub(crate) const RULES: Table = Table {
    fields: FIELDS,
    containers: &[
        entries("requests", BOTH, REQUESTS),
        entries("decisions", RELAY, DECISIONS),
        entries("scans", SCANS_CODES, SCANS),
        entries("answers", DRIVER, ANSWERS),
    ],
    routing: |draft| Routing {
        driver: draft.root().person("driver"),
        station: draft.root().station("station"),
        ..Routing::default()
    },
    facts: |draft, before| Facts {
        activity: draft.root().document("activity").or(before.activity),
        ..before.clone()
    },
    create,
    edit,
    reroute: None,
    twins: true,
};

fn create(draft: &Draft<'_>) -> Result<(), Refusal> {
    let root = draft.root();
    let derived = root
        .document("activity")
        .zip(root.person("driver"))
        .map(|(activity, driver)| super::id_of(activity, driver));
    if root.document("id") != derived {
        return Err(Refusal::new(RefusalCode::IdentityMismatch)
            .at("id")
            .bound("the id that follows from activity and driver"));
    }
    let asks = draft
        .entries(REQUESTS_AT, REQUESTS)
        .any(|(_, request)| request.text("what") == Some(Ask::Enrol.as_str()));
    if !asks && draft.entries(SCANS_AT, SCANS).next().is_none() {
        return Err(Refusal::new(RefusalCode::FieldMissing)
            .at("requests")
            .bound("a request for a seat, or a scan"));
    }
    edit(draft, &Facts::default())
}

fn edit(draft: &Draft<'_>, _: &Facts) -> Result<(), Refusal> {
    // Each is answered by a change of its own, while everybody else waits.
    if draft.entries(REQUESTS_AT, REQUESTS).nth(1).is_some() {
        return Err(Refusal::new(RefusalCode::ValueContradiction)
            .at("requests")
            .bound("one in a change"));
    }
    let root = draft.root();
    let both = root.has("quiz_score") && root.has("quiz_asked");
    if both && root.whole("quiz_score") > root.whole("quiz_asked") {
        return Err(Refusal::new(RefusalCode::ValueContradiction)
            .at("quiz_score")
            .bound("not more than quiz_asked"));
    }
    Ok(())
}
