//! Pauses of one order's scheduled captures: who paused them, who resumed them, and why.
//!
//! While they are paused, the schedule takes nothing of the order. It still says that an
//! authorization is about to end, and lets ended authorizations go.

use jiff::Timestamp;

use super::{Due, Order, schedule::EXPIRING_BEFORE};
use crate::{
    order::{Attribution, Policy, Transaction},
    values::{Amount, Carried},
};

/// Pauses that an order keeps. Of more, the oldest are in the log only: a pause is never refused
/// for want of room.
pub const PAUSES_MAX: usize = 5;

/// One time in which the schedule captured nothing of an order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pause {
    /// When it began.
    pub at: Timestamp,
    /// Who wanted it and why.
    pub by: Option<Box<Attribution>>,
    /// How it ended; none while it lasts.
    pub resumed: Option<Resumed>,
    /// Data that a newer version stored with it.
    pub carried: Carried,
}

/// The end of a pause.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resumed {
    /// When the captures were resumed.
    pub at: Timestamp,
    /// Who wanted it and why.
    pub by: Option<Box<Attribution>>,
}

impl Order {
    /// The pause of its scheduled captures, while it lasts.
    pub fn captures_paused(&self) -> Option<&Pause> {
        self.pauses.last().filter(|pause| pause.resumed.is_none())
    }

    /// Since when the schedule would take something and does not; none where nothing waits. The
    /// index of paused captures holds the order by this moment.
    pub fn paused_since(&self) -> Option<Timestamp> {
        let pause = self.captures_paused()?;
        self.transactions.iter().any(Transaction::waits_for_schedule).then_some(pause.at)
    }

    /// Pauses the scheduled captures of all its payments, also of those to come. Tells whether they
    /// were not paused before: a pause keeps who began it.
    pub fn pause_captures(&mut self, by: Option<&Attribution>, now: Timestamp) -> bool {
        if self.captures_paused().is_some() {
            return false;
        }
        let by = by.cloned().map(Box::new);
        self.pauses.push(Pause { at: now, by, resumed: None, carried: Carried::default() });
        let more = self.pauses.len().saturating_sub(PAUSES_MAX);
        self.pauses.drain(..more);
        self.updated_at = now;
        true
    }

    /// Lets the schedule go on. Captures that came due meanwhile are made by its next run. Tells
    /// whether they were paused.
    pub fn resume_captures(&mut self, by: Option<&Attribution>, now: Timestamp) -> bool {
        let Some(pause) = self.pauses.last_mut().filter(|pause| pause.resumed.is_none()) else {
            return false;
        };
        pause.resumed = Some(Resumed { at: now, by: by.cloned().map(Box::new) });
        self.updated_at = now;
        true
    }

    /// Whether the schedule captures nothing of the order now, because a chargeback of one of its
    /// payments is open: who disputes one payment may dispute the next one, too.
    pub fn is_held_back(&self, policy: &Policy) -> bool {
        !policy.capture_disputed && self.transactions.iter().any(Transaction::has_open_dispute)
    }

    /// Takes the captures that are due out of the schedule until no chargeback of the order is
    /// open. False when none is due.
    pub fn hold_back(&mut self, now: Timestamp) -> bool {
        let due = self.transactions.iter_mut().filter(|own| own.is_due_for_capture(now));
        let held = due.filter_map(|own| own.capture.as_mut()?.held_back_at.replace(now).or(Some(now)));
        held.count() > 0
    }

    /// Since when a scheduled capture waits for the end of a dispute; none where it does not.
    pub fn waits_for_dispute(&self, transaction: &Transaction) -> Option<Timestamp> {
        let since = transaction.capture?.held_back_at?;
        let is_open = self.transactions.iter().any(Transaction::has_open_dispute);
        (is_open && transaction.waits_for_schedule()).then_some(since)
    }

    /// When the scheduled capture of one of its payments is tried next; none when it is not, is
    /// paused or waits for a dispute.
    pub fn next_capture_attempt(&self, transaction: &Transaction) -> Option<Timestamp> {
        let (at, next) = self.next_capture(transaction)?;
        (next == Due::Capture(transaction.id)).then_some(at)
    }

    /// The moments and amounts of the captures that the schedule is to try.
    pub fn scheduled_captures(&self) -> impl Iterator<Item = (Timestamp, Amount)> {
        self.transactions
            .iter()
            .filter_map(|own| Some((self.next_capture_attempt(own)?, own.scheduled_amount()?)))
    }

    /// The next step of a payment's scheduled capture, and its time.
    pub(super) fn next_capture(&self, transaction: &Transaction) -> Option<(Timestamp, Due)> {
        let Some(next) = self.scheduled_step(transaction) else { return transaction.end_of_hold() };
        let is_held_back = (self.captures_paused().is_some()
            || self.waits_for_dispute(transaction).is_some())
            && matches!(next.1, Due::Capture(_));
        if is_held_back { transaction.next_while_paused() } else { Some(next) }
    }

    /// The next step of an authorization that the schedule leaves alone, and its time.
    pub(super) fn next_of_hold(&self, transaction: &Transaction) -> Option<(Timestamp, Due)> {
        if self.scheduled_step(transaction).is_some() { None } else { transaction.end_of_hold() }
    }

    /// The next step of a payment that the schedule captures, and its time. Nothing is captured of
    /// a canceled order.
    fn scheduled_step(&self, transaction: &Transaction) -> Option<(Timestamp, Due)> {
        if self.is_cancelled_for(transaction) { None } else { transaction.next_capture() }
    }
}

impl Transaction {
    /// Whether the schedule is to capture it, now or later.
    pub fn waits_for_schedule(&self) -> bool {
        self.next_capture().is_some()
    }

    /// The next step that a pause leaves, and its time. Until then, no run has to look at the
    /// order.
    fn next_while_paused(&self) -> Option<(Timestamp, Due)> {
        let expires = self.authorization_expires_at?;
        Some(if self.is_told_of_ending() {
            (expires, Due::Lapse(self.id))
        } else {
            (expires - EXPIRING_BEFORE, Due::Notice(self.id))
        })
    }
}
