//! The gateway's ledger and ours, order by order, and a check that they agree.

use std::collections::{BTreeMap, HashMap};

use serde_json::Value;
use tollgate_core::order::{Kind, Operation, Order};

use crate::{case::Case, shop::Shop};

/// The sums of an order, in cents.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Account {
    /// Authorized, neither captured nor voided.
    pub(crate) held: u64,
    /// Captured, before refunds are taken off.
    pub(crate) taken: u64,
    /// Refunded of the captured amount.
    pub(crate) refunded: u64,
    /// Payments that were undone.
    pub(crate) voided: usize,
}

/// No intent was carried out twice: by the gateway's ledger, and by the requests that went over the
/// wire.
pub(crate) async fn assert_nothing_moved_twice(shop: &Shop, cases: &[Case]) {
    let entries = approved(shop);
    let mut carried_out: HashMap<(&str, &str), usize> = HashMap::new();
    for entry in &entries {
        let member = |name: &str| entry[name].as_str().unwrap();
        *carried_out.entry((member("kind"), member("orderId"))).or_default() += 1;
    }
    for (id, times) in carried_out {
        assert_eq!(times, 1, "{id:?} was carried out more than once");
    }
    let (by_order_id, by_retref) = (shop.gateway.sent("orderid"), shop.gateway.sent("retref"));
    let times = |sent: &HashMap<String, usize>, id: &str| sent.get(id).copied().unwrap_or_default();
    for case in cases {
        let order = shop.order(&case.order).await;
        for transaction in &order.transactions {
            for operation in &transaction.operations {
                let sent = times(&by_order_id, &operation.attempt.gateway_order_id);
                assert!(sent <= operation.attempt.number as usize, "sent {sent} times: {operation:?}");
            }
            // A void goes without an order id of its own.
            let Some(retref) = transaction.reference() else { continue };
            let attempts: u32 =
                follow_ups(&transaction.operations).map(|operation| operation.attempt.number).sum();
            let sent = times(&by_retref, retref);
            assert!(sent <= attempts as usize, "sent {sent} times: {transaction:?}");
        }
    }
}

/// The gateway's ledger, ours and the requests are the same, order by order.
pub(crate) async fn assert_all_agree(shop: &Shop, cases: &[Case]) {
    assert_nothing_moved_twice(shop, cases).await;
    let mut gateway = BTreeMap::<String, Account>::new();
    for entry in approved(shop) {
        let order = entry["userfields"][0]["order_id"].as_str().unwrap().to_owned();
        add(gateway.entry(order).or_default(), &entry);
    }
    for case in cases {
        let theirs = gateway.remove(&case.order).unwrap_or_default();
        let ours = account(&shop.order(&case.order).await);
        assert_eq!((theirs, ours), (case.expected, case.expected), "{}: gateway, ours", case.order);
        assert!(theirs.held + theirs.taken <= case.total, "{} is paid more than once", case.order);
    }
    assert!(gateway.is_empty(), "at the gateway only: {gateway:?}");
}

fn approved(shop: &Shop) -> Vec<Value> {
    let mut entries = shop.stack.simulator().transactions();
    entries.retain(|entry| entry["respstat"] == "A");
    entries
}

fn follow_ups(operations: &[Operation]) -> impl Iterator<Item = &Operation> {
    operations.iter().filter(|operation| !matches!(operation.kind, Kind::Authorize | Kind::Purchase))
}

fn add(account: &mut Account, entry: &Value) {
    let cents: u64 = entry["amount"].as_str().unwrap().replace(['.', '-'], "").parse().unwrap();
    match (entry["kind"].as_str().unwrap(), entry["setlstat"].as_str().unwrap()) {
        ("refund", _) => account.refunded += cents,
        (_, "Authorized") => account.held += cents,
        (_, "Queued for Capture" | "Accepted" | "Refunded") => account.taken += cents,
        (_, "Voided") => account.voided += 1,
        other => panic!("{other:?}: {entry}"),
    }
}

fn account(order: &Order) -> Account {
    let mut account = Account::default();
    for transaction in order.transactions.iter().filter(|transaction| transaction.began()) {
        if transaction.voided().is_some() {
            account.voided += 1;
            continue;
        }
        account.held += transaction.capturable().minor();
        account.taken += transaction.captured().minor();
        account.refunded += transaction.refunded().minor();
    }
    account
}
