//! The requests that are sent to DynamoDB, and the meaning of its responses.

use memory::{new_operation, payment};
use std::sync::Arc;

use serde_json::{Value, json};
use tollgate_core::{
    order::{
        CaptureAt, CaptureSchedule, Decision, Decline, Doubt, GatewayResponse, Kind, NoEffect, Operation,
        OperationState, PaymentKind, Superseded,
    },
    payments::trail,
    values::{Amount, Carried, Currency, DeclineCode, Metadata, References},
};

use super::*;
use crate::test_aws::{Aws, SHARDS, Scripted, condition_failed, condition_failed_at, done, error, ok, store};

/// Keys of orders of the merchant `m`.
pub(super) fn keys(ids: &[&str]) -> Vec<OrderKey> {
    let key = |id: &&str| OrderKey { merchant: "m".parse().unwrap(), order: id.parse().unwrap() };
    ids.iter().map(key).collect()
}

/// A table whose next request gets this response.
fn responding(response: Scripted) -> (DynamoDbStore, Arc<Aws>) {
    store([response])
}

/// The only request that was sent.
fn request(aws: &Aws, operation: &str) -> Value {
    let bodies = aws.bodies(operation);
    let [body] = bodies.as_slice() else { panic!("{bodies:?}") };
    assert_eq!(body["TableName"], "orders");
    body.clone()
}

fn key() -> OrderKey {
    OrderKey { merchant: "m".parse().unwrap(), order: "o".parse().unwrap() }
}

fn order(version: u64) -> Order {
    let at = "2026-01-05T10:00:00Z".parse().unwrap();
    Order { version, ..Order::new(&key(), Currency::USD, Amount::new(2599).ok(), at) }
}

/// An order's item, as DynamoDB's JSON has it. One without transactions has only texts and numbers.
fn json(item: &Item) -> Value {
    let value = |value: &AttributeValue| match value {
        AttributeValue::S(text) => json!({ "S": text }),
        AttributeValue::N(number) => json!({ "N": number }),
        AttributeValue::L(list) if list.is_empty() => json!({ "L": [] }),
        other => panic!("{other:?}"),
    };
    item.iter()
        .map(|(name, attribute)| (name.clone(), value(attribute)))
        .collect::<serde_json::Map<_, _>>()
        .into()
}

#[tokio::test]
async fn an_order_is_read_as_it_is_now_and_not_as_it_was_a_moment_ago() {
    let stored = StoredOrder::next(&order(6), SHARDS).0;
    let (store, aws) = responding(ok(json!({ "Item": json(&stored) })));
    assert_eq!(store.load(&key()).await.unwrap(), Some(order(7)));
    let request = request(&aws, "GetItem");
    assert_eq!(request["ConsistentRead"], true);
    assert_eq!(request["Key"], json!({ "order_key": { "S": "m#o" } }));
}

#[tokio::test]
async fn an_order_that_cannot_be_read_is_counted() {
    let damaged = json!({ "order_key": { "S": "m#o" } });
    let (store, _) = responding(ok(json!({ "Item": damaged })));
    let key = key();
    let (found, trail) = trail::follow(OrderStore::load(&store, &key)).await;
    assert!(matches!(found, Err(StoreError::Corrupt(_))));
    assert_eq!(trail.unreadable, 1);
}

#[tokio::test]
async fn a_write_holds_only_for_the_version_that_was_read() {
    let (store, aws) = responding(done());
    store.save(&order(7)).await.unwrap();
    let request = request(&aws, "PutItem");
    assert_eq!(request["ConditionExpression"], "version = :read");
    assert_eq!(request["ExpressionAttributeValues"], json!({ ":read": { "N": "7" } }));
    assert_eq!(request["Item"]["version"], json!({ "N": "8" }));
    assert_eq!(request["ReturnValuesOnConditionCheckFailure"], "ALL_OLD");
}

#[tokio::test]
async fn an_order_is_created_only_where_there_is_none() {
    let (store, aws) = responding(done());
    store.create(&order(0)).await.unwrap();
    let request = request(&aws, "PutItem");
    assert_eq!(request["ConditionExpression"], "attribute_not_exists(order_key)");
    assert_eq!(request.get("ExpressionAttributeValues"), None);
    assert_eq!(request["Item"]["version"], json!({ "N": "1" }));
    assert_eq!(request["ReturnValuesOnConditionCheckFailure"], "ALL_OLD");
}

