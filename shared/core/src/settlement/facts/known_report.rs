//! A report that was read, as far as known.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{Timestamp, civil::Date};

use super::line::{PackKey, UnreadableRow};
use crate::words;

words! {
    /// Which of the gateway's reports.
    #[derive(PartialOrd, Ord, Hash)]
    pub enum ReportKind {
        /// Of the batches of a day (`settlestat`).
        Batches => "batches",
        /// Of its deposits (`funding`).
        Deposits => "deposits",
    }
}

/// Most missing lines of a batch or deposit that are remembered, so that the item stays small: it
/// is listed again once these are.
pub const MISSING_MAX: usize = 100;

/// A line that is not reported any more.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct MissingLine {
    /// Its batch or deposit, by the gateway's id.
    pub of: String,
    pub reference: String,
}

/// A report, as far as known: by it, lines and deposits are found that the report does not state
/// any more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownReport {
    pub kind: ReportKind,
    /// The Eastern day.
    pub day: Date,
    /// The batches or deposits that it has, by the gateway's ids. While a run writes them, also
    /// those that it had before.
    pub names: BTreeSet<String>,
    /// Where its lines are; while a run writes them, also where they were before.
    pub packs: BTreeSet<PackKey>,
    /// Rows that cannot be read and are in no deposit.
    pub unreadable: Vec<UnreadableRow>,
    /// The lines that it listed, and that no report of its kind lists any more: at most
    /// [`MISSING_MAX`] of each batch or deposit.
    pub missing: Vec<MissingLine>,
    /// Since when it says that there is nothing, though it had something before.
    pub empty_since: Option<Timestamp>,
    /// Whether its changes are still to be matched.
    pub is_unmatched: bool,
    /// Whether the stored item cannot be read. Until it can, the report's day is not read again.
    pub is_unreadable: bool,
}

impl KnownReport {
    /// One that says nothing.
    pub fn new(kind: ReportKind, day: Date) -> Self {
        let (names, packs) = (BTreeSet::new(), BTreeSet::new());
        let (unreadable, missing, empty_since) = (Vec::new(), Vec::new(), None);
        let (is_unmatched, is_unreadable) = (false, false);
        Self { kind, day, names, packs, unreadable, missing, empty_since, is_unmatched, is_unreadable }
    }
}

/// An account's reports, as far as known.
pub(crate) type KnownReports = BTreeMap<(ReportKind, Date), KnownReport>;
