//! Scheduled capture: capture authorized payments when they are due. Invoked by a schedule.

use std::sync::Arc;

use tollgate::{
    app::App,
    payments::Deadline,
    scheduled_capture::{Report, Request, capture_due},
};

/// One run.
pub async fn handle(app: Arc<App>, request: Request, deadline: Deadline) -> Report {
    capture_due(&app.payments, app.merchants.as_ref(), request, app.captures, deadline).await
}
