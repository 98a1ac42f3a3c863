//! A relay that serves: opened, bound, running, and stopped in order.

use std::fs;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, UdpSocket};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::auth::{Auth, KeyError};
use crate::clock::Clock;
use crate::config::{Config, HttpLimits};
use crate::edge::{self, Rates};
use crate::error::OpenError;
use crate::outside::{Outside, SourceError};
use crate::relay::Relay;
use crate::router;
use crate::routes::App;
use crate::telemetry;

/// The file in the data folder that says where the relay listens, while it runs.
pub const ADDRESS_FILE: &str = "relay.addr";

/// Between two looks for what time alone brings about; where there is nothing, a look costs one
/// step into an index.
const TICK: Duration = Duration::from_millis(200);
/// Between two looks at what grows by itself.
const TIDY: Duration = Duration::from_secs(60);

/// The relay cannot serve.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The store.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The keys.
    #[error(transparent)]
    Keys(#[from] KeyError),
    /// The keys of the outside identity provider.
    #[error(transparent)]
    Outside(#[from] SourceError),
    /// The address cannot be listened on.
    #[error(
        "cannot listen on {address}; is another program there? choose another with --listen (metrics: --metrics-listen)"
    )]
    Listen {
        /// Which.
        address: SocketAddr,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The address file cannot be written.
    #[error("cannot write {}", path.display())]
    AddressFile {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The task that opens the store failed.
    #[error("the relay could not be started")]
    Start(#[source] tokio::task::JoinError),
}

/// A relay that serves. Dropping it stops it at once; [`Running::shutdown`] stops it in order.
#[derive(Debug)]
pub struct Running {
    /// Where it listens.
    pub addr: SocketAddr,
    /// Where it serves metrics.
    pub metrics_addr: Option<SocketAddr>,
    /// Where phones reach it, without a `/` at its end.
    pub url: String,
    /// The operator's key.
    pub admin_key: String,
    /// The relay itself.
    pub relay: Relay,
    stopping: CancellationToken,
    tasks: TaskTracker,
    servers: Vec<JoinHandle<()>>,
    shutdown_deadline: Duration,
    address_file: PathBuf,
}

/// Opens the data folder (making what is not there), listens, and serves until
/// [`Running::shutdown`]. Runs on the tokio runtime it is called on.
///
/// # Errors
/// [`ServeError`] says what to do.
pub async fn serve(config: Config, clock: Arc<dyn Clock>) -> Result<Running, ServeError> {
    let (relay, auth, outside) = {
        let (config, clock) = (config.clone(), Arc::clone(&clock));
        tokio::task::spawn_blocking(move || open(&config, &clock))
            .await
            .map_err(ServeError::Start)??
    };
    let listener = listen(config.listen, &config.http)?;
    let addr = local(&listener, config.listen)?;
    let url = url_for_phones(&config, addr);
    let (stopping, tasks) = (CancellationToken::new(), TaskTracker::new());
    let admin_key = auth.admin_key().as_str().to_owned();
    let app = App::new(crate::routes::Inner {
        relay: relay.clone(),
        auth,
        clock: Arc::clone(&clock),
        url: url.clone(),
        stopping: stopping.clone(),
        tasks: tasks.clone(),
        requests: Arc::new(Semaphore::new(config.http.requests_max)),
        watches: Arc::new(Semaphore::new(config.http.watches_max)),
        openapi: router::openapi_json(),
        rates: Rates::new(&config.http.rates, Arc::clone(&clock)),
        limits: config.http.clone(),
        outside,
    });
    let mut servers = Vec::new();
    let metrics = match config.metrics_listen {
        None => None,
        Some(address) => {
            let listener = listen(address, &config.http)?;
            Some((local(&listener, address)?, listener))
        }
    };
    let metrics_addr = metrics.as_ref().map(|(address, _)| *address);
    if let Some((_, listener)) = metrics {
        let routes = telemetry::router(relay.clone());
        let limits = config.http.clone();
        servers.push(edge::serve(listener, routes, limits, stopping.clone()));
        spawn(&tasks, &stopping, telemetry::upkeep());
    }
    spawn(&tasks, &stopping, keep_ticking(relay.clone(), clock));
    spawn(&tasks, &stopping, keep_tidy(app.clone()));
    let limits = config.http.clone();
    servers.push(edge::serve(
        listener,
        router::router(app),
        limits,
        stopping.clone(),
    ));
    let address_file = config.data.join(ADDRESS_FILE);
    write_address(&address_file, addr)?;
    tracing::info!(%addr, metrics_addr = metrics_addr.map(tracing::field::display), "listening");
    Ok(Running {
        addr,
        metrics_addr,
        url,
        admin_key,
        relay,
        stopping,
        tasks,
        servers,
        shutdown_deadline: config.http.shutdown_deadline,
        address_file,
    })
}

/// Where phones reach the relay, without a `/` at its end.
fn url_for_phones(config: &Config, addr: SocketAddr) -> String {
    config
        .public_url
        .as_deref()
        .map_or_else(|| format!("http://{}", reachable(addr)), str::to_owned)
        .trim_end_matches('/')
        .to_owned()
}

/// Runs beside the requests until the relay stops.
fn spawn(
    tasks: &TaskTracker,
    stopping: &CancellationToken,
    work: impl Future<Output = ()> + Send + 'static,
) {
    tasks.spawn(stopping.clone().run_until_cancelled_owned(work));
}

/// Carries out what time alone brings about (seats still to be decided, tickets to close), for ever:
/// one portion, then a rest in which others have the writer.
async fn keep_ticking(relay: Relay, clock: Arc<dyn Clock>) {
    let mut due = tokio::time::interval(TICK);
    due.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        due.tick().await;
        if let Err(error) = relay.tick(clock.now()).await {
            tracing::warn!(%error, "seats wait to be decided, or tickets to be closed");
        }
    }
}

/// Looks now and then at what grows by itself: memory of who asked how often, scopes, former keys.
async fn keep_tidy(app: App) {
    let mut due = tokio::time::interval(TIDY);
    due.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        due.tick().await;
        app.rates.tidy();
        match app.relay.watch_quotas(app.now()).await {
            // What is left of former days goes portion by portion, with rests in between.
            Ok(true) => due.reset_after(TICK),
            Ok(false) => {}
            Err(error) => tracing::warn!(%error, "the quotas could not be looked at"),
        }
        let keys = app.clone();
        let dropped =
            tokio::task::spawn_blocking(move || keys.auth.drop_ended_keys(keys.clock.as_ref()));
        if let Ok(Err(error)) = dropped.await {
            tracing::warn!(%error, "a former key could not be dropped");
        }
    }
}

