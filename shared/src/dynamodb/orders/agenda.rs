//! A merchant's orders that need a person or have captures to come: two sparse indexes of the
//! orders' table.

use async_trait::async_trait;
use tollgate_core::{
    journal::{Agenda, AgendaList, AgendaOrder, AgendaPage, AgendaQuery},
    payments::StoreError,
};

use super::{DynamoDbStore, IndexNames, list_shard, listed_key};
use crate::dynamodb::{table::page, text};

/// The names of an index, as the template has them. Both have the same partition key, and short
/// names, because they are part of an order's item.
pub fn agenda_names(list: AgendaList) -> IndexNames {
    match list {
        AgendaList::Attention => IndexNames { index: "attention", shard: "gp", at: "ga" },
        AgendaList::Captures => IndexNames { index: "captures", shard: "gp", at: "gc" },
    }
}

#[async_trait]
impl Agenda for DynamoDbStore {
    async fn between(&self, query: AgendaQuery<'_>) -> Result<AgendaPage, StoreError> {
        let AgendaQuery { merchant, list, part, between: (first, last), limit } = query;
        let names = agenda_names(list);
        let part = list_shard(merchant, part);
        let Some(request) = self.table.between([names.shard, names.at], &part, first..=last) else {
            return Ok(AgendaPage::default());
        };
        let page = page(request.index_name(names.index), limit).await?;
        let orders = page.items().iter().map(|item| {
            let sort_key = text(item, names.at).cloned().unwrap_or_default();
            AgendaOrder { sort_key, key: listed_key(item) }
        });
        Ok(AgendaPage { orders: orders.collect(), more: page.last_evaluated_key.is_some() })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::test_aws::{ok, store, throttled};

    #[tokio::test]
    async fn an_index_is_queried_for_one_part_of_one_merchant_between_two_places() {
        for (list, index, at) in
            [(AgendaList::Attention, "attention", "ga"), (AgendaList::Captures, "captures", "gc")]
        {
            let found = json!({"Items": [
                {"order_key": {"S": "m#a"}, "gp": {"S": "m#1"}, at: {"S": "open#1"}},
                {"order_key": {"S": "no order"}, "gp": {"S": "m#1"}, at: {"S": "open#2"}},
            ], "LastEvaluatedKey": {"order_key": {"S": "x"}}});
            let (store, aws) = store([ok(found), throttled()]);
            let merchant = "m".parse().unwrap();
            let query =
                AgendaQuery { merchant: &merchant, list, part: 1, between: ("open#", "open#9"), limit: 7 };
            let page = store.between(query).await.unwrap();
            assert!(page.more);
            assert_eq!(page.orders[0].key.as_ref().unwrap().order.as_str(), "a");
            assert_eq!(
                (&*page.orders[1].sort_key, &*page.orders[1].key.as_ref().unwrap_err().key),
                ("open#2", "no order")
            );
            assert!(matches!(store.between(query).await, Err(StoreError::Unavailable(_))));
            let body = &aws.bodies("Query")[0];
            assert_eq!((&body["IndexName"], &body["Limit"]), (&json!(index), &json!(7)));
            assert_eq!(body["ExpressionAttributeNames"], json!({"#bucket": "gp", "#sort": at}));
            let values = json!({":bucket": {"S": "m#1"}, ":from": {"S": "open#"}, ":to": {"S": "open#9"}});
            assert_eq!(body["ExpressionAttributeValues"], values);
        }
    }
}
