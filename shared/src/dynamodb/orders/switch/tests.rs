//! What of the switch is read and written, and how long a process goes by it.

use serde_json::{Value, json};

use super::*;
use crate::test_aws::{Aws, Scripted, SetClock, done, ok, throttled};

fn responding(
    responses: impl IntoIterator<Item = Scripted>,
    by_parameter: bool,
) -> (DynamoDbSwitch, Arc<Aws>, Arc<SetClock>) {
    let (aws, clock) = (Aws::responding(responses), SetClock::at(Timestamp::UNIX_EPOCH));
    (DynamoDbSwitch::new(aws.dynamodb(), "orders".to_owned(), clock.clone(), by_parameter), aws, clock)
}

fn get(consistent: bool) -> Value {
    json!({ "TableName": "orders", "Key": { "order_key": { "S": "#" } }, "ConsistentRead": consistent })
}

fn stopped(stopped: bool) -> Scripted {
    ok(json!({ "Item": { "payments_stopped": { "BOOL": stopped } } }))
}

#[test]
fn an_item_that_does_not_say_so_clearly_stops_payments() {
    let item = |value| Item::from([("payments_stopped".to_owned(), value)]);
    assert!(position(&Item::new()).stopped);
    assert!(position(&item(AttributeValue::S("false".to_owned()))).stopped);
    assert!(position(&item(AttributeValue::Bool(true))).stopped);
    assert!(!position(&item(AttributeValue::Bool(false))).stopped);
}

#[tokio::test]
async fn a_process_goes_by_what_it_read_for_fifteen_seconds_and_not_after() {
    let (switch, aws, clock) = responding([stopped(false), stopped(true), stopped(false), done()], false);
    // Milliseconds, whether payments are stopped, and how often it was read to tell.
    for (now_ms, expected, reads) in
        [(0, false, 1), (14_999, false, 0), (15_000, true, 1), (15_001, true, 0), (15_000, true, 0)]
    {
        clock.set(Timestamp::from_millisecond(now_ms).unwrap());
        assert_eq!(switch.is_stopped().await.unwrap(), expected, "{now_ms}");
        assert_eq!(aws.so_far(), vec![json!(["GetItem", get(false)]); reads], "{now_ms}");
    }
    clock.set(Timestamp::from_millisecond(14_999).unwrap());
    assert!(!switch.is_stopped().await.unwrap(), "a clock that was set back tells no age");
    clock.set(Timestamp::from_second(60).unwrap());
    assert!(!switch.is_stopped().await.unwrap(), "it was never thrown");
    assert_eq!(aws.bodies("GetItem"), [get(false), get(false)]);
}

#[tokio::test]
async fn a_switch_that_cannot_be_read_tells_nothing_and_is_read_again() {
    let (switch, aws, _) = responding([throttled(), stopped(false)], false);
    assert!(matches!(switch.is_stopped().await, Err(StoreError::Unavailable(_))));
    assert!(!switch.is_stopped().await.unwrap());
    assert_eq!(aws.bodies("GetItem"), [get(false), get(false)]);
}

#[tokio::test]
async fn what_the_deployment_stopped_is_stopped_whatever_the_table_says() {
    let (switch, aws, _) = responding([], true);
    assert!(switch.is_stopped().await.unwrap());
    assert_eq!(aws.sent(), json!([]));
}

#[tokio::test]
async fn a_connection_is_opened_by_reading_the_switch_which_counts() {
    let (switch, aws, _) = responding([stopped(true)], false);
    switch.connect().await.unwrap();
    assert!(switch.is_stopped().await.unwrap());
    assert_eq!(aws.bodies("GetItem"), [get(false)]);
    let (switch, _, _) = responding([throttled()], false);
    assert!(matches!(switch.connect().await, Err(StoreError::Unavailable(_))));
}

#[tokio::test]
async fn an_operator_reads_the_switch_as_it_is_now_and_throws_it_with_a_reason() {
    let item = json!({
        "order_key": { "S": "#" }, "payments_stopped": { "BOOL": true }, "thrown_by": { "S": "ann" },
        "thrown_because": { "S": "drill" }, "thrown_at": { "S": "2026-01-05T10:00:00Z" },
        "thrown_person": { "S": "arn:aws:iam::123456789012:user/ann" },
    });
    let (switch, aws, _) = responding([done(), ok(json!({ "Item": item })), done(), throttled()], false);
    assert_eq!(switch.position().await.unwrap(), None);
    let position = switch.position().await.unwrap().unwrap();
    let (by, reason, at) = ("ann".to_owned(), "drill".to_owned(), "2026-01-05T10:00:00Z".to_owned());
    let person = Some("arn:aws:iam::123456789012:user/ann".to_owned());
    assert_eq!(position, SwitchPosition { stopped: true, by, person, reason, at });
    switch.throw(&position).await.unwrap();
    assert!(matches!(switch.throw(&position).await, Err(StoreError::Unavailable(_))));
    let put = json!(["PutItem", { "TableName": "orders", "Item": item }]);
    let read = json!(["GetItem", get(true)]);
    assert_eq!(aws.sent(), json!([read, read, put, put]));
}
