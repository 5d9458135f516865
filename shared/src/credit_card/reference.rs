//! A payment's reference, id and idempotency key: each follows from the one before.
//!
//! A reference is one key for authorize and charge, and another for each kind of follow-up: a
//! capture may use its payment's reference, but a charge cannot reuse an authorization's.

use tollgate_core::{
    order::{KeyDigest, Kind, MerchantId, OrderKey, Rejection},
    values::{TextUse, check_kept},
};
use uuid::Uuid;

use crate::api::{Failure, Members};

/// Longest reference. It is stored, and told to the gateway in a free field.
const REFERENCE_MAX: usize = 100;

/// Ids of payments are UUIDs of version 5 in this name space. It must never change: it determines
/// where payments are.
const PAYMENTS: Uuid = Uuid::from_u128(0x5a2f_1b0c_7d34_4e1a_9c55_0e6f_3d80_b7a1);

/// The id of the payment that a merchant made under this `TransactionReference`: the
/// `TransactionID`, which is the order's and the transaction's id, too.
pub fn payment_id(merchant: &MerchantId, reference: &str) -> Uuid {
    // A merchant's id holds no '#', so no two pairs make the same name.
    Uuid::new_v5(&PAYMENTS, format!("{merchant}#{reference}").as_bytes())
}

/// The idempotency key that a `TransactionReference` is: of the payment, whether authorized or
/// charged, and for each kind of follow-up another one, so that a capture may bear its payment's
/// reference.
pub fn key_digest(kind: Kind, reference: &str) -> KeyDigest {
    let of = if kind.is_payment() { "payment" } else { kind.as_str() };
    KeyDigest::new("credit_card", of, reference)
}

/// The order that a payment is.
pub(super) fn order_key(merchant: &MerchantId, id: Uuid) -> Result<OrderKey, Failure> {
    let order = id.to_string().parse().map_err(|_| Rejection::TransactionNotFound)?;
    Ok(OrderKey { merchant: merchant.clone(), order })
}

/// `TransactionReference`, required or not.
pub(super) fn read(request: &mut Members<'_>, required: bool) -> Option<String> {
    const NAME: &str = "TransactionReference";
    let text = request.scalar_if(required, NAME, REFERENCE_MAX)?;
    if !text.chars().all(|c| c.is_ascii_graphic() || c == ' ') {
        return request.no_value(NAME, "may hold only printable ASCII characters");
    }
    request.checked(NAME, Some(check_kept(text, TextUse::Reference)))?;
    Some(text.to_owned())
}
