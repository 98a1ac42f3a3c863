//! Documents as they grow old: rows in, rows out. When each has ended stands in an index by kind
//! ([`LogTx::put_document`] keeps it), and a mark for each audience says how far it has let go.

use rusqlite::{Connection, Row, params};
use yizhan_client_core::model::Outline;
use yizhan_client_core::model::retention::{Audience, ended_at};
use yizhan_proto::{DocumentId, Kind, Timestamp};

use super::StoreError;
use super::convert::{bytes, signed, timestamp, unsigned};
use super::log::LogTx;
use super::queries::{all, first};
use super::readers::Snapshot;
use super::rows::{Age, AskedRow, DocumentRow, MarkRow};

/// Where in `meta` stands how far the ages of a store of an older format were filled in.
const FILLED: &str = "ages";

impl LogTx<'_> {
    /// Up to where an audience has let go.
    ///
    /// # Errors
    /// [`StoreError`] if the store fails.
    pub fn mark(&self, audience: Audience) -> Result<MarkRow, StoreError> {
        mark(self.connection, audience)
    }

    /// Notes up to where an audience has let go.
    ///
    /// # Errors
    /// [`StoreError`] if the store fails.
    pub fn put_mark(&mut self, row: &MarkRow) -> Result<(), StoreError> {
        self.connection
            .prepare_cached(
                "INSERT OR REPLACE INTO retention_marks(audience, ended_at, doc, follower, retired)
                 VALUES (?1, ?2, ?3, ?4, ?5)",
            )?
            .execute(params![
                row.audience.as_str(),
                row.age.ended_at.as_ms(),
                row.age.document,
                row.age.follower,
                signed(row.retired),
            ])?;
        Ok(())
    }

    /// Documents of a kind from this age on that ended before `until`, rising, at most so many.
    ///
    /// # Errors
    /// [`StoreError`] if the store fails.
    pub fn ages_from(
        &self,
        kind: Kind,
        from: Age,
        until: Timestamp,
        rows_max: u32,
    ) -> Result<Vec<Age>, StoreError> {
        all(
            self.connection,
            "SELECT ended_at, doc FROM ages WHERE kind = ?1 AND (ended_at, doc) >= (?2, ?3)
             AND ended_at < ?4 ORDER BY ended_at, doc LIMIT ?5",
            params![
                kind.code(),
                from.ended_at.as_ms(),
                from.document,
                until.as_ms(),
                rows_max
            ],
            age,
        )
    }

    /// Documents of a kind up to this age that ended at `from` or later, falling, at most so many.
    ///
    /// # Errors
    /// [`StoreError`] if the store fails.
    pub fn ages_up_to(
        &self,
        kind: Kind,
        up_to: Age,
        from: Timestamp,
        rows_max: u32,
    ) -> Result<Vec<Age>, StoreError> {
        all(
            self.connection,
            "SELECT ended_at, doc FROM ages WHERE kind = ?1 AND (ended_at, doc) <= (?2, ?3)
             AND ended_at >= ?4 ORDER BY ended_at DESC, doc DESC LIMIT ?5",
            params![
                kind.code(),
                up_to.ended_at.as_ms(),
                up_to.document,
                from.as_ms(),
                rows_max
            ],
            age,
        )
    }

    /// Notes that a document ends when another does.
    ///
    /// # Errors
    /// [`StoreError`] if the store fails.
    pub fn put_follower(&mut self, of: DocumentId, document: DocumentId) -> Result<(), StoreError> {
        self.connection
            .prepare_cached("INSERT OR IGNORE INTO followers(of, doc) VALUES (?1, ?2)")?
            .execute(params![of.as_bytes(), document.as_bytes()])?;
        Ok(())
    }

    /// Documents of a kind that end when another does, from `from` on, rising, at most so many.
    ///
    /// # Errors
    /// [`StoreError`] if the store fails.
    pub fn followers_from(
        &self,
        kind: Kind,
        of: DocumentId,
        from: [u8; 16],
        rows_max: u32,
    ) -> Result<Vec<DocumentId>, StoreError> {
        let sql = if kind == Kind::CaseNote {
            "SELECT note FROM ticket_notes WHERE ticket = ?1 AND note >= ?2 ORDER BY note LIMIT ?3"
        } else {
            "SELECT doc FROM followers WHERE of = ?1 AND doc >= ?2 ORDER BY doc LIMIT ?3"
        };
        all(
            self.connection,
            sql,
            params![of.as_bytes(), from, rows_max],
            |row| Ok(DocumentId::from_bytes(bytes(row, 0)?)),
        )
    }

    /// The same before `before`, falling.
    ///
    /// # Errors
    /// [`StoreError`] if the store fails.
    pub fn followers_before(
        &self,
        kind: Kind,
        of: DocumentId,
        before: [u8; 16],
        rows_max: u32,
    ) -> Result<Vec<DocumentId>, StoreError> {
        let sql = if kind == Kind::CaseNote {
            "SELECT note FROM ticket_notes WHERE ticket = ?1 AND note < ?2
             ORDER BY note DESC LIMIT ?3"
        } else {
            "SELECT doc FROM followers WHERE of = ?1 AND doc < ?2 ORDER BY doc DESC LIMIT ?3"
        };
        all(
            self.connection,
            sql,
            params![of.as_bytes(), before, rows_max],
            |row| Ok(DocumentId::from_bytes(bytes(row, 0)?)),
        )
    }

    /// The ticket that a note is on.
    ///
    /// # Errors
    /// [`StoreError`] if the store fails.
    pub fn ticket_of_note(&self, note: DocumentId) -> Result<Option<DocumentId>, StoreError> {
        first(
            self.connection,
            "SELECT ticket FROM ticket_notes WHERE note = ?1",
            [note.as_bytes()],
            |row| Ok(DocumentId::from_bytes(bytes(row, 0)?)),
        )
    }

    /// Asks that all that end with a document be looked at again.
    ///
    /// # Errors
    /// [`StoreError`] if the store fails.
    pub fn ask_followers(&mut self, of: DocumentId) -> Result<(), StoreError> {
        self.connection
            .prepare_cached(
                "INSERT OR REPLACE INTO retention_asked(of, position) VALUES (?1, zeroblob(16))",
            )?
            .execute([of.as_bytes()])?;
        Ok(())
    }

    /// A document whose followers are to be looked at again.
    ///
    /// # Errors
    /// [`StoreError`] if the store fails.
    pub fn next_asked(&self) -> Result<Option<AskedRow>, StoreError> {
        first(
            self.connection,
            "SELECT of, position FROM retention_asked LIMIT 1",
            [],
            |row| {
                Ok(AskedRow {
                    of: DocumentId::from_bytes(bytes(row, 0)?),
                    position: DocumentId::from_bytes(bytes(row, 1)?),
                })
            },
        )
    }

    /// Notes how far the followers of a document were looked at; `None`: all were.
    ///
    /// # Errors
    /// [`StoreError`] if the store fails.
    pub fn put_asked(
        &mut self,
        of: DocumentId,
        position: Option<DocumentId>,
    ) -> Result<(), StoreError> {
        match position {
            Some(position) => self
                .connection
                .prepare_cached("UPDATE retention_asked SET position = ?2 WHERE of = ?1")?
                .execute(params![of.as_bytes(), position.as_bytes()])?,
            None => self
                .connection
                .prepare_cached("DELETE FROM retention_asked WHERE of = ?1")?
                .execute([of.as_bytes()])?,
        };
        Ok(())
    }

    /// Documents on disk whose ages are still to be filled in, ascending by id, at most so many;
    /// `None` once all are.
    ///
    /// # Errors
    /// [`StoreError`] if the store fails.
    pub fn without_ages(&self, rows_max: u32) -> Result<Option<Vec<DocumentId>>, StoreError> {
        let Some(after) = filled(self.connection)? else {
            return Ok(None);
        };
        let found = all(
            self.connection,
            "SELECT doc FROM documents WHERE doc > ?1 ORDER BY doc LIMIT ?2",
            params![after.as_bytes(), rows_max],
            |row| Ok(DocumentId::from_bytes(bytes(row, 0)?)),
        )?;
        Ok(Some(found))
    }

    /// Notes up to which document the ages were filled in; `None`: all were.
    ///
    /// # Errors
    /// [`StoreError`] if the store fails.
    pub fn put_filled(&mut self, up_to: Option<DocumentId>) -> Result<(), StoreError> {
        match up_to {
            Some(up_to) => self
                .connection
                .prepare_cached("UPDATE meta SET value = ?2 WHERE key = ?1")?
                .execute(params![FILLED, up_to.as_bytes()])?,
            None => self
                .connection
                .prepare_cached("DELETE FROM meta WHERE key = ?1")?
                .execute([FILLED])?,
        };
        Ok(())
    }

    /// Fills in when a document of a store of an older format has ended.
    ///
    /// # Errors
    /// [`StoreError`] if the store fails.
    pub fn fill_age(&mut self, id: DocumentId, outline: &Outline) -> Result<(), StoreError> {
        put_age(self.connection, id, outline.kind, ended_at(outline))
    }
}

