//! A month that ties out: its movements beside the deposits that arrived, and the rows of each
//! number.

use askama::Template;
use jiff::{ToSpan, civil::Date};
use lambda_http::{Body, Response};
use tollgate_core::{
    settlement::{Figure, MonthCheck, RowKind},
    values::SignedAmount,
};
use tollgate_wire::{Month, MonthBody, MonthDays, MonthFigure, MonthRow, SignedMinor, Word};

use crate::{
    api::address,
    frame::Frame,
    pages::{Known, Visit, days, deposits, download, problem::Problem, rendered},
    words::{self, Tone, causes, said},
};

/// How many rows a page has.
const ROWS: &str = "25";
/// Its decimals are those of an amount without a currency.
const NO_CURRENCY: &str = "USD";
/// Figures that are shown even without rows.
const ALWAYS: [Figure; 4] = [Figure::Taken, Figure::AtGateway, Figure::InDeposit, Figure::Net];
const RESULTS: [Figure; 3] = [Figure::AtGateway, Figure::Moved, Figure::Net];

/// The days of a report, which links lead to.
#[derive(Clone, Copy)]
struct Days<'a> {
    merchant: &'a str,
    first: Date,
    last: Date,
    /// The merchant's day.
    today: Date,
}

#[derive(Template)]
#[template(path = "month.html")]
struct MonthPage<'a> {
    frame: &'a Frame,
    days: Days<'a>,
    body: &'a MonthBody,
    /// The months around.
    months: Vec<Known>,
    verdict: String,
    tone: Tone,
    /// Differences, and reports that cannot be read.
    reasons: Vec<Known>,
    /// The figure whose rows are listed.
    listed: Option<Figure>,
    /// The currency of all rows, if there is one.
    currency: Option<String>,
    /// Account and currency that were chosen.
    chosen: [(&'a str, &'a str); 2],
    provisional: Option<String>,
}

/// A month, with the rows of a figure: of none, those that explain the difference. One call.
pub(crate) async fn show(visit: &Visit<'_>) -> Result<Response<Body>, Problem> {
    let parameters = visit.parameters();
    let value = |name| parameters.get(name).unwrap_or_default();
    let figure = parameters.get("rows").unwrap_or(Figure::Difference.as_str());
    let paged = [("rows", figure), ("page[limit]", ROWS), ("page[cursor]", value("cursor"))];
    let body: MonthBody = visit.read(&report(visit, &paged)).await?;
    let (frame, meta) = (&visit.frame, &body.meta);
    let days = Days { merchant: &frame.merchant, first: meta.from, last: meta.to, today: visit.today() };
    let reasons = reasons(visit, days, &body);
    let (verdict, tone) = verdict(days, &body.data, reasons.is_empty());
    let has_rows =
        parameters.get("rows").is_some() || body.rows.as_ref().is_some_and(|rows| !rows.is_empty());
    rendered(&MonthPage {
        months: months(days),
        verdict,
        tone,
        reasons,
        listed: Figure::from_name(figure).filter(|_| has_rows),
        currency: words::the_only(body.data.iter().filter_map(|month| month.currency.as_deref())),
        chosen: ["mid", "currency"].map(|name| (name, value(name))),
        provisional: provisional(&body),
        frame,
        days,
        body: &body,
    })
}

/// All rows as a file, or those of one figure.
pub(crate) async fn csv(visit: &Visit<'_>) -> Result<Response<Body>, Problem> {
    let parameters = visit.parameters();
    let rows = [("rows", parameters.get("rows").unwrap_or_default())];
    download::file(visit, "movements.csv", &report(visit, &rows)).await
}

/// The report of the chosen days, account and currency.
fn report(visit: &Visit<'_>, rows: &[(&str, &str)]) -> String {
    let parameters = visit.parameters();
    let mut all = vec![("time_zone", visit.frame.zone.name())];
    let chosen = ["month", "from", "to", "mid", "currency"];
    all.extend(chosen.map(|name| (name, parameters.get(name).unwrap_or_default())));
    all.extend(rows);
    address("/v2/reports/month", &all)
}

impl Days<'_> {
    fn is_month(&self) -> bool {
        self.first == self.first.first_of_month() && self.last == self.first.last_of_month()
    }

    fn title(&self) -> String {
        days::title(self.first, self.last, self.is_month(), self.today)
    }

    /// A part of these days.
    fn part(&self, part: MonthDays) -> Self {
        Self { first: part.from, last: part.to, ..*self }
    }

    /// A page or file of these days.
    fn address(&self, page: &str, more: &[(&str, &str)]) -> String {
        let [first, last] = [self.first, self.last].map(|day| day.to_string());
        let month = self.first.strftime("%Y-%m").to_string();
        let of_days = [("from", first.as_str()), ("to", &last)];
        let of_month = [("month", month.as_str())];
        let days: &[(&str, &str)] = if self.is_month() { &of_month } else { &of_days };
        address(&format!("/{}/{page}", self.merchant), &[days, more].concat())
    }

    /// The page with the rows of a figure of one account and currency.
    fn rows(&self, month: &Month, figure: &str) -> String {
        let currency = month.currency.as_deref().unwrap_or_default();
        self.address("month", &[("rows", figure), ("mid", &month.mid), ("currency", currency)])
    }
}

