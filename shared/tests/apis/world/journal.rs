//! The journal's entries, made of every change of an order, and their totals.

use async_trait::async_trait;
use jiff::{Timestamp, civil::Date};
use tollgate_core::{
    journal::{
        CountedEntry, CountedPage, DayTotals, Entry, EntryLog, EntryPage, EntryPlace, KeptDay, KeptTotals,
        LatePage, LateQuarter, LoggedEntry, TotalsStore, UnreadableEntry, day_of, sort_of,
    },
    order::MerchantId,
    payments::{StoreError, Unreadable},
    values::QuarterHour,
};

use super::World;

fn sort(entry: &Entry) -> String {
    format!("{}#{}", sort_of(entry.at), entry.id)
}

fn is_in(entry: &Entry, place: &EntryPlace) -> bool {
    match place {
        EntryPlace::Day { day, .. } => day_of(entry.at) == *day,
        EntryPlace::LastFour(digits) => entry.last_four.as_ref() == Some(digits),
    }
}

#[async_trait]
impl EntryLog for World {
    async fn shards(&self, day: Date) -> Result<Option<u16>, StoreError> {
        let state = self.state();
        state.works("journal")?;
        Ok(state.entries.iter().any(|entry| day_of(entry.at) == day).then_some(1))
    }

    async fn before(
        &self,
        merchant: &MerchantId,
        place: &EntryPlace,
        before: &str,
        limit: usize,
    ) -> Result<EntryPage, StoreError> {
        let state = self.state();
        state.works("journal")?;
        let own =
            state.entries.iter().filter(|entry| entry.order.merchant == *merchant && is_in(entry, place));
        let mut found: Vec<_> = own.map(|entry| (sort(entry), entry)).collect();
        found.retain(|(sort, _)| sort.as_str() < before);
        found.sort_by(|(one, _), (other, _)| other.cmp(one));
        let more = found.len() > limit;
        let read = |(sort, entry): (String, &Entry)| {
            let order = entry.order.clone();
            if state.unreadable.contains(format!("entry of {}", order.order).as_str()) {
                let item = Unreadable { key: format!("{merchant}#{sort}"), reason: "no amount".to_owned() };
                return Err(UnreadableEntry { sort, order: Some(order.order), item });
            }
            Ok(LoggedEntry {
                sort,
                id: entry.id,
                order,
                transaction: entry.transaction,
                kind: entry.kind,
                currency: Some(entry.currency),
            })
        };
        Ok(EntryPage { entries: found.into_iter().take(limit).map(read).collect(), more })
    }

    async fn counted(
        &self,
        _: &MerchantId,
        _: Date,
        _: u16,
        _: (&str, &str),
        _: usize,
    ) -> Result<CountedPage, StoreError> {
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
