//! Payments of orders: the method, the amount, the payer, and the outcome.

mod by_card;
mod captured_later;
mod how_much;
mod outcomes;
mod references;
mod who;

use crate::fixture::{declined, registered};
use crate::table::Table;

/// The payment of order `a` by the merchant's key, which the issuer declines: the response is
/// short, and the gateway's call has all that was read.
async fn declines(t: &mut Table) {
    t.prepare(&registered("a", 10_000)).await;
    t.world.answer(declined);
}
