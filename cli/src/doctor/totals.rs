//! Whether a day's sum is that of its entries.

use jiff::{ToSpan as _, civil::Date};
use tollgate::ports::JournalTotals;
use tollgate_core::{
    journal::{Totals, day_of, sum_of_day},
    order::MerchantId,
    payments::StoreError,
};

use super::{Check, Mark};
use crate::{
    failure::Failure,
    installation::{Installation, aws_http_client},
};

/// The most facts of a day that is summed up anew: reading them takes a few seconds.
const FACTS_MAX: u64 = 20_000;

/// How far back a day is looked for on which something happened.
const DAYS_BACK: usize = 7;

/// Nothing where it is not known where the journal is.
pub(super) async fn check(installation: &Installation) -> Option<Check> {
    let what = "totals";
    if installation.deployed.as_ref().is_some_and(|deployed| !deployed.is_on("Journal")) {
        return Some(Check::new(what, Mark::Note, "the journal is switched off (docs/journal.md)"));
    }
    let journal = installation.journal_in(installation.journal_table(None).ok()?);
    let totals = journal.totals(&installation.clock, &aws_http_client().ok()?);
    Some(match found(&totals).await {
        Ok((mark, found)) => Check::new(what, mark, found),
        Err(error) => Check::of(what, Err(Failure::Unavailable(format!("the journal's table: {error}")))),
    })
}

async fn found(journal: &JournalTotals) -> Result<(Mark, String), StoreError> {
    // The day that has begun is not whole yet.
    let whole = day_of(journal.clock.now()).series((-1).days()).skip(1).take(DAYS_BACK);
    for day in whole {
        if let Some((merchant, kept)) = sum_to_compare(journal, day).await? {
            let facts = facts(&kept);
            let sum = sum_of_day(journal.log.as_ref(), &merchant, day).await?;
            return Ok(if sum == kept {
                (Mark::Good, format!("{facts} facts of {day} of {merchant} are those of its entries"))
            } else {
                let found = self::facts(&sum);
                let repair = "`tollgate journal rebuild` has them summed up anew";
                (Mark::Bad, format!("{day} of {merchant} has {found} facts, its sum {facts}: {repair}"))
            });
        }
    }
    Ok((Mark::Note, format!("no day of the last {DAYS_BACK} has entries that are counted")))
}

/// A merchant with few entries on a day that are all counted, and the sum that is kept of them.
async fn sum_to_compare(
    journal: &JournalTotals,
    day: Date,
) -> Result<Option<(MerchantId, Totals)>, StoreError> {
    let totals = &journal.totals;
    for merchant in totals.merchants(day, day).await?.0 {
        let is_marked = !totals.marked(&merchant, day, day).await?.is_empty();
        let kept = totals.days(&merchant, day, day).await?.sums.remove(&day).and_then(|kept| kept.totals);
        let kept = kept.unwrap_or_default();
        if !is_marked && facts(&kept) <= FACTS_MAX {
            return Ok(Some((merchant, kept)));
        }
    }
    Ok(None)
}

fn facts(totals: &Totals) -> u64 {
    totals.lines().map(|(_, total)| total.count).sum()
}
