//! Customers and their stored cards, in the table of orders: one item each, under keys that no
//! order can have. Functions that make payments may read and write that table already, so a card
//! that a payment stores takes no further permission.

mod item;

pub use item::StoredCustomer;

use async_trait::async_trait;
use tollgate_core::{
    payments::StoreError,
    stored_cards::{Customer, CustomerKey, CustomerStore, CustomerWrite},
};

use super::{orders::DynamoDbStore, table::was_made};

#[async_trait]
impl CustomerStore for DynamoDbStore {
    async fn load(&self, key: &CustomerKey) -> Result<Option<Customer>, StoreError> {
        let found = self.item(key.to_string()).await?;
        found.map(|item| StoredCustomer(item).read(key)).transpose()
    }

    async fn put(&self, customer: &Customer) -> Result<CustomerWrite, StoreError> {
        let before = Some(customer.version).filter(|version| *version > 0);
        let request = self.put_after(before, StoredCustomer::next(customer).0);
        Ok(if was_made(request.send().await)? { CustomerWrite::Done } else { CustomerWrite::Changed })
    }

    async fn remove(&self, customer: &Customer) -> Result<CustomerWrite, StoreError> {
        let request = self.delete_after(customer.version, customer.key.to_string());
        Ok(if was_made(request.send().await)? { CustomerWrite::Done } else { CustomerWrite::Changed })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};
    use tollgate_core::{order::CustomerReference, values::Carried};

    use super::*;
    use crate::test_aws::{condition_failed, done, ok, store, throttled, with};

    fn customer(version: u64) -> Customer {
        let reference = CustomerReference::stored("c-1").unwrap();
        let key = CustomerKey { merchant: "m".parse().unwrap(), digest: 7 };
        Customer { key, reference, methods: Vec::new(), default: None, version, carried: Carried::default() }
    }

    fn item(version: &str) -> Value {
        json!({
            "order_key": { "S": "#customer#m#00000000000000000000000000000007" }, "customer": { "S": "c-1" },
            "payment_methods": { "L": [] }, "version": { "N": version },
        })
    }

    #[tokio::test]
    async fn a_customer_is_read_as_it_is_now() {
        let damaged = with(&item("3"), &json!({ "customer": null }));
        for (response, expected) in [
            (done(), Some(None)),
            (ok(json!({ "Item": item("3") })), Some(Some(customer(3)))),
            (ok(json!({ "Item": damaged })), None),
        ] {
            let (store, aws) = store([response]);
            let found = CustomerStore::load(&store, &customer(0).key).await;
            assert_eq!(found.as_ref().ok(), expected.as_ref());
            assert!(!matches!(found, Err(StoreError::Unavailable(_))));
            let get = json!({
                "TableName": "orders", "Key": { "order_key": item("1")["order_key"] }, "ConsistentRead": true,
            });
            assert_eq!(aws.bodies("GetItem"), [get]);
        }
        let (store, _) = store([throttled()]);
        let found = CustomerStore::load(&store, &customer(0).key).await;
        assert!(matches!(found, Err(StoreError::Unavailable(_))));
    }

    #[tokio::test]
    async fn a_customer_is_deleted_in_the_version_that_was_read_and_no_other() {
        let (store, aws) = store([done(), condition_failed(), throttled()]);
        assert_eq!(store.remove(&customer(3)).await.unwrap(), CustomerWrite::Done);
        assert_eq!(store.remove(&customer(3)).await.unwrap(), CustomerWrite::Changed);
        assert!(matches!(store.remove(&customer(3)).await, Err(StoreError::Unavailable(_))));
        let delete = json!({
            "TableName": "orders", "Key": { "order_key": item("1")["order_key"] },
            "ConditionExpression": "version = :version",
            "ExpressionAttributeValues": { ":version": { "N": "3" } },
        });
        assert_eq!(aws.bodies("DeleteItem"), vec![delete; 3]);
    }

    #[tokio::test]
    async fn a_customer_is_written_over_the_version_that_was_read_and_no_other() {
        let first = json!({ "ConditionExpression": "attribute_not_exists(order_key)" });
        let later = |version: &str| {
            json!({
                "ConditionExpression": "version = :read",
                "ExpressionAttributeValues": { ":read": { "N": version } },
            })
        };
        for (read, next, condition) in [(0, "1", first), (1, "2", later("1")), (3, "4", later("3"))] {
            let (store, aws) = store([done(), condition_failed(), throttled()]);
            assert_eq!(store.put(&customer(read)).await.unwrap(), CustomerWrite::Done);
            assert_eq!(store.put(&customer(read)).await.unwrap(), CustomerWrite::Changed);
            assert!(matches!(store.put(&customer(read)).await, Err(StoreError::Unavailable(_))));
            let put = with(&json!({ "TableName": "orders", "Item": item(next) }), &condition);
            assert_eq!(aws.bodies("PutItem"), vec![put; 3]);
        }
    }
}
