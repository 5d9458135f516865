//! Requests that only an operator makes of the gateway: whether credentials are good, and the
//! record under a reference. Each is a GET below an inquiry: with a wrong base URL, a PUT or a POST
//! could reach a payment's endpoint. Payments go through the functions' own client.

use std::{sync::Arc, time::Duration};

use secrecy::{ExposeSecret, SecretString};
use serde::de::DeserializeOwned;
use serde_json::Value;
use tollgate::{https::read_body, merchant_document::hosts::AllowedHosts};
use tollgate_core::{order::gateway_order_id, values::clean_text};
use uuid::Uuid;

use crate::failure::Failure;

/// Longest wait for a response.
const LIMIT: Duration = Duration::from_secs(20);

/// Longest response that is read, of the gateway, the API or the local stack. That of a function
/// has 6 MB.
const RESPONSE_MAX_BYTES: usize = 8 * 1024 * 1024;

/// The end of an error that a wrong address causes.
const LOOK: &str = "look at site or base URL, which ends in /cardconnect/rest";

/// Most characters of the gateway's text that are shown.
const TEXT_SHOWN_MAX: usize = 60;

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

impl Mid {
    /// The look-up is not offered here.
    const NOT_TOLD: Self = Self { enabled: None, fee: MidFee::NotTold };
}

impl Gateway {
    /// Refuses a host that the deployment does not allow: no credentials are sent there.
    pub(crate) fn new(
        hosts: &AllowedHosts,
        base_url: &str,
        username: &str,
        password: &SecretString,
    ) -> Result<Self, Failure> {
        if !hosts.allow(base_url) {
            return Err(Failure::Refused(format!(
                "no credentials are sent to the gateway at {base_url}: this deployment does not allow its host (GatewayHosts)"
            )));
        }
        let (base_url, username) = (base_url.to_owned(), username.to_owned());
        Ok(Self { client: http_client()?, base_url, username, password: password.clone() })
    }

    /// Whether user name, password and MID belong together and inquiries work: the gateway must not
    /// find an order id that is made for this inquiry.
    pub(crate) async fn check(&self, merchid: &str) -> Result<(), Failure> {
        let unused = gateway_order_id(Uuid::new_v4());
        let replies = self.inquire(&format!("inquireByOrderid/{unused}/{merchid}/1"), merchid).await?;
        match (replies.as_slice(), replies.first().and_then(refusal)) {
            ([reply], Some(_)) if reply["respproc"] == "PPS" && reply["respcode"] == "29" => Ok(()),
            ([_], Some(code)) => Err(self.mid_refused(merchid, &code)),
            _ => Err(self.unavailable(
                "does not respond with PPS 29 (not found) to an inquiry by an unused order id, on which Tollgate relies",
            )),
        }
    }

    /// The gateway's setup of a MID.
    pub(crate) async fn mid(&self, merchid: &str) -> Result<Mid, Failure> {
        let (status, body) = self.get(&format!("inquireMerchant/{merchid}")).await?;
        match status {
            200 => {
                let reply = serde_json::from_str(&body).unwrap_or_default();
                refusal(&reply).map_or(Ok(mid(&reply)), |code| Err(self.mid_refused(merchid, &code)))
            }
            // This inquiry is not offered, or not for a MID with letters.
            400 | 404 => Ok(Mid::NOT_TOLD),
            status => Err(self.failed(status, merchid)),
        }
    }

    /// The state of the record under a reference, as `setlstat` has it. If there is no record, the
    /// response has no state (`docs/cardpointe.md`, *Responses*).
    pub(crate) async fn state(&self, retref: &str, merchid: &str) -> Result<Option<String>, Failure> {
        let replies = self.inquire(&format!("inquire/{retref}/{merchid}"), merchid).await?;
        Ok(replies.iter().rev().find_map(state))
    }

    async fn inquire(&self, path: &str, merchid: &str) -> Result<Vec<Value>, Failure> {
        let (status, body) = self.get(path).await?;
        match status {
            200 => replies(&body)
                .ok_or_else(|| self.unavailable(&format!("responds, but not as CardPointe does; {LOOK}"))),
            status => Err(self.failed(status, merchid)),
        }
    }

    async fn get(&self, path: &str) -> Result<(u16, String), Failure> {
        let request = self.client.get(format!("{}/{path}", self.base_url)).timeout(LIMIT);
        let request = request.basic_auth(&self.username, Some(self.password.expose_secret()));
        let failed = |error: reqwest::Error| match in_a_word(&error) {
            word if error.is_connect() => {
                self.unavailable(&format!("{word}; look at site, base URL and network"))
            }
            word => self.unavailable(word),
        };
        let response = request.send().await.map_err(failed)?;
        let status = response.status().as_u16();
        let body = body(response).await.map_err(|error| self.unavailable(&error))?;
        Ok((status, String::from_utf8_lossy(&body).into_owned()))
    }

