//! An operation that stays in doubt is decided by a person: one more inquiry is sent, and only if
//! the gateway does not state the outcome is the decision left to the person.

use std::time::Duration;

use uuid::Uuid;

use super::{DECISIONS_MAX, Payments, Refusal, audit, doubt::inquiry, next_version};
use crate::{
    order::{
        self, ByHand, DecidedBy, Finding, HandRejection, HandVerdict, Kind, Operation, OperationRef, Order,
        OrderKey, Person, Reason, Rejection, Stage, Transaction,
    },
    payments::{GatewayRecord, Merchant, RecordLookUp, StoreError},
    values::{Amount, Currency},
};

/// Longest wait for each response. A person waits for it, and no function's time is running out.
const INQUIRY_LIMIT: Duration = Duration::from_secs(20);

/// A person's decision about the operation in doubt of a transaction.
#[derive(Clone, Debug)]
pub struct HandDecision {
    /// The outcome, as the person states it.
    pub verdict: HandVerdict,
    /// The name of the person who decides.
    pub by: DecidedBy,
    /// The person whom Tollgate has verified, if any.
    pub person: Option<Person>,
    /// Why the person decides so; kept with the operation.
    pub reason: Reason,
    /// The gateway's reference of the operation, where there is one.
    pub reference: Option<String>,
}

impl HandDecision {
    /// Whether a decision on record is this one.
    fn is_on_record(&self, decided: &ByHand) -> bool {
        let made = ByHand::new(self.verdict, &self.by, &self.reason, decided.at);
        made.verified(self.person.as_ref()) == *decided
    }
}

/// Why nothing was decided by hand. Nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum NotByHand {
    /// The order cannot be had, or written.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// A rule forbids it.
    #[error(transparent)]
    Rule(#[from] HandRejection),
    /// The gateway states the outcome itself; that counts, and is adopted at the next inquiry.
    #[error("the gateway has a word of its own: {0}")]
    GatewayKnows(&'static str),
    /// The gateway shows no trace of the operation. Seen twice, that is its word.
    #[error("the gateway shows no trace of it, which counts when it is seen twice, a minute apart")]
    NoTrace,
    /// The gateway's record under the stated reference is not that of the operation: a slip of the
    /// pen would have another payment refunded later.
    #[error("{0}: {1}")]
    OtherRecord(String, Misfit),
    /// The gateway did not respond, so it is not known whether it has a word of its own.
    #[error("the gateway did not respond")]
    NoResponse,
    /// Another process acted on the operation in between.
    #[error("the operation was changed in the meantime")]
    Changed,
}

/// Why a record at the gateway is not that of an operation.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Misfit {
    #[error("the gateway has nothing under it at MID {0}")]
    Nothing(String),
    /// The gateway's word for a record that moved no money.
    #[error("the gateway shows it as {0}, which was not done")]
    Undone(String),
    #[error("it was sent as {found}, and this operation as {own}")]
    SentAs { found: String, own: String },
    /// Amounts as decimals.
    #[error("its amount is {found}, and {requested} was requested")]
    Amount { found: String, requested: String },
}

/// An order before and after a decision.
#[derive(Debug)]
pub struct Weighed {
    /// The order as it is.
    pub before: Order,
    /// The order as it would be.
    pub after: Order,
    /// The operation in both.
    pub at: OperationRef,
}

impl Payments {
    /// The order as a person's decision would leave it. Sends an inquiry, and changes nothing at
    /// the gateway or here.
    pub async fn weigh_by_hand(
        &self,
        merchant: &Merchant,
        key: &OrderKey,
        transaction: Uuid,
        verdict: &HandDecision,
    ) -> Result<Weighed, NotByHand> {
        let before = self.order(key).await?;
        let found =
            before.transaction(transaction).ok_or(Refusal::Rejected(Rejection::TransactionNotFound))?;
        let decided = found.to_decide_by_hand().ok_or(HandRejection::NothingInDoubt)?;
        let at = OperationRef { transaction, operation: decided.id };
        let mut after = before.clone();
        self.apply_by_hand(merchant, &mut after, at, verdict)?;
        if let Some(inquiry) = inquiry(&before, at, &merchant.policy, self.clock.now()) {
            let finding = self.gateway.inquire(merchant, inquiry, INQUIRY_LIMIT).await;
            left_open(&finding, decided)?;
        }
        if let Some(reference) = &verdict.reference {
            let route = &decided.route;
            let record = match self.gateway.look_up(merchant, route, reference, INQUIRY_LIMIT).await {
                RecordLookUp::Found(record) => fits(&record, decided, found, before.currency),
                RecordLookUp::Nothing => Err(Misfit::Nothing(route.account.clone())),
                RecordLookUp::NoResponse => return Err(NotByHand::NoResponse),
            };
            record.map_err(|misfit| NotByHand::OtherRecord(reference.clone(), misfit))?;
        }
        Ok(Weighed { before, after, at })
    }

