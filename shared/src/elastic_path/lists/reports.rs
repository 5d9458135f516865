//! `GET /v2/reports/totals`: a merchant's totals by month or day of a time zone, as the schedule
//! keeps them.

use jiff::Timestamp;
use lambda_http::Request;
use tollgate_core::{
    journal::{
        Fact,
        read_totals::{Days, Dimension, Interval, PeriodTotals, Periods, Selection, TotalRow, read_totals},
    },
    order::Kind,
    payments::Role,
    values::{Brand, Currency, DeclineCode, Zone},
};
use tollgate_wire::{Total, Totals, TotalsMeta, constant::TotalType};

use crate::{
    api::{Caller, Failure, Handled, Page, Reply},
    elastic_path::{lists::Rows, lists::downloads::as_wanted, lists::filter::is_mid, request::Parameters},
    ports::Transactions,
    spreadsheet::{
        FileRow as _,
        totals::{Shown, decline_share, figures, value},
    },
};

const KNOWN: [&str; 11] = [
    "from",
    "to",
    "interval",
    "time_zone",
    "by",
    "currency",
    "operation",
    "fact",
    "mid",
    "brand",
    "decline_code",
];

struct Query {
    interval: Interval,
    days: Days,
    zone: Zone,
    periods: Periods,
    selection: Selection,
}

handlers! {
    /// `GET /v2/reports/totals?from=…&to=…&interval=…&time_zone=…&by=…`: totals as JSON, or as CSV.
    /// Without days, yesterday's.
    report_totals(Transactions) => report();
}

async fn report(ports: &Transactions, request: &Request) -> Handled<Page> {
    let caller = Caller::reader(&ports.access, request, Role::Read).await?;
    let now = ports.access.now();
    let query = Query::read(request, now)?;
    let (store, merchant) = (ports.totals.as_ref(), &caller.merchant.id);
    let found = read_totals(store, merchant, &query.periods, &query.selection).await?;
    let body = |rows| query.body(rows, &found);
    let page = as_wanted(&ports.access, &caller, request, query.rows(&found), body).await?;
    Ok(Reply::new(200, page))
}

impl Query {
    fn read(request: &Request, now: Timestamp) -> Result<Self, Failure> {
        let mut parameters = Parameters::of(request, &KNOWN);
        let mut days = |name| {
            let wrong = "must be a day such as 2026-11-20, or a month such as 2026-11";
            parameters.read(name, Days::parse, wrong)
        };
        let (from, to) = (days("from"), days("to"));
        let intervals = one_of(Interval::ALL.iter().map(|one| one.as_str()));
        let interval = parameters.read("interval", Interval::from_name, &intervals);
        let zone = parameters.time_zone();
        let selection = read_selection(&mut parameters);
        // Days that could not be read make no range.
        let is_read = parameters.problems.is_empty();
        let range = Days::of_report(from, to, interval, zone.shown(now).date());
        let range = range.and_then(|(days, interval)| {
            let periods = Periods::new(interval, days, &zone)?;
            Ok(Self { interval, days, zone, periods, selection })
        });
        if let (true, Err(error)) = (is_read, &range) {
            parameters.invalid("to", &error.to_string());
        }
        parameters.finish()?;
        range.map_err(|error| Failure::unavailable(&error.to_string()))
    }

    fn shown<'a>(&'a self, found: &'a PeriodTotals) -> impl Iterator<Item = Shown<'a>> {
        found.rows.iter().filter_map(|row: &TotalRow| {
            let period = self.periods.all().get(row.period)?;
            let is_provisional = found.provisional.contains(&row.period);
            Some(Shown { selection: &self.selection, period, row, is_provisional })
        })
    }

    fn rows<'a>(&'a self, found: &'a PeriodTotals) -> Rows<'a, Total> {
        let cells = self.shown(found).map(|shown| shown.cells());
        let values = self.shown(found).map(|shown| Total { members: value(shown), kind: TotalType });
        Rows::new(Shown::names(), cells, values)
    }

    fn body(&self, data: Vec<Total>, found: &PeriodTotals) -> Totals {
        let provisional = found.provisional.iter().filter_map(|position| self.periods.all().get(*position));
        let meta = TotalsMeta {
            from: self.days.first,
            to: self.days.last,
            interval: self.interval.into(),
            time_zone: self.zone.name().to_owned(),
            by: self.selection.by.iter().map(|one| (*one).into()).collect(),
            sums: found.sums.iter().map(figures).collect(),
            declines: found.declines.as_ref().map(|rows| rows.iter().map(decline_share).collect()),
            provisional: provisional.map(|period| period.name.clone()).collect(),
            complete_until: found.complete_until,
            unreadable: found.unreadable.len(),
            unreadable_entries: found.left_out,
        };
        Totals { data, meta }
    }
}

fn read_selection(parameters: &mut Parameters<'_>) -> Selection {
    let names = std::iter::once("currency").chain(Dimension::ALL.iter().map(|one| one.as_str()));
    let by = parameters.read("by", Dimension::parse_all, &format!("{}, with commas", one_of(names)));
    let currency = |code: &str| code.parse::<Currency>().ok();
    let currencies = parameters.read("currency", each(currency), "must be currencies' codes");
    let mut only = Vec::new();
    for dimension in Dimension::ALL.iter().copied() {
        let values =
            parameters.read(dimension.as_str(), each(|text| value_of(dimension, text)), &wrong(dimension));
        only.extend(values.map(|values| (dimension, values)));
    }
    let selection = Selection::default();
    Selection { by: by.unwrap_or(selection.by), currencies: currencies.unwrap_or_default(), only }
}

/// Each of some values with commas between them.
fn each<T>(read: impl Fn(&str) -> Option<T>) -> impl Fn(&str) -> Option<Vec<T>> {
    move |text| text.split(',').map(&read).collect()
}

/// A value of a dimension as sums have it.
fn value_of(dimension: Dimension, text: &str) -> Option<String> {
    let word = match dimension {
        Dimension::Operation => Kind::from_name(text)?.as_str(),
        Dimension::Fact => Fact::from_name(text)?.as_str(),
        Dimension::Brand => Brand::ALL.iter().find(|brand| brand.name().eq_ignore_ascii_case(text))?.name(),
        Dimension::DeclineCode => DeclineCode::from_name(text)?.as_str(),
        Dimension::Mid => Some(text).filter(|text| is_mid(text))?,
    };
    Some(word.to_owned())
}

fn wrong(dimension: Dimension) -> String {
    match dimension {
        Dimension::Operation => one_of(Kind::ALL.iter().map(|one| one.as_str())),
        Dimension::Fact => one_of(Fact::ALL.iter().map(|one| one.as_str())),
        Dimension::Brand => one_of(Brand::ALL.iter().map(|one| one.name())),
        Dimension::DeclineCode => "must be a decline code".to_owned(),
        Dimension::Mid => "must be a MID".to_owned(),
    }
}

fn one_of<'a>(words: impl Iterator<Item = &'a str>) -> String {
    format!("must be one of {}", words.collect::<Vec<_>>().join(", "))
}
