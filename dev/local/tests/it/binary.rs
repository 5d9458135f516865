//! `cargo run`: the command's output, and how it ends.

use std::{
    fs,
    io::{BufRead, BufReader, Read},
    net::TcpListener,
    path::PathBuf,
    process::{Child, Command, Output, Stdio},
};

use local::merchants;
use serde_json::{Value, json};

use crate::support::client;

fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_local"));
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// A directory of this test's own.
fn directory(name: &str) -> PathBuf {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}-{}", std::process::id()));
    fs::create_dir_all(&path).unwrap();
    path
}

fn fails(arguments: &[&str]) -> String {
    let Output { status, stderr, .. } = command(arguments).output().unwrap();
    let stderr = String::from_utf8(stderr).unwrap();
    assert_eq!(status.code(), Some(1), "{stderr}");
    assert!(!stderr.contains("panicked"), "{stderr}");
    stderr
}

/// Starts the command and waits until it says that it is ready.
pub(crate) fn start(arguments: &[&str]) -> (Child, String) {
    let mut child = command(arguments).stderr(Stdio::null()).spawn().unwrap();
    let lines = BufReader::new(child.stdout.as_mut().unwrap()).lines();
    let ready = lines.map(Result::unwrap).find_map(|line| api(&line));
    (child, ready.unwrap())
}

/// The API's address, from the line that names its page.
fn api(line: &str) -> Option<String> {
    let page = line.strip_prefix("API ")?.trim();
    page.strip_suffix("/docs").map(str::to_owned)
}

#[test]
fn a_port_in_use_is_named() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let said = fails(&["--port", &port]);
    assert!(said.contains(&format!("error: port {port}, for the API, cannot be opened")), "{said}");
    assert!(said.contains("--port"), "{said}");
}

#[test]
fn a_data_directory_that_cannot_be_written_is_named() {
    let file = directory("unwritable").join("file");
    fs::write(&file, "").unwrap();
    let said = fails(&["--port", "0", "--data", file.join("below").to_str().unwrap()]);
    assert!(said.contains("error: the data in") && said.contains("cannot be opened"), "{said}");
}

#[test]
fn a_dynamodb_that_does_not_respond_is_named() {
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let said = fails(&["--port", "0", "--dynamodb-url", &format!("http://{closed}")]);
    assert!(said.contains(&format!("error: DynamoDB at http://{closed} cannot be used")), "{said}");
}

#[tokio::test]
async fn without_schedules_changes_still_reach_the_functions_that_read_streams() {
    let (mut child, api) = start(&["--port", "0", "--no-month", "--no-schedules"]);
    let mut events = client().get(format!("{api}/_local/events?follow")).send().await.unwrap();
    // Of the sample orders. Where nothing reads the stream, the first chunk only keeps the
    // connection alive.
    let first = events.chunk().await.unwrap().unwrap();
    assert!(String::from_utf8_lossy(&first).contains("\"type\":\"transaction."), "{first:?}");
    child.kill().unwrap();
    child.wait().unwrap();
}

/// No bar is drawn there.
#[test]
fn captures_to_come_are_counted_in_lines_where_no_terminal_shows_them() {
    let arguments = ["--port", "0", "--no-samples", "load-captures", "--count", "20", "--due-in", "1h"];
    let mut child = command(&arguments).stderr(Stdio::null()).spawn().unwrap();
    let lines = BufReader::new(child.stdout.as_mut().unwrap()).lines().map(Result::unwrap);
    let is_said_next = |line: &String| line.starts_with("20 authorizations are captured in ");
    let told: Vec<String> = lines.skip(7).take_while(|line| !is_said_next(line)).collect();
    let counted: Vec<String> = (1..=10).map(|tenth| format!("authorizing: {} of 20", tenth * 2)).collect();
    assert_eq!(told, counted);
    child.kill().unwrap();
    child.wait().unwrap();
}

#[tokio::test]
async fn json_is_indented_for_curl_and_for_nothing_else() {
    let (mut child, api) = start(&["--port", "0", "--no-samples", "--no-schedules"]);
    let body = async |agent: &str| {
        let request = client().get(format!("{api}/status")).header("user-agent", agent);
        request.send().await.unwrap().text().await.unwrap()
    };
    let (indented, plain) = (body("curl/8.14.1").await, body("okhttp/5.1.0").await);
    assert!(indented.starts_with("{\n  \"version\": ") && indented.ends_with("}\n"), "{indented}");
    assert!(plain.starts_with("{\"version\":") && plain.ends_with('}'), "{plain}");
    child.kill().unwrap();
    child.wait().unwrap();
}

