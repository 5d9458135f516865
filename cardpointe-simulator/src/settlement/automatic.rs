//! Batches that are sent by themselves at an account's cut-off, and answered some time later.

use jiff::{SignedDuration, Timestamp, ToSpan};

use super::{ending, take_to};
use crate::{
    calendar::{self, eastern_moment},
    config::Merchant,
    settings::ReportZone,
    settlement::{Stage, close_batches},
    state::RecordState,
    transaction::Transaction,
    world::World,
};

/// Does the work that was due by now: sends each account's queue at the first cut-off after it was
/// captured, and ends batches whose time has come. Times are those at which it was due, however
/// late this runs.
pub(crate) fn run_due(world: &mut World) {
    let now = world.now();
    let is_automatic = |merchant: &&Merchant| merchant.settings.reports.automatic_batches;
    let merchants: Vec<Merchant> = world.merchants.iter().filter(is_automatic).cloned().collect();
    for merchant in merchants {
        while let Some(cutoff) = next_cutoff(world, &merchant).filter(|cutoff| *cutoff <= now) {
            send(world, &merchant, cutoff);
            close_batches(world);
        }
        answer(world, &merchant, now);
    }
}

fn queued_at(transaction: &Transaction) -> Timestamp {
    transaction.captured_at.unwrap_or(transaction.authorized_at)
}

/// The first cut-off at or after the account's oldest capture that still waits.
fn next_cutoff(world: &World, merchant: &Merchant) -> Option<Timestamp> {
    let oldest = world.ledger.all().iter().filter(|one| waits(one, merchant)).map(queued_at).min()?;
    let day = calendar::day(oldest, ReportZone::Eastern);
    let minute = merchant.settings.reports.cutoff_minute;
    let of_day = eastern_moment(day, minute).filter(|cutoff| *cutoff >= oldest);
    of_day.or_else(|| eastern_moment(day.checked_add(1.day()).ok()?, minute))
}

fn waits(transaction: &Transaction, merchant: &Merchant) -> bool {
    transaction.status == RecordState::Queued && transaction.merchid == merchant.merchid
}

fn send(world: &mut World, merchant: &Merchant, cutoff: Timestamp) {
    world.ledger.change_all(|transaction| {
        let is_due = waits(transaction, merchant) && queued_at(transaction) <= cutoff;
        is_due && take_to(transaction, Stage::Batch, cutoff)
    });
}

/// Ends the batches that were sent long enough ago.
fn answer(world: &mut World, merchant: &Merchant, now: Timestamp) {
    let takes = SignedDuration::from_mins(i64::from(merchant.settings.reports.batch_takes_min));
    world.ledger.change_all(|transaction| {
        let is_sent = transaction.status == RecordState::BatchSent && transaction.merchid == merchant.merchid;
        let due = transaction.batched_at.and_then(|sent| sent.checked_add(takes).ok());
        let stage = ending(merchant.settings, transaction.kind);
        due.is_some_and(|due| is_sent && due <= now && take_to(transaction, stage, due))
    });
}
