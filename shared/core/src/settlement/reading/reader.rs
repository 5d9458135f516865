//! Reads the reports of Eastern days of an account, and keeps what they say.
//!
//! A report that was read whole is the gateway's current word: it replaces what was known of its day's batches, or of its
//! deposits. So reading the same days again, in any order or after a crash, leaves the same lines and deposits, and only what
//! changed is written. Where lines will be is noted before they are written, so that none of them can be left behind.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use futures_util::{StreamExt, TryStreamExt, stream};
use jiff::{SignedDuration, Timestamp, ToSpan, civil::Date};

use crate::{
    journal::EntryLog,
    order::{MerchantId, is_gateway_order_id},
    payments::{Merchant, NotRecorded, StoreError, Unreadable},
    settlement::{
        Adjustment, Chargeback, Component, Deposit, DepositStore, Funded, FundingRecord, KnownDays,
        KnownReport, Line, LinePlace, LineStore, PackedLines, ReadReport, ReportError, ReportKind, Reports,
        SettledRecord, UnreadableRow, eastern_day,
        facts::{
            known_report::KnownReports,
            store::{ChangedDeposit, change_deposit},
        },
        merge_deposit,
    },
};

/// Lines of several days that are kept together: so many take about 10 MB.
const KEPT_TOGETHER_MAX: usize = 20_000;

/// A report of batches that is of another year: a payment is settled within days.
const ANOTHER_YEAR_DAYS: i32 = 300;

/// How long a report has to say that there is nothing, where it had something before, until that is believed.
const EMPTY_FOR: SignedDuration = SignedDuration::from_hours(24);

/// Items that are written at a time.
const WRITES_AT_A_TIME: usize = 8;

/// How often an item is read again because another run wrote it meanwhile.
const TRIES: usize = 5;

/// Whose reports are kept.
#[derive(Clone, Copy)]
pub(in crate::settlement) struct WantedAccount<'a> {
    /// The merchant.
    pub(in crate::settlement) merchant: &'a MerchantId,
    /// The gateway account (MID).
    pub(in crate::settlement) account: &'a str,
    /// When the run began.
    pub(in crate::settlement) now: Timestamp,
}

/// Reads reports and keeps what they say.
pub(in crate::settlement) struct Reader<'a> {
    /// The gateway's reports.
    pub(in crate::settlement) reports: &'a dyn Reports,
    /// The journal.
    pub(in crate::settlement) log: &'a dyn EntryLog,
    /// Where lines are kept.
    pub(in crate::settlement) lines: &'a dyn LineStore,
    /// Where deposits are kept.
    pub(in crate::settlement) deposits: &'a dyn DepositStore,
}

/// Which reports are read.
#[derive(Clone, Copy)]
pub(in crate::settlement) struct WantedDay<'a> {
    /// The merchant, with its access to the gateway.
    pub(in crate::settlement) merchant: &'a Merchant,
    /// The gateway account (MID).
    pub(in crate::settlement) account: &'a str,
    /// The Eastern day.
    pub(in crate::settlement) day: Date,
    /// When the run began.
    pub(in crate::settlement) now: Timestamp,
    /// How long one report may take.
    pub(in crate::settlement) limit: Duration,
}

/// What reading a day came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::settlement) struct DayRead {
    /// Records that were read.
    pub(in crate::settlement) records: u64,
    /// Whether the gateway offers deposits for the account; none where it has nothing for the day, since it may say the same
    /// of an account without deposits.
    pub(in crate::settlement) has_deposits: Option<bool>,
}

/// What was read and is not kept yet. Days are kept together, so that an item is written once for all of them.
#[derive(Default)]
pub(in crate::settlement) struct Unkept {
    /// Lines by where they belong, and by reference.
    places: BTreeMap<LinePlace, BTreeMap<String, Line>>,
    deposits: BTreeMap<String, Deposit>,
    reports: KnownReports,
    lines: usize,
}

