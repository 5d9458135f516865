//! The card schemes' words about a decline: the vendor's test rows, and declines of a test's
//! choice.

use cardpointe_simulator::{AdviceMember, Decline, Endpoint, Fault, FaultKind};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::harness::{Gateway, MID, POOR_VISA, RPCT, VISA, assert_members, start, text};

const MASTERCARD_ADVICE: &str = "5442981111111064";
const VISA_ADVICE: &str = "4012000000000081";

const MEMBERS: [&str; 6] = [
    "merchAdviceCode",
    "merchAdviceText",
    "declineCategory",
    "declineCategoryText",
    "assocRespCode",
    "assocRespText",
];

/// One row of the vendor's two tables of merchant advice.
struct Row {
    cents: &'static str,
    respcode: &'static str,
    category: Option<&'static str>,
}

const fn mastercard(cents: &'static str) -> Row {
    Row { cents, respcode: "05", category: None }
}

const fn visa(cents: &'static str, respcode: &'static str, category: &'static str) -> Row {
    Row { cents, respcode, category: Some(category) }
}

/// The advice code is the cents of the amount.
const MASTERCARD_ROWS: [Row; 19] = [
    mastercard("01"),
    mastercard("02"),
    mastercard("03"),
    mastercard("04"),
    mastercard("05"),
    mastercard("06"),
    mastercard("07"),
    mastercard("21"),
    mastercard("22"),
    mastercard("24"),
    mastercard("25"),
    mastercard("26"),
    mastercard("27"),
    mastercard("28"),
    mastercard("29"),
    mastercard("30"),
    mastercard("40"),
    mastercard("41"),
    mastercard("43"),
];

const VISA_ROWS: [Row; 6] = [
    visa("02", "500", "1"),
    visa("03", "05", "2"),
    visa("11", "05", "3"),
    visa("12", "05", "1"),
    visa("13", "05", "2"),
    visa("21", "05", "3"),
];

/// The advice code of a row: for Visa's three letter codes, the cents stand for another one.
fn advice_code(account: &str, row: &Row) -> &'static str {
    match row.cents {
        "11" if account == VISA_ADVICE => "R0",
        "12" if account == VISA_ADVICE => "R1",
        "13" if account == VISA_ADVICE => "R3",
        cents => cents,
    }
}

/// A later payment of a series, on the merchant's initiative.
async fn merchant_pays(gateway: &Gateway, merchid: &str, account: &str, amount: &str) -> Value {
    let sale = json!({
        "merchid": merchid, "account": account, "amount": amount,
        "cof": "M", "cofscheduled": "Y", "ecomind": "R",
    });
    gateway.auth(sale).await
}

#[tokio::test]
async fn each_row_of_merchant_advice_comes_by_the_vendors_recipe() {
    let gateway = start().await;
    for merchid in [MID, RPCT] {
        for (account, rows) in
            [(MASTERCARD_ADVICE, MASTERCARD_ROWS.as_slice()), (VISA_ADVICE, VISA_ROWS.as_slice())]
        {
            let first = json!({ "merchid": merchid, "account": account, "cof": "C", "cofscheduled": "Y" });
            assert_eq!(gateway.auth(first).await["respstat"], "A");
            for row in rows {
                let amount = format!("2999.{}", row.cents);
                let answer = merchant_pays(&gateway, merchid, account, &amount).await;
                let expected = json!({
                    "respcode": row.respcode, "merchAdviceCode": advice_code(account, row),
                });
                assert_members(&answer, expected);
                assert_eq!(answer["declineCategory"].as_str(), row.category, "{answer}");
            }
        }
    }
}

async fn set(gateway: &Gateway, settings: Value) {
    let (status, answer) = gateway.post_control(&format!("/merchants/{MID}"), settings).await;
    assert_eq!(status, StatusCode::OK, "{answer}");
}

#[tokio::test]
async fn advice_comes_without_a_series_where_the_account_says_so() {
    let gateway = start().await;
    for change in [
        json!({ "account": MASTERCARD_ADVICE, "amount": "2999.24" }),
        json!({ "account": MASTERCARD_ADVICE, "amount": "2999.24", "cof": "C", "cofscheduled": "Y" }),
        json!({ "account": MASTERCARD_ADVICE, "amount": "2999.24", "cof": "M", "cofscheduled": "N" }),
    ] {
        set(&gateway, json!({ "advice_needs_series": true })).await;
        assert_eq!(gateway.auth(change.clone()).await["respstat"], "A", "{change}");
        set(&gateway, json!({ "advice_needs_series": false })).await;
        let declined = gateway.auth(change).await;
        assert_members(&declined, json!({ "respcode": "05", "merchAdviceCode": "24" }));
    }
    let visa = gateway.auth(json!({ "account": VISA_ADVICE, "amount": "2999.12" })).await;
    assert_members(&visa, json!({ "merchAdviceCode": "R1", "declineCategory": "1" }));
}

