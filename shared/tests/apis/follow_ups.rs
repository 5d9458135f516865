//! What is done to a payment of an order that is there.

use serde_json::{Value, json};
use tollgate_core::{
    order::{Doubt, Finding, GatewayResponse, NoEffect, Outcome},
    values::DeclineCode,
};

use crate::{
    ask::{Ask, get, post},
    fixture::{AUTHORIZE, Paid, card, declined, long, pay, registered, said, unknown},
    table::{ABSENT, Table},
};

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

/// Who requests it and why, and what is beside that.
const WHO_AND_WHY: &[(&str, &[fn() -> Value])] = &[
    (
        "data.actor",
        &[
            || json!("Ann"),
            || json!(""),
            || json!("  "),
            || json!(5),
            || json!(null),
            || long(100),
            || long(101),
            || long(1_001),
            || json!("4111111111111111"),
        ],
    ),
    (
        "data.reason",
        &[
            || json!("It broke"),
            || json!(""),
            || json!(5),
            || long(255),
            || long(256),
            || json!("4111111111111111"),
        ],
    ),
    ("data.type", &[|| json!("x"), || json!(5)]),
    ("data.options", &[|| json!({}), || json!(null), || json!("x"), || json!({"idempotency_key": "k9"})]),
    ("data.gateway", &[|| json!("card_connect")]),
    ("data", &[|| json!(ABSENT), || json!(null), || json!([]), || json!("x")]),
    ("options", &[|| json!({"idempotency_key": "k9"})]),
    ("amount", &[|| json!(1)]),
];

async fn vary_all(t: &mut Table, base: &Ask, prepare: impl AsyncFn(&mut Table), own: &[(&str, &[Value])]) {
    t.vary(base, &prepare, own).await;
    for (path, values) in WHO_AND_WHY {
        let values: Vec<Value> = values.iter().map(|value| value()).collect();
        t.vary(base, &prepare, &[(path, &values)]).await;
    }
}

fn amounts() -> Vec<Value> {
    [json!(4_000), json!(1), json!(4_001), json!(0), json!(-1), json!(null), json!("1"), json!(1.5)].into()
}

#[tokio::test(start_paused = true)]
async fn a_misspelt_amount_never_means_everything() {
    let mut t = Table::new("capture_members");
    let own: &[(&str, &[Value])] = &[
        ("data.amount", &amounts()),
        ("data.amuont", &[json!(1)]),
        ("data.Amount", &[json!(1)]),
        ("data.capture_mechanism", &[json!("automatic"), json!("manual"), json!(5), json!(null), json!("")]),
        (
            "data.custom_reference",
            &[
                json!("r-1"),
                json!(""),
                json!(5),
                long(128),
                long(129),
                json!("4111111111111111"),
                json!("a\u{202e}b"),
            ],
        ),
        ("data.refund_mechanism", &[json!("manual")]),
        ("data.reopen", &[json!(true)]),
    ];
    vary_all(&mut t, &on("capture"), held, own).await;
    t.end();
    let mut t = Table::new("refund_members");
    let own: &[(&str, &[Value])] = &[
        ("data.amount", &amounts()),
        ("data.amounts", &[json!(1)]),
        (
            "data.refund_mechanism",
            &[json!("automatic"), json!("manual"), json!("Manual"), json!(5), json!(null), json!("")],
        ),
        ("data.custom_reference", &[json!("r-1")]),
        ("data.4111111111111111", &[json!(1)]),
        (&format!("data.{}", "n".repeat(41)), &[json!(1)]),
    ];
    vary_all(&mut t, &on("refund"), taken, own).await;
    for unknown in [9, 10, 11, 14] {
        t.afresh();
        taken(&mut t).await;
        let data: Value = (0..unknown).map(|n| (format!("x{n}"), json!(1))).collect();
        t.ask("many unknown members", &on("refund").data(data)).await;
    }
    t.afresh();
    taken(&mut t).await;
    t.ask(
        "what a serializer adds is no member",
        &on("refund").data(json!({"$type": "x", "__type": "y", "$id": 1})),
    )
    .await;
    t.end();
    let mut t = Table::new("cancel_members");
    let own: &[(&str, &[Value])] = &[
        ("data.amount", &[json!(4_000)]),
        ("data.reopen", &[json!(true), json!(false), json!(null), json!("no")]),
    ];
    vary_all(&mut t, &on("cancel"), held, own).await;
    t.end();
}

