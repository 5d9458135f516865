//! The rules that hold after every step, and the comparison of the ledgers at the end.

pub(crate) mod credit_card;
pub(crate) mod fees;
pub(crate) mod owed;
pub(crate) mod schedule;
pub(crate) mod seen;
pub(crate) mod told;

use std::fmt;

use cardpointe_simulator::ResponseCode;
use jiff::Timestamp;
use tollgate::elastic_path::transaction_status;
use tollgate_core::{
    order::{
        Cause, Decision, Kind, Mechanism, NoEffect, NoticeReason, Operation, Order, Stage, Superseded,
        Transaction, TransactionStatus,
    },
    values::Amount,
};

use crate::{
    fake_store::FakeStore,
    ledger::{Did, Exception, Ledger, Record, Sent, Stands, Totals, Wanted},
    world::State,
};

/// One line about an order, for the step list.
pub(crate) struct Shown<'a>(pub(crate) &'a Order);

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "total {:?}", self.0.total.map(Amount::minor))?;
        for transaction in &self.0.transactions {
            let id = &transaction.id.simple().to_string()[..6];
            write!(f, " | {id} {}", transaction_status(transaction.status()))?;
            if let Some(schedule) = transaction.capture {
                write!(
                    f,
                    ", to be captured {}{}",
                    schedule.at,
                    if transaction.lapsed_at.is_some() { ", lapsed" } else { "" }
                )?;
            }
            for operation in &transaction.operations {
                let Operation { kind, attempt, .. } = operation;
                let (stage, attempts) = (operation.stage(), attempt.number);
                let gateway_order_id = &operation.attempt.gateway_order_id[2..8];
                write!(
                    f,
                    ", {} {gateway_order_id} {}+{} {stage:?} x{attempts}",
                    kind.as_str(),
                    operation.amount.minor(),
                    fees::of(Some(operation))
                )?;
            }
        }
        Ok(())
    }
}

/// The rules that an order's new state breaks.
pub(crate) fn written(before: Option<&Order>, after: &Order, ledger: &Ledger) -> Vec<String> {
    let mut broken = sums(after);
    broken.extend(fees::written(after, ledger));
    broken.extend(keys(after));
    broken.extend(credit_card::alone(after));
    for transaction in before.map_or(&[][..], |before| before.transactions.as_slice()) {
        match after.transaction(transaction.id) {
            Some(later) => broken.extend(history(transaction, later, ledger)),
            None => broken.push(format!("transaction {} is gone", transaction.id)),
        }
    }
    for (transaction, operation) in after.operations() {
        let earlier = before
            .and_then(|before| before.transaction(transaction.id))
            .and_then(|earlier| earlier.operations.iter().find(|o| o.id == operation.id));
        if earlier != Some(operation) {
            // An inquiry may have found an operation that a person did at the gateway.
            let wrong = word(transaction, operation, ledger);
            broken.extend(wrong.filter(|_| !ledger.is_excused(&after.key().to_string())));
        }
    }
    broken
}

/// Rules that hold for every order after any history.
fn sums(order: &Order) -> Vec<String> {
    let mut broken = Vec::new();
    for transaction in &order.transactions {
        let (amount, captured) = (transaction.amount(), transaction.captured());
        if captured > amount {
            broken.push(format!("captured {} of {}", captured.minor(), amount.minor()));
        }
        if transaction.refunded() > captured {
            broken.push(format!("refunded {} of {}", transaction.refunded().minor(), captured.minor()));
        }
        // Beside one that is pending, a rule may have to give a late approval back.
        let requested = |o: &&Operation| o.is(Stage::Pending) && !o.cause.must_succeed();
        if transaction.operations.iter().filter(requested).count() > 1 {
            broken.push(format!("two operations pending on {}", transaction.id));
        }
    }
    let returns = |one: &Operation| one.cause.must_succeed() || owed::replaces_owed(one);
    let gives_back = order.operations().any(|(_, one)| one.is(Stage::Pending) && returns(one));
    if !gives_back {
        broken.extend(rests(order));
    }
    if let Some(total) = order.total
        && !gives_back
        && order.balance().committed() > total
    {
        broken.push(format!("{} committed of {}", order.balance().committed().minor(), total.minor()));
    }
    broken
}

