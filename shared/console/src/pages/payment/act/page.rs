//! The page of a form: to fill it in, to confirm it, and what came of it.

use askama::Template;
use lambda_http::{Body, Response, http::StatusCode};
use tollgate_core::{order::REASON_MAX_BYTES, values::SignedAmount};
use tollgate_wire::Price;

use super::typed::{Typed, Wrong, wrong};
use crate::{
    frame::Frame,
    pages::{
        Known, Visit,
        payment::{Act, events, placed::Placed, possible},
        problem::Problem,
        rendered,
    },
    words::{self, Tone, said},
};

/// A text beside the form.
pub(super) struct Advice {
    pub(super) tone: Tone,
    pub(super) text: String,
    /// The page to go to instead.
    pub(super) way: Option<Way>,
}

/// A link to a page, and its words.
pub(super) struct Way {
    pub(super) address: String,
    pub(super) name: &'static str,
}

impl Advice {
    pub(super) fn new(tone: Tone, text: impl Into<String>) -> Self {
        Self { tone, text: text.into(), way: None }
    }
}

/// How far the form is.
pub(super) enum Step {
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

/// An outcome to choose: the word of the API, and a sentence.
pub(super) struct Outcome {
    pub(super) word: &'static str,
    pub(super) sentence: &'static str,
}

#[derive(Template)]
#[template(path = "act.html")]
pub(super) struct ActPage {
    pub(super) frame: Frame,
    pub(super) title: String,
    /// The name of the act in a sentence.
    pub(super) noun: &'static str,
    /// The page of the payment.
    pub(super) back: String,
    pub(super) here: String,
    pub(super) known_by: String,
    pub(super) step: Step,
    /// The sentences above the fields.
    pub(super) intro: Vec<String>,
    pub(super) typed: Typed,
    /// Another person's proposal, as it is sent.
    pub(super) proposal: Option<String>,
    /// A link or a command for another person, with its label.
    pub(super) link: Option<String>,
    pub(super) link_label: &'static str,
    /// The words of the button that sends the form. Without words, the form is shown once more
    /// first.
    pub(super) button: String,
    pub(super) notices: Vec<Advice>,
    pub(super) wrong: Wrong,
    /// Of the amount; empty in a form without one.
    pub(super) currency: String,
    /// No part is possible.
    pub(super) whole_only: bool,
    /// Outcomes to choose from, if a person decides one.
    pub(super) outcomes: &'static [Outcome],
    /// The label of the gateway's reference; empty in a form without one.
    pub(super) reference: &'static str,
    pub(super) needs_tick: bool,
    /// Whether the API advises against it.
    pub(super) is_inadvisable: bool,
    pub(super) facts: Vec<Known>,
}

impl ActPage {
    /// The form of an act.
    pub(super) fn new(visit: &Visit<'_>, act: Act, placed: &Placed, typed: Typed) -> Self {
        let payment = &placed.payment;
        let stated = placed.possible(act);
        Self {
            title: format!("{} {}", act.verb(), said(payment.order())),
            noun: act.name(),
            currency: if act == Act::Void { String::new() } else { said(payment.currency()) },
            whole_only: stated.whole_only,
            needs_tick: stated.needs_refund_disputed,
            is_inadvisable: stated.advised_against.is_some(),
            ..Self::plain(visit, placed, payment.form(act, &visit.frame), typed)
        }
    }

    /// A form with a reason only, at an address.
    pub(super) fn plain(visit: &Visit<'_>, placed: &Placed, here: String, typed: Typed) -> Self {
        Self {
            frame: visit.frame.clone(),
            title: String::new(),
            noun: "",
            here,
            back: placed.payment.address(&visit.frame),
            known_by: placed.payment.known_by(),
            step: Step::Form,
            intro: Vec::new(),
            typed,
            proposal: None,
            link: None,
            link_label: "Link for somebody else",
            button: String::new(),
            notices: Vec::new(),
            wrong: wrong("", ""),
            currency: String::new(),
            whole_only: false,
            outcomes: &[],
            reference: "",
            needs_tick: false,
            is_inadvisable: false,
            facts: facts(placed),
        }
    }

