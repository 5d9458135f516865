//! `/_local`: the stack's description of itself, and the actions on it from outside.

use std::sync::Arc;

use axum::{
    Json, Router,
    extract::{Path, Query, State},
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::{get, post},
};
use base64::prelude::{BASE64_STANDARD, Engine};
use cardpointe_simulator::hosts::Hosts;
use elastic_path_fake::Fake;
use lambda_http::Body;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use tollgate_core::values::Clock;

use crate::{
    api_reference,
    event_bus::{self, Wanted},
    functions::{InvokeError, invoked_by_events},
    guard, issuer, merchants,
    parts::Parts,
    resources::{
        ATTEMPTS_TABLE_NAME, JOURNAL_TABLE_NAME, PEOPLE_TABLE_NAME, REGION, SETTLEMENT_TABLE_NAME,
        TABLE_NAME, WEBHOOKS_TABLE_NAME,
    },
};

/// The control endpoints, for this machine's pages alone, and the description of the API.
pub(crate) fn router(parts: Arc<Parts>, hosts: &Arc<Hosts>) -> Router {
    let control = Router::new()
        .route("/_local", get(about))
        .route("/_local/shell", get(shell))
        .route("/_local/clock", post(advance))
        .route("/_local/events", get(events))
        .route("/_local/invoke/{function}", post(invoke))
        .with_state(parts);
    guard::by_origin(control, hosts).merge(api_reference::router())
}

async fn about(State(parts): State<Arc<Parts>>) -> Json<Value> {
    Json(json!({
        "api": parts.url,
        "front": Some(&parts.settings.callers_url).filter(|front| **front != parts.url),
        "cardpointe": parts.simulator.base_url(),
        "cardpointe_control": parts.simulator.control_url(),
        "dynamodb": parts.dynamodb_url,
        "secretsmanager": parts.secretsmanager_url,
        "eventbridge": parts.eventbridge_url,
        "console": parts.settings.console_url,
        "elastic_path": parts.shop.as_deref().map(Fake::base_url),
        "region": REGION,
        "table": TABLE_NAME,
        "journal": JOURNAL_TABLE_NAME,
        "settlement": SETTLEMENT_TABLE_NAME,
        "people": PEOPLE_TABLE_NAME,
        "attempts": ATTEMPTS_TABLE_NAME,
        "webhooks": WEBHOOKS_TABLE_NAME,
        "functions": parts.functions.table.keys().copied().chain(invoked_by_events()).collect::<Vec<_>>(),
        "merchants": credentials(&parts),
        "issuer": parts.settings.issuer.as_ref().map(ToString::to_string),
        "sign_in_clients": issuer::CLIENTS.map(|(id, secret)| json!({"client_id": id, "client_secret": secret, "audience": issuer::audience(id)})),
        "sample_orders": parts.samples(),
        "now": parts.clock.now(),
    }))
}

/// Client ids and keys; they open nothing outside this machine.
fn credentials(parts: &Parts) -> Vec<Value> {
    let prefix = merchants::secret_name("");
    let one = |name: &String| {
        let document = parts.secrets.get(name)?;
        // A plain key may do everything; of those with a name, one whose role does.
        let keys = || document.get("keys").and_then(Value::as_array).into_iter().flatten();
        let named = || keys().find(|key| key["role"] == "all").map(|key| &key["key"]);
        let key = keys().find(|key| key.is_string()).or_else(named);
        Some(json!({
            "client_id": name.strip_prefix(&prefix)?,
            "client_secret": key,
            "orders": document.get("orders"),
        }))
    };
    parts.secrets.names().iter().filter_map(one).collect()
}

/// Whose requests a shell makes: by default those of the merchant whose orders are registered.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ShellQuery {
    merchant: Option<String>,
}

/// The variables that the commands of the pages use, for `eval`: the API's address, a token, and
/// two headers.
async fn shell(State(parts): State<Arc<Parts>>, Query(query): Query<ShellQuery>) -> Response {
    let merchant = query.merchant.as_deref().unwrap_or(merchants::REGISTERED);
    let known = credentials(&parts).into_iter().find(|known| known["client_id"] == merchant);
    let Some(key) = known.as_ref().and_then(|known| known["client_secret"].as_str()) else {
        return (StatusCode::NOT_FOUND, "echo 'no merchant of this stack has this id' >&2; false\n")
            .into_response();
    };
    let form = form_urlencoded::Serializer::new(String::new())
        .append_pair("grant_type", "client_credentials")
        .append_pair("client_id", merchant)
        .append_pair("client_secret", key)
        .finish();
    let script = format!(
        r#"API='{}'
TOKEN=$(curl -s "$API/oauth/access_token" -d '{form}' | sed -n 's/.*"access_token": *"\([^"]*\)".*/\1/p')
A="Authorization: Bearer $TOKEN"
J='Content-Type: application/json'
"#,
        parts.url
    );
    script.into_response()
}

async fn events(State(parts): State<Arc<Parts>>, wanted: Query<Wanted>) -> Response {
    event_bus::show(Arc::clone(&parts.bus), wanted)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Advance {
    advance_s: i64,
}

async fn advance(State(parts): State<Arc<Parts>>, Json(by): Json<Advance>) -> Json<Value> {
    parts.advance_clock(by.advance_s);
    Json(json!({ "now": parts.clock.now() }))
}

async fn invoke(State(parts): State<Arc<Parts>>, Path(function): Path<String>, event: String) -> Response {
    let answer = if invoked_by_events().any(|name| name == function) {
        parts.functions.invoke_with_event(&function, &event).await
    } else {
        parts.functions.invoke(&function, &event).await.map(|response| proxy_response(&response))
    };
    match answer {
        Ok(answer) => Json(answer).into_response(),
        Err(error) => {
            let status = match &error {
                InvokeError::NoSuchFunction(_) => StatusCode::NOT_FOUND,
                InvokeError::BadEvent(_) => StatusCode::BAD_REQUEST,
                InvokeError::Panicked | InvokeError::TimedOut(_) => StatusCode::BAD_GATEWAY,
                InvokeError::Stopping => StatusCode::SERVICE_UNAVAILABLE,
            };
            (status, Json(json!({ "errorMessage": error.to_string() }))).into_response()
        }
    }
}

/// The response as the Lambda runtime would hand it to API Gateway.
fn proxy_response(response: &lambda_http::Response<Body>) -> Value {
    let mut headers = Map::new();
    for name in response.headers().keys() {
        let values = response.headers().get_all(name).iter();
        let values = values.map(|value| String::from_utf8_lossy(value.as_bytes())).collect::<Vec<_>>();
        headers.insert(name.to_string(), json!(values.join(",")));
    }
    let (body, is_base64_encoded) = match response.body() {
        Body::Text(text) => (text.clone(), false),
        Body::Binary(bytes) => (BASE64_STANDARD.encode(bytes), true),
        _ => (String::new(), false),
    };
    json!({
        "statusCode": response.status().as_u16(),
        "headers": headers,
        "body": body,
        "isBase64Encoded": is_base64_encoded,
    })
}
