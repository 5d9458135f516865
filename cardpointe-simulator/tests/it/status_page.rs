//! The status page, as a browser without scripts sees it.

use cardpointe_simulator::{AdviceMember, Decline, Endpoint, Fault, FaultKind};
use reqwest::{Method, StatusCode};
use serde_json::json;

use crate::harness::{Gateway, VISA, start};

async fn page(gateway: &Gateway) -> String {
    let response = gateway.control(Method::GET, "/").send().await.unwrap();
    assert_eq!(response.status(), StatusCode::OK);
    assert_eq!(response.headers()["content-type"], "text/html; charset=utf-8");
    response.text().await.unwrap()
}

#[tokio::test]
async fn it_shows_records_armed_faults_and_the_last_requests_without_card_data() {
    let gateway = start().await;
    let sale = json!({ "orderid": "A-<b>1", "cvv2": "987", "name": format!("card {VISA}") });
    let retref = gateway.authorized(sale).await;
    gateway.simulator.fault(Fault::once(Endpoint::Void, FaultKind::DropAfter));
    gateway.simulator.decline(Decline::do_not_honor().member(AdviceMember::MerchAdviceCode, "42"));
    let tokenize =
        gateway.simulator.base_url().replace("/cardconnect/rest", "/cardsecure/api/v1/ccn/tokenize");
    let body = json!({ "account": "4242 4242 4242 4242", "cvv": "987" });
    crate::harness::client().post(tokenize).json(&body).send().await.unwrap();

    let page = page(&gateway).await;
    for expected in [
        &retref,
        "Authorized",
        "FNOR 00 Approval",
        "drop_after",
        "merchAdviceCode",
        "PUT /cardconnect/rest/auth",
        "41XXXXXXXXXX1111",
        "A-&lt;b&gt;1",
        "ccn/tokenize",
    ] {
        assert!(page.contains(expected), "{expected} in {page}");
    }
    for canary in [VISA, "4242 4242", "987", "testing123", "<b>", "<script"] {
        assert!(!page.contains(canary), "{canary} in {page}");
    }
}

#[tokio::test]
async fn it_keeps_the_last_fifty_requests_and_no_control_calls() {
    let gateway = start().await;
    for number in 0..60 {
        gateway.inquire(&format!("{number:012}")).await;
    }
    gateway.control(Method::GET, "/faults").send().await.unwrap();
    let page = page(&gateway).await;
    assert_eq!(page.matches("GET /cardconnect/rest/inquire/").count(), 50);
    assert!(page.contains("000000000059") && !page.contains("000000000009/"), "{page}");
    assert!(!page.contains("_simulator/faults"));
}
