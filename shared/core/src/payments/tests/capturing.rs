//! Scheduled captures: every page of the index, and for how long the oldest has been due.

use jiff::{SignedDuration, Timestamp};

use super::*;
use crate::scheduled_capture::{CaptureReport, CaptureRequest, CaptureSettings, capture_due};

/// When the captures are due.
fn due() -> Timestamp {
    Timestamp::now() + SignedDuration::from_hours(1)
}

/// Orders that are to be captured at this moment, on a clock that stands this much later.
async fn scheduled(orders: &[&str], due: Timestamp, later: SignedDuration) -> Fixture {
    let mut fixture = Fixture::new().await;
    for order in orders {
        fixture.key.order = order.parse().unwrap();
        fixture
            .payments
            .register(&fixture.merchant, &fixture.key, Currency::USD, Amount::new(2599).unwrap())
            .await
            .unwrap();
        let mut intent = intent(None);
        let Action::Pay(pay) = &mut intent.action else { unreachable!() };
        (pay.method, pay.capture) = (Method::Authorize, CaptureAt::At(due));
        fixture.perform(&intent, Duration::from_secs(29)).await.unwrap();
    }
    fixture.payments.clock = Arc::new(Stopped(due + later));
    fixture
}

async fn run(fixture: &Fixture) -> CaptureReport {
    let settings = CaptureSettings { shards: 1, concurrency: 1 };
    let request = CaptureRequest { shards: Some(vec![0]), ..CaptureRequest::default() };
    capture_due(&fixture.payments, &Everyone, request, settings, Deadline::after(Duration::from_secs(55)))
        .await
}

#[tokio::test]
async fn every_page_of_what_is_due_is_captured() {
    let fixture = scheduled(&["1", "2", "3"], due(), SignedDuration::ZERO).await;
    let report = run(&fixture).await;
    assert_eq!((report.due, report.captured, report.left), (3, 3, 0), "one order a page");
    assert_eq!(report.captured_minor["USD"], 3 * 2599);
    assert_eq!(run(&fixture).await.due, 0);
}

#[tokio::test]
async fn the_oldest_that_is_due_is_reported_as_old_as_the_moment_that_was_asked_for() {
    let due = due();
    let mut fixture = scheduled(&["1"], due, SignedDuration::from_secs(600)).await;
    fixture.gateway_says(Outcome::NoEffect(NoEffect::Unreachable, GatewayResponse::default()));
    let report = run(&fixture).await;
    assert_eq!((report.retried, report.oldest_due_age_s), (1, 600));
    // Put off by a minute: in the index since then, and due since its moment.
    fixture.payments.clock = Arc::new(Stopped(due + SignedDuration::from_secs(700)));
    fixture.gateway_says(Outcome::NoEffect(NoEffect::Unreachable, GatewayResponse::default()));
    let report = run(&fixture).await;
    assert_eq!((report.retried, report.oldest_due_age_s), (1, 700));
    fixture.payments.clock = Arc::new(Stopped(due + SignedDuration::from_secs(860)));
    let report = run(&fixture).await;
    assert_eq!((report.captured, report.oldest_due_age_s), (1, 40), "of what it found, as the index has it");
}
