//! Reads what the gateway reports of the last days, for every account, and matches it: the use case of a schedule.
//!
//! Reports are read again for some days, since corrections come late. A new account's earlier days follow, the latest first.
//! Runs side by side do not disturb each other: an account is read by the one that claims it. One that does not respond, or is
//! slow, delays no other.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use futures_util::{StreamExt, stream};
use jiff::{SignedDuration, Timestamp, ToSpan, civil::Date};
use serde::Serialize;

use super::{
    DayMatcher, DepositJournal, DepositNews, DepositStore, DisputeRecorder, ExceptionStore, KnownDays,
    LineStore, MatchedDays, MatchedDisputes, Progress, ProgressStore, ReadDayError, ReportError, Reports,
    Waits, eastern_day,
    journal_deposit::publish,
    match_disputes::DisputeMatcher,
    read_day::{Reader, Unkept, WantedDay},
};
use crate::{
    journal::{EntryLog, TotalsStore, day_of},
    order::MerchantId,
    payments::{Deadline, Merchant, Merchants, OrderStore, StoreError},
    values::{Clock, QuarterHour},
};

/// Accounts that are read at a time.
const ACCOUNTS_AT_A_TIME: usize = 4;

/// UTC days, today included, on which a merchant has to have entries to be looked for; after that it has progress on record.
const LOOKED_FOR_DAYS: i64 = 3;

/// How long a run may hold an account: longer than a function may run.
const CLAIM: SignedDuration = SignedDuration::from_mins(16);

/// Most days back that are read again after a time in which nothing was read.
const UNREAD_MAX_DAYS: i64 = 35;

/// How long one report may take. The largest have 20 MB.
const REPORT_LIMIT: Duration = Duration::from_mins(1);

/// What is read and for how long it is waited for.
#[derive(Clone, Debug)]
pub struct SettlementSettings {
    /// Eastern days that are read again in each run, today included.
    pub days: u8,
    /// Eastern days of a new account that are read, before those.
    pub backfill_days: u16,
    /// Days whose payments are matched in each run: longer than settling and funding may take over holidays. What is an
    /// exception by then is looked at again later, too.
    pub matched_days: u16,
    /// How long what is expected may take.
    pub waits: Waits,
}

impl Default for SettlementSettings {
    fn default() -> Self {
        Self { days: 5, backfill_days: 30, matched_days: 14, waits: Waits::default() }
    }
}

/// What a run did, for its log line, its metrics and for who invoked it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct SettlementReport {
    /// Accounts that there are.
    pub accounts: usize,
    /// Of these: whose recent days were read and matched.
    pub read: usize,
    /// Whose reports could not be read, or not to their end. They come again.
    pub failed: usize,
    /// That another run is reading.
    pub claimed: usize,
    /// For which the time was up.
    pub left: usize,
    /// Records that were read.
    pub records: u64,
    /// Items of lines that were written.
    pub written: u64,
    /// Lines that became known and moved.
    pub moved: u64,
    /// Deposits that are new or changed.
    pub deposits: u64,
    /// Chargebacks and reversals that were put on record of their orders.
    pub disputes: u64,
    /// Exceptions that are new, or came back.
    pub opened: u64,
    /// Exceptions that are open.
    pub open: u64,
    /// How long ago the account was read that was read last, in seconds; of one that never was, since it has been known.
    pub oldest_read_s: i64,
}

/// What a run works with. None of it can move money.
pub struct Settlement {
    /// The gateway's reports.
    pub reports: Arc<dyn Reports>,
    /// The journal.
    pub log: Arc<dyn EntryLog>,
    /// Which merchants have entries.
    pub totals: Arc<dyn TotalsStore>,
    /// Their documents.
    pub merchants: Arc<dyn Merchants>,
    /// Lines.
    pub lines: Arc<dyn LineStore>,
    /// Deposits.
    pub deposits: Arc<dyn DepositStore>,
    /// Their entries of the journal.
    pub deposit_journal: Arc<dyn DepositJournal>,
    /// Where new ones are told.
    pub news: DepositNews,
    /// Exceptions.
    pub exceptions: Arc<dyn ExceptionStore>,
    /// How far reading is.
    pub progress: Arc<dyn ProgressStore>,
    /// The orders, on whose record chargebacks are put.
    pub orders: Arc<dyn OrderStore>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// What is read.
    pub settings: SettlementSettings,
}

/// The accounts of a run.
#[derive(Default)]
struct Accounts {
    all: Vec<(Arc<Merchant>, Progress)>,
    /// How many there are of merchants whose documents cannot be read.
    unread: usize,
    /// For how many seconds one of these was not read at most.
    unread_s: i64,
}

