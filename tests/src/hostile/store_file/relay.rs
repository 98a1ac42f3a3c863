//! An operator starts a relay on a damaged file, and a tablet asks it for everything.

use std::path::Path;
use std::sync::Arc;

use tokio::runtime::Runtime;
use yizhan_proto::sync::{RangeDigest, ScopeState, SyncRequest};
use yizhan_proto::{Scope, ScopeDigest};
use yizhan_server::error::RelayError;
use yizhan_server::relay::{Caller, Relay, RelayOptions};

use super::town::Town;
use crate::chance::Chance;
use crate::clock::{SimClock, TrueTime};
use crate::load;

/// Requests after which a relay that says "more" is left alone.
const ROUNDS_MAX: usize = 20;

/// Opens the relay in `home`, asks for everything that the tablet may read, and stops it. Whatever
/// fails says so, and the writer goes on.
pub(super) fn live_with(home: &Path, town: &Town) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let runtime = runtime.expect("a runtime");
    let clock = SimClock::new(TrueTime::new(), Chance::new(6));
    let options = RelayOptions {
        readers: 1,
        ..RelayOptions::default()
    };
    let relay = match Relay::open(home, clock, &options) {
        Ok(relay) => relay,
        Err(error) => {
            let words = error.to_string();
            assert!((8..4_000).contains(&words.len()), "{words}");
            return;
        }
    };
    told(runtime.block_on(relay.status()).map(drop));
    drop(runtime.block_on(relay.stations()));
    drop(runtime.block_on(relay.add_person("赵师傅", Vec::new())));
    if let Ok(caller) = relay.caller(town.device) {
        ask(&runtime, &relay, &caller);
    }
    let ready = runtime.block_on(relay.ready());
    let stopped = matches!(ready, Err(RelayError::ShuttingDown));
    assert!(!stopped, "the writer did not survive");
    relay.shutdown();
}

fn told(result: Result<(), RelayError>) {
    if let Err(error) = result {
        let words = error.to_string();
        assert!((8..4_000).contains(&words.len()), "{words}");
    }
}

fn ask(runtime: &Runtime, relay: &Relay, caller: &Arc<Caller>) {
    let mut states: Vec<ScopeState> = caller
        .identity
        .scopes
        .iter()
        .map(|scope| ScopeState::new(scope.clone(), None, ScopeDigest::EMPTY))
        .collect();
    for round in 0..ROUNDS_MAX {
        let request = SyncRequest {
            epoch: Some(relay.epoch()),
            scopes: states.clone(),
            repairs: repairs(caller, round),
            ..load::nothing(0)
        };
        let Ok(response) = runtime.block_on(relay.sync(caller, request)) else {
            return;
        };
        for page in response.pages {
            let window = page.window();
            let digest = page.digest.unwrap_or(ScopeDigest::EMPTY);
            if let Some(state) = states.iter_mut().find(|state| state.scope == page.scope) {
                *state = ScopeState::new(page.scope, Some(window), digest);
            }
        }
    }
}

/// In the first round, everything in each scope is compared with nothing.
fn repairs(caller: &Caller, round: usize) -> Vec<RangeDigest> {
    let scopes = caller.identity.scopes.iter().filter(|_| round == 0);
    let range = |scope: &Scope| RangeDigest {
        scope: scope.clone(),
        from: None,
        until: None,
        digest: ScopeDigest::EMPTY,
    };
    scopes.map(range).collect()
}
