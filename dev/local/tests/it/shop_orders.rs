//! A shop on Elastic Path pays its orders through Tollgate without registering them, over HTTP.

use std::collections::BTreeMap;

use elastic_path_fake::{Endpoint, Fault, FaultKind, Method, NewOrder, OrderStatus, PaymentWord};
use local::{Options, merchants};
use serde_json::{Value, json};
use tollgate_core::values::Clock as _;

use crate::{
    credit_card_client::{CreditCard, payment, with},
    shop::{Answer, NO_FUNDS, Shop, VISA, by_card, by_card_with},
};

/// A shop of the merchant whose orders are in the fake Elastic Path.
pub(crate) async fn open(patch: Value) -> Shop {
    let merchants = BTreeMap::from([(merchants::ELASTIC_PATH.to_owned(), patch)]);
    let options = Options { elastic_path: true, merchants, ..Options::default() };
    Shop::open_as(options, merchants::ELASTIC_PATH, merchants::ELASTIC_PATH_KEY).await
}

pub(crate) fn place(shop: &Shop, total: u64) -> String {
    shop.stack.elastic_path().unwrap().add_order(NewOrder::of(total))
}

/// The requests that the store has had, without those for tokens.
fn reads(shop: &Shop) -> Vec<String> {
    let sent = shop.stack.elastic_path().unwrap().ledger();
    let reads = sent.iter().filter(|sent| sent.method == "GET").map(|sent| sent.path.clone());
    reads.collect()
}

#[tokio::test]
async fn an_order_of_elastic_path_is_paid_without_registering_it_and_no_more_than_it_owes() {
    let shop = open(json!({})).await;
    let order = place(&shop, 2_599);
    let refused = shop.put_order(&order, json!({"amount": 1, "currency": "USD"})).await;
    refused.error(422, "order_elsewhere");
    shop.pay(&order, by_card_with("purchase", VISA, &json!({"amount": 2_600})))
        .await
        .error(422, "exceeds_owing");
    let body = json!({"data": by_card("purchase", VISA)});
    let path = format!("/v2/orders/{order}/payments");
    let paid = shop.post_with_key(&path, "the-key", body.clone()).await;
    assert_eq!(paid.data(200)["amount"], 2_599);
    assert_eq!(shop.order(&order).await["meta"]["display_price"]["balance_owing"]["amount"], 0);
    // Each payment is one read; a repetition is none, also while the store is down.
    assert_eq!(reads(&shop), vec![format!("/v2/orders/{order}"); 2]);
    let store = shop.stack.elastic_path().unwrap();
    store.fault(Fault { times: 3, ..Fault::once(Endpoint::Any, FaultKind::CutBefore) });
    assert!(shop.post_with_key(&path, "the-key", body).await.is_replay());
    let other = place(&shop, 500);
    let down = shop.pay(&other, by_card("purchase", VISA)).await;
    down.error(503, "elastic_path_unavailable");
    assert_eq!(down.headers["retry-after"], "5");
    assert_eq!(shop.ledger("auth").len(), 1);
    // A payment of the credit-card API is no order of the store.
    let before = store.ledger().len();
    let own = json!({"Id": merchants::ELASTIC_PATH, "Key": merchants::ELASTIC_PATH_KEY});
    let request = with(payment("1", "booking-1"), "/Authentication", Some(own));
    CreditCard::of(&shop).approved("charge", &request).await;
    assert_eq!(shop.stack.elastic_path().unwrap().ledger().len(), before);
    shop.close().await;
}

