//! A request as a table states it, and its way through the handlers.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use lambda_http::{Body, Context, Request, RequestExt, Response};
use serde_json::{Map, Value, json};
use tollgate::{credit_card, elastic_path, functions, status};
use tollgate_core::values::Clock;

use crate::{merchants, world::World};

/// Every route of the template that a client can call.
const ROUTES: &[&str] = &[
    "POST /oauth/access_token",
    "GET /status",
    "PUT /v2/orders/{orderId}",
    "GET /v2/orders/{orderId}",
    "POST /v2/orders/{orderId}/payments",
    "POST /v2/orders/{orderId}/payments/authorize",
    "POST /v2/orders/{orderId}/payments/purchase",
    "POST /v2/orders/{orderId}/captures/pause",
    "POST /v2/orders/{orderId}/captures/resume",
    "GET /v2/orders/{orderId}/transactions",
    "GET /v2/orders/{orderId}/transactions/{transactionId}",
    "PATCH /v2/orders/{orderId}/transactions/{transactionId}",
    "POST /v2/orders/{orderId}/transactions/{transactionId}/capture",
    "POST /v2/orders/{orderId}/transactions/{transactionId}/reauthorize",
    "POST /v2/orders/{orderId}/transactions/{transactionId}/refund",
    "POST /v2/orders/{orderId}/transactions/{transactionId}/cancel",
    "POST /v2/orders/{orderId}/transactions/{transactionId}/confirm",
    "POST /v2/payment-methods",
    "GET /v2/payment-methods",
    "GET /v2/payment-methods/{paymentMethodId}",
    "PUT /v2/payment-methods/{paymentMethodId}",
    "PATCH /v2/payment-methods/{paymentMethodId}",
    "DELETE /v2/payment-methods/{paymentMethodId}",
    "POST /v2/surcharge",
    "GET /v2/transactions",
    "GET /v2/attention",
    "GET /v2/captures",
    "GET /v2/stop",
    "PUT /v2/stop",
    "GET /v2/people",
    "POST /v2/people",
    "PATCH /v2/people/{personId}",
    "DELETE /v2/people/{personId}",
    "GET /v2/audit",
    "GET /v2/webhooks",
    "GET /v2/webhooks/{webhookId}/deliveries",
    "POST /v2/webhooks/{webhookId}/deliveries/{deliveryId}/replay",
    "POST /v2/webhooks/{webhookId}/test",
    "GET /v2/captures/daily",
    "GET /v2/deposits",
    "GET /v2/deposits/{depositId}",
    "GET /v2/transactions/{transactionId}/settlement",
    "GET /v2/settlement/outstanding",
    "GET /v2/settlement/exceptions",
    "POST /v2/settlement/exceptions/{exceptionId}/notes",
    "POST /v2/settlement/exceptions/{exceptionId}/resolve",
    "GET /v2/me",
    "GET /v2/entries",
    "GET /v2/orders/{orderId}/entries",
    "GET /v2/transactions/{transactionId}",
    "GET /v2/orders",
    "GET /v2/gateways",
    "GET /v2/gateways/card_connect",
    "GET /v2/reports/totals",
    "POST /api/v1/payments/creditcard/authorize",
    "POST /api/v1/payments/creditcard/charge",
    "POST /api/v1/payments/creditcard/capture",
    "POST /api/v1/payments/creditcard/refund",
    "POST /api/v1/payments/creditcard/void",
    "POST /api/v1/payments/creditcard/status",
];

/// API Gateway's name for the route of a request for which it has none.
const NO_ROUTE: &str = "$default";

#[derive(Clone)]
pub(crate) struct Ask {
    pub(crate) method: &'static str,
    pub(crate) path: String,
    pub(crate) by: Option<&'static str>,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: Sent,
    /// The address that it comes from.
    pub(crate) source: &'static str,
    /// Milliseconds that are left to the invocation.
    pub(crate) left_ms: i64,
}

#[derive(Clone)]
pub(crate) enum Sent {
    Nothing,
    Json(Value),
    Text(String),
    Bytes(Vec<u8>),
}

