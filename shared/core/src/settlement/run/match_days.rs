//! Matches an account's last days, with older exceptions that are still open.
//!
//! One UTC day of the journal is read at a time, the newest first, so that memory holds one day: a
//! void is never older than its payment. Reports and exceptions are all that it writes; it moves no
//! money.

use std::collections::BTreeSet;

use futures_util::{StreamExt, TryStreamExt, stream};
use jiff::{Timestamp, civil::Date};

use crate::{
    journal::{Entry, EntryLog, day_of},
    order::{Kind, MerchantId},
    payments::{StoreError, Unreadable},
    settlement::{
        Compared, Exception, ExceptionCause, ExceptionKeeper, ExceptionStore, ExceptionsReport, Expectation,
        Expectations, KnownReport, Line, LineStore, MISSING_MAX, Match, MatchedDisputes, PackKey,
        PackedLines, ReportKind, SettlementNews, Verdict, Waits, expectations,
        facts::{day::DayRange, known_report::KnownReports},
        line_of, match_account,
        reading::entries::EntrySpan,
    },
    values::{QuarterHour, counted},
};

/// Most references of a run that may have other owners, and are looked for on all days.
const LOOKED_FOR_MAX: usize = 200;

/// References that are looked at again at a time.
const LOOKED_AT_AT_ONCE: usize = 25;

/// Matches days and keeps exceptions.
pub struct DayMatcher<'a> {
    pub log: &'a dyn EntryLog,
    pub lines: &'a dyn LineStore,
    /// Where exceptions are kept.
    pub exceptions: &'a dyn ExceptionStore,
}

/// Which days of an account are matched.
#[derive(Clone, Copy, Debug)]
pub struct MatchedDays<'a> {
    pub merchant: &'a MerchantId,
    /// The gateway account (MID).
    pub account: &'a str,
    /// When the run began.
    pub now: Timestamp,
    /// The UTC days of captures and refunds.
    pub days: DayRange,
    /// Whether the gateway offers deposits for the account.
    pub has_deposits: bool,
    /// Eastern days whose reports are still to be read.
    pub unread: &'a BTreeSet<Date>,
    /// The account's reports, as far as known.
    pub reports: &'a KnownReports,
    /// References whose reports changed, of any day.
    pub changed: &'a BTreeSet<String>,
    /// How long expected money may take.
    pub waits: &'a Waits,
}

/// The result of a run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MatchReport {
    /// Payments and refunds that were compared.
    pub compared: u64,
    /// Entries of the journal that cannot be read. Their payments may appear as exceptions.
    pub unreadable: u64,
    /// The changes among the exceptions.
    pub exceptions: ExceptionsReport,
}

/// The days that a run has matched so far.
#[derive(Default)]
struct DaysMatched {
    found: Match,
    report: MatchReport,
    /// Voids of later days: a payment and its void can be on two days.
    voids: Vec<Entry>,
    /// Lines that the journal does not know.
    unknown: Vec<Line>,
    /// References that were looked for on all days.
    looked_for: usize,
    /// The order ids that these name.
    named: BTreeSet<String>,
    /// Expectations that no response named.
    unnamed: Vec<Expectation>,
    /// Expectations with the order id of one of these lines: another record of the same attempt.
    matched_elsewhere: Vec<Expectation>,
    /// Money that has not arrived, if the run looks for it.
    outstanding: Option<Vec<Verdict>>,
    /// Packs whose lines cannot be read. References that may be there are not judged.
    bad: BTreeSet<PackKey>,
}

