//! The documentation agrees with the code: error codes, routes, statuses, AVS and CVV letters, and
//! the merchant's document.

use std::collections::{BTreeMap, BTreeSet};

use local::template::{RouteKey, TEMPLATE, parse};
use serde_json::Value;
use tollgate::{api::Code, credit_card::letters, lambda::GATEWAY};
use tollgate_core::{
    payments::{CaptureReport, CaptureRequest},
    settlement::ExceptionCause,
};
use tollgate_wire::DetailedStatus;

use crate::{
    events::{events, is_scheduled},
    openapi::DESCRIPTION,
};

/// With the tables of all error codes.
pub(crate) const ERRORS: &str = include_str!("../../../../docs/errors.md");
const MERCHANTS: &str = include_str!("../../../../docs/merchants.md");
const ORDER_API: &str = include_str!("../../../../docs/api.md");
const CREDIT_CARD_API: &str = include_str!("../../../../docs/credit-card.md");
const PEOPLE: &str = include_str!("../../../../docs/people.md");
const SETTLEMENT: &str = include_str!("../../../../docs/settlement.md");
const SCHEDULED: &str = include_str!("../../../../docs/scheduled-capture.md");
pub(crate) const METRICS: &str = include_str!("../../../../docs/reference/metrics.md");
const EVENTS: &str = include_str!("../../../../events/README.md");

/// The statuses that API Gateway returns on its own, on every route.
const API_GATEWAYS_OWN: [&str; 3] = ["429", "500", "503"];

/// A code as callers see it: in the tables of both APIs, or in those of `docs/errors.md`.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Row {
    status: String,
    /// The value of `Message.Code`.
    pub(crate) number: String,
}

/// Code → the rest of its row.
pub(crate) fn codes() -> BTreeMap<String, Row> {
    let row = |code: &Code| {
        let status = code.status().to_string();
        let number = format!("{:02}", code.number());
        (code.as_str().to_owned(), Row { status, number })
    };
    let codes: BTreeMap<_, _> = Code::ALL.iter().map(row).collect();
    assert_eq!(codes.len(), Code::ALL.len(), "no two codes have the same word");
    codes
}

/// The status of a code by its word, in the API that the route belongs to.
fn status_on(route: &str, code: &str) -> Option<String> {
    let code = Code::ALL.iter().find(|known| known.as_str() == code)?;
    let of = if is_credit_card(route) { Code::status_unless_decided } else { Code::status };
    Some(of(*code).to_string())
}

/// Whether a route is the credit-card API's, which returns 200 for every request that could be
/// decided.
pub(crate) fn is_credit_card(route: &str) -> bool {
    route.contains(" /api/v1/payments/creditcard/")
}

/// The cells of every table row whose first cell is one word of code.
pub(crate) fn rows(page: &str) -> impl Iterator<Item = (&str, Vec<&str>)> {
    page.lines().filter_map(|line| {
        let line = line.strip_prefix("| ")?;
        let mut cells = line.strip_suffix(" |").unwrap_or(line).split(" | ").map(str::trim);
        let first = cells.next()?.strip_prefix('`')?.strip_suffix('`')?;
        Some((first, cells.collect()))
    })
}

/// Route → its operation.
fn operations() -> &'static BTreeMap<String, Value> {
    &DESCRIPTION.operations
}

#[test]
fn every_error_code_is_documented_with_its_status_and_number_and_no_other() {
    let rows = rows(ERRORS).filter(|(_, cells)| cells.len() == 3);
    let row = |(code, cells): (&str, Vec<&str>)| {
        let [status, number] = [cells[0], cells[1]].map(str::to_owned);
        (code.to_owned(), Row { status, number })
    };
    let documented: Vec<_> = rows.map(row).collect();
    let unique: BTreeMap<_, _> = documented.iter().cloned().collect();
    assert_eq!(unique.len(), documented.len(), "no code stands there twice");
    assert_eq!(unique, codes());
    let numbers: BTreeSet<_> = unique.values().map(|row| &row.number).collect();
    assert_eq!(numbers.len(), unique.len(), "no number stands there twice");
}

#[test]
fn every_cause_of_an_exception_is_documented_with_what_to_do_and_no_other() {
    let documented: Vec<_> = rows(SETTLEMENT).map(|(cause, _)| cause).collect();
    for cause in ExceptionCause::ALL {
        assert_eq!(documented.iter().filter(|row| **row == cause.as_str()).count(), 1, "{cause:?}");
    }
}

