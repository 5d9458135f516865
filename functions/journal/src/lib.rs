//! Journal: movements of money, from the table's stream into the journal.

use tollgate::{dynamodb::orders::stream::StreamEvent, ports::JournalKeeper};
use tollgate_core::journal::{JournalReport, record};

/// One batch of the stream.
pub async fn handle(journal: JournalKeeper, event: StreamEvent) -> JournalReport {
    let JournalKeeper { entries, keys, clock } = journal;
    let heartbeat = event.heartbeat();
    record(entries.as_ref(), keys.as_ref(), event.into_changes(), heartbeat, clock.as_ref()).await
}
