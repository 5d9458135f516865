//! The credit-card API, in JSON and XML, as an ASP.NET client expects it.
//!
//! Requests become intents, orders become responses. No payment rule lives here. Each payment is an
//! order of its own, found by its `TransactionReference` or its `TransactionID` without a look-up
//! table.
//!
//! A payment's order has the charged amount as its total, so no order is paid beyond its total in
//! either API. Its transaction has the order's id, so one id works in both.
//!
//! Unknown members are ignored on authorize and charge, as Microsoft's serializer does, and
//! rejected on capture, refund and void, where a misspelled `Amount` would move everything. Routes
//! in another case, or with a final slash, come through the `$default` route, because an HTTP API
//! matches paths letter by letter; they share none of the concurrency reserved for payments.

mod address;
mod caller;
mod follow_up;
pub mod letters;
mod media;
mod outgoing;
mod pay;
mod reference;
mod source;
#[cfg(test)]
mod tests;

pub use reference::{key_digest, payment_id};

use jiff::Timestamp;
use lambda_http::{
    Body, Request, Response,
    http::{HeaderValue, Method, header},
};
use uuid::Uuid;

use crate::{
    api::{
        Attempt, Caller, Code, Document, Failure, Handled, Members, NotPerformed, Page, Reply, Stated,
        body::{self, Names, Root, Unreadable},
        body_bytes, exchange, stated,
    },
    invocation::{deadline, serve},
    ports::{Api, Paying},
};
use media::Media;
use tollgate_core::{
    order::{FollowUp, PaymentKind, Rejection},
    payments::{Attempts, GatewayInfo, Performed, Refusal, Role},
};
use tollgate_wire::credit_card::{NAMESPACE, Outgoing};

/// The root element of a request.
const REQUEST: Root = Root { name: "CardTransactionBindingModel", namespace: NAMESPACE };

/// The media type and charset of a request's body.
type BodyType = (Media, Option<media::Charset>);

/// Declares the routes: the purpose of each, and its handler.
macro_rules! routes {
    ($($(#[$doc:meta])* $name:ident($ports:ty) => $purpose:ident;)+) => {
        /// The purpose of a request, from its route.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        enum Purpose {
            $($purpose,)+
        }

        impl Purpose {
            /// By the last part of the route's path.
            fn named(name: &str) -> Option<Self> {
                [$((stringify!($name), Self::$purpose),)+].into_iter().find_map(|(known, purpose)| {
                    (known == name).then_some(purpose)
                })
            }
        }

        $(
            $(#[$doc])*
            pub async fn $name(ports: $ports, request: &Request) -> Response<Body> {
                handle(ports.into(), request, Purpose::$purpose).await
            }
        )+
    };
}

routes! {
    /// `POST /api/v1/payments/creditcard/authorize`: holds an amount on a card.
    authorize(Paying<'_>) => Authorize;
    /// `POST /api/v1/payments/creditcard/charge`: captures at once, or, with a `TransactionID`,
    /// captures the amount held.
    charge(Paying<'_>) => Charge;
    /// `POST /api/v1/payments/creditcard/capture`: captures the amount of an authorization.
    capture(&Api) => Capture;
    /// `POST /api/v1/payments/creditcard/refund`: refunds the captured amount or a part.
    refund(&Api) => Refund;
    /// `POST /api/v1/payments/creditcard/void`: undoes a payment before its settlement.
    void(&Api) => Void;
    /// `POST /api/v1/payments/creditcard/status`: returns a payment's current state, after an
    /// inquiry if need be.
    status(&Api) => Status;
}

/// Where the routes of this API are.
const PREFIX: &str = "/api/v1/payments/creditcard";

/// A request that API Gateway found no route for, if it is this API's:
/// `/API/V1/Payments/CreditCard/Charge/` is `charge` to ASP.NET, in any case and with or
/// without a slash at the end. An unknown path gets an error in this API's own form.
pub async fn unrouted(paying: Paying<'_>, request: &Request) -> Option<Response<Body>> {
    let Some(requested) = Purpose::named(&name(request)?) else {
        let detail = "there is no such route; there are authorize, charge, capture, refund, void and status";
        return Some(refuse(request, Failure::new(Code::NotFound, detail)).await);
    };
    if request.method() == Method::POST {
        return Some(handle(paying.into(), request, requested).await);
    }
    let detail = "this route takes POST only";
    let mut response = refuse(request, Failure::new(Code::MethodNotAllowed, detail)).await;
    response.headers_mut().insert(header::ALLOW, HeaderValue::from_static("POST"));
    Some(response)
}

/// Whether a request is this API's, by its path.
pub(crate) fn is_for(request: &Request) -> bool {
    name(request).is_some()
}

/// The part of a path after this API's prefix, in lower case.
fn name(request: &Request) -> Option<String> {
    let path = request.uri().path().to_ascii_lowercase();
    let (_, rest) = path.rsplit_once(PREFIX)?;
    (rest.is_empty() || rest.starts_with('/')).then(|| rest.trim_matches('/').to_owned())
}

/// A response in the format that the request wants.
pub(crate) async fn refuse(request: &Request, failure: Failure) -> Response<Body> {
    serve(request, async { written(request, media_of(request).1, Err(failure), None) }).await
}

/// The ports that handle a request. Only routes that pay have counters.
#[derive(Clone, Copy)]
struct Ports<'a> {
    api: &'a Api,
    attempts: Option<&'a dyn Attempts>,
}

impl<'a> From<&'a Api> for Ports<'a> {
    fn from(api: &'a Api) -> Self {
        Self { api, attempts: None }
    }
}

impl<'a> From<Paying<'a>> for Ports<'a> {
    fn from(Paying { api, attempts }: Paying<'a>) -> Self {
        Self { api, attempts: Some(attempts) }
    }
}

/// One request on its way through the API.
struct Exchange<'a> {
    api: &'a Api,
    attempts: Option<&'a dyn Attempts>,
    request: &'a Request,
    caller: &'a Caller,
    /// The request's own `TransactionReference`, once it is known to be valid. Every response
    /// repeats it.
    reference: &'a mut Option<String>,
}

