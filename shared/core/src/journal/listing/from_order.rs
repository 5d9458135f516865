//! The payments of one order as a list, where the order is known.

use jiff::Timestamp;

use super::{Budget, Cursor, Found, Lister, Row, Wanted};
use crate::{
    journal::first_fact,
    order::{Order, OrderId, OrderKey, Transaction},
    payments::StoreError,
    values::sort_of,
};

impl Lister<'_> {
    /// The next part of an order's payments, each at its first fact; one without any at its
    /// beginning. Nothing else is read.
    pub(super) async fn list_order(
        &self,
        wanted: &Wanted<'_>,
        id: &OrderId,
        cursor: Cursor<'_>,
    ) -> Result<Found, StoreError> {
        let key = OrderKey { merchant: wanted.merchant.clone(), order: id.clone() };
        let mut budget = Budget::new(self.deadline);
        let loaded = budget.load(self.store, std::slice::from_ref(&key)).await?.remove(&key);
        let mut found = Found { read_bytes: budget.read_bytes(), ..Found::default() };
        let order = match loaded {
            None => return Ok(found),
            Some(Err(item)) => {
                found.add_bad_order(Some(key.order), item);
                return Ok(found);
            }
            Some(Ok(order)) => order,
        };
        let shown = order.transactions.iter().filter(|transaction| wanted.shows(&order, transaction));
        let mut rows: Vec<(String, Row)> = shown
            .map(|transaction| Row {
                at: began(&order, transaction),
                order: order.clone(),
                transaction: transaction.id,
            })
            .filter(|row| wanted.has_range(row.at))
            .map(|row| (format!("{}#{}", sort_of(row.at), row.transaction), row))
            .filter(|(sort, _)| cursor.time().is_none_or(|after| wanted.order.compare(after, sort).is_lt()))
            .collect();
        rows.sort_by(|(one, _), (other, _)| wanted.order.compare(one, other));
        let more = rows.len() > wanted.limit;
        rows.truncate(wanted.limit);
        found.next = rows.last().filter(|_| more).map(|(sort, _)| Cursor::Time(sort).to_string());
        found.rows = rows.into_iter().map(|(_, row)| row).collect();
        Ok(found)
    }
}

fn began(order: &Order, transaction: &Transaction) -> Timestamp {
    first_fact(order, transaction).map_or(transaction.created_at, |first| first.at)
}
