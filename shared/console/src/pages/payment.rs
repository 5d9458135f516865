//! One payment: its history in sentences, and the possible actions.

pub(crate) mod act;
pub(crate) mod events;
mod receipt;

use std::time::Duration;

use askama::Template;
use lambda_http::{Body, Response};
use serde_json::{Value, json};
use tokio::time::timeout;
use tollgate_core::{journal::Concern, values::SignedAmount};

use crate::{
    api::segment,
    frame::Frame,
    pages::{Known, Visit, problem::Problem, rendered},
    words::{self, Tone, said, sentences, text},
};

use act::Act;
use events::{Event, events};
pub(crate) use receipt::show as receipt;

/// How long the settlement is waited for: a payment can be seen and refunded without it.
const SETTLEMENT_LIMIT: Duration = Duration::from_secs(3);
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
    /// The reader's latest operation, as it is on record.
    done: Option<Done>,
    notices: Vec<Notice>,
    shares: Vec<Share>,
    events: Vec<Event>,
    checks: Vec<Known>,
    /// How far actions are possible, and why others are not.
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
        Read { payment: &self.body["data"], settlement }
    }
}

/// A payment, to say something about it.
pub(super) struct Read<'a> {
    pub(super) payment: &'a Value,
    pub(super) settlement: Option<&'a Value>,
}

impl Read<'_> {
    fn meta(&self) -> &Value {
        &self.payment["meta"]
    }

    /// An amount of the API in its currency, empty without one.
    pub(super) fn money(&self, minor: &Value) -> String {
        words::cell(minor, &self.payment["currency"], false)
    }

    /// The same where nothing is as good as none.
    fn if_any(&self, minor: &Value) -> String {
        if *minor == 0 { String::new() } else { self.money(minor) }
    }

    /// The same of money that went away: with a minus.
    fn lost(&self, minor: &Value) -> String {
        self.if_any(&json!(words::signed(minor).and_then(SignedAmount::checked_neg)))
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
        (self.is_next("confirm") && frame.may.pay).then(|| format!("{}/confirm", self.address(frame)))
    }

    /// The address of the form of an act.
    pub(super) fn form(&self, act: Act, frame: &Frame) -> String {
        format!("{}/{}", self.address(frame), act.name())
    }

    /// Order, card and reference, as people quote them.
    fn known_by(&self) -> String {
        let retref = text(&self.payment["reference"]);
        let retref = if retref.is_empty() { retref } else { format!("retref {retref}") };
        let order = said(self.order());
        let card = words::card(&self.payment["payment_details"]["card"]);
        words::joined([order, card, retref], " · ")
    }

    /// Whether the API advises an action.
    pub(super) fn is_next(&self, action: &str) -> bool {
        words::list(&self.payment["next_actions"]).iter().any(|one| one == action)
    }

    /// The API's statement about an action, by its name there.
    fn possible(&self, action: &str) -> Possible<'_> {
        Possible { read: self, stated: &self.meta()["possible"][action] }
    }
}

/// How far an action on a payment is possible for the reader, as the API states it.
struct Possible<'a> {
    read: &'a Read<'a>,
    stated: &'a Value,
}

impl Possible<'_> {
    /// Whether something speaks against it.
    fn is_inadvisable(&self) -> bool {
        !self.stated["advised_against"].is_null()
    }

    fn is(&self, member: &str) -> bool {
        self.stated[member].as_bool().unwrap_or_default()
    }

    /// Whether it has a form: the reader may do it, or propose it.
    fn has_form(&self) -> bool {
        self.is("possible") || !self.stated["by_proposal"].is_null()
    }

    /// Whether it is a refund that is too early, so that a void takes its place.
    fn is_void(&self) -> bool {
        self.stated["becomes_void"] == "yes"
    }

    /// The most that it can move, if it can move anything.
    fn most(&self) -> Option<SignedAmount> {
        words::signed(&self.stated["most"]["amount"])
    }

    /// The most that the reader can do or propose.
    fn limit(&self) -> Option<SignedAmount> {
        words::signed(&self.stated["by_proposal"]["amount"]).or_else(|| self.most())
    }

    /// In sentences.
    fn told(&self) -> String {
        let [most, more] = ["most", "by_proposal"].map(|name| self.read.money(&self.stated[name]["amount"]));
        let mut sentences = Vec::new();
        if !most.is_empty() && (self.is("possible") || more.is_empty()) {
            let limit = if self.is("whole_only") { "All of" } else { "Up to" };
            sentences.push(format!("{limit} {most}."));
        }
        sentences.extend(["why", "advised_against"].map(|name| words::why(&self.stated[name])));
        if self.is_void() && !most.is_empty() {
            let by_void = "All of it, by a void. A part only after settlement, usually overnight.";
            sentences.push(by_void.to_owned());
        }
        if !more.is_empty() {
            sentences.push(format!("More, up to {more}, with somebody else's approval."));
        }
        words::joined(sentences, " ")
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
    let (state, tone) = words::state(read.payment);
    let has_receipt = read.meta()["receipt"]["available"] == true;
    PaymentPage {
        frame: visit.frame.clone(),
        state,
        tone,
        amount: read.money(&read.payment["amount"]),
        known_by: read.known_by(),
        receipt: has_receipt.then(|| format!("{}/receipt", read.address(&visit.frame))),
        buttons: buttons(&visit.frame, read),
        confirm: read.confirm(&visit.frame),
        done: visit.parameters().get("done").and_then(|_| done(read, &visit.frame)),
        notices: notices(read),
        shares: shares(read),
        events: events(read, &visit.frame.zone),
        checks: checks(&visit.frame, read),
        actions: actions(read),
    }
}

