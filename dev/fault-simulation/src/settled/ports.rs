//! What a run of the settlement works with beside its own table: the journal, the merchants, and the way to the gateway's
//! reports.

use std::{collections::BTreeMap, sync::Arc};

use async_trait::async_trait;
use futures_util::{StreamExt, stream};
use jiff::{Timestamp, civil::Date};
use tollgate::cardpointe::transport::{Request, StreamedResponse, StreamingTransport, TransportError};
use tollgate_core::{
    journal::{
        CountedEntry, ENTRY_SHARDS, Entry, EntryLog, EntryPage, EntryPlace, EntryQuery, KeptSums, LatePage,
        LateQuarter, LoggedEntry, SumOf, Totals, TotalsStore, entries,
    },
    order::MerchantId,
    payments::{Merchant, Merchants, MerchantsError, StoreError, Unreadable},
    values::{Clock, QuarterHour},
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

/// The journal of all that was written, up to a moment: what is younger is not there yet.
pub(super) struct Log {
    pub(super) entries: Vec<Entry>,
}

impl Log {
    /// All entries of the world, but for those of its last writes.
    pub(super) fn of(world: &World, behind: usize) -> Self {
        let state = world.state();
        let seen = state.stream.len().saturating_sub(behind);
        let of_change = |(before, order): &(Option<_>, _)| entries(before.as_ref(), order);
        Self { entries: state.stream[..seen].iter().flat_map(of_change).collect() }
    }
}

/// Entries are spread over all partitions.
fn shard_of(entry: &Entry) -> u8 {
    entry.id.as_bytes()[15] % ENTRY_SHARDS
}

#[async_trait]
impl EntryLog for Log {
    async fn entries(
        &self,
        place: &EntryPlace,
        query: &EntryQuery<'_>,
    ) -> Result<EntryPage<Entry>, StoreError> {
        let (since, until) = query.between;
        let is_there = |entry: &&Entry| {
            let is_there = match place {
                EntryPlace::Shard(shard) => *shard == shard_of(entry),
                EntryPlace::Reference(wanted) => entry.reference.as_ref() == Some(wanted),
                _ => false,
            };
            is_there && entry.order.merchant == *query.merchant
        };
        let all =
            self.entries.iter().filter(is_there).filter(|one| *since < *one.sort() && *one.sort() < *until);
        let all: BTreeMap<String, &Entry> = all.map(|entry| (entry.sort(), entry)).collect();
        let next = all.keys().nth(PAGE - 1).filter(|_| all.len() > PAGE).cloned();
        let entries = all.into_iter().take(PAGE).map(|(sort, entry)| (sort, Ok(entry.clone()))).collect();
        Ok(EntryPage { entries, next, read_bytes: 0 })
    }

    async fn logged(&self, _: &EntryPlace, _: &EntryQuery<'_>) -> Result<EntryPage<LoggedEntry>, StoreError> {
        Ok(EntryPage::default())
    }

    async fn counted(
        &self,
        _: &EntryPlace,
        _: &EntryQuery<'_>,
    ) -> Result<EntryPage<CountedEntry>, StoreError> {
        Ok(EntryPage::default())
    }
}

#[async_trait]
impl TotalsStore for Log {
    async fn reached(&self) -> Result<Option<Timestamp>, StoreError> {
        Ok(None)
    }

    async fn reach(&self, _: Timestamp) -> Result<(), StoreError> {
        Ok(())
    }

    /// All merchants, on every day: a run that begins with an empty table has to find those of long ago.
    async fn merchants(&self, _: Date) -> Result<(Vec<MerchantId>, Vec<Unreadable>), StoreError> {
        Ok((self.entries.iter().map(|entry| entry.order.merchant.clone()).collect(), Vec::new()))
    }

    async fn quarters(&self, _: &MerchantId, _: Date) -> Result<KeptSums<QuarterHour>, StoreError> {
        Ok(KeptSums::default())
    }

    async fn days(&self, _: &MerchantId, _: Date, _: Date) -> Result<KeptSums<Date>, StoreError> {
        Ok(KeptSums::default())
    }

    async fn replace(&self, _: &MerchantId, _: SumOf, _: u64, _: &Totals) -> Result<bool, StoreError> {
        Ok(true)
    }

    async fn late(&self, _: Option<&str>) -> Result<LatePage, StoreError> {
        Ok(LatePage::default())
    }

    async fn settle(&self, _: &LateQuarter) -> Result<(), StoreError> {
        Ok(())
    }

    async fn late_quarters(&self, _: &MerchantId, _: Date, _: Date) -> Result<Vec<QuarterHour>, StoreError> {
        Ok(Vec::new())
    }
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
