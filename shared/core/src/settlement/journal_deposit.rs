//! Puts a deposit's entries into the journal, and notes that they are there.

use super::{Deposit, DepositJournal, DepositStore};
use crate::{journal::Put, order::MerchantId, payments::StoreError};

/// What putting entries came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct EntriesPut {
    /// Entries that were not there.
    pub new: usize,
    /// Entries that were there with the same content.
    pub known: usize,
    /// Those that were there and say something else. This must not happen: what was reported does not change.
    pub differing: usize,
}

/// Puts all entries of a deposit. One that ends in between is done again by whoever reads the deposit next, and puts the same.
pub async fn journal_deposit(
    journal: &dyn DepositJournal,
    deposits: &dyn DepositStore,
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
    if !deposit.is_journaled() {
        deposits.note_journaled(merchant, &deposit.id, deposit.changes.len()).await?;
    }
    Ok(put)
}
