//! Days: the approved, refunded and declined amounts of each.

use askama::Template;
use jiff::{ToSpan, civil::Date};
use lambda_http::{Body, Response};
use serde_json::Value;
use tollgate_core::values::{Currency, SignedAmount, Zone};

use crate::{
    api::address,
    frame::Frame,
    pages::{Tab, Visit, download, problem::Problem, rendered},
    words::{self, text},
};

/// How wide the greatest bar is, in the units of its image.
const BAR_WIDTH: u64 = 100;
/// The list of a day's refunds begins so long before: a refund counts on its own day, the list on
/// the payment's.
const REFUNDED_DAYS: i64 = 30;

/// A period in one currency, as the table shows it.
struct Day {
    name: String,
    width: u64,
    count: String,
    amount: String,
    rate: String,
    refunded: String,
    refunds: String,
    at_gateway: String,
    /// Links to its payments, and to those that were approved, declined and refunded.
    all: String,
    approved: String,
    declined: String,
    given_back: String,
}

#[derive(Template)]
#[template(path = "days.html")]
struct DaysPage {
    frame: Frame,
    title: String,
    ranges: Vec<Tab>,
    csv: String,
    unit: &'static str,
    /// `, USD`, unless there are several currencies.
    heading: String,
    days: Vec<Day>,
    is_empty: bool,
    /// Notes on provisional or missing numbers.
    remarks: Vec<String>,
}

/// The days of a range, with one call.
pub(crate) async fn show(visit: &Visit<'_>) -> Result<Response<Body>, Problem> {
    let today = visit.frame.zone.shown(visit.console.clock.now()).date();
    let is_monthly = visit.parameters().get("interval") == Some("month");
    let totals = visit.read(&address_of_totals(visit, today)).await?;
    rendered(&page(visit, &totals, today, is_monthly))
}

/// The same totals as a file.
pub(crate) async fn csv(visit: &Visit<'_>) -> Result<Response<Body>, Problem> {
    let today = visit.frame.zone.shown(visit.console.clock.now()).date();
    download::file(visit, "days.csv", &address_of_totals(visit, today)).await
}

fn address_of_totals(visit: &Visit<'_>, today: Date) -> String {
    let parameters = visit.parameters();
    let week = today.saturating_sub(6.days()).to_string();
    let is_monthly = parameters.get("interval") == Some("month");
    let from = parameters.get("from").unwrap_or(&week);
    let last = if is_monthly { today.strftime("%Y-%m").to_string() } else { today.to_string() };
    let to = parameters.get("to").unwrap_or(&last);
    address(
        "/v2/reports/totals",
        &[
            ("from", from),
            ("to", to),
            ("interval", if is_monthly { "month" } else { "day" }),
            ("time_zone", visit.frame.zone.name()),
            ("by", "currency"),
        ],
    )
}

fn page(visit: &Visit<'_>, totals: &Value, today: Date, is_monthly: bool) -> DaysPage {
    let (meta, query) = (&totals["meta"], visit.request.uri().query().unwrap_or_default());
    let (first, last) = (date(&meta["from"]).unwrap_or(today), date(&meta["to"]).unwrap_or(today));
    let rows = words::list(&totals["data"]);
    let mut currencies = rows.iter().map(|row| text(&row["currency"])).collect::<Vec<_>>();
    currencies.sort();
    currencies.dedup();
    let is_one = currencies.len() <= 1;
    let greatest = rows.iter().filter_map(approved_amount).max().unwrap_or_default();
    let mut days = Vec::new();
    for period in periods(first, last, is_monthly) {
        for code in &currencies {
            let is_wanted = |row: &&Value| row["period"] == *period.key && row["currency"] == *code.as_str();
            let row = rows.iter().find(is_wanted).unwrap_or(&Value::Null);
            let currency = words::currency(&Value::from(code.as_str()));
            days.push(day(&visit.frame, &period, row, &Shown { currency, is_one, greatest, today }));
        }
    }
    DaysPage {
        frame: visit.frame.clone(),
        title: title(first, last, is_monthly, today),
        ranges: ranges(&visit.frame, today, first, is_monthly),
        csv: format!("/{}/days.csv?{query}", visit.frame.merchant),
        unit: if is_monthly { "Month" } else { "Day" },
        heading: if is_one && !rows.is_empty() {
            format!(", {}", currencies.concat())
        } else {
            String::new()
        },
        days,
        is_empty: rows.is_empty(),
        remarks: remarks(meta, &visit.frame.zone),
    }
}

/// `November 20 to 26`.
fn title(first: Date, last: Date, is_monthly: bool, today: Date) -> String {
    let year =
        if is_monthly || last.year() == today.year() { String::new() } else { format!(", {}", last.year()) };
    let begins = if is_monthly { "%B %Y" } else { "%B %-d" };
    let is_same = first.first_of_month() == last.first_of_month();
    let ends = if is_same && !is_monthly { "%-d" } else { begins };
    if first == last || (is_same && is_monthly) {
        return format!("{}{year}", first.strftime(begins));
    }
    format!("{} to {}{year}", first.strftime(begins), last.strftime(ends))
}

