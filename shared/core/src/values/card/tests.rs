//! Cards: brands, numbers, dates, codes, and their `Debug` output.

use jiff::civil::date;
use proptest::prelude::*;

use super::*;

/// Numbers from the gateway's test tables (`docs/cardpointe.md`, *Test cards and amounts*), with
/// their brands.
const TEST_CARDS: [(&str, Brand); 14] = [
    ("4788250000121443", Brand::Visa),
    ("5454545454545454", Brand::Mastercard),
    ("2223000048400011", Brand::Mastercard),
    ("371449635398431", Brand::Amex),
    ("6011000995500000", Brand::Discover),
    ("36438999960016", Brand::Diners),
    ("3528000000000007", Brand::Jcb),
    ("6465006200620062", Brand::Discover),
    ("6510000000000331", Brand::Discover),
    ("4387750101010101", Brand::Visa),
    ("4222222222222204", Brand::Visa),
    ("5111006200620062", Brand::Mastercard),
    ("4012000000000081", Brand::Visa),
    ("341111599242008", Brand::Amex),
];

#[test]
fn every_test_card_of_the_gateway_is_known() {
    for (number, brand) in TEST_CARDS {
        let card = CardNumber::parse(number).unwrap();
        assert_eq!((card.brand(), card.expose()), (brand, number));
        assert_eq!(card.last_four(), &number[number.len() - 4..]);
    }
}

#[test]
fn the_edges_of_each_brands_range() {
    let cases = [
        ("4", Some(Brand::Visa)),
        ("50", None),
        ("51", Some(Brand::Mastercard)),
        ("55", Some(Brand::Mastercard)),
        ("56", None),
        ("2220", None),
        ("2221", Some(Brand::Mastercard)),
        ("2720", Some(Brand::Mastercard)),
        ("2721", None),
        ("34", Some(Brand::Amex)),
        ("37", Some(Brand::Amex)),
        ("6010", None),
        ("6011", Some(Brand::Discover)),
        ("6012", None),
        ("643", None),
        ("644", Some(Brand::Discover)),
        ("649", Some(Brand::Discover)),
        ("65", Some(Brand::Discover)),
        ("66", None),
        ("300", Some(Brand::Diners)),
        ("305", Some(Brand::Diners)),
        ("306", None),
        ("3095", Some(Brand::Diners)),
        ("36", Some(Brand::Diners)),
        ("38", Some(Brand::Diners)),
        ("39", Some(Brand::Diners)),
        ("31", None),
        ("3500", Some(Brand::Jcb)),
        ("3589", Some(Brand::Jcb)),
        ("620", Some(Brand::UnionPay)),
        ("621", Some(Brand::UnionPay)),
        ("622", Some(Brand::Discover)),
        ("623", Some(Brand::UnionPay)),
        ("81", Some(Brand::UnionPay)),
        ("9", None),
        ("", None),
        ("+4", None),
        ("4é", None),
        ("４", None),
    ];
    for (digits, brand) in cases {
        assert_eq!(Brand::detect(digits), brand, "{digits}");
    }
}

#[test]
fn a_number_grouped_as_printed_is_the_same_number() {
    for text in ["4111 1111 1111 1111", "4111-1111-1111-1111", " 4111111111111111 "] {
        assert_eq!(CardNumber::parse(text).unwrap().expose(), "4111111111111111");
    }
}

#[test]
fn each_mistake_in_a_number_has_its_name() {
    let cases = [
        ("", CardNumberError::Empty),
        (" - ", CardNumberError::Empty),
        ("4111x11111111111", CardNumberError::NotDigits),
        ("4111\t111111111111", CardNumberError::NotDigits),
        ("９111111111111111", CardNumberError::NotDigits),
        ("４１１１１１１１１１１１１１１１", CardNumberError::NotDigits),
        ("٤١١١١١١١١١١١١١١١", CardNumberError::NotDigits),
        ("4111.1111.1111.1111", CardNumberError::NotDigits),
        ("9418594164541111", CardNumberError::UnknownBrand),
        ("0000000000000000", CardNumberError::UnknownBrand),
        ("411111111111111", CardNumberError::WrongLength),
        ("41111111111111111111", CardNumberError::WrongLength),
        ("37144963539843", CardNumberError::WrongLength),
        ("4111111111111112", CardNumberError::LuhnFailed),
    ];
    for (text, error) in cases {
        assert_eq!(CardNumber::parse(text).unwrap_err(), error, "{text}");
    }
}

