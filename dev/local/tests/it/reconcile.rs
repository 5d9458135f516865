//! Everything in doubt is found out without a person, and the gateway's ledger agrees in the end.

use cardpointe_simulator::{Endpoint, Fault, FaultKind};
use local::merchants;
use serde_json::{Value, json};

use crate::shop::{NO_FUNDS, Shop, by_card, by_token};

fn faults(shop: &Shop, endpoint: Endpoint, kind: FaultKind, times: u32) {
    shop.stack.simulator().fault(Fault { endpoint, kind, times });
}

/// One run of the schedule.
pub(crate) async fn run(shop: &Shop) -> Value {
    shop.stack.invoke_scheduled("reconcile").await.unwrap()
}

/// Runs, a minute apart, until nothing is in doubt.
pub(crate) async fn run_until_decided(shop: &Shop, orders: &[String]) -> usize {
    for minutes in 0..20 {
        let mut pending = 0;
        for order in orders {
            pending += shop.transactions(order).await.iter().filter(|t| t["status"] == "pending").count();
        }
        if pending == 0 {
            return minutes;
        }
        shop.stack.advance_clock(60);
        run(shop).await;
    }
    panic!("still in doubt after twenty minutes");
}

/// The gateway's sums of our payments, in cents: taken and not voided, and refunded.
pub(crate) fn gateway_totals(shop: &Shop) -> (i64, i64) {
    let cents =
        |entry: &Value| entry["amount"].as_str().unwrap().replace(['.', '-'], "").parse::<i64>().unwrap();
    let taken =
        |entry: &&Value| ["Queued for Capture", "Accepted"].iter().any(|stat| entry["setlstat"] == *stat);
    let taken = shop.ledger("auth").iter().filter(taken).map(cents).sum();
    (taken, shop.ledger("refund").iter().map(cents).sum())
}

/// The same by our records.
pub(crate) async fn our_totals(shop: &Shop, orders: &[String]) -> (i64, i64) {
    let (mut taken, mut refunded) = (0, 0);
    for order in orders {
        for t in shop.transactions(order).await {
            if t["status"] == "complete" {
                taken += t["meta"]["display_captured_amount"]["amount"].as_i64().unwrap();
                refunded += t["refunded_amount"].as_i64().unwrap();
            }
        }
    }
    (taken, refunded)
}

#[tokio::test]
async fn a_run_with_nothing_in_doubt_does_nothing() {
    let shop = Shop::open().await;
    let report = run(&shop).await;
    assert_eq!((&report["due"], &report["complete"]), (&json!(0), &json!(true)));
    shop.close().await;
}

#[tokio::test]
async fn lost_responses_of_every_operation_are_adopted_and_nothing_is_sent_twice() {
    for findable in [true, false] {
        let shop = Shop::open().await;
        shop.refunds_findable(findable);
        let mut orders = Vec::new();
        // Paid beforehand, so that each operation has something to act on.
        let mut ids = Vec::new();
        for n in 0..20 {
            for (what, method) in [("capture", "authorize"), ("cancel", "authorize"), ("refund", "purchase")]
            {
                let order = format!("{what}-{n}");
                shop.register(&order, 2599).await;
                ids.push((what, order.clone(), shop.pay_by_token(&order, method).await.id()));
                orders.push(order);
            }
        }
        shop.stack.simulator().settle();
        shop.no_inquiry();
        for (what, order, id) in &ids {
            faults(&shop, Endpoint::Any, FaultKind::DropAfter, 1);
            shop.follow_up(order, id, what, json!({})).await.data(202);
        }
        for method in ["authorize", "purchase"] {
            for n in 0..20 {
                let order = format!("{method}-{n}");
                shop.register(&order, 2599).await;
                faults(&shop, Endpoint::Auth, FaultKind::DropAfter, 1);
                shop.pay_by_token(&order, method).await.data(202);
                orders.push(order);
            }
        }
        shop.stack.simulator().clear_faults();
        let before = shop.stack.simulator().transactions().len();
        assert_eq!(run_until_decided(&shop, &orders).await, 1, "one run finds them all");
        assert_eq!(shop.stack.simulator().transactions().len(), before, "asking sends nothing");
        assert_eq!(gateway_totals(&shop), our_totals(&shop, &orders).await);
        assert_eq!(gateway_totals(&shop), (2599 * 60, 2599 * 20));
        shop.close().await;
    }
}

