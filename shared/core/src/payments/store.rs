//! Where orders are kept: a port.

use std::collections::HashMap;

use async_trait::async_trait;
use jiff::Timestamp;

use crate::{
    order::{MerchantId, Order, OrderKey},
    payments::trail,
};

/// Why the store did not carry out a request.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The stored order is not the version that the caller has read. The order as stored now comes
    /// along.
    #[error("the order was changed by somebody else")]
    Conflict(Box<Order>),
    /// The store could not be reached or did not respond; for a write it is not known whether it
    /// was done.
    #[error("the order store is not available: {0}")]
    Unavailable(String),
    /// A stored item cannot be read as its type.
    #[error("a stored item cannot be read: {0}")]
    Corrupt(String),
}

/// A stored item that cannot be read. It is one bad row: shown, counted and logged by its key, and
/// in the way of nothing else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unreadable {
    /// Its key in its table.
    pub key: String,
    /// Why it cannot be read. Never its content.
    pub reason: String,
}

impl Unreadable {
    /// Why something could not be read, if it was there and could not be understood; the error
    /// otherwise.
    pub fn only(error: StoreError, key: impl Into<String>) -> Result<Self, StoreError> {
        match error {
            StoreError::Corrupt(reason) => Ok(Self { key: key.into(), reason }),
            other => Err(other),
        }
    }

    /// Leaves out an item that cannot be read, which the store has noted; none in its place.
    pub fn left_out<T>(read: Result<T, StoreError>) -> Result<Option<T>, StoreError> {
        match read {
            Ok(read) => Ok(Some(read)),
            Err(error) => Self::only(error, "").map(|_| None),
        }
    }

    /// Counts it among the items that this request could not read, and writes it to the log.
    pub fn note(&self) {
        trail::note(|trail| trail.unreadable += 1);
        self.log();
    }

    /// Writes it to the log, for the person who repairs it.
    pub fn log(&self) {
        let Self { key, reason } = self;
        tracing::error!(key, reason, "a stored item cannot be read");
    }
}

/// Most partitions that the index of orders in doubt can have. How many are written to is the
/// deployment's choice (`IN_DOUBT_SHARDS`).
pub const IN_DOUBT_SHARDS_MAX: u16 = 256;

/// Most partitions that the index of scheduled captures can have. How many it has is the
/// deployment's choice (`CAPTURE_SHARDS`).
pub const CAPTURE_SHARDS_MAX: u16 = 256;

/// Partitions of the orders of which shops are told. A payment writes there twice, so they are
/// enough for 2,000 a second, which is what twenty shops allow.
pub const UNRECORDED_SHARDS: u16 = 4;

/// Partitions of the indexes that are written to. A partition takes a thousand writes a second.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shards {
    /// Of the index of orders in doubt.
    pub in_doubt: u16,
    /// Of the index of scheduled captures.
    pub captures: u16,
}

/// A sparse index of the orders of which something is due, by when it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Index {
    /// An inquiry has to be sent about the outcome of an operation.
    InDoubt,
    /// A scheduled capture has to be made.
    CapturesDue,
    /// A shop has to be told of a payment, or is not known to know of it. These orders are in
    /// partitions of their own of the index of orders in doubt: no inquiry comes after them.
    Unrecorded,
}

impl Index {
    /// The one place that an order has among orders in doubt and orders of which a shop is told,
    /// and when it is due there.
    pub fn of(order: &Order) -> Option<(Self, Timestamp)> {
        let look = order.next_look_at();
        match (order.recording_task().map(|(at, _)| at), order.next_inquiry_at()) {
            (None, _) => look.map(|at| (Self::InDoubt, at)),
            // A place among recordings would let a shop that is down delay the inquiry.
            (Some(at), Some(_)) => Some((Self::InDoubt, look.map_or(at, |look| look.min(at)))),
            (Some(at), None) => Some((Self::Unrecorded, look.map_or(at, |look| look.min(at)))),
        }
    }

    /// The partitions that a run looks into: its own among as many as are written to.
    ///
    /// Once an hour, its own among all possible ones: after the number of partitions was lowered,
    /// earlier entries are still in the others.
    pub(super) fn shards(self, written: u16, now: Timestamp, is_own: impl Fn(&u16) -> bool) -> Vec<u16> {
        let most = match self {
            Self::InDoubt => IN_DOUBT_SHARDS_MAX,
            Self::CapturesDue => CAPTURE_SHARDS_MAX,
            Self::Unrecorded => UNRECORDED_SHARDS,
        };
        let is_full_hour = now.as_second().rem_euclid(3600) < 60;
        let mut shards: Vec<u16> = (0..if is_full_hour { most } else { written }).filter(is_own).collect();
        // Each run begins with another one, so that a backlog in the first does not keep the last
        // waiting.
        let minute = usize::try_from(now.as_second() / 60).unwrap_or_default();
        let first = minute % shards.len().max(1);
        shards.rotate_left(first);
        shards
    }
}

