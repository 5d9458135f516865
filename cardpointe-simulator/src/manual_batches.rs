//! Batches that a client opens and closes itself: `openbatch`, `closebatch`.

use serde::{Deserialize, Serialize};

use crate::{
    call::Call,
    config::Merchant,
    fields::Fields,
    reply::Reply,
    settlement::{self, Stage},
    state::RecordState,
    world::World,
};

/// The number of the first such batch, apart from those of the batches that open by themselves.
const FIRST_NUMBER: usize = 2_600_001;

/// A batch that a client opened for one of its accounts.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
struct ManualBatch {
    merchid: String,
    /// The client's own name of the batch, which is not checked.
    batchsource: String,
    batchid: String,
    /// The client did not close it.
    is_open: bool,
}

/// All batches that clients opened, oldest first.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub(crate) struct ManualBatches(Vec<ManualBatch>);

impl ManualBatches {
    fn of<'a>(&'a self, merchid: &'a str, batchsource: &'a str) -> impl Iterator<Item = &'a ManualBatch> {
        self.0.iter().filter(move |batch| batch.merchid == merchid && batch.batchsource == batchsource)
    }

    /// Whether a batch is one of those with this name.
    pub(crate) fn has(&self, merchid: &str, batchsource: &str, batchid: &str) -> bool {
        self.of(merchid, batchsource).any(|batch| batch.batchid == batchid)
    }

    fn close(&mut self, merchid: &str, batchid: &str) {
        let named = |batch: &&mut ManualBatch| batch.merchid == merchid && batch.batchid == batchid;
        if let Some(batch) = self.0.iter_mut().find(named) {
            batch.is_open = false;
        }
    }
}

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
    let batchid = (FIRST_NUMBER + world.manual_batches.0.len()).to_string();
    world.manual_batches.0.push(ManualBatch {
        merchid: merchant.merchid.clone(),
        batchsource: batchsource.to_owned(),
        batchid: batchid.clone(),
        is_open: true,
    });
    done(&batchid)
}

/// Closes and sends the batch with a number, or the account's lowest that is open.
pub(crate) fn close(world: &mut World, merchant: &Merchant, batchid: Option<&str>, call: Call) -> Reply {
    let is_meant = |batch: &&ManualBatch| {
        is_open(world, batch)
            && batch.merchid == merchant.merchid
            && batchid.is_none_or(|batchid| batch.batchid == batchid)
    };
    let found = world.manual_batches.0.iter().find(is_meant).map(|batch| batch.batchid.clone());
    let Some(batchid) = found else { return no_batch() };
    world.manual_batches.close(&merchant.merchid, &batchid);
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
