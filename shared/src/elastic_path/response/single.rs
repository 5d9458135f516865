//! The members of a transaction that only its own address states, for the merchant alone: what can
//! be done with it, why it needs attention, where its money is, and whether it has a receipt.

use tollgate_core::{
    journal::{Concerned, NoReceipt, Receipt, concerned, no_receipt},
    order::{Asker, Order, Possibility, Shares, Transaction},
    values::{Brand, Currency},
};
use tollgate_wire::{self as wire, BecomesVoid, Price, SignedPrice, constant};

use super::{fees_value, status::status_word};

/// Adds the members to a transaction as every response states it.
pub(in crate::elastic_path) fn add_to(
    shown: &mut wire::Transaction,
    order: &Order,
    transaction: &Transaction,
    asker: &Asker<'_>,
) {
    let answers = answers_value(order, transaction, asker);
    shown.next_actions = answers.next_actions;
    if let Some(own) = &mut shown.meta.for_merchant {
        own.possible = Some(answers.possible);
        own.needs_attention = Some(answers.needs_attention);
        own.receipt = Some(answers.receipt);
        own.money = answers.money;
    }
}

/// The same members alone.
pub fn answers_value(order: &Order, transaction: &Transaction, asker: &Asker<'_>) -> wire::Answers {
    let next = order.next_actions(transaction, asker.batch, asker.now);
    let none = no_receipt(transaction, asker.now);
    wire::Answers {
        next_actions: next.into_iter().map(Into::into).collect(),
        possible: possible(order, transaction, asker),
        needs_attention: attention(&concerned(order, transaction, asker.now)),
        receipt: wire::ReceiptState { available: none.is_none(), why: none.map(NoReceipt::into) },
        money: transaction.shares(asker.now).map(|shares| money(order.currency, shares)),
    }
}

fn possible(order: &Order, transaction: &Transaction, asker: &Asker<'_>) -> wire::Possible {
    let possible = order.possible(transaction, asker);
    let of = |possibility| action(order.currency, possibility);
    let becomes_void = match possible.refund_becomes_void {
        Some(true) => BecomesVoid::Yes,
        Some(false) => BecomesVoid::No,
        None => BecomesVoid::Unknown,
    };
    wire::Possible {
        settlement: asker.batch.into(),
        capture: of(&possible.capture),
        refund: wire::PossibleAction { becomes_void: Some(becomes_void.into()), ..of(&possible.refund) },
        cancel: of(&possible.cancel),
        reauthorize: of(&possible.reauthorize),
    }
}

fn action(currency: Currency, possibility: &Possibility) -> wire::PossibleAction {
    let price = |amount| Price::new(currency, amount);
    wire::PossibleAction {
        possible: possibility.why.is_none(),
        most: possibility.most.map(price),
        whole_only: possibility.whole_only,
        needs_refund_disputed: possibility.needs_refund_disputed,
        why: possibility.why.map(Into::into),
        by_proposal: possibility.by_proposal.map(price),
        advised: possibility.is_advised(),
        advised_against: possibility.advised_against.map(Into::into),
        becomes_void: None,
    }
}

/// The reasons why a person has to look at a transaction.
pub(in crate::elastic_path) fn attention(reasons: &[Concerned]) -> Vec<wire::NeedsAttention> {
    let reason = |one: &Concerned| wire::NeedsAttention {
        code: one.concern.into(),
        since: one.since.into(),
        advice: one.concern.advice().to_owned(),
        settled_by: one.settled_by().map(Into::into),
    };
    reasons.iter().map(reason).collect()
}

fn money(currency: Currency, shares: Shares) -> wire::Money {
    let of = |amount| Price::new(currency, amount);
    wire::Money {
        kept: of(shares.kept),
        refused: of(shares.refused),
        refunded: of(shares.refunded),
        disputed: of(shares.disputed),
        held: of(shares.held),
        released: of(shares.released),
    }
}

/// A receipt, as whoever may read the payment sees it.
pub fn receipt_value(receipt: &Receipt) -> wire::Receipt {
    let price = |amount| Price::new(receipt.currency, amount);
    wire::Receipt {
        kind: constant::ReceiptType,
        order: receipt.order.to_string(),
        transaction: receipt.transaction,
        status: status_word(receipt.status).into(),
        state: receipt.state.into(),
        approved_at: receipt.approved_at.into(),
        merchant: wire::ReceiptMerchant {
            name: receipt.merchant_name.clone(),
            address: receipt.merchant_address.clone(),
        },
        currency: receipt.currency.code().to_owned(),
        amount: price(receipt.amount),
        fee: receipt.fees.map(fees_value),
        total: price(receipt.total()),
        discount: receipt.discount.as_ref().map(|discount| wire::ReceiptDiscount {
            code: discount.code.clone(),
            product: discount.product.clone(),
            amount: price(discount.amount),
        }),
        captured: price(receipt.captured),
        refunded: price(receipt.refunded),
        after_refunds: price(receipt.after_refunds()),
        disputed: SignedPrice::new(receipt.currency, receipt.disputed),
        card: wire::ReceiptCard {
            brand: receipt.brand.map(|brand| Brand::name(brand).to_owned()),
            last_four: receipt.last_four.clone(),
        },
        approval_code: receipt.approval_code.clone(),
        reference: receipt.reference.clone(),
        custom_reference: receipt.custom_reference.clone(),
    }
}