#[tokio::test]
async fn parts_of_others_and_of_ours_add_up_and_what_is_unrecorded_waits() {
    let shop = open(json!({})).await;
    let order = place(&shop, 10_000);
    let part = |amount: u64| by_card_with("authorize", VISA, &json!({"amount": amount}));
    let lost = Fault::once(Endpoint::Payments, FaultKind::CutBefore);
    shop.stack.elastic_path().unwrap().fault(lost);
    let first = shop.pay(&order, part(4_000)).await.id();
    let waits = shop.pay(&order, by_card("purchase", VISA)).await;
    assert_eq!(waits.error(409, "recording_pending")["meta"]["transaction_id"], json!(first));
    assert_eq!(waits.headers["retry-after"], "60");
    shop.stack.elastic_path().unwrap().pay_elsewhere(&order, 3_000, Method::Purchase);
    shop.pay(&order, part(3_001)).await.error(409, "recording_pending");
    shop.pay(&order, part(3_000)).await.data(200);
    shop.pay(&order, part(3_001)).await.error(422, "exceeds_owing");
    let cancelled = place(&shop, 500);
    shop.stack.elastic_path().unwrap().cancel(&cancelled);
    shop.pay(&cancelled, part(500)).await.error(422, "order_cancelled");
    shop.pay("3b9d3c1e-0000-4000-8000-000000000000", part(500)).await.error(404, "order_not_found");
    let paid = place(&shop, 500);
    shop.stack.elastic_path().unwrap().pay_elsewhere(&paid, 500, Method::Authorize);
    shop.pay(&paid, part(500)).await.error(422, "already_paid");
    let euros = NewOrder { currency: "EUR".to_owned(), ..NewOrder::of(500) };
    let euros = shop.stack.elastic_path().unwrap().add_order(euros);
    shop.pay(&euros, part(500)).await.error(422, "currency_not_supported");
    shop.close().await;
}

/// A token of the merchant from now on: its server's, or a browser's.
pub(crate) async fn use_token_of(shop: &mut Shop, key: Option<&str>) {
    let answer = shop.token(merchants::ELASTIC_PATH, key).await;
    shop.use_token(answer.body["access_token"].as_str().unwrap());
}

/// The words of an order in the store.
fn words_of(shop: &Shop, order: &str) -> (PaymentWord, OrderStatus) {
    let there = shop.stack.elastic_path().unwrap().order(order).unwrap();
    (there.payment, there.status)
}

/// The store as a response shows it.
fn said(answer: &Answer) -> Value {
    answer.body["data"]["meta"]["elastic_path"].clone()
}

#[tokio::test]
async fn a_payment_its_capture_and_its_refund_are_recorded_in_the_store_by_their_own_requests() {
    let shop = open(json!({})).await;
    let order = place(&shop, 2_599);
    let held = shop.pay(&order, by_card("authorize", VISA)).await;
    let id = held.id();
    assert_eq!(words_of(&shop, &order), (PaymentWord::Authorized, OrderStatus::Processing));
    let captured = shop.follow_up(&order, &id, "capture", json!({})).await;
    assert_eq!(words_of(&shop, &order), (PaymentWord::Paid, OrderStatus::Complete));
    shop.stack.simulator().settle();
    let refunded = shop.follow_up(&order, &id, "refund", json!({"amount": 2_599})).await;
    assert_eq!(words_of(&shop, &order).0, PaymentWord::Refunded);
    let there = shop.stack.elastic_path().unwrap().order(&order).unwrap().transactions.remove(0);
    assert_eq!(there.custom_reference, Some(id));
    for (answer, step) in [(&held, "authorize"), (&captured, "capture"), (&refunded, "refund")] {
        let mut expected =
            json!({"state": "told", "recorded": step, "transaction": there.id, "again": false});
        if step == "refund" {
            expected["refunded"] = json!(2_599);
        }
        assert_eq!(said(answer), expected);
    }
    // A void in the place of a refund is one there, too.
    let order = place(&shop, 700);
    let id = shop.pay(&order, by_card("purchase", VISA)).await.id();
    shop.follow_up(&order, &id, "refund", json!({"amount": 700})).await.data(200);
    assert_eq!(words_of(&shop, &order).0, PaymentWord::Refunded);
    shop.close().await;
}

#[tokio::test]
async fn a_capture_of_the_schedule_is_recorded_by_the_next_run_of_the_other_schedule() {
    let shop = open(json!({})).await;
    let order = place(&shop, 2_599);
    let later = json!({"capture_at": shop.after(3_600)});
    shop.pay(&order, by_card_with("authorize", VISA, &later)).await.data(200);
    shop.stack.advance_clock(3_700);
    shop.stack.invoke_scheduled("scheduled-capture").await.unwrap();
    assert_eq!(words_of(&shop, &order).0, PaymentWord::Authorized);
    let report = shop.stack.invoke_scheduled("reconcile").await.unwrap();
    assert_eq!((&report["recorded"], &report["unrecorded"]), (&json!(1), &json!(0)));
    assert_eq!(words_of(&shop, &order), (PaymentWord::Paid, OrderStatus::Complete));
    shop.close().await;
}