/// The months around these days, up to the present one, and the last one.
fn months(days: Days<'_>) -> Vec<Known> {
    let (shown, present) = (days.first.first_of_month(), days.today.first_of_month());
    let [before, last] = [shown, present].map(|month| month.saturating_sub(1.month()));
    let mut all = vec![before, shown, shown.saturating_add(1.month()), last, present];
    all.retain(|month| *month <= present);
    all.sort_unstable();
    all.dedup();
    let link = |first: Date| {
        let month = Days { first, last: first.last_of_month(), ..days };
        Known { address: month.address("month", &[]), ..Known::new(month.title(), "") }
    };
    all.into_iter().map(link).collect()
}

fn verdict(days: Days<'_>, data: &[Month], is_whole: bool) -> (String, Tone) {
    let name = if days.is_month() { days.first.strftime("%B").to_string() } else { days.title() };
    let so_far = if days.last < days.today { "" } else { " so far" };
    if data.is_empty() {
        (format!("There are no movements and no deposits in {name}{so_far}."), Tone::Quiet)
    } else if data.iter().any(|month| !month.differs.is_empty()) {
        (format!("{name} does not tie out{so_far}."), Tone::Bad)
    } else if is_whole {
        (format!("{name} ties out to the cent{so_far}."), Tone::Good)
    } else {
        (format!("{name} ties out to the cent as far as it can be read."), Tone::Waiting)
    }
}

/// The checks that fail, with the addresses of the rows that explain them, and the missing data.
fn reasons(visit: &Visit<'_>, days: Days<'_>, body: &MonthBody) -> Vec<Known> {
    let mut all = Vec::new();
    for month in &body.data {
        all.extend(month.differs.iter().map(|check| reason(days, month, check)));
    }
    for account in &body.meta.accounts {
        let never = format!("No report of {} has been read yet.", said(&*account.mid));
        all.extend(account.read_at.is_none().then(|| Known::new(never, "")));
        let unread = account.unread.iter().filter(|unread| days.first <= unread.date);
        all.extend(unread.map(|unread| Known::new(deposits::unread(visit, account, unread), "")));
    }
    all.extend(deposits::left_out(body.meta.unreadable).map(|text| Known::new(text, "")));
    all
}

fn reason(days: Days<'_>, month: &Month, check: &Word<MonthCheck>) -> Known {
    let money = |amount: SignedMinor| money(amount, month.currency.as_deref(), false);
    let amount = |figure| figure_of(month, figure).map(|one| money(one.amount)).unwrap_or_default();
    let leads = |name: &str, figure: Figure| Known {
        address: days.rows(month, figure.as_str()),
        ..Known::new(name, amount(figure))
    };
    match check.known() {
        Some(MonthCheck::Counted) => {
            let (counted, own) = (money(month.counted), amount(Figure::AtGateway));
            Known::new(format!("The page Days says {counted} at the gateway, and these movements {own}."), "")
        }
        Some(MonthCheck::Difference) => leads("Deposits and movements differ by", Figure::Difference),
        Some(MonthCheck::DepositsDiffer) => {
            leads("Deposits differ from their lines and components by", Figure::DepositsDiffer)
        }
        None => Known::new(words::capitalized(&words::plain(check)), ""),
    }
}

/// The days whose totals can still change.
fn provisional(body: &MonthBody) -> Option<String> {
    let days = body.meta.provisional.as_slice();
    let first = words::day(*days.first()?);
    let several = format!("The totals of {} days from {first} on are still provisional.", days.len());
    let one = format!("The totals of {first} are still provisional.");
    Some(if days.len() > 1 { several } else { one })
}

/// An amount of a currency, or of none.
fn money(amount: impl Into<SignedAmount>, code: Option<&str>, is_one_currency: bool) -> String {
    words::cell(amount, code.unwrap_or(NO_CURRENCY), is_one_currency || code.is_none())
}

fn figure_of(month: &Month, figure: Figure) -> Option<&MonthFigure> {
    month.figures.iter().find(|one| one.figure == figure)
}

/// The figures of a table. The movements come to the same with fees, unless there are some.
fn figures(month: &Month, first: Figure, last: Figure) -> Vec<&MonthFigure> {
    let has_fees = figure_of(month, Figure::CustomerFees).is_some_and(|fees| fees.count > 0);
    let is_shown = |one: &&MonthFigure| {
        one.figure.known().is_some_and(|figure| {
            (first..=last).contains(&figure)
                && (one.count > 0 || ALWAYS.contains(&figure))
                && (has_fees || figure != Figure::Moved)
        })
    };
    month.figures.iter().filter(is_shown).collect()
}

impl MonthPage<'_> {
    /// A page or file with the rows that are listed.
    fn listed(&self, page: &str, figure: Figure, cursor: &str) -> String {
        let [mid, currency] = self.chosen;
        self.days.address(page, &[("rows", figure.as_str()), mid, currency, ("cursor", cursor)])
    }

    fn what(row: &MonthRow) -> String {
        let kind = words::plain(&row.kind);
        let kind = if row.kind == RowKind::Line { "deposit line".to_owned() } else { kind };
        words::capitalized(&row.fact.as_ref().map_or(kind, words::plain))
    }

    fn amount(&self, row: &MonthRow, figure: Figure) -> String {
        let found = row.figures.iter().find(|one| one.figure == figure);
        let money = |amount| money(amount, row.currency.as_deref(), self.currency.is_some());
        found.map(|one| money(one.amount)).unwrap_or_default()
    }
}
