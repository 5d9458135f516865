//! The steps of a payment that its shop has, or is being told, as they are on record.
//!
//! A shop's requests have no idempotency key, so looking is the key: a step is on record as sent
//! before it is sent, and is repeated only when looks show that it is not there. A request may
//! arrive long after it was sent. So a payment's step waits for an hour, and after a repetition it
//! is looked twice more for a duplicate.

use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

use crate::{
    order::Kind,
    values::{Amount, Carried},
    words,
};

/// How long a step without a result is looked for before a person has to act.
const GIVEN_UP_AFTER: SignedDuration = SignedDuration::from_hours(3 * 24);

/// When a step whose request has no response is looked for, counted from when it was sent.
pub(super) const LOOKS_AFTER: [SignedDuration; 5] = [
    SignedDuration::from_mins(1),
    SignedDuration::from_mins(2),
    SignedDuration::from_mins(5),
    SignedDuration::from_mins(15),
    REPEATED_AFTER,
];

/// How long a payment's step without a trace waits until it is repeated.
pub(super) const REPEATED_AFTER: SignedDuration = SignedDuration::from_hours(1);

/// How long a shop that did not answer about an order is left alone about it.
pub(super) const PUT_OFF_FOR: SignedDuration = SignedDuration::from_mins(5);

/// When it is looked for a duplicate after a repetition, or for a request that was overtaken, each
/// counted from the look before.
const LOOK_AGAIN_AFTER: [SignedDuration; 2] = [SignedDuration::from_hours(3), SignedDuration::from_hours(20)];

/// How long the shop's reads may lack what the shop has recorded. The vendor speaks of a minute.
pub(super) const SHOWN_AFTER: SignedDuration = SignedDuration::from_mins(2);

/// When a step that the shop refused is looked for, each time counted from the one before.
const REFUSAL_LOOKS_AFTER: [SignedDuration; 2] = [SHOWN_AFTER, LOOK_AGAIN_AFTER[0]];

/// Looks that have to show nothing before a payment's step is repeated.
pub(super) const LOOKS_MIN: u32 = 2;

/// The steps of a payment that its shop has, or is being told.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Recording {
    /// The sum that was paid or authorized there, by whomever, as the shop said when it was asked
    /// for the payment.
    pub settled_before: Amount,
    /// The part of it that the shop was known to have of the order's own payments.
    pub told_before: Amount,
    /// The last step that is on record there; none before the first.
    pub told: Option<Told>,
    /// The last step that was sent, if it is not on record there.
    pub attempt: Option<Telling>,
    /// Whether the order is canceled there once the authorization was voided, as the merchant's
    /// document said when it was paid.
    pub cancels: bool,
    /// Whether the schedule captured it without an answer of the shop, which may have canceled the
    /// order before.
    pub is_unasked: bool,
    /// Data that a newer version stored with it.
    pub carried: Carried,
}

/// The last step of a payment that the shop has on record, whoever recorded it there. It only
/// grows: a reading may be late.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    pub step: Kind,
    /// The id of the shop's own transaction.
    pub id: String,
    /// When that was known.
    pub at: Timestamp,
    /// The sum of the partial refunds that are on record there, or of all that was given back.
    pub refunded: Amount,
    /// When the shop showed more of it than it had been told.
    pub shown_at: Option<Timestamp>,
    /// When to look for a duplicate, because its request was repeated.
    pub look_at: Option<Timestamp>,
    /// Whether the shop has the payment more than once.
    pub is_twice: bool,
}

/// A step that was sent to a shop and that is not on record there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Telling {
    /// Of this request: its response belongs to no other.
    pub id: Uuid,
    pub step: Kind,
    /// The sum of the refunds after a partial one; none for every other step.
    pub refunded: Option<Amount>,
    pub state: TellingState,
    /// From when it is counted how long it is tried.
    pub since: Timestamp,
    /// When it was sent last.
    pub sent_at: Timestamp,
    /// Looks since then, or since a refusal, that did not show it.
    pub looks: u32,
    /// Whether an earlier request may have been carried out.
    pub is_repeated: bool,
    /// Whether the shop refused it, and has it perhaps all the same.
    pub is_refused: bool,
    /// When something is to be done about it next.
    pub next_at: Timestamp,
}

