//! One account in one run: how far its reports are read, and the contents that are not kept yet.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use jiff::{Timestamp, civil::Date};

use super::journal_days::JournalDays;
use crate::{
    payments::{Deadline, Merchant},
    settlement::{
        Deposit, KnownReport, Line, PackKey, PackedLines, Progress, ReportKind, SettlementReport,
        eastern_day, facts::known_report::KnownReports,
    },
};

/// Lines of several days that are kept together: so many take about 10 MB.
const KEPT_TOGETHER_MAX: usize = 20_000;

/// The reading of an account's reports.
pub(crate) struct AccountReading {
    /// The merchant, with its access to the gateway.
    pub(crate) merchant: Arc<Merchant>,
    /// The account, and how far its reports are read.
    pub(crate) progress: Progress,
    /// When the run began.
    pub(crate) now: Timestamp,
    /// When the run has to end.
    pub(crate) deadline: Deadline,
    /// Where lines belong.
    pub(crate) journal_days: JournalDays,
    /// The account's reports, as far as known.
    pub(crate) reports: KnownReports,
    /// Contents that were read and are not kept yet.
    pub(crate) unkept: Unkept,
    /// The run's result so far.
    pub(crate) report: SettlementReport,
}

impl AccountReading {
    /// Of an account of which nothing is read yet.
    pub(crate) fn new(
        merchant: Arc<Merchant>,
        progress: Progress,
        now: Timestamp,
        deadline: Deadline,
    ) -> Self {
        Self {
            merchant,
            progress,
            now,
            deadline,
            journal_days: JournalDays::default(),
            reports: KnownReports::new(),
            unkept: Unkept::default(),
            report: SettlementReport::default(),
        }
    }

    /// The days whose reports list a batch or deposit: those of this run, and of other days the
    /// last known.
    pub(super) fn days_listing(&self, kind: ReportKind, name: &str) -> impl Iterator<Item = Date> {
        let known = self.reports.iter().filter(|(key, _)| !self.unkept.reports.contains_key(key));
        let all = self.unkept.reports.values().chain(known.map(|(_, report)| report));
        all.filter(move |report| report.kind == kind && report.names.contains(name)).map(|report| report.day)
    }

    /// Whether a report had something that no report of another day lists.
    pub(super) fn is_only_word(&self, known: &KnownReport) -> bool {
        let is_alone = |name: &String| self.days_listing(known.kind, name).all(|day| day == known.day);
        !known.unreadable.is_empty() || known.names.iter().any(is_alone)
    }

    /// A deposit that its report does not list any more, nor another day's, holds nothing from now
    /// on. Another day's report that lists it has the word, and is read again.
    pub(super) fn withdraw(&mut self) {
        let kind = ReportKind::Deposits;
        let read =
            self.reports.iter().filter(|(key, _)| key.0 == kind && self.unkept.reports.contains_key(key));
        let not_listed =
            read.flat_map(|(key, report)| report.names.difference(&self.unkept.reports[key].names));
        let elsewhere = |id: &&String| self.unkept.deposits.contains_key(*id);
        let not_listed: BTreeSet<String> = not_listed.filter(|id| !elsewhere(id)).cloned().collect();
        for id in not_listed {
            if let Some(other) = self.days_listing(kind, &id).max() {
                self.want(other, None);
                continue;
            }
            let (account, today) = (&self.progress.account, eastern_day(self.now));
            let nothing = Deposit::without_sum(id.clone(), account, today, self.now);
            self.unkept.deposits.insert(id, nothing);
        }
    }

    /// Notes that a day is to be read, and why it could not be.
    pub(crate) fn want(&mut self, day: Date, cause: Option<String>) {
        self.progress.want(day, self.now, cause);
    }
}

/// Contents that were read and are not kept yet. Days are kept together, so that an item is written
/// once for all.
#[derive(Default)]
pub(crate) struct Unkept {
    /// Lines by where they belong, and by reference.
    pub(super) packs: BTreeMap<PackKey, BTreeMap<String, Line>>,
    pub(super) deposits: BTreeMap<String, Deposit>,
    pub(super) reports: KnownReports,
    /// Reports that suddenly say that there is nothing.
    pub(super) emptied: Vec<KnownReport>,
    lines: usize,
}

impl Unkept {
    /// Whether it has to be kept before more is read.
    pub(crate) fn is_much(&self) -> bool {
        self.lines >= KEPT_TOGETHER_MAX
    }

    /// Adds a report's line.
    pub(super) fn add_line(&mut self, pack: PackKey, line: Line) {
        self.lines += 1;
        let known = self.packs.entry(pack).or_default().entry(line.reference.clone()).or_default();
        known.reference.clone_from(&line.reference);
        known.add(line);
    }

    /// Leaves deposits as they are kept, with their lines.
    pub(super) fn leave_out(&mut self, deposits: &BTreeSet<String>) {
        if deposits.is_empty() {
            return;
        }
        self.deposits.retain(|id, _| !deposits.contains(id));
        for line in self.packs.values_mut().flat_map(BTreeMap::values_mut) {
            line.funded.retain(|one| !deposits.contains(&one.deposit));
        }
    }

    /// Lines of a pack as they are now, where these reports say all of their batches and deposits.
    pub(super) fn replaced(&self, pack: &PackKey, before: &PackedLines) -> PackedLines {
        let mut all = BTreeMap::<String, Line>::new();
        for line in &before.lines {
            let mut line = line.clone();
            line.settled.retain(|one| !self.reports.contains_key(&(ReportKind::Batches, one.day)));
            line.funded.retain(|one| !self.deposits.contains_key(&one.deposit));
            all.insert(line.reference.clone(), line);
        }
        for (reference, line) in self.packs.get(pack).into_iter().flatten() {
            let known = all.entry(reference.clone()).or_default();
            known.reference.clone_from(reference);
            known.add(line.clone());
        }
        let lines = all.into_values().filter(|line| !line.is_empty()).collect();
        PackedLines { version: before.version + 1, lines, is_unreadable: false }
    }
}
