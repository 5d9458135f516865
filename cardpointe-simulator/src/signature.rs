//! `sigcap`: a signature for a transaction.

use crate::{call::Call, codes::pps, config::Merchant, fields::Fields, reply::Reply, world::World};

/// The longest signature that is accepted, in bytes of its text.
pub(crate) const MAX_SIGNATURE: usize = 6144;

/// Keeps a signature with its transaction; inquiries show it.
pub(crate) fn attach(world: &mut World, merchant: &Merchant, fields: &Fields, call: Call) -> Reply {
    let retref = fields.text_or_empty("retref");
    let refused = |verdict| {
        Reply::of(verdict).with("merchid", merchant.merchid.as_str()).with("retref", retref.as_str())
    };
    if let Some(verdict) = call.refusal(false) {
        return refused(verdict);
    }
    let Some(signature) = fields.text("signature").filter(|text| text.len() <= MAX_SIGNATURE) else {
        return refused(pps::INVALID_FIELD);
    };
    let Some(mut transaction) = world.ledger.find(&retref, &merchant.merchid).cloned() else {
        return refused(pps::TXN_NOT_FOUND);
    };
    transaction.signature = Some(signature);
    world.ledger.replace(transaction, call);
    if let Some(verdict) = call.disguise() {
        return refused(verdict);
    }
    // The text of the vendor's own test, and the code that a client takes for success.
    Reply::plain()
        .with("merchid", merchant.merchid.as_str())
        .with("retref", retref)
        .with("respcode", "02")
        .with("resptext", "signature stored")
}
