//! Two versions run over one table during every canary and every rollback. Whatever either of them wrote, the other one
//! reads, and what it does not know survives it.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on stops")]

mod customers;
mod form_1;
mod items;
mod journal;
mod to_come;

use to_come::differences;
use tollgate::dynamodb::{Item, orders::StoredOrder};
use tollgate_core::{
    order::{
        Order,
        operation::{Decision, Stage, State},
        outcome::GatewayResponse,
    },
    payments::store::Shards,
};

fn read(item: &Item) -> Order {
    StoredOrder(item.clone()).read().unwrap()
}

fn written(order: &Order) -> Item {
    StoredOrder::next(order, Shards { in_doubt: 4, captures: 16 }).0
}

#[test]
fn items_of_every_release_are_read_written_and_read_again_without_loss() {
    for (name, item) in items::all() {
        let order = read(&item);
        assert!(order.is_recognized(), "{name}");
        let again = read(&written(&order));
        assert_eq!(again, Order { version: order.version + 1, ..order }, "{name}");
    }
}

#[test]
fn an_order_reads_the_same_from_both_older_forms() {
    let (long, short) = (items::of("form_0_long_names"), items::of("form_0"));
    assert!(long.len() > 20 && long.len() == short.len());
    for (long, short) in long.iter().zip(&short) {
        assert_eq!(read(long), read(short));
    }
}

/// Form 2 leaves out what is usual, and the reader fills it in.
#[test]
fn an_order_reads_the_same_from_form_1_and_from_form_2() {
    let full = [items::of("form_1"), items::of("form_1_of_0_4")].concat();
    let short = items::of("form_2");
    assert_eq!(full.len(), short.len());
    for (full, short) in full.iter().zip(&short) {
        let full = read(full);
        assert_eq!(read(short), Order { version: full.version + 1, ..full });
    }
}

#[test]
fn the_items_of_a_release_show_every_state_that_it_can_write() {
    for form in ["form_0", "form_1", "form_2"] {
        let orders: Vec<Order> = items::of(form).iter().map(read).collect();
        let operations: Vec<_> = orders.iter().flat_map(Order::operations).map(|(_, o)| o).collect();
        for stage in [Stage::Pending, Stage::Approved, Stage::Declined, Stage::NoEffect] {
            assert!(operations.iter().any(|o| o.is(stage)), "{form}: {stage:?}");
        }
        assert!(operations.iter().any(|o| o.last_look_at.is_some()), "{form}");
        assert!(operations.iter().any(|o| o.pending().is_some_and(|p| p.doubt.is_some())), "{form}");
        assert!(operations.iter().any(|o| o.follows.is_some()), "{form}");
        let lapsed = |order: &Order| {
            order.transactions.iter().any(|t| t.capture.is_some_and(|c| c.lapsed_at.is_some()))
        };
        assert!(orders.iter().any(lapsed), "{form}");
        if form != "form_0" {
            assert!(operations.iter().any(|o| !o.superseded.is_empty()));
        }
    }
}

/// What the previous release wrote is what is filled in of this one's items: so `form_1` is what that release does.
#[test]
fn what_this_release_leaves_out_is_what_the_previous_one_states() {
    for item in [items::of("form_1"), items::of("form_1_of_0_4")].concat() {
        assert_eq!(differences(&form_1::of(&written(&read(&item))), &item, ""), [""; 0]);
    }
}

/// A canary and its rollback: this release, the previous one, this one again, over the same order.
#[test]
fn the_previous_release_and_this_one_take_turns_on_the_same_orders() {
    for (name, item) in items::all() {
        let ours = written(&read(&item));
        let theirs = form_1::of(&ours);
        assert_eq!(read(&theirs), read(&ours), "{name}");
        assert_eq!(differences(&written(&read(&theirs)), &ours, ""), [""; 0], "{name}");
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
        pending.state = State::Decided(Decision::Approved(response));
        pending.updated_at += jiff::SignedDuration::from_mins(1);
        let (id, updated_at) = (pending.id, pending.updated_at);
        for written in [written(&order), form_1::of(&written(&order))] {
            let read = read(&written);
            let found = read.operations().find(|(_, o)| o.id == id).unwrap().1;
            assert_eq!((found.stage(), found.updated_at), (Stage::Approved, updated_at), "{name}");
            assert_eq!(found.response().unwrap().reference.as_deref(), Some("1"), "{name}");
        }
        decided += 1;
    }
    assert!(decided > 10, "{decided}");
}
