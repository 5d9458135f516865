//! How far reading is: an item for each account.

use async_trait::async_trait;
use jiff::Timestamp;
use tollgate_core::{
    order::MerchantId,
    payments::StoreError,
    settlement::{Progress, ProgressStore},
};

use super::{BUCKET, DynamoDbSettlement, KEY_NAMES, KEYS, SORT, key, read, written};
use crate::dynamodb::{
    Item, apart,
    members::corrupt,
    needed, number_of,
    table::{all, unavailable, was_made},
    text,
};

/// The partition of all progress.
const PROGRESS: &str = "progress";

/// Until when a run has the account: seconds since 1970.
const CLAIMED_UNTIL: &str = "claimed_until";

fn progress_key(merchant: &MerchantId, account: &str) -> Item {
    key(PROGRESS, &format!("{merchant}#{account}"))
}

pub(super) fn read_progress(mut item: Item) -> Result<Progress, StoreError> {
    item.remove(CLAIMED_UNTIL);
    read(item)
}

#[async_trait]
impl ProgressStore for DynamoDbSettlement {
    async fn all(&self) -> Result<Vec<(MerchantId, Progress)>, StoreError> {
        let query = self.table.query("#bucket = :bucket", &KEY_NAMES[..1], &[(":bucket", PROGRESS)]);
        let progress = |item: Item| {
            let merchant =
                text(&item, SORT).and_then(|sort| sort.split_once('#')).map(|(merchant, _)| merchant);
            let merchant =
                merchant.and_then(|merchant| merchant.parse().ok()).ok_or_else(|| corrupt(SORT))?;
            Ok((merchant, read_progress(item)?))
        };
        Ok(apart(all(query.consistent_read(true)).await?, &KEYS, progress).0)
    }

    async fn of(&self, merchant: &MerchantId) -> Result<Vec<Progress>, StoreError> {
        let condition = "#bucket = :bucket AND begins_with(#sort, :merchant)";
        let texts = [(":bucket", PROGRESS), (":merchant", &*format!("{merchant}#"))];
        let query = self.table.query(condition, &KEY_NAMES, &texts);
        Ok(apart(all(query).await?, &KEYS, read_progress).0)
    }

    async fn claim(
        &self,
        merchant: &MerchantId,
        new: &Progress,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<Option<Progress>, StoreError> {
        let key = progress_key(merchant, &new.account);
        // Notes of another run since this one began count.
        let found =
            self.item(key.clone()).await?.map(|item| needed(item, &KEYS, read_progress)).transpose()?;
        let progress = found.unwrap_or_else(|| new.clone());
        let mut item = written(&progress, key);
        item.insert(CLAIMED_UNTIL.to_owned(), number_of(&until.as_second()));
        let request = self
            .table
            .put(item)
            .condition_expression("attribute_not_exists(#claimed) OR #claimed < :now")
            .expression_attribute_names("#claimed", CLAIMED_UNTIL)
            .expression_attribute_values(":now", number_of(&now.as_second()));
        Ok(was_made(request.send().await)?.then_some(progress))
    }

    async fn add(&self, merchant: &MerchantId, new: &Progress) -> Result<(), StoreError> {
        let item = written(new, progress_key(merchant, &new.account));
        let request = self.table.put(item).condition_expression("attribute_not_exists(#bucket)");
        was_made(request.expression_attribute_names("#bucket", BUCKET).send().await).map(drop)
    }

    async fn note(&self, merchant: &MerchantId, progress: &Progress) -> Result<(), StoreError> {
        let item = written(progress, progress_key(merchant, &progress.account));
        self.table.put(item).send().await.map(drop).map_err(|error| unavailable(&error))
    }
}
