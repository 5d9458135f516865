//! A gateway that fails: a request known to have done nothing can be tried again, one of unknown
//! effect is never sent twice.

use cardpointe_simulator::{Config, Endpoint, Fault, FaultKind, ResponseCode, Settings};
use serde_json::json;

use crate::shop::{Shop, by_token};

fn fault(shop: &Shop, endpoint: Endpoint, kind: FaultKind) {
    shop.stack.simulator().fault(Fault::once(endpoint, kind));
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
        let body = json!({"data": by_token("purchase")});
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
