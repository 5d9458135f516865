//! Days: the approved, refunded and declined amounts of each.

use std::collections::BTreeMap;

use askama::Template;
use jiff::{ToSpan, civil::Date};
use lambda_http::{Body, Response};
use serde_json::Value;
use tollgate_core::values::{Currency, Zone};

use crate::{
    api::address,
    frame::Frame,
    pages::{Tab, Visit, download, problem::Problem, rendered},
    words::{self, text},
};

/// How wide the greatest bar is, in the units of its image.
const BAR_WIDTH: i64 = 100;
/// The list of a day's refunds begins so long before: a refund counts on its own day, the list on
/// the payment's.
const REFUNDED_DAYS: i64 = 30;

/// The sums of one period and currency.
#[derive(Default)]
struct Sums {
    approved: i64,
    amount: i64,
    /// Authorizations and purchases, by operation: each row of an operation has the same number.
    payments: BTreeMap<String, i64>,
    returned: i64,
    refunds: i64,
    at_gateway: i64,
}

impl Sums {
    fn add(&mut self, total: &Value) {
        let number = |name: &str| total[name].as_i64().unwrap_or_default();
        let operation = text(&total["operation"]);
        self.at_gateway += number("at_gateway");
        self.returned += number("returned");
        self.approved += number("approved");
        if ["authorize", "purchase"].contains(&operation.as_str()) {
            // An amount that a rule refused was neither held nor taken, so it does not count here
            // either.
            self.amount += number("held") + number("paid");
            self.payments.insert(operation, number("payments"));
        } else if total["fact"] == "refunded" {
            self.refunds += number("count");
        }
    }

    /// In tenths of a percent, rounded down: 100% means all.
    fn approval_rate(&self) -> Option<String> {
        let payments = self.payments.values().sum::<i64>();
        let rate = self.approved.checked_mul(1000)?.checked_div(payments)?;
        Some(format!("{}.{}%", rate / 10, rate % 10))
    }
}

/// A period in one currency, as the table shows it.
struct Day {
    name: String,
    width: i64,
    count: String,
    amount: String,
    rate: String,
    refunded: String,
    refunds: String,
    at_gateway: String,
    /// Links to its payments, its declined payments, and its refunded payments.
    all: String,
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
            ("by", "operation,fact"),
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
    let mut sums = BTreeMap::<(String, String), Sums>::new();
    for row in rows {
        sums.entry((text(&row["period"]), text(&row["currency"]))).or_default().add(row);
    }
    let is_one = currencies.len() <= 1;
    let greatest = sums.values().map(|sums| sums.amount).max().unwrap_or_default().max(1);
    let mut days = Vec::new();
    for period in periods(first, last, is_monthly) {
        for currency in &currencies {
            let sums = sums.remove(&(period.key.clone(), currency.clone())).unwrap_or_default();
            let shown =
                Shown { currency: words::currency(&Value::from(currency.as_str())), is_one, greatest, today };
            days.push(day(&visit.frame, &period, &sums, &shown));
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
    greatest: i64,
    today: Date,
}

impl Shown {
    fn money(&self, minor: i64) -> String {
        match self.currency {
            None => String::new(),
            Some(currency) if self.is_one => words::number(minor, currency),
            Some(currency) => words::money(minor, currency),
        }
    }
}

fn day(frame: &Frame, period: &Period, sums: &Sums, shown: &Shown) -> Day {
    let list = |first: Date, state: &str| {
        let (first, last) = (first.to_string(), period.last.to_string());
        let all = [("from", first.as_str()), ("to", last.as_str()), ("state", state)];
        address(&format!("/{}/payments", frame.merchant), &all)
    };
    let width = sums.amount.saturating_mul(BAR_WIDTH).checked_div(shown.greatest).unwrap_or_default();
    Day {
        name: if period.last >= shown.today {
            format!("{} so far", period.name)
        } else {
            period.name.clone()
        },
        width: if sums.amount > 0 { width.max(1) } else { 0 },
        count: sums.approved.to_string(),
        amount: shown.money(sums.amount),
        rate: sums.approval_rate().unwrap_or_default(),
        refunded: shown.money(-sums.returned),
        refunds: sums.refunds.to_string(),
        at_gateway: shown.money(sums.at_gateway),
        all: list(period.first, ""),
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
