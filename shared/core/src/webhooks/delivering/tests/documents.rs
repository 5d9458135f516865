//! The fate of receivers that a document no longer names, and of events while a document is deleted
//! or cannot be read.

use super::{
    fake::{Manner, Time, World},
    *,
};
use crate::webhooks::ReceiversError;

const DOWN: Manner = Manner::DownUntil(SignedDuration::from_hours(10_000));

fn failures() -> [ReceiversError; 3] {
    [
        ReceiversError::Missing,
        ReceiversError::Unusable("line 1".to_owned()),
        ReceiversError::Unavailable("away".to_owned()),
    ]
}

/// Runs the schedule every minute, for so many minutes.
async fn minutes(world: &World, minutes: u32) -> DeliveryReport {
    let mut total = DeliveryReport::default();
    for _ in 0..minutes {
        pass(world, MINUTE).await;
        total.add(&world.delivering.run().await);
    }
    total
}

#[test]
fn a_removed_receiver_is_gone_with_all_its_deliveries_and_gets_nothing_more() {
    let world = World::new(&[("removed", DOWN), ("parked", Manner::GoneAfter(SECOND)), ("stays", DOWN)]);
    Time::run(&world.time, async {
        batch(&world, 9).await;
        assert_eq!((world.waiting("removed"), world.parked("parked")), (9, 9));
        let under_way = world.publish(9).await;
        let before = world.attempts("removed");
        for name in ["removed", "parked"] {
            world.directory.remove(name);
        }
        // Those whose first attempt is only now have none.
        world.delivering.first_attempts(under_way).await;
        let report = minutes(&world, 2).await;
        assert_eq!(report.removed, 20);
        for name in ["removed", "parked"] {
            assert_eq!(world.left_of(name)[..2], [0, 0], "{name}");
        }
        assert_eq!(world.attempts("removed"), before);
        assert_eq!(world.left_of("stays"), [10, 1, 1]);
        assert_eq!((report.without_document, report.errors), (0, 0));
    });
}

#[test]
fn what_an_older_document_still_adds_to_a_removed_receiver_is_deleted_too_and_then_it_is_forgotten() {
    let world = World::new(&[("removed", DOWN)]);
    Time::run(&world.time, async {
        let added = world.publish(0).await;
        world.directory.remove("removed");
        minutes(&world, 2).await;
        assert_eq!(world.left_of("removed"), [0, 0, 1]);
        // A process that has not read the document again, and an attempt that was under way.
        pass(&world, MINUTE * 12).await;
        world.store.add(&added[0].delivery, world.time.now()).await.unwrap();
        world.store.put_health(&added[0].delivery.to, Health::default()).await.unwrap();
        minutes(&world, 1).await;
        assert_eq!(world.left_of("removed"), [0, 0, 1]);
        minutes(&world, 8).await;
        assert_eq!(world.left_of("removed"), [0, 0, 0]);
        assert_eq!(minutes(&world, 3).await, DeliveryReport::default());
    });
}

#[test]
fn a_removal_that_the_table_interrupts_goes_on_and_one_that_is_taken_back_ends() {
    let world = World::new(&[("back", DOWN), ("removed", DOWN)]);
    Time::run(&world.time, async {
        batch(&world, 3).await;
        world.directory.remove("removed");
        world.store.refuses.set(true);
        assert!(minutes(&world, 1).await.errors > 0);
        assert_eq!(world.left_of("removed"), [3, 1, 1], "it is still known what is to be deleted");
        world.store.refuses.set(false);
        assert_eq!(minutes(&world, 2).await.removed, 3);
        // An older process takes it for removed, and the document names it.
        let back = world.publish(3).await.remove(0).delivery.to;
        world.delivering.note_removed(&back).await.unwrap();
        pass(&world, SECOND * 20).await;
        assert_eq!(world.delivering.run().await.removed, 0);
        world.delivering.note_removed(&back).await.unwrap();
        assert_eq!(minutes(&world, 30).await.removed, 0);
        assert_eq!(world.left_of("back"), [4, 1, 1]);
        let known = world.store.known(None).await.unwrap();
        assert!(known.iter().all(|known| known.key != back || known.left_at.is_none()), "events wait for it");
    });
}