#[test]
fn debug_output_opens_no_secret() {
    let number = CardNumber::parse("4111111111111111").unwrap();
    assert_eq!(format!("{number:?}"), "CardNumber(Visa ****1111)");
    let code = SecurityCode::parse("987", None).unwrap();
    assert_eq!(format!("{code:?}"), "SecurityCode(***)");
    let mut summary = CardAccount::Number(number.clone()).summary(Expiry::new(12, 2029).unwrap());
    summary.token = Some("9418594164541111".into());
    let debug = format!("{summary:?} {summary:#?}");
    assert!(!debug.contains("9418") && debug.contains("1111"), "{debug}");
}

#[test]
fn a_card_is_valid_through_the_last_day_of_its_month() {
    let expiry = Expiry::new(2, 2028).unwrap();
    assert!(!expiry.is_past(date(2028, 2, 29)));
    assert!(expiry.is_past(date(2028, 3, 1)));
    assert!(!expiry.is_past(date(2027, 12, 31)));
    assert!(expiry.is_past(date(2029, 1, 1)));
}

#[test]
fn a_card_is_sent_while_its_last_day_lasts_anywhere() {
    let expiry = Expiry::new(2, 2028).unwrap();
    // West of Greenwich it still is the day before.
    assert!(!expiry.is_past_everywhere("2028-03-01T23:59:59Z".parse().unwrap()));
    assert!(expiry.is_past_everywhere("2028-03-02T00:00:00Z".parse().unwrap()));
}

#[test]
fn a_later_year_is_later_whatever_the_month() {
    assert!(Expiry::new(12, 2028).unwrap() < Expiry::new(1, 2029).unwrap());
}

#[test]
fn expiry_dates_as_clients_write_them() {
    let expiry = Expiry::new(9, 2029).unwrap();
    for (month, year) in [("9", "2029"), ("09", "2029"), ("09", "29"), ("9", "29")] {
        assert_eq!(Expiry::from_parts(month, year), Ok(expiry));
    }
    assert_eq!(Expiry::parse_mm_yy("09/29"), Ok(expiry));
    assert_eq!((expiry.mmyy(), expiry.month(), expiry.year()), ("0929".to_owned(), 9, 2029));
}

#[test]
fn month_and_year_in_the_wrong_order_are_not_guessed() {
    for month in ["0", "00", "13", "", "009", "+9", "-1", " 9", "９", "1.", "29"] {
        assert_eq!(Expiry::from_parts(month, "2029"), Err(ExpiryError::InvalidMonth), "{month}");
    }
    for year in ["", "9", "029", "1999", "2100", "+029", "-029", "20 9", "99999", "0029", "２９"] {
        assert_eq!(Expiry::from_parts("09", year), Err(ExpiryError::InvalidYear), "{year}");
    }
    for text in ["", "/", "0929", "9/29", "09/2029", "2029/09", "09-29", " 09/29", "09/29 ", "09/29/30"] {
        assert_eq!(Expiry::parse_mm_yy(text), Err(ExpiryError::InvalidFormat("MM/YY")));
    }
    for text in ["9/2029", "09/29", "13/2029", "929", ""] {
        assert!(text.parse::<Expiry>().is_err(), "{text}");
    }
}

#[test]
fn a_security_code_has_the_length_of_its_brand() {
    let amex = Some(Brand::Amex);
    assert_eq!(SecurityCode::parse("1234", amex).unwrap().expose(), "1234");
    assert_eq!(SecurityCode::parse("012", Some(Brand::Visa)).unwrap().expose(), "012");
    assert!(SecurityCode::parse("123", None).is_ok() && SecurityCode::parse("1234", None).is_ok());
    let cases = [
        ("", None, SecurityCodeError::Empty),
        ("123", amex, SecurityCodeError::WrongLength),
        ("1234", Some(Brand::Visa), SecurityCodeError::WrongLength),
        ("12", None, SecurityCodeError::WrongLength),
        ("12345", None, SecurityCodeError::WrongLength),
        ("12a", None, SecurityCodeError::NotDigits),
        (" 123", None, SecurityCodeError::NotDigits),
        ("１２３", None, SecurityCodeError::NotDigits),
    ];
    for (text, brand, error) in cases {
        assert_eq!(SecurityCode::parse(text, brand).unwrap_err(), error, "{text}");
    }
}

