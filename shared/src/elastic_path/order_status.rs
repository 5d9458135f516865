//! `payment` and `status` of an order: the words for how far it is paid (`docs/reference/order-api.md`, *The order*).

use tollgate_core::order::PaymentStatus;

/// The word of `payment`, which the command line uses, too.
pub fn payment_status(status: PaymentStatus) -> &'static str {
    match status {
        PaymentStatus::Unpaid => "unpaid",
        PaymentStatus::PartiallyAuthorized => "partially_authorized",
        PaymentStatus::Authorized => "authorized",
        PaymentStatus::PartiallyPaid => "partially_paid",
        PaymentStatus::Paid => "paid",
        PaymentStatus::Refunded => "refunded",
    }
}

/// The word of `status`: incomplete until the payments cover the total, complete when all of it is taken.
pub(super) fn order_status(status: PaymentStatus) -> &'static str {
    match status {
        PaymentStatus::Unpaid | PaymentStatus::PartiallyAuthorized | PaymentStatus::PartiallyPaid => {
            "incomplete"
        }
        PaymentStatus::Authorized => "processing",
        PaymentStatus::Paid | PaymentStatus::Refunded => "complete",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_statuses_have_elastic_paths_names() {
        use PaymentStatus::{Authorized, Paid, PartiallyAuthorized, PartiallyPaid, Refunded, Unpaid};
        for (status, name, of_the_order) in [
            (Unpaid, "unpaid", "incomplete"),
            (PartiallyAuthorized, "partially_authorized", "incomplete"),
            (Authorized, "authorized", "processing"),
            (PartiallyPaid, "partially_paid", "incomplete"),
            (Paid, "paid", "complete"),
            (Refunded, "refunded", "complete"),
        ] {
            assert_eq!((payment_status(status), order_status(status)), (name, of_the_order));
        }
    }
}
