//! The share of a fee that goes with each operation, and that the shares add up to the fee.

use proptest::prelude::*;
use uuid::Uuid;

use super::*;
use crate::{
    memory::pay,
    order::{
        Action, CaptureAmount, CaptureAt, CaptureTerms, Cause, GatewayResponse, NextStep, NoEffect,
        OperationRef, Outcome, Pay, Rejection,
        tests::fixture::{Fixture, amount, not_done},
    },
    values::Charged,
};

fn surcharge(minor: u64) -> Fee {
    Fee { amount: amount(minor), kind: FeeKind::Surcharge }
}

/// The gateway's approval of exactly the requested amount, with a fee beside it.
fn with_fee(reference: &str, of: Amount, fee: u64) -> Outcome {
    let fee = Fee::of(amount(fee), FeeKind::Surcharge);
    Outcome::Approved(GatewayResponse {
        reference: Some(reference.to_owned()),
        charged: Some(Charged { amount: of, fee }),
        ..GatewayResponse::default()
    })
}

/// An order of 100.00 that was paid with 3.00 beside it.
fn paid(kind: PaymentKind, basis: Option<FeeBasis>) -> (Fixture, Uuid) {
    let mut fixture = Fixture::with_total(Some(10_000));
    fixture.policy.fee_basis = basis;
    let at = fixture.pay(kind, None, None).unwrap().sent();
    assert_eq!(fixture.told(at, &with_fee("r", amount(10_000), 300)), NextStep::Respond);
    (fixture, at.transaction)
}

fn share(fixture: &Fixture, at: OperationRef) -> FeeShare {
    fixture.transaction(at.transaction).fee_share(fixture.operation(at), &fixture.policy).unwrap()
}

/// The amount that a pending operation names, its fee, and the fee that is left.
fn shown(fixture: &Fixture, at: OperationRef) -> (Option<u64>, u64, u64) {
    let share = share(fixture, at);
    let named = share.named(fixture.operation(at).amount);
    (named.map(Amount::minor), share.share.minor(), share.left.minor())
}

/// Refunds a part, of which the gateway gives back this much of the fee.
fn refunded(fixture: &mut Fixture, id: Uuid, part: u64, fee: u64) {
    let at = fixture.refund(id, Some(part)).unwrap().sent();
    let reference = format!("f{}", at.operation.as_u128());
    assert_eq!(fixture.told(at, &with_fee(&reference, amount(part), fee)), NextStep::Respond);
}

#[test]
fn a_share_is_rounded_half_up_and_the_last_one_is_what_is_left() {
    let part = |fee, all, before: (u64, u64), part| {
        let before = Charged { amount: amount(before.0), fee: Fee::of(amount(before.1), FeeKind::Surcharge) };
        let share = FeeShare::of_part(surcharge(fee), amount(all), before, amount(part), None);
        (share.share.minor(), share.left.minor(), share.is_whole)
    };
    for (fee, all, before, of, expected) in [
        (300, 10_000, (0, 0), 10_000, (300, 300, true)),
        (300, 10_000, (0, 0), 5_000, (150, 300, false)),
        (3, 100, (0, 0), 16, (0, 3, false)),
        (3, 100, (0, 0), 17, (1, 3, false)),
        (3, 100, (0, 0), 50, (2, 3, false)),
        (3, 100, (50, 2), 50, (1, 1, false)),
        (3, 100, (50, 2), 10, (0, 1, false)),
        // The gateway gave back more than our share, or less.
        (3, 100, (50, 3), 10, (0, 0, false)),
        (3, 100, (50, 1), 50, (2, 2, false)),
        (3, 100, (50, 5), 50, (0, 0, false)),
        // It surfaced beside others that gave back everything, or too much.
        (3, 100, (100, 3), 50, (0, 0, false)),
        (3, 100, (60, 0), 50, (3, 3, false)),
        (3, 100, (50, 2), 100, (1, 1, false)),
        (1, 1, (0, 0), 1, (1, 1, true)),
        (
            Amount::MAX.minor(),
            Amount::MAX.minor(),
            (0, 0),
            Amount::MAX.minor() - 1,
            (Amount::MAX.minor() - 1, Amount::MAX.minor(), false),
        ),
    ] {
        assert_eq!(part(fee, all, before, of), expected, "{fee} of {all}, {before:?}, {of}");
    }
}