/// The amount that a partial capture released is held anew once at most, and no more than that
/// amount.
fn rests(order: &Order) -> Vec<String> {
    let holds =
        |other: &&Transaction| matches!(other.status(), TransactionStatus::Pending | TransactionStatus::Done);
    let mut broken = Vec::new();
    for of in order.transactions.iter().filter(|found| found.status() == TransactionStatus::Done) {
        let continues = |other: &&Transaction| other.continues == Some(of.id);
        let rests: Vec<_> = order.transactions.iter().filter(continues).filter(holds).collect();
        let held = Amount::sum(rests.iter().map(|rest| rest.amount()));
        if rests.len() > 1 || held > of.released() {
            let (count, released) = (rests.len(), of.released().minor());
            broken.push(format!("{count} payments hold {} of the {released} of {}", held.minor(), of.id));
        }
    }
    broken
}

/// One key is one operation.
fn keys(order: &Order) -> Vec<String> {
    let keyed: Vec<&Operation> = order.operations().map(|(_, o)| o).filter(|o| o.key.is_some()).collect();
    let twice = |(n, operation): (usize, &&Operation)| keyed[..n].iter().any(|o| o.key == operation.key);
    if keyed.iter().enumerate().any(twice) {
        return vec!["one key has two operations".to_owned()];
    }
    Vec::new()
}

/// A recorded outcome stays recorded.
fn history(before: &Transaction, after: &Transaction, ledger: &Ledger) -> Vec<String> {
    let mut broken = Vec::new();
    // A decline that contradicts itself is looked for again, and may turn out to have been done.
    let contradicted = |operation: &Operation| ledger.is_contradicted(operation.id);
    for operation in &before.operations {
        let Some(later) = after.operations.iter().find(|o| o.id == operation.id) else {
            broken.push(format!("operation {} is gone", operation.attempt.gateway_order_id));
            continue;
        };
        broken.extend(changed(operation, later, ledger));
    }
    let refused = before.status() == TransactionStatus::Failed
        && before.decline().is_some()
        && !before.operations.iter().any(contradicted);
    let by_rule = |one: &Operation| one.cause != Cause::Requested || owed::replaces_owed(one);
    let given_back = after.pending().is_some_and(by_rule);
    if !given_back
        && (refused || before.status() == TransactionStatus::Voided)
        && after.status() != before.status()
    {
        broken.push(format!(
            "{} became {}",
            transaction_status(before.status()),
            transaction_status(after.status())
        ));
    }
    if before.status() == TransactionStatus::Done && after.status() == TransactionStatus::Failed {
        broken.push("a complete payment failed".to_owned());
    }
    // A payment that was canceled took nothing.
    let cancelled = after.status() == TransactionStatus::Voided;
    if (after.captured() < before.captured() && !cancelled) || after.refunded() < before.refunded() {
        broken.push(format!("captured or refunded of {} fell", before.id));
    }
    broken
}

