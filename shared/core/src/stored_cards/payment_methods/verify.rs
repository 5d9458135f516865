//! The one call that verifies and stores a card, and the inquiries about it.

use std::time::Duration;

use uuid::Uuid;

use super::{MethodRefusal, PaymentMethods};
use crate::{
    order::{Doubt, Finding, GatewayResponse, NoEffect, OrderId, Outcome, STILL_RUNNING},
    payments::{
        Attempted, Card, Command, Deadline, Inquired, Inquiry, Instruction, Labels, Merchant, PaymentSource,
        trail,
    },
    stored_cards::{Applied, Customer, PaymentMethod, ProfileOutcome, settle},
    values::{Amount, Currency},
};

/// How long an inquiry may take.
const INQUIRY_LIMIT: Duration = Duration::from_secs(3);

impl PaymentMethods {
    /// Sends a pending card to be verified by an authorization of zero and stored.
    pub(super) async fn verify(
        &self,
        merchant: &Merchant,
        customer: Customer,
        id: Uuid,
        card: Card,
        deadline: Deadline,
    ) -> Result<Customer, MethodRefusal> {
        let Some(method) = customer.method(id) else { return Ok(customer) };
        let outcome = self.send(merchant, &customer, method, card, deadline).await;
        let mut finding = None;
        let may_be_done = matches!(
            outcome,
            Outcome::Unknown(..) | Outcome::Intermediary(..) | Outcome::Unnamed(_) | Outcome::Approved(_)
        );
        let proves_nothing = may_be_done && outcome.response().stored.is_none();
        if proves_nothing && deadline.leaves_time_to_inquire() {
            finding = Some(self.inquire(merchant, &customer.reference.as_order(), method).await);
        }
        let (now, rule) = (self.clock.now(), &merchant.policy.decline_on);
        let saved = self.change(customer.clone(), |customer| {
            let Some(method) = customer.method_mut(id).filter(|method| method.is_pending()) else {
                return Ok(((), false));
            };
            let changed = match (settle(method, &outcome, rule, now), finding.as_ref()) {
                (Applied::Decided, _) => true,
                (_, None) => false,
                // The finding decides; without a trace, and without a usable response, nothing was
                // done.
                (Applied::Unverified, Some(Finding::Absent | Finding::Failed)) => {
                    let refusal = outcome.without_a_trace();
                    refusal.is_some_and(|refusal| settle(method, &refusal, rule, now) == Applied::Decided)
                }
                (Applied::Unchanged | Applied::Unverified, Some(found)) => {
                    customer.settle_found(id, found, rule, now)
                }
            };
            Ok(((), changed))
        });
        match saved.await {
            Ok((customer, ())) => self.remove(merchant, customer, id, deadline).await,
            // The card stays pending on record, which is true and gets resolved.
            Err(error) => {
                tracing::error!(merchant = %merchant.id, operation = %id, %error, "a stored card's outcome is not saved");
                Ok(customer)
            }
        }
    }

    async fn send(
        &self,
        merchant: &Merchant,
        customer: &Customer,
        method: &PaymentMethod,
        card: Card,
        deadline: Deadline,
    ) -> Outcome {
        let not_sent = |reason| Outcome::NoEffect(reason, GatewayResponse::default());
        let Some(limit) = deadline.gateway_limit() else { return not_sent(NoEffect::NoTimeLeft) };
        let Some(currency) = currency_of(merchant, method) else { return not_sent(NoEffect::Misconfigured) };
        let order = customer.reference.as_order();
        let source = PaymentSource::Card(Box::new(Card { save: true, ..card }));
        let gateway_order_id = method.gateway_order_id();
        let instruction = Instruction {
            route: &method.route,
            currency,
            amount: Amount::ZERO,
            gateway_order_id: &gateway_order_id,
            order: &order,
            ours: Vec::new(),
            labels: Labels::default(),
            command: Command::Authorize(&source),
        };
        let sent = tokio::time::Instant::now();
        let outcome = self.gateway.execute(merchant, instruction, limit).await;
        trail::note(|trail| {
            trail.gateway += sent.elapsed();
            trail.gateway_calls += 1;
            trail.gateway_timeouts += u32::from(matches!(outcome, Outcome::Unknown(Doubt::NoResponse, _)));
        });
        self.note(merchant, &order, method, &outcome).await;
        outcome
    }

    /// Notes what an outcome tells of the card: a customer who stores one agrees to be charged.
    async fn note(&self, merchant: &Merchant, order: &OrderId, method: &PaymentMethod, outcome: &Outcome) {
        let attempted = Attempted {
            merchant,
            route: &method.route,
            order,
            payment: method.id,
            token: None,
            paid_with: None,
            saves: true,
            ignores_scheme_advice: false,
        };
        attempted.note(self.card_notes.as_ref(), outcome, self.clock.now()).await;
    }