/// A shop with an order whose payment never arrived at the gateway.
async fn never_arrived() -> (Shop, [String; 1]) {
    let shop = Shop::open().await;
    shop.register("o", 2599).await;
    faults(&shop, Endpoint::Auth, FaultKind::DropBefore, 1);
    shop.pay_by_token("o", "purchase").await.data(202);
    (shop, ["o".to_owned()])
}

#[tokio::test]
async fn what_never_arrived_is_given_up_after_two_looks_and_looked_for_once_more() {
    let (shop, orders) = never_arrived().await;
    assert_eq!(run_until_decided(&shop, &orders).await, 3);
    assert_eq!(shop.transactions("o").await[0]["failure_details"]["code"], "not_processed");
    shop.stack.advance_clock(3599);
    assert_eq!(run(&shop).await["due"], 0);
    shop.stack.advance_clock(1);
    assert_eq!(run(&shop).await["not_done"], 1);
    shop.stack.advance_clock(3600);
    assert_eq!(run(&shop).await["due"], 0, "once more, and never again");
    shop.close().await;
}

#[tokio::test]
async fn a_payment_that_the_gateway_declined_is_found_declined() {
    let shop = Shop::open().await;
    shop.register("o", 2599).await;
    faults(&shop, Endpoint::Auth, FaultKind::Cut, 1);
    shop.no_inquiry();
    shop.pay("o", by_card("purchase", NO_FUNDS)).await.data(202);
    shop.stack.simulator().clear_faults();
    shop.stack.advance_clock(60);
    assert_eq!(run(&shop).await["declined"], 1);
    assert_eq!(shop.transactions("o").await[0]["failure_details"]["code"], "insufficient_funds");
    shop.close().await;
}

#[tokio::test]
async fn a_process_that_died_between_intent_and_gateway_is_found_too() {
    let shop = Shop::open().await;
    shop.register("o", 2599).await;
    // The caller's sandbox is gone while the gateway works: the request was sent, its outcome never
    // saved.
    faults(&shop, Endpoint::Auth, FaultKind::Delay { delay_ms: 600_000 }, 1);
    let body = json!({"data": by_token("purchase")}).to_string();
    let url = format!("{}/v2/orders/o/payments", shop.stack.url());
    let request = crate::support::client().post(url).bearer_auth(shop.current_token()).body(body);
    let running = tokio::spawn(request.send());
    while shop.stack.simulator().transactions().is_empty() {
        tokio::task::yield_now().await;
    }
    shop.stack.cold_start().unwrap();
    running.abort();
    shop.stack.advance_clock(60);
    let report = run(&shop).await;
    assert_eq!(
        (&report["approved"], &report["amounts_minor"]),
        (&json!(1), &json!({"approved": {"USD": 2599}}))
    );
    assert_eq!(shop.order("o").await["payment"], "paid");
    shop.close().await;
}

#[tokio::test]
async fn a_gateway_that_is_down_gets_no_inquiry_about_the_same_again_and_again_and_all_is_found_when_it_is_back()
 {
    let shop = Shop::open().await;
    let mut orders = Vec::new();
    shop.no_inquiry();
    for n in 0..30 {
        let order = format!("o{n}");
        shop.register(&order, 2599).await;
        let kind = if n % 2 == 0 { FaultKind::DropAfter } else { FaultKind::DropBefore };
        faults(&shop, Endpoint::Auth, kind, 1);
        shop.pay_by_token(&order, "purchase").await.data(202);
        orders.push(order);
    }
    let mut unanswered = 0;
    for _ in 0..10 {
        shop.stack.advance_clock(60);
        let report = run(&shop).await;
        unanswered += report["unanswered"].as_u64().unwrap();
        assert_eq!(report["approved"], 0);
    }
    // An operation without a response is put off by five minutes, so each was tried once or twice
    // in ten.
    assert!((30..=60).contains(&unanswered), "{unanswered}");
    shop.stack.simulator().clear_faults();
    let minutes = run_until_decided(&shop, &orders).await;
    assert!(minutes <= 10, "{minutes}");
    assert_eq!(gateway_totals(&shop), our_totals(&shop, &orders).await);
    assert_eq!(gateway_totals(&shop), (15 * 2599, 0));
    shop.close().await;
}

