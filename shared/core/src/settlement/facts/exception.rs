//! An exception: one difference for a person to look at, with its cause.

use jiff::{Timestamp, civil::Date};
use uuid::Uuid;

use crate::{
    order::OrderKey,
    values::{Currency, SignedAmount},
    words,
};

words! {
    /// Why something is an exception.
    #[derive(PartialOrd, Ord, Hash)]
    pub enum ExceptionCause {
        /// Captured or refunded here, and days later in no batch that the processor took, or under
        /// review there.
        NotSettled => "not_settled",
        /// Settled, and in no deposit days later.
        NotFunded => "not_funded",
        /// Settled, and not approved here: declined, voided, given up, or in doubt.
        NotApproved => "not_approved",
        /// Settled or funded with another amount, in another currency, or under a reference that
        /// two payments here have.
        AmountDiffers => "amount_differs",
        /// In two batches that were taken.
        SettledTwice => "settled_twice",
        /// In two deposits.
        FundedTwice => "funded_twice",
        /// The processor refused it, or it failed or was terminated: no money moves.
        Rejected => "rejected",
        /// A bank debit that came back.
        Returned => "returned",
        Chargeback => "chargeback",
        /// A reversal of a chargeback that is not known.
        ReversalUnknown => "reversal_unknown",
        /// Chargebacks and reversals in deposits differ from those that orders have on record: the
        /// sums of an account, or one that its order does not have.
        DisputesDiffer => "disputes_differ",
        /// A payment that did not come from Tollgate, such as one made in the gateway's virtual
        /// terminal.
        NotOurs => "not_ours",
        /// A refund that did not come from Tollgate, such as one made in the gateway's portal.
        RefundedElsewhere => "refunded_elsewhere",
        /// A payment that the journal has at another of the merchant's accounts.
        OtherAccount => "other_account",
        /// A deposit whose lines do not add up to its net sales, or its components to its total.
        DepositDiffers => "deposit_differs",
        /// A row of a report that cannot be read, or an adjustment of an unknown category.
        NotUnderstood => "not_understood",
    }
}

/// One exception. It closes automatically when its cause is gone, and by a person's decision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exception {
    /// Made of account, cause and subject: the same exception has the same id, wherever and
    /// whenever it is found.
    pub id: Uuid,
    pub cause: ExceptionCause,
    /// The gateway account (MID).
    pub account: String,
    /// The gateway's reference of the payment or refund, unless it is about a deposit.
    pub reference: Option<String>,
    /// The deposit that it is about, if any.
    pub deposit: Option<String>,
    /// The chargeback's case, if any.
    pub case: Option<String>,
    /// The exact difference, if the cause can be several things.
    pub detail: Option<String>,
    /// The order, if it is known here.
    pub order: Option<OrderKey>,
    /// The transaction, if it is known here.
    pub transaction: Option<Uuid>,
    /// The expected amount, with its sign.
    pub expected: Option<SignedAmount>,
    /// The amount in the records, with its sign.
    pub found: Option<SignedAmount>,
    /// The currency of both, if it is known.
    pub currency: Option<Currency>,
    /// The day that it is about: of the capture or refund, of the batch, or of the deposit.
    pub day: Date,
    /// When it was found first.
    pub since: Timestamp,
    /// When its cause was found to be gone.
    pub gone_at: Option<Timestamp>,
    /// People's notes, oldest first.
    pub notes: Vec<Note>,
    /// Who closed it, and why.
    pub resolution: Option<Resolution>,
}

impl Exception {
    /// A new exception about this: a reference, a deposit or one of its rows, a day, or a case with
    /// its sequence number.
    pub(crate) fn new(
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
            detail: None,
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

    /// The same, with the exact difference.
    pub(crate) fn because(self, detail: impl Into<String>) -> Self {
        Self { detail: Some(detail.into()), ..self }
    }

    /// The amount in the records less the expected one; none where either is not known.
    pub fn difference(&self) -> Option<SignedAmount> {
        self.found?.checked_sub(self.expected?)
    }

    /// Whether there is something left to do: its cause is there, and no person decided otherwise.
    pub fn is_open(&self) -> bool {
        self.gone_at.is_none() && self.resolution.is_none()
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    pub at: Timestamp,
    /// The person's name, as the caller states it.
    pub by: String,
    pub text: String,
}

/// A person's decision that there is nothing left to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resolution {
    pub at: Timestamp,
    /// The person's name, as the caller states it.
    pub by: String,
    pub reason: String,
}
