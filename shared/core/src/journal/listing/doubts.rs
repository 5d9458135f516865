//! A merchant's transactions that are in doubt: the index has them, the journal does not, or not yet.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use futures_util::{StreamExt, TryStreamExt, stream};
use jiff::{SignedDuration, Timestamp};

use super::{BadRow, Found, Lister, ORDERS_AT_A_TIME, READ_MAX_BYTES, Row, STEP_BYTES, bytes_of};
use crate::{
    order::{MerchantId, Order, OrderKey, Transaction},
    payments::{Cursor, DueQuery, IN_DOUBT_SHARDS_MAX, Index, StoreError, Unreadable},
};

/// Orders of the index that are read at a time, of all merchants; no more than their keys.
const PAGE: usize = 1_000;

/// Keys that are read at most, of all merchants. In a failure of the gateway, everything can be in doubt.
const KEYS_MAX: usize = 20_000;

/// Most bytes of a key in the index, and what one is counted as.
const KEY_BYTES: usize = 256;

/// Partitions of the index that are read at a time. Nearly all are empty.
const SHARDS_AT_A_TIME: usize = 16;

/// Inquiries are an hour apart at most. The index also has, much later, when names and addresses are to be deleted.
const BY_THEN: SignedDuration = SignedDuration::from_hours(48);

/// What is looked for in the index.
pub(super) struct DoubtSearch<'a> {
    pub(super) merchant: &'a MerchantId,
    /// The current time, from which on the index is read far enough ahead to include every inquiry.
    pub(super) now: Timestamp,
    pub(super) limit: usize,
    pub(super) after: Option<&'a str>,
    /// Whether a transaction is wanted that has a pending operation.
    pub(super) wants: &'a (dyn Fn(&Order, &Transaction) -> bool + Sync),
}

impl Lister<'_> {
    /// A part of a merchant's transactions that are in doubt and wanted; the parts go by the orders' ids.
    ///
    /// The index is one for all merchants, and all of it is read: keys only, and no order but the merchant's own.
    pub(super) async fn in_doubt(&self, search: &DoubtSearch<'_>) -> Result<Found, StoreError> {
        let read = AtomicUsize::new(0);
        let shards = stream::iter((0..IN_DOUBT_SHARDS_MAX).map(|shard| self.keys_of(shard, search, &read)));
        let mut keys: Vec<OrderKey> = shards.buffered(SHARDS_AT_A_TIME).try_concat().await?;
        // An order can be in two partitions for a moment.
        keys.sort_by(|one, other| one.order.as_str().cmp(other.order.as_str()));
        keys.dedup();
        let (done, last) = search.after.and_then(|after| after.rsplit_once('#')).unwrap_or_default();
        keys.retain(|key| key.order.as_str() >= done);
        let read = read.into_inner();
        // Half of what may be read is for keys. They are small, and counted as more than they are.
        let read_bytes = (read * KEY_BYTES).min(READ_MAX_BYTES / 2);
        let (rows, unreadable, more_in_doubt) = (Vec::new(), Vec::new(), read >= KEYS_MAX);
        let mut found = Found { rows, unreadable, next: None, more_in_doubt, read_bytes };
        for some in keys.chunks(ORDERS_AT_A_TIME) {
            if found.read_bytes + STEP_BYTES > READ_MAX_BYTES {
                // Nothing of this order is done.
                found.next = some.first().map(|key| place(key.order.as_str(), ""));
                break;
            }
            let mut loaded = self.store.load_all(some).await?;
            for key in some {
                let Some(order) = loaded.remove(key) else { continue };
                let order = order.map(Arc::new);
                found.read_bytes += bytes_of(&order);
                let after = if key.order.as_str() == done { last } else { "" };
                match order {
                    Ok(order) => found.add_doubts(search, &order, after),
                    Err(item) => found.add_unreadable(search, key, item),
                }
            }
            if found.next.is_some() {
                break;
            }
        }
        found.rows.sort_by_key(|row| row.at);
        Ok(found)
    }

    async fn keys_of(
        &self,
        shard: u16,
        search: &DoubtSearch<'_>,
        read: &AtomicUsize,
    ) -> Result<Vec<OrderKey>, StoreError> {
        let mut keys = Vec::new();
        let mut after: Option<Cursor> = None;
        while read.load(Ordering::Relaxed) < KEYS_MAX {
            let until = search.now + BY_THEN;
            let query = DueQuery { index: Index::InDoubt, shard, until, after, limit: PAGE };
            let page = self.store.due(query).await?;
            read.fetch_add(page.orders.len(), Ordering::Relaxed);
            let found = page.orders.into_iter().map(|order| order.key);
            keys.extend(found.filter(|key| key.merchant == *search.merchant));
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        Ok(keys)
    }
}

impl Found {
    /// Adds an order that cannot be read, if there is room: something of it can be in doubt.
    fn add_unreadable(&mut self, search: &DoubtSearch<'_>, key: &OrderKey, item: Unreadable) {
        if self.shown() >= search.limit {
            self.next.get_or_insert_with(|| place(key.order.as_str(), ""));
            return;
        }
        let order = Some(key.order.clone());
        self.unreadable.push(BadRow { at: None, order, transaction: None, item });
    }

    /// Adds the order's transactions that come after one, as far as there is room.
    fn add_doubts(&mut self, search: &DoubtSearch<'_>, order: &Arc<Order>, after: &str) {
        let skip = order.transactions.iter().position(|t| t.id.to_string() == after).map_or(0, |n| n + 1);
        let mut done = after.to_owned();
        for transaction in order.transactions.iter().skip(skip) {
            if let Some(pending) = transaction.pending()
                && (search.wants)(order, transaction)
            {
                if self.shown() >= search.limit {
                    self.next.get_or_insert_with(|| place(order.id.as_str(), &done));
                    return;
                }
                let (at, order) = (pending.attempt.at, Arc::clone(order));
                self.rows.push(Row { at, order, transaction: transaction.id });
            }
            done = transaction.id.to_string();
        }
    }
}

/// Where a part ended: in this order, after this transaction.
fn place(order: &str, transaction: &str) -> String {
    format!("{order}#{transaction}")
}
