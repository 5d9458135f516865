//! The gateway's endpoints over HTTP: credentials, bodies, faults, and which function answers what.

use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::{Extension, Path, State};
use axum::http::header::{AUTHORIZATION, CONTENT_LENGTH, CONTENT_TYPE, WWW_AUTHENTICATE};
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodFilter, MethodRouter, get, on};
use axum::{Json, Router};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use jiff::Timestamp;
use serde_json::json;

use crate::codes::pps;
use crate::config::Merchant;
use crate::faults::{Endpoint, FaultKind};
use crate::fields::Fields;
use crate::rate_limit::Allowance;
use crate::reply::{Answer, Reply};
use crate::server::{Peer, REST_PATH, cut_body, no_answer};
use crate::simulator::Shared;
use crate::world::{Call, World};
use crate::{auth, lifecycle, lookup, profile, refund};

/// The heading by which clients recognise a successful credential check.
const WELCOME: &str = "<html><body><h1>CardConnect REST Servlet</h1></body></html>";

/// What a fault answers in place of JSON.
const MALFORMED: &str = "<html><body>Service temporarily unavailable</body></html>";

pub(crate) fn router() -> Router<Arc<Shared>> {
    let at = |path: &str| format!("{REST_PATH}{path}");
    Router::new()
        .route(REST_PATH, check_credentials_route())
        .route(&at("/"), check_credentials_route())
        .route(&at("/auth"), write(Endpoint::Auth))
        .route(&at("/capture"), write(Endpoint::Capture))
        .route(&at("/void"), write(Endpoint::Void))
        .route(&at("/voidByOrderId"), write(Endpoint::VoidByOrderId))
        .route(&at("/refund"), write(Endpoint::Refund))
        .route(&at("/profile"), write(Endpoint::Profile))
        .route(&at("/inquire/{retref}/{merchid}"), get(inquire))
        .route(&at("/inquireByOrderid/{orderid}/{merchid}"), get(inquire_by_order_id))
        .route(&at("/inquireByOrderid/{orderid}/{merchid}/{set}"), get(inquire_by_order_id_and_set))
        .method_not_allowed_fallback(method_not_allowed)
}

/// The gateway's form of an HTTP error. Documented for 404; used for the others because nothing is known of
/// them.
pub(crate) fn http_error(status: StatusCode, path: &str) -> Response {
    let body = json!({
        "timestamp": Timestamp::now().strftime("%Y-%m-%dT%H:%M:%S.%3f+00:00").to_string(),
        "status": status.as_u16(),
        "error": status.canonical_reason().unwrap_or("Error"),
        "path": path,
    });
    (status, Json(body)).into_response()
}

pub(crate) async fn not_found(uri: Uri) -> Response {
    http_error(StatusCode::NOT_FOUND, uri.path())
}

async fn method_not_allowed(uri: Uri) -> Response {
    http_error(StatusCode::METHOD_NOT_ALLOWED, uri.path())
}

fn unauthorized(path: &str) -> Response {
    let mut response = http_error(StatusCode::UNAUTHORIZED, path);
    let challenge = HeaderValue::from_static("Basic realm=\"CardConnect REST Servlet\"");
    response.headers_mut().insert(WWW_AUTHENTICATE, challenge);
    response
}

