//! The batches that clients opened themselves.

use serde::{Deserialize, Serialize};

/// The number of the first such batch, apart from those of the batches that open by themselves.
const FIRST_NUMBER: usize = 2_600_001;

/// A batch that a client opened for one of its accounts.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub(crate) struct ManualBatch {
    pub(crate) merchid: String,
    /// The client's own name of the batch, which is not checked.
    batchsource: String,
    pub(crate) batchid: String,
    /// The client did not close it.
    pub(crate) is_open: bool,
}

/// All batches that clients opened, oldest first.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub(crate) struct ManualBatches(Vec<ManualBatch>);

impl ManualBatches {
    pub(crate) fn all(&self) -> impl Iterator<Item = &ManualBatch> {
        self.0.iter()
    }

    /// The batches of an account under a client's own name.
    pub(crate) fn of<'a>(
        &'a self,
        merchid: &'a str,
        batchsource: &'a str,
    ) -> impl Iterator<Item = &'a ManualBatch> {
        self.0.iter().filter(move |batch| batch.merchid == merchid && batch.batchsource == batchsource)
    }

    /// Whether a batch is one of those with this name.
    pub(crate) fn has(&self, merchid: &str, batchsource: &str, batchid: &str) -> bool {
        self.of(merchid, batchsource).any(|batch| batch.batchid == batchid)
    }

    /// Opens a batch and returns its number.
    pub(crate) fn open(&mut self, merchid: &str, batchsource: &str) -> String {
        let batchid = (FIRST_NUMBER + self.0.len()).to_string();
        self.0.push(ManualBatch {
            merchid: merchid.to_owned(),
            batchsource: batchsource.to_owned(),
            batchid: batchid.clone(),
            is_open: true,
        });
        batchid
    }

    pub(crate) fn close(&mut self, batchid: &str) {
        if let Some(batch) = self.0.iter_mut().find(|batch| batch.batchid == batchid) {
            batch.is_open = false;
        }
    }
}
