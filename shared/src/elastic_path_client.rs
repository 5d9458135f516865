//! Orders of merchants' shops, read from Elastic Path.
//!
//! An application key there has all rights of a store's administrator, and no narrower key exists.
//! So the paths that are called are the variants of `Call`, and nothing else here sends anything.
//!
//! An order has its payer's name and addresses in it. They are not read, kept or logged.

mod answer;
mod token;

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, OnceLock, PoisonError},
    time::Duration,
};

use async_trait::async_trait;
use reqwest::{StatusCode, header::ACCEPT};
use tokio::time::timeout;
use tollgate_core::{
    order::{MerchantId, OrderId, Principal, ShopOrder},
    payments::{Merchant, ShopAccount, ShopFailure, ShopKey, ShopOrders},
    values::Clock,
};

use self::token::{KeptToken, Token};
use crate::{
    abuse::{SHOP_READS, Throttle, UNKNOWN_ORDERS},
    https,
};

/// How long a shop has to say what an order owes, with a new token if one is needed.
const LIMIT: Duration = Duration::from_secs(3);

/// Longest answer that is read. An order without its items has a few KB.
const BODY_MAX_BYTES: usize = 128 * 1024;

/// All that is ever called at a shop, besides the path for tokens.
#[derive(Clone, Copy, Debug)]
enum Call<'a> {
    /// `GET /v2/orders/{id}`.
    Order(&'a OrderId),
    /// `GET /v2/gateways/manual`. The list of all gateways returns their passwords.
    ManualGateway,
}

impl Call<'_> {
    /// Its address. Nothing in an order's id has to be escaped in a path.
    fn url(self, shop: &ShopAccount) -> String {
        let base = &shop.endpoint;
        match self {
            Self::Order(id) => format!("{base}/v2/orders/{id}", id = id.as_str()),
            Self::ManualGateway => format!("{base}/v2/gateways/manual"),
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

    /// Calls a merchant's shop, once more with a new token if the shop refuses the old one.
    async fn get(&self, merchant: &Merchant, call: Call<'_>) -> Result<Answer, ShopFailure> {
        let shop = merchant.shop.as_ref();
        let shop = shop.ok_or_else(|| ShopFailure::Unavailable("the merchant names no shop".to_owned()))?;
        let kept = self.kept_token(&merchant.id);
        in_time(async {
            let http = self.http()?;
            let token = kept.usable(&http, merchant, shop, self.clock.now()).await?;
            let answer = send(&http, call.url(shop), &token).await?;
            if answer.status != StatusCode::UNAUTHORIZED {
                return Ok(answer);
            }
            kept.forget(&token).await;
            let token = kept.usable(&http, merchant, shop, self.clock.now()).await?;
            send(&http, call.url(shop), &token).await
        })
        .await
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
        let answer = self.get(merchant, Call::Order(id)).await?;
        match answer.status {
            StatusCode::OK => answer::order(&answer.body, id).map(Some),
            StatusCode::NOT_FOUND => {
                self.unknown.failed(&(merchant.id.clone(), id.clone()), self.clock.now());
                Ok(None)
            }
            status => Err(unexpected(status)),
        }
    }
}

/// The failure of an answer that says nothing about what was asked.
fn unexpected(status: StatusCode) -> ShopFailure {
    ShopFailure::Unavailable(format!("it answers with status {}", status.as_u16()))
}

async fn send(http: &reqwest::Client, url: String, token: &Token) -> Result<Answer, ShopFailure> {
    let request = http.get(url).header(ACCEPT, "application/json").bearer_auth(token.expose());
    answered(request).await
}

/// The whole answer to a request. Reads are repeated by whoever asked for them.
async fn answered(request: reqwest::RequestBuilder) -> Result<Answer, ShopFailure> {
    let response = request.send().await;
    let response = response.map_err(|_| ShopFailure::Unavailable("it does not answer".to_owned()))?;
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
