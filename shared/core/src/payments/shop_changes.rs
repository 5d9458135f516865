//! Reads the orders that were changed in a merchant's shop, and puts on record which are canceled
//! there, and which have payments that Tollgate did not record.
//!
//! An order's own events would make it faster. Reading makes it true.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::{
    Changed, ChangedOrder, ChangedPage, Deadline, Merchant, Payments, Refusal, ShopFailure, ShopPoll,
    StoreError, Unreadable, deadline::INQUIRY_MIN, intent::is_new, save_changed,
};
use crate::order::{Order, OrderKey, OrdersMode, ShopReading, ShopTransaction};

/// How often a merchant is looked at that has no shop any more.
const LOOK_EVERY: SignedDuration = SignedDuration::from_hours(24);

/// How often a shop's changed orders are read.
const READ_EVERY: SignedDuration = SignedDuration::from_mins(5);

/// The overlap of two readings: a list may lack the newest changes, and the shop's clock is another
/// one.
const READ_AGAIN: SignedDuration = SignedDuration::from_mins(5);

/// How long a run reads one shop's list. A stranger can change many orders of a shop, and takes no
/// more than this from the others; the next run goes on.
const READING_LIMIT: Duration = Duration::from_secs(10);

/// Most rows of a list that a shop shows.
const SHOP_ROWS_MAX: usize = 10_000;

/// A reading of a shop's changed orders.
#[derive(Debug, Default)]
pub(crate) struct ShopChanges {
    /// Orders whose cancellation is on record since.
    pub(crate) cancelled: Vec<OrderKey>,
    /// Orders with payments of others that are on record since.
    pub(crate) foreign: usize,
    /// Whether the shop's list was read to its end.
    pub(crate) is_complete: bool,
}

/// Which part of a shop's list is read next.
struct ListPosition {
    /// Orders that were changed at this moment or later.
    since: Timestamp,
    /// From this row of them on.
    row: usize,
}

impl ListPosition {
    /// The position after a page. An order that is changed meanwhile goes to the end of the list,
    /// and the others move up: so rows are counted only among orders of one moment, or where the
    /// list has no order.
    fn after(&mut self, page: &ChangedPage) {
        match page.reached.filter(|reached| *reached > self.since) {
            Some(reached) => *self = Self { since: reached, row: 0 },
            None => self.row += page.rows,
        }
    }
}

impl Payments {
    /// Reads the changed orders of a merchant's shop, if it is time.
    pub(crate) async fn read_changed(&self, merchant: &Merchant, deadline: Deadline) -> ShopChanges {
        let mut read = ShopChanges::default();
        let now = self.clock.now();
        let poll = match self.store.shop_poll(&merchant.id).await {
            Ok(Some(poll)) if poll.next_at <= now => poll,
            Ok(_) => return ShopChanges { is_complete: true, ..read },
            Err(error) => {
                tracing::error!(merchant = %merchant.id, %error, "how far a shop was read cannot be read");
                return read;
            }
        };
        let has_shop = merchant.policy.orders == OrdersMode::ElasticPath;
        let mut position = ListPosition { since: poll.read_from, row: 0 };
        let done = if has_shop {
            let deadline = deadline.within(INQUIRY_MIN + READING_LIMIT);
            self.read_pages(merchant, &mut position, deadline, &mut read).await
        } else {
            Ok(true)
        };
        let mut next_at = now + if has_shop { READ_EVERY } else { LOOK_EVERY };
        match done {
            Ok(true) => read.is_complete = true,
            Ok(false) => next_at = now,
            Err(error) => {
                tracing::error!(merchant = %merchant.id, %error, "a shop's changed orders cannot be read");
            }
        }
        let newest = now - READ_AGAIN;
        let read_from = if read.is_complete { newest } else { position.since.min(newest) };
        let next = ShopPoll { read_from, next_at, ..poll };
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
        read: &mut ShopChanges,
    ) -> Result<bool, Refusal> {
        while deadline.leaves_time_to_inquire() && position.row < SHOP_ROWS_MAX {
            let page = self.shop_orders.changed(merchant, position.since, position.row).await;
            let page = page.map_err(Refusal::Shop)?;
            for order in &page.orders {
                let done = if deadline.leaves_time_to_inquire() {
                    self.read_order(merchant, order, read).await.map(|()| true)
                } else {
                    Ok(false)
                };
                if !matches!(done, Ok(true)) {
                    // The next reading begins with it: a busy shop answers only so often.
                    position.since = order.changed_at.unwrap_or(position.since);
                    return done;
                }
            }
            if page.rows == 0 {
                return Ok(true);
            }
            position.after(&page);
        }
        Ok(false)
    }

