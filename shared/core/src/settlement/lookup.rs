//! Look-ups by people and other use cases: deposits, outstanding money, and one payment's way to
//! the bank.

pub(super) mod batches;
pub(super) mod deposits;
pub(super) mod disputes;
pub(super) mod five_weeks;
mod known_lines;
pub(super) mod month;
pub(super) mod outstanding;
pub(super) mod transaction;
