//! Deposits, their lines and exceptions as lines of a file.

use tollgate_core::{
    settlement::{Deposit, DepositLine, DepositSums, Exception, Outstanding, Unmatched},
    values::{Currency, SignedAmount},
};

use super::seconds;

/// The names of the columns of deposits. None is ever changed; a release may add some at the end.
pub const DEPOSIT_COLUMNS: [&str; 13] = [
    "deposit",
    "date",
    "gross",
    "refunds",
    "fees",
    "chargebacks",
    "net",
    "lines",
    "unmatched",
    "adjustments",
    "currency",
    "mid",
    "trace_number",
];

/// The same of a deposit's lines.
pub const LINE_COLUMNS: [&str; 12] = [
    "deposit",
    "date",
    "retref",
    "kind",
    "amount",
    "currency",
    "status",
    "settled_at",
    "order",
    "transaction",
    "unmatched",
    "counts",
];

/// The same of exceptions.
pub const EXCEPTION_COLUMNS: [&str; 18] = [
    "exception",
    "state",
    "cause",
    "date",
    "mid",
    "retref",
    "deposit",
    "case",
    "order",
    "transaction",
    "expected",
    "found",
    "currency",
    "since",
    "gone_at",
    "resolved_by",
    "reason",
    "detail",
];

/// The columns of outstanding captures and refunds.
pub const OUTSTANDING_COLUMNS: [&str; 11] = [
    "state",
    "at",
    "amount",
    "currency",
    "mid",
    "retref",
    "order",
    "transaction",
    "operation",
    "settled_at",
    "unmatched",
];

pub fn deposit_cells(deposit: &Deposit, unmatched: &Unmatched) -> Vec<String> {
    let DepositSums { gross, refunds, fees, chargebacks, adjustments } = DepositSums::of(deposit);
    let decimal =
        |amount: Option<SignedAmount>| known(amount.map(|amount| decimal(amount, deposit.currency)));
    vec![
        deposit.id.clone(),
        deposit.day.to_string(),
        decimal(gross),
        decimal(Some(refunds)),
        decimal(fees),
        decimal(Some(chargebacks)),
        decimal(Some(deposit.total)),
        deposit.lines.0.to_string(),
        unmatched.in_deposit(deposit).to_string(),
        decimal(adjustments),
        code(deposit.currency),
        deposit.account.clone(),
        deposit.trace_number.clone().unwrap_or_default(),
    ]
}

/// The cells of a deposit's line.
pub fn line_cells(deposit: &Deposit, row: &DepositLine, unmatched: &Unmatched) -> Vec<String> {
    let DepositLine { line, funded, entry } = row;
    let currency = funded.currency.or(deposit.currency);
    let entry = entry.as_ref();
    vec![
        deposit.id.clone(),
        deposit.day.to_string(),
        line.reference.clone(),
        funded.kind.as_str().to_owned(),
        decimal(funded.amount, currency),
        code(currency),
        funded.status.as_str().to_owned(),
        known(line.settled.first().map(|settled| settled.day.to_string())),
        known(entry.map(|entry| entry.order.order.to_string())),
        known(entry.map(|entry| entry.transaction.to_string())),
        known(
            unmatched.of_reference(&deposit.account, &line.reference).map(|cause| cause.as_str().to_owned()),
        ),
        if funded.is_money() { "yes" } else { "no" }.to_owned(),
    ]
}

pub fn exception_cells(one: &Exception) -> Vec<String> {
    let decimal = |amount: Option<SignedAmount>| known(amount.map(|amount| decimal(amount, one.currency)));
    let resolution = one.resolution.as_ref();
    vec![
        one.id.to_string(),
        exception_state(one).to_owned(),
        one.cause.as_str().to_owned(),
        one.day.to_string(),
        one.account.clone(),
        known(one.reference.clone()),
        known(one.deposit.clone()),
        known(one.case.clone()),
        known(one.order.as_ref().map(|order| order.order.to_string())),
        known(one.transaction.map(|id| id.to_string())),
        decimal(one.expected),
        decimal(one.found),
        code(one.currency),
        seconds(one.since),
        known(one.gone_at.map(seconds)),
        known(resolution.map(|resolution| resolution.by.clone())),
        known(resolution.map(|resolution| resolution.reason.clone())),
        known(one.detail.clone()),
    ]
}

/// The cells of a payment or refund whose money has not arrived.
pub fn outstanding_cells(one: &Outstanding) -> Vec<String> {
    let expectation = &one.expectation;
    vec![
        one.progressed.as_str().to_owned(),
        seconds(expectation.at),
        decimal(expectation.amount, Some(expectation.currency)),
        code(Some(expectation.currency)),
        expectation.account.clone(),
        known(expectation.reference.clone()),
        expectation.order.order.to_string(),
        expectation.transaction.to_string(),
        expectation.operation.to_string(),
        known(one.settled_on.map(|day| day.to_string())),
        known(one.unmatched.map(|cause| cause.as_str().to_owned())),
    ]
}

/// The word for whether there is something left to do about an exception.
pub fn exception_state(exception: &Exception) -> &'static str {
    if exception.is_open() { "open" } else { "closed" }
}

/// An amount with its sign and the currency's decimals; two, where the gateway states no currency.
pub fn decimal(amount: impl Into<SignedAmount>, currency: Option<Currency>) -> String {
    currency.unwrap_or(Currency::USD).signed_decimal(amount)
}

fn code(currency: Option<Currency>) -> String {
    currency.map_or_else(String::new, |currency| currency.code().to_owned())
}

fn known(text: Option<String>) -> String {
    text.unwrap_or_default()
}
