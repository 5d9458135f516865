//! The receipt data and the order id that a request can include in its response.

use serde_json::Value;

use crate::{
    codes::pps, config::Merchant, faults::Endpoint, fields::Fields, ledger::stored_order_id, reply::Reply,
    settings::VoidOrderId, transaction::Transaction, world::World,
};

/// The content of `receipt`.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Wanted {
    Nothing,
    Receipt,
    Object,
}

impl Wanted {
    fn of(fields: &Fields) -> Self {
        match fields.text_or_empty("receipt").to_ascii_lowercase().as_str() {
            "y" => Self::Receipt,
            "json" => Self::Object,
            _ => Self::Nothing,
        }
    }
}

/// Adds receipt and order id to the response of an endpoint that moves money, as far as the request
/// wants them: a receipt to approvals, the order id to approvals, and to refusals if the account is
/// set so.
pub(crate) fn attach(
    world: &World,
    merchant: &Merchant,
    endpoint: Endpoint,
    fields: &Fields,
    reply: Reply,
) -> Reply {
    // The reference spells the member in two ways.
    let member = match endpoint {
        Endpoint::Auth | Endpoint::Void | Endpoint::VoidByOrderId => "orderId",
        Endpoint::Capture | Endpoint::Refund => "orderid",
        _ => return reply,
    };
    let wanted = Wanted::of(fields);
    let settings = merchant.settings;
    let is_done = reply.get("respstat").and_then(Value::as_str) == Some("A") && !reply.is(pps::TXN_SETTLED);
    let retref = reply.get("retref").and_then(Value::as_str).unwrap_or_default();
    let transaction = world.ledger.find(retref, &merchant.merchid);

    let is_void = matches!(endpoint, Endpoint::Void | Endpoint::VoidByOrderId);
    let names_order = match settings.orderid_in_voids {
        VoidOrderId::Always if is_void => true,
        VoidOrderId::Never if is_void => false,
        VoidOrderId::Always | VoidOrderId::Never | VoidOrderId::Receipt => wanted != Wanted::Nothing,
    };
    let order_id = order_id(endpoint, fields, transaction, is_done)
        .filter(|_| names_order && (is_done || settings.orderid_in_refusals))
        // Without an order id, only "Y" gets an empty one.
        .filter(|order_id| !order_id.is_empty() || wanted == Wanted::Receipt);
    let reply = reply.with_some(member, order_id);
    match (transaction.filter(|_| is_done), wanted) {
        (Some(transaction), Wanted::Receipt) => reply.with("receipt", transaction.receipt()),
        (Some(transaction), Wanted::Object) => reply.with("receiptObj", transaction.receipt()),
        (None, _) | (_, Wanted::Nothing) => reply,
    }
}

/// The order id of the transaction that a response is about. A refused refund that has no record of
/// its own names its payment's reference, and yet is about the order id that it was sent with.
fn order_id(
    endpoint: Endpoint,
    fields: &Fields,
    transaction: Option<&Transaction>,
    is_done: bool,
) -> Option<String> {
    let sent = || fields.text("orderid").map(|order_id| stored_order_id(&order_id));
    let recorded = transaction.map(|transaction| transaction.order_id.clone());
    match endpoint {
        Endpoint::Refund if !is_done => sent().or(recorded),
        Endpoint::Auth => recorded.or_else(sent),
        _ => recorded,
    }
}