#[tokio::test]
async fn a_conflict_shows_what_is_stored_and_without_it_the_store_is_unavailable() {
    let stored = StoredOrder::next(&order(8), SHARDS).0;
    let (store, _) = responding(condition_failed_at(&json(&stored)));
    let Err(StoreError::Conflict(there)) = store.save(&order(7)).await else { panic!("no conflict") };
    assert_eq!(*there, order(9));
    let (store, _) = responding(condition_failed());
    assert!(matches!(store.save(&order(7)).await, Err(StoreError::Unavailable(_))));
    let (store, _) = responding(error("ValidationException"));
    assert!(matches!(store.save(&order(7)).await, Err(StoreError::Unavailable(_))));
}

#[tokio::test]
async fn a_page_of_what_is_due_is_read_from_where_the_last_one_ended() {
    for (index, name, shard, at) in [
        (Index::InDoubt, "in-doubt", "in_doubt_shard", "in_doubt_at"),
        (Index::CapturesDue, "captures-due", "capture_shard", "capture_due_at"),
    ] {
        let row = |key: &str, due: &str| json!({ "order_key": { "S": key }, at: { "S": due } });
        let mut second = row("m#2", "2026-01-05T10:00:02Z");
        second["needs_attention"] = json!({ "S": "2026-01-05T09:00:00Z" });
        let (store, aws) = responding(ok(json!({
            // One whose key is no order's is in the way of none.
            "Items": [row("spoiled", "2026-01-05T10:00:00Z"), row("m#1", "2026-01-05T10:00:01Z"), second],
            "LastEvaluatedKey": row("m#2", "2026-01-05T10:00:02Z"),
        })));
        let until = "2026-01-05T10:00:03.9Z".parse().unwrap();
        let after = DueCursor { key: "m#0".to_owned(), due: "2026-01-05T10:00:00Z".to_owned() };
        let query = DueQuery { index, shard: 3, until, after: Some(after), limit: 2 };
        let (page, trail) = trail::follow(store.due(query)).await;
        let page = page.unwrap();
        assert_eq!(trail.unreadable, 1);
        let request = request(&aws, "Query");
        assert_eq!(request["IndexName"], name);
        assert_eq!(request["KeyConditionExpression"], format!("{shard} = :shard AND {at} <= :until"));
        let values = json!({ ":shard": { "S": "3" }, ":until": { "S": "2026-01-05T10:00:03Z" } });
        assert_eq!(request["ExpressionAttributeValues"], values);
        assert_eq!(request["Limit"], 2);
        let mut start = row("m#0", "2026-01-05T10:00:00Z");
        start[shard] = json!({ "S": "3" });
        assert_eq!(request["ExclusiveStartKey"], start);
        let found: Vec<_> =
            page.orders.iter().map(|o| (o.key.to_string(), o.at, o.needs_attention(until))).collect();
        let due =
            |n: usize, needs| (format!("m#{n}"), format!("2026-01-05T10:00:0{n}Z").parse().unwrap(), needs);
        assert_eq!(found, [due(1, false), due(2, true)]);
        let next = page.next.unwrap();
        assert_eq!((next.key.as_str(), next.due.as_str()), ("m#2", "2026-01-05T10:00:02Z"));
    }
    let (store, aws) = responding(ok(json!({ "Items": [] })));
    let until = Timestamp::UNIX_EPOCH;
    let query = DueQuery { index: Index::InDoubt, shard: 0, until, after: None, limit: 1_000 };
    let page = store.due(query).await.unwrap();
    assert!(page.orders.is_empty() && page.next.is_none());
    assert_eq!(request(&aws, "Query").get("ExclusiveStartKey"), None);
}

#[test]
fn every_partition_of_an_index_gets_orders_and_one_order_always_the_same() {
    let of = |n: u32| shard(&format!("m#{n}"), SHARDS.in_doubt);
    let found: std::collections::BTreeSet<u16> = (0..100).map(of).collect();
    assert_eq!(found, (0..SHARDS.in_doubt).collect());
    assert!((0..100).all(|n| of(n) == of(n)));
}

