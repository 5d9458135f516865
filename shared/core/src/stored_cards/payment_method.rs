//! Cards that are stored at the gateway to be paid with again: the rules of one customer's payment
//! methods.
//!
//! Each card is a gateway profile of its own, made by an authorization of zero that verifies the
//! card. That is one call with an order id, so an inquiry finds its outcome; adding an account to a
//! profile that exists would be a call that no inquiry finds. Everything about a customer is in one
//! item, so one conditional write enforces each rule.

mod id;
mod settle;
#[cfg(test)]
mod tests;

pub use id::{CustomerKey, MethodId};
use settle::settle_found;
pub use settle::{Applied, settle};

use jiff::{SignedDuration, Timestamp};
use thiserror::Error;
use uuid::Uuid;

use crate::{
    order::{
        CustomerReference, Decline, DeclineOn, Finding, Fingerprint, KeyDigest, NoEffect, Route,
        gateway_order_id,
    },
    values::{CardSummary, Carried, Expiry, StoredCard},
};

/// Most cards that a customer can have stored, or on their way to it. A person has a handful.
pub const CARDS_MAX: usize = 20;

/// Most entries of a customer, those included that were declined or deleted, so that the item stays
/// small.
const ENTRIES_MAX: usize = 100;

/// Cards of one customer that may be declined in an hour when they are verified.
pub const DECLINES_PER_HOUR: usize = 5;

/// How long such a decline counts.
const DECLINES_COUNT_FOR: SignedDuration = SignedDuration::from_hours(1);

/// How long a verification takes at most, if its response is not lost.
const VERIFIED_WITHIN: SignedDuration = SignedDuration::from_mins(1);

/// For how long an entry is kept after it was declined or deleted, so that a repeated request finds
/// it.
const FINISHED_KEPT: SignedDuration = SignedDuration::from_hours(24);

/// How far a card is on its way to the gateway and back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MethodState {
    /// Sent to the gateway to be verified and stored; the outcome is not known.
    Pending {
        /// Since when the gateway shows no trace of the verification.
        absent_since: Option<Timestamp>,
    },
    /// Stored; it can be paid with.
    Stored,
    /// The verification was declined, and nothing is stored.
    Declined(Decline),
    /// Known to be stored nowhere.
    NotStored(NoEffect),
    /// To be deleted at the gateway; the outcome is not known.
    Deleting(OnceGone),
    /// Deleted at the gateway.
    Deleted,
    /// Something that only a newer version knows.
    Unrecognized,
}

/// The state of an entry once the gateway does not have its card any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnceGone {
    /// A client requested it.
    Deleted,
    /// The verification was approved, and a rule of the merchant declines it.
    Declined(Decline),
    /// It is not known whether a rule of the merchant declines it, so it has to be verified again.
    NotStored(NoEffect),
}

/// One card of a customer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PaymentMethod {
    /// Our id, which the gateway's order id of the verification is made from.
    pub id: Uuid,
    /// The caller's idempotency key, digested.
    pub key: Option<KeyDigest>,
    /// Equal requests have the same one.
    pub fingerprint: Fingerprint,
    /// The gateway account through which it was stored.
    pub route: Route,
    /// The data kept of the card; with its profile once it is stored.
    pub card: CardSummary,
    /// Whether it is stored, or how far it is on its way to the gateway and back.
    pub state: MethodState,
    /// An expiry date that was sent to the gateway and not confirmed.
    pub new_expiry: Option<Expiry>,
    /// When the request came.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
    /// Members that a newer version stored with it.
    pub carried: Carried,
}

impl PaymentMethod {
    fn new(new: NewMethod, state: MethodState, now: Timestamp) -> Self {
        let NewMethod { id, key, fingerprint, route, card, token: _ } = new;
        let (created_at, updated_at, carried) = (now, now, Carried::default());
        Self { id, key, fingerprint, route, card, state, new_expiry: None, created_at, updated_at, carried }
    }

    /// The order id under which the gateway knows its verification.
    pub fn gateway_order_id(&self) -> String {
        gateway_order_id(self.id)
    }

    /// Where the gateway stores it, while it can be paid with.
    pub fn stored(&self) -> Option<&StoredCard> {
        self.card.stored.as_ref().filter(|_| self.state == MethodState::Stored)
    }

    /// The card data that a payment with it keeps. By the token, the payment finds the scheme's
    /// bans of the card.
    pub fn to_pay_with(&self) -> CardSummary {
        self.card.clone()
    }

