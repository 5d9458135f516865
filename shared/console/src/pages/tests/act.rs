//! The forms that move money.

use base64::prelude::{BASE64_URL_SAFE_NO_PAD, Engine};
use serde_json::{Value, json};

use super::{
    HOSTILE, api, assert_says,
    bodies::{self, TRANSACTION, not, operation, price, refusal, up_to, with},
    fake::FakeApi,
    payment,
};

pub(super) const FORM: &str = "/170200126/payments/UM-1/01a209fe-7ea0-47a8-b0f7-b059e208297d/refund";
pub(super) const ROUTE: &str = "/v2/orders/UM-1/transactions/01a209fe-7ea0-47a8-b0f7-b059e208297d/refund";
pub(super) const KEY: &str = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// A payment of $25.99 that was captured, in the order's fourth version.
pub(super) fn paid() -> Value {
    let mut payment = bodies::payment("paid", &[operation("purchase", 2599, "approved")]);
    payment["data"]["meta"]["version"] = json!(4);
    payment["data"]["meta"]["possible"]["refund"] = up_to(2599);
    payment
}

pub(super) fn at(payment: &Value) -> FakeApi {
    let api = api("operate");
    payment::shown(&api, payment);
    api
}

/// The body that a form of version 4 sends.
pub(super) fn filled(more: &str) -> String {
    format!("key={KEY}&version=4&reason=Damaged&{more}")
}

pub(super) fn posts(api: &FakeApi) -> Vec<String> {
    api.requests().into_iter().filter(|request| request.starts_with("POST")).collect()
}

