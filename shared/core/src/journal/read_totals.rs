//! A merchant's totals by periods of a time zone, read from the sums that the schedule keeps.
//!
//! Every zone is a multiple of 15 minutes away from UTC. So a period is a number of kept quarters,
//! and where it has whole UTC days, those have sums of their own.

mod periods;
mod selection;

pub use periods::{BadRange, Days, Interval, Period, Periods};
pub use selection::{Dimension, Selection, TotalRow};

use std::collections::BTreeSet;

use futures_util::{StreamExt, stream};
use jiff::{SignedDuration, Timestamp};

use self::selection::Counted;
use crate::{
    journal::{TotalsStore, day_of, marks::MARKED_FOR},
    order::MerchantId,
    payments::{StoreError, Unreadable},
    values::QuarterHour,
};

/// How long after its end a period can still get entries: the journal is seconds behind, and an
/// hour if it was held up.
pub const PROVISIONAL_HOURS: i64 = 1;

/// Days of kept quarters that are read at a time.
const DAYS_AT_A_TIME: usize = 8;

/// A merchant's totals of some periods, as the schedule keeps them.
#[derive(Debug)]
pub struct PeriodTotals {
    /// Those of all periods, provisional ones included, in their order.
    pub rows: Vec<TotalRow>,
    /// Sums that are not among them, because they cannot be read. Their periods are provisional.
    pub unreadable: Vec<Unreadable>,
    /// Periods whose totals can still change, by their places.
    pub provisional: BTreeSet<usize>,
    /// Until when all entries are counted, but for those of provisional periods; none before the
    /// first run that counts.
    pub complete_until: Option<Timestamp>,
}

/// A merchant's totals of these periods. An error if they cannot be added up.
pub async fn read_totals(
    store: &dyn TotalsStore,
    merchant: &MerchantId,
    periods: &Periods,
    selection: &Selection,
    now: Timestamp,
) -> Result<PeriodTotals, StoreError> {
    let (first, last) = periods.utc_days();
    // Before the sums: what is counted meanwhile makes a period provisional that is not, and never
    // the other way.
    let marked = store.marked(merchant, first, last).await?;
    let (mut unreadable, all_but_marked) = (Vec::new(), now - MARKED_FOR);
    let complete_until = match marked.iter().max() {
        None => Some(all_but_marked),
        Some(newest) => match store.reached(merchant).await {
            Ok(reached) => reached.map(|reached| reached.max(newest.begins())),
            Err(error) => {
                unreadable.push(Unreadable::only(error, "reached")?);
                None
            }
        },
    };
    let can_change = |(place, period): (usize, &Period)| {
        let ends = period.ends + SignedDuration::from_hours(PROVISIONAL_HOURS);
        (complete_until.is_none() || all_but_marked < ends).then_some(place)
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
    Ok(PeriodTotals { rows: counted.rows(), unreadable, provisional, complete_until })
}

#[cfg(test)]
mod tests;
