//! The switches that stop payments: items of the orders' table, one for all merchants and one for
//! each merchant whose payments were ever stopped. A merchant's id cannot be empty, so no order has
//! such a key.
//!
//! A payment reads both with one call, whose response has their positions alone.

use std::{collections::HashMap, sync::Arc};

use async_trait::async_trait;
use aws_sdk_dynamodb::{
    Client, Config,
    config::Builder,
    types::{AttributeValue, KeysAndAttributes},
};
use aws_smithy_types::retry::RetryConfig;
use jiff::{SignedDuration, Timestamp};
use tokio::sync::Mutex;
use tollgate_core::{
    order::MerchantId,
    payments::{STOP_KEPT, Stop, StoreError, Switch, SwitchChange, SwitchOf, SwitchState, Switches},
    values::Clock,
};

use crate::dynamodb::{
    Item,
    members::{Object, Read, Reader, Writer, stored},
    number, number_of,
    table::{Table, unavailable, was_made},
    text, texts,
};

/// The key of the switch of all merchants.
pub const SWITCH_KEY: &str = "#";

/// The beginning of the keys of merchants' own switches.
const OWN: &str = "#stop#";

/// Merchants whose switches are read while a function starts, at most: DynamoDB reads 100 items at
/// once.
const KNOWN_MAX: usize = 99;

const STOPPED: &str = "payments_stopped";
const CHANGES: &str = "changes";
const VERSION: &str = "version";

stored! {
    SwitchChange {
        stopped: "stopped",
        at: "at",
        by: "by",
        by_operator: "by_operator" unless (false),
    }
}

fn key(of: &SwitchOf) -> String {
    match of {
        SwitchOf::All => SWITCH_KEY.to_owned(),
        SwitchOf::Merchant(merchant) => format!("{OWN}{merchant}"),
    }
}

/// The switches of one table.
pub struct DynamoDbSwitch {
    table: Table,
    clock: Arc<dyn Clock>,
    /// Stopped by the deployment's parameter, no matter what the items say.
    by_parameter: bool,
    known: Mutex<Known>,
}

/// The state that was read, and when.
#[derive(Default)]
struct Known {
    all: Option<SwitchPosition>,
    own: HashMap<MerchantId, SwitchPosition>,
}

/// The position of a switch, and when it was read.
#[derive(Clone, Copy)]
struct SwitchPosition {
    read_at: Timestamp,
    stopped: bool,
}

impl SwitchPosition {
    /// Whether it is still gone by. A clock that was set back tells no age.
    fn is_fresh(&self, now: Timestamp) -> bool {
        (SignedDuration::ZERO..STOP_KEPT).contains(&now.duration_since(self.read_at))
    }
}

impl DynamoDbSwitch {
    /// The switches in a table that exists.
    pub fn new(client: Client, table: String, clock: Arc<dyn Clock>, by_parameter: bool) -> Self {
        Self { table: Table { client, name: table }, clock, by_parameter, known: Mutex::default() }
    }

    /// Opens a connection, by reading the switches once. Tried once.
    pub async fn connect(&self, merchants: &[MerchantId]) -> Result<(), StoreError> {
        let once = Config::builder().retry_config(RetryConfig::disabled());
        let merchants = merchants.iter().take(KNOWN_MAX);
        self.look(once, merchants, &mut *self.known.lock().await).await
    }

    /// Reads the switch of all merchants, and these merchants' own.
    async fn look(
        &self,
        config: Builder,
        merchants: impl Iterator<Item = &MerchantId>,
        known: &mut Known,
    ) -> Result<(), StoreError> {
        let now = self.clock.now();
        let merchants: Vec<_> = merchants.map(|own| (own, key(&SwitchOf::Merchant(own.clone())))).collect();
        let keys = merchants.iter().map(|(_, key)| key.as_str()).chain([SWITCH_KEY]);
        let found = self.positions(config, keys).await?;
        // Without an item, the switch was never thrown.
        let position =
            |key: &str| SwitchPosition { read_at: now, stopped: found.get(key).copied().unwrap_or_default() };
        known.own.retain(|_, own| own.is_fresh(now));
        known.own.extend(merchants.iter().map(|(own, key)| ((*own).clone(), position(key))));
        known.all = Some(position(SWITCH_KEY));
        Ok(())
    }

