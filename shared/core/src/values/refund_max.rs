//! How much somebody may give back.

use std::collections::BTreeMap;

use super::{Amount, Currency};

/// Most currencies in which one person has a limit.
pub const REFUND_LIMITS_MAX: usize = 16;

/// The most that a person may give back of one order, in addition to the role. It counts by order
/// and not by request: two halves are as much as the whole.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum RefundMax {
    /// No limit but the paid amount.
    #[default]
    Unlimited,
    /// By currency. Nothing may be refunded in a currency that is not listed: a forgotten one must
    /// not be without limit.
    By(BTreeMap<Currency, Amount>),
}

impl RefundMax {
    /// The limit that a refund of this amount exceeds, if it exceeds one.
    pub fn exceeded_by(&self, currency: Currency, amount: Amount) -> Option<Amount> {
        self.of(currency).filter(|limit| amount > *limit)
    }

    /// The limit in a currency; none where there is no limit.
    pub fn of(&self, currency: Currency) -> Option<Amount> {
        match self {
            Self::Unlimited => None,
            Self::By(limits) => Some(limits.get(&currency).copied().unwrap_or(Amount::ZERO)),
        }
    }

    /// Nothing in any currency.
    pub fn nothing() -> Self {
        Self::By(BTreeMap::new())
    }

    /// Whether it allows more than each of two others in some currency.
    pub fn exceeds_both(&self, one: &Self, other: &Self) -> bool {
        match self {
            Self::Unlimited => ![one, other].contains(&&Self::Unlimited),
            Self::By(limits) => limits.iter().any(|(&currency, &limit)| {
                [one, other].iter().all(|max| max.exceeded_by(currency, limit).is_some())
            }),
        }
    }

    /// Whether it can be stored: at most [`REFUND_LIMITS_MAX`] currencies.
    pub fn fits(&self) -> bool {
        match self {
            Self::Unlimited => true,
            Self::By(limits) => limits.len() <= REFUND_LIMITS_MAX,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn amount(minor: u64) -> Amount {
        Amount::new(minor).unwrap()
    }

    #[test]
    fn a_refund_may_reach_its_limit_and_not_exceed_it() {
        let limits = RefundMax::By(BTreeMap::from([(Currency::USD, amount(5_000))]));
        assert_eq!(limits.exceeded_by(Currency::USD, amount(5_000)), None);
        assert_eq!(limits.exceeded_by(Currency::USD, amount(5_001)), Some(amount(5_000)));
        assert_eq!(RefundMax::Unlimited.exceeded_by(Currency::USD, Amount::MAX), None);
        // Nothing is refunded in a currency without a limit of its own.
        let euro = Currency::parse("EUR").unwrap();
        assert_eq!(limits.exceeded_by(euro, amount(1)), Some(Amount::ZERO));
    }

    #[test]
    fn a_limit_exceeds_others_by_currency() {
        let usd = |minor| RefundMax::By(BTreeMap::from([(Currency::USD, amount(minor))]));
        let euro = RefundMax::By(BTreeMap::from([(Currency::parse("EUR").unwrap(), amount(1))]));
        let nothing = RefundMax::nothing();
        for (max, one, other, exceeds) in [
            (&usd(100), &usd(100), &nothing, false),
            (&usd(101), &usd(100), &nothing, true),
            (&usd(101), &usd(100), &usd(200), false),
            (&euro, &usd(100), &usd(200), true),
            (&nothing, &nothing, &nothing, false),
            (&RefundMax::Unlimited, &usd(100), &nothing, true),
            (&RefundMax::Unlimited, &nothing, &RefundMax::Unlimited, false),
            (&usd(100), &RefundMax::Unlimited, &nothing, false),
        ] {
            assert_eq!(max.exceeds_both(one, other), exceeds, "{max:?} beside {one:?} and {other:?}");
            assert_eq!(max.exceeds_both(other, one), exceeds);
        }
    }
}
