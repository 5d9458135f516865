//! A merchant's totals by day, read from the journal in parts: each ends in time, and the memory is that of the totals
//! and one page.

use std::collections::BTreeSet;

use futures_util::{StreamExt, stream};
use jiff::{SignedDuration, Span, Timestamp, civil::Date, tz::TimeZone};
use thiserror::Error;

use crate::{
    journal::{
        DayTotals, ENTRY_SHARDS, EntryLog, EntryPlace, EntryQuery, READ_MAX_BYTES, TotalsStore, day_of,
        sort_of,
    },
    order::MerchantId,
    payments::{StoreError, Unreadable},
    values::ReadOrder,
};

/// Most days of one report: a quarter, so that its lines fit in memory whatever the merchant sells.
pub const DAYS_MAX: i32 = 92;

/// How long after its end a day can still get entries: the journal is seconds behind, and an hour if it was held up.
pub const PROVISIONAL_HOURS: i64 = 1;

/// Days of kept totals that are read at a time.
const DAYS_AT_A_TIME: usize = 8;

/// Entries that are read at a time. A query returns a megabyte at most, which is more of them.
const ENTRIES_AT_A_TIME: usize = 1_000;

/// Why there are no totals of a range.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum BadRange {
    /// It ends before it begins.
    #[error("the range is empty: it must end after it begins")]
    Empty,
    /// It is longer than [`DAYS_MAX`].
    #[error("the range has more than {DAYS_MAX} days")]
    TooLong,
}

/// Moments that totals can be made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TotalsRange {
    since: Timestamp,
    until: Timestamp,
}

impl TotalsRange {
    /// From `since` on and before `until`, over [`DAYS_MAX`] UTC days at most.
    pub fn new(since: Timestamp, until: Timestamp) -> Result<Self, BadRange> {
        let range = Self { since, until };
        if since >= until {
            Err(BadRange::Empty)
        } else if (range.last() - range.first()).get_days() >= DAYS_MAX {
            Err(BadRange::TooLong)
        } else {
            Ok(range)
        }
    }

    /// The UTC day on which the range begins.
    pub fn first(self) -> Date {
        day_of(self.since)
    }

    /// The UTC day of the last moment that is in the range.
    pub fn last(self) -> Date {
        day_of(self.until - SignedDuration::from_nanos(1))
    }
}

/// Where a part ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TotalsPlace {
    shard: u8,
    after: String,
}

/// Totals of a part of a range.
#[derive(Debug)]
pub struct TotalsPart {
    /// What the part has; add it to the earlier ones.
    pub totals: DayTotals,
    /// Entries that are not in the totals, because they cannot be read.
    pub unreadable: Vec<Unreadable>,
    /// Where the next part begins; none at the end.
    pub next: Option<TotalsPlace>,
    /// Bytes of the entries that were read.
    pub read_bytes: usize,
}

/// The next part of a range's totals.
pub async fn part(
    log: &dyn EntryLog,
    merchant: &MerchantId,
    range: TotalsRange,
    after: Option<TotalsPlace>,
) -> Result<TotalsPart, StoreError> {
    let (from, until) = (sort_of(range.since), sort_of(range.until));
    let mut place = after.unwrap_or(TotalsPlace { shard: 0, after: from.clone() });
    let mut found =
        TotalsPart { totals: DayTotals::default(), unreadable: Vec::new(), next: None, read_bytes: 0 };
    while place.shard < ENTRY_SHARDS {
        if found.read_bytes >= READ_MAX_BYTES {
            found.next = Some(place);
            break;
        }
        let query = EntryQuery {
            merchant,
            between: (&place.after, &until),
            order: ReadOrder::OldestFirst,
            limit: ENTRIES_AT_A_TIME,
        };
        let page = log.counted(&EntryPlace::Shard(place.shard), &query).await?;
        found.read_bytes += page.read_bytes;
        for (_, entry) in page.entries {
            match entry {
                Ok(entry) => found.totals.add(entry),
                Err(entry) => found.unreadable.push(entry.item),
            }
        }
        place = match page.next {
            Some(after) => TotalsPlace { after, ..place },
            None => TotalsPlace { shard: place.shard + 1, after: from.clone() },
        };
    }
    Ok(found)
}

/// A merchant's totals of some days, as the schedule keeps them.
#[derive(Debug)]
pub struct DailyTotals {
    /// The sums of all requested days, provisional ones included.
    pub totals: DayTotals,
    /// Sums that are not among them, because they cannot be read. Their days are provisional.
    pub unreadable: Vec<Unreadable>,
    /// Days whose totals can still change.
    pub provisional: BTreeSet<Date>,
    /// Until when all entries are counted, but for late ones; none before the schedule's first run.
    pub reached: Option<Timestamp>,
}

/// A merchant's totals of these days, the last one included.
pub async fn daily(
    store: &dyn TotalsStore,
    merchant: &MerchantId,
    (first, last): (Date, Date),
) -> Result<DailyTotals, StoreError> {
    // In this order: what is counted after it was read makes a day provisional that is not, and never the other way.
    let reached = store.reached().await?;
    let late = store.late_days(merchant, first, last).await?;
    let days = first.series(Span::new().days(1)).take_while(|day| *day <= last);
    let (mut totals, mut provisional) = (DayTotals::default(), BTreeSet::from_iter(late));
    let mut unreadable = Vec::new();
    let mut kept = stream::iter(days)
        .map(|day| async move { store.kept(merchant, day).await.map(|kept| (day, kept)) })
        .buffered(DAYS_AT_A_TIME);
    while let Some(kept) = kept.next().await {
        let (day, kept) = kept?;
        for kept in kept.quarters.into_values() {
            totals.merge(kept.totals);
        }
        if !kept.unreadable.is_empty() || reached.is_none_or(|reached| is_provisional(day, reached)) {
            provisional.insert(day);
        }
        unreadable.extend(kept.unreadable);
    }
    Ok(DailyTotals { totals, unreadable, provisional, reached })
}

/// Whether a day can still get entries.
pub fn is_provisional(day: Date, now: Timestamp) -> bool {
    let ends = day.tomorrow().and_then(|next| next.to_zoned(TimeZone::UTC));
    ends.is_ok_and(|ends| now < ends.timestamp() + SignedDuration::from_hours(PROVISIONAL_HOURS))
}

#[cfg(test)]
mod tests;
