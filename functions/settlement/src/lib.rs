//! Settlement: reads the gateway's reports of batches and deposits, and matches them with the
//! journal. Invoked by a schedule.

use std::sync::Arc;

use serde::de::IgnoredAny;
use tollgate_core::{
    payments::Deadline,
    settlement::{Settlement, SettlementReport},
};

/// One run, also while payments are stopped: no money moves. The schedule's event is not needed.
pub async fn handle(settlement: Arc<Settlement>, _event: IgnoredAny, deadline: Deadline) -> SettlementReport {
    settlement.run(deadline).await
}
