//! One test for each kind of response.

use tollgate_core::{
    order::{Decline, FeeShare, Retry},
    values::{DeclineCode, FeeKind},
};

use super::*;

const PAYMENT: Requested<'static> = Requested::Payment { brand: None };
const CAPTURE: Requested<'static> = Requested::Capture { fee: None };
const REFUND: Requested<'static> = Requested::Refund { of: "111", fee: None };
const ALL: [Requested<'static>; 4] = [PAYMENT, CAPTURE, REFUND, Requested::Void];
const FOLLOW_UPS: [Requested<'static>; 3] = [CAPTURE, REFUND, Requested::Void];

fn requested_amount() -> Amount {
    Amount::new(2599).unwrap()
}

fn reply(respstat: &str, respproc: &str, respcode: &str) -> GatewayReply {
    GatewayReply {
        respstat: Some(respstat.to_owned()),
        respproc: Some(respproc.to_owned()),
        respcode: Some(respcode.to_owned()),
        retref: Some("222".to_owned()),
        amount: Some("25.99".to_owned()),
        ..GatewayReply::default()
    }
}

fn of(requested: Requested<'_>, reply: &GatewayReply) -> Outcome {
    meaning(requested, requested_amount(), reply)
}

fn is_unknown(outcome: &Outcome, why: Doubt) -> bool {
    matches!(outcome, Outcome::Unknown(doubt, _) if *doubt == why)
}

#[test]
fn the_gateway_losing_track_is_unknown_whatever_respstat_says() {
    for requested in ALL {
        for code in ["63", "64", "65", "66"] {
            for respstat in ["A", "B", "C"] {
                assert!(is_unknown(&of(requested, &reply(respstat, "PPS", code)), Doubt::GatewayLostTrack));
            }
        }
    }
    // The same numbers of a processor are its own business.
    assert!(matches!(of(PAYMENT, &reply("C", "FNOR", "63")), Outcome::Declined(..)));
}

#[test]
fn a_response_without_its_status_or_code_is_unknown() {
    let cut = [
        GatewayReply { respstat: None, ..reply("A", "FNOR", "00") },
        GatewayReply { respcode: None, ..reply("A", "FNOR", "00") },
        GatewayReply { respproc: None, ..reply("C", "FNOR", "51") },
        reply("X", "FNOR", "00"),
        reply("a", "FNOR", "00"),
    ];
    for reply in &cut {
        for requested in ALL {
            assert!(is_unknown(&of(requested, reply), Doubt::Unreadable));
        }
    }
}

#[test]
fn settled_with_respstat_a_is_no_success() {
    assert!(is_unknown(&of(PAYMENT, &reply("A", "PPS", "26")), Doubt::StateDiffers));
    assert!(is_unknown(&of(CAPTURE, &reply("A", "PPS", "26")), Doubt::StateDiffers));
    assert!(is_unknown(&of(REFUND, &reply("A", "PPS", "26")), Doubt::StateDiffers));
    let void =
        of(Requested::Void, &GatewayReply { authcode: Some("REVERS".to_owned()), ..reply("A", "PPS", "26") });
    assert!(matches!(void, Outcome::NoEffect(NoEffect::AlreadySettled, _)));
}

#[test]
fn another_state_at_the_gateway_than_ours_is_inquired_about() {
    for requested in FOLLOW_UPS {
        for code in ["25", "29", "42", "43"] {
            assert!(is_unknown(&of(requested, &reply("C", "PPS", code)), Doubt::StateDiffers), "{code}");
        }
    }
    for code in ["27", "28"] {
        assert!(is_unknown(&of(CAPTURE, &reply("C", "PPS", code)), Doubt::StateDiffers));
    }
    assert!(is_unknown(&of(Requested::Void, &reply("C", "PPS", "28")), Doubt::StateDiffers));
    // On a payment the same codes are a plain refusal.
    assert!(matches!(
        of(PAYMENT, &reply("C", "PPS", "43")),
        Outcome::Declined(_, Decline { code: DeclineCode::InvalidAmount, .. })
    ));
}

#[test]
fn a_refund_before_settlement_and_a_void_after_it_are_known_to_have_done_nothing() {
    for code in ["27", "28"] {
        assert!(matches!(of(REFUND, &reply("C", "PPS", code)), Outcome::NoEffect(NoEffect::NotSettled, _)));
    }
    for (respstat, code) in [("A", "26"), ("C", "27")] {
        let outcome = of(Requested::Void, &reply(respstat, "PPS", code));
        assert!(matches!(outcome, Outcome::NoEffect(NoEffect::AlreadySettled, _)));
    }
}

#[test]
fn the_merchants_set_up_being_refused_is_no_decline() {
    for requested in ALL {
        for code in ["21", "22", "23", "91", "92", "93", "94", "95", "97"] {
            let outcome = of(requested, &reply("C", "PPS", code));
            let Outcome::NoEffect(reason, _) = outcome else { panic!("{code}: {outcome:?}") };
            assert_eq!((reason, reason.retry()), (NoEffect::Misconfigured, Retry::AfterAChange), "{code}");
        }
    }
}

#[test]
fn retry_means_that_a_payment_had_no_effect_and_leaves_anything_else_in_doubt() {
    let outcome = of(PAYMENT, &reply("B", "PPS", "62"));
    let Outcome::NoEffect(reason, _) = outcome else { panic!("{outcome:?}") };
    assert_eq!((reason, reason.retry()), (NoEffect::TryAgain, Retry::AsItIs));
    for requested in FOLLOW_UPS {
        let outcome = of(requested, &reply("B", "PPS", "62"));
        assert!(matches!(outcome, Outcome::Unknown(Doubt::GatewayLostTrack, _)), "it may have been done");
    }
}

#[test]
fn a_duplicate_or_a_transaction_in_progress_is_in_doubt_and_no_decline() {
    for (respproc, respcode) in [
        ("FNOR", "94"),
        ("RPCT", "385"),
        ("RPCT", "772"),
        ("RPCT", "774"),
        ("RPCT", "776"),
        ("RPCT", "913"),
        ("RPCT", "923"),
        ("VANT", "94"),
        ("VANT", "98"),
        ("PSTR", "01"),
        ("PMT", "234"),
    ] {
        for requested in ALL {
            let outcome = of(requested, &reply("C", respproc, respcode));
            assert!(matches!(outcome, Outcome::Unknown(Doubt::Duplicate, _)), "{respproc} {respcode}");
        }
    }
    assert!(matches!(of(PAYMENT, &reply("C", "FNOR", "95")), Outcome::Declined(..)));
}

#[test]
fn a_refusal_is_declined_with_the_code_of_its_own_processor() {
    let declined = |proc, code| match of(PAYMENT, &reply("C", proc, code)) {
        Outcome::Declined(_, decline) => decline.code,
        other => panic!("{other:?}"),
    };
    assert_eq!(declined("FNOR", "NU"), DeclineCode::InsufficientFunds);
    assert_eq!(declined("FNOR", "54"), DeclineCode::IncorrectExpiry);
    assert_eq!(declined("PPS", "37"), DeclineCode::IncorrectCvc);
    assert_eq!(declined("NEWP", "51"), DeclineCode::GenericDecline);
}

#[test]
fn an_approved_payment_has_the_requested_amount_and_a_reference() {
    assert!(matches!(of(PAYMENT, &reply("A", "FNOR", "00")), Outcome::Approved(_)));
    let with = |amount: &str| GatewayReply { amount: Some(amount.to_owned()), ..reply("A", "FNOR", "00") };
    assert!(matches!(of(PAYMENT, &with("5.00")), Outcome::PartiallyApproved(_)));
    for odd in ["26.00", "0.00", "-25.99", "2600", ""] {
        assert!(is_unknown(&of(PAYMENT, &with(odd)), Doubt::AmountDiffers), "{odd}");
    }
    assert!(is_unknown(
        &of(PAYMENT, &GatewayReply { amount: None, ..reply("A", "FNOR", "00") }),
        Doubt::AmountDiffers
    ));
    assert!(is_unknown(
        &of(PAYMENT, &GatewayReply { retref: None, ..reply("A", "FNOR", "00") }),
        Doubt::Incomplete
    ));
}

#[test]
fn a_capture_of_another_amount_is_not_taken_for_done() {
    assert!(matches!(of(CAPTURE, &reply("A", "FNOR", "00")), Outcome::Approved(_)));
    for odd in ["25.98", "26.00", "0.00", "-25.99"] {
        let reply = GatewayReply { amount: Some(odd.to_owned()), ..reply("A", "FNOR", "00") };
        assert!(is_unknown(&of(CAPTURE, &reply), Doubt::AmountDiffers), "{odd}");
    }
}

#[test]
fn a_void_without_revers_is_not_taken_for_done() {
    let with = |authcode: Option<&str>| GatewayReply {
        authcode: authcode.map(str::to_owned),
        ..reply("A", "FNOR", "00")
    };
    assert!(matches!(of(Requested::Void, &with(Some("REVERS"))), Outcome::Approved(_)));
    for odd in [None, Some("PPS123"), Some("revers")] {
        assert!(is_unknown(&of(Requested::Void, &with(odd)), Doubt::Incomplete));
    }
}

#[test]
fn a_refund_needs_a_reference_of_its_own_and_the_amount_with_either_sign() {
    for amount in ["25.99", "-25.99"] {
        let reply = GatewayReply { amount: Some(amount.to_owned()), ..reply("A", "FNOR", "00") };
        assert!(matches!(of(REFUND, &reply), Outcome::Approved(_)));
    }
    let same = GatewayReply { retref: Some("111".to_owned()), ..reply("A", "PPS", "00") };
    assert!(is_unknown(&of(REFUND, &same), Doubt::Incomplete));
    let other = GatewayReply { amount: Some("25.00".to_owned()), ..reply("A", "PPS", "00") };
    assert!(is_unknown(&of(REFUND, &other), Doubt::AmountDiffers));
}

/// An approval of this total with this surcharge.
fn surcharged(total: &str, fee: &str) -> GatewayReply {
    let body = format!(
        r#"{{"respstat":"A","respproc":"RPCT","respcode":"000","retref":"222","amount":"{total}","fee_type":"SURCHRG",
            "fee_format":"percent","fee_value":"300","fee_amount":"{fee}"}}"#
    );
    GatewayReply::parse(body.as_bytes()).unwrap()
}

