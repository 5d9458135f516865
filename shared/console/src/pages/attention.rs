//! Payments that need a person, by cause, each with the one action that helps.

use askama::Template;
use lambda_http::{Body, Response};
use serde_json::Value;
use tollgate_core::journal::Concern;

use super::payment::{Read, act::Act};
use super::{Visit, download, problem::Problem, rendered};
use crate::{
    api::address,
    frame::Frame,
    words::{self, said, sentences, text},
};

/// How many pages of the API's list are read at most, and how many payments each has.
const PAGES: usize = 3;
const ROWS: &str = "100";
/// Decides an outcome that the gateway cannot state.
const RESOLVE: &str =
    "tollgate payment resolve MERCHANT ORDER TRANSACTION --as done|not-done --by NAME --reason TEXT";

/// The one action that helps a payment.
struct Help {
    name: &'static str,
    address: String,
    /// A button that does it at once; else a link to its form.
    is_button: bool,
}

/// A payment under one of its causes.
struct AttentionRow {
    since: String,
    age: String,
    card: String,
    order: String,
    address: String,
    at_stake: String,
    happened: String,
    help: Option<Help>,
}

/// The payments with one cause.
struct Group {
    title: &'static str,
    advice: String,
    /// The command that helps if nothing else does; empty for none.
    command: &'static str,
    /// Whether a row has a button or a link.
    has_help: bool,
    rows: Vec<AttentionRow>,
}

#[derive(Template)]
#[template(path = "attention.html")]
struct AttentionPage {
    frame: Frame,
    /// How many orders there are, and of when that is.
    orders: String,
    as_of: String,
    groups: Vec<Group>,
    /// The keys of items that cannot be read.
    unreadable: Vec<String>,
    /// How many payments are on the page, if there are more.
    newest: Option<usize>,
}

/// The page, with one call for each page of the API's list. Only the first page has the count.
pub(crate) async fn show(visit: &Visit<'_>) -> Result<Response<Body>, Problem> {
    let (mut rows, mut meta, mut cursor) = (Vec::new(), Value::Null, String::new());
    for number in 0..PAGES {
        let wanted = [("page[limit]", ROWS), ("page[cursor]", &cursor)];
        let found = visit.read(&address("/v2/attention", &wanted)).await?;
        rows.extend_from_slice(words::list(&found["data"]));
        cursor = text(&found["meta"]["page"]["cursor"]);
        if number == 0 {
            meta = found["meta"].clone();
        }
        if cursor.is_empty() {
            break;
        }
    }
    rendered(&page(visit, &rows, &meta, !cursor.is_empty()))
}

/// The same payments as a file, the newest first.
pub(crate) async fn csv(visit: &Visit<'_>) -> Result<Response<Body>, Problem> {
    let path = address("/v2/attention", &[("page[limit]", download::ROWS)]);
    download::file(visit, "attention.csv", &path).await
}

fn page(visit: &Visit<'_>, rows: &[Value], meta: &Value, has_more: bool) -> AttentionPage {
    let is_unreadable = |row: &&Value| row["type"] == "unreadable";
    let groups = Concern::ALL.iter().map(|concern| group(visit, *concern, rows));
    AttentionPage {
        frame: visit.frame.clone(),
        orders: said(&meta["count"]["formatted"]),
        as_of: words::moment_of(&meta["as_of"], &visit.frame.zone),
        groups: groups.filter(|group| !group.rows.is_empty()).collect(),
        unreadable: rows.iter().filter(is_unreadable).map(|row| said(&row["id"])).collect(),
        newest: has_more.then_some(rows.len()),
    }
}

/// The part of a payment that says why it has this cause.
fn reason(row: &Value, concern: Concern) -> Option<&Value> {
    words::list(&row["meta"]["needs_attention"]).iter().find(|one| one["code"] == concern.as_str())
}

