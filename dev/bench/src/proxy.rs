//! Proxies in front of the servers: every request of a function goes through one, is counted and,
//! if wanted, kept.

use std::{
    collections::HashSet,
    net::SocketAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Instant,
};

use axum::{
    Router,
    body::{Body, Bytes},
    extract::{ConnectInfo, Request, State},
    http::StatusCode,
    response::{IntoResponse, Response},
};
use tokio::{net::TcpListener, task::JoinHandle};

/// Largest request or response that goes through.
const BODY_MAX_BYTES: usize = 1024 * 1024;

/// One request and its response.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    /// The AWS action, or method and path.
    pub(crate) what: String,
    /// When the request came.
    pub(crate) from: Instant,
    /// When its response was complete.
    pub(crate) until: Instant,
    /// HTTP status of the response.
    pub(crate) status: u16,
    /// Body of the request.
    pub(crate) request: Bytes,
    /// Body of the response.
    pub(crate) response: Bytes,
}

/// A proxy to one server.
pub(crate) struct Proxy {
    url: String,
    shared: Arc<Shared>,
    task: JoinHandle<()>,
}

struct Shared {
    client: reqwest::Client,
    server: String,
    seen: Mutex<Seen>,
}

#[derive(Default)]
struct Seen {
    connections: HashSet<SocketAddr>,
    calls: Vec<Call>,
    is_keeping: bool,
}

impl Proxy {
    /// A proxy to the server at that address (scheme, host and port; paths go through as they are).
    pub(crate) async fn to(server: &str) -> Result<Self, String> {
        let listener = TcpListener::bind("127.0.0.1:0").await.map_err(|error| error.to_string())?;
        let address = listener.local_addr().map_err(|error| error.to_string())?;
        let client = reqwest::Client::builder().no_proxy().tls_backend_preconfigured(no_tls()?);
        let client = client.build().map_err(|error| error.to_string())?;
        let shared = Arc::new(Shared { client, server: server.to_owned(), seen: Mutex::default() });
        let router = Router::new().fallback(pass).with_state(Arc::clone(&shared));
        let service = router.into_make_service_with_connect_info::<SocketAddr>();
        let task = tokio::spawn(async move {
            if let Err(error) = axum::serve(listener, service).await {
                eprintln!("a proxy closed: {error}");
            }
        });
        Ok(Self { url: format!("http://{address}"), shared, task })
    }

    /// Where the server is to be reached.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// Keeps every call from now on, or none.
    pub(crate) fn keep(&self, is_keeping: bool) {
        let mut seen = self.shared.seen();
        seen.is_keeping = is_keeping;
        seen.calls.clear();
    }

    /// The calls kept since the last call of this function.
    pub(crate) fn take(&self) -> Vec<Call> {
        std::mem::take(&mut self.shared.seen().calls)
    }

    /// Connections on which something was sent so far.
    pub(crate) fn connections(&self) -> usize {
        self.shared.seen().connections.len()
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Shared {
    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn pass(
    State(shared): State<Arc<Shared>>,
    ConnectInfo(client): ConnectInfo<SocketAddr>,
    request: Request,
) -> Response {
    let from = Instant::now();
    shared.seen().connections.insert(client);
    match forward(&shared, request, from).await {
        Ok(answer) => answer,
        Err(error) => (StatusCode::BAD_GATEWAY, error).into_response(),
    }
}

async fn forward(shared: &Shared, request: Request, from: Instant) -> Result<Response, String> {
    let (parts, body) = request.into_parts();
    let body = axum::body::to_bytes(body, BODY_MAX_BYTES).await.map_err(|error| error.to_string())?;
    let path = parts.uri.path_and_query().map_or("/", |path| path.as_str()).to_owned();
    let action = parts.headers.get("x-amz-target").and_then(|target| target.to_str().ok());
    let what = match action.and_then(|target| target.split_once('.')) {
        Some((_, action)) => action.to_owned(),
        None => format!("{} {path}", parts.method),
    };
    let mut headers = parts.headers;
    headers.remove("host");
    let sent = shared.client.request(parts.method, format!("{}{path}", shared.server)).headers(headers);
    let answer = sent.body(body.clone()).send().await.map_err(|error| error.to_string())?;
    let (status, mut headers) = (answer.status(), answer.headers().clone());
    // Both are written anew.
    headers.remove("transfer-encoding");
    headers.remove("connection");
    let bytes = answer.bytes().await.map_err(|error| error.to_string())?;
    let mut seen = shared.seen();
    if seen.is_keeping {
        let status = status.as_u16();
        let response = bytes.clone();
        seen.calls.push(Call { what, from, until: Instant::now(), status, request: body, response });
    }
    drop(seen);
    let mut response = Response::new(Body::from(bytes));
    *response.status_mut() = status;
    *response.headers_mut() = headers;
    Ok(response)
}

/// Everything here is plain HTTP on this machine; the client requires a list of trusted
/// certificates.
fn no_tls() -> Result<rustls::ClientConfig, String> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let tls = rustls::ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let tls = tls.map_err(|error| error.to_string())?;
    Ok(tls.with_root_certificates(rustls::RootCertStore::empty()).with_no_client_auth())
}
