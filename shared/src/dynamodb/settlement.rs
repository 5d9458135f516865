//! The records of settlement, in a DynamoDB table of its own. `docs/reference/inventory.md` has
//! each item with its content (*Settlement*).

mod deposits;
mod exceptions;
mod left_to_reconcile;
mod lines;
mod progress;
mod rows;
mod stored;

pub use left_to_reconcile::LeftToReconcile;

use aws_sdk_dynamodb::Client;
use jiff::{Timestamp, civil::Date};
use tollgate_core::{
    journal::Retention,
    payments::{StoreError, Unreadable},
    settlement::{Deposit, KnownReport},
    values::QuarterHour,
};

use super::{
    Item,
    members::{Object, Reader, Writer, corrupt},
    needed, number_of, readable,
    table::{Table, unavailable, was_made},
    text, texts,
};

/// The partition key of the table, and its sort key.
const BUCKET: &str = "b";
const SORT: &str = "s";

/// When DynamoDB deletes an item: seconds since 1970, the table's time to live.
const EXPIRES_AT: &str = "x";

/// How often an item was written.
const VERSION: &str = "v";

/// The names of the key in the conditions of queries.
const KEY_NAMES: [(&str, &str); 2] = [("#bucket", BUCKET), ("#sort", SORT)];

/// Settlement's table. Items are kept as long as the journal's, from the day that they are about.
pub struct DynamoDbSettlement {
    table: Table,
    retention: Retention,
}

impl DynamoDbSettlement {
    /// In a table that exists.
    pub fn new(client: Client, table: String, retention: Retention) -> Self {
        Self { table: Table { client, name: table }, retention }
    }

    async fn item(&self, key: Item) -> Result<Option<Item>, StoreError> {
        let found = self.table.get(key).consistent_read(true).send().await;
        Ok(found.map_err(|error| unavailable(&error))?.item)
    }

    /// Writes an item that is still in this version, or is not there if there is none. Says whether
    /// it did.
    async fn put_version(&self, mut item: Item, version: Option<u64>) -> Result<bool, StoreError> {
        item.insert(VERSION.to_owned(), number_of(&version.map_or(1, |version| version + 1)));
        let request = self.table.put(item);
        let request = match version {
            None => request
                .condition_expression("attribute_not_exists(#bucket)")
                .expression_attribute_names("#bucket", BUCKET),
            Some(version) => request
                .condition_expression("#version = :before")
                .expression_attribute_names("#version", VERSION)
                .expression_attribute_values(":before", number_of(&version)),
        };
        was_made(request.send().await)
    }

    fn expires(&self, at: Timestamp) -> aws_sdk_dynamodb::types::AttributeValue {
        number_of(&self.retention.ends(at).as_second())
    }

    fn expires_with(&self, day: Date) -> aws_sdk_dynamodb::types::AttributeValue {
        self.expires(QuarterHour::first_of(day).begins())
    }
}

/// Whether an item of the table, of any kind, can be read.
pub fn check(item: Item) -> Result<(), Unreadable> {
    readable(item, &KEYS, |item| {
        let kind = text(&item, BUCKET).and_then(|bucket| bucket.split('#').next()).map(str::to_owned);
        match kind.as_deref() {
            Some("lines") => lines::lines_in(&item).map(drop),
            Some("reports") => read_in::<String, KnownReport>(&String::new(), item).map(drop),
            Some("deposits") => read::<Deposit>(item).map(drop),
            Some("deposit-ids") => deposits::sort_in(&item).map(drop),
            Some("exceptions") => exceptions::read_exception(item).map(drop),
            Some("progress") => progress::read_progress(item).map(drop),
            _ => Err(corrupt(BUCKET)),
        }
    })
}

fn key(bucket: &str, sort: &str) -> Item {
    texts([(BUCKET, bucket), (SORT, sort)])
}

/// The key, by which a bad item is named.
const KEYS: [&str; 2] = [BUCKET, SORT];

/// An item that is needed by itself.
fn read_one<T: Object>(item: Item) -> Result<T, StoreError> {
    needed(item, &KEYS, read)
}

/// An item without the attributes that only the table needs.
fn read<T: Object>(item: Item) -> Result<T, StoreError> {
    read_in(&(), item)
}

fn read_in<A, T: Object<A>>(around: &A, mut item: Item) -> Result<T, StoreError> {
    for name in [BUCKET, SORT, EXPIRES_AT, VERSION] {
        item.remove(name);
    }
    T::read(around, &mut Reader::new(item))
}

fn written(object: &impl Object, key: Item) -> Item {
    let mut writer = Writer(key);
    object.write(&(), &mut writer);
    writer.0
}
