//! The order: the aggregate that every rule is about, stored as one item.

mod apply;
mod balance;
mod by_hand;
mod cancellation;
mod capture_rule;
mod context;
mod decide;
mod dispute;
mod fee;
mod foreign;
mod idempotency;
mod intent;
mod limits;
mod listed;
mod notices;
mod operation;
mod outcome;
mod pause;
mod payment_word;
mod personal;
mod plan;
mod policy;
mod possible;
mod reauthorize;
mod record_dispute;
mod recording;
mod rejection;
mod resolve;
mod rules;
mod schedule;
mod scheme_rules;
mod search;
mod seen;
mod shop_order;
mod shown;
mod telling;
#[cfg(test)]
mod tests;
mod transaction;
mod waits;

pub(crate) use apply::void_came_too_late;
pub use apply::{NextStep, apply};
pub use balance::{Balance, PaymentStatus};
pub use by_hand::{BY_HAND_AFTER, BY_HAND_MAX, HandRejection, decide_by_hand};
pub use capture_rule::{After, CaptureRule, InvalidRule, StatedRule, TimeOfDay};
pub use context::Context;
pub use decide::decide;
pub use dispute::{Dispute, DisputeKind, LineId, RecordedDispute};
pub use fee::FeeShare;
pub use foreign::{ForeignPayments, PaidElsewhere};
pub use idempotency::repeated;
pub use intent::{
    Action, CaptureAmount, CaptureAt, CaptureTerms, FollowUp, Initiative, Intent, Pay, Reauthorize,
    StandalonePayment, Target,
};
pub use limits::{
    OPERATIONS_MAX, REFERENCES_MAX_BYTES, SHOPPER_FAILURES_MAX, SUPERSEDED_MAX, TRANSACTIONS_MAX,
};
pub use listed::{LIST_SHARDS, ListKey, list_key_of_payment, order_of_standalone_payment};
pub use notices::NOTICES_MAX;
pub(crate) use operation::BACK_OFF_MIN;
pub use operation::{
    ACTOR_MAX_BYTES, Actor, Attempt, Attribution, ByHand, Cause, DECIDED_BY_MAX_BYTES, DecidedBy, Decision,
    Essentials, FIRST_INQUIRY_AFTER, Fingerprint, HandVerdict, InvalidByHand, InvalidKeyName,
    KEY_NAME_MAX_CHARS, KeyDigest, KeyName, Kind, Mechanism, NewOperation, Notice, NoticeReason, Operation,
    OperationState, PERSON_MAX_BYTES, Pending, Person, Principal, REASON_MAX_BYTES, Reason, Route, Shopper,
    Stage, Superseded, gateway_order_id, is_gateway_order_id,
};
pub use outcome::{Decline, Doubt, Finding, GatewayResponse, NoEffect, Outcome, Retry};
pub use pause::{PAUSES_MAX, Pause, Resumed};
pub use payment_word::{PaymentWord, Remaining, Shares};
pub use personal::{CustomerTraces, Erased};
pub use plan::Plan;
pub use policy::{
    DeclineOn, FeeBasis, OrdersMode, PartialCapture, Policy, RefundWithoutAmount, ShopRules, ShopperPolicy,
};
pub use possible::{AdvisedAgainst, Asker, BatchState, NextAction, NotPossible, Possibility, Possible};
pub use record_dispute::{DISPUTES_MAX, DisputeRecorded, DisputeRejection, DisputeReport};
pub use recording::{PartRefunded, Recording, Telling, TellingAnswer, TellingState, ToTell, Told};
pub use rejection::{CurrencyLimit, Rejection};
pub use resolve::{look_back, resolve, send_held_back};
pub use rules::DECLINES_PER_ORDER_HOUR;
pub use schedule::{CAPTURE_MOVES_MAX, CaptureMove, CaptureStanding, Due, Holds};
pub use scheme_rules::{CardKey, CardNotes, Forbidden, NotedDecline};
pub use seen::{FadingConcern, SEEN_MAX, Seen, SeenFacts};
pub use shop_order::{ShopOrder, ShopStanding};
pub use shown::{RowStatus, ShopReading, ShopTransaction};
pub use telling::{AtShop, AtShopState, RecordingTask, ShopDifference};
pub use transaction::{CaptureSchedule, OperationStatus, PaymentKind, Transaction, TransactionStatus};
pub(crate) use waits::{ABSENCE_COUNTS_AFTER, INQUIRED_TWICE_APART};
pub use waits::{IN_DOUBT_TOO_LONG, STILL_RUNNING};

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::values::{
    Amount, Carried, Currency, TextUse, looks_like_card_number,
    text::{checked_text, read_from_string},
};

/// Longest merchant id and order id. Elastic Path's order ids are UUIDs (36 characters).
const ID_MAX_CHARS: usize = 64;

