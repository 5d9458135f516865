//! Requests for one version of an order, and for no other.

use serde_json::json;

use crate::{
    ask::{Ask, get, patch, post},
    fixture::{Paid, card, pay, registered, said},
    table::Table,
};
use tollgate_core::order::{NoEffect, Outcome};

/// The gateway cannot be reached.
fn unreachable(approval: tollgate_core::order::GatewayResponse) -> Outcome {
    Outcome::NoEffect(NoEffect::Unreachable, said(approval, "", "", ""))
}

fn of(ask: Ask, version: &str) -> Ask {
    ask.header("if-match", version)
}

#[tokio::test(start_paused = true)]
async fn a_follow_up_of_another_version_of_the_order_sends_nothing() {
    let mut t = Table::new("versions");
    let paid = Paid::with(&mut t, "authorize").await;
    t.world.wait(1);
    t.ask("the version that it has", &paid.read("shop:read")).await;
    let capture = || paid.does("capture", "shop:operate").data(json!({"amount": 3_000}));
    for version in ["\"2\"", "\"4\"", "\"0\""] {
        t.ask("another one", &of(capture(), version)).await;
    }
    for version in ["3", "W/\"3\"", "*", "\"3\", \"4\"", "\"\"", "\"three\""] {
        t.ask("no version", &of(capture(), version)).await;
    }
    t.ask("the same", &of(capture(), "\"3\"").key("c")).await;
    t.ask("once, with its first response", &of(capture(), "\"3\"").key("c")).await;
    t.ask("another one by then", &of(capture(), "\"3\"").key("d")).await;
    t.ask("nor without a key", &of(capture(), "\"3\"")).await;
    let refund = |amount: u64| paid.does("refund", "shop:operate").data(json!({"amount": amount}));
    t.ask("refunds, too", &of(refund(1_000), "\"3\"").key("r")).await;
    t.world.wait(1);
    t.world.answer(unreachable);
    t.ask("nothing is done", &of(refund(1_000), "\"5\"").key("r")).await;
    t.ask("it is attempted again", &of(refund(1_000), "\"5\"").key("r")).await;
    t.world.wait(1);
    t.world.answer(unreachable);
    t.ask("nothing is done", &of(refund(500), "\"9\"").key("s")).await;
    t.prepare(&refund(300).key("by another")).await;
    t.ask("it is not, as something else was", &of(refund(500), "\"9\"").key("s")).await;
    t.ask("until that was seen", &of(refund(500), "\"13\"").key("s")).await;
    t.ask("cancels, too", &of(paid.does("cancel", "shop:operate"), "\"1\"")).await;
    t.ask("and what holds the rest anew", &of(paid.does("reauthorize", "shop:operate"), "\"1\"")).await;
    let by_order = post("/v2/orders/a/payments").by("shop:operate");
    let by_order = by_order.data(json!({"gateway": "card_connect", "method": "refund", "amount": 1}));
    t.ask("and what names no transaction", &of(by_order, "\"1\"")).await;
    t.end();
}

#[tokio::test(start_paused = true)]
async fn the_schedule_of_another_version_of_the_order_stays_as_it_is() {
    let mut t = Table::new("versions_scheduled");
    let paid = Paid::with(&mut t, "authorize").await;
    t.ask("the version that it has", &paid.read("shop:read")).await;
    let moved = || patch(paid.path()).by("shop:operate").data(json!({"capture_at": "2026-11-23T12:00:00Z"}));
    let switch = |change: &str| post(format!("/v2/orders/a/captures/{change}")).by("shop:operate");
    for version in ["\"2\"", "3"] {
        t.ask("a capture is not moved", &of(moved(), version)).await;
        t.ask("nor paused", &of(switch("pause"), version)).await;
        t.ask("nor resumed", &of(switch("resume"), version)).await;
    }
    t.ask("moved in its version", &of(moved(), "\"3\"")).await;
    t.ask("once", &of(moved(), "\"3\"")).await;
    t.ask("paused in its version", &of(switch("pause"), "\"4\"")).await;
    t.ask("resumed in its version", &of(switch("resume"), "\"5\"")).await;
    t.end();
}

#[tokio::test(start_paused = true)]
async fn a_payment_of_another_version_of_the_order_sends_nothing() {
    let mut t = Table::new("versions_paid");
    t.prepare(&registered("a", 10_000)).await;
    t.ask("the version that it has", &get("/v2/orders/a").by("shop:read")).await;
    let purchase = || pay("a", "purchase", card(4_000)).by("shop:pay");
    t.ask("another one", &of(purchase(), "\"2\"").key("k")).await;
    t.ask("no version", &of(purchase(), "1").key("k")).await;
    t.ask("the same", &of(purchase(), "\"1\"").key("k")).await;
    t.ask("once, with its first response", &of(purchase(), "\"1\"").key("k")).await;
    t.ask("of another one by then", &of(purchase(), "\"1\"").key("l")).await;
    t.ask("a shopper sees no version", &of(purchase().by("shop:shopper1"), "\"3\"").key("k")).await;
    let external = |order: &str, amount| {
        let mut card = card(amount);
        card["currency"] = "USD".into();
        pay(order, "purchase", card).by("external:all")
    };
    t.ask("an order that there is not has none", &of(external("x", 4_000), "\"1\"").key("k")).await;
    t.ask("or 0", &of(external("x", 4_000), "\"0\"").key("k")).await;
    t.ask("once", &of(external("x", 4_000), "\"0\"").key("k")).await;
    t.ask("and not once it is there", &of(external("x", 4_100), "\"0\"").key("l")).await;
    t.ask("but in its version", &of(external("x", 4_100), "\"2\"").key("l")).await;
    t.end();
}
