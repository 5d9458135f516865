//! Keeps the totals of each merchant's quarters of an hour: the use case of a schedule.
//!
//! A quarter is summed up from its entries each time and replaced as a whole, so that a run that
//! dies, comes twice or beside another one does no harm. Each run takes up a little before the
//! point that the last complete one has reached; an entry that comes later than that marks its
//! quarter.
//!
//! A day's sum is made of its quarters' sums. Its version is read before they are, and it is
//! replaced after they are, so the last run that changes a quarter either finds its day as it has
//! to be or replaces it.

use std::collections::BTreeMap;

use futures_util::{Stream, StreamExt, stream};
use jiff::{SignedDuration, Timestamp, civil::Date};
use serde::Serialize;

use crate::{
    journal::{
        EntryLog, EntryPartition, EntryQuery, KeptSum, KeptSums, LateQuarter, SumOf, Totals, TotalsStore,
        day_of, sort_of,
    },
    order::MerchantId,
    payments::{Deadline, StoreError, Unreadable},
    values::{Clock, QuarterHour, ReadOrder},
};

/// How far back a run begins that cannot read the point that the last one reached. Summing up twice
/// gives the same totals.
const SUMMED_AGAIN: SignedDuration = SignedDuration::from_hours(48);

/// How far a run goes back behind the point reached: [`LATE_AFTER`](crate::journal::LATE_AFTER),
/// the minute that putting an entry can take, and four minutes by which clocks may differ.
const OVERLAP: SignedDuration = SignedDuration::from_mins(15);

/// Merchants that are summed up at a time.
const MERCHANTS_AT_A_TIME: usize = 16;

/// Entries that are read at a time.
const ENTRIES_AT_A_TIME: usize = 1_000;

/// How often a piece of work is done again because another run replaced its day's sum meanwhile.
const TRIES: usize = 4;

/// The result of a run, for its log line, its metrics and its caller.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct TotalsReport {
    /// Entries that were read.
    pub entries: usize,
    /// Quarters whose totals were written.
    pub quarters: usize,
    /// Quarters with late entries that were summed up anew.
    pub late: usize,
    /// Quarters and days that another run wrote meanwhile.
    pub overtaken: usize,
    /// Merchants' days, or quarters, that could not be read or written. They come again.
    pub failed: usize,
    /// Items that cannot be read: entries, marks, names of merchants, sums. The totals are without
    /// them.
    pub unreadable: usize,
    /// Whether the time was up before all was done. The next run goes on.
    pub more_left: bool,
    /// How far behind the totals are at the end, in seconds; none if that cannot be read.
    pub behind_s: Option<i64>,
}

struct Run<'a> {
    log: &'a dyn EntryLog,
    totals: &'a dyn TotalsStore,
    deadline: Deadline,
}

/// The result of a piece of work; none if the time was up before it.
type Summed = Option<Result<TotalsReport, StoreError>>;

/// One piece of work: a merchant's entries of a part of a day.
struct Piece {
    merchant: MerchantId,
    day: Date,
    since: Timestamp,
    until: Timestamp,
}

/// Sums up new and late entries, until all are done or the time is up.
pub async fn total_up(
    log: &dyn EntryLog,
    totals: &dyn TotalsStore,
    clock: &dyn Clock,
    deadline: Deadline,
) -> TotalsReport {
    let run = Run { log, totals, deadline };
    let mut report = TotalsReport::default();
    let now = clock.now();
    match run.new_ones(now, &mut report).await {
        Ok(reached) => report.behind_s = Some(now.duration_since(reached).as_secs()),
        Err(error) => report
            .fail("where the last run has ended, or a day's merchants, cannot be read or written", &error),
    }
    if let Err(error) = run.late_ones(&mut report).await {
        report.fail("what came late cannot be read", &error);
    }
    report
}

