//! A delivery as an item, and a receiver's health.

use aws_sdk_dynamodb::types::AttributeValue;
use jiff::{SignedDuration, Timestamp};
use tollgate_core::{
    order::MerchantId,
    webhooks::{
        receivers::DeliveryOutcome,
        webhook::{Delivery, Health, ReceiverKey},
    },
    words,
};
use uuid::Uuid;

use super::{DUE_AT, DUE_FOR, RECEIVER, SORT, text};
use crate::dynamodb::Item;

/// How long a delivery is kept after it was added, or after it last changed.
const KEPT_FOR: SignedDuration = SignedDuration::from_hours(30 * 24);

/// A delivery as it is kept.
#[derive(Clone, Debug)]
pub struct StoredDelivery {
    /// The event and the receiver.
    pub delivery: Delivery,
    /// What its attempts led to.
    pub state: DeliveryState,
    /// Its next attempt, if it waits for one.
    pub due: Option<Timestamp>,
    /// Why its last attempt failed.
    pub reason: Option<String>,
}

words! {
    /// What the attempts of a delivery led to.
    pub enum DeliveryState {
        /// Sent at once. Nothing is noted when it arrives, so the function's log has more.
        Sent => "sent",
        /// It waits for another attempt.
        Waiting => "waiting",
        /// It arrived after it had waited.
        Delivered => "delivered",
        /// It is not tried again.
        Parked => "parked",
    }
}

/// RFC 3339 in UTC with milliseconds, always as long, so that the order of the texts is the order of the times.
pub(super) fn moment(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string()
}

fn number(number: &impl ToString) -> AttributeValue {
    AttributeValue::N(number.to_string())
}

fn expiry(now: Timestamp) -> AttributeValue {
    number(&now.checked_add(KEPT_FOR).unwrap_or(Timestamp::MAX).as_second())
}

/// The table's key of a delivery: partition and sort key.
pub(super) fn key(delivery: &Delivery) -> (AttributeValue, AttributeValue) {
    (text(&delivery.to), text(&format!("{}#{}", moment(delivery.at), delivery.event)))
}

/// A delivery that is new.
pub(super) fn added(delivery: &Delivery, now: Timestamp) -> Item {
    let (receiver, sort) = key(delivery);
    let mut item = Item::from([
        (RECEIVER.to_owned(), receiver),
        (SORT.to_owned(), sort),
        ("event_type".to_owned(), text(&delivery.kind)),
        ("body".to_owned(), text(&delivery.body)),
        ("expires_at".to_owned(), expiry(now)),
    ]);
    if let Some(since) = delivery.since {
        item.insert("waiting_since".to_owned(), text(&moment(since)));
    }
    item
}

/// What changes in an item when a delivery is settled.
pub(super) fn settling(delivery: &Delivery, settled: &DeliveryOutcome, now: Timestamp) -> (String, Item) {
    let mut values = Item::from([(":expiry".to_owned(), expiry(now))]);
    let mut set = vec!["expires_at = :expiry".to_owned(), "#state = :state".to_owned()];
    let mut put = |name: &str, value: AttributeValue| {
        set.push(format!("{name} = :{name}"));
        values.insert(format!(":{name}"), value);
    };
    let (state, reason, failures) = match settled {
        DeliveryOutcome::Delivered => {
            put("settled_at", text(&moment(now)));
            (DeliveryState::Delivered, None, delivery.failures)
        }
        DeliveryOutcome::Parked { failures, reason } => {
            put("settled_at", text(&moment(now)));
            (DeliveryState::Parked, Some(reason), *failures)
        }
        DeliveryOutcome::Waits { due, failures, since, reason } => {
            put(DUE_FOR, text(&delivery.to));
            put(DUE_AT, text(&moment(*due)));
            put("waiting_since", text(&moment(*since)));
            (DeliveryState::Waiting, reason.as_ref(), *failures)
        }
    };
    put("failures", number(&failures));
    if let Some(reason) = reason {
        put("reason", text(&reason));
    }
    values.insert(":state".to_owned(), text(&state.as_str()));
    let gone = match state {
        DeliveryState::Waiting => "settled_at",
        _ => "due_for, due_at, waiting_since",
    };
    (format!("SET {} REMOVE {gone}", set.join(", ")), values)
}

/// A delivery as it is kept. None for what is none.
pub(super) fn read(item: &Item) -> Option<StoredDelivery> {
    let member = |name: &str| item.get(name)?.as_s().ok().cloned();
    let (at, event) = member(SORT)?.split_once('#').map(|(at, event)| (at.to_owned(), event.to_owned()))?;
    let state = member("state").and_then(|state| DeliveryState::from_name(&state));
    let delivery = Delivery {
        to: receiver(&member(RECEIVER)?)?,
        event: event.parse::<Uuid>().ok()?,
        at: at.parse().ok()?,
        kind: member("event_type")?,
        body: member("body")?,
        failures: failures(item),
        since: member("waiting_since").and_then(|since| since.parse().ok()),
    };
    let due = member(DUE_AT).and_then(|due| due.parse().ok());
    let state = state.unwrap_or(DeliveryState::Sent);
    Some(StoredDelivery { delivery, state, due, reason: member("reason") })
}

fn failures(item: &Item) -> u32 {
    item.get("failures").and_then(|failures| failures.as_n().ok()?.parse().ok()).unwrap_or_default()
}

/// A merchant's id holds no `#`, nor does a receiver's.
fn receiver(key: &str) -> Option<ReceiverKey> {
    let (merchant, receiver) = key.split_once('#')?;
    Some(ReceiverKey { merchant: MerchantId::stored(merchant).ok()?, receiver: receiver.parse().ok()? })
}

/// The receiver whose health an item is.
pub(super) fn receiver_of(item: &Item) -> Option<ReceiverKey> {
    receiver(item.get(SORT)?.as_s().ok()?)
}

/// The health of a receiver, from its own item.
pub(super) fn read_health(item: &Item) -> Health {
    let until = |name: &str| item.get(name).and_then(|until| until.as_s().ok()?.parse().ok());
    Health {
        failures: failures(item),
        aside_until: until("aside_until"),
        not_before: until("not_before"),
        is_gone: item.get("gone").and_then(|gone| gone.as_bool().ok().copied()).unwrap_or_default(),
    }
}
