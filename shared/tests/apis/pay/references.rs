//! The merchant's references to a payment.

use serde_json::{Map, Value, json};
use tollgate_core::order::{GatewayResponse, NoEffect, Outcome};

use super::declines;
use crate::ask::{Ask, get, post};
use crate::fixture::{AUTHORIZE, NUMBER, card, declined, long, pay, registered};
use crate::table::Table;

/// All that a payment can be known by.
fn said() -> Value {
    let mut data = card(4_000);
    data["custom_reference"] = json!("invoice 7");
    data["description"] = json!("Two lamps for Zo\u{eb}");
    data["metadata"] = json!({"channel": "web", "ERP.no-1_a": "000123"});
    data["paymentmethod_meta"] = json!({"name": "Company card", "custom_reference": "invoice 7"});
    data
}

/// So many members of metadata, each with a value of so many characters.
fn members(count: usize, chars: usize) -> Value {
    (0..count).map(|n| (format!("m{n:02}"), long(chars))).collect::<Map<_, _>>().into()
}

#[tokio::test(start_paused = true)]
async fn each_reference_is_kept_as_it_is_or_refused_by_name() {
    let mut t = Table::new("pay_references");
    let references: &[Value] = &[
        json!(null),
        json!(""),
        json!("  "),
        json!("A-1"),
        json!(" =1+1 "),
        json!(5),
        json!({}),
        long(128),
        long(129),
        json!(NUMBER),
        json!("4111 1111 1111 1111 12/30"),
        json!("a\nb"),
        json!("a\u{202e}b"),
    ];
    let words: &[Value] = &[
        json!(null),
        json!(""),
        json!(true),
        json!(["x"]),
        long(128),
        long(255),
        long(256),
        json!(format!("charged {NUMBER} today")),
        json!("a\u{0}b"),
    ];
    let metadata: &[Value] = &[
        json!(null),
        json!({}),
        json!("x"),
        json!(["x"]),
        json!({"a": null}),
        json!({"a": ""}),
        json!({"a": 5}),
        json!({"a": true}),
        json!({"a": {"b": "c"}}),
        json!({"": "x"}),
        json!({"a b": "x"}),
        json!({"\u{e9}": "x"}),
        json!({"a": NUMBER}),
        json!({NUMBER: "x"}),
        json!({"41111111": "11111111"}),
        json!({"a": "b\u{7}", "c": "d\u{202e}"}),
        json!({("x".repeat(40)): "x"}),
        json!({("x".repeat(41)): "x"}),
        json!({"a": "x".repeat(255)}),
        json!({"a": "x".repeat(256)}),
        members(20, 99),
        members(21, 1),
        members(20, 100),
    ];
    let meta: &[Value] = &[
        json!(null),
        json!({}),
        json!("x"),
        json!({"name": "Gift card", "custom_reference": "A-2", "other": 5}),
        json!({"name": null, "custom_reference": null}),
    ];
    let all: &[(&str, &[Value])] = &[
        ("data.custom_reference", references),
        ("data.description", words),
        ("data.metadata", metadata),
        ("data.paymentmethod_meta", meta),
        ("data.paymentmethod_meta.name", words),
        ("data.paymentmethod_meta.custom_reference", references),
    ];
    let mut with_meta = card(4_000);
    with_meta["paymentmethod_meta"] = json!({});
    t.vary(&pay("a", "purchase", with_meta.clone()).by("shop:pay"), declines, all).await;
    with_meta["method"] = json!("authorize");
    with_meta["custom_reference"] = json!("A-1");
    let both = post("/v2/orders/a/payments").data(with_meta).by("shop:pay");
    let other: &[Value] = &[json!("A-1"), json!("A-2"), json!("a-1"), json!(""), json!(null)];
    t.vary(&both, declines, &[("data.paymentmethod_meta.custom_reference", other)]).await;
    t.end();
}

