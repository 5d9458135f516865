//! The meaning of look-ups, by the state that they show.

use tollgate_core::values::Currency;

use super::*;
use memory::Log;

fn amount() -> Amount {
    Amount::new(2599).unwrap()
}

fn record(respstat: &str, setlstat: &str, amount: &str) -> GatewayReply {
    GatewayReply {
        respstat: Some(respstat.to_owned()),
        respproc: Some("FNOR".to_owned()),
        respcode: Some("00".to_owned()),
        retref: Some("222".to_owned()),
        order_id: Some("TGLATEST".to_owned()),
        setlstat: Some(setlstat.to_owned()),
        amount: Some(amount.to_owned()),
        has_our_fields: true,
        ..GatewayReply::default()
    }
}

fn not_found() -> GatewayReply {
    GatewayReply {
        respstat: Some("C".to_owned()),
        respproc: Some("PPS".to_owned()),
        respcode: Some("29".to_owned()),
        ..GatewayReply::default()
    }
}

fn timed_out() -> GatewayReply {
    GatewayReply {
        respstat: Some("B".to_owned()),
        respcode: Some("62".to_owned()),
        setlstat: Some("Declined".to_owned()),
        retref: Some("444".to_owned()),
        order_id: Some("TGLATEST".to_owned()),
        ..not_found()
    }
}

