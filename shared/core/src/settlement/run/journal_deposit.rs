//! Puts a deposit's entries into the journal, and tells of a new one.

use std::sync::Arc;

use jiff::Timestamp;

use crate::{
    journal::Put,
    order::MerchantId,
    payments::StoreError,
    settlement::{Deposit, DepositJournal, DepositStore, Exception, facts::store::change_deposit},
    webhooks::{Event, EventBus},
};

/// Where new deposits are told, and what differs in reports of deposits and batches. Events are
/// worded by the order API, and pure.
#[derive(Clone)]
pub struct SettlementNews {
    pub bus: Arc<dyn EventBus>,
    /// The event of a new deposit.
    pub created: fn(&MerchantId, &Deposit) -> Event,
    /// The event of an exception that is open since a moment, and was closed at another one before.
    pub differs: fn(&MerchantId, &Exception, Timestamp, Option<Timestamp>) -> Event,
}

/// The result of putting entries.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct EntriesPut {
    /// Entries that were not there.
    pub new: usize,
    /// Entries that were there with the same content.
    pub known: usize,
    /// Entries that were there and say something else. This must not happen: reported entries do
    /// not change.
    pub differing: usize,
}

/// Puts all entries of a deposit that the journal lacks.
pub async fn put_entries(
    journal: &dyn DepositJournal,
    merchant: &MerchantId,
    deposit: &Deposit,
) -> Result<EntriesPut, StoreError> {
    let mut put = EntriesPut::default();
    for entry in deposit.entries(merchant) {
        match journal.put(&entry).await? {
            Put::New => put.new += 1,
            Put::Same => put.known += 1,
            Put::Differs => {
                tracing::error!(%merchant, entry = %entry.id, "an entry of a deposit differs from the journal's");
                put.differing += 1;
            }
        }
    }
    Ok(put)
}

/// Puts the entries of a deposit, publishes an event if it is new, and notes both. If a run ends in
/// between, its work is done again by the next run that reads the deposit, which puts the same
/// entries and publishes an event of the same id.
pub(crate) async fn publish(
    journal: &dyn DepositJournal,
    news: &SettlementNews,
    deposits: &dyn DepositStore,
    merchant: &MerchantId,
    deposit: &Deposit,
) -> Result<(), StoreError> {
    put_entries(journal, merchant, deposit).await?;
    if deposit.journaled == 0 {
        news.bus.publish(&[(news.created)(merchant, deposit)]).await?;
    }
    note_journaled(deposits, merchant, deposit).await
}

/// Notes that the journal has the entries of a deposit's changes.
pub async fn note_journaled(
    deposits: &dyn DepositStore,
    merchant: &MerchantId,
    deposit: &Deposit,
) -> Result<(), StoreError> {
    let note = |stored: Option<&Deposit>| {
        let journaled = |stored: &Deposit| stored.journaled.max(deposit.changes.len());
        Ok(stored.map(|stored| Deposit { journaled: journaled(stored), ..stored.clone() }))
    };
    change_deposit(deposits, merchant, deposit.key(), note).await.map(drop)
}
