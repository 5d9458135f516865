//! `openbatch` and `closebatch`, and the batch that a payment goes into.

use crate::{
    call::Call,
    config::Merchant,
    fields::Fields,
    manual_batches::ManualBatch,
    reply::Reply,
    settlement::{self, Stage},
    state::RecordState,
    world::World,
};

/// A run of the gateway's own that sends a part of a batch closes it, too.
fn is_open(world: &World, batch: &ManualBatch) -> bool {
    batch.is_open && !settlement::has_sent(&world.ledger, &batch.merchid, &batch.batchid)
}

/// The batch of a payment: the open one that its request names by `batchsource`, or else the one
/// that the gateway fills by itself.
pub(crate) fn batch_for(world: &World, merchant: &Merchant, fields: &Fields) -> String {
    let batchsource = fields.text_or_empty("batchsource");
    let manual = world.manual_batches.of(&merchant.merchid, &batchsource).find(|batch| is_open(world, batch));
    manual.map_or_else(|| world.open_batch(merchant), |batch| batch.batchid.clone())
}

/// Opens a batch with the client's own name, which it needs.
pub(crate) fn open(world: &mut World, merchant: &Merchant, batchsource: &str) -> Reply {
    if batchsource.is_empty() {
        return no_batch();
    }
    done(&world.manual_batches.open(&merchant.merchid, batchsource))
}

/// Closes and sends the batch with a number, or the account's lowest that is open.
pub(crate) fn close(world: &mut World, merchant: &Merchant, batchid: Option<&str>, call: Call) -> Reply {
    let is_meant = |batch: &&ManualBatch| {
        is_open(world, batch)
            && batch.merchid == merchant.merchid
            && batchid.is_none_or(|batchid| batch.batchid == batchid)
    };
    let found = world.manual_batches.all().find(is_meant).map(|batch| batch.batchid.clone());
    let Some(batchid) = found else { return no_batch() };
    world.manual_batches.close(&batchid);
    world.ledger.change_all(|transaction| {
        transaction.status == RecordState::Queued
            && transaction.merchid == merchant.merchid
            && transaction.batchid.as_deref() == Some(batchid.as_str())
            && settlement::take_to(transaction, Stage::Batch, call.now)
    });
    done(&batchid)
}

fn done(batchid: &str) -> Reply {
    Reply::plain().with("batchid", batchid).with("respcode", "success")
}

fn no_batch() -> Reply {
    Reply::plain().with("batchid", "null").with("respcode", "noBatch")
}
