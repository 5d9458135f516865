use std::{
    collections::{BTreeMap, BTreeSet},
    ops::Bound,
    sync::{Arc, Mutex},
};

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp, civil::Date};
use tollgate_core::{
    journal::{
        CountedEntry, Entry, EntryLog, EntryPage, EntryPartition, EntryQuery, Hold, KeptSums, LoggedEntry,
        Mark, MerchantDay, PointedBy, Reached, SumOf, Totals, TotalsStore, UnreadableEntry, day_of, entries,
        found_by, uncollected,
    },
    order::{MerchantId, Order},
    payments::{StoreError, Unreadable},
    values::{QuarterHour, SearchKey, SearchTerm},
};

use super::{faults::Faults, locked::lock};

/// Bytes that each entry is counted as.
pub const ENTRY_BYTES: usize = 200;

/// A heartbeat tells of the time before it, but for as much as clocks may differ.
const HEARTBEAT_AFTER: SignedDuration = SignedDuration::from_mins(1);

/// The key of a merchant's text.
type KeyOf = fn(&MerchantId, &SearchTerm) -> SearchKey;

/// The journal with its indexes, and its totals, which are summed up whenever they are read.
///
/// Its ports, for [`Faults`]: `journal`, `totals`. Entries that cannot be read are named by
/// `entry of ` and their order's id, totals by `totals`.
#[derive(Default)]
pub struct JournalTable {
    state: Mutex<State>,
    pub faults: Arc<Faults>,
    /// Which part an entry is in; without it all are in the first one.
    shard: Option<fn(&Entry) -> u8>,
    /// Finds payments by text, where it is known.
    key_of: Option<KeyOf>,
    /// At most so many entries on a page, even if more were requested.
    page_max: Option<usize>,
}

#[derive(Default)]
struct State {
    /// By merchant and where they sort.
    entries: BTreeMap<(MerchantId, String), Entry>,
    holds: BTreeSet<Hold>,
    pointers: BTreeSet<(PointedBy, String)>,
    reached: Option<Timestamp>,
    partitions: Vec<EntryPartition>,
    read: usize,
}

impl JournalTable {
    pub fn new(faults: Arc<Faults>) -> Self {
        Self { faults, ..Self::default() }
    }

    /// Entries are in these parts.
    #[must_use]
    pub fn in_parts(self, shard: fn(&Entry) -> u8) -> Self {
        Self { shard: Some(shard), ..self }
    }

    /// Payments are found by text.
    #[must_use]
    pub fn with_keys(self, key_of: KeyOf) -> Self {
        Self { key_of: Some(key_of), ..self }
    }

    /// Pages have at most so many entries, as those of large items do.
    #[must_use]
    pub fn in_pages_of(self, entries: usize) -> Self {
        Self { page_max: Some(entries), ..self }
    }

    /// Adds the entries of a change of an order, as from the table's stream.
    pub fn follow(&self, before: Option<&Order>, after: &Order) {
        self.extend(entries(before, after));
        let mut state = lock(&self.state);
        for hold in before.map(Hold::all).unwrap_or_default() {
            state.holds.remove(&hold);
        }
        state.holds.extend(Hold::all(after));
        let ended = uncollected(before, after).into_iter();
        state.pointers.extend(ended.map(|first| (PointedBy::Uncollected, first.sort())));
        if let Some(key_of) = self.key_of {
            let found = found_by(before, after).into_iter();
            let key = |term: &SearchTerm| PointedBy::Text(key_of(&after.merchant, term));
            state.pointers.extend(found.map(|found| (key(&found.term), found.sort)));
        }
    }

    pub fn extend(&self, entries: impl IntoIterator<Item = Entry>) {
        let keyed = entries.into_iter().map(|entry| ((entry.order.merchant.clone(), entry.sort()), entry));
        lock(&self.state).entries.extend(keyed);
    }

    /// A text leads to the entry that sorts so.
    pub fn point(&self, key: SearchKey, sort: String) {
        lock(&self.state).pointers.insert((PointedBy::Text(key), sort));
    }

    /// Totals are kept until then, by when a heartbeat came, too.
    pub fn reach_until(&self, reached: Option<Timestamp>) {
        lock(&self.state).reached = reached;
    }

