//! All stored, logged and measured data is listed in `docs/reference/inventory.md` and
//! `docs/reference/metrics.md`, no less and no more; and no text that a caller sends turns up where
//! it does not belong.

mod cage;
mod canaries;
mod spoiled;
mod tour;
pub(crate) mod watch;

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    path::PathBuf,
    time::Duration,
};

use aws_sdk_dynamodb::types::AttributeValue;
use local::{dynamodb_client, template::TEMPLATE};
use serde_json::Value;
use tollgate::{invocation::Served, publishing, telemetry::Measured};
use tollgate_core::{
    journal::{JournalReport, TotalsReport},
    payments::{CaptureReport, reconcile::ReconcileReport, trail::Trail},
    settlement::SettlementReport,
    webhooks::DeliveryReport,
};

use crate::{
    docs::{METRICS, rows, section},
    shop::{Shop, table},
};

const INVENTORY: &str = include_str!("../../../../docs/reference/inventory.md");
/// The page with queries.
const QUERIES: &str = include_str!("../../../../docs/run-book.md");

/// The names in the first column of a section's tables, each once. A heading like ``In
/// `transactions[]` `` holds for the names below it; a row can list several.
fn documented(page: &'static str, heading: &str) -> BTreeSet<String> {
    let (mut within, mut listed) = (String::new(), Vec::new());
    for line in section(page, heading).lines() {
        if line.starts_with('#') {
            within = line.split('`').nth(1).map_or_else(String::new, |path| format!("{path}."));
        } else if let Some((names, _)) = line.strip_prefix("| `").and_then(|row| row.split_once(" | ")) {
            let names = names.trim_end_matches('`').split("`, `");
            listed.extend(names.map(|name| format!("{within}{name}")));
        }
    }
    let unique: BTreeSet<_> = listed.iter().cloned().collect();
    assert_eq!(unique.len(), listed.len(), "{heading}: no name is listed twice");
    unique
}

#[tokio::test]
async fn every_field_that_is_stored_or_logged_is_in_the_inventory_and_no_other() {
    let mut seen = tour::through_everything().await;
    // Only the first request of a process has it, and that may have been another test's.
    seen.logged.insert("cold_start".to_owned());
    let short = short_names();
    let (mut stored, mut met) = (BTreeSet::new(), BTreeSet::new());
    for path in &seen.stored {
        let long = |name: &str| {
            let (bare, list) = name.strip_suffix("[]").map_or((name, ""), |bare| (bare, "[]"));
            met.extend(short.get_key_value(bare));
            format!("{}{list}", short.get(bare).unwrap_or(&bare))
        };
        stored.insert(path.split('.').map(long).collect::<Vec<_>>().join("."));
    }
    assert_eq!(met, short.iter().collect(), "short names that are stored (left), listed (right)");
    assert_eq!(stored, documented(INVENTORY, "## Stored fields"), "stored (left), listed (right)");
    assert_eq!(seen.logged, documented(INVENTORY, "## Logged fields"), "logged (left), listed (right)");
    assert_eq!(seen.delivered, documented(INVENTORY, "## Deliveries"), "stored (left), listed (right)");
    assert_eq!(seen.attempted, documented(INVENTORY, "## Attempts"), "stored (left), listed (right)");
}

const SECURITY: &str = include_str!("../../../../docs/security.md");

/// A table, log or queue that is added to the template may hold personal data, and an erasure may
/// pass it over.
#[test]
fn everything_that_stores_is_in_the_inventory_of_personal_data_and_nothing_else() {
    let stores = ["AWS::DynamoDB::Table", "AWS::Logs::LogGroup", "AWS::SQS::Queue"];
    // A resource's name begins in the third column.
    let mut name = "";
    let mut storing = BTreeSet::new();
    for line in TEMPLATE.lines() {
        match line.strip_prefix("  ") {
            Some(resource) if !resource.starts_with([' ', '#']) => name = resource.trim_end_matches(':'),
            Some(member) if stores.iter().any(|kind| member.trim() == format!("Type: {kind}")) => {
                storing.insert(name);
            }
            _ => {}
        }
    }
    let rows = section(SECURITY, "## Personal data").lines().filter_map(|line| line.strip_prefix("| `"));
    let listed: BTreeSet<_> = rows.map(|row| row.split('`').next().unwrap()).collect();
    assert_eq!(storing, listed, "in the template (left), listed (right)");
}

