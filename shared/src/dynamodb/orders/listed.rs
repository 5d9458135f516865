//! The list of a merchant's orders: a sparse index of the orders' table, and orders read in batches.

use std::collections::HashMap;

use async_trait::async_trait;
use aws_sdk_dynamodb::{operation::query::builders::QueryFluentBuilder, types::KeysAndAttributes};
use tollgate_core::{
    order::{ListPlace, MerchantId, OrderKey},
    payments::{ListedOrder, ListedPage, LoadedOrders, OrderIndex, StoreError, Unreadable},
};

use super::{DynamoDbStore, KEY, LISTED, StoredOrder, list_shard, parse_key};
use crate::dynamodb::{Item, table::unavailable, text, text_of};

/// How often a batch is requested of which the table returned only a part: more than 16 MB, or more than it can read now.
const TRIES_MAX: usize = 8;

impl DynamoDbStore {
    fn listed(&self, condition: &str, shard: &str, (name, value): (&str, &str)) -> QueryFluentBuilder {
        let names = [("#shard", LISTED.shard), ("#at", LISTED.at)];
        let condition = format!("#shard = :shard AND {condition}");
        self.table.query(&condition, &names, &[(":shard", shard), (name, value)]).index_name(LISTED.index)
    }

    /// The items under these keys, as of now.
    async fn items(&self, keys: &[OrderKey]) -> Result<Vec<Item>, StoreError> {
        let keys = keys.iter().map(|key| Item::from([(KEY.to_owned(), text_of(key))])).collect();
        let all = KeysAndAttributes::builder().set_keys(Some(keys)).consistent_read(true).build();
        let all = all.map_err(|error| StoreError::Unavailable(error.to_string()))?;
        let (mut items, mut wanted) = (Vec::new(), HashMap::from([(self.table.name.clone(), all)]));
        for _ in 0..TRIES_MAX {
            let request = self.table.client.batch_get_item().set_request_items(Some(wanted));
            let found = request.send().await.map_err(|error| unavailable(&error))?;
            items.extend(found.responses.unwrap_or_default().into_values().flatten());
            wanted = found.unprocessed_keys.unwrap_or_default();
            if wanted.is_empty() {
                return Ok(items);
            }
        }
        Err(StoreError::Unavailable("a batch of orders was read in part only".to_owned()))
    }
}

#[async_trait]
impl OrderIndex for DynamoDbStore {
    async fn before(
        &self,
        merchant: &MerchantId,
        part: u16,
        before: &str,
        limit: usize,
    ) -> Result<ListedPage, StoreError> {
        let request = self.listed("#at < :before", &list_shard(merchant, part), (":before", before));
        let request = request.scan_index_forward(false).limit(i32::try_from(limit).unwrap_or(i32::MAX));
        let page = request.send().await.map_err(|error| unavailable(&error))?;
        let orders = page.items().iter().map(listed_order).collect();
        Ok(ListedPage { orders, more: page.last_evaluated_key.is_some() })
    }

    async fn at(&self, merchant: &MerchantId, place: &ListPlace) -> Result<Vec<ListedOrder>, StoreError> {
        let request = self.listed(
            "begins_with(#at, :begin)",
            &list_shard(merchant, place.shard),
            (":begin", &place.sort),
        );
        let page = request.send().await.map_err(|error| unavailable(&error))?;
        Ok(page.items().iter().map(listed_order).collect())
    }

    async fn load_all(&self, keys: &[OrderKey]) -> Result<LoadedOrders, StoreError> {
        if keys.is_empty() {
            return Ok(LoadedOrders::new());
        }
        let mut loaded = LoadedOrders::new();
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
}

/// An entry of the index, which has the table's key always.
fn listed_order(item: &Item) -> ListedOrder {
    let [sort, key] = [LISTED.at, KEY].map(|name| text(item, name).cloned().unwrap_or_default());
    let unreadable = || noted(Unreadable { key: key.clone(), reason: "its key is no order's".to_owned() });
    ListedOrder { sort, key: parse_key(&key).ok_or_else(unreadable) }
}

fn noted(item: Unreadable) -> Unreadable {
    item.note();
    item
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};
    use tollgate_core::payments::Shards;

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

    #[tokio::test]
    async fn what_a_batch_left_is_requested_again_until_all_of_it_is_there() {
        let (store, aws) = store([
            ok(json!({"Responses": {"orders": [item("a")]}, "UnprocessedKeys": asked(&["b", "c"])})),
            ok(json!({"Responses": {"orders": []}, "UnprocessedKeys": asked(&["b", "c"])})),
            ok(json!({"Responses": {"orders": [item("b")]}})),
        ]);
        let loaded = store.load_all(&keys(&["a", "b", "c"])).await.unwrap();
        let there = keys(&["a", "b"]);
        assert!(loaded.len() == 2 && there.iter().all(|key| loaded[key].as_ref().unwrap().key() == *key));
        let bodies = aws.bodies("BatchGetItem");
        let asked_for: Vec<_> = bodies.iter().map(|body| body["RequestItems"].clone()).collect();
        assert_eq!(asked_for, [asked(&["a", "b", "c"]), asked(&["b", "c"]), asked(&["b", "c"])]);
    }

    #[tokio::test]
    async fn a_table_that_returns_nothing_is_not_requested_forever() {
        let left = || ok(json!({"Responses": {}, "UnprocessedKeys": asked(&["a"])}));
        let (store, aws) = store((0..TRIES_MAX).map(|_| left()));
        let failed = store.load_all(&keys(&["a"])).await;
        assert!(matches!(failed, Err(StoreError::Unavailable(_))), "{failed:?}");
        assert_eq!(aws.bodies("BatchGetItem").len(), TRIES_MAX);
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

    #[tokio::test]
    async fn a_part_of_the_list_is_queried_from_a_place_downward_and_one_place_by_what_it_begins_with() {
        let found = json!({"Items": [
            {"order_key": {"S": "m#a"}, "ls": {"S": "m#2"}, "ld": {"S": "2026#b"}},
            {"order_key": {"S": "no order"}, "ls": {"S": "m#2"}, "ld": {"S": "2026#a"}},
        ], "LastEvaluatedKey": {"order_key": {"S": "x"}}});
        let (store, aws) = store([ok(found.clone()), ok(found)]);
        let merchant = "m".parse().unwrap();
        let page = store.before(&merchant, 2, "2027", 7).await.unwrap();
        assert!(page.more);
        assert_eq!(
            page.orders[0],
            ListedOrder { sort: "2026#b".to_owned(), key: Ok(keys(&["a"])[0].clone()) }
        );
        assert_eq!(page.orders[1].key.as_ref().unwrap_err().key, "no order");
        let place = ListPlace { shard: 2, sort: "2026#".to_owned() };
        assert_eq!(store.at(&merchant, &place).await.unwrap().len(), 2);
        let bodies = aws.bodies("Query");
        for body in &bodies {
            assert_eq!((&body["TableName"], &body["IndexName"]), (&json!("orders"), &json!("listed")));
            assert_eq!(body["ExpressionAttributeValues"][":shard"], json!({"S": "m#2"}));
            assert_eq!(body["ExpressionAttributeNames"], json!({"#shard": "ls", "#at": "ld"}));
        }
        assert_eq!(bodies[0]["KeyConditionExpression"], "#shard = :shard AND #at < :before");
        assert_eq!((&bodies[0]["Limit"], &bodies[0]["ScanIndexForward"]), (&json!(7), &json!(false)));
        assert_eq!(bodies[1]["KeyConditionExpression"], "#shard = :shard AND begins_with(#at, :begin)");
    }
}
