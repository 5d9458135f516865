//! The documentation says what the code does: error codes, routes, statuses, and the merchant's document.

use std::collections::{BTreeMap, BTreeSet};

use local::template::{RouteKey, TEMPLATE, parse};
use serde_json::Value;
use tollgate::merchants::Merchant;

use crate::events::{events, is_scheduled};

const ERRORS: &str = include_str!("../../../docs/errors.md");
const OPENAPI: &str = include_str!("../../../docs/openapi.yaml");
const MERCHANTS: &str = include_str!("../../../docs/merchants.md");
const API: &str = include_str!("../../../docs/api.md");
const CODE: &str = include_str!("../../../shared/src/elastic_path/error.rs");
const EVENTS: &str = include_str!("../../../events/README.md");

/// What API Gateway answers by itself, on every route.
const API_GATEWAYS_OWN: [&str; 3] = ["429", "500", "503"];

/// Code → status and title, read off the rows of `Code::row`.
fn codes() -> BTreeMap<String, (String, String)> {
    let rows = CODE.split_once("fn row(").unwrap().1.split_once("\n    }\n").unwrap().0;
    let row = |row: &str| {
        let (row, _) = row.split_once("\")").unwrap();
        let (code, rest) = row.split_once("\", ").unwrap();
        let (status, title) = rest.split_once(", \"").unwrap();
        (code.to_owned(), (status.to_owned(), title.to_owned()))
    };
    let found: BTreeMap<_, _> = rows.split("(\"").skip(1).map(row).collect();
    assert_eq!(found.len(), rows.matches("Self::").count(), "every row was read");
    found
}

/// The cells of every table row whose first cell is one word of code.
fn rows(page: &str) -> impl Iterator<Item = (&str, Vec<&str>)> {
    page.lines().filter_map(|line| {
        let mut cells = line.strip_prefix("| ")?.split(" | ").map(str::trim);
        let first = cells.next()?.strip_prefix('`')?.strip_suffix('`')?;
        Some((first, cells.collect()))
    })
}

/// Route → its operation.
fn operations() -> BTreeMap<String, Value> {
    let openapi: Value = serde_saphyr::from_str(OPENAPI).unwrap();
    let mut all = BTreeMap::new();
    for (path, item) in openapi["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap().iter().filter(|(name, _)| *name != "parameters")
        {
            all.insert(format!("{} {path}", method.to_uppercase()), operation.clone());
        }
    }
    all
}

#[test]
fn every_error_code_is_documented_with_its_status_and_title_and_no_other() {
    let rows = rows(ERRORS).filter(|(_, cells)| cells.len() >= 4);
    let documented: Vec<_> =
        rows.map(|(code, cells)| (code.to_owned(), (cells[0].to_owned(), cells[1].to_owned()))).collect();
    let unique: BTreeMap<_, _> = documented.iter().cloned().collect();
    assert_eq!(unique.len(), documented.len(), "no code stands there twice");
    assert_eq!(unique, codes());
}

#[test]
fn every_route_is_documented_and_every_documented_route_is_there() {
    let routes = parse(TEMPLATE).unwrap().routes.into_iter().map(|route| route.key);
    let routes: BTreeSet<_> =
        routes.filter(|key| *key != RouteKey::Default).map(|key| key.to_string()).collect();
    assert_eq!(operations().into_keys().collect::<BTreeSet<_>>(), routes);
    let listed = rows(API).filter(|(route, _)| route.contains(" /")).map(|(route, _)| route.to_owned());
    assert_eq!(listed.collect::<BTreeSet<_>>(), routes, "docs/api.md");
}

#[test]
fn every_error_code_stands_under_its_status_on_some_route() {
    let codes = codes();
    let mut seen = BTreeSet::from(["not_found".to_owned()]);
    for (route, operation) in operations() {
        for (status, response) in operation["responses"].as_object().unwrap() {
            for code in response["x-error-codes"].as_array().into_iter().flatten() {
                let code = code.as_str().unwrap();
                assert_eq!(codes.get(code).map(|(status, _)| status), Some(status), "{route}: {code}");
                seen.insert(code.to_owned());
            }
        }
        for status in API_GATEWAYS_OWN {
            assert!(!operation["responses"][status].is_null(), "{route}: {status}");
        }
    }
    assert_eq!(seen, codes.into_keys().collect());
}

#[test]
fn what_the_sample_events_are_answered_is_documented_for_their_route() {
    let operations = operations();
    let answers: BTreeMap<_, _> = rows(EVENTS).collect();
    for (name, event) in events().into_iter().filter(|(_, event)| !is_scheduled(event)) {
        let route = event["routeKey"].as_str().unwrap();
        if route == "$default" {
            continue;
        }
        let (status, holds) = (answers[name.as_str()][0], answers[name.as_str()][1]);
        let response = &operations[route]["responses"][status];
        assert!(!response.is_null(), "{name}: {route} answers {status}");
        let named = holds.trim_matches('`').rsplit('"').find(|part| codes().contains_key(*part));
        if let Some(code) = named {
            let documented = response["x-error-codes"].as_array().unwrap();
            assert!(documented.iter().any(|one| one == code), "{name}: {route} answers {code}");
        }
    }
}

#[test]
fn the_merchants_documents_in_the_documentation_can_be_used() {
    let examples: Vec<_> =
        MERCHANTS.split("```json\n").skip(1).map(|rest| rest.split_once("```").unwrap().0).collect();
    assert_eq!(examples.len(), 2);
    for example in &examples {
        Merchant::from_json("170200123".parse().unwrap(), example).unwrap();
    }
    // With everything stated, the rules are the defaults.
    let rules = |example| Merchant::from_json("170200123".parse().unwrap(), example).unwrap().policy;
    assert_eq!(rules(examples[0]), rules(examples[1]));
    let full: Value = serde_json::from_str(examples[1]).unwrap();
    let members: BTreeSet<_> = rows(MERCHANTS).map(|(name, _)| name.split('.').next().unwrap()).collect();
    for name in full.as_object().unwrap().keys() {
        assert!(members.contains(name.as_str()), "{name} is described");
    }
}
