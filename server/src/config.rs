//! What a relay is started with. Every bound has its unit in its name.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use crate::edge::{Network, RateLimits};
use crate::outside::OutsideConfig;
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
    /// The outside identity provider whose tokens pair devices, if any.
    pub outside: Option<OutsideConfig>,
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
            outside: None,
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
    /// Connections at one time, of everybody; past it, a connection is refused.
    pub connections_max: usize,
    /// Connections at one time of one address (IPv6: of one /64); past it, a connection is refused.
    /// Trusted proxies have no such bound.
    pub connections_per_address_max: usize,
    /// From the first byte of a request's head (of a new connection: from its beginning) to the
    /// head's last byte; past it, the connection is cut.
    pub head_timeout: Duration,
    /// Bytes of a request's head; past it, 431.
    pub head_bytes_max: usize,
    /// Headers of a request; past it, 431.
    pub headers_max: usize,
    /// Between two pieces of a request's body; past it, 408. The whole body arrives within
    /// `request_timeout`.
    pub body_idle_timeout: Duration,
    /// That a device may take no byte of its answer; past it, the connection is cut.
    pub write_timeout: Duration,
    /// Bytes a second that buy a slow reader the time to go on; slower, and `write_timeout` runs.
    pub write_bytes_per_s_min: u64,
    /// Bytes that the system holds of one answer while its reader is slow, about; `None`: as many as the
    /// system likes. A slow reader's bytes wait there first, and only then `write_timeout` runs.
    pub send_buffer_bytes: Option<u32>,
    /// Between two requests of a connection; past it, the connection is closed.
    pub idle_timeout: Duration,
    /// Proxies whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<Network>,
    /// Requests that an address, a device and a person may make.
    pub rates: RateLimits,
}

impl Default for HttpLimits {
    fn default() -> Self {
        Self {
            request_timeout: Duration::from_secs(30),
            requests_max: 512,
            watches_max: 10_000,
            keep_alive: Duration::from_secs(15),
            shutdown_deadline: Duration::from_secs(10),
            connections_max: 12_000,
            connections_per_address_max: 512,
            head_timeout: Duration::from_secs(10),
            head_bytes_max: 16 * 1024,
            headers_max: 64,
            body_idle_timeout: Duration::from_secs(10),
            write_timeout: Duration::from_secs(30),
            write_bytes_per_s_min: 512,
            send_buffer_bytes: None,
            idle_timeout: Duration::from_secs(60),
            trusted_proxies: Vec::new(),
            rates: RateLimits::default(),
        }
    }
}