/// The change of an operation that no outcome explains.
fn changed(operation: &Operation, later: &Operation, ledger: &Ledger) -> Option<String> {
    let final_word = matches!(operation.stage(), Stage::Approved | Stage::Declined);
    // The first attempt of a refund that was held back before it has the operation's own id.
    let is_new = later.attempt.id != operation.attempt.id || operation.attempt.number == 0;
    let again = later.attempt.number == operation.attempt.number + 1 && is_new;
    let fine = match (operation.stage(), later.stage()) {
        (Stage::Declined, Stage::Declined | Stage::Approved) if ledger.is_contradicted(operation.id) => {
            later.attempt.number == operation.attempt.number
        }
        // Nothing but that the last look at an earlier attempt was taken, that facts learned
        // while only a newer version could read the decision are kept, and that its merchant is
        // notified.
        _ if final_word => {
            later.notices.starts_with(&operation.notices)
                && *operation
                    == Operation {
                        notices: operation.notices.clone(),
                        last_look_at: operation.last_look_at,
                        look_again: operation.look_again.clone(),
                        superseded: operation.superseded.clone(),
                        carried: operation.carried.clone(),
                        ..later.clone()
                    }
        }
        (Stage::Pending, Stage::Pending) => {
            later.attempt.number == operation.attempt.number || (again && operation.cause.must_succeed())
        }
        (Stage::NoEffect | Stage::WaitsForDispute, Stage::Pending) => again,
        (Stage::WaitsForDispute, _) => later.attempt.number == operation.attempt.number,
        // The refund that a person requested in its place was refused.
        (Stage::NoEffect, Stage::WaitsForDispute) => {
            later.attempt.number == operation.attempt.number
                && operation.no_effect() == Some(NoEffect::EndedByPerson)
        }
        // Found late, by the gateway's word: see `word`.
        (Stage::NoEffect, Stage::Approved | Stage::NoEffect) | (Stage::Pending, _) => {
            later.attempt.number == operation.attempt.number
        }
        _ => false,
    };
    let is_sent_as_before = again || later.attempt.gateway_order_id == operation.attempt.gateway_order_id;
    (!fine || !is_sent_as_before || later.route != operation.route).then(|| {
        format!(
            "operation {} went from {:?} to {:?}",
            operation.attempt.gateway_order_id,
            operation.stage(),
            later.stage()
        )
    })
}

/// Whether the gateway's response agrees with the operation's state.
fn word(transaction: &Transaction, operation: &Operation, ledger: &Ledger) -> Option<String> {
    if operation.mechanism == Mechanism::Manual {
        return None;
    }
    let id = operation.attempt.gateway_order_id.as_str();
    let did: Vec<&Did> = ledger.did(operation.id).collect();
    let approvals = did.iter().filter_map(|did| match did {
        Did::Approved { retref, amount, fee } => Some((retref, *amount, *fee)),
        Did::Declined | Did::TimedOut | Did::Refused(_) => None,
    });
    let own = if operation.kind.is_payment() { transaction.reference() } else { operation.reference() };
    let approved =
        approvals.clone().find(|(retref, ..)| own == Some(retref.as_str())).or(approvals.clone().next());
    let fee_on_record = operation.fee().map_or(0, |fee| fee.amount.minor());
    let by_itself = match operation.stage() {
        Stage::Pending | Stage::WaitsForDispute | Stage::Unrecognized => true,
        Stage::Approved => match (operation.kind, approved) {
            (Kind::Authorize | Kind::Purchase, Some((retref, amount, fee))) => {
                (amount, fee) == (operation.approved_amount().minor(), fee_on_record)
                    && transaction.reference() == Some(retref.as_str())
            }
            (Kind::Capture | Kind::Refund, Some((_, amount, fee))) => {
                (amount, fee) == (operation.amount.minor(), fee_on_record)
            }
            (Kind::Void, Some(_)) => true,
            // It was done by an earlier operation, whose request arrived late.
            (Kind::Void | Kind::Capture, None) => stands_so(transaction, operation, ledger),
            (Kind::Unrecognized, _) | (_, None) => false,
        },
        Stage::Declined => {
            let refused = did.iter().any(|did| matches!(did, Did::Declined | Did::Refused(_)));
            let looked_for = operation.last_look_at.is_some() || is_done_by_another(transaction, operation);
            refused && (approved.is_none() || looked_for)
        }
        // An inquiry is due that will find it.
        Stage::NoEffect if operation.last_look_at.is_some() => true,
        // No operation on a payment that is voided counts.
        Stage::NoEffect if transaction.voided().is_some() => true,
        // Two that were the same: the record of the payment shows one.
        Stage::NoEffect if is_done_by_another(transaction, operation) => true,
        Stage::NoEffect => {
            approved.is_none()
                && match operation.no_effect() {
                    Some(NoEffect::NotSettled) => did.iter().any(|did| is_not_settled(did)),
                    Some(NoEffect::VoidedElsewhere | NoEffect::AlreadySettled) => {
                        operation.kind == Kind::Void || operation.kind == Kind::Capture
                    }
                    Some(_) => true,
                    None => false,
                }
        }
    };
    (!by_itself).then(|| {
        format!(
            "{id} is {:?} {:?} on record, with {fee_on_record} as its fee, and the gateway did {did:?}",
            operation.stage(),
            operation.no_effect()
        )
    })
}