    /// Whether a caller still sees the card: it is stored, about to be, or being deleted.
    pub fn is_listed(&self) -> bool {
        match self.state {
            MethodState::Pending { .. } | MethodState::Stored | MethodState::Unrecognized => true,
            MethodState::Deleting(once_gone) => once_gone == OnceGone::Deleted,
            MethodState::Declined(_) | MethodState::NotStored(_) | MethodState::Deleted => false,
        }
    }

    /// Whether it is sent to the gateway to be stored, and the outcome is not known.
    pub fn is_pending(&self) -> bool {
        matches!(self.state, MethodState::Pending { .. })
    }

    /// Whether it is stored at the gateway, and a rule of the merchant wants it removed. A client
    /// does not see the card, and nothing waits for it to be deleted.
    pub fn must_not_stay(&self) -> bool {
        matches!(self.state, MethodState::Deleting(once_gone) if once_gone != OnceGone::Deleted)
    }

    /// Whether the card is neither at the gateway nor on its way there.
    pub fn is_finished(&self) -> bool {
        !self.is_listed() && !self.must_not_stay()
    }

    /// Whether an earlier request may still turn out to have stored the card, although it counts as
    /// not stored.
    pub fn may_surface(&self) -> bool {
        // A card that was stored and removed again is known.
        let was_stored = self.card.stored.is_some();
        matches!(self.state, MethodState::NotStored(reason) if reason.may_surface() && !was_stored)
    }
}

/// A customer of a merchant and its cards: one item.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Customer {
    /// Which customer it is.
    pub key: CustomerKey,
    /// The merchant's reference of the customer.
    pub reference: CustomerReference,
    /// Its cards, oldest first, with those that were declined or deleted lately.
    pub methods: Vec<PaymentMethod>,
    /// The card that was chosen as the default.
    pub default: Option<Uuid>,
    /// How often it was written.
    pub version: u64,
    /// Members that a newer version stored with it.
    pub carried: Carried,
}

/// Why a request about a stored card is not carried out.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum MethodRejection {
    /// There is no such card.
    #[error("there is no such payment method")]
    NotFound,
    /// The key was used for another card.
    #[error("the idempotency key was used for another card")]
    KeyReused,
    /// An earlier request about the card is not finished.
    #[error("an earlier request about this card is in progress, or its outcome is not known yet")]
    InProgress,
    /// The customer has too many.
    #[error("the customer has {CARDS_MAX} stored cards already, or too many were declined within a day")]
    TooMany,
    /// Too many of its cards were declined within the hour; for how long no more are verified.
    #[error("too many cards of this customer were declined within the hour; nothing was sent to the gateway")]
    TooManyDeclines(SignedDuration),
    /// A newer version is working on it.
    #[error("a newer version is working on this customer's cards; try again later")]
    NewerVersion,
}

/// A card that is to be stored.
#[derive(Clone, Debug)]
pub struct NewMethod {
    /// The card's id, if it is not a repetition of one that the customer has.
    pub id: Uuid,
    /// The caller's idempotency key, digested.
    pub key: Option<KeyDigest>,
    /// Equal requests have the same one.
    pub fingerprint: Fingerprint,
    /// The gateway account to store it through.
    pub route: Route,
    /// The data kept of the card, as far as known.
    pub card: CardSummary,
    /// The gateway's token, if the caller sent one: it tells two cards apart whose last digits are
    /// the same.
    pub token: Option<String>,
}

/// The plan for a request to store a card.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AddPlan {
    /// The customer now has it as pending: save it, then send it.
    Send(Uuid),
    /// It was requested before, or is stored already: return its outcome.
    Replay(Uuid),
    /// An equal request is thought to have stored nothing: inquire about it before anything is
    /// sent.
    LookFirst(Uuid),
    /// An equal card must not stay stored: remove it before anything is sent.
    RemoveFirst(Uuid),
}

impl Customer {
    /// A customer without cards.
    pub fn new(key: CustomerKey, reference: CustomerReference) -> Self {
        Self { key, reference, methods: Vec::new(), default: None, version: 0, carried: Carried::default() }
    }

    /// One of its cards, in any state.
    pub fn method(&self, id: Uuid) -> Option<&PaymentMethod> {
        self.methods.iter().find(|method| method.id == id)
    }

    /// The same, to change it.
    pub fn method_mut(&mut self, id: Uuid) -> Option<&mut PaymentMethod> {
        self.methods.iter_mut().find(|method| method.id == id)
    }

    /// Whether one of its cards can be paid with under this profile.
    pub fn has_stored(&self, stored: &StoredCard) -> bool {
        self.stored_as(stored).is_some()
    }

    /// The card that can be paid with under this profile.
    pub fn stored_as(&self, stored: &StoredCard) -> Option<&PaymentMethod> {
        self.methods.iter().find(|method| method.stored() == Some(stored))
    }

