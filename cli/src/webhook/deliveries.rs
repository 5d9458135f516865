//! `webhook list`, `webhook test` and `webhook replay`: the deliveries to a receiver.

use std::time::Duration;

use serde_json::{Value, json};
use tollgate::{dynamodb::deliveries::DynamoDbDeliveries, elastic_path::test_delivery};
use tollgate_core::{
    payments::Unreadable,
    webhooks::{Delivery, DeliveryLog as _, DeliveryState, ReceiverKey, StoredDelivery},
};

use super::{deliveries, receivers, unavailable};
use crate::{
    args::{ListWebhooks, ReplayWebhooks, TestWebhook},
    failure::{Failure, UNHEALTHY},
    installation::Installation,
    precondition::must_exist,
    report::Report,
};

/// How long a test waits for its outcome.
const TEST_LIMIT: Duration = Duration::from_secs(45);

/// How often it looks.
const LOOK_EVERY: Duration = Duration::from_millis(250);

/// Deliveries that are read at a time.
const PAGE: usize = 250;

pub(crate) async fn list(installation: &Installation, list: &ListWebhooks) -> Result<Report, Failure> {
    // A receiver's deliveries are listed although its document is deleted or cannot be read.
    let Some(receiver) = &list.receiver else {
        let all = receivers::all(installation, &list.merchant).await?;
        if all.is_empty() {
            must_exist(installation, &list.merchant).await?;
        }
        let line = |receiver: &Value| {
            let word = |value: &Value| value.as_str().unwrap_or_default().to_owned();
            let events: Vec<String> = receiver["events"].as_array().into_iter().flatten().map(word).collect();
            let events = if events.is_empty() { "all events".to_owned() } else { events.join(", ") };
            let format = if receiver["format"] == "standard" { "" } else { ", in Elastic Path's format" };
            let disabled = if receiver["disabled"] == true { ", disabled" } else { "" };
            format!("{}  {}  {events}{format}{disabled}", word(&receiver["id"]), word(&receiver["url"]))
        };
        let lines: Vec<String> = all.iter().map(line).collect();
        let text = if lines.is_empty() { "No receivers.".to_owned() } else { lines.join("\n") };
        return Ok(Report::new(text, json!({ "merchant": list.merchant, "receivers": all })));
    };
    let key = ReceiverKey { merchant: list.merchant.clone(), receiver: receiver.clone() };
    let store = deliveries(installation, &list.at)?;
    let wanted = |kept: &StoredDelivery| !list.parked || kept.state == DeliveryState::Parked;
    let (found, unreadable) = find(&store, &key, list.limit, wanted, |_| true).await?;
    let bad = unreadable.iter().map(|item| format!("cannot be read: {} ({})", item.key, item.reason));
    let lines: Vec<String> = found.iter().map(line).chain(bad).collect();
    if lines.is_empty() {
        must_exist(installation, &list.merchant).await?;
    }
    let text = if lines.is_empty() { "No deliveries.".to_owned() } else { lines.join("\n") };
    let value: Vec<Value> = found.iter().map(shown).collect();
    let unreadable: Vec<_> = unreadable.iter().map(|item| &item.key).collect();
    Ok(Report::new(
        text,
        json!({ "receiver": key.to_string(), "deliveries": value, "unreadable": unreadable }),
    ))
}

fn line(kept: &StoredDelivery) -> String {
    let Delivery { event, at, kind, failures, .. } = &kept.delivery;
    let mut line = format!("{at}  {event}  {kind}  {}", kept.state.as_str());
    if *failures > 0 {
        line = format!("{line}, failed {failures} times");
    }
    if let Some(reason) = &kept.reason {
        line = format!("{line}, last: {reason}");
    }
    if let Some(due) = kept.due {
        line = format!("{line}, next {due}");
    }
    line
}

fn shown(kept: &StoredDelivery) -> Value {
    let Delivery { event, at, kind, failures, .. } = &kept.delivery;
    json!({ "event": event, "at": at, "type": kind, "state": kept.state.as_str(), "failures": failures,
        "reason": kept.reason, "due": kept.due })
}

