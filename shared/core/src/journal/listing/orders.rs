//! Lists a merchant's orders, newest first, each in its current state. Not from the journal: an
//! order without an attempt to pay has no entry there.

use futures_util::future::try_join_all;
use jiff::Timestamp;

use super::{Budget, Cursor, Found, budget::KEY_BYTES};
use crate::{
    order::{LIST_SHARDS, MerchantId, Order, OrderKey, PaymentStatus},
    payments::{Deadline, ListedOrder, ListedPage, ORDERS_AT_ONCE, OrderIndex, OrderStore, StoreError},
    values::{Currency, sort_of},
};

/// A part is full when so many bytes of orders were read for it, however many were found; the last
/// batch, whose size does not go by the room that is left, goes beyond it.
pub(super) const FULL_AT_BYTES: usize = 4 * 1024 * 1024;

/// A condition on an order, going by its current state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OrderPredicate {
    /// It is paid so far.
    Payment(Vec<PaymentStatus>),
    /// Its amounts have one of these currencies.
    Currency(Vec<Currency>),
}

impl OrderPredicate {
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
    /// All have to hold.
    pub predicates: &'a [OrderPredicate],
    /// Where an earlier part ended.
    pub after: Option<&'a str>,
    /// Orders that are read and passed over before the first one of this part.
    pub offset: usize,
    /// Most orders of this part.
    pub limit: usize,
}

/// Lists a merchant's orders.
pub struct OrderLister<'a> {
    /// Which orders there are.
    pub index: &'a dyn OrderIndex,
    /// The orders' current state.
    pub store: &'a dyn OrderStore,
    /// When the caller's time is up.
    pub deadline: Deadline,
}

/// The part that is being read.
struct OrderPart<'a> {
    wanted: &'a WantedOrders<'a>,
    found: Found<Order>,
    budget: Budget,
    /// Orders that are still to be passed over.
    to_pass: usize,
}

impl OrderLister<'_> {
    /// The next part of a list; none where it begins further down than one part can read.
    pub async fn find(&self, wanted: &WantedOrders<'_>) -> Result<Option<Found<Order>>, StoreError> {
        let (start, since) = (sort_of(wanted.until), sort_of(wanted.since));
        let Some(cursor) = Cursor::read(wanted.after) else { return Ok(Some(Found::default())) };
        let mut before = cursor.time().map_or(start.as_str(), |after| after.min(&start)).to_owned();
        let mut budget = Budget::new(self.deadline);
        // Orders that are passed over take no room in the response.
        if wanted.offset == 0 {
            budget.leave(FULL_AT_BYTES);
        }
        let mut part = OrderPart { wanted, found: Found::default(), budget, to_pass: wanted.offset };
        loop {
            let listed = self.listed(&mut part, &before).await?;
            let in_range = listed.orders.partition_point(|order| order.sort >= since);
            let mut rest = &listed.orders[..in_range];
            while !rest.is_empty() && !part.is_full() {
                let seen = self.add(&mut part, rest).await?;
                rest[seen - 1].sort.clone_into(&mut before);
                rest = &rest[seen..];
            }
            let is_end = rest.is_empty() && (in_range < listed.orders.len() || !listed.more);
            if is_end || part.is_full() {
                if !is_end && part.to_pass > 0 {
                    return Ok(None);
                }
                let next = (!is_end).then(|| Cursor::Time(&before).to_string());
                return Ok(Some(Found { next, read_bytes: part.budget.read_bytes(), ..part.found }));
            }
        }
    }

    /// Adds the wanted ones of the next orders. How many orders were looked at.
    async fn add(&self, part: &mut OrderPart<'_>, listed: &[ListedOrder]) -> Result<usize, StoreError> {
        let OrderPart { wanted, found, budget, to_pass } = part;
        // Where all are wanted, no more are read than there is room for.
        let room = *to_pass + wanted.limit - found.shown();
        let most = if wanted.predicates.is_empty() { room.min(ORDERS_AT_ONCE) } else { ORDERS_AT_ONCE };
        let listed = &listed[..most.min(listed.len())];
        let keys: Vec<OrderKey> = listed.iter().filter_map(|order| order.key.clone().ok()).collect();
        let mut loaded = self.store.load_all(&keys).await?;
        budget.read(loaded.read_bytes);
        for (n, order) in listed.iter().enumerate() {
            let (id, order) = match &order.key {
                Ok(key) => (Some(key.order.clone()), loaded.orders.remove(key)),
                Err(item) => (None, Some(Err(item.clone()))),
            };
            let is_row = match &order {
                Some(Ok(order)) => wanted.predicates.iter().all(|one| one.holds(order)),
                Some(Err(_)) => true,
                None => false,
            };
            if is_row && *to_pass > 0 {
                *to_pass -= 1;
                if *to_pass == 0 {
                    budget.leave(FULL_AT_BYTES);
                }
                continue;
            }
            match order {
                Some(Ok(order)) if is_row => found.rows.push(order),
                Some(Err(item)) => found.add_bad_order(id, item),
                Some(Ok(_)) | None => {}
            }
            if found.shown() >= wanted.limit {
                return Ok(n + 1);
            }
        }
        Ok(listed.len())
    }

    /// The next keys of all parts of the list as one page, newest first.
    async fn listed(&self, part: &mut OrderPart<'_>, before: &str) -> Result<ListedPage, StoreError> {
        let WantedOrders { merchant, limit, .. } = *part.wanted;
        let limit = (limit + part.to_pass).min(ORDERS_AT_ONCE);
        let pages = (0..LIST_SHARDS).map(|shard| self.index.before(merchant, shard, before, limit));
        let pages: Vec<_> = try_join_all(pages).await?;
        part.budget.read(pages.iter().map(|page| page.orders.len() * KEY_BYTES).sum());
        let ends = pages.iter().filter(|page| page.more).filter_map(|page| page.orders.last());
        // As far down as each page was read.
        let down_to = ends.map(|order| order.sort.clone()).max();
        let mut orders: Vec<ListedOrder> = pages.into_iter().flat_map(|page| page.orders).collect();
        orders.retain(|order| down_to.as_ref().is_none_or(|down_to| order.sort >= *down_to));
        orders.sort_by(|one, other| other.sort.cmp(&one.sort));
        Ok(ListedPage { orders, more: down_to.is_some() })
    }
}

impl OrderPart<'_> {
    /// Whether the part ends here, with the rows found so far.
    fn is_full(&self) -> bool {
        self.found.shown() >= self.wanted.limit || self.budget.is_spent()
    }
}
