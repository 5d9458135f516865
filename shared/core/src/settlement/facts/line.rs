//! The gateway's records of one reference: its settlement, and the deposits that hold it.

use std::fmt;

use jiff::civil::Date;
use uuid::Uuid;

use crate::{
    values::{Currency, SignedAmount},
    words,
};

words! {
    /// The outcome of a payment or refund in its batch.
    pub enum SettledStatus {
        /// The processor took it.
        Accepted => "accepted",
        /// The processor refused it, and no money moves.
        Rejected => "rejected",
        /// It failed on the way to the processor.
        Failed => "failed",
        /// The batch is with the processor.
        Processing => "processing",
        /// It was terminated: the batch goes without it.
        Terminated => "terminated",
        /// A person at the processor has to look at it. The gateway may never update it.
        UnderReview => "under_review",
        /// A bank debit that came back.
        Returned => "returned",
        _ => Unrecognized,
    }
}

words! {
    /// The outcome of a batch.
    pub enum BatchStatus {
        Sent => "sent",
        /// The processor took it.
        Good => "good",
        /// A part of the batch was refused.
        Mixed => "mixed",
        /// The processor refused the whole batch.
        Refused => "refused",
        Held => "held",
        /// It came back with errors in its lines.
        Errors => "errors",
        /// No response of the processor is there yet.
        NotDone => "not_done",
        _ => Unrecognized,
    }
}

words! {
    /// The kind of a deposit's line.
    pub enum FundedKind {
        Sale => "sale",
        /// Money given back.
        Refund => "refund",
        /// A line that moves no money on its own: a voided sale or refund, a verification.
        NoMoney => "no_money",
        _ => Unrecognized,
    }
}

words! {
    /// The status of a deposit's line.
    pub enum FundedStatus {
        /// The money is in the deposit.
        Processed => "processed",
        /// It was refused or came back.
        Rejected => "rejected",
        /// A bank debit that came back.
        Returned => "returned",
        Voided => "voided",
        _ => Unrecognized,
    }
}

/// A reference in one batch, by the report of a day. Read again, that report replaces it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settled {
    /// The gateway's id of the batch.
    pub batch: String,
    /// The day for which the report was requested, Eastern.
    pub day: Date,
    /// Of a refund it is stated without a sign, or with a minus. None if the report states none.
    pub amount: Option<SignedAmount>,
    pub status: SettledStatus,
    pub batch_status: BatchStatus,
    /// Our order id of the attempt, where the report has it.
    pub gateway_order_id: Option<String>,
}

impl Settled {
    /// Whether the processor took it.
    pub(crate) fn is_taken(&self) -> bool {
        let is_batch_taken = match self.batch_status {
            BatchStatus::Refused | BatchStatus::Held | BatchStatus::NotDone => false,
            BatchStatus::Sent
            | BatchStatus::Good
            | BatchStatus::Mixed
            | BatchStatus::Errors
            | BatchStatus::Unrecognized => true,
        };
        self.status == SettledStatus::Accepted && is_batch_taken
    }
}

/// A reference in one line of a deposit. Read again, the deposit's report replaces it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Funded {
    /// The line's own id.
    pub id: String,
    /// The id of its deposit.
    pub deposit: String,
    /// The day of the deposit, Eastern.
    pub day: Date,
    pub kind: FundedKind,
    pub status: FundedStatus,
    /// With its sign: money given back is negative.
    pub amount: SignedAmount,
    /// None if the record states none.
    pub currency: Option<Currency>,
    /// The batch that it was settled in.
    pub batch: Option<String>,
}

impl Funded {
    /// Whether the deposit has its money.
    pub fn is_money(&self) -> bool {
        matches!(self.kind, FundedKind::Sale | FundedKind::Refund | FundedKind::Unrecognized)
            && matches!(
                self.status,
                FundedStatus::Processed | FundedStatus::Returned | FundedStatus::Unrecognized
            )
    }
}