#[tokio::test]
async fn overlapping_runs_and_the_shoppers_own_questions_agree() {
    let shop = Shop::open().await;
    let mut orders = Vec::new();
    shop.no_inquiry();
    for n in 0..20 {
        let order = format!("o{n}");
        shop.register(&order, 2599).await;
        faults(&shop, Endpoint::Auth, FaultKind::DropAfter, 1);
        let id = shop.pay_by_token(&order, "purchase").await.id();
        orders.push((order, id));
    }
    shop.stack.simulator().clear_faults();
    shop.stack.advance_clock(120);
    let (order, id) = &orders[0];
    tokio::join!(run(&shop), run(&shop), run(&shop), shop.follow_up(order, id, "confirm", json!({})));
    let names: Vec<String> = orders.into_iter().map(|(order, _)| order).collect();
    assert_eq!(our_totals(&shop, &names).await, (20 * 2599, 0));
    assert_eq!(gateway_totals(&shop), (20 * 2599, 0));
    shop.close().await;
}

#[tokio::test]
async fn a_void_that_has_to_follow_is_finished_by_the_schedule() {
    let shop = Shop::open().await;
    shop.register("o", 2599).await;
    faults(&shop, Endpoint::Void, FaultKind::DropBefore, 1);
    shop.no_inquiry();
    let partly = by_card("purchase", crate::shop::PARTLY_APPROVED);
    shop.pay("o", partly).await.data(202);
    shop.stack.simulator().clear_faults();
    assert_eq!(shop.ledger("auth")[0]["setlstat"], "Queued for Capture", "money is still held");
    let minutes = run_until_decided(&shop, &["o".to_owned()]).await;
    assert!(minutes <= 5, "{minutes}");
    assert_eq!(shop.ledger("auth")[0]["setlstat"], "Voided");
    assert_eq!(shop.transactions("o").await[0]["failure_details"]["code"], "partial_approval");
    shop.close().await;
}

#[tokio::test]
async fn a_merchant_that_cannot_be_read_stops_no_other() {
    let shop = Shop::open().await;
    shop.no_inquiry();
    let token = shop.token(merchants::EXTERNAL, Some(merchants::EXTERNAL_KEY)).await;
    let mut external = by_token("purchase");
    external["amount"] = json!(500);
    faults(&shop, Endpoint::Auth, FaultKind::DropAfter, 2);
    let url = format!("{}/v2/orders/x/payments", shop.stack.url());
    let request =
        crate::support::client().post(url).bearer_auth(token.body["access_token"].as_str().unwrap());
    assert_eq!(request.json(&json!({ "data": external })).send().await.unwrap().status(), 202);
    shop.register("o", 2599).await;
    shop.pay_by_token("o", "purchase").await.data(202);
    shop.stack.simulator().clear_faults();
    shop.stack.secrets().remove(&merchants::secret_name(merchants::EXTERNAL));
    shop.stack.cold_start().unwrap();
    shop.stack.advance_clock(60);
    let report = run(&shop).await;
    assert_eq!((&report["approved"], &report["skipped"]), (&json!(1), &json!(1)));
    shop.close().await;
}

