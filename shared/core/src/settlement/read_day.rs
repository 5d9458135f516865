//! Reads the reports of one Eastern day of an account, and keeps what they say.
//!
//! Reading the same day again, in any order or after a crash, leaves the same lines and deposits: each batch's and each
//! deposit's word about a reference replaces the one before it, and only what changed is written. A line is written to its new
//! place before it leaves the old one, so that none is ever lost; the next run takes it out where a run ended in between.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use futures_util::{StreamExt, TryStreamExt, stream};
use jiff::{Timestamp, ToSpan, civil::Date};

use super::{
    Adjustment, Chargeback, Component, Deposit, DepositStore, Funded, FundingRecord, KnownDays, Line,
    LinePlace, LineStore, PackedLines, PutDeposit, ReadReport, ReportError, Reports, Settled,
};
use crate::{
    journal::EntryLog,
    order::MerchantId,
    payments::{Merchant, NotRecorded, StoreError},
};

/// Lines of several days that are kept together: so many take about 10 MB.
const KEPT_TOGETHER_MAX: usize = 20_000;

/// A report of batches that is of another year: a payment is settled within days.
const ANOTHER_YEAR_DAYS: i32 = 300;

/// Items that are written at a time.
const WRITES_AT_A_TIME: usize = 8;

/// How often an item is read again because another run wrote it meanwhile.
const TRIES: usize = 5;

/// Reads reports and keeps what they say.
pub struct Reader<'a> {
    /// The gateway's reports.
    pub reports: &'a dyn Reports,
    /// The journal.
    pub log: &'a dyn EntryLog,
    /// Where lines are kept.
    pub lines: &'a dyn LineStore,
    /// Where deposits are kept.
    pub deposits: &'a dyn DepositStore,
}

/// Which reports are read.
#[derive(Clone, Copy)]
pub struct WantedDay<'a> {
    /// The merchant, with its access to the gateway.
    pub merchant: &'a Merchant,
    /// The gateway account (MID).
    pub account: &'a str,
    /// The Eastern day.
    pub day: Date,
    /// When the run began.
    pub now: Timestamp,
    /// How long one report may take.
    pub limit: Duration,
}

/// What reading a day came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DayRead {
    /// Records that were read.
    pub records: u64,
    /// Whether the gateway offers deposits for the account; none where it has nothing for the day, since it may say the same
    /// of an account without deposits.
    pub has_deposits: Option<bool>,
}

/// What was read and is not kept yet: lines by where they belong, and deposits. Days are kept together, so that an item is
/// written once for all of them.
#[derive(Default)]
pub struct Unkept {
    places: BTreeMap<LinePlace, BTreeMap<String, Line>>,
    deposits: Vec<Deposit>,
    lines: usize,
}

impl Unkept {
    /// Whether it has to be kept before more is read.
    pub fn is_much(&self) -> bool {
        self.lines >= KEPT_TOGETHER_MAX
    }

    fn add(&mut self, places: BTreeMap<LinePlace, Vec<Line>>) {
        for (place, lines) in places {
            let there = self.places.entry(place).or_default();
            for line in lines {
                self.lines += 1;
                let known = there.entry(line.reference.clone()).or_default();
                known.reference.clone_from(&line.reference);
                known.add(line);
            }
        }
    }
}

/// What was kept.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Kept {
    /// Items of lines that were written.
    pub written: u64,
    /// Deposits that are new or changed.
    pub deposits: Vec<Deposit>,
    /// Deposits of which the journal lacks entries.
    pub unjournaled: Vec<Deposit>,
}

