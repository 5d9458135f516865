//! Surcharges: the fee that the gateway adds to a credit card's payment.
//!
//! A transaction's amounts are totals, fees included; the fee of each is kept beside it.

use serde::{Deserialize, Serialize};

use crate::{
    amount,
    cards::Card,
    codes::{Verdict, pps},
    reply::Reply,
    settings::{FeeBasis, FeeForm, FeeMembers, FeeType, Settings},
};

/// Where surcharges are not allowed, by the first digits of the postal code: Connecticut. Other
/// places are not simulated.
const RESTRICTED_POSTAL: &str = "06";

/// One percent, in basis points.
const PERCENT: u32 = 100;

/// The fee of a transaction at a surcharging merchant account, in minor units.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub(crate) struct Surcharge {
    /// The rate; 0 when the surcharge is waived.
    basis_points: u32,
    /// How much of the transaction's amount is the fee.
    pub(crate) fee: i64,
    /// The fee in the authorized amount.
    pub(crate) authorized_fee: i64,
    /// The fee in the refunded amount.
    pub(crate) refunded_fee: i64,
}

/// An amount with the fee that is in it, in minor units.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Charged {
    pub(crate) total: i64,
    pub(crate) fee: i64,
}

impl Charged {
    pub(crate) const NOTHING: Self = Self { total: 0, fee: 0 };

    /// The amount that a request names when it means the whole.
    pub(crate) fn named(self, basis: FeeBasis) -> i64 {
        match basis {
            FeeBasis::Subtotal => self.total - self.fee,
            FeeBasis::Total => self.total,
        }
    }

    /// The amount that a refund gives back that names a part of a payment of so much. Fees are
    /// rounded over all refunds together, so that they sum to the payment's.
    pub(crate) fn refund(self, basis: FeeBasis, refunded: Self, named: i64) -> Self {
        let after = half_up(self.fee, refunded.named(basis) + named, self.named(basis));
        let fee = after - refunded.fee;
        let total = match basis {
            FeeBasis::Subtotal => named + fee,
            FeeBasis::Total => named,
        };
        Self { total, fee }
    }
}

impl Surcharge {
    /// The surcharge of a payment: the account's rate for a credit card, waived for others.
    pub(crate) fn of(
        settings: Settings,
        card: &Card,
        postal: &str,
        subtotal: i64,
    ) -> Result<Option<Self>, Verdict> {
        if settings.fee_type != FeeType::Surcharge {
            return Ok(None);
        }
        if postal.is_empty() && subtotal > 0 {
            return Err(pps::SURCHARGE_NOT_SUPPORTED);
        }
        let is_waived = subtotal == 0 || card.is_debit() || is_restricted(postal);
        let basis_points = if is_waived { 0 } else { settings.fee_basis_points };
        Ok(Some(Self::at(basis_points)))
    }

    /// The same rate for a transaction that has not moved anything yet.
    pub(crate) fn without_amounts(self) -> Self {
        Self::at(self.basis_points)
    }

    /// The surcharge of so much in hundredths of a percent.
    pub(crate) fn at(basis_points: u32) -> Self {
        Self { basis_points, ..Self::default() }
    }

    fn is_waived(self) -> bool {
        self.basis_points == 0
    }

    /// The fee beside an amount that has none in it.
    pub(crate) fn beside(self, subtotal: i64) -> i64 {
        half_up(subtotal, i64::from(self.basis_points), i64::from(100 * PERCENT))
    }

    /// The meaning of a request that names a part of an amount: with its fee, or with its share of
    /// the fee in it.
    pub(crate) fn part(self, basis: FeeBasis, whole: Charged, named: i64) -> Charged {
        match basis {
            _ if named == whole.named(basis) => whole,
            FeeBasis::Subtotal => {
                let fee = self.beside(named);
                Charged { total: named + fee, fee }
            }
            FeeBasis::Total => Charged { total: named, fee: half_up(whole.fee, named, whole.total) },
        }
    }
}

/// Whether surcharges are forbidden where a postal code is.
pub(crate) fn is_restricted(postal: &str) -> bool {
    postal.starts_with(RESTRICTED_POSTAL)
}

/// `amount * times / by`, a half rounded up, as the vendor documents it for fees.
fn half_up(amount: i64, times: i64, by: i64) -> i64 {
    if by == 0 {
        return 0;
    }
    let (amount, times, by) = (i128::from(amount), i128::from(times), i128::from(by));
    i64::try_from((2 * amount * times + by).div_euclid(2 * by)).unwrap_or(i64::MAX)
}

