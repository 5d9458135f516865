//! A month that ties out: its movements beside the deposits that arrived, and the rows of each
//! number.

use askama::Template;
use jiff::{ToSpan, civil::Date};
use lambda_http::{Body, Response};
use tollgate_core::{
    settlement::{Figure, RowKind},
    values::SignedAmount,
};
use tollgate_wire::{Month, MonthBody, MonthDays, MonthFigure, MonthRow, SignedMinor};

use crate::{
    api::address,
    frame::Frame,
    pages::{Known, Visit, download, problem::Problem, rendered},
    words::{self, Tone, causes, said},
};

/// How many rows a page has.
const ROWS: &str = "25";
/// Its decimals are those of an amount without a currency.
const NO_CURRENCY: &str = "USD";
/// Figures that are shown even without rows.
const ALWAYS: [Figure; 4] = [Figure::Taken, Figure::AtGateway, Figure::InDeposit, Figure::Net];
const RESULTS: [Figure; 3] = [Figure::AtGateway, Figure::Moved, Figure::Net];

/// Some days of one month, which links lead to.
#[derive(Clone, Copy)]
struct Days<'a> {
    merchant: &'a str,
    first: Date,
    last: Date,
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
    let days = Days { merchant: &frame.merchant, first: meta.from, last: meta.to };
    let today = frame.zone.shown(visit.console.clock.now()).date();
    let reasons = reasons(days, &body);
    let (verdict, tone) = verdict(days, today, &body.data, reasons.is_empty());
    let has_rows =
        parameters.get("rows").is_some() || body.rows.as_ref().is_some_and(|rows| !rows.is_empty());
    rendered(&MonthPage {
        months: months(days, today),
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

    /// `November 2026`, `November 20, 2026` or `November 20 to 22, 2026`.
    fn title(&self) -> String {
        let (first, year) = (self.first.strftime("%B %-d"), self.last.year());
        if self.is_month() {
            self.first.strftime("%B %Y").to_string()
        } else if self.first == self.last {
            format!("{first}, {year}")
        } else {
            format!("{first} to {}, {year}", self.last.day())
        }
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
fn months(days: Days<'_>, today: Date) -> Vec<Known> {
    let (shown, present) = (days.first.first_of_month(), today.first_of_month());
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

fn verdict(days: Days<'_>, today: Date, data: &[Month], is_whole: bool) -> (String, Tone) {
    let name = if days.is_month() { days.first.strftime("%B").to_string() } else { days.title() };
    let so_far = if days.last < today { "" } else { " so far" };
    if data.is_empty() {
        (format!("There are no movements and no deposits in {name}{so_far}."), Tone::Quiet)
    } else if !data.iter().all(|month| month.ties_out) {
        (format!("{name} does not tie out{so_far}."), Tone::Bad)
    } else if is_whole {
        (format!("{name} ties out to the cent{so_far}."), Tone::Good)
    } else {
        (format!("{name} ties out to the cent as far as it can be read."), Tone::Waiting)
    }
}

/// The control sums that are not zero, with the addresses of their rows, and what is missing.
fn reasons(days: Days<'_>, body: &MonthBody) -> Vec<Known> {
    let mut all = Vec::new();
    for month in &body.data {
        let money = |amount: SignedMinor| money(amount, month.currency.as_deref(), false);
        for (figure, name) in [
            (Figure::Difference, "Deposits and movements differ by"),
            (Figure::DepositsDiffer, "Deposits differ from their lines and components by"),
        ] {
            let address = days.rows(month, figure.as_str());
            let found = figure_of(month, figure).filter(|one| one.amount.0 != 0);
            all.extend(found.map(|one| Known { address, ..Known::new(name, money(one.amount)) }));
        }
        let found = figure_of(month, Figure::AtGateway).filter(|one| one.amount != month.counted);
        all.extend(found.map(|one| {
            let [counted, own] = [month.counted, one.amount].map(money);
            Known::new(format!("The page Days says {counted} at the gateway, and these movements {own}."), "")
        }));
    }
    all.extend(missing(days, body).map(|text| Known::new(text, "")));
    all
}

/// Reports and items that cannot be read.
fn missing(days: Days<'_>, body: &MonthBody) -> impl Iterator<Item = String> {
    let reports = body.meta.accounts.iter().flat_map(move |account| {
        let mid = said(&*account.mid);
        let never = account.read_at.is_none().then(|| format!("No report of {mid} has been read yet."));
        let unread = account.unread.iter().filter(move |unread| days.first <= unread.date);
        never.into_iter().chain(
            unread.map(move |unread| format!("{} of {mid} is still to be read.", words::day(unread.date))),
        )
    });
    let count = i64::try_from(body.meta.unreadable).unwrap_or(i64::MAX);
    let items = words::counted(count, "item cannot be read and is", "items cannot be read and are");
    reports.chain((count > 0).then(|| format!("{items} missing in sums.")))
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
