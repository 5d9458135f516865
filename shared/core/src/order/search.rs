//! The search terms of a payment, besides the gateway's data.

use std::collections::BTreeSet;

use super::Transaction;
use crate::values::{SearchBy, SearchTerm};

impl Transaction {
    /// The texts that it is found by: the merchant's reference, with the later ones of its
    /// captures, and who paid as far as it says so. Erased and forgotten texts are not included.
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
