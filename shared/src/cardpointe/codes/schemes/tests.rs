//! The vendor's published test rows, each with its class, and that no member makes another milder.

use proptest::prelude::*;
use tollgate_core::values::Brand;

use super::*;

/// Mastercard's rows: with respcode 05, the advice; then its class, and the stated hours.
const MASTERCARD_ADVICES: &str = "
    01 fix; 02 wait 72; 03 never; 04 setup; 05 never; 06 stop_series; 07 drop; 21 stop_series; 22 setup;
    24 wait 1; 25 wait 24; 26 wait 48; 27 wait 96; 28 wait 144; 29 wait 192; 30 wait 240; 40 stop_series;
    41 never; 43 none";

/// Visa's rows: respcode, category, advice; then the class. The categories contradict the advice.
const VISA_ADVICES: &str = "
    500 1 02 drop; 05 2 03 stop_series; 05 3 R0 drop; 05 1 R1 stop_series; 05 2 R3 stop_series;
    05 3 21 stop_series";

/// The schemes' codes, all with respcode 54. For a Visa card that is of category 3, which decides
/// where the code says nothing.
const RESPONSES: [(Brand, &str); 4] = [
    (
        Brand::Visa,
        "01 fix; 02 fix; 03 fix; 04 never; 05 fix; 06 fix; 07 never; 12 never; 13 fix; 14 never; 15 never; 25 fix;
         28 fix; 39 fix; 41 never; 43 never; 46 never; 51 wait 24; 52 fix; 53 fix; 54 fix; 55 fix; 57 never;
         58 fix; 59 fix; 61 wait 24; 62 fix; 63 fix; 64 fix; 65 wait 24; 70 fix; 74 fix; 75 fix; 76 fix; 78 fix;
         79 fix; 80 fix; 81 fix; 82 fix; 86 fix; 89 fix; 91 wait 0; 92 fix; 93 fix; 96 wait 0; 1A fix; 6P fix;
         B1 fix; B2 fix; N0 fix; N3 fix; N4 fix; N5 fix; N7 fix; N8 fix; P5 fix; P6 fix; Q1 fix; R0 drop;
         R1 stop_series; R2 fix; R3 stop_series; Z3 fix",
    ),
    (
        Brand::Mastercard,
        "01 none; 03 none; 05 none; 12 none; 13 none; 14 never; 15 never; 30 none; 51 wait 24; 54 fix; 55 fix;
         57 none; 58 none; 61 wait 24; 62 none; 63 none; 65 wait 24; 71 none; 75 none; 76 none; 77 none; 78 none;
         81 none; 84 none; 86 none; 88 none; 89 none; 91 wait 0; 92 wait 0; 94 none; 96 wait 0",
    ),
    (
        Brand::Discover,
        "03 none; 04 never; 05 none; 07 never; 08 none; 12 none; 13 none; 14 never; 15 never; 19 none; 30 none;
         31 none; 38 none; 39 none; 40 none; 41 never; 43 never; 51 wait 24; 53 none; 54 fix; 55 fix; 56 none;
         57 none; 58 none; 59 none; 60 none; 61 wait 24; 62 none; 63 none; 64 none; 65 wait 24; 66 none; 67 none;
         68 none; 75 none; 76 none; 77 none; 78 none; 83 none; 85 none; 87 none; 91 wait 0; 92 wait 0; 93 none;
         94 none; 96 wait 0; 1A none; N1 none; N2 none; N3 none; N7 none; P5 none; P6 none",
    ),
    (
        Brand::Amex,
        "100 none; 101 fix; 103 fix; 105 never; 106 none; 107 none; 109 none; 110 none; 111 none; 115 none;
         116 wait 24; 117 none; 119 none; 121 wait 24; 122 fix; 125 fix; 130 none; 181 none; 183 none; 187 fix;
         188 never; 189 none; 190 none; 193 none; 194 none; 200 never; 900 none; 909 wait 0; 912 wait 0;
         977 none; 978 none",
    ),
];

const FNOR_05: ProcessorCode<'_> = ProcessorCode { respproc: "FNOR", respcode: "05" };
const FNOR_54: ProcessorCode<'_> = ProcessorCode { respproc: "FNOR", respcode: "54" };

fn code(code: &str) -> Option<SchemeCode> {
    SchemeCode::stated(Some(code), None)
}

fn advised(code_of_advice: &str) -> SchemeWords {
    SchemeWords { advice: code(code_of_advice), ..SchemeWords::default() }
}

fn responded(code_of_scheme: &str) -> SchemeWords {
    SchemeWords { response: code(code_of_scheme), ..SchemeWords::default() }
}

