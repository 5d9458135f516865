//! Totals: keeps the totals of each merchant's quarters of an hour. Invoked by a schedule.

use std::sync::Arc;

use serde::de::IgnoredAny;
use tollgate::app::App;
use tollgate_core::{
    journal::keep_totals::{TotalsReport, total_up},
    payments::Deadline,
};

/// One run, also while payments are stopped: no money moves. What the schedule sends says nothing that is needed.
pub async fn handle(app: Arc<App>, _event: IgnoredAny, deadline: Deadline) -> TotalsReport {
    match (&app.entry_log, &app.totals) {
        (Some(log), Some(totals)) => {
            total_up(log.as_ref(), totals.as_ref(), app.clock.as_ref(), deadline).await
        }
        _ => TotalsReport { failed: 1, ..TotalsReport::default() },
    }
}
