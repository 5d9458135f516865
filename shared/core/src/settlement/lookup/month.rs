//! A month that ties out: movements of the journal with the place of their money, beside the
//! deposits that arrived. Each figure is the sum of the rows that have it.

mod account;
mod row;

use std::collections::{BTreeMap, BTreeSet};

use futures_util::{StreamExt, TryStreamExt, stream};
use jiff::{Timestamp, civil::Date};

use self::account::AccountMonth;
pub use self::row::{Figure, MonthRow, RowDeposit, RowKind};
use crate::{
    journal::{
        Entry, EntryLog, TotalsStore,
        read_totals::{Days, Dimension, PeriodTotals, Periods, Selection, read_totals},
    },
    order::MerchantId,
    payments::StoreError,
    settlement::{
        DayRange, DepositStore, LineStore, Progress, expectations,
        facts::store::deposits_of,
        lookup::deposits::{AT_ONCE, latest_entry},
        reading::entries::EntrySpan,
    },
    values::{Currency, SignedAmount, Zone},
    words,
};

/// Most facts of one report. With more, a month comes in parts of whole days, so that each is there
/// within three seconds; a day with more is a part of its own.
pub const MONTH_FACTS_MAX: u64 = 10_000;

/// Makes the report.
#[derive(Clone, Copy)]
pub struct MonthReader<'a> {
    pub totals: &'a dyn TotalsStore,
    pub log: &'a dyn EntryLog,
    pub lines: &'a dyn LineStore,
    pub deposits: &'a dyn DepositStore,
    pub now: Timestamp,
}

/// Which days of whom are wanted.
#[derive(Clone, Copy, Debug)]
pub struct WantedMonth<'a> {
    pub merchant: &'a MerchantId,
    /// The days, by the clocks of the zone.
    pub days: Days,
    pub zone: &'a Zone,
    /// The same days as periods: one for each.
    pub periods: &'a Periods,
    /// The merchant's accounts, as far as their reports were read.
    pub accounts: &'a [Progress],
}

/// The rows of some days, and how far the counted totals agree.
#[derive(Debug)]
pub struct MonthReport {
    /// The days that are reported: the first part of those that were wanted.
    pub days: Days,
    /// All parts of the days that were wanted; one, unless they have too many facts.
    pub parts: Vec<Days>,
    /// By their position.
    pub rows: Vec<MonthRow>,
    /// Money at the gateway as the totals have counted it, by account and currency.
    pub counted: BTreeMap<(String, String), SignedAmount>,
    /// Days up to now whose totals can still change.
    pub provisional: Vec<Date>,
    /// Until when the totals are counted, as [`PeriodTotals`] has it.
    pub complete_until: Option<Timestamp>,
    /// Stored items that cannot be read and are left out.
    pub unreadable: u64,
}

words! {
    /// A check of a month.
    pub enum MonthCheck {
        /// The totals have counted the movements at the gateway.
        Counted => "counted",
        /// The lines of deposits about the movements come to those in a deposit.
        Difference => "difference",
        /// The deposits come to their lines and components.
        DepositsDiffer => "deposits_differ",
    }
}

/// The figures of one account in one currency.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MonthSums {
    /// The gateway account (MID).
    pub account: String,
    /// None where deposits state none, and nothing else tells.
    pub currency: Option<Currency>,
    /// The number of rows that have the figure, and their sum.
    pub figures: BTreeMap<Figure, FigureSum>,
    /// Money at the gateway as the totals have counted it.
    pub counted: SignedAmount,
}

/// One figure: how many rows have it, and their sum in minor units.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FigureSum {
    pub count: u64,
    pub amount: SignedAmount,
}

/// A day's money at the gateway, and the deposits that it became.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MonthDay {
    pub date: Date,
    pub currency: Option<Currency>,
    pub at_gateway: SignedAmount,
    /// By the day of the deposit.
    pub deposits: Vec<DepositOfDay>,
}

/// A day's part of a deposit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DepositOfDay {
    /// The gateway's id of the deposit.
    pub id: String,
    /// The gateway account (MID).
    pub account: String,
    /// The day of the deposit.
    pub date: Date,
    /// The movements of the day that it has.
    pub amount: SignedAmount,
}

