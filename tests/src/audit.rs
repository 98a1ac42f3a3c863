//! What the relay holds for a device, asked as a new phone would ask: through the exchange, from
//! the first contact on. The reader here is not the client's: a second opinion.

use std::collections::BTreeMap;

use tokio::runtime::Runtime;
use yizhan_client_core::model::Document;
use yizhan_client_core::model::document::Unreadable;
use yizhan_proto::sync::{Item, ScopeState, SyncRequest};
use yizhan_proto::{
    ChangeHash, Cursor, DeviceId, DocumentId, Kind, ProtocolVersion, Scope, ScopeDigest, Sequence,
    Timestamp,
};
use yizhan_server::relay::Relay;

use crate::reading;
use crate::reference::Visible;

/// One document as the relay gives it out.
#[derive(Debug, Clone)]
pub struct Given {
    /// Its kind.
    pub kind: Kind,
    /// Its changes by sequence.
    pub changes: BTreeMap<Sequence, (ChangeHash, Vec<u8>)>,
    /// The scopes it came through.
    pub scopes: Vec<Scope>,
}

impl Given {
    /// Its change hashes, ascending.
    #[must_use]
    pub fn hashes(&self) -> Vec<ChangeHash> {
        let mut hashes: Vec<ChangeHash> = self.changes.values().map(|(hash, _)| *hash).collect();
        hashes.sort_unstable();
        hashes
    }

    /// What it shows.
    ///
    /// # Errors
    /// [`Unreadable`] if its changes do not make a document.
    pub fn visible(&self, id: DocumentId) -> Result<Visible, Unreadable> {
        let changes = self.changes.values().map(|(_, bytes)| bytes.as_slice());
        reading::visible(&Document::open(id, self.kind, changes)?)
    }
}

/// What the relay would give a new phone in the device's place.
#[derive(Debug, Clone, Default)]
pub struct Audit {
    /// All documents.
    pub documents: BTreeMap<DocumentId, Given>,
    /// The relay's digest of each scope.
    pub digests: BTreeMap<Scope, ScopeDigest>,
    /// The relay's latest sequence.
    pub head: Cursor,
}

/// Rounds after which a relay that keeps saying "more" is not going to end.
const ROUNDS_MAX: usize = 10_000;

/// Reads all that the relay has for the device, in pages of `page_bytes_max`.
///
/// # Panics
/// If the relay refuses, never ends, or gives a window that cannot be true.
#[must_use]
pub fn audit(runtime: &Runtime, relay: &Relay, device: DeviceId, page_bytes_max: u32) -> Audit {
    let caller = relay.caller(device).expect("a device to audit may act");
    let mut states: Vec<ScopeState> = caller
        .identity
        .scopes
        .iter()
        .map(|scope| ScopeState::new(scope.clone(), None, ScopeDigest::EMPTY))
        .collect();
    let mut audit = Audit::default();
    for _ in 0..ROUNDS_MAX {
        let request = SyncRequest {
            version: ProtocolVersion::CURRENT,
            epoch: Some(relay.epoch()),
            device_time: Timestamp::EARLIEST,
            identity_version: caller.identity.version,
            summary: None,
            scopes: states.clone(),
            pushes: Vec::new(),
            page_bytes_max,
            forgotten: Vec::new(),
            repairs: Vec::new(),
            fetches: Vec::new(),
            decided: None,
            left: Vec::new(),
        };
        let response = runtime
            .block_on(relay.sync(&caller, request))
            .expect("the relay serves an audit");
        audit.head = response.head;
        for page in response.pages {
            let state = states
                .iter_mut()
                .find(|state| state.scope == page.scope)
                .expect("a page of a scope that was asked for");
            let window = page.window();
            assert!(window.is_consistent(), "a window that cannot be true");
            *state = ScopeState::new(page.scope.clone(), Some(window), ScopeDigest::EMPTY);
            for item in page.items {
                audit.take(&page.scope, item);
            }
            // Read to its end: not asked for again, since this reader keeps no digest.
            if let Some(digest) = page.digest {
                states.retain(|state| state.scope != page.scope);
                audit.digests.insert(page.scope, digest);
            }
        }
        if states.is_empty() {
            return audit;
        }
    }
    panic!("the relay says \"more\" for ever");
}

impl Audit {
    fn take(&mut self, scope: &Scope, item: Item) {
        if item.forget.is_some() {
            return;
        }
        let given = self
            .documents
            .entry(item.document)
            .or_insert_with(|| Given {
                kind: item.kind,
                changes: BTreeMap::new(),
                scopes: Vec::new(),
            });
        given.scopes.push(scope.clone());
        for stored in item.changes {
            let hash = ChangeHash::of_chunk(&stored.change);
            given.changes.insert(stored.sequence, (hash, stored.change));
        }
    }
}
