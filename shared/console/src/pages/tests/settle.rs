//! Forms that settle what needs attention: marked as seen, or decided.

use serde_json::{Value, json};

use super::{
    HOSTILE,
    act::posts,
    api, assert_says,
    attention::settled_by,
    bodies::{self, disputes, operation, refusal, with},
    fake::FakeApi,
    payment,
};

const SEEN: &str = "/170200126/payments/UM-1/01a209fe-7ea0-47a8-b0f7-b059e208297d/attention/disputed";
const DECIDE: &str = "/170200126/payments/UM-1/01a209fe-7ea0-47a8-b0f7-b059e208297d/decide";
const ROUTE: &str = "/v2/orders/UM-1/transactions/01a209fe-7ea0-47a8-b0f7-b059e208297d";
const PURCHASE: &str = "operation=00000000-0000-4000-8008-000000002599";
const SETTLED: &str = "/170200126/payments/UM-1/01a209fe-7ea0-47a8-b0f7-b059e208297d?done=settled";

fn concerned(code: &str, operations: &[Value]) -> Value {
    let mut payment = bodies::payment("paid", operations);
    payment["data"]["meta"]["needs_attention"] = json!([{"code": code, "since": "2026-11-24T05:00:00Z",
        "advice": "Do something.", "settled_by": settled_by(code)}]);
    payment
}

fn disputed() -> Value {
    let mut payment = concerned("disputed", &[operation("purchase", 2599, "approved")]);
    payment["data"]["meta"]["disputes"] =
        disputes(&json!([{"amount": 1500, "day": "2026-11-24", "reason": "Fraud"}]));
    payment
}

/// A payment whose last operation is in doubt.
fn doubt(kind: &str) -> Value {
    let mut pending = operation(kind, 2599, "pending");
    pending["gateway"] = json!({"resptext": "Timed out"});
    concerned("in_doubt", &[pending])
}

/// The payment once Ann has marked it as seen.
fn seen() -> Value {
    let mut payment = bodies::payment("paid", &[operation("purchase", 2599, "approved")]);
    payment["data"]["meta"]["version"] = json!(4);
    payment["data"]["meta"]["seen"] = json!([{"code": "disputed", "person": "Ann Archer", "reason": "Case lost",
        "at": "2026-11-26T12:00:00Z"}]);
    payment
}

fn at(role: &str, payment: &Value) -> FakeApi {
    let api = api(role);
    payment::shown(&api, payment);
    api
}

