//! Every transaction that the simulator has seen.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::{call::Call, cards, settings::Settings, transaction::Transaction};

/// An order id as it is kept: one that could be taken for a card number is masked, and never found
/// again.
pub(crate) fn stored_order_id(order_id: &str) -> String {
    let all_digits = order_id.bytes().all(|byte| byte.is_ascii_digit());
    if all_digits && (13..=19).contains(&order_id.len()) && cards::luhn(order_id) {
        cards::mask(order_id)
    } else {
        cards::mask_card_numbers(order_id)
    }
}

/// The transactions, findable by reference and by order id.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    transactions: Vec<Transaction>,
    by_retref: HashMap<String, usize>,
    by_order_id: HashMap<String, Vec<usize>>,
    /// Batches closed so far, by merchant account.
    closed_batches: BTreeMap<String, u64>,
    /// The places that changed since [`Ledger::take_changed`]; `None`: nothing keeps the ledger.
    changed: Option<BTreeSet<usize>>,
}

impl Ledger {
    /// Records a transaction. A masked order id is indexed as it is kept, so the id that was sent
    /// does not find it.
    pub(crate) fn record(&mut self, mut transaction: Transaction, call: Call) {
        transaction.note(call.now, call.origin);
        self.restore(transaction);
    }

    /// Puts a transaction where it was: in the place of the one with its reference, or at the end.
    pub(crate) fn restore(&mut self, transaction: Transaction) {
        if let Some(place) = self.by_retref.get(&transaction.retref).copied() {
            self.transactions[place] = transaction;
            self.mark(place);
            return;
        }
        let place = self.transactions.len();
        self.by_retref.insert(transaction.retref.clone(), place);
        let order_id = &transaction.order_id;
        if !order_id.is_empty() {
            self.by_order_id.entry(order_id.clone()).or_default().push(place);
        }
        if let Some(order_id) = transaction.second_order_id.as_ref().filter(|second| *second != order_id) {
            self.by_order_id.entry(order_id.clone()).or_default().push(place);
        }
        self.transactions.push(transaction);
        self.mark(place);
    }

    fn mark(&mut self, place: usize) {
        if let Some(changed) = &mut self.changed {
            changed.insert(place);
        }
    }

    /// From now on, changes are noted for [`Ledger::take_changed`].
    pub(crate) fn note_changes(&mut self) {
        self.changed = Some(BTreeSet::new());
    }

    /// The transactions that changed since this was called last, oldest first.
    pub(crate) fn take_changed(&mut self) -> Vec<&Transaction> {
        let changed = self.changed.as_mut().map(std::mem::take).unwrap_or_default();
        changed.into_iter().map(|place| &self.transactions[place]).collect()
    }

    /// Records the transaction that a response showed, if it was one of its own.
    pub(crate) fn record_copy(&mut self, copy: Transaction, call: Call) {
        if !self.by_retref.contains_key(&copy.retref) {
            self.record(copy, call);
        }
    }

    /// The transaction with a reference, whichever merchant account it belongs to.
    pub(crate) fn by_retref(&self, retref: &str) -> Option<&Transaction> {
        self.by_retref.get(retref).map(|place| &self.transactions[*place])
    }

    pub(crate) fn by_retref_mut(&mut self, retref: &str) -> Option<&mut Transaction> {
        let place = *self.by_retref.get(retref)?;
        self.mark(place);
        Some(&mut self.transactions[place])
    }

    pub(crate) fn find(&self, retref: &str, merchid: &str) -> Option<&Transaction> {
        self.by_retref(retref).filter(|transaction| transaction.merchid == merchid)
    }

    /// Puts a changed copy in the place of a recorded transaction. Its order id must be the same.
    pub(crate) fn replace(&mut self, mut transaction: Transaction, call: Call) {
        transaction.note(call.now, call.origin);
        if self.by_retref.contains_key(&transaction.retref) {
            self.restore(transaction);
        }
    }

    /// Whether the merchant account had an equal approval within its duplicate window: a payment of
    /// the same card, or a refund of the same payment, of the same amount.
    pub(crate) fn has_duplicate(&self, of: &Transaction, minor: i64, settings: Settings) -> bool {
        let window_s = i64::from(settings.duplicate_window_s);
        // Off is off, also after the clock was moved backwards.
        let is_recent = |earlier: &Transaction| {
            let age_s = of.authorized_at.as_second() - earlier.authorized_at.as_second();
            window_s > 0 && age_s < window_s
        };
        let is_equal = |earlier: &&Transaction| {
            (&earlier.merchid, &earlier.token, &earlier.refund_of) == (&of.merchid, &of.token, &of.refund_of)
                && earlier.history.first().is_some_and(|first| first.minor_units == minor)
                && earlier.verdict.is_approved()
        };
        self.transactions
            .iter()
            .rev()
            .take_while(|earlier| is_recent(earlier))
            .any(|earlier| is_equal(&earlier))
    }

    /// The transactions under an order id, oldest first.
    pub(crate) fn under(&self, order_id: &str) -> impl DoubleEndedIterator<Item = &Transaction> {
        let places = self.by_order_id.get(order_id).map(Vec::as_slice).unwrap_or_default();
        places.iter().map(|place| &self.transactions[*place])
    }

    pub(crate) fn all(&self) -> &[Transaction] {
        &self.transactions
    }

    /// Offers each transaction for a change, and returns how many were changed.
    pub(crate) fn change_all(&mut self, mut change: impl FnMut(&mut Transaction) -> bool) -> usize {
        let mut changed = 0;
        for place in 0..self.transactions.len() {
            if change(&mut self.transactions[place]) {
                self.mark(place);
                changed += 1;
            }
        }
        changed
    }

    /// How many batches each merchant account has closed.
    pub(crate) fn closed(&self) -> &BTreeMap<String, u64> {
        &self.closed_batches
    }

    pub(crate) fn restore_closed(&mut self, closed: BTreeMap<String, u64>) {
        self.closed_batches = closed;
    }

    pub(crate) fn closed_batches(&self, merchid: &str) -> u64 {
        self.closed_batches.get(merchid).copied().unwrap_or_default()
    }

    pub(crate) fn close_batch(&mut self, merchid: &str) {
        *self.closed_batches.entry(merchid.to_owned()).or_default() += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_order_id_that_could_be_a_card_number_is_masked() {
        assert_eq!(stored_order_id("4111111111111111"), "41XXXXXXXXXX1111");
        assert_eq!(
            stored_order_id("9418594164541111"),
            "94XXXXXXXXXX1111",
            "a token passes the check as well"
        );
        assert_eq!(stored_order_id("A4111111111111111"), "A41XXXXXXXXXX1111");
    }

    #[test]
    fn ordinary_order_ids_stay() {
        for order_id in ["", "A-100", "18", "4111111111111112", "tg9418594164541111"] {
            assert_eq!(stored_order_id(order_id), order_id);
        }
    }
}
