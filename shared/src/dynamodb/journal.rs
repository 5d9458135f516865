//! The journal in a DynamoDB table of its own: append-only, readable names, one item for each entry.

mod item;
mod log;
mod totals;

use std::{
    collections::{HashMap, HashSet},
    sync::{Mutex, PoisonError},
};

use async_trait::async_trait;
use aws_sdk_dynamodb::{
    Client, operation::put_item::PutItemError, types::ReturnValuesOnConditionCheckFailure,
};
use jiff::civil::Date;
use sha2::{Digest, Sha256};
use tollgate_core::{
    journal::{Entry, EntryStore, Parked, Put, day_of},
    order::MerchantId,
    payments::StoreError,
    values::QuarterHour,
};
use uuid::Uuid;

pub use self::{item::Column, log::DynamoDbEntryLog, totals::DynamoDbTotals};

use super::{
    Item, number, number_of,
    table::{Table, unavailable},
    text, text_of, texts,
};

/// The partition of the numbers of shards, an item for each day. No merchant's: those have a `#`.
const DAYS: &str = "days";

/// The partition of the quarters of an hour that got entries late.
const LATE: &str = "late";

/// The partition of changes that could not be read.
pub const PARKED: &str = "parked";

/// The partition key of the journal's table.
pub const BUCKET: &str = Column::Bucket.as_str();
/// The sort key of the journal's table.
pub const SORT: &str = Column::Sort.as_str();

/// The names of both in the conditions of queries.
const KEY_NAMES: [(&str, &str); 2] = [("#bucket", BUCKET), ("#sort", SORT)];

/// Days whose number of shards is remembered. Entries are of today, but for a rebuild.
const DAYS_MAX: usize = 1_000;

/// A journal in one DynamoDB table.
pub struct DynamoDbEntries {
    table: Table,
    /// Over how many partitions a merchant's day is spread, for days that have no number yet.
    shards: u16,
    days: Mutex<HashMap<Date, u16>>,
    /// Merchants' days that are noted.
    noted: Mutex<HashSet<(MerchantId, Date)>>,
}

impl DynamoDbEntries {
    /// A journal in a table that exists.
    pub fn new(client: Client, table: String, shards: u16) -> Self {
        let table = Table { client, name: table };
        Self { table, shards: shards.max(1), days: Mutex::default(), noted: Mutex::default() }
    }

    /// Puts an item if its key is not there; what is there otherwise.
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

    /// Over how many partitions a day is spread: stored once for each day, so that every entry is always put, and
    /// looked for, in the same one.
    async fn shards_of(&self, day: Date) -> Result<u16, StoreError> {
        let remembered = self.days.lock().unwrap_or_else(PoisonError::into_inner).get(&day).copied();
        if let Some(shards) = remembered {
            return Ok(shards);
        }
        let mut item = keys(DAYS, &day.to_string());
        item.insert("shards".to_owned(), number_of(&self.shards));
        let shards = match self.put_if_absent(item).await? {
            None => self.shards,
            Some(there) => shards_in(&there)?,
        };
        let mut days = self.days.lock().unwrap_or_else(PoisonError::into_inner);
        if days.len() >= DAYS_MAX {
            days.clear();
        }
        days.insert(day, shards);
        Ok(shards)
    }
}

/// Over how many partitions a day is spread, as its item says.
fn shards_in(day: &Item) -> Result<u16, StoreError> {
    let shards = number(day, "shards").filter(|shards| *shards > 0);
    shards.ok_or_else(|| StoreError::Corrupt("a day of the journal has no number of shards".to_owned()))
}

#[async_trait]
impl EntryStore for DynamoDbEntries {
    async fn put(&self, entry: &Entry) -> Result<Put, StoreError> {
        let shards = self.shards_of(day_of(entry.at)).await?;
        let item = item::item(entry, shard(entry, shards));
        let Some(there) = self.put_if_absent(item.clone()).await? else { return Ok(Put::New) };
        // A release may add attributes: what either does not have says nothing.
        let differs = item.iter().any(|(name, value)| there.get(name).is_some_and(|there| there != value));
        Ok(if differs { Put::Differs } else { Put::Same })
    }

    async fn note_day(&self, merchant: &MerchantId, day: Date) -> Result<(), StoreError> {
        let noted = (merchant.clone(), day);
        if self.noted.lock().unwrap_or_else(PoisonError::into_inner).contains(&noted) {
            return Ok(());
        }
        self.put_if_absent(keys(&days_merchants(day), merchant.as_str())).await?;
        let mut all = self.noted.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() >= DAYS_MAX {
            all.clear();
        }
        all.insert(noted);
        Ok(())
    }

    async fn mark_late(&self, merchant: &MerchantId, quarter: QuarterHour) -> Result<(), StoreError> {
        let mut item = keys(LATE, &totals::late_sort(merchant, quarter));
        // Another one each time: who sums up takes away the one that it found.
        item.insert("mark".to_owned(), text_of(&Uuid::new_v4()));
        let request = self.table.put(item);
        request.send().await.map(drop).map_err(|error| unavailable(&error))
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
fn key_of(item: &Item) -> String {
    let part = |name: &str| text(item, name).map_or("?", String::as_str);
    format!("{} {}", part(BUCKET), part(SORT))
}

/// The partition of some entries of a merchant's day.
fn bucket(merchant: &MerchantId, day: Date, shard: u16) -> String {
    format!("{merchant}#{day}#{shard}")
}

/// The partition of the merchants that have entries on a day.
fn days_merchants(day: Date) -> String {
    format!("merchants#{day}")
}

/// The partition of an entry within its merchant's day: an order's entries share one.
fn shard(entry: &Entry, shards: u16) -> u16 {
    let digest = Sha256::digest(entry.order.to_string().as_bytes());
    u16::from_be_bytes([digest[0], digest[1]]) % shards.max(1)
}

#[cfg(test)]
mod tests;
