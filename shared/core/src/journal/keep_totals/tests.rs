//! Totals that are kept while entries come in time, late and while a run is under way.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, MutexGuard},
    time::Duration,
};

use async_trait::async_trait;
use proptest::prelude::*;
use tokio::time::sleep;
use uuid::Uuid;

use super::*;
use crate::{
    journal::{
        Changes, CountedEntry, ENTRY_SHARDS, Entry, EntryPage, LatePage, LoggedEntry, TotalLine,
        UnreadableEntry,
    },
    values::{Amount, Currency, SignedAmount},
};

/// The age of an entry that comes late.
const LATE_S: i64 = 50_000;

/// Entries that a page has.
const PAGE: usize = 2;

#[derive(Default)]
struct State {
    entries: BTreeMap<(MerchantId, u8), BTreeMap<String, CountedEntry>>,
    kept: BTreeMap<(MerchantId, SumOf), KeptSum>,
    /// Items that cannot be read, in every read.
    unreadable: Vec<Unreadable>,
    days: BTreeSet<(Date, MerchantId)>,
    late: BTreeMap<(MerchantId, QuarterHour), u64>,
    marks: u64,
    reached: Option<Timestamp>,
    now: i64,
    /// Of this merchant nothing that is kept can be read.
    spoiled: Option<MerchantId>,
    /// How many calls from now on fails; none does.
    fails_in: Option<u64>,
    /// An event that happens once a run has read entries.
    meanwhile: Option<Meanwhile>,
}

#[derive(Clone, Copy)]
enum Meanwhile {
    /// Another entry comes, and another run sums up both.
    AnotherRunIsFaster,
    /// A run that began before the entry was put writes its sums.
    AnOlderRunEnds,
}

/// A table in virtual time: each call takes a millisecond before its effect and one after it.
#[derive(Clone, Default)]
struct Table(Arc<Mutex<State>>);

impl Table {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }

    async fn call<T>(&self, effect: impl FnOnce(&mut State) -> T) -> Result<T, StoreError> {
        sleep(Duration::from_millis(1)).await;
        let done = {
            let mut state = self.state();
            state.fails_in = state.fails_in.map(|left| left.saturating_sub(1));
            if state.fails_in == Some(0) {
                state.fails_in = None;
                return Err(StoreError::Unavailable("simulated".to_owned()));
            }
            effect(&mut state)
        };
        sleep(Duration::from_millis(1)).await;
        Ok(done)
    }

    /// Puts an entry of this age, and marks it as the journal does.
    fn put(&self, merchant: &str, age_s: i64, minor: u64) {
        let mut state = self.state();
        let merchant: MerchantId = merchant.parse().unwrap();
        let (now, at) = (moment(state.now), moment(state.now - age_s));
        let (day, quarter) = (day_of(at), QuarterHour::of(at));
        state.marks += 1;
        let (mark, shard) = (state.marks, u8::try_from(minor % u64::from(ENTRY_SHARDS)).unwrap());
        let sort = format!("{}#{mark:036}", sort_of(at));
        let shard = state.entries.entry((merchant.clone(), shard)).or_default();
        shard.insert(sort, counted(at, minor));
        if at < now - crate::journal::LATE_AFTER {
            state.late.insert((merchant, quarter), mark);
        } else {
            state.days.insert((day, merchant));
        }
    }

    async fn sums<T: Ord>(
        &self,
        merchant: &MerchantId,
        wanted: impl Fn(&SumOf) -> Option<T>,
    ) -> Result<KeptSums<T>, StoreError> {
        self.call(|state| {
            if state.spoiled.as_ref() == Some(merchant) {
                return Err(StoreError::Corrupt("simulated".to_owned()));
            }
            let own = state.kept.iter().filter(|((own, _), _)| own == merchant);
            let sums = own.filter_map(|((_, of), kept)| Some((wanted(of)?, kept.clone()))).collect();
            Ok(KeptSums { sums, unreadable: state.unreadable.clone() })
        })
        .await?
    }

    async fn run(&self) -> TotalsReport {
        total_up(self, self, self, Deadline::after(Duration::from_mins(1))).await
    }

    /// The kept sums have to be the sums of the entries.
    fn differs(&self) -> Option<String> {
        let state = self.state();
        let mut expected: BTreeMap<(MerchantId, SumOf), Totals> = BTreeMap::new();
        for ((merchant, ..), entries) in &state.entries {
            for entry in entries.values() {
                let quarter = QuarterHour::of(entry.at);
                for of in [SumOf::Quarter(quarter), SumOf::Day(quarter.day)] {
                    expected.entry((merchant.clone(), of)).or_default().add(entry.clone()).unwrap();
                }
            }
        }
        let totals = |kept: &KeptSum| kept.totals.clone().unwrap_or_default();
        let kept: BTreeMap<_, _> = state.kept.iter().map(|(of, kept)| (of.clone(), totals(kept))).collect();
        (kept != expected).then(|| format!("kept {kept:?}, expected {expected:?}"))
    }
}

