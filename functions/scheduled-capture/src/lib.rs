//! Scheduled capture: capture authorized payments when they are due. Invoked by a schedule.

use std::sync::Arc;

use tollgate::ports::{Job, MayRun};
use tollgate_core::payments::{
    CaptureReport, CaptureRequest, CaptureSettings, CaptureSources, Deadline, capture_due,
};

/// One run of the schedule: makes the due captures, until the deadline.
pub async fn handle(
    job: Arc<Job<CaptureSettings>>,
    request: CaptureRequest,
    deadline: Deadline,
) -> CaptureReport {
    let may_run = if request.dry_run { MayRun::Yes } else { job.may_run().await };
    match may_run {
        MayRun::Yes => {
            let sources = CaptureSources { merchants: job.merchants.as_ref(), switch: job.switch.as_ref() };
            capture_due(&job.payments, sources, request, job.settings, deadline).await
        }
        MayRun::Stopped => CaptureReport::default(),
        MayRun::Unknown => CaptureReport { failed: 1, ..CaptureReport::default() },
    }
}
