//! Payments with cards that the gateway has.

use serde_json::{Value, json};

use super::{declines, on, request};
use crate::fixture::TOKEN;
use crate::table::{ABSENT, Table};

#[tokio::test(start_paused = true)]
async fn a_stored_card_and_a_token_need_less() {
    let mut t = Table::new("cc_stored");
    let mut stored = request("charge");
    for gone in ["Card", "BillingAddress"] {
        stored.as_object_mut().unwrap().shift_remove(gone);
    }
    stored["CustomerId"] = json!("12345678901234567890");
    stored["ProfileId"] = json!("999");
    let members: &[(&str, &[Value])] = &[
        (
            "Request.CustomerId",
            &[json!(ABSENT), json!(""), json!(123), json!("123456789012345678901"), json!("x")],
        ),
        ("Request.ProfileId", &[json!(ABSENT), json!(""), json!(1), json!("1234"), json!("1x")]),
        ("Request.Card", &[json!(null), json!("")]),
        (
            "Request.BillingAddress",
            &[json!(null), json!({"Zip": "12345", "Country": "US"}), json!({"Zip": "12345"})],
        ),
        ("Request.SaveToFile", &[json!(true)]),
        ("Request.Name", &[json!("Ann Lee")]),
    ];
    t.vary(&on("charge", stored), declines, members).await;
    let mut token = request("charge");
    token["Card"] = json!({"CardNumber": TOKEN, "ExpiryDate": "08/30"});
    let members: &[(&str, &[Value])] = &[
        ("Request.Card.CVV", &[json!("123"), json!("1"), json!(null)]),
        ("Request.Card.ExpiryDate", &[json!("10/26")]),
        ("Request.BillingAddress", &[json!(ABSENT)]),
    ];
    t.vary(&on("charge", token), declines, members).await;
    t.end();
}