/// A record that the processor wants to be sent again.
fn try_again(amount: &str) -> GatewayReply {
    GatewayReply { respcode: Some("28".to_owned()), ..record("B", "Declined", amount) }
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

/// A payment by the records under its order ids.
fn of_one(about: Inquired<'_>, records: &[GatewayReply]) -> Finding {
    of_payment(about, amount(), "TGLATEST", records, &[])
}

/// A record that names the order id of an earlier attempt.
fn earlier(record: GatewayReply) -> GatewayReply {
    GatewayReply { order_id: Some("TGEARLIER".to_owned()), ..record }
}

/// A record that names its payment's order id.
fn listed(record: GatewayReply) -> GatewayReply {
    GatewayReply { order_id: Some("TGPAYMENT".to_owned()), ..record }
}

/// The refund of payment 111.
fn refund<'a>(known: &'a [&'a str]) -> Refund<'a> {
    Refund { amount: amount(), fee: None, ids: &["TGEARLIER", "TGLATEST"], payment: "111", known }
}

fn own(records: &[GatewayReply], known: &[&str]) -> Option<Finding> {
    refund(known).under_its_own(records)
}

fn payment() -> GatewayReply {
    listed(GatewayReply { retref: Some("111".to_owned()), ..record("A", "Accepted", "25.99") })
}

#[test]
fn a_payment_is_what_its_record_says() {
    let of = |about, record| of_one(about, &[record]);
    assert!(approved(&of(Inquired::Authorize, record("A", "Authorized", "25.99"))));
    assert!(approved(&of(Inquired::Purchase, record("A", "Queued for Capture", "25.99"))));
    assert!(approved(&of(Inquired::Purchase, record("A", "ACCEPTED", "25.99"))), "case does not count");
    let partly = of(Inquired::Purchase, record("A", "Queued for Capture", "5.00"));
    assert!(matches!(outcome(partly), Outcome::PartiallyApproved(_)));
    let declined = of(
        Inquired::Purchase,
        GatewayReply { respcode: Some("NU".to_owned()), ..record("C", "Declined", "0.00") },
    );
    assert!(matches!(outcome(declined), Outcome::Declined(..)));
    assert_eq!(of(Inquired::Purchase, not_found()), Finding::Absent);
    let voided = of(Inquired::Authorize, record("A", "Voided", "0.00"));
    assert!(matches!(outcome(voided), Outcome::NoEffect(NoEffect::VoidedElsewhere, _)));
}

#[test]
fn a_payment_of_which_the_gateway_lost_the_processor_is_told_as_such() {
    let found = of_one(Inquired::Purchase, &[timed_out()]);
    assert!(matches!(found, Finding::TimedOut(response) if response.code.as_deref() == Some("62")));
    let found = of_one(Inquired::Purchase, &[earlier(timed_out())]);
    assert_eq!(found, Finding::Absent, "it is the earlier attempt's");
    // Without a settlement state it is no record of a timeout.
    let bare = GatewayReply { setlstat: None, ..timed_out() };
    assert_eq!(of_one(Inquired::Purchase, &[bare]), Finding::Undecided);
}

#[test]
fn a_payment_that_the_settlement_refused_stays_approved_and_says_so() {
    for setlstat in ["Rejected", "Format Error", "Token Decrypt"] {
        let found = outcome(of_one(Inquired::Purchase, &[record("A", setlstat, "25.99")]));
        assert!(matches!(found, Outcome::Approved(response) if response.settlement_rejected), "{setlstat}");
        let refunded = outcome(own(&[record("A", setlstat, "-25.99")], &[]).unwrap());
        assert!(
            matches!(refunded, Outcome::Approved(response) if response.settlement_rejected),
            "{setlstat}"
        );
    }
    let settled = outcome(of_one(Inquired::Purchase, &[record("A", "Accepted", "25.99")]));
    assert!(matches!(settled, Outcome::Approved(response) if !response.settlement_rejected));
}

#[test]
fn a_state_that_is_not_listed_decides_nothing_and_concerns_this_operation_only() {
    let odd = ["Something New", "Zero Amount", "Declined"].map(|setlstat| record("A", setlstat, "25.99"));
    for odd in odd.into_iter().chain([GatewayReply::default()]) {
        assert_eq!(of_one(Inquired::Authorize, std::slice::from_ref(&odd)), Finding::Undecided);
        assert_eq!(of_capture(amount(), None, &odd), Finding::Undecided);
        assert_eq!(of_void(&odd), Finding::Undecided);
    }
    let nameless = GatewayReply { retref: None, ..record("A", "Authorized", "25.99") };
    assert_eq!(of_one(Inquired::Authorize, &[nameless]), Finding::Undecided, "its void could not be sent");
    // Held only, where it was to be taken at once.
    assert_eq!(of_one(Inquired::Purchase, &[record("A", "Authorized", "25.99")]), Finding::Undecided);
    assert_eq!(of_one(Inquired::Authorize, &[record("A", "Authorized", "26.00")]), Finding::Undecided);
    // A record that nothing is known of is beside one that decides.
    let both = [record("A", "Queued for Capture", "25.99"), record("A", "Something New", "25.99")];
    assert_eq!(of_one(Inquired::Purchase, &both), Finding::Undecided);
}

/// "Txn not found" is one code of one processor.
#[test]
fn another_refusal_without_a_settlement_state_is_no_proof_of_absence() {
    for (respproc, respcode) in [("PPS", "43"), ("FNOR", "29"), ("FNOR", "05")] {
        let refused = GatewayReply {
            respproc: Some(respproc.to_owned()),
            respcode: Some(respcode.to_owned()),
            ..record("C", "", "0.00")
        };
        let refused = GatewayReply { setlstat: None, ..refused };
        for about in [Inquired::Authorize, Inquired::Purchase] {
            let found = of_one(about, std::slice::from_ref(&refused));
            assert_eq!(found, Finding::Undecided, "{respproc} {respcode}");
        }
    }
}

#[test]
fn an_approval_of_nothing_but_a_fee_is_no_partial_approval() {
    for (total, fee) in [("0.00", ""), ("0.78", EVERYWHERE[0]), ("0.78", EVERYWHERE[1])] {
        let record = with_fee(total, "Queued for Capture", fee);
        assert_eq!(of_one(Inquired::Purchase, &[record]), Finding::Undecided, "{total}");
    }
}

#[test]
fn a_payment_that_is_known_to_be_there_and_is_not_found_decides_nothing() {
    assert_eq!(of_capture(amount(), None, &not_found()), Finding::Undecided);
    assert_eq!(of_void(&not_found()), Finding::Undecided);
}

#[test]
fn an_approval_beside_a_decline_counts() {
    let records = [record("C", "Declined", "0.00"), record("A", "Queued for Capture", "25.99")];
    assert!(approved(&of_one(Inquired::Purchase, &records)));
}

#[test]
fn two_approvals_are_both_told_under_one_order_id_and_under_two() {
    let one = record("A", "Queued for Capture", "25.99");
    let other = GatewayReply { retref: Some("333".to_owned()), ..record("A", "Accepted", "25.99") };
    for other in [other.clone(), earlier(other)] {
        let found = of_one(Inquired::Purchase, &[one.clone(), other]);
        let Finding::Several(approvals) = found else { panic!("{found:?}") };
        let references: Vec<_> =
            approvals.iter().filter_map(|approval| approval.reference.as_deref()).collect();
        assert_eq!(references, ["222", "333"]);
    }
}

/// It has the payment's order id, and where inquiries show its amount without a sign it looks like
/// a payment.
#[test]
fn a_refund_in_the_portal_is_no_second_payment() {
    let payment = record("A", "Accepted", "25.99");
    let portal = || GatewayReply { retref: Some("333".to_owned()), ..payment.clone() };
    let unmarked = GatewayReply { has_our_fields: false, ..portal() };
    for records in [[payment.clone(), unmarked.clone()], [unmarked, payment.clone()]] {
        assert_eq!(of_one(Inquired::Purchase, &records), Finding::Undecided, "it may not be voided");
    }
    let negative = GatewayReply { amount: Some("-25.99".to_owned()), has_our_fields: false, ..portal() };
    let of_ours = GatewayReply { attempt: Some("TGREFUND".to_owned()), ..portal() };
    for refund in [negative, of_ours] {
        assert!(approved(&of_one(Inquired::Purchase, &[payment.clone(), refund])));
    }
}

#[test]
fn what_an_earlier_attempt_came_to_is_not_taken_for_the_latest() {
    for refused in [record("C", "Declined", "0.00"), record("A", "Voided", "0.00"), timed_out()] {
        assert_eq!(of_one(Inquired::Purchase, &[earlier(refused), not_found()]), Finding::Absent);
    }
}

#[test]
fn a_refund_that_is_listed_under_the_payments_order_id_is_no_second_payment() {
    let charged = record("A", "Accepted", "25.99");
    let refunded =
        |written| GatewayReply { retref: Some("333".to_owned()), ..record("A", "Accepted", written) };
    let records = [charged, refunded("-25.99")];
    assert!(approved(&of_one(Inquired::Purchase, &records)));
    let records = [record("A", "Accepted", "25.99"), refunded("25.99")];
    let found = of_payment(Inquired::Purchase, amount(), "TGLATEST", &records, &["333"]);
    assert!(approved(&found), "known by its reference");
}

#[test]
fn a_refusal_as_a_duplicate_decides_nothing() {
    for (respproc, respcode) in
        [("FNOR", "94"), ("RPCT", "913"), ("VANT", "98"), ("PSTR", "01"), ("PMT", "234")]
    {
        let refused = GatewayReply {
            respproc: Some(respproc.to_owned()),
            respcode: Some(respcode.to_owned()),
            ..record("C", "Declined", "0.00")
        };
        assert!(matches!(of_one(Inquired::Purchase, std::slice::from_ref(&refused)), Finding::Duplicate(_)));
        assert!(matches!(own(&[refused], &[]), Some(Finding::Duplicate(_))));
    }
}

#[test]
fn authorized_after_a_capture_means_not_captured() {
    assert_eq!(of_capture(amount(), None, &record("A", "Authorized", "25.99")), Finding::Absent);
    assert!(approved(&of_capture(amount(), None, &record("A", "Queued for Capture", "25.99"))));
    assert_eq!(of_capture(amount(), None, &record("A", "Queued for Capture", "20.00")), Finding::Undecided);
    let negative = record("A", "Queued for Capture", "-25.99");
    assert_eq!(of_capture(amount(), None, &negative), Finding::Undecided, "a refund is no capture");
    let voided = of_capture(amount(), None, &record("A", "Voided", "0.00"));
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
fn a_refund_is_found_whatever_its_sign_and_its_settlement() {
    for written in ["-25.99", "25.99"] {
        for setlstat in
            ["Refunded", "Accepted", "Queued for Capture", "Amount Under Review", "Something New", ""]
        {
            let refund = record("A", setlstat, written);
            assert!(approved(&own(std::slice::from_ref(&refund), &[]).unwrap()), "{setlstat} {written}");
            assert!(approved(&self::refund(&[]).under_the_payments(&[payment(), refund]).unwrap()));
        }
    }
    let bare = GatewayReply { setlstat: None, ..record("A", "", "-25.99") };
    assert!(approved(&own(&[bare], &[]).unwrap()));
    assert_eq!(own(&[record("A", "Accepted", "-5.00")], &[]), Some(Finding::Undecided), "another amount");
}

/// A payment that was delivered twice is listed twice under its order id, as two payments of the
/// same amount.
#[test]
fn a_second_payment_is_not_taken_for_its_refund() {
    let of = |record| refund(&[]).under_the_payments(&[payment(), listed(record)]).unwrap();
    assert_eq!(of(record("A", "Accepted", "25.99")), Finding::Undecided, "its amount is not given back");
    assert!(approved(&of(record("A", "Accepted", "-25.99"))));
    let marked = GatewayReply { attempt: Some("TGLATEST".to_owned()), ..record("A", "Accepted", "25.99") };
    assert!(approved(&of(marked)));
}

#[test]
fn a_refund_is_absent_only_when_every_record_is_accounted_for() {
    assert_eq!(own(&[not_found()], &[]), None);
    assert_eq!(own(&[payment()], &[]), None, "the payment is no refund");
    assert_eq!(own(&[record("A", "Accepted", "-25.99")], &["222"]), None, "nor is a known one");
    let of = |records: &[GatewayReply], known: &[&str]| {
        refund(known).under_the_payments(records).unwrap_or(Finding::Undecided)
    };
    assert_eq!(of(&[not_found()], &[]), Finding::Undecided, "the list has to show the payment");
    assert_eq!(of(&[payment()], &[]), Finding::Absent);
    assert_eq!(of(&[payment(), record("A", "Accepted", "-25.99")], &["222"]), Finding::Absent);
    let other = listed(record("A", "Accepted", "-5.00"));
    assert_eq!(of(&[payment(), other], &[]), Finding::Undecided, "whose is it?");
    let declined = listed(record("C", "Declined", "0.00"));
    assert_eq!(of(&[payment(), declined], &[]), Finding::Absent, "it moved nothing");
    let nameless = GatewayReply { retref: None, ..record("A", "Accepted", "-25.99") };
    assert_eq!(of(&[payment(), nameless], &[]), Finding::Undecided);
}

#[test]
fn of_several_records_that_can_be_a_refund_only_one_with_its_mark_is_adopted() {
    let one = |retref: &str, attempt: Option<&str>| GatewayReply {
        retref: Some(retref.to_owned()),
        attempt: attempt.map(str::to_owned),
        ..listed(record("A", "Accepted", "-25.99"))
    };
    let of = |records: &[GatewayReply]| refund(&[]).under_the_payments(records).unwrap_or(Finding::Undecided);
    assert_eq!(of(&[payment(), one("2", None), one("3", None)]), Finding::Undecided);
    assert!(approved(&of(&[payment(), one("2", None), one("3", Some("TGLATEST"))])));
    assert!(approved(&of(&[payment(), one("2", Some("TGOTHER")), one("3", None)])), "the other is another's");
    assert_eq!(of(&[payment(), one("2", Some("TGOTHER"))]), Finding::Absent);
    let twice = [payment(), one("2", Some("TGEARLIER")), one("3", Some("TGLATEST"))];
    let Finding::Several(both) = of(&twice) else { panic!("each attempt was done") };
    assert_eq!(both.len(), 2);
    let another = GatewayReply { amount: Some("-5.00".to_owned()), ..one("2", Some("TGEARLIER")) };
    assert_eq!(of(&[payment(), another, one("3", Some("TGLATEST"))]), Finding::Undecided);
}

#[test]
fn a_refund_that_was_refused_is_told_by_its_own_record() {
    let declined = record("C", "Declined", "0.00");
    assert!(matches!(outcome(own(std::slice::from_ref(&declined), &[]).unwrap()), Outcome::Declined(..)));
    let voided = outcome(own(&[record("A", "Voided", "0.00")], &[]).unwrap());
    assert!(matches!(voided, Outcome::NoEffect(NoEffect::VoidedElsewhere, _)));
    assert!(matches!(own(&[timed_out()], &[]), Some(Finding::TimedOut(_))));
    // Under the id of an earlier attempt, it says nothing of the latest.
    assert_eq!(own(&[earlier(declined)], &[]), None);
    let unknown = record("C", "Something New", "-25.99");
    assert_eq!(own(&[unknown], &[]), Some(Finding::Undecided), "it is there, and nothing is known of it");
    let contradicting = record("A", "Declined", "-25.99");
    assert_eq!(own(&[contradicting], &[]), Some(Finding::Undecided));
}

#[test]
fn a_refund_whose_processor_the_gateway_lost_is_told_as_such_whatever_respstat_and_amount_say() {
    for respcode in ["62", "63", "64", "65", "66"] {
        for (respstat, amount) in [("B", "0.00"), ("B", "-25.99"), ("C", "0.00"), ("C", "-25.99")] {
            let lost = GatewayReply {
                respproc: Some("PPS".to_owned()),
                respcode: Some(respcode.to_owned()),
                ..record(respstat, "Declined", amount)
            };
            let what = format!("{respstat} {respcode} {amount}");
            assert!(
                matches!(own(&[lost.clone(), try_again("0.00")], &[]), Some(Finding::TimedOut(_))),
                "{what}"
            );
            // It may be this refund and be done, even though its owner is unknown.
            let found = refund(&[]).under_the_payments(&[payment(), listed(lost)]);
            assert_eq!(found, Some(Finding::Undecided), "{what}");
        }
    }
}

#[test]
fn a_refund_to_be_sent_again_is_undone_only_by_the_latest_attempts_record_without_an_amount() {
    let says = |found| matches!(found, Some(Finding::TryAgain(_)));
    let line_down = GatewayReply {
        respproc: Some("PPS".to_owned()),
        respcode: Some("61".to_owned()),
        ..try_again("0.00")
    };
    let unlisted = GatewayReply {
        respproc: Some("FNOR".to_owned()),
        respcode: Some("62".to_owned()),
        ..line_down.clone()
    };
    for record in [try_again("0.00"), try_again("-0.00"), line_down, unlisted] {
        assert!(says(own(std::slice::from_ref(&record), &[])));
        assert_eq!(own(&[earlier(record.clone())], &[]), None, "it says nothing of the latest");
        let named = GatewayReply { attempt: Some("TGLATEST".to_owned()), ..listed(record.clone()) };
        assert!(says(refund(&[]).under_the_payments(&[payment(), named])));
        // It gave nothing back, so its owner is irrelevant.
        let found = refund(&[]).under_the_payments(&[payment(), listed(record.clone())]);
        assert_eq!(found, Some(Finding::Absent));
        let done = GatewayReply { retref: Some("333".to_owned()), ..self::record("A", "Accepted", "-25.99") };
        assert!(approved(&own(&[record, done], &[]).unwrap()), "an approval beside it counts");
    }
    let without_amount = GatewayReply { amount: None, ..try_again("") };
    for record in [try_again("-25.99"), try_again("0.01"), without_amount] {
        assert_eq!(own(std::slice::from_ref(&record), &[]), Some(Finding::Undecided));
        let found = refund(&[]).under_the_payments(&[payment(), listed(record)]);
        assert_eq!(found, Some(Finding::Undecided));
    }
}

#[test]
fn a_payment_to_be_sent_again_had_no_effect_whatever_its_record_says_was_requested() {
    for amount in ["0.00", "25.99"] {
        let record = try_again(amount);
        assert!(matches!(of_one(Inquired::Purchase, std::slice::from_ref(&record)), Finding::TryAgain(_)));
        let found = of_one(Inquired::Purchase, &[earlier(record.clone())]);
        assert_eq!(found, Finding::Absent, "it is the earlier attempt's");
        // The payment of a capture or a void was approved.
        assert_eq!(of_capture(self::amount(), None, &record), Finding::Undecided);
        assert_eq!(of_void(&record), Finding::Undecided);
    }
}

/// Here it may be anything: the refund of a person in the portal, or an earlier attempt that was
/// done.
#[test]
fn a_void_under_the_payments_order_id_that_names_no_attempt_or_an_earlier_one_refuses_nothing() {
    let voided = |attempt: Option<&str>| GatewayReply {
        attempt: attempt.map(str::to_owned),
        ..listed(record("A", "Voided", "-25.99"))
    };
    let declined = GatewayReply {
        attempt: Some("TGLATEST".to_owned()),
        retref: Some("333".to_owned()),
        ..listed(record("C", "Declined", "0.00"))
    };
    let of = |records: &[GatewayReply]| refund(&[]).under_the_payments(records).unwrap_or(Finding::Undecided);
    assert_eq!(of(&[payment(), voided(None)]), Finding::Undecided);
    let without_amount = GatewayReply { amount: Some("0.00".to_owned()), ..voided(None) };
    assert_eq!(of(&[payment(), without_amount]), Finding::Undecided);
    assert_eq!(of(&[payment(), voided(Some("TGEARLIER"))]), Finding::Undecided);
    assert_eq!(of(&[payment(), voided(Some("TGEARLIER")), declined.clone()]), Finding::Undecided);
    assert!(matches!(outcome(of(&[payment(), declined])), Outcome::Declined(..)), "the latest names itself");
    let latest = outcome(of(&[payment(), voided(Some("TGLATEST"))]));
    assert!(matches!(latest, Outcome::NoEffect(NoEffect::VoidedElsewhere, _)));
}

#[test]
fn a_void_whose_settlement_has_no_known_result_decides_nothing() {
    for setlstat in ["PIN Debit", "Rejected"] {
        assert_eq!(of_void(&record("A", setlstat, "25.99")), Finding::Undecided, "{setlstat}");
    }
}

#[test]
fn a_payment_under_review_or_without_a_settlement_state_decides_nothing_yet() {
    let in_words = ["Amount Under Review", "amount under review", ""].map(|text| record("A", text, "25.99"));
    let bare = GatewayReply { setlstat: None, ..record("A", "", "25.99") };
    for record in in_words.into_iter().chain([bare]) {
        for about in [Inquired::Authorize, Inquired::Purchase] {
            assert_eq!(of_one(about, std::slice::from_ref(&record)), Finding::UnderReview);
        }
        assert_eq!(of_capture(amount(), None, &record), Finding::UnderReview);
        assert_eq!(of_void(&record), Finding::UnderReview);
        // Beside a record that nothing is known of, that one tells when a person is needed.
        let both = [record, self::record("A", "Something New", "25.99")];
        assert_eq!(of_one(Inquired::Purchase, &both), Finding::Undecided);
    }
}

#[test]
fn an_authorization_of_zero_is_approved_by_its_own_record_and_no_payment_is() {
    let zero = [record("A", "Zero Amount", "0.00")];
    let of = |about, amount| of_payment(about, amount, "TGLATEST", &zero, &[]);
    assert!(approved(&of(Inquired::Authorize, Amount::ZERO)));
    assert_eq!(of(Inquired::Authorize, amount()), Finding::Undecided);
    assert_eq!(of(Inquired::Purchase, Amount::ZERO), Finding::Undecided);
    assert_eq!(of_capture(amount(), None, &zero[0]), Finding::Undecided);
    assert_eq!(of_void(&zero[0]), Finding::Undecided);
}

fn with_account<T>(check: impl FnOnce(&Account<'_>) -> T) -> T {
    let document = r#"{"keys": ["a-key-of-the-merchant"], "token_signing_key": "0123456789abcdef0123456789abcdef",
        "gateway": {"site": "elsewhere", "username": "u", "password": "p", "merchids": {"USD": "BCX100264539177"},
            "linked_merchids": ["542041"]}}"#;
    let merchant =
        crate::merchant_document::parse("m".parse().unwrap(), document, &crate::cardpointe::Info).unwrap();
    let route = merchant.route(Currency::USD).unwrap();
    check(&Account { route: &route, merchant: &merchant, currency: Currency::USD })
}

fn count(records: Vec<GatewayReply>) -> Option<usize> {
    with_account(|account| {
        of_ours(records, account, |id| ["TGLATEST", "TGEARLIER"].contains(&id), &["TGREFUND"])
    })
    .map(|ours| ours.len())
}

#[test]
fn a_record_that_is_listed_twice_is_one_record() {
    let one = || record("A", "Queued for Capture", "25.99");
    assert_eq!(count(vec![one(), one()]), Some(1));
    let other = GatewayReply { retref: Some("333".to_owned()), ..one() };
    assert_eq!(count(vec![one(), other]), Some(2));
    // Which of them would be right?
    for contradicting in [
        record("A", "Voided", "25.99"),
        record("A", "Queued for Capture", "20.00"),
        record("C", "Queued for Capture", "25.99"),
        earlier(one()),
    ] {
        assert_eq!(count(vec![one(), contradicting]), None);
    }
    let nameless = || GatewayReply { retref: None, ..record("C", "Declined", "0.00") };
    assert_eq!(count(vec![nameless(), nameless()]), Some(2), "there is nothing to tell them apart by");
}

#[test]
fn a_record_counts_only_if_every_member_that_names_somebody_fits() {
    type Member = fn(GatewayReply, Option<String>) -> GatewayReply;
    let members: [(Member, &[&str], &[&str]); 4] = [
        (
            |record, order_id| GatewayReply { order_id, ..record },
            &["TGLATEST", "TGEARLIER"],
            &["TGOTHER", "tglatest"],
        ),
        (
            |record, merchid| GatewayReply { merchid, ..record },
            &["BCX100264539177", "542041"],
            &["496160873888"],
        ),
        (|record, currency| GatewayReply { currency, ..record }, &["USD", "usd"], &["EUR", "US"]),
        (
            |record, retref| GatewayReply { retref, ..record },
            &["2", "123456789012", "A1234567890123"],
            &["../../x", "123456789012345", "12 34", "12/34"],
        ),
    ];
    for (n, (with, fitting, foreign)) in members.into_iter().enumerate() {
        let counted = |text: Option<&str>| {
            count(vec![with(record("A", "Authorized", "25.99"), text.map(str::to_owned))])
        };
        assert!(fitting.iter().all(|text| counted(Some(text)) == Some(1)), "{n}");
        let log = Log::here();
        assert!(foreign.iter().all(|text| counted(Some(text)).is_none()), "{n}");
        let lines = log.lines("a gateway's record does not fit its operation");
        assert_eq!(lines.len(), foreign.len(), "an operator is told");
        assert!(lines.iter().all(|line| line["merchant"] == "m" && line["level"] == "ERROR"));
        // Every documented record names its order; its other missing members are not required.
        assert_eq!(counted(None), (n > 0).then_some(1), "{n}");
    }
    assert_eq!(count(vec![not_found()]), Some(1), "what is not there names nothing");
    let refund = GatewayReply { order_id: Some("TGREFUND".to_owned()), ..record("A", "Authorized", "25.99") };
    assert_eq!(count(vec![refund]), Some(0), "it is known whose it is");
}

/// A record with this total and these fee members.
fn with_fee(total: &str, setlstat: &str, fee: &str) -> GatewayReply {
    let body = format!(
        r#"{{"respstat":"A","respproc":"RPCT","respcode":"000","retref":"222","orderId":"TGLATEST","amount":"{total}",
            "setlstat":"{setlstat}","userfields":[{{"order_id":"o"}}]{fee}}}"#
    );
    GatewayReply::parse(body.as_bytes()).unwrap()
}

const DOCUMENTED: [&str; 2] = [
    r#","fee_type":"SURCHRG","fee_format":"percent","fee_value":"300""#,
    r#","fee_type":"S","fee_format":"percent","fee_value":"3""#,
];
const EVERYWHERE: [&str; 2] = [
    r#","fee_type":"SURCHRG","fee_format":"percent","fee_value":"300","fee_amount":"0.78""#,
    r#","fee_type":"S","fee_format":"percent","fee_value":"3","fee_amount":"0.78""#,
];

/// The approved amount and fee, in minor units.
fn charged(finding: &Finding) -> Option<(u64, u64)> {
    let Finding::Became(outcome) = finding else { return None };
    let Outcome::Approved(response) = &**outcome else { return None };
    let charged = response.charged?;
    Some((charged.amount.minor(), charged.fee.map_or(0, |fee| fee.amount.minor())))
}

fn of_fee(is_whole: bool) -> FeeShare {
    let share = Amount::new(78).unwrap();
    let kind = tollgate_core::values::FeeKind::Surcharge;
    FeeShare { is_whole, share, left: share, kind, basis: None }
}

#[test]
fn a_payment_with_a_surcharge_is_found_by_its_amount_or_by_its_rate() {
    for fee in DOCUMENTED.into_iter().chain(EVERYWHERE) {
        let held = with_fee("26.77", "Authorized", fee);
        assert_eq!(charged(&of_one(Inquired::Authorize, &[held])), Some((2599, 78)), "{fee}");
        let taken = with_fee("26.77", "Accepted", fee);
        assert_eq!(
            charged(&of_one(Inquired::Purchase, std::slice::from_ref(&taken))),
            Some((2599, 78)),
            "{fee}"
        );
        for (total, fee) in [("26.78", fee), ("26.77", "")] {
            let odd = with_fee(total, "Accepted", fee);
            assert_eq!(of_one(Inquired::Purchase, &[odd]), Finding::Undecided, "{total} {fee}");
        }
        let other = GatewayReply { retref: Some("333".to_owned()), ..taken.clone() };
        let found = of_one(Inquired::Purchase, &[taken.clone(), other]);
        assert!(
            matches!(found, Finding::Several(all) if all.iter().all(|one| one.amount() == Some(amount())))
        );
        let odd = GatewayReply { retref: Some("333".to_owned()), ..with_fee("26.78", "Accepted", fee) };
        assert_eq!(of_one(Inquired::Purchase, &[taken, odd]), Finding::Undecided, "one is not understood");
    }
}

#[test]
fn a_capture_and_a_refund_are_found_with_the_fee_that_went_with_them() {
    for fee in DOCUMENTED.into_iter().chain(EVERYWHERE) {
        for is_whole in [true, false] {
            let share = Some(of_fee(is_whole));
            let captured = of_capture(amount(), share, &with_fee("26.77", "Queued for Capture", fee));
            assert_eq!(charged(&captured), Some((2599, 78)), "{fee}");
            let odd = of_capture(amount(), share, &with_fee("26.79", "Queued for Capture", fee));
            assert_eq!(odd, Finding::Undecided, "{fee}");
            for sign in ["", "-"] {
                let total = format!("{sign}26.77");
                let fee = fee.replace("0.78", &format!("{sign}0.78"));
                let record =
                    GatewayReply { retref: Some("333".to_owned()), ..with_fee(&total, "Accepted", &fee) };
                let refund = Refund { fee: share, ..refund(&[]) };
                let found = refund.under_its_own(std::slice::from_ref(&record)).unwrap();
                assert_eq!(charged(&found), Some((2599, 78)), "{total} {fee}");
                let unexplained = Refund { fee: None, ..refund };
                assert_eq!(unexplained.under_its_own(&[record]), Some(Finding::Undecided));
            }
        }
    }
    let voided = of_void(&with_fee("0.00", "Voided", DOCUMENTED[0]));
    assert!(approved(&voided));
}
