//! Where lines, deposits, exceptions and the progress of reading are kept: ports. They have a table
//! of their own.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

use async_trait::async_trait;
use futures_util::{StreamExt, TryStreamExt, stream};
use jiff::{Timestamp, civil::Date};
use uuid::Uuid;

use crate::{
    journal::Put,
    order::{BatchState, MerchantId, Order},
    payments::{StoreError, Unreadable},
    settlement::{
        Deposit, DepositEntry, Exception, ExceptionCause, KnownReport, Line, PackKey, Progress,
        facts::{day::DayRange, deposit::DepositKey},
    },
    values::{ReadOrder, counted},
};

/// The lines of one pack, as one item.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PackedLines {
    /// How often it was written; 0 if it is not there.
    pub version: u64,
    /// By reference.
    pub lines: Vec<Line>,
    /// Whether it is there and cannot be read: its content is not known, and nothing is written in
    /// its pack.
    pub is_unreadable: bool,
}

/// Keeps lines, and each day's reports as far as known.
#[async_trait]
pub trait LineStore: Send + Sync {
    /// The lines of a pack; none are an empty item.
    async fn load(&self, merchant: &MerchantId, pack: &PackKey) -> Result<PackedLines, StoreError>;

    /// All lines of an account's day, or of its unknown references.
    async fn load_day(
        &self,
        merchant: &MerchantId,
        account: &str,
        day: Option<Date>,
    ) -> Result<Vec<(PackKey, PackedLines)>, StoreError>;

    /// Writes the lines of a pack if they are still in the version that was read. Says whether
    /// they were.
    async fn save(
        &self,
        merchant: &MerchantId,
        pack: &PackKey,
        lines: &PackedLines,
    ) -> Result<bool, StoreError>;

    /// The known reports of an account's days from this one on.
    async fn reports(
        &self,
        merchant: &MerchantId,
        account: &str,
        since: Date,
    ) -> Result<Vec<KnownReport>, StoreError>;

    /// Keeps a known report.
    async fn keep_report(
        &self,
        merchant: &MerchantId,
        account: &str,
        report: &KnownReport,
    ) -> Result<(), StoreError>;
}

/// The line of a reference, in either pack: with its day in the journal, or still with the
/// references that were not known when its report was read.
pub async fn line_of(
    store: &dyn LineStore,
    merchant: &MerchantId,
    account: &str,
    day: Option<Date>,
    reference: &str,
) -> Result<Line, StoreError> {
    let mut all = Line { reference: reference.to_owned(), ..Line::default() };
    for day in BTreeSet::from([day, None]) {
        let pack = PackKey::of(account, day, reference);
        let packed = store.load(merchant, &pack).await?;
        if packed.is_unreadable {
            return Err(StoreError::Corrupt(pack.to_string()));
        }
        packed.lines.into_iter().filter(|line| line.reference == reference).for_each(|line| all.add(line));
    }
    Ok(all)
}

/// Some deposits, in the order that was requested.
#[derive(Clone, Debug, Default)]
pub struct DepositPage {
    pub deposits: Vec<Deposit>,
    /// Those that cannot be read.
    pub unreadable: Vec<Unreadable>,
    /// Where the next page begins, if there are more.
    pub next: Option<String>,
}

/// Keeps deposits, and the references of their lines. A deposit is known by its account and its id
/// at the gateway.
#[async_trait]
pub trait DepositStore: Send + Sync {
    async fn get(
        &self,
        merchant: &MerchantId,
        account: &str,
        id: &str,
    ) -> Result<Option<Deposit>, StoreError>;

    /// All deposits of a merchant with this id: one for each account that has one.
    async fn find(&self, merchant: &MerchantId, id: &str) -> Result<Vec<Deposit>, StoreError>;

