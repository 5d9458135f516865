//! The event that invokes the function that sends webhooks: deliveries that were added, as the
//! table's stream has them, or the schedule's empty event.

use serde::Deserialize;
use tollgate_core::webhooks::Added;

use super::item;
use crate::dynamodb::{json::object, stream::Record};

/// The event that Lambda passes for a batch of changes to the table.
#[derive(Deserialize)]
pub struct DeliveriesEvent {
    #[serde(rename = "Records")]
    records: Option<Vec<Record>>,
}

impl DeliveriesEvent {
    /// The deliveries that were added. None where the schedule invokes.
    pub fn into_added(self) -> Option<Vec<Added>> {
        Some(self.records?.into_iter().filter(|record| record.name == "INSERT").filter_map(added).collect())
    }
}

/// Other items are a receiver's health, or a later version wrote them, which then delivers them.
fn added(record: Record) -> Option<Added> {
    let item = object(record.dynamodb.new_image?)?;
    let delivery = item::read(&item)?.delivery;
    Some(Added { number: record.dynamodb.sequence_number, delivery })
}
