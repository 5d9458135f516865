//! Orders and their transactions: registering, reading, moving a scheduled capture.

use serde_json::{Value, json};
use tollgate_core::order::OperationState;

use crate::{
    ask::{Ask, get, patch, put},
    fixture::{AUTHORIZE, Paid, card, declined, pay, registered},
    table::{ABSENT, Table},
};

#[tokio::test(start_paused = true)]
async fn an_order_is_registered_as_stated_or_not_at_all() {
    let mut t = Table::new("orders");
    t.ask("a new order is 201", &registered("a", 10_000)).await;
    t.ask("the same order is 200", &registered("a", 10_000)).await;
    t.ask("its total changes while nothing is paid", &registered("a", 9_000)).await;
    t.ask("it is read", &get("/v2/orders/a").by("shop:read")).await;
    t.ask("no other merchant finds it", &get("/v2/orders/a").by("strict:all")).await;
    t.prepare(&pay("a", "purchase", card(4_000)).by("shop:pay")).await;
    t.ask("not below what is paid", &registered("a", 3_999)).await;
    t.ask("as much as is paid", &registered("a", 4_000)).await;
    let mut nothing = card(1);
    nothing.as_object_mut().unwrap().remove("amount");
    t.ask("nothing is owing any more", &pay("a", "purchase", nothing).by("shop:pay")).await;
    t.ask("a paid order is read", &get("/v2/orders/a").by("shop:read")).await;
    t.ask("a shopper does not read orders", &get("/v2/orders/a").by("shop:shopper1")).await;
    t.ask("nor their list of payments", &get("/v2/orders/a/transactions").by("shop:shopper1")).await;
    t.ask("the list has each payment", &get("/v2/orders/a/transactions").by("shop:read")).await;
    t.ask(
        "a real payment's order says so",
        &put("/v2/orders/r").by("strict:pay").data(json!({"amount": 1, "currency": "USD"})),
    )
    .await;
    for id in ["undefined", "null", "NaN", ":orderId", "a%20b", "%7Bid%7D", &"x".repeat(65), &"x".repeat(64)]
    {
        t.ask("an id that cannot be one is told as that", &get(format!("/v2/orders/{id}")).by("shop:read"))
            .await;
    }
    t.end();
}

#[tokio::test(start_paused = true)]
async fn each_member_of_an_order_is_as_stated_or_refused() {
    let mut t = Table::new("orders_members");
    let base = registered("b", 5);
    let members: &[(&str, &[Value])] = &[
        ("data", &[json!(ABSENT), json!(null), json!([]), json!("x"), json!({})]),
        (
            "data.amount",
            &[
                json!(ABSENT),
                json!(null),
                json!(0),
                json!(-1),
                json!(1.5),
                json!("5"),
                json!(true),
                json!({}),
                json!([]),
                json!(1_000_000_000_000_u64),
                json!(u64::MAX),
                json!(999_999_999_999_u64),
            ],
        ),
        (
            "data.currency",
            &[
                json!(ABSENT),
                json!(null),
                json!(""),
                json!("usd"),
                json!("US"),
                json!("USDX"),
                json!("XXX"),
                json!("JPY"),
                json!("EUR"),
                json!(5),
                json!({}),
            ],
        ),
        (
            "data.type",
            &[json!(null), json!("order"), json!("Order"), json!(""), json!("transaction"), json!(1)],
        ),
        ("data.status", &[json!("cancelled"), json!("Canceled"), json!("complete"), json!(1)]),
        ("data.shipping", &[json!("fulfilled"), json!("FULFILLED"), json!("unfulfilled")]),
        ("data.anything", &[json!("is ignored")]),
    ];
    t.vary(&base, async |_| (), members).await;
    t.end();
}

