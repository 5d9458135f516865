//! Deposits: the gateway's payouts, their lines, and their exceptions.

mod exceptions;

use askama::Template;
use jiff::civil::Date;
use lambda_http::{Body, Response, http::StatusCode};
use serde_json::{Value, json};
use tollgate_core::values::SignedAmount;

use crate::{
    api::{Refusal, address, segment},
    frame::Frame,
    pages::{Known, Visit, download, problem::Problem, rendered},
    web::Pairs,
    words::{self, said, text},
};

use exceptions::Mismatch;
pub(crate) use exceptions::{csv as exceptions_csv, exception};

/// How many deposits, and how many lines of a deposit, a page has.
const ROWS: &str = "25";
const LINES: &str = "100";

/// A deposit in the list.
struct Deposit {
    /// Why there is nothing else in the row, if it cannot be read.
    unreadable: String,
    day: String,
    address: String,
    mid: String,
    gross: String,
    refunds: String,
    fees: String,
    chargebacks: String,
    adjustments: String,
    net: String,
    lines: String,
    /// Open exceptions, and lines that are not Tollgate's.
    misfits: String,
}

#[derive(Template)]
#[template(path = "deposits.html")]
struct DepositsPage {
    frame: Frame,
    from: String,
    to: String,
    range: String,
    /// The account of all deposits, if there is only one: then no column says it.
    one_mid: String,
    /// `, USD`, unless there are several currencies.
    heading: String,
    deposits: Vec<Deposit>,
    /// How far the reports were read, and which parts could not be read.
    remarks: Vec<String>,
    mismatches: Vec<Mismatch>,
    /// Whether there are more exceptions than these.
    has_more: bool,
    older: Option<String>,
}

/// The deposits of a range of days and all open exceptions, with two calls.
pub(crate) async fn show(visit: &Visit<'_>) -> Result<Response<Body>, Problem> {
    let parameters = visit.parameters();
    let value = |name: &str| parameters.get(name).unwrap_or_default().to_owned();
    let (from, to, cursor) = (value("from"), value("to"), value("cursor"));
    let filter = filter(&parameters)?;
    let wanted = [("filter", filter.as_str()), ("page[limit]", ROWS), ("page[cursor]", &cursor)];
    let listed = visit.read(&address("/v2/deposits", &wanted)).await?;
    let open = visit.read(&address("/v2/settlement/exceptions", &[("page[limit]", LINES)])).await?;
    rendered(&page(visit, from, to, &listed, &open))
}

/// The same deposits as a file.
pub(crate) async fn csv(visit: &Visit<'_>) -> Result<Response<Body>, Problem> {
    let filter = filter(&visit.parameters())?;
    let wanted = [("filter", filter.as_str()), ("page[limit]", download::ROWS)];
    download::file(visit, "deposits.csv", &address("/v2/deposits", &wanted)).await
}

/// The condition of the range of days.
fn filter(parameters: &Pairs) -> Result<String, Problem> {
    let mut conditions = Vec::new();
    for (operator, name) in [("ge", "from"), ("le", "to")] {
        if let Some(day) = parameters.get(name) {
            conditions.push(format!("{operator}(date,{})", day_of(day)?));
        }
    }
    Ok(conditions.join(":"))
}

/// A day of the address. A browser sends no other text.
fn day_of(typed: &str) -> Result<Date, Problem> {
    typed.parse().map_err(|_| {
        Problem::Refused(Refusal {
            status: StatusCode::BAD_REQUEST,
            code: "invalid_value".to_owned(),
            detail: "A day is written like 2026-11-20.".to_owned(),
            ..Refusal::default()
        })
    })
}

fn page(visit: &Visit<'_>, from: String, to: String, listed: &Value, open: &Value) -> DepositsPage {
    let meta = &listed["meta"];
    let rows = words::list(&listed["data"]);
    let currency = words::the_only(rows, "currency");
    let is_one = currency.is_some();
    // The API looks ahead, because a deposit can be dated after today.
    let today = visit.frame.zone.shown(visit.console.clock.now()).date().to_string();
    let last = if text(&meta["to"]) > today { Value::from(today) } else { meta["to"].clone() };
    let cursor = text(&meta["page"]["cursor"]);
    let here = format!("/{}/deposits", visit.frame.merchant);
    let all = [("from", from.as_str()), ("to", &to), ("cursor", &cursor)];
    DepositsPage {
        frame: visit.frame.clone(),
        range: format!("{} to {}", words::full_day(&meta["from"]), words::full_day(&last)),
        one_mid: words::the_only(rows, "mid").unwrap_or_default(),
        heading: currency.map(|currency| format!(", {currency}")).unwrap_or_default(),
        deposits: rows.iter().map(|row| deposit(&visit.frame, row, is_one)).collect(),
        remarks: remarks(visit, meta),
        mismatches: words::list(&open["data"]).iter().map(|row| Mismatch::new(visit, row)).collect(),
        has_more: !open["meta"]["page"]["cursor"].is_null(),
        older: (!cursor.is_empty()).then(|| address(&here, &all)),
        from,
        to,
    }
}

