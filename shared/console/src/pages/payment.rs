//! One payment: its history in sentences, and the possible actions.

pub(crate) mod act;
mod done;
mod events;
mod help;
mod placed;
mod possible;
mod receipt;

use askama::Template;
use lambda_http::{Body, Response};
use tollgate_core::{
    order::{NextAction, PaymentWord},
    values::{DeclineCode, SignedAmount},
};
use tollgate_wire::{NeedsAttention, Operation};

use crate::{
    frame::Frame,
    pages::{Known, Visit, problem::Problem, rendered},
    words::{self, Tone, said, sentences},
};

use done::{Done, done};
use events::Event;
pub(crate) use help::{Help, Means, Settle};
pub(crate) use placed::Payment;
use placed::Placed;
pub(crate) use possible::Act;
pub(crate) use receipt::show as receipt;

/// How wide the bar of a payment's money is, in the units of its image.
const BAR_WIDTH: u64 = 1000;
/// Least width of a share, so that a cent of a thousand dollars shows.
const SHARE_MIN_WIDTH: u64 = 6;

/// A part of a payment's money, in the bar and below it.
struct Share {
    name: &'static str,
    class: &'static str,
    amount: String,
    x: u64,
    width: u64,
}

/// An action that a payment needs from a person.
struct Notice {
    tone: Tone,
    /// Empty for a reason that this version does not know.
    title: &'static str,
    advice: String,
    settle: Option<Help>,
}

/// Facts about one thing.
struct Facts {
    name: &'static str,
    all: Vec<Known>,
}

/// A form that the reader may open.
struct Button {
    name: &'static str,
    address: String,
    /// Whether the API advises against it.
    is_inadvisable: bool,
}

#[derive(Template)]
#[template(path = "payment.html")]
struct PaymentPage {
    frame: Frame,
    state: String,
    tone: Tone,
    amount: String,
    /// Order, card and reference, as people quote them.
    known_by: String,
    /// The address of its receipt, if there is one.
    receipt: Option<String>,
    buttons: Vec<Button>,
    /// Where to ask the gateway about an operation in doubt.
    confirm: Option<String>,
    /// Where to record it again in Elastic Path.
    record_again: Option<String>,
    /// The outcome of the reader's latest act.
    done: Option<Done>,
    notices: Vec<Notice>,
    shares: Vec<Share>,
    events: Vec<Event>,
    facts: [Facts; 2],
    /// The customer's e-mail address, where payments are found by it.
    email: Option<String>,
    /// How far actions are possible, and why others are not.
    actions: Vec<Known>,
}

pub(crate) async fn show(
    visit: &Visit<'_>,
    order: &str,
    transaction: &str,
) -> Result<Response<Body>, Problem> {
    let placed = Placed::read(visit, order, transaction).await?;
    rendered(&page(visit, &placed))
}

fn page(visit: &Visit<'_>, placed: &Placed) -> PaymentPage {
    let payment = &placed.payment;
    let (state, tone) = payment.state();
    let has_receipt = payment.meta.receipt.as_ref().is_some_and(|receipt| receipt.available);
    PaymentPage {
        frame: visit.frame.clone(),
        state,
        tone,
        amount: payment.money(payment.amount()),
        known_by: payment.known_by(),
        receipt: has_receipt.then(|| format!("{}/receipt", payment.address(&visit.frame))),
        buttons: buttons(&visit.frame, placed),
        confirm: payment.confirm(&visit.frame),
        record_again: payment.record_again(&visit.frame),
        done: done(visit, placed),
        notices: after_decline(payment).into_iter().chain(notices(&visit.frame, placed)).collect(),
        shares: shares(payment),
        events: events::all(placed, &visit.frame),
        facts: facts(&visit.frame, placed),
        email: email(&visit.frame, payment),
        actions: actions(placed),
    }
}

/// The forms that the reader may open.
fn buttons(frame: &Frame, placed: &Placed) -> Vec<Button> {
    let offered = Act::ALL.into_iter().filter(|act| possible::has_form(placed.possible(*act)));
    let button = |act: Act| Button {
        name: act.verb(),
        address: placed.payment.form(act, frame),
        is_inadvisable: placed.possible(act).advised_against.is_some(),
    };
    offered.map(button).collect()
}

/// Where the money is, as the API states it. Empty if nothing was approved.
fn shares(payment: &Payment) -> Vec<Share> {
    let Some(money) = &payment.meta.money else { return Vec::new() };
    let mut x = 0;
    let mut shares = Vec::new();
    for (name, class, price, amount) in [
        ("Captured, kept", "bar-kept", &money.kept, words::price(&money.kept)),
        ("Refused at settlement", "bar-disputed", &money.refused, words::price(&money.refused)),
        ("Refunded", "bar-refunded", &money.refunded, words::lost(&money.refunded)),
        ("Disputed", "bar-disputed", &money.disputed, words::lost(&money.disputed)),
        ("Still held", "bar-held", &money.held, words::price(&money.held)),
        ("Released", "bar-released", &money.released, words::price(&money.released)),
    ] {
        let part = SignedAmount::from(price.amount);
        if part.is_zero() {
            continue;
        }
        let width =
            part.parts_of(payment.amount(), BAR_WIDTH).max(SHARE_MIN_WIDTH).min(BAR_WIDTH.saturating_sub(x));
        shares.push(Share { name, class, amount, x, width });
        x = x.saturating_add(width);
    }
    if let Some(last) = shares.last_mut() {
        last.width = BAR_WIDTH.saturating_sub(last.x);
    }
    shares
}

