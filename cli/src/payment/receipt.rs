//! `payment receipt`: a payment as a customer's receipt shows it.

use serde_json::json;
use tollgate::elastic_path::receipt_value;
use tollgate_core::{
    journal::{Fees, NoReceipt, Receipt, receipt},
    order::OrderKey,
    values::{Amount, Brand},
};

use super::history::{time, words};
use crate::{args::Show, failure::Failure, installation::Installation, report::Report};

pub(crate) async fn run(installation: &Installation, show: &Show) -> Result<Report, Failure> {
    let job = installation.job()?;
    let key = OrderKey { merchant: show.merchant.clone(), order: show.order.clone() };
    let order = job.payments.order(&key).await?;
    let merchant = job.merchants.get_for_inquiries(&show.merchant).await?;
    let now = installation.clock.now();
    let asked = order.transactions.iter().filter(|own| show.transaction.is_none_or(|id| own.id == id));
    let (mut receipts, mut none) = (Vec::new(), None);
    for own in asked {
        match receipt(&merchant, &order, own, now) {
            Ok(receipt) => receipts.push(receipt),
            Err(why) => none = Some(why),
        }
    }
    let ids: Vec<_> = receipts.iter().map(|receipt| receipt.transaction.to_string()).collect();
    match (receipts.pop(), receipts.is_empty()) {
        (Some(receipt), true) => Ok(Report::new(text(&receipt), json!(receipt_value(&receipt)))),
        (Some(_), false) => {
            Err(Failure::Input(format!("the order has several payments; name one: {}", ids.join(", "))))
        }
        (None, _) => Err(Failure::NotThere(
            none.map_or("the order has no such payment", NoReceipt::sentence).to_owned(),
        )),
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
    if let Some(discount) = &receipt.discount {
        lines.push(format!("discount       {}, {}", amount(discount.amount), discount.code));
    }
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
    if !receipt.refunded.is_zero() {
        lines.push(format!("after refunds  {}", amount(receipt.after_refunds())));
    }
    if !receipt.disputed.is_zero() {
        let disputed = receipt.currency.signed_decimal(receipt.disputed);
        lines.push(format!("disputed       {disputed} {}", receipt.currency));
    }
    lines.push(format!("card           {brand} {digits}"));
    lines.push(format!("approval code  {}", receipt.approval_code.as_deref().unwrap_or("-")));
    lines.push(format!("retref         {}", receipt.reference.as_deref().unwrap_or("-")));
    lines.extend(receipt.custom_reference.as_ref().map(|own| format!("reference      {own}")));
    lines.join("\n")
}
