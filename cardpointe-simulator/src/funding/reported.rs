//! Deposits as tests read them: all that reports list by now, in one form.

use std::collections::BTreeMap;

use jiff::civil::Date;

use super::{
    days,
    deposit::{COMPONENTS, Deposit, Line},
    has_arrived,
};
use crate::{config::Merchant, settings::FundingAccess, world::World};

/// A deposit, as a report lists it. Amounts are minor units with signs.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ReportedDeposit {
    /// The day whose report lists it.
    pub day: Date,
    /// Payments less refunds, as stated.
    pub net_sales: i64,
    /// The other components, by the name of their member.
    pub components: BTreeMap<&'static str, i64>,
    /// The amount that arrives, as stated.
    pub total: i64,
    pub lines: Vec<ReportedLine>,
}

/// A line about a payment, a refund or a return.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ReportedLine {
    /// The payment or refund; none if the line does not state it.
    pub retref: Option<String>,
    /// None if the line does not state it.
    pub minor_units: Option<i64>,
    pub currency: String,
    /// The status that the line states in place of its own.
    pub status: Option<String>,
    /// Whether it takes back a bank debit.
    pub is_return: bool,
}

/// An account's deposits that are reported by now, by day.
pub(crate) fn all(world: &World, merchant: &Merchant) -> Vec<ReportedDeposit> {
    if merchant.settings.reports.funding_access != FundingAccess::Enabled {
        return Vec::new();
    }
    let mut days = days(world, merchant);
    days.extend(world.bank.deposits.values().filter_map(|deviation| deviation.also_on));
    let arrived = days.into_iter().filter(|day| has_arrived(*day, merchant.settings, world.now()));
    arrived.flat_map(|day| Deposit::listed_on(world, merchant, day)).map(|one| reported(&one)).collect()
}

fn reported(deposit: &Deposit<'_>) -> ReportedDeposit {
    let mut components = BTreeMap::new();
    for funding in &deposit.fundings {
        for ((_, name), minor) in COMPONENTS.iter().zip(funding.components) {
            *components.entry(*name).or_default() += minor;
        }
    }
    ReportedDeposit {
        day: deposit.listed_on,
        net_sales: deposit.fundings.iter().map(|funding| funding.netsales).sum(),
        components,
        total: deposit.fundings.iter().map(|funding| funding.total).sum(),
        lines: deposit.lines.iter().map(line).collect(),
    }
}

fn line(line: &Line<'_>) -> ReportedLine {
    let deviation = line.deviation.cloned().unwrap_or_default();
    ReportedLine {
        retref: (!deviation.without_retref).then(|| line.transaction.retref.clone()),
        minor_units: (!deviation.funded_without_amount).then_some(line.amount),
        currency: deviation.funded_currency.unwrap_or_else(|| line.transaction.currency.clone()),
        status: deviation.funded_status,
        is_return: line.return_code.is_some(),
    }
}
