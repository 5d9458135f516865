//! The money that the gateway should settle and fund, read off the journal's entries.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use uuid::Uuid;

use crate::{
    journal::{Changes, Entry, Fact},
    order::{Kind, Mechanism, OrderKey},
    values::{Amount, Currency, SignedAmount},
};

/// The money of one payment or refund that should reach the bank: the amount that its record at the
/// gateway should state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expectation {
    /// The gateway's record that it is about.
    pub record: RecordKey,
    /// The gateway account (MID).
    pub account: String,
    /// The gateway's reference; none where no response stated it.
    pub reference: Option<String>,
    /// Our order id of the attempt, by which it is found where the reference is not known.
    pub gateway_order_id: String,
    pub order: OrderKey,
    pub transaction: Uuid,
    /// The operation that made the gateway's record.
    pub operation: Uuid,
    /// The currency of the order.
    pub currency: Currency,
    /// With its sign, fee included; zero where no money should move: declined, voided, given up, or
    /// only held.
    pub amount: SignedAmount,
    /// When the money was taken or given back, as the journal has it. Its UTC day is that of the
    /// line's pack.
    pub at: Timestamp,
}

/// Which record at the gateway an entry is about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RecordKey {
    /// The transaction's payment. Its capture and void show on the same record.
    Payment(Uuid),
    /// An operation with a record of its own: the operation, and the order id of its attempt.
    Own(Uuid, String),
}

impl RecordKey {
    /// The record that an entry is about, where it moves money.
    pub(crate) fn of(entry: &Entry) -> Self {
        match (entry.kind, entry.fact) {
            (Kind::Void, Fact::DuplicateFound | Fact::DuplicateReturned) => {
                Self::Own(entry.operation, String::new())
            }
            (Kind::Refund, _) => Self::own(entry),
            _ => Self::Payment(entry.transaction),
        }
    }

    /// The record of the entry's own attempt.
    fn own(entry: &Entry) -> Self {
        Self::Own(entry.operation, entry.gateway_order_id.clone())
    }
}

/// Takes a journal's entries in any order and returns their expectations.
///
/// A void zeroes the payment that it is about; so it must be among the entries wherever the payment
/// is.
#[derive(Debug, Default)]
pub struct Expectations {
    records: BTreeMap<RecordKey, Expectation>,
    /// Records of payments that only turned out not to have been approved.
    refused: BTreeMap<RecordKey, Expectation>,
    voided: BTreeSet<RecordKey>,
    /// The fee of each transaction's payment: a duplicate's is the same, and not known otherwise.
    fees: BTreeMap<Uuid, Amount>,
    /// Duplicates that took money, with their transactions, and how much without the fee.
    duplicates: Vec<(RecordKey, Uuid, Amount)>,
    /// Duplicates of authorizations, with their transactions: they only hold money, unless they
    /// were captured.
    held_duplicates: Vec<(RecordKey, Uuid)>,
    /// Amounts refunded of duplicates of authorizations, by transaction. Only captured money can be
    /// refunded.
    returned: Vec<(Uuid, SignedAmount)>,
}

