//! What is not done without a person to an order of which a bank took money back.

use serde_json::{Value, json};

use crate::{
    permissions::reads_a_deposit_with,
    scheduled_capture::assert_counts,
    shop::{STORED_CARD, Shop},
};

const HOUR_S: i64 = 3600;
const CASE: &str = "2026319000018";

/// An order that is paid, and by then has more to pay: the reference of its payment, and the authorization that the schedule is
/// to capture in an hour.
async fn paid_and_authorized(shop: &Shop) -> (Value, String) {
    shop.register("o", 2599).await;
    let paid = shop.pay_by_token("o", "purchase").await;
    let reference = paid.data(200)["reference"].clone();
    shop.put_order("o", json!({"type": "order", "amount": 5_198, "currency": "USD"})).await.data(200);
    let data = json!({"gateway": "card_connect", "method": "authorize", "payment": STORED_CARD,
        "capture_at": shop.after(HOUR_S)});
    let held = shop.pay("o", data).await;
    held.data(200);
    // By this, settlement finds the order of a reference.
    shop.stack.deliver_stream().await.unwrap();
    shop.stack.simulator().settle();
    (reference, held.id())
}

/// Stated, because each day's report has the same deposit here, and a chargeback without a day is one of its report's.
fn day(shop: &Shop) -> String {
    shop.after(0).strftime("%Y%m%d").to_string()
}

/// The settlement reads a deposit with a chargeback of a payment.
async fn charged_back(shop: &Shop, reference: &Value) {
    let chargeback = json!({"fundingchargebackid": "c1", "casenumber": CASE, "retref": reference,
        "amount": "25.99", "reasoncode": "10", "chargebackdate": day(shop)});
    reads_a_deposit_with(shop, "1", json!([chargeback]), json!([])).await;
    // By this, settlement finds the order of a case.
    shop.stack.deliver_stream().await.unwrap();
}

/// The settlement reads a deposit with what came back of that chargeback.
async fn reversed(shop: &Shop, id: &str, amount: &str) {
    let reversal = json!({"fundingadjustmentid": id, "category": "REVERSAL", "amount": amount,
        "casenumber": CASE, "dateadded": day(shop)});
    reads_a_deposit_with(shop, id, json!([]), json!([reversal])).await;
}

/// What needs attention of a payment.
async fn concerns(shop: &Shop, id: &str) -> Vec<String> {
    let listed = shop.get("/v2/attention").await;
    let listed = listed.data(200).as_array().unwrap().clone();
    let rows = listed.iter().filter(|row| row["id"] == id);
    let codes = rows.flat_map(|row| row["meta"]["needs_attention"].as_array().unwrap().clone());
    codes.map(|one| one["code"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn a_capture_of_an_order_with_an_open_chargeback_is_not_sent_before_all_of_it_came_back() {
    let mut shop = Shop::open().await;
    let (reference, id) = paid_and_authorized(&shop).await;
    charged_back(&shop, &reference).await;
    assert!(concerns(&shop, &id).await.is_empty(), "nothing is due");
    shop.later(HOUR_S + 30).await;
    assert_counts(&shop.run(json!({"dry_run": true})).await, &json!({"dry_run": true, "held_back": 1}));
    assert_counts(&shop.run(json!({})).await, &json!({"held_back": 1}));
    assert_eq!(concerns(&shop, &id).await, ["capture_skipped"]);
    let version = shop.order("o").await["meta"]["version"].clone();
    // It is no longer due: no run reads it, and no alarm rings for weeks.
    let report = shop.run(json!({})).await;
    assert_counts(&report, &json!({}));
    assert_eq!(
        (&report["oldest_due_age_s"], &shop.order("o").await["meta"]["version"]),
        (&json!(0), &version)
    );
    reversed(&shop, "2", "10.00").await;
    assert_counts(&shop.run(json!({})).await, &json!({}));
    reversed(&shop, "3", "15.99").await;
    assert_counts(&shop.run(json!({})).await, &json!({"due": 1, "captured": 1}));
    assert_eq!(shop.transaction("o", &id).await["transaction_type"], "capture");
    assert!(concerns(&shop, &id).await.is_empty());
    shop.close().await;
}

#[tokio::test]
async fn a_capture_that_waits_for_a_dispute_is_told_before_its_authorization_ends_and_stays_open_to_a_person()
{
    let mut shop = Shop::open().await;
    let (reference, id) = paid_and_authorized(&shop).await;
    charged_back(&shop, &reference).await;
    shop.later(HOUR_S + 30).await;
    assert_counts(&shop.run(json!({})).await, &json!({"held_back": 1}));
    // To move it is no way around: its next run holds it back anew.
    shop.patch("o", &id, json!({"capture_at": shop.after(0)})).await.data(200);
    assert_counts(&shop.run(json!({})).await, &json!({"held_back": 1}));
    assert_counts(&shop.run(json!({})).await, &json!({}));
    shop.later(6 * 24 * HOUR_S).await;
    assert_counts(&shop.run(json!({})).await, &json!({"held_back": 1}));
    assert_counts(&shop.run(json!({})).await, &json!({}));
    assert_eq!(concerns(&shop, &id).await, ["capture_skipped", "authorization_ending"]);
    shop.follow_up("o", &id, "capture", json!({})).await.data(200);
    assert!(concerns(&shop, &id).await.is_empty());
    shop.close().await;
}

#[tokio::test]
async fn a_capture_of_a_merchant_that_captures_in_spite_of_disputes_does_not_wait() {
    let mut shop = Shop::open_with(json!({"capture_disputed": true})).await;
    let (reference, id) = paid_and_authorized(&shop).await;
    charged_back(&shop, &reference).await;
    shop.later(HOUR_S + 30).await;
    assert_counts(&shop.run(json!({"dry_run": true})).await, &json!({"due": 1, "captured": 1}));
    assert_counts(&shop.run(json!({})).await, &json!({"due": 1, "captured": 1}));
    assert_eq!(shop.transaction("o", &id).await["transaction_type"], "capture");
    shop.close().await;
}
