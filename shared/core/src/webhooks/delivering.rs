//! Webhooks on their way: deliveries are sent until the receiver has them.
//!
//! A new delivery comes with the stream of the deliveries' table and is sent at once. A delivery
//! that this leaves waits, with the moment of its next attempt, for a schedule. So no receiver is
//! in another's way for longer than one timeout, and no receiver stops the stream.
//!
//! Deliveries wait in a table with a stream, not in a queue: retries, lists and replays need the
//! table anyway, and a failing receiver would hold a queue's slots. A receiver's format is applied
//! when a message is sent, so the table knows no formats and holds no receiver's key.

use std::{collections::BTreeMap, sync::Arc};

use futures_util::{StreamExt, future::join_all, stream};
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use crate::{
    payments::{StoreError, Unreadable},
    values::Clock,
    webhooks::{
        Courier, Delivery, DeliveryOutcome, DeliveryStore, DueDeliveries, Health, NotTaken, Receiver,
        ReceiverKey, Receivers,
    },
};

/// Attempts to one receiver that run side by side.
const AT_A_TIME: usize = 8;

/// Receivers that one run of the schedule serves side by side.
pub(super) const RECEIVERS_AT_A_TIME: usize = 32;

/// Why nothing is sent to a receiver that responded with 410.
const GONE: &str = "the receiver said that it is gone (410)";

/// Why nothing is sent to a receiver that its document switches off.
const DISABLED: &str = "the receiver is disabled";

/// Why a delivery is parked that cannot be read.
const UNREADABLE: &str = "the stored delivery cannot be read";

/// How long first attempts go on in one batch. Deliveries left then wait for the schedule.
const FIRST_ATTEMPTS_FOR: SignedDuration = SignedDuration::from_secs(5);

/// How long one run of the schedule goes on. The next one begins a minute after it.
pub(super) const RUN_FOR: SignedDuration = SignedDuration::from_secs(40);

/// A delivery that was added, as the table's stream has it.
#[derive(Clone, Debug)]
pub struct Added {
    /// Where it is in the stream.
    pub number: String,
    /// The delivery before its first attempt.
    pub delivery: Delivery,
}

/// How many deliveries had which outcome.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct DeliveryReport {
    /// Attempts that were made.
    pub attempts: u32,
    /// Deliveries that their receivers accepted.
    pub delivered: u32,
    /// Deliveries that wait for another attempt, or for their first one.
    pub waiting: u32,
    /// Deliveries that are not tried again.
    pub parked: u32,
    /// Items that cannot be read: deliveries, which are parked, too, and receivers' health.
    pub unreadable: u32,
    /// Receivers that are down.
    pub down: u32,
    /// Deliveries that were deleted, because a readable document names their receiver no more.
    pub removed: u32,
    /// Merchants whose document of receivers is missing or cannot be read. Their events wait.
    pub without_document: u32,
    /// Receivers of whose deliveries the table could not be told. The same deliveries come again.
    pub errors: u32,
    /// The first of the stream's deliveries that is not dealt with. It and all after it have to
    /// come again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failed: Option<String>,
}

impl DeliveryReport {
    pub(super) fn add(&mut self, other: &Self) {
        self.attempts += other.attempts;
        self.delivered += other.delivered;
        self.waiting += other.waiting;
        self.parked += other.parked;
        self.unreadable += other.unreadable;
        self.down += other.down;
        self.removed += other.removed;
        self.without_document += other.without_document;
        self.errors += other.errors;
    }
}

/// A receiver's standing in its merchant's document.
pub(super) enum Standing {
    /// It is sent to.
    Listed(Receiver),
    /// Nothing is sent to it for now, and nothing is kept for it.
    Disabled,
    /// It is not in the document any more.
    Removed,
    /// There is no document, or it cannot be read.
    Unknown,
}

impl Standing {
    /// Why a delivery that waited for three days is parked.
    fn why_over(&self) -> &'static str {
        match self {
            Self::Unknown => "the merchant's document of receivers could not be read for three days",
            _ => "the receiver was down for three days",
        }
    }
}

