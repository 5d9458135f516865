use std::collections::HashMap;

use lambda_http::RequestExt;

use super::*;
use crate::api::body::{Names, from_json};

#[test]
fn a_slip_of_the_pen_is_told_from_another_word() {
    for near in ["amonut", "ammount", "amout", "amounts", "anount", "mount", "amoun", "xamount", "tmouna"] {
        assert!(is_slip(near, "amount"), "{near}");
    }
    for other in ["amount", "account", "mountain", "method", "am", "", "tnuoma", "amiant", "amuxnt"] {
        assert!(!is_slip(other, "amount"), "{other}");
    }
}

/// The problems of a request with this body and query, whose `data` has these members.
fn elsewhere(json: &str, query: &str, own: &[&str]) -> Vec<String> {
    let document = from_json(json, Names::Exact).unwrap();
    let query = form_urlencoded::parse(query.as_bytes()).into_owned();
    let query: HashMap<String, Vec<String>> = query.map(|(name, value)| (name, vec![value])).collect();
    let request = Request::default().with_query_string_parameters(query);
    let mut data = Members::of(&document).inside("data").unwrap();
    data.nothing_elsewhere(&request, own);
    let problems = data.problems.iter();
    problems
        .map(|problem| format!("{} {}", problem.member(|_| "").unwrap_or_default(), problem.words()))
        .collect()
}

