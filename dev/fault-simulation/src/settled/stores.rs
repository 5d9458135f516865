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

/// Lines by where they are, deposits by id, and the open exceptions, but for those about deposits
/// and lines that are not reported any more: a run that came later does not know these.
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

pub(super) fn open(table: &SettlementTable) -> Vec<Exception> {
    table.all_exceptions().into_iter().filter(Exception::is_open).collect()
}

/// Deposits and lines that reports listed once and do not list any more.
#[derive(Debug, Default, PartialEq)]
pub(super) struct NotReported {
    deposits: BTreeSet<DepositName>,
    references: BTreeSet<(ReportKind, String)>,
}

impl NotReported {
    /// Those that were there before, at one time or another. A row that cannot be read is there.
    pub(super) fn since(before: &[Left], now: &Left) -> Self {
        let all = before.iter().map(|before| Self::between(before, now));
        all.fold(Self::default(), |all, one| Self {
            deposits: &all.deposits | &one.deposits,
            references: &all.references | &one.references,
        })
    }

    fn between(before: &Left, now: &Left) -> Self {
        let names = |left: &Left| left.deposits.keys().cloned().collect::<BTreeSet<_>>();
        let deposits = &names(before) - &names(now);
        let is_gone = |deposit: &str| deposits.iter().any(|(_, _, id)| id == deposit);
        let references = &before.references(is_gone) - &now.references(|_| false);
        let rows = now.reports.values().flat_map(|report| &report.unreadable);
        let rows = rows.chain(now.deposits.values().flat_map(|deposit| &deposit.unreadable));
        let unreadable: BTreeSet<_> = rows.filter_map(|row| row.id.clone()).collect();
        let references = references.into_iter().filter(|(_, reference)| !unreadable.contains(reference));
        Self { references: references.collect(), deposits }
    }

    /// Those that a table's open exceptions tell.
    pub(super) fn told(table: &SettlementTable) -> Result<Self, String> {
        let mut told = Self::default();
        let mut expected = 0;
        for (name, _) in table.all_deposits().into_iter().filter(|(_, deposit)| deposit.is_withdrawn()) {
            told.deposits.insert(name);
            expected += 1;
        }
        for report in table.all_reports().into_values() {
            expected += report.missing.chunk_by(|one, other| one.of == other.of).count();
            told.references.extend(report.missing.into_iter().map(|one| (report.kind, one.reference)));
        }
        let open: Vec<_> = open(table).into_iter().filter(is_not_reported).collect();
        if open.len() == expected { Ok(told) } else { Err(format!("{told:?} are open as {open:#?}")) }
    }
}

/// Whether an exception is about something that is not reported any more.
fn is_not_reported(exception: &Exception) -> bool {
    exception.detail.as_deref().is_some_and(|detail| detail.contains("not reported any more"))
}

impl Left {
    /// The references that batches list, and those that deposits list, but for some deposits.
    fn references(&self, but_for: impl Fn(&str) -> bool) -> BTreeSet<(ReportKind, String)> {
        let mut all = BTreeSet::new();
        for line in self.lines.values().flatten() {
            if !line.settled.is_empty() {
                all.insert((ReportKind::Batches, line.reference.clone()));
            }
            if line.funded.iter().any(|one| one.is_money() && !but_for(&one.deposit)) {
                all.insert((ReportKind::Deposits, line.reference.clone()));
            }
        }
        all
    }
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
            .map(|(name, report)| (name, KnownReport { missing: Vec::new(), ..report }))
            .collect(),
        open: open(table).iter().filter(|one| !is_not_reported(one)).map(|one| one.id).collect(),
    }
}
