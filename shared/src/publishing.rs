//! Publishes events: changes of orders come in, as the table's stream has them, and events go out.
//!
//! A change may come twice, and so may its events: they have fixed ids, and an order's version
//! sorts them.

use std::sync::Arc;

use serde::Serialize;
use tollgate_core::{
    journal::Change,
    payments::GatewayInfo,
    settlement::SettlementNews,
    webhooks::{Event, EventBus},
};

use crate::elastic_path::{EventType, deposit_created, deposit_differs, events};

/// News of settlement, told there as the order API words them.
pub fn settlement_news(bus: Arc<dyn EventBus>) -> SettlementNews {
    SettlementNews { bus, created: deposit_created, differs: deposit_differs }
}

/// The type of an event by its name, if this version tells such events.
pub fn known_type(name: &str) -> Option<&'static str> {
    EventType::from_name(name).map(EventType::as_str)
}

/// Publishes the events that other functions wrote down in a batch whose first change has this
/// number, and then those of its changes.
pub async fn publish_batch(
    bus: &dyn EventBus,
    gateway: &dyn GatewayInfo,
    told: &[Event],
    first: Option<String>,
    changes: Vec<Change>,
) -> PublishReport {
    if let Err(error) = bus.publish(told).await {
        tracing::error!(%error, "events cannot be published, the changes come again");
        return PublishReport { failed: first, ..PublishReport::default() };
    }
    let report = publish(bus, gateway, changes).await;
    PublishReport { published: report.published + told.len(), ..report }
}

/// The result of publishing a batch of changes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct PublishReport {
    /// Changes that are dealt with.
    pub changes: usize,
    /// Events that were published.
    pub published: usize,
    /// Changes that cannot be read. No events are published; the journal notes the changes.
    pub unreadable: usize,
    /// The first change that is not dealt with, because the bus cannot be reached. It and all after
    /// it have to come again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failed: Option<String>,
}

/// Publishes the events of a batch of changes, of payments through this gateway, in the stream's
/// order. All changes have to come again when the bus fails: events published by then come twice.
pub async fn publish(bus: &dyn EventBus, gateway: &dyn GatewayInfo, changes: Vec<Change>) -> PublishReport {
    let mut report = PublishReport { changes: changes.len(), ..PublishReport::default() };
    let mut all: Vec<Event> = Vec::new();
    for change in &changes {
        match &change.orders {
            Ok((old, new)) => all.extend(events(old.as_ref(), new, gateway)),
            Err(reason) => {
                report.unreadable += 1;
                tracing::error!(order = change.key, version = change.version, reason, "a change is not told");
            }
        }
    }
    match bus.publish(&all).await {
        Ok(()) => report.published = all.len(),
        Err(error) => {
            tracing::error!(%error, "events cannot be published, the changes come again");
            report.changes = 0;
            report.failed = changes.first().map(|change| change.number.clone());
        }
    }
    report
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use async_trait::async_trait;
    use tollgate_core::{
        order::{Kind, Operation, Order, OrderKey, PaymentKind},
        payments::StoreError,
        values::{Amount, Currency},
    };
    use uuid::Uuid;

    use super::*;
    use crate::test_payments::GATEWAY;
    use memory::{new_operation, payment};

    /// A bus that takes events, or is away.
    struct Bus(Result<Mutex<Vec<Event>>, ()>);

    #[async_trait]
    impl EventBus for Bus {
        async fn publish(&self, events: &[Event]) -> Result<(), StoreError> {
            let taken = self.0.as_ref().map_err(|()| StoreError::Unavailable("away".to_owned()))?;
            taken.lock().unwrap().extend_from_slice(events);
            Ok(())
        }
    }

    fn changes() -> Vec<Change> {
        let now = "2026-01-05T10:00:00Z".parse().unwrap();
        let key = OrderKey { merchant: "m".parse().unwrap(), order: "o".parse().unwrap() };
        let mut order = Order::new(&key, Currency::USD, Amount::new(2599).ok(), now);
        let new = new_operation(Uuid::from_u128(1), Kind::Purchase, 2599);
        order.transactions.push(payment(PaymentKind::Purchase, Operation::new(new, now)));
        let change = |number: &str, orders| Change {
            number: number.to_owned(),
            key: key.to_string(),
            version: Some(1),
            orders,
        };
        vec![
            change("7", Err("an image".to_owned())),
            change("8", Ok((None, order.clone()))),
            change("9", Err("an image".to_owned())),
            change("10", Ok((Some(order.clone()), order))),
        ]
    }

    #[tokio::test]
    async fn what_can_be_read_is_told_and_what_cannot_is_counted() {
        let bus = Bus(Ok(Mutex::default()));
        let report = publish(&bus, GATEWAY, changes()).await;
        let Ok((old, new)) = &changes()[1].orders else { panic!("it can be read") };
        let expected = events(old.as_ref(), new, GATEWAY);
        assert!(!expected.is_empty(), "a purchase is told");
        assert_eq!(*bus.0.unwrap().lock().unwrap(), expected);
        let published = expected.len();
        assert_eq!(report, PublishReport { changes: 4, published, unreadable: 2, failed: None });
    }

    #[tokio::test]
    async fn all_changes_come_again_where_the_bus_is_away() {
        let report = publish(&Bus(Err(())), GATEWAY, changes()).await;
        let failed = Some("7".to_owned());
        assert_eq!(report, PublishReport { changes: 0, published: 0, unreadable: 2, failed });
    }
}
