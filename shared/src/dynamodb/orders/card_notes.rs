//! Notes about cards, in the table of shoppers' attempts: that table forgets what has had its time.
//!
//! An item has a member for each class of rule, under the class's name: `a` when the payment was
//! declined and `u` the end of the stated time, both in milliseconds, and the payment's order `o`
//! and id `p`.

use std::collections::HashMap;

use async_trait::async_trait;
use aws_sdk_dynamodb::{
    Client, operation::update_item::builders::UpdateItemFluentBuilder, types::AttributeValue,
};
use jiff::Timestamp;
use tollgate_core::{
    order::{CardKey, CardNotes, NotedDecline, OrderId},
    payments::{CARD_NOTES_KEPT, CardNoteStore, StoreError, Unreadable},
    values::RetryClass,
};

use crate::dynamodb::{
    Item, number, number_of,
    table::{Table, was_made},
    text, text_of, texts,
};

/// The beginning of the items' keys. A counter's begins with a merchant's id, which has no `#`.
const PREFIX: &str = "#card#";

/// Notes in one DynamoDB table.
pub struct DynamoDbCardNotes(Table);

impl DynamoDbCardNotes {
    /// Notes in a table that exists.
    pub fn new(client: Client, table: String) -> Self {
        Self(Table { client, name: table })
    }

    fn change(&self, card: &CardKey, class: RetryClass, at: Timestamp) -> UpdateItemFluentBuilder {
        let key = texts([("slot_key", &format!("{PREFIX}{}", card.as_str()))]);
        let request = self.0.update(key).expression_attribute_names("#class", class.as_str());
        request.expression_attribute_values(":at", number_of(&at.as_millisecond()))
    }
}

/// A decline as it is stored.
fn item(noted: &NotedDecline) -> Item {
    let mut item = Item::from([
        ("a".to_owned(), number_of(&noted.at.as_millisecond())),
        ("o".to_owned(), text_of(&noted.order)),
        ("p".to_owned(), text_of(&noted.payment)),
    ]);
    if let Some(until) = noted.until {
        item.insert("u".to_owned(), number_of(&until.as_millisecond()));
    }
    item
}

fn noted(item: &Item) -> Option<NotedDecline> {
    let time = |name| Timestamp::from_millisecond(number(item, name)?).ok();
    let (order, payment) = (text(item, "o")?, text(item, "p")?);
    let (order, payment) = (OrderId::stored(order).ok()?, payment.parse().ok()?);
    Some(NotedDecline { at: time("a")?, until: time("u"), order, payment })
}

/// The notes of an item. One that cannot be read is left out: the scheme charges cents for an
/// attempt too many, and a payment that is never made costs more.
fn notes(item: &Item) -> CardNotes {
    let known = RetryClass::ALL.iter().filter_map(|class| {
        let stored = item.get(class.as_str())?.as_m().ok()?;
        let read = noted(stored);
        if read.is_none() {
            let key = text(item, "slot_key").cloned().unwrap_or_default();
            Unreadable { key, reason: format!("its member {} has another form", class.as_str()) }.log();
        }
        Some((*class, read?))
    });
    CardNotes(known.collect())
}

#[async_trait]
impl CardNoteStore for DynamoDbCardNotes {
    async fn load(&self, cards: &[CardKey]) -> Result<Vec<(CardKey, CardNotes)>, StoreError> {
        let by_key: HashMap<String, &CardKey> =
            cards.iter().map(|card| (format!("{PREFIX}{}", card.as_str()), card)).collect();
        let keys = by_key.keys().map(|key| texts([("slot_key", key)])).collect();
        let found = self.0.batch(keys, true).await?;
        let of_card = |item: &Item| Some(((*by_key.get(text(item, "slot_key")?)?).clone(), notes(item)));
        Ok(found.iter().filter_map(of_card).collect())
    }

    async fn add(&self, card: &CardKey, class: RetryClass, noted: &NotedDecline) -> Result<(), StoreError> {
        let kept_until = noted.at.checked_add(CARD_NOTES_KEPT).unwrap_or(Timestamp::MAX);
        let mut request = self
            .change(card, class, noted.until.unwrap_or(noted.at))
            .update_expression("SET #class = :noted, expires_at = :until")
            .expression_attribute_values(":noted", AttributeValue::M(item(noted)))
            .expression_attribute_values(":until", number_of(&kept_until.as_second()));
        let later = if noted.until.is_some() { "u" } else { "a" };
        request =
            request.condition_expression(format!("attribute_not_exists(#class) OR #class.{later} < :at"));
        was_made(request.send().await).map(drop)
    }

