//! A fake of settlement's table: what runs keep, in memory, with conditional writes, and a process that may die at any of them.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Mutex, MutexGuard, PoisonError},
};

use async_trait::async_trait;
use jiff::{Timestamp, civil::Date};
use tollgate_core::{
    journal::Put,
    order::MerchantId,
    payments::StoreError,
    settlement::{
        Component, Deposit, DepositEntry, DepositJournal, DepositPage, DepositStore, Exception,
        ExceptionFilter, ExceptionPage, ExceptionStore, KnownReport, Line, LinePlace, LineStore, OpenAbout,
        OpenExceptions, PackedLines, Progress, ProgressStore, ReportKind,
    },
    values::ReadOrder,
};
use uuid::Uuid;

/// Lines by where they are, deposits by id, and what is open.
#[derive(Debug, PartialEq)]
pub(super) struct Left {
    lines: BTreeMap<(String, LinePlace), Vec<Line>>,
    deposits: BTreeMap<DepositName, Deposit>,
    reports: BTreeMap<(String, String, ReportKind, Date), KnownReport>,
    /// What the journal's entries of each deposit add up to.
    journal: BTreeMap<DepositName, BTreeMap<Component, i64>>,
    pub(super) open: BTreeSet<Uuid>,
}

#[derive(Default)]
struct Tables {
    lines: BTreeMap<(String, LinePlace), PackedLines>,
    deposits: BTreeMap<DepositName, Deposit>,
    reports: BTreeMap<(String, String, ReportKind, Date), KnownReport>,
    /// Settlement's entries, by merchant and where they sort.
    journal: BTreeMap<(String, String), DepositEntry>,
    exceptions: BTreeMap<Uuid, Exception>,
    progress: BTreeMap<(String, String), (Progress, Option<Timestamp>)>,
    writes: u64,
    /// After so many writes the process dies; none: never.
    dies_after: Option<u64>,
}

/// Settlement's table.
#[derive(Default)]
pub(super) struct Stores(Mutex<Tables>);

impl Stores {
    fn tables(&self) -> MutexGuard<'_, Tables> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The table for a write, unless the process is dead.
    fn write(&self) -> Result<MutexGuard<'_, Tables>, StoreError> {
        let mut tables = self.tables();
        if tables.dies_after.is_some_and(|after| tables.writes >= after) {
            return Err(StoreError::Unavailable("the process is dead".to_owned()));
        }
        tables.writes += 1;
        Ok(tables)
    }

    /// The process dies after so many more writes; none: it lives.
    pub(super) fn dies_after(&self, writes: Option<u64>) {
        let mut tables = self.tables();
        tables.dies_after = writes.map(|writes| tables.writes + writes);
    }

    /// What a process that died cannot give back is free again after a while.
    pub(super) fn free_claims(&self) {
        self.tables().progress.values_mut().for_each(|(_, claimed)| *claimed = None);
    }

    pub(super) fn writes(&self) -> u64 {
        self.tables().writes
    }

    pub(super) fn open(&self) -> Vec<Exception> {
        self.tables().exceptions.values().filter(|one| one.is_open()).cloned().collect()
    }

    /// Every exception that there ever was.
    pub(super) fn ever(&self) -> Vec<Exception> {
        self.tables().exceptions.values().cloned().collect()
    }

    pub(super) fn deposits(&self) -> Vec<Deposit> {
        self.tables().deposits.values().cloned().collect()
    }

    /// Settlement's entries of the journal.
    pub(super) fn journal(&self) -> Vec<DepositEntry> {
        self.tables().journal.values().cloned().collect()
    }

    /// What runs left, without when they were.
    pub(super) fn left(&self) -> Left {
        let tables = self.tables();
        let lines = tables.lines.iter().filter(|(_, packed)| !packed.lines.is_empty());
        let timeless = |deposit: &Deposit| Deposit {
            read_at: Timestamp::UNIX_EPOCH,
            // As many changes as runs between which the report changed.
            changes: Vec::new(),
            journaled: 0,
            ..deposit.clone()
        };
        let mut journal = BTreeMap::<_, BTreeMap<_, _>>::new();
        for entry in tables.journal.values() {
            let name = named(&entry.merchant, &entry.account, &entry.deposit);
            let of_deposit = journal.entry(name).or_default();
            *of_deposit.entry(entry.component).or_default() += entry.amount;
        }
        for sums in journal.values_mut() {
            sums.retain(|_, amount| *amount != 0);
        }
        journal.retain(|_, sums| !sums.is_empty());
        Left {
            journal,
            lines: lines.map(|(at, packed)| (at.clone(), packed.lines.clone())).collect(),
            // One that was withdrawn was never there for a run that came later.
            deposits: tables
                .deposits
                .iter()
                .filter(|(_, deposit)| !deposit.is_withdrawn())
                .map(|(name, deposit)| (name.clone(), timeless(deposit)))
                .collect(),
            reports: tables
                .reports
                .iter()
                .filter(|(_, report)| !report.names.is_empty() || !report.unreadable.is_empty())
                .map(|(key, report)| (key.clone(), report.clone()))
                .collect(),
            open: tables.exceptions.values().filter(|one| one.is_open()).map(|one| one.id).collect(),
        }
    }
}

