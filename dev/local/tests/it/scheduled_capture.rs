//! Scheduled capture on the whole stack: authorized now, captured later, without another request.

use cardpointe_simulator::{Endpoint, Fault, FaultKind};
use jiff::{SignedDuration, Timestamp};
use local::merchants;
use reqwest::Method;
use serde_json::{Value, json};
use tollgate_core::values::Clock as _;

use crate::shop::{Answer, STORED_CARD, Shop};

const HOUR_S: i64 = 3600;

impl Shop {
    pub(crate) fn after(&self, seconds: i64) -> Timestamp {
        self.stack.clock().now() + SignedDuration::from_secs(seconds)
    }

    async fn try_authorize(&self, order: &str, capture_at: impl serde::Serialize) -> Answer {
        self.register(order, 2599).await;
        let data = json!({"gateway": "card_connect", "method": "authorize", "payment": STORED_CARD,
            "capture_at": capture_at});
        self.pay(order, data).await
    }

    async fn authorize_for(&self, order: &str, capture_at: impl serde::Serialize) -> String {
        let answer = self.try_authorize(order, capture_at).await;
        answer.data(200);
        answer.id()
    }

    pub(crate) async fn patch(&self, order: &str, transaction: &str, data: Value) -> Answer {
        let path = format!("/v2/orders/{order}/transactions/{transaction}");
        self.send(Method::PATCH, &path, &[], json!({ "data": data }).to_string()).await
    }

    pub(crate) async fn run(&self, event: Value) -> Value {
        self.stack.invoke_scheduled_with("scheduled-capture", &event).await.unwrap()
    }

    pub(crate) async fn transaction(&self, order: &str, id: &str) -> Value {
        self.get(&format!("/v2/orders/{order}/transactions/{id}")).await.data(200).clone()
    }

    /// Time passes, and the client gets a new token: one is good for an hour.
    pub(crate) async fn later(&mut self, seconds: i64) {
        self.stack.advance_clock(seconds);
        self.renew_token().await;
    }

    pub(crate) fn captured(&self) -> usize {
        self.ledger("auth").iter().filter(|entry| entry["setlstat"] == "Queued for Capture").count()
    }
}

/// These counts of a report, by name; everything else in it is zero or empty.
pub(crate) fn assert_counts(report: &Value, expected: &Value) {
    for (name, value) in report.as_object().unwrap() {
        if let (Some(count), true) = (value.as_u64(), name != "oldest_due_age_s") {
            assert_eq!(count, expected[name].as_u64().unwrap_or(0), "{name} of {report}");
        }
    }
}

#[tokio::test]
async fn an_authorization_is_captured_at_its_moment_and_once() {
    let mut shop = Shop::open().await;
    let at = shop.after(HOUR_S);
    let id = shop.authorize_for("o", at).await;
    let shown = shop.transaction("o", &id).await;
    assert_eq!(shown["meta"]["capture_at"], at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string());
    assert!(shown["meta"]["authorization_expires_at"].is_string());
    assert_counts(&shop.run(json!({})).await, &json!({}));
    shop.later(HOUR_S + 30).await;
    let report = shop.run(json!({})).await;
    assert_counts(&report, &json!({"due": 1, "captured": 1}));
    assert_eq!((&report["captured_minor"], &report["dry_run"]), (&json!({"USD": 2599}), &json!(false)));
    assert!((30..90).contains(&report["oldest_due_age_s"].as_i64().unwrap()), "{report}");
    assert_counts(&shop.run(json!({})).await, &json!({}));
    let shown = shop.transaction("o", &id).await;
    assert_eq!((&shown["transaction_type"], &shown["meta"]["capture_at"]), (&json!("capture"), &Value::Null));
    assert_eq!(shown["meta"]["operations"][1]["asked_by"], "schedule");
    assert_eq!((shop.captured(), shop.order("o").await["payment"].clone()), (1, json!("paid")));
    shop.close().await;
}

