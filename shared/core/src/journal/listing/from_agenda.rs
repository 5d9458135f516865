//! Payments that are found by the indexes of orders that need attention and of captures: a
//! merchant's keys, and its orders in batches.

use std::{fmt, sync::Arc};

use futures_util::future::try_join_all;
use jiff::{SignedDuration, Timestamp};

use super::{Budget, Cursor, Found, Predicate, Row, UnpaidRow, Wanted};
use crate::{
    journal::{
        AGENDA_PARTS, Agenda, AgendaKeys, AgendaList, AgendaOrder, AgendaPage, AgendaQuery, Concern,
        Concerned,
        agenda::{AgendaRange, attention_range, doubt_range, due_range, paused_range},
        concern::{concern_of_unpaid, overdue_at},
        concerned, first_fact, is_in_doubt,
    },
    order::{MerchantId, Order, OrderKey, Transaction},
    payments::{Deadline, ORDERS_AT_ONCE, OrderStore, StoreError},
    values::counted,
};

/// Up to so many orders that need attention are counted.
pub const COUNTED_MAX: usize = 1_000;

/// The search among orders that need attention, or among captures.
#[derive(Clone, Copy, Debug)]
pub struct AgendaWanted<'a> {
    pub merchant: &'a MerchantId,
    pub now: Timestamp,
    /// Where an earlier part ended.
    pub after: Option<&'a str>,
    /// Most rows. An order is not divided: all rows of the last one belong to the part.
    pub limit: usize,
}

/// Which captures are listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CaptureList {
    /// Captures that the schedule is to make from a moment on, and before another one.
    Due(Option<Timestamp>, Timestamp),
    /// Captures that it would make, but for a pause of the order.
    Paused,
}

/// How many orders need attention.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AttentionCount {
    /// At most [`COUNTED_MAX`].
    pub orders: usize,
    /// Whether there are more.
    pub more: bool,
}

/// Lists from the indexes.
#[derive(Clone, Copy)]
pub struct AgendaLister<'a> {
    /// Has each order's current state.
    pub store: &'a dyn OrderStore,
    /// Says where to look.
    pub agenda: &'a dyn Agenda,
    /// When the caller's time is up: a part ends by then.
    pub deadline: Deadline,
}

/// A list that is read from an index.
struct AgendaSearch<'a> {
    wanted: AgendaWanted<'a>,
    /// Where the list begins and ends, range after range; at most one of an index, that of captures
    /// last.
    ranges: &'a [AgendaRange],
    /// At which time a payment is listed; none if it is not in the list.
    listed_at: &'a (dyn Fn(&Order, &Transaction) -> Option<Timestamp> + Sync),
    /// The concern for which an order without a payment is listed.
    unpaid: &'a (dyn Fn(&Order) -> Option<Concerned> + Sync),
}

