//! Responses in words of another version.

use serde_json::{Value, json};

use super::{
    api, assert_says,
    bodies::{me, operation, page, payment, transaction, with},
    payment::{PAGE, shown},
};

const UNREADABLE: &str = "This cannot be read Tollgate responded in words that this console does not know.";

#[tokio::test]
async fn a_payment_that_cannot_be_read_leaves_the_frame_and_the_other_pages() {
    let mut without_history = payment("paid", &[]);
    without_history["data"]["meta"].as_object_mut().unwrap().remove("operations");
    let odd_operation = with(operation("purchase", 2599, "approved"), &json!({"amount": "25.99"}));
    for body in [without_history, payment("paid", &[odd_operation]), json!([]), json!({"data": null})] {
        let api = api("operate");
        shown(&api, &body);
        for path in [PAGE.to_owned(), format!("{PAGE}/refund")] {
            let html = api.get(&path).await;
            assert_eq!(html.status, 502, "{body}");
            assert_says(&html.body, &[UNREADABLE]);
            assert!(html.body.contains(r#"<a href="/170200126/deposits">"#), "the frame is there");
            assert!(!html.body.contains("25.99"));
        }
    }
}

#[tokio::test]
async fn a_row_that_only_a_newer_version_can_read_has_its_id_and_the_others_are_shown() {
    let odd = with(
        transaction("paid", &[]),
        &json!({"id": "b2", "amount": -1, "relationships": {"order": {"data": {"id": "UM-2"}}}}),
    );
    let list = json!({"since": "2026-10-27T12:00:00Z", "until": "2026-11-26T12:00:00Z",
        "journal": {"newest_entry_at": null}});
    let api = api("read");
    api.says("GET", "/v2/transactions?", 200, &page(&[odd, transaction("paid", &[])], &list));
    let html = api.get("/170200126/payments").await.body;
    assert_says(&html, &["Cannot be read: b2 UM-2", "Nov 23, 3:00 PM Paid 25.99"]);
}

#[tokio::test]
async fn words_of_a_newer_version_are_shown_as_they_are_and_nothing_is_made_of_them() {
    let kind = with(operation("tip", 500, "approved"), &json!({"asked_by": "robot"}));
    let state = operation("purchase", 2599, "in_orbit");
    let mut body = payment("half_paid", &[kind, state]);
    body["data"]["meta"]["more"] = json!({"of": "tomorrow"});
    let api = api("operate");
    shown(&api, &body);
    let sentences = [
        "half_paid",
        "The tip of $5.00 was approved.",
        "The purchase of $25.99 is in a state that this console does not know: in_orbit.",
    ];
    assert_says(&api.get(PAGE).await.body, &sentences);
}

#[tokio::test]
async fn a_person_whose_rights_cannot_be_read_sees_pages_and_why() {
    for odd in [json!({"may": null}), json!({"merchant": {"time_zone": 5}}), Value::Null] {
        let api = api("operate");
        let mut doubt = payment("not_known_yet", &[operation("purchase", 2599, "pending")]);
        doubt["data"]["next_actions"] = json!(["confirm"]);
        shown(&api, &doubt);
        api.says("GET", "/v2/me", 200, &with(me("operate"), &json!({"data": odd})));
        let html = api.get(PAGE).await;
        assert_eq!(html.status, 200);
        assert!(
            html.body.contains("Your rights, and whether payments are stopped, cannot be read now."),
            "{}",
            html.body
        );
        assert_says(&html.body, &["Not known yet", "$25.99"]);
        assert!(!html.body.contains("Ask the gateway") && !html.body.contains("Test mode"));
    }
}
