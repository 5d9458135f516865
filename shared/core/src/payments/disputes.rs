//! Chargebacks and reversals, put on record of the order that was paid. The gateway has no part in
//! it, and no money is moved.

use async_trait::async_trait;
use jiff::Timestamp;

use super::{
    Payments, Refusal, audit,
    orders::{Changed, save_changed},
};
use crate::{
    order::{
        DisputeRecorded, DisputeRejection, DisputeReport, Doubt, OperationRef, Order, OrderKey, Outcome,
        void_came_too_late,
    },
    payments::{Merchant, OrderStore, StoreError},
    values::Clock,
};

/// The chargebacks that settlement keeps, also of payments that no order had when they were read.
#[async_trait]
pub trait KnownDisputes: Send + Sync {
    /// The chargebacks of the payment with this reference, and after them their reversals. The
    /// payment was made at this moment at the earliest.
    async fn of_payment(
        &self,
        merchant: &Merchant,
        reference: &str,
        since: Timestamp,
    ) -> Result<Vec<DisputeReport>, StoreError>;
}

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

/// Puts a chargeback or a reversal on an order's record despite concurrent changes, and returns the
/// order. May be repeated: a dispute on record stays as it is.
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

impl Payments {
    /// The outcome of an operation at the gateway. Where a rule's refund would follow, because the
    /// void came too late, this first looks up whether the bank took the payment back before it was
    /// found: that goes on record, and no refund follows. While that is not known, the outcome is
    /// not either, and a later inquiry decides both.
    pub(super) async fn known_disputes_first(
        &self,
        merchant: &Merchant,
        order: &Order,
        at: OperationRef,
        outcome: Outcome,
    ) -> Outcome {
        if !order.operation(at).is_some_and(|void| void_came_too_late(void, &outcome)) {
            return outcome;
        }
        let Err(error) = self.record_known_disputes(merchant, order, at).await else { return outcome };
        tracing::warn!(
            merchant = %order.merchant,
            order = %order.id,
            transaction = %at.transaction,
            %error,
            "not refunded now: whether the bank took the payment back is not known"
        );
        Outcome::Unknown(Doubt::StateDiffers, outcome.response().clone())
    }

    async fn record_known_disputes(
        &self,
        merchant: &Merchant,
        order: &Order,
        at: OperationRef,
    ) -> Result<(), NotRecorded> {
        let (Some(known), Some(transaction)) = (&self.known_disputes, order.transaction(at.transaction))
        else {
            return Ok(());
        };
        // A payment beside the transaction's own is named by its void.
        let own = order.operation(at).and_then(|void| void.reference.as_deref());
        let Some(reference) = own.or(transaction.reference()) else { return Ok(()) };
        let reports = known.of_payment(merchant, reference, transaction.created_at).await;
        for report in reports.map_err(Refusal::Store)? {
            let recorded =
                record_dispute(self.store.as_ref(), self.clock.as_ref(), &order.key(), &report).await;
            let is_undecided = |why: &NotRecorded| {
                matches!(why, NotRecorded::Refused(_) | NotRecorded::Rejected(DisputeRejection::NewerVersion))
            };
            // Any other rejected report is not of this payment, or is an exception of the
            // settlement already.
            if let Err(why) = recorded
                && is_undecided(&why)
            {
                return Err(why);
            }
        }
        Ok(())
    }
}
