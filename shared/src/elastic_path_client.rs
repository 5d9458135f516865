//! Orders of merchants' shops: read from Elastic Path, and payments recorded there.
//!
//! An application key there has all rights of a store's administrator, and no narrower key exists.
//! So the paths that are called are the variants of `Call`, and nothing else here sends anything.
//!
//! An order has its payer's name and addresses in it. They are not read, kept or logged.

mod answer;
mod token;

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, OnceLock, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use jiff::Timestamp;
use reqwest::{Method, StatusCode, header::ACCEPT};
use serde_json::Value;
use tokio::time::timeout;
use tollgate_core::{
    order::{Kind, MerchantId, OrderId, Principal, ShopOrder, ShopTransaction, TellingAnswer, ToTell},
    payments::{ChangedPage, Merchant, ShopAccount, ShopFailure, ShopKey, ShopOrders},
    values::Clock,
};

use self::token::{KeptToken, Token};
use crate::{
    abuse::{SHOP_READS, Throttle, UNKNOWN_ORDERS},
    https,
};

/// How long a shop has to say what an order owes, with a new token if one is needed.
const LIMIT: Duration = Duration::from_secs(3);

/// Longest answer that is read. An order without its items has a few KB, a transaction one.
const BODY_MAX_BYTES: usize = 512 * 1024;

/// Orders on a page of a list: as many fit into an answer with their addresses.
const LISTED_AT_ONCE: usize = 50;

