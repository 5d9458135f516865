//! Speaks the CardPointe REST API: which requests an instruction or an inquiry takes, and the
//! meaning of a status.
//!
//! Calls that move money use POST: a proxy may repeat a PUT (RFC 9110, section 9.2.2).
//! `voidByOrderId` is not used, because it voids without an inquiry. A status that an intermediary
//! can send (3xx, 400, 401, 404, 429) is verified by one inquiry; without a usable response it is
//! reported as it is, because a wrong password fails the inquiry, too.
//!
//! Attempts that were refused without proof are a list of ids, so that an operation that is retried
//! 100 times stays small. One look covers at most 8 of these ids.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use http::Method;
use tollgate_core::{
    order::{Doubt, Finding, GatewayResponse, NoEffect, Outcome, Route},
    payments::{
        Command, Gateway, GatewayInfo, Inquired, Inquiry, Instruction, KnownPayment, Merchant, PaymentSource,
        RecordLookUp,
    },
    values::Clock,
};

use super::{
    Info, NAME,
    identity::{Account, Whose},
    inquiry::{self, Refund},
    meaning::{self, meaning},
    transport::{BodyError, HttpsTransport, Request, Response, Transport, TransportError},
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

    /// The transport of its requests.
    #[cfg(test)]
    pub(super) fn transport(&self) -> &T {
        &self.transport
    }

    /// Opens a connection to a merchant's gateway with a request that checks its credentials
    /// (`docs/cardpointe.md`, *Transport*): the only request that is about no payment. The content
    /// of its response is not needed.
    pub async fn connect(&self, merchant: &Merchant) {
        let url = format!("{}/", merchant.gateway.endpoint);
        let check = serde_json::json!({ "merchid": merchant.any_account() }).to_string().into_bytes();
        let sent = self.call(merchant, Method::PUT, url, Some(check), CONNECT_LIMIT);
        let Ok(Response { status, body }) = sent.await else {
            return tracing::warn!(merchant = %merchant.id, "the gateway is not connected to yet");
        };
        if body.is_err() || status != 200 {
            tracing::warn!(status, merchant = %merchant.id, "the gateway does not welcome the merchant");
        }
    }

    pub(super) async fn call(
        &self,
        merchant: &Merchant,
        method: Method,
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
        // The gateway takes PUT, too. A proxy may repeat that, and never a POST (RFC 9110 §9.2.2).
        let sent = self.call(merchant, Method::POST, url, Some(body), limit);
        let Response { status, body } = sent.await.map_err(|error| match error {
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
    async fn records(&self, merchant: &Merchant, url: String, limit: Duration) -> Option<Vec<GatewayReply>> {
        let Response { status, body } = self.call(merchant, Method::GET, url, None, limit).await.ok()?;
        if status != 200 {
            tracing::warn!(status, merchant = %merchant.id, "a look-up failed");
            return None;
        }
        GatewayReply::parse_all(&body.ok()?)
    }

    /// Every record under the order ids of this MID; undecided where there is none at all under
    /// one, which proves nothing.
    async fn by_order_ids(
        &self,
        merchant: &Merchant,
        route: &Route,
        ids: &[&str],
        limit: Duration,
    ) -> Result<Vec<GatewayReply>, Finding> {
        let Route { endpoint: base_url, account: merchid, .. } = route;
        let mut records = Vec::new();
        for id in ids {
            let url = format!("{base_url}/inquireByOrderid/{id}/{merchid}/1");
            let found = self.records(merchant, url, limit).await.ok_or(Finding::Failed)?;
            if found.is_empty() {
                return Err(Finding::Undecided);
            }
            records.extend(found);
        }
        Ok(records)
    }

    /// The payment's own record.
    async fn by_retref(
        &self,
        account: &Account<'_>,
        inquiry: &Inquiry<'_>,
        payment: KnownPayment<'_>,
        limit: Duration,
    ) -> Result<GatewayReply, Finding> {
        let Route { endpoint: base_url, account: merchid, .. } = inquiry.route;
        let url = format!("{base_url}/inquire/{}/{merchid}", payment.reference);
        let found = self.records(account.merchant, url, limit).await.ok_or(Finding::Failed)?;
        // Its reference tells a payment beside the transaction's own.
        let own = |id: &str| inquiry.ours.is_empty() || inquiry.ours.contains(&id);
        let mut records = inquiry::of_ours(found, account, own, &[]).ok_or(Finding::Undecided)?;
        let is_the_payments =
            |record: &GatewayReply| record.retref.as_deref().is_none_or(|r| r == payment.reference);
        match (records.pop(), records.is_empty()) {
            (Some(record), true) if is_the_payments(&record) => Ok(record),
            _ => Err(Finding::Undecided),
        }
    }

    async fn find_payment(
        &self,
        account: &Account<'_>,
        inquiry: &Inquiry<'_>,
        limit: Duration,
    ) -> Result<Finding, Finding> {
        let ids: Vec<&str> = inquiry.ids();
        let records = self.by_order_ids(account.merchant, inquiry.route, &ids, limit).await?;
        let records = inquiry::of_ours(records, account, |id| ids.contains(&id), &inquiry.ours)
            .ok_or(Finding::Undecided)?;
        Ok(inquiry::of_payment(
            inquiry.about,
            inquiry.amount,
            inquiry.gateway_order_id,
            &records,
            &inquiry.known,
        ))
    }

    /// A refund is looked for under the order ids of its attempts, then under the payment's, which
    /// its record may name.
    async fn find_refund(
        &self,
        account: &Account<'_>,
        inquiry: &Inquiry<'_>,
        payment: KnownPayment<'_>,
        limit: Duration,
    ) -> Result<Finding, Finding> {
        let ids: Vec<&str> = inquiry.ids();
        let refund = Refund {
            amount: inquiry.amount,
            fee: payment.fee,
            ids: &ids,
            payment: payment.reference,
            known: &inquiry.known,
        };
        let own = |id: &str| ids.contains(&id) || inquiry.payments.contains(&id);
        let ours = |records| inquiry::of_ours(records, account, own, &inquiry.ours);
        let records = self.by_order_ids(account.merchant, inquiry.route, &ids, limit).await?;
        let records = ours(records).ok_or(Finding::Undecided)?;
        if let Some(finding) = refund.under_its_own(&records) {
            return Ok(finding);
        }
        // Usually the last attempt of the payment was approved. Under another one it is neither
        // shown nor refunded.
        for id in inquiry.payments.iter().rev() {
            let listed = self.by_order_ids(account.merchant, inquiry.route, &[id], limit).await?;
            if let Some(finding) = refund.under_the_payments(&ours(listed).ok_or(Finding::Undecided)?) {
                return Ok(finding);
            }
        }
        Ok(Finding::Undecided)
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
            Command::Capture(payment) => meaning::Requested::Capture { fee: payment.fee },
            Command::Refund(payment) => {
                meaning::Requested::Refund { of: payment.reference, fee: payment.fee }
            }
            Command::Void(_) => meaning::Requested::Void,
        };
        let account = Account { route: instruction.route, merchant, currency: instruction.currency };
        let whose =
            account.whose(&instruction.command, instruction.gateway_order_id, &instruction.ours, &reply);
        let outcome = match (whose, meaning(requested, instruction.amount, &reply)) {
            (Whose::Ours, outcome) | (Whose::Unnamed, outcome @ Outcome::Unknown(..)) => outcome,
            (Whose::Unnamed, outcome) => Outcome::Unnamed(Box::new(outcome)),
            (Whose::Foreign, _) => {
                tracing::error!(merchant = %merchant.id, "the gateway's response is about another operation");
                // The response belongs to another operation, with its reference.
                Outcome::Unknown(Doubt::AnotherOperation, GatewayResponse::default())
            }
        };
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
        let account = Account { route, merchant, currency: inquiry.currency };
        let record = |payment| self.by_retref(&account, &inquiry, payment, limit);
        let found = match *about {
            Inquired::Authorize | Inquired::Purchase => self.find_payment(&account, &inquiry, limit).await,
            Inquired::Capture(payment) => {
                record(payment).await.map(|record| inquiry::of_capture(*amount, payment.fee, &record))
            }
            Inquired::Refund(payment) => self.find_refund(&account, &inquiry, payment, limit).await,
            Inquired::Void(payment) => record(payment).await.map(|record| inquiry::of_void(&record)),
        };
        found.unwrap_or_else(|nothing| nothing)
    }

    async fn look_up(
        &self,
        merchant: &Merchant,
        route: &Route,
        reference: &str,
        limit: Duration,
    ) -> RecordLookUp {
        if route.gateway != NAME {
            return RecordLookUp::NoResponse;
        }
        let url = format!("{}/inquire/{reference}/{}", route.endpoint, route.account);
        let Some(records) = self.records(merchant, url, limit).await else { return RecordLookUp::NoResponse };
        // A response about no record has no state (`docs/cardpointe.md`, *Responses*).
        let record = records.iter().rfind(|record| record.setlstat.is_some());
        record.map_or(RecordLookUp::Nothing, |record| RecordLookUp::Found(inquiry::as_record(record)))
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
