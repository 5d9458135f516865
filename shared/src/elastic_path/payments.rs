//! Payments and follow-ups: requests become intents.

pub(super) mod by_hand;
pub(super) mod follow_up;
pub(super) mod pay;
pub(super) mod proposal;
pub(super) mod surcharge;
