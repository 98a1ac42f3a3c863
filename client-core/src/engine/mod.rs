//! The sync machine, without I/O: it decides what happens next, and does none of it.
//!
//! Three verbs: [`Engine::handle`] tells it what happened and when, [`Engine::poll_effect`] asks
//! what to do, [`Engine::poll_timeout`] asks when to come back by itself. Time is an argument
//! (milliseconds of a clock that never goes back), jitter comes from a seed. It moves messages and
//! never looks into the bytes of a change; it knows no store, no socket and no document.
//!
//! One round is as many exchanges as it takes until device and relay agree. At most one effect is
//! out at any time, so a phone may die between any two of them and a new engine begins afresh:
//! everything that must survive is in the store. What fits no open question is ignored.

mod backoff;
mod budget;
mod effect;
mod input;
mod phase;
mod reaction;
mod round;
#[cfg(test)]
mod tests;
pub mod transfer;

use yizhan_proto::sync::{SyncRequest, SyncResponse};

use self::backoff::Backoff;
use self::budget::Sizes;
pub use self::budget::{PUSH_BYTES_MAX, PUSHES_MAX};
pub use self::effect::{Budget, Effect, Outcome, Stop};
pub use self::input::{Applied, Failure, Input};
pub use self::phase::Phase;
use self::reaction::{Reaction, reaction};
use self::round::{NARROWINGS_MAX, Probe, RENEWALS_MAX, REPAIRS_MAX, Round};

/// The sync machine of one device and one relay.
#[derive(Debug)]
pub struct Engine {
    phase: Phase,
    effect: Option<Effect>,
    backoff: Backoff,
    sizes: Sizes,
    round: Round,
    /// Rounds in a row in which the relay said that it is another one.
    lineages: u32,
    /// Elapsed milliseconds at which the token ends; `None`: there is none.
    token_until_ms: Option<u64>,
}

impl Engine {
    /// At rest. `seed` makes the jitter; `has_token`: a token was kept from before, of unknown
    /// age.
    #[must_use]
    pub fn new(seed: u64, has_token: bool) -> Self {
        Self {
            phase: Phase::REST,
            effect: None,
            backoff: Backoff::new(seed),
            sizes: Sizes::new(),
            round: Round::default(),
            lineages: 0,
            // One of unknown age is tried; if it is too old the relay says so.
            token_until_ms: has_token.then_some(u64::MAX),
        }
    }

    /// Where it stands.
    #[must_use]
    pub fn phase(&self) -> Phase {
        self.phase
    }

    /// What to do next, once.
    pub fn poll_effect(&mut self) -> Option<Effect> {
        self.effect.take()
    }

