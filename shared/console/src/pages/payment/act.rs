//! Capture, refund and void: one form. The typed values are shown once more, and only that page has
//! the button that moves money.
//!
//! A form has a key of its own, so it counts once, no matter how often it is sent; and the version
//! of the order that its reader saw, so nothing is done to a payment that has changed since.

mod proposal;
mod send;

use askama::Template;
use lambda_http::{Body, Response, http::StatusCode};
use serde_json::{Value, json};
use tollgate_core::{
    order::{REASON_MAX_BYTES, Reason},
    values::SignedAmount,
};

pub(crate) use send::confirm;

use super::{Payment, Read};
use crate::{
    api::{Once, address},
    frame::Frame,
    pages::{Known, Visit, problem::Problem, rendered},
    seal::{is_secret, secret},
    web::{Pairs, redirect},
    words::{self, Tone, said},
};

/// The longest version of an order in digits: a longer one is not ours.
const VERSION_MAX_DIGITS: usize = 20;

/// An operation that moves money.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Act {
    Capture,
    Refund,
    Void,
}

impl Act {
    pub(super) const ALL: [Self; 3] = [Self::Capture, Self::Refund, Self::Void];

    /// By its part of an address.
    pub(crate) fn of(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|act| act.name() == name)
    }

    /// Its part of an address of the console, and its name for people.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Capture => "capture",
            Self::Refund => "refund",
            Self::Void => "void",
        }
    }

    /// Its name in the API.
    pub(crate) const fn route(self) -> &'static str {
        match self {
            Self::Void => "cancel",
            Self::Capture | Self::Refund => self.name(),
        }
    }

    /// How a button begins.
    pub(crate) const fn verb(self) -> &'static str {
        match self {
            Self::Capture => "Capture",
            Self::Refund => "Refund",
            Self::Void => "Void",
        }
    }
}

/// The typed values, and the form's own.
#[derive(Clone, Default)]
struct Typed {
    /// As people write it.
    amount: String,
    reason: String,
    /// Ticked: the reader means it although the bank has taken the money back.
    disputed: bool,
    once: Once,
}

impl Typed {
    fn of(pairs: &Pairs) -> Self {
        let value = |name: &str| said(&Value::from(pairs.get(name).unwrap_or_default()));
        let is_version = |version: &String| {
            version.len() <= VERSION_MAX_DIGITS && version.bytes().all(|b| b.is_ascii_digit())
        };
        let key = Some(value("key")).filter(|key| is_secret(key)).unwrap_or_default();
        let version = Some(value("version")).filter(is_version).unwrap_or_default();
        Self {
            amount: value("amount"),
            reason: value("reason"),
            disputed: pairs.get("disputed").is_some(),
            once: Once { key, version },
        }
    }

    /// The values of a form that is shown for the first time.
    fn begun(mut self, act: Act, read: &Read<'_>) -> Result<Self, Problem> {
        if self.once.key.is_empty() || self.once.version.is_empty() {
            self.once = Once { key: secret().ok_or(Problem::Unavailable)?, version: version(read) };
            if self.amount.is_empty() {
                let most = words::currency(&read.payment["currency"]).zip(read.possible(act.route()).most());
                self.amount = most.map(|(currency, most)| words::number(most, currency)).unwrap_or_default();
            }
        }
        Ok(self)
    }

    /// The address at which the same form is shown with the typed values.
    fn address(&self, here: &str, step: &str) -> String {
        let disputed = if self.disputed { "yes" } else { "" };
        let all = [
            ("amount", self.amount.as_str()),
            ("reason", &self.reason),
            ("disputed", disputed),
            ("key", &self.once.key),
            ("version", &self.once.version),
            ("step", step),
        ];
        address(here, &all)
    }
}

/// The request, as the API takes it, and the amount that it moves, as far as that is known.
struct Wanted {
    amount: Option<SignedAmount>,
    data: Value,
}

/// A field, and the problem with its text.
struct Wrong {
    field: &'static str,
    text: String,
}

fn wrong(field: &'static str, text: impl Into<String>) -> Wrong {
    Wrong { field, text: text.into() }
}