    /// All entries, of all merchants.
    pub fn all(&self) -> Vec<Entry> {
        lock(&self.state).entries.values().cloned().collect()
    }

    /// The partitions that were read since this was called last.
    pub fn take_partitions(&self) -> Vec<EntryPartition> {
        std::mem::take(&mut lock(&self.state).partitions)
    }

    /// Entries that were read so far.
    pub fn read(&self) -> usize {
        lock(&self.state).read
    }

    /// Nothing was read yet.
    pub fn forget_reads(&self) {
        lock(&self.state).read = 0;
    }

    fn is_in(&self, state: &State, entry: &Entry, partition: &EntryPartition) -> bool {
        let held = |is_wanted: &dyn Fn(&Hold) -> bool| {
            let sort = entry.sort();
            state.holds.iter().any(|hold| hold.sort == sort && is_wanted(hold))
        };
        match partition {
            EntryPartition::Shard(shard) => self.shard.map_or(0, |of| of(entry)) == *shard,
            EntryPartition::LastFour(digits) => entry.last_four.as_ref() == Some(digits),
            EntryPartition::Reference(reference) => entry.reference.as_ref() == Some(reference),
            EntryPartition::Pointers(by) => state.pointers.contains(&(*by, entry.sort())),
            EntryPartition::Declined | EntryPartition::Unusual => {
                entry.unusual_partition().as_ref() == Some(partition)
            }
            EntryPartition::Held => held(&|_| true),
            EntryPartition::HeldEnding(ends) => held(&|hold| ends.contains(&hold.ends)),
        }
    }

    fn page<E>(
        &self,
        partition: &EntryPartition,
        query: &EntryQuery<'_>,
        read: impl Fn(String, &Entry) -> E,
    ) -> Result<EntryPage<E>, StoreError> {
        self.faults.works("journal")?;
        let (merchant, (after, before)) = (query.merchant, query.between);
        let mut state = lock(&self.state);
        state.partitions.push(partition.clone());
        let place_of = |sort: &str| Bound::Excluded((merchant.clone(), sort.to_owned()));
        let range = (after < before).then(|| state.entries.range((place_of(after), place_of(before))));
        let own = range.into_iter().flatten().filter(|(_, entry)| self.is_in(&state, entry, partition));
        let mut found: Vec<_> = own.map(|((_, sort), entry)| (sort.clone(), entry)).collect();
        found.sort_by(|(one, _), (other, _)| query.order.compare(one, other));
        let limit = self.page_max.map_or(query.limit, |max| query.limit.min(max));
        let more = found.len() > limit;
        found.truncate(limit);
        let read = |(sort, entry): (String, &Entry)| {
            let order = &entry.order.order;
            let bad = self.faults.unreadable(&format!("entry of {order}"), format!("{merchant}#{sort}"));
            let entry = match bad {
                Some(item) => Err(UnreadableEntry { sort: sort.clone(), order: Some(order.clone()), item }),
                None => Ok(read(sort.clone(), entry)),
            };
            (sort, entry)
        };
        let entries: Vec<_> = found.into_iter().map(read).collect();
        state.read += entries.len();
        let next = entries.last().filter(|_| more).map(|(sort, _)| sort.clone());
        Ok(EntryPage { read_bytes: entries.len() * ENTRY_BYTES, entries, next })
    }

    fn sums<T: Ord>(
        &self,
        merchant: &MerchantId,
        of: impl Fn(Timestamp) -> Option<T>,
        shown: impl Fn(&T) -> String,
    ) -> Result<KeptSums<T>, StoreError> {
        self.faults.works("totals")?;
        let mut kept = KeptSums::default();
        for entry in self.all().iter().filter(|entry| entry.order.merchant == *merchant) {
            let Some(key) = of(entry.at) else { continue };
            if let Some(bad) = self.faults.unreadable("totals", format!("{merchant}#{}", shown(&key))) {
                kept.unreadable = vec![bad];
                continue;
            }
            let sum = kept.sums.entry(key).or_default();
            sum.totals.get_or_insert_default().add(CountedEntry::from(entry))?;
        }
        Ok(kept)
    }
}

