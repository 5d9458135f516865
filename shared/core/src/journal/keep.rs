//! Keeping the journal: changes of orders come in, as the table's stream has them or as a scan of
//! the table does, and their entries go out.
//!
//! A change may come twice, and those of different orders in any order: entries have fixed ids and
//! are put only if absent.

mod update_holds;

use std::collections::BTreeSet;

use futures_util::{StreamExt, TryStreamExt, stream};
use jiff::Timestamp;
use serde::Serialize;

use self::update_holds::update_holds;
use crate::{
    journal::{
        Entry, EntryStore, Mark, Parked, PointedBy, Pointer, Put, SearchKeys, entries, found_by, uncollected,
    },
    order::{MerchantId, Order},
    payments::StoreError,
    values::{Clock, QuarterHour},
};

/// Entries that are put at a time. A shard of the stream carries a thousand writes a second, one by
/// one that would be two hundred.
const PUTS_AT_A_TIME: usize = 16;

/// One change of an order.
#[derive(Clone, Debug)]
pub struct Change {
    /// Where the change is in the stream.
    pub number: String,
    /// The key of the order's item.
    pub key: String,
    /// The version that the change made, if that can be read.
    pub version: Option<u64>,
    /// The order before and after, or why it cannot be read.
    pub orders: Result<(Option<Order>, Order), String>,
}

/// The result of recording a batch of changes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct JournalReport {
    /// Changes that are dealt with.
    pub changes: usize,
    /// Entries that were put.
    pub new: usize,
    /// Entries that were there.
    pub known: usize,
    /// Entries that are there with the same id and say something else.
    pub differing: usize,
    /// Changes that cannot be read.
    pub parked: usize,
    /// The first change that is not dealt with, because the journal cannot be reached. It and all
    /// after it have to come again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failed: Option<String>,
}

/// The task that a change makes.
enum Task {
    Put(Box<Entry>),
    Park(Parked),
}

/// Puts the entries of a batch of changes, in the stream's order. Ends at the first change whose
/// entries cannot be put. Then it marks the totals that the entries change, also where the entries
/// were there: the process that put them may have died before it marked. Last, it puts the pointers
/// to the entries and the holds, so that no entry and no total of the batch waits for these.
///
/// A heartbeat that came with the batch is noted once all of the batch is dealt with. One that
/// cannot be noted is left to the next one.
pub async fn record(
    store: &dyn EntryStore,
    keys: &dyn SearchKeys,
    changes: Vec<Change>,
    heartbeat: Option<Timestamp>,
    clock: &dyn Clock,
) -> JournalReport {
    let now = clock.now();
    let mut tasks: Vec<(usize, Task)> = Vec::new();
    for (n, change) in changes.iter().enumerate() {
        let is_kept = |entry: &Entry| !store.retention().is_over(entry.at, now);
        tasks.extend(tasks_of(change, is_kept).into_iter().map(|task| (n, task)));
    }
    let quarter = |(n, task): &(usize, Task)| match task {
        Task::Put(entry) => Some((*n, (entry.order.merchant.clone(), QuarterHour::of(entry.at)))),
        Task::Park(_) => None,
    };
    let quarters: Vec<_> = tasks.iter().filter_map(quarter).collect();
    let mut report = put_all(store, &changes, tasks).await;
    // The totals of changes that come again are marked then.
    let put = quarters.into_iter().filter(|(n, _)| *n < report.changes).map(|(_, quarter)| quarter);
    // The time after the puts: runs rely on it.
    if let Err(error) = mark_all(store, put.collect(), clock.now()).await {
        tracing::error!(%error, "what totals change cannot be marked, the changes come again");
        report.changes = 0;
        report.failed = changes.first().map(|change| change.number.clone());
    }
    if let Err((n, error)) = point_all(store, keys, &changes[..report.changes], now).await {
        tracing::error!(%error, "what payments are found by cannot be written, the change comes again");
        report.changes = n;
        report.failed = changes.get(n).map(|change| change.number.clone());
    }
    if let Err((n, error)) = update_holds(store, &changes[..report.changes], now).await {
        tracing::error!(%error, "what is held cannot be written, the change comes again");
        report.changes = n;
        report.failed = changes.get(n).map(|change| change.number.clone());
    }
    if let Some(at) = heartbeat.filter(|_| report.failed.is_none())
        && let Err(error) = store.pass(at).await
    {
        tracing::error!(%error, "how far the stream is cannot be written");
    }
    report
}

