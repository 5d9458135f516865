//! One account's part of a run: which days are read, and the steps that follow.
//!
//! The last days are read in each run, since corrections come late, and so is every day that an
//! open exception is about; those of the weeks before once a week. A day that could not be read
//! stays on a list until it was, and so do the days that a new account has from before. One day's
//! reports count, even if another's cannot be read.

use std::{collections::BTreeSet, time::Duration};

use jiff::{ToSpan, civil::Date};

use super::{
    REPORT_LIMIT, Settlement,
    journal_deposit::publish,
    match_disputes::{AHEAD_DAYS, DisputeMatcher},
};
use crate::{
    journal::day_of,
    payments::StoreError,
    settlement::{
        DayMatcher, DayRange, DisputeRecorder, Exception, KnownReport, MatchedDays, Progress,
        READ_AFTER_USE_DAYS, ReadDayError, ReportError, eastern_day,
        reading::{account::AccountReading, journal_days::JournalDays},
    },
    values::QuarterHour,
};

/// How often a day of the weeks before is read again.
const LOOKED_BACK_EVERY_DAYS: i32 = 7;

/// Most days ago that the last reading is taken for, where none was for longer.
const MISSED_MAX_DAYS: i64 = 31;

/// After so many days in a row whose reports the gateway does not give, the others wait for the
/// next run.
const SILENT_MAX: u8 = 2;

/// Why a day waits whose items are damaged.
const UNREADABLE: &str = "a stored item of the day cannot be read";

/// The work on one account.
pub(super) struct AccountRun<'a> {
    settlement: &'a Settlement,
    pub(super) account: AccountReading,
    /// Days of which something could not be kept.
    unkept_days: BTreeSet<Date>,
    /// References of which something else is known now.
    changed: BTreeSet<String>,
    /// The first day whose payments are matched again beside the last ones, because of reports that
    /// were read for the first time, or were not matched.
    matched_from: Option<Date>,
}

impl<'a> AccountRun<'a> {
    pub(super) fn new(settlement: &'a Settlement, account: AccountReading) -> Self {
        let (unkept_days, changed) = (BTreeSet::new(), BTreeSet::new());
        Self { settlement, account, unkept_days, changed, matched_from: None }
    }

    /// Reads, keeps, puts disputes on record and matches.
    pub(crate) async fn run(&mut self) -> Result<(), ReadDayError> {
        let merchant = self.account.merchant.clone();
        let mid = self.account.progress.account.clone();
        let open = self.settlement.exceptions.open_of(&merchant.id, &mid).await?;
        self.find_reports().await?;
        let days = self.days(&open);
        let oldest = days.iter().copied().min().unwrap_or(Date::MAX).min(self.matched_since());
        self.begin(oldest).await?;
        let read = self.read(&days).await;
        // Reports that were read before an error count.
        self.keep().await?;
        read?;
        let (log, store, clock) =
            (self.settlement.log.as_ref(), self.settlement.orders.as_ref(), self.settlement.clock.as_ref());
        let recorder = DisputeRecorder { log, store, clock };
        let matcher = DisputeMatcher { recorder, deposits: self.settlement.deposits.as_ref() };
        let disputes = matcher.run(&merchant, &mid, self.account.now).await?;
        self.account.report.disputes += disputes.recorded;
        let matcher = DayMatcher {
            log: self.settlement.log.as_ref(),
            lines: self.settlement.lines.as_ref(),
            exceptions: self.settlement.exceptions.as_ref(),
        };
        let unread: BTreeSet<Date> = self.account.progress.unread.iter().map(|one| one.day).collect();
        let first = self.matched_from.unwrap_or(Date::MAX);
        let wanted = MatchedDays {
            merchant: &merchant.id,
            account: &mid,
            now: self.account.now,
            days: DayRange { first: first.min(self.matched_since()), last: day_of(self.account.now) },
            has_deposits: self.account.progress.funding.unwrap_or_default(),
            unread: &unread,
            reports: &self.account.reports,
            changed: &self.changed,
            waits: &self.settlement.settings.waits,
        };
        let found = matcher.run(&wanted, &disputes, &self.settlement.news).await?;
        self.account.report.opened += found.exceptions.opened + found.exceptions.reopened;
        self.account.report.open = found.exceptions.open;
        Ok(self.settlement.writer().note_matched(&mut self.account).await?)
    }