    /// Compares a changed order with what is on record.
    async fn read_order(
        &self,
        merchant: &Merchant,
        changed: &ChangedOrder,
        read: &mut ShopChanges,
    ) -> Result<(), Refusal> {
        let key = OrderKey { merchant: merchant.id.clone(), order: changed.id.clone() };
        // One that cannot be read is noted by the store.
        let stored = Unreadable::left_out(self.store.load(&key).await).map_err(Refusal::Store)?;
        let Some(mut stored) = stored else { return Ok(()) };
        if changed.is_cancelled
            && let Some(order) = stored.take()
        {
            let (order, is_new) = self.cancel_at_shop(order).await?;
            read.cancelled.extend(is_new.then(|| key.clone()));
            stored = Some(order);
        }
        let Some(there) = &changed.there else { return Ok(()) };
        let new = || Order::new(&key, there.currency, Some(there.total), self.clock.now());
        let order = stored.unwrap_or_else(new);
        if !order.needs_rows(there) || (is_new(&order) && changed.is_cancelled) {
            return Ok(());
        }
        let Some(rows) = self.rows_of(merchant, &key).await? else { return Ok(()) };
        if self.compare(order, &ShopReading { order: Some(there), rows: Some(&rows) }).await? {
            read.foreign += 1;
            tracing::error!(merchant = %key.merchant, order = %key.order, "needs attention: Elastic Path shows a payment that Tollgate did not record");
        }
        Ok(())
    }

    /// The shop's transactions of an order; none where they cannot be read, which concerns it only.
    async fn rows_of(
        &self,
        merchant: &Merchant,
        key: &OrderKey,
    ) -> Result<Option<Vec<ShopTransaction>>, Refusal> {
        match self.shop_orders.transactions(merchant, &key.order).await {
            Err(failure @ ShopFailure::Unreadable(_)) => {
                tracing::warn!(merchant = %key.merchant, order = %key.order, error = %failure, "a shop's transactions cannot be read");
                Ok(None)
            }
            shown => shown.map(Some).map_err(Refusal::Shop),
        }
    }

    /// Puts on record what a reading shows. Whether that is payments of others, not known before.
    async fn compare(&self, mut order: Order, reading: &ShopReading<'_>) -> Result<bool, Refusal> {
        let compare = |order: &mut Order| {
            let known = order.foreign;
            let is_changed = order.compare(reading, self.clock.now());
            let is_new = order.foreign.is_some() && order.foreign != known;
            Ok::<_, Refusal>(if is_changed { Changed::To(is_new) } else { Changed::Not(false) })
        };
        if is_new(&order) {
            let Changed::To(is_found) = compare(&mut order)? else { return Ok(false) };
            match self.store.create(&order).await {
                Ok(()) => return Ok(is_found),
                // A payment of it was begun meanwhile.
                Err(StoreError::Conflict(stored)) => order = *stored,
                Err(error) => return Err(Refusal::Store(error)),
            }
        }
        Ok(save_changed(self.store.as_ref(), order, compare).await?.1)
    }

    /// Puts on record that an order was canceled in its shop. Whether that was not known.
    pub(crate) async fn cancel_at_shop(&self, order: Order) -> Result<(Order, bool), Refusal> {
        let cancel =
            |order: &mut Order| Ok::<_, Refusal>(Changed::where_it(order.cancel_at_shop(self.clock.now())));
        let (order, is_new) = save_changed(self.store.as_ref(), order, cancel).await?;
        if is_new {
            tracing::info!(merchant = %order.merchant, order = %order.id, "the order was canceled in Elastic Path");
        }
        Ok((order, is_new))
    }
}
