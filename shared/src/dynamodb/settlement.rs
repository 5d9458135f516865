//! What settlement keeps, in a DynamoDB table of its own. `docs/reference/settlement.md` has each item with what it holds.

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
use tollgate_core::{journal::Retention, payments::StoreError, values::QuarterHour};

use super::{
    Item,
    members::{Object, Reader, Writer},
    number_of,
    table::{Table, unavailable},
    texts,
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

    fn expires(&self, at: Timestamp) -> aws_sdk_dynamodb::types::AttributeValue {
        number_of(&self.retention.ends(at).as_second())
    }

    fn expires_with(&self, day: Date) -> aws_sdk_dynamodb::types::AttributeValue {
        self.expires(QuarterHour::first_of(day).begins())
    }
}

fn key(bucket: &str, sort: &str) -> Item {
    texts([(BUCKET, bucket), (SORT, sort)])
}

/// An item without what only the table needs.
fn read<T: Object>(mut item: Item) -> Result<T, StoreError> {
    for name in [BUCKET, SORT, EXPIRES_AT, VERSION] {
        item.remove(name);
    }
    T::read(&(), &mut Reader::new(item))
}

fn written(object: &impl Object, key: Item) -> Item {
    let mut writer = Writer(key);
    object.write(&(), &mut writer);
    writer.0
}
