use std::{
    collections::HashMap,
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

use async_trait::async_trait;
use tollgate_core::{
    order::{OrderId, Principal, ShopOrder},
    payments::{Merchant, ShopFailure, ShopOrders},
};

use super::locked::lock;

/// A shop's orders, each with the answer that the shop gives about it.
#[derive(Debug, Default)]
pub struct ShopOrderTable {
    orders: Mutex<HashMap<OrderId, Result<ShopOrder, ShopFailure>>>,
    reads: AtomicUsize,
}

impl ShopOrderTable {
    /// The shop answers so from now on.
    pub fn answer(&self, order: &OrderId, answer: Result<ShopOrder, ShopFailure>) {
        lock(&self.orders).insert(order.clone(), answer);
    }

    /// How often it was read.
    pub fn reads(&self) -> usize {
        self.reads.load(Ordering::Relaxed)
    }
}

#[async_trait]
impl ShopOrders for ShopOrderTable {
    async fn order(
        &self,
        _: &Merchant,
        id: &OrderId,
        _: Principal,
    ) -> Result<Option<ShopOrder>, ShopFailure> {
        self.reads.fetch_add(1, Ordering::Relaxed);
        lock(&self.orders).get(id).cloned().transpose()
    }
}
