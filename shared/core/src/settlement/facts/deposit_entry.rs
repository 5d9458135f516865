//! Settlement's own entries in the journal: one for each component of a deposit, and a further one
//! for each correction.
//!
//! They are about money that reached the bank. The orders' entries have the money that customers'
//! banks took back.

use std::{collections::BTreeMap, fmt::Write as _};

use jiff::Timestamp;
use uuid::Uuid;

use crate::{
    order::MerchantId,
    payments::StoreError,
    settlement::{Adjustment, Chargeback, Component, Deposit, DepositChange},
    values::{Currency, SignedAmount, sort_of},
};

/// A component of a deposit, or by how much a later report corrects it. Entries of a component add
/// up to its present amount, those of a deposit to the amount that arrived.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DepositEntry {
    /// The same whenever the entry is made again from its deposit.
    pub id: Uuid,
    /// When the report was read that says so first.
    pub at: Timestamp,
    /// Whose deposit it is.
    pub merchant: MerchantId,
    /// The gateway account (MID).
    pub account: String,
    /// The gateway's id of the deposit.
    pub deposit: String,
    pub component: Component,
    /// None if the deposit states none.
    pub currency: Option<Currency>,
    /// Signed change of the merchant's money at the bank, in minor units. Net sales leave the
    /// gateway by as much.
    pub amount: SignedAmount,
}

impl DepositEntry {
    /// Where it comes among others: by its time to the millisecond, and then by its id.
    pub fn sort(&self) -> String {
        format!("{}#{}", sort_of(self.at), self.id)
    }
}

impl Deposit {
    /// All entries that it makes, the oldest first.
    pub fn entries(&self, merchant: &MerchantId) -> Vec<DepositEntry> {
        let of_change = |(n, change): (usize, &DepositChange)| {
            let DepositChange { at, currency, components } = change.clone();
            let entry = move |(component, amount): (Component, SignedAmount)| DepositEntry {
                id: self.entry_id(merchant, n, component),
                at,
                merchant: merchant.clone(),
                account: self.account.clone(),
                deposit: self.id.clone(),
                component,
                currency,
                amount,
            };
            components.into_iter().map(entry).collect::<Vec<_>>()
        };
        self.changes.iter().enumerate().flat_map(of_change).collect()
    }

    /// The gateway's ids are its own to choose: the length of each part tells where it ends.
    fn entry_id(&self, merchant: &MerchantId, change: usize, component: Component) -> Uuid {
        let mut name = String::from("deposit");
        for part in [merchant.as_str(), &self.account, &self.id, component.as_str(), &change.to_string()] {
            // Writing to a text does not fail.
            write!(name, "#{}#{part}", part.len()).ok();
        }
        Uuid::new_v5(&Uuid::NAMESPACE_OID, name.as_bytes())
    }

    /// Whether the journal has all of its entries.
    pub fn is_journaled(&self) -> bool {
        self.journaled >= self.changes.len()
    }

    /// As it is kept after it was read again: as the report states it now. Its earlier changes
    /// stay, and so do chargebacks and reversals that the report does not list any more, until
    /// orders match.
    fn following(mut self, before: &Self) -> Self {
        self.changes.clone_from(&before.changes);
        self.journaled = before.journaled;
        self.read_at = before.read_at;
        // No report states the day of one that is gone.
        if self.is_withdrawn() {
            self.day = before.day;
        }
        let is_gone = |one: &Chargeback| self.chargebacks.iter().all(|listed| listed.id != one.id);
        let known = before.taken_back.chargebacks.iter().chain(&before.chargebacks);
        self.taken_back.chargebacks = known.filter(|one| is_gone(one)).cloned().collect();
        let is_gone = |one: &Adjustment| self.adjustments.iter().all(|listed| listed.id != one.id);
        let reversals = before
            .adjustments
            .iter()
            .filter(|one| one.component == Some(Component::Reversal) && one.case.is_some());
        let known = before.taken_back.adjustments.iter().chain(reversals);
        self.taken_back.adjustments = known.filter(|one| is_gone(one)).cloned().collect();
        self
    }

    /// With the difference from the sum of its changes so far, as a change of this moment.
    fn changed(mut self, at: Timestamp) -> Result<Self, StoreError> {
        let mut differences = BTreeMap::<(Option<&str>, Component), SignedAmount>::new();
        let now = self.components.iter().map(|(component, amount)| (self.currency, component, Some(*amount)));
        let before = self.changes.iter().flat_map(|change| {
            let components = change.components.iter();
            components.map(|(component, amount)| (change.currency, component, amount.checked_neg()))
        });
        for (currency, component, amount) in before.chain(now) {
            let sum = differences.entry((code(currency), *component)).or_default();
            let next = amount.and_then(|amount| sum.checked_add(amount));
            *sum = next.ok_or_else(|| StoreError::Corrupt(format!("changes of the deposit {}", self.id)))?;
        }
        differences.retain(|_, amount| !amount.is_zero());
        let known = self.changes.iter().map(|change| change.currency).chain([self.currency]);
        let currencies: BTreeMap<Option<&str>, Option<Currency>> =
            known.map(|currency| (code(currency), currency)).collect();
        let of_currency = |(code, currency): (Option<&str>, Option<Currency>)| {
            let own = differences.iter().filter(|((of, _), _)| *of == code);
            let components: Vec<_> = own.map(|((_, component), amount)| (*component, *amount)).collect();
            (!components.is_empty()).then_some(DepositChange { at, currency, components })
        };
        let new: Vec<DepositChange> = currencies.into_iter().filter_map(of_currency).collect();
        self.changes.extend(new);
        Ok(self)
    }
}

fn code(currency: Option<Currency>) -> Option<&'static str> {
    currency.map(Currency::code)
}

/// A deposit as it is kept once it was read, or read again. An error if its changes cannot be added
/// up.
pub fn merge_deposit(before: Option<&Deposit>, read: &Deposit) -> Result<Deposit, StoreError> {
    let mut deposit = read.clone();
    if let Some(before) = before {
        deposit = deposit.following(before);
    }
    deposit.adjustments.sort_by(|one, other| one.id.cmp(&other.id));
    deposit.chargebacks.sort_by(|one, other| one.id.cmp(&other.id));
    deposit.changed(read.read_at)
}

#[cfg(test)]
mod tests;
