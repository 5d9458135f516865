//! Forms that settle a reason for attention without moving money: a person marks it as seen, or
//! decides an outcome that the gateway does not state.

use lambda_http::{Body, Response};
use serde::Serialize;
use tollgate_core::{
    journal::Concern,
    order::Kind,
    values::{TextUse, looks_like_card_number},
};

use super::{
    filled,
    page::{ActPage, Advice, Outcome, Step, changed},
    send::{self, plain},
    typed::{Typed, Wrong, version_of, wrong},
};
use crate::{
    api::{Failure, Once, address},
    frame::Frame,
    pages::{
        Visit,
        payment::{Payment, Settle, events, placed::Placed},
        problem::Problem,
    },
    web::redirect,
    words::{self, Tone, said, sentences},
};

/// The word of the API for an operation that the gateway did.
const DONE: &str = "done";

const OUTCOMES: [Outcome; 2] = [
    Outcome { word: DONE, sentence: "The gateway did it" },
    Outcome { word: "not_done", sentence: "The gateway did not do it" },
];

/// Codes of a decision whose reference is missing or wrong.
const REFERENCE: [&str; 2] = ["required", "invalid_value"];

/// The form that marks a reason as seen, in one step.
pub(crate) async fn seen(
    visit: &Visit<'_>,
    order: &str,
    transaction: &str,
    concern: Concern,
    is_read: bool,
) -> Result<Response<Body>, Problem> {
    let settle = Settle::Seen(concern);
    let parameters = visit.parameters();
    let pairs = if is_read { &parameters } else { visit.form };
    let mut typed = Typed::of(pairs);
    if !is_read && typed.once.version.is_empty() {
        return Err(Problem::Forged);
    }
    let checked = typed.check_reason();
    // Before anything is read: to read a payment in doubt changes its version.
    let sent = if !is_read && checked.is_ok() {
        let data = Settling { reason: &typed.reason, outcome: None, retref: None };
        Some(visit.post(&settle.route(order, transaction), &data, &typed.once).await)
    } else {
        None
    };
    if matches!(sent, Some(Ok(()))) {
        return Ok(done(visit, order, transaction));
    }
    let placed = Placed::read(visit, order, transaction).await?;
    if typed.once.version.is_empty() {
        typed.once.version = version_of(&placed);
    }
    let is_same = typed.once.version == version_of(&placed);
    let mut page = page(visit, settle, &placed, typed);
    settle.names().0.clone_into(&mut page.button);
    if let Some(Err(failure)) = sent {
        return send::failed(visit, page, &placed, failure);
    }
    let page = with_obstacle(visit, settle, page, &placed, is_same);
    filled(page, pairs, is_read, checked, |page, ()| page)
}

/// The form that decides an outcome: filled in, shown once more, and sent.
pub(crate) async fn decide(
    visit: &Visit<'_>,
    order: &str,
    transaction: &str,
    is_read: bool,
) -> Result<Response<Body>, Problem> {
    let settle = Settle::Decide;
    let parameters = visit.parameters();
    let pairs = if is_read { &parameters } else { visit.form };
    let is_sent = !is_read && pairs.get("step") == Some("send");
    let mut typed = Typed::of(pairs);
    if is_sent && typed.operation.is_empty() {
        return Err(Problem::Forged);
    }
    let placed = Placed::read(visit, order, transaction).await?;
    let operation = placed.payment.in_doubt();
    let id = operation.map(|operation| operation.id.to_string()).unwrap_or_default();
    if typed.operation.is_empty() {
        typed.operation.clone_from(&id);
    }
    let is_same = typed.operation == id;
    let mut page = page(visit, settle, &placed, typed);
    if let Some(operation) = operation {
        let words = events::gateway_words(operation);
        page.intro.push(words.unwrap_or_else(|| "Gateway: no response so far.".to_owned()));
        page.outcomes = if sentences::is_held_back(operation) { &OUTCOMES[1..] } else { &OUTCOMES };
        let has_own_record = operation.kind.known().is_some_and(Kind::has_own_record);
        if has_own_record && !sentences::is_held_back(operation) {
            page.reference = "Reference (retref), only where the gateway's portal shows one";
        }
    }
    let checked = wanted(&page.typed);
    // The API takes the same decision once more.
    if let Ok(data) = &checked
        && is_sent
        && (is_same || operation.is_none())
    {
        let sent = visit.post(&settle.route(order, transaction), data, &Once::default()).await;
        return match sent {
            Ok(()) => Ok(done(visit, order, transaction)),
            Err(failure) => undecided(visit, page, &placed, failure),
        };
    }
    let checked = checked.map(drop);
    let page = with_obstacle(visit, settle, page, &placed, is_same);
    filled(page, pairs, is_read, checked, |page, ()| confirming(visit, page, &placed))
}

/// The page of the payment, with a sentence about the act.
fn done(visit: &Visit<'_>, order: &str, transaction: &str) -> Response<Body> {
    redirect(&address(&visit.frame.payment(order, transaction), &[("done", "settled")]))
}