    /// Applies the finding of an inquiry about the verification of one of its cards. False when
    /// nothing changed.
    pub fn settle_found(&mut self, id: Uuid, finding: &Finding, rule: &DeclineOn, now: Timestamp) -> bool {
        let removed: Vec<StoredCard> = self
            .methods
            .iter()
            .filter(|other| other.id != id && other.is_finished())
            .filter_map(|other| other.card.stored.clone())
            .collect();
        let Some(method) = self.method_mut(id) else { return false };
        let changed = settle_found(method, finding, rule, now);
        // The gateway gave an equal card the same profile, which was deleted since.
        if changed && method.card.stored.as_ref().is_some_and(|stored| removed.contains(stored)) {
            method.state = MethodState::NotStored(NoEffect::TryAgain);
        }
        changed
    }

    /// The default: the one that was chosen, or else the one that has been stored longest. It must
    /// be stored.
    pub fn default_method(&self) -> Option<Uuid> {
        let mut stored = self.methods.iter().filter(|method| method.state == MethodState::Stored);
        let chosen = stored.clone().find(|method| Some(method.id) == self.default);
        chosen.or_else(|| stored.next()).map(|method| method.id)
    }

    /// Whether none of its cards is at the gateway or on its way there.
    pub fn is_finished(&self) -> bool {
        self.methods.iter().all(PaymentMethod::is_finished)
    }

    /// Whether this version can read all members that a rule depends on.
    fn is_recognized(&self) -> bool {
        self.methods.iter().all(|method| method.state != MethodState::Unrecognized)
    }

    /// Decides the plan for a request to store a card, and notes the card as pending if it is to be
    /// sent. `looked` are entries about which an inquiry was sent just now and found nothing.
    pub fn add(
        &mut self,
        new: NewMethod,
        looked: &[Uuid],
        now: Timestamp,
    ) -> Result<AddPlan, MethodRejection> {
        if let Some(prior) = self.prior(&new)? {
            return Ok(prior);
        }
        if !self.is_recognized() {
            return Err(MethodRejection::NewerVersion);
        }
        let equal = || self.equal(new.fingerprint);
        if let Some(refused) = equal().find(|method| method.must_not_stay()) {
            return Ok(AddPlan::RemoveFirst(refused.id));
        }
        // The gateway would give it the profile that is about to go.
        if equal().any(|method| matches!(method.state, MethodState::Deleting(_))) {
            return Err(MethodRejection::InProgress);
        }
        if let Some(earlier) = equal().find(|method| method.may_surface() && !looked.contains(&method.id)) {
            return Ok(AddPlan::LookFirst(earlier.id));
        }
        if let Some(wait) = self.declines_end_in(now) {
            return Err(MethodRejection::TooManyDeclines(wait));
        }
        self.make_room(now)?;
        let id = new.id;
        self.methods.push(PaymentMethod::new(new, MethodState::Pending { absent_since: None }, now));
        Ok(AddPlan::Send(id))
    }

    fn equal(&self, fingerprint: Fingerprint) -> impl Iterator<Item = &PaymentMethod> {
        self.methods.iter().filter(move |method| method.fingerprint == fingerprint)
    }

    /// The entry that a request is a repetition of: that of its key, or one of the same card that
    /// is stored or may be.
    fn prior(&self, new: &NewMethod) -> Result<Option<AddPlan>, MethodRejection> {
        let of_key = self.methods.iter().rev().find(|method| method.key.is_some() && method.key == new.key);
        if let Some(method) = of_key {
            if method.fingerprint != new.fingerprint {
                return Err(MethodRejection::KeyReused);
            }
            // A request that did nothing can be made again, as with a payment.
            let did_nothing = matches!(
                method.state,
                MethodState::NotStored(_) | MethodState::Deleting(OnceGone::NotStored(_))
            );
            if !did_nothing {
                return Ok(Some(AddPlan::Replay(method.id)));
            }
        }
        let is_same = |method: &&PaymentMethod| {
            let is_there = method.is_pending() || method.state == MethodState::Stored;
            let other_token = new.token.as_ref().zip(method.card.token.as_ref()).is_some_and(|(a, b)| a != b);
            is_there && !other_token
        };
        Ok(self.equal(new.fingerprint).find(is_same).map(|method| AddPlan::Replay(method.id)))
    }

