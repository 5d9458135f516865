//! Helpers that tests of settlement begin with.

use std::{collections::BTreeMap, sync::Arc};

use jiff::{Timestamp, civil::Date};
use uuid::Uuid;

use super::{Deposit, DepositEntry, Exception, Line, PackKey, SettlementNews};
use crate::{
    memory::{JournalTable, SettlementTable},
    memory::{new_operation, payment},
    order::{Decision, GatewayResponse, Kind, MerchantId, Operation, Order, OrderKey, PaymentKind},
    values::{Currency, SignedAmount},
    webhooks::{Event, EventBus},
};

/// Changes an amount by some minor units.
pub(super) fn shift(amount: &mut SignedAmount, minor: i64) {
    *amount = amount.checked_add(SignedAmount::new(minor)).unwrap();
}

/// The items that runs left: lines, deposits, exceptions, and settlement's entries of the journal.
#[derive(Debug, PartialEq)]
pub(super) struct LeftByRuns {
    pub(super) lines: BTreeMap<PackKey, Vec<Line>>,
    pub(super) deposits: Vec<Deposit>,
    pub(super) exceptions: Vec<Exception>,
    pub(super) entries: Vec<DepositEntry>,
}

/// Everything that a run left, by its key.
pub(super) fn left(table: &SettlementTable) -> LeftByRuns {
    let lines = table.all_lines().into_iter().filter(|(_, packed)| !packed.lines.is_empty());
    let mut deposits: Vec<_> = table.all_deposits().into_values().collect();
    deposits.sort_by(|one, other| (&one.id, &one.account).cmp(&(&other.id, &other.account)));
    let lines = lines.map(|((_, pack), packed)| (pack, packed.lines)).collect();
    LeftByRuns { lines, deposits, exceptions: table.all_exceptions(), entries: table.deposit_entries() }
}

/// Tells both events there.
pub(super) fn news(bus: Arc<dyn EventBus>) -> SettlementNews {
    SettlementNews { bus, created: told, differs: told_to_differ }
}

/// The event of an exception.
fn told_to_differ(
    merchant: &MerchantId,
    exception: &Exception,
    at: Timestamp,
    closed_at: Option<Timestamp>,
) -> Event {
    Event {
        id: Uuid::new_v5(&exception.id, format!("{closed_at:?}").as_bytes()),
        kind: "deposit.differs",
        merchant: merchant.clone(),
        at,
        body: exception.detail.clone().unwrap_or_default(),
    }
}

/// Puts a line where it belongs.
pub(super) fn put(table: &SettlementTable, account: &str, day: Option<Date>, line: Line) {
    table.put_line(&merchant(), PackKey::of(account, day, &line.reference), line);
}

/// The event of a new deposit.
fn told(merchant: &MerchantId, deposit: &Deposit) -> Event {
    Event {
        id: Uuid::nil(),
        kind: "deposit.created",
        merchant: merchant.clone(),
        at: deposit.read_at,
        body: deposit.id.clone(),
    }
}

pub(super) fn merchant() -> MerchantId {
    "m".parse().unwrap()
}

/// One more order, with these operations of one payment.
pub(super) fn add(log: &JournalTable, operations: Vec<Operation>) {
    let name = format!("o{}", log.all().len());
    let key = OrderKey { merchant: merchant(), order: name.parse().unwrap() };
    let mut order = Order::new(&key, Currency::USD, None, Timestamp::UNIX_EPOCH);
    let is_purchase = operations[0].kind == Kind::Purchase;
    let kind = if is_purchase { PaymentKind::Purchase } else { PaymentKind::Authorize };
    let mut operations = operations.into_iter();
    let mut transaction = payment(kind, operations.next().unwrap());
    transaction.operations.extend(operations);
    order.transactions.push(transaction);
    log.follow(None, &order);
}

pub(super) fn done(n: u128, kind: Kind, minor: u64, reference: &str, at: Timestamp) -> Operation {
    let mut operation = Operation::new(new_operation(Uuid::from_u128(n), kind, minor), at);
    let response = GatewayResponse { reference: Some(reference.to_owned()), ..GatewayResponse::default() };
    operation.decide(Decision::Approved(response), at);
    operation
}
