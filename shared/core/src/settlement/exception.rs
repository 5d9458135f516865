//! What does not fit: one thing for a person to look at, with its cause.

use jiff::{Timestamp, civil::Date};
use uuid::Uuid;

use crate::{order::OrderKey, values::Currency, words};

words! {
    /// Why something is an exception.
    #[derive(PartialOrd, Ord, Hash)]
    pub enum ExceptionCause {
        /// Captured or refunded here, and in no batch days later.
        NotSettled => "not_settled",
        /// Settled, and not approved here: declined, voided, given up, or in doubt.
        NotApproved => "not_approved",
        /// Settled or funded with another amount.
        AmountDiffers => "amount_differs",
        /// Settled or funded in another currency.
        CurrencyDiffers => "currency_differs",
        /// The processor refused it, or it failed or was terminated.
        Rejected => "rejected",
        /// A person at the processor looks at it.
        UnderReview => "under_review",
        /// Its batch is held, refused or not done, days later.
        BatchHeld => "batch_held",
        /// Settled, and in no deposit days later.
        NotFunded => "not_funded",
        /// In two batches that were taken.
        SettledTwice => "settled_twice",
        /// In two deposits.
        FundedTwice => "funded_twice",
        /// A chargeback.
        Chargeback => "chargeback",
        /// A reversal of a chargeback that is not known.
        ReversalUnknown => "reversal_unknown",
        /// A chargeback or a reversal that its order does not have: the order has all that it keeps, or two reports state
        /// different amounts of it.
        DisputeNotRecorded => "dispute_not_recorded",
        /// What the account's deposits say of chargebacks and reversals is not what orders have on record.
        DisputesDiffer => "disputes_differ",
        /// A bank debit that came back.
        Returned => "returned",
        /// A payment that did not come from Tollgate, such as one made in the gateway's virtual terminal.
        NotOurs => "not_ours",
        /// Two payments or refunds here have the same reference.
        TwoOwners => "two_owners",
        /// A deposit's lines do not add up to its net sales.
        LinesDiffer => "lines_differ",
        /// A deposit's components do not add up to its total.
        TotalDiffers => "total_differs",
        /// An adjustment of an unknown category.
        UnknownCategory => "unknown_category",
    }
}

/// One exception. It closes by itself when its cause is gone, and by a person's decision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exception {
    /// Made of account, cause, and what it is about: the same exception has the same id, whoever finds it, and when.
    pub id: Uuid,
    /// What does not fit.
    pub cause: ExceptionCause,
    /// The gateway account (MID).
    pub account: String,
    /// The gateway's reference of the payment or refund, unless it is about a deposit.
    pub reference: Option<String>,
    /// The deposit that it is about, if any.
    pub deposit: Option<String>,
    /// The chargeback's case, if any.
    pub case: Option<String>,
    /// The order, if it is known here.
    pub order: Option<OrderKey>,
    /// The transaction, if it is known here.
    pub transaction: Option<Uuid>,
    /// What was expected, in minor units with its sign.
    pub expected: Option<i64>,
    /// What the records say, in minor units with its sign.
    pub found: Option<i64>,
    /// The currency of both, if it is known.
    pub currency: Option<Currency>,
    /// The day that it is about: of the capture or refund, of the batch, or of the deposit.
    pub day: Date,
    /// When it was found first.
    pub since: Timestamp,
    /// When its cause was found to be gone.
    pub gone_at: Option<Timestamp>,
    /// What people noted, oldest first.
    pub notes: Vec<Note>,
    /// Who closed it, and why.
    pub resolution: Option<Resolution>,
}

impl Exception {
    /// A new exception about this: a reference, a deposit, a deposit's adjustment, or a case with its sequence number.
    pub(super) fn new(
        account: &str,
        cause: ExceptionCause,
        subject: &str,
        day: Date,
        since: Timestamp,
    ) -> Self {
        let name = format!("tollgate:settlement:{account}:{}:{subject}", cause.as_str());
        Self {
            id: Uuid::new_v5(&Uuid::NAMESPACE_URL, name.as_bytes()),
            cause,
            account: account.to_owned(),
            reference: None,
            deposit: None,
            case: None,
            order: None,
            transaction: None,
            expected: None,
            found: None,
            currency: None,
            day,
            since,
            gone_at: None,
            notes: Vec::new(),
            resolution: None,
        }
    }

    /// Whether there is something left to do: its cause is there, and nobody decided otherwise.
    pub fn is_open(&self) -> bool {
        self.gone_at.is_none() && self.resolution.is_none()
    }
}

/// What a person noted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// When.
    pub at: Timestamp,
    /// The person's name, as the caller states it.
    pub by: String,
    /// What.
    pub text: String,
}

/// A person's decision that there is nothing left to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resolution {
    /// When.
    pub at: Timestamp,
    /// The person's name, as the caller states it.
    pub by: String,
    /// Why.
    pub reason: String,
}
