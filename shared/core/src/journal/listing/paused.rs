//! A merchant's captures that are paused order by order: a sparse index has them, the journal does not.

use std::sync::Arc;

use super::{BadRow, Found, OPERATIONS_IN_A_PART, ORDERS_AT_A_TIME, Row, bytes_of};
use crate::{
    order::{MerchantId, Order, OrderKey, Transaction},
    payments::{Cursor, OrderStore, PausedCaptures, PausedQuery, StoreError},
};

/// What is looked for in the index.
#[derive(Clone, Copy, Debug)]
pub struct PausedSearch<'a> {
    /// Whose captures.
    pub merchant: &'a MerchantId,
    /// Where an earlier part ended.
    pub after: Option<&'a str>,
    /// Most orders of this part. An order can have several captures that wait.
    pub limit: usize,
}

impl PausedSearch<'_> {
    fn cursor(&self) -> Option<Cursor> {
        let (due, order) = self.after?.split_once('#')?;
        Some(Cursor { key: format!("{}#{order}", self.merchant), due: due.to_owned() })
    }
}

/// A place in the list, without the merchant.
fn place(cursor: &Cursor) -> Option<String> {
    let (_, order) = cursor.key.split_once('#')?;
    Some(format!("{}#{order}", cursor.due))
}

/// The next part of the authorizations that the schedule would capture and does not, because their order is paused. Those
/// of the order that is paused longest come first; each is listed at the moment of its pause.
pub async fn paused_captures(
    store: &dyn OrderStore,
    index: &dyn PausedCaptures,
    search: &PausedSearch<'_>,
) -> Result<Found, StoreError> {
    let query = PausedQuery { merchant: search.merchant, after: search.cursor(), limit: search.limit };
    let page = index.paused(query).await?;
    let (rows, unreadable, next) = (Vec::new(), Vec::new(), page.next.as_ref().and_then(place));
    let mut found = Found { rows, unreadable, next, more_in_doubt: false, read_bytes: 0 };
    let (mut operations, mut rest) = (0, page.orders.as_slice());
    while !rest.is_empty() {
        let (some, later) = rest.split_at(rest.len().min(ORDERS_AT_A_TIME));
        let keys: Vec<OrderKey> = some.iter().map(|paused| paused.key.clone()).collect();
        let mut loaded = store.load_all(&keys).await?;
        for key in keys {
            // The index lags behind.
            let Some(order) = loaded.remove(&key) else { continue };
            let order = order.map(Arc::new);
            found.read_bytes += bytes_of(&order);
            match order {
                Ok(order) => operations += found.add_paused(&order),
                Err(item) => {
                    let order = Some(key.order);
                    found.unreadable.push(BadRow { at: None, order, transaction: None, item });
                }
            }
        }
        rest = later;
        if operations >= OPERATIONS_IN_A_PART && !rest.is_empty() {
            found.next = some.last().map(|last| format!("{}#{}", last.at, last.key.order.as_str()));
            break;
        }
    }
    Ok(found)
}

impl Found {
    /// Adds the captures of an order that are paused. How many operations their payments have.
    fn add_paused(&mut self, order: &Arc<Order>) -> usize {
        let Some(pause) = order.captures_paused() else { return 0 };
        let waiting = || order.transactions.iter().filter(|own| own.waits_for_schedule());
        let row = |own: &Transaction| Row { at: pause.at, order: Arc::clone(order), transaction: own.id };
        self.rows.extend(waiting().map(row));
        waiting().map(|own| own.operations.len()).sum()
    }
}
