//! Customers and their stored cards, in the table of orders: one item each, under keys that no order can have. Whoever
//! makes payments may read and write that table already, so a card that a payment stores takes no further permission.

mod item;

pub use item::StoredCustomer;

use async_trait::async_trait;
use tollgate_core::{
    payments::StoreError,
    stored_cards::{Customer, CustomerKey, CustomerStore, Written},
};

use super::{orders::DynamoDbStore, table::was_made};

#[async_trait]
impl CustomerStore for DynamoDbStore {
    async fn load(&self, key: &CustomerKey) -> Result<Option<Customer>, StoreError> {
        let found = self.item(key.to_string()).await?;
        found.map(|item| StoredCustomer(item).read(key)).transpose()
    }

    async fn put(&self, customer: &Customer) -> Result<Written, StoreError> {
        let before = Some(customer.version).filter(|version| *version > 0);
        let request = self.put_after(before, StoredCustomer::next(customer).0);
        Ok(if was_made(request.send().await)? { Written::Done } else { Written::Changed })
    }
}