/// Sends deliveries: new ones from the table's stream at once, waiting ones on a schedule.
pub struct Delivering {
    /// The merchants' receivers, with their addresses and secrets.
    pub receivers: Arc<dyn Receivers>,
    /// Where deliveries are kept.
    pub store: Arc<dyn DeliveryStore>,
    /// Makes one attempt. Whether and when there is another is decided here.
    pub courier: Arc<dyn Courier>,
    /// The time that ends a batch or a run.
    pub clock: Arc<dyn Clock>,
}

impl Delivering {
    /// The first attempts of deliveries that were added.
    pub async fn first_attempts(&self, added: Vec<Added>) -> DeliveryReport {
        let mut groups: BTreeMap<ReceiverKey, Vec<(usize, Delivery)>> = BTreeMap::new();
        let numbers: Vec<String> = added.iter().map(|added| added.number.clone()).collect();
        for (n, Added { delivery, .. }) in added.into_iter().enumerate() {
            groups.entry(delivery.to.clone()).or_default().push((n, delivery));
        }
        let served = groups.iter().map(|(key, deliveries)| self.first_attempts_to(key, deliveries));
        let (mut total, mut failed) = (DeliveryReport::default(), None::<usize>);
        for (report, left) in join_all(served).await {
            total.add(&report);
            failed = failed.into_iter().chain(left).min();
        }
        total.failed = failed.and_then(|n| numbers.get(n).cloned());
        total
    }

    /// With the place of the first delivery that is not dealt with.
    async fn first_attempts_to(
        &self,
        key: &ReceiverKey,
        deliveries: &[(usize, Delivery)],
    ) -> (DeliveryReport, Option<usize>) {
        let (mut report, started) = (DeliveryReport::default(), self.clock.now());
        let mut health = match self.store.health(key).await {
            Ok(health) => health,
            Err(error) => return Self::unsettled(key, &error, report, deliveries),
        };
        let standing = self.standing(key).await;
        for chunk in deliveries.chunks(AT_A_TIME) {
            let now = self.clock.now();
            let in_time = now.duration_since(started) < FIRST_ATTEMPTS_FOR;
            let chosen: Vec<&Delivery> = chunk.iter().map(|(_, delivery)| delivery).collect();
            let done = match &standing {
                Standing::Listed(_) if health.is_gone => self.park(&chosen, GONE, &mut report).await,
                Standing::Listed(receiver) if in_time && health.takes_first_attempts(now) => {
                    self.attempt(Some(receiver), &chosen, &mut health, &mut report).await
                }
                Standing::Disabled => self.park(&chosen, DISABLED, &mut report).await,
                // It is deleted with these, unless the document names it again by then.
                Standing::Removed => match self.note_removed(key).await {
                    Ok(()) => self.put_off(key, health, &chosen, &mut report).await,
                    Err(error) => Err(error),
                },
                // A receiver that is left to the schedule, or whose address and secrets cannot be
                // had.
                Standing::Listed(_) | Standing::Unknown => {
                    self.put_off(key, health, &chosen, &mut report).await
                }
            };
            if let Err(error) = done {
                return Self::unsettled(key, &error, report, chunk);
            }
        }
        (report, None)
    }

    fn unsettled(
        key: &ReceiverKey,
        error: &StoreError,
        mut report: DeliveryReport,
        left: &[(usize, Delivery)],
    ) -> (DeliveryReport, Option<usize>) {
        tracing::error!(receiver = %key, %error, "the deliveries' table cannot be used, deliveries come again");
        report.errors += 1;
        (report, left.first().map(|(n, _)| *n))
    }

    /// One run of the schedule: due deliveries, to every receiver that may be sent to.
    pub async fn run(&self) -> DeliveryReport {
        let started = self.clock.now();
        let mut total = self.follow_documents(started).await;
        let receivers = match self.store.failed_receivers().await {
            Ok((receivers, unreadable)) => {
                unreadable.iter().for_each(Unreadable::log);
                total.unreadable += count(unreadable.iter());
                receivers
            }
            Err(error) => {
                tracing::error!(%error, "the deliveries' table cannot be read");
                total.errors += 1;
                return total;
            }
        };
        let served = stream::iter(receivers).map(|(key, health)| async move {
            let mut report = DeliveryReport::default();
            if let Err(error) = self.work_off(&key, health, started, &mut report).await {
                tracing::error!(receiver = %key, %error, "the deliveries' table cannot be used");
                report.errors += 1;
            }
            report
        });
        let mut served = served.buffer_unordered(RECEIVERS_AT_A_TIME);
        while let Some(report) = served.next().await {
            total.add(&report);
        }
        total
    }

