//! A response before it is sent: its content, its delay, and how much of it arrives.

use std::time::Duration;

use http::header::{CONTENT_LENGTH, CONTENT_TYPE, LOCATION, WWW_AUTHENTICATE};
use http::{HeaderMap, HeaderValue, StatusCode};
use jiff::Timestamp;
use serde_json::{Value, json};

/// How much of a response reaches the client.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Delivery {
    /// All of it, after its delay.
    Complete,
    /// Its head and the first half of its body; then the connection closes.
    Cut,
    /// Nothing: the connection closes without one byte.
    Closed,
    /// Nothing: the connection stays open until the client gives up.
    Never,
}

/// The simulator's response to a request.
#[derive(Clone, Debug)]
pub struct Response {
    /// The HTTP status. Means nothing when nothing is delivered.
    pub status: StatusCode,
    /// The headers, which always have `content-type`.
    pub headers: HeaderMap,
    /// The body; of a cut response only the half that arrives, under the whole body's
    /// `content-length`.
    pub body: Vec<u8>,
    /// How long after the request was processed the response leaves the gateway. The simulator's
    /// state has changed already; the sender of the response does the waiting.
    pub delay: Duration,
    /// How much of it reaches the client.
    pub delivery: Delivery,
}

/// The text that a fault sends in place of JSON.
const MALFORMED: &str = "<html><body>Service temporarily unavailable</body></html>";

impl Response {
    fn new(status: StatusCode, content_type: &'static str, body: impl Into<Vec<u8>>) -> Self {
        let headers = HeaderMap::from_iter([(CONTENT_TYPE, HeaderValue::from_static(content_type))]);
        Self { status, headers, body: body.into(), delay: Duration::ZERO, delivery: Delivery::Complete }
    }

    /// Status 200 with JSON that is already text.
    pub(crate) fn json_text(body: String) -> Self {
        Self::new(StatusCode::OK, "application/json", body)
    }

    pub(crate) fn json(status: StatusCode, body: &Value) -> Self {
        Self::new(status, "application/json", body.to_string())
    }

    pub(crate) fn html(body: &str) -> Self {
        Self::new(StatusCode::OK, "text/html; charset=utf-8", body)
    }

    pub(crate) fn script(text: &str) -> Self {
        Self::new(StatusCode::OK, "text/javascript; charset=utf-8", text)
    }

    pub(crate) fn style(text: &str) -> Self {
        Self::new(StatusCode::OK, "text/css; charset=utf-8", text)
    }

    pub(crate) fn malformed() -> Self {
        Self::html(MALFORMED)
    }

    /// The gateway's form of an HTTP error. Documented for 404; used for the others because nothing
    /// is known of them.
    pub(crate) fn http_error(status: StatusCode, path: &str, now: Timestamp) -> Self {
        let body = json!({
            "timestamp": now.strftime("%Y-%m-%dT%H:%M:%S.%3f+00:00").to_string(),
            "status": status.as_u16(),
            "error": status.canonical_reason().unwrap_or("Error"),
            "path": path,
        });
        let mut response = Self::json(status, &body);
        if status == StatusCode::UNAUTHORIZED {
            let challenge = HeaderValue::from_static("Basic realm=\"CardConnect REST Servlet\"");
            response.headers.insert(WWW_AUTHENTICATE, challenge);
        }
        if status.is_redirection()
            && let Ok(location) = HeaderValue::from_str(path)
        {
            response.headers.insert(LOCATION, location);
        }
        response
    }

    /// A response of which nothing arrives.
    pub(crate) fn undelivered(delivery: Delivery) -> Self {
        Self { delivery, ..Self::new(StatusCode::INTERNAL_SERVER_ERROR, "text/plain", "") }
    }

    /// Breaks off in the middle of the body.
    pub(crate) fn cut(mut self) -> Self {
        self.headers.insert(CONTENT_LENGTH, HeaderValue::from(self.body.len()));
        self.body.truncate(self.body.len() / 2);
        self.delivery = Delivery::Cut;
        self
    }

    pub(crate) fn after(mut self, delay: Duration) -> Self {
        self.delay += delay;
        self
    }

    pub(crate) fn with_number(mut self, header: &'static str, number: impl Into<HeaderValue>) -> Self {
        self.headers.insert(header, number.into());
        self
    }
}
