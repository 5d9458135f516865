use std::{
    collections::{HashMap, VecDeque},
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use jiff::Timestamp;
use tollgate_core::{
    order::{OrderId, Principal, ShopOrder, ShopStanding, ShopTransaction, TellingAnswer, ToTell},
    payments::{ChangedOrder, ChangedPage, Merchant, ShopFailure, ShopOrders},
};
use uuid::Uuid;

use super::locked::lock;

/// A shop's orders, each with the answer that the shop gives about it.
#[derive(Debug, Default)]
pub struct ShopOrderTable {
    orders: Mutex<HashMap<OrderId, Result<ShopOrder, ShopFailure>>>,
    own: Mutex<Option<OwnRows>>,
    later: Mutex<Option<(OrderId, Result<ShopOrder, ShopFailure>)>>,
    reads: AtomicUsize,
    answers: Mutex<VecDeque<TellingAnswer>>,
    told: Mutex<Vec<ToTell>>,
    transactions: Mutex<Vec<ShopTransaction>>,
    delay: Mutex<Duration>,
}

/// Rows of the next payment that the shop is told.
#[derive(Clone, Copy, Debug)]
struct OwnRows {
    times: usize,
    row: fn(usize, Uuid) -> ShopTransaction,
}

impl ShopOrderTable {
    /// The shop answers so from now on.
    pub fn answer(&self, order: &OrderId, answer: Result<ShopOrder, ShopFailure>) {
        lock(&self.orders).insert(order.clone(), answer);
    }

    /// The shop answers so about an order after it was told the next step.
    pub fn answer_after_next_step(&self, order: &OrderId, answer: Result<ShopOrder, ShopFailure>) {
        *lock(&self.later) = Some((order.clone(), answer));
    }

    /// The shop's answers to the next steps that it is told. Without one it records them.
    pub fn answer_next(&self, answer: TellingAnswer) {
        lock(&self.answers).push_back(answer);
    }

    /// The steps that the shop was told, recorded or not.
    pub fn told(&self) -> Vec<ToTell> {
        lock(&self.told).clone()
    }

    /// The shop lists these transactions from now on.
    pub fn show(&self, transactions: Vec<ShopTransaction>) {
        *lock(&self.transactions) = transactions;
    }

    /// The shop takes so long for each list of transactions.
    pub fn delay(&self, delay: Duration) {
        *lock(&self.delay) = delay;
    }

    /// The shop lists the next payment so often, with any answer to it.
    pub fn show_own(&self, times: usize, row: fn(usize, Uuid) -> ShopTransaction) {
        *lock(&self.own) = Some(OwnRows { times, row });
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

    async fn changed(&self, _: &Merchant, since: Timestamp, from: usize) -> Result<ChangedPage, ShopFailure> {
        let mut orders = Vec::new();
        for (id, answer) in lock(&self.orders).iter() {
            let there = answer.clone()?;
            let is_cancelled = there.standing == ShopStanding::Cancelled;
            let changed_at = Some(there.read_at);
            orders.push(ChangedOrder { id: id.clone(), is_cancelled, changed_at, there: Some(there) });
        }
        orders.retain(|order| order.changed_at >= Some(since));
        orders.sort_by_key(|order| order.changed_at);
        orders.drain(..from.min(orders.len()));
        let reached = orders.last().and_then(|last| last.changed_at);
        Ok(ChangedPage { rows: orders.len(), reached, orders })
    }

    async fn transactions(&self, _: &Merchant, _: &OrderId) -> Result<Vec<ShopTransaction>, ShopFailure> {
        let delay = *lock(&self.delay);
        tokio::time::sleep(delay).await;
        Ok(lock(&self.transactions).clone())
    }

    async fn tell(&self, _: &Merchant, _: &OrderId, step: &ToTell, _: Duration) -> TellingAnswer {
        lock(&self.told).push(step.clone());
        if let Some(OwnRows { times, row }) = lock(&self.own).take() {
            self.show((0..times).map(|n| row(n, step.transaction)).collect());
        }
        if let Some((order, answer)) = lock(&self.later).take() {
            self.answer(&order, answer);
        }
        let recorded = || TellingAnswer::Recorded(format!("there-{}", step.transaction));
        lock(&self.answers).pop_front().unwrap_or_else(recorded)
    }
}