    async fn work_off(
        &self,
        key: &ReceiverKey,
        mut health: Health,
        started: Timestamp,
        report: &mut DeliveryReport,
    ) -> Result<(), StoreError> {
        let standing = self.standing(key).await;
        if matches!(standing, Standing::Removed) {
            return self.note_removed(key).await;
        }
        loop {
            let now = self.clock.now();
            let most = health.at_a_time(now, AT_A_TIME);
            if (most == 0 && !health.is_gone) || now.duration_since(started) >= RUN_FOR {
                break;
            }
            let DueDeliveries { deliveries: due, unreadable } = self.store.due(key, now, AT_A_TIME).await?;
            if due.is_empty() && unreadable.is_empty() {
                break;
            }
            // Left where they are, they would be all that is ever due.
            for (sort, item) in &unreadable {
                item.log();
                self.store.set_aside(key, sort, UNREADABLE, now).await?;
                report.unreadable += 1;
                report.parked += 1;
            }
            if health.is_gone {
                self.park(&due.iter().collect::<Vec<_>>(), GONE, report).await?;
                continue;
            }
            let (over, open): (Vec<&Delivery>, Vec<&Delivery>) =
                due.iter().partition(|delivery| health.is_down() && delivery.is_over(now));
            self.park(&over, standing.why_over(), report).await?;
            let chosen: Vec<&Delivery> = open.into_iter().take(most).collect();
            if chosen.is_empty() {
                continue;
            }
            match &standing {
                Standing::Listed(receiver) => {
                    self.attempt(Some(receiver), &chosen, &mut health, report).await?;
                }
                Standing::Unknown => self.attempt(None, &chosen, &mut health, report).await?,
                Standing::Disabled | Standing::Removed => self.park(&chosen, DISABLED, report).await?,
            }
        }
        report.down += u32::from(health.is_down());
        Ok(())
    }

    /// A receiver's standing in its merchant's document. Only a document that was read now can
    /// remove a receiver: a receiver that was just added may have deliveries before every process
    /// knows it.
    pub(super) async fn standing(&self, key: &ReceiverKey) -> Standing {
        for is_last in [false, true] {
            let receivers = if is_last {
                self.receivers.receivers_now(&key.merchant).await
            } else {
                self.receivers.receivers(&key.merchant).await
            };
            let Ok(receivers) = receivers else { return Standing::Unknown };
            match receivers.iter().find(|receiver| receiver.id == key.receiver) {
                Some(receiver) if receiver.is_disabled => return Standing::Disabled,
                Some(receiver) => return Standing::Listed(receiver.clone()),
                None => {}
            }
        }
        Standing::Removed
    }

