//! Totals: keeps the totals of each merchant's quarters of an hour. Invoked by schedules.

use std::sync::Arc;

use serde::Deserialize;
use tollgate::ports::JournalTotals;
use tollgate_core::{
    journal::{TotalsReport, total_up},
    payments::{Deadline, Share},
};

/// The totals that an invocation sums up. Nothing stated: all that are marked.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TotalsRequest {
    /// Only a share of the merchants, so that several invocations divide the work.
    #[serde(default, deserialize_with = "Share::optional")]
    pub part: Option<Share>,
}

/// One run, also while payments are stopped: no money moves.
pub async fn handle(journal: Arc<JournalTotals>, request: TotalsRequest, deadline: Deadline) -> TotalsReport {
    let JournalTotals { log, totals, clock } = journal.as_ref();
    total_up(log.as_ref(), totals.as_ref(), clock.as_ref(), request.part, deadline).await
}
