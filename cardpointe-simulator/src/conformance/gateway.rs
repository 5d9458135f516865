//! The two sides of a comparison: a gateway over HTTP, and the simulator in process.

use std::fmt;
use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use http::{Method, Request};
use reqwest::Client;
use reqwest::redirect::Policy;
use rustls::{ClientConfig, RootCertStore};

use super::target::Target;
use crate::simulator::Simulator;

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

#[derive(Clone, Debug)]
pub(super) struct RawResponse {
    pub(super) status: u16,
    pub(super) body: String,
}

/// Where probes are sent.
pub(super) enum Gateway {
    Remote { client: Client, target: Target, credentials: Credentials },
    Simulator { simulator: Simulator, credentials: Credentials },
}

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
        // other.
        let client = Client::builder()
            .tls_backend_preconfigured(tls)
            .no_proxy()
            .redirect(Policy::none())
            .timeout(TIMEOUT)
            .build()
            .map_err(|error| error.to_string())?;
        Ok(Self::Remote { client, target, credentials })
    }

    /// Sends a request; `signed`: with the credentials.
    pub(super) async fn send(
        &self,
        method: &Method,
        path: &str,
        body: Option<&str>,
        signed: bool,
    ) -> Result<RawResponse, String> {
        match self {
            Self::Remote { client, target, credentials } => {
                let url = format!("{target}{path}");
                for _ in 0..MAX_RETRIES {
                    let mut request = client.request(method.clone(), &url);
                    if signed {
                        request = request.basic_auth(&credentials.username, Some(&credentials.password));
                    }
                    if let Some(body) = body {
                        request = request.header("content-type", "application/json").body(body.to_owned());
                    }
                    let response = request.send().await.map_err(|error| error.without_url().to_string())?;
                    let status = response.status().as_u16();
                    if status != 429 {
                        let body = response.text().await.map_err(|error| error.without_url().to_string())?;
                        return Ok(RawResponse { status, body });
                    }
                    let wait_s = response
                        .headers()
                        .get("x-rate-limit-retry-after-seconds")
                        .and_then(|value| value.to_str().ok()?.parse().ok())
                        .unwrap_or(DEFAULT_WAIT_S);
                    tokio::time::sleep(Duration::from_secs(wait_s.clamp(1, DEFAULT_WAIT_S))).await;
                }
                Err("the rate limit does not let the request through".to_owned())
            }
            Self::Simulator { simulator, credentials } => {
                let mut request = Request::builder().method(method).uri(path);
                if signed {
                    let pair = format!("{}:{}", credentials.username, credentials.password);
                    request =
                        request.header("authorization", format!("Basic {}", BASE64_STANDARD.encode(pair)));
                }
                let request = request
                    .body(body.unwrap_or_default().as_bytes().to_vec())
                    .map_err(|error| error.to_string())?;
                let response = simulator.respond(&request);
                let body = String::from_utf8_lossy(&response.body).into_owned();
                Ok(RawResponse { status: response.status.as_u16(), body })
            }
        }
    }
}
