//! Totals that are read in parts.

use std::collections::BTreeMap;

use async_trait::async_trait;
use futures_util::FutureExt;
use proptest::prelude::*;

use super::*;
use crate::{
    journal::{
        Changes, CountedEntry, Entry, EntryPage, KeptDay, KeptTotals, LatePage, LateQuarter, LoggedEntry,
        TotalLine, UnreadableEntry,
    },
    values::{Amount, Currency, QuarterHour},
};

const DAY_S: i64 = 86_400;

/// What an entry is counted as here.
const ENTRY_BYTES: usize = 1_000;

/// The journal of one merchant: by shard, what sorts as what.
#[derive(Default)]
struct Journal(BTreeMap<u8, BTreeMap<String, CountedEntry>>);

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_800_057_600 + second).unwrap()
}

fn counted(second: i64, choice: u64) -> CountedEntry {
    let pick = |texts: [&str; 2], bit: u64| texts[usize::from(choice >> bit & 1 == 1)].to_owned();
    let line = TotalLine {
        day: day_of(at(second)),
        currency: pick(["USD", "CAD"], 0).parse().unwrap(),
        operation: pick(["purchase", "refund"], 1),
        fact: pick(["approved", "declined"], 2),
        mid: pick(["1", "2"], 3),
        brand: Some(pick(["Visa", "JCB"], 4)).filter(|_| choice >> 5 & 1 == 1),
    };
    let amount = Amount::new(choice % 1_000).unwrap();
    let change = i64::try_from(choice % 1_000).unwrap();
    let changes =
        Changes { held: -change, paid: change, returned: 2 * change, gateway: 3 - change, fees: 5 * change };
    CountedEntry { at: at(second), line, amount, changes }
}

impl Journal {
    fn new(entries: &[(i64, u64)]) -> Self {
        let mut journal = Self::default();
        for (n, (second, choice)) in entries.iter().enumerate() {
            let entry = counted(*second, *choice);
            let shard = u8::try_from(choice % u64::from(ENTRY_SHARDS)).unwrap();
            let sort = format!("{}#{n:036}", sort_of(at(*second)));
            journal.0.entry(shard).or_default().insert(sort, entry);
        }
        journal
    }
}

/// A journal in pages of this many entries, whatever limit is requested.
struct Paged<'a> {
    journal: &'a Journal,
    page: usize,
}

impl<'a> Paged<'a> {
    fn by(page: usize, journal: &'a Journal) -> Self {
        Self { journal, page }
    }
}

#[async_trait]
impl EntryLog for Paged<'_> {
    async fn entries(&self, _: &EntryPlace, _: &EntryQuery<'_>) -> Result<EntryPage<Entry>, StoreError> {
        unreachable!("totals list nothing")
    }

    async fn logged(&self, _: &EntryPlace, _: &EntryQuery<'_>) -> Result<EntryPage<LoggedEntry>, StoreError> {
        unreachable!("totals list nothing")
    }

    async fn counted(
        &self,
        place: &EntryPlace,
        query: &EntryQuery<'_>,
    ) -> Result<EntryPage<CountedEntry>, StoreError> {
        let EntryPlace::Shard(shard) = place else { unreachable!("totals read everything") };
        let ((after, until), limit) = (query.between, query.limit.min(self.page));
        assert_eq!(query.order, ReadOrder::OldestFirst);
        let Some(there) = self.journal.0.get(shard) else { return Ok(EntryPage::default()) };
        let found = there.iter().filter(|(sort, _)| sort.as_str() > after && sort.as_str() < until);
        let page = found.take(limit).map(|(sort, entry)| (sort.clone(), Ok(entry.clone())));
        let entries: Vec<(String, Result<_, _>)> = page.collect();
        let next = entries.last().filter(|_| entries.len() == limit).map(|(sort, _)| sort.clone());
        Ok(EntryPage { read_bytes: entries.len() * ENTRY_BYTES, entries, next })
    }
}