/// Whether another operation captured or voided the same payment.
fn is_done_by_another(transaction: &Transaction, operation: &Operation) -> bool {
    let same = |other: &Operation| {
        other.id != operation.id && other.kind == operation.kind && other.reference == operation.reference
    };
    matches!(operation.kind, Kind::Capture | Kind::Void)
        && transaction.operations.iter().any(|other| same(other) && other.is(Stage::Approved))
}

/// Whether the payment is voided, or captured with this amount.
fn stands_so(transaction: &Transaction, operation: &Operation, ledger: &Ledger) -> bool {
    let retref = operation.reference.as_deref().or(transaction.reference());
    let record = retref.and_then(|retref| ledger.payment(retref));
    record.is_some_and(|record| match record.stands {
        Stands::Voided => operation.kind == Kind::Void,
        Stands::Taken => {
            let fee = operation.fee().map_or(0, |fee| fee.amount.minor());
            operation.kind == Kind::Capture && (record.amount, record.fee) == (operation.amount.minor(), fee)
        }
        Stands::Authorized | Stands::Declined | Stands::Refunded => false,
    })
}

/// The gateway refused a refund because the payment has not settled.
fn is_not_settled(did: &Did) -> bool {
    matches!(did, Did::Refused(code) if code == "PPS 27" || code == "PPS 28")
}

/// A request arrives: it must be on record with this amount and route.
pub(crate) fn arrives(fake_store: &FakeStore, ledger: &Ledger, sent: &Sent) -> Option<String> {
    // An earlier attempt may have been for another amount.
    let latest = |operation: &Operation| operation.attempt.gateway_order_id == sent.gateway_order_id;
    let fine = on_record(fake_store, ledger, sent).is_some_and(|operation| {
        operation.route.account == sent.merchid
            && (operation.amount.minor() == sent.amount || !latest(operation))
    });
    (!fine).then(|| format!("the gateway gets {}, which is not on record like this", sent.gateway_order_id))
}

fn on_record<'a>(fake_store: &'a FakeStore, ledger: &Ledger, sent: &Sent) -> Option<&'a Operation> {
    let id = ledger.operation(&sent.gateway_order_id)?;
    let mut operations = fake_store.order(&sent.order)?.operations().map(|(_, operation)| operation);
    operations.find(|operation| operation.id == id)
}

/// Whether a request is a refund that a rule requires. If the gateway loses its processor, it is
/// never sent again automatically.
pub(crate) fn is_mandatory_refund(fake_store: &FakeStore, ledger: &Ledger, sent: &Sent) -> bool {
    matches!(sent.wanted, Wanted::Refund(_))
        && on_record(fake_store, ledger, sent).is_some_and(|operation| operation.cause.must_succeed())
}

/// Whether a refund was done under two of its requests.
pub(crate) fn is_refunded_twice(ledger: &Ledger, sent: &Sent) -> bool {
    let id = ledger.operation(&sent.gateway_order_id);
    matches!(sent.wanted, Wanted::Refund(_)) && id.is_some_and(|id| ledger.times_done(id) > 1)
}

