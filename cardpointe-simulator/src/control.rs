//! The control interface: faults, ledger, settlement, portal, clock, settings. No credentials: it is a
//! test's handle.

use http::{Method, StatusCode};
use serde_json::{Map, Value, json};

use crate::config::Settings;
use crate::faults::Fault;
use crate::lookup;
use crate::portal::{self, PortalAction};
use crate::response::Response;
use crate::settlement::{self, Stage};
use crate::world::World;

/// Why a control request changes nothing.
enum Mistake {
    /// With the member's name.
    BadRequest(String),
    NotFound(String),
    MethodNotAllowed,
}

type Outcome = Result<Value, Mistake>;

fn mistake<T>(message: impl Into<String>) -> Result<T, Mistake> {
    Err(Mistake::BadRequest(message.into()))
}

/// The response to a request; `path` is what follows the control interface's own.
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

fn route(world: &mut World, method: &Method, path: &str, body: &[u8]) -> Outcome {
    let segments: Vec<&str> = path.trim_start_matches('/').split('/').collect();
    match (segments.as_slice(), method.as_str()) {
        (["faults"], "GET") => Ok(world.faults.to_json()),
        (["faults"], "POST") => add_fault(world, body),
        (["faults"], "DELETE") => {
            world.faults.clear();
            Ok(json!([]))
        }
        (["transactions"], "GET") => Ok(lookup::everything(world).into()),
        (["settle"], "POST") => settle(world, body),
        (["portal"], "POST") => act_in_portal(world, body),
        (["clock"], "GET") => Ok(json!({ "now": world.now().to_string() })),
        (["clock"], "POST") => advance_clock(world, body),
        (["reset"], "POST") => {
            world.reset();
            Ok(json!({}))
        }
        (["merchants", merchid], "GET") => match world.merchant(merchid) {
            Some(merchant) => Ok(settings_json(merchant.settings)),
            None => no_merchant(merchid),
        },
        (["merchants", merchid], "POST") => change_merchant(world, merchid, body),
        (["faults" | "transactions" | "settle" | "portal" | "clock" | "reset"] | ["merchants", _], _) => {
            Err(Mistake::MethodNotAllowed)
        }
        _ => Err(Mistake::NotFound(format!("{path}: no such control route"))),
    }
}

/// The body as a JSON object that has no other members than these; an empty body is an empty object.
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

fn add_fault(world: &mut World, body: &[u8]) -> Outcome {
    let Ok(body) = serde_json::from_slice::<Value>(body) else {
        return mistake("the body must be a JSON object");
    };
    let fault = Fault::from_json(&body).map_err(Mistake::BadRequest)?;
    world.faults.add(fault);
    Ok(fault.to_json())
}

fn settle(world: &mut World, body: &[u8]) -> Outcome {
    let stage = match members(body, &["stage"])?.get("stage").map(Value::as_str) {
        None | Some(Some("accepted")) => Stage::Accepted,
        Some(Some("batch")) => Stage::Batch,
        Some(Some("rejected")) => Stage::Rejected,
        Some(_) => return mistake("stage: one of batch, accepted, rejected"),
    };
    Ok(json!({ "moved": settlement::settle(world, stage) }))
}

fn act_in_portal(world: &mut World, body: &[u8]) -> Outcome {
    let members = members(body, &["action", "retref", "amount", "orderid"])?;
    let action = PortalAction::from_json(&members).map_err(Mistake::BadRequest)?;
    Ok(portal::perform(world, &action))
}

fn advance_clock(world: &mut World, body: &[u8]) -> Outcome {
    let members = members(body, &["advance_s"])?;
    let Some(seconds) = members.get("advance_s").and_then(Value::as_i64) else {
        return mistake("advance_s: a whole number of seconds");
    };
    if world.advance_clock(seconds) {
        Ok(json!({ "now": world.now().to_string() }))
    } else {
        mistake("advance_s: out of range")
    }
}

fn settings_json(mut settings: Settings) -> Value {
    let members = settings.by_name().into_iter().map(|(name, value)| (name.to_owned(), json!(*value)));
    members.collect::<Map<_, _>>().into()
}

fn no_merchant(merchid: &str) -> Outcome {
    Err(Mistake::NotFound(format!("there is no merchant account {merchid}")))
}

fn change_merchant(world: &mut World, merchid: &str, body: &[u8]) -> Outcome {
    let Some(merchant) = world.merchants.iter_mut().find(|merchant| merchant.merchid == merchid) else {
        return no_merchant(merchid);
    };
    let mut settings = merchant.settings;
    apply(&mut settings, body)?;
    merchant.settings = settings;
    Ok(settings_json(settings))
}

/// Changes the settings that the body names, and no other.
fn apply(settings: &mut Settings, body: &[u8]) -> Result<(), Mistake> {
    let switches = settings.by_name();
    let names: Vec<&str> = switches.iter().map(|(name, _)| *name).collect();
    let given = members(body, &names)?;
    for (name, setting) in switches {
        if let Some(value) = given.get(name) {
            let Some(value) = value.as_bool() else { return mistake(format!("{name}: true or false")) };
            *setting = value;
        }
    }
    Ok(())
}
