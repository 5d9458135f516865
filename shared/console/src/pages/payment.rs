//! One payment: its history in sentences, and the possible actions.

pub(crate) mod act;
pub(crate) mod events;
mod receipt;

use std::time::Duration;

use askama::Template;
use lambda_http::{Body, Response};
use serde_json::Value;
use tokio::time::timeout;
use tollgate_core::{
    journal::Concern,
    values::{Currency, SignedAmount},
};

use crate::{
    api::segment,
    frame::Frame,
    pages::{Known, Visit, problem::Problem, rendered},
    words::{self, Tone, said, text},
};

use act::Act;
use events::{Event, events};
pub(crate) use receipt::show as receipt;

/// How long the settlement is waited for: a payment can be seen and refunded without it.
const SETTLEMENT_LIMIT: Duration = Duration::from_secs(3);
/// How wide the bar of a payment's money is, in the units of its image.
const BAR_WIDTH: i64 = 1000;
/// Least width of a share, so that a cent of a thousand dollars shows.
const SHARE_MIN_WIDTH: i64 = 6;

/// A part of a payment's money, in the bar and below it.
struct Share {
    name: &'static str,
    class: &'static str,
    amount: String,
    x: i64,
    width: i64,
}

/// An action that a payment needs from a person.
struct Notice {
    tone: Tone,
    title: &'static str,
    advice: &'static str,
}

/// A form that the reader may open.
struct Button {
    name: &'static str,
    address: String,
    /// Whether the page advises against it.
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
    /// The reader's latest operation, as it is on record.
    done: Option<Done>,
    notices: Vec<Notice>,
    shares: Vec<Share>,
    events: Vec<Event>,
    checks: Vec<Known>,
    /// The actions that are possible, and why others are not.
    actions: Vec<Known>,
}

/// The outcome of the reader's latest operation.
struct Done {
    tone: Tone,
    sentence: String,
}

/// A payment as the API describes it, and where its money is, if that can be read.
struct Payment {
    body: Value,
    settlement: Option<Value>,
}

impl Payment {
    /// Two calls. Without the second one, pages state that the place of the money is not known.
    async fn read(visit: &Visit<'_>, order: &str, transaction: &str) -> Result<Self, Problem> {
        let id = segment(transaction);
        let body = visit.read(&format!("/v2/orders/{}/transactions/{id}", segment(order))).await?;
        let path = format!("/v2/transactions/{id}/settlement");
        let settlement = timeout(SETTLEMENT_LIMIT, visit.read(&path)).await;
        Ok(Self { body, settlement: settlement.ok().and_then(Result::ok) })
    }

    fn view(&self) -> Read<'_> {
        let settlement = self.settlement.as_ref().map(|body| &body["data"]);
        Read { settlement, ..Read::of(&self.body["data"]) }
    }
}

/// A payment, to say something about it.
pub(super) struct Read<'a> {
    payment: &'a Value,
    settlement: Option<&'a Value>,
    /// A text for an amount in minor units.
    currency: Option<Currency>,
}

impl<'a> Read<'a> {
    /// Without its settlement.
    pub(super) fn of(payment: &'a Value) -> Self {
        Self { payment, settlement: None, currency: words::currency(&payment["currency"]) }
    }
}

