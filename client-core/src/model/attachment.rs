//! Photos and papers of a document: what an entry says, who writes it, and which bytes a change names.
//!
//! The bytes are no part of the document. An entry of the container [`CONTAINER`] names them by
//! their hash; whoever may read the document may have them. Tickets, activities and visits have
//! the container, with one table of fields for each.

use yizhan_proto::limits::{
    ATTACHMENT_BYTES_MAX, ATTACHMENTS_PER_DOCUMENT_MAX, THUMBNAIL_BYTES_MAX,
};
use yizhan_proto::{ContentHash, EntryId, Kind, MediaType, PersonId, Timestamp};

use super::change::{Object, Op, OtherActor, Value};
use super::draft::Draft;
use super::reader::{Map, Reader};
use super::rules::{Field, Table, What, When, Who, field, find};
use super::{Document, Inspected, Refusal, RefusalCode};

/// The container's name, in every kind that has it.
pub const CONTAINER: &str = "attachments";

/// An attachment to be put to a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewAttachment {
    /// A new entry id.
    pub entry: EntryId,
    /// Its bytes.
    pub sha256: ContentHash,
    /// How many, 1 to 8 MiB.
    pub bytes: u64,
    /// What they are.
    pub media_type: MediaType,
    /// What people call it: one line.
    pub name: String,
    /// A small picture of it (JPEG), and its bytes: up to 64 KiB.
    pub thumb: Option<(ContentHash, u64)>,
    /// Who puts it there: the author.
    pub by: PersonId,
    /// When.
    pub at: Timestamp,
}

/// An attachment as it is read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attachment {
    /// Its entry.
    pub entry: EntryId,
    /// Its bytes.
    pub sha256: ContentHash,
    /// How many.
    pub bytes: u64,
    /// What they are; `None` if this version does not know.
    pub media_type: Option<MediaType>,
    /// What people call it.
    pub name: String,
    /// A small picture of it, and its bytes.
    pub thumb: Option<(ContentHash, u64)>,
    /// Who put it there.
    pub by: Option<PersonId>,
    /// When.
    pub at: Option<Timestamp>,
}

/// Bytes that a change names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Named {
    /// The attachment's bytes.
    pub sha256: ContentHash,
    /// How many.
    pub bytes: u64,
    /// What they are.
    pub media_type: MediaType,
    /// A small picture of it, and its bytes.
    pub thumb: Option<(ContentHash, u64)>,
}

/// Whether documents of a kind have attachments.
#[must_use]
pub fn are_in(kind: Kind) -> bool {
    position(kind).is_some()
}

/// The attachments of an opened document: those first that were put there first. None for a kind
/// that has no attachments.
#[must_use]
pub fn read(document: &Document) -> Vec<Attachment> {
    let reader = Reader::new(document, document.kind());
    let Some(reader) = reader.ok().filter(|_| are_in(document.kind())) else {
        return Vec::new();
    };
    let mut found: Vec<_> = reader
        .entries(CONTAINER)
        .into_iter()
        .filter_map(|(entry, map)| one(entry, &map))
        .collect();
    found.sort_by_key(|attachment| (attachment.at, attachment.entry, attachment.sha256));
    found
}

fn one(entry: EntryId, map: &Map<'_>) -> Option<Attachment> {
    let bytes = u64::from(map.count("bytes")?);
    let thumb_bytes = map.count("thumb_bytes").map(u64::from);
    let thumb = map.text("thumb_sha256").and_then(|hash| hash.parse().ok());
    Some(Attachment {
        entry,
        sha256: map.text("sha256")?.parse().ok()?,
        bytes: Some(bytes).filter(|bytes| (1..=ATTACHMENT_BYTES_MAX).contains(bytes))?,
        media_type: map
            .text("media_type")
            .and_then(|text| MediaType::from_text(&text)),
        name: map.text("name").unwrap_or_default(),
        thumb: thumb
            .zip(thumb_bytes)
            .filter(|(_, bytes)| (1..=THUMBNAIL_BYTES_MAX).contains(bytes)),
        by: map.person("by"),
        at: map.time("at"),
    })
}

/// The bytes that a change of a document of this kind names, in the order of its operations. None
/// for a kind that has no attachments; what does not fit the rules is passed over.
#[must_use]
pub fn named_in(change: &Inspected, kind: Kind) -> Vec<Named> {
    let Some(at) = position(kind) else {
        return Vec::new();
    };
    let made = |(index, op): (usize, &Op)| {
        makes_entry(change, at, op)
            .then(|| entry_named(change, change.start_op + index as u64))
            .flatten()
    };
    change.ops.iter().enumerate().filter_map(made).collect()
}

/// Whether an operation makes an entry of the container at that position.
fn makes_entry(change: &Inspected, at: usize, op: &Op) -> bool {
    let in_container = match op.object {
        Object::Made(made) => {
            made.counter as usize == at + 1 && change.other(made.actor) == Some(OtherActor::Genesis)
        }
        Object::Root => false,
    };
    in_container && op.value == Value::Map
}

