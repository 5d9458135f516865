//! The gateway's charge: an amount, and perhaps a fee beside it.

use crate::{values::Amount, words};

/// The money that an approval states as taken or held. The fee is beside the amount, never in it:
/// the amounts that an order owes, reserves and may give back are without fees.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Charged {
    /// The amount, without the fee.
    pub amount: Amount,
    /// The fee taken beside the amount.
    pub fee: Option<Fee>,
}

impl From<Amount> for Charged {
    /// The amount alone: nothing was taken beside it.
    fn from(amount: Amount) -> Self {
        Self { amount, fee: None }
    }
}

/// Money that the gateway took beside an amount, in the same currency.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fee {
    /// The amount of the fee, in minor units of the payment's currency.
    pub amount: Amount,
    /// Why the payer paid it.
    pub kind: FeeKind,
}

impl Fee {
    /// A fee of so much; none where that is nothing, because it was waived or rounded off.
    pub fn of(amount: Amount, kind: FeeKind) -> Option<Self> {
        (!amount.is_zero()).then_some(Self { amount, kind })
    }
}

words! {
    /// Why a fee was taken.
    pub enum FeeKind {
        /// For paying with a credit card.
        Surcharge => "surcharge",
        /// For paying over this channel.
        Convenience => "convenience",
        _ => Unrecognized,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fee_that_was_waived_is_none() {
        let cent = Amount::new(1).unwrap();
        assert_eq!(Fee::of(Amount::ZERO, FeeKind::Surcharge), None);
        assert_eq!(
            Fee::of(cent, FeeKind::Convenience),
            Some(Fee { amount: cent, kind: FeeKind::Convenience })
        );
    }
}