#[tokio::test]
async fn what_stays_in_doubt_for_a_day_is_flagged_and_stays_pending() {
    let mut shop = Shop::open().await;
    shop.register("o", 2599).await;
    // A person captured another amount in the portal: the records decide nothing.
    let paid = shop.pay_by_token("o", "authorize").await;
    let portal = crate::support::client().put(format!("{}/capture", shop.stack.simulator().base_url()));
    let by_hand = json!({
        "merchid": cardpointe_simulator::Config::DEFAULT_MID, "retref": paid.body["data"]["reference"], "amount": "5.00",
    });
    let portal = portal.basic_auth("testing", Some("testing123")).json(&by_hand);
    assert_eq!(portal.send().await.unwrap().status(), 200);
    shop.stack.simulator().settle();
    let id = paid.id();
    assert_eq!(shop.follow_up("o", &id, "capture", json!({})).await.data(202)["status"], "pending");
    shop.stack.advance_clock(60);
    let report = run(&shop).await;
    assert_eq!((&report["in_doubt"], &report["needs_attention"]), (&json!(1), &json!(0)));
    shop.stack.advance_clock(3_600);
    assert_eq!(run(&shop).await["needs_attention"], 1);
    let report = run(&shop).await;
    assert_eq!(
        (&report["due"], &report["needs_attention"]),
        (&json!(0), &json!(1)),
        "also while none is due"
    );
    shop.renew_token().await;
    assert_eq!(shop.transactions("o").await[0]["status"], "pending");
    shop.close().await;
}

#[tokio::test]
async fn an_attempt_that_arrives_after_it_was_given_up_is_voided_beside_the_later_one() {
    let (shop, orders) = never_arrived().await;
    run_until_decided(&shop, &orders).await;
    let paid = shop.pay_by_token("o", "purchase").await;
    let order_id = paid.data(200)["meta"]["operations"][0]["gateway_order_id"].clone();
    // The request that was thought lost arrives after all.
    let late = crate::support::client().put(format!("{}/auth", shop.stack.simulator().base_url()));
    let body = json!({
        "merchid": cardpointe_simulator::Config::DEFAULT_MID, "profile": "16178397535388255208/1", "amount": "25.99",
        "currency": "USD", "capture": "Y", "orderid": order_id, "userfields": [{ "order_id": "o" }],
    });
    let answer = late.basic_auth("testing", Some("testing123")).json(&body).send().await.unwrap();
    assert_eq!(answer.json::<Value>().await.unwrap()["respstat"], "A");
    assert_eq!(gateway_totals(&shop), (2 * 2599, 0));
    shop.stack.advance_clock(3600);
    let mut shop = shop;
    shop.renew_token().await;
    run(&shop).await;
    assert_eq!(gateway_totals(&shop), (2599, 0));
    assert_eq!(our_totals(&shop, &orders).await, (2599, 0));
    let transaction = &shop.transactions("o").await[0];
    assert_eq!(
        (&transaction["status"], &transaction["reference"]),
        (&json!("complete"), &paid.body["data"]["reference"])
    );
    shop.close().await;
}

#[tokio::test]
async fn a_payment_in_doubt_is_inquired_about_where_it_was_sent_although_the_merchant_has_moved() {
    let shop = Shop::open().await;
    shop.register("o", 2599).await;
    faults(&shop, Endpoint::Auth, FaultKind::DropAfter, 1);
    shop.no_inquiry();
    shop.pay_by_token("o", "purchase").await.data(202);
    shop.stack.simulator().clear_faults();
    let name = merchants::secret_name(merchants::REGISTERED);
    let mut document = shop.stack.secrets().get(&name).unwrap();
    document["gateway"]["merchids"]["USD"] = json!("496480518000");
    document["gateway"]["base_url"] = json!("http://127.0.0.1:9/moved");
    shop.stack.secrets().put(&name, document);
    shop.stack.cold_start().unwrap();
    shop.stack.advance_clock(60);
    assert_eq!(run(&shop).await["approved"], 1);
    // Follow-ups go through the account that took the payment, too.
    let id = shop.transactions("o").await[0]["id"].as_str().unwrap().to_owned();
    assert_eq!(shop.follow_up("o", &id, "cancel", json!({})).await.data(200)["status"], "cancelled");
    shop.close().await;
}

