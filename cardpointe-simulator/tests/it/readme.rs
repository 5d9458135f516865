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