/// An id from outside that cannot be one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidId {
    /// The text has no character.
    #[error("is empty")]
    Empty,
    /// Longer than 64 characters.
    #[error("is longer than {ID_MAX_CHARS} characters")]
    TooLong,
    /// Something other than letters, digits and these.
    #[error("may hold only letters, digits{}", listed(.0))]
    Character(&'static [char]),
    /// Only punctuation: `.` and `..` are folded away in a path.
    #[error("must hold a letter or a digit")]
    NoLetterOrDigit,
    /// It would put a card number into the table.
    #[error("looks like a card number")]
    CardNumber,
}

/// Characters after `letters, digits`: `, '-' and '_'`.
fn listed(characters: &[char]) -> String {
    let Some((last, others)) = characters.split_last() else { return String::new() };
    let others = others.iter().fold(String::new(), |listed, other| listed + &format!(", '{other}'"));
    format!("{others} and '{last}'")
}

/// An id that comes in, which can become a part of the table.
fn check_new<'a>(text: &'a str, extra: &'static [char]) -> Result<&'a str, InvalidId> {
    check_form(text, extra)?;
    if looks_like_card_number(text, TextUse::Reference) { Err(InvalidId::CardNumber) } else { Ok(text) }
}

fn check_form(text: &str, extra: &'static [char]) -> Result<(), InvalidId> {
    if text.is_empty() {
        return Err(InvalidId::Empty);
    }
    if text.len() > ID_MAX_CHARS {
        return Err(InvalidId::TooLong);
    }
    if !text.chars().all(|c| c.is_ascii_alphanumeric() || extra.contains(&c)) {
        return Err(InvalidId::Character(extra));
    }
    if !text.contains(|c: char| c.is_ascii_alphanumeric()) {
        return Err(InvalidId::NoLetterOrDigit);
    }
    Ok(())
}

macro_rules! id {
    ($(#[$doc:meta])* $name:ident, $extra:expr) => {
        checked_text! {
            $(#[$doc])*
            #[derive(Hash, PartialOrd, Ord, Serialize, Deserialize)]
            #[serde(try_from = "String", into = "String")]
            $name, InvalidId, |text| check_new(text, $extra)
        }

        impl $name {
            /// The id as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }

            /// An id that is in the table already. The rules for ids can become stricter, and a
            /// payment whose id is refused since then must not be forgotten.
            pub fn stored(text: &str) -> Result<Self, InvalidId> {
                check_form(text, $extra)?;
                Ok(Self(text.to_owned()))
            }
        }

        read_from_string!($name);

        impl From<$name> for String {
            fn from(id: $name) -> Self {
                id.0
            }
        }
    };
}

id!(
    /// A merchant: `client_id` in the Elastic Path API. Part of a secret's name, so letters,
    /// digits, `-` and `_` only.
    MerchantId,
    &['-', '_']
);
id!(
    /// An order, as the merchant names it. Never holds `#`, which separates it from the merchant in
    /// the table's key.
    OrderId,
    &['-', '_', '.', ':', '~']
);
id!(
    /// A customer, as the merchant names it: its cards are stored under this reference. No `@`, so
    /// that no e-mail address becomes a key.
    CustomerReference,
    &['-', '_', '.', ':', '~']
);

impl CustomerReference {
    /// The reference in the place of an order's id, where the gateway's reports show one.
    pub fn as_order(&self) -> OrderId {
        OrderId(self.0.clone())
    }
}

/// Which order of which merchant; the table's key.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OrderKey {
    /// Whose order it is.
    pub merchant: MerchantId,
    /// The merchant's id of the order.
    pub order: OrderId,
}

impl fmt::Display for OrderKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}#{}", self.merchant, self.order)
    }
}

/// An operation's place in an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OperationRef {
    /// The id of the transaction that the operation belongs to.
    pub transaction: Uuid,
    /// The operation in it.
    pub operation: Uuid,
}

/// An order with all its payments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Order {
    /// The merchant that the order belongs to.
    pub merchant: MerchantId,
    /// The merchant's id of the order.
    pub id: OrderId,
    /// Currency of every amount in it.
    pub currency: Currency,
    /// The amount to be paid, for a registered order.
    pub total: Option<Amount>,
    /// When authorizations that do not say it are captured on schedule; none: by the merchant's
    /// rule.
    pub capture: Option<CaptureAt>,
    /// Its payments, oldest first.
    pub transactions: Vec<Transaction>,
    /// Shoppers' attempts before this moment no longer count against their limit.
    pub attempts_count_from: Timestamp,
    /// Number of times the order was written; every write states the one it has read.
    pub version: u64,
    /// When it was first seen.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
    /// When the schedule captured nothing of the order, oldest first, as far as they are kept. Only
    /// the last one can last.
    pub pauses: Vec<Pause>,
    /// Who moved its scheduled captures, oldest first, as far as it is kept.
    pub capture_moves: Vec<CaptureMove>,
    /// The number of its stored form, where a newer version wrote it in a form that this one does
    /// not know.
    pub newer_form: Option<u32>,
    /// Since when it is known to be canceled in its shop. From then on no payment and no capture of
    /// it is begun.
    pub cancelled_at: Option<Timestamp>,
    /// Payments that its shop shows and that Tollgate did not record; none where all are explained.
    pub foreign: Option<ForeignPayments>,
    /// Sums of others' payments there, where they and the order's own ones were too much together.
    pub elsewhere: Option<PaidElsewhere>,
    /// Data that a newer version stored with it.
    pub carried: Carried,
}

