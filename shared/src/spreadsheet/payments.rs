//! A transaction as a line of a file.

use jiff::Timestamp;

use tollgate_core::{
    journal::{Concern, Fees, Row, fees},
    order::TransactionStatus,
    values::{Amount, Brand},
};

use super::seconds;

/// The names of the columns. None is ever changed; a release may add some at the end.
pub const COLUMNS: [&str; 24] = [
    "time",
    "status",
    "method",
    "currency",
    "amount",
    "captured",
    "refunded",
    "brand",
    "last_four",
    "retref",
    "custom_reference",
    "merchant_reference",
    "order",
    "transaction",
    "needs_attention",
    "unreadable",
    "fee_kind",
    "fee",
    "captured_fee",
    "refunded_fee",
    "paymentmethod_name",
    "description",
    "metadata",
    "state",
];

/// The codes as one cell.
pub fn codes(found: &[Concern]) -> String {
    found.iter().map(|concern| concern.as_str()).collect::<Vec<_>>().join(" ")
}

/// The cells of a row, one for each column. Times are whole seconds of UTC, amounts have the
/// currency's decimals, and unknown values are empty. `status` is the API's word for a status.
pub fn cells(
    row: &Row,
    now: Timestamp,
    status: impl Fn(TransactionStatus) -> &'static str,
) -> Option<Vec<String>> {
    let order = &row.order;
    let transaction = order.transaction(row.transaction)?;
    let decimal = |amount| order.currency.decimal(amount);
    let fees = fees(transaction);
    let fee = |of: fn(Fees) -> Amount| fees.map_or_else(String::new, |fees| decimal(of(fees)));
    let references = &transaction.references;
    let known = |text: Option<&str>| text.unwrap_or_default().to_owned();
    Some(vec![
        seconds(row.at),
        status(transaction.status()).to_owned(),
        transaction.kind.as_str().to_owned(),
        order.currency.to_string(),
        decimal(transaction.amount()),
        decimal(transaction.captured()),
        decimal(transaction.refunded()),
        known(transaction.card().and_then(|card| card.brand).map(Brand::name)),
        known(transaction.card().and_then(|card| card.last_four.as_deref())),
        known(transaction.reference()),
        known(transaction.custom_reference()),
        known(transaction.memo.as_ref().map(|memo| memo.reference.as_str())),
        order.id.to_string(),
        transaction.id.to_string(),
        codes(&row.concerns(now)),
        String::new(),
        known(fees.map(|fees| fees.kind.as_str())),
        fee(|fees| fees.amount),
        fee(|fees| fees.captured),
        fee(|fees| fees.refunded),
        known(references.name.as_deref()),
        known(references.description.as_deref()),
        references.metadata.line(usize::MAX),
        transaction.word(now).as_str().to_owned(),
    ])
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use tollgate_core::values::{Metadata, References};

    use super::*;
    use crate::{elastic_path::transaction_status, test_payments::refunded_in_part};

    #[test]
    fn what_a_payment_is_known_by_is_in_columns_of_its_own_and_no_formula() {
        let mut order = refunded_in_part(None);
        let text = |text: &str| Some(text.to_owned());
        let metadata = [("a".to_owned(), "x;=2+2".to_owned()), ("-A1".to_owned(), "+3".to_owned())];
        order.transactions[0].references = References {
            custom_reference: text("=1+1"),
            name: text("@SUM(A1)"),
            description: text("-1-1"),
            metadata: Metadata::new(metadata.into()).unwrap(),
        };
        let transaction = order.transactions[0].id;
        let row = Row { at: Timestamp::UNIX_EPOCH, order: Arc::new(order), transaction };
        let cells = cells(&row, Timestamp::UNIX_EPOCH, transaction_status).unwrap();
        let mut file = Vec::new();
        crate::spreadsheet::write(&mut file, &COLUMNS, [cells].into_iter()).unwrap();
        let mut file = csv::Reader::from_reader(file.as_slice());
        let header = file.headers().unwrap().clone();
        let line = file.records().next().unwrap().unwrap();
        let cell = |column| &line[header.iter().position(|name| name == column).unwrap()];
        let columns =
            ["custom_reference", "merchant_reference", "paymentmethod_name", "description", "metadata"];
        let defused = ["'=1+1", "", "'@SUM(A1)", "'-1-1", "'-A1=+3; a=x;'=2+2"];
        assert_eq!(columns.map(cell), defused);
    }

    #[test]
    fn fees_are_beside_the_amounts_and_empty_where_there_are_none() {
        let cells = |fees| {
            let order = Arc::new(refunded_in_part(fees));
            let transaction = order.transactions[0].id;
            let row = Row { at: Timestamp::UNIX_EPOCH, order, transaction };
            let cells = cells(&row, Timestamp::UNIX_EPOCH, transaction_status).unwrap();
            let named = COLUMNS.into_iter().zip(cells);
            let wanted =
                ["amount", "captured", "refunded", "fee_kind", "fee", "captured_fee", "refunded_fee"];
            let named = named.filter(|(name, _)| wanted.contains(name));
            named.map(|(_, cell)| cell).collect::<Vec<_>>()
        };
        assert_eq!(cells(None), ["25.99", "25.99", "10.00", "", "", "", ""]);
        let with = ["25.99", "25.99", "10.00", "surcharge", "0.78", "0.78", "0.30"];
        assert_eq!(cells(Some([78, 30])), with);
    }
}
