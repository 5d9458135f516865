use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use async_trait::async_trait;
use jiff::{Timestamp, civil::Date};
use tollgate_core::{
    journal::Put,
    order::MerchantId,
    payments::StoreError,
    settlement::{
        DayRange, Deposit, DepositEntry, DepositJournal, DepositPage, DepositStore, Exception,
        ExceptionFilter, ExceptionPage, ExceptionStore, KnownReport, Line, LineStore, OpenAbout,
        OpenExceptions, PackKey, PackedLines, Progress, ProgressStore, ReportKind,
    },
    values::{ReadOrder, sort_of},
    webhooks::{Event, EventBus},
};
use uuid::Uuid;

use super::{faults::Faults, locked::lock};

/// Settlement's table, and the journal's entries of deposits.
///
/// Its only port, for [`Faults`], is `settlement`. A deposit that cannot be read is named by its
/// id.
#[derive(Default)]
pub struct SettlementTable {
    pub faults: Arc<Faults>,
    /// Lines by merchant and pack.
    pub lines: Mutex<BTreeMap<(MerchantId, PackKey), PackedLines>>,
    /// The last content of reports, by merchant, account, kind and day.
    pub reports: Mutex<BTreeMap<(MerchantId, String, ReportKind, Date), KnownReport>>,
    /// By merchant, account and id.
    pub deposits: Mutex<BTreeMap<(MerchantId, String, String), Deposit>>,
    /// By merchant and id.
    pub exceptions: Mutex<BTreeMap<(MerchantId, Uuid), Exception>>,
    /// The journal's entries of deposits, by merchant and where they sort.
    pub journal: Mutex<BTreeMap<(MerchantId, String), DepositEntry>>,
    /// By merchant and account.
    pub progress: Mutex<BTreeMap<(MerchantId, String), Claimed>>,
    /// Events of deposits that were told.
    pub told: Mutex<Vec<Event>>,
    /// The exceptions that another writer puts just before each next one is saved.
    pub overtaking: Mutex<Vec<Exception>>,
}

/// How far an account was read, and until when a run has it.
#[derive(Clone, Debug, PartialEq)]
pub struct Claimed {
    /// How far it was read.
    pub progress: Progress,
    /// Until then no other run reads it.
    pub until: Option<Timestamp>,
}

impl SettlementTable {
    pub fn new(faults: Arc<Faults>) -> Self {
        Self { faults, ..Self::default() }
    }

    /// Puts a line where it belongs.
    pub fn put_line(&self, merchant: &MerchantId, pack: PackKey, line: Line) {
        let mut lines = lock(&self.lines);
        let packed = lines.entry((merchant.clone(), pack)).or_default();
        packed.version += 1;
        packed.lines.push(line);
    }

    /// Puts a deposit and overwrites an existing one.
    pub fn put_deposit(&self, merchant: &MerchantId, deposit: Deposit) {
        let key = (merchant.clone(), deposit.account.clone(), deposit.id.clone());
        lock(&self.deposits).insert(key, deposit);
    }

    /// Puts an exception and overwrites an existing one.
    pub fn put_exception(&self, merchant: &MerchantId, exception: Exception) {
        lock(&self.exceptions).insert((merchant.clone(), exception.id), exception);
    }

    /// Puts progress that no run has.
    pub fn put_progress(&self, merchant: &MerchantId, progress: Progress) {
        let key = (merchant.clone(), progress.account.clone());
        lock(&self.progress).insert(key, Claimed { progress, until: None });
    }

    /// Frees the claims of processes that died, as their expiry would.
    pub fn free_claims(&self) {
        lock(&self.progress).values_mut().for_each(|claimed| claimed.until = None);
    }

    /// Every merchant's lines, by pack.
    pub fn all_lines(&self) -> BTreeMap<(MerchantId, PackKey), PackedLines> {
        lock(&self.lines).clone()
    }

    /// The last content of every merchant's reports, by account, kind and day.
    pub fn all_reports(&self) -> BTreeMap<(MerchantId, String, ReportKind, Date), KnownReport> {
        lock(&self.reports).clone()
    }

    /// Every merchant's deposits, by account and id.
    pub fn all_deposits(&self) -> BTreeMap<(MerchantId, String, String), Deposit> {
        lock(&self.deposits).clone()
    }

    /// The journal's entries of deposits, of all merchants.
    pub fn deposit_entries(&self) -> Vec<DepositEntry> {
        lock(&self.journal).values().cloned().collect()
    }

    /// Every exception of all merchants, closed or not.
    pub fn all_exceptions(&self) -> Vec<Exception> {
        lock(&self.exceptions).values().cloned().collect()
    }

    fn exceptions_of(&self, merchant: &MerchantId) -> Result<Vec<Exception>, StoreError> {
        self.faults.works(PORT)?;
        let all = lock(&self.exceptions);
        Ok(all.iter().filter(|((of, _), _)| of == merchant).map(|(_, one)| one.clone()).collect())
    }

