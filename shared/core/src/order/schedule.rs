//! Captures on schedule: when one is due, and what its attempts led to.
//!
//! Only the moment is stored. How often it was tried and why it failed is read off the operations, as everything else
//! about a payment is.

use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

use super::{Order, Rejection, rules::must_be_approved_and_idle};
use crate::order::{
    BACK_OFF_MIN, CaptureSchedule, KeyDigest, Kind, Operation, PaymentKind, Retry, Stage, Transaction,
};

/// A capture that failed is not tried again in the last hour of its authorization: whoever is told that it failed has
/// that hour to act.
const NO_RETRY_BEFORE_EXPIRY: SignedDuration = SignedDuration::from_hours(1);

/// A capture that was never tried, because nothing ran when it was due, is still tried this long after the expiry,
/// which is an estimate.
const GRACE_AFTER_EXPIRY: SignedDuration = SignedDuration::from_hours(1);

/// How long before the expiry an authorization counts as approaching it.
const EXPIRING_BEFORE: SignedDuration = SignedDuration::from_hours(24);

/// What is due in an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Due {
    /// The capture of the payment with this id.
    Capture(Uuid),
    /// The end of an authorization that was to be captured and cannot be any more.
    Lapse(Uuid),
}

/// The state of a scheduled capture, for the merchant to see.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CaptureStanding {
    /// Its time has not come, or it is being tried.
    Waiting,
    /// The last attempt did nothing; it is tried again.
    Retrying,
    /// Declined, or voided by someone else: it is not tried any more.
    Stopped,
    /// The authorization ended before it could be captured.
    Lapsed,
}

impl Order {
    /// When something of the order's scheduled captures is due next.
    pub fn next_capture_at(&self) -> Option<Timestamp> {
        self.transactions.iter().filter_map(|transaction| Some(transaction.next_capture()?.0)).min()
    }

    /// What is due now, the longest due first.
    pub fn due_for_capture(&self, now: Timestamp) -> Option<Due> {
        let next = self.transactions.iter().filter_map(|t| Some((t.next_capture()?.0, t)));
        let (_, transaction) = next.filter(|(at, _)| *at <= now).min_by_key(|(at, _)| *at)?;
        transaction.due(now)
    }

    /// Moves a scheduled capture, or cancels it. A time in the past means now.
    pub fn schedule_capture(
        &mut self,
        id: Uuid,
        at: Option<Timestamp>,
        now: Timestamp,
    ) -> Result<(), Rejection> {
        let transaction = self.transaction_mut(id).ok_or(Rejection::TransactionNotFound)?;
        must_be_approved_and_idle(transaction)?;
        if transaction.kind == PaymentKind::Purchase {
            return Err(Rejection::NotAnAuthorization);
        }
        if transaction.capturable().is_zero() {
            return Err(Rejection::AlreadyCaptured);
        }
        let at = at.map(|at| at.max(now));
        if let (Some(at), Some(latest)) = (at, transaction.authorization_expires_at)
            && at > latest
        {
            return Err(Rejection::CaptureAfterExpiry(whole_seconds(latest)));
        }
        // That one lapsed stays on record: nothing that was decided is erased.
        let lapsed = transaction.capture.filter(|schedule| schedule.lapsed_at.is_some());
        transaction.capture = at.map(|at| CaptureSchedule { at, lapsed_at: None }).or(lapsed);
        transaction.updated_at = now;
        self.updated_at = now;
        Ok(())
    }

    /// Puts on record that an authorization ended before it could be captured. None when it has not.
    pub fn lapse(&mut self, id: Uuid, now: Timestamp) -> Option<()> {
        let transaction = self.transaction_mut(id)?;
        if transaction.due(now)? != Due::Lapse(id) {
            return None;
        }
        transaction.capture.as_mut()?.lapsed_at = Some(now);
        transaction.updated_at = now;
        self.updated_at = now;
        Some(())
    }
}

impl CaptureSchedule {
    /// The idempotency key of its capture: one for each requested moment, so that a retry is another attempt
    /// of the same operation and a capture that is scheduled anew is a new one.
    pub fn key(&self, transaction: Uuid) -> KeyDigest {
        KeyDigest::new("scheduled_capture", &transaction.to_string(), &self.at.to_string())
    }

