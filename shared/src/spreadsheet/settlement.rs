//! Deposits, their lines and exceptions as lines of a file.

use tollgate_core::{
    settlement::{
        Deposit, DepositLine, DepositSums, Exception, ExceptionCause, Figure, MonthRow, Outstanding,
        Unmatched,
    },
    values::{Currency, SignedAmount},
};
use tollgate_wire::ExceptionState;

use super::{FileColumn, FileRow, column, known, seconds};

/// A deposit, with the exceptions that are about it.
pub struct DepositRow<'a> {
    deposit: &'a Deposit,
    sums: DepositSums,
    unmatched: &'a Unmatched,
}

impl<'a> DepositRow<'a> {
    /// The row of a deposit.
    pub fn new(deposit: &'a Deposit, unmatched: &'a Unmatched) -> Self {
        Self { deposit, sums: DepositSums::of(deposit), unmatched }
    }

    fn decimal(&self, amount: Option<SignedAmount>) -> String {
        stated(amount, self.deposit.currency)
    }
}

impl FileRow for DepositRow<'_> {
    fn columns() -> Vec<FileColumn<Self>> {
        let columns: [FileColumn<Self>; 13] = [
            column("deposit", |it| it.deposit.id.clone()),
            column("date", |it| it.deposit.day.to_string()),
            column("gross", |it| it.decimal(it.sums.gross)),
            column("refunds", |it| it.decimal(Some(it.sums.refunds))),
            column("fees", |it| it.decimal(it.sums.fees)),
            column("chargebacks", |it| it.decimal(Some(it.sums.chargebacks))),
            column("net", |it| it.decimal(Some(it.deposit.total))),
            column("lines", |it| it.deposit.lines.0.to_string()),
            column("unmatched", |it| it.unmatched.in_deposit(it.deposit).to_string()),
            column("adjustments", |it| it.decimal(it.sums.adjustments)),
            column("currency", |it| code(it.deposit.currency)),
            column("mid", |it| it.deposit.account.clone()),
            column("trace_number", |it| known(it.deposit.trace_number.as_deref())),
        ];
        columns.into()
    }
}

/// A deposit's line, with the exceptions of its merchant.
pub struct LineRow<'a> {
    /// The deposit that has the line.
    pub deposit: &'a Deposit,
    /// The line.
    pub row: &'a DepositLine,
    /// The exceptions.
    pub unmatched: &'a Unmatched,
}

impl LineRow<'_> {
    fn currency(&self) -> Option<Currency> {
        self.row.funded.currency.or(self.deposit.currency)
    }

    fn cause(&self) -> Option<ExceptionCause> {
        self.unmatched.of_reference(&self.deposit.account, &self.row.line.reference)
    }
}

impl FileRow for LineRow<'_> {
    fn columns() -> Vec<FileColumn<Self>> {
        let columns: [FileColumn<Self>; 12] = [
            column("deposit", |it| it.deposit.id.clone()),
            column("date", |it| it.deposit.day.to_string()),
            column("retref", |it| it.row.line.reference.clone()),
            column("kind", |it| it.row.funded.kind.as_str().to_owned()),
            column("amount", |it| decimal(it.row.funded.amount, it.currency())),
            column("currency", |it| code(it.currency())),
            column("status", |it| it.row.funded.status.as_str().to_owned()),
            column("settled_at", |it| text(it.row.line.settled.first().map(|settled| settled.day))),
            column("order", |it| text(it.row.entry.as_ref().map(|entry| &entry.order.order))),
            column("transaction", |it| text(it.row.entry.as_ref().map(|entry| entry.transaction))),
            column("unmatched", |it| known(it.cause().map(ExceptionCause::as_str))),
            column("counts", |it| if it.row.funded.is_money() { "yes" } else { "no" }.to_owned()),
        ];
        columns.into()
    }
}

