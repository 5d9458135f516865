//! `GET /v2/transactions/{transactionId}/settlement`: when the money of one payment and its refunds
//! arrived.

use lambda_http::Request;
use tollgate_core::{
    order::Rejection,
    payments::{Role, order_of_payment},
    settlement::{Verdict, payment_among, settlement_of},
};
use tollgate_wire::{SettlementRecord, Single, TransactionSettlement, constant::SettlementType};
use uuid::Uuid;

use crate::{
    api::{Caller, Handled, Reply},
    elastic_path::{payments::follow_up::transaction_id, request::Parameters},
    ports::Transactions,
};

handlers! {
    /// `GET /v2/transactions/{transactionId}/settlement`: batch and deposit of a payment, and of
    /// each of its refunds.
    get_settlement(Transactions) => read();
}

async fn read(ports: &Transactions, request: &Request) -> Handled<Single<TransactionSettlement>> {
    let caller = Caller::merchant(&ports.access, request, Role::Read).await?;
    Parameters::none(request)?;
    let id = transaction_id(request)?;
    let (index, store) = (ports.index.as_ref(), ports.orders.as_ref());
    let found = order_of_payment(index, store, &caller.merchant.id, id).await?;
    let order = found.ok_or(Rejection::TransactionNotFound)?;
    let lines = ports.settlement.lines.as_ref();
    let found = settlement_of(lines, &order, id, ports.access.now()).await?;
    Ok(Reply::new(200, Single { data: shown(id, &found) }))
}

/// The payment's own days beside those of each record.
fn shown(id: Uuid, records: &[Verdict]) -> TransactionSettlement {
    let payment = payment_among(records);
    TransactionSettlement {
        kind: SettlementType,
        id,
        state: payment.map(|verdict| verdict.progressed.into()),
        settled_at: payment.and_then(|verdict| verdict.settled_on),
        funded_at: payment.and_then(|verdict| verdict.funded_on),
        deposit: payment.and_then(|verdict| verdict.deposit.clone()),
        records: records.iter().filter_map(settlement_record_value).collect(),
    }
}

/// A record at the gateway and how far its money is; `None` if it is not known here.
pub fn settlement_record_value(verdict: &Verdict) -> Option<SettlementRecord> {
    let expectation = verdict.expectation.as_ref()?;
    Some(SettlementRecord {
        operation_id: expectation.operation,
        retref: expectation.reference.clone(),
        mid: expectation.account.clone(),
        amount: expectation.amount.into(),
        currency: expectation.currency.code().to_owned(),
        state: verdict.progressed.into(),
        settled_at: verdict.settled_on,
        funded_at: verdict.funded_on,
        deposit: verdict.deposit.clone(),
    })
}
