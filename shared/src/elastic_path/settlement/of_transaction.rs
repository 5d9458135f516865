//! `GET /v2/transactions/{transactionId}/settlement`: when the money of one payment and its refunds
//! arrived.

use lambda_http::Request;
use serde_json::{Value, json};
use tollgate_core::{
    order::Rejection,
    payments::{Role, order_of_payment},
    settlement::{Verdict, payment_among, settlement_of},
};
use uuid::Uuid;

use crate::{
    api::{Caller, Handled, Reply},
    elastic_path::{payments::follow_up::transaction_id, request::Parameters, response::enveloped},
    ports::Transactions,
};

handlers! {
    /// `GET /v2/transactions/{transactionId}/settlement`: batch and deposit of a payment, and of
    /// each of its refunds.
    get_settlement(Transactions) => read();
}

async fn read(ports: &Transactions, request: &Request) -> Handled<Value> {
    let caller = Caller::merchant(&ports.access, request, Role::Read).await?;
    Parameters::none(request)?;
    let id = transaction_id(request)?;
    let (index, store) = (ports.index.as_ref(), ports.orders.as_ref());
    let found = order_of_payment(index, store, &caller.merchant.id, id).await?;
    let order = found.ok_or(Rejection::TransactionNotFound)?;
    let lines = ports.settlement.lines.as_ref();
    let found = settlement_of(lines, &order, id, ports.access.now()).await?;
    Ok(Reply::new(200, enveloped(shown(id, &found))))
}

/// The payment's own days beside those of each record.
fn shown(id: Uuid, records: &[Verdict]) -> Value {
    let payment = payment_among(records);
    json!({
        "type": "settlement",
        "id": id,
        "state": payment.map(|verdict| verdict.progressed.as_str()),
        "settled_at": payment.and_then(|verdict| verdict.settled_on),
        "funded_at": payment.and_then(|verdict| verdict.funded_on),
        "deposit": payment.and_then(|verdict| verdict.deposit.as_ref()),
        "records": records.iter().filter_map(settlement_record_value).collect::<Vec<_>>(),
    })
}

/// A record at the gateway and how far its money is; `None` if it is not known here.
pub fn settlement_record_value(verdict: &Verdict) -> Option<Value> {
    let expectation = verdict.expectation.as_ref()?;
    Some(json!({
        "operation_id": expectation.operation,
        "retref": expectation.reference,
        "mid": expectation.account,
        "amount": expectation.amount,
        "currency": expectation.currency.code(),
        "state": verdict.progressed.as_str(),
        "settled_at": verdict.settled_on,
        "funded_at": verdict.funded_on,
        "deposit": verdict.deposit,
    }))
}
