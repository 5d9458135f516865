//! `payment capture`, `payment reauthorize`, `payment refund` and `payment void`.

use cardpointe_simulator::{AdviceMember, Decline, Endpoint, Fault, FaultKind};
use serde_json::{Value, json};

use crate::support::{Fixture, MERCHANT, MERCHANTS, Ran, run};

const WHY: &str = "arrived broken, case 4711";

impl Fixture {
    async fn change(&self, what: &str, order: &str, more: &[&str], input: &str) -> Ran {
        let fixed = ["payment", what, MERCHANT, order, "--by", "Ann"];
        let reason: &[&str] = if more.contains(&"--reason") { &[] } else { &["--reason", WHY] };
        self.run(&[&fixed, more, reason, &["--json"]].concat(), input).await
    }

    fn sent(&self, endpoint: &str) -> usize {
        let all = self.stack.simulator().transactions();
        all.iter().filter(|entry| entry["kind"] == endpoint).count()
    }

    /// A sale that is settled.
    async fn sale(&self, order: &str) -> String {
        let (status, id) = self.pay(order, "purchase").await;
        assert_eq!(status, 200);
        self.stack.simulator().settle();
        id
    }
}

/// The first transaction in a command's output.
fn first(answer: &Value) -> &Value {
    &answer["order"]["transactions"][0]
}

#[tokio::test]
async fn a_refund_is_shown_requested_and_made_once_however_often_the_command_is_given() {
    let fixture = Fixture::open().await;
    let id = fixture.sale("o").await;
    let part = ["--amount", "5.00"];
    let dry = fixture.change("refund", "o", &["--amount", "5.00", "--dry-run"], "").await.json();
    assert_eq!(
        dry,
        json!({
            "stage": "local", "dry_run": true, "transaction": id, "operation": "refund", "amount": 500,
            "currency": "USD",
        })
    );
    for typed in ["", "y", "25.99"] {
        fixture.change("refund", "o", &part, typed).await.fails(5, "5.00 was not typed");
    }
    let other = ["--amount", "5.00", "--yes", "--if-version", "1"];
    fixture.change("refund", "o", &other, "").await.fails(4, "has changed since that version");
    assert_eq!(fixture.sent("refund"), 0, "nothing so far has sent anything");

    let ran = fixture.change("refund", "o", &part, "5.00\n").await;
    for says in ["Gateway account: test", "refund of 5.00 USD", "captured 25.99 USD", WHY] {
        assert!(ran.err.contains(says), "{says}: {ran:?}");
    }
    let done = ran.json();
    assert_eq!((&done["outcome"], &done["replayed"]), (&json!("done"), &json!(false)));
    let again = fixture.change("refund", "o", &part, "").await.json();
    assert_eq!((&again["outcome"], &again["replayed"]), (&json!("done"), &json!(true)), "without a prompt");
    assert_eq!(fixture.sent("refund"), 1);
    // Another reason is another refund.
    fixture.change("refund", "o", &["--amount", "5.00", "--reason", "again", "--yes"], "").await.json();
    assert_eq!(fixture.sent("refund"), 2);
    fixture
        .change("refund", "o", &["--amount", "16.00", "--yes"], "")
        .await
        .fails(4, "left to refund: 15.99 USD");
    let (_, read) = fixture.call("GET", &format!("/v2/orders/o/transactions/{id}"), json!({})).await;
    assert_eq!(read["data"]["refunded_amount"], 1000);
    assert_eq!(read["data"]["meta"]["operations"][1]["request"], json!({"actor": "Ann", "reason": WHY}));
    fixture.close().await;
}

#[tokio::test]
async fn an_authorization_is_captured_in_part_and_a_purchase_is_voided() {
    let fixture = Fixture::open().await;
    fixture.pay("held", "authorize").await;
    let captured = fixture.change("capture", "held", &["--amount", "20", "--yes"], "").await.json();
    assert_eq!(first(&captured)["status"], "complete");
    assert_eq!(first(&captured)["captured"], 2000);
    let dry = fixture.change("reauthorize", "held", &["--dry-run"], "").await.json();
    assert_eq!((&dry["operation"], &dry["amount"]), (&json!("reauthorize"), &json!(599)));
    fixture
        .change("reauthorize", "held", &["--amount", "6.00", "--yes"], "")
        .await
        .fails(4, "released: 5.99 USD");
    let rest = fixture.change("reauthorize", "held", &["--yes"], "").await.json();
    let transactions = &rest["order"]["transactions"];
    assert_eq!((&first(&rest)["status"], &first(&rest)["amount"]), (&json!("complete"), &json!(599)));
    assert_eq!((&first(&rest)["continues"], &rest["order"]["owing"]), (&first(&captured)["id"], &json!(0)));
    assert_eq!(transactions.as_array().unwrap().len(), 1, "the payment that was made");
    let again = fixture.change("reauthorize", "held", &["--yes"], "").await.json();
    assert_eq!((&again["outcome"], &again["replayed"]), (&json!("done"), &json!(true)));
    fixture.pay("paid", "purchase").await;
    fixture.change("void", "paid", &["--amount", "1.00", "--yes"], "").await.fails(2, "--amount");
    let voided = fixture.change("void", "paid", &["--yes"], "").await.json();
    assert_eq!((&first(&voided)["status"], &voided["order"]["owing"]), (&json!("cancelled"), &json!(2599)));
    fixture.close().await;
}

