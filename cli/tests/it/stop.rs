//! `stop`, `start`, `merchant stop`, `merchant start`, `doctor --before-deletion`.

use cardpointe_simulator::Endpoint;
use local::merchants::REGISTERED_KEY;
use serde_json::json;

use crate::support::{Fixture, MERCHANT, run};

#[tokio::test]
async fn a_merchant_is_stopped_and_started_by_command_within_seconds_and_its_secret_stays_as_it_is() {
    let fixture = Fixture::open().await;
    let secret = format!("tollgate/merchants/{MERCHANT}");
    let document = fixture.stack.secrets().get(&secret);
    let stop = ["merchant", "stop", MERCHANT, "--by", "Ann Lee", "--reason", "duplicate charges"];
    assert!(fixture.run(&[&stop[..], &["--dry-run"]].concat(), "").await.done().contains("would be stopped"));
    fixture.run(&["merchant", "stop", MERCHANT, "--yes"], "").await.fails(2, "--by <NAME>");
    fixture.run(&stop, "another\n").await.fails(5, "was not typed");
    assert_eq!(fixture.pay("before", "purchase").await.0, 200, "nothing was done so far");
    assert!(fixture.run(&stop, &format!("{MERCHANT}\n")).await.done().contains("stopped"));
    fixture.stack.advance_clock(16);
    assert_eq!(fixture.token(MERCHANT, REGISTERED_KEY).await.0, 200, "it reads on");
    assert_eq!(fixture.pay("after", "purchase").await.0, 503);
    assert_eq!(fixture.call("GET", "/status", json!({})).await.1["payments"], "enabled", "for the others");
    let again = fixture.run(&[&stop[..], &["--json"]].concat(), "").await.json();
    assert_eq!((&again["stopped"], &again["changed"]), (&json!(true), &json!(false)));
    let doctor = fixture.run(&["doctor"], "").await;
    let says = format!("payments of {MERCHANT}");
    assert!(doctor.code == 0 && doctor.out.contains(&says), "{doctor:?}");
    assert!(doctor.out.contains("STOPPED by Ann Lee, "), "{doctor:?}");
    let listed = fixture.run(&["merchant", "list", "--json"], "").await.json();
    let states: Vec<_> =
        listed["merchants"].as_array().unwrap().iter().map(|one| one["stopped"].clone()).collect();
    assert_eq!(states.iter().filter(|stopped| **stopped == json!(true)).count(), 1, "{states:?}");
    let start = ["merchant", "start", MERCHANT, "--by", "Bob", "--reason", "fixed", "--yes"];
    fixture.run(&start, "").await.done();
    fixture.stack.advance_clock(16);
    assert_eq!(fixture.pay("after", "purchase").await.0, 200);
    let shown = fixture.run(&["merchant", "stop", MERCHANT, "--show"], "").await.done();
    let lines: Vec<_> = shown.lines().collect();
    assert!(lines[0].contains("its payments are enabled (by Bob, "), "{shown}");
    assert!(lines[1].contains("started  Bob, ") && lines[1].ends_with(": fixed"), "{shown}");
    assert!(lines[2].contains("stopped  Ann Lee, ") && lines[2].ends_with(": duplicate charges"), "{shown}");
    assert_eq!(fixture.stack.secrets().get(&secret), document);
    let unknown = ["merchant", "stop", "unknown", "--by", "Ann", "--reason", "r", "--yes"];
    fixture.run(&unknown, "").await.fails(3, "no such merchant");
    fixture.close().await;
}

#[tokio::test]
async fn a_merchant_with_a_payment_in_doubt_or_a_capture_to_come_is_not_to_be_deleted() {
    let fixture = Fixture::open().await;
    let ask = ["doctor", "--merchant", MERCHANT, "--before-deletion"];
    let ran = fixture.run(&ask, "").await;
    assert!(ran.code == 0 && ran.out.contains("nothing is in doubt"), "{ran:?}");
    fixture.lose(Endpoint::Auth);
    assert_eq!(fixture.pay("doubt", "purchase").await.0, 202);
    let ran = fixture.run(&ask, "").await;
    assert!(ran.code == 1 && ran.out.contains("with a payment in doubt: 1"), "{ran:?}");
    assert!(ran.out.contains("the first one doubt"), "{ran:?}");
    let other = ["doctor", "--merchant", local::merchants::EXTERNAL, "--before-deletion"];
    let ran = fixture.run(&other, "").await;
    assert_eq!(ran.code, 0, "it is another merchant's: {ran:?}");
    fixture.stack.simulator().clear_faults();
    fixture.stack.advance_clock(120);
    fixture.stack.invoke_scheduled("reconcile").await.unwrap();
    let ran = fixture.run(&ask, "").await;
    assert_eq!(ran.code, 0, "{ran:?}");
    let (_, id) = fixture.pay("later", "authorize").await;
    let at = (jiff::Timestamp::now() + jiff::SignedDuration::from_hours(24)).to_string();
    let later = json!({ "data": { "capture_at": at } });
    assert_eq!(fixture.call("PATCH", &format!("/v2/orders/later/transactions/{id}"), later).await.0, 200);
    let ran = fixture.run(&ask, "").await;
    assert!(ran.code == 1 && ran.out.contains("with a scheduled capture: 1"), "{ran:?}");
    fixture.close().await;
}

