//! `status`: the word for the state of a transaction.

use tollgate_core::order::transaction::TransactionStatus;

/// The word of this API, which the command line and files use, too.
pub fn transaction_status(status: TransactionStatus) -> &'static str {
    match status {
        TransactionStatus::Pending => "pending",
        TransactionStatus::Done => "complete",
        TransactionStatus::Failed => "failed",
        TransactionStatus::Voided => "cancelled",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_statuses_have_elastic_paths_names() {
        use TransactionStatus::{Done, Failed, Pending, Voided};
        let statuses = [Pending, Done, Failed, Voided];
        assert_eq!(statuses.map(transaction_status), ["pending", "complete", "failed", "cancelled"]);
    }
}
