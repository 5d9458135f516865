//! A client's request on its way through the Elastic Path face, and what comes back.

use std::sync::Arc;

use lambda_http::{Body, Context, Request, RequestExt, Response};
use serde_json::Value;
use tollgate::{elastic_path, operation::KeyDigest};
use uuid::Uuid;

use crate::world::World;

/// What the platform gives an invocation.
const LIMIT_MS: i64 = 29_000;

/// The route of a request, and so its function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Route {
    Register,
    Pay,
    Authorize,
    Purchase,
    Capture,
    Refund,
    Cancel,
    Confirm,
    Read,
}

impl Route {
    fn key(self) -> &'static str {
        match self {
            Self::Register => "PUT /v2/orders/{orderId}",
            Self::Pay => "POST /v2/orders/{orderId}/payments",
            Self::Authorize => "POST /v2/orders/{orderId}/payments/authorize",
            Self::Purchase => "POST /v2/orders/{orderId}/payments/purchase",
            Self::Capture => "POST /v2/orders/{orderId}/transactions/{transactionId}/capture",
            Self::Refund => "POST /v2/orders/{orderId}/transactions/{transactionId}/refund",
            Self::Cancel => "POST /v2/orders/{orderId}/transactions/{transactionId}/cancel",
            Self::Confirm => "POST /v2/orders/{orderId}/transactions/{transactionId}/confirm",
            Self::Read => "GET /v2/orders/{orderId}/transactions/{transactionId}",
        }
    }

    /// Whether the answer tells what became of something that moves money.
    pub(crate) fn moves_money(self) -> bool {
        match self {
            Self::Pay | Self::Authorize | Self::Purchase | Self::Capture | Self::Refund | Self::Cancel => {
                true
            }
            Self::Register | Self::Confirm | Self::Read => false,
        }
    }
}

/// One request. Sent again, it is the same request.
#[derive(Clone, Debug)]
pub(crate) struct Ask {
    pub(crate) merchant: &'static str,
    pub(crate) order: String,
    pub(crate) route: Route,
    pub(crate) transaction: Option<Uuid>,
    pub(crate) data: Value,
    pub(crate) key: Option<String>,
}

impl Ask {
    /// The key of its order in the table.
    pub(crate) fn order_key(&self) -> String {
        format!("{}#{}", self.merchant, self.order)
    }

    /// The digest that its operation is stored with.
    pub(crate) fn digest(&self) -> Option<KeyDigest> {
        let target = self.transaction.map(|id| id.to_string()).unwrap_or_default();
        self.key.as_deref().map(|key| KeyDigest::new(self.route.key(), &target, key))
    }

