//! Where lines belong: the UTC day on which the journal has a payment's or refund's money moved.

use std::collections::{BTreeMap, HashMap, HashSet};

use jiff::{Timestamp, civil::Date};
use sha2::{Digest, Sha256};

use crate::{
    journal::{ENTRY_SHARDS, Entry, EntryLog, EntryPlace, EntryQuery, Fact, day_of},
    order::{Kind, MerchantId},
    payments::StoreError,
    values::{ReadOrder, sort_of},
};

/// Entries that are read at a time.
const ENTRIES_AT_A_TIME: usize = 1_000;

/// The days of a merchant's payments and refunds, by account and reference. Of each it has a digest of eight bytes, so that a
/// million of them take about 30 MB.
#[derive(Debug, Default)]
pub struct KnownDays {
    days: HashMap<u64, Date>,
    /// What was looked for in the whole journal and is not there.
    unknown: HashSet<u64>,
    /// The last day on which each account has an entry.
    used: BTreeMap<String, Date>,
}

impl KnownDays {
    /// Those of all entries from a moment on, up to another one.
    pub async fn read(
        log: &dyn EntryLog,
        merchant: &MerchantId,
        (since, until): (Timestamp, Timestamp),
    ) -> Result<Self, StoreError> {
        let mut known = Self::default();
        for shard in 0..ENTRY_SHARDS {
            known.add_place(log, merchant, &EntryPlace::Shard(shard), (since, until)).await?;
        }
        Ok(known)
    }

    /// The day of a reference. What is not among the days that were read is looked up, once.
    pub(super) async fn find(
        &mut self,
        log: &dyn EntryLog,
        merchant: &MerchantId,
        account: &str,
        reference: &str,
    ) -> Result<Option<Date>, StoreError> {
        let known = self.get(account, reference);
        if known.is_some() || self.unknown.contains(&digest(account, reference)) {
            return Ok(known);
        }
        let place = EntryPlace::Reference(reference.to_owned());
        self.add_place(log, merchant, &place, (Timestamp::MIN, Timestamp::MAX)).await?;
        let found = self.get(account, reference);
        if found.is_none() {
            self.note_unknown(account, reference);
        }
        Ok(found)
    }

    /// A reference was not in the journal before. It is known now only by an entry of the days that were read.
    pub(super) fn note_unknown(&mut self, account: &str, reference: &str) {
        self.unknown.insert(digest(account, reference));
    }

    /// The day of a reference, as far as it was read.
    pub(super) fn get(&self, account: &str, reference: &str) -> Option<Date> {
        self.days.get(&digest(account, reference)).copied()
    }

    async fn add_place(
        &mut self,
        log: &dyn EntryLog,
        merchant: &MerchantId,
        place: &EntryPlace,
        (since, until): (Timestamp, Timestamp),
    ) -> Result<(), StoreError> {
        let (mut since, until) = (sort_of(since), sort_of(until));
        loop {
            let between = (since.as_str(), until.as_str());
            let order = ReadOrder::OldestFirst;
            let query = EntryQuery { merchant, between, order, limit: ENTRIES_AT_A_TIME };
            let page = log.entries(place, &query).await?;
            page.entries
                .iter()
                .filter_map(|(_, entry)| entry.as_ref().ok())
                .for_each(|entry| self.add(entry));
            match page.next {
                Some(next) => since = next,
                None => return Ok(()),
            }
        }
    }

    /// The accounts that have entries, each with the last day of them, as far as it was read.
    pub(super) fn used(&self) -> &BTreeMap<String, Date> {
        &self.used
    }

    /// The first day counts: a fact is never taken back.
    fn add(&mut self, entry: &Entry) {
        let last = self.used.entry(entry.account.clone()).or_insert_with(|| day_of(entry.at));
        *last = day_of(entry.at).max(*last);
        let Some(reference) = entry.reference.as_deref().filter(|_| moves_money(entry)) else { return };
        let day = day_of(entry.at);
        let known = self.days.entry(digest(&entry.account, reference)).or_insert(day);
        *known = day.min(*known);
    }
}

/// Whether money should reach or leave the bank by this fact. What was only held, or refused, has no day.
fn moves_money(entry: &Entry) -> bool {
    match entry.fact {
        Fact::Captured | Fact::DuplicateFound => true,
        Fact::Approved => entry.kind == Kind::Purchase,
        Fact::Refunded | Fact::DuplicateReturned => entry.kind == Kind::Refund,
        _ => false,
    }
}

fn digest(account: &str, reference: &str) -> u64 {
    let digest = Sha256::digest(format!("{account}#{reference}").as_bytes());
    digest.first_chunk().copied().map_or(0, u64::from_be_bytes)
}
