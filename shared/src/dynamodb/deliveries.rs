//! Webhooks' deliveries in a DynamoDB table of their own: one item for each event and receiver, one
//! for each receiver that a document names, and one for each that ever failed.

mod item;
mod stream;

use async_trait::async_trait;
use aws_sdk_dynamodb::{Client, operation::query::builders::QueryFluentBuilder, types::AttributeValue};
use futures_util::future::try_join_all;
use jiff::Timestamp;
use tollgate_core::{
    order::MerchantId,
    payments::{StoreError, Unreadable},
    webhooks::{
        Delivery, DeliveryLog, DeliveryOutcome, DeliveryPage, DeliveryStore, DueDeliveries, Health,
        KnownReceiver, ReceiverKey, StoredDelivery,
    },
};
use uuid::Uuid;

use super::{
    Item, key_of, number_of,
    table::{Table, all, page, unavailable, was_made},
    text, text_of, texts,
};

pub use stream::DeliveriesEvent;

/// The table's key: the receiver.
const RECEIVER: &str = "receiver";
/// Its sort key: the moment and the id of the event.
const SORT: &str = "delivery";
/// The partition of receivers that failed. No receiver's: those have a `#`.
const HEALTH: &str = "receivers";
/// The index of waiting deliveries: the receiver again, and the moment of the next attempt.
const DUE: &str = "due";
/// The partition key of the index of due deliveries: its receiver.
const DUE_FOR: &str = "due_for";
/// The index's sort key.
const DUE_AT: &str = "due_at";

/// The partition of receivers that documents named when they were last read.
const KNOWN: &str = "known";

/// Deliveries of a receiver that are deleted side by side.
const DELETED_AT_A_TIME: usize = 25;

/// Why a delivery cannot be read.
const OTHER_FORM: &str = "a member is missing or has another form";

fn bad(item: &Item, reason: &str) -> Unreadable {
    Unreadable { key: key_of(item, &[RECEIVER, SORT]), reason: reason.to_owned() }
}

/// Deliveries in one DynamoDB table.
pub struct DynamoDbDeliveries(Table);

impl DynamoDbDeliveries {
    /// Deliveries in a table that exists.
    pub fn new(client: Client, table: String) -> Self {
        Self(Table { client, name: table })
    }

    /// A query of a receiver's partition.
    fn of_receiver(&self, receiver: &str) -> QueryFluentBuilder {
        self.0.query("#receiver = :receiver", &[("#receiver", RECEIVER)], &[(":receiver", receiver)])
    }

    /// Changes a delivery. Where it is gone, it was kept for a month.
    async fn change(&self, key: Item, expression: String, values: Item) -> Result<(), StoreError> {
        let request = self
            .0
            .update(key)
            .update_expression(expression)
            .set_expression_attribute_values(Some(values))
            .condition_expression("attribute_exists(#receiver)")
            .expression_attribute_names("#receiver", RECEIVER)
            .expression_attribute_names("#state", "state");
        was_made(request.send().await).map(drop)
    }
}

#[async_trait]
impl DeliveryLog for DynamoDbDeliveries {
    async fn page(
        &self,
        receiver: &ReceiverKey,
        after: Option<&str>,
        limit: usize,
    ) -> Result<DeliveryPage, StoreError> {
        let after = after.map(|sort| texts([(RECEIVER, &*receiver.to_string()), (SORT, sort)]));
        let request = self.of_receiver(&receiver.to_string()).scan_index_forward(false);
        let page = page(request.set_exclusive_start_key(after), limit).await?;
        let more = page.last_evaluated_key.is_some();
        let delivery = |item: Item| {
            let sort = text(&item, SORT).cloned().unwrap_or_default();
            (sort, item::read(&item).ok_or_else(|| bad(&item, OTHER_FORM)))
        };
        let deliveries = page.items.unwrap_or_default().into_iter().map(delivery).collect();
        Ok(DeliveryPage { deliveries, more })
    }

    async fn find(
        &self,
        receiver: &ReceiverKey,
        at: Timestamp,
        event: Uuid,
    ) -> Result<Option<StoredDelivery>, StoreError> {
        Ok(self.0.item(item::key_of(receiver, at, event)).await?.as_ref().and_then(item::read))
    }

    async fn health_of(&self, receiver: &ReceiverKey) -> Result<Health, StoreError> {
        self.health(receiver).await
    }

    async fn replay(&self, delivery: &Delivery, now: Timestamp) -> Result<(), StoreError> {
        // Where it is not there yet: the schedule looks only at receivers that are.
        let health = self.health(&delivery.to).await?;
        self.put_health(&delivery.to, Health { is_gone: false, ..health }).await?;
        let settled = DeliveryOutcome::Waits { due: now, failures: 0, since: now, reason: None };
        self.settle(delivery, &settled, now).await
    }

    async fn send_new(&self, delivery: &Delivery, now: Timestamp) -> Result<(), StoreError> {
        let health = self.health(&delivery.to).await?;
        if health.is_gone {
            self.put_health(&delivery.to, Health { is_gone: false, ..health }).await?;
        }
        self.add(delivery, now).await
    }
}

#[async_trait]
impl DeliveryStore for DynamoDbDeliveries {
    async fn add(&self, delivery: &Delivery, now: Timestamp) -> Result<(), StoreError> {
        let request = self.0.put(item::added(delivery, now));
        let request = request.condition_expression("attribute_not_exists(#receiver)");
        was_made(request.expression_attribute_names("#receiver", RECEIVER).send().await).map(drop)
    }