    /// Which days are read: the last ones, those on the list, and those of open exceptions. Each
    /// part begins with its latest day: that is the day that matters in the morning.
    fn days(&mut self, open: &[Exception]) -> Vec<Date> {
        let (settings, today) = (&self.settlement.settings, eastern_day(self.account.now));
        let first = earlier(today, i64::from(settings.days) - 1);
        if self.account.progress.from.is_none() {
            let from = earlier(first, i64::from(settings.backfill_days));
            self.account.progress.from = Some(from);
            from.series(1.day()).take_while(|day| *day < first).for_each(|day| self.account.want(day, None));
        }
        // Days of the weeks before, each on the same weekday; also those in which no run came.
        let looked_back_on = self.account.progress.looked_back_on.unwrap_or(today);
        let from =
            looked_back_on.saturating_add(1.day()).max(earlier(today, i64::from(LOOKED_BACK_EVERY_DAYS)));
        for due in from.series(1.day()).take_while(|day| *day <= today) {
            let weeks = (1..).map(|week| due.saturating_sub((week * LOOKED_BACK_EVERY_DAYS).days()));
            let last = earlier(first, i64::from(settings.looked_back_days));
            let known_from = self.account.progress.from.unwrap_or(first);
            let days: Vec<Date> = weeks.take_while(|day| *day >= last.max(known_from)).collect();
            days.into_iter().filter(|day| *day < first).for_each(|day| self.account.want(day, None));
        }
        self.account.progress.looked_back_on = Some(today);
        // Days in which no run came that far are as recent as they were then.
        let read_on = self
            .account
            .progress
            .read_at
            .map_or(today, eastern_day)
            .clamp(earlier(today, MISSED_MAX_DAYS), today);
        let missed = earlier(read_on, i64::from(settings.days) - 1).series(1.day());
        missed.take_while(|day| *day < first).for_each(|day| self.account.want(day, None));
        let mut days: Vec<Date> = first.series(1.day()).take_while(|day| *day <= today).collect();
        days.reverse();
        let since = earlier(today, READ_AFTER_USE_DAYS);
        let open: BTreeSet<Date> =
            open.iter().map(|one| one.day).filter(|day| since <= *day && *day < first).collect();
        let listed: BTreeSet<Date> =
            self.account.progress.unread.iter().map(|one| one.day).filter(|day| *day < first).collect();
        days.extend(listed.iter().rev());
        days.extend(open.iter().rev().filter(|day| !listed.contains(day)));
        days
    }

    /// From which UTC day on payments are matched: the batches of the first day that is read may
    /// have those of the day before.
    fn matched_since(&self) -> Date {
        let from = self.account.progress.from.map_or(Date::MAX, |from| from.saturating_add(1.day()));
        earlier(eastern_day(self.account.now), i64::from(self.settlement.settings.matched_days)).max(from)
    }

    async fn begin(&mut self, oldest: Date) -> Result<(), StoreError> {
        let AccountReading { merchant, progress, .. } = &self.account;
        let (merchant, account) = (&merchant.id, &progress.account);
        let since = QuarterHour::first_of(earlier(oldest, 1)).begins();
        let mut days = JournalDays::read(self.settlement.log.as_ref(), merchant, account, since).await?;
        for (_, packed) in self.settlement.lines.load_day(merchant, account, None).await? {
            packed.lines.iter().for_each(|line| days.note_unknown(&line.reference));
        }
        self.account.journal_days = days;
        self.note_use().await
    }

    /// The known reports. Those that a run changed and did not match are read again, and matched
    /// with all days since then.
    async fn find_reports(&mut self) -> Result<(), StoreError> {
        let (merchant, account) = (&self.account.merchant.id, &self.account.progress.account);
        // A deposit's day can be some days from its report's.
        let since = earlier(eastern_day(self.account.now), READ_AFTER_USE_DAYS + AHEAD_DAYS);
        let reports = self.settlement.lines.reports(merchant, account, since).await?;
        let unmatched: Vec<&KnownReport> = reports.iter().filter(|report| report.is_unmatched).collect();
        let days: Vec<Date> = unmatched.iter().map(|report| report.day).collect();
        let paid_on = unmatched.iter().flat_map(|report| &report.packs).filter_map(|pack| pack.day);
        self.matched_from = paid_on.min();
        for day in days {
            self.account.want(day, None);
        }
        self.account.reports =
            reports.into_iter().map(|report| ((report.kind, report.day), report)).collect();
        Ok(())
    }

