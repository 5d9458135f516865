//! The port to the customers in the table: each write is conditional, and each call may go wrong.

use std::time::Duration;

use async_trait::async_trait;
use tokio::time::sleep;
use tollgate_core::{
    payments::StoreError,
    stored_cards::{Customer, CustomerKey, CustomerStore, CustomerWrite},
};

use crate::{
    fault::{Call, Fault},
    world::{Instance, World},
};

/// How late a late write arrives at most.
const LATE_MS: u64 = 8_000;

impl World {
    /// One conditional write, as the table does it.
    fn write_customer(&self, customer: &Customer) -> CustomerWrite {
        let mut guard = self.state();
        let state = &mut *guard;
        let name = customer.reference.as_str();
        let stored = state.stored_cards.customer(&customer.key).map_or(0, |stored| stored.version);
        if stored != customer.version {
            self.note(state, format_args!("  conflict on {name}"));
            return CustomerWrite::Changed;
        }
        let states: Vec<_> = customer.methods.iter().map(|method| method.state).collect();
        self.note(state, format_args!("  {name} v{stored}: {states:?}"));
        if let Err(rule) = state.stored_cards.put(customer) {
            self.fail(state, &rule);
        }
        CustomerWrite::Done
    }
}

#[async_trait]
impl CustomerStore for Instance {
    async fn load(&self, key: &CustomerKey) -> Result<Option<Customer>, StoreError> {
        let fault = self.enter(Call::Load, "customer").await;
        if fault == Some(Fault::Error) {
            return Err(unavailable());
        }
        let customer = self.world.state().stored_cards.customer(key);
        self.leave(fault).await;
        Ok(customer)
    }

    async fn put(&self, customer: &Customer) -> Result<CustomerWrite, StoreError> {
        let fault = self.enter(Call::Save, &customer.reference).await;
        match fault {
            Some(Fault::Error) => return Err(unavailable()),
            // Another writer, which changes nothing that matters.
            Some(Fault::OtherWriter) => {
                let stored = self.world.state().stored_cards.customer(&customer.key);
                if let Some(stored) = stored {
                    self.world.write_customer(&stored);
                }
            }
            Some(Fault::LateWrite) => {
                let (world, customer) = (self.world.clone(), customer.clone());
                let delay_ms = 1 + world.state().rng.below(LATE_MS);
                tokio::spawn(async move {
                    sleep(Duration::from_millis(delay_ms)).await;
                    world.step(format_args!("a write of {} arrives late", customer.reference));
                    // Whether it still fits is the condition's business.
                    world.write_customer(&customer);
                });
                return Err(unavailable());
            }
            _ => {}
        }
        let written = self.world.write_customer(customer);
        self.leave(fault).await;
        match fault {
            Some(Fault::ErrorAfter) => Err(unavailable()),
            // The client's own repeat meets its own write.
            Some(Fault::OwnConflict) => Ok(CustomerWrite::Changed),
            _ => Ok(written),
        }
    }

    async fn remove(&self, _: &Customer) -> Result<CustomerWrite, StoreError> {
        unreachable!("no request deletes a customer")
    }
}

fn unavailable() -> StoreError {
    StoreError::Unavailable("simulated".to_owned())
}
