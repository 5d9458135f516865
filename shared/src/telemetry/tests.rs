use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use tollgate_core::payments::trail::{AuditedChange, INTENT_SAVED, OUTCOME, Said, Trail};

use super::*;
use crate::{invocation::Served, test_process};

/// A line that is written to a text.
fn written(log: impl FnOnce()) -> String {
    #[derive(Clone, Default)]
    struct Written(Arc<Mutex<Vec<u8>>>);
    impl std::io::Write for Written {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let written = Written::default();
    let writer = written.clone();
    let layer = fmt::layer().event_format(Lines).with_writer(move || writer.clone());
    tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), log);
    let bytes = written.0.lock().unwrap().clone();
    String::from_utf8(bytes).unwrap()
}

#[test]
fn the_line_of_a_request_is_one_json_object_with_its_figures_beside_its_fields() {
    let trail = Trail {
        kind: Some("purchase"),
        outcome: Some("approved"),
        gateway_calls: 1,
        gateway: std::time::Duration::from_micros(512_349),
        ..Trail::default()
    };
    let served = Served { status: 200, trail, total: std::time::Duration::ZERO, cold_start: false };
    let line = written(|| {
        tracing::info!(
            metrics = figures(&served),
            why = "a \"quote\"\n",
            due = 7_u64,
            left = -7_i64,
            complete = true,
            late = false,
            code = None::<&str>,
            order = %"x",
            "answered"
        );
    });
    assert_eq!(line.lines().count(), 1, "{line}");
    let line: Value = serde_json::from_str(&line).unwrap();
    let fields = json!({
        "message": "answered", "why": "a \"quote\"\n", "due": 7, "left": -7, "complete": true,
        "late": false, "order": "x",
    });
    assert_eq!((&line["level"], &line["fields"]), (&json!("INFO"), &fields));
    let directives = line["_aws"]["CloudWatchMetrics"].as_array().unwrap();
    let dimensions: Vec<_> = directives.iter().map(|directive| &directive["Dimensions"]).collect();
    assert_eq!(dimensions, [&json!([["Stage"]]), &json!([["Stage", "Kind", "Outcome"]])]);
    for directive in directives {
        let named = directive["Dimensions"][0].as_array().unwrap().iter();
        assert!(named.clone().all(|name| line[name.as_str().unwrap()].is_string()), "{line}");
        for metric in directive["Metrics"].as_array().unwrap() {
            assert!(line[metric["Name"].as_str().unwrap()].is_number(), "{metric}");
        }
    }
    assert_eq!((&line["GatewayTime"], &line["Outcome"]), (&json!(512.3), &json!("approved")));
    let line = written(|| tracing::warn!("nothing"));
    assert_eq!(line, "{\"level\":\"WARN\",\"fields\":{\"message\":\"nothing\"}}\n");
}

#[test]
fn a_request_without_figures_has_none_in_its_line() {
    let total = std::time::Duration::ZERO;
    assert_eq!(figures(&Served { status: 200, trail: Trail::default(), total, cold_start: false }), None);
}

/// Logs a line of each level, one of another library, and the figures of a run.
fn log_everything() {
    init();
    assert!(FIGURES.get().is_some(), "requests' lines get their figures");
    tracing::error!("an error");
    tracing::warn!("a warning");
    tracing::info!("an event");
    tracing::debug!("a detail");
    tracing::error!(target: "another_library", "it may quote what it sends");
    let trail = Trail { wrong_keys: 1, ..Trail::default() };
    emit(&trail, jiff::Timestamp::from_second(1_800_000_000).unwrap());
    emit(&Trail::default(), jiff::Timestamp::UNIX_EPOCH);
}

#[test]
fn lines_are_written_from_the_level_that_the_environment_names_on() {
    if test_process::is_alone() {
        return log_everything();
    }
    let directive = json!({
        "Namespace": "Tollgate", "Dimensions": [["Stage"]],
        "Metrics": [{ "Name": "WrongKeys", "Unit": "Count" }],
    });
    let aws = json!({ "Timestamp": 1_800_000_000_000_i64, "CloudWatchMetrics": [directive] });
    let figures = json!({ "_aws": aws, "Stage": "dev", "WrongKeys": 1.0 });
    let all = [("ERROR", "an error"), ("WARN", "a warning"), ("INFO", "an event"), ("DEBUG", "a detail")];
    for (level, lines) in [
        (Some("error"), 1),
        (Some("WARN"), 2),
        (Some("info"), 3),
        (None, 3),
        (Some("?"), 3),
        (Some("debug"), 4),
    ] {
        let variables = [("LOG_LEVEL", level), ("STAGE", Some("dev"))];
        let test = "lines_are_written_from_the_level_that_the_environment_names_on";
        let written = test_process::run(module_path!(), test, &variables);
        let written: Vec<Value> = written.iter().map(|line| serde_json::from_str(line).unwrap()).collect();
        let logged = all
            .iter()
            .take(lines)
            .map(|(level, message)| json!({ "level": level, "fields": { "message": message } }));
        let expected: Vec<_> = logged.chain([figures.clone()]).collect();
        assert_eq!(written, expected, "{level:?}");
    }
}

/// A purchase by a merchant's own server, with ids as long as they come.
#[test]
fn the_line_of_an_ordinary_purchase_is_all_that_is_logged_of_it_and_short() {
    let id = uuid::Uuid::from_u128(u128::MAX);
    let change = |what, state, outcome| AuditedChange {
        what,
        merchant: "170200123".to_owned(),
        order: id.to_string(),
        transaction: id,
        operation: id,
        kind: "purchase",
        by: "client_credentials",
        attribution: None,
        attempt: 1,
        gateway_order_id: "TGXHOUBNJQBNXNMTLCI".to_owned(),
        state,
        amount_minor: 2599,
        currency: "USD",
        ignores_scheme_advice: false,
        outcome,
    };
    let text = |text: &str| Some(text.to_owned());
    let said = Said {
        outcome: "approved",
        processor: text("FNOR"),
        code: text("00"),
        reference: text("324947813539"),
    };
    let trail = Trail {
        principal: text("key:0f6c1f0f1a2b3c4d"),
        merchant: text("170200123"),
        order: Some(id.to_string()),
        transaction: Some(id),
        operation: Some(id),
        kind: Some("purchase"),
        outcome: Some("approved"),
        amount_minor: Some(2599),
        currency: Some("USD"),
        gateway: std::time::Duration::from_millis(512),
        gateway_calls: 1,
        changes: vec![change(INTENT_SAVED, "pending", None), change(OUTCOME, "approved", Some(said))],
        ..Trail::default()
    };
    let served = |trail| Served {
        status: 200,
        trail,
        total: std::time::Duration::from_millis(531),
        cold_start: false,
    };
    FIGURES.get_or_init(|| figures);
    let log = |trail| {
        let route = "POST /v2/orders/{orderId}/payments/purchase";
        // As long as API Gateway's ids are.
        written(|| served(trail).log("ZXJ3aGF0ZXZlcg==", None, route))
    };
    let line = log(trail.clone());
    assert_eq!(line.lines().count(), 1, "{line}");
    assert!(line.len() <= 900, "{}: {line}", line.len());
    // Changes that one line cannot tell have their own.
    let mut unknown = trail;
    if let Some(said) = unknown.changes[1].outcome.as_mut() {
        said.outcome = "unknown";
    }
    assert_eq!(log(unknown).lines().count(), 3, "intent, outcome, request");
}