impl Unkept {
    /// Whether it has to be kept before more is read.
    pub(in crate::settlement) fn is_much(&self) -> bool {
        self.lines >= KEPT_TOGETHER_MAX
    }

    fn add_line(&mut self, place: LinePlace, line: Line) {
        self.lines += 1;
        let known = self.places.entry(place).or_default().entry(line.reference.clone()).or_default();
        known.reference.clone_from(&line.reference);
        known.add(line);
    }

    /// Lines of a place as they are now, where these reports say all of their batches and deposits.
    /// Leaves deposits as they are kept, with their lines.
    fn leave_out(&mut self, deposits: &BTreeSet<String>) {
        self.deposits.retain(|id, _| !deposits.contains(id));
        for line in self.places.values_mut().flat_map(BTreeMap::values_mut) {
            line.funded.retain(|one| !deposits.contains(&one.deposit));
        }
    }

    fn replaced(&self, place: &LinePlace, before: &PackedLines) -> PackedLines {
        let mut all = BTreeMap::<String, Line>::new();
        for line in &before.lines {
            let mut line = line.clone();
            line.settled.retain(|one| !self.reports.contains_key(&(ReportKind::Batches, one.day)));
            line.funded.retain(|one| !self.deposits.contains_key(&one.deposit));
            all.insert(line.reference.clone(), line);
        }
        for (reference, line) in self.places.get(place).into_iter().flatten() {
            let known = all.entry(reference.clone()).or_default();
            known.reference.clone_from(reference);
            known.add(line.clone());
        }
        let lines = all.into_values().filter(|line| !line.is_empty()).collect();
        PackedLines { version: before.version + 1, lines, is_unreadable: false }
    }
}

/// What was kept.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::settlement) struct Kept {
    /// Items of lines that were written.
    pub(in crate::settlement) written: u64,
    /// Deposits that are new or changed.
    pub(in crate::settlement) deposits: u64,
    /// Deposits of which the journal lacks entries.
    pub(in crate::settlement) unjournaled: Vec<Deposit>,
    /// References of which something else is known now.
    pub(in crate::settlement) changed: BTreeSet<String>,
    /// What the reports say now. It is noted last.
    pub(in crate::settlement) reports: KnownReports,
    /// Days of which something could not be kept, because a stored item cannot be read.
    pub(in crate::settlement) unread: BTreeSet<Date>,
}

/// A place of lines, as it is before they are replaced.
struct Loaded {
    place: LinePlace,
    is_changed: bool,
    is_unreadable: bool,
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

/// What a report says.
#[derive(Default)]
struct Gathered {
    lines: BTreeMap<String, Line>,
    /// References that have an order id as Tollgate makes them.
    named: BTreeSet<String>,
    batches: BTreeSet<String>,
    deposits: BTreeMap<String, Deposit>,
    adjustments: BTreeMap<String, Vec<Adjustment>>,
    chargebacks: BTreeMap<String, Vec<Chargeback>>,
    unreadable: Vec<UnreadableRow>,
}

impl Gathered {
    fn line(&mut self, reference: String, gateway_order_id: Option<&str>) -> &mut Line {
        if gateway_order_id.is_some_and(is_gateway_order_id) {
            self.named.insert(reference.clone());
        }
        let line = self.lines.entry(reference.clone()).or_default();
        line.reference = reference;
        line
    }

    fn take_settled(&mut self, record: SettledRecord) {
        match record {
            SettledRecord::Line { reference, settled } => {
                self.batches.insert(settled.batch.clone());
                self.line(reference, settled.gateway_order_id.as_deref()).add_settled(settled);
            }
            SettledRecord::Unreadable(row) => self.unreadable.push(row),
        }
    }