impl Expectations {
    pub fn add(&mut self, entry: &Entry) {
        let record = RecordKey::of(entry);
        let is_recorded_only = entry.mechanism != Mechanism::Automatic;
        match (entry.fact, entry.kind) {
            (Fact::DuplicateReturned | Fact::Refunded | Fact::Voided, Kind::Void) => {
                self.voided.insert(record);
            }
            // A void that had no effect is told so, too, and took nothing off.
            (Fact::VoidedElsewhere, Kind::Void) if entry.changes != Changes::default() => {
                self.voided.insert(record);
            }
            _ if is_recorded_only => {}
            (Fact::Approved, Kind::Authorize) => self.payment(record, entry, SignedAmount::ZERO),
            (Fact::Approved, Kind::Purchase) | (Fact::Captured, _) => {
                self.fees.insert(entry.transaction, fee(entry));
                self.payment(record, entry, moved(entry.amount, fee(entry)));
            }
            (Fact::DuplicateFound, Kind::Void) => {
                self.records
                    .insert(record.clone(), expectation(record.clone(), entry, entry.changes.gateway));
                match entry.changes.gateway.amount().filter(|amount| !amount.is_zero()) {
                    Some(amount) => self.duplicates.push((record, entry.transaction, amount)),
                    None => self.held_duplicates.push((record, entry.transaction)),
                }
            }
            (Fact::Refunded | Fact::DuplicateReturned | Fact::DuplicateFound, Kind::Refund) => {
                if entry.fact == Fact::DuplicateReturned && entry.changes.gateway.is_zero() {
                    self.returned.push((entry.transaction, moved(entry.amount, fee(entry))));
                }
                let given_back = SignedAmount::net([], [entry.amount, fee(entry)]);
                self.records.insert(record.clone(), expectation(record, entry, given_back));
            }
            (Fact::Declined | Fact::Abandoned | Fact::VoidedElsewhere, kind) if kind.has_own_record() => {
                let own = RecordKey::own(entry);
                self.refused.insert(own.clone(), expectation(own, entry, SignedAmount::ZERO));
            }
            (
                Fact::Approved
                | Fact::Declined
                | Fact::DeclinedByRule
                | Fact::Refunded
                | Fact::Voided
                | Fact::VoidedElsewhere
                | Fact::Abandoned
                | Fact::Lapsed
                | Fact::DuplicateFound
                | Fact::DuplicateReturned
                | Fact::DecidedByHand
                | Fact::ChargedBack
                | Fact::ChargebackReversed,
                _,
            ) => {}
        }
    }

    /// An approval and its capture are one record: the approval names it, the capture states the
    /// amount taken.
    fn payment(&mut self, key: RecordKey, entry: &Entry, amount: SignedAmount) {
        let new = expectation(key.clone(), entry, amount);
        let is_capture = entry.fact == Fact::Captured;
        let Some(known) = self.records.get_mut(&key) else {
            self.records.insert(key, new);
            return;
        };
        if is_capture {
            (known.amount, known.at) = (new.amount, new.at);
            known.reference = known.reference.take().or(new.reference);
        } else {
            let taken = (known.amount, known.at);
            let reference = new.reference.clone().or(known.reference.take());
            *known = Expectation { amount: taken.0, at: taken.1, reference, ..new };
        }
    }

    /// The expectations of all entries together.
    pub fn finish(mut self) -> Vec<Expectation> {
        for (key, transaction, amount) in &self.duplicates {
            if let Some(record) = self.records.get_mut(key) {
                record.amount = moved(*amount, self.fees.get(transaction).copied().unwrap_or_default());
            }
        }
        for (transaction, amount) in &self.returned {
            let of_transaction = self.held_duplicates.iter().position(|(key, of)| {
                of == transaction && !self.voided.contains(key) && self.records.contains_key(key)
            });
            let key = of_transaction.map(|position| self.held_duplicates.swap_remove(position).0);
            if let Some(record) = key.and_then(|key| self.records.get_mut(&key)) {
                record.amount = *amount;
            }
        }
        for key in &self.voided {
            if let Some(record) = self.records.get_mut(key) {
                record.amount = SignedAmount::ZERO;
            }
        }
        let done: BTreeSet<(Uuid, String)> =
            self.records.values().map(|one| (one.operation, one.gateway_order_id.clone())).collect();
        let refused = self.refused.into_values();
        let refused = refused.filter(|one| !done.contains(&(one.operation, one.gateway_order_id.clone())));
        let refused: Vec<_> = refused.collect();
        self.records.into_values().chain(refused).collect()
    }
}

/// The expectations that a journal's entries have of the gateway.
pub fn expectations<'a>(entries: impl IntoIterator<Item = &'a Entry>) -> Vec<Expectation> {
    let mut all = Expectations::default();
    entries.into_iter().for_each(|entry| all.add(entry));
    all.finish()
}

fn expectation(record: RecordKey, entry: &Entry, amount: SignedAmount) -> Expectation {
    Expectation {
        record,
        account: entry.account.clone(),
        reference: entry.reference.clone(),
        gateway_order_id: entry.gateway_order_id.clone(),
        order: entry.order.clone(),
        transaction: entry.transaction,
        operation: entry.operation,
        currency: entry.currency,
        amount,
        at: entry.at,
    }
}

/// The amount that the gateway settles: with its fee.
fn moved(amount: Amount, fee: Amount) -> SignedAmount {
    SignedAmount::net([amount, fee], [])
}

fn fee(entry: &Entry) -> Amount {
    entry.fee.map_or(Amount::ZERO, |fee| fee.amount)
}
