//! The local API Gateway: the event that a function gets, and the response that a client gets.

use std::{
    collections::{BTreeMap, BTreeSet},
    future::pending,
    time::Duration,
};

use lambda_http::{Body, Request, RequestExt, Response, request::RequestContext};
use local::{Options, Stack, functions::Handler, template};
use serde_json::{Value, json};

use crate::support::client;

/// Responds with the request that arrived.
const ECHO: Handler = |_, request| Box::pin(async move { echo(&request) });

fn echo(request: &Request) -> Response<Body> {
    let headers = request.headers().iter();
    let context = request.lambda_context_ref().unwrap();
    let RequestContext::ApiGatewayV2(gateway) = request.request_context_ref().unwrap() else {
        panic!("not an event of payload format 2.0")
    };
    let (is_binary, body) = match request.body() {
        Body::Text(text) => (false, text.clone()),
        Body::Binary(bytes) => (true, String::from_utf8_lossy(bytes).into_owned()),
        _ => (false, String::new()),
    };
    let answer = json!({
        "method": request.method().as_str(),
        "raw_path": request.raw_http_path(),
        "route_key": gateway.route_key,
        "source_ip": gateway.http.source_ip,
        "request_id": gateway.request_id,
        "lambda_request_id": context.request_id,
        "deadline_ms": context.deadline,
        "time_ms": gateway.time_epoch,
        "path_parameters": request.path_parameters_ref().map(|all| all.iter().collect::<BTreeMap<_, _>>()),
        "query": request.uri().query(),
        "headers": headers.map(|(name, value)| [name.as_str(), value.to_str().unwrap()]).collect::<Vec<_>>(),
        "is_binary": is_binary,
        "body": body,
    });
    Response::builder()
        .status(207)
        .header("content-type", "application/json")
        .header("set-cookie", "a=1")
        .header("set-cookie", "b=2")
        .body(Body::Text(answer.to_string()))
        .unwrap()
}

async fn echoing() -> Stack {
    let handlers = local::functions::TABLE.iter().map(|(name, _)| (*name, ECHO)).collect();
    Stack::start(Options { handlers, ..Options::default() }).await.unwrap()
}

fn header<'a>(echo: &'a Value, name: &str) -> Option<&'a str> {
    let all = echo["headers"].as_array().unwrap();
    all.iter().find(|pair| pair[0] == name).and_then(|pair| pair[1].as_str())
}