#[tokio::test]
async fn a_store_that_is_down_holds_nothing_up_and_hears_of_it_later() {
    let mut shop = open(json!({})).await;
    let order = place(&shop, 2_599);
    let down = Fault { times: 3, ..Fault::once(Endpoint::Payments, FaultKind::TooManyRequests(None)) };
    shop.stack.elastic_path().unwrap().fault(down);
    let paid = shop.pay(&order, by_card("authorize", VISA)).await;
    assert_eq!(said(&paid), json!({"state": "to_tell", "again": false}));
    let id = paid.id();
    let captured = shop.follow_up(&order, &id, "capture", json!({})).await;
    assert_eq!(captured.data(200)["meta"]["state"], "paid");
    assert_eq!(words_of(&shop, &order).0, PaymentWord::Unpaid);
    let mut reports = Vec::new();
    for _ in 0..2 {
        shop.stack.advance_clock(60);
        let report = shop.stack.invoke_scheduled("reconcile").await.unwrap();
        reports.push((report["recorded"].clone(), report["unrecorded"].clone()));
    }
    assert_eq!(reports, [(json!(0), json!(1)), (json!(2), json!(0))]);
    assert_eq!(words_of(&shop, &order).0, PaymentWord::Paid);
    // A refusal needs a person, who has it recorded again.
    shop.stack.elastic_path().unwrap().enable_manual(false);
    let order = place(&shop, 700);
    let fault = FaultKind::TooManyRequests(None);
    shop.stack.elastic_path().unwrap().fault(Fault::once(Endpoint::Payments, fault));
    let id = shop.pay(&order, by_card("purchase", VISA)).await.id();
    shop.stack.advance_clock(60);
    shop.stack.invoke_scheduled("reconcile").await.unwrap();
    let listed = shop.get("/v2/attention").await.data(200)[0].clone();
    assert_eq!(listed["meta"]["needs_attention"][0]["code"], "elastic_path_refused");
    assert_eq!(listed["meta"]["elastic_path"]["state"], "refused");
    shop.stack.elastic_path().unwrap().enable_manual(true);
    let path = format!("/v2/orders/{order}/transactions/{id}/confirm");
    let key = merchants::ELASTIC_PATH_KEY;
    use_token_of(&mut shop, None).await;
    shop.post(&path, json!({})).await;
    assert_eq!(words_of(&shop, &order).0, PaymentWord::Unpaid, "a shopper's is an inquiry only");
    use_token_of(&mut shop, Some(key)).await;
    // The store is looked at before, once it must show what it recorded.
    shop.stack.advance_clock(120);
    let recorded = shop.post(&path, json!({})).await;
    assert_eq!(said(&recorded)["state"], "told");
    assert_eq!(words_of(&shop, &order).0, PaymentWord::Paid);
    assert_eq!(*shop.get("/v2/attention").await.data(200), json!([]));
    shop.close().await;
}

/// The store refuses one payment, cancels the order of another that is held, and the order of a
/// third that was captured by hand.
#[tokio::test]
async fn what_a_store_refuses_or_cancels_is_released_and_what_was_shipped_is_not() {
    let shop = open(json!({})).await;
    let refused = place(&shop, 700);
    shop.stack.elastic_path().unwrap().enable_manual(false);
    let declined = shop.pay(&refused, by_card("purchase", VISA)).await;
    let told = declined.error(400, "declined")["meta"].clone();
    assert_eq!((&told["decline_code"], &told["advice"]), (&json!("order_refused"), &json!("do_not_retry")));
    shop.stack.elastic_path().unwrap().enable_manual(true);
    let path = format!("/v2/orders/{refused}/transactions/{}", told["transaction_id"].as_str().unwrap());
    assert_eq!(shop.get(&path).await.data(200)["payment_details"]["detailed_status"], "order_refused");
    let (held, shipped) = (place(&shop, 2_599), place(&shop, 2_599));
    let payment = shop.pay(&held, by_card("authorize", VISA)).await.id();
    let taken = shop.pay(&shipped, by_card("authorize", VISA)).await.id();
    let capture = format!("/v2/orders/{shipped}/transactions/{taken}/capture");
    shop.post(&capture, json!({"data": {"amount": 600}})).await.error(422, "not_recordable");
    shop.post(&capture, json!({})).await.data(200);
    for order in [&held, &shipped] {
        assert!(shop.stack.elastic_path().unwrap().cancel(order));
    }
    shop.stack.advance_clock(5 * 60);
    let report = shop.stack.invoke_scheduled("reconcile").await.unwrap();
    assert_eq!((&report["cancelled"], &report["unread_shops"]), (&json!(2), &json!(0)));
    let released = shop.get(&format!("/v2/orders/{held}/transactions/{payment}")).await.data(200).clone();
    assert_eq!(
        (&released["status"], &released["meta"]["elastic_path"]["state"]),
        (&json!("cancelled"), &json!("told"))
    );
    let listed = shop.get("/v2/attention").await.data(200).clone();
    let [taken] = listed.as_array().unwrap().as_slice() else { panic!("{listed:#}") };
    assert_eq!(taken["meta"]["elastic_path"]["reason"], "order_cancelled");
    shop.post(&capture.replace("/capture", "/refund"), json!({})).await.data(200);
    assert_eq!(*shop.get("/v2/attention").await.data(200), json!([]), "the money is right");
    shop.stack.advance_clock(5 * 60);
    let report = shop.stack.invoke_scheduled("reconcile").await.unwrap();
    assert_eq!(report["cancelled"], 0, "known since");
    shop.close().await;
}

