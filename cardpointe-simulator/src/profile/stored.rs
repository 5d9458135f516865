//! Reading and deleting profiles.

use crate::{
    call::Call,
    codes::pps,
    config::Merchant,
    reply::{Answer, Reply},
    settings::MissingProfile,
    world::World,
};

/// A profile's accounts, or the one with an account id: always an array, without a verdict.
pub(crate) fn read(
    world: &World,
    merchant: &Merchant,
    profileid: &str,
    acctid: Option<&str>,
    call: Call,
) -> Answer {
    if let Some(imposed) = call.imposed {
        return Reply::of(imposed.verdict).with("profileid", profileid).into();
    }
    let accounts = world.profiles.of(&merchant.merchid, profileid, acctid);
    let found: Vec<Reply> = accounts.map(|account| account.describe(Reply::plain())).collect();
    if !found.is_empty() {
        return Answer::Many(found);
    }
    let refusal = Reply::of(pps::PROFILE_NOT_FOUND).with("profileid", profileid);
    match merchant.settings.missing_profile {
        MissingProfile::Object => refusal.into(),
        MissingProfile::Array => Answer::Many(vec![refusal]),
        MissingProfile::Empty => Answer::Many(Vec::new()),
    }
}

/// Deletes an account, or the whole profile. The default account stays while there are others.
pub(crate) fn delete(
    world: &mut World,
    merchant: &Merchant,
    profileid: &str,
    acctid: Option<&str>,
    call: Call,
) -> Reply {
    if let Some(verdict) = call.refusal(false) {
        return Reply::of(verdict);
    }
    let all = world.profiles.of(&merchant.merchid, profileid, None).count();
    let named: Vec<bool> =
        world.profiles.of(&merchant.merchid, profileid, acctid).map(|account| account.is_default).collect();
    if named.is_empty() {
        return Reply::of(pps::PROFILE_NOT_FOUND);
    }
    if named.len() < all && named.contains(&true) {
        return Reply::of(pps::INVALID_FIELD);
    }
    world.profiles.remove(&merchant.merchid, profileid, acctid);
    Reply::of(call.disguise().unwrap_or(pps::PROFILE_DELETED))
}
