//! The members of a transaction that only its own address states, for the merchant alone: what can
//! be done with it, why it needs attention, where its money is, and whether it has a receipt.

use serde_json::{Value, json};
use tollgate_core::{
    journal::{Concerned, NoReceipt, Receipt, concerned, no_receipt},
    order::{AdvisedAgainst, Asker, NextAction, NotPossible, Order, Possibility, Shares, Transaction},
    values::{Brand, Currency},
};

use super::{fees_value, price, seconds, signed_price, status::transaction_status};

/// Adds the members to a transaction as every response states it.
pub(in crate::elastic_path) fn add_to(
    value: &mut Value,
    order: &Order,
    transaction: &Transaction,
    asker: &Asker<'_>,
) {
    let mut answers = answers_value(order, transaction, asker);
    value["next_actions"] = answers["next_actions"].take();
    for name in ["possible", "needs_attention", "receipt", "money"] {
        if let Some(answer) = answers.get_mut(name) {
            value["meta"][name] = answer.take();
        }
    }
}

/// The same members alone.
pub fn answers_value(order: &Order, transaction: &Transaction, asker: &Asker<'_>) -> Value {
    let next = order.next_actions(transaction, asker.batch, asker.now);
    let none = no_receipt(transaction, asker.now);
    let mut answers = json!({
        "next_actions": next.into_iter().map(NextAction::as_str).collect::<Vec<_>>(),
        "possible": possible(order, transaction, asker),
        "needs_attention": attention(&concerned(order, transaction, asker.now)),
        "receipt": {"available": none.is_none(), "why": none.map(NoReceipt::as_str)},
    });
    if let Some(shares) = transaction.shares(asker.now) {
        answers["money"] = money(order.currency, shares);
    }
    answers
}

fn possible(order: &Order, transaction: &Transaction, asker: &Asker<'_>) -> Value {
    let possible = order.possible(transaction, asker);
    let of = |possibility| action(order.currency, possibility);
    let mut refund = of(&possible.refund);
    refund["becomes_void"] = match possible.refund_becomes_void {
        Some(true) => json!("yes"),
        Some(false) => json!("no"),
        None => json!("unknown"),
    };
    json!({
        "settlement": asker.batch.as_str(),
        "capture": of(&possible.capture),
        "refund": refund,
        "cancel": of(&possible.cancel),
        "reauthorize": of(&possible.reauthorize),
    })
}

fn action(currency: Currency, possibility: &Possibility) -> Value {
    json!({
        "possible": possibility.why.is_none(),
        "most": possibility.most.map(|most| price(currency, most)),
        "whole_only": possibility.whole_only,
        "needs_refund_disputed": possibility.needs_refund_disputed,
        "why": possibility.why.map(NotPossible::as_str),
        "by_proposal": possibility.by_proposal.map(|most| price(currency, most)),
        "advised": possibility.is_advised(),
        "advised_against": possibility.advised_against.map(AdvisedAgainst::as_str),
    })
}

/// The reasons why a person has to look at a transaction.
pub(in crate::elastic_path) fn attention(reasons: &[Concerned]) -> Value {
    let reason = |one: &Concerned| {
        let Concerned { concern, since, .. } = one;
        json!({"code": concern.as_str(), "since": seconds(*since), "advice": concern.advice()})
    };
    reasons.iter().map(reason).collect()
}

fn money(currency: Currency, shares: Shares) -> Value {
    let of = |amount| price(currency, amount);
    json!({
        "kept": of(shares.kept),
        "refused": of(shares.refused),
        "refunded": of(shares.refunded),
        "disputed": of(shares.disputed),
        "held": of(shares.held),
        "released": of(shares.released),
    })
}

/// A receipt, as whoever may read the payment sees it.
pub fn receipt_value(receipt: &Receipt) -> Value {
    let price = |amount| price(receipt.currency, amount);
    let discount = receipt.discount.as_ref().map(|discount| {
        json!({"code": discount.code, "product": discount.product, "amount": price(discount.amount)})
    });
    json!({
        "type": "receipt",
        "order": receipt.order,
        "transaction": receipt.transaction,
        "status": transaction_status(receipt.status),
        "state": receipt.state.as_str(),
        "approved_at": seconds(receipt.approved_at),
        "merchant": {"name": receipt.merchant_name, "address": receipt.merchant_address},
        "currency": receipt.currency.code(),
        "amount": price(receipt.amount),
        "fee": receipt.fees.map(fees_value),
        "total": price(receipt.total()),
        "discount": discount,
        "captured": price(receipt.captured),
        "refunded": price(receipt.refunded),
        "after_refunds": price(receipt.after_refunds()),
        "disputed": signed_price(receipt.currency, receipt.disputed),
        "card": {"brand": receipt.brand.map(Brand::name), "last_four": receipt.last_four},
        "approval_code": receipt.approval_code,
        "reference": receipt.reference,
        "custom_reference": receipt.custom_reference,
    })
}