impl Run<'_> {
    /// Day by day, from the point reached on. Until when all is summed up.
    async fn new_ones(&self, now: Timestamp, report: &mut TotalsReport) -> Result<Timestamp, StoreError> {
        let mut reached = match self.reached(now).await {
            Ok(reached) => reached,
            Err(error) => {
                report.leave_out(&[Unreadable::only(error, "reached")?]);
                now - SUMMED_AGAIN
            }
        };
        let mut since = QuarterHour::of(reached - OVERLAP).begins();
        let mut is_whole = true;
        while since < now && !report.more_left {
            let day = day_of(since);
            let ends = day.tomorrow().map_or(now, |next| QuarterHour::first_of(next).begins()).min(now);
            let failed = report.failed;
            self.day(day, since, ends, report).await?;
            // If a merchant's day cannot be summed up, all merchants are summed up again from
            // there; none waits.
            is_whole &= report.failed == failed && !report.more_left;
            if is_whole {
                reached = ends.max(reached);
                self.totals.reach(reached).await?;
            }
            since = ends;
        }
        Ok(reached)
    }

    /// The point that the last run has reached; before the first run, the day of the oldest
    /// entries.
    async fn reached(&self, now: Timestamp) -> Result<Timestamp, StoreError> {
        if let Some(reached) = self.totals.reached().await? {
            return Ok(reached.min(now));
        }
        let oldest = self.totals.oldest_day().await?;
        Ok(oldest.map_or(now, |day| QuarterHour::first_of(day).begins()).min(now))
    }

    async fn day(
        &self,
        day: Date,
        since: Timestamp,
        until: Timestamp,
        report: &mut TotalsReport,
    ) -> Result<(), StoreError> {
        let (merchants, unreadable) = self.totals.merchants(day).await?;
        report.leave_out(&unreadable);
        let pieces = stream::iter(merchants)
            .map(|merchant| self.in_time(Piece { merchant, day, since, until }))
            .buffer_unordered(MERCHANTS_AT_A_TIME);
        report.add_all(pieces, "a merchant's day cannot be summed up").await;
        Ok(())
    }

    async fn late_ones(&self, report: &mut TotalsReport) -> Result<(), StoreError> {
        let mut after: Option<String> = None;
        // A quarter that cannot be summed up keeps its mark, and the others come all the same.
        while !report.more_left {
            let late = self.totals.late(after.as_deref()).await?;
            report.leave_out(&late.unreadable);
            let pieces = stream::iter(late.quarters).map(|late| self.late_one(late));
            let pieces = pieces.buffer_unordered(MERCHANTS_AT_A_TIME);
            report.add_all(pieces, "a quarter of an hour with late entries cannot be summed up").await;
            after = late.next;
            if after.is_none() {
                break;
            }
        }
        Ok(())
    }

    async fn late_one(&self, late: LateQuarter) -> Summed {
        let quarter = late.quarter;
        let (since, until) = (quarter.begins(), quarter.ends());
        let piece = Piece { merchant: late.merchant.clone(), day: quarter.day, since, until };
        let summed = self.in_time(piece).await?;
        Some(match summed {
            Ok(summed) if summed.overtaken == 0 => {
                self.totals.settle(&late).await.map(|()| TotalsReport { late: 1, ..summed })
            }
            other => other,
        })
    }

    async fn in_time(&self, piece: Piece) -> Summed {
        if self.deadline.leaves_time_to_inquire() { Some(self.sum(piece).await) } else { None }
    }

    /// Reads the entries of a part of a day and replaces the totals that they change.
    async fn sum(&self, piece: Piece) -> Result<TotalsReport, StoreError> {
        let mut summed = TotalsReport::default();
        for n in 1..=TRIES {
            if self.try_to_sum(&piece, &mut summed).await? {
                break;
            }
            summed.overtaken += usize::from(n == TRIES);
        }
        Ok(summed)
    }

    /// The same, once. Whether the day's sum is that of its quarters, as far as this run knows.
    async fn try_to_sum(&self, piece: &Piece, summed: &mut TotalsReport) -> Result<bool, StoreError> {
        let Piece { merchant, day, .. } = piece;
        // First the versions, then their entries: a written sum has at least the entries of the sum
        // that it replaces.
        let KeptSums { sums, unreadable } = self.totals.days(merchant, *day, *day).await?;
        summed.leave_out(&unreadable);
        let kept_day = sums.get(day);
        let KeptSums { sums: mut kept, unreadable } = self.totals.quarters(merchant, *day).await?;
        summed.leave_out(&unreadable);
        // The day's sum must not lack a quarter that cannot be read.
        let whole = Piece::of_day(merchant.clone(), *day);
        let counted = if unreadable.is_empty() { piece } else { &whole };
        for (quarter, totals) in count(self.log, counted, summed).await? {
            let old = kept.get(&quarter);
            if old.is_some_and(|old| old.totals.as_ref() == Some(&totals)) {
                continue;
            }
            let version = old.map_or(0, |old| old.version);
            if self.totals.replace(merchant, SumOf::Quarter(quarter), version, &totals).await? {
                summed.quarters += 1;
            } else {
                summed.overtaken += 1;
            }
            // Also where another run was faster: it finds that the day's sum was replaced, and
            // comes back to it.
            kept.insert(quarter, KeptSum { version, totals: Some(totals) });
        }
        let mut sum = Totals::default();
        kept.into_values().filter_map(|kept| kept.totals).try_for_each(|totals| sum.merge(totals))?;
        let is_kept = match kept_day {
            Some(kept) => kept.totals.as_ref() == Some(&sum),
            None => sum.is_empty(),
        };
        let version = kept_day.map_or(0, |kept| kept.version);
        Ok(is_kept || self.totals.replace(merchant, SumOf::Day(*day), version, &sum).await?)
    }
}

