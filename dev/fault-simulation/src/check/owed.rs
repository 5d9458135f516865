//! The refunds that a rule owes: none is sent while a bank may have taken a charge of the order
//! back, and none is lost. The banks' own list of cases decides, never the core's rule.

use jiff::Timestamp;
use tollgate_core::{
    journal::{Concern, concerns},
    order::{Cause, HandVerdict, Kind, NoEffect, Operation, Order, Stage, Transaction},
};

use crate::{
    cases::Banks,
    ledger::{Did, Ledger},
    world::State,
};

/// Whether it is a refund that a rule owes.
pub(super) fn is_owed(operation: &Operation) -> bool {
    operation.kind == Kind::Refund && operation.cause.must_succeed()
}

/// Whether a person requested it in the place of a refund that a rule owes.
pub(super) fn replaces_owed(operation: &Operation) -> bool {
    operation.kind == Kind::Refund && operation.cause == Cause::Requested && operation.follows.is_some()
}

/// Whether a refund that a rule owes was not made: it waits, or a person ended it.
pub(super) fn is_not_made(operation: &Operation) -> bool {
    is_owed(operation) && (operation.is(Stage::WaitsForDispute) || is_ended_by_person(operation))
}

/// How many charges of a transaction stand beside the one that counts, because they were not given
/// back yet, or are not to be.
pub(crate) fn left_standing(transaction: &Transaction) -> usize {
    let is_under_way = |one: &Operation| one.cause.must_succeed() && one.is(Stage::Pending);
    transaction.operations.iter().filter(|one| is_not_made(one) || is_under_way(one)).count()
}

fn is_ended_by_person(operation: &Operation) -> bool {
    operation.no_effect() == Some(NoEffect::EndedByPerson)
}

/// The rule that a process's write breaks by the attempts that it begins, and the events to count.
pub(crate) fn written(state: &mut State, process: u32, before: Option<&Order>, after: &Order) -> Vec<String> {
    let mut broken = Vec::new();
    let key = after.key().to_string();
    for (transaction, operation) in after.operations().filter(|(_, operation)| is_owed(operation)) {
        let earlier = before
            .and_then(|before| before.transaction(transaction.id))
            .and_then(|earlier| earlier.operations.iter().find(|one| one.id == operation.id));
        count(state, transaction, earlier, operation);
        let attempt = |one: &Operation| (one.attempt.id, one.attempt.number);
        let is_begun = operation.is(Stage::Pending) && operation.attempt.number > 0;
        if !is_begun || earlier.map(attempt) == Some(attempt(operation)) {
            continue;
        }
        let id = &operation.attempt.gateway_order_id;
        if !state.banks.begins(process, &key) {
            broken.push(format!("refund {id} is owed and sent, and no report was read before"));
        }
        let is_in_its_place = |one: &Operation| one.follows == Some(operation.id) && one.is(Stage::Approved);
        if transaction.operations.iter().any(is_in_its_place) {
            broken.push(format!("refund {id} is owed and sent, and a person's in its place is done"));
        }
        if state.banks.is_open_to(process, after) {
            broken.push(format!("refund {id} is owed and sent while a case of {key} is open"));
        }
    }
    broken
}

/// Counts what becomes of a refund that a rule owes.
fn count(state: &mut State, transaction: &Transaction, before: Option<&Operation>, after: &Operation) {
    let was = before.map(Operation::stage);
    if was.is_none() {
        state.count(match after.cause {
            Cause::LateApproval => "refunds owed: of a charge found late",
            Cause::PartialApproval => "refunds owed: of a partial approval",
            Cause::CvvMismatch | Cause::AvsMismatch => "refunds owed: of a refused security code",
            Cause::Duplicate => "refunds owed: of a duplicate",
            Cause::Requested
            | Cause::RefundBeforeSettlement
            | Cause::OrderClosed
            | Cause::Overpaid
            | Cause::OrderRefused
            | Cause::Elsewhere
            | Cause::Unrecognized => "refunds owed: of another cause",
        });
    }
    if was == Some(after.stage()) {
        return;
    }
    match (was, after.stage()) {
        (None, Stage::WaitsForDispute) => state.count("owed refunds held back before they were sent"),
        (Some(Stage::Pending), Stage::WaitsForDispute) => {
            state.count("owed refunds refused and then held back");
        }
        (Some(Stage::NoEffect), Stage::WaitsForDispute) => {
            state.count("owed refunds that wait again: a person's was refused");
        }
        (None, Stage::Pending) => state.count("owed refunds sent at once"),
        (Some(Stage::WaitsForDispute), Stage::Pending) => state.count("owed refunds woken and sent"),
        (_, Stage::NoEffect) if is_ended_by_person(after) => {
            let by_hand = before.is_some_and(|before| before.by_hand.len() < after.by_hand.len());
            let replaced = transaction.operations.iter().any(|one| one.follows == Some(after.id));
            state.count(match (by_hand, replaced) {
                (true, _) => "owed refunds ended by a person",
                (false, true) => "owed refunds replaced by a person's",
                (false, false) => "owed refunds ended for no reason",
            });
        }
        (_, Stage::Approved) => state.count("owed refunds done"),
        _ => {}
    }
}

/// In the end no refund waits for nothing, a person is told of each that waits, and each that was
/// ended was ended by a person.
pub(super) fn ended(order: &Order, banks: &Banks, ledger: &Ledger, now: Timestamp) -> Vec<String> {
    let mut broken = Vec::new();
    let key = order.key().to_string();
    for (transaction, refund) in order.operations().filter(|(_, operation)| is_owed(operation)) {
        let id = &refund.attempt.gateway_order_id;
        if refund.is(Stage::WaitsForDispute) {
            if !banks.is_open(&key) {
                broken.push(format!("refund {id} of {key} waits, and no case is open"));
            }
            if !concerns(order, transaction, now).contains(&Concern::RefundHeldBack) {
                broken.push(format!("refund {id} of {key} waits, and nobody is told"));
            }
        }
        let by_hand = refund.by_hand.iter().any(|decision| decision.verdict == HandVerdict::NotDone);
        let is_paid = |one: &Operation| {
            one.follows == Some(refund.id) && matches!(one.stage(), Stage::Approved | Stage::Pending)
        };
        if is_ended_by_person(refund) && !by_hand && !transaction.operations.iter().any(is_paid) {
            broken.push(format!("refund {id} of {key} is given up, and no person decided so"));
        }
        let is_done = ledger.did(refund.id).any(|did| matches!(did, Did::Approved { .. }));
        let was_decided = matches!(refund.stage(), Stage::Declined | Stage::NoEffect);
        if was_decided && !is_ended_by_person(refund) && !is_done {
            broken.push(format!("refund {id} of {key} is owed, and given up as {:?}", refund.stage()));
        }
    }
    broken
}