impl AgendaLister<'_> {
    /// The next part of the payments that need attention now, the newest first, each order's own in
    /// the order of its payments. Those that only fade come after them, and overdue captures last.
    /// With codes, only payments with one of the codes. The first part also says how many orders
    /// there are, with any code.
    pub async fn attention(
        &self,
        wanted: &AgendaWanted<'_>,
        codes: &[Concern],
    ) -> Result<(Found, Option<AttentionCount>), StoreError> {
        let is_wanted = |one: &Concerned| codes.is_empty() || codes.contains(&one.concern);
        let listed_at = &|order: &Order, own: &Transaction| {
            let all = concerned(order, own, wanted.now);
            let is_listed = all.iter().any(is_wanted);
            all.iter().filter(|_| is_listed).map(|one| one.since).min()
        };
        let unpaid =
            &|order: &Order| concern_of_unpaid(order).filter(|one| one.holds(wanted.now) && is_wanted(one));
        let ranges = &attention_ranges(wanted.now);
        let search = AgendaSearch { wanted: *wanted, ranges, listed_at, unpaid };
        if wanted.after.is_some() {
            return Ok((self.part(&search, None).await?, None));
        }
        let keys = first_keys(self.agenda, wanted.merchant, ranges, COUNTED_MAX + 1).await?;
        let count = AttentionCount::of(&keys);
        Ok((self.part(&search, Some(keys)).await?, Some(count)))
    }

    /// The next part of the captures that are scheduled or paused, by time.
    pub async fn captures(&self, list: CaptureList, wanted: &AgendaWanted<'_>) -> Result<Found, StoreError> {
        let ranges = &[match list {
            CaptureList::Due(since, until) => due_range(since, until),
            CaptureList::Paused => paused_range(),
        }];
        let listed_at = &|order: &Order, own: &Transaction| match list {
            CaptureList::Due(since, until) => order
                .next_capture_attempt(own)
                .filter(|at| since.is_none_or(|since| *at >= since) && *at < until),
            CaptureList::Paused => {
                order.captures_paused().filter(|_| own.waits_for_schedule()).map(|pause| pause.at)
            }
        };
        self.part(&AgendaSearch { wanted: *wanted, ranges, listed_at, unpaid: &|_| None }, None).await
    }

    /// The next part of a list of payments, from those that need attention or, if payments in doubt
    /// are wanted, from those in doubt, however short.
    pub(super) async fn attention_of(&self, wanted: &Wanted<'_>) -> Result<Found, StoreError> {
        let listed_at = &|order: &Order, own: &Transaction| {
            let at = match own.pending() {
                Some(pending) => pending.attempt.at,
                None => first_fact(order, own)?.at,
            };
            let is_one = wanted.is_in_index(own, at) && wanted.has_listed_at(at) && wanted.shows(order, own);
            is_one.then_some(at)
        };
        let &Wanted { merchant, now, after, limit, .. } = wanted;
        let is_all = wanted.needs_attention();
        let ranges = &if is_all { attention_ranges(now).to_vec() } else { vec![doubt_range(now)] };
        let wanted = AgendaWanted { merchant, now, after, limit };
        let found = self.part(&AgendaSearch { wanted, ranges, listed_at, unpaid: &|_| None }, None).await?;
        let next = found.next.map(|sort_key| Cursor::AgendaFirst(&sort_key).to_string());
        Ok(Found { next, ..found })
    }

    /// The next keys of a list: enough for a page and for a batch of orders.
    async fn keys(&self, search: &AgendaSearch<'_>, after: Option<&str>) -> Result<AgendaPage, StoreError> {
        let rest: Vec<_> = search.ranges.iter().filter_map(|range| range.behind(after)).collect();
        let AgendaWanted { merchant, limit, .. } = search.wanted;
        first_keys(self.agenda, merchant, &rest, limit.max(ORDERS_AT_ONCE)).await
    }

    /// The rows of the next orders, as far as the part goes. The first keys may have been read
    /// before.
    async fn part(&self, search: &AgendaSearch<'_>, first: Option<AgendaPage>) -> Result<Found, StoreError> {
        let limit = search.wanted.limit;
        let mut keys = match first {
            Some(first) => first,
            None => self.keys(search, search.after()).await?,
        };
        let mut budget = Budget::new(self.deadline).first_batch(limit);
        budget.read(keys.bytes());
        // Before anything was read: where it began.
        let mut last = search.after().unwrap_or(&search.ranges[0].first).to_owned();
        let (mut found, mut seen) = (Found::default(), 0);
        while found.shown() < limit && !budget.is_full() {
            if seen == keys.orders.len() {
                if !keys.more {
                    break;
                }
                (keys, seen) = (self.keys(search, Some(&last)).await?, 0);
                budget.read(keys.bytes());
            }
            let rest = &keys.orders[seen..];
            let next = &rest[..rest.len().min(budget.orders_next())];
            let wanted: Vec<OrderKey> = next.iter().filter_map(|order| order.key.clone().ok()).collect();
            let mut orders = budget.load(self.store, &wanted).await?;
            for indexed in next {
                if found.shown() >= limit {
                    break;
                }
                indexed.sort_key.clone_into(&mut last);
                seen += 1;
                let (id, order) = match &indexed.key {
                    Ok(key) => (Some(key.order.clone()), orders.remove(key)),
                    Err(item) => (None, Some(Err(item.clone()))),
                };
                match order {
                    Some(Ok(order)) if !search.is_twice(indexed, &order) => {
                        search.add(&order, &mut found, &mut budget);
                    }
                    Some(Err(item)) => found.add_bad_order(id, item),
                    // The index lags behind.
                    Some(Ok(_)) | None => {}
                }
            }
        }
        found.read_bytes = budget.read_bytes();
        found.next = (seen < keys.orders.len() || keys.more).then_some(last);
        Ok(found)
    }
}

