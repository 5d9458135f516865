//! The gateway's endpoints: paths, credentials, faults, and which function does what.

use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use http::header::AUTHORIZATION;
use http::{HeaderMap, HeaderValue, Method, Request, StatusCode};
use jiff::Timestamp;
use percent_encoding::percent_decode_str;

use crate::alterations::Named;
use crate::codes::pps;
use crate::config::Merchant;
use crate::faults::{Endpoint, FaultKind};
use crate::fields::Fields;
use crate::rate_limit::Allowance;
use crate::record::Origin;
use crate::reply::{Answer, Reply};
use crate::response::{Delivery, Response};
use crate::simulator::REST_PATH;
use crate::world::{Call, Imposed, World};
use crate::{auth, lifecycle, lookup, profile, refund};

/// The heading by which clients recognize a successful credential check.
const WELCOME: &str = "<html><body><h1>CardConnect REST Servlet</h1></body></html>";

/// What a path names.
enum Route {
    CredentialCheck,
    Write(Endpoint),
    Inquire { retref: String, merchid: String },
    InquireByOrderid { order_id: String, merchid: String, only_this_mid: bool },
}

impl Route {
    fn find(path: &str) -> Option<Self> {
        let path = path.strip_prefix(REST_PATH)?;
        if path.is_empty() || path == "/" {
            return Some(Self::CredentialCheck);
        }
        let segments: Vec<String> =
            path.strip_prefix('/')?.split('/').map(decoded).collect::<Option<Vec<_>>>()?;
        let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
        Some(match *segments {
            ["auth"] => Self::Write(Endpoint::Auth),
            ["capture"] => Self::Write(Endpoint::Capture),
            ["void"] => Self::Write(Endpoint::Void),
            ["voidByOrderId"] => Self::Write(Endpoint::VoidByOrderId),
            ["refund"] => Self::Write(Endpoint::Refund),
            ["profile"] => Self::Write(Endpoint::Profile),
            ["inquire", retref, merchid] => {
                Self::Inquire { retref: retref.to_owned(), merchid: merchid.to_owned() }
            }
            ["inquireByOrderid", order_id, merchid, ref set @ ..] if set.len() <= 1 => {
                Self::InquireByOrderid {
                    order_id: order_id.to_owned(),
                    merchid: merchid.to_owned(),
                    only_this_mid: set == ["1"],
                }
            }
            _ => return None,
        })
    }

    fn endpoint(&self) -> Option<Endpoint> {
        match self {
            Self::CredentialCheck => None,
            Self::Write(endpoint) => Some(*endpoint),
            Self::Inquire { .. } => Some(Endpoint::Inquire),
            Self::InquireByOrderid { .. } => Some(Endpoint::InquireByOrderid),
        }
    }

    /// The order id and the reference that a request names.
    fn named(&self, body: &[u8]) -> Named {
        match self {
            Self::CredentialCheck => Named::default(),
            Self::Write(_) => Fields::parse(body).map_or_else(Named::default, |fields| Named {
                order_id: fields.text("orderid"),
                retref: fields.text("retref"),
            }),
            Self::Inquire { retref, .. } => Named { order_id: None, retref: Some(retref.clone()) },
            Self::InquireByOrderid { order_id, .. } => {
                Named { order_id: Some(order_id.clone()), retref: None }
            }
        }
    }

    fn allows(&self, method: &Method) -> bool {
        match self {
            Self::CredentialCheck => [Method::GET, Method::PUT, Method::POST].contains(method),
            Self::Write(_) => [Method::PUT, Method::POST].contains(method),
            Self::Inquire { .. } | Self::InquireByOrderid { .. } => method == Method::GET,
        }
    }
}

/// A segment of the path, decoded. Empty ones name nothing.
fn decoded(segment: &str) -> Option<String> {
    let text = percent_decode_str(segment).decode_utf8().ok()?;
    (!text.is_empty()).then(|| text.into_owned())
}

/// The response to a request, with the gateway's own headers.
pub(crate) fn respond<B: AsRef<[u8]>>(world: &mut World, request: &Request<B>) -> Response {
    let now = world.now();
    let path = request.uri().path();
    let error = |status| Response::http_error(status, path, now);
    let mut response = match Route::find(path) {
        None => error(StatusCode::NOT_FOUND),
        Some(route) if !route.allows(request.method()) => error(StatusCode::METHOD_NOT_ALLOWED),
        Some(route) => match route.endpoint() {
            None => check_credentials(world, request, now),
            Some(endpoint) => called(world, &route, endpoint, request, now),
        },
    };
    if path.starts_with(REST_PATH) {
        response.headers.insert("server", HeaderValue::from_static("CardConnect"));
        response.headers.insert("x-frame-options", HeaderValue::from_static("DENY"));
    }
    response
}

fn check_credentials<B: AsRef<[u8]>>(world: &World, request: &Request<B>, now: Timestamp) -> Response {
    let fields = Fields::parse(request.body().as_ref());
    let merchid = fields.and_then(|fields| fields.text("merchid")).unwrap_or_default();
    match merchant_of(world, request.headers(), &merchid) {
        Ok(Some(_)) => Response::html(WELCOME),
        Ok(None) | Err(_) => Response::http_error(StatusCode::UNAUTHORIZED, request.uri().path(), now),
    }
}

