//! Webhooks' deliveries in a DynamoDB table of their own: one item for each event and receiver, and one for each receiver
//! that ever failed.

mod item;
mod stream;

use async_trait::async_trait;
use aws_sdk_dynamodb::{
    Client,
    operation::{put_item::PutItemError, update_item::UpdateItemError},
    types::AttributeValue,
};
use jiff::Timestamp;
use tollgate_core::{
    payments::store::StoreError,
    webhooks::{
        receivers::{DeliveryOutcome, DeliveryStore},
        webhook::{Delivery, Health, ReceiverKey},
    },
};

use super::{Item, unavailable};

pub use item::{DeliveryState, StoredDelivery};
pub use stream::DeliveriesEvent;

/// The table's key: the receiver.
const RECEIVER: &str = "receiver";
/// Its sort key: the moment and the id of the event.
const SORT: &str = "delivery";
/// The partition of receivers that failed. No receiver's: those have a `#`.
const HEALTH: &str = "receivers";
/// The index of what waits: the receiver again, and the moment of the next attempt.
const DUE: &str = "due";
/// The partition key of the index of due deliveries: its receiver.
const DUE_FOR: &str = "due_for";
/// The index's sort key.
const DUE_AT: &str = "due_at";

/// Deliveries in one DynamoDB table.
pub struct DynamoDbDeliveries {
    client: Client,
    table: String,
}

impl DynamoDbDeliveries {
    /// Deliveries in a table that exists.
    pub fn new(client: Client, table: String) -> Self {
        Self { client, table }
    }

    /// A page of a receiver's deliveries, the newest first, and where the next one begins.
    pub async fn list(
        &self,
        receiver: &ReceiverKey,
        after: Option<Item>,
    ) -> Result<(Vec<StoredDelivery>, Option<Item>), StoreError> {
        let page = self
            .client
            .query()
            .table_name(&self.table)
            .key_condition_expression("#receiver = :receiver")
            .expression_attribute_names("#receiver", RECEIVER)
            .expression_attribute_values(":receiver", text(&receiver))
            .scan_index_forward(false)
            .set_exclusive_start_key(after)
            .send()
            .await
            .map_err(|error| unavailable(&error))?;
        let next = page.last_evaluated_key;
        Ok((page.items.unwrap_or_default().iter().filter_map(item::read).collect(), next))
    }

    /// Adds a delivery that waits for its first attempt, which the stream brings.
    pub async fn add_waiting(&self, delivery: &Delivery, now: Timestamp) -> Result<(), StoreError> {
        self.put(item::added(delivery, now)).await
    }

    /// The stored state of one delivery; none where there is no such delivery.
    pub async fn get(&self, delivery: &Delivery) -> Result<Option<StoredDelivery>, StoreError> {
        let (receiver, sort) = item::key(delivery);
        self.get_by(receiver, sort).await
    }

    /// Makes a delivery due now, with three days of attempts before it, whatever its state is.
    pub async fn replay(&self, delivery: &Delivery, now: Timestamp) -> Result<(), StoreError> {
        // Where it is not there yet: the schedule looks only at receivers that are.
        let health = self.health(&delivery.to).await?;
        self.put_health(&delivery.to, Health { is_gone: false, ..health }).await?;
        let settled = DeliveryOutcome::Waits { due: now, failures: 0, since: now, reason: None };
        self.settle(delivery, &settled, now).await
    }

    /// Sends to a receiver again that had said that it is gone.
    pub async fn revive(&self, receiver: &ReceiverKey) -> Result<(), StoreError> {
        let health = self.health(receiver).await?;
        if !health.is_gone {
            return Ok(());
        }
        self.put_health(receiver, Health { is_gone: false, ..health }).await
    }

    async fn get_by(
        &self,
        receiver: AttributeValue,
        sort: AttributeValue,
    ) -> Result<Option<StoredDelivery>, StoreError> {
        let request = self.client.get_item().table_name(&self.table).consistent_read(true);
        let request = request.key(RECEIVER, receiver).key(SORT, sort);
        let found = request.send().await.map_err(|error| unavailable(&error))?.item;
        Ok(found.as_ref().and_then(item::read))
    }

    async fn put(&self, item: Item) -> Result<(), StoreError> {
        let request = self.client.put_item().table_name(&self.table).set_item(Some(item));
        let request = request.condition_expression("attribute_not_exists(#receiver)");
        match request.expression_attribute_names("#receiver", RECEIVER).send().await {
            Ok(_) => Ok(()),
            Err(error) => match error.as_service_error() {
                Some(PutItemError::ConditionalCheckFailedException(_)) => Ok(()),
                _ => Err(unavailable(&error)),
            },
        }
    }
}

