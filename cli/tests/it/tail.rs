//! `payment tail`: payments as they come.

use serde_json::{Value, json};
use tollgate_core::values::Clock as _;

use crate::{
    listen::Listening,
    support::{Fixture, MERCHANT},
};

async fn pay(fixture: &Fixture, order: &str) {
    assert_eq!(fixture.pay(order, "purchase").await.0, 200);
    fixture.stack.deliver_stream().await.unwrap();
}

#[tokio::test]
async fn each_payment_is_told_once_and_in_the_order_of_their_outcomes() {
    let fixture = Fixture::open().await;
    let since = fixture.stack.clock().now().to_string();
    pay(&fixture, "first").await;
    pay(&fixture, "second").await;
    let words = ["payment", "tail", MERCHANT, "--since", &since];
    let mut text = Listening::to(&fixture, &words, &[]);
    let mut machine = Listening::to(&fixture, &[&words[..], &["--json", "--amount", "25.99"]].concat(), &[]);
    let mut failed = Listening::to(&fixture, &[&words[..], &["--json", "--status", "failed"]].concat(), &[]);
    for order in ["first", "second"] {
        let line = text.line().await;
        assert!(line.contains("paid") && line.contains("25.99 USD"), "{line}");
        assert!(line.contains(order), "{order}: {line}");
        let value: Value = serde_json::from_str(&machine.line().await).unwrap();
        assert_eq!((&value["order"], &value["amount"]), (&json!(order), &json!(2599)));
    }
    pay(&fixture, "third").await;
    let body = json!({"data": {"type": "order", "amount": 2599, "currency": "USD"}});
    fixture.call("PUT", "/v2/orders/declined", body).await;
    let declined = json!({"data": {
        "gateway": "card_connect", "method": "purchase", "number": "4387751111111053", "month": "10", "year": "2031",
        "first_name": "John", "last_name": "Smith", "verification_value": "123",
    }});
    assert_eq!(fixture.call("POST", "/v2/orders/declined/payments", declined).await.0, 400);
    fixture.stack.deliver_stream().await.unwrap();
    for order in ["third", "declined"] {
        assert!(text.line().await.contains(order), "nothing comes twice, and {order} comes next");
    }
    let value: Value = serde_json::from_str(&failed.line().await).unwrap();
    assert_eq!(value["order"], "declined");
    for running in [text, machine, failed] {
        running.end();
    }
    fixture.close().await;
}
