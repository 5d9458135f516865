//! Webhooks over HTTPS: a merchant's receivers, the deliveries to them, a delivery sent again, and
//! a test.

use jiff::Timestamp;
use lambda_http::Request;
use tollgate_core::{
    payments::Role,
    people::Audited,
    webhooks::{
        Delivery, DeliveryPage, DeliveryState, Health, MessageFormat, Receiver, ReceiverId, ReceiverKey,
        ReceiversError, StoredDelivery,
    },
};
use tollgate_wire::{
    self as wire, Several, Single, WebhookFormat,
    constant::{WebhookDeliveryType, WebhookType},
};
use uuid::Uuid;

use crate::{
    api::{Caller, Code, Failure, Handled, Page, Problem, Reply},
    elastic_path::{lists::Paging, lists::filter::DeliveryFilter, request::Parameters},
    invocation::path_parameter,
    ports::Deliveries,
};

/// Deliveries that are looked at at a time where a filter leaves some out, and how often: so that a
/// list ends in time.
const LOOKED_AT: usize = 100;
const LOOKS_MAX: usize = 10;

/// The type of a test's event.
const TEST: &str = "webhook.test";

handlers! {
    /// `GET /v2/webhooks`: the merchant's receivers, without secrets.
    list_webhooks(Deliveries) => receivers();
    /// `GET /v2/webhooks/{webhookId}/deliveries`: the deliveries to a receiver, the newest first,
    /// for 30 days.
    list_deliveries(Deliveries) => list();
    /// `POST /v2/webhooks/{webhookId}/deliveries/{deliveryId}/replay`: sends one again, within a
    /// minute.
    replay_delivery(Deliveries) => replay();
    /// `POST /v2/webhooks/{webhookId}/test`: sends a receiver an event of type `webhook.test`, the
    /// way that all others go.
    test_webhook(Deliveries) => test();
}

/// A delivery of an event that nothing caused but a test.
pub fn test_delivery(to: ReceiverKey, event: Uuid, now: Timestamp) -> Delivery {
    let body = wire::Event {
        id: event,
        kind: TEST.to_owned(),
        timestamp: now.into(),
        merchant: to.merchant.to_string(),
        version: 0,
        data: wire::TestData::default(),
        reason: None,
    };
    let (kind, body, since) = (TEST.to_owned(), wire::to_json(&body), Some(now));
    Delivery { to, event, at: now, kind, body, failures: 0, since }
}

async fn receivers(ports: &Deliveries, request: &Request) -> Handled<Several<wire::Webhook>> {
    let caller = Caller::reader(&ports.access, request, Role::Read).await?;
    Parameters::none(request)?;
    let mut data = Vec::new();
    for receiver in named(ports, &caller).await?.iter() {
        let key = ReceiverKey { merchant: caller.merchant.id.clone(), receiver: receiver.id.clone() };
        let health = ports.log.health_of(&key).await?;
        data.push(shown_receiver(receiver, health));
    }
    Ok(Reply::new(200, Several { data }))
}

async fn list(ports: &Deliveries, request: &Request) -> Handled<Page> {
    let caller = Caller::reader(&ports.access, request, Role::Read).await?;
    let to = receiver(request, &caller)?;
    let mark = format!("deliveries {}\n", to.receiver);
    let paging: Paging<'_, DeliveryFilter> = Paging::of(&mark, &ports.access, request, &caller)?;
    let found = find(ports, &to, &paging).await?;
    if found.rows.is_empty() && paging.after().is_none() {
        must_be_named(ports, &caller, &to).await?;
    }
    let meta = |page| wire::DeliveryPageMeta { page, unreadable: found.unreadable };
    Ok(paging.reply_in_json(found.rows, found.next, |part| part.with(meta)))
}

/// The result of a list.
#[derive(Default)]
struct FoundDeliveries {
    rows: Vec<wire::Delivery>,
    unreadable: usize,
    next: Option<String>,
}

async fn find(
    ports: &Deliveries,
    to: &ReceiverKey,
    paging: &Paging<'_, DeliveryFilter>,
) -> Result<FoundDeliveries, Failure> {
    let states = &paging.filter.states;
    let mut found = FoundDeliveries::default();
    let mut after = paging.after().map(str::to_owned);
    let at_a_time = if states.is_empty() { paging.limit } else { LOOKED_AT };
    for _ in 0..LOOKS_MAX {
        let page = ports.log.page(to, after.as_deref(), at_a_time).await?;
        let DeliveryPage { deliveries, more } = page;
        let last = deliveries.len();
        for (n, (sort, delivery)) in (1..).zip(deliveries) {
            match delivery {
                Ok(kept) if states.is_empty() || states.contains(&kept.state) => {
                    found.rows.push(shown(&kept));
                }
                Ok(_) => {}
                Err(unreadable) => {
                    unreadable.log();
                    found.unreadable += 1;
                }
            }
            after = Some(sort);
            if found.rows.len() == paging.limit {
                found.next = after.filter(|_| more || n < last);
                return Ok(found);
            }
        }
        if !more {
            return Ok(found);
        }
    }
    found.next = after;
    Ok(found)
}

