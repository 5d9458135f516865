//! Days: the approved, refunded and declined amounts of each.

use askama::Template;
use jiff::{ToSpan, civil::Date};
use lambda_http::{Body, Response};
use tollgate_core::values::SignedAmount;
use tollgate_wire::{Total, Totals, TotalsMeta};

use crate::{
    api::address,
    frame::Frame,
    pages::{Tab, Visit, download, problem::Problem, rendered},
    words::{self, said},
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
    count: u64,
    amount: String,
    /// The share of approved payments, where there were any.
    rate: Option<String>,
    refunded: String,
    refund_count: u64,
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
    let totals: Totals = visit.read(&address_of_totals(visit, today)).await?;
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

fn page(visit: &Visit<'_>, totals: &Totals, today: Date, is_monthly: bool) -> DaysPage {
    let query = visit.request.uri().query().unwrap_or_default();
    let (first, last) = (totals.meta.from, totals.meta.to);
    let rows = &totals.data;
    let mut currencies = rows.iter().map(|row| row.members.currency.as_str()).collect::<Vec<_>>();
    currencies.sort_unstable();
    currencies.dedup();
    let is_one = currencies.len() <= 1;
    let greatest = rows.iter().map(approved_amount).max().unwrap_or_default();
    let mut days = Vec::new();
    for period in periods(first, last, is_monthly) {
        for currency in &currencies {
            let is_wanted =
                |row: &&Total| row.members.period == period.key && row.members.currency == *currency;
            let row = rows.iter().find(is_wanted);
            let shown = Shown { currency, is_one, greatest, today };
            days.push(day(&visit.frame, &period, row, &shown));
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
        remarks: remarks(&totals.meta, &visit.frame),
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
struct Shown<'a> {
    currency: &'a str,
    is_one: bool,
    greatest: SignedAmount,
    today: Date,
}

fn approved_amount(row: &Total) -> SignedAmount {
    row.members.approved_amount.into()
}

/// A period without anything has no row.
fn day(frame: &Frame, period: &Period, row: Option<&Total>, shown: &Shown<'_>) -> Day {
    let list = |first: Date, state: &str| {
        let (first, last) = (first.to_string(), period.last.to_string());
        let all = [("from", first.as_str()), ("to", last.as_str()), ("state", state)];
        address(&format!("/{}/payments", frame.merchant), &all)
    };
    let money = |amount: SignedAmount| words::cell(amount, shown.currency, shown.is_one);
    let amount = row.map(approved_amount).unwrap_or_default();
    let row = row.map(|row| &row.members);
    let rate = row.and_then(|row| row.approval_rate);
    let returned = row.map(|row| SignedAmount::from(row.changes.returned)).unwrap_or_default();
    let at_gateway = row.map(|row| SignedAmount::from(row.changes.at_gateway)).unwrap_or_default();
    Day {
        name: if period.last >= shown.today {
            format!("{} so far", period.name)
        } else {
            period.name.clone()
        },
        width: if amount > SignedAmount::ZERO {
            amount.parts_of(shown.greatest, BAR_WIDTH).max(1)
        } else {
            0
        },
        count: row.map(|row| row.approved).unwrap_or_default(),
        amount: money(amount),
        rate: rate.map(|rate| format!("{:.2}%", rate * 100.0)),
        refunded: money(returned.checked_neg().unwrap_or_default()),
        refund_count: row.map(|row| row.refund_count).unwrap_or_default(),
        at_gateway: money(at_gateway),
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

fn remarks(meta: &TotalsMeta, frame: &Frame) -> Vec<String> {
    let named = |period: &String| {
        let month = format!("{period}-01").parse::<Date>().map(|first| first.strftime("%B %Y").to_string());
        month.or_else(|_| period.parse::<Date>().map(words::day)).unwrap_or_else(|_| said(period.as_str()))
    };
    let named = meta.provisional.iter().map(named).collect::<Vec<_>>();
    let mut remarks = Vec::new();
    let provisional = match named.as_slice() {
        [] => None,
        [one] => Some(format!("{one} is provisional: its numbers can still change.")),
        several => Some(format!("{} are provisional: their numbers can still change.", several.join(", "))),
    };
    remarks.extend(provisional);
    remarks.push(meta.complete_until.map_or_else(
        || "Nothing has been counted yet: the totals are updated every minute.".to_owned(),
        |at| format!("Counted up to {}.", frame.moment(at)),
    ));
    let sums = i64::try_from(meta.unreadable).unwrap_or(i64::MAX);
    let entries = i64::try_from(meta.unreadable_entries).unwrap_or(i64::MAX);
    for (count, one, several) in [(sums, "stored sum", "stored sums"), (entries, "entry", "entries")] {
        if count > 0 {
            remarks.push(format!("{} cannot be read and left out.", words::counted(count, one, several)));
        }
    }
    remarks
}
