//! Reads the gateway's reports of the last days, for every account, and matches them: the use case
//! of a schedule.
//!
//! Runs side by side do not disturb each other: an account is read by the one that claims it. One
//! that does not respond, or is slow, delays no other.

mod account;
pub(super) mod journal_deposit;
pub(super) mod keep_exceptions;
pub(super) mod match_days;
pub(super) mod match_disputes;
pub(super) mod record_dispute;

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use futures_util::{StreamExt, stream};
use jiff::{SignedDuration, Timestamp, ToSpan};

use self::account::AccountRun;
use crate::{
    journal::{EntryLog, TotalsStore, day_of},
    order::MerchantId,
    payments::{Deadline, Merchant, Merchants, OrderStore, StoreError, trail},
    settlement::{
        DepositJournal, DepositStore, ExceptionStore, LineStore, Progress, ProgressStore, ReadDayError,
        Reports, SettlementNews, SettlementReport, Waits,
        reading::{account::AccountReading, reader::Reader, writer::Writer},
    },
    values::Clock,
};

/// Accounts that are read at a time.
const ACCOUNTS_AT_A_TIME: usize = 4;

/// UTC days before today: a merchant that has entries from then on is looked for. After that it has
/// progress on record.
const LOOKED_FOR_DAYS: i64 = 2;

/// How long a run may hold an account: longer than a function may run.
const CLAIM: SignedDuration = SignedDuration::from_mins(16);

/// How long one report may take. The largest have 20 MB.
const REPORT_LIMIT: Duration = Duration::from_mins(1);

/// The days that are read, and how long money may take.
#[derive(Clone, Debug)]
pub struct SettlementSettings {
    /// Eastern days that are read again in each run, today included.
    pub days: u8,
    /// Eastern days of a new account that are read, before those.
    pub backfill_days: u16,
    /// Eastern days that are read again once a week, before those of each run.
    pub looked_back_days: u16,
    /// Days whose payments are matched in each run: longer than settling and funding may take over
    /// holidays. An exception that is open by then is looked at again later, too.
    pub matched_days: u16,
    /// How long expected money may take.
    pub waits: Waits,
}

impl Default for SettlementSettings {
    fn default() -> Self {
        Self { days: 5, backfill_days: 30, looked_back_days: 30, matched_days: 14, waits: Waits::default() }
    }
}

/// The ports and settings of a run. None can move money.
pub struct Settlement {
    pub reports: Arc<dyn Reports>,
    pub log: Arc<dyn EntryLog>,
    /// Which merchants have entries.
    pub totals: Arc<dyn TotalsStore>,
    pub merchants: Arc<dyn Merchants>,
    pub lines: Arc<dyn LineStore>,
    pub deposits: Arc<dyn DepositStore>,
    /// Their entries of the journal.
    pub deposit_journal: Arc<dyn DepositJournal>,
    /// Where new ones are told, and what differs.
    pub news: SettlementNews,
    pub exceptions: Arc<dyn ExceptionStore>,
    /// How far reading is.
    pub progress: Arc<dyn ProgressStore>,
    /// The orders, on whose record chargebacks are put.
    pub orders: Arc<dyn OrderStore>,
    pub clock: Arc<dyn Clock>,
    pub settings: SettlementSettings,
}

/// The accounts of a run.
#[derive(Default)]
struct Accounts {
    all: Vec<(Arc<Merchant>, Progress)>,
    /// How many there are of merchants whose documents cannot be read.
    unread: usize,
    /// The longest time for which one of these was not read, in seconds.
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

    /// Those of a merchant whose document cannot be read. Where none is known, it has one that was
    /// not read yet. Of a merchant that is gone for so long that nothing comes any more, there are
    /// none.
    fn add_unread(&mut self, mut known: Vec<Progress>, now: Timestamp) {
        let is_new = known.is_empty();
        known.retain(|one| one.may_be_reported(day_of(now)));
        self.unread += known.len() + usize::from(is_new);
        self.unread_s = known.iter().map(|one| one.unread_s(now)).fold(self.unread_s, i64::max);
    }
}

/// The outcome of one account.
enum AccountOutcome {
    Read(SettlementReport),
    Failed(SettlementReport),
    Claimed,
    Left,
}

impl Settlement {
    pub async fn run(&self, deadline: Deadline) -> SettlementReport {
        let (report, trail) = trail::follow(self.run_accounts(deadline)).await;
        SettlementReport { unreadable: trail.unreadable.into(), ..report }
    }

    async fn run_accounts(&self, deadline: Deadline) -> SettlementReport {
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
                AccountOutcome::Read(part) => {
                    report.read += 1;
                    report.add(&part);
                }
                AccountOutcome::Failed(part) => {
                    report.failed += 1;
                    report.add(&part);
                }
                AccountOutcome::Claimed => report.claimed += 1,
                AccountOutcome::Left => report.left += 1,
            }
        }
        report
    }

    /// Every account that merchants with entries of the last days, or with accounts that were read
    /// before, name; and accounts that were used and are not named any more. The account that was
    /// read longest ago comes first.
    async fn accounts(&self, now: Timestamp) -> Result<Accounts, StoreError> {
        let mut known = self.progress.all().await?;
        let mut merchants: BTreeSet<MerchantId> =
            known.iter().map(|(merchant, _)| merchant.clone()).collect();
        let today = day_of(now);
        let first = today.saturating_sub(LOOKED_FOR_DAYS.days());
        merchants.extend(self.totals.merchants(first, today).await?.0);
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

    /// One account, and for how long it had not been read at its end.
    async fn account(
        &self,
        merchant: Arc<Merchant>,
        found: Progress,
        now: Timestamp,
        deadline: Deadline,
    ) -> (AccountOutcome, i64) {
        if deadline.report_limit(REPORT_LIMIT).is_none() {
            return (AccountOutcome::Left, found.unread_s(now));
        }
        let progress = match self.progress.claim(&merchant.id, &found, now, now + CLAIM).await {
            Ok(Some(progress)) => progress,
            Ok(None) => return (AccountOutcome::Claimed, found.unread_s(now)),
            Err(error) => {
                tracing::error!(merchant = %merchant.id, %error, "the account cannot be claimed");
                return (AccountOutcome::Failed(SettlementReport::default()), found.unread_s(now));
            }
        };
        let mut run = AccountRun::new(self, AccountReading::new(merchant.clone(), progress, now, deadline));
        let done = run.run().await;
        let AccountReading { progress, report, .. } = run.account;
        // It gives the account back, too.
        let noted = self.progress.note(&merchant.id, &progress).await.map_err(ReadDayError::from);
        let unread_s = progress.unread_s(now);
        let is_whole = progress.unread.iter().all(|one| one.cause.is_none());
        let outcome = match done.and(noted) {
            Ok(()) if is_whole => AccountOutcome::Read(report),
            Ok(()) => AccountOutcome::Failed(report),
            Err(error) => {
                tracing::error!(merchant = %merchant.id, account = progress.account, %error, "the settlement is not read");
                AccountOutcome::Failed(report)
            }
        };
        (outcome, unread_s)
    }

    fn reader(&self) -> Reader<'_> {
        Reader { reports: self.reports.as_ref(), log: self.log.as_ref() }
    }

    fn writer(&self) -> Writer<'_> {
        Writer { lines: self.lines.as_ref(), deposits: self.deposits.as_ref() }
    }
}

#[cfg(test)]
mod tests;
