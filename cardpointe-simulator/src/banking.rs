//! The processor's and the bank's acts on request: deviate from the ledger, hold a batch, adjust,
//! charge back.

use std::collections::BTreeMap;

use jiff::civil::Date;

use crate::{
    bank::{
        ADJUSTED, Adjustment, Chargeback, DISPUTED, DepositDeviation, Deviation, Listing, REVERSAL,
        REVERSAL_KIND, key,
    },
    calendar, funding,
    settings::ReportZone,
    state::RecordState,
    transaction::Transaction,
    world::World,
};

/// Has the reports on a record deviate; `false` when there is no such record.
pub(crate) fn deviate(world: &mut World, retref: &str, deviation: Deviation) -> bool {
    if world.ledger.by_retref(retref).is_none() {
        return false;
    }
    if deviation == Deviation::default() {
        world.bank.deviations.remove(retref);
    } else {
        world.bank.deviations.insert(retref.to_owned(), deviation);
    }
    true
}

/// Gives a batch another state, or its own again; `false` when there is no such batch.
pub(crate) fn hold_batch(world: &mut World, merchid: &str, batchid: &str, hoststat: Option<&str>) -> bool {
    if !has_batch(world, merchid, batchid) {
        return false;
    }
    let was_held = world.bank.holds(merchid, batchid);
    let key = key(merchid, batchid);
    put_or_remove(&mut world.bank.hoststats, key, hoststat.map(str::to_owned));
    if was_held && !world.bank.holds(merchid, batchid) {
        let now = world.now();
        let accepted =
            |one: &Transaction| is_in(one, merchid, batchid) && one.status == RecordState::Accepted;
        world.ledger.change_all(|one| accepted(one) && one.settled_at.replace(now).is_some());
    }
    true
}

/// Gives a batch another number in reports, or its own again; `false` when there is no such batch.
pub(crate) fn renumber_batch(world: &mut World, merchid: &str, batchid: &str, number: Option<&str>) -> bool {
    if !has_batch(world, merchid, batchid) {
        return false;
    }
    let key = key(merchid, batchid);
    put_or_remove(&mut world.bank.batch_numbers, key, number.map(str::to_owned));
    true
}

/// Has reports on a batch break off, or come whole again; `false` when there is no such batch.
pub(crate) fn break_batch(world: &mut World, merchid: &str, batchid: &str, is_broken: bool) -> bool {
    if !has_batch(world, merchid, batchid) {
        return false;
    }
    let key = key(merchid, batchid);
    if is_broken {
        world.bank.broken_batches.insert(key);
    } else {
        world.bank.broken_batches.remove(&key);
    }
    true
}

/// Has the reports of another day list a batch, too, or none; `false` when there is no such batch.
pub(crate) fn also_list_batch(world: &mut World, merchid: &str, batchid: &str, on: Option<Date>) -> bool {
    if !has_batch(world, merchid, batchid) {
        return false;
    }
    let key = key(merchid, batchid);
    put_or_remove(&mut world.bank.other_days, key, on);
    true
}

fn put_or_remove<T>(all: &mut BTreeMap<String, T>, key: String, value: Option<T>) {
    match value {
        Some(value) => drop(all.insert(key, value)),
        None => drop(all.remove(&key)),
    }
}

fn has_batch(world: &World, merchid: &str, batchid: &str) -> bool {
    world.ledger.all().iter().any(|transaction| is_in(transaction, merchid, batchid))
}

fn is_in(transaction: &Transaction, merchid: &str, batchid: &str) -> bool {
    transaction.merchid == merchid && transaction.batchid.as_deref() == Some(batchid)
}

/// Has a day's deposit deviate from the sum of its parts.
pub(crate) fn alter_deposit(world: &mut World, merchid: &str, day: Date, deviation: DepositDeviation) {
    world.bank.deposits.insert(key(merchid, day), deviation);
}

/// The reversal of a chargeback, or of a part of it.
pub(crate) fn reversal(merchid: &str, casenumber: &str, minor_units: i64, on: Option<Date>) -> Adjustment {
    Adjustment {
        merchid: merchid.to_owned(),
        category: REVERSAL.to_owned(),
        kind: REVERSAL_KIND.to_owned(),
        description: "CHARGEBACK REVERSAL".to_owned(),
        minor_units,
        casenumber: Some(casenumber.to_owned()),
        on,
    }
}

/// Adds an adjustment and returns its id; the error names the member that is wrong.
pub(crate) fn adjust(world: &mut World, mut adjustment: Adjustment) -> Result<i64, String> {
    adjustment.on = Some(day_or_next(world, &adjustment.merchid, adjustment.on)?);
    world.bank.adjustments.push(adjustment);
    Ok(last_id(ADJUSTED, world.bank.adjustments.len()))
}

fn last_id(first: i64, count: usize) -> i64 {
    first + i64::try_from(count).unwrap_or(i64::MAX) - 1
}

/// Lists a chargeback or an adjustment once more, or changes it; the error names the member that is
/// wrong.
pub(crate) fn list_again(world: &mut World, listing: Listing) -> Result<(), String> {
    let ids = |first: i64, count: usize| first..=last_id(first, count);
    let is_known = ids(ADJUSTED, world.bank.adjustments.len()).contains(&listing.id)
        || ids(DISPUTED, world.bank.chargebacks.len()).contains(&listing.id);
    if !is_known {
        return Err(format!("id: there is no chargeback or adjustment {}", listing.id));
    }
    if listing.moved && listing.on.is_none() {
        return Err("on: the day of the deposit that it is moved to".to_owned());
    }
    world.bank.listings.push(listing);
    Ok(())
}

/// Adds a chargeback with the adjustment that takes its money, and returns its id; the error names
/// the member that is wrong.
pub(crate) fn charge_back(world: &mut World, mut chargeback: Chargeback) -> Result<i64, String> {
    if chargeback.minor_units < 1 {
        return Err("minor_units: a whole number from 1".to_owned());
    }
    chargeback.on = Some(day_or_next(world, &chargeback.merchid, chargeback.on)?);
    let zone = world.merchant(&chargeback.merchid).map(|merchant| merchant.settings.reports.report_zone);
    let today = calendar::day(world.now(), zone.unwrap_or(ReportZone::Eastern));
    chargeback.chargebackdate.get_or_insert(today);
    let id = last_id(DISPUTED, world.bank.chargebacks.len() + 1);
    if chargeback.debit {
        world.bank.adjustments.push(chargeback.debit());
        world.bank.debits.insert(last_id(ADJUSTED, world.bank.adjustments.len()), id);
    }
    world.bank.chargebacks.push(chargeback);
    Ok(id)
}

/// The day itself, or that of the account's next deposit.
fn day_or_next(world: &World, merchid: &str, day: Option<Date>) -> Result<Date, String> {
    let merchant = world.merchant(merchid);
    let merchant = merchant.ok_or_else(|| format!("merchid: there is no merchant account {merchid}"))?;
    let next = || funding::next_day(merchant.settings, world.now());
    day.or_else(next).ok_or_else(|| "on: there is no next day".to_owned())
}
