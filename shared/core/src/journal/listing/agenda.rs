//! Lists from the indexes of what needs attention and of captures: a merchant's keys, and its orders in batches.

use std::{collections::BTreeMap, fmt, sync::Arc};

use futures_util::future::try_join_all;
use jiff::{SignedDuration, Timestamp, civil::Date};

use super::{
    BadRow, Found, Lister, Loaded, OPERATIONS_IN_A_PART, READ_MAX_BYTES, Row, STEP_BYTES, USUAL_ORDER_BYTES,
    bytes_of, first_fact,
};
use crate::{
    journal::{
        AGENDA_PARTS, Agenda, AgendaList, AgendaOrder, AgendaPlaces, AgendaQuery, Concern,
        agenda::{captures_of, due_range, paused_range},
        concern::{attention_range, concerned, doubt_range, overdue_at},
    },
    order::{MerchantId, Order, OrderKey, Transaction},
    payments::{Deadline, ORDERS_AT_ONCE, OrderStore, StoreError},
    values::{Amount, Currency, Zone, counted},
};

/// Up to so many orders that need attention are counted.
pub const COUNTED_MAX: usize = 1_000;

/// Keys that a part of a list reads of each part of an index, where none are counted.
const KEYS: usize = 250;

/// Keys that sums are read by, of each part of an index at a time.
const KEYS_OF_SUMS: usize = 4_000;

/// Most bytes of a key in an index, and what one is counted as.
const KEY_BYTES: usize = 256;

/// What is looked for in an index.
struct AgendaSearch<'a> {
    merchant: &'a MerchantId,
    /// Where the list begins and ends, range after range; at most one of an index, that of captures last.
    ranges: &'a [Range],
    /// The place where an earlier part ended.
    after: Option<&'a str>,
    /// Most rows, but for the last order's.
    limit: usize,
    /// Keys that are read of each part of each range.
    keys: usize,
    /// The rows of an order that belong to the list.
    rows_of: &'a (dyn Fn(&Arc<Order>) -> Vec<Row> + Sync),
}

/// Places of an index, both ends included.
type Range = (AgendaList, (String, String));

/// Where what needs attention now is.
fn attention_ranges(now: Timestamp) -> [Range; 2] {
    let overdue = due_range(None, overdue_at(now) + SignedDuration::from_secs(1));
    [(AgendaList::Attention, attention_range(now)), (AgendaList::Captures, overdue)]
}

/// How many orders need attention.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AttentionCount {
    /// At most [`COUNTED_MAX`].
    pub orders: usize,
    /// Whether there are more.
    pub more: bool,
}

impl fmt::Display for AttentionCount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&counted(self.orders, self.more))
    }
}

/// What is looked for among what needs attention, or among captures.
#[derive(Clone, Copy, Debug)]
pub struct AgendaWanted<'a> {
    /// Whose orders.
    pub merchant: &'a MerchantId,
    /// The current time.
    pub now: Timestamp,
    /// Where an earlier part ended.
    pub after: Option<&'a str>,
    /// Most rows. An order is not divided: all rows of the last one belong to the part.
    pub limit: usize,
}

/// Which captures are listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CaptureList {
    /// What the schedule is to capture from a moment on, and before another one.
    Due(Option<Timestamp>, Timestamp),
    /// What it would capture, but for a pause of the order.
    Paused,
}

/// What is to be captured on a day in a currency.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DueSum {
    /// How many captures.
    pub count: u64,
    /// What they come to, in minor units.
    pub minor: u64,
}

/// Sums of what is to be captured.
#[derive(Debug, Default)]
pub struct DueSums {
    /// By day and currency.
    pub sums: BTreeMap<(Date, Currency), DueSum>,
    /// Places that cannot be read.
    pub unreadable: usize,
    /// Up to when everything is counted; none: everything that was wanted.
    pub counted_until: Option<Timestamp>,
    /// Bytes that were read at most.
    pub read_bytes: usize,
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

impl Lister<'_> {
    /// Lists from the indexes, and not from the journal.
    pub fn by_agenda(&self) -> AgendaLister<'_> {
        let Self { store, agenda, deadline, .. } = *self;
        AgendaLister { store, agenda, deadline }
    }
}

