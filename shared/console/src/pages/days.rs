//! Days: the approved, refunded and declined amounts of each, and the reasons of declines.

use askama::Template;
use jiff::{ToSpan, civil::Date};
use lambda_http::{Body, Response};
use tollgate_core::{journal::read_totals::Interval, values::SignedAmount};
use tollgate_wire::{DeclineShare, MonthBody, MonthDay, Total, TotalFigures, Totals, TotalsMeta};

use crate::{
    api::{Failure, address},
    frame::Frame,
    pages::{Tab, Visit, download, problem::Problem, rendered},
    words::{self, said},
};

/// How wide the greatest bar is, in the units of its image.
const BAR_WIDTH: u64 = 100;

/// The names of the cells of a line.
const COLUMNS: [&str; 7] =
    ["Count", "Amount", "Declined", "Approval rate", "Refunds", "Refunded", "At the gateway"];

/// A number of the table, with the address of exactly the rows that it counts. Empty for nothing:
/// a wall of zeros would hide the numbers.
#[derive(Default)]
struct Cell {
    text: String,
    address: String,
}

/// A period in one currency, or all periods, as the table shows it.
struct DayLine {
    name: String,
    /// The address of all its payments.
    all: String,
    width: u64,
    cells: [Cell; 7],
    /// The deposits that have the day's money.
    deposits: Vec<Cell>,
}

/// The declined payments of one reason.
struct Reason {
    name: String,
    address: String,
    width: u64,
    count: u64,
    share: Option<String>,
}

/// The words before or in place of the table.
struct DaysNotice {
    title: &'static str,
    advice: &'static str,
}

#[derive(Template)]
#[template(path = "days.html")]
struct DaysPage {
    frame: Frame,
    title: String,
    ranges: Vec<Tab>,
    csv: String,
    unit: &'static str,
    columns: [&'static str; 7],
    /// Whether days say which deposits they became.
    has_deposits: bool,
    /// `, amounts USD`, unless there are several currencies.
    amounts: String,
    days: Vec<DayLine>,
    /// All periods together, one line for each currency.
    sums: Vec<DayLine>,
    /// The most frequent one first.
    reasons: Vec<Reason>,
    notice: Option<DaysNotice>,
    /// Notes on provisional or missing numbers.
    remarks: Vec<String>,
}

/// The days of a range, with up to three calls: the second one says which deposits the days
/// became, which no month needs, and at the same time the third one why payments were declined.
pub(crate) async fn show(visit: &Visit<'_>) -> Result<Response<Body>, Problem> {
    let totals: Totals = visit.read(&address_of_totals(visit, "currency")).await?;
    let (days, declines) = tokio::try_join!(became(visit, &totals.meta), declines(visit, &totals.meta))?;
    rendered(&page(visit, &totals, &days, &declines))
}

/// The deposits that days became.
async fn became(visit: &Visit<'_>, meta: &TotalsMeta) -> Result<Vec<MonthDay>, Failure> {
    if visit.parameters().get("interval") == Some("month") || meta.sums.is_empty() {
        return Ok(Vec::new());
    }
    let (from, to) = (meta.from.to_string(), meta.to.to_string());
    let range = [("from", from.as_str()), ("to", &to), ("time_zone", visit.frame.zone.name())];
    Ok(visit.read::<MonthBody>(&address("/v2/reports/month", &range)).await?.meta.days)
}

/// The declines of the range by their code, if there are any.
async fn declines(visit: &Visit<'_>, meta: &TotalsMeta) -> Result<Vec<DeclineShare>, Failure> {
    if meta.sums.iter().all(|sum| sum.declined == 0) {
        return Ok(Vec::new());
    }
    let totals: Totals = visit.read(&address_of_totals(visit, "decline_code")).await?;
    Ok(totals.meta.declines.unwrap_or_default())
}

/// The same totals as a file.
pub(crate) async fn csv(visit: &Visit<'_>) -> Result<Response<Body>, Problem> {
    download::file(visit, "days.csv", &address_of_totals(visit, "currency")).await
}

fn address_of_totals(visit: &Visit<'_>, by: &str) -> String {
    let (parameters, today) = (visit.parameters(), visit.today());
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
            ("by", by),
        ],
    )
}

