//! A payment as a customer's receipt shows it.

use jiff::Timestamp;
use uuid::Uuid;

use super::{Fees, fees};
use crate::{
    order::{Order, OrderId, PaymentWord, Transaction, TransactionStatus},
    payments::Merchant,
    values::{Amount, Brand, Currency, Discounted, SignedAmount},
    words,
};

words! {
    /// Why a payment has no receipt.
    pub enum NoReceipt {
        /// The issuer, the gateway or a rule refused it, or nothing was done.
        NotApproved => "not_approved": "There is no receipt: the payment was not approved.",
        /// Its outcome is not known.
        NotKnownYet => "not_known_yet": "There is no receipt yet: the outcome of the payment is not known.",
        /// It was voided.
        Voided => "voided": "There is no receipt: the payment was voided, and nothing was charged.",
        /// The authorization ended before it was captured.
        Lapsed => "lapsed": "There is no receipt: nothing was charged.",
    }

    /// The reason in a sentence.
    pub fn sentence(self) -> &'static str;
}

/// The data of a receipt, as far as known, and nothing of the card but brand and last four digits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// The merchant's name, if its document has one.
    pub merchant_name: Option<String>,
    /// The lines of its address; none if its document has none.
    pub merchant_address: Vec<String>,
    /// The id of the order that was paid.
    pub order: OrderId,
    /// The id of the payment within its order.
    pub transaction: Uuid,
    /// The payment's status when the receipt is made.
    pub status: TransactionStatus,
    /// The same in the word that people use.
    pub state: PaymentWord,
    /// When it was approved.
    pub approved_at: Timestamp,
    /// The currency of all amounts.
    pub currency: Currency,
    /// The amount that was approved, captured or not.
    pub amount: Amount,
    /// The part of the amount that was taken.
    pub captured: Amount,
    /// The part of the captured amount that was given back.
    pub refunded: Amount,
    /// The discount that was taken off the amount before.
    pub discount: Option<Discounted>,
    /// The amount that issuers took back, less the amount that came back, in minor units.
    pub disputed: SignedAmount,
    /// The fees beside these amounts, which a receipt has to show separately; none if there are
    /// none.
    pub fees: Option<Fees>,
    /// The card's brand, if it is known.
    pub brand: Option<Brand>,
    /// The last four digits of its number.
    pub last_four: Option<String>,
    /// The issuer's approval code.
    pub approval_code: Option<String>,
    /// The gateway's reference of the payment, if there is one.
    pub reference: Option<String>,
    /// The merchant's own reference.
    pub custom_reference: Option<String>,
}

impl Receipt {
    /// The total that the payer pays or has paid: the amount and the fee beside it.
    pub fn total(&self) -> Amount {
        Amount::sum([self.amount, self.fees.map_or(Amount::ZERO, |fees| fees.amount)])
    }

    /// The captured amount less the refunded one, without fees.
    pub fn after_refunds(&self) -> Amount {
        self.captured.checked_sub(self.refunded).unwrap_or(Amount::ZERO)
    }
}

/// Why a payment has no receipt at a moment, if it has none: only a payment that was approved and
/// may stand has one, until it is voided or lapses.
pub fn no_receipt(transaction: &Transaction, now: Timestamp) -> Option<NoReceipt> {
    match transaction.word_beside_disputes(now) {
        PaymentWord::Declined | PaymentWord::NotProcessed => Some(NoReceipt::NotApproved),
        PaymentWord::Voided | PaymentWord::VoidedElsewhere => Some(NoReceipt::Voided),
        PaymentWord::Lapsed => Some(NoReceipt::Lapsed),
        _ if transaction.must_not_stand() => Some(NoReceipt::NotApproved),
        _ => (!transaction.is_recognized() || !transaction.began()).then_some(NoReceipt::NotKnownYet),
    }
}

