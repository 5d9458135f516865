//! Storing, changing and deleting cards: the intent is on record before the gateway is called, as
//! for a payment, and an unknown outcome is inquired about before anything is sent again.
//!
//! No schedule looks at pending cards: each read, list and repeated request does, and no money
//! moves. Until a change or deletion is confirmed, the card shows the requested state.
//!
//! Before an equal card is sent, an inquiry looks for the earlier one that counts as not stored. If
//! the inquiry is unanswered, nothing is sent.

mod erase;
#[cfg(test)]
mod tests;
mod verify;

use std::sync::Arc;

use uuid::Uuid;

use crate::{
    order::{CardKey, CustomerReference, KeyDigest, NoEffect},
    payments::{Card, CardNoteStore, Deadline, Gateway, Merchant, StoreError, agree_anew},
    stored_cards::{
        AddPlan, Customer, CustomerKey, CustomerStore, CustomerWrite, MethodId, MethodRejection, MethodState,
        NewMethod, PaymentMethod, ProfileOutcome, Profiles, Renewal,
    },
    values::{CardSummary, Clock, Expiry, StoredCard},
};

/// How often a change is made anew to a customer that other requests have written meanwhile.
const CHANGES_MAX: usize = 10;

/// Most inquiries of one request that reads a customer's cards.
const INQUIRIES_MAX: usize = 3;

/// Why nothing was done, or why it is not known whether something was.
#[derive(Debug, thiserror::Error)]
pub enum MethodRefusal {
    /// A rule of the customer's cards.
    #[error(transparent)]
    Rejected(#[from] MethodRejection),
    /// Too many others changed the customer at the same time.
    #[error("the customer's cards are being changed by other requests")]
    Contended,
    /// The store did not work; nothing was sent to the gateway.
    #[error(transparent)]
    Store(StoreError),
    /// An earlier attempt may still turn out to have stored the card, and the gateway does not say.
    #[error("an earlier attempt may still turn out to have stored the card, and the gateway does not say")]
    Unverified,
    /// The gateway did nothing, and it is known.
    #[error("the gateway did nothing")]
    NoEffect(NoEffect),
    /// The gateway refuses the change.
    #[error("the gateway refuses the change of the stored card")]
    Refused,
}

/// A customer after a request about one of its cards.
#[derive(Debug)]
pub struct MethodChanged {
    /// The customer as it was written or read last.
    pub customer: Customer,
    /// The id of the card that the request is about.
    pub method: Uuid,
    /// Whether it was requested before, so that only its outcome is returned again.
    pub replayed: bool,
}

impl MethodChanged {
    /// The card in its current state.
    pub fn method(&self) -> Option<&PaymentMethod> {
        self.customer.method(self.method)
    }
}

/// A stored card as a payment needs it.
#[derive(Clone, Debug)]
pub struct ToPayWith {
    /// The known data of the card, with where it is or was stored. Empty where there is no such
    /// card.
    pub card: CardSummary,
    /// Whether it can be paid with now, by the customer that is stated.
    pub may_pay: Result<(), MethodRejection>,
}

/// The use cases of stored cards, and the ports they need.
#[derive(Clone)]
pub struct PaymentMethods {
    /// Loads and writes customers, each write conditional on the version that was read.
    pub customers: Arc<dyn CustomerStore>,
    /// Verifies and stores cards.
    pub gateway: Arc<dyn Gateway>,
    /// Changes and deletes stored cards.
    pub profiles: Arc<dyn Profiles>,
    /// The time of each change, and the current time for inquiries.
    pub clock: Arc<dyn Clock>,
    /// Bans of the schemes.
    pub card_notes: Arc<dyn CardNoteStore>,
}

impl PaymentMethods {
    /// Verifies a card and stores it at the gateway, at most once for a key and for a card. A card
    /// whose AVS or CVV letters the merchant does not accept is removed again.
    pub async fn add(
        &self,
        merchant: &Merchant,
        reference: &CustomerReference,
        new: &NewMethod,
        card: Card,
        deadline: Deadline,
    ) -> Result<MethodChanged, MethodRefusal> {
        let key = CustomerKey::new(&merchant.id, reference);
        let mut looked = Vec::new();
        loop {
            let customer = self.customer(&key, reference).await?;
            let now = self.clock.now();
            let plan = self.change(customer, |customer| {
                let plan = customer.add(new.clone(), &looked, now)?;
                Ok((plan, matches!(plan, AddPlan::Send(_))))
            });
            match plan.await? {
                (customer, AddPlan::Send(id)) => {
                    let customer = self.verify(merchant, customer, id, card, deadline).await?;
                    return Ok(MethodChanged { customer, method: id, replayed: false });
                }
                (customer, AddPlan::Replay(id)) => {
                    let customer = self.resolve(merchant, customer, id, deadline).await?;
                    self.agree_anew(merchant, &customer, id, new.key.as_ref()).await;
                    return Ok(MethodChanged { customer, method: id, replayed: true });
                }
                (customer, AddPlan::LookFirst(id)) => {
                    self.look_again(merchant, customer, id, deadline).await?;
                    looked.push(id);
                }
                (customer, AddPlan::RemoveFirst(id)) => {
                    let customer = self.remove(merchant, customer, id, deadline).await?;
                    if customer.method(id).is_some_and(PaymentMethod::must_not_stay) {
                        return Err(MethodRejection::InProgress.into());
                    }
                }
            }
        }
    }