    fn take_funded(&mut self, record: FundingRecord, wanted: &WantedDay<'_>) {
        match record {
            FundingRecord::Deposit(deposit) => {
                let stated = Deposit { account: wanted.account.to_owned(), read_at: wanted.now, ..*deposit };
                self.deposits.insert(stated.id.clone(), stated);
            }
            FundingRecord::Line { reference, funded, gateway_order_id } => {
                self.line(reference, gateway_order_id.as_deref()).add_funded(funded);
            }
            FundingRecord::Adjustment { deposit, adjustment } => {
                self.adjustments.entry(deposit).or_default().push(adjustment);
            }
            FundingRecord::Chargeback(chargeback) => {
                self.chargebacks.entry(chargeback.deposit.clone()).or_default().push(*chargeback);
            }
            FundingRecord::Unreadable(row) => self.unreadable.push(row),
        }
    }

    /// The deposits with what their lines add up to. What is stated with a deposit without a sum is one without a sum.
    fn deposits(self, mut held: BTreeMap<String, HeldLines>, wanted: &WantedDay<'_>) -> Vec<Deposit> {
        let Self { mut deposits, mut adjustments, mut chargebacks, unreadable, .. } = self;
        let of_rows = unreadable.iter().filter_map(|row| row.deposit.as_ref());
        for id in adjustments.keys().chain(chargebacks.keys()).chain(held.keys()).chain(of_rows) {
            let missing = || Deposit::without_sum(id.clone(), wanted.account, wanted.day, wanted.now);
            deposits.entry(id.clone()).or_insert_with(missing);
        }
        let whole = |(id, deposit): (String, Deposit)| {
            let held = held.remove(&id).unwrap_or_default();
            // Whether net sales have what was refused or voided is not documented.
            let is_all = held.all.sum == deposit.component(Component::NetSales);
            let HeldSum { sum, refunds } = if is_all { held.all } else { held.money };
            let mut all_adjustments = deposit.adjustments;
            all_adjustments.extend(adjustments.remove(&id).unwrap_or_default());
            Deposit {
                lines: (held.count, sum),
                others: held.others,
                refunds,
                places: held.places,
                adjustments: all_adjustments,
                chargebacks: chargebacks.remove(&id).unwrap_or_default(),
                unreadable: unreadable
                    .iter()
                    .filter(|row| row.deposit.as_ref() == Some(&id))
                    .cloned()
                    .collect(),
                ..deposit
            }
        };
        deposits.into_iter().map(whole).collect()
    }
}

impl Reader<'_> {
    /// Reads both reports of a day. What one of them says is to be kept, also if the other one cannot be read.
    pub(in crate::settlement) async fn read(
        &self,
        wanted: &WantedDay<'_>,
        before: &KnownReports,
        known: &mut KnownDays,
        unkept: &mut Unkept,
    ) -> Result<DayRead, ReadDayError> {
        let mut day = DayRead::default();
        let settled = self.read_report(ReportKind::Batches, wanted, before, known, unkept).await;
        if let Err(ReadDayError::Report(ReportError::Unavailable(_) | ReportError::Throttled)) = settled {
            return settled.map(|_| day);
        }
        let funded = self.read_report(ReportKind::Deposits, wanted, before, known, unkept).await;
        for read in [&settled, &funded].into_iter().flatten() {
            day.records += read.records();
        }
        day.has_deposits = match funded {
            Ok(ReadReport::Whole(_)) => Some(true),
            Ok(ReadReport::NotOffered) => Some(false),
            Ok(ReadReport::Nothing) | Err(_) => None,
        };
        settled.and(funded).map(|_| day)
    }

