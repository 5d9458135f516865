//! `/checkout`: a sample shop of one page. Its server registers the order, and its page pays with a
//! token. The server pays with a card that is to be saved, and with the saved card.
//!
//! No card number reaches the server or the page's script: it is typed into the gateway's own page,
//! in a frame.
//!
//! The shop calls the stack over HTTP, as a shop's server would, so that its source can be copied.

mod server;

use std::{net::SocketAddr, sync::Arc};

use axum::{
    Json, Router,
    extract::{ConnectInfo, State},
    http::{HeaderMap, StatusCode, header},
    response::{Html, IntoResponse, Response},
    routing::{get, post},
};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::{look, merchants::REGISTERED};
pub(crate) use server::Shop;
use server::{CURRENCY, PRICE, Payment, Unclear};

const PAGE: &str = include_str!("checkout/page.html");
const SCRIPT: &str = include_str!("checkout/page.js");

/// The cookie of the shopper's session. A shop with accounts has its own.
const SESSION: &str = "checkout_session";

/// The page, its script, and the routes of the shop's server.
pub(crate) fn router(shop: Shop) -> Router {
    Router::new()
        .route("/checkout", get(page))
        .route("/checkout/page.js", get(script))
        .route("/checkout/look.css", get(look::style))
        .route("/checkout/settings", get(settings))
        .route("/checkout/card", get(card))
        .route("/checkout/orders", post(orders))
        .route("/checkout/payments", post(payments))
        .route("/checkout/confirm", post(confirm))
        .with_state(Arc::new(shop))
}

/// The page loads nothing from elsewhere, frames the tokenizer, and talks to Tollgate. No script
/// reads the session, and no other site's page sends it.
async fn page(State(shop): State<Arc<Shop>>, headers: HeaderMap) -> Response {
    let policy = format!(
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self' {}; \
         frame-src {}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
        shop.api, shop.tokenizer,
    );
    let session = session(&headers).unwrap_or_else(Uuid::new_v4);
    let cookie = format!("{SESSION}={session}; Path=/checkout; HttpOnly; SameSite=Strict");
    ([(header::CONTENT_SECURITY_POLICY, policy), (header::SET_COOKIE, cookie)], Html(PAGE)).into_response()
}

async fn script() -> Response {
    ([(header::CONTENT_TYPE, "text/javascript; charset=utf-8")], SCRIPT).into_response()
}

/// The page's settings. The merchant's id is no secret, its key is.
async fn settings(State(shop): State<Arc<Shop>>) -> Json<Value> {
    Json(json!({ "api": shop.api, "merchant": REGISTERED, "tokenizer": shop.tokenizer, "livemode": false }))
}

async fn orders(State(shop): State<Arc<Shop>>) -> Response {
    match shop.register().await {
        Ok(order) => Json(json!({ "order": order, "amount": PRICE, "currency": CURRENCY })).into_response(),
        Err(error) => failed(&error),
    }
}

/// The saved card, to be shown: without the reference that pays.
async fn card(State(shop): State<Arc<Shop>>, headers: HeaderMap) -> Response {
    let Some(customer) = session(&headers) else { return Json(json!({ "card": null })).into_response() };
    match shop.saved_card(customer).await {
        Ok(saved) => Json(json!({ "card": saved.map(|saved| saved.card) })).into_response(),
        Err(error) => failed(&error),
    }
}

async fn payments(
    State(shop): State<Arc<Shop>>,
    ConnectInfo(from): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
    Json(wanted): Json<Payment>,
) -> Response {
    let Some(customer) = session(&headers) else { return StatusCode::FORBIDDEN.into_response() };
    match shop.pay(customer, from.ip(), &wanted).await {
        Ok(Some((status, shown))) => (status, Json(shown)).into_response(),
        Ok(None) => StatusCode::NOT_FOUND.into_response(),
        Err(error) => failed(&error),
    }
}

async fn confirm(State(shop): State<Arc<Shop>>, Json(unclear): Json<Unclear>) -> Response {
    match shop.confirm(&unclear).await {
        Ok((status, shown)) => (status, Json(shown)).into_response(),
        Err(error) => failed(&error),
    }
}

fn session(headers: &HeaderMap) -> Option<Uuid> {
    let cookies = headers.get(header::COOKIE)?.to_str().ok()?;
    let cookie = |cookie: &str| Some(cookie.trim().strip_prefix(SESSION)?.strip_prefix('=')?.to_owned());
    cookies.split(';').find_map(cookie)?.parse().ok()
}

fn failed(error: &reqwest::Error) -> Response {
    tracing::error!(%error, "the sample shop's server cannot reach Tollgate");
    StatusCode::BAD_GATEWAY.into_response()
}
