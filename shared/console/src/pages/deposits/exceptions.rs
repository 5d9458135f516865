//! Exceptions of settlement in words, and people's notes and decisions about them.

use askama::Template;
use lambda_http::{Body, Response, http::StatusCode};
use serde_json::{Value, json};

use crate::{
    api::{Failure, Once, address, segment},
    frame::Frame,
    pages::{Known, Visit, download, problem::Problem, rendered},
    web::redirect,
    words::{self, said, text},
};

/// The meaning of a cause, and what to do.
pub(super) struct Meaning {
    pub(super) title: &'static str,
    pub(super) advice: &'static str,
}

/// The causes of docs/settlement.md, *Causes*.
pub(super) fn meaning(cause: &str) -> Meaning {
    let (title, advice) = match cause {
        "not_settled" => {
            ("In no batch, days after its capture or refund", "Ask the gateway for the reference.")
        }
        "not_funded" => ("Settled, and in no deposit days later", "Ask the processor for the deposit."),
        "not_approved" => (
            "Settled, and not approved here",
            "Compare with the order; refund it unless the customer owes it.",
        ),
        "amount_differs" => ("Another amount than ours", "Ask the processor for the difference."),
        "settled_twice" => ("In two batches", "Refund the second one, once it is sure."),
        "funded_twice" => ("In two deposits", "Tell the processor, who takes one back."),
        "rejected" => {
            ("The processor refused it: no money comes", "Charge the customer again, or ask the processor.")
        }
        "returned" => ("A bank debit came back", "Ask the customer for another payment."),
        "chargeback" => (
            "The cardholder's bank took the money back",
            "Answer the case in the processor's portal, then resolve this.",
        ),
        "reversal_unknown" => {
            ("A chargeback was reversed that is not known", "Look for its case in the processor's portal.")
        }
        "disputes_differ" => (
            "Chargebacks of deposits differ from those of orders",
            "Compare both, case by case; ask the processor.",
        ),
        "not_ours" => (
            "A payment that did not come from Tollgate",
            "Book it by hand, then resolve this. It may be one of the virtual terminal.",
        ),
        "refunded_elsewhere" => (
            "A refund that did not come from Tollgate",
            "Put it on record by hand, then resolve this. It may be one of the portal.",
        ),
        "other_account" => ("Known here at another account", "Ask the processor which one it is."),
        "deposit_differs" => {
            ("A deposit or batch does not add up, or is not reported any more", "Ask the processor.")
        }
        "not_understood" => (
            "A row of a report that cannot be read",
            "Look it up in the portal by its id, and book it by its description.",
        ),
        _ => ("Something that this console does not know", "Ask an operator."),
    };
    Meaning { title, advice }
}

/// An exception, as lists show it.
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
    pub(super) fn new(visit: &Visit<'_>, row: &Value) -> Self {
        let Meaning { title, advice } = meaning(&text(&row["cause"]));
        let unreadable = words::unreadable(row);
        let is_unreadable = unreadable.is_some();
        let money = |minor: &Value| words::cell(minor, &row["currency"], false);
        let merchant = &visit.frame.merchant;
        let (order, transaction) = (text(&row["order"]), text(&row["transaction"]));
        let since = words::time(&row["since"]);
        let hours = since.map(|since| visit.console.clock.now().duration_since(since).as_hours());
        Self {
            title: unreadable.unwrap_or_else(|| title.to_owned()),
            advice: if is_unreadable { "Ask an operator to restore it." } else { advice },
            address: if is_unreadable { String::new() } else { here(merchant, &text(&row["id"])) },
            day: words::day(&row["date"]),
            age: hours.map(words::age).unwrap_or_default(),
            ours: money(&row["expected"]),
            theirs: money(&row["found"]),
            difference: money(&row["difference"]),
            payment: if transaction.is_empty() {
                transaction
            } else {
                visit.frame.payment(&order, &transaction)
            },
            order: said(&row["order"]),
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
    let mut error = String::new();
    if is_read && form.get("ended").is_some() {
        "You had to sign in again. Your text is here, and was not saved.".clone_into(&mut error);
    }
    if !is_read {
        match sent(visit, id, form.get("act").unwrap_or_default(), typed).await {
            Ok(()) => return Ok(redirect(&here(&visit.frame.merchant, id))),
            Err(failure) => error = failed(failure)?,
        }
    }
    let found = visit.read(&format!("/v2/settlement/exceptions/{}", segment(id))).await?;
    let mut response = rendered(&page(visit, &found["data"], typed.to_owned(), error))?;
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

async fn sent(visit: &Visit<'_>, id: &str, act: &str, typed: &str) -> Result<(), Unsent> {
    if !visit.frame.may.operate {
        return Err(Unsent::NotAllowed);
    }
    if typed.is_empty() {
        return Err(Unsent::Empty);
    }
    let (route, data) = match act {
        "resolve" => ("resolve", json!({ "reason": typed })),
        _ => ("notes", json!({ "text": typed })),
    };
    let path = format!("/v2/settlement/exceptions/{}/{route}", segment(id));
    visit.post(&path, &data, &Once::default()).await.map_err(Unsent::Failed)
}

/// Why the change failed, in words beside the form; or a page of its own, where there is nothing to
/// correct.
fn failed(unsent: Unsent) -> Result<String, Problem> {
    let text = match unsent {
        Unsent::Empty => "Please write what you found out, or why it is closed.".to_owned(),
        Unsent::NotAllowed => "Your role may not change this. Nothing was changed.".to_owned(),
        Unsent::Failed(Failure::Unavailable) => {
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

fn page(visit: &Visit<'_>, row: &Value, typed: String, error: String) -> ExceptionPage {
    let frame = &visit.frame;
    let mismatch = Mismatch::new(visit, row);
    let deposit = text(&row["deposit"]);
    let mid = text(&row["mid"]);
    let of_deposit = frame.deposit(&deposit, &mid);
    let all = [
        Known::new("Detail", said(&row["detail"])),
        Known::new("Day", words::full_day(&row["date"])),
        Known { address: mismatch.payment.clone(), ..Known::new("Order", said(&row["order"])) },
        Known { address: of_deposit, ..Known::new("Deposit", said(&row["deposit"])) },
        Known::new("MID", said(&row["mid"])),
        Known::new("Reference", said(&row["retref"])),
        Known::new("Case", said(&row["case"])),
        Known::new("Found", words::moment_of(&row["since"], &frame.zone)),
    ];
    let notes = words::list(&row["notes"]);
    let remark = |note: &Value, member: &str| Remark {
        when: words::moment_of(&note["at"], &frame.zone),
        by: said(&note["by"]),
        text: said(&note[member]),
    };
    let resolution = &row["resolution"];
    let resolved = (!resolution.is_null()).then(|| remark(resolution, "reason"));
    let closed = match &resolved {
        Some(resolved) => format!("Resolved by {}", resolved.by),
        None => "Closed: its cause is gone".to_owned(),
    };
    ExceptionPage {
        frame: frame.clone(),
        is_open: words::is_open(&row["state"]),
        closed,
        facts: Known::all(all),
        remarks: notes.iter().map(|note| remark(note, "text")).chain(resolved).collect(),
        may_operate: frame.may.operate,
        here: here(&frame.merchant, &text(&row["id"])),
        mismatch,
        typed,
        error,
    }
}
