//! `merchant stop`, `merchant start`, `doctor --before-deletion`.

use cardpointe_simulator::Endpoint;
use local::merchants::REGISTERED_KEY;
use serde_json::json;

use crate::support::{Desk, MERCHANT};

#[tokio::test]
async fn a_merchant_is_stopped_and_started_by_command() {
    let desk = Desk::open().await;
    let stop = ["merchant", "stop", MERCHANT];
    assert!(desk.run(&[&stop[..], &["--dry-run"]].concat(), "").await.done().contains("would be stopped"));
    desk.run(&stop, "another\n").await.fails(5, "was not typed");
    assert_eq!(desk.token(MERCHANT, REGISTERED_KEY).await.0, 200, "nothing was done so far");
    let ran = desk.run(&stop, &format!("{MERCHANT}\n")).await;
    ran.never_says(REGISTERED_KEY);
    assert!(ran.done().contains("stopped"));
    desk.stack.advance_clock(301);
    assert_eq!(desk.token(MERCHANT, REGISTERED_KEY).await.0, 401);
    let again = desk.run(&[&stop[..], &["--json"]].concat(), "").await.json();
    assert_eq!((&again["disabled"], &again["changed"]), (&json!(true), &json!(false)));
    desk.run(&["merchant", "start", MERCHANT, "--yes"], "").await.done();
    desk.stack.advance_clock(301);
    assert_eq!(desk.token(MERCHANT, REGISTERED_KEY).await.0, 200);
    desk.run(&["merchant", "stop", "nobody", "--yes"], "").await.fails(3, "no such merchant");
    desk.close().await;
}

#[tokio::test]
async fn a_merchant_with_a_payment_in_doubt_or_a_capture_to_come_is_not_to_be_deleted() {
    let desk = Desk::open().await;
    let ask = ["doctor", "--merchant", MERCHANT, "--before-deletion"];
    let ran = desk.run(&ask, "").await;
    assert!(ran.code == 0 && ran.out.contains("nothing is in doubt"), "{ran:?}");
    desk.lose(Endpoint::Auth);
    assert_eq!(desk.pay("doubt", "purchase").await.0, 202);
    let ran = desk.run(&ask, "").await;
    assert!(ran.code == 1 && ran.out.contains("with a payment in doubt: 1"), "{ran:?}");
    assert!(ran.out.contains("the first one doubt"), "{ran:?}");
    let other = ["doctor", "--merchant", local::merchants::EXTERNAL, "--before-deletion"];
    let ran = desk.run(&other, "").await;
    assert_eq!(ran.code, 0, "it is another merchant's: {ran:?}");
    desk.stack.simulator().clear_faults();
    desk.stack.advance_clock(120);
    desk.stack.invoke_scheduled("reconcile").await.unwrap();
    let ran = desk.run(&ask, "").await;
    assert_eq!(ran.code, 0, "{ran:?}");
    let (_, id) = desk.pay("later", "authorize").await;
    let at = (jiff::Timestamp::now() + jiff::SignedDuration::from_hours(24)).to_string();
    let later = json!({ "data": { "capture_at": at } });
    assert_eq!(desk.call("PATCH", &format!("/v2/orders/later/transactions/{id}"), later).await.0, 200);
    let ran = desk.run(&ask, "").await;
    assert!(ran.code == 1 && ran.out.contains("with a scheduled capture: 1"), "{ran:?}");
    desk.close().await;
}

#[tokio::test]
async fn the_doctor_warns_of_a_short_key_and_of_a_gateway_elsewhere() {
    let desk = Desk::open().await;
    let ran = desk.run(&["doctor", "--merchant", MERCHANT], "").await;
    assert!(ran.code == 0 && ran.out.contains("a key has 12 characters"), "{ran:?}");
    ran.never_says(REGISTERED_KEY);
    let mut variables = desk.like_aws();
    variables.retain(|(name, _)| *name != "GATEWAY_HOSTS");
    variables.push(("AWS_ENDPOINT_URL_STS", "http://127.0.0.1:1".to_owned()));
    let ran = crate::support::run(&["doctor", "--merchant", MERCHANT], &variables, "").await;
    assert!(ran.out.contains("the gateway's host is not one that this deployment allows"), "{ran:?}");
    desk.close().await;
}
