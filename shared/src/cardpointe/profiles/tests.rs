//! The requests about a stored card, and the meaning of each response.

use serde_json::json;

use tollgate_core::values::Expiry;

use super::*;
use crate::cardpointe::{
    Info,
    test_transport::{Once, Sent, responds},
    transport::BodyError,
};

const LIMIT: Duration = Duration::from_secs(7);
const ENDPOINT: &str = "https://fts-uat.cardconnect.com/cardconnect/rest";

fn merchant() -> Merchant {
    let document = json!({
        "keys": ["a-key-of-the-merchant"], "token_signing_key": "0123456789abcdef0123456789abcdef",
        "gateway": { "site": "elsewhere", "username": "user", "password": "password", "merchids": { "USD": "1" } },
    });
    crate::merchant_document::parse("m".parse().unwrap(), &document.to_string(), &Info).unwrap()
}

fn route(gateway: &'static str) -> Route {
    Route { gateway: gateway.into(), endpoint: ENDPOINT.to_owned(), account: "496160873888".to_owned() }
}

async fn delete(client: &CardPointe<Once>, route: &Route) -> ProfileOutcome {
    let stored = StoredCard { profile: "9".to_owned(), account: "2".to_owned() };
    client.delete(&merchant(), route, &stored, LIMIT).await
}

async fn set_expiry(client: &CardPointe<Once>, route: &Route, token: Option<&str>) -> ProfileOutcome {
    let stored = StoredCard { profile: "9".to_owned(), account: "2".to_owned() };
    let renewal = Renewal { token, expiry: Expiry::new(3, 2031).unwrap() };
    client.set_expiry(&merchant(), route, &stored, renewal, LIMIT).await
}

#[tokio::test]
async fn a_stored_card_is_deleted_and_changed_at_the_gateway_that_holds_it() {
    let done = r#"{"respstat":"A","respproc":"PPS","respcode":"08"}"#;
    let sent = |method, path: &str, body| Sent {
        method,
        url: format!("{ENDPOINT}{path}"),
        credentials: "user:password".to_owned(),
        body,
        limit: LIMIT,
    };
    let client = CardPointe::over(Once::responding(responds(200, done)));
    assert_eq!(delete(&client, &route(NAME)).await, ProfileOutcome::Done);
    let request = sent(Method::DELETE, "/profile/9/2/496160873888", serde_json::Value::Null);
    assert_eq!(client.transport().sent(), [request]);
    let body = json!({
        "merchid": "496160873888", "profile": "9/2", "profileupdate": "Y", "cofpermission": "Y", "expiry": "0331",
    });
    let mut with_token = body.clone();
    with_token["account"] = json!("9477709629051443");
    for (token, body) in [(None, body), (Some("9477709629051443"), with_token)] {
        let client = CardPointe::over(Once::responding(responds(200, done)));
        assert_eq!(set_expiry(&client, &route(NAME), token).await, ProfileOutcome::Done);
        assert_eq!(client.transport().sent(), [sent(Method::PUT, "/profile", body)]);
    }
}

#[tokio::test]
async fn a_card_at_another_gateway_is_left_alone() {
    let client = CardPointe::over(Once::responding(responds(200, "{}")));
    let misconfigured = ProfileOutcome::NoEffect(NoEffect::Misconfigured);
    assert_eq!(delete(&client, &route("another")).await, misconfigured);
    assert_eq!(set_expiry(&client, &route("another"), None).await, misconfigured);
    assert_eq!(client.transport().sent(), []);
}

#[tokio::test]
async fn only_the_gateways_own_words_decide() {
    let unknown = ProfileOutcome::Unknown;
    let said = |respstat: &str, respproc: &str, respcode: &str| {
        let body = json!({ "respstat": respstat, "respproc": respproc, "respcode": respcode }).to_string();
        responds(200, &body)
    };
    let rows = [
        (said("A", "PPS", "08"), ProfileOutcome::Done),
        (said("A", "PPS", "09"), ProfileOutcome::Done),
        (said("A", "PPS", "10"), unknown),
        (said("A", "FNOR", "08"), unknown),
        (said("C", "PPS", "96"), ProfileOutcome::Missing),
        (said("C", "FNOR", "96"), unknown),
        (said("C", "PPS", "12"), ProfileOutcome::Refused),
        (said("B", "PPS", "96"), unknown),
        (responds(200, r#"{"respstat":"C","respproc":"PPS"}"#), unknown),
        (responds(200, "<html>"), unknown),
        (Ok(Response { status: 200, body: Err(BodyError::Cut) }), unknown),
        (responds(401, r#"{"respstat":"A","respproc":"PPS","respcode":"08"}"#), unknown),
        (responds(500, r#"{"respstat":"C","respproc":"PPS","respcode":"96"}"#), unknown),
        (Err(TransportError::NotConnected), ProfileOutcome::NoEffect(NoEffect::Unreachable)),
        (Err(TransportError::NoResponse), unknown),
    ];
    for (row, (response, expected)) in rows.into_iter().enumerate() {
        let client = CardPointe::over(Once::responding(response));
        assert_eq!(delete(&client, &route(NAME)).await, expected, "{row}");
    }
}