    /// The step that has the button.
    pub(super) fn confirming(mut self, visit: &Visit<'_>, button: String, sentences: Vec<String>) -> Self {
        self.button = button;
        self.step = Step::Confirm {
            sentences,
            facts: vec![
                Known::new("Reason", self.typed.reason.clone()),
                Known::new("By", visit.frame.person()),
            ],
            change: self.typed.address(&self.here, ""),
        };
        self
    }

    /// `is_done`: the page is the requested one, and not the reason why the operation is not
    /// possible.
    pub(super) fn response(&self, is_done: bool) -> Result<Response<Body>, Problem> {
        let mut response = rendered(self)?;
        if !is_done {
            *response.status_mut() = StatusCode::UNPROCESSABLE_ENTITY;
        }
        Ok(response)
    }
}

/// The page with the button that moves money.
pub(super) fn confirming(
    visit: &Visit<'_>,
    page: ActPage,
    act: Act,
    placed: &Placed,
    amount: Option<SignedAmount>,
) -> ActPage {
    let money = amount.map(|amount| placed.payment.money(amount)).unwrap_or_default();
    let button = words::joined([act.verb().to_owned(), money], " ");
    page.confirming(visit, button, sentences(act, placed, amount))
}

/// The payment is not as the form's reader saw it.
pub(super) fn changed(visit: &Visit<'_>, placed: &Placed) -> Advice {
    let last = events::last(placed, &visit.frame);
    let last = last.map(|event| format!(" {}: {}", event.when, event.sentence)).unwrap_or_default();
    let text = format!("The payment has changed since you looked, and nothing was sent.{last}");
    let way = Way { address: placed.payment.address(&visit.frame), name: "Look at it again" };
    Advice { way: Some(way), ..Advice::new(Tone::Waiting, text) }
}

/// The effects of the button, and what speaks against it.
fn sentences(act: Act, placed: &Placed, amount: Option<SignedAmount>) -> Vec<String> {
    let money = amount.map(|amount| placed.payment.money(amount)).unwrap_or_default();
    let card = placed.payment.card();
    let stated = placed.possible(act);
    let effect = match act {
        Act::Capture => format!("Capture {money} of the amount held on {card}."),
        Act::Refund => format!("Refund {money} to {card}."),
        Act::Void => format!("Void all of {money}. {card} is not charged."),
    };
    let releases = act == Act::Capture && amount < possible::most(stated);
    let rest = if releases { "The rest is released to the customer." } else { "" };
    let all = [
        effect,
        rest.to_owned(),
        stated.advised_against.as_ref().map(words::advised_against).unwrap_or_default(),
    ];
    all.into_iter().filter(|sentence| !sentence.is_empty()).collect()
}

/// The facts about the payment of the form.
fn facts(placed: &Placed) -> Vec<Known> {
    let payment = &placed.payment;
    let lost =
        |name: &str, price: Option<&Price>| Known::new(name, price.map(words::lost).unwrap_or_default());
    let most =
        |act: Act| possible::most(placed.possible(act)).map(|most| payment.if_any(most)).unwrap_or_default();
    Known::all([
        Known::new("State", payment.state().0),
        Known::new("Amount", payment.money(payment.amount())),
        Known::new("Captured", payment.if_any(payment.captured())),
        lost("Refunded", payment.meta.money.as_ref().map(|money| &money.refunded)),
        lost("Disputed", payment.meta.money.as_ref().map(|money| &money.disputed)),
        Known::new("Can be captured", most(Act::Capture)),
        Known::new("Can be refunded", most(Act::Refund)),
        Known::new("Card", payment.card()),
        Known::new("Reference", said(payment.transaction.custom_reference.as_deref())),
        Known::new("Settlement", placed.progress().unwrap_or_default()),
    ])
}
