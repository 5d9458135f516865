//! A gateway that fails: a request known to have done nothing can be tried again, one of unknown
//! effect is never sent twice.

use cardpointe_simulator::{Config, Endpoint, Fault, FaultKind, ResponseCode, Settings};
use serde_json::json;

use crate::{
    reconcile::run,
    shop::{Shop, VISA, by_card},
};

fn fault(shop: &Shop, endpoint: Endpoint, kind: FaultKind) {
    shop.stack.simulator().fault(Fault::once(endpoint, kind));
}

#[tokio::test]
async fn a_lost_response_is_inquired_about_in_the_same_request() {
    for kind in [FaultKind::DropAfter, FaultKind::Malformed, FaultKind::Cut] {
        let shop = Shop::open().await;
        shop.register("o", 2599).await;
        fault(&shop, Endpoint::Auth, kind);
        assert_eq!(shop.pay_by_token("o", "authorize").await.data(200)["status"], "complete");
        let id = shop.transactions("o").await[0]["id"].as_str().unwrap().to_owned();
        fault(&shop, Endpoint::Capture, kind);
        assert_eq!(
            shop.follow_up("o", &id, "capture", json!({})).await.data(200)["transaction_type"],
            "capture"
        );
        shop.stack.simulator().settle();
        fault(&shop, Endpoint::Refund, kind);
        assert_eq!(
            shop.follow_up("o", &id, "refund", json!({"amount": 600})).await.data(200)["refunded_amount"],
            600
        );
        assert_eq!((shop.ledger("auth").len(), shop.ledger("refund").len()), (1, 1));
        shop.register("v", 2599).await;
        let id = shop.pay_by_token("v", "purchase").await.id();
        fault(&shop, Endpoint::Void, kind);
        assert_eq!(shop.follow_up("v", &id, "cancel", json!({})).await.data(200)["status"], "cancelled");
        shop.close().await;
    }
}

#[tokio::test]
async fn a_lost_response_without_time_for_an_inquiry_is_pending_and_a_retry_does_not_charge_twice() {
    let lost = [FaultKind::DropAfter, FaultKind::Malformed, FaultKind::Cut];
    for (n, kind) in lost.into_iter().enumerate() {
        let shop = Shop::open().await;
        shop.register("o", 2599).await;
        fault(&shop, Endpoint::Auth, kind);
        shop.no_inquiry();
        let path = "/v2/orders/o/payments";
        let body = json!({"data": crate::shop::by_token("purchase")});
        let answer = shop.post_with_key(path, "key", body.clone()).await;
        let data = answer.data(202);
        assert_eq!((&data["status"], &data["next_actions"]), (&json!("pending"), &json!(["confirm"])), "{n}");
        let again = shop.post_with_key(path, "key", body.clone()).await;
        let error = again.error(409, "idempotency_key_in_progress");
        assert_eq!(error["meta"]["transaction_id"], answer.id());
        assert!(again.headers.contains_key("retry-after"));
        shop.pay_by_token("o", "purchase").await.error(409, "payment_in_progress");
        let order = shop.order("o").await;
        let owing = &order["meta"]["display_price"]["balance_owing"]["amount"];
        assert_eq!((&order["payment"], owing), (&json!("unpaid"), &json!(0)));
        shop.stack.advance_clock(31);
        let later = shop.post_with_key(path, "key", body.clone()).await;
        assert!(later.is_replay());
        assert_eq!(later.data(202)["status"], "pending");
        // The gateway can be reached again: the same request gets its own result as the response.
        shop.stack.simulator().clear_faults();
        let at_last = shop.post_with_key(path, "key", body).await;
        assert!(at_last.is_replay());
        assert_eq!(at_last.data(200)["status"], "complete");
        assert_eq!(shop.stack.simulator().transactions().len(), 1, "sent once");
        shop.close().await;
    }
}

