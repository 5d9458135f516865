//! What the gateway took: an amount, and perhaps a fee beside it.

use crate::{values::Amount, words};

/// What an approval says was taken or held. The fee is beside the amount, never in it: what an order owes, reserves and
/// may give back is without fees.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Charged {
    /// The amount, without the fee.
    pub amount: Amount,
    /// What was taken beside it.
    pub fee: Option<Fee>,
}

impl From<Amount> for Charged {
    /// The amount alone: nothing was taken beside it.
    fn from(amount: Amount) -> Self {
        Self { amount, fee: None }
    }
}

/// What the gateway took beside an amount, in the same currency.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fee {
    /// The amount of the fee, in minor units of the payment's currency.
    pub amount: Amount,
    /// What the payer paid it for.
    pub kind: FeeKind,
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
