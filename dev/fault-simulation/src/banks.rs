//! The cardholders' banks: they take charges back at any step, and give the money back where the
//! merchant wins the case.
//!
//! A bank's act is a line of a report. Settlement knows it at once, so that a process that asks for
//! the chargebacks of an order is told of it. It gets on the order's record later, by a process
//! that may die, come twice or come very late.

mod reports;

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use cardpointe_simulator::Stage;
use tokio::time::sleep;
use tollgate_core::{
    order::{Dispute, DisputeKind, DisputeReport, LineId, Order},
    values::Amount,
};

pub(crate) use self::reports::{record_all, record_one};
use crate::{
    ledger::{Record, Stands},
    merchants::linked,
    world::{State, World},
};

/// How many of a hundred chargebacks are of an order of which something must be given back, if
/// there is one.
const OWED_PERCENT: u64 = 75;

/// A chargeback of a charge, and what follows.
struct Case {
    /// The merchant's order, with the merchant.
    order: String,
    retref: String,
    merchid: String,
    /// The amount of each chargeback, in minor units.
    amount: u64,
    is_lost: bool,
}

/// One line of a report.
struct Line {
    case: usize,
    report: DisputeReport,
}

/// A process by its number, and the order that it asked about.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Asker {
    process: u32,
    order: String,
}

/// All cases, and who was told of them.
pub(crate) struct Banks {
    cases: Vec<Case>,
    lines: Vec<Line>,
    /// The lines that a process was told of.
    told: BTreeMap<Asker, Vec<usize>>,
    /// How often a process asked about an order and was answered, less the attempts that it began.
    asked: BTreeMap<Asker, u32>,
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
    fn is_open_after(&self, order: &str, counts: impl Fn(usize) -> bool) -> bool {
        (0..self.cases.len()).any(|case| self.cases[case].order == order && self.taken(case, &counts) > 0)
    }

    fn taken(&self, case: usize, counts: impl Fn(usize) -> bool) -> i128 {
        let of_case = self.lines.iter().enumerate().filter(|(n, line)| line.case == case && counts(*n));
        let amounts = of_case.map(|(_, line)| {
            let amount = i128::from(line.report.dispute.amount.minor());
            if line.report.dispute.kind == DisputeKind::Chargeback { amount } else { -amount }
        });
        amounts.sum()
    }

    fn is_on_record(&self, line: usize, order: &Order) -> bool {
        let id = &self.lines[line].report.dispute.line;
        order.transactions.iter().flat_map(|own| &own.disputes).any(|one| one.dispute.line == *id)
    }

