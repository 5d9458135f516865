//! The memory that a function takes for the largest bodies that Lambda hands on, and for a response
//! without an end: no more than the template gives it. The binaries of a build for tests are larger
//! than the deployed ones.

use std::{collections::BTreeMap, fs, io::Write, net::TcpListener};

use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD, Engine};
use local::{Options, Stack, functions, template::deployed};
use serde_json::{Value, json};

use crate::{
    events::{events, function_of, is_scheduled},
    function::Function,
    support::STORM,
};

/// Lambda's limit of an event is 6 MB, which Base64 and the rest of the event are part of.
const BODY_BYTES: usize = 4_400_000;

const FORM: &str = "application/x-www-form-urlencoded";

/// Most memory that a process has had, in KiB.
fn peak(function: &Function) -> u32 {
    let status = fs::read_to_string(format!("/proc/{}/status", function.id())).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

/// Texts of nearly the same length: forms and JSON of many members, of one, and of many levels.
fn bodies() -> [(&'static str, String); 8] {
    let members = (0..BODY_BYTES / 14).map(|n| format!("\"{n:08}\":\"\"")).collect::<Vec<_>>().join(",");
    let elements = format!("<Request>{}", "<A>".repeat(BODY_BYTES / 3));
    [
        (FORM, "a=1&".repeat(BODY_BYTES / 4)),
        (FORM, "&".repeat(BODY_BYTES)),
        (FORM, format!("a={}", "b".repeat(BODY_BYTES))),
        (FORM, "%00".repeat(BODY_BYTES / 3)),
        ("application/json", format!("{{\"data\":{{{members}}}}}")),
        ("application/json", format!("{{\"data\":[{}0]}}", "0,".repeat(BODY_BYTES / 2))),
        ("application/json", "[".repeat(BODY_BYTES)),
        ("application/xml", elements),
    ]
}

/// The console's form for strangers, which the sample events do not send.
fn sign_in(stack: &Stack) -> Value {
    let (_, mut event) = events().into_iter().find(|(name, _)| name == "console-signed-out").unwrap();
    event["rawPath"] = json!("/sign-in");
    event["requestContext"]["http"]["method"] = json!("POST");
    event["headers"]["origin"] = json!(stack.console_url());
    event["headers"]["content-type"] = json!(FORM);
    event["isBase64Encoded"] = json!(true);
    event["body"] = json!(BASE64_STANDARD.encode("merchant=170200126"));
    event
}

/// A function's requests: for each API one that has a body, or else any.
fn requests(stack: &Stack) -> BTreeMap<&'static str, Vec<Value>> {
    let mut all = BTreeMap::<_, BTreeMap<_, _>>::new();
    for (name, event) in events().into_iter().filter(|(_, event)| !is_scheduled(event)) {
        let function = function_of(&name);
        let event = if function == "console" { sign_in(stack) } else { event };
        let is_credit_card = event["rawPath"].as_str().unwrap().starts_with("/api/");
        let of_function = all.entry(function).or_default();
        if event.get("body").is_some() || of_function.is_empty() {
            of_function.insert(is_credit_card, event);
        }
    }
    all.into_iter().map(|(name, events)| (name, events.into_values().collect())).collect()
}

#[tokio::test]
async fn no_body_takes_more_memory_than_its_function_has() {
    let _storm = STORM.lock().await;
    let stack = Stack::start(Options { samples: true, ..Options::default() }).await.unwrap();
    let memories = deployed().unwrap().memories;
    let (requests, bodies) = (requests(&stack), bodies());
    assert!(functions::TABLE.iter().map(|(name, _)| name).eq(requests.keys()));
    for (name, events) in requests {
        let function = Function::start(name, &stack).await;
        for (content_type, body) in &bodies {
            for event in &events {
                let mut event = event.clone();
                event["headers"]["content-type"] = json!(content_type);
                event["isBase64Encoded"] = json!(true);
                event["body"] = json!(BASE64_STANDARD.encode(body));
                let answer = function.answer(&event).await;
                assert!(answer["statusCode"].is_u64(), "{name}: {answer}");
            }
        }
        println!("{name}: {} of {} MiB", peak(&function) / 1_024, memories[name]);
        assert!(peak(&function) < memories[name] * 1_024, "{name}: {} KiB", peak(&function));
    }
    stack.stop().await;
}

/// Events of schedules and streams, which come from AWS.
#[tokio::test]
async fn no_event_takes_more_memory_than_its_function_has() {
    let stack = Stack::start(Options { samples: true, ..Options::default() }).await.unwrap();
    let memories = deployed().unwrap().memories;
    for name in functions::invoked_by_events() {
        let function = Function::start(name, &stack).await;
        for (_, mut event) in events().into_iter().filter(|(event, _)| function_of(event) == name) {
            let added = "0".repeat(5_900_000);
            match event.pointer_mut("/Records/0/dynamodb/NewImage") {
                Some(image) => image["added"] = json!({ "S": added }),
                None => event["added"] = json!(added),
            }
            function.outcome(&event).await;
        }
        println!("{name}: {} of {} MiB", peak(&function) / 1_024, memories[name]);
        assert!(peak(&function) < memories[name] * 1_024, "{name}: {} KiB", peak(&function));
    }
    stack.stop().await;
}

/// A server whose response has no end.
fn endless() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let piece = format!("10000\r\n{}\r\n", " ".repeat(0x10000));
            stream.write_all(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n").unwrap();
            while stream.write_all(piece.as_bytes()).is_ok() {}
        }
    });
    url
}

#[tokio::test]
async fn a_response_of_the_issuer_without_an_end_takes_no_more_memory_than_a_function_has() {
    let stack = Stack::start(Options { samples: true, ..Options::default() }).await.unwrap();
    let memories = deployed().unwrap().memories;
    let issuer = endless();
    let (_, mut exchange) = events().into_iter().find(|(name, _)| name == "token-issued").unwrap();
    let part = |value: Value| BASE64_URL_SAFE_NO_PAD.encode(value.to_string());
    let token = [part(json!({"alg": "RS256", "kid": "1"})), part(json!({"iss": issuer})), "AAAA".to_owned()]
        .join(".");
    let form = format!(
        "grant_type=urn:ietf:params:oauth:grant-type:token-exchange&client_id=cli&audience=170200123&\
         client_secret=local-cli-secret-that-is-no-secret-at-all&subject_token={token}&\
         subject_token_type=urn:ietf:params:oauth:token-type:id_token"
    );
    exchange["body"] = json!(BASE64_STANDARD.encode(form));
    for (name, event) in [("console", sign_in(&stack)), ("token", exchange)] {
        let function = Function::start_with(name, &stack, &[("OPENID_ISSUER", &issuer)]).await;
        let answer = function.answer(&event).await;
        assert_eq!(answer["statusCode"], 503, "{answer}");
        println!("{name}: {} of {} MiB", peak(&function) / 1_024, memories[name]);
        assert!(peak(&function) < memories[name] * 1_024, "{name}: {} KiB", peak(&function));
    }
    stack.stop().await;
}
