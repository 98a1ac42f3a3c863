//! What the receipt of an erasure says: numbers, and the devices that have yet to confirm.

use rusqlite::params;
use yizhan_proto::{DeviceId, DocumentId, EntryId, Kind, PersonId};

use super::StoreError;
use super::convert::{bytes, timestamp_or_none, unsigned};
use super::erasure::{COLUMNS, document_and_kind, erasure_row};
use super::queries::{all, first};
use super::readers::Snapshot;
use super::rows::{ErasedKind, ErasureRow, OutstandingDevice};

/// Devices that were served a scope in which an erased document was, before it was erased, and have
/// neither carried out its forget in any scope nor said that nothing of that scope is left.
const OUTSTANDING: &str = "FROM erased_places p
     JOIN erasures e ON e.id = p.erasure
     JOIN scopes s ON s.id = p.scope
     JOIN device_scopes t ON t.scope = s.scope
     JOIN devices d ON d.device = t.device
     LEFT JOIN device_wipes w ON w.device = d.device
     WHERE p.erasure = ?1 AND t.confirmed_at IS NULL AND t.clear_to < p.seq
       AND NOT EXISTS (SELECT 1 FROM erased_places q JOIN forget_acks a
           ON a.device = t.device AND a.scope = q.scope AND a.doc = q.doc AND a.seq >= q.seq
           WHERE q.doc = p.doc)";

impl Snapshot<'_> {
    /// All erasures, the latest first.
    ///
    /// # Errors
    /// [`StoreError`] if the store fails.
    pub fn erasures(&self) -> Result<Vec<ErasureRow>, StoreError> {
        all(
            self.connection,
            &format!("SELECT {COLUMNS} FROM erasures ORDER BY erased_at DESC, id DESC"),
            [],
            erasure_row,
        )
    }

    /// Erasures, the latest first, at most `rows_max`: those that come behind `before`, if one is
    /// named.
    ///
    /// # Errors
    /// [`StoreError`] if the store fails.
    pub fn erasures_behind(
        &self,
        before: Option<&ErasureRow>,
        rows_max: u32,
    ) -> Result<Vec<ErasureRow>, StoreError> {
        let (at, id) = before.map_or((i64::MAX, [0xff; 16]), |row| {
            (row.at.as_ms(), *row.id.as_bytes())
        });
        all(
            self.connection,
            &format!(
                "SELECT {COLUMNS} FROM erasures WHERE (erased_at, id) < (?1, ?2)
                 ORDER BY erased_at DESC, id DESC LIMIT ?3"
            ),
            params![at, id, rows_max],
            erasure_row,
        )
    }

    /// Erasures whose id lies in a range, both ends included, or that took this subject, ascending
    /// by id, at most `rows_max`.
    ///
    /// # Errors
    /// [`StoreError`] if the store fails.
    pub fn erasures_named(
        &self,
        [from, until]: [EntryId; 2],
        subject: Option<EntryId>,
        rows_max: u32,
    ) -> Result<Vec<ErasureRow>, StoreError> {
        all(
            self.connection,
            &format!(
                "SELECT {COLUMNS} FROM erasures WHERE id BETWEEN ?1 AND ?2 OR subject = ?3
                 ORDER BY id LIMIT ?4"
            ),
            params![
                from.as_bytes(),
                until.as_bytes(),
                subject.as_ref().map(EntryId::as_bytes),
                rows_max
            ],
            erasure_row,
        )
    }

    /// One erasure.
    ///
    /// # Errors
    /// [`StoreError`] if the store fails.
    pub fn erasure(&self, id: EntryId) -> Result<Option<ErasureRow>, StoreError> {
        first(
            self.connection,
            &format!("SELECT {COLUMNS} FROM erasures WHERE id = ?1"),
            [id.as_bytes()],
            erasure_row,
        )
    }

    /// How many documents of each kind an erasure takes, ascending by kind.
    ///
    /// # Errors
    /// [`StoreError`] if the store fails.
    pub fn erased_kinds(&self, erasure: EntryId) -> Result<Vec<ErasedKind>, StoreError> {
        all(
            self.connection,
            "SELECT kind, count(*), sum(done) FROM erased_documents WHERE erasure = ?1
             GROUP BY kind ORDER BY kind",
            [erasure.as_bytes()],
            |row| {
                Ok(ErasedKind {
                    kind: Kind::from_code(row.get(0)?),
                    documents: unsigned(row, 1)?,
                    done: unsigned(row, 2)?,
                })
            },
        )
    }

    /// The devices that have yet to confirm, ascending by id.
    ///
    /// # Errors
    /// [`StoreError`] if the store fails.
    pub fn erasure_outstanding(
        &self,
        erasure: EntryId,
    ) -> Result<Vec<OutstandingDevice>, StoreError> {
        all(
            self.connection,
            &format!(
                "SELECT d.device, d.person, d.label, d.last_seen_at, d.revoked_at,
                        count(DISTINCT p.doc), w.ordered_at, w.wiped_at {OUTSTANDING} GROUP BY d.device ORDER BY d.device"
            ),
            [erasure.as_bytes()],
            |row| {
                Ok(OutstandingDevice {
                    device: DeviceId::from_bytes(bytes(row, 0)?),
                    person: PersonId::from_bytes(bytes(row, 1)?),
                    label: row.get(2)?,
                    last_seen_at: timestamp_or_none(row, 3)?,
                    revoked_at: timestamp_or_none(row, 4)?,
                    documents: unsigned(row, 5)?,
                    wipe_ordered_at: timestamp_or_none(row, 6)?,
                    wiped_at: timestamp_or_none(row, 7)?,
                })
            },
        )
    }

    /// All documents of an erasure, ascending by id.
    ///
    /// # Errors
    /// [`StoreError`] if the store fails.
    pub fn erased_documents(
        &self,
        erasure: EntryId,
    ) -> Result<Vec<(DocumentId, Kind)>, StoreError> {
        all(
            self.connection,
            "SELECT doc, kind FROM erased_documents WHERE erasure = ?1 ORDER BY doc",
            [erasure.as_bytes()],
            document_and_kind,
        )
    }

    /// All ids of the person whom an erasure took; none if it took one document.
    ///
    /// # Errors
    /// [`StoreError`] if the store fails.
    pub fn erased_people(&self, erasure: EntryId) -> Result<Vec<PersonId>, StoreError> {
        all(
            self.connection,
            "SELECT person FROM erased_people WHERE erasure = ?1 ORDER BY person",
            [erasure.as_bytes()],
            |row| bytes(row, 0).map(PersonId::from_bytes),
        )
    }

    /// Changes by these people that are kept. Looks at every change.
    ///
    /// # Errors
    /// [`StoreError`] if the store fails.
    pub fn changes_by(&self, people: &[PersonId]) -> Result<u64, StoreError> {
        let mut sum = 0;
        for person in people {
            let count = first(
                self.connection,
                "SELECT count(*) FROM changes WHERE person = ?1",
                params![person.as_bytes()],
                |row| unsigned(row, 0),
            )?;
            sum += count.unwrap_or(0);
        }
        Ok(sum)
    }
}