/// The answer to the customer after a decline, and the reader's next step. None after a code that
/// this version does not know.
fn after_decline(payment: &Payment) -> Vec<Notice> {
    let failure = payment.transaction.failure_details.as_ref();
    let Some(code) = failure.and_then(|failure| DeclineCode::from_name(&failure.code)) else {
        return Vec::new();
    };
    let is_own = |operation: &&Operation| operation.decline_code.as_deref() == Some(code.as_str());
    let declined = payment.meta.operations.iter().find(is_own);
    let advice = declined.and_then(|own| own.advice.as_ref()?.known()).unwrap_or_else(|| code.advice());
    let notice = |(title, advice)| Notice { tone: Tone::Quiet, title, advice, settle: None };
    let scope = declined.and_then(|own| own.scope.as_ref()?.known());
    let to_do = code.for_merchant(advice, scope).to_owned();
    [("What to tell the customer", code.for_customer(advice)), ("What you may do", to_do)].map(notice).into()
}

/// Reasons to look at the payment.
fn notices(frame: &Frame, placed: &Placed) -> Vec<Notice> {
    let notice = |one: &NeedsAttention| {
        let (title, tone) = one.code.known().map_or(("", Tone::Waiting), words::concern);
        let settle = Settle::of(one).map(|settle| settle.help(&placed.payment, frame));
        Notice { tone, title, advice: said(&*one.advice), settle }
    };
    let concerns = placed.payment.meta.needs_attention.iter().flatten().map(notice);
    let unread = placed.settlement.is_none().then(|| Notice {
        tone: Tone::Waiting,
        title: "Where the money is cannot be read now",
        advice: "All else on this page is current. Load it again in a minute.".to_owned(),
        settle: None,
    });
    concerns.chain(unread).collect()
}

/// The card with the checks of its issuer, and the sale with the place of its money.
fn facts(frame: &Frame, placed: &Placed) -> [Facts; 2] {
    let payment = &placed.payment;
    let transaction = &payment.transaction;
    let details = &transaction.payment_details;
    let expiry = details.card.expiry_month.zip(details.card.expiry_year);
    let expiry = expiry.map(|(month, year)| format!(", expires {month:02}/{:02}", year % 100));
    let memo = payment.meta.memo.as_ref();
    let customer = [
        memo.and_then(|memo| memo.name.as_deref()),
        memo.and_then(|memo| memo.email.as_deref()),
        transaction.name.as_deref(),
    ];
    let description = transaction.for_merchant.as_ref().and_then(|own| own.description.as_deref());
    let fee = transaction.fee.as_ref().map(|fee| payment.if_any(fee.amount));
    let deposit = placed.settlement.as_ref().and_then(|settlement| settlement.deposit.as_deref());
    let settled = if deposit.is_none() && payment.is_next(NextAction::Confirm) {
        words::state(PaymentWord::NotKnownYet).0.to_owned()
    } else {
        placed.progress().unwrap_or_else(|| "Not known".to_owned())
    };
    let address = deposit.map(|deposit| frame.deposit(deposit, "")).unwrap_or_default();
    let elastic_path = payment.meta.elastic_path.as_ref().map(sentences::at_elastic_path);
    let others = |parameter: &str, value: &str| frame.payments(&[(parameter, value)]);
    let code = transaction.failure_details.as_ref().map(|failure| said(&*failure.code)).unwrap_or_default();
    let reason = DeclineCode::from_name(&code).map(|_| words::capitalized(&words::decline(&code)));
    let card = Known::all([
        Known {
            address: others("q", &payment.card()),
            ..Known::new("Number", payment.card() + &expiry.unwrap_or_default())
        },
        Known {
            address: others("decline_code", &code),
            ..Known::new("Declined", reason.unwrap_or_default())
        },
        Known::new("Address", words::address_check(&said(details.avs_result.as_deref()))),
        Known::new("Security code", words::code_check(&said(details.cvv_result.as_deref()))),
        Known::new("Approval code", said(details.authorization_code.as_deref())),
    ]);
    let order = format!("order {}", said(payment.order()));
    let sale = Known::all([
        Known { address: others("q", &order), ..Known::new("Order", "Same order") },
        Known::new("Customer", words::joined(customer.map(said), ", ")),
        Known::new("Reference", said(transaction.custom_reference.as_deref())),
        Known::new("Description", said(description)),
        Known::new("Surcharge", fee.unwrap_or_default()),
        Known { address, ..Known::new("Settlement", settled) },
        Known::new("Elastic Path", said(elastic_path)),
    ]);
    [Facts { name: "Card", all: card }, Facts { name: "Sale", all: sale }]
}

fn email(frame: &Frame, payment: &Payment) -> Option<String> {
    let is_found = frame.me.as_ref().is_some_and(|me| me.merchant.search.customers);
    payment.meta.memo.as_ref()?.email.as_deref().filter(|_| is_found).map(said)
}

/// How far the actions are possible for the reader, or why they are not.
fn actions(placed: &Placed) -> Vec<Known> {
    let told = |act: Act| Known::new(act.verb(), sentences::possible(placed.possible(act)));
    let rest = Some(&placed.possible.reauthorize).filter(|rest| rest.possible);
    let rest = rest.map(|rest| Known::new("Hold the rest anew", sentences::possible(rest)));
    Known::all(Act::ALL.map(told).into_iter().chain(rest))
}
