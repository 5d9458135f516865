//! A payment's page and its receipt.

use serde_json::{Value, json};
use tokio::time::Instant;

use super::{
    HOSTILE, api, assert_says,
    fake::{FakeApi, NO_RESPONSE},
};

pub(super) const PAGE: &str = "/170200126/payments/UM-1/01a2";

pub(super) fn operation(kind: &str, minor: i64, state: &str) -> Value {
    json!({"id": format!("{kind}-{minor}"), "type": kind, "amount": minor, "state": state, "mechanism": "automatic",
        "attempts": 1, "asked_by": "client_credentials",
        "timestamps": {"created_at": "2026-11-23T20:00:03Z", "updated_at": "2026-11-23T20:00:03Z"},
        "gateway": {"respproc": "RPCT", "respcode": "000", "resptext": "Approval", "retref": "327975232415"}})
}

pub(super) fn payment(state: &str, operations: &[Value]) -> Value {
    json!({"data": {"id": "01a2", "reference": "327975232415", "amount": 2599, "currency": "USD", "status": "complete",
        "payment_details": {"detailed_status": "", "card": {"brand": "Visa", "last_four": "1443",
            "expiry_month": 10, "expiry_year": 2039}, "authorization_code": "PPS009", "avs_result": "Z", "cvv_result": "M"},
        "next_actions": [], "relationships": {"order": {"data": {"id": "UM-1"}}},
        "custom_reference": "invoice 1",
        "meta": {"state": state, "created_at": "2026-11-23T20:00:03Z", "display_captured_amount": {"amount": 2599},
            "display_refunded_amount": {"total": {"amount": 0}}, "capturable": {"amount": 0},
            "refundable": {"amount": 0}, "operations": operations}}})
}

/// The page of somebody with a role, of a payment whose money is in a deposit.
async fn page(role: &str, payment: &Value) -> String {
    let api = api(role);
    shown(&api, payment);
    let page = api.get(PAGE).await;
    assert_eq!(page.status, 200, "{}", page.body);
    assert_eq!(
        api.requests(),
        ["GET /v2/me", "GET /v2/orders/UM-1/transactions/01a2", "GET /v2/transactions/01a2/settlement"]
    );
    page.body
}

pub(super) fn shown(api: &FakeApi, payment: &Value) {
    api.says("GET", "/v2/orders/UM-1/transactions/01a2", 200, payment);
    api.says("GET", "/v2/transactions/01a2/settlement", 200, &json!({"data": {"state": "funded",
        "settled_at": "2026-11-23", "funded_at": "2026-11-24", "deposit": "20261124518026", "records": [
            {"operation_id": "purchase-2599", "state": "funded", "settled_at": "2026-11-23", "funded_at": "2026-11-24"}]}}));
}

