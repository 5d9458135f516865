//! Two versions run over one table during every canary and every rollback. Each version reads the
//! other's items, and keeps members that it does not know. The other version is made up: the next
//! form, and members and words to come.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on stops")]

mod customers;
mod items;
mod journal;
mod next_form;
mod to_come;

use to_come::differences;
use tollgate::dynamodb::{Item, orders::StoredOrder};
use tollgate_core::{
    order::{Decision, GatewayResponse, NoEffect, OperationState, Order, Stage},
    payments::Shards,
    values::{Carried, FeeKind},
};

fn read(item: &Item) -> Order {
    StoredOrder(item.clone()).read().unwrap()
}

fn written(order: &Order) -> Item {
    StoredOrder::next(order, Shards { in_doubt: 4, captures: 16 }).0
}

#[test]
fn items_of_every_form_are_read_written_and_read_again_without_loss() {
    for (name, item) in items::all() {
        let order = read(&item);
        assert!(order.is_recognized(), "{name}");
        let again = read(&written(&order));
        assert_eq!(again, Order { version: order.version + 1, ..order }, "{name}");
    }
}

#[test]
fn the_items_of_a_form_show_every_state_that_it_can_store() {
    let orders: Vec<Order> = items::of("form_1").iter().map(read).collect();
    let operations: Vec<_> = orders.iter().flat_map(Order::operations).map(|(_, o)| o).collect();
    for stage in Stage::ALL {
        assert!(operations.iter().any(|o| o.is(*stage)), "{stage:?}");
    }
    assert!(operations.iter().any(|o| o.no_effect() == Some(NoEffect::EndedByPerson)));
    assert!(operations.iter().any(|o| o.last_look_at.is_some()));
    assert!(operations.iter().any(|o| o.pending().is_some_and(|p| p.doubt.is_some())));
    assert!(operations.iter().any(|o| o.follows.is_some()));
    assert!(operations.iter().any(|o| !o.superseded.is_empty()));
    let lapsed = |order: &Order| order.transactions.iter().any(|t| t.lapsed_at.is_some());
    assert!(orders.iter().any(lapsed));
    let known = orders.iter().flat_map(|order| &order.transactions).map(|t| &t.references);
    assert!(known.into_iter().any(|known| known.name.is_some() && !known.metadata.is_empty()));
    assert!(operations.iter().any(|o| o.custom_reference.is_some()));
    let told = operations.iter().filter_map(|o| o.attribution.as_deref());
    assert!(told.into_iter().any(|told| told.actor.is_some() && told.person.is_some()));
    let fees = operations.iter().filter_map(|o| o.response()?.charged?.fee).map(|fee| fee.kind);
    assert_eq!(fees.collect::<Vec<_>>(), [FeeKind::Surcharge, FeeKind::Convenience]);
}

/// A canary and its rollback: this release, the next one, this one again, over the same order.
#[test]
fn the_next_form_and_this_one_take_turns_on_the_same_orders() {
    for (name, item) in items::all() {
        let ours = written(&read(&item));
        let theirs = next_form::of(&ours);
        let order = read(&theirs);
        assert_eq!(order.newer_form, Some(next_form::FORM), "{name}");
        let known = Order { newer_form: None, carried: Carried::default(), ..order.clone() };
        assert_eq!(known, read(&ours), "{name}");
        assert_eq!(differences(&next_form::of(&written(&order)), &theirs, ""), [""; 0], "{name}");
    }
}

/// A usual value need not be stated, and this release never states it: not even where the next one
/// has.
#[test]
fn what_the_next_form_states_is_what_this_one_fills_in() {
    for (name, item) in items::all() {
        let theirs = next_form::of(&item);
        let again = written(&read(&theirs));
        let known = ["fm", "of_form_2"];
        let again: Item = again.into_iter().filter(|(name, _)| !known.contains(&name.as_str())).collect();
        let item: Item = item.into_iter().filter(|(name, _)| !known.contains(&name.as_str())).collect();
        assert_eq!(differences(&again, &item, ""), [""; 0], "{name}");
    }
}

#[test]
fn what_either_release_decides_is_what_the_other_one_reads() {
    let mut decided = 0;
    for (name, item) in items::all() {
        let mut order = read(&item);
        let Some(pending) =
            order.transactions.iter_mut().flat_map(|t| &mut t.operations).find(|o| o.is(Stage::Pending))
        else {
            continue;
        };
        let response = GatewayResponse { reference: Some("1".to_owned()), ..GatewayResponse::default() };
        pending.state = OperationState::Decided(Decision::Approved(response));
        pending.updated_at += jiff::SignedDuration::from_mins(1);
        let (id, updated_at) = (pending.id, pending.updated_at);
        for written in [written(&order), next_form::of(&written(&order))] {
            let read = read(&written);
            let found = read.operations().find(|(_, o)| o.id == id).unwrap().1;
            assert_eq!((found.stage(), found.updated_at), (Stage::Approved, updated_at), "{name}");
            assert_eq!(found.response().unwrap().reference.as_deref(), Some("1"), "{name}");
        }
        decided += 1;
    }
    assert!(decided > 10, "{decided}");
}
