//! What the engine wants done.

use std::collections::BTreeSet;

use yizhan_proto::{
    DocumentId,
    sync::{SyncRequest, SyncResponse},
};

use super::input::Failure;

/// One thing to do. Whoever drives the engine does it, and tells the engine what came of it,
/// before asking for the next.
#[derive(Debug)]
pub enum Effect {
    /// Write the next request from the local store; answer with
    /// [`super::Input::RequestPlanned`].
    PlanRequest(Budget),
    /// Get a new access token; answer with [`super::Input::TokenObtained`] or
    /// [`super::Input::TokenFailed`].
    RenewToken {
        /// The challenge to answer; `None`: the latest one kept, or none (the relay then gives one).
        challenge: Option<Vec<u8>>,
    },
    /// Send the request; answer with [`super::Input::ResponseArrived`] or
    /// [`super::Input::SendFailed`].
    Send(Box<SyncRequest>),
    /// Bring the response into the local store, in one transaction; answer with
    /// [`super::Input::Applied`].
    Apply {
        /// What was sent.
        request: Box<SyncRequest>,
        /// What came back.
        response: Box<SyncResponse>,
    },
    /// The round has ended. No answer.
    Finished(Outcome),
}

/// How large the next request and its answer may be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Budget {
    /// Bytes of pushed changes. The first change is sent even if it is larger.
    pub push_bytes_max: usize,
    /// Pushed changes.
    pub pushes_max: usize,
    /// Bytes of changes to ask for.
    pub page_bytes_max: u32,
    /// Documents whose changes are not sent: the relay failed on them.
    pub left_out: BTreeSet<DocumentId>,
}

/// How a round ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// Device and relay agree.
    Synced {
        /// Requests that were answered.
        exchanges: u32,
        /// Changes without a receipt (written meanwhile, or waiting for another change).
        unsent_left: u64,
    },
    /// Not now. Nothing is lost; the engine tries again by itself.
    Waiting {
        /// Why.
        failure: Failure,
        /// The engine tries again after so many milliseconds.
        retry_in_ms: u64,
    },
    /// Not again before a person did something. Nothing is lost; local work goes on.
    Stopped(Stop),
}

/// Why the engine does not try by itself any more; each variant is something for a person to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Stop {
    /// The relay does not know this device: pair it.
    PairFirst,
    /// This device was revoked: talk to a coordinator, then pair it again.
    Revoked,
    /// The device's key is not the one the relay knows it by: pair it again.
    KeyMismatch,
    /// The app is too old for this relay: update it.
    UpdateNeeded,
}
