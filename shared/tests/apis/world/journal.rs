//! The journal's entries, made of every change of an order, and their totals.

use std::collections::BTreeSet;

use async_trait::async_trait;
use jiff::{Timestamp, civil::Date};
use tollgate::search_keys::search_key;
use tollgate_core::{
    journal::{
        CountedEntry, Entry, EntryLog, EntryPage, EntryPlace, EntryQuery, KeptSum, KeptSums, LatePage,
        LateQuarter, LoggedEntry, SumOf, Totals, TotalsStore, UnreadableEntry, day_of, found_by,
    },
    order::MerchantId,
    payments::{StoreError, Unreadable},
    values::QuarterHour,
};

use super::{State, World};
use crate::merchants;

/// What an entry is counted as here.
const ENTRY_BYTES: usize = 200;

/// All entries are in the first shard.
fn is_in(entry: &Entry, place: &EntryPlace) -> bool {
    match place {
        EntryPlace::Shard(shard) => *shard == 0,
        EntryPlace::LastFour(digits) => entry.last_four.as_ref() == Some(digits),
        EntryPlace::Reference(reference) => entry.reference.as_ref() == Some(reference),
        EntryPlace::Pointers(_) | EntryPlace::Held | EntryPlace::HeldUntil(_) => true,
        EntryPlace::Declined | EntryPlace::Unusual => entry.unusual_place().as_ref() == Some(place),
    }
}

impl World {
    /// Everything that was put.
    pub(crate) fn entries(&self) -> Vec<Entry> {
        self.state().entries.clone()
    }

    fn page<E>(
        &self,
        place: &EntryPlace,
        query: &EntryQuery<'_>,
        read: impl Fn(String, &Entry) -> E,
    ) -> Result<EntryPage<E>, StoreError> {
        let state = self.state();
        state.works("journal")?;
        let (merchant, (after, before)) = (query.merchant, query.between);
        let pointed = Self::pointed(&state, merchant, place);
        let own = state.entries.iter().filter(|entry| {
            entry.order.merchant == *merchant
                && is_in(entry, place)
                && pointed.as_ref().is_none_or(|sorts| sorts.contains(&entry.sort()))
        });
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

impl World {
    /// Where pointers lead; none where the place has entries.
    fn pointed(state: &State, merchant: &MerchantId, place: &EntryPlace) -> Option<BTreeSet<String>> {
        let EntryPlace::Pointers(key) = place else { return None };
        let merchant = merchants::merchant(merchant.as_str());
        let own = state.orders.values().filter(|order| order.merchant == merchant.id);
        let found = own.flat_map(|order| found_by(None, order));
        Some(
            found
                .filter(|found| search_key(&merchant, &found.term) == *key)
                .map(|found| found.sort)
                .collect(),
        )
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

impl World {
    fn sums<T: Ord>(
        &self,
        merchant: &MerchantId,
        of: impl Fn(Timestamp) -> Option<T>,
        shown: impl Fn(&T) -> String,
    ) -> KeptSums<T> {
        let (state, mut kept) = (self.state(), KeptSums::default());
        for entry in state.entries.iter().filter(|entry| entry.order.merchant == *merchant) {
            let Some(key) = of(entry.at) else { continue };
            if state.unreadable.contains("totals") {
                let (key, reason) = (format!("{merchant}#{}", shown(&key)), "no count".to_owned());
                kept.unreadable = vec![Unreadable { key, reason }];
                continue;
            }
            let sum: &mut KeptSum = kept.sums.entry(key).or_default();
            sum.totals.get_or_insert_default().add(CountedEntry::from(entry));
        }
        kept
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

    async fn quarters(&self, merchant: &MerchantId, day: Date) -> Result<KeptSums<QuarterHour>, StoreError> {
        let of_day = |at| Some(QuarterHour::of(at)).filter(|quarter| quarter.day == day);
        Ok(self.sums(merchant, of_day, QuarterHour::to_string))
    }

    async fn days(
        &self,
        merchant: &MerchantId,
        first: Date,
        last: Date,
    ) -> Result<KeptSums<Date>, StoreError> {
        let is_one = |at| Some(day_of(at)).filter(|day| (first..=last).contains(day));
        Ok(self.sums(merchant, is_one, Date::to_string))
    }

    async fn replace(&self, _: &MerchantId, _: SumOf, _: u64, _: &Totals) -> Result<bool, StoreError> {
        unreachable!("no route sums up")
    }

    async fn late(&self, _: Option<&str>) -> Result<LatePage, StoreError> {
        unreachable!("no route sums up")
    }

    async fn settle(&self, _: &LateQuarter) -> Result<(), StoreError> {
        unreachable!("no route sums up")
    }

    async fn late_quarters(&self, _: &MerchantId, _: Date, _: Date) -> Result<Vec<QuarterHour>, StoreError> {
        Ok(Vec::new())
    }
}
