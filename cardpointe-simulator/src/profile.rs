//! Stored cards.

use std::collections::BTreeMap;

use crate::cards::{Card, Vault};
use crate::codes::{Verdict, pps};
use crate::config::{Config, Merchant};
use crate::expiry::Expiry;
use crate::fields::Fields;
use crate::reply::Reply;
use crate::world::{Call, World};

/// The members of an account that are text and nothing else.
const DETAILS: [&str; 9] =
    ["name", "address", "city", "region", "country", "phone", "postal", "company", "email"];

/// Account ids have up to three digits.
const MAX_ACCOUNTS: usize = 999;

/// What a request wants of profiles.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum ProfileUse {
    None,
    Create,
    /// Without an account id: the default account.
    Stored {
        profileid: String,
        acctid: Option<String>,
    },
}

/// Reads `profile` and `acctid`: "Y", "id", "id/account", or the two members apart.
pub(crate) fn requested(fields: &Fields) -> ProfileUse {
    let profile = fields.text_or_empty("profile");
    match profile.to_ascii_uppercase().as_str() {
        "" | "N" => ProfileUse::None,
        "Y" => ProfileUse::Create,
        _ => {
            let (profileid, acctid) = profile.split_once('/').unwrap_or((&profile, ""));
            let acctid = Some(acctid.to_owned()).filter(|acctid| !acctid.is_empty());
            ProfileUse::Stored {
                profileid: profileid.to_owned(),
                acctid: acctid.or_else(|| fields.text("acctid")),
            }
        }
    }
}

/// A stored card.
#[derive(Clone, Debug)]
pub(crate) struct Account {
    pub(crate) card: Card,
    pub(crate) expiry: Option<Expiry>,
    profileid: String,
    acctid: String,
    merchid: String,
    /// `accttype`: the card scheme.
    kind: String,
    is_default: bool,
    updater_opt_out: bool,
    permission: bool,
    details: BTreeMap<&'static str, String>,
}

impl Account {
    pub(crate) fn ids(&self) -> (String, String) {
        (self.profileid.clone(), self.acctid.clone())
    }

    pub(crate) fn detail(&self, name: &str) -> Option<&str> {
        self.details.get(name).map(String::as_str)
    }

    /// What makes two accounts the same: everything but ids, default and permission, and the company.
    fn is_duplicate_of(&self, other: &Self) -> bool {
        let compared = |account: &Self| {
            let mut details = account.details.clone();
            details.remove("company");
            let texts = (account.merchid.clone(), account.card.token.clone(), account.kind.clone());
            (texts, account.expiry, account.updater_opt_out, details)
        };
        compared(self) == compared(other)
    }

    fn reply(&self) -> Reply {
        let yes_no = |yes: bool| if yes { "Y" } else { "N" };
        let reply = Reply::of(pps::PROFILE_SAVED)
            .with("merchid", self.merchid.as_str())
            .with("profileid", self.profileid.as_str())
            .with("acctid", self.acctid.as_str())
            .with("token", self.card.token.as_str())
            .with("accttype", self.kind.as_str())
            .with_some("expiry", self.expiry.map(Expiry::mmyy))
            .with("defaultacct", yes_no(self.is_default))
            .with("gsacard", "N")
            .with("auoptout", yes_no(self.updater_opt_out))
            .with("cofpermission", yes_no(self.permission));
        self.details.iter().fold(reply, |reply, (name, value)| reply.with(name, value.as_str()))
    }
}

/// All stored cards, in the order they were stored.
#[derive(Debug, Default)]
pub(crate) struct Profiles(Vec<Account>);

impl Profiles {
    /// The one profile that exists from the start.
    pub(crate) fn at_start(vault: &mut Vault) -> Self {
        let card = vault.resolve("4788250000121443");
        let account = card.map(|card| Account {
            kind: card.brand.account_type().to_owned(),
            card,
            expiry: Expiry::new(2049, 12),
            profileid: "16178397535388255208".to_owned(),
            acctid: "1".to_owned(),
            merchid: Config::DEFAULT_MID.to_owned(),
            is_default: true,
            updater_opt_out: false,
            permission: true,
            details: BTreeMap::from([("name", "Test Customer".to_owned()), ("postal", "55555".to_owned())]),
        });
        Self(account.into_iter().collect())
    }

    pub(crate) fn find(&self, merchid: &str, profileid: &str, acctid: Option<&str>) -> Option<&Account> {
        self.0.iter().find(|account| {
            account.merchid == merchid
                && account.profileid == profileid
                && acctid.map_or(account.is_default, |acctid| account.acctid == acctid)
        })
    }

    fn accounts_of(&mut self, merchid: &str, profileid: &str) -> impl Iterator<Item = &mut Account> {
        self.0.iter_mut().filter(move |account| account.merchid == merchid && account.profileid == profileid)
    }
}

/// An account as a request describes it, without ids yet.
pub(crate) fn from_fields(
    merchant: &Merchant,
    fields: &Fields,
    card: &Card,
    expiry: Option<Expiry>,
) -> Account {
    let details = DETAILS.iter().filter_map(|name| Some((*name, fields.text(name)?))).collect();
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
    if let Some(existing) =
        world.profiles.0.iter().find(|existing| existing.is_duplicate_of(&account)).cloned()
    {
        return if account.is_default { make_default(world, existing) } else { existing };
    }
    account.profileid = world.next_profileid();
    "1".clone_into(&mut account.acctid);
    account.is_default = true;
    world.profiles.0.push(account.clone());
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
        |account| account.reply(),
    )
}

fn read(world: &mut World, merchant: &Merchant, fields: &Fields) -> Result<Account, Verdict> {
    let lengths = [("account", 19), ("expiry", 8), ("profile", 24), ("postal", 9), ("accttype", 6)];
    fields.check_lengths(&lengths)?;
    let account_type = fields.text_or_empty("accttype").to_ascii_uppercase();
    if ["ECHK", "ESAV"].contains(&account_type.as_str()) || fields.text("bankaba").is_some() {
        return Err(pps::NO_ECHECK);
    }
    let card = world.vault.resolve(&fields.text_or_empty("account"))?;
    let expiry = Expiry::parse(&fields.text_or_empty("expiry")).ok_or(pps::NON_NUMERIC_EXPIRY)?;
    Ok(from_fields(merchant, fields, &card, Some(expiry)))
}

fn add_account(
    world: &mut World,
    merchant: &Merchant,
    fields: &Fields,
    profileid: String,
) -> Result<Account, Verdict> {
    let mut account = read(world, merchant, fields)?;
    let taken = world.profiles.accounts_of(&merchant.merchid, &profileid).count();
    match taken {
        0 => return Err(pps::PROFILE_NOT_FOUND),
        1..MAX_ACCOUNTS => {}
        _ => return Err(pps::INVALID_FIELD),
    }
    account.profileid = profileid;
    account.acctid = (taken + 1).to_string();
    world.profiles.0.push(account.clone());
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
        Some(account) => world.vault.resolve(&account)?,
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
