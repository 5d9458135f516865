//! Captures on schedule: when one is due, and the results of its attempts.
//!
//! Only the moment and the part are stored. How often it was tried and why it failed is read off
//! the operations, as everything else about a payment is.
//!
//! The key of a scheduled operation is made of its transaction and time, so a retry is another
//! attempt of the same operation and a rescheduled capture is a new one. A lapsed authorization is
//! voided only if the merchant chose so: its issuer decides how long it lives, and a void cannot be
//! undone.

use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

use super::{
    CaptureAmount, CaptureAt, CaptureTerms, Context, Order, Rejection,
    rules::{must_be_approved_and_idle, must_be_shown_in_parts, must_be_whole_or_named},
};
use crate::{
    order::{
        Attribution, BACK_OFF_MIN, CaptureSchedule, KeyDigest, Kind, Operation, PaymentKind, Policy, Retry,
        Route, Stage, Transaction,
    },
    values::{Amount, Carried, Holidays},
};

/// A capture that failed is not tried again in the last hour of its authorization: the person told
/// of the failure has that hour to act.
const NO_RETRY_BEFORE_EXPIRY: SignedDuration = SignedDuration::from_hours(1);

/// A capture that was never tried, because nothing ran when it was due, is still tried this long
/// after the expiry, which is an estimate.
const GRACE_AFTER_EXPIRY: SignedDuration = SignedDuration::from_hours(1);

/// How long before the expiry an authorization counts as approaching it.
pub(super) const EXPIRING_BEFORE: SignedDuration = SignedDuration::from_hours(24);

/// Moves of scheduled captures that an order keeps. Of more, the oldest are in the log only.
pub const CAPTURE_MOVES_MAX: usize = 5;

/// A caller moved a scheduled capture, changed its amount, or canceled it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CaptureMove {
    /// The payment whose capture it is.
    pub transaction: Uuid,
    /// When it was done.
    pub at: Timestamp,
    /// Who wanted it and why.
    pub by: Option<Box<Attribution>>,
    /// When the payment is captured since; none where the capture was canceled.
    pub to: Option<Timestamp>,
    /// Data that a newer version stored with it.
    pub carried: Carried,
}

/// A step that is due in an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Due {
    /// The capture of the payment with this id.
    Capture(Uuid),
    /// The end of an authorization that was to be captured and cannot be any more.
    Lapse(Uuid),
    /// The last day of an authorization that the schedule does not capture: the merchant has to be
    /// told.
    LastDay(Uuid),
    /// The end of an authorization that the schedule does not capture: its amount is free again.
    End(Uuid),
    /// The merchant has to be told that an authorization is about to end while its capture is
    /// paused.
    Notice(Uuid),
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

/// Records about authorizations that the schedule does not capture.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Holds {
    /// Authorizations whose end was put on record.
    pub ended: usize,
    /// Authorizations that end within a day, of which the merchant is notified.
    pub ending: usize,
}

impl Holds {
    /// Whether there was any.
    pub fn any(self) -> bool {
        self.ended + self.ending > 0
    }
}

impl Order {
    /// When something of the order's scheduled captures is due next.
    pub fn next_capture_at(&self) -> Option<Timestamp> {
        self.transactions.iter().filter_map(|transaction| Some(self.next_capture(transaction)?.0)).min()
    }

    /// The step due now, the longest due first.
    pub fn due_for_capture(&self, now: Timestamp) -> Option<Due> {
        let next = self.transactions.iter().filter_map(|t| Some((self.next_capture(t)?, t)));
        let ((at, next), transaction) =
            next.filter(|((at, _), _)| *at <= now).min_by_key(|((at, _), _)| *at)?;
        transaction.due(at, next, now)
    }

