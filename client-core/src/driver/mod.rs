//! Joins the engine, the store and a transport: does one effect per step, and nothing else.
//!
//! Between two steps the phone may die: everything that must survive is in the store, each step's
//! part of it in one transaction, and no transaction is open while the network is waited for.

mod progress;
mod reads;
mod report;
mod sheets;
#[cfg(test)]
mod tests;
mod transfer;

use yizhan_proto::FaultCode;
use yizhan_proto::identity::{Access, TokenRequest};
use yizhan_proto::limits::DOCUMENT_BYTES_MAX;
use yizhan_proto::sync::{SyncRequest, SyncResponse};
use yizhan_proto::version::ProtocolVersion;

use crate::clock::{Clock, NoRandomness};
use crate::engine::{Applied, Budget, Effect, Engine, Failure, Input, Outcome};
use crate::store::{self, Store, StoreError};
use crate::transport::{Transport, TransportError};

pub use self::report::SyncReport;
pub use self::transfer::TransferStep;

/// What stays between rounds: the engine, and what the transport said last.
#[derive(Debug)]
pub struct Session {
    engine: Engine,
    report: SyncReport,
    last_error: Option<TransportError>,
    transfers: transfer::Run,
}

impl Session {
    /// At rest.
    ///
    /// # Errors
    /// [`StoreError`] if there is no randomness, or the store fails.
    pub fn new(store: &Store, clock: &dyn Clock) -> Result<Self, StoreError> {
        let has_token = store.access()?.token.is_some();
        Ok(Self {
            engine: Engine::new(seed(clock)?, has_token),
            report: SyncReport::default(),
            last_error: None,
            transfers: transfer::Run::default(),
        })
    }

    /// The engine.
    #[must_use]
    pub fn engine(&self) -> &Engine {
        &self.engine
    }

    /// Tells the engine that something happened which wants no effect carried out at once.
    pub(crate) fn notify(&mut self, input: Input, clock: &dyn Clock) {
        self.engine.handle(input, clock.elapsed_ms());
    }

    /// What the transport said when the last round failed; once.
    pub(crate) fn take_error(&mut self) -> Option<TransportError> {
        self.last_error.take()
    }
}

fn seed(clock: &dyn Clock) -> Result<u64, NoRandomness> {
    let mut bytes = [0; 8];
    clock.fill_random(&mut bytes)?;
    Ok(u64::from_be_bytes(bytes))
}

/// What one step did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Nothing: no round is on.
    Idle,
    /// A request was written.
    Planned,
    /// A token was asked for.
    Renewed,
    /// A request was sent, and answered or not.
    Sent,
    /// A response was brought into the store.
    Applied,
    /// The round ended.
    Finished(Outcome),
}

/// Carries out what the engine wants, one effect at a time.
pub struct Driver<'a> {
    store: &'a mut Store,
    transport: &'a mut dyn Transport,
    clock: &'a dyn Clock,
    session: &'a mut Session,
}

impl std::fmt::Debug for Driver<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Driver")
            .field("session", &self.session)
            .finish_non_exhaustive()
    }
}

impl<'a> Driver<'a> {
    /// For one store, one way to its relay, and the session between them.
    pub fn new(
        store: &'a mut Store,
        transport: &'a mut dyn Transport,
        clock: &'a dyn Clock,
        session: &'a mut Session,
    ) -> Self {
        Self {
            store,
            transport,
            clock,
            session,
        }
    }

    /// Tells the engine what happened: [`Input::SyncWanted`], [`Input::Moved`],
    /// [`Input::TimePassed`].
    pub fn notify(&mut self, input: Input) {
        self.session.notify(input, self.clock);
    }

