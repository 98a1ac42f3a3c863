//! What the engine is told.

use yizhan_proto::{DocumentId, Fault, sync::SyncRequest, sync::SyncResponse};

/// Something happened. The engine answers through [`super::Engine::poll_effect`].
#[derive(Debug)]
pub enum Input {
    /// A person asks for a sync, here and now: no wait applies, and a stop is tried again.
    SyncWanted,
    /// Something was written locally.
    LocalChange,
    /// The relay says that a scope moved.
    Moved,
    /// The time of [`super::Engine::poll_timeout`] may have come.
    TimePassed,
    /// The answer to [`super::Effect::RenewToken`]: a token, good for so many milliseconds from
    /// its receipt.
    TokenObtained {
        /// Milliseconds.
        ttl_ms: u64,
    },
    /// The other answer to [`super::Effect::RenewToken`].
    TokenFailed(Failure),
    /// The answer to [`super::Effect::PlanRequest`].
    RequestPlanned(Box<SyncRequest>),
    /// The answer to [`super::Effect::Send`], with the request it answers.
    ResponseArrived {
        /// What was sent.
        request: Box<SyncRequest>,
        /// What came back.
        response: Box<SyncResponse>,
    },
    /// The other answer to [`super::Effect::Send`].
    SendFailed {
        /// What was sent, perhaps in vain.
        request: Box<SyncRequest>,
        /// What went wrong.
        failure: Failure,
    },
    /// The answer to [`super::Effect::Apply`]: the response is in the local store.
    Applied(Applied),
    /// The local store failed at an effect; whoever drives the engine reports it.
    StoreFailed,
}

/// What applying a response came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Applied {
    /// Whether another exchange has something to do: pages, repairs, fetches, changes to send.
    pub more: bool,
    /// Whether anything changed in the local store: a document, a cursor, a receipt, the identity.
    pub progressed: bool,
    /// Whether this exchange was part of a repair, which takes several that move nothing yet.
    pub repairing: bool,
    /// Whether it brought something: a change, a document, an answer to what was pushed. A cursor
    /// that moved, or that the relay has what it had before, is nothing by itself.
    pub fruitful: bool,
    /// Whether the relay said that it is of another lineage, so that all is offered again.
    pub another_lineage: bool,
    /// Whether it said that this device acts for somebody with other rights.
    pub another_identity: bool,
    /// Changes that still have no receipt.
    pub unsent_left: u64,
    /// The relay's wish: sync again after so many milliseconds, not before.
    pub next_sync_ms: Option<u64>,
}

impl Applied {
    /// Whether the relay said something else about itself or this device than before.
    pub(super) const fn is_upset(&self) -> bool {
        self.another_lineage || self.another_identity
    }
}

/// Why an exchange, or the renewal of a token, came to nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// No connection to the relay.
    #[error("the relay cannot be reached")]
    Offline,
    /// The connection stood, and then nothing came in time.
    #[error("the relay did not answer in time")]
    TimedOut,
    /// What answered does not speak the protocol (a portal's web page, a proxy, another server).
    #[error("what answered is not the relay")]
    Garbled,
    /// The relay answered with a fault.
    #[error(transparent)]
    Fault(Box<Fault>),
    /// The relay says that there is more and gives nothing: the round ends here.
    #[error("the relay announces more, and sends nothing new")]
    NoProgress,
    /// The round was cut after very many exchanges; the next one goes on from there.
    #[error("there is more to sync than fits in one round")]
    RoundTooLong,
    /// The relay says that it is another one, or that this device may read something else, again
    /// and again: two relays behind one address, say.
    #[error("the relay says something else about itself with every answer; ask its operator")]
    Unsteady,
    /// The changes of these documents were refused by the relay as a whole request, without a
    /// receipt. They are unsent and left out; all others went on.
    #[error("the relay fails on the changes of {} document(s)", .0.len())]
    LeftOut(Vec<DocumentId>),
}
