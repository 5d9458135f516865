//! The effect on an order of an inquiry about an operation whose outcome is not known.
//!
//! Attempts that may still surface are derived from the operations and not stored. They count for
//! as long as the order lives.
//!
//! A payment under review, or without a settlement state, stays pending. A refund under review
//! counts as approved, because the gateway says so and promises no state of a refund. A duplicate
//! refund cannot be voided, so an inquiry that finds one leaves the operation pending.

use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

use super::{
    ABSENCE_COUNTS_AFTER, Context, INQUIRED_TWICE_APART, NextStep, OperationRef, Order, STILL_RUNNING, apply,
    apply::{send_owed, void_by_rule, void_duplicate},
    limits::ABANDONED_MAX,
    waits::{LAST_LOOK_AFTER, LATER_LOOKS_AFTER, NEXT_PART_AFTER, REFUND_ABSENCE_COUNTS_AFTER},
};
use crate::{
    order::{
        Cause, Decision, Decline, Doubt, Finding, GatewayResponse, Kind, NoEffect, Operation, OperationState,
        Outcome, Stage, Transaction,
    },
    values::DeclineCode,
};

/// For how long an inquiry is put off to which there was no usable response, so that others have
/// their turn.
const PUT_OFF: SignedDuration = SignedDuration::from_mins(5);

/// How often a void that must succeed is sent.
const VOID_ATTEMPTS_MAX: u32 = 3;

/// How often a refund that must succeed is sent. It is refused until the payment has settled, which
/// can take a night, and is looked for every few minutes.
const REFUND_ATTEMPTS_MAX: u32 = 400;

/// Applies an inquiry's finding about an operation. Pure. None when nothing changed and nothing has
/// to be saved.
pub fn resolve(
    order: &mut Order,
    at: OperationRef,
    finding: &Finding,
    context: &Context<'_>,
) -> Option<NextStep> {
    let operation = order.operation(at)?;
    match operation.stage() {
        Stage::Pending => {
            let next = resolve_pending(order, at, finding, context)?;
            // The inquiry was about its abandoned attempts, too.
            if let Some(operation) = order.operation_mut(at)
                && operation.last_look_at.is_some_and(|due| due <= context.now)
            {
                operation.looked(context.now);
                operation.last_look_at.get_or_insert(context.now + LAST_LOOK_AFTER);
            }
            Some(next)
        }
        Stage::Approved | Stage::Declined | Stage::NoEffect | Stage::WaitsForDispute => {
            operation.last_look_at.filter(|due| *due <= context.now)?;
            look_back(order, at, finding, context)
        }
        // Only a newer version knows the finding's meaning for this operation.
        Stage::Unrecognized => None,
    }
}

fn resolve_pending(
    order: &mut Order,
    at: OperationRef,
    finding: &Finding,
    context: &Context<'_>,
) -> Option<NextStep> {
    match finding {
        Finding::Became(outcome) => {
            let next = apply(order, at, outcome, context);
            inquire_later(order, at, context);
            // An operation that must succeed and is known to have had no effect is still pending:
            // it is sent again.
            let refused = match Decision::from_outcome(outcome) {
                Some(decision @ (Decision::Declined(..) | Decision::NoEffect(..))) => decision,
                Some(Decision::Approved(_)) | None => return Some(next),
            };
            Some(send_again(order, at, refused, context).unwrap_or(next))
        }
        // Which refund stays is up to a person: a refund cannot be voided.
        Finding::Several(_) if order.operation(at)?.kind == Kind::Refund => {
            Some(undecided(order, at, context))
        }
        Finding::Several(approvals) => {
            let (kept, duplicates) = approvals.split_first()?;
            let next = apply(order, at, &Outcome::Approved(kept.clone()), context);
            Some(void_duplicates(order, at, duplicates, context).unwrap_or(next))
        }
        Finding::Absent => Some(absent(order, at, &never_arrived(), context)),
        Finding::Duplicate(response) => {
            let pending = order.operation_mut(at)?.pending_mut()?;
            (pending.doubt, pending.response) = (Some(Doubt::Duplicate), response.to_keep());
            Some(absent(order, at, &never_arrived(), context))
        }
        Finding::TimedOut(response) | Finding::TryAgain(response)
            if order.operation(at)?.kind.is_payment() =>
        {
            let had_no_effect = Outcome::NoEffect(NoEffect::TryAgain, response.clone());
            Some(apply(order, at, &had_no_effect, context))
        }
        // The documents say only of an authorization that it can be sent again, so the refund is
        // looked for once more.
        Finding::TryAgain(response) => {
            let unproven = GatewayResponse { unproven: true, ..response.clone() };
            Some(absent(order, at, &Outcome::NoEffect(NoEffect::TryAgain, unproven), context))
        }
        // An operation that timed out may have been done: no document describes its record, or says
        // when it shows.
        Finding::TimedOut(_) | Finding::Undecided | Finding::UnderReview => {
            Some(undecided(order, at, context))
        }
        // It says nothing, and does not advance the back-off either: the due inquiry stays due.
        Finding::Failed => None,
    }
}

