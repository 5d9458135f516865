//! `trigger`: makes an event happen on the local stack, by its real cause: an order, a payment, a
//! gateway that is away, a person in the gateway's portal.

mod attention;
mod shop;

use std::time::Duration;

use serde::Deserialize;
use serde_json::{Value, json};
use tokio::time::timeout;
use tollgate::elastic_path::EventType;
use tollgate_wire::{Event, EventData};

use crate::{
    args::{InstallationArguments, Trigger},
    failure::Failure,
    listen::EventSubject,
    local_stack::{EventStream, LocalStack},
    report::Report,
};
use shop::Shop;
use tollgate_core::journal::AttentionReason;

/// How long the event may take once it was made to happen.
const LIMIT: Duration = Duration::from_secs(30);

pub(crate) async fn run(installation: &InstallationArguments, trigger: &Trigger) -> Result<Report, Failure> {
    let known = EventType::ALL.iter().find(|kind| kind.as_str() == trigger.event);
    let kind = *known.ok_or_else(|| Failure::Input(format!("{}: no such type of event", trigger.event)))?;
    let named = trigger.reason.as_deref();
    let reason = AttentionReason::ALL.iter().copied().find(|reason| Some(reason.as_str()) == named);
    if reason.is_some() && kind != EventType::TransactionNeedsAttention {
        return Err(Failure::Input("--reason: only transaction.needs_attention has a reason".to_owned()));
    }
    let stack = LocalStack::find(installation).await?;
    // Before anything happens, so that nothing is missed.
    let events = stack.follow().await?;
    let mut shop = Shop::open(&stack).await?;
    let reason = reason.unwrap_or(AttentionReason::VoidedElsewhere);
    happen(&mut shop, kind, reason).await?;
    let wanted = Awaited { kind, reason, order: &shop.order };
    let event = timeout(LIMIT, wait_for(events, &wanted)).await.map_err(|_| {
        Failure::Unavailable(format!(
            "no {kind} came within {} s; is the stack started with --no-schedules?",
            LIMIT.as_secs(),
            kind = kind.as_str()
        ))
    })??;
    let unreadable = |_| Failure::Unavailable("the event's data cannot be read".to_owned());
    let subject = EventSubject::deserialize(&event.data).map_err(unreadable)?;
    let mut lines = shop.steps;
    let why = event.reason.as_ref().map(|reason| format!(", {reason}")).unwrap_or_default();
    lines.push(format!("{}{why}: {} {}, event {}", event.kind, subject.kind, subject.id, event.id));
    Ok(Report::new(lines.join("\n"), json!({ "order": shop.order, "steps": lines, "event": event })))
}

/// Makes the events of this type happen on the stack.
async fn happen(shop: &mut Shop<'_>, kind: EventType, reason: AttentionReason) -> Result<(), Failure> {
    match kind {
        EventType::TransactionCreated
        | EventType::TransactionUpdated
        | EventType::OrderUpdated
        | EventType::OrderPaid => shop.purchase().await.map(drop),
        EventType::OrderAuthorized => shop.authorize().await.map(drop),
        EventType::OrderRefunded => {
            let paid = shop.purchase().await?;
            shop.refund(&paid).await
        }
        EventType::CaptureFailed => {
            let paid = shop.authorize_for_later().await?;
            shop.gateway_declines_captures().await?;
            shop.capture_now(&paid).await?;
            shop.run_captures().await
        }
        EventType::TransactionDisputed => {
            let paid = shop.purchase().await?;
            shop.charge_back(&paid, &[shop::AMOUNT]).await
        }
        EventType::DepositCreated => {
            shop.purchase().await?;
            shop.deposit().await
        }
        EventType::DepositDiffers => {
            let paid = shop.purchase().await?;
            shop.deposit_without_amount(&paid).await
        }
        EventType::TransactionNeedsAttention => attention::happen(shop, reason).await,
    }
}

/// The event that is waited for.
struct Awaited<'a> {
    kind: EventType,
    /// Payments that need attention.
    reason: AttentionReason,
    /// A deposit is about none.
    order: &'a str,
}

/// The first such event.
async fn wait_for(mut events: EventStream, wanted: &Awaited<'_>) -> Result<Event<Value>, Failure> {
    let &Awaited { kind, reason, order } = wanted;
    let gone = || Failure::Unavailable("the local stack has stopped".to_owned());
    loop {
        let body = events.next().await?.ok_or_else(gone)?;
        let Ok(event) = serde_json::from_str::<Event<Value>>(&body) else { continue };
        let is_of_order = match EventData::deserialize(&event.data) {
            Ok(EventData::Transaction(own)) => own.relationships.order.data.id == order,
            Ok(EventData::Order(own)) => own.id == order,
            Err(_) => matches!(kind, EventType::DepositCreated | EventType::DepositDiffers),
        };
        let stated = event.reason.as_deref();
        let is_for_it = kind != EventType::TransactionNeedsAttention || stated == Some(reason.as_str());
        if event.kind == kind.as_str() && is_of_order && is_for_it {
            return Ok(event);
        }
    }
}