#[tokio::test]
async fn a_form_is_shown_once_more_before_anything_is_sent() {
    let api = at(&paid());
    let html = api.get(FORM).await.body;
    assert_says(&html, &["Refund UM-1", "Amount, USD", "Can be refunded $25.99", "Nothing is sent yet"]);
    assert!(html.contains(r#"name="amount" inputmode="decimal" autocomplete="off" required value="25.99""#));
    assert!(html.contains(r#"name="version" value="4""#), "{html}");
    let page = api.post(FORM, &filled("amount=5")).await;
    let confirm = format!("{FORM}?amount=5&reason=Damaged&key={KEY}&version=4&step=check");
    assert_eq!((page.status, &page.location), (303, &confirm));
    let html = api.get(&confirm).await.body;
    assert_says(
        &html,
        &[
            "Refund $5.00 to Visa 1443. Reason Damaged By Ann Archer",
            "Refund $5.00 Change This cannot be undone.",
        ],
    );
    let change = format!("{FORM}?amount=5&#38;reason=Damaged&#38;key={KEY}&#38;version=4");
    assert!(html.contains(&change), "{html}");
    assert_eq!(posts(&api), Vec::<String>::new());
}

#[tokio::test]
async fn the_button_sends_the_key_and_the_version_of_the_form() {
    let api = at(&paid());
    api.says("POST", ROUTE, 200, &paid());
    let page = api.post(FORM, &filled("amount=5.00&step=send")).await;
    assert_eq!(
        (page.status, page.location.as_str()),
        (303, "/170200126/payments/UM-1/01a209fe-7ea0-47a8-b0f7-b059e208297d?done=yes")
    );
    let sent = format!(r#"POST {ROUTE} {KEY} "4" {{"data":{{"reason":"Damaged","amount":500}}}}"#);
    assert_eq!(posts(&api), [sent]);
    let html = api.get(&page.location).await.body;
    assert!(
        html.contains(r#"role="status" tabindex="-1" autofocus>The bank approved $25.99.</p>"#),
        "{html}"
    );
}

#[tokio::test(start_paused = true)]
async fn what_the_api_says_is_said_beside_what_to_do() {
    let again =
        "Not carried out yet: wrong. Send this form again in a moment: it is carried out once. Refund";
    let cases = [
        (
            412,
            "version_differs",
            "The payment has changed since you looked, and nothing was sent. Nov 23, 3:00 PM: The bank approved $25.99. Look at it again",
        ),
        (422, "not_settled", "Try again tomorrow, or void all of it. Void all of it"),
        (422, "already_settled", "Nothing was done: wrong. Refund it"),
        (422, "payment_disputed", "Please tick the box if it is meant."),
        (409, "idempotency_key_in_progress", "It is still being carried out. Wait a moment"),
        (409, "operation_in_progress", again),
        (409, "payment_in_progress", again),
        (409, "contended", again),
        (503, "gateway_unavailable", again),
        (503, "service_unavailable", again),
        (503, "payments_stopped", "Nothing was done: wrong. To the payment"),
        (
            422,
            "retry_forbidden",
            "Nothing was done: the card scheme forbids to try this again, and charges for it. To the payment",
        ),
        (403, "forbidden", "Nothing was done. You may not do this: wrong."),
        (403, "exceeds_refund_max", "The refund is more than you may give back of one order. To the payment"),
        (500, "", "so we do not know whether it was done. Send this form again: it is carried out once."),
    ];
    for (status, code, sentence) in cases {
        let api = at(&paid());
        let body = refusal(code, "wrong");
        api.says("POST", ROUTE, status, &body);
        let page = api.post(FORM, &filled("amount=5.00&step=send")).await;
        assert_eq!(page.status, 422, "{code}");
        assert_says(&page.body, &[sentence]);
        let resends = page.body.contains(&format!(r#"name="key" value="{KEY}""#));
        assert_eq!(resends, !page.body.contains(">To the payment</a>"), "{code}");
    }
    for code in ["declined", "voided_elsewhere"] {
        let api = at(&paid());
        api.says("POST", ROUTE, 400, &refusal(code, ""));
        assert_eq!(api.post(FORM, &filled("amount=5.00&step=send")).await.status, 303);
    }
}

#[tokio::test]
async fn what_is_wrong_is_said_at_its_field_and_nothing_is_sent() {
    let long = "x".repeat(251);
    let cases = [
        ("amount=26.00&reason=x", "At most $25.99 is left."),
        ("amount=0&reason=x", "Please write an amount above zero."),
        ("amount=1,50&reason=x", "Please write an amount, such as 5.00."),
        ("amount=-5&reason=x", "Please write an amount, such as 5.00."),
        ("amount=&reason=x", "Please write an amount, such as 5.00."),
        ("amount=5&reason=+", "Please write why, in a few words."),
        ("amount=5&reason=4788250000121443", "This reason is not accepted: it looks like a card number."),
        (&format!("amount=5&reason={long}"), "This reason is not accepted: it is longer than 250 bytes."),
    ];
    for (form, sentence) in cases {
        let api = at(&paid());
        let page = api.post(FORM, &format!("key={KEY}&version=4&{form}")).await;
        assert_eq!(page.status, 422, "{form}");
        assert_says(&page.body, &[sentence]);
        assert!(page.body.contains("aria-invalid"));
        assert_eq!(posts(&api), Vec::<String>::new());
    }
    // Without a key nobody could send it twice in peace.
    for form in ["version=4&", &format!("key={KEY}&"), "key=x&version=4&"] {
        let page = at(&paid()).post(FORM, &format!("{form}amount=5&reason=x&step=send")).await;
        assert_eq!(page.status, 403, "{form}");
    }
}

#[tokio::test]
async fn a_disputed_payment_is_refunded_only_with_a_tick() {
    let mut disputed = paid();
    disputed["data"]["meta"]["possible"]["refund"] = payment::disputed(2599);
    disputed["data"]["meta"]["money"]["disputed"] = price(2000);
    let api = at(&disputed);
    api.says("POST", ROUTE, 200, &disputed);
    let page = api.post(FORM, &filled("amount=5")).await;
    assert_says(
        &page.body,
        &["It would be lost twice, and that is meant. Please tick the box if it is meant."],
    );
    let page = api.post(FORM, &filled("amount=5&disputed=yes")).await;
    let page = api.get(&page.location).await;
    assert_says(
        &page.body,
        &["Refund $5.00 to Visa 1443. The bank has taken the money back: it would be lost twice."],
    );
    api.post(FORM, &filled("amount=5&disputed=yes&step=send")).await;
    assert!(posts(&api)[0].contains(r#""refund_disputed":true"#), "{:?}", posts(&api));
}

/// The payment is declined and nothing of it counts as captured, but its money is there.
#[tokio::test]
async fn a_payment_whose_refund_waits_for_a_dispute_is_refunded_only_with_a_tick() {
    let mut waits = paid();
    let refund = operation("refund", 2599, "waits_for_dispute");
    waits["data"]["meta"]["operations"].as_array_mut().unwrap().push(refund);
    waits["data"]["meta"]["state"] = json!("declined");
    waits["data"]["meta"]["display_captured_amount"] = price(0);
    waits["data"]["meta"]["possible"]["refund"] = payment::disputed(2599);
    let api = at(&waits);
    api.says("POST", ROUTE, 200, &waits);
    let page = api.post(FORM, &filled("amount=5")).await;
    assert_says(&page.body, &["Please tick the box if it is meant."]);
    let page = api.post(FORM, &filled("amount=5&disputed=yes")).await;
    let page = api.get(&page.location).await;
    assert_says(&page.body, &["Refund $5.00 to Visa 1443."]);
    api.post(FORM, &filled("amount=5&disputed=yes&step=send")).await;
    assert!(posts(&api)[0].contains(r#""refund_disputed":true"#), "{:?}", posts(&api));
}

#[tokio::test]
async fn a_form_of_another_version_says_what_has_changed() {
    let mut changed = paid();
    changed["data"]["meta"]["version"] = json!(5);
    let html = at(&changed).post(FORM, &filled("amount=5")).await.body;
    assert_says(&html, &["The payment has changed since you looked, and nothing was sent."]);
    assert!(!html.contains("Go on") && !html.contains("name=\"step\""));
}

#[tokio::test]
async fn what_cannot_be_done_has_no_form() {
    let mut payment = paid();
    payment["data"]["meta"]["possible"]["refund"] =
        with(up_to(2599), &json!({"possible": false, "why": "forbidden"}));
    let api = at(&payment);
    for (form, sentence) in [
        (FORM, "Your role does not allow it. Ask somebody with the role operate."),
        (
            "/170200126/payments/UM-1/01a209fe-7ea0-47a8-b0f7-b059e208297d/capture",
            "Not possible: the payment was taken at once.",
        ),
        (
            "/170200126/payments/UM-1/01a209fe-7ea0-47a8-b0f7-b059e208297d/void",
            "Not possible: the payment was voided.",
        ),
    ] {
        let html = api.get(form).await.body;
        assert_says(&html, &[sentence]);
        assert!(!html.contains("name=\"reason\""));
    }
}

#[tokio::test]
async fn what_exceeds_a_limit_becomes_a_link_and_another_person_sends_it() {
    let stated = json!({"id": TRANSACTION, "what": "refund", "order": "UM-1", "transaction": TRANSACTION,
        "by": TRANSACTION, "name": HOSTILE, "until": 0,
        "body": {"data": {"amount": 2000, "reason": HOSTILE}}});
    let proposal = format!("{}.signature", BASE64_URL_SAFE_NO_PAD.encode(stated.to_string()));
    let api = at(&paid());
    let mut refused = refusal("exceeds_refund_max", "");
    refused["errors"][0]["meta"]["proposal"] = json!(proposal);
    api.says("POST", ROUTE, 403, &refused);
    let html = api.post(FORM, &filled("amount=20&step=send")).await.body;
    assert!(html.contains(&format!("value=\"https://console.example{FORM}?proposal={proposal}\">")));

    let html = api.get(&format!("{FORM}?proposal={proposal}")).await.body;
    assert_says(&html, &["Refund $20.00 to Visa 1443.", "Proposed by &#60;script&#62;"]);
    api.says("POST", ROUTE, 200, &paid());
    let page = api.post(FORM, &format!("proposal={proposal}&version=4&step=send")).await;
    assert_eq!(page.status, 303);
    let sent = format!(r#"POST {ROUTE}  "4" {{"data":{{"proposal":"{proposal}"}}}}"#);
    assert_eq!(posts(&api).last(), Some(&sent));
    // Cut off, or opened at another payment.
    for wrong in ["x", &proposal[..40]] {
        assert_eq!(api.get(&format!("{FORM}?proposal={wrong}")).await.status, 400);
    }
    let void = FORM.replace("refund", "void");
    assert_eq!(api.get(&format!("{void}?proposal={proposal}")).await.status, 400);
}

#[tokio::test]
async fn a_payment_is_recorded_in_elastic_path_again_and_its_page_says_how_it_is_there() {
    let mut refused = bodies::payment("paid", &[operation("purchase", 2599, "approved")]);
    refused["data"]["meta"]["elastic_path"] = json!({"state": "refused", "again": true});
    let api = at(&refused);
    let confirm = format!("{}/confirm?operation=elastic-path", payment::PAGE);
    let html = api.get(payment::PAGE).await.body;
    assert!(html.contains(&format!(r#"action="{confirm}""#)));
    assert_says(&html, &["Refused to record it", "Record again in Elastic Path"]);
    let mut told = refused.clone();
    told["data"]["meta"]["elastic_path"] = json!({"state": "told", "recorded": "purchase", "again": false});
    let route = "/v2/orders/UM-1/transactions/01a209fe-7ea0-47a8-b0f7-b059e208297d";
    api.says("POST", &format!("{route}/confirm"), 200, &told);
    api.says("GET", route, 200, &told);
    let page = api.post(&confirm, "x=y").await;
    let asked = format!("{}?done=asked&operation=elastic-path&at=", payment::PAGE);
    assert!(page.status == 303 && page.location.starts_with(&asked), "{}", page.location);
    let html = api.get(&page.location).await.body;
    assert_says(&html, &["Elastic Path: Recorded there as paid."]);
    assert!(!html.contains("Record again"));
}

#[tokio::test]
async fn what_is_in_doubt_is_asked_about() {
    let mut doubt = bodies::payment("not_known_yet", &[operation("refund", 500, "pending")]);
    doubt["data"]["next_actions"] = json!(["confirm"]);
    doubt["data"]["meta"]["possible"]["refund"] = not("operation_in_progress");
    let api = at(&doubt);
    api.says(
        "POST",
        "/v2/orders/UM-1/transactions/01a209fe-7ea0-47a8-b0f7-b059e208297d/confirm",
        202,
        &doubt,
    );
    let operation = "00000000-0000-4000-8006-000000000500";
    let confirm = format!("{}/confirm?operation={operation}", payment::PAGE);
    assert!(api.get(payment::PAGE).await.body.contains(&format!(r#"action="{confirm}""#)));
    let page = api.post(&confirm, "x=y").await;
    let asked = format!("{}?done=asked&operation={operation}&at=", payment::PAGE);
    assert!(page.status == 303 && page.location.starts_with(&asked), "{}", page.location);
    let html = api.get(&format!("{asked}1764426480")).await.body;
    assert_says(
        &html,
        &[
            "The gateway was asked at 9:28 AM. It still does not know.",
            "We do not know yet whether $5.00 was refunded. Do not repeat it, here or in the gateway's portal.",
        ],
    );
    assert_says(&api.get(FORM).await.body, &["Not before the outcome of the last operation is known."]);
    let calls = api.requests().into_iter().filter(|call| call.contains("/confirm")).count();
    assert_eq!((calls, api.requests().len()), (1, 11), "nothing is read before or after the inquiry");
    // The inquiry was about an earlier operation.
    let operations = json!([
        with(operation_of("approved"), &json!({"request": {"person": "Ann", "reason": "x"}})),
        bodies::operation("void", 2599, "approved")
    ]);
    doubt["data"]["meta"]["operations"] = operations;
    payment::shown(&api, &doubt);
    let html = api.get(&format!("{asked}1764426480")).await.body;
    assert_says(&html, &["The gateway was asked at 9:28 AM. Ann refunded $5.00: x."]);
}

fn operation_of(state: &str) -> Value {
    operation("refund", 500, state)
}

#[tokio::test]
async fn an_amount_is_refused_above_what_the_api_states_and_by_a_proposal_above_all_of_it() {
    let mut limited = paid();
    limited["data"]["meta"]["possible"]["refund"]["most"] = price(1000);
    let api = at(&limited);
    assert_says(&api.post(FORM, &filled("amount=10.01")).await.body, &["At most $10.00 is left."]);
    assert_eq!(api.post(FORM, &filled("amount=10.00")).await.status, 303);
    limited["data"]["meta"]["possible"]["refund"]["by_proposal"] = price(2599);
    let api = at(&limited);
    assert!(api.get(FORM).await.body.contains(r#"required value="10.00""#));
    for (amount, status) in [("10.01", 303), ("25.99", 303), ("26.00", 422)] {
        assert_eq!(api.post(FORM, &filled(&format!("amount={amount}"))).await.status, status, "{amount}");
    }
}

#[tokio::test]
async fn an_amount_of_which_no_part_is_possible_is_fixed() {
    let mut whole = paid();
    whole["data"]["meta"]["possible"]["capture"] = up_to(2599);
    whole["data"]["meta"]["possible"]["capture"]["whole_only"] = json!(true);
    let api = at(&whole);
    let form = FORM.replace("refund", "capture");
    let html = api.get(&form).await.body;
    assert!(html.contains(r#"required readonly value="25.99""#), "{html}");
    assert_says(&api.post(&form, &filled("amount=25.98")).await.body, &["Only all of it is possible."]);
    let page = api.post(&form, &filled("amount=25.99")).await;
    let html = api.get(&page.location).await.body;
    assert_says(&html, &["Capture $25.99 of the amount held on Visa 1443. Reason"]);
}

#[tokio::test]
async fn a_capture_of_a_part_says_that_the_rest_is_released() {
    let mut held = paid();
    held["data"]["meta"]["possible"]["capture"] = up_to(2599);
    let api = at(&held);
    let page = api.post(&FORM.replace("refund", "capture"), &filled("amount=5")).await;
    let html = api.get(&page.location).await.body;
    assert_says(
        &html,
        &["Capture $5.00 of the amount held on Visa 1443. The rest is released to the customer."],
    );
}

#[tokio::test]
async fn a_refund_before_the_settlement_offers_the_void_instead() {
    for (word, is_offered) in [("yes", true), ("no", false), ("unknown", false)] {
        let mut early = paid();
        early["data"]["meta"]["possible"]["refund"]["becomes_void"] = json!(word);
        let html = at(&early).get(FORM).await.body;
        assert_eq!(html.contains(r#"/void">Void all of it</a>"#), is_offered, "{word}");
    }
}