    /// Moves a scheduled capture, changes its amount, or cancels it. A time in the past means now,
    /// also the one that it had: with another amount it is another capture.
    pub fn schedule_capture(
        &mut self,
        id: Uuid,
        terms: &CaptureTerms,
        by: Option<&Attribution>,
        policy: &Policy,
        now: Timestamp,
    ) -> Result<(), Rejection> {
        let transaction = self.transaction_mut(id).ok_or(Rejection::TransactionNotFound)?;
        must_be_approved_and_idle(transaction)?;
        if transaction.kind == PaymentKind::Purchase {
            return Err(Rejection::NotAnAuthorization);
        }
        let held = transaction.capturable();
        if held.is_zero() {
            return Err(Rejection::AlreadyCaptured);
        }
        let was = transaction.capture;
        let at = match &terms.at {
            Some(stated) => {
                let authorized_at =
                    transaction.first().map_or(transaction.created_at, |first| first.attempt.at);
                stated.moment(authorized_at, &policy.holidays)
            }
            None => was.map(|schedule| schedule.at),
        };
        let at = at.map(|at| at.max(now));
        if let (Some(at), Some(latest)) = (at, transaction.authorization_expires_at) {
            must_not_be_after(at, latest, terms.at.as_ref())?;
        }
        let parts = must_be_shown_in_parts(transaction.is_of_shop(), policy);
        let amount = part_to_capture(terms, at, held, parts)?;
        if let Some(part) = amount {
            must_be_whole_or_named(transaction.fee_share_of_capture(part, policy))?;
        }
        let kept = was.filter(|_| terms.amount.is_none()).and_then(|schedule| schedule.amount);
        // A lapsed authorization was to be captured, and that stays on record: no decision is
        // erased.
        let lapsed = was.filter(|_| transaction.lapsed_at.is_some());
        transaction.capture = at.map(|at| CaptureSchedule::new(at, amount.or(kept))).or(lapsed);
        transaction.updated_at = now;
        let (to, by) = (transaction.capture.map(|schedule| schedule.at), by.cloned().map(Box::new));
        self.capture_moves.push(CaptureMove {
            transaction: id,
            at: now,
            by,
            to,
            carried: Carried::default(),
        });
        let more = self.capture_moves.len().saturating_sub(CAPTURE_MOVES_MAX);
        self.capture_moves.drain(..more);
        self.updated_at = now;
        Ok(())
    }

    /// The last move of a payment's scheduled capture, if it is kept.
    pub fn capture_moved(&self, id: Uuid) -> Option<&CaptureMove> {
        self.capture_moves.iter().rfind(|moved| moved.transaction == id)
    }

    /// Puts on record that an authorization ended before it could be captured. False when it has
    /// not.
    pub fn lapse(&mut self, id: Uuid, now: Timestamp) -> bool {
        let due = self.transaction(id).and_then(|transaction| {
            let (at, next) = self.next_capture(transaction)?;
            transaction.due(at, next, now)
        });
        let has_lapsed = due == Some(Due::Lapse(id));
        if has_lapsed {
            self.ended(id, now);
        }
        has_lapsed
    }

    /// Sees to the authorizations that the schedule does not capture: puts on record which have
    /// ended, and that the merchant is notified of those whose last day has begun.
    pub fn see_to_holds(&mut self, now: Timestamp) -> Holds {
        let due_now =
            |own: &Transaction| self.next_of_hold(own).and_then(|(at, next)| own.due(at, next, now));
        let due: Vec<Due> = self.transactions.iter().filter_map(due_now).collect();
        let mut holds = Holds::default();
        for due in due {
            match due {
                Due::End(id) => {
                    self.ended(id, now);
                    holds.ended += 1;
                }
                Due::LastDay(id) => holds.ending += usize::from(self.notify_of_last_day(id, now)),
                Due::Capture(_) | Due::Lapse(_) | Due::Notice(_) => {}
            }
        }
        holds
    }

    /// A decision of another process is before it, regardless of the clocks.
    fn ended(&mut self, id: Uuid, now: Timestamp) {
        let Some(transaction) = self.transaction_mut(id) else { return };
        let latest = transaction.operations.iter().map(|operation| operation.updated_at).max();
        transaction.lapsed_at = Some(latest.map_or(now, |latest| latest.max(now)));
        transaction.updated_at = now;
        self.updated_at = now;
    }
}

