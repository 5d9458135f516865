//! The kit as a program, when connections drop, records are wrong, and payments are real.

use std::io::{BufRead, BufReader};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use cardpointe_simulator::{Endpoint, Fault, FaultKind, RecordState};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::*;

/// The token of a card that is approved, as an operator would give it.
const TOKEN: &str = "9418594164541111";

/// The program at a simulator, with a record.
async fn kit_at(url: &str, record: &Path, more: &[&str]) -> Ended {
    let arguments = ["--url", url, "--merchid", MID, "--record", record.to_str().unwrap()];
    kit(&[&arguments, more].concat(), CREDENTIALS).await
}

async fn live_kit(url: &str, record: &Path) -> Ended {
    let arguments = ["--live", "--url", url, "--merchid", MID, "--record", record.to_str().unwrap()];
    let card: Variables<'_> = &[("CARDPOINTE_TOKEN", TOKEN), ("CARDPOINTE_EXPIRY", "1249")];
    kit(&arguments, &[CREDENTIALS, card].concat()).await
}

/// A proxy in front of a simulator that drops every third request: in turn before it arrives, and
/// after.
async fn dropping_proxy(server: &Server) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let upstream = server.base_url();
    let upstream = upstream.strip_prefix("http://").unwrap().split('/').next().unwrap().to_owned();
    tokio::spawn(async move {
        let seen = Arc::new(AtomicUsize::new(0));
        while let Ok((client, _)) = listener.accept().await {
            tokio::spawn(relayed(client, upstream.clone(), Arc::clone(&seen)));
        }
    });
    url
}

/// One request per connection, so that requests can be counted.
async fn relayed(mut client: TcpStream, upstream: String, seen: Arc<AtomicUsize>) {
    let request = request(&mut client).await;
    let number = seen.fetch_add(1, Ordering::Relaxed) + 1;
    if number % 6 == 3 {
        return;
    }
    let mut server = TcpStream::connect(upstream).await.unwrap();
    server.write_all(&request).await.unwrap();
    let mut response = Vec::new();
    server.read_to_end(&mut response).await.unwrap();
    if !number.is_multiple_of(6) {
        client.write_all(&response).await.unwrap();
    }
}

/// A whole request, changed so that the server closes the connection after its response.
async fn request(client: &mut TcpStream) -> Vec<u8> {
    let mut request = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&request).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let head = head.to_ascii_lowercase();
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
            if body.len() >= length.map_or(0, |length| length.parse().unwrap()) {
                return text.replacen("\r\n", "\r\nconnection: close\r\n", 1).into_bytes();
            }
        }
        if client.read_buf(&mut request).await.unwrap() == 0 {
            return request;
        }
    }
}

#[tokio::test]
async fn a_gateway_that_drops_every_third_connection_is_reported_whole() {
    let server = server().await;
    let whole = played(plan(&server, MID)).await;
    let url = dropping_proxy(&server).await;
    let record = fresh_file("dropping.json");
    let ended = kit_at(&url, &record, &["--json"]).await;
    assert_eq!(ended.code, Some(3), "{} {}", ended.progress, ended.said);
    let report: Value = serde_json::from_str(&ended.said).unwrap();
    let name = |probe: &Value| probe["probe"].as_str().unwrap().to_owned();
    let names: Vec<String> = report["probes"].as_array().unwrap().iter().map(name).collect();
    let expected: Vec<&str> = whole.outcomes.iter().map(|outcome| outcome.name).collect();
    assert_eq!(names, expected);
    assert_eq!(report["counts"]["different"], 0, "a lost response is no difference: {report:#}");
    assert!(report["counts"]["not_answered"].as_u64().unwrap() > 5, "{}", report["counts"]);
    assert!(report["counts"]["same"].as_u64().unwrap() > 20, "{}", report["counts"]);
    assert_eq!((&report["findings"], &report["unexplained"]), (&json!([]), &json!([])));
    let probes = ended.progress.lines().filter(|line| line.contains(&format!("/{} ", names.len())));
    assert_eq!(probes.count(), names.len(), "{}", ended.progress);

    // The record has no secret and no card number.
    let text = fs::read_to_string(&record).unwrap();
    for canary in ["4788250000121443", "5454545454545454", "4999006200620062", "testing123", "cvv2"] {
        assert!(!text.contains(canary), "{canary}");
    }
}