/// Parses the typed values. The available amount is not looked at: the first of two equal requests
/// changes it.
fn wanted(act: Act, typed: &Typed, read: &Read<'_>) -> Result<Wanted, Wrong> {
    let amount = match act {
        Act::Void => read.possible(act.route()).most(),
        Act::Capture | Act::Refund => {
            let currency = words::currency(&read.payment["currency"]);
            let typed = currency.and_then(|currency| words::typed(&typed.amount, currency));
            Some(typed.ok_or_else(|| wrong("amount", "Please write an amount, such as 5.00."))?.into())
        }
    };
    if typed.reason.is_empty() {
        return Err(wrong("reason", "Please write why, in a few words."));
    }
    if let Err(invalid) = typed.reason.parse::<Reason>() {
        return Err(wrong("reason", format!("This reason is not accepted: it {invalid}.")));
    }
    let mut data = json!({ "reason": typed.reason });
    if act != Act::Void {
        data["amount"] = json!(amount);
    }
    if typed.disputed && act != Act::Capture {
        data["refund_disputed"] = json!(true);
    }
    Ok(Wanted { amount, data })
}

/// The same, and checks it against the statements of the API.
fn checked(act: Act, typed: &Typed, read: &Read<'_>) -> Result<Wanted, Wrong> {
    let wanted = wanted(act, typed, read)?;
    let possible = read.possible(act.route());
    if wanted.amount.is_some_and(SignedAmount::is_zero) {
        return Err(wrong("amount", "Please write an amount above zero."));
    }
    if let Some(limit) = possible.limit().filter(|limit| wanted.amount > Some(*limit)) {
        return Err(wrong("amount", format!("At most {} is left.", read.money(&json!(limit)))));
    }
    if possible.is("whole_only") && wanted.amount != possible.most() {
        return Err(wrong("amount", "Only all of it is possible."));
    }
    if possible.is("needs_refund_disputed") && !typed.disputed {
        return Err(wrong("disputed", "Please tick the box if it is meant."));
    }
    Ok(wanted)
}

/// A text beside the form.
struct Advice {
    tone: Tone,
    text: String,
    /// The page to go to instead, and its name.
    way: String,
    way_name: &'static str,
}

impl Advice {
    fn new(tone: Tone, text: impl Into<String>) -> Self {
        Self { tone, text: text.into(), way: String::new(), way_name: "" }
    }
}

/// How far the form is.
enum Step {
    /// To be filled in.
    Form,
    /// To be confirmed.
    Confirm {
        /// The effects, in sentences.
        sentences: Vec<String>,
        facts: Vec<Known>,
        /// The form that was filled in, to change it; empty where others filled it in.
        change: String,
    },
    /// Nothing more to send.
    Over,
}

#[derive(Template)]
#[template(path = "act.html")]
struct ActPage {
    frame: Frame,
    act: Act,
    title: String,
    /// The page of the payment.
    back: String,
    here: String,
    known_by: String,
    step: Step,
    typed: Typed,
    /// Another person's proposal, as it is sent.
    proposal: String,
    /// A link for another person; empty without one.
    link: String,
    /// The words of the button that moves money.
    button: String,
    notices: Vec<Advice>,
    wrong: Wrong,
    currency: String,
    /// No part is possible.
    whole_only: bool,
    needs_tick: bool,
    /// Whether the API advises against it.
    is_inadvisable: bool,
    facts: Vec<Known>,
}

impl ActPage {
    fn new(visit: &Visit<'_>, act: Act, read: &Read<'_>, typed: Typed) -> Self {
        let possible = read.possible(act.route());
        Self {
            frame: visit.frame.clone(),
            act,
            title: format!("{} {}", act.verb(), said(read.order())),
            here: read.form(act, &visit.frame),
            back: read.address(&visit.frame),
            known_by: read.known_by(),
            step: Step::Form,
            typed,
            proposal: String::new(),
            link: String::new(),
            button: String::new(),
            notices: Vec::new(),
            wrong: wrong("", ""),
            currency: said(&read.payment["currency"]),
            whole_only: possible.is("whole_only"),
            needs_tick: possible.is("needs_refund_disputed"),
            is_inadvisable: possible.is_inadvisable(),
            facts: facts(read),
        }
    }

    /// The step that has the button.
    fn confirming(mut self, visit: &Visit<'_>, read: &Read<'_>, amount: Option<SignedAmount>) -> Self {
        self.button = words::joined([self.act.verb().to_owned(), read.money(&json!(amount))], " ");
        self.step = Step::Confirm {
            sentences: sentences(self.act, read, amount),
            facts: vec![
                Known::new("Reason", self.typed.reason.clone()),
                Known::new("By", visit.frame.person.clone()),
            ],
            change: self.typed.address(&self.here, ""),
        };
        self
    }

    /// `is_done`: the page is the requested one, and not the reason why the operation is not
    /// possible.
    fn response(&self, is_done: bool) -> Result<Response<Body>, Problem> {
        let mut response = rendered(self)?;
        if !is_done {
            *response.status_mut() = StatusCode::UNPROCESSABLE_ENTITY;
        }
        Ok(response)
    }
}

