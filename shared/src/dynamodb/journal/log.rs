//! Reads the journal's table and its indexes.

use std::{collections::HashMap, ops::RangeInclusive};

use async_trait::async_trait;
use aws_sdk_dynamodb::{Client, operation::query::builders::QueryFluentBuilder};
use jiff::Timestamp;
use tollgate_core::{
    journal::{
        CountedEntry, Entry, EntryLog, EntryPage, EntryPartition, EntryQuery, LoggedEntry, UnreadableEntry,
    },
    order::{MerchantId, OrderKey},
    payments::{StoreError, Unreadable},
    values::ReadOrder,
};

use super::{BUCKET, Column, ENDS, SORT, bucket, held, item, key_of, keys, pointers, shard, unusual};
use crate::dynamodb::{
    Item, item_size, number_of,
    table::{Table, unavailable},
    text,
};

/// The indexes, as the template has them. Each has the table's keys only.
const BY_LAST_FOUR: &str = "by-last-four";
const BY_REFERENCE: &str = "by-reference";
const UNUSUAL: &str = "unusual";

/// Open holds that one query looks at when it returns those that end within some moments: a limit
/// counts the others, too. A busy merchant's 10,000 take five queries of about 300 KB.
const HOLDS_AT_A_TIME: i32 = 2_000;

/// Most bytes of an open hold; each hold that such a query looks at is counted as this.
const HOLD_BYTES: usize = 256;

/// A journal in one DynamoDB table.
pub struct DynamoDbEntryLog(Table);

/// Where a query reads: an index or the table itself, and the partition in it.
struct Partition<'a> {
    index: Option<&'static str>,
    name: &'static str,
    key: String,
    /// Whether it has entries, or only the pointers to them.
    has_entries: bool,
    /// Only the holds are wanted that end within these moments.
    ends: Option<&'a RangeInclusive<Timestamp>>,
}

impl<'a> Partition<'a> {
    fn of(partition: &'a EntryPartition, query: &EntryQuery<'_>) -> Self {
        let merchant = query.merchant;
        let (index, column, key) = match partition {
            EntryPartition::Shard(shard) => (None, Column::Bucket, bucket(merchant, *shard)),
            EntryPartition::LastFour(digits) => {
                (Some(BY_LAST_FOUR), Column::LastFour, format!("{merchant}#{digits}"))
            }
            EntryPartition::Reference(reference) => {
                (Some(BY_REFERENCE), Column::Retref, format!("{merchant}#{reference}"))
            }
            EntryPartition::Pointers(by) => (None, Column::Bucket, pointers(merchant, *by)),
            EntryPartition::Declined | EntryPartition::Unusual => {
                (Some(UNUSUAL), Column::Unusual, unusual(merchant, partition))
            }
            EntryPartition::Held | EntryPartition::HeldEnding(_) => (None, Column::Bucket, held(merchant)),
        };
        let has_entries = matches!(partition, EntryPartition::Shard(_));
        let ends = if let EntryPartition::HeldEnding(ends) = partition { Some(ends) } else { None };
        Self { index, name: column.as_str(), key, has_entries, ends }
    }
}

impl DynamoDbEntryLog {
    /// A journal in a table that exists.
    pub fn new(client: Client, table: String) -> Self {
        Self(Table { client, name: table })
    }

    async fn page<E>(
        &self,
        partition: &EntryPartition,
        query: &EntryQuery<'_>,
        read: impl Fn(&Item) -> Result<E, StoreError>,
        is_counted: bool,
    ) -> Result<EntryPage<E>, StoreError> {
        // Both ends of BETWEEN count: these two are just inside of the query's.
        let (from, to) = (just_above(query.between.0), just_below(query.between.1));
        let Partition { index, name, key, has_entries, ends } = Partition::of(partition, query);
        let Some(request) = self.0.between([name, SORT], &key, &*from..=&*to) else {
            return Ok(EntryPage::default());
        };
        let request = request
            .set_index_name(index.map(str::to_owned))
            // A new entry has to be in the totals that it marked. A response without the columns
            // that totals do not need takes half the work.
            .set_consistent_read(is_counted.then_some(true))
            .set_projection_expression(is_counted.then(|| item::COUNTED.to_owned()))
            .scan_index_forward(query.order == ReadOrder::OldestFirst);
        let request = match ends {
            Some(ends) => ending_within(request, ends).limit(HOLDS_AT_A_TIME),
            None => request.limit(i32::try_from(query.limit).unwrap_or(i32::MAX)),
        };
        let found = request.send().await.map_err(|error| unavailable(&error))?;
        let mut next = found.last_evaluated_key.as_ref().and_then(|key| text(key, SORT).cloned());
        let mut items = found.items.unwrap_or_default();
        let mut read_bytes = match ends {
            Some(_) => usize::try_from(found.scanned_count).unwrap_or_default() * HOLD_BYTES,
            None => items.iter().map(item_size).sum(),
        };
        if items.len() > query.limit {
            items.truncate(query.limit);
            next = items.last().and_then(|item| text(item, SORT).cloned());
        }
        if !has_entries {
            items = self.whole(&items, query.merchant).await?;
            read_bytes += items.iter().map(item_size).sum::<usize>();
        }
        let entries = items.iter().map(|item| {
            let sort = text(item, SORT).cloned().unwrap_or_default();
            let entry = match read(item) {
                Ok(entry) => Ok(entry),
                Err(error) => Err(bad_entry(item, sort.clone(), error)?),
            };
            Ok((sort, entry))
        });
        Ok(EntryPage { entries: entries.collect::<Result<_, StoreError>>()?, next, read_bytes })
    }

