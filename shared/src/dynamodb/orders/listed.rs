//! The list of a merchant's orders: a sparse index of the orders' table.

use async_trait::async_trait;
use aws_sdk_dynamodb::operation::query::builders::QueryFluentBuilder;
use tollgate_core::{
    order::{ListKey, MerchantId},
    payments::{ListedOrder, ListedPage, OrderIndex, StoreError},
};

use super::{DynamoDbStore, LISTED, list_shard, listed_key};
use crate::dynamodb::{
    Item,
    table::{page, unavailable},
    text,
};

impl DynamoDbStore {
    fn listed(&self, condition: &str, shard: &str, name: &str, value: &str) -> QueryFluentBuilder {
        let names = [("#shard", LISTED.shard), ("#at", LISTED.at)];
        let condition = format!("#shard = :shard AND {condition}");
        self.table.query(&condition, &names, &[(":shard", shard), (name, value)]).index_name(LISTED.index)
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
        let request = self.listed("#at < :before", &list_shard(merchant, part), ":before", before);
        let page = page(request.scan_index_forward(false), limit).await?;
        let orders = page.items().iter().map(listed_order).collect();
        Ok(ListedPage { orders, more: page.last_evaluated_key.is_some() })
    }

    async fn at(&self, merchant: &MerchantId, key: &ListKey) -> Result<Vec<ListedOrder>, StoreError> {
        let request =
            self.listed("begins_with(#at, :begin)", &list_shard(merchant, key.shard), ":begin", &key.sort);
        let page = request.send().await.map_err(|error| unavailable(&error))?;
        Ok(page.items().iter().map(listed_order).collect())
    }
}

fn listed_order(item: &Item) -> ListedOrder {
    ListedOrder { sort: text(item, LISTED.at).cloned().unwrap_or_default(), key: listed_key(item) }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{
        dynamodb::orders::tests::keys,
        test_aws::{ok, store},
    };

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
        let key = ListKey { shard: 2, sort: "2026#".to_owned() };
        assert_eq!(store.at(&merchant, &key).await.unwrap().len(), 2);
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