/// Which orders are wanted of which something is due.
#[derive(Clone, Debug)]
pub struct DueQuery {
    /// Whether inquiries or captures are wanted.
    pub index: Index,
    /// The partition of the index.
    pub shard: u16,
    /// Only orders that are due at this moment or before.
    pub until: Timestamp,
    /// Where the page begins; none: with the longest due.
    pub after: Option<DueCursor>,
    /// Most orders on the page.
    pub limit: usize,
}

/// Orders of which something is due, and where to go on reading.
#[derive(Debug)]
pub struct Page {
    /// The longest due first.
    pub orders: Vec<DueOrder>,
    /// Merchants whose shops' changed orders are to be read; in the partitions of
    /// [`Index::Unrecorded`] only.
    pub shops: Vec<MerchantId>,
    /// Where the next page begins, if there is one.
    pub next: Option<DueCursor>,
}

/// How far the changed orders of a merchant's shop were read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShopPoll {
    pub merchant: MerchantId,
    /// The next reading begins with orders that were changed then.
    pub read_from: Timestamp,
    /// When they are read next.
    pub next_at: Timestamp,
    /// Number of times it was written; every write states the one it has read.
    pub version: u64,
}

/// An order of which something is due, as the index has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DueOrder {
    /// Which order it is.
    pub key: OrderKey,
    /// Since when, or when, something of the order is due.
    pub at: Timestamp,
    /// From when on [a person has to look](Order::needs_attention_from) at it.
    pub needs_attention_from: Option<Timestamp>,
}

impl DueOrder {
    /// Whether a person has to look at it now.
    pub fn needs_attention(&self, now: Timestamp) -> bool {
        self.needs_attention_from.is_some_and(|from| from <= now)
    }
}

/// Where an index was read to.
#[derive(Clone, Debug)]
pub struct DueCursor {
    /// The last order that was read.
    pub key: String,
    /// When it was due, as the index has it.
    pub due: String,
}

/// Most orders that are read at once: DynamoDB's batches have no more.
pub const ORDERS_AT_ONCE: usize = 100;

/// The result of reading some orders.
#[derive(Debug, Default)]
pub struct LoadedOrders {
    /// Those that are there, each readable or not.
    pub orders: HashMap<OrderKey, Result<Order, Unreadable>>,
    /// Bytes of their items, as far as the store counts them.
    pub read_bytes: usize,
}

/// Keeps orders, one item each, every write conditional on the version that was read.
#[async_trait]
pub trait OrderStore: Send + Sync {
    /// The order as it is now (strongly consistent), if there is one.
    async fn load(&self, key: &OrderKey) -> Result<Option<Order>, StoreError>;

    /// These orders as they are now (strongly consistent), at most [`ORDERS_AT_ONCE`]. A store
    /// without batches reads one after another.
    async fn load_all(&self, keys: &[OrderKey]) -> Result<LoadedOrders, StoreError> {
        let mut orders = HashMap::new();
        for key in keys {
            match self.load(key).await {
                Ok(order) => orders.extend(order.map(|order| (key.clone(), Ok(order)))),
                Err(error) => {
                    orders.insert(key.clone(), Err(Unreadable::only(error, key.to_string())?));
                }
            }
        }
        Ok(LoadedOrders { orders, read_bytes: 0 })
    }

    /// Stores an order that is not there yet, as version 1. [`StoreError::Conflict`] carries the
    /// one that is.
    async fn create(&self, order: &Order) -> Result<(), StoreError>;

    /// Replaces the version that the order carries by the next one.
    ///
    /// On success the stored order has `order.version + 1`; the caller's copy is left as it was.
    async fn save(&self, order: &Order) -> Result<(), StoreError>;

    /// Notes that a merchant has a shop whose changed orders are read, unless that is noted. A
    /// store whose schedules read no shop notes nothing.
    async fn note_shop(&self, _merchant: &MerchantId, _now: Timestamp) -> Result<(), StoreError> {
        Ok(())
    }

    /// How far a merchant's shop was read, if it is noted.
    async fn shop_poll(&self, _merchant: &MerchantId) -> Result<Option<ShopPoll>, StoreError> {
        Ok(None)
    }

    /// Replaces the version that it carries by the next one. Does nothing where another run was
    /// faster.
    async fn save_shop_poll(&self, _poll: &ShopPoll) -> Result<(), StoreError> {
        Ok(())
    }

    /// One page of orders of which something is due. Eventually consistent: it says where to look,
    /// the order itself decides.
    async fn due(&self, query: DueQuery) -> Result<Page, StoreError>;
}
