//! The budget of one part of a list: shared by all lists, so that each part ends in time and has a
//! known cost.

use std::{collections::HashMap, sync::Arc};

use crate::{
    order::{OPERATIONS_MAX, Order, OrderKey, Transaction},
    payments::{Deadline, ORDERS_AT_ONCE, OrderStore, StoreError, Unreadable},
};

/// Most bytes that one part of a list reads, however much it finds.
pub const READ_MAX_BYTES: usize = 10 * 1024 * 1024;

/// Orders that a part has room for at the least when it reads on, as large as they can be.
const LARGEST_ORDERS: usize = 8;

/// Bytes that an operation is counted as when its order is read: more than it takes (`docs/api.md`,
/// Limits).
pub(super) const OPERATION_BYTES: usize = 1536;

/// Bytes of the largest order; an order that cannot be read is counted as this.
pub(super) const ORDER_BYTES: usize = OPERATION_BYTES * (1 + OPERATIONS_MAX);

/// A part that has no room for so many of the largest orders is full.
pub(super) const STEP_BYTES: usize = LARGEST_ORDERS * ORDER_BYTES;

/// Bytes that an order is taken for before one was read: far more than nearly all have.
const USUAL_ORDER_BYTES: usize = 16 * OPERATION_BYTES;

/// Operations of the payments in a part, after which it is full: so that its response has a limit,
/// too.
pub(super) const OPERATIONS_IN_A_PART: usize = 2_500;

/// Bytes that a key is counted as in a list of orders and in sums of captures.
pub(super) const KEY_BYTES: usize = 256;

/// An order as it is now, or why it cannot be read.
pub(super) type Readable = Result<Arc<Order>, Unreadable>;

/// How much of its limits a part has used: bytes, operations and time.
pub(in crate::journal) struct Budget {
    read_bytes: usize,
    bytes_max: usize,
    operations: usize,
    deadline: Deadline,
    /// Orders of the next batch, if there is room for them.
    batch: usize,
    /// Bytes of the largest order so far.
    largest_bytes: usize,
}

impl Budget {
    /// For a part of [`READ_MAX_BYTES`] that ends by a deadline.
    pub(in crate::journal) fn new(deadline: Deadline) -> Self {
        let (bytes_max, batch) = (READ_MAX_BYTES, ORDERS_AT_ONCE);
        Self { read_bytes: 0, bytes_max, operations: 0, deadline, batch, largest_bytes: USUAL_ORDER_BYTES }
    }

    /// Ends the part after at most so many more bytes.
    pub(super) fn leave(&mut self, bytes: usize) {
        self.bytes_max = self.bytes_max.min(self.read_bytes + bytes);
    }

    /// The same with at most so many orders in the first batch.
    pub(super) fn first_batch(self, orders: usize) -> Self {
        Self { batch: orders.min(ORDERS_AT_ONCE), ..self }
    }

    /// Counts bytes that were read.
    pub(in crate::journal) fn read(&mut self, bytes: usize) {
        self.read_bytes += bytes;
    }

    /// Counts a payment that is shown.
    pub(super) fn show(&mut self, transaction: &Transaction) {
        self.operations += transaction.operations.len();
    }

    /// Bytes that were read at most.
    pub(in crate::journal) fn read_bytes(&self) -> usize {
        self.read_bytes
    }

    /// Whether no more entries or keys may be read.
    pub(in crate::journal) fn is_spent(&self) -> bool {
        self.read_bytes >= self.bytes_max || !self.deadline.leaves_time_to_respond()
    }

    /// Whether the payments that are shown have as many operations as a part can have.
    pub(super) fn has_all_operations(&self) -> bool {
        self.operations >= OPERATIONS_IN_A_PART
    }

    /// Whether no more orders may be read, because there is no room for the largest ones.
    pub(super) fn is_full(&self) -> bool {
        self.has_all_operations()
            || self.read_bytes + STEP_BYTES > self.bytes_max
            || !self.deadline.leaves_time_to_respond()
    }

    /// How many orders are read next. An order that is larger than all before can take a part
    /// beyond its limit.
    pub(super) fn orders_next(&self) -> usize {
        let room = self.bytes_max.saturating_sub(self.read_bytes) / self.largest_bytes;
        self.batch.min(room).max(1)
    }

    /// Reads orders in one batch. The next one is larger: the rows of this one did not fill the
    /// part.
    pub(super) async fn load(
        &mut self,
        store: &dyn OrderStore,
        keys: &[OrderKey],
    ) -> Result<HashMap<OrderKey, Readable>, StoreError> {
        if keys.is_empty() {
            return Ok(HashMap::new());
        }
        let loaded = store.load_all(keys).await?;
        self.read(loaded.read_bytes);
        self.batch = (self.batch * 2).min(ORDERS_AT_ONCE);
        let largest = loaded.orders.values().map(bytes_of).max();
        self.largest_bytes = self.largest_bytes.max(largest.unwrap_or_default());
        Ok(loaded.orders.into_iter().map(|(key, order)| (key, order.map(Arc::new))).collect())
    }
}

/// Bytes that an order that was read is counted as.
pub(super) fn bytes_of(order: &Result<Order, Unreadable>) -> usize {
    let operations = order.as_ref().map(|order| order.operations().count());
    operations.map_or(ORDER_BYTES, |operations| OPERATION_BYTES * (1 + operations))
}
