//! The admin server: HTTP/1 on a thread of its own, bounded in every direction, GET only.
//!
//! What it answers is decided by [`answer`], without I/O; this file binds, accepts, limits and stops.

mod answer;
mod peers;
mod tls;

use std::{
    io,
    net::{self, SocketAddr},
    path::PathBuf,
    sync::Arc,
    thread::{self, JoinHandle},
    time::Duration,
};

use http_body_util::Full;
use hyper::{Request, Response, body::Bytes, body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    server::graceful::{GracefulShutdown, Watcher},
};
use rustls::ServerConfig;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpListener,
    runtime,
    sync::oneshot,
    time::timeout,
};
use tokio_rustls::TlsAcceptor;

pub use self::tls::TlsError;
use self::{answer::answer, peers::Peers};
use super::Telemetry;

/// Time for a request's header.
const HEADER: Duration = Duration::from_secs(5);
/// Time for a connection as a whole; a scraper that wants more opens another.
const CONNECTION: Duration = Duration::from_secs(30);
/// Bytes of a request that are held, and headers that are parsed.
const REQUEST_BYTES: usize = 16 * 1024;
const HEADERS: usize = 64;
/// Pause after an accept that failed (no descriptor left).
const PAUSE: Duration = Duration::from_millis(200);
/// Time for open requests at the stop.
const DRAIN: Duration = Duration::from_secs(1);

/// `webserver.*`.
#[derive(Clone, Debug)]
pub struct Options {
    /// `listen_address` and `listen_port`; Falco's default is 0.0.0.0:8765.
    pub listen: SocketAddr,
    /// `k8s_healthz_endpoint`.
    pub healthz: String,
    /// `/metrics` exists: `metrics.enabled` and `webserver.prometheus_metrics_enabled`.
    pub metrics: bool,
    /// Who shows it as a bearer token learns the details from afar, too.
    pub token: Option<String>,
    /// `ssl_certificate`, where `ssl_enabled`: a PEM file with certificate chain and key.
    pub certificate: Option<PathBuf>,
}

/// Why the server did not start.
#[derive(Debug, thiserror::Error)]
pub enum AdminError {
    /// Another program listens there.
    #[error("{address} is in use; set webserver.listen_port or stop what listens there")]
    InUse {
        /// Address and port.
        address: SocketAddr,
        /// Cause.
        source: io::Error,
    },
    /// Listening failed for another reason.
    #[error("cannot listen on {address}")]
    Bind {
        /// Address and port.
        address: SocketAddr,
        /// Cause.
        source: io::Error,
    },
    /// `ssl_enabled`, and the file is not what it should be.
    #[error("cannot speak TLS with {} (webserver.ssl_certificate)", path.display())]
    Certificate {
        /// The file.
        path: PathBuf,
        /// Cause.
        source: TlsError,
    },
    /// The thread or its runtime could not be made.
    #[error("cannot start the admin server's thread")]
    Thread {
        /// Cause.
        source: io::Error,
    },
}

/// A port that is ours, before anything else is started.
#[derive(Debug)]
pub struct Admin {
    listener: net::TcpListener,
    options: Options,
    tls: Option<Arc<ServerConfig>>,
}

/// The running server.
#[derive(Debug)]
pub struct Server {
    stop: oneshot::Sender<()>,
    thread: JoinHandle<()>,
}

impl Admin {
    /// Takes the port. Callers wait in its queue until [`Admin::serve`].
    pub fn bind(options: Options) -> Result<Self, AdminError> {
        let address = options.listen;
        let config = |path: &PathBuf| {
            tls::config(path).map_err(|source| AdminError::Certificate { path: path.clone(), source })
        };
        let tls = options.certificate.as_ref().map(config).transpose()?;
        let bound = net::TcpListener::bind(address);
        let ready = bound.and_then(|listener| listener.set_nonblocking(true).map(|()| listener));
        match ready {
            Ok(listener) => Ok(Self { listener, options, tls }),
            Err(source) if source.kind() == io::ErrorKind::AddrInUse => {
                Err(AdminError::InUse { address, source })
            }
            Err(source) => Err(AdminError::Bind { address, source }),
        }
    }