    /// Writes a deposit if it is still as it was read; `was` is none for a new one. Says whether it
    /// was.
    async fn save(
        &self,
        merchant: &MerchantId,
        was: Option<&Deposit>,
        deposit: &Deposit,
    ) -> Result<bool, StoreError>;

    /// The deposits of these days, both included.
    async fn list(
        &self,
        merchant: &MerchantId,
        days: DayRange,
        order: ReadOrder,
        after: Option<&str>,
        limit: usize,
    ) -> Result<DepositPage, StoreError>;
}

/// How often a deposit is read again because another run wrote it meanwhile.
const TRIES: usize = 5;

/// Changes a deposit, if the change is none already: how it is now, and whether it was written.
/// None if the change of a deposit that is not there makes none.
pub(crate) async fn change_deposit(
    store: &dyn DepositStore,
    merchant: &MerchantId,
    key: DepositKey<'_>,
    change: impl Fn(Option<&Deposit>) -> Result<Option<Deposit>, StoreError> + Send + Sync,
) -> Result<Option<ChangedDeposit>, StoreError> {
    for _ in 0..TRIES {
        let was = store.get(merchant, key.account, key.id).await?;
        let Some(deposit) = change(was.as_ref())? else { return Ok(None) };
        let is_written = was.as_ref() != Some(&deposit);
        if !is_written || store.save(merchant, was.as_ref(), &deposit).await? {
            return Ok(Some(ChangedDeposit { deposit, is_written }));
        }
    }
    Err(StoreError::Unavailable("a deposit was changed at the same time".to_owned()))
}

/// The result of changing a deposit.
pub(crate) struct ChangedDeposit {
    /// As it is kept now.
    pub(crate) deposit: Deposit,
    /// Whether it is new or was changed.
    pub(crate) is_written: bool,
}

/// Packs with their lines.
pub(crate) async fn load_packs(
    store: &dyn LineStore,
    merchant: &MerchantId,
    packs: BTreeSet<PackKey>,
) -> Result<BTreeMap<PackKey, PackedLines>, StoreError> {
    let packed = packs.into_iter().map(async |pack| {
        let packed = store.load(merchant, &pack).await?;
        Ok::<_, StoreError>((pack, packed))
    });
    stream::iter(packed).buffered(PACKS_AT_A_TIME).try_collect().await
}

/// Packs that are read at a time.
const PACKS_AT_A_TIME: usize = 64;

/// Deposits that are read at a time.
const DEPOSITS_AT_A_TIME: usize = 100;

/// All deposits of these days, both included, the oldest first, and those that cannot be read.
pub async fn deposits_of(
    store: &dyn DepositStore,
    merchant: &MerchantId,
    days: DayRange,
) -> Result<DepositPage, StoreError> {
    let (mut all, mut after) = (DepositPage::default(), None::<String>);
    loop {
        let order = ReadOrder::OldestFirst;
        let page = store.list(merchant, days, order, after.as_deref(), DEPOSITS_AT_A_TIME).await?;
        all.deposits.extend(page.deposits);
        all.unreadable.extend(page.unreadable);
        after = page.next;
        if after.is_none() {
            return Ok(all);
        }
    }
}

/// Settlement's side of the journal.
#[async_trait]
pub trait DepositJournal: Send + Sync {
    /// Puts an entry if it is not there.
    async fn put(&self, entry: &DepositEntry) -> Result<Put, StoreError>;
}

/// Which exceptions are wanted.
#[derive(Clone, Debug, Default)]
pub struct ExceptionFilter {
    /// Open ones, or those that are gone or resolved.
    pub closed: bool,
    /// Only those with this cause.
    pub cause: Option<ExceptionCause>,
    /// Only those of this account.
    pub account: Option<String>,
}

/// Some exceptions, the newest first.
#[derive(Clone, Debug, Default)]
pub struct ExceptionPage {
    pub exceptions: Vec<Exception>,
    /// Those that cannot be read, of any subject.
    pub unreadable: Vec<Unreadable>,
    /// Where the next page begins, if there are more.
    pub next: Option<String>,
}

