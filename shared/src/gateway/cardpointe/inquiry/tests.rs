//! What look-ups mean, by the state that they show.

use super::*;

const OWN: Under = Under::ItsOwnId { sent_before: false };

fn amount() -> Amount {
    Amount::new(2599).unwrap()
}

fn record(respstat: &str, setlstat: &str, amount: &str) -> Reply {
    Reply {
        respstat: Some(respstat.to_owned()),
        respproc: Some("FNOR".to_owned()),
        respcode: Some("00".to_owned()),
        retref: Some("222".to_owned()),
        setlstat: Some(setlstat.to_owned()),
        amount: Some(amount.to_owned()),
        ..Reply::default()
    }
}

fn not_found() -> Reply {
    Reply {
        respstat: Some("C".to_owned()),
        respproc: Some("PPS".to_owned()),
        respcode: Some("29".to_owned()),
        ..Reply::default()
    }
}

fn timed_out() -> Reply {
    Reply { respstat: Some("B".to_owned()), respcode: Some("62".to_owned()), ..not_found() }
}

fn outcome(finding: Finding) -> Outcome {
    match finding {
        Finding::Became(outcome) => *outcome,
        other => panic!("{other:?}"),
    }
}

fn approved(finding: &Finding) -> bool {
    matches!(finding, Finding::Became(outcome) if matches!(**outcome, Outcome::Approved(_)))
}

#[test]
fn a_payment_is_what_its_record_says() {
    let of = |kind, record| of_payment(kind, amount(), &[record], false);
    assert!(approved(&of(Kind::Authorize, record("A", "Authorized", "25.99"))));
    assert!(approved(&of(Kind::Purchase, record("A", "Queued for Capture", "25.99"))));
    assert!(approved(&of(Kind::Purchase, record("A", "Accepted", "25.99"))));
    let partly = of(Kind::Purchase, record("A", "Queued for Capture", "5.00"));
    assert!(matches!(outcome(partly), Outcome::PartiallyApproved(_)));
    let declined =
        of(Kind::Purchase, Reply { respcode: Some("NU".to_owned()), ..record("C", "Declined", "0.00") });
    assert!(matches!(outcome(declined), Outcome::Declined(..)));
    assert_eq!(of(Kind::Purchase, not_found()), Finding::Absent);
}

#[test]
fn a_voided_payment_is_not_approved() {
    let voided = of_payment(Kind::Authorize, amount(), &[record("A", "Voided", "0.00")], false);
    assert!(matches!(outcome(voided), Outcome::NoEffect(NoEffect::VoidedElsewhere, _)));
}

#[test]
fn a_state_that_is_not_listed_decides_nothing() {
    for setlstat in ["Amount Under Review", "Rejected", "Something New", "authorized"] {
        let odd = record("A", setlstat, "25.99");
        assert_eq!(
            of_payment(Kind::Authorize, amount(), std::slice::from_ref(&odd), false),
            Finding::Undecided
        );
        assert_eq!(of_capture(amount(), &odd), Finding::Undecided);
        assert_eq!(of_void(&odd), Finding::Undecided);
    }
    // Held only, where it was to be taken at once.
    let held = record("A", "Authorized", "25.99");
    assert_eq!(of_payment(Kind::Purchase, amount(), &[held], false), Finding::Undecided);
    let more = record("A", "Authorized", "26.00");
    assert_eq!(of_payment(Kind::Authorize, amount(), &[more], false), Finding::Undecided);
}

#[test]
fn a_look_up_that_failed_says_nothing() {
    for failed in [timed_out(), Reply::default()] {
        assert_eq!(
            of_payment(Kind::Purchase, amount(), std::slice::from_ref(&failed), false),
            Finding::Failed
        );
        assert_eq!(of_capture(amount(), &failed), Finding::Failed);
        assert_eq!(of_void(&failed), Finding::Failed);
        assert_eq!(of_refund(amount(), std::slice::from_ref(&failed), &[], OWN), Finding::Failed);
    }
}

#[test]
fn an_approval_beside_a_decline_of_an_earlier_attempt_counts() {
    let records = [record("C", "Declined", "0.00"), record("A", "Queued for Capture", "25.99")];
    assert!(approved(&of_payment(Kind::Purchase, amount(), &records, true)));
}

#[test]
fn two_approvals_under_one_order_id_are_both_told() {
    let records = [record("A", "Queued for Capture", "25.99"), record("A", "Queued for Capture", "25.99")];
    let found = of_payment(Kind::Purchase, amount(), &records, true);
    assert!(matches!(found, Finding::Several(approvals) if approvals.len() == 2));
}

#[test]
fn authorized_after_a_capture_means_not_captured() {
    assert_eq!(of_capture(amount(), &record("A", "Authorized", "25.99")), Finding::Absent);
    assert!(approved(&of_capture(amount(), &record("A", "Queued for Capture", "25.99"))));
    assert_eq!(of_capture(amount(), &record("A", "Queued for Capture", "20.00")), Finding::Undecided);
    let voided = of_capture(amount(), &record("A", "Voided", "0.00"));
    assert!(matches!(outcome(voided), Outcome::NoEffect(NoEffect::VoidedElsewhere, _)));
}

#[test]
fn a_void_is_read_off_the_payment() {
    assert!(approved(&of_void(&record("A", "Voided", "0.00"))));
    assert_eq!(of_void(&record("A", "Queued for Capture", "25.99")), Finding::Absent);
    let settled = of_void(&record("A", "Accepted", "25.99"));
    assert!(matches!(outcome(settled), Outcome::NoEffect(NoEffect::AlreadySettled, _)));
}

#[test]
fn an_empty_answer_alone_never_closes_a_refund() {
    assert_eq!(of_refund(amount(), &[not_found()], &[], OWN), Finding::Undecided);
    assert_eq!(of_refund(amount(), &[not_found()], &[], Under::ThePayment), Finding::Undecided);
    for stands in ["Accepted", "Queued for Capture"] {
        let payment = record("A", stands, "25.99");
        assert_eq!(of_refund(amount(), &[payment], &[], Under::ThePayment), Finding::Absent);
    }
}

#[test]
fn a_refund_is_found_with_either_sign_and_a_known_one_is_not_taken_for_it() {
    for written in ["-25.99", "25.99"] {
        let refund = record("A", "Refunded", written);
        assert!(approved(&of_refund(amount(), std::slice::from_ref(&refund), &[], OWN)));
    }
    let both = [record("A", "Accepted", "25.99"), record("A", "Refunded", "-25.99")];
    assert!(approved(&of_refund(amount(), &both, &[], Under::ThePayment)));
    assert_eq!(of_refund(amount(), &both, &["222"], Under::ThePayment), Finding::Absent);
    let other = [record("A", "Accepted", "25.99"), record("A", "Refunded", "-5.00")];
    assert_eq!(of_refund(amount(), &other, &[], Under::ThePayment), Finding::Absent);
}

#[test]
fn a_decline_or_void_of_an_earlier_attempt_is_not_taken_for_the_later_ones() {
    let voided = record("A", "Voided", "0.00");
    assert_eq!(of_payment(Kind::Purchase, amount(), &[voided], true), Finding::Absent);
    let declined = record("C", "Declined", "0.00");
    assert_eq!(of_payment(Kind::Purchase, amount(), std::slice::from_ref(&declined), true), Finding::Absent);
    let again = Under::ItsOwnId { sent_before: true };
    assert_eq!(of_refund(amount(), std::slice::from_ref(&declined), &[], again), Finding::Undecided);
}
