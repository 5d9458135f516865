//! What is known of a report that was read.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{Timestamp, civil::Date};

use super::line::{LinePlace, UnreadableRow};
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

/// What is known of a report: by it, what the report does not say any more is found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownReport {
    /// Which one.
    pub kind: ReportKind,
    /// The Eastern day.
    pub day: Date,
    /// The batches or deposits that it has, by the gateway's ids. While a run writes them, also those that it had before.
    pub names: BTreeSet<String>,
    /// Where its lines are; while a run writes them, also where they were before.
    pub places: BTreeSet<LinePlace>,
    /// Rows that cannot be read and are in no deposit.
    pub unreadable: Vec<UnreadableRow>,
    /// Since when it says that there is nothing, though it had something before.
    pub empty_since: Option<Timestamp>,
    /// Whether what it changed is still to be matched.
    pub is_unmatched: bool,
    /// Whether what is known of it cannot be read. Until then its day is not read again.
    pub is_unreadable: bool,
}

impl KnownReport {
    /// One that says nothing.
    pub fn new(kind: ReportKind, day: Date) -> Self {
        let (names, places) = (BTreeSet::new(), BTreeSet::new());
        let (unreadable, is_unmatched, is_unreadable) = (Vec::new(), false, false);
        Self { kind, day, names, places, unreadable, empty_since: None, is_unmatched, is_unreadable }
    }
}

/// What is known of an account's reports.
pub(crate) type KnownReports = BTreeMap<(ReportKind, Date), KnownReport>;
