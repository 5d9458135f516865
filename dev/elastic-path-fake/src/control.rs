//! The control routes: [`crate::Fake`]'s methods for other programs, without credentials.

use jiff::SignedDuration;
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Value, json};

use crate::{
    Fault, Method, NewOrder, StoreAct,
    settings::Settings,
    world::{Call, Reply, World},
};

pub(crate) const PREFIX: &str = "/_elastic_path/";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PaymentElsewhere {
    amount: u64,
    method: Method,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Stock {
    insufficient: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Advance {
    advance_s: u32,
}

type ControlResult = Result<Value, (u16, String)>;

fn body<T: DeserializeOwned>(call: &Call) -> Result<T, (u16, String)> {
    let mut json = serde_json::Deserializer::from_slice(&call.body);
    serde_path_to_error::deserialize(&mut json).map_err(|error| (400, error.to_string()))
}

pub(crate) fn respond(world: &mut World, call: &Call, path: &str) -> Reply {
    match route(world, call, path) {
        Ok(value) => Reply::json(200, &value),
        Err((status, error)) => Reply::json(status, &json!({ "error": error })),
    }
}

fn route(world: &mut World, call: &Call, path: &str) -> ControlResult {
    let segments: Vec<&str> = path.split('/').collect();
    let no_order = |id: &str| (404, format!("there is no order {id}"));
    match (call.method.as_str(), segments.as_slice()) {
        ("GET", ["settings"]) => Ok(json!(world.settings)),
        ("PATCH", ["settings"]) => {
            world.settings = patched(&world.settings, body(call)?)?;
            Ok(json!(world.settings))
        }
        ("POST", ["orders"]) => Ok(json!({ "id": world.add_order(body::<NewOrder>(call)?) })),
        ("POST", ["orders", id, "payments-elsewhere"]) => {
            let PaymentElsewhere { amount, method } = body(call)?;
            let transaction =
                world.act(id, StoreAct::Pay(method, amount, None)).ok_or_else(|| no_order(id))?;
            Ok(json!({ "transaction": transaction }))
        }
        ("POST", ["orders", id, "stock"]) => {
            let Stock { insufficient } = body(call)?;
            let history = world.history_mut(id).ok_or_else(|| no_order(id))?;
            history.current.new.insufficient_stock = insufficient;
            Ok(json!({ "insufficient": insufficient }))
        }
        ("POST", ["faults"]) => {
            world.faults.push(body::<Fault>(call)?);
            Ok(json!(world.faults))
        }
        ("POST", ["clock"]) => {
            let Advance { advance_s } = body(call)?;
            world.advance_clock(SignedDuration::from_secs(advance_s.into()));
            Ok(json!({ "now": world.now() }))
        }
        ("GET", ["ledger"]) => Ok(json!(world.ledger)),
        _ => Err((404, format!("{path}: no such control route"))),
    }
}

/// The settings with the members of a patch.
fn patched(settings: &Settings, patch: serde_json::Map<String, Value>) -> Result<Settings, (u16, String)> {
    let mut members = json!(settings);
    for (name, value) in patch {
        members[name] = value;
    }
    serde_path_to_error::deserialize(members).map_err(|error| (400, error.to_string()))
}
