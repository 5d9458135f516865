//! What DynamoDB charges for, by its published rules for item sizes and capacity units.

use std::collections::HashMap;

use aws_sdk_dynamodb::{primitives::Blob, types::AttributeValue};
use base64::{Engine, engine::general_purpose::STANDARD};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tollgate::dynamodb::Item;

/// Bytes of a read unit, strongly consistent; an eventually consistent read costs half.
pub(crate) const READ_UNIT: usize = 4 * 1024;
/// Bytes of a write unit.
const WRITE_UNIT: usize = 1024;
/// The keys of the table's indexes. An entry holds them and the table's key, so it is one write unit always.
const INDEXES: [[&str; 2]; 3] =
    [["in_doubt_shard", "in_doubt_at"], ["capture_shard", "capture_due_at"], ["ls", "ld"]];

/// Write units of one or more writes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
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

/// What it costs to put an item where another one, or none, was.
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

/// An item's size in bytes: names and values.
pub(crate) fn item_size(item: &Item) -> usize {
    item.iter().map(|(name, value)| name.len() + size(value)).sum()
}

fn size(value: &AttributeValue) -> usize {
    match value {
        AttributeValue::S(text) => text.len(),
        AttributeValue::N(number) => {
            let digits: String = number.chars().filter(char::is_ascii_digit).collect();
            digits.trim_matches('0').len().div_ceil(2) + 1
        }
        AttributeValue::B(bytes) => bytes.as_ref().len(),
        AttributeValue::L(list) => 3 + list.iter().map(|value| 1 + size(value)).sum::<usize>(),
        AttributeValue::M(map) => {
            3 + map.iter().map(|(name, value)| 1 + name.len() + size(value)).sum::<usize>()
        }
        _ => 1,
    }
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
    use serde_json::json;

    use super::*;

    /// The example of DynamoDB's own page on item sizes has numbers, texts, lists and maps counted like this.
    #[test]
    fn sizes_are_counted_as_the_documentation_says() {
        let item = from_wire(&json!({
            "key": {"S": "abc"},                                    // 3 + 3
            "n": {"N": "-1000"},                                    // 1 + 1 digit: 1 + 1
            "b": {"B": "AAECAw=="},                                 // 1 + 4
            "l": {"L": [{"N": "1234"}, {"BOOL": true}]},            // 1 + 3 + (1 + 3) + (1 + 1)
            "m": {"M": {"x": {"S": "yz"}}},                         // 1 + 3 + (1 + 1 + 2)
        }));
        assert_eq!(item_size(&item.unwrap()), 6 + 3 + 5 + 10 + 8);
    }

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
