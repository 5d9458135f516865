use proptest::prelude::*;
use uuid::Uuid;

use super::*;
use crate::values::card::{passes_luhn, tests::any_number};

const ALL: [TextUse; 3] = [TextUse::Reference, TextUse::Words, TextUse::Logged];
const WORDS: [TextUse; 2] = [TextUse::Words, TextUse::Logged];
const LOGGED: [TextUse; 1] = [TextUse::Logged];

/// A disguise, and where it is refused.
const DISGUISES: [(&str, &[TextUse]); 72] = [
    // As it is printed and typed.
    ("4111111111111111", &ALL),
    ("4111 1111 1111 1111", &ALL),
    ("4111-1111-1111-1111", &ALL),
    ("4111.1111.1111.1111", &ALL),
    ("3714/496353/98431", &ALL),
    ("3714 496353 98431", &ALL),
    ("4222222222222", &ALL),
    // Other separators.
    ("4111  1111  1111  1111", &ALL),
    ("4111\u{A0}1111\u{A0}1111\u{A0}1111", &ALL),
    ("4111\t1111\u{3000}1111\u{2009}1111", &ALL),
    ("4111\u{2013}1111\u{2013}1111\u{2013}1111", &ALL),
    ("4111\u{2014}1111\u{2014}1111\u{2014}1111", &ALL),
    ("4111\u{2212}1111\u{2212}1111\u{2212}1111", &ALL),
    ("4111 - 1111 - 1111 - 1111", &ALL),
    ("4111/1111/1111/1111", &ALL),
    ("4111\\1111\\1111\\1111", &ALL),
    ("4111,1111,1111,1111", &ALL),
    ("4111, 1111, 1111, 1111", &ALL),
    ("4111;1111;1111;1111", &ALL),
    ("4111:1111:1111:1111", &ALL),
    ("4111_1111_1111_1111", &ALL),
    ("4111|1111|1111|1111", &ALL),
    ("4111+1111+1111+1111", &ALL),
    ("4111*1111*1111*1111", &ALL),
    ("4111~1111~1111~1111", &ALL),
    ("4111\u{B7}1111\u{B7}1111\u{B7}1111", &ALL),
    ("(4111)(1111)(1111)(1111)", &ALL),
    ("4 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1", &ALL),
    // Between words.
    ("card:4111111111111111.", &ALL),
    ("Visa4111111111111111exp1229", &ALL),
    ("PAN=4111111111111111&cvv=123", &ALL),
    // With something glued on.
    ("41111111111111111229", &ALL),
    ("4111111111111111122031", &ALL),
    ("41111111111111112912", &ALL),
    ("41111111111111111229123", &ALL),
    ("4111111111111111122031123", &ALL),
    ("4111111111111111 12/29 123", &ALL),
    ("4111 1111 1111 1111 1229", &ALL),
    ("41111111111111110", &WORDS),
    ("94111111111111111", &WORDS),
    ("4111111111111111123", &WORDS),
    ("3714496353984319876", &WORDS),
    // A security code, and then the expiry date.
    ("41111111111111119991229", &ALL),
    ("4111111111111111999122029", &ALL),
    ("4111 1111 1111 1111999 1229", &ALL),
    ("37144963539843198761229", &ALL),
    ("3714496353984319876122029", &ALL),
    ("37144963539843112299876", &ALL),
    ("3714496353984311220299876", &ALL),
    // Something before it.
    ("12294111111111111111", &ALL),
    ("29124111111111111111", &ALL),
    ("99994111111111111111", &ALL),
    ("00005454545454545454", &ALL),
    ("9876371449635398431", &ALL),
    ("99994111 1111 1111 1111", &ALL),
    ("9994111111111111111", &WORDS),
    ("12292223000048400011", &WORDS),
    ("122920294111111111111111", &LOGGED),
    // No expiry date.
    ("4111111111111111122131", &LOGGED),
    ("4111111111111111132031", &LOGGED),
    ("0000041111111111111110000000", &LOGGED),
    ("00000000000000000041111111 11111111", &LOGGED),
    ("00000000000000000000000000000041111111-1111-11110", &LOGGED),
    // In other digits.
    (
        "\u{FF14}\u{FF11}\u{FF11}\u{FF11}\u{FF11}\u{FF11}\u{FF11}\u{FF11}\u{FF11}\u{FF11}\u{FF11}\u{FF11}\u{FF11}\u{FF11}\u{FF11}\u{FF11}",
        &ALL,
    ),
    ("\u{0664}\u{0661}\u{0661}\u{0661}-\u{0661}\u{0661}\u{0661}\u{0661}-1111-1111", &ALL),
    ("\u{096A}\u{0967}\u{0967}\u{0967} 1111 1111 1111", &ALL),
    ("\u{1D7D2}111 1111 1111 1111", &ALL),
    ("\u{2463}\u{2460}11 1111 1111 1111", &ALL),
    ("\u{2074}\u{B9}\u{B9}\u{B9} 1111 1111 1111", &ALL),
    ("4\u{246A}1 \u{246A}\u{246A} 11\u{246A} \u{246A}11", &ALL),
    // With something unseen in it.
    ("4111\u{200B}1111\u{200D}1111\u{FEFF}1111", &ALL),
    ("4\u{FE0F}\u{20E3}111 1111 1111 1111", &ALL),
];

