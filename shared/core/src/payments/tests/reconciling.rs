//! Many orders in doubt: one that decides nothing delays no other, and an account that is silent is left alone.

use jiff::{SignedDuration, Timestamp};

use super::*;
use crate::{
    operation::NoticeReason,
    reconcile::{Limits, ReconcileReport, reconcile},
};

/// Payments of five orders, all in doubt and due.
async fn five_in_doubt() -> Fixture {
    let mut fixture = Fixture::new().await;
    for order in ["1", "2", "3", "4", "5"] {
        fixture.key.order = order.parse().unwrap();
        fixture
            .payments
            .register(&fixture.merchant, &fixture.key, Currency::USD, Amount::new(2599).unwrap())
            .await
            .unwrap();
        fixture.gateway_says(Outcome::Unknown(Doubt::NoAnswer, GatewayResponse::default()));
        fixture.perform(&intent(None), Duration::from_secs(7)).await.unwrap();
    }
    fixture.payments.clock = Arc::new(Stopped(Timestamp::now() + SignedDuration::from_mins(2)));
    fixture
}

async fn run(fixture: &Fixture) -> ReconcileReport {
    let limits = Limits { concurrency: 1, per_merchant: 100, shards: 4 };
    reconcile(&fixture.payments, &Everyone, limits, Deadline::after(Duration::from_secs(55))).await
}

#[tokio::test]
async fn an_account_that_is_silent_is_left_alone_after_three_orders_and_the_next_run_tries_others() {
    let fixture = five_in_doubt().await;
    let report = run(&fixture).await;
    assert_eq!((report.unanswered, report.skipped), (3, 2));
    let report = run(&fixture).await;
    assert_eq!((report.unanswered, report.skipped), (2, 0), "the first three were put off");
    assert_eq!(run(&fixture).await.due, 0);
}

#[tokio::test]
async fn orders_whose_records_decide_nothing_delay_no_other() {
    let fixture = five_in_doubt().await;
    for _ in 0..4 {
        fixture.inquiry_finds(Finding::Undecided);
    }
    fixture.inquiry_finds(found("r"));
    let report = run(&fixture).await;
    assert_eq!((report.in_doubt, report.approved), (4, 1));
    assert_eq!((report.unanswered, report.skipped, report.complete), (0, 0, true));
}

#[tokio::test]
async fn what_is_in_doubt_for_a_day_or_under_review_for_three_needs_attention() {
    for (finding, limit_h) in
        [(Finding::Undecided, 24), (Finding::Failed, 24), (Finding::UnderReview, 3 * 24)]
    {
        for (hours, needs_attention) in [(limit_h - 1, 0), (limit_h + 1, 1)] {
            let mut fixture = Fixture::new().await;
            fixture.gateway_says(Outcome::Unknown(Doubt::NoAnswer, GatewayResponse::default()));
            fixture.perform(&intent(None), Duration::from_secs(7)).await.unwrap();
            fixture.payments.clock = Arc::new(Stopped(Timestamp::now() + SignedDuration::from_hours(hours)));
            fixture.inquiry_finds(finding.clone());
            assert_eq!(run(&fixture).await.needs_attention, needs_attention, "{finding:?} after {hours} h");
        }
    }
}

/// A payment that was sent this long ago and is in doubt.
async fn in_doubt_since(hours: i64) -> Fixture {
    let mut fixture = Fixture::new().await;
    fixture.gateway_says(Outcome::Unknown(Doubt::NoAnswer, GatewayResponse::default()));
    fixture.perform(&intent(None), Duration::from_secs(7)).await.unwrap();
    let minutes = SignedDuration::from_mins(5);
    fixture.payments.clock =
        Arc::new(Stopped(Timestamp::now() + SignedDuration::from_hours(hours) + minutes));
    fixture
}

async fn notices(fixture: &Fixture) -> Vec<NoticeReason> {
    let order = fixture.stored().await;
    order.operations().flat_map(|(_, operation)| &operation.notices).map(|notice| notice.reason).collect()
}

#[tokio::test]
async fn the_merchant_is_notified_once_of_what_is_in_doubt_for_an_hour_and_once_more_after_a_day() {
    for finding in [Finding::Undecided, Finding::Failed] {
        let mut fixture = in_doubt_since(0).await;
        for (hours, expected) in [
            (0, vec![]),
            (1, vec![NoticeReason::InDoubtHour]),
            (3, vec![NoticeReason::InDoubtHour]),
            (24, vec![NoticeReason::InDoubtHour, NoticeReason::InDoubtDay]),
            (48, vec![NoticeReason::InDoubtHour, NoticeReason::InDoubtDay]),
        ] {
            let later = SignedDuration::from_hours(hours) + SignedDuration::from_mins(5);
            fixture.payments.clock = Arc::new(Stopped(Timestamp::now() + later));
            fixture.inquiry_finds(finding.clone());
            assert_eq!(run(&fixture).await.due, 1);
            assert_eq!(notices(&fixture).await, expected, "{finding:?} after {hours} h");
        }
    }
}

#[tokio::test]
async fn a_review_is_told_after_three_days_and_what_is_decided_is_not_told_at_all() {
    for (hours, finding, expected) in [
        (2, Finding::UnderReview, vec![]),
        (71, Finding::UnderReview, vec![]),
        (73, Finding::UnderReview, vec![NoticeReason::UnderReview]),
        (25, found("r"), vec![]),
    ] {
        let fixture = in_doubt_since(hours).await;
        fixture.inquiry_finds(finding.clone());
        assert_eq!(run(&fixture).await.due, 1);
        assert_eq!(notices(&fixture).await, expected, "{finding:?} after {hours} h");
    }
}

#[tokio::test]
async fn of_an_order_only_what_is_due_is_inquired_about() {
    let mut fixture = Fixture::new().await;
    fixture.key.order = "1".parse().unwrap();
    fixture
        .payments
        .register(&fixture.merchant, &fixture.key, Currency::USD, Amount::new(2599).unwrap())
        .await
        .unwrap();
    let start = Timestamp::now();
    for (seconds, amount) in [(0, 500), (50, 600)] {
        fixture.payments.clock = Arc::new(Stopped(start + SignedDuration::from_secs(seconds)));
        fixture.gateway_says(Outcome::Unknown(Doubt::NoAnswer, GatewayResponse::default()));
        let mut intent = intent(Some(&amount.to_string()));
        let Action::Pay(pay) = &mut intent.action else { unreachable!() };
        pay.amount = Amount::new(amount).ok();
        fixture.perform(&intent, Duration::from_secs(7)).await.unwrap();
    }
    // The second could be inquired about, and its turn is in 20 s.
    fixture.payments.clock = Arc::new(Stopped(start + SignedDuration::from_secs(90)));
    fixture.inquiry_finds(found("first"));
    fixture.inquiry_finds(found("second"));
    let report = run(&fixture).await;
    assert_eq!((report.due, report.approved), (1, 1));
    assert_eq!(fixture.stored().await.next_inquiry_at(), Some(start + SignedDuration::from_secs(110)));
}