fn deposit(frame: &Frame, row: &Value, is_one_currency: bool) -> Deposit {
    let shown = |name: &str| words::cell(&row[name], &row["currency"], is_one_currency);
    let count = |value: &Value| value.as_i64().unwrap_or_default();
    let misfits = [(count(&row["unmatched"]), "open"), (count(&row["others"]["lines"]), "not ours")];
    let misfits = misfits.into_iter().filter(|(count, _)| *count > 0);
    let misfits = misfits.map(|(count, what)| format!("{count} {what}"));
    Deposit {
        unreadable: words::unreadable(row).unwrap_or_default(),
        day: words::day(&row["date"]),
        address: frame.deposit(&text(&row["id"]), &text(&row["mid"])),
        mid: said(&row["mid"]),
        gross: shown("gross"),
        refunds: shown("refunds"),
        fees: shown("fees"),
        chargebacks: shown("chargebacks"),
        adjustments: shown("adjustments"),
        net: shown("net"),
        lines: count(&row["lines"]).to_string(),
        misfits: misfits.collect::<Vec<_>>().join(", "),
    }
}

/// How current each account's deposits are.
fn remarks(visit: &Visit<'_>, meta: &Value) -> Vec<String> {
    let mut remarks = Vec::new();
    for account in words::list(&meta["accounts"]) {
        let mid = said(&account["mid"]);
        match words::time(&account["read_at"]) {
            Some(at) => {
                let at = words::moment(at, &visit.frame.zone);
                remarks.push(format!("The reports of {mid} were read {at}."));
            }
            None => remarks.push(format!("No report of {mid} has been read yet.")),
        }
        if account["has_deposits"] == false {
            remarks.push(format!(
                "The gateway offers no deposits of {mid}: its payments are matched with batches only."
            ));
        }
        for unread in words::list(&account["unread"]) {
            let day = words::day(&unread["date"]);
            let cause = said(&unread["cause"]);
            remarks.push(if cause.is_empty() {
                format!("{day} of {mid} is still to be read.")
            } else {
                format!("{day} of {mid} could not be read and will be tried again: {cause}.")
            });
        }
    }
    if let Some(count) = meta["unreadable"].as_i64().filter(|count| *count > 0) {
        let items = words::counted(count, "item cannot be read and is", "items cannot be read and are");
        remarks.push(format!("{items} missing in sums."));
    }
    remarks
}

/// A line of a deposit, or something taken off it.
struct Line {
    retref: String,
    what: String,
    amount: String,
    day: String,
    order: String,
    address: String,
    reference: String,
    remark: String,
}

/// Lines that belong together.
struct Lines {
    name: &'static str,
    all: Vec<Line>,
}

#[derive(Template)]
#[template(path = "deposit.html")]
struct DepositPage {
    frame: Frame,
    day: String,
    net: String,
    id: String,
    mid: String,
    trace_number: String,
    /// The parts of its sum.
    components: Vec<Known>,
    tables: Vec<Lines>,
    /// Amounts in the lines and not in the sum, or in the sum and not ours.
    left_out: Vec<String>,
    mismatches: Vec<Mismatch>,
    csv: String,
    more: Option<String>,
}

/// One deposit with its lines: one call, and another one if something about it does not fit.
pub(crate) async fn one(visit: &Visit<'_>, id: &str) -> Result<Response<Body>, Problem> {
    let parameters = visit.parameters();
    let mut wanted = vec![("page[limit]", LINES)];
    wanted.extend(parameters.get("mid").map(|mid| ("mid", mid)));
    wanted.extend(parameters.get("cursor").map(|cursor| ("page[cursor]", cursor)));
    let body = visit.read(&address(&format!("/v2/deposits/{}", segment(id)), &wanted)).await?;
    let deposit = &body["data"];
    let mut mismatches = Vec::new();
    if deposit["unmatched"].as_i64().is_some_and(|count| count > 0) {
        let filter = format!("eq(mid,{})", text(&deposit["mid"]));
        let wanted = [("filter", filter.as_str()), ("page[limit]", LINES)];
        let open = visit.read(&address("/v2/settlement/exceptions", &wanted)).await?;
        let ours = words::list(&open["data"]).iter().filter(|row| row["deposit"] == deposit["id"]);
        mismatches.extend(ours.map(|row| Mismatch::new(visit, row)));
    }
    let cursor = text(&body["meta"]["page"]["cursor"]);
    let here = format!("/{}/deposits/{}", visit.frame.merchant, segment(id));
    let mid = text(&deposit["mid"]);
    let more = (!cursor.is_empty()).then(|| address(&here, &[("mid", &mid), ("cursor", &cursor)]));
    rendered(&whole(&visit.frame, &body, mismatches, more))
}

/// All lines of a deposit as a file. Without a limit the API sends up to 25,000 lines at once.
pub(crate) async fn lines_csv(visit: &Visit<'_>, id: &str) -> Result<Response<Body>, Problem> {
    let parameters = visit.parameters();
    let mid = parameters.get("mid").unwrap_or_default();
    let path = address(&format!("/v2/deposits/{}", segment(id)), &[("mid", mid)]);
    download::file(visit, "deposit-lines.csv", &path).await
}