    async fn end(&self, card: &CardKey, class: RetryClass, at: Timestamp) -> Result<(), StoreError> {
        let request = self
            .change(card, class, at)
            .update_expression("REMOVE #class")
            .condition_expression("#class.a <= :at");
        was_made(request.send().await).map(drop)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use serde_json::{Value, json};
    use tollgate_core::values::StoredCard;
    use uuid::Uuid;

    use super::*;
    use crate::test_aws::{Aws, done, error, throttled};

    fn cards() -> Vec<CardKey> {
        let stored = StoredCard { profile: "16178397535388255208".to_owned(), account: "1".to_owned() };
        CardKey::all(&"m".parse().unwrap(), "111", Some("9418594164541111"), Some(&stored))
    }

    fn noted(until_s: Option<i64>) -> NotedDecline {
        let at = |second| Timestamp::from_second(second).unwrap();
        let order = "o".parse().unwrap();
        NotedDecline { at: at(1_800_000_000), until: until_s.map(at), order, payment: Uuid::from_u128(7) }
    }

    fn over(responses: impl IntoIterator<Item = (u16, Value)>) -> (DynamoDbCardNotes, Arc<Aws>) {
        let aws = Aws::responding(responses);
        (DynamoDbCardNotes::new(aws.dynamodb(), "attempts".to_owned()), aws)
    }

    fn name(card: &CardKey) -> Value {
        json!({"slot_key": {"S": format!("#card#{}", card.as_str())}})
    }

    #[tokio::test]
    async fn both_names_of_a_card_are_read_with_one_call_and_a_note_that_cannot_be_read_is_left_out() {
        let [by_token, by_place] = &cards()[..] else { panic!("two names") };
        let mut first = name(by_token);
        first["never"] = json!({"M": {"a": {"N": "1800000000000"}, "o": {"S": "o"}, "p": {"S": Uuid::from_u128(7).to_string()}}});
        first["wait"] = json!({"M": {"a": {"S": "x"}}});
        first["expires_at"] = json!({"N": "1"});
        let (notes, aws) = over([(200, json!({"Responses": {"attempts": [first]}})), throttled()]);
        let found = notes.load(&cards()).await.unwrap();
        assert_eq!(found, [(by_token.clone(), CardNotes([(RetryClass::Never, noted(None))].into()))]);
        assert!(matches!(notes.load(&cards()).await, Err(StoreError::Unavailable(_))));
        let sent = &aws.bodies("BatchGetItem")[0]["RequestItems"]["attempts"];
        assert_eq!(sent["ConsistentRead"], true);
        let keys = sent["Keys"].as_array().unwrap();
        assert!(keys.len() == 2 && keys.contains(&name(by_token)) && keys.contains(&name(by_place)));
    }

    #[tokio::test]
    async fn a_decline_is_noted_for_two_years_and_of_two_times_the_later_end_stays() {
        let (notes, aws) = over([done(), error("ConditionalCheckFailedException"), throttled()]);
        let card = &cards()[0];
        notes.add(card, RetryClass::Never, &noted(None)).await.unwrap();
        notes.add(card, RetryClass::Wait, &noted(Some(1_800_003_600))).await.unwrap();
        assert!(notes.add(card, RetryClass::Wait, &noted(None)).await.is_err());
        let [never, wait, _] = &aws.bodies("UpdateItem")[..] else { panic!("three") };
        assert_eq!(
            (&never["Key"], &never["ExpressionAttributeNames"]),
            (&name(card), &json!({"#class": "never"}))
        );
        assert_eq!(never["UpdateExpression"], "SET #class = :noted, expires_at = :until");
        assert_eq!(never["ConditionExpression"], "attribute_not_exists(#class) OR #class.a < :at");
        assert_eq!(never["ExpressionAttributeValues"][":at"], json!({"N": "1800000000000"}));
        assert_eq!(never["ExpressionAttributeValues"][":until"], json!({"N": "1863244800"}));
        assert_eq!(wait["ConditionExpression"], "attribute_not_exists(#class) OR #class.u < :at");
        assert_eq!(wait["ExpressionAttributeValues"][":at"], json!({"N": "1800003600000"}));
        assert_eq!(wait["ExpressionAttributeValues"][":noted"]["M"]["u"], json!({"N": "1800003600000"}));
    }

    #[tokio::test]
    async fn an_agreement_ends_no_later_decline() {
        let (notes, aws) = over([done(), error("ConditionalCheckFailedException"), throttled()]);
        let (card, at) = (&cards()[1], noted(None).at);
        for _ in 0..2 {
            notes.end(card, RetryClass::StopSeries, at).await.unwrap();
        }
        assert!(notes.end(card, RetryClass::StopSeries, at).await.is_err());
        let sent = &aws.bodies("UpdateItem")[0];
        assert_eq!(sent["UpdateExpression"], "REMOVE #class");
        assert_eq!(sent["ConditionExpression"], "#class.a <= :at");
    }
}
