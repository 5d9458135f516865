//! The requests left open in the end, because a client gave up or a request arrived late.

use tollgate_core::stored_cards::{MethodId, MethodState, OnceGone, PaymentMethod};

use super::{NUMBERS, RIGHT, requests::Wish};
use crate::customers::StoredCards;

/// The requests that clients have to make for nothing to be left open.
pub(super) fn left_to_do(cards: &StoredCards) -> Vec<Wish> {
    let mut left = Vec::new();
    for customer in cards.all() {
        let reference = if customer.reference.as_str() == "c-1" { "c-1" } else { "c-2" };
        for method in &customer.methods {
            let is_there = |other: &&PaymentMethod| {
                other.fingerprint == method.fingerprint
                    && matches!(other.state, MethodState::Stored | MethodState::Pending { .. })
            };
            match method.state {
                MethodState::Deleting(OnceGone::Deleted) => {
                    let id = MethodId { customer: customer.key.digest, method: method.id };
                    left.push(Wish::Delete { id: id.to_string() });
                }
                MethodState::Pending { .. } | MethodState::Deleting(_) => {
                    left.push(Wish::List { customer: reference });
                }
                // It may be at the gateway all the same. The next request to store the card looks
                // for it.
                MethodState::NotStored(_) if method.may_surface() => {
                    let last_four = method.card.last_four.as_deref().unwrap_or_default();
                    let number = NUMBERS.into_iter().find(|number| number.ends_with(last_four));
                    if let Some(number) = number.filter(|_| !customer.methods.iter().any(|it| is_there(&it)))
                    {
                        left.push(Wish::Store { customer: reference, number, code: RIGHT, key: None });
                    }
                }
                _ => {}
            }
        }
    }
    left
}