    /// When to say [`Input::TimePassed`], in elapsed milliseconds of the clock.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<u64> {
        self.session.engine.poll_timeout()
    }

    /// What the round has done so far.
    #[must_use]
    pub fn report(&self) -> SyncReport {
        self.session.report
    }

    /// Carries out the next effect, if there is one.
    ///
    /// # Errors
    /// [`StoreError`]: the round has ended, nothing is lost, the engine tries again later.
    pub fn step(&mut self) -> Result<Step, StoreError> {
        let Some(effect) = self.session.engine.poll_effect() else {
            return Ok(Step::Idle);
        };
        let done = self.carry_out(effect);
        if done.is_err() {
            self.notify(Input::StoreFailed);
        }
        done
    }

    /// Steps until the round ends, calling `on_progress` after every response applied. A round
    /// that nobody asked for does not begin here: see [`Driver::notify`].
    ///
    /// # Errors
    /// [`StoreError`], as [`Driver::step`].
    pub fn run_round(
        &mut self,
        on_progress: &mut dyn FnMut(&SyncReport),
    ) -> Result<Option<Outcome>, StoreError> {
        loop {
            match self.step()? {
                Step::Idle => return Ok(None),
                Step::Planned | Step::Renewed | Step::Sent => {}
                Step::Applied => on_progress(&self.session.report),
                Step::Finished(outcome) => return Ok(Some(outcome)),
            }
        }
    }

    fn carry_out(&mut self, effect: Effect) -> Result<Step, StoreError> {
        match effect {
            Effect::PlanRequest(budget) => {
                let request = self.plan(&budget)?;
                self.notify(Input::RequestPlanned(Box::new(request)));
                Ok(Step::Planned)
            }
            Effect::RenewToken { challenge } => {
                let input = self.renew(challenge)?;
                self.notify(input);
                Ok(Step::Renewed)
            }
            Effect::Send(request) => {
                let input = self.send(request)?;
                self.notify(input);
                Ok(Step::Sent)
            }
            Effect::Apply { request, response } => {
                let applied = self.apply(&request, &response)?;
                self.notify(Input::Applied(applied));
                Ok(Step::Applied)
            }
            Effect::Finished(outcome) => {
                self.finished(&outcome)?;
                Ok(Step::Finished(outcome))
            }
        }
    }

    /// The next request within the engine's budget. The store knows bytes; documents to leave out
    /// and the number of changes are taken care of here.
    fn plan(&self, budget: &Budget) -> Result<SyncRequest, StoreError> {
        // Room for what is left out again, so that it cannot crowd out everything else.
        let room = u64::try_from(budget.left_out.len())
            .unwrap_or(u64::MAX)
            .saturating_mul(DOCUMENT_BYTES_MAX);
        let wanted = store::Budget {
            push_bytes_max: budget
                .push_bytes_max
                .saturating_add(usize::try_from(room).unwrap_or(usize::MAX)),
            page_bytes_max: budget.page_bytes_max,
        };
        let mut request = self.store.plan_request(&wanted, self.clock.now())?;
        request
            .pushes
            .retain(|push| !budget.left_out.contains(&push.document));
        request.pushes.truncate(budget.pushes_max);
        if !budget.left_out.is_empty() {
            let mut bytes = 0_usize;
            let fitting = request.pushes.iter().take_while(|push| {
                bytes = bytes.saturating_add(push.change.len());
                bytes <= budget.push_bytes_max
            });
            let fitting = fitting.count().max(1);
            request.pushes.truncate(fitting);
        }
        Ok(request)
    }

    fn renew(&mut self, challenge: Option<Vec<u8>>) -> Result<Input, StoreError> {
        let challenge = match challenge {
            Some(challenge) => {
                self.store.save_challenge(&challenge)?;
                challenge
            }
            None => self.store.access()?.challenge,
        };
        let mut request = TokenRequest {
            version: ProtocolVersion::CURRENT,
            device: self.store.device()?.device,
            challenge,
            signature: Vec::new(),
        };
        request.signature = self.store.sign(&request.signed_bytes())?.to_vec();
        match self.transport.token(&request) {
            Err(error) if is_of_key(&error) => self.renew_with_new_key(request, error),
            Ok(access) => {
                self.store.save_access(&access)?;
                Ok(Input::TokenObtained {
                    ttl_ms: ttl_ms(&access),
                })
            }
            Err(error) => Ok(Input::TokenFailed(self.keep(error))),
        }
    }

    /// The relay does not know the device by the key it has. If it was asked to know it by a new
    /// one, and the answer was lost, it does by that.
    fn renew_with_new_key(
        &mut self,
        mut request: TokenRequest,
        error: TransportError,
    ) -> Result<Input, StoreError> {
        let signed = self.store.sign_with_new_key(&request.signed_bytes())?;
        let Some(signature) = signed else {
            return Ok(Input::TokenFailed(self.keep(error)));
        };
        request.signature = signature.to_vec();
        match self.transport.token(&request) {
            Ok(access) => {
                self.store.adopt_new_key(&access, self.clock)?;
                Ok(Input::TokenObtained {
                    ttl_ms: ttl_ms(&access),
                })
            }
            Err(error) => Ok(Input::TokenFailed(self.keep(error))),
        }
    }

    fn send(&mut self, request: Box<SyncRequest>) -> Result<Input, StoreError> {
        // Without a token the relay answers with a challenge, which is what is needed then.
        let token = self.store.access()?.token.unwrap_or_default();
        Ok(match self.transport.sync(&token, &request) {
            Ok(response) => Input::ResponseArrived {
                request,
                response: Box::new(response),
            },
            Err(error) => Input::SendFailed {
                request,
                failure: self.keep(error),
            },
        })
    }

    fn apply(
        &mut self,
        request: &SyncRequest,
        response: &SyncResponse,
    ) -> Result<Applied, StoreError> {
        let applied = self.store.apply_response(request, response, self.clock)?;
        self.session.report.add(&applied);
        self.session.last_error = None;
        Ok(Applied {
            more: applied.more,
            progressed: progress::has_progressed(&applied, request, response),
            repairing: progress::is_repairing(&applied, request, response),
            fruitful: progress::is_fruitful(&applied),
            another_lineage: applied.epoch_changed,
            another_identity: applied.identity_changed,
            unsent_left: applied.unsent_left,
            next_sync_ms: applied.next_sync_ms,
        })
    }

    fn finished(&mut self, outcome: &Outcome) -> Result<(), StoreError> {
        match outcome {
            Outcome::Synced { .. } => Ok(()),
            Outcome::Waiting { failure, .. } => {
                let said = self.session.last_error.as_ref();
                let text = said.map_or_else(|| failure.to_string(), ToString::to_string);
                self.store.note_sync_error(&text)
            }
            Outcome::Stopped(_) => {
                let said = self.session.last_error.as_ref();
                let text = said.map_or_else(|| "stopped".to_owned(), ToString::to_string);
                self.store.note_sync_error(&text)
            }
        }
    }

    /// Keeps a transport's error for whoever reports it, and says what the engine needs to know.
    fn keep(&mut self, error: TransportError) -> Failure {
        let failure = match &error {
            TransportError::Offline { .. } => Failure::Offline,
            TransportError::TimedOut { .. } => Failure::TimedOut,
            TransportError::Garbled { .. } => Failure::Garbled,
            TransportError::Fault(fault) => Failure::Fault(fault.clone()),
        };
        self.session.last_error = Some(error);
        failure
    }

    /// Forgets the last round's report.
    pub(crate) fn clear_report(&mut self) {
        self.session.report = SyncReport::default();
        self.session.last_error = None;
    }
}

/// Whether the relay does not know the device by this key.
fn is_of_key(error: &TransportError) -> bool {
    matches!(error, TransportError::Fault(fault)
        if matches!(fault.code, FaultCode::SignatureInvalid | FaultCode::DeviceKeyReplaced))
}

/// How long a token is good for.
fn ttl_ms(access: &Access) -> u64 {
    access.token_ttl_s.saturating_mul(1_000)
}