#[tokio::test]
async fn an_order_that_is_paused_is_listed_and_captured_only_when_it_is_resumed() {
    let mut shop = Shop::open().await;
    let at = shop.after(HOUR_S);
    let mut paused = Vec::new();
    for order in ["held-1", "held-2", "held-3", "free"] {
        let id = shop.authorize_for(order, at).await;
        if order != "free" {
            let why = json!({"data": {"actor": "Ann", "reason": "case 4713"}});
            let answer = shop.post(&format!("/v2/orders/{order}/captures/pause"), why).await;
            assert_eq!(answer.data(200)["meta"]["captures_paused"]["actor"], "Ann");
            paused.push(id);
            shop.later(2).await;
        }
    }
    shop.later(HOUR_S + 30).await;
    assert_counts(&shop.run(json!({})).await, &json!({"due": 1, "captured": 1}));
    let mut listed = Vec::new();
    let mut next = "?filter=eq(paused,true)&page[limit]=2".to_owned();
    loop {
        let page = shop.get(&format!("/v2/captures{next}")).await;
        let rows = page.data(200).as_array().unwrap().clone();
        assert!(rows.iter().all(|row| row["meta"]["captures_paused"]["reason"] == "case 4713"));
        listed.extend(rows.iter().map(|row| row["id"].as_str().unwrap().to_owned()));
        match page.body["links"]["next"].as_str() {
            Some(link) => next = link.to_owned(),
            None => break,
        }
    }
    assert_eq!(listed, paused, "the longest paused first");
    shop.post("/v2/orders/held-2/captures/resume", json!({})).await.data(200);
    assert_counts(&shop.run(json!({})).await, &json!({"due": 1, "captured": 1}));
    assert_counts(&shop.run(json!({})).await, &json!({}));
    let left = shop.get("/v2/captures?filter=eq(paused,true)").await;
    assert_eq!(left.data(200).as_array().unwrap().len(), 2);
    shop.close().await;
}

#[tokio::test]
async fn a_capture_that_was_moved_or_cancelled_does_not_happen_at_its_first_moment() {
    let mut shop = Shop::open().await;
    let moved = shop.authorize_for("moved", shop.after(60)).await;
    let cancelled = shop.authorize_for("cancelled", shop.after(60)).await;
    let sooner = shop.authorize_for("sooner", shop.after(24 * HOUR_S)).await;
    let to = shop.after(2 * HOUR_S);
    let answer = shop.patch("moved", &moved, json!({"capture_at": to})).await;
    assert_eq!(answer.data(200)["meta"]["capture_at"], to.strftime("%Y-%m-%dT%H:%M:%SZ").to_string());
    let answer = shop.patch("cancelled", &cancelled, json!({"capture_at": null})).await;
    assert!(answer.data(200)["meta"]["capture_at"].is_null());
    shop.patch("sooner", &sooner, json!({"capture_at": "2001-01-01T00:00:00Z"})).await.data(200);
    shop.later(HOUR_S).await;
    assert_counts(&shop.run(json!({})).await, &json!({"due": 1, "captured": 1}));
    assert_eq!(shop.transaction("sooner", &sooner).await["transaction_type"], "capture");
    shop.later(HOUR_S + 60).await;
    assert_counts(&shop.run(json!({})).await, &json!({"due": 1, "captured": 1}));
    assert_eq!(shop.transaction("cancelled", &cancelled).await["transaction_type"], "authorize");
    shop.close().await;
}

#[tokio::test]
async fn a_part_is_captured_when_its_rule_says_and_the_rest_is_owed_again() {
    let mut shop = Shop::open_with(json!({"capture": {"after": "PT1H"}})).await;
    shop.register("o", 2599).await;
    let data = json!({"gateway": "card_connect", "method": "authorize", "payment": STORED_CARD,
        "capture": {"after": "PT2H"}, "capture_amount": 1000});
    let answer = shop.pay("o", data).await;
    assert_eq!(answer.data(200)["meta"]["capture_amount"], 1000);
    let id = answer.id();
    let less = shop.patch("o", &id, json!({"capture_amount": 900})).await;
    assert_eq!(less.data(200)["meta"]["capture_amount"], 900);
    let more = shop.patch("o", &id, json!({"capture_amount": 2600})).await;
    let error = more.error(422, "exceeds_authorized");
    assert_eq!(
        (&error["source"], &error["meta"]["authorized"]),
        (&json!("data.capture_amount"), &json!(2599))
    );
    shop.later(2 * HOUR_S - 60).await;
    assert_counts(&shop.run(json!({})).await, &json!({}));
    shop.later(90).await;
    for event in [json!({"dry_run": true}), json!({})] {
        let report = shop.run(event).await;
        assert_counts(&report, &json!({"due": 1, "captured": 1}));
        assert_eq!(report["captured_minor"], json!({"USD": 900}));
    }
    let price = shop.order("o").await["meta"]["display_price"].clone();
    let of = |name: &str| price[name]["amount"].as_u64().unwrap();
    assert_eq!((of("authorized"), of("paid"), of("balance_owing")), (0, 900, 1699));
    shop.close().await;
}

