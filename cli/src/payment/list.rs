//! `payment list` and `payment find`: payments without their orders' ids, from the journal, as they are now.

use jiff::{SignedDuration, Timestamp, civil::Date, tz::TimeZone};
use serde_json::{Value, json};
use tollgate::{
    card::Brand,
    entry_log::LoggedEntry,
    lambda::JournalConfig,
    listing::{Lister, Listing, Row, Search},
    order::{MerchantId, Order},
    transaction::Transaction,
};

use super::history::{time, words};
use crate::{
    args::{Day, FindPayments, ListPayments, PaymentFilter},
    failure::Failure,
    place::Place,
    report::Report,
};

/// A deployment's partitions matter to what is written only.
const SHARDS: u16 = 1;

/// The columns of a list.
const HEADER: [&str; 9] =
    ["TIME", "STATUS", "AMOUNT", "CAPTURED", "REFUNDED", "CARD", "RETREF", "ORDER", "TRANSACTION"];

/// What is looked for.
struct Wanted<'a> {
    merchant: &'a MerchantId,
    since: Timestamp,
    until: Timestamp,
    last_four: Option<&'a str>,
    filter: &'a PaymentFilter,
    ends_by: Option<Timestamp>,
    captures_by: Option<Timestamp>,
}

pub(crate) async fn list(place: &Place, list: &ListPayments) -> Result<Report, Failure> {
    let now = place.clock.now();
    let (since, until) = match (list.since, list.day) {
        (Some(since), _) => (since, list.until.unwrap_or(now + SignedDuration::from_secs(1))),
        (None, day) => range(day.unwrap_or(Day::Today), now)?,
    };
    let &ListPayments { ref merchant, ref filter, ends_by, captures_by, .. } = list;
    run(place, Wanted { merchant, since, until, last_four: None, filter, ends_by, captures_by }).await
}

pub(crate) async fn find(place: &Place, find: &FindPayments) -> Result<Report, Failure> {
    let FindPayments { merchant, last4, filter } = find;
    let until = place.clock.now() + SignedDuration::from_secs(1);
    let (since, last_four) = (Timestamp::UNIX_EPOCH, Some(last4.as_str()));
    run(place, Wanted { merchant, since, until, last_four, filter, ends_by: None, captures_by: None }).await
}

/// The moments at which a day begins and the next one does.
fn range(day: Day, now: Timestamp) -> Result<(Timestamp, Timestamp), Failure> {
    let today = now.to_zoned(TimeZone::UTC).date();
    let out_of_range = |_| Failure::Input("--day is out of range".to_owned());
    let day = match day {
        Day::Today => today,
        Day::Yesterday => today.yesterday().map_err(out_of_range)?,
        Day::On(date) => date,
    };
    let begins = |date: Date| date.to_zoned(TimeZone::UTC).map(|at| at.timestamp()).map_err(out_of_range);
    Ok((begins(day)?, begins(day.tomorrow().map_err(out_of_range)?)?))
}

async fn run(place: &Place, wanted: Wanted<'_>) -> Result<Report, Failure> {
    let app = place.app()?;
    let config = JournalConfig {
        table: place.journal_table(wanted.filter.journal_table.as_deref())?,
        shards: SHARDS,
        region: place.region.clone(),
        dynamodb_url: place.dynamodb_url.clone(),
        credentials: place.credentials.clone(),
    };
    let failed = |why: String| Failure::Unavailable(why);
    let log = config.log().map_err(|error| failed(error.to_string()))?;
    let lister = Lister { log: log.as_ref(), store: app.payments.store.as_ref() };
    let wants = |order: &Order, transaction: &Transaction| wanted.wants(order, transaction);
    let may_want = |entry: &LoggedEntry| wanted.may_want(entry);
    let (mut rows, mut next) = (Vec::new(), wanted.filter.next.clone());
    loop {
        let search = Search {
            merchant: wanted.merchant,
            since: wanted.since,
            until: wanted.until,
            last_four: wanted.last_four,
            may_want: &may_want,
            wants: &wants,
            after: next.as_deref(),
            limit: wanted.filter.limit - rows.len(),
        };
        let Listing { rows: found, next: on, .. } =
            lister.list(&search).await.map_err(|error| failed(format!("the journal: {error}")))?;
        rows.extend(found);
        next = on;
        if next.is_none() || rows.len() >= wanted.filter.limit {
            break;
        }
    }
    let newest = lister.newest(wanted.merchant, place.clock.now()).await;
    let newest = newest.map_err(|error| failed(format!("the journal: {error}")))?;
    Ok(report(&wanted, &rows, next.as_deref(), newest))
}

