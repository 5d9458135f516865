//! The public API as a person's browser would call it, and the issuer. One request each, without
//! redirects.

use lambda_http::http::{StatusCode, header};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;

/// Longest body that the console reads: the API's own limit is below.
const BODY_MAX_BYTES: u64 = 6_000_000;

/// The characters that an address has unencoded.
const PLAIN: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// A call that did not succeed.
#[derive(Clone, Debug)]
pub(crate) enum Failure {
    /// The API refused, and says why.
    Refused(Refusal),
    /// No response, or one that cannot be read.
    Unavailable,
}

/// The API's reasons for refusing a request.
#[derive(Clone, Debug, Default)]
pub(crate) struct Refusal {
    pub(crate) status: StatusCode,
    /// One of the codes of `docs/errors.md`.
    pub(crate) code: String,
    pub(crate) detail: String,
    /// By it, an operator finds the request.
    pub(crate) request_id: String,
    /// The proposal that another person may submit instead, if any.
    pub(crate) proposal: Option<Box<str>>,
}

/// The parts that make it harmless to repeat a request. An empty part is not sent.
#[derive(Clone, Default)]
pub(crate) struct Once {
    /// The idempotency key.
    pub(crate) key: String,
    /// The version of the order that was looked at, in digits.
    pub(crate) version: String,
}

/// The public API and the issuer.
pub struct Api {
    url: String,
    web: reqwest::Client,
}

/// One part of a path, with any characters.
pub(crate) fn segment(part: &str) -> String {
    utf8_percent_encode(part, PLAIN).to_string()
}

/// An address with parameters; an empty one is as good as none, and left out.
pub(crate) fn address(path: &str, parameters: &[(&str, &str)]) -> String {
    let given = parameters.iter().filter(|(_, value)| !value.is_empty());
    let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(given).finish();
    if query.is_empty() { path.to_owned() } else { format!("{path}?{query}") }
}

impl Api {
    /// At this address, without a slash at the end.
    pub fn new(url: String, web: reqwest::Client) -> Self {
        Self { url, web }
    }

    /// Reads JSON as the person with the token.
    pub(crate) async fn get(&self, token: &str, path: &str) -> Result<Value, Failure> {
        let request = self.web.get(format!("{}{path}", self.url)).bearer_auth(token);
        parsed(&answered(request).await?)
    }

    /// Reads a page of CSV, and where the next one is.
    pub(crate) async fn csv(&self, token: &str, path: &str) -> Result<(String, Option<String>), Failure> {
        let request =
            self.web.get(format!("{}{path}", self.url)).bearer_auth(token).header(header::ACCEPT, "text/csv");
        let response = request.send().await.map_err(|_| Failure::Unavailable)?;
        let next = response.headers().get(header::LINK).and_then(|link| link.to_str().ok()).and_then(next_of);
        let text = body(response).await?;
        Ok((String::from_utf8(text).map_err(|_| Failure::Unavailable)?, next))
    }

    /// Sends a change as the person with the token.
    pub(crate) async fn post(
        &self,
        token: &str,
        path: &str,
        data: &Value,
        once: &Once,
    ) -> Result<Value, Failure> {
        let mut request = self.web.post(format!("{}{path}", self.url)).bearer_auth(token);
        if !once.key.is_empty() {
            request = request.header("idempotency-key", &once.key);
        }
        if !once.version.is_empty() {
            request = request.header(header::IF_MATCH, format!("\"{}\"", once.version));
        }
        parsed(&answered(request.json(&serde_json::json!({ "data": data }))).await?)
    }

    /// Sends a form to Tollgate, such as for a token.
    pub(crate) async fn form(&self, path: &str, form: &[(&str, &str)]) -> Result<Value, Failure> {
        self.form_to(&format!("{}{path}", self.url), form).await
    }

    /// Sends a form to an address, such as the issuer's.
    pub(crate) async fn form_to(&self, url: &str, form: &[(&str, &str)]) -> Result<Value, Failure> {
        let form = form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
        let request = self.web.post(url).header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        parsed(&answered(request.body(form)).await?)
    }

    /// Reads JSON from an address, such as the issuer's.
    pub(crate) async fn get_from(&self, url: &str) -> Result<Value, Failure> {
        parsed(&answered(self.web.get(url)).await?)
    }
}

/// The address in `<…>; rel="next"`.
fn next_of(link: &str) -> Option<String> {
    let (address, relation) = link.trim().strip_prefix('<')?.split_once('>')?;
    relation.contains("rel=\"next\"").then(|| address.to_owned())
}

async fn answered(request: reqwest::RequestBuilder) -> Result<Vec<u8>, Failure> {
    body(request.send().await.map_err(|_| Failure::Unavailable)?).await
}

async fn body(response: reqwest::Response) -> Result<Vec<u8>, Failure> {
    let status = response.status();
    if response.content_length().is_some_and(|length| length > BODY_MAX_BYTES) {
        return Err(Failure::Unavailable);
    }
    let body = response.bytes().await.map_err(|_| Failure::Unavailable)?;
    if status.is_success() { Ok(body.to_vec()) } else { Err(refused(status, &body)) }
}

fn refused(status: StatusCode, body: &[u8]) -> Failure {
    let body = serde_json::from_slice::<Value>(body).unwrap_or_default();
    let error = &body["errors"][0];
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    Failure::Refused(Refusal {
        status,
        code: text(&error["meta"]["code"]),
        detail: text(&error["detail"]),
        request_id: text(&error["meta"]["request_id"]),
        proposal: error["meta"]["proposal"].as_str().map(Box::from),
    })
}

fn parsed(body: &[u8]) -> Result<Value, Failure> {
    serde_json::from_slice(body).map_err(|_| Failure::Unavailable)
}