/// Most open exceptions of a merchant that are counted.
pub const OPEN_COUNTED_MAX: usize = 1_000;

/// How many exceptions of a merchant are open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OpenExceptions {
    /// At most [`OPEN_COUNTED_MAX`].
    pub exceptions: usize,
    /// Whether there are more.
    pub more: bool,
}

impl OpenExceptions {
    /// From the number found, which may be one more than is counted.
    pub fn of(found: usize) -> Self {
        Self { exceptions: found.min(OPEN_COUNTED_MAX), more: found > OPEN_COUNTED_MAX }
    }
}

impl fmt::Display for OpenExceptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&counted(self.exceptions, self.more))
    }
}

/// The subject of an open exception.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenAbout {
    /// The gateway account (MID).
    pub account: String,
    pub cause: ExceptionCause,
    /// The gateway's reference, if it is about one.
    pub reference: Option<String>,
    /// The deposit, if it is about one.
    pub deposit: Option<String>,
}

impl OpenAbout {
    pub fn of(exception: &Exception) -> Self {
        let Exception { account, cause, reference, deposit, .. } = exception.clone();
        Self { account, cause, reference, deposit }
    }
}

#[async_trait]
pub trait ExceptionStore: Send + Sync {
    async fn get(&self, merchant: &MerchantId, id: Uuid) -> Result<Option<Exception>, StoreError>;

    /// The open exceptions of an account, to be compared with a run's findings; without those that
    /// cannot be read.
    async fn open_of(&self, merchant: &MerchantId, account: &str) -> Result<Vec<Exception>, StoreError>;

    /// The subjects of a merchant's open exceptions, without those that cannot be read. Reads their
    /// keys only.
    async fn open_about(&self, merchant: &MerchantId) -> Result<Vec<OpenAbout>, StoreError>;

    /// How many exceptions are open, of all accounts. Reads no more keys than are counted, and one.
    async fn count_open(&self, merchant: &MerchantId) -> Result<OpenExceptions, StoreError>;

    /// Writes an exception if it is still as it was read; `was` is none for a new one. Says whether
    /// it was.
    async fn save(
        &self,
        merchant: &MerchantId,
        was: Option<&Exception>,
        exception: &Exception,
    ) -> Result<bool, StoreError>;

    /// Exceptions, the newest first.
    async fn list(
        &self,
        merchant: &MerchantId,
        filter: &ExceptionFilter,
        after: Option<&str>,
        limit: usize,
    ) -> Result<ExceptionPage, StoreError>;
}

/// Tells whether payments have settled.
#[async_trait]
pub trait Batches: Send + Sync {
    /// Whether the batch with one of an order's payments was taken.
    async fn batch_of(
        &self,
        order: &Order,
        transaction: Uuid,
        now: Timestamp,
    ) -> Result<BatchState, StoreError>;
}

#[async_trait]
pub trait ProgressStore: Send + Sync {
    /// How far each account of every merchant was read; without unreadable items, which an
    /// account's claim refuses.
    async fn all(&self) -> Result<Vec<(MerchantId, Progress)>, StoreError>;

    /// How far each of a merchant's accounts was read; without unreadable items.
    async fn of(&self, merchant: &MerchantId) -> Result<Vec<Progress>, StoreError>;

    /// Takes an account for a run until a moment: how far it was read by then, and for a new
    /// account `new`. None if another run has it now.
    async fn claim(
        &self,
        merchant: &MerchantId,
        new: &Progress,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<Option<Progress>, StoreError>;

    /// Notes an account that nothing is known of yet.
    async fn add(&self, merchant: &MerchantId, new: &Progress) -> Result<(), StoreError>;

    /// Notes how far it was read, and gives the account back.
    async fn note(&self, merchant: &MerchantId, progress: &Progress) -> Result<(), StoreError>;
}