    /// Puts a person's decision on record, if the gateway still has no word of its own. The same
    /// decision once more changes nothing.
    ///
    /// A void that follows from the decision by the merchant's rules is on record with it, and
    /// carried out by `reconcile`.
    pub async fn decide_by_hand(
        &self,
        merchant: &Merchant,
        key: &OrderKey,
        transaction: Uuid,
        verdict: &HandDecision,
    ) -> Result<Order, NotByHand> {
        let weighed = self.weigh_by_hand(merchant, key, transaction, verdict).await;
        if let Err(NotByHand::Rule(HandRejection::NothingInDoubt)) = &weighed {
            let order = self.order(key).await?;
            let decided = order
                .transaction(transaction)
                .and_then(|one| one.operations.iter().rev().find_map(|one| one.by_hand.last()));
            if decided.is_some_and(|decided| verdict.is_on_record(decided)) {
                return Ok(order);
            }
        }
        let Weighed { before, mut after, at } = weighed?;
        for _ in 0..DECISIONS_MAX {
            let stored = match self.store.save(&after).await {
                Ok(()) => {
                    log(&after, at, verdict);
                    return Ok(next_version(&after));
                }
                Err(StoreError::Conflict(stored)) => *stored,
                Err(StoreError::Unavailable(error)) => {
                    // The write may have been done all the same: look once.
                    let stored = self.store.load(key).await.map_err(Refusal::Store)?;
                    stored
                        .filter(|stored| stored.operation(at) == after.operation(at))
                        .ok_or(NotByHand::Refused(Refusal::Store(StoreError::Unavailable(error))))?
                }
                Err(error) => return Err(Refusal::Store(error).into()),
            };
            if stored.operation(at) == after.operation(at) {
                log(&after, at, verdict);
                return Ok(stored);
            }
            // Something else of the order may have changed; the operation that the decision is
            // about may not.
            if stored.operation(at) != before.operation(at) {
                return Err(NotByHand::Changed);
            }
            after = stored;
            self.apply_by_hand(merchant, &mut after, at, verdict)?;
        }
        Err(Refusal::Contended.into())
    }

    fn apply_by_hand(
        &self,
        merchant: &Merchant,
        order: &mut Order,
        at: OperationRef,
        verdict: &HandDecision,
    ) -> Result<(), HandRejection> {
        let HandDecision { verdict, by, person, reason, reference } = verdict;
        self.with_context(merchant, |context| {
            let decision = ByHand::new(*verdict, by, reason, context.now).verified(person.as_ref());
            order::decide_by_hand(order, at, &decision, reference.as_deref(), context)
        })?;
        Ok(())
    }
}

/// Whether the gateway leaves the outcome of an operation open.
fn left_open(finding: &Finding, operation: &Operation) -> Result<(), NotByHand> {
    let waits = operation.is(Stage::WaitsForDispute);
    match finding {
        // No attempt is under way: only an approval speaks against a decision.
        Finding::Became(outcome) if waits && !outcome.is_approval() => Ok(()),
        Finding::Absent | Finding::Duplicate(_) | Finding::TryAgain(_) if waits => Ok(()),
        // A refund that was done twice cannot be made one.
        Finding::Several(_) if operation.kind == Kind::Refund && !waits => Ok(()),
        Finding::Undecided | Finding::UnderReview | Finding::TimedOut(_) => Ok(()),
        Finding::Became(outcome) => Err(NotByHand::GatewayKnows(audit::outcome_name(outcome))),
        Finding::Several(_) => Err(NotByHand::GatewayKnows("approved more than once")),
        Finding::TryAgain(_) => Err(NotByHand::GatewayKnows("not_done")),
        Finding::Absent | Finding::Duplicate(_) => Err(NotByHand::NoTrace),
        Finding::Failed => Err(NotByHand::NoResponse),
    }
}

/// Whether a record can be this operation's. A refund may be filed under its own order id or under
/// that of its payment.
fn fits(
    record: &GatewayRecord,
    operation: &Operation,
    transaction: &Transaction,
    currency: Currency,
) -> Result<(), Misfit> {
    if let Some(undone) = &record.undone {
        return Err(Misfit::Undone(undone.clone()));
    }
    let own = &operation.attempt.gateway_order_id;
    let is_of_payment =
        |id: &String| transaction.first().is_some_and(|first| first.attempt.gateway_order_id == *id);
    if let Some(found) = record.gateway_order_id.as_ref().filter(|id| *id != own && !is_of_payment(id)) {
        return Err(Misfit::SentAs { found: found.clone(), own: own.clone() });
    }
    let enough = |amount: Amount| match operation.kind {
        // More than was requested is for the merchant to give back; less would not carry later
        // refunds.
        Kind::Authorize | Kind::Purchase => amount >= operation.amount,
        Kind::Capture | Kind::Refund | Kind::Void => amount == operation.amount,
        Kind::Unrecognized => false,
    };
    if record.amount.is_some_and(enough) {
        return Ok(());
    }
    let found = record.amount.map_or_else(|| "none".to_owned(), |amount| currency.decimal(amount));
    Err(Misfit::Amount { found, requested: currency.decimal(operation.amount) })
}

/// Actor and reason are stored with the operation; the log names neither.
fn log(order: &Order, at: OperationRef, verdict: &HandDecision) {
    let operation = order.operation(at);
    tracing::warn!(
        merchant = %order.merchant,
        order = %order.id,
        transaction = %at.transaction,
        operation = %at.operation,
        kind = operation.map_or("", |operation| operation.kind.as_str()),
        amount_minor = operation.map_or(0, |operation| operation.amount.minor()),
        currency = order.currency.code(),
        outcome = verdict.verdict.as_str(),
        "decided by hand"
    );
}
