//! The attempts that a card scheme has forbidden: the one place that decides it, asked before
//! anything is sent (`docs/decline-codes.md`, *What the schemes say*).
//!
//! Only new payments are refused. A capture, a refund or a void of an authorization that exists is
//! no attempt in the schemes' terms, and never asks here.

use std::collections::BTreeMap;

use jiff::Timestamp;
use uuid::Uuid;

use super::{Initiative, MerchantId, Order, OrderId, Transaction};
use crate::{
    order::{Operation, OperationState, operation},
    values::{CardSummary, RetryClass, RetryRule, StoredCard},
};

/// A card as notes about it are found: a digest of the gateway account and the card's token, or of
/// the account and the place where the gateway stores it.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct CardKey(String);

impl CardKey {
    /// The keys of a card at an account of a merchant, of the token first, as far as it is known.
    pub fn all(
        merchant: &MerchantId,
        account: &str,
        token: Option<&str>,
        stored: Option<&StoredCard>,
    ) -> Vec<Self> {
        let of = |parts: &[Option<&str>]| {
            let begins = [Some(merchant.as_str()), Some(account)];
            let digest = operation::digest(&[&begins, parts].concat());
            Self(format!("{:032x}", u128::from_be_bytes(digest)))
        };
        let token = token.map(|token| of(&[Some("token"), Some(token)]));
        let stored = stored.map(|card| of(&[Some("stored"), Some(&card.profile), Some(&card.account)]));
        token.into_iter().chain(stored).collect()
    }

    /// 32 hexadecimal digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A decline that forbids further attempts, as a card's notes keep it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotedDecline {
    /// When it was declined.
    pub at: Timestamp,
    /// The end of the time that the scheme stated, of [`RetryClass::Wait`].
    pub until: Option<Timestamp>,
    /// The order of the payment.
    pub order: OrderId,
    /// The payment that was declined.
    pub payment: Uuid,
}

/// The notes about a card: its last decline of each class that forbids attempts of other orders.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CardNotes(pub BTreeMap<RetryClass, NotedDecline>);

/// An attempt that a card scheme has forbidden, and by which earlier decline.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Forbidden {
    pub class: RetryClass,
    pub noted: NotedDecline,
}

impl RetryRule {
    /// The end of its time, if it has one.
    pub fn until(self, declined_at: Timestamp) -> Option<Timestamp> {
        declined_at.checked_add(self.wait?.time).ok()
    }
}

impl Operation {
    /// When the scheme, or experience, lets a declined payment be tried again.
    pub fn retry_at(&self) -> Option<Timestamp> {
        self.decline()?.rule?.until(self.updated_at)
    }
}

impl Transaction {
    /// The decline of the payment by a rule for further attempts, if it was declined so.
    fn forbids(&self, order: &OrderId) -> Option<Forbidden> {
        let first = self.first()?;
        let rule = first.decline()?.rule?;
        let (at, until) = (first.updated_at, rule.until(first.updated_at));
        Some(Forbidden {
            class: rule.class,
            noted: NotedDecline { at, until, order: order.clone(), payment: self.id },
        })
    }

    /// Whether it is made with the same card as another one, as far as both are known. The expiry
    /// date does not tell: a new one does not make another card of a number.
    fn is_by_card_of(&self, other: &Self) -> bool {
        let number = |card: &CardSummary| card.brand.zip(card.last_four.clone());
        if self.stored_card().is_some() && self.stored_card() == other.stored_card() {
            return true;
        }
        let (Some(ours), Some(theirs)) = (self.card(), other.card()) else { return false };
        match (&ours.token, &theirs.token) {
            (Some(ours), Some(theirs)) => ours == theirs,
            (None, _) | (_, None) => number(ours).is_some() && number(ours) == number(theirs),
        }
    }
}

impl Order {
    /// Keeps the texts of this payment's codes and of no other's: an order can hold many declines,
    /// and has to stay one item.
    pub(super) fn keep_scheme_texts_of(&mut self, transaction: Uuid) {
        let others = self.transactions.iter_mut().filter(|other| other.id != transaction);
        for operation in others.flat_map(|other| &mut other.operations) {
            if let OperationState::Decided(decision) = &mut operation.state {
                decision.forget_scheme_texts();
            }
        }
    }

    /// Refuses a payment that is about to be sent, if a scheme has forbidden it. `notes` are those
    /// about its card, which only a payment that the merchant initiates needs.
    pub(crate) fn may_be_tried(
        &self,
        transaction: &Transaction,
        initiative: Initiative,
        notes: &[CardNotes],
        now: Timestamp,
    ) -> Result<(), Box<Forbidden>> {
        if initiative.ignores_scheme_advice {
            return Ok(());
        }
        let earlier = self.transactions.iter().filter(|other| other.id != transaction.id);
        let of_order = earlier.filter_map(|other| {
            let forbidden = other.forbids(&self.id)?;
            let holds = match forbidden.class {
                RetryClass::Never => transaction.is_by_card_of(other),
                RetryClass::Drop => initiative.by_merchant,
                RetryClass::StopSeries
                | RetryClass::Fix
                | RetryClass::Wait
                | RetryClass::Issuer
                | RetryClass::Setup => false,
            };
            holds.then_some(forbidden)
        });
        let of_card = notes.iter().filter(|_| initiative.by_merchant).flat_map(|notes| {
            notes.0.iter().map(|(class, noted)| Forbidden { class: *class, noted: noted.clone() })
        });
        let of_card = of_card.filter(|forbidden| match forbidden.class {
            RetryClass::Wait => forbidden.noted.until.is_some_and(|until| now < until),
            RetryClass::Never | RetryClass::StopSeries => true,
            RetryClass::Drop | RetryClass::Fix | RetryClass::Issuer | RetryClass::Setup => false,
        });
        let all = of_order.chain(of_card);
        // The strictest, and of equal ones the one that lasts the longest.
        let strictest =
            all.min_by_key(|forbidden| (forbidden.class, std::cmp::Reverse(forbidden.noted.until)));
        strictest.map_or(Ok(()), |forbidden| Err(Box::new(forbidden)))
    }
}
