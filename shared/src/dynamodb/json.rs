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