/// Merchant, account and id of a deposit.
type DepositName = (String, String, String);

fn named(merchant: &MerchantId, account: &str, id: &str) -> DepositName {
    (merchant.to_string(), account.to_owned(), id.to_owned())
}

fn of(merchant: &MerchantId, text: &str) -> (String, String) {
    (merchant.to_string(), text.to_owned())
}

#[async_trait]
impl LineStore for Stores {
    async fn load(&self, merchant: &MerchantId, place: &LinePlace) -> Result<PackedLines, StoreError> {
        let key = (merchant.to_string(), place.clone());
        Ok(self.tables().lines.get(&key).cloned().unwrap_or_default())
    }

    async fn load_day(
        &self,
        merchant: &MerchantId,
        account: &str,
        day: Option<Date>,
    ) -> Result<Vec<(LinePlace, PackedLines)>, StoreError> {
        let tables = self.tables();
        let is_there = |of: &str, place: &LinePlace| {
            of == merchant.as_str() && place.account == account && place.day == day
        };
        let lines = tables.lines.iter().filter(|((of, place), _)| is_there(of, place));
        Ok(lines.map(|((_, place), packed)| (place.clone(), packed.clone())).collect())
    }

    async fn save(
        &self,
        merchant: &MerchantId,
        place: &LinePlace,
        lines: &PackedLines,
    ) -> Result<bool, StoreError> {
        let mut tables = self.write()?;
        let key = (merchant.to_string(), place.clone());
        let is_as_read = tables.lines.get(&key).map_or(0, |packed| packed.version) + 1 == lines.version;
        if is_as_read {
            tables.lines.insert(key, lines.clone());
        }
        Ok(is_as_read)
    }

    async fn reports(
        &self,
        merchant: &MerchantId,
        account: &str,
        since: Date,
    ) -> Result<Vec<KnownReport>, StoreError> {
        let tables = self.tables();
        let of_account = |(of, at, _, day): &(String, String, ReportKind, Date)| {
            of == merchant.as_str() && at == account && *day >= since
        };
        let all = tables.reports.iter().filter(|(key, _)| of_account(key));
        Ok(all.map(|(_, report)| report.clone()).collect())
    }

    async fn keep_report(
        &self,
        merchant: &MerchantId,
        account: &str,
        report: &KnownReport,
    ) -> Result<(), StoreError> {
        let key = (merchant.to_string(), account.to_owned(), report.kind, report.day);
        self.write()?.reports.insert(key, report.clone());
        Ok(())
    }
}

#[async_trait]
impl DepositJournal for Stores {
    async fn put(&self, entry: &DepositEntry) -> Result<Put, StoreError> {
        let key = (entry.merchant.to_string(), entry.sort());
        if let Some(there) = self.tables().journal.get(&key) {
            return Ok(if there == entry { Put::Same } else { Put::Differs });
        }
        self.write()?.journal.insert(key, entry.clone());
        Ok(Put::New)
    }
}

#[async_trait]
impl DepositStore for Stores {
    async fn get(
        &self,
        merchant: &MerchantId,
        account: &str,
        id: &str,
    ) -> Result<Option<Deposit>, StoreError> {
        Ok(self.tables().deposits.get(&named(merchant, account, id)).cloned())
    }