/// The form, with the reason while the payment needs attention for it.
fn page(visit: &Visit<'_>, settle: Settle, placed: &Placed, typed: Typed) -> ActPage {
    let payment = &placed.payment;
    let here = settle.address(&payment.address(&visit.frame));
    let mut page = ActPage::plain(visit, placed, here, typed);
    page.title = format!("{} {}", settle.names().0, said(payment.order()));
    if let Some(reason) = settle.reason(payment) {
        let known = reason.code.known();
        let title = known.map(|concern| words::concern(concern).0).unwrap_or_default();
        page.intro.push(format!("{title}, since {}.", visit.frame.moment(reason.since.0)));
        page.intro.extend(known.map(|concern| payment.happened(concern, &visit.frame.zone)));
    }
    page
}

/// The form, or why there is nothing to fill in.
fn with_obstacle(
    visit: &Visit<'_>,
    settle: Settle,
    mut page: ActPage,
    placed: &Placed,
    is_same: bool,
) -> ActPage {
    let obstacle = if !is_same {
        Some(changed(visit, placed))
    } else if settle.reason(&placed.payment).is_none() {
        let text = match settle {
            Settle::Seen(_) => "The payment does not need attention for this reason.",
            Settle::Decide => "Nothing can be decided now: an outcome can, an hour after the request.",
        };
        Some(Advice::new(Tone::Waiting, text))
    } else if !settle.is_allowed(&visit.frame) {
        page.link = (settle == Settle::Decide).then(|| command(&visit.frame, &placed.payment));
        page.link_label = "Without anybody who has it, an operator of Tollgate runs this:";
        Some(Advice::new(Tone::Waiting, format!("{}.", settle.names().1)))
    } else {
        None
    };
    if let Some(obstacle) = obstacle {
        page.notices.push(obstacle);
        page.step = Step::Over;
    }
    page
}

/// The command for a merchant without anybody who may decide.
fn command(frame: &Frame, payment: &Payment) -> String {
    // Within quotes a shell takes every other letter as it is.
    let order = said(payment.order()).replace('\'', r"'\''");
    let (merchant, id) = (&frame.merchant, payment.id());
    format!("tollgate payment resolve --as OUTCOME --by NAME --reason REASON -- {merchant} '{order}' {id}")
}

/// The data of the request.
#[derive(Serialize)]
struct Settling<'a> {
    reason: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    outcome: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    retref: Option<&'a str>,
}

/// A decision as it was typed.
fn wanted(typed: &Typed) -> Result<Settling<'_>, Wrong> {
    let (outcome, retref) = (typed.outcome.as_str(), typed.retref.as_str());
    if !OUTCOMES.iter().any(|one| one.word == outcome) {
        return Err(wrong("outcome", "Please choose one."));
    }
    // It would be kept in an address.
    if looks_like_card_number(retref, TextUse::Reference) {
        return Err(wrong("retref", "This looks like a card number."));
    }
    typed.check_reason()?;
    let is_sent = outcome == DONE && !retref.is_empty();
    Ok(Settling { reason: &typed.reason, outcome: Some(outcome), retref: is_sent.then_some(retref) })
}

/// The page with the button of a decision.
fn confirming(visit: &Visit<'_>, mut page: ActPage, placed: &Placed) -> ActPage {
    let Some(operation) = placed.payment.in_doubt() else { return page };
    let (noun, money) = (sentences::noun(&operation.kind), placed.payment.money(operation.amount));
    let is_done = page.typed.outcome == DONE;
    let (button, effect) = if sentences::is_held_back(operation) {
        ("End the refund", format!("The {noun} of {money} ends, and is not sent when the dispute ends."))
    } else if is_done {
        ("Decide: done", format!("The {noun} of {money} counts as done, and the payment goes on from there."))
    } else {
        let twice = "If the gateway did it after all, money may move twice.";
        (
            "Decide: not done",
            format!("The {noun} of {money} counts as not done, and can be repeated. {twice}"),
        )
    };
    let reference = format!("The gateway's reference is {}.", page.typed.retref);
    let reference = Some(reference).filter(|_| is_done && !page.typed.retref.is_empty());
    let inquiry = "An inquiry is sent first. If the gateway knows the outcome, nothing is decided.";
    let inquiry = Some(inquiry.to_owned()).filter(|_| !sentences::is_held_back(operation));
    page.is_inadvisable = !is_done;
    page.confirming(
        visit,
        button.to_owned(),
        [Some(effect), reference, inquiry].into_iter().flatten().collect(),
    )
}

/// Why nothing was decided, beside the form.
fn undecided(
    visit: &Visit<'_>,
    mut page: ActPage,
    placed: &Placed,
    failure: Failure,
) -> Result<Response<Body>, Problem> {
    match &failure {
        Failure::Refused(refusal) if REFERENCE.contains(&refusal.code.as_str()) => {
            page.wrong = wrong("retref", format!("{}.", words::capitalized(plain(refusal))));
            page.response(false)
        }
        Failure::Refused(refusal) if refusal.code == "not_by_hand" => {
            let text = format!("Nothing was decided: {}.", plain(refusal));
            page.notices = vec![Advice::new(Tone::Bad, text)];
            confirming(visit, page, placed).response(false)
        }
        _ => send::failed(visit, confirming(visit, page, placed), placed, failure),
    }
}
