//! Looks at a shop's transactions: whether they show a step, and what follows.

use jiff::Timestamp;
use uuid::Uuid;

use crate::{
    order::{
        Context, Kind, OperationRef, Order, Recording, ShopOrder, ShopStanding, Telling, TellingAnswer,
        TellingState, ToTell, Transaction, apply::void_by_rule,
    },
    values::Amount,
};

/// A transaction of an order as its shop lists it, of the gateway that Tollgate records by. Others
/// are none of ours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShopTransaction {
    pub id: String,
    /// The reference that was sent with it.
    pub reference: Option<String>,
    pub amount: Amount,
    /// The part that was given back.
    pub refunded: Amount,
    /// The shop's type of it; none where that is not known.
    pub step: Option<Kind>,
    /// Whether it never counted.
    pub is_failed: bool,
}

impl ShopTransaction {
    /// Whether it has the reference of a payment, which anyone can state.
    pub(in crate::order) fn has_reference_of(&self, payment: &Transaction) -> bool {
        self.reference.as_deref() == Some(payment.id.to_string().as_str())
    }
}

/// The shop's transactions, read because of a payment.
#[derive(Clone, Copy, Debug)]
pub struct Look<'a> {
    pub transaction: Uuid,
    /// All such transactions of the order.
    pub shown: &'a [ShopTransaction],
    /// The order as the shop has it, where it was asked.
    pub order: Option<&'a ShopOrder>,
}

/// A payment's step in the shop's transactions.
enum Shown {
    /// The shop has it, under this id.
    There(String),
    Twice(String),
    /// The shop has the payment with another amount.
    OtherAmount,
    Nothing,
}

impl Transaction {
    /// The shop's transactions that are this payment's.
    fn own<'a>(&self, shown: &'a [ShopTransaction]) -> impl Iterator<Item = &'a ShopTransaction> {
        shown.iter().filter(|row| !row.is_failed && row.has_reference_of(self))
    }

    /// Whether a step is on record there.
    fn find(&self, telling: &Telling, look: &Look<'_>) -> Shown {
        if telling.step.is_payment() {
            return self.find_payment(look.shown);
        }
        let Some(there) = self.told().map(|told| told.id.as_str()) else { return Shown::Nothing };
        let is_own =
            |row: &&ShopTransaction| !row.is_failed && (row.id == there || row.has_reference_of(self));
        let mut own = look.shown.iter().filter(is_own);
        let is_done = match telling.step {
            Kind::Capture => own.any(|row| matches!(row.step, Some(Kind::Capture | Kind::Refund))),
            Kind::Refund => {
                let (refunded, expected) = (refunded(own), telling.refunded.unwrap_or(self.amount()));
                if telling.refunded.is_some() && refunded > expected {
                    return Shown::OtherAmount;
                }
                refunded >= expected
            }
            Kind::Void => look.order.is_some_and(|order| order.standing == ShopStanding::Cancelled),
            _ => false,
        };
        if is_done { Shown::There(there.to_owned()) } else { Shown::Nothing }
    }

    fn find_payment(&self, shown: &[ShopTransaction]) -> Shown {
        let begins = |row: &&ShopTransaction| row.step == Some(self.kind.operation());
        let mut beginnings = self.own(shown).filter(begins);
        let first = beginnings.next().or_else(|| self.own(shown).next());
        match first {
            None => Shown::Nothing,
            Some(first) if beginnings.next().is_some() => Shown::Twice(first.id.clone()),
            Some(first) if first.amount != self.amount() => Shown::OtherAmount,
            Some(first) => Shown::There(first.id.clone()),
        }
    }

    /// Whether the shop has the payment once more, beside the one that is known.
    fn has_duplicate(&self, known: &str, shown: &[ShopTransaction]) -> bool {
        let begins = |row: &ShopTransaction| row.step == Some(self.kind.operation());
        self.own(shown).any(|row| row.id != known && begins(row) && row.refunded < row.amount)
    }
}

/// The sum that a shop shows as given back: of the one row that changes, or of a further row for
/// each refund.
fn refunded<'a>(own: impl Iterator<Item = &'a ShopTransaction>) -> Amount {
    let (further, changed): (Vec<_>, Vec<_>) = own.partition(|row| row.step == Some(Kind::Refund));
    let further = Amount::sum(further.iter().map(|row| row.amount));
    changed.iter().map(|row| row.refunded).fold(further, Amount::max)
}