#[tokio::test]
async fn the_doctor_warns_of_a_short_key() {
    let fixture = Fixture::open().await;
    let ran = fixture.run(&["doctor", "--merchant", MERCHANT], "").await;
    assert!(ran.code == 0 && ran.out.contains("a key has 12 characters"), "{ran:?}");
    ran.never_says(REGISTERED_KEY);
    fixture.close().await;
}

#[tokio::test]
async fn all_payments_are_stopped_and_started_by_command_and_reading_goes_on() {
    let fixture = Fixture::open().await;
    let (_, held) = fixture.pay("held", "authorize").await;
    let stop = ["stop", "--by", "Ann Lee", "--reason", "duplicate charges, case 4711"];
    assert!(fixture.run(&[&stop[..], &["--dry-run"]].concat(), "").await.done().contains("would be stopped"));
    let look = fixture.run(&["stop", "--dry-run"], "").await.done();
    assert!(look.contains("are enabled (they were never stopped) and would be stopped"), "{look}");
    fixture.run(&["stop", "--yes"], "").await.fails(2, "--by <NAME>");
    fixture.run(&stop, "prod\n").await.fails(5, "was not typed");
    fixture.stack.advance_clock(16);
    assert_eq!(fixture.pay("before", "purchase").await.0, 200, "nothing was done so far");
    fixture.run(&stop, "local\n").await.done();
    fixture.stack.advance_clock(16);
    let sent = fixture.stack.simulator().transactions().len();
    assert_eq!(fixture.pay("after", "purchase").await.0, 503);
    let (status, answer) = fixture.follow_up("held", &held, "capture", json!({})).await;
    assert_eq!((status, &answer["errors"][0]["meta"]["code"]), (503, &json!("payments_stopped")));
    assert_eq!(fixture.call("GET", &format!("/v2/orders/held/transactions/{held}"), json!({})).await.0, 200);
    assert_eq!(fixture.call("GET", "/status", json!({})).await.1["payments"], "stopped");
    assert_eq!(fixture.stack.simulator().transactions().len(), sent);
    let again = fixture.run(&[&stop[..], &["--json"]].concat(), "").await.json();
    assert_eq!((&again["changed"], &again["before"]["actor"]), (&json!(false), &json!("Ann Lee")));
    let look = fixture.run(&["stop", "--dry-run"], "").await.done();
    assert!(look.contains("stopped already (by Ann Lee, ") && look.contains("case 4711"), "{look}");
    let look = fixture.run(&["start", "--dry-run"], "").await.done();
    assert!(look.contains("are stopped (by Ann Lee, ") && look.contains("would be enabled"), "{look}");
    let show = ["stop", "--show", "--json"];
    let shown = fixture.run(&show, "").await.json();
    assert_eq!((&shown["stopped"], &shown["history"][0]["actor"]), (&json!(true), &json!("Ann Lee")));
    fixture.run(&["stop", "--show", "--dry-run"], "").await.fails(2, "--show");
    let doctor = fixture.run(&["doctor"], "").await;
    assert!(doctor.code == 0 && doctor.out.contains("STOPPED for all merchants by Ann Lee, "), "{doctor:?}");
    fixture.stack.cold_start().unwrap();
    assert_eq!(fixture.pay("after", "purchase").await.0, 503, "a new version of the functions keeps to it");
    fixture.run(&["start", "--by", "Ann Lee", "--reason", "fixed", "--yes"], "").await.done();
    fixture.stack.advance_clock(16);
    assert_eq!(fixture.pay("after", "purchase").await.0, 200);
    fixture.close().await;
}

#[tokio::test]
async fn who_stopped_payments_is_shown_as_aws_knows_the_caller() {
    let fixture = Fixture::open().await;
    let variables = fixture.like_aws();
    let shown = run(&["stop", "--show"], &variables, "").await.done();
    assert_eq!(shown.trim(), "Stage staging: payments are enabled (they were never stopped).");
    run(&["stop", "--by", "Ann", "--reason", "drill", "--yes"], &variables, "").await.done();
    let shown = run(&["stop", "--show"], &variables, "").await.done();
    let begins = "Stage staging: payments are STOPPED (by Ann (arn:aws:iam::123456789012:user/ann), ";
    assert!(shown.starts_with(begins), "{shown}");
    fixture.close().await;
}
