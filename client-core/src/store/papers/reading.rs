//! What attachments there are, where their bytes are, and the bytes.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use rusqlite::{Connection, OptionalExtension, Row, params};
use yizhan_proto::limits::ATTACHMENT_BYTES_MAX;
use yizhan_proto::{ContentHash, DocumentId, EntryId, Kind, MediaType, PersonId, Timestamp};

use super::super::sql::{bytes, bytes_opt, int, time_opt, uint};
use super::super::{FindError, Store, StoreError};

/// Where the bytes of an attachment are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AttachmentPlace {
    /// Here, and on the relay as far as this phone knows.
    Here,
    /// Here; so many bytes of them have been sent.
    Sending(u64),
    /// So many bytes are here; the rest is fetched with the next sync.
    Fetching(u64),
    /// At the relay; fetched when asked for.
    Away,
}

/// An attachment in a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AttachmentRow {
    /// Its entry.
    pub entry: EntryId,
    /// The document.
    pub document: DocumentId,
    /// The document's kind.
    pub kind: Kind,
    /// Its bytes.
    pub sha256: ContentHash,
    /// How many.
    pub bytes: u64,
    /// What they are; `None` if this version does not know.
    pub media_type: Option<MediaType>,
    /// What people call it.
    pub name: String,
    /// The bytes of a small picture of it.
    pub thumb: Option<ContentHash>,
    /// Who put it there.
    pub by: Option<PersonId>,
    /// When.
    pub at: Option<Timestamp>,
    /// Where its bytes are.
    pub place: AttachmentPlace,
    /// Why sending or fetching it failed last: a stable code, and a sentence.
    pub failed: Option<(String, String)>,
}

/// What is on its way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct AttachmentTotals {
    /// Files of this phone's that the relay does not have whole.
    pub to_send: u64,
    /// Bytes of those that it does not have.
    pub to_send_bytes: u64,
    /// Files that are to be fetched.
    pub to_fetch: u64,
    /// Bytes of those that are not here.
    pub to_fetch_bytes: u64,
    /// Of all of these, those that failed when they were last tried.
    pub failed: u64,
}

/// What the database of bytes knows of a file.
struct Known {
    have: u64,
    bytes: u64,
    own: i64,
    sent: u64,
    wanted: i64,
    failed: Option<(String, String)>,
}

impl Store {
    /// The attachments of a document, or of all: the latest first.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn attachments(
        &self,
        document: Option<DocumentId>,
    ) -> Result<Vec<AttachmentRow>, StoreError> {
        let mut rows = self.read(|connection| named(connection, document, None))?;
        self.locate(&mut rows)?;
        Ok(rows)
    }

    /// One attachment, by its entry.
    ///
    /// # Errors
    /// [`FindError`] if no document here names it.
    pub fn attachment(&self, entry: EntryId) -> Result<AttachmentRow, FindError> {
        let mut rows = self.read(|connection| named(connection, None, Some(entry)))?;
        self.locate(&mut rows)?;
        rows.into_iter().next().ok_or_else(|| FindError::None {
            what: "attachment",
            text: entry.to_string(),
        })
    }

    /// The bytes of a file, if all of them are here.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn file_bytes(&self, sha256: ContentHash) -> Result<Option<Vec<u8>>, StoreError> {
        if !self.papers.exists() {
            return Ok(None);
        }
        self.papers.read(|connection| {
            let whole: Option<i64> = connection
                .prepare_cached("SELECT bytes FROM files WHERE sha256 = ?1 AND have = bytes")?
                .query_row([sha256.as_bytes()], |row| row.get(0))
                .optional()?;
            let Some(whole) = whole else {
                return Ok(None);
            };
            let found = range(connection, sha256, 0, uint(whole))?;
            // Damage on the disk must not pass for a photo.
            if ContentHash::of(&found) == sha256 {
                Ok(Some(found))
            } else {
                Err(StoreError::damaged("an attachment is not what it was"))
            }
        })
    }

    /// All documents of a kind, the latest made first.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn document_ids(&self, kind: Kind) -> Result<Vec<DocumentId>, StoreError> {
        self.read(|connection| {
            let mut statement = connection
                .prepare_cached("SELECT id FROM documents WHERE kind = ?1 ORDER BY id DESC")?;
            let ids =
                statement.query_map([kind.code()], |row| bytes(row, 0, DocumentId::from_bytes))?;
            Ok(ids.collect::<Result<_, _>>()?)
        })
    }

    /// What is on its way.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn attachment_totals(&self) -> Result<AttachmentTotals, StoreError> {
        if !self.papers.exists() {
            return Ok(AttachmentTotals::default());
        }
        self.papers.read(|connection| {
            let sql = "SELECT
                count(*) FILTER (WHERE own = 1),
                ifnull(sum(bytes - ifnull(sent, 0)) FILTER (WHERE own = 1), 0),
                count(*) FILTER (WHERE wanted > 0 AND have < bytes),
                ifnull(sum(bytes - have) FILTER (WHERE wanted > 0 AND have < bytes), 0),
                count(*) FILTER (WHERE failed_code IS NOT NULL)
                FROM files WHERE own = 1 OR wanted > 0";
            Ok(connection.query_row(sql, [], |row| {
                Ok(AttachmentTotals {
                    to_send: uint(row.get(0)?),
                    to_send_bytes: uint(row.get(1)?),
                    to_fetch: uint(row.get(2)?),
                    to_fetch_bytes: uint(row.get(3)?),
                    failed: uint(row.get(4)?),
                })
            })?)
        })
    }

    /// Says of each where its bytes are.
    fn locate(&self, rows: &mut [AttachmentRow]) -> Result<(), StoreError> {
        if rows.is_empty() || !self.papers.exists() {
            return Ok(());
        }
        self.papers.read(|connection| {
            let mut seen: BTreeMap<ContentHash, Option<Known>> = BTreeMap::new();
            for row in rows {
                let known = match seen.entry(row.sha256) {
                    Entry::Occupied(seen) => seen.into_mut(),
                    Entry::Vacant(new) => new.insert(known(connection, row.sha256)?),
                };
                if let Some(known) = known {
                    row.place = known.place();
                    row.failed.clone_from(&known.failed);
                }
            }
            Ok(())
        })
    }
}

