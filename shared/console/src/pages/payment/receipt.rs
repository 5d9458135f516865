//! A receipt, to print: payee, amount, time and card, as the API states them.

use askama::Template;
use lambda_http::{Body, Response, http::StatusCode};
use serde_json::Value;

use super::Read;
use crate::{
    api::{Failure, segment},
    frame::Frame,
    pages::{Known, Visit, problem::Problem, rendered},
    words::{self, said, text},
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
    let (receipt, none) = match visit.read(&path).await {
        Ok(receipt) => (receipt, String::new()),
        Err(Failure::Refused(refusal)) if refusal.code == "no_receipt" => (Value::Null, refusal.detail),
        Err(failure) => return Err(failure.into()),
    };
    let data = &receipt["data"];
    let read = Read { payment: data, settlement: None };
    let has_receipt = none.is_empty();
    let mut page = rendered(&ReceiptPage {
        address: words::list(&data["merchant"]["address"]).iter().map(said).collect(),
        amount: read.money(&data["amount"]["amount"]),
        lines: lines(visit, &read),
        none,
        back: visit.frame.payment(order, transaction),
        frame: visit.frame.clone(),
    })?;
    if !has_receipt {
        *page.status_mut() = StatusCode::NOT_FOUND;
    }
    Ok(page)
}

fn lines(visit: &Visit<'_>, read: &Read<'_>) -> Vec<Known> {
    let receipt = read.payment;
    let (fee, discount) = (&receipt["fee"], &receipt["discount"]);
    let kind = text(&fee["kind"]).replace('_', " ");
    let price = |price: &Value| read.if_any(&price["amount"]);
    let lost = |price: &Value| read.lost(&price["amount"]);
    // An amount and the fee that is beside it.
    let both = |amount: String, fee: String| {
        if fee.is_empty() { amount } else { format!("{amount}, and {fee} {kind}") }
    };
    let captured = both(price(&receipt["captured"]), read.if_any(&fee["captured_amount"]));
    let refunded = both(lost(&receipt["refunded"]), read.lost(&fee["refunded_amount"]));
    let left = if refunded.is_empty() { &Value::Null } else { &receipt["after_refunds"]["amount"] };
    let reduced = [said(&discount["code"]), said(&discount["product"]), price(&discount["amount"])];
    let at = words::time(&receipt["approved_at"]);
    let all = [
        Known::new("Date", at.map(|at| words::full_moment(at, &visit.frame.zone)).unwrap_or_default()),
        Known::new("Amount", price(&receipt["amount"])),
        Known::new(words::capitalized(&kind), read.if_any(&fee["amount"])),
        Known::new("Total", if fee.is_null() { String::new() } else { price(&receipt["total"]) }),
        Known::new("Discount", words::joined(reduced, ", ")),
        Known::new(
            "Charged",
            if captured.is_empty() { "Held, not charged yet".to_owned() } else { captured },
        ),
        Known::new("Refunded", refunded),
        Known::new("After refunds", read.money(left)),
        Known::new("Disputed", lost(&receipt["disputed"])),
        Known::new("Card", words::card(&receipt["card"])),
        Known::new("Order", said(&receipt["order"])),
        Known::new("Reference", said(&receipt["custom_reference"])),
        Known::new("Approval code", said(&receipt["approval_code"])),
        Known::new("Gateway reference", said(&receipt["reference"])),
    ];
    Known::all(all)
}