/// Amount and fee in minor units.
fn charged(outcome: &Outcome) -> Option<(u64, u64)> {
    let charged = outcome.response().charged?;
    Some((charged.amount.minor(), charged.fee.map_or(0, |fee| fee.amount.minor())))
}

#[test]
fn a_payment_with_a_surcharge_is_approved_by_what_is_left_without_it() {
    for (total, fee, expected) in [
        ("26.77", "0.78", Some((2599, 78))),
        ("25.99", "0.00", Some((2599, 0))),
        ("2677", "78", Some((2599, 78))),
    ] {
        let outcome = of(PAYMENT, &surcharged(total, fee));
        assert!(matches!(outcome, Outcome::Approved(_)), "{total} {fee}");
        assert_eq!(charged(&outcome), expected);
    }
    let part = of(PAYMENT, &surcharged("5.15", "0.15"));
    assert!(matches!(part, Outcome::PartiallyApproved(_)));
    assert_eq!(charged(&part), Some((500, 15)));
    for (total, fee) in
        [("26.77", "0.77"), ("26.77", "0.00"), ("26.77", "-0.78"), ("0.78", "0.78"), ("0.00", "0.78")]
    {
        assert!(is_unknown(&of(PAYMENT, &surcharged(total, fee)), Doubt::AmountDiffers), "{total} {fee}");
    }
}

