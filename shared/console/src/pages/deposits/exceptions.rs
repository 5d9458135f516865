//! Exceptions of settlement in words, and people's notes and decisions about them.

use askama::Template;
use lambda_http::{Body, Response, http::StatusCode};
use serde::Serialize;
use tollgate_core::{journal::Concern, settlement::ExceptionCause};
use tollgate_wire::{ExceptionNote, ExceptionResolution, SettlementException, SignedMinor, Single};

use crate::{
    api::{Failure, Once, address, segment},
    frame::Frame,
    pages::{Known, Visit, download, payment::Settle, problem::Problem, rendered},
    rows::Row,
    web::redirect,
    words::{self, causes, said},
};

/// An exception, as lists show it.
#[derive(Default)]
pub(super) struct Mismatch {
    pub(super) title: String,
    pub(super) advice: &'static str,
    pub(super) address: String,
    pub(super) day: String,
    pub(super) age: String,
    pub(super) ours: String,
    pub(super) theirs: String,
    pub(super) difference: String,
    pub(super) order: String,
    pub(super) payment: String,
}

impl Mismatch {
    pub(super) fn new(visit: &Visit<'_>, row: &Row<SettlementException>) -> Self {
        match row {
            Row::Read(row) => Self::of(visit, row),
            Row::Unreadable(row) => Self {
                title: words::unreadable(&row.id),
                advice: "Ask an operator to restore it.",
                ..Self::default()
            },
        }
    }

    fn of(visit: &Visit<'_>, row: &SettlementException) -> Self {
        let facts = &row.facts;
        let causes::Meaning { title, advice } = causes::meaning_of(&facts.cause);
        let currency = facts.currency.as_deref().unwrap_or_default();
        let money = |amount: Option<SignedMinor>| {
            amount.map(|amount| words::cell(amount, currency, false)).unwrap_or_default()
        };
        let payment = facts.order.as_deref().zip(facts.transaction);
        let payment =
            payment.map(|(order, transaction)| visit.frame.payment(order, &transaction.to_string()));
        Self {
            title: title.to_owned(),
            advice,
            address: here(&visit.frame.merchant, &facts.id.to_string()),
            day: words::weekday(facts.date, visit.today()),
            age: visit.age(facts.since.0),
            ours: money(facts.expected),
            theirs: money(facts.found),
            difference: money(facts.difference),
            payment: payment.unwrap_or_default(),
            order: said(facts.order.as_deref()),
        }
    }
}

/// The address of an exception's page.
fn here(merchant: &str, id: &str) -> String {
    format!("/{merchant}/exceptions/{}", segment(id))
}

/// Something that a person wrote about an exception.
struct Remark {
    when: String,
    by: String,
    text: String,
}

#[derive(Template)]
#[template(path = "exception.html")]
struct ExceptionPage {
    frame: Frame,
    is_open: bool,
    /// Who resolved it, or that its cause is gone.
    closed: String,
    mismatch: Mismatch,
    /// More facts, each with its name.
    facts: Vec<Known>,
    remarks: Vec<Remark>,
    may_operate: bool,
    here: String,
    /// Whether the form has the box for the payment's dispute.
    has_dispute: bool,
    /// The form for the dispute, if only that is left to do.
    dispute: String,
    /// The typed text, and why it was not accepted.
    typed: String,
    error: String,
}

/// One exception, with one call. A form is sent first, and leads back here.
pub(crate) async fn exception(visit: &Visit<'_>, id: &str, is_read: bool) -> Result<Response<Body>, Problem> {
    let parameters = visit.parameters();
    // After another sign-in, the typed text is in the address.
    let form = if is_read { &parameters } else { visit.form };
    let typed = form.get("note").unwrap_or_default();
    let (mut error, mut is_sent) = (String::new(), false);
    if is_read && form.get("ended").is_some() {
        "You had to sign in again. Your text is here, and was not saved.".clone_into(&mut error);
    }
    if !is_read {
        match sent(visit, id, form.get("act").unwrap_or_default(), typed).await {
            Ok(()) => is_sent = true,
            Err(failure) => error = failed(failure)?,
        }
    }
    let is_over = || Ok(redirect(&here(&visit.frame.merchant, id)));
    if is_sent && !(form.get("act") == Some("resolve") && form.get("dispute").is_some()) {
        return is_over();
    }
    let path = format!("/v2/settlement/exceptions/{}", segment(id));
    let found: Single<SettlementException> = visit.read(&path).await?;
    if is_sent {
        match see_dispute(visit, &found.data, typed).await {
            Ok(()) => return is_over(),
            Err(failure) => error = unseen(failure)?,
        }
    }
    let mut shown = page(visit, &found.data, typed.to_owned(), error);
    if is_sent {
        shown.dispute = address(&SEEN.address(&shown.mismatch.payment), &[("reason", typed)]);
    }
    let mut response = rendered(&shown)?;
    if !is_read {
        *response.status_mut() = StatusCode::UNPROCESSABLE_ENTITY;
    }
    Ok(response)
}

/// All open exceptions as a file.
pub(crate) async fn csv(visit: &Visit<'_>) -> Result<Response<Body>, Problem> {
    let path = address("/v2/settlement/exceptions", &[("page[limit]", download::ROWS)]);
    download::file(visit, "exceptions.csv", &path).await
}

/// Why a form changed nothing.
enum Unsent {
    Empty,
    NotAllowed,
    Failed(Failure),
}

