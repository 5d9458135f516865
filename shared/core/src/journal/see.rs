//! Settling a concern by having seen it.

use jiff::Timestamp;
use uuid::Uuid;

use super::concern::{Concern, ever};
use crate::{
    order::{Attribution, Order, OrderKey, Rejection, SEEN_MAX, Seen},
    payments::{Changed, OrderStore, Refusal, Sender, save_changed, trail},
    values::{Carried, Clock},
};

/// A person's statement of having seen a concern of a payment.
#[derive(Clone, Copy, Debug)]
pub struct SeenStatement<'a> {
    pub transaction: Uuid,
    pub concern: Concern,
    pub sender: Sender<'a>,
}

/// Puts on record that a person has seen a concern. Where that is on record, nothing changes.
pub async fn see(
    store: &dyn OrderStore,
    clock: &dyn Clock,
    key: &OrderKey,
    statement: SeenStatement<'_>,
) -> Result<Order, Refusal> {
    let SeenStatement { transaction, concern, sender } = statement;
    let order = store.load(key).await.map_err(Refusal::Store)?.ok_or(Rejection::OrderNotFound)?;
    let see = |order: &mut Order| -> Result<_, Refusal> {
        let changed = order.see(transaction, concern, sender.by, clock.now())?;
        // A repeated request states the version before the first one.
        if changed {
            order.must_have_version(sender.seen_version)?;
        }
        Ok(Changed::where_it(changed))
    };
    let (order, changed) = save_changed(store, order, see).await?;
    if !changed {
        return Ok(order);
    }
    // The order says who and why: a reason may name the customer.
    tracing::info!(
        audit = true,
        request_id = trail::request_id(),
        principal = trail::principal(),
        what = "attention settled",
        code = concern.as_str(),
        key_name = trail::key_name(),
        merchant = %order.merchant,
        order = %order.id,
        transaction = %transaction,
        "changed"
    );
    Ok(order)
}

impl Order {
    /// Puts on record that a person has seen a concern of a payment, which ends it until a later
    /// fact of its kind. False where that is on record.
    pub fn see(
        &mut self,
        transaction: Uuid,
        concern: Concern,
        by: Option<&Attribution>,
        now: Timestamp,
    ) -> Result<bool, Rejection> {
        if !self.is_recognized() {
            return Err(Rejection::NewerVersion);
        }
        let of = self.transaction(transaction).ok_or(Rejection::TransactionNotFound)?;
        let found = ever(self, of).into_iter().find(|one| one.concern == concern && one.holds(now));
        let found = found.ok_or(Rejection::NoSuchConcern)?;
        let (fading, facts) = found.fading().ok_or(Rejection::NeedsAction)?;
        if found.is_seen(of) {
            return Ok(false);
        }
        if self.transactions.iter().map(|one| one.seen.len()).sum::<usize>() >= SEEN_MAX {
            return Err(Rejection::TooManySeen);
        }
        let by = by.cloned().map(Box::new);
        let seen = Seen { concern: fading, facts, at: now, by, carried: Carried::default() };
        if let Some(of) = self.transaction_mut(transaction) {
            of.seen.push(seen);
        }
        self.updated_at = now;
        Ok(true)
    }
}
