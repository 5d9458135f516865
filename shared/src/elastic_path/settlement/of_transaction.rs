//! `GET /v2/transactions/{transactionId}/settlement`: when the money of one payment and its refunds arrived.

use lambda_http::Request;
use serde_json::{Value, json};
use tollgate_core::{
    journal::{day_of, entries_of},
    order::{Order, Rejection},
    payments::{Refusal, Role, StoreError, order_of_payment},
    settlement::{Compared, Expectation, Line, Verdict, Waits, expectations, line_of, match_account},
    values::ReadOrder,
};
use uuid::Uuid;

use crate::{
    api::{
        caller::Caller,
        exchange::{Handled, Reply},
    },
    elastic_path::{follow_up::transaction_id, parameters::Parameters, response::enveloped},
    ports::Transactions,
};

handlers! {
    /// `GET /v2/transactions/{transactionId}/settlement`: batch and deposit of a payment, and of each of its refunds.
    get_settlement(Transactions) => read();
}

async fn read(ports: &Transactions, request: &Request) -> Handled<Value> {
    let caller = Caller::merchant(&ports.access, request, Role::Read).await?;
    Parameters::none(request)?;
    let id = transaction_id(request)?;
    let (index, store) = (ports.index.as_ref(), ports.orders.as_ref());
    let found = order_of_payment(index, store, &caller.merchant.id, id).await.map_err(Refusal::Store)?;
    let order = found.ok_or(Rejection::TransactionNotFound)?;
    let expected = expected(&order, id);
    let mut records = Vec::new();
    for expectation in &expected {
        let lines = lines(ports, &caller, expectation).await.map_err(Refusal::Store)?;
        records.extend(verdict(ports, expectation, &lines).map(|verdict| (expectation, verdict)));
    }
    Ok(Reply::new(200, enveloped(shown(id, &records))))
}

/// The transaction's records at the gateway that move money, in the order of their times.
fn expected(order: &Order, transaction: Uuid) -> Vec<Expectation> {
    let entries = entries_of(order, ReadOrder::OldestFirst);
    let mut expected = expectations(entries.iter().filter(|entry| entry.transaction == transaction));
    expected.retain(|one| one.amount != 0);
    expected.sort_by_key(|one| one.at);
    expected
}

/// What the gateway's records say of it, where its line is, or where it was before the journal knew it.
async fn lines(
    ports: &Transactions,
    caller: &Caller,
    expectation: &Expectation,
) -> Result<Vec<Line>, StoreError> {
    let Some(reference) = &expectation.reference else { return Ok(Vec::new()) };
    let (store, day) = (ports.settlement.lines.as_ref(), Some(day_of(expectation.at)));
    Ok(vec![line_of(store, &caller.merchant.id, &expectation.account, day, reference).await?])
}

fn verdict(ports: &Transactions, expectation: &Expectation, lines: &[Line]) -> Option<Verdict> {
    let compared =
        Compared { lines, ..Compared::of(&expectation.account, std::slice::from_ref(expectation)) };
    // What is late is for the list of exceptions to say.
    match_account(&compared, &Waits::default(), ports.access.now()).verdicts.into_iter().next()
}

/// The payment's own days beside those of each record.
fn shown(id: Uuid, records: &[(&Expectation, Verdict)]) -> Value {
    let payment = records.iter().find(|(expectation, _)| expectation.amount > 0).map(|(_, verdict)| verdict);
    json!({
        "type": "settlement",
        "id": id,
        "state": payment.map(|verdict| verdict.progressed.as_str()),
        "settled_at": payment.and_then(|verdict| verdict.settled_on),
        "funded_at": payment.and_then(|verdict| verdict.funded_on),
        "deposit": payment.and_then(|verdict| verdict.deposit.as_ref()),
        "records": records.iter().map(|(one, verdict)| record(one, verdict)).collect::<Vec<_>>(),
    })
}

fn record(expectation: &Expectation, verdict: &Verdict) -> Value {
    json!({
        "operation_id": expectation.operation,
        "retref": expectation.reference,
        "mid": expectation.account,
        "amount": expectation.amount,
        "currency": expectation.currency.code(),
        "state": verdict.progressed.as_str(),
        "settled_at": verdict.settled_on,
        "funded_at": verdict.funded_on,
        "deposit": verdict.deposit,
    })
}
