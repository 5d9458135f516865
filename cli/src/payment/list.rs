//! `payment list` and `payment find`: payments without their orders' ids, from the journal, as they are now.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp, civil::Date, tz::TimeZone};
use tollgate::{
    concern::{concerns, is_in_doubt},
    entry_log::{EntryLog, LoggedEntry},
    lambda::JournalConfig,
    listing::{Doubts, Lister, Row, Search},
    order::{MerchantId, Order},
    store::StoreError,
    transaction::Transaction,
};

use super::rows::{self, Found};
use crate::{
    args::{Day, FindPayments, ListPayments, PaymentFilter},
    csv,
    failure::{self, Failure},
    place::Place,
    report::Report,
};

/// A deployment's partitions matter to what is written only.
const SHARDS: u16 = 1;

/// How far back it is looked for what needs attention, unless it is said: longer than an authorization holds.
const ATTENTION_WITHIN: SignedDuration = SignedDuration::from_hours(30 * 24);

/// What is looked for.
struct Wanted<'a> {
    now: Timestamp,
    merchant: &'a MerchantId,
    since: Timestamp,
    until: Timestamp,
    last_four: Option<&'a str>,
    filter: &'a PaymentFilter,
    ends_by: Option<Timestamp>,
    captures_by: Option<Timestamp>,
    needs_attention: bool,
}

pub(crate) async fn list(place: &Place, list: &ListPayments) -> Result<Report, Failure> {
    let now = place.clock.now();
    let soon = now + SignedDuration::from_secs(1);
    let (since, until) = match (list.since, list.day) {
        (Some(since), _) => (since, list.until.unwrap_or(soon)),
        (None, None) if list.needs_attention => (now - ATTENTION_WITHIN, soon),
        (None, day) => range(day.unwrap_or(Day::Today), now)?,
    };
    let &ListPayments { ref merchant, ref filter, ends_by, captures_by, needs_attention, .. } = list;
    let last_four = None;
    let wanted =
        Wanted { now, merchant, since, until, last_four, filter, ends_by, captures_by, needs_attention };
    run(place, wanted).await
}

pub(crate) async fn find(place: &Place, find: &FindPayments) -> Result<Report, Failure> {
    let FindPayments { merchant, last4, filter } = find;
    let now = place.clock.now();
    let wanted = Wanted {
        now,
        merchant,
        since: Timestamp::UNIX_EPOCH,
        until: now + SignedDuration::from_secs(1),
        last_four: Some(last4.as_str()),
        filter,
        ends_by: None,
        captures_by: None,
        needs_attention: false,
    };
    run(place, wanted).await
}

/// The moments at which a day begins and the next one does.
pub(crate) fn range(day: Day, now: Timestamp) -> Result<(Timestamp, Timestamp), Failure> {
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

/// The journal of the table that the argument names, or else the place; nothing is called yet.
pub(crate) fn journal(place: &Place, table: Option<&str>) -> Result<Arc<dyn EntryLog>, Failure> {
    let config = JournalConfig {
        table: place.journal_table(table)?,
        shards: SHARDS,
        region: place.region.clone(),
        dynamodb_url: place.dynamodb_url.clone(),
        credentials: place.credentials.clone(),
    };
    config.log().map_err(|error| Failure::Unavailable(error.to_string()))
}

async fn run(place: &Place, wanted: Wanted<'_>) -> Result<Report, Failure> {
    let filter = wanted.filter;
    let app = place.app()?;
    let log = journal(place, filter.journal_table.as_deref())?;
    let lister = Lister { log: log.as_ref(), store: app.payments.store.as_ref() };
    if filter.csv {
        let mut lines = Vec::new();
        // What is kept of a row is its line: a month's payments are many.
        let keep = |row: Row| lines.extend(rows::csv_line(&row, wanted.now));
        let (next, more_in_doubt) = wanted.read(&lister, keep).await?;
        csv::print(&rows::CSV_HEADER, lines.into_iter())?;
        for line in rows::more(next.as_deref(), more_in_doubt) {
            failure::remark(&line);
        }
        return Ok(Report::nothing());
    }
    let mut rows = Vec::new();
    let (next, more_in_doubt) = wanted.read(&lister, |row| rows.push(row)).await?;
    let newest = lister.newest(wanted.merchant, wanted.now).await.map_err(|error| unread(&error))?;
    let &Wanted { now, merchant, since, until, needs_attention, .. } = &wanted;
    Ok(Found { now, merchant, since, until, needs_attention, rows, next, more_in_doubt, newest }.report())
}

/// The journal could not be read.
pub(crate) fn unread(error: &StoreError) -> Failure {
    Failure::Unavailable(format!("the journal: {error}"))
}

impl Wanted<'_> {
    /// Gives each row away, part after part. Where the next list begins, and whether more can be in doubt.
    async fn read(
        &self,
        lister: &Lister<'_>,
        mut keep: impl FnMut(Row),
    ) -> Result<(Option<String>, bool), Failure> {
        let wants = |order: &Order, transaction: &Transaction| self.wants(order, transaction);
        let may_want = |entry: &LoggedEntry| self.may_want(entry);
        let (mut room, mut more_in_doubt) = (self.filter.limit(), false);
        // What is in doubt may have no fact yet, so it comes first, and from the index.
        if self.needs_attention && self.filter.next.is_none() {
            let has = |order: &Order, transaction: &Transaction| self.has(order, transaction);
            let doubts = lister.in_doubt(self.merchant, self.now, room, &has);
            let Doubts { rows, more } = doubts.await.map_err(|error| unread(&error))?;
            room -= rows.len();
            more_in_doubt = more;
            rows.into_iter().for_each(&mut keep);
        }
        let mut next = self.filter.next.clone();
        loop {
            let search = Search {
                merchant: self.merchant,
                since: self.since,
                until: self.until,
                last_four: self.last_four,
                may_want: &may_want,
                wants: &wants,
                after: next.as_deref(),
                limit: room,
            };
            let part = lister.list(&search).await.map_err(|error| unread(&error))?;
            room -= part.rows.len();
            part.rows.into_iter().for_each(&mut keep);
            next = part.next;
            if next.is_none() || room == 0 {
                return Ok((next, more_in_doubt));
            }
        }
    }

    /// What never changes, and so is in the entry already.
    fn may_want(&self, entry: &LoggedEntry) -> bool {
        self.filter.currency.is_none_or(|wanted| entry.currency.is_none_or(|currency| currency == wanted))
    }

    /// What is in doubt for too long is in the list already.
    fn wants(&self, order: &Order, transaction: &Transaction) -> bool {
        let is_left =
            || !is_in_doubt(transaction, self.now) && !concerns(order, transaction, self.now).is_empty();
        self.has(order, transaction) && (!self.needs_attention || is_left())
    }

    /// What the options ask for.
    fn has(&self, order: &Order, transaction: &Transaction) -> bool {
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
