//! Receivers that are slow, wrong, down for a day or see everything twice, beside one that is
//! healthy: in virtual time.

mod documents;
mod fake;

use std::{
    cell::{Cell, RefCell},
    collections::BTreeMap,
};

use fake::{Manner, Time, World};

use super::*;
use crate::webhooks::REPEATED_FOR;

const MINUTE: SignedDuration = SignedDuration::from_mins(1);
const SECOND: SignedDuration = SignedDuration::from_secs(1);

async fn pass(world: &World, time: SignedDuration) {
    world.time.sleep_until(world.time.now().checked_add(time).unwrap()).await;
}

/// An event a second, of ten orders in turn, each to all receivers; and then three days more. All
/// receivers share one place in the stream, which is the worst that can happen.
async fn story(world: &World, events: u32) {
    let is_over = Cell::new(false);
    let added = RefCell::new(Vec::new());
    let orders = async {
        for n in 0..events {
            let published = world.publish(n).await;
            added.borrow_mut().extend(published);
            pass(world, SECOND).await;
        }
    };
    let stream = async {
        let last = world.time.now().checked_add(SECOND * i32::try_from(events).unwrap() + MINUTE).unwrap();
        while world.time.now() < last {
            // A batch that took long has the next one wait.
            let batch = added.take();
            world.delivering.first_attempts(batch).await;
            pass(world, SECOND / 5).await;
        }
        pass(world, REPEATED_FOR).await;
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
        ("slow", Manner::Slow(SECOND * 9)),
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
        pass(&world, MINUTE * 60).await;
        for _ in 0..60 {
            world.delivering.run().await;
            pass(&world, MINUTE).await;
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

/// Events that are published one after the other, and their first attempts in one batch.
async fn batch(world: &World, events: u32) -> DeliveryReport {
    let mut added = Vec::new();
    for n in 0..events {
        added.extend(world.publish(n).await);
        pass(world, SECOND).await;
    }
    world.delivering.first_attempts(added).await
}

#[test]
fn a_report_counts_each_attempt_as_what_became_of_it() {
    let down = Manner::DownUntil(MINUTE * 10);
    let world = World::new(&[
        ("healthy", Manner::Healthy),
        ("well", Manner::Healthy),
        ("down", down),
        ("away", down),
    ]);
    Time::run(&world.time, async {
        let report = batch(&world, 5).await;
        let expected = DeliveryReport { attempts: 20, delivered: 10, waiting: 10, ..Default::default() };
        assert_eq!(report, expected);
        assert_eq!((world.health("healthy"), world.health("well")), (None, None), "nothing is noted");
        pass(&world, MINUTE).await;
        // One probe each.
        let expected = DeliveryReport { attempts: 2, waiting: 2, down: 2, ..Default::default() };
        assert_eq!(world.delivering.run().await, expected);
        pass(&world, MINUTE * 30).await;
        let expected = DeliveryReport { attempts: 10, delivered: 10, ..Default::default() };
        assert_eq!(world.delivering.run().await, expected);
        assert_eq!(world.delivering.run().await, DeliveryReport::default());
    });
}

#[test]
fn a_report_counts_each_receiver_whose_deliveries_the_table_does_not_take() {
    let world = World::new(&[("down", Manner::DownUntil(MINUTE)), ("away", Manner::DownUntil(MINUTE))]);
    Time::run(&world.time, async {
        let added = world.publish(0).await;
        world.store.refuses.set(true);
        let report = world.delivering.first_attempts(added.clone()).await;
        assert_eq!((report.errors, report.failed.as_deref()), (2, Some("0-away")));
        world.store.refuses.set(false);
        world.delivering.first_attempts(added).await;
        pass(&world, MINUTE * 2).await;
        world.store.refuses.set(true);
        let expected = DeliveryReport { attempts: 2, errors: 2, ..Default::default() };
        assert_eq!(world.delivering.run().await, expected);
        world.store.unlisted.set(true);
        assert_eq!(world.delivering.run().await, DeliveryReport { errors: 1, ..Default::default() });
    });
}

#[test]
fn a_slow_receiver_holds_a_batch_up_for_five_seconds_at_most() {
    for (took, sent) in [(SECOND * 2, 24), (SECOND * 5 / 2, 16), (SECOND * 3, 16), (SECOND * 5, 8)] {
        let world = World::new(&[("slow", Manner::Slow(took))]);
        Time::run(&world.time, async {
            let report = batch(&world, 25).await;
            assert_eq!((report.attempts, report.waiting), (sent, 25 - sent), "{took:?}");
            assert_eq!(report.delivered, sent);
            let health = world.health("slow").unwrap();
            assert_eq!(health.aside_until.is_some(), took > crate::webhooks::SLOW, "{took:?}");
        });
    }
    // That it is slow is noted although nothing failed.
    let world = World::new(&[("slow", Manner::Slow(SECOND * 4))]);
    Time::run(&world.time, async {
        batch(&world, 1).await;
        assert!(world.health("slow").unwrap().aside_until.is_some());
    });
}

#[test]
fn a_receiver_that_says_that_it_is_gone_is_not_called_again() {
    let world = World::new(&[("gone", Manner::GoneAfter(SignedDuration::ZERO))]);
    Time::run(&world.time, async {
        let report = batch(&world, 10).await;
        assert_eq!(report, DeliveryReport { attempts: 8, parked: 10, ..Default::default() });
        let added = world.publish(10).await;
        let report = world.delivering.first_attempts(added).await;
        assert_eq!(report, DeliveryReport { parked: 1, ..Default::default() });
    });
    // The same for deliveries that waited.
    let world = World::new(&[("gone", Manner::GoneAfter(MINUTE))]);
    Time::run(&world.time, async {
        assert_eq!(batch(&world, 20).await.waiting, 20);
        pass(&world, MINUTE * 2).await;
        let report = world.delivering.run().await;
        assert_eq!(report, DeliveryReport { attempts: 1, parked: 20, down: 1, ..Default::default() });
    });
}

#[test]
fn a_receiver_that_asks_for_a_wait_gets_nothing_until_it_is_over() {
    let world = World::new(&[("busy", Manner::Busy(MINUTE * 10))]);
    Time::run(&world.time, async {
        let report = batch(&world, 2).await;
        assert_eq!(report, DeliveryReport { attempts: 2, waiting: 2, ..Default::default() });
        pass(&world, MINUTE * 9).await;
        assert_eq!(world.delivering.run().await, DeliveryReport::default());
        let added = world.publish(2).await;
        let report = world.delivering.first_attempts(added.clone()).await;
        assert_eq!(report, DeliveryReport { waiting: 1, ..Default::default() });
        pass(&world, MINUTE).await;
        assert_eq!(world.delivering.run().await.attempts, 3);
        // Its own deliveries are not due before, either.
        let (busy, now) = (NotTaken::Busy { status: 429, after: MINUTE * 10 }, world.time.now());
        let settled = after_failure(&added[0].delivery, &busy, now);
        let DeliveryOutcome::Waits { due, .. } = settled else { panic!("{settled:?}") };
        assert_eq!(due, now + MINUTE * 10);
    });
}

#[test]
fn deliveries_that_cannot_be_read_are_parked_and_do_not_hide_those_behind_them() {
    let world = World::new(&[("down", Manner::DownUntil(MINUTE))]);
    Time::run(&world.time, async {
        assert_eq!(batch(&world, 3).await.waiting, 3);
        pass(&world, MINUTE * 2).await;
        // As many as are looked at side by side, and before the others.
        *world.store.spoiled.lock().unwrap() = (0..8).map(|n| n.to_string()).collect();
        let report = world.delivering.run().await;
        assert_eq!((report.delivered, report.unreadable, report.parked, report.errors), (3, 8, 8, 0));
        assert_eq!(world.delivering.run().await, DeliveryReport::default());
    });
}

#[test]
fn each_delivery_has_a_line_that_says_what_became_of_it() {
    let world = World::new(&[
        ("healthy", Manner::Healthy),
        ("down", Manner::DownUntil(MINUTE)),
        ("gone", Manner::GoneAfter(SignedDuration::ZERO)),
    ]);
    let log = crate::memory::Log::here();
    Time::run(&world.time, async {
        batch(&world, 1).await;
    });
    for (receiver, message, level) in [
        ("m#healthy", "a webhook is delivered", "INFO"),
        ("m#down", "a webhook failed", "WARN"),
        ("m#gone", "a webhook is parked", "ERROR"),
    ] {
        let lines = log.lines(message);
        let [line] = lines.as_slice() else { panic!("{lines:?}") };
        assert_eq!((&line["receiver"], &line["level"]), (&receiver.into(), &level.into()));
    }
}

#[test]
fn a_receiver_of_which_one_attempt_failed_is_looked_at_by_the_schedule() {
    let world = World::new(&[("wrong", Manner::WrongEveryThird)]);
    Time::run(&world.time, async {
        let report = batch(&world, 3).await;
        assert_eq!((report.delivered, report.waiting), (2, 1));
        assert_eq!(world.health("wrong"), Some(Health::default()), "it is well, and noted");
        pass(&world, MINUTE * 2).await;
        assert_eq!(world.delivering.run().await.delivered, 1);
    });
}

#[test]
fn a_receiver_whose_entry_cannot_be_read_is_counted_and_the_others_get_what_is_due() {
    let world = World::new(&[("down", Manner::DownUntil(MINUTE))]);
    Time::run(&world.time, async {
        assert_eq!(batch(&world, 1).await.waiting, 1);
        pass(&world, MINUTE * 2).await;
        *world.store.bad_receivers.lock().unwrap() = vec!["m#one".to_owned(), "m#other".to_owned()];
        let expected = DeliveryReport { attempts: 1, delivered: 1, unreadable: 2, ..Default::default() };
        assert_eq!(world.delivering.run().await, expected);
    });
}

#[test]
fn a_run_begins_nothing_once_its_time_is_up() {
    let world = World::new(&[("slow", Manner::Slow(SECOND * 10))]);
    Time::run(&world.time, async {
        assert_eq!(batch(&world, 8 * 7).await.waiting, 8 * 6);
        pass(&world, MINUTE * 60).await;
        // Eight side by side, four times.
        let expected = DeliveryReport { attempts: 32, delivered: 32, ..Default::default() };
        assert_eq!(world.delivering.run().await, expected);
    });
}

#[test]
fn all_that_is_over_is_parked_in_one_run_and_the_receiver_is_not_called_for_it() {
    let world = World::new(&[("dead", Manner::DownUntil(REPEATED_FOR * 2))]);
    Time::run(&world.time, async {
        assert_eq!(batch(&world, 30).await.waiting, 30);
        pass(&world, REPEATED_FOR + MINUTE).await;
        let expected = DeliveryReport { parked: 30, down: 1, ..Default::default() };
        assert_eq!(world.delivering.run().await, expected);
    });
}