#[tokio::test(start_paused = true)]
async fn follow_ups_need_the_role_that_takes_and_gives_money() {
    let mut t = Table::new("follow_up_who");
    for what in ["capture", "refund", "cancel"] {
        for by in ["shop:read", "shop:pay", "shop:operate", "shop:plain", "shop:shopper1", "external:all"] {
            t.afresh();
            if what == "refund" {
                taken(&mut t).await
            } else {
                held(&mut t).await
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

#[tokio::test(start_paused = true)]
async fn each_outcome_of_a_follow_up_has_a_response_of_its_own() {
    let mut t = Table::new("follow_up_outcomes");
    for what in ["capture", "refund", "cancel"] {
        for reason in [
            NoEffect::NotSettled,
            NoEffect::AlreadySettled,
            NoEffect::TryAgain,
            NoEffect::Misconfigured,
            NoEffect::VoidedElsewhere,
        ] {
            t.afresh();
            let paid = Paid::with(&mut t, if what == "refund" { "purchase" } else { "authorize" }).await;
            t.world.answer(move |_| Outcome::NoEffect(reason, GatewayResponse::default()));
            let ask = paid.does(what, "shop:operate").data(if what == "cancel" {
                json!({})
            } else {
                json!({"amount": 3_000})
            });
            t.ask(&format!("{what}: no effect, {}", reason.as_str()), &ask).await;
        }
        t.afresh();
        let paid = Paid::with(&mut t, if what == "refund" { "purchase" } else { "authorize" }).await;
        t.world.answer(unknown);
        let ask = paid.does(what, "shop:operate").key("f");
        t.ask("nothing came back", &ask).await;
        t.ask("its repetition", &ask).await;
        t.ask("anything else has to wait", &paid.does("cancel", "shop:operate").key("g")).await;
        t.ask("the payment is in doubt", &paid.read("shop:read")).await;
        t.world.wait(100);
        t.world.find(|approval| Finding::Became(Box::new(Outcome::Approved(approval))));
        t.ask("an inquiry finds it", &paid.confirm("shop:pay")).await;
    }
    t.afresh();
    let paid = Paid::with(&mut t, "purchase").await;
    t.world.answer(|_| Outcome::NoEffect(NoEffect::NotSettled, GatewayResponse::default()));
    t.ask("a full refund before settlement becomes a void", &paid.does("refund", "shop:operate").key("r"))
        .await;
    t.ask("whose repetition says the same", &paid.does("refund", "shop:operate").key("r")).await;
    t.afresh();
    let paid = Paid::with(&mut t, "purchase").await;
    t.world.answer(|approval| {
        Outcome::Declined(
            said(approval, "C", "05", "No"),
            DeclineCode::DoNotHonor,
            DeclineCode::DoNotHonor.advice(),
        )
    });
    t.ask("a refund is declined", &paid.does("refund", "shop:operate").key("r")).await;
    t.ask("and stays so", &paid.does("refund", "shop:operate").key("r")).await;
    t.afresh();
    let paid = Paid::with(&mut t, "authorize").await;
    t.world.answer(|approval| Outcome::Unknown(Doubt::AmountDiffers, approval));
    t.ask("an answer that proves nothing is shown", &paid.does("capture", "shop:operate")).await;
    t.end();
}

#[tokio::test(start_paused = true)]
async fn a_refund_without_an_amount_is_what_the_merchant_says() {
    let mut t = Table::new("refund_without_amount");
    for merchant in ["strict", "marking"] {
        t.afresh();
        let by = |role: &str| -> &'static str { Box::leak(format!("{merchant}:{role}").into_boxed_str()) };
        t.prepare(&registered("a", 10_000).by(by("pay"))).await;
        t.prepare(&pay("a", "purchase", card(4_000)).by(by("pay"))).await;
        let refund = on("refund").by(by("operate"));
        t.ask("a refund without an amount", &refund).await;
        t.ask("with one", &refund.clone().data(json!({"amount": 100}))).await;
        t.ask("without one, and to be sent", &refund.data(json!({"refund_mechanism": "automatic"}))).await;
    }
    t.end();
}

/// A follow-up by the order's own route.
fn of_order(method: &str) -> Ask {
    post("/v2/orders/a/payments")
        .by("shop:operate")
        .data(json!({"gateway": "card_connect", "method": method}))
}

#[tokio::test(start_paused = true)]
async fn an_orders_route_acts_on_the_only_payment_that_allows_it() {
    let mut t = Table::new("follow_up_of_order");
    let members: &[(&str, &[Value])] = &[
        ("data.amount", &[json!(1_000), json!(null)]),
        ("data.ammount", &[json!(1_000)]),
        (
            "data.transaction",
            &[
                json!(AUTHORIZE),
                json!("x"),
                json!(5),
                json!(null),
                json!("00000000-0000-4000-8000-000000000099"),
            ],
        ),
        ("data.payment", &[json!("ignored")]),
        ("data.first_name", &[json!("ignored")]),
        ("data.billing_address", &[json!({})]),
        ("data.custom_reference", &[json!("r")]),
        ("data.actor", &[json!("Ann")]),
        ("data.reason", &[json!("why")]),
        ("data.surprise", &[json!(1)]),
        ("surprise", &[json!(1)]),
        ("options", &[json!({"idempotency_key": "k9"})]),
    ];
    t.vary(&of_order("capture"), held, members).await;
    t.vary(&of_order("refund"), taken, &members[..2]).await;
    for by in ["shop:pay", "shop:operate", "shop:shopper1"] {
        t.afresh();
        held(&mut t).await;
        t.ask("who captures", &of_order("capture").by(by)).await;
    }
    t.afresh();
    held(&mut t).await;
    t.ask("nothing to refund", &of_order("refund")).await;
    t.world.state().answers.clear();
    t.prepare(&pay("a", "authorize", card(5_000)).by("shop:pay").key("second")).await;
    t.ask("two could be captured", &of_order("capture")).await;
    let named = |id: &str| {
        let data = json!({"gateway": "card_connect", "method": "capture", "transaction": id});
        post("/v2/orders/a/payments").by("shop:operate").data(data).key("n")
    };
    t.ask("the named one is", &named(AUTHORIZE)).await;
    t.ask("once", &named(AUTHORIZE)).await;
    let other = t.world.transactions("a")[1].to_string();
    t.ask("the key names another one now", &named(&other)).await;
    t.ask("the other one is the only one left", &of_order("capture")).await;
    t.end();
}

#[tokio::test(start_paused = true)]
async fn what_becomes_of_a_hold_is_told_with_its_payment() {
    let mut t = Table::new("standings");
    let by = "strict:operate";
    t.prepare(&registered("a", 10_000).by("strict:pay")).await;
    t.prepare(&pay("a", "authorize", card(4_000)).by("strict:pay")).await;
    let read = get(format!("/v2/orders/a/transactions/{AUTHORIZE}")).by(by);
    t.ask("it is to be captured", &read).await;
    t.world.wait(4 * 86_400 + 43_200);
    t.ask("the hold ends soon", &read).await;
    t.world.wait(86_400);
    t.ask("it has ended", &read).await;
    t.end();
}