#[test]
fn every_route_is_documented_and_every_documented_route_is_there() {
    let routes = parse(TEMPLATE).unwrap().served().into_iter().map(|route| route.key);
    let routes: BTreeSet<_> =
        routes.filter(|key| *key != RouteKey::Default).map(|key| key.to_string()).collect();
    assert_eq!(operations().keys().cloned().collect::<BTreeSet<_>>(), routes);
    // The pages about settlement and people list their own.
    let listed = |page| rows(page).map(|(first, _)| first.to_owned()).filter(|first| first.contains(" /"));
    let others: BTreeSet<String> = routes.into_iter().filter(|route| !route.starts_with("HEAD ")).collect();
    let (of_settlement, others): (BTreeSet<String>, BTreeSet<String>) =
        others.into_iter().partition(|route| {
            ["/deposits", "/settlement", "/reports/month"].iter().any(|part| route.contains(part))
        });
    let is_of_people = |route: &String| route.contains("/v2/people") || route.contains("/v2/audit");
    let of_people: BTreeSet<String> = others.into_iter().filter(is_of_people).collect();
    assert_eq!(listed(PEOPLE).collect::<BTreeSet<_>>(), of_people, "docs/people.md");
    assert_eq!(listed(SETTLEMENT).collect::<BTreeSet<_>>(), of_settlement, "docs/settlement.md");
}

#[test]
fn every_error_code_stands_under_its_status_on_some_route() {
    let codes = codes();
    // These are for routes that are not there, and for requests that go past the front.
    let elsewhere = ["not_found", "method_not_allowed", "not_through_front"];
    let mut seen = BTreeSet::from(elsewhere.map(str::to_owned));
    for (route, operation) in operations() {
        let mut of_route = BTreeSet::new();
        for (status, response) in operation["responses"].as_object().unwrap() {
            for code in response["x-error-codes"].as_array().into_iter().flatten() {
                let code = code.as_str().unwrap();
                let in_table = status_on(route, code);
                let in_table = in_table.unwrap_or_else(|| panic!("{route}: {code} is no code"));
                assert_eq!(in_table, *status, "{route}: {code}");
                assert!(of_route.insert(code), "{route}: {code} is told in one way");
                seen.insert(code.to_owned());
            }
        }
        for status in API_GATEWAYS_OWN {
            assert!(!operation["responses"][status].is_null(), "{route}: {status}");
        }
    }
    assert_eq!(seen, codes.into_keys().collect());
}

/// `docs/errors.md` lists by status the codes for which the credit-card API does not return 200.
#[test]
fn the_statuses_of_the_credit_card_api_are_documented() {
    let elsewhere = [("404", "not_found"), ("405", "method_not_allowed"), ("403", "not_through_front")];
    let mut told = BTreeSet::from(elsewhere.map(|(status, code)| (status.to_owned(), code.to_owned())));
    for (_, operation) in operations().iter().filter(|(route, _)| is_credit_card(route)) {
        for (status, response) in
            operation["responses"].as_object().unwrap().iter().filter(|(s, _)| *s != "200")
        {
            for code in response["x-error-codes"].as_array().into_iter().flatten() {
                told.insert((status.clone(), code.as_str().unwrap().to_owned()));
            }
        }
    }
    let section = ERRORS.split_once("## In the credit-card API\n").unwrap().1.split("\n## ").next().unwrap();
    let table = section.split_once("| status | rows |\n|---|---|\n").unwrap().1.split("\n\n").next().unwrap();
    let documented = table.lines().flat_map(|line| {
        let (status, codes) = line.trim_matches(['|', ' ']).split_once(" | ").unwrap();
        codes.split(", ").map(|code| (status.to_owned(), code.trim_matches('`').to_owned()))
    });
    assert_eq!(documented.collect::<BTreeSet<_>>(), told);
}

#[test]
fn what_the_sample_events_get_is_documented_for_their_route() {
    let operations = operations();
    let (codes, answers) = (codes(), rows(EVENTS).collect::<BTreeMap<_, _>>());
    for (name, event) in events().into_iter().filter(|(_, event)| !is_scheduled(event)) {
        let method = event["requestContext"]["http"]["method"].as_str().unwrap();
        let route = &event["routeKey"].as_str().unwrap().replace("ANY ", &format!("{method} "));
        if route == "$default" {
            continue;
        }
        let (status, holds) = (answers[name.as_str()][1], answers[name.as_str()][2]);
        let response = &operations[route]["responses"][status];
        assert!(!response.is_null(), "{name}: {route} answers {status}");
        let named = if is_credit_card(route) {
            codes.iter().find(|(_, row)| is_message_code(holds, &row.number)).map(|(code, _)| code.as_str())
        } else {
            holds.trim_matches('`').rsplit('"').find(|part| codes.contains_key(*part))
        };
        if let Some(code) = named {
            let documented = response["x-error-codes"].as_array().unwrap();
            assert!(documented.iter().any(|one| one == code), "{name}: {route} answers {code}");
        }
    }
}