fn page(visit: &Visit<'_>, totals: &Totals, became: &[MonthDay], declines: &[DeclineShare]) -> DaysPage {
    let today = visit.today();
    let query = visit.request.uri().query().unwrap_or_default();
    let is_monthly = visit.parameters().get("interval") == Some("month");
    let meta = &totals.meta;
    let (first, last) = (meta.from, meta.to);
    let rows = &totals.data;
    let greatest = rows.iter().map(|row| row.members.figures.approved_amount.into()).max();
    let shown = Shown {
        merchant: &visit.frame.merchant,
        is_one: meta.sums.len() <= 1,
        greatest: greatest.unwrap_or_default(),
    };
    let periods = periods(meta, is_monthly, today);
    let mut days = Vec::new();
    for period in &periods {
        for sum in &meta.sums {
            let is_wanted = |row: &&Total| {
                row.members.period == period.key && row.members.figures.currency == sum.currency
            };
            let row = rows.iter().find(is_wanted).map(|row| &row.members.figures);
            let of_day =
                |day: &&MonthDay| day.date == period.first && day.currency.as_ref() == Some(&sum.currency);
            let deposits = became.iter().find(of_day).into_iter().flat_map(|day| &day.deposits);
            let deposits = deposits.map(|deposit| Cell {
                text: words::weekday(deposit.date, today),
                address: visit.frame.deposit(&deposit.id, &deposit.mid),
            });
            days.push(DayLine { deposits: deposits.collect(), ..shown.line(period, row) });
        }
    }
    let whole = Period { key: String::new(), first, last, name: "Total".to_owned() };
    let has_sums = periods.len() > 1;
    // A bar compares days.
    let sum = |sum| DayLine { width: 0, ..shown.line(&whole, Some(sum)) };
    let sums = meta.sums.iter().filter(|_| has_sums).map(sum).collect();
    DaysPage {
        frame: visit.frame.clone(),
        title: title(first, last, is_monthly, today),
        ranges: ranges(&visit.frame, today, first, is_monthly),
        csv: format!("/{}/days.csv?{query}", visit.frame.merchant),
        unit: if is_monthly { "Month" } else { "Day" },
        columns: COLUMNS,
        has_deposits: became.iter().any(|day| !day.deposits.is_empty()),
        amounts: words::the_only(meta.sums.iter().map(|sum| sum.currency.as_str()))
            .map(|currency| format!(", amounts {currency}"))
            .unwrap_or_default(),
        days,
        sums,
        reasons: shown.reasons(&whole, declines),
        notice: notice(meta),
        remarks: remarks(meta, &visit.frame),
    }
}

/// The words before or in place of the table. Payments that are not counted yet are no zeros.
fn notice(meta: &TotalsMeta) -> Option<DaysNotice> {
    let (title, advice) = if meta.complete_until.is_none() {
        (
            "Totals are being made for the first time",
            "They are updated every minute, and numbers are missing until then. Payments has all payments.",
        )
    } else if !meta.sums.is_empty() {
        return None;
    } else if meta.provisional.is_empty() {
        ("No payments in these days", "Nothing was approved, declined or refunded. Choose a longer range.")
    } else {
        ("Nothing is counted in these days yet", "Payments are counted a minute or two after they are made.")
    };
    Some(DaysNotice { title, advice })
}

/// `November 20 to 26`. A year is said unless it is the present one.
pub(super) fn title(first: Date, last: Date, is_monthly: bool, today: Date) -> String {
    let month = if is_monthly { "%B %Y" } else { "%B %-d" };
    let year = |day: Date| if is_monthly || day.year() == today.year() { "" } else { ", %Y" };
    let is_same = first.first_of_month() == last.first_of_month();
    let begins = if first.year() == last.year() { "" } else { year(first) };
    let ends = if is_same && !is_monthly { "%-d" } else { month };
    let begin = first.strftime(&format!("{month}{begins}")).to_string();
    if first == last || (is_same && is_monthly) {
        return begin + &last.strftime(year(last)).to_string();
    }
    format!("{begin} to {}", last.strftime(&format!("{ends}{}", year(last))))
}

/// A day or a month.
struct Period {
    /// As the API calls it.
    key: String,
    first: Date,
    last: Date,
    name: String,
}

/// All periods of a range: the API leaves out those without anything. A period whose numbers can
/// still change says so.
fn periods(meta: &TotalsMeta, is_monthly: bool, today: Date) -> Vec<Period> {
    let mut all = Vec::new();
    let mut first = meta.from;
    while first <= meta.to {
        let last = if is_monthly { first.last_of_month() } else { first };
        let key = first.strftime(if is_monthly { "%Y-%m" } else { "%Y-%m-%d" }).to_string();
        let name =
            if is_monthly { first.strftime("%b %Y").to_string() } else { words::weekday(first, today) };
        let name = if last >= today {
            format!("{name} so far")
        } else if meta.provisional.contains(&key) {
            format!("{name}, provisional")
        } else {
            name
        };
        all.push(Period { key, first, last, name });
        let Ok(next) = last.tomorrow() else { break };
        first = next;
    }
    all
}