impl<'a> AgendaSearch<'a> {
    /// The sort key where an earlier part ended.
    fn after(&self) -> Option<&'a str> {
        Cursor::read(self.wanted.after).and_then(Cursor::agenda)
    }

    /// Whether an order of the second range is in the first one, too.
    fn is_twice(&self, indexed: &AgendaOrder, order: &Order) -> bool {
        let [first, _] = self.ranges else { return false };
        let own = AgendaKeys::of(order).attention;
        AgendaList::of_sort_key(&indexed.sort_key) == Some(AgendaList::Captures)
            && own.is_some_and(|own| first.has(&own))
    }

    /// Adds the payments of an order that are in the list, or the order that has none.
    fn add(&self, order: &Arc<Order>, found: &mut Found, budget: &mut Budget) {
        let unpaid = (self.unpaid)(order);
        found.unpaid.extend(unpaid.map(|concerned| UnpaidRow { order: Arc::clone(order), concerned }));
        for own in &order.transactions {
            if let Some(at) = (self.listed_at)(order, own) {
                budget.show(own);
                found.rows.push(Row { at, order: Arc::clone(order), transaction: own.id });
            }
        }
    }
}

impl Wanted<'_> {
    /// Whether a payment is listed from the index: one in doubt however old, and one that needs
    /// attention if it belongs to the list's range.
    fn is_in_index(&self, transaction: &Transaction, at: Timestamp) -> bool {
        if self.needs_attention() {
            is_in_doubt(transaction, self.now) || self.has_range(at)
        } else {
            transaction.is_doubt_recorded()
        }
    }

    /// Whether the predicates about the time of listing hold. A payment in doubt has no range, and
    /// goes by its attempt.
    fn has_listed_at(&self, at: Timestamp) -> bool {
        self.predicates.iter().all(|predicate| match predicate {
            Predicate::ListedAt(is) => is.holds(&at),
            _ => true,
        })
    }
}

impl AttentionCount {
    /// Of all keys, or of more than are counted.
    fn of(keys: &AgendaPage) -> Self {
        let orders = keys.orders.len();
        Self { orders: orders.min(COUNTED_MAX), more: orders > COUNTED_MAX }
    }
}

impl fmt::Display for AttentionCount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&counted(self.orders, self.more))
    }
}

/// How many of a merchant's orders need attention now.
pub async fn count_attention(
    agenda: &dyn Agenda,
    merchant: &MerchantId,
    now: Timestamp,
) -> Result<AttentionCount, StoreError> {
    let keys = first_keys(agenda, merchant, &attention_ranges(now), COUNTED_MAX + 1).await?;
    Ok(AttentionCount::of(&keys))
}

/// The ranges of orders that need attention now.
fn attention_ranges(now: Timestamp) -> [AgendaRange; 2] {
    [attention_range(now), due_range(None, overdue_at(now) + SignedDuration::from_secs(1))]
}

/// The first keys of ranges, range after range, each range by the sort keys: at least so many, if
/// there are so many; and whether there are more.
async fn first_keys(
    agenda: &dyn Agenda,
    merchant: &MerchantId,
    ranges: &[AgendaRange],
    least: usize,
) -> Result<AgendaPage, StoreError> {
    // Orders are spread evenly over the parts, so this is nearly always enough the first time.
    let of_each_part = least / usize::from(AGENDA_PARTS) + least / 10;
    let pages = ranges.iter().map(async |range| {
        let mut all = keys_of(agenda, merchant, range, of_each_part).await?;
        while all.more
            && all.orders.len() < least
            && let Some(rest) = range.behind(all.orders.last().map(|order| order.sort_key.as_str()))
        {
            let page = keys_of(agenda, merchant, &rest, of_each_part).await?;
            all.orders.extend(page.orders);
            all.more = page.more;
        }
        Ok(all)
    });
    let mut all = AgendaPage::default();
    for page in try_join_all(pages).await? {
        all.orders.extend(page.orders);
        // Later ranges are behind keys that were not read.
        if page.more {
            return Ok(AgendaPage { more: true, ..all });
        }
    }
    Ok(all)
}

/// The first keys of a range in all parts of its index, as far as each part was read; and whether
/// there are more.
pub(super) async fn keys_of(
    agenda: &dyn Agenda,
    merchant: &MerchantId,
    range: &AgendaRange,
    limit: usize,
) -> Result<AgendaPage, StoreError> {
    let (list, between) = (range.list, (range.first.as_str(), range.last.as_str()));
    let pages =
        (0..AGENDA_PARTS).map(|part| agenda.between(AgendaQuery { merchant, list, part, between, limit }));
    let pages = try_join_all(pages).await?;
    let ends = pages.iter().filter(|page| page.more).filter_map(|page| page.orders.last());
    let up_to = ends.map(|order| order.sort_key.clone()).min();
    let mut orders: Vec<AgendaOrder> = pages.into_iter().flat_map(|page| page.orders).collect();
    orders.retain(|order| up_to.as_ref().is_none_or(|up_to| order.sort_key <= *up_to));
    orders.sort_by(|one, other| one.sort_key.cmp(&other.sort_key));
    Ok(AgendaPage { orders, more: up_to.is_some() })
}
