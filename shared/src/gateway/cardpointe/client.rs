//! Sends requests to the CardPointe REST API. One call each: no retries, no redirects, no proxy.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use secrecy::ExposeSecret;

use super::{
    inquiry::{self, Under},
    meaning::{self, meaning},
    wire::{self, Reply},
};
use crate::{
    clock::Clock,
    gateway::{Command, Gateway, Instruction, PaymentSource, Question},
    merchants::Merchant,
    operation::{Kind, Route},
    outcome::{Doubt, Finding, GatewayResponse, NoEffect, Outcome},
};

/// How long to wait for a connection; nothing is sent before there is one.
const CONNECT_LIMIT: Duration = Duration::from_secs(5);

/// A connection that was idle for longer is not used again: a sandbox that was frozen in between thaws with
/// connections that are long dead, and a request sent into one has an unknown outcome.
const IDLE_MAX: SignedDuration = SignedDuration::from_secs(5);

/// Longest answer that is read. Real ones are under 2 KB, with receipts and user fields under 16 KB.
const ANSWER_MAX_BYTES: usize = 64 * 1024;

/// The gateway client: one for the process, any number of merchants.
pub struct CardPointe {
    clock: Arc<dyn Clock>,
    connections: Mutex<Connections>,
    tls: rustls::ClientConfig,
}

struct Connections {
    client: reqwest::Client,
    last_used: Timestamp,
}

impl CardPointe {
    /// A client that trusts Mozilla's root certificates. Nothing is connected yet.
    pub fn new(clock: Arc<dyn Clock>) -> Result<Self, reqwest::Error> {
        let roots = rustls::RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
        let tls = rustls::ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
        let client = new_client(&tls)?;
        let connections = Mutex::new(Connections { client, last_used: clock.now() });
        Ok(Self { clock, connections, tls })
    }

    /// A client whose pooled connections, if any, were in use a moment ago by the wall clock. The pool's own
    /// idle limit runs on a clock that stands still while a sandbox is frozen.
    fn client(&self) -> reqwest::Client {
        let mut connections = self.connections.lock().unwrap_or_else(PoisonError::into_inner);
        let now = self.clock.now();
        let idle = now.duration_since(connections.last_used);
        if (idle > IDLE_MAX || idle.is_negative())
            && let Ok(fresh) = new_client(&self.tls)
        {
            connections.client = fresh;
        }
        connections.last_used = now;
        connections.client.clone()
    }

    /// Opens a connection to a merchant's gateway, by asking whether its credentials are good (`cardpointe.md` §2): the
    /// only request that is about nothing. What it answers is not needed.
    pub async fn connect(&self, merchant: &Merchant) {
        let url = format!("{}/", merchant.gateway.base_url);
        let check = serde_json::json!({ "merchid": merchant.any_merchid() });
        let request = authorized(self.client().put(url), merchant).json(&check).timeout(CONNECT_LIMIT);
        let Ok(response) = request.send().await else {
            return tracing::warn!(merchant = %merchant.id, "the gateway is not connected to yet");
        };
        let status = response.status().as_u16();
        // A connection goes back to the pool when the answer was read to its end.
        if read(response).await.is_err() || status != 200 {
            tracing::warn!(status, merchant = %merchant.id, "the gateway does not welcome the merchant");
        }
    }

    async fn send(
        &self,
        merchant: &Merchant,
        instruction: &Instruction<'_>,
        limit: Duration,
    ) -> Result<Reply, Outcome> {
        let (endpoint, body) = wire::request(instruction);
        let request = self
            .client()
            .put(format!("{}/{endpoint}", instruction.route.base_url))
            .header(reqwest::header::CONTENT_TYPE, "application/json")
            .body(body);
        let response = authorized(request, merchant).timeout(limit).send().await;
        let response = response.map_err(|error| not_answered(&error))?;
        match response.status().as_u16() {
            200 => {}
            429 => return Err(Outcome::NoEffect(NoEffect::TryAgain, GatewayResponse::default())),
            status @ (300..=399 | 400 | 401 | 404) => {
                tracing::error!(status, merchant = %merchant.id, "the gateway refuses the merchant's set-up");
                return Err(Outcome::NoEffect(NoEffect::Misconfigured, GatewayResponse::default()));
            }
            _ => return Err(Outcome::Unknown(Doubt::Unreadable, GatewayResponse::default())),
        }
        let body =
            read(response).await.map_err(|doubt| Outcome::Unknown(doubt, GatewayResponse::default()))?;
        Reply::parse(&body).ok_or(Outcome::Unknown(Doubt::Unreadable, GatewayResponse::default()))
    }

    /// A look-up. None when there is no answer that can be read: that says nothing about what is asked.
    async fn look_up(&self, merchant: &Merchant, url: String, limit: Duration) -> Option<Vec<Reply>> {
        let response = authorized(self.client().get(url), merchant).timeout(limit).send().await.ok()?;
        if response.status() != reqwest::StatusCode::OK {
            tracing::warn!(status = response.status().as_u16(), merchant = %merchant.id, "a look-up was not answered");
            return None;
        }
        Reply::parse_all(&read(response).await.ok()?)
    }