fn undecided(order: &mut Order, at: OperationRef, context: &Context<'_>) -> NextStep {
    if let Some(pending) = order.operation_mut(at).and_then(Operation::pending_mut) {
        pending.absent_since = None;
        pending.back_off(context.now);
    }
    NextStep::Respond
}

/// The inquiry about an operation that was decided after one of its attempts had been abandoned.
/// Pure, as [`resolve`].
pub fn look_back(
    order: &mut Order,
    at: OperationRef,
    finding: &Finding,
    context: &Context<'_>,
) -> Option<NextStep> {
    let operation = order.operation(at)?;
    if *finding == Finding::Failed || operation.is(Stage::Unrecognized) {
        return None;
    }
    let (stands, ours) = (operation.is(Stage::Approved), operation.reference().map(str::to_owned));
    let by_another = by_another(order, at);
    let operation = order.operation_mut(at)?;
    if operation.last_look_at.is_some_and(|due| due <= context.now) {
        // Records that decide nothing do not use up the last look.
        let decides_nothing = matches!(finding, Finding::Undecided | Finding::UnderReview);
        if by_another == Some(Stage::Pending) || decides_nothing {
            operation.last_look_at = Some(context.now + LAST_LOOK_AFTER);
        } else {
            operation.looked(context.now);
        }
    }
    if by_another.is_some() {
        return Some(NextStep::Respond);
    }
    let all = match finding {
        Finding::Became(outcome) if outcome.is_approval() => std::slice::from_ref(outcome.response()),
        Finding::Several(approvals) => approvals.as_slice(),
        Finding::Became(_)
        | Finding::Absent
        | Finding::Duplicate(_)
        | Finding::TimedOut(_)
        | Finding::TryAgain(_)
        | Finding::Undecided
        | Finding::UnderReview
        | Finding::Failed => &[],
    };
    let approvals: Vec<&GatewayResponse> =
        all.iter().filter(|approval| !order.takes_anothers_reference(at, approval)).collect();
    if stands {
        // A later attempt counts.
        let duplicates = approvals.into_iter().filter(|response| response.reference != ours);
        return Some(set_aside(order, at, duplicates, context).unwrap_or(NextStep::Respond));
    }
    let Some((first, duplicates)) = approvals.split_first() else {
        if !matches!(finding, Finding::Undecided | Finding::UnderReview) {
            order.prove_refusals(at);
        }
        return Some(NextStep::Respond);
    };
    let next = late(order, at, first, context);
    Some(set_aside(order, at, duplicates.iter().copied(), context).unwrap_or(next))
}