/// The kind of response that fee members go into.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Shown {
    /// An approved authorization: all members are documented.
    Authorization,
    /// An inquiry's record: all but `fee_amount` are.
    Inquiry,
    /// A capture, a void, a refund: none is.
    FollowUp,
}

/// The members that tell of a fee of so much, in the form that the account's settings choose.
pub(crate) fn attach(
    reply: Reply,
    surcharge: Option<Surcharge>,
    fee: i64,
    authcode: Option<&str>,
    settings: Settings,
    shown: Shown,
) -> Reply {
    let Some(surcharge) = surcharge else { return reply };
    let everywhere = settings.fee_members == FeeMembers::Everywhere;
    if shown == Shown::FollowUp && !everywhere {
        return reply;
    }
    let is_waived = surcharge.is_waived();
    let with_amount = everywhere || shown == Shown::Authorization;
    let reply = match settings.fee_form {
        FeeForm::Guide => reply
            .with("fee_type", if is_waived { "SURCHRG_WAIVED" } else { "SURCHRG" })
            .with("fee_format", if is_waived { "" } else { "percent" })
            .with("fee_value", surcharge.basis_points.to_string())
            .with_some("fee_authcode", authcode),
        FeeForm::Reference => reply
            .with("fee_type", FeeType::Surcharge.letter())
            .with("fee_format", "percent")
            .with("fee_value", percent(settings.fee_basis_points))
            .with_some("fee_authcode", authcode.filter(|_| !is_waived)),
    };
    reply
        .with("fee_merchid", "")
        .with("fee_retref", "")
        .with_some("fee_amount", with_amount.then(|| amount::format(fee)))
}

/// A rate as `inquireMerchant` and the reference write it: 300 basis points are "3".
pub(crate) fn percent(basis_points: u32) -> String {
    let (whole, rest) = (basis_points / PERCENT, basis_points % PERCENT);
    match rest {
        0 => whole.to_string(),
        _ => format!("{whole}.{rest:02}").trim_end_matches('0').to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn three_percent() -> Surcharge {
        Surcharge::at(300)
    }

    #[test]
    fn a_fee_is_rounded_half_up() {
        for (subtotal, fee) in
            [(100, 3), (10_000, 300), (2_499, 75), (16, 0), (17, 1), (50, 2), (1, 0), (0, 0)]
        {
            assert_eq!(three_percent().beside(subtotal), fee, "{subtotal}");
        }
    }

    #[test]
    fn a_part_is_named_with_its_fee_in_it_or_without() {
        let whole = Charged { total: 10_300, fee: 300 };
        let part = |basis, named| {
            let part = three_percent().part(basis, whole, named);
            (part.total, part.fee)
        };
        assert_eq!(part(FeeBasis::Subtotal, 5_000), (5_150, 150));
        assert_eq!(part(FeeBasis::Subtotal, 10_000), (10_300, 300));
        assert_eq!(part(FeeBasis::Total, 5_000), (5_000, 146), "145.6 of 300");
        assert_eq!(part(FeeBasis::Total, 10_300), (10_300, 300));
    }

    #[test]
    fn the_fees_of_all_refunds_sum_to_the_payments() {
        for basis in [FeeBasis::Subtotal, FeeBasis::Total] {
            for (whole, parts) in [
                (Charged { total: 103, fee: 3 }, 10),
                (Charged { total: 10_299, fee: 300 }, 7),
                (Charged { total: 2_574, fee: 75 }, 3),
            ] {
                let mut refunded = Charged::NOTHING;
                for left in (1..=parts).rev() {
                    let named = (whole.named(basis) - refunded.named(basis)) / left;
                    let refund = whole.refund(basis, refunded, named);
                    assert!(refund.fee >= 0 && refund.total > refund.fee, "{refund:?}");
                    refunded =
                        Charged { total: refunded.total + refund.total, fee: refunded.fee + refund.fee };
                }
                assert_eq!(refunded, whole, "{basis:?}");
            }
        }
    }

    #[test]
    fn a_rate_is_written_without_needless_zeros() {
        let written: Vec<String> = [300, 250, 325, 0].into_iter().map(percent).collect();
        assert_eq!(written, ["3", "2.5", "3.25", "0"]);
    }
}