    fn failed(&self, status: u16, merchid: &str) -> Failure {
        match status {
            401 | 403 => self.refused(&format!(
                "refuses user name, password or MID {merchid} ({status}); the credentials have to be those of this MID"
            )),
            300..=399 => {
                self.unavailable(&format!("redirects ({status}), and credentials do not follow; {LOOK}"))
            }
            404 => self.unavailable(&format!("has no inquiries at this address (404); {LOOK}")),
            429 => self.unavailable("says to wait (429); try again in a minute"),
            other => self.unavailable(&format!("responds with {other}; try again later, or {LOOK}")),
        }
    }

    fn mid_refused(&self, merchid: &str, code: &str) -> Failure {
        self.refused(&format!("does not accept MID {merchid}: {code}; look at the MID"))
    }

    fn unavailable(&self, what: &str) -> Failure {
        Failure::Unavailable(format!("the gateway at {}: {what}", self.base_url))
    }

    fn refused(&self, what: &str) -> Failure {
        Failure::Refused(format!("the gateway at {} {what}", self.base_url))
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

async fn body(response: reqwest::Response) -> Result<Vec<u8>, String> {
    read_body(response, RESPONSE_MAX_BYTES).await.map_err(|error| error.to_string())
}

/// The JSON of a response, or why there is none.
pub(crate) async fn json<T: DeserializeOwned>(response: reqwest::Response) -> Result<T, String> {
    serde_json::from_slice(&body(response).await?).map_err(|_| "a response that cannot be read".to_owned())
}

/// The failure of a request, without its address: a query can hold values that must not be shown.
pub(crate) fn in_a_word(error: &reqwest::Error) -> &'static str {
    match () {
        () if error.is_connect() => "no connection",
        () if error.is_timeout() => "no response in time",
        () if error.is_status() => "an error as its response",
        () => "the response was cut off",
    }
}

fn mid(response: &Value) -> Mid {
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

/// One reply, or several in a list.
fn replies(body: &str) -> Option<Vec<Value>> {
    let all = match serde_json::from_str(body).ok()? {
        Value::Array(all) => all,
        one => vec![one],
    };
    all.iter().all(Value::is_object).then_some(all)
}

/// The code by which an inquiry is refused; none in a record, which has a state.
fn refusal(reply: &Value) -> Option<String> {
    let text = |name: &str| clean_text(reply[name].as_str().unwrap_or_default(), TEXT_SHOWN_MAX);
    let is_refused = reply["respstat"] == "C" && reply.get("setlstat").is_none();
    is_refused.then(|| format!("{} {} ({})", text("respproc"), text("respcode"), text("resptext")))
}

fn state(reply: &Value) -> Option<String> {
    let state = reply.get("setlstat")?.as_str()?.trim();
    (!state.is_empty()).then(|| state.to_owned())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn mid_of(body: &str) -> Mid {
        mid(&serde_json::from_str(body).unwrap_or_default())
    }

    #[test]
    fn a_mid_is_open_only_when_the_gateway_says_so_in_json() {
        let open = mid_of(r#"{"enabled":true,"merchid":"1","noise":{"enabled":false}}"#);
        assert_eq!(open, Mid { enabled: Some(true), fee: MidFee::None });
        assert_eq!(mid_of(r#"{"enabled":false}"#).enabled, Some(false));
        for body in ["", "<html>", "{}", r#"{"enabled":"Y"}"#, "null", r#"{"respstat":"C","respproc":"PPS"}"#]
        {
            assert_eq!(mid_of(body), Mid::NOT_TOLD, "{body}");
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
            assert_eq!(mid(&json!({"enabled": true, "fee_type": fee_type})).fee, fee, "{fee_type}");
        }
    }

    #[test]
    fn a_record_is_told_from_the_refusal_of_an_inquiry() {
        let one = json!({"retref": "1", "setlstat": "Refunded", "amount": "-1.00", "orderid": "x"});
        assert_eq!(state(&one).as_deref(), Some("Refunded"));
        let reply = |respstat: &str| {
            let text = "Txn not found";
            json!({"respstat": respstat, "respproc": "PPS", "respcode": "29", "resptext": text})
        };
        assert_eq!(refusal(&reply("C")).as_deref(), Some("PPS 29 (Txn not found)"));
        let mut declined = reply("C");
        declined["setlstat"] = json!("Declined");
        for other in [declined, reply("A"), reply("B"), json!({"enabled": true, "merchid": "1"}), json!({})] {
            assert_eq!(refusal(&other), None, "{other}");
        }
        assert_eq!(replies(r#"[{"setlstat":"Accepted"},{"setlstat":"Refunded"}]"#).unwrap().len(), 2);
        assert_eq!((replies("<html>"), replies(r#""Null batches""#)), (None, None));
    }

    #[test]
    fn no_credentials_go_to_a_host_that_the_deployment_does_not_allow() {
        let password = SecretString::from("p");
        let made = |base_url: &str| Gateway::new(&AllowedHosts::gateways(), base_url, "u", &password);
        assert!(made("https://fts-uat.cardconnect.com/cardconnect/rest").is_ok());
        for base_url in ["https://evil.example/cardconnect/rest", "http://127.0.0.1:3001/cardconnect/rest"] {
            assert!(matches!(made(base_url), Err(Failure::Refused(_))), "{base_url}");
        }
    }
}