    async fn inquire(&self, merchant: &Merchant, order: &OrderId, method: &PaymentMethod) -> Finding {
        let gateway_order_id = method.gateway_order_id();
        let inquiry = Inquiry {
            route: &method.route,
            about: Inquired::Authorize,
            amount: Amount::ZERO,
            gateway_order_id: &gateway_order_id,
            earlier: Vec::new(),
            ours: vec![&gateway_order_id],
            payments: vec![&gateway_order_id],
            currency: currency_of(merchant, method).unwrap_or(Currency::USD),
            known: Vec::new(),
        };
        let finding = self.gateway.inquire(merchant, inquiry, INQUIRY_LIMIT).await;
        if let Finding::Became(outcome) = &finding {
            self.note(merchant, order, method, outcome).await;
        }
        finding
    }

    /// Inquires about a card whose outcome is not known, once its own request cannot be running any
    /// more, and removes the card if it must not stay stored.
    pub(super) async fn resolve(
        &self,
        merchant: &Merchant,
        customer: Customer,
        id: Uuid,
        deadline: Deadline,
    ) -> Result<Customer, MethodRefusal> {
        let is_due = |method: &&PaymentMethod| {
            method.is_pending() && self.clock.now().duration_since(method.created_at) >= STILL_RUNNING
        };
        let Some(method) = customer.method(id).filter(is_due) else {
            return self.remove(merchant, customer, id, deadline).await;
        };
        if !deadline.leaves_time_to_inquire() {
            return Ok(customer);
        }
        let finding = self.inquire(merchant, &customer.reference.as_order(), method).await;
        let customer = self.save_finding(merchant, customer, id, &finding).await?;
        self.remove(merchant, customer, id, deadline).await
    }

    /// Removes a card that must not stay stored. The removal is on record by then, so after any
    /// failure here it is done again by the next request about the customer's cards.
    pub(super) async fn remove(
        &self,
        merchant: &Merchant,
        customer: Customer,
        id: Uuid,
        deadline: Deadline,
    ) -> Result<Customer, MethodRefusal> {
        let Some(method) = customer.method(id).filter(|method| method.must_not_stay()) else {
            return Ok(customer);
        };
        // The gateway gives equal cards one profile.
        let stored = method.card.stored.clone().filter(|stored| !customer.has_stored(stored));
        if let Some(stored) = stored {
            let Some(limit) = deadline.gateway_limit() else { return Ok(customer) };
            let outcome = self.profiles.delete(merchant, &method.route, &stored, limit).await;
            if !matches!(outcome, ProfileOutcome::Done | ProfileOutcome::Missing) {
                tracing::warn!(merchant = %merchant.id, operation = %id, ?outcome, "a refused card is not removed yet");
                return Ok(customer);
            }
        }
        let now = self.clock.now();
        let changed = self.change(customer.clone(), |customer| {
            let is_due = customer.method(id).is_some_and(PaymentMethod::must_not_stay);
            if is_due {
                customer.finish_deleting(id, now);
            }
            Ok(((), is_due))
        });
        match changed.await {
            Ok((customer, ())) => Ok(customer),
            Err(error) => {
                tracing::error!(merchant = %merchant.id, operation = %id, %error, "the removal of a card is not saved");
                Ok(customer)
            }
        }
    }

    /// Looks for a card that counts as not stored, before an equal one is sent.
    pub(super) async fn look_again(
        &self,
        merchant: &Merchant,
        customer: Customer,
        id: Uuid,
        deadline: Deadline,
    ) -> Result<(), MethodRefusal> {
        let Some(method) = customer.method(id) else { return Ok(()) };
        if !deadline.leaves_time_to_inquire() {
            return Err(MethodRefusal::NoEffect(NoEffect::NoTimeLeft));
        }
        let finding = self.inquire(merchant, &customer.reference.as_order(), method).await;
        if matches!(finding, Finding::Failed | Finding::Undecided | Finding::UnderReview) {
            return Err(MethodRefusal::Unverified);
        }
        self.save_finding(merchant, customer, id, &finding).await.map(drop)
    }

    async fn save_finding(
        &self,
        merchant: &Merchant,
        customer: Customer,
        id: Uuid,
        finding: &Finding,
    ) -> Result<Customer, MethodRefusal> {
        let (now, rule) = (self.clock.now(), &merchant.policy.decline_on);
        let (customer, ()) =
            self.change(customer, |customer| Ok(((), customer.settle_found(id, finding, rule, now)))).await?;
        Ok(customer)
    }
}

/// The currency of the account that the card is stored through.
fn currency_of(merchant: &Merchant, method: &PaymentMethod) -> Option<Currency> {
    let accounts = &merchant.gateway.accounts;
    accounts.iter().find(|(_, account)| **account == method.route.account).map(|(currency, _)| *currency)
}
