//! How much is paid, in which currency, and once.

use serde_json::{Value, json};

use super::declines;
use crate::ask::post;
use crate::fixture::{card, declined, pay, registered, unknown};
use crate::table::{ABSENT, Table};

#[tokio::test(start_paused = true)]
async fn how_much_is_paid_of_which_currency_and_how_is_never_guessed() {
    let mut t = Table::new("pay_how_much");
    let mut data = card(4_000);
    data["method"] = json!("purchase");
    let base = post("/v2/orders/a/payments").data(data).by("shop:pay");
    let members: &[(&str, &[Value])] = &[
        ("data", &[json!(ABSENT), json!(null), json!([])]),
        (
            "data.gateway",
            &[json!(ABSENT), json!(null), json!(""), json!("stripe"), json!("Card_connect"), json!(5)],
        ),
        (
            "data.method",
            &[
                json!(ABSENT),
                json!(null),
                json!("authorize"),
                json!("Purchase"),
                json!("pay"),
                json!(5),
                json!(["purchase"]),
                json!("capture"),
                json!("refund"),
            ],
        ),
        (
            "data.amount",
            &[
                json!(ABSENT),
                json!(null),
                json!(0),
                json!(-1),
                json!("4000"),
                json!({}),
                json!(10_000),
                json!(10_001),
                json!(1.0),
                json!(10.5),
                json!(1e30),
                json!(100_000_000_000_u64),
            ],
        ),
        ("data.Amount", &[json!(1)]),
        ("data.ammount", &[json!(1)]),
        ("data.amount_cents", &[json!(1)]),
        ("data.amout", &[json!(1)]),
        ("data.account", &[json!("is another word")]),
        (
            "data.total",
            &[
                json!(5),
                json!(null),
                json!("5"),
                json!("1,000.00"),
                json!("USD"),
                json!({"currency": "USD", "net": 5}),
                json!("5 cents"),
                json!([{"net": 5}]),
                json!("1.2.3.4"),
            ],
        ),
        ("data.paymentmethod_meta", &[json!({"name": "till 5", "custom_reference": "5"})]),
        ("data.receipt_email", &[json!("5@example.com")]),
        ("data.phone", &[json!("555-1234")]),
        ("total", &[json!(5)]),
        ("options", &[json!({"amount": 5}), json!({"customer_payment_profile_id": "36949175"})]),
        (
            "data.currency",
            &[
                json!("USD"),
                json!("EUR"),
                json!("usd"),
                json!("U"),
                json!("US"),
                json!(5),
                json!(840),
                json!(null),
            ],
        ),
        ("data.capture_at", &[json!(null), json!("2026-11-22T12:00:00Z")]),
        ("data.capture_amount", &[json!(null), json!(1), json!(10_001), json!("1")]),
        (
            "data.options",
            &[
                json!({"idempotency_key": "k"}),
                json!({"idempotency_key": 5}),
                json!({"idempotency_key": null}),
                json!({"idempotency_key": "\u{e9}"}),
                json!({"idempotency_key": ""}),
            ],
        ),
    ];
    t.vary(&base, declines, members).await;
    for route in ["authorize", "purchase"] {
        let members: &[(&str, &[Value])] =
            &[("data.method", &[json!(null), json!("authorize"), json!("purchase"), json!(""), json!(5)])];
        t.vary(&pay("a", route, card(4_000)).by("shop:pay"), declines, members).await;
    }
    t.end();
}

#[tokio::test(start_paused = true)]
async fn a_merchant_that_keeps_its_orders_says_amount_and_currency() {
    let mut t = Table::new("pay_external");
    let base = pay("a", "purchase", card(4_000)).by("external:pay");
    let refuses = async |t: &mut Table| t.world.answer(declined);
    let members: &[(&str, &[Value])] = &[
        ("data.currency", &[json!(ABSENT), json!("USD"), json!("EUR"), json!("GBP"), json!("JPY")]),
        ("data.amount", &[json!(ABSENT), json!(null)]),
    ];
    t.vary(&base, refuses, members).await;
    for currency in ["EUR", " usd ", "x", "GBP"] {
        t.afresh();
        t.world.answer(declined);
        t.ask("the SDK's header names the currency", &base.clone().header("x-moltin-currency", currency))
            .await;
    }
    t.afresh();
    t.world.answer(declined);
    let euros = pay("a", "purchase", {
        let mut data = card(4_000);
        data["currency"] = json!("EUR");
        data
    });
    t.ask("the body's goes first", &euros.by("external:pay").header("x-moltin-currency", "USD")).await;
    t.ask("the same order in other money", &base.clone().header("x-moltin-currency", "USD")).await;
    t.world.answer(declined);
    t.ask("one currency needs not be named", &pay("a", "purchase", card(5)).by("yen:pay")).await;
    t.prepare(&registered("a", 10_000)).await;
    t.ask(
        "a registered order has its own",
        &pay("a", "purchase", card(4_000)).by("shop:pay").header("x-moltin-currency", "EUR"),
    )
    .await;
    t.end();
}

