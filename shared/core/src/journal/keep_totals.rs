//! Keeps the totals of each merchant's quarters of an hour: the use case of a schedule.
//!
//! A run sums up the quarters that are [marked](crate::journal::Mark), each from its entries, and
//! replaces their sums as a whole. Nothing is incremented, so a run that dies, comes twice or runs
//! beside another one does no harm, and neither does an entry that comes twice.
//!
//! A day's sum is made of its quarters' sums. Its version is read before they are, and it is
//! replaced after they are. A run that finds a sum replaced meanwhile leaves the day's marks to the
//! next one.
//!
//! Runs also write the heartbeat of the orders' stream, so that reports know how far the journal
//! is: a stream that stands still marks nothing.

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::Range,
    slice,
};

use futures_util::{
    StreamExt,
    future::{join_all, try_join_all},
    stream,
};
use jiff::{Timestamp, civil::Date};
use serde::Serialize;
use tokio::time::timeout;

use crate::{
    journal::{
        EntryLog, EntryPartition, EntryQuery, KeptSum, KeptSums, MARK_PARTITIONS, Mark, SumOf, Totals,
        TotalsStore, sort_of,
    },
    order::MerchantId,
    payments::{Deadline, Share, StoreError, Unreadable},
    values::{Clock, QuarterHour, ReadOrder},
};

/// Merchants' days that are summed up at a time: four queries each, which keep a processor busy.
const DAYS_AT_A_TIME: usize = 8;

/// Entries that are read at a time of each of a merchant's partitions: of all that is summed up at
/// a time, about 50 MB.
const ENTRIES_AT_A_TIME: usize = 1_000;

/// The result of a run, for its log line, its metrics and its caller.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct TotalsReport {
    /// Quarters that were marked.
    pub marked: usize,
    /// Entries that were read.
    pub entries: usize,
    /// Quarters whose totals were written.
    pub quarters: usize,
    /// Merchants' days of which another run wrote a sum meanwhile. They come again.
    pub overtaken: usize,
    /// Merchants' days, or partitions of marks, that could not be read or written. They come again.
    pub failed: usize,
    /// Items that cannot be read: entries, marks, sums. The totals are without them, and say how
    /// many entries they lack.
    pub unreadable: usize,
    /// Whether the time was up before all was done. The next run goes on.
    pub more_left: bool,
    /// The age of the oldest mark that this run had to leave, in seconds; none if it left nothing.
    /// A mark is put again as long as its quarter gets entries.
    pub behind_s: Option<i64>,
}

struct Run<'a> {
    log: &'a dyn EntryLog,
    totals: &'a dyn TotalsStore,
    /// Before the marks were read.
    began: Timestamp,
    deadline: Deadline,
}

/// One piece of work: the marks of a merchant's day.
struct Piece {
    partition: u16,
    merchant: MerchantId,
    day: Date,
    marks: Vec<Mark>,
}

/// Sums up the quarters that are marked, all of them or a share, until the time is up. Of several
/// shares, the first one writes the heartbeat.
pub async fn total_up(
    log: &dyn EntryLog,
    totals: &dyn TotalsStore,
    clock: &dyn Clock,
    part: Option<Share>,
    deadline: Deadline,
) -> TotalsReport {
    let run = Run { log, totals, began: clock.now(), deadline };
    let mut report = TotalsReport::default();
    if part.is_none_or(|part| part.index == 0)
        && let Err(error) = totals.beat(run.began).await
    {
        report.fail("the heartbeat cannot be written", &error);
    }
    let pieces = run.pieces(part, &mut report).await;
    let mut reached: BTreeSet<u16> = pieces.iter().map(|piece| piece.partition).collect();
    let mut done = stream::iter(pieces)
        .map(|piece| async { (run.sum(&piece).await, piece) })
        .buffer_unordered(DAYS_AT_A_TIME);
    while let Some((summed, piece)) = done.next().await {
        if !report.add(summed) {
            reached.remove(&piece.partition);
            let age_s = run.began.duration_since(piece.oldest()).as_secs().max(0);
            report.behind_s = report.behind_s.max(Some(age_s));
        }
    }
    for partition in reached {
        if let Err(error) = totals.reach(partition, run.began).await {
            report.fail("how far totals are cannot be written", &error);
        }
    }
    report.log();
    report
}

