//! Payments that are found by the entries of their facts, in the order of their times.

use std::{collections::HashMap, sync::Arc};

use futures_util::future::try_join_all;
use jiff::Timestamp;

use super::{
    BadRow, Budget, Entries, Found, Lister, Predicate, Row, Under, Wanted, budget::Readable, moment_of,
};
use crate::{
    journal::{
        EntryPage, EntryPartition, EntryQuery, LoggedEntry, UnreadableEntry, entries, entry_log::merged,
        first_fact, first_of, sort_of,
    },
    order::{MerchantId, Order, OrderKey, Transaction},
    payments::{ORDERS_AT_ONCE, StoreError, Unreadable},
    values::ReadOrder,
};

/// Entries that are read at a time, over all parts of the journal.
const ENTRIES_AT_A_TIME: usize = 250;

/// Entries that are read at a time by an index, which has their keys only: as many as one batch can
/// have.
const INDEXED_AT_A_TIME: usize = 100;

/// The same if most entries of the index may be unwanted: two batches.
const NARROWED_AT_A_TIME: usize = 2 * INDEXED_AT_A_TIME;

/// The text that an entry sorts by, and the entry, or the unreadable item in its place.
type LoggedAt = (String, Result<LoggedEntry, UnreadableEntry>);

/// The part that is being read.
struct JournalPart<'a> {
    wanted: Wanted<'a>,
    entries: &'a Entries<'a>,
    /// Where its entries end, in the order in which they are read. Those of declines can be later
    /// than the range.
    end: String,
    found: Found,
    budget: Budget,
    /// Later entries are not read yet.
    reached: String,
    /// Orders of the batch that was read last.
    orders: HashMap<OrderKey, Readable>,
}