impl Running {
    /// Stops: takes no new connection, ends the watches, lets requests under way finish until the
    /// deadline, and then lets the writer finish what it took and close the store.
    pub async fn shutdown(mut self) {
        tracing::info!("stopping");
        self.stopping.cancel();
        self.tasks.close();
        let servers = std::mem::take(&mut self.servers);
        let aborts: Vec<_> = servers.iter().map(JoinHandle::abort_handle).collect();
        let all_done = async {
            for server in servers {
                // A server that panicked or was aborted is one that has stopped.
                drop(server.await);
            }
            self.tasks.wait().await;
        };
        if tokio::time::timeout(self.shutdown_deadline, all_done)
            .await
            .is_err()
        {
            tracing::warn!("requests were still under way at the deadline, and are cut off");
            aborts.iter().for_each(tokio::task::AbortHandle::abort);
        }
        let relay = self.relay.clone();
        if let Err(error) = tokio::task::spawn_blocking(move || relay.shutdown()).await {
            tracing::error!(%error, "the store did not close in order");
        }
        tracing::info!("stopped");
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.stopping.cancel();
        // Gone already, or of no use to anybody: either way there is nothing more to do.
        drop(fs::remove_file(&self.address_file));
    }
}

/// What is opened before anything is listened on.
type Open = (Relay, Auth, Option<Arc<Outside>>);

fn open(config: &Config, clock: &Arc<dyn Clock>) -> Result<Open, ServeError> {
    let relay = Relay::open(&config.data, Arc::clone(clock), &config.relay)?;
    let auth = Auth::open(&config.data, relay.epoch(), clock.as_ref())?;
    let outside = config.outside.clone();
    let outside = outside.map(|provider| Outside::new(provider, Arc::clone(clock)));
    if let Some(provider) = &outside
        && let Err(error) = provider.load()
    {
        if provider.has_key_file() {
            return Err(error.into());
        }
        // The provider may come back; a relay does not wait for it.
        tracing::warn!(%error, "the identity provider's keys are not there yet");
    }
    Ok((relay, auth, outside))
}

