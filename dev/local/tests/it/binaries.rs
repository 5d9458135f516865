//! The functions' own binaries, through the Lambda Runtime API: every sample event, with the response that its README
//! states.

use std::collections::HashMap;

use local::{Options, Stack, functions};

use crate::{
    events::{events, expected, function_of, is_scheduled},
    function::Function,
};

#[tokio::test]
async fn every_event_gets_its_response_from_the_function_that_is_deployed() {
    let stack = Stack::start(Options { samples: true, ..Options::default() }).await.unwrap();
    let mut running = HashMap::new();
    let names = functions::TABLE.iter().map(|(name, _)| *name).chain(functions::invoked_by_events());
    for name in names {
        running.insert(name, Function::start(name, &stack).await);
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
