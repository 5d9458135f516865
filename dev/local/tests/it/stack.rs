//! The stack as a whole: its control endpoints, its options, its independence.

use std::collections::BTreeMap;

use local::{Options, Stack, merchants};
use serde_json::{Value, json};
use tollgate_core::values::Clock;

use crate::support::{client, stack};

#[tokio::test]
async fn of_a_merchants_keys_the_stack_tells_one_that_may_do_everything() {
    let stack = stack().await;
    let secret = merchants::secret_name(merchants::REGISTERED);
    let mut document = stack.secrets().get(&secret).unwrap();
    let key = |role: &str| json!({"key": format!("the-key-of-{role}"), "name": role, "role": role});
    for (keys, told) in [
        (json!([key("read"), key("all")]), json!("the-key-of-all")),
        (json!([key("all"), "the-plain-key"]), json!("the-plain-key")),
        (json!([key("pay")]), Value::Null),
    ] {
        document["keys"] = keys;
        stack.secrets().put(&secret, document.clone());
        let about: Value =
            client().get(format!("{}/_local", stack.url())).send().await.unwrap().json().await.unwrap();
        assert_eq!(about["merchants"][0]["client_secret"], told);
    }
    stack.stop().await;
}

#[tokio::test]
async fn the_stack_says_where_everything_is() {
    let stack = stack().await;
    let about: Value =
        client().get(format!("{}/_local", stack.url())).send().await.unwrap().json().await.unwrap();
    assert_eq!(about["api"], stack.url());
    assert_eq!(about["dynamodb"], stack.dynamodb_url());
    assert_eq!(about["secretsmanager"], stack.secretsmanager_url());
    assert_eq!(
        about["merchants"][0],
        json!({ "client_id": "170200123", "client_secret": "467512342123", "orders": "registered" })
    );
    stack.stop().await;
}

/// The output of a shell in which the commands of the pages were prepared for a merchant, and then
/// this one was run.
async fn said_by_shell(stack: &Stack, query: &str, then: &str) -> String {
    let prepare = format!("eval \"$(curl -s '{}/_local/shell{query}')\"", stack.url());
    let mut shell = tokio::process::Command::new("sh");
    let output = shell.arg("-c").arg(format!("{prepare} && {then}")).output().await.unwrap();
    String::from_utf8(output.stdout).unwrap() + &String::from_utf8(output.stderr).unwrap()
}

#[tokio::test]
async fn one_command_prepares_a_shell_for_the_commands_of_the_pages() {
    let stack = stack().await;
    let me = r#"curl -s "$API/v2/me" -H "$A" -H "$J""#;
    assert!(said_by_shell(&stack, "", me).await.contains(merchants::REGISTERED));
    let of_month = format!("?merchant={}", merchants::MONTH);
    assert!(said_by_shell(&stack, &of_month, me).await.contains(merchants::MONTH));
    let unknown = said_by_shell(&stack, "?merchant=$(id)", "echo goes on").await;
    assert_eq!(unknown, "no merchant of this stack has this id\n");
    stack.stop().await;
}

#[tokio::test]
async fn stacks_do_not_share_anything() {
    let (one, two) = tokio::join!(stack(), stack());
    one.advance_clock(3600);
    one.secrets().remove(&merchants::secret_name(merchants::REGISTERED));
    assert!(one.clock().now() > two.clock().now());
    assert!(two.secrets().get(&merchants::secret_name(merchants::REGISTERED)).is_some());
    one.stop().await;
    assert_eq!(client().get(format!("{}/_local", two.url())).send().await.unwrap().status(), 200);
    two.stop().await;
}

#[tokio::test]
async fn the_clock_can_be_moved_from_outside() {
    let stack = stack().await;
    let before = stack.clock().now();
    let request = client().post(format!("{}/_local/clock", stack.url())).json(&json!({ "advance_s": 3600 }));
    assert_eq!(request.send().await.unwrap().status(), 200);
    assert!(stack.clock().now().duration_since(before).as_secs() >= 3600);
    let misspelled = client().post(format!("{}/_local/clock", stack.url())).json(&json!({ "advance": 1 }));
    assert_eq!(misspelled.send().await.unwrap().status(), 422);
    stack.stop().await;
}

