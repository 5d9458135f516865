//! The status page: what the simulator knows, in a browser, without a script.

use serde_json::Value;

use crate::{amount, lookup, state::RecordKind, transaction::Transaction, world::World};

/// How many records are shown, the newest first.
const SHOWN: usize = 200;

const HEAD: &str = "<!doctype html>\n<html lang=\"en\">\n<head><meta charset=\"utf-8\">\
    <meta http-equiv=\"refresh\" content=\"10\"><title>CardPointe simulator</title><style>\
    body{font:14px system-ui,sans-serif;margin:2em}\
    table{border-collapse:collapse;width:100%}td,th{text-align:left;padding:3px 8px;\
    border-bottom:1px solid #ddd;vertical-align:top}th{background:#f4f4f4}\
    code,td{overflow-wrap:anywhere}</style></head>\n<body>\n<h1>CardPointe simulator</h1>\n";

const RECORD_COLUMNS: [&str; 10] = [
    "retref",
    "kind",
    "merchid",
    "order id",
    "amount",
    "setlstat",
    "response",
    "token",
    "batch",
    "authorized",
];

const REQUEST_COLUMNS: [&str; 5] = ["time", "request", "body, masked", "status", "response"];

/// Shows the ledger, the armed faults and the last requests to a person, newest first.
pub(crate) fn page(world: &World) -> String {
    let now = world.now().strftime("%Y-%m-%d %H:%M:%S UTC");
    let count = world.ledger.all().len();
    let accounts: Vec<String> = world
        .merchants
        .iter()
        .map(|merchant| {
            format!("{} ({}, {})", merchant.merchid, merchant.processor.name(), merchant.currency)
        })
        .collect();
    let accounts = escaped(&accounts.join(", "));
    let records = world.ledger.all().iter().rev().take(SHOWN).map(|transaction| record(world, transaction));
    let requests = world.requests.newest_first().map(|seen| {
        let at = seen.at.strftime("%H:%M:%S").to_string();
        row(&[&at, &seen.line, &seen.body, &seen.status, &seen.verdict])
    });
    [
        HEAD.to_owned(),
        format!("<p>{now}. {count} records. Merchant accounts: {accounts}.</p>\n"),
        list("Armed faults", &world.faults.to_json()),
        list("Alterations in force", &world.alterations.to_json()),
        table("Last requests, newest first", &REQUEST_COLUMNS, requests),
        table("Records, newest first", &RECORD_COLUMNS, records),
        "</body>\n</html>\n".to_owned(),
    ]
    .concat()
}

fn list(title: &str, entries: &Value) -> String {
    let entries: Vec<String> = entries
        .as_array()
        .into_iter()
        .flatten()
        .map(|entry| format!("<li><code>{}</code></li>\n", escaped(&entry.to_string())))
        .collect();
    let shown = if entries.is_empty() {
        "<p>None.</p>\n".to_owned()
    } else {
        format!("<ul>{}</ul>\n", entries.concat())
    };
    format!("<h2>{title}</h2>\n{shown}")
}

fn table(title: &str, columns: &[&str], rows: impl Iterator<Item = String>) -> String {
    let head = format!("<th>{}</th>", columns.join("</th><th>"));
    let rows: String = rows.collect();
    format!("<h2>{title}</h2>\n<table>\n<tr>{head}</tr>\n{rows}</table>\n")
}

fn row(cells: &[&str]) -> String {
    let cells: Vec<String> = cells.iter().map(|cell| escaped(cell)).collect();
    format!("<tr><td>{}</td></tr>\n", cells.join("</td><td>"))
}

fn record(world: &World, transaction: &Transaction) -> String {
    let sign = if transaction.kind == RecordKind::Refund { -1 } else { 1 };
    let verdict = transaction.verdict;
    row(&[
        &transaction.retref,
        transaction.kind.name(),
        &transaction.merchid,
        &transaction.order_id,
        &format!("{} {}", amount::format(sign * transaction.amount), transaction.currency),
        &lookup::shown_setlstat(world, transaction),
        &format!("{} {} {}", verdict.processor, verdict.code, verdict.text),
        &transaction.token,
        transaction.batchid.as_deref().unwrap_or_default(),
        &transaction.authorized_at.strftime("%Y-%m-%d %H:%M:%S").to_string(),
    ])
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