/// The answers to one decline with all six members: the response, both inquiries, the ledger.
async fn shown_everywhere(gateway: &Gateway) -> [Value; 4] {
    let (status, _) = gateway.post_control("/declines", all_members()).await;
    assert_eq!(status, StatusCode::OK);
    let order_id = format!("A-{}", gateway.simulator.record_count());
    let response = gateway.auth(json!({ "orderid": order_id })).await;
    let retref = text(&response, "retref");
    let inquired = gateway.inquire(&retref).await;
    let listed = gateway.by_order_id(&order_id).await;
    let ledger: Value =
        gateway.control(Method::GET, "/transactions").send().await.unwrap().json().await.unwrap();
    let entry = ledger.as_array().unwrap().iter().find(|entry| entry["retref"] == retref).unwrap();
    [response, inquired, listed, entry.clone()]
}

/// Members that contradict each other.
fn contradicting() -> Value {
    json!({
        "merchAdviceCode": "02", "merchAdviceText": "Retry after 3 days", "declineCategory": "3",
        "declineCategoryText": "Fix the request and retry", "assocRespCode": "14",
        "assocRespText": "Invalid account number",
    })
}

fn all_members() -> Value {
    json!({ "members": contradicting() })
}

#[tokio::test]
async fn inquiries_leave_the_schemes_members_out_where_the_account_says_so() {
    let gateway = start().await;
    set(&gateway, json!({ "advice_in_inquiries": false })).await;
    let [response, inquiries @ ..] = shown_everywhere(&gateway).await;
    assert_members(&response, contradicting());
    for record in inquiries {
        assert_members(&record, json!({ "respcode": "05", "setlstat": "Declined" }));
        for member in MEMBERS {
            assert_eq!(record.get(member), None, "{member} in {record}");
        }
    }
}

#[tokio::test]
async fn a_processor_without_the_schemes_members_never_states_them() {
    let gateway = start().await;
    set(&gateway, json!({ "scheme_members": "none" })).await;
    for shown in shown_everywhere(&gateway).await {
        assert_eq!(shown["respcode"], "05");
        for member in MEMBERS {
            assert_eq!(shown.get(member), None, "{member} in {shown}");
        }
    }
    set(&gateway, json!({ "scheme_members": "lower_case" })).await;
    for shown in shown_everywhere(&gateway).await {
        for member in MEMBERS {
            assert_eq!(shown.get(member), None, "{member} in {shown}");
            assert_eq!(shown[member.to_ascii_lowercase()], contradicting()[member], "{shown}");
        }
    }
}

#[tokio::test]
async fn a_refused_refund_states_its_category_as_the_account_says() {
    let gateway = start().await;
    let retref = gateway.authorized(json!({ "amount": "2000.00", "capture": "Y" })).await;
    gateway.simulator.settle();
    let refund = async || gateway.put("refund", json!({ "retref": retref, "amount": "1012.00" })).await;
    assert_members(&refund().await, json!({ "respcode": "12", "declineCategory": "1" }));
    set(&gateway, json!({ "scheme_members": "lower_case" })).await;
    assert_members(&refund().await, json!({ "respcode": "12", "declinecategory": "1" }));
    set(&gateway, json!({ "scheme_members": "none" })).await;
    assert_eq!(refund().await.get("declineCategory"), None);
}

#[tokio::test]
async fn a_chosen_decline_states_its_members_and_no_others_and_is_on_record() {
    let gateway = start().await;
    for shown in shown_everywhere(&gateway).await {
        assert_members(&shown, contradicting());
        assert_members(&shown, json!({ "respproc": "FNOR", "respcode": "05", "respstat": "C" }));
    }
    // Codes outside the vendor's rows, on cards of each brand.
    for (account, members) in [
        ("5454545454545454", json!({ "merchAdviceCode": "42", "assocRespCode": "82" })),
        ("5454545454545454", json!({ "merchAdviceCode": "01", "assocRespCode": "83" })),
        ("5454545454545454", json!({ "merchAdviceCode": "03", "assocRespCode": "79" })),
        (VISA, json!({ "merchAdviceCode": "R1", "declineCategory": "1" })),
        (VISA, json!({ "declineCategory": "4", "declineCategoryText": "", "assocRespCode": "9G" })),
        (VISA, json!({ "assocRespCode": "5C" })),
        ("6011000995500000", json!({ "assocRespCode": "1A" })),
        ("371449635398431", json!({ "assocRespCode": "187", "assocRespText": "Deny - new card issued" })),
    ] {
        gateway.post_control("/declines", json!({ "members": members })).await;
        let response = gateway.auth(json!({ "account": account })).await;
        let inquired = gateway.inquire(&text(&response, "retref")).await;
        for shown in [response, inquired] {
            assert_members(&shown, members.clone());
            for member in MEMBERS {
                assert_eq!(shown.get(member), members.get(member), "{member} in {shown}");
            }
        }
    }
}