/// Puts the pointers to the payments of these changes, or returns the change that has to come
/// again.
async fn point_all(
    store: &dyn EntryStore,
    keys: &dyn SearchKeys,
    changes: &[Change],
    now: Timestamp,
) -> Result<(), (usize, StoreError)> {
    let (mut pointers, mut failed) = (Vec::new(), None);
    for (n, change) in changes.iter().enumerate() {
        // One after the other: all but a merchant's first find its document in memory.
        match pointers_of(store, keys, change, now).await {
            Ok(found) => pointers.extend(found.into_iter().map(|pointer| (n, pointer))),
            Err(error) => {
                // The changes before it do not come again, so their pointers are put all the same.
                failed = Some((n, error));
                break;
            }
        }
    }
    let mut put = stream::iter(pointers)
        .map(|(n, pointer)| async move { store.point(&pointer).await.map_err(|error| (n, error)) })
        .buffered(PUTS_AT_A_TIME);
    while let Some(put) = put.next().await {
        put?;
    }
    failed.map_or(Ok(()), Err)
}

/// The pointers that a change adds, as far as its merchant has payments found by them.
async fn pointers_of(
    store: &dyn EntryStore,
    keys: &dyn SearchKeys,
    change: &Change,
    now: Timestamp,
) -> Result<Vec<Pointer>, StoreError> {
    let Ok((old, new)) = &change.orders else { return Ok(Vec::new()) };
    let mut pointers = Vec::new();
    for first in uncollected(old.as_ref(), new) {
        let ends = store.retention().ends(first.at);
        if ends > now {
            let (by, order) = (PointedBy::Uncollected, new.key());
            pointers.push(Pointer { by, order, sort: first.sort(), ends });
        }
    }
    for found in found_by(old.as_ref(), new) {
        let ends = found.ends(store.retention());
        if ends <= now {
            continue;
        }
        if let Some(key) = keys.key(&new.merchant, &found.term).await? {
            pointers.push(Pointer { by: PointedBy::Text(key), order: new.key(), sort: found.sort, ends });
        }
    }
    Ok(pointers)
}

async fn mark_all(
    store: &dyn EntryStore,
    quarters: BTreeSet<(MerchantId, QuarterHour)>,
    at: Timestamp,
) -> Result<(), StoreError> {
    let mark = |(merchant, quarter)| async move { store.mark(&Mark { merchant, quarter, at }).await };
    stream::iter(quarters).map(mark).buffer_unordered(PUTS_AT_A_TIME).try_collect().await
}

async fn put_all(store: &dyn EntryStore, changes: &[Change], tasks: Vec<(usize, Task)>) -> JournalReport {
    let total = changes.len();
    let mut done = stream::iter(tasks)
        .map(|(n, task)| async move {
            let done = match &task {
                Task::Put(entry) => put(store, entry).await.map(Some),
                Task::Park(parked) => store.park(parked).await.map(|()| None),
            };
            (n, done)
        })
        .buffered(PUTS_AT_A_TIME);
    let mut report = JournalReport { changes: total, ..JournalReport::default() };
    while let Some((n, done)) = done.next().await {
        match done {
            Ok(Some(Put::New)) => report.new += 1,
            Ok(Some(Put::Same)) => report.known += 1,
            Ok(Some(Put::Differs)) => report.differing += 1,
            Ok(None) => report.parked += 1,
            Err(error) => {
                tracing::error!(%error, "the journal cannot be written, the change comes again");
                report.changes = n;
                report.failed = changes.get(n).map(|change| change.number.clone());
                break;
            }
        }
    }
    report
}

/// Puts one entry, and tells of a difference.
async fn put(store: &dyn EntryStore, entry: &Entry) -> Result<Put, StoreError> {
    let put = store.put(entry).await?;
    if put == Put::Differs {
        let (order, fact) = (&entry.order, entry.fact.as_str());
        tracing::error!(%order, entry = %entry.id, fact, "the journal has another entry with this id");
    }
    Ok(put)
}

/// A change that is set aside for repair.
fn parked(change: &Change, reason: &str) -> Parked {
    tracing::error!(order = change.key, version = change.version, reason, "a change is parked");
    Parked { key: change.key.clone(), version: change.version, reason: reason.to_owned() }
}

/// Entries past the retention are not put again.
fn tasks_of(change: &Change, is_kept: impl Fn(&Entry) -> bool) -> Vec<Task> {
    let park = |reason: &str| Task::Park(parked(change, reason));
    match &change.orders {
        Err(reason) => vec![park(reason)],
        Ok((old, new)) => {
            let entries = entries(old.as_ref(), new).into_iter().filter(is_kept);
            let entries = entries.map(|entry| Task::Put(Box::new(entry)));
            let beyond = (!new.is_recognized()).then(|| park("a newer version wrote it"));
            entries.chain(beyond).collect()
        }
    }
}

#[cfg(test)]
mod tests;
