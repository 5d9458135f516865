//! What is done to a payment that is there: capture, refund, void; and the question how it stands.

use uuid::Uuid;

use super::{Answer, Answered, Asked, Exchange, answer::Outgoing, members::Members, pay, reference};
use crate::{
    failure::Code,
    invocation::deadline,
    operation::{Fingerprint, Grant, Kind, Mechanism},
    order::{Action, Intent, Rejection, Target},
};

/// What a follow-up acts on.
const OWN: [&str; 6] = [
    "TransactionType",
    "TransactionID",
    "TransactionReference",
    "Amount",
    "CurrencyCode",
    "TransactionDateTime",
];

/// What a client that fills the page's model sends along. Accepted and not used: all of it stands in the payment.
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
    asked: Asked,
    kind: Kind,
) -> Answered {
    // A misspelt Amount must not capture or refund everything.
    request.only(&[&OWN[..], &ALSO[..]].concat());
    pay::transaction_type(&mut request, asked);
    let id = transaction_id(&mut request, kind);
    let reference = reference::read(&mut request, true);
    exchange.reference.clone_from(&reference);
    pay::date_time(&mut request, exchange.app.clock.now());
    request.not_blank("Amount");
    // A void has no amount, and so no currency to state it in.
    let needs_currency = request.has("Amount") && kind != Kind::Void;
    let currency = pay::currency(&mut request, needs_currency);
    let amount = match kind {
        Kind::Void if request.has("Amount") => {
            let detail = "a void undoes the whole payment: leave the amount out, or refund a part";
            request.problem("Amount", Code::InvalidValue, detail);
            None
        }
        _ => pay::amount(&mut request, currency, false),
    };
    request.finish()?;
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
        by: Grant::ClientCredentials,
    };
    exchange.perform(id, &intent, None).await
}

/// How a payment stands, by its id or its first reference.
pub(super) async fn status(exchange: Exchange<'_>, mut request: Members<'_>) -> Answered {
    pay::transaction_type(&mut request, Asked::Status);
    let named = request.has("TransactionID");
    let id = if named { transaction_id(&mut request, Kind::Void) } else { None };
    let reference = reference::read(&mut request, false);
    // With an id the answer bears the reference of the payment that it names.
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
    let order = app.payments.confirm(merchant, &key, id, deadline).await?;
    let transaction = order.transaction(id).ok_or(Rejection::TransactionNotFound)?;
    let (outgoing, retry_after_s) = Outgoing::of_payment(&order, transaction);
    Ok(Answer { outgoing, replayed: false, retry_after_s })
}

/// Whatever is no id of ours names no transaction.
fn transaction_id(request: &mut Members<'_>, kind: Kind) -> Option<Uuid> {
    const NAME: &str = "TransactionID";
    if !request.has(NAME) && kind == Kind::Refund && request.has("Card") {
        let detail = "is required: a refund gives a payment back and names it; a card alone is not credited";
        request.problem(NAME, Code::Required, detail);
        return None;
    }
    let text = request.required(NAME, 64)?;
    // Not "wrong": it may be an id of the system that the client used before.
    Some(text.parse().unwrap_or(Uuid::nil()))
}
