//! A payment or a verification as an attempt of a person who tries out cards: the one place where
//! it is counted, for both APIs and for stored cards.

use std::mem;

use futures_util::future::join_all;
use lambda_http::Request;
use tollgate_core::{
    order::OperationStatus,
    payments::{
        Attempts, Counts, Effect, IN_FLIGHT, Limits, Merchant, NETWORK_DECLINES, NETWORK_IN_FLIGHT,
        Performed, Refusal, Slot, trail,
    },
    stored_cards::{MethodChanged, MethodState, OnceGone},
};

use tollgate_wire::LimitOf;

use super::{caller::Caller, failure::Failure};
use crate::{
    access::Access,
    source::{Source, card_digest, customer_digest},
};

/// A counter of an attempt.
struct Counter {
    key: String,
    limits: Limits,
    whose: LimitOf,
}

/// A payment or a verification, and the counters that it counts against.
pub(crate) struct Attempt<'a> {
    attempts: &'a dyn Attempts,
    access: &'a Access,
    merchant: &'a Merchant,
    counters: Vec<Counter>,
    slot: Slot,
    begun: Vec<(String, Counts)>,
    source_is_known: bool,
}

impl<'a> Attempt<'a> {
    /// An attempt that is not counted yet. It counts against the shopper's source, where it is
    /// known: a browser's own, or the one that the merchant's server states. Otherwise it counts
    /// against the customer that the merchant names, and the order has a limit of its own.
    pub(crate) fn of(
        attempts: &'a dyn Attempts,
        access: &'a Access,
        request: &Request,
        caller: &'a Caller,
        customer: Option<&str>,
    ) -> Result<Self, Failure> {
        let merchant = caller.merchant.as_ref();
        let source = caller.shopper_source(access, request)?;
        let counters = counters(merchant, source, customer);
        let (slot, source_is_known) = (Slot::at(access.now()), source.is_some());
        Ok(Self { attempts, access, merchant, counters, slot, begun: Vec::new(), source_is_known })
    }

    /// Counts the attempt, once, before anything is sent.
    pub(crate) async fn begin(&mut self) -> Result<(), Failure> {
        let counters = mem::take(&mut self.counters);
        let (now, mut refused) = (self.access.now(), None);
        let taken = counters.iter().map(|counter| self.attempts.begin(&counter.key, self.slot));
        for (counter, counts) in counters.iter().zip(join_all(taken).await) {
            match counts {
                Ok(counts) => {
                    if let Err(full) = counts.check(counter.limits, now) {
                        refused.get_or_insert(Failure::full(full, counter.limits, counter.whose));
                    }
                    self.begun.push((counter.key.clone(), counts));
                }
                Err(error) => refused = Some(Refusal::Store(error).into()),
            }
        }
        let Some(failure) = refused else { return Ok(()) };
        self.write(&Effect::Nothing).await;
        self.begun.clear();
        Err(failure)
    }

    /// Whether the attempt counts against a source. If not, the order's own limit holds, too.
    pub(crate) fn source_is_known(&self) -> bool {
        self.source_is_known
    }

    /// Reports the outcome of a payment.
    pub(crate) async fn end_payment<E>(self, performed: &Result<Performed, E>) {
        let effect = performed.as_ref().map_or(Some(Effect::Nothing), |performed| self.payment(performed));
        self.end(effect).await;
    }

    /// Reports the outcome of a verification.
    pub(crate) async fn end_verification<E>(self, changed: &Result<MethodChanged, E>) {
        let effect = changed.as_ref().map_or(Some(Effect::Nothing), |changed| self.verification(changed));
        if let Ok(changed) = changed {
            note(changed);
        }
        self.end(effect).await;
    }

