//! Control of batches, deposits and the reports on them.

use http::Method;
use jiff::civil::Date;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::json;

use super::{ControlResult, Mistake, mistake};
use crate::{bank, banking, many, world::World};

/// Whether a path is one of these.
pub(super) fn knows(segments: &[&str]) -> bool {
    matches!(
        segments,
        ["deviations" | "adjustments" | "chargebacks" | "reversals" | "listings" | "elsewhere" | "settled"]
            | ["deviations", _]
            | ["batches" | "deposits", _, _]
    )
}

pub(super) fn route(world: &mut World, method: &Method, segments: &[&str], body: &[u8]) -> ControlResult {
    match (segments, method.as_str()) {
        (["deviations"], "GET") => Ok(json!(world.bank.deviations)),
        (["adjustments"], "GET") => Ok(json!(world.bank.adjustments)),
        (["chargebacks"], "GET") => Ok(json!(world.bank.chargebacks)),
        (["deviations", retref], "POST") => {
            let deviation = read::<bank::Deviation>(body)?;
            done(banking::deviate(world, retref, deviation), || format!("there is no transaction {retref}"))
        }
        (["batches", merchid, batchid], "POST") => {
            let BatchDeviation { hoststat, number, broken, also_on } = read(body)?;
            let is_there = banking::hold_batch(world, merchid, batchid, hoststat.as_deref())
                && banking::renumber_batch(world, merchid, batchid, number.as_deref())
                && banking::break_batch(world, merchid, batchid, broken)
                && banking::also_list_batch(world, merchid, batchid, also_on);
            done(is_there, || format!("there is no batch {batchid} of {merchid}"))
        }
        (["deposits", merchid, day], "POST") => alter_deposit(world, merchid, day, body),
        (["adjustments"], "POST") => {
            let adjustment = read(body)?;
            identified(banking::adjust(world, adjustment))
        }
        (["chargebacks"], "POST") => {
            let chargeback = read(body)?;
            identified(banking::charge_back(world, chargeback))
        }
        (["reversals"], "POST") => {
            let Reversal { merchid, casenumber, minor_units, on } = read(body)?;
            let reversal = banking::reversal(&merchid, &casenumber, minor_units, on);
            identified(banking::adjust(world, reversal))
        }
        (["listings"], "POST") => {
            let listing = read(body)?;
            banking::list_again(world, listing).map(|()| json!({})).map_err(Mistake::BadRequest)
        }
        (["elsewhere"], "POST") => {
            let retref = many::pay_elsewhere(world, &read(body)?).map_err(Mistake::BadRequest)?;
            Ok(json!({ "retref": retref }))
        }
        (["settled"], "POST") => {
            let retrefs = many::add_settled(world, &read(body)?).map_err(Mistake::BadRequest)?;
            Ok(json!({ "added": retrefs.len() }))
        }
        _ => Err(Mistake::MethodNotAllowed),
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct BatchDeviation {
    hoststat: Option<String>,
    number: Option<String>,
    #[serde(default)]
    broken: bool,
    also_on: Option<Date>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Reversal {
    merchid: String,
    casenumber: String,
    minor_units: i64,
    on: Option<Date>,
}

/// Reads a body; the message names the member that is wrong, or missing.
fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, Mistake> {
    serde_json::from_slice(body).or_else(|error| mistake(error.to_string()))
}

fn identified(done: Result<i64, String>) -> ControlResult {
    done.map(|id| json!({ "id": id })).map_err(Mistake::BadRequest)
}

fn done(is_done: bool, otherwise: impl FnOnce() -> String) -> ControlResult {
    if is_done { Ok(json!({})) } else { Err(Mistake::NotFound(otherwise())) }
}

fn alter_deposit(world: &mut World, merchid: &str, day: &str, body: &[u8]) -> ControlResult {
    let Ok(day) = day.parse::<Date>() else { return mistake("day: such as 2030-01-31") };
    if world.merchant(merchid).is_none() {
        return Err(Mistake::NotFound(format!("there is no merchant account {merchid}")));
    }
    banking::alter_deposit(world, merchid, day, read(body)?);
    Ok(json!({}))
}