impl Lister<'_> {
    /// The next part of a list, with the budget that earlier reads left.
    pub(super) async fn list_journal(
        &self,
        wanted: &Wanted<'_>,
        entries: &Entries<'_>,
        after: Option<&str>,
        budget: Budget,
    ) -> Result<Found, StoreError> {
        // An operation on a payment can have been declined long after it.
        let is_later = matches!(entries.under, Under::Decline(_));
        let until = if is_later { wanted.until.max(wanted.now) } else { wanted.until };
        let (start, end) = Wanted { until, ..*wanted }.ends();
        let is_within = |after: &&str| wanted.order.compare(&start, after).is_lt();
        let reached = after.filter(is_within).unwrap_or(&start).to_owned();
        let first_batch = if entries.is_narrowed { ORDERS_AT_ONCE } else { wanted.limit };
        let budget = budget.first_batch(first_batch);
        let (found, orders) = (Found::default(), HashMap::new());
        let wanted = Wanted { after, ..*wanted };
        let mut part = JournalPart { wanted, entries, end, found, budget, reached, orders };
        let is_done = self.read(&mut part).await?;
        let JournalPart { found, budget, reached, .. } = part;
        // A range that ends earlier says nothing of how far the journal has come.
        let newest = found.newest.filter(|_| until >= wanted.now);
        let next = Some(reached).filter(|_| !is_done);
        Ok(Found { next, newest, read_bytes: budget.read_bytes(), ..found })
    }

    /// When the merchant's newest entry was decided: so far has the journal come at least.
    pub async fn newest(&self, merchant: &MerchantId) -> Result<Option<Timestamp>, StoreError> {
        let (after, before) = (sort_of(Timestamp::UNIX_EPOCH), sort_of(Timestamp::MAX));
        let query =
            EntryQuery { merchant, between: (&after, &before), order: ReadOrder::NewestFirst, limit: 1 };
        let page = self.logged(&EntryPartition::all(), &query).await?;
        Ok(page.entries.first().and_then(|(sort, _)| moment_of(sort)))
    }

    /// Entries of several partitions as one page.
    async fn logged(
        &self,
        partitions: &[EntryPartition],
        query: &EntryQuery<'_>,
    ) -> Result<EntryPage<LoggedEntry>, StoreError> {
        let pages =
            try_join_all(partitions.iter().map(|partition| self.log.logged(partition, query))).await?;
        Ok(merged(pages, query.order))
    }

    /// Reads on, as far as this part goes. Whether that is the end of the list.
    async fn read(&self, part: &mut JournalPart<'_>) -> Result<bool, StoreError> {
        let Wanted { merchant, order, .. } = part.wanted;
        while order.compare(&part.reached, &part.end).is_lt() {
            if part.is_full() {
                return Ok(false);
            }
            let between: (&str, &str) = match order {
                ReadOrder::NewestFirst => (&part.end, &part.reached),
                ReadOrder::OldestFirst => (&part.reached, &part.end),
            };
            let query = EntryQuery { merchant, between, order, limit: part.entries.at_a_time() };
            let page = self.logged(&part.entries.partitions, &query).await?;
            part.budget.read(page.read_bytes);
            part.see_newest(&page);
            if !self.add(part, &page.entries).await? {
                return Ok(false);
            }
            let Some(next) = page.next else { break };
            part.reached = next;
        }
        Ok(true)
    }

    /// Adds the payments that these entries are about. Whether there was room for all.
    async fn add(&self, part: &mut JournalPart<'_>, entries: &[LoggedAt]) -> Result<bool, StoreError> {
        let mut rest = entries;
        while !rest.is_empty() {
            if part.is_full() {
                return Ok(false);
            }
            let (next, orders) = part.next_batch(rest);
            // Few orders have several payments, and those were mostly made within minutes: no
            // others are kept.
            part.orders.retain(|key, _| orders.contains(&key));
            let new = orders.into_iter().filter(|key| !part.orders.contains_key(*key));
            let new: Vec<OrderKey> = new.cloned().collect();
            let loaded = part.budget.load(self.store, &new).await?;
            part.orders.extend(loaded);
            for (n, (sort, entry)) in next.iter().enumerate() {
                match entry {
                    Ok(entry) => part.add(entry),
                    Err(bad) => part.found.add_bad_entry(bad.clone()),
                }
                sort.clone_into(&mut part.reached);
                // An order can have several payments, so more than there is room for.
                if part.has_enough() {
                    return Ok(next.len() == rest.len() && n + 1 == next.len());
                }
            }
            rest = &rest[next.len()..];
        }
        Ok(true)
    }
}

impl Entries<'_> {
    /// Entries that are read at a time of each partition.
    fn at_a_time(&self) -> usize {
        let all = match (EntryPartition::are_all(&self.partitions), self.is_narrowed) {
            (true, _) => ENTRIES_AT_A_TIME,
            (false, true) => NARROWED_AT_A_TIME,
            (false, false) => INDEXED_AT_A_TIME,
        };
        all / self.partitions.len().max(1)
    }
}

