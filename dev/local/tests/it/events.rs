//! The sample events: well-formed, and with the responses that `events/README.md` states.

use std::{collections::BTreeSet, fs, path::Path};

use local::{
    Options, Stack, TABLE_NAME,
    functions::{TABLE, invoked_by_events},
    template::{TEMPLATE, parse},
};
use rand::{SeedableRng, rngs::StdRng, seq::SliceRandom};
use serde_json::Value;

pub(crate) fn events() -> Vec<(String, Value)> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../events");
    let files = fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path());
    let files = files.filter(|path| path.extension().is_some_and(|end| end == "json"));
    let name = |path: &Path| path.file_stem().unwrap().to_str().unwrap().to_owned();
    let mut all = files
        .map(|path| (name(&path), serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap()))
        .filter(|(name, _)| name != "env")
        .collect::<Vec<_>>();
    all.sort_by(|(one, _), (two, _)| one.cmp(two));
    all
}

/// Whether a schedule or the table's stream sends it, so that it is no request.
pub(crate) fn is_scheduled(event: &Value) -> bool {
    event.get("routeKey").is_none()
}

/// The function that an event is for: its name is `<function>-<case>`, and both may hold hyphens.
pub(crate) fn function_of(event: &str) -> &'static str {
    let names = TABLE.iter().map(|(name, _)| *name).chain(invoked_by_events());
    let of = names.filter(|name| event.strip_prefix(name).is_some_and(|case| case.starts_with('-')));
    of.max_by_key(|name| name.len()).unwrap_or_else(|| panic!("{event} is for a function that is not there"))
}

#[test]
fn an_event_is_for_the_function_whose_name_it_begins_with() {
    assert_eq!(function_of("scheduled-capture-dry-run"), "scheduled-capture");
    assert_eq!(function_of("capture-approved"), "capture");
}

#[test]
#[should_panic(expected = "is for a function that is not there")]
fn an_event_for_a_function_that_is_not_there_is_noticed() {
    function_of("scheduled-void-order");
}

#[test]
fn every_function_has_events_and_every_event_goes_to_its_own_function() {
    let deployment = parse(TEMPLATE).unwrap();
    let mut seen = BTreeSet::new();
    for (name, event) in events() {
        let function = function_of(&name);
        seen.insert(function.to_owned());
        if is_scheduled(&event) {
            let scheduled = deployment.schedules.iter().any(|schedule| schedule.function == function);
            assert!(scheduled || deployment.streams[TABLE_NAME].contains(function), "{name}");
            continue;
        }
        let pages = deployment.console_routes.iter().filter(|_| function == "console");
        let routes = deployment.routes.iter().filter(|_| function != "console").chain(pages);
        let route = { routes }.find(|route| event["routeKey"] == route.key.to_string());
        assert_eq!(route.unwrap_or_else(|| panic!("{name} has no route")).function, function, "{name}");
    }
    assert_eq!(seen, deployment.functions);
}

#[test]
fn an_events_parts_agree_with_each_other() {
    for (name, event) in events().into_iter().filter(|(_, event)| !is_scheduled(event)) {
        let route = event["routeKey"].as_str().unwrap();
        // An event that no route matches has any path.
        let raw = event["rawPath"].as_str().unwrap();
        let mut path = route.split_once(' ').map_or(raw, |(_, path)| path).to_owned();
        for (parameter, value) in event["pathParameters"].as_object().into_iter().flatten() {
            path = path.replace(&format!("{{{parameter}}}"), value.as_str().unwrap());
        }
        assert_eq!(event["rawPath"], path, "{name}");
        assert_eq!(event["requestContext"]["http"]["path"], path, "{name}");
        assert_eq!(event["requestContext"]["routeKey"], route, "{name}");
    }
}

/// Of the table of `events/README.md`: event, status, a part of the body.
pub(crate) fn expected() -> Vec<(&'static str, u16, &'static str)> {
    let rows = include_str!("../../../../events/README.md").lines().filter(|line| line.starts_with("| `"));
    let cells =
        rows.map(|row| row.split(" | ").map(|cell| cell.trim_matches(['|', ' ', '`'])).collect::<Vec<_>>());
    cells.map(|cells| (cells[0], cells[2].parse().unwrap(), cells[3])).collect()
}

/// Whether the same event again is a repetition: by its header, or, in the credit-card API, because
/// the gateway carried out or declined the operation that its `TransactionReference` names.
fn is_keyed(event: &Value, answer: &str) -> bool {
    let path = event["rawPath"].as_str().unwrap_or_default().to_ascii_lowercase();
    let asks = path.trim_end_matches('/') == "/api/v1/payments/creditcard/status";
    let done = ["1", "2"].iter().any(|code| {
        answer.contains(&format!("\"ResponseCode\":\"{code}\""))
            || answer.contains(&format!("<ResponseCode>{code}</ResponseCode>"))
    });
    event["headers"].get("idempotency-key").is_some() || (done && !asks)
}

#[tokio::test]
async fn every_event_gets_the_response_that_its_readme_states() {
    let (events, expected) = (events(), expected());
    for (name, _) in &events {
        assert!(expected.iter().any(|(row, ..)| row == name), "{name} is not in events/README.md");
    }
    assert_eq!(events.len(), expected.len());
    play(&expected).await;
}

/// Forward and backward, each event comes once before and once after each of the others, so it
/// works without them. Shuffled, it comes before each event that could have prepared it.
#[tokio::test]
async fn the_events_play_in_any_order() {
    let mut rows = expected();
    rows.reverse();
    play(&rows).await;
    for seed in 1..=4 {
        rows.shuffle(&mut StdRng::seed_from_u64(seed));
        println!("shuffled by {seed}");
        play(&rows).await;
    }
}

#[tokio::test]
async fn a_capture_that_one_event_makes_due_is_made_by_another() {
    let row = |name: &str| expected().into_iter().find(|(row, ..)| *row == name).unwrap();
    let (name, status, _) = row("scheduled-capture-order");
    play(&[row("orders-schedule-capture"), (name, status, "\"captured\":1")]).await;
}

/// Plays events one after the other on a stack with fresh samples.
async fn play(rows: &[(&str, u16, &str)]) {
    let stack = Stack::start(Options { samples: true, ..Options::default() }).await.unwrap();
    let events = events();
    for (name, status, part) in rows {
        let (_, event) = events.iter().find(|(event, _)| event == name).unwrap();
        let function = function_of(name);
        if is_scheduled(event) {
            let report = stack.invoke_scheduled_with(function, event).await.unwrap().to_string();
            assert!(report.contains(part), "{name}: {report}");
            continue;
        }
        let answer = stack.invoke(function, &event.to_string()).await.unwrap();
        let body = String::from_utf8_lossy(answer.body());
        assert_eq!(answer.status(), *status, "{name}: {body}");
        assert!(body.contains(part), "{name}: {body}");
        if is_keyed(event, &body) {
            let again = stack.invoke(function, &event.to_string()).await.unwrap();
            assert_eq!(again.status(), *status, "{name}, again");
            assert_eq!(again.headers()["idempotent-replayed"], "true", "{name}");
            assert!(String::from_utf8_lossy(again.body()).contains(part), "{name}, again");
        }
    }
    stack.stop().await;
}
