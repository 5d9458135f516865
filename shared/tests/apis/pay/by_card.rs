//! The method of a payment: a card, a stored card, or a token.

use serde_json::{Value, json};

use super::declines;
use crate::ask::post;
use crate::fixture::{NUMBER, TOKEN, card, long, pay};
use crate::table::{ABSENT, Table};

#[tokio::test(start_paused = true)]
async fn each_member_of_a_card_is_as_it_was_typed_or_refused() {
    let mut t = Table::new("pay_by_card");
    let number = |number: &str| Value::from(number);
    let names: &[Value] = &[
        json!(ABSENT),
        json!(null),
        json!(""),
        json!("  "),
        json!(" Ann\u{e9} "),
        json!(5),
        json!([]),
        json!(NUMBER),
        long(255),
        long(256),
        json!("a\nb"),
        json!("a\u{ffff}"),
    ];
    let texts: &[Value] =
        &[json!(null), json!(""), json!("1 Main St"), json!(5), json!(NUMBER), long(255), long(256)];
    let members: &[(&str, &[Value])] = &[
        ("data.first_name", names),
        ("data.last_name", names),
        (
            "data.number",
            &[
                json!(ABSENT),
                json!(null),
                json!(""),
                json!(5),
                number("4111 1111 1111 1111"),
                number("4111111111111112"),
                number("411111111111"),
                number("47882500001214"),
                number("9999999999999995"),
                number("371449635398431"),
                number("x"),
                number("\u{ff14}\u{ff17}88250000121443"),
                number(TOKEN),
            ],
        ),
        (
            "data.month",
            &[
                json!(ABSENT),
                json!(null),
                json!(""),
                json!(8),
                json!("8"),
                json!(" 08 "),
                json!("13"),
                json!("00"),
                json!("x"),
            ],
        ),
        (
            "data.year",
            &[
                json!(ABSENT),
                json!(null),
                json!(2030),
                json!("30"),
                json!(" 2030 "),
                json!("x"),
                json!("31st"),
                json!("2019"),
                json!("2026"),
                json!("2099"),
                json!("1030"),
            ],
        ),
        (
            "data.verification_value",
            &[
                json!(ABSENT),
                json!(null),
                json!(""),
                json!(123),
                json!("12"),
                json!("1234"),
                json!(" 123 "),
                json!("12x"),
                long(256),
            ],
        ),
        ("data.billing_address", &[json!(null), json!({}), json!("x"), json!([])]),
        ("data.billing_address.line_1", texts),
        ("data.billing_address.line_2", &[json!("Flat 2"), json!(5)]),
        ("data.billing_address.city", &[json!("Springfield"), json!(5)]),
        ("data.billing_address.region", &[json!("IL"), json!(5)]),
        ("data.billing_address.postcode", &[json!("62701"), json!(5)]),
        (
            "data.billing_address.country",
            &[
                json!("US"),
                json!("us"),
                json!("USA"),
                json!("U"),
                json!("U1"),
                json!("1!"),
                json!(5),
                json!("\u{e9}"),
            ],
        ),
        ("data.payment", &[json!(null), json!("1|1234"), json!(TOKEN), json!(5)]),
        ("data.save", &[json!(null), json!(false), json!(true), json!("yes"), json!(1)]),
        (
            "data.initiated_by",
            &[json!(null), json!("customer"), json!("merchant"), json!("Customer"), json!(1)],
        ),
        ("data.scheduled", &[json!(null), json!(false), json!(true), json!("no")]),
        ("data.series", &[json!(null), json!(false), json!(true), json!("yes")]),
        ("data.ignore_scheme_advice", &[json!(null), json!(false), json!(true), json!(1)]),
        ("data.customer", &[json!(5), json!("c-1")]),
    ];
    t.vary(&pay("a", "purchase", card(4_000)).by("shop:pay"), declines, members).await;
    t.afresh();
    declines(&mut t).await;
    let wrong = json!({
        "gateway": "card_connect", "method": "purchase", "amount": 1.5, "currency": "XXX", "first_name": "",
        "number": "4788250000121444", "month": "13", "year": "2031", "verification_value": "12",
        "billing_address": {"line_1": 5, "country": "USA"},
    });
    t.ask("every wrong member is named", &post("/v2/orders/a/payments").by("shop:pay").data(wrong)).await;
    t.end();
}

#[tokio::test(start_paused = true)]
async fn a_stored_card_and_a_token_are_told_apart_from_a_card() {
    let mut t = Table::new("pay_by_token");
    let stored = json!({"gateway": "card_connect", "amount": 4_000, "payment": "1|12345678901234567890"});
    let members: &[(&str, &[Value])] = &[
        (
            "data.payment",
            &[
                json!(ABSENT),
                json!("1|1"),
                json!("999|12345678901234567890"),
                json!("1234|1"),
                json!("1|123456789012345678901"),
                json!("|1"),
                json!("1|"),
                json!("1"),
                json!("1|1|1"),
                json!("x|1"),
                json!("1|x"),
                json!("12345678901234567890|1"),
                json!("1/12345678901234567890"),
                json!("12345678901234567890"),
                json!(""),
                json!(5),
                json!({}),
                json!(TOKEN),
                long(256),
            ],
        ),
        ("data.month", &[json!("08")]),
        ("data.verification_value", &[json!("123")]),
        ("data.initiated_by", &[json!("customer"), json!("merchant"), json!("shopper")]),
        ("data.scheduled", &[json!(true), json!(false)]),
        ("data.save", &[json!(true), json!(false)]),
        (
            "data.capture_at",
            &[
                json!(null),
                json!("2026-11-22T12:00:00Z"),
                json!("2026-11-27T12:00:01Z"),
                json!("x"),
                json!("2027-01-31"),
                json!("2027-02-30T12:00:00Z"),
                json!(1_700_000_000),
                json!({}),
            ],
        ),
    ];
    t.vary(&pay("a", "authorize", stored.clone()).by("shop:pay"), declines, members).await;
    let mut series = stored;
    series["initiated_by"] = json!("merchant");
    let members: &[(&str, &[Value])] =
        &[("data.scheduled", &[json!(true), json!(false), json!(null), json!(1)])];
    t.vary(&pay("a", "purchase", series).by("shop:pay"), declines, members).await;
    let token =
        json!({"gateway": "card_connect", "amount": 4_000, "payment": TOKEN, "month": "08", "year": "2030"});
    let members: &[(&str, &[Value])] = &[
        (
            "data.payment",
            &[
                json!("9418594164541112"),
                json!("94185941645411111"),
                json!("947770962905144"),
                json!("1|1"),
                json!("8418594164541111"),
                json!(NUMBER),
            ],
        ),
        ("data.first_name", &[json!("Ann"), json!(""), json!(" "), json!(5), json!(NUMBER)]),
        ("data.last_name", &[json!("Lee"), json!(NUMBER)]),
        ("data.month", &[json!(ABSENT), json!(null), json!("13")]),
        ("data.year", &[json!(ABSENT), json!("2019")]),
        ("data.verification_value", &[json!("123"), json!("1"), json!(""), json!(null), json!("1234")]),
        ("data.number", &[json!(NUMBER), json!(null)]),
        ("data.initiated_by", &[json!("merchant")]),
        ("data.billing_address", &[json!({"line_1": "1 Main St", "country": "gb"})]),
        ("data.save", &[json!(true)]),
    ];
    t.vary(&pay("a", "purchase", token).by("shop:pay"), declines, members).await;
    t.end();
}