#[test]
fn without_a_document_nothing_is_sent_and_events_wait_three_days_and_are_parked_also_in_a_fresh_process() {
    for failure in failures() {
        let world = World::new(&[("shop", Manner::Healthy)]);
        Time::run(&world.time, async {
            assert_eq!(batch(&world, 1).await.delivered, 1);
            world.directory.fails(Some(failure.clone()));
            let mut report = batch(&world, 9).await;
            world.cold_start();
            report.add(&batch(&world, 1).await);
            assert_eq!((report.waiting, report.attempts), (10, 0), "{failure:?}");
            let report = minutes(&world, 71 * 60).await;
            assert_eq!((report.attempts, report.parked), (0, 0), "{failure:?}");
            assert_eq!(report.without_document, 71 * 60, "every run says so");
            assert_eq!(world.waiting("shop"), 10);
            minutes(&world, 13 * 60).await;
            assert_eq!((world.waiting("shop"), world.parked("shop")), (0, 10), "{failure:?}");
            assert_eq!((world.attempts("shop"), world.left_of("shop")[0]), (1, 11), "{failure:?}");
        });
    }
}

#[test]
fn what_waited_for_a_document_is_sent_when_it_is_back() {
    for failure in failures() {
        let world = World::new(&[("shop", Manner::Healthy)]);
        Time::run(&world.time, async {
            batch(&world, 1).await;
            world.directory.fails(Some(failure));
            batch(&world, 20).await;
            minutes(&world, 24 * 60).await;
            world.directory.fails(None);
            minutes(&world, 31).await;
            assert_eq!((world.waiting("shop"), world.attempts("shop")), (0, 21));
        });
    }
}

#[test]
fn a_merchant_that_never_had_a_receiver_costs_one_look_and_is_no_alarm() {
    let world = World::new(&[]);
    Time::run(&world.time, async {
        world.directory.fails(Some(ReceiversError::Missing));
        assert_eq!(batch(&world, 5).await, DeliveryReport::default());
        assert_eq!(world.store.known_reads.load(std::sync::atomic::Ordering::SeqCst), 1);
        assert_eq!(minutes(&world, 1).await.without_document, 0);
    });
}

#[test]
fn what_is_for_a_receiver_that_is_switched_off_is_parked_and_nothing_more_is_kept_for_it() {
    let world = World::new(&[("off", DOWN)]);
    Time::run(&world.time, async {
        let added = world.publish(0).await;
        world.directory.disable();
        assert_eq!(world.delivering.first_attempts(added).await.parked, 1);
        assert!(world.publish(1).await.is_empty());
        world.directory.fails(Some(ReceiversError::Missing));
        assert!(world.publish(2).await.is_empty(), "nor without the document");
        assert_eq!(minutes(&world, 2).await.removed, 0);
    });
}

#[test]
fn a_receiver_that_an_older_document_does_not_name_yet_loses_nothing() {
    let world = World::new(&[("new", Manner::Healthy)]);
    Time::run(&world.time, async {
        let added = world.publish(0).await;
        let receiver = world.directory.take("new");
        let report = world.delivering.first_attempts(added).await;
        assert_eq!((report.waiting, report.attempts), (1, 0));
        pass(&world, SECOND * 15).await;
        assert_eq!(world.delivering.run().await.removed, 0, "it may be a document of seconds ago");
        world.directory.put_back(receiver);
        minutes(&world, 2).await;
        assert_eq!((world.attempts("new"), world.waiting("new")), (1, 0));
    });
}

#[test]
fn a_receiver_that_a_remembered_document_does_not_name_is_not_removed_before_the_document_is_read_again() {
    let world = World::new(&[("new", DOWN)]);
    Time::run(&world.time, async {
        batch(&world, 3).await;
        world.directory.is_remembered_without("new");
        assert_eq!(minutes(&world, 30).await.removed, 0);
        let known = world.store.known(None).await.unwrap();
        assert!(known.iter().all(|known| known.left_at.is_none()));
    });
}
