//! Settlement's stores in memory, for tests.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Mutex,
};

use async_trait::async_trait;
use jiff::{Timestamp, civil::Date};
use uuid::Uuid;

use super::{
    Deposit, DepositEntry, DepositJournal, DepositPage, DepositStore, Exception, ExceptionFilter,
    ExceptionPage, ExceptionStore, KnownReport, Line, LinePlace, LineStore, OpenAbout, OpenExceptions,
    PackedLines, Progress, ProgressStore, ReportKind,
};
use crate::{
    journal::{CountedEntry, Entry, EntryLog, EntryPage, EntryPlace, EntryQuery, LoggedEntry, Put, entries},
    order::{Decision, GatewayResponse, Kind, MerchantId, Operation, Order, OrderKey, PaymentKind},
    payments::{DueQuery, OrderStore, Page, StoreError, Unreadable},
    test_payments::{new_operation, payment},
    values::{Currency, ReadOrder},
    webhooks::{Event, EventBus},
};

/// What runs left: lines, deposits, exceptions, and settlement's entries of the journal.
pub(super) type Left = (BTreeMap<LinePlace, Vec<Line>>, Vec<Deposit>, Vec<Exception>, Vec<DepositEntry>);

/// All of one merchant's.
#[derive(Default)]
pub(super) struct Memory {
    pub(super) lines: Mutex<BTreeMap<LinePlace, PackedLines>>,
    pub(super) reports: Mutex<BTreeMap<(String, ReportKind, Date), KnownReport>>,
    pub(super) deposits: Mutex<Vec<Deposit>>,
    pub(super) exceptions: Mutex<BTreeMap<Uuid, Exception>>,
    /// Settlement's entries of the journal, by where they sort.
    pub(super) journal: Mutex<BTreeMap<String, DepositEntry>>,
    /// Ids of deposits that cannot be read.
    pub(super) damaged_deposits: Mutex<BTreeSet<String>>,
    /// Deposits that were told.
    pub(super) told: Mutex<Vec<String>>,
    /// Another writer comes between so many times.
    pub(super) conflicts: Mutex<Vec<Exception>>,
    pub(super) progress: Mutex<BTreeMap<String, (Progress, Option<Timestamp>)>>,
    /// After so many writes, every further one fails, as if the process had died; none: never.
    pub(super) writes_left: Mutex<Option<u32>>,
    /// Writes that were made.
    pub(super) writes: Mutex<u32>,
}

impl Memory {
    /// Puts a line where it belongs.
    pub(super) fn put(&self, account: &str, day: Option<Date>, line: Line) {
        let place = LinePlace::of(account, day, &line.reference);
        let mut lines = self.lines.lock().unwrap();
        let packed = lines.entry(place).or_default();
        packed.version += 1;
        packed.lines.push(line);
    }

    /// Everything that a run left, by what it is about.
    pub(super) fn state(&self) -> Left {
        let lines = self.lines.lock().unwrap();
        let lines = lines.iter().filter(|(_, packed)| !packed.lines.is_empty());
        let mut deposits = self.deposits.lock().unwrap().clone();
        deposits.sort_by(|one, other| (&one.id, &one.account).cmp(&(&other.id, &other.account)));
        let lines = lines.map(|(place, packed)| (place.clone(), packed.lines.clone())).collect();
        (lines, deposits, self.all(), self.journal.lock().unwrap().values().cloned().collect())
    }

    fn write(&self) -> Result<(), StoreError> {
        if let Some(left) = self.writes_left.lock().unwrap().as_mut() {
            *left = left.checked_sub(1).ok_or_else(|| StoreError::Unavailable("it died".to_owned()))?;
        }
        *self.writes.lock().unwrap() += 1;
        Ok(())
    }

    pub(super) fn all(&self) -> Vec<Exception> {
        self.exceptions.lock().unwrap().values().cloned().collect()
    }
}

