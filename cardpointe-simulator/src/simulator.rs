//! The simulator as a value: a request goes in, a response comes out, without sockets, tasks or
//! sleeping.

use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use http::{Method, Request};
use jiff::Timestamp;
use serde_json::Value;

use crate::{
    alterations::Alteration,
    config::Config,
    control::{self, CONTROL_PATH},
    declines::Decline,
    faults::Fault,
    lookup,
    portal::{self, PortalAction},
    record::Record,
    response::Response,
    rest,
    settings::Settings,
    settlement::{self, Stage},
    state::ShownSetlstat,
    status_page,
    world::{StoreError, World},
};

mod reports;

/// A gateway in memory. Clones share one state.
///
/// One seed, one sequence of calls and one sequence of clock readings give the same responses, byte
/// for byte.
#[derive(Clone)]
pub struct Simulator {
    world: Arc<Mutex<World>>,
}

impl Simulator {
    /// A simulator that reads the time from `clock` and from nowhere else.
    pub fn new(config: Config, clock: impl Fn() -> Timestamp + Send + Sync + 'static) -> Self {
        Self { world: Arc::new(Mutex::new(World::new(config, Box::new(clock)))) }
    }

    /// The response to a request below `/cardconnect/rest`, `/cardsecure` or `/_simulator`. Only
    /// the path and the query of the URI count.
    ///
    /// The request is processed before this returns, also when the response is late or does not
    /// arrive. The caller's address for the rate limit can be put into the request's extensions as
    /// an [`IpAddr`](std::net::IpAddr); without one it is 127.0.0.1.
    pub fn respond<B: AsRef<[u8]>>(&self, request: &Request<B>) -> Response {
        let mut world = self.world();
        rest::receive_late(&mut world);
        settlement::run_due(&mut world);
        let path = request.uri().path();
        if request.method() == Method::GET
            && let Some(response) = status_page::respond(path, &world)
        {
            return response;
        }
        let response = match path.strip_prefix(CONTROL_PATH) {
            Some(rest) if rest.starts_with('/') => {
                control::respond(&mut world, request.method(), rest, request.body().as_ref())
            }
            _ => {
                let at = world.now();
                let response = rest::respond(&mut world, request);
                world.requests.add(request, &response, at);
                response
            }
        };
        world.save();
        response
    }

    /// Keeps the last requests, masked, for the status page.
    pub(crate) fn keep_requests(&self) {
        self.world().requests.switch_on();
    }

    /// Takes up the state that is in a file, and keeps it there from now on: records, profiles,
    /// tokens and settings, each change before its response leaves. Not the moved clock, faults and
    /// alterations.
    pub fn keep_in(&self, path: &Path) -> Result<(), StoreError> {
        self.world().keep_in(path)
    }

    fn change<T>(&self, change: impl FnOnce(&mut World) -> T) -> T {
        let mut world = self.world();
        settlement::run_due(&mut world);
        let result = change(&mut world);
        settlement::run_due(&mut world);
        world.save();
        result
    }

    /// The state. A panic in another request does not take it away: each change is made in one
    /// piece.
    fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The simulator's time: its clock's, moved by the time that was added.
    pub fn now(&self) -> Timestamp {
        self.world().now()
    }

    /// Moves the clock, backwards with a negative number. A time that cannot be represented changes
    /// nothing.
    pub fn advance_clock(&self, seconds: i64) {
        self.change(|world| {
            world.advance_clock(seconds);
            rest::receive_late(world);
        });
    }

    /// Every transaction, oldest first.
    pub fn records(&self) -> Vec<Record> {
        self.world().ledger.all().iter().map(Record::from).collect()
    }

    /// How many transactions there are.
    pub fn record_count(&self) -> usize {
        self.world().ledger.all().len()
    }

    /// The transactions after the first `count`, oldest first: those added since there were so
    /// many.
    pub fn records_after(&self, count: usize) -> Vec<Record> {
        self.world().ledger.all().iter().skip(count).map(Record::from).collect()
    }

    /// The transaction with this reference.
    pub fn record(&self, retref: &str) -> Option<Record> {
        self.world().ledger.by_retref(retref).map(Record::from)
    }

    /// The transactions that an inquiry by this order id finds, of every merchant account, oldest
    /// first.
    pub fn records_under(&self, order_id: &str) -> Vec<Record> {
        self.world().ledger.under(order_id).map(Record::from).collect()
    }

    /// The ledger as JSON: each transaction as `inquire` shows it, and its `kind` (`auth` or
    /// `refund`). Without noise.
    pub fn transactions(&self) -> Vec<Value> {
        lookup::everything(&self.world())
    }

    /// Runs the batch all the way: each capture and each refund becomes settled, or as the merchant
    /// account's settings say. Returns how many transactions moved.
    pub fn settle(&self) -> usize {
        self.change(|world| settlement::settle(world, None))
    }

    /// Runs the batch to a stage. Transactions under review stay there. Returns how many
    /// transactions moved.
    pub fn settle_to(&self, stage: Stage) -> usize {
        self.change(|world| settlement::settle(world, Some(stage)))
    }

    /// Takes one transaction to a stage, also out of a review; `false` when it is not on its way to
    /// settlement, or when there is none.
    pub fn settle_record(&self, retref: &str, stage: Stage) -> bool {
        self.change(|world| settlement::settle_one(world, retref, stage))
    }

    /// Has inquiries show a `setlstat` of the test's choice for a record; `None` shows the real one
    /// again. Changes nothing else. `false` when there is no such record.
    pub fn show_setlstat(&self, retref: &str, shown: Option<ShownSetlstat>) -> bool {
        self.change(|world| {
            let found = world.ledger.by_retref_mut(retref);
            found.map(|transaction| transaction.shown_setlstat = shown).is_some()
        })
    }

    /// Captures, voids or refunds a transaction in the gateway's portal, which the API's client
    /// does not see. No fault hits it. Returns the gateway's response to the same request, without
    /// noise.
    pub fn in_portal(&self, action: &PortalAction) -> Value {
        self.change(|world| portal::act(world, action))
    }

    /// Adds a fault, which hits the next requests that fit it.
    pub fn fault(&self, fault: Fault) {
        self.world().faults.add(fault);
    }

    /// Takes back the faults that have not hit yet.
    pub fn clear_faults(&self) {
        self.world().faults.clear();
    }

    /// Has the processor decline the next payments that reach it.
    pub fn decline(&self, decline: Decline) {
        self.world().declines.add(decline);
    }

    /// Takes back the declines that have not hit yet.
    pub fn clear_declines(&self) {
        self.world().declines.clear();
    }

    /// Has an endpoint's responses say something else.
    pub fn alter(&self, alteration: Alteration) {
        self.world().alterations.add(alteration);
    }

    /// Takes back all alterations.
    pub fn clear_alterations(&self) {
        self.world().alterations.clear();
    }

    /// Changes a merchant account's settings; `false` when there is no such account.
    pub fn set_merchant(&self, merchid: &str, settings: Settings) -> bool {
        self.change(|world| {
            let merchant = world.merchants.iter_mut().find(|merchant| merchant.merchid == merchid);
            merchant.map(|merchant| merchant.settings = settings).is_some()
        })
    }

    /// Forgets ledger, created profiles, faults, declines, alterations, added time and changed
    /// settings.
    pub fn reset(&self) {
        self.world().reset();
    }
}
