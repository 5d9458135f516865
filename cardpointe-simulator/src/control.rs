//! The control interface: faults, ledger, settlement, portal, clock, settings. No credentials: it
//! is a test's handle.

use http::{Method, StatusCode};
use serde_json::{Map, Value, json};

use crate::{
    alterations::Alteration,
    declines::Decline,
    faults::Fault,
    lookup,
    portal::{self, PortalAction},
    response::Response,
    rest,
    settlement::{self, Stage},
    state::ShownSetlstat,
    world::World,
};

mod merchants;
mod presets;
mod reports;

/// Where the control interface is.
pub(crate) const CONTROL_PATH: &str = "/_simulator";

/// Why a control request changes nothing.
enum Mistake {
    /// With the member's name.
    BadRequest(String),
    NotFound(String),
    MethodNotAllowed,
}

type ControlResult = Result<Value, Mistake>;

fn mistake<T>(message: impl Into<String>) -> Result<T, Mistake> {
    Err(Mistake::BadRequest(message.into()))
}

/// The response to a request; `path` is the part after the control interface's own.
pub(crate) fn respond(world: &mut World, method: &Method, path: &str, body: &[u8]) -> Response {
    let failed = |status, message: String| Response::json(status, &json!({ "error": message }));
    match route(world, method, path, body) {
        Ok(value) => Response::json(StatusCode::OK, &value),
        Err(Mistake::BadRequest(message)) => failed(StatusCode::BAD_REQUEST, message),
        Err(Mistake::NotFound(message)) => failed(StatusCode::NOT_FOUND, message),
        Err(Mistake::MethodNotAllowed) => {
            failed(StatusCode::METHOD_NOT_ALLOWED, format!("{path}: another method"))
        }
    }
}

fn route(world: &mut World, method: &Method, path: &str, body: &[u8]) -> ControlResult {
    let segments: Vec<&str> = path.trim_start_matches('/').split('/').collect();
    match (segments.as_slice(), method.as_str()) {
        (["faults"], "GET") => Ok(world.faults.to_json()),
        (["faults"], "POST") => add_fault(world, body),
        (["faults"], "DELETE") => {
            world.faults.clear();
            Ok(json!([]))
        }
        (["declines"], "GET") => Ok(world.declines.to_json()),
        (["declines"], "POST") => add_decline(world, body),
        (["declines"], "DELETE") => {
            world.declines.clear();
            Ok(json!([]))
        }
        (["alterations"], "GET") => Ok(world.alterations.to_json()),
        (["alterations"], "POST") => add_alteration(world, body),
        (["alterations"], "DELETE") => {
            world.alterations.clear();
            Ok(json!([]))
        }
        (["transactions"], "GET") => Ok(lookup::everything(world).into()),
        (["transactions"], "POST") => presets::add_transaction(world, body),
        (["profiles"], "POST") => presets::add_profile(world, body),
        (["transactions", retref], "POST") => change_record(world, retref, body),
        (["settle"], "POST") => settle(world, body),
        (["portal"], "POST") => act_in_portal(world, body),
        (["clock"], "GET") => Ok(json!({ "now": world.now().to_string() })),
        (["clock"], "POST") => advance_clock(world, body),
        (["reset"], "POST") => {
            world.reset();
            Ok(json!({}))
        }
        (["merchants"], "GET") => Ok(merchants::list(world)),
        (["merchants"], "POST") => merchants::add(world, body),
        (["merchants", merchid], "GET") => merchants::settings(world, merchid),
        (["merchants", merchid], "POST") => merchants::change(world, merchid, body),
        (_, _) if reports::knows(&segments) => reports::route(world, method, &segments, body),
        (
            [
                "faults" | "declines" | "alterations" | "transactions" | "profiles" | "settle" | "portal"
                | "clock" | "reset" | "merchants",
            ]
            | ["merchants" | "transactions", _],
            _,
        ) => Err(Mistake::MethodNotAllowed),
        _ => Err(Mistake::NotFound(format!("{path}: no such control route"))),
    }
}

/// The body as a JSON object that has no other members than these; an empty body is an empty
/// object.
fn members(body: &[u8], known: &[&str]) -> Result<Map<String, Value>, Mistake> {
    if body.trim_ascii().is_empty() {
        return Ok(Map::new());
    }
    let Ok(members) = serde_json::from_slice::<Map<String, Value>>(body) else {
        return mistake("the body must be a JSON object");
    };
    match members.keys().find(|name| !known.contains(&name.as_str())) {
        Some(name) => mistake(format!("{name}: no such member; there are {}", known.join(", "))),
        None => Ok(members),
    }
}