fn group(visit: &Visit<'_>, concern: Concern, rows: &[Value]) -> Group {
    let found = rows.iter().filter_map(|row| Some((row, reason(row, concern)?)));
    let mut found = found.collect::<Vec<_>>();
    found.sort_by_key(|(_, reason)| words::time(&reason["since"]));
    let advice = found.first().map(|(_, reason)| said(&reason["advice"])).unwrap_or_default();
    let rows = found.into_iter().map(|(row, reason)| row_of(visit, concern, row, reason));
    let rows = rows.collect::<Vec<_>>();
    Group {
        title: words::concern(concern).0,
        advice,
        command: match concern {
            Concern::InDoubt | Concern::RefundHeldBack => RESOLVE,
            _ => "",
        },
        has_help: rows.iter().any(|row| row.help.is_some()),
        rows,
    }
}

fn row_of(visit: &Visit<'_>, concern: Concern, row: &Value, reason: &Value) -> AttentionRow {
    let since = words::time(&reason["since"]);
    let hours = since.map(|since| visit.console.clock.now().duration_since(since).as_hours());
    let read = Read { payment: row, settlement: None };
    AttentionRow {
        since: words::moment_of(&reason["since"], &visit.frame.zone),
        age: hours.map(words::age).unwrap_or_default(),
        card: words::card(&row["payment_details"]["card"]),
        order: said(read.order()),
        at_stake: read.money(&at_stake(concern, row)),
        happened: happened(concern, &read),
        help: help(&visit.frame, concern, &read),
        address: read.address(&visit.frame),
    }
}

/// The last operation of a payment that is so.
fn last(row: &Value, is: impl Fn(&Value) -> bool) -> Option<&Value> {
    words::list(&row["meta"]["operations"]).iter().rev().find(|operation| is(operation))
}

/// The money that a cause is about, in minor units.
fn at_stake(concern: Concern, row: &Value) -> Value {
    let meta = &row["meta"];
    let part = match concern {
        Concern::InDoubt => last(row, sentences::is_pending).map(|one| &one["amount"]),
        Concern::RefundHeldBack => last(row, sentences::is_held_back).map(|one| &one["amount"]),
        Concern::Disputed => Some(&meta["disputed"]["amount"]),
        // Nothing is capturable any more once the authorization has ended: the whole amount is
        // lost.
        Concern::CaptureSkipped | Concern::AuthorizationEnding => {
            Some(&meta["capturable"]["amount"]).filter(|left| **left != 0)
        }
        _ => None,
    };
    part.filter(|part| part.is_i64()).unwrap_or(&row["amount"]).clone()
}

/// The event behind a cause, in a sentence.
fn happened(concern: Concern, read: &Read<'_>) -> String {
    let row = read.payment;
    let operation = match concern {
        Concern::Disputed | Concern::DisputeUnclear => {
            let dispute = words::list(&row["meta"]["disputes"]).last();
            return dispute
                .map(|one| sentences::dispute(one, &read.money(&one["amount"])))
                .unwrap_or_default();
        }
        Concern::InDoubt => last(row, sentences::is_pending),
        Concern::RefundHeldBack => last(row, sentences::is_held_back),
        Concern::SettlementRejected => last(row, |one| one["settlement"] == "rejected"),
        _ => last(row, |_| true),
    };
    operation.map(|one| sentences::operation(one, &read.money(&one["amount"]))).unwrap_or_default()
}

/// The thing that helps, if the API advises it and the reader may.
fn help(frame: &Frame, concern: Concern, read: &Read<'_>) -> Option<Help> {
    let form = |act: Act| {
        let is_there = read.is_next(act.route()) && frame.may.operate;
        is_there.then(|| Help { name: act.verb(), address: read.form(act, frame), is_button: false })
    };
    match concern {
        Concern::InDoubt => {
            Some(Help { name: "Ask the gateway", address: read.confirm(frame)?, is_button: true })
        }
        Concern::CaptureSkipped | Concern::AuthorizationEnding => form(Act::Capture),
        Concern::FoundLate | Concern::RefundHeldBack => form(Act::Refund),
        _ => None,
    }
}
