//! Totals: keeps the totals of each merchant's quarters of an hour. Invoked by a schedule.

use std::sync::Arc;

use serde::de::IgnoredAny;
use tollgate::ports::JournalTotals;
use tollgate_core::{
    journal::{TotalsReport, total_up},
    payments::Deadline,
};

/// One run, also while payments are stopped: no money moves. The schedule's event is not needed.
pub async fn handle(journal: Arc<JournalTotals>, _event: IgnoredAny, deadline: Deadline) -> TotalsReport {
    let JournalTotals { log, totals, clock } = journal.as_ref();
    total_up(log.as_ref(), totals.as_ref(), clock.as_ref(), deadline).await
}