#[tokio::test]
async fn a_function_can_be_invoked_with_an_event() {
    let stack = stack().await;
    let url = format!("{}/_local/invoke/orders", stack.url());
    let event = include_str!("../../../../events/orders-no-route.json");
    let answer = client().post(&url).body(event).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    assert!(answer.json::<Value>().await.unwrap()["statusCode"].is_number());
    for (wrong, why) in
        [("{}", "no request in payload format 2.0"), (r#"{"version":"1.0"}"#, "payload format 1.0")]
    {
        let answer = client().post(&url).body(wrong).send().await.unwrap();
        assert_eq!(answer.status(), 400);
        let body = answer.text().await.unwrap();
        assert!(body.contains(why), "{body}");
    }
    let unknown = client().post(format!("{}/_local/invoke/nothing", stack.url())).body(event);
    assert_eq!(unknown.send().await.unwrap().status(), 404);
    stack.stop().await;
}

#[tokio::test]
async fn a_merchants_document_is_changed_and_added_to_by_patches() {
    let merchants = BTreeMap::from([
        ("170200123".to_owned(), json!({ "shopper_tokens": null, "gateway": { "username": "someone" } })),
        ("9".to_owned(), json!({ "keys": ["k"] })),
    ]);
    let stack = Stack::start(Options { merchants, ..Options::default() }).await.unwrap();
    let changed = stack.secrets().get("tollgate/merchants/170200123").unwrap();
    assert_eq!(changed["gateway"]["username"], "someone");
    assert_eq!(changed["gateway"]["password"], "testing123");
    assert_eq!(changed.get("shopper_tokens"), None);
    assert_eq!(stack.secrets().get("tollgate/merchants/9").unwrap()["keys"], json!(["k"]));
    stack.stop().await;
}

#[tokio::test]
async fn a_stack_can_use_another_ones_dynamodb_and_secrets_manager() {
    let first = stack().await;
    let options = Options {
        dynamodb_url: Some(first.dynamodb_url().to_owned()),
        secretsmanager_url: Some(first.secretsmanager_url().to_owned()),
        ..Options::default()
    };
    let second = Stack::start(options).await.unwrap();
    assert_eq!(second.dynamodb_url(), first.dynamodb_url());
    second.stop().await;
    first.stop().await;
}

/// A page from anywhere can have its own name point to this machine, and can send `text/plain`
/// without a question.
#[tokio::test]
async fn only_this_machine_and_its_pages_get_to_the_control_endpoints_and_the_services() {
    let stack =
        Stack::start(Options { hosts: vec!["Laptop.lan".to_owned()], ..Options::default() }).await.unwrap();
    let event = include_str!("../../../../events/orders-no-route.json");
    let about: Value =
        client().get(format!("{}/_local", stack.url())).send().await.unwrap().json().await.unwrap();
    let simulator = format!("{}/reset", stack.simulator().control_url());
    let urls = [
        (format!("{}/_local/invoke/orders", stack.url()), 200),
        (format!("{}/checkout/orders", stack.url()), 200),
        (simulator, 200),
        // The requests are incomplete, but the services are there.
        (stack.secretsmanager_url().to_owned(), 400),
        (about["eventbridge"].as_str().unwrap().to_owned(), 400),
    ];
    for (url, taken) in urls {
        let call = async |header: &'static str, value: &'static str| {
            let request = client().post(&url).header("content-type", "text/plain").header(header, value);
            request.body(event).send().await.unwrap().status().as_u16()
        };
        for (header, value) in [
            ("origin", "https://example.com"),
            ("origin", "null"),
            ("host", "example.com"),
            ("host", "localhost.example.com:3000"),
        ] {
            assert_eq!(call(header, value).await, 403, "{url} {header}: {value}");
        }
        for (header, value) in [
            ("origin", "http://localhost:8080"),
            ("origin", "http://laptop.lan"),
            ("host", "localhost"),
            ("host", "laptop.lan:3000"),
        ] {
            assert_eq!(call(header, value).await, taken, "{url} {header}: {value}");
        }
    }
    for page in ["/_local", "/docs", "/docs/openapi.json", "/openapi.yaml", "/checkout", "/status"] {
        let page = client().get(format!("{}{page}", stack.url())).header("host", "example.com");
        assert_eq!(page.send().await.unwrap().status(), 403);
    }
    stack.stop().await;
}

#[tokio::test]
async fn ports_that_there_are_not_are_named_and_nothing_starts() {
    let port = Some(65_533);
    let Err(error) = Stack::start(Options { port, ..Options::default() }).await else {
        panic!("there are three from there on")
    };
    let says = error.to_string();
    assert_eq!(says, "there are not enough ports from 65533 on. Choose a lower one with --port");
}
