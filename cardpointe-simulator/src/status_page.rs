//! The status page: the simulator's state, in a browser, without a script.

use http::{HeaderValue, header::CONTENT_SECURITY_POLICY};
use serde_json::Value;

use crate::{amount, lookup, response::Response, state::RecordKind, transaction::Transaction, world::World};

const PATHS: [&str; 3] = ["/", "/_simulator", "/_simulator/"];
const STYLE_PATH: &str = "/_simulator/look.css";

const POLICY: &str = "default-src 'none'; style-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; \
    frame-ancestors 'none'";

/// How much of a request's line is shown: the styles of a form would fill the page.
const LINE_SHOWN: usize = 80;

/// How many records are shown, the newest first.
const SHOWN: usize = 200;

const HEAD: &str = "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
    <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>CardPointe simulator</title>\n\
    <link rel=\"icon\" href=\"data:,\">\n<link rel=\"stylesheet\" href=\"/_simulator/look.css\">\n</head>\n<body>\n\
    <main class=\"wide\">\n<header>\n<h1>CardPointe simulator</h1>\n";

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

/// The page or its style sheet; `None` for every other path.
pub(crate) fn respond(path: &str, world: &World) -> Option<Response> {
    if path == STYLE_PATH {
        return Some(Response::style(tollgate_look::STYLE));
    }
    let mut response = PATHS.contains(&path).then(|| Response::html(&page(world)))?;
    response.headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    Some(response)
}

/// Shows the ledger, the armed faults and the last requests to a person, newest first.
fn page(world: &World) -> String {
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
        row(&[&at, &shortened(&seen.line), &seen.body, &seen.status, &seen.verdict])
    });
    [
        HEAD.to_owned(),
        format!(
            "<p class=\"muted\">{now}. {count} records. Merchant accounts: {accounts}.</p>\n</header>\n\
             <p><a class=\"button\" href=\"/\">Show again</a></p>\n"
        ),
        list("Armed faults", &world.faults.to_json()),
        list("Armed declines", &world.declines.to_json()),
        list("Alterations in force", &world.alterations.to_json()),
        table("Records, newest first", &RECORD_COLUMNS, records),
        table("Last requests, newest first", &REQUEST_COLUMNS, requests),
        "</main>\n</body>\n</html>\n".to_owned(),
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
        "<p class=\"muted\">None.</p>\n".to_owned()
    } else {
        format!("<ul>{}</ul>\n", entries.concat())
    };
    format!("<section>\n<h2>{title}</h2>\n{shown}</section>\n")
}

/// A wide table scrolls by itself, also with the keyboard.
fn table(title: &str, columns: &[&str], rows: impl Iterator<Item = String>) -> String {
    let head = format!("<th scope=\"col\">{}</th>", columns.join("</th><th scope=\"col\">"));
    let rows: String = rows.collect();
    format!(
        "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"{title}\">\n<table>\n\
         <caption>{title}</caption>\n<tr>{head}</tr>\n{rows}</table>\n</div>\n"
    )
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

fn shortened(line: &str) -> String {
    let end =
        line.char_indices().nth(LINE_SHOWN).map(|(end, _)| format!("{} …", line.get(..end).unwrap_or(line)));
    end.unwrap_or_else(|| line.to_owned())
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
