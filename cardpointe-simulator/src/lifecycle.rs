//! The operations on a transaction: capture and void.
//!
//! The operations that each state allows are documented only in part;
//! `cardpointe-simulator/docs/behavior.md` lists the inferred ones.

use crate::{
    amount, batch_calls,
    call::Call,
    cards::{self, Brand},
    codes::{Verdict, pps, pstr},
    config::Merchant,
    fields::Fields,
    record::Origin,
    reply::Reply,
    state::{RecordKind, RecordState},
    surcharge::{self, Charged, Shown},
    transaction::Transaction,
    world::World,
};

const LENGTHS: [(&str, usize); 3] = [("merchid", 16), ("retref", 14), ("orderid", 50)];

/// Finds the transaction that a request names.
pub(crate) fn named<'a>(
    world: &'a World,
    merchant: &Merchant,
    fields: &Fields,
) -> Result<&'a Transaction, Verdict> {
    fields.check_lengths(&LENGTHS)?;
    let retref = fields.text("retref").ok_or(pps::INVALID_FIELD)?;
    world.ledger.find(&retref, &merchant.merchid).ok_or(pps::TXN_NOT_FOUND)
}

/// The approval by the processor, or the host, that a transaction went to.
pub(crate) fn approval(merchant: &Merchant, transaction: &Transaction) -> Verdict {
    if transaction.brand == Some(Brand::Check) { pstr::SUCCESS } else { merchant.processor.approval() }
}

/// Queues an authorization for settlement. Once more replaces the amount.
pub(crate) fn capture(world: &mut World, merchant: &Merchant, fields: &Fields, call: Call) -> Reply {
    let mut transaction = match named(world, merchant, fields) {
        Ok(transaction) => transaction.clone(),
        Err(refusal) => return capture_refused(refusal, merchant, fields, None),
    };
    let charged = match may_capture(&transaction, merchant, fields) {
        Ok(charged) => charged,
        Err(refusal) => return capture_refused(refusal, merchant, fields, Some(&transaction)),
    };
    if let Some(refusal) = call.refusal(merchant.settings.timed_out_captures_done) {
        return capture_refused(refusal, merchant, fields, Some(&transaction));
    }
    // A response that hides a capture must not give it away by the new state.
    let disguise =
        call.disguise().map(|verdict| capture_refused(verdict, merchant, fields, Some(&transaction)));
    transaction.charge(charged);
    transaction.status = RecordState::Queued;
    transaction.captured_at = Some(call.now);
    transaction.batchid = Some(batch_calls::batch_for(world, merchant, fields));
    if let Some(userfields) = fields.get("userfields") {
        transaction.userfields = Some(cards::mask_in_json(userfields));
    }
    let reply = Reply::of(approval(merchant, &transaction))
        .with("merchid", transaction.shown_merchid())
        .with("retref", transaction.retref.as_str())
        .with("account", transaction.token.as_str())
        .with("token", transaction.token.as_str())
        .with("amount", amount::format(charged.total))
        .with("setlstat", transaction.status.setlstat())
        .with("commcard", " C ")
        .with_some("authcode", transaction.authcode.as_deref())
        .with_some("batchid", transaction.batchid.as_deref());
    let reply = with_fee(reply, &transaction, merchant);
    let reply = disguise.unwrap_or(reply);
    world.ledger.replace(transaction, call);
    reply
}

/// The amount that a capture may take.
fn may_capture(transaction: &Transaction, merchant: &Merchant, fields: &Fields) -> Result<Charged, Verdict> {
    if transaction.kind == RecordKind::Refund {
        return Err(pps::TXN_NOT_FOUND);
    }
    match transaction.status {
        RecordState::Authorized | RecordState::Queued => {}
        RecordState::BatchSent
        | RecordState::UnderReview
        | RecordState::Rejected
        | RecordState::FormatError
        | RecordState::TokenDecrypt => return Err(pps::TXN_BATCHED),
        RecordState::Accepted => return Err(pps::TXN_SETTLED),
        RecordState::Voided | RecordState::Declined | RecordState::ZeroAmount => {
            return Err(pps::TXN_NOT_FOUND);
        }
    }
    let whole = transaction.charged_at_most();
    let surcharge = transaction.surcharge.unwrap_or_default();
    let basis = merchant.settings.fee_basis;
    let charged = fields.amount()?.map_or(whole, |named| surcharge.part(basis, whole, named));
    if charged.total <= 0 || charged.total < transaction.refunded {
        Err(pps::INVALID_AMOUNT)
    } else if charged.total > transaction.authorized && !merchant.settings.over_capture {
        Err(pps::ABOVE_MAX)
    } else {
        Ok(charged)
    }
}

/// Adds the members about the fee that is now in a transaction's amount, if the settings have it
/// there.
pub(crate) fn with_fee(reply: Reply, transaction: &Transaction, merchant: &Merchant) -> Reply {
    let fee = transaction.charged().fee;
    let authcode = transaction.authcode.as_deref();
    surcharge::attach(reply, transaction.surcharge, fee, authcode, merchant.settings, Shown::FollowUp)
}

fn capture_refused(
    refusal: Verdict,
    merchant: &Merchant,
    fields: &Fields,
    transaction: Option<&Transaction>,
) -> Reply {
    Reply::of(refusal)
        .with("merchid", merchant.merchid.as_str())
        .with("retref", fields.text_or_empty("retref"))
        .with("amount", "0.00")
        .with("account", transaction.map_or("", |transaction| transaction.token.as_str()))
        .with("batchid", "-1")
        .with_some("setlstat", transaction.map(|transaction| transaction.status.setlstat()))
}

