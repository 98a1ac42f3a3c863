//! A file of this phone's becomes an attachment: first its bytes are kept, then the document names
//! them. If the phone dies in between, the bytes go again; never the other way round.

use rusqlite::{OptionalExtension, Transaction, params};
use yizhan_proto::limits::{ATTACHMENT_BYTES_MAX, PIECE_BYTES_MAX, THUMBNAIL_BYTES_MAX};
use yizhan_proto::{ContentHash, DocumentId, EntryId, MediaType, Timestamp};

use super::super::sql::{count, int};
use super::super::{EditError, Store, StoreError, documents};
use crate::clock::Clock;
use crate::model::attachment::NewAttachment;
use crate::model::{Command, Refusal, RefusalCode};

/// A file to be put to a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewFile {
    /// A new entry id.
    pub entry: EntryId,
    /// Its bytes: one of [`MediaType`], 1 byte to 8 MiB.
    pub bytes: Vec<u8>,
    /// A small picture of it (JPEG), up to 64 KiB.
    pub thumb: Option<Vec<u8>>,
    /// What people call it: one line.
    pub name: String,
}

impl Store {
    /// Puts a file to a document. The bytes are on disk when this returns, and will be sent after the
    /// documents.
    ///
    /// # Errors
    /// [`EditError`]; nothing was stored then.
    pub fn attach(
        &mut self,
        document: DocumentId,
        file: &NewFile,
        clock: &dyn Clock,
    ) -> Result<ContentHash, EditError> {
        let media_type = media_type(&file.bytes)?;
        let thumb = file
            .thumb
            .as_deref()
            .filter(|thumb| !thumb.is_empty() && count(thumb.len()) <= THUMBNAIL_BYTES_MAX);
        let kind = self
            .read(|connection| documents::find(connection, document))?
            .ok_or(EditError::NotHeld { document })?
            .kind;
        let now = clock.now();
        let sha256 = ContentHash::of(&file.bytes);
        let thumb_named = thumb.map(|thumb| (ContentHash::of(thumb), count(thumb.len())));
        let attachment = NewAttachment {
            entry: file.entry,
            sha256,
            bytes: count(file.bytes.len()),
            media_type,
            name: file.name.clone(),
            thumb: thumb_named,
            by: self.author()?.person,
            at: now,
        };
        self.papers.write(|tx| -> Result<(), StoreError> {
            keep(tx, document, &file.bytes, false, now)?;
            thumb.map_or(Ok(()), |thumb| keep(tx, document, thumb, true, now))
        })?;
        let edited = self.edit(document, &Command::Attach { kind, attachment }, clock);
        let hashes: Vec<_> = std::iter::once(sha256)
            .chain(thumb_named.map(|(sha256, _)| sha256))
            .collect();
        self.papers.write(|tx| -> Result<(), StoreError> {
            for sha256 in &hashes {
                tx.prepare_cached("UPDATE files SET pending = NULL WHERE sha256 = ?1")?
                    .execute([sha256.as_bytes()])?;
            }
            Ok(())
        })?;
        if edited.is_err() {
            for sha256 in &hashes {
                self.drop_unnamed_file(*sha256)?;
            }
        }
        edited.map(|_| sha256)
    }
}

/// What the file is, if it may be put to a document.
fn media_type(bytes: &[u8]) -> Result<MediaType, Refusal> {
    if bytes.is_empty() {
        return Err(Refusal::new(RefusalCode::AttachmentEmpty));
    }
    if count(bytes.len()) > ATTACHMENT_BYTES_MAX {
        return Err(Refusal::new(RefusalCode::AttachmentTooLarge)
            .bound(format!("{ATTACHMENT_BYTES_MAX} bytes")));
    }
    MediaType::of_bytes(bytes)
        .ok_or_else(|| Refusal::new(RefusalCode::AttachmentType).bound(MediaType::TEXTS.join(", ")))
}

/// Keeps the bytes of a file of this phone's, to be sent. What is here already stays.
fn keep(
    tx: &Transaction<'_>,
    document: DocumentId,
    bytes: &[u8],
    thumb: bool,
    now: Timestamp,
) -> Result<(), StoreError> {
    let sha256 = ContentHash::of(bytes);
    let whole = int(count(bytes.len()));
    tx.prepare_cached(
        "INSERT INTO files (sha256, bytes, thumb, have, own, wanted, document, pending)
         VALUES (?1, ?2, ?3, ?2, 1, 0, ?4, ?5)
         ON CONFLICT (sha256) DO UPDATE SET own = max(own, 1), wanted = 0, pending = ?5,
             document = ifnull(document, ?4)",
    )?
    .execute(params![
        sha256.as_bytes(),
        whole,
        thumb,
        document.as_bytes(),
        now.as_ms()
    ])?;
    let n: i64 = tx
        .prepare_cached("SELECT n FROM files WHERE sha256 = ?1")?
        .query_row([sha256.as_bytes()], |row| row.get(0))?;
    // A download may have brought a part of it.
    let here: Option<i64> = tx
        .prepare_cached("SELECT sum(length(bytes)) FROM pieces WHERE file = ?1")?
        .query_row([n], |row| row.get(0))
        .optional()?
        .flatten();
    if here == Some(whole) {
        return Ok(());
    }
    tx.prepare_cached("DELETE FROM pieces WHERE file = ?1")?
        .execute([n])?;
    let mut at = 0;
    for piece in bytes.chunks(PIECE_BYTES_MAX) {
        tx.prepare_cached("INSERT INTO pieces (file, at, bytes) VALUES (?1, ?2, ?3)")?
            .execute(params![n, at, piece])?;
        at += int(count(piece.len()));
    }
    tx.prepare_cached("UPDATE files SET have = ?2, bytes = ?2 WHERE n = ?1")?
        .execute(params![n, whole])?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::SystemClock;

    #[test]
    fn bytes_that_no_document_came_to_name_go_after_an_hour() {
        let clock = SystemClock::new();
        let mut store = Store::in_memory(&clock).unwrap();
        let (document, now) = (DocumentId::from_bytes([1; 16]), clock.now());
        let sha256 = ContentHash::of(b"a photo");
        // As if the phone had died between the two commits.
        let kept = store
            .papers
            .write(|tx| keep(tx, document, b"a photo", false, now));
        kept.unwrap();
        store.reconcile_files(now).unwrap();
        assert!(store.file_bytes(sha256).unwrap().is_some());
        let later = now.saturating_add_ms(60 * 60 * 1_000);
        store.reconcile_files(later).unwrap();
        assert_eq!(store.file_bytes(sha256).unwrap(), None);
    }
}
