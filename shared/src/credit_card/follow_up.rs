//! What is done to a payment that is there: capture, refund, void; and its status.

use tollgate_core::{
    order::{
        Action, Intent, Rejection, Target,
        operation::{Fingerprint, Kind, Mechanism},
    },
    payments::merchants::Role,
};
use uuid::Uuid;

use super::{Exchange, Purpose, outgoing::Outgoing, pay, reference};
use crate::{
    api::{
        Code,
        exchange::{Handled, Reply},
        members::Members,
    },
    invocation::deadline,
};

/// Longest name and reason that are looked at; what is kept is shorter.
const TEXT_MAX: usize = 1_000;

/// What a follow-up acts on.
const OWN: [&str; 8] = [
    "TransactionType",
    "TransactionID",
    "TransactionReference",
    "Amount",
    "CurrencyCode",
    "TransactionDateTime",
    "Actor",
    "Reason",
];

/// What a client that fills the page's model sends along. Accepted and not used: the payment has all of it.
const ALSO: [&str; 15] = [
    "Card",
    "CaptureMethod",
    "BillingAddress",
    "Description",
    "DealType",
    "DealStage",
    "Email",
    "Authorizer",
    "Discount",
    "Marketing",
    "RevenuePartner",
    "Name",
    "SaveToFile",
    "CustomerId",
    "ProfileId",
];

/// Capture, refund or void.
pub(super) async fn follow_up(
    exchange: Exchange<'_>,
    mut request: Members<'_>,
    requested: Purpose,
    kind: Kind,
) -> Handled<Outgoing> {
    // A misspelled Amount must not capture or refund everything.
    request.only(&[&OWN[..], &ALSO[..]].concat());
    pay::transaction_type(&mut request, requested);
    let id = transaction_id(&mut request, kind);
    let reference = reference::read(&mut request, true);
    exchange.reference.clone_from(&reference);
    pay::date_time(&mut request, exchange.app.clock.now());
    request.not_blank("Amount");
    // The payment has one; what is stated is held against it.
    let currency = pay::currency(&mut request, false);
    let stated_wrong = currency.is_none() && request.has("CurrencyCode");
    let amount = match kind {
        Kind::Void if request.has("Amount") => {
            let detail = "a void undoes the whole payment: leave the amount out, or refund a part";
            request.problem("Amount", Code::InvalidValue, detail);
            None
        }
        _ if stated_wrong => pay::amount(&mut request, None, false),
        _ => pay::amount(&mut request, currency.or_else(|| pay::alike(&exchange.caller.merchant)), false),
    };
    // A repetition may say it in other words, so neither is part of the fingerprint.
    let (actor, reason) = (request.parsed_text("Actor", TEXT_MAX), request.parsed_text("Reason", TEXT_MAX));
    let in_order_now = request.finish_form()?;
    let (Some(id), Some(reference)) = (id, reference) else {
        return Err(Rejection::TransactionNotFound.into());
    };
    let target = Target::Transaction(id);
    let action = match kind {
        Kind::Refund => Action::Refund { target, amount, mechanism: Some(Mechanism::Automatic) },
        Kind::Void => Action::Void { target, reopen: true },
        Kind::Capture | Kind::Authorize | Kind::Purchase => {
            Action::Capture { target, amount, custom_reference: None }
        }
        Kind::Unrecognized => return Err(Rejection::NewerVersion.into()),
    };
    let intent = Intent {
        action,
        key: Some(reference::key_digest(kind, &reference)),
        fingerprint: Fingerprint::new(kind, amount, currency, None, None),
        currency,
        by: exchange.caller.principal,
        attribution: exchange.caller.attribution(actor.as_ref(), reason.as_ref()),
    };
    // A repetition returns its payment, however old its time is by now.
    match in_order_now {
        Ok(()) => exchange.carry_out(id, &intent, None).await,
        Err(failure) => exchange.repeat(id, &intent, failure).await,
    }
}

/// A payment's current state, by its id or its first reference.
pub(super) async fn status(exchange: Exchange<'_>, mut request: Members<'_>) -> Handled<Outgoing> {
    pay::transaction_type(&mut request, Purpose::Status);
    let named = request.has("TransactionID");
    let id = if named { transaction_id(&mut request, Kind::Void) } else { None };
    let reference = reference::read(&mut request, false);
    // With an id the response bears the reference of the payment that it names.
    if !named {
        exchange.reference.clone_from(&reference);
    }
    if !named && !request.has("TransactionReference") {
        request.problem(
            "TransactionID",
            Code::Required,
            "is required, or the payment's TransactionReference",
        );
    }
    request.finish()?;
    let Exchange { app, request, caller, .. } = exchange;
    let merchant = &caller.merchant;
    let id = id.or_else(|| reference.map(|reference| reference::payment_id(&merchant.id, &reference)));
    let id = id.ok_or(Rejection::TransactionNotFound)?;
    let deadline = deadline(request, app.clock.now());
    let key = reference::order_key(&merchant.id, id)?;
    // An inquiry can have a void follow, so while payments are stopped the record is shown as it is.
    // The same for a key that may only read.
    let order = if !caller.has(Role::Pay) || app.is_stopped().await? {
        app.payments.order(&key).await?
    } else {
        app.payments.confirm(merchant, &key, id, deadline).await?
    };
    let transaction = order.transaction(id).ok_or(Rejection::TransactionNotFound)?;
    let (outgoing, retry_after_s) = Outgoing::of_payment(&order, transaction);
    Ok(Reply { retry_after_s, ..Reply::new(200, outgoing) })
}

/// Whatever is no id of ours names no transaction.
fn transaction_id(request: &mut Members<'_>, kind: Kind) -> Option<Uuid> {
    const NAME: &str = "TransactionID";
    if !request.has(NAME) && kind == Kind::Refund && request.has("Card") {
        let detail = "is required: a refund gives a payment back and names it; a card alone is not credited";
        request.problem(NAME, Code::Required, detail);
        return None;
    }
    let text = request.required_scalar(NAME, 64)?;
    // Not "wrong": it may be an id of the system that the client used before.
    Some(text.parse().unwrap_or(Uuid::nil()))
}
