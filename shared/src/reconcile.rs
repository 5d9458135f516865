//! Finds out what became of everything in doubt, without a person: the schedule's use case.
//!
//! One run reads the orders whose next inquiry is due, the longest due first, and asks the gateway about each. What it
//! learns is saved by the same use case as everywhere else, so overlapping runs do no harm.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex, PoisonError},
};

use futures_util::{StreamExt, stream};
use jiff::SignedDuration;
use serde::Serialize;

use crate::{
    merchants::{Merchant, Merchants},
    operation::{Grant, Kind, Stage},
    order::{At, MerchantId, Order, OrderKey},
    payments::{Deadline, Payments},
    store::{Cursor, IN_DOUBT_SHARDS, Index, StoreError},
};

/// Inquiries under way at a time. Protects the gateway; more would not help a run that is bound by its answers.
const CONCURRENCY: usize = 8;

/// Inquiries for one merchant in one run, that is, a minute. A gateway that allows fewer says so (429), which ends the
/// merchant's part of the run.
const PER_MERCHANT_MAX: usize = 300;

/// Orders read at a time; the memory of a run does not grow with the backlog.
const PAGE: usize = 100;

/// What is in doubt for longer needs a person's attention. It stays pending all the same and is asked about hourly.
const ATTENTION_AFTER: SignedDuration = SignedDuration::from_hours(24);

/// What a run did, for its log line and for who invoked it.
#[derive(Debug, Default, Serialize)]
pub struct Report {
    /// Operations that were due.
    pub due: usize,
    /// Found done, and adopted.
    pub approved: usize,
    /// Found refused.
    pub declined: usize,
    /// Of these: captures that the schedule had made.
    pub captures_declined: usize,
    /// Found to have done nothing.
    pub not_done: usize,
    /// Asked about and still in doubt.
    pub in_doubt: usize,
    /// The gateway gave no answer about these.
    pub unanswered: usize,
    /// Not asked: their merchant's gateway or credentials failed in this run, or its share of the run is used up.
    pub skipped: usize,
    /// In doubt for more than a day.
    pub needs_attention: usize,
    /// How long the oldest of what was in doubt has been so, in seconds.
    pub oldest_in_doubt_s: i64,
    /// Minor units by result (`approved`, `declined`, `not_done`, `in_doubt`) and currency.
    pub amounts_minor: BTreeMap<&'static str, BTreeMap<&'static str, u64>>,
    /// Whether everything that was due was looked at. If not, time ran out and the next run goes on.
    pub complete: bool,
    /// Parts of the index that could not be read.
    pub unread_shards: usize,
}

/// One merchant's part of a run.
struct Share {
    /// None: it cannot be read, so nothing is asked for it.
    merchant: Option<Arc<Merchant>>,
    asked: usize,
    /// An inquiry was not answered: the one probe of this run is spent.
    unreachable: bool,
}

struct Run<'a> {
    payments: &'a Payments,
    merchants: &'a dyn Merchants,
    deadline: Deadline,
    shares: Mutex<HashMap<MerchantId, Share>>,
    report: Mutex<Report>,
}

/// Asks about everything that is due, until it is done or the time is up.
pub async fn reconcile(payments: &Payments, merchants: &dyn Merchants, deadline: Deadline) -> Report {
    let run = Run {
        payments,
        merchants,
        deadline,
        shares: Mutex::new(HashMap::new()),
        report: Mutex::new(Report { complete: true, ..Report::default() }),
    };
    for shard in 0..IN_DOUBT_SHARDS {
        if let Err(error) = run.shard(shard).await {
            tracing::error!(shard, %error, "orders in doubt cannot be read");
            run.report().unread_shards += 1;
        }
    }
    let report = run.report.into_inner().unwrap_or_else(PoisonError::into_inner);
    tracing::info!(
        due = report.due,
        approved = report.approved,
        declined = report.declined,
        not_done = report.not_done,
        in_doubt = report.in_doubt,
        unanswered = report.unanswered,
        skipped = report.skipped,
        needs_attention = report.needs_attention,
        captures_declined = report.captures_declined,
        oldest_in_doubt_s = report.oldest_in_doubt_s,
        unread_shards = report.unread_shards,
        complete = report.complete,
        "reconciled"
    );
    report
}