#[tokio::test]
async fn a_program_that_is_killed_goes_on_with_the_same_command() {
    let server = server().await;
    let record = fresh_file("killed.json");
    let url = server.base_url();
    let arguments = ["conformance", "--url", &url, "--merchid", MID, "--record", record.to_str().unwrap()];
    let mut command = Command::new(env!("CARGO_BIN_EXE_cardpointe-simulator"));
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
    command.envs(CREDENTIALS.iter().copied());
    let mut child = command.spawn().unwrap();
    let tenth = tokio::task::spawn_blocking(move || {
        let lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let tenth = lines.map(Result::unwrap).nth(9).unwrap();
        child.kill().unwrap();
        child.wait().unwrap();
        tenth
    });
    let tenth = tenth.await.unwrap();
    assert!(tenth.starts_with("10/"), "{tenth}");

    let ended = kit_at(&url, &record, &[]).await;
    assert_eq!(ended.code, Some(0), "{} {}", ended.said, ended.progress);
    let name = tenth.split_once("same").unwrap().1.trim();
    assert!(!ended.progress.contains(name), "{name} was played before: {}", ended.progress);
    assert!(ended.said.contains(name), "and is in the report: {}", ended.said);
}

#[tokio::test]
async fn a_body_that_cannot_be_read_is_a_lost_response() {
    let server = server().await;
    // Both attempts of each probe lose the response to their void.
    server.fault(Fault { times: u32::MAX, ..Fault::once(Endpoint::Void, FaultKind::Cut) });
    let report = played(plan(&server, MID)).await;
    let voids: Vec<_> =
        report.outcomes.iter().filter(|outcome| outcome.name.starts_with("Void of")).collect();
    assert!(voids.len() > 3);
    for outcome in voids.iter().filter(|outcome| outcome.name != "Void of a settled sale") {
        assert!(
            outcome.conclusion == Conclusion::NotAnswered || outcome.name.contains("by order id"),
            "{outcome:?}"
        );
    }
    assert_eq!(report.count(Conclusion::Different), 0);
}

#[tokio::test]
async fn differences_are_grouped_and_the_settings_file_makes_a_simulator_behave_alike() {
    let gateway = server().await;
    let changes = json!({ "over_capture": true, "orderid_in_voids": "never", "avs": false });
    let change = |server: &Server, body: &Value| {
        let url = format!("{}/merchants/{MID}", server.control_url());
        crate::harness::client().post(url).json(body).send()
    };
    assert!(change(&gateway, &changes).await.unwrap().status().is_success());
    let file = fresh_file("settings.json");
    let more = ["--settings", file.to_str().unwrap()];
    let ended = kit_at(&gateway.base_url(), &fresh_file("grouped.json"), &more).await;
    assert_eq!(ended.code, Some(1), "{}", ended.said);
    let group = ended.said.split("\nover_capture = true\n").nth(1).unwrap();
    assert!(group.starts_with("  Capture of more than was authorized: step 2, "), "{group}");
    assert!(!ended.said.contains("no setting explains"), "{}", ended.said);

    let written: Value = serde_json::from_str(&fs::read_to_string(&file).unwrap()).unwrap();
    assert_eq!(written, json!({ MID: changes }));
    let copy = server().await;
    assert!(change(&copy, &written[MID]).await.unwrap().status().is_success());
    let read = |server: &Server| {
        crate::harness::client().get(format!("{}/merchants/{MID}", server.control_url())).send()
    };
    let settings = read(&copy).await.unwrap().text().await.unwrap();
    assert_eq!(settings, read(&gateway).await.unwrap().text().await.unwrap());

    let same = kit_at(&server().await.base_url(), &fresh_file("same.json"), &more).await;
    assert_eq!(same.code, Some(0), "{}", same.said);
    let written: Value = serde_json::from_str(&fs::read_to_string(&file).unwrap()).unwrap();
    assert_eq!(written, json!({ MID: {} }));
}

#[tokio::test]
async fn a_difference_that_no_setting_makes_is_listed_at_the_end() {
    let server = server().await;
    server
        .alter(cardpointe_simulator::Alteration::of(Endpoint::Capture).set("respcode", json!("unheard of")));
    let report = played(plan(&server, MID)).await;
    assert_eq!(report.findings, []);
    assert!(report.unexplained.iter().all(|symptom| symptom.place.ends_with("respcode")));
    assert!(report.unexplained.len() > 5);
}

#[tokio::test]
async fn the_record_of_another_run_is_an_error_that_names_the_file() {
    let (one, other) = (server().await, server().await);
    let record = fresh_file("of-another.json");
    kit_at(&one.base_url(), &record, &[]).await;
    let name = record.to_str().unwrap();
    for (url, merchid, words) in
        [(one.base_url(), RPCT, "another merchant account"), (other.base_url(), MID, "another target")]
    {
        let ended = kit(&["--url", &url, "--merchid", merchid, "--record", name], CREDENTIALS).await;
        assert_eq!(ended.code, Some(2));
        assert!(ended.progress.contains(words) && ended.progress.contains(name), "{}", ended.progress);
    }
    for text in ["{", "{}", "[]", "{\"stage\":2,\"run\":\"1\",\"merchid\":\"496160873888\",\"names\":{}}"] {
        fs::write(&record, text).unwrap();
        let ended = kit_at(&one.base_url(), &record, &[]).await;
        assert_eq!(ended.code, Some(2), "{text}");
        assert!(ended.progress.contains(name), "{}", ended.progress);
        assert_eq!(fs::read_to_string(&record).unwrap(), text, "nothing is overwritten");
    }
    assert_eq!(other.record_count(), 0);
}

