//! The network of a simulated world: what is sent may be lost, cut, doubled, or come late.
//!
//! Every message goes through its bytes ([`codec`]), as on a real wire. Nothing here waits, and
//! nothing fails but what a test ordered or the seed decided.

mod pieces;
mod reads;
mod sheets;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::runtime::Runtime;
use yizhan_proto::sync::{SyncRequest, SyncResponse};
use yizhan_proto::{DeviceId, Fault, FaultCode, codec, limits};
use yizhan_server::error::{CallerError, RelayError};
use yizhan_server::relay::Relay;

use crate::chance::Chance;

/// What may happen to one exchange.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Mishap {
    /// The request never arrives.
    RequestLost,
    /// The relay commits, and its answer is lost.
    ResponseLost,
    /// The relay commits, and its answer ends in the middle.
    ResponseCut,
    /// The request arrives twice; the second answer is the one that comes back.
    Doubled,
    /// After the exchange an old request of the same device arrives once more; its answer goes nowhere.
    OldOneReplayed,
    /// The relay says it is busy.
    Busy,
    /// The access token has expired.
    TokenExpired,
}

impl Mishap {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::RequestLost,
        Self::ResponseLost,
        Self::ResponseCut,
        Self::Doubled,
        Self::OldOneReplayed,
        Self::Busy,
        Self::TokenExpired,
    ];
}

/// What a phone's side of an exchange sees, if not a response.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trouble {
    /// No connection.
    Offline,
    /// The connection stood, and nothing came.
    TimedOut,
    /// What came was not a whole message.
    Garbled,
    /// The relay answered with a fault.
    Fault(Box<Fault>),
}

/// What went over the wire.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Traffic {
    /// Requests that reached the relay.
    pub requests: u64,
    /// Bytes of request bodies, before any content encoding.
    pub bytes_up: u64,
    /// Bytes of response bodies, before any content encoding.
    pub bytes_down: u64,
    /// How often each mishap struck.
    pub mishaps: BTreeMap<Mishap, u64>,
}

/// The network. Clones are the same one.
#[derive(Debug, Clone)]
pub struct Net {
    runtime: Arc<Runtime>,
    state: Arc<Mutex<State>>,
}

#[derive(Debug)]
struct State {
    relay: Option<Relay>,
    chance: Chance,
    odds: u64,
    offline: BTreeSet<DeviceId>,
    ordered: BTreeMap<DeviceId, VecDeque<Mishap>>,
    old: BTreeMap<DeviceId, Vec<Vec<u8>>>,
    traffic: Traffic,
    answers: Vec<String>,
}

/// How many old requests of a device may come late.
const OLD_REQUESTS_MAX: usize = 16;