/// Whether a piece of a credit-card response, JSON or XML, holds this `Message.Code`.
fn is_message_code(piece: &str, number: &str) -> bool {
    piece.contains(&format!("\"Code\":\"{number}\"")) || piece.contains(&format!("<Code>{number}</Code>"))
}

#[test]
fn the_avs_and_cvv_letters_are_documented_row_by_row() {
    for (table, heading) in [(letters::AVS, "### AvsResultCode\n"), (letters::CVV, "### CvvResultCode\n")] {
        let in_code: Vec<_> = table.iter().map(|(theirs, ours, why)| [*theirs, *ours, *why]).collect();
        let section = CREDIT_CARD_API.split_once(heading).unwrap().1.split("\n#").next().unwrap();
        let documented: Vec<_> = rows(section)
            .filter(|(_, cells)| cells.len() == 2)
            .map(|(theirs, cells)| [theirs, cells[0].trim_matches('`'), cells[1]])
            .collect();
        assert_eq!(documented, in_code, "{heading}");
    }
}

#[test]
fn the_merchants_documents_in_the_documentation_can_be_used() {
    let examples: Vec<_> =
        MERCHANTS.split("```json\n").skip(1).map(|rest| rest.split_once("```").unwrap().0).collect();
    assert_eq!(examples.len(), 2);
    for example in &examples {
        tollgate::merchant_document::parse("170200123".parse().unwrap(), example, GATEWAY).unwrap();
    }
    // With everything stated, the rules are the defaults.
    let rules = |example| {
        tollgate::merchant_document::parse("170200123".parse().unwrap(), example, GATEWAY).unwrap().policy
    };
    assert_eq!(rules(examples[0]), rules(examples[1]));
    let full: Value = serde_json::from_str(examples[1]).unwrap();
    let members: BTreeSet<_> = rows(MERCHANTS).map(|(name, _)| name.split('.').next().unwrap()).collect();
    for name in full.as_object().unwrap().keys() {
        assert!(members.contains(name.as_str()), "{name} is described");
    }
}

/// The part of a page under a heading, up to the next one of the same rank or a higher one.
pub(crate) fn section<'a>(page: &'a str, heading: &str) -> &'a str {
    let rank = heading.split_once(' ').unwrap().0;
    let section = page.split_once(&format!("\n{heading}\n")).unwrap_or_else(|| panic!("{heading}")).1;
    let ends = (1..=rank.len()).filter_map(|rank| section.find(&format!("\n{} ", "#".repeat(rank))));
    &section[..ends.min().unwrap_or(section.len())]
}

#[test]
fn the_events_and_the_reports_members_of_scheduled_capture_are_documented() {
    let documented =
        |heading| -> Vec<_> { rows(section(SCHEDULED, heading)).map(|(name, _)| name).collect() };
    let report = serde_json::to_value(CaptureReport::default()).unwrap();
    assert_eq!(documented("## The report"), report.as_object().unwrap().keys().collect::<Vec<_>>());
    // The error for an unknown member lists the known ones.
    let error = serde_json::from_str::<CaptureRequest>(r#"{"?":0}"#).unwrap_err().to_string();
    let known: Vec<_> = error.split('`').skip(3).step_by(2).collect();
    assert_eq!(documented("## The event"), known, "{error}");
}

#[test]
fn every_detailed_status_is_documented() {
    let documented = rows(section(ORDER_API, "## Detailed status")).map(|(word, _)| word);
    let words = DetailedStatus::ALL.iter().map(|status| status.as_str());
    let words: BTreeSet<_> = words.filter(|word| !word.is_empty()).collect();
    assert_eq!(documented.collect::<BTreeSet<_>>(), words, "docs/api.md");
}

#[test]
fn the_readme_deploys_with_the_commands_of_the_page_on_deployment() {
    let commands = |page: &'static str, heading: &str| {
        let (_, section) = page.split_once(&format!("\n## {heading}\n")).unwrap();
        let block = section.split("```").nth(1).unwrap();
        block.lines().skip(1).map(|line| line.trim_start_matches("$ ")).collect::<Vec<_>>()
    };
    let readme = include_str!("../../../../README.md");
    let page = include_str!("../../../../docs/deploy.md");
    assert_eq!(commands(readme, "Deploy it"), commands(page, "The first deployment"));
}
