//! The requests about deliveries and receivers' health, and the meaning of the table's responses.

use std::sync::Arc;

use serde_json::{Value, json};
use tollgate_core::webhooks::DeliveryState;

use super::*;
use crate::test_aws::{Aws, Scripted, condition_failed, done, ok, throttled, with};
use memory::Log;

const EVENT: &str = "00000000-0000-0000-0000-000000000007";
const SORT_KEY: &str = "2026-01-05T10:00:00.123Z#00000000-0000-0000-0000-000000000007";
/// 30 days after [`now`].
const EXPIRY: &str = "1770199200";

fn responding(responses: impl IntoIterator<Item = Scripted>) -> (DynamoDbDeliveries, Arc<Aws>) {
    let aws = Aws::responding(responses);
    (DynamoDbDeliveries::new(aws.dynamodb(), "hooks".to_owned()), aws)
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn now() -> Timestamp {
    at("2026-01-05T10:00:00Z")
}

fn receiver() -> ReceiverKey {
    ReceiverKey { merchant: "m".parse().unwrap(), receiver: "shop".parse().unwrap() }
}

fn delivery() -> Delivery {
    Delivery {
        to: receiver(),
        event: EVENT.parse().unwrap(),
        at: at("2026-01-05T10:00:00.123Z"),
        kind: "order.paid".to_owned(),
        body: "{}".to_owned(),
        failures: 0,
        since: None,
    }
}

fn key() -> Value {
    json!({ "receiver": { "S": "m#shop" }, "delivery": { "S": SORT_KEY } })
}

/// A delivery that was added and nothing more.
fn added() -> Value {
    with(
        &key(),
        &json!({
            "event_type": { "S": "order.paid" }, "body": { "S": "{}" }, "expires_at": { "N": EXPIRY },
        }),
    )
}

/// One that waits since an hour before, for an attempt at that time.
fn waiting(due: &str) -> Value {
    let members = json!({
        "state": { "S": "waiting" }, "failures": { "N": "3" }, "reason": { "S": "status 500" },
        "due_for": { "S": "m#shop" }, "due_at": { "S": due },
        "waiting_since": { "S": "2026-01-05T09:00:00.000Z" },
    });
    with(&added(), &members)
}

fn health_key() -> Value {
    json!({ "receiver": { "S": "receivers" }, "delivery": { "S": "m#shop" } })
}

/// A receiver's health, with nothing it waits for.
fn put_health(failures: &str, gone: bool) -> Value {
    json!(["UpdateItem", {
        "TableName": "hooks", "Key": health_key(),
        "UpdateExpression": "SET failures = :failures, aside_until = :aside, not_before = :before, gone = :gone",
        "ExpressionAttributeValues": {
            ":failures": { "N": failures }, ":aside": { "S": "" }, ":before": { "S": "" },
            ":gone": { "BOOL": gone },
        },
    }])
}

/// The request for a change of the delivery.
fn change(expression: &str, values: &Value) -> Value {
    json!(["UpdateItem", {
        "TableName": "hooks", "Key": key(), "UpdateExpression": expression,
        "ConditionExpression": "attribute_exists(#receiver)",
        "ExpressionAttributeNames": { "#receiver": "receiver", "#state": "state" },
        "ExpressionAttributeValues": with(values, &json!({ ":expiry": { "N": EXPIRY } })),
    }])
}

#[tokio::test]
async fn a_delivery_is_added_once_with_its_key_and_an_end() {
    let (store, aws) = responding([done(), condition_failed(), done()]);
    store.add(&delivery(), now()).await.unwrap();
    store.add(&delivery(), now()).await.unwrap();
    store.add(&Delivery { since: Some(now()), ..delivery() }, now()).await.unwrap();
    let put = |item: Value| {
        json!({
            "TableName": "hooks", "Item": item, "ConditionExpression": "attribute_not_exists(#receiver)",
            "ExpressionAttributeNames": { "#receiver": "receiver" },
        })
    };
    let waits = with(&added(), &json!({ "waiting_since": { "S": "2026-01-05T10:00:00.000Z" } }));
    assert_eq!(aws.bodies("PutItem"), [put(added()), put(added()), put(waits)]);
}

#[tokio::test]
async fn what_attempts_led_to_is_written_where_the_delivery_still_is() {
    let failed = Delivery { failures: 2, ..delivery() };
    let waits = |reason: Option<&str>| DeliveryOutcome::Waits {
        due: at("2026-01-05T10:05:00Z"),
        failures: 3,
        since: at("2026-01-05T09:00:00Z"),
        reason: reason.map(str::to_owned),
    };
    let gone = "REMOVE due_for, due_at, waiting_since";
    let settled = json!({ "S": "2026-01-05T10:00:00.000Z" });
    let waiting = json!({
        ":state": { "S": "waiting" }, ":due_for": { "S": "m#shop" },
        ":due_at": { "S": "2026-01-05T10:05:00.000Z" }, ":waiting_since": { "S": "2026-01-05T09:00:00.000Z" },
        ":failures": { "N": "3" },
    });
    let set = "SET expires_at = :expiry, #state = :state";
    let set_waiting = format!(
        "{set}, due_for = :due_for, due_at = :due_at, waiting_since = :waiting_since, failures = :failures"
    );
    let rows = [
        (
            DeliveryOutcome::Delivered,
            format!("{set}, settled_at = :settled_at, failures = :failures {gone}"),
            json!({
                ":state": { "S": "delivered" }, ":settled_at": settled, ":failures": { "N": "2" },
            }),
        ),
        (
            DeliveryOutcome::Parked { failures: 4, reason: "status 410, it is gone".to_owned() },
            format!("{set}, settled_at = :settled_at, failures = :failures, reason = :reason {gone}"),
            json!({
                ":state": { "S": "parked" }, ":settled_at": settled, ":failures": { "N": "4" },
                ":reason": { "S": "status 410, it is gone" },
            }),
        ),
        (waits(None), format!("{set_waiting} REMOVE settled_at"), waiting.clone()),
        (
            waits(Some("status 500")),
            format!("{set_waiting}, reason = :reason REMOVE settled_at"),
            with(&waiting, &json!({ ":reason": { "S": "status 500" } })),
        ),
    ];
    for (outcome, expression, values) in rows {
        let (store, aws) = responding([done(), condition_failed()]);
        store.settle(&failed, &outcome, now()).await.unwrap();
        store.settle(&failed, &outcome, now()).await.unwrap();
        let change = change(&expression, &values);
        assert_eq!(aws.sent(), json!([change, change]));
    }
    let (store, aws) = responding([done()]);
    store.set_aside(&receiver(), SORT_KEY, "no body", now()).await.unwrap();
    let set = "SET expires_at = :expiry, settled_at = :settled, reason = :reason, #state = :state";
    let values = json!({ ":state": { "S": "parked" }, ":settled": settled, ":reason": { "S": "no body" } });
    assert_eq!(aws.sent(), json!([change(&format!("{set} {gone}"), &values)]));
}

#[tokio::test]
async fn a_person_makes_a_delivery_due_now_and_a_receiver_no_longer_gone() {
    let get = json!(["GetItem", { "TableName": "hooks", "Key": health_key() }]);
    let gone = ok(json!({ "Item": { "failures": { "N": "5" }, "gone": { "BOOL": true } } }));
    let (store, aws) = responding([gone.clone(), done(), done()]);
    store.replay(&delivery(), now()).await.unwrap();
    let update = "SET expires_at = :expiry, #state = :state, due_for = :due_for, due_at = :due_at, \
               waiting_since = :waiting_since, failures = :failures REMOVE settled_at";
    let values = json!({
        ":state": { "S": "waiting" }, ":due_for": { "S": "m#shop" }, ":failures": { "N": "0" },
        ":due_at": { "S": "2026-01-05T10:00:00.000Z" }, ":waiting_since": { "S": "2026-01-05T10:00:00.000Z" },
    });
    assert_eq!(aws.sent(), json!([get, put_health("5", false), change(update, &values)]));
    let (store, aws) = responding([gone, done(), done()]);
    store.send_new(&delivery(), now()).await.unwrap();
    let sent = aws.sent();
    assert_eq!((&sent[0], &sent[1], &sent[2][0]), (&get, &put_health("5", false), &json!("PutItem")));
    let (store, aws) = responding([done(), done()]);
    store.send_new(&delivery(), now()).await.unwrap();
    let sent = aws.sent();
    assert_eq!((&sent[0], &sent[1][0]), (&get, &json!("PutItem")), "one that is not gone is not written");
}

async fn find(store: &DynamoDbDeliveries) -> Result<Option<StoredDelivery>, StoreError> {
    let Delivery { to, at, event, .. } = delivery();
    store.find(&to, at, event).await
}

/// A delivery as it is read: with its state, its next attempt, and the reason.
type Shown = (Delivery, DeliveryState, Option<Timestamp>, Option<String>);

fn shown(kept: StoredDelivery) -> Shown {
    (kept.delivery, kept.state, kept.due, kept.reason)
}

#[tokio::test]
async fn a_delivery_is_read_with_all_its_members_and_a_damaged_one_is_none() {
    let due = "2026-01-05T10:00:00.000Z";
    let waits = Delivery { failures: 3, since: Some(at("2026-01-05T09:00:00Z")), ..delivery() };
    let waits = (waits, DeliveryState::Waiting, Some(at(due)), Some("status 500".to_owned()));
    let rows: [(Value, Option<Shown>); 8] = [
        (json!({}), Some((delivery(), DeliveryState::Sent, None, None))),
        (waiting(due), Some(waits)),
        (json!({ "receiver": { "S": "receivers" } }), None),
        (json!({ "delivery": { "S": "m#shop" } }), None),
        (json!({ "delivery": { "S": format!("yesterday#{EVENT}") } }), None),
        (json!({ "delivery": { "S": "2026-01-05T10:00:00.123Z#7" } }), None),
        (json!({ "event_type": { "N": "7" } }), None),
        (json!({ "body": null }), None),
    ];
    for (members, expected) in rows {
        let (store, aws) = responding([ok(json!({ "Item": with(&added(), &members) }))]);
        assert_eq!(find(&store).await.unwrap().map(shown), expected, "{members}");
        let get = json!({ "TableName": "hooks", "Key": key(), "ConsistentRead": true });
        assert_eq!(aws.bodies("GetItem"), [get]);
    }
    let (store, _) = responding([done()]);
    assert!(find(&store).await.unwrap().is_none());
}

#[tokio::test]
async fn a_receivers_deliveries_come_newest_first_and_page_by_page() {
    let damaged = with(&added(), &json!({ "body": null }));
    let page = json!({ "Items": [added(), damaged, added()], "LastEvaluatedKey": key() });
    let (store, aws) = responding([ok(page), done()]);
    let DeliveryPage { deliveries, more } = store.page(&receiver(), None, 3).await.unwrap();
    let sort = key()["delivery"]["S"].as_str().unwrap().to_owned();
    assert!(more && deliveries.iter().all(|(place, _)| *place == sort));
    let found = deliveries.into_iter().map(|(_, kept)| kept);
    let found: Vec<_> = found.map(|kept| kept.map(|kept| kept.delivery).map_err(|bad| bad.key)).collect();
    assert_eq!(found, [Ok(delivery()), Err(format!("m#shop {sort}")), Ok(delivery())]);
    let DeliveryPage { deliveries, more } = store.page(&receiver(), Some(&sort), 3).await.unwrap();
    assert!(deliveries.is_empty() && !more);
    let query = json!({
        "TableName": "hooks", "KeyConditionExpression": "#receiver = :receiver", "ScanIndexForward": false,
        "ExpressionAttributeNames": { "#receiver": "receiver" },
        "ExpressionAttributeValues": { ":receiver": { "S": "m#shop" } }, "Limit": 3,
    });
    assert_eq!(aws.bodies("Query"), [query.clone(), with(&query, &json!({ "ExclusiveStartKey": key() }))]);
}

#[tokio::test]
async fn what_is_due_is_looked_at_once_more_and_what_cannot_be_read_is_in_nobodys_way() {
    let until = "2026-01-05T10:00:00.500Z";
    let at_key = |n: usize| {
        let sort = SORT_KEY.replace('#', &format!("{n}#"));
        json!({ "receiver": { "S": "m#shop" }, "delivery": { "S": sort } })
    };
    let numbered =
        |n: usize| with(&at_key(n), &json!({ "due_for": { "S": "m#shop" }, "due_at": { "S": until } }));
    let there = |item: Value| ok(json!({ "Item": item }));
    let without_body = with(&waiting(until), &json!({ "body": null }));
    let (store, aws) = responding([
        ok(json!({ "Items": (0..7).map(numbered).collect::<Vec<_>>() })),
        there(waiting("2026-01-05T09:30:00.000Z")),
        there(waiting(until)),
        there(waiting("2026-01-05T10:00:00.501Z")), // It failed once more meanwhile.
        there(added()),
        done(),
        there(without_body),
        there(waiting("soon")),
    ]);
    let due = store.due(&receiver(), at(until), 7).await.unwrap();
    let waits = Delivery { failures: 3, since: Some(at("2026-01-05T09:00:00Z")), ..delivery() };
    assert_eq!(due.deliveries, [waits.clone(), waits]);
    let bad = (
        SORT_KEY.to_owned(),
        Unreadable {
            key: format!("m#shop {SORT_KEY}"),
            reason: "a member is missing or has another form".to_owned(),
        },
    );
    assert_eq!(due.unreadable, [bad.clone(), bad]);
    let query = json!(["Query", {
        "TableName": "hooks", "IndexName": "due", "Limit": 7,
        "KeyConditionExpression": "due_for = :receiver AND due_at <= :until",
        "ExpressionAttributeValues": { ":receiver": { "S": "m#shop" }, ":until": { "S": until } },
    }]);
    let gets = (0..7)
        .map(|n| json!(["GetItem", { "TableName": "hooks", "Key": at_key(n), "ConsistentRead": true }]));
    assert_eq!(aws.sent(), std::iter::once(query).chain(gets).collect::<Value>());
}

#[tokio::test]
async fn receivers_that_failed_are_found_on_every_page_and_one_without_a_name_is_told() {
    let healthy = json!({ "failures": { "N": "0" }, "aside_until": { "S": "" }, "not_before": { "S": "" } });
    let down = json!({
        "failures": { "N": "5" }, "gone": { "BOOL": true },
        "aside_until": { "S": "2026-01-05T10:01:00.000Z" }, "not_before": { "S": "2026-01-05T10:02:00.000Z" },
    });
    let nameless = json!({ "receiver": { "S": "receivers" }, "delivery": { "S": "shop" } });
    let pages = [
        json!({ "Items": [with(&health_key(), &healthy)], "LastEvaluatedKey": health_key() }),
        json!({ "Items": [nameless, with(&health_key(), &down)] }),
    ];
    let (store, aws) = responding(pages.map(ok));
    let (receivers, unreadable) = store.failed_receivers().await.unwrap();
    let is_down = Health {
        failures: 5,
        aside_until: Some(at("2026-01-05T10:01:00Z")),
        not_before: Some(at("2026-01-05T10:02:00Z")),
        is_gone: true,
    };
    assert_eq!(receivers, [(receiver(), Health::default()), (receiver(), is_down)]);
    let (key, reason) = ("receivers shop".to_owned(), "it names no receiver".to_owned());
    assert_eq!(unreadable, [Unreadable { key, reason }]);
    let query = json!({
        "TableName": "hooks", "KeyConditionExpression": "#receiver = :receiver",
        "ExpressionAttributeNames": { "#receiver": "receiver" },
        "ExpressionAttributeValues": { ":receiver": { "S": "receivers" } },
    });
    let second = with(&query, &json!({ "ExclusiveStartKey": health_key() }));
    assert_eq!(aws.bodies("Query"), [query, second]);
    let (store, aws) = responding([done()]);
    store.put_health(&receiver(), is_down).await.unwrap();
    let values = json!({
        ":failures": { "N": "5" }, ":gone": { "BOOL": true },
        ":aside": { "S": "2026-01-05T10:01:00.000Z" }, ":before": { "S": "2026-01-05T10:02:00.000Z" },
    });
    assert_eq!(aws.bodies("UpdateItem")[0]["ExpressionAttributeValues"], values);
}

#[tokio::test]
async fn a_table_that_takes_no_more_is_unavailable_whatever_is_requested() {
    let waits = DeliveryOutcome::Delivered;
    for n in 0..11 {
        let (store, _) = responding([throttled()]);
        let (delivery, to) = (delivery(), receiver());
        let result = match n {
            0 => store.add(&delivery, now()).await,
            1 => store.health(&to).await.map(drop),
            2 => store.put_health(&to, Health::default()).await,
            3 => store.failed_receivers().await.map(drop),
            4 => store.due(&to, now(), 1).await.map(drop),
            5 => store.set_aside(&to, SORT_KEY, "why", now()).await,
            6 => store.settle(&delivery, &waits, now()).await,
            7 => store.page(&to, None, 1).await.map(drop),
            8 => store.replay(&delivery, now()).await,
            9 => store.send_new(&delivery, now()).await,
            _ => find(&store).await.map(drop),
        };
        assert!(matches!(result, Err(StoreError::Unavailable(_))), "{n}: {result:?}");
    }
}

#[test]
fn of_a_batch_of_changes_only_new_deliveries_are_sent() {
    let record = |name: &str, number: &str, image: &Value| {
        let images = json!({ "SequenceNumber": number, "Keys": key(), "NewImage": image });
        json!({ "eventName": name, "dynamodb": images })
    };
    let removed = json!({ "SequenceNumber": "11", "OldImage": added() });
    let records = [
        record("MODIFY", "7", &added()),
        record("INSERT", "8", &with(&health_key(), &json!({ "failures": { "N": "1" } }))),
        record("INSERT", "9", &added()),
        record("INSERT", "10", &json!({ "receiver": "m#shop" })),
        json!({ "eventName": "REMOVE", "dynamodb": removed }),
    ];
    let added = |event: Value| serde_json::from_value::<DeliveriesEvent>(event).unwrap().into_added();
    let found = added(json!({ "Records": records })).unwrap();
    let found: Vec<_> = found.into_iter().map(|added| (added.number, added.delivery)).collect();
    assert_eq!(found, [("9".to_owned(), delivery())]);
    assert!(added(json!({})).is_none(), "the schedule");
}

fn known_key() -> Value {
    json!({ "receiver": { "S": "known" }, "delivery": { "S": "m#shop" } })
}

#[tokio::test]
async fn what_a_document_says_of_a_receiver_is_noted_and_read_as_it_was() {
    let named = KnownReceiver {
        key: receiver(),
        kinds: vec!["order.paid".to_owned()],
        is_disabled: true,
        left_at: None,
    };
    let left = KnownReceiver { kinds: Vec::new(), is_disabled: false, left_at: Some(now()), ..named.clone() };
    let item = |kinds: Value, disabled: bool| {
        with(&known_key(), &json!({ "event_types": { "L": kinds }, "disabled": { "BOOL": disabled } }))
    };
    let items = [
        item(json!([{ "S": "order.paid" }]), true),
        with(&item(json!([]), false), &json!({ "left_at": { "S": "2026-01-05T10:00:00.000Z" } })),
    ];
    let (store, aws) = responding([done(), done()]);
    for known in [&named, &left] {
        store.note(known).await.unwrap();
    }
    let put = |item: &Value| json!({ "TableName": "hooks", "Item": item });
    assert_eq!(aws.bodies("PutItem"), [put(&items[0]), put(&items[1])]);
    let bad = with(&known_key(), &json!({ "delivery": { "S": "?" } }));
    let page = ok(json!({ "Items": [items[0], bad, items[1]] }));
    let (store, aws) = responding([page.clone(), page, throttled()]);
    let log = Log::here();
    assert_eq!(store.known(None).await.unwrap(), [named.clone(), left.clone()]);
    let unreadable = log.lines("a stored item cannot be read");
    assert_eq!(unreadable.iter().map(|line| &line["key"]).collect::<Vec<_>>(), ["known ?"]);
    assert_eq!(store.known(Some(&"m".parse().unwrap())).await.unwrap(), [named, left]);
    assert!(matches!(store.known(None).await, Err(StoreError::Unavailable(_))));
    let all = json!({
        "TableName": "hooks", "ConsistentRead": true, "KeyConditionExpression": "#receiver = :receiver",
        "ExpressionAttributeNames": { "#receiver": "receiver" },
        "ExpressionAttributeValues": { ":receiver": { "S": "known" } },
    });
    let one = json!({
        "TableName": "hooks", "ConsistentRead": true,
        "KeyConditionExpression": "#receiver = :receiver AND begins_with(#delivery, :merchant)",
        "ExpressionAttributeNames": { "#receiver": "receiver", "#delivery": "delivery" },
        "ExpressionAttributeValues": { ":receiver": { "S": "known" }, ":merchant": { "S": "m#" } },
    });
    assert_eq!(aws.bodies("Query"), [all.clone(), one, all]);
}

#[tokio::test]
async fn a_removed_receiver_is_deleted_piece_by_piece_and_forgotten_only_while_it_is_removed() {
    let other = json!({ "receiver": { "S": "m#shop" }, "delivery": { "S": "2" } });
    let page = ok(json!({ "Items": [key(), other] }));
    let (store, aws) =
        responding([page, done(), done(), ok(json!({ "Items": [] })), done(), done(), condition_failed()]);
    assert_eq!(store.delete_some(&receiver()).await.unwrap(), 2);
    assert_eq!(store.delete_some(&receiver()).await.unwrap(), 0);
    store.delete_health(&receiver()).await.unwrap();
    store.forget(&receiver()).await.unwrap();
    store.forget(&receiver()).await.unwrap();
    let query = json!(["Query", {
        "TableName": "hooks", "ConsistentRead": true, "KeyConditionExpression": "#receiver = :receiver",
        "ProjectionExpression": "#receiver, #delivery", "Limit": 25,
        "ExpressionAttributeNames": { "#receiver": "receiver", "#delivery": "delivery" },
        "ExpressionAttributeValues": { ":receiver": { "S": "m#shop" } },
    }]);
    let delete = |key: &Value| json!(["DeleteItem", { "TableName": "hooks", "Key": key }]);
    let forget = json!(["DeleteItem", {
        "TableName": "hooks", "Key": known_key(), "ConditionExpression": "attribute_exists(left_at)",
    }]);
    let expected =
        [query.clone(), delete(&key()), delete(&other), query, delete(&health_key()), forget.clone(), forget];
    assert_eq!(aws.sent(), json!(expected));
    let (store, _) = responding([throttled()]);
    assert!(store.delete_some(&receiver()).await.is_err());
}
