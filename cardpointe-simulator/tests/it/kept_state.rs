//! The state on disk: its contents after a restart, and the values that must not be in the file.

use std::fs;
use std::path::{Path, PathBuf};

use cardpointe_simulator::{AdviceMember, Config, Decline, RecordState, Settings, Simulator, Stage};
use http::Request;
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::harness::{MID, POOR_VISA, VISA, assert_members, text};

/// An empty directory of this test's own.
fn directory(name: &str) -> PathBuf {
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    drop(fs::remove_dir_all(&directory));
    directory
}

fn open(path: &Path) -> Simulator {
    let simulator = Simulator::new(Config { quiet_json: true, ..Config::default() }, Timestamp::now);
    simulator.keep_in(path).unwrap();
    simulator
}

fn send(simulator: &Simulator, method: &str, path: &str, body: &Value) -> Value {
    let request = Request::builder()
        .method(method)
        .uri(path)
        .header("authorization", "Basic dGVzdGluZzp0ZXN0aW5nMTIz")
        .body(body.to_string().into_bytes())
        .unwrap();
    serde_json::from_slice(&simulator.respond(&request).body).unwrap()
}

fn put(simulator: &Simulator, endpoint: &str, body: &Value) -> Value {
    let mut members = json!({ "merchid": MID });
    members.as_object_mut().unwrap().extend(body.as_object().unwrap().clone());
    send(simulator, "PUT", &format!("/cardconnect/rest/{endpoint}"), &members)
}

fn sale(simulator: &Simulator, change: &Value) -> Value {
    let mut body = json!({ "account": VISA, "expiry": "1249", "amount": "10.00", "capture": "Y" });
    body.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
    put(simulator, "auth", &body)
}

/// Brings about a record of every kind, profiles, tokens and changed settings.
fn live(simulator: &Simulator) {
    let settled =
        text(&sale(simulator, &json!({ "orderid": "A-1", "userfields": { "note": "x" } })), "retref");
    simulator.settle();
    let refund = json!({ "retref": settled, "amount": "4.00", "orderid": "R-1" });
    assert_eq!(put(simulator, "refund", &refund)["respstat"], "A");
    sale(simulator, &json!({ "merchid": Config::SURCHARGE_MID, "postal": "10118" }));
    let voided = text(&sale(simulator, &json!({ "orderid": "A-2" })), "retref");
    put(simulator, "void", &json!({ "retref": voided }));
    let reviewed = text(&sale(simulator, &json!({ "ecomind": "E" })), "retref");
    assert!(simulator.settle_record(&reviewed, Stage::UnderReview));
    sale(simulator, &json!({ "account": POOR_VISA }));
    sale(simulator, &json!({ "account": "4387751111111012", "amount": "2888.18", "cvv2": "987" }));
    simulator.decline(Decline::do_not_honor().member(AdviceMember::DeclineCategoryText, ""));
    sale(simulator, &json!({ "merchid": "496480518000" }));
    sale(simulator, &json!({ "account": "4999006200620062" }));
    let second = json!({ "profile": "16178397535388255208", "account": POOR_VISA, "expiry": "1149" });
    assert_eq!(put(simulator, "profile", &second)["acctid"], "2");
    let stored = text(&put(simulator, "profile", &json!({ "account": VISA, "expiry": "1249" })), "profileid");
    send(simulator, "DELETE", &format!("/cardconnect/rest/profile/{stored}/1/{MID}"), &json!({}));
    simulator.set_merchant(MID, Settings { over_capture: true, ..Settings::default() });
}

