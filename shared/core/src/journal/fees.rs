//! The fees beside a payment's amounts, read off its operations like the amounts themselves.

use crate::{
    order::{Cause, Kind, Operation, Transaction},
    values::{Amount, Fee, FeeKind},
};

/// The fees of one payment, each beside the amount of the same name. No amount contains them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fees {
    /// The kind of the fees.
    pub kind: FeeKind,
    /// Beside the amount that was approved, captured or not.
    pub amount: Amount,
    /// Beside the captured amount, before refunds.
    pub captured: Amount,
    /// Given back beside the refunded amount.
    pub refunded: Amount,
}

/// The fees of a payment; none where nothing was charged beside its amounts.
pub fn fees(transaction: &Transaction) -> Option<Fees> {
    let captured = if transaction.captured().is_zero() { Amount::ZERO } else { taken(transaction) };
    let refunded = match transaction.voided().map(|void| void.cause) {
        Some(Cause::RefundBeforeSettlement) => captured,
        _ => sum(transaction.approved(Kind::Refund).filter(|refund| refund.cause == Cause::Requested)),
    };
    let fees = Fees {
        kind: kind(transaction)?,
        amount: amount(transaction.first().and_then(Operation::fee)),
        captured,
        refunded,
    };
    let all = [fees.amount, fees.captured, fees.refunded];
    all.iter().any(|fee| !fee.is_zero()).then_some(fees)
}

/// The fee that the gateway took, whether the payment may stand or not. A fee that an authorization
/// holds is not taken yet.
pub(super) fn taken(transaction: &Transaction) -> Amount {
    amount(transaction.fee_taken())
}

/// The fees that the gateway gave back with its refunds; without a void, which gives back
/// everything.
pub(super) fn given_back(transaction: &Transaction) -> Amount {
    sum(transaction.refunds_at_the_gateway())
}

/// The kind of a payment's fees.
pub(super) fn kind(transaction: &Transaction) -> Option<FeeKind> {
    transaction.operations.iter().find_map(Operation::fee).map(|fee| fee.kind)
}

fn amount(fee: Option<Fee>) -> Amount {
    fee.map_or(Amount::ZERO, |fee| fee.amount)
}

fn sum<'a>(operations: impl Iterator<Item = &'a Operation>) -> Amount {
    Amount::sum(operations.map(|operation| amount(operation.fee())))
}
