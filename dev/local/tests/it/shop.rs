//! A shop, on a stack of its own or on the one that tests share: registers orders, pays, and looks
//! at the outcome.

use std::{
    collections::{BTreeMap, HashMap},
    io::Write,
    sync::{LazyLock, Mutex, Once, PoisonError},
};

use aws_sdk_dynamodb::types::AttributeValue;
use cardpointe_simulator::{AdviceMember, Config, Decline, Endpoint, Fault, FaultKind, Settings};
use local::{Options, Stack, dynamodb_client, merchants};
use regex::Regex;
use reqwest::{Method, StatusCode, header::HeaderMap};
use serde_json::{Value, json};
use tracing_subscriber::fmt::MakeWriter;

use crate::{
    openapi::{DESCRIPTION, Said},
    support::{Place, client, shared},
};

/// The numbers that the tests pay with, from the gateway's published test tables. None may be found
/// anywhere.
pub(crate) const VISA: &str = "4788250000121443";
pub(crate) const MASTERCARD: &str = "5454545454545454";
pub(crate) const AMEX: &str = "371449635398431";
pub(crate) const NO_FUNDS: &str = "4387751111111053";
pub(crate) const WRONG_EXPIRY: &str = "4387751111111046";
pub(crate) const PARTLY_APPROVED: &str = "4387750101010101";
pub(crate) const TIMES_OUT: &str = "4999006200620062";
pub(crate) const SEED_VISA: &str = "4242424242424242";

/// Texts that no test may store or log: card numbers, and secrets that open something, as they
/// would show.
const NEVER_KEPT: [&str; 18] = [
    VISA,
    MASTERCARD,
    AMEX,
    NO_FUNDS,
    WRONG_EXPIRY,
    PARTLY_APPROVED,
    TIMES_OUT,
    SEED_VISA,
    merchants::REGISTERED_KEY,
    merchants::EXTERNAL_KEY,
    merchants::RAPID_CONNECT_KEY,
    merchants::TOKEN_SIGNING_KEY,
    // The gateway's password, and with its user as it is sent.
    "testing123",
    "dGVzdGluZzp0ZXN0aW5nMTIz",
    // An access token.
    "eyJ",
    "cvv2",
    "verification_value",
    "security_code",
];

/// One of those, or a security code as a text, plain or within a quoted text: bare, four digits may
/// be a port or a length. One search for all: it reads every line of every test.
static SECRET: LazyLock<Regex> = LazyLock::new(|| {
    let codes = [format!("\"{AMEX_CODE}\""), format!("\\\"{AMEX_CODE}\\\""), format!("'{AMEX_CODE}'")];
    let all = NEVER_KEPT.iter().copied().chain(codes.iter().map(String::as_str));
    Regex::new(&all.map(regex::escape).collect::<Vec<_>>().join("|")).unwrap()
});

/// A security code that is looked for in everything that is stored and logged.
pub(crate) const AMEX_CODE: &str = "7391";

/// The profile that the simulator knows, as the seed writes it.
pub(crate) const STORED_CARD: &str = "1|16178397535388255208";

pub(crate) struct Shop {
    pub(crate) stack: Place,
    client: reqwest::Client,
    token: String,
    /// Deposits that the settlement has read, by id: a report goes on having them.
    pub(crate) deposits: std::sync::Mutex<std::collections::BTreeMap<String, Value>>,
}

pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Value,
}

impl Answer {
    /// The response's data, which has to be there with this status.
    pub(crate) fn data(&self, status: u16) -> &Value {
        assert_eq!(self.status, status, "{}", self.body);
        &self.body["data"]
    }

    /// The response's only error, which has to have this status and code.
    pub(crate) fn error(&self, status: u16, code: &str) -> &Value {
        assert_eq!(self.status, status, "{}", self.body);
        assert_eq!(self.body["errors"].as_array().map(Vec::len), Some(1), "{}", self.body);
        let error = &self.body["errors"][0];
        assert_eq!(error["meta"]["code"], code, "{}", self.body);
        assert_eq!(error["status"], status);
        assert!(error["title"].is_string() && error["detail"].is_string());
        assert!(error["meta"]["request_id"].as_str().is_some_and(|id| !id.is_empty()));
        error
    }