fn date(value: &Value) -> Option<Date> {
    value.as_str()?.parse().ok()
}

/// A day or a month.
struct Period {
    /// As the API calls it.
    key: String,
    first: Date,
    last: Date,
    name: String,
}

/// All periods of a range: the API leaves out those without anything.
fn periods(first: Date, last: Date, is_monthly: bool) -> Vec<Period> {
    let mut all = Vec::new();
    let mut first = first;
    while first <= last {
        let end = if is_monthly { first.last_of_month() } else { first };
        let (key, name) = if is_monthly { ("%Y-%m", "%b %Y") } else { ("%Y-%m-%d", "%a, %b %-d") };
        let (key, name) = (first.strftime(key).to_string(), first.strftime(name).to_string());
        all.push(Period { key, first, last: end, name });
        let Ok(next) = end.tomorrow() else { break };
        first = next;
    }
    all
}

/// How amounts are shown, and against which amount bars are.
struct Shown {
    currency: Option<Currency>,
    is_one: bool,
    greatest: SignedAmount,
    today: Date,
}

impl Shown {
    fn money(&self, amount: Option<SignedAmount>) -> String {
        let amount = amount.unwrap_or_default();
        match self.currency {
            None => String::new(),
            Some(currency) if self.is_one => words::number(amount, currency),
            Some(currency) => words::money(amount, currency),
        }
    }
}

fn approved_amount(row: &Value) -> Option<SignedAmount> {
    words::signed(&row["approved_amount"])
}

/// The row of a period without anything is null.
fn day(frame: &Frame, period: &Period, row: &Value, shown: &Shown) -> Day {
    let list = |first: Date, state: &str| {
        let (first, last) = (first.to_string(), period.last.to_string());
        let all = [("from", first.as_str()), ("to", last.as_str()), ("state", state)];
        address(&format!("/{}/payments", frame.merchant), &all)
    };
    let count = |name: &str| row[name].as_u64().unwrap_or_default().to_string();
    let amount = approved_amount(row);
    let held_or_taken = amount.filter(|amount| *amount > SignedAmount::ZERO);
    Day {
        name: if period.last >= shown.today {
            format!("{} so far", period.name)
        } else {
            period.name.clone()
        },
        width: held_or_taken.map_or(0, |amount| amount.parts_of(shown.greatest, BAR_WIDTH).max(1)),
        count: count("approved"),
        amount: shown.money(amount),
        rate: row["approval_rate"].as_f64().map(|rate| format!("{:.2}%", rate * 100.0)).unwrap_or_default(),
        refunded: shown.money(words::signed(&row["returned"]).and_then(SignedAmount::checked_neg)),
        refunds: count("refunds"),
        at_gateway: shown.money(words::signed(&row["at_gateway"])),
        all: list(period.first, ""),
        approved: list(period.first, "approved"),
        declined: list(period.first, "declined"),
        given_back: list(period.first.saturating_sub(REFUNDED_DAYS.days()), "refunded"),
    }
}

fn ranges(frame: &Frame, today: Date, first: Date, is_monthly: bool) -> Vec<Tab> {
    let months = today.first_of_month().saturating_sub(11.months());
    let all = [
        ("Week", today.saturating_sub(6.days()), "day"),
        ("Month", today.saturating_sub(29.days()), "day"),
        ("Year", months, "month"),
    ];
    all.map(|(name, from, interval)| {
        let is_year = interval == "month";
        let format = if is_year { "%Y-%m" } else { "%Y-%m-%d" };
        let stated = from.strftime(format).to_string();
        Tab {
            name,
            address: address(
                &format!("/{}/days", frame.merchant),
                &[("from", stated.as_str()), ("interval", interval)],
            ),
            is_here: first == from && is_monthly == is_year,
        }
    })
    .into()
}

fn remarks(meta: &Value, zone: &Zone) -> Vec<String> {
    let provisional = words::list(&meta["provisional"]);
    let month = |period: &Value| {
        let first = format!("{}-01", text(period)).parse::<Date>();
        first.map_or_else(|_| words::day(period), |first| first.strftime("%B %Y").to_string())
    };
    let named = provisional.iter().map(month).collect::<Vec<_>>();
    let mut remarks = Vec::new();
    let provisional = match named.as_slice() {
        [] => None,
        [one] => Some(format!("{one} is provisional: its numbers can still change.")),
        several => Some(format!("{} are provisional: their numbers can still change.", several.join(", "))),
    };
    remarks.extend(provisional);
    match words::time(&meta["complete_until"]) {
        Some(at) => remarks.push(format!("Counted up to {}.", words::moment(at, zone))),
        None => {
            remarks.push("Nothing has been counted yet: the totals are updated every minute.".to_owned());
        }
    }
    for (member, one, several) in
        [("unreadable", "stored sum", "stored sums"), ("unreadable_entries", "entry", "entries")]
    {
        if let Some(count) = meta[member].as_i64().filter(|count| *count > 0) {
            remarks.push(format!("{} cannot be read and left out.", words::counted(count, one, several)));
        }
    }
    remarks
}