/// All that the gateway's records say about a reference at an account. A reference is one payment
/// or one refund.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Line {
    pub reference: String,
    /// One for each batch that it is in and each day that reports it, by both.
    pub settled: Vec<Settled>,
    /// One for each deposit's line about it, by id.
    pub funded: Vec<Funded>,
}

impl Line {
    /// Adds a batch's record, in place of the one that the same day's report stated before.
    pub(crate) fn add_settled(&mut self, new: Settled) {
        let position = |of: &Settled| (of.batch.clone(), of.day);
        match self.settled.binary_search_by_key(&position(&new), position) {
            Ok(n) => self.settled[n] = new,
            Err(n) => self.settled.insert(n, new),
        }
    }

    /// Adds a deposit's line, in place of its earlier state.
    pub(crate) fn add_funded(&mut self, new: Funded) {
        match self.funded.binary_search_by(|one| one.id.cmp(&new.id)) {
            Ok(n) => self.funded[n] = new,
            Err(n) => self.funded.insert(n, new),
        }
    }

    /// Adds all that another pack says of the same reference.
    pub fn add(&mut self, new: Self) {
        new.settled.into_iter().for_each(|settled| self.add_settled(settled));
        new.funded.into_iter().for_each(|funded| self.add_funded(funded));
    }

    /// Whether it says nothing.
    pub(crate) fn is_empty(&self) -> bool {
        self.settled.is_empty() && self.funded.is_empty()
    }

    /// The last day of which it says something.
    pub fn newest_day(&self) -> Option<Date> {
        let settled = self.settled.iter().map(|one| one.day);
        settled.chain(self.funded.iter().map(|one| one.day)).max()
    }
}

/// A row of a report that cannot be read. The rest of the report counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnreadableRow {
    /// The deposit that it is in, if that is known.
    pub deposit: Option<String>,
    /// The batch that it is in, if that is known.
    pub batch: Option<String>,
    /// Its own id or reference, as stated.
    pub id: Option<String>,
    /// Why it cannot be read; never states its content.
    pub why: String,
}

impl fmt::Display for UnreadableRow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.why)?;
        self.batch.iter().try_for_each(|batch| write!(f, ", batch {batch}"))?;
        self.id.iter().try_for_each(|id| write!(f, ", {id}"))
    }
}

/// Which item holds the line of a reference.
///
/// Lines are packed, so that a payment is one read and a line costs a fraction of a write: by
/// account, by the UTC day of the capture or refund as the journal has it, and by a digest of the
/// reference. A reference that the journal does not know has no day; once it is known, its line
/// moves as the reports are read again.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PackKey {
    /// The gateway account (MID).
    pub account: String,
    /// The UTC day of the journal's entry; none for unknown references.
    pub day: Option<Date>,
    /// The part of the day's lines, below [`PackKey::PARTS`]; of unknown references, below
    /// [`PackKey::UNKNOWN_PARTS`].
    pub part: u16,
}

impl fmt::Display for PackKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let day = self.day.map_or_else(|| "unknown payments".to_owned(), |day| day.to_string());
        write!(f, "lines of {}, {day}, part {}", self.account, self.part)
    }
}

impl PackKey {
    /// Parts of an account's day. At 1,000 lines a day an item has 16 of about 120 bytes, at
    /// 100,000 it has 1,600 and stays below the 400 KB that an item may have.
    pub const PARTS: u16 = 64;

    /// Parts of an account's unknown references of all days: 200,000 lines are some 200 in each.
    pub const UNKNOWN_PARTS: u16 = 1_024;

    /// Where the line of a reference is.
    pub fn of(account: &str, day: Option<Date>, reference: &str) -> Self {
        let digest = Uuid::new_v5(&Uuid::NAMESPACE_OID, reference.as_bytes());
        let [first, second, ..] = *digest.as_bytes();
        let part = match day {
            Some(_) => u16::from(first) % Self::PARTS,
            None => u16::from_be_bytes([first, second]) % Self::UNKNOWN_PARTS,
        };
        Self { account: account.to_owned(), day, part }
    }
}
