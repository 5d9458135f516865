//! Whether days' sums are those of their entries: days of the last week, and of the year before. A
//! sum that is lost is noticed by nothing else, because nothing marks its day.

use std::collections::BTreeMap;

use futures_util::future::try_join_all;
use jiff::{ToSpan as _, civil::Date};
use tollgate::ports::JournalTotals;
use tollgate_core::{
    journal::{MerchantDay, Totals, day_of, sums_of_day},
    payments::StoreError,
    values::QuarterHour,
};

use super::{Check, Mark};
use crate::{
    failure::Failure,
    installation::{Installation, aws_http_client},
};

/// The most facts of a day of the last week that is summed up anew, and of one of the year before:
/// reading the first takes a few seconds.
const FACTS_MAX: u64 = 20_000;
const SMALL_DAY_FACTS_MAX: u64 = 1_000;

/// Merchants' days that are looked at of the week, and of each month.
const DAYS_MAX: usize = 3;

/// A merchant's day that was summed up anew: its facts, or how its sums differ from them.
type Compared = Result<u64, String>;

/// Nothing where it is not known where the journal is.
pub(super) async fn check(installation: &Installation) -> Option<Check> {
    let what = "totals";
    if installation.deployed.as_ref().is_some_and(|deployed| !deployed.is_on("Journal")) {
        return Some(Check::new(what, Mark::Note, "the journal is switched off (docs/reports.md)"));
    }
    let journal = installation.journal_in(installation.journal_table(None).ok()?);
    let totals = journal.totals(None, &installation.clock, &aws_http_client().ok()?);
    Some(match found(&totals).await {
        Ok((mark, found)) => Check::new(what, mark, found),
        Err(error) => Check::of(what, Err(Failure::Unavailable(format!("the journal's table: {error}")))),
    })
}

async fn found(journal: &JournalTotals) -> Result<(Mark, String), StoreError> {
    // The day that has begun is not whole yet.
    let yesterday = day_of(journal.clock.now()).saturating_sub(1.day());
    let week = yesterday.saturating_sub(1.week());
    // Each day is in one span: the months end before the week, and each before the next one.
    let before_week = week.saturating_sub(1.day());
    let months = (0..12).map(|n| {
        let [before, last] = [n + 1, n].map(|n| before_week.saturating_sub(n.months()));
        sample(journal, before.saturating_add(1.day()), last, SMALL_DAY_FACTS_MAX)
    });
    let mut compared = sample(journal, week, yesterday, FACTS_MAX).await?;
    compared.extend(try_join_all(months).await?.into_iter().flatten());
    let days = compared.len();
    let (same, differ): (Vec<_>, Vec<_>) = compared.into_iter().partition(Result::is_ok);
    Ok(if !differ.is_empty() {
        let differ: Vec<String> = differ.into_iter().filter_map(Result::err).collect();
        let repair = "`tollgate journal rebuild` has them summed up anew";
        (Mark::Bad, format!("{}: {repair}", differ.join("; ")))
    } else if days == 0 {
        (Mark::Note, "no small day of a year has entries that are counted".to_owned())
    } else {
        let facts: u64 = same.into_iter().flatten().sum();
        (Mark::Good, format!("{facts} facts of {days} sampled days are those of their entries"))
    })
}

/// A few merchants' days, of other merchants and from another day on each time.
async fn sample(
    journal: &JournalTotals,
    first: Date,
    last: Date,
    most: u64,
) -> Result<Vec<Compared>, StoreError> {
    let drawn = usize::from(journal.clock.new_id().as_bytes()[0]);
    let span: Vec<Date> = first.series(1.day()).take_while(|day| *day <= last).collect();
    let mut days = journal.totals.sample(span[drawn % span.len()], last).await?;
    if days.is_empty() {
        days = journal.totals.sample(first, last).await?;
    }
    let start = drawn % days.len().max(1);
    days.rotate_left(start);
    let mut compared = Vec::new();
    for day in days.into_iter().take(DAYS_MAX) {
        compared.extend(compare(journal, day, most).await?);
    }
    Ok(compared)
}

/// None where entries are still to be counted, or are too many.
async fn compare(
    journal: &JournalTotals,
    of: MerchantDay,
    most: u64,
) -> Result<Option<Compared>, StoreError> {
    let (JournalTotals { log, totals, .. }, MerchantDay { merchant, day }) = (journal, of);
    let is_marked = !totals.marked(&merchant, day, day).await?.is_empty();
    let kept = totals.days(&merchant, day, day).await?.sums.remove(&day).and_then(|kept| kept.totals);
    let kept = kept.unwrap_or_default();
    if is_marked || facts(&kept) > most {
        return Ok(None);
    }
    let quarters = totals.quarters(&merchant, day).await?.sums.into_iter();
    let quarters: BTreeMap<QuarterHour, Totals> =
        quarters.map(|(quarter, kept)| (quarter, kept.totals.unwrap_or_default())).collect();
    // Where the sum is lost, the first entries say so.
    let most = usize::try_from(facts(&kept)).unwrap_or(usize::MAX);
    let counted = sums_of_day(log.as_ref(), &merchant, day, most).await?;
    let is_same = quarters == counted;
    let (sum, of_quarters) =
        (Totals::merged(counted.into_values())?, Totals::merged(quarters.into_values())?);
    let (found, facts, quarters) = (facts(&sum), facts(&kept), facts(&of_quarters));
    Ok(Some(if is_same && sum == kept {
        Ok(facts)
    } else {
        Err(format!("{day} of {merchant} has {found} facts, its sum {facts}, its quarter-hours {quarters}"))
    }))
}

/// Those that cannot be read included.
fn facts(totals: &Totals) -> u64 {
    totals.lines().map(|(_, total)| total.count).sum::<u64>() + totals.left_out()
}