impl Known {
    const fn place(&self) -> AttachmentPlace {
        if self.have == self.bytes {
            if self.own == 1 {
                AttachmentPlace::Sending(self.sent)
            } else {
                AttachmentPlace::Here
            }
        } else if self.wanted > 0 {
            AttachmentPlace::Fetching(self.have)
        } else {
            AttachmentPlace::Away
        }
    }
}

fn known(connection: &Connection, sha256: ContentHash) -> Result<Option<Known>, StoreError> {
    let sql = "SELECT have, bytes, own, ifnull(sent, 0), wanted, failed_code, failed_text
               FROM files WHERE sha256 = ?1";
    Ok(connection
        .prepare_cached(sql)?
        .query_row([sha256.as_bytes()], |row| {
            let code: Option<String> = row.get(5)?;
            let text: Option<String> = row.get(6)?;
            Ok(Known {
                have: uint(row.get(0)?),
                bytes: uint(row.get(1)?),
                own: row.get(2)?,
                sent: uint(row.get(3)?),
                wanted: row.get(4)?,
                failed: code.zip(text),
            })
        })
        .optional()?)
}

/// Bytes `from` to `until` (not included) of a file, as far as they are here.
pub(super) fn range(
    connection: &Connection,
    sha256: ContentHash,
    from: u64,
    until: u64,
) -> Result<Vec<u8>, StoreError> {
    let sql = "SELECT p.at, p.bytes FROM files f JOIN pieces p ON p.file = f.n
               WHERE f.sha256 = ?1 AND p.at < ?3 AND p.at + length(p.bytes) > ?2 ORDER BY p.at";
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query(params![sha256.as_bytes(), int(from), int(until)])?;
    let bound = until.saturating_sub(from).min(ATTACHMENT_BYTES_MAX);
    let mut found = Vec::with_capacity(usize::try_from(bound).unwrap_or(0));
    while let Some(row) = rows.next()? {
        let at = uint(row.get(0)?);
        let piece = row.get_ref(1)?.as_blob().unwrap_or_default();
        let cut = |byte: u64| usize::try_from(byte.saturating_sub(at)).unwrap_or(usize::MAX);
        let (first, last) = (cut(from), cut(until).min(piece.len()));
        found.extend_from_slice(piece.get(first..last).unwrap_or_default());
    }
    Ok(found)
}

/// What the documents here say.
fn named(
    connection: &Connection,
    document: Option<DocumentId>,
    entry: Option<EntryId>,
) -> Result<Vec<AttachmentRow>, StoreError> {
    let sql = "SELECT a.entry, d.id, d.kind, a.sha256, a.bytes, a.media_type, a.name,
                      a.thumb_sha256, a.by, a.at
               FROM attachments_view a JOIN documents d ON d.n = a.document
               WHERE (?1 IS NULL OR d.id = ?1) AND (?2 IS NULL OR a.entry = ?2)
               ORDER BY a.at DESC, a.entry DESC, a.sha256";
    let mut statement = connection.prepare_cached(sql)?;
    let of = params![
        document.as_ref().map(|id| id.as_bytes().as_slice()),
        entry.as_ref().map(|id| id.as_bytes().as_slice())
    ];
    let rows = statement.query_map(of, row)?;
    Ok(rows.collect::<Result<_, _>>()?)
}

fn row(row: &Row<'_>) -> rusqlite::Result<AttachmentRow> {
    let media_type: Option<String> = row.get(5)?;
    Ok(AttachmentRow {
        entry: bytes(row, 0, EntryId::from_bytes)?,
        document: bytes(row, 1, DocumentId::from_bytes)?,
        kind: Kind::from_code(row.get(2)?),
        sha256: bytes(row, 3, ContentHash::from_bytes)?,
        bytes: uint(row.get(4)?),
        media_type: media_type.and_then(|text| MediaType::from_text(&text)),
        name: row.get(6)?,
        thumb: bytes_opt(row, 7, ContentHash::from_bytes)?,
        by: bytes_opt(row, 8, PersonId::from_bytes)?,
        at: time_opt(row, 9)?,
        place: AttachmentPlace::Away,
        failed: None,
    })
}