#[test]
fn card_numbers_in_a_gateways_text_are_masked() {
    let cases = [
        ("4111111111111111", "[card ****1111]"),
        ("Bad card 4111111111111111.", "Bad card [card ****1111]."),
        ("card 4111-1111-1111-1111 1229", "card [card ****1111] 1229"),
        ("3714 496353 98431, 36438999960016", "[card ****8431], [card ****0016]"),
        ("été４４ 5454 5454 5454 5454 né", "été４４ [card ****5454] né"),
        // The shortest, and one that is shorter.
        ("4222222222222 and 422222222222", "[card ****2222] and 422222222222"),
        ("x4111111111111111x4111111111111111", "x[card ****1111]x[card ****1111]"),
        ("4111.1111.1111.1111", "[card ****1111]"),
        ("4111\u{A0}1111\u{A0}1111\u{A0}1111", "[card ****1111]"),
        // Not a card number: a wrong digit, a token, a profile, two spaces between, a time.
        ("4111111111111112", "4111111111111112"),
        ("9418594164541111", "9418594164541111"),
        ("16178397535388255208", "16178397535388255208"),
        ("4111  1111  1111  1111", "4111  1111  1111  1111"),
        ("reference 343005123105 at 20261120080000", "reference 343005123105 at 20261120080000"),
        ("", ""),
    ];
    for (text, masked) in cases {
        assert_eq!(mask_card_numbers(text), masked);
    }
}

#[test]
fn a_uuid_with_digits_like_a_card_number_stays_a_uuid() {
    for uuid in [
        "a1b2c3d4-5555-5555-5555-4444d0e1f2a3",
        "b18c8632-2266-4668-8665-0967dbc38a39",
        "a4111111111111111a2c4e6f8b0d2c4e",
    ] {
        assert_eq!(mask_card_numbers(uuid), uuid);
        let sentence = format!("order {uuid}, card 4111111111111111");
        assert_eq!(mask_card_numbers(&sentence), format!("order {uuid}, card [card ****1111]"));
        // Without its first character it is no UUID, and only digits that look like a card's.
        assert!(mask_card_numbers(&uuid[1..]).contains("[card ****"));
    }
}

#[test]
fn a_chance_match_before_a_card_number_does_not_shield_its_rest() {
    // The first 16 digits pass as a card number by chance and end inside the real one.
    let text = "4000 0000 0000 4111 1111 1111 1111";
    assert!(passes_luhn("4000000000004111") && passes_luhn("4111111111111111"));
    assert_eq!(mask_card_numbers(text), "[card ****1111]");
}

fn with_check_digit(mut digits: String) -> String {
    let check = ('0'..='9').find(|check| passes_luhn(&format!("{digits}{check}"))).unwrap();
    digits.push(check);
    digits
}

/// A valid number of any brand, range and length.
pub(super) fn any_number() -> impl Strategy<Value = String> {
    let lengths = (0..PREFIXES.len(), 13..=19_usize)
        .prop_filter("a length of the brand", |&(row, length)| PREFIXES[row].3.issues_length(length));
    (lengths, "[0-9]{19}", any::<proptest::sample::Index>()).prop_map(|((row, length), tail, pick)| {
        let (_, from, to, _) = PREFIXES[row];
        let prefix = from + u32::try_from(pick.index((to - from + 1) as usize)).unwrap();
        with_check_digit(format!("{prefix}{tail}")[..length - 1].to_owned())
    })
}

/// The digits with a separator, or none, after each.
fn spread(digits: &str, separators: &[Option<char>]) -> String {
    let mut text: String = digits
        .chars()
        .zip(separators.iter().cycle())
        .flat_map(|(digit, separator)| [Some(digit), *separator])
        .flatten()
        .collect();
    text.truncate(text.trim_end_matches([' ', '-']).len());
    text
}

fn only_digits(text: &str) -> String {
    text.chars().filter(char::is_ascii_digit).collect()
}

