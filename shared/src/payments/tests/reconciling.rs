//! Many orders in doubt: one that decides nothing delays no other, and an account that is silent is left alone.

use jiff::{SignedDuration, Timestamp};

use super::*;
use crate::{
    merchants::{Merchants, MerchantsError},
    order::MerchantId,
    reconcile::{Limits, Report, reconcile},
};

struct One;

#[async_trait]
impl Merchants for One {
    async fn get(&self, id: &MerchantId) -> Result<Arc<Merchant>, MerchantsError> {
        Ok(Arc::new(Merchant::from_json(id.clone(), MERCHANT).unwrap()))
    }
}

struct At(Timestamp);

impl Clock for At {
    fn now(&self) -> Timestamp {
        self.0
    }

    fn new_id(&self) -> Uuid {
        Uuid::new_v4()
    }
}

/// Payments of five orders, all in doubt and due.
async fn five_in_doubt() -> Desk {
    let mut desk = Desk::new().await;
    for order in ["1", "2", "3", "4", "5"] {
        desk.key.order = order.parse().unwrap();
        desk.payments.register(&desk.key, Currency::USD, Amount::new(2599).unwrap()).await.unwrap();
        desk.gateway_says(Outcome::Unknown(Doubt::NoAnswer, GatewayResponse::default()));
        desk.perform(&intent(None), Duration::from_secs(7)).await.unwrap();
    }
    desk.payments.clock = Arc::new(At(Timestamp::now() + SignedDuration::from_mins(2)));
    desk
}

async fn run(desk: &Desk) -> Report {
    let limits = Limits { concurrency: 1, per_merchant: 100 };
    reconcile(&desk.payments, &One, limits, Deadline::after(Duration::from_secs(55))).await
}

#[tokio::test]
async fn an_account_that_is_silent_is_left_alone_after_three_orders_and_the_next_run_tries_others() {
    let desk = five_in_doubt().await;
    let report = run(&desk).await;
    assert_eq!((report.unanswered, report.skipped), (3, 2));
    let report = run(&desk).await;
    assert_eq!((report.unanswered, report.skipped), (2, 0), "the first three were put off");
    assert_eq!(run(&desk).await.due, 0);
}

#[tokio::test]
async fn orders_whose_records_decide_nothing_delay_no_other() {
    let desk = five_in_doubt().await;
    for _ in 0..4 {
        desk.inquiry_finds(Finding::Undecided);
    }
    desk.inquiry_finds(found("r"));
    let report = run(&desk).await;
    assert_eq!((report.in_doubt, report.approved), (4, 1));
    assert_eq!((report.unanswered, report.skipped, report.complete), (0, 0, true));
}

#[tokio::test]
async fn what_is_in_doubt_for_a_day_needs_attention_whether_the_gateway_responds_or_not() {
    for finding in [Finding::Undecided, Finding::Failed] {
        for (hours, needs_attention) in [(23, 0), (25, 1)] {
            let mut desk = Desk::new().await;
            desk.gateway_says(Outcome::Unknown(Doubt::NoAnswer, GatewayResponse::default()));
            desk.perform(&intent(None), Duration::from_secs(7)).await.unwrap();
            desk.payments.clock = Arc::new(At(Timestamp::now() + SignedDuration::from_hours(hours)));
            desk.inquiry_finds(finding.clone());
            assert_eq!(run(&desk).await.needs_attention, needs_attention, "{finding:?} after {hours} h");
        }
    }
}