fn add_fault(world: &mut World, body: &[u8]) -> ControlResult {
    let Ok(body) = serde_json::from_slice::<Value>(body) else {
        return mistake("the body must be a JSON object");
    };
    let fault = Fault::from_json(&body).map_err(Mistake::BadRequest)?;
    world.faults.add(fault);
    Ok(fault.to_json())
}

fn add_decline(world: &mut World, body: &[u8]) -> ControlResult {
    let Ok(members) = serde_json::from_slice::<Map<String, Value>>(body) else {
        return mistake("the body must be a JSON object");
    };
    let decline = Decline::from_json(&members).map_err(Mistake::BadRequest)?;
    let added = decline.to_json();
    world.declines.add(decline);
    Ok(added)
}

fn add_alteration(world: &mut World, body: &[u8]) -> ControlResult {
    let Ok(members) = serde_json::from_slice::<Map<String, Value>>(body) else {
        return mistake("the body must be a JSON object");
    };
    let alteration = Alteration::from_json(&members).map_err(Mistake::BadRequest)?;
    let added = alteration.to_json();
    world.alterations.add(alteration);
    Ok(added)
}

fn settle(world: &mut World, body: &[u8]) -> ControlResult {
    let stage = stage(&members(body, &["stage"])?)?;
    Ok(json!({ "moved": settlement::settle(world, stage) }))
}

/// The stage that a body names.
fn stage(members: &Map<String, Value>) -> Result<Option<Stage>, Mistake> {
    match members.get("stage").map(|stage| stage.as_str().and_then(Stage::from_word)) {
        None => Ok(None),
        Some(Some(stage)) => Ok(Some(stage)),
        Some(None) => mistake(format!("stage: one of {}", Stage::WORDS)),
    }
}

/// Changes one record: takes it to a stage, and chooses the `setlstat` that inquiries show.
fn change_record(world: &mut World, retref: &str, body: &[u8]) -> ControlResult {
    let members = members(body, &["stage", "setlstat", "real_setlstat"])?;
    let stage = stage(&members)?;
    let shown = match members.get("setlstat") {
        None => None,
        Some(Value::Null) => Some(ShownSetlstat::Absent),
        Some(Value::String(text)) => Some(ShownSetlstat::Text(text.clone())),
        Some(_) => return mistake("setlstat: a text, or null to leave it out"),
    };
    if world.ledger.by_retref(retref).is_none() {
        return Err(Mistake::NotFound(format!("there is no transaction {retref}")));
    }
    if let Some(stage) = stage
        && !settlement::settle_one(world, retref, stage)
    {
        return mistake("stage: the transaction is not on its way to settlement");
    }
    let is_new = shown.is_some() || members.get("real_setlstat") == Some(&Value::Bool(true));
    if is_new && let Some(transaction) = world.ledger.by_retref_mut(retref) {
        transaction.shown_setlstat = shown;
    }
    let record = lookup::everything(world).into_iter().find(|record| record["retref"] == retref);
    Ok(record.unwrap_or_default())
}

fn act_in_portal(world: &mut World, body: &[u8]) -> ControlResult {
    let members = members(body, &["action", "retref", "amount", "orderid"])?;
    let action = PortalAction::from_json(&members).map_err(Mistake::BadRequest)?;
    Ok(portal::act(world, &action))
}

fn advance_clock(world: &mut World, body: &[u8]) -> ControlResult {
    let members = members(body, &["advance_s", "now"])?;
    let is_moved = match (members.get("advance_s"), members.get("now")) {
        (Some(seconds), None) => match seconds.as_i64() {
            Some(seconds) => world.advance_clock(seconds),
            None => return mistake("advance_s: a whole number of seconds"),
        },
        (None, Some(now)) => match now.as_str().and_then(|now| now.parse().ok()) {
            Some(now) => world.set_clock(now),
            None => return mistake("now: a time such as 2030-01-31T12:00:00Z"),
        },
        _ => return mistake("advance_s or now: one of them"),
    };
    if !is_moved {
        return mistake("advance_s, now: out of range");
    }
    rest::receive_late(world);
    settlement::run_due(world);
    Ok(json!({ "now": world.now().to_string() }))
}
