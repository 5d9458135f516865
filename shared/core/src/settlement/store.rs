//! Where lines, deposits, exceptions and the progress of reading are kept: ports. They have a table of their own.

use std::fmt;

use async_trait::async_trait;
use jiff::{Timestamp, ToSpan, civil::Date};
use uuid::Uuid;

use super::{Deposit, DepositEntry, Exception, ExceptionCause, Line, LinePlace};
use crate::{
    journal::{Put, day_of},
    order::MerchantId,
    payments::StoreError,
    values::{ReadOrder, counted},
};

/// The lines of one place, as one item.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PackedLines {
    /// How often it was written; 0 if it is not there.
    pub version: u64,
    /// By reference.
    pub lines: Vec<Line>,
}

/// Keeps lines.
#[async_trait]
pub trait LineStore: Send + Sync {
    /// The lines of a place; none are an empty item.
    async fn load(&self, merchant: &MerchantId, place: &LinePlace) -> Result<PackedLines, StoreError>;

    /// All lines of an account's day, or of what is not known.
    async fn load_day(
        &self,
        merchant: &MerchantId,
        account: &str,
        day: Option<Date>,
    ) -> Result<Vec<(LinePlace, PackedLines)>, StoreError>;

    /// Writes the lines of a place if they are still in the version that was read. Says whether they were.
    async fn save(
        &self,
        merchant: &MerchantId,
        place: &LinePlace,
        lines: &PackedLines,
    ) -> Result<bool, StoreError>;
}

/// Some deposits, in the order that was requested.
#[derive(Clone, Debug, Default)]
pub struct DepositPage {
    /// The deposits.
    pub deposits: Vec<Deposit>,
    /// Where the next page begins, if there are more.
    pub next: Option<String>,
}

/// What putting a deposit came to.
#[derive(Clone, Debug)]
pub struct PutDeposit {
    /// As it is kept now.
    pub deposit: Deposit,
    /// Whether it is new or was changed.
    pub is_written: bool,
}

/// Keeps deposits, and the references of their lines.
#[async_trait]
pub trait DepositStore: Send + Sync {
    /// Puts a deposit, as [`merge_deposit`](super::merge_deposit) makes it, unless it is there with the same content.
    async fn put(&self, merchant: &MerchantId, deposit: &Deposit) -> Result<PutDeposit, StoreError>;

    /// Notes that the journal has the entries of so many changes of a deposit that is there.
    async fn note_journaled(&self, merchant: &MerchantId, id: &str, changes: usize)
    -> Result<(), StoreError>;

    /// A deposit.
    async fn get(&self, merchant: &MerchantId, id: &str) -> Result<Option<Deposit>, StoreError>;

    /// The deposits of these days, both included.
    async fn list(
        &self,
        merchant: &MerchantId,
        between: (Date, Date),
        order: ReadOrder,
        after: Option<&str>,
        limit: usize,
    ) -> Result<DepositPage, StoreError>;

    /// Notes that a deposit that is there has lines in this place, too.
    async fn add_place(&self, merchant: &MerchantId, id: &str, place: &LinePlace) -> Result<(), StoreError>;

    /// Which lines a deposit holds: for each place, the references.
    async fn lines_of(&self, merchant: &MerchantId, id: &str) -> Result<Vec<(LinePlace, Line)>, StoreError>;
}

/// Deposits that are read at a time.
const DEPOSITS_AT_A_TIME: usize = 100;

/// All deposits of these days, both included, the oldest first.
pub(super) async fn deposits_of(
    store: &dyn DepositStore,
    merchant: &MerchantId,
    between: (Date, Date),
) -> Result<Vec<Deposit>, StoreError> {
    let (mut deposits, mut after) = (Vec::new(), None::<String>);
    loop {
        let order = ReadOrder::OldestFirst;
        let page = store.list(merchant, between, order, after.as_deref(), DEPOSITS_AT_A_TIME).await?;
        deposits.extend(page.deposits);
        after = page.next;
        if after.is_none() {
            return Ok(deposits);
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
    /// The exceptions.
    pub exceptions: Vec<Exception>,
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
    /// Of those that were found, of which there may be one more than are counted.
    pub fn of(found: usize) -> Self {
        Self { exceptions: found.min(OPEN_COUNTED_MAX), more: found > OPEN_COUNTED_MAX }
    }
}

impl fmt::Display for OpenExceptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&counted(self.exceptions, self.more))
    }
}

/// Keeps exceptions.
#[async_trait]
pub trait ExceptionStore: Send + Sync {
    /// One exception.
    async fn get(&self, merchant: &MerchantId, id: Uuid) -> Result<Option<Exception>, StoreError>;

    /// The open exceptions of an account, to be compared with what a run found.
    async fn open_of(&self, merchant: &MerchantId, account: &str) -> Result<Vec<Exception>, StoreError>;

    /// How many exceptions are open, of all accounts. Reads no more keys than are counted, and one.
    async fn count_open(&self, merchant: &MerchantId) -> Result<OpenExceptions, StoreError>;

    /// Writes an exception if it is still as it was read; `was` is none for a new one. Says whether it was.
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

/// How far an account's reports were read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Progress {
    /// The gateway account (MID).
    pub account: String,
    /// When it was found first.
    pub known_at: Timestamp,
    /// When all recent days were read last; none before the first time.
    pub read_at: Option<Timestamp>,
    /// The earliest day to read; none before the first run.
    pub backfill_from: Option<Date>,
    /// Every day from this one on was read, besides the recent ones; none before the first of them was.
    pub backfilled_to: Option<Date>,
    /// Whether the gateway offers deposits for the account; none as long as it is not known.
    pub funding: Option<bool>,
    /// The last UTC day on which the journal was found to have entries of the account.
    pub used_on: Option<Date>,
}

/// For how many days after its last entry an account is read that its merchant's document does not name any more: so late
/// come chargebacks and their reversals.
pub const READ_AFTER_USE_DAYS: i64 = 200;

impl Progress {
    /// Whether something may still come for the account, whatever the merchant's document says.
    pub fn may_be_reported(&self, today: Date) -> bool {
        let last = self.used_on.unwrap_or_else(|| day_of(self.known_at));
        today <= last.saturating_add(READ_AFTER_USE_DAYS.days())
    }

    /// For how many seconds the account has not been read; of one that never was, since it has been known.
    pub fn unread_s(&self, now: Timestamp) -> i64 {
        now.duration_since(self.read_at.unwrap_or(self.known_at)).as_secs()
    }

    /// Of an account that was never read.
    pub fn new(account: &str, now: Timestamp) -> Self {
        Self {
            account: account.to_owned(),
            known_at: now,
            read_at: None,
            backfill_from: None,
            backfilled_to: None,
            funding: None,
            used_on: None,
        }
    }
}

/// Keeps progress.
#[async_trait]
pub trait ProgressStore: Send + Sync {
    /// How far each account of every merchant was read.
    async fn all(&self) -> Result<Vec<(MerchantId, Progress)>, StoreError>;

    /// How far each of a merchant's accounts was read.
    async fn of(&self, merchant: &MerchantId) -> Result<Vec<Progress>, StoreError>;

    /// Takes an account for a run until a moment, unless another run has it now. Says whether it did.
    async fn claim(
        &self,
        merchant: &MerchantId,
        progress: &Progress,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<bool, StoreError>;

    /// Notes how far it was read, and gives the account back.
    async fn note(&self, merchant: &MerchantId, progress: &Progress) -> Result<(), StoreError>;
}