    /// Notes when the account was used last, and the accounts that were used and are not known yet:
    /// of a merchant whose document was changed before the first run after it.
    async fn note_use(&mut self) -> Result<(), StoreError> {
        let progress = &mut self.account.progress;
        progress.used_on =
            progress.used_on.max(self.account.journal_days.used().get(&progress.account).copied());
        let mut others = self.account.journal_days.used().clone();
        others.retain(|account, _| {
            *account != progress.account
                && self.account.merchant.gateway.accounts.values().all(|named| named != account)
        });
        if others.is_empty() {
            return Ok(());
        }
        for read in self.settlement.progress.of(&self.account.merchant.id).await? {
            others.remove(&read.account);
        }
        for (account, day) in others {
            let found = Progress { used_on: Some(day), ..Progress::new(&account, self.account.now) };
            // The next run reads it.
            self.settlement.progress.add(&self.account.merchant.id, &found).await?;
        }
        Ok(())
    }

    /// Reads days, as long as there is time and the gateway responds.
    async fn read(&mut self, days: &[Date]) -> Result<(), ReadDayError> {
        let mut silent = 0;
        for (n, day) in days.iter().enumerate() {
            let Some(limit) =
                self.account.deadline.report_limit(REPORT_LIMIT).filter(|_| silent < SILENT_MAX)
            else {
                days[n..].iter().for_each(|day| self.account.want(*day, None));
                return Ok(());
            };
            let known = || self.account.reports.iter().filter(|((_, known), _)| known == day);
            if known().any(|(_, report)| report.is_unreadable) {
                // Lines that its reports do not state any more could not be found.
                self.account.want(*day, Some(UNREADABLE.to_owned()));
                continue;
            }
            let is_new = known().next().is_none();
            match self.read_day(*day, limit).await {
                Ok(()) => {
                    silent = 0;
                    self.account.progress.read_at = Some(self.account.now);
                    self.account.progress.done(*day);
                    let paid_on = is_new.then(|| day.saturating_add(1.day()));
                    self.matched_from = self.matched_from.into_iter().chain(paid_on).min();
                }
                // It cannot be requested any more.
                Err(ReadDayError::Report(ReportError::Day(_))) => self.account.progress.done(*day),
                Err(ReadDayError::Report(error)) => {
                    let (merchant, account) = (&self.account.merchant.id, &self.account.progress.account);
                    tracing::error!(%merchant, account, %day, %error, "reports of a day are not read");
                    if matches!(error, ReportError::Unavailable(_) | ReportError::Throttled) {
                        silent += 1;
                    }
                    self.account.want(*day, Some(error.to_string()));
                }
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    async fn read_day(&mut self, day: Date, limit: Duration) -> Result<(), ReadDayError> {
        self.settlement.reader().read(&mut self.account, day, limit).await?;
        if self.account.unkept.is_much() { self.keep().await } else { Ok(()) }
    }

    async fn keep(&mut self) -> Result<(), ReadDayError> {
        let (settlement, account) = (self.settlement, &mut self.account);
        let kept = settlement.writer().keep(account).await?;
        self.unkept_days.extend(kept.unread);
        for day in &self.unkept_days {
            account.want(*day, Some(UNREADABLE.to_owned()));
        }
        self.changed.extend(kept.changed);
        for deposit in kept.unjournaled {
            let (journal, deposits) = (settlement.deposit_journal.as_ref(), settlement.deposits.as_ref());
            publish(journal, &settlement.news, deposits, &account.merchant.id, &deposit).await?;
        }
        Ok(settlement.writer().note_kept(account, kept.reports).await?)
    }
}

/// So many days before.
fn earlier(day: Date, days: i64) -> Date {
    day.saturating_sub(days.days())
}
