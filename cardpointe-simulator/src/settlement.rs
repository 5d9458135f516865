//! The batch run, at the push of a button.

use crate::ledger::{Ledger, RecordKind, RecordState};
use crate::record::Origin;
use crate::world::World;

/// How far a settlement run goes.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Stage {
    /// The batch is sent: nothing in it can be changed, and nothing refunded yet.
    Batch,
    /// The processor has accepted it.
    Accepted,
    /// The processor has rejected it.
    Rejected,
}

/// Takes what is captured to a stage; says how many transactions moved.
pub(crate) fn settle(world: &mut World, stage: Stage) -> usize {
    let now = world.now();
    let mut moved = 0;
    for transaction in world.ledger.all_mut() {
        let next = match (transaction.status, stage) {
            (RecordState::Queued, Stage::Batch) => RecordState::BatchSent,
            (RecordState::Queued | RecordState::BatchSent, Stage::Accepted) => RecordState::Accepted,
            (RecordState::Queued | RecordState::BatchSent, Stage::Rejected) => RecordState::Rejected,
            // A refund keeps its state; only its date tells that it has settled.
            (RecordState::Refunded, Stage::Accepted) if transaction.settled_at.is_none() => {
                RecordState::Refunded
            }
            _ => continue,
        };
        transaction.status = next;
        if next != RecordState::BatchSent {
            transaction.settled_at = Some(now);
        }
        transaction.note(now, Origin::Settlement);
        moved += 1;
    }
    close_batches(world);
    moved
}

/// What is captured from now on goes into the next batch.
fn close_batches(world: &mut World) {
    for merchant in world.merchants.clone() {
        let open = world.open_batch(&merchant);
        if has_sent(&world.ledger, &merchant.merchid, &open) {
            world.ledger.close_batch(&merchant.merchid);
        }
    }
}

fn has_sent(ledger: &Ledger, merchid: &str, batchid: &str) -> bool {
    ledger.all().iter().any(|transaction| {
        let queued = transaction.status == RecordState::Queued
            || (transaction.kind == RecordKind::Refund && transaction.settled_at.is_none());
        !queued && transaction.merchid == merchid && transaction.batchid.as_deref() == Some(batchid)
    })
}