/// An attribute that is stored under its own name would be read as the one that this name is short
/// for.
#[test]
fn no_short_name_in_the_table_is_an_attributes_own_name() {
    let short = short_names();
    let own = documented(INVENTORY, "## Stored fields");
    let own = own.iter().flat_map(|path| path.split('.')).map(|name| name.trim_end_matches("[]"));
    let long: BTreeSet<_> = short.values().copied().collect();
    for name in own.filter(|name| !long.contains(name)) {
        assert!(
            !short.contains_key(name),
            "{name} is stored under its own name, which is short for {}",
            short[name]
        );
    }
}

/// Every attribute's name in the table that is short for another one, and that one, as they are
/// documented.
fn short_names() -> BTreeMap<&'static str, &'static str> {
    let (_, listed) = section(INVENTORY, "## Names in the table").split_once("```json\n").unwrap();
    let listed: Vec<_> = listed.split_once("```").unwrap().0.split('"').skip(1).step_by(2).collect();
    let pairs: BTreeMap<_, _> = listed.chunks(2).map(|pair| (pair[0], pair[1])).collect();
    assert_eq!(pairs.len() * 2, listed.len(), "no name is listed twice");
    pairs
}

/// The tour cannot meet every line that there is: a line that is logged only when two things go
/// wrong at once is read off the code.
#[test]
fn every_field_that_the_code_logs_is_in_the_inventory_and_no_other() {
    let mut named = BTreeSet::from(["message".to_owned()]);
    let shared = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../shared");
    let mut folders =
        ["src", "core/src", "events/src", "console/src"].map(|folder| shared.join(folder)).to_vec();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            if entry.is_dir() {
                folders.push(entry);
            } else if entry.file_name().is_some_and(|name| name != "tests.rs") {
                named.extend(fields_of_lines(&std::fs::read_to_string(entry).unwrap()));
            }
        }
    }
    // They become members of the line beside its fields, and are a table of their own.
    assert!(named.remove("metrics"));
    assert_eq!(named, documented(INVENTORY, "## Logged fields"), "in the code (left), listed (right)");
}

/// The fields of every log line in a source file: `name = value`, `%name`, `?name` or `name`, up to
/// the sentence.
fn fields_of_lines(source: &str) -> Vec<String> {
    let lines =
        ["tracing::info!(", "tracing::warn!(", "tracing::error!("].map(|line| source.split(line).skip(1));
    let mut names = Vec::new();
    for line in lines.into_iter().flatten() {
        let mut depth = 0;
        let field = |c: char| {
            depth += i32::from(matches!(c, '(' | '{')) - i32::from(matches!(c, ')' | '}'));
            (c == ',' && depth == 0) || depth < 0
        };
        let fields = line.split(field).map(|field| field.trim().trim_start_matches(['%', '?']));
        let fields = fields.take_while(|field| field.starts_with(|c: char| c.is_ascii_lowercase()));
        names.extend(fields.map(|field| field.split([' ', '=']).next().unwrap().to_owned()));
    }
    names
}

#[test]
fn every_field_of_the_access_log_is_in_the_inventory_and_no_other() {
    let settings = TEMPLATE.split("AccessLogSettings:").skip(1);
    let formats = settings.map(|rest| rest.split_once("Format:").unwrap().1.split_once("}\n").unwrap().0);
    let names: BTreeSet<_> = formats
        .flat_map(|format| {
            let names = format.split("\":\"$context.").map(|before| before.rsplit('"').next().unwrap());
            let mut names: Vec<_> = names.map(str::to_owned).collect();
            names.pop();
            names
        })
        .collect();
    assert!(!names.is_empty(), "the format was found");
    assert_eq!(names, documented(INVENTORY, "## Access log fields"));
}

#[test]
fn the_queries_in_the_documentation_name_fields_that_there_are() {
    let logged = documented(INVENTORY, "## Logged fields");
    let queries = QUERIES.split("```insights\n").skip(1).map(|rest| rest.split_once("```").unwrap().0);
    let queries: Vec<_> = queries.collect();
    assert!(!queries.is_empty(), "the page has queries");
    for query in queries {
        assert!(query.contains("fields."), "asks for something: {query}");
        for rest in query.split("fields.").skip(1) {
            let name = rest.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').next().unwrap();
            assert!(logged.contains(name), "{name} in {query}");
        }
    }
}

