//! A request as a table states it, and its way through the handlers.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use lambda_http::{Body, Context, Request, RequestExt, Response};
use serde_json::{Map, Value, json};
use tollgate::{credit_card, elastic_path, functions, status};
use tollgate_core::values::Clock;

use crate::{merchants, world::World};

/// Declares every route of the template that a client can call, with its handler's response.
macro_rules! routes {
    (|$world:ident, $request:ident| $($route:literal => $response:expr,)+) => {
        const ROUTES: &[&str] = &[$($route),+];

        async fn responded(
            route: &str,
            $world: &Arc<World>,
            $request: &Request,
        ) -> Option<Response<Body>> {
            match route {
                $($route => Some($response.await),)+
                _ => None,
            }
        }
    };
}

routes! {
    |world, request|
    "POST /oauth/access_token" => elastic_path::issue_token(&world.tokens(), request),
    "GET /status" => status::status(world.as_ref(), request),
    "PUT /v2/orders/{orderId}" => elastic_path::put_order(&world.api(), request),
    "GET /v2/orders/{orderId}" => elastic_path::get_order(&world.api(), request),
    "POST /v2/orders/{orderId}/payments" => elastic_path::pay(&world.checkout(), request),
    "POST /v2/orders/{orderId}/payments/authorize" =>
        elastic_path::authorize(&world.checkout(), request),
    "POST /v2/orders/{orderId}/payments/purchase" =>
        elastic_path::purchase(&world.checkout(), request),
    "POST /v2/orders/{orderId}/captures/pause" =>
        elastic_path::pause_captures(&world.api(), request),
    "POST /v2/orders/{orderId}/captures/resume" =>
        elastic_path::resume_captures(&world.api(), request),
    "GET /v2/orders/{orderId}/transactions" =>
        elastic_path::list_transactions(&world.api(), request),
    "GET /v2/orders/{orderId}/transactions/{transactionId}" =>
        elastic_path::get_transaction(&world.of_order(), request),
    "GET /v2/orders/{orderId}/transactions/{transactionId}/receipt" =>
        elastic_path::get_receipt(&world.api(), request),
    "PATCH /v2/orders/{orderId}/transactions/{transactionId}" =>
        elastic_path::patch_transaction(&world.api(), request),
    "POST /v2/orders/{orderId}/transactions/{transactionId}/capture" =>
        elastic_path::capture(&world.api(), request),
    "POST /v2/orders/{orderId}/transactions/{transactionId}/reauthorize" =>
        elastic_path::reauthorize(&world.api(), request),
    "POST /v2/orders/{orderId}/transactions/{transactionId}/refund" =>
        elastic_path::refund(&world.api(), request),
    "POST /v2/orders/{orderId}/transactions/{transactionId}/cancel" =>
        elastic_path::cancel(&world.api(), request),
    "POST /v2/orders/{orderId}/transactions/{transactionId}/confirm" =>
        elastic_path::confirm(&world.confirm(), request),
    "POST /v2/orders/{orderId}/transactions/{transactionId}/decide" =>
        elastic_path::decide(&world.confirm(), request),
    "POST /v2/orders/{orderId}/transactions/{transactionId}/attention/{code}/seen" =>
        elastic_path::see_attention(&world.api(), request),
    "POST /v2/payment-methods" =>
        elastic_path::create_payment_method(&world.stored_cards(), request),
    "GET /v2/payment-methods" => elastic_path::list_payment_methods(&world.stored_cards(), request),
    "GET /v2/payment-methods/{paymentMethodId}" =>
        elastic_path::get_payment_method(&world.stored_cards(), request),
    "PUT /v2/payment-methods/{paymentMethodId}" =>
        elastic_path::update_payment_method(&world.stored_cards(), request),
    "PATCH /v2/payment-methods/{paymentMethodId}" =>
        elastic_path::update_payment_method(&world.stored_cards(), request),
    "DELETE /v2/payment-methods/{paymentMethodId}" =>
        elastic_path::delete_payment_method(&world.stored_cards(), request),
    "POST /v2/surcharge" => elastic_path::preview_surcharge(&world.checkout(), request),
    "GET /v2/transactions" => elastic_path::search_transactions(&world.lists(), request),
    "GET /v2/attention" => elastic_path::list_attention(&world.lists(), request),
    "GET /v2/captures" => elastic_path::list_captures(&world.lists(), request),
    "GET /v2/stop" => elastic_path::get_stop(&world.stop_switch(), request),
    "PUT /v2/stop" => elastic_path::put_stop(&world.stop_switch(), request),
    "GET /v2/people" => elastic_path::list_people(&world.personnel(), request),
    "POST /v2/people" => elastic_path::add_person(&world.personnel(), request),
    "PATCH /v2/people/{personId}" => elastic_path::change_person(&world.personnel(), request),
    "DELETE /v2/people/{personId}" => elastic_path::remove_person(&world.personnel(), request),
    "GET /v2/audit" => elastic_path::list_audit(&world.personnel(), request),
    "GET /v2/webhooks" => elastic_path::list_webhooks(&world.deliveries(), request),
    "GET /v2/webhooks/{webhookId}/deliveries" =>
        elastic_path::list_deliveries(&world.deliveries(), request),
    "POST /v2/webhooks/{webhookId}/deliveries/{deliveryId}/replay" =>
        elastic_path::replay_delivery(&world.deliveries(), request),
    "POST /v2/webhooks/{webhookId}/test" =>
        elastic_path::test_webhook(&world.deliveries(), request),
    "GET /v2/captures/daily" => elastic_path::sum_captures(&world.lists(), request),
    "GET /v2/deposits" => elastic_path::list_deposits(&world.lists(), request),
    "GET /v2/deposits/{depositId}" => elastic_path::get_deposit(&world.lists(), request),
    "GET /v2/transactions/{transactionId}/settlement" =>
        elastic_path::get_settlement(&world.lists(), request),
    "GET /v2/settlement/outstanding" => elastic_path::list_outstanding(&world.lists(), request),
    "GET /v2/settlement/exceptions" => elastic_path::list_exceptions(&world.lists(), request),
    "GET /v2/settlement/exceptions/{exceptionId}" =>
        elastic_path::get_exception(&world.lists(), request),
    "POST /v2/settlement/exceptions/{exceptionId}/notes" =>
        elastic_path::note_exception(&world.lists(), request),
    "POST /v2/settlement/exceptions/{exceptionId}/resolve" =>
        elastic_path::resolve_exception(&world.lists(), request),
    "GET /v2/me" => elastic_path::get_me(&world.lists(), request),
    "GET /v2/entries" => elastic_path::list_entries(&world.lists(), request),
    "GET /v2/orders/{orderId}/entries" => elastic_path::list_order_entries(&world.lists(), request),
    "GET /v2/transactions/{transactionId}" =>
        elastic_path::find_transaction(&world.of_order(), request),
    "GET /v2/orders" => elastic_path::list_orders(&world.lists(), request),
    "GET /v2/gateways" => elastic_path::list_gateways(&world.api(), request),
    "GET /v2/gateways/card_connect" => elastic_path::get_gateway(&world.api(), request),
    "GET /v2/reports/totals" => elastic_path::report_totals(&world.lists(), request),
    "GET /v2/reports/month" => elastic_path::report_month(&world.lists(), request),
    "POST /api/v1/payments/creditcard/authorize" =>
        credit_card::authorize(world.checkout().paying(), request),
    "POST /api/v1/payments/creditcard/charge" =>
        credit_card::charge(world.checkout().paying(), request),
    "POST /api/v1/payments/creditcard/capture" => credit_card::capture(&world.api(), request),
    "POST /api/v1/payments/creditcard/refund" => credit_card::refund(&world.api(), request),
    "POST /api/v1/payments/creditcard/void" => credit_card::void(&world.api(), request),
    "POST /api/v1/payments/creditcard/status" => credit_card::status(&world.api(), request),
}

/// API Gateway's name for the route of a request for which it has none.
const NO_ROUTE: &str = "$default";

#[derive(Clone)]
pub(crate) struct Ask {
    pub(crate) method: &'static str,
    pub(crate) path: String,
    /// Whose token it bears: `shop:pay`, `shop:shopper1`.
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
        match responded(self.route().0, world, request).await {
            Some(response) => response,
            None => match credit_card::unrouted(world.checkout().paying(), request).await {
                Some(response) => response,
                None => elastic_path::not_found(request).await,
            },
        }
    }
}
