//! How far the changed orders of merchants' shops were read: an item of the orders' table for each
//! such merchant, in a partition of the orders of which shops are told, so that it is found without
//! a further query. No order's id is empty, so none has such a key.

use jiff::Timestamp;
use tollgate_core::{
    order::MerchantId,
    payments::{Index, ShopPoll, StoreError, UNRECORDED_SHARDS},
};

use super::{DynamoDbStore, KEY, index_names, shard, shard_name, sortable};
use crate::dynamodb::{Item, number, number_of, table::was_made, text, text_of, texts};

/// The end of the keys, after the merchant's id.
const END: char = '#';

const READ_FROM: &str = "read_from";
const VERSION: &str = "version";

/// The merchant of such an item.
pub(super) fn merchant(key: &str) -> Option<MerchantId> {
    MerchantId::stored(key.strip_suffix(END)?).ok()
}

/// Whether the key is one of these items.
pub(super) fn is_shop(key: &str) -> bool {
    key.ends_with(END)
}

fn key(merchant: &MerchantId) -> String {
    format!("{merchant}{END}")
}

fn item(poll: &ShopPoll) -> Item {
    let (key, names) = (key(&poll.merchant), index_names(Index::Unrecorded));
    let partition = shard_name(Index::Unrecorded, shard(&key, UNRECORDED_SHARDS));
    let mut item = texts([(KEY, &key), (names.shard, &partition), (names.at, &sortable(poll.next_at))]);
    item.insert(VERSION.to_owned(), number_of(&(poll.version + 1)));
    item.insert(READ_FROM.to_owned(), text_of(&poll.read_from));
    item
}

fn read(merchant: &MerchantId, item: &Item) -> Option<ShopPoll> {
    let time = |name| text(item, name)?.parse::<Timestamp>().ok();
    Some(ShopPoll {
        merchant: merchant.clone(),
        read_from: time(READ_FROM)?,
        next_at: time(index_names(Index::Unrecorded).at)?,
        version: number(item, VERSION)?,
    })
}

impl DynamoDbStore {
    /// Writes the item of a merchant that has none, once in a process.
    pub(super) async fn note(&self, merchant: &MerchantId, now: Timestamp) -> Result<(), StoreError> {
        if self.noted_shops().contains(merchant) {
            return Ok(());
        }
        let new = ShopPoll { merchant: merchant.clone(), read_from: now, next_at: now, version: 0 };
        was_made(self.put_after(None, item(&new)).send().await)?;
        self.noted_shops().insert(merchant.clone());
        Ok(())
    }

    pub(super) async fn poll(&self, merchant: &MerchantId) -> Result<Option<ShopPoll>, StoreError> {
        let Some(item) = self.item(key(merchant)).await? else { return Ok(None) };
        let poll = read(merchant, &item);
        poll.map(Some).ok_or_else(|| StoreError::Corrupt("how far a shop was read".to_owned()))
    }

    pub(super) async fn put_poll(&self, poll: &ShopPoll) -> Result<(), StoreError> {
        was_made(self.put_after(Some(poll.version), item(poll)).send().await).map(drop)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::test_aws::{condition_failed, store};

    #[tokio::test]
    async fn a_shop_is_noted_once_in_a_process_and_no_item_that_is_there_is_replaced() {
        let (store, aws) = store([condition_failed()]);
        let merchant: MerchantId = "m".parse().unwrap();
        for _ in 0..2 {
            store.note(&merchant, Timestamp::UNIX_EPOCH).await.unwrap();
        }
        let puts = aws.bodies("PutItem");
        let [sent] = puts.as_slice() else { panic!("{puts:?}") };
        assert_eq!(sent["ConditionExpression"], "attribute_not_exists(order_key)");
        assert_eq!(sent["Item"]["order_key"], json!({"S": "m#"}));
        assert_eq!(sent["Item"]["in_doubt_at"], json!({"S": "1970-01-01T00:00:00Z"}));
    }

    #[test]
    fn what_is_stored_is_read_again_and_only_such_a_key_is_a_shop() {
        let poll = ShopPoll {
            merchant: "m".parse().unwrap(),
            read_from: Timestamp::UNIX_EPOCH,
            next_at: Timestamp::UNIX_EPOCH,
            version: 3,
        };
        let read = read(&poll.merchant, &item(&poll)).unwrap();
        assert_eq!(read, ShopPoll { version: 4, ..poll });
        assert_eq!(
            [merchant("m#"), merchant("m#o"), merchant("#")].map(|found| found.is_some()),
            [true, false, false]
        );
    }
}
