//! `CardTransactionOutgoingModel`: writes the response.

use tollgate_core::{
    journal::fees,
    order::{Cause, Decline, Kind, Operation, OperationStatus, Order, Transaction, TransactionStatus},
    payments::GatewayInfo,
    values::{Amount, Brand},
};
use tollgate_wire::{
    credit_card::{Facts, Message, NAMESPACE, Outgoing, ROOT, ResponseCode},
    to_json,
};
use uuid::Uuid;

use super::letters;
use crate::api::{
    Code, Failure, Problem, Reply,
    body::{Root, to_xml},
    problem::About,
};

/// `Message.Code` when all is well.
const GOOD: u8 = 0;

/// `Message.Code` while the outcome is not known.
const HELD: u8 = 1;

fn new(code: u8, description: impl Into<String>, response_code: ResponseCode) -> Outgoing {
    let message = Message { code: format!("{code:02}"), description: description.into() };
    let response_code_text = response_code.text().to_owned();
    let response = Facts { response_code: response_code.into(), response_code_text, ..Facts::default() };
    Outgoing { message, response }
}

/// The response to a request that was not carried out.
pub(super) fn of_failure(failure: &Failure) -> Outgoing {
    let mut outgoing = new(failure.code().number(), description(failure), ResponseCode::Error);
    outgoing.response.advice = failure.facts.advice.as_ref().map(|advice| advice.as_str().to_owned());
    outgoing.response.transaction_id = failure.transaction.map(|id| id.to_string());
    outgoing
}

/// The response while the first request of the same reference is still running.
pub(super) fn held(transaction: Uuid) -> Outgoing {
    let description = "the first request with this TransactionReference is not finished; send the same again, or ask by status";
    let mut outgoing = new(HELD, description, ResponseCode::Held);
    outgoing.response.transaction_id = Some(transaction.to_string());
    outgoing
}

/// The response to an operation, whether it was carried out now or earlier.
pub(super) fn of_operation(
    order: &Order,
    transaction: &Transaction,
    operation: &Operation,
    gateway: &dyn GatewayInfo,
) -> Reply<Outgoing> {
    let (outgoing, retry_after_s) = match transaction.operation_status(operation) {
        OperationStatus::Pending => (pending(), None),
        OperationStatus::Done => (new(GOOD, standing(order, transaction), ResponseCode::Approved), None),
        OperationStatus::Declined(decline) => (declined(decline), None),
        OperationStatus::NoEffect(reason) => {
            let failure = Failure::from(reason);
            (of_failure(&failure), failure.retry_after_s)
        }
    };
    let outgoing = with_facts(outgoing, order, transaction, operation.kind, gateway);
    Reply { retry_after_s, ..Reply::new(200, outgoing) }
}

/// The response to a request for a payment's status.
pub(super) fn of_payment(
    order: &Order,
    transaction: &Transaction,
    gateway: &dyn GatewayInfo,
) -> Reply<Outgoing> {
    match transaction.first() {
        Some(first) if transaction.pending().is_none() => of_operation(order, transaction, first, gateway),
        _ => {
            let kind = transaction.kind.operation();
            Reply::new(200, with_facts(pending(), order, transaction, kind, gateway))
        }
    }
}

fn with_facts(
    mut outgoing: Outgoing,
    order: &Order,
    transaction: &Transaction,
    kind: Kind,
    gateway: &dyn GatewayInfo,
) -> Outgoing {
    let facts = &mut outgoing.response;
    let response = transaction.first().and_then(|first| first.response());
    // The issuer's letters are there once it approved; a decline may come with letters, too.
    if let Some(response) = response {
        let is_told = |letter: &Option<String>| transaction.began() || letter.is_some();
        let was_sent = transaction.memo.as_ref().is_none_or(|memo| !memo.without_address);
        let avs = is_told(&response.avs).then(|| letters::avs(response.avs.as_deref(), was_sent));
        let cvv = is_told(&response.cvv).then(|| letters::cvv(response.cvv.as_deref()));
        (facts.avs, facts.cvv) = (avs.map(str::to_owned), cvv.map(str::to_owned));
        // The page: no value for refunds or voids.
        facts.auth_code = match kind {
            // Nor for an approval that was given back.
            Kind::Authorize | Kind::Purchase | Kind::Capture => {
                response.authcode.clone().filter(|_| facts.response_code != ResponseCode::Declined)
            }
            Kind::Refund | Kind::Void | Kind::Unrecognized => None,
        };
    }
    let taken_off = transaction.memo.as_ref().and_then(|memo| memo.discount.as_ref());
    let taken_off = taken_off.map_or(Amount::ZERO, |discount| discount.amount);
    facts.discounted_amount = Some(order.currency.decimal(taken_off));
    if transaction.began() {
        let amount = |amount| Some(order.currency.decimal(amount));
        facts.approved_amount = amount(transaction.amount());
        facts.captured_amount = amount(transaction.captured());
        facts.refunded_amount = amount(transaction.refunded());
        if let Some(fees) = fees(transaction) {
            facts.fee_kind = Some(fees.kind.into());
            facts.fee_amount = amount(fees.amount);
            facts.captured_fee_amount = amount(fees.captured);
            facts.refunded_fee_amount = amount(fees.refunded);
        }
    }
    let live = transaction.first().map(|first| gateway.is_live(&first.route));
    facts.live_mode = live.map(|live| live.to_string());
    let card = transaction.card();
    facts.card_type = card.and_then(|card| card.brand).map(|brand| Brand::name(brand).to_owned());
    let stored = card.and_then(|card| card.stored.as_ref());
    facts.customer_id = stored.map(|stored| stored.profile.clone());
    facts.profile_id = stored.map(|stored| stored.account.clone());
    facts.transaction_id = Some(transaction.id.to_string());
    facts.reference = transaction.memo.as_ref().map(|memo| memo.reference.clone());
    outgoing
}

