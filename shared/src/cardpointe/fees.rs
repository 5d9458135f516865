//! The fee beside an amount, by the fee members of a response or a record (`docs/cardpointe.md`,
//! *Surcharges*).
//!
//! `amount` is the total. Only a surcharge that explains the whole total is believed: an excess
//! that is left over decides nothing.
//!
//! A record without `fee_amount` is believed by its own rate, to the cent. Less than was requested
//! does not tell which part is the fee, so it decides nothing. All of a payment with a fee is
//! requested without an amount, because no document says whether an amount includes the fee.

use tollgate_core::{
    order::FeeShare,
    values::{Amount, Charged, Fee, FeeKind},
};

use super::wire::{FeeMembers, FeeType, GatewayReply, minor_units, not_negative};

/// By how much the gateway's share of a fee may differ from ours, in minor units: each is rounded.
const ROUNDED_OFF_MAX: u64 = 1;

/// An amount, and a surcharge beside it unless that is nothing.
fn with_surcharge(amount: Amount, fee: Amount) -> Charged {
    Charged { amount, fee: Fee::of(fee, FeeKind::Surcharge) }
}

/// The amount that a payment took or held, by its response or record, when this much was requested.
/// None where the total is more than that and no surcharge explains it, or where the fee in the
/// total is not known.
pub(super) fn of_payment(reply: &GatewayReply, requested: Amount) -> Option<Charged> {
    let (total, _) = reply.amount().filter(|(_, negative)| !negative)?;
    let at_most = |amount: Amount| Some(Charged::from(amount)).filter(|charged| charged.amount <= requested);
    let Some(fee) = &reply.fee else { return at_most(total) };
    let stated = fee.amount().map(not_negative);
    match (fee.kind, stated) {
        (FeeType::None, _) => at_most(total),
        (FeeType::Other, _) => at_most(total).filter(|charged| charged.amount == requested),
        (FeeType::Surcharge, Some(Some(fee))) => {
            let charged = with_surcharge(total.checked_sub(fee)?, fee);
            Some(charged).filter(|charged| charged.amount <= requested)
        }
        // It was waived, which one documented form says only by an amount without it.
        (FeeType::Surcharge, _) if total == requested => Some(total.into()),
        (FeeType::Surcharge, Some(None)) => None,
        (FeeType::Surcharge, None) => {
            let excess = total.checked_sub(requested)?;
            let explained = fee.at_its_rate(requested).contains(&Some(excess));
            explained.then(|| with_surcharge(requested, excess))
        }
    }
}

/// The money that a capture or a refund of this amount moved, with the share of the payment's fee
/// that goes with it. None where that does not explain the total.
///
/// The documents list no fee members here, and leave open whether the total includes the fee. The
/// gateway may round each share on its own.
pub(super) fn of_follow_up(reply: &GatewayReply, part: Amount, share: Option<FeeShare>) -> Option<Charged> {
    let (total, _) = reply.amount()?;
    let Some(share) = share else { return (total == part).then(|| part.into()) };
    let moved = |fee: Amount| Charged { amount: part, fee: Fee::of(fee, share.kind) };
    if let Some(stated) = reply.fee.as_ref().and_then(FeeMembers::amount) {
        let (fee, _) = minor_units(stated)?;
        let explained = total.checked_sub(fee) == Some(part) && fee <= share.left;
        return explained.then(|| moved(fee));
    }
    if total == part {
        // A share that the gateway may have rounded to nothing is nothing here, because nothing is
        // in the total.
        let may_be_nothing = share.share.minor() <= ROUNDED_OFF_MAX && !share.is_whole;
        return Some(moved(if may_be_nothing { Amount::ZERO } else { share.share }));
    }
    let fee = total.checked_sub(part)?;
    let off = fee.minor().abs_diff(share.share.minor());
    let is_ours = off <= ROUNDED_OFF_MAX && !share.is_whole || off == 0;
    (is_ours && fee <= share.left).then(|| moved(fee))
}

#[cfg(test)]
mod tests;
