//! The data that a request leaves for its log line and its metrics.

use super::*;
use crate::{
    memory::Log,
    payments::{
        Sender, Unreadable,
        trail::{Trail, follow, note},
    },
};

/// Takes three seconds for everything.
pub(super) struct Slow(pub(super) Arc<ScriptedGateway>);

#[async_trait]
impl Gateway for Slow {
    fn info(&self) -> &'static dyn GatewayInfo {
        &TestGateway
    }

    async fn execute(&self, merchant: &Merchant, instruction: Instruction<'_>, limit: Duration) -> Outcome {
        tokio::time::sleep(Duration::from_secs(3)).await;
        self.0.execute(merchant, instruction, limit).await
    }

    async fn inquire(&self, merchant: &Merchant, inquiry: Inquiry<'_>, limit: Duration) -> Finding {
        self.0.inquire(merchant, inquiry, limit).await
    }
}

/// The trail of a purchase, to which the gateway says this.
async fn trail_of(says: Outcome, request_id: Option<&str>) -> Trail {
    let mut fixture = Fixture::new().await;
    fixture.payments.gateway = Arc::new(Slow(fixture.gateway.clone()));
    fixture.gateway_says(says);
    let purchase = async {
        note(|trail| trail.request_id = request_id.map(str::to_owned));
        let pays = paying(None, |pay| pay.initiative.ignores_scheme_advice = true);
        fixture.perform(&pays, Duration::from_secs(7)).await.unwrap();
    };
    follow(Box::pin(purchase)).await.1
}

fn approved() -> Outcome {
    Outcome::Approved(approved_as("r"))
}

#[tokio::test(start_paused = true)]
async fn calls_to_the_gateway_are_counted_and_timed() {
    let by_intermediary = |reason| Outcome::Intermediary(reason, GatewayResponse::default());
    for (says, timeouts, refusals) in [
        (approved(), 0, 0),
        (unknown(), 1, 0),
        (not_done(NoEffect::Misconfigured), 0, 1),
        (by_intermediary(NoEffect::TurnedAway), 0, 1),
        (by_intermediary(NoEffect::Throttled), 0, 0),
    ] {
        let trail = trail_of(says, None).await;
        assert_eq!((trail.gateway_calls, trail.gateway), (1, Duration::from_secs(3)));
        assert_eq!((trail.gateway_timeouts, trail.gateway_refusals), (timeouts, refusals));
    }
}

#[tokio::test(start_paused = true)]
async fn what_was_put_on_record_is_on_the_trail_of_a_request_that_has_an_id() {
    for (says, said, state) in [
        (approved(), "approved", "approved"),
        (declined(), "declined", "declined"),
        (not_done(NoEffect::Misconfigured), "not_done", "not_done"),
        (unknown(), "unknown", "pending"),
        (Outcome::PartiallyApproved(approved_as("r")), "partially_approved", "approved"),
    ] {
        let trail = trail_of(says.clone(), Some("id-1")).await;
        let changes: Vec<_> = trail.changes.iter().take(2).map(|change| (change.what, change.kind)).collect();
        assert_eq!(changes, [("intent saved", "purchase"), ("outcome", "purchase")], "{says:?}");
        let [intent, outcome, ..] = trail.changes.as_slice() else { unreachable!() };
        assert_eq!((intent.state, outcome.state), ("pending", state), "{says:?}");
        let ignoring = trail.changes.iter().filter(|change| change.ignores_scheme_advice);
        assert_eq!(ignoring.map(|change| change.kind).collect::<Vec<_>>(), ["purchase"; 2], "and no void");
        assert_eq!(outcome.outcome.as_ref().unwrap().outcome, said);
        assert_eq!((outcome.amount_minor, outcome.currency), (2599, "USD"));
        // The order's own, for the request's line.
        assert_eq!((trail.merchant.as_deref(), trail.order.as_deref()), (Some("m"), Some("o")));
        assert_eq!((trail.kind, trail.amount_minor), (Some("purchase"), Some(2599)));
        assert_eq!((trail.outcome, trail.currency, trail.replayed), (Some(state), Some("USD"), false));
        assert_eq!(trail.transaction.zip(trail.operation), Some((outcome.transaction, outcome.operation)));
    }
    assert!(trail_of(approved(), None).await.changes.is_empty(), "logged at once");
}

/// The change and its author, from each line of the audit trail.
fn audited(log: &Log) -> Vec<(String, String)> {
    let lines = log.lines("changed").into_iter();
    lines
        .map(|line| {
            assert_eq!((&line["audit"], &line["merchant"]), (&json!(true), &json!("m")));
            let text = |name: &str| line[name].as_str().unwrap().to_owned();
            (text("what"), text("by"))
        })
        .collect()
}

fn both(what: &str, by: &str) -> (String, String) {
    (what.to_owned(), by.to_owned())
}

