//! A message to a region's drivers, or to a station's keepers, readable offline.

use yizhan_proto::{DocumentId, Kind, PersonId, RegionKey, StationId, Timestamp};

use super::codes::text_codes;
use super::document::{Register, Unreadable};
use super::draft::Draft;
use super::outline::{Facts, Routing};
use super::reader::Reader;
use super::rules::{Container, Field, Holds, Table, What, When, Who, any_edit, field};
use super::{Document, Refusal, RefusalCode};

/// How much a notice matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "the names are the domain's own words")]
pub enum Level {
    Info,
    Warning,
    Urgent,
}

text_codes!(Level {
    Info = "info",
    Warning = "warning",
    Urgent = "urgent",
});

/// A new notice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewNotice {
    /// Everybody in this region reads it; `None`: only the station's keepers.
    pub region: Option<RegionKey>,
    /// The station whose keeper publishes it; a coordinator may leave it out.
    pub station: Option<StationId>,
    /// Title, one line.
    pub title: String,
    /// The message, up to 16 KiB.
    pub text: String,
    /// How much it matters.
    pub level: Level,
    /// When it was published.
    pub published_at: Timestamp,
    /// In force until; `None`: until it is withdrawn. Not before it was published.
    pub until: Option<Timestamp>,
    /// Who publishes it: the author.
    pub by: PersonId,
}

/// Edits of a notice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// Makes the document (a keeper of the station named, a coordinator of the region named).
    Publish(NewNotice),
    /// Takes it back (the same people).
    Withdraw {
        /// When.
        withdrawn_at: Timestamp,
    },
}

/// A notice as it is read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// Its document.
    pub id: DocumentId,
    /// Whose region reads it.
    pub region: Option<RegionKey>,
    /// Whose station it is from.
    pub station: Option<StationId>,
    /// Title.
    pub title: String,
    /// The message.
    pub text: String,
    /// How much it matters.
    pub level: Level,
    /// When it was published.
    pub published_at: Timestamp,
    /// In force until.
    pub until: Option<Timestamp>,
    /// Who published it.
    pub by: Option<PersonId>,
    /// When it was taken back.
    pub withdrawn_at: Register<Timestamp>,
}

impl Notice {
    /// Reads a notice, tolerating unknown fields and both string forms. A level of a newer version
    /// counts as [`Level::Info`].
    ///
    /// # Errors
    /// [`Unreadable`] if the document is not a notice.
    pub fn read(document: &Document) -> Result<Self, Unreadable> {
        let reader = Reader::new(document, Kind::Notice)?;
        let root = reader.root();
        let level = root.text("level");
        Ok(Self {
            id: document.id(),
            region: root.text("region").and_then(|text| text.parse().ok()),
            station: root.station("station"),
            title: root.needed("title", root.text("title"))?,
            text: root.text("text").unwrap_or_default(),
            level: level
                .and_then(|text| Level::from_text(&text))
                .unwrap_or(Level::Info),
            published_at: root.needed("published_at", root.time("published_at"))?,
            until: root.time("until"),
            by: root.person("by"),
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

const ALL: Who = Who::KEEPER.or(Who::COORDINATOR);

const FIELDS: &[Field] = &[
    field("id", ALL, When::Needed, What::OwnId),
    field("kind", ALL, When::Needed, What::OwnKind),
    field("schema", ALL, When::Needed, What::OwnSchema),
    field("region", ALL, When::Once, What::Region),
    field("station", ALL, When::Once, What::Id),
    field("title", ALL, When::Needed, What::Label),
    field("text", ALL, When::Needed, What::Prose),
    field("level", ALL, When::Needed, What::Listed(Level::TEXTS)),
    field("published_at", ALL, When::Needed, What::Time),
    field("until", ALL, When::Once, What::Time),
    field("by", ALL, When::Needed, What::Author),
    field("withdrawn_at", ALL, When::Always, What::Time),
];

/// Who writes what in a notice.
pub(crate) const RULES: Table = Table {
    fields: FIELDS,
    containers: &[Container {
        name: "_",
        who: Who::NOBODY,
        when: When::Once,
        holds: Holds::Nothing,
    }],
    routing: |draft| Routing {
        region: draft.root().region("region"),
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
    if root.has("until") && root.time("until") < root.time("published_at") {
        return Err(Refusal::new(RefusalCode::ValueContradiction)
            .at("until")
            .bound("not before published_at"));
    }
    Ok(())
}

/// A notice that is taken back is so from the earliest time anybody gave for it.
fn facts(draft: &Draft<'_>, before: &Facts) -> Facts {
    let root = draft.root();
    let withdrawn = [before.withdrawn_at, root.time("withdrawn_at")];
    Facts {
        began_at: root.time("published_at").or(before.began_at),
        until: root.time("until").or(before.until),
        withdrawn_at: withdrawn.into_iter().flatten().min(),
        ..before.clone()
    }
}
