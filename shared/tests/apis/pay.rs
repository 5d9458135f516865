//! Payments of orders: what is paid with, how much, by whom, and what comes of it.

mod by_card;
mod captured_later;
mod how_much;
mod outcomes;
mod references;
mod who;

use crate::fixture::{declined, registered};
use crate::table::Table;

/// The payment of order `a` by the merchant's key, which the issuer declines: the response is short, and what was sent is
/// all that was read.
async fn declines(t: &mut Table) {
    t.prepare(&registered("a", 10_000)).await;
    t.world.answer(declined);
}
