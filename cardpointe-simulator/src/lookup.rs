//! Inquiries by reference and by order id.

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::{
    alterations::RecordOf,
    amount,
    call::Call,
    codes::pps,
    config::Merchant,
    faults::Endpoint,
    reply::{Answer, Reply},
    transaction::Transaction,
    world::World,
};

/// One transaction, by its reference.
pub(crate) fn inquire(world: &World, merchid: &str, retref: &str, call: Call) -> Answer {
    if let Some(imposed) = call.imposed {
        return Reply::of(imposed.verdict).with("retref", retref).into();
    }
    let merchant = world.merchant(merchid);
    let found = merchant.and_then(|merchant| world.ledger.find(retref, &merchant.merchid));
    match merchant.zip(found) {
        Some((merchant, transaction)) => transaction.inquiry(merchant.settings, call.now).into(),
        None => Reply::of(pps::TXN_NOT_FOUND).with("retref", retref).into(),
    }
}

/// Every transaction under an order id, oldest first: an object when there is one, an array when
/// there are more. `only_this_mid`: those of the merchant account; otherwise those of its whole
/// site.
pub(crate) fn inquire_by_order_id(
    world: &World,
    merchant: &Merchant,
    order_id: &str,
    only_this_mid: bool,
    call: Call,
) -> Answer {
    if let Some(imposed) = call.imposed {
        return Reply::of(imposed.verdict).with("orderId", order_id).into();
    }
    let site = world.site(&merchant.username);
    let shown = |merchid: &str| merchid == merchant.merchid || !only_this_mid;
    let mut found: Vec<Reply> = world
        .ledger
        .under(order_id)
        .filter(|transaction| shown(&transaction.merchid))
        .filter_map(|transaction| {
            let owner = site.get(transaction.merchid.as_str())?;
            Some(transaction.inquiry(owner.settings, call.now))
        })
        .collect();
    match (found.pop(), found.is_empty()) {
        (None, _) => Reply::of(pps::TXN_NOT_FOUND).with("orderId", order_id).into(),
        (Some(only), true) => only.into(),
        (Some(last), false) => {
            found.push(last);
            Answer::Many(found)
        }
    }
}

/// The record of another operation, in the place of those that a response shows: of a write the
/// response to an earlier one, of an inquiry the record of another transaction.
pub(crate) fn another(
    world: &World,
    endpoint: Endpoint,
    whose: &RecordOf,
    shown: &[Reply],
    now: Timestamp,
) -> Option<Reply> {
    let names = |retref: &str| {
        shown.iter().any(|record| record.get("retref").and_then(Value::as_str) == Some(retref))
    };
    let is_wanted = |retref: &str| match whose {
        RecordOf::Previous => !names(retref),
        RecordOf::Retref(wanted) => retref == wanted,
    };
    if !matches!(endpoint, Endpoint::Inquire | Endpoint::InquireByOrderid) {
        let fits = |reply: &Reply| reply.get("retref").and_then(Value::as_str).is_some_and(is_wanted);
        return world.replies.newest(endpoint, fits);
    }
    let found = world.ledger.all().iter().rev().find(|transaction| is_wanted(&transaction.retref))?;
    Some(found.inquiry(world.merchant(&found.merchid)?.settings, now))
}

/// The `setlstat` that inquiries show; empty when it is left out.
pub(crate) fn shown_setlstat(world: &World, transaction: &Transaction) -> String {
    let settings = world.merchant(&transaction.merchid).map(|merchant| merchant.settings).unwrap_or_default();
    transaction.shown_setlstat(settings).unwrap_or_default().to_owned()
}

/// The whole ledger: each transaction as an inquiry shows it, and which kind it is.
pub(crate) fn everything(world: &World) -> Vec<Value> {
    let now = world.now();
    let default = crate::settings::Settings::default();
    let entry = |transaction: &Transaction| {
        let settings = world.merchant(&transaction.merchid).map_or(default, |merchant| merchant.settings);
        let fee = transaction.surcharge.map(|surcharge| amount::format(surcharge.fee));
        let entry = transaction.inquiry(settings, now).with("kind", transaction.kind.name());
        let entry = entry.with_some("fee", fee);
        json!(entry.into_map())
    };
    world.ledger.all().iter().map(entry).collect()
}