/// How a chargeback's dispute is marked as seen.
const SEEN: Settle = Settle::Seen(Concern::Disputed);

/// The API's route for that, if the exception is a chargeback of a known payment.
fn dispute_route(row: &SettlementException) -> Option<String> {
    let facts = &row.facts;
    let payment = facts.order.as_deref().zip(facts.transaction);
    let route = payment.map(|(order, transaction)| SEEN.route(order, &transaction.to_string()));
    route.filter(|_| facts.cause == ExceptionCause::Chargeback)
}

/// Marks the dispute as seen, too, unless nobody has to see it.
async fn see_dispute(visit: &Visit<'_>, row: &SettlementException, reason: &str) -> Result<(), Failure> {
    let Some(route) = dispute_route(row) else { return Ok(()) };
    match visit.post(&route, &Written::Resolution { reason }, &Once::default()).await {
        Err(Failure::Refused(refusal)) if refusal.code == "not_found" => Ok(()),
        sent => sent,
    }
}

/// Why only the exception is settled.
fn unseen(failure: Failure) -> Result<String, Problem> {
    let why = match failure {
        Failure::Refused(refusal) if refusal.status == StatusCode::UNAUTHORIZED => {
            return Err(Problem::SignedOut);
        }
        Failure::Refused(refusal) if !refusal.detail.is_empty() => refusal.detail,
        _ => "Tollgate did not respond".to_owned(),
    };
    let why = why.trim_end_matches('.');
    Ok(format!("The exception is resolved. The payment's dispute was not marked as seen: {why}."))
}

async fn sent(visit: &Visit<'_>, id: &str, act: &str, typed: &str) -> Result<(), Unsent> {
    if !visit.frame.may_operate() {
        return Err(Unsent::NotAllowed);
    }
    if typed.is_empty() {
        return Err(Unsent::Empty);
    }
    let path = format!("/v2/settlement/exceptions/{}", segment(id));
    let (route, data) = if act == "resolve" {
        ("resolve", Written::Resolution { reason: typed })
    } else {
        ("notes", Written::Note { text: typed })
    };
    visit.post(&format!("{path}/{route}"), &data, &Once::default()).await.map_err(Unsent::Failed)
}

/// The data of a request about an exception.
#[derive(Serialize)]
#[serde(untagged)]
enum Written<'a> {
    Resolution { reason: &'a str },
    Note { text: &'a str },
}

/// Why the change failed, in words beside the form; or a page of its own, where there is nothing to
/// correct.
fn failed(unsent: Unsent) -> Result<String, Problem> {
    let text = match unsent {
        Unsent::Empty => "Please write what you found out, or why it is closed.".to_owned(),
        Unsent::NotAllowed => "Your role may not change this. Nothing was changed.".to_owned(),
        Unsent::Failed(Failure::Unavailable | Failure::Unreadable) => {
            "Tollgate did not respond, so we do not know whether it was saved. Sending the same again does no harm.".to_owned()
        }
        Unsent::Failed(Failure::Refused(refusal)) => match refusal.code.as_str() {
            "exception_closed" => "It was closed in the meantime. Nothing was changed.".to_owned(),
            "forbidden" => "Your role may not change this. Nothing was changed.".to_owned(),
            _ if refusal.status == StatusCode::BAD_REQUEST => {
                format!("This text is not accepted: {}. Nothing was changed.", refusal.detail.trim_end_matches('.'))
            }
            _ => return Err(Failure::Refused(refusal).into()),
        },
    };
    Ok(text)
}

fn page(visit: &Visit<'_>, row: &SettlementException, typed: String, error: String) -> ExceptionPage {
    let frame = &visit.frame;
    let mismatch = Mismatch::of(visit, row);
    let facts = &row.facts;
    let deposit = facts.deposit.as_deref();
    let of_deposit = deposit.map(|deposit| frame.deposit(deposit, &facts.mid)).unwrap_or_default();
    let all = [
        Known::new("Detail", said(facts.detail.as_deref())),
        Known::new("Day", words::weekday(facts.date, visit.today())),
        Known { address: mismatch.payment.clone(), ..Known::new("Order", said(facts.order.as_deref())) },
        Known { address: of_deposit, ..Known::new("Deposit", said(deposit)) },
        Known::new("MID", said(&*facts.mid)),
        Known::new("Gateway reference", said(facts.retref.as_deref())),
        Known::new("Case", said(facts.case.as_deref())),
        Known::new("Found", frame.moment(facts.since.0)),
    ];
    let of_note = |note: &ExceptionNote| Remark {
        when: frame.moment(note.at.0),
        by: said(&*note.by),
        text: said(&*note.text),
    };
    let of_resolution = |resolution: &ExceptionResolution| Remark {
        when: frame.moment(resolution.at.0),
        by: said(&*resolution.by),
        text: said(&*resolution.reason),
    };
    let resolved = row.resolution.as_ref().map(of_resolution);
    let closed = match &resolved {
        Some(resolved) => format!("Resolved by {}", resolved.by),
        None => "Closed: its cause is gone".to_owned(),
    };
    ExceptionPage {
        frame: frame.clone(),
        is_open: words::is_open(&facts.state),
        closed,
        facts: Known::all(all),
        remarks: row.notes.iter().map(of_note).chain(resolved).collect(),
        may_operate: frame.may_operate(),
        here: mismatch.address.clone(),
        mismatch,
        has_dispute: dispute_route(row).is_some(),
        dispute: String::new(),
        typed,
        error,
    }
}