#[async_trait]
impl EntryLog for JournalTable {
    async fn entries(
        &self,
        partition: &EntryPartition,
        query: &EntryQuery<'_>,
    ) -> Result<EntryPage<Entry>, StoreError> {
        self.page(partition, query, |_, entry| entry.clone())
    }

    async fn logged(
        &self,
        partition: &EntryPartition,
        query: &EntryQuery<'_>,
    ) -> Result<EntryPage<LoggedEntry>, StoreError> {
        self.page(partition, query, |sort, entry| LoggedEntry {
            sort,
            id: entry.id,
            order: entry.order.clone(),
            transaction: entry.transaction,
            kind: entry.kind,
            currency: Some(entry.currency),
        })
    }

    async fn counted(
        &self,
        partition: &EntryPartition,
        query: &EntryQuery<'_>,
    ) -> Result<EntryPage<CountedEntry>, StoreError> {
        self.page(partition, query, |_, entry| CountedEntry::from(entry))
    }
}

#[async_trait]
impl TotalsStore for JournalTable {
    async fn marks(&self, _: u16) -> Result<(Vec<Mark>, Vec<Unreadable>), StoreError> {
        Ok((Vec::new(), Vec::new()))
    }

    /// Those of all entries after the point that the totals have reached.
    async fn marked(
        &self,
        merchant: &MerchantId,
        first: Date,
        last: Date,
    ) -> Result<Vec<QuarterHour>, StoreError> {
        self.faults.works("totals")?;
        let own = self.all().into_iter().filter(|entry| entry.order.merchant == *merchant);
        let state = lock(&self.state);
        let marked = own.filter(|entry| state.reached.is_none_or(|reached| entry.at > reached));
        let quarters: BTreeSet<_> = marked.map(|entry| QuarterHour::of(entry.at)).collect();
        Ok(quarters.into_iter().filter(|quarter| (first..=last).contains(&quarter.day)).collect())
    }

    async fn settle(&self, _: &Mark) -> Result<(), StoreError> {
        Ok(())
    }

    async fn reached(&self, _: &MerchantId) -> Result<Reached, StoreError> {
        self.faults.works("totals")?;
        let counted = lock(&self.state).reached;
        Ok(Reached { counted, passed: counted.map(|at| at + HEARTBEAT_AFTER) })
    }

    async fn beat(&self, _: Timestamp) -> Result<(), StoreError> {
        Ok(())
    }

    async fn reach(&self, _: u16, began: Timestamp) -> Result<(), StoreError> {
        self.reach_until(Some(began));
        Ok(())
    }

    /// All merchants, on every day: a run that begins with an empty table has to find those of long
    /// ago.
    async fn merchants(
        &self,
        _: Date,
        _: Date,
    ) -> Result<(BTreeSet<MerchantId>, Vec<Unreadable>), StoreError> {
        Ok((self.all().into_iter().map(|entry| entry.order.merchant).collect(), Vec::new()))
    }

    /// Every merchant, on the last day with an entry among these.
    async fn sample(&self, first: Date, last: Date) -> Result<Vec<MerchantDay>, StoreError> {
        let days = self.all().into_iter().map(|entry| (entry.order.merchant, day_of(entry.at)));
        let days = days.filter(|(_, day)| (first..=last).contains(day)).collect::<BTreeMap<_, _>>();
        Ok(days.into_iter().map(|(merchant, day)| MerchantDay { merchant, day }).collect())
    }

    async fn quarters(&self, merchant: &MerchantId, day: Date) -> Result<KeptSums<QuarterHour>, StoreError> {
        let of_day = |at| Some(QuarterHour::of(at)).filter(|quarter| quarter.day == day);
        self.sums(merchant, of_day, QuarterHour::to_string)
    }

    async fn days(
        &self,
        merchant: &MerchantId,
        first: Date,
        last: Date,
    ) -> Result<KeptSums<Date>, StoreError> {
        let is_one = |at| Some(day_of(at)).filter(|day| (first..=last).contains(day));
        self.sums(merchant, is_one, Date::to_string)
    }

    /// They are summed up whenever they are read.
    async fn replace(&self, _: &MerchantId, _: SumOf, _: u64, _: &Totals) -> Result<bool, StoreError> {
        Ok(true)
    }
}
