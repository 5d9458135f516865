//! The dependencies of a settlement run beside its own table: the journal, the merchants, and the
//! way to the gateway's reports.

use std::{collections::BTreeMap, sync::Arc};

use async_trait::async_trait;
use futures_util::{StreamExt, stream};
use jiff::Timestamp;
use memory::JournalTable;
use tollgate::cardpointe::transport::{Request, StreamedResponse, StreamingTransport, TransportError};
use tollgate_core::{
    journal::{ENTRY_SHARDS, Entry},
    order::MerchantId,
    payments::{Merchant, Merchants, MerchantsError},
    values::Clock,
};
use uuid::Uuid;

use crate::{gateway::as_http, merchants::with_accounts, world::World};

/// Bytes of a report that arrive at a time: few, so that records are cut anywhere.
const PIECE: usize = 700;

/// Entries of a page at most: few, so that reading goes over several pages.
const PAGE: usize = 7;

/// The gateway in process, asked for its reports.
pub(super) struct Line(pub(super) Arc<World>);

impl StreamingTransport for Line {
    async fn open(&self, request: Request<'_>) -> Result<StreamedResponse, TransportError> {
        let request = as_http(request).ok_or(TransportError::NotConnected)?;
        let response = self.0.state().ledger.simulator.respond(&request);
        let pieces: Vec<_> = response.body.chunks(PIECE).map(|piece| Ok(piece.to_vec())).collect();
        let body = stream::iter(pieces).boxed();
        Ok(StreamedResponse { status: response.status.as_u16(), retry_after: None, body })
    }
}

/// The world's own clock.
pub(super) struct WorldClock(pub(super) Arc<World>);

impl Clock for WorldClock {
    fn now(&self) -> Timestamp {
        self.0.now()
    }

    fn new_id(&self) -> Uuid {
        Uuid::nil()
    }
}

/// The journal of all that was written but for the last writes, which are not there yet.
pub(super) fn journal_of(world: &World, behind: usize) -> JournalTable {
    // Entries are spread over all partitions.
    let part_of = |entry: &Entry| entry.id.as_bytes()[15] % ENTRY_SHARDS;
    let journal = JournalTable::default().in_parts(part_of).in_pages_of(PAGE);
    let state = world.state();
    let seen = state.stream.len().saturating_sub(behind);
    for (before, order) in &state.stream[..seen] {
        journal.follow(before.as_ref(), order);
    }
    journal
}

/// Both merchants' documents, each with all accounts that it ever had.
pub(super) struct Documents(BTreeMap<&'static str, Vec<String>>);

impl Documents {
    pub(super) fn new(accounts: BTreeMap<&'static str, Vec<String>>) -> Self {
        Self(accounts)
    }
}

#[async_trait]
impl Merchants for Documents {
    async fn get(&self, id: &MerchantId) -> Result<Arc<Merchant>, MerchantsError> {
        let accounts = self.0.get(id.as_str()).map(Vec::as_slice).unwrap_or_default();
        with_accounts(id.as_str(), accounts)
            .ok_or_else(|| MerchantsError::Unavailable("there is no such merchant".to_owned()))
    }
}