    /// A customer who stores a card that is stored already agrees anew to be charged. The same
    /// request once more, by its key, says nothing new.
    async fn agree_anew(&self, merchant: &Merchant, customer: &Customer, id: Uuid, key: Option<&KeyDigest>) {
        let Some(method) = customer.method(id) else { return };
        let Some(stored) = method.stored() else { return };
        if key.is_some() && method.key.as_ref() == key {
            return;
        }
        let token = method.card.token.as_deref();
        let cards = CardKey::all(&merchant.id, &method.route.account, token, Some(stored));
        agree_anew(self.card_notes.as_ref(), &cards, self.clock.now()).await;
    }

    /// One card. If its outcome is not known, an inquiry is sent first.
    pub async fn read(
        &self,
        merchant: &Merchant,
        id: MethodId,
        deadline: Deadline,
    ) -> Result<MethodChanged, MethodRefusal> {
        let customer = self.customer_of(merchant, id).await?;
        let customer = self.resolve(merchant, customer, id.method, deadline).await?;
        customer.listed(id.method)?;
        Ok(MethodChanged { customer, method: id.method, replayed: false })
    }

    /// A customer with its cards. Inquiries about unknown outcomes are sent first. None for a
    /// customer without any.
    pub async fn list(
        &self,
        merchant: &Merchant,
        reference: &CustomerReference,
        deadline: Deadline,
    ) -> Result<Option<Customer>, MethodRefusal> {
        let key = CustomerKey::new(&merchant.id, reference);
        let Some(mut customer) = self.customers.load(&key).await.map_err(MethodRefusal::Store)? else {
            return Ok(None);
        };
        let is_open = |method: &&PaymentMethod| method.is_pending() || method.must_not_stay();
        let open: Vec<Uuid> = customer.methods.iter().filter(is_open).map(|method| method.id).collect();
        for id in open.into_iter().take(INQUIRIES_MAX) {
            customer = self.resolve(merchant, customer, id, deadline).await?;
        }
        Ok(Some(customer))
    }

    /// The known data of a card that a customer can pay with: it is one of the customer's, and
    /// stored. Another customer's card is rejected as one that does not exist, after the same read.
    pub async fn must_be_of(
        &self,
        merchant: &Merchant,
        reference: &CustomerReference,
        stored: &StoredCard,
    ) -> Result<CardSummary, MethodRefusal> {
        let key = CustomerKey::new(&merchant.id, reference);
        let customer = self.customers.load(&key).await.map_err(MethodRefusal::Store)?;
        let method = customer.as_ref().and_then(|customer| customer.stored_as(stored));
        method.map(PaymentMethod::to_pay_with).ok_or_else(|| MethodRejection::NotFound.into())
    }

