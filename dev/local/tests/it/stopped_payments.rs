//! Payments that an operator has stopped: nothing that moves money is sent, on no route and by no
//! schedule; reading and registering go on, and nothing is lost by it.

use cardpointe_simulator::{Endpoint, Fault, FaultKind};
use jiff::SignedDuration;
use local::{Options, merchants};
use reqwest::Method;
use serde_json::json;
use tollgate::dynamodb::orders::switch::DynamoDbSwitch;
use tollgate_core::{
    order::Attribution,
    payments::{self, SwitchChange, SwitchOf},
    values::Clock as _,
};

use crate::{
    credit_card_client::{CreditCard, Syntax, follow_up, payment},
    shop::{Shop, by_token},
};

/// How long a process keeps the state that it has read.
const KEPT_S: i64 = 15;

pub(crate) async fn throw(shop: &Shop, stopped: bool) {
    let clock = shop.stack.ports().api.access.clock.clone();
    let client = local::dynamodb_client(shop.stack.dynamodb_url());
    let switch = DynamoDbSwitch::new(client, local::TABLE_NAME.to_owned(), clock, false);
    let by = Attribution::new(None, Some(&"Ann".parse().unwrap()), Some(&"a test".parse().unwrap()));
    let by = by.map(|by| Box::new(by.verified(Some(&"arn:aws:iam::123456789012:user/ann".parse().unwrap()))));
    let change = SwitchChange { stopped, at: shop.stack.clock().now(), by, by_operator: true };
    payments::throw(&switch, &SwitchOf::All, &change).await.unwrap();
    shop.stack.advance_clock(KEPT_S);
}

/// Everything that reached the gateway, inquiries left out.
fn sent(shop: &Shop) -> usize {
    shop.stack.simulator().records().len()
}

#[tokio::test]
async fn no_route_moves_money_while_payments_are_stopped_and_each_does_afterwards() {
    let shop = Shop::open().await;
    shop.register("held", 2599).await;
    shop.register("new", 2599).await;
    let held = shop.pay_by_token("held", "authorize").await.id();
    let cards = CreditCard::of(&shop);
    let card = cards.approved("charge", &payment("1", "before")).await;
    throw(&shop, true).await;
    let before = sent(&shop);
    for route in ["payments", "payments/authorize", "payments/purchase"] {
        let method = if route.ends_with("authorize") { "authorize" } else { "purchase" };
        let body = json!({ "data": by_token(method) });
        let refused = shop.post(&format!("/v2/orders/new/{route}"), body).await;
        let error = refused.error(503, "payments_stopped");
        assert_eq!(
            (&error["meta"]["retryable"], &refused.headers["retry-after"]),
            (&json!(true), &"60".parse().unwrap())
        );
    }
    for what in ["capture", "cancel", "refund"] {
        shop.follow_up("held", &held, what, json!({})).await.error(503, "payments_stopped");
    }
    for syntax in [Syntax::Json, Syntax::Xml] {
        for route in ["authorize", "charge"] {
            let answer = cards
                .send(syntax, route, &payment(if route == "charge" { "1" } else { "2" }, "during"))
                .await;
            assert_eq!((answer.status, answer.envelope().code.as_str()), (503, "94"), "{route}");
        }
        for route in ["capture", "refund", "void"] {
            let answer = cards.send(syntax, route, &follow_up(route, &card, "during")).await;
            assert_eq!((answer.status, answer.envelope().code.as_str()), (503, "94"), "{route}");
        }
    }
    assert_eq!(sent(&shop), before, "nothing was sent");
    // Requests that move nothing go on.
    shop.register("registered-meanwhile", 100).await;
    shop.get(&format!("/v2/orders/held/transactions/{held}")).await.data(200);
    shop.follow_up("held", &held, "confirm", json!({})).await.data(200);
    assert_eq!(cards.send(Syntax::Json, "status", &follow_up("status", &card, "-")).await.status, 200);
    shop.token(merchants::REGISTERED, Some(merchants::REGISTERED_KEY)).await;
    let status = shop.send(Method::GET, "/status", &[], String::new()).await;
    assert_eq!(status.body["payments"], "stopped");
    assert!(status.body["version"].as_str().unwrap().starts_with(env!("CARGO_PKG_VERSION")));
    throw(&shop, false).await;
    assert_eq!(shop.send(Method::GET, "/status", &[], String::new()).await.body["payments"], "enabled");
    shop.pay("new", by_token("purchase")).await.data(200);
    shop.follow_up("held", &held, "capture", json!({})).await.data(200);
    shop.close().await;
}

#[tokio::test]
async fn the_schedules_leave_what_is_due_and_take_it_up_afterwards() {
    let mut shop = Shop::open().await;
    shop.register("later", 2599).await;
    let hour = shop.stack.clock().now() + SignedDuration::from_hours(1);
    let mut data = by_token("authorize");
    data["capture_at"] = json!(hour);
    shop.pay("later", data).await.data(200);
    shop.register("doubt", 2599).await;
    shop.stack.simulator().fault(Fault::once(Endpoint::Auth, FaultKind::DropAfter));
    shop.no_inquiry();
    let doubt = shop.pay_by_token("doubt", "purchase").await;
    doubt.data(202);
    shop.stack.simulator().clear_faults();
    throw(&shop, true).await;
    shop.stack.advance_clock(3700);
    shop.renew_token().await;
    let before = sent(&shop);
    let report = shop.stack.invoke_scheduled("scheduled-capture").await.unwrap();
    assert_eq!(report["captured"], 0, "{report}");
    let report = shop.stack.invoke_scheduled("reconcile").await.unwrap();
    assert_eq!(report["due"], 0, "{report}");
    // Not even by being read, which sends an inquiry otherwise, and can refund money.
    let path = format!("/v2/orders/doubt/transactions/{}", doubt.id());
    assert_eq!(shop.get(&path).await.data(200)["status"], "pending");
    shop.follow_up("doubt", &doubt.id(), "confirm", json!({})).await.data(202);
    assert_eq!(sent(&shop), before);
    throw(&shop, false).await;
    let report = shop.stack.invoke_scheduled("scheduled-capture").await.unwrap();
    assert_eq!(report["captured"], 1, "{report}");
    let report = shop.stack.invoke_scheduled("reconcile").await.unwrap();
    assert_eq!(report["approved"], 1, "{report}");
    shop.close().await;
}

#[tokio::test]
async fn a_switch_that_cannot_be_read_is_no_permission_to_pay() {
    let options = Options { withdrawn: vec![("purchase", "dynamodb:GetItem")], ..Options::default() };
    let shop = Shop::open_as(options, merchants::REGISTERED, merchants::REGISTERED_KEY).await;
    shop.stack.advance_clock(KEPT_S);
    let body = json!({ "data": by_token("purchase") });
    shop.post("/v2/orders/o/payments/purchase", body).await.error(503, "service_unavailable");
    assert_eq!(sent(&shop), 0);
    shop.close().await;
}

#[tokio::test]
async fn the_deployments_parameter_stops_payments_whatever_the_switch_says() {
    let options = Options { payments_stopped: true, ..Options::default() };
    let shop = Shop::open_as(options, merchants::REGISTERED, merchants::REGISTERED_KEY).await;
    shop.register("o", 2599).await;
    throw(&shop, false).await;
    shop.pay("o", by_token("purchase")).await.error(503, "payments_stopped");
    shop.close().await;
}