/// A damaged item says nothing.
fn as_read(lines: &PackedLines) -> PackedLines {
    if lines.is_unreadable {
        PackedLines { is_unreadable: true, ..PackedLines::default() }
    } else {
        lines.clone()
    }
}

#[async_trait]
impl LineStore for Memory {
    async fn load(&self, _: &MerchantId, place: &LinePlace) -> Result<PackedLines, StoreError> {
        Ok(self.lines.lock().unwrap().get(place).map(as_read).unwrap_or_default())
    }

    async fn load_day(
        &self,
        _: &MerchantId,
        account: &str,
        day: Option<Date>,
    ) -> Result<Vec<(LinePlace, PackedLines)>, StoreError> {
        let all = self.lines.lock().unwrap();
        let of_day = all.iter().filter(|(place, _)| place.account == account && place.day == day);
        Ok(of_day.map(|(at, lines)| (at.clone(), as_read(lines))).collect())
    }

    async fn save(&self, _: &MerchantId, place: &LinePlace, lines: &PackedLines) -> Result<bool, StoreError> {
        self.write()?;
        let mut all = self.lines.lock().unwrap();
        let is_as_read = all.get(place).map_or(0, |packed| packed.version) + 1 == lines.version;
        if is_as_read {
            all.insert(place.clone(), lines.clone());
        }
        Ok(is_as_read)
    }

    async fn reports(
        &self,
        _: &MerchantId,
        account: &str,
        since: Date,
    ) -> Result<Vec<KnownReport>, StoreError> {
        let all = self.reports.lock().unwrap();
        let of_account = all.iter().filter(|((of, ..), report)| of == account && report.day >= since);
        Ok(of_account.map(|(_, report)| report.clone()).collect())
    }

    async fn keep_report(
        &self,
        _: &MerchantId,
        account: &str,
        report: &KnownReport,
    ) -> Result<(), StoreError> {
        self.write()?;
        let key = (account.to_owned(), report.kind, report.day);
        self.reports.lock().unwrap().insert(key, report.clone());
        Ok(())
    }
}

#[async_trait]
impl ProgressStore for Memory {
    async fn all(&self) -> Result<Vec<(MerchantId, Progress)>, StoreError> {
        let all = self.progress.lock().unwrap();
        Ok(all.values().map(|(progress, _)| (merchant(), progress.clone())).collect())
    }

    async fn of(&self, _: &MerchantId) -> Result<Vec<Progress>, StoreError> {
        Ok(self.progress.lock().unwrap().values().map(|(progress, _)| progress.clone()).collect())
    }

    async fn claim(
        &self,
        _: &MerchantId,
        new: &Progress,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<Option<Progress>, StoreError> {
        let mut all = self.progress.lock().unwrap();
        let (progress, claimed) = all.entry(new.account.clone()).or_insert((new.clone(), None));
        if claimed.is_some_and(|until| until >= now) {
            return Ok(None);
        }
        *claimed = Some(until);
        Ok(Some(progress.clone()))
    }

    async fn add(&self, merchant: &MerchantId, new: &Progress) -> Result<(), StoreError> {
        let is_there = self.progress.lock().unwrap().contains_key(&new.account);
        if is_there { Ok(()) } else { self.note(merchant, new).await }
    }

    async fn note(&self, _: &MerchantId, progress: &Progress) -> Result<(), StoreError> {
        self.progress.lock().unwrap().insert(progress.account.clone(), (progress.clone(), None));
        Ok(())
    }
}

#[async_trait]
impl DepositJournal for Memory {
    async fn put(&self, entry: &DepositEntry) -> Result<Put, StoreError> {
        let mut journal = self.journal.lock().unwrap();
        match journal.get(&entry.sort()) {
            Some(there) if there == entry => return Ok(Put::Same),
            Some(_) => return Ok(Put::Differs),
            None => {}
        }
        self.write()?;
        journal.insert(entry.sort(), entry.clone());
        Ok(Put::New)
    }
}

#[async_trait]
impl EventBus for Memory {
    async fn publish(&self, events: &[Event]) -> Result<(), StoreError> {
        self.write()?;
        self.told.lock().unwrap().extend(events.iter().map(|event| event.body.clone()));
        Ok(())
    }
}

/// The event of a new deposit.
pub(super) fn told(merchant: &MerchantId, deposit: &Deposit) -> Event {
    Event {
        id: Uuid::nil(),
        kind: "deposit.created",
        merchant: merchant.clone(),
        at: deposit.read_at,
        body: deposit.id.clone(),
    }
}

#[async_trait]
impl DepositStore for Memory {
    async fn get(&self, _: &MerchantId, account: &str, id: &str) -> Result<Option<Deposit>, StoreError> {
        if self.damaged_deposits.lock().unwrap().contains(id) {
            return Err(StoreError::Corrupt(id.to_owned()));
        }
        let deposits = self.deposits.lock().unwrap();
        Ok(deposits.iter().find(|deposit| deposit.account == account && deposit.id == id).cloned())
    }

