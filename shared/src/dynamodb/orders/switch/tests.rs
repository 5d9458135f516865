//! The reads and writes of switches, and how long a process uses a read.

use memory::SetClock;
use serde_json::{Value, json};
use tollgate_core::order::Attribution;

use super::*;
use crate::test_aws::{Aws, Scripted, done, error, ok, throttled};

fn responding(
    responses: impl IntoIterator<Item = Scripted>,
    by_parameter: bool,
) -> (DynamoDbSwitch, Arc<Aws>, Arc<SetClock>) {
    let (aws, clock) = (Aws::responding(responses), Arc::new(SetClock::at(Timestamp::UNIX_EPOCH)));
    (DynamoDbSwitch::new(aws.dynamodb(), "orders".to_owned(), clock.clone(), by_parameter), aws, clock)
}

fn merchant(id: &str) -> MerchantId {
    id.parse().unwrap()
}

/// A read of the switches with these keys.
fn batch(keys: &[&str]) -> Value {
    let keys: Vec<_> = keys.iter().map(|key| json!({ "order_key": { "S": key } })).collect();
    let wanted = json!({
        "Keys": keys, "ConsistentRead": false, "ProjectionExpression": "order_key, payments_stopped",
    });
    json!({ "RequestItems": { "orders": wanted } })
}

/// Its response, with the positions of those that were ever thrown.
fn positions(found: &[(&str, bool)]) -> Scripted {
    let item = |(key, stopped): &(&str, bool)| json!({ "order_key": { "S": key }, "payments_stopped": { "BOOL": stopped } });
    ok(json!({ "Responses": { "orders": found.iter().map(item).collect::<Vec<_>>() } }))
}

#[test]
fn an_item_that_does_not_say_so_clearly_stops_payments() {
    let item = |value| Item::from([("payments_stopped".to_owned(), value)]);
    assert!(is_stopped(&Item::new()));
    assert!(is_stopped(&item(AttributeValue::S("false".to_owned()))));
    assert!(is_stopped(&item(AttributeValue::Bool(true))));
    assert!(!is_stopped(&item(AttributeValue::Bool(false))));
    let mut other_form = item(AttributeValue::Bool(true));
    other_form.insert("changes".to_owned(), AttributeValue::Bool(true));
    assert_eq!(read(other_form), SwitchState { stopped: true, ..SwitchState::default() });
}

#[tokio::test]
async fn both_switches_are_read_with_one_call_and_gone_by_for_fifteen_seconds() {
    let own = "#stop#m";
    let (switch, aws, clock) = responding(
        [positions(&[]), positions(&[("#", false), (own, true)]), positions(&[("#", true), (own, true)])],
        false,
    );
    // Milliseconds, which switch stops the merchant's payments, and how often it was read to tell.
    for (now_ms, expected, reads) in [
        (0, Stop::None, 1),
        (14_999, Stop::None, 0),
        (15_000, Stop::Merchant, 1),
        (15_001, Stop::Merchant, 0),
        (30_000, Stop::All, 1),
        (30_001, Stop::All, 0),
    ] {
        clock.set(Timestamp::from_millisecond(now_ms).unwrap());
        assert_eq!(switch.stop(&merchant("m")).await.unwrap(), expected, "{now_ms}");
        assert_eq!(aws.so_far(), vec![json!(["BatchGetItem", batch(&[own, "#"])]); reads], "{now_ms}");
    }
    assert!(switch.all_stopped().await.unwrap(), "without another call");
}

#[tokio::test]
async fn a_clock_that_was_set_back_tells_no_age() {
    let (switch, aws, clock) = responding([positions(&[("#", true)]), positions(&[])], false);
    clock.set(Timestamp::from_second(60).unwrap());
    assert!(switch.all_stopped().await.unwrap());
    clock.set(Timestamp::from_second(59).unwrap());
    assert!(!switch.all_stopped().await.unwrap());
    assert_eq!(aws.bodies("BatchGetItem"), [batch(&["#"]), batch(&["#"])]);
}