#[test]
fn a_card_number_in_an_ordinary_disguise_is_not_kept() {
    for (text, refused) in DISGUISES {
        for kept in ALL {
            let wanted = if refused.contains(&kept) { Err(Unkeepable::CardNumber) } else { Ok(()) };
            assert_eq!(check_kept(text, kept), wanted, "{kept:?}: {text}");
        }
    }
}

#[test]
fn what_people_and_systems_write_is_kept() {
    for text in [
        "Order 2026-11-20 14:05:33, table 7, 3 guests",
        "invoice 20261120-000123",
        "+1 (555) 010-9999 ext. 12",
        "313874cd-dfbc-423d-b246-548991270564",
        "411111111111111141111111111111aa",
        "IBAN GB82 WEST 1234 5698 7654 32",
        "9411111111111111",
        "4111 of 1111, 1111 or 1111",
        "4111 x 1111 x 1111 x 1111",
        "4111    1111    1111    1111",
        "1.250,00 EUR / 1,250.00 USD",
    ] {
        for kept in ALL {
            assert_eq!(check_kept(text, kept), Ok(()), "{kept:?}: {text}");
        }
    }
}

/// Numbers that begin with days and years are like Mastercard's and Diners Club's. Every tenth
/// passes the check of its digits.
#[test]
fn references_and_telephone_numbers_that_a_shop_counts_up_are_kept() {
    for count in 0..1_000 {
        for reference in [
            format!("20261120140533{count:06}"),
            format!("00422611201405{count:06}"),
            format!("00422311202614{count:06}"),
            format!("261130140533{count:08}"),
            format!("112326140533{count:08}"),
            format!("{count:020}"),
            format!("1000{count:016}"),
            format!("ORD-2026-{count:010}"),
            format!("114-{:07}-{count:07}", 7 * count),
            format!("2125554567 4155550{count:03}"),
            format!("212-555-4567 / 415-555-0{count:03}"),
            format!("+33 1 23 45 67 89, +33 6 12 34 5{} {:02}", count / 100, count % 100),
        ] {
            assert_eq!(check_kept(&reference, TextUse::Reference), Ok(()), "{reference}");
        }
    }
}

/// They have the check digit of card numbers, begin like JCB's, and have a digit less.
#[test]
fn the_serial_numbers_of_telephones_are_kept() {
    for serial in 0..40 {
        let digits = format!("35{:012}", 209_900_176_148_u64 + 1_234_567 * serial);
        let number =
            (0..10).map(|check| format!("{digits}{check}")).find(|number| passes_luhn(number)).unwrap();
        for text in [number.clone(), format!("IMEI {number}"), format!("{}-{}", &number[..8], &number[8..])] {
            for kept in [TextUse::Reference, TextUse::Words] {
                assert_eq!(check_kept(&text, kept), Ok(()), "{kept:?}: {text}");
            }
        }
    }
}

