//! The order's rules, each named by the hazard that it keeps out.

mod alone;
pub(in crate::order) mod desk;
mod idempotency;
mod limits;
mod properties;
mod schedule;
mod states;

use desk::{Desk, TOTAL, amount};
