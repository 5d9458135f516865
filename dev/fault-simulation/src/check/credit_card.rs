//! The rules of the credit-card API: one reference is one payment, and the facts told of the
//! payment are on record.

use std::collections::BTreeSet;

use tollgate::credit_card;
use tollgate_core::order::{Kind, Order, Transaction};
use tollgate_wire::credit_card::{Facts, Message};
use uuid::Uuid;

use crate::{
    ask::{Ask, Word},
    fake_store::FakeStore,
    world::State,
};

/// `Message.Code` of a payment above the amount owing.
const EXCEEDS_OWING: &str = "41";

/// A response, with its word and the payment that it names.
pub(crate) struct Answered {
    pub(crate) word: Word,
    pub(crate) transaction: Option<Uuid>,
    pub(crate) message: Message,
    pub(crate) facts: Facts,
}

/// The payment of this API that an order is.
pub(crate) fn payment(order: &Order) -> Option<&Transaction> {
    order.transactions.iter().find(|transaction| transaction.memo.is_some())
}

/// A payment bears its order's id, which follows from its reference, and an order holds no second
/// one.
pub(super) fn alone(order: &Order) -> Vec<String> {
    let payments = order.transactions.iter().filter_map(|t| Some((t, t.memo.as_ref()?)));
    let mut broken = Vec::new();
    for (number, (payment, memo)) in payments.enumerate() {
        let id = credit_card::payment_id(&order.merchant, &memo.reference);
        let key = credit_card::key_digest(Kind::Authorize, &memo.reference);
        if number > 0 {
            broken.push(format!("{} is paid twice under {}", order.id, memo.reference));
        }
        if payment.id != id || order.id.as_str() != id.to_string() {
            broken.push(format!("{} is not the id of {}", payment.id, memo.reference));
        }
        if payment.first().and_then(|first| first.key.as_ref()) != Some(&key) {
            broken.push(format!("{} does not have the key of its reference {}", payment.id, memo.reference));
        }
        if payment.card().is_some_and(|card| card.stored.is_some()) && !(memo.save_card && payment.began()) {
            broken.push(format!("the card of {} was stored, which nobody asked for", payment.id));
        }
    }
    broken
}

/// No two orders are payments under one reference.
pub(super) fn references(fake_store: &FakeStore) -> Vec<String> {
    let mut known = BTreeSet::new();
    let payments =
        fake_store.orders().filter_map(|o| Some((o.merchant.to_string(), payment(o)?.memo.as_ref()?)));
    let twice = payments.filter(|(merchant, memo)| !known.insert((merchant.clone(), memo.reference.clone())));
    twice.map(|(merchant, memo)| format!("{merchant} has two payments under {}", memo.reference)).collect()
}

/// The payment that a response describes was on record.
pub(crate) fn told(state: &State, ask: &Ask, answered: &Answered) -> Vec<String> {
    let mut broken = Vec::new();
    let order = state.fake_store.order(&ask.order_key());
    // A refusal may name the transaction that Elastic Path's clients made on the order.
    let others = order.filter(|_| !answered.word.is_of_an_operation()).zip(answered.transaction);
    let known = others.is_some_and(|(order, id)| order.transaction(id).is_some());
    if !known && answered.transaction.map(|id| id.to_string()).as_ref() != Some(&ask.order) {
        broken.push(format!("told {:?} as the id of {}", answered.transaction, ask.order));
    }
    if ask.key.is_some() && answered.facts.reference != ask.key {
        broken.push(format!("{:?} is answered as {:?}", ask.key, answered.facts.reference));
    }
    let Some(payment) = order.and_then(payment) else {
        // A client that cannot read the order can only repeat its request.
        if answered.word == Word::Unavailable {
            return broken;
        }
        broken.push(format!("told {:?} of {}, which is not on record", answered.word, ask.order));
        return broken;
    };
    let reference = payment.memo.as_ref().map(|memo| memo.reference.as_str());
    if ask.key.is_none() && answered.facts.reference.as_deref() != reference {
        broken.push(format!("{reference:?} is told as {:?}", answered.facts.reference));
    }
    let alone = order.is_some_and(|order| {
        order.transactions.len() == 1 && order.total == payment.first().map(|first| first.amount)
    });
    if answered.message.code == EXCEEDS_OWING && alone {
        broken.push(format!("{reference:?} is refused as more than it comes to"));
    }
    if answered.word == Word::Done {
        broken.extend(done(state, ask, answered, payment));
    }
    broken
}

/// A response that says done names sums that were on record, and the amount by which the charge is
/// below the stated one.
fn done(state: &State, ask: &Ask, answered: &Answered, payment: &Transaction) -> Vec<String> {
    let mut broken = Vec::new();
    let Some((status, captured, refunded)) = sums(&answered.message.description) else {
        return vec![format!("told {:?}, which names no sums", answered.message.description)];
    };
    let fits = |(id, was, c, r): &(Uuid, String, u64, u64)| {
        *id == payment.id
            && status.is_none_or(|status| was == status)
            && captured.is_none_or(|captured| *c == captured)
            && refunded.is_none_or(|refunded| *r == refunded)
    };
    if !state.seen.iter().any(fits) {
        broken.push(format!(
            "told {:?} of {}, which never was on record",
            answered.message.description, payment.id
        ));
    }
    let stated = ask.data["Amount"].as_str().and_then(minor).filter(|_| ask.transaction.is_none());
    let charged = payment.first().map(|first| first.amount.minor());
    let taken_off = answered.facts.discounted_amount.as_deref().and_then(minor);
    if let (Some(stated), Some(charged)) = (stated, charged)
        && Some(stated) != taken_off.map(|taken_off| taken_off + charged)
    {
        broken.push(format!("{charged} charged of {stated}, and {taken_off:?} told as taken off"));
    }
    let stored = payment.card().and_then(|card| card.stored.as_ref()).map(|stored| &stored.profile);
    if stored != answered.facts.customer_id.as_ref() {
        broken.push(format!(
            "{:?} is told as the profile, and {stored:?} is on record",
            answered.facts.customer_id
        ));
    }
    broken
}

type Sums = (Option<&'static str>, Option<u64>, Option<u64>);

/// The status and the captured and refunded amounts, as far as the description names them.
fn sums(description: &str) -> Option<Sums> {
    let after = |words: &str| {
        let (_, rest) = description.split_once(words)?;
        minor(rest.split(' ').next()?)
    };
    if description == "voided" {
        return Some((Some("cancelled"), None, None));
    }
    if description.starts_with("voided instead of refunded") {
        return Some((None, None, Some(after(": ")?)));
    }
    if description.starts_with("authorized ") {
        return after("authorized ").map(|_| (None, Some(0), Some(0)));
    }
    Some((None, Some(after("captured ")?), Some(after("refunded ").unwrap_or_default())))
}

/// Minor units of an amount as it is written; none when it is not written like one.
pub(crate) fn minor(text: &str) -> Option<u64> {
    let (whole, cents) = text.split_once('.')?;
    Some(whole.parse::<u64>().ok()? * 100 + cents.parse::<u64>().ok().filter(|_| cents.len() == 2)?)
}
