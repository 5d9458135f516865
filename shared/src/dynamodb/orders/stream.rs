//! Changes of orders, as the table's stream hands them to a function.
//!
//! The events' own types would bring a second library for times; only a few members are needed.

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Map, Value};
use tollgate_core::{journal::Change, order::Order, webhooks::Event};

use super::{
    StoredOrder,
    shops::is_shop,
    switch::SWITCH_KEY,
    told::{TOLD, told},
};
use crate::dynamodb::{
    Item,
    json::object,
    number,
    stream::{Images, Record},
    text,
};

/// The key of the stream's heartbeat, which a schedule writes again each minute.
pub(in crate::dynamodb) const HEARTBEAT: &str = "#heartbeat";

/// The event with which Lambda invokes a consumer of the stream.
#[derive(Deserialize)]
pub struct StreamEvent {
    #[serde(rename = "Records")]
    records: Vec<Record>,
}

impl StreamEvent {
    /// The changes in it, in the stream's order. A deleted order is left out: there is nothing to
    /// tell. Neither are the switch that stops payments, customers with their stored cards, events
    /// to be told, shops and the heartbeat, which are in the same table.
    pub fn into_changes(self) -> Vec<Change> {
        self.records.into_iter().filter_map(|record| change(record.dynamodb)).collect()
    }

    /// The events in it that another function wrote down to be told, of types that are known by
    /// their names.
    pub fn told(&self, known: impl Fn(&str) -> Option<&'static str>) -> Vec<Event> {
        let told = |record: &Record| {
            let image = record.dynamodb.new_image.as_ref()?;
            let key = key_of(&record.dynamodb);
            key.starts_with(TOLD).then_some(())?;
            let event = told(key, image, &known);
            if event.is_none() {
                tracing::error!(key, "an event that is to be told cannot be read");
            }
            event
        };
        self.records.iter().filter_map(told).collect()
    }

    /// The last heartbeat in it.
    pub fn heartbeat(&self) -> Option<Timestamp> {
        let beats = self.records.iter().filter(|record| key_of(&record.dynamodb) == HEARTBEAT);
        let at = |record: &Record| record.dynamodb.new_image.as_ref()?.get("at")?["S"].as_str()?.parse().ok();
        beats.filter_map(at).max()
    }

    /// The number of the first change, or none in an empty batch.
    pub fn first(&self) -> Option<String> {
        Some(self.records.first()?.dynamodb.sequence_number.clone())
    }
}

fn key_of(images: &Images) -> &str {
    images.keys.get("order_key").and_then(|key| key["S"].as_str()).unwrap_or_default()
}

fn change(images: Images) -> Option<Change> {
    let key = key_of(&images).to_owned();
    let new = images.new_image?;
    if is_no_order(&key) {
        return None;
    }
    let version = new.get("version").and_then(|version| version["N"].as_str()?.parse().ok());
    let old = images.old_image.map(read).transpose();
    let orders = old.and_then(|old| Ok((old, read(new)?)));
    Some(Change { number: images.sequence_number, key, version, orders })
}

/// An order's key begins with its merchant's id and ends with its own. Other keys in the table do
/// not.
fn is_no_order(key: &str) -> bool {
    key.starts_with(SWITCH_KEY) || is_shop(key)
}

/// A stored order, as a change that made the whole order. None for another item.
pub fn whole_order(item: Item) -> Option<Change> {
    let key = text(&item, "order_key").cloned().unwrap_or_default();
    if is_no_order(&key) {
        return None;
    }
    let version = number(&item, "version");
    let orders = StoredOrder(item).read().map(|order| (None, order)).map_err(|error| error.to_string());
    Some(Change { number: String::new(), key, version, orders })
}

