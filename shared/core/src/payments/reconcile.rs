//! Finds out the outcome of everything in doubt, without a person: the schedule's use case.
//!
//! One run collects the orders whose next inquiry is due and sends the inquiries, each merchant in
//! its turn, so that one merchant's backlog delays no other. Its findings are saved by the same use
//! case as everywhere else, so overlapping runs do no harm.
//!
//! After all inquiries the shops are told that do not know of a payment, or are not known to. A
//! shop that gives no usable answer about three orders is left alone for the rest of the run.
//!
//! A merchant's gateway account that gives no usable response for three orders is left alone for
//! the rest of the run, and these orders are put off, so that the next run tries others. An order
//! whose records decide nothing concerns only itself.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap, HashSet, VecDeque},
    sync::{Arc, Mutex, PoisonError},
};

use futures_util::{StreamExt, stream};
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use crate::{
    order::{
        Finding, IN_DOUBT_TOO_LONG, Kind, MerchantId, NoticeReason, OperationRef, Order, OrderKey, Principal,
        Route, Stage,
    },
    payments::{
        Deadline, DueCursor, DueOrder, DueQuery, Index, Merchant, Merchants, Page, Payments,
        UNRECORDED_SHARDS, locked,
        recording::{HowFar, TellNow, ToldOrder},
        shop_changes::ShopChanges,
    },
};

/// Orders read at a time from the index.
const PAGE: usize = 1_000;

/// Most pages of the index that one run reads, empty ones not counted: a hundred thousand orders,
/// in some seconds.
const PAGES_MAX: usize = 100;

/// After so many orders without a usable response, a gateway account counts as unreachable for the
/// rest of the run.
const FAILED_ORDERS_MAX: usize = 3;

/// Orders of which shops are told at a time. A shop's limit of requests is shared with its
/// storefront, and a development store has 25 a second.
const TOLD_AT_ONCE: usize = 4;

/// How much one run may do.
#[derive(Clone, Copy, Debug)]
pub struct ReconcileLimits {
    /// Inquiries under way at a time. Protects the gateway.
    pub concurrency: usize,
    /// Orders of one merchant in one run, that is, a minute.
    pub per_merchant: usize,
    /// Partitions of the index that are written to.
    pub shards: u16,
}

impl Default for ReconcileLimits {
    fn default() -> Self {
        Self { concurrency: 32, per_merchant: 3_000, shards: 64 }
    }
}

/// Inquiries about an operation in doubt are an hour apart at most: the index has all such
/// operations until then. A later entry is a look at an abandoned operation, or a name to forget.
const INQUIRIES_WITHIN: SignedDuration = SignedDuration::from_hours(1);

/// After this time in doubt the merchant is notified of an operation once more. It stays pending
/// all the same, with an inquiry every hour.
const SECOND_NOTICE_AFTER: SignedDuration = SignedDuration::from_hours(24);

/// When the merchant is notified of an operation that is under review, or has no settlement state:
/// a review takes a day, and the gateway may show its end late.
const REVIEW_NOTICE_AFTER: SignedDuration = SignedDuration::from_hours(3 * 24);

