//! Totals that are kept while entries come, come again, and come while runs are under way.

use std::{
    collections::BTreeMap,
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
        Changes, CountedEntry, ENTRY_SHARDS, Entry, EntryPage, LatelyMarked, LoggedEntry, MerchantDay,
        Reached, TotalLine, UnreadableEntry,
    },
    values::{Amount, Currency, SignedAmount},
};

/// By how much the clocks of the journal's processes are wrong, in seconds.
const CLOCKS_S: [i64; 3] = [0, -25, 25];

/// Entries that a page has.
const PAGE: usize = 2;

#[derive(Default)]
struct State {
    entries: BTreeMap<(MerchantId, u8), BTreeMap<String, CountedEntry>>,
    kept: BTreeMap<(MerchantId, SumOf), KeptSum>,
    /// Marks and sums that cannot be read, in every read.
    unreadable: Vec<Unreadable>,
    /// Whether a version reads the entries, too, that are [beyond](is_beyond) others.
    is_newer: bool,
    marks: BTreeMap<(MerchantId, QuarterHour), Timestamp>,
    reached: BTreeMap<u16, Timestamp>,
    heartbeats: Vec<Timestamp>,
    now: i64,
    /// The memory of each of the journal's processes.
    keepers: [LatelyMarked; CLOCKS_S.len()],
    batches: Vec<Batch>,
    /// The batches whose process died before it marked: they come again.
    died: Vec<Batch>,
    calls: usize,
    /// Of this merchant nothing that is kept can be read.
    spoiled: Option<MerchantId>,
    /// How many calls from now on fails; none does.
    fails_in: Option<u64>,
    /// An event that happens once a run has read entries.
    meanwhile: Option<Meanwhile>,
}

/// A batch of the journal, with one entry.
#[derive(Clone, Debug)]
struct Batch {
    merchant: MerchantId,
    at: Timestamp,
    minor: u64,
    /// Of the entry.
    id: usize,
}

#[derive(Clone, Copy)]
enum Meanwhile {
    /// Another entry comes to this process of the journal.
    AnEntryComes(usize),
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
            state.calls += 1;
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

    /// A batch with an entry of this age, which is put and not marked yet.
    fn put_entry(&self, merchant: &str, age_s: i64, minor: u64) -> Batch {
        let mut state = self.state();
        let (at, id) = (moment(state.now - age_s), state.batches.len());
        let batch = Batch { merchant: merchant.parse().unwrap(), at, minor, id };
        state.batches.push(batch.clone());
        drop(state);
        self.put_again(&batch);
        batch
    }

    fn put_again(&self, batch: &Batch) {
        let Batch { merchant, at, minor, id } = batch.clone();
        let shard = u8::try_from(minor % u64::from(ENTRY_SHARDS)).unwrap();
        let mut state = self.state();
        let shard = state.entries.entry((merchant, shard)).or_default();
        shard.insert(format!("{}#{id:036}", sort_of(at)), counted(at, minor));
    }

    /// Marks a batch's quarter as the journal does.
    fn mark(&self, keeper: usize, batch: &Batch) {
        let mut state = self.state();
        let (quarter, at) = (QuarterHour::of(batch.at), moment(state.now + CLOCKS_S[keeper]));
        let mark = Mark { merchant: batch.merchant.clone(), quarter, at };
        if !state.keepers[keeper].has(&mark) {
            state.keepers[keeper].remember(&mark);
            state.marks.insert((mark.merchant, quarter), at);
        }
    }

    /// A batch comes to the first process of the journal.
    fn put(&self, merchant: &str, age_s: i64, minor: u64) {
        let batch = self.put_entry(merchant, age_s, minor);
        self.mark(0, &batch);
    }

    fn pass(&self, seconds: i64) {
        self.state().now += seconds;
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
        total_up(self, self, self, None, Deadline::after(Duration::from_mins(1))).await
    }

