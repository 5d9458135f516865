//! Follow-ups of a payment of an existing order.

mod members;
mod outcomes;
mod reauthorize;
mod versions;

use serde_json::{Value, json};

use crate::ask::{Ask, get, post};
use crate::fixture::{AUTHORIZE, Paid, declined};
use crate::table::Table;

fn on(what: &str) -> Ask {
    post(format!("/v2/orders/a/transactions/{AUTHORIZE}/{what}")).by("shop:operate").data(json!({}))
}

/// A payment of 40.00, and the next call is declined.
async fn held(t: &mut Table) {
    Paid::with(t, "authorize").await;
    t.world.answer(declined);
}

async fn taken(t: &mut Table) {
    Paid::with(t, "purchase").await;
    t.world.answer(declined);
}

#[tokio::test(start_paused = true)]
async fn follow_ups_need_the_role_that_takes_and_gives_money() {
    let mut t = Table::new("follow_up_who");
    for what in ["capture", "refund", "cancel"] {
        for by in ["shop:read", "shop:pay", "shop:operate", "shop:plain", "shop:shopper1", "external:all"] {
            t.afresh();
            if what == "refund" {
                taken(&mut t).await;
            } else {
                held(&mut t).await;
            }
            t.ask("who captures, refunds, cancels", &on(what).by(by)).await;
        }
        t.afresh();
        held(&mut t).await;
        t.world.state().stopped = Some(true);
        t.ask("not while payments are stopped", &on(what)).await;
        t.world.state().stopped = None;
        t.ask("nor when that cannot be told", &on(what)).await;
        t.world.state().stopped = Some(false);
        for id in ["x", "00000000-0000-4000-8000-000000000099"] {
            let ask =
                post(format!("/v2/orders/a/transactions/{id}/{what}")).by("shop:operate").data(json!({}));
            t.ask("no such transaction", &ask).await;
        }
        t.ask("no such order", &Ask { path: on(what).path.replace("orders/a", "orders/z"), ..on(what) })
            .await;
        t.ask("no time is left", &on(what).left_ms(100)).await;
    }
    t.end();
}

#[tokio::test(start_paused = true)]
async fn a_payment_is_captured_refunded_and_canceled_once() {
    let mut t = Table::new("follow_ups");
    let paid = Paid::with(&mut t, "authorize").await;
    let does = |what: &str, data: Value| paid.does(what, "shop:operate").data(data);
    t.ask("not refunded before it is captured", &does("refund", json!({"amount": 1}))).await;
    t.ask("no more than is held", &does("capture", json!({"amount": 4_001}))).await;
    let capture = does(
        "capture",
        json!({"amount": 3_000, "custom_reference": "invoice 7", "actor": "Ann", "reason": "shipped"}),
    )
    .key("c");
    t.ask("a part of it is captured", &capture).await;
    t.ask("once", &capture).await;
    t.ask("its key says something else", &does("capture", json!({"amount": 2_000})).key("c")).await;
    t.ask("it is captured already", &does("capture", json!({})).key("d")).await;
    t.ask("no more than was captured", &does("refund", json!({"amount": 3_001}))).await;
    t.ask("a part is refunded", &does("refund", json!({"amount": 1_000})).key("r1")).await;
    t.ask("again, as the key says", &does("refund", json!({"amount": 1_000})).key("r1")).await;
    t.ask("an equal one without a key is suspect", &does("refund", json!({"amount": 1_000}))).await;
    t.ask(
        "the key for one that is made elsewhere",
        &does("refund", json!({"amount": 1_000, "refund_mechanism": "manual"})).key("r1"),
    )
    .await;
    t.ask("recorded, not sent", &does("refund", json!({"amount": 500, "refund_mechanism": "manual"}))).await;
    t.ask("not canceled once a part is refunded", &does("cancel", json!({}))).await;
    t.ask("the rest", &does("refund", json!({})).key("r2")).await;
    t.ask("all of it is refunded", &does("refund", json!({})).key("r3")).await;
    t.ask("the order says so", &get("/v2/orders/a").by("shop:read")).await;
    t.afresh();
    let paid = Paid::with(&mut t, "authorize").await;
    let cancel = paid.does("cancel", "shop:operate").key("v");
    t.ask("canceled, without a body", &cancel).await;
    t.ask("once", &cancel).await;
    t.ask("the order owes it again", &get("/v2/orders/a").by("shop:read")).await;
    t.ask("not captured after that", &paid.does("capture", "shop:operate")).await;
    t.ask("nor canceled again", &paid.does("cancel", "shop:operate")).await;
    t.afresh();
    let paid = Paid::with(&mut t, "authorize").await;
    let ended = paid.does("cancel", "shop:operate").data(json!({"reopen": false}));
    t.ask("canceled for good", &ended).await;
    t.ask("what was held is not owing again", &get("/v2/orders/a").by("shop:read")).await;
    t.afresh();
    let paid = Paid::with(&mut t, "purchase").await;
    t.ask("a purchase is captured already", &paid.does("capture", "shop:operate")).await;
    t.ask(
        "two spellings of an id are one",
        &post(format!("/v2/orders/a/transactions/{}/cancel", AUTHORIZE.to_uppercase()))
            .by("shop:operate")
            .key("u"),
    )
    .await;
    t.ask("and one key", &paid.does("cancel", "shop:operate").key("u")).await;
    t.end();
}
