//! What was taken beside an amount, by the fee members of a response or a record (`docs/cardpointe.md`, *Surcharges*).
//!
//! `amount` is the total. Only a surcharge that explains all of it is believed: an excess that is left over decides nothing.

use serde_json::{Map, Value};
use tollgate_core::{
    order::FeeShare,
    values::{Amount, Charged, Fee, FeeKind},
};

use super::wire::{GatewayReply, minor_units, take_text};

/// One percent in hundredths of a percent.
const PERCENT: u128 = 100;
/// By how much the gateway's share of a fee may differ from ours, in minor units: each is rounded.
const ROUNDED_OFF_MAX: u64 = 1;
/// The most decimals of a rate that are read. No documented one has any.
const RATE_DECIMALS_MAX: usize = 4;

/// The members that tell of a fee, as written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct FeeMembers {
    kind: Kind,
    format: Option<String>,
    value: Option<String>,
    amount: Option<String>,
}

/// What `fee_type` says, in either of its documented forms.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Surcharge,
    /// None, or waived.
    None,
    /// A transaction of its own, with another account; or a word that is not documented.
    Other,
}

impl FeeMembers {
    /// Takes them out of a response. None where it names no type of fee.
    pub(super) fn take(members: &mut Map<String, Value>) -> Option<Self> {
        let kind = match &*take_text(members, "fee_type")?.to_ascii_uppercase() {
            "SURCHRG" | "S" => Kind::Surcharge,
            "SURCHRG_WAIVED" | "N" => Kind::None,
            // C, F, and what is not documented.
            _ => Kind::Other,
        };
        let mut text = |name| take_text(members, name);
        Some(Self { kind, format: text("fee_format"), value: text("fee_value"), amount: text("fee_amount") })
    }

    /// The fee beside an amount at the stated rate, by each documented form of it: `300` hundredths of a percent, or `3`
    /// percent; a flat one is an amount.
    fn at_its_rate(&self, amount: Amount) -> [Option<Amount>; 2] {
        let Some(value) = self.value.as_deref() else { return [None, None] };
        match self.format.as_deref().unwrap_or_default().to_ascii_lowercase().as_str() {
            "percent" => [1, PERCENT].map(|unit| share_at(amount, Rate::parse(value)?, unit)),
            "flat" => [minor_units(value).and_then(not_negative), None],
            _ => [None, None],
        }
    }
}

/// A decimal number without a sign: digits, and how many of them are decimals.
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

/// So many `unit`s of a hundredth of a percent of an amount, a half rounded up.
fn share_at(amount: Amount, rate: Rate, unit: u128) -> Option<Amount> {
    let by = PERCENT * PERCENT * rate.scale;
    let of_it = u128::from(amount.minor()).checked_mul(rate.digits)?.checked_mul(2 * unit)?;
    u64::try_from((of_it + by) / (2 * by)).ok().and_then(|minor| Amount::new(minor).ok())
}

fn not_negative((amount, negative): (Amount, bool)) -> Option<Amount> {
    (!negative).then_some(amount)
}

/// An amount, and a surcharge beside it unless that is nothing.
fn with_surcharge(amount: Amount, fee: Amount) -> Charged {
    let fee = Fee { amount: fee, kind: FeeKind::Surcharge };
    Charged { amount, fee: Some(fee).filter(|fee| !fee.amount.is_zero()) }
}

/// What a payment took or held, by what a response or a record says about it, when so much was requested. None where the
/// total is more than that and no surcharge explains it, or where it cannot be told what of it is the fee.
pub(super) fn of_payment(reply: &GatewayReply, requested: Amount) -> Option<Charged> {
    let total = reply.amount().and_then(not_negative)?;
    let at_most = |amount: Amount| Some(Charged::from(amount)).filter(|charged| charged.amount <= requested);
    let Some(fee) = &reply.fee else { return at_most(total) };
    match (fee.kind, &fee.amount) {
        (Kind::None, _) => at_most(total),
        (Kind::Other, _) => at_most(total).filter(|charged| charged.amount == requested),
        (Kind::Surcharge, Some(stated)) if minor_units(stated).and_then(not_negative).is_some() => {
            let fee = minor_units(stated).and_then(not_negative)?;
            let charged = with_surcharge(total.checked_sub(fee)?, fee);
            Some(charged).filter(|charged| charged.amount <= requested)
        }
        // It was waived, which one documented form says only by an amount without it.
        (Kind::Surcharge, _) if total == requested => Some(total.into()),
        (Kind::Surcharge, Some(_)) => None,
        (Kind::Surcharge, None) => {
            let excess = total.checked_sub(requested)?;
            let explained = fee.at_its_rate(requested).contains(&Some(excess));
            explained.then(|| with_surcharge(requested, excess))
        }
    }
}

/// What a capture or a refund of so much moved, with the share of the payment's fee that goes with it. None where that does
/// not explain the total.
///
/// The documents list no fee members here, and leave open whether the total includes the fee. The gateway may round each
/// share by itself.
pub(super) fn of_follow_up(reply: &GatewayReply, part: Amount, share: Option<FeeShare>) -> Option<Charged> {
    let (total, _) = reply.amount()?;
    let Some(share) = share else { return (total == part).then(|| part.into()) };
    let moved = |fee: Amount| {
        let fee = Fee { amount: fee, kind: share.kind };
        Charged { amount: part, fee: Some(fee).filter(|fee| !fee.amount.is_zero()) }
    };
    if let Some(stated) = reply.fee.as_ref().and_then(|fee| fee.amount.as_deref()) {
        let (fee, _) = minor_units(stated)?;
        let explained = total.checked_sub(fee) == Some(part) && fee <= share.left;
        return explained.then(|| moved(fee));
    }
    if total == part {
        return Some(moved(share.share));
    }
    let fee = total.checked_sub(part)?;
    let off = fee.minor().abs_diff(share.share.minor());
    let is_ours = off <= ROUNDED_OFF_MAX && !share.is_whole || off == 0;
    (is_ours && fee <= share.left).then(|| moved(fee))
}

#[cfg(test)]
mod tests;
