//! The receipt data that a request can include in its response.

use serde_json::json;

use crate::fields::Fields;
use crate::reply::Reply;
use crate::transaction::Transaction;

/// Adds receipt and order id when the request wants a receipt. The order id's member is `orderId` or
/// `orderid`, depending on the endpoint.
pub(crate) fn attach(
    reply: Reply,
    fields: &Fields,
    transaction: &Transaction,
    order_id_member: &str,
) -> Reply {
    let member = match fields.text_or_empty("receipt").to_ascii_lowercase().as_str() {
        "y" => "receipt",
        "json" => "receiptObj",
        _ => return reply,
    };
    let receipt = json!({
        "header": "",
        "footer": "",
        "dba": "CardPointe simulator",
        "address1": "",
        "address2": "",
        "phone": "",
        "dateTime": transaction.authorized_at.strftime("%Y%m%d%H%M%S").to_string(),
        "nameOnCard": transaction.name,
        "items": "",
        "orderNote": "",
    });
    reply.with(order_id_member, transaction.order_id.as_str()).with(member, receipt)
}