/// With only the public id of the merchant.
#[tokio::test]
async fn a_stranger_spends_a_share_of_five_reads_a_second_and_the_shops_server_goes_on_paying() {
    let mut shop = open(json!({})).await;
    let order = place(&shop, 2_599);
    use_token_of(&mut shop, None).await;
    // An id that is not there is remembered.
    for _ in 0..8 {
        shop.pay(&format!("{order}x"), by_card("purchase", VISA)).await.error(404, "order_not_found");
    }
    assert_eq!(reads(&shop).len(), 1);
    // Attempts on an order that is there end after five declines, for good: nothing registers it
    // anew.
    for _ in 0..5 {
        shop.stack.advance_clock(10);
        shop.pay(&order, by_card("purchase", NO_FUNDS)).await.error(400, "declined");
    }
    shop.stack.advance_clock(10);
    shop.pay(&order, by_card("purchase", VISA)).await.error(422, "too_many_attempts");
    // Ids that are made up spend the share of a second, and the merchant's server has none.
    let made_up = (0..8).map(|n| format!("{order}-{n}"));
    let mut full = 0;
    for order in made_up {
        let answer = shop.pay(&order, by_card("purchase", VISA)).await;
        if answer.status == 429 {
            answer.error(429, "too_many_reads");
            full += 1;
        }
    }
    assert!(reads(&shop).len() <= 1 + 6 + 2 * 5, "{full} of 8 were refused");
    use_token_of(&mut shop, Some(merchants::ELASTIC_PATH_KEY)).await;
    shop.pay(&order, by_card("purchase", VISA)).await.data(200);
    shop.close().await;
}

/// Pays an order by the store's manual gateway, with the store's public client id alone.
async fn stranger_marks(shop: &Shop, order: &str, reference: &str) {
    let store = shop.stack.elastic_path().unwrap().base_url();
    let client = shop.client();
    let form = "grant_type=implicit&client_id=elastic-path-client";
    let granted = client.post(format!("{store}/oauth/access_token")).body(form).send().await.unwrap();
    let token: Value = granted.json().await.unwrap();
    let url = format!("{store}/v2/orders/{order}/payments");
    let data = json!({"gateway": "manual", "method": "purchase", "paymentmethod_meta": {"custom_reference": reference}});
    let sent =
        client.post(url).bearer_auth(token["access_token"].as_str().unwrap()).json(&json!({"data": data}));
    let answer = sent.send().await.unwrap();
    assert_eq!(answer.status(), 200);
}

/// The movements, totals, month, receipt, payments and events that say what was charged.
async fn charges(shop: &Shop, receipt: &str) -> BTreeMap<String, Value> {
    shop.stack.deliver_stream().await.unwrap();
    shop.stack.invoke_scheduled("totals").await.unwrap();
    let today = &shop.stack.clock().now().to_string()[..10];
    let totals = format!("/v2/reports/totals?from={today}");
    let month = format!("/v2/reports/month?month={}", &today[..7]);
    let mut found = BTreeMap::new();
    for path in ["/v2/entries", &totals, &month, receipt] {
        found.insert(path.to_owned(), shop.get(path).await.data(200).clone());
    }
    let payments = shop.rows("/v2/transactions", &[]).await;
    let sums = |one: &Value| json!([one["id"], one["status"], one["amount"], one["meta"]["state"]]);
    found.insert("payments".to_owned(), payments.iter().map(sums).collect());
    let events = shop.stack.bus().events();
    let words = events.iter().map(|event| event["type"].clone());
    found.insert("events".to_owned(), words.filter(|word| *word != "order.updated").collect());
    found
}

