//! `journal rebuild`: every order's entries, from the table into the journal.
//!
//! It may run beside the live consumer, and again after it was interrupted: entries have fixed ids
//! and are put only if absent.

pub(crate) mod compare;
pub(crate) mod deposits;
pub(crate) mod list;

use std::{collections::BTreeSet, sync::Arc};

use aws_sdk_dynamodb::types::AttributeValue;
use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use tollgate::{
    dynamodb::{
        Item,
        journal::{BUCKET, PARKED, SORT},
        orders::stream::whole_order,
    },
    secrets_manager::SecretKind,
};
use tollgate_core::{
    journal::{Change, EntryStore, JournalReport, NoSearchKeys, SearchKeys, entries, record},
    values::Clock,
};
use uuid::Uuid;

use crate::{
    args::Rebuild,
    aws::Aws,
    failure::{Failure, UNHEALTHY, remark},
    installation::{Installation, aws_http_client},
    report::Report,
};

/// How often a page is tried.
const TRIES: usize = 5;

/// By how much the operator's clock may be slow: AWS refuses requests that are five minutes off.
const AHEAD: SignedDuration = SignedDuration::from_mins(10);

/// The result of a run.
#[derive(Default)]
struct Totals {
    orders: usize,
    new: usize,
    known: usize,
    differing: usize,
    deposits: usize,
    unreadable: BTreeSet<String>,
}

pub(crate) async fn rebuild(installation: &Installation, rebuild: &Rebuild) -> Result<Report, Failure> {
    let aws = Aws::new(installation)?;
    let (table, journal) =
        (installation.table()?, installation.journal_table(rebuild.journal_table.as_deref())?);
    let store = installation.journal_in(journal.clone()).entries(&aws_http_client()?);
    let keys = search_keys(installation)?;
    let (now, mut totals, mut from) = (installation.clock.now(), Totals::default(), None);
    loop {
        let (items, next) = aws.scan(table, from).await?;
        let changes: Vec<_> = items.into_iter().filter_map(whole_order).collect();
        totals.orders += changes.len();
        for change in &changes {
            if !change.orders.as_ref().is_ok_and(|(_, order)| order.is_recognized()) {
                totals.unreadable.insert(change.key.clone());
            }
        }
        if rebuild.dry_run {
            let readable = changes.iter().filter_map(|change| change.orders.as_ref().ok());
            let made = readable.flat_map(|(_, order)| entries(None, order));
            totals.known += made.filter(|entry| !installation.retention.is_over(entry.at, now)).count();
        } else {
            let report =
                put(store.as_ref(), keys.as_ref(), &changes, &Ahead(installation.clock.as_ref())).await?;
            totals.new += report.new;
            totals.known += report.known;
            totals.differing += report.differing;
        }
        from = next;
        if from.is_none() {
            break;
        }
    }
    let settled = installation.journal_in(journal.clone()).deposits(&aws_http_client()?);
    let (deposits, put) = deposits::rebuild(installation, settled.as_ref(), rebuild.dry_run).await?;
    totals.deposits = deposits;
    totals.new += put.new;
    totals.known += put.known;
    totals.differing += put.differing;
    let released = if rebuild.dry_run { 0 } else { release(&aws, &journal, &totals.unreadable).await? };
    Ok(report(&totals, released, rebuild.dry_run))
}

/// The digests of the texts that payments are found by; none if the location of merchants'
/// documents is not known.
fn search_keys(installation: &Installation) -> Result<Arc<dyn SearchKeys>, Failure> {
    if installation.prefix(SecretKind::Merchants).is_err() {
        remark(
            "Without --stack or --merchants-prefix, what payments are found by (docs/reports.md) is not put.",
        );
        return Ok(Arc::new(NoSearchKeys));
    }
    installation.search_keys()
}

/// A clock that is ahead of the operator's own, which may be minutes slow. Runs of `totals` delete
/// a mark when its time is two minutes past by their clocks, and this process relies on it for a
/// minute. A mark of later is summed up some more times.
struct Ahead<'a>(&'a dyn Clock);

impl Clock for Ahead<'_> {
    fn now(&self) -> Timestamp {
        self.0.now() + AHEAD
    }

    fn new_id(&self) -> Uuid {
        self.0.new_id()
    }
}

/// Puts one page's entries. Entries that were put before a failure are known the next time.
async fn put(
    store: &dyn EntryStore,
    keys: &dyn SearchKeys,
    changes: &[Change],
    clock: &dyn Clock,
) -> Result<JournalReport, Failure> {
    let mut sum = JournalReport::default();
    for _ in 0..TRIES {
        let report = record(store, keys, changes.to_vec(), None, clock).await;
        sum.new += report.new;
        if report.failed.is_none() {
            return Ok(JournalReport { new: sum.new, ..report });
        }
    }
    Err(Failure::Unavailable(
        "the journal cannot be written: look at --journal-table, region, credentials, dynamodb:PutItem and \
         secretsmanager:GetSecretValue, then run it again; it goes on where it was"
            .to_owned(),
    ))
}

/// Takes away the notes of changes that could not be read, of orders that now can be.
async fn release(aws: &Aws, journal: &str, unreadable: &BTreeSet<String>) -> Result<usize, Failure> {
    let mut released = 0;
    let text = |item: &Item, name: &str| item.get(name).and_then(|value| value.as_s().ok().cloned());
    for item in aws.partition(journal, BUCKET, PARKED).await? {
        let (Some(key), Some(sort)) = (text(&item, "order_key"), text(&item, SORT)) else { continue };
        if !unreadable.contains(&key) {
            let text = |text: &str| AttributeValue::S(text.to_owned());
            aws.delete(journal, [(BUCKET, text(PARKED)), (SORT, text(&sort))]).await?;
            released += 1;
        }
    }
    Ok(released)
}

fn report(totals: &Totals, released: usize, dry_run: bool) -> Report {
    let Totals { orders, new, known, differing, deposits, unreadable } = totals;
    let done = if dry_run {
        format!("Dry run: nothing was written. {orders} orders and {deposits} deposits make {known} entries.")
    } else {
        format!("{orders} orders, {deposits} deposits: {new} entries added, {known} were there.")
    };
    let mut lines = vec![done];
    if *differing > 0 {
        lines.push(format!(
            "{differing} entries say something else than the table does, and were left as they are; the log names \
             them (docs/run-book.md, UnreadableItemsAlarm)."
        ));
    }
    if released > 0 {
        lines.push(format!("{released} parked changes are read and no longer parked."));
    }
    if !unreadable.is_empty() {
        let keys: Vec<&str> = unreadable.iter().map(String::as_str).collect();
        lines.push(format!("Cannot be read by this version: {}", keys.join(", ")));
    }
    let value = json!({
        "dry_run": dry_run, "orders": orders, "deposits": deposits, "new": new, "known": known, "differing": differing,
        "released": released, "unreadable": unreadable,
    });
    let is_fine = *differing == 0 && unreadable.is_empty();
    Report { code: if is_fine { 0 } else { UNHEALTHY }, ..Report::new(lines.join("\n"), value) }
}
