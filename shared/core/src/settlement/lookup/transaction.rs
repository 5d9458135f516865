//! When the money of one payment and of its refunds arrived.

use std::sync::Arc;

use async_trait::async_trait;
use jiff::Timestamp;
use uuid::Uuid;

use crate::{
    journal::{day_of, entries_of},
    order::{BatchState, Order},
    payments::StoreError,
    settlement::{
        Batches, Compared, LineStore, ProgressStore, Verdict, Waits, expectations, line_of, match_account,
    },
    values::{ReadOrder, SignedAmount},
};

/// Tells it from the records of settlement.
pub struct RecordedBatches {
    pub lines: Arc<dyn LineStore>,
    /// Says whether the account's reports are read at all.
    pub progress: Arc<dyn ProgressStore>,
}

#[async_trait]
impl Batches for RecordedBatches {
    async fn batch_of(
        &self,
        order: &Order,
        transaction: Uuid,
        now: Timestamp,
    ) -> Result<BatchState, StoreError> {
        // Nothing can be done with it before its outcome is known.
        if order.transaction(transaction).is_some_and(|own| own.pending().is_some()) {
            return Ok(BatchState::Unknown);
        }
        let found = settlement_of(self.lines.as_ref(), order, transaction, now).await?;
        let payment = payment_among(&found);
        if payment.is_some_and(|payment| payment.settled_on.is_some()) {
            return Ok(BatchState::Settled);
        }
        // Nothing was taken, so there is nothing to settle.
        let Some(taken) = payment.and_then(|payment| payment.expectation.as_ref()) else {
            return Ok(BatchState::NotSettled);
        };
        let accounts = self.progress.of(&order.merchant).await?;
        let is_read = accounts.iter().any(|one| one.account == taken.account && one.read_at.is_some());
        Ok(if is_read { BatchState::NotSettled } else { BatchState::Unknown })
    }
}

/// The payment's own record among those of its refunds.
pub fn payment_among(records: &[Verdict]) -> Option<&Verdict> {
    records
        .iter()
        .find(|one| one.expectation.as_ref().is_some_and(|expected| expected.amount > SignedAmount::ZERO))
}

/// The transaction's records at the gateway that move money, in the order of their times, each with
/// its expectation.
pub async fn settlement_of(
    lines: &dyn LineStore,
    order: &Order,
    transaction: Uuid,
    now: Timestamp,
) -> Result<Vec<Verdict>, StoreError> {
    let entries = entries_of(order, ReadOrder::OldestFirst);
    let mut expected = expectations(entries.iter().filter(|entry| entry.transaction == transaction));
    expected.retain(|one| !one.amount.is_zero());
    expected.sort_by_key(|one| one.at);
    let mut found = Vec::new();
    for one in &expected {
        let mut of_reference = Vec::new();
        // Where its line is, or where it was before the journal knew it.
        if let Some(reference) = &one.reference {
            let (merchant, day) = (&order.key().merchant, Some(day_of(one.at)));
            of_reference.push(line_of(lines, merchant, &one.account, day, reference).await?);
        }
        let compared =
            Compared { lines: &of_reference, ..Compared::of(&one.account, std::slice::from_ref(one)) };
        // Late money is in the list of exceptions.
        found.extend(match_account(&compared, &Waits::default(), now).verdicts);
    }
    Ok(found)
}
