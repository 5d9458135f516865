//! Orders read in batches.

use tollgate_core::{
    order::OrderKey,
    payments::{LoadedOrders, StoreError, Unreadable},
};

use super::{DynamoDbStore, KEY, StoredOrder, noted, parse_key};
use crate::dynamodb::{Item, item_size, text, text_of};

impl DynamoDbStore {
    /// The orders under these keys, as of now.
    pub(super) async fn batch(&self, keys: &[OrderKey]) -> Result<LoadedOrders, StoreError> {
        let mut loaded = LoadedOrders::default();
        let keys = keys.iter().map(|key| Item::from([(KEY.to_owned(), text_of(key))])).collect();
        for item in self.table.batch(keys, true).await? {
            loaded.read_bytes += item_size(&item);
            let stored = text(&item, KEY).cloned().unwrap_or_default();
            let Some(key) = parse_key(&stored) else { continue };
            let order = match StoredOrder(item).read() {
                Ok(order) => Ok(order),
                Err(error) => Err(noted(Unreadable::only(error, stored)?)),
            };
            loaded.orders.insert(key, order);
        }
        Ok(loaded)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};
    use tokio::time::Instant;
    use tollgate_core::payments::OrderStore;

    use super::*;
    use crate::{
        dynamodb::{
            orders::tests::keys,
            table::{BATCH_TRIES_MAX, FIRST_PAUSE},
        },
        test_aws::{ok, store, throttled},
    };

    /// An order's item as DynamoDB has it.
    fn item(id: &str) -> Value {
        json!({"order_key": {"S": format!("m#{id}")}, "fm": {"N": "1"}, "version": {"N": "1"}, "cy": {"S": "USD"},
            "t": {"L": []}, "c": {"N": "0"}, "u": {"N": "0"}, "ls": {"S": "m#0"}, "ld": {"S": "x"}})
    }

    fn asked(ids: &[&str]) -> Value {
        let keys: Vec<_> = ids.iter().map(|id| json!({"order_key": {"S": format!("m#{id}")}})).collect();
        json!({"orders": {"Keys": keys, "ConsistentRead": true}})
    }

    #[tokio::test(start_paused = true)]
    async fn what_a_batch_left_is_requested_again_until_all_of_it_is_there() {
        let (store, aws) = store([
            ok(json!({"Responses": {"orders": [item("a")]}, "UnprocessedKeys": asked(&["b", "c"])})),
            ok(json!({"Responses": {"orders": []}, "UnprocessedKeys": asked(&["b", "c"])})),
            ok(json!({"Responses": {"orders": [item("b")]}})),
        ]);
        let began = Instant::now();
        let loaded = store.load_all(&keys(&["a", "b", "c"])).await.unwrap();
        let there = keys(&["a", "b"]);
        assert!(
            loaded.orders.len() == 2
                && there.iter().all(|key| loaded.orders[key].as_ref().unwrap().key() == *key)
        );
        let bodies = aws.bodies("BatchGetItem");
        let asked_for: Vec<_> = bodies.iter().map(|body| body["RequestItems"].clone()).collect();
        assert_eq!(asked_for, [asked(&["a", "b", "c"]), asked(&["b", "c"]), asked(&["b", "c"])]);
        assert_eq!(began.elapsed(), FIRST_PAUSE * 2, "only where nothing was returned");
    }

    #[tokio::test(start_paused = true)]
    async fn a_table_that_returns_nothing_is_requested_less_and_less_often_and_not_forever() {
        let left = || ok(json!({"Responses": {}, "UnprocessedKeys": asked(&["a"])}));
        let (store, aws) = store((0..BATCH_TRIES_MAX).map(|_| left()));
        let began = Instant::now();
        let failed = store.load_all(&keys(&["a"])).await;
        assert!(matches!(failed, Err(StoreError::Unavailable(_))), "{failed:?}");
        assert_eq!(aws.bodies("BatchGetItem").len(), 8);
        assert_eq!(began.elapsed(), FIRST_PAUSE * 255);
        let (store, _) = self::store([throttled()]);
        assert!(matches!(store.load_all(&keys(&["a"])).await, Err(StoreError::Unavailable(_))));
    }

    #[tokio::test]
    async fn no_orders_take_no_request_and_a_bad_one_is_one_bad_row() {
        let (store, aws) = self::store([]);
        assert!(store.load_all(&[]).await.unwrap().orders.is_empty());
        assert_eq!(aws.sent(), json!([]));
        let bad = json!({"order_key": {"S": "m#b"}, "fm": {"S": "x"}});
        let (store, _) = self::store([ok(json!({"Responses": {"orders": [item("a"), bad]}}))]);
        let loaded = store.load_all(&keys(&["a", "b"])).await.unwrap();
        let [good, bad] = [0, 1].map(|n| &loaded.orders[&keys(&["a", "b"])[n]]);
        assert!(good.is_ok());
        assert_eq!(bad.as_ref().unwrap_err().key, "m#b");
    }
}
