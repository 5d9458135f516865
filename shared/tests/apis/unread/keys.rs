//! Idempotency keys that come twice, or under another name.

use serde_json::json;

use crate::{
    ask::{Ask, post},
    fixture::{AUTHORIZE, card, pay, registered},
    table::Table,
};

/// A refund of 5.00 of a purchase of 40.00.
fn refund() -> Ask {
    post(format!("/v2/orders/a/transactions/{AUTHORIZE}/refund"))
        .by("shop:operate")
        .data(json!({"amount": 500}))
}

async fn paid(t: &mut Table) {
    t.prepare(&registered("a", 10_000)).await;
    t.prepare(&pay("a", "purchase", card(4_000)).by("shop:pay")).await;
}

#[tokio::test(start_paused = true)]
async fn a_key_that_comes_twice_is_one_key_and_two_keys_are_none() {
    let mut t = Table::new("keys_that_come_twice");
    paid(&mut t).await;
    t.ask("once", &refund().key("k")).await;
    t.ask("by a client and by its proxy", &refund().key("k").key("k")).await;
    t.ask("in quotes", &refund().header("idempotency-key", "\"k\", k")).await;
    for two in ["k, l", "k,", ",", "\"k,l\"", "k,k,l", "k\t,k"] {
        t.ask("two keys, or one with a comma", &refund().key(two)).await;
    }
    let with_comma = json!({"data": {"amount": 500}, "options": {"idempotency_key": "k,l"}});
    t.ask("a key with a comma in its other place", &refund().json(with_comma.clone())).await;
    t.ask("which is a key", &refund().json(with_comma)).await;
    t.end();
}

#[tokio::test(start_paused = true)]
async fn a_key_under_another_name_is_refused_and_nothing_moves() {
    let mut t = Table::new("misnamed_keys");
    paid(&mut t).await;
    for name in ["x-idempotency-key", "idempotent-key"] {
        t.ask("a header of another API", &refund().header(name, "k")).await;
        t.ask("for a payment", &pay("a", "purchase", card(500)).by("shop:pay").header(name, "k")).await;
    }
    for name in ["idempotency_key", "idempotencyKey", "idempotency-key"] {
        let mut members = card(500);
        members[name] = json!("k");
        t.ask("in data", &pay("a", "purchase", members).by("shop:pay")).await;
        let beside = json!({"data": card(500), name: "k"});
        t.ask("beside data", &pay("a", "purchase", json!({})).by("shop:pay").json(beside)).await;
        let path = format!("/v2/orders/a/payments/purchase?{name}=k");
        t.ask("in the query", &post(path).by("shop:pay").data(card(500))).await;
    }
    for beside in [json!({"data": {"idempotency_key": "k"}}), json!({"data": {}, "idempotencyKey": "k"})] {
        t.ask("of a refund, which takes no other member", &refund().json(beside)).await;
    }
    let in_options = json!({"amount": 500, "options": {"idempotencyKey": "k"}});
    t.ask("in other letters", &refund().data(in_options.clone())).await;
    let stores = json!({"customer": "c-1", "idempotency_key": "k", "payment": "9418594164541111", "month": "08",
                        "year": "2030"});
    t.ask("for a stored card", &post("/v2/payment-methods").by("shop:pay").data(stores)).await;
    let mut named = card(500);
    named["metadata"] = json!({"idempotency_key": "k"});
    t.ask("in the metadata it means nothing", &pay("a", "purchase", named).by("shop:pay")).await;
    t.ask(
        "nor beside one in its place",
        &refund().data(in_options).key("k").header("x-idempotency-key", "l"),
    )
    .await;
    t.end();
}