    /// When to say [`Input::TimePassed`], in elapsed milliseconds; `None`: not by itself.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<u64> {
        match self.phase {
            Phase::Idle { wake_at_ms, .. } => wake_at_ms,
            Phase::Planning
            | Phase::Renewing
            | Phase::Sending
            | Phase::Applying
            | Phase::Stopped(_) => None,
        }
    }

    /// Something happened, at `now_ms` of the elapsed clock.
    pub fn handle(&mut self, input: Input, now_ms: u64) {
        match (input, self.phase) {
            (Input::SyncWanted, Phase::Idle { .. } | Phase::Stopped(_)) => {
                self.sizes.take_back();
                self.begin(now_ms);
            }
            (Input::LocalChange | Input::Moved, Phase::Idle { not_before_ms, .. }) => {
                self.nudge(not_before_ms, now_ms);
            }
            (Input::SyncWanted | Input::LocalChange | Input::Moved, phase) => {
                self.round.again = phase.is_in_round();
            }
            (Input::TimePassed, Phase::Idle { wake_at_ms, .. }) => {
                if wake_at_ms.is_some_and(|wake_at_ms| wake_at_ms <= now_ms) {
                    self.sizes.take_back();
                    self.begin(now_ms);
                }
            }
            (Input::TokenObtained { ttl_ms }, Phase::Renewing) => {
                self.token_until_ms = Some(now_ms.saturating_add(ttl_ms));
                self.plan();
            }
            (Input::TokenFailed(failure), Phase::Renewing) => {
                self.token_failed(failure, now_ms);
            }
            (Input::RequestPlanned(request), Phase::Planning) => {
                // Whatever happened up to here is in the request.
                self.round.again = false;
                self.phase = Phase::Sending;
                self.effect = Some(Effect::Send(request));
            }
            (Input::ResponseArrived { request, response }, Phase::Sending) => {
                self.arrived(request, response);
            }
            (Input::SendFailed { request, failure }, Phase::Sending) => {
                self.send_failed(&request, failure, now_ms);
            }
            (Input::Applied(applied), Phase::Applying) => self.applied(applied, now_ms),
            (Input::StoreFailed, phase) if phase.is_in_round() => {
                self.rest_for(None, now_ms);
            }
            (
                Input::TimePassed
                | Input::TokenObtained { .. }
                | Input::TokenFailed(_)
                | Input::RequestPlanned(_)
                | Input::ResponseArrived { .. }
                | Input::SendFailed { .. }
                | Input::Applied(_)
                | Input::StoreFailed,
                _,
            ) => {}
        }
    }

    /// Something wants to be synced: at once, or when the wait is over.
    fn nudge(&mut self, not_before_ms: u64, now_ms: u64) {
        if not_before_ms <= now_ms {
            self.begin(now_ms);
        } else {
            self.phase = Phase::Idle {
                wake_at_ms: Some(not_before_ms),
                not_before_ms,
            };
        }
    }

    fn begin(&mut self, now_ms: u64) {
        self.round = Round::default();
        if self
            .token_until_ms
            .is_some_and(|until_ms| now_ms < until_ms)
        {
            self.plan();
        } else {
            self.renew(None);
        }
    }

    fn plan(&mut self) {
        let mut budget = self.sizes.budget();
        if self.round.probe == Probe::Out {
            budget.pushes_max = 0;
        }
        self.phase = Phase::Planning;
        self.effect = Some(Effect::PlanRequest(budget));
    }

    fn renew(&mut self, challenge: Option<Vec<u8>>) {
        self.token_until_ms = None;
        self.round.renewals += 1;
        self.phase = Phase::Renewing;
        self.effect = Some(Effect::RenewToken { challenge });
    }

    fn arrived(&mut self, request: Box<SyncRequest>, response: Box<SyncResponse>) {
        self.round.exchanges += 1;
        self.phase = Phase::Applying;
        self.effect = Some(Effect::Apply { request, response });
    }

    fn applied(&mut self, applied: Applied, now_ms: u64) {
        let probed = self.round.probe == Probe::Out;
        if probed {
            // The relay serves this device: what it failed on is among the changes.
            self.round.probe = Probe::Passed;
        } else {
            self.sizes.grow();
        }
        self.lineages = self
            .lineages
            .saturating_add(u32::from(applied.another_lineage));
        let well = applied.progressed && applied.fruitful && !applied.is_upset();
        if well && self.sizes.left_out().is_empty() {
            self.backoff.reset();
        }
        if let Some(failure) = self.round.count(&applied, self.lineages) {
            self.wait(failure, now_ms);
        } else if probed || self.round.again || applied.progressed && applied.more {
            self.plan();
        } else if !applied.more || !self.sizes.left_out().is_empty() {
            // With documents left out there is always more: theirs.
            self.finish(applied, now_ms);
        } else if applied.repairing && self.round.repairs < REPAIRS_MAX {
            self.round.repairs += 1;
            self.plan();
        } else {
            self.wait(Failure::NoProgress, now_ms);
        }
    }

    /// Nothing is left to exchange.
    fn finish(&mut self, applied: Applied, now_ms: u64) {
        if !self.round.other_lineage {
            self.lineages = 0;
        }
        if !self.sizes.left_out().is_empty() {
            let retry_in_ms = self.backoff.next_wait_ms(applied.next_sync_ms);
            self.phase = Phase::Idle {
                wake_at_ms: Some(now_ms.saturating_add(retry_in_ms)),
                // Other documents go on meanwhile.
                not_before_ms: now_ms.saturating_add(hint(applied.next_sync_ms)),
            };
            let documents = self.sizes.left_out().iter().copied().collect();
            self.effect = Some(Effect::Finished(Outcome::Waiting {
                failure: Failure::LeftOut(documents),
                retry_in_ms,
            }));
            return;
        }
        self.backoff.reset();
        let next_ms = applied.next_sync_ms.map(|ms| hint(Some(ms)));
        // Changes that wait for something else are offered again after a while.
        let wait_ms = next_ms.or((applied.unsent_left > 0).then_some(backoff::CAP_MS));
        self.phase = Phase::Idle {
            wake_at_ms: wait_ms.map(|ms| now_ms.saturating_add(ms)),
            not_before_ms: now_ms.saturating_add(next_ms.unwrap_or(0)),
        };
        self.effect = Some(Effect::Finished(Outcome::Synced {
            exchanges: self.round.exchanges,
            unsent_left: applied.unsent_left,
        }));
    }

    fn send_failed(&mut self, request: &SyncRequest, failure: Failure, now_ms: u64) {
        match reaction(&failure) {
            Reaction::Renew => self.renew_or_wait(failure, now_ms),
            Reaction::Shrink => self.narrow(request, failure, now_ms),
            Reaction::Isolate if request.pushes.is_empty() => self.wait(failure, now_ms),
            Reaction::Isolate if self.round.probe == Probe::NotAsked => {
                self.round.probe = Probe::Out;
                self.plan();
            }
            Reaction::Isolate => self.narrow(request, failure, now_ms),
            Reaction::Wait => self.wait(failure, now_ms),
            Reaction::WaitAndShrink => {
                self.sizes.halve_push(request.pushes.len());
                self.sizes.halve_page();
                self.wait(failure, now_ms);
            }
            Reaction::Stop(stop) => self.stop(stop),
        }
    }

    /// Sends less, down to the one change that the relay fails on, whose document is left out.
    fn narrow(&mut self, request: &SyncRequest, failure: Failure, now_ms: u64) {
        self.round.narrowings += 1;
        if request.pushes.is_empty() || self.round.narrowings > NARROWINGS_MAX {
            self.wait(failure, now_ms);
            return;
        }
        if let [push] = request.pushes.as_slice() {
            self.sizes.leave_out(push.document);
        } else {
            self.sizes.halve_push(request.pushes.len());
        }
        self.plan();
    }

    fn token_failed(&mut self, failure: Failure, now_ms: u64) {
        match reaction(&failure) {
            Reaction::Renew => self.renew_or_wait(failure, now_ms),
            Reaction::Shrink | Reaction::Isolate | Reaction::Wait | Reaction::WaitAndShrink => {
                self.wait(failure, now_ms);
            }
            Reaction::Stop(stop) => self.stop(stop),
        }
    }

    fn renew_or_wait(&mut self, failure: Failure, now_ms: u64) {
        if self.round.renewals >= RENEWALS_MAX {
            self.token_until_ms = None;
            self.wait(failure, now_ms);
            return;
        }
        let challenge = match failure {
            Failure::Fault(fault) => fault.challenge,
            Failure::Offline
            | Failure::TimedOut
            | Failure::Garbled
            | Failure::NoProgress
            | Failure::RoundTooLong
            | Failure::Unsteady
            | Failure::LeftOut(_) => None,
        };
        self.renew(challenge);
    }

    fn wait(&mut self, failure: Failure, now_ms: u64) {
        let hint_ms = match &failure {
            Failure::Fault(fault) => fault.retry_after_ms,
            Failure::RoundTooLong | Failure::Unsteady => Some(round::LONG_WAIT_MS),
            Failure::Offline
            | Failure::TimedOut
            | Failure::Garbled
            | Failure::NoProgress
            | Failure::LeftOut(_) => None,
        };
        let retry_in_ms = self.rest_for(hint_ms, now_ms);
        self.effect = Some(Effect::Finished(Outcome::Waiting {
            failure,
            retry_in_ms,
        }));
    }

    /// Ends the round; the next one begins by itself after the wait that is returned.
    fn rest_for(&mut self, hint_ms: Option<u64>, now_ms: u64) -> u64 {
        let retry_in_ms = self.backoff.next_wait_ms(hint_ms);
        let at_ms = now_ms.saturating_add(retry_in_ms);
        self.effect = None;
        self.phase = Phase::Idle {
            wake_at_ms: Some(at_ms),
            not_before_ms: at_ms,
        };
        retry_in_ms
    }

    fn stop(&mut self, stop: Stop) {
        self.token_until_ms = None;
        self.phase = Phase::Stopped(stop);
        self.effect = Some(Effect::Finished(Outcome::Stopped(stop)));
    }
}

/// A relay's wish as it is followed, 0 without one.
fn hint(next_sync_ms: Option<u64>) -> u64 {
    next_sync_ms.unwrap_or(0).min(backoff::HINT_MAX_MS)
}
