//! What can be done with a transaction: capture and void.
//!
//! Which state allows what is documented only in part; `cardpointe-simulator/docs/behavior.md` lists what is inferred.

use crate::amount;
use crate::call::Call;
use crate::cards;
use crate::codes::{Verdict, pps};
use crate::config::Merchant;
use crate::fields::Fields;
use crate::receipt;
use crate::record::Origin;
use crate::reply::Reply;
use crate::state::{RecordKind, RecordState};
use crate::transaction::Transaction;
use crate::world::World;

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

/// Queues an authorization for settlement. Once more replaces the amount.
pub(crate) fn capture(world: &mut World, merchant: &Merchant, fields: &Fields, call: Call) -> Reply {
    let mut transaction = match named(world, merchant, fields) {
        Ok(transaction) => transaction.clone(),
        Err(refusal) => return capture_refused(refusal, merchant, fields, None),
    };
    let minor = match may_capture(&transaction, merchant, fields) {
        Ok(minor) => minor,
        Err(refusal) => return capture_refused(refusal, merchant, fields, Some(&transaction)),
    };
    if let Some(refusal) = call.refusal(merchant.settings.timed_out_captures_done) {
        return capture_refused(refusal, merchant, fields, Some(&transaction));
    }
    // A response that hides a capture must not give it away by the new state.
    let disguise =
        call.disguise().map(|verdict| capture_refused(verdict, merchant, fields, Some(&transaction)));
    transaction.amount = minor;
    transaction.status = RecordState::Queued;
    transaction.captured_at = Some(call.now);
    transaction.batchid = Some(world.open_batch(merchant));
    if let Some(userfields) = fields.get("userfields") {
        transaction.userfields = Some(cards::mask_in_json(userfields));
    }
    let reply = Reply::of(merchant.processor.approval())
        .with("merchid", merchant.merchid.as_str())
        .with("retref", transaction.retref.as_str())
        .with("account", transaction.token.as_str())
        .with("token", transaction.token.as_str())
        .with("amount", amount::format(minor))
        .with("setlstat", transaction.status.setlstat())
        .with("commcard", " C ")
        .with_some("authcode", transaction.authcode.as_deref())
        .with_some("batchid", transaction.batchid.as_deref());
    let reply = disguise.unwrap_or_else(|| receipt::attach(reply, fields, &transaction, "orderid"));
    world.ledger.replace(transaction, call);
    reply
}

/// The amount that a capture may take.
fn may_capture(transaction: &Transaction, merchant: &Merchant, fields: &Fields) -> Result<i64, Verdict> {
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
    let minor = fields.amount()?.unwrap_or(transaction.authorized);
    if minor <= 0 || minor < transaction.refunded {
        Err(pps::INVALID_AMOUNT)
    } else if minor > transaction.authorized && !merchant.settings.over_capture {
        Err(pps::ABOVE_MAX)
    } else {
        Ok(minor)
    }
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

/// The same by order id: the newest authorization under it that can still be voided, or else the newest that
/// was approved. Declined ones and refunds are passed over.
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
    transaction.amount = left;
    transaction.authorized = left;
    if left == 0 {
        transaction.status = RecordState::Voided;
        transaction.batchid = None;
    }
    let reply = Reply::of(merchant.processor.approval())
        .with("merchid", merchant.merchid.as_str())
        .with("retref", transaction.retref.as_str())
        .with("amount", amount::format(left))
        .with("currency", transaction.currency.as_str())
        .with("authcode", "REVERS");
    let reply = match call.disguise() {
        Some(verdict) => void_refused(verdict, merchant, &transaction.retref),
        None => receipt::attach(reply, fields, &transaction, "orderId"),
    };
    world.ledger.replace(transaction, call);
    reply
}

/// What a voided refund leaves of its payment can be refunded again.
fn give_to_payment(world: &mut World, refund: &Transaction, left: i64, call: Call) {
    let payment = refund.refund_of.as_ref().and_then(|retref| world.ledger.by_retref(retref)).cloned();
    if let Some(mut payment) = payment {
        payment.refunded -= refund.amount - left;
        world.ledger.replace(payment, call);
    }
}

/// What a void leaves of a transaction.
fn may_void(
    transaction: &Transaction,
    merchant: &Merchant,
    fields: &Fields,
    call: Call,
) -> Result<i64, Verdict> {
    let may_void_refund = merchant.settings.voidable_refunds || call.origin == Origin::Portal;
    if transaction.kind == RecordKind::Refund && !may_void_refund {
        return Err(pps::REVERSAL_NOT_SUPPORTED);
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
    match fields.amount()?.unwrap_or(0) {
        0 => Ok(0),
        part if part < 0 || part > transaction.amount => Err(pps::INVALID_AMOUNT),
        part if part < transaction.amount && transaction.status != RecordState::Authorized => {
            Err(pps::INVALID_AMOUNT)
        }
        part => Ok(transaction.amount - part),
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