impl Read<'_> {
    fn meta(&self) -> &Value {
        &self.payment["meta"]
    }

    fn state(&self) -> &str {
        self.meta()["state"].as_str().unwrap_or_default()
    }

    fn detail(&self) -> &str {
        self.payment["payment_details"]["detailed_status"].as_str().unwrap_or_default()
    }

    fn minor(&self, name: &str) -> i64 {
        self.meta()[name]["amount"].as_i64().unwrap_or_default()
    }

    pub(super) fn money(&self, minor: i64) -> String {
        // Without a known currency a number could be any: the code is shown with it.
        self.currency.map_or_else(
            || format!("{minor} {}", text(&self.payment["currency"])),
            |currency| words::money(SignedAmount::new(minor), currency),
        )
    }

    /// The id of its order.
    pub(super) fn order(&self) -> &Value {
        &self.payment["relationships"]["order"]["data"]["id"]
    }

    /// The address of its page.
    pub(super) fn address(&self, frame: &Frame) -> String {
        frame.payment(&text(self.order()), &text(&self.payment["id"]))
    }

    /// Where to ask the gateway about an operation in doubt, if there is one and the reader may.
    pub(super) fn confirm(&self, frame: &Frame) -> Option<String> {
        (self.may("confirm") && frame.may.pay).then(|| format!("{}/confirm", self.address(frame)))
    }

    /// The form of an act, if the payment allows it, as far as it is known, and the reader may.
    pub(super) fn form(&self, act: Act, frame: &Frame) -> Option<String> {
        let is_possible = may_operate(frame) && act.possibility(self).is_ok();
        is_possible.then(|| format!("{}/{}", self.address(frame), act.name()))
    }

    fn amount(&self) -> i64 {
        self.payment["amount"].as_i64().unwrap_or_default()
    }

    /// A refund that Tollgate owes, and that waits for the end of a dispute.
    fn held_back_refund(&self) -> Option<&Value> {
        words::list(&self.meta()["operations"]).iter().find(|one| one["state"] == "waits_for_dispute")
    }

    fn captured(&self) -> i64 {
        self.minor("display_captured_amount")
    }

    /// Order, card and reference, as people quote them.
    fn known_by(&self) -> String {
        let retref = text(&self.payment["reference"]);
        let retref = if retref.is_empty() { retref } else { format!("retref {retref}") };
        let order = said(self.order());
        let card = words::card(&self.payment["payment_details"]["card"]);
        words::joined([order, card, retref], " · ")
    }

    fn may(&self, action: &str) -> bool {
        self.payment["next_actions"].as_array().is_some_and(|all| all.iter().any(|one| one == action))
    }

    /// Whether the batch with the payment has been taken, so that it cannot be voided any more.
    fn has_settled(&self) -> bool {
        self.settlement.is_some_and(|settlement| !settlement["settled_at"].is_null())
    }

    /// Whether the reports say that its batch is still to come.
    fn is_unsettled(&self) -> bool {
        self.settlement.is_some() && !self.has_settled()
    }

    /// Approved at some time, so that there is money to show.
    fn is_known(&self) -> bool {
        !["declined", "not_processed", "not_known_yet"].contains(&self.state())
    }
}

pub(crate) async fn show(
    visit: &Visit<'_>,
    order: &str,
    transaction: &str,
) -> Result<Response<Body>, Problem> {
    let payment = Payment::read(visit, order, transaction).await?;
    rendered(&page(visit, &payment.view()))
}

fn page(visit: &Visit<'_>, read: &Read<'_>) -> PaymentPage {
    let payment = read.payment;
    let (state, tone) = words::state(read.state());
    let code = text(&payment["failure_details"]["code"]);
    let is_declined = read.state() == "declined";
    let done = visit.parameters().get("done").and_then(|_| done(read, &visit.frame));
    let is_told = done.as_ref().is_some_and(|done| done.tone == Tone::Waiting);
    PaymentPage {
        frame: visit.frame.clone(),
        state: if is_declined { format!("{state}: {}", words::decline(&code)) } else { state.to_owned() },
        tone,
        amount: read.money(read.amount()),
        known_by: read.known_by(),
        receipt: receipt::none(read).is_empty().then(|| format!("{}/receipt", read.address(&visit.frame))),
        buttons: buttons(&visit.frame, read),
        confirm: read.confirm(&visit.frame),
        done,
        // An operation in doubt is shown once.
        notices: if is_told { Vec::new() } else { notices(read) },
        shares: shares(read),
        events: events(read, &visit.frame.zone),
        checks: checks(&visit.frame, read),
        actions: actions(&visit.frame, read),
    }
}

/// The outcome of the last operation.
fn done(read: &Read<'_>, frame: &Frame) -> Option<Done> {
    let state = words::list(&read.meta()["operations"]).last()?["state"].as_str().unwrap_or_default();
    let tone = match state {
        "approved" => Tone::Good,
        "pending" | "waits_for_dispute" => Tone::Waiting,
        _ => Tone::Bad,
    };
    Some(Done { tone, sentence: events::last(read, &frame.zone)?.sentence })
}

/// The forms that the reader may open.
fn buttons(frame: &Frame, read: &Read<'_>) -> Vec<Button> {
    let button = |act: Act| {
        let address = read.form(act, frame)?;
        Some(Button { name: act.verb(), address, is_inadvisable: act::needs_tick(act, read) })
    };
    Act::ALL.into_iter().filter_map(button).collect()
}

/// Where the money is. Empty while nothing is known, and if nothing was approved.
fn shares(read: &Read<'_>) -> Vec<Share> {
    if !read.is_known() {
        return Vec::new();
    }
    let captured = read.captured();
    let refunded = read.meta()["display_refunded_amount"]["total"]["amount"].as_i64().unwrap_or_default();
    let (disputed, held) = (read.minor("disputed").max(0), read.minor("capturable"));
    let amount = read.amount();
    let kept = captured.saturating_sub(refunded).saturating_sub(disputed).max(0);
    let released = amount.saturating_sub(captured).saturating_sub(held).max(0);
    let is_refused = read.state() == "settlement_refused";
    let parts = [
        (if is_refused { "Refused at settlement" } else { "Captured, kept" }, kept, false),
        ("Refunded", refunded, true),
        ("Disputed", disputed, true),
        ("Still held", held, false),
        ("Released", released, false),
    ];
    let classes = ["bar-kept", "bar-refunded", "bar-disputed", "bar-held", "bar-released"];
    let total = parts.iter().map(|(_, minor, _)| *minor).sum::<i64>().max(1);
    let mut x = 0;
    let there = parts.into_iter().zip(classes).filter(|((_, minor, _), _)| *minor > 0);
    let mut shares = Vec::new();
    for ((name, minor, is_lost), class) in there {
        let width = minor.saturating_mul(BAR_WIDTH).checked_div(total).unwrap_or_default();
        let width = width.max(SHARE_MIN_WIDTH).min(BAR_WIDTH - x);
        let amount = read.money(if is_lost { -minor } else { minor });
        let class = if is_refused && name != "Refunded" { "bar-disputed" } else { class };
        shares.push(Share { name, class, amount, x, width });
        x += width;
    }
    if let Some(last) = shares.last_mut() {
        last.width = BAR_WIDTH - last.x;
    }
    shares
}

