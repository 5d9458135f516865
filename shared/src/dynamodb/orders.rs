//! Orders in DynamoDB: one item each, every write conditional on the version that was read.
//!
//! An order is in the in-doubt index as soon as its intent is saved, so that it is found even if
//! the process dies right after. That costs an index write and a delete per payment. The index has
//! 64 partitions, enough for about 20,000 payments per second; a run reads all 64, and once an hour
//! all 256 possible ones.

mod agenda;
pub mod attempts;
mod batches;
pub mod card_notes;
mod item;
mod listed;
mod shops;
pub mod stream;
pub mod switch;
mod told;

pub use agenda::agenda_names;
pub use item::StoredOrder;

use std::{
    collections::HashSet,
    sync::{Mutex, MutexGuard, PoisonError},
};

use async_trait::async_trait;
use aws_sdk_dynamodb::{
    Client,
    error::SdkError,
    operation::{
        delete_item::builders::DeleteItemFluentBuilder,
        put_item::{PutItemError, builders::PutItemFluentBuilder},
    },
    types::{AttributeValue, ReturnValuesOnConditionCheckFailure},
};
use jiff::Timestamp;
use sha2::{Digest, Sha256};
use tollgate_core::{
    order::{MerchantId, Order, OrderId, OrderKey},
    payments::{
        DueCursor, DueOrder, DueQuery, Index, LoadedOrders, OrderStore, Page, Shards, ShopPoll, StoreError,
        Unreadable,
    },
};

use super::{
    Item,
    table::{Table, page, unavailable},
    text, texts,
};

/// An index's name, and those of its partition and sort key.
pub struct IndexNames {
    /// The name of the index.
    pub index: &'static str,
    /// Its partition key: the shard that an order's entry is in, or a merchant.
    pub shard: &'static str,
    /// Its sort key: when the order is due or was created, or one of its [agenda's
    /// keys](tollgate_core::journal::AgendaKeys).
    pub at: &'static str,
}

/// From when on a person has to look at an order with an operation in doubt: the in-doubt index
/// holds it, too.
pub(super) const NEEDS_ATTENTION: &str = "needs_attention";

/// The index of a merchant's orders by time, under short names, because every order has them for
/// good. Their values for an order never change.
pub const LISTED: IndexNames = IndexNames { index: "listed", shard: "ls", at: "ld" };

const KEY: &str = "order_key";

/// The names of an index, as the template has them.
pub fn index_names(index: Index) -> IndexNames {
    match index {
        Index::InDoubt | Index::Unrecorded => {
            IndexNames { index: "in-doubt", shard: "in_doubt_shard", at: "in_doubt_at" }
        }
        Index::CapturesDue => {
            IndexNames { index: "captures-due", shard: "capture_shard", at: "capture_due_at" }
        }
    }
}

/// Orders in one DynamoDB table.
pub struct DynamoDbStore {
    table: Table,
    shards: Shards,
    /// Merchants of which this process knows that their shops are noted.
    noted_shops: Mutex<HashSet<MerchantId>>,
}

impl DynamoDbStore {
    /// A store on a table that exists, which spreads due orders over that many partitions of its
    /// indexes.
    pub fn new(client: Client, table: String, shards: Shards) -> Self {
        Self { table: Table { client, name: table }, shards, noted_shops: Mutex::default() }
    }

    fn noted_shops(&self) -> MutexGuard<'_, HashSet<MerchantId>> {
        self.noted_shops.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The item under a key, as of now.
    pub(super) async fn item(&self, key: String) -> Result<Option<Item>, StoreError> {
        self.table.item(Item::from([(KEY.to_owned(), AttributeValue::S(key))])).await
    }

    /// A write on condition that the stored version is the one that was read, or that there is
    /// none.
    pub(super) fn put_after(&self, read: Option<u64>, item: Item) -> PutItemFluentBuilder {
        let request = self.table.put(item);
        match read {
            None => request.condition_expression("attribute_not_exists(order_key)"),
            Some(version) => request
                .condition_expression("version = :read")
                .expression_attribute_values(":read", AttributeValue::N(version.to_string())),
        }
    }

    /// The deletion of a customer's item on condition that the stored version is the one that was
    /// read. No function may do it, and an order is never deleted.
    pub(super) fn delete_after(&self, read: u64, key: String) -> DeleteItemFluentBuilder {
        let request = self.table.delete(Item::from([(KEY.to_owned(), AttributeValue::S(key))]));
        let request = request.condition_expression("version = :version");
        request.expression_attribute_values(":version", AttributeValue::N(read.to_string()))
    }

    async fn put(&self, order: &Order, read: Option<u64>) -> Result<(), StoreError> {
        let request = self
            .put_after(read, StoredOrder::next(order, self.shards).0)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        request.send().await.map(drop).map_err(|error| put_error(&error))
    }
}

#[async_trait]
impl OrderStore for DynamoDbStore {
    async fn load(&self, key: &OrderKey) -> Result<Option<Order>, StoreError> {
        let found = self.item(key.to_string()).await?;
        found.map(|item| readable(StoredOrder(item).read(), key)).transpose()
    }