#[tokio::test]
async fn a_request_becomes_an_event_of_payload_format_2() {
    let stack = echoing().await;
    let url = format!("{}/v2/orders/a%20b/transactions/t-1/capture?x=1&x=2&y=%C3%BC", stack.url());
    let request =
        client().post(url).header("X-Two", "one").header("X-Two", "two").header("Cookie", "c=1; d=2");
    let response =
        request.header("content-type", "application/json").body(r#"{"data":{}}"#).send().await.unwrap();
    assert_eq!(response.status(), 207);
    assert_eq!(response.headers().get_all("set-cookie").iter().count(), 2);
    assert!(response.headers().contains_key("apigw-requestid"));
    let echo: Value = response.json().await.unwrap();
    assert_eq!(echo["method"], "POST");
    assert_eq!(echo["route_key"], "POST /v2/orders/{orderId}/transactions/{transactionId}/capture");
    assert_eq!(echo["raw_path"], "/v2/orders/a b/transactions/t-1/capture");
    assert_eq!(echo["path_parameters"], json!({ "orderId": "a b", "transactionId": "t-1" }));
    assert_eq!(echo["query"], "x=1&x=2&y=%C3%BC");
    assert_eq!(header(&echo, "x-two"), Some("one,two"));
    assert_eq!(header(&echo, "cookie"), Some("c=1; d=2"));
    assert_eq!(echo["source_ip"], "127.0.0.1");
    assert_eq!((&echo["is_binary"], &echo["body"]), (&json!(false), &json!(r#"{"data":{}}"#)));
    assert_ne!(echo["request_id"], echo["lambda_request_id"]);
    stack.stop().await;
}

#[tokio::test]
async fn a_form_arrives_in_base64_as_from_the_real_http_api() {
    let stack = echoing().await;
    let request = client().post(format!("{}/oauth/access_token", stack.url()));
    let request =
        request.header("content-type", "application/x-www-form-urlencoded").body("grant_type=implicit");
    let echo: Value = request.send().await.unwrap().json().await.unwrap();
    assert_eq!((&echo["is_binary"], &echo["body"]), (&json!(true), &json!("grant_type=implicit")));
    stack.stop().await;
}

#[tokio::test]
async fn what_no_route_matches_goes_to_the_default_route() {
    let stack = echoing().await;
    for (method, path) in [("GET", "/no"), ("GET", "/v2/people/1"), ("GET", "/v2/orders/1/payments")] {
        let echo = echo_of(&stack, method, path).await;
        let matched = (&echo["route_key"], &echo["path_parameters"]);
        assert_eq!(matched, (&json!("$default"), &Value::Null), "{method} {path}");
    }
    stack.stop().await;
}

async fn echo_of(stack: &Stack, method: &str, path: &str) -> Value {
    let method = reqwest::Method::from_bytes(method.as_bytes()).unwrap();
    let response = client().request(method, format!("{}{path}", stack.url())).send().await.unwrap();
    assert_eq!(response.status(), 207, "{path}");
    response.json().await.unwrap()
}

/// Its route for any method has the others, also those that the function does not know.
#[tokio::test]
async fn a_method_with_a_route_of_its_own_is_not_taken_as_any() {
    let stack = echoing().await;
    for (method, matched) in [("PUT", "PUT"), ("GET", "ANY"), ("DELETE", "ANY"), ("OPTIONS", "ANY")] {
        let echo = echo_of(&stack, method, "/v2/orders/1").await;
        assert_eq!(echo["route_key"], format!("{matched} /v2/orders/{{orderId}}"), "{method}");
        assert_eq!((&echo["method"], &echo["path_parameters"]["orderId"]), (&json!(method), &json!("1")));
    }
    stack.stop().await;
}

#[tokio::test]
async fn the_deadline_is_the_functions_time_out_by_tollgates_clock() {
    let stack = echoing().await;
    stack.advance_clock(86_400);
    let response = client().get(format!("{}/v2/orders/1", stack.url())).send().await.unwrap();
    let echo: Value = response.json().await.unwrap();
    let left_ms = echo["deadline_ms"].as_i64().unwrap() - echo["time_ms"].as_i64().unwrap();
    assert!((29_000..40_000).contains(&left_ms), "{left_ms}");
    stack.stop().await;
}

#[tokio::test]
async fn a_panic_is_an_internal_server_error_and_the_stack_goes_on() {
    let panics: Handler = |_, _| Box::pin(async { panic!("a test panics here") });
    let options = Options { handlers: vec![("orders", panics), ("token", ECHO)], ..Options::default() };
    let stack = Stack::start(options).await.unwrap();
    let response = client().get(format!("{}/v2/orders/1", stack.url())).send().await.unwrap();
    assert_eq!(response.status(), 500);
    assert_eq!(response.text().await.unwrap(), r#"{"message":"Internal Server Error"}"#);
    let response = client().post(format!("{}/oauth/access_token", stack.url())).send().await.unwrap();
    assert_eq!(response.status(), 207);
    stack.stop().await;
}

#[tokio::test]
async fn a_function_that_takes_too_long_is_dropped() {
    let hangs: Handler = |_, _| Box::pin(pending());
    let timeout = Duration::from_millis(10);
    let options =
        Options { handlers: vec![("orders", hangs)], function_timeout: Some(timeout), ..Options::default() };
    let stack = Stack::start(options).await.unwrap();
    let response = client().get(format!("{}/v2/orders/1", stack.url())).send().await.unwrap();
    assert_eq!(response.status(), 500);
    stack.stop().await;
}

#[tokio::test]
async fn a_body_whose_event_lambda_does_not_take_is_refused_before_the_function() {
    let stack = echoing().await;
    let url = format!("{}/v2/orders/1/payments", stack.url());
    for (kind, length, status) in [
        // Its event ends at 6 MiB, and is mostly the body.
        ("application/json", 6 * 1024 * 1024 - 4_096, 207),
        ("application/json", 6 * 1024 * 1024, 413),
        // In base64 it is a third longer.
        ("application/octet-stream", 9 * 1024 * 1024 / 2 - 4_096, 207),
        ("application/octet-stream", 9 * 1024 * 1024 / 2, 413),
        ("application/json", 10 * 1024 * 1024 + 1, 413),
    ] {
        let body = vec![b' '; length];
        let response = client().post(&url).header("content-type", kind).body(body).send().await.unwrap();
        assert_eq!(response.status(), status, "{kind} {length}");
        if status == 413 {
            assert_eq!(response.text().await.unwrap(), r#"{"message":"Request Entity Too Large"}"#);
        }
    }
    stack.stop().await;
}

#[tokio::test]
async fn a_result_that_lambda_does_not_take_is_an_error_of_api_gateway() {
    const LONG: Handler = |_, request| {
        Box::pin(async move {
            let length = request.headers()["x-length"].to_str().unwrap().parse().unwrap();
            Response::new(Body::Text("a".repeat(length)))
        })
    };
    let stack =
        Stack::start(Options { handlers: vec![("orders", LONG)], ..Options::default() }).await.unwrap();
    for (length, status) in [(6_291_554, 200), (6_291_555, 500)] {
        let request = client().get(format!("{}/v2/orders/1", stack.url()));
        let response = request.header("x-length", length.to_string()).send().await.unwrap();
        assert_eq!(response.status(), status, "{length}");
    }
    stack.stop().await;
}

#[tokio::test]
async fn a_malformed_or_foreign_host_is_refused_before_a_function_sees_it() {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let stack = echoing().await;
    let address = stack.url().trim_start_matches("http://").to_owned();
    for (host, status) in [
        ("Host: localhost", "207"),
        ("Host: 127.0.0.1:443", "207"),
        ("Host: pay.example.com:443", "403"),
        ("Host: localhost.example.com", "403"),
        ("Host: 256.0.0.1", "403"),
        // The functions' library cannot read such a port.
        ("Host: localhost:65536", "400"),
        ("Host: localhost:+80", "400"),
        ("Host: a b", "400"),
        ("Host: [::1", "400"),
        ("Host: user@pay.example.com", "400"),
        ("Host: pay.example.com/path", "400"),
        ("Host: a\r\nHost: b", "400"),
        ("Host:", "400"),
    ] {
        let mut stream = tokio::net::TcpStream::connect(&address).await.unwrap();
        let request = format!("GET /v2/orders/o HTTP/1.1\r\n{host}\r\nconnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut response = String::new();
        stream.read_to_string(&mut response).await.unwrap();
        assert!(response.starts_with(&format!("HTTP/1.1 {status} ")), "{host}: {response}");
    }
    stack.stop().await;
}

/// The headers that pages send: the API's own, and all that Elastic Path's SDKs and storefronts add
/// to their requests. Without permission for all these headers, a browser sends no request.
const SENT_BY_PAGES: [&str; 18] = [
    "authorization",
    "content-type",
    "ep-account-management-authentication-token",
    "ep-channel",
    "ep-context-tag",
    "idempotency-key",
    "if-match",
    "if-none-match",
    "traceparent",
    "x-client-secret",
    "x-moltin-application",
    "x-moltin-auth-store",
    "x-moltin-currency",
    "x-moltin-customer-token",
    "x-moltin-language",
    "x-moltin-sdk-language",
    "x-moltin-sdk-version",
    "x-request-id",
];

#[tokio::test]
async fn a_page_of_this_machine_is_let_in_and_a_strangers_is_not() {
    let stack = echoing().await;
    let url = format!("{}/v2/orders/1/payments", stack.url());
    let preflight = async |origin: &'static str| {
        let request = client().request(reqwest::Method::OPTIONS, &url).header("origin", origin);
        let request = request.header("access-control-request-method", "POST");
        request.header("access-control-request-headers", "authorization").send().await.unwrap()
    };
    let of = |response: &reqwest::Response, name: &str| {
        response.headers().get(name).map(|value| value.to_str().unwrap().to_owned())
    };
    let own = preflight("http://127.0.0.1:8080").await;
    assert_eq!(own.status(), 204);
    assert_eq!(of(&own, "access-control-allow-origin").as_deref(), Some("http://127.0.0.1:8080"));
    // The template's settings.
    assert_eq!(of(&own, "access-control-allow-methods").as_deref(), Some("GET,HEAD,POST,PUT,PATCH,DELETE"));
    assert_eq!(of(&own, "access-control-max-age").as_deref(), Some("7200"));
    let headers = of(&own, "access-control-allow-headers").unwrap();
    assert_eq!(headers.split(',').collect::<BTreeSet<_>>(), BTreeSet::from(SENT_BY_PAGES));
    let deployed = template::deployed().unwrap().cors;
    let deployed: Vec<_> = deployed.allow_headers.iter().map(|name| name.to_lowercase()).collect();
    assert_eq!(deployed.iter().map(String::as_str).collect::<BTreeSet<_>>(), BTreeSet::from(SENT_BY_PAGES));
    let other = preflight("https://shop.example.com").await;
    assert_eq!((other.status().as_u16(), of(&other, "access-control-allow-origin")), (204, None));

    let called = async |origin: &'static str| {
        client().post(&url).header("origin", origin).body("{}").send().await.unwrap()
    };
    let own = called("http://localhost:1").await;
    assert_eq!(own.status(), 207);
    assert_eq!(of(&own, "access-control-allow-origin").as_deref(), Some("http://localhost:1"));
    let exposed = of(&own, "access-control-expose-headers").unwrap();
    // The page of a list in CSV names the next one in `Link` only.
    for read in ["idempotent-replayed", "link"] {
        assert!(exposed.split(',').any(|name| name == read), "{exposed}");
    }
    let other = called("https://shop.example.com").await;
    assert_eq!((other.status().as_u16(), of(&other, "access-control-allow-origin")), (207, None));
    // Without an origin it is a request like any other.
    let plain = client().request(reqwest::Method::OPTIONS, &url).send().await.unwrap();
    assert_eq!(plain.status(), 207);
    stack.stop().await;
}