impl Wanted<'_> {
    /// What never changes, and so is in the entry already.
    fn may_want(&self, entry: &LoggedEntry) -> bool {
        self.filter.currency.is_none_or(|wanted| entry.currency.is_none_or(|currency| currency == wanted))
    }

    fn wants(&self, order: &Order, transaction: &Transaction) -> bool {
        let PaymentFilter { amount, currency, status, .. } = self.filter;
        let has = |amount: &String| {
            [transaction.amount(), transaction.captured()]
                .iter()
                .any(|own| order.currency.decimal(*own) == *amount)
        };
        let ends = |by: Timestamp| {
            !transaction.capturable().is_zero()
                && transaction.authorization_expires_at.is_some_and(|expires| expires <= by)
        };
        amount.as_ref().is_none_or(has)
            && currency.is_none_or(|currency| order.currency == currency)
            && status.is_none_or(|status| transaction.status() == status)
            && self.ends_by.is_none_or(ends)
            && self.captures_by.is_none_or(|by| transaction.next_capture_attempt().is_some_and(|at| at <= by))
    }
}

fn report(wanted: &Wanted<'_>, rows: &[Row], next: Option<&str>, newest: Option<Timestamp>) -> Report {
    let mut lines = vec![HEADER.map(str::to_owned)];
    lines.extend(rows.iter().filter_map(cells));
    let widths: [usize; 9] =
        std::array::from_fn(|n| lines.iter().map(|cells| cells[n].chars().count()).max().unwrap_or_default());
    let line = |cells: &[String; 9]| {
        let padded = cells.iter().zip(widths).map(|(cell, width)| format!("{cell:<width$}"));
        padded.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    let mut text: Vec<String> = lines.iter().map(line).collect();
    let come = newest.map_or_else(
        || "the journal has no entry of today or yesterday".to_owned(),
        |newest| format!("the journal has come to {}", time(newest)),
    );
    let plural = if rows.len() == 1 { "" } else { "s" };
    text.push(format!("{} payment{plural}; {come}", rows.len()));
    if let Some(next) = next {
        text.push(format!("There may be more: --next '{next}'"));
    }
    let value = json!({
        "merchant": wanted.merchant,
        "since": wanted.since,
        "until": wanted.until,
        "newest_entry_at": newest,
        "next": next,
        "payments": rows.iter().filter_map(row_value).collect::<Vec<_>>(),
    });
    Report::new(text.join("\n"), value)
}

fn cells(row: &Row) -> Option<[String; 9]> {
    let order = &row.order;
    let transaction = order.transaction(row.transaction)?;
    let decimal = |amount| order.currency.decimal(amount);
    let digits = transaction.card.last_four.as_deref().unwrap_or("????");
    let brand = transaction.card.brand.map_or("card", Brand::name);
    Some([
        time(row.at).to_string(),
        words(transaction.status().as_str()),
        format!("{} {}", decimal(transaction.amount()), order.currency),
        decimal(transaction.captured()),
        decimal(transaction.refunded()),
        format!("{brand} {digits}"),
        transaction.reference().unwrap_or("-").to_owned(),
        order.id.to_string(),
        transaction.id.to_string(),
    ])
}

/// Amounts are minor units.
fn row_value(row: &Row) -> Option<Value> {
    let order = &row.order;
    let transaction = order.transaction(row.transaction)?;
    Some(json!({
        "at": row.at,
        "order": order.id,
        "transaction": transaction.id,
        "method": transaction.method.as_str(),
        "status": transaction.status().as_str(),
        "currency": order.currency.code(),
        "amount": transaction.amount(),
        "captured": transaction.captured(),
        "refunded": transaction.refunded(),
        "brand": transaction.card.brand.map(Brand::name),
        "last_four": transaction.card.last_four,
        "reference": transaction.reference(),
        "custom_reference": transaction.custom_reference,
        "merchant_reference": transaction.memo.as_ref().map(|memo| &memo.reference),
        "authorization_expires_at": transaction.authorization_expires_at,
        "next_capture_attempt": transaction.next_capture_attempt(),
    }))
}