#[test]
fn a_decline_that_holds_all_of_it_with_the_fee_is_unproven_too() {
    let reply = GatewayReply {
        respstat: Some("C".to_owned()),
        respcode: Some("51".to_owned()),
        authcode: Some("123456".to_owned()),
        ..surcharged("26.77", "0.78")
    };
    assert!(of(PAYMENT, &reply).response().unproven);
    assert!(!of(PAYMENT, &GatewayReply { authcode: None, ..reply.clone() }).response().unproven);
    let of_zero = GatewayReply { amount: Some("0.00".to_owned()), fee: None, ..reply };
    assert!(!meaning(PAYMENT, Amount::ZERO, &of_zero).response().unproven, "there is nothing to hold");
}

/// A second capture would replace the first one.
#[test]
fn a_capture_that_is_declined_and_holds_all_of_it_is_unknown_and_a_plain_decline_is_one() {
    let declined = |authcode: Option<&str>| GatewayReply {
        authcode: authcode.map(str::to_owned),
        ..reply("C", "FNOR", "05")
    };
    assert!(is_unknown(&of(CAPTURE, &declined(Some("123456"))), Doubt::StateDiffers));
    assert!(matches!(of(CAPTURE, &declined(None)), Outcome::Declined(..)));
    let nothing = GatewayReply { amount: Some("0.00".to_owned()), ..declined(Some("123456")) };
    assert!(matches!(of(CAPTURE, &nothing), Outcome::Declined(..)));
}