#[tokio::test]
async fn a_follow_up_in_doubt_blocks_its_transaction_until_it_is_confirmed() {
    for findable in [true, false] {
        let shop = Shop::open().await;
        shop.refunds_findable(findable);
        let cases = [
            ("capture", Endpoint::Capture, "authorize"),
            ("cancel", Endpoint::Void, "authorize"),
            ("refund", Endpoint::Refund, "purchase"),
        ];
        for (what, endpoint, method) in cases {
            shop.register(what, 2599).await;
            let id = shop.pay_by_token(what, method).await.id();
            if what == "refund" {
                shop.stack.simulator().settle();
            }
            fault(&shop, endpoint, FaultKind::DropAfter);
            shop.no_inquiry();
            assert_eq!(shop.follow_up(what, &id, what, json!({})).await.data(202)["status"], "pending");
            for other in ["capture", "refund", "cancel"] {
                shop.follow_up(what, &id, other, json!({})).await.error(409, "operation_in_progress");
            }
            shop.stack.advance_clock(31);
            assert_eq!(shop.follow_up(what, &id, "confirm", json!({})).await.data(202)["status"], "pending");
            shop.stack.simulator().clear_faults();
            let confirmed = shop.follow_up(what, &id, "confirm", json!({})).await;
            let data = confirmed.data(200);
            let shown = if what == "cancel" { "authorize" } else { what };
            assert_eq!(data["transaction_type"], shown, "{what}, {findable}");
            assert_eq!(data["status"], if what == "cancel" { "cancelled" } else { "complete" });
        }
        assert_eq!(shop.ledger("refund").len(), 1);
        shop.close().await;
    }
}

#[tokio::test]
async fn a_request_that_never_arrived_is_known_to_have_done_nothing_after_two_inquiries() {
    let mut shop = Shop::open().await;
    for (order, what) in [("p", "pay"), ("c", "capture"), ("v", "cancel"), ("r", "refund")] {
        shop.register(order, 2599).await;
        let id = if what == "pay" {
            fault(&shop, Endpoint::Auth, FaultKind::DropBefore);
            shop.pay_by_token(order, "purchase").await.id()
        } else {
            let method = if what == "refund" { "purchase" } else { "authorize" };
            let id = shop.pay_by_token(order, method).await.id();
            shop.stack.simulator().settle();
            fault(&shop, Endpoint::Any, FaultKind::DropBefore);
            shop.follow_up(order, &id, what, json!({})).await.data(202);
            id
        };
        // One that is paid twice cannot be voided.
        let counts_after = if what == "refund" { 3600 } else { 100 };
        for (seconds, status) in [(31, 202), (counts_after - 31, 202), (59, 202), (1, 200)] {
            shop.stack.advance_clock(seconds);
            shop.renew_token().await;
            let answer = shop.follow_up(order, &id, "confirm", json!({"data": {}})).await;
            assert_eq!(answer.status, status, "{what} after {seconds} s more: {}", answer.body);
            assert_eq!(answer.headers.contains_key("retry-after"), status == 202, "{what}");
        }
        let expected = if what == "pay" { "failed" } else { "complete" };
        assert_eq!(shop.transactions(order).await[0]["status"], expected);
        // It is requested again, under the same operation, and done once.
        if what == "pay" {
            assert_eq!(shop.pay_by_token(order, "purchase").await.data(200)["id"], id);
        } else {
            shop.follow_up(order, &id, what, json!({})).await.data(200);
        }
        let operations = shop.transactions(order).await[0]["meta"]["operations"].clone();
        assert_eq!(operations.as_array().unwrap().last().unwrap()["attempts"], 2);
    }
    assert_eq!((shop.ledger("auth").len(), shop.ledger("refund").len()), (4, 1));
    shop.close().await;
}

/// Sends the refund of a settled payment, which the gateway refuses with this code. Returns the
/// transaction's id.
async fn refund_refused_as(shop: &Shop, order: &str, respproc: &str, respcode: &str) -> String {
    shop.register(order, 2599).await;
    let id = shop.pay_by_token(order, "purchase").await.id();
    shop.stack.simulator().settle();
    let code = ResponseCode::find(respproc, respcode).unwrap();
    fault(shop, Endpoint::Refund, FaultKind::Respond { code, done: false });
    shop.follow_up(order, &id, "refund", json!({"amount": 600})).await.data(202);
    id
}

fn set_up(shop: &Shop, settings: Settings) {
    assert!(shop.stack.simulator().set_merchant(Config::DEFAULT_MID, settings));
}

