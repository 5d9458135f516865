//! What a processor's response code means.
//!
//! `respproc` and `respcode` together name a row of the gateway's published tables (`docs/cardpointe.md`, *Response codes*:
//! 17 processors, 807 rows); neither says anything alone, and `respcode` is text, whose leading zeros count. The tables
//! are in [`tables`]. Texts (`resptext`) change without notice and are never looked at (`docs/cardpointe.md`, *Responses*).
//!
//! This decides the words and the advice, not whether a payment was declined: that is `respstat`'s, and for
//! some of the gateway's own codes (PPS 63–66) the truth is unknown in spite of a C.

mod tables;

use tollgate_core::values::{Advice, Brand, DeclineCode};

/// Codes that say that an equal transaction was seen before, or that this one is still in progress. They decide nothing:
/// the earlier one may be this operation's own.
const DUPLICATES: [(&str, &str); 11] = [
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
];

/// Whether a code says that the transaction was seen before or is in progress.
pub fn is_duplicate(respproc: &str, respcode: &str) -> bool {
    DUPLICATES.contains(&(respproc, respcode))
}

/// The reason behind a response code. A processor or code that is not published is a
/// [`DeclineCode::GenericDecline`], because processors add codes without telling.
pub fn decline_code(respproc: &str, respcode: &str) -> DeclineCode {
    lookup(respproc, respcode).unwrap_or(DeclineCode::GenericDecline)
}

/// What to do after that response.
///
/// The word of the card scheme beats ours: `declineCategory` in the response, else, for a Visa card, the category that
/// the gateway publishes for the code (`docs/cardpointe.md`, *Response codes*). Only Visa declines have a category
/// (`docs/cardpointe.md`, *Response codes*), so one that comes with another brand is not looked at; a brand is unknown
/// when the payment was made with a stored card. A category beyond 3 (RPCT returns 4 in the test system) says nothing.
pub fn advice(
    respproc: &str,
    respcode: &str,
    brand: Option<Brand>,
    decline_category: Option<&str>,
) -> Advice {
    let from_category = match brand {
        Some(Brand::Visa) | None => decline_category.and_then(|category| category_advice(category.trim())),
        Some(_) => None,
    };
    let published = || match brand {
        Some(Brand::Visa) => published_category(respproc, respcode).and_then(category_advice),
        Some(_) | None => None,
    };
    from_category.or_else(published).unwrap_or_else(|| decline_code(respproc, respcode).advice())
}

/// Visa's categories: never approve; cannot approve now; revise the data (`docs/cardpointe.md`, *Response codes*).
fn category_advice(category: &str) -> Option<Advice> {
    match category {
        "1" => Some(Advice::Never),
        "2" => Some(Advice::Later),
        "3" => Some(Advice::FixData),
        _ => None,
    }
}

fn lookup(respproc: &str, respcode: &str) -> Option<DeclineCode> {
    tables::PROCESSORS
        .iter()
        .filter(|(processor, _)| *processor == respproc)
        .flat_map(|(_, table)| *table)
        .find(|(_, codes)| codes.contains(&respcode))
        .map(|(reason, _)| *reason)
}

fn published_category(respproc: &str, respcode: &str) -> Option<&'static str> {
    VISA_CATEGORIES
        .iter()
        .find(|(processor, _, codes)| *processor == respproc && codes.contains(&respcode))
        .map(|(_, category, _)| *category)
}

/// Visa's decline category by processor code (`docs/cardpointe.md`, *Response codes*; published as examples).
const VISA_CATEGORIES: &[(&str, &str, &[&str])] = &[
    ("PMT", "1", &["501", "502", "596", "602"]),
    ("PMT", "2", &["231", "509", "510"]),
    ("PMT", "3", &["522", "591"]),
    ("PTAM", "1", &["04", "07", "12", "15", "43", "57"]),
    ("PTAM", "2", &["03", "09", "19"]),
    ("PTAM", "3", &["14", "54"]),
    ("FNOR", "1", &["12", "57", "63"]),
    ("FNOR", "2", &["03", "28", "61", "91"]),
    ("FNOR", "3", &["14", "54"]),
    ("RPCT", "1", &["102", "208", "209", "704", "902"]),
    ("RPCT", "2", &["109", "116", "512"]),
    ("RPCT", "3", &["101", "117", "131"]),
    ("VPS", "1", &["04", "07", "12", "15", "41", "43", "57"]),
    ("VPS", "2", &["03", "19", "51", "59", "61", "62", "65", "75", "78", "91"]),
    ("VPS", "3", &["14", "54", "55", "82"]),
    ("VANT", "1", &["07", "41"]),
    ("VANT", "2", &["03", "75"]),
    ("VANT", "3", &["14", "54"]),
];

#[cfg(test)]
mod published;

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::published::rows;
    use super::*;

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
        // The merchant's rule makes this one, not the gateway.
        assert_eq!(unused, [DeclineCode::PartialApproval]);
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
        let unknown =
            [("FNOR", "ZZ"), ("BPAY", "51"), ("", ""), ("fnor", "NU"), ("FNOR", " NU"), ("PPS", "011")];
        for (processor, code) in unknown {
            assert_eq!(decline_code(processor, code), DeclineCode::GenericDecline, "{processor} {code}");
            assert_eq!(advice(processor, code, None, None), Advice::OtherCard);
        }
    }

    #[test]
    fn visas_word_beats_ours() {
        let visa = Some(Brand::Visa);
        assert_eq!(advice("FNOR", "05", visa, None), Advice::ContactIssuer);
        assert_eq!(advice("FNOR", "05", visa, Some("1")), Advice::Never);
        assert_eq!(advice("FNOR", "05", visa, Some("2")), Advice::Later);
        assert_eq!(advice("FNOR", "05", visa, Some("3")), Advice::FixData);
        assert_eq!(advice("FNOR", "05", None, Some("1")), Advice::Never);
        // The response's category beats the published one, which is 1 here.
        assert_eq!(advice("FNOR", "57", visa, None), Advice::Never);
        assert_eq!(advice("FNOR", "57", visa, Some("2")), Advice::Later);
    }

    #[test]
    fn a_category_that_means_nothing_changes_nothing() {
        for category in ["4", "", " ", "01", "never"] {
            assert_eq!(advice("RPCT", "500", Some(Brand::Visa), Some(category)), Advice::OtherCard);
            assert_eq!(advice("RPCT", "902", Some(Brand::Visa), Some(category)), Advice::Never);
        }
    }

    #[test]
    fn visas_categories_say_nothing_about_other_brands() {
        let mastercard = Some(Brand::Mastercard);
        assert_eq!(advice("FNOR", "57", mastercard, None), Advice::OtherCard);
        assert_eq!(advice("FNOR", "57", mastercard, Some("1")), Advice::OtherCard);
        assert_eq!(advice("FNOR", "57", None, None), Advice::OtherCard);
    }

    #[test]
    fn every_published_category_names_a_published_refusal_once() {
        let mut seen = BTreeSet::new();
        for (processor, category, codes) in VISA_CATEGORIES {
            assert!(category_advice(category).is_some());
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
            let _: Advice = advice(&proc, &code, Some(Brand::Visa), Some(&category));
        }
    }
}
