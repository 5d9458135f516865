//! Chargebacks of payments that were found after the settlement was read.

use std::sync::Arc;

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp, civil::Date};

use crate::{
    order::DisputeReport,
    payments::{KnownDisputes, Merchant, StoreError},
    settlement::{DayRange, DepositStore, FoundDispute, eastern_day, facts::store::deposits_of},
};

/// How long before a payment the first deposit is that is read: no document ties the day of a
/// deposit to its payments.
const EARLIER: SignedDuration = SignedDuration::from_hours(30 * 24);

/// Looks through all deposits since a payment was made. That is slow, and rarely needed: most
/// payments are found before they settle.
pub struct DepositDisputes(pub Arc<dyn DepositStore>);

#[async_trait]
impl KnownDisputes for DepositDisputes {
    async fn of_payments(
        &self,
        merchant: &Merchant,
        references: &[&str],
        since: Timestamp,
    ) -> Result<Vec<DisputeReport>, StoreError> {
        let (mut chargebacks, mut reversals) = (Vec::new(), Vec::new());
        let first = eastern_day(since.saturating_sub(EARLIER).unwrap_or(since));
        let known = deposits_of(self.0.as_ref(), &merchant.id, DayRange { first, last: Date::MAX }).await?;
        if let Some(bad) = known.unreadable.first() {
            // It may have the chargeback.
            return Err(StoreError::Corrupt(bad.key.clone()));
        }
        for deposit in known.deposits {
            let is_own = |own: &str| references.contains(&own);
            let own = deposit.chargebacks.iter().filter(|one| one.reference.as_deref().is_some_and(is_own));
            chargebacks.extend(own.filter_map(|one| FoundDispute::chargeback(&deposit.account, one)));
            let reversal = |one| FoundDispute::reversal(&deposit.account, &deposit.id, one);
            reversals.extend(deposit.adjustments.iter().filter_map(reversal));
        }
        reversals.retain(|one| {
            chargebacks
                .iter()
                .any(|own| (&own.account, &own.dispute.case) == (&one.account, &one.dispute.case))
        });
        Ok(chargebacks.into_iter().chain(reversals).map(|found| found.report(merchant)).collect())
    }
}
