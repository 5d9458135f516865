//! Orders that enter the list, and orders that leave it.

use uuid::Uuid;

use super::*;
use crate::{
    journal::agenda::attention_range,
    memory::{new_operation, payment},
    order::{
        CaptureSchedule, Cause, Decision, GatewayResponse, Kind, NoEffect, NoticeReason, Operation,
        OperationState, OrderKey, PaymentKind,
    },
    values::Currency,
};

const HOUR: SignedDuration = SignedDuration::from_hours(1);

fn start() -> Timestamp {
    Timestamp::from_second(1_800_000_000).unwrap()
}

fn approved(id: u128, kind: Kind, response: GatewayResponse) -> Operation {
    let mut operation = Operation::new(new_operation(Uuid::from_u128(id), kind, 100), start());
    operation.decide(Decision::Approved(response), start());
    operation
}

/// An authorization that ends after a week.
fn authorized() -> Transaction {
    let mut transaction =
        payment(PaymentKind::Authorize, approved(1, Kind::Authorize, GatewayResponse::default()));
    transaction.authorization_expires_at = Some(start() + HOUR * 168);
    transaction
}

fn after(hours: i32, transaction: &Transaction) -> Vec<Concern> {
    let key = OrderKey { merchant: "m".parse().unwrap(), order: "o".parse().unwrap() };
    let mut order = Order::new(&key, Currency::USD, None, start());
    order.transactions.push(transaction.clone());
    concerns(&order, transaction, start() + HOUR * hours)
}

#[test]
fn an_authorization_is_about_to_end_in_its_last_day_unless_it_is_captured_by_then() {
    let mut transaction = authorized();
    assert_eq!(after(143, &transaction), []);
    assert_eq!(after(144, &transaction), [Concern::AuthorizationEnding]);
    assert_eq!(after(168, &transaction), [], "it has ended");
    transaction.capture = Some(CaptureSchedule::new(start() + HOUR * 160, None));
    assert_eq!(after(159, &transaction), [], "the schedule captures it");
    assert_eq!(after(161, &transaction), [Concern::CaptureSkipped], "and did not");
    transaction.operations.push(approved(2, Kind::Capture, GatewayResponse::default()));
    assert_eq!(after(161, &transaction), []);
}

#[test]
fn a_capture_that_did_not_come_to_pass_stays_until_the_payment_is_cancelled() {
    let mut transaction = authorized();
    let at = start() + HOUR * 160;
    transaction.capture = Some(CaptureSchedule::new(at, None));
    transaction.lapsed_at = Some(start() + HOUR * 168);
    assert_eq!(after(170, &transaction), [Concern::CaptureSkipped]);
    transaction.operations.push(approved(2, Kind::Void, GatewayResponse::default()));
    assert_eq!(after(170, &transaction), []);
}

#[test]
fn an_operation_is_in_doubt_too_long_after_an_hour() {
    let mut transaction = authorized();
    transaction
        .operations
        .push(Operation::new(new_operation(Uuid::from_u128(2), Kind::Capture, 100), start() + HOUR));
    assert_eq!(after(1, &transaction), []);
    assert_eq!(after(2, &transaction), [Concern::InDoubt]);
    let just_before = start() + HOUR * 2 - SignedDuration::from_secs(1);
    assert_eq!([just_before, start() + HOUR * 2].map(|now| is_in_doubt(&transaction, now)), [false, true]);
}

#[test]
fn what_the_gateway_did_or_refused_by_itself_is_in_the_list() {
    let mut transaction = authorized();
    let mut void = approved(2, Kind::Void, GatewayResponse::default());
    void.cause = Cause::Elsewhere;
    transaction.operations.push(void);
    assert_eq!(after(1, &transaction), [Concern::VoidedElsewhere]);

    let rejected = GatewayResponse { settlement_rejected: true, ..GatewayResponse::default() };
    let mut transaction = payment(PaymentKind::Purchase, approved(1, Kind::Purchase, rejected));
    assert_eq!(after(1, &transaction), [Concern::SettlementRejected]);
    transaction.operations.push(approved(2, Kind::Void, GatewayResponse::default()));
    assert_eq!(after(1, &transaction), [], "nothing is owed any more");
}

