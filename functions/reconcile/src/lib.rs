//! Reconcile: find out what became of everything in doubt. Invoked by a schedule.

use std::sync::Arc;

use serde::de::IgnoredAny;
use tollgate::{
    app::App,
    payments::Deadline,
    reconcile::{Report, reconcile},
};

/// One run. What the schedule sends says nothing that is needed.
pub async fn handle(app: Arc<App>, _event: IgnoredAny, deadline: Deadline) -> Report {
    reconcile(&app.payments, app.merchants.as_ref(), app.inquiries, deadline).await
}