async fn handle(ports: Ports<'_>, request: &Request, requested: Purpose) -> Response<Body> {
    // On the heap: a payment's future is large, and would be copied on its way down.
    serve(request, Box::pin(negotiated(ports, request, requested))).await
}

async fn negotiated(ports: Ports<'_>, request: &Request, requested: Purpose) -> Response<Body> {
    let (body_type, media) = media_of(request);
    let mut reference = None;
    let handled = match body_type {
        Ok(body_type) => handled(ports, request, requested, body_type, &mut reference).await,
        Err(unsupported) => Err(Failure::new(Code::UnsupportedMediaType, unsupported.to_string())),
    };
    written(request, media, handled, reference)
}

/// The media types of the body and of the response.
fn media_of(request: &Request) -> (Result<BodyType, media::Unsupported>, Media) {
    let header = |name| request.headers().get(name).and_then(|value| value.to_str().ok());
    let body_type = media::of_request(header("content-type"));
    let sent = media::family(header("content-type"));
    let by_script =
        header("x-requested-with").is_some_and(|with| with.eq_ignore_ascii_case("XMLHttpRequest"));
    // Several lines are one list.
    let accept = request.headers().get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok());
    let accept = accept.map(str::to_owned).reduce(|all, line| format!("{all}, {line}"));
    let media = media::negotiate(accept.as_deref(), by_script, sent);
    (body_type, media)
}

/// Puts a result into this API's form.
fn written(
    request: &Request,
    media: Media,
    handled: Handled<Outgoing>,
    reference: Option<String>,
) -> Response<Body> {
    let handled = handled.map_err(|failure| failure.renamed(in_this_api));
    exchange::http(request, handled, |outcome| {
        let (status, mut outgoing) = outcome.unwrap_or_else(|failure| {
            (failure.status(Code::status_unless_decided), outgoing::of_failure(failure))
        });
        let known = &mut outgoing.response.reference;
        *known = reference.or(known.take());
        let body = if media.is_xml() { outgoing::xml(&outgoing) } else { outgoing::json(&outgoing) };
        (status, Page { content_type: media.content_type(), body, link: None, is_of_now: false })
    })
}

async fn handled(
    Ports { api, attempts }: Ports<'_>,
    request: &Request,
    requested: Purpose,
    body_type: BodyType,
    reference: &mut Option<String>,
) -> Handled<Outgoing> {
    let document = read(request, body_type)?;
    let mut root = Members::of(&document);
    let caller = caller::authenticated(&api.access, request, &mut root).await?;
    let members = root.required_object("Request");
    root.finish()?;
    let Some(members) = members else { return Err(Failure::new(Code::Required, "Request: is required")) };
    caller.must_have(role(requested, &members))?;
    if !matches!(requested, Purpose::Status) {
        exchange::must_not_be_stopped(api.switch.as_ref(), &caller.merchant.id).await?;
    }
    let exchange = Exchange { api, attempts, request, caller: &caller, reference };
    let is_capture = members.has("TransactionID");
    let follow_up = match requested {
        Purpose::Authorize => return pay::pay(exchange, members, requested, PaymentKind::Authorize).await,
        Purpose::Charge if !is_capture => {
            return pay::pay(exchange, members, requested, PaymentKind::Purchase).await;
        }
        Purpose::Status => return follow_up::status(exchange, members).await,
        Purpose::Charge | Purpose::Capture => FollowUp::Capture,
        Purpose::Refund => FollowUp::Refund,
        Purpose::Void => FollowUp::Void,
    };
    follow_up::follow_up(exchange, members, requested, follow_up).await
}

