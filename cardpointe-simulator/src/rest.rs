//! The gateway's endpoints: paths, credentials, faults, and the function of each.

use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use http::header::AUTHORIZATION;
use http::{HeaderMap, HeaderValue, Method, Request, StatusCode};
use jiff::Timestamp;

use crate::{
    auth, batch_calls, bin_data,
    call::{Call, Imposed},
    card_secure::{self, Service},
    codes::pps,
    config::Merchant,
    faults::{Arriving, Endpoint, FaultKind},
    fields::Fields,
    funding, lifecycle, lookup, merchant, preview, profile,
    rate_limit::Allowance,
    receipt,
    record::Origin,
    refund,
    reply::{Answer, Reply},
    response::{Delivery, Response},
    settings::{NoBatches, NoDeposits, UnknownMerchid},
    settlestat::{self, Wanted},
    signature, tokenizer,
    world::World,
};

mod route;

use route::Route;

/// Where the gateway's endpoints are.
pub(crate) const REST_PATH: &str = "/cardconnect/rest";

/// The heading by which clients recognize a successful credential check.
const WELCOME: &str = "<html><body><h1>CardConnect REST Servlet</h1></body></html>";

/// The response to a request, with the gateway's own headers.
pub(crate) fn respond<B: AsRef<[u8]>>(world: &mut World, request: &Request<B>) -> Response {
    let now = world.now();
    let path = request.uri().path();
    let error = |status| Response::http_error(status, path, now);
    if let Some(service) = Service::find(path) {
        return token_service(world, request, service, now);
    }
    if let Some(page) = tokenizer::respond(request.method(), path, now) {
        return page;
    }
    let mut response = match Route::find(request.uri()) {
        None => error(StatusCode::NOT_FOUND),
        Some(route) if !route.allows(request.method()) => error(StatusCode::METHOD_NOT_ALLOWED),
        Some(Route::Write(_)) if refuses_post(world, request) => error(StatusCode::METHOD_NOT_ALLOWED),
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

/// Whether a request is a POST to a merchant account that takes writes by PUT only.
fn refuses_post<B: AsRef<[u8]>>(world: &World, request: &Request<B>) -> bool {
    request.method() == Method::POST
        && Fields::parse(request.body().as_ref())
            .and_then(|fields| world.merchant(&fields.text_or_empty("merchid")))
            .is_some_and(|merchant| !merchant.settings.accepts_post)
}

/// Processes the requests that are late and due by now, in the order in which they arrive. No fault
/// hits them, and their responses go nowhere.
pub(crate) fn receive_late(world: &mut World) {
    while let Some(request) = world.late.next_due(world.now()) {
        let (faults, alterations) =
            (std::mem::take(&mut world.faults), std::mem::take(&mut world.alterations));
        drop(respond(world, &request));
        (world.faults, world.alterations) = (faults, alterations);
    }
}

/// Good credentials, and, when a merchant account is named, one of theirs.
fn check_credentials<B: AsRef<[u8]>>(world: &World, request: &Request<B>, now: Timestamp) -> Response {
    let fields = Fields::parse(request.body().as_ref());
    let is_good = match fields.and_then(|fields| fields.text("merchid")) {
        Some(merchid) => {
            sender(world, request.headers()).is_ok_and(|sender| sender.owned(world, &merchid).is_some())
        }
        None => sender(world, request.headers()).is_ok(),
    };
    if is_good {
        Response::html(WELCOME)
    } else {
        Response::http_error(StatusCode::UNAUTHORIZED, request.uri().path(), now)
    }
}

/// `CardSecure`: no credentials, no limit, no noise.
fn token_service<B: AsRef<[u8]>>(
    world: &mut World,
    request: &Request<B>,
    service: Service,
    now: Timestamp,
) -> Response {
    let fault = service.endpoint().and_then(|endpoint| world.faults.take(endpoint));
    with_fault(world, fault, request.uri().path(), now, |world| card_secure::respond(world, service, request))
}

/// Runs a call with the fault that is due, if any.
fn called<B: AsRef<[u8]>>(
    world: &mut World,
    route: &Route,
    endpoint: Endpoint,
    request: &Request<B>,
    now: Timestamp,
) -> Response {
    let fault = world.faults.take(endpoint);
    if let Some(FaultKind::ArrivesLate { late_s }) = fault {
        world.late.add(request, now, late_s);
        return Response::undelivered(Delivery::Closed);
    }
    let imposed = match fault {
        Some(FaultKind::TimedOut) => Some(Imposed { verdict: pps::TIMED_OUT, done: None }),
        Some(FaultKind::Respond { code, done }) => Some(Imposed { verdict: code.0, done: Some(done) }),
        _ => None,
    };
    let call = Call { now, origin: Origin::Request, imposed };
    with_fault(world, fault, request.uri().path(), now, |world| {
        processed(world, route, endpoint, request, call)
    })
}

/// Processes a call, or not, as a fault on its way says, and makes the response that arrives.
fn with_fault(
    world: &mut World,
    fault: Option<FaultKind>,
    path: &str,
    now: Timestamp,
    process: impl Fn(&mut World) -> Response,
) -> Response {
    let status = |status| {
        let status = StatusCode::from_u16(status).unwrap_or(StatusCode::SERVICE_UNAVAILABLE);
        Response::http_error(status, path, now)
    };
    match fault {
        // A request that is not a call of the gateway arrives on time, or not at all.
        Some(FaultKind::DropBefore | FaultKind::ArrivesLate { .. }) => {
            return Response::undelivered(Delivery::Closed);
        }
        Some(FaultKind::HangBefore) => return Response::undelivered(Delivery::Never),
        Some(FaultKind::Status { status: code }) => return status(code),
        _ => {}
    }
    let response = process(world);
    let response = match fault {
        Some(FaultKind::DeliveredTwice { response: arriving }) => {
            let second = process(world);
            match arriving {
                Arriving::First => response,
                Arriving::Second => second,
                Arriving::Neither => Response::undelivered(Delivery::Closed),
            }
        }
        _ => response,
    };
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
    /// The account does not have the report.
    NotOffered(StatusCode),
    /// The account's reports do not respond.
    Silent,
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
    let mut answer = match authenticated(world, route, request, call) {
        Ok(answer) => answer,
        Err(Refused::Unauthorized) => return Response::http_error(StatusCode::UNAUTHORIZED, path, call.now),
        Err(Refused::Unreadable) => return Response::http_error(StatusCode::BAD_REQUEST, path, call.now),
        Err(Refused::NotOffered(status)) => return Response::http_error(status, path, call.now),
        Err(Refused::Silent) => return Response::undelivered(Delivery::Never),
    };
    let is_write = matches!(route, Route::Write(_));
    let waited = is_write && matches!(&answer, Answer::One(reply) if reply.is(pps::TIMED_OUT));
    let written = match &answer {
        Answer::One(reply) if is_write => Some(reply.clone()),
        _ => None,
    };
    if !world.alterations.is_empty() {
        let named = route.named(request.body().as_ref());
        let mut alterations = std::mem::take(&mut world.alterations);
        alterations.apply(endpoint, &named, &mut answer, |whose, shown| {
            lookup::another(world, endpoint, whose, shown, call.now)
        });
        world.alterations = alterations;
    }
    if let Some(reply) = written {
        world.replies.add(endpoint, reply);
    }
    let response = Response::json_text(world.noise.write(answer));
    let response = if waited { response.after(world.timeout_delay) } else { response };
    match remaining {
        Some(remaining) => response.with_number("x-rate-limit-remaining", remaining),
        None => response,
    }
}

fn authenticated<B: AsRef<[u8]>>(
    world: &mut World,
    route: &Route,
    request: &Request<B>,
    call: Call,
) -> Result<Answer, Refused> {
    let fields = Fields::parse(request.body().as_ref());
    let in_body = || {
        let fields = fields.as_ref().ok_or(Refused::Unreadable)?;
        Ok(fields.text_or_empty("merchid"))
    };
    let sender = sender(world, request.headers())?;
    let merchid = route.merchid().map_or_else(in_body, |merchid| Ok(merchid.to_owned()))?;
    let merchant = match route {
        // The vendor's first clients name no account to get what is new.
        Route::Settlestat { .. } | Route::Funding { .. } if merchid.is_empty() => {
            sender.first_account(world).cloned()
        }
        _ => merchant_of(world, &sender, &merchid)?,
    };
    if let Route::Write(endpoint) = route {
        let fields = fields.ok_or(Refused::Unreadable)?;
        return Ok(write(world, *endpoint, merchant, &fields, call).into());
    }
    if let Some(merchant) = &merchant {
        may_report(route, merchant)?;
    }
    if let (Route::SettlestatByBatchSource, Some(merchant)) = (route, &merchant) {
        let source = fields.ok_or(Refused::Unreadable)?.text_or_empty("batchsource");
        return Ok(settlestat::report(world, merchant, &Wanted::Source(source), call));
    }
    Ok(match merchant {
        Some(merchant) => read(world, route, request.method(), &merchant, call),
        None => no_merchant(route),
    })
}

/// Whether an account's reports respond, and it has the one that is wanted.
fn may_report(route: &Route, merchant: &Merchant) -> Result<(), Refused> {
    let is_funding = matches!(route, Route::Funding { .. });
    if merchant.settings.reports.reports_hang && (is_funding || matches!(route, Route::Settlestat { .. })) {
        return Err(Refused::Silent);
    }
    match funding::refused(merchant).filter(|_| is_funding) {
        Some(status) => Err(Refused::NotOffered(status)),
        None => Ok(()),
    }
}

/// The response of an endpoint that reads, or that deletes a profile.
fn read(world: &mut World, route: &Route, method: &Method, merchant: &Merchant, call: Call) -> Answer {
    match route {
        Route::Inquire { retref, merchid } => lookup::inquire(world, merchid, retref, call),
        Route::InquireByOrderid { order_id, only_this_mid, .. } => {
            lookup::inquire_by_order_id(world, merchant, order_id, *only_this_mid, call)
        }
        Route::Profile { profileid, acctid, .. } if method == Method::DELETE => {
            profile::delete(world, merchant, profileid, acctid.as_deref(), call).into()
        }
        Route::Profile { profileid, acctid, .. } => {
            profile::read(world, merchant, profileid, acctid.as_deref(), call)
        }
        Route::InquireMerchant { .. } => match call.imposed {
            Some(imposed) => Reply::of(imposed.verdict).into(),
            None => merchant::inquire(merchant).into(),
        },
        Route::Bin { token, .. } => match call.imposed {
            Some(imposed) => Reply::of(imposed.verdict).into(),
            None => bin_data::look_up(world, merchant, token).into(),
        },
        Route::Settlestat { wanted: Some(wanted), .. } => settlestat::report(world, merchant, wanted, call),
        Route::Settlestat { wanted: None, .. } => settlestat::unreadable(),
        Route::OpenBatch { batchsource, .. } => batch_calls::open(world, merchant, batchsource).into(),
        Route::CloseBatch { batchid, .. } => {
            batch_calls::close(world, merchant, batchid.as_deref(), call).into()
        }
        Route::Funding { service, date, .. } => {
            funding::report(world, merchant, *service, date.as_deref(), call)
        }
        Route::Surcharge(asked) => match call.imposed {
            Some(imposed) => Reply::of(imposed.verdict).into(),
            None => preview::surcharge(world, merchant, asked).into(),
        },
        Route::CredentialCheck | Route::Write(_) | Route::SettlestatByBatchSource => {
            Reply::of(pps::INVALID_FIELD).into()
        }
    }
}

/// Their response when the site has no such merchant account.
fn no_merchant(route: &Route) -> Answer {
    match route {
        Route::Inquire { retref, .. } => Reply::of(pps::TXN_NOT_FOUND).with("retref", retref.as_str()).into(),
        Route::InquireByOrderid { order_id, .. } => {
            Reply::of(pps::TXN_NOT_FOUND).with("orderId", order_id.as_str()).into()
        }
        Route::Settlestat { .. } | Route::SettlestatByBatchSource => settlestat::nothing(NoBatches::Text),
        Route::Funding { .. } => funding::nothing(NoDeposits::Object),
        Route::CredentialCheck
        | Route::Write(_)
        | Route::Profile { .. }
        | Route::InquireMerchant { .. }
        | Route::Bin { .. }
        | Route::OpenBatch { .. }
        | Route::CloseBatch { .. }
        | Route::Surcharge(_) => Reply::of(pps::INVALID_MERCHANT).into(),
    }
}

/// Runs a write endpoint. Without a merchant, there is no such account.
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
    let reply = match endpoint {
        _ if !merchant.settings.enabled => refused(pps::MERCHANT_DISABLED),
        Endpoint::Auth => auth::authorize(world, &merchant, fields, call),
        Endpoint::Capture => lifecycle::capture(world, &merchant, fields, call),
        Endpoint::Void => lifecycle::void(world, &merchant, fields, call),
        Endpoint::VoidByOrderId => lifecycle::void_by_order_id(world, &merchant, fields, call),
        Endpoint::Refund => refund::refund(world, &merchant, fields, call),
        Endpoint::Profile => profile::save(world, &merchant, fields, call),
        Endpoint::Sigcap => signature::attach(world, &merchant, fields, call),
        Endpoint::Any
        | Endpoint::Inquire
        | Endpoint::InquireByOrderid
        | Endpoint::InquireMerchant
        | Endpoint::Bin
        | Endpoint::Settlestat
        | Endpoint::Openbatch
        | Endpoint::Closebatch
        | Endpoint::Funding
        | Endpoint::Surcharge
        | Endpoint::Tokenize => refused(pps::INVALID_FIELD),
    };
    receipt::attach(world, &merchant, endpoint, fields, reply)
}

/// The user name and password of a request, which a merchant account has.
struct Sender {
    username: String,
    password: String,
}

impl Sender {
    fn has(&self, merchant: &Merchant) -> bool {
        merchant.username == self.username && merchant.password == self.password
    }

    fn first_account<'a>(&self, world: &'a World) -> Option<&'a Merchant> {
        world.merchants.iter().find(|merchant| self.has(merchant))
    }

    /// The merchant account with a number, if it is the sender's.
    fn owned<'a>(&self, world: &'a World, merchid: &str) -> Option<&'a Merchant> {
        world.merchant(merchid).filter(|merchant| self.has(merchant))
    }
}

