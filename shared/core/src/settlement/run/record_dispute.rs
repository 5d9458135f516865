//! From a chargeback in a deposit to the order that was paid.

use crate::{
    journal::{EntryLog, EntryPartition, EntryQuery, read_entries},
    order::{DisputeKind, DisputeRecorded, DisputeRejection, MerchantId, Order, OrderKey},
    payments::{Merchant, NotRecorded, OrderStore, Refusal, StoreError, record_dispute},
    settlement::FoundDispute,
    values::{Clock, ReadOrder},
};

/// Entries of one reference or case that are looked at. A payment has a few, and more only if many
/// orders share it.
const ENTRIES_MAX: usize = 100;

/// The ports for putting disputes on record.
pub struct DisputeRecorder<'a> {
    /// Finds the order of a reference or a case.
    pub log: &'a dyn EntryLog,
    /// Has the orders.
    pub store: &'a dyn OrderStore,
    /// When it is put on record.
    pub clock: &'a dyn Clock,
}

impl DisputeRecorder<'_> {
    /// Puts a chargeback or a reversal on record, and returns the order that has it now. May be
    /// repeated.
    pub async fn record(
        &self,
        merchant: &Merchant,
        found: &FoundDispute,
    ) -> Result<(DisputeRecorded, Order), NotRecorded> {
        let name = found.reference.as_ref().unwrap_or(&found.dispute.case);
        let report = found.clone().report(merchant);
        let is_reversal = found.dispute.kind == DisputeKind::Reversal;
        let mut rejected =
            if is_reversal { DisputeRejection::UnknownChargeback } else { DisputeRejection::NoSuchPayment };
        let keys = self.orders_of(&merchant.id, name).await.map_err(Refusal::Store)?;
        for key in keys {
            match record_dispute(self.store, self.clock, &key, &report).await {
                Ok(recorded) => return Ok(recorded),
                Err(NotRecorded::Rejected(DisputeRejection::NoSuchPayment)) => {}
                // Another order may be the right one.
                Err(NotRecorded::Rejected(why)) => rejected = why,
                Err(refused) => return Err(refused),
            }
        }
        Err(rejected.into())
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
