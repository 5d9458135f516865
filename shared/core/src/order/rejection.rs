//! Why an order does not allow a request. Knows no status codes: an API turns each into its
//! response.

use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

use super::{Forbidden, SEEN_MAX};
use crate::values::{Amount, Currency};

/// A rule of the order that forbids the request; nothing was sent to the gateway.
///
/// A variant's UUID is the transaction that the rule is about. Amounts are in minor units of the
/// order's currency.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Rejection {
    /// No such order: it has to be registered first.
    #[error("the order does not exist")]
    OrderNotFound,
    /// The order has no such transaction.
    #[error("the order has no such transaction")]
    TransactionNotFound,
    /// A newer version wrote something that this one cannot read; see `ARCHITECTURE.md`,
    /// *Upgrades*.
    #[error("a newer version of this service is working on the order")]
    NewerVersion,
    /// The merchant keeps the totals, so the amount has to be stated.
    #[error("amount is required: this merchant's orders are not registered here")]
    AmountRequired,
    /// The order changed since its sender saw it; this is its version now.
    #[error("the order has changed since that version; read it again")]
    VersionDiffers(u64),
    /// Nothing can be done with an amount of zero.
    #[error("amount must be more than zero")]
    AmountZero,
    /// More than this amount, which is owing.
    #[error("the amount is more than what is owing")]
    ExceedsOwing(Amount),
    /// Nothing of the total is owing: this payment covers it.
    #[error("the order is already paid")]
    AlreadyPaid(Uuid),
    /// The amount owing is reserved by this payment, whose outcome is not known yet.
    #[error("another payment of the order is in progress")]
    PaymentInProgress(Uuid),
    /// The shop says that nothing is owing: the order was paid there, not here.
    #[error("Elastic Path says that the order is paid; nothing was sent")]
    PaidAtShop,
    /// The shop has the order as paid, and no transaction of it.
    #[error("the order was imported into Elastic Path as paid, without a transaction; nothing was sent")]
    ImportedAsPaid,
    /// The order was canceled in its shop.
    #[error("the order is cancelled in Elastic Path; nothing was sent")]
    OrderCancelled,
    /// The amount may be more than what is owing, because the shop may not know of this payment
    /// yet.
    #[error(
        "Elastic Path may not know of an earlier payment of the order yet, so that it is not certain what is owing; \
         nothing was sent"
    )]
    RecordingPending(Uuid),
    /// The order's shop cannot show it, and the merchant's document does not accept that.
    #[error(
        "Elastic Path shows captures of everything only; authorize the order in parts and capture each, or set \
         elastic_path.partial_capture to shown_short"
    )]
    NotRecordable,
    /// The order's total is the shop's to state.
    #[error(
        "the orders of this merchant are Elastic Path's, which states their totals: pay this one without registering it"
    )]
    OrderElsewhere,
    /// The order cannot be paid with this request. A shopper is not told why where the reason is
    /// another shopper's payment.
    #[error("the order cannot be paid with this request: it is paid, being paid, or owes another amount")]
    NotPayable,
    /// Another operation of the same payment, which is this one, is in progress.
    #[error("another operation of the transaction is in progress")]
    OperationInProgress(Uuid),
    /// The payment never took place.
    #[error("the transaction failed")]
    TransactionFailed,
    /// The payment was canceled.
    #[error("the transaction was cancelled")]
    AlreadyCancelled,
    /// A purchase takes the money at once.
    #[error("a purchase is captured already")]
    NotAnAuthorization,
    /// There is one capture; the rest of the authorization was released with it.
    #[error("the transaction is captured already")]
    AlreadyCaptured,
    /// More than this amount, which is held.
    #[error("the amount is more than what was authorized")]
    ExceedsAuthorized(Amount),
    /// Nothing was taken, so nothing can be given back.
    #[error("the transaction is not captured")]
    NotCaptured,
    /// All that was held was captured, so there is no rest to hold anew.
    #[error("the capture released nothing: all that was authorized is captured")]
    NothingReleased,
    /// More than this amount, which the partial capture released.
    #[error("the amount is more than what the capture released")]
    ExceedsReleased(Amount),
    /// This payment holds the rest already.
    #[error("what the capture released is authorized already")]
    AlreadyReauthorized(Uuid),
    /// The payment was not made with a stored card, stored none, or its customer was erased since.
    #[error("the transaction has no stored card that another authorization could be made with")]
    NoStoredCard,
    /// A chargeback of the payment is not reversed: the money to give back is taken already.
    #[error(
        "the cardholder's bank took money of this payment back, so that giving it back would be a second loss; state \
         refund_disputed if it is meant"
    )]
    PaymentDisputed(Uuid),
    /// More than the person may give back of one order.
    #[error("this needs a person with a higher refund_max")]
    ExceedsRefundMax {
        /// The most of one order, 0 in a currency that the person has no limit in.
        max: Amount,
        /// The amount of the order that the person gave back already.
        given_back: Amount,
    },
    /// All was given back.
    #[error("the transaction is refunded already")]
    AlreadyRefunded,
    /// More than this amount, which is left.
    #[error("the amount is more than what is left to refund")]
    ExceedsRefundable(Amount),
    /// The merchant wants refunds to name their amount.
    #[error("the refund must name its amount")]
    RefundAmountRequired,
    /// It is a part of a payment with a fee, and the merchant's document does not say whether its
    /// amount includes the fee.
    #[error(
        "a part of a payment with a surcharge cannot be captured or refunded until the merchant's document says whether its \
         amount includes the surcharge (gateway.fee_basis: subtotal or total)"
    )]
    FeeBasisRequired,
    /// The account adds a surcharge, which depends on the postal code.
    #[error("is required: the merchant's gateway account adds a surcharge, which depends on it")]
    PostcodeRequired,
    /// A payment of which a part was refunded cannot be voided.
    #[error("a part of the transaction was refunded")]
    PartlyRefunded,
    /// No payment of the order allows it.
    #[error("no transaction of the order allows this")]
    NoEligibleTransaction,
    /// More than one does: these, oldest first.
    #[error("several transactions of the order allow this")]
    SeveralEligibleTransactions(Vec<Uuid>),
    /// The key was used for another request, which made or changed this payment.
    #[error("the idempotency key was used for a different request")]
    KeyReused(Uuid),
    /// The first request with this key, which began this payment, is still running.
    #[error("the first request with this idempotency key is still in progress")]
    KeyInProgress(Uuid),
    /// An equal request without a key was approved a moment ago: it made or changed this payment.
    #[error("an equal request was approved a moment ago")]
    PossibleDuplicate(Uuid),
    /// The order is full.
    #[error("the order has as many transactions as it can hold")]
    TooManyTransactions,
    /// The order is full, but for operations that close its payments.
    #[error("the order has as many operations as it can hold")]
    TooManyOperations,
    /// The shopper tried too often.
    #[error("too many failed attempts to pay this order")]
    TooManyAttempts,
    /// Too many payments of the order were declined within the hour; for how long no more are made.
    #[error("too many payments of this order were declined within the hour")]
    TooManyDeclines(SignedDuration),
    /// A card scheme has forbidden the attempt. A shopper is not told by which decline.
    #[error("a card scheme has forbidden this attempt, and charges for it; nothing was sent to the gateway")]
    RetryForbidden(Option<Box<Forbidden>>),
    /// The order is in another currency: this one.
    #[error("the order is in another currency")]
    CurrencyDiffers(Currency),
    /// The authorization ends before the moment at which it is to be captured: at this one, as far
    /// as can be told.
    #[error("capture_at is after the end of the authorization; the latest possible is {0}")]
    CaptureAfterExpiry(Timestamp),
    /// The authorization ends before the moment that the stated rule comes to: at this one, as far
    /// as can be told.
    #[error("capture comes to a moment after the end of the authorization; the latest possible is {0}")]
    CaptureRuleAfterExpiry(Timestamp),
    /// More is to be captured on schedule than this amount, which is held.
    #[error("the amount to capture is more than what is authorized")]
    CaptureExceedsAuthorized(Amount),
    /// An amount to capture is stated, and nothing says when.
    #[error("how much is to be captured on schedule is stated, and no capture is scheduled")]
    CaptureNotScheduled,
    /// It is not enough to have seen it: the cause has to end, or fade.
    #[error("it cannot be settled by having seen it: somebody has to do what its advice says")]
    NeedsAction,
    /// The payment has no such reason for attention now.
    #[error("the payment does not need attention for this reason")]
    NoSuchConcern,
    /// The order keeps no more statements of having seen something.
    #[error("the order keeps {SEEN_MAX} concerns as seen, and has them: further ones fade after 30 days")]
    TooManySeen,
    /// No scheduled capture of the order is due.
    #[error("no capture is due")]
    NothingDue,
    /// The schedule has nothing to capture: the authorization of this payment was to be captured
    /// and ended before it could be, or is not the schedule's and ends.
    #[error("the authorization ended before it was captured")]
    AuthorizationEnded(Uuid),
    /// The order's scheduled captures are paused, and the merchant has to be told that an
    /// authorization is about to end.
    #[error("the order's scheduled captures are paused")]
    CapturesPaused,
    /// A chargeback of the order is open, and the merchant captures nothing on schedule meanwhile.
    #[error("a payment of the order is disputed")]
    CapturesDisputed,
    /// The merchant cannot take payments in this currency.
    #[error("{}", limit.sentence(*currency))]
    CurrencyNotSupported {
        /// The currency that is not supported.
        currency: Currency,
        /// Whose limit it is.
        limit: CurrencyLimit,
    },
    /// The order was used in its currency, this one.
    #[error("the order's currency cannot change once it was paid with")]
    CurrencyFixed(Currency),
    /// The new total is less than this sum, which is already authorized, paid or pending.
    #[error("the amount is less than what is already authorized, paid or pending")]
    TotalBelowCommitted(Amount),
}

