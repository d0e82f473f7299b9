//! The listeners: sockets, timeouts, how many connections there may be, and an orderly shutdown.

use crate::web::app::App;
use crate::web::connection::{Connection, ConnectionCounts, CountedConnection};
use crate::web::forward_auth::TokenCache;
use crate::web::health;
use crate::web::metrics::gauge_guard::GaugeGuard;
use crate::web::metrics::limits::CONNECTIONS;
use crate::web::request_id::RequestId;
use crate::web::request_trace;
use crate::web::settings_reading::ReadAllFiles;
use crate::web::shutdown;
use crate::web::unread_body::{AnswerBody, KeptBody};
use crate::world::open_files;
use crate::world::signals::{HeldReload, ProcessSignals};
use actix_http::error::DispatchError;
use actix_http::{HttpService, Protocol};
use actix_service::{IntoServiceFactory as _, ServiceFactoryExt as _, map_config};
use actix_web::App as Routes;
use actix_web::dev::{AppConfig, Server, Service as _, ServiceFactory, fn_service};
use actix_web::web::{Data, PayloadConfig, ServiceConfig};
use std::future::Future;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener};
use std::num::NonZero;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpSocket, TcpStream};
use tracing::Instrument as _;

/// The largest body that is read.
const LARGEST_BODY: usize = 16 * 1024;
/// How many connections each worker has at most.
const MOST_CONNECTIONS: usize = 5000;
/// How many connections wait until a worker takes them.
const WAITING_CONNECTIONS: u32 = 1024;
/// The server itself waits for requests under way for longer than the settings allow, in seconds.
const LONGEST_SHUTDOWN: u64 = 3600;
/// How many files stay free for storage, for calls to providers and for the files of the operator.
const RESERVED_FILES: usize = 200;

/// Serves until the process is stopped; `ready` is called with the address once the server listens.
pub(crate) async fn serve(
    app: Data<App>,
    listen: SocketAddr,
    metrics: Option<SocketAddr>,
    configure: impl Fn(&mut ServiceConfig) + Clone + Send + 'static,
    (read_all, reload): (ReadAllFiles, Option<HeldReload>),
    ready: impl FnOnce(SocketAddr),
) -> io::Result<()> {
    let opening = app.clone();
    let open = move || opening.metrics.process.count_connection();
    let of_operator = app.clone();
    let for_operator = move |config: &mut ServiceConfig| health::own_listener(config.app_data(of_operator.clone()));
    let apart = metrics.map(|address| start(bind(address)?, 1, for_operator, |_| Ok(None), open.clone())).transpose()?;
    let listener = bind(listen)?;
    let address = listener.local_addr()?;
    let (counts, counting, served) = (Arc::new(ConnectionCounts::default()), app.clone(), app.clone());
    let configure = move |config: &mut ServiceConfig| {
        // Each worker has its own cache, so that workers never wait for each other.
        config.app_data(served.clone()).app_data(Data::new(TokenCache::default())).app_data(PayloadConfig::new(LARGEST_BODY));
        configure(config);
    };
    let count = move |client| match counting.live_config().most_connections(client) {
        None => Ok(None),
        Some(most) => counts.count(client, most).map(Some).ok_or_else(|| {
            counting.metrics.limits.count(CONNECTIONS);
            TooManyConnections
        }),
    };
    let workers = std::thread::available_parallelism().map_or(2, NonZero::get);
    let (server, signals) = (start(listener, workers, configure, count, open)?, ProcessSignals::new(reload)?);
    let handle = server.handle();
    ready(address);
    // It serves until the process ends.
    apart.map(actix_web::rt::spawn);
    // The server's future ends when a stop is requested; `follow_signals` waits for the rest.
    let serving = async {
        let ended = server.await;
        if app.ending.has_begun() { std::future::pending().await } else { ended }
    };
    tokio::select! {
        ended = serving => ended?,
        () = shutdown::follow_signals(&app, &handle, signals, read_all) => {}
    }
    shutdown::save_all(&app).await;
    Ok(())
}