impl Accounts {
    /// A merchant's, of which these are known.
    fn add(&mut self, merchant: &Arc<Merchant>, mut known: Vec<Progress>, now: Timestamp) {
        let named: BTreeSet<&String> = merchant.gateway.accounts.values().collect();
        known.retain(|one| named.contains(&one.account) || one.may_be_reported(day_of(now)));
        let is_new = |account: &&&String| known.iter().all(|one| one.account != ***account);
        let new: Vec<Progress> = named.iter().filter(is_new).map(|one| Progress::new(one, now)).collect();
        self.all.extend(known.into_iter().chain(new).map(|progress| (merchant.clone(), progress)));
    }

    /// Those of a merchant whose document cannot be read. Where none is known, it has one that was not read yet. Of a merchant
    /// that is gone for so long that nothing comes any more, there are none.
    fn add_unread(&mut self, mut known: Vec<Progress>, now: Timestamp) {
        let is_new = known.is_empty();
        known.retain(|one| one.may_be_reported(day_of(now)));
        self.unread += known.len() + usize::from(is_new);
        self.unread_s = known.iter().map(|one| one.unread_s(now)).fold(self.unread_s, i64::max);
    }
}

/// What became of one account.
enum Outcome {
    Read(SettlementReport),
    Failed(SettlementReport),
    Claimed,
    Left,
}

impl Settlement {
    /// One run.
    pub async fn run(&self, deadline: Deadline) -> SettlementReport {
        let now = self.clock.now();
        let mut report = SettlementReport::default();
        let accounts = match self.accounts(now).await {
            Ok(accounts) => accounts,
            Err(error) => {
                tracing::error!(%error, "the accounts of the settlement cannot be read");
                report.failed = 1;
                return report;
            }
        };
        report.accounts = accounts.all.len() + accounts.unread;
        (report.failed, report.oldest_read_s) = (accounts.unread, accounts.unread_s);
        let outcomes = accounts
            .all
            .into_iter()
            .map(|(merchant, progress)| self.account(merchant, progress, now, deadline));
        let mut outcomes = stream::iter(outcomes).buffer_unordered(ACCOUNTS_AT_A_TIME);
        while let Some((outcome, unread_s)) = outcomes.next().await {
            report.oldest_read_s = report.oldest_read_s.max(unread_s);
            match outcome {
                Outcome::Read(part) => {
                    report.read += 1;
                    report.add(&part);
                }
                Outcome::Failed(part) => {
                    report.failed += 1;
                    report.add(&part);
                }
                Outcome::Claimed => report.claimed += 1,
                Outcome::Left => report.left += 1,
            }
        }
        report
    }

    /// Every account that merchants with entries of the last days, or with accounts that were read before, name; and what was
    /// used and is not named any more. What was read longest ago comes first.
    async fn accounts(&self, now: Timestamp) -> Result<Accounts, StoreError> {
        let mut known = self.progress.all().await?;
        let mut merchants: BTreeSet<MerchantId> =
            known.iter().map(|(merchant, _)| merchant.clone()).collect();
        for before in 0..LOOKED_FOR_DAYS {
            let Ok(day) = day_of(now).checked_sub(before.days()) else { break };
            merchants.extend(self.totals.merchants(day).await?.0);
        }
        let mut accounts = Accounts::default();
        for id in merchants {
            let own = known.extract_if(.., |(of, _)| *of == id).map(|(_, progress)| progress);
            let own: Vec<Progress> = own.collect();
            match self.merchants.get_for_inquiries(&id).await {
                Ok(merchant) => accounts.add(&merchant, own, now),
                Err(error) => {
                    tracing::error!(merchant = %id, %error, "the merchant's document cannot be read");
                    accounts.add_unread(own, now);
                }
            }
        }
        accounts.all.sort_by_key(|(_, progress)| progress.read_at);
        Ok(accounts)
    }

    /// One account, and for how long it had not been read at the end of it.
    async fn account(
        &self,
        merchant: Arc<Merchant>,
        mut progress: Progress,
        now: Timestamp,
        deadline: Deadline,
    ) -> (Outcome, i64) {
        if deadline.report_limit(REPORT_LIMIT).is_none() {
            return (Outcome::Left, progress.unread_s(now));
        }
        match self.progress.claim(&merchant.id, &progress, now, now + CLAIM).await {
            Ok(true) => {}
            Ok(false) => return (Outcome::Claimed, progress.unread_s(now)),
            Err(error) => {
                tracing::error!(merchant = %merchant.id, %error, "the account cannot be claimed");
                return (Outcome::Failed(SettlementReport::default()), progress.unread_s(now));
            }
        }
        let mut report = SettlementReport::default();
        let done = self.read_account(&merchant, &mut progress, (now, deadline), &mut report).await;
        // It gives the account back, too.
        let noted = self.progress.note(&merchant.id, &progress).await.map_err(ReadDayError::from);
        let outcome = match done.and(noted) {
            Ok(()) => Outcome::Read(report),
            Err(error) => {
                tracing::error!(merchant = %merchant.id, account = progress.account, %error, "the settlement is not read");
                Outcome::Failed(report)
            }
        };
        (outcome, progress.unread_s(now))
    }