/// Whether an inquiry about the operation of a request is still to come.
pub(crate) fn is_looked_for(fake_store: &FakeStore, ledger: &Ledger, sent: &Sent) -> bool {
    let looked_for = |operation: &Operation| operation.is(Stage::Pending) || operation.last_look_at.is_some();
    on_record(fake_store, ledger, sent).is_some_and(looked_for)
}

/// Whether a request is a capture that took the place of another one: the gateway captures anew,
/// with this one's amount.
pub(crate) fn replaces_a_capture(fake_store: &FakeStore, ledger: &Ledger, sent: &Sent) -> bool {
    let id = ledger.operation(&sent.gateway_order_id);
    let another = |(_, o): (&Transaction, &Operation)| {
        o.kind == Kind::Capture && Some(o.id) != id && (o.is(Stage::Approved) || o.is(Stage::Pending))
    };
    matches!(sent.wanted, Wanted::Capture(_))
        && fake_store.order(&sent.order).is_some_and(|order| order.operations().any(another))
}

/// A request was carried out: at most once each, and no more than the order's total. One that
/// arrives after it was given up is found later, and adopted or given back.
pub(crate) fn executed(
    fake_store: &FakeStore,
    ledger: &Ledger,
    sent: &Sent,
    approved: bool,
    is_late: bool,
) -> Vec<String> {
    let mut broken = Vec::new();
    let id = sent.gateway_order_id.as_str();
    if is_late || ledger.has_late(&sent.order) || ledger.is_excused(&sent.order) {
        return broken;
    }
    let Some(operation) = on_record(fake_store, ledger, sent) else { return broken };
    let is_capture = matches!(sent.wanted, Wanted::Capture(_));
    let times =
        if is_capture { ledger.times_standing(operation.id) } else { ledger.times_done(operation.id) };
    if times > 1 {
        broken.push(format!("{id} was carried out twice"));
    }
    let stage = operation.stage();
    if approved && stage != Stage::Pending {
        broken.push(format!("{id} was carried out while its operation is {stage:?}"));
    }
    // Of a response that never arrived there is no code.
    let refused = |did: &Did| matches!(did, Did::Refused(code) if code != " ") && !is_not_settled(did);
    // A refund that was delivered twice is paid twice, and less is left for the next refund.
    let is_refund = matches!(sent.wanted, Wanted::Refund(_)) && !ledger.may_stay_in_doubt(&sent.order);
    if is_refund && ledger.did(operation.id).any(refused) {
        broken.push(format!("refund {id} is more than was taken, or of a payment that does not stand"));
    }
    let totals = ledger.totals(&sent.order);
    let paid = totals.taken + totals.held;
    // A payment that a rule refunded, because its void came too late, is no client's.
    let by_rule = fake_store.order(&sent.order).into_iter().flat_map(Order::operations).filter(|(_, o)| {
        let is_done = o.kind == Kind::Refund && o.cause != Cause::Requested && ledger.times_done(o.id) > 0;
        is_done || owed::is_owed(o)
    });
    let given_back: u64 = by_rule.map(|(_, operation)| operation.amount.minor()).sum();
    // And a payment that was delivered twice is one payment of a client.
    let paid = paid.saturating_sub(given_back + ledger.paid_by_second_deliveries(&sent.order));
    let total = fake_store.order(&sent.order).and_then(|order| order.total).map(Amount::minor);
    // Refunds and voids follow a payment that is too much.
    let takes = !matches!(sent.wanted, Wanted::Refund(_) | Wanted::Void(_));
    if takes && total.is_some_and(|total| paid > total) {
        broken.push(format!("{paid} held or paid at the gateway, of {total:?}"));
    }
    broken
}

fn is_approved(earlier: &Superseded) -> bool {
    matches!(earlier.decision, Some(Decision::Approved(_)))
}