/// A share of payments.
fn percent(rate: f64) -> String {
    format!("{:.2}%", rate * 100.0)
}

/// How amounts are shown, and against which amount bars are.
struct Shown<'a> {
    merchant: &'a str,
    /// Whether all amounts are in one currency.
    is_one: bool,
    greatest: SignedAmount,
}

impl Shown<'_> {
    /// A period; one without anything has no figures.
    fn line(&self, period: &Period, figures: Option<&TotalFigures>) -> DayLine {
        let amount = figures.map(|figures| SignedAmount::from(figures.approved_amount)).unwrap_or_default();
        let is_shown = amount > SignedAmount::ZERO;
        DayLine {
            name: period.name.clone(),
            all: self.rows(period, "", "payments", &[]),
            width: if is_shown { amount.parts_of(self.greatest, BAR_WIDTH).max(1) } else { 0 },
            cells: figures.map(|figures| self.cells(period, figures)).unwrap_or_default(),
            deposits: Vec::new(),
        }
    }

    fn cells(&self, period: &Period, figures: &TotalFigures) -> [Cell; 7] {
        let currency = if self.is_one { "" } else { figures.currency.as_str() };
        let rows = |page: &str, part| self.rows(period, currency, page, &[part]);
        let approved = rows("payments", ("state", "approved"));
        let given_back = rows("month", ("rows", "given_back"));
        let at_gateway = rows("month", ("rows", "at_gateway"));
        let money = |amount: SignedAmount| words::if_any(amount, &figures.currency, self.is_one);
        let returned = SignedAmount::from(figures.changes.returned);
        let count = |count: u64| if count == 0 { String::new() } else { count.to_string() };
        let rate = figures.approval_rate.map(percent);
        [
            Cell { text: count(figures.approved), address: approved.clone() },
            Cell { text: money(figures.approved_amount.into()), address: approved },
            Cell { text: count(figures.declined), address: rows("payments", ("state", "declined")) },
            Cell { text: rate.unwrap_or_default(), address: String::new() },
            Cell { text: count(figures.refund_count), address: given_back.clone() },
            Cell { text: money(returned.checked_neg().unwrap_or_default()), address: given_back },
            Cell { text: money(figures.changes.at_gateway.into()), address: at_gateway },
        ]
    }

    /// The reasons of the declines of a period.
    fn reasons(&self, period: &Period, declines: &[DeclineShare]) -> Vec<Reason> {
        let greatest = declines.first().map_or(1, |most| most.declined).max(1);
        let reason = |one: &DeclineShare| {
            let currency = if self.is_one { "" } else { one.currency.as_str() };
            let name = words::capitalized(&words::decline(&said(&*one.decline_code)));
            let only = [("state", "declined"), ("decline_code", one.decline_code.as_str())];
            Reason {
                name: words::joined([name, currency.to_owned()], ", "),
                address: self.rows(period, currency, "payments", &only),
                width: (one.declined.saturating_mul(BAR_WIDTH) / greatest).max(1),
                count: one.declined,
                share: one.decline_rate.map(percent),
            }
        };
        declines.iter().map(reason).collect()
    }

    /// The address of a part of the rows of a period, in one currency if there are several. Empty
    /// where the page has no rows of so many days.
    fn rows(&self, period: &Period, currency: &str, page: &str, part: &[(&str, &str)]) -> String {
        let days = (period.last - period.first).get_days();
        if page == "month" && days >= Interval::Day.days_max() {
            return String::new();
        }
        let (first, last) = (period.first.to_string(), period.last.to_string());
        let range = [("from", first.as_str()), ("to", &last), ("currency", currency)];
        address(&format!("/{}/{page}", self.merchant), &[&range, part].concat())
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
    let mut remarks = Vec::new();
    if !meta.provisional.is_empty() {
        remarks.push("Numbers so far, and provisional ones, can still change.".to_owned());
    }
    remarks.extend(meta.complete_until.map(|at| format!("Counted up to {}.", frame.moment(at))));
    let sums = i64::try_from(meta.unreadable).unwrap_or(i64::MAX);
    let entries = i64::try_from(meta.unreadable_entries).unwrap_or(i64::MAX);
    for (count, one, several) in [(sums, "stored sum", "stored sums"), (entries, "entry", "entries")] {
        if count > 0 {
            remarks.push(format!("{} cannot be read and left out.", words::counted(count, one, several)));
        }
    }
    remarks
}