async fn replay(ports: &Deliveries, request: &Request) -> Handled<Single<wire::Delivery>> {
    let caller = Caller::merchant(&ports.access, request, Role::All).await?;
    Parameters::none(request)?;
    let to = receiver(request, &caller)?;
    let (at, event) = delivery_id(request)?;
    let find = async || ports.log.find(&to, at, event).await;
    let Some(kept) = find().await? else {
        return Err(not_there("this webhook has no such delivery; they are kept for 30 days"));
    };
    caller.on_record(&ports.access, request, |call| Audited::Acted { call }).await?;
    ports.log.replay(&kept.delivery, ports.access.now()).await?;
    let kept = find().await?.unwrap_or(kept);
    Ok(Reply::new(202, Single { data: shown(&kept) }))
}

async fn test(ports: &Deliveries, request: &Request) -> Handled<Single<wire::Delivery>> {
    let caller = Caller::merchant(&ports.access, request, Role::All).await?;
    Parameters::none(request)?;
    let to = receiver(request, &caller)?;
    must_be_named(ports, &caller, &to).await?;
    caller.on_record(&ports.access, request, |call| Audited::Acted { call }).await?;
    let now = ports.access.now();
    let delivery = test_delivery(to, ports.access.clock.new_id(), now);
    ports.log.send_new(&delivery, now).await?;
    let sent = StoredDelivery { delivery, state: DeliveryState::Sent, due: None, reason: None };
    Ok(Reply::new(202, Single { data: shown(&sent) }))
}

/// The receivers that the merchant's document names. A merchant without a document has none.
async fn named(ports: &Deliveries, caller: &Caller) -> Result<std::sync::Arc<[Receiver]>, Failure> {
    match ports.receivers.receivers(&caller.merchant.id).await {
        Ok(receivers) => Ok(receivers),
        Err(ReceiversError::Missing) => Ok(std::sync::Arc::default()),
        Err(error) => Err(Failure::unavailable(&error.to_string())),
    }
}

async fn must_be_named(ports: &Deliveries, caller: &Caller, to: &ReceiverKey) -> Result<(), Failure> {
    let is_named = named(ports, caller).await?.iter().any(|receiver| receiver.id == to.receiver);
    if is_named { Ok(()) } else { Err(not_there("there is no such webhook")) }
}

fn not_there(detail: &str) -> Failure {
    Failure::new(Code::NotFound, detail)
}

fn receiver(request: &Request, caller: &Caller) -> Result<ReceiverKey, Failure> {
    let receiver: Result<ReceiverId, _> = path_parameter(request, "webhookId").parse();
    let wrong = |_| Problem::invalid("webhookId", "must have 1 to 64 letters, digits, - or _");
    Ok(ReceiverKey { merchant: caller.merchant.id.clone(), receiver: receiver.map_err(wrong)? })
}

/// A delivery's id: when its event happened, in milliseconds, and the event's id. Both are its key
/// in the table.
fn id_of(delivery: &Delivery) -> String {
    format!("{}-{}", delivery.at.as_millisecond(), delivery.event)
}

fn delivery_id(request: &Request) -> Result<(Timestamp, Uuid), Failure> {
    let text = path_parameter(request, "deliveryId");
    let parts = text.split_once('-').and_then(|(at, event)| {
        Some((Timestamp::from_millisecond(at.parse().ok()?).ok()?, event.parse().ok()?))
    });
    parts.ok_or_else(|| Problem::invalid("deliveryId", "must be the id of a delivery in the list").into())
}

fn shown(kept: &StoredDelivery) -> wire::Delivery {
    let StoredDelivery { delivery, state, due, reason } = kept;
    wire::Delivery {
        id: id_of(delivery),
        kind: WebhookDeliveryType,
        event_id: delivery.event,
        event_type: delivery.kind.clone(),
        created_at: delivery.at.into(),
        state: (*state).into(),
        failed_attempts: delivery.failures,
        next_attempt_at: due.map(Into::into),
        reason: reason.clone(),
        body: delivery.body.clone(),
    }
}

fn shown_receiver(receiver: &Receiver, health: Health) -> wire::Webhook {
    let (format, secrets) = match &receiver.format {
        MessageFormat::Standard { secrets, .. } => (WebhookFormat::Standard, secrets.len()),
        MessageFormat::ElasticPath { .. } => (WebhookFormat::ElasticPath, 1),
    };
    wire::Webhook {
        id: receiver.id.to_string(),
        kind: WebhookType,
        url: masked(&receiver.url),
        format: format.into(),
        event_types: receiver.kinds.clone(),
        enabled: !receiver.is_disabled,
        secrets,
        failures: health.failures,
        gone: health.is_gone,
    }
}

/// An address without its query, which may hold a key.
fn masked(url: &str) -> String {
    match url.split_once('?') {
        Some((url, _)) => format!("{url}?…"),
        None => url.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn a_key_in_an_address_is_not_shown() {
        assert_eq!(masked("https://erp.example/hooks?key=s3cret&x=1"), "https://erp.example/hooks?…");
        assert_eq!(masked("https://erp.example/hooks"), "https://erp.example/hooks");
    }

    #[test]
    fn the_event_of_a_test_is_due_at_once_and_says_what_it_is() {
        let to = ReceiverKey { merchant: "m".parse().unwrap(), receiver: "erp".parse().unwrap() };
        let now = Timestamp::from_second(1_800_000_000).unwrap();
        let delivery = test_delivery(to, Uuid::nil(), now);
        assert_eq!(
            (delivery.since, id_of(&delivery).as_str()),
            (Some(now), "1800000000000-00000000-0000-0000-0000-000000000000")
        );
        let body: Value = serde_json::from_str(&delivery.body).unwrap();
        assert_eq!((&body["type"], &body["merchant"]), (&json!(TEST), &json!("m")));
    }
}