    /// For how long no card is verified, because too many were declined within the hour. Those that
    /// are being verified count, too, for a minute, so that cards sent at once are no more.
    fn declines_end_in(&self, now: Timestamp) -> Option<SignedDuration> {
        let left = |method: &PaymentMethod| {
            let counts_for = match method.state {
                MethodState::Declined(_) | MethodState::Deleting(OnceGone::Declined(_)) => DECLINES_COUNT_FOR,
                MethodState::Pending { .. } => VERIFIED_WITHIN,
                MethodState::Stored
                | MethodState::NotStored(_)
                | MethodState::Deleting(_)
                | MethodState::Deleted
                | MethodState::Unrecognized => return None,
            };
            Some(counts_for - now.duration_since(method.created_at)).filter(SignedDuration::is_positive)
        };
        let mut left: Vec<SignedDuration> = self.methods.iter().filter_map(left).collect();
        left.sort_unstable();
        left.len().checked_sub(DECLINES_PER_HOUR).and_then(|over| left.get(over)).copied()
    }

    /// Forgets cards that were declined or deleted a day ago, if there is no room left.
    fn make_room(&mut self, now: Timestamp) -> Result<(), MethodRejection> {
        if self.methods.iter().filter(|method| method.is_listed()).count() >= CARDS_MAX {
            return Err(MethodRejection::TooMany);
        }
        if self.methods.len() >= ENTRIES_MAX {
            let is_old = |method: &PaymentMethod| now.duration_since(method.updated_at) >= FINISHED_KEPT;
            self.methods.retain(|method| !method.is_finished() || !is_old(method));
        }
        if self.methods.len() >= ENTRIES_MAX { Err(MethodRejection::TooMany) } else { Ok(()) }
    }

    /// A card that a caller may still be told of.
    pub fn listed(&self, id: Uuid) -> Result<&PaymentMethod, MethodRejection> {
        self.method(id).filter(|method| method.is_listed()).ok_or(MethodRejection::NotFound)
    }

    /// Notes that a card is to be deleted. None where it is deleted already.
    pub fn begin_deleting(
        &mut self,
        id: Uuid,
        now: Timestamp,
    ) -> Result<Option<StoredCard>, MethodRejection> {
        let fingerprint = self.method(id).ok_or(MethodRejection::NotFound)?.fingerprint;
        // An equal card on its way may get this one's profile.
        if self.equal(fingerprint).any(PaymentMethod::is_pending) {
            return Err(MethodRejection::InProgress);
        }
        let method = self.method_mut(id).ok_or(MethodRejection::NotFound)?;
        match method.state {
            MethodState::Stored => method.state = MethodState::Deleting(OnceGone::Deleted),
            MethodState::Deleting(_) => {}
            MethodState::Deleted => return Ok(None),
            MethodState::Pending { .. } => return Err(MethodRejection::InProgress),
            MethodState::Declined(_) | MethodState::NotStored(_) => return Err(MethodRejection::NotFound),
            MethodState::Unrecognized => return Err(MethodRejection::NewerVersion),
        }
        method.updated_at = now;
        let stored = method.card.stored.clone();
        // The gateway gives equal cards one profile. As long as another entry has it, it stays.
        let is_shared = stored.as_ref().is_none_or(|stored| self.has_stored(stored));
        if is_shared {
            self.finish_deleting(id, now);
            return Ok(None);
        }
        Ok(stored)
    }

    /// Notes that the gateway has it no more.
    pub fn finish_deleting(&mut self, id: Uuid, now: Timestamp) {
        if let Some(method) = self.method_mut(id) {
            method.state = match method.state {
                MethodState::Deleting(OnceGone::Declined(decline)) => MethodState::Declined(decline),
                MethodState::Deleting(OnceGone::NotStored(reason)) => MethodState::NotStored(reason),
                _ => MethodState::Deleted,
            };
            // Where it was stored is kept: a record of the gateway that names it tells of nothing
            // that is there.
            (method.card.token, method.new_expiry) = (None, None);
            method.updated_at = now;
        }
        self.default = self.default.filter(|default| *default != id);
    }

    /// Keeps a card that a payment stored, under the payment's id. Returns the entry's id, which is
    /// another one where the gateway has it stored already, and whether it is new.
    pub fn keep(&mut self, new: NewMethod, now: Timestamp) -> Result<(Uuid, bool), MethodRejection> {
        let is_same = |method: &PaymentMethod| {
            method.id == new.id || (method.stored().is_some() && method.stored() == new.card.stored.as_ref())
        };
        if let Some(same) = self.methods.iter().find(|method| is_same(method)) {
            return Ok((same.id, false));
        }
        self.make_room(now)?;
        let id = new.id;
        self.methods.push(PaymentMethod::new(new, MethodState::Stored, now));
        Ok((id, true))
    }
}
