//! Sign-ins at an issuer that may be busy, gone, or send too much.

use base64::prelude::{BASE64_URL_SAFE_NO_PAD, Engine};
use jiff::SignedDuration;
use lambda_http::{
    Body,
    http::{Request, request::Builder},
};
use serde_json::{Value, json};
use tollgate::openid::DOCUMENT_MAX_BYTES;

use super::{
    assert_says,
    fake::{ENDLESS, FakeApi, Shown, URL, send},
};
use crate::{Console, web::FORM};

const DESCRIPTION: &str = "/.well-known/openid-configuration";

pub(super) fn description(api: &FakeApi) -> Value {
    let url = api.url();
    json!({"issuer": url, "authorization_endpoint": format!("{url}/authorize"), "token_endpoint": format!("{url}/token")})
}

/// Tollgate's response to an ID token of a person whom the merchant knows.
pub(super) fn token() -> Value {
    json!({"access_token": "t", "token_type": "Bearer", "expires_in": 900, "expires": 0,
        "issued_token_type": "urn:ietf:params:oauth:token-type:access_token"})
}

pub(super) fn request(method: &str, path: &str) -> Builder {
    Request::builder().method(method).uri(format!("{URL}{path}")).header("origin", URL)
}

pub(super) async fn begin(console: &Console, merchant: &str, cookies: &str) -> Shown {
    let request = request("POST", "/sign-in").header("content-type", FORM).header("cookie", cookies);
    send(console, request.body(format!("merchant={merchant}").into()).unwrap()).await
}

/// How often the issuer was asked.
fn asked(api: &FakeApi) -> usize {
    api.requests().iter().filter(|request| request.contains(DESCRIPTION)).count()
}

#[tokio::test]
async fn the_issuers_description_is_read_once_in_five_minutes_and_only_a_good_one_is_kept() {
    let api = FakeApi::start();
    let console = api.console();
    let foreign = json!({"issuer": "https://other.example"});
    for (status, body) in [(404, &json!({})), (200, &foreign), (200, &json!([]))] {
        api.says("GET", DESCRIPTION, status, body);
        assert_eq!(begin(&console, "170200126", "").await.status, 503, "{body}");
    }
    assert_eq!(asked(&api), 3);
    api.says("GET", DESCRIPTION, 200, &description(&api));
    for (minutes, times) in [(0, 4), (0, 4), (4, 4), (1, 5), (-6, 6)] {
        api.pass(SignedDuration::from_mins(minutes));
        assert_eq!((begin(&console, "170200126", "").await.status, asked(&api)), (200, times));
    }
}

#[tokio::test]
async fn the_issuers_description_is_read_up_to_its_limit() {
    for (more, status) in [(0, 200), (1, 503)] {
        for has_length in [true, false] {
            let api = FakeApi::start();
            let text = description(&api).to_string();
            let body = " ".repeat(DOCUMENT_MAX_BYTES + more - text.len()) + &text;
            api.says_text("GET", DESCRIPTION, body, has_length);
            assert_eq!(begin(&api.console(), "170200126", "").await.status, status, "{more} {has_length}");
        }
    }
    let api = FakeApi::start();
    api.says("GET", DESCRIPTION, ENDLESS, &json!({}));
    let page = begin(&api.console(), "170200126", "").await;
    assert_eq!(page.status, 503);
    assert_says(&page.body, &["Your company's sign-in does not respond"]);
    // The buffers of two sockets hold a part of it.
    assert!(api.taken() < 16_000_000, "{}", api.taken());
}

/// A person begins, and comes back from the issuer with a code.
pub(super) async fn come_back(api: &FakeApi) -> Shown {
    come_back_at(api, &api.console(), "170200126", "").await
}

/// The same at a merchant, in a browser that has these cookies.
pub(super) async fn come_back_at(api: &FakeApi, console: &Console, merchant: &str, cookies: &str) -> Shown {
    api.says("GET", DESCRIPTION, 200, &description(api));
    let begun = begin(console, merchant, cookies).await;
    let of_address = |name: &str| {
        let (_, rest) = begun.body.split_once(&format!("{name}=")).unwrap();
        rest.split('&').next().unwrap().to_owned()
    };
    let claims = BASE64_URL_SAFE_NO_PAD.encode(json!({"nonce": of_address("nonce")}).to_string());
    api.says("POST", "/token", 200, &json!({"id_token": format!("h.{claims}.s")}));
    let cookies = format!("{cookies}; {}", begun.cookies[0].split(';').next().unwrap());
    let path = format!("/callback?code=c&state={}", of_address("state"));
    send(console, request("GET", &path).header("cookie", cookies).body(Body::Empty).unwrap()).await
}

#[tokio::test(start_paused = true)]
async fn a_sign_in_waits_while_tokens_are_limited_and_its_code_is_sent_once() {
    let api = FakeApi::start();
    api.says("POST", "/oauth/access_token", 200, &token());
    api.is_busy("POST /oauth/access_token", 429, None, 2);
    let page = come_back(&api).await;
    assert_eq!((page.status, page.location.as_str()), (303, "/170200126/payments"));
    let posts = |path: &str| api.requests().iter().filter(|request| request.starts_with(path)).count();
    assert_eq!((posts("POST /token"), posts("POST /oauth/access_token")), (1, 3));

    // The sign-in counted once, so a person who tries it again begins anew.
    api.is_busy("POST /oauth/access_token", 429, Some("60"), 1);
    let page = come_back(&api).await;
    assert_eq!((page.status, page.retry_after.as_str()), (503, "60"));
    assert!(page.body.contains(r#"href="/">Try again"#), "{}", page.body);

    let api = FakeApi::start();
    api.is_busy("POST /token grant_type", 429, None, usize::MAX);
    let page = come_back(&api).await;
    assert_eq!(page.status, 503);
    assert_says(&page.body, &["Your company's sign-in does not respond"]);
    let codes = api.requests().iter().filter(|request| request.starts_with("POST /token")).count();
    assert_eq!(codes, 1);
}
