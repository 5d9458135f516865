//! Who may pay, and how often.

use serde_json::{Value, json};
use tollgate_core::order::{GatewayResponse, NoEffect, Outcome};

use crate::ask::{Ask, post};
use crate::fixture::{card, declined, pay, registered, unknown};
use crate::table::{ABSENT, Table};

#[tokio::test(start_paused = true)]
async fn no_request_moves_money_that_may_not() {
    let mut t = Table::new("pay_who");
    let body = card(10_000);
    for by in [
        "shop:read",
        "shop:pay",
        "shop:operate",
        "shop:all",
        "shop:plain",
        "shop:shopper1",
        "external:shopper1",
        "strict:shopper1",
    ] {
        t.afresh();
        t.prepare(&registered("a", 10_000)).await;
        t.world.answer(declined);
        t.ask("who pays", &pay("a", "purchase", body.clone()).by(by)).await;
    }
    let who = |by| pay("a", "purchase", body.clone()).by(by);
    t.afresh();
    t.prepare(&registered("a", 10_000)).await;
    for stopped in [Some(true), None] {
        t.world.state().stopped = stopped;
        t.ask("payments are stopped, or may be", &who("shop:pay")).await;
    }
    t.world.state().stopped = Some(false);
    for left_ms in [0, 5_000] {
        t.ask("no time is left", &who("shop:pay").left_ms(left_ms)).await;
    }
    for (port, hazard) in [("load", "the order cannot be read"), ("save", "the intent cannot be saved")] {
        t.world.faults.take_down(port);
        t.ask(hazard, &who("shop:pay")).await;
        t.world.faults.bring_up();
    }
    t.world.faults.contend(true);
    t.ask("others change the order all the time", &who("shop:pay")).await;
    t.world.faults.contend(false);
    t.world.faults.spoil("a");
    t.ask("the order is damaged", &who("shop:pay")).await;
    t.end();
}

fn shopper(number: &'static str, data: Value) -> Ask {
    pay("a", "purchase", data).by(number)
}

#[tokio::test(start_paused = true)]
async fn a_shopper_pays_what_is_owing_and_does_not_try_out_cards() {
    let mut t = Table::new("pay_shoppers");
    let refuses = async |t: &mut Table| {
        t.prepare(&registered("a", 10_000)).await;
        t.world.answer(declined);
    };
    let members: &[(&str, &[Value])] = &[
        ("data.amount", &[json!(ABSENT), json!(10_000), json!(9_999), json!(10_001)]),
        ("data.capture_at", &[json!(null), json!("2026-11-22T12:00:00Z")]),
        ("data.save", &[json!(true), json!(false)]),
        ("data.initiated_by", &[json!("merchant"), json!("customer")]),
        ("data.scheduled", &[json!(true)]),
        ("data.series", &[json!(true)]),
        ("data.ignore_scheme_advice", &[json!(true), json!(false)]),
    ];
    t.vary(&shopper("shop:shopper1", card(10_000)), refuses, members).await;
    let stored = json!({"gateway": "card_connect", "payment": "1|1234"});
    t.afresh();
    refuses(&mut t).await;
    t.ask("not with stored cards", &shopper("shop:shopper1", stored.clone())).await;
    t.ask("nor on an order that is not there", &pay("z", "purchase", card(1)).by("shop:shopper1")).await;
    let mut follow_up = card(10_000);
    follow_up["method"] = json!("capture");
    t.ask("nor captures", &post("/v2/orders/a/payments").data(follow_up).by("shop:shopper1")).await;
    t.ask("declined", &shopper("shop:shopper1", card(10_000)).key("k")).await;
    t.ask("paid with another key", &shopper("shop:shopper1", card(10_000)).key("k2")).await;
    t.ask("its repetition", &shopper("shop:shopper1", card(10_000)).key("k2")).await;
    t.ask("another shopper's key is another", &shopper("shop:shopper2", card(10_000)).key("k2")).await;
    t.afresh();
    t.prepare(&registered("a", 10_000).by("strict:pay")).await;
    t.ask(
        "where the merchant allows it, a part with a stored card",
        &shopper("strict:shopper1", {
            let mut data = stored;
            data["amount"] = json!(500);
            data
        }),
    )
    .await;
    t.afresh();
    t.prepare(&registered("a", 10_000).by("strict:pay")).await;
    let tries = |who: &'static str, key: &str| shopper(who, card(10_000)).key(key);
    t.world.answer(|_| Outcome::NoEffect(NoEffect::Unreachable, GatewayResponse::default()));
    t.ask("what had no effect is no attempt", &tries("strict:shopper1", "k1")).await;
    t.world.answer(declined);
    t.ask("the first decline", &tries("strict:shopper1", "k2")).await;
    t.ask("repeated it counts once", &tries("strict:shopper1", "k2")).await;
    t.world.answer(declined);
    t.ask("the second", &tries("strict:shopper2", "k3")).await;
    t.ask("two from one address are enough", &tries("strict:shopper3", "k4")).await;
    t.world.answer(declined);
    t.ask("from another address the third", &tries("strict:shopper3", "k5").from("203.0.113.8")).await;
    t.ask("three on one order are enough", &tries("strict:shopper3", "k6").from("203.0.113.9")).await;
    t.prepare(&registered("b", 10_000).by("strict:pay")).await;
    let other =
        |key: &str, from| pay("b", "purchase", card(10_000)).by("strict:shopper4").key(key).from(from);
    t.world.answer(unknown);
    t.ask("what is not known is no decline", &other("k7", "203.0.113.10")).await;
    t.ask("nor is its repetition", &other("k7", "203.0.113.10")).await;
    t.world.wait(3600);
    t.world.faults.take_down("begin");
    t.ask("attempts cannot be counted", &other("k10", "203.0.113.12")).await;
    t.world.faults.bring_up();
    t.prepare(&registered("c", 10_000).by("strict:pay")).await;
    let from = "203.0.113.12";
    let counted = |key: &str| pay("c", "purchase", card(10_000)).by("strict:shopper4").key(key).from(from);
    t.world.faults.take_down("end");
    t.world.answer(declined);
    t.ask("a decline cannot be counted", &counted("k11")).await;
    t.ask("an approval without declines need not be", &counted("k12")).await;
    t.end();
}