    pub(crate) fn id(&self) -> String {
        self.body["data"]["id"].as_str().unwrap().to_owned()
    }

    pub(crate) fn is_replay(&self) -> bool {
        self.headers.get("idempotent-replayed").is_some_and(|value| value == "true")
    }
}

impl Shop {
    /// A shop on the stack that tests share, for a test that needs no more than a merchant of its
    /// own.
    pub(crate) async fn share() -> Self {
        capture_logs();
        let (stack, id) = shared();
        Self::on(Place::Shared(stack), &id, merchants::REGISTERED_KEY).await
    }

    /// A shop on a stack of its own.
    pub(crate) async fn open() -> Self {
        Self::open_with(json!({})).await
    }

    /// A shop whose merchant's document is changed by a merge patch.
    pub(crate) async fn open_with(patch: Value) -> Self {
        let merchants = BTreeMap::from([(merchants::REGISTERED.to_owned(), patch)]);
        Self::open_as(
            Options { merchants, ..Options::default() },
            merchants::REGISTERED,
            merchants::REGISTERED_KEY,
        )
        .await
    }

    /// A shop of the merchant that keeps its orders elsewhere.
    pub(crate) async fn open_external() -> Self {
        Self::open_as(Options::default(), merchants::EXTERNAL, merchants::EXTERNAL_KEY).await
    }

    pub(crate) async fn open_as(options: Options, id: &str, secret: &str) -> Self {
        capture_logs();
        Self::on(Place::Own(Stack::start(options).await.unwrap()), id, secret).await
    }

    async fn on(stack: Place, id: &str, secret: &str) -> Self {
        let mut shop =
            Self { stack, client: client(), token: String::new(), deposits: std::sync::Mutex::default() };
        let answer = shop.token(id, Some(secret)).await;
        shop.use_token(answer.body["access_token"].as_str().unwrap());
        shop
    }

    pub(crate) async fn token(&self, id: &str, secret: Option<&str>) -> Answer {
        let mut form = vec![("grant_type", "implicit"), ("client_id", id)];
        if let Some(secret) = secret {
            form[0].1 = "client_credentials";
            form.push(("client_secret", secret));
        }
        let form: Vec<String> = form.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let request =
            self.client.post(format!("{}/oauth/access_token", self.stack.url())).body(form.join("&"));
        read(request.header("content-type", "application/x-www-form-urlencoded")).await
    }

    /// The token of a shopper's browser from now on.
    pub(crate) async fn as_shopper(&mut self) {
        let answer = self.token(merchants::REGISTERED, None).await;
        self.use_token(answer.body["access_token"].as_str().unwrap());
    }

    pub(crate) fn use_token(&mut self, token: &str) {
        token.clone_into(&mut self.token);
    }

    /// A token lasts an hour.
    pub(crate) async fn renew_token(&mut self) {
        let token = self.token(merchants::REGISTERED, Some(merchants::REGISTERED_KEY)).await;
        self.use_token(token.body["access_token"].as_str().unwrap());
    }

    pub(crate) fn current_token(&self) -> &str {
        &self.token
    }

    pub(crate) fn client(&self) -> &reqwest::Client {
        &self.client
    }

