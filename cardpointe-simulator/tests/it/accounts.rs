//! Merchant accounts with letters, with a linked one, and without POST.

use cardpointe_simulator::{LinkedMerchid, Settings};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::harness::{Gateway, MID, VISA, assert_members, start, start_merchant, text};

const LETTERS: &str = "BCX100264539177";
const LINKED: &str = "542041";

#[tokio::test]
async fn a_merchant_account_may_have_letters() {
    let gateway = start().await;
    let sale = json!({ "merchid": LETTERS, "capture": "Y", "orderid": "A-1" });
    let paid = gateway.auth(sale).await;
    assert_members(&paid, json!({ "respstat": "A", "merchid": LETTERS }));
    let record = gateway.get(&format!("/inquireByOrderid/A-1/{LETTERS}/1")).await;
    assert_members(&record, json!({ "merchid": LETTERS, "retref": paid["retref"] }));
    assert_eq!(gateway.by_order_id("A-1").await["respcode"], "29", "another account's");
    gateway.simulator.settle();
    let refund = json!({ "merchid": LETTERS, "retref": paid["retref"] });
    assert_members(&gateway.put("refund", refund).await, json!({ "respstat": "A", "merchid": LETTERS }));
    let shown = gateway.get(&format!("/inquireMerchant/{LETTERS}")).await;
    assert_members(&shown, json!({ "merchid": LETTERS, "enabled": true }));
}

#[tokio::test]
async fn responses_and_records_name_a_linked_account_and_requests_may_name_either() {
    let linked_merchid = LinkedMerchid::new(LINKED).unwrap();
    let gateway = start_merchant(Settings { linked_merchid, ..Settings::default() }).await;
    for merchid in [MID, LINKED] {
        let sale = json!({ "merchid": merchid, "orderid": merchid });
        let paid = gateway.auth(sale.clone()).await;
        let retref = text(&paid, "retref");
        let named = json!({ "merchid": merchid, "retref": retref });
        let captured = gateway.put("capture", named.clone()).await;
        gateway.simulator.settle();
        let refunded = gateway.put("refund", named).await;
        let open = text(&gateway.auth(sale).await, "retref");
        let voided = gateway.put("void", json!({ "merchid": merchid, "retref": open })).await;
        let declined = gateway.auth(json!({ "merchid": merchid, "amount": "1051.00" })).await;
        for answer in [paid, captured, refunded, voided, declined] {
            assert_eq!(answer["merchid"], LINKED, "{answer}");
        }
        for asked in [MID, LINKED] {
            let record = gateway.get(&format!("/inquire/{retref}/{asked}")).await;
            assert_members(&record, json!({ "merchid": LINKED, "retref": retref }));
            let records = gateway.get(&format!("/inquireByOrderid/{merchid}/{asked}/1")).await;
            assert!(records.as_array().unwrap().iter().all(|record| record["merchid"] == LINKED));
        }
    }
    assert!(gateway.simulator.records().iter().all(|record| record.merchid == MID), "what really happened");
}

#[tokio::test]
async fn a_payment_keeps_the_account_that_its_first_response_named() {
    let gateway = start().await;
    let before = gateway.authorized(json!({})).await;
    let (status, settings) =
        gateway.post_control(&format!("/merchants/{MID}"), json!({ "linked_merchid": LINKED })).await;
    assert_eq!((status, &settings["linked_merchid"]), (StatusCode::OK, &json!(LINKED)));
    let after = gateway.authorized(json!({})).await;
    assert_eq!(gateway.inquire(&before).await["merchid"], MID);
    assert_eq!(gateway.inquire(&after).await["merchid"], LINKED);
    let (status, error) =
        gateway.post_control(&format!("/merchants/{MID}"), json!({ "linked_merchid": "../../x" })).await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    assert!(text(&error, "error").starts_with("linked_merchid: up to 16 letters and digits"), "{error}");
}

async fn posted(gateway: &Gateway, endpoint: &str, body: &Value) -> (StatusCode, Value) {
    let request = gateway.request(Method::POST, &format!("/{endpoint}")).json(body);
    let response = request.send().await.unwrap();
    (response.status(), response.json().await.unwrap())
}

#[tokio::test]
async fn every_write_is_taken_as_a_post_unless_the_account_is_set_otherwise() {
    for accepts_post in [true, false] {
        let gateway = start_merchant(Settings { accepts_post, ..Settings::default() }).await;
        let open = gateway.authorized(json!({ "orderid": "A-1" })).await;
        let settled = gateway.settled("10.00", "A-2").await;
        let voided = gateway.authorized(json!({})).await;
        let records = gateway.simulator.records();
        for (endpoint, body) in [
            ("auth", json!({ "merchid": MID, "account": VISA, "expiry": "1249", "amount": "10.00" })),
            ("capture", json!({ "merchid": MID, "retref": open })),
            ("void", json!({ "merchid": MID, "retref": voided })),
            ("voidByOrderId", json!({ "merchid": MID, "orderid": "A-1" })),
            ("refund", json!({ "merchid": MID, "retref": settled })),
            ("profile", json!({ "merchid": MID, "account": VISA, "expiry": "1249" })),
            ("sigcap", json!({ "merchid": MID, "retref": settled, "signature": "H4sI" })),
        ] {
            let (status, answer) = posted(&gateway, endpoint, &body).await;
            if accepts_post {
                assert_eq!(status, StatusCode::OK, "{endpoint}");
                assert!(answer["respstat"] == "A" || endpoint == "sigcap", "{endpoint} {answer}");
            } else {
                assert_eq!(status, StatusCode::METHOD_NOT_ALLOWED, "{endpoint}");
                assert_members(
                    &answer,
                    json!({ "status": 405, "path": format!("/cardconnect/rest/{endpoint}") }),
                );
            }
        }
        assert_eq!(gateway.simulator.records() == records, !accepts_post);
        gateway.authorized(json!({})).await;
        let other = json!({ "merchid": LETTERS, "account": VISA, "expiry": "1249", "amount": "10.00" });
        assert_eq!(posted(&gateway, "auth", &other).await.0, StatusCode::OK, "another account's");
    }
}
