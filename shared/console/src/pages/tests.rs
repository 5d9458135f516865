//! Pages as a browser gets them, over an API with the responses that a test sets.

mod act;
mod attention;
mod bodies;
mod busy;
mod days;
mod deposits;
mod fake;
mod fixtures;
mod limits;
mod merchants;
mod month;
mod payment;
mod payments;
mod settle;
mod sign_in;
mod unreadable;

use serde_json::json;

use bodies::{me, payment as paid, refusal};
use fake::FakeApi;

/// Content that must stay text wherever others can put it.
const HOSTILE: &str = "<script>alert(1)</script> \"><img src=x onerror=alert(1)> ' \u{202e}txet";

/// Checks that a page has none of the content that is forbidden in every page of the console.
fn checked(html: &str) -> &str {
    for forbidden in ["<script", "<img", " style=", "javascript:", "\u{202e}"] {
        assert!(!html.contains(forbidden), "{forbidden} in {html}");
    }
    let tags = html.split('<').filter_map(|tag| tag.split_once('>')).map(|(tag, _)| tag);
    for tag in tags {
        // Texts within attributes are between quotes: the parts outside of them are the names.
        let names = tag.split('"').step_by(2).collect::<String>();
        assert!(!names.contains(" on"), "a handler in <{tag}>");
    }
    html
}

/// The text of a page, without tags, on one line.
fn words_of(html: &str) -> String {
    let main = html.split_once("<main").map_or(html, |(_, main)| main);
    let text = main.split('<').filter_map(|tag| tag.split_once('>')).map(|(_, text)| text);
    let text = text.collect::<Vec<_>>().join(" ").replace("&#39;", "'").replace("&#34;", "\"");
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// That a page says each of these sentences.
fn assert_says(html: &str, sentences: &[&str]) {
    let words = words_of(checked(html));
    for sentence in sentences {
        assert!(words.contains(sentence), "{sentence:?} is not in {words}");
    }
}

/// An API that knows the person.
fn api(role: &str) -> FakeApi {
    let api = FakeApi::start();
    api.says("GET", "/v2/me", 200, &me(role));
    api
}

#[tokio::test]
async fn a_page_says_that_payments_are_stopped_and_that_no_real_money_moves() {
    let api = api("read");
    let mut stopped = me("read");
    stopped["data"]["payments"]["stopped"] = json!(true);
    stopped["data"]["payments"]["captures_paused"] = json!(true);
    api.says("GET", "/v2/me", 200, &stopped);
    payment::shown(&api, &paid("paid", &[]));
    let html = api.get(payment::PAGE).await.body;
    assert!(html.contains("Test mode: no real money moves"));
    assert!(html.contains("Payments are stopped."));
    assert!(html.contains("Scheduled captures are paused."));
    assert!(html.contains("<title>[Test] $25.99, Paid · Umbrella &#38; Sons</title>"), "{html}");
}

#[tokio::test]
async fn a_page_says_why_the_api_refused_and_what_to_quote() {
    let api = api("read");
    api.says(
        "GET",
        "/v2/orders/UM-1/transactions/01a209fe-7ea0-47a8-b0f7-b059e208297d",
        400,
        &refusal("invalid_value", HOSTILE),
    );
    let page = api.get(payment::PAGE).await;
    assert_eq!(page.status, 400);
    assert!(page.body.contains("This cannot be shown") && page.body.contains("<code>r-1</code>"));
    assert!(!page.body.contains("<script"));
}
