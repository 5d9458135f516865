//! The journal's entries of items of every form: the same before and after a write, and after a
//! decision.

use std::collections::BTreeMap;

use tollgate_core::{
    journal::{Changes, Entry, entries},
    order::{Decision, GatewayResponse, OperationState, Order, Stage},
};
use uuid::Uuid;

use crate::{items, next_form, read, written};

fn by_id(entries: Vec<Entry>) -> BTreeMap<Uuid, Entry> {
    let count = entries.len();
    let map: BTreeMap<_, _> = entries.into_iter().map(|entry| (entry.id, entry)).collect();
    assert_eq!(map.len(), count, "two entries have one id");
    map
}

fn sums_are_the_orders(name: &str, order: &Order) {
    let sum = Changes::sum(entries(None, order).into_iter().map(|entry| entry.changes)).unwrap();
    let balance = order.balance();
    assert_eq!((sum.paid, sum.returned), (balance.paid.into(), balance.returned.into()), "{name}");
}

#[test]
fn items_of_every_form_tell_the_same_before_and_after_they_are_written_again() {
    let mut told = 0;
    let next = items::all().map(|(name, item)| (format!("{name} in the next form"), next_form::of(&item)));
    for (name, item) in items::all().chain(next) {
        let order = read(&item);
        let before = by_id(entries(None, &order));
        assert_eq!(by_id(entries(None, &read(&written(&order)))), before, "{name}");
        sums_are_the_orders(&name, &order);
        told += before.len();
    }
    assert!(told > 100, "{told}");
}

#[test]
fn what_is_decided_of_an_item_of_any_form_adds_to_what_was_told_and_changes_none_of_it() {
    let mut decided = 0;
    for (name, item) in items::all() {
        let before = read(&item);
        let mut after = before.clone();
        let mut operations = after.transactions.iter_mut().flat_map(|t| &mut t.operations);
        let Some(pending) = operations.find(|operation| operation.is(Stage::Pending)) else { continue };
        let response = GatewayResponse { reference: Some("1".to_owned()), ..GatewayResponse::default() };
        pending.state = OperationState::Decided(Decision::Approved(response));
        // Later than anything in it.
        pending.updated_at = before.updated_at;
        let mut united = by_id(entries(None, &before));
        let new = entries(Some(&before), &after);
        assert_eq!(new.len(), 1, "{name}");
        united.extend(by_id(new));
        assert_eq!(united, by_id(entries(None, &after)), "{name}");
        sums_are_the_orders(&name, &after);
        decided += 1;
    }
    assert!(decided > 10, "{decided}");
}