/// The user name and password of Basic authentication.
fn credentials(headers: &HeaderMap) -> Option<Sender> {
    let (scheme, encoded) = headers.get(AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("Basic") {
        return None;
    }
    let decoded = String::from_utf8(BASE64_STANDARD.decode(encoded.trim()).ok()?).ok()?;
    let (username, password) = decoded.split_once(':')?;
    Some(Sender { username: username.to_owned(), password: password.to_owned() })
}

/// Refuses credentials that no merchant account has.
fn sender(world: &World, headers: &HeaderMap) -> Result<Sender, Refused> {
    let known = credentials(headers).filter(|sender| sender.first_account(world).is_some());
    known.ok_or(Refused::Unauthorized)
}

/// A merchant account of the sender. `Ok(None)`: there is no such account, and the sender's first
/// one has it refused by a code.
fn merchant_of(world: &World, sender: &Sender, merchid: &str) -> Result<Option<Merchant>, Refused> {
    let refuses = |first: &Merchant| first.settings.unknown_merchid == UnknownMerchid::Refused;
    if world.merchant(merchid).is_none() && sender.first_account(world).is_some_and(refuses) {
        return Ok(None);
    }
    sender.owned(world, merchid).cloned().map(Some).ok_or(Refused::Unauthorized)
}
