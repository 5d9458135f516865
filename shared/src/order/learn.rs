//! What an order learns when the gateway is asked about an operation whose outcome is not known.

use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

use super::{
    At, Next, Order, STILL_RUNNING,
    apply::{apply, void_by_rule, void_twin},
};
use crate::{
    operation::{BACK_OFF_MIN, Cause, Kind, Operation, State},
    outcome::{Answer, Finding, NotDone, Outcome},
    policy::Policy,
};

/// Before this, no trace of an operation says nothing: it may take 29 s until it is sent and the gateway may work on
/// it for 32 s more, and both with room to spare.
const ABSENCE_COUNTS_AFTER: SignedDuration = SignedDuration::from_secs(95);

/// How far apart the two times must be that the gateway shows no trace of an operation.
const ASKED_TWICE_APART: SignedDuration = SignedDuration::from_secs(60);

/// When an operation that was given up as absent is looked for once more.
pub(super) const LAST_LOOK_AFTER: SignedDuration = SignedDuration::from_hours(1);

/// How often a void that must succeed is sent.
const VOID_ATTEMPTS_MAX: u32 = 3;

/// How often a refund that must succeed is sent. It is refused until the payment has settled, which can take a night,
/// and an attempt is given up after three minutes.
const REFUND_ATTEMPTS_MAX: u32 = 400;

/// Applies what the gateway said about an operation. Pure. None when nothing changed and nothing has to be saved.
pub fn learn(
    order: &mut Order,
    at: At,
    finding: &Finding,
    policy: &Policy,
    now: Timestamp,
    new_id: &(dyn Fn() -> Uuid + Sync),
) -> Option<Next> {
    let operation = order.operation(at)?;
    if operation.is(State::Pending) {
        return match finding {
            Finding::Became(outcome) => {
                let next = apply(order, at, outcome, policy, now, new_id);
                ask_again_later(order, at, now);
                // What must succeed and is known to have done nothing is still pending: it is sent again.
                let did_nothing = matches!(**outcome, Outcome::Declined(..) | Outcome::NotDone(..));
                Some(if did_nothing { send_again(order, at, now, new_id).unwrap_or(next) } else { next })
            }
            Finding::Several(approvals) => {
                let (kept, twins) = approvals.split_first()?;
                let next = apply(order, at, &Outcome::Approved(kept.clone()), policy, now, new_id);
                Some(void_twins(order, at, twins.iter(), now, new_id).unwrap_or(next))
            }
            Finding::Absent => Some(absent(order, at, policy, now, new_id)),
            Finding::Undecided => {
                order.operation_mut(at)?.absent_since = None;
                ask_again_later(order, at, now);
                Some(Next::Answer)
            }
            // It says nothing, and does not advance the back-off either: what was due stays due.
            Finding::Failed => None,
        };
    }
    // A last look at what was given up.
    operation.last_look_at.filter(|due| *due <= now)?;
    if *finding == Finding::Failed {
        return None;
    }
    let is_payment = operation.kind.is_payment();
    let (stands, ours) =
        (operation.is(State::Approved), operation.answer.clone().and_then(|answer| answer.retref));
    let by_another = by_another(order, at);
    order.operation_mut(at)?.last_look_at =
        by_another.filter(|state| *state == State::Pending).map(|_| now + LAST_LOOK_AFTER);
    if by_another.is_some() {
        return Some(Next::Answer);
    }
    let approvals = match finding {
        Finding::Became(outcome) => match &**outcome {
            Outcome::Approved(answer) | Outcome::PartiallyApproved(answer) => std::slice::from_ref(answer),
            Outcome::Declined(..) | Outcome::NotDone(..) | Outcome::Unknown(..) => &[],
        },
        Finding::Several(approvals) => approvals.as_slice(),
        Finding::Absent | Finding::Undecided | Finding::Failed => &[],
    };
    if stands {
        // A later attempt stands; whatever else was approved is given back.
        let twins = approvals.iter().filter(|answer| is_payment && answer.retref != ours);
        return Some(void_twins(order, at, twins, now, new_id).unwrap_or(Next::Answer));
    }
    let Some((first, twins)) = approvals.split_first() else { return Some(Next::Answer) };
    let next = late(order, at, first, policy, now, new_id);
    Some(void_twins(order, at, twins.iter(), now, new_id).unwrap_or(next))
}

/// How another operation stands that captures or voids the same payment, if it is done or under way: a look-up shows
/// the payment, and so that one's doing.
fn by_another(order: &Order, at: At) -> Option<State> {
    let (transaction, operation) = (order.transaction(at.transaction)?, order.operation(at)?);
    if !matches!(operation.kind, Kind::Capture | Kind::Void) {
        return None;
    }
    let same =
        |o: &&Operation| o.id != operation.id && o.kind == operation.kind && o.retref == operation.retref;
    let mut others = transaction.operations.iter().filter(same).map(|o| o.state);
    others.find(|state| matches!(state, State::Approved | State::Pending))
}

/// Voids approvals that stand beside the one that is kept. The first is sent next; the others are on record and found.
fn void_twins<'a>(
    order: &mut Order,
    at: At,
    twins: impl Iterator<Item = &'a Answer>,
    now: Timestamp,
    new_id: &(dyn Fn() -> Uuid + Sync),
) -> Option<Next> {
    let added: Vec<At> = twins.filter_map(|twin| void_twin(order, at, twin, now, new_id())).collect();
    added.first().copied().map(Next::Send)
}

