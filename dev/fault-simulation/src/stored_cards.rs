//! Stored cards, of which there are none here.

use std::time::Duration;

use async_trait::async_trait;
use tollgate::{
    card::{Expiry, StoredCard},
    customers::{CustomerStore, Written},
    merchants::Merchant,
    operation::Route,
    outcome::NoEffect,
    payment_method::{Customer, CustomerKey},
    profiles::{ProfileOutcome, Profiles},
    store::StoreError,
};

/// A table that is not available.
pub(crate) struct NoCustomers;

#[async_trait]
impl CustomerStore for NoCustomers {
    async fn load(&self, _key: &CustomerKey) -> Result<Option<Customer>, StoreError> {
        Err(StoreError::Unavailable("there are no customers here".to_owned()))
    }

    async fn put(&self, _customer: &Customer) -> Result<Written, StoreError> {
        Err(StoreError::Unavailable("there are no customers here".to_owned()))
    }
}

/// A gateway without stored cards.
pub(crate) struct NoProfiles;

#[async_trait]
impl Profiles for NoProfiles {
    async fn delete(&self, _: &Merchant, _: &Route, _: &StoredCard, _: Duration) -> ProfileOutcome {
        ProfileOutcome::NoEffect(NoEffect::Unreachable)
    }

    async fn set_expiry(
        &self,
        _: &Merchant,
        _: &Route,
        _: &StoredCard,
        _: Option<&str>,
        _: Expiry,
        _: Duration,
    ) -> ProfileOutcome {
        ProfileOutcome::NoEffect(NoEffect::Unreachable)
    }
}