#[test]
fn records_profiles_tokens_and_settings_are_there_after_a_restart() {
    let path = directory("restart").join("state.jsonl");
    let before = open(&path);
    live(&before);
    let unique = send(
        &before,
        "POST",
        "/cardsecure/api/v1/ccn/tokenize",
        &json!({ "account": POOR_VISA, "unique": true }),
    );
    let unseen = sale(&before, &json!({ "account": "4000000000000002" }));
    let (records, ledger) = (before.records(), before.transactions());
    drop(before);

    let after = open(&path);
    assert_eq!(after.records(), records);
    assert_eq!(after.transactions(), ledger);
    assert_eq!(after.records_under("A-1").len(), 1);
    assert_eq!(sale(&after, &json!({ "account": unseen["token"] }))["respstat"], "A");
    assert_eq!(sale(&after, &json!({ "account": unique["token"] }))["respcode"], "NU", "what the card does");
    let by_profile = |profile: &str| put(&after, "auth", &json!({ "profile": profile, "amount": "1.00" }));
    assert_eq!(by_profile("16178397535388255208/2")["respcode"], "NU");
    let settings = send(&after, "GET", &format!("/_simulator/merchants/{MID}"), &json!({}));
    assert_eq!(settings["over_capture"], true);

    // Life goes on where it stopped.
    let again = sale(&after, &json!({ "orderid": "A-9" }));
    assert!(records.iter().all(|record| json!(record.retref) != again["retref"]));
    let refunded = records.iter().find(|record| record.refunded_minor_units > 0).unwrap();
    let rest = put(&after, "refund", &json!({ "retref": refunded.retref }));
    assert_members(&rest, json!({ "respstat": "A", "amount": "6.00" }));
    after.settle();
    assert_eq!(after.record(again["retref"].as_str().unwrap()).unwrap().state, RecordState::Accepted);
}

#[test]
fn each_change_is_on_disk_before_its_response_and_a_torn_last_line_is_left_out() {
    let path = directory("torn").join("state.jsonl");
    let simulator = open(&path);
    let first = text(&sale(&simulator, &json!({})), "retref");
    let written = fs::read_to_string(&path).unwrap();
    assert!(written.contains(&first), "before anything is closed");
    sale(&simulator, &json!({}));
    drop(simulator);
    let whole = fs::read_to_string(&path).unwrap();
    fs::write(&path, &whole[..written.len() + 30]).unwrap();
    let restarted = open(&path);
    assert_eq!(restarted.records().iter().map(|record| &record.retref).collect::<Vec<_>>(), [&first]);
}

#[test]
fn a_file_is_one_simulators_and_one_that_cannot_be_read_is_refused() {
    let path = directory("refused").join("state.jsonl");
    let first = open(&path);
    let refused = |path: &Path| {
        Simulator::new(Config::default(), Timestamp::now).keep_in(path).unwrap_err().to_string()
    };
    assert!(refused(&path).contains("another simulator"), "{}", refused(&path));
    drop(first);
    for (text, expected) in
        [("{\"form\":2}\n", "form 2"), ("{\"form\":1}\nnot a line\n", "line 2"), ("[1]\n", "line 1")]
    {
        fs::write(&path, text).unwrap();
        assert!(refused(&path).contains(expected), "{}", refused(&path));
        assert_eq!(fs::read_to_string(&path).unwrap(), text, "left as it was");
    }
}

#[test]
fn a_reset_empties_the_file_and_a_deleted_account_stays_deleted() {
    let path = directory("reset").join("state.jsonl");
    let simulator = open(&path);
    live(&simulator);
    drop(simulator);
    let simulator = open(&path);
    let profile = send(
        &simulator,
        "GET",
        &format!("/cardconnect/rest/profile/16178397535388255208//{MID}"),
        &json!({}),
    );
    assert_eq!(profile.as_array().unwrap().len(), 2);
    let accounts =
        fs::read_to_string(&path).unwrap().lines().filter(|line| line.starts_with("{\"account\"")).count();
    assert_eq!(accounts, 2, "the third was deleted");
    simulator.reset();
    drop(simulator);
    let simulator = open(&path);
    assert_eq!(simulator.records(), []);
    let settings = send(&simulator, "GET", &format!("/_simulator/merchants/{MID}"), &json!({}));
    assert_eq!(settings["over_capture"], false);
}

#[test]
fn neither_a_card_number_nor_a_cvv_is_in_the_file() {
    let path = directory("canaries").join("state.jsonl");
    let simulator = open(&path);
    live(&simulator);
    sale(&simulator, &json!({ "name": format!("card {VISA}"), "orderid": VISA, "cvv2": "9876" }));
    let held = json!({ "account": VISA, "expiry": "1249", "cvv": "9876" });
    send(&simulator, "POST", "/cardsecure/api/v1/ccn/tokenize", &held);
    let text = fs::read_to_string(&path).unwrap();
    assert!(text.contains("9418594164541111"), "tokens are kept");
    for canary in [VISA, POOR_VISA, "4387751111111012", "\"9876\"", "\"987\""] {
        assert!(!text.contains(canary), "{canary}");
    }
}