    /// Where it listens: the port that was chosen when 0 was asked for.
    pub fn address(&self) -> SocketAddr {
        self.listener.local_addr().unwrap_or(self.options.listen)
    }

    /// Starts answering.
    pub fn serve(self, telemetry: Arc<Telemetry>) -> Result<Server, AdminError> {
        let failed = |source| AdminError::Thread { source };
        let runtime = runtime::Builder::new_current_thread().enable_all().build().map_err(failed)?;
        let listener = {
            let _in_runtime = runtime.enter();
            TcpListener::from_std(self.listener).map_err(failed)?
        };
        let (stop, stopped) = oneshot::channel();
        let alive = telemetry.alive("admin");
        let (shared, tls) = (Arc::new((telemetry, self.options)), self.tls.map(TlsAcceptor::from));
        let body = move || {
            runtime.block_on(run(listener, tls, shared, stopped));
            drop(alive);
        };
        let thread = thread::Builder::new().name("admin".to_owned()).spawn(body).map_err(failed)?;
        Ok(Server { stop, thread })
    }
}

impl Server {
    /// Takes no more connections, lets open requests end, ends the thread.
    pub fn stop(self) {
        // Either may have ended already.
        self.stop.send(()).unwrap_or_default();
        self.thread.join().unwrap_or_default();
    }
}

type Shared = Arc<(Arc<Telemetry>, Options)>;

async fn run(
    listener: TcpListener,
    tls: Option<TlsAcceptor>,
    shared: Shared,
    stopped: oneshot::Receiver<()>,
) {
    let graceful = Arc::new(GracefulShutdown::new());
    let accepting = tokio::spawn(accept(listener, tls, shared, Arc::clone(&graceful)));
    stopped.await.unwrap_or_default();
    accepting.abort();
    // Ends cancelled, and with it the listener and its share of `graceful`.
    drop(accepting.await);
    if let Some(graceful) = Arc::into_inner(graceful) {
        timeout(DRAIN, graceful.shutdown()).await.unwrap_or_default();
    }
}

async fn accept(
    listener: TcpListener,
    tls: Option<TlsAcceptor>,
    shared: Shared,
    graceful: Arc<GracefulShutdown>,
) {
    let peers = Arc::new(Peers::default());
    loop {
        let Ok((stream, peer)) = listener.accept().await else {
            tokio::time::sleep(PAUSE).await;
            continue;
        };
        // Without a place the connection is closed at once.
        if let Some(place) = peers.admit(peer.ip()) {
            let (shared, watcher, tls) = (Arc::clone(&shared), graceful.watcher(), tls.clone());
            tokio::spawn(async move {
                // A client that breaks the protocol or takes too long is its own problem.
                match tls {
                    None => drop(timeout(CONNECTION, connection(stream, peer, shared, watcher)).await),
                    Some(tls) => {
                        if let Ok(Ok(stream)) = timeout(HEADER, tls.accept(stream)).await {
                            drop(timeout(CONNECTION, connection(stream, peer, shared, watcher)).await);
                        }
                    }
                }
                drop(place);
            });
        }
    }
}

async fn connection<S: AsyncRead + AsyncWrite + Unpin + Send + 'static>(
    stream: S,
    peer: SocketAddr,
    shared: Shared,
    watcher: Watcher,
) -> Result<(), hyper::Error> {
    let is_local = peer.ip().to_canonical().is_loopback();
    let service = service_fn(move |request: Request<Incoming>| {
        let (telemetry, options) = &*shared;
        let is_trusted = is_local || answer::has_token(request.headers(), options);
        let answer = answer(request.method(), request.uri().path(), is_trusted, telemetry, options);
        let response: Response<Full<Bytes>> = answer.into_response();
        async { Ok::<_, std::convert::Infallible>(response) }
    });
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new())
        .header_read_timeout(HEADER)
        .max_buf_size(REQUEST_BYTES)
        .max_headers(HEADERS);
    watcher.watch(http.serve_connection(TokioIo::new(stream), service)).await
}

#[cfg(test)]
mod tests;