/// Runs a call with the fault that is due, if any.
fn called<B: AsRef<[u8]>>(
    world: &mut World,
    route: &Route,
    endpoint: Endpoint,
    request: &Request<B>,
    now: Timestamp,
) -> Response {
    let path = request.uri().path();
    let fault = world.faults.take(endpoint);
    let status = |status| {
        let status = StatusCode::from_u16(status).unwrap_or(StatusCode::SERVICE_UNAVAILABLE);
        Response::http_error(status, path, now)
    };
    match fault {
        Some(FaultKind::DropBefore) => return Response::undelivered(Delivery::Closed),
        Some(FaultKind::HangBefore) => return Response::undelivered(Delivery::Never),
        Some(FaultKind::Status { status: code }) => return status(code),
        _ => {}
    }
    let imposed = match fault {
        Some(FaultKind::TimedOut) => Some(Imposed { verdict: pps::TIMED_OUT, done: None }),
        Some(FaultKind::Respond { code, done }) => Some(Imposed { verdict: code.0, done: Some(done) }),
        _ => None,
    };
    let call = Call { now, origin: Origin::Request, imposed };
    let response = processed(world, route, endpoint, request, call);
    let is_ok = response.status == StatusCode::OK;
    match fault {
        Some(FaultKind::DropAfter) => Response::undelivered(Delivery::Closed),
        Some(FaultKind::HangAfter) => Response::undelivered(Delivery::Never),
        Some(FaultKind::StatusAfter { status: code }) => status(code).after(response.delay),
        Some(FaultKind::Malformed) if is_ok => Response::malformed(),
        Some(FaultKind::Cut) if is_ok => response.cut(),
        Some(FaultKind::Delay { delay_ms }) => response.after(Duration::from_millis(delay_ms)),
        _ => response,
    }
}

/// Why a call gets no response of the gateway's own.
enum Refused {
    Unauthorized,
    Unreadable,
}

fn processed<B: AsRef<[u8]>>(
    world: &mut World,
    route: &Route,
    endpoint: Endpoint,
    request: &Request<B>,
    call: Call,
) -> Response {
    let path = request.uri().path();
    let peer = request.extensions().get().copied().unwrap_or(IpAddr::V4(Ipv4Addr::LOCALHOST));
    let limited = world.limits_rate.then(|| world.rate_limit.count(endpoint, peer, call.now)).flatten();
    let remaining = match limited {
        Some(Allowance::RetryAfterS(seconds)) => {
            return Response::http_error(StatusCode::TOO_MANY_REQUESTS, path, call.now)
                .with_number("x-rate-limit-retry-after-seconds", seconds);
        }
        Some(Allowance::Remaining(remaining)) => Some(remaining),
        None => None,
    };
    let mut answer = match perform(world, route, request, call) {
        Ok(answer) => answer,
        Err(Refused::Unauthorized) => return Response::http_error(StatusCode::UNAUTHORIZED, path, call.now),
        Err(Refused::Unreadable) => return Response::http_error(StatusCode::BAD_REQUEST, path, call.now),
    };
    let is_write = matches!(route, Route::Write(_));
    let waited = is_write && matches!(&answer, Answer::One(reply) if reply.is(pps::TIMED_OUT));
    if !world.alterations.is_empty() {
        world.alterations.apply(endpoint, &route.named(request.body().as_ref()), &mut answer);
    }
    let response = Response::json_text(world.noise.write(answer));
    let response = if waited { response.after(world.timeout_delay) } else { response };
    match remaining {
        Some(remaining) => response.with_number("x-rate-limit-remaining", remaining),
        None => response,
    }
}

fn perform<B: AsRef<[u8]>>(
    world: &mut World,
    route: &Route,
    request: &Request<B>,
    call: Call,
) -> Result<Answer, Refused> {
    let headers = request.headers();
    match route {
        Route::CredentialCheck => Err(Refused::Unreadable),
        Route::Write(endpoint) => {
            let fields = Fields::parse(request.body().as_ref());
            let merchid = fields.as_ref().map(|fields| fields.text_or_empty("merchid")).unwrap_or_default();
            let merchant = merchant_of(world, headers, &merchid)?;
            let fields = fields.ok_or(Refused::Unreadable)?;
            Ok(Answer::One(write(world, *endpoint, merchant, &fields, call)))
        }
        Route::Inquire { retref, merchid } => {
            merchant_of(world, headers, merchid)?;
            Ok(lookup::inquire(world, merchid, retref, call))
        }
        Route::InquireByOrderid { order_id, merchid, only_this_mid } => {
            Ok(match merchant_of(world, headers, merchid)? {
                Some(merchant) => {
                    lookup::inquire_by_order_id(world, &merchant, order_id, *only_this_mid, call)
                }
                None => Reply::of(pps::TXN_NOT_FOUND).with("orderId", order_id.as_str()).into(),
            })
        }
    }
}

/// Does what a write endpoint does. Without a merchant, there is no such account.
pub(crate) fn write(
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

/// Who sends a request: the user name and password of Basic authentication.
fn credentials(headers: &HeaderMap) -> Option<(String, String)> {
    let (scheme, encoded) = headers.get(AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("Basic") {
        return None;
    }
    let decoded = String::from_utf8(BASE64_STANDARD.decode(encoded.trim()).ok()?).ok()?;
    let (username, password) = decoded.split_once(':')?;
    Some((username.to_owned(), password.to_owned()))
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
