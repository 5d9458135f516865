//! The credit-card API, in JSON and in XML.

mod follow_ups;
pub(crate) mod media;
mod members;
mod outcomes;
mod stored;

use serde_json::{Value, json};

use crate::ask::{Ask, Sent, post};
use crate::fixture::{NUMBER, declined};
use crate::merchants::key;
use crate::table::{Table, set};

fn on(route: &str, request: Value) -> Ask {
    let mut body = json!({"Authentication": {"Id": "external", "Key": key("all")}});
    body["Request"] = request;
    post(format!("/api/v1/payments/creditcard/{route}")).header("content-type", "application/json").json(body)
}

pub(crate) fn of(merchant: &str, ask: Ask) -> Ask {
    with(ask, "Authentication.Id", json!(merchant))
}

pub(crate) fn with(ask: Ask, member: &str, value: Value) -> Ask {
    let Sent::Json(mut body) = ask.body.clone() else { panic!("no JSON") };
    set(&mut body, member, value);
    ask.json(body)
}

fn request(route: &str) -> Value {
    json!({
        "TransactionType": if route == "authorize" { "0" } else { "1" }, "TransactionReference": "ref-1",
        "Card": {"CardNumber": NUMBER, "ExpiryDate": "08/30", "CVV": "123"}, "CaptureMethod": "2",
        "BillingAddress": {"Zip": "12345", "Country": "US"}, "CurrencyCode": "USD", "Amount": "20.50",
    })
}

/// A payment by the merchant `external`.
pub(crate) fn pay(route: &str) -> Ask {
    on(route, request(route))
}

async fn declines(t: &mut Table) {
    t.world.answer(declined);
}

/// A follow-up of the payment with this id.
pub(crate) fn follow(route: &str, id: &str) -> Ask {
    on(route, json!({"TransactionReference": format!("{route}-1"), "TransactionID": id}))
}

async fn paid(t: &mut Table, route: &str) -> String {
    t.prepare(&pay(route)).await["Response"]["TransactionID"].as_str().unwrap().to_owned()
}

pub(crate) fn status(request: Value) -> Ask {
    on("status", request)
}
