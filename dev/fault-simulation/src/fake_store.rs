//! A fake of the store: items in memory, as the table would hold them, and an index that lags
//! behind.

use std::{collections::BTreeMap, time::Duration};

use jiff::Timestamp;
use tokio::time::Instant;
use tollgate::dynamodb::{Item, orders::StoredOrder};
use tollgate_core::{
    order::Order,
    payments::{DueOrder, Index, StoreError},
};

use crate::versions::{self, Version};

/// The stored orders, as every process finds them.
#[derive(Default)]
pub(crate) struct FakeStore {
    entries: BTreeMap<String, Entry>,
}

struct Entry {
    item: Item,
    /// The same, as the version reads it that knows all of it.
    order: Order,
    /// The states written to the indexes, and when.
    indexes: Vec<(Instant, Indexed)>,
}

/// The indexes' entries of an order: the shard, and since when something is due.
#[derive(Clone, Copy)]
struct Indexed {
    in_doubt: Option<(u16, Timestamp)>,
    capture: Option<(u16, Timestamp)>,
}

impl Indexed {
    fn of(item: &Item) -> Self {
        let text = |name: &str| item.get(name)?.as_s().ok();
        let key = |shard: &str, at: &str| Some((text(shard)?.parse().ok()?, text(at)?.parse().ok()?));
        Self {
            in_doubt: key("in_doubt_shard", "in_doubt_at"),
            capture: key("capture_shard", "capture_due_at"),
        }
    }

    fn in_index(self, index: Index) -> Option<(u16, Timestamp)> {
        match index {
            Index::InDoubt => self.in_doubt,
            Index::CapturesDue => self.capture,
            Index::Unrecorded => None,
        }
    }
}

/// One line of an index: when it is due, as the index writes it, the key, and the content of the
/// line.
pub(crate) type IndexLine = (String, String, DueOrder);

impl FakeStore {
    pub(crate) fn orders(&self) -> impl Iterator<Item = &Order> {
        self.entries.values().map(|entry| &entry.order)
    }

    pub(crate) fn order(&self, key: &str) -> Option<&Order> {
        self.entries.get(key).map(|entry| &entry.order)
    }

    /// Whether an order says something that today's version has no words for.
    pub(crate) fn is_beyond_today(&self, key: &str) -> bool {
        self.entries.get(key).is_some_and(|entry| versions::is_beyond_today(&entry.item))
    }

    pub(crate) fn item(&self, key: &str) -> Option<&Item> {
        self.entries.get(key).map(|entry| &entry.item)
    }

    /// When an order was last written.
    pub(crate) fn written_at(&self, key: &str) -> Option<Instant> {
        self.entries.get(key)?.indexes.last().map(|(at, _)| *at)
    }

    pub(crate) fn put(&mut self, item: Item, order: Order) {
        let line = (Instant::now(), Indexed::of(&item));
        let key = order.key().to_string();
        match self.entries.get_mut(&key) {
            Some(entry) => {
                entry.item = item;
                entry.order = order;
                entry.indexes.push(line);
            }
            None => {
                self.entries.insert(key, Entry { item, order, indexes: vec![line] });
            }
        }
    }

    /// An order as a version reads it.
    pub(crate) fn read(&self, key: &str, version: Version) -> Result<Option<Order>, StoreError> {
        let Some(entry) = self.entries.get(key) else { return Ok(None) };
        StoredOrder(version.reads(entry.item.clone())).read().map(Some)
    }

    /// The lines that one shard of an index shows, as it was `lag` ago.
    pub(crate) fn due(&self, index: Index, shard: u16, until: Timestamp, lag: Duration) -> Vec<IndexLine> {
        let now = Instant::now();
        let seen = |entry: &Entry| {
            let (_, told) = entry.indexes.iter().rev().find(|(since, _)| *since + lag <= now)?;
            let (_, at) = told.in_index(index).filter(|(of, _)| *of == shard)?;
            // The index has whole seconds.
            Timestamp::from_second(at.as_second()).ok().filter(|at| *at <= until)
        };
        let mut found: Vec<IndexLine> = self
            .entries
            .iter()
            .filter_map(|(key, entry)| {
                let at = seen(entry)?;
                let order = &entry.order;
                let due =
                    DueOrder { key: order.key(), at, needs_attention_from: order.needs_attention_from() };
                Some((format!("{:020}", at.as_second()), key.clone(), due))
            })
            .collect();
        found.sort_by(|a, b| (&a.0, &a.1).cmp(&(&b.0, &b.1)));
        found
    }
}
