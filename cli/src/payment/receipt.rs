//! `payment receipt`: a payment as a customer's receipt shows it.

use serde_json::{Value, json};
use tollgate::elastic_path::transaction_status;
use tollgate_core::{
    journal::{Fees, Receipt, receipt},
    order::OrderKey,
    values::{Amount, Brand},
};

use super::history::{fees_value, time, words};
use crate::{args::Show, failure::Failure, installation::Installation, report::Report};

pub(crate) async fn run(installation: &Installation, show: &Show) -> Result<Report, Failure> {
    let job = installation.job()?;
    let key = OrderKey { merchant: show.merchant.clone(), order: show.order.clone() };
    let order = job.payments.order(&key).await?;
    let merchant = job.merchants.get_for_inquiries(&show.merchant).await?;
    let asked = order.transactions.iter().filter(|own| show.transaction.is_none_or(|id| own.id == id));
    let mut receipts: Vec<Receipt> = asked.filter_map(|own| receipt(&merchant, &order, own)).collect();
    let ids: Vec<_> = receipts.iter().map(|receipt| receipt.transaction.to_string()).collect();
    match (receipts.pop(), receipts.is_empty()) {
        (Some(receipt), true) => Ok(Report::new(text(&receipt), value(&receipt))),
        (Some(_), false) => {
            Err(Failure::Input(format!("the order has several payments; name one: {}", ids.join(", "))))
        }
        (None, _) => Err(Failure::NotThere("the order has no such approved payment".to_owned())),
    }
}

fn text(receipt: &Receipt) -> String {
    let amount = |amount| format!("{} {}", receipt.currency.decimal(amount), receipt.currency);
    let brand = receipt.brand.map_or("card", Brand::name);
    let digits = receipt.last_four.as_deref().unwrap_or("????");
    let mut lines: Vec<String> =
        receipt.merchant_name.iter().chain(&receipt.merchant_address).cloned().collect();
    if !lines.is_empty() {
        lines.push(String::new());
    }
    lines.push(format!("order          {}", receipt.order));
    lines.push(format!("time           {}", time(receipt.approved_at)));
    lines.push(format!("amount         {}", amount(receipt.amount)));
    if let Some(fees) = receipt.fees {
        lines.push(format!("{:14} {}", words(fees.kind.as_str()), amount(fees.amount)));
        lines.push(format!("total          {}", amount(receipt.total())));
    }
    // Each with the fee that is beside it.
    let with_fee = |own, fee: fn(Fees) -> Amount| match receipt.fees.map(fee).filter(|fee| !fee.is_zero()) {
        Some(fee) => format!("{} + {}", amount(own), amount(fee)),
        None => amount(own),
    };
    lines.push(format!("captured       {}", with_fee(receipt.captured, |fees| fees.captured)));
    lines.push(format!("refunded       {}", with_fee(receipt.refunded, |fees| fees.refunded)));
    if !receipt.disputed.is_zero() {
        let disputed = receipt.currency.signed_decimal(receipt.disputed);
        lines.push(format!("disputed       {disputed} {}", receipt.currency));
    }
    lines.push(format!("card           {brand} {digits}"));
    lines.push(format!("approval code  {}", receipt.approval_code.as_deref().unwrap_or("-")));
    lines.push(format!("retref         {}", receipt.reference.as_deref().unwrap_or("-")));
    lines.join("\n")
}

/// Amounts are minor units.
fn value(receipt: &Receipt) -> Value {
    json!({
        "merchant_name": receipt.merchant_name,
        "merchant_address": receipt.merchant_address,
        "order": receipt.order,
        "transaction": receipt.transaction,
        "status": transaction_status(receipt.status),
        "approved_at": receipt.approved_at,
        "currency": receipt.currency.code(),
        "amount": receipt.amount,
        "captured": receipt.captured,
        "refunded": receipt.refunded,
        "disputed": receipt.disputed,
        "fee": receipt.fees.map(fees_value),
        "total": receipt.total(),
        "brand": receipt.brand.map(Brand::name),
        "last_four": receipt.last_four,
        "approval_code": receipt.approval_code,
        "reference": receipt.reference,
    })
}