impl Snapshot<'_> {
    /// Up to where each audience has let go.
    ///
    /// # Errors
    /// [`StoreError`] if the store fails.
    pub fn marks(&self) -> Result<Vec<MarkRow>, StoreError> {
        let audiences = Audience::ALL.iter();
        audiences
            .map(|audience| mark(self.connection, *audience))
            .collect()
    }

    /// Whether a document of a kind ended from this age on and before `until`.
    ///
    /// # Errors
    /// [`StoreError`] if the store fails.
    pub fn is_age_between(
        &self,
        kind: Kind,
        from: Age,
        until: Timestamp,
    ) -> Result<bool, StoreError> {
        Ok(self
            .connection
            .prepare_cached(
                "SELECT 1 FROM ages WHERE kind = ?1 AND (ended_at, doc) >= (?2, ?3)
                 AND ended_at < ?4 LIMIT 1",
            )?
            .exists(params![
                kind.code(),
                from.ended_at.as_ms(),
                from.document,
                until.as_ms()
            ])?)
    }

    /// Whether followers are to be looked at again, or ages to be filled in.
    ///
    /// # Errors
    /// [`StoreError`] if the store fails.
    pub fn is_aging_asked(&self) -> Result<bool, StoreError> {
        let asked = self
            .connection
            .prepare_cached("SELECT 1 FROM retention_asked LIMIT 1")?
            .exists([])?;
        Ok(asked || filled(self.connection)?.is_some())
    }
}