/// The role that a key needs for a request. A charge that names a transaction captures it.
fn role(requested: Purpose, request: &Members<'_>) -> Role {
    match requested {
        Purpose::Charge if request.has("TransactionID") => Role::Operate,
        Purpose::Authorize | Purpose::Charge => Role::Pay,
        Purpose::Capture | Purpose::Refund | Purpose::Void => Role::Operate,
        Purpose::Status => Role::Read,
    }
}

/// The body as a tree.
fn read(request: &Request, (media, charset): BodyType) -> Result<Document, Failure> {
    let code = if media.is_xml() { Code::InvalidXml } else { Code::InvalidJson };
    let bytes = body_bytes(request, code)?;
    let unsupported = |error: media::Unsupported| Failure::new(Code::UnsupportedMediaType, error.to_string());
    let charset = match charset {
        None if media.is_xml() => media::declared(bytes).map_err(unsupported)?,
        stated => stated,
    };
    let text = media::decode(bytes, charset).map_err(|error| Failure::new(code, error.to_string()))?;
    if text.trim().is_empty() {
        let detail = "the body is empty: Authentication and Request are required";
        return Err(Failure::new(Code::Required, detail));
    }
    let document = if media.is_xml() {
        body::from_xml(&text, REQUEST, follow_up::is_of_the_model)
    } else {
        // As Json.NET matches names.
        body::from_json(&text, Names::AnyCase)
    };
    document.map_err(|error| Failure::new(code, unreadable(error)))
}

/// Why a body cannot be read, with the names that were expected.
fn unreadable(error: Unreadable) -> String {
    match error {
        Unreadable::RootName(at) => format!("the root element is not {}: {at}", REQUEST.name),
        Unreadable::RootNamespace(at) => {
            format!("the root element is not in the namespace {NAMESPACE}: {at}")
        }
        Unreadable::ElementNamespace(at) => {
            format!("an element is not in the namespace {NAMESPACE}: {at}")
        }
        error => error.to_string(),
    }
}

impl Exchange<'_> {
    /// Performs the stated operation and returns its outcome.
    async fn carry_out(self, id: Uuid, customer: Option<&str>, stated: Stated<'_>) -> Handled<Outgoing> {
        let Self { api, attempts, request, caller, .. } = self;
        let deadline = deadline(request, api.access.now());
        let key = reference::order_key(&caller.merchant.id, id)?;
        let (is_follow_up, saves_card) = (!stated.is_payment(), stated.saves_card());
        // Each payment is an order of its own, so the attempt counts if the server states the
        // shopper's address or the customer.
        let attempt = attempts.filter(|_| stated.is_payment());
        let attempt = attempt.map(|attempts| Attempt::of(attempts, &api.access, request, caller, customer));
        let performed = stated.perform(&api.payments, caller, &key, deadline, attempt.transpose()?).await;
        match performed {
            Ok(performed) => {
                of_operation(&performed, saves_card, api.payments.gateway.info(), api.access.now())
            }
            Err(NotPerformed::NotInOrder(failure)) => Err(failure),
            Err(NotPerformed::Refused(refusal)) => refused(refusal, id, is_follow_up),
        }
    }
}

/// A payment of this API is its own order, and callers know of no orders.
fn in_this_api(code: Code) -> Code {
    if code == Code::OrderNotFound { Code::TransactionNotFound } else { code }
}

/// When to come back while the first request of a reference is running.
const HELD_RETRY_S: u32 = 2;

/// The response to a refused operation on the payment with this id.
fn refused(refusal: Refusal, id: Uuid, is_follow_up: bool) -> Handled<Outgoing> {
    if let Refusal::Rejected(Rejection::KeyInProgress(transaction)) = refusal {
        let outgoing = outgoing::held(transaction);
        let retry_after_s = Some(HELD_RETRY_S);
        return Ok(Reply { replayed: true, retry_after_s, ..Reply::new(200, outgoing) });
    }
    let mut error = Failure::from(refusal);
    // This API takes no id but the order's own.
    error.transaction = error.transaction.filter(|transaction| *transaction == id);
    if is_follow_up && in_this_api(error.code()) != Code::TransactionNotFound {
        error.transaction = Some(id);
    }
    Err(error)
}

fn of_operation(
    performed: &Performed,
    saves_card: Option<bool>,
    gateway: &dyn GatewayInfo,
    now: Timestamp,
) -> Handled<Outgoing> {
    let (transaction, operation) = performed.operation()?;
    let mut reply = outgoing::of_operation(&performed.order, transaction, operation, gateway);
    let kept = transaction.memo.as_ref().map(|memo| memo.save_card);
    if performed.replayed && saves_card != kept && saves_card.is_some() {
        reply.body.message.description += if kept == Some(true) {
            "; SaveToFile stays true, as it was stated first"
        } else {
            "; SaveToFile stays false, as it was stated first: the card is not stored"
        };
    }
    let retry_after_s = stated::retry_after_s(transaction, now).or(reply.retry_after_s);
    Ok(Reply { replayed: performed.replayed, retry_after_s, ..reply })
}
