//! Requests to the Elastic Path API, and how its responses are read.

use std::sync::Arc;

use lambda_http::{Body, Request, Response};
use serde_json::Value;
use tollgate::elastic_path;
use tollgate_core::order::KeyDigest;
use tollgate_wire::{Order, Single, Transaction};

use super::{Said, failure, parsed};
use crate::{
    ask::{Ask, Route, Word},
    check::schedule,
    world::Instance,
    world::State,
};

fn route_key(route: Route) -> &'static str {
    match route {
        Route::Register => "PUT /v2/orders/{orderId}",
        Route::Pay => "POST /v2/orders/{orderId}/payments",
        Route::Authorize => "POST /v2/orders/{orderId}/payments/authorize",
        Route::Purchase => "POST /v2/orders/{orderId}/payments/purchase",
        Route::Capture => "POST /v2/orders/{orderId}/transactions/{transactionId}/capture",
        Route::Reauthorize => "POST /v2/orders/{orderId}/transactions/{transactionId}/reauthorize",
        Route::Refund => "POST /v2/orders/{orderId}/transactions/{transactionId}/refund",
        Route::Cancel => "POST /v2/orders/{orderId}/transactions/{transactionId}/cancel",
        Route::Reschedule => "PATCH /v2/orders/{orderId}/transactions/{transactionId}",
        Route::Pause => "POST /v2/orders/{orderId}/captures/pause",
        Route::Resume => "POST /v2/orders/{orderId}/captures/resume",
        Route::Confirm => "POST /v2/orders/{orderId}/transactions/{transactionId}/confirm",
        // The credit-card API's requests do not come here.
        Route::Read | Route::Card(..) => "GET /v2/orders/{orderId}/transactions/{transactionId}",
    }
}

/// The digest that its operation is stored with.
pub(super) fn digest(ask: &Ask) -> Option<KeyDigest> {
    let target = ask.transaction.map(|id| id.to_string()).unwrap_or_default();
    // Three routes pay, and a key is one on all of them.
    let route = match ask.route {
        Route::Authorize | Route::Purchase => Route::Pay,
        other => other,
    };
    ask.key.as_deref().map(|key| KeyDigest::new(route_key(route), &target, key))
}

pub(super) fn event(ask: &Ask, token: &str, request_id: u32) -> String {
    let (method, pattern) = route_key(ask.route).split_once(' ').unwrap_or_default();
    let transaction = ask.transaction.map(|id| id.to_string());
    let path = pattern.replace("{orderId}", &ask.order);
    let path = path.replace("{transactionId}", transaction.as_deref().unwrap_or_default());
    let key = ask.key.as_ref().map(|key| format!(r#", "idempotency-key": "{key}""#)).unwrap_or_default();
    let body = match ask.route {
        Route::Read => Value::Null,
        _ => format!(r#"{{"data": {}}}"#, ask.data).into(),
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
        route = route_key(ask.route),
        order = ask.order,
    )
}

pub(super) async fn handle(process: &Arc<Instance>, route: Route, request: &Request) -> Response<Body> {
    match route {
        Route::Register => elastic_path::put_order(&process.api(), request).await,
        Route::Pay => elastic_path::pay(&process.checkout(), request).await,
        Route::Authorize => elastic_path::authorize(&process.checkout(), request).await,
        Route::Purchase => elastic_path::purchase(&process.checkout(), request).await,
        Route::Capture => elastic_path::capture(&process.api(), request).await,
        Route::Reauthorize => elastic_path::reauthorize(&process.api(), request).await,
        Route::Refund => elastic_path::refund(&process.api(), request).await,
        Route::Cancel => elastic_path::cancel(&process.api(), request).await,
        Route::Reschedule => elastic_path::patch_transaction(&process.api(), request).await,
        Route::Pause => elastic_path::pause_captures(&process.api(), request).await,
        Route::Resume => elastic_path::resume_captures(&process.api(), request).await,
        Route::Confirm => elastic_path::confirm(&process.confirm(), request).await,
        Route::Read | Route::Card(..) => elastic_path::get_transaction(&process.orders(), request).await,
    }
}

/// The outcome that a response states. A transaction must be told as it once was on record.
pub(super) fn read(state: &mut State, ask: &Ask, response: &Response<Body>) -> Said {
    let status = response.status().as_u16();
    let mut broken = Vec::new();
    let is_of_order = matches!(ask.route, Route::Register | Route::Pause | Route::Resume);
    let error = failure(response, &mut broken);
    let (mut order, mut shown) = (None, None);
    if response.status().is_success() && is_of_order {
        order = parsed::<Single<Order>>(response, &mut broken);
    } else if response.status().is_success() {
        shown = parsed::<Single<Transaction>>(response, &mut broken);
    }
    let of_error = error.as_ref().filter(|_| !is_of_order).and_then(|error| error.facts.transaction_id);
    let transaction = shown.as_ref().map(|shown| shown.data.id).or(of_error);
    let code = error.map(|error| error.code).unwrap_or_default();
    let word = match (status, code.as_str()) {
        (200 | 201, _) => Word::Done,
        (202, _) => Word::Pending,
        (400, "declined") => Word::Declined,
        (400 | 404 | 422, _) => Word::Refused,
        (401, _) => Word::KeyRefused,
        (409, "contended") => Word::Unavailable,
        (409, _) => Word::Busy,
        // Without a payment nothing began, because an earlier one cannot be inquired about.
        (503, "gateway_unavailable") if transaction.is_none() => Word::Unavailable,
        (502, _) | (503, "gateway_unavailable") => Word::NotDone,
        (503, _) => Word::Unavailable,
        _ => {
            broken.push(format!("answered {status} {code}"));
            Word::Refused
        }
    };
    if let Some(Single { data: shown }) = shown {
        let captured = shown.meta.display_captured_amount.amount.0;
        let told = (shown.id, shown.status.as_str().to_owned(), captured, shown.refunded_amount.0);
        if !state.seen.contains(&told) {
            broken.push(format!("told {told:?}, which never was on record"));
        }
        broken.extend(schedule::told(state, ask, &shown));
    }
    match (ask.route, word, code.as_str()) {
        (Route::Reauthorize, Word::Done, _) => state.count("rests authorized anew"),
        (Route::Reschedule, Word::Done, _) => state.count("captures moved or cancelled"),
        (Route::Pause | Route::Resume, Word::Done, _) => {
            state.count("captures of an order paused or resumed");
            let is_paused = order.is_some_and(|order| order.data.meta.captures_paused.is_some());
            if is_paused != (ask.route == Route::Pause) {
                broken.push(format!("asked to {:?}, and told that it is paused: {is_paused}", ask.route));
            }
        }
        (_, _, "capture_not_scheduled") => state.count("parts refused of what is not scheduled"),
        (_, _, "capture_after_expiry") => state.count("captures refused as after the authorization's end"),
        _ => {}
    }
    Said { word, transaction, code, broken }
}