/// Lets the index follow a document. Written at once, not with the documents of a commit: what goes
/// along the index in the same commit must not pass by one that came in just before.
pub(super) fn follow(
    connection: &Connection,
    id: DocumentId,
    before: Option<&DocumentRow>,
    after: Option<&DocumentRow>,
) -> Result<(), StoreError> {
    let age = |row: Option<&DocumentRow>| {
        let outline = row.map(|row| &row.outline)?;
        Some((outline.kind, ended_at(outline)?))
    };
    let (before, after) = (age(before), age(after));
    if before == after {
        return Ok(());
    }
    if let Some((kind, ended_at)) = before {
        connection
            .prepare_cached("DELETE FROM ages WHERE kind = ?1 AND ended_at = ?2 AND doc = ?3")?
            .execute(params![kind.code(), ended_at.as_ms(), id.as_bytes()])?;
    }
    match after {
        Some((kind, ended_at)) => put_age(connection, id, kind, Some(ended_at)),
        None => Ok(()),
    }
}

fn put_age(
    connection: &Connection,
    id: DocumentId,
    kind: Kind,
    ended_at: Option<Timestamp>,
) -> Result<(), StoreError> {
    if let Some(ended_at) = ended_at {
        connection
            .prepare_cached("INSERT OR IGNORE INTO ages(kind, ended_at, doc) VALUES (?1, ?2, ?3)")?
            .execute(params![kind.code(), ended_at.as_ms(), id.as_bytes()])?;
    }
    Ok(())
}

fn mark(connection: &Connection, audience: Audience) -> Result<MarkRow, StoreError> {
    let found = first(
        connection,
        "SELECT ended_at, doc, follower, retired FROM retention_marks WHERE audience = ?1",
        [audience.as_str()],
        |row| {
            Ok(MarkRow {
                audience,
                age: Age {
                    ended_at: timestamp(row, 0)?,
                    document: bytes(row, 1)?,
                    follower: bytes(row, 2)?,
                },
                retired: unsigned(row, 3)?,
            })
        },
    )?;
    Ok(found.unwrap_or(MarkRow {
        audience,
        age: Age::before(Timestamp::from_ms(0)),
        retired: 0,
    }))
}

fn age(row: &Row<'_>) -> Result<Age, StoreError> {
    let document = DocumentId::from_bytes(bytes(row, 1)?);
    Ok(Age::of(timestamp(row, 0)?, document))
}

fn filled(connection: &Connection) -> Result<Option<DocumentId>, StoreError> {
    first(
        connection,
        "SELECT value FROM meta WHERE key = ?1",
        [FILLED],
        |row| Ok(DocumentId::from_bytes(bytes(row, 0)?)),
    )
}

#[cfg(test)]
pub(crate) mod older {
    //! Stores as an older version left them, for tests of the relay.

    use std::path::Path;

    use super::*;
    use crate::store::convert::{cbor, to_cbor};

    /// Makes a store one of a version in which nothing grew old: its outlines do not say when a visit
    /// ended, and there is no index.
    pub(crate) fn make_older(database: &Path) {
        let connection = Connection::open(database).unwrap();
        let sql = "SELECT doc, outline FROM documents WHERE kind = ?1";
        let rows = all(&connection, sql, [Kind::Visit.code()], |row| {
            Ok((row.get::<_, Vec<u8>>(0)?, cbor::<Outline>(row, 1)?))
        });
        for (id, mut outline) in rows.unwrap() {
            outline.facts.until = None;
            let bytes = to_cbor(&outline).unwrap();
            let sql = "UPDATE documents SET outline = ?2 WHERE doc = ?1";
            connection.execute(sql, params![id, bytes]).unwrap();
        }
        let forget = "DELETE FROM ages; DELETE FROM followers; DELETE FROM retention_marks;
             INSERT OR REPLACE INTO meta(key, value) VALUES ('ages', zeroblob(16))";
        connection.execute_batch(forget).unwrap();
    }
}
