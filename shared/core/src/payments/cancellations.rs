//! Reads the orders that were canceled in a merchant's shop, and puts the cancellations on record.
//!
//! An order's own events would make it faster. Reading makes it true.

use jiff::{SignedDuration, Timestamp};

use super::{
    CancelledPage, Changed, Deadline, Merchant, Payments, Refusal, ShopPoll, Unreadable, save_changed,
};
use crate::order::{Order, OrderKey, OrdersMode};

/// How often a merchant is looked at that has no shop any more.
const LOOK_EVERY: SignedDuration = SignedDuration::from_hours(24);

/// How often a shop's canceled orders are read.
const READ_EVERY: SignedDuration = SignedDuration::from_mins(5);

/// How much further back a reading begins than where the last one ended: a list may lack what is
/// new, and the shop's clock is another one.
const READ_AGAIN: SignedDuration = SignedDuration::from_mins(5);

/// Most rows of a list that a shop shows.
const SHOP_ROWS_MAX: usize = 10_000;

/// A reading of a shop's canceled orders.
#[derive(Debug, Default)]
pub(crate) struct CancelledOrders {
    /// Orders whose cancellation is on record since.
    pub(crate) found: Vec<OrderKey>,
    /// Whether the shop's list was read to its end.
    pub(crate) is_complete: bool,
}

/// Which part of a shop's list is read next.
struct ListPosition {
    /// Orders that were changed at this moment or later.
    since: Timestamp,
    /// From this row of them on.
    row: usize,
    /// Until when the list was read, if it was not read to its end.
    reached: Option<Timestamp>,
}

impl ListPosition {
    /// The position after a page. An order that is changed meanwhile goes to the end of the list,
    /// and the others move up: so rows are counted only among orders of one moment, or where the
    /// list has no order.
    fn after(&mut self, page: &CancelledPage) {
        match page.reached.filter(|reached| *reached > self.since) {
            Some(reached) => *self = Self { since: reached, row: 0, reached: Some(reached) },
            None => self.row += page.rows,
        }
    }
}

impl Payments {
    /// Reads the canceled orders of a merchant's shop, if it is time.
    pub(crate) async fn read_cancelled(&self, merchant: &Merchant, deadline: Deadline) -> CancelledOrders {
        let mut read = CancelledOrders::default();
        let now = self.clock.now();
        let poll = match self.store.shop_poll(&merchant.id).await {
            Ok(Some(poll)) if poll.next_at <= now => poll,
            Ok(_) => return CancelledOrders { is_complete: true, ..read },
            Err(error) => {
                tracing::error!(merchant = %merchant.id, %error, "how far a shop was read cannot be read");
                return read;
            }
        };
        let began = now - merchant.policy.authorization_lifetime;
        let since = poll.read_to.map_or(began, |read_to| read_to - READ_AGAIN);
        let has_shop = merchant.policy.orders == OrdersMode::ElasticPath;
        let mut position = ListPosition { since, row: 0, reached: poll.read_to };
        let done = if has_shop {
            self.read_pages(merchant, &mut position, deadline, &mut read.found).await
        } else {
            Ok(true)
        };
        match done {
            Ok(is_complete) => read.is_complete = is_complete,
            Err(error) => {
                tracing::error!(merchant = %merchant.id, %error, "a shop's canceled orders cannot be read");
            }
        }
        let read_to = if read.is_complete { Some(now) } else { position.reached.max(poll.read_to) };
        let next_at = now + if has_shop { READ_EVERY } else { LOOK_EVERY };
        let next = ShopPoll { read_to, next_at, ..poll };
        if let Err(error) = self.store.save_shop_poll(&next).await {
            tracing::error!(merchant = %merchant.id, %error, "how far a shop was read cannot be saved");
        }
        read
    }

    /// Reads the list page by page. Whether to its end.
    async fn read_pages(
        &self,
        merchant: &Merchant,
        position: &mut ListPosition,
        deadline: Deadline,
        found: &mut Vec<OrderKey>,
    ) -> Result<bool, Refusal> {
        while deadline.leaves_time_to_inquire() && position.row < SHOP_ROWS_MAX {
            let page = self.shop_orders.cancelled(merchant, position.since, position.row).await;
            let page = page.map_err(Refusal::Shop)?;
            for order in &page.orders {
                let key = OrderKey { merchant: merchant.id.clone(), order: order.clone() };
                let stored = Unreadable::left_out(self.store.load(&key).await).map_err(Refusal::Store)?;
                // Nobody paid it here, or it cannot be read, which the store has noted.
                if let Some(order) = stored.flatten() {
                    found.extend(self.cancel_at_shop(order).await?);
                }
            }
            if page.rows == 0 {
                return Ok(true);
            }
            position.after(&page);
        }
        Ok(false)
    }

    /// Puts on record that an order was canceled in its shop. None where that is known.
    pub(crate) async fn cancel_at_shop(&self, order: Order) -> Result<Option<OrderKey>, Refusal> {
        let key = order.key();
        let cancel =
            |order: &mut Order| Ok::<_, Refusal>(Changed::where_it(order.cancel_at_shop(self.clock.now())));
        let (_, is_new) = save_changed(self.store.as_ref(), order, cancel).await?;
        if is_new {
            tracing::info!(merchant = %key.merchant, order = %key.order, "the order was canceled in Elastic Path");
        }
        Ok(is_new.then_some(key))
    }
}