/// Cancels a transaction that has not been batched, or takes a part off an authorization.
pub(crate) fn void(world: &mut World, merchant: &Merchant, fields: &Fields, call: Call) -> Reply {
    match named(world, merchant, fields).cloned() {
        Ok(transaction) => void_transaction(world, merchant, fields, call, transaction),
        Err(refusal) => void_refused(refusal, merchant, &fields.text_or_empty("retref")),
    }
}

/// The same by order id: the newest authorization under it that can still be voided, or else the
/// newest that was approved. Declined ones and refunds are passed over.
pub(crate) fn void_by_order_id(world: &mut World, merchant: &Merchant, fields: &Fields, call: Call) -> Reply {
    let Some(order_id) = fields.text("orderid") else {
        return void_refused(pps::INVALID_FIELD, merchant, "");
    };
    let approved = |transaction: &&Transaction| {
        transaction.merchid == merchant.merchid
            && transaction.kind == RecordKind::Payment
            && transaction.status != RecordState::Declined
    };
    let candidates: Vec<&Transaction> = world.ledger.under(&order_id).rev().filter(approved).collect();
    let open = candidates.iter().find(|transaction| transaction.is_voidable(merchant.settings, call.now));
    match open.or(candidates.first()).map(|found| (*found).clone()) {
        Some(transaction) => void_transaction(world, merchant, fields, call, transaction),
        None => void_refused(pps::TXN_NOT_FOUND, merchant, "").with("orderId", order_id),
    }
}

fn void_transaction(
    world: &mut World,
    merchant: &Merchant,
    fields: &Fields,
    call: Call,
    mut transaction: Transaction,
) -> Reply {
    let left = match may_void(&transaction, merchant, fields, call) {
        Ok(left) => left,
        Err(refusal) => return void_refused(refusal, merchant, &transaction.retref),
    };
    if let Some(refusal) = call.refusal(merchant.settings.timed_out_voids_done) {
        return void_refused(refusal, merchant, &transaction.retref);
    }
    give_to_payment(world, &transaction, left, call);
    transaction.charge_at_most(left);
    if left.total == 0 {
        transaction.status = RecordState::Voided;
        transaction.batchid = None;
    }
    let reply = Reply::of(approval(merchant, &transaction))
        .with("merchid", transaction.shown_merchid())
        .with("retref", transaction.retref.as_str())
        .with("amount", amount::format(left.total))
        .with("currency", transaction.currency.as_str())
        .with("authcode", "REVERS");
    let reply = with_fee(reply, &transaction, merchant);
    let reply = match call.disguise() {
        Some(verdict) => void_refused(verdict, merchant, &transaction.retref),
        None => reply,
    };
    world.ledger.replace(transaction, call);
    reply
}

/// The amount of a voided refund can be refunded again.
fn give_to_payment(world: &mut World, refund: &Transaction, left: Charged, call: Call) {
    let payment = refund.refund_of.as_ref().and_then(|retref| world.ledger.by_retref(retref)).cloned();
    if let Some(mut payment) = payment {
        payment.count_refund(refund.charged(), -1);
        payment.count_refund(left, 1);
        world.ledger.replace(payment, call);
    }
}

/// A transaction after a void.
fn may_void(
    transaction: &Transaction,
    merchant: &Merchant,
    fields: &Fields,
    call: Call,
) -> Result<Charged, Verdict> {
    let may_void_refund = merchant.settings.voidable_refunds || call.origin == Origin::Portal;
    if transaction.kind == RecordKind::Refund && !may_void_refund {
        return Err(pps::REVERSAL_NOT_SUPPORTED);
    }
    if transaction.verdict == pps::VOICE_APPROVAL {
        return Err(pps::VOICE_NOT_VOIDABLE);
    }
    match transaction.status {
        RecordState::Authorized | RecordState::Queued | RecordState::ZeroAmount => {}
        RecordState::BatchSent
        | RecordState::UnderReview
        | RecordState::Rejected
        | RecordState::FormatError
        | RecordState::TokenDecrypt => return Err(pps::TXN_BATCHED),
        RecordState::Accepted if transaction.is_too_old_to_void(call.now) => {
            return Err(pps::TOO_OLD_TO_VOID);
        }
        RecordState::Accepted => return Err(pps::TXN_SETTLED),
        RecordState::Voided | RecordState::Declined => return Err(pps::NO_MATCHING_AUTH),
    }
    if transaction.is_too_old_to_void(call.now) {
        return Err(pps::TOO_OLD_TO_VOID);
    }
    if transaction.refunded > 0 {
        return Err(pps::NO_MATCHING_AUTH);
    }
    let basis = merchant.settings.fee_basis;
    let whole = transaction.charged().named(basis);
    match fields.amount()?.unwrap_or(0) {
        0 => Ok(Charged::NOTHING),
        part if part < 0 || part > whole => Err(pps::INVALID_AMOUNT),
        part if part == whole => Ok(Charged::NOTHING),
        _ if transaction.status != RecordState::Authorized => Err(pps::INVALID_AMOUNT),
        part => {
            let surcharge = transaction.surcharge.unwrap_or_default();
            Ok(surcharge.part(basis, transaction.charged(), whole - part))
        }
    }
}

fn void_refused(refusal: Verdict, merchant: &Merchant, retref: &str) -> Reply {
    Reply::of(refusal)
        .with("merchid", merchant.merchid.as_str())
        .with("retref", retref)
        .with("amount", "0.00")
        .with("currency", "")
        .with("authcode", serde_json::Value::Null)
}