/// How a new payment is captured on schedule; without terms, it is not. Its authorization does not
/// exist yet: its end is reckoned from now.
pub(super) fn capture_schedule(
    order: &Order,
    terms: Option<&CaptureTerms>,
    amount: Amount,
    route: &Route,
    context: &Context<'_>,
) -> Result<Option<CaptureSchedule>, Rejection> {
    let Some(terms) = terms else { return Ok(None) };
    let Context { policy, now, .. } = *context;
    let latest = now + policy.authorization_lifetime;
    let stated = terms.at.as_ref();
    let fixed = stated.or(order.capture.as_ref().filter(|default| !matches!(default, CaptureAt::After(_))));
    let rule = match &order.capture {
        Some(CaptureAt::After(rule)) => Some(rule),
        _ => policy.capture.as_ref(),
    };
    let at = match (fixed, rule) {
        (Some(fixed), _) => fixed.moment(now, &policy.holidays).map(|at| at.max(now)),
        (None, Some(rule)) => {
            // No payment is refused because a default's days are holidays: its capture is made
            // earlier instead, early enough to be tried again.
            let at = rule.moment(now, &policy.holidays);
            Some(if at > latest { (latest - EXPIRING_BEFORE).max(now) } else { at })
        }
        (None, None) => None,
    };
    if let Some(at) = at {
        must_not_be_after(at, latest, stated)?;
    }
    let parts = must_be_shown_in_parts(context.shop.is_some(), policy);
    let part = part_to_capture(terms, at, amount, parts)?;
    // The added fee is known too late, when it is held already.
    let may_add_a_fee = policy.surcharging.contains(&route.account) && policy.fee_basis.is_none();
    if may_add_a_fee && part.is_some_and(|part| part < amount) {
        return Err(Rejection::FeeBasisRequired);
    }
    Ok(at.map(|at| CaptureSchedule::new(at, part)))
}

fn must_not_be_after(at: Timestamp, latest: Timestamp, stated: Option<&CaptureAt>) -> Result<(), Rejection> {
    if at <= latest {
        return Ok(());
    }
    let latest = whole_seconds(latest);
    Err(match stated {
        Some(CaptureAt::After(_)) => Rejection::CaptureRuleAfterExpiry(latest),
        _ => Rejection::CaptureAfterExpiry(latest),
    })
}

impl CaptureAt {
    /// The moment for an authorization that was begun at this one; none where the schedule captures
    /// nothing.
    fn moment(&self, authorized_at: Timestamp, holidays: &Holidays) -> Option<Timestamp> {
        match self {
            Self::At(at) => Some(*at),
            Self::After(rule) => Some(rule.moment(authorized_at, holidays)),
            Self::Never | Self::Unrecognized => None,
        }
    }
}

/// The part that is to be captured at this moment; none stated means all. `parts` says whether less
/// than all can be.
fn part_to_capture(
    terms: &CaptureTerms,
    at: Option<Timestamp>,
    held: Amount,
    parts: Result<(), Rejection>,
) -> Result<Option<Amount>, Rejection> {
    let Some(CaptureAmount::Part(part)) = terms.amount else { return Ok(None) };
    if at.is_none() {
        return Err(Rejection::CaptureNotScheduled);
    }
    if part > held {
        return Err(Rejection::CaptureExceedsAuthorized(held));
    }
    if part < held {
        parts?;
    }
    Ok(Some(part))
}

impl CaptureSchedule {
    /// A capture at this moment; of all that is held, or of a part.
    pub fn new(at: Timestamp, amount: Option<Amount>) -> Self {
        Self { at, amount, held_back_at: None, put_off_until: None }
    }

    /// The idempotency key of its capture: one for each requested moment and amount, so that a
    /// retry is another attempt of the same operation and a capture that is scheduled anew is a new
    /// one.
    pub fn key(&self, transaction: Uuid) -> KeyDigest {
        let part = self.amount.map(|part| format!(" {}", part.minor())).unwrap_or_default();
        KeyDigest::new("scheduled_capture", &transaction.to_string(), &format!("{}{part}", self.at))
    }