#[tokio::test]
async fn a_payment_refunded_in_part_says_who_refunded_it_and_what_is_left() {
    let mut refund = operation("refund", 500, "approved");
    refund["request"] = json!({"person": "Ann Archer", "reason": "arrived broken"});
    let mut payment = payment("partly_refunded", &[operation("purchase", 2599, "approved"), refund]);
    payment["data"]["meta"]["display_refunded_amount"]["total"]["amount"] = json!(500);
    payment["data"]["meta"]["refundable"]["amount"] = json!(2099);
    payment["data"]["next_actions"] = json!(["refund"]);
    let html = page("operate", &payment).await;
    assert_says(
        &html,
        &[
            "Refunded in part",
            "$25.99",
            "UM-1 · Visa 1443 · retref 327975232415",
            "Captured, kept $20.99",
            "Refunded −$5.00",
            "Nov 23, 3:00 PM The bank approved $25.99.",
            "Gateway: RPCT 000 Approval · retref 327975232415",
            "Settled Nov 23, in the deposit of Nov 24",
            "Ann Archer refunded $5.00: arrived broken.",
            "Ann Archer had signed in",
            "Address Postal code matches, street not checked (Z)",
            "Security code Matches (M)",
            "Card Visa 1443, expires 10/39",
            "Refund Up to $20.99.",
            "Void Not possible any more: the batch has settled.",
        ],
    );
    assert!(html.contains(r#"<a href="/170200126/deposits/20261124518026">"#));
    assert!(html.contains(r#"<rect class="bar-kept" x="0" width="807" height="12"/>"#), "{html}");
    assert!(html.contains(r#"<rect class="bar-refunded" x="807" width="193" height="12"/>"#));
}

#[tokio::test]
async fn a_payment_in_doubt_says_not_to_repeat_it_and_shows_no_money() {
    let mut purchase = operation("purchase", 2599, "pending");
    purchase["gateway"] = json!({"respproc": null, "respcode": null, "resptext": null, "retref": null});
    let mut payment = payment("not_known_yet", &[purchase]);
    payment["data"]["next_actions"] = json!(["confirm"]);
    let html = page("operate", &payment).await;
    assert_says(
        &html,
        &[
            "Not known yet",
            "We do not know yet whether the bank approved $25.99. Do not repeat it, here or in the gateway's portal. An inquiry is sent every minute.",
            "Refund Not before the outcome is known.",
            "Wait with the goods and look it up in the gateway's portal",
        ],
    );
    assert!(!html.contains("bar-line") && !html.contains("/receipt") && !html.contains("Gateway:"));
}

#[tokio::test]
async fn a_declined_payment_says_why_and_whether_to_try_again() {
    let mut purchase = operation("purchase", 2599, "declined");
    purchase["decline_code"] = json!("insufficient_funds");
    purchase["advice"] = json!("retry_later");
    let mut payment = payment("declined", &[purchase]);
    payment["data"]["failure_details"] = json!({"code": "insufficient_funds"});
    let sentences =
        ["Declined: insufficient funds", "The bank declined: insufficient funds. Trying later can work."];
    assert_says(&page("read", &payment).await, &sentences);
}

#[tokio::test]
async fn a_held_payment_says_when_it_is_captured_and_by_whom_captures_are_paused() {
    let mut payment = payment("held", &[operation("authorize", 2599, "approved")]);
    let meta = &mut payment["data"]["meta"];
    meta["display_captured_amount"]["amount"] = json!(0);
    meta["capturable"]["amount"] = json!(2599);
    meta["capture_at"] = json!("2026-11-27T04:30:00Z");
    meta["authorization_expires_at"] = json!("2026-11-30T16:40:39Z");
    payment["data"]["next_actions"] = json!(["capture", "cancel"]);
    assert_says(
        &page("read", &payment).await,
        &[
            "The bank approved $25.99 and holds it.",
            "Nov 26, 11:30 PM $25.99 will be captured by schedule.",
            "The authorization ends about Nov 30, 11:40 AM.",
            "Still held $25.99",
            "Capture Up to $25.99.",
            "Your role read, which may do none of these. Ask somebody with operate.",
        ],
    );
    payment["data"]["meta"]["captures_paused"] = json!({"person": "Eve Evans", "reason": "stock"});
    payment["data"]["meta"]["capture_failure"] =
        json!({"reason": "The account does not hold the amount.", "next_attempt_at": null});
    assert_says(
        &page("read", &payment).await,
        &[
            "$25.99 was to be captured then. Captures of this order are paused by Eve Evans: stock.",
            "The last attempt failed: The account does not hold the amount. There is no further attempt.",
        ],
    );
}

#[tokio::test]
async fn a_lapsed_payment_says_when_it_ended_and_has_no_receipt() {
    let mut payment = payment("lapsed", &[operation("authorize", 2599, "approved")]);
    payment["data"]["meta"]["display_captured_amount"]["amount"] = json!(0);
    payment["data"]["meta"]["authorization_expires_at"] = json!("2026-11-24T16:40:39Z");
    payment["data"]["next_actions"] = json!(["capture", "cancel"]);
    let html = page("operate", &payment).await;
    assert_says(
        &html,
        &[
            "Nov 24, 11:40 AM The authorization ended about then, and nothing was captured.",
            "Released $25.99",
            "Capture Not possible any more: the authorization has ended.",
            "Refund Not possible: nothing was captured.",
        ],
    );
    assert!(!html.contains("/receipt"));
}

#[tokio::test]
async fn a_disputed_payment_says_what_the_bank_took_and_returned() {
    let mut payment = payment("disputed", &[operation("purchase", 2599, "approved")]);
    payment["data"]["next_actions"] = json!(["refund"]);
    let meta = &mut payment["data"]["meta"];
    meta["refundable"]["amount"] = json!(2599);
    meta["disputed"] = json!({"amount": 2000});
    meta["disputes"] = json!([
        {"type": "chargeback", "case": "2026319", "amount": 2599, "day": "2026-11-24", "reason_code": "10.4", "reason": "Fraud"},
        {"type": "reversal", "case": "2026319", "amount": 599, "day": "2026-11-25"}]);
    assert_says(
        &page("operate", &payment).await,
        &[
            "The cardholder's bank took the money back Answer the case in the processor's portal",
            "Nov 24 The cardholder's bank took back $25.99: Fraud. Case 2026319 · code 10.4",
            "The cardholder's bank returned $5.99.",
            "Captured, kept $5.99",
            "Disputed −$20.00",
            "Up to $25.99, but the bank has taken the money back: it would be lost twice.",
        ],
    );
}

#[tokio::test]
async fn captures_voids_and_recorded_refunds_are_sentences_too() {
    let mut capture = operation("capture", 2599, "approved");
    capture["asked_by"] = json!("schedule");
    let mut recorded = operation("refund", 100, "approved");
    recorded["mechanism"] = json!("manual");
    let mut void = operation("void", 2599, "approved");
    void["reason"] = json!("avs_mismatch");
    let mut refused = operation("refund", 200, "declined");
    refused["decline_code"] = json!("processing_error");
    let mut late = operation("purchase", 2599, "approved");
    late["timestamps"]["updated_at"] = json!("2026-11-23T20:45:00Z");
    late["settlement"] = json!("rejected");
    let lost = operation("refund", 300, "not_done");
    let payment = payment("voided", &[late, capture, recorded, void, refused, lost]);
    assert_says(
        &page("operate", &payment).await,
        &[
            "The bank approved $25.99. Settlement refused it afterwards: no money comes.",
            "The response was lost. An inquiry found the outcome Nov 23, 3:45 PM.",
            "Captured $25.99 by schedule.",
            "Recorded a refund of $1.00. The gateway moved nothing.",
            "Voided $25.99: the address does not match.",
            "The gateway declined the refund of $2.00: processing error.",
            "The gateway did not process the refund of $3.00. No money moved.",
        ],
    );
}

#[tokio::test(start_paused = true)]
async fn a_page_without_the_settlement_is_there_soon_and_says_that_it_cannot_be_read() {
    for status in [503, NO_RESPONSE] {
        let api = api("operate");
        shown(&api, &payment("paid", &[operation("purchase", 2599, "approved")]));
        api.says("GET", "/v2/transactions/01a2/settlement", status, &json!({}));
        let began = Instant::now();
        let page = api.get(PAGE).await;
        assert_says(&page.body, &["Where the money is cannot be read now", "Settlement Not known"]);
        assert_eq!(began.elapsed().as_secs(), 3);
    }
}

#[tokio::test]
async fn what_others_wrote_stays_text() {
    let mut refund = operation("refund", 500, "approved");
    refund["request"] = json!({"actor": HOSTILE, "key_name": HOSTILE, "reason": HOSTILE});
    refund["gateway"]["resptext"] = json!(HOSTILE);
    let mut payment = payment("disputed", &[refund]);
    let data = &mut payment["data"];
    data["relationships"]["order"]["data"]["id"] = json!(HOSTILE);
    data["custom_reference"] = json!(HOSTILE);
    data["payment_details"]["card"]["brand"] = json!(HOSTILE);
    data["payment_details"]["avs_result"] = json!(HOSTILE);
    data["meta"]["memo"] = json!({"name": HOSTILE});
    data["meta"]["disputes"] =
        json!([{"type": "chargeback", "amount": 1, "day": HOSTILE, "case": HOSTILE, "reason": HOSTILE}]);
    let html = page("read", &payment).await;
    assert_says(&html, &["Customer &#60;script&#62;alert(1)&#60;/script&#62;"]);
}

#[tokio::test]
async fn a_receipt_has_what_a_customer_needs_and_says_that_it_is_a_test() {
    let api = api("read");
    let mut payment = payment("partly_refunded", &[]);
    payment["data"]["meta"]["display_refunded_amount"]["total"]["amount"] = json!(500);
    payment["data"]["meta"]["merchant"] = json!({"address": ["12 Harbor St", HOSTILE]});
    api.says("GET", "/v2/transactions/01a2", 200, &payment);
    let html = api.get(&format!("{PAGE}/receipt")).await.body;
    assert_says(
        &html,
        &[
            "Test mode: no real money moved",
            "Umbrella &#38; Sons 12 Harbor St",
            "Date Nov 23, 2026, 3:00 PM EST",
            "Amount $25.99",
            "Refunded −$5.00 After refunds $20.99",
            "Card Visa 1443",
            "Order UM-1",
            "Reference invoice 1",
            "Gateway reference 327975232415",
        ],
    );
    payment["data"]["meta"]["state"] = json!("declined");
    api.says("GET", "/v2/transactions/01a2", 200, &payment);
    let html = api.get(&format!("{PAGE}/receipt")).await.body;
    assert_says(&html, &["There is no receipt: the payment was not approved."]);
    assert_eq!(api.get("/170200126/payments/UM-2/01a2/receipt").await.status, 404);
}

#[tokio::test]
async fn a_refund_that_a_page_advises_against_is_not_its_main_button() {
    for (state, disputed, class) in [("paid", 0, "button primary"), ("disputed", 2599, "button")] {
        let mut payment = payment(state, &[operation("purchase", 2599, "approved")]);
        payment["data"]["next_actions"] = json!(["refund"]);
        payment["data"]["meta"]["refundable"]["amount"] = json!(2599);
        payment["data"]["meta"]["disputed"] = json!({"amount": disputed});
        let html = page("operate", &payment).await;
        let button = format!(r#"<a class="{class}" href="/170200126/payments/UM-1/01a2/refund">Refund</a>"#);
        assert!(html.contains(&button), "{html}");
    }
}
