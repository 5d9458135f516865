//! A total as a line of a file, and as an object with the same names.

use serde_json::{Value, json};

use tollgate_core::journal::{Total, TotalLine};

/// The names of the columns. What the journal has, is named as there. None is ever changed; a release may add some at the
/// end.
pub const COLUMNS: [&str; 14] = [
    "day",
    "currency",
    "operation",
    "fact",
    "mid",
    "brand",
    "count",
    "amount",
    "held",
    "paid",
    "returned",
    "at_gateway",
    "provisional",
    "fees_at_gateway",
];

/// The cells of a total, one for each column. Amounts have the currency's decimals, and what is not known is empty.
pub fn cells(line: &TotalLine, total: &Total, is_provisional: bool) -> [String; COLUMNS.len()] {
    let decimal = |minor| line.currency.signed_decimal(minor);
    let Total { count, amount, changes } = *total;
    [
        line.day.to_string(),
        line.currency.to_string(),
        line.operation.clone(),
        line.fact.clone(),
        line.mid.clone(),
        line.brand.clone().unwrap_or_default(),
        count.to_string(),
        decimal(amount),
        decimal(changes.held),
        decimal(changes.paid),
        decimal(changes.returned),
        decimal(changes.gateway),
        if is_provisional { "yes" } else { "no" }.to_owned(),
        decimal(changes.fees),
    ]
}

/// The same as an object. Amounts are minor units.
pub fn value(line: &TotalLine, total: &Total, is_provisional: bool) -> Value {
    json!({
        "day": line.day,
        "currency": line.currency.code(),
        "operation": line.operation,
        "fact": line.fact,
        "mid": line.mid,
        "brand": line.brand,
        "count": total.count,
        "amount": total.amount,
        "held": total.changes.held,
        "paid": total.changes.paid,
        "returned": total.changes.returned,
        "at_gateway": total.changes.gateway,
        "provisional": is_provisional,
        "fees_at_gateway": total.changes.fees,
    })
}
