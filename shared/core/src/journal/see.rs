//! Settling a concern by having seen it.

use jiff::Timestamp;
use uuid::Uuid;

use super::concern::{Concern, ever, unseen};
use crate::{
    order::{Attribution, FadingConcern, Order, OrderKey, Rejection, SEEN_MAX, Seen},
    payments::{Changed, OrderStore, Refusal, Sender, next_version, save_changed, trail},
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
        order.must_have_version(sender.seen_version)?;
        Ok(Changed::where_it(order.see(transaction, concern, sender.by, clock.now())?))
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
    Ok(next_version(&order))
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
        let facts = found.ok_or(Rejection::NoSuchConcern)?.facts;
        let fading = FadingConcern::from_name(concern.as_str());
        let (concern_seen, facts) = fading.zip(facts).ok_or(Rejection::NeedsAction)?;
        if !unseen(self, of).any(|one| one.concern == concern) {
            return Ok(false);
        }
        if self.transactions.iter().map(|one| one.seen.len()).sum::<usize>() >= SEEN_MAX {
            return Err(Rejection::TooManySeen);
        }
        let by = by.cloned().map(Box::new);
        let seen = Seen { concern: concern_seen, facts, at: now, by, carried: Carried::default() };
        self.transactions
            .iter_mut()
            .filter(|one| one.id == transaction)
            .for_each(|of| of.seen.push(seen.clone()));
        self.updated_at = now;
        Ok(true)
    }
}