impl Run<'_> {
    /// The marks of this run's partitions by merchant and day, the oldest mark first: no merchant
    /// waits for those whose entries never end.
    async fn pieces(&self, part: Option<Share>, report: &mut TotalsReport) -> Vec<Piece> {
        let is_own = |partition: &u16| part.is_none_or(|part| partition % part.of == part.index);
        let own: Vec<u16> = (0..MARK_PARTITIONS).filter(is_own).collect();
        let found = join_all(own.iter().map(|partition| self.totals.marks(*partition))).await;
        let mut pieces: BTreeMap<(MerchantId, Date), Piece> = BTreeMap::new();
        for (partition, found) in own.into_iter().zip(found) {
            let (marks, unreadable) = found.unwrap_or_else(|error| {
                report.fail("marks cannot be read", &error);
                Default::default()
            });
            report.leave_out(&unreadable);
            report.marked += marks.len();
            for mark in marks {
                let (merchant, day) = (mark.merchant.clone(), mark.quarter.day);
                let piece = pieces.entry((merchant.clone(), day));
                let new = || Piece { partition, merchant, day, marks: Vec::new() };
                piece.or_insert_with(new).marks.push(mark);
            }
        }
        let mut pieces: Vec<Piece> = pieces.into_values().collect();
        pieces.sort_by_key(Piece::oldest);
        pieces
    }

    /// Reads the entries of marked quarters, replaces the totals that they change, and deletes the
    /// marks that are over. Where another run was faster, the marks stay; where the time is up,
    /// those of the quarters that were not read.
    async fn sum(&self, piece: &Piece) -> Result<TotalsReport, StoreError> {
        let (Piece { merchant, day, marks, .. }, mut summed) = (piece, TotalsReport::default());
        if !self.deadline.leaves_time_to_respond() {
            return Ok(TotalsReport { more_left: true, ..summed });
        }
        // First the versions, then their entries: a written sum has at least the entries of the sum
        // that it replaces.
        let KeptSums { sums, unreadable } = self.totals.days(merchant, *day, *day).await?;
        summed.leave_out(&unreadable);
        let kept_day = sums.get(day);
        let KeptSums { sums: mut kept, unreadable } = self.totals.quarters(merchant, *day).await?;
        summed.leave_out(&unreadable);
        let span_of_mark = |mark: &Mark| mark.quarter.begins()..mark.quarter.ends();
        let spans: Vec<(Range<Timestamp>, &[Mark])> = if unreadable.is_empty() {
            marks.iter().map(|mark| (span_of_mark(mark), slice::from_ref(mark))).collect()
        } else {
            // The day's sum must not lack a quarter that cannot be read.
            vec![(span_of(*day), marks)]
        };
        let mut done: Vec<&Mark> = Vec::new();
        for (span, own) in spans {
            let counting = count(self.log, merchant, span, usize::MAX, &mut summed);
            let Ok(counted) = timeout(self.deadline.work_limit(), counting).await else {
                summed.more_left = true;
                break;
            };
            for (quarter, totals) in counted? {
                let old = kept.get(&quarter);
                if old.is_some_and(|old| old.totals.as_ref() == Some(&totals)) {
                    continue;
                }
                let version = old.map_or(0, |old| old.version);
                if !self.totals.replace(merchant, SumOf::Quarter(quarter), version, &totals).await? {
                    return Ok(TotalsReport { overtaken: 1, ..summed });
                }
                summed.quarters += 1;
                kept.insert(quarter, KeptSum { version, totals: Some(totals) });
            }
            done.extend(own);
        }
        let sum = Totals::merged(kept.into_values().filter_map(|kept| kept.totals))?;
        let is_kept = kept_day.map_or(sum.is_empty(), |kept| kept.totals.as_ref() == Some(&sum));
        let version = kept_day.map_or(0, |kept| kept.version);
        if !is_kept && !self.totals.replace(merchant, SumOf::Day(*day), version, &sum).await? {
            return Ok(TotalsReport { overtaken: 1, ..summed });
        }
        let over = done.into_iter().filter(|mark| mark.is_over(self.began));
        try_join_all(over.map(|mark| self.totals.settle(mark))).await?;
        Ok(summed)
    }
}

