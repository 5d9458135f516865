//! Customers and their stored cards, in the table of orders: one item each, under keys that no order can have. Whoever
//! makes payments may read and write that table already, so a card that a payment stores takes no further permission.

mod item;

pub use item::StoredCustomer;

use async_trait::async_trait;
use aws_sdk_dynamodb::{operation::put_item::PutItemError, types::AttributeValue};
use tollgate_core::{
    payments::store::StoreError,
    stored_cards::{
        customers::{CustomerStore, Written},
        payment_method::{Customer, CustomerKey},
    },
};

use super::{orders::DynamoDbStore, unavailable};

#[async_trait]
impl CustomerStore for DynamoDbStore {
    async fn load(&self, key: &CustomerKey) -> Result<Option<Customer>, StoreError> {
        let request = self
            .client
            .get_item()
            .table_name(&self.table)
            .key("order_key", AttributeValue::S(key.to_string()))
            .consistent_read(true);
        let found = request.send().await.map_err(|error| unavailable(&error))?.item;
        found.map(|item| StoredCustomer(item).read(key)).transpose()
    }

    async fn put(&self, customer: &Customer) -> Result<Written, StoreError> {
        let request =
            self.client.put_item().table_name(&self.table).set_item(Some(StoredCustomer::next(customer).0));
        let request = match customer.version {
            0 => request.condition_expression("attribute_not_exists(order_key)"),
            version => request
                .condition_expression("version = :read")
                .expression_attribute_values(":read", AttributeValue::N(version.to_string())),
        };
        match request.send().await {
            Ok(_) => Ok(Written::Done),
            Err(error) => match error.as_service_error() {
                Some(PutItemError::ConditionalCheckFailedException(_)) => Ok(Written::Changed),
                _ => Err(unavailable(&error)),
            },
        }
    }
}