#[tokio::test]
async fn a_clock_that_is_set_back_makes_nothing_run_twice() {
    let shop = Shop::open().await;
    shop.register("o", 2599).await;
    faults(&shop, Endpoint::Auth, FaultKind::DropAfter, 1);
    shop.no_inquiry();
    let body = json!({"data": by_token("purchase")});
    shop.post_with_key("/v2/orders/o/payments", "k", body.clone()).await.data(202);
    shop.stack.simulator().clear_faults();
    shop.stack.advance_clock(-1800);
    let again = shop.post_with_key("/v2/orders/o/payments", "k", body.clone()).await;
    again.error(409, "idempotency_key_in_progress");
    assert_eq!(run(&shop).await["due"], 0);
    shop.stack.advance_clock(1860);
    assert_eq!(run(&shop).await["approved"], 1);
    assert!(shop.post_with_key("/v2/orders/o/payments", "k", body).await.is_replay());
    assert_eq!(gateway_totals(&shop), (2599, 0));
    shop.close().await;
}

#[tokio::test]
async fn one_event_delivered_twice_at_once_pays_once() {
    let shop = Shop::open().await;
    shop.register("o", 2599).await;
    let event = include_str!("../../../../events/payments-purchase.json");
    let mut event: Value = serde_json::from_str(event).unwrap();
    event["pathParameters"]["orderId"] = json!("o");
    event["headers"]["authorization"] = json!(format!("Bearer {}", shop.current_token()));
    event["headers"].as_object_mut().unwrap().remove("idempotency-key");
    let event = event.to_string();
    let (one, other) =
        tokio::join!(shop.stack.invoke("payments", &event), shop.stack.invoke("payments", &event));
    let mut statuses = [one.unwrap().status().as_u16(), other.unwrap().status().as_u16()];
    statuses.sort_unstable();
    assert!(matches!(statuses, [200, 409 | 422]), "{statuses:?}");
    assert_eq!(gateway_totals(&shop), (2599, 0));
    shop.close().await;
}

#[tokio::test]
async fn a_lost_refund_of_a_payment_that_has_not_settled_is_decided_within_minutes_after_an_hour() {
    let mut shop = Shop::open().await;
    shop.register("o", 2599).await;
    let id = shop.pay_by_token("o", "purchase").await.id();
    faults(&shop, Endpoint::Refund, FaultKind::DropBefore, 1);
    shop.follow_up("o", &id, "refund", json!({})).await.data(202);
    shop.stack.advance_clock(3600);
    shop.renew_token().await;
    assert!(run_until_decided(&shop, &["o".to_owned()]).await <= 3);
    // Requested again, it becomes the void that it has to be.
    assert_eq!(shop.follow_up("o", &id, "refund", json!({})).await.data(200)["refunded_amount"], 2599);
    assert_eq!(gateway_totals(&shop), (0, 0));
    shop.close().await;
}

#[tokio::test]
async fn a_part_that_settled_before_its_void_got_through_is_refunded() {
    let shop = Shop::open().await;
    shop.register("o", 2599).await;
    faults(&shop, Endpoint::Void, FaultKind::DropBefore, 1);
    shop.no_inquiry();
    shop.pay("o", by_card("purchase", crate::shop::PARTLY_APPROVED)).await.data(202);
    shop.stack.simulator().clear_faults();
    shop.stack.simulator().settle();
    assert_eq!(gateway_totals(&shop), (500, 0));
    run_until_decided(&shop, &["o".to_owned()]).await;
    assert_eq!(gateway_totals(&shop), (500, 500), "taken, and given back");
    let transaction = &shop.transactions("o").await[0];
    assert_eq!((&transaction["status"], &transaction["refunded_amount"]), (&json!("failed"), &json!(0)));
    assert_eq!(shop.order("o").await["meta"]["display_price"]["balance_owing"]["amount"], 2599);
    shop.close().await;
}
