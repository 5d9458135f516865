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

use super::{Payment, Read, may_operate};
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

    /// Its part of an address of the API.
    const fn route(self) -> &'static str {
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

    /// The possible amount, going by the payment alone, or why the operation is not possible.
    pub(super) fn possibility(self, read: &Read<'_>) -> Result<String, &'static str> {
        let (held, left) = (read.minor("capturable"), read.minor("refundable"));
        let up_to = |minor| format!("Up to {}", read.money(minor));
        match self {
            _ if read.state() == "not_known_yet" => Err("Not before the outcome is known."),
            Self::Capture if read.may("capture") && held > 0 => Ok(format!("{}.", up_to(held))),
            Self::Capture if read.state() == "lapsed" => {
                Err("Not possible any more: the authorization has ended.")
            }
            Self::Capture => Err("Not possible: nothing is held."),
            Self::Refund if read.captured() == 0 && read.held_back_refund().is_none() => {
                Err("Not possible: nothing was captured.")
            }
            Self::Refund if !read.may("refund") || left == 0 => {
                Err("Not possible: nothing is left to refund.")
            }
            Self::Refund if read.state() == "disputed" => {
                Ok(format!("{}, but the bank has taken the money back: it would be lost twice.", up_to(left)))
            }
            Self::Refund if read.is_unsettled() => Ok(format!(
                "All of {}, by a void. A part only after settlement, usually overnight.",
                read.money(left)
            )),
            Self::Refund => Ok(format!("{}.", up_to(left))),
            Self::Void if read.has_settled() => Err("Not possible any more: the batch has settled."),
            Self::Void if !read.may("cancel") => Err("Not possible: there is nothing to void."),
            Self::Void if read.captured() == 0 => Ok("All of it: the hold is released.".to_owned()),
            Self::Void => Ok("All of it, until its batch settles.".to_owned()),
        }
    }

    /// The largest amount that the operation can move.
    fn most(self, read: &Read<'_>) -> i64 {
        match self {
            Self::Capture => read.minor("capturable"),
            Self::Refund => read.minor("refundable"),
            Self::Void if read.captured() > 0 => read.captured(),
            Self::Void => read.amount(),
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
                let most =
                    read.currency.map(|currency| words::number(SignedAmount::new(act.most(read)), currency));
                self.amount = most.unwrap_or_default();
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

/// The requested amount, as the API takes it.
struct Wanted {
    minor: i64,
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
    let minor = match act {
        Act::Void => act.most(read),
        Act::Capture | Act::Refund => read
            .currency
            .and_then(|currency| words::minor(&typed.amount, currency))
            .ok_or_else(|| wrong("amount", "Please write an amount, such as 5.00."))?,
    };
    if typed.reason.is_empty() {
        return Err(wrong("reason", "Please write why, in a few words."));
    }
    if let Err(invalid) = typed.reason.parse::<Reason>() {
        return Err(wrong("reason", format!("This reason is not accepted: it {invalid}.")));
    }
    let mut data = json!({ "reason": typed.reason });
    if act != Act::Void {
        data["amount"] = json!(minor);
    }
    if typed.disputed && act != Act::Capture {
        data["refund_disputed"] = json!(true);
    }
    Ok(Wanted { minor, data })
}

/// The same, and checks whether the operation is possible as far as this page knows.
fn checked(act: Act, typed: &Typed, read: &Read<'_>) -> Result<Wanted, Wrong> {
    let wanted = wanted(act, typed, read)?;
    let most = act.most(read);
    if wanted.minor < 1 {
        return Err(wrong("amount", "Please write an amount above zero."));
    }
    if wanted.minor > most {
        return Err(wrong("amount", format!("At most {} is left.", read.money(most))));
    }
    if needs_tick(act, read) && !typed.disputed {
        return Err(wrong("disputed", "Please tick the box if it is meant."));
    }
    Ok(wanted)
}

/// Whether the operation would give money back that the cardholder's bank has already taken back.
pub(super) fn needs_tick(act: Act, read: &Read<'_>) -> bool {
    // The refund of a second charge is not in the way of a refund of the first.
    let is_owed = read.held_back_refund().is_some_and(|refund| refund["reason"] != "twin");
    act != Act::Capture && (read.minor("disputed") > 0 || is_owed)
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
    needs_tick: bool,
    facts: Vec<Known>,
}

impl ActPage {
    fn new(visit: &Visit<'_>, act: Act, read: &Read<'_>, typed: Typed) -> Self {
        let back = read.address(&visit.frame);
        Self {
            frame: visit.frame.clone(),
            act,
            title: format!("{} {}", act.verb(), said(read.order())),
            here: format!("{back}/{}", act.name()),
            back,
            known_by: read.known_by(),
            step: Step::Form,
            typed,
            proposal: String::new(),
            link: String::new(),
            button: String::new(),
            notices: Vec::new(),
            wrong: wrong("", ""),
            currency: said(&read.payment["currency"]),
            needs_tick: needs_tick(act, read),
            facts: facts(read),
        }
    }

    /// The step that has the button.
    fn confirming(mut self, visit: &Visit<'_>, read: &Read<'_>, minor: i64) -> Self {
        self.button = format!("{} {}", self.act.verb(), read.money(minor));
        self.step = Step::Confirm {
            sentences: sentences(self.act, read, minor),
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
        obstacles(visit, act, &read)
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
        Ok(wanted) => page.confirming(visit, &read, wanted.minor).response(true),
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
fn obstacles(visit: &Visit<'_>, act: Act, read: &Read<'_>) -> Vec<Advice> {
    let impossible = act.possibility(read).err().map(str::to_owned);
    let not_allowed = (!may_operate(&visit.frame))
        .then(|| format!("Your role, {}, may not do this. Ask somebody with operate.", visit.frame.role));
    impossible.into_iter().chain(not_allowed).map(|text| Advice::new(Tone::Bad, text)).collect()
}

/// The alternative to a refund that is too early.
fn unsettled(visit: &Visit<'_>, act: Act, read: &Read<'_>) -> Option<Advice> {
    let text = "It is not settled yet, as far as the reports say. Until then, usually overnight, only all of it can \
                be given back, by a void.";
    (act == Act::Refund && read.is_unsettled()).then(|| Advice {
        way: format!("{}/{}", read.address(&visit.frame), Act::Void.name()),
        way_name: "Void all of it",
        ..Advice::new(Tone::Waiting, text)
    })
}

/// The effects of the button.
fn sentences(act: Act, read: &Read<'_>, minor: i64) -> Vec<String> {
    let money = read.money(minor);
    let card = words::card(&read.payment["payment_details"]["card"]);
    let mut sentences = Vec::new();
    match act {
        Act::Capture => {
            let rest = act.most(read) - minor;
            sentences.push(format!("Capture {money} of {} held on {card}.", read.money(act.most(read))));
            if rest > 0 {
                sentences.push(format!("{} is released to the customer.", read.money(rest)));
            }
        }
        Act::Refund => {
            let all = read.captured().max(act.most(read));
            sentences.push(format!("Refund {money} of {} to {card}.", read.money(all)));
            let stays = act.most(read) - read.minor("disputed").max(0) - minor;
            match stays {
                0 => {}
                1.. => sentences.push(format!("{} stays with you.", read.money(stays))),
                _ => sentences.push(format!("You lose {} of it twice.", read.money(-stays))),
            }
        }
        Act::Void => {
            sentences.push(format!("Void all of {money}. {card} is not charged."));
        }
    }
    sentences
}

/// The facts about the payment of the form.
fn facts(read: &Read<'_>) -> Vec<Known> {
    let money = |minor: i64| if minor == 0 { String::new() } else { read.money(minor) };
    let refunded = read.meta()["display_refunded_amount"]["total"]["amount"].as_i64().unwrap_or_default();
    let (state, _) = words::state(read.state());
    let settlement = read.settlement.map(words::settlement).unwrap_or_default();
    Known::all([
        Known::new("State", state),
        Known::new("Amount", read.money(read.amount())),
        Known::new("Captured", money(read.captured())),
        Known::new("Refunded", money(-refunded)),
        Known::new("Disputed", money(-read.minor("disputed"))),
        Known::new("Can be captured", money(read.minor("capturable"))),
        Known::new("Can be refunded", money(read.minor("refundable"))),
        Known::new("Card", words::card(&read.payment["payment_details"]["card"])),
        Known::new("Reference", said(&read.payment["custom_reference"])),
        Known::new("Settlement", settlement),
    ])
}
