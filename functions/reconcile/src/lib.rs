//! Reconcile: find out the outcome of everything in doubt. Invoked by a schedule.

use std::sync::Arc;

use serde::de::IgnoredAny;
use tollgate::app::{App, MayRun};
use tollgate_core::payments::{
    Deadline,
    reconcile::{ReconcileReport, reconcile},
};

/// One run. What the schedule sends says nothing that is needed.
pub async fn handle(app: Arc<App>, _event: IgnoredAny, deadline: Deadline) -> ReconcileReport {
    match app.may_run().await {
        MayRun::Yes => reconcile(&app.payments, app.merchants.as_ref(), app.inquiries, deadline).await,
        MayRun::Stopped => ReconcileReport::default(),
        MayRun::Unknown => ReconcileReport { unread_shards: 1, ..ReconcileReport::default() },
    }
}
