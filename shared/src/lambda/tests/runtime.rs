//! The Lambda runtime, which hands a function an event and takes its response.

use std::{
    collections::BTreeMap,
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    thread,
};

use lambda_http::http::{StatusCode, header};
use serde_json::{Value, json};
use tollgate_core::{
    journal::{JournalReport, TotalsReport},
    webhooks::DeliveryReport,
};

use super::*;
use crate::lambda::{run_journal, run_scheduled, run_webhooks};

/// A request to the runtime's interface: its first line and its body. None where the function's
/// process ended.
fn request(connection: &mut BufReader<TcpStream>) -> Option<(String, Vec<u8>)> {
    let mut lines = Vec::new();
    loop {
        let mut line = String::new();
        if connection.read_line(&mut line).unwrap() == 0 {
            return None;
        }
        match line.trim_end() {
            "" => break,
            line => lines.push(line.to_owned()),
        }
    }
    let headers: BTreeMap<String, String> = lines
        .iter()
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| (name.to_lowercase(), value.to_owned()))
        .collect();
    let length = headers.get("content-length").map_or(0, |length| length.parse().unwrap());
    let mut body = vec![0; length];
    connection.read_exact(&mut body).unwrap();
    Some((lines[0].clone(), body))
}

/// Hands out an event, and takes its result until the function wants another event or ends.
fn serve(listener: &TcpListener, event: &Value) -> Option<Value> {
    let (mut handed_out, mut result) = (false, None);
    loop {
        let mut connection = BufReader::new(listener.accept().unwrap().0);
        let mut is_first = true;
        while let Some((line, body)) = request(&mut connection) {
            is_first = false;
            let (status, headers, body) = if line.starts_with("GET") {
                if handed_out {
                    return result;
                }
                handed_out = true;
                let headers = "content-type: application/json\r\nlambda-runtime-aws-request-id: id\r\n\
                               lambda-runtime-deadline-ms: 4000000000000\r\n\
                               lambda-runtime-invoked-function-arn: arn\r\n";
                ("200 OK", headers, event.to_string())
            } else {
                assert!(line.starts_with("POST /2018-06-01/runtime/invocation/id/response "), "{line}");
                result = Some(serde_json::from_slice(&body).unwrap());
                ("202 Accepted", "", String::new())
            };
            let length = body.len();
            let response = format!("HTTP/1.1 {status}\r\n{headers}content-length: {length}\r\n\r\n{body}");
            connection.get_mut().write_all(response.as_bytes()).unwrap();
        }
        if is_first {
            return result;
        }
    }
}

/// Runs a test of this module in a process of its own, as a function with this event, and returns
/// its result.
fn result_of(test: &str, event: Value) -> Option<Value> {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let others = [
        ("AWS_LAMBDA_RUNTIME_API", Some(address.as_str())),
        ("AWS_LAMBDA_FUNCTION_NAME", Some("tollgate")),
        ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", Some("128")),
        ("AWS_LAMBDA_FUNCTION_VERSION", Some("1")),
        ("AWS_LAMBDA_LOG_STREAM_NAME", Some("log")),
        ("AWS_LAMBDA_LOG_GROUP_NAME", Some("log")),
    ];
    let function = test_process::start(module_path!(), test, &environment(&others));
    let runtime = thread::spawn(move || serve(&listener, &event));
    // It ends when there is no other event for it.
    function.wait_with_output().unwrap();
    // Where it ended before it came at all, nobody comes but this.
    drop(TcpStream::connect(address));
    runtime.join().unwrap()
}

/// Runs as a function until there are no more events for it, which is an error to it.
fn function(running: impl Future<Output = Result<(), Error>>) {
    install_tls();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(running).unwrap_err();
}

#[test]
fn a_request_is_handed_to_the_handler_without_its_host_and_its_response_is_the_result() {
    if test_process::is_alone() {
        return function(run("ports", |ports: Arc<&'static str>, request: Request| async move {
            let host = request.headers().contains_key(header::HOST);
            let mut response = Response::new(Body::Text(format!("{ports} {} {host}", request.uri().path())));
            *response.status_mut() = StatusCode::ACCEPTED;
            response
        }));
    }
    let http = json!({
        "method": "GET", "path": "/status", "protocol": "HTTP/1.1", "sourceIp": "203.0.113.1", "userAgent": "test",
    });
    let context = json!({
        "accountId": "1", "apiId": "api", "domainName": "no host", "requestId": "id", "stage": "$default",
        "routeKey": "GET /status", "time": "05/Jan/2026:10:00:00 +0000", "timeEpoch": 1_767_607_200_000_i64,
        "http": http,
    });
    let event = json!({
        "version": "2.0", "routeKey": "GET /status", "rawPath": "/status", "rawQueryString": "",
        "headers": { "host": "no host" }, "requestContext": context, "isBase64Encoded": false,
    });
    let test = "a_request_is_handed_to_the_handler_without_its_host_and_its_response_is_the_result";
    let result = result_of(test, event).unwrap();
    assert_eq!((&result["statusCode"], &result["body"]), (&json!(202), &json!("ports /status false")));
}

#[test]
fn a_schedules_event_is_handed_to_the_handler_and_its_report_is_the_result() {
    if test_process::is_alone() {
        return function(run_scheduled(7_usize, |ports: Arc<usize>, event: Value, _: Deadline| async move {
            let entries = *ports + event["more"].as_array().map_or(0, Vec::len);
            TotalsReport { entries, ..TotalsReport::default() }
        }));
    }
    let test = "a_schedules_event_is_handed_to_the_handler_and_its_report_is_the_result";
    let expected = TotalsReport { entries: 9, ..TotalsReport::default() };
    assert_eq!(result_of(test, json!({ "more": [1, 2] })), Some(json!(expected)));
}

#[test]
fn a_batch_of_changes_is_handed_to_the_journal_and_where_it_failed_is_the_result() {
    if test_process::is_alone() {
        return function(run_journal(|_, event| async move {
            let failed = event.into_changes().first().map(|change| change.number.clone());
            JournalReport { failed, ..JournalReport::default() }
        }));
    }
    let test = "a_batch_of_changes_is_handed_to_the_journal_and_where_it_failed_is_the_result";
    let image = json!({ "order_key": { "S": "m#o" } });
    let record = json!({ "dynamodb": { "SequenceNumber": "7", "Keys": image, "NewImage": image } });
    let expected = json!({ "batchItemFailures": [{ "itemIdentifier": "7" }] });
    assert_eq!(result_of(test, json!({ "Records": [record] })), Some(expected));
}

#[test]
fn deliveries_that_were_added_are_handed_to_the_function_that_sends_them() {
    if test_process::is_alone() {
        return function(run_webhooks(|_, event| async move {
            let failed = event.into_added().map(|added| added.len().to_string());
            DeliveryReport { failed, ..DeliveryReport::default() }
        }));
    }
    let test = "deliveries_that_were_added_are_handed_to_the_function_that_sends_them";
    let expected = json!({ "batchItemFailures": [{ "itemIdentifier": "0" }] });
    assert_eq!(result_of(test, json!({ "Records": [] })), Some(expected));
}
