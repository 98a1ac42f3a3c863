//! What every route is given.

use std::sync::Arc;

use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use yizhan_proto::{Fault, FaultCode, Timestamp};

use crate::auth::Auth;
use crate::clock::Clock;
use crate::config::HttpLimits;
use crate::edge::Rates;
use crate::outside::Outside;
use crate::relay::Relay;

/// What every route is given. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct App(Arc<Inner>);

/// The parts of [`App`].
#[derive(Debug)]
pub(crate) struct Inner {
    pub(crate) relay: Relay,
    pub(crate) auth: Auth,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) limits: HttpLimits,
    /// How many requests anybody may make.
    pub(crate) rates: Rates,
    /// The outside identity provider, if one is configured.
    pub(crate) outside: Option<Arc<Outside>>,
    /// Where people and phones reach this relay; no `/` at its end.
    pub(crate) url: String,
    /// Cancelled when the relay is to stop.
    pub(crate) stopping: CancellationToken,
    /// What runs beside the requests and is waited for.
    pub(crate) tasks: TaskTracker,
    /// Room for requests.
    pub(crate) requests: Arc<Semaphore>,
    /// Room for watches.
    pub(crate) watches: Arc<Semaphore>,
    /// The OpenAPI document, as JSON.
    pub(crate) openapi: String,
}

impl std::ops::Deref for App {
    type Target = Inner;

    fn deref(&self) -> &Inner {
        &self.0
    }
}

impl App {
    pub(crate) fn new(inner: Inner) -> Self {
        Self(Arc::new(inner))
    }

    /// The relay's clock.
    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// A 401 that a device can answer at once.
    pub(crate) fn challenged(&self, code: FaultCode, message: impl Into<String>) -> Fault {
        Fault::new(code, message).challenge(self.auth.challenge(self.now()))
    }
}
