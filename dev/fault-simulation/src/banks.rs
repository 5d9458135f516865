//! The cardholders' banks: they take charges back at any step, and give the money back where the
//! merchant wins the case.
//!
//! A bank's act is a line of a report. Settlement knows it at once, so that a process that asks for
//! the chargebacks of an order is told of it. It gets on the order's record later, by a process
//! that may die, come twice or come very late.

mod reports;

use std::{sync::Arc, time::Duration};

use cardpointe_simulator::Stage;
use tokio::time::sleep;
use tollgate_core::order::DisputeKind;

pub(crate) use self::reports::{record_all, record_one};
use crate::{
    cases::Case,
    ledger::{Record, Stands},
    world::{State, World},
};

/// How many of a hundred chargebacks are of an order of which something must be given back, if
/// there is one.
const OWED_PERCENT: u64 = 75;

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
