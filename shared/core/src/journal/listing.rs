//! Lists of a merchant's payments and orders, read in parts, each row in its current state.
//!
//! A payment is listed under its first fact, so later operations do not move it, and a list that is
//! read in parts neither skips a payment nor shows one twice. A payment without an outcome has no
//! fact and is not in the journal; one that should have an outcome is in the index of orders that
//! need attention.
//!
//! ```text
//! Wanted ── Place::of ──► one place to read              Budget: bytes, operations, time
//!   │                       Order      from_order          │
//!   │                       Attention  from_agenda         │  how many orders are read next,
//!   │                       Journal    from_journal        │  and when the part is full
//!   │                         │                            ▼
//!   └── Predicates ───────► orders, read in batches ──► Found: rows, and the Cursor of the next part
//! ```
//!
//! A list whose predicates include payments in doubt begins in the index and goes on in the
//! journal. Three lists read an index of orders alone: payments that need attention and scheduled
//! captures ([`AgendaLister`]), and all orders ([`OrderLister`]).
//!
//! A part ends when its rows are as many as requested, or when its [`Budget`] is used up:
//!
//! | limit | value | purpose |
//! |---|---|---|
//! | bytes read | [`READ_MAX_BYTES`]; a list of orders: 4 MiB | cost and duration are known, however much the predicates leave out |
//! | operations shown | 2,500; a list of orders shows none | the response has a size limit, and a payment has up to as many operations as an order |
//! | time | the caller's deadline | the part is returned before the request times out |

mod budget;
mod cursor;
mod due_sums;
mod found;
mod from_agenda;
mod from_journal;
mod from_order;
mod orders;
mod place;
mod predicate;

pub(super) use budget::Budget;
pub use budget::READ_MAX_BYTES;
pub(super) use cursor::Cursor;
pub use cursor::is_cursor;
pub use due_sums::{DueSum, DueSums, DueWanted, due_sums};
pub use found::{BadRow, Found, Row, UnpaidRow};
pub use from_agenda::{
    AgendaLister, AgendaWanted, AttentionCount, COUNTED_MAX, CaptureList, count_attention,
};
pub use orders::{OrderLister, OrderPredicate, WantedOrders};
pub use place::LookedUp;
pub use predicate::{Is, Predicate};

use jiff::Timestamp;

use self::place::{Entries, Place, Under};
use crate::{
    journal::{Agenda, EntryLog, EntryPartition, sort_of},
    order::{MerchantId, Order, PaymentWord, Transaction, TransactionStatus},
    payments::{Deadline, OrderStore, StoreError},
    values::ReadOrder,
};

/// Which payments are looked for.
#[derive(Clone, Copy, Debug)]
pub struct Wanted<'a> {
    /// The merchant whose payments are listed.
    pub merchant: &'a MerchantId,
    /// The current time, which decides whether a payment is overdue or about to end.
    pub now: Timestamp,
    /// The earliest time of the list, included.
    pub since: Timestamp,
    /// Listed before, and not at.
    pub until: Timestamp,
    /// All have to hold.
    pub predicates: &'a [Predicate],
    /// Where the payments are that one of the predicates names. A
    /// [transaction](Predicate::Transaction) and a [text](Predicate::Text) are found only by it.
    pub looked_up: Option<&'a LookedUp>,
    /// Which payments come first; those in doubt come before all.
    pub order: ReadOrder,
    /// Where an earlier part ended.
    pub after: Option<&'a str>,
    /// Most payments of this part.
    pub limit: usize,
}

/// Lists a merchant's payments, each in its order's current state.
pub struct Lister<'a> {
    /// Finds payments by the entries of their facts.
    pub log: &'a dyn EntryLog,
    /// Has each payment's current state.
    pub store: &'a dyn OrderStore,
    /// Finds orders that need attention, and captures to come.
    pub agenda: &'a dyn Agenda,
    /// When the caller's time is up: a part ends by then.
    pub deadline: Deadline,
}

impl Lister<'_> {
    /// The next part of a list.
    pub async fn find(&self, wanted: &Wanted<'_>) -> Result<Found, StoreError> {
        let Some(cursor) = Cursor::read(wanted.after) else { return Ok(Found::default()) };
        let entries = match Place::of(wanted) {
            Place::Order(id) => return self.list_order(wanted, id, cursor).await,
            Place::Attention => return self.by_agenda().attention_of(wanted).await,
            Place::Journal(entries) => entries,
        };
        let mut budget = Budget::new(self.deadline);
        // A payment in doubt may have no fact yet, so those come first.
        if wanted.is_for_attention() && cursor.time().is_none() {
            let found = self.by_agenda().attention_of(wanted).await?;
            if found.shown() > 0 || found.next.is_some() {
                let next = found.next.unwrap_or_else(|| Cursor::Time(&wanted.ends().0).to_string());
                return Ok(Found { next: Some(next), ..found });
            }
            budget.read(found.read_bytes);
        }
        self.list_journal(wanted, &entries, cursor.time(), budget).await
    }

    /// Lists from the indexes of orders, and not from the journal.
    pub fn by_agenda(&self) -> AgendaLister<'_> {
        let Self { store, agenda, deadline, .. } = *self;
        AgendaLister { store, agenda, deadline }
    }
}

impl Wanted<'_> {
    /// Whether every entry of the range is read, because no index has the wanted payments.
    pub fn reads_all(&self) -> bool {
        matches!(Place::of(self), Place::Journal(entries) if EntryPartition::are_all(&entries.partitions))
    }

    /// Whether all predicates hold of a payment.
    fn shows(&self, order: &Order, transaction: &Transaction) -> bool {
        self.predicates.iter().all(|predicate| predicate.holds(order, transaction, self.now))
    }

    /// Whether the list's range has a moment.
    fn has_range(&self, at: Timestamp) -> bool {
        self.since <= at && at < self.until
    }

    /// Where its range begins and where it ends, in the order in which it is read.
    fn ends(&self) -> (String, String) {
        let (since, until) = (sort_of(self.since), sort_of(self.until));
        match self.order {
            ReadOrder::NewestFirst => (until, since),
            ReadOrder::OldestFirst => (since, until),
        }
    }

    fn needs_attention(&self) -> bool {
        self.predicates.iter().any(|predicate| matches!(predicate, Predicate::NeedsAttention(_)))
    }

    /// Whether payments are wanted that the index of orders that need attention has.
    fn is_for_attention(&self) -> bool {
        let pending = |predicate: &Predicate| match predicate {
            Predicate::Status(all) => all.contains(&TransactionStatus::Pending),
            Predicate::Word(all) => all.contains(&PaymentWord::NotKnownYet),
            _ => false,
        };
        self.needs_attention() || self.predicates.iter().any(pending)
    }

    /// Whether no others are wanted.
    fn is_for_attention_only(&self) -> bool {
        let pending = |predicate: &Predicate| match predicate {
            Predicate::Status(all) => *all == [TransactionStatus::Pending],
            Predicate::Word(all) => *all == [PaymentWord::NotKnownYet],
            _ => false,
        };
        self.needs_attention() || self.predicates.iter().any(pending)
    }
}

/// The moment of an entry, or of a place between two.
fn moment_of(sort: &str) -> Option<Timestamp> {
    sort.split('#').next()?.parse().ok()
}

#[cfg(test)]
mod tests;
