//! Journal: what happened to money, from the table's stream into the journal.

use std::sync::Arc;

use tollgate::dynamodb::orders::stream::StreamEvent;
use tollgate_core::{
    journal::{EntryStore, JournalReport, record},
    values::Clock,
};

/// One batch of the stream.
pub async fn handle(
    entries: Arc<dyn EntryStore>,
    event: StreamEvent,
    clock: Arc<dyn Clock>,
) -> JournalReport {
    record(entries.as_ref(), event.into_changes(), clock.now()).await
}