#[tokio::test]
async fn all_accounts_at_the_gateway_behave_as_the_one_that_the_kit_has_described() {
    let file = directory("answers").join("answers.json");
    let path = file.to_str().unwrap();
    fs::write(&file, r#"{"800000009033":{"over_capture":true,"orderid_in_voids":"never"}}"#).unwrap();
    let (mut child, api) =
        start(&["--port", "0", "--no-samples", "--no-schedules", "--gateway-settings", path]);
    let body = async |url: &str| -> Value { client().get(url).send().await.unwrap().json().await.unwrap() };
    let control = body(&format!("{api}/_local")).await["cardpointe_control"].as_str().unwrap().to_owned();
    for account in ["496160873888", "496480518000"] {
        let settings = body(&format!("{control}/merchants/{account}")).await;
        assert_eq!(
            (&settings["over_capture"], &settings["orderid_in_voids"]),
            (&json!(true), &json!("never"))
        );
    }
    child.kill().unwrap();
    child.wait().unwrap();

    for (settings, word) in
        [("{}", "not the settings of one account"), (r#"{"1":{"x":1}}"#, "x: no such setting")]
    {
        fs::write(&file, settings).unwrap();
        let said = fails(&["--port", "0", "--gateway-settings", path]);
        assert!(said.contains(path) && said.contains(word), "{said}");
    }
}

#[tokio::test]
async fn a_front_is_played_on_request_and_the_api_admits_nothing_else() {
    let mut child =
        command(&["--port", "0", "--no-samples", "--front"]).stderr(Stdio::null()).spawn().unwrap();
    let lines = BufReader::new(child.stdout.as_mut().unwrap()).lines().map(Result::unwrap);
    let said: Vec<String> = lines.take(7).collect();
    let api = said.iter().find_map(|line| api(line)).unwrap();
    let first_call = said.last().unwrap().strip_prefix("First call   curl -s ").unwrap();
    let front = first_call.split("/api/").next().unwrap().to_owned();
    let status =
        async |url: &str| client().get(format!("{url}/status")).send().await.unwrap().status().as_u16();
    assert_eq!((status(&front).await, status(&api).await), (200, 403));
    child.kill().unwrap();
    child.wait().unwrap();
}

#[cfg(unix)]
#[test]
fn a_signal_stops_it_cleanly_and_keeps_the_data() {
    let data = directory("kept");
    let data_argument = data.to_str().unwrap();
    for signal in ["-INT", "-TERM"] {
        let (mut child, _) = start(&["--port", "0", "--no-samples", "--data", data_argument]);
        let id = child.id().to_string();
        assert!(Command::new("kill").args([signal, &id]).status().unwrap().success());
        let mut rest = String::new();
        child.stdout.take().unwrap().read_to_string(&mut rest).unwrap();
        assert!(child.wait().unwrap().success());
        assert!(rest.contains("The data is kept in"), "{rest}");
        assert!(data.join("tollgate.sqlite").is_file());
    }
    fs::remove_dir_all(data).unwrap();
}

/// With the month, because it is in the first line alone.
#[test]
fn a_start_prints_a_line_about_the_month_and_seven_lines_of_which_the_last_is_a_call_that_works() {
    let mut child = command(&["--port", "0", "--no-schedules"]).stderr(Stdio::null()).spawn().unwrap();
    let lines = BufReader::new(child.stdout.as_mut().unwrap()).lines().map(Result::unwrap);
    let said: Vec<String> = lines.take(8).collect();
    assert!(said[0].starts_with("Making a month of sample payments, which takes up to half a minute"));
    let names: Vec<_> = said[1..].iter().map(|line| line[..13].trim_end()).collect();
    assert_eq!(names, ["Shop", "Console", "API", "Simulator", "Sign-in", "Credentials", "First call"]);
    for line in &said[1..7] {
        let (url, rest) = line[13..].split_once("  ").unwrap_or((&line[13..], ""));
        let page = Command::new("curl").args(["-s", "--fail", url]).output().unwrap();
        assert!(page.status.success(), "{line}");
        // The merchants to sign in at are printed, and the first one is in the form.
        let merchant = if line.starts_with("Console") { merchants::MONTH } else { "" };
        let all = "merchants 170200126, 170200123, 170200124, 170200125";
        assert_eq!(rest, if merchant.is_empty() { "" } else { all }, "{line}");
        let field = format!("name=\"merchant\" value=\"{merchant}\"");
        assert!(merchant.is_empty() || String::from_utf8_lossy(&page.stdout).contains(&field), "{line}");
    }
    let call = Command::new("sh").args(["-c", &said[7][13..]]).output().unwrap();
    let answer = String::from_utf8(call.stdout).unwrap();
    assert!(answer.contains("\"Code\": \"00\""), "{answer}");
    child.kill().unwrap();
    let mut rest = String::new();
    child.stdout.take().unwrap().read_to_string(&mut rest).unwrap();
    child.wait().unwrap();
    assert_eq!(rest, "");
}