#[tokio::test]
async fn another_merchants_switch_stops_nothing_of_this_one() {
    let (switch, aws, _) = responding([positions(&[("#stop#m", true)]), positions(&[])], false);
    assert_eq!(switch.stop(&merchant("m")).await.unwrap(), Stop::Merchant);
    assert_eq!(switch.stop(&merchant("n")).await.unwrap(), Stop::None);
    assert_eq!(switch.stop(&merchant("m")).await.unwrap(), Stop::Merchant, "as it was read");
    assert_eq!(aws.bodies("BatchGetItem"), [batch(&["#stop#m", "#"]), batch(&["#stop#n", "#"])]);
}

#[tokio::test]
async fn a_switch_that_cannot_be_read_whole_tells_nothing_and_is_read_again() {
    let unprocessed = ok(json!({
        "Responses": { "orders": [] },
        "UnprocessedKeys": { "orders": { "Keys": [{ "order_key": { "S": "#" } }] } },
    }));
    let (switch, aws, _) = responding([throttled(), unprocessed, positions(&[])], false);
    for _ in 0..2 {
        assert!(matches!(switch.stop(&merchant("m")).await, Err(StoreError::Unavailable(_))));
    }
    assert_eq!(switch.stop(&merchant("m")).await.unwrap(), Stop::None);
    assert_eq!(aws.bodies("BatchGetItem").len(), 3);
}

#[tokio::test]
async fn what_the_deployment_stopped_is_stopped_whatever_the_table_says() {
    let (switch, aws, _) = responding([], true);
    assert!(switch.all_stopped().await.unwrap());
    assert_eq!(switch.stop(&merchant("m")).await.unwrap(), Stop::All);
    assert_eq!(aws.sent(), json!([]));
}

#[tokio::test]
async fn a_connection_is_opened_by_reading_the_switches_which_counts() {
    let (switch, aws, _) = responding([positions(&[("#stop#m", true)])], false);
    switch.connect(&[merchant("m"), merchant("n")]).await.unwrap();
    assert_eq!(switch.stop(&merchant("m")).await.unwrap(), Stop::Merchant);
    assert_eq!(switch.stop(&merchant("n")).await.unwrap(), Stop::None);
    assert_eq!(aws.bodies("BatchGetItem"), [batch(&["#stop#m", "#stop#n", "#"])]);
    let (switch, _, _) = responding([throttled()], false);
    assert!(matches!(switch.connect(&[]).await, Err(StoreError::Unavailable(_))));
}

#[tokio::test]
async fn a_switch_is_read_as_it_is_now_and_written_only_in_the_version_that_was_read() {
    let by = |actor: &str| {
        let by = Attribution::new(Some(&"office".parse().unwrap()), Some(&actor.parse().unwrap()), None);
        by.map(|by| Box::new(by.verified(Some(&"arn:aws:iam::123456789012:user/ann".parse().unwrap()))))
    };
    let at = "2026-01-05T10:00:00Z".parse().unwrap();
    let change = SwitchChange { stopped: true, at, by: by("ann"), by_operator: true };
    let first = SwitchState { stopped: true, changes: vec![change.clone()], version: 1 };
    let second = SwitchState { changes: vec![change.clone(), change], version: 2, ..first.clone() };
    let (of, key) = (SwitchOf::Merchant(merchant("m")), json!({ "order_key": { "S": "#stop#m" } }));
    let (switch, aws, _) = responding([done(), done(), error("ConditionalCheckFailedException")], false);
    assert_eq!(switch.state(&of).await.unwrap(), SwitchState::default());
    assert!(switch.save(&of, &first).await.unwrap());
    assert!(!switch.save(&of, &second).await.unwrap(), "another request was faster");
    let sent = aws.sent();
    assert_eq!(sent[0], json!(["GetItem", { "TableName": "orders", "Key": key, "ConsistentRead": true }]));
    let put = &sent[1][1];
    assert_eq!(put["ConditionExpression"], "attribute_not_exists(version)");
    assert_eq!(put["Item"]["order_key"], key["order_key"]);
    assert_eq!(put["Item"]["payments_stopped"], json!({ "BOOL": true }));
    let put = &sent[2][1];
    assert_eq!(put["ConditionExpression"], "version = :before");
    assert_eq!(put["ExpressionAttributeValues"], json!({ ":before": { "N": "1" } }));
    let item = put["Item"].clone();
    let (switch, _, _) = responding([ok(json!({ "Item": item }))], false);
    assert_eq!(switch.state(&of).await.unwrap(), second, "what is written is read");
}
