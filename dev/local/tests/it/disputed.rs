//! The operations that need a person, on an order whose money a bank took back.

use aws_sdk_dynamodb::types::AttributeValue;
use cardpointe_simulator::{Config, Endpoint, Fault, FaultKind};
use serde_json::{Value, json};

use crate::{
    permissions::reads_a_deposit_with,
    reconcile::{gateway_totals, run, run_until_decided},
    scheduled_capture::assert_counts,
    shop::{STORED_CARD, Shop, VISA, by_card},
};

const HOUR_S: i64 = 3600;
const CASE: &str = "2026319000018";

/// An order that is paid, and by then has more to pay: the reference of its payment, and the
/// authorization that the schedule is to capture in an hour.
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

/// Stated, because each day's report has the same deposit here, and a chargeback without a day is
/// one of its report's.
fn day(shop: &Shop) -> String {
    shop.after(0).strftime("%Y%m%d").to_string()
}

/// The settlement reads a deposit with a chargeback of a payment.
pub(crate) async fn charged_back(shop: &Shop, reference: &Value) {
    let chargeback = json!({"fundingchargebackid": "c1", "casenumber": CASE, "retref": reference,
        "amount": "25.99", "reasoncode": "10", "chargebackdate": day(shop)});
    reads_a_deposit_with(shop, "1", json!([chargeback]), json!([])).await;
    // By this, settlement finds the order of a case.
    shop.stack.deliver_stream().await.unwrap();
}

/// The settlement reads a deposit with a reversal of that chargeback.
async fn reversed(shop: &Shop, id: &str, amount: &str) {
    let reversal = json!({"fundingadjustmentid": id, "category": "REVERSAL", "amount": amount,
        "casenumber": CASE, "dateadded": day(shop)});
    reads_a_deposit_with(shop, id, json!([]), json!([reversal])).await;
}

