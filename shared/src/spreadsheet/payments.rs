//! A transaction as a line of a file.

use jiff::Timestamp;

use tollgate_core::{
    journal::{BadRow, Concern, Row},
    order::TransactionStatus,
    values::Brand,
};

/// The names of the columns. None is ever changed; a release may add some at the end.
pub const COLUMNS: [&str; 16] = [
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
];

/// The status of a row that cannot be read.
pub const UNREADABLE: &str = "unreadable";

/// The codes as one cell.
pub fn codes(found: &[Concern]) -> String {
    found.iter().map(|concern| concern.as_str()).collect::<Vec<_>>().join(" ")
}

/// The cells of a row, one for each column. Times are whole seconds of UTC, amounts have the currency's decimals, and what
/// is not known is empty. `status` is the API's word for a status.
pub fn cells(
    row: &Row,
    now: Timestamp,
    status: impl Fn(TransactionStatus) -> &'static str,
) -> Option<Vec<String>> {
    let order = &row.order;
    let transaction = order.transaction(row.transaction)?;
    let decimal = |amount| order.currency.decimal(amount);
    let known = |text: Option<&str>| text.unwrap_or_default().to_owned();
    Some(vec![
        row.at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
        status(transaction.status()).to_owned(),
        transaction.kind.as_str().to_owned(),
        order.currency.to_string(),
        decimal(transaction.amount()),
        decimal(transaction.captured()),
        decimal(transaction.refunded()),
        known(transaction.card().and_then(|card| card.brand).map(Brand::name)),
        known(transaction.card().and_then(|card| card.last_four.as_deref())),
        known(transaction.reference()),
        known(transaction.custom_reference.as_deref()),
        known(transaction.memo.as_ref().map(|memo| memo.reference.as_str())),
        order.id.to_string(),
        transaction.id.to_string(),
        codes(&row.concerns(now)),
        String::new(),
    ])
}

/// The cells of a row that cannot be read: where it would be, what it is about, and the key of the item.
pub fn bad_cells(row: &BadRow) -> Vec<String> {
    COLUMNS
        .map(|column| match column {
            "time" => row.at.map(|at| at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()),
            "status" => Some(UNREADABLE.to_owned()),
            "order" => row.order.as_ref().map(ToString::to_string),
            "transaction" => row.transaction.map(|transaction| transaction.to_string()),
            "unreadable" => Some(row.item.key.clone()),
            _ => None,
        })
        .map(Option::unwrap_or_default)
        .to_vec()
}