impl Run<'_> {
    async fn shard(&self, shard: u16) -> Result<(), StoreError> {
        let until = self.payments.clock.now();
        let mut after: Option<Cursor> = None;
        loop {
            if !self.deadline.leaves_time_to_ask() {
                self.report().complete = false;
                return Ok(());
            }
            let page = self.payments.store.due(Index::InDoubt, shard, until, after, PAGE).await?;
            stream::iter(page.keys).for_each_concurrent(CONCURRENCY, |key| self.order(key)).await;
            after = page.next;
            if after.is_none() {
                return Ok(());
            }
        }
    }

    /// One order; whatever goes wrong with it stops no other.
    async fn order(&self, key: OrderKey) {
        if !self.deadline.leaves_time_to_ask() {
            self.report().complete = false;
            return;
        }
        let mut order = match self.payments.order(&key).await {
            Ok(order) => order,
            Err(error) => {
                tracing::error!(merchant = %key.merchant, order = %key.order, %error, "an order in doubt cannot be read");
                self.report().skipped += 1;
                return;
            }
        };
        // The index says where to look; the order decides.
        let now = self.payments.clock.now();
        let due: Vec<At> = order.due_for_inquiry(now).collect();
        for at in due {
            let pending = order.operation(at).filter(|operation| operation.is(Stage::Pending));
            let age_s = pending.map_or(0, |operation| now.duration_since(operation.attempt.at).as_secs());
            {
                let mut report = self.report();
                report.due += 1;
                report.oldest_in_doubt_s = report.oldest_in_doubt_s.max(age_s);
            }
            order = self.operation(&key, order, at).await;
        }
    }

    async fn operation(&self, key: &OrderKey, order: Order, at: At) -> Order {
        let Some(merchant) = self.merchant_to_ask(&key.merchant).await else {
            self.report().skipped += 1;
            return order;
        };
        let (order, answered) = self.payments.ask_about(&merchant, order, at, self.deadline).await;
        if !answered {
            if let Some(share) = self.shares().get_mut(&key.merchant) {
                share.unreachable = true;
            }
            self.report().unanswered += 1;
            return order;
        }
        self.count(&order, at);
        order
    }

    fn count(&self, order: &Order, at: At) {
        let Some(operation) = order.operation(at) else { return };
        let mut report = self.report();
        let (result, amount) = match operation.stage() {
            Stage::Approved => ("approved", operation.approved_amount()),
            Stage::Declined => ("declined", operation.amount),
            Stage::NoEffect => ("not_done", operation.amount),
            Stage::Pending | Stage::Unrecognized => ("in_doubt", operation.amount),
        };
        let amounts = report.amounts_minor.entry(result).or_default();
        *amounts.entry(order.currency.code()).or_default() += amount.minor();
        match operation.stage() {
            Stage::Approved => report.approved += 1,
            Stage::Declined => {
                report.declined += 1;
                if operation.by == Grant::Schedule && operation.kind == Kind::Capture {
                    report.captures_declined += 1;
                    tracing::error!(
                        merchant = %order.merchant,
                        order = %order.id,
                        transaction = %at.transaction,
                        "needs attention: a scheduled capture was refused"
                    );
                }
            }
            Stage::NoEffect => report.not_done += 1,
            Stage::Pending | Stage::Unrecognized => {
                report.in_doubt += 1;
                let since = self.payments.clock.now().duration_since(operation.attempt.at);
                if since >= ATTENTION_AFTER {
                    report.needs_attention += 1;
                    tracing::error!(
                        merchant = %order.merchant,
                        order = %order.id,
                        transaction = %at.transaction,
                        operation = %at.operation,
                        hours = since.as_hours(),
                        "needs attention: in doubt for more than a day"
                    );
                }
            }
        }
    }

    /// The merchant, if something may still be asked for it in this run.
    async fn merchant_to_ask(&self, id: &MerchantId) -> Option<Arc<Merchant>> {
        let known = self.shares().contains_key(id);
        if !known {
            let merchant = self.merchants.get_for_inquiries(id).await;
            if let Err(error) = &merchant {
                tracing::error!(merchant = %id, %error, "a merchant with payments in doubt cannot be read");
            }
            let share = Share { merchant: merchant.ok(), asked: 0, unreachable: false };
            self.shares().entry(id.clone()).or_insert(share);
        }
        let mut shares = self.shares();
        let share = shares.get_mut(id)?;
        if share.unreachable || share.asked >= PER_MERCHANT_MAX {
            return None;
        }
        share.asked += 1;
        share.merchant.clone()
    }

    fn shares(&self) -> std::sync::MutexGuard<'_, HashMap<MerchantId, Share>> {
        self.shares.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn report(&self) -> std::sync::MutexGuard<'_, Report> {
        self.report.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
