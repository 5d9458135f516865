//! The handle of a running simulator.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::Value;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::config::{Config, Settings};
use crate::faults::Fault;
use crate::lookup;
use crate::server;
use crate::settlement::{self, Stage};
use crate::world::World;

/// What the connections share.
pub(crate) struct Shared {
    world: Mutex<World>,
    pub(crate) timeout_card_delay_ms: u64,
    pub(crate) rate_limit: bool,
    pub(crate) log: bool,
}

impl Shared {
    /// The state. A panic in another request does not take it away: each change is made in one piece.
    pub(crate) fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A running simulator. Stops when dropped.
pub struct Simulator {
    address: SocketAddr,
    shared: Arc<Shared>,
    server: Option<JoinHandle<()>>,
}

impl Simulator {
    /// Serves on a bound listener, in a task of the current Tokio runtime.
    pub fn start(listener: TcpListener, config: Config) -> Self {
        let address = listener.local_addr().expect("a bound listener has an address");
        let shared = Arc::new(Shared {
            timeout_card_delay_ms: config.timeout_card_delay_ms,
            rate_limit: config.rate_limit,
            log: config.log,
            world: Mutex::new(World::new(config)),
        });
        let server = tokio::spawn(server::serve(listener, Arc::clone(&shared)));
        Self { address, shared, server: Some(server) }
    }

    /// Where the gateway's endpoints are: `http://127.0.0.1:4001/cardconnect/rest`.
    pub fn base_url(&self) -> String {
        format!("http://{}{}", self.address, server::REST_PATH)
    }

    /// Where the control interface is: `http://127.0.0.1:4001/_simulator`.
    pub fn control_url(&self) -> String {
        format!("http://{}{}", self.address, server::CONTROL_PATH)
    }

    /// Moves the clock, backwards with a negative number. A time that cannot be represented changes nothing.
    pub fn advance_clock(&self, seconds: i64) {
        self.shared.world().advance_clock(seconds);
    }

    /// The ledger: each transaction as `inquire` shows it, and its `kind` (`auth` or `refund`). Without
    /// noise.
    pub fn transactions(&self) -> Vec<Value> {
        lookup::everything(&self.shared.world())
    }

    /// Runs the batch all the way: what is captured becomes settled. Says how many transactions moved.
    pub fn settle(&self) -> usize {
        self.settle_to(Stage::Accepted)
    }

    /// Runs the batch to a stage.
    pub fn settle_to(&self, stage: Stage) -> usize {
        settlement::settle(&mut self.shared.world(), stage)
    }

    /// Orders a fault.
    pub fn fault(&self, fault: Fault) {
        self.shared.world().faults.add(fault);
    }

    /// Takes back the faults that have not hit yet.
    pub fn clear_faults(&self) {
        self.shared.world().faults.clear();
    }

    /// Changes a merchant account's settings; `false` when there is no such account.
    pub fn set_merchant(&self, merchid: &str, settings: Settings) -> bool {
        let mut world = self.shared.world();
        let merchant = world.merchants.iter_mut().find(|merchant| merchant.merchid == merchid);
        merchant.map(|merchant| merchant.settings = settings).is_some()
    }

    /// Forgets ledger, created profiles, faults, pushed clock and changed settings.
    pub fn reset(&self) {
        self.shared.world().reset();
    }

    /// Stops serving; open connections are closed.
    pub async fn stop(mut self) {
        if let Some(server) = self.server.take() {
            server.abort();
            // Fails with "cancelled", which is what was asked for; only the end of the task matters.
            drop(server.await);
        }
    }
}

impl Drop for Simulator {
    fn drop(&mut self) {
        if let Some(server) = &self.server {
            server.abort();
        }
    }
}
