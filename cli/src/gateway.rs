//! Requests that only an operator makes of the gateway: whether credentials are good, and the
//! record under a reference. Payments go through the functions' own client.

use std::{sync::Arc, time::Duration};

use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};

use crate::failure::Failure;

/// Longest wait for a response.
const LIMIT: Duration = Duration::from_secs(20);

/// The response of the gateway's root to good credentials (`docs/cardpointe.md`, *Transport*).
const WELCOME: &str = "CardConnect REST Servlet";

/// An account at a gateway, for look-ups. No `Debug`: it holds the password.
pub(crate) struct Gateway {
    client: reqwest::Client,
    base_url: String,
    username: String,
    password: SecretString,
}

/// The gateway's description of a MID.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Mid {
    /// Whether it is switched on; none where the gateway does not say.
    pub(crate) enabled: Option<bool>,
    /// The fee that it adds to payments.
    pub(crate) fee: MidFee,
}

/// The fee that a MID adds to payments (`docs/cardpointe.md`, *Surcharges*).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum MidFee {
    /// Nothing, or nothing is said of it.
    None,
    /// A surcharge, in the same transaction.
    Surcharge,
    /// A convenience fee: a second transaction on another MID.
    Convenience,
    /// A service fee: a second transaction on another MID.
    Service,
    /// Something that no document lists.
    Unlisted,
    /// The look-up is not offered here, or its response cannot be read.
    NotTold,
}

/// The gateway's record under a reference or an order id.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Record {
    pub(crate) retref: Option<String>,
    pub(crate) order_id: Option<String>,
    /// In major units, sign dropped.
    pub(crate) amount: Option<String>,
    /// Its state at the gateway, as `setlstat` has it.
    pub(crate) setlstat: Option<String>,
}

impl Mid {
    /// The look-up is not offered here.
    const NOT_TOLD: Self = Self { enabled: None, fee: MidFee::NotTold };
}

impl Gateway {
    pub(crate) fn new(base_url: &str, username: &str, password: &SecretString) -> Result<Self, Failure> {
        let (base_url, username) = (base_url.to_owned(), username.to_owned());
        Ok(Self { client: http_client()?, base_url, username, password: password.clone() })
    }

    /// Whether user name, password and MID belong together.
    pub(crate) async fn check(&self, merchid: &str) -> Result<(), Failure> {
        let request = self.client.put(format!("{}/", self.base_url)).json(&json!({ "merchid": merchid }));
        let (status, body) = self.send(request).await?;
        match status {
            200 if body.contains(WELCOME) => Ok(()),
            200 => Err(self.unavailable("responds, but not as CardPointe does; look at site or base URL")),
            401 | 403 => Err(self.refused(merchid)),
            other => Err(self.unavailable(&format!("responds with {other}; look at site or base URL"))),
        }
    }

    /// The gateway's setup of a MID.
    pub(crate) async fn mid(&self, merchid: &str) -> Result<Mid, Failure> {
        let request = self.client.get(format!("{}/inquireMerchant/{merchid}", self.base_url));
        let (status, body) = self.send(request).await?;
        match status {
            200 => Ok(mid(&body)),
            401 | 403 => Err(self.refused(merchid)),
            404 => Ok(Mid::NOT_TOLD),
            other => Err(self.unavailable(&format!("responds with {other} to inquireMerchant"))),
        }
    }

    /// The record under a reference.
    pub(crate) async fn by_retref(&self, retref: &str, merchid: &str) -> Result<Option<Record>, Failure> {
        Ok(self.look_up(&format!("inquire/{retref}/{merchid}")).await?.pop())
    }

    async fn look_up(&self, path: &str) -> Result<Vec<Record>, Failure> {
        let (status, body) = self.send(self.client.get(format!("{}/{path}", self.base_url))).await?;
        match status {
            200 => records(&body).ok_or_else(|| self.unavailable("responds with what cannot be read")),
            401 | 403 => Err(self.unavailable("refuses the user name or the password")),
            429 => Err(self.unavailable("says to wait (429); try again in a minute")),
            other => Err(self.unavailable(&format!("responds with {other}"))),
        }
    }

    async fn send(&self, request: reqwest::RequestBuilder) -> Result<(u16, String), Failure> {
        let request = request.basic_auth(&self.username, Some(self.password.expose_secret())).timeout(LIMIT);
        let failed = |error: reqwest::Error| self.unavailable(in_a_word(&error));
        let response = request.send().await.map_err(failed)?;
        let status = response.status().as_u16();
        Ok((status, response.text().await.map_err(failed)?))
    }

    fn unavailable(&self, what: &str) -> Failure {
        Failure::Unavailable(format!("the gateway at {}: {what}", self.base_url))
    }

