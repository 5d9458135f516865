//! Operations on an existing payment: capture, refund, void; and its status.
//!
//! A refund without an amount goes through the gateway, even if the merchant's rule is to mark it:
//! this API has no words for a refund that moves nothing.

use tollgate_core::{
    order::{Action, Essentials, FollowUp, Mechanism, Rejection, Target},
    payments::Role,
};
use tollgate_wire::credit_card::Outgoing;
use uuid::Uuid;

use super::{Exchange, Purpose, outgoing::of_payment, pay, reference};
use crate::{
    api::{Code, Handled, Members, Stated},
    invocation::deadline,
    ports::stop,
};

/// Longest name and reason that are looked at; the kept texts are shorter.
const TEXT_MAX: usize = 1_000;

/// The member that names a payment.
const TRANSACTION_ID: &str = "TransactionID";

/// How much of the payment is meant. A void has none.
const AMOUNT: &str = "Amount";

/// Whether money is given back although an issuer took it back. Not in the page's model: refunds
/// had no chargebacks there.
const REFUND_DISPUTED: &str = "RefundDisputed";

/// The members that a follow-up acts on.
const OWN: [&str; 9] = [
    "TransactionType",
    TRANSACTION_ID,
    "TransactionReference",
    AMOUNT,
    "CurrencyCode",
    "TransactionDateTime",
    "Actor",
    "Reason",
    REFUND_DISPUTED,
];

/// Members that clients send because they are in the page's model. Accepted and not used: the
/// payment has them all.
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

/// Whether a member of `Request` is one of the model's. In another namespace it is a mistake that
/// would move other money: left out, an `Amount` means everything.
pub(super) fn is_of_the_model(name: &str) -> bool {
    let is_it = |known: &&str| known.eq_ignore_ascii_case(name);
    OWN.iter().chain(&ALSO).chain(&["DiscountCode"]).any(is_it)
}

/// Capture, refund or void.
pub(super) async fn follow_up(
    exchange: Exchange<'_>,
    mut request: Members<'_>,
    requested: Purpose,
    follow_up: FollowUp,
) -> Handled<Outgoing> {
    let merchant = &exchange.caller.merchant;
    // A misspelled Amount must not capture or refund everything.
    let refused: &[&str] = if follow_up == FollowUp::Void { &[AMOUNT] } else { &[] };
    let own = [&OWN[..], &ALSO[..]].concat();
    request.only_besides(&own, refused);
    request.nothing_elsewhere(exchange.request, &own);
    pay::transaction_type(&mut request, requested);
    let id = if follow_up == FollowUp::Refund && !request.has(TRANSACTION_ID) && request.has("Card") {
        let detail = "is required: a refund gives a payment back and names it; a card alone is not credited";
        request.missing(TRANSACTION_ID, detail)
    } else {
        transaction_id(&mut request)
    };
    let reference = reference::read(&mut request, true);
    exchange.reference.clone_from(&reference);
    pay::date_time(&mut request, exchange.api.access.now());
    request.not_blank(AMOUNT);
    // The payment has a currency; the stated one is compared with it.
    let currency = pay::currency(&mut request, false);
    let stated_wrong = currency.is_none() && request.has("CurrencyCode");
    let amount = match follow_up {
        FollowUp::Void if request.has(AMOUNT) => {
            let detail = "a void undoes the whole payment: leave the amount out, or refund a part";
            request.no_value(AMOUNT, detail)
        }
        _ if stated_wrong => pay::amount(&mut request, merchant, None, false),
        _ => pay::amount(&mut request, merchant, currency.or_else(|| pay::alike(merchant)), false),
    };
    let (actor, reason) = (request.parsed_text("Actor", TEXT_MAX), request.parsed_text("Reason", TEXT_MAX));
    // A capture gives nothing back.
    let refund_disputed = follow_up != FollowUp::Capture && pay::flag(&mut request, REFUND_DISPUTED);
    let in_order_now = request.finish_form()?;
    let (Some(id), Some(reference)) = (id, reference) else {
        return Err(Rejection::TransactionNotFound.into());
    };
    let target = Target::Transaction(id);
    let action = match follow_up {
        FollowUp::Capture => Action::Capture { target, amount, custom_reference: None },
        FollowUp::Refund => Action::Refund { target, amount, mechanism: Some(Mechanism::Automatic) },
        FollowUp::Void => Action::Void { target, reopen: true },
    };
    let essentials = Essentials { amount, currency, ..Essentials::new(follow_up.kind()) };
    let key = reference::key_digest(follow_up.kind(), &reference);
    let mut stated = Stated::new(action, &essentials, Some(key));
    stated.actor = actor;
    stated.reason = reason;
    stated.refund_disputed = refund_disputed;
    // A repetition returns its payment, however old its time is by now.
    stated.in_order_now = in_order_now;
    exchange.carry_out(id, None, stated).await
}

/// A payment's current state, by its id or its first reference.
pub(super) async fn status(exchange: Exchange<'_>, mut request: Members<'_>) -> Handled<Outgoing> {
    pay::transaction_type(&mut request, Purpose::Status);
    let named = request.has(TRANSACTION_ID);
    let id = if named { transaction_id(&mut request) } else { None };
    let reference = reference::read(&mut request, false);
    // With an id the response bears the reference of the payment that it names.
    if !named {
        exchange.reference.clone_from(&reference);
    }
    if !named && !request.has("TransactionReference") {
        request.problem(TRANSACTION_ID, Code::Required, "is required, or the payment's TransactionReference");
    }
    request.finish()?;
    let Exchange { api, request, caller, .. } = exchange;
    let merchant = &caller.merchant;
    let id = id.or_else(|| reference.map(|reference| reference::payment_id(&merchant.id, &reference)));
    let id = id.ok_or(Rejection::TransactionNotFound)?;
    let deadline = deadline(request, api.access.now());
    let key = reference::order_key(&merchant.id, id)?;
    // An inquiry can have a void follow, so while payments are stopped the record is shown as it
    // is. The same for a key that may only read.
    let order = if !caller.has(Role::Pay) || stop(api.switch.as_ref(), &merchant.id).await?.is_on() {
        api.payments.order(&key).await?
    } else {
        api.payments.confirm(merchant, &key, id, deadline).await?
    };
    let transaction = order.transaction(id).ok_or(Rejection::TransactionNotFound)?;
    Ok(of_payment(&order, transaction, api.payments.gateway.info()))
}

/// A text that is not our kind of id names no transaction.
fn transaction_id(request: &mut Members<'_>) -> Option<Uuid> {
    let text = request.required_scalar(TRANSACTION_ID, 64)?;
    // Not "wrong": it may be an id of the system that the client used before.
    Some(text.parse().unwrap_or(Uuid::nil()))
}