impl MonthReader<'_> {
    /// The report of the first part of the days that are wanted.
    pub async fn report(&self, wanted: &WantedMonth<'_>) -> Result<MonthReport, StoreError> {
        let selection = Selection { by: vec![Dimension::Mid], ..Selection::default() };
        let totals = read_totals(self.totals, wanted.merchant, wanted.periods, &selection).await?;
        let counts = facts_by_day(wanted.periods, &totals);
        let parts = parts(wanted.days, &counts);
        let days = parts.first().copied().unwrap_or(wanted.days);
        let reported: BTreeSet<usize> = places(wanted.periods, days).collect();
        let has_begun = |n: &&usize| wanted.periods.all().get(**n).is_some_and(|day| day.begins <= self.now);
        let provisional = reported.intersection(&totals.provisional).filter(has_begun);
        let provisional = provisional.filter_map(|n| day(wanted.periods, *n));
        let mut report = MonthReport {
            days,
            parts,
            rows: Vec::new(),
            counted: counted(&totals, &reported)?,
            provisional: provisional.collect(),
            complete_until: totals.complete_until,
            unreadable: totals.unreadable.len() as u64 + totals.left_out,
        };
        self.add_rows(wanted, &mut report).await?;
        report.rows.sort_by_cached_key(MonthRow::position);
        Ok(report)
    }

    /// The same rows, those of lines with the latest entry of their reference.
    pub async fn look_up(
        &self,
        merchant: &MerchantId,
        rows: Vec<MonthRow>,
    ) -> Result<Vec<MonthRow>, StoreError> {
        let with_entry = |row: MonthRow| async {
            match row.reference.as_ref().filter(|_| row.kind == RowKind::Line) {
                Some(reference) => {
                    let entry = latest_entry(self.log, merchant, reference, self.now).await?;
                    Ok(MonthRow { entry, ..row })
                }
                None => Ok(row),
            }
        };
        stream::iter(rows).map(with_entry).buffered(AT_ONCE).try_collect().await
    }

    async fn add_rows(&self, wanted: &WantedMonth<'_>, report: &mut MonthReport) -> Result<(), StoreError> {
        let mut entries = Vec::new();
        let out_of_range = || StoreError::Corrupt("days beyond all times".to_owned());
        let next = report.days.last.tomorrow().map_err(|_| out_of_range())?;
        let since = wanted.zone.begins(report.days.first).ok_or_else(out_of_range)?;
        let until = wanted.zone.begins(next).ok_or_else(out_of_range)?;
        for span in EntrySpan::of_shards(self.log, wanted.merchant, since, until) {
            span.each(&mut |entry| match entry {
                Some(entry) if entry.at < until => entries.push(entry),
                Some(_) => {}
                None => report.unreadable += 1,
            })
            .await?;
        }
        entries.sort_by_cached_key(Entry::sort);
        let expected = expectations(&entries);
        let days = DayRange { first: report.days.first, last: report.days.last };
        let deposits = deposits_of(self.deposits, wanted.merchant, days).await?;
        report.unreadable += deposits.unreadable.len() as u64;
        let known = wanted.accounts.iter().map(|one| &one.account);
        let used = entries.iter().map(|entry| &entry.account);
        let arrived = deposits.deposits.iter().map(|one| &one.account);
        let accounts: BTreeSet<&String> = known.chain(used).chain(arrived).collect();
        for account in accounts {
            let progress = wanted.accounts.iter().find(|one| one.account == *account);
            let month = AccountMonth {
                reader: self,
                merchant: wanted.merchant,
                account,
                progress,
                days,
                since,
                until,
                entries: &entries,
                expected: &expected,
                deposits: deposits.deposits.iter().filter(|one| one.account == *account).collect(),
            };
            let found = month.rows().await?;
            report.rows.extend(found.rows);
            report.unreadable += found.unreadable;
        }
        Ok(())
    }
}

impl MonthReport {
    /// The figures by account and currency. An error if they cannot be added up.
    pub fn sums(&self) -> Result<Vec<MonthSums>, StoreError> {
        let new = |(account, code): &(String, String)| MonthSums {
            account: account.clone(),
            currency: code.parse().ok(),
            figures: Figure::ALL.iter().map(|figure| (*figure, FigureSum::default())).collect(),
            counted: self.counted.get(&(account.clone(), code.clone())).copied().unwrap_or_default(),
        };
        // Counted movements may have no row: where none can be read.
        let counted = self.counted.iter().filter(|(_, amount)| !amount.is_zero());
        let mut sums: BTreeMap<_, _> = counted.map(|(key, _)| (key.clone(), new(key))).collect();
        for row in &self.rows {
            let code = row.currency.map(Currency::code).unwrap_or_default().to_owned();
            let key = (row.account.clone(), code);
            let own = sums.entry(key.clone()).or_insert_with(|| new(&key));
            for (figure, amount) in &row.amounts {
                let sum = own.figures.entry(*figure).or_default();
                sum.count += 1;
                sum.amount = sum.amount.checked_add(*amount).ok_or_else(too_large)?;
            }
        }
        Ok(sums.into_values().collect())
    }

