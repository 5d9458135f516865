//! Every transaction that the simulator has seen, and how look-ups show them.

use std::collections::HashMap;

use jiff::Timestamp;
use serde_json::Value;

use crate::amount;
use crate::cards::{self, Brand, Card};
use crate::codes::Verdict;
use crate::config::Settings;
use crate::record::{Change, Origin};
use crate::reply::Reply;
use crate::world::Call;

/// Older transactions cannot be voided (PPS 39).
const VOID_LIMIT_S: i64 = 30 * 86_400;

/// Which way the money goes.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum RecordKind {
    /// An authorization, a sale or a verification.
    Payment,
    /// A refund.
    Refund,
}

impl RecordKind {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Payment => "auth",
            Self::Refund => "refund",
        }
    }
}

/// Where a transaction is on its way to settlement.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum RecordState {
    /// Approved, not captured.
    Authorized,
    /// Captured, or a refund; waits for its batch.
    Queued,
    /// The batch is on its way; nothing can be changed any more, and nothing refunded yet.
    BatchSent,
    /// Settled.
    Accepted,
    /// Its batch was sent, and it was rejected for funding.
    Rejected,
    /// Voided.
    Voided,
    /// Declined or timed out.
    Declined,
    /// A verification of 0.00.
    ZeroAmount,
    /// A refund of an account that shows refunds this way.
    Refunded,
}

impl RecordState {
    /// Whether a record in this state takes money, or gives it back.
    pub fn moves_money(self) -> bool {
        match self {
            Self::Queued | Self::BatchSent | Self::Accepted | Self::Refunded => true,
            Self::Authorized | Self::Rejected | Self::Voided | Self::Declined | Self::ZeroAmount => false,
        }
    }

    /// The value of `setlstat`. No source names one for a batch under way, so it stays what it was.
    pub(crate) fn setlstat(self) -> &'static str {
        match self {
            Self::Authorized => "Authorized",
            Self::Queued | Self::BatchSent => "Queued for Capture",
            Self::Accepted => "Accepted",
            Self::Rejected => "Rejected",
            Self::Voided => "Voided",
            Self::Declined => "Declined",
            Self::ZeroAmount => "Zero Amount",
            Self::Refunded => "Refunded",
        }
    }
}

/// One authorisation, sale, verification or refund. Of its card only the token and the last four digits are
/// here.
#[derive(Clone, Debug)]
pub(crate) struct Transaction {
    pub(crate) kind: RecordKind,
    pub(crate) retref: String,
    pub(crate) merchid: String,
    pub(crate) currency: String,
    pub(crate) order_id: String,
    pub(crate) token: String,
    pub(crate) brand: Option<Brand>,
    pub(crate) expiry: Option<String>,
    pub(crate) name: String,
    /// What was approved and not voided: the most that a capture may ask for.
    pub(crate) authorized: i64,
    /// What the transaction moves now. A refund's is positive here and negative in look-ups.
    pub(crate) amount: i64,
    pub(crate) refunded: i64,
    pub(crate) status: RecordState,
    pub(crate) verdict: Verdict,
    pub(crate) authcode: Option<String>,
    pub(crate) batchid: Option<String>,
    pub(crate) authorized_at: Timestamp,
    pub(crate) captured_at: Option<Timestamp>,
    pub(crate) settled_at: Option<Timestamp>,
    /// Profile id and account id.
    pub(crate) profile: Option<(String, String)>,
    pub(crate) userfields: Option<Value>,
    pub(crate) entrymode: &'static str,
    /// An approval that allows later recurring payments.
    pub(crate) starts_recurring: bool,
    /// Decline category, advice and scheme codes.
    pub(crate) advice: Vec<(&'static str, String)>,
    /// Of a refund: the payment's reference.
    pub(crate) refund_of: Option<String>,
    pub(crate) history: Vec<Change>,
}

impl Transaction {
    /// A transaction that has not done anything yet.
    pub(crate) fn new(kind: RecordKind, retref: String, verdict: Verdict, now: Timestamp) -> Self {
        Self {
            kind,
            retref,
            merchid: String::new(),
            currency: String::new(),
            order_id: String::new(),
            token: String::new(),
            brand: None,
            expiry: None,
            name: String::new(),
            authorized: 0,
            amount: 0,
            refunded: 0,
            status: RecordState::Declined,
            verdict,
            authcode: None,
            batchid: None,
            authorized_at: now,
            captured_at: None,
            settled_at: None,
            profile: None,
            userfields: None,
            entrymode: "Keyed",
            starts_recurring: false,
            advice: Vec::new(),
            refund_of: None,
            history: Vec::new(),
        }
    }

    /// Adds what has changed to the history. Call it when the change is complete.
    pub(crate) fn note(&mut self, at: Timestamp, origin: Origin) {
        self.history.push(Change {
            at,
            origin,
            state: self.status,
            minor_units: self.amount,
            refunded_minor_units: self.refunded,
        });
    }

