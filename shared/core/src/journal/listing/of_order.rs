//! The transactions of one order as a list, where the order is known.

use std::sync::Arc;

use jiff::Timestamp;

use super::{BadRow, Found, Lister, Row, Wanted, first_fact};
use crate::{
    order::{Order, OrderId, OrderKey, Transaction},
    payments::StoreError,
    values::sort_of,
};

impl Lister<'_> {
    /// The next part of an order's transactions, each at its first fact; one without any at its beginning.
    /// Nothing else is read.
    pub(super) async fn of_order(&self, wanted: &Wanted<'_>, id: &OrderId) -> Result<Found, StoreError> {
        let key = OrderKey { merchant: wanted.merchant.clone(), order: id.clone() };
        let mut found = Found::default();
        let mut loaded = self.store.load_all(std::slice::from_ref(&key)).await?;
        found.read_bytes = loaded.read_bytes;
        let order = match loaded.orders.remove(&key) {
            None => return Ok(found),
            Some(Err(item)) => {
                let order = Some(id.clone());
                found.unreadable.push(BadRow { at: None, order, transaction: None, item });
                return Ok(found);
            }
            Some(Ok(order)) => Arc::new(order),
        };
        let is_in_range = |at: Timestamp| wanted.since <= at && at < wanted.until;
        let mut rows: Vec<(String, Row)> = order
            .transactions
            .iter()
            .filter(|transaction| wanted.has(&order, transaction))
            .map(|transaction| (began(&order, transaction), transaction.id))
            .filter(|(at, _)| is_in_range(*at))
            .map(|(at, transaction)| {
                let row = Row { at, order: Arc::clone(&order), transaction };
                (format!("{}#{transaction}", sort_of(at)), row)
            })
            .filter(|(sort, _)| wanted.after.is_none_or(|after| wanted.order.compare(after, sort).is_lt()))
            .collect();
        rows.sort_by(|(one, _), (other, _)| wanted.order.compare(one, other));
        let more = rows.len() > wanted.limit;
        rows.truncate(wanted.limit);
        found.next = rows.last().filter(|_| more).map(|(sort, _)| sort.clone());
        found.rows = rows.into_iter().map(|(_, row)| row).collect();
        Ok(found)
    }
}

fn began(order: &Order, transaction: &Transaction) -> Timestamp {
    first_fact(order, transaction).map_or(transaction.created_at, |first| first.at)
}
