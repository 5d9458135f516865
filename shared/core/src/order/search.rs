//! What a payment is found by, besides what the gateway knows of it.

use std::collections::BTreeSet;

use super::Transaction;
use crate::values::{SearchBy, SearchTerm};

impl Transaction {
    /// The texts that it is found by: what the merchant calls it, with what its captures called it later, and who paid as far
    /// as it says so. What is erased or forgotten of it is not among them.
    pub fn search_terms(&self) -> BTreeSet<SearchTerm> {
        let of = |by| move |text: &String| SearchTerm::new(by, text);
        let captured = self.operations.iter().filter_map(|operation| operation.custom_reference.as_ref());
        let memo = self.memo.as_ref();
        let references = self.references.custom_reference.iter().chain(captured);
        let references = references.chain(memo.map(|memo| &memo.reference));
        let customers = self.save_for.iter().filter_map(of(SearchBy::Customer));
        let emails = memo.and_then(|memo| memo.email.as_ref()).and_then(of(SearchBy::Email));
        references.filter_map(of(SearchBy::Reference)).chain(customers).chain(emails).collect()
    }
}
