//! How long an order says who paid, where the merchant set a limit, and the customer data erased on
//! request.
//!
//! Amounts, references, ids, brand, last four digits and expiry date of the card stay: the books
//! need them, and the journal is made of them.
//!
//! A time limit uses the in-doubt index, whose key is the next time at which a schedule must look
//! at the order. So deletion needs no index, schedule or scan of its own.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

use super::{Context, CustomerReference, Order, OrderId, Route, Transaction};
use crate::values::{CardSummary, References, SearchBy, SearchTerm, StoredCard};

/// Seconds of a day.
const DAY_S: u128 = 86_400;

/// The traces by which one customer's payments are recognized. One is enough.
#[derive(Clone, Debug, Default)]
pub struct CustomerTraces {
    /// The merchant's reference of the customer, for whom a card was stored along with the payment.
    pub reference: Option<CustomerReference>,
    /// The e-mail address that the merchant sent with the payment, in capitals or not.
    pub email: Option<String>,
    /// Orders that the merchant knows to be the customer's.
    pub orders: Vec<OrderId>,
    /// The customer's stored cards, as the customer's item has them.
    pub cards: Vec<CardSummary>,
}

/// The customer data erased in an order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Erased {
    /// The erased members, in a word or two each.
    pub members: BTreeSet<&'static str>,
    /// Payments that keep the data needed to learn their outcome, or to delete the card at the
    /// gateway.
    pub waiting: usize,
}

impl Order {
    /// When a schedule has to look at the order next: to send an inquiry, or to forget who paid.
    pub fn next_look_at(&self) -> Option<Timestamp> {
        let personal = self.transactions.iter().filter_map(|found| found.personal_until);
        self.next_inquiry_at().into_iter().chain(personal).min()
    }

    /// Forgets who made the payments whose time is up. Tells whether there was one. Nothing that a
    /// rule depends on changes: neither fingerprints nor the response to a repeated request holds a
    /// name or an address.
    pub fn forget_who_paid(&mut self, now: Timestamp) -> bool {
        let mut forgot = false;
        for transaction in &mut self.transactions {
            if transaction.personal_until.is_some_and(|until| until <= now) {
                transaction.forget_who_paid();
                forgot = true;
            }
        }
        forgot
    }
}

/// Erasing one customer's personal data, on request.
impl Order {
    /// Cards that the gateway stores and that only the customer's payments name, each with its
    /// account at the gateway. They are deleted there before they are erased here.
    pub fn stored_cards_of(&self, traces: &CustomerTraces) -> Vec<(Route, StoredCard)> {
        let own = self.transactions.iter().filter(|found| found.is_of(&self.id, traces));
        let stored =
            own.filter_map(|found| Some((found.first()?.route.clone(), found.card()?.stored.clone()?)));
        stored.filter(|(_, card)| !traces.has_stored(card)).collect()
    }

    /// Erases the customer's data from its payments; `deleted` are cards that the gateway no longer
    /// has. Nothing that a rule depends on changes. A payment whose outcome may still change keeps
    /// the data that applying the outcome needs.
    ///
    /// Of a payment that only has a card in common with the customer, the card's token and profile
    /// go: another person may have used the card.
    pub fn erase(&mut self, traces: &CustomerTraces, deleted: &[StoredCard]) -> Erased {
        let (id, mut erased, mut own) = (self.id.clone(), Erased::default(), Vec::new());
        for transaction in &mut self.transactions {
            // A payment that continues another comes after it.
            if transaction.is_of(&id, traces) || transaction.continues.is_some_and(|of| own.contains(&of)) {
                own.push(transaction.id);
                transaction.erase(traces, deleted, &mut erased);
            } else if transaction.has_card_of(traces) {
                transaction.erase_card(traces, deleted, &mut erased);
            }
        }
        erased
    }
}

impl CustomerTraces {
    fn has_stored(&self, card: &StoredCard) -> bool {
        self.cards.iter().any(|own| own.stored.as_ref() == Some(card))
    }

    fn has(&self, card: &CardSummary) -> bool {
        let has_token = || card.token.is_some() && self.cards.iter().any(|own| own.token == card.token);
        has_token() || card.stored.as_ref().is_some_and(|stored| self.has_stored(stored))
    }
}