/// Sets aside the approvals beside the one that counts. A payment's are voided. Nothing can undo a
/// refund's, so they are put on record as found.
fn set_aside<'a>(
    order: &mut Order,
    at: OperationRef,
    duplicates: impl Iterator<Item = &'a GatewayResponse>,
    context: &Context<'_>,
) -> Option<NextStep> {
    match order.operation(at)?.kind {
        Kind::Authorize | Kind::Purchase => return void_duplicates(order, at, duplicates, context),
        Kind::Refund => {
            let operation = order.operation_mut(at)?;
            duplicates.for_each(|approval| operation.note_done_again(approval, context.now));
        }
        Kind::Capture | Kind::Void | Kind::Unrecognized => {}
    }
    None
}

/// The stage of another operation that captures or voids the same payment, if it is done or under
/// way: a look-up shows the payment, and so that one's doing.
fn by_another(order: &Order, at: OperationRef) -> Option<Stage> {
    let (transaction, operation) = (order.transaction(at.transaction)?, order.operation(at)?);
    if !matches!(operation.kind, Kind::Capture | Kind::Void) {
        return None;
    }
    let same = |o: &&Operation| {
        o.id != operation.id && o.kind == operation.kind && o.reference == operation.reference
    };
    let mut others = transaction.operations.iter().filter(same).map(Operation::stage);
    others.find(|stage| matches!(stage, Stage::Approved | Stage::Pending))
}

/// Voids approvals that stand beside the one that is kept. The first is sent next; the others are
/// on record and found.
fn void_duplicates<'a>(
    order: &mut Order,
    at: OperationRef,
    duplicates: impl IntoIterator<Item = &'a GatewayResponse>,
    context: &Context<'_>,
) -> Option<NextStep> {
    let added: Vec<OperationRef> = duplicates
        .into_iter()
        .filter_map(|duplicate| void_duplicate(order, at, duplicate, context))
        .collect();
    added.first().copied().map(NextStep::Send)
}

fn never_arrived() -> Outcome {
    Outcome::NoEffect(NoEffect::NeverArrived, GatewayResponse::default())
}

/// No trace of the operation, or of any effect. The second time, late enough and far enough apart,
/// it is known to have `had_no_effect`.
fn absent(order: &mut Order, at: OperationRef, had_no_effect: &Outcome, context: &Context<'_>) -> NextStep {
    let now = context.now;
    inquire_later(order, at, context);
    // A newer version may know of a way in which it can still arrive.
    let may_conclude = order.newer_form.is_none() && order.is_recognized();
    let Some(operation) = order.operation_mut(at) else { return NextStep::Respond };
    let counts_after =
        if operation.kind == Kind::Refund { REFUND_ABSENCE_COUNTS_AFTER } else { ABSENCE_COUNTS_AFTER };
    let counts_from = operation.attempt.at + counts_after;
    let Some(pending) = operation.pending_mut() else { return NextStep::Respond };
    if now < counts_from {
        pending.next_inquiry_at = counts_from;
        return NextStep::Respond;
    }
    let Some(since) = pending.absent_since else {
        pending.absent_since = Some(now);
        pending.next_inquiry_at = now + INQUIRED_TWICE_APART;
        return NextStep::Respond;
    };
    if now.duration_since(since) < INQUIRED_TWICE_APART {
        pending.next_inquiry_at = since + INQUIRED_TWICE_APART;
        return NextStep::Respond;
    }
    if !may_conclude {
        return NextStep::Respond;
    }
    // An operation that was refused as a duplicate of itself, and is not there, is refused.
    if pending.doubt == Some(Doubt::Duplicate) {
        let (response, code) = (pending.response.clone(), DeclineCode::DuplicateTransaction);
        return apply(order, at, &Outcome::Declined(response, Decline::of(code)), context);
    }
    let abandoned = Decision::from_outcome(had_no_effect);
    let again = abandoned.and_then(|abandoned| send_again(order, at, abandoned, context));
    again.unwrap_or_else(|| apply(order, at, had_no_effect, context))
}

