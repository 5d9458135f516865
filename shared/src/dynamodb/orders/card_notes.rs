//! Notes about cards, in the table of shoppers' attempts: that table forgets what has had its time.
//!
//! An item has a member for each class of rule, under the class's name: `a` when the payment was
//! declined and `u` the end of the stated time, both in milliseconds, and the payment's order `o` and id
//! `p`.

use std::collections::HashMap;

use async_trait::async_trait;
use aws_sdk_dynamodb::{
    Client, operation::update_item::builders::UpdateItemFluentBuilder, types::AttributeValue,
};
use jiff::Timestamp;
use tollgate_core::{
    order::{CardKey, CardNotes, NotedDecline, OrderId},
    payments::{CARD_NOTES_KEPT, CardNoteStore, StoreError},
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
            tracing::error!(class = class.as_str(), "a note about a card cannot be read");
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
