//! Money that reached the merchant's bank account, and money that did not: deposits, their lines,
//! and exceptions.

mod deposits;
mod exceptions;
mod month;
mod of_transaction;
mod outstanding;

pub use deposits::{deposit_line_value, deposit_value, get_deposit, list_deposits, whole_deposit_value};
pub use exceptions::{exception_value, get_exception, list_exceptions, note_exception, resolve_exception};
pub use month::report_month;
pub use of_transaction::{get_settlement, settlement_record_value};
pub use outstanding::{list_outstanding, outstanding_sum_value, outstanding_value};
pub(super) use {deposits::new_deposit, exceptions::exception_facts};

use tollgate_core::settlement::Progress;
use tollgate_wire::{ReadAccount, UnreadDay};

use crate::{
    api::{Caller, Failure},
    ports::Transactions,
};

/// How far the gateway's reports were read, account by account: a list also says whether an account
/// offers deposits at all.
async fn accounts(ports: &Transactions, caller: &Caller) -> Result<Vec<ReadAccount>, Failure> {
    let all = ports.settlement.progress.of(&caller.merchant.id).await?;
    Ok(all.iter().map(account_value).collect())
}

/// How far an account's reports were read.
pub fn account_value(progress: &Progress) -> ReadAccount {
    let unread = progress.unread.iter();
    let unread = unread.map(|one| UnreadDay { date: one.day, since: one.since, cause: one.cause.clone() });
    ReadAccount {
        mid: progress.account.clone(),
        read_at: progress.read_at,
        has_deposits: progress.funding,
        unread: unread.collect(),
    }
}