    async fn find(&self, merchant: &MerchantId, id: &str) -> Result<Vec<Deposit>, StoreError> {
        let tables = self.tables();
        let all = tables.deposits.iter().filter(|((of, _, own), _)| of == merchant.as_str() && own == id);
        Ok(all.map(|(_, deposit)| deposit.clone()).collect())
    }

    async fn save(
        &self,
        merchant: &MerchantId,
        was: Option<&Deposit>,
        deposit: &Deposit,
    ) -> Result<bool, StoreError> {
        let mut tables = self.write()?;
        let key = named(merchant, &deposit.account, &deposit.id);
        let is_as_read = tables.deposits.get(&key) == was;
        if is_as_read {
            tables.deposits.insert(key, deposit.clone());
        }
        Ok(is_as_read)
    }

    async fn list(
        &self,
        merchant: &MerchantId,
        (first, last): (Date, Date),
        _: ReadOrder,
        _: Option<&str>,
        _: usize,
    ) -> Result<DepositPage, StoreError> {
        let tables = self.tables();
        let all = tables.deposits.iter().filter(|((of, ..), _)| of == merchant.as_str());
        let all = all.map(|(_, deposit)| deposit);
        let mut deposits: Vec<Deposit> =
            all.filter(|one| first <= one.day && one.day <= last).cloned().collect();
        deposits.sort_by(|one, other| (one.day, &one.id).cmp(&(other.day, &other.id)));
        Ok(DepositPage { deposits, ..DepositPage::default() })
    }
}

#[async_trait]
impl ExceptionStore for Stores {
    async fn get(&self, _: &MerchantId, id: Uuid) -> Result<Option<Exception>, StoreError> {
        Ok(self.tables().exceptions.get(&id).cloned())
    }

    async fn open_of(&self, _: &MerchantId, account: &str) -> Result<Vec<Exception>, StoreError> {
        Ok(self.open().into_iter().filter(|one| one.account == account).collect())
    }

    async fn open_about(&self, _: &MerchantId) -> Result<Vec<OpenAbout>, StoreError> {
        Ok(self.open().iter().map(OpenAbout::of).collect())
    }

    async fn count_open(&self, _: &MerchantId) -> Result<OpenExceptions, StoreError> {
        Ok(OpenExceptions::of(self.open().len()))
    }

    async fn save(
        &self,
        _: &MerchantId,
        was: Option<&Exception>,
        exception: &Exception,
    ) -> Result<bool, StoreError> {
        let mut tables = self.write()?;
        let is_as_read = tables.exceptions.get(&exception.id) == was;
        if is_as_read {
            tables.exceptions.insert(exception.id, exception.clone());
        }
        Ok(is_as_read)
    }

    async fn list(
        &self,
        _: &MerchantId,
        _: &ExceptionFilter,
        _: Option<&str>,
        _: usize,
    ) -> Result<ExceptionPage, StoreError> {
        Ok(ExceptionPage { exceptions: self.open(), ..ExceptionPage::default() })
    }
}

#[async_trait]
impl ProgressStore for Stores {
    async fn all(&self) -> Result<Vec<(MerchantId, Progress)>, StoreError> {
        let tables = self.tables();
        let all = tables.progress.iter();
        Ok(all.filter_map(|((of, _), (progress, _))| Some((of.parse().ok()?, progress.clone()))).collect())
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
        let mut tables = self.write()?;
        let entry = tables.progress.entry(of(merchant, &new.account));
        let (progress, claimed) = entry.or_insert_with(|| (new.clone(), None));
        if claimed.is_some_and(|until| until >= now) {
            return Ok(None);
        }
        *claimed = Some(until);
        Ok(Some(progress.clone()))
    }

    async fn add(&self, merchant: &MerchantId, new: &Progress) -> Result<(), StoreError> {
        let known = self.of(merchant).await?;
        if known.iter().any(|one| one.account == new.account) {
            Ok(())
        } else {
            self.note(merchant, new).await
        }
    }

    async fn note(&self, merchant: &MerchantId, progress: &Progress) -> Result<(), StoreError> {
        let key = of(merchant, &progress.account);
        self.write()?.progress.insert(key, (progress.clone(), None));
        Ok(())
    }
}
