//! Pointers: by which payments are found by the merchant's own references and by customers, where the merchant has switched
//! that on. Each leads from the key of one text to the entry of a payment's first fact, as the journal's indexes do.

use std::collections::BTreeSet;

use async_trait::async_trait;
use jiff::Timestamp;

use crate::{
    journal::{Retention, entries},
    order::{MerchantId, Order, OrderKey},
    payments::StoreError,
    values::{SearchBy, SearchKey, SearchTerm},
};

/// That a payment is found by a text.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct FoundByText {
    /// The text.
    pub term: SearchTerm,
    /// Where the entry of its first fact [sorts](crate::journal::Entry::sort).
    pub sort: String,
    /// When that was decided.
    pub at: Timestamp,
    /// Until when, where who paid is forgotten before the entry is.
    pub until: Option<Timestamp>,
}

impl FoundByText {
    /// When it is found no longer.
    pub fn ends(&self, retention: Retention) -> Timestamp {
        let ends = retention.ends(self.at);
        self.until.map_or(ends, |until| until.min(ends))
    }
}

/// What leads from a text to a payment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pointer {
    /// What stands for the text.
    pub key: SearchKey,
    /// The order that has the payment.
    pub order: OrderKey,
    /// Where the entry of the payment's first fact sorts.
    pub sort: String,
    /// When it is deleted.
    pub ends: Timestamp,
}

/// What stands for texts that payments are found by: a port, because it takes a merchant's secret.
#[async_trait]
pub trait SearchKeys: Send + Sync {
    /// The key of a text; none while the merchant has payments not found by such texts, or has no document that can be used.
    async fn key(&self, merchant: &MerchantId, term: &SearchTerm) -> Result<Option<SearchKey>, StoreError>;
}

/// No text has a key: payments are found by none.
pub struct NoSearchKeys;

#[async_trait]
impl SearchKeys for NoSearchKeys {
    async fn key(&self, _: &MerchantId, _: &SearchTerm) -> Result<Option<SearchKey>, StoreError> {
        Ok(None)
    }
}

/// By what an order's payments are found since its old state, or ever, without one. Pure. A payment without a fact is not
/// in the journal, and so is not found yet.
pub fn found_by(old: Option<&Order>, new: &Order) -> Vec<FoundByText> {
    // Most payments have none, and their entries need not be read off once more.
    if new.transactions.iter().all(|transaction| transaction.search_terms().is_empty()) {
        return Vec::new();
    }
    let before = old.map(all).unwrap_or_default();
    all(new).into_iter().filter(|found| !before.contains(found)).collect()
}

fn all(order: &Order) -> BTreeSet<FoundByText> {
    let facts = entries(None, order);
    let mut all = BTreeSet::new();
    for transaction in &order.transactions {
        let own = facts.iter().filter(|entry| entry.transaction == transaction.id && entry.kind.is_payment());
        let Some(first) = own.min_by_key(|entry| (entry.at, entry.id)) else { continue };
        for term in transaction.search_terms() {
            let until = transaction.personal_until.filter(|_| is_forgotten(&term));
            all.insert(FoundByText { term, sort: first.sort(), at: first.at, until });
        }
    }
    all
}

/// Whether it goes when it is forgotten who paid. A customer's reference stays, with the stored card.
fn is_forgotten(term: &SearchTerm) -> bool {
    term.by() == SearchBy::Email
}

#[cfg(test)]
mod tests;