    fn open_of_merchant(&self, merchant: &MerchantId) -> Result<Vec<Exception>, StoreError> {
        let mut open = self.exceptions_of(merchant)?;
        open.retain(Exception::is_open);
        Ok(open)
    }

    fn deposits_of(&self, merchant: &MerchantId) -> Result<Vec<Deposit>, StoreError> {
        self.faults.works(PORT)?;
        let all = lock(&self.deposits);
        Ok(all.iter().filter(|((of, ..), _)| of == merchant).map(|(_, one)| one.clone()).collect())
    }
}

const PORT: &str = "settlement";

/// A damaged item says nothing.
fn as_read(lines: &PackedLines) -> PackedLines {
    if lines.is_unreadable {
        PackedLines { is_unreadable: true, ..PackedLines::default() }
    } else {
        lines.clone()
    }
}

#[async_trait]
impl LineStore for SettlementTable {
    async fn load(&self, merchant: &MerchantId, pack: &PackKey) -> Result<PackedLines, StoreError> {
        self.faults.works(PORT)?;
        let key = (merchant.clone(), pack.clone());
        Ok(lock(&self.lines).get(&key).map(as_read).unwrap_or_default())
    }

    async fn load_day(
        &self,
        merchant: &MerchantId,
        account: &str,
        day: Option<Date>,
    ) -> Result<Vec<(PackKey, PackedLines)>, StoreError> {
        self.faults.works(PORT)?;
        let all = lock(&self.lines);
        let of_day =
            all.iter().filter(|((of, pack), _)| of == merchant && pack.account == account && pack.day == day);
        Ok(of_day.map(|((_, pack), lines)| (pack.clone(), as_read(lines))).collect())
    }

    async fn save(
        &self,
        merchant: &MerchantId,
        pack: &PackKey,
        lines: &PackedLines,
    ) -> Result<bool, StoreError> {
        self.faults.write(PORT)?;
        let key = (merchant.clone(), pack.clone());
        let mut all = lock(&self.lines);
        let is_as_read = all.get(&key).map_or(0, |packed| packed.version) + 1 == lines.version;
        if is_as_read {
            all.insert(key, lines.clone());
        }
        Ok(is_as_read)
    }

    async fn reports(
        &self,
        merchant: &MerchantId,
        account: &str,
        since: Date,
    ) -> Result<Vec<KnownReport>, StoreError> {
        self.faults.works(PORT)?;
        let all = lock(&self.reports);
        let of_account =
            all.iter().filter(|((of, at, _, day), _)| of == merchant && at == account && *day >= since);
        Ok(of_account.map(|(_, report)| report.clone()).collect())
    }

    async fn keep_report(
        &self,
        merchant: &MerchantId,
        account: &str,
        report: &KnownReport,
    ) -> Result<(), StoreError> {
        self.faults.write(PORT)?;
        let key = (merchant.clone(), account.to_owned(), report.kind, report.day);
        lock(&self.reports).insert(key, report.clone());
        Ok(())
    }
}

#[async_trait]
impl DepositJournal for SettlementTable {
    async fn put(&self, entry: &DepositEntry) -> Result<Put, StoreError> {
        let key = (entry.merchant.clone(), entry.sort());
        let mut all = lock(&self.journal);
        if let Some(there) = all.get(&key) {
            return Ok(if there == entry { Put::Same } else { Put::Differs });
        }
        self.faults.write(PORT)?;
        all.insert(key, entry.clone());
        Ok(Put::New)
    }
}

#[async_trait]
impl EventBus for SettlementTable {
    async fn publish(&self, events: &[Event]) -> Result<(), StoreError> {
        self.faults.write(PORT)?;
        lock(&self.told).extend_from_slice(events);
        Ok(())
    }
}

#[async_trait]
impl DepositStore for SettlementTable {
    async fn get(
        &self,
        merchant: &MerchantId,
        account: &str,
        id: &str,
    ) -> Result<Option<Deposit>, StoreError> {
        self.faults.works(PORT)?;
        if let Some(bad) = self.faults.unreadable(id, id) {
            return Err(StoreError::Corrupt(bad.reason));
        }
        let key = (merchant.clone(), account.to_owned(), id.to_owned());
        Ok(lock(&self.deposits).get(&key).cloned())
    }

    async fn find(&self, merchant: &MerchantId, id: &str) -> Result<Vec<Deposit>, StoreError> {
        Ok(self.deposits_of(merchant)?.into_iter().filter(|deposit| deposit.id == id).collect())
    }

    async fn save(
        &self,
        merchant: &MerchantId,
        was: Option<&Deposit>,
        deposit: &Deposit,
    ) -> Result<bool, StoreError> {
        self.faults.write(PORT)?;
        let key = (merchant.clone(), deposit.account.clone(), deposit.id.clone());
        let mut all = lock(&self.deposits);
        let is_as_read = all.get(&key) == was;
        if is_as_read {
            all.insert(key, deposit.clone());
        }
        Ok(is_as_read)
    }

