//! Bodies that are longer than any form, that are none, and responses that have no end.

use lambda_http::{Body, http::Request};
use serde_json::{Value, json};

use super::{
    act::FORM as REFUND,
    api, assert_says, bodies,
    fake::{ENDLESS, FakeApi, Shown, URL, send},
    sign_in::description,
};
use crate::{
    api::{BODY_MAX_BYTES, address},
    web::{BACK_MAX_BYTES, FORM, PAGE_FORM_MAX_BYTES},
};

/// The paths of every kind: of strangers and of people, of forms, pages, files and none at all.
const PATHS: [&str; 9] = [
    "/",
    "/sign-in",
    "/sign-out",
    "/callback",
    "/assets/icon.svg",
    "/170200126/payments",
    "/170200126/payments.csv",
    REFUND,
    "/nowhere",
];

async fn sent(api: &FakeApi, method: &str, path: &str, content_type: &str, body: Body) -> Shown {
    let request = Request::builder().method(method).uri(format!("{URL}{path}")).header("origin", URL);
    send(&api.console(), request.header("content-type", content_type).body(body).unwrap()).await
}

#[tokio::test]
async fn a_body_longer_than_any_form_is_refused_at_every_address() {
    let api = FakeApi::start();
    for method in ["GET", "HEAD", "POST", "PUT", "DELETE"] {
        for path in PATHS {
            for content_type in [FORM, "application/json", ""] {
                let long = "a=1&".repeat(PAGE_FORM_MAX_BYTES / 4) + "b";
                for body in [Body::Text(long.clone()), Body::Binary(long.into_bytes())] {
                    let page = sent(&api, method, path, content_type, body).await;
                    assert_eq!(page.status, 413, "{method} {path} {content_type}");
                }
            }
            let page = sent(&api, method, path, FORM, "a=1&".repeat(PAGE_FORM_MAX_BYTES / 4).into()).await;
            assert_ne!(page.status, 413, "{method} {path}");
        }
    }
    let page = sent(&api, "POST", REFUND, FORM, "x".repeat(PAGE_FORM_MAX_BYTES + 1).into()).await;
    assert_says(&page.body, &["This is too much text Nothing was changed. Please write less. Try again"]);
    assert!(page.body.contains(&format!("href=\"{REFUND}\"")));
}

#[tokio::test]
async fn a_body_that_is_no_form_is_refused_at_every_address() {
    let api = FakeApi::start();
    for path in PATHS {
        for content_type in ["", "application/json", "multipart/form-data; boundary=x", "text/plain"] {
            let page = sent(&api, "POST", path, content_type, "merchant=1".into()).await;
            assert_eq!(page.status, 415, "{path} {content_type}");
            assert_says(&page.body, &["The body of the request is no form."]);
            assert_ne!(sent(&api, "POST", path, content_type, Body::Empty).await.status, 415, "{path}");
        }
        for content_type in [FORM, "Application/X-WWW-Form-Urlencoded ; charset=UTF-8"] {
            assert_ne!(sent(&api, "POST", path, content_type, "a=1".into()).await.status, 415, "{path}");
        }
    }
}

/// The longest address of a page that is gone back to, as browsers encode it: mostly letters that
/// are encoded already.
#[tokio::test]
async fn the_longest_form_of_a_page_is_no_longer_than_the_limit() {
    let typed = "\u{df}".repeat(BACK_MAX_BYTES / 6 - 20);
    let back = address("/170200126/payments", &[("q", typed.as_str()), ("ended", "yes")]);
    assert!((BACK_MAX_BYTES - 150..BACK_MAX_BYTES).contains(&back.len()), "{}", back.len());
    let form = [("merchant", "170200126"), ("back", &back)];
    let form = form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
    assert!((9_500..PAGE_FORM_MAX_BYTES).contains(&form.len()), "{}", form.len());
    let api = FakeApi::start();
    api.says("GET", "/.well-known/openid-configuration", 200, &description(&api));
    assert_eq!(sent(&api, "POST", "/sign-in", FORM, form.into()).await.status, 200);
    // The longest texts that the API takes, in letters of four bytes.
    let longest = "\u{1f600}".repeat(1_000);
    let form = form_urlencoded::Serializer::new(String::new()).append_pair("note", &longest).finish();
    assert!(form.len() + 500 < PAGE_FORM_MAX_BYTES, "{}", form.len());
}

/// JSON of so many bytes.
fn json_of(value: &Value, bytes: usize) -> String {
    let text = value.to_string();
    " ".repeat(bytes - text.len()) + &text
}

#[tokio::test]
async fn a_response_is_read_up_to_its_limit_whether_or_not_it_states_a_length() {
    for (more, status) in [(0, 200), (1, 503)] {
        for has_length in [true, false] {
            let api = api("read");
            let body = json_of(&bodies::me("read"), BODY_MAX_BYTES + more);
            api.says_text("GET", "/v2/me", body, has_length);
            let empty = json!({"since": "2026-10-27T12:00:00Z", "until": "2026-11-26T12:00:00Z",
                "journal": {"newest_entry_at": null}});
            let empty = bodies::page(&[], &empty);
            api.says("GET", "/v2/transactions", 200, &empty);
            assert_eq!(api.get("/170200126/payments").await.status, status, "{more} {has_length}");
        }
    }
    let api = api("read");
    api.says("GET", "/v2/me", ENDLESS, &json!({}));
    assert_eq!(api.get("/170200126/payments").await.status, 503);
    assert!(api.taken() < 3 * BODY_MAX_BYTES, "{}", api.taken());
}
