//! `/checkout`: a sample shop of one page. Its server registers the order, and its page pays with a token.
//!
//! No card number reaches the server or the page's script: it is typed into the gateway's own page, in a frame.

use std::sync::Arc;

use axum::{
    Json, Router,
    extract::State,
    http::{StatusCode, header},
    response::{Html, IntoResponse, Response},
    routing::{get, post},
};
use serde_json::{Value, json};
use tollgate::lambda::install_tls;
use uuid::Uuid;

use crate::merchants::{REGISTERED, REGISTERED_KEY};

const PAGE: &str = include_str!("checkout/page.html");
const SCRIPT: &str = include_str!("checkout/page.js");

/// What is sold here, in minor units.
const PRICE: u64 = 2599;
const CURRENCY: &str = "USD";

/// The shop's server.
pub(crate) struct Shop {
    /// Tollgate's address.
    pub(crate) api: String,
    /// Where the gateway serves its tokenizer.
    pub(crate) tokenizer: String,
    client: reqwest::Client,
}

impl Shop {
    pub(crate) fn new(api: &str, tokenizer: &str) -> Result<Self, reqwest::Error> {
        // Everything here is plain HTTP on this machine: no certificate is trusted.
        install_tls();
        let roots = rustls::RootCertStore::empty();
        let tls = rustls::ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
        let client = reqwest::Client::builder().tls_backend_preconfigured(tls).no_proxy().build()?;
        Ok(Self { api: api.to_owned(), tokenizer: tokenizer.to_owned(), client })
    }

    /// Registers an order. Only the server has the merchant's key, and only it says what the cart costs.
    async fn register(&self) -> Result<String, reqwest::Error> {
        let credentials =
            format!("grant_type=client_credentials&client_id={REGISTERED}&client_secret={REGISTERED_KEY}");
        let token = self.client.post(format!("{}/oauth/access_token", self.api)).body(credentials);
        let token = token.header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        let token = parsed(&token.send().await?.error_for_status()?.bytes().await?);

        let order = format!("checkout-{}", Uuid::new_v4());
        let amount = json!({ "data": { "type": "order", "amount": PRICE, "currency": CURRENCY } });
        let registered = self.client.put(format!("{}/v2/orders/{order}", self.api));
        let registered = registered.bearer_auth(token["access_token"].as_str().unwrap_or_default());
        registered.body(amount.to_string()).send().await?.error_for_status()?;
        Ok(order)
    }
}

/// The page, its script, and what the shop's server does for it.
pub(crate) fn router(shop: Shop) -> Router {
    Router::new()
        .route("/checkout", get(page))
        .route("/checkout/page.js", get(script))
        .route("/checkout/settings", get(settings))
        .route("/checkout/orders", post(orders))
        .with_state(Arc::new(shop))
}

/// The page loads nothing from elsewhere, frames the tokenizer, and talks to Tollgate.
async fn page(State(shop): State<Arc<Shop>>) -> Response {
    let policy = format!(
        "default-src 'none'; script-src 'self'; style-src 'unsafe-inline'; connect-src 'self' {}; \
         frame-src {}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
        shop.api, shop.tokenizer,
    );
    ([(header::CONTENT_SECURITY_POLICY, policy)], Html(PAGE)).into_response()
}

async fn script() -> Response {
    ([(header::CONTENT_TYPE, "text/javascript; charset=utf-8")], SCRIPT).into_response()
}

/// What the page has to know. The merchant's id is no secret, its key is.
async fn settings(State(shop): State<Arc<Shop>>) -> Json<Value> {
    Json(json!({ "api": shop.api, "merchant": REGISTERED, "tokenizer": shop.tokenizer }))
}

async fn orders(State(shop): State<Arc<Shop>>) -> Response {
    match shop.register().await {
        Ok(order) => Json(json!({ "order": order, "amount": PRICE, "currency": CURRENCY })).into_response(),
        Err(error) => {
            tracing::error!(%error, "the sample shop cannot register its order");
            StatusCode::BAD_GATEWAY.into_response()
        }
    }
}

fn parsed(body: &[u8]) -> Value {
    serde_json::from_slice(body).unwrap_or_default()
}