fn moment(second: i64) -> Timestamp {
    // Ten minutes before a midnight.
    Timestamp::from_second(1_800_057_000 + second).unwrap()
}

fn counted(at: Timestamp, minor: u64) -> CountedEntry {
    let line = TotalLine {
        currency: Currency::USD,
        operation: "purchase".to_owned(),
        fact: "approved".to_owned(),
        mid: "1".to_owned(),
        brand: None,
        decline: None,
    };
    let changes = Changes { paid: SignedAmount::new(i64::try_from(minor).unwrap()), ..Changes::default() };
    CountedEntry { at, line, amount: Amount::new(minor).unwrap(), changes }
}

impl Clock for Table {
    fn now(&self) -> Timestamp {
        moment(self.state().now)
    }

    fn new_id(&self) -> Uuid {
        unreachable!("nothing here is new")
    }
}

#[async_trait]
impl EntryLog for Table {
    async fn entries(&self, _: &EntryPartition, _: &EntryQuery<'_>) -> Result<EntryPage<Entry>, StoreError> {
        unreachable!("totals list nothing")
    }

    async fn logged(
        &self,
        _: &EntryPartition,
        _: &EntryQuery<'_>,
    ) -> Result<EntryPage<LoggedEntry>, StoreError> {
        unreachable!("totals list nothing")
    }

    async fn counted(
        &self,
        partition: &EntryPartition,
        query: &EntryQuery<'_>,
    ) -> Result<EntryPage<CountedEntry>, StoreError> {
        let EntryPartition::Shard(shard) = *partition else { unreachable!("totals read everything") };
        let ((after, until), merchant) = (query.between, query.merchant);
        assert_eq!(query.order, ReadOrder::OldestFirst);
        let (page, meanwhile) = self
            .call(|state| {
                let entries = state.entries.get(&(merchant.clone(), shard)).cloned().unwrap_or_default();
                let in_range = entries.into_iter().filter(|(sort, _)| **sort > *after && **sort < *until);
                let mut entries: Vec<(String, Result<_, _>)> =
                    in_range.take(PAGE).map(|(sort, entry)| (sort, Ok(entry))).collect();
                let next = entries.last().filter(|_| entries.len() == PAGE).map(|(sort, _)| sort.clone());
                let meanwhile = if entries.is_empty() { None } else { state.meanwhile.take() };
                entries.extend(state.unreadable.iter().map(|item| {
                    let (sort, item) = (String::new(), item.clone());
                    (sort.clone(), Err(UnreadableEntry { sort, order: None, item }))
                }));
                (EntryPage { entries, next, read_bytes: 0 }, meanwhile)
            })
            .await?;
        match meanwhile {
            Some(Meanwhile::AnotherRunIsFaster) => {
                self.put("m", LATE_S, 300);
                let faster: TotalsReport = Box::pin(self.run()).await;
                assert_eq!((faster.quarters, faster.late), (1, 1));
            }
            Some(Meanwhile::AnOlderRunEnds) => {
                let quarter = QuarterHour::of(page.entries[0].1.as_ref().unwrap().at);
                let stale = KeptSum { version: 1, totals: Some(Totals::default()) };
                self.state().kept.insert((merchant.clone(), SumOf::Quarter(quarter)), stale);
            }
            None => {}
        }
        Ok(page)
    }
}

