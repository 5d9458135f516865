//! The one call that verifies and stores a card, and the inquiries about it.

use std::time::Duration;

use uuid::Uuid;

use super::{MethodRefusal, PaymentMethods};
use crate::{
    gateway::{Card, Command, Instruction, PaymentSource, Question},
    merchants::Merchant,
    money::{Amount, Currency},
    operation::Kind,
    order::STILL_RUNNING,
    outcome::{Doubt, Finding, GatewayResponse, NoEffect, Outcome},
    payment_method::{Customer, MethodState, PaymentMethod, Settled, settle, settle_found},
    payments::Deadline,
    trail,
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
        if matches!(outcome, Outcome::Unknown(..) | Outcome::Refused(..) | Outcome::Approved(_))
            && outcome.response().stored.is_none()
            && deadline.leaves_time_to_ask()
        {
            finding = Some(self.inquire(merchant, method).await);
        }
        let now = self.clock.now();
        let saved = self.change(customer.clone(), |customer| {
            let Some(method) = customer.method_mut(id) else { return Ok(((), false)) };
            if !matches!(method.state, MethodState::Pending { .. }) {
                return Ok(((), false));
            }
            let changed = match settle(method, &outcome, now) {
                Settled::Decided => true,
                Settled::Unchanged => finding.as_ref().is_some_and(|found| settle_found(method, found, now)),
                Settled::Unverified(reason) => unverified(method, reason, finding.as_ref(), now),
            };
            Ok(((), changed))
        });
        match saved.await {
            Ok((customer, ())) => Ok(customer),
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
            memo: None,
            command: Command::Authorize(&source),
        };
        let sent = tokio::time::Instant::now();
        let outcome = self.gateway.execute(merchant, instruction, limit).await;
        trail::note(|trail| {
            trail.gateway += sent.elapsed();
            trail.gateway_calls += 1;
            trail.gateway_timeouts += u32::from(matches!(outcome, Outcome::Unknown(Doubt::NoAnswer, _)));
        });
        outcome
    }

    async fn inquire(&self, merchant: &Merchant, method: &PaymentMethod) -> Finding {
        let gateway_order_id = method.gateway_order_id();
        let question = Question {
            route: &method.route,
            kind: Kind::Authorize,
            amount: Amount::ZERO,
            gateway_order_id: &gateway_order_id,
            shared: false,
            earlier: Vec::new(),
            known: Vec::new(),
            payment: None,
        };
        self.gateway.inquire(merchant, question, INQUIRY_LIMIT).await
    }

    /// Inquires about a card whose outcome is not known, once its own request cannot be running any more.
    pub(super) async fn resolve(
        &self,
        merchant: &Merchant,
        customer: Customer,
        id: Uuid,
        deadline: Deadline,
    ) -> Result<Customer, MethodRefusal> {
        let is_due = |method: &&PaymentMethod| {
            matches!(method.state, MethodState::Pending { .. })
                && self.clock.now().duration_since(method.created_at) >= STILL_RUNNING
        };
        let Some(method) = customer.method(id).filter(is_due) else { return Ok(customer) };
        if !deadline.leaves_time_to_ask() {
            return Ok(customer);
        }
        let finding = self.inquire(merchant, method).await;
        self.save_finding(customer, id, &finding).await
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
        if !deadline.leaves_time_to_ask() {
            return Err(MethodRefusal::NoEffect(NoEffect::NoTimeLeft));
        }
        let finding = self.inquire(merchant, method).await;
        if matches!(finding, Finding::Failed | Finding::Undecided | Finding::UnderReview) {
            return Err(MethodRefusal::Unverified);
        }
        self.save_finding(customer, id, &finding).await.map(drop)
    }

    async fn save_finding(
        &self,
        customer: Customer,
        id: Uuid,
        finding: &Finding,
    ) -> Result<Customer, MethodRefusal> {
        let now = self.clock.now();
        let (customer, ()) = self
            .change(customer, |customer| {
                let method = customer.method_mut(id);
                Ok(((), method.is_some_and(|method| settle_found(method, finding, now))))
            })
            .await?;
        Ok(customer)
    }
}

/// A status that an intermediary can send. What the inquiry found decides; without a trace, and without a usable
/// response, nothing was done.
fn unverified(
    method: &mut PaymentMethod,
    reason: NoEffect,
    finding: Option<&Finding>,
    now: jiff::Timestamp,
) -> bool {
    match finding {
        Some(Finding::Absent | Finding::Failed) => {
            settle(method, &Outcome::NoEffect(reason, GatewayResponse::default()), now);
            true
        }
        Some(found) => settle_found(method, found, now),
        None => false,
    }
}

/// The currency of the account that the card is stored through.
fn currency_of(merchant: &Merchant, method: &PaymentMethod) -> Option<Currency> {
    let accounts = &merchant.gateway.accounts;
    accounts.iter().find(|(_, account)| **account == method.route.account).map(|(currency, _)| *currency)
}
