//! Documented parts of calls that few clients use: checking accounts, voice authorizations, manual
//! batches, members that responses repeat; and the accounts that a test adds.

use cardpointe_simulator::{LinkedMerchid, Settings};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::harness::{Gateway, MID, RPCT, assert_members, start, start_merchant, text};

/// The linked account that runs payments from checking accounts of the public one.
const CHECKS: &str = "542041";

fn check(routing: &str) -> Value {
    json!({ "account": "15378535", "bankaba": routing, "accttype": "ECHK", "expiry": null, "name": "Ann" })
}

#[tokio::test]
async fn a_checking_account_pays_by_its_number_or_token_and_a_linked_account_runs_it() {
    let gateway = start().await;
    let paid = gateway.auth(check("053000196")).await;
    assert_members(
        &paid,
        json!({
            "respstat": "A", "respproc": "PSTR", "respcode": "00", "resptext": "Success", "merchid": CHECKS,
            "amount": "10.00", "token": "9051769384108535", "account": "9051769384108535",
            "avsresp": "U", "cvvresp": "U",
        }),
    );
    assert_eq!(text(&paid, "authcode").len(), 6);
    let again = json!({ "account": paid["token"], "accttype": "ECHK", "expiry": null });
    assert_members(&gateway.auth(again).await, json!({ "respproc": "PSTR", "respstat": "A" }));

    let retref = text(&paid, "retref");
    let record = json!({ "setlstat": "Queued for Capture", "merchid": CHECKS });
    assert_members(&gateway.inquire(&retref).await, record);
    gateway.simulator.settle();
    let refund = gateway.put("refund", json!({ "retref": retref, "amount": "4.00" })).await;
    assert_members(&refund, json!({ "respproc": "PSTR", "respstat": "A", "amount": "4.00" }));
    let rpct = gateway.auth(json!({ "merchid": RPCT, "account": paid["token"], "accttype": "ESAV" })).await;
    assert_members(&rpct, json!({ "respproc": "PSTR", "merchid": CHECKS }));
}

#[tokio::test]
async fn a_checking_account_that_cannot_pay_is_refused_by_the_gateway_or_its_host() {
    let gateway = start().await;
    let short = gateway.auth(check("23433")).await;
    assert_members(
        &short,
        json!({
            "respproc": "PPS", "respcode": "11", "cardproc": "PSTR", "amount": "0.00",
            "account": "9235405400368535", "merchid": CHECKS,
        }),
    );
    let mut voided = check("053000196");
    voided["amount"] = json!("0");
    for (sale, code) in [
        (check("053000197"), "PSTR 99"),
        (check("05300019x"), "PPS 11"),
        (json!({ "account": "1", "bankaba": "053000196" }), "PPS 11"),
        (json!({ "accttype": "ECHK" }), "PPS 11"),
        (json!({ "account": "9051769384108535", "accttype": "ECHK" }), "PPS 98"),
        (voided, "PPS 43"),
    ] {
        let refused = gateway.auth(sale.clone()).await;
        let shown = format!("{} {}", text(&refused, "respproc"), text(&refused, "respcode"));
        assert_eq!((refused["respstat"].as_str(), shown.as_str()), (Some("C"), code), "{sale}");
    }
    let other = start_merchant(Settings { echeck: false, ..Settings::default() }).await;
    assert_members(&other.auth(check("053000196")).await, json!({ "respproc": "PPS", "respcode": "48" }));
    let own = start_merchant(Settings { echeck_merchid: LinkedMerchid::NONE, ..Settings::default() }).await;
    assert_members(&own.auth(check("053000196")).await, json!({ "respstat": "A", "merchid": MID }));
}

