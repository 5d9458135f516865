//! Concerns that a person has seen.

use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use uuid::Uuid;

use super::{
    Fixture,
    properties::{Says, Step, run, says, step},
};
use crate::{
    journal::{AgendaKeys, Concern, concerns},
    memory::{self, new_operation},
    order::{
        Attribution, CaptureSchedule, Cause, CustomerTraces, Decision, Dispute, DisputeKind, GatewayResponse,
        Kind, LineId, Operation, Order, PaymentKind, RecordedDispute, Rejection, SEEN_MAX, Transaction,
    },
    values::Carried,
};

const HOUR: SignedDuration = SignedDuration::from_hours(1);

/// Concerns that no statement of having seen them ends.
const NEED_ACTION: [Concern; 4] =
    [Concern::InDoubt, Concern::FoundLate, Concern::AuthorizationEnding, Concern::RefundHeldBack];

fn dispute(kind: DisputeKind, case: &str, line: u128, at: Timestamp) -> RecordedDispute {
    let line = LineId::Made(Uuid::from_u128(line));
    let dispute = Dispute { line, ..memory::dispute(kind, case) };
    RecordedDispute { dispute, at, carried: Carried::default() }
}

fn purchase() -> (Fixture, Uuid) {
    let mut fixture = Fixture::new();
    run(&mut fixture, &Step::Pay(PaymentKind::Purchase, None, None), Says::Approved);
    let id = only(&fixture).id;
    (fixture, id)
}

fn only(fixture: &Fixture) -> &Transaction {
    &fixture.order.transactions[0]
}

fn see(fixture: &mut Fixture, id: Uuid, concern: Concern) -> Result<bool, Rejection> {
    fixture.order.see(id, concern, None, fixture.now)
}

fn now(fixture: &Fixture) -> Vec<Concern> {
    concerns(&fixture.order, only(fixture), fixture.now)
}

#[test]
fn a_dispute_that_was_seen_is_back_with_the_next_chargeback_even_of_the_same_moment() {
    let (mut fixture, id) = purchase();
    let at = fixture.now;
    assert_eq!(see(&mut fixture, id, Concern::Disputed), Err(Rejection::NoSuchConcern));
    fixture.order.transactions[0].disputes.push(dispute(DisputeKind::Chargeback, "a", 1, at));
    assert_eq!(now(&fixture), [Concern::Disputed]);
    assert!(AgendaKeys::of(&fixture.order).attention.is_some());
    assert_eq!(see(&mut fixture, id, Concern::Disputed), Ok(true));
    assert_eq!(
        (now(&fixture), AgendaKeys::of(&fixture.order).attention),
        (vec![], None),
        "it has left the list"
    );
    let seen = fixture.order.clone();
    assert_eq!(see(&mut fixture, id, Concern::Disputed), Ok(false));
    assert_eq!(fixture.order, seen, "the second statement changes nothing");
    // The run that recorded the first one has the same time for both.
    fixture.order.transactions[0].disputes.push(dispute(DisputeKind::Chargeback, "b", 2, at));
    assert_eq!(now(&fixture), [Concern::Disputed]);
    assert!(AgendaKeys::of(&fixture.order).attention.is_some());
    assert_eq!(see(&mut fixture, id, Concern::Disputed), Ok(true));
    // One case is won, and another one comes: as many as before, and not the same ones.
    fixture.order.transactions[0].disputes.push(dispute(DisputeKind::Reversal, "a", 3, at + HOUR));
    assert_eq!(now(&fixture), [], "nor does the one that is left come back");
    fixture.order.transactions[0].disputes.push(dispute(DisputeKind::Chargeback, "c", 4, at + HOUR));
    assert_eq!(now(&fixture), [Concern::Disputed]);
}

#[test]
fn a_capture_that_is_due_cannot_be_seen_away_and_one_that_lapsed_can() {
    let mut fixture = Fixture::new();
    run(&mut fixture, &Step::Pay(PaymentKind::Authorize, None, None), Says::Approved);
    let id = only(&fixture).id;
    let at = fixture.now + HOUR;
    fixture.order.transactions[0].authorization_expires_at = Some(fixture.now + HOUR * 168);
    fixture.order.transactions[0].capture = Some(CaptureSchedule::new(at, None));
    fixture.now += HOUR * 3;
    assert_eq!(now(&fixture), [Concern::CaptureSkipped], "two hours late");
    let before = fixture.order.clone();
    assert_eq!(see(&mut fixture, id, Concern::CaptureSkipped), Err(Rejection::NeedsAction));
    assert_eq!(fixture.order, before);
    fixture.now += HOUR * 168;
    fixture.order.transactions[0].lapsed_at = Some(fixture.now);
    assert_eq!(see(&mut fixture, id, Concern::CaptureSkipped), Ok(true));
    assert_eq!(now(&fixture), []);
}

