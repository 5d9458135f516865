//! The order's rules, each named by the hazard that it keeps out.

mod at_shop;
mod attribution;
pub(in crate::order) mod fixture;
mod idempotency;
mod journal;
mod limits;
mod pause;
mod possible;
mod properties;
mod reauthorize;
mod references;
mod schedule;
mod seen;
mod shown;
mod standalone;
mod states;

use fixture::{Fixture, TOTAL, amount};