impl DayMatcher<'_> {
    /// Matches the days, and brings the account's exceptions in line with the findings, those of
    /// disputes included.
    pub async fn run(
        &self,
        wanted: &MatchedDays<'_>,
        disputes: &MatchedDisputes,
        news: &SettlementNews,
    ) -> Result<MatchReport, StoreError> {
        let mut so_far = self.begin(wanted).await?;
        self.match_each(wanted, disputes, &mut so_far).await?;
        so_far.found.covered.disputes = disputes.is_compared;
        so_far.found.exceptions.extend(disputes.exceptions.iter().cloned());
        self.look_again(wanted, &mut so_far).await?;
        let keeper = ExceptionKeeper { store: self.exceptions, news, merchant: wanted.merchant };
        so_far.report.exceptions = keeper.keep(wanted.account, &so_far.found, wanted.now).await?;
        Ok(so_far.report)
    }

    /// Money of these days that has not arrived. Nothing is written.
    pub(crate) async fn outstanding(&self, wanted: &MatchedDays<'_>) -> Result<Vec<Verdict>, StoreError> {
        let mut so_far = DaysMatched { outstanding: Some(Vec::new()), ..self.begin(wanted).await? };
        self.match_each(wanted, &MatchedDisputes::default(), &mut so_far).await?;
        Ok(so_far.outstanding.unwrap_or_default())
    }

    async fn match_each(
        &self,
        wanted: &MatchedDays<'_>,
        disputes: &MatchedDisputes,
        so_far: &mut DaysMatched,
    ) -> Result<(), StoreError> {
        let mut day = Some(wanted.days.last);
        while let Some(of) = day.filter(|day| *day >= wanted.days.first) {
            self.match_day(wanted, of, so_far).await?;
            day = of.yesterday().ok();
        }
        Self::match_rest(wanted, disputes, so_far);
        Ok(())
    }

    async fn begin(&self, wanted: &MatchedDays<'_>) -> Result<DaysMatched, StoreError> {
        let unknown = self.lines.load_day(wanted.merchant, wanted.account, None).await?;
        let mut so_far = DaysMatched::default();
        so_far.unknown = so_far.lines(unknown);
        let settled = so_far.unknown.iter().flat_map(|line| &line.settled);
        so_far.named = settled.filter_map(|settled| settled.gateway_order_id.clone()).collect();
        Ok(so_far)
    }

    async fn match_day(
        &self,
        wanted: &MatchedDays<'_>,
        day: Date,
        so_far: &mut DaysMatched,
    ) -> Result<(), StoreError> {
        let mut expected = Expectations::default();
        so_far.voids.iter().for_each(|void| expected.add(void));
        self.add_day(wanted, day, &mut expected, so_far).await?;
        let (expected, unnamed): (Vec<_>, Vec<_>) =
            expected.finish().into_iter().partition(|one| one.reference.is_some());
        let is_named = |one: &&Expectation| so_far.named.contains(&one.gateway_order_id);
        so_far.matched_elsewhere.extend(expected.iter().filter(is_named).cloned());
        so_far.unnamed.extend(unnamed);
        let lines = self.lines.load_day(wanted.merchant, wanted.account, Some(day)).await?;
        let mut lines = so_far.lines(lines);
        so_far.take_known(&expected, &mut lines);
        let may_be_judged = |reference: &str| !so_far.waits(wanted.account, day, reference);
        lines.retain(|line| may_be_judged(&line.reference));
        let expected: Vec<Expectation> =
            expected.into_iter().filter(|one| one.reference.as_deref().is_none_or(may_be_judged)).collect();
        let mut found = match_account(
            &Compared { lines: &lines, ..compared(wanted, &expected) },
            wanted.waits,
            wanted.now,
        );
        self.look_for_owners(wanted, so_far, &mut found).await?;
        so_far.take(found, wanted.has_deposits);
        Ok(())
    }

    /// An expectation without a line of its own day may share its reference with a payment of
    /// another day, which has the line.
    async fn look_for_owners(
        &self,
        wanted: &MatchedDays<'_>,
        so_far: &mut DaysMatched,
        found: &mut Match,
    ) -> Result<(), StoreError> {
        let missing = found.exceptions.iter().filter(|one| one.cause == ExceptionCause::NotSettled);
        let missing: Vec<String> = missing.filter_map(|one| one.reference.clone()).collect();
        for reference in missing {
            if so_far.looked_for == LOOKED_FOR_MAX {
                break;
            }
            so_far.looked_for += 1;
            let expected = self.expected_of(wanted, &reference).await?;
            let is_owner = |one: &&Expectation| one.account == wanted.account && !one.amount.is_zero();
            if expected.iter().filter(is_owner).count() > 1 {
                found.exceptions.retain(|one| one.reference.as_ref() != Some(&reference));
                let lines = self.lines_of(wanted, &reference, &expected).await;
                let Some(lines) = Unreadable::left_out(lines)? else { continue };
                let all = Compared { lines: &lines, ..compared(wanted, &expected) };
                found.exceptions.extend(match_account(&all, wanted.waits, wanted.now).exceptions);
            }
        }
        Ok(())
    }

    /// The line of a reference, where it belongs: with its first expectation.
    async fn lines_of(
        &self,
        wanted: &MatchedDays<'_>,
        reference: &str,
        expected: &[Expectation],
    ) -> Result<Vec<Line>, StoreError> {
        let moving = expected.iter().filter(|one| !one.amount.is_zero()).map(|one| one.at).min();
        let first = moving.or_else(|| expected.iter().map(|one| one.at).min());
        let line = line_of(self.lines, wanted.merchant, wanted.account, first.map(day_of), reference).await?;
        Ok(if line.is_empty() { Vec::new() } else { vec![line] })
    }

    /// Adds a day's entries, and gathers its voids.
    async fn add_day(
        &self,
        wanted: &MatchedDays<'_>,
        day: Date,
        expected: &mut Expectations,
        so_far: &mut DaysMatched,
    ) -> Result<(), StoreError> {
        let Ok(next) = day.tomorrow() else { return Ok(()) };
        let [since, until] = [day, next].map(|day| QuarterHour::first_of(day).begins());
        for span in EntrySpan::of_shards(self.log, wanted.merchant, since, until) {
            span.each(&mut |entry| match entry {
                Some(entry) => {
                    expected.add(&entry);
                    if entry.kind == Kind::Void {
                        so_far.voids.push(entry);
                    }
                }
                None => so_far.report.unreadable += 1,
            })
            .await?;
        }
        Ok(())
    }

    /// Matches subjects without a day: lines that the journal does not know, deposits and
    /// chargebacks, and rows that cannot be read.
    fn match_rest(wanted: &MatchedDays<'_>, disputes: &MatchedDisputes, so_far: &mut DaysMatched) {
        let mut unnamed = std::mem::take(&mut so_far.unnamed);
        // Any expectation's line may be in a pack that cannot be read.
        if so_far.bad.iter().any(|pack| pack.day.is_none()) {
            unnamed.clear();
        }
        let unknown = std::mem::take(&mut so_far.unknown);
        let matched_elsewhere = std::mem::take(&mut so_far.matched_elsewhere);
        let all = Compared {
            matched_elsewhere: &matched_elsewhere,
            lines: &unknown,
            deposits: &disputes.deposits,
            chargebacks: &disputes.chargebacks,
            adjustments: &disputes.adjustments,
            disputed: &disputes.disputed,
            ..compared(wanted, &unnamed)
        };
        so_far.take(match_account(&all, wanted.waits, wanted.now), wanted.has_deposits);
        let are_known = wanted.reports.values().all(|report| !report.is_unreadable);
        so_far.found.covered.reports_since =
            wanted.reports.keys().map(|(_, day)| *day).min().filter(|_| are_known);
        for ((kind, day), report) in wanted.reports {
            let unread = report.unreadable.iter().map(|row| {
                let subject = format!("{}#{day}#{row}", kind.as_str());
                Exception::new(wanted.account, ExceptionCause::NotUnderstood, &subject, *day, wanted.now)
                    .because(row.to_string())
            });
            so_far.found.exceptions.extend(unread);
            so_far.found.exceptions.extend(missing(wanted, report));
        }
    }

    /// Looks again at open exceptions from before these days, since money can arrive weeks late,
    /// and at changed references.
    async fn look_again(&self, wanted: &MatchedDays<'_>, so_far: &mut DaysMatched) -> Result<(), StoreError> {
        let open = self.exceptions.open_of(wanted.merchant, wanted.account).await?;
        let open = open.iter().filter(|one| !so_far.found.covered.has(one));
        let mut references: BTreeSet<String> = open.filter_map(|one| one.reference.clone()).collect();
        references.extend(wanted.changed.difference(&so_far.found.covered.references).cloned());
        let found = references.into_iter().map(async |reference| {
            let expected = self.expected_of(wanted, &reference).await?;
            let lines = self.lines_of(wanted, &reference, &expected).await;
            let Some(lines) = Unreadable::left_out(lines)? else { return Ok(Match::default()) };
            let all = Compared { lines: &lines, ..compared(wanted, &expected) };
            let mut found = match_account(&all, wanted.waits, wanted.now);
            // Also a reference that no report has any more.
            found.covered.references.insert(reference);
            Ok::<_, StoreError>(found)
        });
        let found: Vec<Match> = stream::iter(found).buffer_unordered(LOOKED_AT_AT_ONCE).try_collect().await?;
        for one in found {
            so_far.take(one, wanted.has_deposits);
        }
        Ok(())
    }

    /// The journal's expectations of a reference, of any day.
    async fn expected_of(
        &self,
        wanted: &MatchedDays<'_>,
        reference: &str,
    ) -> Result<Vec<Expectation>, StoreError> {
        let mut entries = Vec::new();
        let span = EntrySpan::of_reference(self.log, wanted.merchant, reference.to_owned());
        span.each(&mut |entry| entries.extend(entry)).await?;
        Ok(expectations(&entries))
    }
}

