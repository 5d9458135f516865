//! Deposits: an item for each, by day, and one that says where it is, by its id.

use async_trait::async_trait;
use aws_sdk_dynamodb::types::{Delete, Put, TransactWriteItem};
use tollgate_core::{
    order::MerchantId,
    payments::StoreError,
    settlement::{DayRange, Deposit, DepositPage, DepositStore},
    values::ReadOrder,
};

use super::{DynamoDbSettlement, EXPIRES_AT, KEY_NAMES, KEYS, SORT, VERSION, key, read, read_one, written};
use crate::dynamodb::{
    Item, apart,
    members::corrupt,
    needed, number, number_of,
    table::{all, unavailable},
    text, text_of, texts,
};

/// Where a deposit's item is, in the item under its id.
const AT: &str = "at";

fn by_day(merchant: &MerchantId) -> String {
    format!("deposits#{merchant}")
}

/// Two accounts can have deposits of the same id.
fn sort(deposit: &Deposit) -> String {
    format!("{}#{}#{}", deposit.day, deposit.account, deposit.id)
}

fn ids(merchant: &MerchantId) -> String {
    format!("deposit-ids#{merchant}")
}

/// The sort key of the deposit that an id points to.
pub(super) fn sort_in(pointer: &Item) -> Result<String, StoreError> {
    text(pointer, AT).cloned().ok_or_else(|| corrupt(AT))
}

impl DynamoDbSettlement {
    async fn deposit_item(&self, merchant: &MerchantId, pointer: &Item) -> Result<Option<Item>, StoreError> {
        let at = needed(pointer.clone(), &KEYS, |item| sort_in(&item))?;
        self.item(key(&by_day(merchant), &at)).await
    }

    async fn pointer(
        &self,
        merchant: &MerchantId,
        account: &str,
        id: &str,
    ) -> Result<Option<Item>, StoreError> {
        self.item(key(&ids(merchant), &format!("{id}#{account}"))).await
    }

    /// Puts a deposit under another day, and the item that says where it is, in place of its item
    /// that is still in this version. Says whether it was.
    async fn move_deposit(&self, from: Item, version: u64, to: [Item; 2]) -> Result<bool, StoreError> {
        let table = &self.table.name;
        let delete = Delete::builder().table_name(table).set_key(Some(from));
        let delete = delete
            .condition_expression("#version = :before")
            .expression_attribute_names("#version", VERSION)
            .expression_attribute_values(":before", number_of(&version));
        let delete = delete.build().map(|delete| TransactWriteItem::builder().delete(delete).build());
        let puts = to.map(|item| {
            let put = Put::builder().table_name(table).set_item(Some(item)).build();
            put.map(|put| TransactWriteItem::builder().put(put).build())
        });
        let writes = std::iter::once(delete).chain(puts).collect::<Result<_, _>>();
        self.table.transact(writes.map_err(|error| StoreError::Unavailable(error.to_string()))?).await
    }

    pub(super) async fn put_plain(&self, item: Item) -> Result<(), StoreError> {
        self.table.put(item).send().await.map(drop).map_err(|error| unavailable(&error))
    }
}

#[async_trait]
impl DepositStore for DynamoDbSettlement {
    async fn get(
        &self,
        merchant: &MerchantId,
        account: &str,
        id: &str,
    ) -> Result<Option<Deposit>, StoreError> {
        let Some(pointer) = self.pointer(merchant, account, id).await? else { return Ok(None) };
        self.deposit_item(merchant, &pointer).await?.map(read_one).transpose()
    }

    async fn find(&self, merchant: &MerchantId, id: &str) -> Result<Vec<Deposit>, StoreError> {
        let condition = "#bucket = :bucket AND begins_with(#sort, :id)";
        let texts = [(":bucket", &*ids(merchant)), (":id", &*format!("{id}#"))];
        let pointers = all(self.table.query(condition, &KEY_NAMES, &texts)).await?;
        let mut found = Vec::new();
        for pointer in pointers {
            found.extend(self.deposit_item(merchant, &pointer).await?.map(read_one::<Deposit>).transpose()?);
        }
        // The gateway's ids are its own to choose.
        found.retain(|deposit| deposit.id == id);
        Ok(found)
    }

    async fn save(
        &self,
        merchant: &MerchantId,
        was: Option<&Deposit>,
        deposit: &Deposit,
    ) -> Result<bool, StoreError> {
        let pointer = self.pointer(merchant, &deposit.account, &deposit.id).await?;
        let there = match &pointer {
            Some(pointer) => self.deposit_item(merchant, pointer).await?,
            None => None,
        };
        let version: Option<u64> = there.as_ref().and_then(|item| number(item, VERSION));
        if there.map(read_one::<Deposit>).transpose()?.as_ref() != was {
            return Ok(false);
        }
        let sort = sort(deposit);
        let mut item = written(deposit, key(&by_day(merchant), &sort));
        item.insert(EXPIRES_AT.to_owned(), self.expires_with(deposit.day));
        let at = pointer.as_ref().map(sort_in).transpose()?;
        if at.as_ref() == Some(&sort) {
            return self.put_version(item, version).await;
        }
        let mut pointer = key(&ids(merchant), &format!("{}#{}", deposit.id, deposit.account));
        pointer.insert(AT.to_owned(), text_of(&sort));
        pointer.insert(EXPIRES_AT.to_owned(), self.expires_with(deposit.day));
        if let (Some(at), Some(version)) = (at, version) {
            item.insert(VERSION.to_owned(), number_of(&(version + 1)));
            return self.move_deposit(key(&by_day(merchant), &at), version, [item, pointer]).await;
        }
        self.put_plain(pointer).await?;
        self.put_version(item, version).await
    }

    async fn list(
        &self,
        merchant: &MerchantId,
        DayRange { first, last }: DayRange,
        order: ReadOrder,
        after: Option<&str>,
        limit: usize,
    ) -> Result<DepositPage, StoreError> {
        let bucket = by_day(merchant);
        let (from, to) = (first.to_string(), format!("{last}#~"));
        let Some(query) = self.table.between(KEYS, &bucket, &*from..=&*to) else {
            return Ok(DepositPage::default());
        };
        let query = query
            .scan_index_forward(order == ReadOrder::OldestFirst)
            .limit(i32::try_from(limit).unwrap_or(i32::MAX))
            .set_exclusive_start_key(after.map(|after| texts([(super::BUCKET, &*bucket), (SORT, after)])));
        let page = query.send().await.map_err(|error| unavailable(&error))?;
        let next = page.last_evaluated_key.as_ref().and_then(|key| text(key, SORT).cloned());
        let (deposits, unreadable) = apart(page.items.unwrap_or_default(), &KEYS, read);
        Ok(DepositPage { deposits, unreadable, next })
    }
}
