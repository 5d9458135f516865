//! The page about the first days on a real account, followed at a simulator that was changed behind
//! the reader's back.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use cardpointe_simulator::{Config, RecordState, Server};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::harness::MID;

const PAGE: &str = include_str!("../../../docs/first-day.md");

/// A section's first command that begins with some words, on one line.
fn command(section: &str, words: &str) -> String {
    let (_, text) = PAGE.split_once(&format!("\n## {section}\n")).unwrap();
    let found = text.lines().find(|line| line.starts_with(words));
    found.unwrap_or_else(|| panic!("{section}: no {words}")).to_owned()
}

/// A reader at a terminal: a directory, and the variables that the page sets.
struct Reader {
    directory: PathBuf,
    url: String,
}

impl Reader {
    fn new(server: &Server, name: &str) -> Self {
        let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        drop(fs::remove_dir_all(&directory));
        fs::create_dir_all(&directory).unwrap();
        let url = server.base_url().replace("/cardconnect/rest", "");
        Self { directory, url }
    }

    /// Types a command of the page into a shell, with the program in its path.
    async fn types(&self, command: &str) -> Output {
        let program = Path::new(env!("CARGO_BIN_EXE_cardpointe-simulator")).parent().unwrap();
        let path = format!("{}:{}", program.display(), std::env::var("PATH").unwrap());
        let mut shell = Command::new("sh");
        shell.arg("-c").arg(command).current_dir(&self.directory).stdin(Stdio::null());
        shell.envs([("PATH", path.as_str()), ("URL", &self.url), ("MID", MID)]);
        shell.envs([("CARDPOINTE_USERNAME", "testing"), ("CARDPOINTE_PASSWORD", "testing123")]);
        shell.envs([("CARDPOINTE_TOKEN", "9418594164541111"), ("CARDPOINTE_EXPIRY", "1249")]);
        tokio::task::spawn_blocking(move || shell.output()).await.unwrap().unwrap()
    }

    fn file(&self, name: &str) -> Value {
        serde_json::from_str(&fs::read_to_string(self.directory.join(name)).unwrap()).unwrap()
    }
}

fn said(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

/// Ten settings of all kinds, two of which only settled payments show.
fn behind_the_readers_back() -> Value {
    json!({
        "over_capture": true,
        "recurring_needs_ecomind": true,
        "unknown_merchid": "refused",
        "timed_out_amounts_in_responses": true,
        "timed_out_amounts_kept": true,
        "signature_in_responses": false,
        "orderid_in_voids": "always",
        "duplicate_window_s": 60,
        "refund_setlstat": "refunded",
        "negative_refund_amounts": false,
    })
}

async fn changed(settings: &Value) -> Server {
    let mut config = Config::default();
    config.change_settings(&json!({ MID: settings }).to_string()).unwrap();
    Server::start(TcpListener::bind("127.0.0.1:0").await.unwrap(), config)
}

#[tokio::test]
async fn ten_settings_that_were_changed_are_found_by_following_the_page() {
    let settings = behind_the_readers_back();
    let server = changed(&settings).await;
    let reader = Reader::new(&server, "first-day");
    let ask = command("Day 1: ask the test system", "cardpointe-simulator conformance");
    let ended = reader.types(&ask).await;
    assert_eq!(ended.status.code(), Some(1), "{}", said(&ended));
    assert!(said(&ended).contains("run the same command tomorrow"), "{}", said(&ended));
    let found = reader.file("answers.json")[MID].as_object().unwrap().len();
    assert!((7..10).contains(&found), "{found} of the settings show on the first day");
    for _ in 2..=3 {
        server.settle();
        server.advance_clock(86_400);
        let ended = reader.types(&ask).await;
        assert_eq!(ended.status.code(), Some(1), "{}", said(&ended));
        assert!(!said(&ended).contains("no setting explains"), "{}", said(&ended));
    }
    assert_eq!(reader.file("answers.json"), json!({ MID: settings }));

    // A simulator with the answers shows no difference to the account, whose report is published.
    let alike = changed(&reader.file("answers.json")[MID]).await;
    let again = Reader { url: alike.base_url().replace("/cardconnect/rest", ""), ..reader };
    fs::remove_file(again.directory.join(format!("conformance-{MID}.json"))).unwrap();
    let first_answers = again.file("answers.json");
    for _ in 1..=3 {
        again.types(&ask).await;
        alike.settle();
    }
    assert_eq!(again.file("answers.json"), first_answers);
    let records = alike.record_count();
    again.types(&command("The record", "cardpointe-simulator conformance")).await;
    assert_eq!(alike.record_count(), records, "nothing is sent again");
    let report = again.file("report.json");
    assert_eq!(report["findings"].as_array().unwrap().len(), 10, "{report:#}");
    for file in
        fs::read_dir(&again.directory).unwrap().chain(fs::read_dir(again.directory.join("fixtures")).unwrap())
    {
        let path = file.unwrap().path();
        let text = if path.is_file() { fs::read_to_string(&path).unwrap() } else { String::new() };
        for secret in ["testing123", "4788250000121443", "4999006200620062", "5454545454545454"] {
            assert!(!text.contains(secret), "{secret} is in {}", path.display());
        }
    }
}

#[tokio::test]
async fn the_live_run_of_the_page_leaves_nothing_that_is_not_voided() {
    let server = changed(&json!({})).await;
    let reader = Reader::new(&server, "live-day");
    let live = command("The live account", "cardpointe-simulator conformance --live");
    let here = live.replace("https://SITE.cardconnect.com", "$URL").replace("LIVE_MID", "$MID");
    assert_ne!(here, live);
    let ended = reader.types(&here).await;
    assert_eq!(ended.status.code(), Some(0), "{}", said(&ended));
    assert!(!said(&ended).contains("WARNING"));
    let records = server.records();
    assert!(records.len() > 10 && records.iter().all(|record| record.authorized_minor_units <= 100));
    let is_closed = |state| matches!(state, RecordState::Voided | RecordState::Declined);
    assert!(records.iter().all(|record| is_closed(record.state)), "{records:?}");
}
