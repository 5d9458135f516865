//! The members that tell of a fee, and their meaning.

use serde_json::{Map, Value};
use tollgate_core::values::Amount;

use super::{minor_units, take_text};

/// One percent in hundredths of a percent.
const PERCENT: u128 = 100;
/// The most decimals of a rate that are read. No documented one has any.
const RATE_DECIMALS_MAX: usize = 4;

/// The members that tell of a fee, as written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::cardpointe) struct FeeMembers {
    pub(in crate::cardpointe) kind: FeeType,
    format: Option<String>,
    value: Option<String>,
    amount: Option<String>,
}

/// The value of `fee_type`, in either of its documented forms.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::cardpointe) enum FeeType {
    Surcharge,
    /// None, or waived.
    None,
    /// A transaction of its own, with another account; or a word that is not documented.
    Other,
}

impl FeeMembers {
    /// Takes them out of a response. None where it names no type of fee.
    pub(in crate::cardpointe) fn take(members: &mut Map<String, Value>) -> Option<Self> {
        let kind = match &*take_text(members, "fee_type")?.to_ascii_uppercase() {
            "SURCHRG" | "S" => FeeType::Surcharge,
            "SURCHRG_WAIVED" | "N" => FeeType::None,
            // C, F, and undocumented words.
            _ => FeeType::Other,
        };
        let mut text = |name| take_text(members, name);
        Some(Self { kind, format: text("fee_format"), value: text("fee_value"), amount: text("fee_amount") })
    }

    /// The amount of the fee as written, if it is stated.
    pub(in crate::cardpointe) fn amount(&self) -> Option<&str> {
        self.amount.as_deref()
    }

    /// The fee beside an amount at the stated rate, by each documented form of the rate: `300`
    /// hundredths of a percent, or `3` percent; a flat one is an amount.
    pub(in crate::cardpointe) fn at_its_rate(&self, amount: Amount) -> [Option<Amount>; 2] {
        let Some(value) = self.value.as_deref() else { return [None, None] };
        match self.format.as_deref().unwrap_or_default().to_ascii_lowercase().as_str() {
            "percent" => [1, PERCENT].map(|unit| share_at(amount, Rate::parse(value)?, unit)),
            "flat" => [not_negative(value), None],
            _ => [None, None],
        }
    }
}

/// A decimal number without a sign: digits, and how many are decimals.
#[derive(Clone, Copy)]
struct Rate {
    digits: u128,
    scale: u128,
}

impl Rate {
    fn parse(text: &str) -> Option<Self> {
        let (whole, decimals) = text.split_once('.').unwrap_or((text, ""));
        let all_digits = whole.bytes().chain(decimals.bytes()).all(|byte| byte.is_ascii_digit());
        if whole.is_empty() || !all_digits || decimals.len() > RATE_DECIMALS_MAX {
            return None;
        }
        let digits: u64 = format!("{whole}{decimals}").parse().ok()?;
        let scale = 10_u128.pow(u32::try_from(decimals.len()).ok()?);
        Some(Self { digits: digits.into(), scale })
    }
}

/// So many `unit`s of a hundredth of a percent of an amount.
fn share_at(amount: Amount, rate: Rate, unit: u128) -> Option<Amount> {
    amount.share(rate.digits.checked_mul(unit)?, PERCENT * PERCENT * rate.scale)
}

/// A positive amount, or zero, in minor units.
pub(in crate::cardpointe) fn not_negative(text: &str) -> Option<Amount> {
    minor_units(text).filter(|(_, negative)| !negative).map(|(amount, _)| amount)
}