    async fn read_report(
        &self,
        kind: ReportKind,
        wanted: &WantedDay<'_>,
        before: &KnownReports,
        known: &mut KnownDays,
        unkept: &mut Unkept,
    ) -> Result<ReadReport, ReadDayError> {
        let WantedDay { merchant, account, day, limit, now } = *wanted;
        let mut gathered = Gathered::default();
        let read = match kind {
            ReportKind::Batches => {
                let mut each = |record| gathered.take_settled(record);
                self.reports.settled(merchant, account, day, limit, &mut each).await?
            }
            ReportKind::Deposits => {
                let mut each = |record| gathered.take_funded(record, wanted);
                self.reports.funded(merchant, account, day, limit, &mut each).await?
            }
        };
        if read == ReadReport::NotOffered {
            return Ok(read);
        }
        let before = before.get(&(kind, day)).filter(|before| !before.names.is_empty());
        if let Some(before) = before.filter(|_| read == ReadReport::Nothing) {
            let empty_since = before.empty_since.unwrap_or(now);
            if now.duration_since(empty_since) < EMPTY_FOR {
                let noted = KnownReport { empty_since: Some(empty_since), ..before.clone() };
                self.lines.keep_report(&merchant.id, account, &noted).await?;
                return Err(ReportError::Emptied.into());
            }
        }
        let (places, held) = self.place(wanted, known, &mut gathered, unkept).await?;
        let mut report = KnownReport { places, ..KnownReport::new(kind, day) };
        report.unreadable = gathered.unreadable.extract_if(.., |row| row.deposit.is_none()).collect();
        report.names = std::mem::take(&mut gathered.batches);
        for deposit in gathered.deposits(held, wanted) {
            report.names.insert(deposit.id.clone());
            unkept.deposits.entry(deposit.id.clone()).or_insert(deposit);
        }
        unkept.reports.insert((kind, day), report);
        Ok(read)
    }

    /// Puts lines where they belong: says where, and what of them deposits hold. Batches of the same day of another year are left
    /// out, and so is what others do with a shared account.
    async fn place(
        &self,
        wanted: &WantedDay<'_>,
        known: &mut KnownDays,
        gathered: &mut Gathered,
        unkept: &mut Unkept,
    ) -> Result<(BTreeSet<LinePlace>, BTreeMap<String, HeldLines>), StoreError> {
        let WantedDay { merchant, account, .. } = *wanted;
        let lines = std::mem::take(&mut gathered.lines);
        let is_shared = merchant.gateway.shared.contains(account);
        let may_be_ours = |reference: &&String| !is_shared || gathered.named.contains(*reference);
        known.look_up(self.log, &merchant.id, lines.keys().filter(may_be_ours)).await?;
        let mut stale = BTreeSet::<String>::new();
        for (reference, line) in &lines {
            let day = known.get(reference);
            if day.is_some_and(|day| is_of_another_year(day, wanted.day)) {
                stale.extend(line.settled.iter().map(|one| one.batch.clone()));
            }
        }
        gathered.batches.retain(|batch| !stale.contains(batch));
        let (mut places, mut held) = (BTreeSet::new(), BTreeMap::<String, HeldLines>::new());
        for (reference, mut line) in lines {
            line.settled.retain(|one| !stale.contains(&one.batch));
            let day = known.get(&reference);
            let is_others = day.is_none() && !gathered.named.contains(&reference);
            let place = LinePlace::of(account, day, &reference);
            let kept_at = (!(is_others && is_shared)).then_some(&place);
            for funded in &line.funded {
                held.entry(funded.deposit.clone()).or_default().add(funded, is_others, kept_at);
            }
            if kept_at.is_some() && !line.is_empty() {
                places.insert(place.clone());
                unkept.add_line(place, line);
            }
        }
        Ok((places, held))
    }

