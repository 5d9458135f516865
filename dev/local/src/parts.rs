//! The running parts of a stack, for its owner and for its control endpoints.

use std::{
    collections::BTreeMap,
    sync::{Arc, OnceLock},
};

use cardpointe_simulator::Server;
use elastic_path_fake::Fake;
use jiff::SignedDuration;
use tollgate::{abuse::Limit, openid::IssuerUrl, source::Front};
use tollgate_core::payments::CaptureSettings;

use crate::{
    clock::LocalClock, event_bus::Bus, functions::Functions, permissions::Permissions,
    secrets_manager::Secrets, streams::Stream,
};

/// The settings of a stack's functions besides the addresses of its services.
#[derive(Clone, Debug)]
pub struct AppSettings {
    /// How scheduled captures run.
    pub captures: CaptureSettings,
    /// How many lists of a merchant are read, as one process counts them.
    pub reads: Limit,
    /// Whether the deployment's parameter stops payments.
    pub payments_stopped: bool,
    /// The front that requests have to come through, if any.
    pub front: Front,
    /// Where people sign in; none where nobody does.
    pub issuer: Option<IssuerUrl>,
    /// The console's own address, without a slash at the end.
    pub console_url: String,
    /// The merchant whose people the samples add; none without samples.
    pub console_merchant: Option<&'static str>,
    /// The stack's own merchants; none where another Secrets Manager has them.
    pub directory: Option<Arc<Secrets>>,
    /// Where callers reach the API, the console among them.
    pub callers_url: String,
}

/// The parts and their addresses.
pub(crate) struct Parts {
    pub(crate) url: String,
    pub(crate) dynamodb_url: String,
    pub(crate) secretsmanager_url: String,
    pub(crate) simulator: Arc<Server>,
    /// The fake Elastic Path, if there is one.
    pub(crate) shop: Option<Arc<Fake>>,
    pub(crate) secrets: Arc<Secrets>,
    pub(crate) clock: Arc<LocalClock>,
    pub(crate) functions: Arc<Functions>,
    pub(crate) permissions: Arc<Permissions>,
    /// By the tables' names.
    pub(crate) streams: BTreeMap<String, Stream>,
    pub(crate) eventbridge_url: String,
    pub(crate) bus: Arc<Bus>,
    /// How many sample orders were made; none until then.
    pub(crate) samples: OnceLock<usize>,
    pub(crate) settings: AppSettings,
}

impl Parts {
    /// How many sample orders there are.
    pub(crate) fn samples(&self) -> usize {
        self.samples.get().copied().unwrap_or_default()
    }

    /// Hands all that is in a table's stream to its consumers, and returns how many changes they
    /// were.
    pub(crate) async fn deliver(&self, table: &str, functions: &Functions) -> Result<usize, String> {
        let stream = self.streams.get(table).ok_or_else(|| format!("{table} has no stream"))?;
        stream.deliver(functions).await
    }

    /// Moves Tollgate's clock, the simulator's and the fake store's together.
    pub(crate) fn advance_clock(&self, seconds: i64) {
        self.clock.advance(seconds);
        self.simulator.advance_clock(seconds);
        if let Some(shop) = &self.shop {
            shop.advance_clock(SignedDuration::from_secs(seconds));
        }
    }
}
