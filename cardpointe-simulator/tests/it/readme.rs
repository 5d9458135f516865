//! The README's commands work, and its tables are complete.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::harness::{MID, start};

const README: &str = include_str!("../../README.md");

/// The path and the body of each command that goes to the control interface.
fn control_commands() -> Vec<(String, Method, String)> {
    let joined = README.replace("\\\n", " ");
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
async fn every_control_command_of_the_readme_is_accepted() {
    let commands = control_commands();
    assert!(commands.len() > 20, "{}", commands.len());
    for (path, method, body) in commands {
        let gateway = start().await;
        let retref = gateway.authorized(json!({ "capture": "Y" })).await;
        let request = gateway.control(method, &path.replace("RETREF", &retref));
        let response = request.body(body.replace("RETREF", &retref)).send().await.unwrap();
        assert_eq!(response.status(), StatusCode::OK, "{path} {body}");
    }
}

/// The rows of the table under a heading, cell by cell.
fn table(heading: &str) -> Vec<Vec<&'static str>> {
    let section = README.split_once(heading).unwrap().1;
    let rows = section.lines().skip_while(|line| !line.starts_with("|---")).skip(1);
    rows.take_while(|line| line.starts_with('|'))
        .map(|line| line.trim_matches('|').split('|').map(str::trim).collect())
        .collect()
}

#[tokio::test]
async fn each_row_of_what_to_send_brings_about_what_it_says() {
    let rows = table("## To see X, send Y\n");
    let (mut avs, mut cvv) = (String::new(), String::new());
    for row in &rows {
        let [what, merchid, send, expected] = row[..] else { panic!("{row:?}") };
        let gateway = start().await;
        let mut sale = json!({
            "merchid": merchid, "account": "4788250000121443", "expiry": "1249", "amount": "10.00",
        });
        let change: Value = serde_json::from_str(send.trim_matches('`')).unwrap();
        sale.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        let answer = gateway.put("auth", sale).await;
        let (name, value) = expected.split_once(' ').unwrap();
        match name {
            "`avsresp`" | "`cvvresp`" => {
                let value = if value == "(blank)" { " " } else { value };
                assert_eq!(answer[name.trim_matches('`')], value, "{what}: {answer}");
                if name == "`avsresp`" { &mut avs } else { &mut cvv }.push_str(value);
            }
            respproc => {
                assert_eq!(
                    (&answer["respproc"], &answer["respcode"]),
                    (&json!(respproc), &json!(value)),
                    "{what}"
                );
            }
        }
    }
    for letter in "ABCDEGIMNPQRSUWXYZ ".chars() {
        assert!(avs.contains(letter), "no row for AVS {letter}");
    }
    for letter in "MNPUX".chars() {
        assert!(cvv.contains(letter), "no row for CVV {letter}");
    }
    assert!(rows.iter().any(|row| row[3] == "RPCT 208"), "a lost card");
}

#[tokio::test]
async fn what_no_test_data_provokes_is_provoked_as_the_readme_says() {
    let gateway = start().await;
    let body = README.split_once("the alteration `").unwrap().1.split_once('`').unwrap().0;
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
    let rows = table("## What each behavior rests on\n");
    assert!(rows.len() > 70, "{}", rows.len());
    for row in rows {
        let [behavior, here, bases] = row[..] else { panic!("{row:?}") };
        assert!(!behavior.is_empty() && !here.is_empty());
        assert!(bases.split(", ").all(|basis| ["D", "O", "I", "?"].contains(&basis)), "{behavior}: {bases}");
    }
}

#[tokio::test]
async fn the_readme_names_every_setting_and_every_fault() {
    let gateway = start().await;
    let path = format!("/merchants/{MID}");
    let settings: Value = gateway.control(Method::GET, &path).send().await.unwrap().json().await.unwrap();
    for name in settings.as_object().unwrap().keys() {
        assert!(README.contains(&format!("`{name}`")), "{name}");
    }
    let (_, error) = gateway.post_control("/faults", json!({ "endpoint": "*", "fault": "?" })).await;
    let faults = error["error"].as_str().unwrap().strip_prefix("fault: one of ").unwrap();
    for fault in faults.split(", ") {
        assert!(README.contains(&format!("`{fault}`")), "{fault}");
    }
}
