//! Finding out the outcome of an operation when it is not known: one inquiry, and the operations
//! that follow.

use std::{borrow::Cow, time::Duration};

use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

use super::{Deadline, Payments, Refusal, Saved, Sending, attempt, audit, outcome::known_payment};
use crate::{
    order::{
        self, Doubt, Finding, GatewayResponse, Kind, NextStep, NoticeReason, Operation, OperationRef, Order,
        OrderKey, Outcome, Policy, Rejection, Transaction, gateway_order_id,
    },
    payments::{Inquired, Inquiry, Merchant},
};

/// Longest wait for each response of an inquiry. It changes nothing, so it can be cut short and
/// made again.
const INQUIRY_LIMIT: Duration = Duration::from_secs(3);

/// How long a transaction is in doubt before reading it sends an inquiry: the request itself has
/// ended long since.
const REPAIR_AFTER: SignedDuration = SignedDuration::from_mins(2);

impl Payments {
    /// Sends an inquiry now about the operation in doubt of a transaction, and returns the order
    /// after it.
    ///
    /// The gateway's word is adopted; no response, or one that decides nothing, leaves the
    /// operation pending.
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

    /// Sends an inquiry about a transaction that has been in doubt for so long that its own request
    /// cannot be running any more.
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
        match order.to_inquire_about(transaction, self.clock.now()) {
            Some(at) if deadline.leaves_time_to_inquire() => {
                self.inquire_about(merchant, order, at, deadline).await.0
            }
            _ => order,
        }
    }

    /// Sends an inquiry about one operation, and carries out the operations that follow. Returns
    /// the finding, too.
    pub(crate) async fn inquire_about(
        &self,
        merchant: &Merchant,
        order: Order,
        at: OperationRef,
        deadline: Deadline,
    ) -> (Order, Finding) {
        let (saved, finding) = self.inquire_once(merchant, order, at).await;
        (self.carry_on(merchant, saved, deadline).await, finding)
    }

    /// Carries out the operations that follow from a change: only voids and refunds, which need no
    /// card.
    pub(super) async fn carry_on(&self, merchant: &Merchant, saved: Saved, deadline: Deadline) -> Order {
        match saved.next {
            NextStep::Send(void) => {
                let sending = Sending { source: None, deadline, tells_shop: false };
                self.carry_out(merchant, saved.order, void, sending).await.order
            }
            NextStep::Respond => saved.order,
        }
    }

    /// Puts off the inquiry about an operation to which there was no usable response, so that it
    /// does not come first again, and notifies the merchant if there is a reason.
    pub(crate) async fn put_off(
        &self,
        order: Order,
        at: OperationRef,
        reason: Option<NoticeReason>,
    ) -> Order {
        let change = |order: &mut Order| {
            let now = self.clock.now();
            let is_there = order.put_off(at, now);
            let in_doubt = order.operation(at).is_some_and(|operation| operation.pending().is_some());
            if let Some(reason) = reason.filter(|_| in_doubt) {
                order.notify(at, reason, now);
            }
            is_there.then_some(NextStep::Respond)
        };
        self.save_change(order, at, &change).await.order
    }

    /// Puts on record that the merchant is notified of an operation in doubt: the stream tells it.
    pub(crate) async fn notify(&self, order: Order, at: OperationRef, reason: NoticeReason) -> Order {
        let change = |order: &mut Order| {
            // Meanwhile it was decided, or begun anew.
            order.operation(at)?.pending()?;
            order.notify(at, reason, self.clock.now()).then_some(NextStep::Respond)
        };
        self.save_change(order, at, &change).await.order
    }

    /// The outcome of a call whose response proves nothing: an intermediary may have sent it after
    /// the gateway acted, or it names no operation. One inquiry is sent where it can make a refusal
    /// final.
    ///
    /// Without a trace a payment's refusal counts, and may still surface. A refund's does not: a
    /// refund that is paid twice cannot be voided, so its absence counts only later. Neither does
    /// an approval that may be another operation's.
    pub(super) async fn verified(
        &self,
        merchant: &Merchant,
        order: &Order,
        at: OperationRef,
        outcome: Outcome,
        deadline: Deadline,
    ) -> Outcome {
        let by_intermediary = matches!(outcome, Outcome::Intermediary(..));
        if !by_intermediary && !matches!(outcome, Outcome::Unnamed(_)) {
            return outcome;
        }
        let doubt = if by_intermediary { Doubt::Unreadable } else { Doubt::Incomplete };
        let unknown = || Outcome::Unknown(doubt, GatewayResponse::default());
        let counts = |operation: &Operation| {
            operation.kind.is_payment() || (by_intermediary && operation.kind != Kind::Refund)
        };
        let refusal = outcome.without_a_trace().filter(|_| order.operation(at).is_some_and(counts));
        let Some(refusal) = refusal.filter(|_| deadline.leaves_time_to_inquire()) else { return unknown() };
        match self.find(merchant, order, at).await {
            Finding::Became(outcome) => *outcome,
            Finding::Absent => refusal,
            Finding::Failed if by_intermediary => refusal,
            Finding::Failed
            | Finding::Several(_)
            | Finding::Duplicate(_)
            | Finding::TimedOut(_)
            | Finding::TryAgain(_)
            | Finding::Undecided
            | Finding::UnderReview => unknown(),
        }
    }

    /// Looks for abandoned operations of an order, before more money moves. Returns the order after
    /// it.
    pub(super) async fn look_back(
        &self,
        merchant: &Merchant,
        mut order: Order,
        suspects: Vec<OperationRef>,
        deadline: Deadline,
    ) -> Result<Order, Refusal> {
        for at in suspects {
            if !deadline.leaves_time_to_inquire() {
                return Err(Refusal::Unverified);
            }
            let finding = self.find(merchant, &order, at).await;
            match finding {
                // The proof is saved with the next change, and found again if there is none.
                Finding::Absent | Finding::Duplicate(_) | Finding::TimedOut(_) | Finding::TryAgain(_) => {
                    order.prove_refusals(at);
                }
                // A person has looked and decided the outcome that the records leave open.
                Finding::Undecided | Finding::UnderReview if is_by_hand(&order, at) => {}
                Finding::Failed | Finding::Undecided | Finding::UnderReview => {
                    return Err(Refusal::Unverified);
                }
                Finding::Became(_) | Finding::Several(_) => {
                    let saved = self
                        .save_change(order, at, &|order| {
                            self.with_context(merchant, |context| {
                                order::look_back(order, at, &finding, context)
                            })
                        })
                        .await;
                    // The finding is not on record: nothing may be sent beside it.
                    if saved.is_lost {
                        return Err(Refusal::Unverified);
                    }
                    audit::change(&saved.order, at, "found by looking back");
                    order = Box::pin(self.carry_on(merchant, saved, deadline)).await;
                }
            }
        }
        Ok(order)
    }

    /// Sends the inquiry about an operation.
    async fn find(&self, merchant: &Merchant, order: &Order, at: OperationRef) -> Finding {
        let Some(inquiry) = inquiry(order, at, &merchant.policy, self.clock.now()) else {
            return Finding::Failed;
        };
        let finding = self.gateway.inquire(merchant, inquiry, INQUIRY_LIMIT).await;
        self.note_found(merchant, order, at, &finding).await;
        finding
    }

    /// Sends one inquiry and saves the finding.
    pub(super) async fn inquire_once(
        &self,
        merchant: &Merchant,
        order: Order,
        at: OperationRef,
    ) -> (Saved, Finding) {
        let mut finding = self.find(merchant, &order, at).await;
        let may_refund = order.operation(at).is_some_and(|operation| operation.may_lead_to_refund(&finding));
        if may_refund && !self.knows_disputes(merchant, &order).await {
            finding = Finding::Undecided;
        }
        tracing::info!(
            merchant = %order.merchant,
            order = %order.id,
            transaction = %at.transaction,
            operation = %at.operation,
            finding = finding_name(&finding),
            "gateway inquiry"
        );
        if finding == Finding::Failed {
            return (Saved::new(order, NextStep::Respond), finding);
        }
        let inquired = attempt(&order, at);
        let saved = self
            .save_change(order, at, &|order| {
                // Another attempt was begun meanwhile: the finding is about the earlier one.
                if attempt(order, at) != inquired {
                    return None;
                }
                self.with_context(merchant, |context| order::resolve(order, at, &finding, context))
            })
            .await;
        audit::change(&saved.order, at, "found by inquiry");
        (saved, finding)
    }
}

