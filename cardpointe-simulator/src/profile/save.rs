//! Creating profiles, adding accounts to them, changing accounts.

use super::{ProfileUse, requested};
use crate::{
    accounts::Account,
    call::Call,
    cards::{Brand, Card},
    codes::{Verdict, pps},
    config::Merchant,
    expiry::Expiry,
    fields::Fields,
    reply::Reply,
    world::World,
};

/// The members of an account that are text and nothing else.
const DETAILS: [&str; 9] =
    ["name", "address", "city", "region", "country", "phone", "postal", "company", "email"];

/// Account ids have up to three digits.
const MAX_ACCOUNTS: usize = 999;

/// An account as a request describes it, without ids yet.
pub(crate) fn from_fields(
    merchant: &Merchant,
    fields: &Fields,
    card: &Card,
    expiry: Option<Expiry>,
) -> Account {
    let details = DETAILS.iter().filter_map(|name| Some(((*name).to_owned(), fields.text(name)?))).collect();
    Account {
        card: card.clone(),
        expiry,
        profileid: String::new(),
        acctid: String::new(),
        merchid: merchant.merchid.clone(),
        kind: card.brand.account_type().to_owned(),
        is_default: fields.flag("defaultacct"),
        updater_opt_out: fields.flag("auoptout"),
        permission: fields.flag("cofpermission"),
        details,
    }
}

/// Stores an account in a profile of its own, or finds the one that is exactly like it.
pub(crate) fn save_new(world: &mut World, mut account: Account) -> Account {
    if let Some(existing) = world.profiles.like(&account).cloned() {
        return if account.is_default { make_default(world, existing) } else { existing };
    }
    account.profileid = world.next_profileid();
    "1".clone_into(&mut account.acctid);
    account.is_default = true;
    world.profiles.add(account.clone());
    account
}

fn make_default(world: &mut World, mut account: Account) -> Account {
    for other in world.profiles.accounts_of(&account.merchid, &account.profileid) {
        other.is_default = other.acctid == account.acctid;
    }
    account.is_default = true;
    account
}

/// The `profile` endpoint: creates a profile, adds an account to one, or changes an account.
pub(crate) fn save(world: &mut World, merchant: &Merchant, fields: &Fields, call: Call) -> Reply {
    if let Some(refusal) = call.refusal(false) {
        return Reply::of(refusal).with("merchid", merchant.merchid.as_str());
    }
    let saved = match requested(fields) {
        ProfileUse::None | ProfileUse::Create => {
            read(world, merchant, fields).map(|account| save_new(world, account))
        }
        ProfileUse::Stored { profileid, acctid: None } => add_account(world, merchant, fields, profileid),
        ProfileUse::Stored { profileid, acctid: Some(acctid) } => {
            change(world, merchant, fields, &profileid, &acctid)
        }
    };
    let saved = match call.disguise() {
        Some(verdict) => saved.and(Err(verdict)),
        None => saved,
    };
    saved.map_or_else(
        |refusal| Reply::of(refusal).with("merchid", merchant.merchid.as_str()),
        |account| account.saved(),
    )
}

fn read(world: &mut World, merchant: &Merchant, fields: &Fields) -> Result<Account, Verdict> {
    let lengths = [("account", 19), ("expiry", 8), ("profile", 24), ("postal", 9), ("accttype", 6)];
    fields.check_lengths(&lengths)?;
    let account_type = fields.text_or_empty("accttype").to_ascii_uppercase();
    if ["ECHK", "ESAV"].contains(&account_type.as_str()) || fields.text("bankaba").is_some() {
        return Err(pps::NO_ECHECK);
    }
    let card = card(world, &fields.text_or_empty("account"))?;
    let expiry = match fields.text("expiry") {
        None if merchant.settings.profiles_without_expiry => None,
        text => Some(Expiry::parse(&text.unwrap_or_default()).ok_or(pps::NON_NUMERIC_EXPIRY)?),
    };
    Ok(from_fields(merchant, fields, &card, expiry))
}

fn card(world: &mut World, account: &str) -> Result<Card, Verdict> {
    let card = world.vault.resolve(account)?;
    if card.brand == Brand::Check { Err(pps::NO_ECHECK) } else { Ok(card) }
}

fn add_account(
    world: &mut World,
    merchant: &Merchant,
    fields: &Fields,
    profileid: String,
) -> Result<Account, Verdict> {
    let mut account = read(world, merchant, fields)?;
    let accounts: Vec<&Account> = world.profiles.of(&merchant.merchid, &profileid, None).collect();
    let highest = accounts.iter().filter_map(|account| account.acctid.parse::<usize>().ok()).max();
    let Some(highest) = highest else { return Err(pps::PROFILE_NOT_FOUND) };
    if let Some(existing) = accounts.into_iter().find(|existing| existing.is_duplicate_of(&account)).cloned()
    {
        return Ok(if account.is_default { make_default(world, existing) } else { existing });
    }
    if highest >= MAX_ACCOUNTS {
        return Err(pps::INVALID_FIELD);
    }
    account.profileid = profileid;
    account.acctid = (highest + 1).to_string();
    world.profiles.add(account.clone());
    Ok(if account.is_default { make_default(world, account) } else { account })
}

fn change(
    world: &mut World,
    merchant: &Merchant,
    fields: &Fields,
    profileid: &str,
    acctid: &str,
) -> Result<Account, Verdict> {
    let existing = world
        .profiles
        .find(&merchant.merchid, profileid, Some(acctid))
        .ok_or(pps::PROFILE_NOT_FOUND)?
        .clone();
    let mut changed = if fields.flag("profileupdate") {
        only_what_is_given(world, merchant, fields, &existing)?
    } else {
        read(world, merchant, fields)?
    };
    changed.profileid.clone_from(&existing.profileid);
    changed.acctid.clone_from(&existing.acctid);
    changed.is_default |= existing.is_default;
    for account in world.profiles.accounts_of(&merchant.merchid, profileid) {
        if account.acctid == acctid {
            *account = changed.clone();
        }
    }
    Ok(if changed.is_default { make_default(world, changed) } else { changed })
}

fn only_what_is_given(
    world: &mut World,
    merchant: &Merchant,
    fields: &Fields,
    existing: &Account,
) -> Result<Account, Verdict> {
    let card = match fields.text("account") {
        Some(account) => card(world, &account)?,
        None => existing.card.clone(),
    };
    let expiry = match fields.text("expiry") {
        Some(text) => Some(Expiry::parse(&text).ok_or(pps::NON_NUMERIC_EXPIRY)?),
        None => existing.expiry,
    };
    let given = from_fields(merchant, fields, &card, expiry);
    let mut details = existing.details.clone();
    details.extend(given.details);
    let kept = |name: &str, old: bool, new: bool| if fields.get(name).is_some() { new } else { old };
    Ok(Account {
        details,
        updater_opt_out: kept("auoptout", existing.updater_opt_out, given.updater_opt_out),
        permission: kept("cofpermission", existing.permission, given.permission),
        ..given
    })
}
