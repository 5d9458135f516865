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
