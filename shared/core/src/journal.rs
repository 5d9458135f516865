//! The journal: one entry for each fact that matters to money or to a person, read off an order.
//!
//! Entries state facts and never change. All entries can be read off the order at any later time,
//! so that a journal made again from the table has the same entries, with the same ids.

mod agenda;
mod attention;
mod changes;
mod concern;
mod entry;
mod entry_log;
mod entry_store;
mod facts;
mod fees;
mod holds;
mod keep;
mod keep_totals;
mod listing;
mod marks;
mod movements;
mod pointers;
pub mod read_totals;
mod receipt;
mod retention;
mod see;
mod totals;
mod totals_store;

pub use crate::values::sort_of;
pub use agenda::{AGENDA_PARTS, Agenda, AgendaKeys, AgendaList, AgendaOrder, AgendaPage, AgendaQuery};
pub use attention::{Attention, AttentionReason, attentions};
pub use changes::Changes;
pub use concern::{Concern, Concerned, SettledBy, concerned, concerns, is_in_doubt};
pub use entry::{Entry, Fact};
pub use entry_log::{
    ENTRY_SHARDS, EntryLog, EntryPage, EntryPartition, EntryQuery, LoggedEntry, UnreadableEntry, day_of,
    read_entries,
};
pub use entry_store::{EntryStore, Parked, Put};
pub use facts::entries;
pub use fees::{Fees, fees};
pub use holds::Hold;
pub use keep::{Change, JournalReport, record};
pub use keep_totals::{TotalsReport, sums_of_day, total_up};
pub use listing::{
    AgendaLister, AgendaWanted, AttentionCount, BadRow, COUNTED_MAX, CaptureList, DueSum, DueSums, DueWanted,
    Found, Is, Lister, LookedUp, OrderLister, OrderPredicate, Predicate, READ_MAX_BYTES, Row, UnpaidRow,
    Wanted, WantedOrders, count_attention, due_sums, is_cursor,
};
pub use marks::{LatelyMarked, MARK_PARTITIONS, Mark};
pub use movements::{EntryLister, EntryPredicate, WantedEntries, entries_of};
pub use pointers::{FoundByText, NoSearchKeys, PointedBy, Pointer, SearchKeys, found_by, uncollected};
pub use receipt::{NoReceipt, Receipt, no_receipt, receipt};
pub use retention::Retention;
pub use see::{SeenStatement, see};
pub use totals::{CountedEntry, Total, TotalLine, Totals};
pub use totals_store::{KeptSum, KeptSums, MerchantDay, Reached, SumOf, TotalsStore};

use facts::{first_fact, first_of};
