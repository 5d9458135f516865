//! Reconcile: find out what became of everything in doubt. Invoked by a schedule.

use std::sync::Arc;

use tollgate::{
    app::App,
    payments::Deadline,
    reconcile::{Report, reconcile},
};

/// One run.
pub async fn handle(app: Arc<App>, deadline: Deadline) -> Report {
    reconcile(&app.payments, app.merchants.as_ref(), deadline).await
}
