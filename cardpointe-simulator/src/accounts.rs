//! Stored cards: the accounts of all profiles.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{
    cards::{Card, Vault},
    codes::pps,
    config::Config,
    expiry::Expiry,
    reply::Reply,
};

#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub(crate) struct Account {
    pub(crate) card: Card,
    pub(crate) expiry: Option<Expiry>,
    pub(crate) profileid: String,
    pub(crate) acctid: String,
    pub(crate) merchid: String,
    /// `accttype`: the card scheme.
    pub(crate) kind: String,
    pub(crate) is_default: bool,
    pub(crate) updater_opt_out: bool,
    pub(crate) permission: bool,
    pub(crate) details: BTreeMap<String, String>,
}

impl Account {
    pub(crate) fn ids(&self) -> (String, String) {
        (self.profileid.clone(), self.acctid.clone())
    }

    /// Its name among all: merchant account, profile, account.
    fn key(&self) -> [&str; 3] {
        [&self.merchid, &self.profileid, &self.acctid]
    }

    pub(crate) fn detail(&self, name: &str) -> Option<&str> {
        self.details.get(name).map(String::as_str)
    }

    /// The members that make two accounts the same: all but ids, default and permission, and the
    /// company.
    pub(crate) fn is_duplicate_of(&self, other: &Self) -> bool {
        let compared = |account: &Self| {
            let mut details = account.details.clone();
            details.remove("company");
            let texts = (account.merchid.clone(), account.card.token.clone(), account.kind.clone());
            (texts, account.expiry, account.updater_opt_out, details)
        };
        compared(self) == compared(other)
    }

    /// The response to creating and changing.
    pub(crate) fn saved(&self) -> Reply {
        self.describe(Reply::of(pps::PROFILE_SAVED).with("merchid", self.merchid.as_str()))
    }

    pub(crate) fn describe(&self, reply: Reply) -> Reply {
        let yes_no = |yes: bool| if yes { "Y" } else { "N" };
        let reply = reply
            .with("profileid", self.profileid.as_str())
            .with("acctid", self.acctid.as_str())
            .with("token", self.card.token.as_str())
            .with("accttype", self.kind.as_str())
            .with_some("expiry", self.expiry.map(Expiry::mmyy))
            .with("defaultacct", yes_no(self.is_default))
            .with("gsacard", "N")
            .with("auoptout", yes_no(self.updater_opt_out))
            .with("cofpermission", yes_no(self.permission));
        self.details.iter().fold(reply, |reply, (name, value)| reply.with(name.as_str(), value.as_str()))
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
            details: [("name", "Test Customer"), ("postal", "55555")]
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .into(),
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

    /// A profile's accounts, or the one with an id, in the order of their ids.
    pub(crate) fn of<'a>(
        &'a self,
        merchid: &'a str,
        profileid: &'a str,
        acctid: Option<&'a str>,
    ) -> impl Iterator<Item = &'a Account> {
        self.0.iter().filter(move |account| {
            account.merchid == merchid
                && account.profileid == profileid
                && acctid.is_none_or(|acctid| account.acctid == acctid)
        })
    }

    /// All accounts, by merchant account, profile and account.
    pub(crate) fn by_ids(&self) -> BTreeMap<[&str; 3], &Account> {
        self.0.iter().map(|account| (account.key(), account)).collect()
    }

    /// Puts an account back, in the place of the one with its ids.
    pub(crate) fn restore(&mut self, account: Account) {
        self.forget(&account.merchid, &account.profileid, &account.acctid);
        self.0.push(account);
    }

    pub(crate) fn forget(&mut self, merchid: &str, profileid: &str, acctid: &str) {
        self.0.retain(|account| account.key() != [merchid, profileid, acctid]);
    }

    /// The account that is exactly like this one, but for the members that `is_duplicate_of` leaves
    /// out.
    pub(crate) fn like(&self, account: &Account) -> Option<&Account> {
        self.0.iter().find(|existing| existing.is_duplicate_of(account))
    }

    pub(crate) fn add(&mut self, account: Account) {
        self.0.push(account);
    }

    /// Removes a profile's accounts, or the one with an id.
    pub(crate) fn remove(&mut self, merchid: &str, profileid: &str, acctid: Option<&str>) {
        self.0.retain(|account| {
            account.merchid != merchid
                || account.profileid != profileid
                || acctid.is_some_and(|acctid| account.acctid != acctid)
        });
    }

    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }

    pub(crate) fn accounts_of(
        &mut self,
        merchid: &str,
        profileid: &str,
    ) -> impl Iterator<Item = &mut Account> {
        self.0.iter_mut().filter(move |account| account.merchid == merchid && account.profileid == profileid)
    }
}