#[tokio::test(start_paused = true)]
async fn a_payment_is_known_by_what_it_was_first_said_to_be_until_a_capture_says_otherwise() {
    let mut t = Table::new("references");
    t.prepare(&registered("a", 10_000)).await;
    let paid = |key: &str| pay("a", "authorize", said()).by("shop:pay").key(key);
    t.ask("all that it is known by", &paid("k")).await;
    let mut other = said();
    other["custom_reference"] = json!("invoice 8");
    other["paymentmethod_meta"] = json!(null);
    other["metadata"] = json!(null);
    t.ask("a repetition changes nothing", &pay("a", "authorize", other).by("shop:pay").key("k")).await;
    let read = get(format!("/v2/orders/a/transactions/{AUTHORIZE}"));
    t.ask("as it is read", &read.clone().by("shop:read")).await;
    let list = || get("/v2/transactions").by("shop:read");
    t.ask("as a file", &list().header("accept", "text/csv")).await;
    let does = |what: &str, data: Value| {
        post(format!("/v2/orders/a/transactions/{AUTHORIZE}/{what}")).by("shop:operate").data(data)
    };
    for (what, member) in [
        ("capture", "description"),
        ("capture", "metadata"),
        ("capture", "paymentmethod_meta"),
        ("refund", "custom_reference"),
        ("cancel", "custom_reference"),
    ] {
        t.ask("not what only a payment states", &does(what, json!({member: "x"}))).await;
    }
    t.world.answer(declined);
    let refused = does("capture", json!({"amount": 3_000, "custom_reference": "parcel 1"})).key("c1");
    t.ask("a capture that is declined", &refused).await;
    t.ask("one that says nothing keeps it", &does("capture", json!({"amount": 3_000})).key("c2")).await;
    t.ask("a refund goes by it", &does("refund", json!({"amount": 500})).key("r1")).await;
    t.ask("as a file, it is known by its capture", &list().header("accept", "text/csv")).await;
    t.end();
}

#[tokio::test(start_paused = true)]
async fn what_is_known_of_a_payment_that_did_not_take_place_is_as_the_last_request_says() {
    let mut t = Table::new("references_again");
    t.prepare(&registered("a", 10_000)).await;
    for key in [None, Some("k")] {
        let ask = |data: Value| {
            let ask = pay("a", "purchase", data).by("shop:pay");
            key.map_or(ask.clone(), |key| ask.key(key))
        };
        t.world.answer(|_| Outcome::NoEffect(NoEffect::Unreachable, GatewayResponse::default()));
        t.ask("the gateway is not there", &ask(said())).await;
        let mut other = card(4_000);
        other["custom_reference"] = json!("invoice 8");
        t.ask("it is there again", &ask(other)).await;
        t.afresh();
        t.prepare(&registered("a", 10_000)).await;
    }
    t.end();
}

#[tokio::test(start_paused = true)]
async fn a_capture_can_clear_a_reference_and_a_shopper_states_only_what_storefronts_send() {
    let mut t = Table::new("references_who");
    t.prepare(&registered("a", 10_000)).await;
    t.prepare(&pay("a", "authorize", said()).by("shop:pay")).await;
    let capture = post(format!("/v2/orders/a/transactions/{AUTHORIZE}/capture")).by("shop:operate");
    t.ask("cleared", &capture.data(json!({"custom_reference": ""}))).await;
    let shopper = |data: Value| -> Ask { pay("a", "purchase", data).by("shop:shopper1").key("s") };
    for (member, value) in
        [("custom_reference", json!("A-1")), ("description", json!("x")), ("metadata", json!({"a": "b"}))]
    {
        t.afresh();
        t.prepare(&registered("a", 4_000)).await;
        let mut data = card(4_000);
        data[member] = value;
        t.ask("a shopper does not state what is the merchant's", &shopper(data.clone())).await;
        data[member] = json!(null);
        t.ask("and may state nothing", &shopper(data)).await;
    }
    t.afresh();
    t.prepare(&registered("a", 4_000)).await;
    let mut data = card(4_000);
    data["paymentmethod_meta"] = json!({"name": "Gift card", "custom_reference": "G-1"});
    t.ask("what a storefront states", &shopper(data)).await;
    let read = get(format!("/v2/orders/a/transactions/{AUTHORIZE}"));
    t.ask("is shown to the merchant", &read.clone().by("shop:read")).await;
    t.ask("and to the shopper", &read.by("shop:shopper1")).await;
    t.end();
}
