//! Where notifications of events go: a port.

use std::sync::Arc;

use async_trait::async_trait;
use futures_util::future::join_all;
use jiff::Timestamp;
use uuid::Uuid;

use crate::{order::MerchantId, payments::StoreError};

/// One notification, published at least once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// The same whenever the same change is told again.
    pub id: Uuid,
    /// The event's type, such as `order.paid`.
    pub kind: &'static str,
    /// Whose order it is.
    pub merchant: MerchantId,
    /// When the reported change happened.
    pub at: Timestamp,
    /// The whole event, as JSON.
    pub body: String,
}

/// Takes notifications, each at least once.
#[async_trait]
pub trait EventBus: Send + Sync {
    /// Publishes some. After an error some may have been published.
    async fn publish(&self, events: &[Event]) -> Result<(), StoreError>;
}

/// Several places that each event goes to. One that fails holds up no other, and all get the events
/// again.
pub struct Everywhere(pub Vec<Arc<dyn EventBus>>);

#[async_trait]
impl EventBus for Everywhere {
    async fn publish(&self, events: &[Event]) -> Result<(), StoreError> {
        let told = join_all(self.0.iter().map(|bus| bus.publish(events))).await;
        told.into_iter().collect()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    struct Place(AtomicUsize, bool);

    #[async_trait]
    impl EventBus for Place {
        async fn publish(&self, events: &[Event]) -> Result<(), StoreError> {
            self.0.fetch_add(events.len(), Ordering::Relaxed);
            if self.1 { Ok(()) } else { Err(StoreError::Unavailable("away".to_owned())) }
        }
    }

    #[tokio::test]
    async fn a_place_that_fails_holds_up_no_other_and_all_get_the_events_again() {
        let (merchant, body, at) = ("m".parse().unwrap(), "{}".to_owned(), Timestamp::UNIX_EPOCH);
        let events = [Event { id: Uuid::nil(), kind: "order.paid", merchant, at, body }];
        for (first, second) in [(true, true), (false, true), (true, false)] {
            let places = [first, second].map(|works| Arc::new(Place(AtomicUsize::new(0), works)));
            let all = Everywhere(places.iter().map(|place| Arc::clone(place) as _).collect());
            assert_eq!(all.publish(&events).await.is_ok(), first && second);
            assert_eq!(places.map(|place| place.0.load(Ordering::Relaxed)), [1, 1]);
        }
    }
}
