//! A merchant's orders with captures to come or in need of a person, by time: two sparse indexes of
//! the orders' table, and a port to read them.
//!
//! An order's sort keys in them follow from the order alone and are written with it, so they take
//! no write of their own. They say where to look; the order decides.

use async_trait::async_trait;
use jiff::Timestamp;

use super::concern::{OPEN, PAST, attention_key, latest_first};
use crate::{
    order::{IN_DOUBT_TOO_LONG, MerchantId, Order, OrderKey},
    payments::{StoreError, Unreadable},
    values::{Amount, Currency, sort_of},
};

/// Parts that a merchant's indexes are spread over; each takes about 1,000 writes per second. It
/// must never change: it says where orders are.
pub const AGENDA_PARTS: u16 = 2;

/// The prefixes of the sort keys of orders whose next capture comes, and of orders whose captures
/// are paused.
const DUE: &str = "due";
const PAUSED: &str = "paused";

/// One of the two indexes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AgendaList {
    /// Orders that need a person, or will unless they change.
    Attention,
    /// Orders with scheduled captures, paused ones included.
    Captures,
}

impl AgendaList {
    /// The index that has a sort key, by the word that it begins with; none if it is no sort key.
    pub(super) fn of_sort_key(sort_key: &str) -> Option<Self> {
        match sort_key.split('#').next()? {
            OPEN | PAST => Some(Self::Attention),
            DUE | PAUSED => Some(Self::Captures),
            _ => None,
        }
    }
}

/// Where an order is in the indexes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AgendaKeys {
    /// Which part of its merchant's indexes, below [`AGENDA_PARTS`].
    pub part: u16,
    /// The text that it sorts by among orders that need attention.
    pub attention: Option<String>,
    /// The same among captures.
    pub captures: Option<String>,
}

impl AgendaKeys {
    /// An order's sort keys. Pure.
    pub fn of(order: &Order) -> Self {
        let digest = order.digest();
        // Two orders may have the same moment, and a list goes on between them.
        let unique = |sort_key: String| format!("{sort_key}#{digest:012x}");
        Self {
            part: u16::try_from(digest % u64::from(AGENDA_PARTS)).unwrap_or_default(),
            attention: attention_key(order).map(unique),
            captures: captures_key(order).map(unique),
        }
    }
}

/// Where an order's scheduled captures are: by the next one. The text names all captures with their
/// amounts, so that sums need no order.
fn captures_key(order: &Order) -> Option<String> {
    if let Some(since) = order.paused_since() {
        return Some(format!("{PAUSED}#{}", sort_of(since)));
    }
    let mut captures: Vec<(Timestamp, Amount)> = order.scheduled_captures().collect();
    captures.sort_unstable();
    let each = captures.iter().take(CAPTURES_MAX).map(|(at, amount)| {
        // Milliseconds are of no use, and the text is stored.
        format!("{}={}", at.strftime("%Y-%m-%dT%H:%M:%SZ"), amount.minor())
    });
    let each: Vec<String> = each.collect();
    (!each.is_empty()).then(|| format!("{DUE}#{}#{}", each.join(","), order.currency.code()))
}

/// Captures of one order that its sort key names; more than an order has in practice, and room for
/// a key is limited.
const CAPTURES_MAX: usize = 12;

/// Sort keys of an index, both ends included.
#[derive(Clone, Debug)]
pub(super) struct AgendaRange {
    pub(super) list: AgendaList,
    pub(super) first: String,
    pub(super) last: String,
}

impl AgendaRange {
    /// Whether it has a sort key.
    pub(super) fn has(&self, sort_key: &String) -> bool {
        self.first <= *sort_key && *sort_key <= self.last
    }

    /// The rest of the range behind a sort key of a list, whose captures come last. No sort key
    /// begins with another one.
    pub(super) fn behind(&self, after: Option<&str>) -> Option<Self> {
        let first = match after.and_then(|after| Some((after, AgendaList::of_sort_key(after)?))) {
            Some((after, list)) if list == self.list => format!("{after}!").max(self.first.clone()),
            Some((_, AgendaList::Captures)) => return None,
            Some((_, AgendaList::Attention)) | None => self.first.clone(),
        };
        (first <= self.last).then(|| Self { first, ..self.clone() })
    }
}

