//! Chargebacks and reversals, put on record of the order that was paid. The gateway has no part in it, and no money is moved.

use super::{
    Refusal, audit,
    orders::{Changed, save_changed},
};
use crate::{
    order::{DisputeRecorded, DisputeRejection, DisputeReport, Order, OrderKey},
    payments::OrderStore,
    values::Clock,
};

/// Why a chargeback or a reversal was not put on record.
#[derive(Debug, thiserror::Error)]
pub enum NotRecorded {
    /// A rule forbids it: a person has to look at it.
    #[error(transparent)]
    Rejected(#[from] DisputeRejection),
    /// The order cannot be had or written now. To be repeated.
    #[error(transparent)]
    Refused(#[from] Refusal),
}

/// Puts a chargeback or a reversal on record of an order, whatever else happens to it at the same time, and returns the order.
/// May be repeated: what is on record stays as it is.
pub async fn record_dispute(
    store: &dyn OrderStore,
    clock: &dyn Clock,
    key: &OrderKey,
    report: &DisputeReport,
) -> Result<(DisputeRecorded, Order), NotRecorded> {
    let order = store.load(key).await.map_err(Refusal::Store)?;
    let order = order.ok_or(DisputeRejection::NoSuchPayment)?;
    let (order, recorded) = save_changed(store, order, |order| {
        let recorded = order.record_dispute(report, clock.now())?;
        Ok::<_, NotRecorded>(match recorded {
            DisputeRecorded::Applied => Changed::To(recorded),
            DisputeRecorded::Known => Changed::Not(recorded),
        })
    })
    .await?;
    if recorded == DisputeRecorded::Applied
        && let Some(transaction) = order.disputed_by(report)
    {
        audit::disputed(&order, transaction, &report.dispute);
    }
    Ok((recorded, order))
}
