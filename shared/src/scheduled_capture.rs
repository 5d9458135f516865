//! Captures authorized payments when they are due: the schedule's use case.
//!
//! The index of due captures is the queue: an order is in it exactly while something of it is due, because both are one
//! item. The capture itself is the same use case as a client's, which claims it by writing the intent under the version
//! that it read; so overlapping runs, events delivered twice and runs that die do no harm.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use futures_util::{StreamExt, stream};
use serde::{Deserialize, Deserializer, Serialize, de::Error as _};
use uuid::Uuid;

use crate::{
    merchants::{Merchant, Merchants},
    operation::{Fingerprint, Grant, Kind},
    order::{Action, Due, Intent, MerchantId, Order, OrderId, OrderKey, Rejection},
    outcome::{NoEffect, Retry},
    payments::{Deadline, Payments, Performed, Refusal},
    store::{CAPTURE_SHARDS_MAX, Cursor, Index, StoreError},
    transaction::Verdict,
};

/// Orders found at a time; the memory of a run does not grow with the backlog.
const PAGE: usize = 1_000;

/// What an invocation asks for. Nothing stated: everything that is due.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Request {
    /// Only tell what would be captured.
    #[serde(default)]
    pub dry_run: bool,
    /// Only this order's captures.
    pub order_id: Option<OrderId>,
    /// Only this merchant's captures.
    pub merchant_id: Option<MerchantId>,
    /// Only these partitions of the index, each below [`CAPTURE_SHARDS_MAX`].
    #[serde(default, deserialize_with = "partitions")]
    pub shards: Option<Vec<u16>>,
    /// Only a share of the partitions, so that several invocations split the work.
    pub part: Option<Part>,
}

/// One of several equal shares of the work.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(try_from = "StatedPart")]
pub struct Part {
    /// Which, from 0 to one less than there are.
    pub index: u16,
    /// Of how many; at least one.
    pub of: u16,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct StatedPart {
    index: u16,
    of: u16,
}

impl TryFrom<StatedPart> for Part {
    type Error = &'static str;

    fn try_from(StatedPart { index, of }: StatedPart) -> Result<Self, Self::Error> {
        // A part that there is not would capture nothing, minute after minute, without a word.
        if index < of { Ok(Self { index, of }) } else { Err("part.index must be less than part.of") }
    }
}

fn partitions<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Vec<u16>>, D::Error> {
    let shards = Option::<Vec<u16>>::deserialize(deserializer)?;
    if shards.iter().flatten().any(|shard| *shard >= CAPTURE_SHARDS_MAX) {
        return Err(D::Error::custom(format!("shards are 0 to {}", CAPTURE_SHARDS_MAX - 1)));
    }
    Ok(shards)
}

/// How a deployment runs its captures.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// Partitions of the index that are written to.
    pub shards: u16,
    /// Captures under way at a time in one run. Protects the gateway.
    pub concurrency: usize,
}

/// What a run did, for its log line, its metrics and for who invoked it.
#[derive(Debug, Default, Serialize)]
pub struct Report {
    /// Whether it only looked.
    pub dry_run: bool,
    /// Captures that were due and got their turn.
    pub due: usize,
    /// Captured; in a dry run: would be tried.
    pub captured: usize,
    /// Refused by the gateway; not tried again by itself.
    pub declined: usize,
    /// Did nothing; tried again later.
    pub retried: usize,
    /// Sent, and the outcome is not known yet.
    pub in_doubt: usize,
    /// Authorizations that ended before they could be captured.
    pub lapsed: usize,
    /// Somebody else had done it, moved it or was at it.
    pub overtaken: usize,
    /// Left for later: the merchant's captures are paused, or its gateway or secret cannot be reached.
    pub held_back: usize,
    /// Due and not reached in this run's time.
    pub left: usize,
    /// Whether there are more than those: time ran out before all were counted.
    pub more_left: bool,
    /// What failed besides: an order that could not be read or written.
    pub failed: usize,
    /// Minor units captured, by currency.
    pub captured_minor: BTreeMap<&'static str, u64>,
    /// How long the longest waiting of them is due, in seconds. What was put off is due since its first moment.
    pub oldest_due_age_s: i64,
    /// Parts of the index that could not be read.
    pub unread_shards: usize,
}

