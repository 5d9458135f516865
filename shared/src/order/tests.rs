//! The order's rules, each named by the hazard that it keeps out.

pub(in crate::order) mod desk;
mod idempotency;
mod limits;
mod properties;
mod states;

use desk::{Desk, TOTAL, amount};
