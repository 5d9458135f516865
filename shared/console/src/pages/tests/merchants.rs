//! A browser that is signed in at several merchants, and the choice of another one.

use std::sync::Arc;

use jiff::SignedDuration;
use lambda_http::Body;

use super::{
    assert_says,
    fake::{FakeApi, Shown, send},
    sign_in::{begin, come_back_at, description, request, token},
};
use crate::{
    Console, Directory,
    browser::SESSIONS_MAX,
    seal::{masked, secret},
    session::Session,
    web::{BACK_MAX_BYTES, FORM},
};

struct Browser {
    api: FakeApi,
    console: Console,
    sessions: Vec<Session>,
    cookies: Vec<String>,
}

impl Browser {
    /// Signed in at these merchants, a minute after each other.
    async fn signed_in(merchants: &[&str]) -> Self {
        let api = FakeApi::start();
        let mut browser = Self { console: api.console(), api, sessions: Vec::new(), cookies: Vec::new() };
        for merchant in merchants {
            let session = browser.api.session(merchant);
            let cookie = browser.console.open_session(&session).await.unwrap();
            browser.cookies.push(format!("__Host-session-{merchant}={cookie}"));
            browser.sessions.push(session);
            browser.api.pass(SignedDuration::from_mins(1));
        }
        browser
    }

    async fn send(&self, method: &str, path: &str, form: String) -> Shown {
        let request = request(method, path).header("cookie", self.cookies.join("; "));
        send(&self.console, request.header("content-type", FORM).body(Body::from(form)).unwrap()).await
    }

    async fn get(&self, path: &str) -> Shown {
        self.send("GET", path, String::new()).await
    }

    /// The given merchants at which the browser is signed in, which the API does not know.
    async fn opened<'a>(&self, merchants: &[&'a str]) -> Vec<&'a str> {
        let mut opened = merchants.to_vec();
        for merchant in merchants {
            if self.get(&format!("/{merchant}/payments")).await.status == 401 {
                opened.retain(|one| one != merchant);
            }
        }
        opened
    }
}

/// The merchants whose cookies a response clears.
fn cleared(shown: &Shown) -> Vec<&str> {
    let lines = shown.cookies.iter().filter(|line| line.ends_with("Max-Age=0"));
    lines.filter_map(|line| line.strip_prefix("__Host-session-")?.split('=').next()).collect()
}

#[tokio::test]
async fn a_cookie_opens_its_own_merchant_and_none_under_whose_name_it_is_sent() {
    let mut browser = Browser::signed_in(&["a.b~c", "B"]).await;
    assert_eq!(browser.opened(&["a.b~c", "B"]).await, ["a.b~c", "B"]);
    browser.cookies[1] = browser.cookies[0].replace("-a.b~c=", "-B=");
    assert_eq!(browser.opened(&["a.b~c", "B"]).await, ["a.b~c"]);
    assert_eq!(browser.get("/").await.location, "/a.b~c/payments");
    browser.cookies.remove(0);
    assert_says(&browser.get("/").await.body, &["Sign in Your company"]);
}

#[tokio::test]
async fn the_first_page_leads_to_the_only_merchant_or_lists_those_with_a_session_without_using_them() {
    let browser = Browser::signed_in(&["A", "B"]).await;
    browser.api.pass(SignedDuration::from_mins(12));
    for path in ["/", "/merchants"] {
        assert_says(&browser.get(path).await.body, &["Another merchant Your company", "A B Merchant id"]);
    }
    browser.api.pass(SignedDuration::from_mins(1));
    assert_eq!(browser.get("/").await.location, "/B/payments", "A was left for 15 minutes, B for 14");
    let page = browser.get("/merchants").await.body;
    assert!(page.contains(r#"<a href="/B/payments">"#) && !page.contains("/A/payments"), "{page}");
}

#[tokio::test]
async fn a_merchant_too_many_ends_the_session_left_the_longest_ago_and_planted_cookies_are_not_read() {
    let mut browser = Browser::signed_in(&["1", "2", "3", "4", "5", "6", "7", "8"]).await;
    browser.api.says("POST", "/oauth/access_token", 200, &token());
    assert_eq!(browser.opened(&["1"]).await, ["1"], "used again");
    let cookies = browser.cookies.join("; ");
    for (merchant, ended) in [("9", vec!["2"]), ("5", vec![])] {
        let page = come_back_at(&browser.api, &browser.console, merchant, &cookies).await;
        assert_eq!((&*page.location, cleared(&page)), (&*format!("/{merchant}/payments"), ended));
    }
    assert_eq!(browser.opened(&["1", "2", "3"]).await, ["1", "3"]);
    // They fit beside the longest address and 2,000 bytes of the browser's own headers.
    let longest = format!("__Host-session-{}={}; ", "m".repeat(64), secret().unwrap()).len();
    assert!(BACK_MAX_BYTES + longest * SESSIONS_MAX + 2_000 < 10_240, "{longest}");

    let planted = (0..SESSIONS_MAX).map(|n| format!("__Host-session-p{n}={}", secret().unwrap()));
    browser.cookies.splice(.., planted.chain(["__Host-session-=x".to_owned(), browser.cookies[7].clone()]));
    assert_says(&browser.get("/").await.body, &["Sign in Your company"]);
    assert_eq!(browser.opened(&["8"]).await, ["8"]);
}

#[tokio::test]
async fn signing_out_at_one_merchant_ends_all_sessions_and_a_forged_form_ends_none() {
    let browser = Browser::signed_in(&["A", "B"]).await;
    let form = |session: &Session| format!("csrf={}", masked(&session.csrf).unwrap());
    assert_eq!(browser.send("POST", "/sign-out", form(&browser.api.session("A"))).await.status, 403);
    browser.api.pass(SignedDuration::from_mins(13));
    assert_eq!(browser.opened(&["A", "B"]).await, ["B"], "A was left for 15 minutes");
    let page = browser.send("POST", "/sign-out", form(&browser.sessions[0])).await;
    assert_eq!((page.location.as_str(), cleared(&page)), ("/", vec!["A", "B"]));
    assert_eq!(browser.opened(&["A", "B"]).await, [""; 0], "copies of the cookies");
}

#[derive(Debug)]
struct Here;

impl Directory for Here {
    fn merchants(&self) -> Vec<String> {
        ["A", "B"].map(str::to_owned).into()
    }
}

#[tokio::test]
async fn an_unknown_merchant_is_said_at_its_field_only_where_merchants_may_be_named() {
    let mut browser = Browser::signed_in(&["A"]).await;
    browser.api.says("GET", "/.well-known/openid-configuration", 200, &description(&browser.api));
    assert_eq!(begin(&browser.console, "unknown", "").await.cookies.len(), 1, "a sign-in began");
    browser.console.settings.directory = Some(Arc::new(Here));
    assert_eq!(begin(&browser.console, "B", "").await.cookies.len(), 1);
    let page = begin(&browser.console, "unknown", &browser.cookies[0]).await;
    assert_eq!(page.cookies, [""; 0]);
    assert_says(&page.body, &["Another merchant", "No merchant here has this id. Here are: A, B."]);
    for part in [r#"value="unknown""#, r#"aria-invalid="true" aria-describedby="merchant-error""#] {
        assert!(page.body.contains(part), "{part}: {}", page.body);
    }
}