/// A rule as the tables above write it.
fn shown(rule: Option<RetryRule>) -> String {
    match rule {
        None => "none".to_owned(),
        Some(RetryRule { class, wait: Some(wait) }) => format!("{} {}", class.as_str(), wait.time.as_hours()),
        Some(RetryRule { class, wait: None }) => class.as_str().to_owned(),
    }
}

fn class(rule: Option<RetryRule>) -> Option<RetryClass> {
    rule.map(|rule| rule.class)
}

#[test]
fn each_published_row_has_its_class() {
    for row in MASTERCARD_ADVICES.split(';') {
        let (advice, expected) = row.trim().split_once(' ').unwrap();
        let read = rule(Some(Brand::Mastercard), &advised(advice), FNOR_05);
        assert_eq!(shown(read), expected, "Mastercard {advice}");
        assert!(read.and_then(|rule| rule.wait).is_none_or(|wait| wait.is_stated), "Mastercard {advice}");
    }
    for row in VISA_ADVICES.split(';') {
        let [respcode, category, advice, expected] = row.split_whitespace().collect::<Vec<_>>()[..] else {
            panic!("{row}");
        };
        let words = SchemeWords { category: code(category), ..advised(advice) };
        let read = rule(Some(Brand::Visa), &words, ProcessorCode { respproc: "FNOR", respcode });
        assert_eq!(shown(read), expected, "Visa {advice}");
    }
    let mut rows = 0;
    for (brand, codes) in RESPONSES {
        for row in codes.split(';') {
            let (response, expected) = row.trim().split_once(' ').unwrap();
            let read = rule(Some(brand), &responded(response), FNOR_54);
            assert_eq!(shown(read), expected, "{brand:?} {response}");
            assert!(
                read.and_then(|rule| rule.wait).is_none_or(|wait| !wait.is_stated),
                "{brand:?} {response}"
            );
            rows += 1;
        }
    }
    assert_eq!(rows, 178);
}

#[test]
fn a_time_that_experience_gives_is_a_quarter_of_an_hour_or_a_day() {
    let wait = |response| rule(Some(Brand::Visa), &responded(response), FNOR_05).unwrap().wait.unwrap();
    assert_eq!(wait("91").time, SignedDuration::from_mins(15));
    assert_eq!(wait("51").time, SignedDuration::from_hours(24));
}

#[test]
fn the_same_digits_differ_by_scheme_and_member() {
    for (brand, words, expected) in [
        (Brand::Visa, advised("03"), "stop_series"),
        (Brand::Visa, responded("03"), "none"),
        (Brand::Mastercard, advised("03"), "never"),
        (Brand::Mastercard, responded("03"), "none"),
        (Brand::Mastercard, advised("05"), "never"),
        (Brand::Mastercard, responded("05"), "none"),
        (Brand::Amex, advised("03"), "none"),
        (Brand::Discover, advised("21"), "none"),
        (Brand::Mastercard, SchemeWords { category: code("1"), ..SchemeWords::default() }, "none"),
        // Outside the vendor's rows.
        (Brand::Mastercard, advised("42"), "never"),
        (Brand::Mastercard, responded("79"), "none"),
        (Brand::Mastercard, SchemeWords { response: code("83"), ..advised("01") }, "fix"),
        (Brand::Mastercard, SchemeWords { response: code("83"), ..advised("03") }, "never"),
        (Brand::Visa, responded("9G"), "issuer"),
        (Brand::Visa, SchemeWords { category: code("4"), ..SchemeWords::default() }, "none"),
        (Brand::Jcb, responded("41"), "never"),
    ] {
        assert_eq!(shown(rule(Some(brand), &words, FNOR_05)), expected, "{brand:?} {words:?}");
    }
}

#[test]
fn a_processors_own_word_counts_and_the_gateways_does_not() {
    for (respproc, respcode, expected) in [
        ("RPCT", "504", "never"),
        ("RPCT", "509", "never"),
        ("RPCT", "514", "never"),
        ("RPCT", "790", "drop"),
        ("RPCT", "791", "stop_series"),
        ("RPCT", "503", "fix"),
        ("RPCT", "531", "fix"),
        ("RPCT", "508", "wait 24"),
        ("PMT", "570", "stop_series"),
        ("FNOR", "1A", "fix"),
        ("RPCT", "208", "never"),
        ("RPCT", "302", "never"),
        ("AMEX", "200", "never"),
        ("PPS", "11", "none"),
        ("PPS", "98", "none"),
        ("FNOR", "05", "none"),
    ] {
        let read =
            rule(Some(Brand::Mastercard), &SchemeWords::default(), ProcessorCode { respproc, respcode });
        assert_eq!(shown(read), expected, "{respproc} {respcode}");
    }
    // Lost, whatever the category says.
    let words = SchemeWords { category: code("2"), ..SchemeWords::default() };
    let lost = ProcessorCode { respproc: "RPCT", respcode: "208" };
    assert_eq!(shown(rule(Some(Brand::Visa), &words, lost)), "never");
    let dropped = ProcessorCode { respproc: "RPCT", respcode: "790" };
    assert_eq!(shown(rule(Some(Brand::Mastercard), &advised("01"), dropped)), "drop", "it forbids more");
}

