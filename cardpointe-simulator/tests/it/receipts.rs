//! `receipt`: which responses name the order id, in which spelling, and which have a receipt.

use cardpointe_simulator::{Endpoint, Fault, FaultKind, ResponseCode, Settings, VoidOrderId};
use serde_json::{Value, json};

use crate::harness::{Gateway, POOR_VISA, assert_members, start, start_merchant, text};

const KEYS: [&str; 10] = [
    "address1",
    "address2",
    "dateTime",
    "dba",
    "footer",
    "header",
    "items",
    "nameOnCard",
    "orderNote",
    "phone",
];

/// The order id in either spelling, and whether there is a receipt.
fn named(answer: &Value) -> (Option<&Value>, Option<&Value>, bool) {
    (answer.get("orderId"), answer.get("orderid"), answer.get("receipt").is_some())
}

async fn sold(gateway: &Gateway, order_id: &str, change: Value) -> Value {
    let mut sale = json!({ "orderid": order_id, "receipt": "Y", "name": "Ann Smith" });
    sale.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
    gateway.auth(sale).await
}

#[tokio::test]
async fn each_approval_names_its_order_as_the_reference_spells_it_and_has_a_receipt() {
    let gateway = start().await;
    let order = json!("A-1");
    let sale = sold(&gateway, "A-1", json!({})).await;
    assert_eq!(named(&sale), (Some(&order), None, true), "{sale}");
    let keys: Vec<&String> = sale["receipt"].as_object().unwrap().keys().collect();
    assert_eq!(keys.len(), KEYS.len());
    assert!(KEYS.iter().all(|key| sale["receipt"].get(key).is_some()), "{keys:?}");
    assert_eq!(sale["receipt"]["nameOnCard"], "Ann Smith");

    let retref = text(&sale, "retref");
    let body = json!({ "retref": retref, "receipt": "Y" });
    let captured = gateway.put("capture", body.clone()).await;
    assert_eq!(named(&captured), (None, Some(&order), true), "{captured}");
    gateway.simulator.settle();
    let refunded = gateway.put("refund", json!({ "retref": retref, "receipt": "y", "orderid": "R-1" })).await;
    assert_eq!(named(&refunded), (None, Some(&json!("R-1")), true), "{refunded}");

    let open = text(&sold(&gateway, "A-2", json!({})).await, "retref");
    let voided = gateway.put("void", json!({ "retref": open, "receipt": "Y" })).await;
    assert_eq!(named(&voided), (Some(&json!("A-2")), None, true), "{voided}");
    sold(&gateway, "A-3", json!({})).await;
    let voided = gateway.put("voidByOrderId", json!({ "orderid": "A-3", "receipt": "Y" })).await;
    assert_eq!(named(&voided), (Some(&json!("A-3")), None, true), "{voided}");
}

#[tokio::test]
async fn without_receipt_no_direct_response_names_an_order() {
    let gateway = start().await;
    for receipt in [json!(null), json!("N"), json!("")] {
        let sale = sold(&gateway, "A-1", json!({ "receipt": receipt })).await;
        let retref = text(&sale, "retref");
        let body = json!({ "retref": retref, "receipt": receipt });
        let captured = gateway.put("capture", body.clone()).await;
        gateway.simulator.settle();
        let refunded = gateway.put("refund", body.clone()).await;
        let open = text(&sold(&gateway, "A-2", json!({ "receipt": receipt })).await, "retref");
        let voided = gateway.put("void", json!({ "retref": open, "receipt": receipt })).await;
        let refused = gateway.put("void", json!({ "retref": open, "receipt": receipt })).await;
        for answer in [sale, captured, refunded, voided, refused] {
            assert_eq!(named(&answer), (None, None, false), "{answer}");
        }
    }
}

#[tokio::test]
async fn an_order_without_an_id_has_an_empty_one_with_y_and_none_with_json() {
    let gateway = start().await;
    let sale = gateway.auth(json!({ "receipt": "Y" })).await;
    assert_eq!(sale["orderId"], "");
    let sale = gateway.auth(json!({ "receipt": "json" })).await;
    assert_eq!((named(&sale), sale["receiptObj"].is_object()), ((None, None, false), true), "{sale}");
    let sale = gateway.auth(json!({ "receipt": "json", "orderid": "A-1" })).await;
    assert_eq!(named(&sale), (Some(&json!("A-1")), None, false));
}

#[tokio::test]
async fn inquiries_show_the_receipt_of_an_authorization_that_wanted_one() {
    let gateway = start().await;
    let with = sold(&gateway, "A-1", json!({})).await;
    assert_eq!(gateway.inquire(&text(&with, "retref")).await["receipt"], with["receipt"]);
    assert_eq!(gateway.by_order_id("A-1").await["receipt"], with["receipt"]);
    for (order_id, change) in [("A-2", json!({ "receipt": "N" })), ("A-3", json!({ "account": POOR_VISA }))] {
        sold(&gateway, order_id, change).await;
        let record = gateway.by_order_id(order_id).await;
        assert_eq!(named(&record), (Some(&json!(order_id)), None, false), "{record}");
    }
}

