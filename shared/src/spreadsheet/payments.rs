//! A transaction as a line of a file.

use jiff::Timestamp;

use tollgate_core::{
    journal::{Concern, Fees, Row, fees},
    order::{Operation, Transaction, TransactionStatus},
    values::{Amount, Brand, CardSummary, RetryScope, SchemeCode, SchemeWords},
};

use super::{FileColumn, FileRow, column, known, seconds};

/// The codes as one cell.
pub fn codes(found: &[Concern]) -> String {
    found.iter().map(|concern| concern.as_str()).collect::<Vec<_>>().join(" ")
}

/// A payment as it is now.
pub struct PaymentRow<'a> {
    row: &'a Row,
    transaction: &'a Transaction,
    fees: Option<Fees>,
    now: Timestamp,
    status: fn(TransactionStatus) -> &'static str,
}

impl<'a> PaymentRow<'a> {
    /// The row of a payment. `status` is the API's word for a status.
    pub fn new(row: &'a Row, now: Timestamp, status: fn(TransactionStatus) -> &'static str) -> Option<Self> {
        let transaction = row.order.transaction(row.transaction)?;
        Some(Self { row, transaction, fees: fees(transaction), now, status })
    }

    fn decimal(&self, amount: Amount) -> String {
        self.row.order.currency.decimal(amount)
    }

    fn fee(&self, of: fn(Fees) -> Amount) -> String {
        self.fees.map_or_else(String::new, |fees| self.decimal(of(fees)))
    }

    fn card(&self) -> Option<&CardSummary> {
        self.transaction.card()
    }

    /// The operation that the payment was declined with.
    fn declined(&self) -> Option<&Operation> {
        self.transaction.first().filter(|first| first.decline().is_some())
    }

    /// The subject of a card scheme's ban after the decline.
    fn scope(&self) -> Option<RetryScope> {
        self.declined()?.decline()?.rule?.class.scope()
    }

    /// A code of the card scheme about the decline.
    fn scheme_code(&self, of: fn(&SchemeWords) -> Option<&SchemeCode>) -> String {
        let words = self.declined().and_then(|declined| declined.response()?.scheme.as_deref());
        known(words.and_then(of).map(|stated| stated.code.as_str()))
    }
}

impl FileRow for PaymentRow<'_> {
    fn columns() -> Vec<FileColumn<Self>> {
        let columns: [FileColumn<Self>; 29] = [
            column("time", |it| seconds(it.row.at)),
            column("status", |it| (it.status)(it.transaction.status()).to_owned()),
            column("method", |it| it.transaction.kind.as_str().to_owned()),
            column("currency", |it| it.row.order.currency.to_string()),
            column("amount", |it| it.decimal(it.transaction.amount())),
            column("captured", |it| it.decimal(it.transaction.captured())),
            column("refunded", |it| it.decimal(it.transaction.refunded())),
            column("brand", |it| known(it.card().and_then(|card| card.brand).map(Brand::name))),
            column("last_four", |it| known(it.card().and_then(|card| card.last_four.as_deref()))),
            column("retref", |it| known(it.transaction.reference())),
            column("custom_reference", |it| known(it.transaction.custom_reference())),
            column("merchant_reference", |it| {
                known(it.transaction.memo.as_ref().map(|memo| memo.reference.as_str()))
            }),
            column("order", |it| it.row.order.id.to_string()),
            column("transaction", |it| it.transaction.id.to_string()),
            column("needs_attention", |it| codes(&it.row.concerns(it.now))),
            column("unreadable", |_| String::new()),
            column("fee_kind", |it| known(it.fees.map(|fees| fees.kind.as_str()))),
            column("fee", |it| it.fee(|fees| fees.amount)),
            column("captured_fee", |it| it.fee(|fees| fees.captured)),
            column("refunded_fee", |it| it.fee(|fees| fees.refunded)),
            column("paymentmethod_name", |it| known(it.transaction.references.name.as_deref())),
            column("description", |it| known(it.transaction.references.description.as_deref())),
            column("metadata", |it| it.transaction.references.metadata.line(usize::MAX)),
            column("state", |it| it.transaction.word(it.now).as_str().to_owned()),
            column("retry_scope", |it| known(it.scope().map(RetryScope::as_str))),
            column("retry_at", |it| {
                it.declined().and_then(Operation::retry_at).map(seconds).unwrap_or_default()
            }),
            column("scheme_advice_code", |it| it.scheme_code(|words| words.advice.as_ref())),
            column("scheme_response_code", |it| it.scheme_code(|words| words.response.as_ref())),
            column("scheme_category", |it| it.scheme_code(|words| words.category.as_ref())),
        ];
        columns.into()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use jiff::SignedDuration;
    use tollgate_core::{
        order::{Decision, Decline, GatewayResponse, OperationState, Order},
        values::{DeclineCode, Metadata, References, RetryClass, RetryRule},
    };

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
        let cells = PaymentRow::new(&row, Timestamp::UNIX_EPOCH, transaction_status).unwrap().cells();
        let mut file = Vec::new();
        crate::spreadsheet::write(&mut file, &PaymentRow::names(), [cells].into_iter()).unwrap();
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
    fn what_a_card_scheme_said_about_a_decline_is_in_columns_at_the_end() {
        let cells = |rule, words: SchemeWords| {
            let mut order = refunded_in_part(None);
            let response = GatewayResponse { scheme: Some(Box::new(words)), ..GatewayResponse::default() };
            let decline = Decline { rule, ..Decline::of(DeclineCode::DoNotHonor) };
            order.transactions[0].operations.truncate(1);
            order.transactions[0].operations[0].state =
                OperationState::Decided(Decision::Declined(response, decline));
            last_cells(order)
        };
        let code = |code| SchemeCode::stated(Some(code), Some("in words"));
        let closed = SchemeWords { advice: code("03"), response: code("14"), category: code("1") };
        let never = Some(RetryRule::new(RetryClass::Never));
        assert_eq!(cells(never, closed), ["card", "", "03", "14", "1"]);
        let later = SchemeWords { advice: code("24"), ..SchemeWords::default() };
        let an_hour = Some(RetryRule::wait(SignedDuration::from_hours(1), true));
        assert_eq!(cells(an_hour, later), ["", "1970-01-01T01:00:00Z", "24", "", ""]);
        assert_eq!(cells(None, SchemeWords::default()), [""; 5]);
        assert_eq!(last_cells(refunded_in_part(None)), [""; 5]);
    }

    /// The cells of the columns about a card scheme, which are the last ones.
    fn last_cells(order: Order) -> Vec<String> {
        let transaction = order.transactions[0].id;
        let row = Row { at: Timestamp::UNIX_EPOCH, order: Arc::new(order), transaction };
        let columns =
            ["retry_scope", "retry_at", "scheme_advice_code", "scheme_response_code", "scheme_category"];
        assert!(PaymentRow::names().ends_with(&columns));
        let cells = PaymentRow::new(&row, Timestamp::UNIX_EPOCH, transaction_status).unwrap().cells();
        cells[cells.len() - columns.len()..].to_vec()
    }

    #[test]
    fn fees_are_beside_the_amounts_and_empty_where_there_are_none() {
        let cells = |fees| {
            let order = Arc::new(refunded_in_part(fees));
            let transaction = order.transactions[0].id;
            let row = Row { at: Timestamp::UNIX_EPOCH, order, transaction };
            let row = PaymentRow::new(&row, Timestamp::UNIX_EPOCH, transaction_status).unwrap();
            let named = PaymentRow::names().into_iter().zip(row.cells());
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