    /// The idempotency key of the void that takes its place when the authorization has ended.
    pub fn void_key(&self, transaction: Uuid) -> KeyDigest {
        KeyDigest::new("lapsed", &transaction.to_string(), &self.at.to_string())
    }
}

impl Transaction {
    /// The operation that the schedule began.
    pub fn scheduled_capture(&self) -> Option<&Operation> {
        let key = self.capture.as_ref()?.key(self.id);
        self.operations.iter().find(|operation| operation.kind == Kind::Capture && operation.key == Some(key))
    }

    /// The state of its scheduled capture; none when nothing is scheduled, or nothing is left to capture.
    pub fn capture_standing(&self) -> Option<CaptureStanding> {
        let schedule = self.capture.as_ref().filter(|_| self.may_be_captured())?;
        Some(match self.scheduled_capture() {
            _ if schedule.lapsed_at.is_some() => CaptureStanding::Lapsed,
            None => CaptureStanding::Waiting,
            Some(operation) => match operation.stage() {
                Stage::Declined => CaptureStanding::Stopped,
                Stage::NoEffect if operation.no_effect().is_some_and(|why| why.retry() == Retry::Never) => {
                    CaptureStanding::Stopped
                }
                Stage::NoEffect => CaptureStanding::Retrying,
                Stage::Pending | Stage::Approved | Stage::Unrecognized => CaptureStanding::Waiting,
            },
        })
    }

    /// When its scheduled capture is tried next; none when it is not.
    pub fn next_capture_attempt(&self) -> Option<Timestamp> {
        self.next_capture().filter(|(_, next)| *next == Due::Capture(self.id)).map(|(at, _)| at)
    }

    /// Whether the authorization is about to end, or has ended, and is not captured.
    pub fn is_expiring(&self, now: Timestamp) -> bool {
        self.may_be_captured()
            && self.authorization_expires_at.is_some_and(|expires| now >= expires - EXPIRING_BEFORE)
    }

    /// Whether the authorization has ended uncaptured, as far as can be told.
    pub fn has_expired(&self, now: Timestamp) -> bool {
        self.may_be_captured() && self.authorization_expires_at.is_some_and(|expires| now >= expires)
    }

    /// Whether its scheduled capture failed and is not tried again before the authorization ends.
    pub(super) fn ends_uncaptured(&self) -> bool {
        self.next_capture().is_some_and(|(_, next)| next == Due::Lapse(self.id))
    }

    /// Whether its scheduled capture is to be tried now.
    pub(super) fn is_due_for_capture(&self, now: Timestamp) -> bool {
        self.due(now) == Some(Due::Capture(self.id))
    }

    fn may_be_captured(&self) -> bool {
        !self.capturable().is_zero()
    }

    /// What is next of its scheduled capture, and when.
    fn next_capture(&self) -> Option<(Timestamp, Due)> {
        let (capture, lapse) = (Due::Capture(self.id), Due::Lapse(self.id));
        let schedule = self.capture.as_ref()?;
        let expires = self.authorization_expires_at?;
        let attempt = match self.capture_standing()? {
            CaptureStanding::Lapsed | CaptureStanding::Stopped => return None,
            CaptureStanding::Waiting => return Some((schedule.at, capture)),
            CaptureStanding::Retrying => self.scheduled_capture()?,
        };
        let step =
            usize::try_from(attempt.attempt.number).unwrap_or(usize::MAX).clamp(1, BACK_OFF_MIN.len()) - 1;
        let again = attempt.updated_at + SignedDuration::from_mins(BACK_OFF_MIN[step]);
        let in_time = again <= expires - NO_RETRY_BEFORE_EXPIRY;
        Some(if in_time { (again, capture) } else { (expires, lapse) })
    }

    /// What is due now.
    fn due(&self, now: Timestamp) -> Option<Due> {
        let (_, next) = self.next_capture().filter(|(at, _)| *at <= now)?;
        let too_late =
            self.authorization_expires_at.is_some_and(|expires| now > expires + GRACE_AFTER_EXPIRY);
        Some(if too_late { Due::Lapse(self.id) } else { next })
    }
}

/// As times are shown.
pub(super) fn whole_seconds(at: Timestamp) -> Timestamp {
    Timestamp::from_second(at.as_second()).unwrap_or(at)
}