/// One refusal of each kind and operation, with the order id that belongs to it.
async fn refusals(gateway: &Gateway) -> Vec<(String, Value)> {
    let code = |respproc, respcode| ResponseCode::find(respproc, respcode).unwrap();
    let refuse = |endpoint, respproc, respcode, done| {
        let kind = FaultKind::Respond { code: code(respproc, respcode), done };
        gateway.simulator.fault(Fault::once(endpoint, kind));
    };
    let mut all = Vec::new();
    let mut add = |order_id: &str, answer: Value| all.push((order_id.to_owned(), answer));
    add("D-1", sold(gateway, "D-1", json!({ "account": POOR_VISA })).await);
    add("D-2", sold(gateway, "D-2", json!({ "account": "4999006200620062" })).await);
    add("D-3", sold(gateway, "D-3", json!({ "amount": "ten" })).await);
    refuse(Endpoint::Auth, "PPS", "61", true);
    add("D-4", sold(gateway, "D-4", json!({})).await);
    refuse(Endpoint::Auth, "FNOR", "94", true);
    add("D-5", sold(gateway, "D-5", json!({})).await);

    let open = text(&sold(gateway, "D-6", json!({ "capture": "Y" })).await, "retref");
    let body = json!({ "retref": open, "receipt": "Y" });
    let refund = json!({ "retref": open, "receipt": "Y", "orderid": "D-7" });
    for (endpoint, name) in [(Endpoint::Capture, "capture"), (Endpoint::Void, "void")] {
        refuse(endpoint, "PPS", "62", false);
        add("D-6", gateway.put(name, body.clone()).await);
        refuse(endpoint, "FNOR", "91", true);
        add("D-6", gateway.put(name, body.clone()).await);
        add("D-6", gateway.put(name, body.clone()).await);
    }
    add("D-7", gateway.put("refund", refund).await);
    let settled = gateway.settled("2000.00", "D-8").await;
    add("D-8", gateway.put("void", json!({ "retref": settled, "receipt": "Y" })).await);
    for body in [
        json!({ "retref": settled, "receipt": "Y", "orderid": "D-9", "amount": "1051.00" }),
        json!({ "retref": settled, "receipt": "Y", "orderid": "D-9", "amount": "9000.00" }),
    ] {
        add("D-9", gateway.put("refund", body).await);
    }
    refuse(Endpoint::Refund, "PPS", "62", true);
    let body = json!({ "retref": settled, "receipt": "Y", "orderid": "D-9", "amount": "1.00" });
    add("D-9", gateway.put("refund", body).await);
    all
}

#[tokio::test]
async fn refusals_name_their_order_unless_the_account_is_set_otherwise() {
    for in_refusals in [true, false] {
        let settings = Settings { orderid_in_refusals: in_refusals, ..Settings::default() };
        let gateway = start_merchant(settings).await;
        let refusals = refusals(&gateway).await;
        let mut approved = 0;
        for (order_id, answer) in &refusals {
            let (upper, lower, has_receipt) = named(answer);
            let is_approval = answer["respstat"] == "A" && answer["respcode"] != "26";
            approved += usize::from(is_approval);
            assert_eq!(has_receipt, is_approval, "{answer}");
            let expected = (in_refusals || is_approval).then(|| json!(order_id));
            assert_eq!(upper.or(lower), expected.as_ref(), "{answer}");
        }
        assert_eq!((refusals.len(), approved), (16, 1), "a second capture is approved");
    }
}

#[tokio::test]
async fn a_void_names_the_order_by_receipt_or_always_or_never() {
    for (setting, without, with) in [
        (VoidOrderId::Receipt, None, Some("A-1")),
        (VoidOrderId::Always, Some("A-1"), Some("A-1")),
        (VoidOrderId::Never, None, None),
    ] {
        let gateway = start_merchant(Settings { orderid_in_voids: setting, ..Settings::default() }).await;
        for (receipt, expected) in [("N", without), ("Y", with)] {
            let retref = gateway.authorized(json!({ "orderid": "A-1" })).await;
            let answer = gateway.put("void", json!({ "retref": retref, "receipt": receipt })).await;
            assert_members(&answer, json!({ "respstat": "A" }));
            assert_eq!(named(&answer).0, expected.map(|order_id| json!(order_id)).as_ref(), "{setting:?}");
        }
        let sale = sold(&gateway, "A-1", json!({ "receipt": "N" })).await;
        assert_eq!(named(&sale).0, None, "{setting:?}");
    }
}
