//! Erasing a customer: its cards at the gateway first, then, once nothing names them, its item.

use uuid::Uuid;

use super::{MethodRefusal, PaymentMethods};
use crate::{
    order::{CustomerReference, MerchantId},
    payments::{Deadline, Merchant},
    stored_cards::{Customer, CustomerKey, CustomerWrite, MethodId, MethodState, PaymentMethod},
    values::StoredCard,
};

impl PaymentMethods {
    /// A customer with all its cards, deleted ones included, if there is one.
    pub async fn customer_by(
        &self,
        merchant: &MerchantId,
        reference: &CustomerReference,
    ) -> Result<Option<Customer>, MethodRefusal> {
        self.customers.load(&CustomerKey::new(merchant, reference)).await.map_err(MethodRefusal::Store)
    }

    /// Deletes a customer's cards at the gateway, also those of which it is not known whether they
    /// are stored. Returns the customer as it is then, and how many of its cards may still be
    /// there. It can be repeated at any time. `shared` are cards that another customer has stored:
    /// the gateway gives equal cards one profile, so they stay there.
    pub async fn delete_all(
        &self,
        merchant: &Merchant,
        mut customer: Customer,
        shared: &[StoredCard],
        deadline: Deadline,
    ) -> Result<(Customer, usize), MethodRefusal> {
        let (digest, mut left) = (customer.key.digest, 0);
        let ids: Vec<Uuid> = customer.methods.iter().map(|method| method.id).collect();
        for method in ids {
            let id = MethodId { customer: digest, method };
            match self.delete_one(merchant, customer.clone(), id, shared, deadline).await {
                Ok(true) => {}
                Err(error @ (MethodRefusal::Store(_) | MethodRefusal::Contended)) => return Err(error),
                // A card that is left stops no other.
                Ok(false)
                | Err(
                    MethodRefusal::Rejected(_)
                    | MethodRefusal::Refused
                    | MethodRefusal::Unverified
                    | MethodRefusal::NoEffect(_),
                ) => left += 1,
            }
            customer = self.customer_of(merchant, id).await?;
        }
        Ok((customer, left))
    }

    /// Whether the card is at the gateway no more.
    async fn delete_one(
        &self,
        merchant: &Merchant,
        customer: Customer,
        id: MethodId,
        shared: &[StoredCard],
        deadline: Deadline,
    ) -> Result<bool, MethodRefusal> {
        let mut customer = self.resolve(merchant, customer, id.method, deadline).await?;
        if customer.method(id.method).is_some_and(PaymentMethod::may_surface) {
            self.look_again(merchant, customer, id.method, deadline).await?;
            customer = self.customer_of(merchant, id).await?;
        }
        let stored = customer.method(id.method).and_then(|method| method.card.stored.as_ref());
        if stored.is_some_and(|stored| shared.contains(stored)) {
            let now = self.clock.now();
            let finish = |customer: &mut Customer| {
                customer.finish_deleting(id.method, now);
                Ok(((), true))
            };
            self.change(customer, finish).await?;
            return Ok(true);
        }
        match customer.method(id.method).map(|method| method.state) {
            Some(MethodState::Stored | MethodState::Deleting(_)) => self.delete(merchant, id, deadline).await,
            Some(MethodState::Pending { .. } | MethodState::Unrecognized) => Ok(false),
            Some(MethodState::Declined(_) | MethodState::NotStored(_) | MethodState::Deleted) | None => {
                Ok(true)
            }
        }
    }

    /// Deletes a customer of which nothing is left at the gateway. False where something is, or
    /// where another request changed the customer meanwhile.
    pub async fn forget(&self, customer: &Customer) -> Result<bool, MethodRefusal> {
        if !customer.is_finished() {
            return Ok(false);
        }
        let removed = self.customers.remove(customer).await.map_err(MethodRefusal::Store)?;
        Ok(removed == CustomerWrite::Done)
    }
}
