//! Every member of a follow-up.

use serde_json::{Value, json};

use super::{held, on, taken};
use crate::ask::{Ask, post};
use crate::fixture::{AUTHORIZE, card, long, pay};
use crate::table::{ABSENT, Table};

/// Makes the value of a member, which no constant can hold.
type Makes = fn() -> Value;

/// Who requests it and why, and the members beside those.
const WHO_AND_WHY: &[(&str, &[Makes])] = &[
    (
        "data.actor",
        &[
            || json!("Ann"),
            || json!(""),
            || json!("  "),
            || json!(5),
            || json!(null),
            || long(64),
            || long(65),
            || long(1_001),
            || json!("4111 1111 1111 1111"),
        ],
    ),
    (
        "data.reason",
        &[
            || json!("It broke"),
            || json!(""),
            || json!(5),
            || long(250),
            || long(251),
            || json!("a\nb"),
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
    let whole = [json!(4_000), json!(1), json!(4_001), json!(0), json!(-1)];
    let others = [json!(null), json!("1"), json!([100]), json!(true), json!(1.5), json!(1e3)];
    whole.into_iter().chain(others).collect()
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
