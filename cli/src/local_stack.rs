//! A local stack over HTTP, for the commands that act on nothing else: its API as a merchant, the
//! gateway simulator's control interface, and its events as they happen.

use std::{net::IpAddr, time::Duration};

use jiff::Timestamp;
use reqwest::{Method, Url};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Value, json};
use tollgate_wire::{Errors, Single, Token};

use crate::{
    args::{InstallationArguments, LOCAL},
    failure::Failure,
    gateway,
};

/// Longest wait for a response. A payment whose response is lost takes the longest.
const LIMIT: Duration = Duration::from_secs(40);

/// Longest event that is read.
const EVENT_MAX_BYTES: usize = 1024 * 1024;

/// The merchants that commands pay for: orders are registered with their amounts.
const REGISTERED: &str = "registered";

/// A local stack, as its `/_local` describes it.
pub(crate) struct LocalStack {
    client: reqwest::Client,
    /// Where it is, without a slash at the end.
    pub(crate) url: String,
    about: About,
}

/// The members of `GET /_local` that are needed here.
#[derive(Deserialize)]
struct About {
    /// The front that callers come through, if there is one.
    front: Option<String>,
    cardpointe_control: String,
    merchants: Vec<MerchantKey>,
}

/// A merchant of the local stack and its key, which opens nothing outside this machine.
#[derive(Deserialize)]
struct MerchantKey {
    client_id: String,
    client_secret: Option<String>,
    orders: Option<String>,
}

/// The local stack's time.
#[derive(Deserialize)]
struct Time {
    now: Timestamp,
}

/// A transaction in the simulator's ledger.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct LedgerRecord {
    pub(crate) order_id: String,
    pub(crate) retref: String,
    pub(crate) merchid: String,
}

/// A merchant's access to the API.
pub(crate) struct Access {
    pub(crate) merchant: String,
    token: String,
}

impl LocalStack {
    /// The local stack that the arguments name. Nothing but this machine is called.
    pub(crate) async fn find(arguments: &InstallationArguments) -> Result<Self, Failure> {
        let others = [
            ("--table", &arguments.table),
            ("--merchants-prefix", &arguments.merchants_prefix),
            ("--webhooks-prefix", &arguments.webhooks_prefix),
            ("--gateway-hosts", &arguments.gateway_hosts),
            ("--region", &arguments.region),
            ("--stage", &arguments.stage),
        ];
        if let Some((name, _)) = others.into_iter().find(|(_, value)| value.is_some()) {
            return Err(Failure::Input(format!("{name}: this command acts on the local stack only")));
        }
        let url = arguments.local.as_deref().unwrap_or(LOCAL);
        let url = on_this_machine("--local", url)?.as_str().trim_end_matches('/').to_owned();
        let client = gateway::http_client()?;
        let request = client.get(format!("{url}/_local"));
        let about = read(request, "/_local").await.map_err(|failure| {
            Failure::Unavailable(format!(
                "{url}{}; start the local stack with `cargo run`, or name its address: --local=URL",
                failure.text()
            ))
        })?;
        Ok(Self { client, url, about })
    }

    /// Access to the API as a merchant whose orders are registered.
    pub(crate) async fn access(&self) -> Result<Access, Failure> {
        let known = self.about.merchants.iter();
        let mut keys = known.filter(|merchant| merchant.orders.as_deref() == Some(REGISTERED));
        let none =
            || Failure::Unavailable("the local stack has no merchant with registered orders".to_owned());
        let merchant = keys.find(|merchant| merchant.client_secret.is_some()).ok_or_else(none)?;
        let form = format!(
            "grant_type=client_credentials&client_id={}&client_secret={}",
            merchant.client_id,
            merchant.client_secret.as_deref().unwrap_or_default()
        );
        let path = "/oauth/access_token";
        let request = self.client.post(format!("{}{path}", self.api()?)).body(form);
        let request = request.header("content-type", "application/x-www-form-urlencoded");
        let Token { access_token: token, .. } = read(request, path).await?;
        Ok(Access { merchant: merchant.client_id.clone(), token })
    }

    /// Where callers reach the API, without a slash at the end.
    fn api(&self) -> Result<String, Failure> {
        let Some(front) = &self.about.front else { return Ok(self.url.clone()) };
        Ok(on_this_machine("the local stack's front", front)?.as_str().trim_end_matches('/').to_owned())
    }

    /// Calls the API, and returns the response's `data`.
    pub(crate) async fn call<T: DeserializeOwned>(
        &self,
        access: &Access,
        method: Method,
        path: &str,
        data: Option<Value>,
    ) -> Result<T, Failure> {
        let request =
            self.client.request(method, format!("{}{path}", self.api()?)).bearer_auth(&access.token);
        let request = match data {
            Some(data) => request.json(&json!({ "data": data })),
            None => request,
        };
        Ok(read::<Single<T>>(request, path).await?.data)
    }

    /// Tells the simulator of the gateway to do something.
    pub(crate) async fn simulator(&self, path: &str, body: &Value) -> Result<Value, Failure> {
        let control = on_this_machine("cardpointe_control", &self.about.cardpointe_control)?;
        let url = format!("{}{path}", control.as_str().trim_end_matches('/'));
        read(self.client.post(url).json(body), path).await
    }

    /// The contents of the simulator's ledger.
    pub(crate) async fn ledger(&self) -> Result<Vec<LedgerRecord>, Failure> {
        let control = on_this_machine("cardpointe_control", &self.about.cardpointe_control)?;
        let path = "/transactions";
        read(self.client.get(format!("{}{path}", control.as_str().trim_end_matches('/'))), path).await
    }