/// The inquiry about an operation; none when the operation never got as far as to have a record at
/// the gateway.
pub(super) fn inquiry<'a>(
    order: &'a Order,
    at: OperationRef,
    policy: &Policy,
    now: Timestamp,
) -> Option<Inquiry<'a>> {
    let (transaction, operation) = (order.transaction(at.transaction)?, order.operation(at)?);
    let payment = || known_payment(transaction, operation, policy);
    let about = match operation.kind {
        Kind::Authorize => Inquired::Authorize,
        Kind::Purchase => Inquired::Purchase,
        Kind::Capture => Inquired::Capture(payment()?),
        Kind::Refund => Inquired::Refund(payment()?),
        Kind::Void => Inquired::Void(payment()?),
        Kind::Unrecognized => return None,
    };
    // Refunds have references of their own; a payment beside the transaction's own is named by its
    // void.
    let refunds = transaction.operations.iter().filter(|o| o.kind == Kind::Refund && o.id != operation.id);
    let refunds = refunds.filter_map(|refund| refund.reference());
    let beside = transaction.operations.iter().filter_map(|o| o.reference.as_deref());
    // The record of a partial capture does not tell which part is the fee. Such a payment is a
    // known one, beside which others count.
    let own = operation.fee().filter(|_| operation.kind.is_payment()).and_then(|_| operation.reference());
    // The refund of a payment beside it is not the payment either.
    let payment = transaction.reference().filter(|_| operation.kind == Kind::Refund);
    let abandoned = operation.abandoned().filter(|attempt| attempt.id != operation.attempt.id);
    let abandoned = abandoned.map(|attempt| Cow::Borrowed(attempt.gateway_order_id.as_str()));
    let again = operation.due_to_look_again(now).iter().map(|attempt| Cow::Owned(gateway_order_id(*attempt)));
    Some(Inquiry {
        route: &operation.route,
        about,
        amount: operation.amount,
        gateway_order_id: &operation.attempt.gateway_order_id,
        earlier: abandoned.chain(again).collect(),
        ours: if operation.reference.is_none() { transaction.gateway_order_ids() } else { Vec::new() },
        payments: transaction.first()?.gateway_order_ids().collect(),
        currency: order.currency,
        known: refunds.chain(beside).chain(own).chain(payment).collect(),
    })
}

fn is_by_hand(order: &Order, at: OperationRef) -> bool {
    order.operation(at).is_some_and(|operation| !operation.by_hand.is_empty())
}

fn finding_name(finding: &Finding) -> &'static str {
    match finding {
        Finding::Became(outcome) => audit::outcome_name(outcome),
        Finding::Several(_) => "several",
        Finding::Absent => "absent",
        Finding::Duplicate(_) => "duplicate",
        Finding::TimedOut(_) => "timed_out",
        Finding::TryAgain(_) => "try_again",
        Finding::Undecided => "undecided",
        Finding::UnderReview => "under_review",
        Finding::Failed => "failed",
    }
}
