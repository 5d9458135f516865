//! The shop of an order is told of its payments, so that the order is authorized or paid there,
//! too.
//!
//! The next step to tell follows from the payments alone; on record are only the last one that the
//! shop has, and the one that was sent. A recording reserves nothing, keeps no operation from being
//! sent and casts no doubt on money.

mod look;

use jiff::Timestamp;
use uuid::Uuid;

use super::{
    Context, Kind, Order, ShopOrder, ShopReading, Transaction,
    recording::{
        LOOKS_AFTER, LOOKS_MIN, PUT_OFF_FOR, PartRefunded, REPEATED_AFTER, Recording, SHOWN_AFTER, Telling,
        TellingAnswer, TellingState, ToTell, Told,
    },
};
use crate::{order::Operation, values::Amount, words};

words! {
    /// How far a shop knows of a payment.
    pub enum AtShopState {
        /// The next step is to be told.
        ToTell => "to_tell",
        /// A step was sent, and it is not known whether the shop has it.
        Sent => "sent",
        /// The shop shows the payment as it is.
        Told => "told",
        /// The shop refused a step.
        Refused => "refused",
        /// The shop shows the payment otherwise, or may.
        NeedsAttention => "needs_attention",
    }
}

words! {
    /// Why a shop does not show a payment as it is.
    pub enum ShopDifference {
        /// A part was captured, and the rest released. The shop only knows captures of everything.
        PartlyCaptured => "partly_captured",
        /// A part was refunded.
        PartlyRefunded => "partly_refunded",
        /// The order was canceled in the shop, and money of the payment is held or taken.
        OrderCancelled => "order_cancelled",
        /// The authorization was voided, or given back before its capture was told.
        Voided => "voided",
        /// It holds the rest of another payment anew.
        Reauthorized => "reauthorized",
        /// For three days nothing showed whether the shop has it.
        NotAnswered => "not_answered",
        /// The shop has it more than once.
        RecordedTwice => "recorded_twice",
        /// The shop shows an amount that no payment of Tollgate's explains.
        OtherAmount => "other_amount",
        /// More of it was refunded or released in the shop than here.
        RefundedThere => "refunded_there",
        /// It was captured in the shop, and not here, or only a part.
        CapturedThere => "captured_there",
        /// More than the order's total is paid, there and here.
        OverpaidThere => "overpaid_there",
    }
}

/// A payment as its shop has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AtShop<'a> {
    pub state: AtShopState,
    /// Why a person has to look at it.
    pub difference: Option<ShopDifference>,
    /// Since when the difference, or the refusal, is known.
    pub since: Option<Timestamp>,
    /// The last step that is on record there.
    pub step: Option<Kind>,
    /// The sum that was given back there.
    pub refunded: Amount,
    /// The id of the shop's own transaction.
    pub id: Option<&'a str>,
    /// Whether it can be told again: what a shop has no request for cannot.
    pub can_be_told_again: bool,
}

/// The next thing to do so that an order's shop knows its payments.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RecordingTask {
    /// The next step of this payment is sent.
    Send(Uuid),
    /// The shop's transactions are read because of this payment.
    Look(Uuid),
    /// A payment is voided, because its order was canceled there.
    Void,
}

/// The next step of a payment, and since when it is to be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct NextTold {
    kind: Kind,
    /// The sum of the refunds, of a partial one.
    refunded: Option<Amount>,
    since: Timestamp,
}

impl NextTold {
    /// Whether this step was sent before. A later partial refund adds to the one before it.
    fn is_of(&self, telling: &Telling) -> bool {
        telling.step == self.kind && telling.refunded.is_some() == self.refunded.is_some()
    }
}

impl Transaction {
    /// Whether nothing of it stands any more, although it was approved.
    fn is_given_back(&self) -> bool {
        let captured = self.captured();
        self.voided().is_some() || (!captured.is_zero() && self.refunded() >= captured)
    }