#[test]
fn what_was_given_up_and_found_again_is_in_the_list() {
    let new = new_operation(Uuid::from_u128(1), Kind::Purchase, 100);
    let mut operation = Operation::new(new, start());
    operation.decide(Decision::NoEffect(GatewayResponse::default(), NoEffect::NeverArrived), start());
    assert_eq!(after(1, &payment(PaymentKind::Purchase, operation.clone())), []);
    operation.state = OperationState::Decided(Decision::Approved(GatewayResponse::default()));
    let abandoned = Decision::NoEffect(GatewayResponse::default(), NoEffect::NeverArrived);
    operation.superseded.push(crate::order::Superseded {
        attempt: operation.attempt.clone(),
        amount: operation.amount,
        decision: Some(abandoned),
        first_at: start(),
        at: start(),
        times: 1,
        carried: crate::values::Carried::default(),
    });
    let mut found = payment(PaymentKind::Purchase, operation.clone());
    assert_eq!(after(1, &found), [], "it fits what the order owed");
    let new = new_operation(Uuid::from_u128(2), Kind::Void, 100);
    let void = Operation { cause: Cause::LateApproval, ..Operation::new(new, start()) };
    found.operations.push(void);
    let ever = 24 * 365;
    assert_eq!(after(ever, &found), [Concern::InDoubt, Concern::FoundLate], "until it is given back");
    found.operations[1].state = OperationState::Decided(Decision::Approved(GatewayResponse::default()));
    assert_eq!(after(1, &found), []);
    // A refund that was done after it had been given up gives back too much, perhaps.
    let kind = Kind::Refund;
    let refund = Operation { id: Uuid::from_u128(3), kind, ..operation };
    found.operations = vec![found.operations[0].clone(), refund];
    assert_eq!(after(1, &found), [Concern::FoundLate]);
    assert_eq!(after(24 * 31, &found), [], "nothing ends it");
}

#[test]
fn each_says_what_to_do_in_one_sentence() {
    for concern in Concern::ALL {
        let advice = concern.advice();
        assert!(advice.ends_with('.') && !advice.trim_end_matches('.').contains(". "), "{advice}");
    }
}

fn sort_key(transaction: &Transaction) -> Option<String> {
    let key = OrderKey { merchant: "m".parse().unwrap(), order: "o".parse().unwrap() };
    let mut order = Order::new(&key, Currency::USD, None, start());
    order.transactions.push(transaction.clone());
    // As in the index, with the suffix that makes it unique.
    attention_key(&order).map(|sort_key| format!("{sort_key}#0"))
}

/// At each moment, hour by hour, an index finds exactly the orders that have a concern then.
#[test]
fn the_index_has_an_order_exactly_while_it_has_a_concern() {
    assert_eq!(sort_key(&authorized()), None, "the schedule finds its last day");
    let mut told = authorized();
    told.operations[0].notify(NoticeReason::AuthorizationEnding, start() + HOUR * 144);
    let mut scheduled = authorized();
    scheduled.capture = Some(CaptureSchedule::new(start() + HOUR * 160, None));
    assert_eq!(sort_key(&scheduled), None, "the index of captures has it");
    let mut lapsed = scheduled;
    lapsed.lapsed_at = Some(start() + HOUR * 169);
    let mut doubt = authorized();
    let mut capture = Operation::new(new_operation(Uuid::from_u128(2), Kind::Capture, 100), start() + HOUR);
    capture.pending_mut().unwrap().doubt = Some(crate::order::Doubt::NoResponse);
    doubt.operations.push(capture);
    let mut voided = authorized();
    let mut void = approved(2, Kind::Void, GatewayResponse::default());
    void.cause = Cause::Elsewhere;
    voided.operations.push(void);
    let rejected = GatewayResponse { settlement_rejected: true, ..GatewayResponse::default() };
    let rejected = payment(PaymentKind::Purchase, approved(1, Kind::Purchase, rejected));
    let paid = payment(PaymentKind::Purchase, approved(1, Kind::Purchase, GatewayResponse::default()));
    for (transaction, first, last) in [
        (told, Some(144), Some(167)),
        (lapsed, Some(169), Some(169 + 719)),
        (doubt, Some(2), None),
        (voided, Some(0), Some(719)),
        (rejected, Some(0), Some(719)),
        (paid, None, None),
    ] {
        let sort_key = sort_key(&transaction);
        let (mut found, mut has) = (Vec::new(), Vec::new());
        for hour in 0..1_000 {
            let range = attention_range(start() + HOUR * hour);
            let is_in = |sort_key: &String| range.has(sort_key);
            if sort_key.as_ref().is_some_and(is_in) {
                found.push(hour);
            }
            if !after(hour, &transaction).is_empty() {
                has.push(hour);
            }
        }
        assert_eq!(has.first().copied(), first);
        // A concern that only fades is on record, so it has begun by the time that its order is
        // looked for.
        let fades = sort_key.as_ref().is_some_and(|sort_key| sort_key.starts_with(PAST));
        assert_eq!(found.first().copied(), if fades { Some(0) } else { first });
        assert!(!fades || found.last() == has.last(), "{sort_key:?}");
        assert_eq!(has.last().copied(), last.or_else(|| first.map(|_| 999)));
        // A concern that ends is in the index until its end is on record.
        assert!(has.iter().all(|hour| found.contains(hour)), "{sort_key:?}");
    }
}
