//! Captures authorized payments when they are due: the schedule's use case.
//!
//! The index of due captures is the queue: an order is in it exactly while one of its captures is
//! due, because both are one item. The capture itself is the same use case as a client's, which
//! claims it by writing the intent under the version that it read; so overlapping runs, events
//! delivered twice and runs that die do no harm.
//!
//! Schedules share the index's partitions, and no function invokes itself: that needs no further
//! permission or SDK, and each run ends before the next begins. Once an hour they read every
//! possible partition, so a lower number of partitions loses no capture.

mod report;
mod request;

pub use report::CaptureReport;
pub use request::{CaptureRequest, CaptureSettings, Share};

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
};

use futures_util::{StreamExt, stream};
use jiff::Timestamp;
use uuid::Uuid;

use crate::{
    order::{
        Action, Due, Intent, Kind, MerchantId, NoEffect, OperationStatus, Order, OrderKey, Rejection, Retry,
    },
    payments::{
        Deadline, DueCursor, DueOrder, DueQuery, Index, Merchant, Merchants, MerchantsError, Payments,
        Performed, Refusal, ShopFailure, Switch, locked,
    },
};
use request::shards;

/// Orders found at a time; the memory of a run does not grow with the backlog.
const PAGE: usize = 1_000;

/// After so many orders about which a merchant's shop gave no usable answer, it is not asked about
/// others in the run.
const SILENT_ORDERS_MAX: usize = 3;

/// Where a run reads about merchants.
#[derive(Clone, Copy)]
pub struct CaptureSources<'a> {
    pub merchants: &'a dyn Merchants,
    /// Whether their payments are stopped.
    pub switch: &'a dyn Switch,
}

struct CaptureRun<'a> {
    payments: &'a Payments,
    sources: CaptureSources<'a>,
    deadline: Deadline,
    request: CaptureRequest,
    known: Mutex<HashMap<MerchantId, Captures>>,
    /// Orders of each merchant about which its shop gave no usable answer.
    silent_shops: Mutex<HashMap<MerchantId, usize>>,
    report: Mutex<CaptureReport>,
}

/// How this run treats a merchant's captures.
#[derive(Clone)]
enum Captures {
    Run(Arc<Merchant>),
    /// They wait for a person: they are paused, or the merchant is stopped or cannot be read as it
    /// is.
    Stopped,
    /// They wait for the next run: the gateway or Secrets Manager cannot be reached.
    Later,
}

/// Makes the due captures, until all are done or the time is up.
pub async fn capture_due(
    payments: &Payments,
    sources: CaptureSources<'_>,
    request: CaptureRequest,
    settings: CaptureSettings,
    deadline: Deadline,
) -> CaptureReport {
    let report = CaptureReport { dry_run: request.dry_run, ..CaptureReport::default() };
    let shards = shards(&request, settings, payments.clock.now());
    let run = CaptureRun {
        payments,
        sources,
        deadline,
        request,
        known: Mutex::default(),
        silent_shops: Mutex::default(),
        report: Mutex::new(report),
    };
    let run = &run;
    let found = stream::iter(shards).flat_map(|shard| run.orders_of(shard));
    found.for_each_concurrent(settings.concurrency.max(1), |key| run.order(key)).await;
    let report = std::mem::take(&mut *locked(&run.report));
    report.log();
    report
}