proptest! {
    /// Whether the gateway rounds a share up or down.
    #[test]
    fn the_fees_of_any_refunds_sum_to_the_fee_and_never_exceed_it(
        fee in 0_u64..400,
        parts in prop::collection::vec((1_u64..4_000, -1_i64..=1), 1..12),
        basis in prop_oneof![Just(FeeBasis::Subtotal), Just(FeeBasis::Total)],
    ) {
        let mut fixture = Fixture::with_total(Some(10_000));
        fixture.policy.fee_basis = Some(basis);
        let at = fixture.pay(PaymentKind::Purchase, None, None).unwrap().sent();
        fixture.told(at, &with_fee("r", amount(10_000), fee));
        let id = at.transaction;
        let mut given_back = 0;
        let mut named_before = 0;
        for (part, off) in parts.into_iter().chain([(u64::MAX, 0)]) {
            let left = fixture.transaction(id).refundable().minor();
            if left == 0 {
                break;
            }
            // Beyond the time in which an equal one counts as a repetition.
            fixture.later(61);
            let part = part.min(left);
            let at = fixture.refund(id, Some(part)).unwrap().sent();
            let share = fixture.transaction(id).fee_share(fixture.operation(at), &fixture.policy);
            let ours = share.map_or(0, |share| share.share.minor());
            prop_assert_eq!(share.is_some(), fee > 0);
            prop_assert!(given_back + ours <= fee);
            if let Some(share) = share {
                prop_assert_eq!(share.left.minor(), fee - given_back);
                let named = share.named(amount(part)).map(Amount::minor);
                let all_left = if basis == FeeBasis::Total { 10_000 + fee - named_before } else { left };
                if share.is_whole {
                    prop_assert_eq!(named, None);
                } else if part == left {
                    prop_assert_eq!(named, Some(all_left), "the last part");
                } else {
                    prop_assert!(named.unwrap() <= all_left);
                }
            }
            // The last one gives back the rest.
            let is_last = part == left;
            let off = if is_last || basis == FeeBasis::Total { 0 } else { off };
            let actual = ours.saturating_add_signed(off).min(fee - given_back);
            refund_done(&mut fixture, at, actual);
            given_back += actual;
            named_before += part + actual;
        }
        prop_assert_eq!(given_back, fee);
    }
}

fn refund_done(fixture: &mut Fixture, at: OperationRef, fee: u64) {
    let reference = format!("f{}", at.operation.as_u128());
    let of = fixture.operation(at).amount;
    assert_eq!(fixture.told(at, &with_fee(&reference, of, fee)), NextStep::Respond);
}

#[test]
fn only_what_is_of_the_whole_payment_names_no_amount() {
    for (basis, part, last) in [(FeeBasis::Subtotal, 5_000, 5_000), (FeeBasis::Total, 5_150, 5_150)] {
        let (mut fixture, id) = paid(PaymentKind::Authorize, Some(basis));
        let at = fixture.capture(id, Some(5_000)).unwrap().sent();
        assert_eq!(shown(&fixture, at), (Some(part), 150, 300), "a capture of a part");

        let (mut fixture, id) = paid(PaymentKind::Authorize, Some(basis));
        let at = fixture.capture(id, None).unwrap().sent();
        assert_eq!(shown(&fixture, at), (None, 300, 300), "a capture of all");

        let (mut fixture, id) = paid(PaymentKind::Purchase, Some(basis));
        let at = fixture.refund(id, None).unwrap().sent();
        assert_eq!(shown(&fixture, at), (None, 300, 300), "a refund of all");

        let (mut fixture, id) = paid(PaymentKind::Purchase, Some(basis));
        refunded(&mut fixture, id, 5_000, 150);
        let at = fixture.refund(id, None).unwrap().sent();
        assert_eq!(shown(&fixture, at), (Some(last), 150, 150), "the refund of what is left");
    }
}

#[test]
fn what_was_captured_of_it_is_the_payments_fee_from_then_on() {
    let (mut fixture, id) = paid(PaymentKind::Authorize, Some(FeeBasis::Subtotal));
    let at = fixture.capture(id, Some(3_333)).unwrap().sent();
    assert_eq!(share(&fixture, at).share.minor(), 100);
    fixture.told(at, &with_fee("r", amount(3_333), 99));
    assert_eq!(fixture.transaction(id).captured(), amount(3_333), "without the fee");
    let at = fixture.refund(id, None).unwrap().sent();
    assert_eq!(shown(&fixture, at), (None, 99, 99));
}

