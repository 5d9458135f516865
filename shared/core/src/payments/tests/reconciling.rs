//! Many orders in doubt: one that decides nothing delays no other, and an account that is silent is left alone.

use jiff::{SignedDuration, Timestamp};

use super::*;
use crate::reconcile::{Limits, ReconcileReport, reconcile};

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
