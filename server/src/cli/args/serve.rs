//! `yizhan serve`: what a relay is started with.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use crate::config::{METRICS_PORT_DEFAULT, PORT_DEFAULT};
use crate::edge::Network;
use crate::relay::{BACKUP_DAYS_DEFAULT, Keep};
use crate::telemetry::LogFormat;

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Serve {
    /// Where to listen; only this machine reaches the default. Port 0 takes a free one.
    #[arg(long, value_name = "ADDRESS:PORT", default_value_t = listen_default())]
    pub(in crate::cli) listen: SocketAddr,
    /// The URL under which phones reach the relay, if not where it listens (behind a proxy, say).
    #[arg(long, value_name = "URL", value_parser = url)]
    pub(in crate::cli) public_url: Option<String>,
    /// Where to serve metrics for Prometheus; `off` for nowhere.
    #[arg(long, value_name = "ADDRESS:PORT|off", default_value_t = MetricsListen::default())]
    pub(in crate::cli) metrics_listen: MetricsListen,
    /// Say so once, at the first start after putting a backup back: the relay begins a new lineage,
    /// and every phone offers again what it made since the backup.
    #[arg(long)]
    pub(in crate::cli) restored: bool,
    /// When people at the desks work, and how long each step of a ticket may take: a JSON file, see
    /// docs/OPERATIONS.md. Without it: Monday to Friday, 09:00-18:00, in China.
    #[arg(long, value_name = "FILE")]
    pub(in crate::cli) calendar: Option<PathBuf>,
    /// Days that backups of the data folder are kept: receipts of erasures say when the last expires.
    #[arg(long, value_name = "DAYS", default_value_t = BACKUP_DAYS_DEFAULT)]
    pub(in crate::cli) backup_days: u16,
    /// The outside identity provider whose tokens pair phones: a JSON file, see docs/OPERATIONS.md.
    #[arg(long, value_name = "FILE")]
    pub(in crate::cli) oidc: Option<PathBuf>,
    /// A proxy, or a network of them, whose X-Forwarded-For is believed; may be given more than once.
    #[arg(long = "trusted-proxy", value_name = "ADDRESS|NETWORK")]
    pub(in crate::cli) trusted_proxies: Vec<Network>,
    /// Bounds on connections, requests and quotas that differ from the defaults: a JSON file, see
    /// docs/OPERATIONS.md.
    #[arg(long, value_name = "FILE")]
    pub(in crate::cli) limits: Option<PathBuf>,
    /// How long after its end a document stays with an audience, such as station-visits=30d,
    /// driver-visits=12mo or all=off; may be given more than once. The audiences and what they keep
    /// without it: docs/OPERATIONS.md.
    #[arg(long = "keep", value_name = "AUDIENCE=PERIOD")]
    pub(in crate::cli) keep: Vec<Keep>,
    /// What to log: info, debug, warn, or a filter such as yizhan_server=debug.
    #[arg(long, value_name = "FILTER", env = "RUST_LOG", default_value = "info")]
    pub(in crate::cli) log: String,
    /// How to write log lines.
    #[arg(long, value_enum, default_value_t)]
    pub(in crate::cli) log_format: LogFormat,
}

impl Default for Serve {
    fn default() -> Self {
        Self {
            listen: listen_default(),
            public_url: None,
            metrics_listen: MetricsListen::default(),
            restored: false,
            calendar: None,
            backup_days: BACKUP_DAYS_DEFAULT,
            oidc: None,
            trusted_proxies: Vec::new(),
            limits: None,
            keep: Vec::new(),
            log: std::env::var("RUST_LOG").unwrap_or_else(|_| "info".to_owned()),
            log_format: LogFormat::default(),
        }
    }
}

fn listen_default() -> SocketAddr {
    SocketAddr::from((Ipv4Addr::LOCALHOST, PORT_DEFAULT))
}

/// Where metrics are served, if at all.
#[derive(Debug, Clone, Copy)]
pub(in crate::cli) struct MetricsListen(pub(in crate::cli) Option<SocketAddr>);

impl Default for MetricsListen {
    fn default() -> Self {
        Self(Some(SocketAddr::from((
            Ipv4Addr::LOCALHOST,
            METRICS_PORT_DEFAULT,
        ))))
    }
}

impl std::fmt::Display for MetricsListen {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.0 {
            Some(address) => address.fmt(f),
            None => f.write_str("off"),
        }
    }
}

impl std::str::FromStr for MetricsListen {
    type Err = std::net::AddrParseError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text == "off" {
            return Ok(Self(None));
        }
        text.parse().map(|address| Self(Some(address)))
    }
}

fn url(text: &str) -> Result<String, String> {
    let rest = text
        .strip_prefix("https://")
        .or_else(|| text.strip_prefix("http://"));
    match rest {
        Some(rest) if !rest.is_empty() && !text.contains(['?', '#', ' ']) => Ok(text.to_owned()),
        _ => Err(format!(
            "{text} is not a URL; try https://relay.example.org"
        )),
    }
}
