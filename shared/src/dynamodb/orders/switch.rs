//! The switch that stops payments: one item of the orders' table, which every function that moves money can read
//! already. A merchant's id cannot be empty, so no order has its key.

use std::sync::Arc;

use async_trait::async_trait;
use aws_sdk_dynamodb::{Client, Config, config::Builder, types::AttributeValue};
use aws_smithy_types::retry::RetryConfig;
use jiff::{SignedDuration, Timestamp};
use tokio::sync::Mutex;
use tollgate_core::{
    payments::{StoreError, Switch},
    values::Clock,
};

use crate::dynamodb::{
    Item,
    table::{Table, unavailable},
    text, texts,
};

/// The key of the switch's item.
pub const SWITCH_KEY: &str = "#";

/// How long a process goes by what it has read: a stop is in force everywhere after this time. A read costs half a
/// read unit.
pub const KEPT: SignedDuration = SignedDuration::from_secs(15);

/// What the switch's item says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SwitchPosition {
    /// Whether payments are stopped.
    pub stopped: bool,
    /// Who threw the switch.
    pub by: String,
    /// The person whom Tollgate has verified, if any.
    pub person: Option<String>,
    /// Why it was thrown, in the operator's words.
    pub reason: String,
    /// When it was thrown, as RFC 3339.
    pub at: String,
}

/// The switch of one table.
pub struct DynamoDbSwitch {
    table: Table,
    clock: Arc<dyn Clock>,
    /// Stopped by the deployment's parameter, whatever the item says.
    by_parameter: bool,
    known: Mutex<Option<(Timestamp, bool)>>,
}

impl DynamoDbSwitch {
    /// The switch in a table that exists.
    pub fn new(client: Client, table: String, clock: Arc<dyn Clock>, by_parameter: bool) -> Self {
        Self { table: Table { client, name: table }, clock, by_parameter, known: Mutex::new(None) }
    }

    /// Opens a connection, by reading the switch once. Tried once.
    pub async fn connect(&self) -> Result<(), StoreError> {
        let once = Config::builder().retry_config(RetryConfig::disabled());
        self.look(once, &mut *self.known.lock().await).await.map(drop)
    }

    /// The position of the switch. None where it was never thrown.
    pub async fn position(&self) -> Result<Option<SwitchPosition>, StoreError> {
        Ok(self.read(Config::builder(), true).await?.map(|item| position(&item)))
    }

    /// Stores a new position of the switch.
    pub async fn throw(&self, position: &SwitchPosition) -> Result<(), StoreError> {
        let mut item = texts([
            ("order_key", SWITCH_KEY),
            ("thrown_by", &position.by),
            ("thrown_because", &position.reason),
            ("thrown_at", &position.at),
        ]);
        item.extend(
            position.person.as_deref().into_iter().flat_map(|person| texts([("thrown_person", person)])),
        );
        item.insert("payments_stopped".to_owned(), AttributeValue::Bool(position.stopped));
        let request = self.table.put(item);
        request.send().await.map(drop).map_err(|error| unavailable(&error))
    }

    async fn look(&self, config: Builder, known: &mut Option<(Timestamp, bool)>) -> Result<bool, StoreError> {
        let now = self.clock.now();
        let stopped = self.read(config, false).await?.is_some_and(|item| position(&item).stopped);
        *known = Some((now, stopped));
        Ok(stopped)
    }

    async fn read(&self, config: Builder, consistent: bool) -> Result<Option<Item>, StoreError> {
        let request = self.table.get(texts([("order_key", SWITCH_KEY)])).consistent_read(consistent);
        let request = request.customize().config_override(config);
        Ok(request.send().await.map_err(|error| unavailable(&error))?.item)
    }
}

/// An item in another form stops payments: an operator wanted to stop them.
fn position(item: &Item) -> SwitchPosition {
    let text = |name: &str| text(item, name).cloned().unwrap_or_default();
    let stopped = item.get("payments_stopped").and_then(|value| value.as_bool().ok());
    SwitchPosition {
        stopped: stopped.copied().unwrap_or(true),
        by: text("thrown_by"),
        person: self::text(item, "thrown_person").cloned(),
        reason: text("thrown_because"),
        at: text("thrown_at"),
    }
}

#[async_trait]
impl Switch for DynamoDbSwitch {
    async fn is_stopped(&self) -> Result<bool, StoreError> {
        if self.by_parameter {
            return Ok(true);
        }
        // Who comes while it is being read waits, and does not read it, too.
        let mut known = self.known.lock().await;
        let now = self.clock.now();
        match *known {
            Some((at, stopped)) if (SignedDuration::ZERO..KEPT).contains(&now.duration_since(at)) => {
                Ok(stopped)
            }
            _ => self.look(Config::builder(), &mut known).await,
        }
    }
}

#[cfg(test)]
mod tests;