/// Why a day was not read whole.
#[derive(Debug, thiserror::Error)]
pub enum ReadDayError {
    /// The gateway's report.
    #[error(transparent)]
    Report(#[from] ReportError),
    /// A table.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// An order that a chargeback is about.
    #[error("a chargeback cannot be put on record: {0}")]
    Dispute(#[from] NotRecorded),
    /// Other runs wrote the same lines each time.
    #[error("the lines were changed at the same time")]
    Contended,
}

/// What the reports of a day say.
#[derive(Default)]
struct Gathered {
    lines: BTreeMap<String, Line>,
    deposits: BTreeMap<String, Deposit>,
    adjustments: BTreeMap<String, Vec<Adjustment>>,
    chargebacks: BTreeMap<String, Vec<Chargeback>>,
}

impl Gathered {
    fn line(&mut self, reference: String) -> &mut Line {
        let line = self.lines.entry(reference.clone()).or_default();
        line.reference = reference;
        line
    }

    fn take(&mut self, record: FundingRecord, wanted: &WantedDay<'_>) {
        match record {
            FundingRecord::Deposit(deposit) => {
                let stated = Deposit { account: wanted.account.to_owned(), read_at: wanted.now, ..*deposit };
                self.deposits.insert(stated.id.clone(), stated);
            }
            FundingRecord::Line { reference, funded, .. } => self.line(reference).add_funded(funded),
            FundingRecord::Adjustment { deposit, adjustment } => {
                self.adjustments.entry(deposit).or_default().push(adjustment);
            }
            FundingRecord::Chargeback(chargeback) => {
                self.chargebacks.entry(chargeback.deposit.clone()).or_default().push(*chargeback);
            }
        }
    }
}

impl Gathered {
    /// The deposits with what their lines add up to.
    fn deposits(mut self, mut held: BTreeMap<String, HeldLines>, wanted: &WantedDay<'_>) -> Vec<Deposit> {
        for id in self.adjustments.keys().chain(self.chargebacks.keys()) {
            let missing = || Deposit::without_sum(id.clone(), wanted.account, wanted.day, wanted.now);
            self.deposits.entry(id.clone()).or_insert_with(missing);
        }
        let mut deposits = Vec::new();
        for (id, mut deposit) in self.deposits {
            let held = held.remove(&id).unwrap_or_default();
            // Whether net sales have what was refused or voided is not documented.
            let is_all = held.all.0 == deposit.component(Component::NetSales);
            let (sum, refunds) = if is_all { held.all } else { held.money };
            (deposit.lines, deposit.refunds, deposit.places) = ((held.count, sum), refunds, held.places);
            deposit.adjustments.extend(self.adjustments.remove(&id).unwrap_or_default());
            deposit.adjustments.sort_by(|one, other| one.id.cmp(&other.id));
            deposit.chargebacks = self.chargebacks.remove(&id).unwrap_or_default();
            deposits.push(deposit);
        }
        deposits
    }
}

impl Line {
    /// What a batch says, in place of what it said before. The first day for which it was reported stays.
    fn add_settled(&mut self, new: Settled) {
        match self.settled.binary_search_by(|one| one.batch.cmp(&new.batch)) {
            Ok(n) => self.settled[n] = Settled { day: new.day.min(self.settled[n].day), ..new },
            Err(n) => self.settled.insert(n, new),
        }
    }

    /// What a deposit's line says, in place of what it said before.
    fn add_funded(&mut self, new: Funded) {
        match self.funded.binary_search_by(|one| one.id.cmp(&new.id)) {
            Ok(n) => self.funded[n] = new,
            Err(n) => self.funded.insert(n, new),
        }
    }

    pub(super) fn add(&mut self, new: Self) {
        new.settled.into_iter().for_each(|settled| self.add_settled(settled));
        new.funded.into_iter().for_each(|funded| self.add_funded(funded));
    }
}

impl Reader<'_> {
    /// Reads both reports of a day. What they say is to be kept.
    pub async fn read(
        &self,
        wanted: &WantedDay<'_>,
        known: &mut KnownDays,
        unkept: &mut Unkept,
    ) -> Result<DayRead, ReadDayError> {
        let mut gathered = Gathered::default();
        let settled = self.read_settled(wanted, &mut gathered).await?;
        let funded = self.read_funded(wanted, &mut gathered).await?;
        let places = self.place(wanted, known, std::mem::take(&mut gathered.lines)).await?;
        let read = DayRead {
            records: settled.records() + funded.records(),
            has_deposits: match funded {
                ReadReport::Whole(_) => Some(true),
                ReadReport::Nothing => None,
                ReadReport::NotOffered => Some(false),
            },
        };
        let held = held_by_deposits(&places);
        unkept.add(places);
        unkept.deposits.extend(gathered.deposits(held, wanted));
        Ok(read)
    }

    /// Keeps what was read. Lines come first, so that a deposit that is there has its lines.
    pub async fn keep(&self, merchant: &MerchantId, unkept: Unkept) -> Result<Kept, ReadDayError> {
        let places = unkept.places.into_iter();
        let written = places
            .map(async |(place, lines)| self.add(merchant, &place, lines.into_values().collect()).await);
        let written = stream::iter(written).buffer_unordered(WRITES_AT_A_TIME);
        let written = written.try_fold(0, async |sum, changed| Ok(sum + u64::from(changed))).await?;
        let mut kept = Kept { written, ..Kept::default() };
        for deposit in unkept.deposits {
            let PutDeposit { deposit, is_written } = self.deposits.put(merchant, &deposit).await?;
            if !deposit.is_journaled() {
                kept.unjournaled.push(deposit.clone());
            }
            if is_written {
                kept.deposits.push(deposit);
            }
        }
        Ok(kept)
    }

    async fn read_settled(
        &self,
        wanted: &WantedDay<'_>,
        gathered: &mut Gathered,
    ) -> Result<ReadReport, ReportError> {
        let WantedDay { merchant, account, day, limit, .. } = *wanted;
        let mut each = |record: super::SettledRecord| {
            gathered.line(record.reference).add_settled(record.settled);
        };
        self.reports.settled(merchant, account, day, limit, &mut each).await
    }

    async fn read_funded(
        &self,
        wanted: &WantedDay<'_>,
        gathered: &mut Gathered,
    ) -> Result<ReadReport, ReportError> {
        let WantedDay { merchant, account, day, limit, .. } = *wanted;
        let mut each = |record| gathered.take(record, wanted);
        self.reports.funded(merchant, account, day, limit, &mut each).await
    }

    /// Says for each line where it belongs. Batches of the same day of another year are left out.
    async fn place(
        &self,
        wanted: &WantedDay<'_>,
        known: &mut KnownDays,
        lines: BTreeMap<String, Line>,
    ) -> Result<BTreeMap<LinePlace, Vec<Line>>, StoreError> {
        let (merchant, account) = (&wanted.merchant.id, wanted.account);
        let (mut with_days, mut stale) = (Vec::new(), BTreeSet::<String>::new());
        for (reference, line) in lines {
            let is_stale = |line: &Line| line.settled.iter().all(|one| stale.contains(&one.batch));
            if line.funded.is_empty() && is_stale(&line) {
                continue;
            }
            let day = known.find(self.log, merchant, account, &reference).await?;
            if day.is_some_and(|day| is_of_another_year(day, wanted.day)) {
                stale.extend(line.settled.iter().map(|one| one.batch.clone()));
            }
            with_days.push((day, line));
        }
        let mut places = BTreeMap::<LinePlace, Vec<Line>>::new();
        for (day, mut line) in with_days {
            line.settled.retain(|one| !stale.contains(&one.batch));
            if !line.settled.is_empty() || !line.funded.is_empty() {
                places.entry(LinePlace::of(account, day, &line.reference)).or_default().push(line);
            }
        }
        Ok(places)
    }

    /// Adds lines to their place. Says whether anything had to be written.
    async fn add(
        &self,
        merchant: &MerchantId,
        place: &LinePlace,
        lines: Vec<Line>,
    ) -> Result<bool, ReadDayError> {
        for _ in 0..TRIES {
            let before = self.lines.load(merchant, place).await?;
            let after = before.with(&lines);
            if after.lines == before.lines {
                return Ok(false);
            }
            if self.lines.save(merchant, place, &after).await? {
                return Ok(true);
            }
        }
        Err(ReadDayError::Contended)
    }

    /// Moves lines that are known by now to the day that they belong to. Says how many.
    pub async fn move_known(
        &self,
        merchant: &MerchantId,
        account: &str,
        known: &mut KnownDays,
    ) -> Result<u64, ReadDayError> {
        let mut moved = 0;
        for (place, packed) in self.lines.load_day(merchant, account, None).await? {
            let mut there = BTreeMap::<LinePlace, Vec<Line>>::new();
            for line in packed.lines {
                match known.get(account, &line.reference) {
                    Some(day) => {
                        let to = LinePlace::of(account, Some(day), &line.reference);
                        there.entry(to).or_default().push(line);
                    }
                    None => known.note_unknown(account, &line.reference),
                }
            }
            for (to, lines) in there {
                let gone: BTreeSet<String> = lines.iter().map(|line| line.reference.clone()).collect();
                let deposits: BTreeSet<String> =
                    lines.iter().flat_map(|line| &line.funded).map(|one| one.deposit.clone()).collect();
                self.add(merchant, &to, lines).await?;
                for id in deposits {
                    self.deposits.add_place(merchant, &id, &to).await?;
                }
                self.remove(merchant, &place, &gone).await?;
                moved += u64::try_from(gone.len()).unwrap_or(u64::MAX);
            }
        }
        Ok(moved)
    }

    async fn remove(
        &self,
        merchant: &MerchantId,
        place: &LinePlace,
        gone: &BTreeSet<String>,
    ) -> Result<(), ReadDayError> {
        for _ in 0..TRIES {
            let mut packed = self.lines.load(merchant, place).await?;
            let before = packed.lines.len();
            packed.lines.retain(|line| !gone.contains(&line.reference));
            if packed.lines.len() == before {
                return Ok(());
            }
            packed.version += 1;
            if self.lines.save(merchant, place, &packed).await? {
                return Ok(());
            }
        }
        Err(ReadDayError::Contended)
    }
}

impl PackedLines {
    /// The same with these lines, in the next version.
    fn with(&self, lines: &[Line]) -> Self {
        let mut all: BTreeMap<&str, Line> =
            self.lines.iter().map(|line| (line.reference.as_str(), line.clone())).collect();
        for line in lines {
            let known = all.entry(&line.reference).or_default();
            known.reference.clone_from(&line.reference);
            known.add(line.clone());
        }
        Self { version: self.version + 1, lines: all.into_values().collect() }
    }
}

impl ReadReport {
    fn records(self) -> u64 {
        if let Self::Whole(records) = self { records } else { 0 }
    }
}

/// The lines that a deposit holds.
#[derive(Default)]
struct HeldLines {
    count: u64,
    /// The sum of all, and what of it is given back.
    all: (i64, i64),
    /// The same of those that move money: not of what was refused or voided.
    money: (i64, i64),
    /// Where they are.
    places: BTreeSet<LinePlace>,
}

fn held_by_deposits(places: &BTreeMap<LinePlace, Vec<Line>>) -> BTreeMap<String, HeldLines> {
    let mut all = BTreeMap::<String, HeldLines>::new();
    for (place, lines) in places {
        for funded in lines.iter().flat_map(|line| &line.funded) {
            let held = all.entry(funded.deposit.clone()).or_default();
            held.count += 1;
            let add = |sum: &mut (i64, i64)| {
                sum.0 = sum.0.saturating_add(funded.amount);
                sum.1 = sum.1.saturating_add(funded.amount.min(0));
            };
            add(&mut held.all);
            if funded.is_money() {
                add(&mut held.money);
            }
            held.places.insert(place.clone());
        }
    }
    all
}

/// Whether a payment of this day cannot be in a batch of that one: the report's day has no year.
fn is_of_another_year(paid: Date, settled: Date) -> bool {
    settled.saturating_sub(ANOTHER_YEAR_DAYS.days()) > paid
}