    async fn find(&self, _: &MerchantId, id: &str) -> Result<Vec<Deposit>, StoreError> {
        let deposits = self.deposits.lock().unwrap();
        Ok(deposits.iter().filter(|deposit| deposit.id == id).cloned().collect())
    }

    async fn save(
        &self,
        _: &MerchantId,
        was: Option<&Deposit>,
        deposit: &Deposit,
    ) -> Result<bool, StoreError> {
        self.write()?;
        let mut deposits = self.deposits.lock().unwrap();
        let is_it = |one: &Deposit| (&one.account, &one.id) == (&deposit.account, &deposit.id);
        let place = deposits.iter().position(is_it);
        let is_as_read = place.map(|place| &deposits[place]) == was;
        match place.filter(|_| is_as_read) {
            Some(place) => deposits[place] = deposit.clone(),
            None if is_as_read => deposits.push(deposit.clone()),
            None => {}
        }
        Ok(is_as_read)
    }

    async fn list(
        &self,
        _: &MerchantId,
        (first, last): (Date, Date),
        _: ReadOrder,
        _: Option<&str>,
        _: usize,
    ) -> Result<DepositPage, StoreError> {
        let all = self.deposits.lock().unwrap();
        let mut found: Vec<_> =
            all.iter().filter(|one| first <= one.day && one.day <= last).cloned().collect();
        found.sort_by(|one, other| (one.day, &one.id).cmp(&(other.day, &other.id)));
        let damaged = self.damaged_deposits.lock().unwrap();
        let bad = |one: Deposit| Unreadable { key: one.id, reason: "a test".to_owned() };
        let unreadable = found.extract_if(.., |one| damaged.contains(&one.id)).map(bad).collect();
        Ok(DepositPage { deposits: found, unreadable, next: None })
    }
}

#[async_trait]
impl ExceptionStore for Memory {
    async fn get(&self, _: &MerchantId, id: Uuid) -> Result<Option<Exception>, StoreError> {
        Ok(self.exceptions.lock().unwrap().get(&id).cloned())
    }

    async fn open_of(&self, _: &MerchantId, account: &str) -> Result<Vec<Exception>, StoreError> {
        let all = self.all().into_iter();
        Ok(all.filter(|one| one.account == account && one.is_open()).collect())
    }

    async fn open_about(&self, _: &MerchantId) -> Result<Vec<OpenAbout>, StoreError> {
        let open = self.all().into_iter().filter(Exception::is_open);
        Ok(open.map(|one| OpenAbout::of(&one)).collect())
    }

    async fn count_open(&self, _: &MerchantId) -> Result<OpenExceptions, StoreError> {
        Ok(OpenExceptions::of(self.all().into_iter().filter(Exception::is_open).count()))
    }