    /// The bank takes money of a case, or gives it back.
    fn add(&mut self, case: usize, kind: DisputeKind, minor: u64) {
        let Case { retref, merchid, .. } = &self.cases[case];
        let account: u64 = merchid.parse().unwrap_or_default();
        let dispute = Dispute {
            kind,
            line: LineId::Stated(format!("L{}", self.lines.len())),
            case: format!("case {case}"),
            number: None,
            amount: Amount::new(minor).unwrap_or(Amount::MAX),
            day: None,
            reason_code: None,
            reason: None,
            acquirer_reference: None,
            deposit: None,
            changed_on: None,
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
    fn give_back(&mut self, case: usize, in_parts: bool) {
        let all = u64::try_from(self.taken(case, |_| true)).unwrap_or_default();
        let first = if in_parts { all / 2 } else { 0 };
        for part in [first, all - first].into_iter().filter(|part| *part > 0) {
            self.add(case, DisputeKind::Reversal, part);
        }
    }

    fn open(&self) -> Vec<usize> {
        (0..self.cases.len()).filter(|case| self.taken(*case, |_| true) > 0).collect()
    }
}

/// One act of a bank, if it finds something to do.
pub(crate) fn act(world: &World, state: &mut State) {
    if state.banks.lines.len() >= state.banks.lines_max {
        return;
    }
    let winnable = |case: &usize| !state.banks.cases[*case].is_lost;
    let open: Vec<usize> = state.banks.open().into_iter().filter(winnable).collect();
    let over: Vec<usize> = (0..state.banks.cases.len()).filter(|case| !open.contains(case)).collect();
    let over: Vec<usize> = over.into_iter().filter(winnable).collect();
    match state.rng.below(10) {
        0..=3 => charge_back(world, state),
        4 => {
            let Some(case) = state.rng.pick(&over) else { return };
            let amount = state.banks.cases[case].amount;
            state.banks.add(case, DisputeKind::Chargeback, amount);
            state.count("charged back again");
            world.note(state, format_args!("bank: case {case} again, {amount}"));
        }
        _ => {
            let Some(case) = state.rng.pick(&open) else { return };
            let in_parts = state.rng.chance(30);
            state.banks.give_back(case, in_parts);
            state.count("cases won");
            world.note(state, format_args!("bank: case {case} is won, in parts: {in_parts}"));
        }
    }
}

/// A bank takes back a charge that was captured, all of it or a part.
fn charge_back(world: &World, state: &mut State) {
    let taken = |record: &Record| record.stands == Stands::Taken && !record.order.is_empty();
    let charges: Vec<Record> = state.ledger.records().into_iter().filter(taken).collect();
    let owes = |order: &str| {
        let order = state.fake_store.order(order);
        order.is_some_and(|order| order.operations().any(|(_, one)| one.cause.must_succeed()))
    };
    let returned: Vec<Record> = charges.iter().filter(|record| owes(&record.order)).cloned().collect();
    let among = if !returned.is_empty() && state.rng.chance(OWED_PERCENT) { returned } else { charges };
    let index = usize::try_from(state.rng.below(among.len().max(1) as u64)).unwrap_or_default();
    let Some(record) = among.get(index) else { return };
    let Some(merchid) = state.ledger.simulator.record(&record.retref).map(|found| found.merchid) else {
        return;
    };
    let all = (record.amount + record.fee).max(1);
    let amount = if state.rng.chance(70) { all } else { 1 + state.rng.below(all) };
    let is_lost = state.rng.chance(state.banks.lost_percent);
    let (order, retref) = (record.order.clone(), record.retref.clone());
    world.note(state, format_args!("bank: {amount} of {retref} of {order}, to be lost: {is_lost}"));
    state.banks.cases.push(Case { order, retref, merchid, amount, is_lost });
    let case = state.banks.cases.len() - 1;
    state.banks.add(case, DisputeKind::Chargeback, amount);
    state.count("chargebacks");
}

/// The banks' acts and their records, beside everything else.
pub(crate) async fn around(world: Arc<World>) {
    loop {
        let wait_s = 2 + world.state().rng.below(90);
        sleep(Duration::from_secs(wait_s)).await;
        let acts = {
            let mut guard = world.state();
            let acts = guard.rng.chance(60);
            if acts {
                act(&world, &mut guard);
            }
            acts
        };
        if !acts {
            record_one(&world).await;
        }
    }
}

/// A batch closes as soon as a payment in it is approved, so that a void comes too late.
pub(crate) fn close_batch(state: &mut State) {
    let percent = state.banks.settle_percent;
    if percent > 0 && state.rng.chance(percent) {
        let goes_to = if state.rng.chance(50) { Stage::Batch } else { Stage::Accepted };
        state.ledger.settle(goes_to);
    }
}

/// In the end each case that the merchant can win is won.
pub(crate) fn end_all(world: &World, state: &mut State) {
    (state.banks.settle_percent, state.banks.second_percent) = (0, 0);
    let open: Vec<usize> = state.banks.open();
    for case in open {
        if !state.banks.cases[case].is_lost {
            state.banks.give_back(case, false);
            world.note(state, format_args!("bank: case {case} is won in the end"));
        }
    }
}
