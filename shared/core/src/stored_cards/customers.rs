//! Where customers and their stored cards are kept: a port.

use async_trait::async_trait;

use crate::{
    payments::StoreError,
    stored_cards::{Customer, CustomerKey},
};

/// The outcome of a write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CustomerWrite {
    /// It was done. The stored version is the next one.
    Done,
    /// The stored customer is not the version that was read.
    Changed,
}

/// Keeps customers, one item each, every write conditional on the version that was read.
#[async_trait]
pub trait CustomerStore: Send + Sync {
    /// The customer as it is now (strongly consistent), if there is one.
    async fn load(&self, key: &CustomerKey) -> Result<Option<Customer>, StoreError>;

    /// Replaces the version that the customer carries by the next one. Version 0 is a customer that
    /// is not there yet.
    async fn put(&self, customer: &Customer) -> Result<CustomerWrite, StoreError>;

    /// Deletes the customer, if it is still the version that was read.
    async fn remove(&self, customer: &Customer) -> Result<CustomerWrite, StoreError>;
}
