//! The commands of the README and of the pages beside it work, and their tables are complete.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::harness::{MID, start, text};

const README: &str = include_str!("../../README.md");
const TEST_DATA: &str = include_str!("../../docs/test-data.md");
const CONTROL: &str = include_str!("../../docs/control.md");
const REPORTS: &str = include_str!("../../docs/reports.md");
const BEHAVIOR: &str = include_str!("../../docs/behavior.md");

/// The path and the body of each command that goes to the control interface.
fn control_commands() -> Vec<(String, Method, String)> {
    let joined = [README, CONTROL, REPORTS].concat().replace("\\\n", " ");
    let commands = joined.lines().filter_map(|line| {
        let (options, rest) = line.strip_prefix("curl ")?.split_once("$C")?;
        let (path, data) = rest.split_once(" -d '").unwrap_or((rest, ""));
        let method = if options.contains("DELETE") { Method::DELETE } else { Method::POST };
        let body = data.trim_end().trim_end_matches('\'');
        Some((path.trim().replace("$M", MID), method, body.to_owned()))
    });
    commands.collect()
}

#[tokio::test]
async fn every_control_command_of_the_pages_is_accepted() {
    let commands = control_commands();
    assert!(commands.len() > 20, "{}", commands.len());
    for (path, method, body) in commands {
        let gateway = start().await;
        let retref = gateway.authorized(json!({ "capture": "Y" })).await;
        let batch = text(&gateway.inquire(&retref).await, "batchid");
        let line =
            json!({ "merchid": MID, "casenumber": "1", "retref": retref, "minor_units": 1 }).to_string();
        let line = gateway.control(Method::POST, "/chargebacks").body(line).send().await.unwrap();
        let line = line.json::<Value>().await.unwrap()["id"].to_string();
        let filled =
            |text: &str| text.replace("RETREF", &retref).replace("BATCH", &batch).replace("LINE", &line);
        let request = gateway.control(method, &filled(&path));
        let response = request.body(filled(&body)).send().await.unwrap();
        assert_eq!(response.status(), StatusCode::OK, "{path} {body}");
    }
}

/// The rows of the first table after a text, cell by cell.
fn table(page: &'static str, after: &str) -> Vec<Vec<&'static str>> {
    let section = page.split_once(after).unwrap().1;
    let rows = section.lines().skip_while(|line| !line.starts_with("|---")).skip(1);
    rows.take_while(|line| line.starts_with('|'))
        .map(|line| line.trim_matches('|').split('|').map(str::trim).collect())
        .collect()
}

/// The response to the sale that the page describes, with a change.
async fn sold(merchid: &str, change: Value) -> Value {
    let mut sale = json!({
        "merchid": merchid, "account": "4788250000121443", "expiry": "1249", "amount": "10.00",
    });
    sale.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
    start().await.put("auth", sale).await
}

#[tokio::test]
async fn each_row_of_what_to_send_brings_about_what_it_says() {
    let rows = table(TEST_DATA, "## To see X, send Y\n");
    assert!(rows.len() >= 30, "{}", rows.len());
    for row in &rows {
        let [what, send, expected] = row[..] else { panic!("{row:?}") };
        let (respproc, respcode) = expected.split_once(' ').unwrap();
        let merchid = if respproc == "RPCT" { "496480518000" } else { MID };
        assert!(TEST_DATA.contains(&format!("merchant account {MID} (FNOR) or 496480518000 (RPCT)")));
        let answer = sold(merchid, serde_json::from_str(send.trim_matches('`')).unwrap()).await;
        let shown = (&answer["respproc"], &answer["respcode"]);
        assert_eq!(shown, (&json!(respproc), &json!(respcode)), "{what}");
    }
    assert!(rows.iter().any(|row| row[2] == "RPCT 208"), "a lost card");
}

#[tokio::test]
async fn each_letter_is_brought_about_by_what_the_page_says() {
    for (member, sent, letters) in
        [("avsresp", "postal", "ABCDEGIMNPQRSUWXYZ "), ("cvvresp", "cvv2", "MNPUX")]
    {
        let mut seen = String::new();
        let (_, list) = TEST_DATA.split_once(&format!("- `{sent}` for `{member}`: ")).unwrap();
        for pair in list.split_once('.').unwrap().0.split(',') {
            let (letter, value) = pair.trim().split_once(char::is_whitespace).unwrap();
            let letter = if letter == "blank" { " " } else { letter };
            let value = value.trim_start();
            let change = if value == "absent" { json!({}) } else { json!({ sent: value }) };
            assert_eq!(sold(MID, change).await[member], letter, "{member} with {value}");
            seen.push_str(letter);
        }
        for letter in letters.chars() {
            assert!(seen.contains(letter), "nothing for {member} {letter}");
        }
    }
}

#[tokio::test]
async fn what_no_test_data_provokes_is_provoked_as_the_page_says() {
    let gateway = start().await;
    let body = TEST_DATA.split_once("the alteration `").unwrap().1.split_once('`').unwrap().0;
    let alteration: Value = serde_json::from_str(body).unwrap();
    gateway.post_control("/alterations", alteration).await;
    assert_eq!(gateway.auth(json!({})).await["cvvresp"], "S");
    gateway.simulator.clear_alterations();
    for (respproc, respcode) in [("FNOR", "C2"), ("PPS", "61"), ("PPS", "66")] {
        let fault =
            json!({ "endpoint": "auth", "fault": "respond", "respproc": respproc, "respcode": respcode });
        let (status, _) = gateway.post_control("/faults", fault).await;
        assert_eq!(status, StatusCode::OK);
        let answer = gateway.auth(json!({})).await;
        assert_eq!((&answer["respproc"], &answer["respcode"]), (&json!(respproc), &json!(respcode)));
    }
}

#[test]
fn every_behavior_says_what_it_rests_on() {
    let headings: Vec<_> = BEHAVIOR.lines().filter_map(|line| line.strip_prefix("## ")).collect();
    assert_eq!(headings, ["Documented", "Observed", "Inferred", "Unknown"]);
    let mut behaviors = Vec::new();
    for heading in headings {
        for row in table(BEHAVIOR, &format!("## {heading}\n")) {
            let [behavior, here, ..] = row[..] else { panic!("{row:?}") };
            assert!(!behavior.is_empty() && !here.is_empty(), "{row:?}");
            assert!(!behaviors.contains(&behavior), "{behavior} has one basis");
            behaviors.push(behavior);
        }
    }
    assert!(behaviors.len() > 70, "{}", behaviors.len());
}

#[tokio::test]
async fn the_page_on_control_names_every_setting_and_every_fault() {
    let gateway = start().await;
    let path = format!("/merchants/{MID}");
    let settings: Value = gateway.control(Method::GET, &path).send().await.unwrap().json().await.unwrap();
    for name in settings.as_object().unwrap().keys() {
        assert!([CONTROL, REPORTS].iter().any(|page| page.contains(&format!("`{name}`"))), "{name}");
    }
    let (_, error) = gateway.post_control("/faults", json!({ "endpoint": "*", "fault": "?" })).await;
    let faults = error["error"].as_str().unwrap().strip_prefix("fault: one of ").unwrap();
    for fault in faults.split(", ") {
        assert!(CONTROL.contains(&format!("`{fault}`")), "{fault}");
    }
}
