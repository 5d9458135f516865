//! `GET /v2/reports/daily`: a merchant's totals by day, as the schedule keeps them.

use jiff::{Timestamp, civil::Date, tz::TimeZone};
use lambda_http::Request;
use serde_json::json;
use tollgate_core::{
    journal::{
        Total, TotalLine,
        read_totals::{DAYS_MAX, DailyTotals, daily},
    },
    payments::{Refusal, Role, Unreadable},
    values::Currency,
};

use super::{
    page::{csv, wants_csv},
    parameters::Parameters,
};
use crate::{
    api::{
        caller::Caller,
        exchange::{Handled, Page, Reply},
        failure::Failure,
    },
    ports::Transactions,
    spreadsheet::totals::{COLUMNS, cells, value},
};

/// What a request wants reported.
struct Query {
    first: Date,
    last: Date,
    currency: Option<Currency>,
}

handlers! {
    /// `GET /v2/reports/daily?from=…&to=…&currency=…`: totals as JSON, or as CSV. Without days, yesterday's.
    report_daily(Transactions) => report();
}

async fn report(ports: &Transactions, request: &Request) -> Handled<Page> {
    let caller = Caller::merchant(&ports.access, request, Role::Read).await?;
    let query = Query::read(request, ports.access.now())?;
    let found = daily(ports.totals.as_ref(), &caller.merchant.id, (query.first, query.last))
        .await
        .map_err(Refusal::Store)?;
    found.unreadable.iter().for_each(Unreadable::note);
    let page = if wants_csv(request) { query.csv(&found)? } else { query.json(&found) };
    Ok(Reply::new(200, page))
}

impl Query {
    fn read(request: &Request, now: Timestamp) -> Result<Self, Failure> {
        let mut parameters = Parameters::of(request, &["from", "to", "currency"]);
        let mut day = |name| {
            let day = |text: &str| text.parse::<Date>().ok().filter(|_| text.len() == 10);
            parameters.read(name, day, "must be a UTC day such as 2026-11-20")
        };
        let (from, to) = (day("from"), day("to"));
        let code = |code: &str| code.parse().ok();
        let currency = parameters.read("currency", code, "must be a currency's code");
        let today = now.to_zoned(TimeZone::UTC).date();
        let yesterday = today.yesterday().unwrap_or(today);
        let first = from.or(to).unwrap_or(yesterday);
        let last = to.unwrap_or(if from.is_some() { today.max(first) } else { yesterday });
        if last < first {
            parameters.invalid("to", "must not be before from");
        } else if (last - first).get_days() >= DAYS_MAX {
            parameters.invalid("to", &format!("must be within {DAYS_MAX} days of from"));
        }
        parameters.finish()?;
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
        csv(&COLUMNS, rows.map(|(line, total, provisional)| cells(line, total, provisional).to_vec()))
    }

    fn json(&self, found: &DailyTotals) -> Page {
        let data = self.lines(found).map(|(line, total, provisional)| {
            let mut total = value(line, total, provisional);
            total["type"] = json!("daily_total");
            total
        });
        Page::from(json!({
            "data": data.collect::<Vec<_>>(),
            "meta": {
                "from": self.first,
                "to": self.last,
                "provisional_days": found.provisional,
                "complete_until": found.reached,
                "unreadable": found.unreadable.len(),
            },
        }))
    }
}