#[tokio::test]
async fn a_chosen_decline_has_a_code_of_the_processor_and_waits_for_a_payment_that_fits() {
    let gateway = start().await;
    let rpct = json!({ "respcode": "131", "members": { "declineCategory": "2" }, "times": 2 });
    assert_eq!(gateway.post_control("/declines", rpct.clone()).await, (StatusCode::OK, rpct.clone()));
    assert_eq!(gateway.auth(json!({})).await["respstat"], "A", "FNOR has no 131");
    // The gateway refuses this one itself, so it does not reach the processor.
    let invalid = json!({ "merchid": RPCT, "account": "4111111111111112" });
    assert_eq!(gateway.auth(invalid).await["respcode"], "13");
    for _ in 0..2 {
        let declined = gateway.auth(json!({ "merchid": RPCT })).await;
        assert_members(
            &declined,
            json!({ "respproc": "RPCT", "respcode": "131", "amount": "0.00", "declineCategory": "2" }),
        );
    }
    assert_eq!(gateway.auth(json!({ "merchid": RPCT })).await["respstat"], "A", "both are used up");

    gateway.post_control("/declines", json!({})).await;
    let plain = gateway.auth(json!({ "merchid": RPCT, "account": POOR_VISA })).await;
    assert_members(&plain, json!({ "respproc": "RPCT", "respcode": "05", "resptext": "Do not honor" }));
    assert_eq!(plain.get("declineCategory"), None, "no members of its own");
}

#[tokio::test]
async fn chosen_declines_are_listed_taken_back_and_left_alone_by_records_of_the_tests_making() {
    let gateway = start().await;
    let armed = json!({ "respcode": "05", "members": { "merchAdviceCode": "42" }, "times": 1 });
    let list = async || -> Value {
        gateway.control(Method::GET, "/declines").send().await.unwrap().json().await.unwrap()
    };
    gateway.post_control("/declines", json!({ "members": { "merchAdviceCode": "42" } })).await;
    assert_eq!(list().await, json!([armed]));
    let made = json!({
        "merchid": MID, "retref": "110776233356", "account": VISA, "expiry": "1249", "amount": "5.00",
    });
    assert_eq!(gateway.post_control("/transactions", made).await.0, StatusCode::OK);
    assert_eq!(list().await, json!([armed]));
    gateway.control(Method::DELETE, "/declines").send().await.unwrap();
    assert_eq!(gateway.auth(json!({})).await["respstat"], "A");
    gateway.post_control("/declines", armed).await;
    gateway.post_control("/reset", json!({})).await;
    assert_eq!(list().await, json!([]));
}

#[tokio::test]
async fn the_response_to_a_chosen_decline_can_be_lost_as_well() {
    let gateway = start().await;
    let decline = Decline::with_code("14").unwrap();
    let decline = decline.member(AdviceMember::MerchAdviceCode, "03").times(2);
    gateway.simulator.decline(decline);
    gateway.simulator.fault(Fault::once(Endpoint::Auth, FaultKind::DropAfter));
    let sale = json!({ "account": VISA, "expiry": "1249", "amount": "10.00", "orderid": "A-1" });
    assert!(gateway.send("auth", sale).await.is_err());
    let found = gateway.by_order_id("A-1").await;
    assert_members(&found, json!({ "respcode": "14", "merchAdviceCode": "03", "setlstat": "Declined" }));
    assert_eq!(found.get("declineCategory"), None);
    gateway.simulator.clear_declines();
    assert_eq!(gateway.auth(json!({})).await["respstat"], "A");
    assert_eq!(Decline::with_code("00"), None);
}

#[tokio::test]
async fn a_mistake_in_a_chosen_decline_is_named() {
    let gateway = start().await;
    for (body, name) in [
        (json!({ "members": { "merchAdvice": "42" } }), "merchAdvice:"),
        (json!({ "members": { "merchAdviceCode": 42 } }), "merchAdviceCode:"),
        (json!({ "members": ["merchAdviceCode"] }), "members:"),
        (json!({ "respcode": "00" }), "respcode:"),
        (json!({ "respcode": "9G" }), "respcode:"),
        (json!({ "respcode": 5 }), "respcode:"),
        (json!({ "times": 0 }), "times:"),
        (json!({ "endpoint": "auth" }), "endpoint:"),
    ] {
        let (status, error) = gateway.post_control("/declines", body).await;
        assert_eq!(status, StatusCode::BAD_REQUEST);
        assert!(text(&error, "error").starts_with(name), "{error}");
    }
}