#[test]
fn a_member_that_stands_elsewhere_is_refused_with_its_place() {
    let own = ["amount", "capture_amount", "capture_at", "customer"];
    let did_you_mean =
        |path: &str, place: &str| vec![format!("{path} is not known here; did you mean data.{place}?")];
    for (json, path, place) in [
        (r#"{"data":{},"amount":1}"#, "amount", "amount"),
        (r#"{"data":{},"data.amount":"five"}"#, "data.amount", "amount"),
        (r#"{"data":{"options":{"amount":null}}}"#, "data.options.amount", "amount"),
        (r#"{"data":{"a":[{"b":{"Total-Amount":1}}]}}"#, "data.a.b.Total-Amount", "amount"),
        (r#"{"data":{"amuont":"5"}}"#, "data.amuont", "amount"),
        (r#"{"data":{"amt":"five"}}"#, "data.amt", "amount"),
        (r#"{"data":{"capture_amuont":1}}"#, "data.capture_amuont", "capture_amount"),
        (r#"{"data":{"capture_amont":1}}"#, "data.capture_amont", "capture_amount"),
        (r#"{"data":{"custommer":"bob"}}"#, "data.custommer", "customer"),
        (r#"{"data":{},"x":{"captureAt":1}}"#, "x.captureAt", "capture_at"),
        (r#"{"data":{"costumer":"bob"}}"#, "data.costumer", "customer"),
        (r#"{"data":{"customer_id":"bob"}}"#, "data.customer_id", "customer"),
        (r#"{"data":{"options":{"customer":"bob"}}}"#, "data.options.customer", "customer"),
    ] {
        assert_eq!(elsewhere(json, "", &own), did_you_mean(path, place), "{json}");
    }
    for (query, path, place) in
        [("amount=5", "amount", "amount"), ("data[capture_at]=x", "data[capture_at]", "capture_at")]
    {
        assert_eq!(elsewhere(r#"{"data":{}}"#, query, &own), did_you_mean(path, place), "{query}");
    }
    let leave_out = ["data.reopen is not known here; leave it out"];
    assert_eq!(elsewhere(r#"{"data":{"reopen":true}}"#, "", &own), leave_out);
}

#[test]
fn of_many_members_elsewhere_ten_are_named() {
    let of = |count: usize| -> usize {
        let members: Vec<_> = (0..count).map(|n| format!("\"amount{n}\":1")).collect();
        elsewhere(&format!("{{\"data\":{{{}}}}}", members.join(",")), "", &["amount"]).len()
    };
    assert_eq!([of(9), of(10), of(11)], [9, 10, 10]);
}

#[test]
fn what_other_systems_send_besides_stays_ignored() {
    let own = ["amount", "customer"];
    for json in [
        r#"{"data":{"amount":1,"customer":"c","metadata":{"amount":2,"customer":"d"}}}"#,
        r#"{"data":{"customer_ip":"1.2.3.4","customer_x":1,"capture_at_store":1,"save_payment_method":true}}"#,
        r#"{"data":{"account":1,"options":{"receipt_email":"a@b.example","same":1,"sale":true}}}"#,
        r#"{"data":{"framtid":1,"streamType":2},"shipping_address":{"line_1":"a"}}"#,
    ] {
        assert_eq!(elsewhere(json, "locale=en", &own), [""; 0], "{json}");
    }
    // A customer is meant only where it restricts.
    assert_eq!(
        elsewhere(r#"{"data":{"costumer":"bob","options":{"customer":"c"}}}"#, "", &["amount"]),
        [""; 0]
    );
}

/// The problems of a body whose `data` may state its amount by another name.
fn refused_for_an_amount(json: &str) -> Vec<Problem> {
    let document = from_json(&format!("{{\"data\":{json}}}"), Names::Exact).unwrap();
    let mut members = Members::of(&document).inside("data").unwrap();
    members.lacks("amount");
    let _read = members.object("read");
    members.no_stray_number();
    let Err(failure) = members.finish() else { return Vec::new() };
    failure.problems().cloned().collect()
}

#[test]
fn a_number_that_nothing_has_read_may_be_meant_as_the_amount() {
    let named = |json: &str| -> Vec<String> {
        refused_for_an_amount(json)
            .iter()
            .filter_map(|problem| problem.member(|_| "")?.strip_prefix("data.").map(str::to_owned))
            .collect()
    };
    let none: Vec<String> = Vec::new();
    for value in ["5", "-1", "0.5", "1e3", "\"5\"", "\" 5.00 \"", "\"1,000.00\"", "\"1.000,00\"", "\"1 000\""]
    {
        assert_eq!(named(&format!("{{\"cost\":{value}}}")), ["cost"], "{value}");
        assert_eq!(named(&format!("{{\"amount\":{value}}}")), none, "{value}");
    }
    for value in ["\"$5\"", "\"5 €\"", "\"5.00 USD\"", "\"usd 5\"", "\"\u{FF15}\"", "\"-5\"", "\"1'000\""] {
        assert_eq!(named(&format!("{{\"cost\":{value}}}")), ["cost"], "{value}");
    }
    let others = ["null", "true", "\"\"", "\"-\"", "\"USD\"", "\"order-5\"", "\"4A\"", "\"5|6\"", "[]", "{}"];
    let dotted = ["\"1.2.3.4\"", "\"1.2.3.4 (office)\"", "\"2026-11-22T12:00:00Z\"", "\"5@example.com\""];
    for value in others.iter().chain(&dotted) {
        assert_eq!(named(&format!("{{\"note\":{value}}}")), none, "{value}");
    }
    for name in ["total", "grandTotal", "unit-price", "value", "sum_of_all"] {
        assert_eq!(named(&format!("{{\"{name}\":\"EUR5\"}}")), [name]);
        assert_eq!(named(&format!("{{\"{name}\":\"none\"}}")), none);
        assert_eq!(named(&format!("{{\"order\":{{\"{name}\":\"EUR5\"}}}}")), none, "in an unknown object");
    }
    assert_eq!(named(r#"{"amount":1,"total":5,"sum":6}"#), ["total", "sum"], "beside an amount, too");
    assert_eq!(named(r#"{"total":{"amount":null,"net":5,"of":{"tax":1}}}"#), ["total.net", "total.of.tax"]);
    assert_eq!(named(r#"{"options":{"profile":"36949175","idempotency_key":5,"yes":true}}"#), none);
    assert_eq!(named(r#"{"read":{"amount":5}}"#), none, "the reader of the object decides");
}

#[test]
fn a_misnamed_amount_in_words_or_in_a_list_pays_nothing() {
    for value in ["\"5 cents\"", "\"5cents\"", "\"$5.00 net\"", "\"5.00USD\"", "\"5 | 6\"", "\"1.2.3 units\""]
    {
        assert_eq!(refused_for_an_amount(&format!("{{\"cost\":{value}}}")).len(), 1, "{value}");
    }
    for value in ["[5]", "[\"5\"]", "[null,[5,6]]", "[{\"net\":5}]", "{\"nets\":[5]}"] {
        assert_eq!(refused_for_an_amount(&format!("{{\"cost\":{value}}}")).len(), 1, "{value}");
    }
    for value in ["[\"a\",\"order\"]", "[{\"zip\":\"55555\"}]", "{\"lines\":[\"5 Main Street\"]}"] {
        assert_eq!(refused_for_an_amount(&format!("{{\"cost\":{value}}}")), [], "{value}");
    }
}

#[test]
fn digits_of_contact_data_are_not_taken_for_the_amount_of_which_the_refusal_speaks() {
    for name in ["phone", "phone_number", "mobilePhone", "zip", "ZipCode", "cart_id", "invoiceNumber"] {
        let [problem] = &refused_for_an_amount(&format!("{{\"{name}\":\"5551234\"}}"))[..] else {
            panic!("{name}")
        };
        assert_eq!(problem.words(), "is not known here; put it into metadata or leave it out", "{name}");
    }
    let [problem] = &refused_for_an_amount(r#"{"total":"5551234"}"#)[..] else { panic!("one problem") };
    assert_eq!(problem.words(), "is not known here; did you mean data.amount?");
}