impl Net {
    /// A network on which nothing goes wrong.
    #[must_use]
    pub fn new(runtime: Arc<Runtime>, chance: Chance) -> Self {
        let state = State {
            relay: None,
            chance,
            odds: 0,
            offline: BTreeSet::new(),
            ordered: BTreeMap::new(),
            old: BTreeMap::new(),
            traffic: Traffic::default(),
            answers: Vec::new(),
        };
        Self {
            runtime,
            state: Arc::new(Mutex::new(state)),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Connects the relay; `None`: it is down.
    pub fn connect(&self, relay: Option<Relay>) {
        self.state().relay = relay;
    }

    /// From here on one exchange in `odds` meets a mishap; 0: none.
    pub fn fail_one_in(&self, odds: u64) {
        self.state().odds = odds;
    }

    /// Takes a device out of coverage, or brings it back.
    pub fn set_offline(&self, device: DeviceId, offline: bool) {
        let mut state = self.state();
        if offline {
            state.offline.insert(device);
        } else {
            state.offline.remove(&device);
        }
    }

    /// Orders what happens to the device's next exchanges, in this order.
    pub fn order(&self, device: DeviceId, mishaps: impl IntoIterator<Item = Mishap>) {
        self.state()
            .ordered
            .entry(device)
            .or_default()
            .extend(mishaps);
    }

    /// Ends all mishaps ordered or left to chance, and brings everybody into coverage.
    pub fn heal(&self) {
        let mut state = self.state();
        state.odds = 0;
        state.ordered.clear();
        state.offline.clear();
    }

    /// What went over the wire so far.
    #[must_use]
    pub fn traffic(&self) -> Traffic {
        self.state().traffic.clone()
    }

    /// Forgets the requests that might come late (their relay is gone).
    pub fn forget_old_requests(&self) {
        self.state().old.clear();
    }

    /// The shape of every answer the relay gave so far, oldest first: for tests of what is asked
    /// and answered.
    #[must_use]
    pub fn answers(&self) -> Vec<String> {
        self.state().answers.clone()
    }

    /// The relay, if the device reaches it.
    ///
    /// # Errors
    /// [`Trouble::Offline`].
    pub fn relay(&self, device: DeviceId) -> Result<Relay, Trouble> {
        let state = self.state();
        let reached = state
            .relay
            .clone()
            .filter(|_| !state.offline.contains(&device));
        reached.ok_or(Trouble::Offline)
    }

    /// Carries a call of the relay to its end.
    pub fn run<T>(&self, call: impl Future<Output = T>) -> T {
        self.runtime.block_on(call)
    }

    /// Brings a request to the relay and the answer back, as far as this network lets it.
    ///
    /// # Errors
    /// [`Trouble`] as the phone sees it.
    pub fn exchange(
        &self,
        device: DeviceId,
        request: &SyncRequest,
    ) -> Result<SyncResponse, Trouble> {
        let mut state = self.state();
        if state.offline.contains(&device) || state.relay.is_none() {
            return Err(Trouble::Offline);
        }
        let mishap = state.mishap(device);
        let body = codec::encode(request);
        match mishap {
            Some(Mishap::RequestLost) => return Err(Trouble::TimedOut),
            Some(Mishap::Busy) => {
                let mut fault = Fault::new(FaultCode::Busy, "come back");
                fault.retry_after_ms = Some(1_000);
                return Err(Trouble::Fault(Box::new(fault)));
            }
            Some(Mishap::TokenExpired) => {
                let mut fault = Fault::new(FaultCode::TokenExpired, "renew it");
                fault.challenge = Some(vec![7; 40]);
                return Err(Trouble::Fault(Box::new(fault)));
            }
            Some(Mishap::Doubled) => drop(state.serve(&self.runtime, device, &body)),
            Some(Mishap::ResponseLost | Mishap::ResponseCut | Mishap::OldOneReplayed) | None => {}
        }
        let answer = state.serve(&self.runtime, device, &body);
        if mishap == Some(Mishap::OldOneReplayed) {
            state.replay_an_old_one(&self.runtime, device);
        }
        state.remember(device, body);
        let answer = answer.map_err(Trouble::Fault)?;
        match mishap {
            Some(Mishap::ResponseLost) => Err(Trouble::TimedOut),
            Some(Mishap::ResponseCut) => {
                let end = state.chance.index(answer.len());
                read(&answer[..end])
            }
            Some(
                Mishap::RequestLost
                | Mishap::Busy
                | Mishap::TokenExpired
                | Mishap::Doubled
                | Mishap::OldOneReplayed,
            )
            | None => read(&answer),
        }
    }
}

fn read(answer: &[u8]) -> Result<SyncResponse, Trouble> {
    codec::decode(answer, limits::RESPONSE_BYTES_MAX).map_err(|_| Trouble::Garbled)
}

impl State {
    fn mishap(&mut self, device: DeviceId) -> Option<Mishap> {
        let ordered = self.ordered.get_mut(&device).and_then(VecDeque::pop_front);
        let mishap = ordered.or_else(|| {
            (self.odds > 0 && self.chance.one_in(self.odds))
                .then(|| *self.chance.pick(&Mishap::ALL))
        });
        if let Some(mishap) = mishap {
            *self.traffic.mishaps.entry(mishap).or_default() += 1;
        }
        mishap
    }

    fn serve(
        &mut self,
        runtime: &Runtime,
        device: DeviceId,
        body: &[u8],
    ) -> Result<Vec<u8>, Box<Fault>> {
        self.traffic.requests += 1;
        self.traffic.bytes_up += body.len() as u64;
        let Some(relay) = self.relay.clone() else {
            return Err(Box::new(Fault::new(FaultCode::ShuttingDown, "no relay")));
        };
        let response = ask(runtime, &relay, device, body)?;
        let answer = codec::encode(&response);
        self.traffic.bytes_down += answer.len() as u64;
        self.answers.push(shape(&response));
        Ok(answer)
    }

    fn replay_an_old_one(&mut self, runtime: &Runtime, device: DeviceId) {
        let Some(old) = self.old.get(&device) else {
            return;
        };
        let old = self.chance.pick(old).clone();
        drop(self.serve(runtime, device, &old));
    }

    fn remember(&mut self, device: DeviceId, body: Vec<u8>) {
        let old = self.old.entry(device).or_default();
        if old.len() == OLD_REQUESTS_MAX {
            old.remove(0);
        }
        old.push(body);
    }
}

/// What the front of the server does with a request, without HTTP.
fn ask(
    runtime: &Runtime,
    relay: &Relay,
    device: DeviceId,
    body: &[u8],
) -> Result<SyncResponse, Box<Fault>> {
    let request: SyncRequest = codec::decode(body, limits::REQUEST_BYTES_MAX)
        .map_err(|error| Box::new(Fault::new(FaultCode::Malformed, error.to_string())))?;
    let caller = relay
        .caller(device)
        .map_err(|error| Box::new(Fault::new(code_of_caller(error), error.to_string())))?;
    runtime
        .block_on(relay.sync(&caller, request))
        .map_err(|error| Box::new(fault_of(&error)))
}

/// The fault of a device that may not act.
pub(crate) fn code_of_caller(error: CallerError) -> FaultCode {
    match error {
        CallerError::Unknown => FaultCode::DeviceUnknown,
        CallerError::Revoked => FaultCode::DeviceRevoked,
    }
}

fn fault_of(error: &RelayError) -> Fault {
    let code = match error {
        RelayError::Caller(error) => code_of_caller(*error),
        RelayError::UnsupportedVersion { .. } => FaultCode::UnsupportedVersion,
        RelayError::Limit { .. } => FaultCode::TooLarge,
        RelayError::Invalid(_) => FaultCode::Invalid,
        RelayError::Busy { .. } => FaultCode::Busy,
        RelayError::ShuttingDown => FaultCode::ShuttingDown,
        RelayError::Storage(_) => FaultCode::StorageFailed,
        RelayError::Randomness(_) | RelayError::Internal(_) => FaultCode::Internal,
    };
    let mut fault = Fault::new(code, error.to_string());
    if let RelayError::Busy { retry_after_ms } = error {
        fault.retry_after_ms = Some(*retry_after_ms);
    }
    fault
}

fn shape(response: &SyncResponse) -> String {
    let pages: Vec<String> = response
        .pages
        .iter()
        .map(|page| {
            let changes: usize = page.items.iter().map(|item| item.changes.len()).sum();
            format!(
                "{} items {} changes {changes} live {} floor {} digest {} more {}",
                page.scope,
                page.items.len(),
                page.live,
                page.floor,
                page.digest.is_some(),
                page.more
            )
        })
        .collect();
    format!(
        "head {} receipts {} identity {} repairs {} fetched {} pages [{}]",
        response.head,
        response.receipts.len(),
        response.identity.is_some(),
        response.repairs.len(),
        response.fetched.len(),
        pages.join("; ")
    )
}