    /// Invokes a function that runs by schedule.
    pub(crate) async fn invoke(&self, function: &str, event: &Value) -> Result<Value, Failure> {
        let path = format!("/_local/invoke/{function}");
        read(self.client.post(format!("{}{path}", self.url)).json(event), &path).await
    }

    /// Moves the clocks of the stack and of the simulator forward, and returns their time.
    pub(crate) async fn advance_clock(&self, seconds: i64) -> Result<Timestamp, Failure> {
        let (path, body) = ("/_local/clock", json!({ "advance_s": seconds }));
        Ok(read::<Time>(self.client.post(format!("{}{path}", self.url)).json(&body), path).await?.now)
    }

    /// Events from now on.
    pub(crate) async fn follow(&self) -> Result<EventStream, Failure> {
        let url = format!("{}/_local/events?follow=new", self.url);
        let response = self.client.get(url).send().await.and_then(reqwest::Response::error_for_status);
        let response = response.map_err(|error| unavailable("/_local/events", gateway::in_a_word(&error)))?;
        Ok(EventStream { response, unread: Vec::new() })
    }
}

/// A URL of this machine; the error names the argument.
pub(crate) fn on_this_machine(name: &str, text: &str) -> Result<Url, Failure> {
    let wrong = |why: &str| Failure::Input(format!("{name}: {why}"));
    // As curl takes it.
    let text = if text.contains("://") { text.to_owned() } else { format!("http://{text}") };
    let url: Url = text.parse().map_err(|_| wrong("not a URL"))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(wrong("expected http or https"));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(wrong("may hold no user name or password"));
    }
    let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']);
    let is_loopback = host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback());
    if host != "localhost" && !is_loopback {
        return Err(wrong("not an address of this machine; the command is for the local stack only"));
    }
    Ok(url)
}

async fn read<T: DeserializeOwned>(request: reqwest::RequestBuilder, path: &str) -> Result<T, Failure> {
    let response = request.timeout(LIMIT).send().await;
    let response = response.map_err(|error| unavailable(path, gateway::in_a_word(&error)))?;
    let status = response.status();
    if !status.is_success() {
        let body: Value = gateway::json(response).await.unwrap_or_default();
        let errors = Errors::deserialize(&body).map(|failed| failed.errors).unwrap_or_default();
        let detail = errors.first().map(|error| error.detail.as_str());
        // A control interface has no such envelope.
        let why = detail.or(body.get("error").and_then(Value::as_str));
        let why = why.map(|why| format!(": {why}")).unwrap_or_default();
        return Err(Failure::Unavailable(format!("{path} returned {}{why}", status.as_u16())));
    }
    gateway::json(response).await.map_err(|why| unavailable(path, &why))
}

fn unavailable(path: &str, why: &str) -> Failure {
    Failure::Unavailable(format!("{path}: {why}"))
}

/// An event stream of the stack (server-sent events), read one event at a time.
pub(crate) struct EventStream {
    response: reqwest::Response,
    /// The outcomes of events that are not complete.
    unread: Vec<u8>,
}

impl EventStream {
    /// The next event's JSON as it came; none when the stack has stopped. Nothing is lost when the
    /// wait is given up.
    pub(crate) async fn next(&mut self) -> Result<Option<String>, Failure> {
        loop {
            while let Some(end) = self.unread.windows(2).position(|pair| pair == b"\n\n") {
                let message: Vec<u8> = self.unread.drain(..end + 2).collect();
                if let Some(data) = data_of(&message) {
                    return Ok(Some(data));
                }
            }
            match self.response.chunk().await {
                Ok(Some(bytes)) if self.unread.len() < EVENT_MAX_BYTES => {
                    self.unread.extend_from_slice(&bytes);
                }
                // A stack that stops closes the stream, or breaks it off.
                Ok(_) | Err(_) => return Ok(None),
            }
        }
    }
}

/// The data of one message; none for a comment, which keeps the connection alive.
fn data_of(message: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(message).ok()?;
    let lines: Vec<&str> = text
        .lines()
        .filter_map(|line| line.strip_prefix("data:"))
        .map(|data| data.strip_prefix(' ').unwrap_or(data))
        .collect();
    (!lines.is_empty()).then(|| lines.join("\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_machine_is_called() {
        for text in
            ["localhost:4242/hooks", "http://127.0.0.1:1/", "https://[::1]/", "http://127.9.9.9", "0x7f.1:80"]
        {
            assert!(on_this_machine("--forward-to", text).is_ok(), "{text}");
        }
        for text in [
            "https://shop.example.com/hooks",
            "10.0.0.1",
            "http://127.0.0.1@example.com/",
            "http://localhost.example.com",
            "http://169.254.169.254/latest",
            "http://0.0.0.0:80",
            "http://[::ffff:127.0.0.1]/",
            "ftp://localhost/",
            "http://user:password@localhost/",
            "",
        ] {
            let failure = on_this_machine("--forward-to", text).unwrap_err();
            assert!(failure.text().starts_with("--forward-to: "), "{text}");
        }
    }

    #[test]
    fn a_message_is_its_data_and_a_comment_is_none() {
        assert_eq!(data_of(b"id: 1\nevent: order.paid\ndata: {\"a\":1}\n\n").as_deref(), Some("{\"a\":1}"));
        assert_eq!(data_of(b":\n\n"), None);
        assert_eq!(data_of(b"data:a\ndata: b\n\n").as_deref(), Some("a\nb"));
    }
}