words! {
    /// How far a step is that was sent to a shop.
    pub enum TellingState {
        /// It is not known whether the shop has it.
        Sent => "sent",
        /// It is known not to have arrived, and is sent again.
        NotArrived => "not_arrived",
        /// The payment was given back before it was known. A request may still arrive.
        Overtaken => "overtaken",
        /// The shop refused it.
        Refused => "refused",
        /// For three days nothing showed whether the shop has it.
        NotAnswered => "not_answered",
        /// The shop shows an amount that no payment of Tollgate's explains.
        Differs => "differs",
        _ => Unrecognized,
    }
}

/// A step as a shop is told it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ToTell {
    /// The payment, whose id is the reference that the shop stores.
    pub transaction: Uuid,
    /// The request: [`Telling::id`].
    pub attempt: Uuid,
    pub step: Kind,
    /// The payment's amount without fees.
    pub amount: Amount,
    /// The part that is given back, where it is a partial refund.
    pub part: Option<PartRefunded>,
    /// The shop's own transaction, for a step that is not the first.
    pub id: Option<String>,
}

/// A partial refund as a shop is told it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PartRefunded {
    /// The part that is given back by it.
    pub amount: Amount,
    /// The sum of the refunds after it.
    pub total: Amount,
}

/// The result of telling a shop.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TellingAnswer {
    /// It has it on record, under this id of its own.
    Recorded(String),
    /// The request was not carried out, and may be sent again.
    NotArrived,
    /// The shop refused it.
    Refused,
    /// It may have been carried out, or may yet be.
    Unknown,
}

impl TellingState {
    /// Whether its request may still be carried out, or was.
    pub(super) fn may_arrive(self) -> bool {
        matches!(self, Self::Sent | Self::Overtaken)
    }

    /// Whether a request of it was sent that the shop may have carried out.
    pub(super) fn was_sent(self) -> bool {
        self != Self::NotArrived
    }
}

impl Telling {
    /// Whether it is looked for.
    pub(super) fn is_looked_for(&self) -> bool {
        let is_late = self.state == TellingState::Refused && self.refusal_look().is_some();
        self.state.may_arrive() || is_late
    }

    /// The time until the next look of a step that the shop refused.
    fn refusal_look(&self) -> Option<SignedDuration> {
        REFUSAL_LOOKS_AFTER.get(usize::try_from(self.looks).ok()?).copied()
    }

    /// When it is looked for next, if there is no response.
    pub(super) fn next_look(&self, now: Timestamp) -> Timestamp {
        let later = LOOKS_AFTER.into_iter().map(|after| self.sent_at + after).find(|at| *at > now);
        later.unwrap_or(now + PUT_OFF_FOR)
    }

    /// Whether a look now that shows nothing is the last of those that a payment's step waits for.
    pub(super) fn has_waited(&self, now: Timestamp) -> bool {
        now.duration_since(self.sent_at) >= REPEATED_AFTER && self.looks + 1 >= LOOKS_MIN
    }

    /// Whether a look now that shows nothing lets the step be repeated. A payment would be there
    /// twice if its request arrived later; a capture or a full refund cannot be. A partial refund
    /// is repeated only if a person wants it.
    pub(super) fn may_be_repeated(&self, now: Timestamp) -> bool {
        match self.refunded {
            Some(_) => self.is_repeated,
            None => !self.step.is_payment() || self.has_waited(now),
        }
    }

    /// Whether a look now that shows nothing is the last one of a step that is never repeated.
    pub(super) fn is_given_up(&self, now: Timestamp) -> bool {
        self.refunded.is_some() && !self.is_repeated && self.has_waited(now)
    }

    /// Stops it until a person has looked. An answer that comes later belongs to no request.
    pub(super) fn stop(&mut self, state: TellingState) {
        let sent_at = self.sent_at;
        (self.id, self.state) = (Uuid::nil(), state);
        (self.since, self.next_at) = (sent_at, sent_at);
        (self.looks, self.is_refused) = (0, false);
    }
}

