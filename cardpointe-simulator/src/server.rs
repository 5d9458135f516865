//! The simulator over HTTP: connections, the request log, waiting, and responses that do not
//! arrive.
//!
//! hyper is driven directly because a closed connection needs it: an error from the service closes
//! the connection before a response head is written.

use std::convert::Infallible;
use std::io::Write;
use std::net::SocketAddr;
use std::ops::Deref;
use std::path::Path;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use http::{Request, StatusCode};
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::{Body, Bytes, Frame, Incoming};
use hyper::ext::ReasonPhrase;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use jiff::Timestamp;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};

use crate::{
    cards,
    config::Config,
    control::CONTROL_PATH,
    hosts::{Addressed, Hosts},
    response::{Delivery, Response},
    rest::REST_PATH,
    simulator::Simulator,
    world::StoreError,
};

/// After a failed accept (no file descriptors left, say): not at once again, but soon.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// No request of the gateway's interface comes near it.
const MAX_BODY_BYTES: usize = 2 * 1024 * 1024;

/// A simulator that is served on a port, in real time. Stops when dropped.
///
/// It dereferences to the [`Simulator`] that it serves: faults, ledger and settlement are the same
/// in process and over HTTP.
pub struct Server {
    address: SocketAddr,
    simulator: Simulator,
    task: Option<JoinHandle<()>>,
}

impl Server {
    /// Serves on a bound listener, in a task of the current Tokio runtime.
    pub fn start(listener: TcpListener, config: Config) -> Self {
        Self::start_at(listener, config, Timestamp::now)
    }

    /// The same, in the time of another clock.
    pub fn start_at(
        listener: TcpListener,
        config: Config,
        clock: impl Fn() -> Timestamp + Send + Sync + 'static,
    ) -> Self {
        let serving = Serving::from(&config);
        Self::serving(listener, Simulator::new(config, clock), serving)
    }

    /// The same, with its state in a file; see [`Simulator::keep_in`].
    pub fn start_in(listener: TcpListener, config: Config, path: &Path) -> Result<Self, StoreError> {
        let serving = Serving::from(&config);
        let simulator = Simulator::new(config, Timestamp::now);
        simulator.keep_in(path)?;
        Ok(Self::serving(listener, simulator, serving))
    }

    fn serving(listener: TcpListener, simulator: Simulator, serving: Serving) -> Self {
        let address = listener.local_addr().expect("a bound listener has an address");
        simulator.keep_requests();
        let task = tokio::spawn(serve(listener, simulator.clone(), serving));
        Self { address, simulator, task: Some(task) }
    }

    /// Where the gateway's endpoints are: `http://127.0.0.1:4001/cardconnect/rest`.
    pub fn base_url(&self) -> String {
        format!("http://{}{REST_PATH}", self.address)
    }

    /// Where the control interface is: `http://127.0.0.1:4001/_simulator`.
    pub fn control_url(&self) -> String {
        format!("http://{}{CONTROL_PATH}", self.address)
    }

    /// Stops serving; open connections are closed.
    pub async fn stop(mut self) {
        if let Some(task) = self.task.take() {
            task.abort();
            // Fails with "canceled", as requested; only the end of the task matters.
            drop(task.await);
        }
    }
}

impl Deref for Server {
    type Target = Simulator;

    fn deref(&self) -> &Simulator {
        &self.simulator
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(task) = &self.task {
            task.abort();
        }
    }
}

/// How all requests are served.
#[derive(Clone)]
struct Serving {
    log: bool,
    hosts: Hosts,
}

impl From<&Config> for Serving {
    fn from(config: &Config) -> Self {
        Self { log: config.log, hosts: Hosts::new(config.hosts.clone()) }
    }
}

impl Serving {
    /// The gateway's own endpoints have credentials, and clients call them by the gateway's names.
    /// Paths without credentials are for this machine.
    fn admits(&self, head: &http::request::Parts) -> bool {
        let path = head.uri.path();
        let is_open = !path.starts_with(CONTROL_PATH) && path != "/";
        let is_own = || self.hosts.addressed(&head.headers) == Addressed::Own;
        is_open || (is_own() && self.hosts.is_own_page(&head.headers))
    }
}

/// Accepts connections until the task is aborted; its connections end with it.
async fn serve(listener: TcpListener, simulator: Simulator, serving: Serving) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, peer)) => {
                    connections.spawn(serve_connection(stream, peer, simulator.clone(), serving.clone()));
                }
                Err(_) => tokio::time::sleep(ACCEPT_PAUSE).await,
            },
            Some(_) = connections.join_next() => {}
        }
    }
}

