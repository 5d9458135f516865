//! Our tables against the published ones.

mod published;

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;
use published::rows;

/// Every (processor, code) of our tables, as often as it is written there.
fn our_keys() -> Vec<(&'static str, &'static str)> {
    let mut keys = Vec::new();
    for (processor, table) in tables::PROCESSORS {
        for (_, codes) in *table {
            keys.extend(codes.iter().map(|code| (*processor, *code)));
        }
    }
    keys
}

#[test]
fn the_published_list_is_whole() {
    let rows = rows();
    let processors: BTreeSet<_> = rows.iter().map(|row| row.0).collect();
    assert_eq!((rows.len(), processors.len()), (807, 17));
    assert_eq!(rows.iter().filter(|row| row.2 != 'A').count(), 736);
}

#[test]
fn every_published_refusal_has_a_meaning_of_its_own() {
    let without: Vec<_> =
        rows().into_iter().filter(|row| row.2 != 'A' && lookup(row.0, row.1).is_none()).collect();
    assert!(without.is_empty(), "{without:?}");
}

#[test]
fn no_approval_is_called_a_decline() {
    let declined: Vec<_> =
        rows().into_iter().filter(|row| row.2 == 'A' && lookup(row.0, row.1).is_some()).collect();
    assert!(declined.is_empty(), "{declined:?}");
}

#[test]
fn no_code_has_two_meanings_and_none_is_invented() {
    let keys = our_keys();
    let mut seen = BTreeSet::new();
    let twice: Vec<_> = keys.iter().filter(|key| !seen.insert(**key)).collect();
    assert!(twice.is_empty(), "{twice:?}");
    let published: BTreeSet<_> = rows().iter().map(|row| (row.0, row.1)).collect();
    let invented: Vec<_> = seen.difference(&published).collect();
    assert!(invented.is_empty(), "{invented:?}");
}

#[test]
fn what_the_gateway_calls_retryable_is_no_fault_of_the_card() {
    for (processor, code, _) in rows().into_iter().filter(|row| row.2 == 'B') {
        let reason = decline_code(processor, code);
        let expected = [DeclineCode::ProcessingError, DeclineCode::IssuerUnavailable];
        assert!(expected.contains(&reason), "{processor} {code}: {reason:?}");
        assert_eq!(reason.advice(), Advice::Later);
    }
}

#[test]
fn every_public_code_can_occur() {
    let used: BTreeSet<_> = our_keys().into_iter().map(|(proc, code)| decline_code(proc, code)).collect();
    let unused: Vec<_> = DeclineCode::ALL.iter().copied().filter(|code| !used.contains(code)).collect();
    // A rule of the merchant, or its shop, makes these, and not the gateway.
    let by_rule = [
        DeclineCode::PartialApproval,
        DeclineCode::OrderClosed,
        DeclineCode::Overpaid,
        DeclineCode::OrderRefused,
    ];
    assert_eq!(unused, by_rule);
}

#[test]
fn the_same_digits_mean_what_the_processor_means_by_them() {
    let cases = [
        ("FNOR", "51", DeclineCode::GenericDecline),
        ("VPS", "51", DeclineCode::InsufficientFunds),
        ("FNOR", "NU", DeclineCode::InsufficientFunds),
        ("DPS", "NU", DeclineCode::IncorrectNumber),
        ("CRDX", "2", DeclineCode::FraudSuspected),
        ("CRDX", "02", DeclineCode::CallIssuer),
        ("PPS", "14", DeclineCode::IncorrectCvc),
        // All of it would be refunded; nothing of the request is wrong.
        ("PPS", "46", DeclineCode::PartialRefundNotSupported),
        ("VANT", "14", DeclineCode::IncorrectNumber),
        ("FNOR", "1A", DeclineCode::AuthenticationRequired),
        ("NASH", "1A", DeclineCode::GenericDecline),
        ("AMEX", "101", DeclineCode::ExpiredCard),
        ("PPS", "101", DeclineCode::AvsMismatch),
    ];
    for (processor, code, expected) in cases {
        assert_eq!(decline_code(processor, code), expected, "{processor} {code}");
    }
}

#[test]
fn an_unpublished_code_is_a_plain_decline() {
    let unknown = [("FNOR", "ZZ"), ("BPAY", "51"), ("", ""), ("fnor", "NU"), ("FNOR", " NU"), ("PPS", "011")];
    for (processor, code) in unknown {
        assert_eq!(decline_code(processor, code), DeclineCode::GenericDecline, "{processor} {code}");
        assert_eq!(payer_advice(processor, code, None, None), Advice::OtherCard);
    }
}

#[test]
fn visas_word_beats_ours() {
    let visa = Some(Brand::Visa);
    assert_eq!(payer_advice("FNOR", "05", visa, None), Advice::ContactIssuer);
    assert_eq!(payer_advice("FNOR", "05", visa, Some("1")), Advice::Never);
    assert_eq!(payer_advice("FNOR", "05", visa, Some("2")), Advice::Later);
    assert_eq!(payer_advice("FNOR", "05", visa, Some("3")), Advice::FixData);
    assert_eq!(payer_advice("FNOR", "05", None, Some("1")), Advice::Never);
    // The response's category beats the published one, which is 1 here.
    assert_eq!(payer_advice("FNOR", "57", visa, None), Advice::Never);
    assert_eq!(payer_advice("FNOR", "57", visa, Some("2")), Advice::Later);
}

#[test]
fn a_category_that_means_nothing_changes_nothing() {
    for category in ["4", "", " ", "01", "never"] {
        assert_eq!(payer_advice("RPCT", "500", Some(Brand::Visa), Some(category)), Advice::OtherCard);
        assert_eq!(payer_advice("RPCT", "902", Some(Brand::Visa), Some(category)), Advice::Never);
    }
}

#[test]
fn visas_categories_say_nothing_about_other_brands() {
    let mastercard = Some(Brand::Mastercard);
    assert_eq!(payer_advice("FNOR", "57", mastercard, None), Advice::OtherCard);
    assert_eq!(payer_advice("FNOR", "57", mastercard, Some("1")), Advice::OtherCard);
    assert_eq!(payer_advice("FNOR", "57", None, None), Advice::OtherCard);
}

#[test]
fn every_published_category_names_a_published_refusal_once() {
    let mut seen = BTreeSet::new();
    for (processor, category, codes) in VISA_CATEGORIES {
        assert!(schemes::of_category(category).is_some());
        for code in *codes {
            assert!(lookup(processor, code).is_some(), "{processor} {code}");
            assert!(seen.insert((processor, code)), "{processor} {code}");
        }
    }
    assert_eq!(seen.len(), 67);
}

proptest! {
    #[test]
    fn any_response_has_a_meaning(proc in "\\PC{0,5}", code in "\\PC{0,5}", category in "\\PC{0,2}") {
        let reason = decline_code(&proc, &code);
        prop_assert!(DeclineCode::ALL.contains(&reason));
        let _: Advice = payer_advice(&proc, &code, Some(Brand::Visa), Some(&category));
    }
}
