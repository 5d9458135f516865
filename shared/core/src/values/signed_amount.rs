//! Money with a sign: a sum, a difference, or a change.

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// Money in minor units that can be negative, and more than [`Amount::MAX`](super::Amount::MAX). It
/// does not know its currency.
///
/// Arithmetic is checked: a result beyond 64 bits is none, never a wrong sum. Serialized as an
/// integer; a stored or received one beyond 10^15 is refused, so that sums of many fit.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(try_from = "i64", into = "i64")]
pub struct SignedAmount(i64);

impl SignedAmount {
    pub const ZERO: Self = Self(0);

    /// The most that 64 bits hold.
    pub const MAX: Self = Self(i64::MAX);

    /// The most minor units that are read where an amount is stored or stated, of either sign: ten
    /// thousand times [`Amount::MAX`](super::Amount::MAX). No sum of fewer than nine thousand such
    /// amounts is beyond 64 bits.
    const READ_MAX: u64 = 1_000_000_000_000_000;

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

    /// The same with a minus, if it has none. Exact: 64 bits hold the opposite of every positive
    /// amount.
    #[must_use]
    pub const fn taken_off(self) -> Self {
        if self.0 < 0 { self } else { Self(-self.0) }
    }

    /// How many parts of a whole it is, rounded down: none of nothing, and no more than all.
    #[must_use]
    pub fn parts_of(self, whole: Self, parts: u64) -> u64 {
        let part = i128::from(self.0.clamp(0, whole.0.max(0)));
        let exact = part.checked_mul(i128::from(parts)).and_then(|part| part.checked_div(whole.0.into()));
        exact.and_then(|exact| u64::try_from(exact).ok()).unwrap_or_default()
    }

    /// The sum of all parts, in any order, or nothing if it is beyond 64 bits.
    #[must_use]
    pub fn sum(parts: impl IntoIterator<Item = Self>) -> Option<Self> {
        // 2^64 parts of 64 bits fit.
        let sum: i128 = parts.into_iter().map(|part| i128::from(part.0)).sum();
        i64::try_from(sum).ok().map(Self)
    }
}

/// A number is beyond the minor units that are read, of either sign.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
#[error("the amount is more than {} minor units", SignedAmount::READ_MAX)]
pub struct ReadTooLarge;

impl TryFrom<i64> for SignedAmount {
    type Error = ReadTooLarge;

    fn try_from(minor: i64) -> Result<Self, Self::Error> {
        if minor.unsigned_abs() > Self::READ_MAX { Err(ReadTooLarge) } else { Ok(Self(minor)) }
    }
}

impl From<SignedAmount> for i64 {
    fn from(amount: SignedAmount) -> Self {
        amount.0
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
    fn amounts_and_signed_amounts_become_each_other_exactly() {
        let amount = |minor| Amount::new(minor).unwrap();
        assert_eq!(SignedAmount::net([amount(500), amount(30)], [amount(531)]), SignedAmount::new(-1));
        assert_eq!(SignedAmount::net([Amount::MAX; 1_000], [amount(1)]).minor(), 99_999_999_998_999);
        assert_eq!(amount(500).negative(), SignedAmount::new(-500));
        assert_eq!(SignedAmount::new(500).amount(), Some(amount(500)));
        for minor in [-1, i64::MIN, 100_000_000_000] {
            assert_eq!(SignedAmount::new(minor).amount(), None, "{minor}");
        }
        for (minor, taken_off) in [(5, -5), (-5, -5), (0, 0), (i64::MAX, -i64::MAX), (i64::MIN, i64::MIN)] {
            assert_eq!(SignedAmount::new(minor).taken_off(), SignedAmount::new(taken_off));
        }
    }

    #[test]
    fn a_share_of_a_whole_never_claims_a_part_more_than_there_is() {
        for (minor, whole, parts) in [
            (0, 700, 0),
            (6, 700, 0),
            (7, 700, 1),
            (699, 700, 99),
            (700, 700, 100),
            (701, 700, 100),
            (-7, 700, 0),
            (7, 0, 0),
            (7, -700, 0),
            (-7, -700, 0),
            (i64::MAX, i64::MAX, 100),
            (i64::MAX - 1, i64::MAX, 99),
        ] {
            let share = SignedAmount::new(minor).parts_of(SignedAmount::new(whole), 100);
            assert_eq!(share, parts, "{minor} of {whole}");
        }
        assert_eq!(MAX.parts_of(MAX, u64::MAX), u64::MAX);
    }

    #[test]
    fn a_signed_amount_is_stored_as_its_minor_units() {
        assert_eq!(serde_json::to_string(&SignedAmount::new(-2599)).unwrap(), "-2599");
        assert_eq!(serde_json::from_str::<SignedAmount>("-2599").unwrap(), SignedAmount::new(-2599));
        for (most, more) in
            [("1000000000000000", "1000000000000001"), ("-1000000000000000", "-1000000000000001")]
        {
            assert_eq!(serde_json::from_str::<SignedAmount>(most).unwrap().minor().to_string(), most);
            assert!(serde_json::from_str::<SignedAmount>(more).is_err(), "{more}");
        }
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