    /// None while the outcome is not known. A decline that an inquiry finds later is not counted,
    /// because nothing then knows the source; nor is an approval, so a lost response blocks
    /// no address.
    fn payment(&self, performed: &Performed) -> Option<Effect> {
        let Ok((transaction, operation)) = performed.operation() else { return Some(Effect::Nothing) };
        if performed.replayed {
            return Some(Effect::Nothing);
        }
        match transaction.operation_status(operation) {
            OperationStatus::Pending => None,
            OperationStatus::Done => {
                let card = transaction.card().and_then(|card| card_digest(card, self.merchant));
                Some(Effect::Approved(card))
            }
            // The bank approved it. It allows no further decline, because nothing was charged.
            OperationStatus::Declined(decline) if decline.code.is_about_the_order() => {
                Some(Effect::Approved(None))
            }
            OperationStatus::Declined(_) => Some(Effect::Declined),
            OperationStatus::NoEffect(_) => Some(Effect::Nothing),
        }
    }

    fn verification(&self, changed: &MethodChanged) -> Option<Effect> {
        let Some(method) = changed.method().filter(|_| !changed.replayed) else {
            return Some(Effect::Nothing);
        };
        match method.state {
            MethodState::Pending { .. } | MethodState::Unrecognized => None,
            MethodState::Stored | MethodState::Deleting(OnceGone::Deleted) | MethodState::Deleted => {
                Some(Effect::Approved(card_digest(&method.card, self.merchant)))
            }
            MethodState::Declined(_) | MethodState::Deleting(OnceGone::Declined(_)) => Some(Effect::Declined),
            MethodState::NotStored(_) | MethodState::Deleting(OnceGone::NotStored(_)) => {
                Some(Effect::Nothing)
            }
        }
    }

    async fn end(self, effect: Option<Effect>) {
        // Where the outcome is not known, the slot ends on its own.
        let Some(effect) = effect else { return };
        let declines = &self.access.abuse.declines;
        match effect {
            Effect::Nothing => {}
            Effect::Approved(_) => declines.approved(&self.merchant.id, self.access.now()),
            Effect::Declined => {
                let excess = declines.declined(&self.merchant.id, self.access.now());
                trail::note(|trail| trail.excess_declines = excess);
            }
        }
        self.write(&effect).await;
    }

    async fn write(&self, effect: &Effect) {
        let now = self.access.now();
        let written = self.begun.iter().map(|(key, counts)| async move {
            let Some(ended) = counts.ended(self.slot, effect.clone(), now) else { return };
            if let Err(error) = self.attempts.end(key, &ended).await {
                tracing::warn!(%error, "what came of an attempt is not counted; its place ends on its own");
            }
        });
        join_all(written).await;
    }
}

/// The counters of an attempt: at most two.
fn counters(merchant: &Merchant, source: Option<Source>, customer: Option<&str>) -> Vec<Counter> {
    let own = Limits { in_flight: IN_FLIGHT, declined: merchant.policy.shoppers.declines_per_source_hour };
    let counter =
        |digest: String, limits, whose| Counter { key: format!("{}#{digest}", merchant.id), limits, whose };
    match (source, customer) {
        (Some(source), _) => {
            let of_network = Limits { in_flight: NETWORK_IN_FLIGHT, declined: NETWORK_DECLINES };
            let network = source
                .network()
                .map(|network| counter(network.digest(merchant), of_network, LimitOf::Network));
            std::iter::once(counter(source.digest(merchant), own, LimitOf::Address)).chain(network).collect()
        }
        (None, Some(customer)) => vec![counter(customer_digest(customer, merchant), own, LimitOf::Customer)],
        (None, None) => Vec::new(),
    }
}

/// Notes a verification as a request's operation is noted, for its line and its metric.
fn note(changed: &MethodChanged) {
    let outcome = changed.method().map(|method| match method.state {
        MethodState::Pending { .. } | MethodState::Unrecognized => "pending",
        MethodState::Stored | MethodState::Deleting(OnceGone::Deleted) | MethodState::Deleted => "approved",
        MethodState::Declined(_) | MethodState::Deleting(OnceGone::Declined(_)) => "declined",
        MethodState::NotStored(_) | MethodState::Deleting(OnceGone::NotStored(_)) => "not_done",
    });
    trail::note(|trail| {
        trail.kind = Some("verify");
        (trail.outcome, trail.replayed) = (outcome, changed.replayed);
    });
}
