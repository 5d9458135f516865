//! A payment's page and its receipt.

use serde_json::{Value, json};
use tokio::time::Instant;

use super::{
    HOSTILE, api, assert_says,
    bodies::{disputes, me, not, operation, payment, price, refusal, settlement, up_to, with},
    fake::{FakeApi, NO_RESPONSE},
    words_of,
};

pub(super) const PAGE: &str = "/170200126/payments/UM-1/01a209fe-7ea0-47a8-b0f7-b059e208297d";

/// A refund that needs a tick and is not advised.
pub(super) fn disputed(minor: i64) -> Value {
    with(
        up_to(minor),
        &json!({"needs_refund_disputed": true, "advised": false, "advised_against": "disputed"}),
    )
}

fn attention(code: &str, advice: &str) -> Value {
    json!([{"code": code, "since": "2026-11-23T21:00:03Z", "advice": advice}])
}

/// The page of somebody with a role, of a payment whose money is in a deposit.
async fn page(role: &str, payment: &Value) -> String {
    let api = api(role);
    shown(&api, payment);
    let page = api.get(PAGE).await;
    assert_eq!(page.status, 200, "{}", page.body);
    assert_eq!(
        api.requests(),
        [
            "GET /v2/me",
            "GET /v2/orders/UM-1/transactions/01a209fe-7ea0-47a8-b0f7-b059e208297d",
            "GET /v2/transactions/01a209fe-7ea0-47a8-b0f7-b059e208297d/settlement"
        ]
    );
    page.body
}

pub(super) fn shown(api: &FakeApi, payment: &Value) {
    api.says("GET", "/v2/orders/UM-1/transactions/01a209fe-7ea0-47a8-b0f7-b059e208297d", 200, payment);
    api.says("GET", "/v2/transactions/01a209fe-7ea0-47a8-b0f7-b059e208297d/settlement", 200, &settlement());
}