    /// The entries that items of an index or pointers are about, in the same order. One that has
    /// expired meanwhile is left out.
    async fn whole(&self, found: &[Item], merchant: &MerchantId) -> Result<Vec<Item>, StoreError> {
        let sorts = found.iter().filter_map(|item| text(item, SORT));
        let wanted =
            found.iter().filter_map(|item| Some(keys(&entrys_bucket(item, merchant)?, text(item, SORT)?)));
        let items = self.0.batch(wanted.collect(), false).await?;
        let mut by_sort: HashMap<String, Item> =
            items.into_iter().filter_map(|item| Some((text(&item, SORT)?.clone(), item))).collect();
        Ok(sorts.filter_map(|sort| by_sort.remove(sort)).collect())
    }
}

/// Returns only the holds that end within these moments. Their ends are stored in whole seconds, so
/// that one can be returned that ends less than a second before or after: the order decides.
fn ending_within(request: QueryFluentBuilder, ends: &RangeInclusive<Timestamp>) -> QueryFluentBuilder {
    request
        .filter_expression("#ends BETWEEN :first AND :last")
        .expression_attribute_names("#ends", ENDS)
        .expression_attribute_values(":first", number_of(&ends.start().as_second()))
        .expression_attribute_values(":last", number_of(&ends.end().as_second()))
}

/// The partition of the entry that an item of an index or a pointer is about. Only a pointer or a
/// hold names the order.
fn entrys_bucket(item: &Item, merchant: &MerchantId) -> Option<String> {
    let Some(order) = text(item, Column::OrderId.as_str()) else { return text(item, BUCKET).cloned() };
    let order = OrderKey { merchant: merchant.clone(), order: order.parse().ok()? };
    Some(bucket(merchant, shard(&order)))
}

/// The first text after this one that an entry can sort by: it sorts before the first entry of a
/// moment, whose text goes on with `#`.
fn just_above(text: &str) -> String {
    format!("{text}!")
}

/// The last text before this one that an entry can sort by. All of these texts are ASCII.
fn just_below(text: &str) -> String {
    let mut begin = text.to_owned();
    let last = begin.pop().and_then(|last| char::from_u32(u32::from(last).saturating_sub(1)));
    last.map_or_else(String::new, |before| format!("{begin}{before}~"))
}

#[async_trait]
impl EntryLog for DynamoDbEntryLog {
    async fn entries(
        &self,
        partition: &EntryPartition,
        query: &EntryQuery<'_>,
    ) -> Result<EntryPage<Entry>, StoreError> {
        Ok(noted(self.page(partition, query, item::whole, false).await?))
    }

    async fn logged(
        &self,
        partition: &EntryPartition,
        query: &EntryQuery<'_>,
    ) -> Result<EntryPage<LoggedEntry>, StoreError> {
        Ok(noted(self.page(partition, query, item::logged, false).await?))
    }

    async fn counted(
        &self,
        partition: &EntryPartition,
        query: &EntryQuery<'_>,
    ) -> Result<EntryPage<CountedEntry>, StoreError> {
        self.page(partition, query, item::counted, true).await
    }
}

/// A page whose bad entries are in the log.
fn noted<E>(page: EntryPage<E>) -> EntryPage<E> {
    page.entries.iter().filter_map(|(_, entry)| entry.as_ref().err()).for_each(|entry| entry.item.note());
    page
}

/// An entry in its place among the others: the table's key is a text always.
fn bad_entry(item: &Item, sort: String, error: StoreError) -> Result<UnreadableEntry, StoreError> {
    let order = item::stated(item, Column::OrderId).ok();
    Ok(UnreadableEntry { sort, order, item: Unreadable::only(error, key_of(item))? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ends_of_a_range_leave_out_the_entries_that_they_name_and_no_other() {
        let moments = ["2026-01-05T10:07:00.122Z", "2026-01-05T10:07:00.123Z", "2026-01-05T10:07:00.124Z"];
        let ids = ["00000000-0000-0000-0000-000000000000", "a0000000-0000-0000-0000-0000000000f0"];
        let of = |moment: &str| ids.map(|id| format!("{moment}#{id}"));
        let entries: Vec<String> = moments.iter().flat_map(|moment| of(moment)).collect();
        let ends: Vec<String> =
            entries.iter().cloned().chain(moments.iter().map(|moment| (*moment).to_owned())).collect();
        for end in &ends {
            let (above, below) = (just_above(end), just_below(end));
            for entry in &entries {
                assert_eq!(*entry >= above, entry > end, "{entry} after {end}");
                assert_eq!(*entry <= below, entry < end, "{entry} before {end}");
            }
        }
        assert_eq!(just_below(""), "");
    }
}