/// A payment's receipt at a moment, or why it has none.
pub fn receipt(
    merchant: &Merchant,
    order: &Order,
    transaction: &Transaction,
    now: Timestamp,
) -> Result<Receipt, NoReceipt> {
    no_receipt(transaction, now).map_or(Ok(()), Err)?;
    let first = transaction.first().ok_or(NoReceipt::NotKnownYet)?;
    Ok(Receipt {
        merchant_name: merchant.name.clone(),
        merchant_address: merchant.address.clone(),
        order: order.id.clone(),
        transaction: transaction.id,
        status: transaction.status(),
        state: transaction.word(now),
        approved_at: first.updated_at,
        currency: order.currency,
        amount: transaction.amount(),
        captured: transaction.captured(),
        refunded: transaction.refunded(),
        discount: transaction.memo.as_ref().and_then(|memo| memo.discount.clone()),
        disputed: transaction.disputed(),
        fees: fees(transaction),
        brand: transaction.card().and_then(|card| card.brand),
        last_four: transaction.card().and_then(|card| card.last_four.clone()),
        approval_code: first.response().and_then(|response| response.authcode.clone()),
        reference: transaction.reference().map(str::to_owned),
        custom_reference: transaction.custom_reference().map(str::to_owned),
    })
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use uuid::Uuid;

    use super::*;
    use crate::{
        memory::{new_operation, payment},
        order::{
            Cause, Decision, Decline, GatewayResponse, Kind, NoEffect, Operation, OperationState, OrderKey,
            PaymentKind, Principal,
        },
        test_merchant::test_merchant,
        values::{Charged, DeclineCode, Fee, FeeKind},
    };

    #[test]
    fn only_a_payment_that_was_approved_and_may_stand_has_a_receipt() {
        let merchant = test_merchant("m".parse().unwrap());
        let key = OrderKey { merchant: "m".parse().unwrap(), order: "o".parse().unwrap() };
        let order = Order::new(&key, Currency::USD, None, Timestamp::UNIX_EPOCH);
        let pending =
            Operation::new(new_operation(Uuid::from_u128(1), Kind::Purchase, 500), Timestamp::UNIX_EPOCH);
        let response = GatewayResponse { authcode: Some("OK1234".to_owned()), ..GatewayResponse::default() };
        let approved =
            Operation { state: OperationState::Decided(Decision::Approved(response)), ..pending.clone() };

        let good = payment(PaymentKind::Purchase, approved.clone());
        let shown = receipt(&merchant, &order, &good, at(0)).unwrap();
        assert_eq!((shown.amount.minor(), shown.captured.minor(), shown.refunded.minor()), (500, 500, 0));
        assert_eq!(shown.approval_code.as_deref(), Some("OK1234"));
        assert_eq!((shown.fees, shown.total().minor()), (None, 500));

        let fee = Fee { amount: Amount::new(15).unwrap(), kind: FeeKind::Surcharge };
        let charged = Some(Charged { amount: Amount::new(500).unwrap(), fee: Some(fee) });
        let response = GatewayResponse { charged, ..GatewayResponse::default() };
        let surcharged =
            Operation { state: OperationState::Decided(Decision::Approved(response)), ..pending.clone() };
        let shown = receipt(&merchant, &order, &payment(PaymentKind::Purchase, surcharged), at(0)).unwrap();
        let fees = shown.fees.unwrap();
        assert_eq!((fees.kind, fees.amount.minor()), (FeeKind::Surcharge, 15));
        assert_eq!((shown.amount.minor(), shown.captured.minor(), shown.total().minor()), (500, 500, 515));

        let with = |transaction: &Transaction, kind, cause, by| {
            let mut with = transaction.clone();
            let next = Operation { id: Uuid::from_u128(2), kind, cause, by, ..approved.clone() };
            with.operations.push(next);
            with
        };
        let void = |of: &Transaction, cause, by| with(of, Kind::Void, cause, by);
        let (merchants, schedule) = (Principal::ClientCredentials, Principal::Schedule);
        let unrecognized = Transaction { kind: PaymentKind::Unrecognized, ..good.clone() };
        let code = DeclineCode::InsufficientFunds;
        let refused = Decision::Declined(GatewayResponse::default(), Decline::of(code));
        let refused = Operation { state: OperationState::Decided(refused), ..pending.clone() };
        let absent = Decision::NoEffect(GatewayResponse::default(), NoEffect::NeverArrived);
        let absent = Operation { state: OperationState::Decided(absent), ..pending.clone() };
        let mut held =
            payment(PaymentKind::Authorize, Operation { kind: Kind::Authorize, ..approved.clone() });
        held.authorization_expires_at = Some(at(100));
        let unknown_void = {
            let mut unknown = good.clone();
            let cause = Cause::AvsMismatch;
            unknown.operations.push(Operation {
                id: Uuid::from_u128(2),
                kind: Kind::Void,
                cause,
                ..pending.clone()
            });
            unknown
        };
        for (transaction, why) in [
            (payment(PaymentKind::Purchase, pending.clone()), NoReceipt::NotKnownYet),
            (payment(PaymentKind::Purchase, refused), NoReceipt::NotApproved),
            (payment(PaymentKind::Purchase, absent), NoReceipt::NotApproved),
            (unrecognized, NoReceipt::NotKnownYet),
            (unknown_void, NoReceipt::NotApproved),
            (void(&good, Cause::AvsMismatch, merchants), NoReceipt::NotApproved),
            (void(&good, Cause::Requested, merchants), NoReceipt::Voided),
            (void(&good, Cause::Elsewhere, merchants), NoReceipt::Voided),
            (void(&held, Cause::Requested, schedule), NoReceipt::Lapsed),
        ] {
            assert_eq!(receipt(&merchant, &order, &transaction, at(0)), Err(why), "{transaction:?}");
        }
        // A hold has one until it lapses, and a payment that was given back has one.
        let shown = [99, 100].map(|second| receipt(&merchant, &order, &held, at(second)).err());
        assert_eq!(shown, [None, Some(NoReceipt::Lapsed)]);
        let returned = void(&good, Cause::RefundBeforeSettlement, merchants);
        let shown = receipt(&merchant, &order, &returned, at(0)).unwrap();
        assert_eq!((shown.refunded.minor(), shown.after_refunds().minor()), (500, 0));
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }
}
