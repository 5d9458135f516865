use super::*;
use crate::api::body::{Names, from_json};

#[test]
fn a_slip_of_the_pen_is_told_from_another_word() {
    for near in ["amonut", "ammount", "amout", "amounts", "anount", "mount", "amoun", "xamount"] {
        assert!(one_slip_apart(near, "amount"), "{near}");
    }
    for other in ["amount", "account", "mountain", "method", "am", "", "tnuoma", "amiant", "amuxnt"] {
        assert!(!one_slip_apart(other, "amount"), "{other}");
    }
}

#[test]
fn what_is_probably_meant_as_the_amount_is_not_ignored() {
    let of = |member: &str| {
        let document = from_json(&format!("{{\"{member}\":1}}"), Names::Exact).unwrap();
        let mut members = Members::of(&document);
        members.lacks("amount");
        members.no_near_miss_of("amount");
        members.finish().is_err()
    };
    for near in ["Amount", "amonut", "AMOUNT", "total_amount", "amount_minor", "am-ount", "amount "] {
        assert!(of(near), "{near}");
    }
    for other in ["amount", "account", "options", "number", "type"] {
        assert!(!of(other), "{other}");
    }
}

/// The problems of a body that may state its amount by another name.
fn refused_for_an_amount(json: &str) -> Vec<Problem> {
    let document = from_json(json, Names::Exact).unwrap();
    let mut members = Members::of(&document);
    members.lacks("amount");
    let _read = members.object("read");
    members.no_other_amount("amount");
    let Err(failure) = members.finish() else { return Vec::new() };
    failure.problems().cloned().collect()
}

#[test]
fn a_number_that_nothing_has_read_may_be_meant_as_the_amount() {
    let named = |json: &str| -> Vec<String> {
        refused_for_an_amount(json)
            .iter()
            .filter_map(|problem| problem.member(|_| "").map(str::to_owned))
            .collect()
    };
    let none: Vec<String> = Vec::new();
    for value in ["5", "-1", "0.5", "1e3", "\"5\"", "\" 5.00 \"", "\"1,000.00\"", "\"1.000,00\"", "\"1 000\""]
    {
        assert_eq!(named(&format!("{{\"total\":{value}}}")), ["total"], "{value}");
        assert_eq!(named(&format!("{{\"amount\":{value}}}")), none, "{value}");
    }
    for value in ["\"$5\"", "\"5 €\"", "\"5.00 USD\"", "\"usd 5\"", "\"\u{FF15}\"", "\"-5\"", "\"1'000\""] {
        assert_eq!(named(&format!("{{\"total\":{value}}}")), ["total"], "{value}");
    }
    let others = ["null", "true", "\"\"", "\"-\"", "\"USD\"", "\"order-5\"", "\"4A\"", "\"5|6\"", "[]", "{}"];
    let dotted = ["\"1.2.3.4\"", "\"1.2.3.4 (office)\"", "\"2026-11-22T12:00:00Z\"", "\"5@example.com\""];
    for value in others.iter().chain(&dotted) {
        assert_eq!(named(&format!("{{\"total\":{value}}}")), none, "{value}");
    }
    assert_eq!(named(r#"{"amount":1,"total":5,"sum":6}"#), ["total", "sum"], "beside an amount, too");
    assert_eq!(
        named(r#"{"total":{"amount":null,"net":5,"of":{"tax":1}}}"#),
        ["total.amount", "total.net", "total.of.tax"]
    );
    assert_eq!(named(r#"{"options":{"profile":"36949175","idempotency_key":5,"yes":true}}"#), none);
    assert_eq!(named(r#"{"read":{"amount":5}}"#), none, "whoever reads it decides");
}

#[test]
fn a_misnamed_amount_in_words_or_in_a_list_pays_nothing() {
    for value in ["\"5 cents\"", "\"5cents\"", "\"$5.00 net\"", "\"5.00USD\"", "\"5 | 6\"", "\"1.2.3 units\""]
    {
        assert_eq!(refused_for_an_amount(&format!("{{\"total\":{value}}}")).len(), 1, "{value}");
    }
    for value in ["[5]", "[\"5\"]", "[null,[5,6]]", "[{\"net\":5}]", "{\"nets\":[5]}", "[{\"amount\":null}]"]
    {
        assert_eq!(refused_for_an_amount(&format!("{{\"total\":{value}}}")).len(), 1, "{value}");
    }
    for value in ["[\"a\",\"order 5\"]", "[{\"zip\":\"55555\"}]", "{\"lines\":[\"5 Main Street\"]}"] {
        assert_eq!(refused_for_an_amount(&format!("{{\"total\":{value}}}")), [], "{value}");
    }
}

#[test]
fn digits_of_contact_data_are_not_taken_for_the_amount_of_which_the_refusal_speaks() {
    for name in ["phone", "phone_number", "mobilePhone", "zip", "ZipCode", "postal_code"] {
        let [problem] = &refused_for_an_amount(&format!("{{\"{name}\":\"5551234\"}}"))[..] else {
            panic!("{name}")
        };
        assert_eq!(problem.words(), "is not known here; put it into metadata or leave it out", "{name}");
    }
    let [problem] = &refused_for_an_amount(r#"{"total":"5551234"}"#)[..] else { panic!("one problem") };
    assert_eq!(problem.words(), "is not known here; did you mean amount?");
}

#[test]
fn what_a_serializer_adds_for_itself_is_no_misspelled_member() {
    let document = from_json(r#"{"$type":"A","__type":"B","$id":"1","_x":1}"#, Names::AnyCase).unwrap();
    let mut members = Members::of(&document);
    members.only(&["Amount"]);
    let failure = members.finish().unwrap_err();
    let named: Vec<_> = failure.problems().filter_map(|problem| problem.member(|_| "")).collect();
    assert_eq!(named, ["_x"]);
}