    /// Whether the shop should have it on record.
    pub(super) fn stands_at_shop(&self) -> bool {
        self.began() && self.is_recognized() && !self.must_not_stand() && !self.is_given_back()
    }

    pub(super) fn told(&self) -> Option<&Told> {
        self.recording.as_ref()?.told.as_ref()
    }

    /// Whether it was asked for in a shop, which is told of it.
    pub(super) fn is_of_shop(&self) -> bool {
        self.recording.is_some()
    }

    pub(super) fn telling(&self) -> Option<&Telling> {
        self.recording.as_ref()?.attempt.as_ref()
    }

    /// The amount that its shop should show: without fees, and not less what was given back.
    fn amount_at_shop(&self) -> Amount {
        if self.told().is_some() { self.amount() } else { Amount::ZERO }
    }

    /// The sum that was given back in its shop.
    fn refunded_at_shop(&self) -> Amount {
        match self.told() {
            Some(told) if told.step == Kind::Refund => self.amount(),
            told => told.map_or(Amount::ZERO, |told| told.refunded),
        }
    }

    /// The sum that was given back here, of which a released hold is all.
    fn given_back(&self) -> Amount {
        if self.is_given_back() { self.amount() } else { self.refunded() }
    }

    /// The part of a payment on record there that is held or taken, as far as it was given back
    /// neither here nor there.
    pub(super) fn left_here_and_there(&self) -> Amount {
        let standing = if self.told().is_some() { self.in_effect() } else { Amount::ZERO };
        standing.checked_sub(self.given_back().max(self.refunded_at_shop())).unwrap_or(Amount::ZERO)
    }

    /// How the shop shows more of it than was done here, where staff did that.
    fn done_there(&self) -> Option<(ShopDifference, Timestamp)> {
        let told = self.told().filter(|_| self.pending().is_none())?;
        let shown_at = told.shown_at?;
        let is_whole = self.capturable().is_zero() && self.released().is_zero();
        if self.refunded_at_shop() > self.given_back() {
            Some((ShopDifference::RefundedThere, shown_at))
        } else if told.step == Kind::Capture && !self.is_given_back() && !is_whole {
            Some((ShopDifference::CapturedThere, shown_at))
        } else {
            None
        }
    }

    /// The step that follows the last one that its shop has on record. A canceled order takes
    /// refunds only.
    fn next_told(&self, order: &Order) -> Option<NextTold> {
        let recording = self.recording.as_ref()?;
        let is_captured_whole = !self.captured().is_zero() && self.released().is_zero();
        let (is_cancelled, is_back) = (order.cancelled_at.is_some(), self.is_given_back());
        let told = recording.told.as_ref();
        let kind = match told.map(|told| told.step) {
            None if self.continues.is_none() && self.stands_at_shop() && !is_cancelled => {
                self.kind.operation()
            }
            Some(Kind::Authorize) if is_captured_whole && !is_back && !is_cancelled => Kind::Capture,
            Some(Kind::Authorize)
                if is_back && recording.cancels && !is_cancelled && order.has_no_payment() =>
            {
                Kind::Void
            }
            Some(Kind::Purchase | Kind::Capture) if is_back || self.refunded() > told?.refunded => {
                Kind::Refund
            }
            _ => return None,
        };
        let refunded = (kind == Kind::Refund && !is_back).then(|| self.refunded());
        Some(NextTold { kind, refunded, since: self.step_done_at(kind)? })
    }

    /// When the operation was done that a step tells.
    fn step_done_at(&self, kind: Kind) -> Option<Timestamp> {
        let done: Option<&Operation> = match kind {
            Kind::Capture => self.approved(Kind::Capture).last(),
            Kind::Refund | Kind::Void => self.voided().or_else(|| self.approved(Kind::Refund).last()),
            _ => self.first(),
        };
        done.map(|operation| operation.updated_at)
    }

    /// Whether the shop is to cancel the order because of its void, or is being told to.
    fn is_told_of_void(&self, order: &Order) -> bool {
        let is_next = self.next_told(order).is_some_and(|next| next.kind == Kind::Void);
        is_next || self.telling().is_some_and(|telling| telling.step == Kind::Void)
    }