#[async_trait]
impl TotalsStore for Table {
    async fn reached(&self) -> Result<Option<Timestamp>, StoreError> {
        self.call(|state| state.reached).await
    }

    async fn reach(&self, at: Timestamp) -> Result<(), StoreError> {
        self.call(|state| state.reached = Some(at)).await
    }

    async fn oldest_day(&self) -> Result<Option<Date>, StoreError> {
        self.call(|state| state.days.first().map(|(day, _)| *day)).await
    }

    async fn merchants(&self, day: Date) -> Result<(Vec<MerchantId>, Vec<Unreadable>), StoreError> {
        self.call(|state| {
            let of_day = state.days.iter().filter(|(there, _)| *there == day);
            (of_day.map(|(_, merchant)| merchant.clone()).collect(), state.unreadable.clone())
        })
        .await
    }

    async fn quarters(&self, merchant: &MerchantId, day: Date) -> Result<KeptSums<QuarterHour>, StoreError> {
        let of_day = |of: &SumOf| match of {
            SumOf::Quarter(quarter) => Some(*quarter).filter(|quarter| quarter.day == day),
            SumOf::Day(_) => None,
        };
        self.sums(merchant, of_day).await
    }

    async fn days(
        &self,
        merchant: &MerchantId,
        first: Date,
        last: Date,
    ) -> Result<KeptSums<Date>, StoreError> {
        let is_one = |of: &SumOf| match of {
            SumOf::Quarter(_) => None,
            SumOf::Day(day) => Some(*day).filter(|day| (first..=last).contains(day)),
        };
        let days = self.sums(merchant, is_one).await?;
        Ok(KeptSums { unreadable: Vec::new(), ..days })
    }

    async fn replace(
        &self,
        merchant: &MerchantId,
        of: SumOf,
        version: u64,
        totals: &Totals,
    ) -> Result<bool, StoreError> {
        self.call(|state| {
            let kept = state.kept.entry((merchant.clone(), of)).or_default();
            let is_same = kept.version == version;
            if is_same {
                *kept = KeptSum { version: version + 1, totals: Some(totals.clone()) };
            }
            is_same
        })
        .await
    }

    async fn late(&self, after: Option<&str>) -> Result<LatePage, StoreError> {
        let sort = |(merchant, quarter): &(MerchantId, QuarterHour)| {
            format!("{merchant}#{}#{}", quarter.day, quarter.time())
        };
        self.call(|state| {
            let late = state.late.iter().filter(|(key, _)| after.is_none_or(|after| *sort(key) > *after));
            let page: Vec<_> = late.take(PAGE).collect();
            let next = page.last().filter(|_| page.len() == PAGE).map(|(key, _)| sort(key));
            let quarters = page.into_iter().map(|((merchant, quarter), mark)| LateQuarter {
                merchant: merchant.clone(),
                quarter: *quarter,
                mark: mark.to_string(),
            });
            LatePage { quarters: quarters.collect(), unreadable: state.unreadable.clone(), next }
        })
        .await
    }

    async fn settle(&self, late: &LateQuarter) -> Result<(), StoreError> {
        self.call(|state| {
            let key = (late.merchant.clone(), late.quarter);
            if state.late.get(&key).is_some_and(|mark| mark.to_string() == late.mark) {
                state.late.remove(&key);
            }
        })
        .await
    }

    async fn late_quarters(&self, _: &MerchantId, _: Date, _: Date) -> Result<Vec<QuarterHour>, StoreError> {
        unreachable!("only reports ask for it")
    }
}

#[derive(Clone, Debug)]
enum Step {
    /// An entry of this age, in seconds, and amount.
    Put(i64, u64),
    /// So many seconds pass.
    Pass(i64),
    /// A run; with a call that fails, or killed after some milliseconds.
    Run(Option<u64>, Option<u64>),
    /// Two runs at once, the second one some milliseconds later, and entries that come meanwhile.
    Race(u64, Vec<(u64, i64, u64)>),
}