    async fn save(
        &self,
        _: &MerchantId,
        was: Option<&Exception>,
        exception: &Exception,
    ) -> Result<bool, StoreError> {
        self.write()?;
        let mut all = self.exceptions.lock().unwrap();
        if let Some(other) = self.conflicts.lock().unwrap().pop() {
            all.insert(other.id, other);
        }
        let is_as_read = all.get(&exception.id) == was;
        if is_as_read {
            all.insert(exception.id, exception.clone());
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
        Ok(ExceptionPage { exceptions: self.all(), ..ExceptionPage::default() })
    }
}

pub(super) fn merchant() -> MerchantId {
    "m".parse().unwrap()
}

/// Orders, as settlement finds them. It creates none and looks for no due ones.
#[derive(Default)]
pub(super) struct Orders(pub(super) Mutex<Vec<Order>>);

#[async_trait]
impl OrderStore for Orders {
    async fn load(&self, key: &OrderKey) -> Result<Option<Order>, StoreError> {
        Ok(self.0.lock().unwrap().iter().find(|order| order.key() == *key).cloned())
    }

    async fn create(&self, _: &Order) -> Result<(), StoreError> {
        Err(StoreError::Unavailable("settlement creates no orders".to_owned()))
    }

    async fn due(&self, _: DueQuery) -> Result<Page, StoreError> {
        Err(StoreError::Unavailable("settlement looks for no due orders".to_owned()))
    }

    async fn save(&self, saved: &Order) -> Result<(), StoreError> {
        let mut all = self.0.lock().unwrap();
        let stored = all.iter_mut().find(|order| order.key() == saved.key());
        *stored.ok_or_else(|| StoreError::Unavailable("there is no such order".to_owned()))? = saved.clone();
        Ok(())
    }
}

/// Entries of a merchant, all in the first shard.
#[derive(Default)]
pub(super) struct Log(pub(super) Vec<Entry>);

#[async_trait]
impl EntryLog for Log {
    async fn entries(
        &self,
        place: &EntryPlace,
        query: &EntryQuery<'_>,
    ) -> Result<EntryPage<Entry>, StoreError> {
        let (since, until) = query.between;
        let is_there = |entry: &&Entry| match place {
            EntryPlace::Shard(shard) => *shard == 0,
            EntryPlace::Reference(wanted) => entry.reference.as_ref() == Some(wanted),
            _ => false,
        };
        let all = self.0.iter().filter(is_there).filter(|one| *since < *one.sort() && *one.sort() < *until);
        let entries = all.map(|entry| (entry.sort(), Ok(entry.clone()))).collect();
        Ok(EntryPage { entries, ..EntryPage::default() })
    }

    async fn logged(&self, _: &EntryPlace, _: &EntryQuery<'_>) -> Result<EntryPage<LoggedEntry>, StoreError> {
        Ok(EntryPage::default())
    }

    async fn counted(
        &self,
        _: &EntryPlace,
        _: &EntryQuery<'_>,
    ) -> Result<EntryPage<CountedEntry>, StoreError> {
        Ok(EntryPage::default())
    }
}

impl Log {
    /// One order with these operations of one payment.
    pub(super) fn add(&mut self, operations: Vec<Operation>) {
        let name = format!("o{}", self.0.len());
        let key = OrderKey { merchant: merchant(), order: name.parse().unwrap() };
        let mut order = Order::new(&key, Currency::USD, None, Timestamp::UNIX_EPOCH);
        let is_purchase = operations[0].kind == Kind::Purchase;
        let kind = if is_purchase { PaymentKind::Purchase } else { PaymentKind::Authorize };
        let mut operations = operations.into_iter();
        let mut transaction = payment(kind, operations.next().unwrap());
        transaction.operations.extend(operations);
        order.transactions.push(transaction);
        self.0.extend(entries(None, &order));
    }
}

/// An approved operation.
pub(super) fn done(n: u128, kind: Kind, minor: u64, reference: &str, at: Timestamp) -> Operation {
    let mut operation = Operation::new(new_operation(Uuid::from_u128(n), kind, minor), at);
    let response = GatewayResponse { reference: Some(reference.to_owned()), ..GatewayResponse::default() };
    operation.decide(Decision::Approved(response), at);
    operation
}
