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

/// Receipts of one page at most.
const RECEIPTS_MAX: u32 = 1_000;

impl Relay {
    /// Receipts, the latest first, at most `limit` (and 1,000): those that come behind
    /// the erasure `before`, if one is named.
    ///
    /// # Errors
    /// [`ErasureError::NotFound`] if there is no such erasure.
    pub async fn erasures(
        &self,
        before: Option<EntryId>,
        limit: u32,
    ) -> Result<Vec<Receipt>, ErasureError> {
        let read = move |snapshot: &Snapshot<'_>| -> Result<Option<Vec<Receipt>>, StoreError> {
            let behind = match before {
                None => None,
                Some(id) => match snapshot.erasure(id)? {
                    None => return Ok(None),
                    found @ Some(_) => found,
                },
            };
            let rows = snapshot.erasures_behind(behind.as_ref(), limit.min(RECEIPTS_MAX))?;
            let receipts = rows.into_iter().map(|row| receipt(snapshot, row));
            receipts.collect::<Result<_, _>>().map(Some)
        };
        let found = self.inner.readers.read(read).await.map_err(from_read)?;
        found.ok_or_else(|| match before {
            Some(id) => ErasureError::NotFound(format!("no erasure {id}")),
            None => ErasureError::NotFound("no erasure".to_owned()),
        })
    }

    /// Receipts of what somebody calls so: by the id of the erasure, or its beginning, or by the whole
    /// id of what was erased; at most `limit`.
    ///
    /// # Errors
    /// [`ErasureError::Invalid`] if the text is no beginning of an id.
    pub async fn erasures_named(
        &self,
        text: &str,
        limit: u32,
    ) -> Result<Vec<Receipt>, ErasureError> {
        let range = beginning(text).ok_or_else(|| {
            let shown: String = text.chars().take(64).collect();
            ErasureError::Invalid(format!("{shown} is not the beginning of an id"))
        })?;
        let subject = (range[0] == range[1]).then_some(range[0]);
        let limit = limit.min(RECEIPTS_MAX);
        let read = move |snapshot: &Snapshot<'_>| -> Result<Vec<Receipt>, StoreError> {
            let rows = snapshot.erasures_named(range, subject, limit)?;
            rows.into_iter().map(|row| receipt(snapshot, row)).collect()
        };
        Ok(self.inner.readers.read(read).await.map_err(from_read)?)
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

/// The first and the last id that begin so: hexadecimal digits, and hyphens anywhere.
fn beginning(text: &str) -> Option<[EntryId; 2]> {
    let digits: Option<Vec<u8>> = text
        .chars()
        .filter(|letter| *letter != '-')
        .map(|letter| {
            letter
                .to_digit(16)
                .and_then(|digit| u8::try_from(digit).ok())
        })
        .collect();
    let digits = digits.filter(|digits| (1..=32).contains(&digits.len()))?;
    let filled = |with: u8| {
        let digit = |at: usize| digits.get(at).copied().unwrap_or(with);
        EntryId::from_bytes(std::array::from_fn(|at| {
            digit(2 * at) << 4 | digit(2 * at + 1)
        }))
    };
    Some([filled(0), filled(0xf)])
}

fn receipt(snapshot: &Snapshot<'_>, erasure: ErasureRow) -> Result<Receipt, StoreError> {
    Ok(Receipt {
        kinds: snapshot.erased_kinds(erasure.id)?,
        outstanding: snapshot.erasure_outstanding(erasure.id)?,
        erasure,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_found_by_its_beginning_with_and_without_hyphens() {
        let id: EntryId = "01999c2e-4a7b-7c3d-8e9f-0a1b2c3d4e5f".parse().unwrap();
        for text in [
            "0",
            "01999C2E",
            "01999c2e-4a7b",
            "01999c2e4a7b7c",
            &id.to_string(),
        ] {
            let [from, until] = beginning(text).unwrap();
            assert!(from <= id && id <= until, "{text}");
        }
        assert_eq!(beginning(&id.to_string()), Some([id, id]));
        let [_, until] = beginning("01999c2d").unwrap();
        assert!(until < id);
        for wrong in ["", "-", "李师傅", "xyz", &"0".repeat(33)] {
            assert_eq!(beginning(wrong), None, "{wrong}");
        }
    }
}