impl Piece {
    fn of_day(merchant: MerchantId, day: Date) -> Self {
        let until = day.tomorrow().map_or(Timestamp::MAX, |next| QuarterHour::first_of(next).begins());
        Self { merchant, day, since: QuarterHour::first_of(day).begins(), until }
    }
}

/// Counts the entries of a piece by quarter. An error if they cannot be added up.
async fn count(
    log: &dyn EntryLog,
    piece: &Piece,
    summed: &mut TotalsReport,
) -> Result<BTreeMap<QuarterHour, Totals>, StoreError> {
    let merchant = &piece.merchant;
    let mut totals: BTreeMap<QuarterHour, Totals> = BTreeMap::new();
    for partition in EntryPartition::all() {
        let (mut after, until) = (sort_of(piece.since), sort_of(piece.until));
        loop {
            let between = (after.as_str(), until.as_str());
            let (order, limit) = (ReadOrder::OldestFirst, ENTRIES_AT_A_TIME);
            let page = log.counted(&partition, &EntryQuery { merchant, between, order, limit }).await?;
            for (_, entry) in page.entries {
                match entry {
                    Ok(entry) => {
                        summed.entries += 1;
                        totals.entry(QuarterHour::of(entry.at)).or_default().add(entry)?;
                    }
                    Err(entry) => summed.leave_out(&[entry.item]),
                }
            }
            let Some(next) = page.next else { break };
            after = next;
        }
    }
    Ok(totals)
}

/// The sum of a merchant's entries of a UTC day now, to be compared with the kept sum. Entries that
/// cannot be read are left out of both.
pub async fn sum_of_day(log: &dyn EntryLog, merchant: &MerchantId, day: Date) -> Result<Totals, StoreError> {
    let piece = Piece::of_day(merchant.clone(), day);
    let mut sum = Totals::default();
    for quarter in count(log, &piece, &mut TotalsReport::default()).await?.into_values() {
        sum.merge(quarter)?;
    }
    Ok(sum)
}

impl TotalsReport {
    fn fail(&mut self, reason: &'static str, error: &StoreError) {
        tracing::error!(%error, reason, "totals cannot be kept, the next run tries again");
        self.failed += 1;
    }

    /// Counts items that cannot be read. The store has logged their keys.
    fn leave_out(&mut self, unreadable: &[Unreadable]) {
        self.unreadable += unreadable.len();
    }

    /// Adds the results of the pieces of work, one after another.
    async fn add_all(&mut self, mut pieces: impl Stream<Item = Summed> + Unpin, failed: &'static str) {
        while let Some(summed) = pieces.next().await {
            match summed {
                Some(Ok(summed)) => {
                    self.entries += summed.entries;
                    self.quarters += summed.quarters;
                    self.late += summed.late;
                    self.overtaken += summed.overtaken;
                    self.unreadable += summed.unreadable;
                }
                Some(Err(error)) => self.fail(failed, &error),
                None => self.more_left = true,
            }
        }
    }
}

#[cfg(test)]
mod tests;
