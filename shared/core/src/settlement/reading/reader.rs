//! Reads the reports of an Eastern day of an account: their contents are still to be kept.

use std::{collections::BTreeSet, time::Duration};

use jiff::{SignedDuration, ToSpan, civil::Date};

use super::{
    account::AccountReading,
    report_contents::ReportContents,
    reports::{ReadReport, ReportError, ReportRequest, Reports},
};
use crate::{
    journal::EntryLog,
    payments::{NotRecorded, StoreError},
    settlement::{Funded, KnownReport, PackKey, ReportKind},
};

/// A report of batches that is of another year: a payment is settled within days.
const ANOTHER_YEAR_DAYS: i32 = 300;

/// How long a report has to say that there is nothing, where it had something before, until that is
/// believed.
const EMPTY_FOR: SignedDuration = SignedDuration::from_hours(24);

pub(crate) struct Reader<'a> {
    pub(crate) reports: &'a dyn Reports,
    pub(crate) log: &'a dyn EntryLog,
}

/// Why a day was not read whole.
#[derive(Debug, thiserror::Error)]
pub enum ReadDayError {
    #[error(transparent)]
    Report(#[from] ReportError),
    #[error(transparent)]
    Store(#[from] StoreError),
    /// An order that a chargeback is about.
    #[error("a chargeback cannot be put on record: {0}")]
    Dispute(#[from] NotRecorded),
    /// Other runs wrote the same lines each time.
    #[error("the lines were changed at the same time")]
    Contended,
}

impl Reader<'_> {
    /// Reads both reports of a day. The contents of one are to be kept, also if the other one
    /// cannot be read.
    pub(crate) async fn read(
        &self,
        account: &mut AccountReading,
        day: Date,
        limit: Duration,
    ) -> Result<(), ReadDayError> {
        let batches = self.read_report(ReportKind::Batches, account, day, limit).await;
        if let Err(ReadDayError::Report(ReportError::Unavailable(_) | ReportError::Throttled)) = batches {
            return batches.map(drop);
        }
        let deposits = self.read_report(ReportKind::Deposits, account, day, limit).await;
        let (batches, deposits) = (batches?, deposits?);
        account.report.records += batches.records() + deposits.records();
        account.progress.funding = match deposits {
            ReadReport::Whole(_) => Some(true),
            ReadReport::NotOffered => Some(false),
            // It may say the same of an account without deposits.
            ReadReport::Nothing | ReadReport::Blank => account.progress.funding,
        };
        Ok(())
    }

    async fn read_report(
        &self,
        kind: ReportKind,
        account: &mut AccountReading,
        day: Date,
        limit: Duration,
    ) -> Result<ReadReport, ReadDayError> {
        let (merchant, mid) = (&account.merchant, &account.progress.account);
        let request = ReportRequest { merchant, account: mid, day, limit };
        let mut contents = ReportContents::default();
        let read = match kind {
            ReportKind::Batches => {
                self.reports.settled(&request, &mut |record| contents.take_settled(record)).await?
            }
            ReportKind::Deposits => {
                self.reports.funded(&request, &mut |record| contents.take_funded(record)).await?
            }
        };
        if read == ReadReport::NotOffered {
            return Ok(read);
        }
        let known = account.reports.get(&(kind, day));
        let is_empty = matches!(read, ReadReport::Nothing | ReadReport::Blank);
        if let Some(known) = known.filter(|known| is_empty && account.is_only_word(known)) {
            // Of batches, a blank report is the usual one of a day without any.
            if kind == ReportKind::Deposits && read == ReadReport::Blank {
                return Err(ReportError::Blank.into());
            }
            let empty_since = known.empty_since.unwrap_or(account.now);
            if account.now.duration_since(empty_since) < EMPTY_FOR {
                let emptied = KnownReport { empty_since: Some(empty_since), ..known.clone() };
                account.unkept.emptied.push(emptied);
                return Err(ReportError::Emptied.into());
            }
        }
        // The report of the latest day that lists a deposit has the last word about it.
        let listed = contents.deposit_ids();
        let is_listed_later =
            |id: &String| account.days_listing(ReportKind::Deposits, id).any(|other| other > day);
        let (superseded, listed): (BTreeSet<_>, BTreeSet<_>) = listed.into_iter().partition(is_listed_later);
        let is_current = |one: &Funded| !superseded.contains(&one.deposit);
        contents.lines.values_mut().for_each(|line| line.funded.retain(is_current));
        account.unkept.leave_out(&listed);
        let packs = self.assign(account, day, &mut contents).await?;
        let mut report = KnownReport { packs, ..KnownReport::new(kind, day) };
        report.unreadable = contents.unreadable.extract_if(.., |row| row.deposit.is_none()).collect();
        report.names = std::mem::take(&mut contents.batches);
        report.names.extend(superseded);
        report.names.extend(listed.iter().cloned());
        for deposit in contents.deposits(listed, account, day) {
            account.unkept.deposits.insert(deposit.id.clone(), deposit);
        }
        account.unkept.reports.insert((kind, day), report);
        Ok(read)
    }

    /// Assigns lines to where they belong, and to the deposits that hold them. Says where they
    /// belong. Batches of the same day of another year are left out, and so are others' lines of a
    /// shared account.
    async fn assign(
        &self,
        account: &mut AccountReading,
        day: Date,
        contents: &mut ReportContents,
    ) -> Result<BTreeSet<PackKey>, StoreError> {
        let (merchant, mid) = (&account.merchant, &account.progress.account);
        let lines = std::mem::take(&mut contents.lines);
        let is_shared = merchant.gateway.shared.contains(mid);
        let may_be_ours = |reference: &&String| !is_shared || contents.named.contains(*reference);
        account.journal_days.look_up(self.log, &merchant.id, lines.keys().filter(may_be_ours)).await?;
        let mut stale = BTreeSet::<String>::new();
        for (reference, line) in &lines {
            let paid = account.journal_days.get(reference);
            if paid.is_some_and(|paid| is_of_another_year(paid, day)) {
                stale.extend(line.settled.iter().map(|one| one.batch.clone()));
            }
        }
        contents.batches.retain(|batch| !stale.contains(batch));
        let mut packs = BTreeSet::new();
        for (reference, mut line) in lines {
            line.settled.retain(|one| !stale.contains(&one.batch));
            let paid = account.journal_days.get(&reference);
            let is_others = paid.is_none() && !contents.named.contains(&reference);
            let pack = PackKey::of(mid, paid, &reference);
            let kept_at = (!(is_others && is_shared)).then_some(&pack);
            line.funded.iter().for_each(|funded| contents.hold(funded, is_others, kept_at));
            if kept_at.is_some() && !line.is_empty() {
                packs.insert(pack.clone());
                account.unkept.add_line(pack, line);
            }
        }
        Ok(packs)
    }
}

impl ReadReport {
    fn records(self) -> u64 {
        if let Self::Whole(records) = self { records } else { 0 }
    }
}

/// Whether a payment of this day cannot be in a batch of that one: the report's day has no year.
fn is_of_another_year(paid: Date, settled: Date) -> bool {
    settled.saturating_sub(ANOTHER_YEAR_DAYS.days()) > paid
}
