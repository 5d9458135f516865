//! Cards that the gateway stores: changing and deleting them. A port.
//!
//! Every call here can be repeated: it says how a profile is to be, and the second time it is so
//! already.

use std::time::Duration;

use async_trait::async_trait;

use crate::{
    order::{NoEffect, Route},
    payments::Merchant,
    values::{Expiry, StoredCard},
};

/// The outcome of a call about a profile.
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

/// A stored card's new expiry date.
#[derive(Clone, Copy, Debug)]
pub struct Renewal<'a> {
    /// The gateway's token of the card, if it is known.
    pub token: Option<&'a str>,
    /// From when on the card is not valid any more.
    pub expiry: Expiry,
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

    /// Gives a stored card another expiry date.
    async fn set_expiry(
        &self,
        merchant: &Merchant,
        route: &Route,
        stored: &StoredCard,
        renewal: Renewal<'_>,
        limit: Duration,
    ) -> ProfileOutcome;
}
