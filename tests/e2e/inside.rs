//! A relay in this process, on a real socket, with a time that a test makes pass; and phones with the
//! same time, over that socket.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::path::Path;
use std::time::Duration;

use tokio::net::TcpSocket;
use tokio::runtime::Runtime;
use yizhan_client_core::client::{Client, VisitStart};
use yizhan_client_core::error::ClientError;
use yizhan_client_core::transport::RelayUrl;
use yizhan_client_core::transport::http::HttpTransport;
use yizhan_proto::{Role, StationId};
use yizhan_server::config::HttpLimits;
use yizhan_server::{Config, Running, serve};
use yizhan_tests::chance::Chance;
use yizhan_tests::clock::{SimClock, TrueTime};
use yizhan_tests::network;
use yizhan_tests::process::{Said, run};

/// What a test waits for at most; what it waits for comes much sooner.
const AT_MOST: Duration = Duration::from_secs(60);

/// A relay in this process.
pub(crate) struct Relay {
    pub(crate) running: Running,
    pub(crate) runtime: Runtime,
    pub(crate) time: TrueTime,
    data: tempfile::TempDir,
}

impl Relay {
    pub(crate) fn start(set: impl FnOnce(&mut HttpLimits)) -> Self {
        Self::start_with(|config| set(&mut config.http))
    }

    pub(crate) fn start_with(set: impl FnOnce(&mut Config)) -> Self {
        let runtime = Runtime::new().expect("a runtime");
        let data = tempfile::tempdir().expect("a temporary folder");
        let time = TrueTime::new();
        let mut config = Config {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            ..Config::new(data.path())
        };
        set(&mut config);
        let clock = SimClock::new(time.clone(), Chance::new(1));
        let running = runtime
            .block_on(serve(config, clock))
            .expect("the relay serves");
        Self {
            running,
            runtime,
            time,
            data,
        }
    }

    pub(crate) fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self.running.addr).expect("a connection");
        stream.set_read_timeout(Some(AT_MOST)).expect("a timeout");
        stream.set_write_timeout(Some(AT_MOST)).expect("a timeout");
        stream
    }

    /// A connection whose own side holds next to nothing of what it does not read.
    pub(crate) fn connect_narrow(&self) -> TcpStream {
        let stream = self.runtime.block_on(async {
            let socket = TcpSocket::new_v4()?;
            socket.set_recv_buffer_size(2_048)?;
            socket.connect(self.running.addr).await?.into_std()
        });
        let stream = stream.expect("a connection");
        stream.set_nonblocking(false).expect("a stream that waits");
        stream.set_read_timeout(Some(AT_MOST)).expect("a timeout");
        stream
    }

    /// The status of a request of its own connection.
    pub(crate) fn status(&self, request: &str) -> String {
        let mut stream = self.connect();
        stream.write_all(request.as_bytes()).expect("it is sent");
        let answer = until_the_end(&mut stream);
        answer.split("\r\n").next().unwrap_or_default().to_owned()
    }

    /// Others are served, whatever goes on.
    pub(crate) fn serves_others(&self) {
        let status = self.status("GET /healthz HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
        assert_eq!(status, "HTTP/1.1 200 OK");
    }

    /// Imports the real network; gives one station of it.
    pub(crate) fn station(&self) -> StationId {
        self.stations()[0]
    }

    /// Imports the real network; gives its stations.
    pub(crate) fn stations(&self) -> Vec<StationId> {
        let import = self.running.relay.import_stations(network::stations());
        let imported = self.runtime.block_on(import).expect("an import");
        imported.into_iter().map(|station| station.id).collect()
    }

    /// Runs an admin command of the operator's, in a process of its own.
    pub(crate) fn typed(&self, args: &[&str]) -> Said {
        let data = self.data.path().to_string_lossy().into_owned();
        run("yizhan", &[&["--data", &data], args].concat())
    }

    /// A driver's phone.
    pub(crate) fn phone(&self, name: &str) -> Phone {
        self.phone_of(name, vec![Role::Driver])
    }

    /// A new person's phone.
    pub(crate) fn phone_of(&self, name: &str, roles: Vec<Role>) -> Phone {
        let home = tempfile::tempdir().expect("a temporary folder");
        let seed = name.bytes().map(u64::from).sum();
        let clock = SimClock::new(self.time.clone(), Chance::new(seed));
        let mut client = Client::open(home.path(), clock).expect("a store");
        let relay = &self.running.relay;
        let code = self.runtime.block_on(async {
            let person = relay.add_person(name, roles).await;
            let code = relay.create_pair_code(person.expect("a person").id, 600_000);
            code.await.expect("a code").code
        });
        let url: RelayUrl = self.running.url.parse().expect("an address");
        let mut transport = HttpTransport::new(url.clone());
        client
            .pair(&mut transport, &url, &code, "手机")
            .expect("a pairing");
        Phone {
            client,
            transport,
            home,
        }
    }
}

/// A phone in this process, with the same time.
pub(crate) struct Phone {
    pub(crate) client: Client,
    pub(crate) transport: HttpTransport,
    home: tempfile::TempDir,
}

impl Phone {
    pub(crate) fn home(&self) -> &Path {
        self.home.path()
    }

    pub(crate) fn log_visit(&mut self, station: StationId) {
        let start = VisitStart {
            station,
            driver: None,
            own_name: None,
            arrived_at: None,
            vehicle_plate: None,
            requested: Vec::new(),
        };
        self.client.start_visit(start).expect("an edit");
    }

    pub(crate) fn unsent(&self) -> u64 {
        self.client.status().expect("a status").unsent_changes
    }

    /// Syncs; what hinders it, if anything.
    pub(crate) fn sync(&mut self) -> Option<String> {
        let done = self.client.sync(&mut self.transport);
        done.err()
            .map(|error| ClientError::from(error).code().to_owned())
    }
}

/// All that comes until the relay closes the connection, however it closes it.
pub(crate) fn until_the_end(stream: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    let mut piece = [0; 4096];
    loop {
        match stream.read(&mut piece) {
            Ok(0) => break,
            Ok(read) => bytes.extend_from_slice(&piece[..read]),
            Err(error) if error.kind() == ErrorKind::ConnectionReset => break,
            Err(error) => panic!("the relay did not close the connection: {error}"),
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}
