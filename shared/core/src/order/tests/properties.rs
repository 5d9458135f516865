//! For all requests and responses of the gateway, in any order, the sums hold.

use proptest::prelude::*;

use super::{
    Fixture, TOTAL, amount,
    fixture::{Planned, approval, declined, not_done, partial, unknown},
};
use crate::{
    order::{
        Cause, Kind, NextStep, NoEffect, OperationRef, Order, PaymentKind, PaymentStatus, Stage, Transaction,
    },
    values::Amount,
};

#[derive(Clone, Debug)]
pub(super) enum Step {
    Pay(PaymentKind, Option<u64>, Option<u8>),
    Capture(usize, Option<u64>),
    Refund(usize, Option<u64>),
    Void(usize),
    Later(i64),
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Says {
    Approved,
    Part,
    Declined,
    NotDone(NoEffect),
    Nothing,
}

pub(super) fn step() -> impl Strategy<Value = Step> {
    let method = prop_oneof![Just(PaymentKind::Authorize), Just(PaymentKind::Purchase)];
    let minor = prop::option::of(0..TOTAL + 100);
    prop_oneof![
        4 => (method, minor.clone(), prop::option::of(0..4_u8)).prop_map(|(m, a, k)| Step::Pay(m, a, k)),
        3 => (0..4_usize, minor.clone()).prop_map(|(t, a)| Step::Capture(t, a)),
        3 => (0..4_usize, minor).prop_map(|(t, a)| Step::Refund(t, a)),
        2 => (0..4_usize).prop_map(Step::Void),
        1 => (0..100_i64).prop_map(Step::Later),
    ]
}

pub(super) fn says() -> impl Strategy<Value = Says> {
    prop_oneof![
        5 => Just(Says::Approved),
        1 => Just(Says::Part),
        1 => Just(Says::Declined),
        1 => Just(Says::NotDone(NoEffect::TryAgain)),
        1 => Just(Says::NotDone(NoEffect::NotSettled)),
        1 => Just(Says::NotDone(NoEffect::AlreadySettled)),
        1 => Just(Says::Nothing),
    ]
}

/// Requests a step, and lets the gateway respond to every operation that is sent until nothing
/// follows.
pub(super) fn run(fixture: &mut Fixture, step: &Step, says: Says) {
    let id = |fixture: &Fixture, n: usize| fixture.order.transactions.get(n).map(|t| t.id);
    let asked = match *step {
        Step::Pay(method, minor, key) => {
            let key = key.map(|key| format!("k{key}"));
            fixture.pay(method, minor, key.as_deref())
        }
        Step::Capture(n, minor) => match id(fixture, n) {
            Some(id) => fixture.capture(id, minor),
            None => return,
        },
        Step::Refund(n, minor) => match id(fixture, n) {
            Some(id) => fixture.refund(id, minor),
            None => return,
        },
        Step::Void(n) => match id(fixture, n) {
            Some(id) => fixture.void(id),
            None => return,
        },
        Step::Later(seconds) => return fixture.later(seconds),
    };
    let Ok(Planned::Sent(mut at)) = asked else { return };
    loop {
        let operation = fixture.operation(at).clone();
        let outcome = match says {
            Says::Part
                if operation.amount > amount(1)
                    && matches!(operation.kind, Kind::Authorize | Kind::Purchase) =>
            {
                partial(operation.amount.minor() / 2)
            }
            Says::Approved | Says::Part => approval(&operation),
            Says::Declined => declined(),
            Says::NotDone(NoEffect::NotSettled) if operation.kind != Kind::Refund => approval(&operation),
            Says::NotDone(reason) => not_done(reason),
            Says::Nothing => unknown(),
        };
        match fixture.told(at, &outcome) {
            NextStep::Send(next) => at = next,
            NextStep::Respond => return,
        }
    }
}

/// The gateway's own ledger: money taken and given back by approved operations.
fn taken_and_returned(order: &Order) -> (Amount, Amount) {
    let approved = |kinds: &[Kind]| {
        Amount::sum(
            order
                .operations()
                .filter(|(_, o)| kinds.contains(&o.kind) && o.is(Stage::Approved))
                .map(|(_, o)| o.approved_amount()),
        )
    };
    let voided_captures = order.transactions.iter().filter(|t| t.voided().is_some());
    let taken_back = voided_captures.map(|t| match t.kind {
        PaymentKind::Unrecognized => unreachable!("none is written"),
        PaymentKind::Purchase => t.amount(),
        PaymentKind::Authorize => t.captured(),
    });
    let taken = approved(&[Kind::Purchase, Kind::Capture]);
    (taken, Amount::sum([approved(&[Kind::Refund]), Amount::sum(taken_back)]))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn no_sequence_of_requests_and_responses_breaks_the_sums(
        steps in prop::collection::vec((step(), says()), 1..40),
        accepts_parts in any::<bool>(),
    ) {
        let mut fixture = Fixture::new();
        fixture.policy.accept_partial_approval = accepts_parts;
        let mut history: Vec<OperationRef> = Vec::new();
        for (step, says) in &steps {
            run(&mut fixture, step, *says);
            let order = &fixture.order;
            prop_assert!(order.balance().committed() <= amount(TOTAL));
            for transaction in &order.transactions {
                prop_assert!(transaction.captured() <= transaction.amount());
                prop_assert!(transaction.refunded() <= transaction.captured());
                let pending = transaction.operations.iter().filter(|o| o.is(Stage::Pending)).count();
                prop_assert!(pending <= 1);
                prop_assert_eq!(pending == 1, transaction.pending().is_some());
                let captures = transaction.operations.iter().filter(|o| o.kind == Kind::Capture && o.is(Stage::Approved));
                prop_assert!(captures.count() <= 1);
                let voids = transaction.operations.iter().filter(|o| o.kind == Kind::Void && o.is(Stage::Approved));
                prop_assert!(voids.count() <= 1);
            }
            let (taken, returned) = taken_and_returned(order);
            prop_assert!(returned <= taken);
            // Nothing is ever removed from the history.
            let now: Vec<OperationRef> = order.operations().map(|(t, o)| OperationRef { transaction: t.id, operation: o.id }).collect();
            prop_assert!(history.iter().all(|at| now.contains(at)));
            history = now;
            // Inquiries find every pending operation.
            let any_pending = order.operations().any(|(_, o)| o.is(Stage::Pending) || o.last_look_at.is_some());
            // The transactions show the same sums as the order.
            let paid = Amount::sum(order.transactions.iter().map(Transaction::captured));
            let refunded = Amount::sum(order.transactions.iter().map(Transaction::refunded));
            prop_assert_eq!((paid, refunded), (order.balance().paid, order.balance().returned));
            if matches!(order.payment(), PaymentStatus::Paid | PaymentStatus::Refunded) {
                prop_assert_eq!(order.owing(), Some(Amount::ZERO));
            }
            prop_assert_eq!(any_pending, order.next_inquiry_at().is_some());
            // A void by rule was the only way out of an approval that must not stand.
            for (transaction, operation) in order.operations() {
                if operation.cause != Cause::Requested {
                    prop_assert!(transaction.operations.iter().any(|o| Some(o.id) == operation.follows));
                }
            }
        }
    }
}
