//! Marks of quarters of an hour whose entries changed: the one way in which totals learn of
//! entries.
//!
//! The journal marks a quarter after its entries were put, each time that they come. A run sums up
//! each marked quarter from its entries and deletes its mark, unless the mark is young or was put
//! again meanwhile. Why no entry is left out:
//!
//! ```text
//! 0:00          a process has put entries, and puts the mark, of 0:00
//! 0:00 to 1:00  it puts entries and no mark: it relies on that of 0:00
//! from 1:00 on  its entries come with a mark of their own
//! from 2:00 on  a run that begins reads all entries of the first minute, even if the clocks differ
//!               by a minute; it deletes the mark only if that is still the one of 0:00
//! ```

use std::{collections::HashMap, sync::Mutex};

use jiff::{SignedDuration, Timestamp};

use crate::{order::MerchantId, payments::locked, values::QuarterHour};

/// Partitions of the marks: several runs at a time divide them.
pub const MARK_PARTITIONS: u16 = 16;

/// How long a process does not mark a quarter again. By then what was put is marked.
pub(super) const MARKED_FOR: SignedDuration = SignedDuration::from_mins(1);

/// By how much clocks may differ, together with the time that putting a mark takes.
const CLOCKS: SignedDuration = SignedDuration::from_mins(1);

/// Quarters that are remembered as marked. Entries are of now, but for a rebuild.
const REMEMBERED_MAX: usize = 1_000;

/// A merchant's quarter of an hour, whose totals have to be summed up again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mark {
    /// Whose entries.
    pub merchant: MerchantId,
    /// Their quarter of an hour.
    pub quarter: QuarterHour,
    /// When it was marked last, by the clock of the process that did.
    pub at: Timestamp,
}

impl Mark {
    /// Whether a run that began then has read all entries that rely on this mark.
    pub(super) fn is_over(&self, began: Timestamp) -> bool {
        self.at + MARKED_FOR + CLOCKS <= began
    }
}

/// The quarters that a process has marked lately. By the time of day: a monotonic clock may stand
/// still while Lambda has the process frozen.
#[derive(Debug, Default)]
pub struct LatelyMarked(Mutex<HashMap<(MerchantId, QuarterHour), Timestamp>>);

impl LatelyMarked {
    /// Whether the process has marked the quarter in the minute before this mark.
    pub fn has(&self, mark: &Mark) -> bool {
        let lately = locked(&self.0);
        let before = lately.get(&(mark.merchant.clone(), mark.quarter));
        before.is_some_and(|before| (*before..*before + MARKED_FOR).contains(&mark.at))
    }

    /// Remembers a mark that was put.
    pub fn remember(&self, mark: &Mark) {
        let mut lately = locked(&self.0);
        if lately.len() >= REMEMBERED_MAX {
            lately.clear();
        }
        lately.insert((mark.merchant.clone(), mark.quarter), mark.at);
    }
}

#[cfg(test)]
mod tests;