#[tokio::test]
async fn a_card_schemes_ban_is_obeyed_before_anything_is_asked() {
    let fixture = Fixture::open().await;
    fixture.pay("held", "authorize").await;
    fixture.change("capture", "held", &["--amount", "20", "--yes"], "").await.json();
    let lost = Decline::do_not_honor().member(AdviceMember::AssocRespCode, "41");
    fixture.stack.simulator().decline(lost);
    let refused = fixture.change("reauthorize", "held", &["--yes"], "").await;
    assert!(refused.out.contains("declined"), "{refused:?}");
    let sent = fixture.sent("auth");
    for more in ["--dry-run", "--yes"] {
        let banned = fixture.change("reauthorize", "held", &["--amount", "5.00", more], "").await;
        banned.fails(4, "a card scheme has forbidden this attempt");
    }
    assert_eq!(fixture.sent("auth"), sent);
    fixture.close().await;
}

#[tokio::test]
async fn a_lost_response_is_said_and_the_same_command_finds_what_became_of_it() {
    let fixture = Fixture::open().await;
    fixture.sale("o").await;
    fixture.lose(Endpoint::Refund);
    let ran = fixture.change("refund", "o", &["--yes"], "").await;
    let answer: Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!((ran.code, &answer["outcome"]), (6, &json!("pending")), "{ran:?}");
    fixture.stack.simulator().clear_faults();
    fixture.stack.advance_clock(300);
    let found = fixture.change("refund", "o", &["--yes"], "").await.json();
    assert_eq!((&found["outcome"], &found["replayed"]), (&json!("done"), &json!(true)));
    assert_eq!(fixture.sent("refund"), 1);
    fixture.close().await;
}

#[tokio::test]
async fn what_cannot_be_is_refused_and_nothing_is_sent() {
    let fixture = Fixture::open().await;
    let id = fixture.sale("o").await;
    let other = "475d9b6b-8385-49a3-b57f-855c155d5d68";
    fixture.pay("held", "authorize").await;
    fixture.pay("twice", "purchase").await;
    for (what, order, more, code, says) in [
        ("refund", "held", &[][..], 4, "not captured; possible instead: `payment capture`, `payment void`"),
        ("capture", "held", &["--amount", "26.00"], 4, "more than what was authorized: 25.99 USD"),
        ("reauthorize", "o", &[], 4, "captured already; possible instead: `payment refund`, `payment void`"),
        ("refund", "twice", &["--amount", "1.00"], 4, "\"possible_instead\": \"payment void\""),
        ("refund", "o", &["--amount", "5.001"], 2, "--amount: 5.001 is no amount of USD"),
        ("refund", "o", &["--amount", "0"], 4, "amount"),
        ("refund", "o", &["--amount", "26.00"], 4, "left to refund"),
        ("refund", "other", &[], 3, "the order does not exist"),
        ("refund", "o", &[other], 3, "no such transaction"),
        ("capture", "o", &[id.as_str()], 4, "capture"),
        ("void", "o", &[id.as_str()], 4, "\"possible_instead\": \"payment refund\""),
    ] {
        let ran = fixture.change(what, order, &[more, &["--yes"]].concat(), "").await;
        assert_eq!(ran.code, code, "{what} {order} {more:?}: {ran:?}");
        assert!((ran.err + &ran.out).contains(says), "{what} {order} {more:?}: {says}");
    }
    assert_eq!(fixture.sent("refund"), 0);
    // An intermediary turns it away, which is no proof that the gateway did not act.
    let decline = FaultKind::Status { status: 401 };
    fixture.stack.simulator().fault(Fault::once(Endpoint::Refund, decline));
    let ran = fixture.change("refund", "o", &["--yes"], "").await;
    assert_eq!(ran.code, 6, "{ran:?}");

    let by = ["--by", "Ann", "--reason", "case-1", "--yes"];
    fixture.run(&[&["merchant", "stop", MERCHANT][..], &by].concat(), "").await.done();
    fixture.change("refund", "o", &["--yes", "--reason", "2"], "").await.fails(4, "merchant is stopped");
    fixture.run(&[&["merchant", "start", MERCHANT][..], &by].concat(), "").await.done();
    fixture.run(&[&["stop"][..], &by].concat(), "").await.done();
    fixture.change("refund", "o", &["--yes", "--reason", "3"], "").await.fails(4, "payments are stopped");
    assert_eq!(fixture.sent("refund"), 0);
    fixture.close().await;
}

/// The caller's identity at AWS is recorded beside the name on the command line.
#[tokio::test]
async fn the_arn_of_the_credentials_is_recorded_beside_the_name_and_a_refund_does_not_wait_for_it() {
    let fixture = Fixture::open().await;
    fixture.sale("o").await;
    let refund = async |amount: &str, variables: &[(&'static str, String)]| {
        let words = ["payment", "refund", MERCHANT, "o", "--by", "Ann", "--reason", WHY, "--yes", MERCHANTS];
        run(&[&words[..], &["--amount", amount, "--json"]].concat(), variables, "").await
    };
    let with_aws = fixture.like_aws();
    let done = refund("5", &with_aws).await.json();
    let operations = first(&done)["operations"].as_array().unwrap().clone();
    let (actor, person) = (&operations[1]["actor"], &operations[1]["person"]);
    assert_eq!((actor, person), (&json!("Ann"), &json!("arn:aws:iam::123456789012:user/ann")));
    let mut without_sts = with_aws.clone();
    without_sts.push(("AWS_ENDPOINT_URL_STS", "http://127.0.0.1:1".to_owned()));
    let ran = refund("6", &without_sts).await;
    assert!(ran.err.contains("is not recorded: sts:GetCallerIdentity"), "{ran:?}");
    assert_eq!(first(&ran.json())["operations"][2]["person"], Value::Null);
    fixture.close().await;
}