    /// Sends deliveries to one receiver side by side, and records their outcomes and the receiver's
    /// health. Without the receiver's address all deliveries fail and nothing is sent: they wait as
    /// for a receiver that is down.
    async fn attempt(
        &self,
        receiver: Option<&Receiver>,
        deliveries: &[&Delivery],
        health: &mut Health,
        report: &mut DeliveryReport,
    ) -> Result<(), StoreError> {
        let attempts = deliveries.iter().map(|delivery| async move {
            let began = self.clock.now();
            let sent = match receiver {
                Some(receiver) => self.courier.send(receiver, delivery).await,
                None => Err(NotTaken::NoDocument),
            };
            let took = self.clock.now().duration_since(began);
            (*delivery, sent, took)
        });
        let attempts = join_all(attempts).await;
        let now = self.clock.now();
        let failed = count(attempts.iter().filter(|(_, sent, _)| sent.is_err()));
        let longest = attempts.iter().map(|(.., took)| *took).max().unwrap_or_default();
        let succeeded = count(attempts.iter()) - failed;
        report.attempts += if receiver.is_some() { failed + succeeded } else { 0 };
        let mut after = health.after(failed, succeeded, longest, now);
        for (_, sent, _) in &attempts {
            match sent {
                Err(NotTaken::Gone) => after.is_gone = true,
                Err(NotTaken::Busy { after: wait, .. }) => after = after.left_alone(*wait, now),
                _ => {}
            }
        }
        let before = std::mem::replace(health, after);
        // Before any delivery waits: the schedule looks only at receivers that are noted.
        if let Some((delivery, ..)) = attempts.first().filter(|_| failed > 0 || before != *health) {
            self.store.put_health(&delivery.to, *health).await?;
        }
        for (delivery, sent, took) in attempts {
            let settled = match &sent {
                Ok(()) => DeliveryOutcome::Delivered,
                Err(reason) => after_failure(delivery, reason, now),
            };
            tell(delivery, &settled, took);
            // A delivery that arrived at the first attempt needs no note: nothing waits for it.
            if settled != DeliveryOutcome::Delivered || delivery.since.is_some() {
                self.store.settle(delivery, &settled, now).await?;
            }
            match settled {
                DeliveryOutcome::Delivered => report.delivered += 1,
                DeliveryOutcome::Waits { .. } => report.waiting += 1,
                DeliveryOutcome::Parked { .. } => report.parked += 1,
            }
        }
        Ok(())
    }

    /// Leaves deliveries to the schedule.
    async fn put_off(
        &self,
        key: &ReceiverKey,
        health: Health,
        deliveries: &[&Delivery],
        report: &mut DeliveryReport,
    ) -> Result<(), StoreError> {
        let now = self.clock.now();
        self.store.put_health(key, health).await?;
        for delivery in deliveries {
            let since = delivery.since.unwrap_or(now);
            let settled =
                DeliveryOutcome::Waits { due: now, failures: delivery.failures, since, reason: None };
            self.store.settle(delivery, &settled, now).await?;
            report.waiting += 1;
        }
        Ok(())
    }

    async fn park(
        &self,
        deliveries: &[&Delivery],
        why: &str,
        report: &mut DeliveryReport,
    ) -> Result<(), StoreError> {
        let now = self.clock.now();
        for delivery in deliveries {
            let settled = DeliveryOutcome::Parked { failures: delivery.failures, reason: why.to_owned() };
            tell(delivery, &settled, SignedDuration::ZERO);
            self.store.settle(delivery, &settled, now).await?;
            report.parked += 1;
        }
        Ok(())
    }
}

fn after_failure(delivery: &Delivery, reason: &NotTaken, now: Timestamp) -> DeliveryOutcome {
    let failures = delivery.failures.saturating_add(1);
    let wait = match reason {
        NotTaken::Gone => return DeliveryOutcome::Parked { failures, reason: reason.to_string() },
        NotTaken::Busy { after, .. } => *after,
        _ => SignedDuration::ZERO,
    };
    match delivery.next_attempt_at(now, wait) {
        Some(due) => {
            let since = delivery.since.unwrap_or(now);
            DeliveryOutcome::Waits { due, failures, since, reason: Some(reason.to_string()) }
        }
        None => DeliveryOutcome::Parked { failures, reason: reason.to_string() },
    }
}

/// One line for each attempt: successful deliveries are on record there only.
fn tell(delivery: &Delivery, settled: &DeliveryOutcome, took: SignedDuration) {
    let Delivery { to, event, kind, failures, .. } = delivery;
    let took_ms = i64::try_from(took.as_millis()).unwrap_or(i64::MAX);
    match settled {
        DeliveryOutcome::Delivered => {
            tracing::info!(receiver = %to, event = %event, kind, failures, took_ms, "a webhook is delivered");
        }
        DeliveryOutcome::Waits { reason, .. } => {
            tracing::warn!(receiver = %to, event = %event, kind, failures, took_ms, reason, "a webhook failed");
        }
        DeliveryOutcome::Parked { reason, .. } => {
            tracing::error!(receiver = %to, event = %event, kind, failures, reason, "a webhook is parked");
        }
    }
}

pub(super) fn count(some: impl Iterator) -> u32 {
    u32::try_from(some.count()).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests;