fn read(image: Map<String, Value>) -> Result<Order, String> {
    let item: Item = object(image).ok_or("an image is not DynamoDB's JSON")?;
    StoredOrder(item).read().map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use aws_sdk_dynamodb::types::AttributeValue;
    use serde_json::json;
    use tollgate_core::{
        journal::{Retention, TotalsStore as _},
        webhooks::EventBus as _,
    };

    use super::*;
    use crate::{
        dynamodb::journal::DynamoDbTotals,
        test_aws::{Aws, done, store},
    };

    fn event(new: &Value) -> StreamEvent {
        let keys = json!({"order_key": {"S": "m#o"}});
        let images = json!({"SequenceNumber": "7", "Keys": keys, "NewImage": new});
        let removed = json!({"SequenceNumber": "8", "Keys": keys, "OldImage": new});
        serde_json::from_value(json!({"Records": [{"dynamodb": images}, {"dynamodb": removed}]})).unwrap()
    }

    fn order() -> Value {
        json!({
            "order_key": {"S": "m#o"}, "version": {"N": "3"}, "cy": {"S": "USD"}, "fm": {"N": "1"},
            "ac": {"N": "1767268804148000000"}, "c": {"N": "1767268804148000000"},
            "u": {"N": "1767268804148000000"}, "t": {"L": []},
        })
    }

    #[test]
    fn an_order_is_read_from_its_image_and_one_that_was_deleted_tells_nothing() {
        let changes = event(&order()).into_changes();
        let [change] = changes.as_slice() else { panic!("{changes:?}") };
        assert_eq!((change.number.as_str(), change.key.as_str(), change.version), ("7", "m#o", Some(3)));
        let (old, new) = change.orders.clone().unwrap();
        assert_eq!((old, new.version, new.key().to_string().as_str()), (None, 3, "m#o"));
    }

    #[test]
    fn an_item_that_is_read_for_itself_is_a_change_that_made_all_of_it() {
        let item = |order: &Value| object(order.as_object().unwrap().clone()).unwrap();
        let change = whole_order(item(&order())).unwrap();
        assert_eq!((change.number.as_str(), change.key.as_str(), change.version), ("", "m#o", Some(3)));
        let (old, new) = change.orders.unwrap();
        assert_eq!((old, new.version, new.key().to_string().as_str()), (None, 3, "m#o"));
        let mut damaged = order();
        damaged["cy"] = json!({"N": "7"});
        let change = whole_order(item(&damaged)).unwrap();
        assert_eq!((change.key.as_str(), change.version), ("m#o", Some(3)));
        let reason = change.orders.unwrap_err();
        assert!(reason.contains("its member cy is missing or has another form"), "{reason}");
    }

    #[test]
    fn the_switch_that_stops_payments_and_a_customer_are_no_orders() {
        for key in [SWITCH_KEY, "#customer#m#00000000000000000000000000000001"] {
            let keys = json!({"order_key": {"S": key}});
            let images = json!({"SequenceNumber": "7", "Keys": keys, "NewImage": keys});
            let event = json!({"Records": [{"dynamodb": images}]});
            assert!(serde_json::from_value::<StreamEvent>(event).unwrap().into_changes().is_empty());
            let key = AttributeValue::S(key.to_owned());
            assert!(whole_order(Item::from([("order_key".to_owned(), key)])).is_none());
        }
    }

    #[tokio::test]
    async fn the_last_heartbeat_of_a_batch_is_told_and_is_no_change_of_an_order() {
        let aws = Aws::responding([done(), done()]);
        let [journal, orders] = ["journal", "orders"].map(str::to_owned);
        let totals = DynamoDbTotals::new(aws.dynamodb(), journal, Some(orders), Retention::default());
        let moments = ["2026-11-25T10:01:00Z", "2026-11-25T10:00:00.5Z"].map(|at| at.parse().unwrap());
        for at in moments {
            totals.beat(at).await.unwrap();
        }
        let puts = aws.bodies("PutItem");
        let items: Vec<Value> = puts.iter().map(|put| put["Item"].clone()).collect();
        let key = json!({"S": "#heartbeat"});
        assert_eq!((&puts[0]["TableName"], &items[0]["order_key"]), (&json!("orders"), &key));
        let batch = |items: &[Value]| {
            let record = |item: &Value| json!({"dynamodb": {"SequenceNumber": "7", "Keys": {"order_key": item["order_key"]}, "NewImage": item}});
            let records: Vec<Value> = items.iter().map(record).collect();
            serde_json::from_value::<StreamEvent>(json!({ "Records": records })).unwrap()
        };
        let with_order = [items[0].clone(), order(), items[1].clone()];
        assert_eq!(batch(&with_order).heartbeat(), Some(moments[0]), "whichever comes last");
        assert_eq!((batch(&with_order).into_changes().len(), batch(&[order()]).heartbeat()), (1, None));
        let item: Item = object(items[0].as_object().unwrap().clone()).unwrap();
        assert!(whole_order(item).is_none());
        // A damaged one tells nothing.
        let damaged = json!({"order_key": {"S": "#heartbeat"}, "at": {"N": "7"}});
        assert_eq!(batch(&[damaged, json!({"order_key": {"S": "#heartbeat"}})]).heartbeat(), None);
    }

    #[tokio::test]
    async fn what_another_function_wrote_down_is_told_as_it_was() {
        let event = Event {
            id: uuid::Uuid::from_u128(7),
            kind: "deposit.created",
            merchant: "m".parse().unwrap(),
            at: "2026-11-25T10:00:00.5Z".parse().unwrap(),
            body: "{}".to_owned(),
        };
        let (store, aws) = store([done()]);
        store.publish(std::slice::from_ref(&event)).await.unwrap();
        let item = aws.bodies("PutItem")[0]["Item"].clone();
        let batch = |item: &Value| {
            let images =
                json!({"SequenceNumber": "7", "Keys": {"order_key": item["order_key"]}, "NewImage": item});
            serde_json::from_value::<StreamEvent>(json!({"Records": [{"dynamodb": images}]})).unwrap()
        };
        let known = |kind: &str| (kind == "deposit.created").then_some("deposit.created");
        assert_eq!(batch(&item).told(known), [event]);
        assert!(batch(&item).into_changes().is_empty() && batch(&order()).told(known).is_empty());
        // A type that only a newer version tells, and a damaged one.
        assert!(batch(&item).told(|_| None).is_empty());
        let mut damaged = item;
        damaged["at"] = json!({"S": "now"});
        assert!(batch(&damaged).told(known).is_empty());
    }

    #[test]
    fn an_image_that_cannot_be_read_says_why_and_not_what_it_holds() {
        for (name, value) in [
            ("cy", json!({"S": "4111111111111111"})),
            ("t", json!({"L": [{"X": "4111111111111111"}]})),
            ("u", json!("4111111111111111")),
        ] {
            let mut order = order();
            order[name] = value;
            let change = event(&order).into_changes().remove(0);
            assert_eq!(change.version, Some(3), "{name}");
            let reason = change.orders.unwrap_err();
            assert!(!reason.is_empty() && !reason.contains("4111"), "{name}: {reason}");
        }
    }
}
