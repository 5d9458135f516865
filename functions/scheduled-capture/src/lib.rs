//! Scheduled capture: capture authorized payments when they are due. Invoked by a schedule.

use std::sync::Arc;

use tollgate::app::{App, MayRun};
use tollgate_core::payments::{
    Deadline,
    scheduled_capture::{CaptureReport, CaptureRequest, capture_due},
};

/// One run of the schedule: captures what is due, until the deadline.
pub async fn handle(app: Arc<App>, request: CaptureRequest, deadline: Deadline) -> CaptureReport {
    let may_run = if request.dry_run { MayRun::Yes } else { app.may_run().await };
    match may_run {
        MayRun::Yes => {
            capture_due(&app.payments, app.merchants.as_ref(), request, app.captures, deadline).await
        }
        MayRun::Stopped => CaptureReport::default(),
        MayRun::Unknown => CaptureReport { failed: 1, ..CaptureReport::default() },
    }
}