impl AgendaLister<'_> {
    /// The next part of what needs attention now, the newest first, each order's own in the order of its payments; what only
    /// fades comes after it, and captures that are overdue last. With codes, only those with one of them. The first part
    /// also says how many orders there are, with any code.
    pub async fn attention(
        &self,
        wanted: &AgendaWanted<'_>,
        codes: &[Concern],
    ) -> Result<(Found, Option<AttentionCount>), StoreError> {
        let rows_of = &|order: &Arc<Order>| {
            let row = |own: &Transaction| {
                let all = concerned(order, own, wanted.now);
                let is_wanted = codes.is_empty() || all.iter().any(|one| codes.contains(&one.concern));
                let since = all.iter().filter(|_| is_wanted).map(|one| one.since).min()?;
                Some(Row { at: since, order: Arc::clone(order), transaction: own.id })
            };
            order.transactions.iter().filter_map(row).collect()
        };
        let ranges = &attention_ranges(wanted.now);
        let &AgendaWanted { merchant, after, limit, .. } = wanted;
        let keys = if after.is_none() { COUNTED_MAX } else { KEYS };
        let search = AgendaSearch { merchant, ranges, after, limit, keys, rows_of };
        let (orders, more) = self.keys(&search).await?;
        let count = after.is_none().then(|| AttentionCount {
            orders: orders.len().min(COUNTED_MAX),
            more: more || orders.len() > COUNTED_MAX,
        });
        Ok((self.part(&search, &orders, more).await?, count))
    }

    /// The next part of what the schedule is to capture, or is paused, by time.
    pub async fn captures(&self, list: CaptureList, wanted: &AgendaWanted<'_>) -> Result<Found, StoreError> {
        let range = match list {
            CaptureList::Due(since, until) => due_range(since, until),
            CaptureList::Paused => paused_range(),
        };
        let ranges = &[(AgendaList::Captures, range)];
        let rows_of = &|order: &Arc<Order>| {
            let row = |own: &Transaction| {
                let at = match list {
                    CaptureList::Due(since, until) => order
                        .next_capture_attempt(own)
                        .filter(|at| since.is_none_or(|since| *at >= since) && *at < until)?,
                    CaptureList::Paused => order.captures_paused().filter(|_| own.waits_for_schedule())?.at,
                };
                Some(Row { at, order: Arc::clone(order), transaction: own.id })
            };
            order.transactions.iter().filter_map(row).collect()
        };
        let &AgendaWanted { merchant, after, limit, .. } = wanted;
        let keys = limit.max(ORDERS_AT_ONCE);
        let search = AgendaSearch { merchant, ranges, after, limit, keys, rows_of };
        let (orders, more) = self.keys(&search).await?;
        self.part(&search, &orders, more).await
    }

    /// A part of what is in doubt, however short, or of what needs attention: those of its transactions that are wanted.
    pub(super) async fn wanted(
        &self,
        wanted: &AgendaWanted<'_>,
        only_doubts: bool,
        wants: &(dyn Fn(&Order, &Transaction, Timestamp) -> bool + Sync),
    ) -> Result<Found, StoreError> {
        let rows_of = &|order: &Arc<Order>| {
            let row = |own: &Transaction| {
                let at = match own.pending() {
                    Some(pending) => pending.attempt.at,
                    None => first_fact(order, own)?.at,
                };
                wants(order, own, at).then(|| Row { at, order: Arc::clone(order), transaction: own.id })
            };
            order.transactions.iter().filter_map(row).collect()
        };
        let doubts = [(AgendaList::Attention, doubt_range(wanted.now))];
        let all = attention_ranges(wanted.now);
        let ranges: &[Range] = if only_doubts { &doubts } else { &all };
        let &AgendaWanted { merchant, after, limit, .. } = wanted;
        let search = AgendaSearch { merchant, ranges, after, limit, keys: KEYS, rows_of };
        let (orders, more) = self.keys(&search).await?;
        self.part(&search, &orders, more).await
    }

    /// The keys of a list, range after range, each range by the places; and whether there are more.
    async fn keys(&self, search: &AgendaSearch<'_>) -> Result<(Vec<AgendaOrder>, bool), StoreError> {
        let ended_in = search.after.map(list_of);
        let rest = search.ranges.iter().filter_map(|(list, (begin, end))| {
            // What is after it: no place begins with another one.
            let begin = match (search.after, ended_in) {
                (Some(after), Some(ended_in)) if ended_in == *list => format!("{after}!").max(begin.clone()),
                (Some(_), Some(AgendaList::Captures)) => return None,
                _ => begin.clone(),
            };
            (begin <= *end).then_some((*list, begin, end.as_str()))
        });
        let rest: Vec<(AgendaList, String, &str)> = rest.collect();
        let ranges = rest.iter().map(|(list, begin, end)| {
            keys_between(self.agenda, (search.merchant, *list), (begin, end), search.keys)
        });
        let mut all = Vec::new();
        for (orders, more) in try_join_all(ranges).await? {
            all.extend(orders);
            // What follows is behind what was not read.
            if more {
                return Ok((all, true));
            }
        }
        Ok((all, false))
    }

    /// The rows of these orders, as far as the part goes.
    async fn part(
        &self,
        search: &AgendaSearch<'_>,
        orders: &[AgendaOrder],
        more: bool,
    ) -> Result<Found, StoreError> {
        let mut found = Found { read_bytes: orders.len() * KEY_BYTES, ..Found::default() };
        let (mut rest, mut largest, mut operations) = (orders, USUAL_ORDER_BYTES, 0);
        let mut step = search.limit.min(ORDERS_AT_ONCE);
        let mut last = None;
        while !rest.is_empty() {
            let is_full = found.shown() >= search.limit
                || operations >= OPERATIONS_IN_A_PART
                || found.read_bytes + STEP_BYTES > READ_MAX_BYTES;
            if is_full || !self.deadline.leaves_time_to_respond() {
                break;
            }
            let room = (READ_MAX_BYTES.saturating_sub(found.read_bytes) / largest).max(1);
            let (some, later) = rest.split_at(rest.len().min(step).min(room));
            let keys: Vec<OrderKey> = some.iter().filter_map(|order| order.key.clone().ok()).collect();
            let (mut loaded, read_bytes) =
                if keys.is_empty() { (BTreeMap::new(), 0) } else { self.loaded(&keys).await? };
            found.read_bytes += read_bytes;
            let mut seen = 0;
            for order in some {
                if found.shown() >= search.limit {
                    break;
                }
                seen += 1;
                let place = order.place.as_str();
                last = Some(place);
                let (id, order) = match &order.key {
                    Ok(key) => (Some(key.order.clone()), loaded.remove(key.order.as_str())),
                    Err(item) => (None, Some(Err(item.clone()))),
                };
                // The index lags behind.
                let Some(order) = order else { continue };
                largest = largest.max(bytes_of(&order));
                match order {
                    Ok(order) if is_twice(search, place, &order) => {}
                    Ok(order) => {
                        let rows = (search.rows_of)(&order);
                        let of =
                            |row: &Row| order.transaction(row.transaction).map(|own| own.operations.len());
                        operations += rows.iter().filter_map(of).sum::<usize>();
                        found.rows.extend(rows);
                    }
                    Err(item) => {
                        found.unreadable.push(BadRow { at: None, order: id, transaction: None, item });
                    }
                }
            }
            rest = if seen < some.len() { &rest[seen..] } else { later };
            step = (step * 2).min(ORDERS_AT_ONCE);
        }
        if !rest.is_empty() || more {
            // Before anything was read: where it began.
            found.next =
                last.or(search.after).map(str::to_owned).or_else(|| Some(search.ranges.first()?.1.0.clone()));
        }
        Ok(found)
    }

    /// These orders by their ids, all of one merchant, and how many bytes they have.
    async fn loaded(&self, keys: &[OrderKey]) -> Result<(BTreeMap<String, Loaded>, usize), StoreError> {
        let loaded = self.store.load_all(keys).await?;
        let by_id = |(key, order): (OrderKey, Result<Order, _>)| (key.order.to_string(), order.map(Arc::new));
        Ok((loaded.orders.into_iter().map(by_id).collect(), loaded.read_bytes))
    }
}

