//! Readings of a shop because of a step: whether they show it, and what follows.

use jiff::Timestamp;
use uuid::Uuid;

use crate::{
    order::{
        Context, Kind, OperationRef, Order, Recording, RowStatus, ShopOrder, ShopReading, ShopTransaction,
        Telling, TellingAnswer, TellingState, ToTell, Transaction, apply::void_by_rule,
        recording::SHOWN_AFTER,
    },
    values::Amount,
};

impl Order {
    /// Whether the shop has to show the order, too, before a look because of this payment can
    /// decide: its step may have to be repeated, or is the cancellation of the order.
    pub fn needs_order(&self, transaction: Uuid, now: Timestamp) -> bool {
        let telling = self.transaction(transaction).and_then(Transaction::telling);
        telling.is_some_and(|telling| {
            let is_sent = telling.state == TellingState::Sent && telling.step.is_payment();
            (is_sent && telling.has_waited(now)) || (telling.step == Kind::Void && telling.is_looked_for())
        })
    }

    /// Whether the shop is read before the next step of a payment is sent: a partial refund adds to
    /// what is there, and a cancellation is of everything that is there.
    pub(super) fn is_read_before(&self, transaction: Uuid) -> bool {
        let next = self.transaction(transaction).and_then(|payment| payment.next_told(self));
        next.is_some_and(|next| next.refunded.is_some() || next.kind == Kind::Void)
    }

    /// Puts on record what a look showed. Returns the step that is to be sent again, which is on
    /// record as sent.
    pub fn apply_look(
        &mut self,
        transaction: Uuid,
        reading: &ShopReading<'_>,
        attempt: Uuid,
        now: Timestamp,
    ) -> Option<ToTell> {
        let was_looked_for = self.transaction(transaction)?.telling().is_some_and(Telling::is_looked_for);
        self.compare(reading, now);
        let payment = self.transaction(transaction)?;
        let recording = payment.recording.as_ref()?;
        let Some(telling) = recording.attempt.as_ref().filter(|one| one.is_looked_for()) else {
            let known = recording.told.as_ref().filter(|_| !was_looked_for);
            let is_twice =
                known.map(|told| payment.has_duplicate(&told.id, reading.rows.unwrap_or_default()));
            self.recording_mut(transaction)?.look_for_duplicate(is_twice?, now);
            return None;
        };
        let (is_next, is_refused) = (payment.is_next(telling, self), telling.is_refused);
        let (may_repeat, is_given_up) = (telling.may_be_repeated(now), telling.is_given_up(now));
        let (is_payment, state) = (telling.step.is_payment(), telling.state);
        let is_as_expected =
            !is_payment || reading.order.is_some_and(|order| self.is_settled_by_known(recording, order));
        let recording = self.recording_mut(transaction)?;
        match state {
            TellingState::Refused => recording.look_after_refusal(now),
            _ if !is_next => recording.overtake(now),
            _ if is_refused => recording.refuse(now),
            _ if is_given_up => recording.stop(TellingState::NotAnswered),
            _ if !may_repeat => recording.look_later(now),
            _ if is_as_expected => return self.tell(transaction, attempt, now),
            _ => recording.stop(TellingState::Differs),
        }
        None
    }

    /// Whether the sum that the shop shows has grown by known payments alone since this one.
    fn is_settled_by_known(&self, recording: &Recording, order: &ShopOrder) -> bool {
        let known = Amount::sum([recording.settled_before, self.told_to_shop()]);
        Amount::sum([order.settled, recording.told_before]) == known
    }

    /// Whether a refused payment may be in the shop all the same, which its rows do not show yet:
    /// the order's sums have grown by its amount, which no known payment explains.
    fn may_be_in(&self, payment: &Transaction, reading: &ShopReading<'_>, now: Timestamp) -> bool {
        let (Some(order), Some(recording)) = (reading.order, &payment.recording) else { return false };
        let of_others = self.paid_by_others(reading.rows.unwrap_or_default(), now);
        let explained = Amount::sum([self.left_at_shop(), of_others]);
        [recording.settled_before, explained]
            .into_iter()
            .all(|before| order.settled.checked_sub(before).is_some_and(|more| more >= payment.amount()))
    }

    /// The shop refused the payment that this request made, and was read again since: the payment
    /// is released, unless the shop has it, or may. Returns the void to be sent, in the same write.
    /// Later the payment was answered as complete, and only a person takes it back.
    pub(crate) fn release_refused(
        &mut self,
        sent: &ToTell,
        reading: &ShopReading<'_>,
        context: &Context<'_>,
    ) -> Option<OperationRef> {
        let now = context.now;
        if !self.is_telling(sent) {
            return None;
        }
        self.compare(reading, now);
        // The reading may have shown it.
        let payment = self.transaction(sent.transaction).filter(|_| self.is_telling(sent))?;
        let (operation, is_only) = (payment.first()?.id, payment.operations.len() == 1);
        let cause = reading.order?.refuses(payment);
        if self.may_be_in(payment, reading, now) {
            let telling = self.recording_mut(sent.transaction)?.attempt.as_mut()?;
            (telling.is_refused, telling.next_at) = (true, now + SHOWN_AFTER);
            return None;
        }
        self.answer_telling(sent, &TellingAnswer::Refused, now);
        // One that was captured or voided since is known to others.
        if !is_only {
            return None;
        }
        void_by_rule(self, OperationRef { transaction: sent.transaction, operation }, cause, context)
    }

    /// Lets a payment's order be canceled in the shop only if nothing but the order's own payments
    /// was ever there, and these were only authorized. False while the sums may lack one of them.
    pub(super) fn admit_cancellation(&mut self, transaction: Uuid, reading: &ShopReading<'_>) -> bool {
        let (Some(order), Some(rows)) = (reading.order, reading.rows) else { return false };
        let own = self.own_ids(rows);
        let is_held = |row: &ShopTransaction| {
            let is_only_held = row.step == Some(Kind::Authorize) && row.refunded.is_zero();
            own.contains(row.id.as_str()) && is_only_held && row.status == RowStatus::Complete
        };
        let told = self.told_to_shop();
        if order.settled < told {
            return false;
        }
        let mut counting = rows.iter().filter(|row| row.status != RowStatus::Failed);
        let is_alone = order.settled == told && counting.all(is_held);
        if let Some(recording) = self.recording_mut(transaction).filter(|_| !is_alone) {
            (recording.cancels, recording.attempt) = (false, None);
        }
        true
    }

    fn recording_mut(&mut self, transaction: Uuid) -> Option<&mut Recording> {
        self.transaction_mut(transaction)?.recording.as_deref_mut()
    }
}
