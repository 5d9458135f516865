//! How much of a payment's fee goes with a capture or a refund.
//!
//! The amounts that an order owes, reserves and may give back are without fees. The fee is beside
//! these amounts, and each operation's own response says how much of the fee moved.
//!
//! A refund that was only recorded does not count in a share, because the gateway does not know it.
//! A duplicate's fee is taken to be the first payment's: the same amount by the same card.

use super::{Cause, FeeBasis, Kind, Mechanism, Operation, PaymentKind, Policy, Transaction};
use crate::values::{Amount, Charged, Fee, FeeKind};

/// The part of a payment's fee that goes with a capture or a refund.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FeeShare {
    /// Whether it is of the whole payment: of all that is held, or of all that was taken, if the
    /// gateway gave nothing back. It names no amount, which means the whole amount, with the fee.
    pub is_whole: bool,
    /// The fee that goes with it: rounded half up, over all refunds together, so that their fees
    /// sum to the payment's.
    pub share: Amount,
    /// The rest of the fee, share included: the most that can go with it.
    pub left: Amount,
    /// Why the payer paid the fee.
    pub kind: FeeKind,
    /// The amount that names a part; none where the merchant does not say.
    pub basis: Option<FeeBasis>,
}

impl FeeShare {
    /// The amount that a request for this part names; none where it is all of the payment.
    pub fn named(&self, part: Amount) -> Option<Amount> {
        match self.basis {
            _ if self.is_whole => None,
            Some(FeeBasis::Total) => Some(Amount::sum([part, self.share])),
            // Without a basis nothing is sent: see `can_be_named`.
            Some(FeeBasis::Subtotal) | None => Some(part),
        }
    }

    /// Whether it is known how to request it.
    pub fn can_be_named(&self) -> bool {
        self.is_whole || self.basis.is_some()
    }

    /// The fee that goes with it by these rules; none where that is nothing.
    pub fn fee(&self) -> Option<Fee> {
        Fee::of(self.share, self.kind)
    }

    /// Of a fee that belongs to `all`, of which `before` was moved with a part of the fee already.
    fn of_part(fee: Fee, all: Amount, before: Charged, part: Amount, basis: Option<FeeBasis>) -> Self {
        let (moved, moved_fee) = (before.amount, before.fee.map_or(Amount::ZERO, |fee| fee.amount));
        let left = fee.amount.checked_sub(moved_fee).unwrap_or(Amount::ZERO);
        let until = Amount::sum([moved, part]);
        let due = fee.amount.share(until.minor().into(), all.minor().into()).unwrap_or(Amount::ZERO);
        let due = due.checked_sub(moved_fee).unwrap_or(Amount::ZERO);
        // The last part's is all that is left: by then all of the fee is due.
        let share = due.min(left);
        Self { is_whole: part == all && moved.is_zero(), share, left, kind: fee.kind, basis }
    }

    /// Of everything, with all of the fee.
    fn of_all(fee: Fee) -> Self {
        Self { is_whole: true, share: fee.amount, left: fee.amount, kind: fee.kind, basis: None }
    }
}

impl Transaction {
    /// The fee share of a capture of this amount; none where the authorization holds no fee.
    pub(super) fn fee_share_of_capture(&self, part: Amount, policy: &Policy) -> Option<FeeShare> {
        let fee = self.first()?.fee()?;
        Some(FeeShare::of_part(fee, self.amount(), Amount::ZERO.into(), part, policy.fee_basis))
    }

    /// The fee share of a refund of this amount that follows these of the payment's refunds; none
    /// where no fee was taken.
    pub(super) fn fee_share_of_refund(
        &self,
        part: Amount,
        follows: impl Fn(&Operation) -> bool,
        policy: &Policy,
    ) -> Option<FeeShare> {
        let fee = self.fee_taken()?;
        let earlier = || self.refunds_at_the_gateway().filter(|refund| follows(refund));
        let amount = Amount::sum(earlier().map(|refund| refund.amount));
        let fees = Amount::sum(earlier().filter_map(Operation::fee).map(|fee| fee.amount));
        let before = Charged { amount, fee: Fee::of(fees, fee.kind) };
        Some(FeeShare::of_part(fee, self.taken(), before, part, policy.fee_basis))
    }

    /// The fee share of a capture or a refund on record; none where there is no fee.
    pub fn fee_share(&self, operation: &Operation, policy: &Policy) -> Option<FeeShare> {
        match operation.kind {
            Kind::Capture => self.fee_share_of_capture(operation.amount, policy),
            // It takes a void's place, which gives back everything. A payment beside the
            // transaction's own was for the same amount and by the same card.
            Kind::Refund if operation.cause.must_succeed() => {
                let own = self.first().and_then(Operation::fee);
                let fee = if operation.reference.is_some() { own } else { self.fee_taken().or(own) };
                let may_have_one = policy.surcharging.contains(&operation.route.account);
                let unknown = Fee { amount: Amount::ZERO, kind: FeeKind::Surcharge };
                fee.or(may_have_one.then_some(unknown)).map(FeeShare::of_all)
            }
            Kind::Refund => {
                let sent_before =
                    |other: &Operation| other.id != operation.id && other.attempt.at <= operation.attempt.at;
                self.fee_share_of_refund(operation.amount, sent_before, policy)
            }
            Kind::Authorize | Kind::Purchase | Kind::Void | Kind::Unrecognized => None,
        }
    }

    /// Refunds of the payment that the gateway made. A duplicate's are no part of the payment.
    pub(crate) fn refunds_at_the_gateway(&self) -> impl Iterator<Item = &Operation> {
        let of_it = |o: &&Operation| o.mechanism == Mechanism::Automatic && o.cause != Cause::Duplicate;
        self.approved(Kind::Refund).filter(of_it)
    }

    /// The fee that was taken beside the amount, whether it may stand or not; a fee that an
    /// authorization holds is not taken yet.
    pub(crate) fn fee_taken(&self) -> Option<Fee> {
        match self.kind {
            PaymentKind::Purchase => self.first()?.fee(),
            PaymentKind::Authorize => self.approved(Kind::Capture).next()?.fee(),
            PaymentKind::Unrecognized => None,
        }
    }
}

#[cfg(test)]
mod tests;
