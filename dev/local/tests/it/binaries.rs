//! The functions' own binaries, through the Lambda Runtime API: every sample event, with the
//! response that its README states.

use std::{
    collections::{BTreeMap, HashMap},
    env, fs,
    net::Ipv4Addr,
};

use local::{Options, Stack, functions};

use crate::{
    events::{events, expected, function_of, is_scheduled},
    function::Function,
};

/// The file with the environments in which SAM's commands run the binaries, instead of the stack's
/// own; `.ci/ask-sam environments` writes it.
const SAM_ENVIRONMENTS: &str = "SAM_ENVIRONMENTS";

/// The `sam local` commands that run functions.
const SAM_COMMANDS: [&str; 3] = ["invoke", "start-api", "start-lambda"];

type Environments = BTreeMap<String, BTreeMap<String, String>>;

/// Where `events/env.json` has the services of a stack on its usual ports. The stack of this test
/// has free ones.
const ENDPOINTS: [(&str, &str); 3] = [
    ("AWS_ENDPOINT_URL_DYNAMODB", "http://localhost:3002"),
    ("AWS_ENDPOINT_URL_SECRETS_MANAGER", "http://localhost:3003"),
    ("AWS_ENDPOINT_URL_EVENTBRIDGE", "http://localhost:3004"),
];

/// The environments of each command of SAM, or else the stack's own.
fn given() -> Option<Vec<Environments>> {
    let file = env::var(SAM_ENVIRONMENTS).ok()?;
    let by_command: BTreeMap<String, Environments> =
        serde_json::from_str(&fs::read_to_string(file).unwrap()).unwrap();
    assert!(by_command.keys().eq(SAM_COMMANDS), "{:?}", by_command.keys());
    // Commands with equal environments run the binaries equally.
    let mut different: Vec<Environments> = by_command.into_values().collect();
    different.dedup();
    Some(different)
}

/// The stack's own environment for each binary.
fn own(stack: &Stack) -> Environments {
    let own: BTreeMap<_, _> =
        stack.environment().into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    let names = functions::TABLE.iter().map(|(name, _)| *name).chain(functions::invoked_by_events());
    names.map(|name| (name.to_owned(), own.clone())).collect()
}

/// SAM's environments, with the stack's endpoints.
fn at_endpoints(stack: &Stack, mut all: Environments) -> Environments {
    let own: BTreeMap<_, _> = stack.environment().into_iter().collect();
    for (name, environment) in &mut all {
        for (variable, usual) in ENDPOINTS {
            if let Some(url) = environment.get_mut(variable) {
                assert_eq!(url, usual, "{name}: {variable}");
                url.clone_from(&own[variable]);
            }
        }
    }
    all
}

#[tokio::test]
async fn every_event_gets_its_response_from_the_function_that_is_deployed() {
    match given() {
        Some(different) => {
            for environments in different {
                play(|stack| at_endpoints(stack, environments)).await;
            }
        }
        None => play(own).await,
    }
}

/// Plays every event on a stack with fresh samples, by binaries in these environments.
async fn play(environments: impl FnOnce(&Stack) -> Environments) {
    // The gateway then has the name that containers know it by.
    let containers = Some(Ipv4Addr::LOCALHOST.into());
    let stack = Stack::start(Options { samples: true, containers, ..Options::default() }).await.unwrap();
    let mut running = HashMap::new();
    for (name, environment) in environments(&stack) {
        let function = Function::start_in(&name, environment).await;
        running.insert(name, function);
    }
    let events = events();
    for (name, status, part) in expected() {
        let (_, event) = events.iter().find(|(event, _)| event == name).unwrap();
        let function = &running[function_of(name)];
        let answer = function.answer(event).await;
        if is_scheduled(event) {
            assert!(answer.to_string().contains(part), "{name}: {answer}");
            continue;
        }
        assert_eq!(answer["statusCode"], status, "{name}: {answer}");
        assert!(answer["body"].as_str().unwrap().contains(part), "{name}: {answer}");
    }
    drop(running);
    stack.stop().await;
}
