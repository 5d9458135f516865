//! Notifications on a bus of `EventBridge`.

use async_trait::async_trait;
use aws_sdk_eventbridge::{Client, primitives::DateTime, types::PutEventsRequestEntry};
use tollgate::aws_error;
use tollgate_core::{
    payments::StoreError,
    webhooks::{Event, EventBus},
};

/// The source by which rules recognize our events.
const SOURCE: &str = "tollgate";

/// Most events of one call.
const ENTRIES_MAX: usize = 10;

/// Most bytes of one call are 256 KiB, with some more for each event than its text.
const BYTES_MAX: usize = 240_000;

/// One bus, under a name that the deployment sets.
pub struct EventBridge {
    client: Client,
    bus: String,
}

impl EventBridge {
    /// A bus that exists.
    pub fn new(client: Client, bus: String) -> Self {
        Self { client, bus }
    }

    fn entry(&self, event: &Event) -> PutEventsRequestEntry {
        PutEventsRequestEntry::builder()
            .event_bus_name(&self.bus)
            .source(SOURCE)
            .detail_type(event.kind)
            .detail(&event.body)
            .time(DateTime::from_millis(event.at.as_millisecond()))
            .build()
    }
}

#[async_trait]
impl EventBus for EventBridge {
    async fn publish(&self, events: &[Event]) -> Result<(), StoreError> {
        for call in calls(events) {
            let entries = call.iter().map(|event| self.entry(event)).collect();
            let sent = self.client.put_events().set_entries(Some(entries)).send().await;
            let sent = sent.map_err(|error| StoreError::Unavailable(aws_error::describe(&error)))?;
            let failed = sent.entries().iter().find_map(|entry| entry.error_code());
            if let Some(code) = failed {
                return Err(StoreError::Unavailable(format!("the bus did not take an event, code {code}")));
            }
        }
        Ok(())
    }
}

/// The events of each call.
fn calls(events: &[Event]) -> Vec<&[Event]> {
    let (mut calls, mut rest) = (Vec::new(), events);
    while !rest.is_empty() {
        let mut bytes = 0;
        let fits = rest.iter().take(ENTRIES_MAX).take_while(|event| {
            bytes += event.body.len() + event.kind.len() + SOURCE.len();
            bytes <= BYTES_MAX
        });
        let (call, left) = rest.split_at(fits.count().max(1));
        calls.push(call);
        rest = left;
    }
    calls
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use uuid::Uuid;

    use super::*;

    fn event(bytes: usize) -> Event {
        let merchant = "m".parse().expect("an id");
        let body = "x".repeat(bytes);
        Event { id: Uuid::nil(), kind: "order.paid", merchant, at: Timestamp::UNIX_EPOCH, body }
    }

    #[test]
    fn a_call_takes_what_the_bus_allows_and_none_is_left_out() {
        let sizes = |events: &[Event]| calls(events).iter().map(|call| call.len()).collect::<Vec<_>>();
        assert_eq!(sizes(&vec![event(100); 25]), [10, 10, 5]);
        assert_eq!(sizes(&vec![event(100_000); 5]), [2, 2, 1]);
        assert_eq!(sizes(&[event(300_000), event(1)]), [1, 1]);
        assert!(sizes(&[]).is_empty());
    }
}