    /// Each day's money at the gateway with its deposits.
    pub fn by_day(&self, zone: &Zone) -> Result<Vec<MonthDay>, StoreError> {
        let mut days = BTreeMap::<(Date, String), MonthDay>::new();
        for (row, entry) in self.rows.iter().filter_map(|row| Some((row, row.movement()?))) {
            let date = zone.shown(entry.at).date();
            let new = || MonthDay {
                date,
                currency: row.currency,
                at_gateway: SignedAmount::ZERO,
                deposits: Vec::new(),
            };
            let day = days.entry((date, entry.currency.code().to_owned())).or_insert_with(new);
            let own = row.amount(Figure::AtGateway);
            day.at_gateway = day.at_gateway.checked_add(own).ok_or_else(too_large)?;
            let Some(deposit) = row.deposit.as_ref().filter(|_| row.amounts.contains_key(&Figure::InDeposit))
            else {
                continue;
            };
            let amount = row.amount(Figure::InDeposit);
            match day.deposits.iter_mut().find(|one| one.id == deposit.id && one.account == row.account) {
                Some(known) => known.amount = known.amount.checked_add(amount).ok_or_else(too_large)?,
                None => day.deposits.push(DepositOfDay {
                    id: deposit.id.clone(),
                    account: row.account.clone(),
                    date: deposit.day,
                    amount,
                }),
            }
        }
        for day in days.values_mut() {
            day.deposits.sort_by(|one, other| (one.date, &one.id).cmp(&(other.date, &other.id)));
        }
        Ok(days.into_values().collect())
    }
}

impl MonthSums {
    /// The sum of a figure.
    pub fn amount(&self, figure: Figure) -> SignedAmount {
        self.figures.get(&figure).map(|sum| sum.amount).unwrap_or_default()
    }

    /// The checks that fail. With none, the journal, the totals and the deposits agree to the cent.
    pub fn differs(&self) -> Vec<MonthCheck> {
        let fails = |check: &MonthCheck| match check {
            MonthCheck::Counted => self.counted != self.amount(Figure::AtGateway),
            MonthCheck::Difference => !self.amount(Figure::Difference).is_zero(),
            MonthCheck::DepositsDiffer => !self.amount(Figure::DepositsDiffer).is_zero(),
        };
        MonthCheck::ALL.iter().copied().filter(fails).collect()
    }
}

fn too_large() -> StoreError {
    StoreError::Corrupt("figures that cannot be added up".to_owned())
}

/// The day of a period that is one.
fn day(periods: &Periods, place: usize) -> Option<Date> {
    periods.all().get(place)?.name.parse().ok()
}

/// The places of the periods of some days.
fn places(periods: &Periods, days: Days) -> impl Iterator<Item = usize> {
    (0..periods.all().len())
        .filter(move |place| day(periods, *place).is_some_and(|day| days.first <= day && day <= days.last))
}

/// How many facts the totals have counted, by day.
fn facts_by_day(periods: &Periods, totals: &PeriodTotals) -> BTreeMap<Date, u64> {
    let mut counts = BTreeMap::new();
    for row in &totals.rows {
        if let Some(day) = day(periods, row.period) {
            *counts.entry(day).or_default() += row.total.count;
        }
    }
    counts
}

/// The days in parts of no more facts than one report may have.
fn parts(days: Days, counts: &BTreeMap<Date, u64>) -> Vec<Days> {
    let (mut all, mut in_part) = (Vec::<Days>::new(), 0);
    let mut next = Some(days.first);
    while let Some(day) = next.filter(|day| *day <= days.last) {
        next = day.tomorrow().ok();
        let facts = counts.get(&day).copied().unwrap_or_default();
        if let Some(part) = all.last_mut().filter(|_| in_part + facts <= MONTH_FACTS_MAX) {
            part.last = day;
            in_part += facts;
        } else {
            all.push(Days::day(day));
            in_part = facts;
        }
    }
    all
}

/// Money at the gateway by account and currency, in the periods of these places.
fn counted(
    totals: &PeriodTotals,
    places: &BTreeSet<usize>,
) -> Result<BTreeMap<(String, String), SignedAmount>, StoreError> {
    let mut sums = BTreeMap::<_, SignedAmount>::new();
    for row in totals.rows.iter().filter(|row| places.contains(&row.period)) {
        let key = (row.line.mid.clone(), row.line.currency.code().to_owned());
        let sum = sums.entry(key).or_default();
        *sum = sum.checked_add(row.total.changes.gateway).ok_or_else(too_large)?;
    }
    Ok(sums)
}

#[cfg(test)]
mod tests;
