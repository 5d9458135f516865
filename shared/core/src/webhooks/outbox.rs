//! Events become deliveries: one for each receiver of the merchant that wants the event.
//!
//! Which receivers a document names is noted beside the deliveries. So events of a merchant whose
//! document is deleted or cannot be read wait for those that it named last, also where a process
//! has never read it.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
};

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};

use crate::{
    order::MerchantId,
    payments::{StoreError, locked},
    values::Clock,
    webhooks::{Delivery, DeliveryStore, Event, EventBus, KnownReceiver, Receivers, ReceiversError},
};

/// How long it is remembered that a merchant without a document has no receivers either.
const NONE_FOR: SignedDuration = SignedDuration::from_mins(5);

/// Most merchants whose receivers are remembered.
const MERCHANTS_MAX: usize = 1_000;

/// The noted receivers of a merchant, and since when this process knows them.
type Noted = (Arc<[KnownReceiver]>, Timestamp);

/// Puts every event where its merchant's receivers get it from.
pub struct Outbox {
    receivers: Arc<dyn Receivers>,
    store: Arc<dyn DeliveryStore>,
    clock: Arc<dyn Clock>,
    noted: Mutex<HashMap<MerchantId, Noted>>,
}

impl Outbox {
    /// Takes events for these receivers, keeps deliveries there, and adds them at this clock's
    /// time.
    pub fn new(receivers: Arc<dyn Receivers>, store: Arc<dyn DeliveryStore>, clock: Arc<dyn Clock>) -> Self {
        Self { receivers, store, clock, noted: Mutex::default() }
    }

    /// The receivers that a merchant's events go to: those that its document names, or named when
    /// it was last read.
    async fn known(&self, merchant: &MerchantId) -> Result<Arc<[KnownReceiver]>, StoreError> {
        let now = self.clock.now();
        let noted = locked(&self.noted).get(merchant).cloned();
        let known = match self.receivers.receivers(merchant).await {
            Ok(receivers) => {
                let named: Arc<[_]> = receivers.iter().map(|one| KnownReceiver::new(merchant, one)).collect();
                if let Some((noted, _)) = noted.filter(|(noted, _)| *noted == named) {
                    return Ok(noted);
                }
                // Before any delivery: the note is also how a removed receiver's deliveries are
                // found.
                for known in named.iter() {
                    self.store.note(known).await?;
                }
                named
            }
            Err(error) => {
                let noted =
                    noted.filter(|(known, at)| !known.is_empty() || now.duration_since(*at) < NONE_FOR);
                let known = match noted {
                    Some((known, _)) => known,
                    None => self.store.known(Some(merchant)).await?.into(),
                };
                // Whether there is a document cannot be told, nor is any receiver known: the event
                // comes again.
                if let (true, ReceiversError::Unavailable(why)) = (known.is_empty(), error) {
                    return Err(StoreError::Unavailable(why));
                }
                known
            }
        };
        let mut noted = locked(&self.noted);
        if noted.len() >= MERCHANTS_MAX {
            noted.clear();
        }
        noted.insert(merchant.clone(), (Arc::clone(&known), now));
        Ok(known)
    }
}

#[async_trait]
impl EventBus for Outbox {
    async fn publish(&self, events: &[Event]) -> Result<(), StoreError> {
        for event in events {
            let known = self.known(&event.merchant).await?;
            for known in known.iter().filter(|known| known.wants(event.kind)) {
                let (to, kind, body) = (known.key.clone(), event.kind.to_owned(), event.body.clone());
                let (failures, since) = (0, None);
                let delivery = Delivery { to, event: event.id, at: event.at, kind, body, failures, since };
                self.store.add(&delivery, self.clock.now()).await?;
            }
        }
        Ok(())
    }
}