    async fn read_account(
        &self,
        merchant: &Merchant,
        progress: &mut Progress,
        (now, deadline): (Timestamp, Deadline),
        report: &mut SettlementReport,
    ) -> Result<(), ReadDayError> {
        let (first, from) = self.days_to_read(progress, eastern_day(now));
        let oldest = first.min(from).min(self.matched_since(progress, now));
        let since = QuarterHour::first_of(earlier(oldest, 1)).begins();
        let mut known = KnownDays::read(self.log.as_ref(), &merchant.id, (since, Timestamp::MAX)).await?;
        self.note_use(merchant, progress, &known, now).await?;
        let account = progress.account.clone();
        report.moved += self.reader().move_known(&merchant.id, &account, &mut known).await?;
        let mut unkept = Unkept::default();
        let read =
            self.read_recent((merchant, progress), (first, now, deadline), (&mut known, &mut unkept), report);
        let read = read.await;
        // What was read before it went wrong counts.
        self.keep(merchant, unkept, report).await?;
        let disputes = self.match_disputes(merchant, &account, now, report).await?;
        read?;
        progress.read_at = Some(now);
        let since = self.matched_since(progress, now);
        self.match_days(merchant, progress, (since, now, &disputes), report).await?;
        let before = progress.backfilled_to;
        let backfilled = self.backfill(merchant, progress, (first, now, deadline), &mut known, report).await;
        if progress.backfilled_to != before {
            let disputes = self.match_disputes(merchant, &account, now, report).await?;
            let since = self.read_since(progress);
            self.match_days(merchant, progress, (since, now, &disputes), report).await?;
        }
        backfilled
    }

    /// From which Eastern day on everything is read again, and from which one on a new account's days are read once.
    fn days_to_read(&self, progress: &mut Progress, today: Date) -> (Date, Date) {
        let recent = |today| earlier(today, i64::from(self.settings.days) - 1);
        // Also the days in which no run came that far.
        let unread = progress.read_at.map_or(today, eastern_day);
        let first = recent(today.min(unread)).max(earlier(today, UNREAD_MAX_DAYS));
        let backfill_days = i64::from(self.settings.backfill_days);
        let from = *progress.backfill_from.get_or_insert_with(|| earlier(first, backfill_days));
        let is_done = progress.backfilled_to.is_some_and(|to| to <= from);
        (first, if is_done { first } else { from })
    }

    /// The first UTC day whose payments' batches were all read.
    fn read_since(&self, progress: &Progress) -> Date {
        let backfilled = progress.backfilled_to.or_else(|| {
            let from = progress.backfill_from?;
            Some(from.saturating_add(i64::from(self.settings.backfill_days).days()))
        });
        // In the evening, it is the next day in UTC.
        backfilled.map_or(Date::MAX, |day| day.saturating_add(1.day()))
    }

    /// From which UTC day on payments are matched.
    fn matched_since(&self, progress: &Progress, now: Timestamp) -> Date {
        let matched = earlier(eastern_day(now), i64::from(self.settings.matched_days));
        matched.max(self.read_since(progress))
    }

    /// The last days, the latest first: that is what the morning is about.
    async fn read_recent(
        &self,
        (merchant, progress): (&Merchant, &mut Progress),
        (first, now, deadline): (Date, Timestamp, Deadline),
        (known, unkept): (&mut KnownDays, &mut Unkept),
        report: &mut SettlementReport,
    ) -> Result<(), ReadDayError> {
        let mut day = eastern_day(now);
        while day >= first {
            self.read_day((merchant, progress), (day, now, deadline), (known, unkept), report).await?;
            day = earlier(day, 1);
        }
        Ok(())
    }

    /// The days of a new account from before, as long as there is time.
    async fn backfill(
        &self,
        merchant: &Merchant,
        progress: &mut Progress,
        (first, now, deadline): (Date, Timestamp, Deadline),
        known: &mut KnownDays,
        report: &mut SettlementReport,
    ) -> Result<(), ReadDayError> {
        let from = progress.backfill_from.unwrap_or(first);
        let mut next = progress.backfilled_to.unwrap_or(first);
        while next > from && deadline.report_limit(REPORT_LIMIT).is_some() {
            let (day, mut unkept) = (earlier(next, 1), Unkept::default());
            let read =
                self.read_day((merchant, progress), (day, now, deadline), (known, &mut unkept), report).await;
            match read {
                // There is no hurry.
                Err(ReadDayError::Report(ReportError::Throttled)) => return Ok(()),
                read => read?,
            }
            self.keep(merchant, unkept, report).await?;
            next = day;
            progress.backfilled_to = Some(next);
        }
        Ok(())
    }