#[test]
fn a_digit_before_a_number_of_an_unusual_length_is_taken_for_a_parcels() {
    let number = "96011000000000000001";
    assert_eq!(ALL.map(|kept| check_kept(number, kept).is_ok()), [true, true, false]);
}

#[test]
fn what_is_kept_holds_nothing_unseen() {
    for kept in ALL {
        assert_eq!(check_kept("1 \u{202E}2", kept), Err(Unkeepable::Hidden));
        assert_eq!(check_kept("می\u{200C}خواهم", kept), Ok(()));
    }
}

/// A number of a length that anything is glued to.
fn number() -> impl Strategy<Value = String> {
    any_number().prop_filter("a usual length", |digits| LENGTHS.contains(&digits.len()))
}

proptest! {
    #[test]
    fn a_number_with_its_expiry_date_and_security_code_is_kept_in_no_order(
        digits in number(),
        month in 1..=12_u8,
        year in 0..=99_u8,
        code in "[0-9]{4}",
        century in any::<bool>(),
    ) {
        let card = CardNumber::parse(&digits).unwrap();
        let code = &code[..card.brand().security_code_length()];
        let century = if century { "20" } else { "" };
        let expiry = format!("{month:02}{century}{year:02}");
        for text in [
            format!("{digits}{expiry}"),
            format!("{digits}{expiry}{code}"),
            format!("{digits}{code}{expiry}"),
            format!("card {digits}{code} {expiry}"),
        ] {
            for kept in ALL {
                prop_assert_eq!(check_kept(&text, kept), Err(Unkeepable::CardNumber), "{:?}: {}", kept, &text);
            }
        }
    }

    #[test]
    fn a_number_behind_four_digits_is_not_kept(digits in number(), before in "[0-9]{4}") {
        let text = format!("{before}{digits}");
        for kept in WORDS {
            prop_assert_eq!(check_kept(&text, kept), Err(Unkeepable::CardNumber), "{:?}: {}", kept, &text);
        }
        let may_be_date = ["2", "30"].iter().any(|start| digits.starts_with(start));
        let is_unusual = ["36", "38", "39"].iter().any(|start| digits.starts_with(start)) && digits.len() > 14;
        let kept = check_kept(&text, TextUse::Reference);
        prop_assert!(may_be_date || is_unusual || kept == Err(Unkeepable::CardNumber), "{}", text);
    }

    #[test]
    fn a_uuid_is_kept_as_a_reference(bytes in any::<u128>()) {
        let uuid = Uuid::from_u128(bytes);
        for text in [uuid.to_string(), uuid.simple().to_string(), format!("order_{uuid}")] {
            prop_assert_eq!(check_kept(&text, TextUse::Reference), Ok(()), "{}", text);
        }
    }
}

#[test]
fn few_long_numbers_are_refused_as_references() {
    let mut refused = [0, 0];
    let mut number = 12_345_678_901_234_567_890_u64;
    for _ in 0..10_000 {
        number = number.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let text = format!("{:020}", number % 10_u64.pow(19));
        refused[0] += usize::from(looks_like_card_number(&text, TextUse::Reference));
        refused[1] += usize::from(looks_like_card_number(&text, TextUse::Logged));
    }
    assert!(refused[0] < 200, "{refused:?} of 10,000");
    assert!(refused[1] > refused[0], "logs are stricter: {refused:?}");
}

#[test]
fn a_text_that_is_shown_is_short_and_holds_nothing_unseen_and_no_card_number() {
    for (text, shown) in [
        ("Approval 05", "Approval 05"),
        ("line\nbreak\u{200B}", "linebreak"),
        ("exactly 20 characters", "exactly 20 character"),
        ("no 4111111111111111", "no [card ****1111]"),
        ("no 4111  1111  1111  1111", "no ****  ****  **** "),
        ("\u{FF14}111  1111  1111 1111", "****  ****  **** ***"),
    ] {
        assert_eq!(clean_text(text, 20), shown, "{text}");
    }
}