/// Two inquiries, the first an hour after sending, find that the refund was not done.
async fn is_released(shop: &mut Shop, order: &str, id: &str) -> Result<(), String> {
    for (seconds, status) in [(31, 202), (3_600 - 31, 202), (59, 202), (1, 200)] {
        shop.stack.advance_clock(seconds);
        shop.renew_token().await;
        let shown = shop.follow_up(order, id, "confirm", json!({"data": {}})).await;
        if shown.status != status {
            return Err(format!("is {} after {seconds} s more", shown.status));
        }
    }
    let operation = &shop.transactions(order).await[0]["meta"]["operations"][1];
    if operation["state"] == "not_done" { Ok(()) } else { Err(operation.to_string()) }
}

/// Each way in which a refund's record can be found and shown.
#[tokio::test]
async fn a_refund_that_the_gateway_wants_to_be_sent_again_does_not_wait_for_a_person() {
    let (usual, mut failed) = (Settings::default(), Vec::new());
    for settings in [
        usual,
        Settings { refunds_findable_by_payment_orderid: true, ..usual },
        Settings { refunds_findable_by_orderid: false, ..usual },
        Settings { refunds_findable_by_orderid: false, refund_userfields: false, ..usual },
        Settings { negative_refund_amounts: false, orderid_in_refusals: false, ..usual },
        Settings { userfields_in_responses: true, invalid_card_echoed: false, ..usual },
    ] {
        let mut shop = Shop::open().await;
        set_up(&shop, settings);
        for (respproc, respcode) in [("FNOR", "28"), ("FNOR", "91"), ("PPS", "61")] {
            let order = format!("{respproc}-{respcode}");
            let id = refund_refused_as(&shop, &order, respproc, respcode).await;
            if let Err(why) = is_released(&mut shop, &order, &id).await {
                failed.push(format!("{order}, {settings:?}: {why}"));
                continue;
            }
            let again = shop.follow_up(&order, &id, "refund", json!({"amount": 600})).await;
            assert_eq!(again.data(200)["refunded_amount"], 600, "{order}");
        }
        let done = shop.ledger("refund").len();
        if done != 3 {
            failed.push(format!("{settings:?}: {done} refunds are done, not 3"));
        }
        shop.close().await;
    }
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}

#[tokio::test]
async fn a_refund_that_the_gateway_wants_to_be_sent_again_is_released_and_looked_for_once_more_by_the_schedule()
 {
    let mut shop = Shop::open().await;
    refund_refused_as(&shop, "o", "FNOR", "28").await;
    for (seconds, outcome) in [(3_600, "in_doubt"), (60, "not_done"), (3_600, "not_done")] {
        shop.stack.advance_clock(seconds);
        let report = run(&shop).await;
        assert_eq!((&report["due"], &report[outcome]), (&json!(1), &json!(1)), "{seconds}: {report}");
    }
    shop.stack.advance_clock(86_400);
    let report = run(&shop).await;
    assert_eq!((&report["due"], &report["needs_attention"]), (&json!(0), &json!(0)));
    shop.renew_token().await;
    assert_eq!(shop.transactions("o").await[0]["status"], "complete");
    shop.close().await;
}

/// The processor may have done the refund, with any amount in its record.
#[tokio::test]
async fn a_refund_whose_processor_the_gateway_lost_is_not_taken_for_undone() {
    for (timed_out_amounts_in_responses, timed_out_amounts_kept) in
        [(false, false), (false, true), (true, false), (true, true)]
    {
        let mut shop = Shop::open().await;
        let settings =
            Settings { timed_out_amounts_in_responses, timed_out_amounts_kept, ..Settings::default() };
        set_up(&shop, settings);
        for respcode in ["62", "63", "64", "65", "66"] {
            let id = refund_refused_as(&shop, respcode, "PPS", respcode).await;
            for seconds in [3_600, 60, 86_400] {
                shop.stack.advance_clock(seconds);
                shop.renew_token().await;
                let shown = shop.follow_up(respcode, &id, "confirm", json!({"data": {}})).await;
                assert_eq!(shown.status, 202, "{respcode} {seconds} s later: {}", shown.body);
            }
        }
        assert_eq!(shop.ledger("refund").len(), 0);
        shop.close().await;
    }
}