    fn event(&self, token: &str, request_id: &str) -> String {
        let (method, pattern) = self.route.key().split_once(' ').unwrap_or_default();
        let transaction = self.transaction.map(|id| id.to_string());
        let path = pattern.replace("{orderId}", &self.order);
        let path = path.replace("{transactionId}", transaction.as_deref().unwrap_or_default());
        let key = self.key.as_ref().map(|key| format!(r#", "idempotency-key": "{key}""#)).unwrap_or_default();
        let body = match self.route {
            Route::Read => Value::Null,
            _ => format!(r#"{{"data": {}}}"#, self.data).into(),
        };
        let transaction = transaction.map(|id| format!(r#", "transactionId": "{id}""#)).unwrap_or_default();
        // Written out: building it member by member takes longer than all of Tollgate's work on it.
        format!(
            r#"{{"version": "2.0", "routeKey": "{route}", "rawPath": "{path}", "rawQueryString": "",
            "headers": {{"authorization": "Bearer {token}", "content-type": "application/json"{key}}},
            "requestContext": {{"accountId": "0", "apiId": "s", "domainName": "localhost", "domainPrefix": "s",
                "http": {{"method": "{method}", "path": "{path}", "protocol": "HTTP/1.1",
                         "sourceIp": "127.0.0.1", "userAgent": "simulation"}},
                "requestId": "{request_id}", "routeKey": "{route}", "stage": "$default",
                "time": "01/Jan/2026:12:00:00 +0000", "timeEpoch": 0}},
            "pathParameters": {{"orderId": "{order}"{transaction}}},
            "body": {body}, "isBase64Encoded": false}}"#,
            route = self.route.key(),
            order = self.order,
        )
    }
}

/// What the client gets to see.
#[derive(Clone, Debug)]
pub(crate) enum Reply {
    /// A status and the transaction that the answer or the error names.
    Answered { status: u16, transaction: Option<Uuid> },
    /// The process died, or the platform ended it.
    Lost,
}

impl Reply {
    /// Whether there is nothing to wait for: the same request again would say the same.
    pub(crate) fn is_final(&self) -> bool {
        match self {
            Self::Answered { status, .. } => !matches!(status, 202 | 401 | 409 | 500..),
            Self::Lost => false,
        }
    }

    pub(crate) fn transaction(&self) -> Option<Uuid> {
        match self {
            Self::Answered { transaction, .. } => *transaction,
            Self::Lost => None,
        }
    }
}

/// Delivers a request once, to a new process.
pub(crate) async fn deliver(world: &Arc<World>, ask: &Ask) -> Reply {
    let token = world.token(ask.merchant);
    let instance = world.start();
    let number = instance.number;
    world.step(format_args!("#{number} {:?} {} {} key {:?}", ask.route, ask.order, ask.data, ask.key));
    let event = ask.event(&token, &number.to_string());
    let Ok(request) = lambda_http::request::from_str(&event) else {
        world.fail(&mut world.state(), "the event is none");
        return Reply::Lost;
    };
    let mut context = Context::default();
    context.deadline = u64::try_from(world.now().as_millisecond() + LIMIT_MS).unwrap_or_default();
    let request = request.with_lambda_context(context);
    let app = instance.app();
    let answer = instance.run(Box::pin(handle(&app, ask.route, &request))).await;
    let reply = answer.map_or(Reply::Lost, |response| understand(world, ask, &response));
    world.step(format_args!("#{number} {reply:?}"));
    reply
}

async fn handle(app: &tollgate::app::App, route: Route, request: &Request) -> Response<Body> {
    match route {
        Route::Register => elastic_path::put_order(app, request).await,
        Route::Pay => elastic_path::pay(app, request).await,
        Route::Authorize => elastic_path::authorize(app, request).await,
        Route::Purchase => elastic_path::purchase(app, request).await,
        Route::Capture => elastic_path::capture(app, request).await,
        Route::Refund => elastic_path::refund(app, request).await,
        Route::Cancel => elastic_path::cancel(app, request).await,
        Route::Confirm => elastic_path::confirm(app, request).await,
        Route::Read => elastic_path::get_transaction(app, request).await,
    }
}

/// Reads an answer, and holds what it says against what is on record.
fn understand(world: &World, ask: &Ask, response: &Response<Body>) -> Reply {
    let status = response.status().as_u16();
    let bytes: &[u8] = response.body();
    let body: Value = serde_json::from_slice(bytes).unwrap_or_default();
    let error = &body["errors"][0]["meta"];
    let id = |value: &Value| value.as_str().and_then(|text| text.parse().ok());
    let transaction = match ask.route {
        Route::Register => None,
        _ => id(&body["data"]["id"]).or_else(|| id(&error["transaction_id"])),
    };
    let mut guard = world.state();
    let state = &mut *guard;
    if !matches!(status, 200..=202 | 400 | 401 | 404 | 409 | 422 | 502 | 503) {
        world.fail(state, &format!("answered {status}: {body}"));
    }
    if let (200 | 202, Some(id), true) = (status, transaction, ask.route != Route::Register) {
        let data = &body["data"];
        let told = (
            id,
            data["status"].as_str().unwrap_or_default().to_owned(),
            data["meta"]["display_captured_amount"]["amount"].as_u64().unwrap_or_default(),
            data["refunded_amount"].as_u64().unwrap_or_default(),
        );
        if !state.seen.contains(&told) {
            world.fail(state, &format!("told {told:?}, which never was on record"));
        }
    }
    if let (Some(key), true) = (ask.digest(), ask.route.moves_money()) {
        state.told.push((ask.order_key(), key, status));
    }
    let code = error["code"].as_str().unwrap_or_default();
    world.note(state, format_args!("  answered {status} {code}"));
    Reply::Answered { status, transaction }
}