proptest! {
    #[test]
    fn every_valid_number_is_accepted_and_shows_four_digits(digits in any_number()) {
        let card = CardNumber::parse(&digits).unwrap();
        prop_assert_eq!(card.expose(), digits.as_str());
        prop_assert_eq!(only_digits(&format!("{card:?}{card:#?}")), card.last_four().repeat(2));
    }

    #[test]
    fn one_wrong_digit_is_never_accepted(
        digits in any_number(),
        place in any::<proptest::sample::Index>(),
        by in 1..10_u8,
    ) {
        let place = place.index(digits.len());
        let mut bytes = digits.into_bytes();
        bytes[place] = b'0' + (bytes[place] - b'0' + by) % 10;
        let changed = String::from_utf8(bytes).unwrap();
        prop_assert!(CardNumber::parse(&changed).is_err());
    }

    #[test]
    fn no_card_number_survives_in_any_text(
        digits in any_number(),
        separators in prop::collection::vec(prop::sample::select(vec![None, None, Some(' '), Some('-')]), 1..6),
        before in "(\\PC{0,12}[^0-9\\PC])?([0-9]{1,6}[ -]){0,2}",
        after in "([ -][0-9]{1,6}){0,2}([^0-9\\PC]\\PC{0,12})?",
    ) {
        let card = spread(&digits, &separators);
        let masked = mask_card_numbers(&format!("{before}{card}{after}"));
        prop_assert!(!masked.contains(&card), "{}", masked);
        prop_assert!(!only_digits(&masked).contains(&digits), "{}", masked);
        prop_assert!(masked.contains("[card ****"), "{}", masked);
        prop_assert_eq!(mask_card_numbers(&masked), masked);
    }

    #[test]
    fn text_without_a_card_number_stays_as_it_is(
        text in "([^0-9\\PC]{1,8}[0-9]{0,12}){0,6}",
        token in "9[0-9]{15}",
        long in "[0-9]{20,24}",
        wrong in any_number(),
    ) {
        // No separator joins these groups, and none of them is a card number on its own.
        let text = text.replace([' ', '-'], "_");
        let (rest, check) = wrong.split_at(wrong.len() - 1);
        let wrong = format!("{rest}{}", (check.parse::<u8>().unwrap() + 1) % 10);
        let text = format!("{text}_{token}_{long}_{wrong}");
        prop_assert_eq!(mask_card_numbers(&text), text);
    }

    #[test]
    fn any_text_can_be_masked_and_read(text in "\\PC{0,40}") {
        let masked = mask_card_numbers(&text);
        prop_assert_eq!(mask_card_numbers(&masked), masked);
        let _: Result<CardNumber, CardNumberError> = CardNumber::parse(&text);
        let _: Result<Expiry, ExpiryError> = Expiry::parse_mm_yy(&text);
        let _: Option<Brand> = Brand::detect(&text);
    }

    #[test]
    fn every_expiry_reads_back_in_each_form(month in 1..=12_u8, year in 2000..=2099_u16) {
        let expiry = Expiry::new(month, year).unwrap();
        let sent = expiry.mmyy();
        prop_assert_eq!(Expiry::from_parts(&sent[..2], &sent[2..]), Ok(expiry));
        prop_assert_eq!(expiry.to_string().parse(), Ok(expiry));
    }
}

#[test]
fn a_stored_card_is_known_by_its_token() {
    let token = |brand, last_four: Option<&str>| CardToken {
        value: "9477709629051443".to_owned(),
        brand,
        last_four: last_four.map(str::to_owned),
    };
    let mut card = CardSummary::default();
    card.learn_from_token(token(Some(Brand::Visa), Some("1443")));
    assert_eq!((card.brand, card.last_four.as_deref()), (Some(Brand::Visa), Some("1443")));
    // Known values stay, and so does the token.
    card.learn_from_token(token(Some(Brand::Amex), Some("0000")));
    assert_eq!((card.brand, card.last_four.as_deref()), (Some(Brand::Visa), Some("1443")));
    let mut silent = CardSummary::default();
    silent.learn_from_token(token(Some(Brand::Visa), None));
    assert_eq!((silent.brand, silent.last_four.as_deref()), (None, None));
    assert!(silent.token.is_some());
}

#[test]
fn a_brand_is_shown_by_its_name() {
    assert_eq!(Brand::Amex.to_string(), "American Express");
}
