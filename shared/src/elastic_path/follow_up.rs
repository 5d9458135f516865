//! What is done to a payment that is there: capture, refund, cancel; and the response to every
//! operation.

use lambda_http::{Body, Request, Response};
use serde_json::Value;
use tollgate_core::{
    order::{
        Action, Intent, OrderId, Rejection, Target,
        operation::{Attribution, Fingerprint, Kind, Mechanism, Principal},
        transaction::OperationStatus,
    },
    payments::{Performed, gateway::PaymentSource, merchants::Role},
    values::card::{Kept, check_kept},
};
use uuid::Uuid;

use super::{
    caller::idempotency_key,
    order_id,
    payment_methods::keep_saved,
    respond, respond_unless_stopped,
    response::{self, View},
};
use crate::{
    api::{
        Code,
        body::{Document, Names},
        caller::Caller,
        exchange::{Handled, Reply, json_body},
        failure::Failure,
        members::Members,
    },
    app::App,
    invocation::{deadline, path_parameter},
};

/// Longest reference of the merchant's own. An order holds up to 50 of them.
const REFERENCE_MAX: usize = 128;

/// Longest text that is accepted and not kept.
const TEXT_MAX: usize = 1_000;

/// What `/payments` takes besides what a follow-up needs: the seeds require some of these, and none
/// is used.
const ALSO_IN_PAYMENTS: [&str; 11] = [
    "gateway",
    "method",
    "transaction",
    "payment",
    "first_name",
    "last_name",
    "number",
    "month",
    "year",
    "verification_value",
    "billing_address",
];

/// `POST …/transactions/{transactionId}/capture`: captures what is held, or a part of it.
pub async fn capture(app: &App, request: &Request) -> Response<Body> {
    respond_unless_stopped(app, request, Box::pin(on_transaction(app, request, Kind::Capture))).await
}

/// `POST …/transactions/{transactionId}/refund`: refunds an amount, or voids a payment that has not settled.
pub async fn refund(app: &App, request: &Request) -> Response<Body> {
    respond_unless_stopped(app, request, Box::pin(on_transaction(app, request, Kind::Refund))).await
}

/// `POST …/transactions/{transactionId}/cancel`: a void.
pub async fn cancel(app: &App, request: &Request) -> Response<Body> {
    respond_unless_stopped(app, request, Box::pin(on_transaction(app, request, Kind::Void))).await
}

/// `POST …/transactions/{transactionId}/confirm`: sends the gateway an inquiry now, and returns the transaction as it
/// is then.
pub async fn confirm(app: &App, request: &Request) -> Response<Body> {
    respond(request, Box::pin(confirmed(app, request))).await
}

async fn confirmed(app: &App, request: &Request) -> Handled<Value> {
    let caller = Caller::with_token(app, request).await?;
    caller.must_have(Role::Pay)?;
    let order = order_id(request)?;
    let id = transaction_id(&path_parameter(request, "transactionId"))?;
    // The body is not looked at: clients wrap `data` once, twice, or send what is no JSON, and
    // nothing in it is used.
    let deadline = deadline(request, app.clock.now());
    let key = caller.key(order);
    // Before an inquiry is sent.
    if caller.principal == Principal::Implicit {
        let order = app.payments.order(&key).await?;
        if !order.is_open_to(caller.principal) {
            return Err(Rejection::OrderNotFound.into());
        }
        let transaction = order.transaction(id).filter(|found| caller.may_read(request, found));
        transaction.ok_or(Rejection::TransactionNotFound)?;
    }
    // An inquiry can have a void follow, so while payments are stopped the record is shown as it is.
    let order = if app.is_stopped().await? {
        app.payments.order(&key).await?
    } else {
        app.payments.confirm(&caller.merchant, &key, id, deadline).await?
    };
    let transaction = order.transaction(id).ok_or(Rejection::TransactionNotFound)?;
    let status = if transaction.pending().is_some() { 202 } else { 200 };
    let mut body = response::enveloped(response::transaction(&order, transaction, caller.view(app)));
    if caller.principal == Principal::ClientCredentials {
        keep_saved(app, &caller, &order, transaction, &mut body).await;
    }
    Ok(Reply::new(status, body))
}