    /// A step that is not sent again before a person has looked. One that a look did not show is
    /// over once its payment was given back; one without an answer may be there all the same.
    fn stopped_telling(&self, order: &Order) -> Option<&Telling> {
        self.telling().filter(|telling| match telling.state {
            TellingState::Refused | TellingState::Differs => self.is_next(telling, order),
            TellingState::NotAnswered => true,
            _ => false,
        })
    }

    /// Whether a step that was sent is still the one to be told.
    fn is_next(&self, telling: &Telling, order: &Order) -> bool {
        self.next_told(order).is_some_and(|next| next.is_of(telling))
    }

    /// When its next step is to be sent; none where there is none, or a person has to act first.
    fn sends_at(&self, order: &Order) -> Option<(NextTold, Timestamp)> {
        let next = self.next_told(order)?;
        match self.telling().filter(|telling| next.is_of(telling)) {
            None => Some((next, next.since)),
            Some(telling) if telling.state == TellingState::NotArrived => Some((next, telling.next_at)),
            Some(_) => None,
        }
    }

    /// When it is looked for at its shop.
    fn looks_at(&self) -> Option<Timestamp> {
        let sent = self.telling().filter(|telling| telling.is_looked_for());
        sent.map(|telling| telling.next_at).or_else(|| self.told()?.look_at)
    }

    /// Whether a request is under way that decides whether another may be sent.
    fn is_being_told(&self) -> bool {
        self.telling().is_some_and(|telling| telling.state == TellingState::Sent)
    }
}