#[tokio::test]
async fn every_change_has_a_line_in_the_audit_trail() {
    let client = "client_credentials";
    let log = Log::here();
    let mut fixture = Fixture::new().await;
    assert_eq!(audited(&log), [both("order registered", client)]);

    let log = Log::here();
    let due = Timestamp::now() + jiff::SignedDuration::from_hours(1);
    let intent =
        paying(None, |pay| (pay.kind, pay.capture) = (PaymentKind::Authorize, CaptureAt::At(due).into()));
    let at = fixture.perform(&intent, Duration::from_secs(29)).await.unwrap().at;
    assert_eq!(audited(&log), [both("intent saved", client), both("outcome", client)]);
    let outcome = log.lines("changed").remove(1);
    assert_eq!((&outcome["state"], &outcome["outcome"]), (&json!("approved"), &json!("approved")));
    assert_eq!(outcome["amount_minor"], 2599);
    assert!(outcome.values().any(|value| value == "r"), "the gateway's reference: {outcome:?}");

    let log = Log::here();
    let Fixture { payments, merchant, key, .. } = &fixture;
    let terms = CaptureAt::At(due).into();
    payments.schedule_capture(merchant, key, at.transaction, &terms, Sender::default()).await.unwrap();
    let ended = due + jiff::SignedDuration::from_hours(7 * 24 + 2);
    fixture.payments.clock = Arc::new(Stopped(ended));
    fixture.payments.lapse(&fixture.key, at.transaction).await.unwrap();
    let expected = [both("scheduled capture moved", client), both("authorization lapsed", "schedule")];
    assert_eq!(audited(&log), expected);
    assert!(log.lines("changed")[0]["capture_at"].is_string());

    let log = Log::here();
    let mut order = fixture.stored().await;
    order.transactions[0].references.description = Some("for Ann".to_owned());
    order.transactions[0].personal_until = Some(ended);
    assert!(fixture.payments.forget_who_paid(order).await.1);
    assert_eq!(audited(&log), [both("personal data deleted", "schedule")]);
}

#[tokio::test]
async fn each_inquiry_has_a_line_that_says_what_was_found() {
    let response = GatewayResponse::default;
    for (finding, name) in [
        (found("r"), "approved"),
        (Finding::Several(vec![approved_as("1"), approved_as("2")]), "several"),
        (Finding::Absent, "absent"),
        (Finding::Duplicate(response()), "duplicate"),
        (Finding::TimedOut(response()), "timed_out"),
        (Finding::TryAgain(response()), "try_again"),
        (Finding::Undecided, "undecided"),
        (Finding::UnderReview, "under_review"),
        (Finding::Failed, "failed"),
    ] {
        let fixture = Fixture::new().await;
        fixture.gateway_says(unknown());
        let performed = fixture.perform(&intent(None), Duration::from_secs(7)).await.unwrap();
        let log = Log::here();
        fixture.inquiry_finds(finding.clone());
        let deadline = Deadline::after(Duration::from_secs(29));
        fixture.payments.inquire_about(&fixture.merchant, performed.order, performed.at, deadline).await;
        let lines = log.lines("gateway inquiry");
        assert_eq!(lines.iter().map(|line| &line["finding"]).collect::<Vec<_>>(), [name]);
        let adopted = audited(&log).iter().filter(|(what, _)| what == "found by inquiry").count();
        assert_eq!(adopted, usize::from(finding != Finding::Failed), "{name}");
    }
}

#[tokio::test]
async fn a_request_that_was_carried_out_before_is_on_its_trail_as_that() {
    let fixture = Fixture::new().await;
    for (repeats, replayed) in [(false, false), (false, true), (true, true)] {
        let request = async {
            if repeats {
                let deadline = Deadline::after(Duration::from_secs(29));
                let (merchant, key, intent) = (&fixture.merchant, &fixture.key, intent(Some("k")));
                return fixture.payments.repeat(merchant, key, &intent, deadline).await.unwrap().unwrap();
            }
            fixture.purchase(Some("k")).await.unwrap()
        };
        let (performed, trail) = follow(Box::pin(request)).await;
        assert_eq!((performed.replayed, trail.replayed), (replayed, replayed));
    }
}

#[tokio::test]
async fn an_item_that_cannot_be_read_is_counted_and_has_a_line_that_says_where_it_is() {
    let log = Log::here();
    let item = Unreadable { key: "m#o".to_owned(), reason: "spoiled".to_owned() };
    let ((), trail) = follow(async { item.note() }).await;
    assert_eq!(trail.unreadable, 1);
    let lines = log.lines("a stored item cannot be read");
    let [line] = lines.as_slice() else { panic!("{lines:?}") };
    assert_eq!(
        (&line["key"], &line["reason"], &line["level"]),
        (&json!("m#o"), &json!("spoiled"), &json!("ERROR"))
    );
}