#[test]
fn what_a_cardholder_stopped_is_not_the_cards_end() {
    for (advice, expected) in [("R0", "drop"), ("R1", "stop_series"), ("R3", "stop_series"), ("02", "drop")] {
        let words = SchemeWords { category: code("1"), ..advised(advice) };
        assert_eq!(shown(rule(Some(Brand::Visa), &words, FNOR_05)), expected);
        // Another member than the category says never.
        let words = SchemeWords { response: code("41"), ..words };
        assert_eq!(shown(rule(Some(Brand::Visa), &words, FNOR_05)), "never");
    }
    let words = SchemeWords { category: code("1"), ..responded("R1") };
    assert_eq!(shown(rule(Some(Brand::Visa), &words, FNOR_05)), "stop_series");
}

#[test]
fn of_a_card_of_no_known_brand_the_strictest_reading_counts() {
    for (words, expected) in [
        (advised("03"), "never"),
        (advised("21"), "stop_series"),
        (advised("02"), "drop"),
        (advised("30"), "wait 240"),
        (responded("57"), "never"),
        (SchemeWords { category: code("1"), ..SchemeWords::default() }, "never"),
        (advised("ZZ"), "none"),
    ] {
        assert_eq!(shown(rule(None, &words, FNOR_05)), expected, "{words:?}");
    }
}

fn any_code() -> impl Strategy<Value = Option<SchemeCode>> {
    const CODES: &[&str] = &[
        "01", "02", "03", "05", "06", "07", "14", "21", "22", "24", "30", "41", "43", "51", "54", "57", "91",
        "9G", "R0", "R1", "R3", "1", "2", "3", "4", "105", "121", "ZZ",
    ];
    proptest::option::of(proptest::sample::select(CODES).prop_map(|text| code(text).unwrap()))
}

fn any_brand() -> impl Strategy<Value = Option<Brand>> {
    proptest::option::of(proptest::sample::select(Brand::ALL))
}

proptest! {
    #[test]
    fn no_member_makes_a_ban_milder(
        brand in any_brand(),
        advice in any_code(),
        response in any_code(),
        category in any_code(),
        respcode in proptest::sample::select(&["05", "54", "57", "91", "504", "790", "791", "208", "508"][..]),
        respproc in proptest::sample::select(&["FNOR", "RPCT", "PPS"][..]),
    ) {
        let alone = |words: &SchemeWords, code| class(rule(brand, words, code));
        let processor = ProcessorCode { respproc, respcode };
        let nobody = ProcessorCode { respproc: "", respcode: "" };
        let parts = [
            SchemeWords { advice: advice.clone(), ..SchemeWords::default() },
            SchemeWords { response: response.clone(), ..SchemeWords::default() },
        ];
        let of_category = SchemeWords { category: category.clone(), ..SchemeWords::default() };
        let bans = |class: &RetryClass| *class <= RetryClass::Drop;
        let own: Vec<_> = parts.iter().filter_map(|words| alone(words, nobody)).filter(bans).collect();
        let by_holder = own.iter().any(|class| *class != RetryClass::Never) && brand != Some(Brand::Mastercard);
        let mut all = own;
        // The exception: Visa's category beside a payment or a series that the cardholder stopped.
        all.extend(alone(&of_category, nobody).filter(bans).filter(|_| !by_holder));
        // The category that is published for the processor's code gives way to a stated one.
        let is_stated = category.as_ref().is_some_and(|category| super::of_category(&category.code).is_some());
        let published = alone(&SchemeWords::default(), processor).filter(bans);
        all.extend(published.filter(|_| !by_holder && !is_stated));
        // A Mastercard has no category, so that only the processor's own word is left.
        let of_processor = rule(Some(Brand::Mastercard), &SchemeWords::default(), processor);
        all.extend(class(of_processor).filter(bans));
        let words = SchemeWords { advice, response, category };
        let together = class(rule(brand, &words, processor));
        if let Some(strictest) = all.iter().min() {
            prop_assert!(together.is_some_and(|class| class <= *strictest), "{together:?} of {all:?}");
        }
    }

    #[test]
    fn any_words_have_a_rule_or_none(brand in any_brand(), texts in proptest::array::uniform5("\\PC{0,6}")) {
        let [advice, response, category, respproc, respcode] = texts;
        let of = |text: &str| SchemeCode::stated(Some(text), Some(text));
        let words = SchemeWords { advice: of(&advice), response: of(&response), category: of(&category) };
        rule(brand, &words, ProcessorCode { respproc: &respproc, respcode: &respcode });
    }
}