/// An approval that turns up after its operation was abandoned. It is adopted if the order still
/// has room for it, and given back otherwise.
fn late(order: &mut Order, at: OperationRef, approval: &GatewayResponse, context: &Context<'_>) -> NextStep {
    let Some(operation) = order.operation(at) else { return NextStep::Respond };
    let is_part = approval.amount().is_some_and(|approved| approved < operation.amount);
    let outcome = if is_part { Outcome::PartiallyApproved } else { Outcome::Approved }(approval.clone());
    let is_payment = operation.kind.is_payment();
    // An amount that the order owes again since a cancel is not the one that this attempt was for.
    let (began, own) = (operation.attempt.at, at.transaction);
    let cancelled_since =
        order.transactions.iter().any(|t| t.id != own && t.cancelled_at().is_some_and(|at| at >= began));
    let fits = match order.owing() {
        _ if !is_payment => true,
        _ if cancelled_since => false,
        _ if order.is_held_by_another(own) => false,
        Some(owing) => operation.amount <= owing,
        // The total is not known here: a payment that was approved since then was made in its
        // place.
        None => !order.transactions.iter().filter(|t| t.id != at.transaction).any(|t| {
            t.first()
                .is_some_and(|first| first.is(Stage::Approved) && first.created_at >= operation.created_at)
        }),
    };
    let Some(operation) = order.operation_mut(at) else { return NextStep::Respond };
    operation.reopen(context.now);
    let next = apply(order, at, &outcome, context);
    if fits || next != NextStep::Respond {
        return next;
    }
    void_by_rule(order, at, Cause::LateApproval, context).map_or(NextStep::Respond, NextStep::Send)
}

/// A void or refund that must succeed is sent again, up to a limit, when the last attempt is known
/// to have had no effect.
fn send_again(
    order: &mut Order,
    at: OperationRef,
    refused: Decision,
    context: &Context<'_>,
) -> Option<NextStep> {
    let operation = order.operation(at)?;
    let attempts_max = if operation.kind == Kind::Refund { REFUND_ATTEMPTS_MAX } else { VOID_ATTEMPTS_MAX };
    if !operation.is(Stage::Pending)
        || !operation.cause.must_succeed()
        || operation.attempt.number >= attempts_max
        || operation.abandoned().count() >= ABANDONED_MAX
    {
        return None;
    }
    Some(send_owed(order, at, Some(refused), context))
}

/// Looks at a refund that a rule owes and a dispute holds back: it is sent if nothing holds it back
/// any more. Pure. None if it does not wait.
pub fn send_held_back(order: &mut Order, at: OperationRef, context: &Context<'_>) -> Option<NextStep> {
    order.operation(at).filter(|operation| operation.is(Stage::WaitsForDispute))?;
    Some(send_owed(order, at, None, context))
}

fn inquire_later(order: &mut Order, at: OperationRef, context: &Context<'_>) {
    if let Some(pending) = order.operation_mut(at).and_then(Operation::pending_mut) {
        pending.back_off(context.now);
    }
}

impl Operation {
    /// A due look is over. Its rest follows soon; an attempt that was given up as absent is looked
    /// for again after days, because its record can come that late.
    fn looked(&mut self, now: Timestamp) {
        let looked_at = self.due_to_look_again(now).len();
        self.look_again.drain(..looked_at);
        // These were looked for by now, so they need no part of their own.
        self.take_unproven();
        let latest = self.may_surface().map(|attempt| attempt.at).max();
        let later = latest.into_iter().flat_map(|at| LATER_LOOKS_AFTER.map(|after| at + after));
        self.last_look_at = if self.look_again.is_empty() {
            later.into_iter().find(|at| *at > now)
        } else {
            Some(now + NEXT_PART_AFTER)
        };
    }
}

