//! The rules of fees: each is beside its amount as the gateway took it, refunds give back all of it
//! and no more, and an amount is left out only where all of the payment is meant.

use serde_json::Value;
use tollgate_core::order::{
    Cause, Kind, Mechanism, Operation, Order, PaymentKind, Stage, Superseded, Transaction,
};

use crate::{
    check::{credit_card::minor, owed::replaces_owed},
    ledger::{Ledger, Record, Sent, Stands, Wanted},
    world::State,
};

/// The fee on record beside an operation's amount, in minor units.
pub(super) fn of(operation: Option<&Operation>) -> u64 {
    operation.and_then(Operation::fee).map_or(0, |fee| fee.amount.minor())
}

/// The same of an earlier attempt that was found done.
pub(super) fn of_superseded(earlier: &Superseded) -> u64 {
    let charged = earlier.decision.as_ref().and_then(|decision| decision.response().charged);
    charged.and_then(|charged| charged.fee).map_or(0, |fee| fee.amount.minor())
}

/// The fee that was taken with a payment, and not only held.
pub(super) fn taken(transaction: &Transaction) -> u64 {
    match transaction.kind {
        PaymentKind::Purchase => of(transaction.first()),
        PaymentKind::Authorize => of(transaction.operations.iter().find(|o| is_done(o, Kind::Capture))),
        PaymentKind::Unrecognized => 0,
    }
}

fn is_done(operation: &Operation, kind: Kind) -> bool {
    operation.kind == kind && operation.is(Stage::Approved) && operation.cause != Cause::Duplicate
}

/// The refunds of a payment that the gateway made.
fn refunds(transaction: &Transaction) -> impl Iterator<Item = &Operation> {
    let at_the_gateway = |o: &&Operation| o.mechanism == Mechanism::Automatic;
    transaction.operations.iter().filter(|o| is_done(o, Kind::Refund)).filter(at_the_gateway)
}

/// Amount and fee that the refunds gave back, without this one.
fn given_back(transaction: &Transaction, without: Option<&Operation>) -> (u64, u64) {
    let others = refunds(transaction).filter(|refund| Some(refund.id) != without.map(|one| one.id));
    others.fold((0, 0), |(amount, fee), refund| (amount + refund.amount.minor(), fee + of(Some(refund))))
}

/// The new state of an order: refunds give back at most the fee, and exactly the fee with all of
/// the payment.
pub(super) fn written(after: &Order, ledger: &Ledger) -> Vec<String> {
    let key = after.key().to_string();
    let mut broken = Vec::new();
    for transaction in &after.transactions {
        let by_rule =
            refunds(transaction).any(|refund| refund.cause != Cause::Requested || replaces_owed(refund));
        // A refund that was approved twice has given back more at the gateway, which rounds on from
        // there.
        if by_rule || ledger.is_excused(&key) || ledger.may_stay_in_doubt(&key) {
            continue;
        }
        let (amount, fee) = given_back(transaction, None);
        let (all, its_fee) = (transaction.captured().minor(), taken(transaction));
        if fee > its_fee || (amount == all && amount > 0 && fee != its_fee) {
            broken.push(format!(
                "{} gave back {amount} of {all} and {fee} of its fee of {its_fee}",
                transaction.id
            ));
        }
    }
    broken
}

/// A request is about to be sent: which amount it names, if it names one.
pub(crate) fn sent(state: &State, sent: &Sent, body: &[u8]) -> Option<String> {
    let (retref, kind) = match &sent.wanted {
        Wanted::Capture(retref) => (retref, Kind::Capture),
        Wanted::Refund(retref) => (retref, Kind::Refund),
        Wanted::Authorize(_) | Wanted::Purchase(_) | Wanted::Void(_) => return None,
    };
    if state.ledger.is_excused(&sent.order) || state.ledger.may_stay_in_doubt(&sent.order) {
        return None;
    }
    let payment = state.ledger.payment(retref)?;
    let order = state.fake_store.order(&sent.order)?;
    let id = state.ledger.operation(&sent.gateway_order_id)?;
    let (transaction, operation) = order.operations().find(|(_, operation)| operation.id == id)?;
    let by_rule = operation.cause.must_succeed();
    let before = if by_rule { (0, 0) } else { given_back(transaction, Some(operation)) };
    // The payment that it acts on is on its way to another state.
    let fits = match kind {
        Kind::Capture => payment.stands == Stands::Authorized,
        _ => payment.stands == Stands::Taken,
    };
    if !fits {
        return None;
    }
    let request: Value = serde_json::from_slice(body).unwrap_or_default();
    let named = request.get("amount").map(|amount| amount.as_str().and_then(minor));
    let is_whole = by_rule || (sent.amount == payment.amount && before.0 == 0);
    let merchant = sent.order.split('#').next().unwrap_or_default();
    let fine = match named {
        None => is_whole,
        Some(_) if is_whole && payment.fee > 0 => false,
        Some(named) if payment.fee == 0 => named == Some(sent.amount),
        Some(named) => state.shops.fee_basis(merchant).is_some_and(|surcharging| {
            let share = if surcharging.names_totals() { share(&payment, before, sent.amount) } else { 0 };
            named == Some(sent.amount + share)
        }),
    };
    (!fine).then(|| {
        format!("{} is sent as {named:?}, {before:?} of {payment:?} are given back", sent.gateway_order_id)
    })
}

/// The share of a payment's fee that goes with a part, by the amounts given back before: a half is
/// rounded up.
fn share(payment: &Record, before: (u64, u64), part: u64) -> u64 {
    let until = before.0 + part;
    let due = (2 * payment.fee * until + payment.amount) / (2 * payment.amount).max(1);
    due.saturating_sub(before.1)
}