fn step() -> impl Strategy<Value = Step> {
    let age = || prop_oneof![4 => 0..600_i64, 2 => 590..620_i64, 2 => 0..100_000_i64];
    let race = (0..40_u64, prop::collection::vec((0..40_u64, age(), 1..100_u64), 0..4));
    prop_oneof![
        4 => (age(), 1..100_u64).prop_map(|(age, minor)| Step::Put(age, minor)),
        3 => prop_oneof![0..1_000_i64, 0..5_000_i64].prop_map(Step::Pass),
        2 => (prop::option::of(1..30_u64), prop::option::of(0..60_u64)).prop_map(|(fails, dies)| Step::Run(fails, dies)),
        1 => race.prop_map(|(after, puts)| Step::Race(after, puts)),
    ]
}

async fn play(table: &Table, steps: Vec<Step>) {
    for step in steps {
        match step {
            Step::Put(age_s, minor) => table.put("m", age_s, minor),
            Step::Pass(seconds) => table.state().now += seconds,
            Step::Run(fails_in, dies_in) => {
                table.state().fails_in = fails_in;
                let limit = Duration::from_millis(dies_in.unwrap_or(1_000_000));
                let _report = tokio::time::timeout(limit, table.run()).await;
                table.state().fails_in = None;
            }
            Step::Race(after_ms, puts) => {
                let second = async {
                    sleep(Duration::from_millis(after_ms)).await;
                    table.run().await
                };
                let coming = async {
                    let mut so_far = 0;
                    let mut puts = puts;
                    puts.sort_unstable();
                    for (at_ms, age_s, minor) in puts {
                        sleep(Duration::from_millis(at_ms - so_far)).await;
                        so_far = at_ms;
                        table.put("m", age_s, minor);
                    }
                };
                tokio::join!(table.run(), second, coming);
            }
        }
    }
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
    runtime.unwrap().block_on(future)
}

proptest! {
    #[test]
    fn whatever_comes_late_or_meanwhile_and_whatever_fails_the_totals_are_those_of_the_entries(
        steps in prop::collection::vec(step(), 1..30),
    ) {
        let table = Table::default();
        let report = block_on(async {
            // The deployment begins with a run.
            table.run().await;
            play(&table, steps).await;
            // Up to its own moment, and without that.
            table.state().now += 1;
            table.run().await
        });
        prop_assert_eq!(report.failed, 0);
        prop_assert_eq!(table.differs(), None);
        prop_assert!(table.state().late.is_empty());
    }
}

#[test]
fn a_run_reads_what_is_new_and_not_the_day() {
    let table = Table::default();
    block_on(async {
        table.run().await;
        for _ in 0..20 {
            table.put("m", 0, 100);
        }
        table.state().now += 1;
        let first = table.run().await;
        assert_eq!((first.entries, first.quarters), (20, 1));
        table.state().now += 3_600;
        assert_eq!(table.run().await.entries, 20, "they may have been put while the last run was under way");
        table.state().now += 3_600;
        table.put("m", 1, 100);
        let later = table.run().await;
        assert_eq!((later.entries, later.quarters), (1, 1));
        table.put("other", LATE_S, 100);
        let late = table.run().await;
        assert_eq!((late.late, late.quarters), (1, 1), "{late:?}");
        assert_eq!(
            table.run().await,
            TotalsReport { entries: 1, behind_s: Some(0), ..TotalsReport::default() },
            "nothing is new"
        );
    });
    assert_eq!(table.differs(), None);
}

#[test]
fn a_run_that_cannot_read_how_far_it_was_does_not_say_that_it_is_not_behind() {
    let table = Table::default();
    table.state().fails_in = Some(0);
    let report = block_on(table.run());
    assert_eq!((report.failed > 0, report.behind_s), (true, None), "{report:?}");
}

#[test]
fn a_merchant_whose_totals_cannot_be_read_holds_up_no_other_and_is_summed_up_once_they_can() {
    let table = Table::default();
    let report = block_on(async {
        table.run().await;
        // Over a midnight, and late ones that fill more than a page.
        for merchant in ["a", "m", "z"] {
            table.put(merchant, 0, 100);
            for n in 0..3 {
                table.put(merchant, LATE_S + 1_000 * n, 100);
            }
        }
        table.state().now += 1_000;
        for merchant in ["a", "m", "z"] {
            table.put(merchant, 0, 200);
        }
        table.state().now += 1;
        table.state().spoiled = Some("a".parse().unwrap());
        table.run().await
    });
    assert_eq!((report.quarters, report.late), (10, 6), "five of each of the two others: {report:?}");
    assert_eq!((report.failed, report.behind_s), (5, Some(1_001)), "{report:?}");
    table.state().spoiled = None;
    let report = block_on(table.run());
    assert_eq!((report.quarters, report.late, report.behind_s), (5, 3, Some(0)), "{report:?}");
    assert_eq!(table.differs(), None);
}

