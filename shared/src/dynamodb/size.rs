//! An item's size, as DynamoDB counts it.

use aws_sdk_dynamodb::types::AttributeValue;

use super::Item;

/// An item's size in bytes: names and values. The size of a query or a batch is the sum over its
/// items.
pub fn item_size(item: &Item) -> usize {
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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::dynamodb::json::attribute;

    /// The example of DynamoDB's own page on item sizes has numbers, texts, lists and maps counted
    /// like this.
    #[test]
    fn sizes_are_counted_as_the_documentation_says() {
        let item = [
            ("key", json!({"S": "abc"}), 3 + 3),
            ("n", json!({"N": "-1000"}), 1 + 1 + 1),
            ("b", json!({"B": "AAECAw=="}), 1 + 4),
            ("l", json!({"L": [{"N": "1234"}, {"BOOL": true}]}), 1 + 3 + (1 + 3) + (1 + 1)),
            ("m", json!({"M": {"x": {"S": "yz"}}}), 1 + 3 + (1 + 1 + 2)),
        ];
        for (name, value, expected) in item {
            let item = Item::from([(name.to_owned(), attribute(value).unwrap())]);
            assert_eq!(item_size(&item), expected, "{name}");
        }
    }
}