    /// The data that a payment with a card needs, from the card's id; `reference` is the customer
    /// that the request states. It takes one read, whether or not the card exists and is theirs.
    pub async fn to_pay_with(
        &self,
        merchant: &Merchant,
        id: MethodId,
        reference: Option<&CustomerReference>,
    ) -> Result<ToPayWith, MethodRefusal> {
        let key = CustomerKey { merchant: merchant.id.clone(), digest: id.customer };
        let customer = self.customers.load(&key).await.map_err(MethodRefusal::Store)?;
        let method = customer.as_ref().and_then(|customer| customer.method(id.method));
        let is_theirs = reference.is_none_or(|reference| id.of(&merchant.id, reference).is_ok());
        let may_pay = is_theirs && method.is_some_and(|method| method.stored().is_some());
        Ok(ToPayWith {
            card: method.map(PaymentMethod::to_pay_with).unwrap_or_default(),
            may_pay: if may_pay { Ok(()) } else { Err(MethodRejection::NotFound) },
        })
    }

    /// Makes a card the customer's default.
    pub async fn make_default(&self, merchant: &Merchant, id: MethodId) -> Result<Customer, MethodRefusal> {
        let customer = self.customer_of(merchant, id).await?;
        let (customer, ()) = self
            .change(customer, |customer| {
                may_be_changed(customer, id.method)?;
                let is_new = customer.default != Some(id.method);
                customer.default = Some(id.method);
                Ok(((), is_new))
            })
            .await?;
        Ok(customer)
    }

    /// Gives a card another expiry date, at the gateway and here. Where the gateway's response is
    /// lost, the card keeps the date that was sent as `new_expiry`, and the same request settles
    /// it.
    pub async fn set_expiry(
        &self,
        merchant: &Merchant,
        id: MethodId,
        expiry: Expiry,
        deadline: Deadline,
    ) -> Result<Customer, MethodRefusal> {
        let customer = self.customer_of(merchant, id).await?;
        let (customer, method) = self
            .change(customer, |customer| {
                let method = may_be_changed(customer, id.method)?;
                let is_new = method.new_expiry != Some(expiry);
                method.new_expiry = Some(expiry);
                Ok((method.clone(), is_new))
            })
            .await?;
        let Some(stored) = method.stored() else { return Err(MethodRejection::NotFound.into()) };
        let limit = deadline.gateway_limit().ok_or(MethodRefusal::NoEffect(NoEffect::NoTimeLeft))?;
        let renewal = Renewal { token: method.card.token.as_deref(), expiry };
        let outcome = self.profiles.set_expiry(merchant, &method.route, stored, renewal, limit).await;
        let now = self.clock.now();
        let (customer, ()) = self
            .change(customer, |customer| {
                let Some(method) = customer.method_mut(id.method) else { return Ok(((), false)) };
                // Meanwhile it was deleted, or given yet another date.
                if method.new_expiry != Some(expiry) {
                    return Ok(((), false));
                }
                match outcome {
                    ProfileOutcome::Done => {
                        (method.card.expiry, method.new_expiry) = (Some(expiry), None);
                        method.updated_at = now;
                    }
                    ProfileOutcome::Missing => customer.finish_deleting(id.method, now),
                    ProfileOutcome::Refused | ProfileOutcome::NoEffect(_) => method.new_expiry = None,
                    ProfileOutcome::Unknown => return Ok(((), false)),
                }
                Ok(((), true))
            })
            .await?;
        match outcome {
            ProfileOutcome::Done | ProfileOutcome::Unknown => Ok(customer),
            ProfileOutcome::Missing => Err(MethodRejection::NotFound.into()),
            ProfileOutcome::Refused => Err(MethodRefusal::Refused),
            ProfileOutcome::NoEffect(reason) => Err(MethodRefusal::NoEffect(reason)),
        }
    }

    /// Deletes a card at the gateway and here. It can be repeated at any time. True when it is
    /// gone; false when the gateway's response was lost, and the same request settles it.
    pub async fn delete(
        &self,
        merchant: &Merchant,
        id: MethodId,
        deadline: Deadline,
    ) -> Result<bool, MethodRefusal> {
        let customer = self.customer_of(merchant, id).await?;
        // Whether the card is stored decides whether there is anything to delete.
        let customer = self.resolve(merchant, customer, id.method, deadline).await?;
        let now = self.clock.now();
        let (customer, stored) = self
            .change(customer, |customer| {
                let route = customer.method(id.method).map(|method| method.route.clone());
                let before = customer.method(id.method).map(|method| method.state);
                let stored = customer.begin_deleting(id.method, now)?;
                let changed = customer.method(id.method).map(|method| method.state) != before;
                Ok((stored.zip(route), changed))
            })
            .await?;
        let Some((stored, route)) = stored else { return Ok(true) };
        let limit = deadline.gateway_limit().ok_or(MethodRefusal::NoEffect(NoEffect::NoTimeLeft))?;
        match self.profiles.delete(merchant, &route, &stored, limit).await {
            ProfileOutcome::Done | ProfileOutcome::Missing => {
                self.change(customer, |customer| {
                    customer.finish_deleting(id.method, now);
                    Ok(((), true))
                })
                .await?;
                Ok(true)
            }
            // It stays on record as being deleted: it is no longer offered, and the request can be
            // repeated.
            ProfileOutcome::Refused => Err(MethodRefusal::Refused),
            ProfileOutcome::NoEffect(reason) => Err(MethodRefusal::NoEffect(reason)),
            ProfileOutcome::Unknown => Ok(false),
        }
    }

