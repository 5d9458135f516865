//! A receipt, to print: payee, amount, time and card.

use askama::Template;
use lambda_http::{Body, Response};
use serde_json::Value;

use super::Read;
use crate::{
    api::segment,
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
    none: &'static str,
    back: String,
}

/// The receipt, with one call: only that route has the merchant's address.
pub(crate) async fn show(
    visit: &Visit<'_>,
    order: &str,
    transaction: &str,
) -> Result<Response<Body>, Problem> {
    let path = format!("/v2/transactions/{}", segment(transaction));
    let body = visit.read(&path).await?;
    let payment = &body["data"];
    let read = Read::of(payment);
    if read.order() != order {
        return Err(Problem::NotFound);
    }
    let address = words::list(&read.meta()["merchant"]["address"]);
    rendered(&ReceiptPage {
        address: address.iter().map(said).collect(),
        amount: read.money(read.amount()),
        lines: lines(visit, &read),
        none: none(&read),
        back: read.address(&visit.frame),
        frame: visit.frame.clone(),
    })
}

/// Why a payment has no receipt; empty if it has one.
pub(super) fn none(read: &Read<'_>) -> &'static str {
    match read.state() {
        "declined" | "not_processed" => "There is no receipt: the payment was not approved.",
        "not_known_yet" => "There is no receipt yet: the outcome of the payment is not known.",
        "voided" | "voided_elsewhere" => {
            "There is no receipt: the payment was voided, and nothing was charged."
        }
        "lapsed" => "There is no receipt: nothing was charged.",
        _ => "",
    }
}

fn lines(visit: &Visit<'_>, read: &Read<'_>) -> Vec<Known> {
    let (payment, meta) = (read.payment, read.meta());
    let at = words::time(&meta["created_at"]);
    let (amount, captured) = (read.amount(), read.captured());
    let refunded = meta["display_refunded_amount"]["total"]["amount"].as_i64().unwrap_or_default();
    let fee = payment["fee"]["amount"].as_i64().unwrap_or_default();
    let shown = |minor: i64| if minor == 0 { String::new() } else { read.money(minor) };
    let charged = match captured {
        0 => "Held, not charged yet".to_owned(),
        _ if captured == amount => String::new(),
        _ => read.money(captured),
    };
    let left = if refunded == 0 { String::new() } else { read.money(captured.saturating_sub(refunded)) };
    let total = |value: &Value| value["amount"].as_i64().map(|minor| read.money(minor)).unwrap_or_default();
    let all = [
        Known::new("Date", at.map(|at| words::full_moment(at, &visit.frame.zone)).unwrap_or_default()),
        Known::new("Amount", read.money(amount)),
        Known::new("Surcharge", shown(fee)),
        Known::new("Total", if fee == 0 { String::new() } else { total(&meta["display_total"]) }),
        Known::new("Charged", charged),
        Known::new("Refunded", shown(-refunded)),
        Known::new("After refunds", left),
        Known::new("Card", words::card(&payment["payment_details"]["card"])),
        Known::new("Order", said(read.order())),
        Known::new("Reference", said(&payment["custom_reference"])),
        Known::new("Approval code", said(&payment["payment_details"]["authorization_code"])),
        Known::new("Gateway reference", text(&payment["reference"])),
    ];
    Known::all(all)
}
