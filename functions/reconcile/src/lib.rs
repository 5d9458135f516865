//! Reconcile: find out the outcome of everything in doubt. Invoked by a schedule.

use std::sync::Arc;

use serde::de::IgnoredAny;
use tollgate::ports::{Job, MayRun};
use tollgate_core::payments::{
    Deadline,
    reconcile::{ReconcileLimits, ReconcileReport, reconcile},
};

/// One run. The schedule's event is not needed.
pub async fn handle(
    job: Arc<Job<ReconcileLimits>>,
    _event: IgnoredAny,
    deadline: Deadline,
) -> ReconcileReport {
    match job.may_run().await {
        MayRun::Yes => reconcile(&job.payments, job.merchants.as_ref(), job.settings, deadline).await,
        MayRun::Stopped => ReconcileReport::default(),
        MayRun::Unknown => ReconcileReport { unread_shards: 1, ..ReconcileReport::default() },
    }
}
