//! The contents of one report, put together from its records.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;

use super::{
    account::AccountReading,
    reports::{FundingRecord, SettledRecord},
};
use crate::{
    order::is_gateway_order_id,
    settlement::{Adjustment, Chargeback, Component, Deposit, Funded, Line, PackKey, UnreadableRow},
    values::SignedAmount,
};

/// The contents of a report.
#[derive(Default)]
pub(super) struct ReportContents {
    pub(super) lines: BTreeMap<String, Line>,
    /// References that have an order id as Tollgate makes them.
    pub(super) named: BTreeSet<String>,
    pub(super) batches: BTreeSet<String>,
    deposits: BTreeMap<String, Deposit>,
    adjustments: BTreeMap<String, Vec<Adjustment>>,
    chargebacks: BTreeMap<String, Vec<Chargeback>>,
    /// The lines that deposits hold, by deposit.
    held: BTreeMap<String, HeldLines>,
    pub(super) unreadable: Vec<UnreadableRow>,
}

impl ReportContents {
    fn line(&mut self, reference: String, gateway_order_id: Option<&str>) -> &mut Line {
        if gateway_order_id.is_some_and(is_gateway_order_id) {
            self.named.insert(reference.clone());
        }
        let line = self.lines.entry(reference.clone()).or_default();
        line.reference = reference;
        line
    }

    /// The deposits that the report names.
    pub(super) fn deposit_ids(&self) -> BTreeSet<String> {
        let of_rows = self.unreadable.iter().filter_map(|row| row.deposit.as_ref());
        let of_lines = self.lines.values().flat_map(|line| &line.funded).map(|funded| &funded.deposit);
        let named = self.adjustments.keys().chain(self.chargebacks.keys()).chain(self.deposits.keys());
        named.chain(of_rows).chain(of_lines).cloned().collect()
    }

    pub(super) fn take_settled(&mut self, record: SettledRecord) {
        match record {
            SettledRecord::Line { reference, settled } => {
                self.batches.insert(settled.batch.clone());
                self.line(reference, settled.gateway_order_id.as_deref()).add_settled(settled);
            }
            SettledRecord::Unreadable(row) => self.unreadable.push(row),
        }
    }

    pub(super) fn take_funded(&mut self, record: FundingRecord) {
        match record {
            FundingRecord::Deposit(deposit) => drop(self.deposits.insert(deposit.id.clone(), *deposit)),
            FundingRecord::Line { reference, funded, gateway_order_id } => {
                self.line(reference, gateway_order_id.as_deref()).add_funded(funded);
            }
            FundingRecord::Adjustment { deposit, adjustment } => {
                self.adjustments.entry(deposit).or_default().push(adjustment);
            }
            FundingRecord::Chargeback(chargeback) => {
                self.chargebacks.entry(chargeback.deposit.clone()).or_default().push(*chargeback);
            }
            FundingRecord::Unreadable(row) => self.unreadable.push(row),
        }
    }

    /// Counts a line with its deposit. One that cannot be added up is a row that cannot be read.
    pub(super) fn hold(&mut self, funded: &Funded, is_others: bool, kept_at: Option<&PackKey>) {
        let held = self.held.entry(funded.deposit.clone()).or_default();
        held.packs.extend(kept_at.cloned());
        if let Some(sums) = held.sums.with(funded, is_others) {
            held.sums = sums;
        } else {
            let (deposit, batch) = (Some(funded.deposit.clone()), funded.batch.clone());
            let why = "a line that cannot be added up".to_owned();
            self.unreadable.push(UnreadableRow { deposit, batch, id: Some(funded.id.clone()), why });
        }
    }

    /// Some of its deposits with the sums of their lines. A deposit that is only named by other
    /// records has no sum.
    pub(super) fn deposits(
        mut self,
        ids: BTreeSet<String>,
        account: &AccountReading,
        day: Date,
    ) -> Vec<Deposit> {
        let whole = |id: String| {
            let missing = || Deposit::without_sum(id.clone(), &account.progress.account, day, account.now);
            let deposit = self.deposits.remove(&id).unwrap_or_else(missing);
            let HeldLines { sums, packs } = self.held.remove(&id).unwrap_or_default();
            let LineSums { count, all, money, others } = sums;
            // Whether net sales include refused or voided lines is not documented.
            let is_all = all.sum == deposit.component(Component::NetSales);
            let HeldSum { sum, refunds } = if is_all { all } else { money };
            let mut adjustments = deposit.adjustments;
            adjustments.extend(self.adjustments.remove(&id).unwrap_or_default());
            let own_rows = self.unreadable.iter().filter(|row| row.deposit.as_ref() == Some(&id));
            Deposit {
                account: account.progress.account.clone(),
                read_at: account.now,
                lines: (count, sum),
                others,
                refunds,
                packs,
                adjustments,
                chargebacks: self.chargebacks.remove(&id).unwrap_or_default(),
                unreadable: own_rows.cloned().collect(),
                ..deposit
            }
        };
        ids.into_iter().map(whole).collect()
    }
}

/// A sum of lines, and the part that is given back.
#[derive(Clone, Copy, Default)]
struct HeldSum {
    sum: SignedAmount,
    refunds: SignedAmount,
}

impl HeldSum {
    fn with(self, amount: SignedAmount) -> Option<Self> {
        let refund = amount.min(SignedAmount::ZERO);
        Some(Self { sum: self.sum.checked_add(amount)?, refunds: self.refunds.checked_add(refund)? })
    }
}

/// The lines that a deposit holds.
#[derive(Default)]
struct HeldLines {
    sums: LineSums,
    /// Where they are.
    packs: BTreeSet<PackKey>,
}

#[derive(Clone, Copy, Default)]
struct LineSums {
    count: u64,
    /// Of all lines.
    all: HeldSum,
    /// Of lines that move money: not of refused or voided ones.
    money: HeldSum,
    /// Those that are not Tollgate's and move money: how many, and their sum.
    others: (u64, SignedAmount),
}

impl LineSums {
    /// With a line more. None if a sum would be out of range.
    fn with(self, funded: &Funded, is_others: bool) -> Option<Self> {
        let amount = funded.amount;
        let Self { mut money, mut others, .. } = self;
        if funded.is_money() {
            money = money.with(amount)?;
            if is_others {
                others = (others.0 + 1, others.1.checked_add(amount)?);
            }
        }
        Some(Self { count: self.count + 1, all: self.all.with(amount)?, money, others })
    }
}