/// The sums of our records, in the gateway's terms.
fn totals(order: &Order, ledger: &Ledger) -> Totals {
    let mut totals = Totals::default();
    for transaction in order.transactions.iter().filter(|t| t.began()) {
        if transaction.voided().is_none() {
            let (taken, held) = (transaction.captured(), transaction.capturable());
            totals.taken += taken.minor();
            totals.held += held.minor();
            totals.fees_taken += if taken.is_zero() { 0 } else { fees::taken(transaction) };
            totals.fees_held += if held.is_zero() { 0 } else { fees::of(transaction.first()) };
        }
        // The gateway took the money of a refund that was not made, too.
        for owed in transaction.operations.iter().filter(|one| owed::is_not_made(one)) {
            let retref = owed.reference.as_deref().or(transaction.reference());
            totals.taken += owed.amount.minor();
            totals.fees_taken += retref.and_then(|retref| ledger.payment(retref)).map_or(0, |paid| paid.fee);
        }
        let refund = |o: &&Operation| {
            o.kind == Kind::Refund && o.is(Stage::Approved) && o.mechanism == Mechanism::Automatic
        };
        let refunds = transaction.operations.iter().filter(refund);
        for refund in refunds {
            totals.refunded += refund.amount.minor();
            totals.fees_refunded += fees::of(Some(refund));
            // An earlier attempt that was found done, too.
            let other = |earlier: &&Superseded| earlier.attempt.id != refund.attempt.id;
            let again = refund.superseded.iter().filter(other).filter(|earlier| is_approved(earlier));
            for earlier in again {
                totals.refunded += earlier.amount.minor();
                totals.fees_refunded += fees::of_superseded(earlier);
            }
            // The gateway took the money that a rule refunds, which is not on record as a payment
            // here.
            if refund.cause != Cause::Requested {
                totals.taken += refund.amount.minor();
                totals.fees_taken += fees::of(Some(refund));
            }
        }
    }
    totals
}

/// Whether it stays in doubt for a person: it undoes a payment that is not to stay, and is a void
/// that was sent three times and did nothing, or a refund that cannot be told from something else,
/// or that the gateway calls a duplicate;
/// or it is a capture that met another one.
pub(crate) fn is_left_to_a_person(order: &Order, operation: &Operation, ledger: &Ledger) -> bool {
    let met = |(_, other): (&Transaction, &Operation)| {
        other.kind == Kind::Capture
            && other.id != operation.id
            && other.amount != operation.amount
            && ledger.times_done(other.id) > 0
    };
    if operation.is(Stage::Pending) && operation.kind == Kind::Capture {
        return order.operations().any(met);
    }
    let is_over = match operation.kind {
        Kind::Void => operation.attempt.number >= VOIDS_MAX,
        Kind::Refund => {
            operation.cause == Cause::Duplicate
                || is_called_a_duplicate(operation)
                || ledger.paid_by_second_deliveries(&order.key().to_string()) > 0
        }
        Kind::Authorize | Kind::Purchase | Kind::Capture | Kind::Unrecognized => false,
    };
    operation.is(Stage::Pending) && operation.cause.must_succeed() && is_over
}

/// Whether the gateway refused it as a duplicate of itself, which is not sent again.
fn is_called_a_duplicate(operation: &Operation) -> bool {
    let Some(response) = operation.response() else { return false };
    let code = response.processor.as_deref().zip(response.code.as_deref());
    code.is_some_and(|code| ResponseCode::DUPLICATES.contains(&code))
}

/// Whether it may stay in doubt in the end: for that reason, or because it is a refund whose record
/// shows that the processor timed out, which does not tell whether the refund was done.
pub(crate) fn waits_for_a_person(order: &Order, operation: &Operation, ledger: &Ledger) -> bool {
    let timed_out = operation.is(Stage::Pending)
        && operation.kind == Kind::Refund
        && ledger.did(operation.id).any(|did| *did == Did::TimedOut);
    timed_out || is_left_to_a_person(order, operation, ledger)
}

