//! When the schedule captures an authorization and which amount: stated with the payment, by its
//! order, by the merchant.

use serde_json::{Value, json};

use crate::ask::{Ask, get, put};
use crate::fixture::{AUTHORIZE, card, pay, registered};
use crate::table::{ABSENT, Table};

/// The members of a rule, each right and wrong. It is a Friday noon.
fn rules(member: &str) -> Vec<(String, Vec<Value>)> {
    let of = |name: &str, values: Vec<Value>| (format!("{member}.{name}"), values);
    vec![
        (
            member.to_owned(),
            vec![
                json!(ABSENT),
                json!(null),
                json!({}),
                json!("P2D"),
                json!({"after": "P2D"}),
                json!({"after": "PT36H", "at": null, "zone": null, "business_days": false}),
                json!({"after": "P5DT1S"}),
                json!({"after": "PT0S", "at": "17:00"}),
                json!({"after": "P1D", "business_days": true}),
                json!({"after": "P3D", "at": "17:00", "zone": "Asia/Kathmandu", "business_days": true}),
            ],
        ),
        of(
            "after",
            vec![
                json!(ABSENT),
                json!(null),
                json!(""),
                json!("2 days"),
                json!("P1W"),
                json!("-P1D"),
                json!(2),
            ],
        ),
        of("at", vec![json!(ABSENT), json!(null), json!(""), json!("24:00"), json!("5 pm"), json!(17)]),
        of(
            "zone",
            vec![
                json!(ABSENT),
                json!(null),
                json!(""),
                json!("EST"),
                json!("Mars/Phobos"),
                json!("europe/london"),
                json!(-5),
            ],
        ),
        of("business_days", vec![json!(ABSENT), json!(null), json!(false), json!("yes")]),
        of("holidays", vec![json!(["2026-11-27"])]),
    ]
}

async fn vary(
    t: &mut Table,
    base: &Ask,
    before: impl AsyncFn(&mut Table),
    members: Vec<(String, Vec<Value>)>,
) {
    let members: Vec<(&str, &[Value])> = members.iter().map(|(name, values)| (&**name, &**values)).collect();
    t.vary(base, before, &members).await;
}

fn cut_off() -> Value {
    json!({"after": "P1D", "at": "17:00", "zone": "America/New_York", "business_days": true})
}

#[tokio::test(start_paused = true)]
async fn a_capture_is_scheduled_as_stated_or_refused() {
    let mut t = Table::new("pay_captured_later");
    let begin = async |t: &mut Table| {
        t.prepare(&registered("a", 10_000).by("strict:pay")).await;
    };
    let with = |mut data: Value, name: &str, value: Value| {
        data[name] = value;
        pay("a", "authorize", data).by("strict:pay")
    };
    vary(&mut t, &with(card(4_000), "capture", cut_off()), begin, rules("data.capture")).await;
    let both: &[(&str, &[Value])] = &[("data.capture_at", &[json!(null), json!("2026-11-22T12:00:00Z")])];
    t.vary(&with(card(4_000), "capture", cut_off()), begin, both).await;
    let amounts: &[(&str, &[Value])] = &[
        ("data.capture_amount", &[json!(null), json!(1), json!(4_000), json!(4_001), json!(0), json!("1")]),
        ("data.capture_at", &[json!(ABSENT), json!(null)]),
        ("data.capture", &[json!(null), cut_off()]),
    ];
    let mut part = card(4_000);
    part["capture_at"] = json!("2026-11-22T12:00:00Z");
    t.vary(&with(part, "capture_amount", json!(1_000)), begin, amounts).await;
    // Nothing is scheduled by default, and a part needs a moment.
    t.afresh();
    t.prepare(&registered("a", 10_000)).await;
    let unscheduled = with(card(4_000), "capture_amount", json!(1_000)).by("shop:pay");
    t.ask("a part of what is not scheduled", &unscheduled).await;
    let shopper = with(card(10_000), "capture", cut_off()).by("shop:shopper1");
    t.ask("a shopper states no rule", &shopper).await;
    t.end();
}

#[tokio::test(start_paused = true)]
async fn an_orders_default_holds_for_its_authorizations_that_state_none() {
    let mut t = Table::new("order_capture");
    let order = |name: &str, value: &Value| {
        let mut data = json!({"amount": 10_000, "currency": "USD"});
        if *value != ABSENT {
            data[name] = value.clone();
        }
        put("/v2/orders/a").by("strict:pay").data(data)
    };
    let nothing = async |_: &mut Table| {};
    vary(&mut t, &order("capture", &cut_off()), nothing, rules("data.capture")).await;
    let members: &[(&str, &[Value])] = &[
        ("data.capture_at", &[json!(null), json!("2026-11-22T12:00:00Z"), json!("x")]),
        ("data.capture_amount", &[json!(null), json!(1)]),
    ];
    t.vary(&order("capture_at", &json!("2027-01-31T12:00:00Z")), nothing, members).await;
    let authorize = |data: Value| pay("a", "authorize", data).by("strict:pay");
    let mut own = card(1_000);
    own["capture_at"] = json!("2026-11-21T12:00:00Z");
    for (name, value) in [
        ("capture_at", json!(ABSENT)),
        ("capture_at", json!(null)),
        ("capture_at", json!("2026-11-22T12:00:00Z")),
        ("capture_at", json!("2026-11-20T10:00:00Z")),
        ("capture_at", json!("2027-01-31T12:00:00Z")),
        ("capture", cut_off()),
        // It would be after the end, and is made a day before it.
        ("capture", json!({"after": "P5D", "at": "17:00", "zone": "America/New_York"})),
    ] {
        t.afresh();
        t.ask("the order", &order(name, &value)).await;
        t.ask("stated again, it keeps its default", &order("capture_at", &json!(ABSENT))).await;
        t.ask("by default", &authorize(card(1_000))).await;
        t.ask("by a shopper", &pay("a", "authorize", card(8_000)).by("strict:shopper1")).await;
        t.ask("stated with it", &authorize(own.clone())).await;
    }
    t.ask("changed later", &order("capture_at", &json!(null))).await;
    t.ask("it is for later ones", &get(format!("/v2/orders/a/transactions/{AUTHORIZE}")).by("strict:read"))
        .await;
    t.end();
}
