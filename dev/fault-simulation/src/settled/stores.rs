//! The contents that runs of settlement left in its table, as far as they must not depend on when
//! the runs were.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{Timestamp, civil::Date};
use memory::SettlementTable;
use tollgate_core::{
    order::MerchantId,
    settlement::{Component, Deposit, Exception, KnownReport, Line, PackKey, ReportKind},
};
use uuid::Uuid;

/// Lines by where they are, deposits by id, and the open exceptions.
#[derive(Debug, PartialEq)]
pub(super) struct Left {
    lines: BTreeMap<(MerchantId, PackKey), Vec<Line>>,
    deposits: BTreeMap<DepositName, Deposit>,
    reports: BTreeMap<(MerchantId, String, ReportKind, Date), KnownReport>,
    /// The sums of the journal's entries of each deposit.
    journal: BTreeMap<DepositName, BTreeMap<Component, i64>>,
    pub(super) open: BTreeSet<Uuid>,
}

/// Merchant, account and id of a deposit.
type DepositName = (MerchantId, String, String);

/// The open exceptions.
pub(super) fn open(table: &SettlementTable) -> Vec<Exception> {
    table.all_exceptions().into_iter().filter(Exception::is_open).collect()
}

/// The contents that runs left, without when the runs were.
pub(super) fn state(table: &SettlementTable) -> Left {
    let timeless = |deposit: Deposit| Deposit {
        read_at: Timestamp::UNIX_EPOCH,
        // As many changes as runs between which the report changed.
        changes: Vec::new(),
        journaled: 0,
        ..deposit
    };
    let mut journal = BTreeMap::<_, BTreeMap<_, _>>::new();
    for entry in table.deposit_entries() {
        let of_deposit = journal.entry((entry.merchant, entry.account, entry.deposit)).or_default();
        *of_deposit.entry(entry.component).or_default() += entry.amount.minor();
    }
    for sums in journal.values_mut() {
        sums.retain(|_, amount| *amount != 0);
    }
    journal.retain(|_, sums| !sums.is_empty());
    let lines = table.all_lines().into_iter().filter(|(_, packed)| !packed.lines.is_empty());
    // One that was withdrawn was never there for a run that came later.
    let deposits = table.all_deposits().into_iter().filter(|(_, deposit)| !deposit.is_withdrawn());
    let reports = table.all_reports().into_iter();
    Left {
        journal,
        lines: lines.map(|(at, packed)| (at, packed.lines)).collect(),
        deposits: deposits.map(|(name, deposit)| (name, timeless(deposit))).collect(),
        reports: reports
            .filter(|(_, report)| !report.names.is_empty() || !report.unreadable.is_empty())
            .collect(),
        open: open(table).iter().map(|one| one.id).collect(),
    }
}
