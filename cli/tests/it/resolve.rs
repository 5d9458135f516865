//! `payment resolve`.

use cardpointe_simulator::{Alteration, Endpoint, Fault, FaultKind, Settings};
use serde_json::{Value, json};

use crate::support::{Fixture, MERCHANT, MERCHANTS, Ran, run};

fn resolve<'a>(order: &'a str, id: &'a str, verdict: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    let fixed = ["payment", "resolve", MERCHANT, order, id, "--as", verdict, "--by", "Ann"];
    [&fixed[..], &["--reason", "seen in the portal", "--json"], more].concat()
}

impl Fixture {
    async fn resolve(&self, order: &str, id: &str, verdict: &str, more: &[&str], input: &str) -> Ran {
        self.run(&resolve(order, id, verdict, more), input).await
    }

    async fn record(&self, order: &str) -> Value {
        self.run(&["payment", "show", MERCHANT, order, "--json"], "").await.json()
    }

    /// A purchase that the gateway has no word for, and its reference there.
    async fn purchase_in_doubt(&self, order: &str) -> (String, String) {
        self.lose(Endpoint::Auth);
        let (status, id) = self.pay(order, "purchase").await;
        assert_eq!(status, 202);
        self.stay_in_doubt();
        (id, self.last_retref())
    }
}

#[tokio::test]
async fn a_payment_in_doubt_is_decided_done_under_its_own_reference_after_its_amount_was_typed() {
    let fixture = Fixture::open().await;
    fixture.pay("other", "purchase").await;
    let other = fixture.last_retref();
    let (id, retref) = fixture.purchase_in_doubt("o").await;
    let before = fixture.record("o").await;
    fixture.resolve("o", &id, "done", &[], "25.99").await.fails(4, "reference is needed");
    fixture.resolve("o", &id, "done", &["--retref", &other], "25.99").await.fails(4, "it was sent as");
    fixture
        .resolve("o", &id, "done", &["--retref", "1"], "25.99")
        .await
        .fails(4, "1: the gateway has nothing under it at MID");
    let done = ["--retref", retref.as_str()];
    let dry = fixture.resolve("o", &id, "done", &[&done[..], &["--dry-run"]].concat(), "").await.json();
    assert_eq!(dry["order"]["transactions"][0]["status"], "complete", "what it would be");
    for typed in ["", "y", "2599", "25.9"] {
        fixture.resolve("o", &id, "done", &done, typed).await.fails(5, "25.99 was not typed");
    }
    assert_eq!(fixture.record("o").await, before, "nothing so far has changed anything");
    let sent = fixture.stack.simulator().transactions().len();
    let ran = fixture.resolve("o", &id, "done", &done, "25.99\n").await;
    for part in [
        "Stage local, merchant 170200123",
        "transaction is: not known yet",
        "and then: paid, captured 25.99 USD",
        "Recorded for 25.99 USD: done, by Ann",
    ] {
        assert!(ran.err.contains(part), "{part}: {ran:?}");
    }
    let transaction = ran.json()["order"]["transactions"][0].clone();
    assert_eq!((&transaction["status"], &transaction["reference"]), (&json!("complete"), &json!(retref)));
    let operation = &transaction["operations"][0];
    let decision = &operation["by_hand"][0];
    assert_eq!((&decision["as"], &decision["by"]), (&json!("done"), &json!("Ann")));
    assert_eq!(decision["reason"], "seen in the portal");
    assert_eq!(fixture.stack.simulator().transactions().len(), sent, "nothing was sent");
    assert_eq!(fixture.record("o").await["transactions"][0], transaction);
    let (_, api) = fixture.call("GET", &format!("/v2/orders/o/transactions/{id}"), json!({})).await;
    assert_eq!(api["data"]["status"], "complete");
    let report = fixture.stack.invoke_scheduled("reconcile").await.unwrap();
    assert_eq!(report["due"], 0, "it has left the index");
    fixture
        .resolve("o", &id, "not-done", &["--yes"], "")
        .await
        .fails(4, "nothing of the transaction is in doubt");
    fixture.close().await;
}

#[tokio::test]
async fn a_payment_decided_not_done_frees_the_order() {
    let fixture = Fixture::open().await;
    let (id, _) = fixture.purchase_in_doubt("o").await;
    let shown = fixture.resolve("o", &id, "not-done", &["--yes"], "").await.json();
    assert_eq!((&shown["order"]["owing"], &shown["order"]["payment"]), (&json!(2599), &json!("unpaid")));
    let operation = &shown["order"]["transactions"][0]["operations"][0];
    assert_eq!(
        (&operation["state"], &operation["by_hand"][0]["as"]),
        (&json!("not_done"), &json!("not_done"))
    );
    assert!(operation["last_look_at"].is_string(), "it is looked for once more");
    assert_eq!(fixture.pay("o", "purchase").await.0, 200);
    fixture.close().await;
}