impl Order {
    /// The payment as its shop has it; none where no shop decided what was owed, or where nothing
    /// of it is to be told.
    pub fn at_shop<'a>(&self, payment: &'a Transaction) -> Option<AtShop<'a>> {
        if !payment.is_of_shop() {
            return None;
        }
        let stopped = payment.stopped_telling(self);
        let refused = stopped.filter(|telling| telling.state == TellingState::Refused);
        let difference = self.shop_difference(payment);
        let (state, since) = if let Some((_, since)) = difference {
            (AtShopState::NeedsAttention, Some(since))
        } else if let Some(refused) = refused {
            (AtShopState::Refused, Some(refused.sent_at))
        } else if payment.telling().is_some_and(|telling| telling.state.may_arrive()) {
            (AtShopState::Sent, None)
        } else if payment.sends_at(self).is_some() {
            (AtShopState::ToTell, None)
        } else if payment.told().is_some() {
            (AtShopState::Told, None)
        } else {
            return None;
        };
        Some(AtShop {
            state,
            difference: difference.map(|(difference, _)| difference),
            since,
            step: payment.told().map(|told| told.step),
            refunded: payment.refunded_at_shop(),
            id: payment.told().map(|told| told.id.as_str()),
            can_be_told_again: stopped.is_some() || payment.told().is_some_and(|told| told.is_twice),
        })
    }

    /// Why its shop does not show a payment as it is, and since when. A refused step is another
    /// state, but for a partial refund: few shops can show one.
    fn shop_difference(&self, payment: &Transaction) -> Option<(ShopDifference, Timestamp)> {
        let is_there = !payment.capturable().is_zero() || !payment.refundable().is_zero();
        if let Some(since) = self.cancelled_at.filter(|_| is_there) {
            return Some((ShopDifference::OrderCancelled, since));
        }
        if let Some(telling) = payment.stopped_telling(self) {
            let why = match telling.state {
                TellingState::NotAnswered => ShopDifference::NotAnswered,
                TellingState::Differs => ShopDifference::OtherAmount,
                _ if telling.refunded.is_some() => ShopDifference::PartlyRefunded,
                _ => return None,
            };
            return Some((why, telling.sent_at));
        }
        if let Some(told) = payment.told().filter(|told| told.is_twice) {
            return Some((ShopDifference::RecordedTwice, told.at));
        }
        if let Some(difference) = payment.done_there() {
            return Some(difference);
        }
        if let Some(since) = self.overpaid_since().filter(|_| self.is_latest_there(payment)) {
            return Some((ShopDifference::OverpaidThere, since));
        }
        let is_back = payment.is_given_back();
        let (why, step) = match payment.told().map(|told| told.step) {
            None if payment.continues.is_some() && payment.stands_at_shop() => {
                (ShopDifference::Reauthorized, payment.kind.operation())
            }
            // A canceled order holds nothing there.
            Some(Kind::Authorize)
                if is_back && self.cancelled_at.is_none() && !payment.is_told_of_void(self) =>
            {
                (ShopDifference::Voided, Kind::Refund)
            }
            Some(Kind::Authorize) if !is_back && !payment.released().is_zero() => {
                (ShopDifference::PartlyCaptured, Kind::Capture)
            }
            _ => return None,
        };
        payment.step_done_at(step).map(|since| (why, since))
    }

    /// The recording of a payment that is begun now; none where no shop decides what is owed.
    pub(super) fn begin_recording(&self, context: &Context<'_>) -> Option<Box<Recording>> {
        let shop = context.shop?;
        Some(Box::new(Recording {
            settled_before: shop.settled,
            told_before: self.told_to_shop(),
            cancels: context.policy.shop.cancel_voided,
            ..Recording::default()
        }))
    }

    /// Whether a payment is the last one there of which something is held or taken.
    fn is_latest_there(&self, payment: &Transaction) -> bool {
        let latest = self.transactions.iter().rfind(|one| !one.left_here_and_there().is_zero());
        latest.is_some_and(|latest| latest.id == payment.id && latest.pending().is_none())
    }

    /// The sum that the shop has on record of the order's payments, less what was given back there.
    fn left_at_shop(&self) -> Amount {
        let left = |one: &Transaction| one.amount_at_shop().checked_sub(one.refunded_at_shop());
        Amount::sum(self.transactions.iter().filter_map(left))
    }

    /// The sum that the shop has on record of the order's payments, as far as that is known.
    fn told_to_shop(&self) -> Amount {
        Amount::sum(self.transactions.iter().map(Transaction::amount_at_shop))
    }

    /// The payments in effect, or possibly so, that this answer of the shop may lack.
    ///
    /// One that the shop has on record is in its answers after a while, and before that if the
    /// answer has just them beside the sum that others had paid. Others may have paid since, and a
    /// larger sum may be theirs.
    pub(super) fn unshown_by(&self, shop: &ShopOrder) -> impl Iterator<Item = &Transaction> + use<'_> {
        let known = self.transactions.iter().filter_map(|one| one.recording.as_ref());
        let others = known.filter_map(|known| known.settled_before.checked_sub(known.told_before));
        let elsewhere = others.max().unwrap_or(Amount::ZERO);
        let has_all = shop.settled == Amount::sum([elsewhere, self.told_to_shop()]);
        let read_at = shop.read_at;
        let is_shown = move |one: &Transaction| {
            one.told().is_some_and(|told| has_all || read_at.duration_since(told.at) >= SHOWN_AFTER)
        };
        self.transactions.iter().filter(move |one| !one.in_effect().is_zero() && !is_shown(one))
    }

    /// The next thing to do so that its shop knows its payments, and when. While an operation is
    /// under way, nothing: its outcome may change what is to be told.
    pub fn recording_task(&self) -> Option<(Timestamp, RecordingTask)> {
        if self.transactions.iter().any(|one| one.is_of_shop() && one.pending().is_some()) {
            return None;
        }
        let void = self.void_that_follows().map(|(at, _)| (at, RecordingTask::Void));
        self.step_to_tell().into_iter().chain(void).min_by_key(|(at, _)| *at)
    }

    /// The next step to send or to look for, and when. One step of an order is told at a time, in
    /// the order in which they were done: the shop's parallel writes may overwrite each other.
    fn step_to_tell(&self) -> Option<(Timestamp, RecordingTask)> {
        let look = |one: &Transaction| Some((one.looks_at()?, RecordingTask::Look(one.id)));
        let under_way = self.transactions.iter().filter(|one| one.is_being_told()).filter_map(look);
        if let Some(look) = under_way.min_by_key(|(at, _)| *at) {
            return Some(look);
        }
        let steps = self.transactions.iter().filter_map(|one| Some((one.id, one.sends_at(self)?)));
        let first = steps.min_by_key(|(_, (next, _))| next.since);
        let send = first.map(|(id, (_, at))| (at, RecordingTask::Send(id)));
        let looks = self.transactions.iter().filter_map(look);
        looks.chain(send).min_by_key(|(at, _)| *at)
    }

    /// The same, if it is due.
    pub fn recording_due(&self, now: Timestamp) -> Option<RecordingTask> {
        self.recording_task().filter(|(at, _)| *at <= now).map(|(_, task)| task)
    }

    /// The payment whose next step is due, and before which the shop is read.
    pub fn read_before_telling(&self, now: Timestamp) -> Option<Uuid> {
        match self.recording_due(now)? {
            RecordingTask::Send(id) => self.is_read_before(id).then_some(id),
            RecordingTask::Look(_) | RecordingTask::Void => None,
        }
    }

    /// Puts the next step on record as sent, if one is to be sent now. `new_id` makes the request's
    /// id. `reading` is the order with its rows, where the shop was read before it.
    pub fn begin_telling(
        &mut self,
        reading: Option<&ShopReading<'_>>,
        new_id: impl FnOnce() -> Uuid,
        now: Timestamp,
    ) -> Option<ToTell> {
        if let Some(reading) = reading {
            self.compare(reading, now);
        }
        let RecordingTask::Send(id) = self.recording_due(now)? else { return None };
        if self.is_read_before(id) {
            let (reading, is_void) = (reading?, self.transaction(id)?.is_told_of_void(self));
            if is_void && !self.admit_cancellation(id, reading) {
                self.put_off_step(id, now);
                return None;
            }
        }
        self.tell(id, new_id(), now)
    }

    /// Lets a step wait that is due, because the shop could not be read before it.
    fn put_off_step(&mut self, id: Uuid, now: Timestamp) {
        self.tell(id, Uuid::nil(), now);
        let Some(recording) = self.transaction_mut(id).and_then(|one| one.recording.as_mut()) else { return };
        if let Some(telling) = &mut recording.attempt {
            (telling.state, telling.next_at) = (TellingState::NotArrived, now + PUT_OFF_FOR);
        }
        recording.give_up_after_days(now);
    }

    fn tell(&mut self, id: Uuid, attempt: Uuid, now: Timestamp) -> Option<ToTell> {
        let next = self.transaction(id)?.next_told(self)?;
        let transaction = self.transaction_mut(id)?;
        let amount = transaction.amount();
        let recording = transaction.recording.as_mut()?;
        let earlier = recording.attempt.as_ref().filter(|earlier| next.is_of(earlier));
        let telling = Telling {
            id: attempt,
            step: next.kind,
            refunded: next.refunded,
            state: TellingState::Sent,
            since: earlier.map_or(now, |earlier| earlier.since),
            sent_at: now,
            looks: 0,
            is_repeated: next.refunded.is_none()
                && earlier.is_some_and(|earlier| earlier.state != TellingState::NotArrived),
            is_refused: false,
            next_at: now + LOOKS_AFTER[0],
        };
        recording.attempt = Some(telling);
        let told = recording.told.as_ref();
        let part = next.refunded.zip(told).and_then(|(total, told)| {
            Some(PartRefunded { amount: total.checked_sub(told.refunded)?, total })
        });
        let id = told.map(|told| told.id.clone());
        Some(ToTell { transaction: transaction.id, attempt, step: next.kind, amount, part, id })
    }

    /// Whether this request is the one on record.
    pub(crate) fn is_telling(&self, sent: &ToTell) -> bool {
        let telling = self.transaction(sent.transaction).and_then(Transaction::telling);
        telling.is_some_and(|telling| telling.id == sent.attempt)
    }

    /// Puts the shop's answer on record. False where there is nothing to put on record, or another
    /// request was sent since.
    pub fn answer_telling(&mut self, sent: &ToTell, answer: &TellingAnswer, now: Timestamp) -> bool {
        let Some(recording) =
            self.transaction_mut(sent.transaction).and_then(|transaction| transaction.recording.as_mut())
        else {
            return false;
        };
        let Some(telling) = recording.attempt.as_mut().filter(|telling| telling.id == sent.attempt) else {
            return false;
        };
        match answer {
            TellingAnswer::Recorded(id) => {
                let id = id.clone();
                recording.record(id, now);
            }
            // An earlier request may have been carried out since the last look.
            TellingAnswer::NotArrived if telling.is_repeated => {
                telling.sent_at = now - REPEATED_AFTER;
                (telling.looks, telling.next_at) = (LOOKS_MIN, now);
            }
            TellingAnswer::NotArrived => {
                (telling.state, telling.next_at) = (TellingState::NotArrived, now);
            }
            // A canceled order may refuse to be canceled.
            TellingAnswer::Refused if telling.is_repeated || telling.step == Kind::Void => {
                (telling.is_refused, telling.next_at) = (true, now + SHOWN_AFTER);
            }
            TellingAnswer::Refused => recording.refuse(now),
            TellingAnswer::Unknown => return false,
        }
        recording.give_up_after_days(now);
        self.learn_of_cancellation(now);
        true
    }

    /// The order is canceled in its shop once Tollgate has done that.
    fn learn_of_cancellation(&mut self, now: Timestamp) {
        let told = |one: &Transaction| one.told().is_some_and(|told| told.step == Kind::Void);
        if self.transactions.iter().any(told) {
            self.cancel_at_shop(now);
        }
    }

    /// The shop could not be read because of a payment: others come first.
    pub fn put_off_telling(&mut self, transaction: Uuid, now: Timestamp) -> bool {
        if self.recording_due(now) == Some(RecordingTask::Send(transaction)) {
            self.put_off_step(transaction, now);
        }
        let Some(recording) = self.transaction_mut(transaction).and_then(|one| one.recording.as_mut()) else {
            return false;
        };
        let later = now + PUT_OFF_FOR;
        match (&mut recording.attempt, &mut recording.told) {
            (Some(telling), _) if telling.is_looked_for() => telling.next_at = later,
            (Some(telling), _) if telling.next_at == later => {}
            (_, Some(told)) if told.look_at.is_some() => told.look_at = Some(later),
            _ => return false,
        }
        recording.give_up_after_days(now);
        true
    }

    /// A person wants a payment told again, of which the shop does not have what it should. False
    /// where there is nothing to tell again.
    pub fn tell_again(&mut self, transaction: Uuid, now: Timestamp) -> bool {
        let Some(found) = self.transaction(transaction) else { return false };
        let is_stopped = found.stopped_telling(self).is_some();
        let recording = self.transaction_mut(transaction).and_then(|found| found.recording.as_mut());
        let Some(recording) = recording else { return false };
        match (&mut recording.attempt, &mut recording.told) {
            (Some(telling), _) if is_stopped => {
                // A refusal has no request under way: one look is enough, once it can show all.
                if telling.state == TellingState::Refused {
                    telling.next_at = now.max(telling.sent_at + SHOWN_AFTER);
                    telling.sent_at -= REPEATED_AFTER;
                } else {
                    telling.next_at = now;
                }
                telling.state = TellingState::Sent;
                telling.is_repeated |= telling.refunded.is_some();
                (telling.since, telling.looks) = (now, LOOKS_MIN);
            }
            (_, Some(told)) if told.is_twice => told.look_at = Some(now),
            _ => return false,
        }
        true
    }
}
