//! A function's own binary, as Lambda runs it.

use std::{ffi::OsStr, path::Path, time::Duration};

use lambda_simulator::{SimulatorError, SimulatorPhase};
use local::Stack;
use serde_json::{Value, json};

use crate::process::{HUNG, Process};

/// How long one wait may take.
const WAIT: Duration = Duration::from_millis(500);

/// A function's process and the Runtime API that it calls.
pub(crate) struct Function(Process);

impl Function {
    /// A function of a stack.
    pub(crate) async fn start(name: &str, stack: &Stack) -> Self {
        Self::start_with(name, stack, &[]).await
    }

    /// The same, with more in its environment, or other things.
    pub(crate) async fn start_with(name: &str, stack: &Stack, more: &[(&str, &str)]) -> Self {
        let more = more.iter().map(|(name, value)| (*name, (*value).to_owned()));
        Self::start_in(name, stack.environment().into_iter().chain(more)).await
    }

    /// A function in an environment that is given as a whole.
    pub(crate) async fn start_in<N: AsRef<OsStr>, V: AsRef<OsStr>>(
        name: &str,
        environment: impl IntoIterator<Item = (N, V)>,
    ) -> Self {
        let binary = Path::new(env!("CARGO_BIN_EXE_local")).with_file_name(name);
        Self(Process::start(&binary, environment).await)
    }

    /// Waits until it requests its first event.
    pub(crate) async fn is_ready(&self) {
        let started = std::time::Instant::now();
        while started.elapsed() < HUNG {
            match self.0.api.wait_for_phase(SimulatorPhase::Ready, WAIT).await {
                Ok(()) => return,
                Err(SimulatorError::Timeout(_)) => {}
                Err(error) => panic!("{error}"),
            }
        }
        panic!("it does not start");
    }

    /// Of its process.
    pub(crate) fn id(&self) -> u32 {
        self.0.child.id()
    }

    /// Its response to an event.
    pub(crate) async fn answer(&self, event: &Value) -> Value {
        let id = self.0.api.enqueue_payload(event.clone()).await;
        self.0.response(&id, WAIT).await
    }

    /// The same, or the function's error.
    pub(crate) async fn outcome(&self, event: &Value) {
        let id = self.0.api.enqueue_payload(event.clone()).await;
        self.0.completed(&id, WAIT).await;
    }

    /// Why it has none to an event that it does not take.
    async fn error(&self, event: &Value) -> String {
        let id = self.0.api.enqueue_payload(event.clone()).await;
        self.0.completed(&id, WAIT).await.error.expect("an error, not a response").error_message
    }
}

/// API Gateway lets none through; a function that meets one all the same goes on.
#[tokio::test]
async fn a_host_that_is_no_part_of_a_url_does_not_stop_a_function() {
    let stack = crate::support::stack().await;
    let function = Function::start("orders", &stack).await;
    let mut event: Value = serde_json::from_str(include_str!("../../../../events/orders-read.json")).unwrap();
    for host in ["a b", "[::1", "https://", "", "pay.example.com:port"] {
        event["headers"]["host"] = json!(host);
        event["requestContext"]["domainName"] = json!(host);
        let answer = function.answer(&event).await;
        assert!(answer["statusCode"].is_u64(), "{host}: {answer}");
    }
    drop(function);
    stack.stop().await;
}

/// A request of API Gateway's REST APIs.
const FORMAT_1: &str = r#"{
    "version": "1.0", "resource": "/v2/orders/{orderId}", "path": "/v2/orders/1", "httpMethod": "GET",
    "headers": { "host": "api.example" }, "multiValueHeaders": { "host": ["api.example"] },
    "queryStringParameters": null, "multiValueQueryStringParameters": null,
    "pathParameters": { "orderId": "1" }, "stageVariables": null, "body": null, "isBase64Encoded": false,
    "requestContext": { "httpMethod": "GET", "path": "/v2/orders/1", "stage": "prod", "requestId": "1" }
}"#;