#[tokio::test]
async fn the_merchants_default_schedules_the_payments_of_both_faces() {
    let mut shop = Shop::open_with(json!({"capture": {"after": "PT2H"}})).await;
    shop.register("o", 2599).await;
    shop.pay_by_token("o", "authorize").await.data(200);
    shop.register("never", 2599).await;
    let data =
        json!({"gateway": "card_connect", "method": "authorize", "payment": STORED_CARD, "capture_at": null});
    shop.pay("never", data).await.data(200);
    let body = json!({
        "Authentication": {"Id": merchants::REGISTERED, "Key": merchants::REGISTERED_KEY},
        "Request": {
            "TransactionType": "0", "CaptureMethod": "2", "Amount": "20.50", "CurrencyCode": "USD",
            "TransactionReference": "r", "BillingAddress": {"Zip": "19406", "Country": "US"},
            "Card": {"CardNumber": crate::shop::VISA, "ExpiryDate": "12/31", "CVV": "123"},
        },
    });
    let answer = shop.post("/api/v1/payments/creditcard/authorize", body).await;
    assert_eq!(answer.body["Response"]["ResponseCode"], "1", "{}", answer.body);
    shop.later(2 * HOUR_S - 60).await;
    assert_counts(&shop.run(json!({})).await, &json!({}));
    shop.later(90).await;
    let report = shop.run(json!({})).await;
    assert_counts(&report, &json!({"due": 2, "captured": 2}));
    assert_eq!(report["captured_minor"], json!({"USD": 2599 + 2050}));
    shop.close().await;
}

#[tokio::test]
async fn a_dry_run_says_what_would_be_captured_and_captures_nothing() {
    let shop = Shop::open().await;
    shop.authorize_for("a", shop.after(0)).await;
    shop.authorize_for("b", shop.after(0)).await;
    shop.authorize_for("later", shop.after(HOUR_S)).await;
    let report = shop.run(json!({"dry_run": true})).await;
    assert_counts(&report, &json!({"due": 2, "captured": 2}));
    assert_eq!((&report["dry_run"], &report["captured_minor"]), (&json!(true), &json!({"USD": 5198})));
    assert_eq!(shop.captured(), 0);
    assert_counts(&shop.run(json!({"order_id": "b"})).await, &json!({"due": 1, "captured": 1}));
    assert_counts(&shop.run(json!({"merchant_id": "somebody-else"})).await, &json!({}));
    let all: Vec<u16> = (0..16).collect();
    assert_counts(&shop.run(json!({"shards": all})).await, &json!({"due": 1, "captured": 1}));
    // A misspelled member must not capture for real.
    for odd in [json!({"dryrun": true}), json!({"shards": "all"}), json!({"part": {"index": 0}})] {
        assert!(shop.stack.invoke_scheduled_with("scheduled-capture", &odd).await.is_err(), "{odd}");
    }
    shop.close().await;
}

#[tokio::test]
async fn the_shares_of_the_work_capture_everything_between_them_and_nothing_twice() {
    let shop = Shop::open().await;
    for n in 0..12 {
        shop.authorize_for(&format!("o{n}"), shop.after(0)).await;
    }
    let mut captured = 0;
    for index in 0..4 {
        let report = shop.run(json!({"part": {"index": index, "of": 4}})).await;
        captured += report["captured"].as_u64().unwrap();
    }
    assert_eq!((captured, shop.captured()), (12, 12));
    shop.close().await;
}

#[tokio::test]
async fn a_gateway_that_is_away_is_tried_again_later_and_the_payment_captured_once() {
    let mut shop = Shop::open().await;
    let id = shop.authorize_for("o", shop.after(0)).await;
    let fault =
        |kind, times| shop.stack.simulator().fault(Fault { endpoint: Endpoint::Capture, kind, times });
    fault(FaultKind::Status { status: 429 }, 2);
    assert_counts(&shop.run(json!({})).await, &json!({"due": 1, "retried": 1}));
    let shown = shop.transaction("o", &id).await;
    assert_eq!(shown["payment_details"]["detailed_status"], "capture_retrying");
    let failure = &shown["meta"]["capture_failure"];
    assert_eq!((&failure["code"], &failure["attempts"]), (&json!("gateway_unavailable"), &json!(1)));
    assert!(failure["next_attempt_at"].is_string());
    assert_counts(&shop.run(json!({})).await, &json!({}));
    shop.later(61).await;
    assert_counts(&shop.run(json!({})).await, &json!({"due": 1, "retried": 1}));
    shop.later(61).await;
    assert_counts(&shop.run(json!({})).await, &json!({}));
    shop.later(60).await;
    assert_counts(&shop.run(json!({})).await, &json!({"due": 1, "captured": 1}));
    assert_eq!(shop.captured(), 1);
    shop.close().await;
}