/// Saying who pays, and forgetting it.
impl Transaction {
    /// Keeps the merchant's own texts about it, and the texts that say who paid as long as the
    /// merchant's rules allow.
    pub(super) fn say(&mut self, references: &References, context: &Context<'_>) {
        self.references = references.clone();
        let is_personal =
            references.is_personal() || self.memo.as_ref().is_some_and(|memo| memo.is_personal());
        let limit = context.policy.keep_personal_data.filter(|_| is_personal);
        self.personal_until = limit.and_then(|limit| context.now.checked_add(limit + spread(self.id)).ok());
    }

    fn forget_who_paid(&mut self) {
        if let Some(memo) = self.memo.as_mut() {
            memo.forget_who_paid();
        }
        self.references.forget_who_paid();
        self.personal_until = None;
    }

    fn is_of(&self, order: &OrderId, traces: &CustomerTraces) -> bool {
        let CustomerTraces { reference, email, orders, cards: _ } = traces;
        let stated = self.memo.as_ref().and_then(|memo| memo.email.as_deref());
        let address = |text: &str| SearchTerm::new(SearchBy::Email, text);
        let of_customer = email.as_deref().and_then(address);
        orders.contains(order)
            || reference.as_ref().is_some_and(|own| self.save_for.as_deref() == Some(own.as_str()))
            || (of_customer.is_some() && stated.and_then(address) == of_customer)
    }

    fn has_card_of(&self, traces: &CustomerTraces) -> bool {
        self.card().is_some_and(|card| traces.has(card))
            || self.paid_with.as_ref().is_some_and(|stored| traces.has_stored(stored))
    }

    fn erase(&mut self, traces: &CustomerTraces, deleted: &[StoredCard], erased: &mut Erased) {
        let mut take = |is_there: bool, name: &'static str| {
            if is_there {
                erased.members.insert(name);
            }
        };
        if let Some(memo) = self.memo.as_mut() {
            take(memo.name.is_some(), "name");
            take(memo.email.is_some(), "email address");
        }
        take(self.references.name.is_some(), "payment method's name");
        take(self.references.description.is_some(), "description");
        // A reason that is a movement's stays in the books with it; this one is in no book.
        for by in self.seen.iter_mut().filter_map(|seen| seen.by.as_mut()) {
            take(by.reason.take().is_some(), "reason for settling a concern");
        }
        self.forget_who_paid();
        if !self.may_yet_be_approved() {
            take(self.save_for.take().is_some(), "customer's reference");
            take(self.shopper.take().is_some(), "shopper");
        }
        self.erase_card(traces, deleted, erased);
        let is_left = self.card().is_some_and(|card| card.stored.is_some()) && !self.may_yet_be_approved();
        erased.waiting += usize::from(is_left);
    }

    /// Whether it may still be approved, or cannot be told. An approval that is found later stores
    /// the card for its customer, and learns its token.
    fn may_yet_be_approved(&self) -> bool {
        !self.is_recognized() || self.first().is_none_or(|first| first.next_inquiry_at().is_some())
    }

    fn erase_card(&mut self, traces: &CustomerTraces, deleted: &[StoredCard], erased: &mut Erased) {
        if self.may_yet_be_approved() {
            erased.waiting += 1;
            return;
        }
        // Only the data that names the card goes: another customer who owns it can still pay with
        // it.
        if self.paid_with.take().is_some() {
            erased.members.insert("stored card");
        }
        let Some(card) = self.instrument.card_mut() else { return };
        if card.token.take().is_some() {
            erased.members.insert("gateway token");
        }
        // A card that the customer's item names is deleted with the item.
        if card.stored.as_ref().is_some_and(|stored| deleted.contains(stored) || traces.has_stored(stored)) {
            card.stored = None;
            erased.members.insert("stored card");
        }
    }
}

/// Spreads the later work of a busy hour's payments over a day, so that it delays no inquiry.
fn spread(id: Uuid) -> SignedDuration {
    SignedDuration::from_secs(i64::try_from(id.as_u128() % DAY_S).unwrap_or_default())
}

#[cfg(test)]
mod tests;