#[tokio::test]
async fn what_was_seen_is_sent_in_one_step_with_the_version_that_was_looked_at() {
    let api = at("operate", &disputed());
    let page = api.get(SEEN).await;
    let sentences = [
        "Mark as seen UM-1 UM-1 · Visa 1443",
        "The cardholder's bank took the money back, since Nov 24, 12:00 AM. The cardholder's bank took back $15.00: Fraud.",
        "Reason. No card numbers, no names.",
        "Mark as seen Back No money moves. It is carried out once, however often the button is pressed.",
    ];
    assert_says(&page.body, &sentences);
    assert!(page.body.contains(r#"name="version" value="3""#), "{}", page.body);
    api.says("POST", ROUTE, 200, &seen());
    let page = api.post(SEEN, "version=3&reason=Case+lost").await;
    assert_eq!((page.status, page.location.as_str()), (303, SETTLED));
    let sent = format!(r#"POST {ROUTE}/attention/disputed/seen  "3" {{"data":{{"reason":"Case lost"}}}}"#);
    assert_eq!(posts(&api), [sent]);
    payment::shown(&api, &seen());
    let html = api.get(SETTLED).await.body;
    let told = "Ann Archer marked as seen: The cardholder's bank took the money back. Case lost";
    assert!(html.contains(r#"<p class="message good" role="status""#), "{html}");
    assert_says(&html, &[told, &format!("Nov 26, 7:00 AM {told} Signed in as Ann Archer")]);
}

#[tokio::test]
async fn a_form_that_is_sent_twice_is_done_and_another_persons_change_is_said() {
    let now = with(disputed(), &json!({"data": {"meta": {"version": 4}}}));
    // The API takes the same statement once more, whatever version it comes with.
    let answers = [(200, json!({"data": {}}), 303), (412, refusal("version_differs", "wrong"), 422)];
    for (answered, body, status) in answers {
        let api = at("operate", &now);
        api.says("POST", ROUTE, answered, &body);
        let page = api.post(SEEN, "version=3&reason=Case+lost").await;
        assert_eq!(page.status, status, "{}", page.body);
        if status == 422 {
            assert_says(&page.body, &["The payment has changed since you looked, and nothing was sent."]);
        }
        let html = api.get(&format!("{SEEN}?version=2&reason=Case+lost&ended=yes")).await.body;
        assert_says(&html, &["The payment has changed since you looked, and nothing was sent."]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_refusal_is_a_sentence_and_what_was_typed_stays_where_it_can_be_sent_again() {
    let known = "the gateway has a word of its own: approved";
    let busy = "Not carried out yet: wrong. Send this form again in a moment";
    let decision = format!("{PURCHASE}&step=send&outcome=done&retref=123&reason=Case+lost");
    for (form, status, code, detail, sentence, stays) in [
        (SEEN, 422, "not_by_hand", "wrong.", "Nothing was done: wrong.", false),
        (SEEN, 403, "forbidden", "wrong.", "Nothing was done. You may not do this: wrong.", false),
        (SEEN, 409, "contended", "wrong.", busy, true),
        (DECIDE, 422, "not_by_hand", known, "has a word of its own: approved. The purchase of", true),
        (DECIDE, 400, "invalid_value", "wrong.", "portal shows one Wrong. Reason.", true),
        (DECIDE, 503, "gateway_unavailable", "wrong.", busy, true),
    ] {
        let api = at("all", &if form == SEEN { disputed() } else { doubt("purchase") });
        api.says("POST", ROUTE, status, &refusal(code, detail));
        let page = api.post(form, if form == SEEN { "version=3&reason=Case+lost" } else { &decision }).await;
        assert_eq!(page.status, 422, "{code}");
        assert_says(&page.body, &[sentence]);
        assert_eq!(page.body.contains(r#"value="Case lost""#), stays, "{code} {}", page.body);
    }
}

#[tokio::test]
async fn a_decision_is_shown_once_more_and_then_sent() {
    let api = at("all", &doubt("purchase"));
    let html = api.get(DECIDE).await.body;
    let sentences = [
        "The outcome is not known yet, since Nov 24, 12:00 AM. We do not know yet whether the bank approved $25.99.",
        "Gateway: Timed out",
        "The gateway did it The gateway did not do it Reference (retref), only where",
    ];
    assert_says(&html, &sentences);
    let page =
        api.post(DECIDE, &format!("{PURCHASE}&outcome=done&retref=327975232415&reason=On+the+portal")).await;
    let check =
        format!("{DECIDE}?{PURCHASE}&outcome=done&retref=327975232415&reason=On+the+portal&step=check");
    assert_eq!((page.status, &page.location), (303, &check));
    assert_eq!(posts(&api), Vec::<String>::new());
    let html = api.get(&check).await.body;
    let sentences = [
        "The purchase of $25.99 counts as done, and the payment goes on from there. The gateway's reference is 327975232415.",
        "An inquiry is sent first. If the gateway knows the outcome, nothing is decided. Reason On the portal By Ann Archer Decide: done Change",
    ];
    assert_says(&html, &sentences);
    api.says("POST", ROUTE, 200, &doubt("purchase"));
    let form = format!("{PURCHASE}&step=send&outcome=done&retref=327975232415&reason=On+the+portal");
    // The API takes it twice, although nothing is in doubt then.
    for now in [doubt("purchase"), bodies::payment("paid", &[operation("purchase", 2599, "approved")])] {
        payment::shown(&api, &now);
        let page = api.post(DECIDE, &form).await;
        assert_eq!((page.status, page.location.as_str()), (303, SETTLED));
    }
    let data = r#"{"reason":"On the portal","outcome":"done","retref":"327975232415"}"#;
    assert_eq!(posts(&api)[1], format!(r#"POST {ROUTE}/decide {{"data":{data}}}"#));
    let mut decided = operation("purchase", 2599, "approved");
    decided["decided"] = json!([{"outcome": "not_done", "by": "Sam", "person": null, "reason": HOSTILE,
        "at": "2026-11-26T11:00:00Z"}, {"outcome": "done", "by": "Ann Archer", "person": "Ann Archer",
        "reason": "On the portal", "at": "2026-11-26T12:00:00Z"}]);
    payment::shown(&api, &bodies::payment("paid", &[decided]));
    let told = "Ann Archer decided that the purchase of $25.99 was done: On the portal";
    let earlier = "Sam decided that the purchase of $25.99 was not done: &#60;script&#62;";
    assert_says(&api.get(SETTLED).await.body, &[told, earlier, "Signed in as Ann Archer"]);
}

#[tokio::test]
async fn what_is_wrong_with_a_decision_is_said_at_its_field() {
    for (form, sentence) in [
        ("outcome=&reason=x", "Please choose one."),
        ("outcome=unrecognized&reason=x", "Please choose one."),
        ("outcome=done&retref=4788250000121443&reason=x", "This looks like a card number."),
        ("outcome=not_done&reason=", "Please write why"),
    ] {
        let page = at("all", &doubt("purchase")).post(DECIDE, form).await;
        assert_eq!(page.status, 422);
        assert_says(&page.body, &[sentence]);
    }
    // A capture has no reference of its own.
    let api = at("all", &doubt("capture"));
    assert!(!api.get(DECIDE).await.body.contains("retref\" name"));
    assert_eq!(api.post(DECIDE, "outcome=done&reason=x").await.status, 303);
    assert_eq!(api.post(DECIDE, "step=send&outcome=done&reason=x").await.status, 403, "of what?");
    assert_eq!(api.post(SEEN, "version=x&reason=x").await.status, 403, "of which version?");
    // The form was about another operation.
    let page = api.post(DECIDE, &format!("{PURCHASE}&step=send&outcome=done&reason=x")).await;
    assert_says(&page.body, &["The payment has changed since you looked, and nothing was sent."]);
    assert_eq!(posts(&api), Vec::<String>::new());
}

#[tokio::test]
async fn a_refund_that_waits_for_a_dispute_can_only_be_ended() {
    let waits = [operation("purchase", 2599, "approved"), operation("refund", 900, "waits_for_dispute")];
    let api = at("all", &concerned("refund_held_back", &waits));
    let html = api.get(DECIDE).await.body;
    assert_says(&html, &["$9.00 is to be refunded, which waits until no chargeback"]);
    assert!(
        html.contains(r#"value="not_done" required checked>"#) && !html.contains(r#"value="done""#),
        "{html}"
    );
    let page = api.post(DECIDE, "outcome=not_done&reason=Case+lost").await;
    let sentence = "The refund of $9.00 ends, and is not sent when the dispute ends.";
    assert_says(&api.get(&page.location).await.body, &[sentence, "End the refund Change"]);
}

#[tokio::test]
async fn a_form_is_only_for_those_who_may_and_while_there_is_something_to_settle() {
    let mut odd = doubt("purchase");
    odd["data"]["relationships"]["order"]["data"]["id"] = json!("it's $(x)");
    let command = r"resolve --as OUTCOME --by NAME --reason REASON -- 170200126 &#39;it&#39;\&#39;&#39;s $(x)&#39; 01a2";
    let html = at("operate", &odd).get(DECIDE).await.body;
    assert!(html.contains(command), "{html}");
    let whole = bodies::payment("paid", &[operation("purchase", 2599, "approved")]);
    for (form, role, payment, sentences) in [
        (SEEN, "read", disputed(), vec!["Somebody with the role operate can mark it as seen."]),
        (DECIDE, "operate", odd, vec!["Somebody with the role all can decide it."]),
        (SEEN, "all", whole.clone(), vec!["The payment does not need attention for this reason."]),
        (DECIDE, "all", whole, vec!["Nothing can be decided now"]),
    ] {
        let html = at(role, &payment).get(form).await.body;
        assert_says(&html, &sentences);
        assert!(!html.contains("name=\"reason\""), "{html}");
    }
    let other = SEEN.replace("170200126", "170200999");
    assert_eq!(at("all", &disputed()).get(&other).await.status, 401);
    assert_eq!(at("all", &disputed()).get(&SEEN.replace("disputed", "solar_eclipse")).await.status, 404);
    let html = at("read", &disputed()).get(payment::PAGE).await.body;
    assert_says(&html, &["Do something. Somebody with the role operate can mark it as seen."]);
    let html = at("all", &doubt("purchase")).get(payment::PAGE).await.body;
    assert!(html.contains(&format!(r#"<a class="button" href="{DECIDE}">Decide</a>"#)), "{html}");
}
