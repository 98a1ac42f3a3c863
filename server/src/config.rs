//! What a relay is started with. Every bound has its unit in its name.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use crate::relay::RelayOptions;

/// The port that a relay listens on if not told otherwise.
pub const PORT_DEFAULT: u16 = 8787;
/// The port of the metrics if not told otherwise.
pub const METRICS_PORT_DEFAULT: u16 = 9787;

/// Everything a relay needs to know before it starts.
#[derive(Debug, Clone)]
pub struct Config {
    /// The data folder; made if it is not there.
    pub data: PathBuf,
    /// Where to listen. Port 0 takes a free one.
    pub listen: SocketAddr,
    /// Where to serve metrics, if at all. Port 0 takes a free one.
    pub metrics_listen: Option<SocketAddr>,
    /// The URL under which phones reach this relay (behind a proxy, say); `None`: where it listens.
    pub public_url: Option<String>,
    /// Sizes of the relay's inner works.
    pub relay: RelayOptions,
    /// Bounds of the HTTP side.
    pub http: HttpLimits,
}

impl Config {
    /// A relay on a data folder, on loopback, with the defaults of everything.
    #[must_use]
    pub fn new(data: impl Into<PathBuf>) -> Self {
        Self {
            data: data.into(),
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, PORT_DEFAULT)),
            metrics_listen: None,
            public_url: None,
            relay: RelayOptions::default(),
            http: HttpLimits::default(),
        }
    }
}

/// Bounds of the HTTP side.
#[derive(Debug, Clone)]
pub struct HttpLimits {
    /// From the request's head to the response's head; past it, 408.
    pub request_timeout: Duration,
    /// Requests served at one time; past it, 503 with a time to come back.
    pub requests_max: usize,
    /// Devices that may watch at one time; past it, 503 with a time to come back.
    pub watches_max: usize,
    /// Between two comments on a watch where nothing happens.
    pub keep_alive: Duration,
    /// From the wish to stop until what still runs is cut off.
    pub shutdown_deadline: Duration,
}

impl Default for HttpLimits {
    fn default() -> Self {
        Self {
            request_timeout: Duration::from_secs(30),
            requests_max: 512,
            watches_max: 10_000,
            keep_alive: Duration::from_secs(15),
            shutdown_deadline: Duration::from_secs(10),
        }
    }
}