async fn on_transaction(app: &App, request: &Request, kind: Kind) -> Handled<Value> {
    let caller = Caller::with_token(app, request).await?;
    caller.must_be_merchant(Role::Operate)?;
    let order = order_id(request)?;
    let path = path_parameter(request, "transactionId");
    let transaction = transaction_id(&path)?;
    let document = json_body(request)?.unwrap_or_else(|| Document::empty(Names::Exact));
    only_data_and_options(&document)?;
    let mut data = Members::of(&document).inside_if_any("data")?;
    let action = action(&mut data, kind, Target::Transaction(transaction), &[]);
    let attribution = attribution(&mut data, &caller);
    data.finish()?;
    // The id and not the path's text, so that two spellings of an id are one transaction and one
    // key.
    let key = idempotency_key(request, &document, &transaction.to_string())?;
    let intent = Intent { attribution, ..intent(kind, action, "", key, &caller) };
    carry_out(app, request, &caller, order, intent, None).await
}

/// `/payments` with `method: capture` or `refund`: the named transaction, or the only one that
/// allows it.
pub(super) async fn of_order(
    app: &App,
    request: &Request,
    caller: &Caller,
    order: OrderId,
    document: &Document,
    kind: Kind,
) -> Handled<Value> {
    caller.must_be_merchant(Role::Operate)?;
    only_data_and_options(document)?;
    let mut data = Members::of(document).inside("data")?;
    let named = data.text("transaction", TEXT_MAX);
    let target = match named.map(str::parse) {
        None => Target::OnlyEligible,
        Some(Ok(id)) => Target::Transaction(id),
        Some(Err(_)) => {
            data.problem("transaction", Code::InvalidValue, "is not a transaction id");
            Target::OnlyEligible
        }
    };
    let action = action(&mut data, kind, target, &ALSO_IN_PAYMENTS);
    let attribution = attribution(&mut data, caller);
    data.finish()?;
    let key = idempotency_key(request, document, "")?;
    let intent = Intent { attribution, ..intent(kind, action, named.unwrap_or_default(), key, caller) };
    carry_out(app, request, caller, order, intent, None).await
}

fn transaction_id(text: &str) -> Result<Uuid, Failure> {
    // Whatever is no id of ours names no transaction.
    text.parse().map_err(|_| Rejection::TransactionNotFound.into())
}

/// The SDK puts `options` beside `data`. Anything else there is a mistake, such as an amount
/// outside `data`, which would refund everything.
fn only_data_and_options(document: &Document) -> Result<(), Failure> {
    let mut members = Members::of(document);
    members.only(&["data", "options"]);
    members.finish()
}

fn action(data: &mut Members<'_>, kind: Kind, target: Target, also: &[&str]) -> Action {
    let own: &[&str] = match kind {
        Kind::Capture => {
            &["amount", "custom_reference", "capture_mechanism", "options", "type", "reason", "actor"]
        }
        Kind::Refund => &["amount", "refund_mechanism", "options", "type", "reason", "actor"],
        Kind::Void | Kind::Authorize | Kind::Purchase | Kind::Unrecognized => {
            &["reason", "actor", "reopen", "options", "type"]
        }
    };
    data.only(&[own, also].concat());
    let _options = data.object("options");
    match kind {
        Kind::Capture => {
            if data.text("capture_mechanism", TEXT_MAX).is_some_and(|mechanism| mechanism != "automatic") {
                let detail = "must be automatic: a capture that was made elsewhere is not recorded here";
                data.problem("capture_mechanism", Code::UnsupportedCaptureMechanism, detail);
            }
            let reference = data.text("custom_reference", REFERENCE_MAX);
            if let Some(Err(why)) = reference.map(|text| check_kept(text, Kept::Reference)) {
                data.problem("custom_reference", Code::InvalidValue, why.to_string());
            }
            Action::Capture {
                target,
                amount: data.amount("amount"),
                custom_reference: reference.map(str::to_owned),
            }
        }
        Kind::Refund => {
            let mechanism = match data.text("refund_mechanism", TEXT_MAX) {
                None => None,
                Some("automatic") => Some(Mechanism::Automatic),
                Some("manual") => Some(Mechanism::Manual),
                Some(_) => {
                    data.problem("refund_mechanism", Code::InvalidValue, "must be automatic or manual");
                    None
                }
            };
            Action::Refund { target, amount: data.amount("amount"), mechanism }
        }
        Kind::Void | Kind::Authorize | Kind::Purchase | Kind::Unrecognized => {
            Action::Void { target, reopen: data.flag("reopen").unwrap_or(true) }
        }
    }
}

