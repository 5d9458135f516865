//! The units that DynamoDB charges for, by its published rules for item sizes and capacity units.

use std::{collections::HashMap, sync::LazyLock};

use aws_sdk_dynamodb::{primitives::Blob, types::AttributeValue};
use base64::{Engine, engine::general_purpose::STANDARD};
use local::template::{self, Deployment, Index, Key, Table};
use serde_json::Value;
use tollgate::dynamodb::{Item, item_size};

/// Bytes of a write unit.
const WRITE_UNIT: usize = 1024;
/// `DynamoDB`'s overhead for each item, and for each entry of an index.
const OVERHEAD_BYTES: usize = 100;

static DEPLOYED: LazyLock<Option<Deployment>> = LazyLock::new(|| template::deployed().ok());

/// Write units of one or more writes.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Writes {
    /// Write units of items.
    pub(crate) items: f64,
    /// Of the index entries that follow from them.
    pub(crate) indexes: f64,
}

impl Writes {
    pub(crate) fn total(self) -> f64 {
        self.items + self.indexes
    }
}

impl std::ops::AddAssign for Writes {
    fn add_assign(&mut self, other: Self) {
        self.items += other.items;
        self.indexes += other.indexes;
    }
}

/// A table of the template by its name in the local stack, or none.
fn described(name: &str) -> Option<&'static Table> {
    DEPLOYED.as_ref()?.tables.get(name)
}

/// The key of an item, as one text.
pub(crate) fn key_of(table: &str, item: &Item) -> String {
    let names = described(table).into_iter().flat_map(|table| names(&table.key_schema));
    let values = names.filter_map(|name| item.get(name)?.as_s().ok());
    values.map(String::as_str).collect::<Vec<_>>().join(" ")
}

fn names(key: &[Key]) -> impl Iterator<Item = &str> {
    key.iter().map(|key| key.attribute_name.as_str())
}

/// The entry of an item in an index; none without the index's keys.
fn entry(table: &Table, index: &Index, item: &Item) -> Option<Item> {
    if !names(&index.key_schema).all(|name| item.contains_key(name)) {
        return None;
    }
    let keys = names(&index.key_schema).chain(names(&table.key_schema));
    let held = keys.chain(index.projection.non_key_attributes.iter().map(String::as_str));
    Some(held.filter_map(|name| Some((name.to_owned(), item.get(name)?.clone()))).collect())
}

/// The cost of an item that takes the place of another one, or of none, or goes.
pub(crate) fn change(table: &str, before: Option<&Item>, after: Option<&Item>) -> Writes {
    let size = before.map_or(0, item_size).max(after.map_or(0, item_size));
    let mut writes = Writes { items: units(size, WRITE_UNIT), indexes: 0.0 };
    let Some(table) = described(table) else { return writes };
    for index in &table.global_secondary_indexes {
        let of = |item: Option<&Item>| entry(table, index, item?);
        // An entry that is added or removed is a write; one whose key changes is both.
        writes.indexes += match (of(before), of(after)) {
            (Some(before), Some(after)) if before == after => 0.0,
            (Some(before), Some(after)) => {
                let is_moved = names(&index.key_schema).any(|name| before.get(name) != after.get(name));
                if is_moved { 2.0 } else { 1.0 }
            }
            (Some(_), None) | (None, Some(_)) => 1.0,
            (None, None) => 0.0,
        };
    }
    writes
}

/// The bytes that an item takes in its table, and in the table's indexes.
pub(crate) fn stored_bytes(table: &str, item: &Item) -> usize {
    let indexes = described(table).into_iter().flat_map(|table| {
        let entries = table.global_secondary_indexes.iter();
        entries.filter_map(move |index| entry(table, index, item))
    });
    let entries: usize = indexes.map(|entry| item_size(&entry) + OVERHEAD_BYTES).sum();
    item_size(item) + OVERHEAD_BYTES + entries
}

/// Units for so many bytes. Nothing costs a unit, too.
#[expect(clippy::cast_precision_loss, reason = "units are far below 2^52")]
pub(crate) fn units(bytes: usize, unit: usize) -> f64 {
    bytes.div_ceil(unit).max(1) as f64
}

/// An item as it travels: JSON with a type beside each value. None where that is not kept.
pub(crate) fn from_wire(item: &Value) -> Option<Item> {
    let members = item.as_object()?.iter();
    members
        .map(|(name, value)| Some((name.clone(), value_from_wire(value)?)))
        .collect::<Option<HashMap<_, _>>>()
}

fn value_from_wire(value: &Value) -> Option<AttributeValue> {
    let (kind, value) = value.as_object()?.iter().next()?;
    Some(match kind.as_str() {
        "S" => AttributeValue::S(value.as_str()?.to_owned()),
        "N" => AttributeValue::N(value.as_str()?.to_owned()),
        "B" => AttributeValue::B(Blob::new(STANDARD.decode(value.as_str()?).ok()?)),
        "BOOL" => AttributeValue::Bool(value.as_bool()?),
        "NULL" => AttributeValue::Null(true),
        "L" => AttributeValue::L(value.as_array()?.iter().map(value_from_wire).collect::<Option<_>>()?),
        "M" => AttributeValue::M(from_wire(value)?),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use local::TABLE_NAME;

    use super::*;

    #[test]
    fn an_index_entry_that_comes_goes_or_moves_is_counted() {
        let with = |at: Option<&str>| {
            let mut item = Item::from([("order_key".to_owned(), AttributeValue::S("m#o".to_owned()))]);
            if let Some(at) = at {
                item.insert("capture_shard".to_owned(), AttributeValue::S("1".to_owned()));
                item.insert("capture_due_at".to_owned(), AttributeValue::S(at.to_owned()));
            }
            item
        };
        let cost = |before: Option<&Item>, after| change(TABLE_NAME, before, Some(&with(after))).total();
        assert!((cost(None, None) - 1.0).abs() < f64::EPSILON);
        assert!((cost(None, Some("a")) - 2.0).abs() < f64::EPSILON);
        assert!((cost(Some(&with(Some("a"))), Some("a")) - 1.0).abs() < f64::EPSILON);
        assert!((cost(Some(&with(Some("a"))), Some("b")) - 3.0).abs() < f64::EPSILON);
        assert!((cost(Some(&with(Some("a"))), None) - 2.0).abs() < f64::EPSILON);
    }

    #[test]
    fn an_item_takes_its_bytes_and_those_of_its_entries() {
        let key = ("order_key".to_owned(), AttributeValue::S("m#o".to_owned()));
        let due = [("capture_shard", "1"), ("capture_due_at", "a")]
            .map(|(name, value)| (name.to_owned(), AttributeValue::S(value.to_owned())));
        // 9 + 3 of the key; 13 + 1 + 14 + 1 of the other two; 100 of the item and of the entry.
        assert_eq!(stored_bytes(TABLE_NAME, &Item::from([key.clone()])), 112);
        assert_eq!(stored_bytes(TABLE_NAME, &[key].into_iter().chain(due).collect::<Item>()), 141 + 141);
        // An entry leaves a table with its entry in each index.
        let gone = change(TABLE_NAME, Some(&Item::new()), None);
        assert!((gone.total() - 1.0).abs() < f64::EPSILON);
    }

    #[test]
    fn the_larger_of_both_items_is_paid_for() {
        let large = Item::from([("x".to_owned(), AttributeValue::S("y".repeat(1024)))]);
        assert!((change(TABLE_NAME, Some(&large), Some(&Item::new())).items - 2.0).abs() < f64::EPSILON);
    }
}