#[tokio::test]
async fn a_capture_whose_response_is_lost_is_inquired_about_and_not_sent_again() {
    let mut shop = Shop::open().await;
    let id = shop.authorize_for("o", shop.after(0)).await;
    shop.no_inquiry();
    shop.stack.simulator().fault(Fault::once(Endpoint::Capture, FaultKind::DropAfter));
    assert_counts(&shop.run(json!({})).await, &json!({"due": 1, "in_doubt": 1}));
    shop.stack.simulator().clear_faults();
    shop.later(120).await;
    assert_counts(&shop.run(json!({})).await, &json!({}));
    shop.stack.invoke_scheduled("reconcile").await.unwrap();
    let shown = shop.transaction("o", &id).await;
    assert_eq!((&shown["status"], &shown["transaction_type"]), (&json!("complete"), &json!("capture")));
    assert_eq!(shop.captured(), 1);
    shop.close().await;
}

#[tokio::test]
async fn a_capture_of_what_was_voided_in_the_portal_stops_and_the_order_owes_the_amount_again() {
    let mut shop = Shop::open().await;
    let id = shop.authorize_for("o", shop.after(0)).await;
    // Voided in the gateway's own portal: nothing of it can be captured.
    let retref = shop.transaction("o", &id).await["reference"].as_str().unwrap().to_owned();
    void_at_the_gateway(&shop, &retref).await;
    let report = shop.run(json!({})).await;
    assert_eq!(report["captured"], 0, "{report}");
    shop.later(120).await;
    shop.stack.invoke_scheduled("reconcile").await.unwrap();
    let shown = shop.transaction("o", &id).await;
    assert_eq!(shown["payment_details"]["detailed_status"], "voided_elsewhere", "{shown}");
    assert_eq!(shown["status"], "cancelled");
    assert_eq!(shop.order("o").await["payment"], "unpaid", "the order owes the amount again");
    shop.later(24 * HOUR_S).await;
    assert_counts(&shop.run(json!({})).await, &json!({}));
    shop.close().await;
}

pub(crate) async fn void_at_the_gateway(shop: &Shop, retref: &str) {
    let answer = crate::support::client()
        .put(format!("{}/void", shop.stack.simulator().base_url()))
        .basic_auth("testing", Some("testing123"))
        .header("content-type", "application/json")
        .body(json!({"merchid": "496160873888", "retref": retref}).to_string())
        .send()
        .await
        .unwrap();
    assert_eq!(answer.status(), 200);
}

#[tokio::test]
async fn a_lapsed_authorization_is_flagged_and_voided_only_if_the_merchant_wants_that() {
    for void_lapsed in [false, true] {
        let mut shop = Shop::open_with(json!({"void_lapsed": void_lapsed})).await;
        let id = shop.authorize_for("o", shop.after(7 * 24 * HOUR_S - 30)).await;
        shop.later(6 * 24 * HOUR_S + HOUR_S).await;
        let shown = shop.transaction("o", &id).await;
        assert_eq!(shown["payment_details"]["detailed_status"], "authorization_expiring");
        // Nothing ran for a day.
        shop.later(25 * HOUR_S).await;
        assert_counts(&shop.run(json!({})).await, &json!({"due": 1, "lapsed": 1}));
        assert_counts(&shop.run(json!({})).await, &json!({}));
        let shown = shop.transaction("o", &id).await;
        let (status, detailed) =
            if void_lapsed { ("cancelled", "voided") } else { ("complete", "authorization_expired") };
        assert_eq!(
            (&shown["status"], &shown["payment_details"]["detailed_status"]),
            (&json!(status), &json!(detailed))
        );
        assert_eq!(shop.captured(), 0);
        shop.close().await;
    }
}