    /// The payment's own record.
    async fn by_retref(
        &self,
        merchant: &Merchant,
        question: &Question<'_>,
        limit: Duration,
    ) -> Option<Reply> {
        let payment = question.payment.as_ref()?;
        let Route { base_url, merchid } = question.route;
        let url = format!("{base_url}/inquire/{}/{merchid}", payment.retref);
        self.look_up(merchant, url, limit).await?.pop()
    }

    /// Every record under an order id of this MID.
    async fn by_order_id(
        &self,
        merchant: &Merchant,
        route: &Route,
        id: &str,
        limit: Duration,
    ) -> Option<Vec<Reply>> {
        let Route { base_url, merchid } = route;
        self.look_up(merchant, format!("{base_url}/inquireByOrderid/{id}/{merchid}/1"), limit).await
    }

    /// A refund is looked for under its own order id, then under the payment's.
    async fn find_refund(
        &self,
        merchant: &Merchant,
        question: &Question<'_>,
        limit: Duration,
    ) -> Option<Finding> {
        let Question { route, amount, gateway_order_id, sent_before, payment, .. } = question;
        let payment = payment.as_ref()?;
        let known = payment.known_refunds.as_slice();
        let own = self.by_order_id(merchant, route, gateway_order_id, limit).await?;
        let own = inquiry::of_refund(*amount, &own, known, Under::ItsOwnId { sent_before: *sent_before });
        if own != Finding::Undecided {
            return Some(own);
        }
        let all = self.by_order_id(merchant, route, payment.gateway_order_id, limit).await?;
        Some(inquiry::of_refund(*amount, &all, known, Under::ThePayment))
    }
}

#[async_trait]
impl Gateway for CardPointe {
    async fn perform(&self, merchant: &Merchant, instruction: Instruction<'_>, limit: Duration) -> Outcome {
        let reply = match self.send(merchant, &instruction, limit).await {
            Ok(reply) => reply,
            Err(outcome) => return outcome,
        };
        let asked = match &instruction.command {
            Command::Authorize(source) | Command::Purchase(source) => {
                meaning::Asked::Payment { brand: brand(source) }
            }
            Command::Capture { .. } => meaning::Asked::Capture,
            Command::Refund { retref } => meaning::Asked::Refund { of: retref },
            Command::Void { .. } => meaning::Asked::Void,
        };
        let outcome = meaning(asked, instruction.amount, &reply);
        if matches!(outcome, Outcome::NoEffect(NoEffect::Misconfigured, _)) {
            let code = reply.respcode.as_deref().unwrap_or("");
            tracing::error!(code, merchant = %merchant.id, "the gateway refuses the merchant's set-up");
        }
        outcome
    }

    async fn inquire(&self, merchant: &Merchant, question: Question<'_>, limit: Duration) -> Finding {
        let Question { route, kind, amount, gateway_order_id, sent_before, .. } = &question;
        let found = match kind {
            Kind::Authorize | Kind::Purchase => {
                let records = self.by_order_id(merchant, route, gateway_order_id, limit).await;
                records.map(|records| inquiry::of_payment(*kind, *amount, &records, *sent_before))
            }
            Kind::Capture => {
                let record = self.by_retref(merchant, &question, limit).await;
                record.map(|record| inquiry::of_capture(*amount, &record))
            }
            Kind::Void => {
                self.by_retref(merchant, &question, limit).await.map(|record| inquiry::of_void(&record))
            }
            Kind::Refund => self.find_refund(merchant, &question, limit).await,
            // What only a newer version can read, it inquires about.
            Kind::Unrecognized => None,
        };
        found.unwrap_or(Finding::Failed)
    }
}

fn authorized(request: reqwest::RequestBuilder, merchant: &Merchant) -> reqwest::RequestBuilder {
    request.basic_auth(&merchant.gateway.username, Some(merchant.gateway.password.expose_secret()))
}

/// The body, or why it is in doubt.
async fn read(mut response: reqwest::Response) -> Result<Vec<u8>, Doubt> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|_| Doubt::NoAnswer)? {
        if body.len() + chunk.len() > ANSWER_MAX_BYTES {
            return Err(Doubt::Unreadable);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

fn brand(source: &PaymentSource) -> Option<crate::card::Brand> {
    match source {
        PaymentSource::Card(card) => Some(card.number.brand()),
        PaymentSource::Profile { .. } => None,
    }
}

fn new_client(tls: &rustls::ClientConfig) -> Result<reqwest::Client, reqwest::Error> {
    reqwest::Client::builder()
        .tls_backend_preconfigured(tls.clone())
        .redirect(reqwest::redirect::Policy::none())
        .retry(reqwest::retry::never())
        .no_proxy()
        .connect_timeout(CONNECT_LIMIT)
        .pool_idle_timeout(IDLE_MAX.unsigned_abs())
        .build()
}

/// Only a failure to connect (refused, name, TLS) is known to have sent nothing.
fn not_answered(error: &reqwest::Error) -> Outcome {
    if error.is_connect() || error.is_builder() {
        Outcome::NoEffect(NoEffect::Unreachable, GatewayResponse::default())
    } else {
        Outcome::Unknown(Doubt::NoAnswer, GatewayResponse::default())
    }
}