    async fn keep(
        &self,
        merchant: &Merchant,
        unkept: Unkept,
        report: &mut SettlementReport,
    ) -> Result<(), ReadDayError> {
        let kept = self.reader().keep(&merchant.id, unkept).await?;
        report.written += kept.written;
        report.deposits += u64::try_from(kept.deposits.len()).unwrap_or(u64::MAX);
        for deposit in kept.unjournaled {
            let (journal, deposits) = (self.deposit_journal.as_ref(), self.deposits.as_ref());
            publish(journal, &self.news, deposits, &merchant.id, &deposit).await?;
        }
        Ok(())
    }

    async fn read_day(
        &self,
        (merchant, progress): (&Merchant, &mut Progress),
        (day, now, deadline): (Date, Timestamp, Deadline),
        (known, unkept): (&mut KnownDays, &mut Unkept),
        report: &mut SettlementReport,
    ) -> Result<(), ReadDayError> {
        let limit = deadline.report_limit(REPORT_LIMIT);
        let limit = limit.ok_or_else(|| ReportError::Unavailable("no time is left".to_owned()))?;
        let account = progress.account.clone();
        let wanted = WantedDay { merchant, account: &account, day, now, limit };
        let read = self.reader().read(&wanted, known, unkept).await?;
        progress.funding = read.has_deposits.or(progress.funding);
        report.records += read.records;
        if unkept.is_much() {
            self.keep(merchant, std::mem::take(unkept), report).await?;
        }
        Ok(())
    }

    /// Notes when the account was used last, and the accounts that were used and are not known yet: of a merchant whose
    /// document was changed before the first run after it.
    async fn note_use(
        &self,
        merchant: &Merchant,
        progress: &mut Progress,
        known: &KnownDays,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        progress.used_on = progress.used_on.max(known.used().get(&progress.account).copied());
        let mut others = known.used().clone();
        others.retain(|account, _| {
            *account != progress.account && merchant.gateway.accounts.values().all(|named| named != account)
        });
        if others.is_empty() {
            return Ok(());
        }
        for read in self.progress.of(&merchant.id).await? {
            others.remove(&read.account);
        }
        for (account, day) in others {
            let found = Progress { used_on: Some(day), ..Progress::new(&account, now) };
            // The next run reads it.
            self.progress.claim(&merchant.id, &found, now, now).await?;
        }
        Ok(())
    }

    /// Puts chargebacks and reversals on record of their orders. What does not fit is an exception of the match.
    async fn match_disputes(
        &self,
        merchant: &Merchant,
        account: &str,
        now: Timestamp,
        report: &mut SettlementReport,
    ) -> Result<MatchedDisputes, ReadDayError> {
        let (log, store, clock) = (self.log.as_ref(), self.orders.as_ref(), self.clock.as_ref());
        let recorder = DisputeRecorder { log, store, clock };
        let matcher = DisputeMatcher { recorder, deposits: self.deposits.as_ref() };
        let disputes = matcher.run(merchant, account, now).await?;
        report.disputes += disputes.recorded;
        Ok(disputes)
    }

    async fn match_days(
        &self,
        merchant: &Merchant,
        progress: &Progress,
        (first, now, disputes): (Date, Timestamp, &MatchedDisputes),
        report: &mut SettlementReport,
    ) -> Result<(), ReadDayError> {
        let matcher = DayMatcher {
            log: self.log.as_ref(),
            lines: self.lines.as_ref(),
            exceptions: self.exceptions.as_ref(),
        };
        let wanted = MatchedDays {
            merchant: &merchant.id,
            account: &progress.account,
            days: (first, day_of(now)),
            has_deposits: progress.funding.unwrap_or_default(),
            waits: &self.settings.waits,
        };
        let found = matcher.run(&wanted, disputes, now).await?;
        report.opened += found.exceptions.opened + found.exceptions.reopened;
        report.open = found.exceptions.open;
        Ok(())
    }

    fn reader(&self) -> Reader<'_> {
        Reader {
            reports: self.reports.as_ref(),
            log: self.log.as_ref(),
            lines: self.lines.as_ref(),
            deposits: self.deposits.as_ref(),
        }
    }
}

impl SettlementReport {
    fn add(&mut self, part: &Self) {
        self.records += part.records;
        self.written += part.written;
        self.moved += part.moved;
        self.deposits += part.deposits;
        self.disputes += part.disputes;
        self.opened += part.opened;
        self.open += part.open;
    }
}

/// So many days before.
fn earlier(day: Date, days: i64) -> Date {
    day.saturating_sub(days.days())
}

#[cfg(test)]
mod tests;
