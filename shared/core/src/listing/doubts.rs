//! A merchant's transactions that are in doubt: the index has them, the journal does not, or not yet.

use futures_util::{StreamExt, TryStreamExt, future::try_join_all, stream};
use jiff::{SignedDuration, Timestamp};

use super::{Lister, ORDERS_AT_A_TIME, Row};
use crate::{
    concern::is_in_doubt,
    order::{MerchantId, Order, OrderKey},
    store::{Cursor, DueQuery, IN_DOUBT_SHARDS_MAX, Index, StoreError},
    transaction::Transaction,
};

/// Orders of the index that are read at a time, of all merchants; no more than their keys.
const PAGE: usize = 1_000;

/// Partitions of the index that are read at a time. Nearly all are empty.
const SHARDS_AT_A_TIME: usize = 16;

/// No inquiry is put off for so long.
const BY_THEN: SignedDuration = SignedDuration::from_hours(24 * 366);

/// What is in doubt.
#[derive(Debug)]
pub struct Doubts {
    /// Transactions, those that have been in doubt the longest first; their time is that of the attempt.
    pub rows: Vec<Row>,
    /// Whether there can be more.
    pub more: bool,
}

impl Lister<'_> {
    /// A merchant's transactions that have been in doubt for too long ([`is_in_doubt`]) and are wanted.
    ///
    /// The index is one for all merchants, and all of it is read: keys only, and no order but the merchant's own.
    pub async fn in_doubt(
        &self,
        merchant: &MerchantId,
        now: Timestamp,
        limit: usize,
        wants: &(dyn Fn(&Order, &Transaction) -> bool + Sync),
    ) -> Result<Doubts, StoreError> {
        let shards = stream::iter((0..IN_DOUBT_SHARDS_MAX).map(|shard| self.keys_of(shard, merchant, now)));
        let keys: Vec<OrderKey> = shards.buffered(SHARDS_AT_A_TIME).try_concat().await?;
        let (mut rows, mut looked_at) = (Vec::new(), 0);
        for some in keys.chunks(ORDERS_AT_A_TIME) {
            if rows.len() >= limit {
                break;
            }
            looked_at += some.len();
            let orders = try_join_all(some.iter().map(|key| self.store.load(key))).await?;
            rows.extend(orders.into_iter().flatten().flat_map(|order| in_doubt(&order, now, wants)));
        }
        rows.sort_by_key(|row| row.at);
        let more = looked_at < keys.len() || rows.len() > limit;
        rows.truncate(limit);
        Ok(Doubts { rows, more })
    }

    async fn keys_of(
        &self,
        shard: u16,
        merchant: &MerchantId,
        now: Timestamp,
    ) -> Result<Vec<OrderKey>, StoreError> {
        let mut keys = Vec::new();
        let mut after: Option<Cursor> = None;
        loop {
            let query = DueQuery { index: Index::InDoubt, shard, until: now + BY_THEN, after, limit: PAGE };
            let page = self.store.due(query).await?;
            keys.extend(page.keys.into_iter().filter(|key| key.merchant == *merchant));
            after = page.next;
            if after.is_none() {
                return Ok(keys);
            }
        }
    }
}

fn in_doubt(
    order: &Order,
    now: Timestamp,
    wants: &(dyn Fn(&Order, &Transaction) -> bool + Sync),
) -> Vec<Row> {
    let ours = order.transactions.iter().filter(|t| is_in_doubt(t, now) && wants(order, t));
    let row = |transaction: &Transaction| {
        let at = transaction.pending()?.attempt.at;
        Some(Row { at, order: order.clone(), transaction: transaction.id })
    };
    ours.filter_map(row).collect()
}