#[tokio::test(start_paused = true)]
async fn a_body_is_json_of_one_kind() {
    let mut t = Table::new("bodies");
    let empty = || put("/v2/orders/c").by("shop:pay");
    for (hazard, text) in [
        ("no body has no data", ""),
        ("white space is no body", " \r\n\t"),
        ("no JSON", "{"),
        ("a list", "[]"),
        ("a text", "\"data\""),
        ("a member twice", r#"{"data": {"amount": 1, "amount": 2, "currency": "USD"}}"#),
        ("another case is another member", r#"{"Data": {"amount": 1, "currency": "USD"}}"#),
        ("more after the end", r#"{"data": {"amount": 1, "currency": "USD"}} x"#),
        (
            "a number that is too large for any",
            r#"{"data": {"amount": 123456789012345678901234567890, "currency": "USD"}}"#,
        ),
        ("an exponent is no whole number", r#"{"data": {"amount": 1e2, "currency": "USD"}}"#),
    ] {
        t.ask(hazard, &empty().text(text)).await;
    }
    t.ask("no body at all", &empty()).await;
    t.ask("compressed", &empty().header("content-encoding", "gzip").text("{}")).await;
    t.ask("bytes are read as text", &empty().bytes(br#"{"data": {"amount": 7, "currency": "USD"}}"#)).await;
    t.ask("not UTF-8", &empty().bytes(b"{\"data\": \"\xff\"}")).await;
    let filled = |chars: usize| {
        let start = r#"{"data": {"amount": 7, "currency": "USD", "x": ""#;
        empty().text(format!("{start}{}\"}}}}", "x".repeat(chars - start.len() - 3)))
    };
    t.ask("64 KiB", &filled(65_536)).await;
    t.ask("a byte more", &filled(65_537)).await;
    t.end();
}

fn moved(at: &Value) -> Ask {
    patch(format!("/v2/orders/a/transactions/{AUTHORIZE}"))
        .by("strict:operate")
        .data(json!({"capture_at": at}))
}

#[tokio::test(start_paused = true)]
async fn a_scheduled_capture_is_moved_or_canceled_as_stated() {
    let mut t = Table::new("schedule");
    let authorized = async |t: &mut Table| {
        t.prepare(&registered("a", 10_000).by("strict:pay")).await;
        t.prepare(&pay("a", "authorize", card(4_000)).by("strict:pay")).await;
    };
    let members: &[(&str, &[Value])] = &[
        (
            "data.capture_at",
            &[
                json!(ABSENT),
                json!(null),
                json!(""),
                json!(5),
                json!("2026-11-22"),
                json!("2026-11-22T12:00:00"),
                json!("2026-11-22T12:00:00+01:00"),
                json!("2026-11-25T12:00:00Z"),
                json!("2026-11-25T12:00:01Z"),
                json!("2026-11-19T12:00:00Z"),
                json!(format!("2026-11-22T12:00:00.{}Z", "0".repeat(19))),
                json!(format!("2026-11-22T12:00:00.{}Z", "0".repeat(20))),
            ],
        ),
        (
            "data.capture_amount",
            &[
                json!(null),
                json!(1),
                json!(4_000),
                json!(4_001),
                json!(0),
                json!(-1),
                json!(1.5),
                json!("1"),
                json!(100_000_000_000_u64),
            ],
        ),
        ("data.capture_amonut", &[json!(1)]),
        ("capture_amount", &[json!(1)]),
        ("options", &[json!({"capture_amount": 1}), json!({"other": 1})]),
        ("data.capture", &[json!(null), json!({"after": "P1D"})]),
        ("data.captureAt", &[json!(null)]),
        ("data.type", &[json!("transaction")]),
        ("data.id", &[json!("x")]),
        ("data", &[json!(ABSENT), json!(null), json!({})]),
    ];
    t.vary(&moved(&"2026-11-23T12:00:00Z".into()), authorized, members).await;
    t.afresh();
    authorized(&mut t).await;
    for by in [
        "strict:read",
        "strict:pay",
        "strict:operate",
        "strict:all",
        "strict:plain",
        "strict:shopper1",
        "shop:all",
    ] {
        t.ask("it takes the role operate", &Ask { by: Some(by), ..moved(&"2026-11-23T12:00:00Z".into()) })
            .await;
    }
    let other = "00000000-0000-4000-8000-000000000099";
    for id in [other, "x", "undefined"] {
        let ask = patch(format!("/v2/orders/a/transactions/{id}"))
            .by("strict:all")
            .data(json!({"capture_at": null}));
        t.ask("no such transaction", &ask).await;
    }
    t.world.state().stopped = Some(true);
    t.ask("while payments are stopped, too: nothing is sent", &moved(&Value::Null)).await;
    t.world.state().stopped = Some(false);
    t.ask("scheduled again", &moved(&"2026-11-23T12:00:00Z".into())).await;
    t.world.faults.contend(true);
    t.ask("it is being changed by others", &moved(&Value::Null)).await;
    t.world.faults.contend(false);
    t.world.faults.take_down("save");
    t.ask("it cannot be saved", &moved(&Value::Null)).await;
    t.end();
}

#[tokio::test(start_paused = true)]
async fn a_transaction_is_read_by_whom_it_belongs_to() {
    let mut t = Table::new("reading");
    t.prepare(&registered("a", 10_000)).await;
    let own = t.prepare(&pay("a", "purchase", card(10_000)).by("shop:shopper1")).await;
    let id = own["data"]["id"].as_str().unwrap().to_owned();
    let secret = own["data"]["client_parameters"]["secret"].as_str().unwrap().to_owned();
    let read = |by| get(format!("/v2/orders/a/transactions/{id}")).by(by);
    for by in ["shop:shopper1", "shop:shopper2", "shop:read", "shop:all", "external:all"] {
        t.ask("who may read a shopper's payment", &read(by)).await;
    }
    let with_secret = |secret: &str| read("shop:shopper2").header("x-client-secret", secret);
    t.ask("with its secret", &with_secret(&secret)).await;
    t.ask("and all of it", &with_secret(&secret[1..])).await;
    t.ask("nothing is no secret", &with_secret("")).await;
    t.prepare(&registered("b", 500)).await;
    let other = t.prepare(&pay("b", "purchase", card(500)).by("shop:pay")).await;
    let merchants = other["data"]["id"].as_str().unwrap();
    let merchants = |by| get(format!("/v2/orders/b/transactions/{merchants}")).by(by);
    t.ask("a shopper does not read the merchant's", &merchants("shop:shopper1")).await;
    t.ask(
        "nor with another's secret",
        &merchants("shop:shopper1").header("x-client-secret", secret.as_str()),
    )
    .await;
    let confirm =
        |by| Ask { method: "POST", path: format!("/v2/orders/a/transactions/{id}/confirm"), ..read(by) };
    for by in ["shop:shopper1", "shop:shopper2", "shop:read", "shop:pay"] {
        t.ask("who may confirm a shopper's payment", &confirm(by)).await;
    }
    t.ask(
        "whoever has its secret confirms it",
        &Ask { method: "POST", path: confirm("").path, ..with_secret(&secret) },
    )
    .await;
    t.world
        .orders
        .change("b", |order| order.transactions[0].operations[0].state = OperationState::Unrecognized);
    t.ask("a state that only a newer version knows", &merchants("shop:read")).await;
    t.world.faults.take_down("save");
    let under_way = pay("c", "purchase", card(500)).by("external:pay").header("x-moltin-currency", "USD");
    let under_way = t.ask("the outcome cannot be saved", &under_way).await;
    t.world.faults.bring_up();
    let under_way = under_way["data"]["id"].as_str().unwrap();
    t.ask(
        "the intent is on record",
        &get(format!("/v2/orders/c/transactions/{under_way}")).by("external:read"),
    )
    .await;
    t.ask("no order", &get(format!("/v2/orders/z/transactions/{id}")).by("shop:shopper1")).await;
    t.ask("no transaction", &get("/v2/orders/a/transactions/z").by("shop:all")).await;
    t.world.faults.take_down("load");
    t.ask("the store is down", &read("shop:read")).await;
    t.world.faults.bring_up();
    t.world.faults.spoil("a");
    t.ask("what is stored is damaged", &read("shop:read")).await;
    t.end();
}

#[tokio::test(start_paused = true)]
async fn a_payment_in_doubt_is_looked_for_when_it_is_read() {
    let mut t = Table::new("doubts");
    let paid = Paid::in_doubt(&mut t).await;
    t.ask("too early for an inquiry", &paid.read("shop:read")).await;
    t.world.wait(300);
    for stopped in [Some(true), None] {
        t.world.state().stopped = stopped;
        t.ask("no inquiry while payments are stopped, or may be", &paid.read("shop:read")).await;
        t.ask("nor is it confirmed", &paid.confirm("shop:pay")).await;
    }
    t.world.state().stopped = Some(false);
    t.ask("an inquiry that finds nothing usable", &paid.read("shop:read")).await;
    t.ask("a key that only reads has it looked for, too", &paid.read("shop:read")).await;
    t.ask("a repetition of the payment waits", &paid.again("shop:pay")).await;
    t.world.wait(300);
    t.world.find(|approval| tollgate_core::order::Finding::Became(Box::new(declined(approval))));
    t.ask("the inquiry finds that it was declined", &paid.confirm("shop:pay")).await;
    t.ask("which its repetition tells", &paid.again("shop:pay")).await;
    t.end();
}