    /// Keeps what was read, in place of what these reports said before. Lines come before their deposits, so that a deposit
    /// that is there has its lines.
    pub(in crate::settlement) async fn keep(
        &self,
        wanted: &WantedAccount<'_>,
        mut unkept: Unkept,
        before: &mut KnownReports,
    ) -> Result<Kept, ReadDayError> {
        let WantedAccount { merchant, account, .. } = *wanted;
        withdraw(wanted, &mut unkept, before);
        let mut places: BTreeSet<LinePlace> = unkept.places.keys().cloned().collect();
        let mut kept = Kept::default();
        let mut bad_deposits = BTreeSet::new();
        for id in unkept.deposits.keys() {
            match Unreadable::left_out(self.deposits.get(merchant, account, id).await)? {
                Some(known) => places.extend(known.into_iter().flat_map(|one| one.places)),
                None => drop(bad_deposits.insert(id.clone())),
            }
        }
        let mut noted = KnownReports::new();
        for (key, report) in &unkept.reports {
            let mut report = KnownReport { is_unmatched: true, ..report.clone() };
            if let Some(known) = before.get(key) {
                report.places.extend(known.places.iter().cloned());
                report.names.extend(known.names.iter().cloned());
            }
            places.extend(report.places.iter().cloned());
            if report.names.iter().any(|name| bad_deposits.contains(name)) {
                kept.unread.insert(key.1);
            }
            noted.insert(*key, report);
        }
        unkept.leave_out(&bad_deposits);
        let changed = places.into_iter().map(async |place| {
            let before = self.lines.load(merchant, &place).await?;
            let is_changed = !before.is_unreadable && unkept.replaced(&place, &before).lines != before.lines;
            Ok::<_, StoreError>(Loaded { place, is_changed, is_unreadable: before.is_unreadable })
        });
        let loaded: Vec<Loaded> =
            stream::iter(changed).buffer_unordered(WRITES_AT_A_TIME).try_collect().await?;
        for bad in loaded.iter().filter(|loaded| loaded.is_unreadable) {
            let of_place = noted.iter().filter(|(_, report)| report.places.contains(&bad.place));
            kept.unread.extend(of_place.map(|((_, day), _)| *day));
        }
        let changed: Vec<LinePlace> =
            loaded.into_iter().filter(|loaded| loaded.is_changed).map(|loaded| loaded.place).collect();
        // Before the first line is written: whatever a run dies of, the next one knows where lines may be, and that they
        // changed.
        for report in noted.into_values().filter(|_| !changed.is_empty()) {
            self.note_report(wanted, report, before).await?;
        }
        let written = changed.into_iter().map(async |place| self.replace(merchant, &place, &unkept).await);
        let written: Vec<Vec<String>> =
            stream::iter(written).buffer_unordered(WRITES_AT_A_TIME).try_collect().await?;
        for changed in written {
            kept.written += u64::from(!changed.is_empty());
            kept.changed.extend(changed);
        }
        for (id, read) in &unkept.deposits {
            let merge = |before: Option<&Deposit>| {
                let is_nothing = before.is_none() && read.is_withdrawn();
                (!is_nothing).then(|| merge_deposit(before, read).0)
            };
            let put = change_deposit(self.deposits, merchant, (account, id), merge).await?;
            let Some(ChangedDeposit { deposit, is_written }) = put else { continue };
            kept.deposits += u64::from(is_written);
            if !deposit.is_journaled() {
                kept.unjournaled.push(deposit);
            }
        }
        // Of a day that was not kept whole, what was known of it stays, too.
        kept.reports =
            unkept.reports.into_iter().filter(|((_, day), _)| !kept.unread.contains(day)).collect();
        Ok(kept)
    }

    /// Notes what reports say, once the journal has what follows for deposits: until then, one that they do not list any more
    /// is still known.
    pub(in crate::settlement) async fn note_kept(
        &self,
        wanted: &WantedAccount<'_>,
        kept: KnownReports,
        before: &mut KnownReports,
    ) -> Result<(), StoreError> {
        for (key, report) in kept {
            let is_unmatched = before.get(&key).is_some_and(|known| known.is_unmatched);
            self.note_report(wanted, KnownReport { is_unmatched, ..report }, before).await?;
        }
        Ok(())
    }

    /// Notes that all that reports changed was matched.
    pub(in crate::settlement) async fn note_matched(
        &self,
        wanted: &WantedAccount<'_>,
        before: &mut KnownReports,
    ) -> Result<(), StoreError> {
        let unmatched: Vec<_> = before.values().filter(|report| report.is_unmatched).cloned().collect();
        for report in unmatched {
            self.note_report(wanted, KnownReport { is_unmatched: false, ..report }, before).await?;
        }
        Ok(())
    }