/// Why payments in a currency are not possible.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CurrencyLimit {
    /// The merchant has no account for it.
    Merchant,
    /// The gateway carries only currencies with this many decimals.
    Gateway(u32),
}

impl CurrencyLimit {
    fn sentence(self, currency: Currency) -> String {
        let code = currency.code();
        match self {
            Self::Merchant => format!("the merchant has no gateway account for payments in {code}"),
            Self::Gateway(decimals) => {
                format!("the gateway carries only currencies with {decimals} decimals, which {code} has not")
            }
        }
    }
}

impl Rejection {
    /// The rejection as a shopper sees it: without ids, amounts and states of payments that are not
    /// its `own`.
    pub(super) fn for_shopper(self, own: &[Uuid]) -> Self {
        let is_own = |transaction: &Uuid| own.contains(transaction);
        match self {
            Self::AlreadyPaid(transaction)
            | Self::PaymentInProgress(transaction)
            | Self::OperationInProgress(transaction)
            | Self::KeyReused(transaction)
            | Self::KeyInProgress(transaction)
            | Self::PossibleDuplicate(transaction)
            | Self::RecordingPending(transaction)
            | Self::AuthorizationEnded(transaction)
                if is_own(&transaction) =>
            {
                self
            }
            Self::OrderNotFound
            | Self::TransactionNotFound
            | Self::NewerVersion
            | Self::AmountRequired
            | Self::AmountZero
            | Self::PostcodeRequired
            | Self::NotPayable
            | Self::OrderCancelled
            | Self::TooManyAttempts
            | Self::TooManyDeclines(_)
            | Self::RetryForbidden(_)
            // These two name the order's own currency.
            | Self::CurrencyDiffers(_)
            | Self::CurrencyNotSupported { .. }
            | Self::CaptureAfterExpiry(_) => self,
            // Everything else tells something of others' payments, or may.
            _ => Self::NotPayable,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_currency_that_cannot_be_taken_is_named_with_whose_limit_it_is() {
        for (limit, whose) in [
            (CurrencyLimit::Merchant, "the merchant has no gateway account"),
            (CurrencyLimit::Gateway(2), "currencies with 2 decimals"),
        ] {
            let message = Rejection::CurrencyNotSupported { currency: Currency::USD, limit }.to_string();
            assert!(message.contains(whose) && message.contains("USD"), "{message}");
        }
    }
}