    /// The kept sums have to be the sums of the entries.
    fn differs(&self) -> Option<String> {
        let state = self.state();
        let mut expected: BTreeMap<(MerchantId, SumOf), Totals> = BTreeMap::new();
        for ((merchant, ..), entries) in &state.entries {
            for entry in entries.values() {
                let quarter = QuarterHour::of(entry.at);
                for of in [SumOf::Quarter(quarter), SumOf::Day(quarter.day)] {
                    let sum = expected.entry((merchant.clone(), of)).or_default();
                    if is_beyond(entry) && !state.is_newer {
                        sum.leave_out(1);
                    } else {
                        sum.add(entry.clone()).unwrap();
                    }
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

/// Some entries, by their amounts, cannot be read.
fn is_beyond(entry: &CountedEntry) -> bool {
    entry.amount.minor() % 13 == 12
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
                let read = |(sort, entry): (String, CountedEntry)| {
                    let item = || Unreadable { key: sort.clone(), reason: "beyond".to_owned() };
                    let entry = if is_beyond(&entry) && !state.is_newer {
                        Err(UnreadableEntry { sort: sort.clone(), order: None, item: item() })
                    } else {
                        Ok(entry)
                    };
                    (sort, entry)
                };
                let entries: Vec<(String, Result<_, _>)> = in_range.take(PAGE).map(read).collect();
                let next = entries.last().filter(|_| entries.len() == PAGE).map(|(sort, _)| sort.clone());
                let meanwhile = if entries.is_empty() { None } else { state.meanwhile.take() };
                (EntryPage { entries, next, read_bytes: 0 }, meanwhile)
            })
            .await?;
        match meanwhile {
            Some(Meanwhile::AnEntryComes(keeper)) => {
                let batch = self.put_entry("m", 0, 300);
                self.mark(keeper, &batch);
            }
            Some(Meanwhile::AnotherRunIsFaster) => {
                self.put("m", 0, 300);
                let faster: TotalsReport = Box::pin(self.run()).await;
                assert_eq!((faster.quarters, faster.overtaken), (1, 0));
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

/// The partition of a merchant's marks.
fn partition_of(merchant: &MerchantId) -> u16 {
    u16::from(merchant.as_str().as_bytes()[0]) % MARK_PARTITIONS
}

#[async_trait]
impl TotalsStore for Table {
    async fn marks(&self, partition: u16) -> Result<(Vec<Mark>, Vec<Unreadable>), StoreError> {
        self.call(|state| {
            let own = state.marks.iter().filter(|((merchant, _), _)| partition_of(merchant) == partition);
            let mark = |((merchant, quarter), at): (&(MerchantId, QuarterHour), &Timestamp)| Mark {
                merchant: merchant.clone(),
                quarter: *quarter,
                at: *at,
            };
            (own.map(mark).collect(), state.unreadable.clone())
        })
        .await
    }

    async fn marked(&self, _: &MerchantId, _: Date, _: Date) -> Result<Vec<QuarterHour>, StoreError> {
        unreachable!("only reports ask for it")
    }

    async fn settle(&self, mark: &Mark) -> Result<(), StoreError> {
        self.call(|state| {
            let key = (mark.merchant.clone(), mark.quarter);
            if state.marks.get(&key) == Some(&mark.at) {
                state.marks.remove(&key);
            }
        })
        .await
    }

    async fn reached(&self, _: &MerchantId) -> Result<Reached, StoreError> {
        unreachable!("only reports ask for it")
    }

    async fn beat(&self, at: Timestamp) -> Result<(), StoreError> {
        self.call(|state| state.heartbeats.push(at)).await
    }

    async fn reach(&self, partition: u16, began: Timestamp) -> Result<(), StoreError> {
        self.call(|state| _ = state.reached.insert(partition, began)).await
    }

    async fn merchants(
        &self,
        _: Date,
        _: Date,
    ) -> Result<(BTreeSet<MerchantId>, Vec<Unreadable>), StoreError> {
        unreachable!("marks name their merchants")
    }

    async fn sample(&self, _: Date, _: Date) -> Result<Vec<MerchantDay>, StoreError> {
        unreachable!("marks name their merchants")
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
}

#[derive(Clone, Debug)]
enum Step {
    /// An entry of this age, in seconds, and amount comes to a process of the journal; whether that
    /// dies before it marks.
    Put(usize, i64, u64, bool),
    /// All batches so far come again, to this process.
    PutAgain(usize),
    /// So many seconds pass.
    Pass(i64),
    /// A run; with a call that fails, or killed after some milliseconds.
    Run(Option<u64>, Option<u64>),
    /// Two runs at once, the second one some milliseconds later, and entries that come meanwhile.
    Race(u64, Vec<Coming>),
}

/// An entry that comes after some milliseconds, and is marked so many later.
#[derive(Clone, Debug)]
struct Coming {
    after_ms: u64,
    marked_after_ms: u64,
    keeper: usize,
    age_s: i64,
    minor: u64,
}

fn step() -> impl Strategy<Value = Step> {
    let age = || prop_oneof![4 => 0..600_i64, 1 => 0..100_000_i64];
    let keeper = || 0..CLOCKS_S.len();
    let put = (keeper(), age(), 1..100_u64, prop::bool::weighted(0.1));
    let coming = (0..40_u64, 0..20_u64, keeper(), age(), 1..100_u64);
    let coming = coming.prop_map(|(after_ms, marked_after_ms, keeper, age_s, minor)| Coming {
        after_ms,
        marked_after_ms,
        keeper,
        age_s,
        minor,
    });
    prop_oneof![
        4 => put.prop_map(|(keeper, age, minor, dies)| Step::Put(keeper, age, minor, dies)),
        1 => keeper().prop_map(Step::PutAgain),
        3 => prop_oneof![0..200_i64, 0..2_000_i64].prop_map(Step::Pass),
        2 => (prop::option::of(1..30_u64), prop::option::of(0..60_u64)).prop_map(|(fails, dies)| Step::Run(fails, dies)),
        2 => (0..40_u64, prop::collection::vec(coming, 0..4)).prop_map(|(after, coming)| Step::Race(after, coming)),
    ]
}

async fn play(table: &Table, steps: Vec<Step>) {
    for step in steps {
        match step {
            Step::Put(keeper, age_s, minor, dies) => {
                let batch = table.put_entry("m", age_s, minor);
                if dies {
                    table.state().died.push(batch);
                } else {
                    table.mark(keeper, &batch);
                }
            }
            Step::PutAgain(keeper) => {
                let batches = table.state().batches.clone();
                for batch in &batches {
                    table.put_again(batch);
                    table.mark(keeper, batch);
                }
            }
            Step::Pass(seconds) => table.pass(seconds),
            Step::Run(fails_in, dies_in) => {
                table.state().fails_in = fails_in;
                let limit = Duration::from_millis(dies_in.unwrap_or(1_000_000));
                let _report = tokio::time::timeout(limit, table.run()).await;
                table.state().fails_in = None;
            }
            Step::Race(after_ms, coming) => {
                let second = async {
                    sleep(Duration::from_millis(after_ms)).await;
                    table.run().await
                };
                let coming = join_all(coming.into_iter().map(|coming| come(table, coming)));
                tokio::join!(table.run(), second, coming);
            }
        }
    }
}

async fn come(table: &Table, coming: Coming) {
    let Coming { after_ms, marked_after_ms, keeper, age_s, minor } = coming;
    sleep(Duration::from_millis(after_ms)).await;
    let batch = table.put_entry("m", age_s, minor);
    sleep(Duration::from_millis(marked_after_ms)).await;
    table.mark(keeper, &batch);
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
    runtime.unwrap().block_on(future)
}

proptest! {
    #[test]
    fn whatever_comes_late_twice_or_meanwhile_and_whatever_fails_the_totals_are_those_of_the_entries(
        steps in prop::collection::vec(step(), 1..30),
    ) {
        let table = Table::default();
        let reports = block_on(async {
            play(&table, steps).await;
            let died = std::mem::take(&mut table.state().died);
            for batch in &died {
                table.mark(0, batch);
            }
            let first = table.run().await;
            table.pass(200);
            [first, table.run().await]
        });
        for report in reports {
            prop_assert_eq!((report.failed, report.overtaken, report.behind_s), (0, 0, None));
        }
        prop_assert_eq!(table.differs(), None);
        prop_assert!(table.state().marks.is_empty());
    }
}

#[tokio::test(start_paused = true)]
async fn a_batch_that_comes_twice_with_runs_between_changes_no_total() {
    let table = Table::default();
    for minor in 1..9 {
        table.put("m", 400 * i64::try_from(minor).unwrap(), minor);
        table.run().await;
    }
    assert_eq!(table.differs(), None);
    let kept = table.state().kept.clone();
    for keeper in 0..CLOCKS_S.len() {
        table.pass(200);
        let batches = table.state().batches.clone();
        for batch in &batches {
            table.put_again(batch);
            table.mark(keeper, batch);
            let report = table.run().await;
            assert_eq!((report.marked > 0, report.quarters), (true, 0), "{report:?}");
        }
        assert_eq!(table.state().kept, kept);
    }
}

#[tokio::test(start_paused = true)]
async fn entries_whose_process_died_before_it_marked_them_are_counted_once_they_come_again() {
    let table = Table::default();
    let batch = table.put_entry("m", 0, 100);
    assert_eq!(table.run().await, TotalsReport::default());
    table.pass(100_000);
    table.put_again(&batch);
    table.mark(1, &batch);
    assert_eq!(table.run().await.quarters, 1);
    assert_eq!(table.differs(), None);
}

#[test]
fn an_entry_that_comes_during_a_run_and_relies_on_a_mark_is_counted_whatever_the_clocks_say() {
    for keeper in 0..CLOCKS_S.len() {
        for age_s in 0..200 {
            let table = Table::default();
            block_on(async {
                let batch = table.put_entry("m", 0, 100);
                table.mark(keeper, &batch);
                table.pass(age_s);
                table.state().meanwhile = Some(Meanwhile::AnEntryComes(keeper));
                table.run().await;
                table.run().await;
            });
            assert_eq!(table.differs(), None, "{age_s} s after the mark of {keeper}");
        }
    }
}

#[test]
fn a_run_that_is_cut_off_anywhere_takes_nothing_back_and_the_next_one_completes_it() {
    for after_ms in 0..40 {
        let table = Table::default();
        let report = block_on(async {
            for minor in 1..7 {
                table.put("m", 800 * i64::try_from(minor).unwrap(), minor);
            }
            table.pass(130);
            let cut_off = tokio::time::timeout(Duration::from_millis(after_ms), table.run());
            assert!(cut_off.await.is_err() || after_ms > 20, "a run takes less than {after_ms} ms");
            table.run().await
        });
        assert_eq!((table.differs(), report.failed, table.state().marks.len()), (None, 0, 0));
    }
}

#[tokio::test(start_paused = true)]
async fn a_run_reads_what_is_marked_and_an_idle_one_only_its_share_of_the_marks() {
    let table = Table::default();
    let calls = || std::mem::take(&mut table.state().calls);
    for (part, expected) in [(None, 17), (Some(Share { index: 3, of: 4 }), 4)] {
        let report = total_up(&table, &table, &table, part, Deadline::after(Duration::from_mins(1))).await;
        assert_eq!((report, calls()), (TotalsReport::default(), expected));
    }
    table.put("m", 18 * 30 * 86_400, 100);
    for _ in 0..20 {
        table.put("m", 0, 100);
    }
    table.put("m", 900, 100);
    let report = table.run().await;
    assert_eq!((report.marked, report.entries, report.quarters), (3, 22, 3));
    assert_eq!(table.differs(), None);
    // A mark stays for two minutes, and its quarter is summed up again.
    table.pass(119);
    assert_eq!((table.run().await.entries, table.state().marks.len()), (22, 3));
    table.pass(1);
    assert_eq!((table.run().await.entries, table.state().marks.len()), (22, 0));
    assert_eq!(table.run().await, TotalsReport::default());
}

#[tokio::test(start_paused = true)]
async fn one_share_writes_a_heartbeat_and_a_run_that_cannot_write_it_counts_all_the_same() {
    let table = Table::default();
    for index in 0..4 {
        let part = Some(Share { index, of: 4 });
        total_up(&table, &table, &table, part, Deadline::after(Duration::from_mins(1))).await;
    }
    assert_eq!(table.state().heartbeats, [moment(0)]);
    table.pass(60);
    table.put("m", 0, 100);
    table.state().fails_in = Some(1);
    let report = table.run().await;
    assert_eq!((report.failed, report.quarters, report.behind_s), (1, 1, None), "{report:?}");
    table.pass(60);
    table.run().await;
    assert_eq!(table.state().heartbeats, [moment(0), moment(120)]);
}

#[tokio::test(start_paused = true)]
async fn the_shares_divide_the_merchants_between_them() {
    let table = Table::default();
    for merchant in 'a'..='z' {
        table.put(&merchant.to_string(), 0, 100);
    }
    let mut marked = Vec::new();
    for index in 0..4 {
        let part = Some(Share { index, of: 4 });
        let report = total_up(&table, &table, &table, part, Deadline::after(Duration::from_mins(1))).await;
        marked.push((report.marked, report.quarters));
    }
    assert_eq!(marked, [(6, 6), (7, 7), (7, 7), (6, 6)]);
    assert_eq!(table.differs(), None);
}

#[tokio::test(start_paused = true)]
async fn a_merchant_whose_totals_cannot_be_read_holds_up_no_other_and_is_summed_up_once_they_can() {
    let table = Table::default();
    let reached = || table.state().reached.clone();
    for (passes, spoiled) in [(0, Some("a")), (30, None)] {
        for merchant in ["a", "m", "z"] {
            table.put(merchant, 0, 100);
            table.put(merchant, 50_000, 100);
        }
        table.pass(1_000 + passes);
        table.state().spoiled = spoiled.map(|merchant| merchant.parse().unwrap());
        let report = table.run().await;
        let now = moment(table.state().now);
        let of = |merchant: &str| reached().get(&partition_of(&merchant.parse().unwrap())).copied();
        let all = [of("a"), of("m"), of("z")];
        if spoiled.is_some() {
            assert_eq!((report.failed, report.quarters, report.behind_s), (1, 4, Some(1_000)), "{report:?}");
            assert_eq!(all, [None, Some(now), Some(now)]);
        } else {
            assert_eq!((report.failed, report.behind_s, all), (0, None, [Some(now); 3]), "{report:?}");
        }
    }
    assert_eq!(table.differs(), None);
}

#[tokio::test(start_paused = true)]
async fn marks_that_cannot_be_read_hold_up_no_others() {
    let table = Table::default();
    table.put("m", 0, 100);
    table.state().fails_in = Some(2);
    let report = table.run().await;
    assert_eq!((report.failed, report.quarters, report.behind_s), (1, 1, None), "{report:?}");
}

#[tokio::test(start_paused = true)]
async fn a_run_whose_time_is_up_says_how_old_the_oldest_mark_is_and_the_next_one_begins_with_it() {
    let table = Table::default();
    table.put("m", 0, 100);
    table.pass(30);
    table.put("a", 0, 100);
    table.pass(30);
    let report = total_up(&table, &table, &table, None, Deadline::after(Duration::ZERO)).await;
    assert_eq!((report.more_left, report.quarters, report.behind_s), (true, 0, Some(60)), "{report:?}");
    assert!(table.state().reached.is_empty());
    let deadline = Deadline::after(Duration::from_mins(1));
    let run = Run { log: &table, totals: &table, began: table.now(), deadline };
    let pieces = run.pieces(None, &mut TotalsReport::default()).await;
    assert_eq!(pieces.iter().map(|piece| piece.merchant.as_str()).collect::<Vec<_>>(), ["m", "a"]);
    assert_eq!(table.run().await.quarters, 2);
    assert_eq!(table.differs(), None);
}

#[tokio::test(start_paused = true)]
async fn runs_that_are_too_short_for_a_merchants_day_sum_it_up_together() {
    let table = Table::default();
    for quarter in 0..40 {
        for minor in 1..8 {
            table.put("m", quarter * 900, minor);
        }
    }
    table.pass(130);
    let mut runs = 0;
    loop {
        // Two seconds are kept for the report.
        let deadline = Deadline::after(Duration::from_millis(2_025));
        runs += 1;
        if !total_up(&table, &table, &table, None, deadline).await.more_left {
            break;
        }
        assert!(runs < 40, "{} quarters are left", table.state().marks.len());
    }
    assert!(runs > 4, "{runs}");
    assert_eq!((table.differs(), table.state().marks.len()), (None, 0));
}

#[test]
fn a_run_that_was_overtaken_takes_nothing_back_and_leaves_what_is_to_be_done() {
    for meanwhile in [Meanwhile::AnotherRunIsFaster, Meanwhile::AnOlderRunEnds] {
        let table = Table::default();
        let report = block_on(async {
            table.put("m", 0, 100);
            table.pass(130);
            table.state().meanwhile = Some(meanwhile);
            table.run().await
        });
        assert_eq!((report.overtaken, report.quarters), (1, 0), "{report:?}");
        assert_eq!((table.state().marks.len(), report.behind_s), (1, Some(130)));
        block_on(table.run());
        assert_eq!(table.differs(), None);
    }
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_read_is_counted_and_holds_up_nothing() {
    let table = Table::default();
    table.put("m", 60, 1);
    table.put("n", 60, 2);
    table.put("n", 50_000, 3);
    table.put("m", 60, 12);
    table.put("n", 50_000, 12);
    table.state().unreadable = vec![Unreadable { key: "k".to_owned(), reason: "spoiled".to_owned() }];
    let report = table.run().await;
    assert_eq!((report.failed, report.quarters, report.behind_s, table.differs()), (0, 3, None, None));
    // A mark in each partition. A sum and an entry, each for two merchants' days.
    let of_days = 2 * (1 + 1);
    assert_eq!(report.unreadable, usize::from(MARK_PARTITIONS) + of_days, "{report:?}");
}

#[tokio::test(start_paused = true)]
async fn entries_that_cannot_be_read_are_counted_in_their_quarter_until_they_can() {
    let table = Table::default();
    let batches = [table.put_entry("m", 60, 12), table.put_entry("m", 60, 25), table.put_entry("m", 60, 13)];
    let alone = table.put_entry("m", 50_000, 12);
    table.mark(0, &batches[0]);
    table.mark(0, &alone);
    let report = table.run().await;
    assert_eq!((report.entries, report.unreadable, report.quarters, report.failed), (1, 3, 2, 0));
    let left_out = |of: SumOf| {
        let kept = table.state().kept[&("m".parse().unwrap(), of)].clone().totals.unwrap();
        (kept.lines().count(), kept.left_out())
    };
    let of = QuarterHour::of(batches[0].at);
    assert_eq!(left_out(SumOf::Quarter(of)), (1, 2));
    assert_eq!(left_out(SumOf::Quarter(QuarterHour::of(alone.at))), (0, 1));
    assert_eq!((left_out(SumOf::Day(of.day)), table.differs()), ((1, 3), None));
    // Nothing but the count changes.
    let another = table.put_entry("m", 60, 38);
    table.pass(200);
    table.mark(0, &another);
    table.run().await;
    assert_eq!((left_out(SumOf::Quarter(of)), left_out(SumOf::Day(of.day))), ((1, 3), (1, 4)));
    table.state().is_newer = true;
    for batch in [&batches[0], &alone] {
        table.pass(200);
        table.mark(0, batch);
    }
    table.run().await;
    assert_eq!((left_out(SumOf::Quarter(of)), table.differs()), ((1, 0), None));
    // Of more entries than were counted, one page of each part is read.
    for minor in [16, 20, 24] {
        table.put_entry("m", 60, minor);
    }
    let sums = sums_of_day(&table, &"m".parse().unwrap(), of.day, 0).await.unwrap();
    let read: u64 = sums[&of].lines().map(|(_, total)| total.count).sum();
    assert_eq!(read, 4);
}

#[tokio::test(start_paused = true)]
async fn a_quarter_that_cannot_be_read_is_repaired_and_its_day_never_lacks_it() {
    let table = Table::default();
    table.put("m", 60, 100);
    table.put("m", 8_000, 200);
    table.put("m", 50_000, 300);
    table.run().await;
    table.pass(200);
    table.run().await;
    assert_eq!((table.differs(), table.state().marks.len()), (None, 0));
    {
        let mut state = table.state();
        let quarters = state.kept.iter_mut().filter(|((_, of), _)| matches!(of, SumOf::Quarter(_)));
        quarters.for_each(|(_, kept)| kept.totals = None);
        state.unreadable = vec![Unreadable { key: "k".to_owned(), reason: "spoiled".to_owned() }];
    }
    // Another entry comes, of the same day.
    table.put("m", 200 + 51_000, 400);
    table.run().await;
    assert_eq!(table.differs(), None);
}