#[test]
fn a_part_of_a_payment_with_a_fee_needs_a_basis_and_all_of_it_does_not() {
    for kind in [PaymentKind::Authorize, PaymentKind::Purchase] {
        let (mut fixture, id) = paid(kind, None);
        let part = |fixture: &mut Fixture| match kind {
            PaymentKind::Authorize => fixture.capture(id, Some(9_999)),
            _ => fixture.refund(id, Some(9_999)),
        };
        let before = fixture.order.clone();
        assert_eq!(part(&mut fixture), Err(Rejection::FeeBasisRequired));
        if kind == PaymentKind::Authorize {
            let (at, part) = (CaptureAt::At(fixture.now), CaptureAmount::Part(amount(9_999)));
            let terms = CaptureTerms { at: Some(at), amount: Some(part) };
            assert_eq!(fixture.reschedule(id, &terms), Err(Rejection::FeeBasisRequired));
        }
        assert_eq!(fixture.order, before, "nothing is on record");
        fixture.policy.fee_basis = Some(FeeBasis::Total);
        assert!(part(&mut fixture).is_ok());

        let (mut fixture, id) = paid(kind, None);
        let all = match kind {
            PaymentKind::Authorize => fixture.capture(id, Some(10_000)),
            _ => fixture.refund(id, Some(10_000)),
        };
        assert_eq!(shown(&fixture, all.unwrap().sent()), (None, 300, 300));
    }
    // Without a fee nothing is asked.
    let mut fixture = Fixture::new();
    let id = fixture.approved(PaymentKind::Purchase, None);
    let at = fixture.refund(id, Some(1)).unwrap().sent();
    assert_eq!(fixture.transaction(id).fee_share(fixture.operation(at), &fixture.policy), None);
}

#[test]
fn what_was_refunded_elsewhere_moved_no_fee_here() {
    let (mut fixture, id) = paid(PaymentKind::Purchase, Some(FeeBasis::Subtotal));
    let action = Action::Refund {
        target: crate::order::Target::Transaction(id),
        amount: Some(amount(2_000)),
        mechanism: Some(Mechanism::Manual),
    };
    fixture.ask(action, None).unwrap();
    let at = fixture.refund(id, None).unwrap().sent();
    assert_eq!(shown(&fixture, at), (Some(8_000), 240, 300), "the gateway knows only of this one");
    // It is a part, too.
    let (mut fixture, id) = paid(PaymentKind::Purchase, None);
    fixture.mark_refunded(id).unwrap();
    assert_eq!(fixture.refund(id, None), Err(Rejection::AlreadyRefunded));
}

#[test]
fn a_duplicates_refund_leaves_the_payment_whole() {
    let (mut fixture, id) = paid(PaymentKind::Purchase, None);
    let at = fixture.refund(id, None).unwrap().sent();
    fixture.told(at, &with_fee("f", amount(10_000), 300));
    let refund = fixture.order.operation_mut(at).unwrap();
    (refund.cause, refund.reference) = (Cause::Duplicate, Some("beside".to_owned()));
    fixture.later(61);
    let at = fixture.refund(id, None).unwrap().sent();
    assert_eq!(shown(&fixture, at), (None, 300, 300), "a part would need a basis");
}

#[test]
fn a_refund_in_a_voids_place_is_of_everything() {
    for (fee, listed, expected) in [(300, false, Some(300)), (0, true, Some(0)), (0, false, None)] {
        let mut fixture = Fixture::with_total(Some(10_000));
        fixture.policy.decline_on.avs = vec!["N".to_owned()];
        if listed {
            fixture.policy.surcharging = vec!["1".to_owned()];
        }
        let at = fixture.pay(PaymentKind::Purchase, None, None).unwrap().sent();
        let Outcome::Approved(response) = with_fee("r", amount(10_000), fee) else { unreachable!() };
        let refused = Outcome::Approved(GatewayResponse { avs: Some("N".to_owned()), ..response });
        let NextStep::Send(void) = fixture.told(at, &refused) else { panic!("no void") };
        assert_eq!(
            fixture.transaction(at.transaction).fee_share(fixture.operation(void), &fixture.policy),
            None
        );
        let NextStep::Send(refund) = fixture.told(void, &not_done(NoEffect::AlreadySettled)) else {
            panic!("no refund")
        };
        assert_eq!(fixture.operation(refund).cause, Cause::AvsMismatch);
        let share = fixture.transaction(at.transaction).fee_share(fixture.operation(refund), &fixture.policy);
        assert_eq!(share.map(|share| share.share.minor()), expected, "{fee} {listed}");
        assert!(share.is_none_or(|share| share.named(amount(10_000)).is_none()));

        // Of a payment beside its own: for the same amount, by the same card.
        let beside = Operation {
            cause: Cause::Duplicate,
            reference: Some("other".to_owned()),
            ..fixture.operation(refund).clone()
        };
        let share = fixture.transaction(at.transaction).fee_share(&beside, &fixture.policy);
        assert_eq!(share.map(|share| share.share.minor()), expected, "{fee} {listed}");
    }
}

