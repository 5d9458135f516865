//! Cards that the gateway stores: what is done to them apart from paying. A port.
//!
//! Every call here can be repeated: it says how a profile is to be, and the second time it is so already.

use std::time::Duration;

use async_trait::async_trait;

use crate::{
    order::{NoEffect, Route},
    payments::Merchant,
    values::{Expiry, StoredCard},
};

/// What a call about a profile came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProfileOutcome {
    /// It was changed or deleted now, or by an earlier call.
    Done,
    /// There is no such profile.
    Missing,
    /// The gateway refuses it, for a reason of its own.
    Refused,
    /// Nothing was done, and it is known.
    NoEffect(NoEffect),
    /// Not known. It is repeated.
    Unknown,
}

/// Changes and deletes stored cards.
#[async_trait]
pub trait Profiles: Send + Sync {
    /// Deletes a stored card, waiting at most `limit`.
    async fn delete(
        &self,
        merchant: &Merchant,
        route: &Route,
        stored: &StoredCard,
        limit: Duration,
    ) -> ProfileOutcome;

    /// Gives a stored card another expiry date. `token` is the gateway's for the card.
    async fn set_expiry(
        &self,
        merchant: &Merchant,
        route: &Route,
        stored: &StoredCard,
        token: Option<&str>,
        expiry: Expiry,
        limit: Duration,
    ) -> ProfileOutcome;
}