/// Which index a place is in.
fn list_of(place: &str) -> AgendaList {
    if place.starts_with("due#") || place.starts_with("paused#") {
        AgendaList::Captures
    } else {
        AgendaList::Attention
    }
}

/// Whether an order of the second range is in the first one, too.
fn is_twice(search: &AgendaSearch<'_>, place: &str, order: &Order) -> bool {
    let [(AgendaList::Attention, (begin, end)), _] = search.ranges else { return false };
    let own = AgendaPlaces::of(order).attention;
    list_of(place) == AgendaList::Captures && own.is_some_and(|own| *begin <= own && own <= *end)
}

/// How many of a merchant's orders need attention now.
pub async fn count_attention(
    agenda: &dyn Agenda,
    merchant: &MerchantId,
    now: Timestamp,
) -> Result<AttentionCount, StoreError> {
    let ranges = attention_ranges(now);
    let ranges = ranges
        .iter()
        .map(|(list, (begin, end))| keys_between(agenda, (merchant, *list), (begin, end), COUNTED_MAX));
    let found = try_join_all(ranges).await?;
    let orders: usize = found.iter().map(|(orders, _)| orders.len()).sum();
    let more = orders > COUNTED_MAX || found.iter().any(|(_, more)| *more);
    Ok(AttentionCount { orders: orders.min(COUNTED_MAX), more })
}

