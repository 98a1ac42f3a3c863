//! The rows of a document's attachments.

use rusqlite::{Transaction, params};
use yizhan_proto::{MediaType, Timestamp};

use crate::model::{Document, attachment};
use crate::store::StoreError;
use crate::store::sql::int;

/// Writes the rows of all attachments of a document.
pub(in crate::store) fn write(
    tx: &Transaction<'_>,
    n: i64,
    document: &Document,
) -> Result<(), StoreError> {
    if !attachment::are_in(document.kind()) {
        return Ok(());
    }
    tx.prepare_cached("DELETE FROM attachments_view WHERE document = ?1")?
        .execute([n])?;
    for attachment in attachment::read(document) {
        let thumb = attachment.thumb.as_ref();
        tx.prepare_cached(
            "INSERT OR REPLACE INTO attachments_view (document, entry, sha256, bytes, media_type,
                 name, thumb_sha256, thumb_bytes, by, at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
        )?
        .execute(params![
            n,
            attachment.entry.as_bytes(),
            attachment.sha256.as_bytes(),
            int(attachment.bytes),
            attachment.media_type.map(MediaType::as_str),
            attachment.name,
            thumb.map(|(sha256, _)| sha256.as_bytes()),
            thumb.map(|(_, bytes)| int(*bytes)),
            attachment.by.as_ref().map(|by| by.as_bytes()),
            attachment.at.map(Timestamp::as_ms),
        ])?;
    }
    Ok(())
}
