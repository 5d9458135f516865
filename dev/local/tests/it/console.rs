//! The console as a browser sees it: sign-in, the end of a session, forged requests, and the data
//! that is kept.

use std::collections::BTreeMap;

use base64::prelude::{BASE64_STANDARD, Engine};
use local::{Stack, dynamodb_client, issuer::PEOPLE, merchants};
use regex::Regex;
use reqwest::{
    Method,
    header::{COOKIE, HeaderMap, LOCATION, ORIGIN, SET_COOKIE},
    redirect::Policy,
};
use serde_json::{Value, json};
use tollgate::source::Front;

use crate::{function::Function, inventory::watch::Watch, settlement, shop::Shop, sign_in};

/// The cookies, as the browser is told to call them.
const SESSION: &str = "__Host-session-170200123";
const SIGN_IN: &str = "__Host-sign-in";

const MINUTE_S: i64 = 60;

/// A browser with its cookies, at the console of a stack. A clone is another tab of it.
#[derive(Clone)]
pub(crate) struct Visitor {
    url: String,
    merchant: String,
    pub(crate) cookies: BTreeMap<String, String>,
    /// The token of the last page's forms.
    pub(crate) csrf: String,
    client: reqwest::Client,
}

/// A response as a browser gets it.
pub(crate) struct Page {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) html: String,
}

impl Page {
    /// Where it leads.
    pub(crate) fn location(&self) -> &str {
        self.headers.get(LOCATION).map(|to| to.to_str().unwrap()).unwrap_or_default()
    }

    /// Where the button of a page leads that has one, such as to the issuer.
    pub(crate) fn button(&self) -> String {
        assert_eq!(self.status, 200, "{}", self.html);
        let link = Regex::new(r#"<a class="button primary" href="([^"]+)""#).unwrap();
        link.captures(&self.html).unwrap()[1].replace("&#38;", "&")
    }

    /// Every response has these headers.
    fn assert_protected(&self) {
        let header = |name: &str| self.headers.get(name).map_or("", |value| value.to_str().unwrap());
        let policy = header("content-security-policy");
        for part in ["default-src 'none'", "form-action 'self'", "frame-ancestors 'none'", "base-uri 'none'"]
        {
            assert!(policy.contains(part), "{policy}");
        }
        assert!(!policy.contains("script-src") && !policy.contains("unsafe"), "{policy}");
        for (name, value) in [
            // Anything stricter has browsers send our own forms without their origin.
            ("referrer-policy", "same-origin"),
            ("x-content-type-options", "nosniff"),
            ("x-frame-options", "DENY"),
            ("strict-transport-security", "max-age=63072000"),
            ("cross-origin-opener-policy", "same-origin"),
        ] {
            assert_eq!(header(name), value);
        }
        assert!(self.headers.get("access-control-allow-origin").is_none());
        assert!(!self.html.contains("<script"), "{}", self.html);
        if !header("content-type").starts_with("text/css") && !header("content-type").starts_with("image/") {
            assert_eq!(header("cache-control"), "no-store");
        }
        for cookie in self.headers.get_all(SET_COOKIE).iter().map(|cookie| cookie.to_str().unwrap()) {
            assert!(
                cookie.starts_with("__Host-") && cookie.contains("; Path=/; Secure; HttpOnly; SameSite=Lax")
            );
        }
    }
}

impl Visitor {
    /// Somebody who has not signed in, of this merchant.
    pub(crate) fn new(stack: &Stack, merchant: &str) -> Self {
        let client = reqwest::Client::builder().redirect(Policy::none()).no_proxy().build().unwrap();
        let (url, merchant) = (stack.console_url().to_owned(), merchant.to_owned());
        Self { url, merchant, cookies: BTreeMap::new(), csrf: String::new(), client }
    }

    /// A path below the merchant's id.
    pub(crate) fn path(&self, page: &str) -> String {
        format!("/{}/{page}", self.merchant)
    }

