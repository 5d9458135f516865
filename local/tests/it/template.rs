//! `template.yaml` and what the local stack takes from it.

use std::collections::BTreeSet;

use local::{
    functions::{SCHEDULED, TABLE},
    template::{RouteKey, TEMPLATE, TemplateError, parse},
};
use tollgate::{
    scheduled_capture::{Part, Request},
    store::CAPTURE_SHARDS_MAX,
};

#[test]
fn every_function_of_the_template_has_a_handler_and_every_handler_a_function() {
    let names = TABLE.iter().map(|(name, _)| *name).chain(SCHEDULED.iter().map(|(name, _)| *name));
    let handlers = names.map(str::to_owned).collect::<BTreeSet<_>>();
    assert_eq!(parse(TEMPLATE).unwrap().functions, handlers);
}

#[test]
fn every_function_has_a_route_or_a_schedule() {
    let deployment = parse(TEMPLATE).unwrap();
    let scheduled =
        deployment.schedules.iter().map(|schedule| schedule.function.clone()).collect::<BTreeSet<_>>();
    let handlers = SCHEDULED.iter().map(|(name, _)| (*name).to_owned()).collect::<BTreeSet<_>>();
    assert_eq!(scheduled, handlers);
    let routed = deployment.routes.into_iter().map(|route| route.function).collect::<BTreeSet<_>>();
    assert!(routed.is_disjoint(&scheduled));
    assert_eq!(deployment.functions, &routed | &scheduled);
}

#[test]
fn what_is_in_doubt_is_asked_about_every_minute() {
    let mut schedules = parse(TEMPLATE).unwrap().schedules;
    assert!(schedules.iter().all(|schedule| schedule.every.as_secs() == 60));
    schedules.retain(|schedule| schedule.function == "reconcile");
    assert_eq!(schedules.len(), 1);
}

#[test]
fn the_capture_schedules_share_all_of_the_index_between_them() {
    let deployment = parse(TEMPLATE).unwrap();
    let parts = deployment.schedules.iter().filter(|schedule| schedule.function == "scheduled-capture");
    let parts: Vec<Part> = parts
        .map(|schedule| serde_json::from_str::<Request>(&schedule.event).unwrap().part.unwrap())
        .collect();
    for shard in 0..CAPTURE_SHARDS_MAX {
        assert_eq!(parts.iter().filter(|part| shard % part.of == part.index).count(), 1, "{shard}");
    }
    assert!((1..=CAPTURE_SHARDS_MAX).contains(&deployment.captures.shards));
    let timeout = deployment.timeouts["scheduled-capture"];
    assert!(timeout < deployment.schedules[0].every, "a run has ended when the next one begins");
}

#[test]
fn the_routes_are_the_documented_ones() {
    let routes = parse(TEMPLATE).unwrap().routes;
    let mut found =
        routes.iter().map(|route| format!("{} -> {}", route.key, route.function)).collect::<Vec<_>>();
    found.sort();
    assert_eq!(
        found,
        [
            "$default -> orders",
            "GET /v2/orders/{orderId} -> orders",
            "GET /v2/orders/{orderId}/transactions -> orders",
            "GET /v2/orders/{orderId}/transactions/{transactionId} -> orders",
            "PATCH /v2/orders/{orderId}/transactions/{transactionId} -> orders",
            "POST /api/v1/payments/creditcard/authorize -> authorize",
            "POST /api/v1/payments/creditcard/capture -> capture",
            "POST /api/v1/payments/creditcard/charge -> purchase",
            "POST /api/v1/payments/creditcard/refund -> refund",
            "POST /api/v1/payments/creditcard/status -> confirm",
            "POST /api/v1/payments/creditcard/void -> void",
            "POST /oauth/access_token -> token",
            "POST /v2/orders/{orderId}/payments -> payments",
            "POST /v2/orders/{orderId}/payments/authorize -> authorize",
            "POST /v2/orders/{orderId}/payments/purchase -> purchase",
            "POST /v2/orders/{orderId}/transactions/{transactionId}/cancel -> void",
            "POST /v2/orders/{orderId}/transactions/{transactionId}/capture -> capture",
            "POST /v2/orders/{orderId}/transactions/{transactionId}/confirm -> confirm",
            "POST /v2/orders/{orderId}/transactions/{transactionId}/refund -> refund",
            "PUT /v2/orders/{orderId} -> orders",
        ]
    );
}

#[test]
fn a_function_ends_before_the_http_api_gives_up() {
    assert_eq!(parse(TEMPLATE).unwrap().function_timeout.as_secs(), 29);
}

#[test]
fn the_table_is_keyed_by_order_and_has_an_index_of_what_is_in_doubt_and_one_of_what_is_due() {
    let table = parse(TEMPLATE).unwrap().table;
    let keys = table.key_schema.iter().map(|key| (key.attribute_name.as_str(), key.key_type.as_str()));
    assert_eq!(keys.collect::<Vec<_>>(), [("order_key", "HASH")]);
    let indexes = table.global_secondary_indexes.iter();
    let indexes: Vec<_> =
        indexes.map(|i| (i.index_name.as_str(), i.projection.projection_type.as_str())).collect();
    assert_eq!(indexes, [("in-doubt", "KEYS_ONLY"), ("captures-due", "KEYS_ONLY")]);
}

const SMALL: &str = "
Parameters: {CaptureShards: {Default: 16}, CaptureConcurrency: {Default: 8}}
Globals: {Function: {Timeout: 5}}
Resources:
  Items:
    Type: AWS::DynamoDB::Table
    Properties:
      KeySchema: [{AttributeName: id, KeyType: HASH}]
      AttributeDefinitions: [{AttributeName: id, AttributeType: S}]
  Function:
    Type: AWS::Serverless::Function
    Metadata: {BuildProperties: {Binary: one}}
    Properties:
      Events:
        Get: {Type: HttpApi, Properties: {ApiId: !Ref Api, Method: get, Path: /a}}
";

#[test]
fn a_route_given_twice_is_refused() {
    assert_eq!(parse(SMALL).unwrap().routes[0].key.to_string(), "GET /a");
    let twice = format!("{SMALL}        Again: {{Type: HttpApi, Properties: {{Method: GET, Path: /a}}}}\n");
    let Err(TemplateError::DuplicateRoute(RouteKey::Exact { path, .. })) = parse(&twice) else {
        panic!("expected a duplicate route")
    };
    assert_eq!(path, "/a");
}

#[test]
fn an_event_that_cannot_be_played_here_is_refused_rather_than_ignored() {
    let queue = format!("{SMALL}        Queue: {{Type: SQS, Properties: {{Queue: !GetAtt Queue.Arn}}}}\n");
    let error = parse(&queue).unwrap_err();
    assert_eq!(error.to_string(), "template.yaml, Function: events of type SQS are not supported here");
}

#[test]
fn a_template_without_a_table_is_refused() {
    let error = parse(&SMALL.replace("AWS::DynamoDB::Table", "AWS::S3::Bucket")).unwrap_err();
    assert_eq!(error.to_string(), "template.yaml: expected one table, found 0");
}
