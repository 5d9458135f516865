//! Merchant accounts and their settings.

use serde_json::{Map, Value, json};

use super::{ControlResult, Mistake, members, mistake};
use crate::{
    config::{AccountTexts, Merchant},
    world::World,
};

/// The members of an account. Those with the credentials can be left out.
const MEMBERS: [&str; 5] = ["merchid", "processor", "currency", "username", "password"];

/// The accounts, without their passwords.
pub(super) fn list(world: &World) -> Value {
    world.merchants.iter().map(shown).collect()
}

fn shown(merchant: &Merchant) -> Value {
    json!({
        "merchid": merchant.merchid,
        "processor": merchant.processor.name(),
        "currency": merchant.currency,
        "username": merchant.username,
    })
}

/// Adds an account, until the next reset.
pub(super) fn add(world: &mut World, body: &[u8]) -> ControlResult {
    let members = members(body, &MEMBERS)?;
    let text = |name: &str| members.get(name).and_then(Value::as_str);
    if let Some((name, _)) = members.iter().find(|(_, value)| !value.is_string()) {
        return mistake(format!("{name}: a text"));
    }
    let texts = AccountTexts {
        merchid: text("merchid").unwrap_or_default(),
        processor: text("processor").unwrap_or_default(),
        currency: text("currency").unwrap_or_default(),
        username: text("username"),
        password: text("password"),
    };
    let merchant = texts.merchant().map_err(Mistake::BadRequest)?;
    if world.merchant(&merchant.merchid).is_some() {
        return mistake(format!("merchid: there is a merchant account {} already", merchant.merchid));
    }
    let added = shown(&merchant);
    world.merchants.push(merchant);
    Ok(added)
}

pub(super) fn settings(world: &World, merchid: &str) -> ControlResult {
    let merchant = world.merchant(merchid).ok_or_else(|| unknown(merchid))?;
    Ok(merchant.settings.to_json())
}

pub(super) fn change(world: &mut World, merchid: &str, body: &[u8]) -> ControlResult {
    let merchant = world.merchants.iter_mut().find(|merchant| merchant.merchid == merchid);
    let merchant = merchant.ok_or_else(|| unknown(merchid))?;
    let given = match body.trim_ascii() {
        b"" => Map::new(),
        body => serde_json::from_slice(body).or_else(|_| mistake("the body must be a JSON object"))?,
    };
    merchant.settings.change(&given).map_err(Mistake::BadRequest)?;
    Ok(merchant.settings.to_json())
}

fn unknown(merchid: &str) -> Mistake {
    Mistake::NotFound(format!("there is no merchant account {merchid}"))
}