#[tokio::test]
async fn the_next_stage_waits_for_the_settlement() {
    let server = server().await;
    let record = fresh_file("waits.json");
    kit_at(&server.base_url(), &record, &[]).await;
    let before = server.record_count();
    let ended = kit_at(&server.base_url(), &record, &[]).await;
    assert_eq!((ended.code, server.record_count()), (Some(0), before));
    assert!(ended.progress.contains("have not settled"), "{}", ended.progress);
    server.settle();
    let ended = kit_at(&server.base_url(), &record, &[]).await;
    assert!(ended.said.contains("A settled sale"), "{}", ended.said);
}

#[tokio::test]
async fn a_live_run_voids_its_payments_also_when_responses_are_lost() {
    for endpoint in [Endpoint::Auth, Endpoint::Void, Endpoint::Capture, Endpoint::InquireByOrderid] {
        let server = server().await;
        server.fault(Fault { times: 3, ..Fault::once(endpoint, FaultKind::DropAfter) });
        let record = fresh_file(&format!("live-{endpoint:?}.json"));
        let ended = live_kit(&server.base_url(), &record).await;
        assert!([Some(0), Some(3)].contains(&ended.code), "{endpoint:?}: {} {}", ended.said, ended.progress);
        let records = server.records();
        assert!(records.len() > 10);
        for record in &records {
            assert!(record.authorized_minor_units <= 100, "{record:?}");
            let is_closed = matches!(record.state, RecordState::Voided | RecordState::Declined);
            assert!(is_closed, "{endpoint:?}: {record:?} {}", ended.progress);
        }
        assert!(!ended.progress.contains("WARNING"), "{}", ended.progress);
        let text = fs::read_to_string(&record).unwrap();
        assert!(!text.contains(TOKEN) && !ended.said.contains(TOKEN), "{text}");
    }
}

#[tokio::test]
async fn a_live_payment_that_cannot_be_voided_is_named_and_tried_again() {
    let server = server().await;
    server.fault(Fault { times: u32::MAX, ..Fault::once(Endpoint::Void, FaultKind::DropBefore) });
    server.fault(Fault { times: u32::MAX, ..Fault::once(Endpoint::VoidByOrderId, FaultKind::DropBefore) });
    let record = fresh_file("live-stuck.json");
    let ended = live_kit(&server.base_url(), &record).await;
    assert_ne!(ended.code, Some(0));
    let order = server.records()[0].order_id.clone();
    assert!(ended.progress.contains(&format!("WARNING: the payments under order id {order}")));
    assert!(server.record_count() <= 2, "no more payments are made");
    server.clear_faults();
    let ended = live_kit(&server.base_url(), &record).await;
    assert!(!ended.progress.contains("WARNING"), "{}", ended.progress);
    assert!(server.records().iter().all(|record| record.state == RecordState::Voided));
}

#[tokio::test]
async fn live_runs_need_a_token_and_test_runs_do_not_reach_the_gateway() {
    let server = server().await;
    let url = server.base_url();
    let record = fresh_file("live-refused.json");
    let arguments = ["--live", "--url", &url, "--merchid", MID, "--record", record.to_str().unwrap()];
    for token in ["4111111111111111", "4111 1111 1111 1111", "", "9"] {
        let card: Variables<'_> = &[("CARDPOINTE_TOKEN", token), ("CARDPOINTE_EXPIRY", "1249")];
        let ended = kit(&arguments, &[CREDENTIALS, card].concat()).await;
        assert_eq!(ended.code, Some(2));
        assert!(ended.progress.contains("CARDPOINTE_TOKEN"), "{}", ended.progress);
        assert!(!ended.progress.contains("4111"), "{}", ended.progress);
    }
    let ended = kit(&arguments, CREDENTIALS).await;
    assert!(ended.code == Some(2) && ended.progress.contains("CARDPOINTE_TOKEN"), "{}", ended.progress);
    let ended = kit(&["--url", "https://fts.cardconnect.com", "--merchid", MID], CREDENTIALS).await;
    assert!(ended.code == Some(2) && ended.progress.contains("--live"), "{}", ended.progress);
    assert_eq!(server.record_count(), 0);
}