    async fn note_report(
        &self,
        wanted: &WantedAccount<'_>,
        report: KnownReport,
        before: &mut KnownReports,
    ) -> Result<(), StoreError> {
        let key = (report.kind, report.day);
        if before.get(&key) != Some(&report) {
            self.lines.keep_report(wanted.merchant, wanted.account, &report).await?;
            before.insert(key, report);
        }
        Ok(())
    }

    /// Replaces what the lines of a place say. Returns the references of those that changed.
    async fn replace(
        &self,
        merchant: &MerchantId,
        place: &LinePlace,
        unkept: &Unkept,
    ) -> Result<Vec<String>, ReadDayError> {
        for _ in 0..TRIES {
            let before = self.lines.load(merchant, place).await?;
            let after = unkept.replaced(place, &before);
            if before.is_unreadable || after.lines == before.lines {
                return Ok(Vec::new());
            }
            if self.lines.save(merchant, place, &after).await? {
                let changed = before.lines.iter().filter(|line| !after.lines.contains(line));
                let new = after.lines.iter().filter(|line| !before.lines.contains(line));
                return Ok(changed.chain(new).map(|line| line.reference.clone()).collect());
            }
        }
        Err(ReadDayError::Contended)
    }
}

/// A deposit that its report does not list any more, nor another day's, holds nothing from now on.
fn withdraw(wanted: &WantedAccount<'_>, unkept: &mut Unkept, before: &KnownReports) {
    let of_deposits = before.iter().filter(|(key, _)| key.0 == ReportKind::Deposits);
    let (read, others): (Vec<_>, Vec<_>) = of_deposits.partition(|(key, _)| unkept.reports.contains_key(key));
    let is_listed = |id: &String| {
        unkept.deposits.contains_key(id) || others.iter().any(|(_, report)| report.names.contains(id))
    };
    let gone = read.iter().flat_map(|(_, report)| &report.names).filter(|id| !is_listed(id));
    let gone: BTreeSet<String> = gone.cloned().collect();
    for id in gone {
        let nothing = Deposit::without_sum(id.clone(), wanted.account, eastern_day(wanted.now), wanted.now);
        unkept.deposits.insert(id, nothing);
    }
}

impl ReadReport {
    fn records(self) -> u64 {
        if let Self::Whole(records) = self { records } else { 0 }
    }
}

/// A sum of lines, and what of it is given back.
#[derive(Clone, Copy, Default)]
struct HeldSum {
    sum: i64,
    refunds: i64,
}

impl HeldSum {
    fn add(&mut self, amount: i64) {
        self.sum = self.sum.saturating_add(amount);
        self.refunds = self.refunds.saturating_add(amount.min(0));
    }
}

/// The lines that a deposit holds.
#[derive(Default)]
struct HeldLines {
    count: u64,
    /// Of all of them.
    all: HeldSum,
    /// Of those that move money: not of what was refused or voided.
    money: HeldSum,
    /// Those that are not Tollgate's and move money: how many, and their sum.
    others: (u64, i64),
    /// Where they are.
    places: BTreeSet<LinePlace>,
}

impl HeldLines {
    fn add(&mut self, funded: &Funded, is_others: bool, kept_at: Option<&LinePlace>) {
        self.count += 1;
        self.all.add(funded.amount);
        if funded.is_money() {
            self.money.add(funded.amount);
            if is_others {
                self.others.0 += 1;
                self.others.1 = self.others.1.saturating_add(funded.amount);
            }
        }
        self.places.extend(kept_at.cloned());
    }
}

/// Whether a payment of this day cannot be in a batch of that one: the report's day has no year.
fn is_of_another_year(paid: Date, settled: Date) -> bool {
    settled.saturating_sub(ANOTHER_YEAR_DAYS.days()) > paid
}
