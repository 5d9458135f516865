//! Settlement's own entries: in partitions of their own, so that no list and no total of payments
//! reads them.

use async_trait::async_trait;
use tollgate_core::{
    journal::Put,
    order::MerchantId,
    payments::StoreError,
    settlement::{Component, DepositEntry, DepositJournal},
    values::Currency,
};

use super::{Column, DynamoDbEntries, EXPIRES_AT, expires_at, item, keys};
use crate::dynamodb::{Item, number_of, text, text_of};

/// The beginning of these partitions. No partition of other entries has it, so the policy that lets
/// settlement put them can name them.
const BEGIN: &str = "#deposits#";

#[async_trait]
impl DepositJournal for DynamoDbEntries {
    async fn put(&self, entry: &DepositEntry) -> Result<Put, StoreError> {
        let mut item = of_entry(entry);
        item.insert(EXPIRES_AT.to_owned(), expires_at(self.retention, entry.at));
        self.put_once(item).await
    }
}

fn of_entry(entry: &DepositEntry) -> Item {
    let texts = [
        (Column::Mid, Some(entry.account.as_str())),
        (Column::Deposit, Some(&entry.deposit)),
        (Column::Component, Some(entry.component.as_str())),
        (Column::Currency, entry.currency.map(Currency::code)),
    ];
    let texts = texts.into_iter().filter_map(|(column, text)| Some((column, text_of(&text?))));
    let amount = (Column::Amount, number_of(&entry.amount.minor()));
    let mut item = keys(&format!("{BEGIN}{}", entry.merchant), &entry.sort());
    item.extend(texts.chain([amount]).map(|(column, value)| (column.as_str().to_owned(), value)));
    item
}

/// The entry of an item; none for an item that is none of settlement's.
pub fn deposit_entry(item: &Item) -> Option<Result<DepositEntry, StoreError>> {
    let merchant = text(item, Column::Bucket.as_str())?.strip_prefix(BEGIN)?;
    Some(read(item, merchant))
}

fn read(item: &Item, merchant: &str) -> Result<DepositEntry, StoreError> {
    let (at, id) = item::at_and_id(item)?;
    let component: String = item::stated(item, Column::Component)?;
    let currency = match text(item, Column::Currency.as_str()) {
        Some(_) => Some(item::stated(item, Column::Currency)?),
        None => None,
    };
    Ok(DepositEntry {
        id,
        at,
        merchant: merchant.parse::<MerchantId>().map_err(|_| item::corrupt(Column::Bucket))?,
        account: item::stated(item, Column::Mid)?,
        deposit: item::stated(item, Column::Deposit)?,
        component: Component::from_name(&component).ok_or_else(|| item::corrupt(Column::Component))?,
        currency,
        amount: item::signed(item, Column::Amount)?,
    })
}
