//! The public API as a person's browser would call it, and the issuer, without redirects. While
//! the API is busy, the console waits.

use std::{any::type_name, time::Duration};

use jiff::{SignedDuration, Timestamp};
use lambda_http::http::{HeaderMap, StatusCode, header};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::RequestBuilder;
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::Value;
use tokio::{
    sync::Mutex,
    time::{Instant, sleep},
};
use tollgate::{
    https::read_body,
    openid::{DOCUMENT_MAX_BYTES, IssuerUrl},
};
use tollgate_wire::{self as wire, Errors};

use crate::web::FORM;

/// How long the calls of a page may take together. The function has 29 s.
const PAGE_LIMIT: Duration = Duration::from_secs(27);

/// Longest wait for the response to one call.
pub(crate) const CALL_LIMIT: Duration = Duration::from_secs(8);

/// How long to wait where the API is busy and does not say how long, as API Gateway does not.
const BUSY_WAIT: Duration = Duration::from_secs(1);

/// Longest response of the API that is read: the API's own limit is below.
pub(crate) const BODY_MAX_BYTES: usize = 6_000_000;

/// How long the issuer's description of itself is used, so that strangers who begin sign-ins do not
/// spend the issuer's limit.
const DESCRIPTION_FRESH: SignedDuration = SignedDuration::from_mins(5);

/// The characters that an address has unencoded.
const PLAIN: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

tokio::task_local! {
    /// When the page has to be there.
    static UNTIL: Instant;
}

/// Makes a page, whose calls share its time.
pub(crate) async fn in_time<P: Future>(page: P) -> P::Output {
    UNTIL.scope(Instant::now() + PAGE_LIMIT, page).await
}

fn time_left() -> Duration {
    let until = UNTIL.try_with(|until| *until);
    until.map_or(CALL_LIMIT, |until| until.saturating_duration_since(Instant::now()))
}

/// A call that did not succeed.
#[derive(Clone, Debug)]
pub(crate) enum Failure {
    /// The API refused, and says why.
    Refused(Refusal),
    /// No response.
    Unavailable,
    /// A response that this version cannot read.
    Unreadable,
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
    /// How long to wait before the same request, if something is busy.
    pub(crate) wait: Option<Duration>,
}

/// The parts that make it harmless to repeat a request. An empty part is not sent.
#[derive(Clone, Default)]
pub(crate) struct Once {
    pub(crate) key: String,
    /// The version of the order that was looked at, in digits.
    pub(crate) version: String,
}

/// The public API and the issuer.
pub struct Api {
    url: String,
    web: reqwest::Client,
    /// The issuer's description of itself, and when it was read.
    description: Mutex<Option<(Description, Timestamp)>>,
}

/// The issuer's description of itself (OpenID Connect Discovery), as far as it is needed.
#[derive(Clone, Deserialize)]
pub(crate) struct Description {
    issuer: String,
    /// Where people are sent.
    pub(crate) authorization_endpoint: String,
    /// Where codes become tokens.
    pub(crate) token_endpoint: String,
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
        Self { url, web, description: Mutex::default() }
    }

    /// Reads JSON as the person with the token.
    pub(crate) async fn get(&self, token: &str, path: &str) -> Result<Value, Failure> {
        let request = self.web.get(format!("{}{path}", self.url)).bearer_auth(token);
        json(&patient(request).await?)
    }

    /// Reads a page of CSV, and where the next one is.
    pub(crate) async fn csv(&self, token: &str, path: &str) -> Result<(String, Option<String>), Failure> {
        let request =
            self.web.get(format!("{}{path}", self.url)).bearer_auth(token).header(header::ACCEPT, "text/csv");
        let Answer { body, next } = patient(request).await?;
        Ok((String::from_utf8(body).map_err(|_| Failure::Unreadable)?, next))
    }

    /// Sends a change, in JSON, as the person with the token. Only a request that counts once is
    /// repeated.
    pub(crate) async fn post(
        &self,
        token: &str,
        path: &str,
        body: String,
        once: &Once,
    ) -> Result<(), Failure> {
        let mut request = self.web.post(format!("{}{path}", self.url)).bearer_auth(token);
        if !once.key.is_empty() {
            request = request.header("idempotency-key", &once.key);
        }
        if !once.version.is_empty() {
            request = request.header(header::IF_MATCH, format!("\"{}\"", once.version));
        }
        let request = request.header(header::CONTENT_TYPE, "application/json").body(body);
        let counts_once = !once.key.is_empty() || !once.version.is_empty();
        let answer =
            if counts_once { patient(request).await } else { answered(request, BODY_MAX_BYTES).await };
        answer.map(drop)
    }

    /// Sends a form to Tollgate for a token.
    pub(crate) async fn form(&self, path: &str, form: &[(&str, &str)]) -> Result<Value, Failure> {
        json(&patient(self.filled(&format!("{}{path}", self.url), form)).await?)
    }

    /// Sends a form to the issuer.
    pub(crate) async fn form_to(&self, url: &str, form: &[(&str, &str)]) -> Result<Value, Failure> {
        json(&answered(self.filled(url, form), DOCUMENT_MAX_BYTES).await?)
    }

    fn filled(&self, url: &str, form: &[(&str, &str)]) -> RequestBuilder {
        let form = form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
        let request = self.web.post(url).header(header::CONTENT_TYPE, FORM);
        request.body(form)
    }

    /// The issuer's description of itself.
    pub(crate) async fn description(
        &self,
        issuer: &IssuerUrl,
        now: Timestamp,
    ) -> Result<Description, Failure> {
        let mut kept = self.description.lock().await;
        if let Some((description, read)) = &*kept
            && now.duration_since(*read).abs() < DESCRIPTION_FRESH
        {
            return Ok(description.clone());
        }
        let found = answered(self.web.get(issuer.discovery()), DOCUMENT_MAX_BYTES).await?;
        let found: Description = read(json(&found)?)?;
        // Another issuer's document would send people, and codes, elsewhere.
        if found.issuer != issuer.as_str() {
            return Err(Failure::Unavailable);
        }
        *kept = Some((found.clone(), now));
        Ok(found)
    }
}