/// No trace of it. The second time, late enough and far enough apart, it is known to have done nothing.
fn absent(
    order: &mut Order,
    at: At,
    policy: &Policy,
    now: Timestamp,
    new_id: &(dyn Fn() -> Uuid + Sync),
) -> Next {
    ask_again_later(order, at, now);
    let Some(operation) = order.operation_mut(at) else { return Next::Answer };
    let counts_from = operation.attempted_at + ABSENCE_COUNTS_AFTER;
    if now < counts_from {
        operation.next_inquiry_at = Some(counts_from);
        return Next::Answer;
    }
    let Some(since) = operation.absent_since else {
        operation.absent_since = Some(now);
        operation.next_inquiry_at = Some(now + ASKED_TWICE_APART);
        return Next::Answer;
    };
    if now.duration_since(since) < ASKED_TWICE_APART {
        operation.next_inquiry_at = Some(since + ASKED_TWICE_APART);
        return Next::Answer;
    }
    if let Some(next) = send_again(order, at, now, new_id) {
        return next;
    }
    let never_arrived = Outcome::NotDone(NotDone::NeverArrived, Answer::default());
    let next = apply(order, at, &never_arrived, policy, now, new_id);
    if let Some(operation) = order.operation_mut(at).filter(|operation| operation.is(State::NotDone)) {
        operation.last_look_at = Some(now + LAST_LOOK_AFTER);
    }
    next
}

/// An approval that turns up after its operation was given up. It is adopted if the order still has room for it, and
/// given back otherwise.
fn late(
    order: &mut Order,
    at: At,
    approval: &Answer,
    policy: &Policy,
    now: Timestamp,
    new_id: &(dyn Fn() -> Uuid + Sync),
) -> Next {
    let Some(operation) = order.operation(at) else { return Next::Answer };
    let is_part = approval.amount.is_some_and(|approved| approved < operation.amount);
    let outcome = if is_part { Outcome::PartiallyApproved } else { Outcome::Approved }(approval.clone());
    let is_payment = operation.kind.is_payment();
    let fits = match order.owing() {
        _ if !is_payment => true,
        Some(owing) => operation.amount <= owing,
        // Nobody here knows the total: a payment that was approved since then was made in its place.
        None => !order.transactions.iter().filter(|t| t.id != at.transaction).any(|t| {
            t.first()
                .is_some_and(|first| first.is(State::Approved) && first.created_at >= operation.created_at)
        }),
    };
    let Some(operation) = order.operation_mut(at) else { return Next::Answer };
    operation.state = State::Pending;
    operation.not_done = None;
    operation.decline = None;
    let next = apply(order, at, &outcome, policy, now, new_id);
    if fits || next != Next::Answer {
        return next;
    }
    void_by_rule(order, at, Cause::LateApproval, now, new_id).map_or(Next::Answer, Next::Send)
}

/// A void or refund that must succeed is sent again, up to a limit, when it is known that the last attempt did nothing.
fn send_again(order: &mut Order, at: At, now: Timestamp, new_id: &(dyn Fn() -> Uuid + Sync)) -> Option<Next> {
    let operation = order.operation_mut(at)?;
    let attempts_max = if operation.kind == Kind::Refund { REFUND_ATTEMPTS_MAX } else { VOID_ATTEMPTS_MAX };
    if !operation.is(State::Pending) || !operation.cause.must_succeed() || operation.attempts >= attempts_max
    {
        return None;
    }
    let amount = operation.amount;
    operation.attempt_again(new_id(), amount, now);
    Some(Next::Send(at))
}

fn ask_again_later(order: &mut Order, at: At, now: Timestamp) {
    let Some(operation) = order.operation_mut(at).filter(|operation| operation.is(State::Pending)) else {
        return;
    };
    let step = usize::try_from(operation.inquiries).unwrap_or(usize::MAX).min(BACK_OFF_MIN.len() - 1);
    operation.inquiries = operation.inquiries.saturating_add(1);
    operation.next_inquiry_at = Some(now + SignedDuration::from_mins(BACK_OFF_MIN[step]));
}

impl Order {
    /// The operation of a transaction that the gateway can be asked about: the one in doubt, or one that was given up
    /// and whose last look is due.
    pub fn to_ask_about(&self, transaction: Uuid, now: Timestamp) -> Option<At> {
        let found = self.transaction(transaction)?;
        let operation = found.operations.iter().find(|operation| can_be_asked_about(operation, now))?;
        Some(At { transaction, operation: operation.id })
    }

    /// Every operation whose next inquiry is due.
    pub fn due_for_inquiry(&self, now: Timestamp) -> impl Iterator<Item = At> {
        let due = move |operation: &Operation| {
            [operation.next_inquiry_at, operation.last_look_at].into_iter().flatten().any(|due| due <= now)
        };
        self.operations()
            .filter(move |(_, operation)| due(operation) && can_be_asked_about(operation, now))
            .map(|(transaction, operation)| At { transaction: transaction.id, operation: operation.id })
    }
}

/// What is in doubt can be asked about once its own request cannot be running any more: that request's answer may say
/// more than a look-up does.
fn can_be_asked_about(operation: &Operation, now: Timestamp) -> bool {
    match operation.state {
        State::Pending => now.duration_since(operation.attempted_at) >= STILL_RUNNING,
        State::NotDone | State::Approved | State::Declined => {
            operation.last_look_at.is_some_and(|due| due <= now)
        }
    }
}

#[cfg(test)]
mod tests;
