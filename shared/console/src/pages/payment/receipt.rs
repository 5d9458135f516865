//! A receipt, to print: payee, amount, time and card, as the API states them.

use askama::Template;
use lambda_http::{Body, Response, http::StatusCode};
use tollgate_core::values::SignedAmount;
use tollgate_wire::{Price, Receipt, ReceiptDiscount, Single};

use crate::{
    api::{Failure, segment},
    frame::Frame,
    pages::{Known, Visit, problem::Problem, rendered},
    words::{self, said},
};

#[derive(Template)]
#[template(path = "receipt.html")]
struct ReceiptPage {
    frame: Frame,
    /// The lines of the merchant's address.
    address: Vec<String>,
    amount: String,
    lines: Vec<Known>,
    /// Why there is no receipt, if there is none.
    none: String,
    back: String,
}

/// The receipt, with one call.
pub(crate) async fn show(
    visit: &Visit<'_>,
    order: &str,
    transaction: &str,
) -> Result<Response<Body>, Problem> {
    let path = format!("/v2/orders/{}/transactions/{}/receipt", segment(order), segment(transaction));
    let (receipt, none) = match visit.read::<Single<Receipt>>(&path).await {
        Ok(receipt) => (Some(receipt.data), String::new()),
        Err(Failure::Refused(refusal)) if refusal.code == "no_receipt" => (None, refusal.detail),
        Err(failure) => return Err(failure.into()),
    };
    let receipt = receipt.as_ref();
    let mut page = rendered(&ReceiptPage {
        address: receipt
            .iter()
            .flat_map(|receipt| &receipt.merchant.address)
            .map(|line| said(&**line))
            .collect(),
        amount: receipt.map(|receipt| words::price(&receipt.amount)).unwrap_or_default(),
        lines: receipt.map(|receipt| lines(visit, receipt)).unwrap_or_default(),
        none,
        back: visit.frame.payment(order, transaction),
        frame: visit.frame.clone(),
    })?;
    if receipt.is_none() {
        *page.status_mut() = StatusCode::NOT_FOUND;
    }
    Ok(page)
}

fn lines(visit: &Visit<'_>, receipt: &Receipt) -> Vec<Known> {
    let fee = receipt.fee.as_ref();
    let kind = fee.map(|fee| words::plain(&fee.kind)).unwrap_or_default();
    let price = |price: &Price| words::if_any(price.amount, &price.currency.0, false);
    let charge = |amount: SignedAmount| words::if_any(amount, &receipt.currency, false);
    // An amount and the fee that is beside it.
    let both = |amount: String, fee: Option<SignedAmount>| match fee.map(charge) {
        Some(fee) if !fee.is_empty() => format!("{amount}, and {fee} {kind}"),
        _ => amount,
    };
    let captured = both(price(&receipt.captured), fee.map(|fee| fee.captured_amount.into()));
    let refunded_fee = fee.map(|fee| SignedAmount::from(fee.refunded_amount).taken_off());
    let refunded = both(words::lost(&receipt.refunded), refunded_fee);
    let disputed = SignedAmount::from(receipt.disputed.amount);
    let left = if refunded.is_empty() { String::new() } else { words::price(&receipt.after_refunds) };
    let reduced = |discount: &ReceiptDiscount| {
        let product = said(discount.product.as_deref());
        words::joined([said(&*discount.code), product, price(&discount.amount)], ", ")
    };
    Known::all([
        Known::new("Date", words::full_moment(receipt.approved_at.0, &visit.frame.zone)),
        Known::new("Amount", price(&receipt.amount)),
        Known::new(words::capitalized(&kind), fee.map(|fee| charge(fee.amount.into())).unwrap_or_default()),
        Known::new("Total", fee.map(|_| price(&receipt.total)).unwrap_or_default()),
        Known::new("Discount", receipt.discount.as_ref().map(reduced).unwrap_or_default()),
        Known::new(
            "Charged",
            if captured.is_empty() { "Held, not charged yet".to_owned() } else { captured },
        ),
        Known::new("Refunded", refunded),
        Known::new("After refunds", left),
        Known::new("Disputed", charge(disputed.checked_neg().unwrap_or_default())),
        Known::new(
            "Card",
            words::brand_and_last_four(receipt.card.brand.as_deref(), receipt.card.last_four.as_deref()),
        ),
        Known::new("Order", said(&*receipt.order)),
        Known::new("Reference", said(receipt.custom_reference.as_deref())),
        Known::new("Approval code", said(receipt.approval_code.as_deref())),
        Known::new("Gateway reference", said(receipt.reference.as_deref())),
    ])
}
