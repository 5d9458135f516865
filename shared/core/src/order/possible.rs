//! The actions that a payment allows, and up to which amounts: the answer of the order's own rules,
//! for whoever only wants to know.

use crate::words;

words! {
    /// Why an action on a payment is not possible now.
    pub enum NotPossible {
        /// The outcome of another operation on the payment is not known.
        OperationInProgress => "operation_in_progress": "Not before the outcome of the last operation is known.",
        /// The payment was refused, or did nothing.
        TransactionFailed => "transaction_failed": "Not possible: the payment was not made.",
        /// The payment was voided.
        AlreadyCancelled => "already_cancelled": "Not possible: the payment was voided.",
        /// A purchase holds nothing.
        NotAnAuthorization => "not_an_authorization": "Not possible: the payment was taken at once.",
        /// There is one capture.
        AlreadyCaptured => "already_captured": "Not possible: it is captured already.",
        /// Nothing was taken.
        NotCaptured => "not_captured": "Not possible: nothing was captured.",
        /// All was given back.
        AlreadyRefunded => "already_refunded": "Not possible: nothing is left to refund.",
        /// A part was given back, so the whole cannot be voided.
        PartlyRefunded => "partly_refunded": "Not possible: a part was refunded.",
        /// All that was held was captured.
        NothingReleased => "nothing_released": "Not possible: the capture released nothing.",
        /// Another payment holds the rest.
        AlreadyReauthorized => "already_reauthorized": "Not possible: the rest is held already.",
        /// Another payment of the order is under way.
        PaymentInProgress => "payment_in_progress": "Not before the outcome of another payment of the order is known.",
        /// The order owes nothing.
        AlreadyPaid => "already_paid": "Not possible: the order owes nothing.",
        /// Nothing says how to hold the rest.
        NoStoredCard => "no_stored_card": "Not possible: no card is stored.",
        /// The order's payments were declined too often within the hour.
        TooManyDeclines => "too_many_declines": "Not now: too many payments of the order were declined.",
        /// The order is full.
        TooManyTransactions => "too_many_transactions": "Not possible: the order has as many payments as it can hold.",
        /// The order is full.
        TooManyOperations => "too_many_operations": "Not possible: the order has as many operations as it can hold.",
        /// A newer version works on the order.
        NewerVersion => "newer_version": "Not now: a newer version of Tollgate is working on the order.",
        /// An operator or the merchant stopped payments, or that cannot be told.
        PaymentsStopped => "payments_stopped": "Not now: payments are stopped.",
        /// The caller's role does not allow it.
        Forbidden => "forbidden": "Your role does not allow it. Ask somebody with the role operate.",
        /// The person has given back as much of the order as they may.
        ExceedsRefundMax => "exceeds_refund_max": "It is more than you may give back of one order.",
    }

    /// The reason in a sentence.
    pub fn sentence(self) -> &'static str;
}

words! {
    /// Why an action is possible and not advisable.
    pub enum AdvisedAgainst {
        /// The authorization has ended, as far as can be told.
        AuthorizationLapsed => "authorization_lapsed": "The authorization has ended: the bank may refuse it.",
        /// The reports say that the batch of the payment was taken.
        Settled => "settled": "Its batch has settled: refund it instead.",
        /// The cardholder's bank took the money back.
        Disputed => "disputed": "The bank has taken the money back: it would be lost twice.",
    }

    /// The reason in a sentence.
    pub fn sentence(self) -> &'static str;
}
