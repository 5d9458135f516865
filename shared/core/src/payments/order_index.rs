//! A merchant's orders by when they were created: a port, and how an order is found by one of its
//! payments.

use async_trait::async_trait;
use uuid::Uuid;

use super::{OrderStore, StoreError, Unreadable};
use crate::order::{ListKey, MerchantId, Order, OrderKey, list_key_of_payment, order_of_standalone_payment};

/// An order in the list, by its key only.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedOrder {
    /// Its sort key: the later an order was created, the later it sorts.
    pub sort: String,
    /// The order's key, or the entry that cannot be one.
    pub key: Result<OrderKey, Unreadable>,
}

/// Some orders of one part of the list.
#[derive(Clone, Debug, Default)]
pub struct ListedPage {
    /// At most as many as requested, newest first.
    pub orders: Vec<ListedOrder>,
    /// Whether there are older ones.
    pub more: bool,
}

/// Lists a merchant's orders, without those that are a payment of their own. The index is
/// eventually consistent and says which orders there are; their contents are read from the orders
/// themselves.
#[async_trait]
pub trait OrderIndex: Send + Sync {
    /// At most so many orders of a part of the list that sort before this text, newest first.
    async fn before(
        &self,
        merchant: &MerchantId,
        shard: u16,
        before: &str,
        limit: usize,
    ) -> Result<ListedPage, StoreError>;

    /// The orders whose key begins so.
    async fn at(&self, merchant: &MerchantId, key: &ListKey) -> Result<Vec<ListedOrder>, StoreError>;
}

/// The merchant's order that has this payment, as it is now; none if there is no such payment.
pub async fn order_of_payment(
    index: &dyn OrderIndex,
    store: &dyn OrderStore,
    merchant: &MerchantId,
    payment: Uuid,
) -> Result<Option<Order>, StoreError> {
    let keys: Vec<OrderKey> = match list_key_of_payment(payment) {
        Some(key) => {
            let listed = index.at(merchant, &key).await?;
            listed.into_iter().filter_map(|listed| listed.key.ok()).collect()
        }
        None => order_of_standalone_payment(merchant, payment).into_iter().collect(),
    };
    let mut unreadable = None;
    for key in keys {
        match store.load(&key).await {
            Ok(order) => {
                if let Some(order) = order.filter(|order| order.transaction(payment).is_some()) {
                    return Ok(Some(order));
                }
            }
            // Another one can have been created in the same millisecond.
            Err(error @ StoreError::Corrupt(_)) => unreadable = Some(error),
            Err(error) => return Err(error),
        }
    }
    unreadable.map_or(Ok(None), Err)
}