/// As JSON, in the page's order.
pub(super) fn json(outgoing: &Outgoing) -> String {
    to_json(outgoing)
}

/// As XML, in the serializer's order.
pub(super) fn xml(outgoing: &Outgoing) -> String {
    let members = serde_json::to_value(outgoing).unwrap_or_default();
    to_xml(Root { name: ROOT, namespace: NAMESPACE }, &members)
}

/// All problems, in words.
fn description(failure: &Failure) -> String {
    let each = failure.problems().map(|problem| match problem.member(member) {
        None => words(problem).to_owned(),
        Some(member) => format!("{member}: {}", words(problem)),
    });
    each.collect::<Vec<_>>().join("; ")
}

/// A problem in this API's own words: it has no orders, keys or purchases, and a void is no
/// cancellation.
fn words(problem: &Problem) -> &str {
    match problem.code {
        Code::TransactionNotFound => "there is no such transaction",
        Code::IdempotencyKeyReused => "was used for a different request",
        Code::CurrencyDiffers => "the payment is in another currency",
        Code::AlreadySettled => "the payment was sent to settlement and cannot be voided any more; refund it",
        Code::NotSettled => {
            "the payment has not settled yet, so a part of it cannot be refunded; settlement usually runs \
             overnight: try again tomorrow, or void the payment to give back all of it"
        }
        Code::AlreadyCancelled => "the payment was voided",
        Code::NotAnAuthorization => "a charge is captured already",
        Code::AlreadyPaid => "the payment was made already",
        Code::PaymentInProgress | Code::OperationInProgress => {
            "another operation of the payment is in progress"
        }
        Code::PaymentDisputed => {
            "the cardholder's bank took money of this payment back, so that giving it back would be a second \
             loss; state RefundDisputed if it is meant"
        }
        Code::NotPayable => "the payment cannot be made with this request",
        Code::NoEligibleTransaction => "the payment does not allow this",
        Code::SeveralEligibleTransactions => "several payments allow this",
        Code::TooManyTransactions | Code::TooManyOperations => {
            "the payment has as many operations as it can hold"
        }
        Code::TooManyAttempts => "too many attempts to make the payment failed",
        Code::NewerVersion => "a newer version of this service is working on the payment",
        Code::Contended => "other requests changed the payment at the same time; try again",
        Code::CaptureAfterExpiry => "the scheduled capture is after the end of the authorization",
        _ => problem.words(),
    }
}

/// This API's names for the parts of a request.
fn member(about: About) -> &'static str {
    match about {
        About::Amount => "Request.Amount",
        About::Currency => "Request.CurrencyCode",
        About::Postcode => "Request.BillingAddress.Zip",
        About::Key => "Request.TransactionReference",
        About::Transaction => "Request.TransactionID",
        // The API has no member for this part.
        About::Version | About::CaptureAt | About::CaptureRule | About::CaptureAmount => "",
    }
}

fn pending() -> Outgoing {
    let description = "the outcome is not known yet; ask for it by status, or send the same request again";
    new(HELD, description, ResponseCode::Held)
}

fn declined(decline: Decline) -> Outgoing {
    let code = decline.code;
    let message = code.message().trim_end_matches('.');
    // A shop shows the description to its customer.
    let advice = decline.payer_advice.as_str();
    let description = format!("{message} ({}; advice: {advice})", code.as_str());
    let mut outgoing = new(Code::Declined.number(), description, ResponseCode::Declined);
    outgoing.response.decline_code = Some(code.as_str().to_owned());
    outgoing.response.advice = Some(decline.advice().as_str().to_owned());
    outgoing
}

/// A payment's current state, in words.
fn standing(order: &Order, transaction: &Transaction) -> String {
    let money = |amount| format!("{} {}", order.currency.decimal(amount), order.currency.code());
    let voided_instead = transaction.voided().is_some_and(|void| void.cause == Cause::RefundBeforeSettlement);
    let (captured, refunded) = (transaction.captured(), transaction.refunded());
    if transaction.status() == TransactionStatus::Voided {
        "voided".to_owned()
    } else if voided_instead {
        format!("voided instead of refunded, because it had not settled: {}", money(refunded))
    } else if !refunded.is_zero() {
        format!("captured {}, refunded {}", money(captured), money(refunded))
    } else if !captured.is_zero() {
        format!("captured {}", money(captured))
    } else {
        format!("authorized {}", money(transaction.amount()))
    }
}
