//! A new authorization of the amount that a partial capture released.

use serde_json::{Value, json};

use super::on;
use crate::{
    ask::{Ask, get, post},
    fixture::{AUTHORIZE, card, declined, pay, registered, unknown},
    stored_cards::stores,
    table::{ABSENT, Table},
};

/// An authorization by a stored card of 40.00 of 100.00, of which 30.00 was captured.
async fn captured(t: &mut Table) {
    let payment = json!({"gateway": "card_connect", "amount": 4_000, "payment": "1|1234"});
    captured_of(t, payment).await;
}

async fn captured_of(t: &mut Table, payment: Value) {
    t.prepare(&registered("a", 10_000)).await;
    t.prepare(&pay("a", "authorize", payment).by("shop:pay")).await;
    t.prepare(&on("capture").data(json!({"amount": 3_000}))).await;
}

fn rest(data: Value) -> Ask {
    on("reauthorize").data(data)
}

#[tokio::test(start_paused = true)]
async fn the_rest_of_a_payment_is_held_anew_once() {
    let mut t = Table::new("reauthorize");
    captured(&mut t).await;
    t.ask("more than the rest", &rest(json!({"amount": 1_001}))).await;
    t.world.answer(declined);
    t.ask("declined", &rest(json!({})).key("k1")).await;
    t.ask("its repetition", &rest(json!({})).key("k1")).await;
    t.world.answer(unknown);
    let why = json!({"actor": "Ann", "reason": "parcel 2", "capture_at": "2026-11-22T12:00:00Z"});
    t.ask("in doubt", &rest(why.clone()).key("k2")).await;
    t.ask("no other one meanwhile", &rest(json!({})).key("k3")).await;
    t.ask("nor without a key", &rest(json!({"amount": 1}))).await;
    t.afresh();
    captured(&mut t).await;
    let held = t.ask("held", &rest(why.clone()).key("k")).await;
    t.ask("a repetition", &rest(why).key("k")).await;
    t.ask("the key for another amount", &rest(json!({"amount": 1})).key("k")).await;
    t.ask("it is held once", &rest(json!({})).key("k2")).await;
    t.ask("without a key, too", &rest(json!({}))).await;
    t.ask(
        "the first payment names it",
        &get(format!("/v2/orders/a/transactions/{AUTHORIZE}")).by("shop:read"),
    )
    .await;
    t.ask("the order owes what neither holds", &get("/v2/orders/a").by("shop:read")).await;
    let id = held["data"]["id"].as_str().unwrap();
    let of_rest = |what: &str| post(format!("/v2/orders/a/transactions/{id}/{what}")).by("shop:operate");
    t.ask("it is captured as any other", &of_rest("capture")).await;
    t.ask("which leaves no rest", &of_rest("reauthorize")).await;
    t.end();
}

#[tokio::test(start_paused = true)]
async fn nothing_is_held_anew_that_no_capture_released_or_no_shopper_agreed_to() {
    let mut t = Table::new("reauthorize_not");
    for by in ["shop:read", "shop:pay", "shop:operate", "shop:plain", "shop:shopper1", "external:all"] {
        t.afresh();
        captured(&mut t).await;
        t.ask("who holds it anew", &rest(json!({"amount": 5})).by(by)).await;
    }
    t.afresh();
    captured(&mut t).await;
    t.world.state().stopped = Some(true);
    t.ask("not while payments are stopped", &rest(json!({}))).await;
    t.world.state().stopped = Some(false);
    for id in ["x", "00000000-0000-4000-8000-000000000099"] {
        let ask = post(format!("/v2/orders/a/transactions/{id}/reauthorize")).by("shop:operate");
        t.ask("no such transaction", &ask).await;
    }
    t.ask(
        "no such order",
        &Ask { path: rest(json!({})).path.replace("orders/a", "orders/z"), ..rest(json!({})) },
    )
    .await;
    t.ask("no time is left", &rest(json!({})).left_ms(100)).await;
    t.prepare(&pay("a", "purchase", card(7_000)).by("shop:pay")).await;
    t.ask("the order was paid meanwhile", &rest(json!({}))).await;
    t.afresh();
    captured_of(&mut t, card(4_000)).await;
    t.ask("by a card that is not stored", &rest(json!({}))).await;
    t.afresh();
    let mut saving = card(4_000);
    (saving["save"], saving["customer"]) = (json!(true), json!("c-1"));
    captured_of(&mut t, saving).await;
    t.ask("by a card that the payment stored", &rest(json!({}))).await;
    t.afresh();
    let stored = t.prepare(&stores("c-1")).await["data"]["id"].clone();
    t.prepare(&registered("a", 10_000)).await;
    let by_id = json!({"gateway": "card_connect", "amount": 4_000, "payment": stored});
    let held = t.prepare(&pay("a", "authorize", by_id).by("shop:pay")).await;
    let of = |what: &str| {
        let id = held["data"]["id"].as_str().unwrap();
        post(format!("/v2/orders/a/transactions/{id}/{what}")).by("shop:operate")
    };
    t.ask("nothing is captured yet", &of("reauthorize")).await;
    t.prepare(&of("capture").data(json!({"amount": 3_000}))).await;
    t.ask("by the id of a stored card", &of("reauthorize")).await;
    t.afresh();
    t.prepare(&registered("a", 10_000)).await;
    t.prepare(&pay("a", "purchase", card(4_000)).by("shop:pay")).await;
    t.ask("a purchase has no rest", &rest(json!({}))).await;
    t.end();
}

#[tokio::test(start_paused = true)]
async fn each_member_of_a_new_authorization_is_as_stated_or_refused() {
    let mut t = Table::new("reauthorize_members");
    let members: &[(&str, &[Value])] = &[
        (
            "data.amount",
            &[json!(1_000), json!(1), json!(1_001), json!(0), json!(-1), json!(null), json!("1"), json!(1.5)],
        ),
        ("data.amuont", &[json!(1)]),
        (
            "data.capture_at",
            &[
                json!("2026-11-22T12:00:00Z"),
                json!("2020-01-01T00:00:00Z"),
                json!("2036-01-01T00:00:00Z"),
                json!("tomorrow"),
                json!(null),
                json!(5),
            ],
        ),
        ("data.actor", &[json!("Ann"), json!(5), json!("4111111111111111")]),
        ("data.reason", &[json!("parcel 2"), json!(5)]),
        ("data.type", &[json!("x")]),
        ("data.options", &[json!({}), json!("x")]),
        ("data.payment", &[json!("1|1234")]),
        ("data.customer", &[json!("c-1")]),
        ("data.custom_reference", &[json!("r-1")]),
        ("data", &[json!(ABSENT), json!(null), json!([])]),
        ("amount", &[json!(1)]),
    ];
    t.vary(&rest(json!({})), captured, members).await;
    t.end();
}