#[tokio::test]
async fn a_voice_authorization_keeps_the_issuers_code_asks_no_processor_and_cannot_be_voided() {
    let gateway = start().await;
    // The amount would be declined by the processor.
    let voice = gateway.auth(json!({ "authcode": "046221", "amount": "1051.00" })).await;
    assert_members(
        &voice,
        json!({
            "respstat": "A", "respproc": "PPS", "respcode": "01", "resptext": "VoiceAuth Approved",
            "authcode": "046221", "amount": "1051.00",
        }),
    );
    let retref = text(&voice, "retref");
    let refused = gateway.put("void", json!({ "retref": retref })).await;
    assert_members(&refused, json!({ "respproc": "PPS", "respcode": "70", "respstat": "C" }));
    assert_eq!(gateway.inquire(&retref).await["setlstat"], "Authorized");
    assert_members(&gateway.put("capture", json!({ "retref": retref })).await, json!({ "respstat": "A" }));
}

async fn batch(gateway: &Gateway, path: &str) -> (String, String) {
    let answer = gateway.get(path).await;
    (text(&answer, "respcode"), text(&answer, "batchid"))
}

#[tokio::test]
async fn a_batch_that_a_client_opened_takes_what_names_it_and_is_sent_when_it_is_closed() {
    let gateway = start().await;
    let nothing = ("noBatch".to_owned(), "null".to_owned());
    assert_eq!(batch(&gateway, &format!("/closebatch/{MID}")).await, nothing);
    assert_eq!(batch(&gateway, &format!("/openbatch/{MID}/")).await, nothing, "it needs a name");

    let (opened, first) = batch(&gateway, &format!("/openbatch/{MID}/shop-1")).await;
    assert_eq!(opened, "success");
    let (_, second) = batch(&gateway, &format!("/openbatch/{MID}/shop-2")).await;
    let sale = json!({ "capture": "Y", "batchsource": "shop-1" });
    assert_eq!(gateway.auth(sale.clone()).await["batchid"], first.as_str());
    let other = gateway.auth(json!({ "capture": "Y" })).await;
    let held = gateway.authorized(json!({})).await;
    let capture = json!({ "retref": held, "amount": "4.00", "batchsource": "shop-1" });
    assert_eq!(gateway.put("capture", capture).await["batchid"], first.as_str());

    let by_source = async |source: &str| {
        let body = json!({ "merchid": MID, "batchsource": source });
        let request = gateway.request(Method::POST, "/settlestatByBatchSource").json(&body);
        request.send().await.unwrap().text().await.unwrap()
    };
    assert_eq!(by_source("shop-1").await, "Null batches", "not sent yet");
    assert_eq!(batch(&gateway, &format!("/closebatch/{MID}/")).await, ("success".to_owned(), first.clone()));
    assert_eq!(gateway.inquire(&text(&other, "retref")).await["batchid"], other["batchid"]);
    let sent: Value = serde_json::from_str(&by_source("shop-1").await).unwrap();
    assert_members(
        &sent[0],
        json!({
            "batchsource": "shop-1", "batchid": first, "hoststat": "SB", "chargecnt": 2, "chargetotal": "14.00",
            "refundcnt": 0, "refundtotal": "0.00",
        }),
    );
    assert_eq!(sent[0]["txns"].as_array().unwrap().len(), 2);
    assert_eq!(batch(&gateway, &format!("/closebatch/{MID}/{first}")).await, nothing, "closed already");
    assert_ne!(gateway.auth(sale).await["batchid"], first.as_str(), "closed batches take nothing");
    assert_eq!(batch(&gateway, &format!("/closebatch/{MID}/{second}")).await.0, "success");
    let late = json!({ "capture": "Y", "batchsource": "shop-2" });
    assert_ne!(gateway.auth(late).await["batchid"], second.as_str(), "nor does one that was empty");
    gateway.simulator.settle();
    let settled: Value = serde_json::from_str(&by_source("shop-1").await).unwrap();
    assert_eq!(settled[0]["hoststat"], "GB");
}

