//! Reads the journal's table, newest entry first.

use async_trait::async_trait;
use aws_sdk_dynamodb::{Client, types::AttributeValue};
use jiff::civil::Date;
use tollgate_core::{
    journal::{
        Changes, CountedEntry, TotalLine,
        entry_log::{CountedPage, EntryLog, EntryPage, EntryPlace, LoggedEntry},
    },
    order::{MerchantId, OrderKey, operation::Kind},
    payments::store::StoreError,
    values::money::Amount,
};

use super::{BUCKET, Column, DAYS, SORT, bucket, keys};
use crate::dynamodb::{Item, unavailable};

/// The index by the last four digits of a card, as the template has it.
const BY_LAST_FOUR: &str = "by-last-four";

/// A journal in one DynamoDB table.
pub struct DynamoDbEntryLog {
    client: Client,
    table: String,
}

impl DynamoDbEntryLog {
    /// A journal in a table that exists.
    pub fn new(client: Client, table: String) -> Self {
        Self { client, table }
    }
}

#[async_trait]
impl EntryLog for DynamoDbEntryLog {
    async fn shards(&self, day: Date) -> Result<Option<u16>, StoreError> {
        let request = self.client.get_item().table_name(&self.table);
        let item = request.set_key(Some(keys(DAYS, &day.to_string()))).send().await;
        let item = item.map_err(|error| unavailable(&error))?.item;
        Ok(item.and_then(|item| item.get("shards")?.as_n().ok()?.parse().ok()))
    }

    async fn before(
        &self,
        merchant: &MerchantId,
        place: &EntryPlace,
        before: &str,
        limit: usize,
    ) -> Result<EntryPage, StoreError> {
        let (index, name, partition) = match place {
            EntryPlace::Day { day, shard } => (None, BUCKET, bucket(merchant, *day, *shard)),
            EntryPlace::LastFour(digits) => {
                let index = Some(BY_LAST_FOUR.to_owned());
                (index, Column::MerchantLastFour.as_str(), format!("{merchant}#{digits}"))
            }
        };
        let request = self
            .client
            .query()
            .table_name(&self.table)
            .set_index_name(index)
            .key_condition_expression("#place = :place AND #sort < :before")
            .expression_attribute_names("#place", name)
            .expression_attribute_names("#sort", SORT)
            .expression_attribute_values(":place", AttributeValue::S(partition))
            .expression_attribute_values(":before", AttributeValue::S(before.to_owned()))
            .scan_index_forward(false)
            .limit(i32::try_from(limit).unwrap_or(i32::MAX));
        let page = request.send().await.map_err(|error| unavailable(&error))?;
        let entries = page.items().iter().map(|item| logged(item, merchant));
        Ok(EntryPage { entries: entries.collect::<Result<_, _>>()?, more: page.last_evaluated_key.is_some() })
    }

    async fn counted(
        &self,
        merchant: &MerchantId,
        day: Date,
        shard: u16,
        (after, until): (&str, &str),
        limit: usize,
    ) -> Result<CountedPage, StoreError> {
        let bucket = bucket(merchant, day, shard);
        let request = self
            .client
            .query()
            .table_name(&self.table)
            .key_condition_expression("#bucket = :bucket AND #sort BETWEEN :after AND :until")
            .expression_attribute_names("#bucket", BUCKET)
            .expression_attribute_names("#sort", SORT)
            .expression_attribute_values(":bucket", AttributeValue::S(bucket))
            // What was put a moment ago has to be in the totals that it marked for summing up.
            .consistent_read(true)
            // Both ends count. This sorts after that entry, and before the first one of a moment, which goes on with #.
            .expression_attribute_values(":after", AttributeValue::S(format!("{after}!")))
            .expression_attribute_values(":until", AttributeValue::S(until.to_owned()))
            .limit(i32::try_from(limit).unwrap_or(i32::MAX));
        let page = request.send().await.map_err(|error| unavailable(&error))?;
        let entries = page.items().iter().map(|item| counted(item, day)).collect::<Result<_, _>>()?;
        let next = page.last_evaluated_key.as_ref().and_then(|key| key.get(SORT)?.as_s().ok().cloned());
        Ok(CountedPage { entries, next })
    }
}

fn logged(item: &Item, merchant: &MerchantId) -> Result<LoggedEntry, StoreError> {
    let text = |column: Column| {
        let text = item.get(column.as_str()).and_then(|value| value.as_s().ok());
        text.ok_or_else(|| corrupt(column))
    };
    let order = text(Column::OrderId)?.parse().map_err(|_| corrupt(Column::OrderId))?;
    let id = |column: Column| text(column)?.parse().map_err(|_| corrupt(column));
    let kind = text(Column::Operation)?;
    let kinds = [Kind::Authorize, Kind::Purchase, Kind::Capture, Kind::Refund, Kind::Void];
    Ok(LoggedEntry {
        sort: text(Column::Sort)?.clone(),
        id: id(Column::EntryId)?,
        order: OrderKey { merchant: merchant.clone(), order },
        transaction: id(Column::TransactionId)?,
        kind: kinds.into_iter().find(|known| known.as_str() == kind).unwrap_or(Kind::Unrecognized),
        currency: text(Column::Currency)?.parse().ok(),
    })
}

fn counted(item: &Item, day: Date) -> Result<CountedEntry, StoreError> {
    let known = |column: Column| item.get(column.as_str()).and_then(|value| value.as_s().ok());
    let text = |column: Column| known(column).cloned().ok_or_else(|| corrupt(column));
    let number = |column: Column| {
        let number = item.get(column.as_str()).and_then(|value| value.as_n().ok()?.parse::<i64>().ok());
        number.ok_or_else(|| corrupt(column))
    };
    let amount = u64::try_from(number(Column::Amount)?).ok().and_then(|minor| Amount::new(minor).ok());
    let line = TotalLine {
        day,
        currency: text(Column::Currency)?.parse().map_err(|_| corrupt(Column::Currency))?,
        operation: text(Column::Operation)?,
        fact: text(Column::Fact)?,
        mid: text(Column::Mid)?,
        brand: known(Column::Brand).cloned(),
    };
    let changes = Changes {
        held: number(Column::Held)?,
        paid: number(Column::Paid)?,
        returned: number(Column::Returned)?,
        gateway: number(Column::AtGateway)?,
    };
    let at = text(Column::At)?.parse().map_err(|_| corrupt(Column::At))?;
    Ok(CountedEntry { at, line, amount: amount.ok_or_else(|| corrupt(Column::Amount))?, changes })
}

fn corrupt(column: Column) -> StoreError {
    StoreError::Corrupt(format!("an entry of the journal without a good {}", column.as_str()))
}