#[tokio::test(start_paused = true)]
async fn the_first_run_sums_up_all_that_came_in_time_before_it_however_long_ago() {
    let table = Table::default();
    for hour in [0, 20, 40, 3_000] {
        table.state().now = hour * 3_600;
        table.put("m", 60, 100);
    }
    table.put("n", 60, 1);
    let report = table.run().await;
    assert_eq!((report.quarters, report.entries, report.behind_s, table.differs()), (5, 5, Some(0), None));
}

#[test]
fn a_run_whose_time_is_up_is_gone_on_with() {
    let table = Table::default();
    let report = block_on(async {
        table.run().await;
        table.put("m", 0, 100);
        table.put("m", LATE_S, 100);
        table.state().now += 60;
        total_up(&table, &table, &table, Deadline::after(Duration::ZERO)).await
    });
    assert!(report.more_left && report.quarters == 0 && report.behind_s == Some(60), "{report:?}");
    assert_eq!(block_on(table.run()).quarters, 2);
    assert_eq!(table.differs(), None);
}

#[test]
fn a_run_that_was_overtaken_takes_nothing_back_and_leaves_what_is_to_be_done() {
    for meanwhile in [Meanwhile::AnotherRunIsFaster, Meanwhile::AnOlderRunEnds] {
        let table = Table::default();
        let report = block_on(async {
            table.put("m", LATE_S, 100);
            table.state().meanwhile = Some(meanwhile);
            table.run().await
        });
        assert_eq!((report.overtaken, report.quarters), (1, 0), "{report:?}");
        block_on(table.run());
        assert_eq!(table.differs(), None);
    }
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_read_is_counted_and_holds_up_nothing() {
    let table = Table::default();
    table.put("m", 60, 1);
    table.put("n", 60, 2);
    table.put("n", LATE_S, 3);
    table.state().unreadable = vec![Unreadable { key: "k".to_owned(), reason: "spoiled".to_owned() }];
    let report = table.run().await;
    assert_eq!((report.failed, report.late, report.behind_s, table.differs()), (0, 1, Some(0), None));
    // A name or a mark each for two days and for the late entries. A sum and an entry of each part,
    // each for two merchants' days and for the late quarter.
    assert_eq!(report.unreadable, 3 + 3 * (1 + usize::from(ENTRY_SHARDS)), "{report:?}");
}

#[tokio::test(start_paused = true)]
async fn a_quarter_that_cannot_be_read_is_repaired_and_its_day_never_lacks_it() {
    let table = Table::default();
    table.run().await;
    table.put("m", 60, 100);
    table.put("m", 8_000, 200);
    table.put("m", LATE_S, 300);
    table.run().await;
    assert_eq!(table.differs(), None);
    let damaged = {
        let mut state = table.state();
        let quarters = state.kept.iter_mut().filter(|((_, of), _)| matches!(of, SumOf::Quarter(_)));
        quarters.for_each(|(_, kept)| kept.totals = None);
        state.unreadable = vec![Unreadable { key: "k".to_owned(), reason: "spoiled".to_owned() }];
        state.now
    };
    // A day later another entry comes late: of an hour whose day has two quarters that cannot be
    // read.
    table.state().now = damaged + 86_400;
    table.put("m", 86_400 + LATE_S + 1_000, 400);
    table.run().await;
    let state = table.state();
    let days = state.kept.iter().filter_map(|((_, of), kept)| match of {
        SumOf::Day(day) => Some((
            *day,
            kept.totals.clone().unwrap().lines().map(|(_, total)| total.changes.paid.minor()).sum::<i64>(),
        )),
        SumOf::Quarter(_) => None,
    });
    assert_eq!(days.map(|(_, paid)| paid).sum::<i64>(), 1_000);
}
