//! Receivers that documents no longer name: they are deleted with all that was kept for them.
//!
//! A document is used for minutes after it was read, so another process may add a delivery to a
//! receiver that is gone. The receiver's note therefore stays for a while, and deliveries that turn
//! up are deleted, too.

use std::collections::BTreeMap;

use futures_util::{StreamExt, stream};
use jiff::{SignedDuration, Timestamp};

use super::delivering::{Delivering, DeliveryReport, RECEIVERS_AT_A_TIME, RUN_FOR, count};
use crate::{
    order::MerchantId,
    payments::StoreError,
    webhooks::{KnownReceiver, ReceiverKey},
};

/// How long a receiver has to be noted as removed before its deliveries are deleted: longer than
/// the age of the document that no longer names it. So a receiver that was just added is not taken
/// for a removed one.
const NOTED_FOR: SignedDuration = SignedDuration::from_secs(30);

/// How long a removed receiver is looked for: as long as any process may go by a document that
/// names it, and then some.
const LOOKED_FOR: SignedDuration = SignedDuration::from_mins(20);

impl Delivering {
    /// Compares every merchant's document with its noted receivers. Receivers that it no longer
    /// names are deleted.
    pub(super) async fn follow_documents(&self, started: Timestamp) -> DeliveryReport {
        let mut total = DeliveryReport::default();
        let mut merchants: BTreeMap<MerchantId, Vec<KnownReceiver>> = BTreeMap::new();
        match self.store.known(None).await {
            Ok(known) => {
                for known in known {
                    merchants.entry(known.key.merchant.clone()).or_default().push(known);
                }
            }
            Err(error) => {
                tracing::error!(%error, "the deliveries' table cannot be read");
                total.errors += 1;
            }
        }
        let followed = stream::iter(merchants).map(|(merchant, known)| async move {
            let mut report = DeliveryReport::default();
            if let Err(error) = self.follow(&merchant, &known, started, &mut report).await {
                tracing::error!(%merchant, %error, "the deliveries' table cannot be used");
                report.errors += 1;
            }
            report
        });
        let mut followed = followed.buffer_unordered(RECEIVERS_AT_A_TIME);
        while let Some(report) = followed.next().await {
            total.add(&report);
        }
        total
    }

    async fn follow(
        &self,
        merchant: &MerchantId,
        known: &[KnownReceiver],
        started: Timestamp,
        report: &mut DeliveryReport,
    ) -> Result<(), StoreError> {
        let mut receivers = self.receivers.receivers_now(merchant).await;
        let is_named = |known: &KnownReceiver, named: &[_]| -> Option<KnownReceiver> {
            let mut named = named.iter().map(|receiver| KnownReceiver::new(merchant, receiver));
            named.find(|named| named.key == known.key)
        };
        if receivers.as_ref().is_ok_and(|named| known.iter().any(|known| is_named(known, named).is_none())) {
            receivers = self.receivers.receivers_now(merchant).await;
        }
        let Ok(named) = receivers else {
            report.without_document += count(known.iter().filter(|known| known.left_at.is_none()).take(1));
            return Ok(());
        };
        for known in known {
            match is_named(known, &named) {
                Some(named) if named != *known => self.store.note(&named).await?,
                Some(_) => {}
                None => self.remove(known, started, report).await?,
            }
        }
        Ok(())
    }

    async fn remove(
        &self,
        known: &KnownReceiver,
        started: Timestamp,
        report: &mut DeliveryReport,
    ) -> Result<(), StoreError> {
        let (now, key) = (self.clock.now(), &known.key);
        let Some(left_at) = known.left_at else {
            tracing::info!(receiver = %key, "a receiver was removed, its deliveries are deleted");
            return self.store.note(&KnownReceiver { left_at: Some(now), ..known.clone() }).await;
        };
        if now.duration_since(left_at) < NOTED_FOR {
            return Ok(());
        }
        let is_empty = self.clear(key, started, report).await?;
        if is_empty && now.duration_since(left_at) >= LOOKED_FOR {
            self.store.forget(key).await?;
        }
        Ok(())
    }

    /// Leaves a receiver to the next runs, which delete it with all its deliveries: a batch has no
    /// time for that.
    pub(super) async fn note_removed(&self, key: &ReceiverKey) -> Result<(), StoreError> {
        let (left_at, kinds) = (Some(self.clock.now()), Vec::new());
        self.store.note(&KnownReceiver { key: key.clone(), kinds, is_disabled: false, left_at }).await
    }

    /// Deletes a receiver's deliveries and its health. False when the time was up before.
    async fn clear(
        &self,
        key: &ReceiverKey,
        started: Timestamp,
        report: &mut DeliveryReport,
    ) -> Result<bool, StoreError> {
        loop {
            if self.clock.now().duration_since(started) >= RUN_FOR {
                return Ok(false);
            }
            match self.store.delete_some(key).await? {
                0 => break,
                removed => report.removed += u32::try_from(removed).unwrap_or(u32::MAX),
            }
        }
        self.store.delete_health(key).await?;
        Ok(true)
    }
}
