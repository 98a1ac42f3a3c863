//! One consent of one driver, for one purpose, at one station.

use yizhan_proto::{DocumentId, Kind, PersonId, StationId, Timestamp};

use super::codes::text_codes;
use super::document::{Register, Unreadable};
use super::draft::Draft;
use super::outline::{Facts, Routing};
use super::reader::Reader;
use super::rules::{Container, Field, Holds, Table, What, When, Who, any_edit, field};
use super::{Document, Refusal, RefusalCode};

/// What a consent is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Purpose {
    /// `visits`: keeping visits.
    Visits,
    /// `health_record`: taking and keeping health checks.
    HealthRecord,
    /// `share`: sharing with another station, until a date.
    Share,
    /// `photos`: photos of activities.
    Photos,
    /// `statistics`: statistics.
    Statistics,
}

text_codes!(Purpose {
    Visits = "visits",
    HealthRecord = "health_record",
    Share = "share",
    Photos = "photos",
    Statistics = "statistics",
});

/// Edits of a consent.
#[derive(Debug, Clone, PartialEq)]
pub enum Command {
    /// Gives it (the driver, or a keeper of the station as witness). Makes the document.
    Give {
        /// The driver.
        driver: PersonId,
        /// The station it is given to.
        station: StationId,
        /// What for.
        purpose: Purpose,
        /// When.
        given_at: Timestamp,
        /// The keeper who witnessed it on their own device: the author, if not the driver.
        witness: Option<PersonId>,
        /// The station to share with, for [`Purpose::Share`].
        share_with: Option<StationId>,
        /// In force until; needed for [`Purpose::Share`].
        until: Option<Timestamp>,
    },
    /// Withdraws it (the driver, or a keeper as witness).
    Withdraw {
        /// When.
        withdrawn_at: Timestamp,
    },
}

/// A consent as it is read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Consent {
    /// Its document.
    pub id: DocumentId,
    /// The driver.
    pub driver: PersonId,
    /// The station.
    pub station: StationId,
    /// What for.
    pub purpose: Option<Purpose>,
    /// When given.
    pub given_at: Timestamp,
    /// Who witnessed it.
    pub witness: Option<PersonId>,
    /// Shared with.
    pub share_with: Option<StationId>,
    /// In force until.
    pub until: Option<Timestamp>,
    /// When withdrawn.
    pub withdrawn_at: Register<Timestamp>,
}

impl Consent {
    /// Reads a consent, tolerating unknown fields and both string forms.
    ///
    /// # Errors
    /// [`Unreadable`] if the document is not a consent.
    pub fn read(document: &Document) -> Result<Self, Unreadable> {
        let reader = Reader::new(document, Kind::Consent)?;
        let root = reader.root();
        Ok(Self {
            id: document.id(),
            driver: root.needed("driver", root.person("driver"))?,
            station: root.needed("station", root.station("station"))?,
            purpose: root
                .text("purpose")
                .and_then(|text| Purpose::from_text(&text)),
            given_at: root.needed("given_at", root.time("given_at"))?,
            witness: root.person("witness"),
            share_with: root.station("share_with"),
            until: root.time("until"),
            withdrawn_at: root.times("withdrawn_at"),
        })
    }

    /// Whether it is in force at a time. Any withdrawal ends it, conflicting or not.
    #[must_use]
    pub fn is_in_force(&self, now: Timestamp) -> bool {
        self.withdrawn_at.value.is_none()
            && !self.withdrawn_at.is_conflict()
            && self.until.is_none_or(|until| now <= until)
    }
}

const ALL: Who = Who::DRIVER.or(Who::KEEPER).or(Who::HEALTH);

const FIELDS: &[Field] = &[
    field("id", ALL, When::Needed, What::OwnId),
    field("kind", ALL, When::Needed, What::OwnKind),
    field("schema", ALL, When::Needed, What::OwnSchema),
    field("driver", ALL, When::Needed, What::Id),
    field("station", ALL, When::Needed, What::Id),
    field("purpose", ALL, When::Needed, What::Listed(Purpose::TEXTS)),
    field("given_at", ALL, When::Needed, What::Time),
    field(
        "witness",
        Who::KEEPER.or(Who::HEALTH),
        When::Once,
        What::Author,
    ),
    field("share_with", ALL, When::Once, What::Id),
    field("until", ALL, When::Once, What::Time),
    field("withdrawn_at", ALL, When::Always, What::Time),
];

/// Who writes what in a consent.
pub(crate) const RULES: Table = Table {
    fields: FIELDS,
    containers: &[Container {
        name: "_",
        who: Who::NOBODY,
        when: When::Once,
        holds: Holds::Nothing,
    }],
    routing: |draft| Routing {
        driver: draft.root().person("driver"),
        station: draft.root().station("station"),
        ..Routing::default()
    },
    facts,
    create,
    edit: any_edit,
    reroute: None,
    twins: false,
};

fn create(draft: &Draft<'_>) -> Result<(), Refusal> {
    let root = draft.root();
    if !root.has("witness") && !draft.who.meets(Who::DRIVER) {
        return Err(Refusal::new(RefusalCode::FieldMissing).at("witness"));
    }
    let purpose = root.text("purpose");
    if purpose == Some(Purpose::Share.as_str()) {
        for name in ["share_with", "until"] {
            if !root.has(name) {
                return Err(Refusal::new(RefusalCode::FieldMissing).at(name));
            }
        }
        // Who reads no checks here has none of them sent elsewhere on their word.
        if !draft.who.meets(Who::DRIVER.or(Who::HEALTH)) {
            return Err(Refusal::new(RefusalCode::FieldForbidden).at("purpose"));
        }
    }
    let given_at = root.time("given_at");
    if root.has("until") && root.time("until") < given_at {
        return Err(Refusal::new(RefusalCode::ValueContradiction)
            .at("until")
            .bound("not before given_at"));
    }
    Ok(())
}

/// A withdrawal counts from the earliest time anybody gave for one. It may lie before the giving:
/// two clocks disagree, and a withdrawal is never refused for that.
fn facts(draft: &Draft<'_>, before: &Facts) -> Facts {
    let root = draft.root();
    let withdrawn_at = match (before.withdrawn_at, root.time("withdrawn_at")) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, b) => a.or(b),
    };
    Facts {
        began_at: root.time("given_at").or(before.began_at),
        purpose: root
            .text("purpose")
            .map(str::to_owned)
            .or_else(|| before.purpose.clone()),
        withdrawn_at,
        until: root.time("until").or(before.until),
        share_with: root.station("share_with").or(before.share_with),
        ..before.clone()
    }
}
