//! Takes connections, each with its own task, until the relay stops.

use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, HttpBody};
use axum::http::{Request, Response};
use hyper::body::{Frame, Incoming, SizeHint};
use hyper::server::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt as _;

use super::crowd::{Crowd, Place};
use super::phase::{Phases, UnderWay};
use super::proxies;
use super::stream::Guarded;
use crate::clock::{Clock, SystemClock};
use crate::config::HttpLimits;

/// After a failure to accept that is not one connection's own (no more files, say): time for others
/// to end.
const ACCEPT_AGAIN: Duration = Duration::from_millis(500);
/// What one gets for whom there is no room. It is not read what was asked.
const NO_ROOM: &[u8] =
    b"HTTP/1.1 429 Too Many Requests\r\nretry-after: 10\r\nconnection: close\r\ncontent-length: 0\r\n\r\n";

/// Connections that the system keeps until they are accepted.
const BACKLOG: u32 = 1_024;

/// Listens on an address; what is accepted has the bounds that a socket itself holds.
///
/// # Errors
/// The system's, if the address is taken or not this machine's.
pub(crate) fn listen(address: SocketAddr, limits: &HttpLimits) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() {
        TcpSocket::new_v4()?
    } else {
        TcpSocket::new_v6()?
    };
    // A relay that is started again does not wait for connections of its former life.
    #[cfg(unix)]
    socket.set_reuseaddr(true)?;
    if let Some(bytes) = limits.send_buffer_bytes {
        socket.set_send_buffer_size(bytes)?;
    }
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

/// What all connections of a listener share.
struct Shared {
    routes: Router,
    limits: HttpLimits,
    clock: Arc<dyn Clock>,
    stopping: CancellationToken,
}

/// Serves the routes on a listener until `stopping`; then takes no new connection and ends when the
/// requests under way are answered. Aborting the task cuts them off.
pub(crate) fn serve(
    listener: TcpListener,
    routes: Router,
    limits: HttpLimits,
    stopping: CancellationToken,
) -> JoinHandle<()> {
    let crowd = Crowd::new(limits.connections_max, limits.connections_per_address_max);
    let shared = Arc::new(Shared {
        routes,
        limits,
        clock: Arc::new(SystemClock::new()),
        stopping,
    });
    tokio::spawn(async move {
        let mut connections = JoinSet::new();
        loop {
            let accepted = tokio::select! {
                () = shared.stopping.cancelled() => break,
                // Finished ones are let go of as they finish.
                Some(_) = connections.join_next() => continue,
                accepted = listener.accept() => accepted,
            };
            match accepted {
                Ok((stream, peer)) => {
                    if let Some(place) = admit(&crowd, &stream, peer, &shared.limits) {
                        connections.spawn(connection(Arc::clone(&shared), stream, peer, place));
                    }
                }
                Err(error) if is_of_one_connection(&error) => {}
                Err(error) => {
                    tracing::error!(%error, "no connection can be accepted; it is tried again");
                    sleep(ACCEPT_AGAIN).await;
                }
            }
        }
        drop(listener);
        while connections.join_next().await.is_some() {}
    })
}

fn is_of_one_connection(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionAborted
            | io::ErrorKind::ConnectionReset
            | io::ErrorKind::ConnectionRefused
            | io::ErrorKind::Interrupted
    )
}

fn admit(
    crowd: &Crowd,
    stream: &TcpStream,
    peer: SocketAddr,
    limits: &HttpLimits,
) -> Option<Place> {
    let many = proxies::is_trusted(peer.ip(), &limits.trusted_proxies);
    match crowd.enter(peer.ip(), many) {
        Ok(place) => Some(place),
        Err(full) => {
            metrics::counter!("yizhan_connections_refused_total", "reason" => full.as_str())
                .increment(1);
            tracing::debug!(reason = full.as_str(), "a connection is refused");
            // As far as it goes without waiting: nobody here waits for the refused.
            drop(stream.try_write(NO_ROOM));
            None
        }
    }
}

async fn connection(shared: Arc<Shared>, stream: TcpStream, peer: SocketAddr, place: Place) {
    // Answers are written whole: waiting to fill a packet only delays them.
    drop(stream.set_nodelay(true));
    let phases = Phases::default();
    let guarded = Guarded::new(
        stream,
        &shared.limits,
        phases.clone(),
        Arc::clone(&shared.clock),
    );
    let service = {
        let shared = Arc::clone(&shared);
        hyper::service::service_fn(move |request| answer(&shared, peer, &phases, request))
    };
    let mut http = http1::Builder::new();
    // The guarded stream bounds the time of a head, from its first byte on.
    http.header_read_timeout(None)
        .max_header_size(shared.limits.head_bytes_max)
        .max_headers(shared.limits.headers_max);
    let mut serving = std::pin::pin!(http.serve_connection(TokioIo::new(guarded), service));
    let served = tokio::select! {
        served = serving.as_mut() => served,
        () = shared.stopping.cancelled() => {
            serving.as_mut().graceful_shutdown();
            serving.await
        }
    };
    if let Err(error) = served {
        tracing::debug!(%error, "a connection ended");
    }
    drop(place);
}

fn answer(
    shared: &Arc<Shared>,
    peer: SocketAddr,
    phases: &Phases,
    request: Request<Incoming>,
) -> impl Future<Output = Result<Response<Answered>, Infallible>> + use<> {
    let under_way = UnderWay::new(phases);
    let client = proxies::client(peer.ip(), request.headers(), &shared.limits.trusted_proxies);
    let mut request = request.map(Body::new);
    request.extensions_mut().insert(client);
    let routes = shared.routes.clone();
    async move {
        let response = routes.oneshot(request).await?;
        Ok(response.map(|body| Answered {
            body,
            _under_way: under_way,
        }))
    }
}

/// An answer; when it is dropped, the connection waits for the next request.
struct Answered {
    body: Body,
    _under_way: UnderWay,
}

impl HttpBody for Answered {
    type Data = <Body as HttpBody>::Data;
    type Error = <Body as HttpBody>::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Self::Data>, Self::Error>>> {
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
