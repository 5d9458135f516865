//! `GET /v2/reports/month`: movements and deposits of a month, in figures and in rows.

use std::collections::BTreeMap;

use jiff::Timestamp;
use lambda_http::{Request, RequestExt as _};
use tollgate_core::{
    journal::{
        is_cursor,
        read_totals::{Days, Interval, Periods},
    },
    payments::Role,
    settlement::{Figure, MonthReader, MonthReport, MonthRow, MonthSums, WantedMonth},
    values::{Currency, SignedAmount, Zone},
};
use tollgate_wire::{
    self as wire, DepositOfDay, Links, MonthBody, MonthDay, MonthDays, MonthFigure, MonthMeta, RowFigure,
    constant::{MonthRowType, MonthType},
};

use super::account_value;
use crate::{
    api::{Caller, Failure, Handled, Page, Reply},
    elastic_path::{
        lists::Rows,
        lists::downloads::as_wanted,
        lists::filter::is_mid,
        lists::paging::{ROWS_MAX, read_limit},
        request::Parameters,
        response::page::wants_csv,
    },
    ports::Transactions,
    spreadsheet::FileRow as _,
};

const KNOWN: [&str; 9] =
    ["month", "from", "to", "time_zone", "rows", "mid", "currency", "page[limit]", "page[cursor]"];

handlers! {
    /// `GET /v2/reports/month?month=…`: the figures as JSON, with the rows of one; or rows as CSV.
    report_month(Transactions) => report();
}

/// A month, or some of its days; and which rows of them.
struct MonthQuery {
    days: Days,
    zone: Zone,
    periods: Periods,
    rows: Option<Figure>,
    account: Option<String>,
    currency: Option<Currency>,
    /// Most rows of a page.
    limit: usize,
    after: Option<String>,
}

async fn report(ports: &Transactions, request: &Request) -> Handled<Page> {
    let caller = Caller::reader(&ports.access, request, Role::Read).await?;
    let query = MonthQuery::read(request, ports.access.now())?;
    let merchant = &caller.merchant.id;
    let stores = &ports.settlement;
    let reader = MonthReader {
        totals: ports.totals.as_ref(),
        log: ports.log.as_ref(),
        lines: stores.lines.as_ref(),
        deposits: stores.deposits.as_ref(),
        now: ports.access.now(),
    };
    let accounts = stores.progress.of(merchant).await?;
    let MonthQuery { days, ref zone, ref periods, .. } = query;
    let wanted = WantedMonth { merchant, days, zone, periods, accounts: &accounts };
    let found = reader.report(&wanted).await?;
    let is_file = wants_csv(request);
    let most = match query.rows {
        _ if is_file => usize::MAX,
        Some(_) => query.limit + 1,
        None => 0,
    };
    let wanted_rows = found.rows.iter().filter(|row| query.wants(row)).take(most);
    let mut rows: Vec<MonthRow> = wanted_rows.cloned().collect();
    let mut cursor = None;
    if !is_file && rows.len() > query.limit {
        rows.truncate(query.limit);
        cursor = rows.last().map(MonthRow::position);
    }
    let rows = reader.look_up(merchant, rows).await?;
    let sums = found.sums()?;
    let of_query = sums.iter().filter(|sums| query.is_of(&sums.account, sums.currency));
    let data: Vec<wire::Month> = of_query.map(month_value).collect();
    let meta = MonthMeta {
        accounts: accounts.iter().map(account_value).collect(),
        cursor: cursor.clone(),
        ..query.meta(&found)?
    };
    let body = |rows| MonthBody {
        data,
        rows: query.rows.is_some().then_some(rows),
        links: Links { next: cursor.map(|cursor| next_rows(request, &cursor)) },
        meta,
    };
    let cells = rows.iter().map(|it| it.cells());
    let rows = Rows::new(<&MonthRow>::names(), cells, rows.iter().map(month_row_value));
    let page = as_wanted(&ports.access, &caller, request, rows, body).await?;
    Ok(Reply::new(200, page.of_now()))
}

