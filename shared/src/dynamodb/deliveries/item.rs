//! A delivery as an item, and a receiver's health.

use aws_sdk_dynamodb::types::AttributeValue;
use jiff::{SignedDuration, Timestamp};
use tollgate_core::{
    order::MerchantId,
    webhooks::{
        Delivery, DeliveryOutcome, DeliveryState, Health, KnownReceiver, ReceiverKey, StoredDelivery,
    },
};
use uuid::Uuid;

use super::{DUE_AT, DUE_FOR, HEALTH, KNOWN, RECEIVER, SORT};
use crate::dynamodb::{Item, number, number_of, text, text_of, texts};

/// How long a delivery is kept after it was added, or after it last changed.
const KEPT_FOR: SignedDuration = SignedDuration::from_hours(30 * 24);

/// RFC 3339 in UTC with milliseconds, always as long, so that the order of the texts is the order
/// of the times.
pub(super) fn moment(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string()
}

fn expiry(now: Timestamp) -> AttributeValue {
    number_of(&now.checked_add(KEPT_FOR).unwrap_or(Timestamp::MAX).as_second())
}

/// The table's key of a delivery.
pub(super) fn key(delivery: &Delivery) -> Item {
    key_of(&delivery.to, delivery.at, delivery.event)
}

/// The same, by when the event happened and its id.
pub(super) fn key_of(to: &ReceiverKey, at: Timestamp, event: Uuid) -> Item {
    texts([(RECEIVER, &to.to_string()), (SORT, &format!("{}#{event}", moment(at)))])
}

/// The table's key of a receiver's health.
pub(super) fn health_key(receiver: &ReceiverKey) -> Item {
    texts([(RECEIVER, HEALTH), (SORT, &receiver.to_string())])
}

/// The table's key of the note about a receiver.
pub(super) fn known_key(receiver: &ReceiverKey) -> Item {
    texts([(RECEIVER, KNOWN), (SORT, &receiver.to_string())])
}

/// The note about a receiver that a document names, or named.
pub(super) fn known(known: &KnownReceiver) -> Item {
    let mut item = known_key(&known.key);
    let kinds = known.kinds.iter().map(text_of).collect();
    item.insert("event_types".to_owned(), AttributeValue::L(kinds));
    item.insert("disabled".to_owned(), AttributeValue::Bool(known.is_disabled));
    if let Some(left_at) = known.left_at {
        item.insert("left_at".to_owned(), text_of(&moment(left_at)));
    }
    item
}

/// The note about a receiver, from its item. None for another item.
pub(super) fn read_known(item: &Item) -> Option<KnownReceiver> {
    let kinds = item.get("event_types").and_then(|kinds| kinds.as_l().ok()).into_iter().flatten();
    Some(KnownReceiver {
        key: receiver_of(item)?,
        kinds: kinds.filter_map(|kind| kind.as_s().ok().cloned()).collect(),
        is_disabled: item.get("disabled").is_some_and(|disabled| disabled.as_bool() == Ok(&true)),
        left_at: text(item, "left_at").and_then(|at| at.parse().ok()),
    })
}

/// A delivery that is new.
pub(super) fn added(delivery: &Delivery, now: Timestamp) -> Item {
    let mut item = key(delivery);
    item.extend(texts([("event_type", &delivery.kind), ("body", &delivery.body)]));
    item.insert("expires_at".to_owned(), expiry(now));
    if let Some(since) = delivery.since {
        item.insert("waiting_since".to_owned(), text_of(&moment(since)));
    }
    item
}

/// The changes to an item when a delivery is settled.
pub(super) fn settling(delivery: &Delivery, settled: &DeliveryOutcome, now: Timestamp) -> (String, Item) {
    let mut values = Item::from([(":expiry".to_owned(), expiry(now))]);
    let mut set = vec!["expires_at = :expiry".to_owned(), "#state = :state".to_owned()];
    let mut put = |name: &str, value: AttributeValue| {
        set.push(format!("{name} = :{name}"));
        values.insert(format!(":{name}"), value);
    };
    let (state, reason, failures) = match settled {
        DeliveryOutcome::Delivered => {
            put("settled_at", text_of(&moment(now)));
            (DeliveryState::Delivered, None, delivery.failures)
        }
        DeliveryOutcome::Parked { failures, reason } => {
            put("settled_at", text_of(&moment(now)));
            (DeliveryState::Parked, Some(reason), *failures)
        }
        DeliveryOutcome::Waits { due, failures, since, reason } => {
            put(DUE_FOR, text_of(&delivery.to));
            put(DUE_AT, text_of(&moment(*due)));
            put("waiting_since", text_of(&moment(*since)));
            (DeliveryState::Waiting, reason.as_ref(), *failures)
        }
    };
    put("failures", number_of(&failures));
    if let Some(reason) = reason {
        put("reason", text_of(&reason));
    }
    values.insert(":state".to_owned(), text_of(&state.as_str()));
    let gone = match state {
        DeliveryState::Waiting => "settled_at",
        _ => "due_for, due_at, waiting_since",
    };
    (format!("SET {} REMOVE {gone}", set.join(", ")), values)
}

/// The changes to an item that cannot be read and is parked.
pub(super) fn setting_aside(reason: &str, now: Timestamp) -> (String, Item) {
    let values = Item::from([
        (":expiry".to_owned(), expiry(now)),
        (":settled".to_owned(), text_of(&moment(now))),
        (":reason".to_owned(), text_of(&reason)),
        (":state".to_owned(), text_of(&DeliveryState::Parked.as_str())),
    ]);
    let set = "expires_at = :expiry, settled_at = :settled, reason = :reason, #state = :state";
    (format!("SET {set} REMOVE {DUE_FOR}, {DUE_AT}, waiting_since"), values)
}

/// A delivery as it is kept. None for another item.
pub(super) fn read(item: &Item) -> Option<StoredDelivery> {
    let member = |name: &str| text(item, name).cloned();
    let (at, event) = member(SORT)?.split_once('#').map(|(at, event)| (at.to_owned(), event.to_owned()))?;
    let state = member("state").and_then(|state| DeliveryState::from_name(&state));
    let delivery = Delivery {
        to: receiver(&member(RECEIVER)?)?,
        event: event.parse::<Uuid>().ok()?,
        at: at.parse().ok()?,
        kind: member("event_type")?,
        body: member("body")?,
        failures: number(item, "failures").unwrap_or_default(),
        since: member("waiting_since").and_then(|since| since.parse().ok()),
    };
    let due = member(DUE_AT).and_then(|due| due.parse().ok());
    let state = state.unwrap_or(DeliveryState::Sent);
    Some(StoredDelivery { delivery, state, due, reason: member("reason") })
}

/// A merchant's id holds no `#`, nor does a receiver's.
fn receiver(key: &str) -> Option<ReceiverKey> {
    let (merchant, receiver) = key.split_once('#')?;
    Some(ReceiverKey { merchant: MerchantId::stored(merchant).ok()?, receiver: receiver.parse().ok()? })
}

/// The receiver whose health an item is.
pub(super) fn receiver_of(item: &Item) -> Option<ReceiverKey> {
    receiver(text(item, SORT)?)
}

/// The health of a receiver, from its own item.
pub(super) fn read_health(item: &Item) -> Health {
    let until = |name: &str| text(item, name)?.parse().ok();
    Health {
        failures: number(item, "failures").unwrap_or_default(),
        aside_until: until("aside_until"),
        not_before: until("not_before"),
        is_gone: item.get("gone").and_then(|gone| gone.as_bool().ok().copied()).unwrap_or_default(),
    }
}
