//! Orders read in batches.

use std::{collections::HashMap, time::Duration};

use aws_sdk_dynamodb::types::KeysAndAttributes;
use tollgate_core::{
    order::OrderKey,
    payments::{LoadedOrders, StoreError, Unreadable},
};

use super::{DynamoDbStore, KEY, StoredOrder, noted, parse_key};
use crate::dynamodb::{Item, table::unavailable, text, text_of};

/// How often a batch is requested of which the table returned only a part: more than 16 MB, or more than it can read now.
const TRIES_MAX: u32 = 8;

/// How long the rest of a batch waits for its first repeat; for each other one, twice as long as before. Without a pause a
/// table that is short of capacity would be asked again before it has any.
const FIRST_PAUSE: Duration = Duration::from_millis(10);

impl DynamoDbStore {
    /// The orders under these keys, as of now.
    pub(super) async fn batch(&self, keys: &[OrderKey]) -> Result<LoadedOrders, StoreError> {
        let mut loaded = LoadedOrders::new();
        if keys.is_empty() {
            return Ok(loaded);
        }
        for item in self.items(keys).await? {
            let stored = text(&item, KEY).cloned().unwrap_or_default();
            let Some(key) = parse_key(&stored) else { continue };
            let order = match StoredOrder(item).read() {
                Ok(order) => Ok(order),
                Err(error) => Err(noted(Unreadable::only(error, stored)?)),
            };
            loaded.insert(key, order);
        }
        Ok(loaded)
    }

    async fn items(&self, keys: &[OrderKey]) -> Result<Vec<Item>, StoreError> {
        let keys = keys.iter().map(|key| Item::from([(KEY.to_owned(), text_of(key))])).collect();
        let all = KeysAndAttributes::builder().set_keys(Some(keys)).consistent_read(true).build();
        let all = all.map_err(|error| StoreError::Unavailable(error.to_string()))?;
        let (mut items, mut wanted) = (Vec::new(), HashMap::from([(self.table.name.clone(), all)]));
        for n in 0..TRIES_MAX {
            let request = self.table.client.batch_get_item().set_request_items(Some(wanted));
            let found = request.send().await.map_err(|error| unavailable(&error))?;
            let returned = found.responses.unwrap_or_default().into_values().flatten();
            let before = items.len();
            items.extend(returned);
            wanted = found.unprocessed_keys.unwrap_or_default();
            if wanted.is_empty() {
                return Ok(items);
            }
            // What does not fit into one response needs no pause.
            if items.len() == before {
                tokio::time::sleep(FIRST_PAUSE * 2_u32.pow(n)).await;
            }
        }
        Err(StoreError::Unavailable("a batch of orders was read in part only".to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};
    use tokio::time::Instant;
    use tollgate_core::payments::{OrderStore, Shards};

    use super::*;
    use crate::test_aws::{Aws, Scripted, ok, throttled};

    fn keys(ids: &[&str]) -> Vec<OrderKey> {
        let key = |id: &&str| OrderKey { merchant: "m".parse().unwrap(), order: id.parse().unwrap() };
        ids.iter().map(key).collect()
    }

    fn store(responses: impl IntoIterator<Item = Scripted>) -> (DynamoDbStore, std::sync::Arc<Aws>) {
        let aws = Aws::responding(responses);
        let shards = Shards { in_doubt: 4, captures: 16 };
        (DynamoDbStore::new(aws.dynamodb(), "orders".to_owned(), shards), aws)
    }

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
        assert!(loaded.len() == 2 && there.iter().all(|key| loaded[key].as_ref().unwrap().key() == *key));
        let bodies = aws.bodies("BatchGetItem");
        let asked_for: Vec<_> = bodies.iter().map(|body| body["RequestItems"].clone()).collect();
        assert_eq!(asked_for, [asked(&["a", "b", "c"]), asked(&["b", "c"]), asked(&["b", "c"])]);
        assert_eq!(began.elapsed(), FIRST_PAUSE * 2, "only where nothing was returned");
    }

    #[tokio::test(start_paused = true)]
    async fn a_table_that_returns_nothing_is_requested_less_and_less_often_and_not_forever() {
        let left = || ok(json!({"Responses": {}, "UnprocessedKeys": asked(&["a"])}));
        let (store, aws) = store((0..TRIES_MAX).map(|_| left()));
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
        assert!(store.load_all(&[]).await.unwrap().is_empty());
        assert_eq!(aws.sent(), json!([]));
        let bad = json!({"order_key": {"S": "m#b"}, "fm": {"S": "x"}});
        let (store, _) = self::store([ok(json!({"Responses": {"orders": [item("a"), bad]}}))]);
        let loaded = store.load_all(&keys(&["a", "b"])).await.unwrap();
        let [good, bad] = [0, 1].map(|n| &loaded[&keys(&["a", "b"])[n]]);
        assert!(good.is_ok());
        assert_eq!(bad.as_ref().unwrap_err().key, "m#b");
    }
}
