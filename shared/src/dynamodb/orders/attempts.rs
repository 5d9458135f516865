//! Counters of payments in a DynamoDB table of their own, which forgets them.
//!
//! An item has an attribute for each number that is not zero: `f` and the number of ten seconds for
//! payments in flight, `d` and the minute for declines, `a` and the minute for digests of approved
//! cards.
//!
//! The write that takes a place returns all of the counter, so one write decides, without a read
//! and without a condition that parallel payments would fail.

use async_trait::async_trait;
use aws_sdk_dynamodb::{
    Client,
    types::{AttributeValue, ReturnValue},
};
use tollgate_core::payments::{Attempts, Counts, Effect, Ended, Slot, StoreError};

use crate::dynamodb::{
    Item, number_of,
    table::{Table, unavailable},
    texts,
};

/// Counts in one DynamoDB table.
pub struct DynamoDbAttempts(Table);

impl DynamoDbAttempts {
    /// Counts in a table that exists.
    pub fn new(client: Client, table: String) -> Self {
        Self(Table { client, name: table })
    }
}

/// A number behind its letter.
fn number_of_name(name: &str, letter: char) -> Option<i64> {
    name.strip_prefix(letter)?.parse().ok()
}

fn counts(item: &Item) -> Counts {
    let mut counts = Counts::default();
    for (name, value) in item {
        let number = || value.as_n().ok().and_then(|number| number.parse().ok()).unwrap_or_default();
        if let Some(slot) = number_of_name(name, 'f') {
            counts.slots.insert(slot, number());
        } else if let Some(minute) = number_of_name(name, 'd') {
            counts.declined.insert(minute, number());
        } else if let Some(minute) = number_of_name(name, 'a') {
            let cards = value.as_ss().map(|cards| cards.iter().cloned().collect()).unwrap_or_default();
            counts.approved.insert(minute, cards);
        }
    }
    counts
}

#[async_trait]
impl Attempts for DynamoDbAttempts {
    async fn begin(&self, counter: &str, slot: Slot) -> Result<Counts, StoreError> {
        let request = self
            .0
            .update(texts([("slot_key", counter)]))
            .update_expression(format!("ADD f{} :one SET expires_at = :until", slot.number))
            .expression_attribute_values(":one", number_of(&1))
            .expression_attribute_values(":until", number_of(&slot.kept_until.as_second()))
            .return_values(ReturnValue::AllNew);
        let response = request.send().await.map_err(|error| unavailable(&error))?;
        Ok(response.attributes.as_ref().map(counts).unwrap_or_default())
    }