    /// The positions of the switches that were ever thrown, by their keys.
    async fn positions(
        &self,
        config: Builder,
        keys: impl Iterator<Item = &str>,
    ) -> Result<HashMap<String, bool>, StoreError> {
        let keys = keys.map(|key| texts([("order_key", key)])).collect();
        let wanted = KeysAndAttributes::builder().set_keys(Some(keys)).consistent_read(false);
        let wanted = wanted.projection_expression(format!("order_key, {STOPPED}")).build();
        let wanted = wanted.map_err(|error| StoreError::Unavailable(error.to_string()))?;
        let request = self.table.client.batch_get_item().request_items(&self.table.name, wanted);
        let request = request.customize().config_override(config);
        let response = request.send().await.map_err(|error| unavailable(&error))?;
        if response.unprocessed_keys.is_some_and(|left| !left.is_empty()) {
            return Err(StoreError::Unavailable("the switches were read in part only".to_owned()));
        }
        let items = response.responses.unwrap_or_default().into_values().flatten();
        Ok(items.filter_map(|item| Some((text(&item, "order_key")?.clone(), is_stopped(&item)))).collect())
    }
}

/// An item in another form stops payments: a person wanted to stop them.
fn is_stopped(item: &Item) -> bool {
    let stopped = item.get(STOPPED).and_then(|value| value.as_bool().ok());
    stopped.copied().unwrap_or(true)
}

/// A switch as it is stored. Unreadable parts of its history are left out: it must not keep anyone
/// from a stop.
fn read(item: Item) -> SwitchState {
    let (stopped, version) = (is_stopped(&item), number(&item, VERSION).unwrap_or_default());
    let mut from = Reader::new(item);
    let changes = from.list(CHANGES, |from| SwitchChange::read(&(), from));
    SwitchState { stopped, changes: changes.unwrap_or_default(), version }
}

fn written(of: &SwitchOf, state: &SwitchState) -> Item {
    let mut to = Writer::default();
    to.list(CHANGES, &state.changes, |change, to| change.write(&(), to));
    to.0.extend(texts([("order_key", &key(of))]));
    to.0.insert(STOPPED.to_owned(), AttributeValue::Bool(state.stopped));
    to.0.insert(VERSION.to_owned(), number_of(&state.version));
    to.0
}

#[async_trait]
impl Switch for DynamoDbSwitch {
    async fn stop(&self, merchant: &MerchantId) -> Result<Stop, StoreError> {
        if self.by_parameter {
            return Ok(Stop::All);
        }
        // Requests that come while it is being read wait, and do not read it, too.
        let mut known = self.known.lock().await;
        let now = self.clock.now();
        let is_fresh =
            |position: Option<&SwitchPosition>| position.is_some_and(|position| position.is_fresh(now));
        if !is_fresh(known.all.as_ref()) || !is_fresh(known.own.get(merchant)) {
            self.look(Config::builder(), std::iter::once(merchant), &mut known).await?;
        }
        let stopped = |position: Option<&SwitchPosition>| position.is_none_or(|position| position.stopped);
        let own = stopped(known.own.get(merchant));
        Ok(match (stopped(known.all.as_ref()), own) {
            (true, _) => Stop::All,
            (false, true) => Stop::Merchant,
            (false, false) => Stop::None,
        })
    }

    async fn all_stopped(&self) -> Result<bool, StoreError> {
        if self.by_parameter {
            return Ok(true);
        }
        let mut known = self.known.lock().await;
        let now = self.clock.now();
        if !known.all.is_some_and(|all| all.is_fresh(now)) {
            self.look(Config::builder(), std::iter::empty(), &mut known).await?;
        }
        Ok(known.all.is_none_or(|all| all.stopped))
    }
}

#[async_trait]
impl Switches for DynamoDbSwitch {
    async fn state(&self, of: &SwitchOf) -> Result<SwitchState, StoreError> {
        let found = self.table.item(texts([("order_key", &key(of))])).await?;
        Ok(found.map(read).unwrap_or_default())
    }

    async fn save(&self, of: &SwitchOf, state: &SwitchState) -> Result<bool, StoreError> {
        let request = self.table.put(written(of, state));
        // An item in another form has no version.
        let request = if state.version > 1 {
            let before = number_of(&(state.version - 1));
            request.condition_expression("version = :before").expression_attribute_values(":before", before)
        } else {
            request.condition_expression("attribute_not_exists(version)")
        };
        was_made(request.send().await)
    }
}

#[cfg(test)]
mod tests;
