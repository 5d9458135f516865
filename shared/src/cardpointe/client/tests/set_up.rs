//! Connections that are opened ahead, the log lines about a wrong set-up, and behavior that depends
//! on a card's brand.

use serde_json::json;
use tollgate_core::{
    payments::Card,
    values::{Advice, CardAccount, Expiry},
};

use super::*;
use crate::cardpointe::test_transport::{Once, Sent, responds};
use memory::Log;

#[tokio::test]
async fn a_connection_is_opened_with_a_check_of_the_merchants_credentials() {
    let (away, unwelcome) =
        ("the gateway is not connected to yet", "the gateway does not welcome the merchant");
    for (response, line) in [
        (responds(200, "<h1>CardConnect REST Servlet</h1>"), None),
        (responds(401, ""), Some(unwelcome)),
        (Ok(Response { status: 200, body: Err(BodyError::Cut) }), Some(unwelcome)),
        (Err(TransportError::NotConnected), Some(away)),
    ] {
        let log = Log::here();
        let client = CardPointe::over(Once::responding(response));
        client.connect(&merchant()).await;
        let expected = Sent {
            method: Method::PUT,
            url: "https://elsewhere.cardconnect.com/cardconnect/rest/".to_owned(),
            credentials: "user:password".to_owned(),
            body: json!({ "merchid": "1" }),
            limit: CONNECT_LIMIT,
        };
        assert_eq!(client.transport().sent(), [expected]);
        for message in [away, unwelcome] {
            assert_eq!(log.lines(message).len(), usize::from(line == Some(message)), "{message}");
        }
    }
}

#[tokio::test]
async fn a_wrong_set_up_is_logged_with_its_code_and_nothing_else_is() {
    for (code, expected, lines) in
        [("22", "nothing done: Misconfigured", 1), ("63", "unknown: GatewayLostTrack", 0)]
    {
        let log = Log::here();
        let refusal = format!(
            r#"{{"respstat":"C","respproc":"PPS","respcode":"{code}","retref":"111","orderid":"tg1"}}"#
        );
        let outcome = perform(&over(vec![with(200, &refusal)]), CAPTURE).await;
        assert_eq!(shown(&outcome), expected);
        let found = log.lines("the gateway refuses the merchant's set-up");
        assert_eq!(found.len(), lines, "{code}");
        assert!(found.iter().all(|line| line["code"] == code && line["merchant"] == "m"));
    }
}

/// Only Visa declines have a category: one that comes with another brand is not looked at.
#[tokio::test]
async fn a_category_of_a_decline_counts_by_the_brand_of_the_card() {
    let decline = r#"{"respstat":"C","respproc":"FNOR","respcode":"57","retref":"222","amount":"0.00",
        "orderId":"tg1","declineCategory":"1"}"#;
    for (number, expected) in [("4111111111111111", Advice::Never), ("5500000000000004", Advice::OtherCard)] {
        let card = Card {
            account: CardAccount::parse(number).unwrap(),
            expiry: Expiry::new(12, 2031).unwrap(),
            security_code: None,
            name: String::new(),
            billing: None,
            save: false,
            series: false,
        };
        let source = PaymentSource::Card(Box::new(card));
        for command in [Command::Authorize(&source), Command::Purchase(&source)] {
            let outcome = perform(&over(vec![with(200, decline)]), command).await;
            let Outcome::Declined(_, decline) = outcome else { panic!("{}", shown(&outcome)) };
            assert_eq!(decline.advice(), expected);
        }
    }
}