#[test]
fn a_refund_that_is_declined_and_holds_all_of_it_with_its_fee_is_unproven() {
    let [share, left] = [78, 78].map(|minor| Amount::new(minor).unwrap());
    let fee = Some(FeeShare { is_whole: true, share, left, kind: FeeKind::Surcharge, basis: None });
    for (fee, total, expected) in [
        (None, "25.99", true),
        (None, "26.77", false),
        (fee, "25.99", true),
        (fee, "26.77", true),
        (fee, "26.78", false),
    ] {
        let declined = GatewayReply {
            authcode: Some("123456".to_owned()),
            amount: Some(total.to_owned()),
            ..reply("C", "FNOR", "05")
        };
        let outcome = of(Requested::Refund { of: "111", fee }, &declined);
        let Outcome::Declined(response, ..) = outcome else { panic!("{outcome:?}") };
        assert_eq!(response.unproven, expected, "{fee:?} {total}");
    }
}

#[test]
fn a_capture_and_a_refund_keep_the_fee_that_went_with_them() {
    let [share, left] = [78, 78].map(|minor| Amount::new(minor).unwrap());
    let fee = Some(FeeShare { is_whole: true, share, left, kind: FeeKind::Surcharge, basis: None });
    let plain = |total: &str| GatewayReply { amount: Some(total.to_owned()), ..reply("A", "RPCT", "000") };
    for requested in [Requested::Capture { fee }, Requested::Refund { of: "111", fee }] {
        for total in ["25.99", "26.77"] {
            let outcome = of(requested, &plain(total));
            assert!(matches!(outcome, Outcome::Approved(_)), "{total}");
            assert_eq!(charged(&outcome), Some((2599, 78)));
        }
        assert!(is_unknown(&of(requested, &plain("26.78")), Doubt::AmountDiffers));
    }
    assert!(is_unknown(&of(Requested::Capture { fee }, &plain("-26.77")), Doubt::AmountDiffers));
    assert!(matches!(of(Requested::Refund { of: "111", fee }, &plain("-26.77")), Outcome::Approved(_)));
    let void = GatewayReply { authcode: Some("REVERS".to_owned()), ..surcharged("0.00", "0.00") };
    assert!(matches!(of(Requested::Void, &void), Outcome::Approved(_)), "whatever it says of amounts");
}