/// Every metric, with its unit and its dimensions.
pub(crate) fn metrics() -> BTreeMap<&'static str, [String; 2]> {
    let trail = Trail {
        kind: Some("capture"),
        outcome: Some("approved"),
        gateway: Duration::from_millis(1),
        gateway_calls: 1,
        gateway_timeouts: 1,
        ..Trail::default()
    };
    let trail = Trail { gateway_refusals: 1, is_stopped: true, ..trail };
    let trail = Trail {
        excess_declines: 1,
        unreadable: 1,
        wrong_keys: 1,
        sign_ins_refused: 1,
        limits_exceeded: 1,
        merchants_stale: 1,
        merchants_refused: 1,
        ..trail
    };
    let served = Served { status: 200, trail, total: Duration::ZERO, cold_start: false };
    let captured_minor = BTreeMap::from([("USD", 1)]);
    let captures =
        CaptureReport { captured_minor, due: 1, captured: 1, declined: 1, ..CaptureReport::default() };
    let captures = CaptureReport { retried: 1, in_doubt: 1, lapsed: 1, held_back: 1, ..captures };
    let captures = CaptureReport { left: 1, failed: 1, oldest_due_age_s: 1, ..captures };
    let journal = JournalReport { new: 1, differing: 1, parked: 1, ..JournalReport::default() };
    let inquiries = ReconcileReport { due: 1, in_doubt: 1, unanswered: 1, ..ReconcileReport::default() };
    let inquiries = ReconcileReport { unread_shards: 1, needs_attention: 1, ..inquiries };
    let inquiries = ReconcileReport { captures_declined: 1, oldest_in_doubt_s: 1, ..inquiries };
    let events = publishing::PublishReport { published: 1, unreadable: 1, ..Default::default() };
    let webhooks = DeliveryReport { attempts: 2, delivered: 1, ..DeliveryReport::default() };
    let webhooks = DeliveryReport { parked: 1, down: 1, without_document: 1, ..webhooks };
    let totals = TotalsReport { behind_s: Some(1), failed: 1, ..TotalsReport::default() };
    let settlement = SettlementReport { oldest_read_s: 1, open: 1, failed: 1, ..SettlementReport::default() };
    let all: [&dyn Measured; 8] =
        [&served, &captures, &inquiries, &journal, &totals, &settlement, &events, &webhooks];
    let mut measured = BTreeMap::new();
    for measures in all.iter().flat_map(|of| of.measures()) {
        let dimensions = std::iter::once("Stage").chain(measures.dimensions.iter().map(|(name, _)| *name));
        let dimensions = dimensions.collect::<Vec<_>>().join(", ");
        for (name, unit, _) in measures.metrics {
            measured.insert(name, [unit.to_owned(), dimensions.clone()]);
        }
    }
    measured
}

#[test]
fn every_metric_is_documented_with_its_unit_and_dimensions_and_no_other() {
    // The page has the dimensions besides `Stage` with the unit.
    let listed = rows(METRICS).map(|(name, cells)| {
        let (unit, others) = cells[0].split_once(" by ").unwrap_or((cells[0], ""));
        let dimensions = if others.is_empty() { "Stage".to_owned() } else { format!("Stage, {others}") };
        (name, [unit.to_owned(), dimensions])
    });
    assert_eq!(listed.collect::<BTreeMap<_, _>>(), metrics());
}

/// The path of every attribute in the table, of its names there; `[]` means the members of a list.
async fn stored(shop: &Shop) -> BTreeSet<String> {
    paths_of(&table(shop.stack.dynamodb_url()).await)
}

/// The same of another table.
async fn stored_in(shop: &Shop, name: &str) -> BTreeSet<String> {
    let items = dynamodb_client(shop.stack.dynamodb_url()).scan().table_name(name).send().await.unwrap();
    paths_of(items.items())
}

fn paths_of(items: &[HashMap<String, AttributeValue>]) -> BTreeSet<String> {
    let mut paths = BTreeSet::new();
    for item in items {
        for (name, value) in item {
            add_paths(&mut paths, name.clone(), value);
        }
    }
    paths
}

fn add_paths(paths: &mut BTreeSet<String>, path: String, value: &AttributeValue) {
    match value {
        AttributeValue::M(members) => {
            for (name, value) in members {
                add_paths(paths, format!("{path}.{name}"), value);
            }
        }
        AttributeValue::L(items) => {
            for item in items {
                add_paths(paths, format!("{path}[]"), item);
            }
        }
        _ => {
            paths.insert(path);
        }
    }
}

/// The names of all fields in these lines.
fn logged(lines: &[Value]) -> BTreeSet<String> {
    let fields = lines.iter().map(|line| line["fields"].as_object().unwrap());
    fields.flat_map(|fields| fields.keys().cloned()).collect()
}