fn whole(frame: &Frame, body: &Value, mismatches: Vec<Mismatch>, more: Option<String>) -> DepositPage {
    let deposit = &body["data"];
    let currency = &deposit["currency"];
    let money = |minor: &Value| words::cell(minor, currency, false);
    let list = |name: &str| words::list(&deposit[name]);
    let here = frame.deposit(&text(&deposit["id"]), "");
    let components = list("components").iter();
    let components = components.map(|one| Known::new(component(one), money(&one["amount"])));
    let taken = list("chargeback_details");
    // A chargeback is among the adjustments, too, with less about it.
    let is_taken =
        |one: &Value| !one["case"].is_null() && taken.iter().any(|other| other["case"] == one["case"]);
    let adjustments = list("adjustment_details").iter().filter(|one| !is_taken(one));
    let adjustments = adjustments.map(|one| {
        let name = component(one);
        beside(one, if name.is_empty() { "Unknown".to_owned() } else { name }, money(&one["amount"]))
    });
    let chargebacks = taken.iter().map(|one| {
        let amount = words::signed(&one["amount"]).map(SignedAmount::taken_off);
        beside(one, "Chargeback".to_owned(), money(&json!(amount)))
    });
    let others = &deposit["others"];
    let count = |value: &Value| value.as_i64().unwrap_or_default();
    let foreign = Some(count(&others["lines"])).filter(|count| *count > 0).map(|count| {
        let lines = words::counted(count, "line is", "lines are");
        format!("{lines} not Tollgate's: {} together.", money(&others["sum"]))
    });
    let idle = list("line_details").iter().filter(|line| line["counts"] == false).count();
    let idle = i64::try_from(idle).unwrap_or_default();
    let idle =
        (idle > 0).then(|| format!("{} not in the sum.", words::counted(idle, "line is", "lines are")));
    let unreadable = Some(count(&body["meta"]["unreadable"])).filter(|count| *count > 0);
    let unreadable =
        unreadable.map(|count| format!("{} cannot be read.", words::counted(count, "item", "items")));
    let lines = list("line_details").iter().map(|one| line(frame, one, money(&one["amount"]))).collect();
    let tables = [
        Lines { name: "Lines", all: lines },
        Lines { name: "Adjustments and chargebacks", all: adjustments.chain(chargebacks).collect() },
    ];
    DepositPage {
        frame: frame.clone(),
        day: words::full_day(&deposit["date"]),
        net: money(&deposit["net"]),
        id: said(&deposit["id"]),
        mid: said(&deposit["mid"]),
        trace_number: said(&deposit["trace_number"]),
        components: components.collect(),
        tables: tables.into_iter().filter(|table| !table.all.is_empty()).collect(),
        left_out: [foreign, idle, unreadable].into_iter().flatten().collect(),
        mismatches,
        csv: address(&format!("{here}/lines.csv"), &[("mid", &text(&deposit["mid"]))]),
        more,
    }
}

/// The name of a component.
fn component(row: &Value) -> String {
    match row["component"].as_str().unwrap_or_default() {
        "reversal" => "Chargebacks and reversals".to_owned(),
        other => words::capitalized(&other.replace('_', " ")),
    }
}

/// An adjustment or a chargeback, which is no payment's line.
fn beside(row: &Value, what: String, amount: String) -> Line {
    let texts = [&row["description"], &row["reason"]].map(said).concat();
    let case = said(&row["case"]);
    Line {
        retref: said(&row["retref"]),
        what,
        amount,
        day: words::day(&row["date"]),
        order: String::new(),
        address: String::new(),
        reference: if case.is_empty() { case } else { format!("Case {case}") },
        remark: texts,
    }
}

fn line(frame: &Frame, row: &Value, amount: String) -> Line {
    let kind = match row["kind"].as_str().unwrap_or_default() {
        "sale" => "Payment".to_owned(),
        "refund" => "Refund".to_owned(),
        other => words::capitalized(&other.replace('_', " ")),
    };
    let (order, transaction) = (text(&row["order"]), text(&row["transaction"]));
    let is_known = !order.is_empty() && !transaction.is_empty();
    let cause = text(&row["unmatched"]);
    let remarks = [
        (row["counts"] == false).then(|| format!("Not in the sum: {}", said(&row["status"]))),
        (!is_known).then(|| "Not Tollgate's".to_owned()),
        (!cause.is_empty()).then(|| exceptions::meaning(&cause).title.to_owned()),
    ];
    Line {
        retref: said(&row["retref"]),
        what: kind,
        amount,
        day: words::day(&row["settled_at"]),
        address: if is_known { frame.payment(&order, &transaction) } else { String::new() },
        order: said(&row["order"]),
        reference: said(&row["custom_reference"]),
        remark: remarks.into_iter().flatten().collect::<Vec<_>>().join(". "),
    }
}