/// What the schedule is to capture before a moment, by day in a time zone: from the index alone, which has the amounts.
pub async fn due_sums(
    agenda: &dyn Agenda,
    merchant: &MerchantId,
    (since, until): (Option<Timestamp>, Timestamp),
    zone: &Zone,
    deadline: Deadline,
) -> Result<DueSums, StoreError> {
    // From the first one on: an order is listed by the next of its captures, whatever comes later.
    let (mut begin, end) = due_range(None, until);
    let mut sums = DueSums::default();
    loop {
        let (orders, more) =
            keys_between(agenda, (merchant, AgendaList::Captures), (&begin, &end), KEYS_OF_SUMS).await?;
        sums.read_bytes += orders.len() * KEY_BYTES;
        for order in &orders {
            let Some((currency, captures)) = captures_of(&order.place) else {
                sums.unreadable += 1;
                continue;
            };
            for (at, amount) in captures {
                if since.is_none_or(|since| at >= since) && at < until {
                    sums.add(zone.shown(at).date(), currency, amount);
                }
            }
        }
        let Some(last) = orders.last().filter(|_| more) else { return Ok(sums) };
        if sums.read_bytes >= READ_MAX_BYTES || !deadline.leaves_time_to_respond() {
            let counted = captures_of(&last.place).and_then(|(_, captures)| Some(captures.first()?.0));
            sums.counted_until = Some(counted.unwrap_or(Timestamp::UNIX_EPOCH));
            return Ok(sums);
        }
        begin = format!("{}!", last.place);
    }
}

impl DueSums {
    fn add(&mut self, day: Date, currency: Currency, amount: Amount) {
        let sum = self.sums.entry((day, currency)).or_default();
        sum.count += 1;
        sum.minor = sum.minor.saturating_add(amount.minor());
    }
}

/// The first keys of all parts of an index between two places, as far as each part was read; and whether there are more.
async fn keys_between(
    agenda: &dyn Agenda,
    (merchant, list): (&MerchantId, AgendaList),
    between: (&str, &str),
    limit: usize,
) -> Result<(Vec<AgendaOrder>, bool), StoreError> {
    let pages =
        (0..AGENDA_PARTS).map(|part| agenda.between(AgendaQuery { merchant, list, part, between, limit }));
    let pages = try_join_all(pages).await?;
    let ends = pages.iter().filter(|page| page.more).filter_map(|page| page.orders.last());
    let up_to = ends.map(|order| order.place.clone()).min();
    let mut orders: Vec<AgendaOrder> = pages.into_iter().flat_map(|page| page.orders).collect();
    orders.retain(|order| up_to.as_ref().is_none_or(|up_to| order.place <= *up_to));
    orders.sort_by(|one, other| one.place.cmp(&other.place));
    Ok((orders, up_to.is_some()))
}
