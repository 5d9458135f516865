//! The program, started as a user starts it.

use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::process::{Command, Stdio};

use reqwest::StatusCode;

fn program(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_cardpointe-simulator"));
    command.args(arguments);
    command
}

#[test]
fn a_port_in_use_is_said_and_not_a_panic() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let output = program(&["--port", &port]).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let message = String::from_utf8(output.stderr).unwrap();
    assert!(message.contains(&format!("127.0.0.1:{port}")), "{message}");
    assert!(!message.contains("panicked"), "{message}");
}

#[tokio::test]
async fn it_says_where_it_is_and_logs_requests_without_their_bodies() {
    let mut child = program(&["--port", "0"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let first = lines.next().unwrap().unwrap();
    let url = first.strip_prefix("CardPointe simulator: ").unwrap();
    let body = r#"{"merchid":"496160873888","account":"4111111111111111","expiry":"1249","amount":"1.00"}"#;
    let request = crate::harness::client().put(format!("{url}/auth")).body(body);
    let response = request.basic_auth("testing", Some("testing123")).send().await.unwrap();
    assert_eq!(response.status(), StatusCode::OK);
    let log = BufReader::new(child.stderr.take().unwrap()).lines().next().unwrap().unwrap();
    assert!(log.contains("PUT /cardconnect/rest/auth 200"), "{log}");
    assert!(!log.contains("4111") && !log.contains("testing"), "{log}");
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test]
fn its_help_has_examples_and_so_has_the_conformance_kits() {
    let help = |arguments: &[&str]| {
        let output = program(arguments).output().unwrap();
        assert!(output.status.success());
        String::from_utf8(output.stdout).unwrap()
    };
    let general = help(&["--help"]);
    assert!(general.contains("Examples:") && general.contains("--data ~/.simulator"), "{general}");
    let sale = general.lines().find(|line| line.contains("\"amount\"")).unwrap();
    let json = sale.trim().trim_start_matches("-d '").trim_end_matches('\'');
    assert!(serde_json::from_str::<serde_json::Value>(json).is_ok(), "{sale}");
    let conformance = help(&["conformance", "--help"]);
    assert!(
        conformance.contains("CARDPOINTE_PASSWORD") && conformance.contains("Examples:"),
        "{conformance}"
    );
    assert!(!conformance.contains("--password"), "{conformance}");
}

#[tokio::test]
async fn what_it_is_told_to_keep_is_there_when_it_starts_again() {
    let directory = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("program-data");
    drop(std::fs::remove_dir_all(&directory));
    let arguments = ["--port", "0", "--quiet", "--data", directory.to_str().unwrap()];
    let start = || {
        let mut child = program(&arguments).stdout(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let first = lines.next().unwrap().unwrap();
        let url = first.strip_prefix("CardPointe simulator: ").unwrap().to_owned();
        (child, url)
    };
    let client = crate::harness::client();
    let body = r#"{"merchid":"496160873888","account":"4111111111111111","expiry":"1249","amount":"1.00","orderid":"A-1"}"#;
    let (mut child, url) = start();
    let sale = client.put(format!("{url}/auth")).basic_auth("testing", Some("testing123")).body(body);
    assert_eq!(sale.send().await.unwrap().status(), StatusCode::OK);
    let second = program(&arguments).output().unwrap();
    assert_eq!(second.status.code(), Some(1), "one at a time");
    // As a crash ends it.
    child.kill().unwrap();
    child.wait().unwrap();

    let (mut child, url) = start();
    let inquiry = client.get(format!("{url}/inquireByOrderid/A-1/496160873888/1"));
    let found = inquiry.basic_auth("testing", Some("testing123")).send().await.unwrap().text().await.unwrap();
    assert!(found.contains("\"Authorized\""), "{found}");
    child.kill().unwrap();
    child.wait().unwrap();
}

#[tokio::test]
async fn accounts_and_their_settings_come_from_options_and_a_wrong_file_is_said() {
    let directory = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("program-settings");
    std::fs::create_dir_all(&directory).unwrap();
    let file = directory.join("answers.json");
    let arguments = |settings: &str| {
        std::fs::write(&file, settings).unwrap();
        let mut command =
            program(&["--port", "0", "--quiet", "--merchant", "800000009033:RPCT:USD:shop:word"]);
        command.arg("--settings").arg(&file).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    };
    let mut child = arguments(r#"{"800000009033":{"over_capture":true}}"#).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let first = lines.next().unwrap().unwrap();
    let url = first.strip_prefix("CardPointe simulator: ").unwrap().to_owned();
    let client = crate::harness::client();
    let body = r#"{"merchid":"800000009033","account":"4111111111111111","expiry":"1249","amount":"1.00"}"#;
    let sale = client.put(format!("{url}/auth")).basic_auth("shop", Some("word")).body(body).send().await;
    assert!(sale.unwrap().text().await.unwrap().contains("\"RPCT\""));
    let control = url.replace("/cardconnect/rest", "/_simulator/merchants/800000009033");
    let shown = client.get(control).send().await.unwrap().text().await.unwrap();
    assert!(shown.contains("\"over_capture\":true"), "{shown}");
    child.kill().unwrap();
    child.wait().unwrap();

    for (settings, word) in [("{", "object"), (r#"{"1":{}}"#, "1: there is no such merchant account")] {
        let output = arguments(settings).output().unwrap();
        let message = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{message}");
        assert!(message.contains("answers.json: ") && message.contains(word), "{message}");
    }
    let output = program(&["--merchant", "1:TSYS:USD"]).output().unwrap();
    assert!(String::from_utf8(output.stderr).unwrap().contains("FNOR or RPCT"));
}