impl Order {
    /// Whether the shop has to show the order, too, before a look because of this payment can
    /// decide: its step may have to be repeated, or is the cancellation of the order.
    pub fn needs_order(&self, transaction: Uuid, now: Timestamp) -> bool {
        let telling = self.transaction(transaction).and_then(Transaction::telling);
        telling.is_some_and(|telling| {
            let is_repeated = telling.step.is_payment() && telling.has_waited(now);
            telling.state == TellingState::Sent && (is_repeated || telling.step == Kind::Void)
        })
    }

    /// Puts on record what a look showed. Returns the step that is to be sent again, which is on
    /// record as sent.
    pub fn apply_look(&mut self, look: &Look<'_>, attempt: Uuid, now: Timestamp) -> Option<ToTell> {
        if look.order.is_some_and(|order| order.standing == ShopStanding::Cancelled) {
            self.cancel_at_shop(now);
        }
        let others = self.transactions.iter().filter(|other| other.id != look.transaction);
        let others = Amount::sum(others.map(Transaction::amount_at_shop));
        let transaction = self.transaction(look.transaction)?;
        let recording = transaction.recording.as_ref()?;
        let Some(telling) = recording.attempt.as_ref().filter(|one| one.state.may_arrive()) else {
            let is_twice =
                recording.told.as_ref().map(|told| transaction.has_duplicate(&told.id, look.shown));
            self.recording_mut(look.transaction)?.look_for_duplicate(is_twice?, now);
            return None;
        };
        let found = transaction.find(telling, look);
        let (is_next, is_refused) = (transaction.is_next(telling, self), telling.is_refused);
        let (may_repeat, is_given_up) = (telling.may_be_repeated(now), telling.is_given_up(now));
        let expected = Amount::sum([recording.elsewhere, others]);
        let settled = look.order.map(|order| order.settled);
        let is_as_expected = !telling.step.is_payment() || settled == Some(expected);
        let recording = self.recording_mut(look.transaction)?;
        match found {
            Shown::There(id) => recording.record(id, now),
            Shown::Twice(id) => {
                recording.record(id, now);
                if let Some(told) = &mut recording.told {
                    (told.is_twice, told.look_at) = (true, None);
                }
            }
            Shown::Nothing if !is_next => recording.overtake(now),
            Shown::Nothing if is_refused => recording.stop(TellingState::Refused),
            Shown::Nothing if is_given_up => recording.stop(TellingState::NotAnswered),
            Shown::Nothing if !may_repeat => recording.look_later(now),
            Shown::Nothing if is_as_expected => return self.tell(look.transaction, attempt, now),
            Shown::OtherAmount | Shown::Nothing => recording.stop(TellingState::Differs),
        }
        None
    }

    /// The shop refused the payment that this request made, and was read again since: the payment
    /// is released, unless the shop has it. Returns the void to be sent, in the same write. Later
    /// the payment was answered as complete, and only a person takes it back.
    pub(crate) fn release_refused(
        &mut self,
        sent: &ToTell,
        shown: &[ShopTransaction],
        shop: &ShopOrder,
        context: &Context<'_>,
    ) -> Option<OperationRef> {
        let now = context.now;
        let payment = self.transaction(sent.transaction).filter(|_| self.is_telling(sent))?;
        let (found, cause) = (payment.find_payment(shown), shop.refuses(payment));
        let (operation, is_only) = (payment.first()?.id, payment.operations.len() == 1);
        let answer = match &found {
            Shown::There(id) => TellingAnswer::Recorded(id.clone()),
            Shown::Twice(_) | Shown::OtherAmount | Shown::Nothing => TellingAnswer::Refused,
        };
        self.answer_telling(sent, &answer, now);
        if shop.standing == ShopStanding::Cancelled {
            self.cancel_at_shop(now);
        }
        // One that was captured or voided since is known to others.
        if !is_only || !matches!(found, Shown::Nothing) {
            return None;
        }
        void_by_rule(self, OperationRef { transaction: sent.transaction, operation }, cause, context)
    }

    fn recording_mut(&mut self, transaction: Uuid) -> Option<&mut Recording> {
        self.transaction_mut(transaction)?.recording.as_deref_mut()
    }
}