#[tokio::test]
async fn nothing_is_decided_within_an_hour() {
    let fixture = Fixture::open().await;
    fixture.lose(Endpoint::Auth);
    let (_, id) = fixture.pay("o", "purchase").await;
    fixture.shows_what_decides_nothing();
    fixture.stack.advance_clock(3_500);
    fixture.resolve("o", &id, "not-done", &["--yes"], "").await.fails(4, "less than an hour ago");
    fixture.stack.advance_clock(200);
    fixture.resolve("o", &id, "not-done", &["--yes"], "").await.done();
    fixture.close().await;
}

#[tokio::test]
async fn the_gateways_own_word_counts_and_its_silence_is_not_taken_for_one() {
    let fixture = Fixture::open().await;
    fixture.lose(Endpoint::Auth);
    let (_, done) = fixture.pay("done", "purchase").await;
    fixture.stack.simulator().clear_faults();
    fixture.stack.simulator().fault(Fault::once(Endpoint::Auth, FaultKind::DropBefore));
    fixture
        .stack
        .simulator()
        .fault(Fault::once(Endpoint::InquireByOrderid, FaultKind::Status { status: 503 }));
    let (_, absent) = fixture.pay("absent", "purchase").await;
    fixture.stack.simulator().clear_faults();
    fixture.stack.advance_clock(3_600);
    let before = [fixture.record("done").await, fixture.record("absent").await];
    fixture.resolve("done", &done, "not-done", &["--yes"], "").await.fails(4, "a word of its own: approved");
    fixture.resolve("absent", &absent, "not-done", &["--yes"], "").await.fails(4, "no trace of it");
    fixture
        .resolve("absent", &absent, "done", &["--retref", "1", "--yes"], "")
        .await
        .fails(4, "no trace of it");
    fixture
        .stack
        .simulator()
        .fault(Fault::once(Endpoint::InquireByOrderid, FaultKind::Status { status: 503 }));
    fixture.resolve("done", &done, "not-done", &["--yes"], "").await.fails(6, "did not respond");
    assert_eq!(
        [fixture.record("done").await, fixture.record("absent").await],
        before,
        "nothing was recorded"
    );
    fixture.close().await;
}

#[tokio::test]
async fn a_capture_is_decided_without_a_reference() {
    let fixture = Fixture::open().await;
    let (_, id) = fixture.pay("o", "authorize").await;
    fixture.lose(Endpoint::Capture);
    fixture.follow_up("o", &id, "capture", json!({ "amount": 2000 })).await;
    fixture.stay_in_doubt();
    let shown = fixture.resolve("o", &id, "done", &[], "20.00\n").await.json();
    assert_eq!(shown["order"]["transactions"][0]["captured"], 2000);
    fixture.close().await;
}

#[tokio::test]
async fn of_two_equal_refunds_a_person_says_which_is_ours() {
    let fixture = Fixture::open().await;
    let settings = Settings { refunds_findable_by_orderid: false, ..Settings::default() };
    assert!(fixture.stack.simulator().set_merchant("496160873888", settings));
    let (_, id) = fixture.pay("o", "purchase").await;
    let sale = fixture.last_retref();
    fixture.stack.simulator().settle();
    fixture.lose(Endpoint::Refund);
    fixture.follow_up("o", &id, "refund", json!({ "amount": 1000 })).await;
    fixture.stack.simulator().clear_faults();
    let ours = fixture.last_retref();
    // The same amount is given back in the gateway's portal.
    fixture.refund_by_hand(&sale, "10.00").await;
    // By its user fields ours would be known.
    fixture.stack.simulator().alter(Alteration::of(Endpoint::InquireByOrderid).remove("userfields"));
    fixture.stack.advance_clock(3_600);
    fixture.resolve("o", &id, "done", &["--yes"], "").await.fails(4, "reference is needed");
    fixture
        .resolve("o", &id, "done", &["--retref", &sale, "--yes"], "")
        .await
        .fails(4, "another operation's");
    let shown = fixture.resolve("o", &id, "done", &["--retref", &ours, "--yes"], "").await.json();
    assert_eq!(shown["order"]["transactions"][0]["refunded"], 1000);
    fixture.close().await;
}

#[tokio::test]
async fn on_aws_the_stage_has_to_be_named() {
    let fixture = Fixture::open().await;
    let (id, _) = fixture.purchase_in_doubt("o").await;
    let arguments = resolve("o", &id, "not-done", &["--dry-run"]);
    let ran = run(&arguments, &fixture.like_aws()[..6], "").await;
    ran.fails(2, "--stage");
    // AWS's clock is the machine's, an hour behind this stack's: it is too early there.
    let arguments = resolve("o", &id, "not-done", &["--dry-run", MERCHANTS]);
    run(&arguments, &fixture.like_aws(), "").await.fails(4, "less than an hour ago");
    fixture.run(&resolve("o", "not-an-id", "done", &[]), "").await.fails(2, "invalid value");
    let nameless = ["payment", "resolve", MERCHANT, "o", &id, "--as", "done", "--by", " ", "--reason", "r"];
    fixture.run(&nameless, "").await.fails(2, "is empty");
    fixture.close().await;
}