/// How many attachments a document names after this change.
pub(crate) fn counted(change: &Inspected, kind: Kind, before: Option<u32>) -> Option<u32> {
    let at = position(kind)?;
    let made = change.ops.iter().filter(|op| makes_entry(change, at, op));
    match u32::try_from(made.count()).unwrap_or(u32::MAX) {
        0 => before,
        new => Some(before.unwrap_or(0).saturating_add(new)),
    }
}

/// What concerns several fields of an entry, and the number of entries.
pub(crate) fn check(draft: &Draft<'_>, before: Option<u32>) -> Result<(), Refusal> {
    let containers = draft.table.containers;
    let Some(at) = containers.iter().position(|one| one.name == CONTAINER) else {
        return Ok(());
    };
    let mut new = 0_usize;
    for entry in draft.entries.iter().filter(|entry| entry.container == at) {
        new += 1;
        let has = |name| find(FIELDS_FOR_VISIT, name).is_some_and(|(at, _)| entry.values.has(at));
        if has("thumb_sha256") != has("thumb_bytes") {
            return Err(Refusal::new(RefusalCode::ValueContradiction)
                .at(format!(
                    "{CONTAINER}/{}/thumb_bytes",
                    draft.change.text(entry.key)
                ))
                .bound("both thumb_sha256 and thumb_bytes, or neither"));
        }
    }
    let all = usize::try_from(before.unwrap_or(0)).unwrap_or(usize::MAX);
    if new > 0 && all.saturating_add(new) > ATTACHMENTS_PER_DOCUMENT_MAX {
        return Err(Refusal::new(RefusalCode::AttachmentsFull)
            .at(CONTAINER)
            .bound(format!("{ATTACHMENTS_PER_DOCUMENT_MAX} attachments")));
    }
    Ok(())
}

/// What the entry made by the operation of that counter names.
fn entry_named(change: &Inspected, made_by: u64) -> Option<Named> {
    let value = |name: &str| {
        change.ops.iter().find_map(|op| match op.object {
            Object::Made(made)
                if made.actor == 0
                    && u64::from(made.counter) == made_by
                    && change.text(op.key) == name =>
            {
                Some(op.value)
            }
            Object::Made(_) | Object::Root => None,
        })
    };
    let text = |name| match value(name) {
        Some(Value::Text(span)) => Some(change.text(span)),
        Some(_) | None => None,
    };
    let count = |name, most| match value(name) {
        Some(Value::Int(count)) => u64::try_from(count)
            .ok()
            .filter(|count| (1..=most).contains(count)),
        Some(_) | None => None,
    };
    let thumb = text("thumb_sha256").and_then(|hash| hash.parse().ok());
    Some(Named {
        sha256: text("sha256")?.parse().ok()?,
        bytes: count("bytes", ATTACHMENT_BYTES_MAX)?,
        media_type: MediaType::from_text(text("media_type")?)?,
        thumb: thumb.zip(count("thumb_bytes", THUMBNAIL_BYTES_MAX)),
    })
}

/// Where the container stands among those of a kind.
fn position(kind: Kind) -> Option<usize> {
    let containers = Table::of(kind)?.containers;
    containers
        .iter()
        .position(|container| container.name == CONTAINER)
}

const fn fields(who: Who) -> [Field; 8] {
    [
        field("sha256", who, When::Needed, What::Hex(64)),
        field("bytes", who, When::Needed, BYTES),
        field(
            "media_type",
            who,
            When::Needed,
            What::Listed(MediaType::TEXTS),
        ),
        field("name", who, When::Needed, What::Label),
        field("thumb_sha256", who, When::Once, What::Hex(64)),
        field("thumb_bytes", who, When::Once, THUMB_BYTES),
        field("by", who, When::Needed, What::Author),
        field("at", who, When::Needed, What::Time),
    ]
}

const BYTES: What = What::Whole(1, ATTACHMENT_BYTES_MAX as i64);
const THUMB_BYTES: What = What::Whole(1, THUMBNAIL_BYTES_MAX as i64);

/// Who may put attachments to a visit: its driver, and the station's keepers.
pub(crate) const WHO_FOR_VISIT: Who = Who::DRIVER.or(Who::KEEPER);
/// Who may put attachments to an activity: the host's keepers, and coordinators.
pub(crate) const WHO_FOR_ACTIVITY: Who = Who::KEEPER.or(Who::COORDINATOR);
/// Who may put attachments to a ticket: everybody who works on it.
pub(crate) const WHO_FOR_TICKET: Who = Who::DRIVER
    .or(Who::KEEPER)
    .or(Who::SPECIALIST)
    .or(Who::COORDINATOR);

/// The entry's fields in a visit.
pub(crate) const FIELDS_FOR_VISIT: &[Field] = &fields(WHO_FOR_VISIT);
/// The entry's fields in an activity.
pub(crate) const FIELDS_FOR_ACTIVITY: &[Field] = &fields(WHO_FOR_ACTIVITY);
/// The entry's fields in a ticket.
pub(crate) const FIELDS_FOR_TICKET: &[Field] = &fields(WHO_FOR_TICKET);