/// Who requests it and why. Not part of the fingerprint: a repetition may say it in other words.
fn attribution(data: &mut Members<'_>, caller: &Caller) -> Option<Box<Attribution>> {
    let (actor, reason) = (data.parsed_text("actor", TEXT_MAX), data.parsed_text("reason", TEXT_MAX));
    caller.attribution(actor.as_ref(), reason.as_ref())
}

fn intent(
    kind: Kind,
    action: Action,
    named: &str,
    key: Option<tollgate_core::order::operation::KeyDigest>,
    caller: &Caller,
) -> Intent {
    let (amount, mechanism) = match &action {
        Action::Pay(pay) => (pay.amount, None),
        Action::Capture { amount, .. } => (*amount, None),
        Action::Refund { amount, mechanism, .. } => (*amount, *mechanism),
        Action::Void { .. } | Action::CaptureDue | Action::VoidLapsed => (None, None),
    };
    let mechanism = mechanism.map_or("", Mechanism::as_str);
    let fingerprint = Fingerprint::new(kind, amount, None, None, Some(&format!("{named}|{mechanism}")));
    Intent { action, key, fingerprint, currency: None, by: caller.principal, attribution: None }
}

/// Performs an intent and returns its outcome.
pub(super) async fn carry_out(
    app: &App,
    request: &Request,
    caller: &Caller,
    order: OrderId,
    intent: Intent,
    source: Option<&PaymentSource>,
) -> Handled<Value> {
    let key = caller.key(order);
    let deadline = deadline(request, app.clock.now());
    let performed = app.payments.perform(&caller.merchant, &key, &intent, source, deadline).await?;
    let mut reply = reply(&performed, caller.view(app))?;
    // A shopper stores no card.
    if let Some(transaction) = performed.order.transaction(performed.at.transaction)
        && caller.principal == Principal::ClientCredentials
        && matches!(intent.action, Action::Pay(_))
    {
        keep_saved(app, caller, &performed.order, transaction, &mut reply.body).await;
    }
    Ok(reply)
}

/// The response that an operation's state deserves, whether it was carried out now or earlier.
fn reply(performed: &Performed, view: View) -> Handled<Value> {
    let order = &performed.order;
    let (Some(transaction), Some(operation)) =
        (order.transaction(performed.at.transaction), order.operation(performed.at))
    else {
        return Err(Rejection::TransactionNotFound.into());
    };
    let status = match transaction.operation_status(operation) {
        OperationStatus::Pending => 202,
        OperationStatus::Done => 200,
        OperationStatus::Declined(decline) => {
            let latest = transaction.latest_of(operation);
            let error = response::declined(order, transaction, latest, decline, view);
            return Err(error.replayed(performed.replayed));
        }
        OperationStatus::NoEffect(reason) => return Err(response::not_done(transaction, reason)),
    };
    let body = response::enveloped(response::transaction(order, transaction, view));
    Ok(Reply { replayed: performed.replayed, ..Reply::new(status, body) })
}
