//! One deposit: whether it adds up, and what was taken back with it.

use std::collections::BTreeMap;

use super::{Match, Matching, Owners};
use crate::{
    order::LineId,
    settlement::{Adjustment, Chargeback, Component, Deposit, Exception, ExceptionCause},
};

/// Whether a deposit's lines and components add up, and all its adjustments are known.
pub(super) fn of_deposit(context: &Matching<'_>, deposit: &Deposit, found: &mut Match) {
    found.covered.deposits.insert(deposit.id.clone());
    let net_sales = deposit.component(Component::NetSales);
    let (_, lines) = deposit.lines;
    if lines != net_sales {
        let differs = Exception {
            expected: Some(net_sales),
            found: Some(lines),
            ..about(context, deposit, ExceptionCause::LinesDiffer, None)
        };
        found.exceptions.push(differs);
    }
    let components = deposit.components.iter().fold(0_i64, |sum, (_, amount)| sum.saturating_add(*amount));
    if components != deposit.total {
        let differs = Exception {
            expected: Some(deposit.total),
            found: Some(components),
            ..about(context, deposit, ExceptionCause::TotalDiffers, None)
        };
        found.exceptions.push(differs);
    }
    for adjustment in &deposit.adjustments {
        found.exceptions.extend(of_adjustment(context, deposit, adjustment));
    }
}

fn of_adjustment(context: &Matching<'_>, deposit: &Deposit, adjustment: &Adjustment) -> Option<Exception> {
    let is_known = |case: &&String| context.compared.chargebacks.iter().any(|one| one.case == **case);
    let unknown_case = adjustment.case.as_ref().filter(|case| !is_known(case));
    let cause = match (adjustment.component, unknown_case) {
        (None, _) => ExceptionCause::UnknownCategory,
        (Some(Component::Reversal), Some(_)) => ExceptionCause::ReversalUnknown,
        _ => return None,
    };
    let found = Some(adjustment.amount);
    Some(Exception { found, ..about(context, deposit, cause, Some(&adjustment.id.to_string())) })
}

/// A chargeback is for a person to look at until it is given back in full.
pub(super) fn of_chargeback(
    context: &Matching<'_>,
    owners: &Owners<'_>,
    chargeback: &Chargeback,
    found: &mut Match,
) {
    found.covered.cases.insert(chargeback.case.clone());
    let compared = context.compared;
    let is_reversal = |one: &&Adjustment| {
        one.component == Some(Component::Reversal) && one.case.as_ref() == Some(&chargeback.case)
    };
    let adjustments = compared.deposits.iter().flat_map(|deposit| &deposit.adjustments);
    // One that takes money is how some processors collect the chargeback itself.
    let reversals = adjustments.chain(compared.adjustments).filter(is_reversal);
    let reversals: BTreeMap<&LineId, i64> = reversals.map(|one| (&one.id, one.amount.max(0))).collect();
    let reversed: i64 = reversals.values().sum();
    let same_case = compared.chargebacks.iter().filter(|one| one.case == chargeback.case);
    // Reversals of a case are for its chargebacks in their order.
    let place = |of: &Chargeback| (of.sequence.unwrap_or(1), of.on, of.id.clone());
    let before: i64 = same_case.filter(|one| place(one) <= place(chargeback)).map(|one| one.amount).sum();
    if reversed >= before {
        return;
    }
    let reference = chargeback.reference.as_deref();
    let owned = reference.and_then(|reference| owners.by_reference.get(reference)?.first().copied());
    let subject = format!("{}#{}", chargeback.case, chargeback.id);
    found.exceptions.push(Exception {
        reference: chargeback.reference.clone(),
        deposit: Some(chargeback.deposit.clone()),
        case: Some(chargeback.case.clone()),
        order: owned.map(|one| one.order.clone()),
        transaction: owned.map(|one| one.transaction),
        found: Some(-chargeback.amount),
        currency: chargeback.currency.or(owned.map(|one| one.currency)),
        ..Exception::new(compared.account, ExceptionCause::Chargeback, &subject, chargeback.on, context.now)
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
