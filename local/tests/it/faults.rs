//! A gateway that fails: what is known to have done nothing can be tried again, what is unknown is never sent twice.

use cardpointe_simulator::{Endpoint, Fault, FaultKind};
use serde_json::json;

use crate::shop::{Shop, TIMES_OUT, by_card};

fn fault(shop: &Shop, endpoint: Endpoint, kind: FaultKind) {
    shop.stack.simulator().fault(Fault::once(endpoint, kind));
}

#[tokio::test]
async fn a_lost_answer_is_pending_and_a_retry_does_not_charge_twice() {
    let lost =
        [FaultKind::DropAfter, FaultKind::Malformed, FaultKind::Cut, FaultKind::Status { status: 500 }];
    for (n, kind) in lost.into_iter().enumerate() {
        let shop = Shop::open().await;
        shop.register("o", 2599).await;
        fault(&shop, Endpoint::Auth, kind);
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
        shop.stack.advance_clock(31);
        let later = shop.post_with_key(path, "key", body).await;
        assert!(later.is_replay());
        assert_eq!(later.data(202)["status"], "pending");
        assert!(shop.stack.simulator().transactions().len() <= 1, "sent once");
        let order = shop.order("o").await;
        assert_eq!(
            (&order["payment"], &order["meta"]["display_price"]["balance_owing"]["amount"]),
            (&json!("unpaid"), &json!(0))
        );
        shop.close().await;
    }
}

#[tokio::test]
async fn a_follow_up_whose_answer_is_lost_blocks_the_transaction() {
    let shop = Shop::open().await;
    for (what, endpoint) in [("capture", Endpoint::Capture), ("cancel", Endpoint::Void)] {
        shop.register(what, 2599).await;
        let id = shop.pay_by_token(what, "authorize").await.id();
        fault(&shop, endpoint, FaultKind::DropAfter);
        assert_eq!(shop.follow_up(what, &id, what, json!({})).await.data(202)["status"], "pending");
        for other in ["capture", "refund", "cancel"] {
            shop.follow_up(what, &id, other, json!({})).await.error(409, "operation_in_progress");
        }
    }
    shop.register("r", 2599).await;
    let id = shop.pay_by_token("r", "purchase").await.id();
    shop.stack.simulator().settle();
    fault(&shop, Endpoint::Refund, FaultKind::DropAfter);
    shop.follow_up("r", &id, "refund", json!({"amount": 5})).await.data(202);
    shop.follow_up("r", &id, "refund", json!({"amount": 6})).await.error(409, "operation_in_progress");
    assert_eq!(shop.ledger("refund").len(), 1);
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

#[tokio::test]
async fn wrong_gateway_credentials_are_the_operators_business() {
    let shop = Shop::open_with(json!({"gateway": {"password": "wrong"}})).await;
    shop.register("o", 2599).await;
    shop.pay_by_token("o", "purchase").await.error(502, "gateway_misconfigured");
    shop.close().await;
}

#[tokio::test]
async fn a_time_out_card_is_answered_as_not_done() {
    let shop = Shop::open().await;
    shop.register("o", 2599).await;
    shop.pay("o", by_card("purchase", TIMES_OUT)).await.error(503, "gateway_unavailable");
    shop.pay_by_token("o", "purchase").await.data(200);
    shop.close().await;
}

#[tokio::test]
async fn a_dropped_request_is_unknown_too() {
    // The client cannot tell a request that was lost from an answer that was.
    let shop = Shop::open().await;
    shop.register("o", 2599).await;
    fault(&shop, Endpoint::Auth, FaultKind::DropBefore);
    shop.pay_by_token("o", "purchase").await.data(202);
    assert!(shop.stack.simulator().transactions().is_empty());
    shop.close().await;
}