async fn serve_connection(stream: TcpStream, peer: SocketAddr, simulator: Simulator, serving: Serving) {
    let service = service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(peer.ip());
        let (simulator, serving) = (simulator.clone(), serving.clone());
        async move { respond(request, &simulator, &serving).await }
    });
    // A connection that ends with an error is an armed fault, or a client that went away: neither
    // is news.
    drop(http1::Builder::new().serve_connection(TokioIo::new(stream), service).await);
}

async fn respond(
    request: Request<Incoming>,
    simulator: &Simulator,
    serving: &Serving,
) -> Result<http::Response<ResponseBody>, Dropped> {
    let started = Instant::now();
    let line = format!("{} {}", request.method(), cards::mask_card_numbers(request.uri().path()));
    let is_rest = request.uri().path().starts_with(REST_PATH);
    let (head, body) = request.into_parts();
    let response = match Limited::new(body, MAX_BODY_BYTES).collect().await {
        Ok(_) if !serving.admits(&head) => {
            let error = "only for this machine and its pages: see --host";
            Response::json(StatusCode::FORBIDDEN, &serde_json::json!({ "error": error }))
        }
        Ok(body) => simulator.respond(&Request::from_parts(head, body.to_bytes())),
        Err(_) => Response::http_error(StatusCode::PAYLOAD_TOO_LARGE, head.uri.path(), simulator.now()),
    };
    if !response.delay.is_zero() {
        tokio::time::sleep(response.delay).await;
    }
    if serving.log {
        log_line(&line, &response, started);
    }
    match response.delivery {
        Delivery::Closed => Err(Dropped),
        Delivery::Never => std::future::pending().await,
        Delivery::Complete | Delivery::Cut => Ok(written(response, is_rest)),
    }
}

/// The response for hyper. At the gateway's own endpoints the status line ends after the code, as
/// at the real gateway.
fn written(response: Response, is_rest: bool) -> http::Response<ResponseBody> {
    let body = Bytes::from(response.body);
    let body = match response.delivery {
        Delivery::Cut => ResponseBody::Cut(CutBody { half: Some(body), flushed: false }),
        Delivery::Complete | Delivery::Closed | Delivery::Never => ResponseBody::Full(Full::new(body)),
    };
    let mut written = http::Response::new(body);
    *written.status_mut() = response.status;
    *written.headers_mut() = response.headers;
    if is_rest {
        written.extensions_mut().insert(ReasonPhrase::from_static(b""));
    }
    written
}

fn log_line(line: &str, response: &Response, started: Instant) {
    let status = match response.delivery {
        Delivery::Closed | Delivery::Never => "no response".to_owned(),
        Delivery::Complete | Delivery::Cut => response.status.as_u16().to_string(),
    };
    let milliseconds = started.elapsed().as_millis();
    let at = Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ");
    // `eprintln!` would panic, and drop the request, once nothing reads stderr any more.
    drop(writeln!(std::io::stderr(), "{at} {line} {status} {milliseconds} ms"));
}

/// Why a connection closes without a response.
#[derive(Debug)]
struct Dropped;

impl std::fmt::Display for Dropped {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("a fault closed the connection")
    }
}

impl std::error::Error for Dropped {}

/// A whole body, or one that breaks off.
enum ResponseBody {
    Full(Full<Bytes>),
    Cut(CutBody),
}

struct CutBody {
    half: Option<Bytes>,
    flushed: bool,
}

impl Body for ResponseBody {
    type Data = Bytes;
    type Error = Dropped;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Dropped>>> {
        match self.get_mut() {
            Self::Full(full) => {
                Pin::new(full).poll_frame(context).map_err(|never: Infallible| match never {})
            }
            Self::Cut(cut) => cut.poll(context),
        }
    }

    fn size_hint(&self) -> hyper::body::SizeHint {
        match self {
            Self::Full(full) => full.size_hint(),
            Self::Cut(_) => hyper::body::SizeHint::default(),
        }
    }
}

impl CutBody {
    fn poll(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Dropped>>> {
        if let Some(half) = self.half.take() {
            return Poll::Ready(Some(Ok(Frame::data(half))));
        }
        if self.flushed {
            return Poll::Ready(Some(Err(Dropped)));
        }
        // hyper writes out its buffer while the body is not ready; an error right away would throw
        // it away.
        self.flushed = true;
        context.waker().wake_by_ref();
        Poll::Pending
    }
}
