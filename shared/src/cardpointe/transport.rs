//! How a request gets to the gateway: a port that knows HTTP and nothing about payments.

mod https;

use std::time::Duration;

use futures_util::stream::BoxStream;
use http::Method;
use secrecy::SecretString;

pub use crate::https::BodyError;
pub use https::HttpsTransport;

/// One HTTP request. It may carry a card number, so it has no `Debug`.
pub struct Request<'a> {
    /// The method, which decides whether there is a body: GET reads records, as inquiries do; POST
    /// moves money; PUT changes stored cards and checks credentials; DELETE deletes a stored card.
    pub method: Method,
    /// The whole URL, with scheme, path and query.
    pub url: String,
    /// User name of the Basic authentication.
    pub username: &'a str,
    /// Password of the Basic authentication.
    pub password: &'a SecretString,
    /// JSON, for a POST or a PUT.
    pub body: Option<Vec<u8>>,
    /// How long to wait, from connecting to the last byte of the response.
    pub limit: Duration,
}

/// A response, of which the status has arrived at least.
pub struct Response {
    /// The HTTP status: a response with any status is no transport error.
    pub status: u16,
    /// The whole body, or why it is not whole.
    pub body: Result<Vec<u8>, BodyError>,
}

/// Why there is no response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TransportError {
    /// There was no connection, so nothing was sent.
    NotConnected,
    /// The request was sent, or perhaps sent. The gateway may have received it.
    NoResponse,
}

/// A response whose body comes piece by piece.
pub struct StreamedResponse {
    /// The HTTP status, of any value.
    pub status: u16,
    /// After how long the gateway wants the next request, where it says so.
    pub retry_after: Option<Duration>,
    /// The pieces. After an error there are no more.
    pub body: BoxStream<'static, Result<Vec<u8>, BodyError>>,
}

/// Carries requests whose responses are too long to be held in memory.
pub trait StreamingTransport: Send + Sync {
    /// Sends a request once: no retries, no redirects. Its limit is for the whole body.
    fn open(
        &self,
        request: Request<'_>,
    ) -> impl Future<Output = Result<StreamedResponse, TransportError>> + Send;
}

/// Carries requests to the gateway, each exactly once.
pub trait Transport: Send + Sync {
    /// Sends a request once: no retries, no redirects.
    fn send(&self, request: Request<'_>) -> impl Future<Output = Result<Response, TransportError>> + Send;
}
