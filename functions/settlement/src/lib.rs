//! Settlement: reads what the gateway reports of batches and deposits, and matches it with the journal. Invoked by a
//! schedule.

use std::sync::Arc;

use serde::de::IgnoredAny;
use tollgate_core::{
    payments::Deadline,
    settlement::{Settlement, SettlementReport},
};

/// One run, also while payments are stopped: no money moves. What the schedule sends says nothing that is needed.
pub async fn handle(settlement: Arc<Settlement>, _event: IgnoredAny, deadline: Deadline) -> SettlementReport {
    settlement.run(deadline).await
}