/// Sort keys of orders that need attention now: open ones, the newest first, and then fading ones,
/// as one range.
pub(super) fn attention_range(now: Timestamp) -> AgendaRange {
    let now = latest_first(now);
    let [first, last] = [OPEN, PAST].map(|word| format!("{word}#{now}"));
    AgendaRange { list: AgendaList::Attention, first, last }
}

/// The sort keys of the orders that are in doubt, however short.
pub(super) fn doubt_range(now: Timestamp) -> AgendaRange {
    let until = now.saturating_add(IN_DOUBT_TOO_LONG).unwrap_or(now);
    let first = format!("{OPEN}#{}", latest_first(until));
    AgendaRange { list: AgendaList::Attention, first, last: format!("{OPEN}#~") }
}

/// The sort keys of captures between two moments, the later one excluded.
pub(super) fn due_range(since: Option<Timestamp>, until: Timestamp) -> AgendaRange {
    let second = |at: Timestamp| at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
    let first = format!("{DUE}#{}", since.map(second).unwrap_or_default());
    AgendaRange { list: AgendaList::Captures, first, last: format!("{DUE}#{}", second(until)) }
}

/// The sort keys of paused captures.
pub(super) fn paused_range() -> AgendaRange {
    let [first, last] = [format!("{PAUSED}#"), format!("{PAUSED}#~")];
    AgendaRange { list: AgendaList::Captures, first, last }
}

/// The captures that a sort key names, with their currency.
pub(super) fn captures_of(sort_key: &str) -> Option<(Currency, Vec<(Timestamp, Amount)>)> {
    let mut parts = sort_key.split('#');
    let (captures, currency) = (parts.next().filter(|kind| *kind == DUE).and(parts.next())?, parts.next()?);
    let read = |one: &str| {
        let (at, minor) = one.split_once('=')?;
        Some((at.parse().ok()?, Amount::new(minor.parse().ok()?).ok()?))
    };
    Some((currency.parse().ok()?, captures.split(',').map(read).collect::<Option<_>>()?))
}

/// The part of an index to read.
#[derive(Clone, Copy, Debug)]
pub struct AgendaQuery<'a> {
    pub merchant: &'a MerchantId,
    pub list: AgendaList,
    /// The part of the index.
    pub part: u16,
    /// The first sort key and the last, both included.
    pub between: (&'a str, &'a str),
    /// Most orders.
    pub limit: usize,
}

/// An order in an index, by its key only.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AgendaOrder {
    pub sort_key: String,
    /// The order's key, or the item that cannot be read as one.
    pub key: Result<OrderKey, Unreadable>,
}

/// Bytes of the names of an order's attributes in an index at most.
const NAMES_BYTES: usize = 16;

/// Some orders of one part of an index.
#[derive(Clone, Debug, Default)]
pub struct AgendaPage {
    /// At most as many as requested, by their sort keys.
    pub orders: Vec<AgendaOrder>,
    /// Whether there are more.
    pub more: bool,
}

impl AgendaPage {
    /// Bytes that its orders have in the index at most.
    pub(super) fn bytes(&self) -> usize {
        self.orders.iter().map(AgendaOrder::bytes).sum()
    }
}

impl AgendaOrder {
    /// Its sort key, the order's key, and the part, which is shorter than that.
    fn bytes(&self) -> usize {
        let key = self.key.as_ref().map_or_else(|item| item.key.len(), |key| key.to_string().len());
        self.sort_key.len() + 2 * key + NAMES_BYTES
    }
}

/// Reads the indexes. Eventually consistent.
#[async_trait]
pub trait Agenda: Send + Sync {
    /// The first orders between two sort keys.
    async fn between(&self, query: AgendaQuery<'_>) -> Result<AgendaPage, StoreError>;
}
