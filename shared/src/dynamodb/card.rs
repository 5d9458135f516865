//! A card as it is stored, with a transaction or in a customer's list, and the rule that a decline
//! puts on it.

use jiff::SignedDuration;
use tollgate_core::values::{CardSummary, RetryClass, RetryRule, RetryWait, StoredCard};

use super::members::{Object, Read, Reader, Writer, stored};

const RULE: &str = "rule";
const WAIT_MIN: &str = "wait_min";
const IS_STATED: &str = "stated";

stored! {
    CardSummary {
        brand: "br",
        last_four: "l4",
        expiry: "ex",
        token: "tk",
        stored: "sd",
    }
}

stored! {
    StoredCard {
        profile: "pf",
        account: "pa",
    }
}

/// The scheme's rule, among the members of a decline.
pub(super) fn write_rule(rule: RetryRule, to: &mut Writer) {
    to.text(RULE, rule.class.as_str());
    if let Some(wait) = rule.wait {
        to.put(WAIT_MIN, &u32::try_from(wait.time.as_mins()).unwrap_or(u32::MAX));
        to.put_unless(IS_STATED, &wait.is_stated, Some(false));
    }
}

pub(super) fn read_rule(from: &mut Reader) -> Read<Option<RetryRule>> {
    let class = from.word(RULE, None, RetryClass::from_name)?;
    let minutes: Option<u32> = from.get(WAIT_MIN)?;
    let is_stated = from.get_or(IS_STATED, Some(false))?;
    let time = minutes.map(|minutes| SignedDuration::from_mins(minutes.into()));
    Ok(class.map(|class| RetryRule { class, wait: time.map(|time| RetryWait { time, is_stated }) }))
}
