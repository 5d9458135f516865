//! Finding out what became of an operation whose outcome is not known: one inquiry, and what follows from it.

use std::time::Duration;

use jiff::SignedDuration;
use uuid::Uuid;

use super::{Deadline, Payments, Refusal, Saved, attempt, audit};
use crate::{
    gateway::{Payment, Question},
    merchants::Merchant,
    operation::{Kind, Stage},
    order::{self, At, Next, Order, OrderKey, Rejection},
    outcome::Finding,
    transaction::Transaction,
};

/// Longest wait for each answer of an inquiry. It changes nothing, so it can be cut short and made again.
const INQUIRY_LIMIT: Duration = Duration::from_secs(3);

/// How long a transaction is in doubt before reading it asks the gateway: the request itself has ended long since.
const REPAIR_AFTER: SignedDuration = SignedDuration::from_mins(2);

impl Payments {
    /// Asks the gateway now about whatever is in doubt in a transaction, and answers the order after it.
    ///
    /// The gateway's answer is adopted; no answer, or one that decides nothing, leaves the operation pending.
    pub async fn confirm(
        &self,
        merchant: &Merchant,
        key: &OrderKey,
        transaction: Uuid,
        deadline: Deadline,
    ) -> Result<Order, Refusal> {
        let order = self.order(key).await?;
        order.transaction(transaction).ok_or(Rejection::TransactionNotFound)?;
        Ok(self.resolve(merchant, order, transaction, deadline).await)
    }

    /// Asks about a transaction that has been in doubt for so long that its own request cannot be running any more.
    pub async fn repair(
        &self,
        merchant: &Merchant,
        order: Order,
        transaction: Uuid,
        deadline: Deadline,
    ) -> Order {
        let pending = order.transaction(transaction).and_then(Transaction::pending);
        let now = self.clock.now();
        if pending.is_some_and(|operation| now.duration_since(operation.attempt.at) >= REPAIR_AFTER) {
            return self.resolve(merchant, order, transaction, deadline).await;
        }
        order
    }

    pub(super) async fn resolve(
        &self,
        merchant: &Merchant,
        order: Order,
        transaction: Uuid,
        deadline: Deadline,
    ) -> Order {
        match order.to_ask_about(transaction, self.clock.now()) {
            Some(at) if deadline.leaves_time_to_ask() => {
                self.ask_about(merchant, order, at, deadline).await.0
            }
            _ => order,
        }
    }

    /// Asks about one operation, and carries out what follows from the answer. Tells whether there was an answer.
    pub(crate) async fn ask_about(
        &self,
        merchant: &Merchant,
        order: Order,
        at: At,
        deadline: Deadline,
    ) -> (Order, bool) {
        let (saved, answered) = self.ask(merchant, order, at).await;
        let order = match saved.next {
            // Only voids follow, which need no card.
            Next::Send(follow_up) => self.carry_out(merchant, saved.order, follow_up, None, deadline).await,
            Next::Answer => saved.order,
        };
        (order, answered)
    }

    /// Asks once and saves what was learnt.
    pub(super) async fn ask(&self, merchant: &Merchant, order: Order, at: At) -> (Saved, bool) {
        let finding = match question(&order, at) {
            Some(question) => self.gateway.inquire(merchant, question, INQUIRY_LIMIT).await,
            None => Finding::Failed,
        };
        tracing::info!(
            merchant = %order.merchant,
            order = %order.id,
            transaction = %at.transaction,
            operation = %at.operation,
            finding = finding_name(&finding),
            "gateway inquiry"
        );
        if finding == Finding::Failed {
            return (Saved { order, next: Next::Answer }, false);
        }
        let asked = attempt(&order, at);
        let saved = self
            .save_change(order, at, &|order| {
                // Another attempt was begun meanwhile: what was found is not about it.
                if attempt(order, at) != asked {
                    return None;
                }
                self.with_context(merchant, |context| order::resolve(order, at, &finding, context))
            })
            .await;
        audit::change(&saved.order, at, "found by asking");
        (saved, true)
    }
}

/// What is to be asked about an operation; none when it never got as far as to have an answer at the gateway.
pub(super) fn question(order: &Order, at: At) -> Option<Question<'_>> {
    let (transaction, operation) = (order.transaction(at.transaction)?, order.operation(at)?);
    let is_payment = operation.kind.is_payment();
    let payment = (!is_payment).then(|| {
        let known = transaction.operations.iter().filter(|o| o.kind == Kind::Refund && o.is(Stage::Approved));
        Some(Payment {
            retref: operation.retref.as_deref().or(transaction.reference())?,
            gateway_order_id: &transaction.first()?.attempt.gateway_order_id,
            known_refunds: known.filter_map(|o| o.reference()).collect(),
        })
    });
    Some(Question {
        route: &operation.route,
        kind: operation.kind,
        amount: operation.amount,
        gateway_order_id: &operation.attempt.gateway_order_id,
        sent_before: operation.attempt.number > 1,
        payment: match payment {
            Some(payment) => Some(payment?),
            None => None,
        },
    })
}

fn finding_name(finding: &Finding) -> &'static str {
    match finding {
        Finding::Became(outcome) => audit::outcome_name(outcome),
        Finding::Several(_) => "several",
        Finding::Absent => "absent",
        Finding::Undecided => "undecided",
        Finding::Failed => "failed",
    }
}
