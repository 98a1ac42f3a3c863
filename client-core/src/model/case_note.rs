//! An internal note of a desk on a ticket: the driver and the station never hold it.

use yizhan_proto::{DeskKey, DocumentId, Kind, PersonId, RegionKey, Timestamp};

use super::Document;
use super::document::Unreadable;
use super::outline::Routing;
use super::reader::Reader;
use super::rules::{Field, Table, What, When, Who, any_edit, facts_unchanged, field};

/// A note to make.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewNote {
    /// The desk whose note it is.
    pub desk: DeskKey,
    /// That desk's region.
    pub region: RegionKey,
    /// The ticket it is about.
    pub ticket: DocumentId,
    /// Who writes it: the author.
    pub by: PersonId,
    /// When.
    pub at: Timestamp,
    /// The note, up to 16 KiB.
    pub text: String,
}

/// Edits of a note: only its making.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// Makes it (a specialist of the desk, or a coordinator of its region).
    Create(NewNote),
}

/// A note as it is read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CaseNote {
    /// Its document.
    pub id: DocumentId,
    /// The desk whose note it is.
    pub desk: DeskKey,
    /// That desk's region.
    pub region: RegionKey,
    /// The ticket it is about.
    pub ticket: DocumentId,
    /// Who wrote it.
    pub by: Option<PersonId>,
    /// When.
    pub at: Timestamp,
    /// The note.
    pub text: String,
}

impl CaseNote {
    /// Reads a note, tolerating unknown fields and both string forms.
    ///
    /// # Errors
    /// [`Unreadable`] if the document is not a note.
    pub fn read(document: &Document) -> Result<Self, Unreadable> {
        let reader = Reader::new(document, Kind::CaseNote)?;
        let root = reader.root();
        Ok(Self {
            id: document.id(),
            desk: root.needed("desk", root.parsed("desk"))?,
            region: root.needed("region", root.parsed("region"))?,
            ticket: root.needed("ticket", root.document("ticket"))?,
            by: root.person("by"),
            at: root.needed("at", root.time("at"))?,
            text: root.text("text").unwrap_or_default(),
        })
    }
}

const DESK: Who = Who::SPECIALIST.or(Who::COORDINATOR);

const FIELDS: &[Field] = &[
    field("id", DESK, When::Needed, What::OwnId),
    field("kind", DESK, When::Needed, What::OwnKind),
    field("schema", DESK, When::Needed, What::OwnSchema),
    field("desk", DESK, When::Needed, What::Desk),
    field("region", DESK, When::Needed, What::Region),
    field("ticket", DESK, When::Needed, What::Id),
    field("by", DESK, When::Needed, What::Author),
    field("at", DESK, When::Needed, What::Time),
    field("text", DESK, When::Needed, What::Prose),
];

/// Who writes what in a note.
pub(crate) const RULES: Table = Table {
    fields: FIELDS,
    containers: &[],
    routing: |draft| Routing {
        desk: draft.root().desk("desk"),
        region: draft.root().region("region"),
        ..Routing::default()
    },
    facts: facts_unchanged,
    create: |_| Ok(()),
    edit: any_edit,
    reroute: None,
    twins: false,
};