#[tokio::test(start_paused = true)]
async fn a_payment_is_made_once_for_a_key() {
    let mut t = Table::new("pay_keys");
    t.prepare(&registered("a", 100_000)).await;
    let first = pay("a", "purchase", card(4_000)).by("shop:pay");
    let with = |options: Value| {
        let mut data = card(4_000);
        data["options"] = options;
        pay("a", "purchase", data).by("shop:pay")
    };
    t.ask("the first of its key", &first.clone().key("k1")).await;
    t.ask("its repetition", &first.clone().key("k1")).await;
    t.ask("in quotes", &first.clone().key("\"k1\"")).await;
    t.ask("by the body", &with(json!({"idempotency_key": "k1"}))).await;
    t.ask("by both", &with(json!({"idempotency_key": "k1"})).key("k1")).await;
    t.ask("which differ", &with(json!({"idempotency_key": "k1"})).key("k2")).await;
    t.ask("null in the body is none", &with(json!({"idempotency_key": null})).key("k1")).await;
    t.ask("options are an object", &with(json!("k1"))).await;
    t.ask("for another amount", &pay("a", "purchase", card(4_001)).by("shop:pay").key("k1")).await;
    t.ask(
        "for another currency stated",
        &pay("a", "purchase", {
            let mut data = card(4_000);
            data["currency"] = json!("USD");
            data
        })
        .by("shop:pay")
        .key("k1"),
    )
    .await;
    t.ask(
        "for another card",
        &pay("a", "purchase", {
            let mut data = card(4_000);
            data["number"] = json!("5499740000000057");
            data
        })
        .by("shop:pay")
        .key("k1"),
    )
    .await;
    let general = post("/v2/orders/a/payments").by("shop:pay").key("k1");
    let method = |method: &str| {
        let mut data = card(4_000);
        data["method"] = json!(method);
        general.clone().data(data)
    };
    t.ask("on the route for both methods", &method("purchase")).await;
    t.ask("on the route for both methods, with the other one", &method("authorize")).await;
    t.ask("on the other method's route", &pay("a", "authorize", card(4_000)).by("shop:pay").key("k1")).await;
    t.ask("on another order", &pay("z", "purchase", card(4_000)).by("shop:pay").key("k1")).await;
    let stored = |payment: &str| {
        let data = json!({"gateway": "card_connect", "amount": 4_000, "payment": payment});
        pay("a", "purchase", data).by("shop:pay").key("k9")
    };
    for (payment, hazard) in
        [("1|11", "a stored card"), ("1|12", "of another profile"), ("2|11", "of another account")]
    {
        t.ask(hazard, &stored(payment)).await;
    }
    t.ask("without a key an equal one is suspect", &first).await;
    for key in ["", " ", "\"\"", "a\tb", &"k".repeat(255), &"k".repeat(256), "\"", "k3\"", "~!@#$%^&*() ok"] {
        t.afresh();
        declines(&mut t).await;
        t.ask("what a key may be", &first.clone().key(key)).await;
    }
    for key in
        ["k".repeat(255), "k".repeat(256), "k\u{7f}".to_owned(), "k\u{1f}".to_owned(), " k~ ".to_owned()]
    {
        t.afresh();
        declines(&mut t).await;
        t.ask("what a key in the body may be", &with(json!({ "idempotency_key": key }))).await;
    }
    t.afresh();
    declines(&mut t).await;
    let beside = first.clone().json(json!({"data": card(4_000), "options": {"idempotency_key": "k"}}));
    t.ask("declined, with options beside data", &beside).await;
    t.ask("its repetition says so", &beside).await;
    t.afresh();
    t.prepare(&registered("a", 10_000)).await;
    t.world.answer(unknown);
    t.ask("nothing came back", &first.clone().key("k1")).await;
    t.ask("its repetition", &first.clone().key("k1")).await;
    t.ask("another one", &pay("a", "purchase", card(7_000)).by("shop:pay").key("k2")).await;
    t.end();
}