/// All that is ever called at a shop, besides the path for tokens.
#[derive(Clone, Copy, Debug)]
enum Call<'a> {
    /// `GET /v2/orders/{id}`.
    Order(&'a OrderId),
    /// `PUT /v2/orders/{id}` with the one status that an order can be given.
    Cancel(&'a OrderId),
    /// `GET /v2/orders` of orders that were changed since these milliseconds, from this row on.
    Changed(i64, usize),
    /// `GET /v2/orders/{id}/transactions`.
    Transactions(&'a OrderId),
    /// `POST /v2/orders/{id}/payments`.
    Pay(&'a OrderId),
    /// `POST /v2/orders/{id}/transactions/{transaction}/capture`.
    Capture(&'a OrderId, &'a str),
    /// `POST /v2/orders/{id}/transactions/{transaction}/refund`.
    Refund(&'a OrderId, &'a str),
    /// `GET /v2/gateways/manual`. The list of all gateways returns their passwords.
    ManualGateway,
}

impl Call<'_> {
    /// Its address. Nothing in an order's id has to be escaped in a path, nor in a transaction's,
    /// which [`answer::recorded`] lets in.
    fn url(self, shop: &ShopAccount) -> String {
        let base = &shop.endpoint;
        match self {
            Self::Order(id) | Self::Cancel(id) => format!("{base}/v2/orders/{id}"),
            Self::Changed(since, from) => format!(
                "{base}/v2/orders?filter=ge(updated_at,{since})&sort=updated_at\
                 &page[limit]={LISTED_AT_ONCE}&page[offset]={from}"
            ),
            Self::Transactions(id) => format!("{base}/v2/orders/{id}/transactions"),
            Self::Pay(id) => format!("{base}/v2/orders/{id}/payments"),
            Self::Capture(id, of) => format!("{base}/v2/orders/{id}/transactions/{of}/capture"),
            Self::Refund(id, of) => format!("{base}/v2/orders/{id}/transactions/{of}/refund"),
            Self::ManualGateway => format!("{base}/v2/gateways/manual"),
        }
    }

    fn method(self) -> Method {
        match self {
            Self::Order(_) | Self::Changed(..) | Self::Transactions(_) | Self::ManualGateway => Method::GET,
            Self::Cancel(_) => Method::PUT,
            Self::Pay(_) | Self::Capture(..) | Self::Refund(..) => Method::POST,
        }
    }
}

/// An answer with its status, read to its end.
struct Answer {
    status: StatusCode,
    body: Vec<u8>,
}

/// Reads orders of the shops of all merchants of a process. Nothing is connected before the first
/// call.
pub struct ElasticPathClient {
    clock: Arc<dyn Clock>,
    connections: OnceLock<https::Connections>,
    tokens: Mutex<HashMap<MerchantId, Arc<KeptToken>>>,
    reads: Throttle<MerchantId>,
    unknown: Throttle<(MerchantId, OrderId)>,
}

impl ElasticPathClient {
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self {
            clock,
            connections: OnceLock::new(),
            tokens: Mutex::default(),
            reads: Throttle::new(SHOP_READS),
            unknown: Throttle::new(UNKNOWN_ORDERS),
        }
    }

    /// Whether the store takes payments by its manual gateway, as which Tollgate's are recorded.
    pub async fn has_manual_gateway(&self, merchant: &Merchant) -> Result<bool, ShopFailure> {
        let answer = self.get(merchant, Call::ManualGateway).await?;
        match answer.status {
            StatusCode::OK => answer::manual_gateway(&answer.body),
            StatusCode::NOT_FOUND => Ok(false),
            status => Err(unexpected(status)),
        }
    }

    /// Whether a store takes this key, by a token that is thrown away.
    pub async fn takes_key(&self, shop: &ShopAccount, key: &ShopKey) -> Result<bool, ShopFailure> {
        let made = in_time(token::request(&self.http()?, shop, key, self.clock.now())).await?;
        Ok(made.is_some())
    }

    /// The certificates are read for the first call.
    fn http(&self) -> Result<reqwest::Client, ShopFailure> {
        let connections = self.connections.get_or_init(|| https::Connections::new(self.clock.clone()));
        connections.client().map_err(|_| ShopFailure::Unavailable("no client can be made".to_owned()))
    }

    fn kept_token(&self, merchant: &MerchantId) -> Arc<KeptToken> {
        let mut tokens = self.tokens.lock().unwrap_or_else(PoisonError::into_inner);
        tokens.entry(merchant.clone()).or_default().clone()
    }

    /// Reads something of a merchant's shop.
    async fn get(&self, merchant: &Merchant, call: Call<'_>) -> Result<Answer, ShopFailure> {
        in_time(self.call(merchant, call, None, &AtomicBool::new(false))).await
    }

    /// Calls a merchant's shop, once more with a new token if the shop refuses the old one. `sent`
    /// tells whether the request may have been carried out.
    async fn call(
        &self,
        merchant: &Merchant,
        call: Call<'_>,
        body: Option<&Value>,
        sent: &AtomicBool,
    ) -> Result<Answer, ShopFailure> {
        let shop = merchant.shop.as_ref();
        let shop = shop.ok_or_else(|| ShopFailure::Unavailable("the merchant names no shop".to_owned()))?;
        let kept = self.kept_token(&merchant.id);
        let http = self.http()?;
        let request = |token: &Token| {
            let request = http.request(call.method(), call.url(shop)).header(ACCEPT, "application/json");
            let request = request.bearer_auth(token.expose());
            match body {
                Some(body) => request.json(body),
                None => request,
            }
        };
        let token = kept.usable(&http, merchant, shop, self.clock.now()).await?;
        let answer = send(request(&token), sent).await?;
        if answer.status != StatusCode::UNAUTHORIZED {
            return Ok(answer);
        }
        sent.store(false, Ordering::Relaxed);
        kept.forget(&token).await;
        let token = kept.usable(&http, merchant, shop, self.clock.now()).await?;
        send(request(&token), sent).await
    }

    /// Counts a shopper's read. A merchant's own systems have no share: they know their orders.
    fn let_in(&self, merchant: &MerchantId, id: &OrderId, by: Principal) -> Result<bool, ShopFailure> {
        if by != Principal::Implicit {
            return Ok(true);
        }
        let now = self.clock.now();
        if self.unknown.wait(&(merchant.clone(), id.clone()), now).is_some() {
            return Ok(false);
        }
        self.reads.take(merchant, now).map_err(ShopFailure::TooManyReads)?;
        Ok(true)
    }
}

#[async_trait]
impl ShopOrders for ElasticPathClient {
    async fn order(
        &self,
        merchant: &Merchant,
        id: &OrderId,
        by: Principal,
    ) -> Result<Option<ShopOrder>, ShopFailure> {
        if !self.let_in(&merchant.id, id, by)? {
            return Ok(None);
        }
        let read_at = self.clock.now();
        let answer = self.get(merchant, Call::Order(id)).await?;
        match answer.status {
            StatusCode::OK => answer::order(&answer.body, id, read_at).map(Some),
            StatusCode::NOT_FOUND => {
                self.unknown.failed(&(merchant.id.clone(), id.clone()), self.clock.now());
                Ok(None)
            }
            status => Err(unexpected(status)),
        }
    }

    async fn changed(
        &self,
        merchant: &Merchant,
        since: Timestamp,
        from: usize,
    ) -> Result<ChangedPage, ShopFailure> {
        let read_at = self.clock.now();
        let answer = self.get(merchant, Call::Changed(since.as_millisecond(), from)).await?;
        match answer.status {
            StatusCode::OK => answer::changed(&answer.body, read_at),
            status => Err(unexpected(status)),
        }
    }

    async fn transactions(
        &self,
        merchant: &Merchant,
        id: &OrderId,
    ) -> Result<Vec<ShopTransaction>, ShopFailure> {
        let answer = self.get(merchant, Call::Transactions(id)).await?;
        match answer.status {
            StatusCode::OK => answer::transactions(&answer.body),
            status => Err(unexpected(status)),
        }
    }

    async fn tell(&self, merchant: &Merchant, id: &OrderId, step: &ToTell, limit: Duration) -> TellingAnswer {
        let (call, body) = match (step.step, &step.id) {
            (Kind::Authorize | Kind::Purchase, None) => (Call::Pay(id), Some(answer::payment(step))),
            (Kind::Capture, Some(there)) => (Call::Capture(id, there), None),
            (Kind::Refund, Some(there)) => (Call::Refund(id, there), step.part.map(answer::refund)),
            (Kind::Void, Some(_)) => (Call::Cancel(id), Some(answer::cancellation())),
            _ => return TellingAnswer::Unknown,
        };
        let sent = AtomicBool::new(false);
        let answer = timeout(limit, self.call(merchant, call, body.as_ref(), &sent)).await;
        match answer {
            Ok(Ok(answer)) => answer::recorded(&answer, step),
            // A failed token, or no connection.
            _ if !sent.load(Ordering::Relaxed) => TellingAnswer::NotArrived,
            _ => TellingAnswer::Unknown,
        }
    }
}

/// The failure of an answer that says nothing about what was asked.
fn unexpected(status: StatusCode) -> ShopFailure {
    ShopFailure::Unavailable(format!("it answers with status {}", status.as_u16()))
}

/// Sends a request. Until a connection is there, nothing of it was sent.
async fn send(request: reqwest::RequestBuilder, sent: &AtomicBool) -> Result<Answer, ShopFailure> {
    sent.store(true, Ordering::Relaxed);
    let response = request.send().await.map_err(|error| {
        sent.store(!error.is_connect(), Ordering::Relaxed);
        ShopFailure::Unavailable("it does not answer".to_owned())
    })?;
    read(response).await
}

/// The whole answer to a request for a token. Whoever asked for it asks again.
async fn answered(request: reqwest::RequestBuilder) -> Result<Answer, ShopFailure> {
    let response = request.send().await;
    read(response.map_err(|_| ShopFailure::Unavailable("it does not answer".to_owned()))?).await
}

async fn read(response: reqwest::Response) -> Result<Answer, ShopFailure> {
    let status = response.status();
    let body = https::read_body(response, BODY_MAX_BYTES).await;
    let body = body.map_err(|error| ShopFailure::Unavailable(error.to_string()))?;
    Ok(Answer { status, body })
}

async fn in_time<T>(call: impl Future<Output = Result<T, ShopFailure>>) -> Result<T, ShopFailure> {
    let late = || ShopFailure::Unavailable(format!("it does not answer within {} s", LIMIT.as_secs()));
    timeout(LIMIT, call).await.unwrap_or_else(|_| Err(late()))
}

#[cfg(test)]
mod tests;