impl JournalPart<'_> {
    fn is_full(&self) -> bool {
        self.has_enough() || self.budget.is_full()
    }

    fn has_enough(&self) -> bool {
        self.found.shown() >= self.wanted.limit || self.budget.has_all_operations()
    }

    /// Notes how far the journal has come, from the first page of a list that begins at its end.
    fn see_newest(&mut self, page: &EntryPage<LoggedEntry>) {
        let begins_at_end = self.wanted.order == ReadOrder::NewestFirst && self.wanted.after.is_none();
        if self.found.newest.is_none() && begins_at_end && EntryPartition::are_all(&self.entries.partitions) {
            self.found.newest = page.entries.first().and_then(|(sort, _)| moment_of(sort));
        }
    }

    /// The entries that are looked at next, and the orders that have to be read for them: as many
    /// as there is room for.
    fn next_batch<'b>(&self, entries: &'b [LoggedAt]) -> (&'b [LoggedAt], Vec<&'b OrderKey>) {
        let most = self.budget.orders_next();
        let mut orders: Vec<&OrderKey> = Vec::new();
        for (n, (_, entry)) in entries.iter().enumerate() {
            let Ok(entry) = entry else { continue };
            if !self.may_list(entry) || orders.contains(&&entry.order) {
                continue;
            }
            if orders.len() >= most {
                return (&entries[..n], orders);
            }
            orders.push(&entry.order);
        }
        (entries, orders)
    }

    /// Whether an entry's payment can be wanted, going by members that never change. Its order is
    /// read only then.
    fn may_list(&self, entry: &LoggedEntry) -> bool {
        let is_of_any_kind = matches!(self.entries.under, Under::Reference(_) | Under::Decline(_));
        (is_of_any_kind || entry.kind.is_payment()) && self.wanted.may_want(entry)
    }

    /// Whether a payment is wanted, going by its current state.
    fn shows(&self, order: &Order, transaction: &Transaction) -> bool {
        let is_listed_first = self.wanted.is_for_attention() && transaction.is_doubt_recorded();
        let began_within =
            || first_fact(order, transaction).is_none_or(|first| self.wanted.has_range(first.at));
        !is_listed_first
            && self.wanted.shows(order, transaction)
            && (!matches!(self.entries.under, Under::Decline(_)) || began_within())
    }

    /// Adds a payment whose order cannot be read, once.
    fn add_bad_order(&mut self, entry: &LoggedEntry, item: Unreadable) {
        let (order, transaction) = (Some(entry.order.order.clone()), Some(entry.transaction));
        let bad = &mut self.found.unreadable;
        if !bad.iter().any(|row| row.order == order && row.transaction == transaction) {
            bad.push(BadRow { at: moment_of(&entry.sort), order, transaction, item });
        }
    }

    /// Adds the payment, if it is listed under this entry and wanted.
    fn add(&mut self, entry: &LoggedEntry) {
        if !self.may_list(entry) {
            return;
        }
        let order = match self.orders.get(&entry.order) {
            Some(Ok(order)) => Arc::clone(order),
            Some(Err(item)) => return self.add_bad_order(entry, item.clone()),
            None => return,
        };
        let Some(transaction) = order.transaction(entry.transaction) else { return };
        let all = entries(None, &order);
        let under = self.entries.under.entry(transaction.id, &all);
        if under.is_none_or(|under| under.id == entry.id)
            && self.shows(&order, transaction)
            && let Some(at) = first_of(transaction.id, &all).map(|first| first.at).or(moment_of(&entry.sort))
        {
            self.budget.show(transaction);
            let transaction = transaction.id;
            self.found.rows.push(Row { at, order, transaction });
        }
    }
}

impl Wanted<'_> {
    /// Whether the predicates can hold of an entry's payment, as far as the entry says.
    fn may_want(&self, entry: &LoggedEntry) -> bool {
        self.predicates.iter().all(|predicate| match predicate {
            Predicate::Currency(all) => entry.currency.is_none_or(|currency| all.contains(&currency)),
            _ => true,
        })
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::{order::Kind, values::Currency};

    fn at(minute: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + minute * 60).unwrap()
    }

    #[test]
    fn an_entry_of_another_currency_is_not_looked_at_and_one_that_states_none_is() {
        let merchant: MerchantId = "m".parse().unwrap();
        let predicates = [Predicate::Currency(vec![Currency::USD]), Predicate::LastFour("1111".to_owned())];
        let (merchant, now, since, until) = (&merchant, at(0), at(0), at(1));
        let (predicates, looked_up, order) = (&predicates[..], None, ReadOrder::NewestFirst);
        let wanted =
            Wanted { merchant, now, since, until, predicates, looked_up, order, after: None, limit: 1 };
        let entry = |currency| LoggedEntry {
            sort: sort_of(at(0)),
            id: Uuid::nil(),
            order: OrderKey { merchant: merchant.clone(), order: "o".parse().unwrap() },
            transaction: Uuid::nil(),
            kind: Kind::Purchase,
            currency,
        };
        for (currency, may) in
            [(Some(Currency::USD), true), (Currency::parse("EUR").ok(), false), (None, true)]
        {
            assert_eq!(wanted.may_want(&entry(currency)), may, "{currency:?}");
        }
    }
}
