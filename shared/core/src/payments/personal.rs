//! Forgets who paid, when a merchant's limit for names and e-mail addresses is reached.

use super::{DECISIONS_MAX, Payments, audit, next_version};
use crate::{order::Order, payments::store::StoreError};

impl Payments {
    /// Forgets who paid, if it is time. Tells whether it was done. What cannot be saved now stays in the index, so that the
    /// next run tries again.
    pub(crate) async fn forget_who_paid(&self, mut order: Order) -> (Order, bool) {
        for _ in 0..DECISIONS_MAX {
            let mut changed = order.clone();
            if !changed.forget_who_paid(self.clock.now()) {
                return (order, false);
            }
            match self.store.save(&changed).await {
                Ok(()) => {
                    audit::forgotten(&changed);
                    return (next_version(&changed), true);
                }
                Err(StoreError::Conflict(other)) => order = *other,
                Err(error) => {
                    tracing::error!(merchant = %order.merchant, order = %order.id, %error, "who paid is not forgotten yet");
                    return (order, false);
                }
            }
        }
        (order, false)
    }
}
