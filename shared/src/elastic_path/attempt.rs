//! A shopper's attempt to pay, as far as it counts against those who try out cards.

use lambda_http::Request;
use tollgate_core::payments::{Refusal, Slot};

use crate::{
    api::{Code, caller::Caller, exchange::Handled, failure::Failure},
    ports::Checkout,
};

/// The slots that an attempt has taken.
pub(super) struct TakenSlots(Vec<Slot>);

impl TakenSlots {
    /// Takes a slot of the shopper's address and, if the merchant wants that, one of the merchant's.
    pub(super) async fn begin(
        checkout: &Checkout,
        request: &Request,
        caller: &Caller,
    ) -> Result<Self, Failure> {
        let (id, now, rules) =
            (&caller.merchant.id, checkout.api.access.now(), &caller.merchant.policy.shoppers);
        let of_source =
            (Slot::of_source(id, &checkout.api.access.source(request), now), rules.declines_per_source_hour);
        let of_merchant = rules.declines_per_merchant_minute.map(|limit| (Slot::of_merchant(id, now), limit));
        let mut attempt = Self(Vec::new());
        for (slot, limit) in std::iter::once(of_source).chain(of_merchant) {
            let refused = match checkout.attempts.take(&slot, limit).await {
                Ok(true) => {
                    attempt.0.push(slot);
                    continue;
                }
                Ok(false) => Failure::too_many_declines(),
                Err(error) => Refusal::Store(error).into(),
            };
            attempt.give_back(checkout).await;
            return Err(refused);
        }
        Ok(attempt)
    }

    /// Gives the slots back, unless the payment was declined now or its outcome is not known.
    pub(super) async fn end<B>(self, checkout: &Checkout, handled: &Handled<B>) {
        let counts = match handled {
            Ok(reply) => reply.status == 202,
            Err(failure) => failure.code() == Code::Declined && !failure.replayed,
        };
        if !counts {
            self.give_back(checkout).await;
        }
    }

    async fn give_back(self, checkout: &Checkout) {
        for slot in &self.0 {
            if let Err(error) = checkout.attempts.give_back(slot).await {
                tracing::warn!(%error, "a shopper's slot is not given back; it is forgotten within the hour");
            }
        }
    }
}