impl MonthQuery {
    fn read(request: &Request, now: Timestamp) -> Result<Self, Failure> {
        let mut parameters = Parameters::of(request, &KNOWN);
        let zone = parameters.time_zone();
        let month = parameters.read(
            "month",
            |text| Days::parse(text).filter(|_| text.len() == 7),
            "must be a month such as 2026-11",
        );
        let mut day = |name| {
            let wrong = "must be a day such as 2026-11-20";
            parameters.read(name, |text| text.parse().ok(), wrong)
        };
        let (from, to) = (day("from"), day("to"));
        let today = zone.shown(now).date();
        let month =
            month.or_else(|| Days::parse(&from.or(to).unwrap_or(today).strftime("%Y-%m").to_string()));
        let month = month.unwrap_or(Days { first: today, last: today });
        let days = Days { first: from.unwrap_or(month.first), last: to.unwrap_or(month.last) };
        let figures: Vec<&str> = Figure::ALL.iter().map(|figure| figure.as_str()).collect();
        let wrong = format!("must be one of {}", figures.join(", "));
        let rows = parameters.read("rows", Figure::from_name, &wrong);
        let account = parameters.read("mid", |mid| is_mid(mid).then(|| mid.to_owned()), "must be a MID");
        let currency = parameters.read("currency", |code| code.parse().ok(), "must be a currency's code");
        let limit = read_limit(&mut parameters).unwrap_or(ROWS_MAX);
        let after = parameters.read(
            "page[cursor]",
            |cursor| is_cursor(cursor).then(|| cursor.to_owned()),
            "is not a cursor of this list; begin again without it",
        );
        let periods = Periods::new(Interval::Day, days, &zone);
        if let (true, Err(error)) = (parameters.problems.is_empty(), &periods) {
            parameters.invalid("to", &error.to_string());
        }
        parameters.finish()?;
        let periods = periods.map_err(|error| Failure::unavailable(&error.to_string()))?;
        Ok(Self { days, zone, periods, rows, account, currency, limit, after })
    }

    fn is_of(&self, account: &str, currency: Option<Currency>) -> bool {
        self.account.as_ref().is_none_or(|wanted| wanted == account)
            && self.currency.is_none_or(|wanted| Some(wanted) == currency)
    }

    fn wants(&self, row: &MonthRow) -> bool {
        self.is_of(&row.account, row.currency)
            && self.rows.is_none_or(|figure| row.amounts.contains_key(&figure))
            && self.after.as_ref().is_none_or(|after| row.position() > *after)
    }

    /// Without accounts and rows.
    fn meta(&self, found: &MonthReport) -> Result<MonthMeta, Failure> {
        let days = found.by_day(&self.zone)?.into_iter().map(|day| MonthDay {
            date: day.date,
            currency: day.currency.map(|currency| currency.code().to_owned()),
            at_gateway: day.at_gateway.into(),
            deposits: day
                .deposits
                .into_iter()
                .map(|one| DepositOfDay {
                    id: one.id,
                    mid: one.account,
                    date: one.date,
                    amount: one.amount.into(),
                })
                .collect(),
        });
        Ok(MonthMeta {
            from: found.days.first,
            to: found.days.last,
            time_zone: self.zone.name().to_owned(),
            parts: found.parts.iter().map(|part| MonthDays { from: part.first, to: part.last }).collect(),
            days: days.collect(),
            provisional: found.provisional.clone(),
            complete_until: found.complete_until,
            accounts: Vec::new(),
            unreadable: found.unreadable,
            cursor: None,
        })
    }
}

/// The same request with a cursor.
fn next_rows(request: &Request, cursor: &str) -> String {
    let parameters = request.query_string_parameters();
    let mut query: BTreeMap<&str, &str> = parameters.iter().collect();
    query.insert("page[cursor]", cursor);
    format!("?{}", form_urlencoded::Serializer::new(String::new()).extend_pairs(query).finish())
}

fn month_value(sums: &MonthSums) -> wire::Month {
    let figure = |figure: &Figure| {
        let sum = sums.figures.get(figure).copied().unwrap_or_default();
        MonthFigure { figure: (*figure).into(), count: sum.count, amount: sum.amount.into() }
    };
    wire::Month {
        kind: MonthType,
        mid: sums.account.clone(),
        currency: sums.currency.map(|currency| currency.code().to_owned()),
        figures: Figure::ALL.iter().map(figure).collect(),
        counted: sums.counted.into(),
        differs: sums.differs().into_iter().map(Into::into).collect(),
    }
}

fn month_row_value(row: &MonthRow) -> wire::MonthRow {
    let entry = row.entry.as_ref();
    let movement = row.movement();
    let figure = |(figure, amount): (&Figure, &_)| {
        let amount: SignedAmount = *amount;
        RowFigure { figure: (*figure).into(), amount: amount.into() }
    };
    wire::MonthRow {
        row_type: MonthRowType,
        kind: row.kind.into(),
        at: movement.map(|entry| entry.at.into()),
        fact: movement.map(|entry| entry.fact.into()),
        mid: row.account.clone(),
        currency: row.currency.map(|currency| currency.code().to_owned()),
        retref: row.reference.clone(),
        order: entry.map(|entry| entry.order.order.to_string()),
        transaction: entry.map(|entry| entry.transaction),
        deposit: row.deposit.as_ref().map(|deposit| deposit.id.clone()),
        date: row.deposit.as_ref().map(|deposit| deposit.day),
        cause: row.cause.map(Into::into),
        figures: row.amounts.iter().map(figure).collect(),
    }
}