/// Two of the orders have payments here: a decline, and a part whose reference the stranger has
/// copied.
#[tokio::test]
async fn ten_orders_that_a_stranger_marks_as_paid_are_listed_and_nobody_is_charged() {
    let shop = open(json!({})).await;
    let own = place(&shop, 2_599);
    let paid = shop.pay(&own, by_card("purchase", VISA)).await.id();
    let mut orders: Vec<String> = (0..10).map(|_| place(&shop, 2_599)).collect();
    orders.sort();
    shop.pay(&orders[8], by_card("purchase", NO_FUNDS)).await.error(400, "declined");
    let part = shop.pay(&orders[9], by_card_with("purchase", VISA, &json!({"amount": 1_000}))).await.id();
    shop.stack.advance_clock(60);
    let receipt = format!("/v2/orders/{own}/transactions/{paid}/receipt");
    let before = charges(&shop, &receipt).await;
    for order in &orders {
        stranger_marks(&shop, order, &part).await;
    }
    for order in &orders {
        assert_eq!(words_of(&shop, order), (PaymentWord::Paid, OrderStatus::Complete));
    }
    for found in [10, 0] {
        shop.stack.advance_clock(5 * 60);
        let report = shop.stack.invoke_scheduled("reconcile").await.unwrap();
        assert_eq!((&report["foreign"], &report["unread_shops"]), (&json!(found), &json!(0)));
    }
    let answer = shop.get("/v2/attention?filter=eq(needs_attention,elastic_path_foreign_payment)").await;
    let rows = answer.data(200).as_array().unwrap();
    assert_eq!(answer.body["meta"]["count"]["orders"], 10);
    let order_of = |row: &Value| {
        assert_eq!(row["meta"]["needs_attention"][0]["code"], "elastic_path_foreign_payment");
        let id =
            if row["type"] == "order" { &row["id"] } else { &row["relationships"]["order"]["data"]["id"] };
        id.as_str().unwrap().to_owned()
    };
    let mut listed: Vec<String> = rows.iter().map(order_of).collect();
    listed.sort();
    assert_eq!(listed, orders);
    assert_eq!(rows.iter().filter(|row| row["type"] == "order").count(), 8);
    let csv = format!("{}/v2/attention", shop.stack.url());
    let csv = shop.client().get(csv).bearer_auth(shop.current_token()).header("accept", "text/csv");
    let file = csv.send().await.unwrap().text().await.unwrap();
    assert_eq!(file.matches("elastic_path_foreign_payment").count(), 10);
    for (what, found) in charges(&shop, &receipt).await {
        assert_eq!(found, before[&what], "{what}");
    }
    let order = shop.order(&orders[0]).await;
    assert_eq!(
        (&order["payment"], &order["meta"]["foreign_payments"]["count"]),
        (&json!("unpaid"), &json!(1))
    );
    assert_eq!(shop.transactions(&orders[0]).await, Vec::<Value>::new());
    shop.pay(&orders[0], by_card("purchase", VISA)).await.error(422, "already_paid");
    // The merchant's system is told, as of any other change of an order.
    let events = shop.stack.bus().events();
    let is_told = |order: &&String| {
        events.iter().any(|event| {
            event["type"] == "order.updated"
                && event["data"]["id"] == json!(order)
                && event["data"]["meta"]["foreign_payments"]["count"] == 1
        })
    };
    assert_eq!(orders.iter().filter(is_told).count(), 10);
    // A reason that a person has seen leaves the list.
    let seen =
        format!("/v2/orders/{}/transactions/{part}/attention/elastic_path_foreign_payment/seen", orders[9]);
    shop.post(&seen, json!({"data": {"actor": "Ann Lee", "reason": "a bank transfer"}})).await.data(200);
    assert_eq!(shop.get("/v2/attention").await.data(200).as_array().unwrap().len(), 9);
    shop.close().await;
}