struct Run<'a> {
    payments: &'a Payments,
    merchants: &'a dyn Merchants,
    deadline: Deadline,
    request: Request,
    /// None: its captures are held back for this run.
    known: Mutex<HashMap<MerchantId, Option<Arc<Merchant>>>>,
    report: Mutex<Report>,
}

/// Captures what is due, until it is done or the time is up.
pub async fn capture_due(
    payments: &Payments,
    merchants: &dyn Merchants,
    request: Request,
    settings: Settings,
    deadline: Deadline,
) -> Report {
    let report = Report { dry_run: request.dry_run, ..Report::default() };
    let shards = shards(&request, settings, payments.clock.now());
    let run = Run {
        payments,
        merchants,
        deadline,
        request,
        known: Mutex::new(HashMap::new()),
        report: Mutex::new(report),
    };
    let run = &run;
    let found = stream::iter(shards).flat_map(|shard| run.orders_of(shard));
    found.for_each_concurrent(settings.concurrency.max(1), |key| run.order(key)).await;
    let report = std::mem::take(&mut *run.report());
    tracing::info!(
        dry_run = report.dry_run,
        due = report.due,
        captured = report.captured,
        declined = report.declined,
        retried = report.retried,
        in_doubt = report.in_doubt,
        lapsed = report.lapsed,
        overtaken = report.overtaken,
        held_back = report.held_back,
        left = report.left,
        more_left = report.more_left,
        failed = report.failed,
        oldest_due_age_s = report.oldest_due_age_s,
        unread_shards = report.unread_shards,
        captured_minor = ?report.captured_minor,
        "captured what was due"
    );
    report
}

/// The partitions that a run looks into.
///
/// Once an hour they are all that there can be: after their number was lowered, captures that were scheduled before
/// still lie in the others.
fn shards(request: &Request, settings: Settings, now: jiff::Timestamp) -> Vec<u16> {
    if let Some(shards) = &request.shards {
        return shards.clone();
    }
    let full_hour = now.as_second().rem_euclid(3600) < 60;
    let all = if full_hour { CAPTURE_SHARDS_MAX } else { settings.shards };
    let mine = |shard: &u16| request.part.is_none_or(|part| shard % part.of == part.index);
    let mut shards: Vec<u16> = (0..all).filter(mine).collect();
    // Each run begins with another one, so that a backlog in the first does not keep the last waiting.
    let minute = usize::try_from(now.as_second() / 60).unwrap_or_default();
    let first = minute % shards.len().max(1);
    shards.rotate_left(first);
    shards
}

