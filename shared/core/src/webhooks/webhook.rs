//! Webhooks: who receives them, when an attempt is repeated, and when a receiver is left alone.
//! Pure.

mod address;
mod health;

use jiff::{SignedDuration, Timestamp};
use secrecy::{SecretSlice, SecretString};
use uuid::Uuid;

pub use address::is_public;
pub use health::{DOWN_AFTER, Health, SLOW};

use crate::{order::MerchantId, values::text::checked_text};

/// How long a delivery is repeated. After that it is parked until a person replays it.
pub const REPEATED_FOR: SignedDuration = SignedDuration::from_hours(72);

/// The longest wait that a receiver can request.
pub const RETRY_AFTER_MAX: SignedDuration = SignedDuration::from_hours(1);

/// The wait after the first failure, the second, and so on; the last one holds for all that follow.
const DELAYS: [SignedDuration; 7] = [
    SignedDuration::from_mins(1),
    SignedDuration::from_mins(5),
    SignedDuration::from_mins(30),
    SignedDuration::from_hours(2),
    SignedDuration::from_hours(5),
    SignedDuration::from_hours(10),
    SignedDuration::from_hours(12),
];

checked_text! {
    /// A receiver's name within its merchant: up to 64 letters, digits, `-` and `_`.
    #[derive(PartialOrd, Ord, Hash)]
    ReceiverId, NotAReceiverId, |text| {
        let fits = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
        let is_id = (1..=64).contains(&text.len()) && text.bytes().all(fits);
        if is_id { Ok(text) } else { Err(NotAReceiverId) }
    }
}

/// Why a text names no receiver.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a receiver's id has 1 to 64 letters, digits, - or _")]
pub struct NotAReceiverId;

/// A receiver among all merchants'. Written as `merchant#receiver`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ReceiverKey {
    /// The merchant that the receiver belongs to.
    pub merchant: MerchantId,
    /// The receiver's name, unique within its merchant.
    pub receiver: ReceiverId,
}

impl std::fmt::Display for ReceiverKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}#{}", self.merchant, self.receiver)
    }
}

/// Where a merchant's events are sent. `Debug` shows no secret.
#[derive(Clone, Debug)]
pub struct Receiver {
    /// Its name, unique within its merchant.
    pub id: ReceiverId,
    /// The URL that messages are posted to.
    pub url: String,
    /// The format of messages to it.
    pub format: MessageFormat,
    /// The types of events that it gets. Empty: all.
    pub kinds: Vec<String>,
    /// Whether nothing is sent to it for now. Events meanwhile are not kept for it.
    pub is_disabled: bool,
}

/// The format of messages to a receiver, and the secrets that prove their origin. A stored delivery
/// does not depend on the format.
#[derive(Clone, Debug)]
pub enum MessageFormat {
    /// The event itself, signed as the Standard Webhooks specification says.
    Standard {
        /// Keys of the signatures, decoded: one, or two while one replaces the other.
        secrets: Vec<Secret>,
        /// A shared secret besides, sent as `X-MOLTIN-SECRET-KEY`.
        secret_key: Option<SecretString>,
    },
    /// The event as Elastic Path sends its own, without a signature.
    ElasticPath {
        /// The shared secret, sent as `X-MOLTIN-SECRET-KEY`.
        secret_key: SecretString,
    },
}

/// A receiver as a document named it when it was last read, without address and secrets. While the
/// document is missing or cannot be read, it says for whom events wait.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownReceiver {
    /// Which receiver it is.
    pub key: ReceiverKey,
    /// The types of events that it gets. Empty: all.
    pub kinds: Vec<String>,
    /// Whether it gets nothing for now.
    pub is_disabled: bool,
    /// Since when a readable document names it no more. Its deliveries are deleted.
    pub left_at: Option<Timestamp>,
}

impl KnownReceiver {
    /// The note of a receiver that a document names.
    pub fn new(merchant: &MerchantId, receiver: &Receiver) -> Self {
        let key = ReceiverKey { merchant: merchant.clone(), receiver: receiver.id.clone() };
        Self { key, kinds: receiver.kinds.clone(), is_disabled: receiver.is_disabled, left_at: None }
    }

    /// Whether events of this type wait for it.
    pub fn wants(&self, kind: &str) -> bool {
        let is_of_its_kinds = self.kinds.is_empty() || self.kinds.iter().any(|own| own == kind);
        self.left_at.is_none() && !self.is_disabled && is_of_its_kinds
    }
}

/// The bytes of a signature's key, decoded.
pub type Secret = SecretSlice<u8>;

/// An event on its way to one receiver.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// The one receiver that it is for.
    pub to: ReceiverKey,
    /// The event's id, which is the message's at every attempt.
    pub event: Uuid,
    /// When the event happened.
    pub at: Timestamp,
    /// The event's type, such as `order.paid`.
    pub kind: String,
    /// The body as sent, byte for byte.
    pub body: String,
    /// How many attempts failed, which decides the wait before the next one.
    pub failures: u32,
    /// When it began to wait. None while its first attempt is under way.
    pub since: Option<Timestamp>,
}

impl Delivery {
    /// When it is tried again after a failed attempt that ended at this moment, after which the
    /// receiver wants to be left alone for so long. None: not until a person replays it.
    pub fn next_attempt_at(&self, now: Timestamp, wait: SignedDuration) -> Option<Timestamp> {
        let since = self.since.unwrap_or(now);
        if self.is_over(now) {
            return None;
        }
        let last = DELAYS.len() - 1;
        let delay =
            DELAYS[usize::try_from(self.failures).unwrap_or(last).min(last)].max(wait.min(RETRY_AFTER_MAX));
        // The last attempt is at the end of the three days, not up to half a day before it.
        Some(plus(now, delay).min(plus(since, REPEATED_FOR)))
    }

    /// Whether its three days have passed.
    pub fn is_over(&self, now: Timestamp) -> bool {
        self.since.is_some_and(|since| now >= plus(since, REPEATED_FOR))
    }
}

/// A moment later; the end of time is not passed.
fn plus(at: Timestamp, by: SignedDuration) -> Timestamp {
    at.checked_add(by).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests;