    async fn list(
        &self,
        merchant: &MerchantId,
        days: DayRange,
        order: ReadOrder,
        after: Option<&str>,
        limit: usize,
    ) -> Result<DepositPage, StoreError> {
        let sort_key = |one: &Deposit| format!("{}#{}#{}", one.day, one.account, one.id);
        let mut found = self.deposits_of(merchant)?;
        found.retain(|one| {
            let is_after = |after: &str| order.compare(&sort_key(one), after).is_gt();
            days.contains(one.day) && after.is_none_or(is_after)
        });
        found.sort_by(|one, other| order.compare(&sort_key(one), &sort_key(other)));
        let more = found.len() > limit;
        found.truncate(limit);
        let next = found.last().filter(|_| more).map(sort_key);
        let unreadable = found.iter().filter_map(|one| self.faults.unreadable(&one.id, &*one.id)).collect();
        found.retain(|one| self.faults.unreadable(&one.id, "").is_none());
        Ok(DepositPage { deposits: found, unreadable, next })
    }
}

/// Where an exception sorts in lists.
fn since(exception: &Exception) -> String {
    format!("{}#{}", sort_of(exception.since), exception.id)
}

#[async_trait]
impl ExceptionStore for SettlementTable {
    async fn get(&self, merchant: &MerchantId, id: Uuid) -> Result<Option<Exception>, StoreError> {
        self.faults.works(PORT)?;
        Ok(lock(&self.exceptions).get(&(merchant.clone(), id)).cloned())
    }

    async fn open_of(&self, merchant: &MerchantId, account: &str) -> Result<Vec<Exception>, StoreError> {
        let mut open = self.open_of_merchant(merchant)?;
        open.retain(|one| one.account == account);
        Ok(open)
    }

    async fn open_about(&self, merchant: &MerchantId) -> Result<Vec<OpenAbout>, StoreError> {
        Ok(self.open_of_merchant(merchant)?.iter().map(OpenAbout::of).collect())
    }

    async fn count_open(&self, merchant: &MerchantId) -> Result<OpenExceptions, StoreError> {
        Ok(OpenExceptions::of(self.open_of_merchant(merchant)?.len()))
    }

    async fn save(
        &self,
        merchant: &MerchantId,
        was: Option<&Exception>,
        exception: &Exception,
    ) -> Result<bool, StoreError> {
        self.faults.write(PORT)?;
        if let Some(other) = lock(&self.overtaking).pop() {
            self.put_exception(merchant, other);
        }
        let key = (merchant.clone(), exception.id);
        let mut all = lock(&self.exceptions);
        let is_as_read = all.get(&key) == was && !self.faults.is_contended();
        if is_as_read {
            all.insert(key, exception.clone());
        }
        Ok(is_as_read)
    }

    async fn list(
        &self,
        merchant: &MerchantId,
        filter: &ExceptionFilter,
        after: Option<&str>,
        limit: usize,
    ) -> Result<ExceptionPage, StoreError> {
        let mut found = self.exceptions_of(merchant)?;
        found.retain(|one| {
            one.is_open() != filter.closed
                && filter.cause.is_none_or(|cause| cause == one.cause)
                && filter.account.as_ref().is_none_or(|account| *account == one.account)
                && after.is_none_or(|after| *since(one) < *after)
        });
        found.sort_by_key(|one| std::cmp::Reverse(since(one)));
        let more = found.len() > limit;
        found.truncate(limit);
        let next = found.last().filter(|_| more).map(since);
        Ok(ExceptionPage { next, exceptions: found, ..ExceptionPage::default() })
    }
}

#[async_trait]
impl ProgressStore for SettlementTable {
    async fn all(&self) -> Result<Vec<(MerchantId, Progress)>, StoreError> {
        self.faults.works(PORT)?;
        let all = lock(&self.progress);
        Ok(all.iter().map(|((of, _), claimed)| (of.clone(), claimed.progress.clone())).collect())
    }

    async fn of(&self, merchant: &MerchantId) -> Result<Vec<Progress>, StoreError> {
        let all = self.all().await?.into_iter().filter(|(of, _)| of == merchant);
        Ok(all.map(|(_, progress)| progress).collect())
    }

    async fn claim(
        &self,
        merchant: &MerchantId,
        new: &Progress,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<Option<Progress>, StoreError> {
        self.faults.write(PORT)?;
        let key = (merchant.clone(), new.account.clone());
        let mut all = lock(&self.progress);
        let claimed = all.entry(key).or_insert_with(|| Claimed { progress: new.clone(), until: None });
        if claimed.until.is_some_and(|until| until >= now) {
            return Ok(None);
        }
        claimed.until = Some(until);
        Ok(Some(claimed.progress.clone()))
    }

    async fn add(&self, merchant: &MerchantId, new: &Progress) -> Result<(), StoreError> {
        let is_there = lock(&self.progress).contains_key(&(merchant.clone(), new.account.clone()));
        if is_there { Ok(()) } else { self.note(merchant, new).await }
    }

    async fn note(&self, merchant: &MerchantId, progress: &Progress) -> Result<(), StoreError> {
        self.faults.write(PORT)?;
        self.put_progress(merchant, progress.clone());
        Ok(())
    }
}
