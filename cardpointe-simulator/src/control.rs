//! The control interface: faults, ledger, settlement, clock, settings. No credentials: it is a test's handle.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde_json::{Map, Value, json};

use crate::config::Settings;
use crate::faults::Fault;
use crate::lookup;
use crate::server::CONTROL_PATH;
use crate::settlement::{self, Stage};
use crate::simulator::Shared;

pub(crate) fn router() -> Router<Arc<Shared>> {
    let at = |path: &str| format!("{CONTROL_PATH}{path}");
    Router::new()
        .route(&at("/faults"), get(list_faults).post(add_fault).delete(clear_faults))
        .route(&at("/transactions"), get(transactions))
        .route(&at("/settle"), post(settle))
        .route(&at("/clock"), get(show_clock).post(advance_clock))
        .route(&at("/reset"), post(reset))
        .route(&at("/merchants/{merchid}"), get(show_merchant).post(change_merchant))
}

type World = State<Arc<Shared>>;

fn bad_request(message: impl Into<String>) -> Response {
    (StatusCode::BAD_REQUEST, Json(json!({ "error": message.into() }))).into_response()
}

/// The body as a JSON object that has no other members than these; an empty body is an empty object.
fn members(body: &[u8], known: &[&str]) -> Result<Map<String, Value>, String> {
    if body.trim_ascii().is_empty() {
        return Ok(Map::new());
    }
    let members: Map<String, Value> =
        serde_json::from_slice(body).map_err(|_| "the body must be a JSON object".to_owned())?;
    match members.keys().find(|name| !known.contains(&name.as_str())) {
        Some(name) => Err(format!("{name}: no such member; there are {}", known.join(", "))),
        None => Ok(members),
    }
}

async fn list_faults(State(shared): World) -> Json<Value> {
    Json(shared.world().faults.to_json())
}

async fn add_fault(State(shared): World, body: Bytes) -> Response {
    let fault = serde_json::from_slice(&body)
        .map_err(|_| "the body must be a JSON object".to_owned())
        .and_then(|body| Fault::from_json(&body));
    match fault {
        Ok(fault) => {
            shared.world().faults.add(fault);
            Json(fault.to_json()).into_response()
        }
        Err(message) => bad_request(message),
    }
}

async fn clear_faults(State(shared): World) -> Json<Value> {
    shared.world().faults.clear();
    Json(json!([]))
}

async fn transactions(State(shared): World) -> Json<Value> {
    Json(lookup::everything(&shared.world()).into())
}

async fn settle(State(shared): World, body: Bytes) -> Response {
    let members = match members(&body, &["stage"]) {
        Ok(members) => members,
        Err(message) => return bad_request(message),
    };
    let stage = match members.get("stage").map(Value::as_str) {
        None | Some(Some("accepted")) => Stage::Accepted,
        Some(Some("batch")) => Stage::Batch,
        Some(Some("rejected")) => Stage::Rejected,
        Some(_) => return bad_request("stage: one of batch, accepted, rejected"),
    };
    let moved = settlement::settle(&mut shared.world(), stage);
    Json(json!({ "moved": moved })).into_response()
}

async fn show_clock(State(shared): World) -> Json<Value> {
    Json(json!({ "now": shared.world().now().to_string() }))
}

async fn advance_clock(State(shared): World, body: Bytes) -> Response {
    let members = match members(&body, &["advance_s"]) {
        Ok(members) => members,
        Err(message) => return bad_request(message),
    };
    let Some(seconds) = members.get("advance_s").and_then(Value::as_i64) else {
        return bad_request("advance_s: a whole number of seconds");
    };
    let mut world = shared.world();
    if world.advance_clock(seconds) {
        Json(json!({ "now": world.now().to_string() })).into_response()
    } else {
        bad_request("advance_s: out of range")
    }
}

async fn reset(State(shared): World) -> Json<Value> {
    shared.world().reset();
    Json(json!({}))
}

fn settings_json(mut settings: Settings) -> Value {
    let members = settings.by_name().into_iter().map(|(name, value)| (name.to_owned(), json!(*value)));
    members.collect::<Map<_, _>>().into()
}

fn no_merchant(merchid: &str) -> Response {
    let message = format!("there is no merchant account {merchid}");
    (StatusCode::NOT_FOUND, Json(json!({ "error": message }))).into_response()
}

async fn show_merchant(State(shared): World, Path(merchid): Path<String>) -> Response {
    match shared.world().merchant(&merchid) {
        Some(merchant) => Json(settings_json(merchant.settings)).into_response(),
        None => no_merchant(&merchid),
    }
}

async fn change_merchant(State(shared): World, Path(merchid): Path<String>, body: Bytes) -> Response {
    let mut world = shared.world();
    let Some(merchant) = world.merchants.iter_mut().find(|merchant| merchant.merchid == merchid) else {
        return no_merchant(&merchid);
    };
    let mut settings = merchant.settings;
    if let Err(message) = apply(&mut settings, &body) {
        return bad_request(message);
    }
    merchant.settings = settings;
    Json(settings_json(settings)).into_response()
}

/// Changes the settings that the body names, and no other.
fn apply(settings: &mut Settings, body: &[u8]) -> Result<(), String> {
    let switches = settings.by_name();
    let names: Vec<&str> = switches.iter().map(|(name, _)| *name).collect();
    let given = members(body, &names)?;
    for (name, setting) in switches {
        if let Some(value) = given.get(name) {
            *setting = value.as_bool().ok_or_else(|| format!("{name}: true or false"))?;
        }
    }
    Ok(())
}