fn text(text: &impl ToString) -> AttributeValue {
    AttributeValue::S(text.to_string())
}

#[async_trait]
impl DeliveryStore for DynamoDbDeliveries {
    async fn add(&self, delivery: &Delivery, now: Timestamp) -> Result<(), StoreError> {
        self.put(item::added(delivery, now)).await
    }

    async fn health(&self, receiver: &ReceiverKey) -> Result<Health, StoreError> {
        let request = self.client.get_item().table_name(&self.table);
        let request = request.key(RECEIVER, text(&HEALTH)).key(SORT, text(&receiver));
        let found = request.send().await.map_err(|error| unavailable(&error))?.item;
        Ok(found.as_ref().map(item::read_health).unwrap_or_default())
    }

    async fn put_health(&self, receiver: &ReceiverKey, health: Health) -> Result<(), StoreError> {
        let text_of = |at: Option<Timestamp>| text(&at.map(item::moment).unwrap_or_default());
        let request = self.client.update_item().table_name(&self.table);
        let request = request.key(RECEIVER, text(&HEALTH)).key(SORT, text(&receiver));
        let request = request
            .update_expression(
                "SET failures = :failures, aside_until = :aside, not_before = :before, gone = :gone",
            )
            .expression_attribute_values(":failures", AttributeValue::N(health.failures.to_string()))
            .expression_attribute_values(":aside", text_of(health.aside_until))
            .expression_attribute_values(":before", text_of(health.not_before))
            .expression_attribute_values(":gone", AttributeValue::Bool(health.is_gone));
        request.send().await.map(drop).map_err(|error| unavailable(&error))
    }

    async fn failed_receivers(&self) -> Result<Vec<(ReceiverKey, Health)>, StoreError> {
        let (mut found, mut from) = (Vec::new(), None);
        loop {
            let page = self
                .client
                .query()
                .table_name(&self.table)
                .key_condition_expression("#receiver = :all")
                .expression_attribute_names("#receiver", RECEIVER)
                .expression_attribute_values(":all", text(&HEALTH))
                .set_exclusive_start_key(from)
                .send()
                .await
                .map_err(|error| unavailable(&error))?;
            let items = page.items.unwrap_or_default();
            found.extend(
                items.iter().filter_map(|item| Some((item::receiver_of(item)?, item::read_health(item)))),
            );
            from = page.last_evaluated_key;
            if from.is_none() {
                return Ok(found);
            }
        }
    }

    async fn due(
        &self,
        receiver: &ReceiverKey,
        until: Timestamp,
        limit: usize,
    ) -> Result<Vec<Delivery>, StoreError> {
        let page = self
            .client
            .query()
            .table_name(&self.table)
            .index_name(DUE)
            .key_condition_expression(format!("{DUE_FOR} = :receiver AND {DUE_AT} <= :until"))
            .expression_attribute_values(":receiver", text(&receiver))
            .expression_attribute_values(":until", text(&item::moment(until)))
            .limit(i32::try_from(limit).unwrap_or(i32::MAX))
            .send()
            .await
            .map_err(|error| unavailable(&error))?;
        let mut due = Vec::new();
        for mut keys in page.items.unwrap_or_default() {
            let (Some(receiver), Some(sort)) = (keys.remove(RECEIVER), keys.remove(SORT)) else { continue };
            // The index lags behind: what it names may have been delivered meanwhile.
            if let Some(kept) = self.get_by(receiver, sort).await?
                && kept.due.is_some_and(|due| due <= until)
            {
                due.push(kept.delivery);
            }
        }
        Ok(due)
    }

    async fn settle(
        &self,
        delivery: &Delivery,
        settled: &DeliveryOutcome,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let (receiver, sort) = item::key(delivery);
        let (expression, values) = item::settling(delivery, settled, now);
        let request = self
            .client
            .update_item()
            .table_name(&self.table)
            .key(RECEIVER, receiver)
            .key(SORT, sort)
            .update_expression(expression)
            .set_expression_attribute_values(Some(values))
            .condition_expression("attribute_exists(#receiver)")
            .expression_attribute_names("#receiver", RECEIVER)
            .expression_attribute_names("#state", "state");
        match request.send().await {
            Ok(_) => Ok(()),
            Err(error) => match error.as_service_error() {
                // It was kept for a month and is gone.
                Some(UpdateItemError::ConditionalCheckFailedException(_)) => Ok(()),
                _ => Err(unavailable(&error)),
            },
        }
    }
}