fn listen(address: SocketAddr, limits: &HttpLimits) -> Result<TcpListener, ServeError> {
    edge::listen(address, limits).map_err(|source| ServeError::Listen { address, source })
}

fn local(listener: &TcpListener, address: SocketAddr) -> Result<SocketAddr, ServeError> {
    listener
        .local_addr()
        .map_err(|source| ServeError::Listen { address, source })
}

/// An address that others reach this machine at, for a relay that listens on all of its addresses.
fn reachable(addr: SocketAddr) -> SocketAddr {
    if !addr.ip().is_unspecified() {
        return addr;
    }
    // Asks the routing table; a UDP socket that is connected sends nothing. The address is one
    // set aside for documentation.
    let ip = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0))
        .and_then(|socket| {
            socket.connect((Ipv4Addr::new(192, 0, 2, 1), 9))?;
            socket.local_addr()
        })
        .map_or(IpAddr::V4(Ipv4Addr::LOCALHOST), |local| local.ip());
    SocketAddr::new(ip, addr.port())
}

/// Says where the operator's commands reach the relay: on this machine.
fn write_address(path: &Path, addr: SocketAddr) -> Result<(), ServeError> {
    let failed = |source| ServeError::AddressFile {
        path: path.to_owned(),
        source,
    };
    let ip = if addr.ip().is_unspecified() {
        IpAddr::V4(Ipv4Addr::LOCALHOST)
    } else {
        addr.ip()
    };
    let part = path.with_extension("addr-part");
    let mut options = fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let line = format!("http://{}\n", SocketAddr::new(ip, addr.port()));
    options
        .open(&part)
        .and_then(|mut file| io::Write::write_all(&mut file, line.as_bytes()))
        .map_err(failed)?;
    fs::rename(&part, path).map_err(failed)
}

#[cfg(test)]
mod tests {
    use std::io::{BufRead as _, BufReader, Write as _};
    use std::net::TcpStream;

    use yizhan_proto::identity::PairRequest;
    use yizhan_proto::{DeviceId, PersonId, ProtocolVersion, Role};

    use super::*;
    use crate::clock::SystemClock;

    async fn token(running: &Running, data: &Path) -> String {
        let clock = SystemClock::new();
        let person = running
            .relay
            .add_person("王站长", vec![Role::Driver])
            .await
            .unwrap();
        let code = running
            .relay
            .create_pair_code(person.id, 60_000)
            .await
            .unwrap();
        let device = DeviceId::from_bytes([9; 16]);
        let request = PairRequest {
            version: ProtocolVersion::CURRENT,
            code: code.code,
            device,
            public_key: vec![1; 32],
            provisional: PersonId::from_bytes([8; 16]),
            label: String::new(),
            signature: Vec::new(),
        };
        running.relay.pair(request).await.unwrap();
        let auth = Auth::open(data, running.relay.epoch(), &clock).unwrap();
        auth.grant(device, person.id, clock.now()).unwrap().token
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_watch_hears_of_a_change_and_ends_when_the_relay_stops() {
        let data = tempfile::tempdir().unwrap();
        let config = Config {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            ..Config::new(data.path())
        };
        let running = serve(config, Arc::new(SystemClock::new())).await.unwrap();
        let token = token(&running, data.path()).await;
        let mut stream = TcpStream::connect(running.addr).unwrap();
        write!(
            stream,
            "GET /v1/watch HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {token}\r\n\r\n"
        )
        .unwrap();
        let (said, heard) = std::sync::mpsc::channel();
        let reader = std::thread::spawn(move || {
            for line in BufReader::new(stream).lines().map_while(Result::ok) {
                if said.send(line).is_err() {
                    break;
                }
            }
        });
        assert_eq!(heard.recv().unwrap(), "HTTP/1.1 200 OK");
        let head: Vec<String> = heard.iter().take_while(|line| !line.is_empty()).collect();
        assert!(head.iter().any(|line| line.contains("text/event-stream")));
        // A new region changes what everybody subscribes to.
        let region = "banan".parse().unwrap();
        running.relay.add_region(region, "重庆巴南").await.unwrap();
        assert!(heard.iter().any(|line| line == "event: pull"));
        // Somebody read, too: that connection must not keep SQLite's side files alive.
        running.relay.status().await.unwrap();
        running.shutdown().await;
        reader.join().unwrap();
        assert!(!data.path().join("relay.db-wal").exists());
        assert!(!data.path().join(ADDRESS_FILE).exists());
    }
}
