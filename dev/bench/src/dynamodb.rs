//! The units that DynamoDB charges for, by its published rules for item sizes and capacity units.

use std::collections::HashMap;

use aws_sdk_dynamodb::{primitives::Blob, types::AttributeValue};
use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::Value;
use tollgate::dynamodb::{Item, item_size};

/// Bytes of a read unit, strongly consistent; an eventually consistent read costs half.
pub(crate) const READ_UNIT: usize = 4 * 1024;
/// Bytes of a write unit.
const WRITE_UNIT: usize = 1024;
/// The keys of the table's indexes. An entry holds them and the table's key, so it is one write
/// unit always.
const INDEXES: [[&str; 2]; 5] = [
    ["in_doubt_shard", "in_doubt_at"],
    ["capture_shard", "capture_due_at"],
    ["gp", "ga"],
    ["gp", "gc"],
    ["ls", "ld"],
];

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

/// The cost of a put where another item, or none, was.
pub(crate) fn put(before: Option<&Item>, after: &Item) -> Writes {
    let size = before.map_or(0, item_size).max(item_size(after));
    let entry = |item: &Item, keys: [&str; 2]| Some([item.get(keys[0])?.clone(), item.get(keys[1])?.clone()]);
    // An entry that is added or removed is a write; one whose key changes is both.
    let changes = INDEXES.map(|keys| match (before.and_then(|item| entry(item, keys)), entry(after, keys)) {
        (Some(before), Some(after)) if before == after => 0.0,
        (Some(_), Some(_)) => 2.0,
        (Some(_), None) | (None, Some(_)) => 1.0,
        (None, None) => 0.0,
    });
    Writes { items: units(size, WRITE_UNIT), indexes: changes.iter().sum() }
}

/// Read units, strongly consistent, for so many bytes. Nothing costs a unit, too.
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
        let cost = |before: Option<&Item>, after| put(before, &with(after)).total();
        assert!((cost(None, None) - 1.0).abs() < f64::EPSILON);
        assert!((cost(None, Some("a")) - 2.0).abs() < f64::EPSILON);
        assert!((cost(Some(&with(Some("a"))), Some("a")) - 1.0).abs() < f64::EPSILON);
        assert!((cost(Some(&with(Some("a"))), Some("b")) - 3.0).abs() < f64::EPSILON);
        assert!((cost(Some(&with(Some("a"))), None) - 2.0).abs() < f64::EPSILON);
    }

    #[test]
    fn the_larger_of_both_items_is_paid_for() {
        let large = Item::from([("x".to_owned(), AttributeValue::S("y".repeat(1024)))]);
        assert!((put(Some(&large), &Item::new()).items - 2.0).abs() < f64::EPSILON);
    }
}