/// A receiver's deliveries, the newest first, for as long as they are in the range.
async fn find(
    store: &DynamoDbDeliveries,
    key: &ReceiverKey,
    limit: usize,
    wanted: impl Fn(&StoredDelivery) -> bool,
    in_range: impl Fn(&StoredDelivery) -> bool,
) -> Result<(Vec<StoredDelivery>, Vec<Unreadable>), Failure> {
    let (mut found, mut unreadable, mut from) = (Vec::new(), Vec::new(), None::<String>);
    loop {
        let page = store.page(key, from.as_deref(), PAGE).await.map_err(|error| unavailable(&error))?;
        for (installation, kept) in page.deliveries {
            from = Some(installation);
            let kept = match kept {
                Ok(kept) => kept,
                Err(item) => {
                    unreadable.push(item);
                    continue;
                }
            };
            if found.len() >= limit || !in_range(&kept) {
                return Ok((found, unreadable));
            }
            if wanted(&kept) {
                found.push(kept);
            }
        }
        if !page.more {
            return Ok((found, unreadable));
        }
    }
}

pub(crate) async fn test(installation: &Installation, arguments: &TestWebhook) -> Result<Report, Failure> {
    let TestWebhook { merchant, receiver, at } = arguments;
    let known = receivers::all(installation, merchant).await?;
    if !known.iter().any(|known| known["id"] == receiver.to_string()) {
        return Err(Failure::NotThere(format!("no receiver {receiver}; `webhook add` makes one")));
    }
    let store = deliveries(installation, at)?;
    let (now, event) = (installation.clock.now(), installation.clock.new_id());
    let to = ReceiverKey { merchant: merchant.clone(), receiver: receiver.clone() };
    let delivery = test_delivery(to, event, now);
    store.send_new(&delivery, now).await.map_err(|error| unavailable(&error))?;
    let begun = std::time::Instant::now();
    loop {
        let kept = store.find(&delivery.to, now, event).await.map_err(|error| unavailable(&error))?;
        match kept {
            Some(kept) if kept.state != DeliveryState::Sent => {
                let is_fine = kept.state == DeliveryState::Delivered;
                let text = match &kept.reason {
                    _ if is_fine => format!("Delivered to {receiver}: {event}."),
                    Some(reason) => format!("{receiver} did not take {event}: {reason}. It is tried again."),
                    None => format!("{receiver} is down or slow, {event} waits for the schedule."),
                };
                let code = if is_fine { 0 } else { UNHEALTHY };
                return Ok(Report { code, ..Report::new(text, shown(&kept)) });
            }
            _ if begun.elapsed() > TEST_LIMIT => {
                return Err(Failure::Unavailable(
                    "nothing was sent: is the stack deployed with Webhooks=true? Look at SideFunctionErrorsAlarm"
                        .to_owned(),
                ));
            }
            _ => tokio::time::sleep(LOOK_EVERY).await,
        }
    }
}

pub(crate) async fn replay(installation: &Installation, replay: &ReplayWebhooks) -> Result<Report, Failure> {
    let ReplayWebhooks { merchant, receiver, event, since, parked, dry_run, at } = replay;
    let store = deliveries(installation, at)?;
    let key = ReceiverKey { merchant: merchant.clone(), receiver: receiver.clone() };
    let wanted = |kept: &StoredDelivery| {
        event.is_none_or(|event| kept.delivery.event == event)
            && (!parked || kept.state == DeliveryState::Parked)
    };
    let in_range = |kept: &StoredDelivery| since.is_none_or(|since| kept.delivery.at >= since);
    // A message that cannot be read cannot be sent; the list shows it.
    let (found, _) = find(&store, &key, usize::MAX, wanted, in_range).await?;
    if let (Some(event), true) = (event, found.is_empty()) {
        return Err(Failure::NotThere(format!("no delivery of {event} to {receiver} in the last 30 days")));
    }
    if found.is_empty() {
        must_exist(installation, merchant).await?;
    }
    if !dry_run {
        for kept in &found {
            let done = store.replay(&kept.delivery, installation.clock.now()).await;
            done.map_err(|error| unavailable(&error))?;
        }
    }
    let count = found.len();
    let text = if *dry_run {
        format!("Dry run: {count} would be sent again.")
    } else {
        format!("{count} are sent again, within a minute.")
    };
    let events: Vec<_> = found.iter().map(|kept| kept.delivery.event).collect();
    Ok(Report::new(text, json!({ "receiver": key.to_string(), "events": events, "dry_run": dry_run })))
}
