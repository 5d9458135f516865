//! The journal in a DynamoDB table of its own: append-only, one short item for each entry.

mod deposits;
mod item;
mod log;
mod totals;

use async_trait::async_trait;
use aws_sdk_dynamodb::{
    Client,
    operation::put_item::PutItemError,
    types::{AttributeValue, ReturnValuesOnConditionCheckFailure},
};
use jiff::Timestamp;
use sha2::{Digest, Sha256};
use tollgate_core::{
    journal::{
        ENTRY_SHARDS, Entry, EntryPartition, EntryStore, Hold, LatelyMarked, Mark, Parked, PointedBy,
        Pointer, Put, Retention, sort_of,
    },
    order::{MerchantId, OrderKey},
    payments::StoreError,
    values::QuarterHour,
};

pub use self::{
    deposits::deposit_entry,
    item::{Column, entry as entry_of},
    log::DynamoDbEntryLog,
    totals::DynamoDbTotals,
};

use super::{
    Item, number_of,
    table::{Table, unavailable, was_made},
    text_of, texts,
};

/// The partition of changes that could not be read.
pub const PARKED: &str = "parked";

/// The partition of the points that the totals have reached, an item for each partition of marks,
/// and of the last heartbeat that came through the orders' stream.
const REACHED: &str = "reached";

/// The sort key of the last heartbeat.
const PASSED: &str = "stream";

/// The partition key of the journal's table.
pub const BUCKET: &str = Column::Bucket.as_str();
/// The sort key of the journal's table.
pub const SORT: &str = Column::Sort.as_str();

/// When DynamoDB deletes an item: seconds since 1970, the table's time to live.
const EXPIRES_AT: &str = Column::ExpiresAt.as_str();

/// The names of both in the conditions of queries.
const KEY_NAMES: [(&str, &str); 2] = [("#bucket", BUCKET), ("#sort", SORT)];

/// When the authorization of an open hold ends: whole seconds since 1970.
const ENDS: &str = "ends";

/// A journal in one DynamoDB table.
pub struct DynamoDbEntries {
    table: Table,
    retention: Retention,
    marked: LatelyMarked,
}

impl DynamoDbEntries {
    /// A journal in a table that exists.
    pub fn new(client: Client, table: String, retention: Retention) -> Self {
        let table = Table { client, name: table };
        Self { table, retention, marked: LatelyMarked::default() }
    }

    /// An entry as it is stored.
    pub fn item(&self, entry: &Entry) -> Item {
        let mut item = item::item(entry, shard(&entry.order));
        item.insert(EXPIRES_AT.to_owned(), expires_at(self.retention, entry.at));
        item
    }

    /// Puts the item of an entry, unless the entry is there.
    async fn put_once(&self, item: Item) -> Result<Put, StoreError> {
        let Some(there) = self.put_if_absent(item.clone()).await? else { return Ok(Put::New) };
        // Where nothing came back, there is nothing to compare.
        let differs = !there.is_empty() && item::differ(&item, &there);
        Ok(if differs { Put::Differs } else { Put::Same })
    }

    /// Puts an item if its key is not there; else returns the item there.
    async fn put_if_absent(&self, item: Item) -> Result<Option<Item>, StoreError> {
        let request = self
            .table
            .put(item)
            .condition_expression("attribute_not_exists(#bucket)")
            .expression_attribute_names("#bucket", BUCKET)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        match request.send().await {
            Ok(_) => Ok(None),
            Err(error) => match error.as_service_error() {
                Some(PutItemError::ConditionalCheckFailedException(failed)) => {
                    Ok(Some(failed.item().cloned().unwrap_or_default()))
                }
                _ => Err(unavailable(&error)),
            },
        }
    }
}

#[async_trait]
impl EntryStore for DynamoDbEntries {
    fn retention(&self) -> Retention {
        self.retention
    }

    async fn put(&self, entry: &Entry) -> Result<Put, StoreError> {
        self.put_once(self.item(entry)).await
    }