/// Starts a server that leaves the signals to `shutdown`.
fn start(
    listener: TcpListener,
    workers: usize,
    configure: impl Fn(&mut ServiceConfig) + Clone + Send + 'static,
    count: impl Fn(IpAddr) -> Result<Option<CountedConnection>, TooManyConnections> + Clone + Send + 'static,
    open: impl Fn() -> GaugeGuard + Clone + Send + 'static,
) -> io::Result<Server> {
    let threads = std::thread::available_parallelism().map_or(2, NonZero::get);
    // Where files are scarce, connections wait in the queue of the system, and nothing else fails.
    let files = usize::try_from(open_files::raise_limit()).unwrap_or(usize::MAX);
    let connections = files.saturating_sub(RESERVED_FILES).max(files / 4).checked_div(threads).unwrap_or(1).clamp(1, MOST_CONNECTIONS);
    let builder = Server::build().workers(workers).max_concurrent_connections(connections);
    let builder = builder.shutdown_timeout(LONGEST_SHUTDOWN).disable_signals();
    let stopping = builder.graceful_shutdown_signal();
    let server = builder.listen("portaria", listener, move || {
        let stopping = stopping.clone();
        http_service(configure.clone(), count.clone(), open.clone(), move || {
            let stopping = stopping.clone();
            async move { stopping.notified().await }
        })
    })?;
    Ok(server.run())
}

fn bind(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(WAITING_CONNECTIONS)?.into_std()
}

/// The client has as many connections as it may.
struct TooManyConnections;

/// HTTP over the connections of a listener.
fn http_service<F: Future<Output = ()> + 'static>(
    configure: impl Fn(&mut ServiceConfig) + 'static,
    count: impl Fn(IpAddr) -> Result<Option<CountedConnection>, TooManyConnections> + Clone + 'static,
    open: impl Fn() -> GaugeGuard + Clone + 'static,
    stopping: impl Fn() -> F + 'static,
) -> impl ServiceFactory<TcpStream, Config = (), Response = (), Error = DispatchError, InitError = ()> {
    let routes = Routes::new().configure(configure).wrap_fn(|mut request, service| {
        let (kept, id) = (KeptBody::of(&mut request), RequestId::of(&request));
        let traced = request_trace::begin(&request);
        let (span, (name, value)) = (id.span(&traced), id.header());
        let answering = traced.around(span.in_scope(|| service.call(request)).instrument(span));
        async move {
            let mut answer = answering.await?.map_body(|_, body| AnswerBody { body, _request: kept });
            request_trace::note_answer(&traced, &answer);
            answer.headers_mut().insert(name, value);
            Ok(answer)
        }
    });
    let routes = routes.into_factory().map_err(|error: actix_web::Error| error.error_response());
    let http = HttpService::build()
        .client_request_timeout(Duration::from_secs(10))
        .client_disconnect_timeout(Duration::from_secs(5))
        // Longer than that of proxies in front, so that they close idle connections first.
        .keep_alive(Duration::from_secs(75))
        .graceful_shutdown_signal(stopping)
        .finish(map_config(routes, |()| AppConfig::default()));
    let accept = fn_service(move |stream: TcpStream| {
        let peer = stream.peer_addr().ok();
        let open = open.clone();
        let counted = count(peer.map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |peer| peer.ip()));
        async move {
            let Ok(counted) = counted else {
                // If the client is not ready for the answer, it is only closed.
                let _ = stream
                    .try_write(b"HTTP/1.1 503 Service Unavailable\r\nconnection: close\r\ncontent-length: 0\r\nretry-after: 10\r\n\r\n");
                return Err(DispatchError::Io(io::ErrorKind::ConnectionRefused.into()));
            };
            Ok((Connection::new(stream, counted, open()), Protocol::Http1, peer))
        }
    });
    accept.and_then(http)
}
