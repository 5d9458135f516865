//! DynamoDB's JSON, which its SDK neither reads from a text nor writes.

use aws_sdk_dynamodb::{primitives::Blob, types::AttributeValue};
use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Map, Value, json};

use super::Item;

/// The attributes of an image.
pub(super) fn object(members: Map<String, Value>) -> Option<Item> {
    members.into_iter().map(|(name, value)| Some((name, attribute(value)?))).collect()
}

/// A value of any shape.
pub(super) fn attribute(value: Value) -> Option<AttributeValue> {
    let Value::Object(value) = value else { return None };
    let (kind, value) = value.into_iter().next()?;
    let text = |value: Value| if let Value::String(text) = value { Some(text) } else { None };
    let list = |value: Value| if let Value::Array(list) = value { Some(list) } else { None };
    let bytes = |value: Value| Some(Blob::new(STANDARD.decode(text(value)?).ok()?));
    Some(match kind.as_str() {
        "S" => AttributeValue::S(text(value)?),
        "N" => AttributeValue::N(text(value)?),
        "B" => AttributeValue::B(bytes(value)?),
        "BOOL" => AttributeValue::Bool(value.as_bool()?),
        "NULL" => AttributeValue::Null(true),
        "L" => AttributeValue::L(list(value)?.into_iter().map(attribute).collect::<Option<_>>()?),
        "SS" => AttributeValue::Ss(list(value)?.into_iter().map(text).collect::<Option<_>>()?),
        "NS" => AttributeValue::Ns(list(value)?.into_iter().map(text).collect::<Option<_>>()?),
        "BS" => AttributeValue::Bs(list(value)?.into_iter().map(bytes).collect::<Option<_>>()?),
        "M" => {
            let Value::Object(members) = value else { return None };
            AttributeValue::M(object(members)?)
        }
        _ => return None,
    })
}

/// A value's JSON; none for a shape that DynamoDB did not have when this was written.
pub(super) fn to_json(value: AttributeValue) -> Option<Value> {
    Some(match value {
        AttributeValue::S(text) => json!({ "S": text }),
        AttributeValue::N(number) => json!({ "N": number }),
        AttributeValue::B(bytes) => json!({ "B": STANDARD.encode(bytes) }),
        AttributeValue::Bool(flag) => json!({ "BOOL": flag }),
        AttributeValue::Null(_) => json!({ "NULL": true }),
        AttributeValue::L(list) => json!({ "L": list.into_iter().map(to_json).collect::<Option<Vec<_>>>()? }),
        AttributeValue::Ss(texts) => json!({ "SS": texts }),
        AttributeValue::Ns(numbers) => json!({ "NS": numbers }),
        AttributeValue::Bs(set) => {
            json!({ "BS": set.iter().map(|bytes| STANDARD.encode(bytes)).collect::<Vec<_>>() })
        }
        AttributeValue::M(members) => {
            let members = members.into_iter().map(|(name, value)| Some((name, to_json(value)?)));
            json!({ "M": members.collect::<Option<Map<_, _>>>()? })
        }
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_of_every_shape_is_read_and_written_again_as_it_was() {
        let bytes = |bytes: &[u8]| Blob::new(bytes);
        let text = |text: &str| AttributeValue::S(text.to_owned());
        let members = [("a".to_owned(), text("x")), ("b".to_owned(), AttributeValue::Null(true))];
        for (json, value) in [
            (json!({ "S": "x" }), text("x")),
            (json!({ "N": "1.5" }), AttributeValue::N("1.5".to_owned())),
            (json!({ "B": "AQI=" }), AttributeValue::B(bytes(&[1, 2]))),
            (json!({ "BOOL": false }), AttributeValue::Bool(false)),
            (json!({ "BOOL": true }), AttributeValue::Bool(true)),
            (json!({ "NULL": true }), AttributeValue::Null(true)),
            (json!({ "L": [{ "S": "x" }] }), AttributeValue::L(vec![text("x")])),
            (json!({ "SS": ["x", "y"] }), AttributeValue::Ss(vec!["x".to_owned(), "y".to_owned()])),
            (json!({ "NS": ["1", "2"] }), AttributeValue::Ns(vec!["1".to_owned(), "2".to_owned()])),
            (json!({ "BS": ["AQI=", ""] }), AttributeValue::Bs(vec![bytes(&[1, 2]), bytes(&[])])),
            (json!({ "M": { "a": { "S": "x" }, "b": { "NULL": true } } }), AttributeValue::M(members.into())),
        ] {
            assert_eq!(attribute(json.clone()), Some(value.clone()), "{json}");
            assert_eq!(to_json(value), Some(json));
        }
    }

    #[test]
    fn what_is_no_value_is_none() {
        for json in [
            json!("x"),
            json!({}),
            json!({ "X": "x" }),
            json!({ "S": 1 }),
            json!({ "N": 1 }),
            json!({ "B": "x" }),
            json!({ "BOOL": "true" }),
            json!({ "L": { "S": "x" } }),
            json!({ "L": ["x"] }),
            json!({ "SS": [1] }),
            json!({ "NS": [1] }),
            json!({ "BS": ["x"] }),
            json!({ "M": { "a": "x" } }),
            json!({ "M": [] }),
        ] {
            assert_eq!(attribute(json.clone()), None, "{json}");
        }
    }
}
