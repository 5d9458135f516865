//! `GET /v2/reports/daily`: a merchant's totals by day, as the schedule keeps them.

use jiff::{Timestamp, civil::Date, tz::TimeZone};
use lambda_http::{Body, Request, RequestExt, Response};
use serde_json::json;
use tollgate_core::{
    journal::{
        Total, TotalLine,
        read_totals::{DAYS_MAX, DailyTotals, daily},
    },
    payments::{Refusal, merchants::Role},
    values::money::Currency,
};

use super::page::{self, Page, wants_csv};
use crate::{
    api::{
        Code,
        caller::Caller,
        exchange::{Handled, Reply},
        failure::Failure,
        problem::Problem,
    },
    invocation::serve,
    ports::Transactions,
    spreadsheet::totals::{COLUMNS, cells, value},
};

/// What a request wants reported.
struct Query {
    first: Date,
    last: Date,
    currency: Option<Currency>,
}

/// `GET /v2/reports/daily?from=…&to=…&currency=…`: totals as JSON, or as CSV. Without days, yesterday's.
pub async fn report_daily(ports: &Transactions, request: &Request) -> Response<Body> {
    serve(request, async {
        let handled = Box::pin(report(ports, request)).await;
        page::response(request, handled, |page| page)
    })
    .await
}

async fn report(ports: &Transactions, request: &Request) -> Handled<Page> {
    let caller = Caller::merchant(&ports.access, request, Role::Read).await?;
    let query = Query::read(request, ports.access.now())?;
    let found = daily(ports.totals.as_ref(), &caller.merchant.id, (query.first, query.last))
        .await
        .map_err(Refusal::Store)?;
    let page = if wants_csv(request) { query.csv(&found)? } else { query.json(&found) };
    Ok(Reply::new(200, page))
}

impl Query {
    fn read(request: &Request, now: Timestamp) -> Result<Self, Failure> {
        let parameters = request.query_string_parameters();
        let mut problems: Vec<Problem> = Vec::new();
        for (name, _) in parameters.iter() {
            if !["from", "to", "currency"].contains(&name) {
                let why = "is not supported; there are from, to and currency";
                problems.push(Problem::of(name, Code::InvalidValue, why));
            }
        }
        let mut day = |name: &str| {
            let text = parameters.first(name)?;
            let day = text.parse::<Date>().ok().filter(|_| text.len() == 10);
            if day.is_none() {
                let why = "must be a UTC day such as 2026-11-20";
                problems.push(Problem::of(name, Code::InvalidValue, why));
            }
            day
        };
        let (from, to) = (day("from"), day("to"));
        let currency = parameters.first("currency").and_then(|code| {
            let currency = code.parse().ok();
            if currency.is_none() {
                problems.push(Problem::of("currency", Code::InvalidValue, "must be a currency's code"));
            }
            currency
        });
        let today = now.to_zoned(TimeZone::UTC).date();
        let yesterday = today.yesterday().unwrap_or(today);
        let first = from.or(to).unwrap_or(yesterday);
        let last = to.unwrap_or(if from.is_some() { today.max(first) } else { yesterday });
        if last < first {
            problems.push(Problem::of("to", Code::InvalidValue, "must not be before from"));
        } else if (last - first).get_days() >= DAYS_MAX {
            let why = format!("must be within {DAYS_MAX} days of from");
            problems.push(Problem::of("to", Code::InvalidValue, why));
        }
        Failure::of_problems(problems)?;
        Ok(Self { first, last, currency })
    }

    fn lines<'a>(&self, found: &'a DailyTotals) -> impl Iterator<Item = (&'a TotalLine, &'a Total, bool)> {
        let currency = self.currency;
        let wanted = move |line: &TotalLine| currency.is_none_or(|currency| line.currency == currency);
        let lines = found.totals.lines().filter(move |(line, _)| wanted(line));
        lines.map(|(line, total)| (line, total, found.provisional.contains(&line.day)))
    }

    fn csv(&self, found: &DailyTotals) -> Result<Page, Failure> {
        let rows = self.lines(found);
        Page::csv(&COLUMNS, rows.map(|(line, total, provisional)| cells(line, total, provisional).to_vec()))
    }

    fn json(&self, found: &DailyTotals) -> Page {
        let data = self.lines(found).map(|(line, total, provisional)| {
            let mut total = value(line, total, provisional);
            total["type"] = json!("daily_total");
            total
        });
        Page::json(&json!({
            "data": data.collect::<Vec<_>>(),
            "meta": {
                "from": self.first,
                "to": self.last,
                "provisional_days": found.provisional,
                "complete_until": found.reached,
            },
        }))
    }
}