impl Piece {
    fn oldest(&self) -> Timestamp {
        self.marks.iter().map(|mark| mark.at).min().unwrap_or(Timestamp::MAX)
    }
}

fn span_of(day: Date) -> Range<Timestamp> {
    let until = day.tomorrow().map_or(Timestamp::MAX, |next| QuarterHour::first_of(next).begins());
    QuarterHour::first_of(day).begins()..until
}

/// Counts a merchant's entries of a time by quarter, or no page more once there are more than so
/// many. An error if they cannot be added up.
async fn count(
    log: &dyn EntryLog,
    merchant: &MerchantId,
    span: Range<Timestamp>,
    most: usize,
    summed: &mut TotalsReport,
) -> Result<BTreeMap<QuarterHour, Totals>, StoreError> {
    let (since, until) = (sort_of(span.start), sort_of(span.end));
    let mut totals: BTreeMap<QuarterHour, Totals> = BTreeMap::new();
    let mut left: Vec<_> = EntryPartition::all().into_iter().map(|part| (part, since.clone())).collect();
    while !left.is_empty() && summed.entries + summed.unreadable <= most {
        let pages = left.iter().map(|(partition, after)| async {
            let between = (after.as_str(), until.as_str());
            let (order, limit) = (ReadOrder::OldestFirst, ENTRIES_AT_A_TIME);
            log.counted(partition, &EntryQuery { merchant, between, order, limit }).await
        });
        let pages = try_join_all(pages).await?;
        let mut next = Vec::new();
        for ((partition, _), page) in left.into_iter().zip(pages) {
            for (_, entry) in page.entries {
                match entry {
                    Ok(entry) => {
                        summed.entries += 1;
                        totals.entry(QuarterHour::of(entry.at)).or_default().add(entry)?;
                    }
                    Err(entry) => {
                        let at = entry.sort.split('#').next().and_then(|at| at.parse().ok());
                        totals.entry(QuarterHour::of(at.unwrap_or(span.start))).or_default().leave_out(1);
                        summed.leave_out(&[entry.item]);
                    }
                }
            }
            next.extend(page.next.map(|after| (partition, after)));
        }
        left = next;
    }
    Ok(totals)
}

/// The sums of a merchant's entries of a UTC day now, to be compared with the kept ones. Of more
/// entries than so many, not all are read.
pub async fn sums_of_day(
    log: &dyn EntryLog,
    merchant: &MerchantId,
    day: Date,
    most: usize,
) -> Result<BTreeMap<QuarterHour, Totals>, StoreError> {
    count(log, merchant, span_of(day), most, &mut TotalsReport::default()).await
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

    /// Adds the result of a piece of work. Whether all of it is done.
    fn add(&mut self, summed: Result<Self, StoreError>) -> bool {
        match summed {
            Ok(summed) => {
                self.entries += summed.entries;
                self.quarters += summed.quarters;
                self.overtaken += summed.overtaken;
                self.unreadable += summed.unreadable;
                self.more_left |= summed.more_left;
                summed.overtaken == 0 && !summed.more_left
            }
            Err(error) => {
                self.fail("a merchant's day cannot be summed up", &error);
                false
            }
        }
    }

    /// Writes the one log line of the run; none if it found nothing.
    fn log(&self) {
        if *self != Self::default() {
            let Self { marked, entries, quarters, failed, more_left, .. } = self;
            tracing::info!(marked, entries, quarters, failed, more_left, "totals are summed up");
        }
    }
}

#[cfg(test)]
mod tests;
