//! `person …`.

use std::collections::BTreeMap;

use clap::{Args, Subcommand};
use tollgate_core::{
    order::{MerchantId, Person},
    payments::Role,
    people::{AuditKind, Email, Grant, RefundMax},
    values::{Amount, Currency},
};

use super::{key::role, list::one_of, settlement::Rows, times::Times};
use crate::{amount, failure::Failure};

#[derive(Subcommand)]
pub(crate) enum PersonCommand {
    /// Let a person sign in for a merchant under their own name, with a role and limits
    Add(AddPerson),
    /// A merchant's people: role, limits, identity, and when they signed in last
    List(ListPeople),
    /// Give a person another role or other limits, within 5 minutes
    Change(ChangePerson),
    /// Remove a person: after 5 minutes no token of theirs is accepted
    Remove(RemovePerson),
    /// Who gave whom which role and limits when, the latest first
    History(ListPeople),
}

#[derive(Args)]
pub(crate) struct AddPerson {
    /// The merchant's id, such as 170200123
    pub(crate) merchant: MerchantId,
    /// The name on record, such as "Ann Lee"; no other person may have it
    pub(crate) name: Person,
    /// Where they sign in: `iss`, such as <https://login.shop.example>
    #[arg(long, value_name = "URL")]
    pub(crate) issuer: String,
    #[command(flatten)]
    pub(crate) recognized: Recognized,
    /// The person's role: read, pay, operate or all
    #[arg(long, value_name = "ROLE", value_parser = role)]
    role: Role,
    /// Most to refund of one order, such as USD:50.00; once per currency
    ///
    /// Or unlimited. Without it, the person refunds nothing.
    #[arg(long, value_name = "LIMIT", value_parser = limit)]
    refund_max: Vec<Limit>,
}

/// How the person is identified at the first sign-in.
#[derive(Args)]
#[group(required = true, multiple = false)]
pub(crate) struct Recognized {
    /// The address that the issuer has verified; for the first sign-in
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) email: Option<Email>,
    /// The issuer's id of the person: the claim `sub`
    #[arg(long, value_name = "SUBJECT")]
    pub(crate) subject: Option<String>,
}

#[derive(Args)]
pub(crate) struct ListPeople {
    /// The merchant's id, such as 170200123
    pub(crate) merchant: MerchantId,
    #[command(flatten)]
    pub(crate) rows: Rows,
}

#[derive(Args)]
pub(crate) struct ListAudit {
    /// The merchant's id, such as 170200123
    pub(crate) merchant: MerchantId,
    /// Only this: `signed_in`, `sign_in_refused`, `acted`, `downloaded` and so on
    #[arg(long, value_name = "KIND", value_parser = kind)]
    pub(crate) kind: Option<AuditKind>,
    /// Only actions of the person with this name
    #[arg(long, value_name = "NAME")]
    pub(crate) person: Option<Person>,
    #[command(flatten)]
    pub(crate) times: Times,
    #[command(flatten)]
    pub(crate) rows: Rows,
}

#[derive(Args)]
pub(crate) struct ChangePerson {
    /// The merchant's id, such as 170200123
    pub(crate) merchant: MerchantId,
    /// The person's name or id
    pub(crate) person: String,
    /// The person's role: read, pay, operate or all
    #[arg(long, value_name = "ROLE", value_parser = role, required_unless_present = "refund_max")]
    role: Option<Role>,
    /// Most to refund of one order, such as USD:50.00; once per currency
    ///
    /// Or unlimited, or nothing. Replaces all limits.
    #[arg(long, value_name = "LIMIT", value_parser = limit)]
    refund_max: Vec<Limit>,
}

#[derive(Args)]
pub(crate) struct RemovePerson {
    /// The merchant's id, such as 170200123
    pub(crate) merchant: MerchantId,
    /// The person's name or id
    pub(crate) person: String,
    /// Show the change without making it
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Do it without a prompt
    #[arg(long)]
    pub(crate) yes: bool,
}

impl AddPerson {
    pub(crate) fn grant(&self) -> Result<Grant, Failure> {
        Ok(Grant { role: self.role, refund_max: refund_max(&self.refund_max)? })
    }
}

impl ChangePerson {
    /// The members to change.
    pub(crate) fn stated(&self) -> Result<(Option<Role>, Option<RefundMax>), Failure> {
        let limits = refund_max(&self.refund_max)?;
        Ok((self.role, Some(limits).filter(|_| !self.refund_max.is_empty())))
    }
}

/// One value of `--refund-max`.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Limit {
    Unlimited,
    Nothing,
    Of(Currency, Amount),
}

fn kind(text: &str) -> Result<AuditKind, String> {
    one_of(AuditKind::ALL, AuditKind::as_str, text)
}

fn limit(text: &str) -> Result<Limit, String> {
    match text.split_once(':') {
        None if text == "unlimited" => Ok(Limit::Unlimited),
        None if text == "nothing" => Ok(Limit::Nothing),
        None => {
            Err("must be a currency with an amount, such as USD:50.00, or unlimited, or nothing".to_owned())
        }
        Some((currency, decimal)) => {
            let currency = currency.parse::<Currency>().map_err(|_| "not a currency code".to_owned())?;
            let amount = amount::in_currency("its amount", decimal, currency);
            amount.map(|amount| Limit::Of(currency, amount)).map_err(|failure| failure.text().to_owned())
        }
    }
}

fn refund_max(limits: &[Limit]) -> Result<RefundMax, Failure> {
    let wrong = |why: &str| Err(Failure::Input(format!("--refund-max: {why}")));
    let mut by = BTreeMap::new();
    for limit in limits {
        match limit {
            Limit::Of(currency, amount) => {
                if by.insert(*currency, *amount).is_some() {
                    return wrong("a currency has one limit");
                }
            }
            Limit::Unlimited | Limit::Nothing if limits.len() > 1 => {
                return wrong("unlimited and nothing have no limit beside them");
            }
            Limit::Unlimited => return Ok(RefundMax::Unlimited),
            Limit::Nothing => {}
        }
    }
    Ok(RefundMax::By(by))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(texts: &[&str]) -> Result<RefundMax, String> {
        let limits = texts.iter().map(|text| limit(text)).collect::<Result<Vec<_>, _>>()?;
        refund_max(&limits).map_err(|failure| failure.text().to_owned())
    }

    #[test]
    fn a_limit_that_is_mistyped_is_never_no_limit() {
        let usd = |minor| RefundMax::By(BTreeMap::from([(Currency::USD, Amount::new(minor).unwrap())]));
        assert_eq!(read(&["USD:50.00"]), Ok(usd(5_000)));
        assert_eq!(read(&["USD:50"]), Ok(usd(5_000)));
        assert_eq!(read(&["USD:0"]), Ok(usd(0)));
        assert_eq!(read(&["unlimited"]), Ok(RefundMax::Unlimited));
        for none in [&[][..], &["nothing"]] {
            assert_eq!(read(none), Ok(RefundMax::By(BTreeMap::new())));
        }
        for wrong in [
            &["USD"][..],
            &["USD:"],
            &["USD:-1"],
            &["USD:50.001"],
            &["$:50"],
            &["Unlimited"],
            &["USD:1", "USD:2"],
            &["unlimited", "USD:1"],
            &["nothing", "unlimited"],
        ] {
            assert!(read(wrong).is_err(), "{wrong:?}");
        }
    }
}