#[tokio::test]
async fn reading_a_transaction_that_has_long_been_in_doubt_sends_an_inquiry() {
    let mut shop = Shop::open().await;
    shop.register("o", 2599).await;
    shop.as_shopper().await;
    fault(&shop, Endpoint::Auth, FaultKind::DropAfter);
    shop.no_inquiry();
    let id = shop.pay_by_token("o", "purchase").await.id();
    shop.stack.simulator().clear_faults();
    let path = format!("/v2/orders/o/transactions/{id}");
    shop.stack.advance_clock(119);
    assert_eq!(shop.get(&path).await.data(200)["status"], "pending");
    shop.stack.advance_clock(1);
    assert_eq!(shop.get(&path).await.data(200)["status"], "complete");
    shop.post(&format!("{path}/confirm"), json!({"data": {"data": {}}})).await.data(200);
    let unknown = "/v2/orders/o/transactions/00000000-0000-4000-8000-000000000000/confirm";
    shop.post(unknown, json!({})).await.error(404, "transaction_not_found");
    shop.close().await;
}

#[tokio::test]
async fn a_payment_that_somebody_voided_at_the_gateway_is_not_captured() {
    let shop = Shop::open().await;
    shop.register("o", 2599).await;
    let paid = shop.pay_by_token("o", "authorize").await;
    let (id, retref) = (paid.id(), paid.body["data"]["reference"].clone());
    let portal = crate::support::client().put(format!("{}/void", shop.stack.simulator().base_url()));
    let portal = portal.basic_auth("testing", Some("testing123"));
    let by_hand = json!({"merchid": cardpointe_simulator::Config::DEFAULT_MID, "retref": retref});
    assert_eq!(portal.json(&by_hand).send().await.unwrap().status(), 200);
    shop.follow_up("o", &id, "capture", json!({})).await.error(422, "voided_elsewhere");
    // The void is recorded, and the order can be paid with another card.
    shop.follow_up("o", &id, "cancel", json!({})).await.error(422, "already_cancelled");
    assert_eq!(shop.order("o").await["payment"], "unpaid");
    shop.pay("o", by_card("purchase", VISA)).await.data(200);
    shop.close().await;
}

#[tokio::test]
async fn what_the_gateway_did_not_do_is_tried_again_as_the_same_operation() {
    let not_done = [
        (FaultKind::TimedOut, 503, "gateway_unavailable"),
        (FaultKind::Status { status: 429 }, 503, "gateway_unavailable"),
        (FaultKind::Status { status: 401 }, 502, "gateway_misconfigured"),
        (FaultKind::Status { status: 404 }, 502, "gateway_misconfigured"),
    ];
    for (kind, status, code) in not_done {
        let shop = Shop::open().await;
        shop.register("o", 2599).await;
        fault(&shop, Endpoint::Auth, kind);
        let answer = shop.pay_by_token("o", "purchase").await;
        let error = answer.error(status, code);
        let id = error["meta"]["transaction_id"].clone();
        assert_eq!(answer.headers.contains_key("retry-after"), status == 503);
        assert!(
            !error["detail"].as_str().unwrap().contains("credentials"),
            "no details of a misconfiguration"
        );
        assert_eq!(shop.transactions("o").await[0]["failure_details"]["code"], "not_processed");
        let paid = shop.pay_by_token("o", "purchase").await;
        assert_eq!(
            (paid.data(200)["id"].clone(), &paid.body["data"]["meta"]["operations"][0]["attempts"]),
            (id, &json!(2))
        );
        assert_eq!(shop.ledger("auth").len(), 1);
        shop.close().await;
    }
}

#[tokio::test]
async fn a_gateway_that_cannot_be_reached_has_done_nothing() {
    // A port that was free a moment ago.
    let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let url = format!("http://{}/cardconnect/rest", listener.local_addr().unwrap());
    drop(listener);
    let shop = Shop::open_with(json!({"gateway": {"base_url": url}})).await;
    shop.register("o", 2599).await;
    let error = shop.pay_by_token("o", "purchase").await;
    assert_eq!(error.error(503, "gateway_unavailable")["meta"]["retryable"], true);
    assert_eq!(shop.order("o").await["meta"]["display_price"]["balance_owing"]["amount"], 2599);
    shop.close().await;
}
