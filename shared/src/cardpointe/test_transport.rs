//! A gateway that responds to one request as it is told.

use std::{sync::Mutex, time::Duration};

use http::Method;
use secrecy::ExposeSecret;
use serde_json::Value;

use super::transport::{Request, Response, Transport, TransportError};

/// A request as it was sent.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Sent {
    pub(super) method: Method,
    pub(super) url: String,
    pub(super) credentials: String,
    /// Null where there was none.
    pub(super) body: Value,
    pub(super) limit: Duration,
}

/// The response, and the request once it came.
pub(super) struct Once(Mutex<Option<Result<Response, TransportError>>>, Mutex<Vec<Sent>>);

impl Once {
    pub(super) fn responding(response: Result<Response, TransportError>) -> Self {
        Self(Mutex::new(Some(response)), Mutex::default())
    }

    pub(super) fn sent(&self) -> Vec<Sent> {
        std::mem::take(&mut self.1.lock().unwrap())
    }
}

/// A status with a body that is whole.
#[expect(clippy::unnecessary_wraps, reason = "what a transport returns")]
pub(super) fn responds(status: u16, body: &str) -> Result<Response, TransportError> {
    Ok(Response { status, body: Ok(body.as_bytes().to_vec()) })
}

impl Transport for Once {
    async fn send(&self, request: Request<'_>) -> Result<Response, TransportError> {
        let Request { method, url, username, password, body, limit } = request;
        let credentials = format!("{username}:{}", password.expose_secret());
        let body = body.map_or(Value::Null, |body| serde_json::from_slice(&body).unwrap());
        self.1.lock().unwrap().push(Sent { method, url, credentials, body, limit });
        self.0.lock().unwrap().take().expect("one request")
    }
}