/// How often a void is sent that must succeed.
const VOIDS_MAX: u32 = 3;

/// Whether the merchant was told of the operation in doubt.
fn is_reported(operation: &Operation) -> bool {
    operation.is_notified(NoticeReason::InDoubtDay) || operation.is_notified(NoticeReason::UnderReview)
}

/// Records that still count at the gateway, and that no operation of the order refers to.
fn at_the_gateway_alone(order: &Order, ledger: &Ledger) -> Vec<Record> {
    let mut known: Vec<&str> = Vec::new();
    for (_, operation) in order.operations() {
        // A void names a payment beside its transaction's own.
        known.extend(operation.reference().into_iter().chain(operation.reference.as_deref()));
        let superseded = operation.superseded.iter().filter_map(|earlier| earlier.decision.as_ref());
        let approved = superseded.filter(|decision| matches!(decision, Decision::Approved(_)));
        known.extend(approved.filter_map(|decision| decision.response().reference.as_deref()));
    }
    let key = order.key().to_string();
    let counts =
        |record: &Record| matches!(record.stands, Stands::Authorized | Stands::Taken | Stands::Refunded);
    let of_order = ledger.records().into_iter().filter(|record| record.order == key);
    of_order.filter(|record| counts(record) && !known.contains(&record.retref.as_str())).collect()
}

/// The gateway's sums of an order, without the records that may be there alone.
pub(crate) fn known_totals(order: &Order, ledger: &Ledger) -> Totals {
    let mut totals = ledger.totals(&order.key().to_string());
    for record in at_the_gateway_alone(order, ledger) {
        if ledger.exception(&record.retref).is_some() {
            totals.without(&record);
        }
    }
    totals
}

/// In the end: only operations left to a person are in doubt, and both ledgers agree but for the
/// cases that are not promised.
pub(crate) fn ended(state: &State, now: Timestamp) -> Vec<String> {
    let State { fake_store, ledger, banks, .. } = state;
    let mut broken = credit_card::references(fake_store);
    for order in fake_store.orders() {
        let key = order.key().to_string();
        if ledger.is_by_hand(&key) {
            continue;
        }
        for pending in order.transactions.iter().filter_map(Transaction::pending) {
            let id = &pending.attempt.gateway_order_id;
            if !ledger.may_stay_in_doubt(&key) && !waits_for_a_person(order, pending, ledger) {
                broken.push(format!("{id} of {key} is still pending"));
            } else if !is_reported(pending) {
                broken.push(format!("{id} of {key} is left to a person, who was not told"));
            }
        }
        let mut pending = order.transactions.iter().filter_map(Transaction::pending);
        if ledger.is_excused(&key) || pending.any(|pending| is_left_to_a_person(order, pending, ledger)) {
            continue;
        }
        for record in at_the_gateway_alone(order, ledger) {
            let in_doubt = order.transactions.iter().any(|transaction| transaction.pending().is_some());
            let fine = match ledger.exception(&record.retref) {
                Some(Exception::DeliveredTwice | Exception::AfterTheLastLook) => true,
                // It is found: it is on record, or its operation is in doubt and left to a person.
                Some(Exception::RefundedAgain) => in_doubt,
                Some(Exception::CapturesMet | Exception::LeftToAPerson) | None => false,
            };
            if !fine {
                broken.push(format!("{record:?} is at the gateway alone"));
            }
        }
        broken.extend(owed::ended(order, banks, ledger, now));
        let (ours, theirs) = (totals(order, ledger), known_totals(order, ledger));
        if ours != theirs {
            broken.push(format!("{key}: we say {ours:?}, the gateway {theirs:?}"));
        }
    }
    let orphan = ledger.records().into_iter().find(|record| fake_store.order(&record.order).is_none());
    broken.extend(orphan.map(|record| format!("{record:?} is of no order")));
    broken
}
