//! `payment show`: everything on record about an order's payments.

use tollgate_core::order::OrderKey;

use super::history;
use crate::{args::Show, failure::Failure, place::Place, report::Report};

pub(crate) async fn run(place: &Place, show: &Show) -> Result<Report, Failure> {
    let job = place.orders_job()?;
    let key = OrderKey { merchant: show.merchant.clone(), order: show.order.clone() };
    let order = job.payments.order(&key).await?;
    if let Some(id) = show.transaction
        && order.transaction(id).is_none()
    {
        let ids: Vec<_> = order.transactions.iter().map(|transaction| transaction.id.to_string()).collect();
        return Err(Failure::NotThere(format!(
            "the order has no such transaction; it has {}",
            ids.join(", ")
        )));
    }
    let now = place.clock.now();
    let value = history::value(&order, show.transaction, now);
    Ok(Report::new(history::text(&order, show.transaction, now), value))
}
