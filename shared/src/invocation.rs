//! The parts of an invocation that every API reads besides headers and body, and those of every
//! response.

use std::{
    sync::{
        OnceLock,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use jiff::Timestamp;
use lambda_http::{
    Body, Context, Request, RequestExt, Response,
    http::{HeaderName, HeaderValue, Method, header},
    request::RequestContext,
};
use tokio::time::Instant;
use tollgate_core::{
    payments::{
        Deadline, audit,
        trail::{self, Trail},
    },
    values::{TextUse, looks_like_card_number},
};

use crate::{transfer, version::version};

/// The caller's own id of a request, which is logged and returned.
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Longest such id, in bytes.
const REQUEST_ID_MAX: usize = 128;

/// Headers of every response besides its own: not cached, no guessed type, not shown in a page, no
/// referrer, HTTPS only.
const HEADERS: [(HeaderName, HeaderValue); 5] = [
    // Responses hold tokens and payments.
    (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    (header::CONTENT_SECURITY_POLICY, HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'")),
    (header::REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
    (header::STRICT_TRANSPORT_SECURITY, HeaderValue::from_static("max-age=63072000")),
];

/// The challenge of a 401 (RFC 9110 §15.5.2). Credentials that travel in a body have no scheme of
/// their own. A client that asks for a token is told the scheme that it used (RFC 6749 §5.2).
fn challenge(request: &Request) -> HeaderValue {
    let scheme = request.headers().get(header::AUTHORIZATION).and_then(|value| value.as_bytes().get(..6));
    let is_basic = scheme.is_some_and(|scheme| scheme.eq_ignore_ascii_case(b"basic "));
    HeaderValue::from_static(if is_basic && route_key(request) == TOKEN_ROUTE {
        "Basic realm=\"tollgate\""
    } else {
        "Bearer realm=\"tollgate\""
    })
}

/// The route that takes HTTP Basic.
const TOKEN_ROUTE: &str = "POST /oauth/access_token";

/// The names of a request's query parameters, in alphabetical order: the query is a map, whose
/// order would differ from request to request.
pub(crate) fn query_names(request: &Request) -> Vec<&str> {
    let stated = request.query_string_parameters_ref();
    let mut names: Vec<&str> =
        stated.into_iter().flat_map(|query| query.iter()).map(|(name, _)| name).collect();
    names.sort_unstable();
    names
}

/// A request after its response was made, for its metrics.
#[derive(Clone, Debug)]
pub struct Served {
    /// The response's HTTP status.
    pub status: u16,
    /// The events on the way.
    pub trail: Trail,
    /// From the handler's first line to its last.
    pub total: Duration,
    /// Whether it was the first request of its process.
    pub cold_start: bool,
}

/// Serves a request: runs its handler, writes the one line of the request, and adds the headers of
/// every response.
pub(crate) async fn serve(
    request: &Request,
    handler: impl Future<Output = Response<Body>>,
) -> Response<Body> {
    static WARM: AtomicBool = AtomicBool::new(false);
    let cold_start = !WARM.swap(true, Ordering::Relaxed);
    let began = Instant::now();
    let (own, callers) = (request_id(request), callers_request_id(request));
    let named = async {
        trail::note(|trail| trail.request_id = Some(own.clone()));
        handler.await
    };
    let (response, trail) = trail::follow(named).await;
    let mut response = transfer::sent(request, response);
    let status = response.status().as_u16();
    let served = Served { status, trail, total: began.elapsed(), cold_start };
    served.log(&own, callers.as_deref(), &route_key(request));
    let headers = response.headers_mut();
    headers.extend(HEADERS);
    if status == 401 {
        headers.insert(header::WWW_AUTHENTICATE, challenge(request));
    }
    if let Ok(id) = HeaderValue::from_str(callers.as_deref().unwrap_or(&own)) {
        headers.insert(REQUEST_ID, id);
    }
    response
}

impl Served {
    /// Writes the line of the request, which has its figures, too, where they are read from the
    /// lines. A request that carried out one operation, of which the outcome is known, has no audit
    /// lines besides.
    pub(crate) fn log(&self, request_id: &str, callers_request_id: Option<&str>, route: &str) {
        let Self { status, trail, total, cold_start } = self;
        let change = trail.only_change();
        if change.is_none() {
            let principal = trail.principal.as_deref().unwrap_or_default();
            trail.changes.iter().for_each(|change| audit::log(change, request_id, principal));
        }
        let said = change.and_then(|change| change.outcome.as_ref());
        let told = change.and_then(|change| change.attribution.as_deref());
        // Transaction and reference name an operation whose outcome is known.
        let operation = trail.operation.filter(|_| change.is_none());
        tracing::info!(
            metrics = FIGURES.get().and_then(|figures| figures(self)),
            request_id,
            callers_request_id,
            route,
            version = version(),
            status,
            code = trail.code,
            client = trail.client,
            principal = trail.principal,
            key_name = trail.key_name,
            actor = told.and_then(|told| told.actor.as_deref()),
            request_reason = told.and_then(|told| told.reason.as_deref()),
            merchant = trail.merchant,
            order = trail.order,
            transaction = trail.transaction.map(tracing::field::display),
            operation = operation.map(tracing::field::display),
            kind = trail.kind,
            what = change.map(|change| change.what),
            outcome = said.map(|said| said.outcome).or(trail.outcome),
            attempt = change.map(|change| change.attempt).filter(|attempt| *attempt > 1),
            respproc = said.and_then(|said| said.processor.as_deref()),
            respcode = said.and_then(|said| said.code.as_deref()),
            retref = said.and_then(|said| said.reference.as_deref()),
            amount_minor = trail.amount_minor,
            currency = trail.currency,
            gateway_ms = (trail.gateway_calls > 0).then(|| milliseconds(trail.gateway)),
            total_ms = milliseconds(*total),
            cold_start = cold_start.then_some(true),
            "answered"
        );
    }
}

/// Writes the figures of a request as members of its line.
pub(crate) type Figures = fn(&Served) -> Option<String>;

/// How figures are written; nothing where they are not read.
pub(crate) static FIGURES: OnceLock<Figures> = OnceLock::new();

fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// The caller's own id of the request; none when it is no short printable text, or could be a card
/// number.
fn callers_request_id(request: &Request) -> Option<String> {
    let text = request.headers().get(REQUEST_ID)?.to_str().ok()?;
    let fits = (1..=REQUEST_ID_MAX).contains(&text.len()) && !looks_like_card_number(text, TextUse::Logged);
    fits.then(|| text.to_owned())
}

/// The route that API Gateway matched, such as `POST /v2/orders/{orderId}/payments`. A request that
/// reads has its own method in place of `ANY`. No other method replaces it: a method can be any
/// text, and routes are logged.
pub fn route_key(request: &Request) -> String {
    let matched = match request.request_context_ref() {
        Some(RequestContext::ApiGatewayV2(context)) => context.route_key.clone().unwrap_or_default(),
        _ => String::new(),
    };
    match (matched.strip_prefix("ANY "), request.method()) {
        (Some(path), read @ (&Method::GET | &Method::HEAD)) => format!("{read} {path}"),
        _ => matched,
    }
}

/// API Gateway's id of the request, or Lambda's.
pub fn request_id(request: &Request) -> String {
    let api = match request.request_context_ref() {
        Some(RequestContext::ApiGatewayV2(context)) => context.request_id.clone(),
        _ => None,
    };
    api.or_else(|| request.lambda_context_ref().map(|context| context.request_id.clone())).unwrap_or_default()
}

/// A parameter of the path, as API Gateway has cut it out; empty when there is none.
pub fn path_parameter(request: &Request, name: &str) -> String {
    request.path_parameters_ref().and_then(|all| all.first(name)).unwrap_or_default().to_owned()
}

/// When the invocation of a request ends. Without the platform's word, it has ended: nothing is
/// sent.
pub fn deadline(request: &Request, now: Timestamp) -> Deadline {
    request.lambda_context_ref().map_or(Deadline::after(Duration::ZERO), |context| deadline_of(context, now))
}

/// When an invocation ends, by the clock that the platform states it in.
pub fn deadline_of(context: &Context, now: Timestamp) -> Deadline {
    let now = u64::try_from(now.as_millisecond()).unwrap_or_default();
    Deadline::after(Duration::from_millis(context.deadline.saturating_sub(now)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_route_for_any_method_has_that_of_a_request_that_reads_and_no_made_up_one() {
        let event = include_str!("../../events/switches-read.json");
        for (method, named) in [("GET", "GET"), ("HEAD", "HEAD"), ("PUT", "ANY"), ("4111111111111111", "ANY")]
        {
            let event = event.replace("\"GET\"", &format!("\"{method}\""));
            let request = lambda_http::request::from_str(&event).unwrap();
            assert_eq!(request.method(), method);
            assert_eq!(route_key(&request), format!("{named} /v2/stop"));
        }
    }
}
