//! `payment resolve`.

use cardpointe_simulator::{Alteration, Endpoint, Fault, FaultKind, Settings};
use serde_json::{Value, json};

use crate::support::{Desk, MERCHANT, Ran, run};

fn resolve<'a>(order: &'a str, id: &'a str, verdict: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    let fixed = ["payment", "resolve", MERCHANT, order, id, "--as", verdict, "--by", "Ann"];
    [&fixed[..], &["--reason", "seen in the portal", "--json"], more].concat()
}

impl Desk {
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
    let desk = Desk::open().await;
    desk.pay("other", "purchase").await;
    let other = desk.last_retref();
    let (id, retref) = desk.purchase_in_doubt("o").await;
    let before = desk.record("o").await;
    desk.resolve("o", &id, "done", &[], "25.99").await.fails(4, "(retref) is needed");
    desk.resolve("o", &id, "done", &["--retref", &other], "25.99").await.fails(4, "it was sent as");
    desk.resolve("o", &id, "done", &["--retref", "1"], "25.99").await.fails(4, "nothing under 1 at MID");
    let done = ["--retref", retref.as_str()];
    let dry = desk.resolve("o", &id, "done", &[&done[..], &["--dry-run"]].concat(), "").await.json();
    assert_eq!(dry["order"]["transactions"][0]["status"], "complete", "what it would be");
    for typed in ["", "y", "2599", "25.9"] {
        desk.resolve("o", &id, "done", &done, typed).await.fails(5, "25.99 was not typed");
    }
    assert_eq!(desk.record("o").await, before, "nothing so far has changed anything");
    let sent = desk.stack.simulator().transactions().len();
    let ran = desk.resolve("o", &id, "done", &done, "25.99\n").await;
    for part in [
        "Stage local, merchant 170200123",
        "transaction is: pending",
        "and then: complete, captured 25.99 USD",
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
    assert_eq!(desk.stack.simulator().transactions().len(), sent, "nothing was sent");
    assert_eq!(desk.record("o").await["transactions"][0], transaction);
    let (_, api) = desk.call("GET", &format!("/v2/orders/o/transactions/{id}"), json!({})).await;
    assert_eq!(api["data"]["status"], "complete");
    let report = desk.stack.invoke_scheduled("reconcile").await.unwrap();
    assert_eq!(report["due"], 0, "it has left the index");
    desk.resolve("o", &id, "not-done", &["--yes"], "")
        .await
        .fails(4, "nothing of the transaction is in doubt");
    desk.close().await;
}

#[tokio::test]
async fn a_payment_decided_not_done_frees_the_order() {
    let desk = Desk::open().await;
    let (id, _) = desk.purchase_in_doubt("o").await;
    let shown = desk.resolve("o", &id, "not-done", &["--yes"], "").await.json();
    assert_eq!((&shown["order"]["owing"], &shown["order"]["payment"]), (&json!(2599), &json!("unpaid")));
    let operation = &shown["order"]["transactions"][0]["operations"][0];
    assert_eq!(
        (&operation["state"], &operation["by_hand"][0]["as"]),
        (&json!("not_done"), &json!("not_done"))
    );
    assert!(operation["last_look_at"].is_string(), "it is looked for once more");
    assert_eq!(desk.pay("o", "purchase").await.0, 200);
    desk.close().await;
}

#[tokio::test]
async fn nothing_is_decided_within_an_hour() {
    let desk = Desk::open().await;
    desk.lose(Endpoint::Auth);
    let (_, id) = desk.pay("o", "purchase").await;
    desk.shows_what_decides_nothing();
    desk.stack.advance_clock(3_500);
    desk.resolve("o", &id, "not-done", &["--yes"], "").await.fails(4, "less than an hour ago");
    desk.stack.advance_clock(200);
    desk.resolve("o", &id, "not-done", &["--yes"], "").await.done();
    desk.close().await;
}

#[tokio::test]
async fn the_gateways_own_word_counts_and_its_silence_is_not_taken_for_one() {
    let desk = Desk::open().await;
    desk.lose(Endpoint::Auth);
    let (_, done) = desk.pay("done", "purchase").await;
    desk.stack.simulator().clear_faults();
    desk.stack.simulator().fault(Fault::once(Endpoint::Auth, FaultKind::DropBefore));
    desk.stack.simulator().fault(Fault::once(Endpoint::InquireByOrderid, FaultKind::Status { status: 503 }));
    let (_, absent) = desk.pay("absent", "purchase").await;
    desk.stack.simulator().clear_faults();
    desk.stack.advance_clock(3_600);
    let before = [desk.record("done").await, desk.record("absent").await];
    desk.resolve("done", &done, "not-done", &["--yes"], "").await.fails(4, "a word of its own: approved");
    desk.resolve("absent", &absent, "not-done", &["--yes"], "").await.fails(4, "no trace of it");
    desk.resolve("absent", &absent, "done", &["--retref", "1", "--yes"], "").await.fails(4, "no trace of it");
    desk.stack.simulator().fault(Fault::once(Endpoint::InquireByOrderid, FaultKind::Status { status: 503 }));
    desk.resolve("done", &done, "not-done", &["--yes"], "").await.fails(6, "did not answer");
    assert_eq!([desk.record("done").await, desk.record("absent").await], before, "nothing was recorded");
    desk.close().await;
}

#[tokio::test]
async fn a_capture_is_decided_without_a_reference() {
    let desk = Desk::open().await;
    let (_, id) = desk.pay("o", "authorize").await;
    desk.lose(Endpoint::Capture);
    desk.follow_up("o", &id, "capture", json!({ "amount": 2000 })).await;
    desk.stay_in_doubt();
    let shown = desk.resolve("o", &id, "done", &[], "20.00\n").await.json();
    assert_eq!(shown["order"]["transactions"][0]["captured"], 2000);
    desk.close().await;
}

#[tokio::test]
async fn of_two_equal_refunds_a_person_says_which_is_ours() {
    let desk = Desk::open().await;
    let settings = Settings { refunds_findable_by_orderid: false, ..Settings::default() };
    assert!(desk.stack.simulator().set_merchant("496160873888", settings));
    let (_, id) = desk.pay("o", "purchase").await;
    let sale = desk.last_retref();
    desk.stack.simulator().settle();
    desk.lose(Endpoint::Refund);
    desk.follow_up("o", &id, "refund", json!({ "amount": 1000 })).await;
    desk.stack.simulator().clear_faults();
    let ours = desk.last_retref();
    // Somebody gave back the same amount in the gateway's portal.
    desk.refund_by_hand(&sale, "10.00").await;
    // By its user fields ours would be known.
    desk.stack.simulator().alter(Alteration::of(Endpoint::InquireByOrderid).remove("userfields"));
    desk.stack.advance_clock(3_600);
    desk.resolve("o", &id, "done", &["--yes"], "").await.fails(4, "(retref) is needed");
    desk.resolve("o", &id, "done", &["--retref", &sale, "--yes"], "").await.fails(4, "another operation's");
    let shown = desk.resolve("o", &id, "done", &["--retref", &ours, "--yes"], "").await.json();
    assert_eq!(shown["order"]["transactions"][0]["refunded"], 1000);
    desk.close().await;
}

#[tokio::test]
async fn on_aws_the_stage_has_to_be_named() {
    let desk = Desk::open().await;
    let (id, _) = desk.purchase_in_doubt("o").await;
    let arguments = resolve("o", &id, "not-done", &["--dry-run"]);
    let ran = run(&arguments, &desk.like_aws()[..6], "").await;
    ran.fails(2, "--stage");
    // AWS's clock is the machine's, an hour behind this stack's: it is too early there.
    run(&arguments, &desk.like_aws(), "").await.fails(4, "less than an hour ago");
    desk.run(&resolve("o", "not-an-id", "done", &[]), "").await.fails(2, "invalid value");
    let nameless = ["payment", "resolve", MERCHANT, "o", &id, "--as", "done", "--by", " ", "--reason", "r"];
    desk.run(&nameless, "").await.fails(2, "is empty");
    desk.close().await;
}