    pub(crate) fn set_card(&mut self, card: &Card) {
        self.token.clone_from(&card.token);
        self.brand = Some(card.brand);
    }

    pub(crate) fn is_too_old_to_void(&self, now: Timestamp) -> bool {
        now.as_second() - self.authorized_at.as_second() > VOID_LIMIT_S
    }

    pub(crate) fn is_voidable(&self, now: Timestamp) -> bool {
        let open =
            matches!(self.status, RecordState::Authorized | RecordState::Queued | RecordState::ZeroAmount);
        open && self.refunded == 0 && !self.is_too_old_to_void(now)
    }

    /// Whether a refund may be tried, by the state alone.
    pub(crate) fn may_refund(&self, settings: Settings) -> bool {
        let unsettled =
            matches!(self.status, RecordState::Authorized | RecordState::Queued | RecordState::BatchSent);
        self.status == RecordState::Accepted || (settings.refund_unsettled && unsettled)
    }

    /// What a look-up shows of the transaction.
    pub(crate) fn inquiry(&self, settings: Settings, now: Timestamp) -> Reply {
        let yes_no = |yes: bool| if yes { "Y" } else { "N" };
        let sign = if self.kind == RecordKind::Refund { -1 } else { 1 };
        let refundable = self.may_refund(settings) && self.refunded < self.amount;
        Reply::of(self.verdict)
            .with("merchid", self.merchid.as_str())
            .with("orderId", self.order_id.as_str())
            .with("retref", self.retref.as_str())
            .with("amount", amount::format(sign * self.amount))
            .with("currency", self.currency.as_str())
            .with("setlstat", self.status.setlstat())
            .with("authdate", self.authorized_at.strftime("%Y%m%d").to_string())
            .with_some("capturedate", self.captured_at.map(date_time))
            .with_some("settledate", self.settled_at.map(date_time))
            .with_some("batchid", self.batchid.as_deref())
            .with("token", self.token.as_str())
            .with("account", self.token.as_str())
            .with("lastfour", self.token.get(12..).unwrap_or_default())
            .with_some("expiry", self.expiry.as_deref())
            .with("name", self.name.as_str())
            .with_some("profileid", self.profile.as_ref().map(|(profileid, _)| profileid.as_str()))
            .with_some("acctid", self.profile.as_ref().map(|(_, acctid)| acctid.as_str()))
            .with("bintype", "")
            .with("entrymode", self.entrymode)
            .with_some("userfields", self.userfields.clone())
            .with("voidable", yes_no(self.is_voidable(now)))
            .with("refundable", yes_no(refundable))
            .with_all(&self.advice)
    }
}

fn date_time(at: Timestamp) -> String {
    at.strftime("%Y%m%d%H%M%S").to_string()
}

/// An order id as it is kept: one that could be taken for a card number is masked, and never found again.
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
    closed_batches: HashMap<String, u64>,
}

impl Ledger {
    /// Records a transaction. A masked order id is indexed as it is kept, so what was sent does not find it.
    pub(crate) fn record(&mut self, mut transaction: Transaction, call: Call) {
        transaction.note(call.now, call.origin);
        let place = self.transactions.len();
        self.by_retref.insert(transaction.retref.clone(), place);
        let order_id = &transaction.order_id;
        if !order_id.is_empty() {
            self.by_order_id.entry(order_id.clone()).or_default().push(place);
        }
        self.transactions.push(transaction);
    }

    /// The transaction with a reference, whichever merchant account it belongs to.
    pub(crate) fn by_retref(&self, retref: &str) -> Option<&Transaction> {
        self.by_retref.get(retref).map(|place| &self.transactions[*place])
    }

    pub(crate) fn find(&self, retref: &str, merchid: &str) -> Option<&Transaction> {
        self.by_retref(retref).filter(|transaction| transaction.merchid == merchid)
    }

    /// Puts a changed copy in the place of a recorded transaction. Its order id must be the same.
    pub(crate) fn replace(&mut self, mut transaction: Transaction, call: Call) {
        transaction.note(call.now, call.origin);
        if let Some(place) = self.by_retref.get(&transaction.retref) {
            self.transactions[*place] = transaction;
        }
    }

    /// The transactions under an order id, oldest first.
    pub(crate) fn under(&self, order_id: &str) -> impl DoubleEndedIterator<Item = &Transaction> {
        let places = self.by_order_id.get(order_id).map(Vec::as_slice).unwrap_or_default();
        places.iter().map(|place| &self.transactions[*place])
    }

    pub(crate) fn all(&self) -> &[Transaction] {
        &self.transactions
    }

    pub(crate) fn all_mut(&mut self) -> &mut [Transaction] {
        &mut self.transactions
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
