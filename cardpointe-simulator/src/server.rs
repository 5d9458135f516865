//! Connections: routes, headers, the request log, and answers that never come.
//!
//! hyper is driven directly because a dropped answer needs it: an error from the service closes the
//! connection before a response head is written, which axum's own server has no way to ask for.

use std::convert::Infallible;
use std::io::Write;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::http::{HeaderValue, Request, StatusCode};
use axum::response::{IntoResponse, Response};
use hyper::body::{Frame, Incoming};
use hyper::ext::ReasonPhrase;
use hyper::server::conn::http1;
use hyper::service::{Service, service_fn};
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use jiff::Timestamp;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use crate::cards;
use crate::simulator::Shared;
use crate::{control, rest};

pub(crate) const REST_PATH: &str = "/cardconnect/rest";
pub(crate) const CONTROL_PATH: &str = "/_simulator";

/// After a failed accept (no file descriptors left, say): not at once again, but soon.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Marks a response that is not to be sent: its connection closes instead.
#[derive(Clone, Copy, Debug)]
pub(crate) struct NoAnswer;

/// The other end's address.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Peer(pub(crate) IpAddr);

/// Accepts connections until the task is aborted; its connections end with it.
pub(crate) async fn serve(listener: TcpListener, shared: Arc<Shared>) {
    let router =
        rest::router().merge(control::router()).fallback(rest::not_found).with_state(Arc::clone(&shared));
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, peer)) => {
                    connections.spawn(serve_connection(stream, peer, router.clone(), Arc::clone(&shared)));
                }
                Err(_) => tokio::time::sleep(ACCEPT_PAUSE).await,
            },
            Some(_) = connections.join_next() => {}
        }
    }
}

async fn serve_connection(stream: TcpStream, peer: SocketAddr, router: Router, shared: Arc<Shared>) {
    let router = TowerToHyperService::new(router);
    let service = service_fn(move |mut request: Request<Incoming>| {
        let started = Instant::now();
        let line = format!("{} {}", request.method(), cards::mask_card_numbers(request.uri().path()));
        let is_rest = request.uri().path().starts_with(REST_PATH);
        request.extensions_mut().insert(Peer(peer.ip()));
        let answer = router.call(request);
        let shared = Arc::clone(&shared);
        async move {
            let response = answer.await.unwrap_or_else(|never: Infallible| match never {});
            if shared.log {
                log(&line, &response, started);
            }
            if response.extensions().get::<NoAnswer>().is_some() {
                return Err(Dropped);
            }
            Ok(if is_rest { with_gateway_head(response) } else { response })
        }
    });
    // A connection that ends with an error is a fault to order, or a client that went away: neither is news.
    drop(http1::Builder::new().serve_connection(TokioIo::new(stream), service).await);
}

/// Why a connection closes without an answer.
#[derive(Debug)]
struct Dropped;

impl std::fmt::Display for Dropped {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("a fault closed the connection")
    }
}

impl std::error::Error for Dropped {}

/// The status line ends after the code, and two headers name the server, as at the real gateway.
fn with_gateway_head(mut response: Response) -> Response {
    response.extensions_mut().insert(ReasonPhrase::from_static(b""));
    response.headers_mut().insert("server", HeaderValue::from_static("CardConnect"));
    response.headers_mut().insert("x-frame-options", HeaderValue::from_static("DENY"));
    response
}

fn log(line: &str, response: &Response, started: Instant) {
    let status = match response.extensions().get::<NoAnswer>() {
        Some(NoAnswer) => "no answer".to_owned(),
        None => response.status().as_u16().to_string(),
    };
    let milliseconds = started.elapsed().as_millis();
    let at = Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ");
    // `eprintln!` would panic, and drop the request, once nobody reads stderr any more.
    drop(writeln!(std::io::stderr(), "{at} {line} {status} {milliseconds} ms"));
}

/// The response that stands for no response.
pub(crate) fn no_answer() -> Response {
    let mut response = StatusCode::INTERNAL_SERVER_ERROR.into_response();
    response.extensions_mut().insert(NoAnswer);
    response
}

/// A body that announces its whole length and breaks off half-way.
pub(crate) fn cut_body(body: &str) -> Body {
    let (half, _) = body.as_bytes().split_at(body.len() / 2);
    Body::new(CutBody { half: Some(Bytes::copy_from_slice(half)), flushed: false })
}

struct CutBody {
    half: Option<Bytes>,
    flushed: bool,
}

impl hyper::body::Body for CutBody {
    type Data = Bytes;
    type Error = Dropped;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Dropped>>> {
        if let Some(half) = self.half.take() {
            return Poll::Ready(Some(Ok(Frame::data(half))));
        }
        if self.flushed {
            return Poll::Ready(Some(Err(Dropped)));
        }
        // hyper writes out what it has while the body is not ready; an error right away would throw it away.
        self.flushed = true;
        context.waker().wake_by_ref();
        Poll::Pending
    }
}