/// Reasons to look at the payment. The API states reasons in its lists only, so here they follow
/// from the state.
fn notices(read: &Read<'_>) -> Vec<Notice> {
    let concern = match read.state() {
        "not_known_yet" => Some((Tone::Waiting, Concern::InDoubt)),
        "disputed" => Some((Tone::Bad, Concern::Disputed)),
        "voided_elsewhere" => Some((Tone::Bad, Concern::VoidedElsewhere)),
        "settlement_refused" => Some((Tone::Bad, Concern::SettlementRejected)),
        "held" if read.detail() == "capture_declined" => Some((Tone::Bad, Concern::CaptureSkipped)),
        "held" if read.detail() == "authorization_expiring" && read.meta()["capture_at"].is_null() => {
            Some((Tone::Waiting, Concern::AuthorizationEnding))
        }
        _ => None,
    };
    let held_back = read.held_back_refund().map(|_| (Tone::Waiting, Concern::RefundHeldBack));
    let concerns = concern.into_iter().chain(held_back);
    let concerns = concerns.map(|(tone, concern)| Notice {
        tone,
        title: words::concern(concern),
        advice: concern.advice(),
    });
    let unread = read.settlement.is_none().then_some(Notice {
        tone: Tone::Waiting,
        title: "Where the money is cannot be read now",
        advice: "All else on this page is current. Load it again in a minute.",
    });
    concerns.chain(unread).collect()
}

fn checks(frame: &Frame, read: &Read<'_>) -> Vec<Known> {
    let details = &read.payment["payment_details"];
    let card = &details["card"];
    let expiry = card["expiry_month"].as_i64().zip(card["expiry_year"].as_i64());
    let expiry =
        expiry.map(|(month, year)| format!(", expires {month:02}/{:02}", year % 100)).unwrap_or_default();
    let memo = &read.meta()["memo"];
    let customer = [&memo["name"], &memo["email"], &read.payment["name"]].map(said);
    let settlement = read.settlement.unwrap_or(&Value::Null);
    let deposit = text(&settlement["deposit"]);
    let settled = match read.state() {
        "not_known_yet" if deposit.is_empty() => "Not known yet".to_owned(),
        _ if read.settlement.is_none() => "Not known".to_owned(),
        _ => words::settlement(settlement),
    };
    let fee = read.payment["fee"]["amount"].as_i64().filter(|fee| *fee != 0);
    let address = if deposit.is_empty() { deposit } else { frame.deposit(&deposit, "") };
    let all = [
        Known::new("Address", words::address_check(&said(&details["avs_result"]))),
        Known::new("Security code", words::code_check(&said(&details["cvv_result"]))),
        Known::new("Card", format!("{}{expiry}", words::card(card))),
        Known::new("Approval code", said(&details["authorization_code"])),
        Known::new("Customer", words::joined(customer, ", ")),
        Known::new("Reference", said(&read.payment["custom_reference"])),
        Known::new("Description", said(&read.payment["description"])),
        Known::new("Surcharge", fee.map(|fee| read.money(fee)).unwrap_or_default()),
        Known { address, ..Known::new("Settlement", settled) },
    ];
    Known::all(all)
}

/// The possible actions, going by the payment and then by the reader's role.
fn actions(frame: &Frame, read: &Read<'_>) -> Vec<Known> {
    let possibility = |act: Act| act.possibility(read).unwrap_or_else(str::to_owned);
    let mut all = Vec::from(Act::ALL.map(|act| Known::new(act.verb(), possibility(act))));
    if !may_operate(frame) {
        let role = &frame.role;
        all.push(Known::new(
            "Your role",
            format!("{role}, which may do none of these. Ask somebody with operate."),
        ));
    }
    all
}

/// Whether the reader may move money and close exceptions.
pub(crate) fn may_operate(frame: &Frame) -> bool {
    ["operate", "all"].contains(&frame.role.as_str())
}
