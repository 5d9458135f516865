//! Receivers that are slow, wrong, down for a day or see everything twice, beside one that is healthy: in virtual time.

mod fake;

use std::{
    cell::{Cell, RefCell},
    collections::BTreeMap,
};

use fake::{Manner, Time, World};

use super::*;
use crate::webhook::REPEATED_FOR;

const MINUTE: SignedDuration = SignedDuration::from_mins(1);
const SECOND: SignedDuration = SignedDuration::from_secs(1);

/// An event a second, of ten orders in turn, each to all receivers; and then three days more. All receivers share one
/// place in the stream, which is the worst that can happen.
async fn story(world: &World, events: u32) {
    let is_over = Cell::new(false);
    let added = RefCell::new(Vec::new());
    let orders = async {
        for n in 0..events {
            let published = world.publish(n).await;
            added.borrow_mut().extend(published);
            world.time.sleep_until(world.time.now().checked_add(SECOND).unwrap()).await;
        }
    };
    let stream = async {
        let last = world.time.now().checked_add(SECOND * i32::try_from(events).unwrap() + MINUTE).unwrap();
        while world.time.now() < last {
            // A batch that took long has the next one wait.
            let batch = added.take();
            world.delivering.first_attempts(batch).await;
            let next = world.time.now().checked_add(SECOND / 5).unwrap();
            world.time.sleep_until(next).await;
        }
        let end = world.time.now().checked_add(REPEATED_FOR).unwrap();
        world.time.sleep_until(end).await;
        is_over.set(true);
    };
    let schedule = async {
        while !is_over.get() {
            let next = world.time.now().checked_add(MINUTE).unwrap();
            world.delivering.run().await;
            // Runs begin a minute apart, and one ends before the next.
            assert!(world.time.now() <= next, "a run took until {}", world.time.now());
            world.time.sleep_until(next).await;
        }
    };
    futures_util::future::join3(orders, stream, schedule).await;
}

#[test]
fn whatever_receivers_do_each_ends_with_the_same_orders_and_a_healthy_one_is_not_delayed() {
    const EVENTS: u32 = 1_800;
    let manners = [
        ("healthy", Manner::Healthy),
        ("slow", Manner::Slow),
        ("wrong", Manner::WrongEveryThird),
        ("down", Manner::DownUntil(SignedDuration::from_hours(24))),
        ("twice", Manner::TakesButFailsOnce),
    ];
    let world = World::new(&manners);
    Time::run(&world.time, story(&world, EVENTS));
    let expected: BTreeMap<u32, u64> = (0..10).map(|order| (order, u64::from(EVENTS) / 10)).collect();
    for (name, _) in manners {
        assert_eq!(world.folded(name), expected, "{name}");
        assert_eq!(world.waiting(name), 0, "{name}");
    }
    let delays = world.delays("healthy");
    let late = delays.iter().filter(|delay| **delay > SECOND * 2).count();
    // The others are noticed within a few batches, and again whenever one is tried anew.
    assert!(delays.iter().all(|delay| *delay <= SECOND * 31), "{:?}", delays.iter().max());
    assert!(late * 20 < delays.len(), "{late} of {} came late", delays.len());
    let attempts = world.attempts("down");
    assert!(attempts < EVENTS * 11 / 10, "while it was down it was probed only, {attempts} attempts");
    println!("healthy: {late} of {} later than 2 s, at most {:?}", delays.len(), delays.iter().max());
}

#[test]
fn one_that_is_down_for_good_is_probed_and_then_everything_is_parked() {
    let world = World::new(&[("dead", Manner::DownUntil(SignedDuration::from_hours(10_000)))]);
    Time::run(&world.time, async {
        story(&world, 100).await;
        world.time.sleep_until(world.time.now().checked_add(MINUTE * 60).unwrap()).await;
        for _ in 0..60 {
            world.delivering.run().await;
            world.time.sleep_until(world.time.now().checked_add(MINUTE).unwrap()).await;
        }
    });
    assert_eq!((world.waiting("dead"), world.parked("dead")), (0, 100));
    assert!(world.attempts("dead") < 200, "{}", world.attempts("dead"));
}

#[test]
fn a_table_that_fails_has_the_batch_come_again_from_where_it_failed() {
    let world = World::new(&[("wrong", Manner::DownUntil(SignedDuration::from_hours(1)))]);
    Time::run(&world.time, async {
        let added = world.publish(0).await;
        world.store.refuses.set(true);
        let report = world.delivering.first_attempts(added.clone()).await;
        assert_eq!((report.failed.as_deref(), report.errors), (Some("0-wrong"), 1));
        world.store.refuses.set(false);
        let report = world.delivering.first_attempts(added).await;
        assert_eq!((report.failed, report.waiting), (None, 1));
    });
}

#[test]
fn a_receiver_that_is_gone_is_parked_for_and_none_is_called() {
    let world = World::new(&[("gone", Manner::Healthy)]);
    Time::run(&world.time, async {
        let added = world.publish(0).await;
        world.directory.clear();
        let report = world.delivering.first_attempts(added).await;
        assert_eq!((report.attempts, report.parked), (0, 1));
    });
    assert_eq!(world.parked("gone"), 1);
}