/// The reasons why a payment needs attention.
pub(crate) async fn concerns(shop: &Shop, id: &str) -> Vec<String> {
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

/// A payment that was given up, and that the gateway takes after another was made in its place: by
/// another attempt of it, or by another card. Its reference, and the transaction that it is part
/// of.
pub(crate) async fn arrives_late(shop: &Shop, order: &str, by_another_card: bool) -> (Value, String) {
    shop.register(order, 2599).await;
    shop.stack.simulator().fault(Fault::once(Endpoint::Auth, FaultKind::DropBefore));
    let lost = shop.pay_by_token(order, "purchase").await;
    lost.data(202);
    run_until_decided(shop, &[order.to_owned()]).await;
    let order_id = shop.transactions(order).await[0]["meta"]["operations"][0]["gateway_order_id"].clone();
    let paid = if by_another_card {
        shop.pay(order, by_card("purchase", VISA)).await
    } else {
        shop.pay_by_token(order, "purchase").await
    };
    paid.data(200);
    let late = crate::support::client().put(format!("{}/auth", shop.stack.simulator().base_url()));
    let body = json!({
        "merchid": Config::DEFAULT_MID, "profile": "16178397535388255208/1", "amount": "25.99",
        "currency": "USD", "capture": "Y", "orderid": order_id, "userfields": [{ "order_id": order }],
    });
    let answer = late.basic_auth("testing", Some("testing123")).json(&body).send().await.unwrap();
    let answer: Value = answer.json().await.unwrap();
    assert_eq!(answer["respstat"], "A");
    shop.stack.deliver_stream().await.unwrap();
    shop.stack.simulator().settle();
    (answer["retref"].clone(), lost.id())
}

#[tokio::test]
async fn a_payment_that_its_bank_took_back_before_it_was_found_is_not_refunded_as_well() {
    for by_another_card in [false, true] {
        let mut shop = Shop::open().await;
        let (reference, id) = arrives_late(&shop, "o", by_another_card).await;
        charged_back(&shop, &reference).await;
        let unknown = shop.get("/v2/settlement/exceptions?filter=eq(cause,chargeback)").await;
        assert_eq!(unknown.data(200)[0]["retref"], reference, "no order has the payment");
        for _ in 0..3 {
            shop.later(HOUR_S).await;
            // Not every function may read deposits, and none may guess.
            shop.follow_up("o", &id, "confirm", json!({})).await;
            assert_eq!(gateway_totals(&shop), (2 * 2599, 0), "{by_another_card}");
            run(&shop).await;
            shop.stack.advance_clock(300);
            run(&shop).await;
            assert_eq!(gateway_totals(&shop), (2 * 2599, 0), "{by_another_card}");
        }
        let shown = shop.transaction("o", &id).await;
        let status = if by_another_card { "failed" } else { "complete" };
        assert_eq!((&shown["status"], &shown["meta"]["disputes"][0]["case"]), (&json!(status), &json!(CASE)));
        let held_back = "refund_held_back".to_owned();
        let needed = concerns(&shop, &id).await;
        assert!(needed.contains(&"disputed".to_owned()) && needed.contains(&held_back), "{needed:?}");
        // The case is won: what its record wakes, the next run sends.
        shop.stack.deliver_stream().await.unwrap();
        reversed(&shop, "2", "25.99").await;
        run(&shop).await;
        assert_eq!(gateway_totals(&shop), (2 * 2599, 2599), "{by_another_card}");
        assert!(!concerns(&shop, &id).await.contains(&held_back));
        run(&shop).await;
        assert_eq!(gateway_totals(&shop), (2 * 2599, 2599), "once");
        shop.close().await;
    }
}

#[tokio::test]
async fn a_late_payment_whose_chargeback_was_reversed_in_full_is_refunded_as_any_other() {
    let mut shop = Shop::open().await;
    let (reference, id) = arrives_late(&shop, "o", true).await;
    charged_back(&shop, &reference).await;
    reversed(&shop, "2", "25.99").await;
    shop.later(HOUR_S).await;
    run(&shop).await;
    shop.later(HOUR_S).await;
    run(&shop).await;
    assert_eq!(gateway_totals(&shop), (2 * 2599, 2599));
    let shown = shop.transaction("o", &id).await;
    assert_eq!(
        (&shown["status"], shown["meta"]["disputes"].as_array().unwrap().len()),
        (&json!("failed"), 2)
    );
    shop.close().await;
}

/// Puts a deposit of today that cannot be read. Returns its key.
pub(crate) async fn put_unreadable_deposit(shop: &Shop) -> [AttributeValue; 2] {
    let day = tollgate_core::settlement::eastern_day(shop.after(0));
    let key = [format!("deposits#{}", local::merchants::REGISTERED), format!("{day}#unreadable")];
    let [bucket, sort] = key.map(AttributeValue::S);
    let client = local::dynamodb_client(shop.stack.dynamodb_url());
    let put = client.put_item().table_name(local::SETTLEMENT_TABLE_NAME);
    put.item("b", bucket.clone()).item("s", sort.clone()).send().await.unwrap();
    [bucket, sort]
}

#[tokio::test]
async fn a_late_payment_is_not_refunded_as_long_as_the_deposits_cannot_be_read() {
    let mut shop = Shop::open().await;
    let (_, id) = arrives_late(&shop, "o", true).await;
    let [bucket, sort] = put_unreadable_deposit(&shop).await;
    shop.later(HOUR_S).await;
    for _ in 0..3 {
        run(&shop).await;
        assert_eq!(gateway_totals(&shop), (2 * 2599, 0));
        assert_eq!(shop.transaction("o", &id).await["status"], "pending");
        shop.stack.advance_clock(300);
    }
    let client = local::dynamodb_client(shop.stack.dynamodb_url());
    let table = local::SETTLEMENT_TABLE_NAME;
    let delete = client.delete_item().table_name(table).key("b", bucket).key("s", sort);
    delete.send().await.unwrap();
    shop.later(HOUR_S).await;
    run(&shop).await;
    assert_eq!(gateway_totals(&shop), (2 * 2599, 2599));
    assert_eq!(shop.transaction("o", &id).await["status"], "failed");
    shop.close().await;
}