fn ask(method: &'static str, path: impl Into<String>) -> Ask {
    let (by, headers, body) = (None, Vec::new(), Sent::Nothing);
    Ask { method, path: path.into(), by, headers, body, source: "203.0.113.7", left_ms: 29_000 }
}

pub(crate) fn get(path: impl Into<String>) -> Ask {
    ask("GET", path)
}

pub(crate) fn post(path: impl Into<String>) -> Ask {
    ask("POST", path)
}

pub(crate) fn put(path: impl Into<String>) -> Ask {
    ask("PUT", path)
}

pub(crate) fn patch(path: impl Into<String>) -> Ask {
    ask("PATCH", path)
}

pub(crate) fn delete(path: impl Into<String>) -> Ask {
    ask("DELETE", path)
}

impl Ask {
    pub(crate) fn by(self, by: &'static str) -> Self {
        Self { by: Some(by), ..self }
    }

    pub(crate) fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    pub(crate) fn key(self, key: &str) -> Self {
        self.header("idempotency-key", key)
    }

    pub(crate) fn json(self, body: Value) -> Self {
        Self { body: Sent::Json(body), ..self }
    }

    /// The members of `data`.
    pub(crate) fn data(self, data: Value) -> Self {
        self.json([("data", data)].into_iter().collect())
    }

    pub(crate) fn text(self, body: impl Into<String>) -> Self {
        Self { body: Sent::Text(body.into()), ..self }
    }

    pub(crate) fn bytes(self, body: &[u8]) -> Self {
        Self { body: Sent::Bytes(body.to_vec()), ..self }
    }

    pub(crate) fn from(self, source: &'static str) -> Self {
        Self { source, ..self }
    }

    pub(crate) fn left_ms(self, left_ms: i64) -> Self {
        Self { left_ms, ..self }
    }

    /// The request in a line, without its body.
    pub(crate) fn line(&self) -> String {
        let mut line = format!("{} {}", self.method, self.path);
        if let Some(by) = self.by {
            line.extend([" by ", by]);
        }
        for (name, value) in &self.headers {
            let shown: String = value.chars().take(80).collect();
            line.extend([", ", name, ": ", &shown]);
        }
        line
    }

    /// The route that API Gateway finds, and the parameters that it cuts out of the path.
    pub(crate) fn route(&self) -> (&'static str, Map<String, Value>) {
        let path = self.path.split('?').next().unwrap_or_default();
        for route in ROUTES {
            let (method, pattern) = route.split_once(' ').unwrap();
            let pairs: Vec<_> = pattern.split('/').zip(path.split('/')).collect();
            let fits = |(pattern, part): &(&str, &str)| pattern.starts_with('{') || pattern == part;
            let is_as_long = pattern.split('/').count() == path.split('/').count();
            if method == self.method && is_as_long && pairs.iter().all(fits) {
                let cut_out = pairs.iter().filter_map(|(pattern, part)| {
                    let name = pattern.strip_prefix('{')?.strip_suffix('}')?;
                    Some((name.to_owned(), (*part).into()))
                });
                return (route, cut_out.collect());
            }
        }
        (NO_ROUTE, Map::new())
    }

    fn request(&self, now: Timestamp, id: &str) -> Request {
        let (route, parameters) = self.route();
        let (path, query) = self.path.split_once('?').unwrap_or((&self.path, ""));
        let mut headers = Map::new();
        let own = self.by.map(|by| ("authorization", format!("Bearer {}", merchants::token(by, now))));
        for (name, value) in own.iter().chain(&self.headers) {
            // As API Gateway joins them.
            let joined = headers.get(*name).and_then(Value::as_str).map(|first| format!("{first},{value}"));
            headers.insert((*name).to_owned(), joined.unwrap_or_else(|| value.clone()).into());
        }
        let body = match &self.body {
            Sent::Nothing | Sent::Bytes(_) => Value::Null,
            Sent::Json(body) => body.to_string().into(),
            Sent::Text(text) => text.clone().into(),
        };
        let event = json!({
            "version": "2.0", "routeKey": route, "rawPath": path, "rawQueryString": query,
            "headers": headers,
            "requestContext": {
                "accountId": "0", "apiId": "a", "domainName": "localhost", "domainPrefix": "a",
                "http": {"method": self.method, "path": path, "protocol": "HTTP/1.1", "sourceIp": self.source,
                         "userAgent": "table"},
                "requestId": id, "routeKey": route, "stage": "$default",
                "time": "20/Nov/2026:12:00:00 +0000", "timeEpoch": 0,
            },
            "pathParameters": parameters, "body": body, "isBase64Encoded": false,
        });
        let mut request = lambda_http::request::from_str(&event.to_string()).unwrap();
        if let Sent::Bytes(bytes) = &self.body {
            *request.body_mut() = Body::Binary(bytes.clone());
        }
        let mut context = Context::default();
        let ends = now + SignedDuration::from_millis(self.left_ms);
        context.deadline = u64::try_from(ends.as_millisecond()).unwrap();
        request.with_lambda_context(context)
    }

