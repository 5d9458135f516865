//! What reached the merchant's bank account, and what did not: deposits, their lines, and what does not fit.

mod deposits;
mod exceptions;
mod of_transaction;

pub use deposits::{get_deposit, list_deposits};
pub use exceptions::{list_exceptions, note_exception, resolve_exception};
pub use of_transaction::get_settlement;

use serde_json::{Value, json};
use tollgate_core::{payments::Refusal, settlement::Progress, values::Currency};

use crate::{
    api::{caller::Caller, failure::Failure},
    ports::Transactions,
};

/// An amount of a file, with its sign and the currency's decimals; two, where the gateway states no currency.
fn decimal(minor: i64, currency: Option<Currency>) -> String {
    currency.unwrap_or(Currency::USD).signed_decimal(minor)
}

/// How far the gateway's reports were read, account by account: whether it offers deposits at all is part of what a list
/// says.
async fn accounts(ports: &Transactions, caller: &Caller) -> Result<Value, Failure> {
    let all = ports.settlement.progress.of(&caller.merchant.id).await.map_err(Refusal::Store)?;
    Ok(all.iter().map(account_value).collect())
}

fn account_value(progress: &Progress) -> Value {
    json!({"mid": progress.account, "read_at": progress.read_at, "has_deposits": progress.funding})
}