    async fn load_all(&self, keys: &[OrderKey]) -> Result<LoadedOrders, StoreError> {
        self.batch(keys).await
    }

    async fn create(&self, order: &Order) -> Result<(), StoreError> {
        self.put(order, None).await
    }

    async fn save(&self, order: &Order) -> Result<(), StoreError> {
        self.put(order, Some(order.version)).await
    }

    async fn note_shop(&self, merchant: &MerchantId, now: Timestamp) -> Result<(), StoreError> {
        self.note(merchant, now).await
    }

    async fn shop_poll(&self, merchant: &MerchantId) -> Result<Option<ShopPoll>, StoreError> {
        self.poll(merchant).await
    }

    async fn save_shop_poll(&self, poll: &ShopPoll) -> Result<(), StoreError> {
        self.put_poll(poll).await
    }

    async fn due(&self, query: DueQuery) -> Result<Page, StoreError> {
        let DueQuery { index, shard, until, after, limit } = query;
        let (names, shard) = (index_names(index), shard_name(index, shard));
        let start =
            after.map(|after| texts([(KEY, &after.key), (names.shard, &shard), (names.at, &after.due)]));
        let condition = format!("{} = :shard AND {} <= :until", names.shard, names.at);
        let request = self
            .table
            .query(&condition, &[], &[(":shard", &shard), (":until", &sortable(until))])
            .index_name(names.index)
            .set_exclusive_start_key(start);
        let output = page(request, limit).await?;
        let member = |item: &Item, name: &str| text(item, name).cloned();
        let due = |item: &Item| {
            Some(DueOrder {
                key: listed_key(item).ok()?,
                at: member(item, names.at).and_then(|at| at.parse().ok()).unwrap_or(until),
                needs_attention_from: member(item, NEEDS_ATTENTION).and_then(|from| from.parse().ok()),
            })
        };
        let key = |item: &Item| member(item, KEY).unwrap_or_default();
        let (shops, orders): (Vec<_>, Vec<_>) =
            output.items().iter().partition(|item| shops::is_shop(&key(item)));
        let shops = shops.into_iter().filter_map(|item| shops::merchant(&key(item))).collect();
        let orders = orders.into_iter().filter_map(due).collect();
        let next = output
            .last_evaluated_key()
            .and_then(|last| Some(DueCursor { key: member(last, KEY)?, due: member(last, names.at)? }));
        Ok(Page { orders, shops, next })
    }
}

/// The order read under a key; counted and logged where it could not be read.
fn readable(read: Result<Order, StoreError>, key: &OrderKey) -> Result<Order, StoreError> {
    if let Err(StoreError::Corrupt(reason)) = &read {
        Unreadable { key: key.to_string(), reason: reason.clone() }.note();
    }
    read
}

fn noted(item: Unreadable) -> Unreadable {
    item.note();
    item
}

/// The key's two parts. A merchant id holds no `#`, so the first one separates them.
fn parse_key(key: &str) -> Option<OrderKey> {
    let (merchant, order) = key.split_once('#')?;
    Some(OrderKey { merchant: MerchantId::stored(merchant).ok()?, order: OrderId::stored(order).ok()? })
}

/// The key of an entry of an index, which has the table's key always.
fn listed_key(item: &Item) -> Result<OrderKey, Unreadable> {
    let key = text(item, KEY).cloned().unwrap_or_default();
    parse_key(&key).ok_or_else(|| noted(Unreadable { key, reason: "its key is no order's".to_owned() }))
}

/// The part of the list that an order of the merchant's is in.
fn list_shard(merchant: &MerchantId, part: u16) -> String {
    format!("{merchant}#{part}")
}

/// The index partition of an order: always the same one, evenly spread.
fn shard(key: &str, shards: u16) -> u16 {
    let digest = Sha256::digest(key.as_bytes());
    u16::from_be_bytes([digest[0], digest[1]]) % shards.max(1)
}

/// A partition's name. Orders of which shops are told are in partitions of their own.
fn shard_name(index: Index, shard: u16) -> String {
    match index {
        Index::InDoubt | Index::CapturesDue => shard.to_string(),
        Index::Unrecorded => format!("shop{shard}"),
    }
}

/// RFC 3339 with whole seconds, so that the order of the texts is the order of the times.
fn sortable(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

fn put_error(error: &SdkError<PutItemError>) -> StoreError {
    match error.as_service_error() {
        Some(PutItemError::ConditionalCheckFailedException(failed)) => {
            match failed.item().cloned().map(|item| StoredOrder(item).read()) {
                Some(Ok(order)) => StoreError::Conflict(Box::new(order)),
                Some(Err(error)) => error,
                // Orders are never deleted, so a failed condition without an item says only that a
                // write raced.
                None => StoreError::Unavailable("the condition failed and no item came back".to_owned()),
            }
        }
        _ => unavailable(error),
    }
}

#[cfg(test)]
mod tests;
