//! Looks at a shop's transactions: whether they show a step, and what follows.

use jiff::Timestamp;
use uuid::Uuid;

use crate::{
    order::{Kind, Order, Recording, TellingState, ToTell, Transaction},
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

/// The shop's transactions, read because of a payment.
#[derive(Clone, Copy, Debug)]
pub struct Look<'a> {
    pub transaction: Uuid,
    /// All such transactions of the order.
    pub shown: &'a [ShopTransaction],
    /// The sum that the shop has as paid or authorized, where it was asked.
    pub settled: Option<Amount>,
}

/// A payment's step in the shop's transactions.
enum Shown<'a> {
    /// The shop has it, under this id.
    There(&'a str),
    Twice(&'a str),
    /// The shop has the payment with another amount.
    OtherAmount,
    Nothing,
}

impl Transaction {
    /// The shop's transactions that are this payment's.
    fn own<'a>(&self, shown: &'a [ShopTransaction]) -> impl Iterator<Item = &'a ShopTransaction> + use<'a> {
        let reference = self.id.to_string();
        shown.iter().filter(move |row| !row.is_failed && row.reference.as_deref() == Some(reference.as_str()))
    }

    /// Whether a step is on record there.
    fn find<'a>(&self, step: Kind, shown: &'a [ShopTransaction]) -> Shown<'a> {
        if step.is_payment() {
            return self.find_payment(shown);
        }
        let told = self.told().map(|told| told.id.as_str());
        let amount = self.amount();
        let is_done = |row: &&ShopTransaction| match step {
            Kind::Capture => matches!(row.step, Some(Kind::Capture | Kind::Refund)),
            Kind::Refund => row.step == Some(Kind::Refund) || row.refunded >= amount,
            _ => false,
        };
        let of_id = shown.iter().filter(|row| Some(row.id.as_str()) == told);
        let done = of_id.chain(self.own(shown)).find(is_done);
        done.map_or(Shown::Nothing, |row| Shown::There(&row.id))
    }

    fn find_payment<'a>(&self, shown: &'a [ShopTransaction]) -> Shown<'a> {
        let begins = |row: &&ShopTransaction| row.step == Some(self.kind.operation());
        let mut beginnings = self.own(shown).filter(begins);
        let first = beginnings.next().or_else(|| self.own(shown).next());
        match first {
            None => Shown::Nothing,
            Some(first) if beginnings.next().is_some() => Shown::Twice(&first.id),
            Some(first) if first.amount != self.amount() => Shown::OtherAmount,
            Some(first) => Shown::There(&first.id),
        }
    }

    /// Whether the shop has the payment once more, beside the one that is known.
    fn has_duplicate(&self, known: &str, shown: &[ShopTransaction]) -> bool {
        let begins = |row: &ShopTransaction| row.step == Some(self.kind.operation());
        self.own(shown).any(|row| row.id != known && begins(row) && row.refunded < row.amount)
    }
}

impl Order {
    /// Whether the shop has to say what was paid, too, before a look because of this payment can
    /// decide: its step may have to be repeated.
    pub fn needs_settled(&self, transaction: Uuid, now: Timestamp) -> bool {
        let telling = self.transaction(transaction).and_then(Transaction::telling);
        telling.is_some_and(|telling| {
            telling.state == TellingState::Sent && telling.step.is_payment() && telling.has_waited(now)
        })
    }

    /// Puts on record what a look showed. Returns the step that is to be sent again, which is on
    /// record as sent.
    pub fn apply_look(&mut self, look: &Look<'_>, attempt: Uuid, now: Timestamp) -> Option<ToTell> {
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
        let (is_next, is_refused) = (transaction.is_next(telling), telling.is_refused);
        let may_repeat = telling.may_be_repeated(now);
        let expected = Amount::sum([recording.elsewhere, others]);
        let is_as_expected = !telling.step.is_payment() || look.settled == Some(expected);
        let found = transaction.find(telling.step, look.shown);
        let recording = self.recording_mut(look.transaction)?;
        match found {
            Shown::There(id) => recording.record(id.to_owned(), now),
            Shown::Twice(id) => {
                recording.record(id.to_owned(), now);
                if let Some(told) = &mut recording.told {
                    (told.is_twice, told.look_at) = (true, None);
                }
            }
            Shown::Nothing if !is_next => recording.overtake(now),
            Shown::Nothing if is_refused => recording.stop(TellingState::Refused),
            Shown::Nothing if !may_repeat => recording.look_later(now),
            Shown::Nothing if is_as_expected => return self.tell(look.transaction, attempt, now),
            Shown::OtherAmount | Shown::Nothing => recording.stop(TellingState::Differs),
        }
        None
    }

    fn recording_mut(&mut self, transaction: Uuid) -> Option<&mut Recording> {
        self.transaction_mut(transaction)?.recording.as_deref_mut()
    }
}