impl FileRow for &Exception {
    fn columns() -> Vec<FileColumn<Self>> {
        let columns: [FileColumn<Self>; 19] = [
            column("exception", |it| it.id.to_string()),
            column("state", |it| exception_state(it).as_str().to_owned()),
            column("cause", |it| it.cause.as_str().to_owned()),
            column("date", |it| it.day.to_string()),
            column("mid", |it| it.account.clone()),
            column("retref", |it| known(it.reference.as_deref())),
            column("deposit", |it| known(it.deposit.as_deref())),
            column("case", |it| known(it.case.as_deref())),
            column("order", |it| text(it.order.as_ref().map(|order| &order.order))),
            column("transaction", |it| text(it.transaction)),
            column("expected", |it| stated(it.expected, it.currency)),
            column("found", |it| stated(it.found, it.currency)),
            column("currency", |it| code(it.currency)),
            column("since", |it| seconds(it.since)),
            column("gone_at", |it| text(it.gone_at.map(seconds))),
            column("resolved_by", |it| known(it.resolution.as_ref().map(|one| one.by.as_str()))),
            column("reason", |it| known(it.resolution.as_ref().map(|one| one.reason.as_str()))),
            column("detail", |it| known(it.detail.as_deref())),
            column("difference", |it| stated(it.difference(), it.currency)),
        ];
        columns.into()
    }
}

/// A payment or refund whose money has not arrived.
impl FileRow for &Outstanding {
    fn columns() -> Vec<FileColumn<Self>> {
        let columns: [FileColumn<Self>; 13] = [
            column("state", |it| it.progressed.as_str().to_owned()),
            column("at", |it| seconds(it.expectation.at)),
            column("amount", |it| decimal(it.expectation.amount, Some(it.expectation.currency))),
            column("currency", |it| code(Some(it.expectation.currency))),
            column("mid", |it| it.expectation.account.clone()),
            column("retref", |it| known(it.expectation.reference.as_deref())),
            column("order", |it| it.expectation.order.order.to_string()),
            column("transaction", |it| it.expectation.transaction.to_string()),
            column("operation", |it| it.expectation.operation.to_string()),
            column("settled_at", |it| text(it.settled_on)),
            column("unmatched", |it| known(it.unmatched.map(ExceptionCause::as_str))),
            column("due_on", |it| text(it.due.map(|due| due.on))),
            column("days_late", |it| text(it.due.map(|due| due.days_late))),
        ];
        columns.into()
    }
}

/// A row of a month, with a column for each figure: each adds up to the figure.
impl FileRow for &MonthRow {
    fn columns() -> Vec<FileColumn<Self>> {
        let columns: [FileColumn<Self>; 11] = [
            column("kind", |it| it.kind.as_str().to_owned()),
            column("time", |it| text(it.movement().map(|entry| seconds(entry.at)))),
            column("fact", |it| text(it.movement().map(|entry| entry.fact.as_str()))),
            column("order", |it| text(it.entry.as_ref().map(|entry| &entry.order.order))),
            column("transaction", |it| text(it.entry.as_ref().map(|entry| entry.transaction))),
            column("retref", |it| known(it.reference.as_deref())),
            column("mid", |it| it.account.clone()),
            column("currency", |it| code(it.currency)),
            column("deposit", |it| text(it.deposit.as_ref().map(|deposit| &deposit.id))),
            column("date", |it| text(it.deposit.as_ref().map(|deposit| deposit.day))),
            column("cause", |it| known(it.cause.map(ExceptionCause::as_str))),
        ];
        columns.into()
    }

    fn names() -> Vec<&'static str> {
        let figures = Figure::ALL.iter().map(|figure| figure.as_str());
        Self::columns().iter().map(|column| column.name).chain(figures).collect()
    }

    fn cells(&self) -> Vec<String> {
        let amount = |figure: &Figure| stated(self.amounts.get(figure).copied(), self.currency);
        let figures = Figure::ALL.iter().map(amount);
        Self::columns().iter().map(|column| (column.cell)(self)).chain(figures).collect()
    }
}

/// The word for whether there is something left to do about an exception.
pub fn exception_state(exception: &Exception) -> ExceptionState {
    if exception.is_open() { ExceptionState::Open } else { ExceptionState::Closed }
}

/// An amount with its sign and the currency's decimals; two, where the gateway states no currency.
pub fn decimal(amount: impl Into<SignedAmount>, currency: Option<Currency>) -> String {
    currency.unwrap_or(Currency::USD).signed_decimal(amount)
}

fn code(currency: Option<Currency>) -> String {
    currency.map_or_else(String::new, |currency| currency.code().to_owned())
}

fn stated(amount: Option<SignedAmount>, currency: Option<Currency>) -> String {
    text(amount.map(|amount| decimal(amount, currency)))
}

fn text(value: Option<impl ToString>) -> String {
    value.map(|value| value.to_string()).unwrap_or_default()
}
