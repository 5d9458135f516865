//! The credit-card API: seed 004 in JSON and XML, as an ASP.NET client expects it (`payment-apis.md` §13).
//!
//! Requests become intents, orders become answers. No payment rule lives here. Each payment is an order of its own,
//! found by its `TransactionReference` or its `TransactionID` without a look-up table (`design.md` §3).

mod address;
mod answer;
mod caller;
mod error;
mod follow_up;
mod letters;
mod media;
mod members;
mod node;
mod pay;
mod reference;
#[cfg(test)]
mod tests;

pub use reference::{key_digest, payment_id};

use lambda_http::{
    Body, Request, Response,
    http::{HeaderValue, StatusCode, header},
};
use uuid::Uuid;

use crate::{
    app::App,
    failure::Code,
    gateway::PaymentSource,
    invocation::{deadline, request_id, serve},
    operation::Kind,
    order::{Intent, Rejection},
    payments::{Performed, Refusal},
    trail,
    transaction::Method,
};
use answer::Outgoing;
use caller::Caller;
use error::ApiError;
use media::Media;
use members::Members;
use node::Document;

/// Largest body. A payment with all its members takes under 3 KB.
const BODY_MAX_BYTES: usize = 64 * 1024;

/// What a request asks for, as its route says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Asked {
    /// `authorize`: hold.
    Authorize,
    /// `charge`: take at once, or, with a `TransactionID`, take what is held.
    Charge,
    /// `capture`: take what is held.
    Capture,
    /// `refund`: give back.
    Refund,
    /// `void`: undo before settlement.
    Void,
    /// `status`: ask how a payment stands.
    Status,
}

/// `POST /api/v1/payments/creditcard/authorize`.
pub async fn authorize(app: &App, request: &Request) -> Response<Body> {
    handle(app, request, Asked::Authorize).await
}

/// `POST /api/v1/payments/creditcard/charge`.
pub async fn charge(app: &App, request: &Request) -> Response<Body> {
    handle(app, request, Asked::Charge).await
}

/// `POST /api/v1/payments/creditcard/capture`.
pub async fn capture(app: &App, request: &Request) -> Response<Body> {
    handle(app, request, Asked::Capture).await
}

/// `POST /api/v1/payments/creditcard/refund`.
pub async fn refund(app: &App, request: &Request) -> Response<Body> {
    handle(app, request, Asked::Refund).await
}

/// `POST /api/v1/payments/creditcard/void`.
pub async fn void(app: &App, request: &Request) -> Response<Body> {
    handle(app, request, Asked::Void).await
}

/// `POST /api/v1/payments/creditcard/status`: asks the gateway if need be, and answers how the payment stands.
pub async fn status(app: &App, request: &Request) -> Response<Body> {
    handle(app, request, Asked::Status).await
}

/// One request on its way through the face.
struct Exchange<'a> {
    app: &'a App,
    request: &'a Request,
    caller: &'a Caller,
    /// The request's own `TransactionReference`, once it is known to be one: every answer repeats it.
    reference: &'a mut Option<String>,
}

/// What a handler answers before it becomes HTTP.
struct Answer {
    outgoing: Outgoing,
    replayed: bool,
    retry_after_s: Option<u32>,
}

type Answered = Result<Answer, ApiError>;

async fn handle(app: &App, request: &Request, asked: Asked) -> Response<Body> {
    // On the heap: a payment's future is large, and would be copied on its way down.
    serve(request, Box::pin(negotiated(app, request, asked))).await
}

async fn negotiated(app: &App, request: &Request, asked: Asked) -> Response<Body> {
    let header = |name| request.headers().get(name).and_then(|value| value.to_str().ok());
    let body_type = media::of_request(header("content-type"));
    let by_script =
        header("x-requested-with").is_some_and(|with| with.eq_ignore_ascii_case("XMLHttpRequest"));
    let accept = accepted(request);
    let sent = body_type.as_ref().ok().map(|(media, _)| *media);
    let media = media::negotiate(accept.as_deref(), by_script, sent);
    let mut reference = None;
    let answered = match body_type {
        Ok((media, charset)) => answer(app, request, asked, media, charset, &mut reference).await,
        Err(unsupported) => Err(ApiError::new(Code::UnsupportedMediaType, unsupported.to_string())),
    };
    respond(request, media, answered, reference)
}

/// The `Accept` header; several lines are one list.
fn accepted(request: &Request) -> Option<String> {
    let lines = request.headers().get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok());
    lines.map(str::to_owned).reduce(|all, line| format!("{all}, {line}"))
}

async fn answer(
    app: &App,
    request: &Request,
    asked: Asked,
    media: Media,
    charset: Option<media::Charset>,
    reference: &mut Option<String>,
) -> Answered {
    let document = read(request, media, charset)?;
    let mut root = Members::of(&document);
    let caller = Caller::of(app, request, &mut root).await?;
    let members = root.required_object("Request");
    root.finish()?;
    let Some(members) = members else { return Err(ApiError::new(Code::Required, "Request: is required")) };
    let exchange = Exchange { app, request, caller: &caller, reference };
    match asked {
        Asked::Authorize => pay::pay(exchange, members, Method::Authorize).await,
        Asked::Charge if members.has("TransactionID") => {
            follow_up::follow_up(exchange, members, asked, Kind::Capture).await
        }
        Asked::Charge => pay::pay(exchange, members, Method::Purchase).await,
        Asked::Capture => follow_up::follow_up(exchange, members, asked, Kind::Capture).await,
        Asked::Refund => follow_up::follow_up(exchange, members, asked, Kind::Refund).await,
        Asked::Void => follow_up::follow_up(exchange, members, asked, Kind::Void).await,
        Asked::Status => follow_up::status(exchange, members).await,
    }
}