impl DaysMatched {
    /// The lines of packs, and notes those that cannot be read.
    fn lines(&mut self, packs: Vec<(PackKey, PackedLines)>) -> Vec<Line> {
        let mut lines = Vec::new();
        for (pack, packed) in packs {
            if packed.is_unreadable {
                self.bad.insert(pack);
            }
            lines.extend(packed.lines);
        }
        lines
    }

    /// Whether a reference of this day may be where lines cannot be read.
    fn waits(&self, account: &str, day: Date, reference: &str) -> bool {
        let packs = [Some(day), None].map(|day| PackKey::of(account, day, reference));
        packs.iter().any(|pack| self.bad.contains(pack))
    }

    /// Lines that the journal knows by now, and that no run has moved yet.
    fn take_known(&mut self, expected: &[Expectation], lines: &mut Vec<Line>) {
        let expected: BTreeSet<&str> = expected.iter().filter_map(|one| one.reference.as_deref()).collect();
        for line in self.unknown.extract_if(.., |line| expected.contains(line.reference.as_str())) {
            match lines.iter_mut().find(|known| known.reference == line.reference) {
                Some(known) => known.add(line),
                None => lines.push(line),
            }
        }
    }

    fn take(&mut self, found: Match, has_deposits: bool) {
        self.report.compared += u64::try_from(found.verdicts.len()).unwrap_or(u64::MAX);
        if let Some(outstanding) = &mut self.outstanding {
            outstanding.extend(found.verdicts.into_iter().filter(|one| one.is_outstanding(has_deposits)));
        }
        self.found.exceptions.extend(found.exceptions);
        self.found.covered.references.extend(found.covered.references);
        self.found.covered.deposits.extend(found.covered.deposits);
    }
}

