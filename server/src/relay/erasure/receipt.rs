//! What an erasure did, and who has yet to confirm.

use yizhan_proto::{DocumentId, EntryId, Kind, PersonId};

use crate::error::{ErasureError, RelayError};
use crate::relay::{Relay, from_read};
use crate::store::rows::{ErasedKind, ErasureRow, OutstandingDevice};
use crate::store::{Snapshot, StoreError};

/// A receipt: never content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    /// The erasure.
    pub erasure: ErasureRow,
    /// How many documents of each kind, and how many of them are gone.
    pub kinds: Vec<ErasedKind>,
    /// Devices that were served what was erased and have not confirmed that nothing of it is left.
    pub outstanding: Vec<OutstandingDevice>,
}

impl Receipt {
    /// Documents that the erasure takes.
    #[must_use]
    pub fn documents(&self) -> u64 {
        self.kinds.iter().map(|kind| kind.documents).sum()
    }

    /// Documents of which nothing is left.
    #[must_use]
    pub fn done(&self) -> u64 {
        self.kinds.iter().map(|kind| kind.done).sum()
    }
}

/// An erasure as it is kept apart from the relay, to be carried out again after a backup from
/// before it was put back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LedgerEntry {
    /// The erasure.
    pub erasure: ErasureRow,
    /// All ids of the person; none if it took one document.
    pub people: Vec<PersonId>,
    /// The documents.
    pub documents: Vec<(DocumentId, Kind)>,
}

impl Relay {
    /// The receipts of all erasures, the latest first.
    ///
    /// # Errors
    /// [`RelayError`] if the store fails.
    pub async fn erasures(&self) -> Result<Vec<Receipt>, RelayError> {
        let read = |snapshot: &Snapshot<'_>| -> Result<Vec<Receipt>, StoreError> {
            let rows = snapshot.erasures()?;
            rows.into_iter().map(|row| receipt(snapshot, row)).collect()
        };
        self.inner.readers.read(read).await.map_err(from_read)
    }

    /// The receipt of an erasure.
    ///
    /// # Errors
    /// [`ErasureError::NotFound`].
    pub async fn erasure(&self, id: EntryId) -> Result<Receipt, ErasureError> {
        let read = move |snapshot: &Snapshot<'_>| -> Result<Option<Receipt>, StoreError> {
            let row = snapshot.erasure(id)?;
            row.map(|row| receipt(snapshot, row)).transpose()
        };
        let found = self.inner.readers.read(read).await.map_err(from_read)?;
        found.ok_or_else(|| ErasureError::NotFound(format!("no erasure {id}")))
    }

    /// The ledger, the latest erasure first.
    ///
    /// # Errors
    /// [`RelayError`] if the store fails.
    pub async fn erasure_ledger(&self) -> Result<Vec<LedgerEntry>, RelayError> {
        let read = |snapshot: &Snapshot<'_>| -> Result<Vec<LedgerEntry>, StoreError> {
            let entry = |erasure: ErasureRow| {
                Ok(LedgerEntry {
                    people: snapshot.erased_people(erasure.id)?,
                    documents: snapshot.erased_documents(erasure.id)?,
                    erasure,
                })
            };
            snapshot.erasures()?.into_iter().map(entry).collect()
        };
        self.inner.readers.read(read).await.map_err(from_read)
    }
}

fn receipt(snapshot: &Snapshot<'_>, erasure: ErasureRow) -> Result<Receipt, StoreError> {
    Ok(Receipt {
        kinds: snapshot.erased_kinds(erasure.id)?,
        outstanding: snapshot.erasure_outstanding(erasure.id)?,
        erasure,
    })
}