fn orders_read() -> Value {
    serde_json::from_str(include_str!("../../../../events/orders-read.json")).unwrap()
}

#[tokio::test]
async fn an_event_that_is_no_request_is_an_error_that_says_why_and_the_function_goes_on() {
    const NUMBER: &str = "4111111111111111";
    let stack = crate::support::stack().await;
    let function = Function::start("orders", &stack).await;
    let number: u64 = NUMBER.parse().unwrap();
    let base64 = "body is not valid Base64";
    let of_member = |name: &str| format!("no request in payload format 2.0 of API Gateway; {name} is wrong");
    for (name, value, why) in [
        ("body", json!(format!("{NUMBER}!")), base64.to_owned()),
        ("body", json!("YQ"), base64.to_owned()),
        ("body", json!("\u{e9}"), base64.to_owned()),
        ("body", json!(number), of_member("body")),
        ("isBase64Encoded", json!("true"), of_member("isBase64Encoded")),
        ("queryStringParameters", json!({ "page": number }), of_member("queryStringParameters")),
        ("queryStringParameters", json!({ NUMBER: null }), of_member("queryStringParameters")),
        ("queryStringParameters", json!(NUMBER), of_member("queryStringParameters")),
        ("rawQueryString", json!([NUMBER]), of_member("rawQueryString")),
        ("rawPath", json!(NUMBER), "rawPath must begin with a slash".to_owned()),
        ("rawPath", json!(format!("/{}", "\u{e9}".repeat(10_000))), "no longer than a URL".to_owned()),
        ("rawQueryString", json!("\u{e9}".repeat(20_000)), "no longer than a URL".to_owned()),
        ("headers", json!({ NUMBER: number }), of_member("headers")),
    ] {
        let mut event = orders_read();
        event["isBase64Encoded"] = json!(true);
        event[name] = value;
        let error = function.error(&event).await;
        assert!(error.contains(&why), "{name}: {error}");
        assert!(!error.contains(&NUMBER[..6]), "{name}: {error}");
        assert!(!error.contains("panic"), "{name}: {error}");
    }
    let mut format_1: Value = serde_json::from_str(FORMAT_1).unwrap();
    for _ in 0..2 {
        let error = function.error(&format_1).await;
        assert!(error.contains("has payload format 1.0 of API Gateway; this API takes 2.0"), "{error}");
        format_1.as_object_mut().unwrap().remove("version");
    }
    assert_eq!(function.error(&json!({})).await.lines().count(), 1);
    assert!(function.answer(&orders_read()).await["statusCode"].is_u64());
    drop(function);
    stack.stop().await;
}

/// Hand-made events hold such queries, and API Gateway hands on what clients send.
#[tokio::test]
async fn a_query_that_is_not_encoded_is_read_as_it_is_meant() {
    let stack = crate::support::stack().await;
    let function = Function::start("transactions", &stack).await;
    let mut event: Value =
        serde_json::from_str(include_str!("../../../../events/transactions-day.json")).unwrap();
    for (query, named) in [
        ("filter=eq(status,a b)", "filter.status"),
        ("filter=eq(status,\"a\")", "filter.status"),
        ("filter=eq(status,\u{fc}\u{1f600})", "filter.status"),
        ("filter=eq(status,%zz)&%", "filter.status"),
        ("a b=1", "a b"),
        ("<a>", "<a>"),
        ("a#b", "a#b"),
        ("%C3%28", "\u{fffd}("),
        (&"a".repeat(59_000), "aaa"),
    ] {
        event["rawQueryString"] = json!(query);
        let answer = function.answer(&event).await;
        assert_eq!(answer["statusCode"], 400, "{query}: {answer}");
        assert!(answer["body"].as_str().unwrap().contains(named), "{query}: {answer}");
    }
    drop(function);
    stack.stop().await;
}
