//! Records and profiles with a number of the test's choice, for clients that have one written into
//! their tests.

use serde_json::{Map, Value, json};

use super::{ControlResult, Mistake, mistake, stage};
use crate::{
    call::Call, faults::Endpoint, fields::Fields, lookup, record::Origin, rest, settlement, world::World,
};

/// Authorizes the payment in the body, under its `retref`, and takes it to its `stage`, if it names
/// one.
pub(super) fn add_transaction(world: &mut World, body: &[u8]) -> ControlResult {
    let mut members = object(body)?;
    let retref = number(&mut members, "retref", 14)?;
    let stage = stage(&members)?;
    members.remove("stage");
    if world.ledger.by_retref(&retref).is_some() {
        return mistake(format!("retref: there is a transaction {retref} already"));
    }
    world.preset_retref = Some(retref.clone());
    let declines = std::mem::take(&mut world.declines);
    let reply = write(world, Endpoint::Auth, members);
    world.declines = declines;
    world.preset_retref = None;
    if reply["respstat"] != "A" {
        return mistake(format!("the gateway does not approve it: {reply}"));
    }
    if let Some(stage) = stage
        && !settlement::settle_one(world, &retref, stage)
    {
        return mistake("stage: only what is captured is on its way to settlement");
    }
    let record = lookup::everything(world).into_iter().find(|record| record["retref"] == retref);
    Ok(record.unwrap_or_default())
}

/// Stores the account that the body describes in a profile with its `profileid`.
pub(super) fn add_profile(world: &mut World, body: &[u8]) -> ControlResult {
    let mut members = object(body)?;
    let profileid = number(&mut members, "profileid", 20)?;
    if world.profiles.by_ids().keys().any(|ids| ids[1] == profileid) {
        return mistake(format!("profileid: there is a profile {profileid} already"));
    }
    world.preset_profileid = Some(profileid.clone());
    let reply = write(world, Endpoint::Profile, members);
    world.preset_profileid = None;
    if reply["profileid"] == profileid {
        Ok(reply)
    } else {
        mistake(format!("the gateway does not store it under this id: {reply}"))
    }
}

fn object(body: &[u8]) -> Result<Map<String, Value>, Mistake> {
    serde_json::from_slice(body).or_else(|_| mistake("the body must be a JSON object"))
}

fn number(members: &mut Map<String, Value>, name: &str, longest: usize) -> Result<String, Mistake> {
    let text =
        members.remove(name).and_then(|value| value.as_str().map(ToOwned::to_owned)).unwrap_or_default();
    let is_number = (1..=longest).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    if is_number { Ok(text) } else { mistake(format!("{name}: a text of 1 to {longest} digits")) }
}

fn write(world: &mut World, endpoint: Endpoint, members: Map<String, Value>) -> Value {
    let fields = Fields::from(members);
    let merchant = world.merchant(&fields.text_or_empty("merchid")).cloned();
    let call = Call { now: world.now(), origin: Origin::Portal, imposed: None };
    json!(rest::write(world, endpoint, merchant, &fields, call).into_map())
}
