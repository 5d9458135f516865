//! The part of the Lambda Runtime API that a function needs: it tells when the function first
//! requests an event, and hands out one at a time.

use std::{
    net::SocketAddr,
    sync::Arc,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use axum::{
    Router,
    body::Bytes,
    extract::{Path, State},
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::{get, post},
};
use serde_json::Value;
use tokio::{
    net::TcpListener,
    sync::{Mutex, mpsc, oneshot, watch},
    task::JoinHandle,
};

/// The time limit of most functions, as in `template.yaml`.
pub(crate) const FUNCTION_LIMIT: Duration = Duration::from_secs(29);

type Answer = oneshot::Sender<Result<Bytes, String>>;

/// A Runtime API for one function's process.
pub(crate) struct RuntimeApi {
    address: SocketAddr,
    /// The function's time limit.
    limit: Duration,
    events: mpsc::Sender<(String, Answer)>,
    first_poll: watch::Receiver<Option<Instant>>,
    server: JoinHandle<()>,
}

struct Shared {
    limit: Duration,
    events: Mutex<mpsc::Receiver<(String, Answer)>>,
    waiting: Mutex<Option<Answer>>,
    first_poll: watch::Sender<Option<Instant>>,
}

impl RuntimeApi {
    /// On a free port.
    pub(crate) async fn start(limit: Duration) -> std::io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let (events, queue) = mpsc::channel(1);
        let (told, first_poll) = watch::channel(None);
        let shared = Arc::new(Shared {
            limit,
            events: Mutex::new(queue),
            waiting: Mutex::new(None),
            first_poll: told,
        });
        let router = Router::new()
            .route("/2018-06-01/runtime/invocation/next", get(next))
            .route("/2018-06-01/runtime/invocation/{id}/response", post(response))
            .route("/2018-06-01/runtime/invocation/{id}/error", post(error))
            .route("/2018-06-01/runtime/init/error", post(error))
            .with_state(shared);
        let server = tokio::spawn(async move {
            if let Err(error) = axum::serve(listener, router).await {
                eprintln!("the runtime API stopped: {error}");
            }
        });
        Ok(Self { address, limit, events, first_poll, server })
    }

    /// For the function's variable `AWS_LAMBDA_RUNTIME_API`.
    pub(crate) fn address(&self) -> String {
        self.address.to_string()
    }

    /// Waits until the function has requested its first event, and tells when it did.
    pub(crate) async fn first_poll(&self) -> Result<Instant, String> {
        let mut polled = self.first_poll.clone();
        let polled = tokio::time::timeout(FUNCTION_LIMIT, polled.wait_for(Option::is_some)).await;
        let polled = polled.map_err(|_| "it never asked for an event")?.map_err(|error| error.to_string())?;
        polled.ok_or_else(|| "it never asked for an event".to_owned())
    }

    /// The function's response to an event.
    pub(crate) async fn invoke(&self, event: &Value) -> Result<Value, String> {
        let (answer, answered) = oneshot::channel();
        self.events.send((event.to_string(), answer)).await.map_err(|_| "the function is gone")?;
        let answer = tokio::time::timeout(self.limit, answered).await.map_err(|_| "no answer in time")?;
        let body = answer.map_err(|_| "the function is gone")??;
        serde_json::from_slice(&body).map_err(|error| error.to_string())
    }
}

impl Drop for RuntimeApi {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn next(State(shared): State<Arc<Shared>>) -> Response {
    shared.first_poll.send_if_modified(|polled| {
        let first = polled.is_none();
        polled.get_or_insert_with(Instant::now);
        first
    });
    let Some((event, answer)) = shared.events.lock().await.recv().await else {
        return StatusCode::GONE.into_response();
    };
    *shared.waiting.lock().await = Some(answer);
    let deadline = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default() + shared.limit;
    let headers = [
        ("lambda-runtime-aws-request-id", "00000000-0000-4000-8000-000000000001".to_owned()),
        ("lambda-runtime-deadline-ms", deadline.as_millis().to_string()),
        (
            "lambda-runtime-invoked-function-arn",
            "arn:aws:lambda:us-east-1:000000000000:function:bench".to_owned(),
        ),
        ("lambda-runtime-trace-id", "Root=1-00000000-000000000000000000000000;Sampled=0".to_owned()),
        ("content-type", "application/json".to_owned()),
    ];
    (headers, event).into_response()
}

async fn response(State(shared): State<Arc<Shared>>, Path(_): Path<String>, body: Bytes) -> StatusCode {
    answered(&shared, Ok(body)).await
}

async fn error(State(shared): State<Arc<Shared>>, body: Bytes) -> StatusCode {
    answered(&shared, Err(format!("the function failed: {}", String::from_utf8_lossy(&body)))).await
}

async fn answered(shared: &Shared, answer: Result<Bytes, String>) -> StatusCode {
    match shared.waiting.lock().await.take() {
        // The caller that waits for the response may have given up.
        Some(waiting) => waiting.send(answer).map_or(StatusCode::GONE, |()| StatusCode::ACCEPTED),
        None => StatusCode::BAD_REQUEST,
    }
}
