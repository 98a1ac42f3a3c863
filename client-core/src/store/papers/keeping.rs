//! Which bytes are to be here: those that a document here names, and no others.

use std::collections::BTreeMap;

use rusqlite::{Connection, OptionalExtension, Transaction, params};
use yizhan_proto::limits::PIECE_BYTES_MAX;
use yizhan_proto::{ContentHash, DocumentId, Epoch, Timestamp};

use super::super::scrub::{self, Part};
use super::super::sql::{bytes, bytes_opt, count, int, time_opt, uint};
use super::super::{Store, StoreError, erased};

/// Milliseconds that bytes may wait for the document that names them, which is written next.
const PENDING_MS: i64 = 60 * 60 * 1_000;

/// What documents say of some bytes.
#[derive(Debug, Clone, Copy)]
struct Named {
    bytes: u64,
    thumb: bool,
}

/// A file in the database of bytes.
struct Kept {
    n: i64,
    sha256: ContentHash,
    document: Option<DocumentId>,
    pending: Option<Timestamp>,
    /// Of this phone's, and not at the relay yet.
    unsent: bool,
}

impl Store {
    /// Brings the bytes into line with the documents: new names are noted (small pictures and small files
    /// to be fetched, others when asked for), and what no document here names goes, from the disk too.
    /// What this phone has not sent yet stays as long as changes of its document wait, or were
    /// refused and a person has not given them up.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn reconcile_files(&mut self, now: Timestamp) -> Result<(), StoreError> {
        let named = self.read(all_named)?;
        let epoch = self.device()?.epoch;
        if named.is_empty() && !self.papers.exists() {
            return Ok(());
        }
        if let Some(epoch) = epoch {
            self.papers.write(|tx| offer_to(tx, epoch))?;
        }
        let kept = self.papers.read(all_kept)?;
        let mut gone = Vec::new();
        for file in &kept {
            if !named.contains_key(&file.sha256) && !self.may_stay(file, now)? {
                gone.push(file.n);
            }
        }
        let here: std::collections::BTreeSet<_> = kept.iter().map(|file| file.sha256).collect();
        let new: Vec<_> = named
            .iter()
            .filter(|(sha256, _)| !here.contains(sha256))
            .collect();
        if gone.is_empty() && new.is_empty() {
            self.scrub_papers(now);
            return Ok(());
        }
        if !gone.is_empty() {
            self.write(|tx| scrub::note(tx, Part::Papers))?;
        }
        self.papers.write(|tx| -> Result<(), StoreError> {
            for n in &gone {
                remove(tx, *n)?;
            }
            for (sha256, named) in new {
                let wanted = named.thumb || named.bytes <= count(PIECE_BYTES_MAX);
                tx.prepare_cached(
                    "INSERT OR IGNORE INTO files (sha256, bytes, thumb, wanted)
                     VALUES (?1, ?2, ?3, ?4)",
                )?
                .execute(params![
                    sha256.as_bytes(),
                    int(named.bytes),
                    named.thumb,
                    wanted
                ])?;
            }
            Ok(())
        })?;
        if gone.is_empty() {
            return Ok(());
        }
        // What was deleted is overwritten; the log still holds it until it is folded in.
        self.papers.fold()?;
        self.scrub_papers(now);
        Ok(())
    }

    /// Whether bytes that no document names stay for now.
    fn may_stay(&self, file: &Kept, now: Timestamp) -> Result<bool, StoreError> {
        if let Some(document) = file.document
            && self.read(|connection| erased::is_erased(connection, document))?
        {
            return Ok(false);
        }
        let is_new = file.pending.is_some_and(|since| {
            let age_ms = now.ms_since(since);
            (0..PENDING_MS).contains(&age_ms)
        });
        if is_new {
            return Ok(true);
        }
        // A change that was refused, say: what was photographed is still the person's.
        match file.document.filter(|_| file.unsent) {
            Some(document) => self.read(|connection| has_open_work(connection, document)),
            None => Ok(false),
        }
    }

    /// Bytes that an edit was to name, and was refused: they go unless a document names them.
    pub(super) fn drop_unnamed_file(&mut self, sha256: ContentHash) -> Result<(), StoreError> {
        if self.read(all_named)?.contains_key(&sha256) {
            return Ok(());
        }
        self.write(|tx| scrub::note(tx, Part::Papers))?;
        self.papers.write(|tx| -> Result<(), StoreError> {
            tx.prepare_cached("DELETE FROM files WHERE sha256 = ?1 AND own = 1")?
                .execute([sha256.as_bytes()])?;
            Ok(())
        })
    }
}

/// Whether changes of a document are unsent, refused or wait for a decision.
fn has_open_work(connection: &Connection, document: DocumentId) -> Result<bool, StoreError> {
    let sql = "SELECT EXISTS (SELECT 1 FROM documents d JOIN changes c ON c.document = d.n
                              WHERE d.id = ?1 AND c.state <> 1 AND c.state IN (0, 2, 3))";
    Ok(connection
        .prepare_cached(sql)?
        .query_row([document.as_bytes()], |row| row.get(0))?)
}

/// Sees to it that a relay of another lineage is asked what it has of this phone's.
fn offer_to(tx: &Transaction<'_>, epoch: Epoch) -> Result<(), StoreError> {
    let known: Option<[u8; 8]> = tx
        .prepare_cached("SELECT epoch FROM relay")?
        .query_row([], |row| row.get(0))
        .optional()?;
    if known == Some(*epoch.as_bytes()) {
        return Ok(());
    }
    tx.execute("DELETE FROM relay", [])?;
    tx.execute("INSERT INTO relay (epoch) VALUES (?1)", [epoch.as_bytes()])?;
    if known.is_some() {
        tx.execute(
            "UPDATE files SET own = 1, sent = NULL, tries = 0, not_before = NULL WHERE own > 0",
            [],
        )?;
    }
    Ok(())
}

fn all_named(connection: &Connection) -> Result<BTreeMap<ContentHash, Named>, StoreError> {
    let sql = "SELECT sha256, bytes, thumb_sha256, ifnull(thumb_bytes, 0) FROM attachments_view";
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query([])?;
    let mut named = BTreeMap::new();
    while let Some(row) = rows.next()? {
        if let Some(thumb) = bytes_opt(row, 2, ContentHash::from_bytes)? {
            let bytes = uint(row.get(3)?);
            named.entry(thumb).or_insert(Named { bytes, thumb: true });
        }
        let full = Named {
            bytes: uint(row.get(1)?),
            thumb: false,
        };
        named
            .entry(bytes(row, 0, ContentHash::from_bytes)?)
            .or_insert(full);
    }
    Ok(named)
}

fn all_kept(connection: &Connection) -> Result<Vec<Kept>, StoreError> {
    let mut statement =
        connection.prepare_cached("SELECT n, sha256, document, pending, own = 1 FROM files")?;
    let rows = statement.query_map([], |row| {
        Ok(Kept {
            n: row.get(0)?,
            sha256: bytes(row, 1, ContentHash::from_bytes)?,
            document: bytes_opt(row, 2, DocumentId::from_bytes)?,
            pending: time_opt(row, 3)?,
            unsent: row.get(4)?,
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

fn remove(tx: &Transaction<'_>, n: i64) -> Result<(), StoreError> {
    tx.prepare_cached("DELETE FROM files WHERE n = ?1")?
        .execute([n])?;
    Ok(())
}