#[test]
fn a_refund_in_a_voids_place_is_of_what_was_captured_and_of_a_payment_beside_it_of_all() {
    let (mut fixture, id) = paid(PaymentKind::Authorize, Some(FeeBasis::Subtotal));
    let capture = fixture.capture(id, Some(5_000)).unwrap().sent();
    fixture.told(capture, &with_fee("r", amount(5_000), 150));
    let refund = fixture.refund(id, None).unwrap().sent();
    let refund = Operation { cause: Cause::Requested, ..fixture.operation(refund).clone() };
    let of_all = |cause, reference: Option<&str>| {
        let reference = reference.map(str::to_owned);
        let operation = Operation { cause, reference, ..refund.clone() };
        let share = fixture.transaction(id).fee_share(&operation, &fixture.policy).unwrap();
        assert!(share.is_whole);
        (share.share.minor(), share.left.minor())
    };
    assert_eq!(of_all(Cause::AvsMismatch, None), (150, 150));
    // The other payment is of all that was authorized.
    assert_eq!(of_all(Cause::Duplicate, Some("other")), (300, 300));
}

#[test]
fn the_refund_of_a_second_charge_moved_nothing_of_the_payments_own_fee() {
    let (mut fixture, id) = paid(PaymentKind::Purchase, Some(FeeBasis::Subtotal));
    refunded(&mut fixture, id, 4_000, 120);
    let mut beside = fixture.transaction(id).operations.last().unwrap().clone();
    beside.id = Uuid::from_u128(1_000_000);
    (beside.cause, beside.reference) = (Cause::Duplicate, Some("other".to_owned()));
    fixture.order.transactions[0].operations.push(beside);
    fixture.later(61);
    let at = fixture.refund(id, Some(4_000)).unwrap().sent();
    assert_eq!(shown(&fixture, at), (Some(4_000), 120, 180));
    // Nor does the refund's own record count as refunded before itself.
    refund_done(&mut fixture, at, 120);
    assert_eq!(shown(&fixture, at), (Some(4_000), 120, 180));
}

#[test]
fn what_surfaces_late_is_held_against_what_was_refunded_before_it_was_sent() {
    let (mut fixture, id) = paid(PaymentKind::Purchase, Some(FeeBasis::Subtotal));
    let lost = fixture.refund(id, None).unwrap().sent();
    fixture.told(lost, &not_done(NoEffect::NeverArrived));
    fixture.later(7200);
    refunded(&mut fixture, id, 9_999, 300);
    assert_eq!(shown(&fixture, lost), (None, 300, 300), "nothing was refunded before it");
}

#[test]
fn an_account_with_a_surcharge_needs_a_postal_code() {
    let paying = |lacks_postcode| Action::Pay(Pay { lacks_postcode, ..pay(PaymentKind::Purchase, None) });
    for (accounts, lacks_postcode, refused) in [
        (&["1"][..], true, true),
        (&["1"][..], false, false),
        (&["2"][..], true, false),
        (&[][..], true, false),
    ] {
        let mut fixture = Fixture::new();
        fixture.policy.surcharging = accounts.iter().map(|account| (*account).to_owned()).collect();
        let planned = fixture.ask(paying(lacks_postcode), None);
        assert_eq!(planned.err(), refused.then_some(Rejection::PostcodeRequired), "{accounts:?}");
        assert_eq!(fixture.order.transactions.is_empty(), refused);
    }
}
