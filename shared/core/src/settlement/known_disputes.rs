//! Chargebacks of payments that were found after the settlement was read.

use std::sync::Arc;

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp, civil::Date};

use super::{DepositStore, FoundDispute, eastern_day};
use crate::{
    order::DisputeReport,
    payments::{KnownDisputes, Merchant, StoreError},
    values::ReadOrder,
};

/// How long before a payment the first deposit is that is read: no document ties the day of a deposit to its payments.
const EARLIER: SignedDuration = SignedDuration::from_hours(30 * 24);

/// Deposits that are read at a time.
const PAGE: usize = 100;

/// Looks through all deposits since a payment was made. That is slow, and rarely needed: most payments are found before they
/// settle.
pub struct DepositDisputes(pub Arc<dyn DepositStore>);

#[async_trait]
impl KnownDisputes for DepositDisputes {
    async fn of_payment(
        &self,
        merchant: &Merchant,
        reference: &str,
        since: Timestamp,
    ) -> Result<Vec<DisputeReport>, StoreError> {
        let (mut chargebacks, mut reversals) = (Vec::new(), Vec::new());
        let mut after = None;
        let days = (eastern_day(since.saturating_sub(EARLIER).unwrap_or(since)), Date::MAX);
        loop {
            let page =
                self.0.list(&merchant.id, days, ReadOrder::OldestFirst, after.as_deref(), PAGE).await?;
            for deposit in page.deposits {
                let own = deposit.chargebacks.iter();
                let own = own.filter(|one| one.reference.as_deref() == Some(reference));
                chargebacks.extend(own.filter_map(|one| FoundDispute::chargeback(&deposit.account, one)));
                let reversal = |one| FoundDispute::reversal(&deposit.account, &deposit.id, one);
                reversals.extend(deposit.adjustments.iter().filter_map(reversal));
            }
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        reversals.retain(|one| {
            chargebacks
                .iter()
                .any(|own| (&own.account, &own.dispute.case) == (&one.account, &one.dispute.case))
        });
        let report = |found: FoundDispute| DisputeReport {
            reference: Some(reference.to_owned()),
            accounts: merchant.gateway.accounts_for(&found.account),
            currency: found.currency,
            dispute: found.dispute,
        };
        Ok(chargebacks.into_iter().chain(reversals).map(report).collect())
    }
}
