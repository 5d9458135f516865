//! Pointers: by which payments are found that ended and took no money, and, where the merchant has
//! switched that on, by its own references and by customers. Each leads to the entry of a payment's
//! first fact, as the journal's indexes do.

use std::{collections::BTreeSet, fmt};

use async_trait::async_trait;
use jiff::Timestamp;

use crate::{
    journal::{Entry, Retention, entries, first_fact, first_of},
    order::{MerchantId, Order, OrderKey, PaymentWord, Transaction},
    payments::StoreError,
    values::{SearchBy, SearchKey, SearchTerm},
};

/// That a payment is found by a text.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct FoundByText {
    pub term: SearchTerm,
    /// Where the entry of its first fact [sorts](crate::journal::Entry::sort).
    pub sort: String,
    /// When that was decided.
    pub at: Timestamp,
    /// Until when, if the payer is forgotten before the entry is.
    pub until: Option<Timestamp>,
}

impl FoundByText {
    /// When it is found no longer.
    pub fn ends(&self, retention: Retention) -> Timestamp {
        let ends = retention.ends(self.at);
        self.until.map_or(ends, |until| until.min(ends))
    }
}

/// The property by which payments are pointed at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum PointedBy {
    /// The key of a text.
    Text(SearchKey),
    /// That they ended and took no money: voided, voided elsewhere, or lapsed.
    Uncollected,
}

impl fmt::Display for PointedBy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(key) => key.fmt(f),
            Self::Uncollected => f.write_str("uncollected"),
        }
    }
}

/// A pointer to a payment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pointer {
    /// The property by which the payment is pointed at.
    pub by: PointedBy,
    /// The order that has the payment.
    pub order: OrderKey,
    /// Where the entry of the payment's first fact sorts.
    pub sort: String,
    /// When it is deleted.
    pub ends: Timestamp,
}

/// The keys of texts that payments are found by: a port, because it takes a merchant's secret.
#[async_trait]
pub trait SearchKeys: Send + Sync {
    /// The key of a text; none while the merchant has payments not found by such texts, or has no
    /// document that can be used.
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

/// The texts by which an order's payments are found since its old state, or ever, without one.
/// Pure. A payment without a fact is not in the journal, and so is not found yet.
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
        let Some(first) = first_of(transaction.id, &facts) else { continue };
        for term in transaction.search_terms() {
            let until = transaction.personal_until.filter(|_| is_forgotten(&term));
            all.insert(FoundByText { term, sort: first.sort(), at: first.at, until });
        }
    }
    all
}

/// The first facts of the order's payments that ended and took no money since its old state, or
/// ever, without one. Pure. A payment that lapsed is still [held](crate::journal::Hold) until that
/// is on record.
pub fn uncollected(old: Option<&Order>, new: &Order) -> Vec<Entry> {
    let before = |id| old.and_then(|old| old.transaction(id)).is_some_and(is_uncollected);
    let ended = new.transactions.iter().filter(|one| is_uncollected(one) && !before(one.id));
    ended.filter_map(|one| first_fact(new, one)).collect()
}

fn is_uncollected(transaction: &Transaction) -> bool {
    let word = transaction.word(Timestamp::MIN);
    matches!(word, PaymentWord::Voided | PaymentWord::VoidedElsewhere | PaymentWord::Lapsed)
}

/// Whether it goes when the payer is forgotten. A customer's reference stays, with the stored card.
fn is_forgotten(term: &SearchTerm) -> bool {
    term.by() == SearchBy::Email
}

#[cfg(test)]
mod tests;
