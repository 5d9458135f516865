//! The two sides of a comparison: a gateway over HTTP, and the simulator in process.

use std::fmt;
use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use http::Request;
use reqwest::Client;
use reqwest::redirect::Policy;
use rustls::{ClientConfig, RootCertStore};

use super::guard::Guard;
use super::message::{Message, RawResponse};
use super::target::Target;
use crate::{
    response::{Delivery, Response},
    simulator::Simulator,
};

/// The gateway itself responds after 32 s.
const TIMEOUT: Duration = Duration::from_mins(1);
/// How often a call is sent again that the rate limit refuses.
const MAX_RETRIES: u32 = 5;
/// How long to wait when the limit does not say.
const DEFAULT_WAIT_S: u64 = 60;

/// A merchant account's user name and password.
#[derive(Clone)]
pub struct Credentials {
    /// The user name of the Basic authentication.
    pub username: String,
    /// The password of the Basic authentication, which `Debug` does not show.
    pub password: String,
}

impl fmt::Debug for Credentials {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Credentials(***)")
    }
}

/// The gateway that the simulator is compared with.
pub(super) struct Gateway {
    channel: Channel,
    /// Checks each request of a live run.
    guard: Option<Guard>,
}

enum Channel {
    Http {
        client: Client,
        target: Target,
        credentials: Credentials,
    },
    /// A function of a test, such as another simulator, without sockets.
    #[cfg(test)]
    InProcess(InProcess),
}

#[cfg(test)]
pub(super) type InProcess = Box<dyn Fn(&Message) -> Result<Option<RawResponse>, String>>;

impl Gateway {
    pub(super) fn remote(target: Target, credentials: Credentials) -> Result<Self, String> {
        let provider = std::sync::Arc::new(rustls::crypto::ring::default_provider());
        let roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
        let tls = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| error.to_string())?
            .with_root_certificates(roots)
            .with_no_client_auth();
        // No proxy and no redirects: the credentials go to the host that was checked, and to no
        // other. No retries below the kit: reqwest would send a write again.
        let client = Client::builder()
            .tls_backend_preconfigured(tls)
            .no_proxy()
            .redirect(Policy::none())
            .retry(reqwest::retry::never())
            .timeout(TIMEOUT)
            .build()
            .map_err(|error| error.to_string())?;
        Ok(Self { channel: Channel::Http { client, target, credentials }, guard: None })
    }

    #[cfg(test)]
    pub(super) fn in_process(respond: InProcess) -> Self {
        Self { channel: Channel::InProcess(respond), guard: None }
    }

    pub(super) fn guarded(mut self, guard: Option<Guard>) -> Self {
        self.guard = guard;
        self
    }

    /// Sends a request. `None`: no response came, or none that could be read. The error says why
    /// the request was not sent at all.
    pub(super) async fn send(&self, message: &Message) -> Result<Option<RawResponse>, String> {
        if let Some(guard) = &self.guard {
            guard.check(message)?;
        }
        match &self.channel {
            Channel::Http { client, target, credentials } => {
                let mut request = client.request(message.method.clone(), format!("{target}{}", message.path));
                if message.signed {
                    request = request.basic_auth(&credentials.username, Some(&credentials.password));
                }
                if let Some(body) = &message.body {
                    request = request.header("content-type", "application/json").body(body.clone());
                }
                Ok(received(&request).await)
            }
            #[cfg(test)]
            Channel::InProcess(respond) => respond(message),
        }
    }
}

/// The response to a request, which is sent again while the rate limit refuses it.
async fn received(request: &reqwest::RequestBuilder) -> Option<RawResponse> {
    for _ in 0..MAX_RETRIES {
        let response = request.try_clone()?.send().await.ok()?;
        let status = response.status().as_u16();
        if status != 429 {
            return Some(RawResponse { status, body: response.text().await.ok()? });
        }
        let wait_s = response
            .headers()
            .get("x-rate-limit-retry-after-seconds")
            .and_then(|value| value.to_str().ok()?.parse().ok())
            .unwrap_or(DEFAULT_WAIT_S);
        tokio::time::sleep(Duration::from_secs(wait_s.clamp(1, DEFAULT_WAIT_S))).await;
    }
    None
}

/// The simulator's response in process; `None` where a connection would be closed, or stay silent.
pub(super) fn respond(
    simulator: &Simulator,
    credentials: &Credentials,
    message: &Message,
) -> Result<Option<RawResponse>, String> {
    let mut request = Request::builder().method(&message.method).uri(&message.path);
    if message.signed {
        let pair = format!("{}:{}", credentials.username, credentials.password);
        request = request.header("authorization", format!("Basic {}", BASE64_STANDARD.encode(pair)));
    }
    let body = message.body.as_deref().unwrap_or_default().as_bytes().to_vec();
    let response = simulator.respond(&request.body(body).map_err(|error| error.to_string())?);
    Ok(read(&response))
}

fn read(response: &Response) -> Option<RawResponse> {
    let body = String::from_utf8_lossy(&response.body).into_owned();
    (response.delivery == Delivery::Complete).then(|| RawResponse { status: response.status.as_u16(), body })
}