    async fn health(&self, receiver: &ReceiverKey) -> Result<Health, StoreError> {
        let found =
            self.0.get(item::health_key(receiver)).send().await.map_err(|error| unavailable(&error))?;
        Ok(found.item.as_ref().map(item::read_health).unwrap_or_default())
    }

    async fn put_health(&self, receiver: &ReceiverKey, health: Health) -> Result<(), StoreError> {
        let until = |at: Option<Timestamp>| text_of(&at.map(item::moment).unwrap_or_default());
        let request = self
            .0
            .update(item::health_key(receiver))
            .update_expression(
                "SET failures = :failures, aside_until = :aside, not_before = :before, gone = :gone",
            )
            .expression_attribute_values(":failures", number_of(&health.failures))
            .expression_attribute_values(":aside", until(health.aside_until))
            .expression_attribute_values(":before", until(health.not_before))
            .expression_attribute_values(":gone", AttributeValue::Bool(health.is_gone));
        request.send().await.map(drop).map_err(|error| unavailable(&error))
    }

    async fn failed_receivers(&self) -> Result<(Vec<(ReceiverKey, Health)>, Vec<Unreadable>), StoreError> {
        let (mut receivers, mut unreadable) = (Vec::new(), Vec::new());
        for item in all(self.of_receiver(HEALTH)).await? {
            match item::receiver_of(&item) {
                Some(receiver) => receivers.push((receiver, item::read_health(&item))),
                None => unreadable.push(bad(&item, "it names no receiver")),
            }
        }
        Ok((receivers, unreadable))
    }

    async fn due(
        &self,
        receiver: &ReceiverKey,
        until: Timestamp,
        limit: usize,
    ) -> Result<DueDeliveries, StoreError> {
        let texts = [(":receiver", &*receiver.to_string()), (":until", &*item::moment(until))];
        let request = self
            .0
            .query(&format!("{DUE_FOR} = :receiver AND {DUE_AT} <= :until"), &[], &texts)
            .index_name(DUE);
        let page = page(request, limit).await?;
        let mut due = DueDeliveries::default();
        for mut found in page.items.unwrap_or_default() {
            found.retain(|name, _| [RECEIVER, SORT].contains(&&**name));
            // The index lags behind: a listed delivery may have succeeded meanwhile.
            let Some(item) = self.0.item(found).await?.filter(|item| item.contains_key(DUE_AT)) else {
                continue;
            };
            match item::read(&item) {
                Some(kept) if kept.due.is_some_and(|due| due <= until) => due.deliveries.push(kept.delivery),
                Some(kept) if kept.due.is_some() => {}
                _ => {
                    let sort = text(&item, SORT).cloned().unwrap_or_default();
                    due.unreadable.push((sort, bad(&item, OTHER_FORM)));
                }
            }
        }
        Ok(due)
    }

    async fn set_aside(
        &self,
        receiver: &ReceiverKey,
        sort: &str,
        reason: &str,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let key = texts([(RECEIVER, &*receiver.to_string()), (SORT, sort)]);
        let (expression, values) = item::setting_aside(reason, now);
        self.change(key, expression, values).await
    }

    async fn known(&self, merchant: Option<&MerchantId>) -> Result<Vec<KnownReceiver>, StoreError> {
        let names = [("#receiver", RECEIVER), ("#delivery", SORT)];
        let query = match merchant {
            None => self.of_receiver(KNOWN),
            Some(merchant) => self.0.query(
                "#receiver = :receiver AND begins_with(#delivery, :merchant)",
                &names,
                &[(":receiver", KNOWN), (":merchant", &format!("{merchant}#"))],
            ),
        };
        let items = all(query.consistent_read(true)).await?;
        let known = |item| {
            item::read_known(item).or_else(|| {
                bad(item, "it names no receiver").log();
                None
            })
        };
        Ok(items.iter().filter_map(known).collect())
    }

    async fn note(&self, known: &KnownReceiver) -> Result<(), StoreError> {
        self.0.write(item::known(known)).await
    }

    async fn forget(&self, receiver: &ReceiverKey) -> Result<(), StoreError> {
        let request =
            self.0.delete(item::known_key(receiver)).condition_expression("attribute_exists(left_at)");
        was_made(request.send().await).map(drop)
    }

    async fn delete_some(&self, receiver: &ReceiverKey) -> Result<usize, StoreError> {
        let request = self.of_receiver(&receiver.to_string()).consistent_read(true);
        let request = request.projection_expression("#receiver, #delivery");
        let request = request.expression_attribute_names("#delivery", SORT);
        let keys = page(request, DELETED_AT_A_TIME).await?.items.unwrap_or_default();
        let count = keys.len();
        try_join_all(keys.into_iter().map(async |key| self.0.delete(key).send().await))
            .await
            .map_err(|error| unavailable(&error))?;
        Ok(count)
    }

    async fn delete_health(&self, receiver: &ReceiverKey) -> Result<(), StoreError> {
        let deleted = self.0.delete(item::health_key(receiver)).send().await;
        deleted.map(drop).map_err(|error| unavailable(&error))
    }

    async fn settle(
        &self,
        delivery: &Delivery,
        settled: &DeliveryOutcome,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let (expression, values) = item::settling(delivery, settled, now);
        self.change(item::key(delivery), expression, values).await
    }
}

#[cfg(test)]
mod tests;
