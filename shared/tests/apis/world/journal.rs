//! The journal's entries, made of every change of an order, and their totals.

use async_trait::async_trait;
use jiff::{Timestamp, civil::Date};
use tollgate_core::{
    journal::{
        CountedEntry, DayTotals, Entry, EntryLog, EntryPage, EntryPlace, EntryQuery, KeptDay, KeptTotals,
        LatePage, LateQuarter, LoggedEntry, TotalsStore, UnreadableEntry, day_of,
    },
    order::MerchantId,
    payments::{StoreError, Unreadable},
    values::QuarterHour,
};

use super::World;

/// What an entry is counted as here.
const ENTRY_BYTES: usize = 200;

/// All entries are in the first shard.
fn is_in(entry: &Entry, place: &EntryPlace) -> bool {
    match place {
        EntryPlace::Shard(shard) => *shard == 0,
        EntryPlace::LastFour(digits) => entry.last_four.as_ref() == Some(digits),
        EntryPlace::Reference(reference) => entry.reference.as_ref() == Some(reference),
        EntryPlace::Unusual => entry.is_unusual(),
    }
}

impl World {
    fn page<E>(
        &self,
        place: &EntryPlace,
        query: &EntryQuery<'_>,
        read: impl Fn(String, &Entry) -> E,
    ) -> Result<EntryPage<E>, StoreError> {
        let state = self.state();
        state.works("journal")?;
        let (merchant, (after, before)) = (query.merchant, query.between);
        let own =
            state.entries.iter().filter(|entry| entry.order.merchant == *merchant && is_in(entry, place));
        let mut found: Vec<_> = own.map(|entry| (entry.sort(), entry)).collect();
        found.retain(|(sort, _)| sort.as_str() > after && sort.as_str() < before);
        found.sort_by(|(one, _), (other, _)| query.order.compare(one, other));
        let more = found.len() > query.limit;
        found.truncate(query.limit);
        let read = |(sort, entry): (String, &Entry)| {
            let order = &entry.order.order;
            if state.unreadable.contains(format!("entry of {order}").as_str()) {
                let item = Unreadable { key: format!("{merchant}#{sort}"), reason: "no amount".to_owned() };
                let bad = UnreadableEntry { sort: sort.clone(), order: Some(order.clone()), item };
                return (sort, Err(bad));
            }
            (sort.clone(), Ok(read(sort, entry)))
        };
        let entries: Vec<_> = found.into_iter().map(read).collect();
        let next = entries.last().filter(|_| more).map(|(sort, _)| sort.clone());
        Ok(EntryPage { read_bytes: entries.len() * ENTRY_BYTES, entries, next })
    }
}

#[async_trait]
impl EntryLog for World {
    async fn entries(
        &self,
        place: &EntryPlace,
        query: &EntryQuery<'_>,
    ) -> Result<EntryPage<Entry>, StoreError> {
        self.page(place, query, |_, entry| entry.clone())
    }

    async fn logged(
        &self,
        place: &EntryPlace,
        query: &EntryQuery<'_>,
    ) -> Result<EntryPage<LoggedEntry>, StoreError> {
        self.page(place, query, |sort, entry| LoggedEntry {
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
        _: &EntryPlace,
        _: &EntryQuery<'_>,
    ) -> Result<EntryPage<CountedEntry>, StoreError> {
        unreachable!("no route counts entries")
    }
}

#[async_trait]
impl TotalsStore for World {
    async fn reached(&self) -> Result<Option<Timestamp>, StoreError> {
        let state = self.state();
        state.works("totals")?;
        Ok(state.reached)
    }

    async fn reach(&self, _: Timestamp) -> Result<(), StoreError> {
        unreachable!("no route sums up")
    }

    async fn merchants(&self, _: Date) -> Result<(Vec<MerchantId>, Vec<Unreadable>), StoreError> {
        unreachable!("no route sums up")
    }

    async fn kept(&self, merchant: &MerchantId, day: Date) -> Result<KeptDay, StoreError> {
        let state = self.state();
        let mut kept = KeptDay::default();
        let own = |entry: &&Entry| entry.order.merchant == *merchant && day_of(entry.at) == day;
        for entry in state.entries.iter().filter(own) {
            if state.unreadable.contains("totals") {
                let (key, reason) = (format!("{merchant}#{day}"), "no count".to_owned());
                kept.unreadable = vec![Unreadable { key, reason }];
                continue;
            }
            let quarter = kept.quarters.entry(QuarterHour::of(entry.at)).or_insert_with(KeptTotals::default);
            quarter.totals.add(CountedEntry::from(entry));
        }
        Ok(kept)
    }

    async fn replace(
        &self,
        _: &MerchantId,
        _: QuarterHour,
        _: u64,
        _: &DayTotals,
    ) -> Result<bool, StoreError> {
        unreachable!("no route sums up")
    }

    async fn late(&self, _: Option<&str>) -> Result<LatePage, StoreError> {
        unreachable!("no route sums up")
    }

    async fn settle(&self, _: &LateQuarter) -> Result<(), StoreError> {
        unreachable!("no route sums up")
    }

    async fn late_days(&self, _: &MerchantId, _: Date, _: Date) -> Result<Vec<Date>, StoreError> {
        Ok(Vec::new())
    }
}
