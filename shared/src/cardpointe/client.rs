//! Speaks the CardPointe REST API: which requests an instruction or an inquiry takes, and what a status means.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use tollgate_core::{
    order::{Doubt, Finding, GatewayResponse, NoEffect, Outcome, Route},
    payments::{
        Command, Gateway, GatewayInfo, Inquired, Inquiry, Instruction, KnownPayment, Merchant, PaymentSource,
    },
    values::Clock,
};

use super::{
    Info, NAME,
    inquiry::{self, AttemptRecords, Refund},
    meaning::{self, meaning},
    transport::{BodyError, HttpMethod, HttpsTransport, Request, Response, Transport, TransportError},
    wire::{self, GatewayReply},
};

/// How long a connection that is opened ahead of the first request may take.
const CONNECT_LIMIT: Duration = Duration::from_secs(5);

/// The gateway client: one for the process, any number of merchants.
pub struct CardPointe<T = HttpsTransport> {
    transport: T,
}

impl CardPointe {
    /// A client over the network. Nothing is connected yet.
    pub fn new(clock: Arc<dyn Clock>) -> Result<Self, reqwest::Error> {
        Ok(Self::over(HttpsTransport::new(clock)?))
    }
}

impl<T: Transport> CardPointe<T> {
    /// A client whose requests this transport carries.
    pub fn over(transport: T) -> Self {
        Self { transport }
    }

    /// Opens a connection to a merchant's gateway with a request that checks its credentials (`docs/cardpointe.md`,
    /// *Transport*): the only request that is about no payment. The content of its response is not needed.
    pub async fn connect(&self, merchant: &Merchant) {
        let url = format!("{}/", merchant.gateway.endpoint);
        let check = serde_json::json!({ "merchid": merchant.any_account() }).to_string().into_bytes();
        let Ok(Response { status, body }) = self.request(merchant, url, Some(check), CONNECT_LIMIT).await
        else {
            return tracing::warn!(merchant = %merchant.id, "the gateway is not connected to yet");
        };
        if body.is_err() || status != 200 {
            tracing::warn!(status, merchant = %merchant.id, "the gateway does not welcome the merchant");
        }
    }

    /// A write when there is a body, a look-up when there is none.
    async fn request(
        &self,
        merchant: &Merchant,
        url: String,
        body: Option<Vec<u8>>,
        limit: Duration,
    ) -> Result<Response, TransportError> {
        let method = if body.is_some() { HttpMethod::Put } else { HttpMethod::Get };
        self.call(merchant, method, url, body, limit).await
    }

    pub(super) async fn call(
        &self,
        merchant: &Merchant,
        method: HttpMethod,
        url: String,
        body: Option<Vec<u8>>,
        limit: Duration,
    ) -> Result<Response, TransportError> {
        let (username, password) = (merchant.gateway.username.as_str(), &merchant.gateway.password);
        self.transport.send(Request { method, url, username, password, body, limit }).await
    }

    async fn send(
        &self,
        merchant: &Merchant,
        instruction: &Instruction<'_>,
        limit: Duration,
    ) -> Result<GatewayReply, Outcome> {
        let (endpoint, body) = wire::request(instruction);
        let url = format!("{}/{endpoint}", instruction.route.endpoint);
        let unknown = |doubt| Outcome::Unknown(doubt, GatewayResponse::default());
        let Response { status, body } =
            self.request(merchant, url, Some(body), limit).await.map_err(|error| match error {
                TransportError::NotConnected => {
                    Outcome::NoEffect(NoEffect::Unreachable, GatewayResponse::default())
                }
                TransportError::NoResponse => unknown(Doubt::NoResponse),
            })?;
        match status {
            200 => {}
            429 => return Err(Outcome::Intermediary(NoEffect::Throttled, GatewayResponse::default())),
            status @ (300..=399 | 400 | 401 | 404) => {
                tracing::error!(status, merchant = %merchant.id, "the gateway refuses the merchant's set-up");
                return Err(Outcome::Intermediary(NoEffect::TurnedAway, GatewayResponse::default()));
            }
            _ => return Err(unknown(Doubt::Unreadable)),
        }
        let body = body.map_err(|error| match error {
            BodyError::Cut => unknown(Doubt::NoResponse),
            BodyError::TooLong => unknown(Doubt::Unreadable),
        })?;
        GatewayReply::parse(&body).ok_or(unknown(Doubt::Unreadable))
    }

    /// A look-up. None when there is no readable response, which says nothing about the operation.
    async fn look_up(&self, merchant: &Merchant, url: String, limit: Duration) -> Option<Vec<GatewayReply>> {
        let Response { status, body } = self.request(merchant, url, None, limit).await.ok()?;
        if status != 200 {
            tracing::warn!(status, merchant = %merchant.id, "a look-up failed");
            return None;
        }
        GatewayReply::parse_all(&body.ok()?)
    }

    /// The payment's own record.
    async fn by_retref(
        &self,
        merchant: &Merchant,
        route: &Route,
        payment: KnownPayment<'_>,
        limit: Duration,
    ) -> Option<GatewayReply> {
        let Route { endpoint: base_url, account: merchid, .. } = route;
        let url = format!("{base_url}/inquire/{}/{merchid}", payment.reference);
        self.look_up(merchant, url, limit).await?.pop()
    }