#[tokio::test]
async fn responses_repeat_a_signature_and_user_fields_as_the_account_says() {
    let sale = json!({ "signature": "c2lnbmVk", "userfields": [{ "a": "1" }] });
    for (signature, userfields) in [(true, false), (false, true)] {
        let settings = Settings {
            signature_in_responses: signature,
            userfields_in_responses: userfields,
            ..Settings::default()
        };
        let gateway = start_merchant(settings).await;
        let paid = gateway.auth(sale.clone()).await;
        assert_eq!(paid.get("signature"), sale.get("signature").filter(|_| signature));
        assert_eq!(paid.get("userfields"), sale.get("userfields").filter(|_| userfields));
        assert_members(&gateway.inquire(&text(&paid, "retref")).await, sale.clone());
    }
    let long = json!({ "signature": "x".repeat(6145) });
    assert_eq!(start().await.auth(long).await["respcode"], "34");
}

#[tokio::test]
async fn a_card_that_cannot_be_read_is_repeated_but_no_card_number() {
    let gateway = start().await;
    let refused = gateway.auth(json!({ "account": "larry", "expiry": "0925" })).await;
    let members = json!({ "respproc": "PPS", "respcode": "11", "account": "larry", "expiry": "0925" });
    assert_members(&refused, members);
    for (number, hidden) in [
        ("41111111111111111111", "41XXXXXXXXXXXXXX1111"),
        ("4111-1111-1111-1111", "41XXXXXXXXXX1111"),
        ("4111111111111111x", "41XXXXXXXXXX1111"),
    ] {
        let refused = gateway.auth(json!({ "account": number })).await;
        assert_eq!(refused["respcode"], "11");
        assert_eq!(refused["account"], hidden);
        let record = gateway.inquire(&text(&refused, "retref")).await;
        assert_eq!(record["account"], "", "and nothing of it is kept");
    }
    let other = start_merchant(Settings { invalid_card_echoed: false, ..Settings::default() }).await;
    assert_members(&other.auth(json!({ "account": "larry" })).await, json!({ "account": "" }));
}

#[tokio::test]
async fn a_test_adds_merchant_accounts_until_the_next_reset() {
    let gateway = start().await;
    let account = json!({ "merchid": "800000009033", "processor": "RPCT", "currency": "USD" });
    let (status, added) = gateway.post_control("/merchants", account.clone()).await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(added["username"], "testing");
    let sale = json!({ "merchid": "800000009033" });
    assert_members(&gateway.auth(sale.clone()).await, json!({ "respstat": "A", "respproc": "RPCT" }));
    let own = json!({
        "merchid": "OWN1", "processor": "FNOR", "currency": "CAD", "username": "shop", "password": "word",
    });
    gateway.post_control("/merchants", own).await;
    let request = gateway.request(Method::PUT, "/auth").json(&json!({ "merchid": "OWN1" }));
    assert_eq!(request.send().await.unwrap().status(), StatusCode::UNAUTHORIZED, "another's password");
    let list = gateway.control(Method::GET, "/merchants").send().await.unwrap().text().await.unwrap();
    assert!(list.contains("OWN1") && !list.contains("password") && !list.contains("word"), "{list}");

    for (change, word) in [
        (json!({ "merchid": "800000009033" }), "already"),
        (json!({ "merchid": CHECKS }), "already"),
        (json!({ "merchid": "" }), "merchid"),
        (json!({ "processor": "TSYS" }), "processor"),
        (json!({ "currency": "usd" }), "currency"),
        (json!({ "username": "shop" }), "password"),
        (json!({ "currency": 840 }), "currency: a text"),
        (json!({ "site": "fts" }), "site"),
    ] {
        let mut body = account.clone();
        body["merchid"] = json!("A1");
        body.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        let (status, error) = gateway.post_control("/merchants", body).await;
        assert_eq!(status, StatusCode::BAD_REQUEST);
        assert!(error["error"].as_str().unwrap().contains(word), "{error}");
    }
    gateway.post_control("/reset", json!({})).await;
    let request = gateway.request(Method::PUT, "/auth").json(&sale);
    assert_eq!(request.send().await.unwrap().status(), StatusCode::UNAUTHORIZED);
}
