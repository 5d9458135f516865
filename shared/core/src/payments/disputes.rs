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
        self, DisputeKind, DisputeRecorded, DisputeRejection, DisputeReport, Kind, OperationRef, Order,
        OrderKey, Transaction,
    },
    payments::{Deadline, Merchant, OrderStore, StoreError},
    values::Clock,
};

/// The chargebacks that settlement keeps, also of payments that no order had when they were read.
#[async_trait]
pub trait KnownDisputes: Send + Sync {
    /// The chargebacks of the payments with these references, and after them their reversals. The
    /// payments were made at this moment at the earliest.
    async fn of_payments(
        &self,
        merchant: &Merchant,
        references: &[&str],
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
    /// Whether all that settlement knows of the order's disputes is on its record. It is asked
    /// before each change after which a refund that a rule owes may be sent: while this is not
    /// known, nothing is sent.
    pub(super) async fn knows_disputes(&self, merchant: &Merchant, order: &Order) -> bool {
        let Err(error) = self.record_known_disputes(merchant, order).await else { return true };
        tracing::warn!(
            merchant = %order.merchant,
            order = %order.id,
            %error,
            "not refunded now: whether a bank took a payment of the order back is not known"
        );
        false
    }

    async fn record_known_disputes(&self, merchant: &Merchant, order: &Order) -> Result<(), NotRecorded> {
        let Some(known) = &self.known_disputes else { return Ok(()) };
        let charges: Vec<&str> = order.transactions.iter().flat_map(Transaction::charges).collect();
        let since = order.transactions.iter().map(|transaction| transaction.created_at).min();
        let reports = known.of_payments(merchant, &charges, since.unwrap_or(order.created_at)).await;
        for report in reports.map_err(Refusal::Store)? {
            // Its share of a reversal is settlement's to correct: other orders may have a part.
            if report.dispute.kind == DisputeKind::Reversal && order.has_line(&report.dispute) {
                continue;
            }
            let recorded =
                record_dispute(self.store.as_ref(), self.clock.as_ref(), &order.key(), &report).await;
            match recorded {
                // It is of another payment, or an exception of the settlement already. An order
                // that is full counts as disputed.
                Ok(_)
                | Err(NotRecorded::Rejected(
                    DisputeRejection::NoSuchPayment
                    | DisputeRejection::UnknownChargeback
                    | DisputeRejection::Contradicts
                    | DisputeRejection::TooMany,
                )) => {}
                Err(why) => return Err(why),
            }
        }
        Ok(())
    }

    /// Sends a refund that a dispute held back, if none holds it back any more. Abandoned refunds
    /// of the order are looked for first, as before any refund.
    pub(crate) async fn look_at_held_back(
        &self,
        merchant: &Merchant,
        order: Order,
        at: OperationRef,
        deadline: Deadline,
    ) -> Order {
        let suspects = order.suspects(Kind::Refund, at.transaction).collect();
        let order = match self.look_back(merchant, order.clone(), suspects, deadline).await {
            Ok(order) if self.knows_disputes(merchant, &order).await => order,
            Ok(order) => return self.put_off(order, at, None).await,
            Err(_) => return self.put_off(order, at, None).await,
        };
        let saved = self
            .save_change(order, at, &|order| {
                self.with_context(merchant, |context| order::send_held_back(order, at, context))
            })
            .await;
        self.carry_on(merchant, saved, deadline).await
    }
}