/// The address in `<…>; rel="next"`.
fn next_of(link: &str) -> Option<String> {
    let (address, relation) = link.trim().strip_prefix('<')?.split_once('>')?;
    relation.contains("rel=\"next\"").then(|| address.to_owned())
}

/// The body of a response, and where the next page is.
struct Answer {
    body: Vec<u8>,
    next: Option<String>,
}

/// The response to a request that may be repeated. While the API is busy, it is waited for as long
/// as it says, if there is so much time.
async fn patient(request: RequestBuilder) -> Result<Answer, Failure> {
    while let Some(request) = request.try_clone() {
        let answer = answered(request, BODY_MAX_BYTES).await;
        let wait = if let Err(Failure::Refused(refusal)) = &answer { refusal.wait } else { None };
        let Some(wait) = wait.filter(|wait| *wait < time_left()) else { return answer };
        sleep(wait).await;
    }
    Err(Failure::Unavailable)
}

async fn answered(request: RequestBuilder, max_bytes: usize) -> Result<Answer, Failure> {
    let response = request.timeout(CALL_LIMIT.min(time_left())).send().await.map_err(|_| no_response())?;
    let (status, wait) = (response.status(), wait_of(response.status(), response.headers()));
    let next = response.headers().get(header::LINK).and_then(|link| link.to_str().ok()).and_then(next_of);
    let body = read_body(response, max_bytes).await.map_err(|_| no_response())?;
    if status.is_success() { Ok(Answer { body, next }) } else { Err(refused(status, wait, &body)) }
}

/// Where the page's time ended a call, Tollgate may have responded a moment later.
fn no_response() -> Failure {
    if time_left().is_zero() {
        let (status, wait) = (StatusCode::SERVICE_UNAVAILABLE, Some(BUSY_WAIT));
        Failure::Refused(Refusal { status, wait, ..Refusal::default() })
    } else {
        Failure::Unavailable
    }
}

/// How long to wait after a response before the same request, if something is busy.
fn wait_of(status: StatusCode, headers: &HeaderMap) -> Option<Duration> {
    let stated = headers.get(header::RETRY_AFTER).and_then(|seconds| seconds.to_str().ok()?.parse().ok());
    let is_busy = [StatusCode::TOO_MANY_REQUESTS, StatusCode::SERVICE_UNAVAILABLE].contains(&status);
    is_busy.then(|| stated.map_or(BUSY_WAIT, Duration::from_secs).max(BUSY_WAIT))
}

fn refused(status: StatusCode, wait: Option<Duration>, body: &[u8]) -> Failure {
    // A body that is none of Tollgate's, such as API Gateway's own, says nothing.
    let errors = serde_json::from_slice(body).and_then(wire::read::<Errors>);
    let errors = errors.map(|body| body.errors).unwrap_or_default();
    let said = errors.into_iter().next().map(|error| Refusal {
        code: error.meta.code,
        detail: error.detail,
        request_id: error.meta.request_id,
        proposal: error.meta.facts.proposal.map(String::into_boxed_str),
        ..Refusal::default()
    });
    Failure::Refused(Refusal { status, wait, ..said.unwrap_or_default() })
}

fn json(answer: &Answer) -> Result<Value, Failure> {
    serde_json::from_slice(&answer.body).map_err(|_| unreadable("JSON"))
}

/// A response by its type. No call is generic, so that the code of calls is there once.
pub(crate) fn read<T: DeserializeOwned>(body: Value) -> Result<T, Failure> {
    wire::read(body).map_err(|_| unreadable(type_name::<T>()))
}

fn unreadable(type_name: &str) -> Failure {
    report_unreadable(type_name);
    Failure::Unreadable
}

/// Logs the type that a response is not of, and nothing of the response, which an error of the
/// reader quotes.
pub(crate) fn report_unreadable(type_name: &str) {
    tracing::error!(error = type_name, "a response cannot be read");
}