#[tokio::test]
async fn a_payment_refunded_in_part_says_who_refunded_it_and_what_is_left() {
    let mut refund = operation("refund", 500, "approved");
    refund["request"] = json!({"person": "Ann Archer", "reason": "arrived broken"});
    refund["gateway"]["retref"] = json!("327975232499");
    let mut payment = payment("partly_refunded", &[operation("purchase", 2599, "approved"), refund]);
    let meta = &mut payment["data"]["meta"];
    meta["money"]["kept"] = price(2099);
    meta["money"]["refunded"] = price(500);
    meta["possible"]["refund"] = up_to(2099);
    meta["possible"]["cancel"] = not("partly_refunded");
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
            "The bank approved $25.99. From the shop's server Settled Nov 23",
            "Settled Nov 23, in the deposit of Nov 24",
            "Ann Archer refunded $5.00: arrived broken. retref 327975232499 Signed in as Ann Archer",
            "Address Postal code matches, street not checked (Z)",
            "Security code Matches (M)",
            "Card Number Visa 1443, expires 10/39",
            "Capture Not possible: the payment was taken at once. Refund Up to $20.99. Void Not possible: a part was refunded.",
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
    let meta = payment["data"]["meta"].as_object_mut().unwrap();
    meta.remove("money");
    meta["receipt"] = json!({"available": false, "why": "not_known_yet"});
    meta["needs_attention"] = attention("in_doubt", "Wait with the goods.");
    for action in ["capture", "refund", "cancel"] {
        meta["possible"][action] = not("operation_in_progress");
    }
    let html = page("operate", &payment).await;
    assert_says(
        &html,
        &[
            "Not known yet",
            "The outcome is not known yet Wait with the goods.",
            "We do not know yet whether the bank approved $25.99. Do not repeat it, here or in the gateway's portal. An inquiry is sent every minute.",
            "Refund Not before the outcome of the last operation is known.",
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
    payment["data"]["failure_details"] = json!({"code": "insufficient_funds", "reason": ""});
    let sentences = [
        "Declined: insufficient funds",
        "What to tell the customer The card's account did not have the amount available. \
         Please use another card, or try again another day. \
         What you may do Offer another card now; this one may work another day.",
        "The bank declined: insufficient funds. Trying later can work. Gateway: RPCT 000 Approval · retref 327975232415",
    ];
    assert_says(&page("read", &payment).await, &sentences);
    // The card scheme's advice, and a card whose holder must not know why.
    payment["data"]["meta"]["operations"][0]["advice"] = json!("do_not_retry");
    let sentences = ["available. Please use another card. What you may do Do not try this card again."];
    assert_says(&page("read", &payment).await, &sentences);
    payment["data"]["failure_details"]["code"] = json!("lost_or_stolen");
    let sentences =
        ["The payment was not approved. Please use another card.", "Do not tell the customer why."];
    assert_says(&page("read", &payment).await, &sentences);
    payment["data"]["failure_details"]["code"] = json!("a_code_of_tomorrow");
    assert!(!page("read", &payment).await.contains("What to tell the customer"));
}

#[tokio::test]
async fn a_declined_payment_shows_what_the_card_scheme_said() {
    let mut purchase = operation("purchase", 2599, "declined");
    purchase["gateway"] =
        json!({"respproc": "RPCT", "respcode": "503", "resptext": "Declined", "retref": null});
    purchase["decline_code"] = json!("do_not_honor");
    purchase["advice"] = json!("do_not_retry");
    purchase["scheme"] = json!({"advice_code": "03", "advice_text": "Account closed", "response_code": "14",
        "response_text": null, "category": "1"});
    let mut payment = payment("declined", &[purchase]);
    payment["data"]["failure_details"] = json!({"code": "do_not_honor", "reason": ""});
    let never_again = "Do not try this card again.";
    let no_series = "Do not charge this card on your own again until the customer agrees anew.";
    for (scope, advice, to_do) in [
        (json!("card"), never_again, "Do not try this card again. Offer another card."),
        (json!("series"), no_series, no_series),
        (
            json!("payment"),
            "Do not try this payment again.",
            "Do not try this payment again. Ask the customer how they want to pay.",
        ),
        (json!("a_scope_of_tomorrow"), never_again, "Do not try this card again. Offer another card."),
    ] {
        payment["data"]["meta"]["operations"][0]["scope"] = scope;
        let sentences = [
            format!("What you may do {to_do} "),
            format!(
                "The bank declined: no reason given. {advice} Gateway: RPCT 503 Declined \
                 Card scheme: advice 03 Account closed · response 14 · category 1 From the shop's server"
            ),
        ];
        let html = page("read", &payment).await;
        assert_says(&html, &sentences.each_ref().map(String::as_str));
    }
    // A scheme's code without the others.
    payment["data"]["meta"]["operations"][0]["scheme"] = json!({"advice_code": null, "advice_text": null, "response_code": null, "response_text": null, "category": "4"});
    assert_says(&page("read", &payment).await, &["Declined Card scheme: category 4 From the shop's server"]);
}

#[tokio::test]
async fn a_payment_that_may_be_tried_later_says_from_when_on_by_the_merchants_clocks() {
    let mut purchase = operation("purchase", 2599, "declined");
    purchase["decline_code"] = json!("insufficient_funds");
    purchase["advice"] = json!("retry_later");
    purchase["retry_at"] = json!("2026-11-30T19:05:00Z");
    let html = page("read", &payment("declined", &[purchase])).await;
    let sentence = "The bank declined: insufficient funds. Trying later can work, but not before \
        Nov 30, 2:05 PM. Gateway: RPCT 000";
    assert_says(&html, &[sentence]);
    assert!(!html.contains("Card scheme:"), "{html}");
}

#[tokio::test]
async fn a_payment_whose_refund_was_declined_has_no_text_for_the_customer() {
    let mut refund = operation("refund", 500, "declined");
    refund["decline_code"] = json!("insufficient_funds");
    let payment = payment("paid", &[operation("purchase", 2599, "approved"), refund]);
    let html = page("read", &payment).await;
    assert_says(&html, &["The bank declined the refund of $5.00"]);
    assert!(!html.contains("What to tell the customer"));
}

#[tokio::test]
async fn a_held_payment_says_when_it_is_captured_and_by_whom_captures_are_paused() {
    let mut payment = payment("held", &[operation("authorize", 2599, "approved")]);
    let meta = &mut payment["data"]["meta"];
    meta["display_captured_amount"]["amount"] = json!(0);
    meta["capturable"]["amount"] = json!(2599);
    meta["money"]["kept"] = price(0);
    meta["money"]["held"] = price(2599);
    meta["possible"]["capture"] = with(up_to(2599), &json!({"possible": false, "why": "forbidden"}));
    meta["capture_at"] = json!("2026-11-27T04:30:00Z");
    meta["authorization_expires_at"] = json!("2026-11-30T16:40:39Z");
    let html = page("read", &payment).await;
    assert!(!html.contains("/capture"), "{html}");
    assert_says(
        &html,
        &[
            "The bank approved $25.99 and holds it.",
            "Nov 26, 11:30 PM $25.99 will be captured by schedule.",
            "The authorization ends about Nov 30, 11:40 AM.",
            "Still held $25.99",
            "Capture Up to $25.99. Your role does not allow it. Ask somebody with the role operate.",
        ],
    );
    payment["data"]["meta"]["captures_paused"] =
        json!({"person": "Eve Evans", "reason": "stock", "at": "2026-11-25T12:00:00Z"});
    payment["data"]["meta"]["capture_failure"] = json!({"code": "insufficient_funds", "reason": "The account does not hold the amount.",
            "at": "2026-11-26T12:00:00Z", "attempts": 1, "next_attempt_at": null});
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
    let meta = &mut payment["data"]["meta"];
    meta["display_captured_amount"]["amount"] = json!(0);
    meta["money"]["kept"] = price(0);
    meta["money"]["released"] = price(2599);
    meta["authorization_expires_at"] = json!("2026-11-24T16:40:39Z");
    meta["receipt"] = json!({"available": false, "why": "lapsed"});
    meta["possible"]["capture"] =
        with(up_to(2599), &json!({"advised": false, "advised_against": "authorization_lapsed"}));
    meta["possible"]["refund"] = not("not_captured");
    let html = page("operate", &payment).await;
    assert_says(
        &html,
        &[
            "Nov 24, 11:40 AM The authorization ended about then, and nothing was captured.",
            "Released $25.99",
            "Capture Up to $25.99. The authorization has ended: the bank may refuse it.",
            "Refund Not possible: nothing was captured.",
        ],
    );
    assert!(!html.contains("/receipt"));
}

#[tokio::test]
async fn a_disputed_payment_says_what_the_bank_took_and_returned() {
    let mut payment = payment("disputed", &[operation("purchase", 2599, "approved")]);
    let meta = &mut payment["data"]["meta"];
    meta["money"]["kept"] = price(599);
    meta["money"]["disputed"] = price(2000);
    meta["needs_attention"] = attention("disputed", "Answer the case in the processor's portal.");
    meta["possible"]["refund"] = disputed(2599);
    meta["disputes"] = disputes(&json!([
        {"type": "chargeback", "case": "2026319", "amount": 2599, "day": "2026-11-24", "reason_code": "10.4", "reason": "Fraud"},
        {"type": "reversal", "case": "2026319", "amount": 599, "day": "2026-11-25"}]));
    assert_says(
        &page("operate", &payment).await,
        &[
            "The cardholder's bank took the money back Answer the case in the processor's portal",
            "Nov 24 The cardholder's bank took back $25.99: Fraud. Case 2026319 · code 10.4",
            "The cardholder's bank returned $5.99.",
            "Captured, kept $5.99",
            "Disputed −$20.00",
            "Refund Up to $25.99. The bank has taken the money back: it would be lost twice.",
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
        api.says(
            "GET",
            "/v2/transactions/01a209fe-7ea0-47a8-b0f7-b059e208297d/settlement",
            status,
            &json!({}),
        );
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
    data["meta"]["memo"] = json!({"reference": "1", "name": HOSTILE});
    data["meta"]["disputes"] = disputes(&json!([{"amount": 1, "case": HOSTILE, "reason": HOSTILE}]));
    let html = page("read", &payment).await;
    assert_says(&html, &["Customer &#60;script&#62;alert(1)&#60;/script&#62;"]);
}
#[tokio::test]
async fn a_payment_leads_to_others_like_it_and_to_those_of_a_customer_only_where_they_are_found() {
    let mut declined = payment("declined", &[]);
    declined["data"]["failure_details"] = json!({"code": "expired_card", "reason": "Expired card"});
    declined["data"]["meta"]["memo"] = json!({"reference": "1", "email": "ann@shop.example"});
    let html = page("read", &declined).await;
    for link in
        ["q=Visa+1443\">Visa 1443", "q=order+UM-1\">Same order", "decline_code=expired_card\">Expired card"]
    {
        assert!(html.contains(link), "{link} in {html}");
    }
    assert!(html.contains("name=\"q\" value=\"ann@shop.example\""), "{html}");
    let api = api("read");
    let off = json!({"data": {"merchant": {"search": {"customers": false}}}});
    api.says("GET", "/v2/me", 200, &with(me("read"), &off));
    shown(&api, &declined);
    assert!(!api.get(PAGE).await.body.contains("Same customer"));
}

const RECEIPT: &str = "/v2/orders/UM-1/transactions/01a209fe-7ea0-47a8-b0f7-b059e208297d/receipt";

#[tokio::test]
async fn a_receipt_has_what_a_customer_needs_and_says_that_it_is_a_test() {
    let api = api("read");
    let mut receipt = json!({"type": "receipt", "order": "UM-1", "transaction": "01a209fe-7ea0-47a8-b0f7-b059e208297d", "status": "complete", "state": "partly_refunded",
        "approved_at": "2026-11-23T20:00:03Z", "merchant": {"name": null, "address": ["12 Harbor St", HOSTILE]},
        "currency": "USD", "amount": price(2599), "fee": null, "total": price(2599), "discount": null,
        "captured": price(2599), "refunded": price(500), "after_refunds": price(1300), "disputed": price(-100),
        "card": {"brand": "Visa", "last_four": "1443"}, "approval_code": "PPS009", "reference": "327975232415",
        "custom_reference": "invoice 1"});
    api.says("GET", RECEIPT, 200, &json!({"data": receipt}));
    let html = api.get(&format!("{PAGE}/receipt")).await.body;
    assert_says(
        &html,
        &[
            "Test mode: no real money moved",
            "Umbrella &#38; Sons 12 Harbor St",
            "Receipt for $25.99 Date Nov 23, 2026, 3:00 PM EST Amount $25.99 Charged $25.99",
            // The sum is the API's, even where it is another one.
            "Refunded −$5.00 After refunds $13.00 Disputed $1.00 Card Visa 1443",
            "Order UM-1 Reference invoice 1 Approval code PPS009 Gateway reference 327975232415",
        ],
    );
    assert_eq!(api.requests(), ["GET /v2/me".to_owned(), format!("GET {RECEIPT}")]);
    receipt["fee"] = json!({"kind": "surcharge", "amount": 78, "captured_amount": 78, "refunded_amount": 15});
    receipt["total"] = price(2677);
    receipt["discount"] = json!({"code": "SPRING", "product": null, "amount": price(400)});
    api.says("GET", RECEIPT, 200, &json!({"data": receipt}));
    let html = api.get(&format!("{PAGE}/receipt")).await.body;
    let with_fee = "Surcharge $0.78 Total $26.77 Discount SPRING, $4.00 Charged $25.99, and $0.78 surcharge \
                    Refunded −$5.00, and −$0.15 surcharge";
    assert_says(&html, &[with_fee]);
}

#[tokio::test]
async fn a_payment_without_a_receipt_says_why_in_the_words_of_the_api() {
    let api = api("read");
    let sentence = "There is none: it rained.";
    api.says("GET", RECEIPT, 404, &refusal("no_receipt", sentence));
    let page = api.get(&format!("{PAGE}/receipt")).await;
    assert_eq!(page.status, 404);
    assert_says(&page.body, &["Umbrella &#38; Sons There is none: it rained."]);
    api.says("GET", RECEIPT, 404, &refusal("not_found", sentence));
    let page = api.get(&format!("{PAGE}/receipt")).await;
    assert_eq!(page.status, 404);
    assert_says(&page.body, &["There is no such page"]);
}

#[tokio::test]
async fn a_receipt_has_a_button_only_where_the_api_says_that_there_is_one() {
    for is_there in [true, false] {
        // Nothing else says it: a paid payment without one, and a voided one with one.
        for state in ["paid", "voided", "declined"] {
            let mut payment = payment(state, &[operation("purchase", 2599, "approved")]);
            payment["data"]["meta"]["receipt"]["available"] = json!(is_there);
            let html = page("read", &payment).await;
            assert_eq!(html.contains(&format!("href=\"{PAGE}/receipt\"")), is_there, "{state}");
        }
    }
}

#[tokio::test]
async fn an_act_that_the_api_advises_against_is_not_the_main_button() {
    let advised = up_to(2599);
    for (refund, class) in [(&advised, "button primary"), (&disputed(2599), "button")] {
        let mut payment = payment("paid", &[operation("purchase", 2599, "approved")]);
        payment["data"]["meta"]["possible"]["refund"] = refund.clone();
        let api = api("operate");
        shown(&api, &payment);
        let html = api.get(PAGE).await.body;
        let button = format!(r#"<a class="{class}" href="{PAGE}/refund">Refund</a>"#);
        assert!(html.contains(&button), "{html}");
        let html = api.get(&format!("{PAGE}/refund")).await.body;
        assert!(html.contains(&format!(r#"<button class="{class}">Go on</button>"#)), "{html}");
    }
}

/// The buttons and the sentences go by the statements of the API alone.
#[tokio::test]
async fn each_act_is_offered_and_explained_as_the_api_states_it() {
    let by_proposal = with(up_to(1000), &json!({"by_proposal": price(2599)}));
    let used_up = json!({"possible": false, "why": "exceeds_refund_max", "by_proposal": price(2599)});
    let used_up = with(up_to(2599), &used_up);
    let stopped = with(up_to(2599), &json!({"possible": false, "why": "payments_stopped"}));
    let mut whole = up_to(2599);
    whole["whole_only"] = json!(true);
    let mut void = up_to(2599);
    void["becomes_void"] = json!("yes");
    let settled = json!({"whole_only": true, "advised": false, "advised_against": "settled"});
    let settled = with(up_to(2599), &settled);
    let from_the_future = not("solar_eclipse");
    for (stated, has_form, sentence) in [
        (up_to(2599), true, "Up to $25.99."),
        (whole, true, "All of $25.99."),
        (void, true, "Up to $25.99. All of it, by a void. A part only after settlement, usually overnight."),
        (by_proposal, true, "Up to $10.00. More, up to $25.99, with somebody else's approval."),
        (
            used_up,
            true,
            "It is more than you may give back of one order. More, up to $25.99, with somebody else's approval.",
        ),
        (stopped, false, "Up to $25.99. Not now: payments are stopped."),
        (settled, true, "All of $25.99. Its batch has settled: refund it instead."),
        (not("already_cancelled"), false, "Not possible: the payment was voided."),
        (from_the_future, false, "solar eclipse"),
    ] {
        for (act, action, name) in
            [("capture", "capture", "Capture"), ("refund", "refund", "Refund"), ("void", "cancel", "Void")]
        {
            let mut payment = payment("declined", &[operation("purchase", 2599, "declined")]);
            let possible = &mut payment["data"]["meta"]["possible"];
            for other in ["capture", "refund", "cancel"] {
                possible[other] = not("transaction_failed");
            }
            possible[action] = stated.clone();
            let html = page("read", &payment).await;
            let form = format!("href=\"{PAGE}/{act}\"");
            assert_eq!(html.contains(&form), has_form, "{act} {sentence}");
            let found = words_of(&html);
            assert!(found.contains(&format!("{name} {sentence}")), "{name} {sentence}: {found}");
        }
    }
}

#[tokio::test]
async fn holding_the_rest_anew_is_stated_only_where_it_is_possible_and_has_no_form() {
    for (rest, is_there) in [(up_to(900), true), (not("nothing_released"), false)] {
        let mut payment = payment("partly_paid", &[operation("authorize", 2599, "approved")]);
        payment["data"]["meta"]["possible"]["reauthorize"] = rest;
        let html = page("operate", &payment).await;
        assert_eq!(words_of(&html).contains("Hold the rest anew Up to $9.00."), is_there);
        assert_eq!(html.contains("Hold the rest anew"), is_there);
        assert!(!html.contains("/reauthorize"));
    }
}

/// Reasons that no state tells have to show, too, and those of a newer version.
#[tokio::test]
async fn each_reason_for_attention_shows_whatever_the_state() {
    let mut payment = payment("paid", &[operation("purchase", 2599, "approved")]);
    let all = ["found_late", "dispute_unclear", "solar_eclipse"].map(
        |code| json!({"code": code, "since": "2026-11-23T21:00:03Z", "advice": format!("Mind {code}.")}),
    );
    payment["data"]["meta"]["needs_attention"] = json!(all);
    let html = page("read", &payment).await;
    assert_says(
        &html,
        &["Given up, but the gateway did it Mind found_late. One chargeback may correct another Mind \
           dispute_unclear. Mind solar_eclipse."],
    );
    for tone in ["bad", "waiting"] {
        assert!(html.contains(&format!(r#"<section class="message {tone}">"#)), "{html}");
    }
    assert!(html.contains("<section class=\"message waiting\">\n<p>Mind solar_eclipse.</p>"), "{html}");
}

#[tokio::test]
async fn each_part_of_the_money_is_shown_as_the_api_states_it() {
    let mut payment = payment("paid", &[operation("purchase", 2599, "approved")]);
    // All parts together.
    payment["data"]["amount"] = json!(21);
    let money = &mut payment["data"]["meta"]["money"];
    for (minor, part) in (1..).zip(["kept", "refused", "refunded", "disputed", "held", "released"]) {
        money[part] = price(minor);
    }
    let html = page("read", &payment).await;
    assert_says(
        &html,
        &[
            "Captured, kept $0.01 Refused at settlement $0.02 Refunded −$0.03 Disputed −$0.04 Still held $0.05 \
           Released $0.06",
        ],
    );
    for (class, x, width) in
        [("kept", 0, 47), ("disputed", 47, 95), ("refunded", 142, 142), ("released", 712, 288)]
    {
        let part = format!(r#"<rect class="bar-{class}" x="{x}" width="{width}" height="12"/>"#);
        assert!(html.contains(&part), "{part} in {html}");
    }
}
