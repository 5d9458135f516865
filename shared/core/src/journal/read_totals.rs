//! A merchant's totals by periods of a time zone, read from the sums that the schedule keeps.
//!
//! Every zone is a multiple of 15 minutes away from UTC. So a period is a number of kept quarters,
//! and where it has whole UTC days, those have sums of their own.

mod periods;
mod selection;

pub use periods::{BadRange, Days, Interval, Period, Periods};
pub use selection::{Dimension, Selection, TotalRow};

use std::{cmp::Reverse, collections::BTreeSet};

use futures_util::{StreamExt, stream};
use jiff::{SignedDuration, Timestamp};

use self::selection::Counted;
use crate::{
    journal::{Reached, TotalsStore, day_of, marks::CLOCKS},
    order::MerchantId,
    payments::{StoreError, Unreadable},
    values::QuarterHour,
};

/// How long after its end a period can still get entries: one part of the orders' stream may be
/// held up while heartbeats come through another, and a process may write late.
pub const PROVISIONAL_HOURS: i64 = 1;

/// Days of kept quarters that are read at a time.
const DAYS_AT_A_TIME: usize = 8;

/// A merchant's totals of some periods, as the schedule keeps them.
#[derive(Debug)]
pub struct PeriodTotals {
    /// Those of all periods, provisional ones included, in their order.
    pub rows: Vec<TotalRow>,
    /// All of them together, one of each currency, at the place of the first period. A rate is that
    /// of the whole range.
    pub sums: Vec<TotalRow>,
    /// The declined payments of all periods together, one row of each currency and code, the most
    /// frequent first. None if the report does not tell the codes apart.
    pub declines: Option<Vec<TotalRow>>,
    /// Sums that are not among them, because they cannot be read. Their periods are provisional.
    pub unreadable: Vec<Unreadable>,
    /// Entries that the sums lack, because they cannot be read: all of them, regardless of
    /// the selection.
    pub left_out: u64,
    /// Periods whose totals can still change, by their places.
    pub provisional: BTreeSet<usize>,
    /// Until when all entries are counted, but for those of provisional periods; none before the
    /// first run that counts and the first heartbeat that came through the orders' stream.
    pub complete_until: Option<Timestamp>,
}

/// A merchant's totals of these periods. An error if they cannot be added up.
pub async fn read_totals(
    store: &dyn TotalsStore,
    merchant: &MerchantId,
    periods: &Periods,
    selection: &Selection,
) -> Result<PeriodTotals, StoreError> {
    let (first, last) = periods.utc_days();
    // Before the marks, and these before the sums: the entries before a heartbeat are marked, and
    // an entry that is counted meanwhile can make a final period provisional, never the reverse.
    let (mut unreadable, reached) = (Vec::new(), store.reached(merchant).await);
    let Reached { counted, passed } = match reached {
        Ok(reached) => reached,
        Err(error) => {
            unreadable.push(Unreadable::only(error, "reached")?);
            Reached::default()
        }
    };
    let marked = store.marked(merchant, first, last).await?;
    let all_but_marked = passed.map(|heartbeat| heartbeat - CLOCKS);
    let complete_until = match marked.iter().max() {
        None => all_but_marked,
        Some(newest) => {
            all_but_marked.zip(counted).map(|(all, counted)| all.min(counted.max(newest.begins())))
        }
    };
    let can_change = |(place, period): (usize, &Period)| {
        let ends = period.ends + SignedDuration::from_hours(PROVISIONAL_HOURS);
        (complete_until.is_none() || all_but_marked < Some(ends)).then_some(place)
    };
    let mut provisional: BTreeSet<usize> = periods.all().iter().enumerate().filter_map(can_change).collect();
    provisional.extend(marked.into_iter().filter_map(|quarter| periods.of(quarter.begins())));
    let mut counted = Counted::new(selection);
    let (whole, mut in_parts) = periods.whole_days();
    if let (Some((first, _)), Some((last, _))) = (whole.first(), whole.last()) {
        let mut days = store.days(merchant, *first, *last).await?;
        unreadable.append(&mut days.unreadable);
        for (day, period) in whole {
            match days.sums.remove(&day).map(|kept| kept.totals) {
                Some(Some(totals)) => counted.add(period, &totals)?,
                // Its quarters say the same.
                Some(None) => in_parts.push(day),
                None => {}
            }
        }
    }
    let mut quarters = stream::iter(in_parts)
        .map(|day| async move { store.quarters(merchant, day).await.map(|kept| (day, kept)) })
        .buffered(DAYS_AT_A_TIME);
    while let Some(kept) = quarters.next().await {
        let (day, kept) = kept?;
        for (quarter, kept) in &kept.sums {
            let totals = kept.totals.as_ref();
            if let Some((period, totals)) = periods.of(quarter.begins()).zip(totals) {
                counted.add(period, totals)?;
            }
        }
        if !kept.unreadable.is_empty() {
            let begins = QuarterHour::first_of(day).begins();
            provisional.extend(periods.all().iter().enumerate().filter_map(|(place, period)| {
                let touches = day_of(period.begins) <= day && begins < period.ends;
                touches.then_some(place)
            }));
        }
        unreadable.extend(kept.unreadable);
    }
    let Counted { rows, sums, declines, left_out } = counted;
    let (rows, sums) = (rows.finish(), sums.finish());
    let declines = declines.map(|rows| {
        let mut rows = rows.finish();
        rows.retain(|row| row.declined > 0 && row.line.decline.is_some());
        rows.sort_by_key(|row| Reverse(row.declined));
        rows
    });
    Ok(PeriodTotals { rows, sums, declines, unreadable, left_out, provisional, complete_until })
}

#[cfg(test)]
mod tests;