/// The result of a run, for its log line and its caller.
#[derive(Debug, Default, PartialEq, Eq, Serialize)]
pub struct ReconcileReport {
    /// Operations that were due.
    pub due: usize,
    /// Found done, and adopted.
    pub approved: usize,
    /// Found declined by the issuer, the gateway or a rule.
    pub declined: usize,
    /// Of these: captures that the schedule had made.
    pub captures_declined: usize,
    /// Found to have done nothing.
    pub not_done: usize,
    /// An inquiry was sent, and they are still in doubt.
    pub in_doubt: usize,
    /// The gateway gave no usable response about these.
    pub unanswered: usize,
    /// Refunds that a rule owes and a dispute held back: looked at, and still held back.
    pub waiting_for_dispute: usize,
    /// Left for a later run: their merchant cannot be read, its gateway account failed in this run,
    /// or its share of the run is used up.
    pub skipped: usize,
    /// Orders with an operation in doubt for an hour when the run ends, and refunds that it found
    /// done more than once. All of them, whether they were due or not, unless parts could not be
    /// read.
    pub needs_attention: usize,
    /// Payments, captures and refunds that shops have on record since.
    pub recorded: usize,
    /// Orders of which a shop was told and gave no usable answer, and those left for a later run.
    pub unrecorded: usize,
    /// Orders that were found canceled in their shop.
    pub cancelled: usize,
    /// Orders of which a shop was found to show payments that Tollgate did not record.
    pub foreign: usize,
    /// Shops whose changed orders could not be read to the end.
    pub unread_shops: usize,
    /// Orders that no longer say who paid, because the merchant's limit was reached.
    pub forgotten: usize,
    /// How long the oldest operation in doubt has been so, in seconds.
    pub oldest_in_doubt_s: i64,
    /// Minor units by result (`approved`, `declined`, `not_done`, `in_doubt`) and currency.
    pub amounts_minor: BTreeMap<&'static str, BTreeMap<&'static str, u64>>,
    /// Whether everything that was due was looked at. If not, time ran out and the next run goes
    /// on.
    pub complete: bool,
    /// Parts of the index that could not be read.
    pub unread_shards: usize,
}

/// A gateway account, as inquiries reach it: the merchant whose credentials are used, the address
/// and the MID.
type Account = (MerchantId, Route);

/// The orders that a run found in the index.
struct Collected {
    /// The orders that are due, by merchant, each merchant's as many as it may have in one run.
    due: BTreeMap<MerchantId, VecDeque<DueOrder>>,
    /// Where the orders that are not due yet go on, in partitions that have more than one page
    /// of such orders.
    rest: Vec<(u16, DueCursor)>,
}

struct ReconcileRun<'a> {
    payments: &'a Payments,
    merchants: &'a dyn Merchants,
    deadline: Deadline,
    limits: ReconcileLimits,
    /// None: it cannot be read, so no inquiry is sent for it.
    known: Mutex<HashMap<MerchantId, Option<Arc<Merchant>>>>,
    /// Orders of each account to which there was no usable response.
    failed: Mutex<HashMap<Account, usize>>,
    /// Orders of each merchant about which its shop gave no usable answer.
    failed_shops: Mutex<HashMap<MerchantId, usize>>,
    /// Merchants whose shops' changed orders are to be read.
    shops: Mutex<BTreeSet<MerchantId>>,
    /// Orders in doubt of which a shop is to be told, too.
    to_tell: Mutex<BTreeMap<MerchantId, VecDeque<OrderKey>>>,
    /// Orders that were looked at. Their next inquiry puts them behind where the index was read to.
    done: Mutex<HashSet<OrderKey>>,
    report: Mutex<ReconcileReport>,
}

/// Sends an inquiry about everything that is due, until it is done or the time is up.
pub async fn reconcile(
    payments: &Payments,
    merchants: &dyn Merchants,
    limits: ReconcileLimits,
    deadline: Deadline,
) -> ReconcileReport {
    let run = ReconcileRun {
        payments,
        merchants,
        deadline,
        limits,
        known: Mutex::default(),
        failed: Mutex::default(),
        failed_shops: Mutex::default(),
        shops: Mutex::default(),
        to_tell: Mutex::default(),
        done: Mutex::default(),
        report: Mutex::new(ReconcileReport { complete: true, ..ReconcileReport::default() }),
    };
    let Collected { due, rest } = run.collect().await;
    stream::iter(in_turns(due)).for_each_concurrent(limits.concurrency.max(1), |due| run.due(due)).await;
    run.count_rest(rest).await;
    run.collect_unrecorded().await;
    let shops = std::mem::take(&mut *locked(&run.shops));
    stream::iter(shops).for_each_concurrent(TOLD_AT_ONCE, |merchant| run.read_changed(merchant)).await;
    let to_tell = std::mem::take(&mut *locked(&run.to_tell));
    stream::iter(in_turns(to_tell)).for_each_concurrent(TOLD_AT_ONCE, |key| run.tell(key)).await;
    let report = run.report.into_inner().unwrap_or_else(PoisonError::into_inner);
    if report == (ReconcileReport { complete: true, ..ReconcileReport::default() }) {
        return report;
    }
    tracing::info!(
        due = report.due,
        approved = report.approved,
        declined = report.declined,
        not_done = report.not_done,
        in_doubt = report.in_doubt,
        unanswered = report.unanswered,
        waiting_for_dispute = report.waiting_for_dispute,
        skipped = report.skipped,
        needs_attention = report.needs_attention,
        captures_declined = report.captures_declined,
        oldest_in_doubt_s = report.oldest_in_doubt_s,
        unread_shards = report.unread_shards,
        forgotten = report.forgotten,
        recorded = report.recorded,
        unrecorded = report.unrecorded,
        cancelled = report.cancelled,
        foreign = report.foreign,
        unread_shops = report.unread_shops,
        complete = report.complete,
        "reconciled"
    );
    report
}