/// Batches and deposits of a report of which lines are missing.
fn missing(wanted: &MatchedDays<'_>, report: &KnownReport) -> impl Iterator<Item = Exception> {
    report.missing.chunk_by(|one, other| one.of == other.of).map(|lines| {
        let (kind, day) = (report.kind, report.day);
        let (name, first) = (&lines[0].of, &lines[0].reference);
        let subject = format!("{}#{day}#{name}#missing", kind.as_str());
        let lines = counted(lines.len(), lines.len() == MISSING_MAX);
        let mut detail = format!("lines that are not reported any more: {lines}, such as {first}");
        if kind == ReportKind::Batches {
            detail = format!("batch {name}: {detail}");
        }
        let differs =
            Exception::new(wanted.account, ExceptionCause::DepositDiffers, &subject, day, wanted.now);
        let deposit = (kind == ReportKind::Deposits).then(|| name.clone());
        Exception { deposit, ..differs.because(detail) }
    })
}

fn compared<'a>(wanted: &MatchedDays<'a>, expectations: &'a [Expectation]) -> Compared<'a> {
    let (has_deposits, unread) = (wanted.has_deposits, wanted.unread);
    Compared { has_deposits, unread, ..Compared::of(wanted.account, expectations) }
}

#[cfg(test)]
mod tests;