    /// One request to the console with these headers besides the cookies, which are kept as a
    /// browser does.
    pub(crate) async fn send(
        &mut self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        form: &[(&str, &str)],
    ) -> Page {
        let mut request = self.client.request(method.clone(), format!("{}{path}", self.url));
        let cookies: Vec<_> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        request = request.header(COOKIE, cookies.join("; "));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if method == Method::POST {
            let form = form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
            request = request.header("content-type", "application/x-www-form-urlencoded").body(form);
        }
        let response = request.send().await.unwrap();
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let page = Page { status, headers, html: response.text().await.unwrap() };
        page.assert_protected();
        for cookie in page.headers.get_all(SET_COOKIE).iter().map(|cookie| cookie.to_str().unwrap()) {
            let (name, value) = cookie.split(';').next().unwrap().split_once('=').unwrap();
            if cookie.contains("Max-Age=0") {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
        let token = Regex::new(r#"name="csrf" value="([^"]+)""#).unwrap();
        if let Some(found) = token.captures(&page.html) {
            found[1].clone_into(&mut self.csrf);
        }
        page
    }

    /// Looks at a page, without following where it leads.
    pub(crate) async fn get(&mut self, path: &str) -> Page {
        self.send(Method::GET, path, &[], &[]).await
    }

    /// Sends a form of the page that was looked at last, as a browser does.
    pub(crate) async fn post(&mut self, path: &str, form: &[(&str, &str)]) -> Page {
        let (url, csrf) = (self.url.clone(), self.csrf.clone());
        let form = [form, &[("csrf", &csrf)]].concat();
        let headers = [(ORIGIN.as_str(), url.as_str()), ("sec-fetch-site", "same-origin")];
        self.send(Method::POST, path, &headers, &form).await
    }

    /// Begins to sign in, and returns the issuer's address.
    pub(crate) async fn begin(&mut self) -> String {
        let merchant = self.merchant.clone();
        let page = self.post("/sign-in", &[("merchant", &merchant)]).await;
        page.button()
    }

    /// Chooses somebody at the issuer, and returns the path that leads back.
    pub(crate) async fn choose(&self, issuer: &str, person: &str) -> String {
        let chosen = self.client.get(format!("{issuer}&person={person}")).send().await.unwrap();
        assert_eq!(chosen.status(), 303);
        let back = chosen.headers()[LOCATION].to_str().unwrap();
        back.strip_prefix(&self.url).unwrap().to_owned()
    }

    /// Signs in as one of the issuer's people, and returns the page that the console shows then:
    /// the list of payments, or why there is none.
    pub(crate) async fn sign_in(&mut self, person: &str) -> Page {
        let issuer = self.begin().await;
        let back = self.choose(&issuer, person).await;
        let callback = self.get(&back).await;
        if callback.status != 303 {
            return callback;
        }
        let to = callback.location().to_owned();
        self.get(&to).await
    }

    fn session(&self) -> Option<&String> {
        self.cookies.get(SESSION)
    }
}

/// A stack whose first merchant knows the issuer's people, and a visitor of that merchant.
async fn open() -> (Shop, Visitor) {
    let shop = sign_in::open().await;
    shop.register("order-1", 2599).await;
    shop.pay_by_token("order-1", "purchase").await.data(200);
    // The list is read off the journal.
    shop.stack.deliver_stream().await.unwrap();
    let visitor = Visitor::new(&shop.stack, merchants::REGISTERED);
    (shop, visitor)
}

/// The table's keys and attributes, as bytes and in words.
async fn kept(shop: &Shop) -> Vec<String> {
    let client = dynamodb_client(shop.stack.dynamodb_url());
    let items = client.scan().table_name(local::CONSOLE_TABLE_NAME).send().await.unwrap();
    let text = |item: &std::collections::HashMap<_, aws_sdk_dynamodb::types::AttributeValue>| {
        let sealed = item["d"].as_b().unwrap().as_ref();
        format!(
            "{} {} {}",
            item["b"].as_s().unwrap(),
            item["x"].as_n().unwrap(),
            String::from_utf8_lossy(sealed)
        )
    };
    items.items().iter().map(text).collect()
}

#[tokio::test]
async fn the_people_whom_a_merchant_knows_sign_in_and_nobody_else() {
    let (shop, _) = open().await;
    for person in &PEOPLE {
        let mut visitor = Visitor::new(&shop.stack, merchants::REGISTERED);
        assert!(visitor.get("/").await.html.contains("name=\"merchant\""));
        let page = visitor.sign_in(person.id).await;
        if person.role.is_some() {
            assert_eq!(page.status, 200, "{}", page.html);
            assert!(page.html.contains(person.name) && page.html.contains("order-1"), "{}", page.html);
            // The way home leads to the payments.
            assert_eq!(visitor.get("/").await.location(), visitor.path("payments"));
        } else {
            assert_eq!(page.status, 403, "{}", page.html);
            assert_eq!(visitor.session(), None);
        }
    }
    let mut elsewhere = Visitor::new(&shop.stack, merchants::EXTERNAL);
    assert_eq!(elsewhere.sign_in("eve").await.status, 403, "another merchant does not know her");
    shop.close().await;
}

#[tokio::test]
async fn a_refused_sign_in_does_not_tell_whether_there_is_such_a_merchant() {
    let (shop, _) = open().await;
    let visitors = [merchants::EXTERNAL, merchants::RAPID_CONNECT];
    let mut visitors = visitors.map(|merchant| Visitor::new(&shop.stack, merchant));
    let issuers = [visitors[0].begin().await, visitors[1].begin().await];
    // The local form refuses an unknown merchant at once, so this one is removed meanwhile.
    shop.stack.secrets().remove(&merchants::secret_name(merchants::RAPID_CONNECT));
    let watch = Watch::over("info");
    let mut refused = Vec::new();
    for (visitor, issuer) in visitors.iter_mut().zip(issuers) {
        let back = visitor.choose(&issuer, "eve").await;
        let mut page = visitor.get(&back).await;
        for name in ["apigw-requestid", "date"] {
            page.headers.remove(name);
        }
        let requests = watch.lines().iter().filter(|(line, _)| line.contains("request answered")).count();
        refused.push((page.status, page.headers, page.html, requests));
    }
    refused[1].3 -= refused[0].3;
    assert!(refused[0].2.contains("You cannot sign in here") && refused[0].3 > 1, "{refused:?}");
    assert_eq!(refused[0], refused[1]);
    shop.close().await;
}

#[tokio::test]
async fn a_callback_counts_once_in_the_browser_that_it_is_for_and_from_the_issuer_alone() {
    let (shop, mut visitor) = open().await;
    let issuer = visitor.begin().await;
    let back = visitor.choose(&issuer, "ann").await;
    let mut another = Visitor::new(&shop.stack, merchants::REGISTERED);
    assert_eq!(another.get(&back).await.status, 400, "without a sign-in of its own");
    another.begin().await;
    assert_eq!(another.get(&back).await.status, 400, "with another's state");
    assert_eq!(another.session(), None);
    let copied = visitor.cookies.clone();
    assert_eq!(visitor.get(&back).await.status, 303);
    let mut again = Visitor::new(&shop.stack, merchants::REGISTERED);
    again.cookies = copied;
    assert_eq!(again.get(&back).await.status, 400, "a second time");
    for (part, other) in [("iss=http", "iss=https"), ("state=", "state=x")] {
        let issuer = again.begin().await;
        let back = again.choose(&issuer, "ann").await;
        assert!(back.contains(part), "{back}");
        assert_eq!(again.get(&back.replace(part, other)).await.status, 400, "{other}");
    }
    // The issuer sends an error back, and no code.
    let issuer = again.begin().await;
    let back = again.choose(&issuer, "ann").await.replace("code=", "error=");
    assert_eq!(again.get(&back).await.status, 403);
    // After ten minutes nobody is expected any more.
    let issuer = again.begin().await;
    shop.stack.advance_clock(10 * MINUTE_S);
    let back = again.choose(&issuer, "ann").await;
    assert_eq!(again.get(&back).await.status, 400);
    assert_eq!(again.session(), None);
    shop.close().await;
}

#[tokio::test]
async fn a_session_cookie_from_before_the_sign_in_is_not_taken_over() {
    let (shop, mut visitor) = open().await;
    let planted = "A".repeat(43);
    visitor.cookies.insert(SESSION.to_owned(), planted.clone());
    assert_eq!(visitor.sign_in("rob").await.status, 200);
    assert_ne!(visitor.session(), Some(&planted));
    let first = visitor.cookies.clone();
    assert_eq!(visitor.sign_in("eve").await.status, 200);
    assert_ne!(visitor.session(), first.get(SESSION));
    // And the one that was replaced has ended.
    let mut replaced = Visitor::new(&shop.stack, merchants::REGISTERED);
    replaced.cookies = first;
    let payments = replaced.path("payments");
    assert_eq!(replaced.get(&payments).await.status, 401);
    shop.close().await;
}

#[tokio::test]
async fn a_forged_form_changes_nothing() {
    let (shop, mut visitor) = open().await;
    let mut another = Visitor::new(&shop.stack, merchants::REGISTERED);
    visitor.sign_in("ann").await;
    another.sign_in("ann").await;
    let payments = visitor.path("payments");
    let (own, theirs) = (visitor.csrf.clone(), another.csrf.clone());
    let url = shop.stack.console_url().to_owned();
    let foreign = [("origin", "https://evil.example")];
    let cross = [("origin", url.as_str()), ("sec-fetch-site", "cross-site")];
    let origin = [("origin", url.as_str())];
    for (headers, csrf) in [
        (&origin[..], ""),
        (&origin, &theirs),
        (&origin, "AAAA"),
        (&[], &own),
        (&foreign, &own),
        (&[("origin", "null")], &own),
        (&cross, &own),
    ] {
        let page = visitor.send(Method::POST, "/sign-out", headers, &[("csrf", csrf)]).await;
        assert_eq!(page.status, 403, "{headers:?} {csrf}");
        assert_eq!(visitor.get(&payments).await.status, 200, "still signed in");
        let exception = visitor.path("exceptions/some");
        let page = visitor.send(Method::POST, &exception, headers, &[("csrf", csrf)]).await;
        assert_eq!(page.status, 403, "{headers:?} {csrf}");
    }
    // Nor does another page begin a sign-in.
    let begun =
        visitor.send(Method::POST, "/sign-in", &foreign, &[("merchant", merchants::REGISTERED)]).await;
    assert_eq!(begun.status, 403);
    assert!(!visitor.cookies.contains_key(SIGN_IN));
    // No two pages have the same token, and each page's counts.
    assert_ne!(visitor.csrf, own);
    assert_eq!(visitor.send(Method::POST, "/sign-out", &origin, &[("csrf", &own)]).await.status, 303);
    shop.close().await;
}

#[tokio::test]
async fn a_session_ends_when_it_is_ended_or_left_or_eight_hours_old() {
    let (shop, mut visitor) = open().await;
    let payments = visitor.path("payments");
    visitor.sign_in("ann").await;
    let mut copy = Visitor::new(&shop.stack, merchants::REGISTERED);
    copy.cookies = visitor.cookies.clone();
    assert_eq!(copy.get(&payments).await.status, 200);
    assert_eq!(visitor.post("/sign-out", &[]).await.location(), "/");
    assert_eq!(visitor.session(), None);
    assert_eq!(copy.get(&payments).await.status, 401, "the copied cookie opens nothing");

    visitor.sign_in("ann").await;
    shop.stack.advance_clock(15 * MINUTE_S + 1);
    assert_eq!(visitor.get(&payments).await.status, 401, "left for 15 minutes");

    visitor.sign_in("ann").await;
    let mut renewed = 0;
    for _ in 0..47 {
        shop.stack.advance_clock(10 * MINUTE_S);
        let page = visitor.get(&payments).await;
        if page.status == 303 {
            renewed += 1;
            let back = visitor.choose(page.location(), "ann").await;
            assert_eq!(visitor.get(&back).await.location(), payments);
        }
    }
    assert!(renewed > 20, "{renewed}");
    shop.stack.advance_clock(10 * MINUTE_S + 1);
    assert_eq!(
        visitor.get(&payments).await.status,
        401,
        "eight hours old, however often the token was renewed"
    );
    shop.close().await;
}

#[tokio::test]
async fn with_another_token_somebody_comes_back_to_the_same_page_and_without_the_account_to_none() {
    let (shop, mut visitor) = open().await;
    visitor.sign_in("ann").await;
    let page = visitor.path("payments?state=held&q=order%2D1");
    shop.stack.advance_clock(10 * MINUTE_S);
    assert_eq!(visitor.get(&page).await.status, 200);
    shop.stack.advance_clock(6 * MINUTE_S);
    let away = visitor.get(&page).await;
    assert!(away.status == 303 && away.location().starts_with(shop.stack.issuer().unwrap()));
    let back = visitor.choose(away.location(), "ann").await;
    assert_eq!(visitor.get(&back).await.location(), page);
    assert_eq!(visitor.get(&page).await.status, 200);

    // After a form it is a page that leads there: browsers would not follow a redirect.
    shop.stack.advance_clock(14 * MINUTE_S + 50);
    let exception = visitor.path("exceptions/some");
    let sent = visitor.post(&exception, &[("note", "x")]).await;
    assert!(sent.status == 200 && sent.html.contains("http-equiv=\"refresh\""), "{}", sent.html);

    // Somebody else's address is no page to come back to.
    let host = format!("//{}/payments", merchants::REGISTERED);
    assert_eq!(visitor.get(&host).await.status, 404);
    let account = format!("{}/people/ann", shop.stack.issuer().unwrap());
    let disabled = json!({"disabled": true});
    assert_eq!(crate::support::client().post(account).json(&disabled).send().await.unwrap().status(), 204);
    let away = visitor.get(&page).await;
    let back = visitor.choose(away.location(), "ann").await;
    assert_eq!(visitor.get(&back).await.status, 403);
    shop.close().await;
}

#[tokio::test]
async fn a_link_is_opened_after_the_sign_in_and_no_other_site_or_merchant_is() {
    let (shop, mut visitor) = open().await;
    let link = visitor.path("payments?state=held&q=order%2D1");
    let page = visitor.get(&link).await;
    assert_eq!(page.status, 401);
    let field = |name: &str| {
        let field = Regex::new(&format!(r#"name="{name}" value="([^"]*)""#)).unwrap();
        field.captures(&page.html).unwrap_or_else(|| panic!("{}", page.html))[1].replace("&#38;", "&")
    };
    let (merchant, back) = (field("merchant"), field("back"));
    assert_eq!((&*merchant, &back), (merchants::REGISTERED, &link));
    let payments = visitor.path("payments");
    let long = format!("{link}{}", "x".repeat(6_000));
    for (asked, opened) in [
        (link.as_str(), link.as_str()),
        ("", &payments),
        ("//evil.example/payments", &payments),
        ("/\\evil.example/payments", &payments),
        ("/%2F/evil.example", &payments),
        ("https://evil.example/170200123/payments", &payments),
        ("/170200124/payments", &payments),
        ("/170200123", &payments),
        ("/170200123/\\evil.example", &payments),
        ("/170200123/pay ments", &payments),
        ("/170200123/payments\r\nset-cookie: a=b", &payments),
        ("/170200123/payments\u{202e}", &payments),
        (&long, &payments),
    ] {
        let sent = visitor.post("/sign-in", &[("merchant", merchants::REGISTERED), ("back", asked)]).await;
        let back = visitor.choose(&sent.button(), "ann").await;
        assert_eq!(visitor.get(&back).await.location(), opened, "{asked}");
    }
    assert_eq!(visitor.get(&link).await.status, 200);
    shop.close().await;
}

#[tokio::test]
async fn a_card_number_that_is_looked_for_is_in_no_address_and_in_no_log() {
    let watch = Watch::over("info");
    let (shop, mut visitor) = open().await;
    let (payments, clean) = (visitor.path("payments"), visitor.path("payments?q=1443"));
    let typed = visitor.path("payments?q=4788250000121443");
    assert_eq!(visitor.get(&typed).await.location(), clean, "signed out");
    visitor.sign_in("ann").await;
    assert_eq!(visitor.get(&typed).await.location(), clean);
    let form = [("q", "4788 2500 0012 1443"), ("from", ""), ("to", "")];
    assert_eq!(visitor.post(&payments, &form).await.location(), clean);
    assert_eq!(visitor.get(&clean).await.status, 200);
    let url = shop.stack.console_url().to_owned();
    let forged = visitor.send(Method::POST, &payments, &[(ORIGIN.as_str(), &url)], &form).await;
    assert_eq!(forged.status, 403);
    // A session that has ended meanwhile leads to the same search.
    shop.stack.advance_clock(16 * MINUTE_S);
    let sent = visitor.post(&payments, &form).await;
    let back = visitor.choose(&sent.button(), "ann").await;
    assert_eq!(visitor.get(&back).await.location(), format!("{clean}&ended=yes"));
    let log: String = watch.lines().into_iter().map(|(line, _)| line).collect();
    assert!(log.contains("request answered") && !log.contains("4788"), "{log}");
    shop.close().await;
}

#[tokio::test]
async fn nothing_of_cookies_tokens_and_sign_ins_is_in_the_table_or_the_log() {
    let watch = Watch::over("info");
    let (shop, mut visitor) = open().await;
    let issuer = visitor.begin().await;
    let parameters: BTreeMap<_, _> = form_urlencoded::parse(issuer.split_once('?').unwrap().1.as_bytes())
        .map(|(name, value)| (name.into_owned(), value.into_owned()))
        .collect();
    let mut canaries: Vec<_> = ["state", "nonce"].map(|name| parameters[name].clone()).into();
    canaries.push(visitor.cookies[SIGN_IN].clone());
    let begun = kept(&shop).await;
    assert!(begun.len() == 1 && begun[0].starts_with("sign-in#"), "{begun:?}");
    let back = visitor.choose(&issuer, "eve").await;
    canaries.push(back.split("code=").nth(1).unwrap().split('&').next().unwrap().to_owned());
    visitor.get(&back).await;
    canaries.push(visitor.session().unwrap().clone());
    let page = visitor.path("payments?q=canary-of-a-search");
    visitor.get(&page).await;
    canaries.extend([visitor.csrf.clone(), "canary-of-a-search".to_owned()]);
    // An access token, and the person's names.
    canaries.extend(["eyJ", "Eve", "eve@"].map(str::to_owned));
    let signed_in = kept(&shop).await;
    assert!(signed_in.len() == 1 && signed_in[0].starts_with("session#"), "{signed_in:?}");
    let table = [begun, signed_in].concat().concat();
    let log: String = watch.lines().into_iter().map(|(line, _)| line).collect();
    assert!(log.contains("request answered"), "{log}");
    for canary in &canaries {
        assert!(!table.contains(canary), "{canary} is in the table");
        assert!(!log.contains(canary), "{canary} is in the log");
    }
    // Nor is the name of a sealed member, or the merchant.
    for member in ["access_token", "verifier", merchants::REGISTERED] {
        assert!(!table.contains(member), "{member} is in the table");
    }
    shop.close().await;
}

#[tokio::test]
async fn a_console_without_its_table_or_secret_says_so_and_shows_nothing() {
    let (shop, mut visitor) = open().await;
    visitor.sign_in("rob").await;
    let payments = visitor.path("payments");
    let client = dynamodb_client(shop.stack.dynamodb_url());
    client.delete_table().table_name(local::CONSOLE_TABLE_NAME).send().await.unwrap();
    let page = visitor.get(&payments).await;
    assert_eq!(page.status, 503, "{}", page.html);
    // As a process starts that finds no secret: AWS shows no page of ours, either.
    shop.stack.secrets().remove("tollgate/console");
    shop.stack.cold_start().unwrap();
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    assert_eq!(client.get(shop.stack.console_url()).send().await.unwrap().status(), 500);
    shop.close().await;
}

#[tokio::test]
async fn another_name_of_this_machine_leads_to_the_consoles_address() {
    let (shop, _) = open().await;
    let url = shop.stack.console_url();
    let client = reqwest::Client::builder().redirect(Policy::none()).no_proxy().build().unwrap();
    let port = url.rsplit(':').next().unwrap();
    let get = async |host: &str| {
        client.get(format!("{url}/a?b=c")).header("host", format!("{host}:{port}")).send().await.unwrap()
    };
    let other = get("localhost").await;
    assert_eq!(other.status(), 307);
    assert_eq!(other.headers()[LOCATION], format!("{url}/a?b=c"));
    assert_eq!(get("evil.example").await.status(), 403);
    shop.close().await;
}

#[tokio::test]
async fn every_list_is_a_file_and_who_downloaded_it_is_in_the_audit_trail() {
    let (shop, mut visitor) = open().await;
    settlement::seed(&shop).await;
    visitor.sign_in("rob").await;
    let mut expected = Vec::new();
    for (file, heading, list) in [
        ("payments.csv", "time,", "/v2/transactions"),
        ("attention.csv", "time,", "/v2/attention"),
        ("deposits.csv", "deposit,", "/v2/deposits"),
        ("deposits/d1/lines.csv", "deposit,", "/v2/deposits/d1"),
        ("exceptions.csv", "exception,", "/v2/settlement/exceptions"),
        ("days.csv", "period,", "/v2/reports/totals"),
        ("month.csv", "kind,", "/v2/reports/month"),
    ] {
        let page = visitor.get(&visitor.path(file)).await;
        let begins = format!("\u{feff}{heading}");
        assert!(page.status == 200 && page.html.starts_with(&begins), "{file}: {}", page.html);
        assert_eq!(page.headers["content-type"], "text/csv; charset=utf-8");
        expected.push(format!("\"Rob Reyes\" \"{list}\""));
    }
    let audited = shop.get("/v2/audit?filter=eq(kind,downloaded)").await;
    let words = |one: &Value| format!("{} {}", one["who"]["name"], one["download"]["list"]);
    let mut audited: Vec<_> = audited.data(200).as_array().unwrap().iter().map(words).collect();
    audited.sort();
    expected.sort();
    assert_eq!(audited, expected);
    shop.close().await;
}

/// The deployed binary, which has a start of its own.
#[tokio::test]
async fn the_functions_binary_admits_only_its_front_and_keeps_a_sign_in_in_its_table() {
    let (shop, _) = open().await;
    let secret = "a-secret-of-the-front-of-forty-three-characters";
    let digest = Front::digest(secret);
    let function = Function::start_with("console", &shop.stack, &[("FRONT_SECRET_DIGESTS", &digest)]).await;
    let mut event: Value =
        serde_json::from_str(include_str!("../../../../events/console-first-page.json")).unwrap();
    assert_eq!(function.answer(&event).await["statusCode"], 403);
    event["headers"]["x-front-secret"] = json!(secret);
    let first = function.answer(&event).await;
    assert_eq!(first["statusCode"], 200);
    // A deployed console names no merchant to strangers.
    assert!(first["body"].as_str().unwrap().contains("name=\"merchant\" value=\"\""), "{first}");
    // A form as API Gateway hands it on.
    event["rawPath"] = json!("/sign-in");
    event["requestContext"]["http"]["method"] = json!("POST");
    event["headers"]["origin"] = json!(shop.stack.console_url());
    event["headers"]["content-type"] = json!("application/x-www-form-urlencoded");
    event["body"] = json!(BASE64_STANDARD.encode(format!("merchant={}", merchants::REGISTERED)));
    event["isBase64Encoded"] = json!(true);
    let begun = function.answer(&event).await;
    assert_eq!(begun["statusCode"], 200, "{begun}");
    assert!(begun["cookies"][0].as_str().unwrap().starts_with(SIGN_IN), "{begun}");
    assert!(kept(&shop).await[0].starts_with("sign-in#"));
    drop(function);
    shop.close().await;
}
