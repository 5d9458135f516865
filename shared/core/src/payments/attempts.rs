//! Slots for shoppers' payments: how many cards can be tried out from one address. A port.
//!
//! A payment takes a slot before it is sent, so that payments sent in parallel count, whichever process they run in. It
//! gives the slot back unless it was declined or its outcome is not known.

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use sha2::{Digest, Sha256};

use crate::{order::MerchantId, payments::StoreError};

/// Hands out slots, counted across all processes.
#[async_trait]
pub trait Attempts: Send + Sync {
    /// Takes one of `limit` slots. False when all of them are taken.
    async fn take(&self, slot: &Slot, limit: u32) -> Result<bool, StoreError>;

    /// Gives back what was taken.
    async fn give_back(&self, slot: &Slot) -> Result<(), StoreError>;
}

/// What payments share a count, within one window of time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Slot {
    /// The merchant, a digest of the source, and the window.
    pub key: String,
    /// When the count can be forgotten.
    pub until: Timestamp,
}

impl Slot {
    /// The count of one source at one merchant, for the hour. The source itself, an address, is not kept.
    pub fn of_source(merchant: &MerchantId, source: &str, now: Timestamp) -> Self {
        let bytes: [u8; 32] = Sha256::digest(format!("{merchant} {source}").as_bytes()).into();
        let digest = bytes.first_chunk().map_or(0, |start| u128::from_be_bytes(*start));
        Self::within(SignedDuration::from_hours(1), &format!("{merchant}#{digest:032x}"), now)
    }

    /// The count of all sources of one merchant, for the minute.
    pub fn of_merchant(merchant: &MerchantId, now: Timestamp) -> Self {
        Self::within(SignedDuration::from_mins(1), &format!("{merchant}#all"), now)
    }

    fn within(window: SignedDuration, what: &str, now: Timestamp) -> Self {
        let number = now.as_second().div_euclid(window.as_secs());
        let ends = Timestamp::from_second((number + 1) * window.as_secs()).unwrap_or(Timestamp::MAX);
        // A while longer than the window: clocks of processes differ.
        let until = ends.checked_add(SignedDuration::from_mins(10)).unwrap_or(Timestamp::MAX);
        Self { key: format!("{what}#{number}"), until }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sources_merchants_and_hours_are_counted_apart_and_no_address_is_kept() {
        let (one, other) = ("1".parse().unwrap(), "2".parse().unwrap());
        let at = |second| Timestamp::from_second(second).unwrap();
        let slot = Slot::of_source(&one, "203.0.113.7", at(7_200));
        assert_eq!(slot, Slot::of_source(&one, "203.0.113.7", at(10_799)));
        assert_eq!(slot.until, at(10_800 + 600));
        for different in [
            Slot::of_source(&one, "203.0.113.8", at(7_200)),
            Slot::of_source(&other, "203.0.113.7", at(7_200)),
            Slot::of_source(&one, "203.0.113.7", at(10_800)),
            Slot::of_merchant(&one, at(7_200)),
        ] {
            assert_ne!(different.key, slot.key);
        }
        assert!(!slot.key.contains("203"), "{}", slot.key);
        assert_ne!(Slot::of_merchant(&one, at(59)).key, Slot::of_merchant(&one, at(60)).key);
    }
}