/// The outcome of the last operation.
fn done(read: &Read<'_>, frame: &Frame) -> Option<Done> {
    let tone = sentences::tone(words::list(&read.meta()["operations"]).last()?);
    Some(Done { tone, sentence: events::last(read, &frame.zone)?.sentence })
}

/// The forms that the reader may open.
fn buttons(frame: &Frame, read: &Read<'_>) -> Vec<Button> {
    let button = |act: Act| {
        let possible = read.possible(act.route());
        let address = possible.has_form().then(|| read.form(act, frame))?;
        Some(Button { name: act.verb(), address, is_inadvisable: possible.is_inadvisable() })
    };
    Act::ALL.into_iter().filter_map(button).collect()
}

/// Where the money is, as the API states it. Empty if nothing was approved.
fn shares(read: &Read<'_>) -> Vec<Share> {
    let parts = [
        ("kept", "Captured, kept", "bar-kept", false),
        ("refused", "Refused at settlement", "bar-disputed", false),
        ("refunded", "Refunded", "bar-refunded", true),
        ("disputed", "Disputed", "bar-disputed", true),
        ("held", "Still held", "bar-held", false),
        ("released", "Released", "bar-released", false),
    ];
    let money = &read.meta()["money"];
    let amount = |part: &str| words::signed(&money[part]["amount"]).filter(|amount| !amount.is_zero());
    let whole = words::signed(&read.payment["amount"]).unwrap_or_default();
    let mut x = 0;
    let mut shares = Vec::new();
    for (part, name, class, is_lost) in parts {
        let Some(width) = amount(part).map(|amount| amount.parts_of(whole, BAR_WIDTH)) else { continue };
        let minor = &money[part]["amount"];
        let amount = if is_lost { read.lost(minor) } else { read.money(minor) };
        let width = width.max(SHARE_MIN_WIDTH).min(BAR_WIDTH.saturating_sub(x));
        shares.push(Share { name, class, amount, x, width });
        x = x.saturating_add(width);
    }
    if let Some(last) = shares.last_mut() {
        last.width = BAR_WIDTH.saturating_sub(last.x);
    }
    shares
}

/// Reasons to look at the payment.
fn notices(read: &Read<'_>) -> Vec<Notice> {
    let concerns = words::list(&read.meta()["needs_attention"]).iter().map(|one| {
        let known = one["code"].as_str().and_then(Concern::from_name);
        let (title, tone) = known.map_or(("", Tone::Waiting), words::concern);
        Notice { tone, title, advice: said(&one["advice"]) }
    });
    let unread = read.settlement.is_none().then(|| Notice {
        tone: Tone::Waiting,
        title: "Where the money is cannot be read now",
        advice: "All else on this page is current. Load it again in a minute.".to_owned(),
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
    let deposit = read.settlement.map(|settlement| text(&settlement["deposit"])).unwrap_or_default();
    let settled = match read.settlement {
        _ if deposit.is_empty() && read.is_next("confirm") => "Not known yet".to_owned(),
        Some(settlement) => words::settlement(settlement),
        None => "Not known".to_owned(),
    };
    let address = if deposit.is_empty() { deposit } else { frame.deposit(&deposit, "") };
    let all = [
        Known::new("Address", words::address_check(&said(&details["avs_result"]))),
        Known::new("Security code", words::code_check(&said(&details["cvv_result"]))),
        Known::new("Card", format!("{}{expiry}", words::card(card))),
        Known::new("Approval code", said(&details["authorization_code"])),
        Known::new("Customer", words::joined(customer, ", ")),
        Known::new("Reference", said(&read.payment["custom_reference"])),
        Known::new("Description", said(&read.payment["description"])),
        Known::new("Surcharge", read.if_any(&read.payment["fee"]["amount"])),
        Known { address, ..Known::new("Settlement", settled) },
    ];
    Known::all(all)
}

/// How far the actions are possible for the reader, or why they are not.
fn actions(read: &Read<'_>) -> Vec<Known> {
    let told = |act: Act| Known::new(act.verb(), read.possible(act.route()).told());
    let rest = read.possible("reauthorize");
    let rest = rest.is("possible").then(|| Known::new("Hold the rest anew", rest.told()));
    Known::all(Act::ALL.map(told).into_iter().chain(rest))
}