/// The form: shown, shown again to be confirmed, and carried out.
pub(crate) async fn show(
    visit: &Visit<'_>,
    order: &str,
    transaction: &str,
    act: Act,
    is_read: bool,
) -> Result<Response<Body>, Problem> {
    let parameters = visit.parameters();
    let pairs = if is_read { &parameters } else { visit.form };
    let payment = Payment::read(visit, order, transaction).await?;
    let read = payment.view();
    if pairs.get("proposal").is_some() {
        return proposal::show(visit, act, &read, pairs, is_read).await;
    }
    let typed = Typed::of(pairs);
    if !is_read && pairs.get("step") == Some("send") {
        return send::typed(visit, act, &read, typed).await;
    }
    let mut page = ActPage::new(visit, act, &read, typed.begun(act, &read)?);
    page.notices = if page.typed.once.version == version(&read) {
        obstacles(act, &read)
    } else {
        vec![send::changed(visit, &read)]
    };
    if !page.notices.is_empty() {
        page.step = Step::Over;
        return page.response(is_read);
    }
    page.notices.extend(unsettled(visit, act, &read));
    if pairs.get("ended").is_some() {
        let text = "You had to sign in again. What you typed is here, and was not sent.";
        page.notices.push(Advice::new(Tone::Waiting, text));
    }
    if is_read && pairs.get("step") != Some("check") {
        return page.response(true);
    }
    match checked(act, &page.typed, &read) {
        // Another address, so that Back and a reload show it again and send nothing.
        Ok(_) if !is_read => Ok(redirect(&page.typed.address(&page.here, "check"))),
        Ok(wanted) => page.confirming(visit, &read, wanted.amount).response(true),
        Err(wrong) => {
            page.wrong = wrong;
            page.response(false)
        }
    }
}

/// The version of a payment's order, as the API takes it.
fn version(read: &Read<'_>) -> String {
    read.meta()["version"].to_string()
}

/// Why there is nothing to fill in.
fn obstacles(act: Act, read: &Read<'_>) -> Vec<Advice> {
    let possible = read.possible(act.route());
    let why = || Advice::new(Tone::Bad, possible.told());
    (!possible.has_form()).then(why).into_iter().collect()
}

/// The alternative to a refund that is too early.
fn unsettled(visit: &Visit<'_>, act: Act, read: &Read<'_>) -> Option<Advice> {
    let text = "It is not settled yet, as far as the reports say. Until then, usually overnight, only all of it can \
                be given back, by a void.";
    read.possible(act.route()).is_void().then(|| Advice {
        way: read.form(Act::Void, &visit.frame),
        way_name: "Void all of it",
        ..Advice::new(Tone::Waiting, text)
    })
}

/// The effects of the button, and what speaks against it.
fn sentences(act: Act, read: &Read<'_>, amount: Option<SignedAmount>) -> Vec<String> {
    let money = read.money(&json!(amount));
    let card = words::card(&read.payment["payment_details"]["card"]);
    let possible = read.possible(act.route());
    let effect = match act {
        Act::Capture => format!("Capture {money} of the amount held on {card}."),
        Act::Refund => format!("Refund {money} to {card}."),
        Act::Void => format!("Void all of {money}. {card} is not charged."),
    };
    let releases = act == Act::Capture && amount < possible.most();
    let rest = if releases { "The rest is released to the customer." } else { "" };
    let all = [effect, rest.to_owned(), words::why(&possible.stated["advised_against"])];
    all.into_iter().filter(|sentence| !sentence.is_empty()).collect()
}

/// The facts about the payment of the form.
fn facts(read: &Read<'_>) -> Vec<Known> {
    let meta = read.meta();
    let (money, possible) = (&meta["money"], &meta["possible"]);
    let price = |name: &str, price: &Value| Known::new(name, read.if_any(&price["amount"]));
    let (state, _) = words::state(read.payment);
    let settlement = read.settlement.map(words::settlement).unwrap_or_default();
    Known::all([
        Known::new("State", state),
        Known::new("Amount", read.money(&read.payment["amount"])),
        price("Captured", &meta["display_captured_amount"]),
        Known::new("Refunded", read.lost(&money["refunded"]["amount"])),
        Known::new("Disputed", read.lost(&money["disputed"]["amount"])),
        price("Can be captured", &possible["capture"]["most"]),
        price("Can be refunded", &possible["refund"]["most"]),
        Known::new("Card", words::card(&read.payment["payment_details"]["card"])),
        Known::new("Reference", said(&read.payment["custom_reference"])),
        Known::new("Settlement", settlement),
    ])
}