/// All parts together, how many there were, and the most that one read.
fn all(log: &dyn EntryLog, (since, until): (i64, i64)) -> (DayTotals, usize, usize) {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let (merchant, range) = ("m".parse().unwrap(), TotalsRange::new(at(since), at(until)).unwrap());
    let (mut totals, mut next, mut parts, mut most) = (DayTotals::default(), None, 0, 0);
    loop {
        let part = runtime.block_on(part(log, &merchant, range, next)).unwrap();
        (parts, most) = (parts + 1, most.max(part.read_bytes));
        totals.merge(part.totals);
        next = part.next;
        if next.is_none() {
            return (totals, parts, most);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn any_pages_and_any_split_of_the_entries_give_the_same_totals(
        entries in prop::collection::vec((0..4 * DAY_S, any::<u64>()), 0..80),
        page in 1_usize..20,
        since in 0..2 * DAY_S,
        length in 1..3 * DAY_S,
        split in any::<prop::sample::Index>(),
    ) {
        let until = since + length;
        let journal = Journal::new(&entries);
        let wanted: Vec<CountedEntry> = entries
            .iter()
            .filter(|(second, _)| (since..until).contains(second))
            .map(|(second, choice)| counted(*second, *choice))
            .collect();
        let expected: DayTotals = wanted.iter().cloned().collect();
        let (totals, ..) = all(&Paged::by(page, &journal), (since, until));
        prop_assert_eq!(&totals, &expected);
        let (one, other) = wanted.split_at(split.index(wanted.len() + 1));
        let mut merged: DayTotals = other.iter().rev().cloned().collect();
        merged.merge(one.iter().cloned().collect());
        prop_assert_eq!(&merged, &expected);
        let sum: Changes = wanted.iter().map(|entry| entry.changes).sum();
        prop_assert_eq!(expected.by_day().into_values().sum::<Changes>(), sum);
        prop_assert_eq!(expected.lines().map(|(_, total)| total.count).sum::<u64>(), wanted.len() as u64);
    }
}

#[test]
fn a_part_ends_when_it_has_read_enough_and_the_next_one_goes_on() {
    let entries: Vec<_> = (0..25_000_i64).map(|n| (n * 4, n.unsigned_abs())).collect();
    let journal = Journal::new(&entries);
    let (totals, parts, most) = all(&Paged::by(usize::MAX, &journal), (0, 2 * DAY_S));
    assert_eq!(totals.lines().map(|(_, total)| total.count).sum::<u64>(), 25_000);
    assert!(parts >= 3, "{parts}");
    assert!(most < READ_MAX_BYTES + ENTRIES_AT_A_TIME * ENTRY_BYTES, "{most}");
}

#[test]
fn a_range_has_a_beginning_an_end_and_a_limit() {
    let range = |since, until| TotalsRange::new(at(since), at(until));
    assert_eq!(range(5, 5), Err(BadRange::Empty));
    assert_eq!(range(6, 5), Err(BadRange::Empty));
    let days = i64::from(DAYS_MAX) * DAY_S;
    assert!(range(0, days).is_ok());
    assert_eq!(range(0, days + 1), Err(BadRange::TooLong));
    // At midnight, the day before is the last one.
    let day = range(0, DAY_S).unwrap();
    assert_eq!(day.first(), day.last());
}

#[test]
fn a_day_is_provisional_until_an_hour_after_its_end() {
    let day = day_of(at(0));
    assert!(is_provisional(day, at(DAY_S + 3_599)));
    assert!(!is_provisional(day, at(DAY_S + 3_600)));
}

/// What is kept: until when, which days have late entries, and an entry for each of some days.
struct Kept {
    reached: Option<Timestamp>,
    late: Vec<Date>,
    days: Vec<Date>,
    /// Days of which a quarter cannot be read.
    spoiled: Vec<Date>,
}

#[async_trait]
impl TotalsStore for Kept {
    async fn reached(&self) -> Result<Option<Timestamp>, StoreError> {
        Ok(self.reached)
    }

    async fn reach(&self, _: Timestamp) -> Result<(), StoreError> {
        unreachable!("a report writes nothing")
    }

    async fn merchants(&self, _: Date) -> Result<(Vec<MerchantId>, Vec<Unreadable>), StoreError> {
        unreachable!("a report is of one merchant")
    }

    async fn kept(&self, _: &MerchantId, day: Date) -> Result<KeptDay, StoreError> {
        let first = QuarterHour::first_of(day);
        // The same line in two quarters of an hour.
        let quarters =
            [first, QuarterHour::of(first.ends())].into_iter().filter(|_| self.days.contains(&day));
        let kept = quarters.map(|quarter| {
            let mut totals = DayTotals::default();
            let second = quarter.begins().as_second() - at(0).as_second();
            totals.add(counted(second, 0b10_0000));
            (quarter, KeptTotals { version: 1, totals })
        });
        let spoiled = self.spoiled.iter().filter(|spoiled| **spoiled == day);
        let unreadable = spoiled.map(|day| Unreadable { key: day.to_string(), reason: String::new() });
        Ok(KeptDay { quarters: kept.collect(), unreadable: unreadable.collect() })
    }

    async fn replace(
        &self,
        _: &MerchantId,
        _: QuarterHour,
        _: u64,
        _: &DayTotals,
    ) -> Result<bool, StoreError> {
        unreachable!("a report writes nothing")
    }

    async fn late(&self, _: Option<&str>) -> Result<LatePage, StoreError> {
        unreachable!("a report asks for its own days")
    }

    async fn settle(&self, _: &LateQuarter) -> Result<(), StoreError> {
        unreachable!("a report writes nothing")
    }

    async fn late_days(&self, _: &MerchantId, first: Date, last: Date) -> Result<Vec<Date>, StoreError> {
        Ok(self.late.iter().copied().filter(|day| (first..=last).contains(day)).collect())
    }
}

fn report(store: &Kept, days: (Date, Date)) -> DailyTotals {
    daily(store, &"m".parse().unwrap(), days).now_or_never().unwrap().unwrap()
}

#[test]
fn a_report_has_all_that_is_kept_of_its_days_and_says_which_of_them_can_change() {
    let day = |n: i64| day_of(at(n * DAY_S));
    let reached = |hours: i64| Some(at(4 * DAY_S + hours * 3_600));
    // Far more than are read at a time, one without anything.
    let days: Vec<Date> = (0..20).filter(|n| *n != 2).map(day).collect();
    for (reached, late, provisional) in [
        (reached(1), vec![], vec![4, 5]),
        (reached(0), vec![], vec![3, 4, 5]),
        (reached(48), vec![1, 9], vec![1, 5]),
        (None, vec![], vec![1, 2, 3, 4, 5]),
    ] {
        let late = late.into_iter().map(day).collect();
        let store = Kept { reached, late, days: days.clone(), spoiled: Vec::new() };
        let found = report(&store, (day(1), day(5)));
        assert_eq!(found.reached, reached);
        assert_eq!(found.provisional, provisional.into_iter().map(day).collect(), "{reached:?}");
        let counted: Vec<_> = found.totals.lines().map(|(line, total)| (line.day, total.count)).collect();
        assert_eq!(counted, [1, 3, 4, 5].map(|n| (day(n), 2)));
    }
    let all = Kept { reached: None, late: Vec::new(), days, spoiled: Vec::new() };
    let found = report(&all, (day(0), day(19)));
    assert_eq!((found.totals.lines().count(), found.provisional.len()), (19, 20));
}

#[test]
fn sums_that_cannot_be_read_make_their_day_provisional_and_leave_the_other_days_as_they_are() {
    let day = |n: i64| day_of(at(n * DAY_S));
    let (reached, days) = (Some(at(40 * DAY_S)), (0..9).map(day).collect());
    let store = Kept { reached, late: Vec::new(), days, spoiled: vec![day(3)] };
    let found = report(&store, (day(1), day(5)));
    assert_eq!(found.provisional, BTreeSet::from([day(3)]));
    assert_eq!(
        found.unreadable.iter().map(|item| item.key.clone()).collect::<Vec<_>>(),
        [day(3).to_string()]
    );
    assert_eq!(found.totals.lines().count(), 5);
}

#[test]
fn what_is_added_up_is_what_the_entry_says() {
    let totals: DayTotals =
        [(0, 8), (1, 8), (2, 9)].map(|(second, n)| counted(second, n)).into_iter().collect();
    let shown: Vec<_> =
        totals.lines().map(|(line, total)| (line.currency, total.count, total.amount)).collect();
    assert_eq!(shown, [("CAD".parse().unwrap(), 1, 9), (Currency::USD, 2, 16)]);
    assert_eq!(Currency::USD.signed_decimal(-1_205), "-12.05");
    // As they are kept and read again.
    let again: DayTotals = totals.lines().map(|(line, total)| (line.clone(), *total)).collect();
    assert_eq!(again, totals);
}

/// In each part one entry and one that cannot be read, as large as this.
struct Spoiled(usize);

#[async_trait]
impl EntryLog for Spoiled {
    async fn entries(&self, _: &EntryPlace, _: &EntryQuery<'_>) -> Result<EntryPage<Entry>, StoreError> {
        unreachable!("totals list nothing")
    }

    async fn logged(&self, _: &EntryPlace, _: &EntryQuery<'_>) -> Result<EntryPage<LoggedEntry>, StoreError> {
        unreachable!("totals list nothing")
    }

    async fn counted(
        &self,
        place: &EntryPlace,
        _: &EntryQuery<'_>,
    ) -> Result<EntryPage<CountedEntry>, StoreError> {
        let item = Unreadable { key: format!("{place:?}"), reason: String::new() };
        let bad = UnreadableEntry { sort: "2".to_owned(), order: None, item };
        let entries = vec![("1".to_owned(), Ok(counted(0, 1))), ("2".to_owned(), Err(bad))];
        Ok(EntryPage { entries, next: None, read_bytes: self.0 })
    }
}

#[tokio::test]
async fn what_cannot_be_counted_is_named_and_counts_as_read() {
    let (merchant, range) = ("m".parse().unwrap(), TotalsRange::new(at(0), at(DAY_S)).unwrap());
    let shards = usize::from(ENTRY_SHARDS);
    let read = part(&Spoiled(7), &merchant, range, None).await.unwrap();
    assert_eq!((read.unreadable.len(), read.read_bytes), (shards, shards * 7));
    assert_eq!(read.unreadable[1].key, "Shard(1)");
    // To the byte: a part that has read all that it may begins nothing else.
    for (bytes, parts) in [(READ_MAX_BYTES, 1), (READ_MAX_BYTES - 1, 2)] {
        let read = part(&Spoiled(bytes), &merchant, range, None).await.unwrap();
        assert_eq!((read.unreadable.len(), read.next.is_some()), (parts, true));
    }
}
