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

use jiff::{SignedDuration, Timestamp, civil::Date};

use crate::{order::MerchantId, payments::locked, values::QuarterHour};

/// Partitions of the marks, which several runs at a time divide, and of merchants' days.
pub const MARK_PARTITIONS: u16 = 16;

/// How long a process does not mark a quarter again. By then what was put is marked.
const MARKED_FOR: SignedDuration = SignedDuration::from_mins(1);

/// By how much clocks may differ, together with the time that a write takes: of a mark, or of an
/// order after its decision.
pub(super) const CLOCKS: SignedDuration = SignedDuration::from_mins(1);

/// Merchants' days that a process remembers, in 5.4 MB; in 7.7 MB if ids have 64 characters.
const REMEMBERED_MAX: usize = 50_000;

/// Which part of a full memory is forgotten: one in so many. With one merchant too many, entries
/// that come in turn write this part again; if the oldest were forgotten, they would write it all
/// again.
const FORGOTTEN: usize = 8;

/// A merchant's quarter of an hour, whose totals have to be summed up again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mark {
    pub merchant: MerchantId,
    /// Their quarter of an hour.
    pub quarter: QuarterHour,
    /// When it was marked last, by the clock of the process that did.
    pub at: Timestamp,
}

impl Mark {
    fn of_day(&self) -> (MerchantId, Date) {
        (self.merchant.clone(), self.quarter.day)
    }

    /// Whether a run that began then has read all entries that rely on this mark.
    pub(super) fn is_over(&self, began: Timestamp) -> bool {
        self.at + MARKED_FOR + CLOCKS <= began
    }
}

/// Merchants' days that a process has noted, and the last mark of each. Entries are of now, so the
/// other quarters of a day are not needed. By the time of day: a monotonic clock may stand still
/// while Lambda has the process frozen.
#[derive(Debug, Default)]
pub struct LatelyMarked(Mutex<HashMap<(MerchantId, Date), LastMark>>);

#[derive(Debug)]
struct LastMark {
    quarter: QuarterHour,
    at: Timestamp,
}

impl LatelyMarked {
    /// Whether the process has marked the quarter in the minute before this mark.
    pub fn has(&self, mark: &Mark) -> bool {
        let is_it = |last: &LastMark| {
            last.quarter == mark.quarter && (last.at..last.at + MARKED_FOR).contains(&mark.at)
        };
        locked(&self.0).get(&mark.of_day()).is_some_and(is_it)
    }

    /// Whether the process has noted the day of this mark.
    pub fn has_day(&self, mark: &Mark) -> bool {
        locked(&self.0).contains_key(&mark.of_day())
    }

    /// Remembers a mark that was put, and that its day was noted. A full memory forgets earlier
    /// days, or else a part that is as good as random.
    pub fn remember(&self, mark: &Mark) {
        let (mut lately, of_day) = (locked(&self.0), mark.of_day());
        if lately.len() >= REMEMBERED_MAX && !lately.contains_key(&of_day) {
            lately.retain(|(_, day), _| *day >= mark.quarter.day);
            if lately.len() >= REMEMBERED_MAX {
                let mut places = (0..FORGOTTEN).cycle();
                lately.retain(|_, _| places.next() != Some(0));
            }
        }
        lately.insert(of_day, LastMark { quarter: mark.quarter, at: mark.at });
    }
}

#[cfg(test)]
mod tests;
