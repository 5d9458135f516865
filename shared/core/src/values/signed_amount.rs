//! Money with a sign: a sum, a difference, or a change.

use serde::{Deserialize, Serialize};

/// Money in minor units that can be negative, and more than [`Amount::MAX`](super::Amount::MAX). It does not know its currency.
///
/// Arithmetic is checked: a result beyond 64 bits is none, never a wrong sum. Serialized as an integer.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(transparent)]
pub struct SignedAmount(i64);

impl SignedAmount {
    /// No money.
    pub const ZERO: Self = Self(0);

    /// Of that many minor units, such as cents.
    pub const fn new(minor: i64) -> Self {
        Self(minor)
    }

    /// The amount in minor units; the currency says how many make up its unit.
    pub const fn minor(self) -> i64 {
        self.0
    }

    /// Whether it is nothing.
    pub fn is_zero(self) -> bool {
        self == Self::ZERO
    }

    /// Whether it is less than nothing.
    pub fn is_negative(self) -> bool {
        self < Self::ZERO
    }

    /// The sum, or nothing if it is beyond 64 bits.
    #[must_use]
    pub fn checked_add(self, other: Self) -> Option<Self> {
        self.0.checked_add(other.0).map(Self)
    }

    /// The difference, or nothing if it is beyond 64 bits.
    #[must_use]
    pub fn checked_sub(self, other: Self) -> Option<Self> {
        self.0.checked_sub(other.0).map(Self)
    }

    /// The same with the other sign, or nothing if it is beyond 64 bits.
    #[must_use]
    pub fn checked_neg(self) -> Option<Self> {
        self.0.checked_neg().map(Self)
    }

    /// The sum of all parts, whatever their order is, or nothing if it is beyond 64 bits.
    #[must_use]
    pub fn sum(parts: impl IntoIterator<Item = Self>) -> Option<Self> {
        // 2^64 parts of 64 bits fit.
        let sum: i128 = parts.into_iter().map(|part| i128::from(part.0)).sum();
        i64::try_from(sum).ok().map(Self)
    }
}

impl From<i64> for SignedAmount {
    fn from(minor: i64) -> Self {
        Self(minor)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::values::Amount;

    const MAX: SignedAmount = SignedAmount::new(i64::MAX);
    const MIN: SignedAmount = SignedAmount::new(i64::MIN);
    const CENT: SignedAmount = SignedAmount::new(1);

    #[test]
    fn a_result_beyond_the_limits_is_none() {
        assert_eq!(MAX.checked_add(CENT), None);
        assert_eq!(MIN.checked_sub(CENT), None);
        assert_eq!(MIN.checked_neg(), None);
        assert_eq!(SignedAmount::sum([MAX, CENT]), None);
        assert_eq!(SignedAmount::sum([MIN, SignedAmount::new(-1)]), None);
    }

    #[test]
    fn the_limits_themselves_can_be_reached_and_left() {
        assert_eq!(SignedAmount::new(i64::MAX - 1).checked_add(CENT), Some(MAX));
        assert_eq!(MAX.checked_neg().and_then(|low| low.checked_sub(CENT)), Some(MIN));
        assert_eq!(MAX.checked_add(MIN), Some(SignedAmount::new(-1)));
    }

    #[test]
    fn a_sum_is_the_same_in_every_order_and_may_be_negative() {
        assert_eq!(SignedAmount::sum([]), Some(SignedAmount::ZERO));
        assert_eq!(SignedAmount::sum([500, -700, 150].map(SignedAmount::new)), Some(SignedAmount::new(-50)));
        for parts in [[MAX, CENT, MIN], [MIN, MAX, CENT], [CENT, MIN, MAX]] {
            assert_eq!(SignedAmount::sum(parts), Some(SignedAmount::ZERO));
        }
    }

    #[test]
    fn only_what_is_less_than_nothing_is_negative() {
        assert!(MIN.is_negative() && SignedAmount::new(-1).is_negative());
        assert!(!SignedAmount::ZERO.is_negative() && SignedAmount::ZERO.is_zero());
        assert!(!CENT.is_negative() && !CENT.is_zero());
    }

    #[test]
    fn every_amount_has_its_exact_signed_amount() {
        let most = SignedAmount::from(Amount::MAX);
        assert_eq!(most.minor(), 99_999_999_999);
        assert_eq!(most.checked_neg(), Some(SignedAmount::new(-99_999_999_999)));
    }

    #[test]
    fn a_signed_amount_is_stored_as_its_minor_units() {
        assert_eq!(serde_json::to_string(&SignedAmount::new(-2599)).unwrap(), "-2599");
        assert_eq!(serde_json::from_str::<SignedAmount>("-2599").unwrap(), SignedAmount::new(-2599));
        for json in ["9223372036854775808", "25.99", "\"2599\"", "null"] {
            assert!(serde_json::from_str::<SignedAmount>(json).is_err(), "{json}");
        }
    }

    proptest! {
        #[test]
        fn arithmetic_is_exact_or_refused(a in any::<i64>(), b in any::<i64>()) {
            let (one, other) = (SignedAmount::new(a), SignedAmount::new(b));
            let exact = |result: i128| i64::try_from(result).ok().map(SignedAmount::new);
            prop_assert_eq!(one.checked_add(other), exact(i128::from(a) + i128::from(b)));
            prop_assert_eq!(one.checked_sub(other), exact(i128::from(a) - i128::from(b)));
            prop_assert_eq!(SignedAmount::sum([one, other]), one.checked_add(other));
        }
    }
}