    /// Every record under an order id of this MID.
    async fn by_order_id(
        &self,
        merchant: &Merchant,
        route: &Route,
        id: &str,
        limit: Duration,
    ) -> Option<Vec<GatewayReply>> {
        let Route { endpoint: base_url, account: merchid, .. } = route;
        self.look_up(merchant, format!("{base_url}/inquireByOrderid/{id}/{merchid}/1"), limit).await
    }

    /// The records of each earlier attempt that may still surface.
    async fn earlier(
        &self,
        merchant: &Merchant,
        inquiry: &Inquiry<'_>,
        limit: Duration,
    ) -> Option<Vec<Vec<GatewayReply>>> {
        let mut found = Vec::new();
        for id in &inquiry.earlier {
            found.push(self.by_order_id(merchant, inquiry.route, id, limit).await?);
        }
        Some(found)
    }

    async fn find_payment(
        &self,
        merchant: &Merchant,
        inquiry: &Inquiry<'_>,
        limit: Duration,
    ) -> Option<Finding> {
        let latest = self.by_order_id(merchant, inquiry.route, inquiry.gateway_order_id, limit).await?;
        let earlier = self.earlier(merchant, inquiry, limit).await?;
        let attempts = AttemptRecords { latest: &latest, earlier: &earlier };
        Some(inquiry::of_payment(inquiry.about, inquiry.amount, attempts, &inquiry.known))
    }

    /// A refund is looked for under the order ids of its attempts, then under the payment's.
    async fn find_refund(
        &self,
        merchant: &Merchant,
        inquiry: &Inquiry<'_>,
        payment: KnownPayment<'_>,
        limit: Duration,
    ) -> Option<Finding> {
        let latest = self.by_order_id(merchant, inquiry.route, inquiry.gateway_order_id, limit).await?;
        let earlier = self.earlier(merchant, inquiry, limit).await?;
        let attempts = AttemptRecords { latest: &latest, earlier: &earlier };
        let ids: Vec<&str> = inquiry.earlier.iter().copied().chain([inquiry.gateway_order_id]).collect();
        let refund =
            Refund { amount: inquiry.amount, ids: &ids, payment: payment.reference, known: &inquiry.known };
        if let Some(finding) = refund.under_its_own(attempts) {
            return Some(finding);
        }
        let all = self.by_order_id(merchant, inquiry.route, payment.gateway_order_id, limit).await?;
        Some(refund.under_the_payments(&all))
    }
}

#[async_trait]
impl<T: Transport> Gateway for CardPointe<T> {
    fn info(&self) -> &'static dyn GatewayInfo {
        &Info
    }

    async fn execute(&self, merchant: &Merchant, instruction: Instruction<'_>, limit: Duration) -> Outcome {
        if instruction.route.gateway != NAME {
            return Outcome::NoEffect(NoEffect::Misconfigured, GatewayResponse::default());
        }
        let reply = match self.send(merchant, &instruction, limit).await {
            Ok(reply) => reply,
            Err(outcome) => return outcome,
        };
        let requested = match &instruction.command {
            Command::Authorize(source) | Command::Purchase(source) => {
                meaning::Requested::Payment { brand: brand(source) }
            }
            Command::Capture { .. } => meaning::Requested::Capture,
            Command::Refund { reference: retref } => meaning::Requested::Refund { of: retref },
            Command::Void { .. } => meaning::Requested::Void,
        };
        let outcome = meaning(requested, instruction.amount, &reply);
        if matches!(outcome, Outcome::NoEffect(NoEffect::Misconfigured, _)) {
            let code = reply.respcode.as_deref().unwrap_or("");
            tracing::error!(code, merchant = %merchant.id, "the gateway refuses the merchant's set-up");
        }
        outcome
    }

    async fn inquire(&self, merchant: &Merchant, inquiry: Inquiry<'_>, limit: Duration) -> Finding {
        let Inquiry { route, about, amount, .. } = &inquiry;
        // Another gateway's account, which only a newer version knows how to reach.
        if route.gateway != NAME {
            return Finding::Failed;
        }
        let found = match *about {
            Inquired::Authorize | Inquired::Purchase => self.find_payment(merchant, &inquiry, limit).await,
            Inquired::Capture(payment) => {
                let record = self.by_retref(merchant, route, payment, limit).await;
                record.map(|record| inquiry::of_capture(*amount, &record))
            }
            Inquired::Refund(payment) => self.find_refund(merchant, &inquiry, payment, limit).await,
            Inquired::Void(payment) => {
                self.by_retref(merchant, route, payment, limit).await.map(|record| inquiry::of_void(&record))
            }
        };
        found.unwrap_or(Finding::Failed)
    }
}

fn brand(source: &PaymentSource) -> Option<tollgate_core::values::Brand> {
    match source {
        PaymentSource::Card(card) => card.account.brand(),
        PaymentSource::Profile { .. } => None,
    }
}

#[cfg(test)]
mod tests;
