//! Many at once: one intent, one movement of money.

use serde_json::json;
use tokio::task::JoinSet;

use crate::shop::{Answer, STORED_CARD, Shop};

const MANY: usize = 100;

/// The keys of a hundred requests.
fn keys(of: impl Fn(usize) -> Option<String>) -> Vec<Option<String>> {
    (0..MANY).map(of).collect()
}

/// Sends a purchase of the whole order for each key, all at once.
async fn purchase_at_once(shop: &Shop, order: &str, keys: Vec<Option<String>>) -> Vec<Answer> {
    let url = format!("{}/v2/orders/{order}/payments", shop.stack.url());
    let client = crate::support::client();
    let body = json!({"data": {"gateway": "card_connect", "method": "purchase", "payment": STORED_CARD}});
    let mut running = JoinSet::new();
    for key in keys {
        let mut request = client.post(&url).bearer_auth(shop.current_token()).json(&body);
        if let Some(key) = key {
            request = request.header("idempotency-key", key);
        }
        running.spawn(async move {
            let response = request.send().await.unwrap();
            let (status, headers) = (response.status(), response.headers().clone());
            Answer { status, headers, body: response.json().await.unwrap() }
        });
    }
    running.join_all().await
}

/// Exactly one is paid, here and at the gateway, and every other request was told so.
async fn assert_paid_once(shop: &Shop, order: &str, answers: &[Answer], others: &[&str]) {
    let paid: Vec<_> = answers.iter().filter(|answer| answer.status == 200 && !answer.is_replay()).collect();
    assert_eq!(paid.len(), 1);
    let id = paid[0].id();
    for answer in answers {
        if answer.status == 200 {
            assert_eq!(answer.id(), id);
        } else {
            let code = answer.body["errors"][0]["meta"]["code"].as_str().unwrap();
            assert!(others.contains(&code), "{}", answer.body);
        }
    }
    assert_eq!(shop.ledger("auth").len(), 1);
    assert_eq!(shop.ledger("auth")[0]["amount"], "25.99");
    let complete = shop.transactions(order).await.into_iter().filter(|t| t["status"] == "complete").count();
    assert_eq!(complete, 1);
}

#[tokio::test]
async fn a_hundred_purchases_with_one_key_pay_once() {
    let _storm = crate::support::STORM.lock().await;
    let shop = Shop::open().await;
    shop.register("o", 2599).await;
    let answers = purchase_at_once(&shop, "o", keys(|_| Some("one".to_owned()))).await;
    assert_paid_once(&shop, "o", &answers, &["idempotency_key_in_progress", "contended"]).await;
    shop.close().await;
}

#[tokio::test]
async fn a_hundred_purchases_with_different_keys_pay_once() {
    let _storm = crate::support::STORM.lock().await;
    let shop = Shop::open().await;
    shop.register("o", 2599).await;
    let answers = purchase_at_once(&shop, "o", keys(|n| Some(format!("key-{n}")))).await;
    assert_paid_once(&shop, "o", &answers, &["payment_in_progress", "already_paid", "contended"]).await;
    shop.close().await;
}

#[tokio::test]
async fn a_hundred_purchases_without_a_key_pay_once() {
    let _storm = crate::support::STORM.lock().await;
    let shop = Shop::open().await;
    shop.register("o", 2599).await;
    let answers = purchase_at_once(&shop, "o", keys(|_| None)).await;
    assert_paid_once(&shop, "o", &answers, &["payment_in_progress", "already_paid", "contended"]).await;
    shop.close().await;
}

#[tokio::test]
async fn a_capture_and_a_cancel_at_once_do_not_both_happen() {
    let shop = Shop::share().await;
    for order in 0..10 {
        let order = format!("o{order}");
        shop.register(&order, 2599).await;
        let id = shop.pay_by_token(&order, "authorize").await.id();
        let (captured, cancelled) = tokio::join!(
            shop.follow_up(&order, &id, "capture", json!({})),
            shop.follow_up(&order, &id, "cancel", json!({})),
        );
        let done = [captured.status.as_u16(), cancelled.status.as_u16()];
        let status = shop.transactions(&order).await[0]["status"].clone();
        match done {
            // A cancel that comes after the capture undoes it; a capture never comes after a
            // cancel.
            [200 | 409 | 422, 200] => assert_eq!(status, "cancelled"),
            [200, 409] => assert_eq!(status, "complete"),
            other => panic!("{other:?}"),
        }
    }
    shop.close().await;
}

#[tokio::test]
async fn refunds_at_once_do_not_give_back_more_than_was_paid() {
    let shop = Shop::open().await;
    shop.register("o", 2599).await;
    let id = shop.pay_by_token("o", "purchase").await.id();
    shop.stack.simulator().settle();
    let path = format!("/v2/orders/o/transactions/{id}/refund");
    let refund =
        |n: u32| shop.post_with_key(&path, if n == 0 { "a" } else { "b" }, json!({"data": {"amount": 2000}}));
    let (one, other) = tokio::join!(refund(0), refund(1));
    let done = [one.status.as_u16(), other.status.as_u16()];
    assert_eq!(done.iter().filter(|status| **status == 200).count(), 1, "{done:?}");
    assert_eq!(shop.ledger("refund").len(), 1);
    shop.close().await;
}
