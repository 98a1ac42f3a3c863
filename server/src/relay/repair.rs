//! Finding out which documents differ, by comparing digests of ranges, and sending them whole.

use std::collections::BTreeMap;

use yizhan_proto::digest::DocumentDigest;
use yizhan_proto::limits::{REPAIR_ENTRIES_MAX, REPAIR_SPLITS};
use yizhan_proto::sync::{Fetch, Fetched, ForgetReason, RangeDigest, RangeEntry, RepairAnswer};
use yizhan_proto::{DocumentId, Kind, Scope, Sequence};

use super::page::{Budget, Reading, item};
use crate::store::StoreError;
use crate::store::rows::IndexRow;

/// What scopes hold, ascending by document, read once an exchange.
type Holdings = BTreeMap<Scope, Vec<(DocumentId, DocumentDigest)>>;

impl Reading<'_> {
    /// Compares ranges; only those that differ are answered.
    pub(super) fn repairs(&self, asked: &[RangeDigest]) -> Result<Vec<RepairAnswer>, StoreError> {
        let mut holdings = Holdings::new();
        let mut answers = Vec::new();
        for range in asked {
            if !holdings.contains_key(&range.scope) {
                let held = match self.snapshot.scope(&range.scope)? {
                    Some(totals) => self.snapshot.holdings(totals.id)?,
                    None => Vec::new(),
                };
                holdings.insert(range.scope.clone(), held);
            }
            let held = holdings.get(&range.scope).map_or(&[][..], Vec::as_slice);
            answers.extend(compare(range, held));
        }
        Ok(answers)
    }

    /// Sends documents whole, or a forget for what the scope does not hold.
    pub(super) fn fetch(
        &self,
        asked: &[Fetch],
        budget: &mut Budget,
    ) -> Result<Vec<Fetched>, StoreError> {
        let mut fetched = Vec::new();
        for fetch in asked {
            let row = self.place(fetch)?;
            let item = match row.left {
                None => self.whole_item(&row)?,
                Some(_) => item(&row),
            };
            if !budget.take(&item) {
                break;
            }
            let scope = fetch.scope.clone();
            fetched.push(Fetched { scope, item });
        }
        Ok(fetched)
    }

    /// Where a document stands in a scope. One that never was there is said to have left, and
    /// nothing else of it, whether or not it exists.
    fn place(&self, fetch: &Fetch) -> Result<IndexRow, StoreError> {
        let head = Sequence::new(self.head.get()).unwrap_or(Sequence::FIRST);
        let stranger = IndexRow {
            document: fetch.document,
            last: head,
            joined: head,
            left: Some(ForgetReason::Left),
            kind: Kind::Unknown(0),
        };
        let Some(row) = self.snapshot.document(fetch.document)? else {
            return Ok(stranger);
        };
        let member = row
            .members
            .iter()
            .find(|member| member.scope == fetch.scope);
        Ok(member.map_or(stranger, |member| IndexRow {
            document: fetch.document,
            last: member.last,
            joined: member.joined,
            left: member.left,
            kind: row.outline.kind,
        }))
    }
}

/// The answer to one range, or nothing if it agrees. Pure.
fn compare(asked: &RangeDigest, held: &[(DocumentId, DocumentDigest)]) -> Option<RepairAnswer> {
    let from = asked
        .from
        .map_or(0, |from| held.partition_point(|(id, _)| *id < from));
    let until = asked.until.map_or(held.len(), |until| {
        held.partition_point(|(id, _)| *id < until)
    });
    let inside = held.get(from..until).unwrap_or_default();
    let digest = inside.iter().map(|(_, digest)| *digest).collect();
    if digest == asked.digest {
        return None;
    }
    let range = RangeDigest {
        digest,
        ..asked.clone()
    };
    if inside.len() <= REPAIR_ENTRIES_MAX {
        let entries = inside
            .iter()
            .map(|&(document, digest)| RangeEntry { document, digest })
            .collect();
        return Some(RepairAnswer {
            range,
            entries: Some(entries),
            parts: Vec::new(),
        });
    }
    let chunks: Vec<_> = inside
        .chunks(inside.len().div_ceil(REPAIR_SPLITS))
        .collect();
    let first_of = |index: usize| {
        chunks
            .get(index)
            .and_then(|chunk| chunk.first())
            .map(|(id, _)| *id)
    };
    let parts = chunks
        .iter()
        .enumerate()
        .map(|(index, chunk)| RangeDigest {
            scope: asked.scope.clone(),
            // The outer bounds are those asked for, so that no id falls between the parts.
            from: if index == 0 {
                asked.from
            } else {
                first_of(index)
            },
            until: first_of(index + 1).or(asked.until),
            digest: chunk.iter().map(|(_, digest)| *digest).collect(),
        })
        .collect();
    Some(RepairAnswer {
        range,
        entries: None,
        parts,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use yizhan_proto::ScopeDigest;

    fn held(documents: u16) -> Vec<(DocumentId, DocumentDigest)> {
        (0..documents)
            .map(|number| {
                let mut id = [0; 16];
                id[..2].copy_from_slice(&number.to_be_bytes());
                let id = DocumentId::from_bytes(id);
                (id, DocumentDigest::of(id, &[]))
            })
            .collect()
    }

    fn everything(digest: ScopeDigest) -> RangeDigest {
        RangeDigest {
            scope: Scope::Region("r".parse().unwrap()),
            from: None,
            until: None,
            digest,
        }
    }

    #[test]
    fn a_range_that_agrees_is_not_answered() {
        let held = held(9);
        let digest = held.iter().map(|(_, digest)| *digest).collect();
        assert_eq!(compare(&everything(digest), &held), None);
        assert_eq!(compare(&everything(ScopeDigest::EMPTY), &[]), None);
    }

    #[test]
    fn one_missing_document_is_found_in_few_rounds_whatever_the_size() {
        for documents in [1, 2, 255, 256, 257, 5_000] {
            let all = held(documents);
            let missing = all[usize::from(documents) / 2].0;
            let mine: Vec<_> = all
                .iter()
                .copied()
                .filter(|(id, _)| *id != missing)
                .collect();
            let digest_of = |range: &RangeDigest| -> ScopeDigest {
                mine.iter()
                    .filter(|(id, _)| {
                        range.from.is_none_or(|from| from <= *id)
                            && range.until.is_none_or(|until| *id < until)
                    })
                    .map(|(_, digest)| *digest)
                    .collect()
            };
            let mut asked = vec![everything(mine.iter().map(|(_, digest)| *digest).collect())];
            let mut found = None;
            for _ in 0..4 {
                let answers: Vec<_> = asked
                    .iter()
                    .filter_map(|range| compare(range, &all))
                    .collect();
                assert_eq!(answers.len(), 1, "only the part with the difference");
                if let Some(entries) = &answers[0].entries {
                    found = entries
                        .iter()
                        .map(|entry| entry.document)
                        .find(|id| !mine.iter().any(|(held, _)| held == id));
                    break;
                }
                assert!(answers[0].parts.len() <= REPAIR_SPLITS);
                asked = answers[0].parts.clone();
                for range in &mut asked {
                    range.digest = digest_of(range);
                }
            }
            assert_eq!(found, Some(missing), "{documents}");
        }
    }
}