/// The orders in doubt, due ones first.
fn in_doubt(shard: u16, now: Timestamp, after: Option<DueCursor>) -> DueQuery {
    DueQuery { index: Index::InDoubt, shard, until: now + INQUIRIES_WITHIN, after, limit: PAGE }
}

/// The orders, one of each merchant after the other.
fn in_turns<T>(due: BTreeMap<MerchantId, VecDeque<T>>) -> Vec<T> {
    let mut queues: Vec<_> = due.into_values().collect();
    let mut turns = Vec::new();
    while !queues.is_empty() {
        turns.extend(queues.iter_mut().filter_map(VecDeque::pop_front));
        queues.retain(|queue| !queue.is_empty());
    }
    turns
}

impl ReconcileRun<'_> {
    /// The orders that are due. Nothing but the index is read.
    async fn collect(&self) -> Collected {
        let now = self.payments.clock.now();
        let mut found = Collected { due: BTreeMap::new(), rest: Vec::new() };
        let mut pages = 0;
        for shard in Index::InDoubt.shards(self.limits.shards, now, |_| true) {
            let mut after: Option<DueCursor> = None;
            loop {
                if pages >= PAGES_MAX || !self.deadline.leaves_time_to_inquire() {
                    locked(&self.report).complete = false;
                    return found;
                }
                let Some(page) = self.page(in_doubt(shard, now, after)).await else { break };
                pages += usize::from(!page.orders.is_empty());
                let all_due = page.orders.last().is_none_or(|last| last.at <= now);
                for order in page.orders {
                    if order.at > now {
                        self.count_attention(&order);
                        continue;
                    }
                    let queue = found.due.entry(order.key.merchant.clone()).or_default();
                    if queue.len() < self.limits.per_merchant {
                        queue.push_back(order);
                    } else {
                        self.skip(&order);
                    }
                }
                after = page.next;
                match &after {
                    Some(_) if all_due => {}
                    Some(rest) => {
                        found.rest.push((shard, rest.clone()));
                        break;
                    }
                    None => break,
                }
            }
        }
        found
    }

    /// A page of an index. None when it cannot be read.
    async fn page(&self, query: DueQuery) -> Option<Page> {
        let shard = query.shard;
        let page = self.payments.store.due(query).await;
        page.inspect_err(|error| {
            tracing::error!(shard, %error, "orders in doubt cannot be read");
            locked(&self.report).unread_shards += 1;
        })
        .ok()
    }

    /// The orders of which shops are to be told.
    async fn collect_unrecorded(&self) {
        let now = self.payments.clock.now();
        for shard in Index::Unrecorded.shards(UNRECORDED_SHARDS, now, |_| true) {
            let mut after: Option<DueCursor> = None;
            for _ in 0..PAGES_MAX {
                if !self.deadline.leaves_time_to_inquire() {
                    locked(&self.report).complete = false;
                    return;
                }
                let query = DueQuery { index: Index::Unrecorded, shard, until: now, after, limit: PAGE };
                let Some(page) = self.page(query).await else { break };
                locked(&self.shops).extend(page.shops);
                page.orders.into_iter().for_each(|due| self.keep_to_tell(due.key));
                match page.next {
                    Some(next) => after = Some(next),
                    None => break,
                }
            }
        }
    }

    /// Reads the changed orders of a merchant's shop. What follows from cancellations is done with
    /// everything that the shop is told.
    async fn read_changed(&self, id: MerchantId) {
        let read = match self.merchant(&id).await {
            Some(merchant) => self.payments.read_changed(&merchant, self.deadline).await,
            None => ShopChanges::default(),
        };
        let cancelled = read.cancelled.len();
        read.cancelled.into_iter().for_each(|key| self.keep_to_tell(key));
        let mut report = locked(&self.report);
        report.cancelled += cancelled;
        report.foreign += read.foreign;
        report.unread_shops += usize::from(!read.is_complete);
    }

    fn keep_to_tell(&self, key: OrderKey) {
        let mut to_tell = locked(&self.to_tell);
        let queue = to_tell.entry(key.merchant.clone()).or_default();
        if queue.len() < self.limits.per_merchant {
            queue.push_back(key);
        } else {
            locked(&self.report).unrecorded += 1;
        }
    }

    /// Tells the shop of one order.
    async fn tell(&self, key: OrderKey) {
        let has_failed =
            locked(&self.failed_shops).get(&key.merchant).is_some_and(|orders| *orders >= FAILED_ORDERS_MAX);
        let is_late = !self.deadline.leaves_time_to_inquire();
        if has_failed || is_late {
            let mut report = locked(&self.report);
            report.unrecorded += 1;
            report.complete &= !is_late;
            return;
        }
        let Some(order) = self.read(&key).await else {
            locked(&self.report).unrecorded += 1;
            return;
        };
        // The index lags behind, or only names were to be forgotten.
        if order.recording_due(self.payments.clock.now()).is_none() {
            return;
        }
        let Some(merchant) = self.merchant(&key.merchant).await else {
            locked(&self.report).unrecorded += 1;
            return;
        };
        let told = self.payments.tell_due(&merchant, order, TellNow::until(self.deadline)).await;
        let ToldOrder { how_far, recorded, .. } = told;
        let mut report = locked(&self.report);
        report.recorded += recorded;
        report.unrecorded += usize::from(how_far != HowFar::Done);
        if how_far == HowFar::Unanswered {
            *locked(&self.failed_shops).entry(key.merchant).or_default() += 1;
        }
    }

    /// Counts the orders that need attention in the rest of the index, in the time that the
    /// inquiries have left.
    async fn count_rest(&self, rest: Vec<(u16, DueCursor)>) {
        let now = self.payments.clock.now();
        for (shard, after) in rest {
            let mut next = Some(after);
            while let Some(after) = next {
                if !self.deadline.leaves_time_to_inquire() {
                    locked(&self.report).complete = false;
                    return;
                }
                let Some(page) = self.page(in_doubt(shard, now, Some(after))).await else { break };
                let others = page.orders.iter().filter(|order| !locked(&self.done).contains(&order.key));
                let needs_attention = others.filter(|order| order.needs_attention(now)).count();
                locked(&self.report).needs_attention += needs_attention;
                next = page.next;
            }
        }
    }

    /// An order that is left for a later run.
    fn skip(&self, order: &DueOrder) {
        locked(&self.report).skipped += 1;
        self.count_attention(order);
    }

    /// Counts an order that is not looked at, if the index says that it needs attention.
    fn count_attention(&self, order: &DueOrder) {
        let needs_attention = order.needs_attention(self.payments.clock.now());
        locked(&self.report).needs_attention += usize::from(needs_attention);
    }

    /// One order; its failure stops no other.
    async fn due(&self, due: DueOrder) {
        if !self.deadline.leaves_time_to_inquire() {
            locked(&self.report).complete = false;
            return self.count_attention(&due);
        }
        let Some(order) = self.read(&due.key).await else { return self.skip(&due) };
        let order = self.order(order).await;
        let from = order.needs_attention_from();
        let needs_attention = from.is_some_and(|from| from <= self.payments.clock.now());
        locked(&self.report).needs_attention += usize::from(needs_attention);
        if order.recording_due(self.payments.clock.now()).is_some() {
            self.keep_to_tell(order.key());
        }
        locked(&self.done).insert(due.key);
    }

    /// An order, which no longer says who paid if it is time. That takes no merchant: a deleted
    /// one's shoppers are forgotten, too.
    async fn read(&self, key: &OrderKey) -> Option<Order> {
        let order = self.payments.order(key).await.inspect_err(|error| {
            tracing::error!(merchant = %key.merchant, order = %key.order, %error, "an order in doubt cannot be read");
        });
        let (order, forgotten) = self.payments.forget_who_paid(order.ok()?).await;
        locked(&self.report).forgotten += usize::from(forgotten);
        Some(order)
    }

    /// The index only says where to look; the order decides.
    async fn order(&self, mut order: Order) -> Order {
        let now = self.payments.clock.now();
        let due: Vec<OperationRef> = order.due_for_inquiry(now).collect();
        let held_back: Vec<OperationRef> = order.due_for_look_at_disputes(now).collect();
        if due.is_empty() && held_back.is_empty() {
            return order;
        }
        let Some(merchant) = self.merchant(&order.merchant).await else {
            locked(&self.report).skipped += 1;
            return order;
        };
        for at in due {
            let pending = order.operation(at).filter(|operation| operation.is(Stage::Pending));
            let age_s = pending.map_or(0, |operation| now.duration_since(operation.attempt.at).as_secs());
            {
                let mut report = locked(&self.report);
                report.due += 1;
                report.oldest_in_doubt_s = report.oldest_in_doubt_s.max(age_s);
            }
            order = self.operation(&merchant, order, at).await;
        }
        for at in held_back {
            order = self.payments.look_at_held_back(&merchant, order, at, self.deadline).await;
            let waits = order.operation(at).is_some_and(|refund| refund.is(Stage::WaitsForDispute));
            locked(&self.report).waiting_for_dispute += usize::from(waits);
        }
        order
    }

    async fn operation(&self, merchant: &Merchant, order: Order, at: OperationRef) -> Order {
        let route = order.operation(at).map(|operation| operation.route.clone());
        let Some(account) = route.map(|route| (merchant.id.clone(), route)) else { return order };
        if locked(&self.failed).get(&account).is_some_and(|orders| *orders >= FAILED_ORDERS_MAX) {
            locked(&self.report).skipped += 1;
            return order;
        }
        let (order, finding) = self.payments.inquire_about(merchant, order, at, self.deadline).await;
        if finding != Finding::Failed {
            self.count(&order, at, &finding);
            return match self.notice(&order, at, &finding) {
                Some(reason) => self.payments.notify(order, at, reason).await,
                None => order,
            };
        }
        *locked(&self.failed).entry(account).or_default() += 1;
        locked(&self.report).unanswered += 1;
        self.attention(&order, at, "the gateway gives no usable response about it");
        let reason = self.notice(&order, at, &finding);
        self.payments.put_off(order, at, reason).await
    }

    /// The reason to notify the merchant of an operation that stays in doubt, if it was not
    /// notified before.
    fn notice(&self, order: &Order, at: OperationRef, finding: &Finding) -> Option<NoticeReason> {
        let operation = order.operation(at).filter(|operation| operation.pending().is_some())?;
        let since = self.payments.clock.now().duration_since(operation.attempt.at);
        let reason = match finding {
            Finding::UnderReview if since >= REVIEW_NOTICE_AFTER => NoticeReason::UnderReview,
            // A review takes that long by design.
            Finding::UnderReview => return None,
            _ if since >= SECOND_NOTICE_AFTER => NoticeReason::InDoubtDay,
            _ if since >= IN_DOUBT_TOO_LONG => NoticeReason::InDoubtHour,
            _ => return None,
        };
        (!operation.is_notified(reason)).then_some(reason)
    }

    fn count(&self, order: &Order, at: OperationRef, finding: &Finding) {
        let Some(operation) = order.operation(at) else { return };
        let mut report = locked(&self.report);
        let ReconcileReport { approved, declined, not_done, in_doubt, waiting_for_dispute, .. } =
            &mut *report;
        let (result, count, amount) = match operation.stage() {
            Stage::Approved => ("approved", approved, operation.approved_amount()),
            Stage::Declined => ("declined", declined, operation.amount),
            Stage::NoEffect => ("not_done", not_done, operation.amount),
            Stage::WaitsForDispute => ("waiting_for_dispute", waiting_for_dispute, operation.amount),
            Stage::Pending | Stage::Unrecognized => ("in_doubt", in_doubt, operation.amount),
        };
        *count += 1;
        let amounts = report.amounts_minor.entry(result).or_default();
        *amounts.entry(order.currency.code()).or_default() += amount.minor();
        if operation.kind == Kind::Refund && matches!(finding, Finding::Several(_)) {
            report.needs_attention += usize::from(!operation.is(Stage::Pending));
            tracing::error!(
                merchant = %order.merchant,
                order = %order.id,
                transaction = %at.transaction,
                operation = %at.operation,
                "needs attention: a refund was done more than once"
            );
        }
        let is_scheduled = operation.by == Principal::Schedule && operation.kind == Kind::Capture;
        if operation.is(Stage::Declined) && is_scheduled {
            report.captures_declined += 1;
            tracing::error!(
                merchant = %order.merchant,
                order = %order.id,
                transaction = %at.transaction,
                "needs attention: a scheduled capture was refused"
            );
        }
        drop(report);
        let why = match finding {
            Finding::UnderReview => "its settlement is under review or not stated",
            _ => "the gateway's records decide nothing",
        };
        self.attention(order, at, why);
    }

    /// Tells a person of an operation that has been in doubt for too long, if it still is.
    fn attention(&self, order: &Order, at: OperationRef, why: &'static str) {
        let pending = order.operation(at).filter(|operation| operation.pending().is_some());
        let since = pending.map(|pending| self.payments.clock.now().duration_since(pending.attempt.at));
        let Some(since) = since.filter(|since| *since >= IN_DOUBT_TOO_LONG) else { return };
        tracing::error!(
            merchant = %order.merchant,
            order = %order.id,
            transaction = %at.transaction,
            operation = %at.operation,
            hours = since.as_hours(),
            why,
            "needs attention: in doubt for too long"
        );
    }

    /// The merchant, if it can be read.
    async fn merchant(&self, id: &MerchantId) -> Option<Arc<Merchant>> {
        if let Some(known) = locked(&self.known).get(id) {
            return known.clone();
        }
        let merchant = self.merchants.get_for_inquiries(id).await;
        if let Err(error) = &merchant {
            tracing::error!(merchant = %id, %error, "a merchant with payments in doubt cannot be read");
        }
        locked(&self.known).entry(id.clone()).or_insert(merchant.ok()).clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_another_setting_wrote_is_found() {
        for (at, partitions) in [
            ("2026-11-21T10:59:59Z", 1),
            ("2026-11-21T11:00:00Z", 256),
            ("2026-11-21T11:00:59Z", 256),
            ("2026-11-21T11:01:00Z", 1),
        ] {
            let mut shards = Index::InDoubt.shards(1, at.parse().unwrap(), |_| true);
            shards.sort_unstable();
            assert_eq!(shards, (0..partitions).collect::<Vec<_>>(), "{at}");
        }
    }

    #[test]
    fn a_merchants_backlog_is_not_ahead_of_anothers_first_order() {
        let key = |merchant: &str, order: usize| OrderKey {
            merchant: merchant.parse().unwrap(),
            order: order.to_string().parse().unwrap(),
        };
        let many: VecDeque<_> = (0..1_000).map(|n| key("backlog", n)).collect();
        let few: VecDeque<_> = (0..2).map(|n| key("few", n)).collect();
        let due = BTreeMap::from([(many[0].merchant.clone(), many), (few[0].merchant.clone(), few)]);
        let turns = in_turns(due);
        assert_eq!(turns.len(), 1_002);
        assert_eq!(ReconcileLimits::default().concurrency, 32);
        let places: Vec<_> = (0..4).map(|n| turns[n].merchant.as_str()).collect();
        assert_eq!(places, ["backlog", "few", "backlog", "few"]);
    }
}