impl<'a> Run<'a> {
    /// The orders of a partition of which a capture is due, read page by page as they are needed.
    fn orders_of(&'a self, shard: u16) -> impl futures_util::Stream<Item = OrderKey> + 'a {
        let until = self.payments.clock.now();
        let pages = stream::unfold(Some(None::<Cursor>), move |next| async move {
            let after = next?;
            if !self.deadline.leaves_time_to_answer() {
                self.report().more_left = true;
                return None;
            }
            match self.payments.store.due(Index::CapturesDue, shard, until, after, PAGE).await {
                Ok(page) => {
                    if let Some(oldest) = page.oldest {
                        let age = until.duration_since(oldest).as_secs();
                        let mut report = self.report();
                        report.oldest_due_age_s = report.oldest_due_age_s.max(age);
                    }
                    Some((page.keys, page.next.map(Some)))
                }
                Err(error) => {
                    self.unread(shard, &error);
                    None
                }
            }
        });
        pages.flat_map(stream::iter).filter(|key| std::future::ready(self.is_meant(key)))
    }

    fn unread(&self, shard: u16, error: &StoreError) {
        tracing::error!(shard, %error, "captures that are due cannot be read");
        self.report().unread_shards += 1;
    }

    fn is_meant(&self, key: &OrderKey) -> bool {
        self.request.order_id.as_ref().is_none_or(|order| *order == key.order)
            && self.request.merchant_id.as_ref().is_none_or(|merchant| *merchant == key.merchant)
    }

    /// One order; whatever goes wrong with it stops no other.
    async fn order(&self, key: OrderKey) {
        if !self.deadline.leaves_time_to_ask() {
            self.report().left += 1;
            return;
        }
        let Some(merchant) = self.merchant(&key.merchant).await else {
            self.report().held_back += 1;
            return;
        };
        if self.request.dry_run {
            return self.look(&key).await;
        }
        // An order can hold several authorizations; each turn captures the one that is due longest.
        while self.turn(&merchant, &key).await {}
    }

    /// What would be done.
    async fn look(&self, key: &OrderKey) {
        let order = match self.payments.order(key).await {
            Ok(order) => order,
            Err(error) => return self.fail(key, &error),
        };
        let now = self.payments.clock.now();
        let mut report = self.report();
        match order.due_for_capture(now) {
            Some(Due::Capture(id)) => {
                report.due += 1;
                report.captured += 1;
                add(&mut report, &order, id);
            }
            Some(Due::Lapse(_)) => {
                report.due += 1;
                report.lapsed += 1;
            }
            None => report.overtaken += 1,
        }
    }

    /// One capture. Whether another of the same order is due.
    async fn turn(&self, merchant: &Merchant, key: &OrderKey) -> bool {
        let intent = intent(Action::CaptureDue, Kind::Capture);
        match self.payments.perform(merchant, key, &intent, None, self.deadline).await {
            Ok(performed) => {
                self.count(key, &performed);
                let due = performed.order.due_for_capture(self.payments.clock.now());
                due.is_some() && self.deadline.leaves_time_to_ask()
            }
            Err(Refusal::Rejected(Rejection::AuthorizationEnded { transaction })) => {
                self.lapse(merchant, key, transaction).await
            }
            // Nobody else will make room.
            Err(
                error @ (Refusal::Store(_)
                | Refusal::Unverified
                | Refusal::Rejected(Rejection::TooManyOperations)),
            ) => {
                self.fail(key, &error);
                false
            }
            // The index lags behind, or somebody else is at it.
            Err(Refusal::Rejected(_) | Refusal::Contended) => {
                self.report().overtaken += 1;
                false
            }
        }
    }

    fn count(&self, key: &OrderKey, performed: &Performed) {
        let Performed { order, at, .. } = performed;
        let (Some(transaction), Some(operation)) = (order.transaction(at.transaction), order.operation(*at))
        else {
            return;
        };
        let mut report = self.report();
        report.due += 1;
        match transaction.verdict(operation) {
            Verdict::Done => {
                report.captured += 1;
                add(&mut report, order, at.transaction);
            }
            Verdict::Pending => report.in_doubt += 1,
            Verdict::Declined(decline) => {
                refused(&mut report, order, at.transaction, decline.code.as_str());
            }
            // Somebody voided it in the gateway's portal: it is not tried again.
            Verdict::NoEffect(NoEffect::VoidedElsewhere) => {
                refused(&mut report, order, at.transaction, "voided_elsewhere");
            }
            Verdict::NoEffect(reason) => {
                report.retried += 1;
                // It is due since its moment, however often it has been put off.
                let since = transaction.capture.map_or(operation.created_at, |schedule| schedule.at);
                let age = self.payments.clock.now().duration_since(since).as_secs();
                report.oldest_due_age_s = report.oldest_due_age_s.max(age);
                drop(report);
                // What fails for one of the merchant's payments fails for all: one probe a run is enough.
                if matches!(reason, NoEffect::Unreachable | NoEffect::Misconfigured) {
                    self.known().insert(key.merchant.clone(), None);
                }
            }
        }
    }

    /// An authorization that ended: put on record, and voided if the merchant wants that.
    ///
    /// It is voided first and stays due until that is done: what is on record as lapsed is not looked at again.
    async fn lapse(&self, merchant: &Merchant, key: &OrderKey, transaction: Uuid) -> bool {
        if merchant.policy.void_lapsed
            && let Some(another_is_due) = self.void(merchant, key).await
        {
            return another_is_due;
        }
        let order = match self.payments.lapse(key, transaction).await {
            Ok(order) => order,
            Err(Refusal::Rejected(_) | Refusal::Contended) => {
                self.report().overtaken += 1;
                return false;
            }
            Err(error @ (Refusal::Store(_) | Refusal::Unverified)) => {
                self.fail(key, &error);
                return false;
            }
        };
        self.lapsed(&order, transaction)
    }

    /// Lets go what ended. Whether something else of the order is due; none when it cannot be voided.
    async fn void(&self, merchant: &Merchant, key: &OrderKey) -> Option<bool> {
        let intent = intent(Action::VoidLapsed, Kind::Void);
        let Performed { order, at, .. } =
            match self.payments.perform(merchant, key, &intent, None, self.deadline).await {
                Ok(performed) => performed,
                Err(Refusal::Rejected(_) | Refusal::Contended) => {
                    self.report().overtaken += 1;
                    return Some(false);
                }
                Err(error @ (Refusal::Store(_) | Refusal::Unverified)) => {
                    self.fail(key, &error);
                    return Some(false);
                }
            };
        let transaction = order.transaction(at.transaction)?;
        match transaction.verdict(order.operation(at)?) {
            Verdict::Done | Verdict::Pending => Some(self.lapsed(&order, at.transaction)),
            Verdict::NoEffect(reason)
                if reason.retry() == Retry::AsItIs || reason == NoEffect::Misconfigured =>
            {
                let mut report = self.report();
                report.due += 1;
                report.retried += 1;
                drop(report);
                if matches!(reason, NoEffect::Unreachable | NoEffect::Misconfigured) {
                    self.known().insert(key.merchant.clone(), None);
                }
                Some(false)
            }
            Verdict::NoEffect(_) | Verdict::Declined(_) => None,
        }
    }

    /// Tells that an authorization ended. Whether something else of the order is due.
    fn lapsed(&self, order: &Order, transaction: Uuid) -> bool {
        let mut report = self.report();
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

    fn fail(&self, key: &OrderKey, error: &Refusal) {
        tracing::error!(merchant = %key.merchant, order = %key.order, %error, "a capture that is due failed");
        self.report().failed += 1;
    }

    /// The merchant, if its captures run.
    async fn merchant(&self, id: &MerchantId) -> Option<Arc<Merchant>> {
        if let Some(known) = self.known().get(id) {
            return known.clone();
        }
        let merchant = match self.merchants.get(id).await {
            Ok(merchant) if merchant.captures_paused => {
                tracing::warn!(merchant = %id, "scheduled captures are paused");
                None
            }
            Ok(merchant) => Some(merchant),
            Err(error) => {
                tracing::error!(merchant = %id, %error, "a merchant with captures due cannot be read");
                None
            }
        };
        self.known().entry(id.clone()).or_insert(merchant).clone()
    }

    fn known(&self) -> MutexGuard<'_, HashMap<MerchantId, Option<Arc<Merchant>>>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn report(&self) -> MutexGuard<'_, Report> {
        self.report.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What the schedule asks of an order. It has no key: asked again, it is decided again.
fn intent(action: Action, kind: Kind) -> Intent {
    Intent {
        action,
        key: None,
        fingerprint: Fingerprint::new(kind, None, None, None, None),
        currency: None,
        by: Grant::Schedule,
    }
}

fn refused(report: &mut Report, order: &Order, transaction: Uuid, code: &'static str) {
    report.declined += 1;
    tracing::error!(
        merchant = %order.merchant,
        order = %order.id,
        %transaction,
        code,
        "needs attention: a scheduled capture was refused"
    );
}

fn add(report: &mut Report, order: &Order, transaction: Uuid) {
    let amount = order.transaction(transaction).map_or(0, |transaction| {
        let captured = transaction.captured();
        if captured.is_zero() { transaction.capturable().minor() } else { captured.minor() }
    });
    *report.captured_minor.entry(order.currency.code()).or_default() += amount;
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn at(second: i64) -> jiff::Timestamp {
        jiff::Timestamp::from_second(second).unwrap()
    }

    const SETTINGS: Settings = Settings { shards: 16, concurrency: 1 };

    #[test]
    fn every_partition_has_its_turn_to_be_the_first() {
        let request = Request { part: Some(Part { index: 1, of: 4 }), ..Request::default() };
        let runs: Vec<Vec<u16>> = (1..5).map(|minute| shards(&request, SETTINGS, at(minute * 60))).collect();
        let firsts: BTreeSet<u16> = runs.iter().map(|run| run[0]).collect();
        assert_eq!(firsts, BTreeSet::from([1, 5, 9, 13]));
        for run in runs {
            assert_eq!(run.into_iter().collect::<BTreeSet<_>>(), BTreeSet::from([1, 5, 9, 13]));
        }
    }

    #[test]
    fn what_was_scheduled_when_there_were_more_partitions_is_found_within_the_hour() {
        let of = |second| shards(&Request::default(), SETTINGS, at(second)).len();
        assert_eq!((of(3599), of(3600), of(3659), of(3660)), (16, 256, 256, 16));
    }

    #[test]
    fn partitions_that_are_named_are_the_only_ones() {
        let request = Request { shards: Some(vec![7]), ..Request::default() };
        assert_eq!(shards(&request, SETTINGS, at(0)), [7]);
    }
}
