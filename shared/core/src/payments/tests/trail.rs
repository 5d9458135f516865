//! What a request leaves for its log line and its metrics.

use super::*;
use crate::trail::{Trail, follow, note};

/// Takes three seconds for everything.
struct Slow(Arc<ScriptedGateway>);

#[async_trait]
impl Gateway for Slow {
    async fn execute(&self, merchant: &Merchant, instruction: Instruction<'_>, limit: Duration) -> Outcome {
        tokio::time::sleep(Duration::from_secs(3)).await;
        self.0.execute(merchant, instruction, limit).await
    }

    async fn inquire(&self, merchant: &Merchant, question: Question<'_>, limit: Duration) -> Finding {
        self.0.inquire(merchant, question, limit).await
    }
}

/// The trail of a purchase, to which the gateway says this.
async fn trail_of(says: Outcome, request_id: Option<&str>) -> Trail {
    let mut fixture = Fixture::new().await;
    fixture.payments.gateway = Arc::new(Slow(fixture.gateway.clone()));
    fixture.gateway_says(says);
    let purchase = async {
        note(|trail| trail.request_id = request_id.map(str::to_owned));
        fixture.perform(&intent(None), Duration::from_secs(7)).await.unwrap();
    };
    follow(purchase).await.1
}

fn approved() -> Outcome {
    Outcome::Approved(approved_as("r"))
}

#[tokio::test(start_paused = true)]
async fn calls_to_the_gateway_are_counted_and_timed() {
    let (unknown, misconfigured) = (
        Outcome::Unknown(Doubt::NoAnswer, GatewayResponse::default()),
        Outcome::NoEffect(NoEffect::Misconfigured, GatewayResponse::default()),
    );
    for (says, timeouts, refusals) in [(approved(), 0, 0), (unknown, 1, 0), (misconfigured, 0, 1)] {
        let trail = trail_of(says, None).await;
        assert_eq!((trail.gateway_calls, trail.gateway), (1, Duration::from_secs(3)));
        assert_eq!((trail.gateway_timeouts, trail.gateway_refusals), (timeouts, refusals));
    }
}

#[tokio::test(start_paused = true)]
async fn what_was_put_on_record_is_on_the_trail_of_a_request_that_has_an_id() {
    let declined = Outcome::Declined(
        GatewayResponse::default(),
        DeclineCode::GenericDecline,
        DeclineCode::GenericDecline.advice(),
    );
    for (says, said, state) in [
        (approved(), "approved", "approved"),
        (declined, "declined", "declined"),
        (Outcome::NoEffect(NoEffect::Misconfigured, GatewayResponse::default()), "not_done", "not_done"),
        (Outcome::Unknown(Doubt::NoAnswer, GatewayResponse::default()), "unknown", "pending"),
        (Outcome::PartiallyApproved(approved_as("r")), "partially_approved", "approved"),
    ] {
        let trail = trail_of(says.clone(), Some("id-1")).await;
        let changes: Vec<_> = trail.changes.iter().take(2).map(|change| (change.what, change.kind)).collect();
        assert_eq!(changes, [("intent saved", "purchase"), ("outcome", "purchase")], "{says:?}");
        let [intent, outcome, ..] = trail.changes.as_slice() else { unreachable!() };
        assert_eq!((intent.state, outcome.state), ("pending", state), "{says:?}");
        assert_eq!(outcome.outcome.as_ref().unwrap().outcome, said);
        assert_eq!((outcome.amount_minor, outcome.currency), (2599, "USD"));
        // The order's own, for the request's line.
        assert_eq!((trail.kind, trail.amount_minor), (Some("purchase"), Some(2599)));
        assert_eq!((trail.outcome, trail.replayed), (Some(state), false));
        assert_eq!(trail.operation, Some(outcome.operation));
    }
    assert!(trail_of(approved(), None).await.changes.is_empty(), "logged at once");
}