    fn refused(&self, merchid: &str) -> Failure {
        Failure::Refused(format!(
            "the gateway at {} refuses user name, password or MID {merchid}; the credentials have to be those of this MID",
            self.base_url
        ))
    }
}

/// A web client that trusts Mozilla's root certificates. No redirects and no proxy: credentials are
/// sent.
pub(crate) fn http_client() -> Result<reqwest::Client, Failure> {
    let failed = |error: String| Failure::Unavailable(error);
    let roots = rustls::RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let tls = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| failed(error.to_string()))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    reqwest::Client::builder()
        .tls_backend_preconfigured(tls)
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .build()
        .map_err(|error| failed(error.to_string()))
}

/// The failure of a request, without its address: a query can hold values that must not be shown.
pub(crate) fn in_a_word(error: &reqwest::Error) -> &'static str {
    match () {
        () if error.is_connect() => "no connection",
        () if error.is_timeout() => "no response in time",
        () if error.is_decode() => "a response that cannot be read",
        () if error.is_status() => "an error as its response",
        () => "the response was cut off",
    }
}

fn mid(body: &str) -> Mid {
    let Ok(Value::Object(response)) = serde_json::from_str(body) else { return Mid::NOT_TOLD };
    let enabled = response.get("enabled").and_then(Value::as_bool);
    let fee = match response.get("fee_type") {
        // A response that says nothing of the MID, such as the gateway's own code, says nothing of
        // its fees.
        None if enabled.is_none() => MidFee::NotTold,
        None | Some(Value::Null) => MidFee::None,
        Some(Value::String(letter)) => match letter.trim().to_ascii_uppercase().as_str() {
            "" | "N" => MidFee::None,
            "S" => MidFee::Surcharge,
            "C" => MidFee::Convenience,
            "F" => MidFee::Service,
            _ => MidFee::Unlisted,
        },
        Some(_) => MidFee::Unlisted,
    };
    Mid { enabled, fee }
}

/// One record, or several in a list. If none is found, the response is a record without a state
/// (`docs/cardpointe.md`, *Responses*).
fn records(body: &str) -> Option<Vec<Record>> {
    let all = match serde_json::from_str(body).ok()? {
        Value::Array(all) => all,
        one @ Value::Object(_) => vec![one],
        _ => return None,
    };
    let all = all.iter().map(record);
    Some(all.filter(|record| record.setlstat.is_some()).collect())
}

fn record(value: &Value) -> Record {
    let text = |name: &str| {
        let text = value.get(name)?.as_str()?.trim();
        (!text.is_empty()).then(|| text.to_owned())
    };
    Record {
        retref: text("retref"),
        order_id: text("orderId").or_else(|| text("orderid")),
        amount: text("amount").map(|amount| amount.trim_start_matches('-').to_owned()),
        setlstat: text("setlstat"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mid_is_open_only_when_the_gateway_says_so_in_json() {
        let open = mid(r#"{"enabled":true,"merchid":"1","noise":{"enabled":false}}"#);
        assert_eq!(open, Mid { enabled: Some(true), fee: MidFee::None });
        assert_eq!(mid(r#"{"enabled":false}"#).enabled, Some(false));
        for body in ["", "<html>", "{}", r#"{"enabled":"Y"}"#, "null", r#"{"respstat":"C","respproc":"PPS"}"#]
        {
            assert_eq!(mid(body), Mid::NOT_TOLD, "{body}");
        }
    }

    #[test]
    fn what_a_mid_adds_is_read_by_its_letter_and_nothing_unlisted_is_taken_for_none() {
        for (fee_type, fee) in [
            (json!("N"), MidFee::None),
            (json!(""), MidFee::None),
            (json!(null), MidFee::None),
            (json!("S"), MidFee::Surcharge),
            (json!(" s "), MidFee::Surcharge),
            (json!("C"), MidFee::Convenience),
            (json!("F"), MidFee::Service),
            (json!("SURCHRG"), MidFee::Unlisted),
            (json!(3), MidFee::Unlisted),
        ] {
            assert_eq!(
                mid(&json!({"enabled": true, "fee_type": fee_type}).to_string()).fee,
                fee,
                "{fee_type}"
            );
        }
    }

    #[test]
    fn nothing_under_an_order_id_is_told_from_one_and_several_records() {
        assert_eq!(records(r#"{"respproc":"PPS","respcode":"29","orderId":"x"}"#), Some(vec![]));
        let one = records(r#"{"retref":"1","setlstat":"Refunded","amount":"-1.00","orderid":"x"}"#).unwrap();
        assert_eq!(
            (one.len(), one[0].amount.as_deref(), one[0].order_id.as_deref()),
            (1, Some("1.00"), Some("x"))
        );
        assert_eq!(records(r#"[{"setlstat":"Accepted"},{"setlstat":"Refunded"}]"#).unwrap().len(), 2);
        assert_eq!(records("<html>"), None);
    }
}
