//! A simulator on a port of its own, and a client that speaks to it.

use std::sync::Once;

use cardpointe_simulator::{Config, Merchant, Server, Settings};
use jiff::Timestamp;
use reqwest::{Client, Method, RequestBuilder, StatusCode};
use serde_json::{Map, Value, json};
use tokio::net::TcpListener;

pub(crate) const MID: &str = Config::DEFAULT_MID;
pub(crate) const RPCT: &str = "496480518000";

/// A card that is approved, and the one whose response is "Insufficient funds".
pub(crate) const VISA: &str = "4111111111111111";
pub(crate) const POOR_VISA: &str = "4387751111111053";

pub(crate) struct Gateway {
    pub(crate) simulator: Server,
    client: Client,
}

/// Responses carry noise, as by default: no test may depend on order or on the absence of members.
pub(crate) async fn start() -> Gateway {
    start_with(Config::default()).await
}

/// A gateway whose clock stands still until a test moves it.
pub(crate) async fn start_at(time: Timestamp) -> Gateway {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    Gateway { simulator: Server::start_at(listener, Config::default(), move || time), client: client() }
}

pub(crate) async fn start_with(config: Config) -> Gateway {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    Gateway { simulator: Server::start(listener, config), client: client() }
}

/// A gateway whose default merchant account is set up like this.
pub(crate) async fn start_merchant(settings: Settings) -> Gateway {
    let mut config = Config::default();
    let merchant: &mut Merchant = config.merchants.first_mut().unwrap();
    merchant.settings = settings;
    start_with(config).await
}

pub(crate) fn client() -> Client {
    static PROVIDER: Once = Once::new();
    PROVIDER.call_once(|| rustls::crypto::ring::default_provider().install_default().unwrap());
    let roots = rustls::RootCertStore::empty();
    let tls = rustls::ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
    Client::builder().no_proxy().tls_backend_preconfigured(tls).build().unwrap()
}

impl Gateway {
    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let url = format!("{}{path}", self.simulator.base_url());
        self.client.request(method, url).basic_auth("testing", Some("testing123"))
    }

    pub(crate) fn control(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, format!("{}{path}", self.simulator.control_url()))
    }

    /// PUTs to an endpoint; the default merchant account unless the body names another.
    pub(crate) async fn put(&self, endpoint: &str, body: Value) -> Value {
        let response = self.send(endpoint, body).await.unwrap();
        assert_eq!(response.status(), StatusCode::OK);
        response.json().await.unwrap()
    }

    pub(crate) async fn send(&self, endpoint: &str, body: Value) -> reqwest::Result<reqwest::Response> {
        let body = with_defaults(body, json!({ "merchid": MID }));
        self.request(Method::PUT, &format!("/{endpoint}")).json(&body).send().await
    }

    /// Authorizes 10.00 on an approved card, with the changes of `change`.
    pub(crate) async fn auth(&self, change: Value) -> Value {
        let sale = json!({ "account": VISA, "expiry": "1249", "amount": "10.00" });
        self.put("auth", with_defaults(change, sale)).await
    }

    /// An approved authorization's reference.
    pub(crate) async fn authorized(&self, change: Value) -> String {
        let answer = self.auth(change).await;
        assert_eq!(answer["respstat"], "A", "{answer}");
        text(&answer, "retref")
    }

    /// A captured and settled sale's reference.
    pub(crate) async fn settled(&self, amount: &str, order_id: &str) -> String {
        let retref = self.authorized(json!({ "amount": amount, "capture": "Y", "orderid": order_id })).await;
        self.simulator.settle();
        retref
    }

    pub(crate) async fn get(&self, path: &str) -> Value {
        let response = self.request(Method::GET, path).send().await.unwrap();
        assert_eq!(response.status(), StatusCode::OK);
        response.json().await.unwrap()
    }

    pub(crate) async fn inquire(&self, retref: &str) -> Value {
        self.get(&format!("/inquire/{retref}/{MID}")).await
    }

    pub(crate) async fn by_order_id(&self, order_id: &str) -> Value {
        self.get(&format!("/inquireByOrderid/{order_id}/{MID}/1")).await
    }

    pub(crate) async fn post_control(&self, path: &str, body: Value) -> (StatusCode, Value) {
        let response = self.control(Method::POST, path).json(&body).send().await.unwrap();
        (response.status(), response.json().await.unwrap())
    }
}

pub(crate) fn text(answer: &Value, name: &str) -> String {
    answer[name].as_str().unwrap_or_else(|| panic!("no {name} in {answer}")).to_owned()
}

/// Asserts some members of a response at once.
#[track_caller]
pub(crate) fn assert_members(answer: &Value, expected: Value) {
    let expected: Map<String, Value> = serde_json::from_value(expected).unwrap();
    for (name, value) in &expected {
        assert_eq!(answer.get(name), Some(value), "{name} in {answer}");
    }
}

fn with_defaults(body: Value, defaults: Value) -> Value {
    let mut merged: Map<String, Value> = serde_json::from_value(defaults).unwrap();
    merged.extend(serde_json::from_value::<Map<String, Value>>(body).unwrap());
    merged.into()
}

/// An object without the members that the test system's noise has added.
pub(crate) fn without_noise(answer: &Value) -> Value {
    let is_noise = |name: &str, value: &Value| {
        let words =
            |value: &Value| value.as_str().is_some_and(|word| word.bytes().all(|b| b.is_ascii_lowercase()));
        let is_word = (9..=14).contains(&name.len()) && name.bytes().all(|b| b.is_ascii_lowercase());
        is_word
            && match value {
                Value::String(_) => words(value),
                Value::Object(members) => members.values().all(words),
                Value::Array(values) => values.iter().all(words),
                _ => false,
            }
    };
    let members = answer.as_object().unwrap().iter().filter(|(name, value)| !is_noise(name, value));
    members.map(|(name, value)| (name.clone(), value.clone())).collect::<Map<_, _>>().into()
}