    /// A request with a body as it is.
    pub(crate) async fn send(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: String,
    ) -> Answer {
        let mut request = self.client.request(method, format!("{}{path}", self.stack.url())).body(body);
        request = request.bearer_auth(&self.token).header("content-type", "application/json");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        read(request).await
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Answer {
        self.send(Method::POST, path, &[], body.to_string()).await
    }

    pub(crate) async fn post_with_key(&self, path: &str, key: &str, body: Value) -> Answer {
        self.send(Method::POST, path, &[("idempotency-key", key)], body.to_string()).await
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send(Method::GET, path, &[], String::new()).await
    }

    pub(crate) async fn put_order(&self, order: &str, data: Value) -> Answer {
        self.send(Method::PUT, &format!("/v2/orders/{order}"), &[], json!({ "data": data }).to_string()).await
    }

    pub(crate) async fn register(&self, order: &str, amount: u64) {
        self.put_order(order, json!({"type": "order", "amount": amount, "currency": "USD"})).await.data(201);
    }

    pub(crate) async fn pay(&self, order: &str, data: Value) -> Answer {
        self.post(&format!("/v2/orders/{order}/payments"), json!({ "data": data })).await
    }

    /// Pays by the stored card.
    pub(crate) async fn pay_by_token(&self, order: &str, method: &str) -> Answer {
        self.pay(order, by_token(method)).await
    }

    /// `capture`, `refund` or `cancel` of a transaction.
    pub(crate) async fn follow_up(&self, order: &str, transaction: &str, what: &str, data: Value) -> Answer {
        self.post(&format!("/v2/orders/{order}/transactions/{transaction}/{what}"), json!({ "data": data }))
            .await
    }

    pub(crate) async fn transactions(&self, order: &str) -> Vec<Value> {
        let answer = self.get(&format!("/v2/orders/{order}/transactions")).await;
        answer.data(200).as_array().unwrap().clone()
    }

    /// All rows of a list, page by page.
    pub(crate) async fn rows(&self, path: &str, query: &[(&str, &str)]) -> Vec<Value> {
        let (mut rows, mut cursor) = (Vec::new(), None::<String>);
        loop {
            let cursor_of_page = cursor.as_deref().map(|cursor| ("page[cursor]", cursor));
            let query = query.iter().copied().chain(cursor_of_page);
            let url = reqwest::Url::parse_with_params("http://x/", query).unwrap();
            let page = self.get(&format!("{path}?{}", url.query().unwrap_or_default())).await;
            rows.extend(page.data(200).as_array().unwrap().iter().cloned());
            if page.body["links"]["next"].is_null() {
                return rows;
            }
            cursor = page.body["meta"]["page"]["cursor"].as_str().map(str::to_owned);
        }
    }

    pub(crate) async fn order(&self, order: &str) -> Value {
        self.get(&format!("/v2/orders/{order}")).await.data(200).clone()
    }

    /// The gateway's entries of one kind that were approved.
    pub(crate) fn ledger(&self, kind: &str) -> Vec<Value> {
        let mut all = self.stack.simulator().transactions();
        all.retain(|entry| entry["kind"] == kind && entry["respstat"] == "A");
        all
    }

    /// Every look-up at the gateway fails, until its faults are cleared: nothing is settled within
    /// its own request.
    pub(crate) fn no_inquiry(&self) {
        for endpoint in [Endpoint::Inquire, Endpoint::InquireByOrderid] {
            let kind = FaultKind::Status { status: 503 };
            self.stack.simulator().fault(Fault { endpoint, kind, times: 10_000 });
        }
    }

    /// Whether the gateway finds refunds by their own order id.
    pub(crate) fn refunds_findable(&self, findable: bool) {
        let settings = Settings { refunds_findable_by_orderid: findable, ..Settings::default() };
        assert!(self.stack.simulator().set_merchant(Config::DEFAULT_MID, settings));
    }

    /// Ends the test: nothing that was stored or logged so far may hold a card number or a security
    /// code.
    pub(crate) async fn close(self) {
        let mut seen = items(self.stack.dynamodb_url()).await.join("\n");
        seen.push('\n');
        // Taken, not copied: every line is looked at once, by whichever test ends next.
        let log = std::mem::take(&mut *LOG.lock().unwrap_or_else(PoisonError::into_inner));
        seen.push_str(&String::from_utf8_lossy(&log));
        if let Some(found) = SECRET.find(&seen) {
            let lines = seen[..found.start()].rfind('\n').map_or(0, |end| end + 1);
            let line: String = seen[lines..].chars().take_while(|&c| c != '\n').take(800).collect();
            panic!("{} was stored or logged: {line}", found.as_str());
        }
        self.stack.stop().await;
    }
}

/// Takes the version out of a shown resource, and returns it; an event has it beside its data.
pub(crate) fn without_version(shown: &mut Value) -> u64 {
    let meta = shown["meta"].as_object_mut().unwrap();
    meta.remove("version").unwrap().as_u64().unwrap()
}

pub(crate) fn by_token(method: &str) -> Value {
    json!({"gateway": "card_connect", "method": method, "payment": STORED_CARD})
}

pub(crate) fn by_card(method: &str, number: &str) -> Value {
    json!({
        "gateway": "card_connect", "method": method, "first_name": "John", "last_name": "Smith",
        "number": number, "month": "10", "year": "2031", "verification_value": "123",
    })
}

/// A decline with everything that a card scheme can say, and this advice to the merchant.
pub(crate) fn advised(code: &str, text: &str) -> Decline {
    Decline::do_not_honor()
        .member(AdviceMember::MerchAdviceCode, code)
        .member(AdviceMember::MerchAdviceText, text)
        .member(AdviceMember::AssocRespCode, "05")
        .member(AdviceMember::AssocRespText, "Do not honor")
        .member(AdviceMember::DeclineCategory, "4")
}

/// A decline of a card that is reported lost, by its scheme's own code.
pub(crate) fn lost_card() -> Decline {
    Decline::do_not_honor().member(AdviceMember::AssocRespCode, "41")
}

/// By card, with some members changed.
pub(crate) fn by_card_with(method: &str, number: &str, changes: &Value) -> Value {
    let mut data = by_card(method, number);
    for (name, value) in changes.as_object().unwrap() {
        data[name] = value.clone();
    }
    data
}

/// The response, which has to be documented.
async fn read(request: reqwest::RequestBuilder) -> Answer {
    let (client, request) = request.build_split();
    let request = request.unwrap();
    let (method, path) = (request.method().clone(), request.url().path().to_owned());
    let response = client.execute(request).await.unwrap();
    let (status, headers) = (response.status(), response.headers().clone());
    let text = response.text().await.unwrap();
    let said = Said {
        method: method.as_str(),
        path: &path,
        status: status.as_u16(),
        headers: headers
            .iter()
            .map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()))
            .collect(),
        body: &text,
    };
    DESCRIPTION.check(&said).unwrap_or_else(|why| {
        panic!("{method} {path} is not answered as documented: {why}\n{status} {text}")
    });
    if headers.get("content-type").is_some_and(|kind| kind.as_bytes().starts_with(b"text/csv")) {
        return Answer { status, headers, body: text.into() };
    }
    // A response without a body.
    if text.is_empty() {
        return Answer { status, headers, body: Value::Null };
    }
    let body: Value =
        serde_json::from_str(&text).unwrap_or_else(|_| panic!("not JSON, status {status}: {text}"));
    for error in body["errors"].as_array().into_iter().flatten() {
        assert_is_a_sentence(error["detail"].as_str().unwrap());
    }
    Answer { status, headers, body }
}

