//! `/_local`: what the stack says about itself, and what can be done to it from outside.

use std::sync::Arc;

use axum::{
    Json, Router,
    extract::{Path, State},
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::{get, post},
};
use base64::prelude::{BASE64_STANDARD, Engine};
use lambda_http::Body;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use tollgate::clock::Clock;

use crate::{
    docs_page,
    functions::{InvokeError, SCHEDULED},
    merchants,
    stack::{REGION, Shared, TABLE_NAME},
};

/// The control endpoints, and the description of the API.
pub(crate) fn router(shared: Arc<Shared>) -> Router {
    Router::new()
        .route("/_local", get(about))
        .route("/_local/clock", post(advance))
        .route("/_local/invoke/{function}", post(invoke))
        .with_state(shared)
        .merge(docs_page::router())
}

async fn about(State(shared): State<Arc<Shared>>) -> Json<Value> {
    Json(json!({
        "api": shared.url,
        "cardpointe": shared.simulator.base_url(),
        "cardpointe_control": shared.simulator.control_url(),
        "dynamodb": shared.dynamodb_url,
        "secretsmanager": shared.secretsmanager_url,
        "region": REGION,
        "table": TABLE_NAME,
        "functions": shared.functions.table.keys().chain(SCHEDULED.iter().map(|(name, _)| name)).collect::<Vec<_>>(),
        "merchants": credentials(&shared),
        "sample_orders": shared.samples,
        "now": shared.clock.now(),
    }))
}

/// Client ids and keys; they open nothing outside this machine.
fn credentials(shared: &Shared) -> Vec<Value> {
    let prefix = merchants::secret_name("");
    let one = |name: &String| {
        let document = shared.secrets.get(name)?;
        Some(json!({
            "client_id": name.strip_prefix(&prefix)?,
            "client_secret": document.pointer("/keys/0"),
            "orders": document.get("orders"),
        }))
    };
    shared.secrets.names().iter().filter_map(one).collect()
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Advance {
    advance_s: i64,
}

async fn advance(State(shared): State<Arc<Shared>>, Json(by): Json<Advance>) -> Json<Value> {
    shared.advance_clock(by.advance_s);
    Json(json!({ "now": shared.clock.now() }))
}

async fn invoke(State(shared): State<Arc<Shared>>, Path(function): Path<String>, event: String) -> Response {
    let scheduled = SCHEDULED.iter().any(|(name, _)| *name == function);
    let answer = if scheduled {
        shared.functions.invoke_scheduled(&function, &event).await
    } else {
        shared.functions.invoke(&function, &event).await.map(|response| proxy_response(&response))
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

/// What the Lambda runtime would hand to API Gateway.
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
