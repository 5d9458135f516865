//! Customers, counters and the switch.

use async_trait::async_trait;
use tollgate_core::{
    order::MerchantId,
    payments::{
        Attempts, Counts, Effect, Ended, Slot, Stop, StoreError, Switch, SwitchOf, SwitchState, Switches,
    },
    stored_cards::{Customer, CustomerKey, CustomerStore, CustomerWrite},
};

use super::World;

fn unavailable() -> StoreError {
    StoreError::Unavailable("it is down".to_owned())
}

#[async_trait]
impl CustomerStore for World {
    async fn load(&self, key: &CustomerKey) -> Result<Option<Customer>, StoreError> {
        let state = self.state();
        self.faults.works("customer")?;
        Ok(state.customers.get(&key.to_string()).cloned())
    }

    async fn put(&self, customer: &Customer) -> Result<CustomerWrite, StoreError> {
        let mut state = self.state();
        self.faults.works("customer_put")?;
        let key = customer.key.to_string();
        if self.faults.is_contended()
            || state.customers.get(&key).map_or(0, |stored| stored.version) != customer.version
        {
            return Ok(CustomerWrite::Changed);
        }
        state.customers.insert(key, Customer { version: customer.version + 1, ..customer.clone() });
        Ok(CustomerWrite::Done)
    }

    async fn remove(&self, _: &Customer) -> Result<CustomerWrite, StoreError> {
        unreachable!("no route deletes a customer")
    }
}

#[async_trait]
impl Attempts for World {
    async fn begin(&self, counter: &str, slot: Slot) -> Result<Counts, StoreError> {
        let mut state = self.state();
        self.faults.works("begin")?;
        let counts = state.counters.entry(counter.to_owned()).or_default();
        *counts.slots.entry(slot.number).or_default() += 1;
        Ok(counts.clone())
    }

    async fn end(&self, counter: &str, ended: &Ended) -> Result<(), StoreError> {
        let mut state = self.state();
        self.faults.works("end")?;
        let counts = state.counters.get_mut(counter).expect("a counter that an attempt began in");
        match &ended.effect {
            Effect::Declined => *counts.declined.entry(ended.minute).or_default() += 1,
            Effect::Nothing | Effect::Approved(_) => {
                *counts.slots.entry(ended.slot.number).or_default() -= 1;
            }
        }
        if let Effect::Approved(Some(card)) = &ended.effect {
            counts.approved.entry(ended.minute).or_default().insert(card.clone());
        }
        Ok(())
    }
}

#[async_trait]
impl Switch for World {
    async fn stop(&self, merchant: &MerchantId) -> Result<Stop, StoreError> {
        if self.all_stopped().await? {
            return Ok(Stop::All);
        }
        let stopped = self.state().switches.get(merchant).is_some_and(|own| own.stopped);
        Ok(if stopped { Stop::Merchant } else { Stop::None })
    }

    async fn all_stopped(&self) -> Result<bool, StoreError> {
        self.state().stopped.ok_or_else(unavailable)
    }
}

#[async_trait]
impl Switches for World {
    async fn state(&self, of: &SwitchOf) -> Result<SwitchState, StoreError> {
        let SwitchOf::Merchant(merchant) = of else { return Err(unavailable()) };
        self.state().stopped.ok_or_else(unavailable)?;
        Ok(self.state().switches.get(merchant).cloned().unwrap_or_default())
    }

    async fn save(&self, of: &SwitchOf, state: &SwitchState) -> Result<bool, StoreError> {
        let SwitchOf::Merchant(merchant) = of else { return Err(unavailable()) };
        self.state().switches.insert(merchant.clone(), state.clone());
        Ok(true)
    }
}
