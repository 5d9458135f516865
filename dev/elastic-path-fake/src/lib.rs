//! A fake of Elastic Path Commerce Cloud: tokens, orders, payments, transactions and the manual
//! gateway, with carts and checkout as far as the vendor's clients need them.
//!
//! The fake is for a laptop and for tests: it listens on 127.0.0.1 and keeps its state in memory.
//! [`Settings`] cover undocumented behavior, and [`Fault`]s a network's failures. Tests act in
//! process through [`Fake`], other programs through JSON under `/_elastic_path/`.

mod api;
mod config;
mod control;
mod fault;
mod order;
mod payments;
mod render;
mod server;
mod settings;
mod world;

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard};

use jiff::SignedDuration;
use tokio::task::JoinHandle;

pub use config::{FakeClient, FakeConfig};
pub use fault::{Endpoint, Fault, FaultKind};
pub use order::{
    NewOrder, OrderItem, OrderStatus, PaymentWord, Snapshot, TransactionRow, TransactionStatus,
    TransactionType,
};
pub use payments::{Method, StoreAct};
pub use settings::*;
pub use world::{OrderRead, Recorded};

use world::World;

/// A shop that is served on a port of this machine. It stops when it is dropped.
pub struct Fake {
    address: SocketAddr,
    world: Arc<Mutex<World>>,
    task: JoinHandle<()>,
}

impl Fake {
    /// Starts serving in the current Tokio runtime.
    pub fn start(config: FakeConfig) -> std::io::Result<Self> {
        let runtime = tokio::runtime::Handle::try_current().map_err(std::io::Error::other)?;
        let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, config.port.unwrap_or(0)))?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let listener = tokio::net::TcpListener::from_std(listener)?;
        let world = Arc::new(Mutex::new(World::new(config)));
        let task = runtime.spawn(server::serve(listener, world.clone()));
        Ok(Self { address, world, task })
    }

    fn world(&self) -> MutexGuard<'_, World> {
        world::locked(&self.world)
    }

    /// The API's address without a path: `http://127.0.0.1:PORT`.
    pub fn base_url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The settings.
    pub fn settings(&self) -> Settings {
        self.world().settings.clone()
    }

    /// Replaces the settings.
    pub fn set(&self, settings: Settings) {
        self.world().settings = settings;
    }

    /// Changes some settings.
    pub fn change(&self, change: impl FnOnce(&mut Settings)) {
        change(&mut self.world().settings);
    }

    /// Adds an order and returns its id. An order with the same id is replaced.
    pub fn add_order(&self, new: NewOrder) -> String {
        self.world().add_order(new)
    }

    /// Records another client's payment, complete at once and unchecked, and returns its
    /// transaction. `None`: the order does not exist.
    pub fn pay_elsewhere(&self, order: &str, amount: u64, method: Method) -> Option<String> {
        self.act(order, StoreAct::Pay(method, amount, None))
    }

    /// Carries out an act of the store's staff or of a stranger, and returns the id of its
    /// transaction, or of the order. `None`: it is impossible, and nothing changes.
    pub fn act(&self, order: &str, act: StoreAct) -> Option<String> {
        self.world().act(order, act)
    }

    /// Cancels an order in any state. `false`: it does not exist.
    pub fn cancel(&self, order: &str) -> bool {
        self.act(order, StoreAct::Cancel).is_some()
    }

    /// Marks an order as fulfilled, as its shop's staff does. False where there is no such order.
    pub fn fulfill(&self, order: &str) -> bool {
        let fulfill = |order: &mut order::Order| {
            order.is_fulfilled = true;
            Some(())
        };
        self.world().changed(order, fulfill).is_ok()
    }

    /// Enables or disables the manual gateway, as the store's operator does.
    pub fn enable_manual(&self, is_enabled: bool) {
        self.world().is_manual_enabled = is_enabled;
    }

    /// Adds a fault. Of several that match a request, the first added is used.
    pub fn fault(&self, fault: Fault) {
        self.world().faults.push(fault);
    }

    /// Forgets the faults that hit no request.
    pub fn forget_faults(&self) {
        self.world().faults.clear();
    }

    /// Moves the fake's clock, mostly forward; late requests until then are carried out.
    pub fn advance_clock(&self, by: SignedDuration) {
        self.world().advance_clock(by);
    }

    /// The API requests so far. Requests for control and CORS preflights are not among them.
    pub fn ledger(&self) -> Vec<Recorded> {
        self.world().ledger.clone()
    }

    /// An order as it is now.
    pub fn order(&self, id: &str) -> Option<Snapshot> {
        let world = self.world();
        world.history(id).map(|history| history.current.snapshot(&world.settings))
    }

    /// Stops serving and closes all connections.
    pub async fn close(mut self) {
        self.task.abort();
        // The task ends as canceled, which is no error here.
        drop((&mut self.task).await);
    }
}

impl Drop for Fake {
    fn drop(&mut self) {
        self.task.abort();
    }
}
