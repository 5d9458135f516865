//! From a chargeback in a deposit to the order that was paid.

use crate::{
    journal::{EntryLog, EntryPartition, EntryQuery, read_entries},
    order::{DisputeKind, DisputeRecorded, DisputeRejection, MerchantId, Order, OrderKey},
    payments::{Merchant, NotRecorded, OrderStore, Refusal, StoreError, record_dispute},
    settlement::FoundDispute,
    values::{Amount, Clock, ReadOrder},
};

/// Entries of one reference or case that are looked at. A payment has a few, and more only if many
/// orders share it.
const ENTRIES_MAX: usize = 100;

/// The ports for putting disputes on record.
pub struct DisputeRecorder<'a> {
    /// Finds the order of a reference or a case.
    pub log: &'a dyn EntryLog,
    pub store: &'a dyn OrderStore,
    /// When it is put on record.
    pub clock: &'a dyn Clock,
}

impl DisputeRecorder<'_> {
    /// Puts a chargeback or a reversal on record, and returns the orders that have it now: one, or
    /// those that share a reversal. May be repeated.
    pub async fn record(
        &self,
        merchant: &Merchant,
        found: &FoundDispute,
    ) -> Result<Vec<(DisputeRecorded, Order)>, NotRecorded> {
        let name = found.reference.as_ref().unwrap_or(&found.dispute.case);
        let report = found.clone().report(merchant);
        let is_reversal = found.dispute.kind == DisputeKind::Reversal;
        let mut rejected =
            if is_reversal { DisputeRejection::UnknownChargeback } else { DisputeRejection::NoSuchPayment };
        let keys = self.orders_of(&merchant.id, name).await.map_err(Refusal::Store)?;
        // A case can have payments of several orders. Each gets as much of a reversal as the bank
        // took from it, in their order, and the last one gets the rest.
        let is_shared = is_reversal && keys.len() > 1;
        let (mut rest, mut recorded) = (report.dispute.amount, Vec::new());
        for (n, key) in keys.iter().enumerate() {
            let mut report = report.clone();
            if is_shared {
                let order = self.store.load(key).await.map_err(Refusal::Store)?;
                let taken = order.map_or(Amount::ZERO, |order| order.taken_back_but_for(&report));
                report.dispute.amount = if n + 1 == keys.len() { rest } else { taken.min(rest) };
                rest = rest.checked_sub(taken).unwrap_or(Amount::ZERO);
            }
            match record_dispute(self.store, self.clock, key, &report).await {
                Ok(one) if is_shared => recorded.push(one),
                Ok(one) => return Ok(vec![one]),
                Err(NotRecorded::Rejected(DisputeRejection::NoSuchPayment)) => {}
                // Another order may be the right one.
                Err(NotRecorded::Rejected(why)) => rejected = why,
                Err(refused) => return Err(refused),
            }
        }
        if recorded.is_empty() { Err(rejected.into()) } else { Ok(recorded) }
    }

    /// The orders that have an entry with this reference.
    async fn orders_of(&self, merchant: &MerchantId, reference: &str) -> Result<Vec<OrderKey>, StoreError> {
        let partitions = [EntryPartition::Reference(reference.to_owned())];
        let query =
            EntryQuery { merchant, between: ("", "~"), order: ReadOrder::OldestFirst, limit: ENTRIES_MAX };
        let page = read_entries(self.log, &partitions, &query).await?;
        let mut keys = Vec::new();
        for entry in page.entries.into_iter().filter_map(|(_, entry)| entry.ok()) {
            if !keys.contains(&entry.order) {
                keys.push(entry.order);
            }
        }
        Ok(keys)
    }
}

#[cfg(test)]
mod tests;