/// An authorization, sent just now, which is to be captured an hour later.
fn with_authorization(mut order: Order) -> Order {
    let now = order.created_at;
    let new = new_operation(uuid::Uuid::from_u128(1), Kind::Authorize, 2599);
    let mut transaction = payment(PaymentKind::Authorize, Operation::new(new, now));
    let capture_at = now + jiff::SignedDuration::from_hours(1);
    transaction.capture = Some(CaptureSchedule::new(capture_at, None));
    transaction.authorization_expires_at = Some(now + jiff::SignedDuration::from_hours(7 * 24));
    order.transactions.push(transaction);
    order
}

#[test]
fn an_order_is_in_the_index_of_what_is_due_next_and_in_no_other() {
    let mut order = with_authorization(order(0));
    let keys = |order: &Order| {
        let item = StoredOrder::next(order, SHARDS).0;
        ["in_doubt_shard", "in_doubt_at", "capture_shard", "capture_due_at"]
            .map(|name| item.get(name).map(|value| value.as_s().unwrap().clone()))
    };
    let text = |text: &str| Some(text.to_owned());
    let in_doubt = shard("m#o", SHARDS.in_doubt).to_string();
    assert_eq!(keys(&order), [text(&in_doubt), text("2026-01-05T10:01:00Z"), None, None]);
    let needs_attention = |order: &Order| StoredOrder::next(order, SHARDS).0.get("needs_attention").cloned();
    assert_eq!(needs_attention(&order), None);
    let OperationState::Pending(pending) = &mut order.transactions[0].operations[0].state else {
        panic!("{order:?}");
    };
    pending.doubt = Some(Doubt::NoResponse);
    assert_eq!(
        needs_attention(&order),
        Some(AttributeValue::S("2026-01-05T11:00:00Z".to_owned())),
        "in an hour"
    );
    let read = StoredOrder::next(&order, SHARDS).read().unwrap();
    assert_eq!(read.carried, order.carried, "it is no member that only another version knows");
    let approved = Decision::Approved(GatewayResponse::default());
    order.transactions[0].operations[0].state = OperationState::Decided(approved);
    let captures = shard("m#o", SHARDS.captures).to_string();
    assert_eq!(keys(&order), [None, None, text(&captures), text("2026-01-05T11:00:00Z")]);
    assert_eq!(needs_attention(&order), None);
    let agenda = |order: &Order| {
        let item = StoredOrder::next(order, SHARDS).0;
        ["gp", "ga", "gc"].map(|name| item.get(name).map(|value| value.as_s().unwrap().clone()))
    };
    let [part, attention, captures_at] = agenda(&order);
    assert!(part.is_some_and(|part| ["m#0", "m#1"].contains(&&*part)) && attention.is_none());
    assert!(captures_at.unwrap().starts_with("due#2026-01-05T11:00:00Z=2599#USD#"));
    let read = StoredOrder::next(&order, SHARDS).read().unwrap();
    assert_eq!(read.carried, order.carried);
    // Without a schedule it is in one place: where its last day is due, and then where its end is.
    order.transactions[0].capture = None;
    assert_eq!(keys(&order), [None, None, text(&captures), text("2026-01-11T10:00:00Z")]);
    assert_eq!(agenda(&order), [None, None, None]);
    let last_day =
        order.transactions[0].authorization_expires_at.unwrap() - jiff::SignedDuration::from_hours(24);
    assert_eq!(order.see_to_holds(last_day).ending, 1);
    assert_eq!(keys(&order), [None, None, text(&captures), text("2026-01-12T11:00:00Z")]);
    let [_, attention, captures_at] = agenda(&order);
    assert!(attention.is_some_and(|place| place.starts_with("open#")) && captures_at.is_none());
    order.transactions[0].lapsed_at = Some(order.created_at);
    assert_eq!((keys(&order), agenda(&order)), ([None, None, None, None], [None, None, None]));
}

#[test]
fn what_was_decided_of_an_earlier_attempt_is_read_as_it_was_written() {
    let mut order = with_authorization(order(0));
    let operation = &mut order.transactions[0].operations[0];
    let code = DeclineCode::GenericDecline;
    let decline = Decline::of(code);
    let earlier = |decision| Superseded {
        attempt: operation.attempt.clone(),
        amount: operation.amount,
        decision: Some(decision),
        first_at: order.created_at,
        at: order.created_at,
        times: 1,
        carried: Carried::default(),
    };
    operation.superseded = vec![
        earlier(Decision::Declined(GatewayResponse::default(), decline)),
        earlier(Decision::NoEffect(GatewayResponse::default(), NoEffect::Throttled)),
    ];
    let read = StoredOrder::next(&order, SHARDS).read().unwrap();
    assert_eq!(read.transactions, order.transactions);
}

