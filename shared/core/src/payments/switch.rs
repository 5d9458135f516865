//! Whether payments are stopped: by an operator for all merchants, or for one merchant by an
//! operator or the merchant. A stop outlives deployments and rollbacks.
//!
//! The switches are stored and not parameters, so a stop takes effect within 15 seconds. If a
//! function cannot read them, it does not pay.

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};

use crate::{
    order::{Attribution, MerchantId},
    payments::StoreError,
};

/// Changes that a switch keeps. Of more, the oldest are in the log only: a stop is never refused
/// for want of room.
pub const SWITCH_CHANGES_MAX: usize = 100;

/// How long a process uses the switches that it has read: a stop is in force everywhere after this
/// time. A read of both switches costs a read unit.
pub const STOP_KEPT: SignedDuration = SignedDuration::from_secs(15);

/// Which payments are stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stop {
    /// None of the merchant's.
    None,
    Merchant,
    /// Those of all merchants.
    All,
}

impl Stop {
    /// Whether nothing may be sent to the gateway that moves the merchant's money.
    pub fn is_on(self) -> bool {
        self != Self::None
    }
}

/// Tells whether payments are stopped. An error means that it cannot be told, which is no
/// permission to go on.
#[async_trait]
pub trait Switch: Send + Sync {
    /// Which switch stops the payments of this merchant, if any. Both are read at once, and every
    /// few seconds only.
    async fn stop(&self, merchant: &MerchantId) -> Result<Stop, StoreError>;

    /// Whether the payments of all merchants are stopped.
    async fn all_stopped(&self) -> Result<bool, StoreError>;
}

/// Whose payments a switch stops.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SwitchOf {
    /// Those of all merchants.
    All,
    Merchant(MerchantId),
}

/// One change of a switch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SwitchChange {
    /// Whether it stopped payments, or let them go on.
    pub stopped: bool,
    /// When it was made.
    pub at: Timestamp,
    /// Who made it, and why.
    pub by: Option<Box<Attribution>>,
    /// Whether the operator made it, and not the merchant: only the operator takes back the
    /// operator's stop.
    pub by_operator: bool,
}

/// A switch: its position, and how it came to it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SwitchState {
    /// Whether payments are stopped.
    pub stopped: bool,
    /// The last changes, the oldest first.
    pub changes: Vec<SwitchChange>,
    /// How often it was changed, ever. It is written only under the number that was read.
    pub version: u64,
}

impl SwitchState {
    /// Whether an operator stopped payments, and nobody else can let them go on.
    pub fn is_held_by_operator(&self) -> bool {
        self.stopped && self.changes.last().is_none_or(|last| last.by_operator)
    }
}

/// Reads and writes switches.
#[async_trait]
pub trait Switches: Send + Sync {
    /// A switch as it is now; as new where it was never changed.
    async fn state(&self, of: &SwitchOf) -> Result<SwitchState, StoreError>;

    /// Stores a switch in its next version. Not if another request was faster.
    async fn save(&self, of: &SwitchOf, state: &SwitchState) -> Result<bool, StoreError>;
}
