//! The banks' cases, and who was told of them: the truth that owed refunds are checked against.

use std::collections::BTreeMap;

use tollgate_core::{
    order::{Dispute, DisputeKind, DisputeReport, LineId, Order},
    values::Amount,
};

use crate::merchants::linked;

/// A chargeback of a charge, and what follows.
pub(crate) struct Case {
    /// The merchant's order, with the merchant.
    pub(crate) order: String,
    pub(crate) retref: String,
    pub(crate) merchid: String,
    /// The amount of each chargeback, in minor units.
    pub(crate) amount: u64,
    pub(crate) is_lost: bool,
}

/// One line of a report.
pub(crate) struct Line {
    pub(crate) case: usize,
    pub(crate) report: DisputeReport,
}

/// A process by its number, and the order that it asked about.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Asker {
    pub(crate) process: u32,
    pub(crate) order: String,
}

/// All cases, and who was told of them.
pub(crate) struct Banks {
    pub(crate) cases: Vec<Case>,
    pub(crate) lines: Vec<Line>,
    /// The lines that a process was told of.
    pub(crate) told: BTreeMap<Asker, Vec<usize>>,
    /// How often a process asked about an order and was answered, less the attempts that it began.
    pub(crate) asked: BTreeMap<Asker, u32>,
    /// Lines at most: an order keeps many more than the most that are drawn.
    pub(crate) lines_max: usize,
    /// How many of a hundred cases the merchant never wins.
    pub(crate) lost_percent: u64,
    /// How many of a hundred purchases are in a batch that leaves as soon as they are approved.
    pub(crate) settle_percent: u64,
    /// How many of a hundred payments the gateway gets late, besides other faults.
    pub(crate) second_percent: u64,
}

impl Default for Banks {
    fn default() -> Self {
        Self {
            cases: Vec::new(),
            lines: Vec::new(),
            told: BTreeMap::new(),
            asked: BTreeMap::new(),
            lines_max: 12,
            lost_percent: 30,
            settle_percent: 0,
            second_percent: 0,
        }
    }
}

impl Banks {
    /// Whether a bank ever took back a charge of an order.
    pub(crate) fn has_case_of(&self, order: &str) -> bool {
        self.cases.iter().any(|case| case.order == order)
    }

    /// Whether a case of an order is open, after all that the banks did.
    pub(crate) fn is_open(&self, order: &str) -> bool {
        self.is_open_after(order, |_| true)
    }

    /// Whether a case of an order is open, as far as is on its record or a process was told.
    pub(crate) fn is_open_to(&self, process: u32, order: &Order) -> bool {
        let key = order.key().to_string();
        let told = self.told.get(&Asker { process, order: key.clone() });
        self.is_open_after(&key, |n| {
            told.is_some_and(|told| told.contains(&n)) || self.is_on_record(n, order)
        })
    }

    /// A process begins an attempt of a refund. Whether it asked for the chargebacks before.
    pub(crate) fn begins(&mut self, process: u32, order: &str) -> bool {
        let asked = self.asked.entry(Asker { process, order: order.to_owned() }).or_default();
        let has_asked = *asked > 0;
        *asked = asked.saturating_sub(1);
        has_asked
    }

    /// Whether a case is open after these lines: more was taken than was given back.
    pub(crate) fn is_open_after(&self, order: &str, counts: impl Fn(usize) -> bool) -> bool {
        (0..self.cases.len()).any(|case| self.cases[case].order == order && self.taken(case, &counts) > 0)
    }

    pub(crate) fn taken(&self, case: usize, counts: impl Fn(usize) -> bool) -> i128 {
        let of_case = self.lines.iter().enumerate().filter(|(n, line)| line.case == case && counts(*n));
        let amounts = of_case.map(|(_, line)| {
            let amount = i128::from(line.report.dispute.amount.minor());
            if line.report.dispute.kind == DisputeKind::Chargeback { amount } else { -amount }
        });
        amounts.sum()
    }

    pub(crate) fn is_on_record(&self, line: usize, order: &Order) -> bool {
        let id = &self.lines[line].report.dispute.line;
        order.transactions.iter().flat_map(|own| &own.disputes).any(|one| one.dispute.line == *id)
    }

    /// The bank takes money of a case, or gives it back.
    pub(crate) fn add(&mut self, case: usize, kind: DisputeKind, minor: u64) {
        let Case { retref, merchid, .. } = &self.cases[case];
        let account: u64 = merchid.parse().unwrap_or_default();
        let dispute = Dispute {
            line: LineId::Stated(format!("L{}", self.lines.len())),
            amount: Amount::new(minor).unwrap_or(Amount::MAX),
            ..memory::dispute(kind, &format!("case {case}"))
        };
        let report = DisputeReport {
            reference: Some(retref.clone()),
            accounts: vec![merchid.clone(), linked(account)],
            currency: None,
            dispute,
            is_current: false,
        };
        self.lines.push(Line { case, report });
    }

    /// The merchant wins a case: all of it comes back, perhaps in two parts.
    pub(crate) fn give_back(&mut self, case: usize, in_parts: bool) {
        let all = u64::try_from(self.taken(case, |_| true)).unwrap_or_default();
        let first = if in_parts { all / 2 } else { 0 };
        for part in [first, all - first].into_iter().filter(|part| *part > 0) {
            self.add(case, DisputeKind::Reversal, part);
        }
    }

    pub(crate) fn open(&self) -> Vec<usize> {
        (0..self.cases.len()).filter(|case| self.taken(*case, |_| true) > 0).collect()
    }

    /// Tells a process of these payments' chargebacks, and after them of their reversals.
    pub(crate) fn tell(&mut self, process: u32, references: &[&str]) -> Vec<DisputeReport> {
        let is_of = |line: &Line| references.contains(&self.cases[line.case].retref.as_str());
        let found: Vec<usize> = (0..self.lines.len()).filter(|n| is_of(&self.lines[*n])).collect();
        for line in &found {
            let order = self.cases[self.lines[*line].case].order.clone();
            self.told.entry(Asker { process, order }).or_default().push(*line);
        }
        let mut reports: Vec<DisputeReport> = found.iter().map(|n| self.lines[*n].report.clone()).collect();
        reports.sort_by_key(|report| report.dispute.kind);
        reports
    }
}