/// Who is asking: the user name and password of Basic authentication.
fn credentials(headers: &HeaderMap) -> Option<(String, String)> {
    let (scheme, encoded) = headers.get(AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("Basic") {
        return None;
    }
    let decoded = String::from_utf8(BASE64_STANDARD.decode(encoded.trim()).ok()?).ok()?;
    let (username, password) = decoded.split_once(':')?;
    Some((username.to_owned(), password.to_owned()))
}

/// Why a call gets no answer of the gateway's own.
enum Refused {
    Unauthorized,
    Unreadable,
}

/// Checks the credentials, then the merchant account under them. `Ok(None)`: there is no such account.
fn merchant_of(world: &World, headers: &HeaderMap, merchid: &str) -> Result<Option<Merchant>, Refused> {
    let (username, password) = credentials(headers).ok_or(Refused::Unauthorized)?;
    if !world.knows(&username, &password) {
        return Err(Refused::Unauthorized);
    }
    match world.merchant(merchid) {
        None => Ok(None),
        Some(merchant) if merchant.username == username && merchant.password == password => {
            Ok(Some(merchant.clone()))
        }
        Some(_) => Err(Refused::Unauthorized),
    }
}

fn check_credentials_route() -> MethodRouter<Arc<Shared>> {
    on(MethodFilter::GET.or(MethodFilter::PUT).or(MethodFilter::POST), check_credentials)
}

async fn check_credentials(
    State(shared): State<Arc<Shared>>,
    headers: HeaderMap,
    uri: Uri,
    body: Bytes,
) -> Response {
    let merchid = Fields::parse(&body).and_then(|fields| fields.text("merchid")).unwrap_or_default();
    match merchant_of(&shared.world(), &headers, &merchid) {
        Ok(Some(_)) => html(WELCOME),
        Ok(None) | Err(_) => unauthorized(uri.path()),
    }
}

fn html(body: &'static str) -> Response {
    ([(CONTENT_TYPE, "text/html")], body).into_response()
}

/// A write endpoint: PUT and POST are the same.
fn write(endpoint: Endpoint) -> MethodRouter<Arc<Shared>> {
    on(
        MethodFilter::PUT.or(MethodFilter::POST),
        move |State(shared): State<Arc<Shared>>,
              Extension(peer): Extension<Peer>,
              headers: HeaderMap,
              uri: Uri,
              body: Bytes| async move {
            let process = |world: &mut World, call: Call| {
                let fields = Fields::parse(&body);
                let merchid =
                    fields.as_ref().map(|fields| fields.text_or_empty("merchid")).unwrap_or_default();
                let merchant = merchant_of(world, &headers, &merchid)?;
                let fields = fields.ok_or(Refused::Unreadable)?;
                Ok(Answer::One(perform(world, endpoint, merchant, &fields, call)))
            };
            answer(&shared, endpoint, peer, uri.path(), process).await
        },
    )
}

fn perform(
    world: &mut World,
    endpoint: Endpoint,
    merchant: Option<Merchant>,
    fields: &Fields,
    call: Call,
) -> Reply {
    let refused = |verdict| {
        let reply =
            Reply::of(verdict).with("merchid", fields.text_or_empty("merchid")).with("amount", "0.00");
        reply.with_some("retref", fields.text("retref"))
    };
    let Some(merchant) = merchant else { return refused(pps::INVALID_MERCHANT) };
    if !merchant.settings.enabled {
        return refused(pps::MERCHANT_DISABLED);
    }
    match endpoint {
        Endpoint::Auth => auth::authorize(world, &merchant, fields, call),
        Endpoint::Capture => lifecycle::capture(world, &merchant, fields, call),
        Endpoint::Void => lifecycle::void(world, &merchant, fields, call),
        Endpoint::VoidByOrderId => lifecycle::void_by_order_id(world, &merchant, fields, call),
        Endpoint::Refund => refund::refund(world, &merchant, fields, call),
        Endpoint::Profile => profile::save(world, &merchant, fields, call),
        Endpoint::Any | Endpoint::Inquire | Endpoint::InquireByOrderid => refused(pps::INVALID_FIELD),
    }
}

async fn inquire(
    State(shared): State<Arc<Shared>>,
    Extension(peer): Extension<Peer>,
    Path((retref, merchid)): Path<(String, String)>,
    headers: HeaderMap,
    uri: Uri,
) -> Response {
    let process = |world: &mut World, call: Call| {
        merchant_of(world, &headers, &merchid)?;
        Ok(lookup::inquire(world, &merchid, &retref, call))
    };
    answer(&shared, Endpoint::Inquire, peer, uri.path(), process).await
}

async fn inquire_by_order_id(
    state: State<Arc<Shared>>,
    peer: Extension<Peer>,
    Path((order_id, merchid)): Path<(String, String)>,
    headers: HeaderMap,
    uri: Uri,
) -> Response {
    let path = Path((order_id, merchid, String::new()));
    inquire_by_order_id_and_set(state, peer, path, headers, uri).await
}

async fn inquire_by_order_id_and_set(
    State(shared): State<Arc<Shared>>,
    Extension(peer): Extension<Peer>,
    Path((order_id, merchid, set)): Path<(String, String, String)>,
    headers: HeaderMap,
    uri: Uri,
) -> Response {
    let process = |world: &mut World, call: Call| {
        Ok(match merchant_of(world, &headers, &merchid)? {
            Some(merchant) => lookup::inquire_by_order_id(world, &merchant, &order_id, set == "1", call),
            None => Reply::of(pps::TXN_NOT_FOUND).with("orderId", order_id.as_str()).into(),
        })
    };
    answer(&shared, Endpoint::InquireByOrderid, peer, uri.path(), process).await
}

/// A processed call: the body, and whether it waited for a processor that did not answer.
struct Processed {
    body: String,
    waits: bool,
    remaining: Option<u32>,
}

/// Runs a call with the fault that is due, if any.
async fn answer(
    shared: &Shared,
    endpoint: Endpoint,
    peer: Peer,
    path: &str,
    process: impl FnOnce(&mut World, Call) -> Result<Answer, Refused>,
) -> Response {
    let fault = shared.world().faults.take(endpoint);
    match fault {
        Some(FaultKind::DropBefore) => return no_answer(),
        Some(FaultKind::Status { status }) => {
            return http_error(StatusCode::from_u16(status).unwrap_or(StatusCode::SERVICE_UNAVAILABLE), path);
        }
        _ => {}
    }
    let timed_out = fault == Some(FaultKind::TimedOut);
    let processed = match processed(shared, endpoint, peer, timed_out, process) {
        Ok(processed) => processed,
        Err(Rejected::RetryAfterS(seconds)) => return too_many_requests(path, seconds),
        Err(Rejected::Refused(Refused::Unauthorized)) => return unauthorized(path),
        Err(Rejected::Refused(Refused::Unreadable)) => return http_error(StatusCode::BAD_REQUEST, path),
    };
    if processed.waits && !timed_out {
        tokio::time::sleep(Duration::from_millis(shared.timeout_card_delay_ms)).await;
    }
    match fault {
        Some(FaultKind::DropAfter) => no_answer(),
        Some(FaultKind::Malformed) => html(MALFORMED),
        Some(FaultKind::Cut) => {
            let length = HeaderValue::from(processed.body.len());
            let mut response = json_response(cut_body(&processed.body), processed.remaining);
            response.headers_mut().insert(CONTENT_LENGTH, length);
            response
        }
        Some(FaultKind::Delay { delay_ms }) => {
            tokio::time::sleep(Duration::from_millis(delay_ms)).await;
            json_response(Body::from(processed.body), processed.remaining)
        }
        Some(FaultKind::TimedOut | FaultKind::DropBefore | FaultKind::Status { .. }) | None => {
            json_response(Body::from(processed.body), processed.remaining)
        }
    }
}

enum Rejected {
    Refused(Refused),
    RetryAfterS(i64),
}

fn processed(
    shared: &Shared,
    endpoint: Endpoint,
    peer: Peer,
    timed_out: bool,
    process: impl FnOnce(&mut World, Call) -> Result<Answer, Refused>,
) -> Result<Processed, Rejected> {
    let mut world = shared.world();
    let now = world.now();
    let allowance = shared.rate_limit.then(|| world.rate_limit.count(endpoint, peer.0, now)).flatten();
    let remaining = match allowance {
        Some(Allowance::RetryAfterS(seconds)) => return Err(Rejected::RetryAfterS(seconds)),
        Some(Allowance::Remaining(remaining)) => Some(remaining),
        None => None,
    };
    let answer = process(&mut world, Call { now, timed_out }).map_err(Rejected::Refused)?;
    let waits =
        matches!(&answer, Answer::One(reply) if endpoint == Endpoint::Auth && reply.is(pps::TIMED_OUT));
    Ok(Processed { body: world.noise.write(answer), waits, remaining })
}

fn json_response(body: Body, remaining: Option<u32>) -> Response {
    let mut response = ([(CONTENT_TYPE, "application/json")], body).into_response();
    if let Some(remaining) = remaining {
        response.headers_mut().insert("x-rate-limit-remaining", HeaderValue::from(remaining));
    }
    response
}

fn too_many_requests(path: &str, seconds: i64) -> Response {
    let mut response = http_error(StatusCode::TOO_MANY_REQUESTS, path);
    response.headers_mut().insert("x-rate-limit-retry-after-seconds", HeaderValue::from(seconds));
    response
}
