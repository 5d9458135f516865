//! The reports of the banks' acts: recorded on the orders by settlement, and told to the processes
//! that ask for them.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use async_trait::async_trait;
use jiff::Timestamp;
use tollgate_core::{
    order::{DisputeRejection, DisputeReport, OrderKey},
    payments::{KnownDisputes, Merchant, NotRecorded, StoreError, record_dispute},
};

use crate::{
    cases::{Asker, Line},
    fault::{Call, Fault},
    world::{Instance, State, World},
};

/// How many of a hundred reports are recorded once more.
const TWICE_PERCENT: u64 = 20;

/// The platform's time limit of the function that records.
const RECORD_LIMIT: Duration = Duration::from_secs(29);

/// How often reports are recorded in the end: a reversal may come before its chargeback.
const RECORDED_TIMES: usize = 3;

/// Settlement puts a report on record that is not, or is.
pub(crate) async fn record_one(world: &Arc<World>) {
    let line = {
        let mut guard = world.state();
        let state = &mut *guard;
        let again = state.rng.chance(TWICE_PERCENT);
        let all: Vec<usize> = if again { (0..state.banks.lines.len()).collect() } else { unrecorded(state) };
        state.rng.pick(&all)
    };
    if let Some(line) = line {
        record(world, line).await;
    }
}

/// The lines that are on no order's record.
fn unrecorded(state: &State) -> Vec<usize> {
    let is_new = |n: &usize| {
        let order = state.fake_store.order(&state.banks.cases[state.banks.lines[*n].case].order);
        !order.is_some_and(|order| state.banks.is_on_record(*n, order))
    };
    (0..state.banks.lines.len()).filter(is_new).collect()
}

async fn record(world: &Arc<World>, line: usize) {
    let (order, report) = {
        let state = world.state();
        let Line { case, report } = &state.banks.lines[line];
        (state.banks.cases[*case].order.clone(), report.clone())
    };
    let Some(key) = key_of(&order) else { return };
    let instance = world.start();
    world.step(format_args!("#{} records line {line} of {order}", instance.number));
    let process = instance.clone();
    let invocation =
        async move { record_dispute(process.as_ref(), process.as_ref(), &key, &report).await.map(drop) };
    let refused = instance.run(RECORD_LIMIT, invocation).await.and_then(Result::err);
    if let Some(NotRecorded::Rejected(why)) = refused {
        // It comes before its payment is found, before its chargeback, or to a version that is old.
        let is_early = matches!(
            why,
            DisputeRejection::NoSuchPayment
                | DisputeRejection::UnknownChargeback
                | DisputeRejection::NewerVersion
        );
        if !is_early {
            world.fail(&mut world.state(), &format!("line {line} of {order} is not recorded: {why}"));
        }
    }
}

fn key_of(order: &str) -> Option<OrderKey> {
    let (merchant, id) = order.split_once('#')?;
    Some(OrderKey { merchant: merchant.parse().ok()?, order: id.parse().ok()? })
}

/// All that can be put on record is put there.
pub(crate) async fn record_all(world: &Arc<World>) {
    for _ in 0..RECORDED_TIMES {
        let left = unrecorded(&world.state());
        for line in left {
            record(world, line).await;
        }
    }
}

#[async_trait]
impl KnownDisputes for Instance {
    async fn of_payments(
        &self,
        merchant: &Merchant,
        references: &[&str],
        _since: Timestamp,
    ) -> Result<Vec<DisputeReport>, StoreError> {
        let fault = self.enter(Call::Disputes, &merchant.id).await;
        if fault == Some(Fault::Error) {
            return Err(StoreError::Unavailable("simulated".to_owned()));
        }
        let reports = {
            let mut guard = self.world.state();
            let state = &mut *guard;
            let payments = references.iter().filter_map(|retref| state.ledger.payment(retref));
            let orders: BTreeSet<String> = payments.map(|record| record.order).collect();
            for order in orders {
                *state.banks.asked.entry(Asker { process: self.number, order }).or_default() += 1;
            }
            state.banks.tell(self.number, references)
        };
        self.leave(fault).await;
        Ok(reports)
    }
}
