//! What people and other use cases look up: deposits, what has not arrived, and one payment's way to the bank.

pub(super) mod deposits;
pub(super) mod disputes;
pub(super) mod outstanding;
pub(super) mod transaction;