    /// Sends it to the handler that its route has, unless it went past the front.
    pub(crate) async fn send(&self, world: &Arc<World>, id: &str) -> Response<Body> {
        let mut given = Self { path: world.as_given(&self.path), ..self.clone() };
        if let Sent::Json(body) = &self.body {
            let body = serde_json::from_str(&world.as_given(&body.to_string()));
            given.body = Sent::Json(body.expect("what was JSON before"));
        }
        let request = &given.request(world.clock.now(), id);
        if let Some(response) = functions::refused_at_front(&world.access(), request).await {
            return response;
        }
        let api = world.api();
        match self.route().0 {
            "POST /oauth/access_token" => elastic_path::issue_token(&world.tokens(), request).await,
            "GET /status" => status::status(world.as_ref(), request).await,
            "PUT /v2/orders/{orderId}" => elastic_path::put_order(&api, request).await,
            "GET /v2/orders/{orderId}" => elastic_path::get_order(&api, request).await,
            "POST /v2/surcharge" => elastic_path::preview_surcharge(&world.checkout(), request).await,
            "GET /v2/transactions" => elastic_path::search_transactions(&world.lists(), request).await,
            "GET /v2/attention" => elastic_path::list_attention(&world.lists(), request).await,
            "GET /v2/captures" => elastic_path::list_captures(&world.lists(), request).await,
            "GET /v2/captures/daily" => elastic_path::sum_captures(&world.lists(), request).await,
            "GET /v2/deposits" => elastic_path::list_deposits(&world.lists(), request).await,
            "GET /v2/deposits/{depositId}" => elastic_path::get_deposit(&world.lists(), request).await,
            "GET /v2/transactions/{transactionId}/settlement" => {
                elastic_path::get_settlement(&world.lists(), request).await
            }
            "GET /v2/settlement/outstanding" => elastic_path::list_outstanding(&world.lists(), request).await,
            "GET /v2/settlement/exceptions" => elastic_path::list_exceptions(&world.lists(), request).await,
            "POST /v2/settlement/exceptions/{exceptionId}/notes" => {
                elastic_path::note_exception(&world.lists(), request).await
            }
            "POST /v2/settlement/exceptions/{exceptionId}/resolve" => {
                elastic_path::resolve_exception(&world.lists(), request).await
            }
            "GET /v2/me" => elastic_path::get_me(&world.lists(), request).await,
            "GET /v2/entries" => elastic_path::list_entries(&world.lists(), request).await,
            "GET /v2/orders/{orderId}/entries" => {
                elastic_path::list_order_entries(&world.lists(), request).await
            }
            "POST /v2/orders/{orderId}/captures/pause" => elastic_path::pause_captures(&api, request).await,
            "POST /v2/orders/{orderId}/captures/resume" => elastic_path::resume_captures(&api, request).await,
            "GET /v2/stop" => elastic_path::get_stop(&world.stop_switch(), request).await,
            "PUT /v2/stop" => elastic_path::put_stop(&world.stop_switch(), request).await,
            route if route.contains("/v2/webhooks") => on_webhooks(world, route, request).await,
            route if route.contains("/v2/people") || route.contains("/v2/audit") => {
                on_people(world, route, request).await
            }
            "GET /v2/transactions/{transactionId}" => {
                elastic_path::find_transaction(&world.of_order(), request).await
            }
            "GET /v2/orders" => elastic_path::list_orders(&world.lists(), request).await,
            "GET /v2/gateways" => elastic_path::list_gateways(&api, request).await,
            "GET /v2/gateways/card_connect" => elastic_path::get_gateway(&api, request).await,
            "GET /v2/reports/totals" => elastic_path::report_totals(&world.lists(), request).await,
            route if route.contains("/payments") && route.contains("/v2/") => {
                pays(world, route, request).await
            }
            route if route.contains("/transactions") => on_transaction(world, route, request).await,
            route if route.contains("payment-methods") => on_stored_card(world, route, request).await,
            route if route.contains("/api/v1/") => on_credit_card(world, route, request).await,
            _ => match credit_card::unrouted(world.checkout().paying(), request).await {
                Some(response) => response,
                None => elastic_path::not_found(request).await,
            },
        }
    }
}