#[test]
fn an_order_keeps_so_many_statements_and_refuses_the_next() {
    let (mut fixture, id) = purchase();
    for line in 0..=SEEN_MAX {
        let chargeback = dispute(DisputeKind::Chargeback, &line.to_string(), line as u128, fixture.now);
        fixture.order.transactions[0].disputes.push(chargeback);
        let said = see(&mut fixture, id, Concern::Disputed);
        assert_eq!(said, if line < SEEN_MAX { Ok(true) } else { Err(Rejection::TooManySeen) }, "{line}");
    }
    assert_eq!((only(&fixture).seen.len(), now(&fixture)), (SEEN_MAX, vec![Concern::Disputed]));
}

#[test]
fn the_reason_goes_with_the_customer_and_who_it_was_stays() {
    let (mut fixture, id) = purchase();
    fixture.order.transactions[0].disputes.push(dispute(DisputeKind::Chargeback, "a", 1, fixture.now));
    let by = Attribution {
        person: Some("Ann".to_owned()),
        reason: Some("Mr. Smith called".to_owned()),
        ..Attribution::default()
    };
    assert_eq!(fixture.order.see(id, Concern::Disputed, Some(&by), fixture.now), Ok(true));
    let traces = CustomerTraces { orders: vec![fixture.order.id.clone()], ..CustomerTraces::default() };
    let erased = fixture.order.erase(&traces, &[]);
    assert!(erased.members.contains("reason for settling a concern"));
    let kept = only(&fixture).seen[0].by.as_ref().unwrap();
    assert_eq!((kept.person.as_deref(), &kept.reason), (Some("Ann"), &None));
    assert_eq!(now(&fixture), [], "it is seen all the same");
}

/// Something that only fades, from outside.
fn happens(order: &mut Order, what: u8, at: Timestamp) {
    let number = order.operations().count() as u128 + 1_000;
    let Some(transaction) = order.transactions.last_mut() else { return };
    match what {
        0 => {
            let line = transaction.disputes.len() as u128;
            transaction.disputes.push(dispute(DisputeKind::Chargeback, "a", line, at));
        }
        1 => transaction.lapsed_at = Some(at),
        2 => {
            let new = new_operation(Uuid::from_u128(number), Kind::Void, 100);
            let mut void = Operation { cause: Cause::Elsewhere, ..Operation::new(new, at) };
            void.decide(Decision::Approved(GatewayResponse::default()), at);
            transaction.operations.push(void);
        }
        3 => {
            let new = new_operation(Uuid::from_u128(number), Kind::Refund, 1);
            let mut refund = Operation::new(new, at);
            let rejected = GatewayResponse { settlement_rejected: true, ..GatewayResponse::default() };
            refund.decide(Decision::Approved(rejected), at);
            transaction.operations.push(refund);
        }
        _ => {}
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn no_request_hides_a_doubt_or_changes_anything_else(
        steps in prop::collection::vec((step(), says(), 0..8_u8, 0..200_i64), 1..20),
    ) {
        let mut fixture = Fixture::new();
        for (step, says, what, hours) in &steps {
            run(&mut fixture, step, *says);
            happens(&mut fixture.order, *what, fixture.now);
            fixture.now += HOUR * i32::try_from(*hours).unwrap();
            let ids: Vec<Uuid> = fixture.order.transactions.iter().map(|one| one.id).collect();
            for id in ids {
                for concern in Concern::ALL {
                    let before = fixture.order.clone();
                    let listed = |order: &Order| concerns(order, order.transaction(id).unwrap(), fixture.now);
                    let said = fixture.order.see(id, *concern, None, fixture.now);
                    let (was, is) = (listed(&before), listed(&fixture.order));
                    if said == Ok(true) {
                        prop_assert!(!NEED_ACTION.contains(concern), "{:?}", concern);
                        let others: Vec<_> = was.into_iter().filter(|one| one != concern).collect();
                        prop_assert_eq!(is, others);
                    } else {
                        prop_assert_eq!(&fixture.order, &before);
                    }
                    let mut money = fixture.order.clone();
                    money.updated_at = before.updated_at;
                    for (one, was) in money.transactions.iter_mut().zip(&before.transactions) {
                        one.seen.clone_from(&was.seen);
                    }
                    prop_assert_eq!(money, before);
                }
            }
        }
    }
}