/// The body as a tree.
fn read(request: &Request, media: Media, charset: Option<media::Charset>) -> Result<Document, ApiError> {
    let code = if media.is_xml() { Code::InvalidXml } else { Code::InvalidJson };
    let bytes: &[u8] = match request.body() {
        Body::Empty => &[],
        Body::Text(text) => text.as_bytes(),
        Body::Binary(bytes) => bytes,
        _ => return Err(ApiError::new(code, "the body cannot be read")),
    };
    if bytes.len() > BODY_MAX_BYTES {
        return Err(ApiError::new(Code::BodyTooLarge, "the body is larger than 64 KiB"));
    }
    let text = media::decode(bytes, charset).map_err(|error| ApiError::new(code, error.to_string()))?;
    if text.trim().is_empty() {
        return Err(ApiError::new(
            Code::Required,
            "the body is empty: Authentication and Request are required",
        ));
    }
    let document = if media.is_xml() { node::from_xml(&text) } else { node::from_json(&text) };
    document.map_err(|error| ApiError::new(code, error.to_string()))
}

impl Exchange<'_> {
    /// Performs an intent and answers what became of it.
    async fn perform(self, id: Uuid, intent: &Intent, source: Option<&PaymentSource>) -> Answered {
        let Self { app, request, caller, .. } = self;
        let deadline = deadline(request, app.clock.now());
        let key = reference::order_key(&caller.merchant.id, id)?;
        match app.payments.perform(&caller.merchant, &key, intent, source, deadline).await {
            Ok(performed) => of_operation(&performed),
            Err(refusal) => refused(refusal, id, source.is_none()),
        }
    }

    /// The answer to a request that is not in order any more: its payment, if it is a repetition; otherwise the error.
    async fn repeat(self, id: Uuid, intent: &Intent, error: ApiError) -> Answered {
        let Self { app, request, caller, .. } = self;
        let deadline = deadline(request, app.clock.now());
        let key = reference::order_key(&caller.merchant.id, id)?;
        match app.payments.repeat(&caller.merchant, &key, intent, deadline).await {
            Ok(Some(performed)) => of_operation(&performed),
            Ok(None) => Err(error),
            Err(refusal) => refused(refusal, id, false),
        }
    }
}

/// When to come back while the first request of a reference is running.
const HELD_RETRY_S: u32 = 2;

/// The answer to what the rules refused of the payment with this id.
fn refused(refusal: Refusal, id: Uuid, is_follow_up: bool) -> Answered {
    if let Refusal::Rejected(Rejection::KeyInProgress { transaction }) = refusal {
        let outgoing = Outgoing::held(transaction);
        return Ok(Answer { outgoing, replayed: true, retry_after_s: Some(HELD_RETRY_S) });
    }
    let mut error = ApiError::from(refusal);
    // No id but the order's own can be asked about in this API.
    error.transaction = error.transaction.filter(|transaction| *transaction == id);
    if is_follow_up && error.code() != Code::TransactionNotFound {
        error.transaction = Some(id);
    }
    Err(error)
}

fn of_operation(performed: &Performed) -> Answered {
    let Performed { order, at, replayed } = performed;
    let (Some(transaction), Some(operation)) = (order.transaction(at.transaction), order.operation(*at))
    else {
        return Err(Rejection::TransactionNotFound.into());
    };
    let (outgoing, retry_after_s) = Outgoing::of_operation(order, transaction, operation);
    Ok(Answer { outgoing, replayed: *replayed, retry_after_s })
}

/// Turns a handler's result into HTTP.
fn respond(request: &Request, media: Media, answered: Answered, reference: Option<String>) -> Response<Body> {
    let (status, mut outgoing, replayed, retry_after) = match answered {
        Ok(answer) => (200, answer.outgoing, answer.replayed, answer.retry_after_s),
        Err(error) => {
            trail::note(|trail| trail.code = Some(error.code().as_str()));
            if let Some(why) = &error.for_operator {
                tracing::error!(
                    request_id = request_id(request),
                    code = error.code().as_str(),
                    why,
                    "request failed"
                );
            }
            (error.status, Outgoing::of_error(&error), false, error.retry_after_s)
        }
    };
    outgoing.reference = reference.or(outgoing.reference);
    let body = if media.is_xml() { outgoing.xml() } else { outgoing.json() };
    let mut response = Response::new(Body::Text(body));
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_REQUEST);
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media.content_type()));
    if replayed {
        headers.insert("idempotent-replayed", HeaderValue::from_static("true"));
    }
    if let Some(seconds) = retry_after {
        headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}
