//! One deposit: whether it adds up, and the money that was taken back with it.

use std::collections::BTreeMap;

use super::{Match, Matching};
use crate::{
    order::LineId,
    settlement::{Adjustment, Chargeback, Component, Deposit, Exception, ExceptionCause},
    values::SignedAmount,
};

/// Whether a deposit is reported, its lines and components add up, and all its adjustments are
/// known.
pub(super) fn of_deposit(context: &Matching<'_>, deposit: &Deposit, found: &mut Match) {
    found.covered.deposits.insert(deposit.id.clone());
    if deposit.is_withdrawn() {
        found.exceptions.push(withdrawn(context, deposit));
    }
    let net_sales = deposit.component(Component::NetSales);
    let (_, lines) = deposit.lines;
    if lines != net_sales {
        let differs = Exception {
            expected: Some(net_sales),
            found: Some(lines),
            ..about(context, deposit, ExceptionCause::DepositDiffers, Some("lines"))
        };
        found.exceptions.push(differs.because("its lines do not add up to its net sales"));
    }
    let components = SignedAmount::sum(deposit.components.iter().map(|(_, amount)| *amount));
    if components != Some(deposit.total) {
        let differs = Exception {
            expected: Some(deposit.total),
            found: components,
            ..about(context, deposit, ExceptionCause::DepositDiffers, Some("components"))
        };
        found.exceptions.push(differs.because("its components do not add up to its total"));
    }
    for adjustment in &deposit.adjustments {
        found.exceptions.extend(of_adjustment(context, deposit, adjustment));
    }
    found.exceptions.extend(deposit.unreadable.iter().map(|row| {
        let subject = format!("row#{row}");
        about(context, deposit, ExceptionCause::NotUnderstood, Some(&subject)).because(row.to_string())
    }));
}

/// A deposit that is not reported any more, with the amount that it had.
fn withdrawn(context: &Matching<'_>, deposit: &Deposit) -> Exception {
    let last = deposit.changes.last();
    let taken = last.and_then(|last| SignedAmount::sum(last.components.iter().map(|(_, amount)| *amount)));
    let differs = Exception {
        expected: taken.and_then(SignedAmount::checked_neg),
        found: Some(SignedAmount::ZERO),
        currency: last.and_then(|last| last.currency),
        ..about(context, deposit, ExceptionCause::DepositDiffers, Some("reported"))
    };
    differs.because("it is not reported any more")
}

fn of_adjustment(context: &Matching<'_>, deposit: &Deposit, adjustment: &Adjustment) -> Option<Exception> {
    let is_known = |case: &&String| context.compared.chargebacks.iter().any(|one| one.case == **case);
    let unknown_case = adjustment.case.as_ref().filter(|case| !is_known(case));
    let about = |cause| Exception {
        found: Some(adjustment.amount),
        case: adjustment.case.clone(),
        ..about(context, deposit, cause, Some(&adjustment.id.to_string()))
    };
    match (adjustment.component, unknown_case) {
        (None, _) => {
            let Adjustment { category, description, .. } = adjustment;
            Some(about(ExceptionCause::NotUnderstood).because(format!("{category}: {description}")))
        }
        (Some(Component::Reversal), Some(_)) => Some(about(ExceptionCause::ReversalUnknown)),
        _ => None,
    }
}

/// A chargeback is for a person to look at until it is given back in full.
pub(super) fn of_chargeback(context: &Matching<'_>, chargeback: &Chargeback, found: &mut Match) {
    let compared = context.compared;
    let is_reversal = |one: &&Adjustment| {
        one.component == Some(Component::Reversal) && one.case.as_ref() == Some(&chargeback.case)
    };
    let adjustments = compared.deposits.iter().flat_map(|deposit| &deposit.adjustments);
    // One that takes money is how some processors collect the chargeback itself.
    let reversals = adjustments.chain(compared.adjustments).filter(is_reversal);
    let reversals: BTreeMap<&LineId, SignedAmount> =
        reversals.map(|one| (&one.id, one.amount.max(SignedAmount::ZERO))).collect();
    let reversed = SignedAmount::sum(reversals.into_values());
    let same_case = compared.chargebacks.iter().filter(|one| one.case == chargeback.case);
    // Reversals of a case are for its chargebacks in their order.
    let order = |of: &Chargeback| (of.sequence.unwrap_or(1), of.on, of.id.clone());
    let before = same_case.filter(|one| order(one) <= order(chargeback)).map(|one| one.amount.into());
    let open = SignedAmount::sum(before).zip(reversed).and_then(|(before, back)| before.checked_sub(back));
    if open.is_some_and(|open| open <= SignedAmount::ZERO) {
        return;
    }
    let owned = compared.disputed.get(&chargeback.id);
    let subject = format!("{}#{}", chargeback.case, chargeback.id);
    let deposit = compared.deposits.iter().find(|deposit| deposit.id == chargeback.deposit);
    let day = deposit.map_or(chargeback.on, |deposit| deposit.day);
    found.exceptions.push(Exception {
        reference: chargeback.reference.clone(),
        deposit: Some(chargeback.deposit.clone()),
        case: Some(chargeback.case.clone()),
        order: owned.map(|one| one.order.clone()),
        transaction: owned.map(|one| one.transaction),
        // The part of the chargeback that is still open.
        found: open.and_then(|open| open.min(chargeback.amount.into()).checked_neg()),
        currency: chargeback.currency.or(owned.map(|one| one.currency)),
        ..Exception::new(compared.account, ExceptionCause::Chargeback, &subject, day, context.now)
    });
}

/// An exception about a deposit, or about one of its adjustments.
fn about(
    context: &Matching<'_>,
    deposit: &Deposit,
    cause: ExceptionCause,
    adjustment: Option<&str>,
) -> Exception {
    let subject = adjustment.map_or_else(|| deposit.id.clone(), |one| format!("{}#{one}", deposit.id));
    Exception {
        deposit: Some(deposit.id.clone()),
        currency: deposit.currency,
        ..Exception::new(context.compared.account, cause, &subject, deposit.day, context.now)
    }
}
