//! Lists a merchant's orders, newest first, each in its current state. Not from the journal: an order without an
//! attempt to pay has no entry there.

use futures_util::future::try_join_all;
use jiff::Timestamp;

use crate::{
    order::{LIST_SHARDS, MerchantId, Order, OrderId, OrderKey, PaymentStatus},
    payments::{Deadline, ListedOrder, ORDERS_AT_ONCE, OrderIndex, OrderStore, StoreError, Unreadable},
    values::{Currency, sort_of},
};

/// A part is full when so many bytes of orders were read for it, whatever was found; the last batch goes beyond it.
pub(super) const FULL_AT_BYTES: usize = 4 * 1024 * 1024;

/// Most bytes of a key in the index, and what one is counted as.
const KEY_BYTES: usize = 256;

/// What an order has to be like, going by its current state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OrderCondition {
    /// It is paid so far.
    Payment(Vec<PaymentStatus>),
    /// Its amounts have one of these currencies.
    Currency(Vec<Currency>),
}

impl OrderCondition {
    fn holds(&self, order: &Order) -> bool {
        match self {
            Self::Payment(all) => all.contains(&order.payment()),
            Self::Currency(all) => all.contains(&order.currency),
        }
    }
}

/// Which orders are looked for.
#[derive(Clone, Copy, Debug)]
pub struct WantedOrders<'a> {
    /// The merchant whose orders are listed.
    pub merchant: &'a MerchantId,
    /// Created at this moment or after.
    pub since: Timestamp,
    /// Created before, and not at.
    pub until: Timestamp,
    /// All of them have to hold.
    pub conditions: &'a [OrderCondition],
    /// Where an earlier part ended.
    pub after: Option<&'a str>,
    /// Most orders of this part.
    pub limit: usize,
}

/// A part of a list of orders.
#[derive(Debug, Default)]
pub struct FoundOrders {
    /// The orders; fewer than the limit, or none, does not mean that there are no more.
    pub orders: Vec<Order>,
    /// What may belong to the list and cannot be read, with the order's id if it is known. It counts toward the limit.
    pub unreadable: Vec<(Option<OrderId>, Unreadable)>,
    /// Where the next part begins; none at the end.
    pub next: Option<String>,
    /// Bytes that were read at most.
    pub read_bytes: usize,
}

impl FoundOrders {
    fn is_full(&self, limit: usize) -> bool {
        self.shown() >= limit || self.read_bytes >= FULL_AT_BYTES
    }

    /// Rows of both kinds.
    fn shown(&self) -> usize {
        self.orders.len() + self.unreadable.len()
    }
}

/// Lists a merchant's orders.
pub struct OrderLister<'a> {
    /// Which orders there are.
    pub index: &'a dyn OrderIndex,
    /// What they are like.
    pub store: &'a dyn OrderStore,
    /// When the caller's time is up.
    pub deadline: Deadline,
}

impl OrderLister<'_> {
    /// The next part of a list.
    pub async fn find(&self, wanted: &WantedOrders<'_>) -> Result<FoundOrders, StoreError> {
        let (start, since) = (sort_of(wanted.until), sort_of(wanted.since));
        let mut before = wanted.after.map_or(start.as_str(), |after| after.min(&start)).to_owned();
        let mut found = FoundOrders::default();
        loop {
            let (listed, more) = self.listed(wanted, &before, &mut found).await?;
            let in_range = listed.partition_point(|order| order.sort >= since);
            let mut rest = &listed[..in_range];
            while !rest.is_empty() && !self.is_over(&found, wanted) {
                let seen = self.add(wanted, rest, &mut found).await?;
                rest[seen - 1].sort.clone_into(&mut before);
                rest = &rest[seen..];
            }
            if rest.is_empty() && (in_range < listed.len() || !more) {
                return Ok(found);
            }
            if self.is_over(&found, wanted) {
                found.next = Some(before);
                return Ok(found);
            }
        }
    }

    /// Whether the part ends here, with what was found so far.
    fn is_over(&self, found: &FoundOrders, wanted: &WantedOrders<'_>) -> bool {
        found.is_full(wanted.limit) || !self.deadline.leaves_time_to_respond()
    }

    /// Adds those of the next orders that are wanted. How many of them were looked at.
    async fn add(
        &self,
        wanted: &WantedOrders<'_>,
        listed: &[ListedOrder],
        found: &mut FoundOrders,
    ) -> Result<usize, StoreError> {
        // Where all are wanted, no more are read than there is room for.
        let room = wanted.limit - found.shown();
        let most = if wanted.conditions.is_empty() { room.min(ORDERS_AT_ONCE) } else { ORDERS_AT_ONCE };
        let listed = &listed[..most.min(listed.len())];
        let keys: Vec<OrderKey> = listed.iter().filter_map(|order| order.key.clone().ok()).collect();
        let mut loaded = self.store.load_all(&keys).await?;
        found.read_bytes += loaded.read_bytes;
        for (n, order) in listed.iter().enumerate() {
            let (id, order) = match &order.key {
                Ok(key) => (Some(key.order.clone()), loaded.orders.remove(key)),
                Err(item) => (None, Some(Err(item.clone()))),
            };
            match order {
                Some(Ok(order)) if wanted.conditions.iter().all(|one| one.holds(&order)) => {
                    found.orders.push(order);
                }
                Some(Err(item)) => found.unreadable.push((id, item)),
                Some(Ok(_)) | None => {}
            }
            if found.shown() >= wanted.limit {
                return Ok(n + 1);
            }
        }
        Ok(listed.len())
    }

    /// The next keys of all parts of the list, newest first; and whether there are more.
    async fn listed(
        &self,
        wanted: &WantedOrders<'_>,
        before: &str,
        found: &mut FoundOrders,
    ) -> Result<(Vec<ListedOrder>, bool), StoreError> {
        let parts = 0..LIST_SHARDS;
        let pages = parts.map(|shard| self.index.before(wanted.merchant, shard, before, wanted.limit));
        let pages: Vec<_> =
            try_join_all(pages).await?.into_iter().map(|page| (page.orders, page.more)).collect();
        found.read_bytes += pages.iter().map(|(keys, _)| keys.len() * KEY_BYTES).sum::<usize>();
        Ok(merged(pages))
    }
}

/// The keys of several parts as one, newest first, as far down as each of them was read; and whether there are more
/// below.
fn merged(pages: Vec<(Vec<ListedOrder>, bool)>) -> (Vec<ListedOrder>, bool) {
    let ends = pages.iter().filter(|(_, more)| *more).filter_map(|(orders, _)| orders.last());
    let down_to = ends.map(|order| order.sort.clone()).max();
    let mut orders: Vec<ListedOrder> = pages.into_iter().flat_map(|(orders, _)| orders).collect();
    orders.retain(|order| down_to.as_ref().is_none_or(|down_to| order.sort >= *down_to));
    orders.sort_by(|one, other| other.sort.cmp(&one.sort));
    (orders, down_to.is_some())
}