    /// The moment, unless it is put off for longer.
    fn not_before(&self, at: Timestamp) -> Timestamp {
        self.put_off_until.map_or(at, |until| until.max(at))
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

    /// The state of its scheduled capture; none when nothing is scheduled, or nothing is left to
    /// capture.
    pub fn capture_standing(&self) -> Option<CaptureStanding> {
        self.capture.as_ref().filter(|_| self.may_be_captured())?;
        Some(match self.scheduled_capture() {
            _ if self.lapsed_at.is_some() => CaptureStanding::Lapsed,
            None => CaptureStanding::Waiting,
            Some(operation) => match operation.stage() {
                Stage::Declined => CaptureStanding::Stopped,
                Stage::NoEffect if operation.no_effect().is_some_and(|why| why.retry() == Retry::Never) => {
                    CaptureStanding::Stopped
                }
                Stage::NoEffect => CaptureStanding::Retrying,
                Stage::Pending | Stage::Approved | Stage::WaitsForDispute | Stage::Unrecognized => {
                    CaptureStanding::Waiting
                }
            },
        })
    }

    /// The amount that its schedule captures: the part that was requested, or all that is held if
    /// that is less. None when nothing is scheduled, or nothing is left to capture.
    pub fn scheduled_amount(&self) -> Option<Amount> {
        let held = self.capturable();
        let schedule = self.capture.filter(|_| !held.is_zero())?;
        Some(schedule.amount.map_or(held, |part| part.min(held)))
    }

    /// Whether the authorization is about to end, or has ended, and is not captured.
    pub fn is_expiring(&self, now: Timestamp) -> bool {
        self.may_be_captured()
            && self.authorization_expires_at.is_some_and(|expires| now >= expires - EXPIRING_BEFORE)
    }

    /// When the authorization is about to end, and when it has ended uncaptured, as far as can be
    /// told. None where nothing is held, or its end is on record.
    pub fn last_day_of_hold(&self) -> Option<(Timestamp, Timestamp)> {
        let expires = self.authorization_expires_at.filter(|_| self.may_be_captured())?;
        self.lapsed_at.is_none().then_some((expires - EXPIRING_BEFORE, expires))
    }

    /// Whether the authorization has ended uncaptured, as far as can be told.
    pub fn has_expired(&self, now: Timestamp) -> bool {
        self.may_be_captured() && self.authorization_expires_at.is_some_and(|expires| now >= expires)
    }

    /// Whether its scheduled capture failed and is not tried again before the authorization ends.
    pub(super) fn ends_uncaptured(&self) -> bool {
        self.next_capture().is_some_and(|(_, next)| next == Due::Lapse(self.id))
    }

    /// Whether its scheduled capture would be tried now if nothing held it back.
    pub(super) fn is_due_for_capture(&self, now: Timestamp) -> bool {
        self.next_capture().and_then(|(at, next)| self.due(at, next, now)) == Some(Due::Capture(self.id))
    }

    fn may_be_captured(&self) -> bool {
        !self.capturable().is_zero()
    }

    /// The next step of its scheduled capture, and its time, unless the order's captures are
    /// paused.
    pub(super) fn next_capture(&self) -> Option<(Timestamp, Due)> {
        let (capture, lapse) = (Due::Capture(self.id), Due::Lapse(self.id));
        let schedule = self.capture.as_ref()?;
        let expires = self.authorization_expires_at?;
        let attempt = match self.capture_standing()? {
            CaptureStanding::Lapsed | CaptureStanding::Stopped => return None,
            CaptureStanding::Waiting => return Some((schedule.not_before(schedule.at), capture)),
            CaptureStanding::Retrying => self.scheduled_capture()?,
        };
        let step =
            usize::try_from(attempt.attempt.number).unwrap_or(usize::MAX).clamp(1, BACK_OFF_MIN.len()) - 1;
        let again = schedule.not_before(attempt.updated_at + SignedDuration::from_mins(BACK_OFF_MIN[step]));
        let in_time = again <= expires - NO_RETRY_BEFORE_EXPIRY;
        Some(if in_time { (again, capture) } else { (expires, lapse) })
    }

    /// The next step of an authorization that the schedule no longer captures, or never would: the
    /// merchant is told once that it ends, unless its capture was refused, and an hour after its
    /// end it holds nothing.
    pub(super) fn end_of_hold(&self) -> Option<(Timestamp, Due)> {
        let (last_day, expires) = self.last_day_of_hold()?;
        let is_known = self.is_told_of_ending() || self.capture_standing() == Some(CaptureStanding::Stopped);
        if !is_known {
            return Some((last_day, Due::LastDay(self.id)));
        }
        Some((expires.checked_add(GRACE_AFTER_EXPIRY).ok()?, Due::End(self.id)))
    }

    /// The next step as it is due now; none before its time.
    fn due(&self, at: Timestamp, next: Due, now: Timestamp) -> Option<Due> {
        if at > now {
            return None;
        }
        let expires = self.authorization_expires_at?;
        let over = expires + GRACE_AFTER_EXPIRY;
        Some(match next {
            Due::Capture(_) if now > over => Due::Lapse(self.id),
            Due::Notice(_) if now >= expires => Due::Lapse(self.id),
            // Nothing ran on its last day.
            Due::LastDay(_) if now >= over => Due::End(self.id),
            Due::Capture(_) | Due::Notice(_) | Due::LastDay(_) | Due::Lapse(_) | Due::End(_) => next,
        })
    }
}

/// As times are shown.
pub(super) fn whole_seconds(at: Timestamp) -> Timestamp {
    Timestamp::from_second(at.as_second()).unwrap_or(at)
}
