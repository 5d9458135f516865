//! Reads entries of the journal page by page.

use jiff::Timestamp;

use crate::{
    journal::{ENTRY_SHARDS, Entry, EntryLog, EntryPartition, EntryQuery},
    order::MerchantId,
    payments::StoreError,
    values::{ReadOrder, sort_of},
};

/// Entries that are read at a time.
const ENTRIES_AT_A_TIME: usize = 1_000;

/// Entries of a merchant's journal from a moment on, until another one.
pub(crate) struct EntrySpan<'a> {
    pub(crate) log: &'a dyn EntryLog,
    pub(crate) merchant: &'a MerchantId,
    /// Which part of the journal, or which reference.
    pub(crate) part: EntryPartition,
    pub(crate) since: Timestamp,
    pub(crate) until: Timestamp,
}

impl<'a> EntrySpan<'a> {
    /// All entries of a reference.
    pub(crate) fn of_reference(log: &'a dyn EntryLog, merchant: &'a MerchantId, reference: String) -> Self {
        let part = EntryPartition::Reference(reference);
        Self { log, merchant, part, since: Timestamp::MIN, until: Timestamp::MAX }
    }

    /// All parts of the journal between two moments.
    pub(crate) fn of_shards(
        log: &'a dyn EntryLog,
        merchant: &'a MerchantId,
        since: Timestamp,
        until: Timestamp,
    ) -> impl Iterator<Item = Self> {
        let of_shard = move |shard| Self { log, merchant, part: EntryPartition::Shard(shard), since, until };
        (0..ENTRY_SHARDS).map(of_shard)
    }

    /// Hands over each entry, the oldest first; none for one that cannot be read.
    pub(crate) async fn each(&self, each: &mut (dyn FnMut(Option<Entry>) + Send)) -> Result<(), StoreError> {
        let (mut since, until) = (sort_of(self.since), sort_of(self.until));
        loop {
            let query = EntryQuery {
                merchant: self.merchant,
                between: (&since, &until),
                order: ReadOrder::OldestFirst,
                limit: ENTRIES_AT_A_TIME,
            };
            let page = self.log.entries(&self.part, &query).await?;
            page.entries.into_iter().for_each(|(_, entry)| each(entry.ok()));
            match page.next {
                Some(next) => since = next,
                None => return Ok(()),
            }
        }
    }
}