    /// Keeps a card that an approved payment stored along the way, under the payment's id. Returns
    /// the entry's id.
    pub async fn keep(
        &self,
        merchant: &Merchant,
        reference: &CustomerReference,
        new: &NewMethod,
    ) -> Result<Uuid, MethodRefusal> {
        let key = CustomerKey::new(&merchant.id, reference);
        let customer = self.customer(&key, reference).await?;
        let now = self.clock.now();
        let (_, id) = self.change(customer, |customer| customer.keep(new.clone(), now)).await?;
        Ok(id)
    }

    async fn customer(
        &self,
        key: &CustomerKey,
        reference: &CustomerReference,
    ) -> Result<Customer, MethodRefusal> {
        let found = self.customers.load(key).await.map_err(MethodRefusal::Store)?;
        Ok(found.unwrap_or_else(|| Customer::new(key.clone(), reference.clone())))
    }

    async fn customer_of(&self, merchant: &Merchant, id: MethodId) -> Result<Customer, MethodRefusal> {
        let key = CustomerKey { merchant: merchant.id.clone(), digest: id.customer };
        let found = self.customers.load(&key).await.map_err(MethodRefusal::Store)?;
        found.ok_or(MethodRefusal::Rejected(MethodRejection::NotFound))
    }

    /// Changes a customer and saves it; after a conflict the change is made to the stored customer.
    /// `change` returns its result, and whether there is anything to save.
    async fn change<T>(
        &self,
        customer: Customer,
        mut change: impl FnMut(&mut Customer) -> Result<(T, bool), MethodRejection>,
    ) -> Result<(Customer, T), MethodRefusal> {
        let mut current = customer;
        for _ in 0..CHANGES_MAX {
            let mut changed = current.clone();
            let (value, is_new) = change(&mut changed)?;
            if !is_new {
                return Ok((current, value));
            }
            let written = self.customers.put(&changed).await;
            changed.version += 1;
            let failure = match written {
                Ok(CustomerWrite::Done) => return Ok((changed, value)),
                Ok(CustomerWrite::Changed) => None,
                Err(error @ StoreError::Unavailable(_)) => Some(error),
                Err(error) => return Err(MethodRefusal::Store(error)),
            };
            // The write may have been done, and only its response lost, or a repeated write found
            // it done.
            let stored = self.customers.load(&current.key).await.map_err(MethodRefusal::Store)?;
            let version = stored.as_ref().map_or(0, |stored| stored.version);
            match (stored, failure) {
                (Some(stored), _) if stored == changed => return Ok((stored, value)),
                (_, Some(why)) if version == current.version => return Err(MethodRefusal::Store(why)),
                (Some(stored), _) => current = stored,
                (None, _) => return Err(MethodRefusal::Contended),
            }
        }
        Err(MethodRefusal::Contended)
    }
}

/// A card that is stored, so that something about it can be changed.
fn may_be_changed(customer: &mut Customer, id: Uuid) -> Result<&mut PaymentMethod, MethodRejection> {
    match customer.listed(id)?.state {
        MethodState::Stored => customer.method_mut(id).ok_or(MethodRejection::NotFound),
        MethodState::Pending { .. } => Err(MethodRejection::InProgress),
        MethodState::Unrecognized => Err(MethodRejection::NewerVersion),
        MethodState::Deleting(_)
        | MethodState::Deleted
        | MethodState::Declined(_)
        | MethodState::NotStored(_) => Err(MethodRejection::NotFound),
    }
}