#[test]
fn a_payment_without_operations_is_damaged_and_not_unpaid() {
    for operations in [None, Some(AttributeValue::L(Vec::new()))] {
        let StoredOrder(mut item) = StoredOrder::next(&with_authorization(order(0)), SHARDS);
        let Some(AttributeValue::L(transactions)) = item.get_mut("t") else { panic!("no transactions") };
        let AttributeValue::M(transaction) = &mut transactions[0] else { panic!("no transaction") };
        transaction.remove("o").expect("its operations");
        transaction.extend(operations.map(|operations| ("o".to_owned(), operations)));
        let error = StoredOrder(item).read().unwrap_err();
        assert!(matches!(&error, StoreError::Corrupt(why) if why.contains("its member o ")), "{error}");
    }
}

#[test]
fn what_a_payment_is_known_by_costs_nothing_where_there_is_none_and_is_read_as_it_was_written() {
    let first = Operation::new(
        new_operation(uuid::Uuid::from_u128(1), Kind::Purchase, 2599),
        "2026-01-05T10:00:00Z".parse().unwrap(),
    );
    let mut known = order(6);
    known.transactions.push(payment(PaymentKind::Purchase, first));
    let stored = |order: &Order| {
        let item = StoredOrder::next(order, SHARDS).0;
        let AttributeValue::L(transactions) = &item["t"] else { panic!("no list") };
        let AttributeValue::M(members) = &transactions[0] else { panic!("no object") };
        (members.clone(), item)
    };
    let (bare, _) = stored(&known);
    let text = |text: &str| Some(text.to_owned());
    let metadata = [("invoice".to_owned(), "A \"7\"".to_owned()), ("b".to_owned(), "\u{e9}".to_owned())];
    known.transactions[0].references = References {
        custom_reference: text("A-1"),
        name: text("Company card"),
        description: text("Two lamps"),
        metadata: Metadata::new(metadata.into()).unwrap(),
    };
    known.transactions[0].operations[0].custom_reference = text("");
    let (mut members, mut item) = stored(&known);
    assert_eq!(StoredOrder(item.clone()).read().unwrap(), Order { version: 7, ..known });
    let is = |text: &str| Some(AttributeValue::S(text.to_owned()));
    assert_eq!(members.get("md"), is(r#"{"b":"é","invoice":"A \"7\""}"#).as_ref());
    let names = ["cr", "nm", "ds", "md"];
    assert!(names.iter().all(|name| members.remove(*name).is_some() && !bare.contains_key(*name)));
    // Its capture's own reference is the only other member.
    assert_eq!(members.len(), bare.len());
    members.insert("md".to_owned(), AttributeValue::S("{".to_owned()));
    item.insert("t".to_owned(), AttributeValue::L(vec![AttributeValue::M(members)]));
    assert!(matches!(StoredOrder(item).read(), Err(StoreError::Corrupt(_))), "and no other text");
}

#[test]
fn when_an_order_is_captured_by_default_is_one_short_text_and_one_to_come_survives() {
    let mut order = order(0);
    let at = order.created_at;
    let rule = "P2D 17:00 America/New_York business-days";
    for (capture, stored) in [
        (None, None),
        (Some(CaptureAt::Never), Some("never".to_owned())),
        (Some(CaptureAt::At(at)), Some(at.to_string())),
        (Some(CaptureAt::After(rule.parse().unwrap())), Some(rule.to_owned())),
    ] {
        order.capture = capture;
        let item = StoredOrder::next(&order, SHARDS);
        assert_eq!(item.0.get("dc"), stored.map(AttributeValue::S).as_ref());
        let read = item.read().unwrap();
        assert!(read.is_recognized());
        assert_eq!(read.capture, order.capture);
    }
    for to_come in ["P2D 17:00 Mars/Phobos", "P2D 17:00 UTC lunch"] {
        let mut item = StoredOrder::next(&order, SHARDS);
        item.0.insert("dc".to_owned(), AttributeValue::S(to_come.to_owned()));
        let read = item.read().unwrap();
        assert_eq!((&read.capture, read.is_recognized()), (&Some(CaptureAt::Unrecognized), false));
        let written = StoredOrder::next(&read, SHARDS).0;
        assert_eq!(written["dc"], AttributeValue::S(to_come.to_owned()));
    }
}