impl<'a> CaptureRun<'a> {
    /// The orders of a partition of which a capture is due, read page by page as they are needed.
    fn orders_of(&'a self, shard: u16) -> impl futures_util::Stream<Item = DueOrder> + 'a {
        let until = self.payments.clock.now();
        let pages = stream::unfold(Some(None::<DueCursor>), move |next| async move {
            let after = next?;
            if !self.deadline.leaves_time_to_respond() {
                locked(&self.report).more_left = true;
                return None;
            }
            let query = DueQuery { index: Index::CapturesDue, shard, until, after, limit: PAGE };
            match self.payments.store.due(query).await {
                Ok(page) => Some((page.orders, page.next.map(Some))),
                Err(error) => {
                    tracing::error!(shard, %error, "captures that are due cannot be read");
                    locked(&self.report).unread_shards += 1;
                    None
                }
            }
        });
        pages.flat_map(stream::iter).filter(|order| std::future::ready(self.is_meant(&order.key)))
    }

    fn is_meant(&self, key: &OrderKey) -> bool {
        self.request.order_id.as_ref().is_none_or(|order| *order == key.order)
            && self.request.merchant_id.as_ref().is_none_or(|merchant| *merchant == key.merchant)
    }

    /// One order; its failure stops no other.
    async fn order(&self, DueOrder { key, at, .. }: DueOrder) {
        if !self.deadline.leaves_time_to_inquire() {
            locked(&self.report).left += 1;
            return;
        }
        // A stop is in force within seconds, also for a run that is under way.
        match self.sources.switch.stop(&key.merchant).await {
            Ok(stop) if stop.is_on() && !self.request.dry_run => return self.stopped(&key).await,
            Ok(_) => {}
            Err(error) => return self.fail(&key, &Refusal::Store(error)),
        }
        let merchant = match self.captures(&key.merchant).await {
            Captures::Run(merchant) => merchant,
            Captures::Stopped => return self.stopped(&key).await,
            Captures::Later => {
                self.waits(at);
                locked(&self.report).held_back += 1;
                return;
            }
        };
        self.waits(at);
        if self.request.dry_run {
            return self.look(&merchant, &key).await;
        }
        // An order can hold several authorizations; each turn captures the one that is due longest.
        while self.turn(&merchant, &key).await {}
    }

    /// Notes since when a capture is due that no person holds back.
    fn waits(&self, since: Timestamp) {
        let age = self.payments.clock.now().duration_since(since).as_secs();
        let mut report = locked(&self.report);
        report.oldest_due_age_s = report.oldest_due_age_s.max(age);
    }

    /// One that waits for a person, who is told while there is still time.
    async fn stopped(&self, key: &OrderKey) {
        locked(&self.report).held_back += 1;
        if self.request.dry_run {
            return;
        }
        match self.payments.notify_of_held_back(key).await {
            // There is nothing to tell, or another request is at work and the next run tells it.
            Ok(()) | Err(Refusal::Rejected(_) | Refusal::Contended) => {}
            Err(error @ (Refusal::Store(_) | Refusal::Shop(_) | Refusal::Unverified)) => {
                return self.fail(key, &error);
            }
        }
        // An authorization that ended is free, even while captures wait.
        self.see_to_holds(key).await;
    }

    /// Authorizations that are not to be captured by the schedule, and end. The order, if anything
    /// was put on record.
    async fn see_to_holds(&self, key: &OrderKey) -> Option<Order> {
        match self.payments.see_to_holds(key).await {
            Ok((order, holds)) => {
                let mut report = locked(&self.report);
                report.ended += holds.ended;
                report.ending += holds.ending;
                holds.any().then_some(order)
            }
            Err(error) => {
                self.refused(key, &error);
                None
            }
        }
    }

    /// Counts the steps that would be taken, and takes none.
    async fn look(&self, merchant: &Merchant, key: &OrderKey) {
        let order = match self.payments.order(key).await {
            Ok(order) => order,
            Err(error) => return self.fail(key, &error),
        };
        let now = self.payments.clock.now();
        let mut report = locked(&self.report);
        match order.due_for_capture(now) {
            Some(Due::Capture(_)) if order.is_held_back(&merchant.policy) => report.held_back += 1,
            Some(Due::Capture(id)) => {
                report.due += 1;
                report.captured += 1;
                report.add(&order, id);
            }
            Some(Due::Lapse(_)) => {
                report.due += 1;
                report.lapsed += 1;
            }
            Some(Due::End(_)) => report.ended += 1,
            Some(Due::LastDay(_)) => report.ending += 1,
            Some(Due::Notice(_)) => report.held_back += 1,
            None => report.overtaken += 1,
        }
    }

    /// One capture. Whether another of the same order is due.
    async fn turn(&self, merchant: &Merchant, key: &OrderKey) -> bool {
        let asks_shop = !self.is_shop_silent(&key.merchant);
        let intent = Intent::of_schedule(Action::CaptureDue { asks_shop }, Kind::Capture, None);
        match self.payments.perform(merchant, key, &intent, None, self.deadline).await {
            Ok(performed) => {
                self.count(key, &performed);
                let due = performed.order.due_for_capture(self.payments.clock.now());
                due.is_some() && self.deadline.leaves_time_to_inquire()
            }
            Err(Refusal::Rejected(Rejection::AuthorizationEnded(transaction))) => {
                self.lapse(merchant, key, transaction).await
            }
            Err(Refusal::Rejected(Rejection::CapturesPaused)) => {
                self.stopped(key).await;
                false
            }
            Err(Refusal::Rejected(Rejection::CapturesDisputed)) => self.hold_back_disputed(key).await,
            Err(Refusal::Rejected(Rejection::OrderCancelled)) => self.cancelled(key).await,
            Err(Refusal::Shop(failure)) => self.shop_is_silent(merchant, key, &failure).await,
            // Only a person can make room, or say whether the amount of a part includes its share
            // of the fee.
            Err(error @ Refusal::Rejected(Rejection::TooManyOperations | Rejection::FeeBasisRequired)) => {
                self.fail(key, &error);
                false
            }
            Err(error) => self.refused(key, &error),
        }
    }

    /// The order was canceled in its shop. That is on record before anything follows from it.
    async fn cancelled(&self, key: &OrderKey) -> bool {
        let cancelled = match self.payments.order(key).await {
            Ok(order) => self.payments.cancel_at_shop(order).await.map(|_| ()),
            Err(error) => Err(error),
        };
        match cancelled {
            Ok(()) => {
                locked(&self.report).overtaken += 1;
                false
            }
            Err(error) => self.refused(key, &error),
        }
    }

    /// Whether the merchant's shop gave no usable answer about three orders in this run.
    fn is_shop_silent(&self, merchant: &MerchantId) -> bool {
        locked(&self.silent_shops).get(merchant).is_some_and(|orders| *orders >= SILENT_ORDERS_MAX)
    }

    /// The shop does not say whether the order was canceled. The capture waits without an attempt:
    /// the first ones of a run for some minutes, so that the next run asks about others.
    async fn shop_is_silent(&self, merchant: &Merchant, key: &OrderKey, failure: &ShopFailure) -> bool {
        locked(&self.report).held_back += 1;
        if self.is_shop_silent(&key.merchant) {
            return false;
        }
        tracing::warn!(merchant = %key.merchant, order = %key.order, error = %failure, "a capture waits for an answer of the shop");
        *locked(&self.silent_shops).entry(key.merchant.clone()).or_default() += 1;
        match self.payments.put_off_capture(merchant, key).await {
            Ok(()) => false,
            Err(error) => self.refused(key, &error),
        }
    }

    /// A chargeback of the order is open. It is put on record, so that no run finds it due before
    /// that ends. Whether something else of the order is due.
    async fn hold_back_disputed(&self, key: &OrderKey) -> bool {
        match self.payments.hold_back(key).await {
            Ok(order) => {
                for waiting in order.transactions.iter().filter(|own| order.waits_for_dispute(own).is_some())
                {
                    tracing::error!(
                        merchant = %key.merchant,
                        order = %key.order,
                        transaction = %waiting.id,
                        "needs attention: a scheduled capture waits for the end of a dispute"
                    );
                }
                self.stopped(key).await;
                order.due_for_capture(self.payments.clock.now()).is_some()
            }
            Err(error) => self.refused(key, &error),
        }
    }

    fn count(&self, key: &OrderKey, performed: &Performed) {
        let Performed { order, at, .. } = performed;
        let (Some(transaction), Some(operation)) = (order.transaction(at.transaction), order.operation(*at))
        else {
            return;
        };
        let mut report = locked(&self.report);
        report.due += 1;
        match transaction.operation_status(operation) {
            OperationStatus::Done => {
                report.captured += 1;
                report.add(order, at.transaction);
            }
            OperationStatus::Pending => report.in_doubt += 1,
            OperationStatus::Declined(decline) => {
                report.refused(order, at.transaction, decline.code.as_str());
            }
            // A person voided it in the gateway's portal: it is not tried again.
            OperationStatus::NoEffect(NoEffect::VoidedElsewhere) => {
                report.refused(order, at.transaction, "voided_elsewhere");
            }
            OperationStatus::NoEffect(reason) => {
                report.retried += 1;
                // It is due since its moment, however often it has been put off.
                let since = transaction.capture.map_or(operation.created_at, |schedule| schedule.at);
                drop(report);
                self.waits(since);
                self.hold_back(key, reason);
            }
        }
    }

    /// A failure for one of the merchant's payments holds for all: one probe per run is enough.
    fn hold_back(&self, key: &OrderKey, reason: NoEffect) {
        if reason == NoEffect::Unreachable || reason.is_about_the_set_up() {
            locked(&self.known).insert(key.merchant.clone(), Captures::Later);
        }
    }

    /// An authorization that ends or ended: put on record, and voided if the merchant wants that
    /// and it was to be captured.
    ///
    /// It is voided first and stays due until then: an authorization on record as lapsed is not
    /// looked at again.
    async fn lapse(&self, merchant: &Merchant, key: &OrderKey, transaction: Uuid) -> bool {
        if let Some(order) = self.see_to_holds(key).await {
            return order.due_for_capture(self.payments.clock.now()).is_some();
        }
        if merchant.policy.void_lapsed
            && let Some(another_is_due) = self.void(merchant, key).await
        {
            return another_is_due;
        }
        match self.payments.lapse(key, transaction).await {
            Ok(order) => self.lapsed(&order, transaction),
            Err(error) => self.refused(key, &error),
        }
    }

    /// Voids an authorization that ended. Tells whether something else of the order is due; none
    /// when it cannot be voided.
    async fn void(&self, merchant: &Merchant, key: &OrderKey) -> Option<bool> {
        let intent = Intent::of_schedule(Action::VoidLapsed, Kind::Void, None);
        let Performed { order, at, .. } =
            match self.payments.perform(merchant, key, &intent, None, self.deadline).await {
                Ok(performed) => performed,
                Err(error) => return Some(self.refused(key, &error)),
            };
        let transaction = order.transaction(at.transaction)?;
        match transaction.operation_status(order.operation(at)?) {
            OperationStatus::Done | OperationStatus::Pending => Some(self.lapsed(&order, at.transaction)),
            OperationStatus::NoEffect(reason)
                if reason.retry() == Retry::AsItIs || reason.is_about_the_set_up() =>
            {
                let mut report = locked(&self.report);
                report.due += 1;
                report.retried += 1;
                drop(report);
                self.hold_back(key, reason);
                Some(false)
            }
            OperationStatus::NoEffect(_) | OperationStatus::Declined(_) => None,
        }
    }

    /// Tells that an authorization ended. Whether something else of the order is due.
    fn lapsed(&self, order: &Order, transaction: Uuid) -> bool {
        let mut report = locked(&self.report);
        report.due += 1;
        report.lapsed += 1;
        drop(report);
        tracing::error!(
            merchant = %order.merchant,
            order = %order.id,
            %transaction,
            "needs attention: an authorization ended before it was captured"
        );
        order.due_for_capture(self.payments.clock.now()).is_some()
    }

    /// Counts an operation that was not done. Nothing else of the order gets its turn in this run.
    fn refused(&self, key: &OrderKey, error: &Refusal) -> bool {
        match error {
            // The index lags behind, or another process is at it.
            Refusal::Rejected(_) | Refusal::Contended => locked(&self.report).overtaken += 1,
            Refusal::Store(_) | Refusal::Shop(_) | Refusal::Unverified => self.fail(key, error),
        }
        false
    }

    fn fail(&self, key: &OrderKey, error: &Refusal) {
        tracing::error!(merchant = %key.merchant, order = %key.order, %error, "a capture that is due failed");
        locked(&self.report).failed += 1;
    }

    async fn captures(&self, id: &MerchantId) -> Captures {
        if let Some(known) = locked(&self.known).get(id) {
            return known.clone();
        }
        let captures = match self.sources.merchants.get(id).await {
            Ok(merchant) if merchant.captures_paused => {
                tracing::warn!(merchant = %id, "scheduled captures are paused");
                Captures::Stopped
            }
            Ok(merchant) => Captures::Run(merchant),
            Err(error) => {
                tracing::error!(merchant = %id, %error, "a merchant with captures due cannot be read");
                match error {
                    MerchantsError::Unavailable(_) => Captures::Later,
                    MerchantsError::Unknown | MerchantsError::Malformed(_) | MerchantsError::Forbidden(_) => {
                        Captures::Stopped
                    }
                }
            }
        };
        locked(&self.known).entry(id.clone()).or_insert(captures).clone()
    }
}
