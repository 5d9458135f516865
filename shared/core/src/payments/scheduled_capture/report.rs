//! The report of a run of the schedule.

use std::collections::BTreeMap;

use serde::Serialize;
use uuid::Uuid;

use crate::order::Order;

/// The result of a run, for its log line, its metrics and its caller.
#[derive(Debug, Default, PartialEq, Eq, Serialize)]
pub struct CaptureReport {
    /// Whether it only looked.
    pub dry_run: bool,
    /// Captures that were due and got their turn.
    pub due: usize,
    /// Captured; in a dry run: would be tried.
    pub captured: usize,
    /// Refused by the gateway; not tried again automatically.
    pub declined: usize,
    /// Did nothing; tried again later.
    pub retried: usize,
    /// Sent, and the outcome is not known yet.
    pub in_doubt: usize,
    /// Authorizations that ended before they could be captured.
    pub lapsed: usize,
    /// Authorizations that ended and were not to be captured by the schedule.
    pub ended: usize,
    /// Authorizations whose last day has begun, which the schedule does not capture: the merchant
    /// is notified of each once.
    pub ending: usize,
    /// Another process or a client had done it, moved it or was at it.
    pub overtaken: usize,
    /// Left for later: captures are paused or wait for the end of a dispute, or the merchant's
    /// gateway or secret cannot be reached.
    pub held_back: usize,
    /// Due and not reached in this run's time.
    pub left: usize,
    /// Whether there are more than those: time ran out before all were counted.
    pub more_left: bool,
    /// Other failures: orders that could not be read or written.
    pub failed: usize,
    /// Minor units captured, by currency.
    pub captured_minor: BTreeMap<&'static str, u64>,
    /// How long the longest waiting capture is due, in seconds, without those of merchants that are
    /// stopped, paused or unreadable. One that was put off is due since its first moment.
    pub oldest_due_age_s: i64,
    /// Parts of the index that could not be read.
    pub unread_shards: usize,
}

impl CaptureReport {
    /// Counts a capture that was refused, and tells the operator.
    pub(super) fn refused(&mut self, order: &Order, transaction: Uuid, code: &'static str) {
        self.declined += 1;
        tracing::error!(
            merchant = %order.merchant,
            order = %order.id,
            %transaction,
            code,
            "needs attention: a scheduled capture was refused"
        );
    }

    /// Adds the amount that was captured, or in a dry run would be.
    pub(super) fn add(&mut self, order: &Order, transaction: Uuid) {
        let amount = order.transaction(transaction).map_or(0, |transaction| {
            let captured = transaction.captured();
            let due = transaction.scheduled_amount().unwrap_or_default();
            if captured.is_zero() { due.minor() } else { captured.minor() }
        });
        *self.captured_minor.entry(order.currency.code()).or_default() += amount;
    }

    /// Writes the one log line of the run, with every count; none if it found nothing.
    pub(super) fn log(&self) {
        if *self == Self::default() {
            return;
        }
        tracing::info!(
            dry_run = self.dry_run,
            due = self.due,
            captured = self.captured,
            declined = self.declined,
            retried = self.retried,
            in_doubt = self.in_doubt,
            lapsed = self.lapsed,
            ended = self.ended,
            ending = self.ending,
            overtaken = self.overtaken,
            held_back = self.held_back,
            left = self.left,
            more_left = self.more_left,
            failed = self.failed,
            oldest_due_age_s = self.oldest_due_age_s,
            unread_shards = self.unread_shards,
            captured_minor = ?self.captured_minor,
            "captured what was due"
        );
    }
}
