//! How messages reach the relay. The trait says what there is to say; [`http`] says it over HTTP;
//! a test says it over whatever it likes. Nothing here decides anything or keeps anything.

#[cfg(feature = "http")]
pub mod http;
mod link;
#[cfg(feature = "http")]
mod sse;

use std::error::Error;
use std::ops::ControlFlow;

use yizhan_proto::attachment::{Piece, Upload};
use yizhan_proto::audit::{CheckReads, ReadsEntered};
use yizhan_proto::identity::{Access, PairRequest, RegisterRequest, TokenRequest, Welcome};
use yizhan_proto::outside::OutsidePairRequest;
use yizhan_proto::report::{SheetAnswer, SheetRequest};
use yizhan_proto::sync::{SyncRequest, SyncResponse};
use yizhan_proto::watch::Moved;
use yizhan_proto::{ContentHash, Fault, FaultCode};

pub use self::link::{Link, LinkError, LinkKind, RelayUrl};

/// A way to the relay. Every call blocks until it is answered, or has failed for good.
pub trait Transport {
    /// `POST /v1/pair`.
    ///
    /// # Errors
    /// [`TransportError`].
    fn pair(&mut self, request: &PairRequest) -> Result<Welcome, TransportError>;

    /// `POST /v1/pair/outside`.
    ///
    /// # Errors
    /// [`TransportError`]; a way that knows no outside identities says so.
    fn pair_outside(&mut self, request: &OutsidePairRequest) -> Result<Welcome, TransportError> {
        let _ = request;
        Err(Fault::new(
            FaultCode::OutsideClosed,
            "this way to the relay takes no token of an identity provider",
        )
        .into())
    }

    /// `POST /v1/register`.
    ///
    /// # Errors
    /// [`TransportError`].
    fn register(&mut self, request: &RegisterRequest) -> Result<Welcome, TransportError>;

    /// `POST /v1/token`.
    ///
    /// # Errors
    /// [`TransportError`].
    fn token(&mut self, request: &TokenRequest) -> Result<Access, TransportError>;

    /// `POST /v1/sync`, with the access token.
    ///
    /// # Errors
    /// [`TransportError`]. The relay may have served the request all the same.
    fn sync(&mut self, token: &str, request: &SyncRequest) -> Result<SyncResponse, TransportError>;

    /// `PUT /v1/attachments/{sha256}`, with the access token: one piece.
    ///
    /// # Errors
    /// [`TransportError`]. The relay may have taken the piece all the same; it may be sent again.
    fn put_piece(&mut self, token: &str, piece: &Piece) -> Result<Upload, TransportError>;

    /// `GET /v1/attachments/{sha256}`, with the access token: at most `len` bytes from byte `at` on,
    /// and at least one.
    ///
    /// # Errors
    /// [`TransportError`].
    fn get_piece(
        &mut self,
        token: &str,
        sha256: ContentHash,
        at: u64,
        len: usize,
    ) -> Result<Vec<u8>, TransportError>;

    /// `POST /v1/audit/reads`, with the access token.
    ///
    /// # Errors
    /// [`TransportError`]. The relay may have entered them all the same; they may be sent again.
    fn check_reads(
        &mut self,
        token: &str,
        reads: &CheckReads,
    ) -> Result<ReadsEntered, TransportError> {
        let _ = (token, reads);
        Err(TransportError::offline(
            "this way carries no reads of checks",
        ))
    }

    /// `GET /v1/report`, with the access token: a report of a region that the person coordinates.
    /// A way that has none says that there is no way.
    ///
    /// # Errors
    /// [`TransportError`].
    fn sheet(
        &mut self,
        token: &str,
        request: &SheetRequest,
    ) -> Result<SheetAnswer, TransportError> {
        let _ = (token, request);
        Err(TransportError::offline("no reports come this way"))
    }

    /// `GET /v1/watch`, with the access token: calls `on_event` for every event until it breaks,
    /// or the relay ends the stream (`Ok` in both cases).
    ///
    /// # Errors
    /// [`TransportError`].
    fn watch(
        &mut self,
        token: &str,
        on_event: &mut dyn FnMut(WatchEvent) -> ControlFlow<()>,
    ) -> Result<(), TransportError>;
}

/// What a watched relay says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WatchEvent {
    /// The stream stands: what moved before is found by a sync now, what moves later is said.
    Connected,
    /// A scope moved.
    Moved(Moved),
    /// Some events were left out: sync now.
    Pull,
    /// A sign of life, nothing else.
    Alive,
}

/// A cause further down, of whatever sort.
pub type Cause = Box<dyn Error + Send + Sync>;

/// Why a call to the relay came to nothing.
#[derive(Debug, thiserror::Error)]
pub enum TransportError {
    /// No connection, or it broke.
    #[error("the relay cannot be reached ({what})")]
    Offline {
        /// What happened, in a few words.
        what: String,
        /// What the system said.
        #[source]
        source: Option<Cause>,
    },
    /// A connection, and then nothing in time.
    #[error("the relay did not answer in time ({what})")]
    TimedOut {
        /// What was waited for.
        what: String,
    },
    /// What answered does not speak the protocol.
    #[error("what answered is not the relay: {what}")]
    Garbled {
        /// What was found, and what to do.
        what: String,
        /// What the decoder said.
        #[source]
        source: Option<Cause>,
    },
    /// The relay answered with a fault.
    #[error(transparent)]
    Fault(Box<Fault>),
}

impl From<Fault> for TransportError {
    fn from(fault: Fault) -> Self {
        Self::Fault(Box::new(fault))
    }
}

impl TransportError {
    /// No connection, for a reason in a few words.
    #[must_use]
    pub fn offline(what: impl Into<String>) -> Self {
        Self::Offline {
            what: what.into(),
            source: None,
        }
    }

    /// No answer in time; `what` was waited for.
    #[must_use]
    pub fn timed_out(what: impl Into<String>) -> Self {
        Self::TimedOut { what: what.into() }
    }

    /// Something else answered.
    #[must_use]
    pub fn garbled(what: impl Into<String>) -> Self {
        Self::Garbled {
            what: what.into(),
            source: None,
        }
    }
}