    async fn end(&self, counter: &str, ended: &Ended) -> Result<(), StoreError> {
        let Ended { slot, minute, effect, stale } = ended;
        let free = format!("ADD f{} :free", slot.number);
        let (added, values) = match effect {
            Effect::Nothing | Effect::Approved(None) => (free, vec![(":free", number_of(&-1))]),
            Effect::Approved(Some(card)) => {
                let card = AttributeValue::Ss(vec![card.clone()]);
                (format!("{free}, a{minute} :card"), vec![(":free", number_of(&-1)), (":card", card)])
            }
            Effect::Declined => (format!("ADD d{minute} :one"), vec![(":one", number_of(&1))]),
        };
        let lists = [("f", &stale.slots), ("d", &stale.declined), ("a", &stale.approved)];
        let stale =
            lists.iter().flat_map(|(letter, of)| of.iter().map(move |number| format!("{letter}{number}")));
        let stale: Vec<String> = stale.filter(|name| *name != format!("f{}", slot.number)).collect();
        let remove = if stale.is_empty() { String::new() } else { format!(" REMOVE {}", stale.join(", ")) };
        let mut request = self
            .0
            .update(texts([("slot_key", counter)]))
            .update_expression(format!("{added} SET expires_at = :until{remove}"))
            .expression_attribute_values(":until", number_of(&slot.kept_until.as_second()));
        for (name, value) in values {
            request = request.expression_attribute_values(name, value);
        }
        request.send().await.map(drop).map_err(|error| unavailable(&error))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use jiff::Timestamp;
    use serde_json::{Value, json};
    use tollgate_core::payments::Stale;

    use super::*;
    use crate::test_aws::{Aws, done, throttled};

    fn slot() -> Slot {
        Slot { number: 42, kept_until: Timestamp::from_second(3_600).unwrap() }
    }

    #[tokio::test]
    async fn a_place_is_taken_with_one_write_that_returns_all_counts() {
        let item = json!({"Attributes": {
            "slot_key": {"S": "k"}, "expires_at": {"N": "3600"}, "f41": {"N": "-1"}, "f42": {"N": "3"},
            "d7": {"N": "2"}, "a7": {"SS": ["x", "y"]}, "another": {"S": "of a release to come"},
        }});
        let aws = Aws::responding([(200, item), throttled(), done()]);
        let attempts = DynamoDbAttempts::new(aws.dynamodb(), "attempts".to_owned());
        let counts = Counts {
            slots: BTreeMap::from([(41, -1), (42, 3)]),
            declined: BTreeMap::from([(7, 2)]),
            approved: BTreeMap::from([(7, BTreeSet::from(["x".to_owned(), "y".to_owned()]))]),
        };
        assert_eq!(attempts.begin("k", slot()).await.unwrap(), counts);
        assert!(matches!(attempts.begin("k", slot()).await, Err(StoreError::Unavailable(_))));
        assert_eq!(attempts.begin("k", slot()).await.unwrap(), Counts::default());
        let request = json!(["UpdateItem", {
            "TableName": "attempts", "Key": { "slot_key": { "S": "k" } },
            "UpdateExpression": "ADD f42 :one SET expires_at = :until",
            "ExpressionAttributeValues": { ":one": { "N": "1" }, ":until": { "N": "3600" } },
            "ReturnValues": "ALL_NEW",
        }]);
        assert_eq!(aws.so_far(), vec![request; 3]);
    }

    #[tokio::test]
    async fn what_came_of_a_payment_is_one_write_that_forgets_what_no_longer_counts() {
        let aws = Aws::responding([done(), done(), done(), done(), throttled()]);
        let attempts = DynamoDbAttempts::new(aws.dynamodb(), "attempts".to_owned());
        let ended = |effect, stale| Ended { slot: slot(), minute: 7, effect, stale };
        let stale = Stale { slots: vec![30, 42], declined: vec![1, 2], approved: vec![1] };
        for effect in [Effect::Nothing, Effect::Approved(None), Effect::Approved(Some("x".to_owned()))] {
            attempts.end("k", &ended(effect, Stale::default())).await.unwrap();
        }
        attempts.end("k", &ended(Effect::Declined, stale)).await.unwrap();
        let failed = attempts.end("k", &ended(Effect::Nothing, Stale::default())).await;
        assert!(matches!(failed, Err(StoreError::Unavailable(_))));
        let sent: Vec<_> = aws.bodies("UpdateItem");
        let told: Vec<_> =
            sent.iter().map(|body| (&body["UpdateExpression"], &body["ExpressionAttributeValues"])).collect();
        let until = json!({"N": "3600"});
        let expected: [(Value, Value); 5] = [
            (json!("ADD f42 :free SET expires_at = :until"), json!({":free": {"N": "-1"}, ":until": until})),
            (json!("ADD f42 :free SET expires_at = :until"), json!({":free": {"N": "-1"}, ":until": until})),
            (
                json!("ADD f42 :free, a7 :card SET expires_at = :until"),
                json!({":free": {"N": "-1"}, ":card": {"SS": ["x"]}, ":until": until}),
            ),
            (
                json!("ADD d7 :one SET expires_at = :until REMOVE f30, d1, d2, a1"),
                json!({":one": {"N": "1"}, ":until": until}),
            ),
            (json!("ADD f42 :free SET expires_at = :until"), json!({":free": {"N": "-1"}, ":until": until})),
        ];
        assert_eq!(
            told,
            expected.iter().map(|(expression, values)| (expression, values)).collect::<Vec<_>>()
        );
    }
}