impl Order {
    /// Operations with an abandoned attempt that may still turn out to be done. Before this one is
    /// sent, an inquiry is sent about them: all payments and refunds before another payment or
    /// refund, and a payment's captures before another of its captures. None before a void, which
    /// undoes all that was done.
    pub fn suspects(&self, kind: Kind, of: Uuid) -> impl Iterator<Item = OperationRef> {
        let concerns = move |transaction: &Transaction, other: Kind| match kind {
            Kind::Void => false,
            Kind::Capture => other == Kind::Capture && transaction.id == of,
            Kind::Authorize | Kind::Purchase | Kind::Refund | Kind::Unrecognized => other.has_own_record(),
        };
        self.operations_that(move |transaction, o| {
            concerns(transaction, o.kind) && !o.is(Stage::Pending) && o.may_surface().next().is_some()
        })
    }

    fn operations_that(
        &self,
        are_so: impl Fn(&Transaction, &Operation) -> bool,
    ) -> impl Iterator<Item = OperationRef> {
        self.operations().filter(move |(transaction, operation)| are_so(transaction, operation)).map(
            |(transaction, operation)| OperationRef { transaction: transaction.id, operation: operation.id },
        )
    }

    /// An inquiry showed no trace of an operation: a refusal without proof no longer keeps more
    /// money from moving.
    pub fn prove_refusals(&mut self, at: OperationRef) {
        if let Some(operation) = self.operation_mut(at) {
            operation.prove_refusals();
        }
    }

    /// Puts the inquiry about an operation off, because the gateway gave no usable response. False
    /// when the order has no such operation.
    pub fn put_off(&mut self, at: OperationRef, now: Timestamp) -> bool {
        let Some(operation) = self.operation_mut(at) else { return false };
        let later = now + PUT_OFF;
        if let Some(due) = operation.last_look_at.filter(|due| *due <= now) {
            operation.last_look_at = Some(due.max(later));
        }
        let pending = operation.pending_mut();
        if let Some(pending) = pending {
            pending.next_inquiry_at = pending.next_inquiry_at.max(later);
        }
        if operation.is(Stage::WaitsForDispute) {
            operation.look_at_disputes(later);
        }
        true
    }

    /// The operation of a transaction that an inquiry can be made about: the one in doubt, or one
    /// that was given up and whose last look is due.
    pub fn to_inquire_about(&self, transaction: Uuid, now: Timestamp) -> Option<OperationRef> {
        let found = self.transaction(transaction)?;
        let operation = found.operations.iter().find(|operation| can_be_inquired_about(operation, now))?;
        Some(OperationRef { transaction, operation: operation.id })
    }

    /// Every refund that a dispute holds back and that is to be looked at.
    pub fn due_for_look_at_disputes(&self, now: Timestamp) -> impl Iterator<Item = OperationRef> {
        self.operations_that(move |_, operation| {
            let OperationState::WaitsForDispute { next_look_at } = operation.state else { return false };
            next_look_at <= now
        })
    }

    /// Every operation whose next inquiry is due.
    pub fn due_for_inquiry(&self, now: Timestamp) -> impl Iterator<Item = OperationRef> {
        let due = move |operation: &Operation| operation.next_inquiry_at().is_some_and(|due| due <= now);
        self.operations_that(move |_, operation| due(operation) && can_be_inquired_about(operation, now))
    }
}

/// An inquiry about an operation in doubt can be made once its own request cannot be running any
/// more: the response to that request may say more than a look-up does.
fn can_be_inquired_about(operation: &Operation, now: Timestamp) -> bool {
    match operation.stage() {
        // A newer version inquires about the operations that only it can read.
        _ if !operation.is_recognized() => false,
        Stage::Pending => now.duration_since(operation.attempt.at) >= STILL_RUNNING,
        Stage::NoEffect | Stage::Approved | Stage::Declined | Stage::WaitsForDispute => {
            operation.last_look_at.is_some_and(|due| due <= now)
        }
        Stage::Unrecognized => false,
    }
}

#[cfg(test)]
mod tests;
