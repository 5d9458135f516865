//! When and how much of an authorization the schedule captures, as requests state it.

use tollgate_core::{
    order::{
        CaptureAmount, CaptureAt, CaptureRule, CaptureTerms, InvalidRule, PaymentKind, Principal, StatedRule,
    },
    values::Zone,
};
use tollgate_wire as wire;

use crate::{
    api::{Caller, Code, Failure, Members},
    elastic_path::request::TEXT_MAX,
};

/// When, as a moment.
const AT: &str = "capture_at";
/// When, as a rule.
const RULE: &str = "capture";
/// The amount to capture.
pub(in crate::elastic_path) const AMOUNT: &str = "capture_amount";

/// The members of `data` that state a capture.
pub(in crate::elastic_path) const MEMBERS: [&str; 3] = [AT, RULE, AMOUNT];

/// An authorization's statements about its capture. Neither is for shoppers, nor for a purchase.
pub(in crate::elastic_path) fn of_authorization(
    data: &mut Members<'_>,
    kind: PaymentKind,
    caller: &Caller,
) -> Result<CaptureTerms, Failure> {
    if caller.principal == Principal::Implicit
        && let Some(name) = MEMBERS.iter().find(|name| !data.lacks(name))
    {
        return Err(Failure::new(Code::Forbidden, format!("{name} needs a client_credentials token")));
    }
    if kind == PaymentKind::Purchase {
        for name in MEMBERS {
            if !data.is_null(name) {
                data.invalid(name, "is for authorize: a purchase takes the money at once");
            }
        }
    }
    Ok(capture_terms(data, caller))
}

/// The stated terms. A null amount is all that is held.
pub(in crate::elastic_path) fn capture_terms(data: &mut Members<'_>, caller: &Caller) -> CaptureTerms {
    let at = capture_at(data, caller);
    let amount = (!data.lacks(AMOUNT)).then(|| part(data)).flatten();
    CaptureTerms { at, amount }
}

/// The stated time: a moment or a rule, one of which may be null beside the other, or null alone.
pub(in crate::elastic_path) fn capture_at(data: &mut Members<'_>, caller: &Caller) -> Option<CaptureAt> {
    match (data.is_null(AT), data.is_null(RULE)) {
        (true, true) if data.lacks(AT) && data.lacks(RULE) => None,
        (true, true) => Some(CaptureAt::Never),
        (false, true) => data.timestamp(AT).map(CaptureAt::At),
        (true, false) => {
            let rule = data.object(RULE)?;
            rule_in(data, rule, caller.merchant.policy.zone.as_ref()).map(CaptureAt::After)
        }
        (false, false) => data.no_value(RULE, "cannot be stated beside capture_at"),
    }
}

/// The rule that an object states. Its problems go to `data`.
fn rule_in(data: &mut Members<'_>, mut rule: Members<'_>, usual: Option<&Zone>) -> Option<CaptureRule> {
    rule.only(&["after", "at", "zone", "business_days"]);
    let after = rule.required_text("after", TEXT_MAX).map(str::parse);
    let after = rule.checked("after", after);
    let at = rule.text("at", TEXT_MAX).map(str::parse);
    let at = rule.checked("at", at);
    let named = !rule.is_null("zone");
    let zone = rule.text("zone", TEXT_MAX).map(str::parse);
    let zone = rule.checked("zone", zone);
    let business_days = rule.flag("business_days").unwrap_or_default();
    // An unknown zone is reported as unknown, and not as missing.
    let stands = after.filter(|_| zone.is_some() || !named);
    let found = stands.and_then(|after| {
        let stated = StatedRule { after, at, zone, business_days }.in_zone(usual);
        stated.map_err(|error: InvalidRule| rule.problem("zone", Code::Required, error.to_string())).ok()
    });
    data.absorb(rule);
    found
}

/// A rule as it is stated.
pub(in crate::elastic_path) fn rule_value(rule: &CaptureRule) -> wire::CaptureRule {
    let StatedRule { after, at, zone, business_days } = rule.stated();
    wire::CaptureRule {
        after: after.to_string(),
        at: at.map(|at| at.to_string()),
        zone: zone.as_ref().map(|zone| zone.name().to_owned()),
        business_days: *business_days,
    }
}

fn part(data: &mut Members<'_>) -> Option<CaptureAmount> {
    if data.is_null(AMOUNT) {
        return Some(CaptureAmount::All);
    }
    data.amount(AMOUNT).map(CaptureAmount::Part)
}