/// A sentence has a subject: it does not begin with its verb.
fn assert_is_a_sentence(detail: &str) {
    const VERBS: [&str; 14] = [
        "is", "are", "was", "must", "may", "has", "have", "holds", "hold", "looks", "look", "does", "names",
        "needs",
    ];
    let first = detail.split(' ').next().unwrap_or_default();
    assert!(!first.is_empty() && !VERBS.contains(&first), "{detail:?} has no subject");
}

/// Everything in the table.
pub(crate) async fn items(dynamodb_url: &str) -> Vec<String> {
    table(dynamodb_url).await.iter().map(|item| format!("{item:?}")).collect()
}

/// The same, to be looked into.
pub(crate) async fn table(dynamodb_url: &str) -> Vec<HashMap<String, AttributeValue>> {
    let scan = dynamodb_client(dynamodb_url).scan().table_name(local::TABLE_NAME);
    let (mut items, mut after) = (Vec::new(), None);
    loop {
        let page = scan.clone().set_exclusive_start_key(after).send().await.unwrap();
        items.extend(page.items.unwrap_or_default());
        after = page.last_evaluated_key;
        if after.is_none() {
            return items;
        }
    }
}

/// Every line that any test of this binary logs, at the most talkative level that can be switched
/// on.
static LOG: Mutex<Vec<u8>> = Mutex::new(Vec::new());

struct ToLog;

impl Write for ToLog {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        LOG.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for ToLog {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        Self
    }
}

fn capture_logs() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let subscriber = tracing_subscriber::fmt().json().with_max_level(tracing::Level::DEBUG);
        subscriber.with_writer(ToLog).init();
    });
}

/// Whether a text has this word, not counting a part of a UUID or of a longer number.
pub(crate) fn has_word(text: &str, word: &str) -> bool {
    let part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    text.match_indices(word)
        .any(|(at, _)| !text[..at].ends_with(part) && !text[at + word.len()..].starts_with(part))
}