    async fn point(&self, pointer: &Pointer) -> Result<(), StoreError> {
        let mut item = keys(&pointers(&pointer.order.merchant, pointer.by), &pointer.sort);
        item.insert(Column::OrderId.as_str().to_owned(), text_of(&pointer.order.order));
        item.insert(EXPIRES_AT.to_owned(), number_of(&pointer.ends.as_second()));
        self.table.write(item).await
    }

    async fn hold(&self, hold: &Hold) -> Result<(), StoreError> {
        let mut item = keys(&held(hold.merchant()), &hold.sort);
        item.insert(Column::OrderId.as_str().to_owned(), text_of(&hold.order.order));
        item.insert(ENDS.to_owned(), number_of(&hold.ends.as_second()));
        item.insert(EXPIRES_AT.to_owned(), number_of(&hold.expires().as_second()));
        self.table.write(item).await
    }

    async fn release(&self, hold: &Hold) -> Result<(), StoreError> {
        let request = self.table.delete(keys(&held(hold.merchant()), &hold.sort));
        request.send().await.map(drop).map_err(|error| unavailable(&error))
    }

    async fn mark(&self, mark: &Mark) -> Result<(), StoreError> {
        if self.marked.has(mark) {
            return Ok(());
        }
        if !self.marked.has_day(mark) {
            let mut item = totals::day_keys(mark);
            let begins = QuarterHour::first_of(mark.quarter.day).begins();
            item.insert(EXPIRES_AT.to_owned(), expires_at(self.retention, begins));
            self.put_if_absent(item).await?;
        }
        let mut item = totals::mark_keys(mark);
        item.insert("at".to_owned(), text_of(&sort_of(mark.at)));
        self.table.write(item).await?;
        self.marked.remember(mark);
        Ok(())
    }

    async fn pass(&self, heartbeat: Timestamp) -> Result<(), StoreError> {
        let mut item = keys(REACHED, PASSED);
        item.insert("at".to_owned(), text_of(&sort_of(heartbeat)));
        let request = self
            .table
            .put(item)
            .condition_expression("attribute_not_exists(#at) OR #at < :at")
            .expression_attribute_names("#at", "at")
            .expression_attribute_values(":at", text_of(&sort_of(heartbeat)));
        was_made(request.send().await).map(drop)
    }

    async fn park(&self, parked: &Parked) -> Result<(), StoreError> {
        let version = parked.version.unwrap_or_default();
        let mut item = keys(PARKED, &format!("{}#{version}", parked.key));
        item.insert("order_key".to_owned(), text_of(&parked.key));
        item.insert("version".to_owned(), number_of(&version));
        item.insert("reason".to_owned(), text_of(&parked.reason));
        self.put_if_absent(item).await.map(drop)
    }
}

fn keys(bucket: &str, sort: &str) -> Item {
    texts([(BUCKET, bucket), (SORT, sort)])
}

/// The key of an item in the journal's table, as a person looks it up: partition and sort key.
pub fn key_of(item: &Item) -> String {
    super::key_of(item, &[BUCKET, SORT])
}

/// The partition of a part of a merchant's entries.
fn bucket(merchant: &MerchantId, shard: u8) -> String {
    format!("{merchant}#{shard}")
}

/// The partition of the pointers with the same value. No shard has a name of this length.
pub fn pointers(merchant: &MerchantId, by: PointedBy) -> String {
    format!("{merchant}#{by}")
}

/// The key of a partition of the index of unusual facts.
fn unusual(merchant: &MerchantId, partition: &EntryPartition) -> String {
    if *partition == EntryPartition::Declined { format!("{merchant}#declined") } else { merchant.to_string() }
}

/// The partition of a merchant's open holds. No partition of entries begins so, so the policy that
/// lets them be deleted can name them.
fn held(merchant: &MerchantId) -> String {
    format!("#held#{merchant}")
}

/// When an item is deleted that is about this moment.
fn expires_at(retention: Retention, at: Timestamp) -> AttributeValue {
    number_of(&retention.ends(at).as_second())
}

/// The part of its merchant's entries that has those of an order.
fn shard(order: &OrderKey) -> u8 {
    Sha256::digest(order.to_string().as_bytes())[0] % ENTRY_SHARDS
}

#[cfg(test)]
mod tests;