/// The last part of a route, which names the action.
fn last(route: &str) -> &str {
    route.rsplit('/').next().unwrap_or_default()
}

async fn pays(world: &Arc<World>, route: &str, request: &Request) -> Response<Body> {
    let checkout = world.checkout();
    match last(route) {
        "authorize" => elastic_path::authorize(&checkout, request).await,
        "purchase" => elastic_path::purchase(&checkout, request).await,
        _ => elastic_path::pay(&checkout, request).await,
    }
}

async fn on_transaction(world: &Arc<World>, route: &str, request: &Request) -> Response<Body> {
    let api = world.api();
    match last(route) {
        "capture" => elastic_path::capture(&api, request).await,
        "reauthorize" => elastic_path::reauthorize(&api, request).await,
        "refund" => elastic_path::refund(&api, request).await,
        "cancel" => elastic_path::cancel(&api, request).await,
        "confirm" => elastic_path::confirm(&world.confirm(), request).await,
        "transactions" => elastic_path::list_transactions(&api, request).await,
        _ if route.starts_with("PATCH") => elastic_path::patch_transaction(&api, request).await,
        _ => elastic_path::get_transaction(&api, request).await,
    }
}

async fn on_webhooks(world: &Arc<World>, route: &str, request: &Request) -> Response<Body> {
    let ports = world.deliveries();
    match last(route) {
        "webhooks" => elastic_path::list_webhooks(&ports, request).await,
        "deliveries" => elastic_path::list_deliveries(&ports, request).await,
        "replay" => elastic_path::replay_delivery(&ports, request).await,
        _ => elastic_path::test_webhook(&ports, request).await,
    }
}

async fn on_people(world: &Arc<World>, route: &str, request: &Request) -> Response<Body> {
    let ports = world.personnel();
    match (route.split(' ').next().unwrap_or_default(), last(route)) {
        ("GET", "people") => elastic_path::list_people(&ports, request).await,
        ("GET", _) => elastic_path::list_audit(&ports, request).await,
        ("POST", _) => elastic_path::add_person(&ports, request).await,
        ("PATCH", _) => elastic_path::change_person(&ports, request).await,
        _ => elastic_path::remove_person(&ports, request).await,
    }
}

async fn on_stored_card(world: &Arc<World>, route: &str, request: &Request) -> Response<Body> {
    let cards = world.stored_cards();
    match (route.split(' ').next().unwrap_or_default(), last(route)) {
        ("POST", _) => elastic_path::create_payment_method(&cards, request).await,
        ("DELETE", _) => elastic_path::delete_payment_method(&cards, request).await,
        ("GET", "payment-methods") => elastic_path::list_payment_methods(&cards, request).await,
        ("GET", _) => elastic_path::get_payment_method(&cards, request).await,
        _ => elastic_path::update_payment_method(&cards, request).await,
    }
}

async fn on_credit_card(world: &Arc<World>, route: &str, request: &Request) -> Response<Body> {
    let (api, checkout) = (world.api(), world.checkout());
    match last(route) {
        "authorize" => credit_card::authorize(checkout.paying(), request).await,
        "charge" => credit_card::charge(checkout.paying(), request).await,
        "capture" => credit_card::capture(&api, request).await,
        "refund" => credit_card::refund(&api, request).await,
        "void" => credit_card::void(&api, request).await,
        _ => credit_card::status(&api, request).await,
    }
}
