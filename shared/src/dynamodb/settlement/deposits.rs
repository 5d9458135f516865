//! Deposits: an item for each, by day, and one that says where it is, by its id.

use async_trait::async_trait;
use jiff::civil::Date;
use tollgate_core::{
    order::MerchantId,
    payments::StoreError,
    settlement::{Deposit, DepositPage, DepositStore, Line, LinePlace, PutDeposit, merge_deposit},
    values::ReadOrder,
};

use super::{DynamoDbSettlement, EXPIRES_AT, KEY_NAMES, SORT, VERSION, key, read, written};
use crate::dynamodb::{
    Item,
    members::corrupt,
    number, number_of,
    table::{unavailable, was_made},
    text, text_of, texts,
};

/// Where a deposit's item is, in the item under its id.
const AT: &str = "at";

/// How often a deposit is read again because another run wrote it meanwhile.
const TRIES: usize = 5;

fn by_day(merchant: &MerchantId) -> String {
    format!("deposits#{merchant}")
}

fn sort(deposit: &Deposit) -> String {
    format!("{}#{}", deposit.day, deposit.id)
}

fn id_key(merchant: &MerchantId, id: &str) -> Item {
    key(&format!("deposit-ids#{merchant}"), id)
}

fn contended() -> StoreError {
    StoreError::Unavailable("a deposit was changed at the same time".to_owned())
}

impl DynamoDbSettlement {
    async fn deposit_item(&self, merchant: &MerchantId, id: &str) -> Result<Option<Item>, StoreError> {
        let Some(pointer) = self.item(id_key(merchant, id)).await? else { return Ok(None) };
        let at = text(&pointer, AT).ok_or_else(|| corrupt(AT))?;
        self.item(key(&by_day(merchant), at)).await
    }

    /// Replaces a deposit that is still in this version, or adds it.
    async fn replace(
        &self,
        merchant: &MerchantId,
        deposit: &Deposit,
        version: Option<u64>,
    ) -> Result<bool, StoreError> {
        let mut item = written(deposit, key(&by_day(merchant), &sort(deposit)));
        item.insert(VERSION.to_owned(), number_of(&version.map_or(1, |version| version + 1)));
        item.insert(EXPIRES_AT.to_owned(), self.expires_with(deposit.day));
        let request = self.table.put(item);
        let request = match version {
            None => request
                .condition_expression("attribute_not_exists(#bucket)")
                .expression_attribute_names("#bucket", super::BUCKET),
            Some(version) => request
                .condition_expression("#version = :before")
                .expression_attribute_names("#version", VERSION)
                .expression_attribute_values(":before", number_of(&version)),
        };
        was_made(request.send().await)
    }

    /// Changes a deposit that is there, if it is not so already.
    async fn change(
        &self,
        merchant: &MerchantId,
        id: &str,
        change: impl Fn(&mut Deposit) -> bool,
    ) -> Result<(), StoreError> {
        for _ in 0..TRIES {
            let Some(item) = self.deposit_item(merchant, id).await? else { return Ok(()) };
            let version = number(&item, VERSION);
            let mut deposit: Deposit = read(item)?;
            if !change(&mut deposit) || self.replace(merchant, &deposit, version).await? {
                return Ok(());
            }
        }
        Err(contended())
    }

    async fn put_plain(&self, item: Item) -> Result<(), StoreError> {
        self.table.put(item).send().await.map(drop).map_err(|error| unavailable(&error))
    }
}

#[async_trait]
impl DepositStore for DynamoDbSettlement {
    async fn put(&self, merchant: &MerchantId, deposit: &Deposit) -> Result<PutDeposit, StoreError> {
        for _ in 0..TRIES {
            let there = self.deposit_item(merchant, &deposit.id).await?;
            let version = there.as_ref().and_then(|item| number(item, VERSION));
            let before = there.map(read::<Deposit>).transpose()?;
            let (deposit, is_written) = merge_deposit(before.as_ref(), deposit);
            if !is_written {
                return Ok(PutDeposit { deposit, is_written });
            }
            if before.is_none() {
                let mut pointer = id_key(merchant, &deposit.id);
                pointer.insert(AT.to_owned(), text_of(&sort(&deposit)));
                pointer.insert(EXPIRES_AT.to_owned(), self.expires_with(deposit.day));
                self.put_plain(pointer).await?;
            }
            if self.replace(merchant, &deposit, version).await? {
                return Ok(PutDeposit { deposit, is_written });
            }
        }
        Err(contended())
    }

    async fn note_journaled(
        &self,
        merchant: &MerchantId,
        id: &str,
        changes: usize,
    ) -> Result<(), StoreError> {
        let note = |deposit: &mut Deposit| {
            let is_new = deposit.journaled < changes;
            deposit.journaled = deposit.journaled.max(changes);
            is_new
        };
        self.change(merchant, id, note).await
    }

    async fn get(&self, merchant: &MerchantId, id: &str) -> Result<Option<Deposit>, StoreError> {
        self.deposit_item(merchant, id).await?.map(read).transpose()
    }

    async fn list(
        &self,
        merchant: &MerchantId,
        (first, last): (Date, Date),
        order: ReadOrder,
        after: Option<&str>,
        limit: usize,
    ) -> Result<DepositPage, StoreError> {
        let bucket = by_day(merchant);
        let (from, to) = (first.to_string(), format!("{last}#~"));
        let condition = "#bucket = :bucket AND #sort BETWEEN :from AND :to";
        let query =
            self.table.query(condition, &KEY_NAMES, &[(":bucket", &bucket), (":from", &from), (":to", &to)]);
        let query = query
            .scan_index_forward(order == ReadOrder::OldestFirst)
            .limit(i32::try_from(limit).unwrap_or(i32::MAX))
            .set_exclusive_start_key(after.map(|after| texts([(super::BUCKET, &*bucket), (SORT, after)])));
        let page = query.send().await.map_err(|error| unavailable(&error))?;
        let next = page.last_evaluated_key.as_ref().and_then(|key| text(key, SORT).cloned());
        let deposits = page.items.unwrap_or_default().into_iter().map(read);
        Ok(DepositPage { deposits: deposits.collect::<Result<_, StoreError>>()?, next })
    }

    async fn add_place(&self, merchant: &MerchantId, id: &str, place: &LinePlace) -> Result<(), StoreError> {
        self.change(merchant, id, |deposit| deposit.places.insert(place.clone())).await
    }

    async fn lines_of(&self, merchant: &MerchantId, id: &str) -> Result<Vec<(LinePlace, Line)>, StoreError> {
        let Some(deposit) = self.get(merchant, id).await? else { return Ok(Vec::new()) };
        let mut lines = Vec::new();
        for (place, packed) in self.load_all(merchant, &deposit.places).await? {
            let held =
                packed.lines.into_iter().filter(|line| line.funded.iter().any(|one| one.deposit == id));
            lines.extend(held.map(|line| (place.clone(), line)));
        }
        Ok(lines)
    }
}
