//! The words for the state of a transaction and of an order (`docs/api.md`).

use tollgate_core::order::{PaymentStatus, TransactionStatus};
use tollgate_wire::{self as wire, OrderStatus};

/// The word of a transaction's `status`.
pub(in crate::elastic_path) fn status_word(status: TransactionStatus) -> wire::TransactionStatus {
    match status {
        TransactionStatus::Pending => wire::TransactionStatus::Pending,
        TransactionStatus::Done => wire::TransactionStatus::Complete,
        TransactionStatus::Failed => wire::TransactionStatus::Failed,
        TransactionStatus::Voided => wire::TransactionStatus::Cancelled,
    }
}

/// The same as a text, which the command line and files use, too.
pub fn transaction_status(status: TransactionStatus) -> &'static str {
    status_word(status).as_str()
}

/// The word of `status`: incomplete until the payments cover the total, complete when the whole
/// total is taken.
pub(in crate::elastic_path) fn order_status(status: PaymentStatus) -> OrderStatus {
    match status {
        PaymentStatus::Unpaid | PaymentStatus::PartiallyAuthorized | PaymentStatus::PartiallyPaid => {
            OrderStatus::Incomplete
        }
        PaymentStatus::Authorized => OrderStatus::Processing,
        PaymentStatus::Paid | PaymentStatus::Refunded => OrderStatus::Complete,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_orders_statuses_have_elastic_paths_names() {
        use PaymentStatus::{Authorized, Paid, PartiallyAuthorized, PartiallyPaid, Refunded, Unpaid};
        for (status, name, of_the_order) in [
            (Unpaid, "unpaid", "incomplete"),
            (PartiallyAuthorized, "partially_authorized", "incomplete"),
            (Authorized, "authorized", "processing"),
            (PartiallyPaid, "partially_paid", "incomplete"),
            (Paid, "paid", "complete"),
            (Refunded, "refunded", "complete"),
        ] {
            assert_eq!((status.as_str(), order_status(status).as_str()), (name, of_the_order));
        }
    }

    #[test]
    fn a_transactions_statuses_have_elastic_paths_names() {
        use TransactionStatus::{Done, Failed, Pending, Voided};
        let statuses = [Pending, Done, Failed, Voided];
        assert_eq!(statuses.map(transaction_status), ["pending", "complete", "failed", "cancelled"]);
    }
}