#[tokio::test]
async fn a_lapsed_authorization_whose_void_did_nothing_is_voided_by_the_next_run() {
    let mut shop = Shop::open_with(json!({"void_lapsed": true})).await;
    let id = shop.authorize_for("o", shop.after(7 * 24 * HOUR_S - 30)).await;
    shop.later(7 * 24 * HOUR_S + 2 * HOUR_S).await;
    shop.stack.simulator().fault(Fault::once(Endpoint::Void, FaultKind::Status { status: 429 }));
    assert_counts(&shop.run(json!({})).await, &json!({"due": 1, "retried": 1}));
    assert_eq!(shop.transaction("o", &id).await["status"], "complete");
    assert_counts(&shop.run(json!({})).await, &json!({"due": 1, "lapsed": 1}));
    assert_eq!(shop.transaction("o", &id).await["status"], "cancelled");
    assert_counts(&shop.run(json!({})).await, &json!({}));
    shop.close().await;
}

#[tokio::test]
async fn a_payment_that_is_tried_again_is_captured_when_the_last_request_says() {
    let shop = Shop::open().await;
    shop.stack.simulator().fault(Fault::once(Endpoint::Auth, FaultKind::Status { status: 429 }));
    shop.try_authorize("o", shop.after(HOUR_S)).await.error(503, "gateway_unavailable");
    let data = json!({"gateway": "card_connect", "method": "authorize", "payment": STORED_CARD,
        "capture_at": shop.after(0)});
    shop.pay("o", data).await.data(200);
    assert_counts(&shop.run(json!({})).await, &json!({"due": 1, "captured": 1}));
    shop.close().await;
}

#[tokio::test]
async fn a_merchants_pause_holds_its_captures_and_no_others() {
    let shop = Shop::open_with(json!({"captures_paused": true})).await;
    shop.authorize_for("o", shop.after(0)).await;
    assert_counts(&shop.run(json!({})).await, &json!({"held_back": 1}));
    let released = json!({"captures_paused": false});
    change_merchant(&shop, &released);
    shop.stack.cold_start().unwrap();
    assert_counts(&shop.run(json!({})).await, &json!({"due": 1, "captured": 1}));
    shop.close().await;
}

#[tokio::test]
async fn a_merchant_whose_captures_wait_for_it_is_told_once_before_an_authorization_ends() {
    let mut shop = Shop::open_with(json!({"captures_paused": true})).await;
    let id = shop.authorize_for("o", shop.after(0)).await;
    shop.later(6 * 24 * HOUR_S + 60).await;
    assert_counts(&shop.run(json!({"dry_run": true})).await, &json!({"held_back": 1}));
    shop.stack.deliver_stream().await.unwrap();
    let told = |shop: &Shop| {
        let mut events = shop.stack.bus().events();
        events.retain(|event| event["type"] == "transaction.needs_attention");
        events.iter().map(|event| (event["reason"].clone(), event["data"]["id"].clone())).collect::<Vec<_>>()
    };
    assert_eq!(told(&shop), [], "a dry run tells nothing");
    for _ in 0..2 {
        assert_counts(&shop.run(json!({})).await, &json!({"held_back": 1}));
        shop.stack.deliver_stream().await.unwrap();
        assert_eq!(told(&shop), [(json!("authorization_ending"), json!(id))]);
    }
    shop.close().await;
}

#[tokio::test]
async fn a_gateway_that_cannot_be_reached_is_probed_once_a_run_and_everything_stays_due() {
    let mut shop = Shop::open().await;
    for n in 0..3 {
        shop.authorize_for(&format!("o{n}"), shop.after(0)).await;
    }
    let right = json!({"gateway": {"password": "testing123"}});
    change_merchant(&shop, &json!({"gateway": {"password": "wrong"}}));
    shop.stack.cold_start().unwrap();
    let report = shop.run(json!({})).await;
    let counted = |name: &str| report[name].as_u64().unwrap();
    assert_eq!(counted("retried") + counted("held_back"), 3, "{report}");
    assert!(counted("retried") >= 1);
    change_merchant(&shop, &right);
    shop.stack.cold_start().unwrap();
    shop.later(61).await;
    assert_counts(&shop.run(json!({})).await, &json!({"due": 3, "captured": 3}));
    shop.close().await;
}

/// Changes members of the merchant's document.
fn change_merchant(shop: &Shop, changes: &Value) {
    let name = merchants::secret_name(merchants::REGISTERED);
    let mut document = shop.stack.secrets().get(&name).unwrap();
    for (member, value) in changes.as_object().unwrap() {
        match value {
            Value::Object(inner) => {
                inner.iter().for_each(|(name, value)| document[member][name] = value.clone());
            }
            _ => document[member] = value.clone(),
        }
    }
    shop.stack.secrets().put(&name, document);
}
