//! Documents and scopes in memory, in three layers: what is committed, what the open commit adds,
//! what the running job adds. A job that fails drops its layer, a commit that fails drops both of
//! the upper ones; so memory never holds what the disk does not.

use std::collections::{BTreeMap, HashMap};
use std::hash::Hash;
use std::sync::Arc;

use yizhan_proto::{Cursor, DocumentId, Scope};

use super::remembered::{Consents, ConsentsMoved};
use super::rows::{DocumentRow, ScopeRow};

/// Numbers that only the writer moves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Counters {
    /// The latest sequence allotted.
    pub(super) head: Cursor,
    /// The latest scope number given.
    pub(super) scope_id: i64,
    /// Changes in quarantine, rejected ones included.
    pub(super) quarantined: u64,
    /// Ids of documents and people erased for good.
    pub(super) erased: u64,
}

/// A document changed since the last commit.
#[derive(Debug, Clone)]
pub(super) struct Dirty {
    /// As it is on disk.
    pub(super) before: Option<Arc<DocumentRow>>,
    /// As it is to be.
    pub(super) after: Arc<DocumentRow>,
    /// Whether nothing of it is to be kept but the places where it is to be forgotten.
    pub(super) gone: bool,
}

/// What a job, or all jobs of a commit, add.
#[derive(Debug)]
pub(super) struct Layer {
    pub(super) documents: BTreeMap<DocumentId, Dirty>,
    pub(super) scopes: BTreeMap<Scope, ScopeRow>,
    pub(super) counters: Counters,
    pub(super) consents: ConsentsMoved,
}

impl Layer {
    /// Nothing yet, on top of these counters.
    pub(super) const fn on(counters: Counters) -> Self {
        Self {
            documents: BTreeMap::new(),
            scopes: BTreeMap::new(),
            counters,
            consents: ConsentsMoved::none(),
        }
    }

    /// Takes in what a job added.
    pub(super) fn absorb(&mut self, job: Self) {
        self.counters = job.counters;
        self.consents.absorb(job.consents);
        self.scopes.extend(job.scopes);
        for (document, dirty) in job.documents {
            self.documents
                .entry(document)
                .and_modify(|mine| {
                    mine.after = Arc::clone(&dirty.after);
                    mine.gone = dirty.gone;
                })
                .or_insert(dirty);
        }
    }
}

/// What is committed, as far as memory holds it.
#[derive(Debug)]
pub(super) struct Committed {
    pub(super) documents: Recent<DocumentId, Arc<DocumentRow>>,
    pub(super) scopes: Recent<Scope, ScopeRow>,
    pub(super) consents: Consents,
    pub(super) counters: Counters,
}

impl Committed {
    /// Empty, with room for so many documents.
    pub(super) fn new(counters: Counters, documents_max: usize) -> Self {
        Self {
            documents: Recent::new(documents_max),
            scopes: Recent::new(documents_max),
            consents: Consents::new(),
            counters,
        }
    }

    /// Takes in a layer whose commit succeeded.
    pub(super) fn absorb(&mut self, layer: Layer) {
        self.counters = layer.counters;
        self.consents.follow(&layer.consents);
        for (scope, row) in layer.scopes {
            self.scopes.put(scope, row);
        }
        for (document, dirty) in layer.documents {
            if dirty.gone {
                self.documents.remove(&document);
            } else {
                self.documents.put(document, dirty.after);
            }
        }
    }
}

/// A bounded map that forgets what was not used lately: two generations, of which the older is
/// dropped whole when the younger is full.
#[derive(Debug)]
pub(super) struct Recent<K, V> {
    young: HashMap<K, V>,
    old: HashMap<K, V>,
    generation_max: usize,
}

impl<K: Hash + Eq + Clone, V: Clone> Recent<K, V> {
    /// Keeps at most `entries_max` entries, and at least the latest half of that.
    pub(super) fn new(entries_max: usize) -> Self {
        Self {
            young: HashMap::new(),
            old: HashMap::new(),
            generation_max: (entries_max / 2).max(1),
        }
    }

    /// The value, which counts as used.
    pub(super) fn get(&mut self, key: &K) -> Option<V> {
        if let Some(value) = self.young.get(key) {
            return Some(value.clone());
        }
        let value = self.old.remove(key)?;
        self.put(key.clone(), value.clone());
        Some(value)
    }

    /// Forgets a value.
    pub(super) fn remove(&mut self, key: &K) {
        self.young.remove(key);
        self.old.remove(key);
    }

    /// Keeps a value.
    pub(super) fn put(&mut self, key: K, value: V) {
        if self.young.len() >= self.generation_max && !self.young.contains_key(&key) {
            self.old = std::mem::take(&mut self.young);
        }
        self.old.remove(&key);
        self.young.insert(key, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_used_stays_and_the_rest_is_bounded() {
        let mut recent = Recent::new(10);
        for number in 0..1_000 {
            recent.put(number, number);
            assert_eq!(recent.get(&0), Some(0), "used all the time");
            assert_eq!(recent.get(&number), Some(number));
            assert!(recent.young.len() + recent.old.len() <= 10);
        }
        assert_eq!(recent.get(&900), None);
    }

    #[test]
    fn a_newer_value_hides_an_older_one_in_either_generation() {
        let mut recent = Recent::new(2);
        recent.put(1, "a");
        recent.put(2, "b");
        recent.put(1, "c");
        assert_eq!(recent.get(&1), Some("c"));
        assert_eq!(recent.get(&1), Some("c"));
    }
}