impl Recording {
    /// The step that was sent is on record there, under this id.
    pub(super) fn record(&mut self, id: String, at: Timestamp) {
        let Some(telling) = self.attempt.take() else { return };
        let earlier = self.told.take();
        let look_at = (telling.is_repeated && telling.step.is_payment()).then(|| at + LOOK_AGAIN_AFTER[0]);
        let before = earlier.as_ref().map(|earlier| (earlier.step, earlier.refunded));
        let (step, refunded) = match (telling.refunded, before) {
            // A partial refund leaves the payment what it was.
            (Some(refunded), Some((step, _))) => (step, refunded),
            (_, before) => (telling.step, before.map_or(Amount::ZERO, |(_, refunded)| refunded)),
        };
        self.told = Some(Told {
            step,
            refunded,
            shown_at: earlier.as_ref().and_then(|earlier| earlier.shown_at),
            // The shop's later steps of a payment may have ids of their own.
            id: earlier.as_ref().map_or(id, |earlier| earlier.id.clone()),
            at,
            look_at: look_at.or(earlier.as_ref().and_then(|earlier| earlier.look_at)),
            is_twice: earlier.is_some_and(|earlier| earlier.is_twice),
        });
    }

    /// Leaves a step to a person that was tried for days.
    pub(super) fn give_up_after_days(&mut self, now: Timestamp) {
        let is_tried =
            |one: &&mut Telling| matches!(one.state, TellingState::Sent | TellingState::NotArrived);
        let tried = self.attempt.as_mut().filter(is_tried);
        if let Some(telling) = tried.filter(|one| now.duration_since(one.since) >= GIVEN_UP_AFTER) {
            telling.stop(TellingState::NotAnswered);
        }
    }

    pub(super) fn stop(&mut self, state: TellingState) {
        if let Some(telling) = &mut self.attempt {
            telling.stop(state);
        }
    }

    /// The shop refused the step. It is looked for twice more: it may be there all the same.
    pub(super) fn refuse(&mut self, now: Timestamp) {
        if let Some(telling) = &mut self.attempt {
            telling.stop(TellingState::Refused);
            telling.next_at = now + SHOWN_AFTER;
        }
    }

    /// A look that did not show a step that the shop refused.
    pub(super) fn look_after_refusal(&mut self, now: Timestamp) {
        let Some(telling) = &mut self.attempt else { return };
        telling.looks += 1;
        telling.next_at = telling.refusal_look().map_or(telling.sent_at, |after| now + after);
    }

    /// A look that showed nothing, too early to repeat the step.
    pub(super) fn look_later(&mut self, now: Timestamp) {
        if let Some(telling) = &mut self.attempt {
            telling.looks += 1;
            telling.next_at = telling.next_look(now);
        }
        self.give_up_after_days(now);
    }

    /// A look that showed nothing of a step that must not be told any more.
    pub(super) fn overtake(&mut self, now: Timestamp) {
        let Some(telling) = &mut self.attempt else { return };
        if telling.state == TellingState::Sent && !telling.has_waited(now) {
            return self.look_later(now);
        }
        let is_first = telling.state == TellingState::Sent;
        telling.looks = if is_first { 0 } else { telling.looks + 1 };
        telling.state = TellingState::Overtaken;
        match usize::try_from(telling.looks).ok().and_then(|looks| LOOK_AGAIN_AFTER.get(looks)) {
            Some(after) => telling.next_at = now + *after,
            None => self.attempt = None,
        }
    }

    /// A look for a duplicate. The last one is not followed by another.
    pub(super) fn look_for_duplicate(&mut self, is_twice: bool, now: Timestamp) {
        let Some(told) = &mut self.told else { return };
        told.is_twice = is_twice;
        let is_last = now.duration_since(told.at) >= LOOK_AGAIN_AFTER[1];
        told.look_at = (!is_last && !is_twice).then(|| now + LOOK_AGAIN_AFTER[1]);
    }
}