impl Order {
    /// A new order: `total` for a registered one, none for one whose total the merchant keeps.
    pub fn new(key: &OrderKey, currency: Currency, total: Option<Amount>, now: Timestamp) -> Self {
        Self {
            merchant: key.merchant.clone(),
            id: key.order.clone(),
            currency,
            total,
            capture: None,
            transactions: Vec::new(),
            attempts_count_from: now,
            version: 0,
            created_at: now,
            updated_at: now,
            pauses: Vec::new(),
            capture_moves: Vec::new(),
            newer_form: None,
            cancelled_at: None,
            foreign: None,
            elsewhere: None,
            carried: Carried::default(),
        }
    }

    /// Whether this version can read everything that a rule depends on. If not, nothing new may be
    /// done with the order; outcomes and findings are saved all the same.
    pub fn is_recognized(&self) -> bool {
        self.capture != Some(CaptureAt::Unrecognized)
            && self.transactions.iter().all(Transaction::is_recognized)
    }

    /// The order's key: its merchant and its id.
    pub fn key(&self) -> OrderKey {
        OrderKey { merchant: self.merchant.clone(), order: self.id.clone() }
    }

    /// A payment of the order.
    pub fn transaction(&self, id: Uuid) -> Option<&Transaction> {
        self.transactions.iter().find(|transaction| transaction.id == id)
    }

    /// An operation of the order.
    pub fn operation(&self, at: OperationRef) -> Option<&Operation> {
        self.transaction(at.transaction)?.operations.iter().find(|operation| operation.id == at.operation)
    }

    /// When the next inquiry about any operation of the order is due; none when nothing is in
    /// doubt.
    pub fn next_inquiry_at(&self) -> Option<Timestamp> {
        self.operations().filter_map(|(_, operation)| operation.next_inquiry_at()).min()
    }

    /// Every operation with its transaction.
    pub fn operations(&self) -> impl DoubleEndedIterator<Item = (&Transaction, &Operation)> {
        self.transactions.iter().flat_map(|t| t.operations.iter().map(move |o| (t, o)))
    }

    /// Whether it is made of a payment that is an order of its own.
    pub fn is_standalone(&self) -> bool {
        self.transactions.iter().any(|transaction| transaction.memo.is_some())
    }

    /// Whether a caller with such a principal may know of the order. The id of a payment alone can
    /// be guessed from its reference, so shoppers' browsers, which are let in to any order whose id
    /// they know, are not let in to those.
    pub fn is_open_to(&self, principal: Principal) -> bool {
        principal != Principal::Implicit || !self.is_standalone()
    }

    /// States the order's amount and currency again, as its owner may.
    ///
    /// The amount cannot fall below the sum already authorized, paid or pending; the currency is
    /// fixed once the order was paid with. With another amount, shoppers' attempts are counted from
    /// now. The same amount changes nothing: a shop states it again for every visit, and with each
    /// one a card tester could try on.
    pub fn restate(&mut self, currency: Currency, total: Amount, now: Timestamp) -> Result<(), Rejection> {
        if currency != self.currency && !self.transactions.is_empty() {
            return Err(Rejection::CurrencyFixed(self.currency));
        }
        let committed = self.balance().committed();
        if total < committed {
            return Err(Rejection::TotalBelowCommitted(committed));
        }
        if self.total != Some(total) {
            self.attempts_count_from = now;
        }
        self.currency = currency;
        self.total = Some(total);
        self.updated_at = now;
        Ok(())
    }

    /// A refund on request takes the place of one that a rule owes, which ends with the same write.
    fn replace_owed_refund(&mut self, at: OperationRef, owed: Uuid, now: Timestamp) {
        if let Some(refund) = self.operation_mut(at) {
            refund.follows = Some(owed);
        }
        if let Some(owed) = self.operation_mut(OperationRef { operation: owed, ..at }) {
            owed.end_by_person(now);
        }
    }

    pub(crate) fn transaction_mut(&mut self, id: Uuid) -> Option<&mut Transaction> {
        self.transactions.iter_mut().find(|transaction| transaction.id == id)
    }

    fn operation_mut(&mut self, at: OperationRef) -> Option<&mut Operation> {
        self.transaction_mut(at.transaction)?.operation_mut(at.operation)
    }
}
