//! Reads the journal's table, newest entry first.

use std::str::FromStr;

use async_trait::async_trait;
use aws_sdk_dynamodb::Client;
use jiff::civil::Date;
use tollgate_core::{
    journal::{
        Changes, CountedEntry, CountedPage, EntryLog, EntryPage, EntryPlace, LoggedEntry, TotalLine,
        UnreadableEntry,
    },
    order::{Kind, MerchantId, OrderKey},
    payments::{StoreError, Unreadable},
    values::Amount,
};

use super::{BUCKET, Column, DAYS, KEY_NAMES, SORT, bucket, key_of, keys, shards_in};
use crate::dynamodb::{
    Item, number,
    table::{Table, unavailable},
    text,
};

/// The index by the last four digits of a card, as the template has it.
const BY_LAST_FOUR: &str = "by-last-four";

/// A journal in one DynamoDB table.
pub struct DynamoDbEntryLog(Table);

impl DynamoDbEntryLog {
    /// A journal in a table that exists.
    pub fn new(client: Client, table: String) -> Self {
        Self(Table { client, name: table })
    }
}

#[async_trait]
impl EntryLog for DynamoDbEntryLog {
    async fn shards(&self, day: Date) -> Result<Option<u16>, StoreError> {
        let found = self.0.get(keys(DAYS, &day.to_string())).send().await;
        found.map_err(|error| unavailable(&error))?.item.map(|item| shards_in(&item)).transpose()
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
        let names = [("#place", name), ("#sort", SORT)];
        let request = self
            .0
            .query(
                "#place = :place AND #sort < :before",
                &names,
                &[(":place", &partition), (":before", before)],
            )
            .set_index_name(index)
            .scan_index_forward(false)
            .limit(i32::try_from(limit).unwrap_or(i32::MAX));
        let page = request.send().await.map_err(|error| unavailable(&error))?;
        let entries = page.items().iter().map(|item| match logged(item, merchant) {
            Ok(entry) => Ok(Ok(entry)),
            Err(error) => bad_entry(item, error).map(Err),
        });
        let entries = entries.collect::<Result<_, StoreError>>()?;
        Ok(EntryPage { entries, more: page.last_evaluated_key.is_some() })
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
        // Both ends count. This sorts after that entry, and before the first one of a moment, which goes on with #.
        let after = format!("{after}!");
        let texts = [(":bucket", bucket.as_str()), (":after", &after), (":until", until)];
        let request = self
            .0
            .query("#bucket = :bucket AND #sort BETWEEN :after AND :until", &KEY_NAMES, &texts)
            // What was put a moment ago has to be in the totals that it marked for summing up.
            .consistent_read(true)
            .limit(i32::try_from(limit).unwrap_or(i32::MAX));
        let page = request.send().await.map_err(|error| unavailable(&error))?;
        let (mut entries, mut unreadable) = (Vec::new(), Vec::new());
        for item in page.items() {
            match counted(item, day) {
                Ok(entry) => entries.push(entry),
                Err(error) => unreadable.push(Unreadable::only(error, key_of(item))?),
            }
        }
        let next = page.last_evaluated_key.as_ref().and_then(|key| text(key, SORT).cloned());
        Ok(CountedPage { entries, unreadable, next })
    }
}

/// A text of an entry that it cannot be without, as what it says.
fn stated<T: FromStr>(item: &Item, column: Column) -> Result<T, StoreError> {
    text(item, column.as_str()).and_then(|text| text.parse().ok()).ok_or_else(|| corrupt(column))
}

fn logged(item: &Item, merchant: &MerchantId) -> Result<LoggedEntry, StoreError> {
    let kind: String = stated(item, Column::Operation)?;
    let kinds = [Kind::Authorize, Kind::Purchase, Kind::Capture, Kind::Refund, Kind::Void];
    Ok(LoggedEntry {
        sort: stated(item, Column::Sort)?,
        id: stated(item, Column::EntryId)?,
        order: OrderKey { merchant: merchant.clone(), order: stated(item, Column::OrderId)? },
        transaction: stated(item, Column::TransactionId)?,
        kind: kinds.into_iter().find(|known| known.as_str() == kind).unwrap_or(Kind::Unrecognized),
        currency: stated::<String>(item, Column::Currency)?.parse().ok(),
    })
}

/// An entry in its place among the others: the table's key is a text always.
fn bad_entry(item: &Item, error: StoreError) -> Result<UnreadableEntry, StoreError> {
    let sort = text(item, SORT).cloned().unwrap_or_default();
    let order = stated(item, Column::OrderId).ok();
    let item = Unreadable::only(error, key_of(item))?;
    item.note();
    Ok(UnreadableEntry { sort, order, item })
}

fn counted(item: &Item, day: Date) -> Result<CountedEntry, StoreError> {
    let minor = |column: Column| number::<i64>(item, column.as_str()).ok_or_else(|| corrupt(column));
    let amount = u64::try_from(minor(Column::Amount)?).ok().and_then(|minor| Amount::new(minor).ok());
    let line = TotalLine {
        day,
        currency: stated(item, Column::Currency)?,
        operation: stated(item, Column::Operation)?,
        fact: stated(item, Column::Fact)?,
        mid: stated(item, Column::Mid)?,
        brand: text(item, Column::Brand.as_str()).cloned(),
    };
    let changes = Changes {
        held: minor(Column::Held)?,
        paid: minor(Column::Paid)?,
        returned: minor(Column::Returned)?,
        gateway: minor(Column::AtGateway)?,
        fees: if item.contains_key(Column::FeesAtGateway.as_str()) {
            minor(Column::FeesAtGateway)?
        } else {
            0
        },
    };
    let amount = amount.ok_or_else(|| corrupt(Column::Amount))?;
    Ok(CountedEntry { at: stated(item, Column::At)?, line, amount, changes })
}

fn corrupt(column: Column) -> StoreError {
    StoreError::Corrupt(format!("an entry of the journal without a good {}", column.as_str()))
}

#[cfg(test)]
mod tests {
    use aws_sdk_dynamodb::types::AttributeValue;
    use tollgate_core::journal::{day_of, entries};

    use super::*;
    use crate::{dynamodb::journal::item, test_payments::refunded_in_part};

    #[test]
    fn what_is_counted_of_an_item_is_what_is_counted_of_its_entry_fees_included() {
        for fees in [None, Some([78, 30])] {
            let entries = entries(None, &refunded_in_part(fees));
            for entry in &entries {
                let read = counted(&item::item(entry, 0), day_of(entry.at)).unwrap();
                assert_eq!(read, CountedEntry::from(entry));
            }
            let sum: Changes = entries.iter().map(|entry| entry.changes).sum();
            assert_eq!((sum.paid, sum.gateway, sum.fees), (2599, 1599, if fees.is_some() { 48 } else { 0 }));
        }
    }

    #[test]
    fn a_fee_that_is_no_number_is_not_taken_for_none() {
        let entries = entries(None, &refunded_in_part(Some([78, 30])));
        let mut bad = item::item(&entries[0], 0);
        bad.insert(Column::FeesAtGateway.as_str().to_owned(), AttributeValue::S("78".to_owned()));
        counted(&bad, day_of(entries[0].at)).unwrap_err();
    }
}
