//! Receivers and the deliveries to them.

use std::sync::Arc;

use async_trait::async_trait;
use jiff::Timestamp;
use tollgate_core::{
    order::MerchantId,
    payments::{StoreError, Unreadable},
    webhooks::{
        Delivery, DeliveryLog, DeliveryPage, DeliveryState, Health, MessageFormat, Receiver, ReceiverKey,
        Receivers, ReceiversError, StoredDelivery,
    },
};
use uuid::Uuid;

use super::World;

/// The receiver whose secret no response may show.
pub(crate) fn receiver(id: &str, kinds: &[&str]) -> Receiver {
    Receiver {
        id: id.parse().unwrap(),
        url: format!("https://{id}.example/hooks?key=the-receivers-own"),
        format: MessageFormat::ElasticPath { secret_key: "the-shared-secret".to_owned().into() },
        kinds: kinds.iter().map(|kind| (*kind).to_owned()).collect(),
        is_disabled: false,
    }
}

fn place(kept: &StoredDelivery) -> String {
    let at = kept.delivery.at.strftime("%Y-%m-%dT%H:%M:%S.%3fZ");
    format!("{at}#{}", kept.delivery.event)
}

#[async_trait]
impl Receivers for World {
    async fn receivers(&self, _: &MerchantId) -> Result<Arc<[Receiver]>, ReceiversError> {
        let state = self.state();
        self.faults.works("receivers").map_err(|_| ReceiversError::Unavailable("it is down".to_owned()))?;
        if state.receivers.is_empty() {
            Err(ReceiversError::Missing)
        } else {
            Ok(state.receivers.clone().into())
        }
    }

    async fn receivers_now(&self, merchant: &MerchantId) -> Result<Arc<[Receiver]>, ReceiversError> {
        self.receivers(merchant).await
    }
}

#[async_trait]
impl DeliveryLog for World {
    async fn page(
        &self,
        receiver: &ReceiverKey,
        after: Option<&str>,
        limit: usize,
    ) -> Result<DeliveryPage, StoreError> {
        let state = self.state();
        self.faults.works("deliveries")?;
        let own = state.deliveries.iter().filter(|kept| kept.delivery.to == *receiver);
        let mut own: Vec<_> = own.map(|kept| (place(kept), Ok(kept.clone()))).collect();
        own.extend(state.spoiled_deliveries.iter().map(|key| {
            let unreadable = Unreadable { key: (*key).to_owned(), reason: "spoiled".to_owned() };
            ((*key).to_owned(), Err(unreadable))
        }));
        own.sort_by(|(a, _), (b, _)| b.cmp(a));
        own.retain(|(place, _)| after.is_none_or(|after| place.as_str() < after));
        let more = own.len() > limit;
        own.truncate(limit);
        Ok(DeliveryPage { deliveries: own, more })
    }

    async fn find(
        &self,
        receiver: &ReceiverKey,
        at: Timestamp,
        event: Uuid,
    ) -> Result<Option<StoredDelivery>, StoreError> {
        let state = self.state();
        self.faults.works("deliveries")?;
        let is_it = |kept: &&StoredDelivery| {
            (&kept.delivery.to, kept.delivery.at, kept.delivery.event) == (receiver, at, event)
        };
        Ok(state.deliveries.iter().find(is_it).cloned())
    }

    async fn health_of(&self, _: &ReceiverKey) -> Result<Health, StoreError> {
        self.faults.works("deliveries")?;
        Ok(Health { failures: 2, ..Health::default() })
    }

    async fn replay(&self, delivery: &Delivery, now: Timestamp) -> Result<(), StoreError> {
        let mut state = self.state();
        self.faults.works("deliveries")?;
        for kept in state.deliveries.iter_mut().filter(|kept| kept.delivery == *delivery) {
            (kept.state, kept.due, kept.delivery.failures) = (DeliveryState::Waiting, Some(now), 0);
        }
        Ok(())
    }

    async fn send_new(&self, delivery: &Delivery, _: Timestamp) -> Result<(), StoreError> {
        let mut state = self.state();
        self.faults.works("deliveries")?;
        let (delivery, state_of) = (delivery.clone(), DeliveryState::Sent);
        state.deliveries.push(StoredDelivery { delivery, state: state_of, due: None, reason: None });
        Ok(())
    }
}
